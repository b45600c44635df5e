"""The functions that a printed program needs beside numpy's: each is printed from the formula of its row."""

from __future__ import annotations

from ...core.rule import Rule
from ...core.table import TABLE
from ..names import Names
from ..program import is_row
from ..text import NUMPY, Dialect, has_function, indented
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
        elif rule.intrinsic and is_row(rule) and not has_function(rule):
            if dialect is NUMPY:
                imports = ["import math", ""]
                texts[rule] = f"{name} = np.vectorize(math.{rule.c}, otypes=[float])"
            else:
                imports.append(f"from jax.scipy.special import {name}")
        else:
            texts[rule], needed = _function(rule, name, dialect)
            queue.update(needed)
    return list(reversed(texts.values())), imports


def _function(rule: Rule, name: str, dialect: Dialect) -> tuple[str, dict[Rule, str]]:
    """The text of a row's formula, and the helpers that it calls."""
    program = Program()
    recorder = Recorder(program)
    operands = [program.leaf(SAMPLE, k, label) for k, label in enumerate(rule.operands)]
    out = recorder.lift(rule.value(*map(recorder.number, operands)))
    writer = Writer(program, [out], Names([*rule.operands, *TABLE]), dialect, comments=False, inline_outputs=True)
    for i, label in zip(operands, rule.operands, strict=True):
        writer.give(i, label)
    writer.body(program.live([out]), len(program))
    doc = rule.doc.replace("\\", " ").replace('"', "'").rstrip(".")
    lines = [f'"""{doc}."""', *writer.lines, f"return {writer.written[out][0]}"]
    return "\n".join([f"def {name}({', '.join(rule.operands)}):", *indented(lines)]), writer.helpers
