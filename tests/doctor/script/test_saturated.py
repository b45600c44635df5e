"""Units that are saturated: raw pixels, where the slope is 0 × ∞ in one way of writing it and 0 in the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

PIXELS = """
import numpy as np
np.random.seed(6)
shots = np.random.randint(0, 256, (30, 9))
kinds = np.eye(3)[np.random.randint(0, 3, 30)]
inner, outer = np.random.randn(9, 8) * SIZE, np.random.randn(8, 3)
shift = np.zeros((1, 8))
def squash(z):
    return 1 / (1 + np.exp(-z))
def slope(z):
    return squash(z) * (1 - squash(z))
for turn in range(6):
    deep = shots @ inner + shift
    lit = squash(deep)
    top = lit @ outer
    out = squash(top)
    print(np.mean((out - kinds) ** 2))
    d_top = 2 * (out - kinds) / kinds.size * slope(top)
    d_deep = d_top @ outer.TBEHIND
    outer -= 0.1 * lit.T @ d_top
    inner -= 0.1 * shots.T @ d_deep
    shift -= 0.1 * d_deep.sum(axis=0, keepdims=True)
"""


@pytest.mark.parametrize(
    ("size", "behind"), [("1.0", ""), ("1.0", " * slope(lit)"), ("0.01", ""), ("0.01", " * slope(lit)")]
)
def test_raw_pixels(size: str, behind: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(PIXELS.replace("SIZE", size).replace("BEHIND", " * slope(deep)"))
    report = run(path, cure=False)
    assert (report.ok, len(report.verdicts)) == (True, 3)
    path.write_text(PIXELS.replace("SIZE", size).replace("BEHIND", behind))
    assert [finding.line for finding in run(path, cure=False).findings] == [19]
