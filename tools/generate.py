"""Write `autograd/value.py` and `autograd/surface.py` from the table of rules: `make generate`.

The float arithmetic of every primitive, value and local derivatives, is obtained by feeding the rules symbols, so no
derivative is written twice. `--check` exits with 1 when the committed file is stale; a test runs that.
"""

from __future__ import annotations

import sys
import types
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

if "autograd" not in sys.modules:  # load the table without the package, whose value.py may be stale or missing
    package = types.ModuleType("autograd")
    package.__path__ = [str(ROOT / "autograd")]
    sys.modules["autograd"] = package

from autograd.formula import Symbol, write  # noqa: E402
from autograd.rules import TABLE, Rule  # noqa: E402

HEADER = '''\
"""`Value`, a scalar that records what is done to it: one method per row of `rules.py`.

Generated from the table by `make generate`; change the table, not this file. Each method computes its result and its
local derivatives as floats and records both. All else a `Value` can do is in `scalar.py`, written by hand. Compiled by
mypyc in wheels.
"""
# ruff: noqa: E501, SIM108

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np

from . import functions, ieee, rules
from .errors import GraphError, OperandError
from .graph import MODE, THREAD
from .rules import CHOSEN, CONSTANT, INPUT, PARAMETER, Rule
from .scalar import Scalar, checked_label, describe, is_foreign, settle, times, to_float

Leaf = TypeVar("Leaf")

'''

CLASS = '''

class Value(Scalar):
    """A number that remembers how it was computed, so that it can be differentiated.

    Args:
        data: a real number: int, float, bool or a numpy scalar.
        label: the name it is drawn and compiled under.

    Raises:
        OperandError: `data` is not a real number, or `label` is not text.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> loss = (a * b + 10).tanh()
    >>> loss.backward()
    >>> print(f"{loss:.4f} {a.grad:.4f} {b.grad:.4f}")
    0.9993 -0.0040 0.0027
    """

    __slots__ = ()

    def __init__(self, data: object, label: object = "") -> None:
        super().__init__(data if type(data) is float else to_float(data), INPUT)
        if MODE.special:
            self.note = THREAD.note
        if type(label) is not str or label:
            self.label = checked_label(label)

    @property
    def operands(self) -> tuple[Value, ...]:
        """What it was computed from, in order; a plain number appears as a Value of kind `"constant"`."""
        x = self.x
        y = self.y
        if x is None and y is None:
            return ()
        if self.rule.arity == 1:
            return (_checked(x),)
        return (constant(self.dx) if x is None else _checked(x), constant(self.dy) if y is None else _checked(y))

    def detach(self) -> Any:
        """Its number as a new leaf, without the graph."""
        if MODE.special and THREAD.tracer is not None:
            return THREAD.tracer.plain(self)
        return Value(self._data, self.label)

    def __copy__(self) -> Value:
        return self._copied({})

    def _copied(self, memo: dict[int, Any]) -> Value:
        """A copy whose operands are those of `memo` where it knows them."""
        twin = Value(self._data)
        twin._grad = self._grad
        twin.dx = self.dx
        twin.dy = self.dy
        x = self.x
        y = self.y
        twin.x = None if x is None else memo.get(id(x), x)
        twin.y = None if y is None else memo.get(id(y), y)
        twin.rule = self.rule
        twin.note = self.note
        twin.mark = self.mark
        return twin

    def conjugate(self) -> Value:
        """Itself: it is real. (numpy's `var` and `std` ask.)"""
        return self

    def _pull(self, g: Any, operands: Any, wanted: Any, differentiable: bool, masked: bool = False) -> list[Any]:
        """The contributions to the operands, for a cotangent of this node: upstream × local."""
        if not differentiable:
            return [g * d if w else None for d, w in zip(self.partials, wanted, strict=True)]
        rule = self.rule
        return [times(g, rule.partial(k, operands, self)) if w else None for k, w in enumerate(wanted)]

    def _push(self, tangents: list[Any], operands: Any, differentiable: bool) -> Any:
        """The tangent of this node, for those of its operands (None: zero): Σ local × tangent."""
        slopes = self.rule.partial if differentiable else None
        total: Any = None
        for k, tangent in enumerate(tangents):
            if tangent is not None:
                term = times(tangent, self.partials[k] if slopes is None else slopes(k, operands, self))
                if term is not None:
                    total = term if total is None else total + term
        return total

    def __reduce__(self) -> tuple[Any, ...]:
        if self.kind == "result":
            raise GraphError(
                f"a result ({self.op}) is not pickled, its graph would come along: pickle v.detach() for its number, "
                "or save the parameters"
            )
        return _unpickled, (self._data, self._grad, self.label, self.kind)

    @staticmethod
    def _apply(rule: Rule, operands: tuple[object, ...]) -> Any:
        """The rule on Values and numbers; on arrays of them, one by one. Another carrier among them takes over."""
        for operand in operands:
            if not isinstance(operand, Value) and hasattr(operand, "_apply"):
                return operand._apply(rule, operands)
            if isinstance(operand, np.ndarray):
                return rule.each(*operands)
        if rules.TABLE.get(rule.name) is not rule:
            return _applied(rule, operands)
        if rule.name in OPERATORS:
            return OPERATORS[rule.name](*operands)
        first = operands[0]
        if isinstance(first, Value):
            return getattr(first, rule.name)(*operands[1:])
        return getattr(operands[1], "_r" + rule.name)(first)

    def __pos__(self) -> Value:
        return self

    def clip(self, low: object, high: object) -> Any:
        """Itself between `low` and `high`, else the edge it is beyond; at the edge its derivative is 1."""
        return functions.clip(self, low, high)

    @property
    def _prev(self) -> set[Value]:
        """micrograd's name for the operands, for its `trace` function; `operands` has them in order."""
        return set(self.operands)

    @property
    def _op(self) -> str:
        """micrograd's name for how the result is written; see `op`."""
        return self.rule.symbol or self.rule.name

    @staticmethod
    def _where(condition: object, x: object, y: object) -> Any:
        """A recorded choice: the operand chosen, with derivative 1; the other one is no part of the graph."""
        for operand in (condition, x, y):
            if not isinstance(operand, Value) and hasattr(operand, "_where"):
                return operand._where(condition, x, y)
        if isinstance(condition, np.ndarray):
            return np.where(condition, np.asarray(x, dtype=object), np.asarray(y, dtype=object))
        if not isinstance(condition, (bool, np.bool_)):
            raise OperandError("where() expects a condition such as x > 0, or an array of them")
        chosen = x if condition else y
        if isinstance(chosen, Value):
            return Result(CHOSEN, chosen._data, chosen, 1.0, None, 0.0)
        return constant(to_float(chosen, "an operand of where"))

    @staticmethod
    def _equal(x: object, y: object) -> bool:
        return (x._data if isinstance(x, Value) else x) == (y._data if isinstance(y, Value) else y)
'''

FOOTER = '''

class Result(Value):
    """A Value that an operation made. Not for calling by hand."""

    __slots__ = ()

    def __init__(self, rule: Rule, data: float, x: Scalar | None, dx: float, y: Scalar | None, dy: float) -> None:
        self._data = data
        self._grad = 0.0
        self.x = x
        self.dx = dx
        self.y = y
        self.dy = dy
        self.rule = rule
        self.mark = 0
        self.note = MODE.note
        if MODE.special:
            settle(self)


OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "power": operator.pow,
}


def _applied(rule: Rule, operands: tuple[object, ...]) -> Value:
    """A user's own primitive on Values and numbers."""
    if rule.arity not in (1, 2):
        raise OperandError(f"{rule.name} takes {rule.arity} operands; a primitive of scalars takes one or two")
    numbers = [o._data if isinstance(o, Value) else to_float(o, f"an operand of {rule.name}") for o in operands]
    out = to_float(rule(*numbers), f"the value of {rule.name}")
    slopes = [to_float(rule.partial(k, numbers, out), f"a derivative of {rule.name}") for k in range(rule.arity)]
    first, last = operands[0], operands[-1]
    x = first if isinstance(first, Value) else None
    y = last if isinstance(last, Value) and rule.arity == 2 else None
    dx = slopes[0] if x is not None else numbers[0]
    dy = 0.0 if rule.arity == 1 else slopes[1] if y is not None else numbers[1]
    return Result(rule, out, x, dx, y, dy)


def constant(number: float) -> Value:
    """A leaf for a number that is written in a formula."""
    leaf = Value(number)
    leaf.rule = CONSTANT
    return leaf


def parameter(leaf: Leaf) -> Leaf:
    """The same leaf (a Value or a Tensor), marked as one to be learned."""
    node: Any = leaf
    if not hasattr(node, "is_leaf"):
        raise OperandError(f"a parameter is a Value or a Tensor, got {describe(leaf)}; write parameter(Value(number))")
    if not node.is_leaf:
        raise GraphError(f"a result ({node.op}) cannot be a parameter: use v.detach(), which is a leaf")
    node.rule = PARAMETER
    return leaf


def _unpickled(data: float, grad: float, label: str, kind: str) -> Value:
    leaf = Value(data, label)
    leaf._grad = grad
    leaf.rule = {"input": INPUT, "parameter": PARAMETER, "constant": CONSTANT}[kind]
    return leaf


def _checked(operand: Scalar | None) -> Value:
    assert isinstance(operand, Value)
    return operand
'''

OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv", "power": "pow", "negative": "neg",
}  # fmt: skip

CALLED = {name: Rule(name, lambda x, y: None, lambda: 0, lambda: 0, intrinsic=True) for name in ("divide", "power")}
"""Operators that raise for floats where IEEE 754 gives infinity or NaN, so float code calls a function instead."""


def main() -> int:
    stale = []
    for name, text in {"value.py": module(), "surface.py": surface()}.items():
        target = ROOT / "autograd" / name
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            stale.append(f"autograd/{name}")
            if "--check" not in sys.argv:
                target.write_text(text, encoding="utf-8")
    if "--check" in sys.argv and stale:
        print(f"stale: {', '.join(stale)}; run make generate", file=sys.stderr)
        return 1
    return 0


SURFACE = '''\
"""The operators and elementwise methods that array carriers share: one line for each row of `rules.py`.

Generated from the table by `make generate`; change the table, not this file. A carrier gives `_apply(rule, operands)`
and inherits everything else. (`Value` has methods of its own, written out in floats for speed.)
"""

from __future__ import annotations

from typing import Any

from . import rules


class Surface:
    """What can be done to a Tensor, or to a number that a compiler traces."""

    __slots__ = ()

    @staticmethod
    def _apply(rule: rules.Rule, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError
'''


def surface() -> str:
    """The whole text of surface.py."""
    text = SURFACE
    for row in TABLE.values():
        name = method_name(row)
        other = "" if row.arity == 1 else f", other: Any{f' = {row.defaults[0]}' if row.defaults else ''}"
        operands = "(self,)" if row.arity == 1 else "(self, other)"
        text += f"""
    def {name}(self{other}) -> Any:
        \"\"\"{sentence(row)}\"\"\"
        return self._apply(rules.{row.name}, {operands})
"""
        if row.arity == 2 and name.startswith("__"):
            text += f"""
    def {method_name(row, True)}(self, other: Any) -> Any:
        return self._apply(rules.{row.name}, (other, self))
"""
        if row.name == "abs":
            text += "\n    def __abs__(self) -> Any:\n        return self.abs()\n"
    return text


def module() -> str:
    """The whole text of value.py."""
    rows = list(TABLE.values())
    names = "\n".join(f"{row.name.upper()}: Final = rules.{row.name}" for row in rows)
    return HEADER + names + "\n" + CLASS + "".join(map(method, rows)) + FOOTER


def method(row: Rule) -> str:
    """The method or methods of one primitive."""
    return unary(row) if row.arity == 1 else binary(row) + binary(row, reflected=True)


def unary(row: Rule) -> str:
    steps, out, (dx,) = formulas(row)
    head = f'\n    def {method_name(row)}(self) -> Value:\n        """{sentence(row)}"""\n'
    body = ["x = self._data", *steps, f"out = {out}"] if _uses(dx, "out") or steps else ["x = self._data"]
    shown = "out" if len(body) > 1 else out
    needed = [line for line in body if line != "x = self._data" or any(_uses(t, "x") for t in (*steps, out, dx))]
    lines = [*needed, f"return Result({row.name.upper()}, {shown}, self, {dx}, None, 0.0)"]
    alias = "\n    def __abs__(self) -> Value:\n        return self.abs()\n" if row.name == "abs" else ""
    return head + _indent(lines) + alias


def binary(row: Rule, reflected: bool = False) -> str:
    steps, out, (dx, dy) = formulas(row)
    default = f" = {row.defaults[0]}" if row.defaults and not reflected else ""
    name = method_name(row, reflected)
    head = f'\n    def {name}(self, other: object{default}) -> Any:\n        """{sentence(row)}"""\n'
    own, given = ("y", "x") if reflected else ("x", "y")
    long = _uses(dx, "out") or _uses(dy, "out")
    shown = "out" if long else out
    compute = [*steps, *([f"out = {out}"] if long else [])]
    both = f"return Result({row.name.upper()}, {shown}, self, {dx}, other, {dy})"
    const_x, const_y = (given, dy) if reflected else (dx, given)
    sides = ("None", const_x, "self", const_y) if reflected else ("self", const_x, "None", const_y)
    foreign = f"{row.name.upper()}({'other, self' if reflected else 'self, other'})"
    lines = [f"{own} = self._data"]
    if not reflected:
        lines += [
            "if isinstance(other, Value):",
            *[f"    {line}" for line in ["y = other._data", *compute, both]],
        ]
    lines += [
        "if type(other) is float:",
        f"    {given} = other",
        "elif isinstance(other, int):",
        f"    {given} = float(other)",
        "elif is_foreign(other):",
        f"    return {'NotImplemented' if name.startswith('__') else foreign}",
        "else:",
        f'    {given} = to_float(other, "an operand of {row.symbol or row.name}")',
        *compute,
        f"return Result({row.name.upper()}, {shown}, {', '.join(sides)})",
    ]
    return head + _indent(lines)


def method_name(row: Rule, reflected: bool = False) -> str:
    if row.name in OPERATORS:
        return f"__{'r' if reflected else ''}{OPERATORS[row.name]}__"
    return f"_r{row.name}" if reflected else row.name


def sentence(row: Rule) -> str:
    return row.doc[0].upper() + row.doc[1:] + "."


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
    return f"ieee.{symbol.op.name}({', '.join(operands)})"


def _uses(text: str, name: str) -> bool:
    return name in "".join(c if c.isalnum() or c == "_" else " " for c in text).split()


def _indent(lines: Sequence[str]) -> str:
    return "".join(f"        {line}\n" for line in lines)


if __name__ == "__main__":
    raise SystemExit(main())
