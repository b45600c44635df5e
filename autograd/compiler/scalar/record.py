"""`TracedNumber`: the compiler's own kind of number. What is done to it becomes instructions of a program.

A user's function is called with such numbers, which gives the program of its value; the rules of the table are fed with
them, which gives the program of a derivative. They have no value yet, so nothing can branch on them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ...carrier import checked_label
from ...core import table as rules
from ...core.rule import Rule
from ...core.table import TABLE
from ...errors import OperandError
from ...value.numpy_protocol import call_ufunc
from ...value.operands import is_number, to_float
from ...value.value_array import call_function
from ..program import DETACH, WHERE
from ..record import BaseRecorder
from .program import SAMPLE, Op, Program


class Recorder(BaseRecorder[Program]):
    """Turns what is done to recorded numbers into instructions of `program`."""

    def lift(self, number: Any) -> int:
        """The instruction for any operand: a recorded number, or a plain one."""
        if isinstance(number, TracedNumber):
            return self._as_number(self.own(number))
        return self.program.constant(to_float(number, "an operand"))

    def number(self, index: int) -> TracedNumber:
        """The recorded number that stands for an instruction."""
        return TracedNumber(self, index)

    def apply(self, op: Op, *operands: Any) -> TracedNumber:
        """The recorded result of an operation on any operands."""
        return TracedNumber(self, self.program.emit(op, *self.lifted(operands)))

    def lifted(self, operands: Sequence[Any]) -> list[int]:
        """The instructions of several operands; results of rows, which most of them are, without a detour."""
        ops = self.program.ops
        return [
            operand.index
            if type(operand) is TracedNumber
            and operand.recorder is self
            and (type(ops[operand.index]) is Rule or ops[operand.index] == SAMPLE)
            else self.lift(operand)
            for operand in operands
        ]

    def choose(self, condition: Any, x: Any, y: Any) -> TracedNumber:
        if isinstance(condition, (bool, np.bool_)):
            return TracedNumber(self, self.lift(x if condition else y))
        if not (isinstance(condition, TracedNumber) and self.program.is_condition(condition.index)):
            raise OperandError(f"where() expects a condition such as x > 0, got {type(condition).__name__}")
        return TracedNumber(self, self.program.emit(WHERE, condition.index, self.lift(x), self.lift(y)))

    def combine(self, opcode: str, *conditions: Any) -> TracedNumber:
        """`and`, `or`, `not` of conditions, written `&`, `|`, `~`."""
        indices = []
        for condition in conditions:
            if isinstance(condition, (bool, np.bool_)):
                indices.append(self.program.constant(bool(condition)))
            elif isinstance(condition, TracedNumber) and self.program.is_condition(condition.index):
                indices.append(condition.index)
            else:
                raise OperandError(f"&, | and ~ combine conditions such as x > 0, got {type(condition).__name__}")
        return TracedNumber(self, self.program.emit(opcode, *indices))

    def _as_number(self, index: int) -> int:
        if not self.program.is_condition(index):
            return index
        return self.program.emit(WHERE, index, self.program.constant(1.0), self.program.constant(0.0))

    def compare(self, sign: str, x: Any, y: Any) -> TracedNumber:
        """The recorded condition that `switches.tracing` asks for where a Value is compared."""
        return self.apply(sign, x, y)


def _binary(rule: Rule) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    def forward(self: TracedNumber, other: Any) -> Any:
        if type(other) is not TracedNumber and _is_array(other):
            return NotImplemented
        return self.recorder.apply(rule, self, other)

    def reflected(self: TracedNumber, other: Any) -> Any:
        return NotImplemented if _is_array(other) else self.recorder.apply(rule, other, self)

    return forward, reflected


def _is_array(other: Any) -> bool:
    return isinstance(other, np.ndarray)


def _compared(sign: str) -> Callable[[Any, Any], Any]:
    def compare(self: TracedNumber, other: Any) -> Any:
        return NotImplemented if _is_array(other) else self.recorder.apply(sign, self, other)

    return compare


def _refused(what: str) -> Callable[..., Any]:
    def refuse(self: TracedNumber, *_: Any) -> NoReturn:
        self.recorder.refuse(self, what)

    return refuse


class TracedNumber:
    """A number of the program, while it is being recorded. It behaves as a `Value` that has no number yet."""

    __slots__ = ("index", "recorder")

    def __init__(self, recorder: Recorder, index: int) -> None:
        self.recorder = recorder
        self.index = index

    __add__, __radd__ = _binary(rules.add)
    __sub__, __rsub__ = _binary(rules.subtract)
    __mul__, __rmul__ = _binary(rules.multiply)
    __truediv__, __rtruediv__ = _binary(rules.divide)
    __pow__, __rpow__ = _binary(rules.power)
    __floordiv__, __rfloordiv__ = _binary(rules.floor_divide)
    __mod__, __rmod__ = _binary(rules.remainder)
    __divmod__, __rdivmod__ = (lambda x, y: (x // y, x % y)), (lambda y, x: (x // y, x % y))
    __lt__, __le__, __gt__, __ge__ = map(_compared, ("<", "<=", ">", ">="))

    def __eq__(self, other: object) -> Any:
        return self.recorder.apply("==", self, other) if is_number(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return ~(self == other) if is_number(other) else NotImplemented

    def __neg__(self) -> TracedNumber:
        return self.recorder.apply(rules.negative, self)

    def __pos__(self) -> TracedNumber:
        return self

    def __abs__(self) -> TracedNumber:
        return self.recorder.apply(rules.abs, self)

    def __and__(self, other: Any) -> TracedNumber:
        return self.recorder.combine("and", self, other)

    def __or__(self, other: Any) -> TracedNumber:
        return self.recorder.combine("or", self, other)

    def __invert__(self) -> TracedNumber:
        return self.recorder.combine("not", self)

    __rand__, __ror__ = __and__, __or__

    @staticmethod
    def _apply(rule: Rule, operands: tuple[Any, ...]) -> Any:
        if any(map(_is_array, operands)):
            return rule.each(*operands)
        return _recorder(operands).apply(rule, *operands)

    @staticmethod
    def _where(condition: Any, x: Any, y: Any) -> Any:
        if any(map(_is_array, (condition, x, y))):
            each: Any = np.frompyfunc(TracedNumber._where, 3, 1)
            return each(condition, x, y)
        return _recorder((condition, x, y)).choose(condition, x, y)

    @staticmethod
    def _equal(x: Any, y: Any) -> TracedNumber:
        return _recorder((x, y)).apply("==", x, y)

    def __getattr__(self, name: str) -> Any:
        """The rows of the table as methods, which is also how numpy's functions reach an array of them."""
        rule = TABLE.get(name)
        if rule is None:
            raise AttributeError(f"a recorded number has no attribute {name!r}")
        return functools.partial(rule, self)

    @property
    def label(self) -> str:
        return self.recorder.program.labels.get(self.index, "")

    @label.setter
    def label(self, text: str) -> None:
        self.recorder.program.labels[self.index] = checked_label(text)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return call_function(function, args, options)

    def detach(self) -> TracedNumber:
        """The same number, cut off from its derivative."""
        return self.recorder.apply(DETACH, self)

    def conjugate(self) -> TracedNumber:
        return self

    def __repr__(self) -> str:
        return f"<recorded number {self.recorder.program.line(self.index)}>"

    # A number that is not there yet cannot be read.
    __bool__ = _refused("bool()")
    __hash__ = _refused("hash()")  # a dict or a set would look for another than the number
    __float__ = __int__ = __round__ = __trunc__ = __floor__ = __ceil__ = _refused("float()")
    __index__ = _refused("an index")
    item = _refused(".item()")
    backward = _refused(".backward()")
    data = property(_refused(".data"))
    grad = property(_refused(".grad"))


def _recorder(operands: tuple[Any, ...]) -> Recorder:
    return next(operand.recorder for operand in operands if isinstance(operand, TracedNumber))
