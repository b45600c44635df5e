"""How numbers are written, and the colour scale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.drawing import colour
from autograd.drawing.colour import Scale, fit, number


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-2.5, "−2.5"), (0.1 + 0.2, "0.3"), (1234.0, "1234"), (9994.0, "9994"),
        (9999.6, "1e4"), (12345.6, "1.23e4"), (0.001, "0.001"), (0.00123456, "0.00123"), (0.0009996, "0.001"),
        (0.00099, "9.9e−4"), (1e-5, "1e−5"), (-1.5e-7, "−1.5e−7"), (5e-324, "4.94e−324"), (1.7e308, "1.7e308"),
        (math.nan, "NaN"), (math.inf, "Inf"), (-math.inf, "−Inf"), (100.0, "100"), (2e300, "2e300"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(x: float, text: str) -> None:
    assert number(x) == text


@pytest.mark.parametrize(("digits", "text"), [(1, "0.1"), (2, "0.12"), (6, "0.123457"), (17, "0.12345678900000000")])
def test_digits(digits: int, text: str) -> None:
    assert number(0.123456789, digits) == text.rstrip("0")


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 17))
def test_a_number_reads_back_to_its_digits(x: float, digits: int) -> None:
    back = float(number(x, digits).replace("−", "-"))
    assert (back == 0) == (x == 0)
    assert math.isclose(back, x, rel_tol=5.001 * 10.0**-digits, abs_tol=1e-323) or math.isinf(back)


def test_seventeen_digits_lose_nothing() -> None:
    assert float(number(0.1 + 0.2, 17)) == 0.1 + 0.2


def luminance(hexadecimal: str) -> float:
    """Relative luminance as WCAG defines it."""
    parts = [int(hexadecimal[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_can_be_read_on_every_colour() -> None:
    assert min(contrast(fill, colour.text_on(step)) for step, fill in enumerate(colour.STEPS)) >= 5
    assert contrast(colour.ALARM, colour.DARK_TEXT) >= 5
    assert contrast(colour.ZERO, colour.DARK_TEXT) >= 5


def test_more_gradient_is_darker() -> None:
    shades = [luminance(fill) for fill in colour.STEPS]
    assert shades == sorted(shades, reverse=True)


@pytest.mark.parametrize("background", ["#ffffff", "#1e1e1e"])
def test_what_stands_on_the_background_can_be_seen_on_white_and_on_black(background: str) -> None:
    assert contrast(colour.GREY, background) >= 3.9
    assert contrast(colour.LINE, background) >= 3


def test_the_scale_is_logarithmic_and_ends_at_its_ends() -> None:
    scale = Scale(1e-6, 1.0)
    assert [scale.step(10.0**-k) for k in range(7)] == [6, 5, 4, 3, 2, 1, 0]
    assert (scale.step(1e-300), scale.step(1e300)) == (0, 6)
    assert scale.middles() == pytest.approx([10.0**-k for k in (6, 5, 4, 3, 2, 1, 0)])
    assert (scale.width(1e-9), scale.width(1.0), scale.width(1.0, 2.0)) == (colour.THINNEST, colour.THICKEST, 2.0)
    assert scale.line(1.0) == colour.LINE + "ff"


@pytest.mark.parametrize(
    ("sizes", "low", "high"),
    [
        ([], 0.1, 1.0),
        ([0.0, math.nan, math.inf], 0.1, 1.0),
        ([1.0], 0.1, 1.0),
        ([0.3, 0.9], 0.1, 1.0),
        ([1e-7, 1.0], 1e-7, 1.0),
        ([3e-7, 20.0], 2e-7, 20.0),
        ([1e-40, 1.0], 1e-12, 1.0),
        ([5e-324], 1e-291, 1e-290),
        ([1.7e308], 1e299, 1e300),
        ([1e-3] * 99 + [1.0] * 100 + [1e250], 1e-3, 1.0),
    ],
)
def test_the_scale_fits(sizes: list[float], low: float, high: float) -> None:
    scale = fit(sizes)
    assert (scale.low, scale.high) == (pytest.approx(low), pytest.approx(high))


@given(st.lists(st.floats(min_value=0.0), max_size=300))
def test_every_gradient_has_a_colour(sizes: list[float]) -> None:
    scale = fit(sizes)
    assert scale.high / scale.low >= 9.99
    for size in sizes:
        if 0 < size < math.inf:
            assert 0 <= scale.step(size) < len(colour.STEPS)
            assert colour.THINNEST <= scale.width(size) <= colour.THICKEST
