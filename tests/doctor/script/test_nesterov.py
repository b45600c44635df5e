"""Steps along a velocity: Nesterov's in its several forms, and what is wrong with them though they go downhill."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run
from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.slips import slips
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

from .asking import said

HEAD = """
import numpy as np

gen = np.random.RandomState(6)
feats = gen.randn(24, 3)
goals = feats @ np.array([0.5, -1.0, 2.0])
"""
TAKEN_OFF = f"""{HEAD}
w, speed, keep = np.zeros(3), np.zeros(3), 0.9
for _ in range(14):
    near = w - keep * speed
    miss = feats @ near - goals
    slope = feats.T @ miss / 24
    speed = keep * speed + 0.05 * slope
    w = w - speed
    cost = np.mean((feats @ w - goals) ** 2) / 2
"""
WITH_RATE = f"""{HEAD}
w, speed, keep, rate = np.zeros(3), np.zeros(3), 0.9, 0.05
for _ in range(14):
    near = w - rate * keep * speed
    miss = feats @ near - goals
    cost = (miss ** 2).mean() / 2
    speed = keep * speed + feats.T @ miss / 24
    w = w - rate * speed
"""
IN_PLACE = f"""{HEAD}
w, speed = np.zeros(3), np.zeros(3)
for _ in range(14):
    w += 0.8 * speed
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    slope = 2 * feats.T @ miss / 24
    w -= 0.02 * slope
    speed = 0.8 * speed - 0.02 * slope
"""
FROM_HERE = f"""{HEAD}
w, speed, keep = np.zeros(3), np.zeros(3), 0.9
for _ in range(14):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    slope = 2 * feats.T @ miss / 24
    speed = keep * speed + slope
    w = w - 0.02 * (slope + keep * speed)
"""
IN_LISTS = """
ins = [(0.2, -0.7), (0.9, 0.1), (-0.5, 0.6), (0.4, 0.8)]
outs = [0.3, -0.1, 0.6, 0.2]
w = [0.1, -0.2]
v = [0.0, 0.0]


def cost(w):
    total = 0.0
    for x, aim in zip(ins, outs):
        total += (sum(a * b for a, b in zip(w, x)) - aim) ** 2
    return total + 0.01 * sum(a * a for a in w)


for turn in range(12):
    ahead = [a + 0.9 * b for a, b in zip(w, v)]
    slope = [0.02 * a for a in ahead]
    for x, aim in zip(ins, outs):
        miss = sum(a * b for a, b in zip(ahead, x)) - aim
        for k in range(2):
            slope[k] += 2 * miss * x[k]
    for k in range(2):
        v[k] = 0.9 * v[k] - 0.05 * slope[k]
        w[k] += v[k]
    print(cost(w))
"""
KERAS = f"""{HEAD}
w, speed, keep = np.zeros(3), np.zeros(3), 0.9
for _ in range(14):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    before = speed
    speed = keep * speed - 0.02 * feats.T @ miss / 24
    w = w - keep * before + (1 + keep) * speed
"""
LAYERS = f"""{HEAD}
goals = np.tanh(goals)[:, None]
things = {{"a": gen.randn(3, 4) * 0.5, "b": gen.randn(4, 1) * 0.5}}
speeds = {{k: np.zeros_like(v) for k, v in things.items()}}

def back(at, far):
    inner = np.tanh(feats @ at["a"])
    miss = 2 * (inner @ at["b"] - goals) / 24
    return (inner @ at["b"] - goals), {{"b": inner.T @ miss, "a": feats.T @ (miss @ far["b"].T * (1 - inner ** 2))}}

for _ in range(14):
    near = {{k: things[k] + 0.9 * speeds[k] for k in things}}
    miss, slopes = back(near, near)
    cost = np.mean(miss ** 2)
    for k in things:
        speeds[k] = 0.9 * speeds[k] - 0.05 * slopes[k]
        things[k] = things[k] + speeds[k]
"""
BALL = f"""{HEAD}
w = np.zeros(3)
last = w
for _ in range(14):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    new = w - 0.05 * 2 * feats.T @ miss / 24 + 0.8 * (w - last)
    last = w
    w = new
"""
SEQUENCE = f"""{HEAD}
x, y = np.zeros(3), np.zeros(3)
for k in range(14):
    miss = feats @ y - goals
    cost = (miss ** 2).mean()
    new = y - 0.05 * 2 * feats.T @ miss / 24
    y = new + k / (k + 3) * (new - x)
    x = new
"""
RIGHT = {
    "taken off": TAKEN_OFF,
    "with a rate": WITH_RATE,
    "in place": IN_PLACE,
    "from here": FROM_HERE,
    "as Keras has it": KERAS,
    "layers": LAYERS,
    "a heavy ball": BALL,
    "two sequences": SEQUENCE,
    "a share that grows": TAKEN_OFF.replace("    near =", "    keep = min(0.9, 0.5 + 0.1 * _)\n    near ="),
    "plain": TAKEN_OFF.replace("    near = w - keep * speed\n", "").replace("near", "w"),
}
WRONG = [
    (TAKEN_OFF, "w - keep * speed", "w + keep * speed", "sign", None),
    (TAKEN_OFF, "w - keep * speed", "w - 0.5 * speed", "wrong-operand", None),
    (TAKEN_OFF, "w - keep * speed", "w - speed", "wrong-operand", None),
    (TAKEN_OFF, "feats @ near", "feats @ w", "wrong-operand", None),
    (TAKEN_OFF, "keep * speed + 0.05", "-keep * speed + 0.05", "sign", None),
    (WITH_RATE, "w - rate * keep * speed", "w - keep * speed", "wrong-operand", None),
    (IN_PLACE, "w += 0.8", "w -= 0.8", "sign", None),
    (FROM_HERE, "(slope + keep", "(slope - keep", "sign", None),
    (FROM_HERE, "(slope + keep * speed)", "(slope + speed)", "wrong-operand", None),
    (KERAS, "w - keep * before", "w + keep * before", "sign", None),
    (KERAS, "(1 + keep) * speed", "keep * speed", "wrong-operand", None),
    (LAYERS, "things[k] + 0.9", "things[k] - 0.9", "sign", None),
    (LAYERS, "back(near, near)", "back(things, things)", "not-used", ""),
    (LAYERS, "back(near, near)", "back(near, things)", "not-used", ""),
    (BALL, "(w - last)", "(last - w)", "sign", "new = w - 0.05 * 2 * feats.T @ miss / 24 - 0.8 * (last - w)"),
    (BALL, "    last = w\n    w = new", "    w = new\n    last = w", "stale", ""),
]


@pytest.mark.parametrize(("script", "right", "wrong", "name", "new"), WRONG)
def test_a_step_along_a_velocity_that_no_rule_has(
    script: str, right: str, wrong: str, name: str, new: str | None, tmp_path: Path
) -> None:
    assert script.count(right) == 1
    text, file = script.replace(right, wrong), tmp_path / "script.py"
    file.write_text(text)
    (slip, *others) = slips(record(Script(str(file), [])))
    assert (slip.name, [*others]) == (name, [])
    assert wrong.strip().splitlines()[-1] in text.splitlines()[slip.site.line - 1]
    mended = "" if slip.edit is None else slip.edit.line
    assert mended == (next(row.strip() for row in script.splitlines() if right in row) if new is None else new)


@pytest.mark.parametrize("name", RIGHT)
def test_right_steps_along_a_velocity(name: str, tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(RIGHT[name])
    found = consult(Script(str(file), []), Options(), 20.0)
    assert {block["verdict"] for block in found["blocks"]} == {"right"}


BESIDE = """
import numpy as np
rng = np.random.RandomState(0)
x = rng.randn(20, 3)
goal = np.sin(x[:, :1])
w, c, u = rng.randn(3, 4) * 0.5, np.zeros(4), rng.randn(4, 1) * 0.5
vw, vc, vu = 0 * w, 0 * c, 0 * u
for turn in range(40):
    h = np.tanh(x @ w + c)
    miss = h @ u - goal
    print(np.mean(miss ** 2))
    d = 2 * miss / 20
    dh = d @ u.T * (1 - h ** 2)
    dw, dc, du = x.T @ dh, dh.sum(axis=0), h.T @ d
    vw = 0.9 * vw - 0.05 * dw
    vc = 0.9 * vc - 0.05 * dc
    vu = 0.9 * vu - 0.05 * du
    w += vw
    c += vc
    u += vu
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("0.9 * vu - 0.05 * du", "0.9 * vu + 0.05 * du"),
        ("    u += vu", "    u -= vu"),
        ("    u += vu", "    u += 0.05 * vu"),
    ],
    ids=["the velocity", "the step", "the rate twice"],
)
def test_the_line_that_the_others_write_otherwise(old: str, new: str, tmp_path: Path) -> None:
    wrong = BESIDE.replace(old, new)
    line = next(k for k, each in enumerate(wrong.splitlines(), 1) if new in each)
    file = tmp_path / "a.py"
    file.write_text(wrong, encoding="utf-8")
    told = " ".join(str(run(file, cure=False)).split())
    assert "one line is wrong" in told
    assert f"line {line}:" in told
    assert old.strip() in told


def test_velocities_in_lists_are_no_parameters(tmp_path: Path) -> None:
    assert "the gradient of w is right." in said(IN_LISTS, tmp_path)
