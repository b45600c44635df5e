"""Softmax along the wrong axis, which no gradient tells: p - t is that of the right one."""

from __future__ import annotations

import numpy as np
import pytest

from autograd.doctor.script.apart_shares import _adds_up

from .test_mended import told

SHARES = """
import numpy as np
gen = np.random.RandomState(6)
rows = gen.randn(15, 3)
goal = np.eye(4)[gen.randint(0, 4, 15)]
w = gen.randn(3, 4) * 0.3

def shares(z):
    e = np.exp(z - MOST)
    return e / SUM

for turn in range(20):
    p = shares(rows @ w)
    print(-np.mean(np.sum(goal * np.log(p), axis=1)))
    w = w - 0.5 * rows.T @ (p - goal) / 15
"""
MOST, SUM = "z.max(axis=1, keepdims=True)", "e.sum(axis=1, keepdims=True)"


def of(most: str, total: str) -> list[tuple[int, str]]:
    """The lines that are told, each with what to write."""
    out = told(SHARES.replace("MOST", most).replace("SUM", total))
    return [(fault["line"], fault["instead"]) for fault in out["faults"]]


@pytest.mark.parametrize("most", [MOST, "np.max(z)", "0"])
def test_shares_of_each_sample(most: str) -> None:
    assert of(most, SUM) == []


@pytest.mark.parametrize(("most", "total"), [("0", "np.sum(e, axis=0)"), ("np.max(z)", "e.sum()"), (MOST, "e.sum(0)")])
def test_shares_of_all_samples(most: str, total: str) -> None:
    there = "np.sum(e, axis=1, keepdims=True)" if total.startswith("np") else SUM
    assert of(most, total) == [(10, f"return e / {there}")]


def test_the_largest_number_of_all_samples() -> None:
    assert of("z.max(axis=0)", "e.sum(axis=0)") == [(9, f"e = np.exp(z - {MOST})"), (10, f"return e / {SUM}")]


def test_shares_of_half_precision_add_up_as_exactly_as_they_can() -> None:
    powers = np.exp(np.random.RandomState(3).randn(40, 3).astype(np.float16))
    shares = powers / powers.sum(axis=1, keepdims=True)
    assert not np.allclose(shares.sum(axis=1), 1.0, rtol=1e-6)
    assert _adds_up(shares, 1)
    assert not _adds_up(shares, 0)


def test_shares_that_are_half_as_precise_or_equal_in_a_square() -> None:
    half = SHARES.replace("gen.randn(3, 4) * 0.3", "(gen.randn(3, 4) * 0.3).astype(np.float16)")
    half = half.replace("shares(rows @ w)", "shares((rows @ w).astype(np.float16))").replace("MOST", MOST)
    assert not any(fault["name"] == "wrong-axis" for fault in told(half.replace("SUM", SUM)).get("faults", []))
    square = SHARES.replace("15", "4").replace("gen.randn(3, 4) * 0.3", "np.zeros((3, 4))").replace("MOST", MOST)
    assert told(square.replace("SUM", SUM))["faults"] == []
