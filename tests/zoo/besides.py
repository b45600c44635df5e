"""Right scripts that do more than train: they compute their loss on other samples, too, or change their parameters
besides by what follows from no gradient, or hold something fixed that follows from the parameters.
"""

# ruff: noqa: E501 - the lines are those of the specimens

from __future__ import annotations

SETS = """
import numpy as np
rng = np.random.default_rng(4)
X = rng.normal(size=(60, 3)); Y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.1
xt, yt, xv, yv = X[:40], Y[:40], X[40:], Y[40:]
w = np.zeros((3, 1)); c = 0.0; seen = []

def cost(w, c, x, y):
    return np.mean((x @ w + c - y) ** 2)

for epoch in range(50):
    BEFORE
    miss = xt @ w + c - yt
    w = w - 0.1 * 2 * xt.T @ miss / 40
    c = c - 0.1 * 2 * miss.mean()
    AFTER
"""


def sets(before: str = "pass", after: str = "pass") -> str:
    return SETS.replace("BEFORE", before).replace("AFTER", after)


RIGHT = {
    "both losses in one line": sets(before="t, v = cost(w, c, xt, yt), cost(w, c, xv, yv); seen.append((t, v))"),
    "both losses after the step": sets(after="seen.append(cost(w, c, xt, yt)); seen.append(cost(w, c, xv, yv))"),
    "a loss of each set": sets(
        after="for name, (x, y) in {'train': (xt, yt), 'held out': (xv, yv)}.items(): print(name, cost(w, c, x, y))"
    ),
    "losses in a comprehension": sets(before="seen.append([cost(w, c, x, y) for x, y in ((xt, yt), (xv, yv))])"),
    "a loss with averaged weights": sets(
        before="kept = 0.9 * kept + 0.1 * w if epoch else w.copy(); print(cost(w, c, xt, yt), cost(kept, c, xt, yt))"
    ),
    "the rate is looked for": """
import numpy as np
point = np.array([-1.0, 1.5])

def valley(p):
    return (1 - p[0]) ** 2 + 5 * (p[1] - p[0] ** 2) ** 2

for turn in range(40):
    here = valley(point)
    slope = np.array([-2 * (1 - point[0]) - 20 * point[0] * (point[1] - point[0] ** 2), 10 * (point[1] - point[0] ** 2)])
    step = 0.5
    while valley(point - step * slope) > here - 0.3 * step * (slope @ slope):
        step = step / 2
    point = point - step * slope
    print(here)
""",
    "factors that stay positive": """
import numpy as np
rng = np.random.default_rng(6)
V = rng.random((8, 2)) @ rng.random((2, 9))
L, R = rng.random((8, 2)), rng.random((2, 9))
for turn in range(80):
    gap = L @ R - V
    loss = 0.5 * np.sum(gap ** 2)
    L = np.maximum(L - 0.02 * gap @ R.T, 0)
    gap = L @ R - V
    R = np.maximum(R - 0.02 * L.T @ gap, 0)
""",
    "columns of length one": """
import numpy as np
rng = np.random.default_rng(7)
kind = rng.integers(0, 3, 60); X = rng.normal(size=(60, 4)) + 2 * np.eye(3, 4)[kind]
W = rng.normal(size=(4, 3)); W /= np.linalg.norm(W, axis=0)
for turn in range(50):
    p = np.exp(X @ W); p /= p.sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(60), kind]))
    g = p.copy(); g[np.arange(60), kind] -= 1
    W = W - 0.2 * X.T @ g / 60
    W /= np.linalg.norm(W, axis=0)
""",
    "gradients of four batches": """
import numpy as np
rng = np.random.default_rng(8)
X = rng.normal(size=(64, 3)); Y = X @ np.array([1.0, 2.0, -1.0])
held = {"w": np.zeros(3)}; total = {"w": np.zeros(3)}
count = 0
for epoch in range(12):
    for a in range(0, 64, 8):
        miss = X[a:a + 8] @ held["w"] - Y[a:a + 8]
        loss = np.mean(miss ** 2)
        total["w"] += 2 * X[a:a + 8].T @ miss / 8 / 4
        count += 1
        if count % 4 == 0:
            held["w"] -= 0.1 * total["w"]
            total["w"].fill(0)
""",
    "a target that is held fixed": """
import numpy as np
rng = np.random.default_rng(9)
about = rng.normal(size=(6, 4)); pay = np.arange(6) / 5.0
theta = np.zeros(4); at = 0; errors = []
for turn in range(300):
    then = rng.integers(6)
    error = pay[then] + 0.8 * about[then] @ theta - about[at] @ theta
    theta += 0.05 * error * about[at]
    errors.append(error ** 2)
    at = then
""",
    "a target network": """
import numpy as np
rng = np.random.default_rng(10)
S, T, pay = rng.normal(size=(30, 3)), rng.normal(size=(30, 3)), rng.normal(size=30)
w = rng.normal(size=3); old = w.copy()
for turn in range(60):
    goal = pay + 0.9 * T @ old
    miss = S @ w - goal
    loss = 0.5 * np.mean(miss ** 2)
    w = w - 0.1 * S.T @ miss / 30
    if turn % 20 == 0:
        old = w.copy()
""",
    "a dataclass": """
import numpy as np
from dataclasses import dataclass, field

@dataclass
class Line:
    rate: float = 0.1
    w: np.ndarray = field(default_factory=lambda: np.zeros(2))
    losses: list = field(default_factory=list)

    def fit(self, X, y):
        for turn in range(50):
            miss = X @ self.w - y
            self.losses.append(np.mean(miss ** 2))
            self.w = self.w - self.rate * 2 * X.T @ miss / len(y)

X = np.random.default_rng(11).normal(size=(30, 2))
Line().fit(X, X @ np.array([2.0, -1.0]))
""",
}
