"""Networks in the first style that people learn: no biases, one line for each delta, matrices of numpy."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

ARRAYS = """
import numpy as np
np.random.seed(1)
given = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
wished = np.array([[0], [1], [1], [0]])
low, high = 2 * np.random.random((3, 4)) - 1, 2 * np.random.random((4, 1)) - 1
def squash(v, slope=False):
    return np.multiply(v, 1 - v) if slope else 1 / (1 + np.exp(-v))
for turn in range(20):
    mid = squash(given @ low)
    out = squash(mid @ high)
    print(np.mean(np.abs(wished - out)))
    top = np.multiply(wished - out, squash(out, slope=True))
    LINE
    high += mid.T @ top
    low += given.T @ below
"""
MATRICES = ARRAYS.replace("np.array(", "np.matrix(").replace(
    "2 * np.random.random((3, 4)) - 1,", "np.matrix(2 * np.random.random((3, 4)) - 1),"
)
MATRICES = MATRICES.replace(
    "2 * np.random.random((4, 1)) - 1\n", "np.matrix(2 * np.random.random((4, 1)) - 1)\n"
).replace("@", "*")
RIGHT = "below = np.multiply(top @ high.T, squash(mid, slope=True))"
KINDS = {"arrays": ARRAYS, "matrices": MATRICES}


def lines(text: str, tmp_path: Path) -> list[tuple[int, str]]:
    path = tmp_path / "theirs.py"
    path.write_text(text)
    report = run(path, cure=False)
    assert len(report.verdicts) == 2
    return [(finding.line, finding.name) for finding in report.findings]


@pytest.mark.parametrize("kind", KINDS)
def test_a_delta_without_its_slope_is_told_where_it_is_made(kind: str, tmp_path: Path) -> None:
    text, product = KINDS[kind], "*" if kind == "matrices" else "@"
    assert lines(text.replace("LINE", RIGHT.replace("@", product)), tmp_path) == []
    assert lines(text.replace("LINE", f"below = top {product} high.T"), tmp_path) == [(14, "missing-derivative")]


def test_one_that_is_made_and_not_used_is_told_where_another_is_used(tmp_path: Path) -> None:
    text = ARRAYS.replace("LINE", "back = top @ high.T; below = np.multiply(back, squash(mid, slope=True))")
    [(line, _)] = lines(text.replace("given.T @ below", "given.T @ back"), tmp_path)
    assert line == 16
