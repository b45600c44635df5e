"""Rules whose mean is shrunk in a line of its own: the numbers that are told are those of the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from .asking import said

TWO_LINES = """
import numpy as np
gen = np.random.RandomState(4)
feats = gen.randn(20, 3)
goals = np.tanh(feats @ gen.randn(3, 1)) + 0.1
w, v = gen.randn(3, 4) * 0.5, gen.randn(4, 1) * 0.5
on = np.ones((3, 4))
kept = [np.zeros((3, 4)), np.zeros((4, 1))]
for turn in range(12):
    h = np.tanh(feats @ w)
    miss = h @ v - goals
    print(0.5 * np.mean(miss ** 2))
    back = miss / 20 @ v.T
    for k, (p, g) in enumerate([(w, (feats.T @ (back * (1 - h * h))) * on), (v, h.T @ miss / 20)]):
        STEP
"""
MOMENTUM = "kept[k] *= 0.9; kept[k] += 0.3 * g; p -= kept[k]"
SQUARES = "kept[k] *= 0.9; kept[k] += 0.1 * g * g; p -= 0.01 * g / (np.sqrt(kept[k]) + 1e-7)"


@pytest.mark.parametrize(("step", "told"), [(MOMENTUM, "momentum 0.9 fits"), (SQUARES, "decay 0.9, as in RMSprop")])
def test_the_decay_of_a_line_of_its_own_is_told(step: str, told: str, tmp_path: Path) -> None:
    assert told in said(TWO_LINES.replace("STEP", step), tmp_path)
