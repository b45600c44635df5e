"""A line copied from its neighbour, of which one name was not changed."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor import run

LINES = """
import numpy as np
draw = np.random.RandomState(0)
x = draw.randn(20, 3)
goal = x[:, :1] - 0.5 * x[:, 1:2]
w, v, u = draw.randn(3, 3), draw.randn(3, 3), draw.randn(3, 1)
sw, sv, su = np.zeros_like(w), np.zeros_like(v), np.zeros_like(u)
for turn in range(30):
    g = np.tanh(x @ w)
    h = np.tanh(g @ v)
    miss = h @ u - goal
    print(np.mean(miss ** 2))
    d = 2 * miss / 20
    du = h.T @ d
    d = d @ u.T * (1 - h ** 2)
    dv = g.T @ d
    dw = x.T @ (d @ v.T * (1 - g ** 2))
    sw = 0.9 * sw - 0.1 * dw
    sv = 0.9 * sv - 0.1 * dv
    su = 0.9 * su - 0.1 * du
    w += sw
    v += sv
    u += su
"""


def test_a_line_that_reads_the_state_of_its_neighbour(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(LINES.replace("sv = 0.9 * sv", "sv = 0.9 * sw"), encoding="utf-8")
    said = " ".join(str(run(file, cure=False)).split())
    assert "✗ line 19: sv = 0.9 * sw - 0.1 * dv wrong-operand" in said, said
    assert "write: sv = 0.9 * sv - 0.1 * dv" in said
    file.write_text(LINES, encoding="utf-8")
    assert "no mistake found" in str(run(file, cure=False))
