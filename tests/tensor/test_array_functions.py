"""Every function on arrays: numpy's value, central differences to second order, forward = reverse, dtype and shape."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from autograd import OperandError, ShapeError, Tensor, compile, grad, grads, hessian, hvp, jvp, values, vjp
from autograd.core import table as rules
from autograd.tensor import rules as array_rules
from autograd.tensor.rules import ARRAY_TABLE, ArrayRule
from tests.support import domain
from tests.tensor.tensor_cases import CASES, NUMPY, OURS, SHAPES_OF_PAIRS, Case

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def weighted(case: Case, run: Any) -> Any:
    """A number to differentiate: the results, each with a weight of its own, bent so that second derivatives count."""
    shape = np.shape(case.run(NUMPY, *case.inputs()))
    weights = np.cos(np.arange(np.prod(shape)).reshape(shape) + 1.0)

    def total(*xs: Any) -> Any:
        out = run(*xs)
        return OURS.sum(weights * out + 0.5 * out * out)

    return total


def slopes(f: Any, xs: list[Any], k: int, step: float = 1e-6) -> Any:
    """Central differences of a number, to argument k."""
    found = np.zeros(xs[k].shape)
    for place in np.ndindex(xs[k].shape):
        sides = []
        for sign in (1.0, -1.0):
            moved = xs[k].copy()
            moved[place] += sign * step
            sides.append(np.asarray(f(*xs[:k], moved, *xs[k + 1 :])))
        found[place] = (sides[0] - sides[1]) / (2 * step)
    return found


@every_case
def test_values_are_numpys(case: Case) -> None:
    xs = case.inputs()
    want = case.run(NUMPY, *xs)
    for got in (case.run(OURS, *xs), case.run(OURS, *map(Tensor, xs)).data):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


@every_case
def test_gradients_are_the_slopes(case: Case) -> None:
    xs = case.inputs()
    total = weighted(case, lambda *xs: case.run(OURS, *xs))
    tensors = [Tensor(x) for x in xs]
    total(*tensors).backward()
    for k, (x, t) in enumerate(zip(xs, tensors, strict=True)):
        assert t.grad.shape == x.shape
        assert t.grad.dtype == x.dtype
        np.testing.assert_allclose(t.grad, slopes(total, xs, k), rtol=2e-7, atol=2e-8)


@every_case
def test_second_derivatives_forward_and_reverse(case: Case) -> None:
    xs = case.inputs()
    total = weighted(case, lambda *xs: case.run(OURS, *xs))
    rng = np.random.default_rng(0)
    for k, x in enumerate(xs):
        v = rng.normal(size=x.shape)
        f = lambda x, k=k: total(*xs[:k], x, *xs[k + 1 :])  # noqa: E731
        over = hvp(f, x, v)  # forward over reverse
        back = grad(lambda x, f=f, v=v: OURS.sum(grad(f)(x) * v))(x)  # reverse over reverse
        np.testing.assert_allclose(over, back, rtol=1e-10, atol=1e-12)
        h = 1e-6
        np.testing.assert_allclose(over, (grad(f)(x + h * v) - grad(f)(x - h * v)) / (2 * h), rtol=1e-6, atol=1e-7)


@every_case
def test_forward_is_reverse(case: Case) -> None:
    xs = case.inputs()
    rng = np.random.default_rng(1)
    tangents = [rng.normal(size=x.shape) for x in xs]
    out, pushed = jvp(lambda *xs: case.run(OURS, *xs), xs, tangents)
    cotangent = rng.normal(size=np.shape(out))
    _, pull = vjp(lambda *xs: case.run(OURS, *xs), *xs)
    pulled = sum(np.vdot(g, t) for g, t in zip(pull(cotangent), tangents, strict=True))
    assert np.vdot(cotangent, pushed) == pytest.approx(pulled, rel=1e-10, abs=1e-12)


@every_case
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", ["F", "strided"])
def test_dtype_and_shape_are_those_of_the_data(case: Case, dtype: Any, layout: str) -> None:
    xs = case.inputs(dtype)
    laid = [np.array(x, order="F") if layout == "F" else np.repeat(x[None], 2, 0)[::2][0] for x in xs]
    tensors = [Tensor(x) for x in laid]
    out = case.run(OURS, *tensors)
    assert out.dtype == dtype
    out.sum().backward()
    for t, x in zip(tensors, xs, strict=True):
        assert (t.grad.shape, t.grad.dtype) == (x.shape, dtype)
    reference = [Tensor(x.astype(np.float64)) for x in xs]
    case.run(OURS, *reference).sum().backward()
    for t, r in zip(tensors, reference, strict=True):
        np.testing.assert_allclose(t.grad, r.grad, rtol=2e-4 if dtype == np.float32 else 1e-12, atol=2e-5)


@pytest.mark.parametrize("rule", [r for r in rules.TABLE.values() if r.arity == 2], ids=lambda rule: rule.name)
def test_broadcasting_is_undone(rule: Any) -> None:
    rng = np.random.default_rng(2)
    for left, right in SHAPES_OF_PAIRS:
        x, y = (rng.uniform(*d, size=s) for s, d in zip((left, right), domain(rule), strict=True))
        s, t = Tensor(x), Tensor(y)
        out = rule(s, t)
        assert out.shape == np.broadcast_shapes(left, right)
        out.sum().backward()
        full = np.broadcast_arrays(x, y)
        u, v = Tensor(full[0]), Tensor(full[1])
        rule(u, v).sum().backward()
        for small, wide in ((s, u), (t, v)):
            assert small.grad.shape == small.shape
            np.testing.assert_allclose(small.grad, array_rules.unbroadcast(wide.grad, small.shape), rtol=1e-12)


@given(
    st.data(),
    nps.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3, min_side=0),
    st.sampled_from([np.float32, np.float64]),
)
def test_any_two_shapes(data: Any, shapes: Any, dtype: Any) -> None:
    x, y = (np.linspace(0.5, 1.5, int(np.prod(s))).reshape(s).astype(dtype) for s in shapes.input_shapes)
    axis = data.draw(st.sampled_from([None, *range(-len(shapes.result_shape), len(shapes.result_shape))]))
    keepdims = data.draw(st.booleans())
    s, t = Tensor(x), Tensor(y)
    out = (s * t + s.tanh() / t).sum(axis=axis, keepdims=keepdims)
    assert out.shape == (x * y).sum(axis=axis, keepdims=keepdims).shape
    out.sum().backward()
    for node in (s, t):
        assert (node.grad.shape, node.grad.dtype) == (node.shape, dtype)
    want = array_rules.unbroadcast(np.broadcast_to(y + (1 - np.tanh(x) ** 2) / y, shapes.result_shape), x.shape)
    np.testing.assert_allclose(s.grad, want, rtol=1e-5 if dtype == np.float32 else 1e-12)


@given(st.data(), nps.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
def test_any_index(data: Any, shape: Any) -> None:
    x = np.arange(float(np.prod(shape))).reshape(shape)
    index = data.draw(
        nps.basic_indices(shape, allow_newaxis=True)
        | nps.integer_array_indices(shape)
        | nps.arrays(bool, shape)
        | st.tuples(nps.arrays(np.intp, 40, elements=st.integers(-shape[0], shape[0] - 1)))
    )
    t = Tensor(x)
    out = t[index]
    want = np.asarray(x[index])
    np.testing.assert_array_equal(out.data, want)
    weights = np.cos(np.arange(want.size)).reshape(want.shape)
    out.backward(weights)
    expected = np.zeros(shape)
    np.add.at(expected, index, weights)
    np.testing.assert_allclose(t.grad, expected, atol=1e-14)


@given(
    nps.arrays(
        np.float64, st.tuples(st.integers(1, 3), st.integers(1, 4)), elements=st.sampled_from([0.0, -2.0, 0.5, 3.0])
    )
)
def test_the_product_of_the_others_is_exact_at_zeros(x: Any) -> None:
    t = Tensor(x)
    t.prod(axis=1).sum().backward()
    others = np.array([[np.prod(np.delete(row, k)) for k in range(len(row))] for row in x])
    np.testing.assert_array_equal(t.grad, others)
    second = grad(lambda y: OURS.sum(grad(lambda z: OURS.sum(OURS.prod(z, axis=1)))(y)))(x)
    pairs = np.array(
        [
            [sum(np.prod(np.delete(row, (k, j))) for j in range(len(row)) if j != k) for k in range(len(row))]
            for row in x
        ]
    )
    np.testing.assert_array_equal(second, pairs)


# --------------------------------------------------------------------------------------------- awkward points


def gradient_of(run: Any, x: Any) -> Any:
    t = Tensor(x)
    run(t).sum().backward()
    return t.grad.tolist()


def test_ties_are_shared() -> None:
    assert gradient_of(lambda t: t.max(), [1.0, 3.0, 3.0]) == [0.0, 0.5, 0.5]
    assert gradient_of(lambda t: t.min(axis=0), [[2.0, 1.0], [2.0, 5.0]]) == [[0.5, 1.0], [0.5, 0.0]]


def test_lengths_of_zero_have_slope_zero() -> None:
    assert gradient_of(lambda t: t.norm(), [0.0, 0.0]) == [0.0, 0.0]
    assert gradient_of(lambda t: t.norm(axis=1), [[0.0, 0.0], [3.0, 4.0]]) == [[0.0, 0.0], [0.6, 0.8]]
    assert gradient_of(lambda t: t.std(), [2.0, 2.0, 2.0]) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1.0, 1e160, 1e300])
def test_lengths_of_any_size(scale: float) -> None:
    t = Tensor([3.0 * scale, -4.0 * scale])
    t.norm().backward()
    assert t.norm().item() == pytest.approx(5.0 * scale, rel=1e-15)
    np.testing.assert_allclose(t.grad, [0.6, -0.8], rtol=1e-15)


def test_logsumexp_and_softmax_far_out() -> None:
    assert gradient_of(lambda t: t.logsumexp(), [-np.inf, -np.inf]) == [0.0, 0.0]
    assert Tensor([-np.inf, -np.inf]).logsumexp().item() == -np.inf
    assert gradient_of(lambda t: t.logsumexp(), [1000.0, -1000.0]) == [1.0, 0.0]
    assert Tensor([1000.0, -1000.0]).log_softmax().data.tolist() == [0.0, -2000.0]
    assert Tensor([1e10, 1e10 + 1]).log_softmax().data[1] == pytest.approx(-np.log1p(np.exp(-1)), rel=1e-14)
    assert Tensor([0.0, -np.inf]).softmax().data.tolist() == [1.0, 0.0]


def test_where_selects() -> None:
    with np.errstate(divide="ignore"):
        assert gradient_of(lambda t: OURS.where(t > 0, t.log(), 0.0), [0.0, 2.0]) == [0.0, 0.5]


def test_empty_arrays() -> None:
    empty = Tensor(np.zeros((0, 3)))
    assert empty.sum().item() == 0.0
    assert empty.prod(axis=0).data.tolist() == [1.0, 1.0, 1.0]
    for out in (empty.sum(), empty.prod(axis=0).sum(), (empty * 2).tanh().sum(axis=0).sum(), empty.norm()):
        empty.grad = None
        out.backward()
        assert empty.grad.shape == (0, 3)
    with pytest.raises(ValueError, match="zero-size"):
        empty.max()
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert np.isnan(empty.mean().item())


# -------------------------------------------------------------------------------------------- the checks check


@pytest.mark.parametrize(
    "wrong",
    [
        ArrayRule(
            "sum", lambda x: np.sum(x), lambda g, out, x: -array_rules.broadcast_to(g, shape=x.shape), kind="linear"
        ),
        ArrayRule(
            "sum",
            lambda x: np.sum(x),
            lambda g, out, x: array_rules.broadcast_to(g, shape=x.shape) * 2.0,
            kind="linear",
        ),
        ArrayRule("sum", lambda x: np.sum(x), lambda g, out, x: None, kind="linear"),
    ],
    ids=["sign", "factor", "forgotten"],
)
def test_a_wrong_rule_is_caught(wrong: Any) -> None:
    case = Case("planted", lambda F, x: wrong(x), ((3,),))
    with pytest.raises(AssertionError):
        test_gradients_are_the_slopes(Case("planted", lambda F, x: F.sum(x) if F is NUMPY else wrong(x), case.shapes))


def test_a_rule_wrong_in_second_order_only_is_caught() -> None:
    frozen = ArrayRule(
        "cube", lambda x: x**3, lambda g, out, x: g * (3 * array_rules.plain_array(x) ** 2), kind="general",
        push=lambda tangents, out, x: tangents[0] * (3 * array_rules.plain_array(x) ** 2),
    )  # fmt: skip
    case = Case("frozen", lambda F, x: x**3 if F is NUMPY else frozen(x), ((3,),))
    test_gradients_are_the_slopes(case)
    with pytest.raises(AssertionError):
        test_second_derivatives_forward_and_reverse(case)


def test_every_row_is_in_a_case() -> None:
    seen: set[str] = set()
    for case in CASES:
        stack = [case.run(OURS, *map(Tensor, case.inputs()))]
        while stack:
            node = stack.pop()
            seen.add(node.op)
            stack += node.operands
    assert {rule.name for rule in ARRAY_TABLE.values()} - seen == {"astype"}


def test_astype() -> None:
    t = Tensor([1.0, 2.0], dtype=np.float32)
    (t.astype(np.float64) ** 2).sum().backward()
    assert t.grad.dtype == np.float32
    assert t.grad.tolist() == [2.0, 4.0]
    with pytest.raises(OperandError, match=r"int64 numbers have no derivative; .* t\.data\.astype\(dtype\)"):
        t.astype(int)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda t: OURS.split(t, 2), r"split\(\) cuts into equal parts, 3 elements do not make 2: use array_split"),
        (lambda t: OURS.squeeze(t, 0), "squeeze.. drops axes of length 1; axis 0 of shape .3, 4. has length 3"),
        (lambda t: OURS.transpose(t, (0, 2)), "an array of 2 axes has no axis 2"),
        (lambda t: OURS.stack([t, t[0]]), r"stack\(\) joins arrays of one shape, got \(3, 4\), \(4,\)"),
        (lambda t: OURS.tensordot(t, t, 1), "sums over axes of equal length"),
        (lambda t: OURS.einsum("ij,jk", t), "names 2 operands, got 1"),
        (lambda t: OURS.einsum("ijk", t), "'ijk' names 3 axes, the operand has shape .3, 4."),
        (lambda t: OURS.tril(t[0]), "a triangle is of a matrix"),
        (lambda t: OURS.average(t, weights=np.ones(3)), "weights have the shape of the array"),
        (lambda t: OURS.take_along_axis(t, [0], 1), "as many axes as the array, 2, got 1"),
    ],
)
def test_wrong_shapes_say_what_is_wanted(run: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        run(Tensor(np.ones((3, 4))))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda t: OURS.norm(t, "nuc"), "norm.ord='nuc'. over 2 axes is not here"),
        (lambda t: OURS.where(t, 1.0, 0.0), "expects a condition such as t > 0, an array of bools, got a Tensor"),
        (lambda t: t[t], "an index is made of whole numbers or bools, got a Tensor"),
        (lambda t: OURS.pad(t, 1, mode="linear_ramp"), "fills with one number"),
        (lambda t: OURS.einsum(t, [0, 1]), "takes the subscripts as text first"),
    ],
)
def test_wrong_operands_say_what_is_wanted(run: Any, message: str) -> None:
    with pytest.raises(OperandError, match=message):
        run(Tensor(np.ones((3, 4))))


@pytest.mark.parametrize("order", [0.5, 1, 1.5, 2, 3, np.inf])
def test_the_norm_of_zeros_has_slope_0_whatever_its_order(order: float) -> None:
    zeros, rows = np.zeros(2), np.array([[0.0, 0.0], [0.0, 1.0]])
    assert grad(lambda x: np.linalg.norm(x, order))(zeros).tolist() == [0.0, 0.0]
    assert hessian(lambda x: np.linalg.norm(x, order))(zeros).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert grad(lambda x: np.linalg.norm(x, order, axis=1).sum())(rows).tolist() == [[0.0, 0.0], [0.0, 1.0]]
    V, T = values(rows), Tensor(rows)
    np.linalg.norm(V, order, axis=1).sum().backward()
    compile(lambda: np.linalg.norm(T, order, axis=1).sum(), [T])()
    assert grads(V).tolist() == T.grad.tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert np.isnan(np.linalg.norm(Tensor([np.nan, 1.0]), order).data)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_of_elements_is_numpys(order: str) -> None:
    at = np.arange(6.0).reshape(2, 3)
    for function in (
        lambda x: x.reshape(3, -1, order=order),
        lambda x: np.reshape(x, (-1, 2), order=order),
        lambda x: x.flatten(order),
        lambda x: np.ravel(x, order),
    ):
        x = Tensor(at)
        out = function(x)
        np.testing.assert_array_equal(out.data, function(at))
        (out.ravel() * np.arange(6.0)).sum().backward()
        wanted = np.empty(6)
        wanted[function(at).ravel().astype(int)] = np.arange(6.0)
        np.testing.assert_array_equal(x.grad, wanted.reshape(2, 3))
    with pytest.raises(OperandError, match='"C" or "F"'):
        Tensor(at).ravel("A")
