"""Where a mistake is said to be, and what is no mistake: judged in this process, after a few steps of a training."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, _judged, cases_of
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record
from autograd.doctor.script.watch.sandbox import seed

RECURRENT = """
import numpy as np
draw = np.random.RandomState(4)
steps, size = 5, 4
rows, goal = draw.randn(steps, 3), draw.randn(steps)
A, B, c = draw.randn(size, 3) * 0.5, draw.randn(size, size) * 0.4, draw.randn(size) * 0.5
for turn in range(20):
    s, kept, cost = np.zeros(size), [], 0.0
    for t in range(steps):
        before = s
        u = np.tanh(A @ rows[t] + B @ before)
        s = 0.6 * before + u
        cost += 0.5 * (c @ s - goal[t]) ** 2
        kept.append((before, u, s))
    dA, dB, dc = np.zeros_like(A), np.zeros_like(B), np.zeros_like(c)
    FIRST
    for t in range(steps - 1, -1, -1):
        before, u, s = kept[t]
        miss = c @ s - goal[t]
        dc += miss * s
        back = miss * c + CARRIED
        inner = back * (1 - u ** 2)
        dA += np.outer(inner, rows[t])
        dB += np.outer(inner, before)
        NEXT
    A, B, c = A - 0.1 * dA, B - 0.1 * dB, c - 0.1 * dc
"""
CARRIERS = {
    "a name": ("late = np.zeros(size)", "late", "late = {}"),
    "a list": ("late = [np.zeros(size)]", "late[-1]", "late.append({})"),
    "a dict": ("late = {'s': np.zeros(size)}", "late['s']", "late['s'] = {}"),
    "an array of times": ("late = np.zeros((steps + 1, size))", "late[t + 1]", "late[t] = {}"),
}
CARRIED = ["0.6 * back + B @ inner", "back + B.T @ inner", "0.6 * back + B.T @ back", "B.T @ inner"]

LAYERS = """
import numpy as np
draw = np.random.RandomState(5)
X, Y = draw.randn(20, 3), draw.randn(20, 2)
W = [draw.randn(3, 6) * 0.4, draw.randn(6, 5) * 0.4, draw.randn(5, 2) * 0.4]

def back(d, w, a):
    gw = a.T @ d
    BACK

def handed(d, a):
    HANDED

for turn in range(20):
    acts = [X]
    for w in W[:-1]:
        acts.append(np.tanh(acts[-1] @ w))
    out = acts[-1] @ W[-1]
    cost = ((out - Y) ** 2).mean()
    d = 2 * (out - Y) / Y.size
    d, g2 = back(d, W[2], acts[2])
    grads = [g2]
    for k in (1, 0):
        d = handed(d, acts[k + 1])
        d, g = back(d, W[k], acts[k])
        grads.insert(0, g)
    USED
    for w, g in zip(W, used):
        w -= 0.1 * g
"""
SOUND = {
    "BACK": "return d @ w.T, gw",
    "HANDED": "return d * (1 - a * a)",
    "USED": "used = [grads[0], grads[1], grads[2]]",
}

NORMED = """
import numpy as np
draw = np.random.RandomState(6)
X, Y = draw.randn(25, 3), draw.randn(25, 1)
W, gain, V = draw.randn(3, 4), 1 + 0.2 * draw.randn(4), draw.randn(4, 1)
for turn in range(20):
    z = X @ W
    scale = 1 / np.sqrt((z ** 2).mean(0) + 1e-5)
    n = z * scale
    out = (n * gain) @ V
    cost = ((out - Y) ** 2).mean()
    e = 2 * (out - Y) / len(Y)
    dV = (n * gain).T @ e
    dm = e @ V.T
    dgain = (dm * n).sum(0)
    dn = DN
    dz = dn * scale - z * scale ** 3 * (dn * z).mean(0)
    DZ
    W, gain, V = W - 0.1 * X.T @ dz, gain - 0.1 * dgain, V - 0.1 * dV
"""

CLASSES = """
import numpy as np
draw = np.random.RandomState(7)
X = draw.randn(30, 2)
y = (X[:, 0] * X[:, 1] > 0).astype(int)
U, b, V = draw.randn(2, 6) * 0.5, np.zeros(6), draw.randn(6, 2) * 0.5
for turn in range(20):
    h = np.maximum(0, X @ U + b)
    s = h @ V
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    cost = LOSS
    print(cost)
    ds = p.copy()
    ds[np.arange(30), y] -= 1
    SHARE
    dV = h.T @ ds + 0.02 * V
    dh = ds @ V.T
    dh[h <= 0] = 0
    U -= 0.3 * (X.T @ dh + 0.02 * U)
    b -= 0.3 * dh.sum(0)
    V -= 0.3 * dV
"""
PENALTY = " + 0.01 * ((U ** 2).sum() + (V ** 2).sum())"
PLAIN = "-np.log(p[np.arange(30), y]).mean()" + PENALTY


def filled(text: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        text = text.replace(name, part)
    return text


def examined(text: str, tmp_path: Path) -> tuple[dict[str, str], list[str]]:
    """The verdict on each block, and the lines that are blamed, in their order."""
    file = tmp_path / "script.py"
    file.write_text(textwrap.dedent(text), encoding="utf-8")
    seed()
    recording = record(Script(str(file), []), 20.0)
    assert recording.training is not None
    found = _judged(recording.training, Options())
    assert found is not None
    lines = []
    for case in cases_of(found, recording):
        site = case.fault.place or case.fault.first.site
        assert site is not None
        lines.append(site.source.line(site.line))
    words = {name: "silent" if v.silent else "right" if v.right else "wrong" for name, v in found.verdicts.items()}
    return words, lines


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("wrong", ["", *CARRIED])
def test_a_cotangent_carried_round_a_loop(carrier: str, wrong: str, tmp_path: Path) -> None:
    """Its last writer is blamed, not the line that reads it first."""
    first, read, write = CARRIERS[carrier]
    line = write.format(wrong or "0.6 * back + B.T @ inner")
    words, lines = examined(filled(RECURRENT, {"FIRST": first, "CARRIED": read, "NEXT": line}), tmp_path)
    assert lines[:1] == ([line] if wrong else [])
    assert wrong or set(words.values()) == {"right"}


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("BACK", "return d @ w.T, gw"),
        ("BACK", "return d @ w.T / len(d), gw"),
        ("BACK", "return 3 * d @ w.T, gw"),
        ("HANDED", "return d"),
        ("HANDED", "return d * a"),
        ("USED", "used = [grads[0], 2 * grads[1], grads[2]]"),
    ],
)
def test_a_function_that_is_called_from_several_places(part: str, line: str, tmp_path: Path) -> None:
    sound = line in SOUND.values()
    words, lines = examined(filled(LAYERS, {**SOUND, part: line}), tmp_path)
    assert lines == ([] if sound else [line])
    assert ("wrong" in words.values()) is not sound


@pytest.mark.parametrize(
    ("second", "third", "line"),
    [
        ("dm * gain", "pass", ""),
        ("dm", "pass", "dn = dm"),
        ("dm * gain", "dz = dn * scale", "dz = dn * scale"),
    ],
)
def test_a_second_name_is_a_line_of_its_own(second: str, third: str, line: str, tmp_path: Path) -> None:
    assert examined(filled(NORMED, {"DN": second, "DZ": third}), tmp_path)[1] == ([line] if line else [])


def test_one_factor_of_the_data_and_not_of_the_penalty(tmp_path: Path) -> None:
    """The rates that are written decide: one line is wrong, not two penalties."""
    assert examined(filled(CLASSES, {"LOSS": PLAIN, "SHARE": "ds /= 30"}), tmp_path)[1] == []
    assert examined(filled(CLASSES, {"LOSS": PLAIN, "SHARE": "pass"}), tmp_path)[1] == ["ds[np.arange(30), y] -= 1"]


@pytest.mark.parametrize(
    "loss",
    ["-np.log(p[np.arange(30), y] + 1e-6).mean()", "-np.log(np.clip(p, 1e-7, 1 - 1e-7)[np.arange(30), y]).mean()"],
)
def test_what_keeps_a_logarithm_from_zero_makes_no_gradient_wrong(loss: str, tmp_path: Path) -> None:
    assert set(examined(filled(CLASSES, {"LOSS": loss + PENALTY, "SHARE": "ds /= 30"}), tmp_path)[0].values()) == {
        "right"
    }


SQUARES = """
import numpy as np
draw = np.random.RandomState(8)
X = draw.randn(30, 3)
y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.1 * draw.randn(30, 1)
W, b = draw.randn(3, 1), np.zeros((1, 1))
size, last = np.full((3, 1), 0.02), np.zeros((3, 1))
for turn in range(20):
    e = X @ W + b - y
    cost = (e ** 2).mean()
    print(SHOWN)
    gW, gb = 2 * X.T @ e / 30, 2 * e.mean(0, keepdims=True)
    STEP
    b -= 0.1 * gb
"""


@pytest.mark.parametrize("shown", ["cost", "np.sqrt(cost)", "np.log10(cost)", "np.linalg.norm(e)"])
@pytest.mark.parametrize(
    "step",
    [
        "W -= 0.1 * gW",
        "size[gW * last < 0] *= 0.5; size[gW * last > 0] *= 1.2; W -= np.sign(gW) * size; last[:] = gW",
        "W -= 0.1 * gW; W /= np.linalg.norm(W)",
        "W = W - 0.1 * gW; W = np.clip(W, -1, 1); W = W / W.sum()",
        "W -= 0.1 * gW; np.clip(W, -1.5, 1.5, out=W)",
        "W.__isub__(0.1 * gW)",
        "W -= 0.1 * gW + 0.003 * W + 0.002 * np.sign(W)",
    ],
)
def test_steps_and_prints_that_are_no_mistakes(shown: str, step: str, tmp_path: Path) -> None:
    if shown != "cost" and "sign" in step:
        pytest.skip("a step of its own kind, and another measure of the loss besides, is not told apart")
    words, lines = examined(filled(SQUARES, {"SHOWN": shown, "STEP": step}), tmp_path)
    assert (lines, words) == ([], {"W": "right", "b": "right"})


OTHERS = {
    "a gradient taken further on": """
        import numpy as np
        draw = np.random.RandomState(1)
        X, y = draw.randn(20, 2), draw.randn(20)
        w = draw.randn(2)
        def both(w):
            e = X @ w - y
            return np.mean(e ** 2), 2 * X.T @ e / 20
        for turn in range(20):
            cost, g = both(w)
            there = w + 0.05 * g / np.sqrt((g ** 2).sum())
            w = w - 0.1 * both(there)[1]
        """,
    "a target of the same weights": """
        import numpy as np
        draw = np.random.RandomState(2)
        U, v = draw.randn(2, 5) * 0.5, draw.randn(5) * 0.5
        state = draw.randn(2)
        for turn in range(30):
            later = 0.7 * state + 0.4 * draw.randn(2)
            aim = later[0] + 0.8 * (np.tanh(later @ U) @ v)
            h = np.tanh(state @ U)
            miss = h @ v - aim
            cost = 0.5 * miss * miss
            gv, gU = miss * h, np.outer(state, miss * v * (1 - h * h))
            v -= 0.05 * gv
            U -= 0.05 * gU
            state = later
        """,
    "blocks that take turns": """
        import numpy as np
        draw = np.random.RandomState(3)
        M, A, B = draw.randn(6, 5), draw.randn(6, 2), draw.randn(2, 5)
        for turn in range(40):
            E = A @ B - M
            cost = 0.5 * np.sum(E ** 2)
            if turn % 2:
                A -= 0.05 * E @ B.T
            else:
                B -= 0.05 * A.T @ E
        """,
    "a reward that grows": """
        import numpy as np
        draw = np.random.RandomState(4)
        S, chosen, gain = draw.randn(50, 3), draw.randint(0, 2, 50), draw.randn(50)
        gain -= gain.mean()
        th = np.zeros((3, 2))
        for turn in range(20):
            p = np.exp(S @ th)
            p /= p.sum(1, keepdims=True)
            J = np.mean(gain * np.log(p[np.arange(50), chosen]))
            g = -p * gain[:, None] / 50
            g[np.arange(50), chosen] += gain / 50
            th += S.T @ g
        """,
    "columns put side by side": """
        import numpy as np
        draw = np.random.RandomState(5)
        X, y = draw.randn(20, 2), draw.randn(20, 1)
        W = [draw.randn(3, 4) * 0.5, draw.randn(5, 1) * 0.5]
        for turn in range(20):
            i = np.c_[X, np.ones(20)]
            h = np.c_[np.tanh(i @ W[0]), np.ones(20)]
            e = h @ W[1] - y
            cost = np.mean(e ** 2)
            d = 2 * e / 20
            grads = [i.T @ ((d @ W[1].T)[:, :-1] * (1 - h[:, :-1] ** 2)), h.T @ d]
            for w, g in zip(W, grads):
                w -= 0.1 * g
        """,
    "a one put before and behind": """
        import numpy as np
        draw = np.random.RandomState(6)
        W, V = draw.randn(3, 3) * 0.5, draw.randn(4) * 0.5
        for turn in range(20):
            x, aim = draw.randn(2), draw.randn()
            i = np.r_[x, 1.0]
            h = np.tanh(W @ i)
            k = np.r_[1, h]
            e = k @ V - aim
            cost = 0.5 * e ** 2
            d = e * V[1:] * (1 - h ** 2)
            V -= 0.05 * e * k
            W -= 0.05 * np.outer(d, i)
        """,
    "windows that slide": """
        import numpy as np
        draw = np.random.RandomState(7)
        X, y = draw.randn(8, 6), draw.randn(8)
        k, v = draw.randn(3) * 0.5, draw.randn(2) * 0.5
        windows = np.lib.stride_tricks.sliding_window_view
        for turn in range(20):
            low = np.tanh(windows(X, 3, axis=1) @ k)
            top = np.tanh(windows(low, 2, axis=1) @ v)
            e = top.sum(axis=1) - y
            cost = np.mean(e ** 2)
            d = 2 * e[:, None] / 8 * (1 - top ** 2)
            d_low = (np.pad(d, ((0, 0), (0, 1))) * v[0] + np.pad(d, ((0, 0), (1, 0))) * v[1]) * (1 - low ** 2)
            v -= 0.05 * np.einsum('nt,ntw->w', d, windows(low, 2, axis=1))
            k -= 0.05 * np.einsum('nt,ntw->w', d_low, windows(X, 3, axis=1))
        """,
    "time that is cut off": """
        import numpy as np
        draw = np.random.RandomState(9)
        rows, goal = draw.randn(6), draw.randn(6)
        a, B, c = draw.randn(4), draw.randn(4, 4) * 0.4, draw.randn(4) * 0.5
        for turn in range(20):
            s, cost = {-1: np.zeros(4)}, 0.0
            for t in range(6):
                s[t] = np.tanh(a * rows[t] + B @ s[t - 1])
                cost += (c @ s[t] - goal[t]) ** 2
            da, dB, dc = np.zeros(4), np.zeros((4, 4)), np.zeros(4)
            for t in range(6):
                miss = 2 * (c @ s[t] - goal[t])
                dc += miss * s[t]
                d = miss * c * (1 - s[t] ** 2)
                for k in range(t, max(-1, t - 2), -1):
                    da += d * rows[k]
                    dB += np.outer(d, s[k - 1])
                    d = (B.T @ d) * (1 - s[k - 1] ** 2)
            a, B, c = a - 0.05 * da, B - 0.05 * dB, c - 0.05 * dc
        """,
    "a penalty on a layer that is not printed": """
        import numpy as np
        draw = np.random.RandomState(6)
        X, y = draw.randn(20, 3), draw.randn(20, 1)
        U, V = draw.randn(3, 4) * 0.5, draw.randn(4, 1) * 0.5
        for turn in range(20):
            h = np.tanh(X @ U)
            e = h @ V - y
            cost = np.mean(e ** 2)
            d = 2 * e / 20
            dh = d @ V.T + 0.003 * np.sign(h)
            V -= 0.1 * h.T @ d
            U -= 0.1 * X.T @ (dh * (1 - h * h))
        """,
}
OTHERS["a penalty on a layer that is not printed"] = OTHERS["a penalty on a layer that is not printed"].replace(
    "V -= 0.1 * h.T @ d\n            U -= 0.1 * X.T @ (dh * (1 - h * h))",
    "gU = X.T @ (dh * (1 - h * h))\n            V -= 0.1 * h.T @ d\n            U -= 0.1 * gU",
)


@pytest.mark.parametrize("name", OTHERS)
def test_others_that_are_right(name: str, tmp_path: Path) -> None:
    words, lines = examined(OTHERS[name], tmp_path)
    assert (lines, set(words.values())) == ([], {"right"})


SLIP = """
import numpy as np
draw = np.random.RandomState(11)
X, y = draw.randn(25, 3), (draw.randn(25) > 0) * 1.0
w = draw.randn(3)
for turn in range(20):
    p = 1 / (1 + np.exp(-X @ w))
    cost = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dp = -(y / p - (1 - y) / (1 - p)) / 25
    w = w - 0.3 * X.T @ (dp * p * (1 - p))
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("p - (1 - y)", "p + (1 - y)", "dp = -(y / p + (1 - y) / (1 - p)) / 25"),
        ("dp * p * (1 - p)", "dp * p * (1 - y)", "w = w - 0.3 * X.T @ (dp * p * (1 - y))"),
        ("0.3", "0.3", ""),
    ],
)
def test_one_wrong_error_above_all_blocks(old: str, new: str, line: str, tmp_path: Path) -> None:
    assert examined(SLIP.replace(old, new), tmp_path)[1] == ([line] if line else [])
