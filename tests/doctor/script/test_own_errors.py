"""Errors that nobody subtracts: shares whose targets are 0."""

from __future__ import annotations

import pytest

from .test_mended import told

DRAWN = """
import numpy as np
gen = np.random.default_rng(0)
into, out, lift = gen.uniform(-0.5, 0.5, (6, 3)), gen.uniform(-0.5, 0.5, (6, 3)), np.zeros(6)

def share(x):
    return 1 / (1 + np.exp(-x))

def cost(c, o, others):
    far = share(-(out[others] @ into[c] + lift[others]))
    return -np.log(share(out[o] @ into[c] + lift[o])) - np.log(far).sum()

pairs = [(c, o) for c in range(6) for o in range(6) if c != o and (c + o) % 3]
for c, o in pairs * 4:
    others = gen.choice([k for k in range(6) if k != o], 3, replace=False)
    print(cost(c, o, others))
    v = into[c].copy()
    near = share(out[o] @ v + lift[o]) - 1
    far = share(out[others] @ v + lift[others])
    back = near * out[o] + far @ out[others]
    out[o] -= 0.05 * near * v
    out[others] -= 0.05 * np.outer(far, v)
    lift[o] -= 0.05 * near
    lift[others] -= 0.05 * far
    into[c] -= 0.05 * back
"""


def test_the_right_steps() -> None:
    assert told(DRAWN)["faults"] == []


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [("out[others] -=", "out[others] +=", "out[others] -= 0.05 * np.outer(far, v)"),
     ("far @ out", "-far @ out", "back = near * out[o] + far @ out[others]")],
)  # fmt: skip
def test_the_sign_of_one_step(right: str, wrong: str, line: str) -> None:
    (fault,) = told(DRAWN.replace(right, wrong))["faults"]
    assert (fault["name"], fault["instead"]) == ("sign", line)
