"""Every computation of the list in torch: values, gradients and second derivatives, in two precisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import Tensor, grad, hvp
from autograd.core import table as rules
from tests.support import domain
from tests.tensor.tensor_cases import CASES, OURS, Case

torch = pytest.importorskip("torch")

TOLERANCE = {np.float64: 1e-10, np.float32: 1e-4}
cases = pytest.mark.parametrize("case", [case for case in CASES if case.torch], ids=lambda case: case.name)


@cases
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_value_and_gradient(case: Case, dtype: Any) -> None:
    assert case.torch is not None
    xs = case.inputs(dtype)
    theirs = [torch.tensor(x, requires_grad=True) for x in xs]
    ours = [Tensor(x) for x in xs]
    want, got = case.torch(torch, *theirs), case.run(OURS, *ours)
    assert got.dtype == dtype
    assert got.shape == tuple(want.shape)
    tol = TOLERANCE[dtype]
    np.testing.assert_allclose(got.data, want.detach().numpy(), rtol=tol, atol=tol)
    seed = np.cos(np.arange(got.size)).reshape(got.shape).astype(dtype)
    want.backward(torch.tensor(seed))
    got.backward(seed)
    for t, u in zip(ours, theirs, strict=True):
        assert (t.grad.shape, t.grad.dtype) == (tuple(u.grad.shape), dtype)
        np.testing.assert_allclose(t.grad, u.grad.numpy(), rtol=tol, atol=tol)


@cases
def test_second_order(case: Case) -> None:
    assert case.torch is not None
    xs = case.inputs()
    bend = lambda out: (out * out * out).sum()  # noqa: E731
    for k, x in enumerate(xs):
        v = np.sin(np.arange(x.size) + 1.0).reshape(x.shape)
        ours = hvp(lambda x, k=k: bend(case.run(OURS, *xs[:k], x, *xs[k + 1 :])), x, v)
        others = [torch.tensor(y) for y in xs]
        at = torch.tensor(x, requires_grad=True)
        out = bend(case.torch(torch, *others[:k], at, *others[k + 1 :]))
        (slope,) = torch.autograd.grad(out, at, create_graph=True)
        if slope.requires_grad:
            (theirs,) = torch.autograd.grad(slope, at, torch.tensor(v), allow_unused=True)
        want = theirs.numpy() if slope.requires_grad and theirs is not None else np.zeros(x.shape)
        np.testing.assert_allclose(ours, want, rtol=1e-10, atol=1e-10)


IN_TORCH = {
    "reciprocal": "reciprocal", "square": "square", "sqrt": "sqrt", "hypot": "hypot", "exp": "exp", "exp2": "exp2",
    "expm1": "expm1", "log": "log", "log2": "log2", "log10": "log10", "log1p": "log1p", "logaddexp": "logaddexp",
    "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "erf": "erf", "erfc": "erfc", "sigmoid": "sigmoid", "relu": "relu", "maximum": "maximum", "minimum": "minimum",
    "abs": "abs", "add": "add", "subtract": "subtract", "multiply": "multiply", "divide": "divide",
    "negative": "negative", "power": "pow", "sign": "sign", "floor": "floor", "ceil": "ceil",
    "log_sigmoid": "nn.functional.logsigmoid", "softplus": "nn.functional.softplus", "gelu": "nn.functional.gelu",
    "silu": "nn.functional.silu",
}  # fmt: skip


@pytest.mark.parametrize("name", IN_TORCH)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_elementwise_rows(name: str, dtype: Any) -> None:
    rule = rules.TABLE[name]
    function = torch
    for part in IN_TORCH[name].split("."):
        function = getattr(function, part)
    rng = np.random.default_rng(3)
    xs = [
        rng.uniform(*interval, size=shape).astype(dtype)
        for interval, shape in zip(domain(rule), [(3, 4), (4,)], strict=False)
    ]
    ours, theirs = [Tensor(x) for x in xs], [torch.tensor(x, requires_grad=True) for x in xs]
    got, want = rule(*ours), function(*theirs)
    tol = TOLERANCE[dtype]
    assert got.dtype == dtype
    np.testing.assert_allclose(got.data, want.detach().numpy(), rtol=tol, atol=tol)
    got.sum().backward()
    want.sum().backward()
    for t, u in zip(ours, theirs, strict=True):
        assert t.grad.dtype == dtype
        np.testing.assert_allclose(t.grad, u.grad.numpy(), rtol=tol, atol=tol)
    if dtype == np.float64 and name not in ("add", "subtract", "negative", "abs", "sign", "floor", "ceil"):
        second = grad(lambda x: grad(lambda y: rule(y, *xs[1:]).sum())(x).sum())(xs[0])
        x = torch.tensor(xs[0], requires_grad=True)
        (slope,) = torch.autograd.grad(function(x, *map(torch.tensor, xs[1:])).sum(), x, create_graph=True)
        if slope.requires_grad:
            (theirs2,) = torch.autograd.grad(slope.sum(), x)
            np.testing.assert_allclose(second, theirs2.numpy(), rtol=1e-8, atol=1e-10)
