"""From single numbers back to arrays: the text a person would write, and the numbers of the flat program."""

import math
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import OperandError, Value
from autograd.compiler import compile
from autograd.compiler.roll.structure import Structure
from autograd.compiler.scalar.numpy_engine import NumpyKernel
from autograd.compiler.scalar.plans import EMPTY
from tests.compiler.foreign import PROGRAMS
from tests.compiler.random_networks import RandomNetwork
from tests.compiler.random_programs import RandomProgram, largest
from tests.support import linter


def moons(engine="numpy", sizes=(16, 16, 1)):
    model = nn.MLP(2, list(sizes), seed=1)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 2))
    step = compile(lambda x, y: ag.relu(1 - y * model(x)), model.parameters(), engine=engine)
    return step, X, np.sign(X[:, 0] * X[:, 1])


# -------------------------------------------------------------------------------------------------------- the text


def test_two_moons_read_as_a_person_writes_them(golden, tmp_path):
    step, X, Y = moons()
    step(X, Y)
    golden("rolled_moons.txt", step.source)
    lines = step.source.splitlines()
    assert len(lines) <= 40
    for line in (
        "    z1 = x @ W1 + b1", "    a1 = np.maximum(z1, 0)", "    z2 = a1 @ W2 + b2",
        "    delta1 = (delta2 @ W2.T) * (z1 > 0)", "    dW1 = x.T @ delta1", "    db1 = delta1.sum(axis=0)",
    ):  # fmt: skip
        assert line in lines
    assert len(step.source_of(X, Y, rolled=False).splitlines()) > 500


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_other_people_roll_up(name, tmp_path):
    loss, parameters, batch = PROGRAMS[name]()
    step = compile(loss, parameters, engine="numpy")
    value, gradient = step.value_and_grad(step.pack(), *batch)
    before, after = (step.source_of(*batch, rolled=rolled).count("\n") for rolled in (False, True))
    assert step.source == step.source_of(*batch, rolled=True)
    longest = {"classes": 50, "letters": 120, "pictures": 50, "sentences": 70}
    assert after <= longest[name]
    assert before > 10 * after
    losses, slopes = [], []
    for sample in zip(*batch, strict=True):
        for p in parameters:
            p.grad = 0.0
        out = loss(*(part.tolist() if isinstance(part, np.ndarray) else part for part in sample))
        out.backward()
        losses.append(out.data)
        slopes.append([p.grad for p in parameters])
    assert value == pytest.approx(np.mean(losses), rel=1e-12)
    np.testing.assert_allclose(gradient, np.mean(slopes, axis=0), rtol=1e-10, atol=1e-12)
    file = tmp_path / "step.py"
    file.write_text(step.source)
    given = ", ".join(f"given['a{k}']" for k in range(len(batch) + 1))
    np.savez(tmp_path / "given.npz", **{f"a{k}": each for k, each in enumerate([step.pack(), *batch])})
    captured = ", np.zeros(8)" if name == "letters" else ""
    given = given.replace("given['a0']", f"given['a0']{captured}", 1)
    code = f"import numpy as np, step\ngiven = np.load('given.npz')\nprint(step.value_and_grad({given})[0])"
    out = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert out.stdout, out.stderr
    assert float(out.stdout) == pytest.approx(value, rel=1e-12)
    ruff = linter()
    done = subprocess.run(
        [ruff, "check", "--isolated", "--select", "E,F,W,B", "--line-length", "120", str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_a_program_without_structure_comes_out_as_it_went_in():
    a, b, c = Value(0.7, "a"), Value(-1.2, "b"), Value(0.4, "c")
    step = compile(lambda: ag.tanh(a * b + c) * ag.sin(a - c) / (1 + b * b), [a, b, c], engine="numpy")
    step()
    assert step.source == step.source_of(rolled=False)
    assert step._latest._rolled_kernels == {"value_and_grad": None}


def test_batch_of_one_and_many():
    step, X, Y = moons()
    flat, _, _ = moons("llvm") if _has("llvmlite") else moons()
    theta = step.pack()
    for n in (1, 2, 11, 13, 22, 100):
        value, gradient = step.value_and_grad(theta, X[:n], Y[:n])
        other, slopes = flat.value_and_grad(theta, X[:n], Y[:n])
        assert value == pytest.approx(other, rel=1e-12)
        np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-13)
    many = np.tile(X, (90, 1)), np.tile(Y, 90)
    assert step.value(theta, *many) == pytest.approx(step.value(theta, X, Y), rel=1e-12)


def test_a_function_without_parameters_rolls_up():
    w = [[math.sin(i + 3 * j) for i in range(4)] for j in range(5)]
    step = compile(lambda x: [ag.tanh(sum(a * b for a, b in zip(row, x, strict=True))) for row in w], engine="numpy")
    X = np.random.default_rng(0).normal(size=(7, 4))
    np.testing.assert_allclose(step(X), np.tanh(X @ np.array(w).T), rtol=1e-12)
    assert "x @" in step.source


# --------------------------------------------------------------------------------------------- the same numbers


def rolled_against_flat(net, theta, X, losses, scale):
    """All engines, with the rolled form wherever there is one, also where it is not shorter."""
    leaves = [Value(number) for number in theta]
    direction = np.cos(np.arange(len(theta)))
    steps = {}
    for engine in ("numpy", "flat", "llvm"):
        if engine == "llvm" and not _has("llvmlite"):
            continue
        step = compile(lambda x: net.loss(leaves, list(x)), leaves, engine=engine.replace("flat", "numpy"))
        known, _, _ = step._specialized((X,))
        if engine == "numpy":
            assert known.rolled is not None
            known.rolled.is_shorter = True
        elif engine == "flat":
            known.__dict__["rolled"] = None
        steps[engine] = step
    wanted, slopes = steps["flat"].value_and_grad(theta, X)
    product = steps["flat"].hvp(theta, direction, X)
    with np.errstate(all="ignore"):
        assert near(wanted, np.mean(losses), scale)
    for engine, step in steps.items():
        if engine == "llvm" and scale > 1e150:
            continue  # x * y + z is one instruction there: the product of large numbers does not overflow by itself
        value, gradient = step.value_and_grad(theta, X)
        assert near(value, wanted, scale), engine
        assert near(gradient, slopes, scale), engine
        assert near(step.value(theta, X), wanted, scale), engine
        assert near(step.hvp(theta, direction, X), product, min(scale, 1e150) ** 2), engine


def near(got, wanted, scale):
    got, wanted = np.asarray(got, float), np.asarray(wanted, float)
    with np.errstate(all="ignore"):
        same = (got == wanted) | (np.isnan(got) & np.isnan(wanted)) | (np.abs(got - wanted) <= 1e-12 * scale)
    return bool(np.all(same))


def holds(seed, awkward):
    net = RandomNetwork(seed, awkward)
    losses, scale = [], 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for x in net.X:
            try:
                out = net.loss([Value(number) for number in net.theta], x)
            except (ZeroDivisionError, OverflowError, ValueError):
                return  # of Python's own numbers, where nothing depends on a parameter
            if isinstance(out, Value):
                out.backward()
                scale = max(scale, largest(out))
            losses.append(float(out))
            scale = max([scale, *[abs(each) for each in losses if math.isfinite(each)]])
    rolled_against_flat(net, np.array(net.theta), np.array(net.X), losses, scale)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("awkward", [False, True], ids=["plain", "awkward"])
def test_random_networks(seed, awkward):
    holds(seed + 1000 * awkward, awkward)


@pytest.mark.long
@pytest.mark.parametrize("start", range(0, 2000, 200))
def test_two_thousand_random_networks(start):
    for seed in range(start, start + 200):
        holds(10_000 + seed, awkward=bool(seed % 2))


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_without_structure(seed):
    program = RandomProgram(seed, awkward=bool(seed % 2), leaves=4)
    leaves = [Value(number) for number in program.numbers]
    step, flat = (compile(lambda: program(leaves), leaves, engine="numpy") for _ in range(2))
    known, _, _ = step._specialized(())
    assert known.rolled is not None
    known.rolled.is_shorter = True
    flat._specialized(())[0].__dict__["rolled"] = None
    theta = np.array(program.numbers)
    (value, gradient), (wanted, slopes) = step.value_and_grad(theta), flat.value_and_grad(theta)
    size = np.abs(slopes[np.isfinite(slopes)]).max(initial=1.0)
    assert near(value, wanted, max(1.0, abs(wanted) if math.isfinite(wanted) else 1.0))
    assert near(gradient, slopes, size)


def test_numbers_that_are_not_finite_are_decided_one_by_one():
    """A weight of inf meets a neuron that relu has shut: nothing arrives there, so 0 × ∞ is 0, as it is in the loop."""
    step, X, Y = moons()
    theta = step.pack()
    theta[5] = math.inf
    flat, _, _ = moons("llvm") if _has("llvmlite") else moons()
    value, gradient = step.value_and_grad(theta, X, Y)
    wanted, slopes = flat.value_and_grad(theta, X, Y)
    assert near(value, wanted, 1.0)
    assert near(gradient, slopes, 1e3)


# ------------------------------------------------------------------------------------------------- the safety net


def test_a_form_that_computes_something_else_is_not_used(monkeypatch):
    """Two families are taken for one: what comes of it is not believed."""
    ordered = Structure.operands
    monkeypatch.setattr(Structure, "operands", lambda self, i: ordered(self, i)[::-1])
    a, b = ([Value(k + 0.5) for k in range(start, start + 6)] for start in (0, 6))
    step = compile(lambda x: sum(p / (q + x) for p, q in zip(a, b, strict=True)), [*a, *b], engine="numpy")
    with pytest.warns(RuntimeWarning, match="the rolled form of a program is not used"):
        value = step.value(step.pack(), [1.0, 2.0])
    assert value == pytest.approx(
        np.mean([sum(p.data / (q.data + x) for p, q in zip(a, b, strict=True)) for x in (1, 2)])
    )
    assert step.source == step.source_of([1.0, 2.0], rolled=False)


# ------------------------------------------------------------------------------------------------------------ jax


def _has(module):
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def test_jax_takes_scalar_functions():
    jax = pytest.importorskip("jax")
    step, X, Y = moons("jax")
    flat, _, _ = moons()
    theta = flat.pack()
    v = np.cos(np.arange(theta.size))
    (value, gradient), (wanted, slopes) = step.value_and_grad(theta, X, Y), flat.value_and_grad(theta, X, Y)
    assert isinstance(value, float)
    assert value == pytest.approx(wanted, rel=1e-12)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(step.hvp(theta, v, X, Y), flat.hvp(theta, v, X, Y), rtol=1e-10, atol=1e-12)
    assert step(X, Y) == pytest.approx(wanted, rel=1e-12)
    assert step.parameters[0].grad == pytest.approx(slopes[0], rel=1e-11)
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        found = step.value_and_grad(jax.numpy.asarray(theta), jax.numpy.asarray(X), jax.numpy.asarray(Y))
    assert all(isinstance(part, jax.Array) for part in found)
    theta[3] = math.nan
    assert math.isnan(step.value(theta, X, Y)) == math.isnan(flat.value(theta, X, Y))
    assert near(step.value_and_grad(theta, X, Y)[1], flat.value_and_grad(theta, X, Y)[1], 1e3)


def test_what_is_on_the_device_stays_there():
    jax = pytest.importorskip("jax")
    flat, X, Y = moons()
    theta = flat.pack()
    with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
        step, _, _ = moons("jax")
        x, y = map(jax.numpy.asarray, (X, Y))
        for number in (0.5, 0.1, math.nan, math.inf, 0.3):
            theta[3] = number
            for batch in ((x, y), (x, y), (x[:7], y[:7]), (X, Y)):
                value, gradient = step.value_and_grad(jax.numpy.asarray(theta), *batch)
                wanted, slopes = flat.value_and_grad(theta, *map(np.asarray, batch))
                assert near(value, wanted, 1e2)
                assert near(gradient, slopes, 1e2)
        with pytest.raises(ag.ShapeError):
            step.value_and_grad(jax.numpy.asarray(theta[1:]), X, Y)


def test_a_mesh_needs_jax():
    with pytest.raises(OperandError, match="engine='jax'"):
        compile(lambda x: x, [Value(1.0)], mesh=object())


EIGHT = """
import jax, numpy as np
from autograd import ShapeError
from autograd.compiler import compile
from tests.compiler.foreign import PROGRAMS

assert len(jax.devices()) == 8
mesh = jax.sharding.Mesh(np.array(jax.devices()), ("batch",))
loss, parameters, (X, Y) = PROGRAMS["classes"]()
X, Y = X[:24], Y[:24]
one, eight = compile(loss, parameters, engine="numpy"), compile(loss, parameters, engine="jax", mesh=mesh)
theta = one.pack()
(value, gradient), (got, slopes) = one.value_and_grad(theta, X, Y), eight.value_and_grad(theta, X, Y)
np.testing.assert_allclose(got, value, rtol=1e-12)
np.testing.assert_allclose(slopes, gradient, rtol=1e-11, atol=1e-12)
np.testing.assert_allclose(eight(X, Y), value, rtol=1e-12)
try:
    eight(X[:6], Y[:6])
except ShapeError as error:
    assert "do not split evenly over 8 devices" in str(error)
else:
    raise AssertionError("6 rows were shared among 8 devices")
print("equal")
"""


def test_eight_devices_share_a_batch_of_scalars():
    pytest.importorskip("jax")
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    out = subprocess.run([sys.executable, "-c", EIGHT], env=environment, capture_output=True, text=True)
    assert out.stdout.strip() == "equal", out.stderr


def test_where_the_made_up_numbers_overflow_smaller_ones_are_tried():
    W = [[Value(0.01 * (i + j), f"w{i}{j}") for j in range(4)] for i in range(4)]

    def loss(x):
        rows = [[sum(w * each for w, each in zip(row, word, strict=True)) for row in W] for word in x]
        out = 0.0
        for t in range(3):  # attention that sees what has been: the shares of later words are 0, and 0 × inf is NaN
            shares = [ag.exp(300 * sum(a * b for a, b in zip(rows[t], rows[s], strict=True))) for s in range(t + 1)]
            mixed = [sum(share * rows[s][j] for s, share in enumerate(shares)) for j in range(4)]
            out = out + sum(each * each for each in mixed)
        return out

    parameters = [w for row in W for w in row]
    X = np.full((2, 3, 4), 0.1)
    rolled = compile(loss, parameters, engine="numpy")
    value, gradient = rolled.value_and_grad(rolled.pack(), X)
    known = next(iter(rolled.traces.values()))
    assert known.is_shorter_rolled()
    flat = known.plans.plan("value_and_grad")
    expected = NumpyKernel(flat)(rolled.pack(), EMPTY, EMPTY, [X], 2)[:2]
    assert value == pytest.approx(expected[0], rel=1e-12)
    assert gradient == pytest.approx(expected[1], rel=1e-11)
