"""numpy's own functions in a compiled function of single numbers: what they are in eager use, for every engine."""

import numpy as np
import pytest

from autograd import Tensor, clip, grads, norm, values, where
from autograd.compiler import compile
from autograd.errors import TraceError

ENGINES = ["numpy", "llvm", "jax"]
OF_ONE = {
    "where": lambda x: np.where(x > 0, x * x, -0.5 * x),
    "nested where": lambda x: np.where(x > 1, 2 * x, np.where(x < 0, 0.0, x)),
    "maximum": lambda x: np.maximum(x, 0.3) + np.maximum(0.1, x * x),
    "minimum": lambda x: np.minimum(0.3, x),
    "clip": lambda x: np.clip(x, 0.0, 1.0) + clip(x, None, 0.5) + np.clip(x, 0.2, None),
    "isnan": lambda x: where(np.isnan(x), 0.0, x),
    "isfinite": lambda x: np.where(np.isfinite(x) & (x > 0), x, 1.0),
    "isinf": lambda x: np.where(~np.isinf(x), x, 1.0),
    "signbit": lambda x: np.where(np.signbit(x), x, 3 * x),
    "nan_to_num": lambda x: np.nan_to_num(x, nan=2.0) * x,
    "logical": lambda x: np.where(np.logical_and(x > 0, np.logical_not(x > 1)) | np.logical_xor(x > 0, x > 2), x, 0.0),
    "greater": lambda x: np.where(np.greater(x, 0), x, 0.0) + np.where(np.less_equal(x, 1.0), x, 0.0),
    "equal": lambda x: np.where(np.equal(x, 1.5), 7 * x, x) + np.where(np.not_equal(x, 1.5), 7 * x, x),
    "select": lambda x: np.select([x > 1, x > 0], [x, 2 * x], 0.5 * x),
    "sign": lambda x: np.sign(x) * x + np.floor(x) * x + np.fabs(x),
    "others": lambda x: np.logaddexp(x, 0.0) + np.deg2rad(x) + np.float_power(np.abs(x), 2.5) + np.sinc(x),
    "reversed": lambda x: np.arctan2(1.0, x) + np.hypot(2.0, x) + np.float64(2.0) * x + np.divmod(x, 0.7)[1],
}  # fmt: skip
OF_SEVERAL = {
    "where": lambda x: np.where(x > 0, x * x, 0.5 * x).sum(),
    "maximum": lambda x: np.maximum(x, 0.3).sum() + np.maximum(x, x[::-1] * 0.9).sum(),
    "clip": lambda x: np.clip(x, 0.0, 1.0).sum() + x.clip(-0.2, 0.6).sum(),
    "nan": lambda x: np.where(np.isnan(x), 0.0, x).sum() + np.nansum(x * x) + np.nan_to_num(x).sum(),
    "masks": lambda x: ((x > 0) * x).sum() + ((x > 0) & (x < 1)).sum() + np.sum(x[0] == x),
    "any": lambda x: np.where(np.any(x > 2), x[0], 0.0) + np.where((x > -0.7).all(), x[1], 0.0),
    "max": lambda x: np.max(x) * np.min(x) + x.max() + np.ptp(x * x),
    "norms": lambda x: np.linalg.norm(x) + np.linalg.norm(x, 1) + np.linalg.norm(x, np.inf) + np.linalg.norm(x, 3),
    "std": lambda x: np.std(x) + x.std() + np.var(x),
    "logaddexp": lambda x: np.logaddexp(x, 0.0).sum() + np.logaddexp.reduce(x) + np.hypot(1.0, x).sum(),
}
FORMULAS = {**{f"one {name}": lambda x, f=f: sum(map(f, x)) for name, f in OF_ONE.items()}, **OF_SEVERAL}
ROWS = np.array([[1.5, -0.5, 0.25], [3.0, 0.75, -1.0], [0.0, 2.0, -0.125]])


def installed(engine):
    if engine != "numpy":
        pytest.importorskip({"llvm": "llvmlite"}.get(engine, engine))


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_values_are_those_of_eager_use(engine):
    installed(engine)
    step = compile(lambda x: [f(x) for f in FORMULAS.values()], engine=engine)
    wanted = [[float(f(values(row))) for f in FORMULAS.values()] for row in ROWS]
    np.testing.assert_allclose(step(ROWS), wanted, rtol=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_gradients_are_those_of_eager_use(engine):
    installed(engine)
    P, Q = values([1.25, 0.5, -0.75]), values([1.25, 0.5, -0.75])

    def loss(x, weights):
        return sum(k * f(x * weights) for k, f in enumerate(FORMULAS.values(), 1))

    compile(lambda x: loss(x, P), list(P), engine=engine)(ROWS)
    for row in ROWS:
        (loss(row, Q) / len(ROWS)).backward()
    np.testing.assert_allclose(grads(P), grads(Q), rtol=1e-11)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_parameter_alone_is_recorded_like_a_number_of_the_sample(name):
    P, Q = values([1.25, 0.5, -0.75]), values([1.25, 0.5, -0.75])
    compile(lambda x: x * FORMULAS[name](P), list(P), engine="numpy")(np.ones(2))
    FORMULAS[name](Q).backward()
    np.testing.assert_allclose(grads(P), grads(Q), rtol=1e-12)


@pytest.mark.parametrize(
    ("engine", "scale"),
    [*((engine, scale) for engine in ("numpy", "llvm") for scale in (1e200, 1e-200, 0.0, 1.0)), ("jax", 1e200)],
)
def test_lengths_do_not_leave_the_range_of_floats(engine, scale):
    installed(engine)
    x = scale * np.array([3.0, -4.0, 0.0])
    for f in (norm, np.linalg.norm, np.std):
        P, t = values(x), Tensor(x)
        found = compile(lambda s, f=f, P=P: f(P) * s, list(P), engine=engine)(np.ones(2))
        (wanted := f(t)).backward()
        np.testing.assert_allclose(found, wanted.item(), rtol=1e-14)
        np.testing.assert_allclose(grads(P), t.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x[x > 0].sum(), lambda x: np.where(x > 0)[0].sum() * x[0], lambda x: np.argmax(x) * x[0],
        lambda x: np.sort(x)[0], lambda x: np.allclose(x, 1.0) * x[0], lambda x: np.nanmean(x),
    ],
)  # fmt: skip
def test_what_asks_for_the_numbers_is_refused_in_a_sentence(function):
    with pytest.raises(TraceError, match="where"):
        compile(function, engine="numpy")(ROWS)


@pytest.mark.parametrize("engine", ["numpy", "llvm"])
def test_many_outputs_stand_side_by_side(engine):
    installed(engine)

    def f(x):
        return [(x * x).sum(), np.where(x > 1, 2 * x, np.where(x < 0, 0.25 * x, -0.5 * x)).sum(), np.sin(x[0])]

    wanted = [[float(each) for each in f(values(row))] for row in ROWS]
    np.testing.assert_allclose(compile(f, engine=engine)(ROWS), wanted, rtol=1e-13)


def test_the_length_of_nothing_and_bounds_in_lists():
    for carrier in (values, Tensor):
        x = carrier([1.5, -0.5, 0.25])
        assert (np.linalg.norm(x[:0]) + x[0]).item() == 1.5
        for bounded in (np.clip(x, [0.0, 1.0, 0.0], None), clip(x, [0.0, 1.0, 0.0], (9.0, 9.0, 9.0))):
            assert bounded.sum().item() == 2.75
    P = values([1.5, -0.5, 0.25])
    assert (
        compile(lambda: np.linalg.norm(P[:0]) + clip(P, [0.0, 1.0, 0.0], None).sum(), list(P), engine="numpy")() == 2.75
    )
    assert grads(P).tolist() == [1.0, 0.0, 1.0]
