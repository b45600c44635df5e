"""What is right by chance only is not proposed: the length of a parameter for a plain 2, a division by a weight."""

from __future__ import annotations

import pytest

from .test_mended import START, told

HALF = (
    START
    + """
x, t = gen.randn(15, 2), gen.rand(15, 3)
A, B, C = gen.randn(2, 5) * 0.5, gen.randn(5, 3) * 0.5, gen.randn(5, 3) * 0.5
for turn in range(10):
    h = np.tanh(x @ A)
    s = h @ B
    r = np.exp(0.5 * s)
    p = h @ C + r
    cost = np.sum((p - t) ** 2) / 15 + 0.01 * np.sum(np.abs(A))
    print(cost)
    d = 2 * (p - t) / 15
    ds = d * r * 0.5
    dh = (ds @ B.T + d @ C.T) * (1 - h ** 2)
    C -= 0.1 * h.T @ d
    B -= 0.1 * h.T @ ds
    A -= 0.1 * (x.T @ dh + 0.01 * np.sign(A))
"""
)


@pytest.mark.parametrize(
    ("old", "new", "instead"),
    [
        ("ds = d * r * 0.5", "ds = d * r", ("ds = d * r / 2", "ds = d * r * 0.5")),
        ("0.01 * np.sign(A))", "0.01 * np.abs(A))", ("A -= 0.1 * (x.T @ dh + 0.01 * np.sign(A))",)),
    ],
)
def test_the_line_to_write(old: str, new: str, instead: tuple[str, ...]) -> None:
    assert HALF.count(old) == 1
    (fault,) = told(HALF.replace(old, new))["faults"]
    assert fault["instead"].strip() in instead
