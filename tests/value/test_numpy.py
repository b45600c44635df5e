"""Values and numpy: its functions on a Value, its scalars beside one, and arrays of Values in a learner's own code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import OperandError, Value, data, grads, maximum, values, where
from autograd.core import table as rules
from autograd.core.table import TABLE
from tests.support import domain

OF_NUMPY = [name for name, rule in TABLE.items() if isinstance(getattr(np, name, None), np.ufunc)]


def matrix(*shape: int, label: str = "") -> Any:
    rng = np.random.default_rng(3)
    return values(rng.uniform(0.2, 0.9, shape), label)


def numerical(function: Any, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Central differences of a function of a float array."""
    out, h = np.zeros(x.shape), 1e-6
    for index in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[index] += h
        down[index] -= h
        out[index] = (function(up) - function(down)) / (2 * h)
    return out


# ------------------------------------------------------------------------------------- functions and scalars


@pytest.mark.parametrize("name", OF_NUMPY)
def test_numpys_function_of_a_value_is_the_primitive(name: str) -> None:
    rule = TABLE[name]
    x = sum(domain(rule)[0]) / 2 + 0.3
    point = (x, 0.7)[: rule.arity]
    operands = [Value(t) for t in point]
    out = getattr(np, name)(*operands)
    assert isinstance(out, Value)
    assert out.data == pytest.approx(float(getattr(np, name)(*point)), rel=1e-14)
    out.backward()
    expected = [rule.partial(k, point, rule(*point)) for k in range(rule.arity)]
    assert [v.grad for v in operands] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16, np.int64, np.int8, np.uint8])
def test_numpys_scalars_on_either_side(kind: Any) -> None:
    v, two = Value(3.0), kind(2)
    for out, expected in [
        (two * v, 6),
        (v * two, 6),
        (two + v, 5),
        (v - two, 1),
        (two - v, -1),
        (two / v, 2 / 3),
        (v / two, 1.5),
        (two**v, 8),
        (v**two, 9),
    ]:
        assert isinstance(out, Value), type(out)
        assert out.data == expected
        assert type(out.data) is float
        assert len(out.operands) == 2
    assert (two < v, two > v, v >= two) == (True, False, True)


def test_an_array_beside_a_value() -> None:
    v = Value(3.0)
    for out in (v * np.array([1.0, 2.0]), np.array([1.0, 2.0]) * v):
        assert isinstance(out, np.ndarray)
        assert out.dtype == object
        assert list(data(out)) == [3, 6]
    assert isinstance(v * np.array(2.0), Value)
    assert isinstance(np.array(2.0) * v, Value)
    np.testing.assert_array_equal(v > np.array([1.0, 5.0]), [True, False])
    np.testing.assert_array_equal(np.array([1.0, 5.0]) > v, [False, True])
    np.testing.assert_array_equal(v < values([1.0, 5.0]), [False, True])
    np.testing.assert_array_equal(values([1.0, 5.0]) <= v, [True, False])


@pytest.mark.parametrize("name", [name for name, rule in TABLE.items() if name != "identity"])
def test_every_primitive_of_an_array_of_values_goes_element_by_element(name: str) -> None:
    rule = TABLE[name]
    columns = [np.linspace(*interval, 5)[1:-1] for interval in domain(rule)]
    arrays = [values(column) for column in columns]
    out = rule(*arrays)
    assert isinstance(out, np.ndarray)
    assert out.shape == (3,)
    expected = [rule(*point) for point in zip(*map(list, columns), strict=True)]
    np.testing.assert_array_equal(data(out), expected)
    if rule.arity == 2:
        assert rule(arrays[0][:, None], arrays[1]).shape == (3, 3)
        assert rule(arrays[0], 0.5).shape == rule(0.5, arrays[1]).shape == rule(arrays[0][0], arrays[1]).shape == (3,)


# --------------------------------------------------------------------------------------------- arrays of Values


def test_values_data_and_grads() -> None:
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    W = values(array, label="W")
    assert (W.shape, W.dtype) == ((2, 2), object)
    assert W[1, 0].label == "W[1,0]"
    np.testing.assert_array_equal(data(W), array)
    assert data(W).dtype == float
    np.testing.assert_array_equal(grads(W), np.zeros((2, 2)))
    (W * W).sum().backward()
    np.testing.assert_array_equal(grads(W), 2 * array)
    np.testing.assert_array_equal(data([[W[0, 0], 7.0], [True, np.float32(2)]]), [[1, 7], [1, 2]])
    assert (data(W[0, 1]), grads(W[0, 1])) == (2.0, 4.0)
    array[0, 0] = 100
    assert W[0, 0].data == 1


@pytest.mark.parametrize("given", [3, 3.5, [1, 2], [[1.0]], [True, False], np.arange(3), np.float32(2), [], [10**30]])
def test_values_keeps_the_shape(given: Any) -> None:
    W = values(given, "w")
    assert W.shape == np.shape(given)
    np.testing.assert_array_equal(data(W), np.asarray(given, dtype=float))
    assert all(type(w.data) is float for w in W.ravel())
    assert all(w.label == "w" + "".join(f"[{i}]" for i in index[:1]) for index, w in np.ndenumerate(W) if W.ndim < 2)


FUNCTIONS: dict[str, Any] = {
    "mean": np.mean,
    "sum of a column": lambda W: np.sum(W, axis=0)[0],
    "keepdims": lambda W: np.sum(W / np.sum(W, axis=1, keepdims=True) * np.arange(4.0)),
    "var": np.var,
    "var, ddof": lambda W: np.var(W, ddof=1),
    "std": np.std,
    "std along an axis": lambda W: np.std(W, axis=0).sum(),
    "prod": np.prod,
    "cumsum": lambda W: np.cumsum(W)[5],
    "dot": lambda W: np.dot(W, W.T)[0, 1],
    "matmul": lambda W: (W.T @ W @ np.arange(4.0)).sum(),
    "outer": lambda W: np.outer(W[0], W[1]).sum(),
    "einsum": lambda W: np.einsum("ij,kj->ik", W, W)[0, 2],
    "trace": lambda W: np.trace(W @ W.T),
    "norm": np.linalg.norm,
    "norm of rows": lambda W: np.linalg.norm(W, axis=1).sum(),
    "norm of order 1": lambda W: np.linalg.norm(W, 1),
    "maximum": lambda W: np.sum(np.maximum(W, 0.5)),
    "minimum of two": lambda W: np.sum(np.minimum(W[0], W[1])),
    "max": np.max,
    "median": np.median,
    "abs": lambda W: np.sum(np.abs(W - 0.5)),
    "where": lambda W: np.sum(np.where(W > 0.5, W * W, -W)),
    "clip": lambda W: np.sum(np.clip(W, 0.4, 0.6)),
    "sort": lambda W: np.sort(W.ravel())[3],
    "exp, log": lambda W: np.log(np.sum(np.exp(W))),
    "sigmoid by hand": lambda W: np.sum(1 / (1 + np.exp(-W))),
    "softmax by hand": lambda W: (np.exp(W[0] - np.max(W[0])) / np.sum(np.exp(W[0] - np.max(W[0]))))[1],
    "square, sqrt": lambda W: np.sum(np.sqrt(np.square(W) + 1)),
    "power": lambda W: np.sum(np.power(W, 3)) + np.sum(2.0**W),
    "arctan2, hypot": lambda W: np.sum(np.arctan2(W, W.T[:3, :1])) + np.sum(np.hypot(W, 2.0)),
    "reshape, slices": lambda W: (W.reshape(4, 3)[1:, ::2] * W.ravel()[::-1][:2]).sum(),
    "concatenate, stack": lambda W: np.vstack([W, W * 2]).mean() + np.concatenate([W[0], W[1]]).prod(),
    "positive, negative": lambda W: np.sum(np.positive(W) * np.negative(W)),
    "diff": lambda W: np.sum(np.diff(W) ** 2),
    "convolve": lambda W: np.sum(np.convolve(W[0], W[1])[:3]),
    "average": lambda W: np.average(W[0], weights=[1, 2, 3, 4]),
    "quantile": lambda W: np.quantile(W, 0.3),
    "percentiles": lambda W: np.sum(np.percentile(W, [10, 50], axis=1)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_functions_of_arrays_of_values(name: str) -> None:
    function, W = FUNCTIONS[name], matrix(3, 4)
    out = function(W)
    assert isinstance(out, Value)
    assert out.data == pytest.approx(float(function(data(W))), rel=1e-13)
    out.backward()
    np.testing.assert_allclose(grads(W), numerical(function, data(W)), rtol=1e-6, atol=1e-8)


UNSUPPORTED: dict[str, Any] = {
    "round": np.round,
    "heaviside": lambda W: np.heaviside(W, 0.5),
    "interp": lambda W: np.interp(W, [0.0, 1.0], [0.0, 1.0]),
    "spectral norm": lambda W: np.linalg.norm(W, 2),
    "inv": lambda W: np.linalg.inv(W[:, :3]),
    "svd": np.linalg.svd,
    "fft": np.fft.fft,
    "dtype int": lambda W: np.array(W, dtype=int),
    "complex": lambda W: W * 1j,
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_numpy_cannot_do_with_objects_is_an_error_not_a_lost_graph(name: str) -> None:
    with pytest.raises(TypeError):
        UNSUPPORTED[name](matrix(3, 4))


def test_a_value_in_an_array_of_whole_numbers() -> None:
    counts, v = np.zeros(2, dtype=int), Value(2.5)
    message = (
        r"a Value in the place of an integer would lose its fraction and its graph: write int\(v.data\), "
        r"or make the array with values\(...\) or dtype=object"
    )
    for attempt in (lambda: counts.__setitem__(0, v), lambda: np.array([v], dtype=int), lambda: int(v)):
        with pytest.raises(OperandError, match=message):
            attempt()
    assert list(counts) == [0, 0]


def test_our_where_and_maximum_on_arrays_of_values() -> None:
    W = values([-1.0, 0.0, 2.0])
    assert list(data(where(W > 0, W, 0.0))) == [0, 0, 2]
    assert list(data(maximum(W, 0.0))) == [0, 0, 2]
    maximum(W, 0.0).sum().backward()
    assert list(grads(W)) == [0, 0.5, 1]
    v = Value(1.0)
    assert list(data(where(np.array([True, False]), v, 7))) == [1, 7]


# ------------------------------------------------------------------------------------- a learner's own network


def forward(x: Any, W1: Any, W2: Any) -> Any:
    """Written for floats: two layers of sigmoids, weights as columns."""

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    a1 = sigmoid(W1.T @ x)
    return W2.T @ a1


def test_a_forward_pass_written_for_floats_runs_unchanged() -> None:
    rng = np.random.default_rng(0)
    x, W1, W2 = rng.normal(size=(2, 1)), rng.normal(size=(2, 3)), rng.normal(size=(3, 1))
    V1, V2 = values(W1, "W1"), values(W2, "W2")
    out = forward(x, V1, V2)
    assert out.shape == (1, 1)
    np.testing.assert_allclose(data(out), forward(x, W1, W2), rtol=1e-14)
    loss = ((out - 1.0) ** 2).sum() / 2
    loss.backward()

    def plain(W: Any) -> float:
        return float(((forward(x, W, W2) - 1.0) ** 2).sum() / 2)

    np.testing.assert_allclose(grads(V1), numerical(plain, W1), rtol=1e-7, atol=1e-9)
    a1 = 1 / (1 + np.exp(-(W1.T @ x)))
    error = W2.T @ a1 - 1.0
    np.testing.assert_allclose(grads(V2), a1 @ error.T, rtol=1e-13)
    np.testing.assert_allclose(grads(V1), x @ (W2 @ error * a1 * (1 - a1)).T, rtol=1e-13)


@pytest.mark.filterwarnings("ignore:overflow encountered in exp:RuntimeWarning")  # numpy's, as for floats
def test_a_sigmoid_by_hand_far_out() -> None:
    W = values([-800.0, 0.0, 700.0])
    out = 1 / (1 + np.exp(-W))
    out.sum().backward()
    assert list(data(out)) == [0, 0.5, 1]
    assert grads(W)[1] == 0.25
    assert list(data(rules.sigmoid(W))) == [0, 0.5, 1], "ours overflows nowhere"
