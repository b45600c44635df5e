"""The square of an error, written as a product: what the error is a sum of is no penalty in the loss."""

from __future__ import annotations

from .test_mended import told

RATED = """
import numpy as np
gen = np.random.RandomState(3)
rated = [(u, i, 1.0 + (u * 3 + i * 2) % 5) for u in range(6) for i in range(5) if (u + i) % 3]
p, q, bu, bi, less = gen.normal(0, 0.3, (6, 2)), gen.normal(0, 0.3, (5, 2)), np.zeros(6), np.zeros(5), 0.02
for turn in range(8):
    total = 0
    for u, i, r in rated:
        e = r - (2.9 + bu[u] + bi[i] + p[u] @ q[i])
        total += e * e
        before = p[u].copy()
        bu[u] += 0.03 * (e - less * bu[u])
        bi[i] += 0.03 * (e - less * bi[i])
        p[u] += 0.03 * (e * q[i] - less * p[u])
        q[i] += 0.03 * (e * before - less * q[i])
    print((total / len(rated)) ** 0.5)
"""


def test_a_penalty_that_only_the_steps_have() -> None:
    out = told(RATED)
    assert out["faults"] == []
    assert {block["verdict"] for block in out["blocks"]} == {"right"}
