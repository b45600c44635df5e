"""`Value`, a number that records what is done to it, and its backward.

A result keeps its operands `x`, `y` and its local derivatives `dx`, `dy` as plain floats from the moment the operation
runs, so backward only multiplies and adds. An operand that is a plain number gets no node: its place holds None, and
the number stands where the derivative to it would be, which nobody needs.

Read as far as the generated lines: they hold one method for each row of the table, its value and its derivatives as
float arithmetic. How a Value is read, compared and printed is in `reading.py`. Compiled by mypyc in wheels, plain
Python elsewhere.
"""
# ruff: noqa: E501

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from ..absent import ALWAYS, enter
from ..carrier import (
    NOTHING_RECORDED,
    Note,
    check_modulo,
    checked_label,
    deepcopy_graph,
    describe,
    inverted,
    no_subclass,
    rule_of,
    unrecorded,
    whole,
)
from ..conversion import CARRIERS, check_pickled, is_differentiated
from ..core import table
from ..core.node import CHOSEN, CONSTANT, INPUT, PARAMETER, UNRECORDED, walk
from ..core.reverse import sweep, times
from ..core.rule import Rule
from ..errors import AnomalyError, GraphError, OperandError
from ..masking import local_derivative
from ..mode import ADDING, MODE, NOW, SPECIAL, TRACING, for_a_new_node
from ..numbers import functions, ieee
from ..switches import check_cotangents, looking_for_anomalies, source_line
from ..system.arrays import check_array
from ..ufuncs import refusal
from .numpy_protocol import call_ufunc
from .operands import is_foreign, to_float
from .reading import Scalar, refuse_to_delete

if TYPE_CHECKING:
    from mypy_extensions import i64  # an int that mypyc keeps in a machine word

Leaf = TypeVar("Leaf")


class Value(Scalar):
    """A number that remembers how it was computed, so that it can be differentiated.

    Args:
        data: a real number: int, float, bool or a numpy scalar.
        label: the name it is drawn and compiled under.

    Raises:
        OperandError: `data` is not a real number, or `label` is not text.

    >>> a, b = Value(2.0, "a"), Value(-3.0, "b")
    >>> loss = (a * b + 10).tanh()
    >>> loss.backward()
    >>> print(f"{loss:.4f} {a.grad:.4f} {b.grad:.4f}")
    0.9993 -0.0040 0.0027
    """

    __slots__ = ()

    def __init__(
        self, data: object, label: object = "", _op: object = None, _children: object = None,
        requires_grad: object = None,
    ) -> None:  # fmt: skip
        super().__init__(data if type(data) is float else to_float(data), INPUT)
        if SPECIAL:
            self.note = NOW.note
        if type(label) is not str or label or _op is not None or _children is not None or requires_grad is not None:
            if requires_grad is not None:
                raise OperandError(f"requires_grad= is not needed: {ALWAYS}")
            if _op is not None or _children is not None or isinstance(label, (tuple, set)):
                raise OperandError(
                    "Value(data, label) makes a leaf; micrograd's Value(data, children, op) is not needed: compute with "
                    "the operands, or write an operation of your own with @primitive"
                )
            self.label = checked_label(label)

    @property
    def operands(self) -> tuple[Value, ...]:
        """What it was computed from, in order; a plain number appears as a Value of kind `"constant"`."""
        self._unfold()
        x = self.x
        y = self.y
        if x is None and y is None:
            return ()
        if self.rule.arity == 1:
            return (_checked(x),)
        return (constant(self.dx) if x is None else _checked(x), constant(self.dy) if y is None else _checked(y))

    @property
    def _parents(self) -> tuple[Scalar | None, Scalar | None]:
        """The operands that are nodes; None in the place of a plain number."""
        self._unfold()
        return self.x, self.y

    def backward(self, seed: object = 1.0) -> None:
        """Fill in `.grad` of everything this value depends on: d self / d node, times `seed`.

        Leaves add to the gradient they have (until it is set to zero); results hold that of the latest sweep only.

        Raises:
            OperandError: the seed is not a number.
            GraphError: nothing that it depends on was recorded.
            AnomalyError: under `detect_anomaly()`, at the first NaN or infinity.

        >>> x = Value(3.0)
        >>> y = x * x + x
        >>> y.backward()
        >>> x.grad
        7.0
        """
        start = to_float(seed, "the seed of backward")
        if self.rule is UNRECORDED:
            raise GraphError(NOTHING_RECORDED)
        with ADDING:
            nodes = results_below(self)
            if SWEEPS.cut and nodes and is_cut_off(nodes):
                raise GraphError(NOTHING_RECORDED)
            try:
                passed = self._sweep(start, nodes)
                if passed * 0.0 != 0.0 or (SPECIAL and looking_for_anomalies()):  # infinite, or NaN
                    self._sweep_exactly(start)
            except BaseException:  # an interrupt, too: leaves get the whole of their gradient or nothing
                take_back(self, nodes)
                raise

    def _sweep(self, start: float, nodes: list[Result]) -> float:
        """THE sweep of `core/reverse.py`, written out in floats for speed; the sum of all that passed."""
        self._grad += start  # a result's is 0 by now
        passed = 0.0
        for node in nodes:
            grad = node._grad
            x = node.x
            if x is not None:
                part = node.dx * grad  # the chain rule, edge by edge: local × upstream, summed over all uses
                x._grad += part
                passed += part
            y = node.y
            if y is not None:
                part = node.dy * grad
                y._grad += part
                passed += part
            elif x is None:
                node._pass_on()
                passed += node._data * grad  # of a sum of products: finite only if all its operands are
        return passed

    def _sweep_exactly(self, start: float) -> None:
        """The same by THE sweep itself: where the table states a derivative of 0, not even 0 × ∞ passes."""
        watching = looking_for_anomalies()
        origins: dict[int, AnomalyError] = {}
        nodes = walk(self)
        results = [(node, operands) for node, operands in nodes[::-1] if operands]
        for node, _ in results:
            node._grad = 0.0
        arrived: dict[int, Any] = {id(self): start}

        def send(node: Any, operands: Any, g: Any) -> Any:
            node._grad = g
            parts = node._pull(g, operands, operands, False)
            return check_cotangents(node, operands, parts, origins) if watching else parts

        sweep(results, arrived, send)
        for node, operands in nodes:
            if not operands:
                node._grad = node.dx + arrived.get(id(node), 0.0)

    def _pull(self, g: Any, operands: Any, wanted: Any, differentiable: bool) -> list[Any]:
        """The contributions to the operands, for a cotangent of this node: upstream × local."""
        return [None if w is None else self._times(g, k, operands, differentiable) for k, w in enumerate(wanted)]

    def _push(self, tangents: list[Any], operands: Any, differentiable: bool) -> Any:
        """The tangent of this node, for those of its operands (None: zero): Σ local × tangent."""
        total: Any = None
        for k, tangent in enumerate(tangents):
            term = None if tangent is None else self._times(tangent, k, operands, differentiable)
            if term is not None:
                total = term if total is None else total + term
        return total

    def _times(self, g: Any, k: int, operands: Any, differentiable: bool) -> Any:
        """g × the local derivative to operand k; None where the table states that this is 0."""
        if differentiable:
            local, silent = local_derivative(self.rule, k, operands, self)  # a 0 among Values is one: it does not tell
            if type(silent) is not bool:  # the condition is only recorded
                local, silent = self.rule.partial(k, operands, self), False
            return None if silent else times(g, local)
        local = self.dx if k == 0 else self.dy
        if local == 0.0 and type(self.rule.partial(k, [o._data for o in operands], self._data)) is int:
            return None
        return g * local

    # fmt: off
    # generated: one method for each row of the table

    def __add__(self, other: object) -> Any:
        """Return the sum x + y."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            return Result(ADD, x + y, self, 1.0, other, 1.0)
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of +")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of +")
        return Result(ADD, x + y, self, 1.0, None, y)

    def __radd__(self, other: object) -> Any:
        """Return the sum x + y."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of +")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of +")
        return Result(ADD, x + y, None, x, self, 1.0)

    def __sub__(self, other: object) -> Any:
        """Return the difference x - y."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            return Result(SUBTRACT, x - y, self, 1.0, other, -1.0)
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of -")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of -")
        return Result(SUBTRACT, x - y, self, 1.0, None, y)

    def __rsub__(self, other: object) -> Any:
        """Return the difference x - y."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of -")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of -")
        return Result(SUBTRACT, x - y, None, x, self, -1.0)

    def __mul__(self, other: object) -> Any:
        """Return the product x * y."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            return Result(MULTIPLY, x * y, self, y, other, x)
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of *")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of *")
        return Result(MULTIPLY, x * y, self, y, None, y)

    def __rmul__(self, other: object) -> Any:
        """Return the product x * y."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of *")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of *")
        return Result(MULTIPLY, x * y, None, x, self, x)

    def __truediv__(self, other: object) -> Any:
        """Return the quotient x / y; by zero it is infinite or NaN, as IEEE 754 says."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            out = ieee.divide(x, y)
            return Result(DIVIDE, out, self, ieee.divide(1.0, y), other, ieee.divide(-out, y))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of /")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of /")
        return Result(DIVIDE, ieee.divide(x, y), self, ieee.divide(1.0, y), None, y)

    def __rtruediv__(self, other: object) -> Any:
        """Return the quotient x / y; by zero it is infinite or NaN, as IEEE 754 says."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of /")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of /")
        out = ieee.divide(x, y)
        return Result(DIVIDE, out, None, x, self, ieee.divide(-out, y))

    def __neg__(self) -> Value:
        """Return minus x."""
        x = self._data
        return Result(NEGATIVE, -x, self, -1.0, None, 0.0)

    def abs(self) -> Value:
        """Return the distance of x from 0; its slope there is 0."""
        x = self._data
        return Result(ABS, math.fabs(x), self, ieee.sign(x), None, 0.0)

    def __abs__(self) -> Value:
        return self.abs()

    def __pow__(self, other: object, modulo: object = None) -> Any:
        """Return x to the power y; NaN, never complex, for x < 0."""
        if modulo is not None:
            check_modulo(modulo)
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.log(x)
            out = ieee.power(x, y)
            return Result(POWER, out, self, (((0.0 if math.fabs(x) < 2.2250738585072014e-308 else (ieee.divide(y, x) if x < 0.0 else ieee.divide(y * out, x))) if x - x == 0.0 else 0.0) if y == 0.0 else y * ieee.power(x, y - 1.0)), other, ((0.0 if y >= 0.0 else -out) if x == 0.0 else (((1.0 + y) * t1 if x < 0.0 else out * t1) if y == 0.0 else out * t1)))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of **")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of **")
        out = ieee.power(x, y)
        return Result(POWER, out, self, (((0.0 if math.fabs(x) < 2.2250738585072014e-308 else (ieee.divide(y, x) if x < 0.0 else ieee.divide(y * out, x))) if x - x == 0.0 else 0.0) if y == 0.0 else y * ieee.power(x, y - 1.0)), None, y)

    def __rpow__(self, other: object) -> Any:
        """Return x to the power y; NaN, never complex, for x < 0."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of **")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of **")
        t1 = ieee.log(x)
        out = ieee.power(x, y)
        return Result(POWER, out, None, x, self, ((0.0 if y >= 0.0 else -out) if x == 0.0 else (((1.0 + y) * t1 if x < 0.0 else out * t1) if y == 0.0 else out * t1)))

    def reciprocal(self) -> Value:
        """Return one over x."""
        x = self._data
        out = ieee.divide(1.0, x)
        return Result(RECIPROCAL, out, self, -out * out, None, 0.0)

    def cbrt(self) -> Value:
        """Return the cube root."""
        x = self._data
        out = ieee.cbrt(x)
        return Result(CBRT, out, self, ieee.divide(1.0, 3.0 * out * out), None, 0.0)

    def square(self) -> Value:
        """Return x times x."""
        x = self._data
        return Result(SQUARE, x * x, self, 2.0 * x, None, 0.0)

    def sqrt(self) -> Value:
        """Return the square root; NaN, never complex, below 0."""
        x = self._data
        out = ieee.sqrt(x)
        return Result(SQRT, out, self, ieee.divide(0.5, out), None, 0.0)

    def hypot(self, other: object) -> Any:
        """Return sqrt(x*x + y*y), without overflow."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            out = math.hypot(x, y)
            return Result(HYPOT, out, self, (0.0 if out == 0.0 else (ieee.sign(x) if math.fabs(x) == ieee.INF else ieee.divide(x, out))), other, (0.0 if out == 0.0 else (ieee.sign(y) if math.fabs(y) == ieee.INF else ieee.divide(y, out))))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of hypot")
        elif is_foreign(other):
            return HYPOT(self, other)
        else:
            y = to_float(other, "an operand of hypot")
        out = math.hypot(x, y)
        return Result(HYPOT, out, self, (0.0 if out == 0.0 else (ieee.sign(x) if math.fabs(x) == ieee.INF else ieee.divide(x, out))), None, y)

    def _rhypot(self, other: object) -> Any:
        """Return sqrt(x*x + y*y), without overflow."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of hypot")
        elif is_foreign(other):
            return HYPOT(other, self)
        else:
            x = to_float(other, "an operand of hypot")
        out = math.hypot(x, y)
        return Result(HYPOT, out, None, x, self, (0.0 if out == 0.0 else (ieee.sign(y) if math.fabs(y) == ieee.INF else ieee.divide(y, out))))

    def exp(self) -> Value:
        """Return e to the power x."""
        x = self._data
        out = ieee.exp(x)
        return Result(EXP, out, self, out, None, 0.0)

    def exp2(self) -> Value:
        """Return 2 to the power x."""
        x = self._data
        out = ieee.exp2(x)
        return Result(EXP2, out, self, (out * 0.6931471805599453 if out < ieee.INF else ieee.exp2(x - 1.0) * 1.3862943611198906), None, 0.0)

    def expm1(self) -> Value:
        """Return exp(x) - 1, exact near 0."""
        x = self._data
        return Result(EXPM1, ieee.expm1(x), self, ieee.exp(x), None, 0.0)

    def log(self) -> Value:
        """Return the natural logarithm."""
        x = self._data
        return Result(LOG, ieee.log(x), self, ieee.divide(1.0, x), None, 0.0)

    def log2(self) -> Value:
        """Return the logarithm to base 2."""
        x = self._data
        return Result(LOG2, ieee.log2(x), self, ieee.divide(1.0, x * 0.6931471805599453), None, 0.0)

    def log10(self) -> Value:
        """Return the logarithm to base 10."""
        x = self._data
        return Result(LOG10, ieee.log10(x), self, ieee.divide(1.0, x * 2.302585092994046), None, 0.0)

    def log1p(self) -> Value:
        """Return log(1 + x), exact near 0."""
        x = self._data
        return Result(LOG1P, ieee.log1p(x), self, ieee.divide(1.0, 1.0 + x), None, 0.0)

    def logaddexp(self, other: object) -> Any:
        """Return log(exp(x) + exp(y)), without overflow."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.exp(ieee.minimum(-(x - y), 40.0))
            t2 = ieee.exp(ieee.minimum(x - y, 40.0))
            t3 = ieee.exp(ieee.minimum(-(y - x), 40.0))
            t4 = ieee.exp(ieee.minimum(y - x, 40.0))
            return Result(LOGADDEXP, ieee.logaddexp(x, y), self, (0.0 if x == -ieee.INF else (1.0 - ieee.divide(t1, 1.0 + t1) if x - y > 0.0 else ieee.divide(t2, 1.0 + t2))), other, (0.0 if y == -ieee.INF else (1.0 - ieee.divide(t3, 1.0 + t3) if y - x > 0.0 else ieee.divide(t4, 1.0 + t4))))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of logaddexp")
        elif is_foreign(other):
            return LOGADDEXP(self, other)
        else:
            y = to_float(other, "an operand of logaddexp")
        t1 = ieee.exp(ieee.minimum(-(x - y), 40.0))
        t2 = ieee.exp(ieee.minimum(x - y, 40.0))
        return Result(LOGADDEXP, ieee.logaddexp(x, y), self, (0.0 if x == -ieee.INF else (1.0 - ieee.divide(t1, 1.0 + t1) if x - y > 0.0 else ieee.divide(t2, 1.0 + t2))), None, y)

    def _rlogaddexp(self, other: object) -> Any:
        """Return log(exp(x) + exp(y)), without overflow."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of logaddexp")
        elif is_foreign(other):
            return LOGADDEXP(other, self)
        else:
            x = to_float(other, "an operand of logaddexp")
        t3 = ieee.exp(ieee.minimum(-(y - x), 40.0))
        t4 = ieee.exp(ieee.minimum(y - x, 40.0))
        return Result(LOGADDEXP, ieee.logaddexp(x, y), None, x, self, (0.0 if y == -ieee.INF else (1.0 - ieee.divide(t3, 1.0 + t3) if y - x > 0.0 else ieee.divide(t4, 1.0 + t4))))

    def logaddexp2(self, other: object) -> Any:
        """Return log2(2**x + 2**y), without overflow."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.exp(ieee.minimum(-((x - y) * 0.6931471805599453), 40.0))
            t2 = ieee.exp(ieee.minimum((x - y) * 0.6931471805599453, 40.0))
            t3 = ieee.exp(ieee.minimum(-((y - x) * 0.6931471805599453), 40.0))
            t4 = ieee.exp(ieee.minimum((y - x) * 0.6931471805599453, 40.0))
            return Result(LOGADDEXP2, ieee.logaddexp2(x, y), self, (0.0 if x == -ieee.INF else (1.0 - ieee.divide(t1, 1.0 + t1) if (x - y) * 0.6931471805599453 > 0.0 else ieee.divide(t2, 1.0 + t2))), other, (0.0 if y == -ieee.INF else (1.0 - ieee.divide(t3, 1.0 + t3) if (y - x) * 0.6931471805599453 > 0.0 else ieee.divide(t4, 1.0 + t4))))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of logaddexp2")
        elif is_foreign(other):
            return LOGADDEXP2(self, other)
        else:
            y = to_float(other, "an operand of logaddexp2")
        t1 = ieee.exp(ieee.minimum(-((x - y) * 0.6931471805599453), 40.0))
        t2 = ieee.exp(ieee.minimum((x - y) * 0.6931471805599453, 40.0))
        return Result(LOGADDEXP2, ieee.logaddexp2(x, y), self, (0.0 if x == -ieee.INF else (1.0 - ieee.divide(t1, 1.0 + t1) if (x - y) * 0.6931471805599453 > 0.0 else ieee.divide(t2, 1.0 + t2))), None, y)

    def _rlogaddexp2(self, other: object) -> Any:
        """Return log2(2**x + 2**y), without overflow."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of logaddexp2")
        elif is_foreign(other):
            return LOGADDEXP2(other, self)
        else:
            x = to_float(other, "an operand of logaddexp2")
        t3 = ieee.exp(ieee.minimum(-((y - x) * 0.6931471805599453), 40.0))
        t4 = ieee.exp(ieee.minimum((y - x) * 0.6931471805599453, 40.0))
        return Result(LOGADDEXP2, ieee.logaddexp2(x, y), None, x, self, (0.0 if y == -ieee.INF else (1.0 - ieee.divide(t3, 1.0 + t3) if (y - x) * 0.6931471805599453 > 0.0 else ieee.divide(t4, 1.0 + t4))))

    def sin(self) -> Value:
        """Return the sine, x in radians."""
        x = self._data
        return Result(SIN, ieee.sin(x), self, ieee.cos(x), None, 0.0)

    def cos(self) -> Value:
        """Return the cosine, x in radians."""
        x = self._data
        return Result(COS, ieee.cos(x), self, -ieee.sin(x), None, 0.0)

    def tan(self) -> Value:
        """Return the tangent, x in radians."""
        x = self._data
        out = ieee.tan(x)
        return Result(TAN, out, self, 1.0 + out * out, None, 0.0)

    def arcsin(self) -> Value:
        """Return the angle in radians whose sine is x."""
        x = self._data
        return Result(ARCSIN, ieee.arcsin(x), self, ieee.divide(1.0, ieee.sqrt((1.0 - x) * (1.0 + x) if math.fabs(math.fabs(x) - 0.75) < 0.25 else 1.0 - x * x)), None, 0.0)

    def arccos(self) -> Value:
        """Return the angle in radians whose cosine is x."""
        x = self._data
        return Result(ARCCOS, ieee.arccos(x), self, ieee.divide(-1.0, ieee.sqrt((1.0 - x) * (1.0 + x) if math.fabs(math.fabs(x) - 0.75) < 0.25 else 1.0 - x * x)), None, 0.0)

    def arctan(self) -> Value:
        """Return the angle in radians whose tangent is x."""
        x = self._data
        return Result(ARCTAN, math.atan(x), self, ieee.divide(1.0, 1.0 + x * x), None, 0.0)

    def arctan2(self, other: object) -> Any:
        """Return the angle in radians of the point with height x and abscissa y."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = math.hypot(x, y)
            t2 = ieee.divide(1.0, t1)
            return Result(ARCTAN2, math.atan2(x, y), self, (0.0 if 2.0 * t1 == t1 else ieee.divide(y, t1) * t2), other, (0.0 if 2.0 * t1 == t1 else ieee.divide(-x, t1) * t2))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of arctan2")
        elif is_foreign(other):
            return ARCTAN2(self, other)
        else:
            y = to_float(other, "an operand of arctan2")
        t1 = math.hypot(x, y)
        t2 = ieee.divide(1.0, t1)
        return Result(ARCTAN2, math.atan2(x, y), self, (0.0 if 2.0 * t1 == t1 else ieee.divide(y, t1) * t2), None, y)

    def _rarctan2(self, other: object) -> Any:
        """Return the angle in radians of the point with height x and abscissa y."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of arctan2")
        elif is_foreign(other):
            return ARCTAN2(other, self)
        else:
            x = to_float(other, "an operand of arctan2")
        t1 = math.hypot(x, y)
        t2 = ieee.divide(1.0, t1)
        return Result(ARCTAN2, math.atan2(x, y), None, x, self, (0.0 if 2.0 * t1 == t1 else ieee.divide(-x, t1) * t2))

    def sinh(self) -> Value:
        """Return the hyperbolic sine."""
        x = self._data
        return Result(SINH, ieee.sinh(x), self, ieee.cosh(x), None, 0.0)

    def cosh(self) -> Value:
        """Return the hyperbolic cosine."""
        x = self._data
        return Result(COSH, ieee.cosh(x), self, ieee.sinh(x), None, 0.0)

    def tanh(self) -> Value:
        """Return the hyperbolic tangent."""
        x = self._data
        out = math.tanh(x)
        return Result(TANH, out, self, 1.0 - out * out, None, 0.0)

    def arcsinh(self) -> Value:
        """Return the inverse of sinh."""
        x = self._data
        return Result(ARCSINH, math.asinh(x), self, ieee.divide(1.0, math.hypot(x, 1.0)), None, 0.0)

    def arccosh(self) -> Value:
        """Return the inverse of cosh."""
        x = self._data
        return Result(ARCCOSH, ieee.arccosh(x), self, ieee.divide(1.0, ieee.sqrt(x * x - 1.0) if x == 1.0 else ieee.sqrt(x - 1.0) * ieee.sqrt(x + 1.0)), None, 0.0)

    def arctanh(self) -> Value:
        """Return the inverse of tanh."""
        x = self._data
        return Result(ARCTANH, ieee.arctanh(x), self, ieee.divide(1.0, (1.0 - x) * (1.0 + x) if math.fabs(math.fabs(x) - 0.75) < 0.25 else 1.0 - x * x), None, 0.0)

    def erf(self) -> Value:
        """Return the error function."""
        x = self._data
        return Result(ERF, math.erf(x), self, 1.1283791670955126 * ieee.exp(-x * x), None, 0.0)

    def erfc(self) -> Value:
        """Return 1 - erf(x), exact far out."""
        x = self._data
        return Result(ERFC, math.erfc(x), self, -1.1283791670955126 * ieee.exp(-x * x), None, 0.0)

    def sigmoid(self) -> Value:
        """Return 1 / (1 + exp(-x)), the logistic function."""
        x = self._data
        t1 = ieee.exp(ieee.minimum(x, 40.0))
        out = ieee.divide(t1, 1.0 + t1)
        return Result(SIGMOID, out, self, out * (1.0 - out), None, 0.0)

    def log_sigmoid(self) -> Value:
        """Return log(sigmoid(x)), exact far out."""
        x = self._data
        t1 = ieee.exp(ieee.minimum(x, 40.0))
        t2 = ieee.exp(ieee.minimum(-x, 40.0))
        out = ieee.minimum(x, 0.0) - ieee.log1p(ieee.exp(-math.fabs(x)))
        return Result(LOG_SIGMOID, out, self, (1.0 - ieee.divide(t1, 1.0 + t1) if x < 0.0 else ieee.divide(t2, 1.0 + t2)), None, 0.0)

    def softplus(self) -> Value:
        """Return log(1 + exp(x)), without overflow."""
        x = self._data
        t1 = ieee.exp(ieee.minimum(-x, 40.0))
        t2 = ieee.exp(ieee.minimum(x, 40.0))
        out = ieee.maximum(x, 0.0) + ieee.log1p(ieee.exp(-math.fabs(x)))
        return Result(SOFTPLUS, out, self, (1.0 - ieee.divide(t1, 1.0 + t1) if x > 0.0 else ieee.divide(t2, 1.0 + t2)), None, 0.0)

    def relu(self) -> Value:
        """Return x where it is positive, else 0; its slope at 0 is 0."""
        x = self._data
        return Result(RELU, ieee.maximum(x, 0.0), self, (1.0 if x > 0.0 else 0.0), None, 0.0)

    def leaky_relu(self, other: object = 0.01) -> Any:
        """Return x where it is positive, else y * x with a small slope y."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            return Result(LEAKY_RELU, (x if x > 0.0 else y * x), self, (1.0 if x > 0.0 else y), other, (0.0 if x > 0.0 else x))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of leaky_relu")
        elif is_foreign(other):
            return LEAKY_RELU(self, other)
        else:
            y = to_float(other, "an operand of leaky_relu")
        return Result(LEAKY_RELU, (x if x > 0.0 else y * x), self, (1.0 if x > 0.0 else y), None, y)

    def _rleaky_relu(self, other: object) -> Any:
        """Return x where it is positive, else y * x with a small slope y."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of leaky_relu")
        elif is_foreign(other):
            return LEAKY_RELU(other, self)
        else:
            x = to_float(other, "an operand of leaky_relu")
        return Result(LEAKY_RELU, (x if x > 0.0 else y * x), None, x, self, (0.0 if x > 0.0 else x))

    def elu(self, other: object = 1.0) -> Any:
        """Return x where it is positive, else y * (exp(x) - 1)."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.minimum(x, 0.0)
            t2 = ieee.expm1(t1)
            return Result(ELU, (x if x > 0.0 else y * t2), self, (1.0 if x > 0.0 else y * ieee.exp(t1)), other, (0.0 if x > 0.0 else t2))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of elu")
        elif is_foreign(other):
            return ELU(self, other)
        else:
            y = to_float(other, "an operand of elu")
        t1 = ieee.minimum(x, 0.0)
        t2 = ieee.expm1(t1)
        return Result(ELU, (x if x > 0.0 else y * t2), self, (1.0 if x > 0.0 else y * ieee.exp(t1)), None, y)

    def _relu(self, other: object) -> Any:
        """Return x where it is positive, else y * (exp(x) - 1)."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of elu")
        elif is_foreign(other):
            return ELU(other, self)
        else:
            x = to_float(other, "an operand of elu")
        t1 = ieee.minimum(x, 0.0)
        t2 = ieee.expm1(t1)
        return Result(ELU, (x if x > 0.0 else y * t2), None, x, self, (0.0 if x > 0.0 else t2))

    def gelu(self) -> Value:
        """Return x times the probability that a standard normal number is below x."""
        x = self._data
        t1 = math.erfc(-x * 0.7071067811865476)
        out = 0.5 * x * t1
        return Result(GELU, out, self, 0.5 * t1 + x * ieee.exp(-0.5 * x * x) / 2.5066282746310002, None, 0.0)

    def silu(self) -> Value:
        """Return x * sigmoid(x), also called swish."""
        x = self._data
        t1 = ieee.exp(ieee.minimum(x, 40.0))
        t2 = ieee.divide(t1, 1.0 + t1)
        t3 = ieee.exp(ieee.minimum(-x, 40.0))
        out = x * t2
        return Result(SILU, out, self, t2 * (1.0 + x * ieee.divide(t3, 1.0 + t3)), None, 0.0)

    def maximum(self, other: object) -> Any:
        """Return the larger of x and y; NaN if either is."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            return Result(MAXIMUM, ieee.maximum(x, y), self, (1.0 if x > y else (0.0 if x < y else 0.5)), other, (1.0 if x < y else (0.0 if x > y else 0.5)))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of maximum")
        elif is_foreign(other):
            return MAXIMUM(self, other)
        else:
            y = to_float(other, "an operand of maximum")
        return Result(MAXIMUM, ieee.maximum(x, y), self, (1.0 if x > y else (0.0 if x < y else 0.5)), None, y)

    def _rmaximum(self, other: object) -> Any:
        """Return the larger of x and y; NaN if either is."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of maximum")
        elif is_foreign(other):
            return MAXIMUM(other, self)
        else:
            x = to_float(other, "an operand of maximum")
        return Result(MAXIMUM, ieee.maximum(x, y), None, x, self, (1.0 if x < y else (0.0 if x > y else 0.5)))

    def minimum(self, other: object) -> Any:
        """Return the smaller of x and y; NaN if either is."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            return Result(MINIMUM, ieee.minimum(x, y), self, (1.0 if x < y else (0.0 if x > y else 0.5)), other, (1.0 if x > y else (0.0 if x < y else 0.5)))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of minimum")
        elif is_foreign(other):
            return MINIMUM(self, other)
        else:
            y = to_float(other, "an operand of minimum")
        return Result(MINIMUM, ieee.minimum(x, y), self, (1.0 if x < y else (0.0 if x > y else 0.5)), None, y)

    def _rminimum(self, other: object) -> Any:
        """Return the smaller of x and y; NaN if either is."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of minimum")
        elif is_foreign(other):
            return MINIMUM(other, self)
        else:
            x = to_float(other, "an operand of minimum")
        return Result(MINIMUM, ieee.minimum(x, y), None, x, self, (1.0 if x > y else (0.0 if x < y else 0.5)))

    def sign(self) -> Value:
        """Return -1, 0 or 1; its slope is 0 everywhere."""
        x = self._data
        return Result(SIGN, ieee.sign(x), self, 0.0, None, 0.0)

    def floor(self) -> Value:
        """Return the largest whole number not above x; its slope is 0."""
        x = self._data
        return Result(FLOOR, ieee.floor(x), self, 0.0, None, 0.0)

    def ceil(self) -> Value:
        """Return the smallest whole number not below x; its slope is 0."""
        x = self._data
        return Result(CEIL, ieee.ceil(x), self, 0.0, None, 0.0)

    def fmod(self, other: object) -> Any:
        """Return what is left of x after whole y's are taken away; it has the sign of x, as in C."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.fmod(x, y)
            t2 = ieee.divide(x - t1, y)
            t3 = ieee.floor(t2)
            return Result(FMOD, t1, self, 1.0, other, -(t3 + 1.0 if t2 - t3 > 0.5 else t3))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of fmod")
        elif is_foreign(other):
            return FMOD(self, other)
        else:
            y = to_float(other, "an operand of fmod")
        t1 = ieee.fmod(x, y)
        return Result(FMOD, t1, self, 1.0, None, y)

    def _rfmod(self, other: object) -> Any:
        """Return what is left of x after whole y's are taken away; it has the sign of x, as in C."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of fmod")
        elif is_foreign(other):
            return FMOD(other, self)
        else:
            x = to_float(other, "an operand of fmod")
        t1 = ieee.fmod(x, y)
        t2 = ieee.divide(x - t1, y)
        t3 = ieee.floor(t2)
        return Result(FMOD, t1, None, x, self, -(t3 + 1.0 if t2 - t3 > 0.5 else t3))

    def __floordiv__(self, other: object) -> Any:
        """Return x // y, the quotient rounded down; its slope is 0."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.fmod(x, y)
            t2 = ieee.divide(x - t1, y)
            t3 = ieee.floor(t2 - 1.0 if t1 * ieee.sign(y) < 0.0 else t2)
            return Result(FLOOR_DIVIDE, (ieee.divide(x, y) if y == 0.0 else (t3 + 1.0 if (t2 - 1.0 if t1 * ieee.sign(y) < 0.0 else t2) - t3 > 0.5 else t3)), self, 0.0, other, 0.0)
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of floor_divide")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of floor_divide")
        t1 = ieee.fmod(x, y)
        t2 = ieee.divide(x - t1, y)
        t3 = ieee.floor(t2 - 1.0 if t1 * ieee.sign(y) < 0.0 else t2)
        return Result(FLOOR_DIVIDE, (ieee.divide(x, y) if y == 0.0 else (t3 + 1.0 if (t2 - 1.0 if t1 * ieee.sign(y) < 0.0 else t2) - t3 > 0.5 else t3)), self, 0.0, None, y)

    def __rfloordiv__(self, other: object) -> Any:
        """Return x // y, the quotient rounded down; its slope is 0."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of floor_divide")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of floor_divide")
        t1 = ieee.fmod(x, y)
        t2 = ieee.divide(x - t1, y)
        t3 = ieee.floor(t2 - 1.0 if t1 * ieee.sign(y) < 0.0 else t2)
        return Result(FLOOR_DIVIDE, (ieee.divide(x, y) if y == 0.0 else (t3 + 1.0 if (t2 - 1.0 if t1 * ieee.sign(y) < 0.0 else t2) - t3 > 0.5 else t3)), None, x, self, 0.0)

    def __mod__(self, other: object) -> Any:
        """Return x % y, what is left after whole y's are taken away; it has the sign of y, as in Python."""
        x = self._data
        if isinstance(other, Value):
            y = other._data
            t1 = ieee.fmod(x, y)
            t2 = ieee.sign(y)
            t3 = ieee.divide(x - t1, y)
            t4 = ieee.floor(t3 - 1.0 if t1 * t2 < 0.0 else t3)
            return Result(REMAINDER, (t1 + y if t1 * t2 < 0.0 else (0.0 * t2 if t1 == 0.0 else t1)), self, 1.0, other, -(ieee.divide(x, y) if y == 0.0 else (t4 + 1.0 if (t3 - 1.0 if t1 * t2 < 0.0 else t3) - t4 > 0.5 else t4)))
        if type(other) is float:
            y = other
        elif isinstance(other, int):
            y = whole(other, "an operand of remainder")
        elif is_foreign(other):
            return NotImplemented
        else:
            y = to_float(other, "an operand of remainder")
        t1 = ieee.fmod(x, y)
        t2 = ieee.sign(y)
        return Result(REMAINDER, (t1 + y if t1 * t2 < 0.0 else (0.0 * t2 if t1 == 0.0 else t1)), self, 1.0, None, y)

    def __rmod__(self, other: object) -> Any:
        """Return x % y, what is left after whole y's are taken away; it has the sign of y, as in Python."""
        y = self._data
        if type(other) is float:
            x = other
        elif isinstance(other, int):
            x = whole(other, "an operand of remainder")
        elif is_foreign(other):
            return NotImplemented
        else:
            x = to_float(other, "an operand of remainder")
        t1 = ieee.fmod(x, y)
        t2 = ieee.sign(y)
        t3 = ieee.divide(x - t1, y)
        t4 = ieee.floor(t3 - 1.0 if t1 * t2 < 0.0 else t3)
        return Result(REMAINDER, (t1 + y if t1 * t2 < 0.0 else (0.0 * t2 if t1 == 0.0 else t1)), None, x, self, -(ieee.divide(x, y) if y == 0.0 else (t4 + 1.0 if (t3 - 1.0 if t1 * t2 < 0.0 else t3) - t4 > 0.5 else t4)))

    def identity(self) -> Value:
        """Return x itself, as a node of its own."""
        x = self._data
        return Result(IDENTITY, x, self, 1.0, None, 0.0)

    # end of generated
    # fmt: on

    # --------------------------------------------------------- what numpy, copy, pickle and micrograd ask of a number

    def __pos__(self) -> Value:
        return self

    def clip(self, low: object, high: object) -> Any:
        """Itself between `low` and `high`, else the edge it is beyond; at the edge its derivative is 1."""
        return functions.clip(self, low, high)

    def detach(self) -> Any:
        """Its number as a new leaf, without the graph."""
        if TRACING and NOW.tracer is not None:
            return NOW.tracer.plain(self)
        return Value(self._data, self.label)

    def conjugate(self) -> Value:
        """Itself: it is real. (numpy's `var` and `std` ask.)"""
        return self

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """numpy's elementwise functions of a Value come here; of an array of them, to methods of their names."""
        return call_ufunc(ufunc, method, inputs, options)

    def var(self, *_: object, **__: object) -> Any:
        """numpy's `var` of this one number: 0, whatever it is."""
        return self - self

    def std(self, *_: object, **__: object) -> Any:
        """numpy's `std` of this one number: 0, whatever it is."""
        return self - self

    def fabs(self) -> Any:
        """numpy's other name for `abs`."""
        return self.abs()

    def deg2rad(self) -> Any:
        """From degrees to radians."""
        return self * (math.pi / 180.0)

    def radians(self) -> Any:
        """From degrees to radians."""
        return self * (math.pi / 180.0)

    def rad2deg(self) -> Any:
        """From radians to degrees."""
        return self * (180.0 / math.pi)

    def degrees(self) -> Any:
        """From radians to degrees."""
        return self * (180.0 / math.pi)

    def rint(self) -> Any:
        """Refused: it has no derivative. (numpy's `round` asks for it.)"""
        raise refusal("np.rint", "Value")

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    @staticmethod
    def _apply(rule: Rule, operands: tuple[object, ...]) -> Any:
        """The rule on Values and numbers; on arrays of them, one by one. Another carrier among them takes over."""
        for operand in operands:
            if not isinstance(operand, Value) and hasattr(operand, "_apply"):
                return operand._apply(rule, operands)
            if isinstance(operand, np.ndarray):
                check_array(operand)
                return rule.each(*operands)
        if table.TABLE.get(rule.name) is not rule:
            return _applied(rule, operands)
        if rule.name in OPERATORS:
            return OPERATORS[rule.name](*operands)
        first = operands[0]
        if isinstance(first, Value):
            return getattr(first, rule.name)(*operands[1:])
        return getattr(operands[1], "_r" + rule.name)(first)

    @staticmethod
    def _where(condition: object, x: object, y: object) -> Any:
        """A recorded choice: the operand chosen, with derivative 1; the other one is no part of the graph."""
        for operand in (condition, x, y):
            if not isinstance(operand, Value) and hasattr(operand, "_where"):
                return operand._where(condition, x, y)
        if isinstance(condition, np.ndarray):
            return np.where(condition, np.asarray(x, dtype=object), np.asarray(y, dtype=object))
        if not isinstance(condition, (bool, np.bool_)):
            raise OperandError(f"where() expects a condition such as x > 0, or an array of them{inverted(condition)}")
        chosen = x if condition else y
        if isinstance(chosen, Value):
            return Result(CHOSEN, chosen._data, chosen, 1.0, None, 0.0)
        return constant(to_float(chosen, "an operand of where"))

    @staticmethod
    def _equal(x: object, y: object) -> Any:
        if TRACING and NOW.tracer is not None:
            return NOW.tracer.compare("==", x, y)
        left: Any = x._data if isinstance(x, Value) else x
        right: Any = y._data if isinstance(y, Value) else y
        return bool(left == right)

    @staticmethod
    def _folds() -> bool:
        """Whether `dot` may keep a sum as one node: not where every operation is looked at, nor where none is kept."""
        return not SPECIAL or not (NOW.anomaly or NOW.paused or NOW.tracer is not None)

    @property
    def _prev(self) -> set[Value]:
        """micrograd's name for the operands, for its `trace` function; `operands` has them in order."""
        return set(self.operands)

    @property
    def _op(self) -> str:
        """micrograd's name for how the result is written; see `op`."""
        return self.rule.symbol or self.rule.name

    @property
    def _backward(self) -> Any:
        """micrograd's single step: a call adds local derivative × gradient to the operands' gradients."""
        return self._step_back

    @_backward.setter
    def _backward(self, function: object) -> None:
        raise GraphError(
            "a Value does not keep a _backward of its own: the local derivatives are in the table; for an operation of "
            "your own write @primitive(lambda x: ...), its derivative, above its function"
        )

    def _step_back(self) -> None:
        operands = self.operands  # before the partials: a folded sum unfolds
        for operand, local in zip(operands, self.partials, strict=True):
            operand._grad += local * self._grad

    def __copy__(self) -> Value:
        return self if is_differentiated(self) else self._copied({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self if is_differentiated(self) else deepcopy_graph(self, memo)

    def _copied(self, memo: dict[int, Any]) -> Value:
        """A copy whose operands are those of `memo` where it knows them."""
        self._unfold()
        twin = Value(0.0) if self.is_leaf else blank()
        twin._data = self._data
        twin._grad = self._grad
        twin.dx = self.dx
        twin.dy = self.dy
        x = self.x
        y = self.y
        twin.x = None if x is None else memo.get(id(x), x)
        twin.y = None if y is None else memo.get(id(y), y)
        twin.rule = self.rule
        twin.note = self.note
        twin.mark = self.mark
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        check_pickled(self, "v")
        return _unpickled, (self._data, self._grad, self.label, self.kind)


# fmt: off
# generated: a short name for each row
ADD: Final = table.add
SUBTRACT: Final = table.subtract
MULTIPLY: Final = table.multiply
DIVIDE: Final = table.divide
NEGATIVE: Final = table.negative
ABS: Final = table.abs
POWER: Final = table.power
RECIPROCAL: Final = table.reciprocal
CBRT: Final = table.cbrt
SQUARE: Final = table.square
SQRT: Final = table.sqrt
HYPOT: Final = table.hypot
EXP: Final = table.exp
EXP2: Final = table.exp2
EXPM1: Final = table.expm1
LOG: Final = table.log
LOG2: Final = table.log2
LOG10: Final = table.log10
LOG1P: Final = table.log1p
LOGADDEXP: Final = table.logaddexp
LOGADDEXP2: Final = table.logaddexp2
SIN: Final = table.sin
COS: Final = table.cos
TAN: Final = table.tan
ARCSIN: Final = table.arcsin
ARCCOS: Final = table.arccos
ARCTAN: Final = table.arctan
ARCTAN2: Final = table.arctan2
SINH: Final = table.sinh
COSH: Final = table.cosh
TANH: Final = table.tanh
ARCSINH: Final = table.arcsinh
ARCCOSH: Final = table.arccosh
ARCTANH: Final = table.arctanh
ERF: Final = table.erf
ERFC: Final = table.erfc
SIGMOID: Final = table.sigmoid
LOG_SIGMOID: Final = table.log_sigmoid
SOFTPLUS: Final = table.softplus
RELU: Final = table.relu
LEAKY_RELU: Final = table.leaky_relu
ELU: Final = table.elu
GELU: Final = table.gelu
SILU: Final = table.silu
MAXIMUM: Final = table.maximum
MINIMUM: Final = table.minimum
SIGN: Final = table.sign
FLOOR: Final = table.floor
CEIL: Final = table.ceil
FMOD: Final = table.fmod
FLOOR_DIVIDE: Final = table.floor_divide
REMAINDER: Final = table.remainder
IDENTITY: Final = table.identity
# end of generated
# fmt: on


class Result(Value):
    """A Value that an operation made. Not for calling by hand."""

    __slots__ = ()

    def __init__(self, rule: Rule, data: float, x: Scalar | None, dx: float, y: Scalar | None, dy: float) -> None:
        self._data = data
        self._grad = 0.0
        self.x = x
        self.dx = dx
        self.y = y
        self.dy = dy
        self.rule = rule
        self.mark = 0
        self.note = MODE.note
        if SPECIAL:
            after_recording(self)

    # What backward asks of a sum of products that is folded into one node (`sums.py`). It has neither x nor y, and `dy`
    # is not 0.

    def _reach(self, stack: list[Result], done: int) -> bool:
        """Show all operands to a sweep that comes by: see `reach`. Whether a result is among them, still to be done."""
        raise NotImplementedError

    def _pass_on(self) -> None:
        """Add local × upstream to the gradients of all operands."""
        raise NotImplementedError

    def _nodes(self) -> list[Scalar | None]:
        """The operands, in any order; None in the place of a plain number."""
        return [self.x, self.y]


def blank() -> Result:
    """A result that its maker fills in: nothing is recorded, so the switches are not asked."""
    return Result(UNRECORDED, 0.0, None, 0.0, None, 0.0)


CARRIERS.append(Value)
enter(Value, "Value")


def _refuse_subclass(cls: Any, /, **options: Any) -> None:
    if not cls.__module__.startswith("autograd."):
        raise OperandError(no_subclass("Value"))


refuse_to_delete(Value, "_backward")
setattr(Value, "__init_subclass__", classmethod(_refuse_subclass))  # noqa: B010


def after_recording(node: Result) -> None:
    """What the switches ask of a result that has just been made."""
    if node.rule is UNRECORDED:  # a blank
        return
    note, paused, anomaly = for_a_new_node()
    if anomaly:
        operands = ", ".join(repr(o._data) for o in node.operands)
        line = source_line()
        if not math.isfinite(node._data):
            raise AnomalyError(f"{node.op}({operands}) gave {node._data} at {line}")
        note = Note("", note.scope, line)
    node.note = note
    if paused:
        tracer = NOW.tracer
        if hasattr(tracer, "cut"):  # compiled, the number follows the parameters; only its derivative is cut off
            tracer.cut(node)
            return
        node.rule = unrecorded(node.rule, node.x, node.y)
        node.x = None
        node.y = None
        node.dx = 0.0
        node.dy = 0.0
        SWEEPS.cut = True


# ------------------------------------------------------------------------------------------------- behind backward


class Sweeps:
    """Numbers the backward sweeps, so that a mark on a node tells which sweep left it."""

    __slots__ = ("count", "cut")

    def __init__(self) -> None:
        self.count: i64 = 0
        self.cut: bool = False  # whether any result has ever been left unrecorded


SWEEPS: Final = Sweeps()


def results_below(root: Scalar) -> list[Result]:
    """The results that `root` depends on, as backward visits them: results before operands, their gradients zero.

    The order of `walk`, results alone and backwards, with marks on the nodes in place of a set. What the gradient of a
    leaf has been so far is kept in its `dx`, where a result has its local derivative.

    What has operands is a Result, and what has none a Value. The lists say so, because mypyc looks up what comes out of
    a list: quickly if a class has few below it.
    """
    SWEEPS.count += 2  # two new marks, above all that earlier sweeps left: below `opened` is "not seen yet"
    opened: i64 = SWEEPS.count
    done: i64 = opened + 1
    nodes: list[Result] = []
    stack: list[Result] = []
    reach(root, stack, done)
    while stack:
        node = stack.pop()
        mark: i64 = node.mark
        if mark >= opened:
            if mark < done:  # its operands are done
                node.mark = done
                nodes.append(node)
            continue
        node._grad = 0.0
        waits = False  # for operands; then it goes back on the stack, below them
        y = node.y
        if y is not None and y.mark < opened:
            if y.x is None and y.y is None and y.dy == 0.0:
                y.dx = y._grad
                y.mark = done
            else:
                waits = True
                stack.append(node)
                stack.append(y)  # type: ignore[arg-type]
        x = node.x
        if x is not None:
            if x.mark < opened:
                if x.x is None and x.y is None and x.dy == 0.0:
                    x.dx = x._grad
                    x.mark = done
                else:
                    if not waits:
                        waits = True
                        stack.append(node)
                    stack.append(x)  # type: ignore[arg-type]
        elif y is None:
            stack.append(node)
            waits = node._reach(stack, done)
            if not waits:
                stack.pop()
        if waits:
            node.mark = opened
        else:
            node.mark = done
            nodes.append(node)
    nodes.reverse()
    return nodes


def is_cut_off(nodes: list[Result]) -> bool:
    """Whether all leaves below these results are results of operations that were not recorded."""
    for place in range(len(nodes) - 1, -1, -1):  # the last one has leaves only
        for operand in nodes[place]._nodes():
            if operand is not None and operand.is_leaf and operand.rule is not UNRECORDED:
                return False
    return True


def take_back(root: Scalar, nodes: list[Result]) -> None:
    """Give the leaves below these results, or a root that is a leaf, the gradient that they had before the sweep."""
    operands: list[Scalar | None] = [root]
    for node in nodes:
        operands += node._nodes()
    for leaf in operands:
        if leaf is not None and leaf.is_leaf:
            leaf._grad = leaf.dx


def reach(node: Scalar, stack: list[Result], done: int) -> bool:
    """Put a node that has not been visited on the stack, if it is a result. Whether it is one."""
    if node.x is None and node.y is None and node.dy == 0.0:
        node.dx = node._grad
        node.mark = done
        return False
    stack.append(node)  # type: ignore[arg-type]
    return True


def numbers_of(values: list[Scalar]) -> list[float]:
    """The numbers of many Values at once, for what computes with them outside the graph."""
    return [value._data for value in values]


def add_to_gradients(values: list[Scalar], slopes: list[float]) -> None:
    """`value.grad += slope` for many Values at once: for all of them or, where an interrupt comes, for none."""
    with ADDING:
        before = [value._grad for value in values]
        try:
            for value, slope in zip(values, slopes):  # noqa: B905, as long as each other
                value._grad += slope
                value.mark = 1  # it has been reached
        except BaseException:
            for value, number in zip(values, before):  # noqa: B905
                value._grad = number
            raise


# -------------------------------------------------------------------------------------------- other ways to make one

OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "negative": operator.neg,
    "power": operator.pow,
    "floor_divide": operator.floordiv,
    "remainder": operator.mod,
}


def _applied(rule: Rule, operands: tuple[object, ...]) -> Value:
    """A user's own primitive on Values and numbers."""
    if rule.arity not in (1, 2):
        raise OperandError(f"{rule.name} takes {rule.arity} operands; a primitive of scalars takes one or two")
    numbers = [o._data if isinstance(o, Value) else to_float(o, f"an operand of {rule.name}") for o in operands]
    out = to_float(rule(*numbers), f"the value of {rule.name}")
    slopes = [to_float(rule.partial(k, numbers, out), f"a derivative of {rule.name}") for k in range(rule.arity)]
    first, last = operands[0], operands[-1]
    x = first if isinstance(first, Value) else None
    y = last if isinstance(last, Value) and rule.arity == 2 else None
    dx = slopes[0] if x is not None else numbers[0]
    dy = 0.0 if rule.arity == 1 else slopes[1] if y is not None else numbers[1]
    return Result(rule, out, x, dx, y, dy)


def constant(number: float) -> Value:
    """A leaf for a number that is written in a formula."""
    leaf = Value(number)
    leaf.rule = CONSTANT
    return leaf


def parameter(leaf: Leaf) -> Leaf:
    """The same leaf (a Value or a Tensor), marked as one to be learned.

    >>> from autograd import Value, parameter
    >>> w = parameter(Value(0.5, "w"))
    >>> w.kind
    'parameter'
    """
    node: Any = leaf
    if not hasattr(node, "is_leaf"):
        raise OperandError(f"a parameter is a Value or a Tensor, got {describe(leaf)}; write parameter(Value(number))")
    if not node.is_leaf:
        raise GraphError(f"a result ({node.op}) cannot be a parameter: use v.detach(), which is a leaf")
    node.rule = PARAMETER
    return leaf


def _unpickled(data: float, grad: float, label: str, kind: str) -> Value:
    leaf = Value(data, label)
    leaf._grad = grad
    leaf.rule = rule_of(kind)
    return leaf


def _checked(operand: Scalar | None) -> Value:
    assert isinstance(operand, Value)
    return operand
