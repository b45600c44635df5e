"""Recording a script: run it under the tracer until a few steps of its training were seen, or it ends."""

from __future__ import annotations

import ast
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from .early import print_at_once, printed_now_and_then
from .given import taken_as_given
from .hooks import Hooks
from .instrument import HOOK, instrument
from .limits import Limit
from .loader import Subject, import_libraries
from .node import Node
from .sandbox import Refused, seed
from .sites import Source
from .steps import Parameter, Training, find_training, unset
from .tape import Tape

STEPS = 10
FEW = 3
ENOUGH = 4000
MANY = 30_000
MOST = 400_000
SECONDS = 20.0
FURTHER, SOONER = 1.5, 1.1  # times as much as was recorded is, when one looks again; sooner where the end is in sight
FIRST_SIGHT = 0.4  # of the time, for seeing that something is trained


class Enough(BaseException):
    """Raised inside a script when enough of it was seen."""


@dataclass(eq=False)
class Recording:
    """What was recorded.

    Args:
        training: None where nothing is trained.
        error: what the script raised, if it did.
        stopped: raised where the script was when its time was up.
        ended: whether it ran to its end.
    """

    tape: Tape
    hooks: Hooks
    training: Training | None = None
    error: BaseException | None = None
    stopped: BaseException | None = None
    ended: bool = False
    seconds: float = 0.0

    @cached_property
    def consumers(self) -> dict[int, list[Node]]:
        """What is computed from each node, in order; each once."""
        found: dict[int, list[Node]] = defaultdict(list)
        for node in self.tape.nodes:
            for operand in {id(o) for o in node.operands()}:
                found[operand].append(node)
        return found


class Watch:
    """Decides when enough was seen; else it gives the time of the tape at which to look again."""

    def __init__(self, tape: Tape, seconds: float) -> None:
        self.tape, self.until = tape, time.monotonic() + seconds
        self.training: Training | None = None

    def __call__(self) -> int:
        found, later = find_training(self.tape), int(self.tape.time * FURTHER)
        if found is not None:
            self.training = found
            count = len(found.steps)
            if all(map(_is_inner, found.parameters)) and len(self.tape.nodes) < MANY and not self._late():
                return later
            if count >= STEPS or (count >= FEW and len(self.tape.nodes) >= ENOUGH) or (count > 1 and self._late()):
                raise Enough
            last, few = found.steps[-1], FEW if len(self.tape.nodes) >= ENOUGH else STEPS
            soon = last.end + (few - count) * (last.end - last.start) + 1
            later = min(later, max(soon, int(self.tape.time * SOONER)))
        elif len(self.tape.nodes) > MOST:
            self.tape.prune()
        if self._late() and len(self.tape.nodes) > MOST // 2:
            raise Enough
        return later

    def _late(self) -> bool:
        return time.monotonic() > self.until


def _is_inner(parameter: Parameter) -> bool:
    """Whether a loop that updates it also makes it anew: an error that goes back through time, say."""
    chain = parameter.chains[0]
    made, updated = chain.states[0].site, chain.sites[0]
    return made is not None and made.function == updated.function and bool(set(made.loops) & set(updated.loops))


def record(subject: Subject, seconds: float = SECONDS) -> Recording:
    """Run a script or a function until enough of its training was seen.

    Where nothing is trained at first sight, in a part of the time, it runs again, with arrays in the place of columns
    of tables; and again, and plain numbers are kept as well: parameters, samples and rates may all be Python's own, so
    that nothing tells one from another before they are mixed. Where nothing was printed in the steps that were seen,
    it runs again and prints at once what it prints now and then.
    """
    found = _as_it_is(subject, seconds)
    if found.training is not None and not found.tape.shown and any(printed_now_and_then(ast.parse(subject.main.text))):
        seed()
        again = _recorded(subject, seconds, found.tape.thorough, found.hooks.columns, early=True)
        if (
            again.training is not None
            and again.tape.shown
            and len(again.training.parameters) == len(found.training.parameters)
        ):
            return again
    return found


def _as_it_is(subject: Subject, seconds: float) -> Recording:
    import_libraries(subject.main)
    seed()
    tables = "pandas" in sys.modules
    found = first = _recorded(subject, seconds)
    for thorough in (False, True) if tables else (True,):
        if found.training is not None or not (first.ended or first.stopped) or first.seconds >= seconds / 2:
            return found
        seed()
        again = _recorded(subject, seconds, thorough, tables)
        found = again if again.training is not None else first
    return found


def _recorded(
    subject: Subject, seconds: float, thorough: bool = False, columns: bool = False, early: bool = False
) -> Recording:  # fmt: skip
    tape = Tape()
    tape.thorough = thorough
    watch = Watch(tape, seconds)
    hooks = Hooks(tape, tape.sites, watch)
    hooks.from_outside, hooks.columns = subject.from_outside, columns
    found = Recording(tape, hooks)
    start = time.monotonic()

    def rewrite(source: Source) -> ast.Module:
        hooks.codes.add(source.path)
        hooks.modules = subject.modules()
        tree = ast.parse(source.text, source.path)
        if early:
            print_at_once(tree)
        return instrument(tree, source, hooks.sites)

    try:
        with Limit(seconds + 1.0, 1.0 if thorough else FIRST_SIGHT, lambda: watch.training is not None) as limit:
            subject.run(rewrite, {HOOK: hooks}, lambda names: setattr(hooks, "namespace", names))
            found.ended = True
        found.stopped = limit.stopped
    except Enough:
        pass
    except (Exception, SystemExit, Refused) as error:
        found.error = error
        found.ended = isinstance(error, SystemExit)
    tape.paused = True
    found.seconds = time.monotonic() - start
    found.training = find_training(tape)
    if found.training is not None:
        unset(found.training)
        taken_as_given(found.training)
    return found
