"""Penalties that a step has and the loss has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

from .asking import said

LINE = """
import numpy as np

gen = np.random.RandomState(3)
feats = gen.randn(30, 4)
goals = (feats[:, 0] > 0.2) * 1.0
w, c, rate, weight = gen.randn(4) * 0.3, 0.1, 0.4, 0.05
for turn in range(20):
    p = 1 / (1 + np.exp(-(feats @ w + c)))
    cost = -np.mean(goals * np.log(p) + (1 - goals) * np.log(1 - p)) + weight / 2 * np.sum(w ** 2)
    dw = feats.T @ (p - goals) / 30
    dc = np.mean(p - goals)
    dw += weight * w
    w -= rate * dw
    c -= rate * dc
"""
WITHOUT = LINE.replace(" + weight / 2 * np.sum(w ** 2)", "")
WRONG = [
    ("dc = np.mean(p - goals)", "dc = np.mean(p - goals) + weight * c", "extra-penalty", "dc = np.mean(p - goals)"),
    ("    w -= rate * dw", "    w *= 1 - rate * weight\n    w -= rate * dw", "penalty-twice", ""),
    ("w -= rate * dw", "w = (1 - rate * weight) * w - rate * dw", "penalty-twice", "w = w - rate * dw"),
]


def told(text: str, folder: Path) -> tuple[list[tuple[str, str, str]], set[str]]:
    file = folder / "script.py"
    file.write_text(text)
    found = consult(Script(str(file), []), Options(), 20.0)
    faults = [(f["code"].strip(), f["name"], f["instead"]) for f in found["faults"]]
    return faults, {block["verdict"] for block in found["blocks"]}


@pytest.mark.parametrize(("right", "wrong", "name", "instead"), WRONG)
def test_a_penalty_more_than_the_loss_has(right: str, wrong: str, name: str, instead: str, tmp_path: Path) -> None:
    assert LINE.count(right) == 1
    line = wrong.strip().splitlines()[0]
    assert told(LINE.replace(right, wrong), tmp_path) == ([(line, name, instead)], {"right", "wrong"})


@pytest.mark.parametrize(
    "text",
    [
        LINE,
        WITHOUT,
        WITHOUT.replace("    dw += weight * w\n", "").replace(
            "w -= rate * dw", "w -= rate * dw; w *= 1 - rate * weight"
        ),
        WITHOUT.replace("dc = np.mean(p - goals)", "dc = np.mean(p - goals) + weight * c"),
    ],
    ids=["in both", "in the steps only", "after the step", "of all in the steps only"],
)
def test_penalties_that_are_right(text: str, tmp_path: Path) -> None:
    faults, verdicts = told(text, tmp_path)
    assert (faults, "wrong" in verdicts) == ([], False)


APART = """
import numpy as np

gen = np.random.RandomState(1)
X, y = gen.randn(30, 3), gen.randn(30, 1)
p = {"A": gen.randn(3, 4) * 0.5, "a": np.zeros((1, 4)), "B": gen.randn(4, 1) * 0.5}
lam = 0.1

def forward(p):
    return np.tanh(X @ p["A"] + p["a"]) @ p["B"]

def objective(p):
    return np.mean((forward(p) - y) ** 2) + lam / 2 * (np.sum(p["A"] ** 2) + np.sum(p["B"] ** 2))

def gradient(p):
    h = np.tanh(X @ p["A"] + p["a"])
    r = 2 * (h @ p["B"] - y) / len(X)
    d = (r @ p["B"].T) * (1 - h ** 2)
    return {"A": X.T @ d + lam * p["A"], "a": d.sum(axis=0, keepdims=True), "B": h.T @ r + lam * p["B"]}

for turn in range(30):
    g = gradient(p)
    for name in p:
        p[name] = p[name] - 0.1 * g[name]
    if turn % 10 == 0:
        print(turn, objective(p))
"""


@pytest.mark.parametrize("where", ['lam * p["A"]', 'lam * p["B"]'])
def test_an_objective_with_a_forward_pass_of_its_own_tells_the_size_of_a_penalty(where: str, tmp_path: Path) -> None:
    assert told(APART, tmp_path) == ([], {"right"})
    faults, _ = told(APART.replace(where, where + " / len(X)"), tmp_path)
    assert [(name, "len" in instead) for _, name, instead in faults] == [("penalty-scaled", False)]


BOTH_SHOWN = """
import numpy as np
gen = np.random.RandomState(4)
x, y = gen.randn(20, 2), gen.randn(20, 1)
w = [gen.randn(2, 4) * 0.6, gen.randn(4, 1) * 0.6]

def whole(out):
    return np.mean((out - y) ** 2) + 0.05 * (np.sum(w[0] ** 2) + np.sum(w[1] ** 2))

for turn in range(6):
    h = np.tanh(x @ w[0])
    out = h @ w[1]
    print(whole(out), np.mean((out - y) ** 2))
    d = 2 * (out - y) / 20
    low = x.T @ (d @ w[1].T * (1 - h ** 2)) + 2 * 0.05 * w[0]
    top = h.T @ d + 2 * 0.05 * w[1]
    w[0] -= 0.1 * low
    w[1] -= 0.1 * top
"""


def test_no_step_shrinks_what_a_loss_has_a_penalty_of(tmp_path: Path) -> None:
    """Two losses are shown; where the steps have a penalty, the one with a penalty is meant, to its factor."""
    assert told(BOTH_SHOWN, tmp_path) == ([], {"right"})
    wrong = "top = h.T @ d + 0.05 * w[1]"
    faults, _ = told(BOTH_SHOWN.replace("h.T @ d + 2 * 0.05", "h.T @ d + 0.05"), tmp_path)
    assert [(line, name) for line, name, _ in faults] == [(wrong, "penalty-scaled")]
    assert "0.05" in faults[0][2]
    assert faults[0][2].strip() != wrong


LISTED = """
import numpy as np
gen = np.random.default_rng(6)
rows, goal = gen.normal(size=(20, 3)), gen.normal(size=20)
w, c, weight = gen.normal(size=3) * 0.3, 0.2, 0.1
for turn in range(12):
    far = rows @ w + c - goal
    print(far @ far / 40 + weight / 2 * (w @ w))
    grads = [
        rows.T @ far / 20 + weight * w,
        far.mean() + weight * c,
    ]
    w, c = (p - 0.1 * g for p, g in zip((w, c), grads))
"""


def test_a_penalty_is_told_in_the_line_of_a_list_that_has_it(tmp_path: Path) -> None:
    answer = said(LISTED, tmp_path)
    assert "✗ line 11: far.mean() + weight * c, extra-penalty" in answer
    assert "write: far.mean()," in answer
