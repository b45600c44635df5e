"""What is on just now: which of the switches (`switches.py`) hold in this thread, this task, this place of the code.

A switch is on as long as somebody holds on to its `Entry`, and only in the context that turned it on: the thread or the
task, and the tasks started there. Nothing is counted up and down, so nothing can be left over: an entry that is let go
of, in whatever way, is off.

The engine asks `if SPECIAL` for every node, which is almost always empty; only then is it looked further.
Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import _thread
import contextvars
import os
import threading
import weakref
from types import FrameType
from typing import Any, Final, TypeVar

from .carrier import Note

_T = TypeVar("_T")


def _interpreted(cls: type[_T]) -> type[_T]:
    """Itself. mypyc leaves a decorated class to Python: a compiled one has no weak references."""
    return cls


@_interpreted
class Entry:
    # One switch that has been turned on, and what it says. (mypyc would put words of its own in place of a docstring.)

    pauses: int = 0  # 1 where nothing is recorded, -1 where it is again
    anomaly: bool = False  # whether NaN and infinities are looked for
    note: Note | None = None  # what the nodes recorded here are named after
    tracer: Any = None  # the compiler that calls a function just now
    strict: Any = None  # (who, a function, ids of nodes): what `who` differentiates by these nodes; None for all nodes
    read: bool = False  # whether a number was read in it, by .item() or .data
    nested: bool = False  # whether a derivative that is asked for inside has a graph of its own
    made: set[int] | None = None  # where the ids of the Tensors that are made are collected: see `checkpoint.py`
    over: bool = False  # whether it has been turned off, though somebody, perhaps a traceback, still holds on to it
    way: Any = None  # a weak reference to the way out of the `with` that turned it on; one that is gone has been left
    frame: FrameType | None = None  # the generator that turned it on; while it is suspended, other code runs


SPECIAL: Final[list[Any]] = []
"""Weak references to all entries, in whatever context, that change what is recorded. One that dies is taken out by its
own reference. (A list: whether one is empty is the cheapest of all questions.)"""
TRACING: Final[list[Any]] = []
"""Likewise to those of compilers that trace."""
STRICT: Final[list[Any]] = []
"""Likewise to those in which a number may not be read without a word."""
_STATE: Final[contextvars.ContextVar[tuple[Any, ...]]] = contextvars.ContextVar("autograd", default=())
"""Weak references to the entries of this context, the latest first."""
_BLANK: Final = Note()


class Mode:
    """The name that a module in this thread gives to what it records: the quick way, while nothing else is on."""

    __slots__ = ("note", "owner")

    def __init__(self) -> None:
        self.note: Note = _BLANK
        self.owner: int = 0


MODE: Final = Mode()


def turn_on(entry: Any, among: list[Any]) -> Any:
    """Turn a switch on, for as long as the caller holds on to the entry it gets back.

    Args:
        among: `SPECIAL`, or `STRICT` where it does not change what is recorded.
    """
    known = weakref.ref(entry, among.remove)
    among.append(known)
    if entry.tracer is not None:
        TRACING.append(weakref.ref(entry, TRACING.remove))
    others = _STATE.get()
    try:
        _STATE.set((known, *[other for other in others if other() is not None]) if others else (known,))
    except BaseException:  # an interrupt
        entry.over = True
        raise
    return entry


def is_here(entry: Any) -> bool:
    """Whether it was turned on in this context."""
    return any(known() is entry for known in _STATE.get())


def _holds(entry: Any) -> bool:
    if entry.over or (entry.way is not None and entry.way() is None):
        return False
    return entry.frame is None or entry.frame.f_back is not None


def in_force() -> list[Any]:
    """The entries that hold here, the latest first."""
    found = []
    for known in _STATE.get():
        entry = known()
        if entry is not None and _holds(entry):
            found.append(entry)
    return found


class Now:
    """The answers of the entries in force; ask it only where `SPECIAL` or `STRICT` is not empty."""

    __slots__ = ()

    @property
    def paused(self) -> bool:
        """Whether nothing is recorded."""
        for entry in in_force():
            if entry.pauses:
                return bool(entry.pauses > 0)
        return False

    @property
    def anomaly(self) -> bool:
        """Whether NaN and infinities are looked for."""
        return any(entry.anomaly for entry in in_force())

    @property
    def note(self) -> Note:
        """What nodes are named after."""
        for entry in in_force():
            if entry.note is not None:
                found: Note = entry.note
                return found
        return own_note()

    @property
    def tracer(self) -> Any:
        """The compiler that calls a function; None where none does."""
        for entry in in_force():
            if entry.tracer is not None:
                return entry.tracer
        return None

    @property
    def strict(self) -> list[Any]:
        """Who would lose the graph of a number turned into a float: (name, function, ids of the nodes, or None)."""
        return [entry.strict for entry in in_force() if entry.strict is not None]

    @property
    def nested(self) -> bool:
        """Whether a transform calls a function."""
        return any(entry.nested for entry in in_force())

    @property
    def made(self) -> Any:
        """Where the ids of Tensors are collected."""
        for entry in in_force():
            if entry.made is not None:
                return entry.made
        return None


NOW: Final = Now()


def for_a_new_node() -> tuple[Note, bool, bool]:
    """At once what every node asks for: the note, whether nothing is recorded, whether anomalies are looked for."""
    note: Any = None
    pauses: int = 0
    anomaly = False
    for known in _STATE.get():
        entry = known()
        if entry is not None and _holds(entry):
            if note is None:
                note = entry.note
            if not pauses:
                pauses = entry.pauses
            if entry.anomaly:
                anomaly = True
    return own_note() if note is None else note, pauses > 0, anomaly


def own_note() -> Note:
    """The name that a module in this thread gives, without an entry."""
    return MODE.note if MODE.owner == threading.get_ident() else _BLANK


def run_named(note: Note, function: Any, inputs: Any, options: Any) -> Any:
    """`function(*inputs, **options)`; what it records is named after `note`.

    Nothing can suspend a call half-way, as it can what stands in a `with`. So where no other thread could see it, and
    no switch is on, the name is simply written where nodes look for it.
    """
    if SPECIAL or _thread._count():
        held = Entry()
        held.note = note
        turn_on(held, SPECIAL)
        try:
            return function(*inputs, **options)
        finally:
            held.over = True
    before = MODE.note
    if not before.scope:
        MODE.owner = threading.get_ident()
    MODE.note = note
    try:
        return function(*inputs, **options)
    finally:
        MODE.note = before


_ORPHANS: Final[list[Any]] = []
_LOCKS: Final[weakref.WeakSet[Any]] = weakref.WeakSet()


def lock() -> Any:
    """A lock that a forked child finds free: the thread that may have held it does not exist there."""
    made = threading.Lock()
    _LOCKS.add(made)
    return made


# Leaves may be shared between threads, and += is not atomic: one thread at a time adds to gradients. A fork waits for
# it, so that a child finds neither the lock taken nor gradients half added.
ADDING: Final = threading.RLock()


def _after_fork() -> None:
    """In the child: what other threads had turned on, or locked, is nobody's any more."""
    ADDING.release()
    for among in (SPECIAL, STRICT, TRACING):
        others = [known for known in among if known not in _STATE.get()]
        _ORPHANS.extend(known() for known in others)  # so that they do not die, and look for themselves in the list
        among[:] = [known for known in among if known not in others]
    for made in list(_LOCKS):
        made._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=ADDING.acquire, after_in_parent=ADDING.release, after_in_child=_after_fork)
