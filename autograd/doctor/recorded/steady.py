"""A learner's functions, called so that every call draws the same random numbers and nothing is different afterwards.

Whatever the functions reach (their closures, the globals they name, the object of a method) is noted once, and put back
as it was at the end.
"""

from __future__ import annotations

import functools
import random
import types
from collections.abc import Callable
from typing import Any

import numpy as np

Restore = Callable[[], None]
MOST = 5_000_000  # elements of an array that is kept


class Steady:
    """A context in which functions begin alike.

    Args:
        reached: functions and objects of the learner's.

    >>> counter = []
    >>> def noisy(x):
    ...     counter.append(x)
    ...     return np.random.rand()
    >>> with Steady(noisy) as steady:
    ...     steady(noisy)(1.0) == steady(noisy)(1.0)
    True
    >>> counter
    []
    """

    def __init__(self, *reached: Any) -> None:
        self._seen: dict[int, Any] = {}
        self._restores: list[Restore] = []
        self._random: list[Restore] = []
        for thing in reached:
            self._note(thing)
        state, plain = np.random.get_state(), random.getstate()
        self._random += [lambda: np.random.set_state(state), lambda: random.setstate(plain)]

    def __enter__(self) -> Steady:
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Put everything back as it was."""
        for restore in (*self._restores, *self._random):
            restore()

    def __call__(self, function: Callable[..., Any], forgets: bool = False) -> Callable[..., Any]:
        """The function, begun with the same random state at each call.

        Args:
            forgets: whether everything else is put back before each call too, such as the state of a momentum.
        """

        @functools.wraps(function)
        def steadied(*args: Any, **kwargs: Any) -> Any:
            for restore in (*(self._restores if forgets else ()), *self._random):
                restore()
            return function(*args, **kwargs)

        return steadied

    def _note(self, thing: Any) -> None:
        if id(thing) in self._seen or isinstance(thing, (types.ModuleType, type, str, int, float, bool, type(None))):
            return
        self._seen[id(thing)] = thing
        if isinstance(thing, types.MethodType):
            self._note(thing.__self__)
            self._note(thing.__func__)
        elif isinstance(thing, types.FunctionType):
            self._function(thing)
        elif isinstance(thing, functools.partial):
            for part in (thing.func, *thing.args, *thing.keywords.values()):
                self._note(part)
        elif isinstance(thing, np.ndarray):
            if thing.flags.writeable and thing.size <= MOST:
                self._restores.append(_array(thing))
        elif isinstance(thing, (np.random.Generator, np.random.RandomState)):
            self._random.append(_generator(thing))
        elif isinstance(thing, random.Random):
            drawn = thing.getstate()
            self._random.append(lambda: thing.setstate(drawn))
        elif isinstance(thing, list):
            kept = list(thing)
            self._restores.append(lambda: thing.__setitem__(slice(None), kept))
            self._all(kept)
        elif isinstance(thing, dict):
            self._dict(thing)
            self._all(list(thing.values()))
        elif isinstance(thing, (tuple, set)):
            self._all(list(thing))
        elif isinstance(getattr(thing, "__dict__", None), dict) and _is_own(thing):
            self._dict(vars(thing))
            self._all(list(vars(thing).values()))

    def _all(self, parts: list[Any]) -> None:
        if len(parts) <= 10_000:
            for part in parts:
                self._note(part)

    def _dict(self, holder: dict[Any, Any]) -> None:
        kept = dict(holder)

        def restore() -> None:
            if holder.keys() != kept.keys() or any(holder[key] is not kept[key] for key in kept):
                holder.clear()
                holder.update(kept)

        self._restores.append(restore)

    def _function(self, function: types.FunctionType) -> None:
        for cell in function.__closure__ or ():
            try:
                self._cell(cell, cell.cell_contents)
            except ValueError:  # not bound yet
                continue
        for part in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
            self._note(part)
        around = function.__globals__
        for name in _names(function.__code__):
            if name in around:
                self._global(around, name)

    def _cell(self, cell: Any, contents: Any) -> None:
        def restore() -> None:
            cell.cell_contents = contents

        self._restores.append(restore)
        self._note(contents)

    def _global(self, around: dict[str, Any], name: str) -> None:
        contents = around[name]

        def restore() -> None:
            if around.get(name) is not contents:
                around[name] = contents

        self._restores.append(restore)
        self._note(contents)


def _names(code: types.CodeType) -> list[str]:
    """The global names that a function may use, those of the functions inside it too."""
    inner = [name for part in code.co_consts if isinstance(part, types.CodeType) for name in _names(part)]
    return [*code.co_names, *inner]


def _is_own(thing: Any) -> bool:
    """Whether it is an object of a class of the learner's, not of a library."""
    return type(thing).__module__.split(".")[0] not in ("numpy", "autograd", "nn", "builtins", "matplotlib", "scipy")


def _array(array: np.ndarray[Any, Any]) -> Restore:
    kept = array.copy()

    def restore() -> None:
        if not np.array_equal(array, kept, equal_nan=array.dtype.kind in "fc"):
            array[...] = kept

    return restore


def _generator(generator: Any) -> Restore:
    if isinstance(generator, np.random.RandomState):
        drawn = generator.get_state()
        return lambda: generator.set_state(drawn)
    state = generator.bit_generator.state

    def restore() -> None:
        generator.bit_generator.state = state

    return restore
