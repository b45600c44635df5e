"""A node of the tape, and the functions that stand for what Python and numpy do without a name."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

import numpy as np

from .sites import Site

Array = Any
NUMBERS = (float, np.ndarray, np.generic)


class Node:
    """One state of one number or array.

    Args:
        function: gives the value from the operands; None for what came from outside the tape.
        args: the operands in order: nodes, or plain things; lists and tuples may hold nodes.
        value: the number or array itself, kept as it was; None where it can only be computed again.
        site: where in the source it was computed.
        time: a running number.
        context: the calls it was computed in: pairs of (the calls around, the number of the place called from).
    """

    __slots__ = ("args", "context", "function", "hyper", "kwargs", "name", "plan", "site", "time", "value")
    hyper: bool
    plan: Callable[[Any], Any] | None  # computes it again from the values of its operands, once that was worked out

    def __init__(
        self, function: Callable[..., Any] | None, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any,
        site: Site | None, time: int, name: str = "", context: Any = None,
    ) -> None:  # fmt: skip
        self.function, self.args, self.kwargs, self.value = function, args, kwargs, value
        self.site, self.time, self.name, self.context, self.plan = site, time, name, context, None
        # made of numbers that were written down, and of nothing else: a learning rate, say
        self.hyper = (
            name == "literal"
            if function is None
            else (np.size(value) == 1 and value is not None and all(operand.hyper for operand in self.operands()))
        )

    def operands(self) -> Iterator[Node]:
        """The nodes it was computed from, those inside lists too."""
        for arg in self.args:
            if isinstance(arg, Node):
                yield arg
            elif isinstance(arg, (list, tuple, dict, Index)):
                yield from _inside(arg)
        for arg in self.kwargs.values():
            if isinstance(arg, Node):
                yield arg
            elif isinstance(arg, (list, tuple, dict)):
                yield from _inside(arg)

    def __repr__(self) -> str:
        return f"<{self.name or getattr(self.function, '__name__', 'leaf')} @{self.time} {self.site}>"


def same_statement(one: Node, other: Node) -> bool:
    """Whether two nodes were computed in one statement of the script."""
    return one.site is not None and other.site is not None and one.site.statement == other.site.statement


def comes_from(
    starts: Container[int], ends: Iterable[Node], since: int, operands: Callable[[Node], Iterable[Node]] = Node.operands
) -> bool:
    """Whether one of some nodes is one of those that begin, or computed from it at or after a time."""
    stack, known = list(ends), set[int]()
    while stack:
        node = stack.pop()
        if id(node) in starts:
            return True
        if id(node) not in known and node.time >= since:
            known.add(id(node))
            stack += operands(node)
    return False


class Index:
    """An index that holds nodes among slices and numbers."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts


def _inside(thing: Any) -> Iterator[Node]:
    parts = thing.parts if isinstance(thing, Index) else thing.values() if isinstance(thing, dict) else thing
    for part in parts:
        if isinstance(part, Node):
            yield part
        elif isinstance(part, (list, tuple, dict)):
            yield from _inside(part)


class Method:
    """A method of an array as a function of it: `Method("dot")(a, b)` is `a.dot(b)`."""

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(x, self.__name__)(*args, **kwargs)


class Member:
    """An attribute of an array as a function of it: `Member("T")(a)` is `a.T`."""

    __slots__ = ("__name__",)

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __call__(self, x: Any) -> Any:
        return getattr(x, self.__name__)


class Part:
    """One of several results of a function."""

    __slots__ = ("__name__", "function", "number")

    def __init__(self, function: Any, number: int) -> None:
        self.function, self.number = function, number
        self.__name__ = getattr(function, "__name__", "call")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)[self.number]


def assembled(parts: list[Any], order: Array, shape: tuple[int, ...]) -> Any:
    """An array put together from the elements of several, in the order given."""
    tables = [isinstance(part, np.matrix) for part in parts]  # these stay of two axes, however they are laid out
    flat = [np.reshape(p.A if table else p, (-1,)) for p, table in zip(parts, tables, strict=True)]
    whole = np.reshape((flat[0] if len(flat) == 1 else np.concatenate(flat))[order], shape)
    return np.asmatrix(whole) if any(tables) and len(shape) == 2 else whole


def added_at(old: Array, index: Any, value: Any) -> Array:
    """`np.add.at(old, index, value)`, in a new array."""
    new = np.array(old)
    np.add.at(new, index, value)
    return new


def cast(value: Any, dtype: Any) -> Any:
    """What an array of another dtype keeps of numbers that are written into it."""
    return np.asarray(value).astype(dtype)


def masked(old: Any, mask: Any, value: Any) -> Any:
    """`old[mask] = value`, in a new array."""
    if np.ndim(value):
        new = np.array(old)
        new[mask] = value
        return new
    return np.where(mask, value, old)


def spread(value: Any, shape: tuple[int, ...]) -> Any:
    """Numbers that are written into more elements than they have."""
    return np.broadcast_to(np.reshape(value, np.shape(value)[-len(shape) :] if shape else ()), shape)


def filled(old: Array, value: Any) -> Array:
    return np.full_like(old, value)


def linked(value: Any) -> Any:
    """The same number in another object."""
    return value
