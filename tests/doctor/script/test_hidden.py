"""A mistake that hides another one: a step cut in the wrong place, a factor told by the wrong block, a right line."""

from __future__ import annotations

import pytest

from autograd.doctor.script.judge.ranking import Ranking

from .test_mended import START, told

ADDED = (
    START
    + """
P, Q = gen.randn(7, 3) * 0.4, gen.randn(7, 3) * 0.4
pairs = [(gen.randint(7), gen.randint(7)) for _ in range(30)]

def squash(s):
    return 1 / (1 + np.exp(-s))

def price(P, Q, mid, out, others):
    m = P[mid]
    return -np.log(squash(Q[out] @ m)) - np.log(squash(-Q[others] @ m)).sum()

for epoch in range(4):
    cost = 0
    for mid, out in pairs:
        others = gen.choice([k for k in range(7) if k != out], 2, replace=False)
        cost += price(P, Q, mid, out, others)
        m = P[mid].copy()
        miss, hit = squash(Q[out] @ m) - 1, squash(Q[others] @ m)
        g = miss * Q[out] + hit @ Q[others]
        Q[out] -= 0.1 * miss * m
        Q[others] -= 0.1 * np.outer(hit, m)
        P[mid] -= 0.1 * g
"""
)
"""The sum of the losses is a state, too, and no step ends with it."""
THINNED = (
    START
    + """
x = gen.randn(24, 3)
y = np.eye(3)[gen.randint(0, 3, 24)]
A, a, B, b, keep = gen.randn(3, 6), np.zeros(6), gen.randn(6, 3), np.zeros(3), 0.8
for turn in range(20):
    on = gen.rand(24, 6) < keep
    z = x @ A + a
    h = np.maximum(z, 0) * on / keep
    p = np.exp(h @ B + b)
    p /= p.sum(1, keepdims=True)
    print(-np.mean(np.sum(y * np.log(p), axis=1)))
    top = (p - y) / 24
    low = (top @ B.T) * on / keep * (z > 0)
    B -= 0.3 * h.T @ top
    b -= 0.3 * top.sum(0)
    A -= 0.3 * x.T @ low
    a -= 0.3 * low.sum(0)
"""
)
GATED = (
    START
    + """
A, B, C = gen.randn(4, 6) * 0.4, gen.randn(4, 6) * 0.4, gen.randn(1, 4)
waves = gen.randn(6, 5, 2, 1)
for wave in waves:
    for turn in range(4):
        h, kept, cost = np.zeros((4, 1)), [], 0.0
        for x in wave:
            z = np.vstack((h, x))
            s, t = 1 / (1 + np.exp(-A @ z)), np.tanh(B @ z)
            h = s * t
            e = C @ h - x[0]
            cost += 0.5 * (e ** 2).item()
            kept.append((z, s, t, h, e))
        gA, gB, gC, late = np.zeros_like(A), np.zeros_like(B), np.zeros_like(C), np.zeros((4, 1))
        for z, s, t, h, e in kept[::-1]:
            gC += e @ h.T
            dh = C.T @ e + late
            ds = dh * t * s * (1 - s)
            dt = dh * s * (1 - t ** 2)
            gA += ds @ z.T
            gB += dt @ z.T
            dz = A.T @ ds + B.T @ dt
            late = dz[:4]
        A -= 0.1 * gA
        B -= 0.1 * gB
        C -= 0.1 * gC
        print(cost)
"""
)
CENTRED = (
    START
    + """
x = gen.rand(20, 3) * 4
y = np.sin(x).sum(1, keepdims=True)
A, s, B = gen.randn(3, 5), np.ones(5), gen.randn(5, 1)
for turn in range(20):
    u = x @ A
    far = u - u.mean(0)
    size = np.sqrt((far ** 2).mean(0) + 1e-6)
    n = far / size
    h = np.tanh(n * s)
    miss = (h @ B - y) / 20
    print(0.5 * np.mean((h @ B - y) ** 2))
    low = miss @ B.T * (1 - h ** 2)
    gs = (low * n).sum(0)
    gn = low * s
    g_size = -(gn * far).sum(0) / size ** 2
    g_far = gn / size + g_size * far / (20 * size)
    g_mean = -1 * g_far.sum(0)
    gu = g_far + g_mean / 20
    A -= 0.1 * x.T @ gu
    s -= 0.1 * gs
    B -= 0.1 * h.T @ miss
"""
)
NORMED = (
    START
    + """
x, y = gen.randn(16, 3), gen.randn(16, 1)
A, s, B = gen.randn(3, 5), np.ones(5), gen.randn(5, 1)

def spread(u, s):
    mid, var = u.mean(0), u.var(0)
    n = (u - mid) / np.sqrt(var + 1e-5)
    return s * n, (u, n, mid, var, s)

def spread_back(g, kept):
    u, n, mid, var, s = kept
    gn = g * s
    per = 1 / np.sqrt(var + 1e-5)
    g_var = np.sum(gn * (u - mid) * -0.5 * per ** 3, axis=0)
    g_mid = np.sum(-gn * per, axis=0)
    gu = gn * per + g_mid / len(u) + g_var * 2 * (u - mid) / len(u)
    return gu, np.sum(g * n, axis=0)

for turn in range(20):
    out, kept = spread(x @ A, s)
    h = np.tanh(out)
    miss = h @ B - y
    print(0.5 * np.mean(miss ** 2))
    miss = miss / 16
    gu, gs = spread_back(miss @ B.T * (1 - h ** 2), kept)
    A -= 0.1 * x.T @ gu
    s -= 0.1 * gs
    B -= 0.1 * h.T @ miss
"""
)
RIGHT = {"a sum of losses": ADDED, "a mask": THINNED, "gates": GATED, "a mean": CENTRED, "a variance": NORMED}
WRONG = {
    "the sign of one part": (ADDED, [("+ hit @ Q[others]", "- hit @ Q[others]")]),
    "a factor behind another mistake": (THINNED, [
        ("top = (p - y) / 24", "top = p * (1 - p) * (p - y) / 24"), ("* on / keep * (z", "* on * (z"),
    ]),
    "a path that is counted twice behind another mistake": (GATED, [
        ("dt = dh * s * (1 - t ** 2)", "dt = dh * s * (1 - t)"), ("late = dz[:4]", "late = dz[:4] + A[:, :4].T @ ds"),
    ]),
    "a path beside a mean": (NORMED, [(" + g_var * 2 * (u - mid) / len(u)", "")]),
    "a number that makes it too large": (CENTRED, [("g_mean = -1 *", "g_mean = -2 *")]),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_the_right_ones_are_right(name: str) -> None:
    assert {block["verdict"] for block in told(RIGHT[name])["blocks"]} == {"right"}


@pytest.mark.parametrize("name", WRONG)
def test_each_of_the_mistakes_is_found(name: str) -> None:
    text, changes = WRONG[name]
    wrong = text
    for old, new in changes:
        assert wrong.count(old) == 1
        wrong = wrong.replace(old, new)
    rows = enumerate(zip(text.splitlines(), wrong.splitlines(), strict=True), 1)
    faults = told(wrong)["faults"]
    assert {f["line"] for f in faults} == {k for k, (one, other) in rows if one != other}
    assert all(f["instead"] for f in faults)


def test_of_two_repairs_that_undo_each_other_one_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A custom that is none would have the mean's share in the line, and take it out of the call behind it."""
    monkeypatch.setattr(Ranking, "by_convention", lambda *_: 1 / 16)
    (fault,) = told(NORMED.replace(" + g_var * 2 * (u - mid) / len(u)", ""))["faults"]
    assert "dropped-edge" in fault["name"]


def test_a_mask_of_truth_values_has_its_name() -> None:
    (fault,) = told(THINNED.replace("* on / keep * (z", "* (z"))["faults"]
    assert fault["name"] == "missing-mask"
    assert fault["instead"]
