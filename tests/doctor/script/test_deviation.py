"""The path of a batch norm through its deviation, left out: the term that is missing is told, and proved."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

SCRIPT = """
import numpy as np
draw = np.random.RandomState(11)
X = draw.randn(24, 3) * 2 + 1
Y = np.sin(X[:, :1]) * X[:, 1:2]
U, g, b, V = draw.randn(3, 6) * 0.4, np.ones(6), np.zeros(6), draw.randn(6, 1) * 0.4
def norm(s):
    mid, spread = FORWARD
    far = s - mid
    one = 1 / np.sqrt(spread + 1e-6)
    return far * one, far, one
def back(dn, n, far, one):
    N = len(n)
    BACKWARD
for turn in range(40):
    s = X @ U
    n, far, one = norm(s)
    h = np.tanh(g * n + b)
    miss = h @ V - Y
    print(np.mean(miss ** 2))
    dm = 2 * miss / len(X)
    dh = dm @ V.T * (1 - h ** 2)
    dU = X.T @ back(dh * g, n, far, one)
    gg, gb, gV = (dh * n).sum(0), dh.sum(0), h.T @ dm
    U -= 0.1 * dU; g -= 0.1 * gg; b -= 0.1 * gb; V -= 0.1 * gV
"""
BY_HAND = "s.mean(0), ((s - s.mean(0)) ** 2).mean(0)"
BY_NUMPY = "np.mean(s, axis=0), np.var(s, axis=0)"
TERM = " - n * (dn * n).mean(axis=0, keepdims=True) * one"
LAST = "dmid = np.sum(-dn * one, axis=0)\n    return dn * one + dmid / NPATH"
FIRST = "dfar = dn * onePATH\n    return dfar - dfar.sum(0) / N"


@pytest.mark.parametrize("forward", [BY_HAND, BY_NUMPY], ids=["by hand", "np.var"])
@pytest.mark.parametrize(("backward", "lines"), [(LAST, {15}), (FIRST, {14, 15})], ids=["last", "first"])
def test_what_comes_back_through_the_deviation(forward: str, backward: str, lines: set[int], tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    text = SCRIPT.replace("FORWARD", forward).replace("BACKWARD", backward)
    path.write_text(text.replace("PATH", TERM))
    assert set(run(path, cure=False).verdicts.values()) == {"right"}
    path.write_text(text.replace("PATH", ""))
    (finding,) = run(path, cure=False).findings
    assert finding.line in lines
    assert finding.name == "dropped-edge"
    assert finding.instead.endswith(TERM)
