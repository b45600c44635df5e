"""The learning rate of a step: the numbers that are written there."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from ..watch.direct import direct
from ..watch.node import Node, same_statement
from .invented import number_of
from .look import Look
from .match import TOLERANCE, matched
from .replay import ancestors
from .written import Block

Array = Any


def is_copy(node: Node, of: dict[int, str]) -> bool:
    """Whether it is one of these nodes, a copy of one, or one that was shrunk by a plain number."""
    while id(node) not in of:
        inside = [arg for arg in node.args if isinstance(arg, Node) and not arg.hyper]
        kind = getattr(node.function, "__name__", "")
        if kind == "getitem":  # a row of it
            node = node.args[0]
            continue
        if kind == "assembled":
            return all(is_copy(part, of) for part in node.operands())
        if kind not in ("copy", "linked", "mul", "multiply") or len(inside) != 1:
            return False
        if kind in ("mul", "multiply") and inside[0] not in direct(node):
            return False
        node = inside[0]
    return True


def written_number(node: Node, k: int) -> bool:
    """Whether an operand is a number in the source text, or made of numbers there, such as 0.01 * 2."""
    if node.site is None or node.site.kind not in ("binary", "augmented"):
        return False
    try:
        made = ast.parse(node.site.part(k).strip(), mode="eval").body
    except SyntaxError:
        return False
    plain = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.operator, ast.unaryop)
    sides = [made.body, made.orelse] if isinstance(made, ast.IfExp) else [made]  # one rate for some, another for others
    return all(isinstance(each, plain) for side in sides for each in ast.walk(side))


def number_in(look: Look, arg: Any) -> float:
    """An operand that is one number and does not follow from the parameters; 0 for any other."""
    value = arg if not isinstance(arg, Node) else None if id(arg) in look.depends else arg.value
    return float(np.reshape(value, ())) if isinstance(value, (int, float, np.ndarray)) and np.size(value) == 1 else 0.0


def plain_factors(look: Look, node: Node) -> list[float]:
    """The numbers among the operands that do not follow from the parameters: settings, and numbers in the text."""
    settings = [o for o in node.operands() if o.hyper and o.value is not None and id(o) not in look.depends]
    return [float(np.asarray(o.value)) for o in settings] + [
        float(arg) for k, arg in enumerate(node.args) if not isinstance(arg, Node) and written_number(node, k)
    ]


def _factors_of(number: float, operands: list[Node]) -> list[tuple[float, bool]]:
    """What a setting is a product of, and whether it divides: `lr * (1 / m)` and `lr / m` are a rate, and a mean."""
    made = next((o for o in operands if o.hyper and o.value is not None and float(np.asarray(o.value)) == number), None)
    kind = "" if made is None else getattr(made.function, "__name__", "")
    if made is None or kind not in ("mul", "truediv") or len(made.args) != 2:
        return [(number, False)]
    one, other = map(number_of, made.args)
    inner = [o for o in made.args if isinstance(o, Node)]
    return [*_factors_of(one, inner), *(_factors_of(other, inner) if kind == "mul" else [(1 / other, True)])]


def rate_of(look: Look, end: Node) -> float | None:
    """What a step multiplies a gradient by: the learning rate, and what a running mean takes in; None without one."""
    rate, node = _rate(look, end)
    return None if rate is None else rate * _taken_in(look, node)


def written_rate(look: Look, end: Node) -> float | None:
    """The learning rate of a step: the numbers that were written down and that it multiplies by; None without one.

    In the statement where it is found only: the 2 of `grad = 2 * ...` belongs to the gradient, and so does 1 / m.
    """
    return _rate(look, end)[0]


def _rate(look: Look, end: Node) -> tuple[float | None, Node]:
    """The learning rate of a step, and what is multiplied by it."""
    rate: list[tuple[float, bool]] = []
    node, found_in = end, None
    for _ in range(8):
        statement = None if node.site is None else node.site.statement
        if rate and statement != found_in:
            break
        operands = [*{id(o): o for o in node.operands()}.values()]
        kind = getattr(node.function, "__name__", "")
        active = [o for o in operands if id(o) in look.depends and not is_copy(o, look.start_ids)]
        if kind == "added_at" and len(active) == 1:
            node = active[0]
            continue
        if kind in ("sub", "subtract", "add") and len(active) == 1 and len(operands) == 2:
            if rate and any(id(o) not in look.depends and not o.hyper for o in operands):
                break  # the rest is a penalty, beside what follows from the samples alone
            node = active[0]
            continue
        if kind in ("matmul", "dot"):  # 0.1 * a.T @ d
            first = [
                o for o in operands[:1] if same_statement(o, node) and "mul" in getattr(o.function, "__name__", "")
            ]
            for number in plain_factors(look, first[0])[:1] if first else ():
                rate += _factors_of(number, [*first[0].operands()])
            break
        if (
            not rate
            and kind in ("truediv", "divide")
            and number_in(look, node.args[1])
            and isinstance(node.args[0], Node)
        ):
            node = node.args[0]  # a mean of what the rate multiplies
            continue
        if kind not in ("mul", "multiply", "neg"):
            break
        factors = plain_factors(look, node)
        if factors:
            rate, found_in = [*rate, *_factors_of(factors[0], operands)], statement
        rest = [o for o in operands if not o.hyper]
        if len(rest) != 1:
            break
        node = rest[0]
    means = [r for r, divides in rate if divides and r and round(1 / r) in look.sizes]
    own = [r for r, divides in rate if not (divides and r in means)]
    return abs(float(np.prod(own or means))) if rate else None, node


def _taken_in(look: Look, node: Node) -> float:
    """The share of a gradient that a running mean takes in, `b * m + (1 - b) * g`, corrected or not; 1 of any other."""
    corrected = 1.0
    while (kind := getattr(node.function, "__name__", "")) in ("truediv", "divide", "linked", "copy", "assembled"):
        inside = [o for o in node.operands() if id(o) in look.depends]
        number = number_in(look, node.args[1]) if "div" in kind else 1.0
        if len(inside) != 1 or not number:
            return 1.0
        node, corrected = inside[0], corrected * number
    kept, taken = list[float](), list[float]()
    for term in node.args if kind in ("add", "iadd") else ():
        if getattr(getattr(term, "function", None), "__name__", "") in ("mul", "multiply"):
            (taken if id(term) in look.depends else kept).append((*plain_factors(look, term), 0.0)[0])
    mean = len(kept) == len(taken) == 1 and np.isclose(kept[0] + taken[0], 1.0) and 0 < taken[0] < 1
    return taken[0] / corrected if mean else 1.0


def _settings_of(look: Look, end: Node) -> float:
    """What the change of a number is multiplied by that is the same in every step: its rate, if each has its own."""
    found, stack = 1.0, [end]
    while stack:
        node = stack.pop()
        kind = getattr(node.function, "__name__", "")
        if kind in ("sub", "subtract", "add"):
            stack += [o for o in node.operands() if id(o) in look.depends and not is_copy(o, look.start_ids)][:1]
        for k, arg in enumerate(node.args if kind in ("mul", "multiply", "truediv", "divide", "neg", "linked") else ()):
            number = number_in(look, arg)
            if isinstance(arg, Node) and (id(arg) in look.depends or not (arg.hyper or _is_steady(look, arg))):
                stack.append(arg)
            elif number:
                found *= 1 / number if k and "div" in kind else number
    return found


def _is_steady(look: Look, node: Node) -> bool:
    """Whether the same numbers come by at a place in every step: they are of no sample."""
    if node.site is None or look.start_ids.get(id(node)):
        return False
    steps = look.training.steps
    others = [s for s in steps if s.number != look.step.number][:3]
    there = [
        [n.value for n in look.training.tape.nodes
         if n.site is node.site and n.function == node.function and s.start < n.time <= s.end]
        for s in (look.step, *others)
    ]  # fmt: skip
    return len(others) > 1 and all(each == there[0] for each in there)


def clipped_alike(look: Look, found: dict[str, Any]) -> bool:
    """Whether all blocks follow the gradient by one factor at each point, though by another at the next: a clipped one.

    One number by itself could be a multiple of anything; beside a right block of several it is right.
    """
    scales = [v.change.scales for v in found.values() if not v.silent]
    sized = any(v.right and sum(np.size(n.value) for n in look.starts[name]) > 1 for name, v in found.items())
    alike = sized and all(v.change.worst <= TOLERANCE for v in found.values() if not v.silent)
    if not alike or any(len(s) != len(scales[0]) or not np.allclose(s, scales[0], rtol=1e-5, atol=0) for s in scales):
        return False
    if min(scales[0]) <= 0:
        return False
    for v in found.values():
        if not v.silent and not v.right:
            v.right, v.rule = True, "adaptive"
    return True


def shrunk_twice(look: Look, name: str, forward: set[int]) -> bool:
    """Whether a step takes off a share of a block twice by the number of its penalty; by another one it may decay."""
    starts = {id(node) for node in look.starts[name]}
    numbers = [(n, {id(o) for o in ancestors([n], lambda _: False) if o.name == "literal"}) for n in look.nodes.values()
               if n.hyper]  # fmt: skip
    made = {id(node): literals for node, literals in numbers}
    told, shares = set[int](), []
    for node in look.program.steps:
        literals = set[int]().union(*(made.get(id(o), set()) for o in node.operands()))
        if id(node) in forward:
            told |= literals
        elif getattr(node.function, "__name__", "") in ("mul", "multiply") and any(
            id(o) in starts for o in node.operands()
        ):
            shares.append(literals)
    return sum(bool(each & told) for each in shares) > 1


def by_own_rates(look: Look, name: str, steps: list[Array], right: list[Array]) -> bool:
    """Whether each element follows the gradient at a rate of its own."""
    ends = look.ends[name]
    picks = getattr(ends, "picks", None) or [None] * len(ends)
    each = [(look.block({}, Block([end], [pick])).size, _settings_of(look, end))
            for end, pick in zip(ends, picks, strict=True)]  # fmt: skip
    rates = np.concatenate([np.full(size, rate) for size, rate in each])
    change = matched([-step / rates for step in steps], right) if np.all(rates) else None
    return change is not None and change.holds and change.scale > 0


def takes_a_share(look: Look, name: str) -> bool:
    """Whether a number times the parameter is written in a step."""
    starts = {id(node) for node in look.starts[name]}
    for node in look.program.steps:
        if getattr(node.function, "__name__", "") in ("mul", "multiply") and id(node) in look.to_end:
            inside = [arg for arg in node.args if isinstance(arg, Node) and not arg.hyper]
            part = getattr(inside[0].function, "__name__", "") == "getitem" if len(inside) == 1 else False
            if len(inside) == 1 and {id(inside[0]), *(id(o) for o in inside[0].operands() if part)} & starts:
                return True
    return False
