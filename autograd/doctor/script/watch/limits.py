"""Limits of time: an exception is raised inside what takes too long, where the system can; limits may lie in limits."""

from __future__ import annotations

import gc
import signal
import threading
import time
import types
from collections.abc import Callable
from typing import Any

AGAIN = 0.1  # seconds after which it rings again, where something caught the exception
_open: list[Limit] = []


class TimeIsUp(BaseException):
    """Raised inside what goes on for too long. `limit`: the one that is over."""

    def __init__(self, limit: Limit) -> None:
        super().__init__()
        self.limit = limit


class Limit:
    """What stands in `with Limit(seconds):` is left after some seconds, and the program goes on below it.

    Args:
        part: of the time, after which `goes_on` is asked whether it may take the rest.
        work: whether it is the work of this process that is limited, however long it waits for its turn.

    After it `stopped` is the exception that left it, or None.
    """

    def __init__(
        self, seconds: float, part: float = 1.0, goes_on: Callable[[], bool] = bool, *, work: bool = False
    ) -> None:
        self.clock = time.process_time if work else time.monotonic
        self.seconds, self.until = seconds, self.clock() + seconds * part
        self.rest, self.goes_on = seconds * (1.0 - part), goes_on
        self.stopped: BaseException | None = None
        self.works = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()

    @property
    def left(self) -> float:
        return self.until - self.clock()

    @property
    def over(self) -> bool:
        """Whether its time is up, also where nothing can ring."""
        return self.left <= 0.0

    def __enter__(self) -> Limit:
        if self.works:
            if not _open:
                self.before = signal.signal(signal.SIGALRM, _ring)
            _open.append(self)
            _wind()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if self.works:
            _open.remove(self)
            _wind()
            if not _open:
                signal.signal(signal.SIGALRM, self.before)
        self.stopped = error if isinstance(error, TimeIsUp) and error.limit is self else None
        return self.stopped is not None


def _wind() -> None:
    left = min((max(1e-3, limit.left) for limit in _open), default=0.0)
    signal.setitimer(signal.ITIMER_REAL, left, AGAIN)


def _ring(_: int, frame: types.FrameType | None) -> None:
    if frame is not None and (frame.f_code.co_filename.endswith("collector.py") or _is_called_back(frame.f_code)):
        return  # whoever collects garbage ignores exceptions; it rings again
    for limit in list(_open):
        if not limit.over:
            continue
        if limit.rest and limit.goes_on():
            limit.until, limit.rest = limit.until + limit.rest, 0.0
            continue
        raise TimeIsUp(limit)
    _wind()


def _is_called_back(code: types.CodeType) -> bool:
    """Whether it is what somebody has the collector of garbage call."""
    return any(getattr(getattr(each, "__func__", each), "__code__", None) is code for each in gc.callbacks)
