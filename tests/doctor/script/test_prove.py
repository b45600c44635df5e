"""Lines to write that only a run can choose: in lists and objects, of two mistakes; and what is no mistake then."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

START = """
import numpy as np

gen = np.random.RandomState(4)
"""
LISTS = (
    START
    + """
class Net:
    def __init__(self):
        self.w = [gen.randn(3, 3) * 0.7 for _ in range(3)]
        self.b = [np.zeros((3, 1)) for _ in range(3)]
    def forward(self, x):
        self.a, self.z = [x], []
        for w, b in zip(self.w, self.b):
            self.z.append(w @ self.a[-1] + b)
            self.a.append(np.tanh(self.z[-1]))
        return self.a[-1]
    def backward(self, y, lr):
        g = (self.a[-1] - y) * (1 - np.tanh(self.z[-1]) ** 2)
        for k in (2, 1, 0):
            gw = g @ self.a[k].T
            gb = g.sum(1, keepdims=True) / y.shape[1]
            g = (self.w[k].T @ g) * (1 - self.a[k] ** 2)
            self.w[k] -= lr * gw / y.shape[1]
            self.b[k] -= lr * gb

X = gen.randn(3, 8)
Y = np.tanh(X[::-1] * 0.5)
net = Net()
for turn in range(8):
    out = net.forward(X)
    loss = 0.5 * np.sum((out - Y) ** 2) / Y.shape[1]
    net.backward(Y, 0.1)
"""
)
BLOCKS = (
    START
    + """
class Skip:
    def __init__(self):
        self.w = gen.randn(4, 4) * 0.4
    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.w)
        return x + self.h
    def backward(self, g):
        d = g * (1 - self.h ** 2)
        self.gw = self.x.T @ d
        return g + d @ self.w.T

class Plain:
    def __init__(self):
        self.w = gen.randn(4, 4) * 0.4
    def forward(self, x):
        self.x = x
        return x @ self.w
    def backward(self, g):
        self.gw = self.x.T @ g
        return g @ self.w.T

X, Y = gen.randn(9, 4), gen.randn(9, 4)
layers = [Plain(), Skip(), Skip(), Plain()]
for turn in range(8):
    h = X
    for layer in layers:
        h = layer.forward(h)
    loss = ((h - Y) ** 2).mean()
    g = 2 * (h - Y) / Y.size
    for layer in layers[::-1]:
        g = layer.backward(g)
    for layer in layers:
        layer.w = layer.w - 0.1 * layer.gw
"""
)
STEPS = (
    START
    + """
X, Y = gen.randn(12, 3), gen.randn(12, 2)
A, a = gen.randn(3, 2) * 0.5, np.zeros(2)
v_A, v_a = np.zeros_like(A), np.zeros_like(a)
sum_A, sum_a = np.zeros_like(A), np.zeros_like(a)
for turn in range(8):
    sum_A = np.zeros_like(A)
    sum_a = np.zeros_like(a)
    loss = 0
    for x, y in zip(X, Y):
        miss = x @ A + a - y
        loss += 0.5 * np.sum(miss ** 2)
        sum_A += np.outer(x, miss)
        sum_a += miss
    v_A = 0.9 * v_A - 0.01 * sum_A
    v_a = 0.9 * v_a - 0.01 * sum_a
    A += v_A
    a += v_a
"""
)
RATINGS = (
    START
    + """
R = gen.rand(4, 5) * 4 + 1
P, Q = gen.rand(4, 2), gen.rand(5, 2)
lr, keep = 0.05, 0.02
known = [(i, j, R[i, j]) for i in range(4) for j in range(5)]
for turn in range(6):
    for i, j, r in known:
        e = r - P[i, :] @ Q[j, :]
        old = P[i, :].copy()
        P[i, :] += lr * (e * Q[j, :] - keep * P[i, :])
        Q[j, :] += lr * (e * old - keep * Q[j, :])
"""
)
CODES = (
    START
    + """
X = gen.rand(10, 6)
W, b, c = gen.randn(6, 3) * 0.3, np.zeros(6), np.zeros(3)
few, n = 0.02, len(X)
for turn in range(8):
    code = 1 / (1 + np.exp(-(X @ W + c)))
    miss = code @ W.T + b - X
    loss = 0.5 * np.sum(miss ** 2) / n + few * np.sum(np.abs(code)) / n
    d = miss / n
    d_code = d @ W + few * np.sign(code) / n
    d_in = d_code * code * (1 - code)
    g_W = X.T @ d_in + d.T @ code
    g_c = d_in.sum(0)
    g_b = np.zeros(6)
    for k in range(6):
        g_b[k] = d[:, k].sum()
    W -= 0.1 * g_W
    b -= 0.1 * g_b
    c -= 0.1 * g_c
"""
)
WRONG = {
    "its own output": (LISTS, {"g @ self.a[k].T": "g @ self.a[k+1].T"}),
    "what was appended to an attribute": (LISTS, {"np.tanh(self.z[-1]) ** 2": "np.tanh(self.a[-1]) ** 2"}),
    "two, of which one hides the other": (
        LISTS, {"(self.a[-1] - y) *": "(y - self.a[-1]) *", " * (1 - self.a[k] ** 2)": ""},
    ),
    "a path beside a layer that stands twice": (BLOCKS, {"return g + d @ self.w.T": "return d @ self.w.T"}),
    "never begun anew": (STEPS, {"    sum_A = np.zeros_like(A)\n    ": "    "}),
    "the sign of one update": (STEPS, {"a += v_a": "a -= v_a"}),
    "two terms": (CODES, {"d @ W + few * np.sign(code) / n": "d @ W", " + d.T @ code": ""}),
    "an element": (CODES, {"d[:, k].sum()": "d[:, k].mean()"}),
}  # fmt: skip


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


@pytest.mark.parametrize("text", [LISTS, BLOCKS, STEPS, RATINGS, CODES])
def test_the_right_ones_are_right(text: str) -> None:
    found = found_in(text)
    assert found["faults"] == []
    assert {block["verdict"] for block in found["blocks"]} == {"right"}, found


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_line_and_no_other_has_a_line_to_write(name: str) -> None:
    text, changes = WRONG[name]
    rows = []
    for right, wrong in changes.items():
        assert text.count(right) == 1
        rows.append(text[: text.index(right)].count("\n") + 1)
        text = text.replace(right, wrong)
    found = found_in(text)["faults"]
    if name not in ("never begun anew", "the sign of one update"):  # told where it is added to, or what is made of it
        assert sorted(fault["line"] for fault in found) == sorted(rows), found
    assert all(fault["edit"] for fault in found), found
    lines = text.splitlines(keepends=True)
    for fault in sorted(found, key=lambda f: f["edit"]["span"], reverse=True):
        first, start, last, end = fault["edit"]["span"]
        assert first == last
        row = lines[first - 1]
        lines[first - 1] = row[:start] + fault["edit"]["new"] + row[end:]
    mended = "".join(lines)
    assert {block["verdict"] for block in found_in(mended)["blocks"]} == {"right"}, mended
