"""Where one change explains all, the line of that change is told, and no line that only hands the mistake on."""

from __future__ import annotations

import pytest

from .test_mended import START, told

BATCHES = (
    START
    + """
rows, aims = gen.randn(24, 3), gen.randn(24, 2)
A, a, B, b = gen.randn(3, 5) * 0.6, np.zeros(5), gen.randn(5, 2) * 0.6, np.zeros(2)
for turn in range(5):
    total = 0.0
    for k in range(3):
        x, y = rows[8 * k : 8 * k + 8], aims[8 * k : 8 * k + 8]
        h = np.tanh(x @ A + a)
        on = gen.rand(8, 5) < 0.7
        kept = h * on / 0.7
        miss = kept @ B + b - y
        loss = np.sum(miss ** 2) / 8
        total += loss / 3
        d = 2 * miss / 8
        gB, gb = kept.T @ d, d.sum(axis=0)
        d_h = d @ B.T
        d_h = d_h * on / 0.7
        d_h = d_h * (1 - h ** 2)
        gA, ga = x.T @ d_h, d_h.sum(axis=0)
        A -= 0.1 * gA
        a -= 0.1 * ga
        B -= 0.1 * gB
        b -= 0.1 * gb
    print(total)
"""
)
OBJECTS = (
    START
    + """
class Thin:
    def forth(self, x):
        self.on = gen.rand(*x.shape) < 0.6
        return x * self.on / 0.6
    def back(self, d):
        return d * self.on / 0.6
class Layer:
    def __init__(self, n, m):
        self.W = gen.randn(n, m) * 0.5
    def forth(self, x):
        self.x, self.y = x, np.tanh(x @ self.W)
        return self.y
    def back(self, d):
        d = d * (1 - self.y ** 2)
        self.g = self.x.T @ d
        return d @ self.W.T
rows, aims = gen.randn(20, 3), gen.rand(20, 2) - 0.5
net = [Layer(3, 6), Thin(), Layer(6, 6), Thin(), Layer(6, 2)]
for turn in range(6):
    out = rows
    for part in net:
        out = part.forth(out)
    print(np.sum((out - aims) ** 2))
    d = 2 * (out - aims)
    for part in reversed(net):
        d = part.back(d)
    for part in net[::2]:
        part.W -= 0.05 * part.g
"""
)
SLIDING = (
    START
    + """
def slide(row, ker):
    return np.array([row[i : i + ker.size] @ ker for i in range(row.size - ker.size + 1)])
def slide_wide(row, ker):
    return slide(np.pad(row, ker.size - 1), ker)
row, aim = gen.randn(9), gen.randn(5)
p, q = gen.randn(3), gen.randn(3)
for turn in range(6):
    h = np.tanh(slide(row, p))
    miss = slide(h, q) - aim
    print(np.sum(miss ** 2) / 2)
    d_h = slide_wide(miss, q[::-1]) * (1 - h ** 2)
    q -= 0.05 * slide(h, miss)
    p -= 0.05 * slide(row, d_h)
"""
)
GATED = (
    START
    + """
rows, aims = gen.randn(5, 2), gen.randn(5, 1)
net = {k: gen.randn(3, 2) * 0.6 for k in ("Wu", "Wn")} | {k: gen.randn(3, 3) * 0.6 for k in ("Ru", "Rn")}
net["V"] = gen.randn(1, 3)
for turn in range(6):
    h, kept, cost = np.zeros(3), [], 0.0
    for x, y in zip(rows, aims):
        u = 1 / (1 + np.exp(-(net["Wu"] @ x + net["Ru"] @ h)))
        n = np.tanh(net["Wn"] @ x + net["Rn"] @ h)
        new = (1 - u) * h + u * n
        miss = net["V"] @ new - y
        cost += np.sum(miss ** 2) / 2
        kept.append((x, h, u, n, new, miss))
        h = new
    print(cost)
    g, later = {k: np.zeros_like(w) for k, w in net.items()}, np.zeros(3)
    for x, h, u, n, new, miss in reversed(kept):
        g["V"] += np.outer(miss, new)
        d = net["V"].T @ miss + later
        du = d * (n - h) * u * (1 - u)
        dn = d * u * (1 - n ** 2)
        g["Wu"] += np.outer(du, x)
        g["Ru"] += np.outer(du, h)
        g["Wn"] += np.outer(dn, x)
        g["Rn"] += np.outer(dn, h)
        later = d * (1 - u) + net["Ru"].T @ du + net["Rn"].T @ dn
    for k in net:
        net[k] -= 0.05 * g[k]
"""
)
CELL = (
    START
    + """
rows, aims = gen.randn(3, 2), gen.randn(3, 1)
net = {k: gen.randn(3, 5) * 0.5 for k in "fign"} | {"V": gen.randn(1, 3)}
squash = lambda s: 1 / (1 + np.exp(-s))
for turn in range(3):
    z, f, i, n, c, h, miss = {}, {}, {}, {}, {-1: np.zeros(3)}, {-1: np.zeros(3)}, {}
    for t in range(3):
        z[t] = np.concatenate([h[t - 1], rows[t]])
        f[t], i[t], n[t] = squash(net["f"] @ z[t]), squash(net["i"] @ z[t]), np.tanh(net["n"] @ z[t])
        c[t] = f[t] * c[t - 1] + i[t] * n[t]
        h[t] = np.tanh(c[t]) * squash(net["g"] @ z[t])
        miss[t] = net["V"] @ h[t] - aims[t]
    print(sum(np.sum(m ** 2) for m in miss.values()) / 2)
    g, dh_later, dc_later = {k: np.zeros_like(w) for k, w in net.items()}, np.zeros(3), np.zeros(3)
    for t in reversed(range(3)):
        o = squash(net["g"] @ z[t])
        g["V"] += np.outer(miss[t], h[t])
        dh = net["V"].T @ miss[t] + dh_later
        dc = dh * o * (1 - np.tanh(c[t]) ** 2) + dc_later
        do = dh * np.tanh(c[t]) * o * (1 - o)
        df, di = dc * c[t - 1], dc * n[t]
        df = df * f[t] * (1 - f[t])
        di = di * i[t] * (1 - i[t])
        dn = dc * i[t] * (1 - n[t] ** 2)
        dz = np.zeros(5)
        for k, d in zip("fign", (df, di, do, dn)):
            g[k] += np.outer(d, z[t])
            dz += net[k].T @ d
        dh_later = dz[:3]
        dc_later = dc * f[t]
    for k in net:
        net[k] -= 0.05 * g[k]
"""
)
ALL_GATES = (
    START
    + """
rows, aims = gen.randn(5, 6, 2), gen.randn(6, 1)
A, a, V = gen.randn(5, 12) * 0.5, np.zeros(12), gen.randn(3, 1) * 0.5
squash = lambda s: 1 / (1 + np.exp(-s))
for turn in range(3):
    h, c, kept = np.zeros((6, 3)), np.zeros((6, 3)), []
    for x in rows:
        both = np.hstack([x, h])
        s = both @ A + a
        i, f, o, n = squash(s[:, :3]), squash(s[:, 3:6]), squash(s[:, 6:9]), np.tanh(s[:, 9:])
        old, c = c, f * c + i * n
        h = o * np.tanh(c)
        kept.append((both, i, f, o, n, old, c))
    miss = h @ V - aims
    print(np.mean(miss ** 2) / 2)
    d = miss / 6
    gV, gh, gc = h.T @ d, d @ V.T, np.zeros((6, 3))
    gA, ga = np.zeros_like(A), np.zeros_like(a)
    for both, i, f, o, n, old, c in kept[::-1]:
        gc = gc + gh * o * (1 - np.tanh(c) ** 2)
        parts = gc * n * i * (1 - i), gc * old * f * (1 - f), gh * np.tanh(c) * o * (1 - o), gc * i * (1 - n ** 2)
        gs = np.hstack(parts)
        gA += both.T @ gs
        ga += gs.sum(axis=0)
        gh = (gs @ A.T)[:, 2:]
        gc = gc * f
    A -= 0.1 * gA; a -= 0.1 * ga; V -= 0.1 * gV
"""
)
NORMED = (
    START
    + """
rows, aims = gen.randn(20, 3), gen.randn(20, 1)
W, size, shift, V = gen.randn(3, 4), np.ones(4), np.zeros(4), gen.randn(4, 1) * 0.5
for turn in range(6):
    z = rows @ W
    mean, var = z.mean(axis=0), z.var(axis=0)
    flat = (z - mean) / np.sqrt(var + 1e-5)
    h = np.tanh(size * flat + shift)
    miss = h @ V - aims
    print(np.sum(miss ** 2))
    d = (2 * miss @ V.T) * (1 - h ** 2)
    off, per = z - mean, 1 / np.sqrt(var + 1e-5)
    d_flat = d * size
    d_var = np.sum(d_flat * off * -0.5 * per ** 3, axis=0)
    d_mean = np.sum(-d_flat * per, axis=0)
    d_z = d_flat * per + d_var * 2 * off / 20 + d_mean / 20
    V -= 0.01 * 2 * h.T @ miss
    size -= 0.01 * np.sum(d * flat, axis=0)
    shift -= 0.01 * np.sum(d, axis=0)
    W -= 0.01 * rows.T @ d_z
"""
)
LOOKING = (
    START
    + """
rows, aims = gen.randn(5, 3), gen.randn(5, 4)
A, B, C = gen.randn(3, 4), gen.randn(3, 4), gen.randn(3, 4)
for turn in range(6):
    q, k, v = rows @ A, rows @ B, rows @ C
    marks = q @ k.T / np.sqrt(4)
    marks -= marks.max(axis=1, keepdims=True)
    share = np.exp(marks)
    share /= share.sum(axis=1, keepdims=True)
    miss = share @ v - aims
    print(np.sum(miss ** 2) / 2)
    d_v, d_share = share.T @ miss, miss @ v.T
    d_marks = share * (d_share - np.sum(d_share * share, axis=1, keepdims=True)) / np.sqrt(4)
    d_q = d_marks @ k
    d_k = d_marks.T @ q
    A -= 0.1 * rows.T @ d_q
    B -= 0.1 * rows.T @ d_k
    C -= 0.1 * rows.T @ d_v
"""
)
SPLIT = LOOKING.replace("keepdims=True)) / np.sqrt(4)", "keepdims=True))").replace("@ q\n", "@ q / np.sqrt(4)\n")
SPLIT = SPLIT.replace("d_marks @ k", "d_marks @ k / np.sqrt(4)")
WEIGHED = (
    START
    + """
rows, aims = gen.randn(6, 4, 3), gen.randn(6, 5)
A, B, C = gen.randn(3, 5) * 0.7, gen.randn(3, 5) * 0.7, gen.randn(3, 5) * 0.7

def shares(m):
    e = np.exp(m)
    return e / e.sum(axis=2, keepdims=True)

def shares_back(up, s):
    return s * (up - np.sum(up * s, axis=2, keepdims=True))

for turn in range(6):
    q, k, v = rows @ A, rows @ B, rows @ C
    s = shares(q @ k.transpose(0, 2, 1) / np.sqrt(5))
    miss = (s @ v).sum(axis=1) - aims
    print(0.5 * np.sum(miss ** 2))
    up = np.repeat(miss[:, None, :], 4, axis=1)
    dm = shares_back(up @ v.transpose(0, 2, 1), s) / np.sqrt(5)
    dv = s.transpose(0, 2, 1) @ up
    A -= 0.01 * np.einsum("nti,ntj->ij", rows, dm @ k)
    B -= 0.01 * np.einsum("nti,ntj->ij", rows, dm.transpose(0, 2, 1) @ q)
    C -= 0.01 * np.einsum("nti,ntj->ij", rows, dv)
"""
)
RECTIFIED = (
    START
    + """
rows, aims = gen.randn(15, 3), gen.randn(15, 1)
A, B = gen.randn(3, 6), gen.randn(6, 1)
for turn in range(5):
    on = np.maximum(0, rows @ A)
    miss = on @ B - aims
    print(np.mean(miss ** 2))
    back = 2 * miss / 15 @ B.T
    back[on <= 0] = 0
    B -= 0.05 * on.T @ (2 * miss / 15)
    A -= 0.05 * rows.T @ back
"""
)
TWINS = (
    START
    + """
ones, others, aims = gen.randn(12, 3), gen.randn(12, 3), gen.rand(12)
A, B = gen.randn(3, 5) * 0.6, gen.randn(5, 2) * 0.6

def placed(x):
    h = np.tanh(x @ A)
    return h @ B, (x, h)

def passed(d, kept):
    x, h = kept
    return {"A": x.T @ (d @ B.T * (1 - h ** 2)), "B": h.T @ d}

for turn in range(6):
    (p, kept_p), (q, kept_q) = placed(ones), placed(others)
    apart = p - q
    far = (apart ** 2).sum(1)
    print(0.5 * np.mean((far - aims) ** 2))
    d = 2 * ((far - aims) / 12)[:, None] * apart
    first = passed(d, kept_p)
    second = passed(-d, kept_q)
    A -= 0.05 * (first["A"] + second["A"])
    B -= 0.05 * (first["B"] + second["B"])
"""
)


CASES = {
    "a factor that is lost below the last layer": (BATCHES, {"d_h * on / 0.7": "d_h * on"}),
    "the same where no loss is computed": (
        BATCHES.replace("np.sum(miss ** 2) / 8", "0.0").replace("print(total)", "print(np.abs(miss).max())"),
        {"d_h * on / 0.7": "d_h * on"},
    ),
    "a factor that is lost in each of two objects": (OBJECTS, {"return d * self.on / 0.6": "return d * self.on"}),
    "a call that gives another thing to a helper": (SLIDING, {"slide_wide(miss, q[::-1])": "slide_wide(miss, q)"}),
    "a sign in a loop that goes on": (GATED, {"du = d * (n - h)": "du = d * (h - n)"}),
    "what is handed back, and two gates": (
        CELL, {"dc * c[t - 1], dc * n[t]": "dc * n[t], dc * c[t - 1]", "dc_later = dc * f[t]": "dc_later = dc"},
    ),
    "a slope, and what is handed on": (
        ALL_GATES, {"o * (1 - np.tanh(c) ** 2)": "o * (1 - c ** 2)", "gc = gc * f": "gc = gc * i"},
    ),
    "a power, beside a line that computes once more what is right": (NORMED, {"-0.5 * per ** 3": "-0.5 * per"}),
    "a mask that holds nowhere": (RECTIFIED, {"back[on <= 0] = 0": "back[on < 0] = 0"}),
    "a sign in one of two calls": (TWINS, {"passed(-d, kept_q)": "passed(d, kept_q)"}),
    "a factor in one of two calls": (TWINS, {"passed(-d, kept_q)": "passed(-d * 2, kept_q)"}),
    "a factor that a function cannot know": (
        WEIGHED, {"transpose(0, 2, 1), s) / np.sqrt(5)": "transpose(0, 2, 1), s)"},
    ),
    "the same, and an axis in the function": (
        WEIGHED,
        {
            "transpose(0, 2, 1), s) / np.sqrt(5)": "transpose(0, 2, 1), s)",
            "(up * s, axis=2": "(up * s, axis=1",
        },
    ),
    "a transpose in a line that has its factor": (
        SPLIT, {"d_marks.T @ q": "d_marks @ q", "d_marks @ k / np.sqrt(4)": "d_marks @ k"},
    ),
    "a factor that two lines need": (LOOKING, {"keepdims=True)) / np.sqrt(4)": "keepdims=True))"}),
}  # fmt: skip


@pytest.mark.parametrize("text", {text for text, _ in CASES.values()})
def test_the_right_ones_are_right(text: str) -> None:
    found = told(text)
    assert (found["faults"], {block["verdict"] for block in found["blocks"]}) == ([], {"right"})


@pytest.mark.parametrize("name", CASES)
def test_each_line_that_is_wrong_is_told_and_no_other(name: str) -> None:
    text, changes = CASES[name]
    wrong = text
    for old, new in changes.items():
        assert wrong.count(old) == 1
        wrong = wrong.replace(old, new)
    pairs = zip(text.splitlines(), wrong.splitlines(), strict=True)
    lines = {k for k, (one, other) in enumerate(pairs, 1) if one != other}
    faults = told(wrong)["faults"]
    assert {fault["line"] for fault in faults} == lines
    assert all(fault["instead"] for fault in faults) or text is SLIDING


TWO_WAYS = (
    START
    + """
rows, there, aims = gen.randn(6, 4, 2), np.ones((6, 4)), gen.randn(6, 2)
there[0, 2:] = there[1, 3:] = there[2, 1:] = 0
class Reader:
    def __init__(self):
        self.U, self.R = gen.randn(2, 3) * 0.6, gen.randn(3, 3) * 0.6
    def read(self, turns):
        s, self.kept = np.zeros((6, 3)), []
        for t in turns:
            on = there[:, t, None]
            new = np.tanh(rows[:, t] @ self.U + s @ self.R)
            self.kept.append((t, on, s, new))
            s = on * new + (1 - on) * s
        return s
    def back(self, d):
        self.gU, self.gR = 0, 0
        while self.kept:
            t, on, s, new = self.kept.pop()
            z = d * on * (1 - new ** 2)
            self.gU = self.gU + rows[:, t].T @ z
            self.gR = self.gR + s.T @ z
            d = z @ self.R.T + d * (1 - on)
one, other, A, B = Reader(), Reader(), gen.randn(3, 2) * 0.5, gen.randn(3, 2) * 0.5
for turn in range(4):
    a, b = one.read(range(4)), other.read(range(3, -1, -1))
    miss = a @ A + b @ B - aims
    print(0.5 * np.sum(miss ** 2))
    one.back(miss @ A.T)
    other.back(miss @ B.T)
    A -= 0.02 * a.T @ miss
    B -= 0.02 * b.T @ miss
    for each in (one, other):
        each.U -= 0.02 * each.gU
        each.R -= 0.02 * each.gR
"""
)


def test_a_line_that_is_wrong_in_both_calls_is_told_once() -> None:
    term = " + d * (1 - on)"
    found = told(TWO_WAYS.replace(term, ""))
    (fault,) = found["faults"]
    assert fault["code"].strip() == "d = z @ self.R.T"
    assert fault["instead"].strip() == "d = z @ self.R.T" + term
    assert {block["verdict"] for block in told(TWO_WAYS)["blocks"]} == {"right"}
