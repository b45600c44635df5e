"""Right scripts whose steps have no gradient to be compared with: nobody is accused, and it is said why."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

from .asking import said

POLICY = """
import numpy as np

gen = np.random.RandomState(5)
first, last = gen.randn(5, 3) * 0.5, gen.randn(5) * 0.4
for turn in range(20):
    seen, inner, miss, gain = [], [], [], []
    for _ in range(5):
        x = gen.randn(3)
        h = np.maximum(first @ x, 0)
        p = 1 / (1 + np.exp(-(last @ h)))
        act = 1.0 if gen.rand() < p else 0.0
        seen.append(x); inner.append(h); miss.append(act - p)
        gain.append(float((x[0] > 0) == (act == 1)))
    seen, inner, miss, gain = np.vstack(seen), np.vstack(inner), np.vstack(miss), np.vstack(gain)
    miss = miss * (gain - gain.mean())
    back = np.outer(miss, last) * (inner > 0)
    last = last + 0.05 * (inner.T @ miss).ravel()
    first = first + 0.05 * back.T @ seen
    print(gain.sum())
"""
HEUN = """
import numpy as np

gen = np.random.RandomState(7)
feats = gen.randn(30, 3)
goals = np.tanh(feats @ gen.randn(3))

def slope(w):
    out = np.tanh(feats @ w)
    return 2 * feats.T @ ((out - goals) * (1 - out ** 2)) / 30

w = gen.randn(3) * 0.1
for turn in range(20):
    cost = np.mean((np.tanh(feats @ w) - goals) ** 2)
    here = slope(w)
    there = slope(w - 0.2 * here)
    w = w - 0.1 * (here + there)
"""


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (POLICY, "miss = miss * (gain - gain.mean())", "the errors have weights"),
        (HEUN, "there = slope(w - 0.2 * here)", "the gradient is taken where a part of the step leads"),
    ],
    ids=["a policy gradient", "two gradients in a step"],
)
def test_what_has_no_gradient_to_compare_with(text: str, line: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(text)
    failure = consult(Script(str(file), []), Options(), 20.0)["failure"]
    assert failure.startswith(reason)
    assert line in failure


ONCE = """
import numpy as np

draw = np.random.RandomState(8)
ins, goals = draw.rand(12, 3), draw.rand(12, 1)
A, B = draw.rand(3, 4), draw.rand(4, 1)


def through(x):
    inner = np.tanh(x @ A)
    return inner, inner @ B


mid, out = through(ins)
for turn in range(20):
    miss = out - goals
    back = (miss * 0.5) @ np.ones((1, 4)) * (1 - mid ** 2)
    B -= 0.1 * mid.T @ miss
    A -= 0.1 * ins.T @ back
    print(np.mean(miss ** 2))
"""


def test_a_forward_pass_before_the_loop_is_told(tmp_path: Path) -> None:
    told = said(ONCE, tmp_path)
    assert "line 14 (through(ins)) is computed once, before the steps begin, and they change B and A" in told
    inside = ONCE.replace("\nmid, out = through(ins)", "").replace("    miss", "    mid, out = through(ins)\n    miss")
    assert "computed once" not in said(inside, tmp_path)


def test_a_script_that_asks_for_arguments_is_told_how_to_get_them(tmp_path: Path) -> None:
    text = said("import sys\nrate = float(sys.argv[1])\n", tmp_path)
    assert "stops before a training begins, with IndexError in line 2" in text
    assert "after --" in text
