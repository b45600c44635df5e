"""How a `Value` is read: its number, its gradient, its names, comparisons, text. It has no arithmetic here.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import conversion
from ..absent import ABSENT
from ..carrier import Note, checked_label, kind_of
from ..core.rule import Rule
from ..core.table import add, subtract
from ..errors import GraphError, OperandError
from ..mode import MODE, NOW, SPECIAL, STRICT, TRACING
from ..system.arrays import MASKED
from .operands import is_foreign, is_number, to_float

if TYPE_CHECKING:
    from mypy_extensions import i64  # an int that mypyc keeps in a machine word


class Scalar:
    """What a `Value` keeps, and how it is read. Write `Value`; this class has no arithmetic."""

    __slots__ = ("_data", "_grad", "dx", "dy", "mark", "note", "rule", "x", "y")

    _data: float
    _grad: float
    dx: float
    dy: float
    x: Scalar | None
    y: Scalar | None
    rule: Rule
    note: Note
    mark: i64

    def __init__(self, data: float, rule: Rule) -> None:
        self._data = data
        self._grad = 0.0
        self.x = None
        self.dx = 0.0
        self.y = None
        self.dy = 0.0
        self.rule = rule
        self.mark = 0  # the sweep that came through here last
        self.note = MODE.note

    # ------------------------------------------------------------------------------------- what a node is

    @property
    def data(self) -> float:
        """Its number. Assignable on a leaf."""
        if TRACING or STRICT:
            refuse_while_tracing(self, ".data")
            conversion.note_reading()
        return self._data

    @data.setter
    def data(self, number: object) -> None:
        if TRACING:
            refuse_while_tracing(self, "an assignment to .data")
        if not self.is_leaf:
            raise GraphError(
                f"the number of a result ({self.op}) follows from its operands: assign to a leaf and compute again"
            )
        self._data = to_float(number, "the data of a Value")

    @property
    def grad(self) -> float:
        """d root / d self of the backward sweeps so far: see `backward`. Assignable."""
        if TRACING:
            refuse_while_tracing(self, ".grad")
        if self.x is not None and self.y is None:
            conversion.watch_steps(self)
        return self._grad

    @grad.setter
    def grad(self, number: object) -> None:
        if number is None:  # torch's way to reset it
            raise OperandError("the grad of a Value is a number, got NoneType; to reset it write 0.0")
        self._grad = to_float(number, "the grad of a Value")

    @property
    def label(self) -> str:
        """The name it is drawn and compiled under; "" when it has none. Assignable."""
        return self.note.label

    @label.setter
    def label(self, text: object) -> None:
        self.note = Note(checked_label(text), self.note.scope, self.note.source)

    @property
    def scope(self) -> tuple[str, ...]:
        """The modules that were running when it was recorded, outermost first."""
        return self.note.scope

    @property
    def source(self) -> str:
        """The line of the user's code that recorded it, when that was asked for (`detect_anomaly`)."""
        return self.note.source

    @property
    def op(self) -> str:
        """The name of the primitive that made it; "" for a leaf."""
        return self.rule.name

    @property
    def kind(self) -> str:
        """`"result"` of an operation, or the leaf's role: `"input"`, `"parameter"` or `"constant"`."""
        return kind_of(self.rule)

    @property
    def reached(self) -> bool:
        """Whether any backward has come through: until then the gradient is not zero, it is not known."""
        return self.mark > 0

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by hand rather than by an operation."""
        return self.x is None and self.y is None and self.dy == 0.0

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives ∂self/∂operand, in the order of `operands`; NaN for a constant operand."""
        self._unfold()
        if self.x is None and self.y is None:
            return ()
        dx = self.dx if self.x is not None else math.nan
        if self.rule.arity == 1:
            return (dx,)
        return (dx, self.dy if self.y is not None else math.nan)

    def _step(self) -> Any:
        """If it may be another number after a step, w - rate * gradient: that number and the step."""
        if (
            self.x is None
            or self.y is not None
            or self.mark <= 0
            or (self.rule is not subtract and self.rule is not add)
        ):
            return None
        return self.x, self.dy

    def _unfold(self) -> None:
        """Give a sum of products that is one node so far its operands x and y: see `sums.py`."""

    def item(self) -> float:
        """Its number as a float."""
        if TRACING or STRICT:
            refuse_while_tracing(self, ".item()")
            conversion.note_reading()
        return self._data

    def __float__(self) -> float:
        if TRACING:
            refuse_while_tracing(self, "float()")
        conversion.check(self)
        return self._data

    def as_integer_ratio(self) -> object:
        """Not of a Value; `statistics.mean` and `fractions` ask for it."""
        conversion.refuse(conversion.situation())
        return self._data.as_integer_ratio()

    @property
    def _mask(self) -> object:
        """What numpy's masked arrays ask for whatever meets them."""
        if conversion.is_shown():  # a plot, which asks of everything whether it is masked
            raise AttributeError("_mask")
        raise OperandError(MASKED)

    def __bool__(self) -> bool:
        if TRACING:
            refuse_while_tracing(self, "bool()")
        return self._data != 0.0

    def __int__(self) -> int:
        raise OperandError(
            "a Value in the place of an integer would lose its fraction and its graph: "
            "write int(v.data), or make the array with values(...) or dtype=object"
        )

    def __round__(self, digits: int | None = None) -> Any:
        number = self.item()
        return round(number) if digits is None else round(number, digits)

    def __trunc__(self) -> int:
        return math.trunc(self.item())

    def __floor__(self) -> int:
        return math.floor(self.item())

    def __ceil__(self) -> int:
        return math.ceil(self.item())

    def __format__(self, specification: str) -> str:
        return format(self.item(), specification) if specification else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.note.label!r}" if self.note.label else ""
        return f"Value({self._data!r}, grad={self._grad!r}{label})"

    # ------------------------------------------- comparisons compare numbers; between two Values == is identity

    def __lt__(self, other: object) -> Any:
        if TRACING and NOW.tracer is not None:
            return NOW.tracer.compare("<", self, other)
        return NotImplemented if belongs_elsewhere(other) else self._data < compared(other, "<")

    def __le__(self, other: object) -> Any:
        if TRACING and NOW.tracer is not None:
            return NOW.tracer.compare("<=", self, other)
        return NotImplemented if belongs_elsewhere(other) else self._data <= compared(other, "<=")

    def __gt__(self, other: object) -> Any:
        if TRACING and NOW.tracer is not None:
            return NOW.tracer.compare(">", self, other)
        return NotImplemented if belongs_elsewhere(other) else self._data > compared(other, ">")

    def __ge__(self, other: object) -> Any:
        if TRACING and NOW.tracer is not None:
            return NOW.tracer.compare(">=", self, other)
        return NotImplemented if belongs_elsewhere(other) else self._data >= compared(other, ">=")

    def __eq__(self, other: object) -> Any:
        """Whether the numbers are equal, beside a plain number; whether both are one Value, beside another.

        So lists of nodes are searched as in micrograd. In a function that a transform calls, where it is not to be
        seen which numbers are Values, the numbers are compared.
        """
        if TRACING and NOW.tracer is not None and is_number(other):
            return NOW.tracer.compare("==", self, other)
        if isinstance(other, Scalar):
            if (STRICT or SPECIAL) and NOW.strict:
                return self._data == other._data
            return self is other
        number: Any = self._data  # numpy's numbers answer with a bool of their own
        return bool(number == other) if is_number(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        found = self.__eq__(other)
        if found is NotImplemented:
            return found
        return ~found if TRACING and NOW.tracer is not None else not found

    def __hash__(self) -> int:
        """That of the identity; of a number that a transform differentiates that of the number, as == compares it."""
        if STRICT and conversion.is_argument(self):
            return hash(self._data)
        return id(self) >> 4

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ABSENT]


def refuse_to_delete(cls: type, *names: str) -> None:
    """Make `del v.grad` an error. A compiled class calls its setter for that, without a value, and would crash."""
    for name in names:
        native: Any = cls.__dict__[name]
        if not isinstance(native, property):
            setattr(cls, name, property(native.__get__, native.__set__, None, native.__doc__))


refuse_to_delete(Scalar, "data", "grad", "label")


def refuse_while_tracing(value: Scalar, what: str) -> None:
    """A number read while a compiler traces would be frozen into the program: its tracer says so."""
    if NOW.tracer is not None:
        NOW.tracer.refuse(value, what)


def belongs_elsewhere(other: object) -> bool:
    """Whether another class should compare: an array or another carrier."""
    return not isinstance(other, Scalar) and is_foreign(other)


def compared(other: object, sign: str) -> float:
    """The number to compare with."""
    if isinstance(other, Scalar):
        return other._data
    return to_float(other, f"the right side of {sign} with a Value")
