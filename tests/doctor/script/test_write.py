"""What is told of a wrong line: each mistake has a name, and the line to write is right when it is put in its place."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.write.named import difference

NET = """
import numpy as np

gen = np.random.RandomState(5)
inputs = gen.randn(24, 4)
aims = np.tanh(inputs[:, :2] - inputs[:, 2:])
A, a = gen.randn(4, 6) * 0.5, np.zeros(6)
B, b = gen.randn(6, 2) * 0.5, np.zeros(2)
strength = 0.03
count = len(inputs)
for turn in range(40):
    pre = inputs @ A + a
    hid = pre / (1 + np.exp(-pre))
    gate = 1 / (1 + np.exp(-pre))
    miss = hid @ B + b - aims
    cost = np.sum(miss ** 2) / count + strength * np.sum(B ** 2)
    d_out = 2 * miss / count
    g_B = hid.T @ d_out + 2 * strength * B
    g_b = d_out.sum(axis=0)
    d_hid = d_out @ B.T
    d_pre = d_hid * (gate + pre * gate * (1 - gate))
    g_A = inputs.T @ d_pre
    g_a = d_pre.sum(axis=0)
    A -= 0.2 * g_A
    a -= 0.2 * g_a
    B -= 0.2 * g_B
    b -= 0.2 * g_b
"""
TIMES = """
import numpy as np

gen = np.random.RandomState(2)
notes = [gen.randn(3, 1) for _ in range(5)]
goal = 0.4
U, R, o = gen.randn(4, 3) * 0.4, gen.randn(4, 4) * 0.4, gen.randn(1, 4) * 0.4
for turn in range(30):
    past = {-1: np.zeros((4, 1))}
    for k in range(5):
        past[k] = np.tanh(U @ notes[k] + R @ past[k - 1])
    off = (o @ past[4]).item() - goal
    cost = 0.5 * off ** 2
    g_o = off * past[4].T
    g_U, g_R = np.zeros_like(U), np.zeros_like(R)
    back = off * o.T
    for k in (4, 3, 2, 1, 0):
        inner = back * (1 - past[k] ** 2)
        g_U += inner @ notes[k].T
        g_R += inner @ past[k - 1].T
        back = R.T @ inner
    U = U - 0.1 * g_U
    R = R - 0.1 * g_R
    o = o - 0.1 * g_o
"""
PLAIN = """
import math

rows = [(-1.0, 0.3, 0.2), (0.5, 0.9, 0.7), (2.0, -0.4, 0.9), (1.5, 1.1, 0.4)]
p, q, r = 0.3, -0.2, 0.6
for turn in range(30):
    total = 0.0
    g_p = g_q = g_r = 0.0
    for left, right, aim in rows:
        mid = math.tanh(p * left + q * right)
        out = r * mid
        total += (out - aim) ** 2
        d_out = 2 * (out - aim)
        g_r += d_out * mid
        d_mid = d_out * r
        d_sum = d_mid * (1 - mid * mid)
        g_p += d_sum * left
        g_q += d_sum * right
    p -= 0.05 * g_p
    q -= 0.05 * g_q
    r -= 0.05 * g_r
"""
WRONG = {
    "a number on one term": (NET, "+ 2 * strength * B", "+ strength * B", {"penalty-scaled"}),
    "a whole on one term": (NET, "2 * strength * B", "2 * strength * B / count", {"penalty-scaled"}),
    "an axis": (NET, "g_a = d_pre.sum(axis=0)", "g_a = d_pre.sum()", {"wrong-axis"}),
    "another slope": (NET, "(gate + pre * gate * (1 - gate))", "gate * (1 - gate)", {"wrong-derivative"}),
    "a factor in a term": (NET, "gate + pre * gate * (1", "gate + gate * (1", {"wrong-operand"}),
    "another time": (TIMES, "inner @ past[k - 1].T", "inner @ past[k].T", {"wrong-operand"}),
    "carried by another name": (TIMES, "back = R.T @ inner", "back = R.T @ back", {"wrong-operand"}),
    "a transpose": (TIMES, "back = R.T @ inner", "back = R @ inner", {"transposed", "wrong-operand"}),
    "another name in a sum over samples": (PLAIN, "g_r += d_out * mid", "g_r += d_out * r", {"wrong-operand"}),
    "a sign in a slope": (PLAIN, "(1 - mid * mid)", "(1 + mid * mid)", {"wrong-derivative", "sign"}),
}


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


@pytest.mark.parametrize("text", [NET, TIMES, PLAIN])
def test_the_right_ones_are_right(text: str) -> None:
    found = found_in(text)
    assert {block["verdict"] for block in found["blocks"]} == {"right"}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_has_a_name_and_a_line_to_write(name: str) -> None:
    text, right, wrong, names = WRONG[name]
    assert text.count(right) == 1
    changed = text.replace(right, wrong)
    line = next(k for k, row in enumerate(changed.splitlines(), 1) if wrong in row)
    (fault,) = found_in(changed)["faults"]
    assert fault["line"] == line, fault
    assert fault["name"] in names, fault
    rows = changed.splitlines()
    rows[line - 1] = rows[line - 1][: len(rows[line - 1]) - len(rows[line - 1].lstrip())] + fault["instead"]
    assert {block["verdict"] for block in found_in("\n".join(rows) + "\n")["blocks"]} == {"right"}, fault


def test_what_reads_a_parameter_comes_before_its_update() -> None:
    update = "    B -= 0.2 * g_B\n"
    text = NET.replace(update, "").replace("    d_hid =", f"{update}    d_hid =")
    (fault,) = found_in(text)["faults"]
    assert (fault["name"], fault["instead"]) == ("updated-weights", "")
    assert "which updates B" in fault["should"], fault


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("w -= rate * g", "w += rate * g", "sign"),
        ("e = aim - out", "e = out - aim", "sign"),
        ("g = -(p / q + s)", "g = -(p / q - s)", "sign"),
        ("g = x @ d", "g = x.T @ d", "transposed"),
        ("g = np.outer(x, d)", "g = np.outer(d, x)", "transposed"),
        ("g = s @ k", "g = s.transpose(0, 2, 1) @ k", "transposed"),
        ("g = d.sum(0)", "g = d.sum(axis=1)", "wrong-axis"),
        (
            "g = i * (d - d.mean(0) - n * (d * n).mean(0))",
            "g = i * (d - d.mean(1) - n * (d * n).mean(1))",
            "wrong-axis",
        ),
        ("g = d.mean(0)", "g = d.sum(axis=0)", "scaled"),
        ("g = x.T @ d", "g = x.T @ d / len(x)", "scaled"),
        ("g = d / s ** 2", "g = d / s ** 3", "missing-factor"),
        ("g = d * r + u", "g = d + u", "extra-factor"),
        ("g = d", "g = d * (1 - h ** 2)", "missing-derivative"),
        ("g = d * (1 - h ** 2)", "g = d * (h * (1 - h))", "wrong-derivative"),
        ("g = d @ w", "g = d @ w + carried", "dropped-edge"),
        ("g = d @ w + c", "g = d @ w", "doubled-edge"),
        ("g = d * h[t]", "g = d * h[t - 1]", "wrong-operand"),
        ("g = d * (t * e)", "g = d * ((t - start) * e)", "wrong-operand"),
        ("g[c] = d", "g[c] += d", "overwritten"),
        ("d[d <= 0] = 0", "d[z <= 0] = 0", "wrong-mask"),
        ("if deep: g = a @ b", "if deep: g = a @ b.T", None),
    ],
)
def test_the_name_is_read_off_the_line_to_write(old: str, new: str, name: str | None) -> None:
    found = difference(old, new)
    assert (None if found is None else found[0]) == name
