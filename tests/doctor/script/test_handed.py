"""Two mistakes of which neither explains a block by itself, steps that take turns, and what blocks are called."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import numpy as np
import pytest

from autograd.doctor.script.judge.blame import place
from autograd.doctor.script.judge.judge import judge
from autograd.doctor.script.judge.locate import Locator
from autograd.doctor.script.judge.quantities import Quantities
from autograd.doctor.script.judge.verdicts import Judgement
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

from .test_mended import START

CELL = (
    START
    + """
A, a, V = gen.randn(8, 5) * 0.4, np.zeros(8), gen.randn(4) * 0.4
gate = lambda s: 1 / (1 + np.exp(-s))
runs = [(gen.randn(3, 1), gen.randn()) for _ in range(4)]
for turn in range(4):
    for xs, y in runs:
        h, c, kept = np.zeros(4), np.zeros(4), []
        for x in xs:
            both = np.concatenate([x, h])
            s = A @ both + a
            f, g = gate(s[:4]), np.tanh(s[4:])
            old, c = c, f * c + (1 - f) * g
            h = np.tanh(c)
            kept.append((both, f, g, old, h))
        miss = V @ h - y
        print(0.5 * miss ** 2)
        gA, ga, gV = np.zeros_like(A), np.zeros_like(a), miss * h
        gh, gc = miss * V, np.zeros(4)
        for both, f, g, old, h in kept[::-1]:
            gc = gc + gh * (1 - h ** 2)
            gs = np.concatenate([gc * (old - g) * f * (1 - f), gc * (1 - f) * (1 - g ** 2)])
            gA += np.outer(gs, both)
            ga += gs
            gh = (A.T @ gs)[1:]
            gc = gc * f
        A -= 0.1 * gA; a -= 0.1 * ga; V -= 0.1 * gV
"""
)
"""A state and a gate, carried through time."""
DROPPED = (
    START
    + """
X, Y = gen.randn(20, 3), gen.randn(20, 2)
W, U = gen.randn(3, 6) * 0.5, gen.randn(6, 2) * 0.5
for turn in range(5):
    mask = gen.rand(20, 6) < 0.7
    out = np.tanh(X @ W)
    h = out * mask / 0.7
    miss = h @ U - Y
    print(0.5 * np.sum(miss ** 2))
    gU = h.T @ miss
    back = (miss @ U.T) * mask / 0.7
    gW = X.T @ (back * (1 - out ** 2))
    W -= 0.02 * gW; U -= 0.02 * gU
"""
)
PAIRS = {
    "a sum and a slice": (CELL, {"ga += gs": "ga = gs", "(A.T @ gs)[1:]": "(A.T @ gs)[:4]"}),
}  # fmt: skip
RATES = (
    START
    + """
X = gen.randn(12, 3)
Y = X @ [1.0, -2.0, 0.5]
w, b = np.zeros(3), 0.0
rates = [0.04, 0.02, 0.01]
for turn in range(3):
    for x, y in zip(X, Y):
        miss = b + x @ w - y
        b -= 0.02 * miss
        for k in range(3):
            w[k] -= rates[k] * miss * x[k]
"""
)
TURNS = (
    START
    + """
R, M = gen.rand(6, 5), gen.rand(6, 5) < 0.8
P, Q = gen.rand(6, 2), gen.rand(5, 2)
for turn in range(6):
    for _ in range(3):
        E = (P @ Q.T - R) * M
        P -= 0.05 * E @ Q
    for _ in range(3):
        E = (P @ Q.T - R) * M
        Q -= 0.05 * E.T @ P
    cost = 0.5 * np.sum(((P @ Q.T - R) * M) ** 2)
    print(cost)
"""
)
LAYERS = (
    START
    + """
class Layer:
    def __init__(self, n, m):
        self.W = gen.randn(n, m) * 0.5
    def __call__(self, x):
        self.x = x
        return x @ self.W
X, Y = gen.randn(9, 3), gen.randn(9, 2)
OBJECTS
for turn in range(5):
    d = last(first(X)) - Y
    print(0.5 * np.sum(d ** 2))
    gaps = (first.x.T @ (d @ last.W.T), last.x.T @ d)
    for layer, gap in zip((first, last), gaps):
        layer.W -= 0.02 * gap
"""
)


def judged(text: str) -> Judgement:
    with contextlib.redirect_stdout(io.StringIO()):
        found = record(Script(str(Path(__file__)), text=text), 20.0)
    assert found.training is not None
    with np.errstate(all="ignore"):
        judgement = judge(found.training)
    assert judgement is not None
    return judgement


def changed(text: str, changes: dict[str, str]) -> tuple[str, list[str]]:
    """The text with mistakes, and the lines that they are in."""
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text, sorted(line.strip() for line in text.splitlines() if any(new in line for new in changes.values()))


@pytest.mark.parametrize("pair", PAIRS)
def test_two_mistakes_have_a_line_each(pair: str) -> None:
    text, lines = changed(*PAIRS[pair])
    found = judged(text)
    locator = Locator(found, Quantities(found))
    faults = locator.faults()
    place(locator, faults)
    told = {fault.place.line for fault in faults if fault.place is not None}
    assert sorted(text.splitlines()[number - 1].strip() for number in told) == lines


@pytest.mark.parametrize(
    "text", [CELL, DROPPED, RATES, TURNS, LAYERS.replace("OBJECTS", "first = Layer(3, 4); last = Layer(4, 2)")]
)
def test_the_right_ones_are_right(text: str) -> None:
    assert all(v.right for v in judged(text).verdicts.values())


def test_of_steps_that_take_turns_the_later_ones_are_judged_too() -> None:
    verdicts = judged(TURNS.replace("E.T @ P", "E.T @ P ** 2")).verdicts
    assert verdicts["P"].right
    assert not verdicts["Q"].right


@pytest.mark.parametrize(
    ("objects", "names"),
    [
        ("first, last = Layer(3, 4), Layer(4, 2)", {"first.W", "last.W"}),
        ("net = [Layer(3, 4), Layer(4, 2)]; first, last = net", {"net[0].W", "net[1].W"}),
        ("net = {'a': Layer(3, 4), 'b': Layer(4, 2)}; first, last = net.values()", {"net['a'].W", "net['b'].W"}),
    ],
)
def test_blocks_are_called_by_the_objects_that_have_them(objects: str, names: set[str]) -> None:
    assert set(judged(LAYERS.replace("OBJECTS", objects)).verdicts) == names


def test_blocks_are_called_by_their_keys() -> None:
    text = RATES.replace("w, b = np.zeros(3), 0.0", "net = {'w': np.zeros(3), 'b': np.zeros(1)}")
    text = text[: text.index("rates =")] + (
        "for turn in range(9):\n"
        "    miss = X @ net['w'] + net['b'] - Y\n"
        "    gaps = {'w': X.T @ miss, 'b': miss.sum(keepdims=True)}\n"
        "    for key in net:\n"
        "        net[key] -= 0.01 * gaps[key]\n"
    )
    assert set(judged(text).verdicts) == {"net['w']", "net['b']"}
