"""Reading the numbers of many Values, and adding to their gradients, by loops of machine code over their memory.

For a Python loop each of these is a lookup, a test and a float that is made and thrown away: 337 parameters take four
times as long as the step they belong to. Here a Value is where it lies: a compiled one keeps doubles, a plain one
pointers to floats. At what distance is not assumed, it is looked for in a Value whose numbers are known. Where it is
not found, or Python has no global lock (it is held while a loop runs, so a loop is done as a whole), there is no such
code, and Python does it.
"""

from __future__ import annotations

import ctypes
import functools
import struct
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...mode import ADDING
from ...value.reading import Scalar
from ...value.value import Value
from ..batch import Floats
from .code import machine_code

MARKS: Final = (1.2345678e-301, 2.3456789e-302, 0x5DEECE66D1234)
"""A number, a gradient and a mark that nothing else in a Value looks like."""

ONE: Final = 1
"""The mark of what has been reached, as `add_to_gradients` sets it."""


class Leaves:
    """The memory of some Values, which have to live as long as this is used."""

    def __init__(self, values: Sequence[Scalar]) -> None:
        self._values = values  # the addresses are theirs
        self._addresses = np.array([*map(id, values)], dtype=np.uint64)
        self._numbers = np.empty(len(values))
        self._state = np.array([self._addresses.ctypes.data, len(values), self._numbers.ctypes.data], dtype=np.uint64)
        self._address = self._state.ctypes.data

    def read(self) -> Floats | None:
        """Their numbers; None where that is left to Python."""
        loops = _loops()
        with ADDING:  # as long as the vector is used
            return None if loops is None or loops.read(self._address) else self._numbers.copy()

    def add(self, slopes: Floats) -> bool:
        """Add to their gradients: to all of them or to none. Whether it was done."""
        loops = _loops()
        with ADDING:
            self._numbers[:] = slopes
            return loops is not None and not loops.add(self._address)


@dataclass(frozen=True)
class Loops:
    """The functions `read` and `add`: of the address of the state of `Leaves`; 0 is good."""

    engine: Any  # holds the code
    read: Any
    add: Any


@functools.cache
def _loops() -> Loops | None:
    """The loops for the Values of this process; None where there are none."""
    found = _distances()
    if found is None:
        return None
    engine, _ = machine_code(_text(*found), [], 1)
    kind = ctypes.PYFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)
    return Loops(engine, *(kind(engine.get_function_address(name)) for name in ("read", "add")))


def _distances() -> tuple[bool, int, int, int] | None:
    """Whether a Value keeps numbers, not pointers to them; and how far from its start data, grad and mark are."""
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED") or struct.calcsize("P") != 8:
        return None
    value = Value(MARKS[0])
    value._grad, value.mark = MARKS[1:]
    kept = value._data, value._grad, value.mark
    memory = ctypes.string_at(id(value), Value.__basicsize__)
    for native, patterns in (
        (True, [struct.pack(kind, each) for kind, each in zip("ddq", MARKS, strict=True)]),
        (False, [struct.pack("P", id(each)) for each in kept]),
    ):
        if all(memory.count(each) == 1 for each in patterns):
            data, grad, mark = map(memory.find, patterns)
            return native, data, grad, mark
    return None


def _text(native: bool, data: int, grad: int, mark: int) -> str:
    """The module of the loops. Each returns 0, or 1 where it stops: at what is no float, or for want of memory."""
    if native:
        get = "  %number = load double, ptr %field"
        put = "  store double %sum, ptr %field\n  store i64 1, ptr %mark"
    else:
        get = f"""  %float = load ptr, ptr %field
  %there = icmp ne ptr %float, null
  br i1 %there, label %look, label %stop
look:
  %type = getelementptr i8, ptr %float, i64 {object.__basicsize__ - 8}
  %kind = load i64, ptr %type
  %good = icmp eq i64 %kind, {id(float)}
  br i1 %good, label %go, label %stop
go:
  %inside = getelementptr i8, ptr %float, i64 {float.__basicsize__ - 8}
  %number = load double, ptr %inside"""
        put = f"""  %new = call ptr {_api("PyFloat_FromDouble")}(double %sum)
  %good = icmp ne ptr %new, null
  br i1 %good, label %go, label %stop
go:
  %old = load ptr, ptr %field
  store ptr %new, ptr %field
  call void {_api("Py_DecRef")}(ptr %old)
  %one = inttoptr i64 {id(ONE)} to ptr
  call void {_api("Py_IncRef")}(ptr %one)
  %before = load ptr, ptr %mark
  store ptr %one, ptr %mark
  call void {_api("Py_DecRef")}(ptr %before)"""
    plus = """  %slope = load double, ptr %item
  %sum = fadd double %number, %slope
  store double %sum, ptr %item"""
    places = f"  %sum = load double, ptr %item\n  %mark = getelementptr i8, ptr %value, i64 {mark}"
    end = "loop" if native else "go"
    return "\n".join([
        _loop("read", data, f"{get}\n  store double %number, ptr %item", end),
        _loop("sums", grad, f"{get}\n{plus}", end),
        _loop("write", grad, f"{places}\n{put}", end),
        ADD,
    ])  # fmt: skip


ADD: Final = """define i64 @add(ptr %state) {
  %failed = call i64 @sums(ptr %state)
  %good = icmp eq i64 %failed, 0
  br i1 %good, label %go, label %stop
go:
  %stopped = call i64 @write(ptr %state)
  ret i64 %stopped
stop:
  ret i64 1
}"""


def _loop(name: str, distance: int, body: str, end: str) -> str:
    """A loop over the Values; `body` works on %value, its %field, and the %item of the array that goes along.

    Args:
        end: the last block of the body.
    """
    return f"""define i64 @{name}(ptr %state) {{
entry:
  %values = load ptr, ptr %state
  %second = getelementptr i64, ptr %state, i64 1
  %count = load i64, ptr %second
  %third = getelementptr i64, ptr %state, i64 2
  %items = load ptr, ptr %third
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %{end} ]
  %address = getelementptr ptr, ptr %values, i64 %k
  %value = load ptr, ptr %address
  %field = getelementptr i8, ptr %value, i64 {distance}
  %item = getelementptr double, ptr %items, i64 %k
{body}
  %next = add i64 %k, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
stop:
  ret i64 1
done:
  ret i64 0
}}"""


def _api(name: str) -> str:
    """A function of Python's C interface as an operand of a call."""
    return f"inttoptr (i64 {ctypes.cast(getattr(ctypes.pythonapi, name), ctypes.c_void_p).value} to ptr)"
