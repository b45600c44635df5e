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


PYTHON = """
import math, random
random.seed(2)
seen = [(s, 2.0 * s / (0.7 + s) + random.gauss(0, 0.01)) for s in (0.1, 0.3, 0.6, 1.0, 2.0, 4.0)]
k, kept, squares, count = [1.0, 1.0], [0.0, 0.0], [0.0, 0.0], 0

def cost(k):
    return sum((k[0] * s / (k[1] + s) - v) ** 2 for s, v in seen) / len(seen)

def slopes(k):
    g = [0.0, 0.0]
    for s, v in seen:
        r = 2 * (k[0] * s / (k[1] + s) - v) / len(seen)
        g[0] += r * s / (k[1] + s)
        g[1] -= r * k[0] * s / (k[1] + s) ** 2
    return g

for turn in range(40):
    g = slopes(k)
    count += 1
    pace = 0.05 * math.sqrt(1 - 0.99 ** count) / (1 - 0.9 ** count)
    for i in range(2):
        kept[i] += 0.1 * (g[i] - kept[i])
        squares[i] += 0.01 * (g[i] ** 2 - squares[i])
        k[i] -= pace * kept[i] / (math.sqrt(squares[i]) + 1e-8)
    print(turn, cost(k))
"""
AHEAD = """
import numpy as np
draw = np.random.RandomState(6)
rows = draw.uniform(-1, 1, (60, 2))
goal = rows[:, :1] * rows[:, 1:] + 0.5
theta = [draw.randn(2, 6), np.zeros(6), draw.randn(6, 1), np.zeros(1)]
speed = [np.zeros_like(p) for p in theta]

def look(theta, x, y):
    lit = np.tanh(x @ theta[0] + theta[1])
    miss = (lit @ theta[2] + theta[3] - y) / len(x)
    back = miss @ theta[2].T * (1 - lit ** 2)
    return 0.5 * np.sum(miss ** 2) * len(x), [x.T @ back, back.sum(axis=0), lit.T @ miss, miss.sum(axis=0)]

for turn in range(30):
    total = 0
    for some in draw.permutation(60).reshape(3, 20):
        cost, slopes = look([p + 0.9 * v for p, v in zip(theta, speed)], rows[some], goal[some])
        size = np.sqrt(sum(np.sum(g * g) for g in slopes))
        if size > LIMIT:
            slopes = [g * (LIMIT / size) for g in slopes]
        for i, g in enumerate(slopes):
            speed[i] = 0.9 * speed[i] - 0.1 * g
            theta[i] = theta[i] + speed[i]
        total += cost
    print(turn, total)
"""
TILED = """
import numpy as np
draw = np.random.RandomState(9)
table, place, head = draw.randn(4, 3) * 0.6, draw.randn(5, 3) * 0.6, draw.randn(3, 2) * 0.5
told = [(draw.randint(0, 4, 5), int(draw.randint(2))) for _ in range(30)]
for turn in range(3):
    cost = 0
    for words, kind in told:
        lit = np.tanh(table[words] + place)
        last = lit[-1] + lit.mean(axis=0)
        score = np.exp(last @ head)
        share = score / score.sum()
        cost -= np.log(share[kind])
        back = share.copy()
        back[kind] -= 1
        to_last = head @ back
        to_lit = np.tile(to_last / 5, (5, 1))
        to_lit[-1] += to_last
        raw = to_lit * (1 - lit ** 2)
        head -= 0.1 * np.outer(last, back)
        place -= 0.1 * raw
        ROWS
    print(turn, cost)
"""


STEPS = {
    "tiled": TILED.replace("ROWS", "np.add.at(table, words, -0.1 * raw)"),
    "rows one by one": TILED.replace("ROWS", "for t, word in enumerate(words): table[word] -= 0.1 * raw[t]"),
    "elements from lines of their own": PYTHON,
    "ahead and cut": AHEAD.replace("LIMIT", "0.1"),
    "ahead": AHEAD.replace("LIMIT", "20.0"),
}


@pytest.mark.parametrize("name", STEPS)
def test_steps_that_are_right(name: str, tmp_path: Path) -> None:
    test_right(STEPS[name], tmp_path)
