"""One number for another wherever it stands in a line, and a slice of a matrix at its wrong end."""

from __future__ import annotations

import pytest

from .test_mended import told

NORM = """
import numpy as np
gen = np.random.RandomState(2)
many, wide = 12, 5
x, goal = gen.randn(many, 3), gen.randn(many, 1)
w, v = gen.randn(3, wide), gen.randn(wide, 1)
for turn in range(20):
    a = x @ w
    less = 1 / np.sqrt(a.var(axis=1, keepdims=True) + 1e-5)
    hat = (a - a.mean(axis=1, keepdims=True)) * less
    miss = np.tanh(hat) @ v - goal
    print(0.5 * np.mean(miss ** 2))
    g = miss / many
    dh = (g @ v.T) * (1 - np.tanh(hat) ** 2)
    da = less / wide * (wide * dh - dh.sum(axis=1, keepdims=True) - hat * (dh * hat).sum(axis=1, keepdims=True))
    v = v - 0.1 * np.tanh(hat).T @ g
    w = w - 0.1 * x.T @ da
"""
RIGHT = "less / wide * (wide * dh"

MATRIX = """
import numpy as np
gen = np.random.RandomState(2)
x, goal, one = np.matrix(gen.randn(9, 2)), np.matrix(gen.randn(9, 1)), np.matrix(np.ones((9, 1)))
w, v = np.matrix(gen.randn(3, 4)), np.matrix(gen.randn(5, 1))
for turn in range(20):
    full = np.hstack([x, one])
    h = 1 / (1 + np.exp(-full * w))
    whole = np.hstack([h, one])
    miss = whole * v - goal
    print(0.5 * np.sum(np.multiply(miss, miss)))
    back = miss * v[1:].T
    w = w - 0.02 * full.T * np.multiply(back, np.multiply(h, 1 - h))
    v = v - 0.02 * whole.T * miss
"""


def test_samples_for_units_in_two_places() -> None:
    (fault,) = told(NORM.replace(RIGHT, "less / many * (many * dh"))["faults"]
    assert (fault["line"], fault["name"]) == (15, "wrong-operand")
    assert fault["instead"].startswith(f"da = {RIGHT}")
    assert fault["says"].startswith("many stands where wide belongs")


def test_the_right_count() -> None:
    assert told(NORM)["faults"] == []


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_slice_of_a_matrix_at_the_wrong_end() -> None:
    (fault,) = told(MATRIX)["faults"]
    assert (fault["line"], fault["instead"]) == (12, "back = miss * v[:-1].T")
