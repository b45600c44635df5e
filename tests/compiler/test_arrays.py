"""Compiled functions of whole arrays agree with eager Tensors: value, gradient, second derivative, on every engine."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nn
from autograd import Tensor, hvp, leaky_relu, log_softmax, no_grad, primitive, relu, sigmoid, where
from autograd.compiler import compile
from autograd.core.table import TABLE
from tests.tensor.tensor_cases import CASES, OURS

TOLERANCE = 1e-12
AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, -1e300, 40.0, -745.0, np.inf, -np.inf, np.nan, 3.0]


def eager(loss, parameters, *arguments):
    """The value and the gradients of an eager call."""
    for p in parameters:
        p.grad = None
    with np.errstate(all="ignore"):
        out = loss(*arguments)
        if isinstance(out, Tensor):
            out.backward()
    return (out.item() if isinstance(out, Tensor) else float(out)), [p.grad for p in parameters]


def close(got, wanted, tolerance=TOLERANCE):
    """Equal to a relative error, infinities and NaN in the same places."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    scale = np.maximum(np.abs(wanted), 1.0)
    with np.errstate(all="ignore"):
        return bool(
            np.all((got == wanted) | (np.isnan(got) & np.isnan(wanted)) | (abs(got - wanted) <= tolerance * scale))
        )


def agrees(loss, parameters, *arguments):
    """Hold a compiled loss against the eager one."""
    value, slopes = eager(loss, parameters, *arguments)
    step = compile(loss, parameters, engine="numpy", arrays=True)
    for p in parameters:
        p.grad = None
    got = step(*arguments)
    assert close(got, value), (got, value, step.source)
    for p, slope in zip(parameters, slopes, strict=True):
        assert p.grad.dtype == p.data.dtype
        assert close(p.grad, slope), (p.grad, slope, step.source)
    return step


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_computation_on_arrays(case):
    parameters = [Tensor(x) for x in case.inputs()]
    with no_grad():
        weights = np.cos(np.arange(case.run(OURS, *parameters).size, dtype=float))

    def loss():
        return (case.run(OURS, *parameters).reshape(-1) * weights).sum()

    step = agrees(loss, parameters)
    theta = step.pack()
    v = np.sin(np.arange(theta.size) + 1.0)
    directions = np.split(v, np.cumsum([p.size for p in parameters])[:-1])
    arrays = [p.data for p in parameters]

    def of(given):
        return (case.run(OURS, *given).reshape(-1) * weights).sum()

    directions = [d.reshape(x.shape) for d, x in zip(directions, arrays, strict=True)]
    second = hvp(of, list(arrays), directions)
    assert close(step.hvp(theta, v), np.concatenate([np.ravel(part) for part in second]), 1e-11)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_computation_on_arguments(case):
    arrays = case.inputs()
    got = compile(lambda *xs: case.run(OURS, *xs), arrays=True)(*arrays)
    with no_grad():
        wanted = case.run(OURS, *map(Tensor, arrays)).data
    assert close(got, wanted)


@pytest.mark.parametrize("name", list(TABLE))
def test_every_row_of_the_table(name):
    row = TABLE[name]
    points = np.array(list(itertools.product(AWKWARD, repeat=row.arity))).T
    parameters = [Tensor(column) for column in points]
    step = compile(lambda: where(np.isfinite(points[0]), row(*parameters), 0.0).sum(), parameters)
    assert step.source
    outputs = compile(lambda *xs: row(*xs), arrays=True)(*points)
    with np.errstate(all="ignore"):
        out = row(*parameters)
        out.backward(np.ones(out.shape))
    assert close(outputs, out.data)
    compiled = compile(lambda weights: (row(*parameters) * weights).sum(), parameters)
    slopes = [p.grad for p in parameters]
    for place in range(points.shape[1]):  # one point at a time: an infinite value elsewhere makes the sum NaN
        here = [Tensor(column[place : place + 1]) for column in points]
        single = compile(lambda here=here: row(*here).sum(), here)
        _, gradient = single.value_and_grad(single.pack())
        assert close(gradient, [slope[place] for slope in slopes]), (points[:, place], single.source)
        if place > 30:
            break
    del compiled


def network(sizes=(5, 7, 6, 3), activation=np.tanh, seed=0):
    """A small network of labelled Tensors, its loss and a batch."""
    rng = np.random.default_rng(seed)
    parameters = []
    for k, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
        parameters += [Tensor(rng.normal(size=(inputs, outputs)), f"W{k}"), Tensor(rng.normal(size=outputs), f"b{k}")]

    def loss(X, Y):
        a = X
        for k in range(0, len(parameters), 2):
            z = a @ parameters[k] + parameters[k + 1]
            a = activation(z) if k < len(parameters) - 2 else z
        return -log_softmax(a, axis=1)[np.arange(len(X)), Y].mean()

    return loss, parameters, rng.normal(size=(8, sizes[0])), rng.integers(0, sizes[-1], 8)


@pytest.mark.parametrize("activation", [np.tanh, relu, sigmoid, leaky_relu, lambda z: where(z > 0, z, z * 0.1)])
def test_a_network(activation):
    loss, parameters, X, Y = network(activation=activation)
    step = agrees(loss, parameters, X, Y)
    other = np.concatenate([X, X[:3] * 2]), np.concatenate([Y, Y[:3]])
    for p in parameters:
        p.data = p.data * 0.5  # read afresh at each call
    value, slopes = eager(loss, parameters, *other)
    for p in parameters:
        p.grad = None
    assert close(step(*other), value)
    assert len(step.traces) == 2
    step(*other)
    assert all(close(p.grad, 2 * slope) for p, slope in zip(parameters, slopes, strict=True))


def test_the_functional_form():
    loss, parameters, X, Y = network()
    step = compile(loss, parameters)
    theta = step.pack()
    value, slopes = eager(loss, parameters, X, Y)
    got, gradient = step.value_and_grad(theta, X, Y)
    assert close(got, value)
    assert close(gradient, np.concatenate([slope.ravel() for slope in slopes]))
    assert close(step.value(theta, X, Y), value)
    hessian = step.hessian(theta, X, Y)
    assert close(hessian, hessian.T, 1e-10)
    assert close(hessian @ theta, step.hvp(theta, theta, X, Y), 1e-10)
    step.unpack(theta * 2)
    assert close(step.pack(), theta * 2)


def test_float32_stays_float32():
    W = Tensor(np.ones((3, 2), np.float32), "W")
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    step = agrees(lambda X: relu(X @ W).sum() / 2, [W], x)
    assert "astype" not in step.source


def test_arguments_in_tuples_and_dicts():
    W = Tensor([1.0, 2.0], "W")
    step = agrees(lambda pair, named: (pair[0] * W + named["b"]).sum(), [W], ([1.0, 2.0], 3), {"b": np.ones(2)})
    assert step(([1.0, 2.0], 3), {"b": np.ones(2)}) == 7.0


def test_results_keep_their_structure():
    step = compile(lambda X: {"double": 2 * X, "parts": [X.sum(), X.max()]}, arrays=True)
    out = step(np.array([1.0, 3.0]))
    assert out["double"].tolist() == [2.0, 6.0]
    assert [float(part) for part in out["parts"]] == [4.0, 3.0]


def test_integers_and_conditions_as_arguments():
    E = Tensor(np.arange(12.0).reshape(4, 3), "E")
    words = np.array([[1, 3], [1, 1]])
    agrees(lambda words: (E[words] ** 2).sum(), [E], words)
    agrees(lambda words: np.take(E, words + 0, axis=0).prod(), [E], words % 2)
    keep = np.array([True, False, True])
    agrees(lambda keep: where(keep & (E[0] < 1.5), E[1], 0.0).sum(), [E], keep)
    accuracy = compile(lambda Z, Y: (np.argmax(Z, axis=1) == Y).astype(float).mean(), arrays=True)
    assert accuracy(np.eye(3), np.array([0, 1, 1])) == pytest.approx(2 / 3)


@pytest.mark.parametrize("mask", [
    lambda m: m * -1.0, lambda m: -1.0 * m, lambda m: m / -1.0, lambda m: 0.0 - m, lambda m: m * 1.0 + m * 1.0,
    lambda m: (m + 0.0) + (m + 0.0),
])  # fmt: skip
def test_truths_in_arithmetic_are_numbers(mask):
    """A fuzz found it: -1.0 * mask was simplified to the negative of truths, which numpy refuses."""
    x = np.array([-1.0, 0.5])
    np.testing.assert_array_equal(compile(lambda x: mask(x > 0), arrays=True)(x), mask(x > 0))


def test_captured_tensors_are_read_afresh():
    W, scale = Tensor([1.0, 2.0], "W"), Tensor(3.0, "scale")
    step = compile(lambda X: (X * W * scale).sum(), [W])
    assert step([1.0, 1.0]) == 9.0
    scale.data = np.array(2.0)
    assert step([1.0, 1.0]) == 6.0
    assert scale.grad == 0.0


def test_what_was_recorded_outside_comes_along():
    W = Tensor([1.0, 2.0], "W")
    penalty = (W * W).sum()
    agrees(lambda X: (X * W).sum() + penalty, [W], np.array([1.0, -1.0]))


def test_gradients_share_no_memory():
    V, W = Tensor([1.0, 2.0], "V"), Tensor([3.0, 4.0], "W")
    X = np.array([5.0, 6.0])
    compile(lambda X: (X * V).sum() + W.sum() + (X * W).sum() * 0, [V, W])(X)
    V.grad[0] = 99.0
    assert X[0] == 5.0
    U = Tensor([1.0], "U"), Tensor([1.0], "T")
    compile(lambda: (U[0] * 2 + U[1] * 2).sum(), U)()
    U[0].grad[0] = 7.0
    assert U[1].grad[0] == 2.0


def test_detach_and_no_grad_cut_the_derivative():
    W = Tensor([1.0, 2.0], "W")
    agrees(lambda: (W * W.detach()).sum(), [W])

    def half():
        with no_grad():
            frozen = W * 3
        return (W * frozen).sum()

    agrees(half, [W])


def test_a_primitive_of_ones_own():
    @primitive(lambda x: 3 * x * x)
    def cube(x):
        return x * x * x

    W = Tensor([1.0, -2.0], "W")
    agrees(lambda: cube(W).sum(), [W])


def test_what_a_where_stops_is_not_nan():
    W = Tensor([0.0, 4.0], "W")
    agrees(lambda: where(W > 1, W.sqrt(), 0.0).sum(), [W])
    agrees(lambda: where(W > 1, 1 / W, W).sum(), [W])


@pytest.mark.parametrize("classes", [np.array([0, 2, 1, 1]), np.eye(3)[[0, 2, 1, 1]]])
def test_a_model_of_nn(classes):
    model = nn.Sequential(nn.Linear(4, 8, seed=0), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 3, seed=1))
    X = np.random.default_rng(0).normal(size=(4, 4))
    step = agrees(lambda X, Y: nn.cross_entropy(model(X), Y), list(model.parameters()), X, classes)
    assert "def value_and_grad(weight_0, bias_0, weight_2, bias_2, weight_3, bias_3, X, Y):" in step.source
    assert close(compile(model)(X), model(X).data)


# --------------------------------------------------------------------------------------------- random programs

UNARY = ["tanh", "sigmoid", "sin", "relu", "softplus", "square", "negative", "softmax", "log_softmax"]
BINARY = ["add", "subtract", "multiply", "maximum", "hypot", "matmul", "where"]


@st.composite
def programs(draw):
    """A list of steps over a growing list of 3 × 3 arrays, rows and columns."""
    steps = []
    for count in range(3, 3 + draw(st.integers(1, 12))):
        name = draw(st.sampled_from(UNARY + BINARY + ["transpose", "sum", "spread", "part", "join"]))
        steps.append((name, draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))))
    return steps


def run(steps, values):
    values = list(values)
    for name, i, j in steps:
        x, y = values[i], values[j]
        if name == "transpose":
            out = x.T
        elif name == "sum":
            out = x.sum(axis=0)
        elif name == "spread":
            out = x.mean(axis=-1, keepdims=True) * y
        elif name == "part":
            out = x[..., ::-1] * 0.5
        elif name == "join":
            out = np.concatenate([x * np.ones((3, 3)), y * np.ones((3, 3))], axis=0)[1:4]
        elif name == "where":
            out = where(x > y, x * np.ones((3, 3)), y)
        elif name == "matmul":
            out = np.tanh(OURS.matmul(x * np.ones((3, 3)), y * np.ones((3, 3))))
        elif name in UNARY:
            out = getattr(OURS, name)(x) if name not in ("square",) else np.tanh(x) ** 2
        else:
            out = np.tanh(getattr(OURS, name)(x, y))
        if len(out.shape) == 0:
            out = out * np.ones(3)
        values.append(out)
    return sum((v * (k + 1)).sum() for k, v in enumerate(values[-3:]))


@settings(deadline=None, max_examples=150)
@given(programs())
def test_random_programs(steps):
    rng = np.random.default_rng(len(steps))
    A, b = Tensor(rng.normal(size=(3, 3)), "A"), Tensor(rng.normal(size=3), "b")
    X = rng.normal(size=(3, 3))
    agrees(lambda X: run(steps, [A, b, X]), [A, b], X)
