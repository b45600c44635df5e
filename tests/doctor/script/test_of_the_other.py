"""A moment of Adam that goes on from the other one, and errors of which only some have no weight."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

ADAM = """
import numpy as np
draw = np.random.RandomState(8)
X, y = draw.randn(30, 3), draw.randn(30)
w, u = draw.randn(3), np.zeros(1)
first, second = [np.zeros(3), np.zeros(1)], [np.zeros(3), np.zeros(1)]
for t in range(1, 60):
    e = X @ w + u - y
    print(np.mean(e ** 2))
    for k, (p, g) in enumerate(zip([w, u], [2 * X.T @ e / 30, np.array([2 * e.mean()])])):
        first[k] = 0.9 * ONE[k] + (1 - 0.9) * g
        second[k] = 0.99 * TWO[k] + (1 - 0.99) * g * g
        p -= 0.02 * first[k] / (1 - 0.9 ** t) / (np.sqrt(second[k] / (1 - 0.99 ** t)) + 1e-8)
"""


@pytest.mark.parametrize(("one", "two", "line"), [("second", "second", 11), ("first", "first", 12)])
def test_a_mean_that_goes_on_from_the_other(one: str, two: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(ADAM.replace("ONE", "first").replace("TWO", "second"))
    assert run(path, cure=False).verdicts == {"w": "right", "u": "right"}
    path.write_text(ADAM.replace("ONE", one).replace("TWO", two))
    (finding,) = run(path, cure=False).findings
    assert (finding.line, finding.name) == (line, "wrong-operand")
    assert f"{'first' if line == 11 else 'second'}[k] +" in finding.instead


SHARES = """
import numpy as np
draw = np.random.RandomState(4)
X = draw.randn(2, 20)
Y = np.eye(3)[draw.randint(3, size=20)].T
W, b = draw.randn(3, 2) * 0.5, np.zeros((3, 1))
for turn in range(40):
    z = W @ X + b
    p = np.exp(z - z.max(axis=0))
    p = p / p.sum(axis=0)
    print(-np.sum(Y * np.log(p)) / 20)
    dp = -Y / p / 20
    dz = BACK
    W = W - 0.5 * dz @ X.T
    b = b - 0.5 * dz.sum(axis=1, keepdims=True)
"""


def test_shares_of_which_only_the_diagonal_is_there_are_no_weights(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(SHARES.replace("BACK", "p * (dp - (dp * p).sum(axis=0))"))
    assert run(path, cure=False).verdicts == {"W": "right", "b": "right"}
    path.write_text(SHARES.replace("BACK", "dp * p * (1 - p)"))
    (finding,) = run(path, cure=False).findings
    assert (finding.line, finding.name) == (13, "dropped-edge")
