"""Scripts whose loss or step is not the usual one: right with one line (`@@`), wrong with another; and right ones.

Each keeps what made it hard: lists made anew, a loss that is only compared, a value that lacks one of several paths.
"""

# ruff: noqa: E501 - the lines are those of the specimens

from __future__ import annotations

HEAD = """
import numpy as np
rng = np.random.default_rng(3)
X = rng.normal(size=(20, 3)); Y = np.tanh(X[:, :1])
W1 = rng.normal(size=(3, 4)); b1 = np.zeros(4); W2 = rng.normal(size=(4, 1)); b2 = np.zeros(1)
"""
LAYERS = (
    HEAD
    + """
for i in range(60):
    z = X @ W1 + b1
    h = np.tanh(z)
    o = h @ W2 + b2
    loss = {loss}
    do = {do}
    dW2 = h.T @ do; db2 = do.sum(0)
    dh = do @ W2.T
    {slope}
    dW1 = X.T @ ds
    db1 = ds.sum(0)
    {step}
"""
)
PARTS = {
    "loss": "0.5 * np.mean((o - Y) ** 2)",
    "do": "(o - Y) / len(X)",
    "slope": "ds = dh * (1 - h ** 2)",
    "step": "W1 -= 0.1 * dW1; b1 -= 0.1 * db1; W2 -= 0.1 * dW2; b2 -= 0.1 * db2",
}
HUBER = "np.where(abs(o - Y) < 0.3, 0.5 * (o - Y) ** 2, 0.3 * abs(o - Y) - 0.045).mean()"
POWERS = """
xs = [k / 10 for k in range(-5, 6)]
ys = [3 * x * x - x + 2 for x in xs]
coef = [0.0, 0.0, 0.0]
for epoch in range(100):
    grad = [0.0] * 3
    loss = 0
    for x, y in zip(xs, ys):
        pred = sum(c * x ** k for k, c in enumerate(coef))
        err = pred - y
        loss += err ** 2 / len(xs)
        for k in range(3):
@@
    coef = [c - 0.3 * g for c, g in zip(coef, grad)]
"""
ROWS = """
import math, random
random.seed(3)
def dot(a, b): return sum(x * y for x, y in zip(a, b))
W = [[random.uniform(-1, 1) for _ in range(2)] for _ in range(2)]
v = [random.uniform(-1, 1) for _ in range(2)]
for epoch in range(20):
    total = 0
    for a, c, t in [(0, 0.5, 0), (0.4, 1, 1), (1, 0.2, 1)]:
        x = [a, c]
        h = [math.tanh(dot(row, x)) for row in W]
        e = dot(v, h) - t
        total += 0.5 * e ** 2
@@
        dW = [[d * p for p in x] for d in dh]
        v = [q - 0.1 * e * p for q, p in zip(v, h)]
        W = [[w - 0.1 * g for w, g in zip(row, back)] for row, back in zip(W, dW)]
    print(total)
"""
GATE = """
import numpy as np
rng = np.random.default_rng(2)
xs = rng.normal(size=(4, 2)); ys = rng.normal(size=4)
U, V = rng.normal(size=(3, 2)), rng.normal(size=(3, 3)) * 0.5
A, B = rng.normal(size=(3, 2)), rng.normal(size=(3, 3)) * 0.5
v = rng.normal(size=3)
for it in range(30):
    h = [np.zeros(3)]; z = []; c = []; out = []
    L = 0.0
    for t in range(4):
        z.append(1 / (1 + np.exp(-(U @ xs[t] + V @ h[t]))))
        c.append(np.tanh(A @ xs[t] + B @ h[t]))
        h.append((1 - z[t]) * h[t] + z[t] * c[t])
        out.append(v @ h[t + 1])
        L += 0.5 * (out[t] - ys[t]) ** 2
    gU, gV, gA, gB, gv = [np.zeros_like(p) for p in (U, V, A, B, v)]
    dh = np.zeros(3)
    for t in reversed(range(4)):
        e = out[t] - ys[t]
        gv += e * h[t + 1]
        dh = dh + e * v
        dz = dh * (c[t] - h[t]) * z[t] * (1 - z[t])
        dc = dh * z[t] * (1 - c[t] ** 2)
        gU += np.outer(dz, xs[t]); gV += np.outer(dz, h[t])
        gA += np.outer(dc, xs[t]); gB += np.outer(dc, h[t])
@@
    for p, g in zip((U, V, A, B, v), (gU, gV, gA, gB, gv)):
        p -= 0.1 * g
"""
SUMS = """
import numpy as np
rng = np.random.default_rng(4)
X = rng.random((12, 3)); Y = X[:, :1] ** 2
V = rng.normal(size=(3, 4)); W = rng.normal(size=(4, 1))
for epoch in range(30):
    gV, gW = np.zeros_like(V), np.zeros_like(W)
    for x, y in zip(X, Y):
        h = 1 / (1 + np.exp(-(x @ V)))
        error = y - h @ W
        back = W @ error * h * (1 - h)
        gV += back * x[:, None]
        gW += error * h[:, None]
    W += 0.2 * gW / len(X)
@@
"""
HINGE = """
import numpy as np
rng = np.random.default_rng(1)
X = rng.normal(size=(40, 2)); y = np.sign(X[:, 0] + 0.2)
w = rng.normal(size=2) * 0.1; b = 0.0
lam = 0.3
for epoch in range(50):
    m = y * (X @ w + b)
    loss = np.mean(np.maximum(0, 1 - m)) + lam * np.dot(w, w)
    on = (m < 1) * y
@@
    w -= 0.1 * dw
    b += 0.1 * np.mean(on)
"""
SHARES = """
import numpy as np
rng = np.random.default_rng(5)
X = rng.normal(size=(15, 3)); Y = np.eye(3)[rng.integers(0, 3, 15)]
W = rng.normal(size=(3, 3)) * 0.5
for epoch in range(50):
    s = X @ W
    P = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    loss = np.mean((P - Y) ** 2)
    dP = 2 * (P - Y) / Y.size
@@
    W -= 0.5 * X.T @ ds
"""
WORDS = """
import numpy as np
rng = np.random.default_rng(6)
texts = rng.integers(0, 6, (20, 4)); labels = (texts == 3).any(1) * 1.0
E = rng.normal(size=(6, 3)) * 0.3; w = rng.normal(size=3) * 0.3
for epoch in range(50):
    v = E[texts].sum(1)
    p = 1 / (1 + np.exp(-(v @ w)))
    loss = -np.mean(labels * np.log(p) + (1 - labels) * np.log(1 - p))
    dz = (p - labels) / 20
    dv = dz[:, None] * w
    dE = np.zeros_like(E)
    for j in range(4):
@@
    E -= 0.5 * dE; w -= 0.5 * v.T @ dz
"""
LATER = """
import numpy as np
rng = np.random.default_rng(7)
X = rng.normal(size=(30, 2)); y = X @ np.array([1.0, -2.0])
w = np.zeros(2); g = np.zeros(2)
for epoch in range(50):
    e = X @ w - y
    loss = (e ** 2).mean()
@@
    w -= 0.01 * g
"""


def layers(**changed: str) -> str:
    return LAYERS.format(**{**PARTS, **changed})


WRONG = {
    "Huber's loss shown, squares followed": (
        "other-loss", layers(loss=HUBER, do="@@"), "np.clip(o - Y, -0.3, 0.3) / len(X)", "(o - Y) / len(X)",
    ),
    "fourth powers shown, squares followed": (
        "other-loss", layers(loss="np.mean((o - Y) ** 4) / 20", do="@@"), "(o - Y) ** 3 / (5 * len(X))", "(o - Y) / (5 * len(X))",
    ),
    "squares shown, sizes followed": (
        "other-loss", layers(loss="np.mean((o - Y) ** 2)", do="@@"), "2 * (o - Y) / len(X)", "np.sign(o - Y) / len(X)",
    ),
    "a line that hands on": ("missing-derivative", layers(slope="@@"), PARTS["slope"], "ds = dh * 1.0"),
    "a copy in the place of a slope": ("missing-derivative", layers(slope="@@"), PARTS["slope"], "ds = dh.copy()"),
    "plain numbers in a list": (
        "wrong-operand", POWERS, "            grad[k] += 2 * err * x ** k / len(xs)",
        "            grad[k] += 2 * err * x * k / len(xs)",
    ),
    "rows in lists": (
        "wrong-derivative", ROWS, "        dh = [e * q * (1 - p * p) for q, p in zip(v, h)]",
        "        dh = [e * q * (1 - p) for q, p in zip(v, h)]",
    ),
    "one of four paths through time": (
        "dropped-edge", GATE, "        dh = dh * (1 - z[t]) + V.T @ dz + B.T @ dc", "        dh = dh * (1 - z[t]) + B.T @ dc",
    ),
    "a mean forgotten in the step": ("scaled", SUMS, "    V += 0.2 * gV / len(X)", "    V += 0.2 * gV"),
    "half a penalty beside a hinge": (
        "penalty-scaled", HINGE, "    dw = -on @ X / len(X) + 2 * lam * w", "    dw = -on @ X / len(X) + lam * w",
    ),
    "the diagonal of a softmax": (
        "dropped-edge", SHARES, "    ds = P * (dP - (dP * P).sum(axis=1, keepdims=True))", "    ds = dP * P * (1 - P)",
    ),
    "duplicates lost in each column": (
        "lost-duplicates", WORDS, "        np.add.at(dE, texts[:, j], dv)", "        dE[texts[:, j]] += dv",
    ),
    "gradients never set to zero": ("accumulated", LATER, "    g = 2 * X.T @ e / 30", "    g += 2 * X.T @ e / 30"),
    "Adam uphill": (
        "sign", layers(step="m = 0.9 * m + 0.1 * dW1; s = 0.9 * s + 0.1 * dW1 ** 2\n@@").replace(
            "for i in", "m = s = 0\nfor i in"
        ), "    W1 -= 0.01 * m / (np.sqrt(s) + 1e-8)", "    W1 += 0.01 * m / (np.sqrt(s) + 1e-8)",
    ),
}  # fmt: skip
"""By name: the cause, the text, and the lines that make it right and wrong."""

SLOW = {"plain numbers in a list", "one of four paths through time", "a mean forgotten in the step"}
NO_LINE = {"rows in lists", "one of four paths through time"} | {
    "Huber's loss shown, squares followed",
    "fourth powers shown, squares followed",
}
"""Those for which no line to write instead is found."""

RIGHT = {
    "a loss that is compared with the one before": layers().replace(
        "    do =", "    if i and abs(before - loss) < 1e-9:\n        break\n    before = loss\n    do ="
    ).replace("for i", "before = 9.0\nfor i"),
    "sizes shown, squares followed": layers(loss="np.mean(abs(o - Y))"),
    "a root shown": layers(loss="np.sqrt(np.mean((o - Y) ** 2))"),
    "all gradients cut by one norm": layers(
        step="G = [dW1, db1, dW2, db2]; n = np.sqrt(sum((g ** 2).sum() for g in G))\n    if n > 0.1: G = [g / n for g in G]\n"
        "    for P, g in zip((W1, b1, W2, b2), G): P -= 0.1 * g",
    ),
    "cut by one norm, and decay": layers(
        step="n = np.sqrt((dW1 ** 2).sum() + (dW2 ** 2).sum()); f = min(1.0, 0.2 / (n + 1e-12))\n"
        "    W1 = W1 - 0.1 * (f * dW1 + 0.01 * W1); W2 = W2 - 0.1 * (f * dW2 + 0.01 * W2); b1 -= 0.1 * f * db1; b2 -= 0.1 * f * db2",
    ),
    "gradients summed and set to zero": HEAD.split("W1")[0] + """
w = np.zeros((3, 1)); g = np.zeros((3, 1))
for i in range(60):
    xb, yb = X[i % 4::4], Y[i % 4::4]
    e = xb @ w - yb
    loss = (e ** 2).mean()
    g += 2 * xb.T @ e / len(xb)
    if i % 2:
        w -= 0.05 * g
        g[:] = 0
""",
    "up a likelihood": """
import numpy as np
rng = np.random.default_rng(8)
X = rng.normal(size=(40, 2)); k = rng.poisson(2.0, 40)
th = np.zeros(2)
for i in range(40):
    mu = np.exp(X @ th)
    ll = np.sum(k * (X @ th) - mu)
    th += 0.002 * X.T @ (k - mu)
    print(ll)
""",
    "two heads, two losses": """
import numpy as np
rng = np.random.default_rng(9)
X = rng.normal(size=(30, 3)); yr = X[:, :1]; yc = (X[:, 1:2] > 0) * 1.0
S, R, C = [rng.normal(size=s) * 0.5 for s in ((3, 5), (5, 1), (5, 1))]
a, c = [], []
for i in range(50):
    h = np.tanh(X @ S)
    r = h @ R; p = 1 / (1 + np.exp(-h @ C))
    a.append(((r - yr) ** 2).mean()); c.append(-(yc * np.log(p) + (1 - yc) * np.log(1 - p)).mean())
    dr = 2 * (r - yr) / 30; dp = (p - yc) / 30
    dh = (dr @ R.T + dp @ C.T) * (1 - h * h)
    R -= 0.1 * h.T @ dr; C -= 0.1 * h.T @ dp; S -= 0.1 * X.T @ dh
""",
    "an error that goes back along a path": """
import numpy as np
rng = np.random.default_rng(10)
z0 = rng.normal(size=(8, 2)); aim = z0 * 0.5
W = rng.normal(size=(2, 2)) * 0.1
for i in range(20):
    zs = [z0]
    for k in range(12):
        zs.append(zs[-1] + 0.1 * np.tanh(zs[-1] @ W))
    loss = ((zs[-1] - aim) ** 2).sum() / 8
    dz = 2 * (zs[-1] - aim) / 8; dW = np.zeros_like(W)
    for k in reversed(range(12)):
        da = 0.1 * dz * (1 - np.tanh(zs[k] @ W) ** 2)
        dW += zs[k].T @ da
        dz = dz + da @ W.T
    W -= 0.05 * dW
""",
    "targets of a small integer type": layers().replace("Y = np.tanh(X[:, :1])", "Y = np.zeros((20, 1), dtype='uint8')").replace(
        "for i in", "Y[10:] = 1\nfor i in"
    ),
    "a mean that moves along": layers(step=PARTS["step"] + "; far = 0.9 * far + 0.1 * W1").replace(
        "for i in", "far = W1.copy()\nfor i in"
    ).replace("loss = 0.5", "print(abs(X @ far).mean())\n    loss = 0.5"),
    "a dict made anew": """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3)); t = X @ np.array([1.0, 2.0, 3.0])
params = {"w": rng.normal(size=3), "b": 0.0}
for i in range(30):
    e = X @ params["w"] + params["b"] - t
    grads = {"w": X.T @ e / 20, "b": e.mean()}
    params = {k: params[k] - 0.1 * grads[k] for k in params}
""",
    "a target that is held fixed": """
import numpy as np
rng = np.random.default_rng(5)
W = np.zeros((2, 4))
s = 1
for t in range(60):
    x = np.eye(4)[s]
    q = W @ x
    a = int(rng.integers(2))
    s = max(0, min(3, s + 2 * a - 1))
    td = float(s == 3) + 0.9 * (W @ np.eye(4)[s]).max() - q[a]
    W[a] += 0.2 * td * x
""",
}  # fmt: skip

CANNOT_TELL = {
    "a rule that only compares": """
import numpy as np
rng = np.random.default_rng(0)
X = rng.normal(size=(20, 3)); y = np.sign(X[:, 0])
w = np.zeros(3)
for epoch in range(5):
    for x, t in zip(X, y):
        if t * (w @ x) <= 0:
            w = w + t * x
""",
    "contrastive divergence": """
import numpy as np
np.random.seed(1)
data = (np.random.rand(20, 5) < np.array([0.9, 0.9, 0.1, 0.1, 0.5])) * 1.0
W = np.random.randn(5, 3) * 0.1; a = np.zeros(5); b = np.zeros(3)
s = lambda x: 1 / (1 + np.exp(-x))
for epoch in range(20):
    p = s(data @ W + b); h = (np.random.rand(*p.shape) < p) * 1.0
    v = s(h @ W.T + a); q = s(v @ W + b)
    W += 0.1 * (data.T @ p - v.T @ q) / 20
    a += 0.1 * (data - v).mean(0); b += 0.1 * (p - q).mean(0)
    print(((data - v) ** 2).sum())
""",
}
