"""Why a training does not fit: what the numbers of one step tell, and which losses can be compared at all."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.doctor.script.answers import why_not
from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.cure import Cure, Run
from autograd.doctor.script.readings import Curve, Watch
from autograd.doctor.script.watch.loader import Script

NET = """
import numpy as np

gen = np.random.RandomState(1)
X = gen.randn(90, 2)
Y = (X[:, :1] * X[:, 1:] > 0) * 1.0
A, a = gen.randn(2, 6), np.zeros(6)
B, b = gen.randn(6, 1), np.zeros(1)
for turn in range(4):
    H = np.tanh(X @ A + a)
    P = 1 / (1 + np.exp(-(H @ B + b)))
    loss = ((P - Y) ** 2).mean()
    d = 2 * (P - Y) * P * (1 - P) / len(X)
    e = d @ B.T * (1 - H ** 2)
    B -= 0.5 * H.T @ d
    b -= 0.5 * d.sum(0)
    A -= 0.5 * X.T @ e
    a -= 0.5 * e.sum(0)
"""
LINE = """
import numpy as np

X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
Y = np.array([[0.0], [1], [1], [0]])
W, b = np.array([[0.3], [0.2]]), 0.1
for turn in range(4):
    P = 1 / (1 + np.exp(-(X @ W + b)))
    loss = -np.mean(Y * np.log(P) + (1 - Y) * np.log(1 - P))
    W = W - 0.5 * X.T @ (P - Y) / 4
    b = b - 0.5 * np.mean(P - Y)
"""
REASONS = {
    "labels dealt out anew": ({"* 1.0": "* 1.0\nY = gen.permutation(Y)"}, "were inputs and targets shuffled apart?"),
    "one target for all": ({"* 1.0": "* 0.0"}, "All targets are the same, 0"),
    "targets out of reach": ({"* 1.0": "* 9.0"}, "between 0 and 9, but what line 11 computes lies between 0 and 1"),
    "pixels": ({"gen.randn(90, 2)": "gen.randint(-255, 256, (90, 2)) * 1.0"}, "The inputs lie between -2"),
    "units at their ends": ({"gen.randn(2, 6)": "99 * gen.randn(2, 6)"}, "In line 10 the units are at their ends"),
    "dead units": (
        {"np.tanh(X @ A + a)": "np.maximum(X @ A + a, 0)", "(1 - H ** 2)": "(H > 0)", "zeros(6)": "full(6, -9.0)"},
        "In line 10, 6 of 6 units are 0 for every sample",
    ),
    "one unit": (
        {
            "(2, 6)": "(2, 1)",
            "(6, 1)": "(1, 1)",
            "zeros(6)": "zeros(1)",
            "(X[:, :1] * X[:, 1:] > 0) * 1.0": "0.5 + 0.4 * np.cos(X[:, :1] + X[:, 1:])",
        },
        "The layer of line 10 has 1 units",
    ),
}
DRAWN = """
import numpy as np

gen = np.random.RandomState(2)
w = gen.randn(3)
for turn in range(6):
    X = gen.randn(8, 3)
    p = 1 / (1 + np.exp(-X @ w))
    act = (gen.rand(8) < p) * 1.0
    gain = act * X[:, 0]
    loss = -np.sum(gain * (act * np.log(p) + (1 - act) * np.log(1 - p)))
    w -= 0.1 * X.T @ (gain * (p - act))
"""
COUNTED = LINE.replace("for turn in range(4):", "turn = 0\nwhile turn < 5:\n    turn += 1")


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


@pytest.mark.parametrize("name", REASONS)
def test_the_reason_is_told_first(name: str) -> None:
    changes, said = REASONS[name]
    text = NET
    for old, new in changes.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    found = found_in(text)
    assert {block["verdict"] for block in found["blocks"]} <= {"right", "cannot tell"}, found
    assert said in found["facts"][0], found["facts"]


def test_a_model_that_is_too_simple_is_told() -> None:
    assert found_in(LINE)["facts"][0].startswith("The model is linear in its inputs")


@pytest.mark.parametrize("text", [NET, NET.replace("np.tanh(X @ A + a)", "np.maximum(X @ A + a, 0)")])
def test_nothing_is_made_up_where_nothing_is_the_matter(text: str) -> None:
    assert found_in(text)["facts"] == []


def test_what_the_parameters_draw_is_not_compared() -> None:
    found = found_in(DRAWN)
    assert found["drawn"]
    assert not found_in(NET)["drawn"]
    worse, better = (Curve(losses=[(0.0, 3.0), (1.0, last)]) for last in (1.0, 2.0))
    told = " ".join(why_not(found, Cure(Run("", worse), Run("repaired", better))))
    assert "cannot be compared" in told
    assert "proves nothing" not in told


@pytest.mark.parametrize(("last", "said"), [(2.0, "proves nothing"), (6.0, "is not what was meant")])
def test_a_repaired_training_that_rises_is_not_praised(last: float, said: str) -> None:
    worse, other = (Curve(losses=[(0.0, 3.0), (1.0, end)]) for end in (1.0, last))
    told = " ".join(why_not(found_in(NET), Cure(Run("", worse), Run("repaired", other))))
    assert said in told


def test_the_number_of_steps_of_a_while_is_found() -> None:
    (path, span), count = found_in(COUNTED)["count_place"]
    assert count == 5
    assert Script(path, text=COUNTED).main.segment(span) == "5"
    assert found_in(LINE)["count_place"] is None


def test_a_sum_over_several_steps_is_read_step_by_step() -> None:
    watch, total = Watch(9.0, same=False), 0.0
    for k in range(60):
        if k % 20 == 0:
            total = 0.0
        for part in (1.0, 60.0 - k):
            watch.before(total)
            total += part
            watch.total(total)
        watch.step(True)
    curve = watch.curve()
    assert (curve.losses[0][0], curve.losses[-1]) == (0.1, (1.0, pytest.approx(4.5)))


def test_a_rate_with_a_wild_start_does_not_count_as_fitting() -> None:
    base = Run("", Curve(losses=[(0.0, 1.0), (1.0, 0.6)]), rate=0.1)
    wild = Run("", Curve(losses=[(0.0, 1e9), (1.0, 9.0)]), rate=100.0)
    longer = Run("", Curve(losses=[(0.0, 1.0), (1.0, 0.12)]), rate=0.1, again=8)
    cure = Cure(base, tried=[wild, longer])
    assert not cure.works(wild)
    assert cure.best is longer


def test_a_run_that_was_lower_before_it_became_nan_is_told() -> None:
    found = found_in(LINE)
    base = Run("", Curve(losses=[(0.0, 1.0), (1.0, 0.6)]), rate=0.5)
    ended = Run("learning rate 5", Curve(losses=[(0.0, 1.0), (0.5, 0.01), (1.0, float("nan"))], broken=3), rate=5.0)
    told = " ".join(why_not(found, Cure(base, tried=[ended])))
    assert "With learning rate 5 the loss falls to 0.01" in told


def test_a_run_that_stops_is_told_and_what_it_does_repaired() -> None:
    found, good = found_in(NET), Curve(losses=[(0.0, 1.0), (1.0, 0.5)])
    stopped = Run("", Curve(error="ValueError: shapes."))
    told = why_not(found, Cure(stopped, Run("repaired", good)))
    assert told[:2] == [
        "The training as it is stops with ValueError: shapes.",
        "Repaired, the loss goes from 1 to 0.5.",
    ]


SAME_INPUTS = {
    "squares": (
        NET.replace("gen.randn(90, 2)", "np.repeat(gen.randn(45, 2), 2, axis=0)"),
        "Y = (",
        "Y = gen.rand(90, 1) #",
    ),
    "a sigmoid": (LINE, "[1], [0]])", "[1], [0]])\nX, Y = np.vstack([X, X]), np.vstack([Y, 1 - Y])"),
}


@pytest.mark.parametrize("name", SAME_INPUTS)
def test_what_no_network_can_get_below(name: str) -> None:
    text, old, new = SAME_INPUTS[name]
    text = text.replace(old, new)
    floor = found_in(text)["floor"]
    names: dict[str, Any] = {}
    exec(text, names)
    pairs = names["Y"].reshape(45, 2) if name == "squares" else names["Y"].reshape(2, 4).T
    least = np.mean((pairs - pairs.mean(axis=1, keepdims=True)) ** 2) if name == "squares" else np.log(2.0)
    assert floor == pytest.approx(least)


def test_inputs_that_differ_have_no_floor() -> None:
    assert np.isnan(found_in(NET)["floor"])


def test_a_training_that_has_come_to_rest_is_told() -> None:
    found = found_in(LINE)
    base = Run("", Curve(losses=[(0.0, 1.0), (0.25, 0.5), (0.5, 0.4), (0.75, 0.4), (1.0, 0.4)]), rate=0.5)
    faster, lower = (Run("", Curve(losses=[(0.0, 1.0), (1.0, last)]), rate=5.0) for last in (0.4, 0.3))
    told = " ".join(why_not(found, Cure(base, tried=[faster])))
    assert "from 50 % of the training on the loss hardly changes" in told
    assert "It has come to rest" not in " ".join(why_not(found, Cure(base, tried=[lower])))


def test_a_loss_that_is_computed_in_some_epochs_only_is_read_in_those() -> None:
    watch = Watch(9.0, checks=4)
    for epoch in watch.epochs(range(100)):
        watch.step(True)
        if epoch % 50 == 0:
            watch.loss(100.0 - watch.steps)
    curve = watch.curve()
    assert curve.whole
    assert [share for share, _ in curve.losses] == [0.0, 0.25, 0.5, 0.75, 1.0]
