"""The two demos of the doctor run from the repository root, and what they print is what was asked for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(name: str, out: Path) -> str:
    done = subprocess.run(
        [sys.executable, ROOT / "demos" / name, "--quick", "--out", out],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def test_the_consultation_answers_both_questions(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out = " ".join(run("doctor.py", tmp_path).split())
    for said in (
        "W_out wrong 0 shape",
        "W_h wrong 1.371 transposed",
        "weight decay",
        "So: yes.",
        "doctor finds nothing wrong",
    ):
        assert said in out
    assert "the wrong one looks better" in out
    assert "the samples come one at a time in sorted order" in out
    fitted = re.search(r"shuffled once it is (\S+): it fits", out)
    without = re.search(r"network without biases reaches (\S+), with them", out)
    assert fitted is not None
    assert without is not None
    assert float(fitted[1]) < 0.003
    assert float(without[1]) < 0.001
    assert (tmp_path / "doctor.svg").exists()


def test_the_zoo_prints_its_table(tmp_path: Path) -> None:
    out = run("zoo.py", tmp_path)
    assert "false alarms: 0" in out
    assert "called by a name all the same: 0" in out
