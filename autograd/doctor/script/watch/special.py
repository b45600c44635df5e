"""Functions whose calls are watched in a way of their own: `sum`, `zip`, `copy.deepcopy`, `np.add.at`, a shuffle."""

from __future__ import annotations

import builtins
import copy
import functools
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .node import NUMBERS, Node, added_at, linked
from .sites import Site
from .tape import Tape

Array = Any
QUIET = {
    len, isinstance, type, range, id, hash, getattr, hasattr, callable, issubclass, repr, str, int, bool, open, chr,
    ord, next,
}  # fmt: skip


class Replaced:
    """The new state of an array that `out=` wrote into: the old one does not matter, or only where nothing is written.

    Args:
        masked: the last operand tells where it is written, `where=`.
    """

    __slots__ = ("__name__", "function", "masked")

    def __init__(self, function: Any, masked: bool) -> None:
        self.function, self.masked = function, masked
        self.__name__ = getattr(function, "__name__", "call")

    def __call__(self, old: Any, *given: Any) -> Any:
        if self.masked:
            return np.where(given[-1], self.function(*given[:-1]), old)
        return np.broadcast_to(self.function(*given), np.shape(old)) if np.shape(old) else self.function(*given)


class InPlace:
    """The new state of an array that a function of numpy has written into: `np.put_along_axis(old, ...)`.

    Args:
        names: of the last operands, which are given by name.
    """

    __slots__ = ("__name__", "function", "names")

    def __init__(self, function: Any, names: tuple[str, ...]) -> None:
        self.function, self.names, self.__name__ = function, names, function.__name__

    def __call__(self, old: Any, *given: Any) -> Any:
        new, by_place = np.array(old), len(given) - len(self.names)
        self.function(new, *given[:by_place], **dict(zip(self.names, given[by_place:], strict=True)))
        return new


INTO_THE_FIRST = (
    np.put_along_axis, np.put, np.place, np.putmask, np.fill_diagonal,
    *(function.at for function in (np.multiply, np.divide, np.maximum, np.minimum)),
)  # fmt: skip
"""Functions of numpy that write into their first operand, beside those that have a word of their own here."""


def array_of(walker: Any) -> Any:
    return walker.iter.base


DRAWING = (
    "numpy.random", "random", "sklearn.datasets", "sklearn.model_selection", "sklearn.utils._indexing",
)  # fmt: skip
"""Modules whose functions draw anew at each call."""


def is_random(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, (np.random.RandomState, np.random.Generator, random.Random)):
        return True
    return str(getattr(function, "__module__", "") or "").startswith(DRAWING)


def special_functions(hooks: Any) -> dict[Any, Callable[..., Any]]:
    """Functions whose calls are watched in a way of their own."""
    tape = hooks.tape

    def through(function: Any) -> Callable[..., Any]:
        """Functions that go through what they are given: the rows of an array are told."""

        def run(number: int, *args: Any, **kwargs: Any) -> Any:
            return function(*[hooks.elements(number, a) for a in args], **kwargs)

        return run

    def plain(function: Any) -> Callable[..., Any]:
        def run(number: int, *args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return run

    def mapped(number: int, function: Any, *things: Any) -> Any:
        return map(functools.partial(hooks.call, number, function), *[hooks.elements(number, each) for each in things])

    def from_iterable(number: int, things: Any, dtype: Any = float, *args: Any, **kwargs: Any) -> Any:
        plain = np.dtype(dtype).names is None and not (args or kwargs)
        if tape.paused or not plain or isinstance(things, np.ndarray):
            return np.fromiter(things, dtype, *args, **kwargs)
        return hooks._outside(number, np.array, ([*things], dtype), {})

    def total(number: int, things: Any, /, start: Any = 0) -> Any:
        found = start
        for part in hooks.elements(number, things):
            found = hooks.binary(number, "add", found, part)
        return found

    def chosen(function: Any, place: Any) -> Callable[..., Any]:
        """A choice: elsewhere this tape holds only where it falls on the same one."""

        def run(number: int, *args: Any, **kwargs: Any) -> Any:
            given = tuple(map(tape.operand, args))
            if not kwargs and not tape.paused and any(isinstance(g, Node) for g in given) and np.ndim(args[0]) == 0:
                tape.time += 1
                at, now = hooks.sites[number], int(place(args))
                tape.conditions.append(Node(lambda *values: int(place(values)), given, {}, now, at, tape.time))
            return through(function)(number, *args, **kwargs)

        return run

    def number_of(function: Any) -> Callable[..., Any]:
        def run(number: int, *args: Any, **kwargs: Any) -> Any:
            out = function(*args, **kwargs)
            if args and not kwargs and tape.node_of(args[0]) is not None:
                if tape.node_of(out) is None:
                    tape.result(out, linked, (tape.operand(args[0]),), {}, hooks.sites[number])
                return out
            return hooks._outside(number, lambda *a: out, args, kwargs) if isinstance(out, np.ndarray) else out

        return run

    def deep(number: int, thing: Any, *args: Any) -> Any:
        out = copy.deepcopy(thing, *args)
        _link(tape, thing, out, hooks.sites[number], set())
        return out

    def add_at(number: int, target: Any, index: Any, value: Any) -> None:
        where = tape.index(index)  # an Index is no operand yet that a list could be taken for
        tape.rewrite(target, lambda: np.add.at(target, index, value), added_at, (where, value), hooks.sites[number])

    def subtract_at(number: int, target: Any, index: Any, value: Any) -> None:
        add_at(number, target, index, hooks.unary(number, "neg", value))

    def written(function: Any) -> Callable[..., Any]:
        def run(number: int, *args: Any, **kwargs: Any) -> None:
            if tape.paused or not (args and isinstance(args[0], np.ndarray)):
                function(*args, **kwargs)
                return
            target, given, by_name = args[0], (*args[1:], *kwargs.values()), tuple(kwargs)
            change = functools.partial(function, *args, **kwargs)
            tape.rewrite(target, change, InPlace(function, by_name), given, hooks.sites[number])

        return run

    def copied(number: int, target: Any, source: Any, **options: Any) -> None:
        tape.write(target, Ellipsis, source, hooks.sites[number])

    def windows(number: int, x: Any, *args: Any, **kwargs: Any) -> Any:
        """All windows of an array, each of its numbers by its place."""
        if tape.paused or not isinstance(x, np.ndarray) or kwargs.get("writeable"):
            return sliding_window_view(x, *args, **kwargs)
        places = sliding_window_view(np.arange(x.size).reshape(x.shape), *args, **kwargs)
        return hooks._outside(number, np.take, (x, np.array(places)), {})

    def set_attribute(number: int, thing: Any, name: str, value: Any) -> None:
        hooks.set_attribute(number, value, thing, name)

    def shown(number: int, *args: Any, **kwargs: Any) -> Any:
        hooks._show(args, hooks.sites[number])
        return print(*args, **kwargs)

    found: dict[Any, Callable[..., Any]] = {
        f: through(f)
        for f in (
            list,
            tuple,
            iter,
            zip,
            enumerate,
            filter,
            sorted,
            any,
            all,
            dict,
            set,
            functools.reduce,
        )
    }
    found |= {f: written(f) for f in INTO_THE_FIRST}
    found |= {max: chosen(max, np.argmax), min: chosen(min, np.argmin)}
    found |= {f: plain(f) for f in QUIET}
    found |= {float: number_of(float), np.float64: number_of(np.float64), np.float32: number_of(np.float32)}
    found |= {
        sliding_window_view: windows,
        map: mapped,
        np.fromiter: from_iterable,
        builtins.sum: total,
        copy.deepcopy: deep,
        setattr: set_attribute,
        print: shown,
    }
    found |= {np.add.at: add_at, np.subtract.at: subtract_at, np.copyto: copied, math.fsum: total}
    return found


def shuffled(hooks: Any, number: int, function: Any, thing: Any, *args: Any, **kwargs: Any) -> Any:
    """A shuffle in place: what an array holds afterwards is new to the tape."""
    if not isinstance(thing, np.ndarray):
        return function(thing, *args, **kwargs)
    return hooks.tape.replaced(thing, lambda: function(thing, *args, **kwargs), hooks.sites[number])


def _link(tape: Tape, old: Any, new: Any, site: Site, seen: set[int]) -> None:
    """Arrays in a deep copy are those of the original."""
    if old is new or id(new) in seen:
        return
    seen.add(id(new))
    if isinstance(new, NUMBERS):
        node = tape.operand(old)
        if isinstance(node, Node):
            tape.result(new, linked, (node,), {}, site)
    elif isinstance(new, dict):
        for key in new:
            _link(tape, old[key], new[key], site, seen)
    elif isinstance(new, (list, tuple)):
        for x, y in zip(old, new, strict=True):
            _link(tape, x, y, site, seen)
    elif hasattr(new, "__dict__"):
        _link(tape, vars(old), vars(new), site, seen)
