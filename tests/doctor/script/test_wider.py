"""A penalty of one block is missing where a loop gives the others theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

TEXT = """
import numpy as np

gen = np.random.default_rng(5)
rows = gen.normal(size=(24, 3))
goal = np.tanh(rows @ gen.normal(size=(3, 2)))
net = {"A1": gen.normal(size=(3, 4)) * 0.5, "A2": gen.normal(size=(4, 4)) * 0.5, "A3": gen.normal(size=(4, 2)) * 0.5}
weight, rate = 0.03, 0.1


def slopes(net):
    h = np.tanh(rows @ net["A1"])
    k = np.tanh(h @ net["A2"])
    miss = k @ net["A3"] - goal
    cost = np.sum(miss ** 2) / 24
    for i in (1, 2, 3):
        cost += weight / 2 * np.sum(net["A%d" % i] ** 2)
    g = {}
    d = 2 * miss / 24
    g["A3"] = k.T @ d
    d = (d @ net["A3"].T) * (1 - k ** 2)
    g["A2"] = h.T @ d
    d = (d @ net["A2"].T) * (1 - h ** 2)
    g["A1"] = rows.T @ d
    for name in ("A1", "A2", "A3"):
        g[name] += weight * net[name]
    return cost, g


for turn in range(30):
    cost, g = slopes(net)
    for name in net:
        net[name] -= rate * g[name]
print(cost)
"""
ROW = """for name in ("A1", "A2", "A3"):
        g[name] += weight * net[name]"""
COUNTED = """for i in range(1, 4):
        g["A%d" % i] += weight * net["A%d" % i]"""
WRONG = [
    (ROW, '"A1", "A2", "A3"', '"A2", "A3"'),
    (ROW, '"A1", "A2", "A3"', '"A1", "A2"'),
    (COUNTED, "range(1, 4)", "range(1, 3)"),
]


def told(text: str, folder: Path) -> list[tuple[str, str, str]]:
    file = folder / "script.py"
    file.write_text(text)
    return [(f["code"], f["name"], f["instead"]) for f in consult(Script(str(file), []), Options(), 20.0)["faults"]]


@pytest.mark.parametrize(("loop", "right", "wrong"), WRONG)
def test_the_loop_gets_a_turn_more(loop: str, right: str, wrong: str, tmp_path: Path) -> None:
    text = TEXT.replace(ROW, loop)
    assert text.count(right) == 1
    head = loop.splitlines()[0]
    assert told(text.replace(right, wrong), tmp_path) == [(head.replace(right, wrong), "missing-penalty", head)]


def test_nothing_is_told_of_one_that_has_all(tmp_path: Path) -> None:
    assert told(TEXT, tmp_path) == []


def test_no_line_uses_what_a_loop_gave_out_that_is_over(tmp_path: Path) -> None:
    """The loop of the loss leaves 3 in `i`, and the name of the block could be put together with it."""
    text = TEXT.replace(ROW, 'g["A1"] += weight * net["A1"]; g["A2"] += weight * net["A2"]')
    (fault,) = told(text, tmp_path)
    assert fault[1] == "missing-penalty"
    assert "%" not in fault[2]
