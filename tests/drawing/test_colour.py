"""How numbers are written, and the colour scale."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.drawing import colour
from autograd.drawing.colour import Scale, fit, luminance, number
from autograd.drawing.page.file import asset


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


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def vividness(colour: str) -> float:
    """Chroma in OKLab: 0 for grey."""
    r, g, b = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    )
    long, middle, short = (
        math.cbrt(x) if hasattr(math, "cbrt") else x ** (1 / 3)
        for x in (
            0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
            0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
            0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
        )
    )
    return math.hypot(
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


ON = [(series, ground) for series in (colour.PLUS, colour.MINUS) for ground in ("#ffffff", "#1e1e1e")]
ON += [(series, "#ffffff") for series in colour.PAGE["light"]] + [(series, "#1b1e23") for series in colour.PAGE["dark"]]


@pytest.mark.parametrize(("series", "ground"), ON)
def test_every_colour_can_be_seen_on_its_ground_and_read_from(series: tuple[str, ...], ground: str) -> None:
    assert min(contrast(fill, ground) for fill in series) >= 3
    assert min(contrast(fill, colour.text_on(fill)) for fill in series) >= 4.9


@pytest.mark.parametrize("fill", [colour.ALARM, colour.PAPER])
def test_text_can_be_read_on_what_is_no_gradient(fill: str) -> None:
    assert contrast(fill, colour.text_on(fill)) >= 4.9


@pytest.mark.parametrize(("series", "ground"), ON)
def test_least_is_least_vivid(series: tuple[str, ...], ground: str) -> None:
    shades = [vividness(fill) for fill in series]
    assert shades == sorted(shades)
    assert shades[-1] > 8 * shades[0]


def test_signs_are_told_apart_also_without_red_or_green() -> None:
    """Deuteranopia and protanopia keep blue against yellow: the two hues lie on its two sides."""
    for plus, minus in [(colour.PLUS, colour.MINUS), *colour.PAGE.values()]:
        for one, other in zip(plus[1:], minus[1:], strict=True):
            assert int(one[5:], 16) > int(one[1:3], 16) + 30
            assert int(other[1:3], 16) > int(other[5:], 16) + 30


@pytest.mark.parametrize("background", ["#ffffff", "#1e1e1e"])
def test_what_stands_on_the_background_can_be_seen_on_white_and_on_black(background: str) -> None:
    assert contrast(colour.GREY, background) >= 3.9
    assert contrast(colour.ALARM, background) >= 3


def test_the_scale_is_logarithmic_and_ends_at_its_ends() -> None:
    scale = Scale(1e-6, 1.0)
    assert [scale.step(10.0**-k) for k in range(7)] == [6, 5, 4, 3, 2, 1, 0]
    assert (scale.step(1e-300), scale.step(1e300)) == (0, 6)
    assert (scale.width(1e-9), scale.width(1.0), scale.width(1.0, 2.0)) == (colour.THINNEST, colour.THICKEST, 2.0)
    assert (scale.tone(1e-6), scale.tone(1.0)) == (colour.PLUS[0], colour.PLUS[-1])
    assert (scale.tone(1e-6, negative=True), scale.tone(1.0, negative=True)) == (colour.MINUS[0], colour.MINUS[-1])


@pytest.mark.parametrize(
    ("sizes", "low", "high"),
    [
        ([], 0.1, 1.0),
        ([0.0, math.nan, math.inf], 0.1, 1.0),
        ([1.0], 0.1, 1.0),
        ([0.3, 0.9], 0.1, 1.0),
        ([1e-7, 1.0], 1e-7, 1.0),
        ([3e-7, 20.0], 2e-7, 20.0),
        ([1e-13, 1.0], 1e-12, 1.0),
        ([1e-40, 1.0], 0.1, 1.0),  # what rounding leaves
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
    assert scale.dust < scale.low
    for size in sizes:
        if 0 < size < math.inf:
            assert 0 <= scale.step(size) < len(colour.PLUS)
            assert colour.THINNEST <= scale.width(size) <= colour.THICKEST


@pytest.mark.parametrize(("theme", "place"), [("light", ":root {"), ("dark", ':root[data-theme="dark"] {')])
def test_the_lines_of_a_film_can_be_told_from_the_paper(theme: str, place: str) -> None:
    paper = re.search(rf"{re.escape(place)}[^}}]*--paper: (#\w+)", asset("common.css"))
    lines = re.findall(r"--line\d: (#\w+)", asset("film.css").partition(place)[2].partition("}")[0])
    assert paper is not None
    assert len(lines) == len(set(lines)) == 8
    for line in lines:
        low, high = sorted((luminance(line), luminance(paper[1])))
        assert (high + 0.05) / (low + 0.05) >= 3.0
