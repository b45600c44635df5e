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


@pytest.mark.parametrize("text", [TABLE, WIDE], ids=["a matrix made of lists", "more weights than differences can try"])
def test_all_blocks_are_judged(text: str, tmp_path: Path) -> None:
    file = tmp_path / "blocks.py"
    file.write_text(text, encoding="utf-8")
    report = run(file, cure=False)
    assert report.ok, str(report)
    assert "cannot tell" not in str(report)
