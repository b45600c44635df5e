"""The functions that a printed program needs beside numpy's: each is printed from the formula of its row."""

from __future__ import annotations

import re

from ...core.rule import Rule
from ...core.table import TABLE
from ..names import Names
from ..text import NUMPY, Dialect
from .program import SAMPLE, Program
from .record import Recorder
from .writer import Writer


def helper_texts(wanted: dict[Rule, str], dialect: Dialect = NUMPY) -> tuple[list[str], list[str]]:
    """The functions, each after those that it calls; and the lines that import what they need."""
    texts: dict[Rule, str] = {}
    imports: list[str] = []
    queue = dict(wanted)
    while queue:
        rule, name = queue.popitem()
        if rule in texts:
            texts[rule] = texts.pop(rule)  # needed by what comes later: it moves to the front
            continue
        given = dialect.helper(rule, name)
        if given is None:
            texts[rule], needed = _function(rule, name, dialect)
            queue.update(needed)
        else:
            texts[rule] = given[0]
            imports += [line for line in given[1] if line not in imports]
    return [text for text in reversed(texts.values()) if text], imports


def _function(rule: Rule, name: str, dialect: Dialect) -> tuple[str, dict[Rule, str]]:
    """The text of a row's formula, and the helpers that it calls."""
    program = Program()
    recorder = Recorder(program)
    operands = [program.leaf(SAMPLE, k, label) for k, label in enumerate(rule.operands)]
    out = recorder.lift(dialect.formula(rule)(*map(recorder.number, operands)))
    taken = [*rule.operands, *TABLE, *dialect.reserved]
    writer = Writer(program, [out], Names(taken), dialect, comments=False, inline_outputs=True)
    for i, label in zip(operands, rule.operands, strict=True):
        writer.give(i, label)
    writer.body(program.live([out]), len(program))
    doc = re.sub(r"\s+", " ", rule.doc.replace("\\", " ").replace('"', "'")).rstrip(".")
    return dialect.define(name, rule.operands, f"{doc}.", writer.lines, writer.written[out][0]), writer.helpers
