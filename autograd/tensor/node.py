"""A Tensor as a node of a graph, and as a thing to read: its array, its gradient, its names, its numbers.

What is done to it and how that is recorded is in `tensor.py`.
"""

from __future__ import annotations

import math
import numbers
import sys
from typing import Any, Final

import numpy as np

from .. import conversion
from ..absent import ABSENT
from ..carrier import Note, checked_label, describe, kind_of, no_index, whole
from ..core.rule import Rule
from ..core.table import add, subtract
from ..errors import GraphError, OperandError, ShapeError
from ..mode import ADDING, NOW, STRICT, TRACING
from ..system.arrays import MASKED, check_array
from .fingerprint import fingerprint
from .rules import ArrayRule, plain_array

Array = Any  # np.ndarray: numpy gives Any for most of what is done to one


def array_tracer() -> Any:
    """The compiler that records what is done to Tensors in this thread just now, if one does: see `graph.tracing`."""
    return getattr(NOW.tracer, "arrays", None)


def _not_while_traced(node: Any, what: str) -> None:
    """A number read while a compiler traces would be frozen into the program: its tracer says so."""
    tracer = array_tracer() if TRACING else None
    if tracer is not None:
        tracer.refuse(node, what)
    if STRICT and what in (".data", ".item()", ".numpy()"):
        conversion.note_reading()


def _compared(node: Any, sign: str, other: Any) -> Any:
    """The condition that a compiler records in the place of a comparison; None where nothing is traced."""
    tracer = array_tracer() if TRACING else None
    return None if tracer is None else tracer.compare(sign, node, other)


def _is_numeric(other: object) -> bool:
    return isinstance(other, (ArrayNode, np.ndarray, np.generic, float, int))


def _side(other: Any, sign: str) -> Any:
    """What a Tensor is compared with: a number or an array.

    Raises:
        OperandError: it is neither, or too large for a float.
    """
    what = f"the right side of {sign} with a Tensor"
    if type(other) is int:
        return whole(other, what)
    known = _is_numeric(other) or isinstance(other, (list, tuple, numbers.Number))
    if not (known or hasattr(other, "__array__") or hasattr(other, "_apply")):
        raise OperandError(f"{what} must be a number or an array, got {describe(other)}")
    return plain_array(other)


def _equal_to(other: Any) -> Any:
    """The same for ==: a whole number that no float can hold is equal to none."""
    if type(other) is int and abs(other) > sys.float_info.max:
        return math.nan
    return plain_array(other)


_INSTEAD: Final = {
    "copy": "t.detach() for a new leaf with the same numbers, or np.copy(t), which is recorded",
    "flat": "t.ravel(), or t.data.flat for the numbers",
    "tolist": "t.data.tolist() for the numbers, or list(t) for its rows as Tensors",
    "fill": "t.data = np.full(t.shape, number)",
    "sort": "np.sort(t)",
    "view": "t.reshape(shape)",
    # of PyTorch
    "clamp": "t.clip(low, high)",
    "cpu": "t, there are no devices",
    "cuda": "t, there are no devices",
    "double": "np.astype(t, np.float64)",
    "float": "np.astype(t, np.float32), or float(t) for the number alone",
    "mm": "t @ other",
    "numel": "t.size",
    "permute": "t.transpose(axes)",
    "to": "t, there are no devices",
    "unsqueeze": "t[None], or np.expand_dims(t, axis)",
    "zero_grad": "t.grad = None",
}


def _real(given: Any, what: str) -> Array:
    """Real numbers as an array, which may be the given one.

    Raises:
        OperandError: they are something else.
    """
    check_array(given)
    try:
        array = np.asarray(whole(given, what) if isinstance(given, int) else given)
    except ValueError as error:  # rows of different lengths
        raise OperandError(f"{what} is an array: {error}") from None
    if array.dtype.kind not in "biuf":
        raise OperandError(f"{what} is made from real numbers, got {describe(given)} of dtype {array.dtype}")
    return array


def to_array(data: Any, dtype: Any = None) -> Array:
    """A float array of one's own, copied.

    Raises:
        OperandError: not real numbers; the message says what to write instead.
    """
    if isinstance(data, ArrayNode):
        raise OperandError("a Tensor is made from numbers, got a Tensor already; use t.detach() for a copy")
    check_array(data)
    try:
        array = np.array(data, dtype=dtype)
    except ValueError as error:  # rows of different lengths
        raise OperandError(f"a Tensor is an array: {error}") from None
    if array.dtype.kind == "f":
        return array
    if array.dtype.kind in "iub":
        if isinstance(data, (np.ndarray, np.generic)):
            raise OperandError(
                f"an array of {array.dtype} has no gradient: write Tensor(array.astype(float)); "
                "as data that needs no gradient, use the array itself"
            )
        return array.astype(np.float64)
    remedy = "; convert texts first: np.array(texts, dtype=float)" if array.dtype.kind == "U" else ""
    if any(hasattr(element, "_apply") for element in array.flat):
        remedy = "; Values make an array of their own, values([...])"
    raise OperandError(f"a Tensor is made from real numbers, got {describe(data)} of dtype {array.dtype}{remedy}")


class ArrayNode:
    """What a `Tensor` keeps, and how it is read. Write `Tensor`; this class has no arithmetic."""

    __slots__ = (
        "_data",
        "_grad",
        "_parents",
        "_print",
        "_prints",
        "_saved",
        "note",
        "options",
        "reached",
        "rule",
    )

    _data: Array
    _grad: Array | None
    _parents: tuple[Any, ...]  # the operands; None in the place of a constant
    _saved: tuple[Any, ...]  # the arrays they held
    _print: Any  # once somebody outside holds the array, and so could change it: its fingerprint then
    _prints: tuple[Any, ...] | None  # those of the operands, where they could be changed when this was recorded
    rule: Rule | ArrayRule
    options: dict[str, Any]
    reached: bool
    note: Note

    @property
    def data(self) -> Array:
        """Its array. Assignable on a leaf, which copies; an array changed in place is noticed by backward."""
        _not_while_traced(self, ".data")
        if self._parents and (self._data.base is not None or self._data is self._saved[0]):
            return self._data.copy()  # a reshape or a slice lies in its operand's memory, which is not for others
        if self._print is None:
            self._print = fingerprint(self._data)
        return self._data

    @data.setter
    def data(self, array: Any) -> None:
        _not_while_traced(self, "an assignment to .data")
        if self._parents:
            raise GraphError(
                f"the array of a result ({self.op}) follows from its operands: assign to a leaf and compute again"
            )
        new = _real(array, "the data of a Tensor")
        if new.shape != self._data.shape:
            raise ShapeError(f"data keeps its shape {self._data.shape}, got {new.shape}; make a new Tensor instead")
        if new is not self._data:  # as it is after `t.data -= step`
            self._data = new.astype(self._data.dtype)  # its own: nobody else can change it
            self._print = None

    @property
    def grad(self) -> Array:
        """d root / d self of the backward sweeps so far; zeros before the first. Assignable."""
        _not_while_traced(self, ".grad")
        if self._grad is None:
            with ADDING:  # unless another thread has just added to it
                if self._grad is None:
                    self._grad = np.zeros(self._data.shape, self._data.dtype)
        if self._parents:
            conversion.watch_steps(self)
            return np.array(self._grad)  # a result's gradient may be the very array of another node's
        return self._grad

    @grad.setter
    def grad(self, array: Any) -> None:
        if array is None:
            self._grad = None
            return
        new = _real(array, "the grad of a Tensor")
        if new.shape not in ((), self._data.shape):
            raise ShapeError(f"a gradient has the shape of its data, {self._data.shape}, got {new.shape}")
        self._grad = np.broadcast_to(new, self._data.shape).astype(self._data.dtype)

    def _step(self) -> Any:
        """If it may be another Tensor after a step, w - rate * gradient: that Tensor and the step."""
        if not self.reached or (self.rule is not subtract and self.rule is not add):
            return None
        x, y = self._parents
        return (x, self._saved[1]) if x is not None and y is None else None

    @property
    def label(self) -> str:
        """The name it is drawn and compiled under; "" when it has none. Assignable."""
        return self.note.label

    @label.setter
    def label(self, text: str) -> None:
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
    def is_leaf(self) -> bool:
        """Whether it was made by hand rather than by an operation."""
        return not self._parents

    shape = property(lambda self: self._data.shape, doc="The lengths of its axes.")
    dtype = property(lambda self: self._data.dtype, doc="The type of its numbers.")
    ndim = property(lambda self: self._data.ndim, doc="How many axes it has.")
    size = property(lambda self: self._data.size, doc="How many numbers it holds.")

    def item(self, *place: Any) -> float:
        """Its only number as a float; of several the one at a place, as of numpy's arrays.

        Raises:
            ShapeError: it holds more than one, and no place is named.
        """
        _not_while_traced(self, ".item()")
        if place:
            return float(self._data.item(*place))
        if self._data.size != 1:
            raise ShapeError(f"item() reads the one number of a Tensor, this one has shape {self.shape}; use .data")
        return float(self._data.reshape(-1)[0])

    def numpy(self) -> Array:
        """A copy of its array."""
        _not_while_traced(self, ".numpy()")
        return self._data.copy()

    def __float__(self) -> float:
        number = self.item()
        conversion.check(self)
        return number

    def as_integer_ratio(self) -> Any:
        """Not of a Tensor; `statistics.mean` and `fractions` ask for it."""
        conversion.refuse(conversion.situation())
        return self.item().as_integer_ratio()

    @property
    def _mask(self) -> Any:
        """What numpy's masked arrays ask for whatever meets them."""
        if conversion.is_shown():
            return np.ma.nomask
        raise OperandError(MASKED)

    def __int__(self) -> int:
        raise OperandError(
            "a Tensor in the place of an integer would lose its fraction and its graph: write int(t.item())"
        )

    def __index__(self) -> int:
        raise no_index("Tensor")

    def __trunc__(self) -> int:
        return math.trunc(self.item())

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item()) if digits is None else round(self.item(), digits)

    def __bool__(self) -> bool:
        _not_while_traced(self, "bool()")
        if self._data.size != 1:
            raise ShapeError("the truth of a Tensor with several numbers is ambiguous: use .data.any() or .data.all()")
        return bool(self._data.reshape(-1)[0])

    def __len__(self) -> int:
        if not self._data.ndim:
            raise OperandError("a Tensor of shape () has no length")
        return len(self._data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if conversion.is_shown():  # a plot takes the numbers
            return np.array(self._data, dtype=dtype)
        ours = conversion.instead_of_library()
        raise OperandError(
            f"a Tensor turned into a plain array would lose its graph: write {ours}{', or ' * bool(ours)}t.data or "
            "t.numpy() for the numbers; several Tensors are joined by stack([...]) or concatenate([...])"
        )

    def __repr__(self) -> str:
        text = np.array2string(self._data, separator=", ", prefix="Tensor(")
        label = f", label={self.label!r}" if self.label else ""
        dtype = "" if self._data.dtype == np.float64 else f", dtype={self._data.dtype}"
        return f"Tensor({text}{dtype}{label})"

    def __format__(self, specification: str) -> str:
        return format(self.item(), specification) if specification else repr(self)

    def __lt__(self, other: Any) -> Any:
        recorded = _compared(self, "<", other)
        return self._data < _side(other, "<") if recorded is None else recorded

    def __le__(self, other: Any) -> Any:
        recorded = _compared(self, "<=", other)
        return self._data <= _side(other, "<=") if recorded is None else recorded

    def __gt__(self, other: Any) -> Any:
        recorded = _compared(self, ">", other)
        return self._data > _side(other, ">") if recorded is None else recorded

    def __ge__(self, other: Any) -> Any:
        recorded = _compared(self, ">=", other)
        return self._data >= _side(other, ">=") if recorded is None else recorded

    def __eq__(self, other: object) -> Any:
        """Which elements are equal, as of numpy's arrays; whether two names mean one Tensor is asked with `is`."""
        if not _is_numeric(other):
            return NotImplemented
        recorded = _compared(self, "==", other)
        if recorded is not None:
            return recorded
        found = self._data == _equal_to(other)
        if np.size(found) != 1:
            conversion.check_search("a Tensor")
        return found

    def __ne__(self, other: object) -> Any:
        if not _is_numeric(other):
            return NotImplemented
        recorded = _compared(self, "==", other)
        return self._data != _equal_to(other) if recorded is None else ~recorded

    __hash__ = object.__hash__

    def __getattr__(self, name: str) -> Any:
        """Only what there is not comes here: of what numpy and torch have beyond a Tensor it says what to write."""
        told = f"'Tensor' object has no attribute {name!r}"
        if name in ABSENT:
            told = f"a Tensor has no {name}: {ABSENT[name]}"
        elif name in dir(type(self)):
            told = "this Tensor holds nothing: it was made by Tensor.__new__; write Tensor(numbers)"
        elif name in _INSTEAD or (not name.startswith("_") and hasattr(np.ndarray, name)):
            told = f"a Tensor has no {name}: write {_INSTEAD.get(name, f't.data.{name}')}"
        raise AttributeError(told)

    def __dir__(self) -> list[str]:
        return [name for name in object.__dir__(self) if name not in ABSENT]

    def __setitem__(self, index: Any, value: Any) -> None:
        raise GraphError(
            "a Tensor is not changed in place, backward would need the old numbers: "
            "build a new one with where(condition, new, t) or concatenate([...]); "
            "to set the numbers of a leaf, assign t.data"
        )
