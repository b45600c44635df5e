"""Running means with the decay of another: Adam's bias correction, and what a mean takes in."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

ADAM = """
import numpy as np

gen = np.random.RandomState(4)
feats = gen.randn(20, 3)
goals = feats @ np.array([1.0, -2.0, 0.5])
w = np.zeros(3)
first, second = np.zeros(3), np.zeros(3)
b1, b2 = 0.9, 0.99
for t in range(1, 15):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    slope = 2 * feats.T @ miss / 20
    first = b1 * first + (1 - b1) * slope
    second = b2 * second + (1 - b2) * slope ** 2
    w = w - 0.05 * (first / (1 - b1 ** t)) / (np.sqrt(second / (1 - b2 ** t)) + 1e-8)
"""
LAST = "    w = w - 0.05 * (first / (1 - b1 ** t)) / (np.sqrt(second / (1 - b2 ** t)) + 1e-8)"


def faults(text: str, folder: Path) -> list[tuple[int, str, str]]:
    file = folder / "script.py"
    file.write_text(text)
    found = consult(Script(str(file), []), Options(), 20.0)
    assert "failure" not in found
    return [(fault["line"], fault["name"], fault["instead"]) for fault in found["faults"]]


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        (LAST, LAST.replace("b2 ** t", "b1 ** t"), 16),
        (LAST, LAST.replace("b1 ** t", "b2 ** t"), 16),
        ("first + (1 - b1) * slope", "first + (1 - b2) * slope", 14),
        ("second + (1 - b2) * slope ** 2", "second + (1 - b1) * slope ** 2", 15),
    ],
)
def test_the_decay_of_another_mean(right: str, wrong: str, line: int, tmp_path: Path) -> None:
    instead = next(row for row in ADAM.splitlines() if right in row).strip()
    assert faults(ADAM.replace(right, wrong), tmp_path) == [(line, "wrong-operand", instead)]


@pytest.mark.parametrize(
    "text",
    [
        ADAM,
        ADAM.replace("b1, b2 = 0.9, 0.99", "b1, b2 = 0.9, 0.9"),
        ADAM.replace(LAST, "    w = w - 0.05 * first / (np.sqrt(second) + 1e-8)"),
        ADAM.replace("first = b1 * first + (1 - b1) * slope", "first = b1 * first + slope").replace(
            " / (1 - b1 ** t)", ""
        ),
    ],
)
def test_the_decays_of_right_steps(text: str, tmp_path: Path) -> None:
    assert faults(text, tmp_path) == []
