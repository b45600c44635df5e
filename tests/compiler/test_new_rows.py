"""A row that is added to the table needs no change in the compiler: planted rows run by every engine, and are saved.

(What a planted row lacks is the method of `Value` that `make generate` would write, so only recorded numbers meet it.)
"""

import math

import numpy as np
import pytest

import autograd
from autograd import Tensor, Value, sign, square, where
from autograd.compiler import compile, load
from autograd.core.rule import Rule, intrinsic
from autograd.core.table import TABLE
from autograd.errors import OperandError
from autograd.numbers import ieee

from .test_agreement import close, eager


@pytest.fixture
def rows(monkeypatch):
    """An intrinsic of C and numpy, one that C lacks, and a composite row of two operands."""
    monkeypatch.setattr(ieee, "cbrt", lambda x: math.copysign(abs(x) ** (1 / 3), x), raising=False)
    monkeypatch.setattr(ieee, "deg2rad", math.radians, raising=False)
    planted = [
        intrinsic("cbrt", lambda out: 1 / (3 * out * out), doc="the cube root"),
        intrinsic(
            "deg2rad", lambda: math.pi / 180, c="", formula=lambda x: x * (math.pi / 180), doc="degrees in radians"
        ),
        Rule(
            "softsign",
            lambda x, y: x / (y + abs(x)),
            lambda x, y: y / square(y + abs(x)),
            lambda x, y: -x / square(y + abs(x)),
            doc="x / (y + |x|), a sigmoid with slow tails",
        ),
    ]
    for row in planted:
        monkeypatch.setitem(TABLE, row.name, row)
    return {row.name: row for row in planted}


X = np.array([-2.0, -0.3, 0.4, 1.7, 8.0, 0.1, 0.2, 0.9, -1.1])
THETA = np.array([0.7, 1.3])


KNOWN = {
    "cbrt": lambda x: sign(x) * abs(x) ** (1 / 3),
    "deg2rad": lambda x: x * (math.pi / 180),
    "softsign": lambda x, y: x / (y + abs(x)),
}
"""The planted rows in terms of others."""


def loss_of(rows):
    def loss(w, x):
        z = rows["cbrt"](w[0] * x) + rows["deg2rad"](w[1] * x * 50)
        return rows["softsign"](z, w[1] * w[1]) * rows["cbrt"](w[0] + x * x)

    return loss


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
@pytest.mark.parametrize("n", [9, 1])
def test_in_scalars(rows, engine, n, tmp_path):
    if engine == "llvm":
        pytest.importorskip("llvmlite")
    loss, leaves = loss_of(rows), [Value(number) for number in THETA]
    losses, slopes = eager(loss_of(KNOWN), THETA, [(x,) for x in X[:n]])
    step = compile(lambda x: loss(leaves, x), leaves, engine=engine)
    value, gradient = step.value_and_grad(THETA, X[:n])
    assert close(value, losses.mean())
    assert close(gradient, slopes.mean(axis=0))
    exact = autograd.hvp(lambda w: sum(loss_of(KNOWN)(w, x) for x in X[:n].tolist()) / n, THETA.tolist(), [1.0, -1.0])
    assert close(step.hvp(THETA, [1.0, -1.0], X[:n]), exact)
    step.save(tmp_path / "step.json")
    assert load(tmp_path / "step.json", engine=engine).value(THETA, X[:n]) == value


@pytest.mark.parametrize("engine", ["numpy", "jax"])
def test_in_arrays(rows, engine):
    pytest.importorskip(engine)
    loss, W = loss_of(rows), Tensor(THETA, "W")
    losses, slopes = eager(loss_of(KNOWN), THETA, [(x,) for x in X])
    step = compile(lambda X: where(X > -100, loss(W, X), 0.0).mean(), [W], engine=engine)
    value, gradient = step.value_and_grad(THETA, X)
    assert close(value, losses.mean())
    assert close(gradient, slopes.mean(axis=0))
    assert "cbrt(" in step.source


def test_an_intrinsic_that_c_lacks_has_a_formula():
    with pytest.raises(OperandError, match=r"deg2rad is no function of C's: give its formula"):
        intrinsic("deg2rad", lambda: math.pi / 180, c="")
