"""`report.compare()`: the learner's gradient beside the engine's, number by number."""

from __future__ import annotations

import json
import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, diagnose

Array = Any
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 1))
WEIGHTS = {"W1": RNG.normal(size=(3, 4)), "W2": RNG.normal(size=(4, 1))}


def loss(p: Any, X: Array, Y: Array) -> Any:
    return ((np.tanh(X @ p["W1"]) @ p["W2"] - Y) ** 2).mean()


def right(p: Any, X: Array, Y: Array) -> Any:
    a = np.tanh(X @ p["W1"])
    delta = 2 * (a @ p["W2"] - Y) / len(X)
    return {"W1": X.T @ (delta @ p["W2"].T * (1 - a * a)), "W2": a.T @ delta}


def wrong(*given: Any) -> Any:
    return {name: -g if name == "W2" else g for name, g in right(*given).items()}


def shown(page: Any) -> dict[str, tuple[float, float]]:
    """Their number and the engine's by label, as the page tells them."""
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page.html, re.DOTALL)
    assert found is not None
    story = json.loads(found[1])
    return {
        node["label"]: (story["compare"]["nodes"][node["id"]], node["grad"])
        for node in story["nodes"]
        if node["id"] in story["compare"]["nodes"]
    }


def test_the_page_has_both_gradients_of_every_weight(tmp_path: Path) -> None:
    report = diagnose(loss, WEIGHTS, (X, Y), gradients=wrong)
    pairs = shown(report.compare(tmp_path / "mine.html"))
    assert (tmp_path / "mine.html").stat().st_size > 10_000
    assert len(pairs) == 16
    for label, (theirs, engines) in pairs.items():
        assert theirs == pytest.approx(-engines if label.startswith("W2") else engines, rel=1e-9, abs=1e-12)
    assert "report.compare()" in report._repr_html_()
    assert "report.compare()" not in diagnose(loss, WEIGHTS, (X, Y), gradients=right)._repr_html_()


def test_numbers_are_compared_on_the_whole_batch() -> None:
    pairs = shown(diagnose(loss, WEIGHTS, (X, Y), gradients=wrong(WEIGHTS, X, Y)).compare())
    assert pairs["W2[0,0]"][0] == pytest.approx(wrong(WEIGHTS, X, Y)["W2"][0, 0])
    assert pairs["W1[0,0]"][1] == pytest.approx(right(WEIGHTS, X, Y)["W1"][0, 0])


def test_a_step_is_compared_by_the_gradient_it_implies() -> None:
    def step(p: Any, X: Array, Y: Array) -> Any:
        return {name: p[name] - 0.1 * g for name, g in wrong(p, X, Y).items()}

    report = diagnose(loss, WEIGHTS, (X, Y), gradients=right, update=step, lr=0.1)
    assert report.step is not None
    pairs = shown(report.step.compare())
    assert pairs["W2[0,0]"][0] == pytest.approx(-pairs["W2[0,0]"][1])
    assert pairs["W1[0,0]"][0] == pytest.approx(pairs["W1[0,0]"][1])


def test_what_cannot_be_compared_is_said() -> None:
    flat = diagnose(loss, WEIGHTS, (X, Y), gradients={name: np.ones(3) for name in WEIGHTS})
    with pytest.raises(OperandError, match="the shape of its block"):
        flat.compare()
    with pytest.raises(OperandError, match="no gradients to compare"):
        diagnose(loss, WEIGHTS, (X, Y), forward=lambda p, X, Y: [X @ p["W1"]]).compare()
    kept = pickle.loads(pickle.dumps(diagnose(loss, WEIGHTS, (X, Y), gradients=wrong)))
    assert kept["W2"].name == "sign"
