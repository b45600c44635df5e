"""The smallest scripts there are: a line through points, numbers one by one, no array of weights anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

MEAN = """
import numpy as np

x = np.linspace(0, 2, 30)
y = 2.5 * x - 1
slope, offset = 0.4, 0.0
for turn in range(60):
    guess = slope * x + offset
    cost = ((guess - y) ** 2).mean()
    to_slope = 2 * ((guess - y) * x).mean()
    to_offset = 2 * (guess - y).mean()
    slope = slope - 0.1 * to_slope
    offset = offset - 0.1 * to_offset
"""
ONE_BY_ONE = """
points = [k / 8 for k in range(-6, 14)]
aims = [0.5 - 3 * p for p in points]
a, c = 0.0, 0.0
for turn in range(25):
    cost = 0
    for p, aim in zip(points, aims):
        miss = a * p + c - aim
        cost += miss ** 2
        a -= 0.04 * 2 * miss * p
        c -= 0.04 * 2 * miss
"""
SUMS = """
import numpy as np

x = np.array([0.5, 1.0, 2.0, 3.5])
y = np.array([2.0, 3.0, 5.0, 8.0])
m = b = 0
n = len(x)
for turn in range(80):
    said = m * x + b
    cost = (1 / n) * sum([d ** 2 for d in (y - said)])
    dm = -(2 / n) * sum(x * (y - said))
    db = -(2 / n) * sum(y - said)
    m = m - 0.05 * dm
    b = b - 0.05 * db
"""
WRONG = {
    "a step uphill": (MEAN, "slope - 0.1", "slope + 0.1", "slope = ", "sign"),
    "a sign": (MEAN, "to_slope = 2", "to_slope = -2", "to_slope = ", "sign"),
    "a sign among sums": (SUMS, "dm = -(2", "dm = (2", "dm = ", "sign"),
    "an input left out": (ONE_BY_ONE, "0.04 * 2 * miss * p", "0.04 * 2 * miss", "a -= ", "missing-factor"),
    "an input too many": (ONE_BY_ONE, "c -= 0.04 * 2 * miss", "c -= 0.04 * 2 * miss * p", "c -= ", "extra-factor"),
}


@pytest.mark.parametrize("text", [MEAN, ONE_BY_ONE, SUMS], ids=["mean", "one by one", "sums"])
def test_right(text: str, tmp_path: Path) -> None:
    file = tmp_path / "line.py"
    file.write_text(text, encoding="utf-8")
    report = run(file, cure=False)
    assert report.ok, str(report)


@pytest.mark.parametrize("case", WRONG)
def test_wrong(case: str, tmp_path: Path) -> None:
    text, old, new, line, name = WRONG[case]
    assert text.count(old) == 1
    wrong = text.replace(old, new)
    file = tmp_path / "line.py"
    file.write_text(wrong, encoding="utf-8")
    report = run(file, cure=False)
    number = next(k for k, row in enumerate(wrong.splitlines(), 1) if row.strip().startswith(line))
    assert [(fault.line, fault.name) for fault in report.findings] == [(number, name)], str(report)


TABLE = """
def product(rows, columns):
    out = []
    for row in rows:
        line = []
        for k in range(len(columns[0])):
            whole = 0
            for j in range(len(row)):
                whole += row[j] * columns[j][k]
            line.append(whole)
        out.append(line)
    return out


def squash(x):
    return 1 / (1 + 2.718281828459045 ** -x)


inputs = [[0, 1, 1], [1, 0, 1], [1, 1, 1], [0, 0, 1]]
aims = [1, 0, 1, 0]
weights = [[0.3], [-0.2], [0.1]]
turned = [[row[j] for row in inputs] for j in range(3)]
for turn in range(900):
    said = [squash(row[0]) for row in product(inputs, weights)]
    pulls = [[(aim - s) * s * (1 - s)] for aim, s in zip(aims, said)]
    changes = product(turned, pulls)
    for j in range(3):
        weights[j][0] += changes[j][0]
"""
WIDE = """
import numpy as np

draw = np.random.RandomState(5)
x = draw.randn(6, 90)
y = draw.randn(6, 2)
W = draw.randn(90, 50) * 0.1
V = draw.randn(50, 2) * 0.1
for turn in range(12):
    a = x.dot(W)
    b = np.maximum(a, 0)
    out = b.dot(V)
    loss = np.square(out - y).sum()
    d = 2.0 * (out - y)
    gV = b.T.dot(d)
    e = d.dot(V.T)
    e[a < 0] = 0
    gW = x.T.dot(e)
    W -= 1e-3 * gW
    V -= 1e-3 * gV
"""


OVERWRITTEN = """
import math
a, c, k = 0.4, -0.2, 0.7
points = [(-2.0, 0.15), (-1.0, 0.3), (0.0, 0.55), (1.0, 0.85), (2.0, 0.9)]
for turn in range(60):
    cost = to_a = to_c = to_k = 0.0
    for x, y in points:
        h = math.tanh(a * x + c)
        p = 1 / (1 + math.exp(-k * h))
        cost += -(y * math.log(p) + (1 - y) * math.log(1 - p))
        miss = p - y
        to_k += miss * h
        dz = miss * k * (1 - h * h)
        to_a = dz * x
        to_c += dz
    a -= 0.4 * to_a
    c -= 0.4 * to_c
    k -= 0.4 * to_k
    print(cost)
"""


def test_a_gradient_that_is_overwritten_is_found_beside_one_that_no_step_uses(tmp_path: Path) -> None:
    file = tmp_path / "numbers.py"
    file.write_text(OVERWRITTEN, encoding="utf-8")
    report = run(file, cure=False)
    assert not report.failure
    assert "to_a += dz * x" in [finding.instead for finding in report.findings]


@pytest.mark.parametrize("text", [TABLE, WIDE], ids=["a matrix made of lists", "more weights than differences can try"])
def test_all_blocks_are_judged(text: str, tmp_path: Path) -> None:
    file = tmp_path / "blocks.py"
    file.write_text(text, encoding="utf-8")
    report = run(file, cure=False)
    assert report.ok, str(report)
    assert "cannot tell" not in str(report)


VALLEY = """
def height(x, y):
    return (2 - x) ** 2 + 30 * (y - x * x) ** 2


def slopes(x, y):
    return -2 * (2 - x) - 120 * x * (y - x * x), 60 * (y - x * x)


x, y = 0, 1
before_x = before_y = 0
turn = 0
while turn < 400:
    to_x, to_y = slopes(x, y)
    pace_x = 0.8 * before_x + 0.2 * to_x
    pace_y = 0.8 * before_y + 0.2 * to_y
    x -= 0.002 * pace_x
    y -= 0.002 * pace_y
    before_x = pace_x
    before_y = pace_y
    turn += 1
    print(height(x, y))
"""
MOMENTS = """
import numpy as np


class Moments:
    def __init__(self):
        self.first_m, self.first_c = 0, 0
        self.second_m, self.second_c = 0, 0

    def move(self, turn, m, c, dm, dc):
        self.first_m = 0.9 * self.first_m + (1 - 0.9) * dm
        self.first_c = 0.9 * self.first_c + (1 - 0.9) * dc
        self.second_m = 0.99 * self.second_m + (1 - 0.99) * dm ** 2
        self.second_c = 0.99 * self.second_c + (1 - 0.99) * dc ** 2
        m = m - 0.02 * (self.first_m / (1 - 0.9 ** turn)) / (np.sqrt(self.second_m / (1 - 0.99 ** turn)) + 1e-8)
        c = c - 0.02 * (self.first_c / (1 - 0.9 ** turn)) / (np.sqrt(self.second_c / (1 - 0.99 ** turn)) + 1e-8)
        return m, c


draw = np.random.RandomState(2)
data = draw.randn(30, 2)
aim = data @ np.array([0.5, 2.0]) + 1.0
m, c = np.zeros(2), 0.0
moments = Moments()
for turn in range(1, 60):
    miss = data @ m + c - aim
    loss = np.mean(miss ** 2)
    m, c = moments.move(turn, m, c, 2 * data.T @ miss / 30, 2 * np.mean(miss))
"""


@pytest.mark.parametrize("text", [VALLEY, MOMENTS], ids=["numbers in the text alone", "moments that begin as 0"])
def test_a_step_with_a_memory_is_right(text: str, tmp_path: Path) -> None:
    file = tmp_path / "steps.py"
    file.write_text(text, encoding="utf-8")
    report = run(file, cure=False)
    assert report.ok, str(report)
    assert "cannot tell" not in str(report)
