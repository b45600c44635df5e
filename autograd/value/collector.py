"""Keeps Python's garbage collector from searching recorded graphs for cycles over and over again: there are none.

CPython collects whenever some hundred more objects have been made than freed. Recording makes tens of thousands of
nodes a step, so without this file a training spends most of its time in collections that find nothing. Here a
collection that recording has brought about passes without doing anything, unless the latest full one is long ago.
Nothing else changes: see docs/decisions/04-garbage-collector.md. GLASSGRAD_GC=0 leaves the collector alone.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import _thread
import gc
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from .reading import Scalar
from .sums import Four, Row

SHARE: Final = 0.05
"""How much of the time full collections may take: after one of a tenth of a second there is none for two seconds."""
LONGEST: Final = 5.0
"""Seconds without a full collection, at most, however long one takes: cycles may hold large arrays."""
NOBODY_FROZE: Final = 1000
"""So many objects CPython 3.12 has in its permanent generation by itself; `gc.freeze()` puts all there, far more."""
SAMPLE: Final = 32
RECORDED: Final[tuple[type, ...]] = (Scalar, Four, Row)
"""What graphs are made of."""


class Throttle:
    """A callback for `gc.callbacks` that lets collections pass without effect while graphs are recorded.

    CPython calls it before a collection and after it. Between the two nothing is left to be looked at: everything is
    in the permanent generation, where `gc.freeze()` puts it by linking three lists, whatever their length.

    Args:
        clock: gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.running: bool = False  # a collection has begun
        self.passing: bool = False  # and has nothing to look at
        self.began: float = 0.0
        self.until: float = 0.0  # the time up to which collections may pass

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        try:
            if self.running != (phase == "stop"):  # an interrupt came before the call for the other phase had begun
                self.stop(0)
                interrupt_again()
            if phase == "start":
                self.start()
            else:
                self.stop(info["generation"])
        except KeyboardInterrupt:
            interrupt_again()

    def start(self) -> None:
        """Before a collection."""
        self.running = True
        self.began = self.clock()
        if self.began < self.until and recording_brought_it_about():
            if gc.get_freeze_count() > NOBODY_FROZE:  # the user's own
                self.until = 0.0
            else:
                self.passing = True
                gc.freeze()

    def stop(self, generation: int) -> None:
        """After it."""
        self.running = False
        if self.passing:
            gc.unfreeze()
            self.passing = False
        elif generation == 2:
            now = self.clock()
            self.until = now + min((now - self.began) / SHARE, LONGEST)


def interrupt_again() -> None:
    """Raise KeyboardInterrupt in the main thread soon: inside a callback it is printed and forgotten.

    Where this file is compiled no interrupt comes in here.
    """
    _thread.start_new_thread(_thread.interrupt_main, ())


def recording_brought_it_about() -> bool:
    """Whether a collection that is about to begin was started by CPython, on account of a graph that grows."""
    threshold: int = gc.get_threshold()[0]
    if not 0 < threshold < gc.get_count()[0] or not gc.isenabled() or gc.get_debug():
        return False  # somebody called gc.collect(), or looks for leaks
    young: list[Any] = gc.get_objects(0)
    some = young[:: len(young) // SAMPLE + 1]
    ours = 0
    for each in some:
        ours += issubclass(type(each), RECORDED)  # isinstance asks proxies, too, and may wake them up
    return 2 * ours > len(some)


def applies() -> bool:
    """Whether this Python has the collector that this file knows: that of CPython, with generations.

    CPython 3.14.0 to 3.14.4 has another one, which works in small steps; so have builds without the global lock.
    """
    if os.environ.get("GLASSGRAD_GC", "") == "0" or sys.implementation.name != "cpython":
        return False
    version = tuple(sys.version_info)
    return not (3, 14) <= version < (3, 14, 5) and "free-threading" not in sys.version


def leave_alone() -> None:
    """Leave the collector alone from now on, for a program whose signal handlers raise: a callback would swallow it."""
    if THROTTLE in gc.callbacks:
        gc.callbacks.remove(THROTTLE)


THROTTLE: Final = Throttle()
if applies():
    gc.callbacks.append(THROTTLE)
