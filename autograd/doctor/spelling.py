"""How formulas are spelled: which brackets they need, what their transpose and their slope look like."""

from __future__ import annotations

import ast
import re

import numpy as np


def with_key(text: str, key: object) -> str:
    """An element by the key that its index comes to, or, in what was stored as a whole, by its key.

    >>> with_key("params['W%d' % i]", "W1")
    "params['W1']"
    >>> with_key("W", (0, 1))
    'W[0][1]'
    """
    keys = key if isinstance(key, tuple) else (key,)
    if not all(isinstance(part, (str, int)) for part in keys):
        return text
    if not text.endswith("]"):
        return text + "".join(f"[{part!r}]" for part in keys)
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return text
    if not isinstance(tree, ast.Subscript) or len(keys) > 1:
        return text
    written = isinstance(tree.slice, (ast.Constant, ast.Slice, ast.Tuple))
    return text if written else f"{ast.unparse(tree.value)}[{key!r}]"


def quoted_as(text: str, source: str) -> str:
    """A text with its keys in the quotes that a script has around the same keys.

    >>> print(quoted_as("grads['W1'] + g['b']", 'grads["W1"] = 0'))
    grads["W1"] + g['b']
    """

    def own(found: re.Match[str]) -> str:
        double = f'"{found[1]}"'
        return double if double in source and found[0] not in source else found[0]

    return re.sub(r"'(\w+)'", own, text)


def slopes_of(text: str) -> list[str]:
    """Slopes of activations by their result, or by what they are applied to."""
    x = text if level(text) > 3 else f"({text})"
    return [f"{x} * (1 - {x})", f"(1 - {x}**2)", f"({x} > 0)", f"(1 - {x})"]


def turned(text: str) -> str:
    if text.endswith(".T"):
        return text[:-2]
    return f"{text}.T" if level(text) > 3 else f"({text}).T"


def level(text: str) -> int:
    """How tightly an expression binds: 1 for sums, 2 for products, 3 for powers and signs, 4 for names and calls."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return 0
    if bracketed(text) and not isinstance(tree, ast.Tuple):
        return 4
    return _kind(tree)


def bracketed(text: str) -> bool:
    """Whether brackets stand around all of it."""
    if not text.startswith("("):
        return False
    depth = 0
    for k, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return k == len(text) - 1
    return False


def _kind(tree: ast.expr) -> int:
    if isinstance(tree, ast.BinOp):
        return 1 if isinstance(tree.op, (ast.Add, ast.Sub)) else 3 if isinstance(tree.op, ast.Pow) else 2
    if isinstance(tree, ast.UnaryOp):
        return 3
    return 0 if isinstance(tree, (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda)) else 4


def broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    return joint(small, large) == large


def joint(x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(x, y)
    except ValueError:
        return None
