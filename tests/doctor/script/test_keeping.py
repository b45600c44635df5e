"""What the steps of momentum and of Adam keep: begun anew, shared, kept up for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.slips import slips
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

TURNS = """
import numpy as np

gen = np.random.RandomState(2)
feats = gen.randn(24, 3)
goals = np.tanh(feats @ gen.randn(3, 3))
a, b, c = gen.randn(3, 3) * 0.4, gen.randn(3, 3) * 0.4, np.zeros(3)
va, vb, vc = np.zeros_like(a), np.zeros_like(b), np.zeros_like(c)
for turn in range(6):
    for s in range(0, 24, 8):
        x, y = feats[s : s + 8], goals[s : s + 8]
        h = np.tanh(x @ a)
        miss = h @ b + c - y
        cost = np.sum(miss ** 2) / 8
        db, dc = h.T @ miss / 4, miss.sum(axis=0) / 4
        da = x.T @ (miss @ b.T * (1 - h ** 2)) / 4
        va = 0.9 * va + 0.05 * da
        vb = 0.9 * vb + 0.05 * db
        vc = 0.9 * vc + 0.05 * dc
        a -= va
        b -= vb
        c -= vc
"""
RULE = """
import numpy as np

class Rule:
    def __init__(self, things):
        self.t = 0
        self.one = {k: np.zeros_like(v) for k, v in things.items()}
        self.two = {k: np.zeros_like(v) for k, v in things.items()}

    def step(self, things, slopes):
        self.t += 1
        for k, g in slopes.items():
            self.one[k] = 0.9 * self.one[k] + 0.1 * g
            self.two[k] = 0.99 * self.two[k] + 0.01 * g * g
            top = self.one[k] / (1 - 0.9 ** self.t)
            low = self.two[k] / (1 - 0.99 ** self.t)
            things[k] -= 0.05 * top / (np.sqrt(low) + 1e-8)

gen = np.random.RandomState(4)
feats = gen.randn(20, 3)
goals = feats @ np.array([[1.0], [-2.0], [0.5]]) + 0.3
things = {"w": np.zeros((3, 1)), "b": np.zeros((1, 1))}
rule = Rule(things)
for turn in range(6):
    for s in (0, 10):
        x, y = feats[s : s + 10], goals[s : s + 10]
        miss = x @ things["w"] + things["b"] - y
        cost = np.mean(miss ** 2)
        rule.step(things, {"w": x.T @ miss / 5, "b": miss.mean(axis=0, keepdims=True) * 2})
"""
LOOP = "    for s in range(0, 24, 8):\n"
ZERO = "    va = np.zeros_like(a)\n"
TOGETHER = TURNS.replace("b -= vb", "b -= va")
COUNTED = "        self.t += 1\n"
FROM_0 = "        self.t += 0 if self.t == 0 else 1\n"
AGAIN = "    rule = Rule(things)\n"
PHASES = TURNS.replace(
    "for turn in range(6):\n", "for phase in range(3):\n  va = np.zeros_like(a)\n  for turn in range(2):\n"
)
WHOLE = TURNS.replace(LOOP, f"{ZERO}    for s in (0,) * 3:\n")
SWEEPS = f"""{TURNS.split("a, b, c =")[0]}
for rate in (0.05, 0.02):
    a = gen.randn(3, 3) * 0.4
    va = np.zeros_like(a)
    for turn in range(12):
        miss = feats @ a - goals
        cost = np.sum(miss ** 2) / 24
        va = 0.9 * va + rate * feats.T @ miss / 12
        a -= va
"""
WRONG = [
    (TURNS, LOOP, f"{ZERO}{LOOP}", "zero", ZERO, ""),
    (TOGETHER, "vb = 0.9 * vb + 0.05 * db", "va = 0.9 * va + 0.05 * db", "aliased", "va = 0.9 * va + 0.05 * db", ""),
    (TURNS, "b -= vb", "b -= 0.05 * db", "wrong-operand", "b -= 0.05 * db", "b -= vb"),
    (TURNS, "vb = 0.9 * vb + 0.05 * db", "vb = -0.9 * vb + 0.05 * db", "sign", "vb = -0.9", None),
    (RULE, "    for s in (0", f"{AGAIN}    for s in (0", "zero", AGAIN, ""),
    (RULE, "        rule.step", f"    {AGAIN}        rule.step", "zero", AGAIN, ""),
    (RULE, "* top / (np.sqrt(low)", "* low / (np.sqrt(top)", "wrong-operand", "* low / (np.sqrt(top)", None),
    (RULE, "* top /", "* g /", "wrong-operand", "* g /", None),
    (RULE, "* top /", "* self.one[k] /", "wrong-operand", "* self.one[k] /", None),
    (RULE, COUNTED, FROM_0, "not-finite", "** self.t", "top = self.one[k] / (1 - 0.9 ** (self.t + 1))"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:divide by:RuntimeWarning")
@pytest.mark.parametrize(("script", "right", "wrong", "name", "line", "new"), WRONG)
def test_what_is_kept_in_a_wrong_way(
    script: str, right: str, wrong: str, name: str, line: str, new: str | None, tmp_path: Path
) -> None:
    assert script.count(right) == 1
    text, file = script.replace(right, wrong), tmp_path / "script.py"
    file.write_text(text)
    slip = slips(record(Script(str(file), [])))[0]
    assert slip.name == name
    assert line.rstrip() in text.splitlines()[slip.site.line - 1]
    mended = "" if slip.edit is None else slip.edit.line
    assert mended == (next(row.strip() for row in script.splitlines() if right in row) if new is None else new)


@pytest.mark.parametrize(
    "text",
    [
        TURNS,
        RULE,
        SWEEPS,
        PHASES,
        WHOLE,
        TURNS.replace(LOOP, f"    if turn == 3:\n    {ZERO}{LOOP}"),
        RULE.replace("0.1 * g", "0.1 * g + 0").replace("+ 1e-8)", ")"),
    ],
    ids=["turns", "a rule", "a training for each rate", "phases", "the same samples", "begun anew once", "other words"],
)
def test_what_is_kept_as_it_should_be(text: str, tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(text)
    assert slips(record(Script(str(file), []))) == []


def test_two_mistakes_in_one_line_are_both_mended_in_the_text_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(RULE.replace("* top / (np.sqrt(low)", "* self.one[k] / (np.sqrt(self.two[k])"))
    found = consult(Script(str(file), []), Options(), 20.0)
    lines = file.read_text().splitlines()
    spans = [fault["edit"]["span"] for fault in found["faults"]]
    assert [lines[a - 1][start:end] for a, start, _, end in spans] == ["self.one[k]", "self.two[k]"]
