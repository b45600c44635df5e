"""Right scripts that were accused once, each for a way of computing that the numbers alone do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

BLOBS = """
import numpy as np
draw = np.random.RandomState(5)
rows = draw.uniform(-1, 1, (60, 2))
goal = (rows[:, 0] ** 2 + rows[:, 1] > 0.3).astype(float)
table = np.column_stack([rows, rows ** 2])
coef, shift = draw.randn(4) * 2, 0.0
speed, speed0 = np.zeros(4), 0.0

def look(coef, shift):
    p = 1 / (1 + np.exp(-(table @ coef + shift)))
    return -np.mean(goal * np.log(p) + (1 - goal) * np.log(1 - p)), table.T @ (p - goal) / 60, np.mean(p - goal)

for turn in range(40):
    cost, g, g0 = look(coef + 0.8 * speed, shift + 0.8 * speed0)
    size = np.sqrt(np.sum(g ** 2) + g0 ** 2)
    if size > 0.05:
        CUT
    speed = 0.8 * speed - 0.5 * g
    speed0 = 0.8 * speed0 - 0.5 * g0
    coef = coef + speed
    shift = shift + speed0
    print(turn, cost)
"""
CUTS = [
    "g, g0 = g * 0.05 / size, g0 * 0.05 / size",
    "less = 0.05 / size; g = g * less; g0 = g0 * less",
    "g = g / size * 0.05; g0 = 0.05 * g0 / size",
]

POOL = """
import numpy as np
draw = np.random.RandomState(4)
waves = [(0.3 * draw.randn(9) + np.eye(9)[k % 9], float(k % 2)) for k in range(30)]
taps, lift, heads, base = draw.randn(2, 3) * 0.5, np.zeros(2), draw.randn(6) * 0.3, 0.0

def ahead(wave):
    lines = np.zeros((2, 7))
    for f in range(2):
        for t in range(7):
            lines[f, t] = np.sum(taps[f] * wave[t:t + 3]) + lift[f]
    lit, tops, places = np.maximum(lines, 0), np.zeros((2, 3)), np.zeros((2, 3), dtype=int)
    for f in range(2):
        for u in range(3):
            part = lit[f, 2 * u:2 * u + 2]
            places[f, u] = 2 * u + np.argmax(part)
            tops[f, u] = part.max()
    return lines, tops, places, 1 / (1 + np.exp(-(heads @ tops.ravel() + base)))

for turn in range(6):
    cost = 0.0
    for wave, goal in waves:
        lines, tops, places, p = ahead(wave)
        cost -= np.log(p if goal else 1 - p)
        error = p - goal
        to_tops, to_lines = (error * heads).reshape(2, 3), np.zeros((2, 7))
        for f in range(2):
            for u in range(3):
                if lines[f, places[f, u]] > 0:
                    to_lines[f, places[f, u]] += to_tops[f, u]
        to_taps = np.zeros((2, 3))
        for f in range(2):
            for t in range(7):
                to_taps[f] += to_lines[f, t] * wave[t:t + 3]
        taps -= 0.1 * to_taps
        lift -= 0.1 * to_lines.sum(axis=1)
        heads -= 0.1 * error * tops.ravel()
        base -= 0.1 * error
    print(turn, cost)
"""


@pytest.mark.parametrize(
    "text", [*(BLOBS.replace("CUT", cut) for cut in CUTS), POOL], ids=["cut", "cut by one", "cut and scaled", "pool"]
)
def test_right(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(text, encoding="utf-8")
    said = " ".join(str(run(file, cure=False)).split())
    assert "no mistake found" in said, said
