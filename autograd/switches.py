"""The switches that change what is recorded: `no_grad`, `detect_anomaly`, `scope`, and a compiler that traces.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import _thread  # noqa: F401  (where mypyc looks for threading.local)
import functools
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numpy as np

from .carrier import Note
from .errors import AnomalyError

_T = TypeVar("_T")


class Mode:
    """What recording does differently just now. `special` is 0 almost always, and then nothing else is looked at."""

    __slots__ = ("note", "owner", "special")

    def __init__(self) -> None:
        self.special: int = 0
        self.note: Note = Note()
        self.owner: int = 0


MODE: Final = Mode()
_BLANK: Final = Note()
_LOCK: Final = threading.Lock()


def _interpreted(cls: type[_T]) -> type[_T]:
    """Itself. mypyc leaves a decorated class to Python; compiled, one below `threading.local` would corrupt memory."""
    return cls


@_interpreted
class _Thread(threading.local):
    """The switches of one thread; another thread's recording is not disturbed."""

    paused = 0
    anomaly = 0
    note: Note = _BLANK
    scopes: list[tuple[Note, bool]]  # what each open `scope` has to restore
    tracer: Any = None  # set by the compiler while it calls a function: it records comparisons and refuses branches

    def __init__(self) -> None:
        self.scopes = []


THREAD: Final = _Thread()


def _special(change: int) -> None:
    with _LOCK:
        MODE.special += change


class _Switch:
    """A context manager, also usable as a decorator, that counts one of the thread's switches up and down."""

    _name = ""

    def __init__(self) -> None:  # so that `@no_grad` without its parentheses is an error, compiled too
        pass

    def __enter__(self) -> None:
        setattr(THREAD, self._name, getattr(THREAD, self._name) + 1)
        _special(1)

    def __exit__(self, *exception: object) -> None:
        setattr(THREAD, self._name, getattr(THREAD, self._name) - 1)
        _special(-1)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


class no_grad(_Switch):
    """Record nothing inside: results are leaves, and no graph is kept alive. Also a decorator.

    >>> from autograd import Value, no_grad
    >>> w = Value(3.0)
    >>> with no_grad():
    ...     y = w * w
    >>> y, y.operands
    (Value(9.0, grad=0.0), ())
    """

    _name = "paused"


class always_recording:
    """Record inside, also under `no_grad`: the transforms need the graph of the function they differentiate."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before: int = 0

    def __enter__(self) -> None:
        self._before, THREAD.paused = THREAD.paused, 0

    def __exit__(self, *exception: object) -> None:
        THREAD.paused = self._before


class detect_anomaly(_Switch):
    """Raise at the first NaN or infinity, forward or backward, naming the op and the line that ran it.

    Slows recording down: every node remembers its source line.

    >>> from autograd import Value, detect_anomaly
    >>> with detect_anomaly():  # doctest: +ELLIPSIS
    ...     Value(0.0).log()
    Traceback (most recent call last):
    autograd.errors.AnomalyError: log(0.0) gave -inf at ...
    """

    _name = "anomaly"


class tracing:
    """While a compiler calls a user's function: `tracer.compare(sign, x, y)` answers comparisons of Values, and
    `tracer.refuse(value, what)` is called, to raise, where a branch would be frozen: bool(), float(), `.data`."""

    __slots__ = ("_before", "_tracer")

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer
        self._before: Any = None

    def __enter__(self) -> None:
        self._before, THREAD.tracer = THREAD.tracer, self._tracer
        _special(1)

    def __exit__(self, *exception: object) -> None:
        THREAD.tracer = self._before
        _special(-1)


def recording() -> bool:
    """Whether this thread records graphs just now."""
    return THREAD.paused == 0


def looking_for_anomalies() -> bool:
    """Whether `detect_anomaly` is on in this thread."""
    return MODE.special > 0 and THREAD.anomaly > 0


def check_cotangents(node: Any, operands: Any, parts: list[Any]) -> list[Any]:
    """What `node` passes on to its operands, unchanged.

    Raises:
        AnomalyError: one of them is not finite.
    """
    for k, part in enumerate(parts):
        number = getattr(part, "number", part)
        if number is not None and not np.all(np.isfinite(number)):
            one = type(number) is float
            what = (
                f"of {number} to its operand {operands[k]._data!r}" if one else f"that is not finite to its operand {k}"
            )
            shape = f" of shape {number.shape}" if getattr(number, "shape", ()) else ""
            raise AnomalyError(
                f"backward through {node.op} gave a gradient {what}{shape}"
                + (f", recorded at {node.source}" if node.source else "; record the graph under detect_anomaly() too")
            )
    return parts


class scope:
    """Name the module whose operations are recorded inside; the drawer makes a cluster of it.

    >>> from autograd import Value, scope
    >>> with scope("layer"):
    ...     y = Value(2.0).tanh()
    >>> y.scope
    ('layer',)
    """

    __slots__ = ("_note",)

    def __init__(self, *names: str) -> None:
        self._note = Note("", names)

    def __enter__(self) -> None:
        me = threading.get_ident()
        before = THREAD.note
        THREAD.note = self._note
        with _LOCK:
            overlap = MODE.owner not in (0, me)
            if overlap:  # another thread is inside a module: both look the note up in their own thread
                MODE.special += 1
            else:
                MODE.owner = me
                MODE.note = self._note
        THREAD.scopes.append((before, overlap))

    def __exit__(self, *exception: object) -> None:
        before, overlap = THREAD.scopes.pop()
        THREAD.note = before
        with _LOCK:
            if overlap:
                MODE.special -= 1
            else:
                MODE.note = before
                if not THREAD.scopes:
                    MODE.owner = 0


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
