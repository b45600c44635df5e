"""erf and erfc of arrays against those of `math`, over the whole line and at its edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, erf, erfc, gelu

both = pytest.mark.parametrize(("ours", "theirs"), [(erf, math.erf), (erfc, math.erfc)], ids=["erf", "erfc"])


def line() -> Any:
    """Numbers near 0 and far out, on both sides; those where one piece ends and the next begins."""
    rng = np.random.default_rng(0)
    tiny = 10.0 ** rng.uniform(-320, 1.43, size=5000)
    edges = np.nextafter([0.46875, 4.0, 0.5, 1.0, 26.0], np.array([[-np.inf], [np.inf]])).ravel()
    found = np.concatenate([tiny, edges, [0.46875, 4.0], rng.uniform(0, 6, 5000), rng.uniform(0, 26.5, 5000)])
    return np.concatenate([found, -found])


@both
def test_is_that_of_math(ours: Callable[..., Any], theirs: Callable[[float], float]) -> None:
    x = line()
    want = np.array([theirs(number) for number in x.tolist()])
    np.testing.assert_allclose(ours(x), want, rtol=1e-15, atol=1e-307)


def test_below_the_smallest_normal_float_a_few_steps_are_off() -> None:
    x = np.linspace(26.5, 27.5, 1001)
    want = np.array([math.erfc(number) for number in x.tolist()])
    np.testing.assert_allclose(erfc(x), want, rtol=1e-14, atol=1e-323)


@both
def test_ends_of_the_line_without_a_warning(ours: Callable[..., Any], theirs: Callable[[float], float]) -> None:
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 28.0, -28.0, 1e300, -1e300])
    with np.errstate(all="raise"):
        got = ours(x)
    np.testing.assert_array_equal(got, [theirs(number) for number in x.tolist()])
    assert np.signbit(got).tolist() == [math.copysign(1.0, theirs(number)) < 0 for number in x.tolist()]


@both
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (4,), (2, 3)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_shape_and_dtype_stay(ours: Callable[..., Any], theirs: Any, shape: tuple[int, ...], dtype: Any) -> None:
    x = np.linspace(-2.0, 5.0, int(np.prod(shape))).reshape(shape).astype(dtype)
    got = ours(x)
    assert (got.shape, got.dtype) == (shape, dtype)
    exact = np.array([theirs(float(number)) for number in x.ravel()]).reshape(shape).astype(dtype)
    np.testing.assert_allclose(got, exact, rtol=1e-15 if dtype == np.float64 else np.finfo(dtype).eps)
    t = ours(Tensor(x))
    assert (t.shape, t.dtype) == (shape, dtype)


def test_the_array_given_is_left_as_it_was() -> None:
    x = np.array([-5.0, -1.0, 0.1, 5.0])
    before = x.copy()
    erf(x), erfc(x), gelu(x)
    np.testing.assert_array_equal(x, before)


def test_whole_numbers_and_strides() -> None:
    assert erf(np.array([0, 1])).tolist() == pytest.approx([0.0, math.erf(1.0)], rel=1e-15)
    x = np.linspace(-3, 3, 24).reshape(4, 6)
    np.testing.assert_array_equal(erfc(x.T[::-1, ::2]), erfc(x).T[::-1, ::2])
