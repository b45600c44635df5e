"""Lines to write where the mistake is no number of the line itself: masks, places written into, names, orders."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

MASKS = """
import numpy as np

gen = np.random.RandomState(2)
rows, kinds = gen.randn(20, 4), gen.randint(0, 3, size=20)
net = {"A": gen.randn(4, 6) * 0.6, "B": gen.randn(6, 6) * 0.6, "C": gen.randn(6, 3) * 0.6}

def forth(x):
    kept = {"x": x}
    kept["u"] = x @ net["A"]
    kept["v"] = np.maximum(0, kept["u"]) @ net["B"]
    kept["w"] = np.where(kept["v"] > 0, kept["v"], 0.1 * kept["v"])
    powers = np.exp(kept["w"] @ net["C"])
    return powers / powers.sum(axis=1, keepdims=True), kept

def back(p, kept):
    found = {}
    d = p.copy()
    d[np.arange(20), kinds] -= 1
    d /= 20
    found["C"] = kept["w"].T @ d
    dv = d @ net["C"].T * np.where(kept["v"] > 0, 1, 0.1)
    found["B"] = np.maximum(0, kept["u"]).T @ dv
    du = dv @ net["B"].T
    du[kept["u"] <= 0] = 0
    found["A"] = kept["x"].T @ du
    return found

for turn in range(12):
    p, kept = forth(rows)
    print(-np.log(p[np.arange(20), kinds]).mean())
    for key, slope in back(p, kept).items():
        net[key] -= 0.3 * slope
"""
TURNS = """
import numpy as np

gen = np.random.RandomState(5)
words, goals = gen.randint(0, 5, size=(2, 3)), gen.randn(2)
E, P, Q, last = gen.randn(5, 3) * 0.5, gen.randn(8, 3) * 0.5, gen.randn(8, 4) * 0.5, gen.randn(4) * 0.5
for turn in range(3):
    cost = 0.0
    for sentence, goal in zip(words, goals):
        s, kept = np.zeros(4), []
        for word in sentence:
            before = s
            z = P @ E[word] + Q @ before
            gate, new = 1 / (1 + np.exp(-z[:4])), np.tanh(z[4:])
            s = gate * before + new
            kept.append((word, before, gate, new, s))
        miss = last @ s - goal
        cost += miss ** 2 / 2
        d_last, d_s = miss * s, miss * last
        d_E, d_P, d_Q = np.zeros_like(E), np.zeros_like(P), np.zeros_like(Q)
        for word, before, gate, new, after in reversed(kept):
            d_gate = d_s * before * gate * (1 - gate)
            d_new = d_s * (1 - new ** 2)
            d_z = np.concatenate([d_gate, d_new])
            d_P += np.outer(d_z, E[word])
            d_Q += np.outer(d_z, before)
            d_E[word] += P.T @ d_z
            d_s = d_s * gate + Q.T @ d_z
        for weight, slope in ((E, d_E), (P, d_P), (Q, d_Q), (last, d_last)):
            weight -= 0.1 * slope
    print(cost)
"""
LAYERS = """
import numpy as np

gen = np.random.RandomState(7)
rows, goals = gen.randn(12, 4), gen.rand(12, 4) - 0.5
net = [gen.randn(4, 4) * 0.6, gen.randn(4, 4) * 0.6]
for turn in range(8):
    h, held = rows, []
    for weight in net:
        u = h @ weight
        held.append((h, u))
        h = np.tanh(u)
    print(np.sum((h - goals) ** 2) / 12)
    d, slopes = 2 * (h - goals) / 12, {}
    for k in (1, 0):
        before, u = held[k]
        d = d * (1 - np.tanh(u) ** 2)
        slopes[k] = before.T @ d
        d = d @ net[k].T
    for k in (0, 1):
        net[k] -= 0.1 * slopes[k]
"""
KEYS = """
import numpy as np

gen = np.random.RandomState(7)
rows, goals = gen.randn(10, 3), gen.rand(10, 3)
net = {"W%d" % k: gen.randn(3, 3) * 0.8 for k in (1, 2, 3)}
for turn in range(6):
    held = {"A0": rows}
    for k in (1, 2, 3):
        held["Z" + str(k)] = held["A" + str(k - 1)] @ net["W" + str(k)]
        held["A" + str(k)] = np.where(held["Z" + str(k)] > 0, held["Z" + str(k)], 0.2 * held["Z" + str(k)])
    print(np.sum((held["A3"] - goals) ** 2) / 10)
    d = 2 * (held["A3"] - goals) / 10
    for k in (3, 2, 1):
        d = d.copy()
        d[held["Z" + str(k)] < 0] *= 0.2
        slope = held["A" + str(k - 1)].T @ d
        d = d @ net["W" + str(k)].T
        net["W" + str(k)] -= 0.1 * slope
"""
PAIRS = """
import numpy as np

gen = np.random.RandomState(3)
E, W, v = gen.randn(5, 3) * 0.5, gen.randn(6, 4) * 0.5, gen.randn(4) * 0.5
goals = gen.randn(5)
for turn in range(3):
    cost = 0.0
    for left, right, aim in ((0, 1, 2), (3, 2, 4), (1, 4, 0)):
        x = np.hstack([E[left], E[right]])
        h = np.tanh(x @ W)
        miss = h @ v - goals[aim]
        cost += miss ** 2 / 2
        d_u = miss * v * (1 - h ** 2)
        d_x = W @ d_u
        d_E = np.zeros_like(E)
        d_E[left] += d_x[:3]
        d_E[right] += d_x[3:]
        E -= 0.1 * d_E
        W -= 0.1 * np.outer(x, d_u)
        v -= 0.1 * miss * h
    print(cost)
"""
POOLED = """
import numpy as np

gen = np.random.RandomState(1)
pictures, goals = gen.randn(2, 5, 5), gen.randn(2)
F, w = gen.randn(2, 2) * 0.5, gen.randn(4) * 0.5
for turn in range(3):
    for picture, goal in zip(pictures, goals):
        z = np.zeros((4, 4))
        for i in range(4):
            for j in range(4):
                z[i, j] = np.sum(picture[i:i + 2, j:j + 2] * F)
        small = np.zeros((2, 2))
        for i in range(2):
            for j in range(2):
                small[i, j] = np.max(z[2 * i:2 * i + 2, 2 * j:2 * j + 2])
        miss = small.ravel() @ w - goal
        print(miss ** 2 / 2)
        d_small = (miss * w).reshape(2, 2)
        d_z, d_F = np.zeros_like(z), np.zeros_like(F)
        for i in range(2):
            for j in range(2):
                patch = z[2 * i:2 * i + 2, 2 * j:2 * j + 2]
                first = patch == patch.max()
                d_z[2 * i:2 * i + 2, 2 * j:2 * j + 2] += first * d_small[i, j]
        for i in range(4):
            for j in range(4):
                d_F += d_z[i, j] * picture[i:i + 2, j:j + 2]
        w -= 0.05 * miss * small.ravel()
        F -= 0.05 * d_F
"""
WRONG = {
    "a mask of the gradient": (MASKS, 'du[kept["u"] <= 0] = 0', "du[du <= 0] = 0", "wrong-mask", 'kept["u"] <= 0'),
    "a mask of another layer": (
        MASKS, 'np.where(kept["v"] > 0, 1, 0.1)', 'np.where(kept["u"] > 0, 1, 0.1)', "wrong-mask", 'kept["v"] > 0',
    ),
    "a mask by a key": (KEYS, 'd[held["Z" + str(k)] < 0]', "d[d < 0]", "wrong-mask", 'held["Z" + str(k)] < 0'),
    "the slope of another": (KEYS, "< 0] *= 0.2", "< 0] = 0", "wrong-operand", '[held["Z" + str(k)] < 0] *= 0.2'),
    "all rows of each class": (
        MASKS, "d[np.arange(20), kinds] -= 1", "d[:, kinds] -= 1", "wrong-operand", "d[np.arange(20), kinds]",
    ),
    "another row": (PAIRS, "d_E[right] +=", "d_E[aim] +=", "wrong-operand", "d_E[right]"),
    "gates in another order": (TURNS, "[d_gate, d_new])", "[d_new, d_gate])", "wrong-order", "[d_gate, d_new]"),
    "unpacked in another order": (
        TURNS, "word, before, gate, new, after in", "word, before, new, gate, after in", "wrong-order", "gate, new",
    ),
    "kept at another turn": (LAYERS, "before, u = held[k]", "before, u = held[k - 1]", "wrong-operand", "held[k]"),
    "the mask of a pool": (POOLED, "first = patch == patch.max()", "first = patch > 0", "wrong-operand", "patch.max()"),
}  # fmt: skip


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


@pytest.mark.parametrize("text", [MASKS, TURNS, LAYERS, KEYS, PAIRS, POOLED])
def test_the_right_ones_are_right(text: str) -> None:
    assert {block["verdict"] for block in found_in(text)["blocks"]} == {"right"}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_name_and_a_line_to_write(name: str) -> None:
    text, right, wrong, known, piece = WRONG[name]
    assert text.count(right) == 1
    (fault,) = found_in(text.replace(right, wrong))["faults"]
    assert fault["name"] == known, fault
    assert piece in fault["instead"], fault
    rows = text.replace(right, wrong).splitlines()
    row = rows[fault["line"] - 1]
    rows[fault["line"] - 1] = row[: len(row) - len(row.lstrip())] + fault["instead"]
    assert {block["verdict"] for block in found_in("\n".join(rows) + "\n")["blocks"]} == {"right"}, fault
