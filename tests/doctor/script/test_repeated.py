"""Rows of an embedding that are read more than once, and written once."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.write.added import added_at

BAG = """
import numpy as np

gen = np.random.default_rng(8)
songs = [gen.integers(0, 6, 5) for _ in range(9)]
moods = gen.integers(0, 3, 9)
table, out = gen.normal(0, 0.4, (6, 4)), gen.normal(0, 0.4, (4, 3))
for turn in range(3):
    for notes, mood in zip(songs, moods):
        mix = table[notes].sum(axis=0)
        odds = np.exp(mix @ out)
        odds = odds / odds.sum()
        cost = -np.log(odds[mood])
        miss = odds - np.eye(3)[mood]
        back = np.tile(out @ miss, (5, 1))
        out -= 0.1 * np.outer(mix, miss)
        table[notes] -= 0.1 * back
"""
ADDED = "table[notes] += -0.1 * back"
STEP = "table[notes] -= 0.1 * back"
ROWS = """
import numpy as np

gen = np.random.default_rng(9)
left, right = gen.normal(0, 0.4, (7, 4)), gen.normal(0, 0.4, (7, 4))
for turn in range(60):
    word, near = gen.integers(0, 7), gen.integers(0, 7, 4)
    truth = np.array([1.0, 0.0, 0.0, 0.0])
    share = 1 / (1 + np.exp(-right[near] @ left[word]))
    cost = -np.sum(truth * np.log(share) + (1 - truth) * np.log(1 - share))
    miss = share - truth
    to_left, to_right = miss @ right[near], np.outer(miss, left[word])
    left[word] -= 0.1 * to_left
    right[near] -= 0.1 * to_right
"""


def told(text: str, folder: Path) -> tuple[list[tuple[str, str, str]], set[str]]:
    file = folder / "script.py"
    file.write_text(text)
    found = consult(Script(str(file), []), Options(), 20.0)
    faults = [(f["code"].strip(), f["name"], f["instead"]) for f in found.get("faults", [])]
    return faults, {block["verdict"] for block in found["blocks"]}


@pytest.mark.parametrize(
    ("text", "line", "instead"),
    [
        (BAG, STEP, "np.subtract.at(table, notes, 0.1 * back)"),
        (BAG.replace(STEP, ADDED), ADDED, "np.add.at(table, notes, -0.1 * back)"),
        (ROWS, "right[near] -= 0.1 * to_right", "np.subtract.at(right, near, 0.1 * to_right)"),
    ],
    ids=["a sentence", "added to", "draws that never come again"],
)  # fmt: skip
def test_rows_that_come_twice_and_are_stepped_once(text: str, line: str, instead: str, tmp_path: Path) -> None:
    assert told(text, tmp_path) == ([(line, "lost-duplicates", instead)], {"right", "wrong"})


@pytest.mark.parametrize(
    "step",
    [
        "np.subtract.at(table, notes, 0.1 * back)",
        "whole = np.zeros_like(table); np.add.at(whole, notes, back); table[notes] -= 0.1 * whole[notes]",
        "table -= 0.1 * np.eye(6)[notes].T @ back",
    ],
    ids=["each", "sums that are read again", "a product with ones"],
)
def test_rows_that_come_twice_and_are_stepped_by_the_sum(step: str, tmp_path: Path) -> None:
    assert told(BAG.replace(STEP, step), tmp_path) == ([], {"right"})


def test_draws_in_which_no_row_comes_twice(tmp_path: Path) -> None:
    text = ROWS.replace("gen.integers(0, 7, 4)", "gen.permutation(7)[:4]")
    assert told(text, tmp_path) == ([], {"right"})


@pytest.mark.parametrize(
    ("line", "new"),
    [
        ("a[i] += g", "np.add.at(a, i, g)"),
        ("a[i] = a[i] - r * g", "np.subtract.at(a, i, r * g)"),
        ("a[i] = g + a[i]", "np.add.at(a, i, g)"),
        ("a[i] = g", "np.add.at(a, i, g)"),
        ("a[i, :] -= g", "np.subtract.at(a, i, g)"),
        ("a[:, i] += g", "np.add.at(a, (slice(None), i), g)"),
        ("a[1:, i] += g", ""),
        ("a[i] *= g", ""),
        ("a = g", ""),
    ],
)
def test_the_line_to_write(line: str, new: str) -> None:
    assert added_at(line, "np") == new
