"""What recorders have in common: they turn what a user's function does into instructions, and refuse what would freeze.

A recorded number (`scalar/record.py`) or array (`arrays/record.py`) has no number yet. Reading it would put the answer
of this one call into the program for ever, so that is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Generic, NoReturn, TypeVar

from .. import conversion
from ..errors import TraceError
from ..switches import source_line
from .program import BaseProgram

REMEDY: Final = (
    "select with where(x > 0, a, b), or use relu, maximum, minimum, abs, clip "
    "(of a list of numbers those of autograd: numpy's compare)"
)
READING: Final = {
    "bool()": "branches on", "hash()": "looks up", "float()": "converts", "np.asarray()": "converts", ".data": "reads",
    ".item()": "reads",
}  # fmt: skip

P = TypeVar("P", bound=BaseProgram)


def called(function: Callable[..., Any], *operands: Any) -> Any:
    """What a user's function gives for recorded operands.

    Raises:
        TraceError: an array is indexed by conditions.
    """
    try:
        return function(*operands)
    except IndexError as error:
        if "used as indices" not in str(error):
            raise
        raise TraceError(
            "an array is indexed by what is only recorded, such as x > 0: how many elements that selects is not known; "
            f"use where(condition, x, 0.0), which keeps the shape ({error})"
        ) from error
    except ValueError as error:  # numpy's, in the place of ours
        raise conversion.told(error) from None


class BaseRecorder(Generic[P]):
    """Turns what is done to recorded numbers or arrays into instructions of `program`."""

    thing, recorded = "a number", "a recorded number"  # what messages call what is recorded

    def __init__(self, program: P) -> None:
        self.program = program

    def own(self, operand: Any) -> int:
        """The instruction of a number or array that this recorder has recorded.

        Raises:
            TraceError: another recorder has.
        """
        if operand.recorder.program is not self.program:
            raise TraceError(
                f"{self.thing} of another trace is used at {source_line()}: it was kept from an earlier call of the "
                "compiled function; compute it again inside"
            )
        index: int = operand.index
        return index

    def refuse(self, value: Any, what: str) -> NoReturn:
        """Raise where an answer would be frozen: bool(), float(), `.data`."""
        now, by, instead, line = conversion.situation(), "", "", source_line()
        if what in ("float()", "np.asarray()") and now.how in (conversion.STORED, conversion.PASSED):
            by, instead, line = f", by {now.told}", f"{conversion.remedy(now.how, now.called)}; ", now.line
        raise TraceError(
            f"{line} {READING.get(what, 'reads')} {self.recorded} ({what}{by}): the compiled program would "
            f"keep the answer of this one call for ever; {instead}{REMEDY}"
        )
