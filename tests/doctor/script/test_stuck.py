"""A step that is a product with what it was before: it begins at 0, and stays there."""

from __future__ import annotations

import pytest

from .test_mended import START, told

COASTING = (
    START
    + """
x, aim = gen.randn(20, 3), gen.randn(20, 2)
A, b = gen.randn(3, 2) * 0.5, np.zeros(2)
rate, keep = 0.05, 0.8
way_A, way_b = np.zeros_like(A), np.zeros_like(b)
for turn in range(40):
    miss = x @ A + b - aim
    print((miss ** 2).sum() / 40)
    way_A = keep * way_A + rate * x.T @ miss / 20
    way_b = rate * miss.mean(0) + keep * way_b
    A -= way_A
    b = b - way_b
"""
)
AS_PRODUCT = {
    "rate * miss.mean(0) + keep * way_b": "rate * miss.mean(0) * keep * way_b",
    "keep * way_A + rate * x.T @ miss / 20": "keep * way_A * rate * (x.T @ miss / 20)",
}


@pytest.mark.parametrize("right", AS_PRODUCT)
def test_a_product_that_stays_0_is_told(right: str) -> None:
    found = told(COASTING.replace(right, AS_PRODUCT[right]))
    fault = next(iter(found["faults"]))
    name = right[-5:] if right.endswith("way_b") else "way_A"
    assert len(found["faults"]) == 1
    assert (fault["name"], fault["code"].split()[0]) == ("stuck-at-zero", name)
    assert f"{name[-1]} never moves" in fault["says"]
    assert " + " in fault["instead"]
    assert {block["name"] for block in found["blocks"] if block["verdict"] == "wrong"} == {name[-1]}


def test_a_sum_is_right_and_so_is_a_setting_of_0_that_shrinks() -> None:
    shrinking = COASTING.replace("rate, keep = 0.05, 0.8", "rate, keep, pull = 0.05, 0.8, 0.0")
    shrinking = shrinking.replace("    A -= way_A", "    pull = pull * 0.9\n    A -= way_A + pull * A")
    for script in (COASTING, shrinking):
        found = told(script)
        assert found["faults"] == []
        assert {block["verdict"] for block in found["blocks"]} == {"right"}
