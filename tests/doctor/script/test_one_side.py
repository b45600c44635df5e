"""Gradients that are cut off on one side only; and sums of elements that are never set to zero, beside another."""

from __future__ import annotations

import pytest

from .test_mended import told

CUT = """
import numpy as np
gen = np.random.RandomState(3)
x = gen.randn(30, 3) * 3
goal = np.tanh(x @ gen.randn(3, 1)) * 4
w, v, most = gen.randn(3, 5), gen.randn(5, 1), 0.2
for turn in range(30):
    h = np.tanh(x @ w)
    miss = h @ v - goal
    print(0.5 * np.mean(miss ** 2))
    back = miss / 30 @ v.T * (1 - h * h)
    for p, g in ((w, x.T @ back), (v, h.T @ miss / 30)):
        g = CUT
        p -= 0.1 * g
"""
BOTH = "np.clip(g, -most, most)"
RIGHT = [BOTH, "np.maximum(np.minimum(g, most), -most)", "g; p[...] = np.minimum(p - 0.1 * g, 3); continue"]
WRONG = ["np.minimum(g, most)", "np.maximum(g, -most)", "np.clip(g, None, most)", "np.clip(g, 0, most)"]

SUMS = """
import numpy as np
gen = np.random.RandomState(4)
waves, goal = gen.randn(12, 7), (gen.rand(12) < 0.5).astype(float)
taps, lift, heads, base = gen.randn(3) * 0.3, 0.0, gen.randn(5) * 0.3, 0.0
dtaps, dheads = np.zeros(3), np.zeros(5)
for turn in range(20):
    cost = 0.0
    for s in range(0, 12, 4):
        dlift = dbase = 0.0
        for wave, t in zip(waves[s:s + 4], goal[s:s + 4]):
            line = sum(taps[k] * wave[k:k + 5] for k in range(3)) + lift
            h = np.tanh(line)
            p = 1 / (1 + np.exp(-(heads @ h + base)))
            cost -= t * np.log(p) + (1 - t) * np.log(1 - p)
            dheads += (p - t) * h
            dbase += p - t
            dline = (p - t) * heads * (1 - h * h)
            for k in range(3):
                dtaps[k] += np.sum(dline * wave[k:k + 5])
            dlift += dline.sum()
        taps -= 0.05 * dtaps
        lift -= 0.05 * dlift
        heads -= 0.05 * dheads
        base -= 0.05 * dbase
    print(cost)
"""


TAKEN = """
import numpy as np
gen = np.random.RandomState(3)
x = gen.randn(4, 30, 3)
goal = np.tanh(x @ gen.randn(3, 1)) * 4
w, v = gen.randn(3, 5), gen.randn(5, 1)
sums = [np.zeros_like(w), np.zeros_like(v)]
for turn in range(20):
    cost = 0.0
    gw, gv = sums
    for part, aim in zip(x, goal):
        h = np.tanh(part @ w)
        miss = (h @ v - aim) / 30
        cost += 15 * np.sum(miss ** 2)
        gv += h.T @ miss
        gw += part.T @ (miss @ v.T * (1 - h * h))
    for p, g in zip((w, v), sums):
        p -= 0.1 * np.clip(g, -0.5, 0.5)
    print(cost)
"""


@pytest.mark.parametrize("cut", RIGHT)
def test_what_is_cut_off_on_both_sides_or_is_no_gradient(cut: str) -> None:
    assert told(CUT.replace("CUT", cut))["faults"] == []


@pytest.mark.parametrize("cut", WRONG)
def test_what_is_cut_off_on_one_side(cut: str) -> None:
    (fault,) = told(CUT.replace("CUT", cut))["faults"]
    assert (fault["line"], fault["name"], fault["instead"]) == (13, "clipped", f"g = {BOTH}")


def test_sums_of_elements_are_emptied_with_the_others() -> None:
    (fault,) = told(SUMS)["faults"]
    assert (fault["line"], fault["name"], fault["blocks"]) == (10, "accumulated", ["heads", "taps"])


def test_sums_that_each_step_takes_from_a_list_are_emptied_there() -> None:
    (fault,) = told(TAKEN)["faults"]
    assert (fault["line"], fault["name"], fault["blocks"]) == (10, "accumulated", ["v", "w"])
    assert fault["instead"] == "gw, gv = sums = [np.zeros_like(g) for g in sums]"
    assert told(TAKEN.replace("gw, gv = sums", fault["instead"]))["faults"] == []


def test_only_what_is_longer_than_a_bound_is_made_as_long() -> None:
    clipped = CUT.replace("CUT", "g * (most / np.linalg.norm(g) if np.linalg.norm(g) > most else 1.0)")
    named = clipped.replace("        g = g *", "        size = np.linalg.norm(g)\n        g = g *").replace(
        "np.linalg.norm(g) if np.linalg.norm(g) >", "size if size >"
    )
    assert told(named)["faults"] == []
    wrong = named.replace("size > most", "size < most").replace("gen.randn(5, 1), 0.2", "gen.randn(5, 1), 9.0")
    (fault,) = told(wrong)["faults"]
    assert (fault["line"], fault["instead"]) == (14, "g = g * (most / size if size > most else 1.0)")
