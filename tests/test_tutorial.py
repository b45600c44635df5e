"""The notebooks of the tutorial run, show what is stored in them, refuse wrong answers, and can be read as they are."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
TEXTS = sorted((ROOT / "docs" / "tutorial").glob("[0-9]*.py"))
NEEDED = ("jupytext", "nbclient", "ipykernel", "matplotlib", "sklearn", "micrograd")
TOOL = ROOT / "tools" / "notebooks.py"


def cells(text: Path) -> list[dict[str, Any]]:
    """The cells of the stored notebook."""
    found: list[dict[str, Any]] = json.loads(text.with_suffix(".ipynb").read_text(encoding="utf-8"))["cells"]
    return found


def tagged(text: Path, tag: str) -> list[str]:
    return re.findall(rf'^# %% tags=\["{tag}"\]\n(.*?)(?=^# %%|\Z)', text.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.skipif(not TOOL.exists(), reason="the tool that runs the notebooks is in the source tree only")
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_a_notebook_runs_and_shows_what_is_stored(text: Path) -> None:
    for module in NEEDED:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"the notebooks need {module}")
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}  # it would be slow
    run = subprocess.run(
        [sys.executable, TOOL, "--check", text.stem],
        cwd=ROOT, env=bare, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr[-3000:]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_three_exercises_with_an_answer_and_a_wrong_one(text: Path) -> None:
    answers, wrong = tagged(text, "hide-cell"), tagged(text, "wrong")
    for k in (1, 2, 3):
        assert any(f"check_{k}(" in answer for answer in answers)
        assert any(f"check_{k}(" in answer for answer in wrong)
        assert f"def check_{k}(" in text.read_text("utf-8")
    shown = {"".join(cell["source"]) for cell in cells(text)}
    assert not shown & {answer.strip() for answer in wrong}


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_every_output_can_be_read_without_scripts(text: Path) -> None:
    outputs = [output for cell in cells(text) for output in cell.get("outputs", [])]
    assert len(outputs) > 5
    for output in outputs:
        if output["output_type"] == "stream":
            assert "".join(output["text"]).strip()
            continue
        assert set(output["data"]) <= {"text/plain", "text/html", "image/png", "image/svg+xml"}
        assert len("".join(output["data"]["text/plain"])) > 1
        assert "<script" not in "".join(output["data"].get("text/html", ""))
    assert text.with_suffix(".ipynb").stat().st_size < 700_000


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.stem)
def test_a_notebook_takes_a_quarter_of_an_hour(text: Path) -> None:
    """At 180 words a minute, and 12 lines of code."""
    prose = [line for line in text.read_text("utf-8").splitlines() if line.startswith("# ")]
    code = [line for line in text.read_text("utf-8").splitlines() if line.strip() and not line.startswith("#")]
    words = sum(len(re.findall(r"\w+|[\u4e00-\u9fff]{2}", line)) for line in prose)
    assert words / 180 + len(code) / 12 <= 15 + 6, (words, len(code))  # 6 for the exercises' checks and answers


TRANSLATED = [text for text in TEXTS if text.stem.endswith(".zh-CN")]


@pytest.mark.parametrize("text", TRANSLATED, ids=lambda text: text.stem)
def test_a_translated_notebook_has_the_same_code(text: Path) -> None:
    """But for what is printed and plotted, the comments, and the language asked for."""
    original = text.with_name(text.name.replace(".zh-CN", ""))
    here, there = (ast.parse(file.read_text("utf-8")) for file in (text, original))
    for tree in (here, there):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                node.value = ""
            elif isinstance(node, ast.Call):
                node.keywords = [keyword for keyword in node.keywords if keyword.arg != "lang"]
    assert ast.dump(here) == ast.dump(there)
    assert text.read_text("utf-8").count("# %%") == original.read_text("utf-8").count("# %%")


@pytest.mark.skipif(not TOOL.exists(), reason="the tool is in the source tree only")
@pytest.mark.parametrize(
    ("here", "there", "measured", "agree"),
    [
        ("loss 0.1234", "loss 0.1235", False, True),
        ("loss 0.1234", "loss 0.1334", False, False),
        ("loss 0.1234", "Loss 0.1234", False, False),
        ("7.3 times as fast", "21.4 times as fast", True, True),
        ("7.3 times as fast", "7.3 times as slow", True, False),
        ("1 2", "1", True, False),
    ],
)
def test_what_is_compared(here: str, there: str, measured: bool, agree: bool) -> None:
    pytest.importorskip("jupytext")
    pytest.importorskip("nbclient")
    spec = importlib.util.spec_from_file_location("notebooks", TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.same(here, there, measured) is agree
