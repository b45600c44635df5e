"""The loss along a training is read where it is complete, or computed where the script has none; else none is told.

What is true comes from the script itself, run as it is: it keeps in `truth` what its author would look at.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd.doctor.script.answers import _fatal, why_not
from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.cure import Cure, Run
from autograd.doctor.script.readings import Curve, Watch
from autograd.doctor.script.trial import Watched, run_trial
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.sandbox import seed

DATA = """
import numpy as np
rng = np.random.RandomState(4)
X = rng.randn(30, 2)
Y = (X[:, 0] - X[:, 1] > 0) * 1.0
truth = []
sigmoid = lambda z: 1 / (1 + np.exp(-z))
"""


def followed(text: str, **options: Any) -> tuple[dict[str, Any], Curve, list[float]]:
    """What is found in a script, the curve of its training, and what it kept itself."""
    script = Script(str(Path(__file__)), text=text)
    names: dict[str, Any] = {}
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        found = consult(script, Options(), 20.0)
        assert "failure" not in found, found["failure"]
        watched = Watched.of(json.loads(json.dumps(found["watched"])))
        checks = 10 if watched.samples is not None else 0
        curve = run_trial(script, [], watched, Watch(60.0, **{"checks": checks, **options}))
        seed()
        exec(compile(text, "script", "exec"), names)
    assert not curve.error
    return found, curve, names["truth"]


def said(found: dict[str, Any], curve: Curve) -> str:
    return " ".join(why_not(found, Cure(Run("as it is", curve))))


SUMS = {
    "a sum of samples, added up in a name": "e = e + 0.5 * (p - y) ** 2",
    "a sum with +=": "e += 0.5 * (p - y) ** 2",
    "a difference": "e -= -0.5 * (p - y) ** 2",
}


@pytest.mark.parametrize("name", SUMS)
def test_a_running_sum_is_read_when_it_is_complete(name: str) -> None:
    text = (
        DATA
        + f"""
w = np.zeros(2)
epoch = 0
while epoch < 40:
    e = 0.0
    for x, y in zip(X, Y):
        p = w @ x
        {SUMS[name]}
        w = w - 0.02 * (p - y) * x
    truth.append(e / len(X))
    epoch += 1
print(truth[-1])
"""
    )
    _, curve, truth = followed(text)
    assert curve.averaged
    assert curve.first == pytest.approx(np.mean(truth[:4]))
    assert curve.last == pytest.approx(np.mean(truth[-4:]))
    assert curve.losses[0][0] == 0.1  # a mean of a stretch is not what the training begins with


def test_a_sum_that_steps_do_not_interrupt_is_the_loss_of_a_step() -> None:
    text = (
        DATA
        + """
w = np.zeros(2)
for k in range(60):
    loss, g = 0.0, np.zeros(2)
    for x, y in zip(X, Y):
        p = sigmoid(w @ x)
        loss -= y * np.log(p) + (1 - y) * np.log(1 - p)
        g += (p - y) * x
    truth.append(loss)
    w -= 0.05 * g
print(loss)
"""
    )
    _, curve, truth = followed(text)
    assert (curve.measure, curve.first, curve.last) == ("loss", pytest.approx(truth[0]), pytest.approx(truth[-1]))


def test_a_penalty_that_is_added_afterwards_is_not_the_loss() -> None:
    text = (
        DATA
        + """
def mse(a, b):
    return np.mean((a - b) ** 2)
w = np.array([3.0, -2.0])
for k in range(60):
    p = X @ w
    err = mse(p, Y)
    err += 0.1 * sum(abs(w) ** 2)
    truth.append(err)
    w -= 0.05 * (2 * X.T @ (p - Y) / len(Y) + 0.2 * w)
print(err)
"""
    )
    _, curve, truth = followed(text)
    assert (curve.measure, curve.first, curve.last) == ("loss", pytest.approx(truth[0]), pytest.approx(truth[-1]))


def test_the_loss_of_another_call_is_another() -> None:
    """What is computed with other samples by the same function is not mixed into the curve."""
    text = (
        DATA
        + """
def cost(w, X, Y):
    return 0.5 * np.mean((X @ w - Y) ** 2)
def fit():
    w = np.zeros(2)
    for k in range(50):
        truth.append(cost(w, X[:20], Y[:20]))
        test = cost(w, X[20:], Y[20:] + 5)
        print(truth[-1], test)
        w = w - 0.1 * X[:20].T @ (X[:20] @ w - Y[:20]) / 20
    return w
fit()
"""
    )
    _, curve, truth = followed(text)
    assert (curve.measure, curve.first, curve.last) == ("loss", pytest.approx(truth[0]), pytest.approx(truth[-1]))


NO_LOSS = {
    "squares": ("p = X @ w\n    d = (p - Y) / len(Y)", "0.5 * np.mean((X @ w - Y) ** 2)"),
    "logistic": (
        "p = sigmoid(X @ w)\n    d = (p - Y) / len(Y)",
        "-np.mean(Y * np.log(sigmoid(X @ w)) + (1 - Y) * np.log(1 - sigmoid(X @ w)))",
    ),
}


@pytest.mark.parametrize("measure", NO_LOSS)
def test_a_usual_loss_is_computed_where_the_script_computes_none(measure: str) -> None:
    error, loss = NO_LOSS[measure]
    text = (
        DATA
        + f"""
w = np.zeros(2)
for k in range(80):
    {error}
    truth.append({loss})
    w = w - 0.3 * X.T @ d
"""
    )
    found, curve, truth = followed(text.replace("    truth.append", "    if k >= 0: truth.append"))
    assert curve.measure in (measure, "loss")
    found, curve, truth = followed(text.replace(f"    truth.append({loss})\n", "") + f"truth.append({loss})\n")
    assert (curve.measure, found["loss"]["kind"]) == (measure, "squares" if measure == "squares" else "entropy")
    assert curve.last == pytest.approx(truth[-1], rel=0.02)
    assert np.isfinite(curve.constant)


def test_the_entropy_of_a_softmax_is_computed_from_what_one_is_taken_off() -> None:
    text = (
        DATA
        + """
W = 0.1 * rng.randn(2, 2)
T = Y.astype(int)
for k in range(80):
    z = X @ W
    e = np.exp(z - z.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    d = p.copy()
    d[range(30), T] -= 1
    W -= 0.01 * X.T @ d
truth.append(-np.log(p[range(30), T]).mean())
"""
    )
    _, curve, truth = followed(text)
    assert (curve.measure, curve.last) == ("softmax", pytest.approx(truth[0]))


def test_parameters_that_run_off_are_told() -> None:
    text = (
        DATA
        + """
m = c = 0.0
for k in range(300):
    p = m * 10 * X[:, 0] + c
    m = m - 0.5 * (20 * X[:, 0] * (p - Y)).mean()
    c = c - 0.5 * (2 * (p - Y)).mean()
"""
    )
    found, curve, _ = followed(text)
    assert 10 < curve.broken < 300
    assert f"At step {curve.broken} a parameter becomes infinite or NaN" in said(found, curve)


TWICE = {
    "by a function": """
def fit(rate):
    w = np.zeros(2)
    for k in range(30):
        e = X @ w - Y
        truth.append(0.5 * np.mean(e ** 2))
        w = w - rate * X.T @ e / len(Y)
fit(5.0)
fit(0.1)
""",
    "in a loop": """
for rate in (0.1, 0.2, 0.3):
    w = [0.0, 0.0]
    for k in range(30):
        e = [w[0] * x[0] + w[1] * x[1] - y for x, y in zip(X, Y)]
        loss = 0.5 * sum(each ** 2 for each in e) / 30
        truth.append(loss)
        g = [sum(each * x[j] for each, x in zip(e, X)) / 30 for j in range(2)]
        w = [w[j] - rate * g[j] for j in range(2)]
    print(loss)
""",
}


@pytest.mark.parametrize("name", TWICE)
def test_of_two_trainings_the_first_is_the_curve(name: str) -> None:
    found, curve, truth = followed(DATA + TWICE[name])
    assert curve.again
    assert (curve.first, curve.last) == (pytest.approx(truth[0]), pytest.approx(truth[29]))
    assert "this is the first training" in said(found, curve)


def test_a_loss_that_is_printed_now_and_then_is_the_curve_only_where_it_covers_the_training() -> None:
    text = (
        DATA
        + """
w = np.zeros(2)
for k in range(100):
    e = X @ w - Y
    if k % 50 == 0:
        print(np.sum(e ** 2))
    truth.append(0)
    w = w - 0.1 * X.T @ e / len(Y)
truth.append(0.5 * np.mean((X @ w - Y) ** 2))
"""
    )
    _, curve, truth = followed(text)
    assert curve.measure == "squares"
    assert curve.last == pytest.approx(truth[-1], rel=0.01)


def test_what_the_steps_raise_is_no_loss() -> None:
    text = (
        DATA
        + """
th = np.zeros(3)
adv = rng.randn(30)
A = rng.randint(0, 3, 30)
for k in range(40):
    p = np.exp(th) / np.exp(th).sum()
    J = np.mean(adv * np.log(p[A]))
    truth.append(J)
    g = np.zeros(3)
    for a, v in zip(A, adv):
        g += v * ((np.arange(3) == a) - p) / 30
    th += 0.5 * g
print(J)
"""
    )
    found, curve, truth = followed(text)
    assert found["upward"]
    assert (curve.first, curve.last) == (pytest.approx(truth[0]), pytest.approx(truth[-1]))
    assert "and the steps raise, goes from" in said(found, curve)


def test_steps_that_an_if_keeps_rare_are_counted() -> None:
    text = (
        DATA
        + """
w = np.zeros(2)
for k in range(400):
    e = X @ w - Y
    loss = np.sum(e ** 2)
    if k % 20 == 19:
        print(k, loss)
        g = 2 * X.T @ e
        w -= 0.001 * g
"""
    )
    found, curve, _ = followed(text)
    assert (curve.steps, curve.turns, found["factor"]) == (20, 400, pytest.approx(1.0))
    assert "Line 16 runs in 20 of 400 turns of its loop only: it stands inside the if of line 13" in said(found, curve)


def test_steps_that_add_up_gradients_are_not_rare_by_mistake() -> None:
    text = (
        DATA
        + """
w, g = np.zeros(2), np.zeros(2)
for k in range(400):
    x, y = X[k % 30], Y[k % 30]
    g += 2 * (w @ x - y) * x
    if k % 20 == 19:
        w -= 0.001 * g
        g = np.zeros(2)
"""
    )
    assert followed(text)[0]["seldom"] == 0


def test_what_a_forward_pass_hands_on_goes_on_without_steps() -> None:
    """All samples are gone through without a step now and then; a state that runs through the time is no step."""
    text = (
        DATA
        + """
W, U = 0.3 * rng.randn(3, 2), 0.3 * rng.randn(3, 3)
V = 0.3 * rng.randn(3)
seqs = [rng.randn(4, 2) for _ in range(8)]
for epoch in range(20):
    total = 0.0
    for s in seqs:
        h, hs = np.zeros(3), [np.zeros(3)]
        for x in s:
            h = np.tanh(W @ x + U @ h)
            hs.append(h)
        e = V @ h - s[:, 0].sum()
        total += 0.5 * e ** 2
        dV, dW, dU, dh = e * h, np.zeros((3, 2)), np.zeros((3, 3)), e * V
        for t in range(3, -1, -1):
            dz = dh * (1 - hs[t + 1] ** 2)
            dW += np.outer(dz, s[t])
            dU += np.outer(dz, hs[t])
            dh = U.T @ dz
        W -= 0.05 * dW
        U -= 0.05 * dU
        V -= 0.05 * dV
    truth.append(total)
    print(total)
"""
    )
    _, curve, truth = followed(text)
    assert curve.whole
    assert curve.first == pytest.approx(truth[0] / 8, rel=0.2)
    assert curve.last == pytest.approx(truth[-1] / 8, rel=0.5)


def test_weights_that_are_too_small_are_seen_and_drawn_anew() -> None:
    text = (
        DATA
        + """
def start(a, b):
    return 0.001 * np.random.randn(a, b)
A, B = start(2, 4), start(4, 1)
T = (X[:, :1] * X[:, 1:] > 0) * 1.0
for k in range(200):
    h = np.tanh(X @ A)
    e = h @ B - T
    truth.append(0.5 * np.mean(e ** 2))
    dB = h.T @ e / 30
    dA = X.T @ (e @ B.T * (1 - h ** 2)) / 30
    A -= 0.5 * dA
    B -= 0.5 * dB
"""
    )
    found, curve, _ = followed(text)
    assert len(found["odd_starts"]) == 2
    assert "A has the deviation" in found["odd_starts"][0]
    other = followed(text, anew=True)[1]
    assert other.first > 1.01 * curve.first or other.first < 0.99 * curve.first


def test_what_a_line_search_tries_and_drops_is_no_loss_of_the_training() -> None:
    text = (
        DATA
        + """
def cost(w, slope=True):
    e = X @ w - Y
    value = (e ** 2).mean()
    return (value, 2 * X.T @ e / len(X)) if slope else value

w = np.array([2.0, -1.0])
for turn in range(30):
    now, g = cost(w)
    truth.append(now)
    t = 4.0
    while True:
        w_new = w - t * g
        if cost(w_new, False) <= now - 0.1 * t * (g @ g):
            break
        t = t / 2
    w = w_new
print(truth[-1])
"""
    )
    _, curve, truth = followed(text)
    assert curve.losses
    assert curve.first == pytest.approx(truth[0])
    assert curve.last == pytest.approx(truth[-1])
    assert max(loss for _, loss in curve.losses) <= truth[0] * (1 + 1e-9)


def test_a_wrong_line_with_which_the_loss_ends_lower_proves_nothing() -> None:
    runs = [Run("", Curve(losses=[(0.0, 2.0), (1.0, last)])) for last in (2.0, 0.03, 0.01, 0.5)]
    cure = Cure(*runs[:2], left_in={0: runs[2], 1: runs[3]})
    faults = [{"line": line, "used": True, "step": False, "name": "sign"} for line in (16, 39)]
    told = [*_fatal(faults, cure)]
    assert any("lower with line 16" in sentence for sentence in told)
    assert not any("lower with line 16" in sentence for sentence in _fatal(faults, replace(cure, left_in={1: runs[3]})))


def test_one_of_two_ways_is_not_rare() -> None:
    text = (
        DATA
        + """
w, v = np.zeros(2), np.zeros(2)
for k in range(400):
    g = 2 * X.T @ (X @ w + X @ v - Y)
    if k % 2 == 0:
        w = w - 0.001 * g
    else:
        v = v - 0.001 * g
"""
    )
    assert followed(text)[0]["seldom"] == 0
