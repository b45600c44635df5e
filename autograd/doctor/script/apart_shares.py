"""A softmax along the wrong axis: its shares add up to 1 in each column, and the targets that they are compared with do
so in each row.

The errors are those of a right softmax, so that no gradient tells it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..language import say
from .moments import COPIES, DIFFERENCE, QUOTIENT, name_of, uncopied
from .slip import Slip
from .watch.edits import Edit
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site


def apart_shares(recording: Recording) -> list[Slip]:
    """Sums that make shares along another axis than the targets have, and maxima along another than the shares."""
    assert recording.training is not None
    found: dict[int, Slip] = {}
    names = [parameter.name for parameter in recording.training.parameters]
    for node, total in _shares(recording):
        assert total.site is not None
        along = [axis for axis in (0, 1) if _adds_up(node.value, axis)]
        due = along[0] if len(along) == 1 else None  # equal shares in a square add up to 1 either way
        for axis in (0, 1):
            for targets in _compared(recording, node):
                if _adds_up(targets, axis) and not _adds_up(targets, 1 - axis) and not _adds_up(node.value, axis):
                    own = say("shares_all") if np.size(total.value) == 1 else say("shares_along", axis=1 - axis)
                    says = say("shares_apart", own=own, due=say("shares_along", axis=axis))
                    found[total.site.number] = Slip(total.site, "wrong-axis", says, names, _along(total.site, axis))
                    due = axis
        most = _taken_off(node.args[0])
        if most is not None and most.site is not None and due is not None and _gone(most.value, node.value) == 1 - due:
            says = say("most_apart", due=say("shares_along", axis=due))
            found[most.site.number] = Slip(most.site, "wrong-axis", says, names, _along(most.site, due))
    return [*found.values()]


def _shares(recording: Recording) -> Iterator[tuple[Node, Node]]:
    """What is divided by its sum, in two axes, with the sum."""
    for node in recording.tape.nodes:
        total = uncopied(node.args[1]) if name_of(node) in QUOTIENT and len(node.args) == 2 else None
        whole = total.args[0] if isinstance(total, Node) and name_of(total) == "sum" and total.site else None
        if (
            isinstance(total, Node)
            and whole is not None
            and _is_positive(node.value)
            and uncopied(whole) is uncopied(node.args[0])
        ):
            yield node, total


def _taken_off(node: Any) -> Node | None:
    """The largest numbers of what a power is taken of, which are taken off first."""
    inside = uncopied(uncopied(node).args[0]) if name_of(uncopied(node)) == "exp" else None
    most = uncopied(inside.args[1]) if isinstance(inside, Node) and name_of(inside) in DIFFERENCE else None
    return most if isinstance(most, Node) and name_of(most) in ("max", "amax") else None


def _gone(part: Any, whole: Any) -> int | None:
    """The axis that is gone in numbers of which there is one for each row, or for each column."""
    (rows, columns), shape = np.shape(whole), np.shape(part)
    return 0 if shape in ((columns,), (1, columns)) and columns > 1 else 1 if shape == (rows, 1) and rows > 1 else None


def _compared(recording: Recording, node: Node) -> Iterator[Any]:
    """The targets of one of all that shares are subtracted from, or that is subtracted from them."""
    waiting = [node]
    while waiting:
        at = waiting.pop()
        for user in recording.consumers.get(id(at), ()):
            if name_of(user) in COPIES:
                waiting.append(user)
            elif name_of(user) in DIFFERENCE:
                other = next((arg for arg in user.args if arg is not at), None)
                value = np.asarray(other.value if isinstance(other, Node) else other)
                if value.shape == np.shape(node.value) and value.dtype.kind in "fiub":
                    yield value.astype(float)


def _is_positive(value: Any) -> bool:
    numbers = np.asarray(value)
    return numbers.ndim == 2 and numbers.dtype.kind == "f" and bool(np.all(numbers >= 0))


def _adds_up(value: Any, axis: int) -> bool:
    """Whether numbers are shares of 1 along an axis, as exactly as their precision allows."""
    numbers = np.asarray(value)
    rounding = 4.0 * float(np.finfo(numbers.dtype).eps) if numbers.dtype.kind == "f" else 0.0
    sums = np.sum(numbers, axis=axis, dtype=float)
    return bool(np.all(numbers >= 0) and np.allclose(sums, 1.0, rtol=max(1e-6, rounding)))


def _along(site: Site, axis: int) -> Edit | None:
    """The same sum along another axis, laid out so that it divides what it is the sum of."""
    try:
        call = ast.parse(site.text.strip(), mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(call, ast.Call) or any(k.arg not in ("axis", "keepdims") for k in call.keywords):
        return None
    given = 0 if isinstance(call.func, ast.Attribute) and not _is_module(call.func.value) else 1
    call.args = call.args[:given]
    call.keywords = [ast.keyword("axis", ast.Constant(axis)), ast.keyword("keepdims", ast.Constant(value=True))]
    return Edit(site.source, site.span, ast.unparse(call))


def _is_module(thing: ast.expr) -> bool:
    return isinstance(thing, ast.Name) and thing.id in ("np", "numpy")
