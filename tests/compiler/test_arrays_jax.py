"""The same program run by jax: equal to numpy's results, on one device and shared among eight."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd
from autograd import Tensor
from autograd.compiler import compile
from tests.compiler.test_arrays import close, network
from tests.tensor.tensor_cases import CASES, OURS

jax = pytest.importorskip("jax")


@pytest.fixture(scope="module")
def computed():
    """All cases as one loss, by numpy and by jax: its value, and the gradients of each case by its name.

    A case is squared before it is added, so that its value is in its gradient. One program is compiled much sooner than
    a hundred are.
    """
    given = {case.name: [Tensor(x) for x in case.inputs()] for case in CASES}
    found = []
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        for engine in ("numpy", "jax"):
            step = compile(
                lambda: sum((case.run(OURS, *given[case.name]) ** 2).sum() for case in CASES),
                [p for each in given.values() for p in each], engine=engine,
            )  # fmt: skip
            value = step()
            found.append((value, {name: [p.grad for p in each] for name, each in given.items()}))
            for p in step.parameters:
                p.grad = None
    finally:
        jax.config.update("jax_disable_most_optimizations", False)
    return found


@pytest.mark.parametrize("name", [case.name for case in CASES])
def test_every_computation(name, computed):
    (_, wanted), (_, got) = computed
    for slope, gradient in zip(got[name], wanted[name], strict=True):
        assert slope.dtype == np.float64
        assert close(slope, gradient)


def test_the_values_of_all_computations(computed):
    (value, _), (got, _) = computed
    assert close(got, value)


def test_a_step():
    loss, parameters, X, Y = network()
    step, wanted = compile(loss, parameters, engine="jax"), compile(loss, parameters, engine="numpy")
    value = wanted(X, Y)
    gradients = [p.grad.copy() for p in parameters]
    assert close(step(X, Y), value)
    assert all(close(p.grad, 2 * g) for p, g in zip(parameters, gradients, strict=True))
    theta = step.pack()
    v = np.cos(np.arange(theta.size))
    assert close(step.hvp(theta, v, X, Y), wanted.hvp(theta, v, X, Y))
    assert close(step.value(theta, X, Y), value)
    out = step.value_and_grad(jax.numpy.asarray(theta), X, Y)
    assert all(isinstance(part, jax.Array) for part in out)


EIGHT = """
import itertools
import jax, numpy as np
from autograd import ShapeError
from autograd.compiler import compile
from tests.compiler.test_arrays import network

assert len(jax.devices()) == 8
loss, parameters, X, Y = network()
mesh = jax.sharding.Mesh(np.array(jax.devices()), ("batch",))
one, eight = compile(loss, parameters, engine="jax"), compile(loss, parameters, engine="jax", mesh=mesh)
theta = one.pack()
v = np.cos(np.arange(theta.size))
(value, gradient), (got, slopes) = one.value_and_grad(theta, X, Y), eight.value_and_grad(theta, X, Y)
np.testing.assert_allclose(got, value, rtol=1e-12)
np.testing.assert_allclose(slopes, gradient, rtol=1e-12, atol=1e-12)
np.testing.assert_allclose(eight.hvp(theta, v, X, Y), one.hvp(theta, v, X, Y), rtol=1e-12, atol=1e-12)
np.testing.assert_allclose(eight(X, Y), value, rtol=1e-12)
kernel = next(iter(eight.traces.values())).kernel("value_and_grad")
arrays = [*[p.data for p in parameters], X, Y]
with jax.enable_x64(True) if hasattr(jax, "enable_x64") else jax.experimental.enable_x64():
    split = kernel._compiled.lower(*arrays).compile().input_shardings[0][-2]
assert not split.is_fully_replicated and len(split.device_set) == 8
np.testing.assert_allclose(np.concatenate([p.grad.ravel() for p in parameters]), gradient, rtol=1e-12, atol=1e-12)
try:
    eight(X[:6], Y[:6])
except ShapeError as error:
    assert "do not split evenly over 8 devices" in str(error)
else:
    raise AssertionError("6 rows were shared among 8 devices")
print("equal")
"""


def test_eight_devices_give_what_one_gives():
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    assert autograd.__file__
    out = subprocess.run([sys.executable, "-c", EIGHT], env=environment, capture_output=True, text=True)
    assert out.stdout.strip() == "equal", out.stderr
