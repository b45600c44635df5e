"""Gradients that a loop adds up over many samples, one by one: however many there are, they are followed to the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

SUMS = """
import numpy as np

gen = np.random.RandomState(3)
rows = gen.randn(520, 2)
aims = rows @ np.array([1.0, -2.0])
w = np.zeros(2)
for turn in range(30):
    dw, loss = np.zeros(2), 0.0
    for x, aim in zip(rows, aims):
        miss = w @ x - aim
        loss += miss ** 2
        dw += 2 * miss * x
    w -= 0.0002 * dw
"""


@pytest.mark.parametrize("wrong", [False, True])
def test_a_sum_over_hundreds_of_samples_is_followed(wrong: bool, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMS.replace("+= 2 *", "-= 2 *") if wrong else SUMS, encoding="utf-8")
    report = run(tmp_path / "a.py", cure=False)
    assert [(f.code.strip(), f.name) for f in report.findings] == ([("dw -= 2 * miss * x", "sign")] if wrong else [])
    assert report.ok is not wrong
