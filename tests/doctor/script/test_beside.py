"""Two mistakes in one script, each told at its own line; and a right line beside a mistake, which stays as it is."""

from __future__ import annotations

import pytest

from .test_mended import START, told

SWISH = (
    START
    + """
class Dense:
    def __init__(self, n, m):
        self.w = gen.randn(n, m) * 0.5

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, g, rate):
        back = g @ self.w.T
        self.w -= rate * self.x.T @ g
        return back

class Act:
    def __init__(self, f, slope):
        self.f, self.slope = f, slope

    def forward(self, x):
        self.x = x
        return self.f(x)

    def backward(self, g, rate):
        return g * self.slope(self.x)

def swish(x):
    return x / (1 + np.exp(-x))

def swish_slope(x):
    s = 1 / (1 + np.exp(-x))
    return s * (1 + x * (1 - s))

layers = [Dense(3, 5), Act(swish, swish_slope), Dense(5, 2), Act(np.tanh, lambda x: 1 - np.tanh(x) ** 2)]
x, aim = gen.randn(7, 3), gen.rand(7, 2)
for turn in range(30):
    out = x
    for layer in layers:
        out = layer.forward(out)
    cost = ((out - aim) ** 2).mean()
    g = 2 * (out - aim) / aim.size
    for layer in reversed(layers):
        g = layer.backward(g, 0.1)
"""
)
HEAD = (
    START
    + """
x, aim, width = gen.randn(5, 6), gen.randn(5, 7), 7
P, R, V = gen.randn(6, 7) * 0.5, gen.randn(6, 7) * 0.5, gen.randn(6, 7) * 0.5
for turn in range(30):
    q, k, v = x @ P, x @ R, x @ V
    raw = np.exp(q @ k.T / np.sqrt(width))
    share = raw / raw.sum(axis=1, keepdims=True)
    miss = share @ v - aim
    cost = (miss ** 2).mean()
    top = 2 * miss / miss.size
    g_share = top @ v.T
    g_raw = share * (g_share - np.sum(g_share * share, axis=1, keepdims=True))
    g_q = g_raw @ k / np.sqrt(width)
    g_k = g_raw.T @ q / np.sqrt(width)
    P -= 0.1 * x.T @ g_q
    R -= 0.1 * x.T @ g_k
    V -= 0.1 * x.T @ (share.T @ top)
"""
)
DROPS = (
    START
    + """
x, aim = gen.randn(12, 4), gen.randn(12, 1)
A, B, C = gen.randn(4, 6) * 0.5, gen.randn(6, 6) * 0.5, gen.randn(6, 1) * 0.5
for turn in range(30):
    one = np.maximum(x @ A, 0)
    drop1 = gen.binomial(1, 0.8, one.shape) / 0.8
    h1 = one * drop1
    two = np.maximum(h1 @ B, 0)
    drop2 = gen.binomial(1, 0.8, two.shape) / 0.8
    h2 = two * drop2
    miss = h2 @ C - aim
    cost = 0.5 * np.sum(miss ** 2) / len(x)
    top = miss / len(x)
    low = (top @ C.T) * drop2 * (two > 0)
    deep = (low @ B.T) * drop1 * (one > 0)
    C -= 0.1 * h2.T @ top
    B -= 0.1 * h1.T @ low
    A -= 0.1 * x.T @ deep
"""
)
SPEEDS = (
    START
    + """
x, aim = gen.randn(20, 3), gen.randn(20, 1)
ws = [gen.randn(3, 6) * 0.5, gen.randn(6, 5) * 0.5, gen.randn(5, 1) * 0.5]
bs = [np.zeros(6), np.zeros(5), np.zeros(1)]
vw, vb = [np.zeros_like(w) for w in ws], [np.zeros_like(b) for b in bs]
for turn in range(30):
    acts = [x]
    for k in range(3):
        z = acts[-1] @ ws[k] + bs[k]
        acts.append(np.tanh(z) if k < 2 else z)
    cost = ((acts[-1] - aim) ** 2).mean()
    delta = 2 * (acts[-1] - aim) / len(x)
    for k in reversed(range(3)):
        gw, gb = acts[k].T @ delta, delta.sum(axis=0)
        back = delta @ ws[k].T
        vw[k] = 0.9 * vw[k] - 0.02 * gw
        vb[k] = 0.9 * vb[k] - 0.02 * gb
        ws[k] += vw[k]
        bs[k] += vb[k]
        if k:
            delta = back * (1 - acts[k] ** 2)
"""
)
PAIR = (
    START
    + """
x, wide = gen.randn(15, 4), 2
A, S, D = gen.randn(4, wide) * 0.5, gen.randn(4, wide) * 0.5, gen.randn(wide, 4) * 0.5
for turn in range(30):
    mean, log_var = x @ A, x @ S
    noise = gen.randn(*mean.shape)
    code = mean + np.exp(log_var / 2) * noise
    miss = code @ D - x
    cost = (0.5 * np.sum(miss ** 2) - 0.5 * np.sum(1 + log_var - mean ** 2 - np.exp(log_var))) / len(x)
    top = miss / len(x)
    g_code = top @ D.T
    g_log = g_code * noise * np.exp(log_var / 2) / 2 - 0.5 * (1 - np.exp(log_var)) / len(x)
    D -= 0.05 * code.T @ top
    A -= 0.05 * x.T @ (g_code + mean / len(x))
    S -= 0.05 * x.T @ g_log
"""
)
WORDS = (
    START
    + """
E, W = gen.randn(6, 4) * 0.5, gen.randn(4, 6) * 0.5
seq = [0, 1, 2, 1, 3, 0, 1]
for turn in range(30):
    g_E, g_W, cost = np.zeros_like(E), np.zeros_like(W), 0.0
    for i in range(len(seq) - 1):
        x = np.tanh(E[seq[i]])
        z = np.exp(x @ W)
        p = z / z.sum()
        cost += -np.log(p[seq[i + 1]])
        d = p.copy()
        d[seq[i + 1]] -= 1
        g_W += np.outer(x, d)
        g_E[seq[i]] += (W @ d) * (1 - x ** 2)
    E -= 0.1 * g_E
    W -= 0.1 * g_W
"""
)
DEEP = (
    START
    + """
x = gen.randn(3, 20)
y = (x[:1] * x[1:2] > 0).astype(float)
W = [gen.randn(6, 3) * 0.5, gen.randn(6, 6) * 0.5, gen.randn(1, 6) * 0.5]
b = [np.zeros((6, 1)), np.zeros((6, 1)), np.zeros((1, 1))]
for turn in range(30):
    a, drops, zs = [x], [], []
    for n in range(3):
        zs.append(W[n] @ a[n] + b[n])
        if n < 2:
            drops.append(gen.rand(*zs[n].shape) < 0.8)
            a.append(np.maximum(zs[n], 0) * drops[n] / 0.8)
        else:
            a.append(1 / (1 + np.exp(-zs[n])))
    cost = -np.mean(y * np.log(a[3]) + (1 - y) * np.log(1 - a[3]))
    g, steps = (a[3] - y) / 20, []
    for n in reversed(range(3)):
        steps.append((n, g @ a[n].T, g.sum(axis=1, keepdims=True)))
        if n > 0:
            back = W[n].T @ g
            g = back * drops[n - 1] * (zs[n - 1] > 0) / 0.8
    for n, gW, gb in steps:
        W[n] -= 0.1 * gW
        b[n] -= 0.1 * gb
"""
)
SHEETS = (
    START
    + """
x, aim = gen.randn(9, 5), gen.randn(9, 1)
W, c, V, d = gen.randn(5, 8) * 0.5, np.zeros(2), gen.randn(8, 1) * 0.5, np.zeros(1)
for turn in range(30):
    z = (x @ W).reshape(9, 4, 2) + c
    a = np.tanh(z)
    flat = a.reshape(9, 8)
    miss = flat @ V + d - aim
    cost = np.sum(miss ** 2) / 18
    top = miss / 9
    g_flat = top @ V.T
    g_a = g_flat.reshape(a.shape)
    g_z = g_a * (1 - a * a)
    g_c = g_z.sum(axis=(0, 1))
    g_W = x.T @ g_z.reshape(9, 8)
    W -= 0.1 * g_W
    c -= 0.1 * g_c
    V -= 0.1 * flat.T @ top
    d -= 0.1 * top.sum(0)
"""
)
CASES = {
    "a mask left out in a loop": (DEEP, {"back * drops[n - 1] *": "back *"}, ["g = back"], False),
    "a sum, and the sign of a step": (
        SHEETS, {"axis=(0, 1))": "axis=(1, 2))[:2]", "W -= 0.1": "W += 0.1"}, ["g_c = ", "W += "], False
    ),
    "rows of words that come again": (WORDS, {"g_E[seq[i]] +=": "g_E[seq[i]] ="}, ["g_E[seq[i]] = "], True),
    "after an update, and a helper's formula": (
        SWISH,
        {"self.x.T @ g\n        return back": "self.x.T @ g\n        return g @ self.w.T",
         "    s = 1 / (1 + np.exp(-x))": "    s = x / (1 + np.exp(-x))"},
        ["return g @ self.w.T", "return s * (1 + x"], False,
    ),
    "an axis, and a factor in a line behind": (
        HEAD, {"share, axis=1": "share, axis=0", "g_raw @ k / np.sqrt(width)": "g_raw @ k"},
        ["g_raw = ", "g_q = "], True,
    ),
    "another mask": (DROPS, {"@ B.T) * drop1": "@ B.T) * drop2"}, ["deep = "], True),
    "a velocity uphill, and weights after their update": (
        SPEEDS, {"- 0.02 * gw": "+ 0.02 * gw", "delta = back": "delta = delta @ ws[k].T"},
        ["ws[k] += ", "delta = delta @"], False,
    ),
    "a half, and not a size that is 2": (
        PAIR, {"np.exp(log_var / 2) / 2": "np.exp(log_var / 2)"}, ["g_log = "], True
    ),
}  # fmt: skip
"""By name: the script, what is exchanged in it, how the lines begin that are told, and whether the right ones are
written for them.
"""


@pytest.mark.parametrize("text", {text for text, *_ in CASES.values()})
def test_the_right_ones_have_no_fault(text: str) -> None:
    assert told(text)["faults"] == []


@pytest.mark.parametrize("name", CASES)
def test_every_mistake_has_its_line(name: str) -> None:
    text, exchanged, begin, mended = CASES[name]
    wrong = text
    for old, new in exchanged.items():
        assert wrong.count(old) == 1
        wrong = wrong.replace(old, new)
    faults = told(wrong)["faults"]
    lines = [line.strip() for line in wrong.splitlines()]
    places = sorted(next(k for k, line in enumerate(lines, 1) if line.startswith(b)) for b in begin)
    assert sorted(fault["line"] for fault in faults) == places
    for fault in faults if mended else ():
        assert fault["instead"] == text.splitlines()[fault["line"] - 1].strip()
