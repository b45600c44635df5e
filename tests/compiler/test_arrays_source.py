"""The printed source of a function of arrays: what a person would write, running by itself; and what is refused."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from autograd import OperandError, ShapeError, Tensor, Value, checkpoint, where
from autograd.compiler import ArrayStep, compile
from autograd.errors import TraceError
from tests.support import linter
from tests.tensor.tensor_cases import CASES, OURS


def network():
    rng = np.random.default_rng(0)
    parameters = []
    for k, (inputs, outputs) in enumerate(itertools.pairwise([4, 5, 6, 3]), start=1):
        parameters += [Tensor(rng.normal(size=(inputs, outputs)), f"W{k}"), Tensor(rng.normal(size=outputs), f"b{k}")]
    W1, b1, W2, b2, W3, b3 = parameters

    def loss(X, Y):
        a1 = np.tanh(X @ W1 + b1)
        a2 = (a1 @ W2 + b2).sigmoid()
        return -(a2 @ W3 + b3).log_softmax(axis=1)[np.arange(len(X)), Y].mean()

    return compile(loss, parameters), rng.normal(size=(8, 4)), rng.integers(0, 3, 8)


def test_the_backprop_of_three_layers(golden):
    step, X, Y = network()
    step(X, Y)
    golden("compiled_arrays.txt", step.source)
    assert "delta2 = (delta3 @ W3.T) * a2 * (1 - a2)" in step.source
    assert "dW2 = a1.T @ delta2" in step.source


def test_the_source_runs_by_itself(tmp_path):
    step, X, Y = network()
    value, gradient = step.value_and_grad(step.pack(), X, Y)
    (tmp_path / "made.py").write_text(step.source, encoding="utf-8")
    np.savez(tmp_path / "given.npz", X=X, Y=Y, **{p.label: p.data for p in step.parameters})
    script = (
        "import sys, numpy as np, made\n"
        "given = np.load('given.npz')\n"
        "names = ('W1', 'b1', 'W2', 'b2', 'W3', 'b3', 'X', 'Y')\n"
        "loss, gradient = made.value_and_grad(*[given[name] for name in names])\n"
        "assert not any(name.split('.')[0] in ('autograd', 'nn') for name in sys.modules)\n"
        "print(repr(float(loss)), repr(float(sum(g.sum() for g in gradient))))\n"
    )
    out = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    got = [float(word) for word in out.stdout.split()]
    assert got == pytest.approx([value, gradient.sum()], rel=1e-14, abs=1e-12)


@pytest.fixture(scope="module")
def complaints(tmp_path_factory):
    """What the linter says about the source of every case, by the number of the case."""
    folder = tmp_path_factory.mktemp("sources")
    for number, case in enumerate(CASES):
        parameters = [Tensor(x) for x in case.inputs()]
        step = compile(lambda case=case, given=parameters: case.run(OURS, *given).sum(), parameters)
        (folder / f"made_{number}.py").write_text(step.source, encoding="utf-8")
    (folder / "made_x.py").write_text("import os\n", encoding="utf-8")
    options = ["--isolated", "--line-length", "120", "--select", "E,F,I,B", "--output-format", "json"]
    checked = subprocess.run([linter(), "check", *options, "."], cwd=folder, capture_output=True, text=True)
    found = {}
    for each in json.loads(checked.stdout):
        found.setdefault(Path(each["filename"]).stem, []).append(each["message"])
    assert found.pop("made_x"), "the linter finds what is planted"
    return found


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.name for case in CASES])
def test_every_source_passes_the_linter(number, complaints):
    assert complaints.get(f"made_{number}", []) == []


def test_labels_become_names():
    W = Tensor(np.ones((2, 2)), "lambda")
    V = Tensor(np.ones((2, 2)), "W[0]")

    def loss(X):
        hidden = np.exp(X @ W)
        hidden.label = "hidden"
        return (hidden * V).sum()

    step = compile(loss, [W, V])
    step(np.eye(2))
    assert "def value_and_grad(lambda_, W_0, X):" in step.source
    assert "    hidden = np.exp(" in step.source


def test_what_is_not_needed_is_not_computed():
    W, unused = Tensor(np.ones(3), "W"), Tensor(np.ones(2), "U")
    step = compile(lambda X: ((X * 1.0 + 0.0) * W).sum() + 0 * X.sum() * 0, [W, unused])
    step(np.arange(3.0))
    body = step.source.partition('"""The loss')[2]
    assert "* 1" not in body
    assert "+ 0.0" not in body
    assert unused.grad.tolist() == [0, 0]
    again = compile(lambda X: (np.tanh(X * W) * np.tanh(X * W)).sum(), [W])
    again(np.arange(3.0))
    assert again.source.count("np.tanh(") == 1


def test_long_constants_are_arguments():
    table = np.random.default_rng(0).normal(size=(10, 10))
    W = Tensor(np.ones(10), "W")
    step = compile(lambda: (table @ W).sum(), [W])
    step()
    assert "def value_and_grad(W, c0):" in step.source
    assert W.grad == pytest.approx(table.sum(axis=0))


# --------------------------------------------------------------------------------------------------- refusals

W = Tensor([1.0, -2.0], "W")


@pytest.mark.parametrize(
    ("loss", "what"),
    [
        (lambda X: X.sum() if X.sum() > 0 else -X.sum(), "branches on"),
        (lambda X: max(X.sum(), W.sum()), "branches on"),
        (lambda X: (X * float(W.sum())).sum(), "converts"),
        (lambda X: (X * W.data).sum(), ".data"),
        (lambda X: (X * X.data).sum(), ".data"),
        (lambda X: X.sum() * W[0].item(), ".item()"),
        (lambda X: (X * W.numpy()).sum(), ".numpy()"),
        (lambda X: np.asarray(X).sum(), "converts"),
        (lambda X: np.eye(2)[X].sum(), "converts"),
        (lambda X: X[X > 0].sum(), "indexes by a condition"),
        (lambda X: (X * bool(np.any(X > 0))).sum(), "np.any()"),
        (lambda X: X.sum() if W[0] > 0 else -X.sum(), "branches on"),
    ],
)
def test_what_would_be_frozen_is_refused(loss, what):
    with pytest.raises(TraceError, match=r"test_arrays_source\.py:\d+") as refused:
        compile(loss, [W])(np.array([1.0, 2.0]))
    assert what in str(refused.value)
    assert "where(" in str(refused.value)


def test_conditions_of_parameters_are_not_frozen():
    V = Tensor([1.0, -2.0], "V")
    step = compile(lambda: where(V > 0, V * V, 0.0).sum() + np.maximum(V, 0).sum() + V.clip(-1, 1).sum(), [V])
    assert step() == 1 + 1 + 1 - 1
    V.data = np.array([3.0, 0.5])
    assert step() == 9.25 + 3.5 + 1.5


def test_other_refusals():
    W = Tensor([1.0, 2.0], "W")
    with pytest.raises(TraceError, match="a loss is one number"):
        compile(lambda X: X * W, [W])(np.ones(2))
    with pytest.raises(TraceError, match="is a return statement missing"):
        compile(lambda X: None, [W])(np.ones(2))
    with pytest.raises(ShapeError, match=r"test_arrays_source.py:\d+.*multiply of shapes \(3,\) and \(2,\)"):
        compile(lambda X: (X * W).sum(), [W])(np.ones(3))
    with pytest.raises(ShapeError, match="the step takes X, got 2 arguments"):
        compile(lambda X: (X * W).sum(), [W])(np.ones(2), np.ones(2))
    with pytest.raises(ShapeError, match="rows differ in length"):
        compile(lambda X: (X * W).sum(), [W])([[1.0], [1.0, 2.0]])
    with pytest.raises(OperandError, match="X is made from real numbers"):
        compile(lambda X: (X * W).sum(), [W])("text")
    with pytest.raises(OperandError, match="Tensors throughout"):
        compile(lambda X: (X * W).sum(), [W, Value(1.0)])
    with pytest.raises(OperandError, match="more than once"):
        compile(lambda X: (X * W).sum(), [W, W])
    with pytest.raises(OperandError, match="'auto', 'numpy', 'jax'"):
        compile(lambda X: (X * W).sum(), [W], engine="llvm")
    with pytest.raises(OperandError, match="write engine='jax' beside it"):
        compile(lambda X: (X * W).sum(), [W], mesh=object())
    with pytest.raises(OperandError, match="threads= and reduction="):
        compile(lambda X: (X * W).sum(), [W], reduction="sum")
    with pytest.raises(OperandError, match=r"write step\.source into a file"):
        compile(lambda X: (X * W).sum(), [W]).save("step.txt")
    with pytest.raises(TraceError, match="call the step on a batch first"):
        compile(lambda X: (X * W).sum(), [W]).source  # noqa: B018
    with pytest.raises(TraceError, match="checkpoint"):
        compile(lambda X: checkpoint(lambda x: x * W)(X * W).sum(), [W])(np.ones(2))
    with pytest.raises(OperandError, match="for Values"):
        compile(lambda X: (X * Value(1.0)).sum(), [W])(np.ones(2))
    kept = []
    compile(lambda X: kept.append(X) or (X * W).sum(), [W])(np.ones(2))
    with pytest.raises(TraceError, match="another trace"):
        compile(lambda X: (X * kept[0] * W).sum(), [W])(np.ones(2))


def test_which_functions_are_of_arrays():
    W = Tensor([1.0, 2.0], "W")

    class Model:
        def parameters(self):
            return [W]

        def __call__(self, X):
            return X * W

    assert isinstance(compile(Model()), ArrayStep)
    assert compile(Model())(np.ones((3, 2))).tolist() == [[1.0, 2.0]] * 3
    assert not isinstance(compile(lambda x: x * 2), ArrayStep)
    assert isinstance(compile(lambda x: x * 2, arrays=True), ArrayStep)
    assert "1 arrays of parameters" in repr(compile(Model(), [W]))
