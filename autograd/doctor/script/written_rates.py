"""Where the learning rate of a training is written, so that another run may have another one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import numpy as np

from .judge.invented import number_of
from .judge.look import Look
from .judge.rates import written_number
from .moments import is_number
from .trial import Place
from .watch.node import Node
from .watch.sites import tree_of
from .watching import place_of

RATE = re.compile(r"(^|_|\W)(lr|alpha|eta|rate|step|step_?size|learning_?rate|l_?rate|epsilon)($|_|\W)", re.IGNORECASE)

FOLLOWED = (
    "sub", "subtract", "add", "neg", "mul", "multiply", "truediv", "divide", "copy", "linked", "assembled", "spread",
    "matmul", "dot", "outer",
)  # fmt: skip
"""What a step may be made by, between the parameter and its gradient."""


def rate_places(look: Look) -> tuple[float, list[Place]]:
    """The learning rate as it is written, and where; no places where it is not found."""
    found: dict[Place, float] = {}
    for nodes in look.ends.values():
        for value, place in _rates(look, nodes[0]):
            found[place] = value
    if not found or np.isnan([*found.values()]).any():  # a rate that is made, and there is no telling from what
        return float("nan"), []
    values = list(found.values())
    rate = max(set(values), key=values.count)
    return rate, [place for place, value in found.items() if value == rate]


def _rates(look: Look, end: Node) -> Iterator[tuple[float, Place]]:
    """The written numbers that a step is multiplied by."""
    stack: list[Node] = [end]
    known: set[int] = set()
    while stack and len(known) < 40:
        node = stack.pop(0)
        if id(node) in known:
            continue
        known.add(id(node))
        name = getattr(node.function, "__name__", "")
        operands = list(node.operands())
        if name in ("mul", "multiply", "truediv", "divide") and id(node) in look.depends:
            divides = name in ("truediv", "divide")
            factors = node.args[:1] if divides else node.args
            if divides and is_number(factors[0]) and number_of(factors[0]) == 1:  # 1 / (1 + exp(-z))
                factors = ()
            hyper = [leaf for o in factors if isinstance(o, Node) and o.hyper for leaf in _literals(o)]
            told = [leaf for leaf in hyper if _is_rate(look, leaf)] or sorted(hyper, key=_size)
            for leaf in told[:1]:
                yield float(np.asarray(leaf.value)), place_of(leaf.site)  # type: ignore[arg-type]
            written = [] if told else list(_written(node, len(factors))) or list(_scheduled(node, len(factors)))
            yield from written[:1]
            if told or written:
                return
        if name in ("matmul", "dot", "outer"):  # lr * X.T @ error
            for operand in operands:
                if id(operand) not in look.depends and getattr(operand.function, "__name__", "") in ("mul", "multiply"):
                    yield from list(_written(operand, 2))[:1]
        if name in FOLLOWED:
            stack += [o for o in operands if id(o) in look.depends and id(o) not in look.start_ids]


def _written(node: Node, count: int) -> Iterator[tuple[float, Place]]:
    """The numbers in the text among the first operands of a node."""
    for k, arg in enumerate(node.args[:count]):
        part = node.site.parts[k] if node.site is not None and k < len(node.site.parts) else None
        if isinstance(arg, (int, float)) and written_number(node, k) and part is not None and node.site is not None:
            yield float(arg), (node.site.source.path, part)


def _scheduled(node: Node, count: int) -> Iterator[tuple[float, Place]]:
    """The numbers that a rate is made of which is computed anew for each step: `lr = 0.1 * (1 - step / steps)`."""
    for k, arg in enumerate(node.args[:count]):
        name = node.site.part(k).strip() if node.site is not None and k < len(node.site.parts) else ""
        if not isinstance(arg, (int, float)) or RATE.search(name) is None or node.site is None:
            continue
        source = node.site.source
        made = [
            each.value for each in ast.walk(tree_of(source))
            if isinstance(each, ast.Assign) and any(ast.unparse(target) == name for target in each.targets)
        ]  # fmt: skip
        number = _number_in_front(made[0]) if len(made) == 1 else None
        if number is None:
            yield float("nan"), place_of(node.site)
        else:
            yield float(ast.literal_eval(number)), (source.path, source.span(number))


def _number_in_front(value: ast.expr) -> ast.Constant | None:
    """The number that a product is proportional to."""
    if isinstance(value, ast.Constant):
        return value if type(value.value) in (int, float) else None
    if not isinstance(value, ast.BinOp) or not isinstance(value.op, (ast.Mult, ast.Div)):
        return None
    other = _number_in_front(value.right) if isinstance(value.op, ast.Mult) else None
    return _number_in_front(value.left) or other


def _size(leaf: Node) -> float:
    return abs(float(np.asarray(leaf.value)))


def _literals(node: Node) -> list[Node]:
    """The written numbers that a number is made of."""
    out, stack = [], [node]
    while stack:
        at = stack.pop()
        if at.function is None and at.name == "literal" and at.site is not None:
            out.append(at)
        stack += list(at.operands())
    return out


def _is_rate(look: Look, leaf: Node) -> bool:
    """Whether a number is stored under a name such as `lr`."""
    stores = look.training.tape.stores
    return any(
        thing is leaf and isinstance(key, str) and RATE.search(key) is not None for _, _, key, thing, _ in stores
    )
