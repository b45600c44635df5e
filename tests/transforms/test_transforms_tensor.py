"""The transforms on arrays: nested containers, Jacobians and Hessians against algebra, nesting, structure, dtype."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, ShapeError, Tensor, Value, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from autograd.core import table as rules

A = np.array([[2.0, -1.0, 0.5], [0.3, 1.0, 4.0], [1.0, 0.0, -2.0]])
X = np.array([0.3, -0.7, 1.1])


def quadratic(x: Any) -> Any:
    return x @ A @ x


def test_grad_gives_a_plain_array() -> None:
    value, slope = value_and_grad(quadratic)(X)
    assert type(value) is float
    assert type(slope) is np.ndarray
    np.testing.assert_allclose(slope, (A + A.T) @ X, rtol=1e-14)
    assert grad(lambda x: (x * x).sum())(X.astype(np.float32)).dtype == np.float32


def test_jacobian_of_a_linear_map_is_the_matrix() -> None:
    np.testing.assert_allclose(jacobian(lambda x: A @ x)(X), A, rtol=1e-15)
    assert jacobian(lambda x: x[:, None] * x)(X).shape == (3, 3, 3)
    assert jacobian(lambda x: (x @ x).reshape(1, 1))(X).shape == (1, 1, 3)


def test_hessian_and_hvp() -> None:
    f = lambda x: quadratic(x) + (x**4).sum() / 12  # noqa: E731
    want = A + A.T + np.diag(X**2)
    np.testing.assert_allclose(hessian(f)(X), want, rtol=1e-13, atol=1e-14)
    v = np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(hvp(f, X, v), want @ v, rtol=1e-13)
    assert hessian(lambda m: (m * m).sum())(np.ones((2, 2))).shape == (2, 2, 2, 2)


def test_third_order() -> None:
    third = jacobian(hessian(lambda x: (x**3).sum()))(X)
    want = np.zeros((3, 3, 3))
    want[range(3), range(3), range(3)] = 6.0
    np.testing.assert_allclose(third, want, rtol=1e-13)


def test_forward_and_reverse_nest_in_any_order() -> None:
    f = lambda x: rules.tanh(x * x).sum()  # noqa: E731
    v = np.array([0.2, 0.5, -1.0])
    ways = [
        hvp(f, X, v),
        grad(lambda x: jvp(f, (x,), (v,))[1])(X),
        grad(lambda x: (grad(f)(x) * v).sum())(X),
        jvp(lambda x: vjp(f, x)[1](1.0)[0], (X,), (v,))[1],
    ]
    for way in ways[1:]:
        np.testing.assert_allclose(way, ways[0], rtol=1e-12)


Layer = namedtuple("Layer", "w b")


def test_nested_containers() -> None:
    parameters = {"layers": [Layer(A, np.zeros(3)), Layer(A.T, np.ones(3))], "scale": 2.0}

    def loss(p: Any, x: Any) -> Any:
        for layer in p["layers"]:
            x = rules.tanh(x @ layer.w + layer.b)
        return (x * 1.0).sum() + (p["scale"] * p["scale"])

    slope = grad(loss)(parameters, X)
    assert type(slope["layers"][0]) is Layer
    assert slope["scale"] == 4.0
    tensors = [Tensor(a) for layer in parameters["layers"] for a in layer]
    out = X
    for w, b in (tensors[:2], tensors[2:]):
        out = (out @ w + b).tanh()
    out.sum().backward()
    for got, t in zip([a for layer in slope["layers"] for a in layer], tensors, strict=True):
        np.testing.assert_array_equal(got, t.grad)


def test_jacobian_of_containers() -> None:
    found = jacobian(lambda p: {"sum": p[0].sum() + 0.0, "outer": p[0][:, None] * p[1]})((X, np.ones(2)))
    assert found["sum"][0].tolist() == [1.0, 1.0, 1.0]
    assert found["sum"][1].tolist() == [0.0, 0.0]
    assert found["outer"][0].shape == (3, 2, 3)
    assert found["outer"][1].shape == (3, 2, 2)


def test_vjp_and_jvp_are_transposes() -> None:
    f = lambda x, w: rules.sin(w @ x)  # noqa: E731
    rng = np.random.default_rng(0)
    tangents = rng.normal(size=3), rng.normal(size=(3, 3))
    cotangent = rng.normal(size=3)
    value, pull = vjp(f, X, A)
    same, pushed = jvp(f, (X, A), tangents)
    np.testing.assert_array_equal(value, same)
    back = pull(cotangent)
    assert pushed @ cotangent == pytest.approx(np.vdot(back[0], tangents[0]) + np.vdot(back[1], tangents[1]), rel=1e-13)


def test_what_is_not_used_has_gradient_zero() -> None:
    assert grad(lambda p: p["a"].sum())({"a": X, "b": A})["b"].tolist() == np.zeros((3, 3)).tolist()
    assert jacobian(lambda x: np.ones(2) * x[0] * 0.0)(X).shape == (2, 3)


def test_shapes_are_checked() -> None:
    with pytest.raises(ShapeError, match=r"gives one number, got shape \(3,\): take .sum\(\)"):
        grad(lambda x: x * 2)(X)
    with pytest.raises(ShapeError, match=r"a tangent has the shape of what it belongs to: expected \(3,\), got \(2,\)"):
        jvp(quadratic, (X,), (np.ones(2),))


def test_values_inside_arrays_of_values_stay_values() -> None:
    found = grad(lambda p: p[0] * p[1])([2.0, 3.0])
    assert found == [3.0, 2.0]
    x = Value(2.0)
    assert grad(lambda y: y * x.item())(3.0) == 2.0


def test_what_does_not_depend_on_the_input_has_a_tangent_of_its_own_shape() -> None:
    np.testing.assert_array_equal(jvp(lambda x: np.ones(3), (X,), (X,))[1], np.zeros(3))
    H = hvp(lambda p: (p[0] * p[0]).sum() + p[1].sum(), [X, A], [X, A])
    assert [h.shape for h in H] == [(3,), (3, 3)]
    np.testing.assert_array_equal(H[1], np.zeros((3, 3)))
    narrow = hvp(lambda p: p.sum(), X.astype(np.float32), X.astype(np.float32))
    assert (narrow.shape, narrow.dtype) == ((3,), np.float32)


def test_an_output_without_elements() -> None:
    assert jacobian(lambda x: x[:0])(X).shape == (0, 3)
    found = jacobian(lambda p: p["x"][:0])({"x": X, "A": A})
    assert (found["x"].shape, found["A"].shape) == ((0, 3), (0, 3, 3))


def test_no_direction_of_differentiation_warns_at_awkward_points() -> None:
    x, v = np.array([0.0, 2.0]), np.array([1.0, 1.0])
    assert jvp(lambda x: (x**2).sum(), (x,), (v,)) == (4.0, 4.0)
    np.testing.assert_array_equal(hvp(lambda x: (x**2 + x**1).sum(), x, v), [2.0, 2.0])
    np.testing.assert_array_equal(jvp(lambda x: np.sqrt(x), (x,), (v,))[1], [np.inf, 0.5 / np.sqrt(2.0)])


def test_the_norm_of_a_zero_vector_has_no_slope_of_any_order() -> None:
    for x in (np.zeros(2), np.zeros(2, np.float32)):
        assert grad(Tensor.norm)(x).dtype == x.dtype
        np.testing.assert_array_equal(grad(Tensor.norm)(x), np.zeros(2))
        np.testing.assert_array_equal(hessian(Tensor.norm)(x), np.zeros((2, 2)))
    rows = lambda x: x.norm(axis=1).sum()  # noqa: E731
    H = hessian(rows)(np.array([[0.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_array_equal(H[0], np.zeros((2, 2, 2)))
    np.testing.assert_allclose(H[1, :, 1], (np.eye(2) - np.outer([0.6, 0.8], [0.6, 0.8])) / 5, rtol=1e-13)


@pytest.mark.parametrize("f", [np.max, np.min, np.ptp, lambda x: np.max(x) * np.min(x)])
def test_extremes_beside_nan_have_slopes_in_every_mode(f):
    x, directions = np.array([np.nan, 1.0, 2.0]), np.eye(3)
    forward = [jvp(lambda x: f(x) * 1.0, (x,), (v,))[1] for v in directions]
    np.testing.assert_array_equal(forward, grad(f)(x))
    np.testing.assert_array_equal([jvp(f, (x,), (v,))[1] for v in directions], forward)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("transform", [grad, jacobian])
def test_a_matrix_as_an_output_is_refused(transform):
    with pytest.raises(OperandError, match="matrix has an arithmetic of its own"):
        transform(lambda x: np.matrix([x]))(2.0)
