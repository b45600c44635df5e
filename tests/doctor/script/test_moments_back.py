"""A path back through the mean or the deviation of standardised numbers is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

TEXT = """
import numpy as np

gen = np.random.default_rng(11)
rows = gen.normal(size=(20, 3)) * [1, 4, 0.3]
goal = np.sin(rows[:, :1]) + rows[:, 1:2] / 4
one, two = gen.normal(size=(3, 6)) * 0.6, gen.normal(size=(6, 1)) * 0.4
scale, shift = np.ones(6), np.zeros(6)


def back(d, unit, inv):
    g = d * scale
    gu = g * inv
    return gu - gu.mean(axis=0) - unit * (g * unit).mean(axis=0) * inv


for turn in range(30):
    h = rows @ one
    off = h - h.mean(axis=0)
    inv = 1 / np.sqrt((off ** 2).mean(axis=0) + 1e-5)
    unit = off * inv
    act = np.tanh(scale * unit + shift)
    miss = act @ two - goal
    cost = np.mean(miss ** 2)
    d = 2 * miss / 20
    dtwo = act.T @ d
    d = (d @ two.T) * (1 - act ** 2)
    dh = back(d, unit, inv)
    done = rows.T @ dh
    dscale, dshift = (d * unit).sum(axis=0), d.sum(axis=0)
    one -= 0.05 * done
    two -= 0.05 * dtwo
    scale -= 0.05 * dscale
    shift -= 0.05 * dshift
print(cost)
"""
ROWS = TEXT.replace("axis=0) - unit", "axis=1, keepdims=True) - unit").replace("unit).mean(axis=0)",
    "unit).mean(axis=1, keepdims=True)").replace("h.mean(axis=0)", "h.mean(axis=1, keepdims=True)").replace(
    "(off ** 2).mean(axis=0)", "(off ** 2).mean(axis=1, keepdims=True)")  # fmt: skip
WRONG = [
    (TEXT, " - unit * (g * unit).mean(axis=0) * inv", "(g * unit).mean(axis=0)"),
    (TEXT, " - gu.mean(axis=0)", "mean(axis=0)"),
    (ROWS, " - unit * (g * unit).mean(axis=1, keepdims=True) * inv", "(g * unit).mean(axis=1, keepdims=True)"),
]


def faults(text: str, folder: Path) -> list[dict[str, str]]:
    file = folder / "script.py"
    file.write_text(text)
    found: list[dict[str, str]] = consult(Script(str(file), []), Options(), 20.0)["faults"]
    return found


@pytest.mark.parametrize(("text", "term", "said"), WRONG)
def test_the_term_is_written(text: str, term: str, said: str, tmp_path: Path) -> None:
    assert text.count(term) == 1
    (fault,) = faults(text.replace(term, ""), tmp_path)
    assert fault["name"] == "dropped-edge"
    assert said in fault["instead"]


@pytest.mark.parametrize("text", [TEXT, ROWS])
def test_nothing_is_told_of_all_of_them(text: str, tmp_path: Path) -> None:
    assert faults(text, tmp_path) == []
