"""Masks that choose the wrong elements: a comparison with another sign, or with another number, belongs there."""

from __future__ import annotations

import pytest

from .test_mended import told

HINGE = """
import numpy as np
gen = np.random.RandomState(3)
rows = np.vstack([gen.randn(30, 2) + 1.5, gen.randn(30, 2) - 1.5])
side = np.repeat([1.0, -1.0], 30)
w, b = gen.randn(2) * 0.1, 0.0

def cost(w, b):
    return 0.05 * w.dot(w) + np.mean(np.maximum(0, 1 - side * (rows @ w + b)))

for turn in range(40):
    margin = side * (rows @ w + b)
    short = margin < 1
    gw = 0.1 * w - (side[short][:, None] * rows[short]).sum(axis=0) / 60
    w -= 0.05 * gw
    b -= -0.05 * side[short].sum() / 60
    if turn % 8 == 0:
        print(turn, cost(w, b))
"""


def test_the_right_mask_of_a_hinge() -> None:
    assert {block["verdict"] for block in told(HINGE)["blocks"]} == {"right"}


@pytest.mark.parametrize("wrong", ["margin < 0", "margin > 1"])
def test_another_mask_of_a_hinge(wrong: str) -> None:
    (fault,) = told(HINGE.replace("margin < 1", wrong))["faults"]
    assert (fault["line"], fault["name"], fault["instead"]) == (13, "wrong-condition", "short = margin < 1")


def test_sums_over_what_a_mask_chooses() -> None:
    """What is chosen is more at one place than at another."""
    summed = HINGE.replace("(side[short][:, None] * rows[short]).sum(axis=0) / 60", "rows[short].T @ side[short] / 60")
    assert told(summed)["faults"] == []
    (fault,) = told(summed.replace("margin < 1", "margin < 0"))["faults"]
    assert fault["instead"] == "short = margin < 1"
