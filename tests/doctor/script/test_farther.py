"""Masks that come out one way for all samples where a training begins: the other side is looked at as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.script.asking import said

FAR = """
import numpy as np
draw = np.random.RandomState(4)
x = draw.rand(40)
aim = 5 + 2 * x + draw.rand(40)
table, w = np.column_stack([np.ones(40), x]), np.zeros(2)
for turn in range(200):
    off = aim - table @ w
    cost = np.mean(np.where(off > 0, 0.7 * off, -0.3 * off))
    down = np.where(off > 0, -0.7, 0.3)
    w -= 0.3 * table.T @ down / 40
    if turn % 50 == 0:
        print(turn, cost)
"""


@pytest.mark.parametrize("side", ["0.3", "0.7"])
def test_both_sides_of_a_mask_are_looked_at(side: str, tmp_path: Path) -> None:
    told = said(FAR.replace("-0.7, 0.3)", f"-0.7, {side})"), tmp_path)
    assert ("no mistake found" in told) == (side == "0.3")
    assert ("line 10:" in told) == (side == "0.7")
