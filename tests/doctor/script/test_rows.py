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
    assert fault["code"].strip().startswith("sums[f] +=")


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
