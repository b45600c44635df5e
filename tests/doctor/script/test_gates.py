"""Mistakes within one turn of a recurrent net with gates, and in the slopes of a softmax that are written out."""

from __future__ import annotations

import pytest

from .test_mended import START, told

GATES = (
    START
    + """
D, H, T = 2, 4, 5
squash = lambda v: 1 / (1 + np.exp(-v))
Z, R, C = [gen.randn(H, D + H) * 0.4 for _ in range(3)]
out = gen.randn(H) * 0.5
for turn in range(8):
    xs, goal = gen.randn(T, D), gen.randn()
    h, kept = np.zeros(H), []
    for x in xs:
        both = np.concatenate([x, h])
        z, r = squash(Z @ both), squash(R @ both)
        mixed = np.concatenate([x, r * h])
        c = np.tanh(C @ mixed)
        kept.append((both, mixed, z, r, c, h))
        h = (1 - z) * h + z * c
    miss = out @ h - goal
    print(0.5 * miss ** 2)
    dout, dh = miss * h, miss * out
    dZ, dR, dC = np.zeros_like(Z), np.zeros_like(R), np.zeros_like(C)
    for both, mixed, z, r, c, old in reversed(kept):
        dz = dh * (c - old)
        dc = dh * z
        back = dh * (1 - z)
        dc_in = dc * (1 - c ** 2)
        d_mixed = (C.T @ dc_in)[D:]
        dr = d_mixed * old
        back = back + d_mixed * r
        dz_in = dz * z * (1 - z)
        dr_in = dr * r * (1 - r)
        back = back + (Z.T @ dz_in + R.T @ dr_in)[D:]
        dZ += np.outer(dz_in, both)
        dR += np.outer(dr_in, both)
        dC += np.outer(dc_in, mixed)
        dh = back
    Z -= 0.1 * dZ; R -= 0.1 * dR; C -= 0.1 * dC; out -= 0.1 * dout
"""
)
JOINED = GATES
for one, other in {
    "Z, R, C = [gen.randn(H, D + H) * 0.4 for _ in range(3)]":
        "G, C = gen.randn(2 * H, D + H) * 0.4, gen.randn(H, D + H) * 0.4",
    "z, r = squash(Z @ both), squash(R @ both)": "zr = squash(G @ both); z, r = zr[:H], zr[H:]",
    "dZ, dR, dC = np.zeros_like(Z), np.zeros_like(R),": "dG, dC = np.zeros_like(G),",
    "back = back + (Z.T @ dz_in + R.T @ dr_in)[D:]": "dg = np.hstack([dz_in, dr_in]); back = back + (G.T @ dg)[D:]",
    "        dZ += np.outer(dz_in, both)\n        dR += np.outer(dr_in, both)": "        dG += np.outer(dg, both)",
    "Z -= 0.1 * dZ; R -= 0.1 * dR;": "G -= 0.1 * dG;",
}.items():  # fmt: skip
    JOINED = JOINED.replace(one, other)
"""Two gates in one matrix."""
WRITTEN_OUT = (
    START
    + """
X, y = gen.randn(12, 3), gen.randint(0, 3, 12)
A, B = gen.randn(3, 5) * 0.5, gen.randn(5, 3) * 0.5
def shares(s):
    e = np.exp(s - s.max())
    return e / e.sum()
def slopes(p):
    return np.diag(p) - np.outer(p, p)
for turn in range(3):
    for x, k in zip(X, y):
        h = np.tanh(x @ A)
        p = shares(h @ B)
        goal = np.eye(3)[k]
        print(-np.sum(goal * np.log(p)))
        ds = slopes(p) @ (-goal / p)
        dB = np.outer(h, ds)
        dA = np.outer(x, (B @ ds) * (1 - h ** 2))
        A -= 0.05 * dA; B -= 0.05 * dB
"""
)
ELEMENTS = (
    START
    + """
X = gen.randn(8, 3)
goal = np.eye(3)[gen.randint(0, 3, 8)]
W, b = gen.randn(3, 3) * 0.4, np.zeros(3)
for turn in range(10):
    e = np.exp(X @ W + b)
    p = e / e.sum(axis=1, keepdims=True)
    print(((p - goal) ** 2).sum() / 8)
    g, ds = 2 * (p - goal) / 8, np.zeros((8, 3))
    for k in range(8):
        slopes = np.zeros((3, 3))
        for i in range(3):
            for j in range(3):
                if i == j:
                    slopes[i, j] = p[k, i] * (1 - p[k, i])
                else:
                    slopes[i, j] = -p[k, i] * p[k, j]
        ds[k] = slopes @ g[k]
    W -= 0.5 * X.T @ ds; b -= 0.5 * ds.sum(axis=0)
"""
)
CASES = {
    "an error under a second name, without its factor": (GATES, "dc = dh * z", "dc = dh"),
    "a forward value for an error": (GATES, "dc = dh * z", "dc = z"),
    "an error handed on without its slope": (GATES, "dc_in = dc * (1 - c ** 2)", "dc_in = dc"),
    "a slope of 1": (GATES, "dc_in = dc * (1 - c ** 2)", "dc_in = dc * 1.0"),
    "the first term of a sum of several lines": (GATES, "back = dh * (1 - z)", "back = dh"),
    "a term without its error": (GATES, "back = dh * (1 - z)", "back = 1 - z"),
    "half a slope": (GATES, "dr_in = dr * r * (1 - r)", "dr_in = dr * (1 - r)"),
    "one of two gates that are joined": (JOINED, "dr_in = dr * r * (1 - r)", "dr_in = dr * r"),
    "the sign within": (WRITTEN_OUT, "np.diag(p) - np.outer", "np.diag(p) + np.outer"),
    "no other shares": (WRITTEN_OUT, "np.diag(p) - np.outer(p, p)", "np.diag(p)"),
    "the share itself forgotten": (WRITTEN_OUT, "np.diag(p) - np.outer", "-np.outer"),
    "slopes of the scores": (WRITTEN_OUT, "slopes(p) @", "slopes(h @ B) @"),
    "the elements on the diagonal": (ELEMENTS, "p[k, i] * (1 - p[k, i])", "p[k, i] * (1 + p[k, i])"),
    "the elements beside it": (ELEMENTS, "-p[k, i] * p[k, j]", "p[k, i] * p[k, j]"),
}


@pytest.mark.parametrize("name", CASES)
def test_the_line(name: str) -> None:
    text, old, new = CASES[name]
    assert text.count(old) == 1
    lines = [each["line"] for each in told(text.replace(old, new))["faults"]]
    assert lines == [text[: text.index(old)].count("\n") + 1]


@pytest.mark.parametrize("text", [GATES, JOINED, WRITTEN_OUT, ELEMENTS])
def test_as_they_should_be(text: str) -> None:
    found = told(text)
    assert found["faults"] == []
    assert {block["verdict"] for block in found["blocks"]} == {"right"}


def test_a_loss_summed_up_with_a_factor_that_is_the_rate_too() -> None:
    text = (
        START
        + """
X = gen.randn(6, 3)
y = np.tanh(X[:, 0]) + 0.1
W, v = gen.randn(3, 4) * 0.5, gen.randn(4) * 0.5
for turn in range(12):
    cost, dW, dv = 0.0, np.zeros_like(W), np.zeros_like(v)
    for x, goal in zip(X, y):
        h = np.tanh(x @ W)
        e = h @ v - goal
        cost += 0.5 * e ** 2 / 6
        dv += e / 6 * h
        dW += np.outer(x, e / 6 * v * (1 - h ** 2))
    W -= 0.5 * dW
    v -= 0.5 * dv
    print(cost)
"""
    )
    assert {b["name"]: b["verdict"] for b in told(text)["blocks"]} == {"W": "right", "v": "right"}
