"""Several mistakes in one script, rows of one array that several lines write, and steps that no line explains."""

from __future__ import annotations

import pytest

from autograd.doctor.script.judge.look import _of_a_library

from .test_mended import START, told

SAMPLED = (
    START
    + """
P, Q = gen.randn(7, 3) * 0.4, gen.randn(7, 3) * 0.4
squash = lambda s: 1 / (1 + np.exp(-s))
pairs = [(gen.randint(7), gen.randint(7)) for _ in range(30)]
for epoch in range(4):
    for mid, out in pairs:
        others = gen.choice([k for k in range(7) if k != out], 2, replace=False)
        m, o, far = P[mid].copy(), Q[out].copy(), Q[others]
        hit, miss = squash(o @ m), squash(-(far @ m))
        print(-np.log(hit) - np.log(miss).sum())
        P[mid] -= 0.1 * ((hit - 1) * o + (1 - miss) @ far)
        Q[out] -= 0.1 * (hit - 1) * m
        Q[others] -= 0.1 * np.outer(1 - miss, m)
"""
)
"""Two lines write rows of one array, any row in any step."""
LAYERS = (
    START
    + """
X, y = gen.randn(30, 4), gen.randint(0, 3, 30)
A, a, B, b = gen.randn(4, 6) * 0.5, np.zeros(6), gen.randn(6, 3) * 0.5, np.zeros(3)
for turn in range(20):
    h = np.maximum(0, X @ A + a)
    z = h @ B + b
    q = np.exp(z) / np.exp(z).sum(1, keepdims=True)
    cost = -np.log(q[np.arange(30), y]).mean() + 0.05 * ((A ** 2).sum() + (B ** 2).sum())
    print(cost)
    d = q.copy(); d[np.arange(30), y] -= 1; d /= 30
    gB = h.T @ d + 0.1 * B
    gb = d.sum(0)
    back = (d @ B.T) * (h > 0)
    gA = X.T @ back + 0.1 * A
    ga = back.sum(0)
    A -= 0.2 * gA; a -= 0.2 * ga; B -= 0.2 * gB; b -= 0.2 * gb
"""
)
CURVE = (
    START
    + """
x = np.linspace(-1, 1, 40)
y = 1 - x + 2 * x ** 3
c = gen.randn(4)
for turn in range(30):
    e = c[0] + c[1] * x + c[2] * x ** 2 + c[3] * x ** 3 - y
    print(np.mean(e ** 2))
    g = np.zeros(4)
    g[0] = 2 * np.mean(e)
    g[1] = 2 * np.mean(e * x)
    g[2] = 2 * np.mean(e * x ** 2)
    g[3] = 2 * np.mean(e * x ** 3)
    c = c - 0.1 * g
"""
)
DEEP = (
    START
    + """
X, y = gen.randn(24, 3), gen.randn(24, 1)
A, a, B, b = gen.randn(3, 5), gen.randn(1, 5), gen.randn(5, 1), gen.randn(1, 1)
f = lambda s: 1 / (1 + np.exp(-s))
for turn in range(30):
    u = X @ A + a; h = f(u); v = h @ B + b; p = f(v)
    print(((p - y) ** 2).mean() / 2)
    d = (p - y) * f(v) * (1 - f(v))
    e = (d @ B.T) * f(u) * (1 - f(u))
    B -= 0.5 * (h.T @ d / 24)
    b -= 0.5 * np.sum(d, axis=0, keepdims=True) / 24
    A -= 0.5 * (X.T @ e / 24)
    a -= 0.5 * np.sum(e, axis=0, keepdims=True) / 24
"""
)
SCALED = (
    START
    + """
X, y = gen.randn(3, 20), gen.randn(1, 20)
A, s, t, B, b = gen.randn(5, 3), np.ones((5, 1)), np.zeros((5, 1)), gen.randn(1, 5), np.zeros((1, 1))
for turn in range(30):
    u = A @ X
    n = (u - u.mean(axis=1, keepdims=True)) / np.sqrt(u.var(axis=1, keepdims=True) + 1e-6)
    v = s * n + t
    h = np.tanh(v)
    e = (B @ h + b - y) / 20
    print(np.sum((B @ h + b - y) ** 2) / 40)
    dB, db = e @ h.T, e.sum(axis=1, keepdims=True)
    dv = (B.T @ e) * (1 - h ** 2)
    ds = (dv * n).sum(axis=1, keepdims=True)
    dt = dv.sum(axis=1, keepdims=True)
    s = s - 0.1 * ds
    t = t - 0.1 * dt
    B = B - 0.1 * dB
    b = b - 0.1 * db
"""
)
PUSHED = (
    START
    + """
X, y = gen.randn(30, 4), gen.randn(30, 2)
W, b, v, u = gen.randn(4, 2), np.zeros(2), np.zeros((4, 2)), np.zeros(2)
for turn in range(30):
    e = (X @ W + b - y) / 30
    print(np.sum((X @ W + b - y) ** 2) / 60)
    gW = X.T @ e; gb = e.sum(0)
    v = 0.9 * v - 0.1 * gW
    u = 0.9 * u - 0.1 * gb
    W += v
    b += u
"""
)
RIGHT = {
    "negative samples": SAMPLED,
    "layers": LAYERS,
    "elements": CURVE,
    "sigmoids": DEEP,
    "velocities": PUSHED,
    "a scale": SCALED,
}
WRONG = {
    "a sign of the negative samples": (SAMPLED, [("+ (1 - miss) @ far", "- (1 - miss) @ far")]),
    "a slope and a penalty": (LAYERS, [("(d @ B.T) * (h > 0)", "d @ B.T"), ("X.T @ back + 0.1 * A", "X.T @ back")]),
    "two elements": (CURVE, [("e * x ** 2)\n    g[3]", "e * x)\n    g[3]"), ("e * x ** 3)", "e * x ** 2)")]),
    "a slope and a mean": (DEEP, [
        ("f(v) * (1 - f(v))", "f(p) * (1 - f(p))"), ("e, axis=0, keepdims=True) / 24", "e, axis=0, keepdims=True)"),
    ]),
    "a gradient, and what is stepped along it": (SCALED, [("(dv * n)", "(dv * v)"), ("0.1 * dt", "0.1 * ds")]),
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
    assert {f["line"] for f in told(wrong)["faults"]} == {k for k, (one, other) in rows if one != other}


def test_nobody_is_accused_without_a_line() -> None:
    text = DEEP.replace("A -= 0.5 * (X.T @ e / 24)", "A -= 0.5 * np.cos(X.T @ e + 1) * np.sin(7 * A)")
    found = told(text)
    assert "failure" in found or found["faults"]


def test_what_another_library_gives_is_not_computed_again() -> None:
    assert _of_a_library(pytest.approx)
    assert not _of_a_library(sum)


LOOKS = """
import numpy as np
draw = np.random.RandomState(8)
words, aims = draw.randn(5, 4), draw.randn(5, 3)
ask, key, say = (draw.randn(4, 4) * 0.5 for _ in range(3))
last = draw.randn(4, 3) * 0.5
for turn in range(4):
    q, k, v = words @ ask, words @ key, words @ say
    score = q @ k.T / np.sqrt(4)
    near = np.exp(score - score.max(axis=1, keepdims=True))
    near = near / near.sum(axis=1, keepdims=True)
    seen = near @ v
    error = seen @ last - aims
    print(0.5 * np.sum(error ** 2))
    back = error @ last.T
    to_near = back @ v.T
    to_v = near @ back
    to_score = near * (to_near - (to_near * near).sum(axis=1, keepdims=True))
    to_q, to_k = to_score @ k, to_score.T @ q
    last -= 0.1 * seen.T @ error
    ask -= 0.1 * words.T @ to_q
    key -= 0.1 * words.T @ to_k
    say -= 0.1 * words.T @ to_v
"""


def test_a_mistake_in_one_block_hides_no_later_one_in_another() -> None:
    """What is handed to the scores is right; where it goes on to queries and keys, each lacks the root."""
    found = [(fault["line"], fault["name"]) for fault in told(LOOKS)["faults"]]
    assert found == [(17, "transposed"), (19, "missing-factor"), (19, "missing-factor")]
