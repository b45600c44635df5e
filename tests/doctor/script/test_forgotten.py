"""A bias that no line updates, though its gradient is computed."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

PLAIN = """
import numpy as np
draw = np.random.RandomState(0)
x = draw.randn(12, 2)
goal = x[:, :1] * 0.5 - x[:, 1:] + 0.3
w, c, v, e = draw.randn(2, 4), np.zeros(4), draw.randn(4, 1), np.zeros(1)
for turn in range(40):
    h = np.tanh(x @ w + c)
    miss = h @ v + e - goal
    print(np.mean(miss ** 2))
    dy = 2 * miss / 12
    dv, de = h.T @ dy, dy.sum(axis=0)
    dh = dy @ v.T * (1 - h ** 2)
    dw = x.T @ dh
    dc = dh.sum(axis=0)
    v -= 0.1 * dv
    e -= 0.1 * de
    w -= 0.1 * dw
    c -= 0.1 * dc
"""
IN_A_CLASS = """
import numpy as np
draw = np.random.RandomState(0)

class Net:
    def __init__(self):
        self.w, self.b = draw.randn(5, 3) * 0.4, np.zeros((5, 1))
        self.out, self.lift = draw.randn(1, 5) * 0.4, np.zeros((1, 1))

    def train(self, x, goal, rate):
        h = np.tanh(self.w @ x + self.b)
        y = self.out @ h + self.lift
        d = (y - goal) / x.shape[1]
        grads = {"out": d @ h.T, "lift": d.sum(axis=1, keepdims=True)}
        dh = self.out.T @ d * (1 - h ** 2)
        grads["w"] = dh @ x.T
        grads["b"] = dh.sum(axis=1, keepdims=True)
        self.w = self.w - rate * grads["w"]
        self.b = self.b - rate * grads["b"]
        self.out = self.out - rate * grads["out"]
        self.lift = self.lift - rate * grads["lift"]
        return 0.5 * np.sum((y - goal) ** 2) / x.shape[1]

x = draw.randn(3, 15)
net = Net()
for turn in range(40):
    print(net.train(x, np.sin(x.sum(axis=0, keepdims=True)), 0.2))
"""
FIXED = """
import numpy as np
draw = np.random.RandomState(4)
words = draw.randint(0, 5, (10, 4))
goal = words.sum(axis=1) / 8 - 1
table, read = draw.randn(5, 6) * 0.5, draw.randn(6) * 0.5
place = np.sin(np.arange(4)[:, None] * np.linspace(1, 0.1, 6))
for turn in range(30):
    seen = table[words] + place
    lit = np.tanh(seen)
    miss = lit.mean(axis=1) @ read - goal
    print(np.mean(miss ** 2))
    back = 2 * miss / 10
    d_read = lit.mean(axis=1).T @ back
    d_seen = back[:, None, None] * read / 4 * (1 - lit ** 2)
    d_table = np.zeros_like(table)
    np.add.at(d_table, words, d_seen)
    table -= 0.5 * d_table
    read -= 0.5 * d_read
"""


def said(text: str, tmp_path: Path) -> str:
    file = tmp_path / "a.py"
    file.write_text(text, encoding="utf-8")
    return " ".join(str(run(file, cure=False)).split())


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        (PLAIN, "    c -= 0.1 * dc\n", "c"),
        (IN_A_CLASS, '        self.b = self.b - rate * grads["b"]\n', "self.b"),
    ],
    ids=["names", "a class and a dict"],
)
def test_what_is_never_updated(text: str, line: str, name: str, tmp_path: Path) -> None:
    without = said(text.replace(line, ""), tmp_path)
    assert f"{name} is never updated" in without
    assert f"followed by the same for {name}: {line.strip()}" in without.replace("'b'", '"b"')
    assert "one line is wrong" in without
    assert "no mistake found" in said(text, tmp_path)


def test_what_is_fixed_on_purpose_is_no_mistake(tmp_path: Path) -> None:
    assert "no mistake found" in said(FIXED, tmp_path)
