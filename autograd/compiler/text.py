"""Programs as text: what a writer does for any program, and the dialects that it writes in.

A writer walks through the instructions. What is used once stands inside the expression that uses it; everything else
gets a name and a statement. `scalar/writer.py` and `arrays/writer.py` add how their instructions are written. A dialect
says what its language calls things: numpy's functions, jax's.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ..core.rule import Rule
from ..formula import LEVEL, infix, number
from .names import Names
from .program import COMPARISONS, DETACH, Operation, is_row

Written = tuple[str, float]
"""A text, and the level at which it binds."""

WIDTH: Final = 116
ATOM: Final = LEVEL["atom"]
LOOSE: Final = LEVEL["compare"]


@dataclass(frozen=True)
class Dialect:
    """How programs are written: in Python, for a library of functions on arrays. Other languages are subclasses.

    Args:
        name: what the library is called.
        module: what its functions are found in.
        imports: the lines that a module which uses it starts with.
        in_place: whether an array can be changed.
        remark: what a comment starts with.
        masks: whether a condition can be a factor, as 1 or 0.
        reserved: what no name may be, beside what is forbidden in Python.
    """

    name: str
    module: str
    imports: tuple[str, ...] = ()
    in_place: bool = True
    remark: str = "#"
    masks: bool = True
    reserved: tuple[str, ...] = ()

    def function(self, rule: Rule) -> str:
        """What a row of the table is called, `np.tanh`; "" where the library does not have it."""
        return f"{self.module}.{rule.name}" if is_row(rule) and has_function(rule) else ""

    def sign(self, rule: Rule) -> str:
        """The operator that a row is written with; "" for a call."""
        return rule.symbol if is_row(rule) else ""

    def helper(self, rule: Rule, name: str) -> tuple[str, list[str]] | None:
        """A function that has to stand beside the text and is no formula: its text, and the imports that it needs."""
        if not (rule.intrinsic and is_row(rule)) or has_function(rule):
            return None
        if self.in_place:
            return f"{name} = {self.module}.vectorize(math.{rule.c}, otypes=[float])", ["import math", ""]
        return "", [f"from jax.scipy.special import {name}"]

    def formula(self, rule: Rule) -> Callable[..., Any]:
        """What another helper computes."""
        return rule.formula or rule.value

    def define(self, name: str, arguments: Sequence[str], doc: str, lines: Sequence[str], result: str) -> str:
        """A function that computes one result."""
        inside = [f'"""{doc}"""', *lines, f"return {result}"]
        return "\n".join([f"def {name}({', '.join(arguments)}):", *indented(inside)])

    def number(self, value: float | bool) -> Written:
        """A number: 2 rather than 2.0, np.inf."""
        if isinstance(value, bool):
            return str(value), ATOM
        if value != value:
            return f"{self.module}.nan", ATOM
        text = f"{'-' * (value < 0)}{self.module}.inf" if abs(value) == float("inf") else number(value)
        return text, LEVEL["neg"] if text.startswith("-") else ATOM

    def operator(self, sign: str, operands: Sequence[Written]) -> Written:
        """An operator between its operands, or before its one operand."""
        return infix(sign, operands)

    def opcode(self, op: Operation, operands: Sequence[Written]) -> Written:
        """A comparison, a combination of conditions, or `detach`."""
        if op == DETACH:
            return operands[0]
        if op in COMPARISONS:
            return f"{closed(operands[0], LOOSE)} {op} {closed(operands[1], LOOSE)}", LOOSE
        if op == "not":
            return f"~{closed(operands[0])}", LEVEL["neg"]
        return f"{closed(operands[0])} {'&' if op == 'and' else '|'} {closed(operands[1])}", LOOSE

    def negation(self, operand: Written) -> Written:
        """That a condition does not hold, be it of a plain number or of a vector."""
        return f"{self.module}.logical_not({operand[0]})", ATOM

    def choice(self, operands: Sequence[Written], vectors: bool) -> Written:
        """`where` of a condition and two sides."""
        if vectors:
            return f"{self.module}.where({', '.join(text for text, _ in operands)})", ATOM
        condition, x, y = (closed(operand, LOOSE) for operand in operands)
        return f"{x} if {condition} else {y}", LOOSE

    def statement(self, name: str, text: str, comment: str = "") -> list[str]:
        """`name = text  # comment`, over several lines where it is long."""
        return assignment(f"{name} = ", text, f"  {self.remark} {comment}" if comment else "")


NUMPY: Final = Dialect("numpy", "np", ("import numpy as np",))
JAX: Final = Dialect("jax", "jnp", ("import jax.numpy as jnp",), in_place=False)


def has_function(rule: Rule) -> bool:
    """Whether numpy has a function for a row."""
    return isinstance(getattr(np, rule.name, None), np.ufunc)


@dataclass
class BaseWriter:
    """Writes the statements of one function.

    Args:
        helpers: the functions that the text calls and that have to be printed beside it, by their rows.
        written: the text of an instruction, where it is used.
        known: the names of instructions.
        wishes: names that instructions should get.
        boundary: the first instruction of the backward part.
    """

    program: Any
    outputs: Sequence[int]
    names: Names = field(default_factory=Names)
    dialect: Dialect = NUMPY
    helpers: dict[Rule, str] = field(default_factory=dict)
    written: dict[int, Written] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    wishes: dict[int, str] = field(default_factory=dict)
    boundary: int = 0

    def body(self, live: Sequence[int], boundary: int) -> None:
        """The statements for the live instructions; those from `boundary` on are the backward part."""
        self.boundary = boundary
        self.prepare(live)
        forward = True
        for i in live:
            if not self.program.args[i] and self.leaf(i):
                continue
            if forward and i >= boundary:
                forward = False
                if self.lines:
                    self.lines += ["", f"{self.dialect.remark} backward"]
            if self.special(i):
                continue
            text, level = self.expression(i)
            if self.is_inline(i, text):
                self.written[i] = (text, level)
            else:
                self.assign(i, text)

    def prepare(self, live: Sequence[int]) -> None:
        """Look at all instructions before any is written."""

    def leaf(self, i: int) -> bool:
        """Write a leaf; whether it is one."""
        raise NotImplementedError

    def special(self, i: int) -> bool:
        """Write what is not an expression; whether it is such."""
        return False

    def expression(self, i: int) -> Written:
        """The text of an instruction."""
        raise NotImplementedError

    def is_inline(self, i: int, text: str) -> bool:
        """Whether the expression stands where it is used, without a name."""
        raise NotImplementedError

    def new_name(self, i: int) -> str:
        """A name for an instruction that nobody wished for."""
        raise NotImplementedError

    def comment(self, i: int) -> str:
        """What stands behind its statement."""
        return ""

    def assign(self, i: int, text: str) -> None:
        """A statement that gives an instruction its name."""
        name = self.name(i)
        self.lines += self.dialect.statement(name, text, self.comment(i))

    def name(self, i: int) -> str:
        """Give an instruction its name."""
        wish = self.wishes.get(i)
        self.known[i] = self.names.unique(wish) if wish else self.new_name(i)
        self.written[i] = (self.known[i], ATOM)
        return self.known[i]

    def give(self, i: int, name: str) -> None:
        """Let an instruction be known under a name that is given already: that of an argument."""
        self.known[i], self.written[i] = name, (name, ATOM)

    # ------------------------------------------------------------------------------------------- expressions

    def call(self, rule: Rule, operands: Sequence[Written]) -> Written:
        """A row applied to its written operands."""
        sign = self.dialect.sign(rule)
        if sign:
            return self.dialect.operator(sign, operands)
        return f"{self.function(rule)}({', '.join(text for text, _ in operands)})", ATOM

    def function(self, rule: Rule) -> str:
        """The function of a row: the dialect's, or a helper."""
        found = self.dialect.function(rule)
        if found:
            return found
        if rule not in self.helpers:
            self.helpers[rule] = rule.name if is_row(rule) else self.names.unique(rule.name)
        return self.helpers[rule]


def closed(operand: Written, above: float = ATOM - 1) -> str:
    """A text with parentheses, unless it binds more tightly than `above`."""
    return operand[0] if operand[1] > above else f"({operand[0]})"


def assignment(head: str, text: str, note: str = "", tail: str = "") -> list[str]:
    """A statement, over several lines where it is long; `note` is its comment, `tail` what ends it."""
    line = f"{head}{text}{tail}"
    if len(line) + len(note) <= WIDTH - 4:
        return [line + note]
    if len(line) <= WIDTH - 4:
        return [note.strip(), line]
    return [f"{head}({note}", *(f"    {row}" for row in wrapped(text)), f"){tail}"]


def wrapped(text: str) -> list[str]:
    """A long text in lines that fit."""
    return textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False)


def listed(head: str, items: Iterable[str], tail: str, last: str = "") -> list[str]:
    """Items between brackets, over several lines where they are many."""
    items = list(items)
    line = f"{head}{', '.join(items)}{last}{tail}"
    if len(line) <= WIDTH - 4:
        return [line]
    return [head, *rows_of(items), tail]


def rows_of(items: Sequence[str]) -> list[str]:
    """Items separated by commas, in indented lines."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(item) + 2 <= WIDTH - 4:
            rows[-1] += f" {item},"
        else:
            rows.append(f"    {item},")
    return rows


def indented(lines: Iterable[str]) -> list[str]:
    """Lines in the body of a function."""
    return [f"    {line}" if line else "" for line in lines]


def module(title: str, imports: Sequence[str], parts: Sequence[str]) -> str:
    """The text of a module: what it is, what it imports, its functions."""
    return "\n\n\n".join(["\n".join([f'"""{title}"""', "", *imports]).rstrip(), *parts]) + "\n"
