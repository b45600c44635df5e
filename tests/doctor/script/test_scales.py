"""By how much a line is wrong: factors of a line behind, of a running mean, of a rule that is kept up for nothing."""

from __future__ import annotations

import pytest

from .test_mended import START, told

GAZE = (
    START
    + """
x = gen.randn(8, 3, 4)
aim = np.roll(x, 1, axis=1) * 0.5
P, R, V = gen.randn(4, 4) * 0.5, gen.randn(4, 4) * 0.5, gen.randn(4, 4) * 0.5
speed = [np.zeros((4, 4)) for _ in range(3)]
lam = 1e-3
for turn in range(30):
    q, k, v = x @ P, x @ R, x @ V
    raw = np.exp(q @ k.transpose(0, 2, 1) / 2.0)
    share = raw / raw.sum(2, keepdims=True)
    miss = share @ v - aim
    cost = (miss ** 2).mean() + 0.5 * lam * sum((w ** 2).sum() for w in (P, R, V))
    top = 2 * miss / miss.size
    g_v = share.transpose(0, 2, 1) @ top
    g_share = top @ v.transpose(0, 2, 1)
    g_raw = share * (g_share - (g_share * share).sum(2, keepdims=True)) / 2
    g_q = g_raw @ k
    g_k = g_raw.transpose(0, 2, 1) @ q
    grads = [np.tensordot(x, g, ([0, 1], [0, 1])) + lam * w for g, w in ((g_q, P), (g_k, R), (g_v, V))]
    for n, (w, g) in enumerate(zip((P, R, V), grads)):
        speed[n] = 0.9 * speed[n] - 0.2 * g
        w += speed[n]
"""
)
"""A factor behind the sum over the shares of attention, with a penalty beside it."""
SMOOTH = (
    START
    + """
x = gen.randn(20, 2)
y = (x[:, :1] * x[:, 1:] > 0).astype(float)
A, a, B, b = gen.randn(2, 5), np.zeros(5), gen.randn(5, 1), np.zeros(1)
blocks = [A, a, B, b]
mean, square = [np.zeros_like(p) for p in blocks], [np.zeros_like(p) for p in blocks]
keep = 0.9
for turn in range(1, 60):
    h = np.tanh(x @ A + a)
    p = 1 / (1 + np.exp(-(h @ B + b)))
    cost = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    miss = (p - y) / len(x)
    low = (miss @ B.T) * (1 - h ** 2)
    grads = [x.T @ low, low.sum(0), h.T @ miss, miss.sum(0)]
    for k, w in enumerate(blocks):
        mean[k] = keep * mean[k] + (1 - keep) * grads[k]
        square[k] = 0.99 * square[k] + 0.01 * grads[k] ** 2
        m_hat = mean[k] / (1 - keep ** turn)
        w -= 0.5 * mean[k]
"""
)
"""A step along a running mean; the rest of Adam stands there for nothing."""
LAYERS = (
    START
    + """
class Lin:
    def __init__(self, n, m):
        self.w, self.c = gen.randn(n, m) / n ** 0.5, np.zeros(m)
    def ahead(self, x):
        self.x = x
        return np.tanh(x @ self.w + self.c)
    def back(self, g):
        g = g * (1 - np.tanh(self.x @ self.w + self.c) ** 2)
        self.gw, self.gc = self.x.T @ g, g.sum(0)
        return g @ self.w.T

class Thin:
    def __init__(self, share):
        self.share = share
    def ahead(self, x):
        self.kept = gen.rand(*x.shape) > self.share
        return x * self.kept / (1. - self.share)
    def back(self, g):
        return g * self.kept / (1. - self.share)

net = [Lin(2, 9), Thin(0.25), Lin(9, 6), Thin(0.5), Lin(6, 1)]
x = gen.randn(30, 2)
y = np.tanh(x[:, :1] - x[:, 1:])
for turn in range(30):
    out = x
    for each in net:
        out = each.ahead(out)
    g = (out - y) / len(y)
    for each in net[::-1]:
        g = each.back(g)
    for each in net[::2]:
        each.w -= 0.1 * each.gw
        each.c -= 0.1 * each.gc
"""
)
"""A factor that each layer lacks once more; no loss tells which blocks are right: those behind all that lack it."""
PLAIN = SMOOTH.replace("0.5 * mean[k]", "0.5 * grads[k]")
HATS = SMOOTH.replace("0.5 * mean[k]", "0.5 * m_hat")
SLOPE = "    miss = (p - y) / len(x)", "    miss = (p - y) * p * (1 - p) / len(x)"
CASES = {
    "each layer once more": (LAYERS, "g * self.kept / (1. - self.share)", "g * self.kept"),
    "behind the shares": (GAZE, ".sum(2, keepdims=True)) / 2", ".sum(2, keepdims=True))"),
    "all of them, along a mean": (SMOOTH.replace("        m_hat = mean[k] / (1 - keep ** turn)\n", ""), *SLOPE),
    "all of them, along a corrected mean": (HATS, *SLOPE),
    "all of them, beside idle means": (PLAIN, *SLOPE),
}  # fmt: skip


@pytest.mark.parametrize("text", {text for text, *_ in CASES.values()})
def test_the_right_ones_have_no_fault(text: str) -> None:
    assert told(text)["faults"] == []


@pytest.mark.parametrize("name", CASES)
def test_the_line_is_as_it_was(name: str) -> None:
    text, old, new = CASES[name]
    wrong = text.replace(old, new)
    pairs = zip(text.splitlines(), wrong.splitlines(), strict=True)
    line = next(k for k, (a, b) in enumerate(pairs, 1) if a != b)
    (only,) = told(wrong)["faults"]
    assert only["line"] == line
    assert only["instead"] == text.splitlines()[line - 1].strip()
