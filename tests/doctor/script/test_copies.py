"""Steps that compute their gradient more than once, keep its squares, or make all parameters anew at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.judge.judge import Judgement, judge
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

from .asking import said

ONLINE = """
import numpy as np
draw = np.random.RandomState(3)
rows = draw.randn(30, 3)
goal = rows @ [0.5, -1.0, 2.0] + 0.2
w, b = np.zeros(3), START
many, one = np.ones(3), 1.0
for turn in range(8):
    for row, aim in zip(rows, goal):
        miss = row @ w + b - aim
        KEPT
        w = w - 0.05 * miss * row / np.sqrt(many)
        b = b - 0.05 * miss / (np.sqrt(one) + 1e-6)
    print(np.mean((rows @ w + b - goal) ** 2))
"""
ADDED = "many += (miss * row) ** 2; one += miss ** 2"
MEANS = "many = 0.9 * many + 0.1 * (miss * row) ** 2; one = 0.9 * one + 0.1 * miss ** 2"
ANEW = """
draw = [0.3, -0.7, 1.1, 0.4, -0.2]
goal = [1.0, -0.5, 2.2, 1.2, 0.1]
theta = [0.0, 0.0]

def said(theta, x):
    return sum(t * v for t, v in zip(theta, (1.0, x)))

for turn in range(20):
    fresh = []
    for j in range(2):
        total = 0
        for x, aim in zip(draw, goal):
            total += (said(theta, x) - aim) * (1.0, x)[j]
        fresh.append(theta[j] - 0.1 / 5 * total)
    theta = fresh
    print(sum((said(theta, x) - aim) ** 2 for x, aim in zip(draw, goal)) / 10)
"""


def judged(text: str) -> Judgement:
    training = record(Script("a.py", text=text)).training
    assert training is not None
    found = judge(training)
    assert found is not None
    return found


@pytest.mark.parametrize("kept", [ADDED, MEANS], ids=["sums", "means"])
@pytest.mark.parametrize("start", ["0.0", "np.zeros(1)"])
def test_a_step_may_compute_its_gradient_once_more(kept: str, start: str) -> None:
    found = judged(ONLINE.replace("KEPT", kept).replace("START", start))
    assert {name: v.right for name, v in found.verdicts.items()} == {"w": True, "b": True}
    assert found.reading is None or found.reading.kind != "loss"


def test_a_step_that_follows_from_more_than_its_gradient_is_not_right() -> None:
    wrong = ONLINE.replace("KEPT", ADDED).replace("START", "0.0").replace("* row /", "* row ** 2 /")
    assert not judged(wrong).verdicts["w"].right


def test_parameters_that_are_made_anew_at_once_are_one_step() -> None:
    found = judged(ANEW)
    assert {name: v.right for name, v in found.verdicts.items()} == {"theta": True}
    assert found.reading is not None
    assert found.reading.kind == "loss"


PACKED = """
import numpy as np
gen = np.random.default_rng(17)
x = gen.uniform(-2, 2, 40)
y = x ** 3 - x + gen.normal(size=40) * 0.3
rows = np.stack([np.ones_like(x), x, x ** 2], 1)
middle, spread = np.zeros(3), np.zeros(3)
m, v = np.zeros(6), np.zeros(6)
for t in range(1, 13):
    far, log = rows @ middle, rows @ spread
    z = (y - far) / np.exp(log)
    g = np.concatenate([rows.T @ (-z / np.exp(log)), rows.T @ (1 - z ** 2)]) / 40
    m, v = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g ** 2
    step = 0.02 * (m / (1 - 0.9 ** t)) / (np.sqrt(v / (1 - 0.99 ** t)) + 1e-8)
    middle, spread = middle - step[:3], spread - step[3:]
    print(np.mean(log + 0.5 * z ** 2))
"""


def test_one_array_may_hold_the_gradients_of_several_blocks(tmp_path: Path) -> None:
    assert "No mistake found" in said(PACKED, tmp_path)
    halves = PACKED.replace("middle - step[:3], spread - step[3:]", "[p - s for p, s in zip((middle, spread), PARTS)]")
    assert "No mistake found" in said(halves.replace("PARTS", "np.split(step, np.cumsum([3]))"), tmp_path)
    assert "one line is wrong" in said(PACKED.replace("(1 - z ** 2)", "(1 - z)"), tmp_path)


NEWTON = """
import numpy as np
gen = np.random.default_rng(5)
x = gen.normal(size=(30, 2))
y = (x[:, 0] - 0.5 * x[:, 1] + 0.7 * gen.normal(size=30) > 0) * 1.0
rows = np.hstack([x, np.ones((30, 1))])
w, b = np.zeros(2), 0.0
for turn in range(8):
    p = 1 / (1 + np.exp(-(x @ w + b)))
    print(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))
    g = rows.T @ (p - y)
    d = np.linalg.solve(rows.T @ (rows * (p * (1 - p))[:, None]), g)
    w = w - d[:2]
    b = b - d[2]
"""


def test_one_step_of_newton_s_may_be_cut_into_blocks(tmp_path: Path) -> None:
    assert "No mistake found" in said(NEWTON, tmp_path)
    assert "No mistake found" not in said(NEWTON.replace("@ (p - y)", "@ (y - p)"), tmp_path)
