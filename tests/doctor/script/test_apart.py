"""Inputs that are put into another order without their targets."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

FLOWERS = """
import numpy as np

gen = np.random.RandomState(3)
kinds = np.repeat([0, 1], 20)
petals = gen.randn(40, 3) + kinds[:, None]
wanted = np.eye(2)[kinds]
base, aims = petals.copy(), wanted.copy()
W, c = np.zeros((3, 2)), np.zeros(2)
for tour in range(6):
    order = gen.permutation(40)
    petals = petals[order]
    for at in range(0, 40, 10):
        some, goal = petals[at:at + 10], wanted[at:at + 10]
        score = np.exp(some @ W + c)
        share = score / score.sum(axis=1, keepdims=True)
        loss = -np.sum(goal * np.log(share)) / 10
        off = (share - goal) / 10
        W -= 0.2 * some.T @ off
        c -= 0.2 * off.sum(axis=0)
"""
ORDER = "    petals = petals[order]\n"
WRONG = {
    "as it is": {},
    "in place": {ORDER: "    gen.shuffle(petals)\n"},
    "a part of the array": {ORDER: "    gen.shuffle(some_of)\n", "W, c =": "some_of = petals[:30]\nW, c =",
                            "range(0, 40, 10)": "range(0, 30, 10)", "petals[at:at + 10]": "some_of[at:at + 10]"},
    "by the generator": {ORDER: "    petals = gen.permutation(petals)\n"},
    "all at once": {"range(0, 40, 10)": "range(1)", "petals[at:at + 10], wanted[at:at + 10]": "petals, wanted"},
    "labels": {"wanted[at:at + 10]": "np.eye(2)[kinds[at:at + 10]]"},
    "written back": {ORDER: "    petals[:] = petals[order]\n"},
}  # fmt: skip
RIGHT = {
    "both": {ORDER: "    petals = petals[order]\n    wanted = wanted[order]\n"},
    "both, the targets first": {ORDER: "    wanted = wanted[order]\n    petals = petals[order]\n"},
    "both at once": {ORDER: "    petals, wanted = petals[order], wanted[order]\n"},
    "both from the first ones": {ORDER: "    petals, wanted = base[order], aims[order]\n"},
    "by the index": {"wanted[at:at + 10]": "aims[order[at:at + 10]]", ORDER: "    petals = base[order]\n"},
    "both by a list": {ORDER: "    petals = petals[order]\n    wanted = np.array([wanted[k] for k in order])\n"},
    "both in place": {ORDER: "    gen.seed(1)\n    gen.shuffle(petals)\n    gen.seed(1)\n    gen.shuffle(wanted)\n"},
    "before": {ORDER: "", "W, c =": "petals, wanted = petals[gen.permutation(40)], wanted\nW, c ="},
    "by batches": {ORDER: "", "petals[at:at + 10], wanted[at:at + 10]":
                   "petals[order[at:at + 10]], wanted[order[at:at + 10]]"},
    "labels": {ORDER: "    petals, kinds = petals[order], kinds[order]\n",
               "wanted[at:at + 10]": "np.eye(2)[kinds[at:at + 10]]"},
    "stacked": {ORDER: "    both = np.hstack([petals, wanted])\n    gen.shuffle(both)\n"
                       "    petals, wanted = both[:, :3], both[:, 3:]\n"},
}  # fmt: skip


def found_in(changes: dict[str, str]) -> dict[str, Any]:
    text = FLOWERS
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


@pytest.mark.parametrize("name", WRONG)
def test_inputs_without_their_targets_are_told(name: str) -> None:
    found = found_in(WRONG[name])
    assert not found["faults"]
    line = 13 if name == "a part of the array" else 12
    assert found["apart"].startswith(f"Line {line} ("), found["apart"]
    assert not any("All targets are the same" in fact for fact in found["facts"])


@pytest.mark.parametrize("name", RIGHT)
def test_inputs_with_their_targets_are_not(name: str) -> None:
    found = found_in(RIGHT[name])
    assert not found["faults"]
    assert found["apart"] == ""
