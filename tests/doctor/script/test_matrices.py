"""Matrices of numpy, `np.matrix`, that are written into, and arrays that such a matrix is added to."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.judge.judge import judge
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

TABLE = """
import numpy as np

draw = np.random.RandomState(6)
x = np.matrix(np.linspace(-1, 1, 12)).T
y = 0.5 * x - np.power(x, 2)
y[[2, 7]] += 2
base = np.hstack([np.power(x, k) for k in range(3)])
coef, speed = np.matrix(np.zeros((3, 1))), np.matrix(np.zeros((3, 1)))
for turn in range(20):
    miss = base * coef - y
    speed = 0.8 * speed + base.T * np.clip(miss, -0.5, 0.5) / 12
    coef = coef - 0.2 * speed
    size = np.abs(base * coef - y)
    print(np.where(size <= 0.5, 0.5 * np.multiply(size, size), 0.5 * (size - 0.25)).sum() / 12)
"""


def verdicts(text: str, folder: Path) -> dict[str, str]:
    file = folder / "script.py"
    file.write_text(text)
    recording = record(Script(str(file), []), 20.0)
    assert recording.training is not None
    found = judge(recording.training)
    assert found is not None
    return {name: "silent" if v.silent else "right" if v.right else "wrong" for name, v in found.verdicts.items()}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("bound", ["0.5", "0.1"])
def test_rows_of_a_matrix_that_are_written_into_leave_it_one(bound: str, tmp_path: Path) -> None:
    said = verdicts(TABLE.replace("-0.5, 0.5", f"-{bound}, {bound}"), tmp_path)
    assert said == {"coef": "right" if bound == "0.5" else "wrong"}


ADDED = """
import numpy as np

draw = np.random.RandomState(9)
W, b = draw.randn(3, 4) * 0.5, np.zeros((3, 1))
x = draw.randn(4, 1)
kinds = [np.matrix("1;0;0"), np.matrix("0;1;0"), np.matrix("0;0;1")]
for turn in range(20):
    p = np.exp(np.dot(W, x) + b) / np.sum(np.exp(np.dot(W, x) + b))
    dW, db = np.zeros_like(W), np.zeros_like(b)
    miss = np.subtract(p, kinds[turn % 3])
    dW += np.dot(miss, x.T)
    db += miss
    for what, d in ((W, dW), (b, db)):
        what -= 0.1 * d / np.sqrt(d * d + 1.0)
"""


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_an_array_stays_one_where_a_matrix_is_added_to_it(tmp_path: Path) -> None:
    assert verdicts(ADDED, tmp_path) == {"W": "right", "b": "right"}
