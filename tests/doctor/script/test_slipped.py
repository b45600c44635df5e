"""A piece of a formula of several lines is wrong: no derivative has its value, and yet the line is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

NORMED = """
import numpy as np
draw = np.random.RandomState(8)
given = draw.randn(14, 3)
kind = (given[:, 0] > given[:, 1]).astype(int)
entry, gain, leave = draw.randn(3, 5), np.ones(5), draw.randn(5, 2)
for turn in range(30):
    raw = given @ entry
    spread = 1 / np.sqrt(raw.var(axis=1, keepdims=True) + 1e-5)
    flat = (raw - raw.mean(axis=1, keepdims=True)) * spread
    lit = np.tanh(flat * gain)
    score = lit @ leave
    share = np.exp(score) / np.exp(score).sum(1, keepdims=True)
    print(turn, -np.log(share[np.arange(14), kind]).mean())
    back = share.copy()
    back[np.arange(14), kind] -= 1
    back /= 14
    to_leave = lit.T @ back
    to_lit = back @ leave.T * (1 - lit ** 2)
    to_gain = (to_lit * flat).sum(0)
    to_flat = to_lit * gain
    slope = to_flat - to_flat.mean(axis=1, keepdims=True)
    slope -= flat * (to_flat * flat).mean(axis=1, keepdims=True)
    to_entry = given.T @ (slope * spread)
    entry -= 0.3 * to_entry
    gain -= 0.3 * to_gain
    leave -= 0.3 * to_leave
"""
PATHS = """
import numpy as np
draw = np.random.RandomState(2)
given = draw.randn(16, 3)
goal = np.sin(given[:, :1]) + given[:, 1:2]
entry, gain, leave = draw.randn(3, 4), np.ones((1, 4)), draw.randn(4, 1)
for turn in range(30):
    raw = given @ entry
    middle = raw.mean(axis=0, keepdims=True)
    off = raw - middle
    width = np.sqrt((off ** 2).mean(axis=0, keepdims=True) + 1e-5)
    flat = off / width
    lit = np.tanh(gain * flat)
    miss = lit @ leave - goal
    print(turn, (miss ** 2).mean())
    d_out = 2 * miss / 16
    d_leave = lit.T @ d_out
    d_lit = d_out @ leave.T * (1 - lit ** 2)
    d_gain = (d_lit * flat).sum(axis=0, keepdims=True)
    d_flat = d_lit * gain
    d_width = -(d_flat * off).sum(axis=0, keepdims=True) / width ** 2
    d_middle = -d_flat.sum(axis=0, keepdims=True) / width
    d_raw = d_flat / width + d_width * off / width / 16 + d_middle / 16
    entry -= 0.2 * (given.T @ d_raw)
    gain -= 0.2 * d_gain
    leave -= 0.2 * d_leave
"""


@pytest.mark.parametrize(
    ("text", "right", "wrong"),
    [
        (NORMED, "to_flat.mean(axis=1, keepdims=True)", "to_flat.mean(axis=0, keepdims=True)"),
        (PATHS, "d_middle / 16", "d_middle"),
    ],
    ids=["another axis", "a term with another factor"],
)
def test_the_line_of_a_piece(text: str, right: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    line = next(row for row in text.splitlines() if right in row).strip()
    said = " ".join(str(run(file, cure=False)).split())
    assert said.count("✗") == 1
    assert f"{line.replace(right, wrong)} " in said
    assert f"write: {line} ".replace("16 ", "len(raw) ").replace("width / len(raw)", "width / 16") in said, said


LOOP = """
import numpy as np
draw = np.random.RandomState(1)
tune, size = [0, 1, 2, 1, 0, 3], 5
into, over, out = draw.randn(size, 4) * 0.3, draw.randn(size, size) * 0.3, draw.randn(4, size) * 0.3
lift, base = np.zeros((size, 1)), np.zeros((4, 1))
for turn in range(30):
    states, shares, cost = {-1: np.zeros((size, 1))}, {}, 0
    for t in range(5):
        states[t] = np.tanh(into[:, [tune[t]]] + over @ states[t - 1] + lift)
        score = np.exp(out @ states[t] + base)
        shares[t] = score / score.sum()
        cost -= np.log(shares[t][tune[t + 1], 0])
    d_into, d_over, d_out = np.zeros_like(into), np.zeros_like(over), np.zeros_like(out)
    d_lift, d_base, later = np.zeros_like(lift), np.zeros_like(base), np.zeros((size, 1))
    for t in reversed(range(5)):
        error = shares[t].copy()
        error[tune[t + 1]] -= 1
        d_out += error @ states[t].T
        d_base += error
        raw = (1 - states[t] ** 2) * (out.T @ error + later)
        d_lift += raw
        d_into[:, [tune[t]]] += raw
        d_over += raw @ states[t - 1].T
        later = over.T @ raw
    for block, step in zip([into, over, out, lift, base], [d_into, d_over, d_out, d_lift, d_base]):
        block -= 0.1 * step
    print(turn, cost)
"""


@pytest.mark.parametrize("right", ["d_base += error", "d_lift += raw"])
def test_a_name_that_each_turn_writes_over(right: str, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(LOOP.replace(right, right.replace("+=", "=")), encoding="utf-8")
    said = " ".join(str(run(file, cure=False)).split())
    assert said.count("✗") == 1
    assert f"{right.replace('+=', '=')} overwritten:" in said
    assert f"write: {right} " in said
