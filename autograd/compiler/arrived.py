"""The rule about 0 × ∞ (see `masking.py`) while a derivative is written into a program, which knows no numbers yet.

A program is derived `Guarded`: a select is written only where a local derivative can be infinite though its operands
are finite (of log, of sqrt). That is what a careful person writes, and it is exact as long as no number on the way is
infinite or NaN. Where the outcome is not finite, the program is derived again, `Exact`, with every select, and that one
is run. Whether the two can differ at all is remembered in `Guarded.met`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.reverse import times
from ..core.rule import Rule
from ..masking import Arrived, is_selective, is_singular, local_derivative


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
        super().__init__(number, came)
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


def guarded() -> type[Guarded]:
    """A class of its own for one derivation, so that it is told whether *that* has met anything."""
    return type("Guarded", (Guarded,), {"__slots__": ()})
