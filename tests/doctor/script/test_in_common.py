"""A factor that two lines lack, one of which has a mistake besides: it is what they both read that lacks it."""

from __future__ import annotations

from pathlib import Path

from tests.doctor.script.asking import said

PAIRS = """
import numpy as np
draw = np.random.default_rng(4)
x = draw.normal(size=(6, 4, 3))
a, b, c = (draw.normal(size=(3, 4)) * 0.5 for _ in range(3))
goal = x.max(axis=1) @ np.ones(3)
for turn in range(30):
    q, k = x @ a, x @ b
    s = q @ k.transpose(0, 2, 1) / np.sqrt(4)
    p = 1 / (1 + np.exp(-s))
    out = p @ (x @ c)
    miss = out.sum(axis=(1, 2)) - goal
    print(np.sum(miss ** 2) / 6)
    dout = np.ones((6, 4, 4)) * (2 * miss / 6)[:, None, None]
    dp = dout @ (x @ c).transpose(0, 2, 1)
    dv = p.transpose(0, 2, 1) @ dout
    ds = dp * p * (1 - p)
    dq = ds @ k
    dk = ds @ q
    da = np.einsum("bli,blj->ij", x, dq)
    db = np.einsum("bli,blj->ij", x, dk)
    dc = np.einsum("bli,blj->ij", x, dv)
    a, b, c = a - 0.01 * da, b - 0.01 * db, c - 0.01 * dc
"""


def test_the_factor_is_lacking_where_both_have_it_from(tmp_path: Path) -> None:
    told = said(PAIRS, tmp_path)
    assert "2 lines are wrong" in told
    assert "write: ds = dp * p * (1 - p) / np.sqrt(4)" in told
    assert "write: dk = ds.transpose(0, 2, 1) @ q" in told


def test_the_factor_of_one_line_alone_is_lacking_there(tmp_path: Path) -> None:
    text = PAIRS.replace("dk = ds @ q", "dk = ds.transpose(0, 2, 1) @ q / np.sqrt(4)")
    assert "write: dq = ds @ k / np.sqrt(4)" in said(text, tmp_path)
