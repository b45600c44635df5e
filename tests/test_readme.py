"""The README in its languages: short, with a picture above the fold, and every command and snippet in it works.

Its Python runs in test_documentation.py. Here its commands are run, or, where they would set an environment up, held
against what they name; and the Chinese one is held against the English one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
HAN = r"[\u3000-\u30ff\u4e00-\u9fff\uff00-\uffef]"


def commands(readme: Path) -> list[str]:
    blocks = [text for kind, text in BLOCK.findall(readme.read_text(encoding="utf-8")) if kind == "sh"]
    lines = [re.split(r"\s+#", line)[0] for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`((?:make|python) [^`]+)`", readme.read_text(encoding="utf-8"))
    return list(dict.fromkeys([*lines, *inline]))


@pytest.mark.parametrize("readme", [README, CHINESE], ids=lambda file: file.name)
def test_it_is_short_and_has_a_picture_above_the_fold(readme: Path) -> None:
    lines = readme.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    assert any(line.startswith("![") for line in lines[:12])
    assert max(map(len, lines)) <= 200


@pytest.mark.parametrize("command", commands(README))
def test_a_command(command: str) -> None:
    verb, *rest = command.split()
    if verb == "make":  # each sets an environment up; the workflow runs them as they are
        if not (ROOT / "Makefile").exists() or shutil.which("make") is None:
            pytest.skip("there is no Makefile here, or no make")
        named = subprocess.run(["make", "-n", *rest], cwd=ROOT, capture_output=True, text=True, check=False)
        assert named.returncode == 0, named.stderr
    elif command.startswith("python -m pip install -e "):
        extras = re.search(r'"\.\[(.+)\]"', command)
        assert extras is not None
        declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
        assert all(re.search(rf"^{extra} = \[", declared, re.MULTILINE) for extra in extras[1].split(","))
    elif command.startswith(".venv/bin/python -m autograd.doctor "):
        run = subprocess.run(
            [sys.executable, "-m", "autograd.doctor", "--no-cure", ROOT / rest[-1]],
            env={**os.environ, "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}, cwd=ROOT, capture_output=True,
            encoding="utf-8", check=False,
        )  # fmt: skip
        assert run.returncode == 1, run.stderr[-2000:]  # something is wrong
        shown = next(text for kind, text in BLOCK.findall(README.read_text(encoding="utf-8")) if kind == "text")
        beginning, rest_of_it = shown.split("...\n")
        assert run.stdout.startswith(beginning)
        assert rest_of_it == ""
    else:  # a demo, which test_demos.py runs
        assert verb == "python"
        assert (ROOT / rest[0]).exists()
        assert f'run("{Path(rest[0]).name}"' in (ROOT / "tests" / "test_demos.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", [README, CHINESE], ids=lambda file: file.name)
def test_its_links_lead_somewhere(readme: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", readme.read_text(encoding="utf-8"))
    assert len(links) > 10
    here = [link for link in links if not link.startswith("autograd/") or (ROOT / "autograd").exists()]
    assert [link for link in here if "://" not in link and not (ROOT / link).exists()] == []


def test_the_table_of_speeds_is_the_measured_one() -> None:
    if not (ROOT / "tools").exists():
        pytest.skip("the tool that writes it is in the source tree only")
    run = subprocess.run(
        [sys.executable, ROOT / "tools" / "speed.py", "--check"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_the_chinese_one_says_the_same() -> None:
    """The same code, commands, links and headings in the same order: what changes in one changes in the other."""
    english, chinese = (file.read_text(encoding="utf-8") for file in (README, CHINESE))

    def code(text: str) -> list[str]:
        return [re.sub(r"[ ]+#[^\n]*", "", block) for kind, block in BLOCK.findall(text)]

    assert code(english) == code(chinese)
    assert commands(README) == commands(CHINESE)
    assert len(re.findall("^## ", english, re.MULTILINE)) == len(re.findall("^## ", chinese, re.MULTILINE))
    assert len(re.findall(r"^\|", english, re.MULTILINE)) == len(re.findall(r"^\|", chinese, re.MULTILINE))
    links = [{link.replace(".zh-CN", "") for link in re.findall(r"\]\(([^)]+)\)", text)} for text in (english, chinese)]
    assert links[0] ^ links[1] <= {"README.md"}
    prose = BLOCK.sub("", chinese)
    assert len(re.findall(HAN, prose)) > 1000
