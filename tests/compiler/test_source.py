"""The printed source: readable, unique names, runs by itself, and looks as it did."""

import itertools
import keyword
import math
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, erf, leaky_relu, relu, sigmoid, silu, softplus, where
from autograd.compiler import compile
from autograd.compiler.names import Names
from autograd.core.table import TABLE
from autograd.value.value import parameter
from tests.support import linter


def network(sizes, activation):
    """A small dense network in scalars, weights named as a person would name them."""
    rng = random.Random(0)
    layers, parameters = [], []
    for number, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
        W = [
            [parameter(Value(rng.uniform(-1, 1), f"w{number}[{j},{i}]")) for i in range(inputs)] for j in range(outputs)
        ]
        b = [parameter(Value(0.0, f"b{number}[{j}]")) for j in range(outputs)]
        layers.append((W, b))
        parameters += [w for row in W for w in row] + b

    def model(x):
        for W, b in layers:
            x = [
                activation(sum((w * each for w, each in zip(row, x, strict=True)), bias))
                for row, bias in zip(W, b, strict=True)
            ]
        return x[0]

    return model, parameters


def seed_network():
    model, parameters = network([1, 3, 3, 1], sigmoid)
    X = np.linspace(-1, 1, 50)
    step = compile(lambda x, y: (model([x]) - y) ** 2 / 2, parameters, engine="numpy")
    return step, X, X**2


def test_the_network_this_project_began_with(golden):
    step, X, Y = seed_network()
    golden("compiled_1_3_3_1.txt", step.source_of(X, Y, rolled=False))
    golden("rolled_1_3_3_1.txt", step.source)


@pytest.mark.parametrize("rolled", [False, True])
def test_the_source_runs_by_itself(tmp_path, rolled):
    step, X, Y = seed_network()
    theta = step.pack()
    loss, gradient = step.value_and_grad(theta, X, Y)
    file = tmp_path / "step.py"
    np.savez(tmp_path / "given.npz", theta=theta, X=X, Y=Y)
    call = (
        "\ngiven = np.load('given.npz')\nloss, gradient = value_and_grad(given['theta'], given['X'], given['Y'])\n"
        "print(loss.hex(), *(slope.hex() for slope in gradient.tolist()))\n"
    )
    file.write_text(step.source_of(X, Y, rolled=rolled) + call)
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", str(file)], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    printed = [float.fromhex(word) for word in done.stdout.split()]
    assert printed == pytest.approx([loss, *gradient], rel=1e-12, abs=1e-14)  # sums may be taken in another order


def sources():
    w, v = Value(0.5, "w"), Value(-0.3, "v")
    yield (
        "rows",
        compile(lambda x: sum(row(*([x * w + 0.1, v][: row.arity])) for row in TABLE.values()), [w, v], engine="numpy"),
    )
    yield (
        "where",
        compile(lambda x: where((x > w) | (x < -1), x * w, -x / v) * where(x > 0, 1, 0), [w, v], engine="numpy"),
    )
    yield "uniform", compile(lambda x: where(w > v, w, v * 2) + x * math.inf, [w, v], engine="numpy")
    yield "forward", compile(lambda x: [silu(x), softplus(w * x), leaky_relu(x), 3.0], engine="numpy")
    yield "constant", compile(lambda x: w * 0 + 2.0, [w], engine="numpy")


@pytest.mark.parametrize(("name", "step"), list(sources()))
def test_every_source_passes_the_linter(name, step, tmp_path):
    ruff = linter()
    step(np.array([0.4, -0.2, 1.5]))
    file = tmp_path / f"{name}.py"
    file.write_text(step.source)
    done = subprocess.run(
        [ruff, "check", "--isolated", "--select", "E,F,W,B", "--line-length", "120", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_names_are_those_of_the_labels():
    parameters = [Value(1.0, label) for label in ("W[0,1]", "lambda", "W[0,1]", "n", "np", "größe", "", "d_loss", "x")]
    step = compile(lambda x: sum(p * x for p in parameters), parameters, engine="numpy")
    step([1.0, 2.0])
    head = step.source_of([1.0, 2.0], rolled=False).split("theta\n")[0]
    for name in ("W_0_1,", "lambda_,", "W_0_1_2,", "n_,", "np_,", "gr_e,", "p6,", "d_loss,", "x2 ="):
        assert name in head, (name, head)


@given(st.lists(st.text(max_size=8), max_size=12))
def test_names_are_unique_identifiers(wishes):
    names = Names()
    given_out = [names.unique(wish) for wish in wishes] + [names.numbered("z") for _ in range(3)]
    assert len(set(given_out)) == len(given_out)
    assert all(name.isidentifier() and not keyword.iskeyword(name) and name != "np" for name in given_out)


def test_a_label_cannot_become_code():
    w = Value(1.0, "w; import os #\n'''\"\"\"")
    step = compile(lambda x: w * x, [w], engine="numpy")
    step([1.0])
    assert "import os" not in step.source


def test_a_traceback_shows_the_line():
    w = Value(1.0, "w")
    step = compile(lambda x: w * x, [w], engine="numpy")
    step([1.0])
    from autograd.compiler.scalar.numpy_engine import NumpyKernel

    (kernel,) = next(iter(step.traces.values()))._kernels.values()
    assert isinstance(kernel, NumpyKernel)
    with pytest.raises(TypeError) as caught:
        kernel._function(None, np.ones(1))
    import traceback

    text = "".join(traceback.format_exception(caught.value))
    assert "w, = theta" in text


def test_erf_needs_the_math_module():
    step = compile(lambda x: erf(x) + relu(x), engine="numpy")
    assert step([0.5]).tolist() == [math.erf(0.5) + 0.5]
    assert "\n\nimport math\n\nimport numpy as np\n" in step.source


def test_a_long_program_drops_what_it_no_longer_needs(monkeypatch):
    model, parameters = network([2, 5, 5, 1], relu)
    step = compile(lambda x: model(x) ** 2, parameters, engine="numpy")
    X = np.random.default_rng(0).normal(size=(6, 2))
    theta = step.pack()
    wanted = step.value_and_grad(theta, X)
    monkeypatch.setattr("autograd.compiler.scalar.writer.LONG", 0)
    again = compile(lambda x: model(x) ** 2, parameters, engine="numpy")
    value, gradient = again.value_and_grad(theta, X)
    assert value == wanted[0]
    assert (gradient == wanted[1]).all()
    source = again.source_of(X, rolled=False)
    assert source.count("del ") > 20
    lines = source.splitlines()
    for one, other in itertools.pairwise(lines):  # in the order of their definition: the same text in every process
        if one.startswith("    del ") and other.startswith("    del "):
            first, second = (
                next(k for k, line in enumerate(lines) if line.startswith(f"    {each[8:]} =")) for each in (one, other)
            )
            assert first < second
    assert "del loss" not in again.source
