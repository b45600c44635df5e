"""The shares of running means: swapped, taken off, with the decay of the other, corrected without a power."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.script.asking import said

START = """
import numpy as np
rng = np.random.RandomState(0)
x = rng.randn(20, 3)
goal = x[:, :1] * x[:, 1:2]
ps = [rng.randn(3, 4) * 0.5, np.zeros(4), rng.randn(4, 1) * 0.5, np.zeros(1)]
rate, decay, decay2 = 0.02, 0.9, 0.99
first, second = [0 * p for p in ps], [0 * p for p in ps]
for t in range(1, 40):
    h = np.tanh(x @ ps[0] + ps[1])
    miss = h @ ps[2] + ps[3] - goal
    print(np.mean(miss ** 2))
    d = 2 * miss / 20
    dh = d @ ps[2].T * (1 - h ** 2)
    gs = [x.T @ dh, dh.sum(axis=0), h.T @ d, d.sum(axis=0)]
    for k, g in enumerate(gs):
"""
ADAM = """        first[k] = decay * first[k] + (1 - decay) * g
        second[k] = decay2 * second[k] + (1 - decay2) * g ** 2
        up = first[k] / (1 - decay ** t)
        wide = second[k] / (1 - decay2 ** t)
        ps[k] -= rate * up / (np.sqrt(wide) + 1e-8)
"""
MEAN = """        first[k] = decay * first[k] + (1 - decay) * g
        ps[k] -= rate * first[k]
"""
MINUS = """        first[k] = decay * first[k] - (1 - decay) * g
        ps[k] += rate * first[k]
"""
SUM = """        s = second[k]
        s += g * g
        ps[k] -= rate * g / np.sqrt(s + 1e-8)
"""

ADDED = """        whole = np.zeros_like(g)
        for part in (0.25 * g, 0.75 * g):
            whole = whole + part
        second[k] = decay * second[k] + (1 - decay) * whole ** 2
        ps[k] -= rate * whole / (np.sqrt(second[k]) + 1e-8)
"""


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (ADAM, "decay * first[k] + (1 - decay) * g", "decay2 * first[k] + (1 - decay2) * g"),
        (ADAM, "decay2 * second[k] + (1 - decay2) * g ** 2", "(1 - decay2) * second[k] + decay2 * g ** 2"),
        (ADAM, "(1 - decay2) * g ** 2", "(1 - decay2) * first[k] ** 2"),
        (ADAM, "up = first[k] / (1 - decay ** t)", "up = first[k] / (1 - decay)"),
        (ADAM, "second[k] + (1 - decay2)", "second[k] - (1 - decay2)"),
        (MEAN, "first[k] + (1 - decay)", "first[k] - (1 - decay)"),
        (SUM, "s += g * g", "s = s + g * g"),
    ],
    ids=[
        "the other's decay",
        "swapped",
        "the square of the mean",
        "no power",
        "squares off",
        "off, uphill",
        "not kept",
    ],
)
def test_a_share_that_is_wrong(text: str, old: str, new: str, tmp_path: Path) -> None:
    wrong = text.replace(old, new)
    line = next(k for k, each in enumerate((START + wrong).splitlines(), 1) if new in each)
    told = said(START + wrong, tmp_path)
    assert "one line is wrong" in told
    assert f"line {line}:" in told


@pytest.mark.parametrize(
    "text", [ADAM, MEAN, MINUS, SUM, ADDED], ids=["adam", "a mean", "minus the gradient", "a sum", "added up"]
)
def test_right_shares(text: str, tmp_path: Path) -> None:
    assert "no mistake found" in said(START + text, tmp_path)
