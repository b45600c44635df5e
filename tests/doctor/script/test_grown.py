"""Parameters that a step makes larger: by broadcasting, and by a number for each sample that nobody sums."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

NET = """
import numpy as np

gen = np.random.RandomState(2)
feats = gen.rand(12, 3)
goals = feats.sum(axis=1, keepdims=True) * 0.3
A, a = gen.randn(3, 4), {a}
B, b = gen.randn(4, 1), {b}
for turn in range(12):
    hid = np.tanh(feats @ A + a)
    out = hid @ B + b
    cost = ((out - goals) ** 2).sum()
    d_out = 2 * (out - goals)
    d_hid = d_out @ B.T * (1 - hid ** 2)
    A = A - 0.01 * feats.T @ d_hid
    B = B - 0.01 * {step_B}
    a = a - 0.01 * {step_a}
    b = b - {step_b}
"""
RIGHT = {
    "a": "np.zeros((1, 4))", "b": "np.zeros((1, 1))", "step_B": "hid.T @ d_out",
    "step_a": "d_hid.sum(axis=0, keepdims=True)", "step_b": "0.01 * d_out.sum(axis=0, keepdims=True)",
}  # fmt: skip
WRONG: list[tuple[dict[str, str], list[tuple[str, str]]]] = [
    ({"step_a": "d_hid"}, [("not-summed", "a = a - 0.01 * d_hid.sum(axis=0, keepdims=True)")]),
    ({"a": "np.zeros(4)", "step_a": "d_hid"}, [("not-summed", "a = a - 0.01 * d_hid.sum(axis=0)")]),
    ({"b": "0.0", "step_b": "0.01 * d_out"}, [("not-summed", "b = b - 0.01 * d_out.sum()")]),
    ({"b": "0.0", "step_b": "d_out * 0.01"}, [("not-summed", "b = b - d_out.sum() * 0.01")]),
    (
        {"step_a": "d_hid.sum(axis=1, keepdims=True)"},
        [("wrong-axis", "a = a - 0.01 * d_hid.sum(axis=0, keepdims=True)")],
    ),
    (
        {"a": "np.zeros(4)", "step_a": "np.sum(d_hid, 1, keepdims=True)"},
        [("wrong-axis", "a = a - 0.01 * np.sum(d_hid, 0, keepdims=True)")],
    ),
    ({"step_B": "(hid.T @ d_out).ravel()"}, [("shape", "B = B - 0.01 * (hid.T @ d_out).ravel()[:, None]")]),
    ({"step_B": "d_out.T @ hid"}, [("shape", "B = B - (0.01 * d_out.T @ hid).T")]),
    (
        {"step_a": "d_hid", "step_b": "0.01 * d_out"},
        [
            ("not-summed", "a = a - 0.01 * d_hid.sum(axis=0, keepdims=True)"),
            ("not-summed", "b = b - 0.01 * d_out.sum(axis=0, keepdims=True)"),
        ],
    ),
    (
        {"step_a": "d_hid", "step_B": "-(hid.T @ d_out)"},
        [("sign", "B = B - 0.01 * (hid.T @ d_out)"), ("not-summed", "a = a - 0.01 * d_hid.sum(axis=0, keepdims=True)")],
    ),
]
HARMLESS = [
    {"a": "np.zeros(4)"},
    {"a": "0.0", "step_a": "d_hid.sum(axis=0)"},
    {"b": "0.0", "step_b": "0.01 * d_out.sum(axis=0)"},
    {"b": "np.zeros(1)"},
]


def told(script: str, folder: Path) -> dict[str, Any]:
    file = folder / "script.py"
    file.write_text(script)
    return consult(Script(str(file), []), Options(), 20.0)


@pytest.mark.parametrize(("change", "wanted"), WRONG)
def test_a_parameter_that_grows_is_found_and_the_rest_is_judged_without_it(
    change: dict[str, str], wanted: list[tuple[str, str]], tmp_path: Path
) -> None:
    found = told(NET.format(**{**RIGHT, **change}), tmp_path)
    assert [(fault["name"], fault["instead"]) for fault in found["faults"]] == wanted


@pytest.mark.parametrize("change", HARMLESS)
def test_a_start_of_fewer_axes_is_no_mistake(change: dict[str, str], tmp_path: Path) -> None:
    found = told(NET.format(**{**RIGHT, **change}), tmp_path)
    assert found["faults"] == []
    assert {block["verdict"] for block in found["blocks"]} == {"right"}


def test_a_script_that_stops_because_a_parameter_has_grown(tmp_path: Path) -> None:
    script = NET.format(**{**RIGHT, "a": "np.zeros((4, 1))", "step_a": "d_hid.sum(axis=0)"})
    found = told(script.replace("feats @ A + a", "feats @ A + a.T"), tmp_path)
    assert [(fault["name"], fault["instead"]) for fault in found["faults"]] == [
        ("shape", "a = a - 0.01 * d_hid.sum(axis=0)[:, None]")
    ]
