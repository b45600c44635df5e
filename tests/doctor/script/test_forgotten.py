"""A bias that no line updates, though its gradient is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.script.asking import said

PLAIN = """
import numpy as np
draw = np.random.RandomState(0)
x = draw.randn(12, 2)
goal = x[:, :1] * 0.5 - x[:, 1:] + 0.3
w, c, v, e = draw.randn(2, 4), np.zeros(4), draw.randn(4, 1), np.zeros(1)
for turn in range(40):
    h = np.tanh(x @ w + c)
    miss = h @ v + e - goal
    print(np.mean(miss ** 2))
    dy = 2 * miss / 12
    dv, de = h.T @ dy, dy.sum(axis=0)
    dh = dy @ v.T * (1 - h ** 2)
    dw = x.T @ dh
    dc = dh.sum(axis=0)
    v -= 0.1 * dv
    e -= 0.1 * de
    w -= 0.1 * dw
    c -= 0.1 * dc
"""
IN_A_CLASS = """
import numpy as np
draw = np.random.RandomState(0)

class Net:
    def __init__(self):
        self.w, self.b = draw.randn(5, 3) * 0.4, np.zeros((5, 1))
        self.out, self.lift = draw.randn(1, 5) * 0.4, np.zeros((1, 1))

    def train(self, x, goal, rate):
        h = np.tanh(self.w @ x + self.b)
        y = self.out @ h + self.lift
        d = (y - goal) / x.shape[1]
        grads = {"out": d @ h.T, "lift": d.sum(axis=1, keepdims=True)}
        dh = self.out.T @ d * (1 - h ** 2)
        grads["w"] = dh @ x.T
        grads["b"] = dh.sum(axis=1, keepdims=True)
        self.w = self.w - rate * grads["w"]
        self.b = self.b - rate * grads["b"]
        self.out = self.out - rate * grads["out"]
        self.lift = self.lift - rate * grads["lift"]
        return 0.5 * np.sum((y - goal) ** 2) / x.shape[1]

x = draw.randn(3, 15)
net = Net()
for turn in range(40):
    print(net.train(x, np.sin(x.sum(axis=0, keepdims=True)), 0.2))
"""
FIXED = """
import numpy as np
draw = np.random.RandomState(4)
words = draw.randint(0, 5, (10, 4))
goal = words.sum(axis=1) / 8 - 1
table, read = draw.randn(5, 6) * 0.5, draw.randn(6) * 0.5
place = np.sin(np.arange(4)[:, None] * np.linspace(1, 0.1, 6))
for turn in range(30):
    seen = table[words] + place
    lit = np.tanh(seen)
    miss = lit.mean(axis=1) @ read - goal
    print(np.mean(miss ** 2))
    back = 2 * miss / 10
    d_read = lit.mean(axis=1).T @ back
    d_seen = back[:, None, None] * read / 4 * (1 - lit ** 2)
    d_table = np.zeros_like(table)
    np.add.at(d_table, words, d_seen)
    table -= 0.5 * d_table
    read -= 0.5 * d_read
"""

LAYERS = """
import numpy as np
draw = np.random.RandomState(2)

class Full:
    def __init__(self, n, m):
        self.w, self.c = draw.randn(n, m) / n, np.zeros(m)

    def out(self, x):
        self.x = x
        return x @ self.w + self.c

    def back(self, g):
        self.gw, self.gc = self.x.T @ g, g.sum(axis=0)
        return g @ self.w.T

class Bend:
    def out(self, x):
        self.y = np.tanh(x)
        return self.y

    def back(self, g):
        return g * (1 - self.y ** 2)

x = draw.randn(20, 2)
goal = x[:, :1] * x[:, 1:]
net = [Full(2, 4), Bend(), Full(4, 4), Bend(), Full(4, 1)]
for turn in range(30):
    y = x
    for each in net:
        y = each.out(y)
    print(np.mean((y - goal) ** 2))
    g = 2 * (y - goal) / 20
    for each in net[::-1]:
        g = each.back(g)
    for each in net:
        if isinstance(each, Full):
            each.w -= 0.1 * each.gw
            each.c -= 0.1 * each.gc
"""
KEYS = """
import numpy as np
draw = np.random.RandomState(3)
p = {"w1": draw.randn(3, 4) * 0.5, "c1": np.zeros(4), "w2": draw.randn(4, 1) * 0.5, "c2": np.zeros(1)}
x = draw.randn(15, 3)
goal = np.cos(x[:, :1])
for turn in range(30):
    h = np.tanh(x @ p["w1"] + p["c1"])
    miss = h @ p["w2"] + p["c2"] - goal
    print(np.mean(miss ** 2))
    d = 2 * miss / 15
    dh = d @ p["w2"].T * (1 - h ** 2)
    g = {"w1": x.T @ dh, "c1": dh.sum(axis=0), "w2": h.T @ d, "c2": d.sum(axis=0)}
    for k in ["w1", "c1", "w2", "c2"]:
        p[k] -= 0.1 * g[k]
"""


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        (PLAIN, "    c -= 0.1 * dc\n", "c"),
        (IN_A_CLASS, '        self.b = self.b - rate * grads["b"]\n', "self.b"),
    ],
    ids=["names", "a class and a dict"],
)
def test_what_is_never_updated(text: str, line: str, name: str, tmp_path: Path) -> None:
    without = said(text.replace(line, ""), tmp_path)
    assert f"{name} is never updated" in without
    assert f"followed by the same for {name}: {line.strip()}" in without.replace("'b'", '"b"')
    assert "one line is wrong" in without
    assert "no mistake found" in said(text, tmp_path)


def test_what_is_fixed_on_purpose_is_no_mistake(tmp_path: Path) -> None:
    assert "no mistake found" in said(FIXED, tmp_path)


@pytest.mark.parametrize(
    ("text", "old", "new", "line"),
    [
        (LAYERS, "            each.c -= 0.1 * each.gc\n", "", "each.c -= 0.1 * each.gc"),
        (LAYERS, "    for each in net:\n        if", "    for each in net[1:]:\n        if", "for each in net:"),
        (KEYS, '"w2", "c2"]', '"w2"]', "for k in ['w1', 'c1', 'w2', 'c2']:"),
    ],
    ids=["the biases of layers", "a layer", "a key"],
)
def test_what_a_loop_leaves_out(text: str, old: str, new: str, line: str, tmp_path: Path) -> None:
    told = said(text.replace(old, new), tmp_path).replace('"', "'")
    assert "never updated" in told
    assert line in told
    assert "one line is wrong" in told
    assert "no mistake found" in said(text, tmp_path)


def test_a_frozen_layer_is_no_mistake(tmp_path: Path) -> None:
    text = LAYERS.replace(
        "    for each in net:\n        if", "    for each in net[1:]:  # the first is frozen\n        if"
    )
    assert "no mistake found" in said(text, tmp_path)


NO_GRADIENT = """
import numpy as np
draw = np.random.RandomState(5)

class Net:
    def __init__(self):
        self.w_in, self.bias_in = draw.randn(3, 4) * 0.5, np.zeros((1, 4))
        self.w_out, self.bias_out = draw.randn(4, 1) * 0.5, np.zeros((1, 1))

    def out(self, x):
        self.h = np.tanh(x @ self.w_in + self.bias_in)
        return self.h @ self.w_out + self.bias_out

    def learn(self, x, goal):
        d = (goal - self.out(x)) / len(x)
        dh = d @ self.w_out.T * (1 - self.h ** 2)
        self.w_out += 0.2 * (self.h.T @ d)
        self.w_in += 0.2 * (x.T @ dh)

x = draw.randn(20, 3)
goal = np.sin(x[:, :1]) + 0.5
net = Net()
for turn in range(30):
    net.learn(x, goal)
    print(0.5 * np.mean((net.out(x) - goal) ** 2))
"""


def test_biases_without_a_gradient(tmp_path: Path) -> None:
    told = said(NO_GRADIENT, tmp_path)
    assert "one line is wrong" in told
    assert "self.bias_out += 0.2 * (d.sum(axis=0, keepdims=True))" in told
    assert "self.bias_in += 0.2 * (dh.sum(axis=0, keepdims=True))" in told
    purpose = NO_GRADIENT.replace("        self.h =", "        # the biases are not trained\n        self.h =")
    assert "no mistake found" in said(purpose, tmp_path)


def test_what_is_brought_back_after_its_step_is_updated(tmp_path: Path) -> None:
    held = KEYS + "    p['w1'] *= np.minimum(1.0, 0.8 / np.linalg.norm(p['w1'], axis=0))\n"
    assert "never updated" not in said(held, tmp_path)


def test_the_gradient_of_the_other_has_no_name(tmp_path: Path) -> None:
    text = (
        PLAIN.replace("    dw = x.T @ dh\n", "")
        .replace("    w -= 0.1 * dw\n", "")
        .replace("    c -= 0.1 * dc\n", "    w -= 0.1 * np.dot(x.T, dh)\n")
    )
    assert "c -= 0.1 * dc" in said(text, tmp_path)


WINDOWS = """
import numpy as np
draw = np.random.default_rng(6)
rows, sides = draw.normal(size=(8, 7)), draw.integers(0, 2, 8)
taps, tbias = draw.normal(size=(3, 3)) * 0.5, np.zeros(3)
mix = draw.normal(size=(3, 5)) * 0.5
for turn in range(12):
    whole = 0
    for row, side in zip(rows, sides):
        z = np.zeros((3, 5))
        for i in range(5):
            z[:, i] = (taps * row[i : i + 3]).sum(axis=1) + tbias
        a = np.tanh(z)
        miss = (mix * a).sum() - side
        whole += 0.5 * miss ** 2
        dz = miss * mix * (1 - a ** 2)
        dtaps = np.zeros_like(taps)
        for i in range(5):
            dtaps += dz[:, i][:, None] * row[i : i + 3]
        mix -= 0.1 * miss * a
        taps -= 0.1 * dtaps
    print(whole)
"""


def test_the_bias_of_windows_is_not_learned_beside_another_mistake(tmp_path: Path) -> None:
    told = said(WINDOWS.replace(" * (1 - a ** 2)", ""), tmp_path)
    assert "2 lines are wrong" in told
    assert "nothing computes the gradient of tbias, and no step updates it" in told
    assert "missing-derivative" in told
    step = "        taps -= 0.1 * dtaps\n"
    assert "no mistake found" in said(WINDOWS.replace(step, step + "        tbias -= 0.1 * dz.sum(axis=1)\n"), tmp_path)
