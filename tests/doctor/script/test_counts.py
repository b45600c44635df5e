"""What is written into some elements of an array: one number may be right by chance, where each has its own."""

from __future__ import annotations

from .test_mended import START, told

MARGINS = (
    START
    + """
x, y = gen.randn(12, 3), gen.randint(0, 4, 12)
table, rows = gen.randn(3, 4) * 0.001, np.arange(12)
for turn in range(20):
    s = x @ table
    gap = np.maximum(0, s - s[rows, y][:, None] + 1)
    gap[rows, y] = 0
    cost = gap.sum() / 12
    over = (gap > 0) * 1.0
    over[rows, y] = -over.sum(axis=1)
    table -= 0.3 * x.T @ over / 12
    print(cost)
"""
)
COUNT = "-over.sum(axis=1)"


def test_a_count_is_no_number_and_nothing_is_clipped() -> None:
    (fault,) = told(MARGINS.replace(COUNT, "-1"))["faults"]
    assert fault["name"] == "wrong-operand"
    assert fault["instead"] == f"over[rows, y] = {COUNT}"


def test_the_right_count() -> None:
    assert {block["verdict"] for block in told(MARGINS)["blocks"]} == {"right"}
