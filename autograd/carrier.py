"""What `Value` and `Tensor` have in common besides the rules: names, kinds, copies, and words about wrong operands.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

from typing import Any, Final

from .core.node import CONSTANT, INPUT, PARAMETER, UNRECORDED, walk
from .core.table import add, subtract
from .errors import OperandError
from .system.collector import collector_paused


class Note:
    """What is known of a node beyond its numbers. Shared between nodes, so it is replaced, never changed."""

    __slots__ = ("label", "scope", "source")

    def __init__(self, label: str = "", scope: tuple[str, ...] = (), source: str = "") -> None:
        self.label = label
        self.scope = scope
        self.source = source


def kind_of(rule: object) -> str:
    """`"result"` of an operation, or the leaf's role: `"input"`, `"parameter"` or `"constant"`."""
    if rule is INPUT or rule is UNRECORDED:
        return "input"
    if rule is PARAMETER:
        return "parameter"
    return "constant" if rule is CONSTANT else "result"


NOTHING_RECORDED: Final = (
    "backward() starts from a number whose graph was not recorded, or ends in such numbers only: they were computed "
    "under no_grad(), so no gradient would come to anything; compute them outside, or begin a new graph with detach()"
)


def unrecorded(rule: object, x: Any, y: Any) -> Any:
    """What stands in the place of the rule at a result that is not recorded.

    A leaf moved by plain numbers, as in w = w - rate * w.grad, is the leaf of the next step: an input.
    """
    moved = (rule is subtract or rule is add) and x is not None and y is None and x.is_leaf and x.reached
    return INPUT if moved else UNRECORDED


def no_subclass(kind: str) -> str:
    """Why a carrier has no subclasses."""
    return (
        f"{kind} has no subclasses: results of operations are made by the engine, which would lose the class at the "
        f"first one; keep what belongs to a {kind} beside it, in a dict: m = {{p: 0.0 for p in parameters}}"
    )


def rule_of(kind: str) -> Any:
    """What stands in the place of the rule at a leaf of this kind."""
    return {"input": INPUT, "parameter": PARAMETER, "constant": CONSTANT}[kind]


def checked_label(text: object) -> str:
    """A label, which is a str.

    Raises:
        OperandError: it is something else.
    """
    if not isinstance(text, str):
        remedy = "leave it out" if text is None else f"write label={str(text)!r}"
        raise OperandError(f"a label is text, got {describe(text)}; {remedy}")
    return text


def inverted(condition: object) -> str:
    """What to write in the place of `~(v > 0)`, a whole number where `v > 0` is one of Python's bools."""
    is_number = type(condition) is int and condition in (-1, -2)
    return "; ~ makes a number of a bool: write not x > 0, or np.logical_not(x > 0)" if is_number else ""


def whole(number: int, what: str) -> float:
    """A whole number as a float.

    Raises:
        OperandError: it is too large.
    """
    try:
        return float(number)
    except OverflowError:
        raise OperandError(f"{what} is a float, which ends at 1.8e308; write math.inf for what is beyond") from None


def describe(thing: object) -> str:
    """A short name of a thing for an error message: its type, and its text when that is short."""
    text = repr(thing)
    kind = type(thing).__name__
    return f"{kind} {text}" if len(text) <= 40 and "\n" not in text and thing is not None else kind


def no_index(kind: str) -> OperandError:
    """The error for a carrier in the place of a whole number: xs[v], range(v)."""
    return OperandError(f"a whole number is needed here, such as an index, got a {kind}: write xs[int(v.item())]")


def check_modulo(modulo: object) -> None:
    """`pow(x, y, z)`, which is of whole numbers.

    Raises:
        OperandError: there is a z.
    """
    if modulo is not None:
        raise OperandError(f"pow(x, y, {modulo!r}) is for whole numbers; write x**y % {modulo!r}")


def deepcopy_graph(root: Any, memo: dict[int, Any]) -> Any:
    """A copy of a node with all it depends on; what is shared stays shared, through `memo` also between calls."""
    memo.setdefault(id(memo), []).append(root)  # as `copy` does: an id in the memo must not be given to another object
    with collector_paused():
        for node, _ in walk(root, operands_of=lambda node: () if id(node) in memo else node._parents):
            if id(node) not in memo:
                memo[id(node)] = node._copied(memo)
    return memo[id(root)]
