"""Fill the generated lines of the library from the table of rules: `make generate`.

The float arithmetic of every primitive, value and local derivatives, is obtained by feeding the rules symbols, so no
derivative is written twice. Generated lines stand between `# generated: <what>` and `# end of generated`; everything
else in those files is written by hand. `--check` exits with 1 when a file is stale; a test runs that.
"""

from __future__ import annotations

import re
import sys
import textwrap
import types
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

if "autograd" not in sys.modules:  # load the table without the package, whose generated lines may be stale or missing
    package = types.ModuleType("autograd")
    package.__path__ = [str(ROOT / "autograd")]
    sys.modules["autograd"] = package

from autograd.core.rule import Rule  # noqa: E402
from autograd.core.table import TABLE  # noqa: E402
from autograd.formula import Symbol, write  # noqa: E402
from autograd.numbers import ieee  # noqa: E402

OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "power": "pow", "negative": "neg",
    "floor_divide": "floordiv", "remainder": "mod",
}  # fmt: skip

CALLED = {name: Rule(name, lambda x, y: None, lambda: 0, lambda: 0, intrinsic=True) for name in ("divide", "power")}
"""Operators that raise for floats where IEEE 754 gives infinity or NaN, so float code calls a function instead."""

HIDDEN = {"abs", "identity", *OPERATORS}
"""Rows that are written as operators, shadow a builtin, or are the engine's own: not among the public names."""


def main() -> int:
    stale = []
    for name, blocks in BLOCKS.items():
        target = ROOT / "autograd" / name
        before = target.read_text(encoding="utf-8")
        after = before
        for what, lines in blocks.items():
            after = filled(after, what, lines())
        if after != before:
            stale.append(f"autograd/{name}")
            if "--check" not in sys.argv:
                target.write_text(after, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"stale: {', '.join(stale)}; run make generate", file=sys.stderr)
        return 1
    return 0


def filled(text: str, what: str, lines: str) -> str:
    """A file with the lines between the two marks of a block replaced."""
    block = re.compile(rf"^( *)# generated: {re.escape(what)}\n(.*?)^ *# end of generated\n", re.DOTALL | re.MULTILINE)
    found = block.search(text)
    if found is None:
        raise LookupError(f"there is no block of generated lines called {what!r}")
    return text[: found.start(2)] + lines + text[found.end(2) :]


def short_names() -> str:
    """The rows as constants of `value.py`."""
    return "".join(f"{row.name.upper()}: Final = table.{row.name}\n" for row in TABLE.values())


def methods() -> str:
    """The methods of `Value`."""
    return "".join(map(method, TABLE.values())) + "\n"


def operators() -> str:
    """The methods that array carriers share."""
    text = ""
    for row in TABLE.values():
        name = method_name(row)
        other = "" if row.arity == 1 else f", other: Any{f' = {row.defaults[0]}' if row.defaults else ''}"
        other += ", modulo: Any = None" if row.name == "power" else ""
        check = "        check_modulo(modulo)\n" if row.name == "power" else ""
        operands = "(self,)" if row.arity == 1 else "(self, other)"
        text += f"""
    def {name}(self{other}) -> Any:
        \"\"\"{sentence(row)}\"\"\"
{check}        return self._apply(table.{row.name}, {operands})
"""
        if row.arity == 2 and name.startswith("__"):
            text += f"""
    def {method_name(row, True)}(self, other: Any) -> Any:
        return self._apply(table.{row.name}, (other, self))
"""
        if row.name == "abs":
            text += "\n    def __abs__(self) -> Any:\n        return self.abs()\n"
    return text + "\n"


def imports() -> str:
    """The rows among the public names, imported."""
    return _wrapped("from .core.table import (", [name for name in TABLE if name not in HIDDEN], ")")


def public() -> str:
    """The rows among the public names, listed."""
    return _wrapped(
        "__all__ += [  # noqa: RUF022, in the order of the table",
        [f'"{name}"' for name in TABLE if name not in HIDDEN],
        "]",
    )


def _wrapped(head: str, items: Sequence[str], end: str) -> str:
    rows = textwrap.wrap(", ".join(items) + ",", 116)
    return "\n".join([head, *(f"    {row}" for row in rows), end]) + "\n"


BLOCKS: dict[str, dict[str, Callable[[], str]]] = {
    "value/value.py": {"a short name for each row": short_names, "one method for each row of the table": methods},
    "tensor/operators.py": {"one method for each row of the table": operators},
    "__init__.py": {"the rows of the table": imports, "their names": public},
}
"""The files with generated lines: what a block is called, and who writes it."""


def method(row: Rule) -> str:
    """The method or methods of one primitive."""
    return unary(row) if row.arity == 1 else binary(row) + binary(row, reflected=True)


def unary(row: Rule) -> str:
    steps, out, (dx,) = formulas(row)
    head = f'\n    def {method_name(row)}(self) -> Value:\n        """{sentence(row)}"""\n'
    alias = "\n    def __abs__(self) -> Value:\n        return self.abs()\n" if row.name == "abs" else ""
    return head + _indent(_needed(["x = self._data", *steps], row, out, ["self", dx, "None", "0.0"])) + alias


def binary(row: Rule, reflected: bool = False) -> str:
    steps, out, (dx, dy) = formulas(row)
    default = f" = {row.defaults[0]}" if row.defaults and not reflected else ""
    is_power = row.name == "power" and not reflected
    default += ", modulo: object = None" if is_power else ""
    name = method_name(row, reflected)
    head = f'\n    def {name}(self, other: object{default}) -> Any:\n        """{sentence(row)}"""\n'
    own, given = ("y", "x") if reflected else ("x", "y")
    foreign = f"{row.name.upper()}({'other, self' if reflected else 'self, other'})"
    lines = [*(["if modulo is not None:", "    check_modulo(modulo)"] if is_power else []), f"{own} = self._data"]
    if not reflected:
        both = _needed(["y = other._data", *steps], row, out, ["self", dx, "other", dy])
        lines += ["if isinstance(other, Value):", *[f"    {line}" for line in both]]
    lines += [
        "if type(other) is float:",
        f"    {given} = other",
        "elif isinstance(other, int):",
        f'    {given} = whole(other, "an operand of {row.symbol or row.name}")',
        "elif is_foreign(other):",
        f"    return {'NotImplemented' if name.startswith('__') else foreign}",
        "else:",
        f'    {given} = to_float(other, "an operand of {row.symbol or row.name}")',
        *_needed(steps, row, out, ["None", given, "self", dy] if reflected else ["self", dx, "None", given]),
    ]
    return head + _indent(lines)


def _needed(steps: Sequence[str], row: Rule, out: str, slots: Sequence[str]) -> list[str]:
    """Those of the steps that a result needs, and the statement that returns it."""
    shown, kept = out, list[str]()
    if any(_uses(text, "out") for text in slots) or (row.arity == 1 and len(steps) > 1):
        steps, shown = [*steps, f"out = {out}"], "out"
    texts = [shown, *slots]
    for step in reversed(steps):
        name, _, text = step.partition(" = ")
        if any(_uses(other, name) for other in texts):
            kept.insert(0, step)
            texts.append(text)
    return [*kept, f"return Result({row.name.upper()}, {shown}, {', '.join(slots)})"]


def method_name(row: Rule, reflected: bool = False) -> str:
    if row.name in OPERATORS:
        return f"__{'r' if reflected else ''}{OPERATORS[row.name]}__"
    return f"_r{row.name}" if reflected else row.name


def sentence(row: Rule) -> str:
    return f"Return {row.doc}."


def formulas(row: Rule) -> tuple[list[str], str, list[str]]:
    """Float arithmetic for a row: shared steps as statements, the value, the derivatives."""
    operands = tuple(Symbol(name) for name in ("x", "y")[: row.arity])
    out = expand(Symbol(row, operands) if row.intrinsic or row.symbol else row.value(*operands))
    partials = [expand(row.partial(k, operands, Symbol("out"))) for k in range(row.arity)]
    counts: Counter[Any] = Counter()
    for formula in (out, *partials):
        _count(formula, counts)
    names: dict[Any, str] = {}
    steps: list[str] = []
    texts = [_named(formula, counts, names, steps) for formula in (out, *partials)]
    return steps, texts[0], texts[1:]


def expand(formula: Any) -> Any:
    """Put the formula of a row in the place of the row, down to the functions of the machine and the operators."""
    if not isinstance(formula, Symbol):
        return formula
    args = tuple(map(expand, formula.args))
    if isinstance(formula.op, Rule) and not formula.op.intrinsic and not formula.op.symbol:
        return expand(formula.op.value(*args))
    if isinstance(formula.op, Rule) and formula.op.name in CALLED:
        by_number = formula.op.name == "divide" and not isinstance(args[1], Symbol)
        if not by_number:
            return Symbol(CALLED[formula.op.name], args)
    return Symbol(formula.op, args)


def _count(formula: Any, counts: Counter[Any]) -> None:
    if isinstance(formula, Symbol) and formula.args:
        counts[formula.key] += 1
        if counts[formula.key] == 1:
            for argument in formula.args:
                _count(argument, counts)


def _named(formula: Any, counts: Counter[Any], names: dict[Any, str], steps: list[str]) -> str:
    """The text of a formula; what it shares with itself or others becomes a step with a name."""

    def replace(part: Any) -> Any:
        if not isinstance(part, Symbol) or not part.args:
            return part
        if part.key in names:
            return Symbol(names[part.key])
        rebuilt = Symbol(part.op, tuple(map(replace, part.args)))
        shared = counts[part.key] > 1 and not (isinstance(part.op, Rule) and part.op.name == "negative")
        if shared and _is_call(part):
            names[part.key] = f"t{len(names) + 1}"
            steps.append(f"{names[part.key]} = {write(rebuilt, atom, constant)}")
            return Symbol(names[part.key])
        return rebuilt

    return write(replace(formula), atom, constant)


def _is_call(part: Symbol) -> bool:
    return isinstance(part.op, Rule) and part.op.intrinsic


def constant(x: float) -> str:
    return repr(float(x)).replace("inf", "ieee.INF")


def atom(symbol: Symbol, operands: Sequence[str]) -> str:
    """How float code writes what is not infix."""
    if symbol.op == "where":
        return f"({operands[1]} if {operands[0]} else {operands[2]})"
    if isinstance(symbol.op, str):
        return f"{operands[0]} {symbol.op} {operands[1]}"
    name = f"ieee.{symbol.op.name}" if hasattr(ieee, symbol.op.name) else f"math.{symbol.op.c}"
    return f"{name}({', '.join(map(_bare, operands))})"


def _bare(text: str) -> str:
    """Without the parentheses of a choice, which an argument does not need."""
    depth = 0
    for k, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1:-1] if text.startswith("(") and k == len(text) - 1 else text
    return text


def _uses(text: str, name: str) -> bool:
    return name in "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def _indent(lines: Sequence[str]) -> str:
    return "".join(f"        {line}\n" for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
