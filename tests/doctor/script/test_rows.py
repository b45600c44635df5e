"""Arrays that a step writes by rows, as a whole, or one row after the other; and sums of gradients, never emptied."""

from __future__ import annotations

from .test_mended import START, told

WORDS = (
    START
    + """
table, rows = gen.randn(5, 3) * 0.4, gen.randn(5, 3) * 0.4
pairs = [(w, c) for w in range(5) for c in ((w + 1) % 5, (w + 2) % 5)]
for turn in range(4):
    total = 0.0
    for w, c in pairs:
        others = np.array([(c + 1) % 5, (c + 2) % 5])
        v, u, n = table[w], rows[c], rows[others]
        p, q = 1 / (1 + np.exp(-u @ v)), 1 / (1 + np.exp(-n @ v))
        total += -np.log(p) - np.log(1 - q).sum()
        dv, du, dn = (p - 1) * u + q @ n, (p - 1) * v, np.outer(q, v)
        np.subtract.at(rows, others, 0.1 * dn)
        rows[c] -= 0.1 * du
        table[w] -= 0.1 * dv
    print(total)
"""
)
KERNELS = (
    START
    + """
x, goal = gen.randn(6, 5), gen.randint(0, 2, 6)
k, w = gen.randn(2, 3) * 0.5, gen.randn(2, 3) * 0.5
sums = np.zeros_like(k)
for turn in range(4):
    cost = 0.0
    for wave, kind in zip(x, goal):
        z = np.zeros((2, 3))
        for i in range(3):
            z[:, i] = k @ wave[i:i + 3]
        a = np.tanh(z)
        p = 1 / (1 + np.exp(-np.sum(a * w)))
        cost -= np.log(p if kind else 1 - p)
        dz = (p - kind) * w * (1 - a ** 2)
        sums[:] = 0.0
        for i in range(3):
            for f in range(2):
                sums[f] += dz[f, i] * wave[i:i + 3]
        k -= 0.05 * sums
        w -= 0.05 * (p - kind) * a
    print(cost)
"""
)


def test_a_table_in_rows_and_as_a_whole() -> None:
    assert {b["name"]: b["verdict"] for b in told(WORDS)["blocks"]} == {"table": "right", "rows": "right"}


def test_a_wrong_row_beside() -> None:
    found = told(WORDS.replace("(p - 1) * u + q @ n", "(p - 1) * u - q @ n"))
    assert {b["name"]: b["verdict"] for b in found["blocks"]} == {"table": "wrong", "rows": "right"}


def test_kernels_whose_gradients_are_summed_by_rows() -> None:
    assert {b["name"]: b["verdict"] for b in told(KERNELS)["blocks"]} == {"k": "right", "w": "right"}


def test_sums_by_rows_that_are_never_emptied() -> None:
    found = told(KERNELS.replace("        sums[:] = 0.0\n", ""))
    (fault,) = found["faults"]
    assert (fault["name"], fault["blocks"]) == ("accumulated", ["k"])
    assert "write sums = np.zeros_like(sums)" in fault["should"]


THROUGH_TIME = (
    START
    + """
rows, goal = gen.randn(6), gen.randn(6)
a, b, c = gen.randn(4), gen.randn(4, 4) * 0.4, gen.randn(4) * 0.5
da, db, dc = np.zeros(4), np.zeros((4, 4)), np.zeros(4)
for turn in range(5):
    s, cost = np.zeros((7, 4)), 0.0
    for t in range(6):
        s[t] = np.tanh(a * rows[t] + b @ s[t - 1])
        cost += (c @ s[t] - goal[t]) ** 2
    da[:] = 0
    dc[:] = 0
    back = np.zeros(4)
    for t in reversed(range(6)):
        miss = 2 * (c @ s[t] - goal[t])
        dc += miss * s[t]
        d = (miss * c + back) * (1 - s[t] ** 2)
        da += d * rows[t]
        db += np.outer(d, s[t - 1])
        back = b.T @ d
    a -= 0.05 * da
    b -= 0.05 * db
    c -= 0.05 * dc
    print(cost)
"""
)


def test_a_sum_that_is_never_emptied_is_not_cut_off_in_time() -> None:
    """Where time begins nothing comes from before: leaving that out explains nothing."""
    found = told(THROUGH_TIME)
    (fault,) = found["faults"]
    assert (fault["name"], fault["blocks"]) == ("accumulated", ["b"])


TIMES = """
import numpy as np
gen = np.random.RandomState(2)
rows, aims = gen.randn(7, 3), gen.randn(7)
u, v, gu, gv = gen.randn(4, 1), gen.randn(1, 4), np.zeros((4, 1)), np.zeros((1, 4))
for turn in range(4):
    cost = 0.0
    gu[:], gv[:] = 0.0, 0.0
    for row, aim in zip(rows, aims):
        later = np.zeros(4)
        for t in range(3):
            h = np.tanh(u[:, 0] * row[t])
            miss = v[0] @ h - aim
            cost += 0.5 * miss ** 2
            gv[0] += miss * h
            gu[:, 0] += miss * v[0] * (1 - h ** 2) * row[t]
    u -= 0.02 * gu
    v -= 0.02 * gv
    print(cost)
"""
APART = """
import numpy as np
gen = np.random.RandomState(2)
X, Y = gen.randn(12, 3), gen.randn(12, 2)
class Net:
    def __init__(self):
        self.A, self.B = gen.randn(3, 4) * 0.5, gen.randn(4, 2) * 0.5
        self.gA, self.gB = np.zeros((3, 4)), np.zeros((4, 2))
    def forward(self, x):
        self.x, self.h = x, np.tanh(x @ self.A)
        return self.h @ self.B
    def backward(self, d):
        inner = d @ self.B.T * (1 - self.h ** 2)
        for x, h, low, top in zip(self.x, self.h, inner, d):
            self.gB += np.outer(h, top) / 12
            self.gA += np.outer(x, low) / 12
net = Net()
for turn in range(5):
    miss = net.forward(X) - Y
    print(0.5 * np.sum(miss ** 2) / len(X))
    net.backward(miss)
    net.A -= 0.1 * net.gA
    net.B -= 0.1 * net.gB
    net.gA[:], net.gB[:] = 0.0, 0.0
"""


def test_sums_that_are_never_emptied_are_one_finding_where_they_should_be() -> None:
    """Told beside a line that empties something, else where the first is added to; columns of something, too."""
    (fault,) = told(TIMES.replace("    gu[:], gv[:] = 0.0, 0.0\n", ""))["faults"]
    assert (fault["name"], {*fault["blocks"]}) == ("accumulated", {"u", "v"})
    assert fault["code"].strip() == "cost = 0.0"
    assert "in lines 14 and 15" in fault["says"]
    (fault,) = told(APART.replace("    net.gA[:], net.gB[:] = 0.0, 0.0\n", ""))["faults"]
    assert (fault["name"], {*fault["blocks"]}) == ("accumulated", {"self.A", "self.B"})
    assert fault["code"].strip() == "self.gB += np.outer(h, top) / 12"
    assert "before line 14" in fault["should"]
    assert "in lines 15 and 16" in fault["says"]


def test_sums_that_are_emptied() -> None:
    for text in (TIMES, APART):
        assert {b["verdict"] for b in told(text)["blocks"]} == {"right"}


def test_a_sum_that_is_never_emptied_is_told_where_the_others_are() -> None:
    """The line to write stands beside those that empty the other sums."""
    (fault,) = told(TIMES.replace("gu[:], gv[:] = 0.0, 0.0", "gv.fill(0.0)"))["faults"]
    assert (fault["code"].strip(), fault["blocks"]) == ("gv.fill(0.0)", ["u"])
    assert "write gu = np.zeros_like(gu) before line 8" in fault["should"]
