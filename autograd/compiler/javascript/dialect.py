"""How programs are written in JavaScript, and formulas for the rows of the table that its `Math` lacks.

The functions of `Math` are those of the platform: V8's (node, Chromium) are within 2.1 × 2**-53 of the exact value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from ...core import table as rules
from ...core.rule import Rule
from ...errors import OperandError
from ...formula import LEVEL, number
from ...numbers.error_function import EDGE, END, FAR, MIDDLE, NEAR, SPLIT, polynomial
from ...numbers.functions import greater, less, less_equal, where
from ..program import COMPARISONS, Operation, is_row
from ..text import ATOM, LOOSE, Dialect, Written, assignment, closed

MATH: Final = frozenset(
    ("abs", "acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "cbrt", "ceil", "cos", "cosh", "exp", "expm1",
     "floor", "hypot", "log", "log10", "log1p", "log2", "max", "min", "sign", "sin", "sinh", "sqrt", "tan", "tanh",
     "trunc")
)  # fmt: skip
"""What `Math` has, with the special values of IEEE 754. (Its `pow` differs from C's, and `round` from everybody's.)"""

SPELLED: Final = {rules.maximum: "max", rules.minimum: "min"}

WORDS: Final = (
    "arguments await break case catch class const continue debugger default delete do else enum eval export extends "
    "false finally for function if implements import in instanceof interface let new null package private protected "
    "public return static super switch this throw true try typeof undefined var void while with yield "
    "Array Float64Array Infinity Int32Array Math NaN Number Object Uint8Array i n"
)
RESERVED: Final = tuple(WORDS.split())
"""What a name must not be: words of the language, and names that the printed text uses itself."""

POWER: Final = """\
function {name}(x, y) {{ // as C's pow: 1 to any power is 1, and so is -1 to an infinite one
  return x === 1 || (x === -1 && (y === Infinity || y === -Infinity)) ? 1 : Math.pow(x, y);
}}"""


def _erf(x: Any) -> Any:
    size = rules.abs(x)
    return where(less_equal(size, EDGE), _near(x, size), where(less(x, 0.0), _upper(size) - 1.0, 1.0 - _upper(size)))


def _erfc(x: Any) -> Any:
    size = rules.abs(x)
    far = where(less(x, 0.0), 2.0 - _upper(size), _upper(size))
    return where(less_equal(size, EDGE), 1.0 - _near(x, size), far)


def _near(x: Any, size: Any) -> Any:
    """erf(x) near 0."""
    return x * (polynomial(NEAR[0], size * size) / polynomial(NEAR[1], size * size))


def _upper(x: Any) -> Any:
    """erfc(x) for the larger x: as in `error_function.py`, one number at a time."""
    x = rules.minimum(x, END)
    z = 1.0 / (x * x)
    tail = (1.0 / math.sqrt(math.pi) - z * (polynomial(FAR[0], z) / polynomial(FAR[1], z))) / x
    scaled = where(greater(x, SPLIT), tail, polynomial(MIDDLE[0], x) / polynomial(MIDDLE[1], x))
    short = rules.floor(x * 16.0) / 16.0
    return scaled * rules.exp(-short * short) * rules.exp((short - x) * (short + x))


LACKING: Final[dict[Rule, Callable[..., Any]]] = {
    rules.exp2: lambda x: rules.power(2.0, x),
    rules.erf: _erf,
    rules.erfc: _erfc,
}
"""Rows that `Math` lacks and whose entry in the table has no formula, since C and numpy or SciPy have them."""


class JavaScript(Dialect):
    """JavaScript of 2015 and later, one number at a time."""

    def function(self, rule: Rule) -> str:
        """`Math.tanh`; "" where `Math` does not have it."""
        if not is_row(rule) or not rule.intrinsic:
            return ""
        found = SPELLED.get(rule) or next((name for name in (rule.c, rule.name) if name in MATH), "")
        return f"Math.{found}" if found else ""

    def helper(self, rule: Rule, name: str) -> tuple[str, list[str]] | None:
        """The text of a helper that has no formula: that of the power."""
        if rule is rules.fmod:
            return f"function {name}(x, y) {{\n  return x % y;\n}}", []
        return (POWER.format(name=name), []) if rule is rules.power else None

    def formula(self, rule: Rule) -> Callable[..., Any]:
        """What a helper computes.

        Raises:
            OperandError: it is a function of the machine that JavaScript lacks and that has no formula.
        """
        found = LACKING.get(rule) or rule.formula
        if found is None and rule.intrinsic:
            raise OperandError(
                f"JavaScript has no {rule.name}: give its row a formula in other rows, formula=lambda x: ..."
            )
        return found or rule.value

    def define(self, name: str, arguments: Sequence[str], doc: str, lines: Sequence[str], result: str) -> str:
        """A function."""
        inside = [*lines, f"return {result};"]
        head = f"// {doc}\nfunction {name}({', '.join(arguments)}) {{"
        return "\n".join([head, *(f"  {line}" if line else "" for line in inside), "}"])

    def number(self, value: float | bool) -> Written:
        """A number, or a truth value."""
        if isinstance(value, bool):
            return str(value).lower(), ATOM
        if value != value:
            return "NaN", ATOM
        text = f"{'-' * (value < 0)}Infinity" if math.isinf(value) else number(value)
        return text, LEVEL["neg"] if text.startswith("-") else ATOM

    def sign(self, rule: Rule) -> str:
        """The operator of a row; `**` is not C's power."""
        return "" if rule is rules.power else rule.symbol

    def operator(self, sign: str, operands: Sequence[Written]) -> Written:
        """An operator; a second minus right behind one would be another operator."""
        if len(operands) == 1 and operands[0][0].startswith("-"):
            operands = [(f"({operands[0][0]})", ATOM)]
        return super().operator(sign, operands)

    def opcode(self, op: Operation, operands: Sequence[Written]) -> Written:
        """A comparison, or a combination of conditions."""
        if op in COMPARISONS:
            sign = "===" if op == "==" else op
            return f"{closed(operands[0], LOOSE)} {sign} {closed(operands[1], LOOSE)}", LOOSE
        if op in ("and", "or"):
            return f"{closed(operands[0])} {'&&' if op == 'and' else '||'} {closed(operands[1])}", LOOSE
        return super().opcode(op, operands)

    def negation(self, operand: Written) -> Written:
        """That a condition does not hold."""
        return f"!{closed(operand)}", LEVEL["neg"]

    def choice(self, operands: Sequence[Written], vectors: bool) -> Written:
        """One number or another."""
        condition, x, y = (closed(operand, LOOSE) for operand in operands)
        return f"{condition} ? {x} : {y}", LOOSE

    def statement(self, name: str, text: str, comment: str = "") -> list[str]:
        """`const name = text; // comment`."""
        return assignment(f"const {name} = ", text, f" {self.remark} {comment}" if comment else "", ";")


JAVASCRIPT: Final = JavaScript("javascript", "Math", remark="//", masks=False, reserved=RESERVED)
