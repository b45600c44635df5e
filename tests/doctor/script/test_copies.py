"""Steps that compute their gradient more than once, keep its squares, or make all parameters anew at once."""

from __future__ import annotations

import pytest

from autograd.doctor.script.judge.judge import Judgement, judge
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

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
