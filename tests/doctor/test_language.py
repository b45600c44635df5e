"""The doctor's languages: every table has the keys and placeholders of English, every key is used, and a report in
Chinese has no English sentence in it."""

from __future__ import annotations

import ast
import os
import re
import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import autograd.doctor
from autograd import OperandError, diagnose, examine
from autograd.doctor import run
from autograd.doctor.language import chosen, languages, messages, padded, say, speaking, width_of, wrapped

ROOM = Path(autograd.doctor.__file__).parent
ROOT = Path(__file__).resolve().parents[2]
STORY = ROOT / "docs" / "tutorial" / "story.py"
ENGLISH = messages("en")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def differences(table: dict[str, str]) -> list[str]:
    """The keys that are missing or too many, and those whose placeholders are not those of English."""
    return [
        key
        for key in {**ENGLISH, **table}
        if key not in table or key not in ENGLISH or placeholders(table[key]) != placeholders(ENGLISH[key])
    ]


@pytest.mark.parametrize("lang", languages())
def test_a_language_says_all_that_english_says(lang: str) -> None:
    assert differences(messages(lang)) == []


def test_a_table_that_lacks_something_is_found() -> None:
    assert differences({key: text for key, text in ENGLISH.items() if key != "note"}) == ["note"]
    assert differences({**ENGLISH, "headline": "{name}"}) == ["headline"]
    assert differences({**ENGLISH, "farewell": "bye"}) == ["farewell"]


def asked_for() -> tuple[set[str], set[str]]:
    """The keys that the code names, and those it puts together: a prefix of them."""
    whole, begun = set(), set()
    for file in ROOM.rglob("*.py"):
        if file.parent.name == "language" and file.name != "__init__.py":
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole |= {node.value, f"{node.value}_one", f"{node.value}_many"}
            elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                begun.add(str(node.values[0].value))
    return whole, begun


def test_every_message_is_used() -> None:
    whole, begun = asked_for()
    prefixes = tuple(
        prefix
        for prefix in begun
        if prefix
        in (
            "fault_",
            "line_",
            "factor_",
            "rate_too_",
            "a_",
            "what_",
            "verdict_",
            "undecided_",
            "col_",
            "check_",
            "e_ratio_",
            "against_",
            "rule_",
        )
    )
    assert len(prefixes) == 13
    assert [key for key in ENGLISH if key not in whole and not key.startswith(prefixes)] == []


def test_every_cause_has_its_message() -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in ROOM.glob("script/**/*.py"))
    causes = set(re.findall(r'Cause\(\s*"([^"]+)"', text))
    assert len(causes) > 15
    elsewhere = {"wrong-operand", "wrong-axis", "dropped-edge", "doubled-edge", "scaled", "sign+scaled"}
    assert {name for name in causes - elsewhere if f"fault_{name}" not in ENGLISH} == set()


def test_what_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSGRAD_LANG", "zh")
    assert chosen() == "zh"
    assert chosen("en") == "en"  # what is asked for comes first
    monkeypatch.delenv("GLASSGRAD_LANG")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert chosen() == "zh"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert chosen() == "en"  # there is no German
    with pytest.raises(OperandError, match=r"lang is one of en, zh, got 'tlh'"):
        run(STORY, lang="tlh")
    monkeypatch.setenv("GLASSGRAD_LANG", "xx")
    with pytest.raises(OperandError, match="GLASSGRAD_LANG is one of"):
        chosen()


def test_a_report_in_chinese() -> None:
    report = run(STORY, cure=False, lang="zh")
    english = run(STORY, cure=False, lang="en")
    assert [f.line for f in report.findings] == [f.line for f in english.findings]
    assert [f.instead for f in report.findings] == [f.instead for f in english.findings]
    code = [f.code for f in report.findings] + [f.instead for f in report.findings]
    for line in report.lines():
        left = re.sub(r"[\w.]*(?:self|loss)[\w.]*|\(.*?\)|story\.py|" + "|".join(map(re.escape, code)), "", line)
        assert not re.search(r"[a-z]{2,} [a-z]{2,}", left), line
        assert width_of(line) <= 100 or any(text in line for text in code)
    assert 'lang="zh"' in report.html()
    assert "Write instead" not in report.html()
    assert str(report) == "\n".join(report.lines())  # also where another language is spoken


MISTAKES = {
    "right": lambda g: g,
    "sign": lambda g: {**g, "W1": -g["W1"]},
    "sum for mean, zero": lambda g: {**g, "W1": 20 * g["W1"], "b1": 0 * g["b1"]},
    "NaN": lambda g: {**g, "W2": g["W2"] * np.nan},
    "integers, transposed": lambda g: {**g, "b1": np.zeros(3, int), "W1": g["W1"].T},
    "nonsense": lambda g: {name: block + 0.1 for name, block in g.items()},
    "not given": lambda g: {"W1": g["W1"]},
    "unknown, shape": lambda g: {**g, "x": 1, "W2": g["W2"].ravel()},
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_diagnosis_in_chinese(mistake: str) -> None:
    def loss(params, X, Y):
        a1 = np.tanh(X @ params["W1"] + params["b1"])
        return 0.5 * ((a1 @ params["W2"] - Y) ** 2).sum(axis=1).mean()

    def gradients(params, X, Y):
        a1 = np.tanh(X @ params["W1"] + params["b1"])
        delta2 = (a1 @ params["W2"] - Y) / len(X)
        delta1 = (delta2 @ params["W2"].T) * (1 - a1**2)
        return MISTAKES[mistake]({"W1": X.T @ delta1, "b1": delta1.sum(axis=0), "W2": a1.T @ delta2})

    rng = np.random.default_rng(0)
    params = {"W1": rng.normal(size=(2, 3)), "b1": rng.normal(size=3), "W2": rng.normal(size=(3, 1))}
    batch = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    report = diagnose(loss, params, batch=batch, gradients=gradients, lang="zh")
    english = diagnose(loss, params, batch=batch, gradients=gradients, lang="en")
    assert [b.name for b in report.blocks.values()] == [b.name for b in english.blocks.values()]
    code = {line for b in english.blocks.values() for line in b.advice.splitlines()}
    for line in str(report).splitlines():
        assert line.strip() in {text.strip() for text in code} or not re.search("[a-z]{3,} [a-z]{3,} ", line), line
    assert "参数块" in str(report)
    assert "判断" in report._repr_html_()
    assert str(english).startswith("Your gradients, from the output back to the input:")


@pytest.mark.parametrize(("scale", "lr"), [(1.0, 1e-4), (20.0, 1.0), (0.0, 0.1)])
def test_an_examination_in_chinese(scale: float, lr: float) -> None:
    def loss(params, X, Y):
        return 0.5 * ((1 / (1 + np.exp(-(X @ params["W1"]))) @ params["W2"] - Y) ** 2).mean()

    rng = np.random.default_rng(0)
    params = {"W1": scale * rng.normal(size=(1, 3)) + 0.5, "W2": scale * rng.normal(size=(3, 1)) + 0.5}
    X = np.linspace(-1, 1, 30)[:, None]
    found = examine(params, loss, (X, X**2), lr=lr, steps=100, lang="zh")
    english = examine(params, loss, (X, X**2), lr=lr, steps=100, lang="en")
    assert found.flagged
    assert [f.check for f in found.flagged] == [f.check for f in english.flagged]  # what programs ask for stays
    for line in str(found).splitlines():
        assert line.strip().startswith("[") or not re.search("[a-z]{3,} [a-z]{3,}", line), line
    assert "检查" in found._repr_html_()


def test_what_cannot_be_judged_is_said_in_chinese(tmp_path: Path) -> None:
    for text, said in (
        ("input('rate')\n", "没有人输入"),
        ("x = (\n", "SyntaxError，在第 1 行"),
        ("print(1)\n", "没有用 numpy 训练任何东西"),
        ("1 / 0\n", "ZeroDivisionError，在第 1 行"),
    ):
        script = tmp_path / "script.py"
        script.write_text(text, encoding="utf-8")
        report = run(script, lang="zh")
        assert said in report.failure
        assert report.failure.endswith("。")


def test_the_command_speaks_the_language_of_the_environment() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "autograd.doctor", "--no-cure", STORY], cwd=ROOT, capture_output=True, check=False,
        env={**os.environ, "GLASSGRAD_LANG": "zh_CN", "PYTHONIOENCODING": "utf-8"}, encoding="utf-8",
    )  # fmt: skip
    assert done.stdout.startswith("story.py：有 4 行是错的。"), done.stderr


def test_wide_characters_are_counted_and_broken() -> None:
    assert width_of("损失 loss") == 9
    assert padded("损失", 6) == "损失  "
    text = "学习率 0.001 太小，损失最后是 0.00435（样本都打乱过）。" * 3
    lines = wrapped(text, 30, "  ")
    assert max(map(width_of, lines)) <= 32  # a stop may stand in the margin
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert not any(line.strip()[0] in "，。）、" for line in lines)
    assert not any(line.endswith("（") for line in lines)
    assert wrapped("plain words", 6) == ["plain", "words"]


def test_a_message_is_said_in_the_language_spoken() -> None:
    with speaking("zh"):
        assert say("lines_one", number=3) == "第 3 行"
    assert say("lines_one", number=3) == "line 3"
