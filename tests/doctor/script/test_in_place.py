"""What functions of numpy write into an array is followed, and lines that write are told where they write."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

SHARES = """
import numpy as np
draw = np.random.default_rng(2)
pages, kinds = draw.normal(size=(12, 5)), draw.integers(0, 3, 12)
lift, out = draw.normal(size=(5, 6)) * 0.5, draw.normal(size=(6, 3)) * 0.5
for turn in range(4):
    lit = np.tanh(pages @ lift)
    score = np.exp(lit @ out)
    share = score / score.sum(axis=1, keepdims=True)
    told = np.take_along_axis(share, kinds[:, None], axis=1)
    cost = -np.log(told).mean()
    back = share.copy()
    WRITE
    back /= len(pages)
    below = back @ out.T * (1 - lit ** 2)
    out -= 0.3 * lit.T @ back
    lift -= 0.3 * pages.T @ below
    print(turn, cost)
"""
WRITES = {
    "put_along_axis": "np.put_along_axis(back, kinds[:, None], told - 1, axis=1)",
    "put_along_axis by name": "np.put_along_axis(back, indices=kinds[:, None], values=told - 1, axis=1)",
    "put": "np.put(back, np.arange(12) * 3 + kinds, (told - 1).ravel())",
    "putmask": "np.putmask(back, np.eye(3)[kinds] > 0, share - 1)",
    "place": "np.place(back, np.eye(3)[kinds] > 0, told - 1)",
    "at": "np.subtract.at(back, (np.arange(12), kinds), 1)",
}


@pytest.mark.parametrize("name", WRITES)
def test_what_a_function_writes_is_followed(name: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(SHARES.replace("WRITE", WRITES[name]))
    report = run(path, cure=False)
    assert report.ok
    assert len(report.verdicts) == 2


def test_a_wrong_line_behind_it_is_found(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(SHARES.replace("WRITE", WRITES["put_along_axis"]).replace(" * (1 - lit ** 2)", " * (1 - lit)"))
    assert [finding.line for finding in run(path, cure=False).findings] == [15]


PATCHES = """
import numpy as np
draw = np.random.RandomState(7)
waves, kinds = draw.randn(6, 10), np.arange(6) % 2.0
near, far, out = draw.randn(3) * 0.6, draw.randn(3) * 0.6, draw.randn(6) * 0.4

def slide(rows, taps):
    return np.stack([rows[:, t:t + 3] for t in range(rows.shape[1] - 2)], axis=1)

for turn in range(4):
    first = slide(waves, near)
    lit = np.tanh(first @ near)
    second = slide(lit, far)
    top = np.tanh(second @ far)
    error = top @ out - kinds
    cost = 0.5 * np.mean(error ** 2)
    back = np.outer(error / 6, out) * (1 - top ** 2)
    pieces = back[:, :, None] * far
    spread = np.zeros_like(lit)
    for t in range(6):
        piece = pieces[:, t, :]
        spread[:, t:t + 3] = piece
    below = spread * (1 - lit ** 2)
    out = out - 0.2 * error @ top / 6
    far = far - 0.2 * np.einsum("ij,ijk->k", back, second)
    near = near - 0.2 * np.einsum("ij,ijk->k", below, first)
    print(turn, cost)
"""


def test_pieces_that_write_over_one_another(tmp_path: Path) -> None:
    """The line that writes, not the one before it that makes what is written."""
    path = tmp_path / "theirs.py"
    path.write_text(PATCHES)
    finding, *rest = run(path, cure=False).findings
    assert (finding.line, finding.name, rest) == (22, "overwritten", [])
    assert finding.instead.strip() == "spread[:, t:t + 3] += piece"


PARITY = """
import numpy as np
draw = np.random.RandomState(17)
bits = np.array([[k >> j & 1 for j in range(4)] for k in range(16)], dtype=float)
odd = bits.sum(axis=1, keepdims=True) % 2
low, mid, top = draw.randn(4, 6), draw.randn(6, 6), draw.randn(6, 1)

def squash(v):
    return 1 / (1 + np.exp(-v))

def slope(v):
    return squash(v) * (1 - squash(v))

for turn in range(6):
    z1 = bits @ low
    z2 = squash(z1) @ mid
    z3 = squash(z2) @ top
    print(np.sum((odd - squash(z3)) ** 2) / 2)
    d3 = (squash(z3) - odd) * slope(z3)
    d2 = d3 @ top.T * slope(squash(z2))
    d1 = d2 @ mid.T * slope(z1)
    top -= 0.5 * squash(z2).T @ d3
    mid -= 0.5 * squash(z1).T @ d2
    low -= 0.5 * bits.T @ d1
"""


def test_rounding_of_whole_numbers_in_the_data_is_not_asked_for(tmp_path: Path) -> None:
    """What is odd is even where 1e-15 is added, and then no step would tell anything."""
    path = tmp_path / "theirs.py"
    path.write_text(PARITY)
    assert [finding.line for finding in run(path, cure=False).findings] == [20]


GIVEN = """
import numpy as np
draw = np.random.RandomState(4)
seen, aims = draw.randn(16, 3), draw.randn(16, 1)
A, B = draw.randn(3, 5) * 0.5, draw.randn(5, 1)
lit, miss, back = np.zeros((16, 5)), np.empty((16, 1)), np.empty((16, 5))
gA, gB = np.empty((3, 5)), np.empty((5, 1))
for turn in range(20):
    raw = seen @ A
    lit.fill(0.0)
    np.multiply(raw, 1.0, out=lit, where=raw > 0)
    np.matmul(lit, B, out=miss)
    np.subtract(miss, aims, out=miss)
    print(np.mean(miss ** 2))
    np.divide(miss, 8, miss)
    np.dot(lit.T, miss, out=gB)
    np.matmul(miss, B.T, out=back)
    np.multiply(back, raw > 0, out=back)
    np.einsum("ni,nj->ij", seen, back, out=gA)
    np.multiply(0.05, gA, out=gA)
    np.subtract(A, gA, out=A)
    B -= 0.05 * gB
"""
PLACES = """
import numpy as np
draw = np.random.RandomState(8)
seen, aims = draw.randn(5, 3), draw.randn(5)
A, B = draw.randn(3, 8) * 0.5, draw.randn(2)
for turn in range(12):
    gA, gB, total = np.zeros_like(A), np.zeros_like(B), 0
    for x, y in zip(seen, aims):
        lit = np.tanh(x @ A).reshape(2, 4)
        best, at = np.zeros(2), np.zeros((2, 2), int)
        for k in range(2):
            q = lit[k].argmax()
            at[k] = k, q
            best[k] = lit[k, q]
        r = best @ B - y
        total += 0.5 * r ** 2
        gB += r * best
        back = np.zeros_like(lit)
        for k in range(2):
            back[at[k, 0], at[k, 1]] = r * B[k]
        gA += np.outer(x, (back * (1 - lit ** 2)).ravel())
    print(total)
    A -= 0.1 * gA
    B -= 0.1 * gB
"""


@pytest.mark.parametrize(
    ("text", "old", "new", "line"),
    [
        (GIVEN, "np.multiply(back, raw > 0, out=back)", "np.multiply(back, raw, out=back)", 18),
        (PLACES, " * (1 - lit ** 2)", "", 21),
    ],
    ids=["arrays that are given to write into", "places that are kept as a tuple"],
)
def test_what_is_written_is_followed_and_a_mistake_behind_it(
    text: str, old: str, new: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(text)
    assert run(path, cure=False).verdicts == {"A": "right", "B": "right"}
    path.write_text(text.replace(old, new))
    assert [finding.line for finding in run(path, cure=False).findings] == [line]
