"""Trainings that do not follow the whole gradient of the number they print, and are right: what is meant is judged."""

from __future__ import annotations

from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

START = "import numpy as np\nrng = np.random.RandomState(5)\n"
VALUES = (
    START
    + """
E, A, B, rate = np.eye(5), rng.randn(5, 6) * 0.4, rng.randn(6, 1) * 0.4, 0.1
for game in range(30):
    at, total = rng.randint(3), 0
    while at < 4:
        after = at + 1
        gain = 1.0 if after == 4 else 0.0
        s, n = E[at:at + 1], E[after:after + 1]
        u = np.tanh(s @ A)
        v = u @ B
        w = 0 if after == 4 else np.tanh(n @ A) @ B
        e = v - (gain + 0.8 * w)
        total += float(np.sum(e ** 2))
        gB = u.T @ e
        back = e @ B.T * (1 - u ** 2)
        A -= rate * s.T @ back
        B -= rate * gB
        at = after
    if game % 10 == 0:
        print(game, total)
"""
)
SUM = (
    START
    + """
X = rng.randn(20, 3)
M, S, D = rng.randn(3, 2) * 0.3, rng.randn(3, 2) * 0.3, rng.randn(2, 3) * 0.3
for turn in range(40):
    m, s = X @ M, X @ S
    noise = rng.randn(20, 2)
    z = m + np.exp(0.5 * s) * noise
    e = z @ D - X
    fit = 0.5 * np.sum(e ** 2) / 20
    prior = -0.5 * np.sum(1 + s - m ** 2 - np.exp(s)) / 20
    back = e @ D.T / 20
    gD = z.T @ e / 20
    gm = back + m / 20
    gs = back * noise * 0.5 * np.exp(0.5 * s) - 0.5 * (1 - np.exp(s)) / 20
    for p, g in ((M, X.T @ gm), (S, X.T @ gs), (D, gD)):
        p -= 0.02 * g
    if turn % 10 == 0:
        print(turn, fit + prior)
"""
)
FIXED = (
    START
    + """
X = rng.randn(30, 3)
Y = np.tanh(X @ rng.randn(3, 1))
A, B = rng.randn(3, 6) * 0.4, rng.randn(6, 1) * 0.4
R = rng.randn(1, 6) * 0.4
for turn in range(40):
    h = np.tanh(X @ A)
    e = (h @ B - Y) / 30
    gB = h.T @ e
    back = (e @ R) * (1 - h ** 2)
    A -= 0.5 * X.T @ back
    B -= 0.5 * gB
    print(np.mean((h @ B - Y) ** 2))
"""
)
RIGHT = {"targets that are held fixed": VALUES, "a sum that is only printed": SUM, "fixed weights": FIXED}
WRONG = {
    "a slope where targets are held": (VALUES, " * (1 - u ** 2)", ""),
    "the prior left out": (SUM, "gm = back + m / 20", "gm = back"),
    "a sign in the prior": (SUM, "- 0.5 * (1 - np.exp(s))", "+ 0.5 * (1 - np.exp(s))"),
    "a slope before fixed weights": (FIXED, "gB = h.T @ e", "gB = (X @ A).T @ e"),
    "weights that are drawn anew": (FIXED, "e @ R", "e @ (rng.randn(1, 6) * 0.4)"),
}


def told(text: str) -> dict[str, Any]:
    return consult(Script("a.py", text=text), Options(), 20.0)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_meant_is_right(name: str) -> None:
    found = told(RIGHT[name])
    assert {block["verdict"] for block in found["blocks"]} == {"right"}
    assert not found["faults"]


@pytest.mark.parametrize("name", WRONG)
def test_and_what_is_wrong_is_found(name: str) -> None:
    text, old, new = WRONG[name]
    assert text.count(old) == 1
    line = text[: text.index(old)].count("\n") + 1
    assert [fault["line"] for fault in told(text.replace(old, new))["faults"]] == [line]
