"""`Tensor`, a numpy array that records what is done to it: the second carrier of the same table of rules.

A node keeps its operands, the arrays they held, and the primitive; the local derivatives are computed in backward, by
feeding the rule those arrays. How a Tensor is read is in `node.py`, its methods are in `methods.py`.
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..absent import ALWAYS, enter
from ..carrier import Note, deepcopy_graph, describe, inverted, no_subclass, rule_of, unrecorded, whole
from ..conversion import CARRIERS, check_pickled, is_differentiated, is_shown
from ..core.node import CHOSEN, CONSTANT, INPUT, UNRECORDED
from ..core.reverse import times
from ..core.rule import Rule
from ..errors import AnomalyError, GraphError, OperandError, ShapeError
from ..masking import Arrived
from ..mode import MODE, NOW, SPECIAL, TRACING, for_a_new_node
from ..numbers.functions import greater, where
from ..switches import source_line
from ..system.arrays import check_array, check_class
from ..system.quiet import quietly
from . import rules as array_rules
from .arriving import push_arrived
from .backward import accumulate, exact_parts, plain_parts
from .fingerprint import fingerprint
from .methods import ArrayMethods
from .node import Array, ArrayNode, array_tracer, to_array
from .numpy_protocol import call_function, call_ufunc, plain_numbers
from .operators import Operators
from .rules import ArrayRule

np.empty(1 << 21)
# Allocated and freed at once, never touched. glibc's malloc takes from it that arrays of up to 16 MB are worth keeping
# for the next of their size, instead of giving every page back to the system after each operation and asking for it
# again: twice the speed for arrays of some 100 kB, as hidden layers have. (Any program that once had a large array
# has this already; elsewhere the line does nothing.)


class Tensor(ArrayNode, Operators, ArrayMethods):
    """An array that remembers how it was computed, so that it can be differentiated.

    Args:
        data: a float array, or numbers in nested lists. It is copied.
        label: the name it is drawn and compiled under.
        dtype: a float dtype; that of the data by default, float64 for Python numbers.

    Raises:
        OperandError: the data are not real numbers, or an integer array, which cannot have a gradient.

    >>> W = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W")
    >>> loss = (W @ np.array([1.0, -1.0])).tanh().sum()
    >>> loss.backward()
    >>> W.grad
    array([[ 0.41997434, -0.41997434],
           [ 0.41997434, -0.41997434]])
    """

    __slots__ = ()
    __array_priority__ = 1000

    def __init_subclass__(cls, **options: Any) -> None:
        if not cls.__module__.startswith("autograd."):
            raise OperandError(no_subclass("Tensor"))
        super().__init_subclass__(**options)

    def __init__(self, data: Any, label: str = "", dtype: Any = None, requires_grad: Any = None) -> None:
        if requires_grad is not None:
            raise OperandError(f"requires_grad= is not needed: {ALWAYS}")
        _fill(self, INPUT, to_array(data, dtype), (), (), None, {})
        self.note = NOW.note if SPECIAL else MODE.note
        if label != "":
            self.label = label

    # ----------------------------------------------------------------------------------------- recording

    @property
    def operands(self) -> tuple[Tensor, ...]:
        """What it was computed from, in order; plain numbers and arrays appear as Tensors of kind `"constant"`."""
        for parent in self._parents:
            if parent is None:
                break
        else:
            return self._parents
        return tuple(
            constant(saved) if parent is None else parent
            for parent, saved in zip(self._parents, self._saved, strict=True)
        )

    def detach(self) -> Tensor:
        """Its numbers as a new leaf, without the graph."""
        if TRACING and (tracer := array_tracer()) is not None:
            detached: Tensor = tracer.plain(self)
            return detached
        return Tensor(self._data, self.label)

    def __iter__(self) -> Any:
        return (self[k] for k in range(len(self)))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """numpy's ufuncs, as in np.exp(t), come here."""
        if TRACING and (tracer := array_tracer()) is not None:
            return tracer.ufunc(ufunc, method, inputs, options)
        if any(isinstance(operand, np.ma.MaskedArray) for operand in inputs) and is_shown():
            return getattr(ufunc, method)(*map(_raw, inputs), **options)
        for operand in inputs:
            check_array(operand)
        return call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        """numpy's other functions, as in np.sum(t), come here."""
        if TRACING and (tracer := array_tracer()) is not None:
            return tracer.function(function, args, options)
        if is_shown():
            return function(*plain_numbers(args), **plain_numbers(options))
        for kind in types:
            check_class(kind)
        return call_function(function, args, options)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Where the largest is: a plain index or array of them."""
        return np.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Where the smallest is: a plain index or array of them."""
        return np.argmin(self, axis=axis, keepdims=keepdims)

    @staticmethod
    def _apply(rule: Rule, operands: tuple[Any, ...]) -> Tensor:
        """An elementwise rule on Tensors, arrays and numbers."""
        if TRACING and (tracer := array_tracer()) is not None:
            traced: Tensor = tracer.record(rule, operands)
            return traced
        parents: Any = operands
        saved: Any = None
        prints = None
        if len(operands) == 2:  # the commonest, without a call; a constant has a print
            x, y = operands
            if x.__class__ is Tensor and x._print is None:
                if y.__class__ is float:
                    parents, saved = (x, None), (x._data, y)
                elif y.__class__ is Tensor and y._print is None:
                    saved = (x._data, y._data)
        elif len(operands) == 1:
            (x,) = operands
            if x._print is None:
                saved = (x._data,)
        if saved is None:
            parents, saved, prints = _taken(rule, operands)
        data = rule.on_arrays(*saved)
        if data.__class__ is not _NDARRAY or not data.ndim:
            data = _as_array(data, saved)
        out = _new(Tensor)  # as in `recorded`, which costs a sixth of a small operation
        out._data = data
        out._grad = None
        out._parents = parents
        out._saved = saved
        out._print = None
        out._prints = prints
        out.rule = rule
        out.options = _NO_OPTIONS
        out.reached = False
        out.note = MODE.note
        if SPECIAL:
            _after_recording(out)
        return out

    @staticmethod
    def _apply_array(rule: ArrayRule, operands: tuple[Any, ...], options: dict[str, Any]) -> Tensor:
        """An array rule on Tensors and arrays."""
        if TRACING and (tracer := array_tracer()) is not None:
            traced: Tensor = tracer.record(rule, operands, options)
            return traced
        parents, saved, prints = _taken(rule, operands)
        for number in saved:
            if number.__class__ is not _NDARRAY:
                saved = tuple(map(np.asarray, saved))
                break
        data = rule.value(*saved, **options)
        if data.__class__ is not _NDARRAY:
            data = np.asarray(data)
        return recorded(rule, data, parents, saved, prints, options)

    @staticmethod
    def _where(condition: Any, x: Any, y: Any) -> Any:
        if TRACING and (tracer := array_tracer()) is not None:
            return tracer.choose(condition, x, y)
        if isinstance(condition, (bool, np.bool_)):
            return _picked(x if condition else y, np.broadcast_shapes(*_shapes(x, y)), _float_dtype(x, y))
        if isinstance(condition, Tensor) or np.asarray(condition).dtype != bool:
            raise OperandError(f"where() expects a condition such as x > 0: an array of bools{inverted(condition)}")
        condition = np.array(condition)  # the graph's own: nobody changes it later
        shape = np.broadcast_shapes(condition.shape, *_shapes(x, y))
        sides = [_cast(side, _float_dtype(x, y)) for side in (x, y)]
        wide = [side if side.shape == shape else array_rules.broadcast_to(side, shape=shape) for side in sides]
        return array_rules.choose(*wide, condition=np.broadcast_to(condition, shape))

    @staticmethod
    def _equal(x: Any, y: Any) -> Any:
        if TRACING and (tracer := array_tracer()) is not None:
            return tracer.compare("==", x, y)
        return _raw(x) == _raw(y)

    # ------------------------------------------------------------------------------------------ derivatives

    def _pull(self, g: Any, operands: Any, wanted: Any, differentiable: bool) -> Sequence[Any]:
        """The contributions to the operands, for a cotangent of this node: upstream × local, broadcasting undone."""
        self._check_unchanged(differentiable)
        if not isinstance(g, Arrived):
            return plain_parts(self, wanted, g)
        return exact_parts(self, wanted, g, *((operands, self) if differentiable else (self._saved, self._data)))

    def _push(self, tangents: list[Any], operands: Any, differentiable: bool) -> Any:
        """The tangent of this node, for those of its operands (None: zero): Σ local × tangent."""
        some = next((tangent for tangent in tangents if tangent is not None), None)
        if some is None:
            return None
        self._check_unchanged(differentiable)
        given, out = (operands, self) if differentiable else (self._saved, self._data)
        exactly = isinstance(some, Arrived)
        if isinstance(self.rule, ArrayRule):
            if exactly and self.rule.whole is None:
                return push_arrived(self.rule, tangents, out, given, self.options)
            return self.rule.push(tangents, out, given, self.options)
        total = None
        for k, tangent in enumerate(tangents):
            if tangent is not None:
                term = (
                    tangent.times(self.rule, k, given, out)
                    if exactly
                    else times(tangent, self.rule.partial(k, given, out))
                )
                if term is not None:
                    total = term if total is None else total + term
        return total if total is None else _spread_over(total, self._data.shape)

    def backward(self, seed: Any = None) -> None:
        """Fill in `.grad` of everything this Tensor depends on: d self / d node, times `seed`.

        Leaves add to the gradient they have (until it is set to zero); results hold that of the latest sweep only.

        Args:
            seed: an array of this Tensor's shape; 1 for a Tensor of one number.

        Raises:
            ShapeError: the Tensor holds several numbers and no seed is given, or the seed has another shape.
            GraphError: an array was changed in place since it was recorded, or nothing was recorded.
        """
        if seed is None:
            if self._data.size != 1:
                raise ShapeError(
                    f"backward() starts from one number, this Tensor has shape {self.shape}: "
                    "take .sum() or .mean() first, or pass backward(seed) with an array of that shape"
                )
            shape, dtype = self._data.shape, self._data.dtype
            start = np.ones(shape, dtype) if shape else np.array(1, dtype)  # np.ones takes four times as long
        else:
            check_array(seed)
            start = np.asarray(_raw(seed), dtype=self._data.dtype)
            if start.shape != self._data.shape:
                raise ShapeError(f"the seed of backward has the Tensor's shape {self.shape}, got {start.shape}")
        quietly(accumulate, self, start)

    def _check_unchanged(self, differentiable: bool) -> None:
        """Raise if an array this node was computed from has been changed since."""
        prints = self._prints
        for k, parent in enumerate(self._parents):
            if prints is not None and prints[k] is not None:
                before = prints[k]
            elif parent is not None and parent._print is not None and parent._data is self._saved[k]:
                before = parent._print  # shown only after this was recorded
            else:
                continue
            if before != fingerprint(self._saved[k]):
                raise GraphError(
                    f"an array that {self.op} was computed from was changed in place since: "
                    "its derivative would be wrong; make a new array, or assign t.data after backward"
                )
        if differentiable:
            for parent, saved in zip(self._parents, self._saved, strict=True):
                if parent is not None and parent._data is not saved:
                    raise GraphError(f"an operand of {self.op} was assigned new data since; record the graph again")

    # -------------------------------------------------------------------------------------------- copies

    def __copy__(self) -> Tensor:
        return self if is_differentiated(self) else self._copied({})

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self if is_differentiated(self) else deepcopy_graph(self, memo)

    def _copied(self, memo: dict[int, Any]) -> Tensor:
        twin = recorded(self.rule, self._data.copy(), (), (), None, self.options)
        twin._grad = None if self._grad is None else self._grad.copy()
        twin._parents = tuple(None if p is None else memo.get(id(p), p) for p in self._parents)
        twin._saved = tuple(
            p._data if p is not None and id(old) in memo else s
            for p, old, s in zip(twin._parents, self._parents, self._saved, strict=True)
        )
        if self._prints is not None:
            kept = [old is new for old, new in zip(self._saved, twin._saved, strict=True)]
            twin._prints = tuple(mark if same else None for mark, same in zip(self._prints, kept, strict=True))
        twin.rule, twin.options, twin.note, twin.reached = self.rule, self.options, self.note, self.reached
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        check_pickled(self, "t")
        return _unpickled, (self._data, self._grad, self.label, self.kind)


CARRIERS.append(Tensor)
enter(Tensor, "Tensor")


def constant(number: Any) -> Tensor:
    """A leaf for a number or an array that is written in a formula; integers are kept as they are."""
    leaf = recorded(CONSTANT, np.asarray(number), (), (), None, _NO_OPTIONS)
    leaf._print = ()
    return leaf


def _raw(operand: Any) -> Any:
    return operand._data if isinstance(operand, Tensor) else operand


def _taken(rule: Any, operands: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """Operands as (parents, arrays, fingerprints): a plain number or array has no parent, most no fingerprint."""
    parents: list[Tensor | None] = []
    saved: list[Any] = []
    open_to_change = False
    for operand in operands:
        if isinstance(operand, Tensor):
            saved.append(operand._data)
            parents.append(None if operand.rule is CONSTANT else operand)
            if operand._print is not None:
                open_to_change = True
        else:
            kind = type(operand)
            if kind is int:
                operand = whole(
                    operand, f"an operand of {rule.symbol or rule.name}"
                )  # an int would be taken for a number that the table states
            elif kind is not float:
                operand = _number(rule.name, operand)
                open_to_change = True
            saved.append(operand)
            parents.append(None)
    prints = None
    if open_to_change and not (SPECIAL and NOW.paused):
        prints = tuple(
            fingerprint(array) if parent is None or parent._print is not None else None
            for parent, array in zip(parents, saved, strict=True)
        )
    return tuple(parents), tuple(saved), prints


def _as_array(number: Any, saved: tuple[Any, ...]) -> Array:
    """What a rule made of 0-d arrays: numpy gives scalars, a float has lost its dtype, a choice perhaps the shape."""
    if isinstance(number, (float, int)) and not isinstance(number, np.generic):
        number = np.asarray(number, dtype=np.result_type(*saved))
    shape = np.broadcast_shapes(*map(np.shape, saved)) if len(saved) > 1 else ()
    return np.broadcast_to(number, shape) if shape else np.asarray(number)


def _number(name: str, operand: Any) -> Any:
    """A plain operand: a Python number stays weak, so that float32 stays float32; all else becomes an array."""
    if isinstance(operand, (np.ndarray, list, tuple)):
        check_array(operand)
        array = np.asarray(operand)
        if array.dtype.kind in "biuf":
            return array
        if array.dtype == object:
            raise OperandError(f"{name}: an array of objects and a Tensor do not mix; make it a Tensor: Tensor(array)")
    if isinstance(operand, (numbers.Real, np.bool_)) and getattr(operand, "dtype", np.dtype(float)).kind in "biuf":
        return float(operand)
    if hasattr(operand, "recorder"):
        raise OperandError(
            f"{name}: a function that is compiled for single numbers uses a Tensor: give the Tensors that it uses as "
            "parameters, compile(function, [W, ...]), or write arrays=True"
        )
    if hasattr(operand, "_apply"):
        raise OperandError(
            f"{name}: a Tensor and a {type(operand).__name__} do not mix in one graph; use Tensors throughout"
        )
    own = next((method for method in ("to_numpy", "toarray") if hasattr(operand, method)), "")
    remedy = f"; write x.{own}()" if own else "; write np.asarray(x)" if hasattr(operand, "__array__") else ""
    raise OperandError(f"an operand of {name} is made from real numbers, got {describe(operand)}{remedy}")


def recorded(rule: Any, data: Array, parents: Any, saved: Any, prints: Any, options: dict[str, Any]) -> Tensor:
    """The Tensor that an operation made."""
    out = _new(Tensor)
    _fill(out, rule, data, parents, saved, prints, options)
    if SPECIAL:
        _after_recording(out)
    return out


def _fill(out: Tensor, rule: Any, data: Array, parents: Any, saved: Any, prints: Any, options: dict[str, Any]) -> None:
    out._data = data
    out._grad = None
    out._parents = parents
    out._saved = saved
    out._print = None
    out._prints = prints
    out.rule = rule
    out.options = options
    out.reached = False
    out.note = MODE.note


_new = object.__new__
_NDARRAY = np.ndarray
_NO_OPTIONS: dict[str, Any] = {}


def _after_recording(node: Tensor) -> None:
    """What the switches ask of a result that has just been made."""
    note, paused, anomaly = for_a_new_node()
    made = NOW.made
    if made is not None:
        made.add(id(node))
    if anomaly:
        line = source_line()
        if not np.all(np.isfinite(node._data)):
            shapes = ", ".join(str(np.shape(array)) for array in node._saved)
            raise AnomalyError(f"{node.op} of shapes {shapes} gave a number that is not finite at {line}")
        note = Note("", note.scope, line)
    node.note = note
    if paused and node.rule is not CONSTANT:
        if node._data.base is not None or (node._saved and node._data is node._saved[0]):
            node._data = node._data.copy()  # a leaf lies in nobody else's memory
        parents = node._parents
        node.rule = unrecorded(node.rule, parents[0], parents[-1]) if parents else UNRECORDED
        node._parents, node._saved, node._prints, node.options = (), (), None, _NO_OPTIONS


def _spread_over(tangent: Any, shape: tuple[int, ...]) -> Any:
    """A tangent in the shape of the result: an operand that was broadcast has a smaller one."""
    if isinstance(tangent, Arrived):
        number, came = tangent.number, tangent.came
        wide = _spread_over(number, shape)
        if came is not None and came.shape != shape:
            came = greater(array_rules.broadcast_to(where(came, 1.0, 0.0), shape=shape), 0)
        return type(tangent)(wide, came)
    return tangent if tangent.shape == shape else array_rules.broadcast_to(tangent, shape=shape)


def _float_dtype(*sides: Any) -> Any:
    return np.result_type(*[side._data if isinstance(side, Tensor) else _number("where", side) for side in sides])


def _shapes(*sides: Any) -> list[tuple[int, ...]]:
    return [np.shape(_raw(side)) for side in sides]


def _picked(side: Any, shape: tuple[int, ...], dtype: Any) -> Tensor:
    """The side that a single bool chose, of the shape and dtype that both have together."""
    if not isinstance(side, Tensor):
        return constant(np.broadcast_to(_cast(side, dtype), shape))
    side = Tensor._apply(CHOSEN, (_cast(side, dtype),))
    wide: Tensor = side if side.shape == shape else array_rules.broadcast_to(side, shape=shape)
    return wide


def _cast(side: Any, dtype: Any) -> Any:
    if isinstance(side, Tensor):
        return side if side._data.dtype == dtype else array_rules.astype(side, dtype=dtype)
    return np.asarray(side, dtype=dtype)


def _unpickled(data: Any, grad: Any, label: str, kind: str) -> Tensor:
    leaf = Tensor(data, label)
    leaf._grad = grad
    leaf.rule = rule_of(kind)
    return leaf
