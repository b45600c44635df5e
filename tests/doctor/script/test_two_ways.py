"""Two mistakes of which one turns the sign of some blocks: no innocent line is told with another sign instead."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

TEXT = """
import numpy as np

gen = np.random.default_rng(4)
rows = gen.normal(size=(16, 3))
goal = np.sin(rows @ gen.normal(size=(3, 1)))
wz, bz = gen.normal(size=(3, 5)) * 0.6, np.zeros(5)
wc, bc = gen.normal(size=(3, 5)) * 0.6, np.zeros(5)
mix, last = gen.normal(size=(5, 4)) * 0.6, gen.normal(size=(4, 1)) * 0.6
for turn in range(25):
    z = 1 / (1 + np.exp(-(rows @ wz + bz)))
    c = np.tanh(rows @ wc + bc)
    h = z * rows[:, :1] + (1 - z) * c
    k = np.tanh(h @ mix)
    miss = k @ last - goal
    cost = np.mean(miss ** 2)
    d = 2 * miss / 16
    dlast = k.T @ d
    dk = (d @ last.T) * (1 - k ** 2)
    dmix = h.T @ dk
    dh = (d @ last.T) @ mix.T
    dz = dh * (c - rows[:, :1]) * z * (1 - z)
    dc = dh * (1 - z) * (1 - c ** 2)
    wz -= 0.1 * rows.T @ dz
    bz -= 0.1 * dz.sum(axis=0)
    wc -= 0.1 * rows.T @ dc
    bc -= 0.1 * dc.sum(axis=0)
    mix -= 0.1 * dmix
    last -= 0.1 * dlast
print(cost)
"""


def lines(text: str, folder: Path) -> list[tuple[str, str]]:
    file = folder / "script.py"
    file.write_text(text)
    return [(f["code"].strip(), f["name"]) for f in consult(Script(str(file), []), Options(), 20.0)["faults"]]


def test_each_mistake_is_told_and_nothing_else(tmp_path: Path) -> None:
    told = lines(TEXT, tmp_path)
    assert [line.split(" = ")[0] for line, _ in told] == ["dh", "dz"]
    assert told[1][1] == "sign"


def test_nothing_is_told_without_them(tmp_path: Path) -> None:
    right = TEXT.replace("dh = (d @ last.T) @ mix.T", "dh = dk @ mix.T").replace(
        "(c - rows[:, :1])", "(rows[:, :1] - c)"
    )
    assert lines(right, tmp_path) == []
