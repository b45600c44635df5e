"""A sign, or a factor, that seems to be lacking in one line, and that the lines around it tell to be another's."""

from __future__ import annotations

from pathlib import Path

from tests.doctor.script.asking import said

CENTRED = """
import numpy as np
draw = np.random.default_rng(8)
x, w, v = draw.normal(size=(30, 2)), draw.normal(size=(2, 4)), draw.normal(size=(4, 1)) * 0.5
goal = np.sin(x[:, :1])
for turn in range(40):
    z = x @ w
    m = z.mean(axis=0)
    c = z - m
    h = np.tanh(c)
    miss = h @ v - goal
    print(np.mean(miss ** 2))
    dy = 2 * miss / 30
    dv = h.T @ dy
    dc = dy @ v.T * (1 - h ** 2)
    dm = -1 * np.sum(dc, axis=0)
    dz_m = np.ones((30, 4)) / 30 * dm
    dz = dc + dz_m
    dw = x.T @ dz
    v -= 0.1 * dv
    w -= 0.1 * dw
"""
MEANS = """
import numpy as np
draw = np.random.default_rng(9)
x, w, b = draw.normal(size=(3, 40)), draw.normal(size=(5, 3)), np.zeros((5, 1))
v, c = draw.normal(size=(1, 5)) * 0.5, np.zeros((1, 1))
goal, n = np.cos(x[:1]), x.shape[1]
for turn in range(40):
    h = np.tanh(w @ x + b)
    miss = v @ h + c - goal
    print(np.mean(miss ** 2) / 2)
    dv = 1 / n * miss @ h.T
    dc = 1 / n * miss.sum(axis=1, keepdims=True)
    dz = v.T @ miss * (1 - h ** 2)
    dw = dz @ x.T
    db = 1 / n * np.sum(dz)
    v, c = v - 0.1 * dv, c - 0.1 * dc
    w, b = w - 0.1 * dw, b - 0.1 * db
"""


def test_a_line_that_has_its_sign_is_not_blamed_for_the_sum_behind(tmp_path: Path) -> None:
    told = said(CENTRED.replace("dc + dz_m", "dc - dz_m"), tmp_path)
    assert "one line is wrong" in told
    assert "write: dz = dc + dz_m" in told


def test_a_line_without_its_sign_is(tmp_path: Path) -> None:
    assert "dm = np.sum(dc, axis=0) sign" in said(CENTRED.replace("-1 * np.sum(dc", "np.sum(dc"), tmp_path)
    assert "no mistake found" in said(CENTRED, tmp_path)


def test_a_delta_whose_other_reader_has_the_mean_is_no_mean(tmp_path: Path) -> None:
    told = said(MEANS, tmp_path)
    assert "2 lines are wrong" in told
    assert "write: dw = dz @ x.T / n" in told
    assert "write: db = 1 / n * np.sum(dz, axis=1, keepdims=True)" in told
