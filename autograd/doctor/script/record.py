"""Recording a script: run it under the tracer until a few steps of its training were seen, or it ends."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from .hooks import Hooks
from .loader import run_main
from .steps import Training, find_training
from .tape import Tape

STEPS = 10
FEW = 3
ENOUGH = 4000
MOST = 400_000
SECONDS = 20.0


class Enough(BaseException):
    """Raised inside a script when enough of it was seen."""


@dataclass(eq=False)
class Recording:
    """What was recorded.

    Args:
        training: None where nothing is trained.
        error: what the script raised, if it did.
        ended: whether it ran to its end.
    """

    tape: Tape
    hooks: Hooks
    training: Training | None = None
    error: BaseException | None = None
    ended: bool = False
    seconds: float = 0.0


class Watch:
    """Decides when enough was seen."""

    def __init__(self, tape: Tape, seconds: float) -> None:
        self.tape, self.until = tape, time.monotonic() + seconds
        self.training: Training | None = None

    def __call__(self) -> None:
        found = find_training(self.tape)
        if found is not None:
            self.training = found
            count = len(found.steps)
            if count >= STEPS or (count >= FEW and len(self.tape.nodes) >= ENOUGH) or count > 1 and self._late():
                raise Enough
        elif len(self.tape.nodes) > MOST:
            self.tape.prune()
        if self._late() and len(self.tape.nodes) > MOST // 2:
            raise Enough

    def _late(self) -> bool:
        return time.monotonic() > self.until


def record(text: str, path: str, argv: list[str] | None = None, seconds: float = SECONDS) -> Recording:
    """Run a script as the main program."""
    tape = Tape()
    watch = Watch(tape, seconds)
    hooks = Hooks(tape, tape.sites, watch)
    found = Recording(tape, hooks)
    start = time.monotonic()
    try:
        run_main(text, path, argv or [], hooks)
        found.ended = True
    except Enough:
        pass
    except (Exception, SystemExit) as error:
        found.error = error
        found.ended = isinstance(error, SystemExit)
    tape.paused = True
    found.seconds = time.monotonic() - start
    found.training = find_training(tape)
    return found
