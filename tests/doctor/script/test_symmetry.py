"""Steps that follow no loss that is printed: are they the gradient of anything?"""

from __future__ import annotations

from pathlib import Path

from autograd.doctor import run
from autograd.errors import AutogradError

ROBUST = """
import numpy as np
draw = np.random.RandomState(11)
inputs = draw.randn(25, 2)
goals = inputs @ np.array([1.5, -0.5]) + 0.2 * draw.randn(25)
inner = draw.randn(2, 3) * 0.6
outer = draw.randn(3) * 0.6
for turn in range(40):
    hidden = np.tanh(inputs @ inner)
    miss = hidden @ outer - goals
    print(turn, np.mean(np.abs(miss) ** 3))
    pull = 2 * miss / (1 + miss * miss) / 25
    step_outer = hidden.T @ pull
    step_inner = inputs.T @ (np.outer(pull, outer) * (1 - hidden ** 2))
    inner -= 0.2 * step_inner
    outer -= 0.2 * step_outer
"""


def said(text: str, tmp_path: Path) -> str:
    file = tmp_path / "robust.py"
    file.write_text(text, encoding="utf-8")
    try:
        return " ".join(str(run(file, cure=False)).split())
    except AutogradError as error:
        return " ".join(str(error).split())


def test_the_gradient_of_a_loss_that_is_not_printed_is_not_accused(tmp_path: Path) -> None:
    text = said(ROBUST, tmp_path)
    assert "✗" not in text
    assert "the gradient of a function" in text
    assert "line 11" in text


def test_what_is_the_gradient_of_nothing_is(tmp_path: Path) -> None:
    text = said(ROBUST.replace("(1 - hidden ** 2)", "(1 - hidden) ** 2"), tmp_path)
    assert "✗ line 14" in text
