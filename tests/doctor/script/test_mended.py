"""The place of a mistake, and the line to write, in scripts that hide it: helpers, sums, loops, chains of objects.

Each is a right script and one line of it exchanged: that line comes first, and what is to be written puts it right.
"""

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

gen = np.random.RandomState(3)
"""
HELPER = (
    START
    + """
x, aim = gen.randn(9, 4), gen.randn(9, 4)
M, N, k1, k2 = gen.randn(4, 4) * 0.5, gen.randn(4, 4) * 0.5, np.ones(4), np.ones(4)

def scaled(v, k):
    size = np.sqrt((v ** 2).mean(1, keepdims=True) + 1e-3)
    return v / size * k, (v, size, k)

def scaled_back(g, kept):
    v, size, k = kept
    h = g * k
    return h / size - v * (h * v).mean(1, keepdims=True) / size ** 3, (g * v / size).sum(0)

for turn in range(30):
    s1, c1 = scaled(x, k1)
    y1 = x + s1 @ M
    s2, c2 = scaled(y1, k2)
    y2 = y1 + np.tanh(s2) @ N
    cost = ((y2 - aim) ** 2).mean()
    top = 2 * (y2 - aim) / aim.size
    g_N = np.tanh(s2).T @ top
    low = (top @ N.T) * (1 - np.tanh(s2) ** 2)
    side, g_k2 = scaled_back(low, c2)
    side = side + top
    g_M = s1.T @ side
    _, g_k1 = scaled_back(side @ M.T, c1)
    M -= 0.1 * g_M
    N -= 0.1 * g_N
    k1 -= 0.1 * g_k1
    k2 -= 0.1 * g_k2
"""
)
OBJECTS = (
    START
    + """
class Linear:
    def __init__(self, n, m):
        self.w, self.b = gen.randn(n, m) * 0.5, np.zeros((1, m))
    def forward(self, x):
        self.x = x
        self.out = x @ self.w + self.b
    def backward(self, g):
        self.gw = self.x.T @ g
        self.gb = g.sum(0, keepdims=True)
        self.gx = g @ self.w.T

class Tanh:
    def forward(self, x):
        self.out = np.tanh(x)
    def backward(self, g):
        self.gx = g * (1 - self.out ** 2)

def step(layer):
    layer.w -= 0.1 * layer.gw
    layer.b -= 0.1 * layer.gb

X, Y = gen.randn(20, 3), gen.randn(20, 2)
one, act, two = Linear(3, 5), Tanh(), Linear(5, 2)
for turn in range(30):
    one.forward(X)
    act.forward(one.out)
    two.forward(act.out)
    cost = ((two.out - Y) ** 2).mean()
    two.backward(2 * (two.out - Y) / Y.size)
    act.backward(two.gx)
    one.backward(act.gx)
    step(one)
    step(two)
"""
)
CACHES = (
    START
    + """
X, Y = gen.randn(20, 3), gen.randn(20, 1)
A, B = gen.randn(3, 6), gen.randn(6, 1)

def hinge_back(g, seen):
    out = g.copy()
    out[seen <= 0] = 0
    return out

for turn in range(30):
    pre = X @ A
    hid = np.maximum(0, pre)
    miss = hid @ B - Y
    cost = (miss ** 2).mean()
    g = 2 * miss / len(Y)
    d_hid = g @ B.T
    d_pre = hinge_back(d_hid, pre)
    B -= 0.1 * hid.T @ g
    A -= 0.1 * X.T @ d_pre
"""
)
PENALTY = (
    START
    + """
X, y = np.hstack([np.ones((25, 1)), gen.randn(25, 3)]), gen.randn(25, 2)
W, lam = gen.randn(4, 2), 0.05
for turn in range(30):
    miss = X @ W - y
    cost = (miss ** 2).sum() / len(X) + lam * (W[1:] ** 2).sum()
    grad = 2 * X.T @ miss / len(X)
    grad[1:] += 2 * lam * W[1:]
    W -= 0.1 * grad
"""
)
FLAT = (
    START
    + """
X, y = gen.randn(25, 3), gen.randint(0, 2, (25, 1))
flat, lam, m = gen.randn(3 * 4 + 4) * 0.5, 0.3, 25
for turn in range(30):
    U, V = flat[:12].reshape(3, 4), flat[12:].reshape(4, 1)
    h = np.tanh(X @ U)
    p = 1 / (1 + np.exp(-h @ V))
    J = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum() / m + lam / (2 * m) * ((U ** 2).sum() + (V ** 2).sum())
    d = p - y
    e = d @ V.T * (1 - h ** 2)
    gU = X.T @ e / m
    gV = h.T @ d / m
    gU += lam / m * U
    gV += lam / m * V
    flat -= 0.5 * np.concatenate([gU.ravel(), gV.ravel()])
"""
)
HINGE = (
    START
    + """
X, y = gen.randn(10, 4), gen.randint(0, 3, 10)
W = gen.randn(4, 3) * 0.1
samples, classes = 10, 3
for turn in range(30):
    cost, G = 0.0, np.zeros(W.shape)
    for i in range(samples):
        scores = X[i].dot(W)
        for j in range(classes):
            gap = scores[j] - scores[y[i]] + 1
            if j != y[i] and gap > 0:
                cost += gap
                G[:, j] += X[i]
                G[:, y[i]] -= X[i]
    cost /= samples
    G /= samples
    cost += 0.01 * np.sum(W * W)
    G += 2 * 0.01 * W
    W -= 0.1 * G
"""
)
GATED = (
    START
    + """
T, n = 4, 3
A, B, c = gen.randn(n, 2), gen.randn(n, n) * 0.5, gen.randn(n)
rows, aims = gen.randn(6, T, 2), gen.randn(6)

def sample(row, aim):
    h, rs, us = [np.zeros(n)], [], []
    for t in range(T):
        r = 1 / (1 + np.exp(-A @ row[t]))
        u = np.tanh(B @ (r * h[-1]) + A @ row[t])
        rs.append(r); us.append(u)
        h.append(0.5 * h[-1] + u)
    miss = c @ h[-1] - aim
    g = {'A': np.zeros_like(A), 'B': np.zeros_like(B), 'c': miss * h[-1]}
    dh = miss * c
    for t in reversed(range(T)):
        r, u, before = rs[t], us[t], h[t]
        du = dh * (1 - u ** 2)
        back = B.T @ du
        dr = back * before * r * (1 - r)
        g['A'] += np.outer(du, row[t]) + np.outer(dr, row[t])
        g['B'] += np.outer(du, r * before)
        dh = 0.5 * dh + back * r
    return miss ** 2 / 2, g

for turn in range(20):
    total, whole = 0.0, {'A': np.zeros_like(A), 'B': np.zeros_like(B), 'c': np.zeros_like(c)}
    for row, aim in zip(rows, aims):
        cost, g = sample(row, aim)
        total += cost / 6
        for k in g:
            whole[k] += g[k] / 6
    A -= 0.1 * whole['A']
    B -= 0.1 * whole['B']
    c -= 0.1 * whole['c']
"""
)
RATES = (
    START
    + """
X, Y = gen.randn(30, 4), gen.randn(30, 2)
W, b, rate = gen.randn(4, 2), np.zeros(2), {'W': 0.03, 'b': 0.06}
for turn in range(30):
    miss = X @ W + b - Y
    cost = (miss ** 2).sum() / 30
    g = 2 * miss / 30
    gW, gb = X.T @ g, g.sum(0)
    W -= rate['W'] * gW
    b -= rate['b'] * gb
"""
)
SCORES = (
    START
    + """
X, Y = gen.randn(5, 6), gen.randn(5, 6)
P, Q = gen.randn(6, 9) * 0.4, gen.randn(6, 9) * 0.4
for turn in range(30):
    q, k = X @ P, X @ Q
    scores = q @ k.T / np.sqrt(k.shape[-1])
    share = np.exp(scores)
    share /= share.sum(axis=-1, keepdims=True)
    miss = share @ X - Y
    cost = 0.5 * (miss ** 2).sum()
    d_share = miss @ X.T
    d_scores = share * (d_share - (d_share * share).sum(-1, keepdims=True))
    d_q = d_scores @ k / np.sqrt(k.shape[-1])
    d_k = d_scores.T @ q / np.sqrt(k.shape[-1])
    P -= 0.1 * X.T @ d_q
    Q -= 0.1 * X.T @ d_k
"""
)
SINGLE = (
    START
    + """
def bend(v):
    return 1 / (1 + np.exp(-v))

def bend_prime(a):
    return a * (1 - a)

A, B = gen.randn(4, 3) * 0.6, gen.randn(1, 4) * 0.6
data = [(gen.randn(3, 1), np.array([[float(k % 2)]])) for k in range(12)]
for turn in range(10):
    for x, t in data:
        h = bend(A @ x)
        o = bend(B @ h)
        miss = o - t
        cost = float(0.5 * miss[0, 0] ** 2)
        print(cost)
        d_h = B.T @ (miss * o * (1 - o))
        B -= 0.5 * (miss * o * (1 - o)) @ h.T
        A -= 0.5 * (d_h * bend_prime(h)) @ x.T
"""
)
TOP = (
    START
    + """
X, y, n = gen.randn(24, 3), gen.randint(0, 3, 24), 24
W, b, V = gen.randn(3, 5), np.zeros((1, 5)), gen.randn(5, 3)
for turn in range(30):
    h = np.tanh(X @ W + b)
    e = np.exp(h @ V)
    p = e / e.sum(axis=1, keepdims=True)
    cost = -np.log(p[range(n), y]).mean() + 0.01 * (W ** 2).sum()
    top = p.copy()
    top[range(n), y] -= 1; top /= n
    low = top @ V.T * (1 - h ** 2)
    V -= 0.1 * h.T @ top
    b -= 0.1 * low.sum(axis=0, keepdims=True)
    W -= 0.1 * (X.T @ low + 0.02 * W)
"""
)
JOINED = (
    START
    + """
steps, n, m = 4, 5, 2
rows, aim = gen.randn(steps, 8, m), gen.randn(8, 1)
W, v = gen.randn(n + m, n) * 0.4, gen.randn(n, 1)
for turn in range(20):
    h, kept = np.zeros((8, n)), []
    for t in range(steps):
        both = np.concatenate([rows[t], h], axis=1)
        h = np.tanh(both @ W)
        kept.append((both, h))
    miss = h @ v - aim
    cost = (miss ** 2).mean()
    g = 2 * miss / 8
    dv, dW, dh = h.T @ g, np.zeros_like(W), g @ v.T
    for both, h in reversed(kept):
        inner = dh * (1 - h ** 2)
        dW += both.T @ inner
        outer = inner @ W.T
        dh = outer[:, m:]
    W -= 0.1 * dW
    v -= 0.1 * dv
"""
)
BARE = """
import numpy as np

gen = np.random.RandomState(5)
P = gen.randn(40, 3); c = (P @ [1.0, -2.0, 0.5] > 0).astype(int)
class Scorer:
    def __init__(self): self.coef = None; self.shift = None
    def train(self, P, c):
        m = len(P)
        self.coef = np.zeros(3)
        self.shift = 0
        for turn in range(120):
            q = 1 / (1 + np.exp(-(P @ self.coef + self.shift)))
            d_coef = P.T @ (q - c) / m
            d_shift = np.sum(q - c) / m
            self.coef -= 0.1 * d_coef
            self.shift -= 0.1 * d_shift
            if turn % 50 == 0: print(turn, -np.mean(c * np.log(q) + (1 - c) * np.log(1 - q)))
Scorer().train(P, c)
"""
"""A bias that begins as a plain 0, and a loss that is printed at the first step only."""
WORDS = (
    START
    + """
U, R, T = gen.randn(5, 4) * 0.3, gen.randn(5, 5) * 0.3, gen.randn(2, 5) * 0.3
texts = [([0], 1), ([1, 0], 0), ([2, 3, 0], 1), ([3], 0)]
for epoch in range(15):
    for marks, kind in texts:
        inputs = [np.eye(4)[k] for k in marks]
        memory = [np.zeros(5)]
        for x in inputs: memory.append(np.tanh(U @ x + R @ memory[-1]))
        z = T @ memory[-1]; share = np.exp(z) / np.exp(z).sum()
        miss = -np.log(share[kind])
        print(miss)
        dz = share.copy(); dz[kind] -= 1
        gT = np.outer(dz, memory[-1]); gU = np.zeros_like(U); gR = np.zeros_like(R)
        dm = T.T @ dz
        for t in reversed(range(len(inputs))):
            raw = dm * (1 - memory[t + 1] ** 2)
            gU += np.outer(raw, inputs[t]); gR += np.outer(raw, memory[t])
            dm = R.T @ raw
        U -= 0.1 * gU; R -= 0.1 * gR; T -= 0.1 * gT
"""
)
"""The first sequence has one element, so the recurrent weights count only later."""
SPARSE = (
    START
    + """
pairs = [(gen.randint(3), 3 + gen.randint(4), gen.randint(2)) for _ in range(25)]
level, slope, F = 0.0, np.zeros(7), gen.randn(7, 2) * 0.3
for epoch in range(3):
    for a, b, y in pairs:
        x = np.zeros(7); x[a] = 1; x[b] = 1
        both = x @ F
        q = 1 / (1 + np.exp(-(level + x @ slope + np.sum(both ** 2 - (x ** 2) @ (F ** 2)) / 2)))
        print(-np.log(q if y == 1 else 1 - q))
        e = q - y
        level = level - 0.1 * e
        for f in range(7):
            if x[f] != 0:
                slope[f] = slope[f] - 0.1 * e * x[f]
                for j in range(2):
                    F[f, j] = F[f, j] - 0.1 * e * (x[f] * both[j] - F[f, j] * x[f] ** 2)
"""
)
"""A loop steps the elements that a sample has, one by one."""
CASES = {
    "a path left out after a helper": (HELPER, "    side = side + top", "    side = side + 0", ""),
    "a path left out, and no line for it": (
        HELPER, "    side, g_k2 = scaled_back(low, c2)\n    side = side + top", "    side, g_k2 = scaled_back(low, c2)",
        "side, g_k2 = scaled_back(low, c2); side = side + top",
    ),
    "another layer's error handed over": (OBJECTS, "    one.backward(act.gx)", "    one.backward(two.gx)", ""),
    "a method's own line": (OBJECTS, "self.gx = g @ self.w.T", "self.gx = g @ self.gw.T", ""),
    "a wrong argument": (CACHES, "hinge_back(d_hid, pre)", "hinge_back(d_hid, d_hid)", ""),
    "a penalty on the first row too": (
        PENALTY, "    grad[1:] += 2 * lam * W[1:]", "    grad += 2 * lam * W", "grad[1:] += 2 * lam * W[1:]"
    ),
    "a division that one product lacks": (FLAT, "    gU = X.T @ e / m", "    gU = X.T @ e", ""),
    "the wrong count": (HINGE, "    G /= samples", "    G /= classes", ""),
    "a gate left out, sample by sample": (GATED, "np.outer(du, r * before)", "np.outer(du, before)", None),
    "a carried error, sample by sample": (GATED, "0.5 * dh + back * r", "0.5 * dh + back", ""),
    "a mean where each block has its rate": (RATES, "g.sum(0)", "g.mean(0)", ""),
    "a root of the size": (SCORES, "d_scores @ k / np.sqrt(k.shape[-1])", "d_scores @ k", ""),
    "the slope of the only output": (SINGLE, "B.T @ (miss * o * (1 - o))", "B.T @ miss", None),
    "a division of the whole left out": (TOP, "    top[range(n), y] -= 1; top /= n", "    top[range(n), y] -= 1", ""),
    "a bias that begins as a plain number": (BARE, "np.sum(q - c) / m", "np.sum(q - c)", None),
    "a mistake that a sequence of one hides": (WORDS, "np.outer(raw, memory[t])", "np.outer(raw, memory[t + 1])", ""),
    "elements stepped one by one": (
        SPARSE, "(x[f] * both[j] - F[f, j] * x[f] ** 2)", "(x[f] * both[j] + F[f, j] * x[f])", None
    ),
    "another part of what was joined": (JOINED, "outer[:, m:]", "outer[:, :n]", ""),
}  # fmt: skip
"""By name: the script, what stands there, what is written instead, and the line to write ("" for the right one)."""


def told(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 30.0)


@pytest.mark.parametrize("text", {text for text, *_ in CASES.values()})
def test_the_right_ones_have_no_fault(text: str) -> None:
    found = told(text)
    assert found["faults"] == []
    assert {block["verdict"] for block in found["blocks"]} == {"right"}


@pytest.mark.parametrize("name", CASES)
def test_the_line_and_what_to_write(name: str) -> None:
    text, old, new, write = CASES[name]
    assert text.count(old) == 1
    wrong = text.replace(old, new)
    pairs = zip(text.splitlines(), wrong.splitlines(), strict=False)
    line = next(k for k, (a, b) in enumerate(pairs, 1) if a != b) - (write or "").startswith("side, ")
    first = told(wrong)["faults"][0]
    assert first["line"] == line
    assert first["name"] != "unrecognised"
    if write is not None:
        assert first["instead"] == (write or text.splitlines()[line - 1].strip())
    else:  # in other words
        assert told(wrong.replace(wrong.splitlines()[line - 1].strip(), first["instead"]))["faults"] == []
