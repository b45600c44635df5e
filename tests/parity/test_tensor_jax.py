"""Every computation of the list in jax, which has numpy's names: values, gradients, second derivatives, Jacobians."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autograd import grad, hvp, jacobian
from tests.tensor.tensor_cases import CASES, OURS, Case

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

THEIRS = SimpleNamespace(
    **{name: getattr(jnp, name) for name in vars(OURS) if hasattr(jnp, name)},
    norm=jnp.linalg.norm,
    logsumexp=jax.scipy.special.logsumexp,
    softmax=jax.nn.softmax,
    log_softmax=jax.nn.log_softmax,
)
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(autouse=True)
def double() -> Any:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


def bent(F: Any, run: Any) -> Any:
    def total(*xs: Any) -> Any:
        out = run(F, *xs)
        return F.sum(out * out * out)

    return total


@every_case
def test_gradient_and_second_order(case: Case) -> None:
    xs = case.inputs()
    ours, theirs = bent(OURS, case.run), bent(THEIRS, case.run)
    every = tuple(range(len(xs)))
    v = np.sin(np.arange(xs[0].size) + 1.0).reshape(xs[0].shape)
    want, second = jax.jvp(
        jax.grad(theirs, argnums=every), tuple(map(jnp.asarray, xs)), (v, *map(np.zeros_like, xs[1:]))
    )
    for g, w in zip(grad(ours, every)(*xs), want, strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(hvp(lambda x: ours(x, *xs[1:]), xs[0], v), second[0], rtol=1e-9, atol=1e-10)


@every_case
def test_single_precision(case: Case) -> None:
    """Held against ours in double precision, which the test above holds against jax."""
    xs = case.inputs(np.float32)
    want = grad(bent(OURS, case.run))(*(x.astype(np.float64) for x in xs))
    got = grad(bent(OURS, case.run))(*xs)
    assert np.asarray(got).dtype == np.float32 or not np.shape(got)
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=2e-4)


def test_jacobian_and_hessian() -> None:
    x = np.linspace(-1.0, 1.0, 6).reshape(2, 3)
    for f in (
        lambda F, x: F.tanh(F.matmul(x, x.T)),
        lambda F, x: F.softmax(x, axis=0)[:, 1:],
        lambda F, x: F.sum(x * x, axis=1),
    ):
        np.testing.assert_allclose(
            jacobian(lambda x, f=f: f(OURS, x))(x), jax.jacobian(lambda x, f=f: f(THEIRS, x))(x), atol=1e-12
        )
