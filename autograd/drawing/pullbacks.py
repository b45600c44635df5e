"""What an array primitive passes back, as a formula: dW = X.T @ δ, where δ is the gradient that has arrived.

The pullbacks of the table are written in its own primitives. So they are asked with Tensors of the same shapes, which
record what is done, and the record is written out. No formula is written here.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from ..core.node import walk
from ..switches import always_recording
from ..tensor.rules import ArrayRule
from ..tensor.tensor import Tensor
from . import signs

LETTERS: Final = "xy"
ARRIVED: Final = "δ"
MOST_NUMBERS: Final = 50_000
LONGEST: Final = 120


def pullback(node: Any, operands: Sequence[Any], slot: int) -> str:
    """What a Tensor passes back to an operand, with {x}, {y} and {out} for the operands and itself; "" if it is long.

    >>> X, W = Tensor(np.ones((5, 4))), Tensor(np.ones((4, 3)))
    >>> pullback(X @ W, (X, W), 1)
    '{x}.T @ δ'
    """
    rule = node.rule
    if not isinstance(rule, ArrayRule) or len(operands) > len(LETTERS):
        return ""
    shapes = tuple(each.shape for each in (*operands, node))
    if sum(int(np.prod(shape)) for shape in shapes) > MOST_NUMBERS:
        return ""
    try:
        return _written(rule, shapes, slot, tuple(sorted(node.options.items())))
    except Exception:  # an option that has no hash, or a pullback that looks at the numbers
        return ""


@functools.lru_cache(maxsize=1024)
def _written(rule: ArrayRule, shapes: tuple[Any, ...], slot: int, options: tuple[tuple[str, Any], ...]) -> str:
    named = [*(f"{{{letter}}}" for letter in LETTERS[: len(shapes) - 1]), "{out}"]
    *operands, out = (Tensor(np.ones(shape), name) for shape, name in zip(shapes, named, strict=True))
    arrived = Tensor(np.ones(shapes[-1]), ARRIVED)
    with always_recording(), np.errstate(all="ignore"):
        if rule.whole is not None:
            wanted = [k == slot for k in range(len(operands))]
            found = rule.whole(arrived, out, tuple(operands), wanted, dict(options))[slot]
        else:
            found = rule.pull(slot, arrived, out, tuple(operands), dict(options))
    text = _text(found)
    return text if len(text) <= LONGEST else ""


def _text(root: Any) -> str:
    """A recorded computation as one expression."""
    order = walk(root)
    places = {id(node): place for place, (node, _) in enumerate(order)}
    texts: list[str] = []
    for node, operands in order:
        given = [texts[places[id(operand)]] for operand in operands]
        texts.append(_applied(node, given) if operands else _leaf(node))
    return texts[-1]


def _leaf(node: Any) -> str:
    if not node.label and node.shape:
        raise ValueError("a pullback that depends on numbers, such as which was the largest")
    return node.label or signs.written(node)


def _applied(node: Any, given: list[str]) -> str:
    rule, options = node.rule, dict(getattr(node, "options", {}))
    if rule.name == "transpose" and options.get("axes") in (None, (1, 0)):
        return f"{_closed(given[0])}.T"
    if rule.name == "sum" and options.get("axis") == ():
        return given[0]
    if rule.name == "getitem" and options.get("index") == (Ellipsis, 0):
        return f"{_closed(given[0])}[..., 0]"
    if signs.is_infix(rule):
        symbol = signs.WRITTEN.get(rule.symbol, rule.symbol)
        closed = [_closed(each) for each in given]
        return f" {symbol} ".join(closed) if len(closed) > 1 else f"{symbol}{closed[0]}"
    shown = itertools.chain(given, (f"{name}={option!r}" for name, option in options.items() if option is not None))
    return f"{rule.name}({', '.join(shown)})"


def _closed(text: str) -> str:
    """An expression that can stand beside an operator."""
    return f"({text})" if " " in text and not text.endswith(")") else text
