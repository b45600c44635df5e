"""Sums over several calls that are never set to zero: one finding, after the last of the steps along them."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

TEXT = """
import numpy as np


class Net:
    def __init__(self, gen):
        self.a, self.b, self.c = gen.normal(size=(4, 2)) * 0.5, gen.normal(size=(1, 4)) * 0.5, np.zeros(1)
        self.ga, self.gb, self.gc = np.zeros_like(self.a), np.zeros_like(self.b), np.zeros_like(self.c)

    def forward(self, x):
        self.x, self.h = x, np.tanh(self.a @ x)
        return self.b @ self.h + self.c

    def backward(self, d):
        self.gb += np.outer(d, self.h)
        self.gc += d
        self.ga += np.outer(self.b.T @ d * (1 - self.h ** 2), self.x)

    def step(self, rate):
        self.a -= rate * self.ga
        self.b -= rate * self.gb
        self.c -= rate * self.gc
        self.ga.fill(0); self.gb.fill(0); self.gc.fill(0)


gen = np.random.default_rng(2)
rows = gen.normal(size=(5, 2))
goal = np.sin(rows.sum(axis=1))
net = Net(gen)
for turn in range(12):
    cost = 0
    for x, y in zip(rows, goal):
        out = net.forward(x)
        cost += 0.5 * np.sum((out - y) ** 2)
        net.backward(out - y)
    net.step(0.02)
print(cost)
"""
ANEW = "\n        self.ga.fill(0); self.gb.fill(0); self.gc.fill(0)"


def test_one_finding_for_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(TEXT.replace(ANEW, ""))
    (fault,) = consult(Script(str(file), []), Options(), 20.0)["faults"]
    assert (fault["name"], fault["code"].strip()) == ("accumulated", "self.c -= rate * self.gc")
    assert all(f"self.{name} = np.zeros_like(self.{name})" in fault["instead"] for name in ("ga", "gb", "gc"))
    assert {*fault["blocks"]} == {"self.a", "self.b", "self.c"}


def test_nothing_is_told_of_sums_that_are_emptied(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(TEXT)
    assert consult(Script(str(file), []), Options(), 20.0)["faults"] == []
