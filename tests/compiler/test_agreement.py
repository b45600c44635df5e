"""Every engine agrees with eager Values: each row of the table, awkward points, random programs, any batch length."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, hvp, where
from autograd.compiler import Step
from autograd.core.node import walk
from autograd.core.table import TABLE

from autograd.compiler import compile  # isort: skip

TOLERANCE = 1e-12
AWKWARD = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, 1e-300, -1e-300, 1e300, -1e300, 40.0, -40.0, 745.0, -745.0,
           math.inf, -math.inf, math.nan, 1.5, 3.0, 1e-9]  # fmt: skip


@pytest.fixture(params=["numpy", "llvm"])
def engine(request):
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    return request.param


def eager(loss, numbers, samples):
    """The outcome of the loop that a compiled step replaces: the loss and the gradient of each sample by itself."""
    losses, slopes = [], []
    for sample in samples:
        leaves = [Value(number) for number in numbers]
        out = loss(leaves, *sample)
        if isinstance(out, Value):
            out.backward()
        losses.append(float(out))
        slopes.append([leaf.grad for leaf in leaves])
    return np.array(losses), np.array(slopes).reshape(len(samples), len(numbers))


def close(got, wanted, scale=1.0, tolerance=TOLERANCE):
    got, wanted = np.asarray(got, dtype=float), np.asarray(wanted, dtype=float)
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    with np.errstate(all="ignore"):
        near = np.abs(got - wanted) <= tolerance * np.maximum(np.abs(wanted), scale)
    return bool(np.all(same | near))


def step_of(loss, numbers, engine, **options) -> tuple[Step, list[Value]]:
    leaves = [Value(number) for number in numbers]
    return compile(lambda *sample: loss(leaves, *sample), leaves, engine=engine, **options), leaves


@pytest.mark.parametrize("name", list(TABLE))
def test_rows_as_parameters(name, engine):
    """Numbers that do not depend on the sample: one by one, so that infinities and NaN stay apart."""
    row = TABLE[name]
    step, _ = step_of(lambda leaves: row(*leaves), [1.0] * row.arity, engine)
    for point in itertools.product(AWKWARD, repeat=row.arity):
        losses, slopes = eager(lambda leaves: row(*leaves), point, [()])
        value, gradient = step.value_and_grad(np.array(point))
        assert close(value, losses[0], 1e-300), (point, value, losses)
        assert close(gradient, slopes[0], 1e-300), (point, gradient, slopes)


@pytest.mark.parametrize("name", list(TABLE))
def test_rows_over_a_batch(name, engine):
    """Numbers of a sample, all awkward points in one batch; a weight of 1 for each makes the slopes visible."""
    row = TABLE[name]
    points = itertools.product(AWKWARD, repeat=row.arity)
    batch = np.array(list(points))
    forward = compile(lambda x: row(*x), engine=engine)(batch)
    wanted = [float(row(*map(Value, point))) for point in batch]
    assert close(forward, wanted, 1e-300, 2e-15 if engine == "numpy" else 4e-15), name

    count = len(batch)
    offsets = [0.0] * (count * row.arity)

    def slopes_of(leaves, x, chosen):  # the sum over the parameters picks one for each sample
        shift = [
            sum(where(chosen[k] > 0.5, leaves[k + j * count], 0.0) for k in range(count)) for j in range(row.arity)
        ]
        return row(*[each + s for each, s in zip(x, shift, strict=True)])

    if count <= 21:
        step, _ = step_of(slopes_of, offsets, engine, reduction="sum")
        _, gradient = step.value_and_grad(np.array(offsets), batch, np.eye(count))
        slopes = np.array([eager(lambda leaves: row(*leaves), point, [()])[1][0] for point in batch])
        assert close(gradient.reshape(row.arity, count).T, slopes, 1e-300), name


@pytest.mark.parametrize("n", range(1, 18))
def test_remainders(n, engine):
    rng = np.random.default_rng(n)
    X, Y = rng.normal(size=(n, 3)), rng.normal(size=n)
    theta = rng.normal(size=4)

    def loss(w, x, y):
        return (autograd.tanh(w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3]) - y) ** 2 + 0.1 * w[0] * w[1]

    step, _ = step_of(loss, theta, engine)
    losses, slopes = eager(loss, theta, list(zip(X, Y, strict=True)))
    value, gradient = step.value_and_grad(theta, X, Y)
    assert close(value, losses.mean())
    assert close(gradient, slopes.mean(axis=0))
    total, _ = step_of(loss, theta, engine, reduction="sum")
    value, gradient = total.value_and_grad(theta, X, Y)
    assert close(value, losses.sum(), 10)
    assert close(gradient, slopes.sum(axis=0), 10)


def test_a_branch_not_taken_leaves_no_trace(engine):
    """NUMERICS: where(x > 0, log x, 0) at 0 has value 0 and slope 0, not NaN."""

    def loss(w, x):
        shifted = x + w[0]
        return where(shifted > 0, autograd.log(shifted) * autograd.sqrt(shifted), w[1] * 2.0)

    X = np.array([0.0, -1.0, 2.0, 0.5, 0.0])
    step, _ = step_of(loss, [0.0, 3.0], engine)
    losses, slopes = eager(loss, [0.0, 3.0], [(x,) for x in X])
    value, gradient = step.value_and_grad(np.array([0.0, 3.0]), X)
    assert close(value, losses.mean())
    assert close(gradient, slopes.mean(axis=0))
    assert np.isfinite(gradient).all()


def test_nan_and_infinity_pass_through(engine):
    step, _ = step_of(lambda w, x: w[0] * x, [2.0], engine)
    assert math.isnan(step.value([2.0], np.array([1.0, math.nan])))
    assert step.value_and_grad(np.array([2.0]), np.array([1.0, math.inf]))[1][0] == math.inf
    # a sample that is not there must not be seen either: 9 samples leave lanes empty
    assert step.value(np.array([2.0]), np.ones(9)) == 2.0


UNARY = ["tanh", "sigmoid", "relu", "exp", "sin", "cos", "softplus", "square", "gelu", "silu", "abs", "arctan", "erf",
         "log_sigmoid", "negative", "arcsinh"]  # fmt: skip
BINARY = ["add", "subtract", "multiply", "maximum", "minimum", "hypot", "arctan2", "logaddexp"]


@st.composite
def programs(draw):
    """A list of steps: each applies a row to numbers made before, or selects between two of them."""
    steps = []
    for k in range(draw(st.integers(1, 14))):
        known = st.integers(0, 4 + k)
        kind = draw(st.sampled_from(["unary", "unary", "binary", "binary", "where"]))
        if kind == "unary":
            steps.append((draw(st.sampled_from(UNARY)), draw(known)))
        elif kind == "binary":
            steps.append((draw(st.sampled_from(BINARY)), draw(known), draw(known)))
        else:
            steps.append(("where", draw(known), draw(known), draw(known), draw(known)))
    return steps


def run(steps, leaves, x):
    numbers = [*leaves, *x]
    for name, *places in steps:
        operands = [numbers[k] for k in places]
        if name == "where":
            numbers.append(where(operands[0] > operands[1], operands[2], operands[3]))
        else:
            numbers.append(TABLE[name](*operands))
        numbers[-1] = autograd.tanh(numbers[-1]) + 0.25 * numbers[-2]  # keeps numbers of a readable size
    return numbers[-1]


def agrees(steps, seed):
    """Value, gradient and Hessian-vector product of a random program, by every engine.

    A result can be small because large numbers cancelled, and then it is as exact as those were. So the tolerance is
    relative to the largest number, local derivative or gradient anywhere in the eager graph.
    """
    rng = np.random.default_rng(seed)
    theta, X, direction = rng.normal(size=3), rng.normal(size=(11, 2)), rng.normal(size=3)
    losses, slopes, scale = [], [], 1.0
    for x in X:
        leaves = [Value(number) for number in theta]
        out = run(steps, leaves, list(x))
        if isinstance(out, Value):
            out.backward()
            scale = max(scale, *(abs(n) for node, _ in walk(out) for n in (node.data, node.grad, *known(node))))
        losses.append(float(out))
        slopes.append([leaf.grad for leaf in leaves])
    products = []
    for engine in engines():
        step, _ = step_of(lambda leaves, x: run(steps, leaves, list(x)), theta, engine)
        value, gradient = step.value_and_grad(theta, X)
        assert close(value, np.mean(losses), scale), engine
        assert close(gradient, np.mean(slopes, axis=0), scale), engine
        products.append(step.hvp(theta, direction, X))
    exact = hvp(lambda p: sum(run(steps, p, x) for x in X.tolist()) / len(X), theta.tolist(), direction.tolist())
    for product in products:  # a second derivative is made of products of two local derivatives
        assert close(product, exact, scale**2), exact


def known(node):
    return [partial for partial in node.partials if not math.isnan(partial)]


@given(programs(), st.integers(0, 2**31))
def test_random_programs(steps, seed):
    agrees(steps, seed)


@pytest.mark.long
@settings(max_examples=2000)
@given(programs(), st.integers(0, 2**31))
def test_two_thousand_random_programs(steps, seed):
    agrees(steps, seed)


def engines():
    try:
        import llvmlite  # noqa: F401
    except ImportError:
        return ["numpy"]
    return ["numpy", "llvm"]
