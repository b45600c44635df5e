"""The switches that change what is recorded: `no_grad`, `detect_anomaly`, `scope`, and a compiler that traces.

What is on just now is kept in `mode.py`.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any, Final

import numpy as np

from .carrier import Note, describe
from .errors import AnomalyError, OperandError
from .mode import NOW, SPECIAL, Entry, is_here, turn_on
from .wrapping import wrapped


class _Leaving:
    """`__exit__`: every `with` gets a bound method of its own, which it drops when it is left, whatever happens.

    Python may raise KeyboardInterrupt at the first step of a method, before anything in it could act. What a `with` has
    turned on is tied to this object, so it is off all the same.
    """

    def __get__(self, switch: Switch | None, owner: type) -> Callable[..., None]:
        if switch is None:
            return Switch._leave
        way = switch._leave
        switch._way = weakref.ref(way), threading.get_ident()
        return way


class Switch:
    """What the switches share: a context manager that may be entered again, also by other threads and tasks."""

    __slots__ = ("_opened", "_way")

    def __init__(self, *given: object) -> None:
        if given:
            name = type(self).__name__
            raise OperandError(f"{name}() takes nothing, got {describe(given[0])}; as a decorator write @{name}()")
        self._opened: list[Any] = []
        self._way: tuple[Any, int] | None = None  # the latest way out, and the thread that asked for it

    def _say(self, entry: Entry) -> None:
        raise NotImplementedError

    def _on(self, frame: FrameType | None = None, way: Any = None) -> Entry:
        entry = Entry()
        self._say(entry)
        entry.frame, entry.way = frame, way
        try:
            turn_on(entry, SPECIAL)
            return entry
        except BaseException:
            entry.over = True
            raise

    def __enter__(self) -> None:
        way, thread = self._way or (None, 0)
        entry = self._on(_generator(), way if thread == threading.get_ident() else None)
        self._opened = [*self._opened, entry]  # the last step, and a single one: an interrupt before leaves nothing on

    __exit__ = _Leaving()

    def _leave(self, *exception: object) -> None:
        opened = self._opened
        if len(opened) > 1:
            opened = [entry for entry in opened if is_here(entry)] or opened
        if opened:
            opened[-1].over = True
            self._opened = [entry for entry in self._opened if not entry.over]

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(function, type) or not callable(function):
            name = type(self).__name__
            raise OperandError(
                f"@{name}() is for functions, got {describe(function)}: put it on the methods, one by one"
            )
        return wrapped(function, self._on)


class no_grad(Switch):
    """Record nothing inside: results are leaves, and no graph is kept alive. Also a decorator.

    It holds in the thread or the asyncio task that entered it and in the tasks started inside. Inside a generator it
    does not hold for those who consume what is yielded.

    >>> from autograd import Value, no_grad
    >>> w = Value(3.0)
    >>> with no_grad():
    ...     y = w * w
    >>> y, y.operands
    (Value(9.0, grad=0.0), ())
    """

    __slots__ = ()

    def _say(self, entry: Entry) -> None:
        entry.pauses = 1


class always_recording(Switch):
    """Record inside, also under `no_grad`: the transforms need the graph of the function they differentiate."""

    __slots__ = ()

    def _say(self, entry: Entry) -> None:
        entry.pauses = -1


class differentiating(always_recording):
    """Record inside, and refuse to lose the graph of a recorded number by turning it into a plain float.

    Args:
        who: the public function that differentiates, for the error: "diagnose()".
        function: what it differentiates.
    """

    __slots__ = ("_strict",)

    def __init__(self, who: str, function: Any) -> None:
        super().__init__()
        self._strict = (who, function, None)

    def _say(self, entry: Entry) -> None:
        super()._say(entry)
        entry.strict = self._strict


class detect_anomaly(Switch):
    """Raise at the first NaN or infinity, forward or backward, naming the op and the line that ran it.

    Slows recording down: every node remembers its source line.

    >>> from autograd import Value, detect_anomaly
    >>> with detect_anomaly():  # doctest: +ELLIPSIS
    ...     Value(0.0).log()
    Traceback (most recent call last):
    autograd.errors.AnomalyError: log(0.0) gave -inf at ...
    """

    __slots__ = ()

    def _say(self, entry: Entry) -> None:
        entry.anomaly = True


class tracing(Switch):
    """While a compiler calls a user's function: `tracer.compare(sign, x, y)` answers comparisons of Values, and
    `tracer.refuse(value, what)` is called, to raise, where a branch would be frozen: bool(), float(), `.data`."""

    __slots__ = ("_tracer",)

    def __init__(self, tracer: Any) -> None:
        super().__init__()
        self._tracer = tracer

    def _say(self, entry: Entry) -> None:
        entry.tracer = self._tracer


class scope(Switch):
    """Name the module whose operations are recorded inside; the drawer makes a cluster of it. Also a decorator.

    >>> from autograd import Value, scope
    >>> with scope("layer"):
    ...     y = Value(2.0).tanh()
    >>> y.scope
    ('layer',)
    """

    __slots__ = ("note",)

    def __init__(self, *names: str) -> None:
        super().__init__()
        for name in names:
            if not isinstance(name, str):
                raise OperandError(f'a scope is named by text, got {describe(name)}; write scope("layer")')
        self.note = Note("", names)

    def _say(self, entry: Entry) -> None:
        entry.note = self.note


_DRIVERS: Final = ("contextlib", "_pytest.fixtures")
"""Modules that run a generator as the two halves of a `with`: what it turns on is meant for what lies between."""


def _generator() -> FrameType | None:
    """The innermost generator that is running, if its consumer runs while it is suspended."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        back = frame.f_back
        if frame.f_code.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR) and not (
            back is not None and back.f_globals.get("__name__") in _DRIVERS
        ):
            return frame
        frame = back
    return None


def recording() -> bool:
    """Whether graphs are recorded here just now."""
    return not (SPECIAL and NOW.paused)


def looking_for_anomalies() -> bool:
    """Whether `detect_anomaly` is on here."""
    return bool(SPECIAL) and NOW.anomaly


def check_cotangents(
    node: Any, operands: Any, parts: list[Any], origins: dict[int, AnomalyError], inputs: Sequence[Any] = ()
) -> list[Any]:
    """What `node` passes on to its operands, unchanged.

    Args:
        origins: what to raise once a number that is not finite has come to a leaf, by the id of the result it has come
            to so far. What is masked on its way, as in `x ** floor(x)`, does no harm.
        inputs: results at which the sweep ends, as it does at leaves.

    Raises:
        AnomalyError: one of them is not finite, and belongs to a leaf; the message names where it began.
    """
    for operand, part in zip(operands, parts, strict=True):
        number = getattr(part, "number", part)
        if number is None or np.all(np.isfinite(number)) or operand.kind == "constant":
            continue
        error = origins.get(id(node)) or _anomaly(node, operands, operand, number)
        if operand.is_leaf or any(operand is each for each in inputs):
            raise error
        origins.setdefault(id(operand), error)
    return parts


def _anomaly(node: Any, operands: Any, operand: Any, number: Any) -> AnomalyError:
    if type(number) is float:
        what = f"of {number} to its operand {operand._data!r}"
    else:
        place = next(k for k, each in enumerate(operands) if each is operand)
        what = f"that is not finite to its operand {place}"
    shape = f" of shape {number.shape}" if getattr(number, "shape", ()) else ""
    return AnomalyError(f"backward through {node.op} gave a gradient {what}{shape}{_recorded_at(node)}")


def _recorded_at(node: Any) -> str:
    return f", recorded at {node.source}" if node.source else "; record the graph under detect_anomaly() too"


def check_tangents(order: Any, tangents: dict[int, Any], outputs: Sequence[Any]) -> None:
    """The same of forward mode.

    Raises:
        AnomalyError: the tangent of an output is not finite; the message names the first result that has such a one.
    """

    def is_sound(node: Any) -> bool:
        number = tangents.get(id(node))
        number = getattr(number, "number", number)
        return number is None or bool(np.all(np.isfinite(number)))

    if not all(map(is_sound, outputs)):
        for node, _ in order:
            if not is_sound(node):
                raise AnomalyError(
                    f"forward mode through {node.op} gave a tangent that is not finite{_recorded_at(node)}"
                )


_HERE: Final = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_OURS: Final = tuple(
    os.path.join(*place) + os.sep
    for place in ((_HERE, "autograd"), (_HERE, "nn"), (os.path.dirname(np.__file__),))  # np.var runs Python code
)


def source_line() -> str:
    """`file.py:12 in function`, of the caller's code: the innermost frame outside this library and numpy."""
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno} in {frame.f_code.co_name}"
