"""Scripts that compute no loss, or another than the one they train on; right ones, and wrong ones with their line (`@@`).

Each keeps what made it hard: a penalty by an `if`, a variance, units that are saturated, lists of lists, a helper.
"""

# ruff: noqa: E501 - the lines are those of the specimens

from __future__ import annotations

REGRESSION = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(30, 3)); y = X @ np.array([1.0, -2.0, 0.5]) + 0.3 + rng.standard_t(2, 30)
count = np.floor(np.exp(0.3 * X[:, 0] + 0.4) + rng.random(30)); label = (X[:, 0] > 0.6) * 1.0
w = np.zeros(3); b = 0.0
for epoch in range(20):
{body}
"""
LISTS = """
import math, random
random.seed(0)
wi = [[random.uniform(-0.5, 0.5) for _ in range(2)] for _ in range(3)]
wo = [[random.uniform(-1, 1)] for _ in range(2)]
ci = [[0.0] * 2 for _ in range(3)]
co = [[0.0] for _ in range(2)]
def slope(y): return @@
for epoch in range(10):
    for x, t in (([0.5, 0.1, 1.0], 0.3), ([0.2, 1.0, 1.0], 0.9), ([1.0, 0.4, 1.0], -0.2)):
        hidden = [math.tanh(sum(x[i] * wi[i][j] for i in range(3))) for j in range(2)]
        out = math.tanh(sum(hidden[j] * wo[j][0] for j in range(2)))
        delta = slope(out) * (t - out)
        deltas = [slope(hidden[j]) * delta * wo[j][0] for j in range(2)]
        for j in range(2):
            change = delta * hidden[j]
            wo[j][0] = wo[j][0] + 0.5 * change + 0.1 * co[j][0]
            co[j][0] = change
        for i in range(3):
            for j in range(2):
                change = deltas[j] * x[i]
                wi[i][j] = wi[i][j] + 0.5 * change + 0.1 * ci[i][j]
                ci[i][j] = change
        print(0.5 * (t - out) ** 2)
"""
HELPER = """
import numpy as np
def sig(x): return 1 / (1 + np.exp(-x))
def stepped(w, dw): return w - 0.5 * dw
def error(y, p): return np.sum((y - np.array(p)) ** 2) / 2
X = np.array([[1.0, 0.2], [0.3, 1.0], [0.7, 0.5]]); y = np.array([0, 1, 0])
first = np.array([[0.9, 0.1], [0.3, 0.5]]); last = np.array([0.8, 0.7])
for epoch in range(20):
    said = []
    for x, t in zip(X, y):
        one = sig(first[0, 0] * x[0] + first[1, 0] * x[1])
        two = sig(first[0, 1] * x[0] + first[1, 1] * x[1])
        o = sig(last[0] * one + last[1] * two)
        said.append(o)
        e = o - t
        left = e * o * (1 - o) * last[0] * one * (1 - one)
        right = e * o * (1 - o) * last[1] * two * (1 - two)
        top = @@
        below = e * o * (1 - o) * two
        first[0, 0] = stepped(first[0, 0], left * x[0]); first[1, 0] = stepped(first[1, 0], left * x[1])
        first[0, 1] = stepped(first[0, 1], right * x[0]); first[1, 1] = stepped(first[1, 1], right * x[1])
        last[0] = stepped(last[0], top); last[1] = stepped(last[1], below)
    print(error(y, said))
"""
RECURRENT = """
import numpy as np
rng = np.random.default_rng(7)
X = rng.normal(size=(6, 5)); Y = rng.integers(0, 4, 6); known = np.array([1.0, 1, 0, 1, 1, 0])
W = rng.normal(size=(5, 4)) * 0.4
for it in range(12):
    z = X @ W
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    loss = -(np.log(p[np.arange(6), Y]) * known).sum() / known.sum()
    d = @@
    W = W - 0.5 * X.T @ d
    print(loss)
"""
COLUMN = """
import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(20, 2)); y = @@
theta = np.zeros((2, 1))
for it in range(12):
    e = X.dot(theta) - y
    theta = theta - 0.05 * X.T.dot(e).mean(axis=1, keepdims=True) / 20
"""
RATES = """
import numpy as np
rng = np.random.default_rng(2)
X = rng.normal(size=(25, 3)); Y = np.tanh(X[:, :1]); lrs = {"W": 0.02, "b": 0.04}
W = rng.normal(size=(3, 1)); b = np.zeros(1)
for it in range(12):
    d = X @ W + b - Y
    L = 0.5 * np.sum(d ** 2)
    gW, gb = X.T @ d, @@
    W -= lrs["W"] * gW
    b -= lrs["b"] * gb
    print(L)
"""
ROOT = """
import numpy as np
rng = np.random.default_rng(3)
X = rng.normal(size=(20, 3)); y = X @ np.array([2.0, 1, 3]) + 1
w, b = np.zeros(3), 0.0
for epoch in range(15):
    e = X @ w + b - y
    rmse = np.sqrt(np.mean(e ** 2))
    gw, gb = X.T @ e / 20, @@
    w, b = w - 0.03 * gw, b - 0.03 * gb
    print(rmse)
"""

RIGHT: dict[str, str] = {
    **{
        name: REGRESSION.format(body="\n".join(f"    {row}" for row in rows))
        for name, rows in {
            "Huber's loss, which is not computed": (
                "r = X @ w + b - y", "g = np.where(abs(r) <= 1.0, r, 1.0 * np.sign(r))", "w -= 0.05 * X.T @ g / 30",
                "b -= 0.05 * g.mean()",
            ),
            "Poisson, with a penalty": (
                "mu = np.exp(X @ w + b)", "w -= 0.01 * (X.T @ (mu - count) / 30 + 0.1 * w)", "b -= 0.01 * np.mean(mu - count)",
            ),
            "gamma": ("mu = np.exp(X @ w + b)", "w -= 0.05 * X.T @ ((mu - count) / mu) / 30", "b -= 0.05 * np.mean((mu - count) / mu)"),
            "weights of classes, and a loss without them": (
                "p = 1 / (1 + np.exp(-(X @ w + b)))", "print(-np.mean(label * np.log(p) + (1 - label) * np.log(1 - p)))",
                "d = np.where(label == 1, 4.0, 1.0) * (p - label) / 30", "w -= 0.3 * X.T @ d", "b -= 0.3 * d.sum()",
            ),
            "a lasso by an if, element by element": (
                "e = y - (X @ w + b)", "g = np.zeros(3)", "for j in range(3):", "    if w[j] > 0: g[j] = (-2 * X[:, j].dot(e) + 5) / 30",
                "    else: g[j] = (-2 * X[:, j].dot(e) - 5) / 30", "w = w - 0.01 * g", "b = b - 0.01 * (-2 * np.sum(e) / 30)",
            ),
            "a hinge, sample by sample": (
                "for x, t in zip(X, 2 * label - 1):", "    if t * (np.dot(x, w) - b) >= 1: w -= 0.01 * (2 * 0.1 * w)",
                "    else: w -= 0.01 * (2 * 0.1 * w - np.dot(x, t))",
            ),
            "a hinge by max, with the samples that count": (
                "d = np.zeros(3)", "for x, t, m in zip(X, 2 * label - 1, 1 - (2 * label - 1) * (X @ w)):",
                "    if max(0, m) == 0: d += w", "    else: d += w - 100 * t * x", "w = w - 0.001 * d / 30",
                "m = 1 - (2 * label - 1) * np.dot(X, w)", "m[m < 0] = 0", "print(0.5 * np.dot(w, w) + 100 * np.sum(m) / 30)",
            ),
            "Adagrad in one line": (
                "if epoch == 0: v = u = 0.0", "e = X @ w + b - y", "g = X.T @ e / 30; h = e.mean()", "v = v + g ** 2; u = u + h ** 2",
                "w = w - 0.5 / np.sqrt(v + 1e-8) * g; b = b - 0.5 / np.sqrt(u + 1e-8) * h",
            ),
        }.items()
    },
    "units that are saturated, number by number": """
import numpy as np
def sigmoid(z): return 1.0 / (1.0 + np.exp(-z))
w1, w2, b, v, c = .5, .5, .5, .5, .5
for epoch in range(5):
    for x1, x2, t in ((50., 30., 1), (40., 10., 1), (5., 60., 0), (1., 45., 0)):
        h = sigmoid(w1 * x1 + w2 * x2 + b)
        o = sigmoid(v * h + c)
        print((t - o) ** 2)
        do = -2 * (t - o) * o * (1 - o)
        dh = do * v * h * (1 - h)
        v -= .1 * do * h
        c -= .1 * do
        w1 -= .1 * dh * x1; w2 -= .1 * dh * x2; b -= .1 * dh
""",
    "factors that take turns": """
import numpy as np
rng = np.random.RandomState(5)
R = rng.randint(1, 6, size=(5, 4)).astype(float); P = rng.normal(size=(5, 2)); Q = rng.normal(size=(4, 2))
for step in range(12):
    E = R - P.dot(Q.T)
    print(np.sum(E ** 2) + 0.02 * (np.sum(P ** 2) + np.sum(Q ** 2)))
    P = P - 0.01 * (-2 * E.dot(Q) + 0.04 * P)
    Q = Q - 0.01 * (-2 * E.T.dot(P) + 0.04 * Q)
""",
    "biases of users and items, one element each": """
import numpy as np
np.random.seed(6)
P = np.random.normal(size=(4, 2)); Q = np.random.normal(size=(5, 2)); bu = np.zeros(4); bi = np.zeros(5)
for ep in range(3):
    for i, j, r in ((0, 1, 4.0), (1, 2, 3.0), (3, 4, 1.0), (2, 0, 5.0), (0, 3, 2.0)):
        e = r - (3.0 + bu[i] + bi[j] + P[i, :].dot(Q[j, :].T))
        bu[i] += 0.01 * (e - 0.02 * bu[i])
        bi[j] += 0.01 * (e - 0.02 * bi[j])
        old = P[i, :].copy()
        P[i, :] += 0.01 * (e * Q[j, :] - 0.02 * P[i, :])
        Q[j, :] += 0.01 * (e * old - 0.02 * Q[j, :])
""",
}  # fmt: skip
"""Right, and the loss is not computed, or another one is."""

PAIRS: dict[str, tuple[str, str, str]] = {
    "momentum in lists of lists": (LISTS, "1 - y * y", "y - y * y"),
    "elements through a helper": (HELPER, "e * o * (1 - o) * one", "e * one"),
    "a mask": (RECURRENT, "(p - np.eye(4)[Y]) * known[:, None] / known.sum()", "(p - np.eye(4)[Y]) / known.sum()"),
    "shapes (n, 1) and (n,)": (COLUMN, "X[:, :1] * 2", "X[:, 0] * 2"),
    "rates of their own": (RATES, "d.sum(0)", "d.mean(0)"),
    "the root is shown": (ROOT, "e.mean()", "e.sum()"),
}
"""A text, what is right in the place of `@@`, and what is wrong."""

UNREAD = """
import numpy as np
x = np.linspace(-1, 1, 20); y = np.sin(x)
a, b, c = 0.1, 0.2, 0.3
for t in range(12):
    p = a + c * x + c * x ** 2
    print(np.square(p - y).sum())
    g = 2.0 * (p - y)
    a -= 0.01 * g.sum()
    b -= 0.01 * (g * x).sum()
    c -= 0.01 * (g * x ** 2).sum()
"""
ONE_OUTPUT = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(10, 2)); T = (X[:, :1] > 0) * 1.0; W = rng.normal(size=(2, 1))
for t in range(12):
    z = X @ W
    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    print(-np.sum(T * np.log(p + 1e-7)) / 10)
    W -= 0.1 * X.T @ (p - T) / 10
"""
SIGN_IN_COST = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(10, 2)); Y = (X[:, :1] > 0) * 1.0; W = rng.normal(size=(2, 1))
for t in range(12):
    A = 1 / (1 + np.exp(-X @ W))
    J = np.sum(-Y * np.log(A) + (1 - Y) * np.log(1 - A)) / 10
    print(J)
    W -= 0.1 * X.T @ (A - Y) / 10
"""
TARGET_FOR_ERROR = """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 2)); y = X @ np.array([1.0, 2.0]) + 1; theta = np.zeros(2); b = 0.0
def r2(y, p): return 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()
for t in range(12):
    e = X @ theta + b - y
    g = X.T @ y / 20
    theta = theta - .1 * g
    b = b - .1 * e.mean()
    print(r2(y, X @ theta + b))
"""
