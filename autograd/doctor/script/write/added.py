"""The line that adds to elements as often as they come: `np.add.at(E, words, g)` for `E[words] += g`."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np


def numpy_in(namespace: Mapping[str, Any]) -> str:
    """How a script calls numpy; "" where it does not."""
    names = (name for name, thing in namespace.items() if isinstance(thing, ModuleType) and thing is np)
    return next(names, "")


def added_at(text: str, numpy: str) -> str:
    """A statement that writes into elements, as one that adds to each of them as often as it comes; "" if it is none.

    >>> added_at("E[words] -= rate * g", "np")
    'np.subtract.at(E, words, rate * g)'
    >>> added_at("E[words] = E[words] + g", "np")
    'np.add.at(E, words, g)'
    """
    try:
        made = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        return ""
    if not isinstance(made, (ast.Assign, ast.AugAssign)) or not numpy:
        return ""
    target = made.targets[0] if isinstance(made, ast.Assign) else made.target
    if not isinstance(target, ast.Subscript) or (isinstance(made, ast.Assign) and len(made.targets) > 1):
        return ""
    operation, value = (made.op if isinstance(made, ast.AugAssign) else ast.Add()), made.value
    if isinstance(made, ast.Assign) and isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Add, ast.Sub)):
        sides = (value.left, value.right)
        own = [k for k, side in enumerate(sides) if ast.unparse(side) == ast.unparse(target)]
        if own and (own[0] == 0 or isinstance(value.op, ast.Add)):
            operation, value = value.op, sides[1 - own[0]]
    if not isinstance(operation, (ast.Add, ast.Sub)):
        return ""
    index = _index(target.slice)
    rest = ast.get_source_segment(text, value) or ast.unparse(value)
    name = "add" if isinstance(operation, ast.Add) else "subtract"
    return f"{numpy}.{name}.at({ast.unparse(target.value)}, {index}, {rest})" if index else ""


def array_in(text: str) -> str:
    """What something is an element of, as it is written: `self.W` for `self.W[self.words]`."""
    made = ast.parse(text, mode="eval").body
    return ast.unparse(made.value) if isinstance(made, ast.Subscript) else text


def _index(of: ast.expr) -> str:
    """An index as an argument; "" where it holds slices that say something."""
    parts = list(of.elts) if isinstance(of, ast.Tuple) else [of]
    while len(parts) > 1 and ast.unparse(parts[-1]) in (":", "..."):
        parts.pop()
    texts = ["slice(None)" if ast.unparse(part) == ":" else ast.unparse(part) for part in parts]
    if any(isinstance(part, ast.Slice) and text != "slice(None)" for part, text in zip(parts, texts, strict=True)):
        return ""
    return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
