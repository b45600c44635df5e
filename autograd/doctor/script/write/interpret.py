"""A formula computed from given values: the little of Python that a line of backprop is written in.

Nothing is executed that is not in the syntax tree here: names and what they stand for come from the tape, functions
from numpy and from the learner's own script.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

BINARY = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
COMPARE = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
BUILTINS = {
    "len": len,
    "range": range,
    "float": float,
    "int": int,
    "str": str,
    "abs": abs,
    "sum": sum,
    "max": max,
    "min": min,
    "list": list,
    "zip": zip,
    "enumerate": enumerate,
    "reversed": lambda things: list(reversed(things)),
}


class Unknown(Exception):
    """Something in a formula has no value here."""


class Interpreter:
    """Computes formulas.

    Args:
        values: what texts such as `A1` or `cache["A1"]` stand for, spelled as `ast.unparse` does.
        objects: modules, functions and objects of the script by name.
        element: what an array that lies in a list or a dict of the script holds at this point.
        attributes: the objects that attributes held at the time, by the object's id and the attribute's name.
    """

    def __init__(
        self, values: Mapping[str, Any], objects: Mapping[str, Any], element: Callable[[Any], Any],
        attributes: Mapping[tuple[int, str], Any],
    ) -> None:  # fmt: skip
        self.values, self.objects, self.element, self.attributes = values, objects, element, attributes

    def __call__(self, node: ast.AST) -> Any:
        named = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
        if named and (text := ast.unparse(node)) in self.values:
            return self.values[text]
        method: Callable[[Any], Any] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        try:
            if method is None:
                raise Unknown(type(node).__name__)
            with np.errstate(all="ignore"):
                return method(node)
        except Unknown:
            if named or (text := ast.unparse(node)) not in self.values:
                raise
            return self.values[text]

    def _expression(self, node: ast.Expression) -> Any:
        return self(node.body)

    def _joinedstr(self, node: ast.JoinedStr) -> str:
        return "".join(map(self, node.values))

    def _formattedvalue(self, node: ast.FormattedValue) -> str:
        if node.conversion != -1 or node.format_spec is not None:
            raise Unknown(ast.unparse(node))
        return str(self(node.value))

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id in self.objects:
            return self.objects[node.id]
        if node.id in BUILTINS:
            return BUILTINS[node.id]
        if node.id == "np":
            return np
        if node.id == "math":
            return math
        raise Unknown(node.id)

    def _attribute(self, node: ast.Attribute) -> Any:
        holder = self(node.value)
        if (id(holder), node.attr) in self.attributes:
            return self.attributes[id(holder), node.attr]
        try:
            found = getattr(holder, node.attr)
        except AttributeError:
            raise Unknown(node.attr) from None
        if isinstance(found, (np.ndarray, float)) and not isinstance(holder, (np.ndarray, np.generic, float)):
            raise Unknown(node.attr)  # an array of the script as it is now, not as it was
        return found

    def _subscript(self, node: ast.Subscript) -> Any:
        index = self(node.slice)
        if isinstance(index, (int, str)):  # as it was then: a list or a dict may have changed since
            text = f"{ast.unparse(node.value)}[{index!r}]"
            if text in self.values:
                return self.values[text]
        holder = self(node.value)
        if isinstance(holder, (list, dict, tuple)):
            return self.element(holder[index])
        if not isinstance(holder, np.ndarray):
            raise Unknown(ast.unparse(node))
        return holder[index]

    def _slice(self, node: ast.Slice) -> slice:
        return slice(*[None if part is None else self(part) for part in (node.lower, node.upper, node.step)])

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(map(self, node.elts))

    def _list(self, node: ast.List) -> list[Any]:
        return list(map(self, node.elts))

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self(node.operand)
        return -value if isinstance(node.op, ast.USub) else +value if isinstance(node.op, ast.UAdd) else not value

    def _binop(self, node: ast.BinOp) -> Any:
        return BINARY[type(node.op)](self(node.left), self(node.right))

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) > 1 or type(node.ops[0]) not in COMPARE:
            raise Unknown(ast.unparse(node))
        return COMPARE[type(node.ops[0])](self(node.left), self(node.comparators[0]))

    def _generatorexp(self, node: ast.GeneratorExp | ast.ListComp) -> list[Any]:
        out: list[Any] = []
        self._looped(node.generators, node.elt, out)
        return out

    _listcomp = _generatorexp

    def _looped(self, loops: list[ast.comprehension], elt: ast.expr, out: list[Any]) -> None:
        if not loops:
            out.append(self(elt))
            return
        for thing in self._elements(self(loops[0].iter)):
            inside = self._with(loops[0].target, thing)
            if all(inside(test) for test in loops[0].ifs):
                inside._looped(loops[1:], elt, out)

    def _elements(self, things: Any) -> Iterable[Any]:
        if isinstance(things, (zip, enumerate)):
            return (tuple(map(self.element, row)) for row in things)
        return map(self.element, things) if isinstance(things, (list, tuple)) else things

    def _with(self, target: ast.expr, thing: Any) -> Interpreter:
        """With a loop's names bound to one of its things; what was read under these names before is not that."""
        names = [target] if isinstance(target, ast.Name) else list(getattr(target, "elts", ()))
        if not all(isinstance(name, ast.Name) for name in names):
            raise Unknown(ast.unparse(target))
        bound = dict(zip([n.id for n in names], [thing] if isinstance(target, ast.Name) else thing, strict=True))
        kept = {text: value for text, value in self.values.items() if not any(n in text for n in bound)}
        return Interpreter({**kept, **bound}, self.objects, self.element, self.attributes)

    def _call(self, node: ast.Call) -> Any:
        function = self(node.func)
        args = [self(arg) for arg in node.args]
        return function(*args, **{k.arg: self(k.value) for k in node.keywords if k.arg is not None})
