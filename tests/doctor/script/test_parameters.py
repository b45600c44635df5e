"""Every parameter of a script is judged, however it is kept and whatever it begins as; or it is named as not judged."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script
from tests.doctor.script.asking import said

LINE = """
import numpy as np
from collections import namedtuple
from dataclasses import dataclass, replace

draw = np.random.RandomState(1)
X = draw.randn(12, 2)
Y = X @ np.array([1.0, -2.0]) + 0.5
START
for turn in range(12):
    miss = X @ WEIGHTS + BIAS - Y
    loss = 0.5 * np.mean(miss ** 2)
    dw, db = X.T @ miss / 12, miss.sum() / 12
    STEP
"""
KEPT = {
    "a whole number": ("w, b = np.zeros(2), 0", "w", "b", "w = w - 0.1 * dw; b = b - 0.1 * db"),
    "an array without axes": ("w, b = np.zeros(2), np.array(0.0)", "w", "b", "w -= 0.1 * dw; b -= 0.1 * db"),
    "a numpy number": ("w, b = np.zeros(2), np.float64(0)", "w", "b", "w = w - 0.1 * dw; b = b - 0.1 * db"),
    "a tuple": ("t = (np.zeros(2), 0.0)", "t[0]", "t[1]", "t = (t[0] - 0.1 * dw, t[1] - 0.1 * db)"),
    "a named tuple": (
        "Net = namedtuple('Net', 'w b'); net = Net(np.zeros(2), 0.0)", "net.w", "net.b",
        "net = Net(*[p - 0.1 * g for p, g in zip(net, (dw, db))])",
    ),
    "a data class": (
        "@dataclass(frozen=True)\nclass Net:\n    w: object\n    b: float\nnet = Net(np.zeros(2), 0)", "net.w", "net.b",
        "net = replace(net, w=net.w - 0.1 * dw, b=net.b - 0.1 * db)",
    ),
    "one long array": ("t = np.zeros(3)", "t[:2]", "t[2]", "t = t - 0.1 * np.concatenate([dw, [db]])"),
    "whole velocities in a dict": (
        "P = {'w': np.zeros(2), 'b': 0}; v = {k: 0 for k in P}", "P['w']", "P['b']",
        "G = {'w': dw, 'b': db}\n    for k in P:\n        v[k] = 0.9 * v[k] + G[k]\n        P[k] = P[k] - 0.1 * v[k]",
    ),
}  # fmt: skip
MARGINS = """
import numpy as np

draw = np.random.RandomState(1)
X = draw.randn(12, 2)
Y = np.where(X[:, 0] > 0.3 * X[:, 1] + 0.2, 1, -1)
w, b = np.zeros(2), 0
for turn in range(4):
    for x, y in zip(X, Y):
        if y * (x @ w - b) >= 1:
            w -= 0.05 * 0.02 * w
        else:
            w -= 0.05 * (0.02 * w - y * x)
            b -= 0.05 * y
"""
SHARES = """
import numpy as np

draw = np.random.RandomState(1)
X = draw.randn(12, 2)
Y = np.eye(2)[(X[:, 0] > 0).astype(int)]


class CrossEntropy:
    def backward(self, p, y):
        return -(y / p) + (1 - y) / (1 - p)


W, b, entropy = np.zeros((2, 2)), np.zeros(2), CrossEntropy()
for turn in range(12):
    p = 1 / (1 + np.exp(-(X @ W + b)))
    back = entropy.backward(p, Y) * p * (1 - p)
    W -= 0.1 * X.T @ back
    b -= 0.1 * back.sum(0)
"""


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


def verdicts(text: str) -> dict[str, str]:
    found = found_in(text)
    assert "failure" not in found, found["failure"]
    return {block["name"]: block["verdict"] for block in found["blocks"]}


@pytest.mark.parametrize("name", KEPT)
def test_all_of_it_is_judged(name: str) -> None:
    start, weights, bias, step = KEPT[name]
    text = LINE.replace("START", start).replace("WEIGHTS", weights).replace("BIAS", bias).replace("STEP", step)
    whole = {"t"} if name == "one long array" else {weights, bias}
    assert verdicts(text) == dict.fromkeys(whole, "right")
    wrong = text.replace("miss.sum() / 12", "miss.sum()")
    line = next(k for k, row in enumerate(wrong.splitlines(), 1) if "db = " in row)
    assert [fault["line"] for fault in found_in(wrong)["faults"]] == [line]


def test_a_bias_that_only_a_branch_updates_is_judged() -> None:
    assert verdicts(MARGINS) == {"w": "right", "b": "right"}
    found = found_in(MARGINS.replace("b -= 0.05", "b += 0.05"))
    assert [(fault["name"], fault["instead"]) for fault in found["faults"]] == [("sign", "b -= 0.05 * y")]


def test_what_the_loss_does_not_show_is_named() -> None:
    text = LINE.replace("START", "w, b = np.zeros(2), 0.0").replace("WEIGHTS + BIAS", "w").replace(
        "STEP", "also = X @ w + b - Y; w = w - 0.1 * dw; b = b - 0.1 * also.mean()"
    )  # fmt: skip
    assert verdicts(text) == {"w": "right", "b": "cannot tell"}


def test_the_derivative_of_a_loss_that_is_never_computed_tells_which_it_is() -> None:
    assert verdicts(SHARES) == {"W": "right", "b": "right"}
    found = found_in(SHARES.replace("X.T @ back", "X.T @ (back * p)"))
    assert [fault["name"] for fault in found["faults"]] == ["extra-factor"]


FACTORS = """
import numpy as np

draw = np.random.RandomState(1)
R = np.array([[5, 3, 0, 1], [4, 0, 0, 1], [1, 1, 0, 5], [0, 1, 5, 4]])
P, Q = draw.rand(4, 2), draw.rand(2, 4)
for turn in range(12):
    for i in range(4):
        for j in range(4):
            if R[i][j] > 0:
                miss = R[i][j] - P[i, :] @ Q[:, j]
                for k in range(2):
                    before = P[i][k]
                    P[i][k] = P[i][k] + 0.01 * (2 * miss * Q[k][j] - 0.02 * P[i][k])
                    Q[k][j] = Q[k][j] + 0.01 * (2 * miss * before - 0.02 * Q[k][j])
    cost = 0
    for i in range(4):
        for j in range(4):
            if R[i][j] > 0:
                cost = cost + (R[i][j] - P[i, :] @ Q[:, j]) ** 2
                for k in range(2):
                    cost = cost + 0.01 * (P[i][k] ** 2 + Q[k][j] ** 2)
"""
ROWS = """
import numpy as np

draw = np.random.RandomState(1)
words, aims = [[0, 1, 4, 0], [1, 2], [3, 0, 2], [4, 4, 3], [2, 1, 3]], [1, 0, 1, 0, 1]
E, w = draw.randn(5, 3) * 0.3, draw.randn(3) * 0.3
for turn in range(8):
    cost = 0
    for ids, aim in zip(words, aims):
        mean = E[ids].mean(axis=0)
        miss = mean @ w - aim
        cost += 0.5 * miss ** 2
        back = miss * w / len(ids)
        for i in ids:
            E[i] -= 0.1 * back
        w -= 0.1 * miss * mean
"""
MINIBATCH = """
import numpy as np

draw = np.random.RandomState(1)
X = draw.randn(20, 2)
Y = np.tanh(X @ np.array([1.0, -0.5]))
P = {"w": draw.randn(2), "b": np.zeros(1)}


def loss(x, y):
    return np.mean((np.tanh(x @ P["w"] + P["b"]) - y) ** 2)


def slope(f, p):
    out = np.zeros_like(p)
    for k in range(p.size):
        kept = p[k]
        p[k] = kept + 1e-4
        above = f()
        p[k] = kept - 1e-4
        out[k] = (above - f()) / 2e-4
        p[k] = kept
    return out


for turn in range(8):
    some = draw.choice(20, 8)
    slopes = {k: slope(lambda: loss(X[some], Y[some]), P[k]) for k in P}
    for k in P:
        P[k] -= 0.3 * slopes[k]
    print(loss(X, Y))
"""
DRAWN = LINE.replace(
    "X = draw.randn(12, 2)", "from sklearn.datasets import make_blobs\nX = make_blobs(12, cluster_std=0.7)[0]"
)


@pytest.mark.parametrize("text", [FACTORS, ROWS, MINIBATCH], ids=["factors", "rows", "minibatch"])
def test_elements_one_by_one_and_differences_are_judged(text: str) -> None:
    found = verdicts(text)
    assert len(found) == 2
    assert set(found.values()) == {"right"}


def test_what_a_library_draws_is_drawn_once() -> None:
    pytest.importorskip("sklearn")
    start, weights, bias, step = KEPT["a whole number"]
    text = DRAWN.replace("START", start).replace("WEIGHTS", weights).replace("BIAS", bias).replace("STEP", step)
    assert verdicts(text) == {"w": "right", "b": "right"}
    assert found_in(text)["points"] > 1


def test_what_is_judged_against_is_the_loss_and_no_running_average_of_it() -> None:
    start, weights, bias, step = KEPT["a whole number"]
    text = LINE.replace("START", f"{start}; smooth = 1.0").replace("WEIGHTS", weights).replace("BIAS", bias)
    found = found_in(text.replace("STEP", f"smooth = 0.9 * smooth + 0.1 * loss; print(smooth); {step}"))
    assert found["loss"]["line"] == next(k for k, row in enumerate(text.splitlines(), 1) if "loss = " in row)
    assert found["factor"] == 1.0


COLUMNS = """
import numpy as np
import pandas as pd

table = pd.DataFrame({"x": np.linspace(0, 2, 15)})
table["y"] = 3 * table["x"] - 1
x, y = table.iloc[:, 0], table["y"]
m = c = 0.0
for turn in range(15):
    said = m * x + c
    cost = ((said - y) ** 2).mean()
    dm = -2 / len(x) * sum(x * (y - said))
    dc = -2 * (y - said).mean()
    m, c = m - 0.05 * dm, c - 0.05 * dc
"""


def test_columns_of_tables_are_arrays() -> None:
    pytest.importorskip("pandas")
    assert verdicts(COLUMNS) == {"m": "right", "c": "right"}
    found = found_in(COLUMNS.replace("sum(x * (y - said))", "sum(y - said)"))
    assert [fault["line"] for fault in found["faults"]] == [12]


HELD = """
import numpy as np
draw = np.random.default_rng(3)
x = draw.normal(size=(20, 3))
goal = np.sin(x[:, :1])
w, v = draw.normal(size=(3, 5)), draw.normal(size=(5, 1))
for turn in range(30):
    h = np.tanh(x @ w)
    miss = h @ v - goal
    print(np.mean(miss ** 2))
    dy = 2 * miss / 20
    dv = h.T @ dy
    dw = x.T @ (dy @ v.T * (1 - h ** 2))
    w, v = w - 0.2 * dw, v - 0.2 * dv
    length = np.linalg.norm(w, axis=0, keepdims=True)
    w *= np.minimum(1, 1.5 / np.maximum(length, 1e-9))
"""


def test_weights_that_are_held_within_a_length_are_judged(tmp_path: Path) -> None:
    right = said(HELD, tmp_path)
    assert "no mistake found" in right
    assert "the gradient of w and v is right" in right
    assert "missing-derivative" in said(HELD.replace(" * (1 - h ** 2)", ""), tmp_path)
