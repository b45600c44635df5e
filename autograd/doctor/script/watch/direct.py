"""What a result is a change of: `W` in `W - rate * gradient`, and through what comes between the two.

Nothing here knows of steps or parameters; a way goes from a number or an array to an earlier one.
"""

from __future__ import annotations

import ast
import itertools
import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from .node import Node, added_at, assembled, cast, linked, masked

NUMBER_TYPES = {"clip", "float64", "float32", "float"}
SAME = {"copy", "reshape", "ravel", "flatten", "astype", "transpose", "squeeze", "T", "array", "asarray", "view"}
FAR = 14  # how many operations an update may take from the old state to the new one


def hyper(thing: Any) -> bool:
    """Whether it is a number that was written down, or made from such numbers only: a learning rate, say."""
    return thing.hyper if isinstance(thing, Node) else not isinstance(thing, (list, tuple, dict))


def projected(node: Node) -> Node | None:
    """What a node brings back to where it may be: `np.maximum(W, 0)`, `np.clip(W, -1, 1)`, `W / norm(W)`."""
    name, args = getattr(node.function, "__name__", ""), node.args
    if name in ("maximum", "minimum", "clip", "fmax", "fmin"):
        inside = [*{id(arg): arg for arg in args if isinstance(arg, Node) and not arg.hyper}.values()]
        return inside[0] if len(inside) == 1 and all(arg is inside[0] or hyper(arg) for arg in args) else None
    if name in ("truediv", "divide") and isinstance(args[0], Node) and isinstance(args[1], Node):
        return args[0] if _made_of(args[1], args[0]) else None  # its length, or what that is at least
    for whole, share in itertools.permutations(args) if name in ("mul", "multiply") and len(args) == 2 else ():
        if isinstance(whole, Node) and isinstance(share, Node) and _is_share(share, whole):
            return whole  # W * np.minimum(1, 3 / norm(W))
    return None


def shrunk(node: Node) -> Node | None:
    """What a node brings nearer to 0 by a fixed amount: `np.sign(W) * np.maximum(np.abs(W) - c, 0)`."""
    if getattr(node.function, "__name__", "") in ("mul", "multiply"):
        for sign, rest in itertools.permutations(node.args, 2):
            signs = isinstance(sign, Node) and getattr(sign.function, "__name__", "") == "sign"
            if signs and isinstance(rest, Node) and _made_of(rest, sign.args[0]):
                return sign.args[0]  # type: ignore[no-any-return]
    return None


SIZES = {
    "norm", "sum", "abs", "absolute", "fabs", "max", "amax", "maximum", "minimum", "clip", "sqrt", "square", "mul",
    "multiply", "pow", "add", "sub", "subtract",
}  # fmt: skip


def _made_of(size: Node, whole: Node, depth: int = 5) -> bool:
    """Whether something is made of sizes of one array and of single numbers, and of nothing else."""
    if getattr(size.function, "__name__", "") not in SIZES or not depth:
        return False
    parts = [o for o in size.operands() if not o.hyper]
    sizes = [o for o in parts if o is whole or _made_of(o, whole, depth - 1)]
    return bool(sizes) and all(o in sizes or np.size(o.value) == 1 for o in parts)


def _is_share(share: Node, whole: Node) -> bool:
    """Whether something is a number by the size of an array, or the smaller of that and 1."""
    name, args = getattr(share.function, "__name__", ""), share.args
    if name in ("minimum", "fmin", "clip"):
        inside = [arg for arg in args if isinstance(arg, Node) and not arg.hyper]
        return len(inside) == 1 and _is_share(inside[0], whole)
    divides = name in ("truediv", "divide") and len(args) == 2 and hyper(args[0]) and isinstance(args[1], Node)
    return divides and _made_of(args[1], whole)


def direct(node: Node) -> list[Any]:
    """The operands that a result is a change of: `W` in `W - ...`; a plain number stands for itself."""
    function, args = node.function, node.args
    if function is None:
        return []
    name = getattr(function, "__name__", "")
    inside = projected(node)
    if inside is not None:
        return [inside]
    if name == "add":
        return [arg for arg in args if isinstance(arg, (Node, int, float))]
    if name in ("maximum", "fmax"):
        return [arg for arg in args[:2] if isinstance(arg, Node)]  # of what it was, and of something new: Adamax
    if name in ("sub", "subtract"):
        return [args[0]] if isinstance(args[0], (Node, int, float)) else []
    if name in ("mul", "multiply", "truediv", "divide"):
        return [
            arg
            for k, arg in enumerate(args[:2])
            if isinstance(arg, Node)
            and (k == 0 or name in ("mul", "multiply"))
            and _nearly_one(args[1 - k], k, name)
            and not _is_element(node, 1 - k)
        ]
    if function is assembled:
        return [part for part in args[0] if isinstance(part, Node)][:3]
    if function in (added_at, masked, linked, cast, operator.getitem) or name in SAME or name in NUMBER_TYPES:
        return [args[0]] if args and isinstance(args[0], Node) else []
    return []


def _nearly_one(factor: Any, k: int, name: str) -> bool:
    """Whether it is a number such as 1 - rate * decay, or 1 + it where the sign is wrong."""
    if not hyper(factor) or isinstance(factor, int):  # a whole one is a sample's
        return False
    value = factor.value if isinstance(factor, Node) else factor
    try:
        size = float(np.asarray(value).reshape(()))
    except (TypeError, ValueError):
        return False
    return 0.5 <= size <= 1.1 or (name not in ("mul", "multiply") and 1.0 <= size <= 2.0)


def _is_element(node: Node, k: int) -> bool:
    """Whether an operand is written as an element of a list, `x[i]`: a number of a sample, no setting."""
    try:
        tree = None if node.site is None else ast.parse(node.site.part(k).strip(), mode="eval").body
    except (SyntaxError, IndexError, AttributeError):
        return False
    return isinstance(tree, ast.Subscript) and not isinstance(tree.slice, ast.Constant)


def way_back(end: Node, states: set[int], most: int = 400) -> list[Node]:
    """The way from a state to an earlier one of these through what it is a change of, both ends included."""
    reached_from: dict[int, Node | None] = {id(end): None}
    level = [end]
    for _ in range(FAR):
        further = []
        for node in level:
            for at in direct(node):
                if isinstance(at, Node) and id(at) not in reached_from and len(reached_from) < most:
                    reached_from[id(at)] = node
                    if id(at) in states:
                        way = [at]
                        back: Node | None = node
                        while back is not None:
                            way.append(back)
                            back = reached_from[id(back)]
                        return way[::-1]
                    further.append(at)
        level = further
    return [end]


def beside(way: list[Node]) -> Iterator[Node]:
    """The operands along a way that are not on it."""
    for node, following in zip(way, [*way[1:], None], strict=True):
        if following is None and len(way) > 1:
            return
        skipped = False
        for operand in node.operands():
            if operand is following and not skipped:
                skipped = True  # x + x: once on the way, once beside it
            else:
                yield operand


def through_copies(node: Node) -> Node:
    """What a node is a copy of, or a copy of a copy; else the node itself."""
    while (
        (node.function is linked or getattr(node.function, "__name__", "") in ("copy", "array"))
        and node.args
        and isinstance(node.args[0], Node)
    ):
        node = node.args[0]
    return node


def compared_at(node: Node) -> Any:
    """Where two numbers were computed, if a node is their difference and one line gave both; else None."""
    two = [through_copies(o) for o in node.operands()] if getattr(node.function, "__name__", "") == "sub" else []
    return two[0].site if len(two) == 2 and two[0].site is two[1].site else None
