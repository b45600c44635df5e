"""Updates whose result nothing reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.script.asking import said

LISTS = """
import numpy as np
rng = np.random.RandomState(0)
x = rng.randn(15, 3)
goal = np.sin(x.sum(axis=1, keepdims=True))
ws = [rng.randn(3, 4) * 0.5, rng.randn(4, 1) * 0.5]
cs = [np.zeros(4), np.zeros(1)]

def update(w, c, dw, dc, rate):
    w = w - rate * dw
    c = c - rate * dc
    return w, c

for turn in range(40):
    h = np.tanh(x @ ws[0] + cs[0])
    miss = h @ ws[1] + cs[1] - goal
    print(np.mean(miss ** 2))
    d = 2 * miss / 15
    dh = d @ ws[1].T * (1 - h ** 2)
    dws = [x.T @ dh, h.T @ d]
    dcs = [dh.sum(axis=0), d.sum(axis=0)]
    STEP
"""
PLAIN = "for w, dw in zip(ws + cs, dws + dcs):\n        w -= 0.1 * dw"
LOST = "for w, dw in zip(ws + cs, dws + dcs):\n        w = w - 0.1 * dw"
IDLE = "ws = [w - 0.1 * g for w, g in zip(ws, dws)]\n    for k in range(2):\n        cs[k] - 0.1 * dcs[k]"
KEPT = "for k in range(2):\n        ws[k], cs[k] = update(ws[k], cs[k], dws[k], dcs[k], 0.1)"
THROWN = "for k in range(2):\n        update(ws[k], cs[k], dws[k], dcs[k], 0.1)"
METHOD = """
import numpy as np
rng = np.random.RandomState(1)

class Line:
    def __init__(self):
        self.slope, self.lift = rng.randn(3), 0.1 * np.ones(1)

    def learn(self, x, goal, rate):
        miss = x @ self.slope + self.lift - goal
        step = rate * 2 * np.array([miss.mean()])
        tried = self.slope - rate * 2 * x.T @ miss / len(x)
        if np.mean((x @ tried + self.lift - goal) ** 2) < np.mean(miss ** 2):
            self.slope = tried
        LIFT = self.lift - step
        return np.mean(miss ** 2)

x = rng.randn(20, 3)
line = Line()
for turn in range(30):
    print(line.learn(x, x[:, 0] - 0.5 * x[:, 2] + 1.0, 0.1))
"""


@pytest.mark.parametrize(
    ("step", "line", "new"),
    [
        (LOST, "w = w - 0.1 * dw", "w -= 0.1 * dw"),
        (IDLE, "cs[k] - 0.1 * dcs[k]", "cs[k] -= 0.1 * dcs[k]"),
        (THROWN, "update(ws[k], cs[k]", "ws[k], cs[k] = update(ws[k], cs[k], dws[k], dcs[k], 0.1)"),
    ],
    ids=["a name of a loop", "no name", "given back"],
)
def test_an_update_that_nothing_reads(step: str, line: str, new: str, tmp_path: Path) -> None:
    text = LISTS.replace("STEP", step)
    number = next(k for k, each in enumerate(text.splitlines(), 1) if each.strip().startswith(line))
    told = said(text, tmp_path)
    assert "one line is wrong" in told
    assert f"line {number}:" in told
    assert "stays as it is" in told
    assert new in told


def test_a_local_name_for_an_attribute(tmp_path: Path) -> None:
    told = said(METHOD.replace("LIFT", "lift"), tmp_path)
    assert "one line is wrong" in told
    assert "self.lift = self.lift - step" in told


@pytest.mark.parametrize(
    "text",
    [LISTS.replace("STEP", PLAIN), LISTS.replace("STEP", KEPT), METHOD.replace("LIFT", "self.lift")],
    ids=["in place", "given back and kept", "a step that is tried"],
)
def test_what_is_read_is_not_lost(text: str, tmp_path: Path) -> None:
    assert "stays as it is" not in said(text, tmp_path)
