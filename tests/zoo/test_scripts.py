"""Whole scripts: right ones are never called wrong, and of wrong ones the line is found."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script
from tests.zoo import besides, unspoken, unusual
from tests.zoo.hand import HAND, NO_DESCENT, ODD
from tests.zoo.scripts import NETWORKS, STEPS, Style, combinations, script
from tests.zoo.strangers import RIGHT, STRANGERS
from tests.zoo.wrong import WRONG, specimens

COMBINATIONS = combinations()
SPECIMENS = specimens()


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


def judged_right(text: str) -> str:
    """Nothing where everything is right; else what was said."""
    found = found_in(text)
    if "failure" in found:
        return str(found["failure"])
    assert not found["faults"]
    return ", ".join(f"{block['name']}: {block['verdict']}" for block in found["blocks"] if block["verdict"] != "right")


def test_the_zoo_is_large_enough() -> None:
    assert len(COMBINATIONS) + len(HAND) >= 60
    assert {style.step for _, style in COMBINATIONS} == set(STEPS)
    assert len(NETWORKS) >= 10
    assert len(WRONG) >= 60


@pytest.mark.parametrize("name", [*HAND, *ODD])
def test_right_scripts_by_hand(name: str) -> None:
    assert judged_right({**HAND, **ODD}[name]) == ""


@pytest.mark.parametrize("name", NO_DESCENT)
def test_what_is_no_gradient_descent_is_not_accused(name: str) -> None:
    assert "failure" in found_in(NO_DESCENT[name])


@pytest.mark.parametrize("k", range(0, len(COMBINATIONS), 7))
def test_right_scripts(k: int) -> None:
    network, style = COMBINATIONS[k]
    assert judged_right(script(network, style)) == ""


@pytest.mark.long
def test_every_right_script_is_called_right() -> None:
    said = {f"{network.name}, {style.name}": judged_right(script(network, style)) for network, style in COMBINATIONS}
    assert {name: text for name, text in said.items() if text} == {}


def outcome(k: int) -> tuple[bool, bool, bool]:
    """Whether a wrong script was called wrong, whether the right line came first, whether it has the right name."""
    each, _, _, text, line = SPECIMENS[k]
    found = found_in(text)
    flagged = any(block["verdict"] == "wrong" for block in found.get("blocks", ()))
    first = next(iter(found.get("faults", ())), None)
    located = first is not None and first["line"] == line
    named = first is not None and first["name"] in each.names and first["name"] != "unrecognised"
    return flagged, located, named


@pytest.mark.parametrize("k", range(0, len(SPECIMENS), 9))
def test_wrong_scripts_are_called_wrong_and_the_line_is_found(k: int) -> None:
    flagged, located, _ = outcome(k)
    assert flagged
    assert located


@pytest.mark.long
def test_of_all_wrong_scripts() -> None:
    rows = [outcome(k) for k in range(len(SPECIMENS))]
    flagged, located, named = (sum(row[k] for row in rows) / len(rows) for k in range(3))
    assert flagged == 1.0
    assert located >= 0.95
    assert named >= 0.8


def test_a_printed_line_was_run() -> None:
    """Put into the script in the place of the wrong one, it leaves nothing wrong."""
    for k in (0, 5, 12, 21):
        text = SPECIMENS[k][3]
        finding = found_in(text)["faults"][0]
        lines = text.splitlines()
        old = lines[finding["line"] - 1]
        lines[finding["line"] - 1] = old[: len(old) - len(old.lstrip())] + finding["instead"]
        assert judged_right("\n".join(lines) + "\n") == "", finding


def test_half_precision_is_no_mistake() -> None:
    assert judged_right(script(NETWORKS[1], Style(dtype="float16"))) == ""


QUICK = ("floats, one input left out", "a slope more after a sigmoid", "keys made of a word and a number")


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n in QUICK else [pytest.mark.long]) for n in STRANGERS])
def test_what_strangers_write(name: str) -> None:
    cause, text, right, wrong = STRANGERS[name]
    assert judged_right(text.replace("@@", right)) == ""
    found = found_in(text.replace("@@", wrong))
    assert "failure" not in found
    line = next(k for k, row in enumerate(text.splitlines(), 1) if row == "@@")
    assert [(fault["line"], fault["name"]) for fault in found["faults"]] == [(line, cause)]
    assert found["faults"][0]["instead"] or cause == "unrecognised"


@pytest.mark.parametrize("name", RIGHT)
def test_what_strangers_write_right(name: str) -> None:
    assert judged_right(RIGHT[name]) == ""


def slow(name: str, among: set[str]) -> Any:
    return pytest.param(name, marks=[pytest.mark.long] if name in among else [])


@pytest.mark.parametrize("name", [slow(name, unusual.SLOW) for name in unusual.WRONG])
def test_an_unusual_loss_or_step_that_is_wrong(name: str) -> None:
    cause, text, right, wrong = unusual.WRONG[name]
    assert judged_right(text.replace("@@", right)) == ""
    found = found_in(text.replace("@@", wrong))
    line = next(k for k, row in enumerate(text.splitlines(), 1) if "@@" in row)
    assert [(fault["line"], fault["name"]) for fault in found["faults"]] == [(line, cause)]
    assert found["faults"][0]["edit"] or name in unusual.NO_LINE


@pytest.mark.parametrize("name", unusual.RIGHT)
def test_an_unusual_loss_or_step_that_is_right(name: str) -> None:
    assert judged_right(unusual.RIGHT[name]) == ""


@pytest.mark.parametrize("name", besides.RIGHT)
def test_what_is_done_besides_is_no_mistake(name: str) -> None:
    assert judged_right(besides.RIGHT[name]) == ""


@pytest.mark.parametrize("name", unusual.CANNOT_TELL)
def test_what_has_no_gradient_to_compare_with_is_not_accused(name: str) -> None:
    assert "failure" in found_in(unusual.CANNOT_TELL[name])


def test_a_factor_of_all_steps_is_told() -> None:
    found = found_in(unusual.layers(do="(o - Y) / X.shape[1]"))
    assert not found["faults"]
    assert found["factor"] == pytest.approx(20 / 3)


def test_a_loss_that_the_steps_do_not_follow_is_told() -> None:
    found = found_in(unusual.layers(loss="np.mean(abs(o - Y))"))
    assert found["aside"] == {"line": 11, "text": "np.mean(abs(o - Y))"}


def test_the_one_line_that_steps_for_all_blocks_is_not_blamed_for_two_mistakes() -> None:
    text = unusual.layers(step="for p, g in zip((W1, b1, W2, b2), (dW1, db1, dW2, db2)): p -= 0.1 * g")
    text = text.replace("dW2 = h.T @ do", "dW2 = z.T @ do").replace("db1 = ds.sum(0)", "db1 = dh.sum(0)")
    lines = {name: k for k, row in enumerate(text.splitlines(), 1) for name in ("dW2 =", "db1 =") if name in row}
    assert {fault["line"] for fault in found_in(text)["faults"]} == set(lines.values())


@pytest.mark.parametrize("name", unspoken.RIGHT)
def test_a_loss_that_is_not_computed_accuses_nobody(name: str) -> None:
    assert judged_right(unspoken.RIGHT[name]) == ""


@pytest.mark.parametrize("name", unspoken.PAIRS)
def test_a_slip_beside_a_loss_that_is_another_or_none(name: str) -> None:
    text, right, wrong = unspoken.PAIRS[name]
    assert judged_right(text.replace("@@", right)) == ""
    line = next(k for k, row in enumerate(text.splitlines(), 1) if "@@" in row)
    if name.startswith("shapes"):  # the data are of another shape: it shows where they are subtracted
        line += 3
    assert {fault["line"] for fault in found_in(text.replace("@@", wrong))["faults"]} == {line}


def test_what_the_steps_change_and_nothing_reads_is_told() -> None:
    assert found_in(unspoken.UNREAD)["unread"] == ["b"]


def test_a_softmax_of_one_output_is_told() -> None:
    assert "gives 1 whatever the weights are" in found_in(unspoken.ONE_OUTPUT)["failure"]


def test_a_cost_with_a_wrong_sign_is_told_beside_right_gradients() -> None:
    found = found_in(unspoken.SIGN_IN_COST)
    assert not found["faults"]
    assert found["aside"]["line"] == 7


def test_a_step_without_its_own_parameter_is_a_step() -> None:
    verdicts = {block["name"]: block["verdict"] for block in found_in(unspoken.TARGET_FOR_ERROR)["blocks"]}
    assert verdicts == {"b": "right", "theta": "wrong"}
