"""The formulas of what array primitives pass back: computed, they give the engine's gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, einsum, vjp
from autograd.core.table import TABLE
from autograd.drawing import draw
from autograd.drawing.pullbacks import pullback
from autograd.tensor import rules

NAMES = {**TABLE, **{name: row for name, row in vars(rules).items() if isinstance(row, rules.ArrayRule)}}

CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "matrix @ matrix": (lambda x, y: x @ y, [(5, 4), (4, 3)]),
    "matrix @ vector": (lambda x, y: x @ y, [(5, 4), (4,)]),
    "vector @ matrix": (lambda x, y: x @ y, [(4,), (4, 3)]),
    "batches": (lambda x, y: x @ y, [(2, 5, 4), (2, 4, 3)]),
    "einsum": (lambda x, y: einsum("ij,jk->ik", x, y), [(5, 4), (4, 3)]),
    "sum": (lambda x: x.sum(axis=0), [(5, 4)]),
    "sum of all": (lambda x: x.sum(), [(5, 4)]),
    "transpose": (lambda x: x.T, [(5, 4)]),
    "transpose of three": (lambda x: x.transpose((2, 0, 1)), [(5, 4, 3)]),
    "reshape": (lambda x: x.reshape((4, 5)), [(5, 4)]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_formula_computes_the_gradient(name: str) -> None:
    function, shapes = CASES[name]
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    tensors = [Tensor(array) for array in arrays]
    out = function(*tensors)
    came = rng.normal(size=out.shape)
    _, back = vjp(function, *arrays)
    for slot, right in enumerate(back(came)):
        text = pullback(out, tensors, slot)
        known = {**NAMES, "δ": came, **dict(zip("xy", arrays, strict=False))}
        found = eval(text.replace("×", "*").replace("{", "").replace("}", ""), known)
        np.testing.assert_allclose(found, right, rtol=1e-12)


def test_a_layer_is_written_as_in_a_book() -> None:
    X, W = Tensor(np.ones((5, 4)), "X"), Tensor(np.ones((4, 3)), "W")
    assert [pullback(X @ W, (X, W), slot) for slot in (0, 1)] == ["δ @ {y}.T", "{x}.T @ δ"]
    loss = (X @ W).sum()
    loss.backward()
    assert "dy = x.T @ δ" in draw(loss).source  # in the tooltip


@pytest.mark.parametrize("make", [lambda x: x.max(axis=1), lambda x: x[1:3], lambda x: x.tanh()])
def test_what_is_no_such_formula_is_left_out(make: Callable[[Tensor], Tensor]) -> None:
    x = Tensor(np.arange(12.0).reshape(4, 3))
    assert pullback(make(x), (x,), 0) == ""


def test_large_arrays_are_not_asked() -> None:
    x = Tensor(np.ones((400, 400)))
    assert pullback(x @ x, (x, x), 0) == ""
