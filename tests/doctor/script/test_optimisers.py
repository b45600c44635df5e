"""Steps of momentum, Adagrad, RMSprop and Adam that go downhill and are wrong all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.slips import slips
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record

HEAD = """
import numpy as np

gen = np.random.RandomState(4)
feats = gen.randn(20, 3)
goals = feats @ np.array([1.0, -2.0, 0.5])
"""
ADAM = f"""{HEAD}
w = np.zeros(3)
first, second, t = np.zeros(3), np.zeros(3), 0
b1, b2 = 0.9, 0.99
for _ in range(14):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    slope = 2 * feats.T @ miss / 20
    t += 1
    first = b1 * first + (1 - b1) * slope
    second = b2 * second + (1 - b2) * slope ** 2
    one = first / (1 - b1 ** t)
    two = second / (1 - b2 ** t)
    w = w - 0.05 * one / (np.sqrt(two) + 1e-8)
"""
OBJECTS = f"""{HEAD}
class Rule:
    def __init__(self, things):
        self.cache = {{k: np.zeros_like(v) for k, v in things.items()}}

    def step(self, things, slopes):
        for k in things:
            self.cache[k] += slopes[k] * slopes[k]
            things[k] -= 0.1 * slopes[k] / np.sqrt(self.cache[k] + 1e-7)

things = {{"a": gen.randn(3, 1), "b": np.zeros(1)}}
rule = Rule(things)
for _ in range(14):
    miss = feats @ things["a"] + things["b"] - goals[:, None]
    cost = np.mean(miss ** 2)
    rule.step(things, {{"a": 2 * feats.T @ miss / 20, "b": 2 * miss.mean(axis=0)}})
"""
PAIR = f"""{HEAD}
a, b, s_a, s_b = np.zeros((3, 1)), np.zeros((1, 1)), np.zeros((3, 1)), np.zeros((1, 1))
for _ in range(14):
    miss = feats @ a + b - goals[:, None]
    cost = np.mean(miss ** 2)
    g_a, g_b = 2 * feats.T @ miss / 20, 2 * miss.mean(axis=0, keepdims=True)
    s_a = 0.9 * s_a + (1 - 0.9) * g_a ** 2
    s_b = 0.9 * s_b + (1 - 0.9) * g_b ** 2
    a -= 0.1 * g_a / (np.sqrt(s_a) + 1e-6)
    b -= 0.1 * g_b / (np.sqrt(s_b) + 1e-6)
"""
NESTEROV = f"""{HEAD}
w, speed = np.zeros(3), np.zeros(3)
for _ in range(14):
    ahead = w + 0.9 * speed
    miss = feats @ ahead - goals
    cost = (miss ** 2).mean()
    speed = 0.9 * speed - 0.02 * feats.T @ miss / 20
    w = w + speed
"""
KERAS = f"""{HEAD}
w, speed = np.zeros(3), np.zeros(3)
for _ in range(14):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    before = speed
    speed = 0.9 * speed - 0.02 * feats.T @ miss / 20
    w += -0.9 * before + (1 + 0.9) * speed
"""
CLIPPED = f"""{HEAD}
w = np.zeros(3)
for _ in range(14):
    miss = feats @ w - goals
    cost = (miss ** 2).mean()
    slope = 2 * feats.T @ miss / 20
    size = np.linalg.norm(slope)
    if size > 0.1:
        slope = slope * 0.1 / size
    w = w - 0.05 * slope
"""
LAST = "w = w - 0.05 * one / (np.sqrt(two) + 1e-8)"
RMS = ADAM.replace("one = first / (1 - b1 ** t)", "one = slope").replace("second / (1 - b2 ** t)", "second")
AT_ONCE = ADAM.replace(LAST, "w = w - 0.05 * np.sqrt(1 - b2 ** t) / (1 - b1 ** t) * first / (np.sqrt(second) + 1e-8)")
NADAM = ADAM.replace(
    "one = first / (1 - b1 ** t)", "one = b1 * first / (1 - b1 ** t) + (1 - b1) * slope / (1 - b1 ** t)"
)
BELDING = ADAM.replace("slope ** 2", "(slope - first) ** 2")
LARGEST = ADAM.replace("two = second / (1 - b2 ** t)", "two = top = np.maximum(top, second)").replace(
    "t = np", "top, t = np"
)
LARGEST = LARGEST.replace("np.zeros(3), 0", "np.zeros(3), np.zeros(3), 0").replace("second, top, t", "second, top, t")

WRONG = [
    (ADAM, "* slope ** 2", "* slope", "missing-square", None),
    (ADAM, "* slope ** 2", "* abs(slope)", "missing-square", "second = b2 * second + (1 - b2) * abs(slope) ** 2"),
    (ADAM, "(np.sqrt(two) + 1e-8)", "(two + 1e-8)", "missing-root", None),
    (ADAM, "one / (np.sqrt(two)", "one * (np.sqrt(two)", "wrong-operand", None),
    (ADAM, "/ (np.sqrt(two) + 1e-8)", "/ np.sqrt(two) + 1e-8", "wrong-operand", None),
    (ADAM, "first / (1 - b1 ** t)", "first / (1 - b1 * t)", "wrong-operand", None),
    (ADAM, "second / (1 - b2 ** t)", "second / (1 - b2) ** t", "wrong-operand", None),
    (ADAM, "second / (1 - b2 ** t)", "second / (1 - b1 ** t)", "wrong-operand", None),
    (
        ADAM,
        "two = second / (1 - b2 ** t)",
        "two = second",
        "missing-factor",
        LAST.replace("two)", "two / (1 - b2 ** t))"),
    ),
    (ADAM, "one = first / (1 - b1 ** t)", "one = first", "missing-factor", LAST.replace("one", "one / (1 - b1 ** t)")),
    (ADAM, "one = first / (1 - b1 ** t)", "one = first = first / (1 - b1 ** t)", "accumulated", None),
    (ADAM, "    t += 1", "    t = 1", "constant", ""),
    (RMS, "/ (np.sqrt(two) + 1e-8)", "/ np.sqrt(two) + 1e-2", "wrong-operand", LAST.replace("1e-8", "1e-2")),
    (RMS, "second = b2 * second + (1 - b2) * slope ** 2", "second = (1 - b2) * slope ** 2", "overwritten", None),
    (OBJECTS, "self.cache[k] += slopes", "self.cache[k] = slopes", "overwritten", None),
    (OBJECTS, "slopes[k] * slopes[k]", "slopes[k]", "missing-square", "self.cache[k] += slopes[k] ** 2"),
    (
        OBJECTS,
        "np.sqrt(self.cache[k] + 1e-7)",
        "(self.cache[k] + 1e-7)",
        "missing-root",
        "things[k] -= 0.1 * slopes[k] / (np.sqrt(self.cache[k]) + 1e-7)",
    ),
    (OBJECTS, "self.cache[k] += ", "self.cache[k] = np.zeros_like(slopes[k]); self.cache[k] += ", "zero", ""),
    (ADAM, "(1 - b1) * slope", "slope", "missing-factor", None),
    (PAIR, "(1 - 0.9) * g_b ** 2", "g_b ** 2", "missing-factor", None),
    (PAIR, "np.sqrt(s_a)", "np.sqrt(s_b)", "wrong-operand", None),
    (NESTEROV, "w + 0.9 * speed", "w - 0.9 * speed", "sign", None),
    (KERAS, "+= -0.9 * before", "+= 0.9 * before", "sign", None),
    (CLIPPED, "slope * 0.1 / size", "slope * size / 0.1", "wrong-operand", None),
    (
        CLIPPED,
        "slope = slope * 0.1 / size",
        "np.clip(slope, -0.1, 0.1)",
        "not-used",
        "np.clip(slope, -0.1, 0.1, out=slope)",
    ),
]


def told(text: str, folder: Path) -> list[tuple[int, str, str]]:
    file = folder / "script.py"
    file.write_text(text)
    return [(s.site.line, s.name, "" if s.edit is None else s.edit.line) for s in slips(record(Script(str(file), [])))]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning", "ignore:overflow:RuntimeWarning")
@pytest.mark.parametrize(("script", "right", "wrong", "name", "new"), WRONG)
def test_a_step_that_goes_downhill_and_is_wrong(
    script: str, right: str, wrong: str, name: str, new: str | None, tmp_path: Path
) -> None:
    ((line, told_name, mended), *others) = told(script.replace(right, wrong), tmp_path)
    row = (script.replace(right, wrong)).splitlines()[line - 1].strip()
    assert {each[1] for each in others} <= {told_name}
    assert (told_name, wrong.strip() in row or mended == new) == (name, True)
    assert mended == (next(row.strip() for row in script.splitlines() if right in row) if new is None else new)


@pytest.mark.parametrize(
    "script",
    [ADAM, OBJECTS, PAIR, NESTEROV, KERAS, CLIPPED, RMS, AT_ONCE, NADAM, BELDING, LARGEST, RMS.replace("+ 1e-8", "")],
)
def test_right_steps(script: str, tmp_path: Path) -> None:
    assert told(script, tmp_path) == []


def test_means_that_are_corrected_in_place_get_other_names(tmp_path: Path) -> None:
    text = ADAM.replace("one = first", "first /= 1 - b1 ** t #").replace("two = second /", "second = second /")
    file = tmp_path / "script.py"
    file.write_text(text.replace("* one", "* first").replace("(two)", "(second)"))
    first, second = consult(Script(str(file), []), Options(), 20.0)["faults"]
    assert first["instead"].startswith("first_hat = first / (1 - b1 ** t) #")
    assert second["instead"] == "second_hat = second / (1 - b2 ** t)"
    assert second["says"].endswith("w = w - 0.05 * first_hat / (np.sqrt(second_hat) + 1e-8)")


def test_a_single_number_among_blocks_whose_steps_adapt(tmp_path: Path) -> None:
    text = PAIR.replace("0.9 * s_a + (1 - 0.9) * g_a ** 2", "np.maximum(s_a, g_a ** 2)")
    file = tmp_path / "script.py"
    file.write_text(text.replace("0.9 * s_b + (1 - 0.9) * g_b ** 2", "np.maximum(s_b, g_b ** 2)"))
    found = consult(Script(str(file), []), Options(), 20.0)
    assert [block["verdict"] for block in found["blocks"]] == ["right", "right"]
