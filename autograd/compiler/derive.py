"""Deriving a program: what is asked of it (its value, its gradient, ...), and the rule about 0 × ∞ (see `masking.py`).

A program is derived `Guarded`: a select is written only where a local derivative can be infinite though its operands
are finite (of log, of sqrt). That is what a careful person writes, and it is exact as long as no number on the way is
infinite or NaN. Where the outcome is not finite, the program is derived again, `Exact`, with every select, and that one
is run. Whether the two can differ at all is remembered in `Guarded.met`.

The sweeps themselves are in `scalar/derive.py` and `arrays/derive.py`. No formula stands in any of these files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from ..core.reverse import times
from ..core.rule import Rule
from ..masking import Arrived, is_selective, is_singular, local_derivative
from .program import BaseProgram

P = TypeVar("P", bound=BaseProgram)

NO_CONDITION: Final = (
    "a loss is a number, and this function returned a truth value, which has no derivative: return the number, or "
    "where(condition, x, y), which chooses one of two"
)


class Recorded(Arrived):
    """Numbers of a program."""

    __slots__ = ()
    met = False

    def lifted(self, array: Any) -> Any:
        recorder = self.number.recorder
        return recorder.node(recorder.lift(array))


class Exact(Recorded):
    """Nothing passes where nothing arrived, whatever stands there."""

    __slots__ = ()

    def doubtful(self, number: Any) -> bool:
        return True


class Guarded(Recorded):
    """Likewise where a local derivative can be infinite; elsewhere 0 × local is relied upon to be 0."""

    __slots__ = ()

    def __init__(self, number: Any, came: Any = None) -> None:
        self.number, self.came = number, came
        if came is not None:
            type(self).met = True

    def times(self, rule: Rule, k: int, operands: Sequence[Any], out: Any) -> Arrived | None:
        came = self.came
        if is_selective(rule, k):
            local, silent = local_derivative(rule, k, operands, out)
            if silent is True:
                return None
            came = self.through(silent)
            if not is_singular(rule, k):  # then the whole formula is written, with its zeros
                local = rule.partial(k, operands, out)
        else:
            local = rule.partial(k, operands, out)
        number = times(self.number, local)
        if came is not None and is_singular(rule, k):
            return super().only(number, came)
        return type(self)(number, came)

    def only(self, number: Any, came: Any) -> Arrived:
        return type(self)(number, came)

    def doubtful(self, number: Any) -> bool:
        return False


def guarded(forgets: bool = False) -> type[Guarded]:
    """A class of its own for one derivation, so that it is told whether *that* has met anything.

    Args:
        forgets: behind a product of matrices, something is taken to have arrived everywhere.
    """
    return type("Guarded", (Guarded,), {"__slots__": (), "forgets": forgets})


class BasePlans(Generic[P]):
    """What can be asked of one traced program. Each is derived when it is first asked for; nothing is traced twice.

    `forgets`: see `guarded`.

    Args:
        known: derivatives that have been derived before, by whether they are exact: those of a program from a file.
    """

    forgets = False

    def __init__(self, program: P, known: Mapping[bool, Sequence[int]] | None = None) -> None:
        self.program = program
        self.boundary = len(program)  # the first instruction that is not the user's own
        self._is_read = known is not None
        self.given = dict(known or {})
        self._gradients = {exactly: tuple(found) for exactly, found in (known or {}).items()}
        self._differing = True in self._gradients

    def has_another(self, kind: str) -> bool:
        """Whether the exact plan of this kind may come to something else where numbers are not finite."""
        return self._differing and kind not in ("forward", "value") and not (self._is_read and kind != "value_and_grad")

    def note_another(self) -> None:
        """Remember that it may, where somebody else has derived the program."""
        self._differing = True

    def loss_output(self) -> int:
        """The instruction that is the loss.

        Raises:
            TraceError: the function returned something else than one number.
        """
        raise NotImplementedError

    def gradient(self, exactly: bool = False) -> tuple[int, ...]:
        """Instructions for the derivative of the loss to each parameter."""
        if exactly not in self._gradients:
            self._gradients[exactly] = self.derived(self.loss_output(), exactly)
        return self._gradients[exactly]

    def derived(self, output: int, exactly: bool) -> tuple[int, ...]:
        """Instructions for the derivative of an output to each parameter; they are added to the program."""
        kind: type[Recorded] = Exact if exactly else guarded(self.forgets)
        found = self.differentiated(output, kind)
        if not exactly:
            self._differing = self._differing or kind.met
        return found

    def differentiated(self, output: int, kind: type[Recorded]) -> tuple[int, ...]:
        """The sweep over the instructions of this kind of program."""
        raise NotImplementedError
