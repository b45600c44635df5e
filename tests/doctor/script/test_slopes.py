"""A layer of relu, and the slope of another function in its backprop: the line is named, and the one to write."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

SCRIPT = """
import numpy as np

rng = np.random.default_rng(3)
points = rng.normal(size=(40, 2))
classes = (points.sum(axis=1, keepdims=True) > 0) * 1.0
U, V = rng.normal(size=(2, 5)), rng.normal(size=(5, 1))

def squash(s):
    return 1 / (1 + np.exp(-s))

for epoch in range(60):
    s = points @ U
    h = np.maximum(0, s)
    guess = squash(h @ V)
    cost = -np.mean(classes * np.log(guess) + (1 - classes) * np.log(1 - guess))
    error = (guess - classes) / len(points)
    dV = h.T @ error
    dh = error @ V.T
    ds = SLOPE
    dU = points.T @ ds
    U = U - 0.5 * dU
    V = V - 0.5 * dV
"""


@pytest.mark.parametrize(
    ("slope", "cause"),
    [
        ("dh * (s > 0)", None),
        ("dh * (h * (1 - h))", "wrong-derivative"),
        ("dh * squash(s) * (1 - squash(s))", "wrong-derivative"),
        ("dh * (1 - np.tanh(s) ** 2)", "wrong-derivative"),
        ("dh", "missing-derivative"),
    ],
)
def test_the_slope_of_a_relu(slope: str, cause: str | None, tmp_path: Path) -> None:
    file = tmp_path / "relu.py"
    file.write_text(SCRIPT.replace("SLOPE", slope), encoding="utf-8")
    report = run(file, cure=False)
    if cause is None:
        assert report.ok, str(report)
        return
    (fault,) = report.findings
    assert (fault.line, fault.name) == (20, cause), str(report)
    assert "ds = dh * (s > 0)" in str(report)


APART = """
import numpy as np

rng = np.random.RandomState(5)
points, aims = rng.normal(size=(12, 3)), rng.normal(size=(12, 4))
U, V = rng.normal(size=(3, 4)), rng.normal(size=(4, 4))

def guess(x):
    return np.maximum(0, np.tanh(x @ U) @ V)

for epoch in range(8):
    for x, aim in zip(points, aims):
        print(np.sum((guess(x) - aim) ** 2) / len(points))
        h = np.tanh(x @ U)
        s = h @ V
        p = np.maximum(0, s)
        d = p - aim
        dh = V @ d * (1 - h ** 2)
        V = V - 0.1 * np.outer(h, d)
        U = U - 0.1 * np.outer(x, dh)
"""


def test_a_slope_that_is_missing_has_no_number_of_the_loss_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "apart.py"
    file.write_text(APART, encoding="utf-8")
    (fault,) = run(file, cure=False).findings
    assert (fault.line, fault.instead.strip()) == (17, "d = (p - aim) * (s > 0)")


HELPED = """
import numpy as np

gen = np.random.RandomState(2)
x = gen.randn(20, 2)
y = (x[:, :1] > x[:, 1:]) * 1.0
A, B = gen.randn(2, 5), gen.randn(5, 1)

def squash(v):
    return 1 / (1 + np.exp(-v))

def slope(v):
    return v * (1 - v)

for turn in range(30):
    s = x @ A
    h = squash(s)
    p = squash(h @ B)
    cost = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    miss = (p - y) / len(x)
    low = miss @ B.T * slope(s)
    A -= 0.3 * x.T @ low
    B -= 0.3 * h.T @ miss
"""


def test_a_slope_that_is_asked_for_the_wrong_thing(tmp_path: Path) -> None:
    """The function is right of what it should be given, and nobody else calls it."""
    file = tmp_path / "helped.py"
    file.write_text(HELPED, encoding="utf-8")
    (fault,) = run(file, cure=False).findings
    assert (fault.line, fault.instead.strip()) == (21, "low = miss @ B.T * slope(h)")
