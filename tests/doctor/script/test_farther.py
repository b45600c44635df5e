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


OPEN = """
import numpy as np
draw = np.random.RandomState(7)
x = draw.rand(4, 12)
goal = np.eye(3)[:, draw.randint(0, 3, 12)]
A, a, B, b = draw.rand(5, 4), draw.rand(5, 1), draw.rand(3, 5), draw.rand(3, 1)
for turn in range(20):
    h = np.maximum(0, A @ x + a)
    p = np.exp(B @ h + b) / np.sum(np.exp(B @ h + b), axis=0)
    low = B.T @ (p - goal)
    low = low * (h > 0)
    B = B - 0.3 * (p - goal) @ h.T / 12
    b = b - 0.3 * np.sum(p - goal, axis=1, keepdims=True) / 12
    A = A - 0.3 * low @ x.T / 12
    a = a - 0.3 * np.sum(low, axis=1, keepdims=True) / 12
"""


def test_a_relu_that_is_open_for_all_where_the_training_begins(tmp_path: Path) -> None:
    assert "no mistake found" in said(OPEN, tmp_path)
    told = said(OPEN.replace("low = low * (h > 0)", "low = np.maximum(0, low)"), tmp_path)
    assert "line 11: low = np.maximum(0, low)" in told
    assert "write: low = low * (h > 0)" in told
