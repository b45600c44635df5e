"""Which loss is meant, where the gradients are those of another one but for a slip."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run
from tests.doctor.script.asking import said

COUNTS = """
import numpy as np
rng = np.random.RandomState(0)
x = rng.randn(40, 2)
seen = rng.poisson(np.exp(0.4 * x[:, 0] + 0.2))
u, c, v = rng.randn(2, 3) * 0.5, np.zeros(3), rng.randn(3) * 0.5
for turn in range(60):
    h = np.tanh(x @ u + c)
    log_rate = h @ v
    rate = np.exp(log_rate)
    loss = np.mean(rate - seen * log_rate)
    print(loss)
    d = (rate - seen) / 40
    dv = h.T @ d
    dh = np.outer(d, v) * (1 - h ** 2)
    u -= 0.1 * x.T @ dh
    c -= 0.1 * dh.sum(axis=0)
    v -= 0.1 * dv
"""
SPARSE = """
import numpy as np
rng = np.random.RandomState(1)
x = rng.randn(30, 4)
goal = (x[:, :1] > 0.3).astype(float)
w = {"in": rng.randn(4, 3) * 0.5, "out": rng.randn(3, 1) * 0.5}
soft = lambda z: np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))
for turn in range(60):
    a = x @ w["in"]
    z = np.tanh(a) @ w["out"]
    cost = np.mean(soft(z) - goal * z) + 0.01 * np.sum(np.abs(w["in"]))
    print(cost)
    d = (1 / (1 + np.exp(-z)) - goal) / 30
    g = {"out": np.tanh(a).T @ d}
    back = d @ w["out"].T * (1 - np.tanh(a) ** 2)
    g["in"] = x.T @ back + 0.01 * np.sign(w["in"])
    for key in w:
        w[key] -= 0.3 * g[key]
"""
SPREAD = """
import numpy as np
rng = np.random.RandomState(2)
x = rng.randn(30, 2)
y = x[:, :1] * (1 + 0.3 * rng.randn(30, 1))
u, m, s = rng.randn(2, 4) * 0.5, rng.randn(4, 1) * 0.5, rng.randn(4, 1) * 0.1
for turn in range(60):
    h = np.tanh(x @ u)
    miss, wide = h @ m - y, h @ s
    cost = np.mean(0.5 * wide + 0.5 * miss ** 2 * np.exp(-wide))
    print(cost)
    dm = miss * np.exp(-wide) / 30
    ds = 0.5 * (1 - miss ** 2 * np.exp(-wide)) / 30
    du = x.T @ ((dm @ m.T + ds @ s.T) * (1 - h ** 2))
    for w, g in ((u, du), (m, h.T @ dm), (s, h.T @ ds)):
        w -= 0.1 * g
"""
CLASSES = """
import numpy as np
rng = np.random.RandomState(3)
x = rng.randn(36, 3)
kind = (x[:, 0] > 0).astype(int) + (x[:, 1] > 1)
rare = np.array([1.0, 0.5, 3.0])
u, v = rng.randn(3, 5) * 0.5, rng.randn(5, 3) * 0.5
for turn in range(60):
    h = np.tanh(x @ u)
    s = h @ v
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    own = rare[kind]
    cost = -np.sum(own * np.log(p[np.arange(36), kind])) / 36
    print(cost)
    goal = np.zeros_like(p)
    goal[np.arange(36), kind] = 1
    d = (p - goal) * own[:, None] / 36
    du = x.T @ (d @ v.T * (1 - h ** 2))
    v -= 0.3 * h.T @ d
    u -= 0.3 * du
"""
AFTERWARDS = """
import numpy as np
rng = np.random.RandomState(5)
x = rng.randn(40, 3)
y = (x @ [1.0, -2.0, 0.5] > 0).astype(float)
class Fit:
    def cost(self, p):
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.05 * np.sum(self.w ** 2)
    def run(self):
        self.w, self.b, self.costs = rng.randn(3) * 0.1, 0.0, []
        for turn in range(60):
            p = 1 / (1 + np.exp(-(x @ self.w + self.b)))
            miss = y - p
            self.w += 0.3 * (x.T @ miss / 40 - 0.1 * self.w)
            self.b += 0.3 * miss.mean()
            self.costs.append(self.cost(p))
        return self.costs
print(Fit().run()[-1])
"""
HALVES = """
import numpy as np
rng = np.random.RandomState(4)
x = rng.randn(24, 3)
y = np.sin(x[:, :1])
w = {"in": rng.randn(3, 5) * 0.5, "out": rng.randn(5, 1) * 0.5}
for turn in range(60):
    g, loss = {key: np.zeros_like(w[key]) for key in w}, 0.0
    for part in (slice(0, 12), slice(12, 24)):
        h = np.tanh(x[part] @ w["in"])
        miss = h @ w["out"] - y[part]
        loss += np.sum(miss ** 2) / 24
        d = miss / 12
        g["out"] += h.T @ d
        g["in"] += x[part].T @ (d @ w["out"].T * (1 - h ** 2))
    print(loss)
    for key in w:
        w[key] -= 0.3 * g[key]
"""

RATED = """
import numpy as np
draw = np.random.RandomState(2)
table = np.array([[4, 0, 5, 1], [0, 2, 3, 0], [5, 4, 0, 2], [1, 0, 2, 5], [3, 5, 0, 4]])
A, B = draw.rand(5, 2), draw.rand(4, 2)

def error(A, B):
    total = 0
    for i, row in enumerate(table):
        for j, rated in enumerate(row):
            if rated > 0:
                total += (rated - A[i] @ B[j]) ** 2
    return total + 0.02 * ((A ** 2).sum() + (B ** 2).sum())

known = table > 0
for turn in range(40):
    if turn % 5 == 0:
        print(turn, error(A, B))
    miss = known * (table - A @ B.T)
    to_A = 2 * miss @ B - 0.04 * A
    to_B = 2 * miss.T @ A - 0.04 * B
    A, B = A + 0.01 * to_A, B + 0.01 * to_B
"""
AT_ONCE = RATED.replace("    total = 0\n", "    total = (known * (table - A @ B.T) ** 2).sum()\n")
AT_ONCE = AT_ONCE.replace("enumerate(table)", "()")


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (COUNTS, "d = (rate - seen) / 40", "d = (rate - seen) * rate / 40"),
        (SPARSE, "0.01 * np.sign(w", "0.01 * np.abs(w"),
        (AFTERWARDS, "/ 40 - 0.1 * self.w)", "/ 40 + 0.1 * self.w)"),
        (CLASSES, "d = (p - goal) * own[:, None] / 36", "d = (p - goal) / 36"),
        (RATED, "miss = known * (table - A @ B.T)", "miss = table - A @ B.T"),
        (AT_ONCE, "miss = known * (table - A @ B.T)", "miss = table - A @ B.T"),
        (SPREAD, "ds = 0.5 * (1 - miss ** 2 * np.exp(-wide)) / 30", "ds = 0.5 * (1 - miss ** 2) / 30"),
    ],
    ids=[
        "the likelihood of counts",
        "a penalty",
        "a penalty of what was updated",
        "weights of classes",
        "what nobody rated",
        "what nobody rated, by a mask",
        "a spread whose step does not follow from it",
    ],
)
def test_the_loss_that_is_computed(text: str, old: str, new: str, tmp_path: Path) -> None:
    assert "no mistake found" in said(text, tmp_path)
    wrong = text.replace(old, new)
    line = next(k for k, each in enumerate(wrong.splitlines(), 1) if new in each)
    told = said(wrong, tmp_path)
    assert "one line is wrong" in told
    assert f"line {line}:" in told


def test_the_sum_of_two_passes_where_one_is_kept_and_another_line_is_wrong(tmp_path: Path) -> None:
    assert "no mistake found" in said(HALVES, tmp_path)
    wrong = HALVES.replace("] += h", "] = h").replace("] += x", "] = x").replace("d = miss / 12", "d = miss ** 2 / 12")
    told = said(wrong, tmp_path)
    assert all(f"line {line}:" in told for line in (13, 14, 15))


SELDOM = """
import numpy as np
draw = np.random.RandomState(5)
x, aim = draw.randn(20, 3), draw.randn(20, 2)
w = draw.randn(3, 2)
for turn in range(1, 301):
    miss = x @ w - aim
    w -= 0.1 * x.T @ np.clip(miss, -0.7, 0.7) / 20
    if turn % 100 == 0:
        size = np.abs(x @ w - aim)
        print(turn, np.where(size < 0.7, size ** 2 / 2, 0.7 * (size - 0.35)).sum() / 20)
"""


def test_what_is_printed_much_later_is_the_loss(tmp_path: Path) -> None:
    told = said(SELDOM, tmp_path)
    assert "no mistake found" in told
    assert "the loss in line 11" in told
    assert "no mistake found" not in said(SELDOM.replace("np.clip(miss, -0.7, 0.7)", "miss"), tmp_path)


def test_the_loss_may_be_named_by_its_function(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(RATED, encoding="utf-8")
    assert "the loss in line 13" in " ".join(str(run(file, cure=False, loss="error")).split())
    told = " ".join(str(run(file, cure=False, loss="nothing")).split())
    assert "no loss 'nothing'" in told
    assert "These would do: line 13 (total + 0.02" in told


SIDES = """
import numpy as np
draw = np.random.RandomState(8)
rows = draw.randn(24, 2)
side = np.where(rows[:, 0] > rows[:, 1] ** 2, 1.0, -1.0)
A, v, c = draw.randn(3, 2), draw.randn(3) * 0.5, 0.0
for turn in range(3):
    for x, t in zip(rows, side):
        h = np.tanh(A @ x)
        margin = t * (v @ h + c)
        g = -t / (1 + np.exp(margin))
        low = g * v * (1 - h ** 2)
        v = v - 0.1 * g * h
        c = c - 0.1 * g
        A = A - 0.1 * np.outer(low, x)
"""


@pytest.mark.parametrize("slip", ["g = t /", "(1 - h)"])
def test_targets_of_both_signs_and_no_loss(slip: str, tmp_path: Path) -> None:
    assert "no mistake found" in said(SIDES, tmp_path)
    told = said(SIDES.replace("g = -t /", slip) if "t /" in slip else SIDES.replace("(1 - h ** 2)", slip), tmp_path)
    assert f"line {11 if 't /' in slip else 12}:" in told


SHOWN = """
import numpy as np
draw = np.random.RandomState(9)
rows = draw.randn(30, 3)
goal = (rows[:, :1] + rows[:, 1:2] > 0) * 1.0
A, v = draw.randn(3, 4) * 0.5, draw.randn(4, 1) * 0.5
for turn in range(60):
    h = np.tanh(rows @ A)
    p = 1 / (1 + np.exp(-h @ v))
    d = (p - goal) / 30
    shown = np.mean((p - goal) ** 2)
    v, A = v - 0.3 * h.T @ d, A - 0.3 * rows.T @ (d @ v.T * (1 - h ** 2))
    if turn % 10 == 0:
        print("LABEL", shown)
"""
CROSS = "-np.mean(goal * np.log(p) + (1 - goal) * np.log(1 - p))"


def test_squares_that_are_shown_and_not_called_a_loss_may_not_be_what_is_lowered(tmp_path: Path) -> None:
    told = said(SHOWN.replace("LABEL", "mean square"), tmp_path)
    assert "no mistake found" in told
    assert "lower another quantity" in told
    assert "line 10:" in said(SHOWN.replace("LABEL", "loss"), tmp_path)
    another = SHOWN.replace("np.mean((p - goal) ** 2)", CROSS).replace("goal) / 30", "goal) * p * (1 - p) / 30")
    assert "line 10:" in said(another.replace("LABEL", "cross entropy"), tmp_path)  # a slope too many


def test_minus_shares_and_one_more_where_a_perplexity_is_printed(tmp_path: Path) -> None:
    text = """
import numpy as np
draw = np.random.default_rng(1)
rows, kind = draw.normal(size=(30, 4)), draw.integers(0, 3, 30)
W = draw.normal(size=(4, 3)) * 0.1
for turn in range(40):
    e = np.exp(rows @ W)
    p = e / e.sum(axis=1, keepdims=True)
    d = -p
    d[np.arange(30), kind] += 1
    W += 0.5 * rows.T @ d / 30
    print(np.exp(-np.log(p[np.arange(30), kind]).mean()))
"""
    assert "no mistake found" in said(text, tmp_path)
    assert "no mistake found" not in said(text.replace("+= 1", "+= 2"), tmp_path)
