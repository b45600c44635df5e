"""The scalar carrier, all but its arithmetic: what a `Value` holds, and the sweep that fills in the gradients.

`value.py` adds one method per row of the table and is generated; this file is written by hand. A node keeps its
operands `x`, `y` and its local derivatives `dx`, `dy` as plain floats from the moment the operation runs, so backward
only multiplies and adds. An operand that is a plain number gets no node: its place holds None, and the number stands
where the derivative to it would be, which nobody needs. Compiled by mypyc in wheels.
"""

from __future__ import annotations

import math
import numbers
import threading
from typing import Any, Final

import numpy as np

from .errors import AnomalyError, GraphError, OperandError
from .graph import MODE, THREAD, Note, deepcopy_graph, source_line
from .rules import CONSTANT, INPUT, PARAMETER, Rule


class Sweeps:
    """Numbers the backward sweeps, so that a mark on a node tells which sweep left it."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count: int = 0


SWEEPS: Final = Sweeps()
SWEEPING: Final = threading.RLock()  # one thread at a time: leaves may be shared, and += is not atomic


def to_float(number: object, what: str = "a Value") -> float:
    """Any real number as a float.

    Raises:
        OperandError: it is not one; the message says what to write instead.
    """
    if isinstance(number, (float, int)):
        return float(number)
    if isinstance(number, Scalar):
        raise OperandError(f"{what} must be a plain number, got a Value; use v.item(), or v.detach() for a new leaf")
    if isinstance(number, numbers.Real) or (getattr(number, "shape", None) == () and _is_real(number)):
        return float(number)  # type: ignore[arg-type]
    raise OperandError(f"{what} must be a real number, got {describe(number)}{_remedy(number)}")


def _is_real(number: Any) -> bool:
    return getattr(getattr(number, "dtype", None), "kind", "") in "biuf"


def describe(thing: object) -> str:
    """A short name of a thing for an error message: its type, and its text when that is short."""
    text = repr(thing)
    kind = type(thing).__name__
    return f"{kind} {text}" if len(text) <= 40 and thing is not None else kind


def _remedy(thing: object) -> str:
    if isinstance(thing, str):
        return "; convert it first: float(text)"
    if isinstance(thing, (list, tuple)):
        return "; for several numbers write values([...]), an array of Values"
    if isinstance(thing, complex) or getattr(getattr(thing, "dtype", None), "kind", "") == "c":
        return "; complex numbers are not differentiated here: use the real and the imaginary part as two Values"
    if thing is None:
        return "; is a return statement missing in the function that made it?"
    if getattr(thing, "shape", ()) != ():
        return "; for an array write values(array), or Tensor(array)"
    return "; write Value(number)"


def is_foreign(other: object) -> bool:
    """Whether another class should try the operation: an array or a carrier that knows Values. Else it is an error."""
    if isinstance(other, (float, int, Scalar, np.generic)):
        return False
    return hasattr(other, "__array_ufunc__") or hasattr(other, "_apply")


class Scalar:
    """What a `Value` is made of. Write `Value`; this class has no arithmetic."""

    __slots__ = ("_data", "_grad", "dx", "dy", "mark", "note", "rule", "x", "y")

    _data: float
    _grad: float
    dx: float
    dy: float
    x: Scalar | None
    y: Scalar | None
    rule: Rule
    note: Note
    mark: int

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
        if MODE.special:
            refuse_while_tracing(self, ".data")
        return self._data

    @data.setter
    def data(self, number: object) -> None:
        if self.x is not None or self.y is not None:
            raise GraphError(
                f"the number of a result ({self.op}) follows from its operands: assign to a leaf and compute again"
            )
        self._data = to_float(number, "the data of a Value")

    @property
    def grad(self) -> float:
        """d root / d self of the backward sweeps so far: see `backward`. Assignable."""
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
        if self.rule is INPUT:
            return "input"
        if self.rule is PARAMETER:
            return "parameter"
        return "constant" if self.rule is CONSTANT else "result"

    @property
    def reached(self) -> bool:
        """Whether any backward has come through: until then the gradient is not zero, it is not known."""
        return self.mark > 0

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by hand rather than by an operation."""
        return self.x is None and self.y is None

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives ∂self/∂operand, in the order of `operands`; NaN for a constant operand."""
        if self.x is None and self.y is None:
            return ()
        dx = self.dx if self.x is not None else math.nan
        if self.rule.arity == 1:
            return (dx,)
        return (dx, self.dy if self.y is not None else math.nan)

    def item(self) -> float:
        """Its number as a float."""
        if MODE.special:
            refuse_while_tracing(self, ".item()")
        return self._data

    def __float__(self) -> float:
        if MODE.special:
            refuse_while_tracing(self, "float()")
        return self._data

    def __bool__(self) -> bool:
        if MODE.special:
            refuse_while_tracing(self, "bool()")
        return self._data != 0.0

    def __int__(self) -> int:
        raise OperandError(
            "a Value in the place of an integer would lose its fraction and its graph: "
            "write int(v.data), or make the array with values(...) or dtype=object"
        )

    def __round__(self, digits: int | None = None) -> Any:
        return round(float(self)) if digits is None else round(float(self), digits)

    def __trunc__(self) -> int:
        return math.trunc(float(self))

    def __floor__(self) -> int:
        return math.floor(float(self))

    def __ceil__(self) -> int:
        return math.ceil(float(self))

    def __format__(self, specification: str) -> str:
        return format(float(self), specification) if specification else repr(self)

    def __repr__(self) -> str:
        label = f", label={self.note.label!r}" if self.note.label else ""
        return f"Value({self._data!r}, grad={self._grad!r}{label})"

    # ------------------------------------------------------------ comparisons compare numbers; == is identity

    def __lt__(self, other: object) -> Any:
        if MODE.special and THREAD.tracer is not None:
            return THREAD.tracer.compare("<", self, other)
        return NotImplemented if is_foreign(other) else self._data < compared(other, "<")

    def __le__(self, other: object) -> Any:
        if MODE.special and THREAD.tracer is not None:
            return THREAD.tracer.compare("<=", self, other)
        return NotImplemented if is_foreign(other) else self._data <= compared(other, "<=")

    def __gt__(self, other: object) -> Any:
        if MODE.special and THREAD.tracer is not None:
            return THREAD.tracer.compare(">", self, other)
        return NotImplemented if is_foreign(other) else self._data > compared(other, ">")

    def __ge__(self, other: object) -> Any:
        if MODE.special and THREAD.tracer is not None:
            return THREAD.tracer.compare(">=", self, other)
        return NotImplemented if is_foreign(other) else self._data >= compared(other, ">=")

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self) >> 4

    # --------------------------------------------------------------------------------------------- backward

    def backward(self, seed: object = 1.0) -> None:
        """Fill in `.grad` of everything this value depends on: d self / d node, times `seed`.

        Leaves add to the gradient they have (until it is set to zero); results hold that of the latest sweep only.

        Raises:
            OperandError: the seed is not a number.
            AnomalyError: under `detect_anomaly()`, at the first NaN or infinity.

        >>> from autograd import Value
        >>> x = Value(3.0)
        >>> y = x * x + x
        >>> y.backward()
        >>> x.grad
        7.0
        """
        start = to_float(seed, "the seed of backward")
        with SWEEPING:
            self._sweep(start)

    def _sweep(self, start: float) -> None:
        nodes = sweep_order(self)
        if self.x is None and self.y is None:
            self._grad += start
        else:
            self._grad = start
        nodes.reverse()  # results before operands: what a node passes on is complete when its turn comes
        watch: bool = MODE.special > 0 and THREAD.anomaly > 0
        for node in nodes:
            grad = node._grad
            x = node.x
            if x is not None:
                x._grad += node.dx * grad  # the chain rule, edge by edge: local × upstream, summed over all uses
            y = node.y
            if y is not None:
                y._grad += node.dy * grad
            if watch:
                check_gradients(node)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return deepcopy_graph(self, memo)


def sweep_order(root: Scalar) -> list[Scalar]:
    """The results that `root` depends on, operands before results, with their gradients set to zero.

    The same order as `graph.walk`, without the leaves, which have nothing to pass on, and with marks on the nodes
    in place of a set.
    """
    SWEEPS.count += 2  # two new marks, above all that earlier sweeps left: below `opened` is "not seen yet"
    opened: int = SWEEPS.count
    done: int = opened + 1
    order: list[Scalar] = []
    if root.x is None and root.y is None:
        root.mark = done
        return order
    stack: list[Scalar] = [root]
    while stack:
        node = stack[-1]
        mark: int = node.mark
        if mark < opened:  # it stays on the stack, below its operands, and comes up again when they are done
            node.mark = opened
            node._grad = 0.0
            y = node.y
            if y is not None and y.mark < opened:
                if y.x is None and y.y is None:
                    y.mark = done
                else:
                    stack.append(y)
            x = node.x
            if x is not None and x.mark < opened:
                if x.x is None and x.y is None:
                    x.mark = done
                else:
                    stack.append(x)
        else:
            stack.pop()
            if mark == opened:
                node.mark = done
                order.append(node)
    return order


def check_gradients(node: Scalar) -> None:
    """Raise if a gradient that this node has just passed on is not finite."""
    for operand in (node.x, node.y):
        if operand is not None and not math.isfinite(operand._grad):
            raise AnomalyError(
                f"backward through {node.op} gave a gradient of {operand._grad} to its operand {operand._data!r}"
                + (f", recorded at {node.source}" if node.source else "; record the graph under detect_anomaly() too")
            )


def refuse_while_tracing(value: Scalar, what: str) -> None:
    """A number read while a compiler traces would be frozen into the program: its tracer says so."""
    if THREAD.tracer is not None:
        THREAD.tracer.refuse(value, what)


def compared(other: object, sign: str) -> float:
    """The number to compare with."""
    if isinstance(other, Scalar):
        return other._data
    return to_float(other, f"the right side of {sign} with a Value")


def checked_label(text: object) -> str:
    """A label, which is a str.

    Raises:
        OperandError: it is something else.
    """
    if not isinstance(text, str):
        remedy = "leave it out" if text is None else f"write label={str(text)!r}"
        raise OperandError(f"a label is text, got {describe(text)}; {remedy}")
    return text


def settle(node: Scalar) -> None:
    """What the switches ask of a result that has just been made: see `graph.Mode`."""
    note = THREAD.note
    if THREAD.anomaly:
        operands = ", ".join(repr(o._data) for o in node.operands)  # type: ignore[attr-defined]
        line = source_line()
        if not math.isfinite(node._data):
            raise AnomalyError(f"{node.op}({operands}) gave {node._data} at {line}")
        note = Note("", note.scope, line)
    node.note = note
    if THREAD.paused:
        if hasattr(THREAD.tracer, "cut"):  # compiled, the number follows the parameters; only its derivative is cut off
            THREAD.tracer.cut(node)
            return
        node.x = None
        node.y = None
        node.dx = 0.0
        node.dy = 0.0
        node.rule = INPUT


def numbers_of(values: list[Scalar]) -> list[float]:
    """The numbers of many Values at once, for what computes with them outside the graph."""
    return [value._data for value in values]


def add_to_gradients(values: list[Scalar], slopes: list[float]) -> None:
    """`value.grad += slope` for many Values at once."""
    for k, value in enumerate(values):
        value._grad += slopes[k]


def times(g: Any, partial: Any) -> Any:
    """upstream × local; a local derivative of 1 or 0 written in the table costs nothing and records nothing."""
    if type(partial) is int:
        if partial == 0:
            return None
        if partial in (1, -1):
            return g if partial == 1 else -g
    return g * partial
