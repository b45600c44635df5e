"""Parameters packed into one vector, unpacked by slices in a function that gives the loss and the gradient."""

from __future__ import annotations

import pytest

from .test_mended import START, told

PACKED = (
    START
    + """
shapes = [(4, 3), (3,), (3, 1), (1,)]
counts = [int(np.prod(shape)) for shape in shapes]

def parts(flat):
    found, at = [], 0
    for shape, count in zip(shapes, counts):
        found.append(flat[at:at + count].reshape(shape))
        at += count
    return found

def cost_and_slope(flat, x, aim):
    U, u, V, v = parts(flat)
    mid = np.tanh(x @ U + u)
    miss = mid @ V + v - aim
    cost = (miss ** 2).mean() / 2
    top = miss / len(x)
    gV, gv = mid.T @ top, top.sum(0)
    low = top @ V.T * (1 - mid ** 2)
    gU, gu = x.T @ low, low.sum(0)
    return cost, np.concatenate([g.ravel() for g in (gU, gu, gV, gv)])

x = gen.randn(20, 4)
aim = np.sin(x[:, :1])
flat = gen.randn(sum(counts)) * 0.4
for turn in range(30):
    cost, slope = cost_and_slope(flat, x, aim)
    print(cost)
    flat = flat - 0.2 * slope
"""
)
WRONG = {
    "(1 - mid ** 2)": ("(1 - mid)", "(1 - mid**2)"),
    "low.sum(0)": ("low.mean(0)", "low.sum(0)"),
}


def test_the_right_one_is_right() -> None:
    found = told(PACKED)
    assert found["faults"] == []
    assert [block["verdict"] for block in found["blocks"]] == ["right"]


@pytest.mark.parametrize("right", WRONG)
def test_a_piece_of_the_vector_that_is_wrong_is_told(right: str) -> None:
    wrong, new = WRONG[right]
    faults = told(PACKED.replace(right, wrong))["faults"]
    assert len(faults) == 1
    assert wrong in faults[0]["code"]
    assert new in faults[0]["instead"]
