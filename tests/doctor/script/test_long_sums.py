"""Gradients that a loop adds up over many samples, one by one: all are followed, and a few tell what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run
from autograd.doctor.script.judge.judge import judge
from autograd.doctor.script.judge.thinned import fewer_samples
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

SUMS = """
import numpy as np

gen = np.random.RandomState(3)
rows = gen.randn(520, 2)
aims = rows @ np.array([1.0, -2.0])
w = np.zeros(2)
for turn in range(30):
    dw, loss = np.zeros(2), 0.0
    for x, aim in zip(rows, aims):
        miss = w @ x - aim
        loss += miss ** 2
        dw += 2 * miss * x
    w -= 0.0002 * dw
"""
NET = """
import numpy as np

gen = np.random.RandomState(7)
rows = gen.randn(70, 3)
aims = np.sin(rows[:, 0]) * rows[:, 1]
P, p = gen.randn(5, 3) * 0.6, np.zeros(5)
Q = gen.randn(5) * 0.6
for turn in range(4):
    gP, gp, gQ, cost = np.zeros_like(P), np.zeros_like(p), np.zeros_like(Q), 0.0
    for x, aim in zip(rows, aims):
        a = P @ x + p
        u = np.tanh(a)
        s = 1 / (1 + np.exp(-u))
        h = s * u
        miss = Q @ h - aim
        cost += miss ** 2 / len(rows)
        back = 2 * miss / len(rows)
        gQ += back * h
        dh = back * Q
        du = dh * s + dh * u * s * (1 - s)
        da = du * (1 - a ** 2)
        gP += np.outer(da, x)
        gp += da
    P -= 0.5 * gP
    p -= 0.5 * gp
    Q -= 0.5 * gQ
"""
CARRIED = NET.replace("h = s * u", "h = s * u + 0.1 * before; before = h").replace("gP, gp,", "before = 0.0; gP, gp,")


@pytest.mark.parametrize("wrong", [False, True])
def test_a_sum_over_hundreds_of_samples_is_followed(wrong: bool, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMS.replace("miss * x", "miss * x * x") if wrong else SUMS, encoding="utf-8")
    report = run(tmp_path / "a.py", cure=False)
    assert [f.code.strip() for f in report.findings] == (["dw += 2 * miss * x * x"] if wrong else [])
    assert report.ok is not wrong


@pytest.mark.parametrize(("text", "apart"), [(NET, True), (CARRIED, False)], ids=["apart", "one goes into the next"])
def test_a_few_of_the_samples_tell_what_is_wrong(text: str, apart: bool) -> None:
    training = record(Script("a.py", text=text)).training
    found = judge(training) if training is not None else None
    assert found is not None
    values = found.look.program.run(found.look.program.start())
    with fewer_samples(found) as fewer:
        assert (10 * len(fewer.look.program.steps) < len(found.look.program.steps)) is apart
        assert [(n, v.right) for n, v in fewer.verdicts.items()] == [(n, v.right) for n, v in found.verdicts.items()]
    again = found.look.program.run(found.look.program.start())
    assert all((again[key] == values[key]).all() for nodes in found.look.ends.values() for key in map(id, nodes))
