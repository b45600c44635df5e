"""The program of a function of arrays: one flat, ordered list of instructions with shapes and dtypes.

An instruction applies a row of one of the two tables, or an opcode (a comparison, `detach`), to earlier ones. Building
is simplifying, as in the program of single numbers, whose simplifications are used here too. What is particular to
arrays is added: shapes, broadcasting, constants that are the same everywhere. No Tensors, no text, no engines here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...core.rule import Rule
from ...errors import ShapeError
from ...switches import source_line
from ...tensor import rules as rows
from ...tensor.rules import ArrayRule
from ..program import (
    COMPARISONS,
    DETACH,
    FOLDS,
    LITERAL,
    LOGIC,
    BaseProgram,
    evaluate,
    is_commutative,
    name_of,
)

Shape = tuple[int, ...]
Dtype = np.dtype[Any]
ArrayOp = Rule | ArrayRule | str

ARGUMENT: Final = "argument"
PLAIN: Final[dict[str, Callable[..., Any]]] = {
    name: getattr(np, name) for name in ("isnan", "isinf", "isfinite", "signbit", "argmax", "argmin", "argsort")
}
"""numpy's functions that tell something about an array which has no derivative."""


class Place(int):
    """Among the options of an instruction: the instruction whose array belongs there."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"%{int(self)}"


def places(option: Any) -> list[Place]:
    """The instructions that stand in an option, also inside tuples."""
    if isinstance(option, Place):
        return [option]
    return [place for part in option for place in places(part)] if isinstance(option, tuple) else []


def replaced(option: Any, by: Callable[[Place], Any]) -> Any:
    """An option with something else in the place of every instruction."""
    if isinstance(option, Place):
        return by(option)
    return tuple(replaced(part, by) for part in option) if isinstance(option, tuple) else option


class ArrayProgram(BaseProgram):
    """Instructions in columns: `ops[i]`, with `options[i]`, is applied to the instructions `args[i]`.

    >>> p = ArrayProgram()
    >>> x = p.leaf(ARGUMENT, 0, (2, 3), np.dtype(float))
    >>> p.emit(rules.multiply, x, p.array(np.ones((2, 3)))) == x
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.options: list[dict[str, Any]] = []
        self.shapes: list[Shape] = []
        self.dtypes: list[Dtype] = []
        self.arrays: dict[int, Any] = {}  # constants that are arrays; Python numbers leave a dtype as it is
        self.uniform: dict[int, Any] = {}  # of those, the number that stands everywhere
        self._dtypes: dict[Any, Dtype] = {}

    # ------------------------------------------------------------------------------------------------ building

    def constant(self, number: Any) -> int:
        """The instruction that is this Python number (or truth value)."""
        key = (LITERAL, type(number), float(number).hex() if isinstance(number, float) else number)
        found = self._known.get(key)
        if found is None:
            found = self._append(LITERAL, (), {}, (), np.asarray(number).dtype, key)
            self.numbers[found] = number
        return found

    def array(self, array: Any) -> int:
        """The instruction that is this array."""
        array = np.asarray(array)
        value = _uniform(array)
        content: Any = id(array) if array.size > 1000 else array.tobytes()
        key = (LITERAL, array.shape, array.dtype, content if value is None else value.tobytes())
        found = self._known.get(key)
        if found is None:
            found = self._append(LITERAL, (), {}, array.shape, array.dtype, key)
            self.arrays[found] = array
            if value is not None:
                self.uniform[found] = value.item()
        return found

    def leaf(self, kind: str, place: int, shape: Shape, dtype: Dtype, label: str = "") -> int:
        """An array from outside: argument, parameter, ... number `place`."""
        found = self._known.get((kind, place))
        if found is None:
            found = self._append(kind, (), {}, shape, dtype, (kind, place), place)
            if label:
                self.labels[found] = label
        return found

    def emit(self, op: ArrayOp, *args: int, **options: Any) -> int:
        """The instruction that applies `op` to earlier instructions: a new one, or one that is equal to it.

        Raises:
            ShapeError: the shapes do not fit.
        """
        if op is rules.multiply:
            args = self._masked(args)
        shape, dtype = self._inferred(op, args, options)
        found = None
        if _elementwise(op):
            args = self._narrowed(op, args, options, shape, dtype)
            found = self._spread_later(op, args, shape, dtype)
        if found is None:
            found = self._folded(op, args, options, shape, dtype)
        if found is not None:
            return found
        order = args[::-1] if len(args) == 2 and args[0] > args[1] and is_commutative(op) else args
        key = (op, order, repr(sorted(options.items())))
        found = self._known.get(key)
        return self._append(op, args, options, shape, dtype, key) if found is None else found

    def _append(
        self, op: ArrayOp, args: tuple[int, ...], options: dict[str, Any], shape: Shape, dtype: Dtype, key: Any,
        place: int = 0,
    ) -> int:  # fmt: skip
        self.ops.append(op)
        self.args.append(args)
        self.options.append(options)
        self.shapes.append(tuple(int(n) for n in shape))
        self.dtypes.append(dtype)
        self.data.append(place)
        self._known[key] = found = len(self.ops) - 1
        return found

    # ------------------------------------------------------------------------------------- shapes and dtypes

    def _inferred(self, op: ArrayOp, args: tuple[int, ...], options: dict[str, Any]) -> tuple[Shape, Dtype]:
        try:
            with np.errstate(all="ignore"):
                return self._infer(op, args, options)
        except (ValueError, IndexError) as error:
            shapes = " and ".join(str(self.shapes[arg]) for arg in args)
            raise ShapeError(f"{source_line()}: {name_of(op)} of shapes {shapes} does not fit ({error})") from error

    def _infer(self, op: ArrayOp, args: tuple[int, ...], options: dict[str, Any]) -> tuple[Shape, Dtype]:
        if _elementwise(op):
            every = [*args, *places(options.get("condition"))]
            return np.broadcast_shapes(*[self.shapes[arg] for arg in every]), self._dtype(op, args)
        if op == DETACH:
            return self.shapes[args[0]], self.dtypes[args[0]]
        if op is rows.matmul and all(len(self.shapes[arg]) == 2 for arg in args):
            (n, k), (inner, m) = (self.shapes[arg] for arg in args)
            if k == inner:
                return (n, m), np.result_type(*[self.dtypes[arg] for arg in args])
        given = {key: replaced(option, lambda place: self.sample(place)) for key, option in options.items()}
        function = PLAIN[op] if isinstance(op, str) else op.value
        result = np.asarray(function(*map(self.sample, args), **given))
        return result.shape, result.dtype

    def _dtype(self, op: ArrayOp, args: tuple[int, ...]) -> Dtype:
        """The dtype of an elementwise result: what the rule makes of one element."""
        if isinstance(op, str):
            return np.dtype(bool)
        key = (op, *(type(self.numbers[arg]) if arg in self.numbers else self.dtypes[arg] for arg in args))
        found = self._dtypes.get(key)
        if found is None:
            ones = [type(self.numbers[arg])(1) if arg in self.numbers else np.ones(1, self.dtypes[arg]) for arg in args]
            result = op.value(*ones, condition=np.array([True])) if op is rows.choose else op.value(*ones)
            found = self._dtypes[key] = np.asarray(result).dtype
        return found

    def sample(self, i: int) -> Any:
        """Some array of the shape and dtype that an instruction has; the array itself if it is a constant."""
        if i in self.numbers:
            return np.asarray(self.numbers[i])
        if i in self.arrays:
            return self.arrays[i]
        return np.broadcast_to(np.zeros((), self.dtypes[i]), self.shapes[i])

    # ----------------------------------------------------------------------------------------- simplification

    def _masked(self, args: tuple[int, ...]) -> tuple[int, ...]:
        """Factors with the condition itself for where(condition, 1, 0): numpy takes True for 1, in any dtype."""
        for k, arg in enumerate(args):
            if self._is_mask(arg) and self.dtypes[args[1 - k]].kind == "f":
                return (args[1 - k], int(self.options[arg]["condition"]))
        return args

    def _is_mask(self, i: int) -> bool:
        """Whether it is where(condition, 1, 0)."""
        return self.ops[i] is rows.choose and all(
            self.is_number(arg, number) for arg, number in zip(self.args[i], (1.0, 0.0), strict=True)
        )

    def _narrowed(
        self, op: ArrayOp, args: tuple[int, ...], options: dict[str, Any], shape: Shape, dtype: Dtype
    ) -> tuple[int, ...]:
        """The operands without what broadcasting does anyway: a number for an array of equal ones, x for a spread x."""
        for k, arg in enumerate(args):
            narrow = arg
            if arg in self.uniform:
                narrow = self.constant(self.uniform[arg])
            elif self.ops[arg] is rows.broadcast_to:
                narrow = self.args[arg][0]
            elif self.ops[arg] == DETACH and self.ops[self.args[arg][0]] is rows.broadcast_to:
                narrow = self.emit(DETACH, self.args[self.args[arg][0]][0])
            elif isinstance(self.numbers.get(arg), int) and not self.is_condition(arg) and dtype.kind == "f":
                narrow = self.constant(float(self.numbers[arg]))
            if narrow != arg:
                tried = (*args[:k], narrow, *args[k + 1 :])
                if self._infer(op, tried, options) == (shape, dtype):
                    args = tried
        return args

    def _spread_later(self, op: ArrayOp, args: tuple[int, ...], shape: Shape, dtype: Dtype) -> int | None:
        """The operation on what was spread, and its result spread: less is computed."""
        if op is rows.choose or not any(self.ops[arg] is rows.broadcast_to for arg in args):
            return None
        narrow = tuple([self.args[arg][0] if self.ops[arg] is rows.broadcast_to else arg for arg in args])
        small, kind = self._infer(op, narrow, {})
        if small == shape or kind != dtype:
            return None
        return self.emit(rows.broadcast_to, self.emit(op, *narrow), shape=shape)

    def _folded(
        self, op: ArrayOp, args: tuple[int, ...], options: dict[str, Any], shape: Shape, dtype: Dtype
    ) -> int | None:
        if op == DETACH and (self._is_mask(args[0]) or self.ops[args[0]] == DETACH or self.dtypes[args[0]].kind != "f"):
            return args[0]
        if args and all(arg in self.numbers or arg in self.uniform for arg in args):
            known = self._computed(op, args, options, shape, dtype)
            if known is not None:
                return known
        fold = MOVES.get(op) or FOLDS.get(op)
        if fold is None or (isinstance(op, Rule) and any(self.dtypes[arg].kind == "b" for arg in args)):
            return None  # of truths there is no negative, and 1.0 * mask is no mask
        found: int | None = fold(self, *args, **options)
        if found is None or self.dtypes[found] != dtype:
            return None
        if self.shapes[found] == shape:
            return found
        if not _elementwise(op):
            return None
        if found in self.numbers:
            return self.array(np.broadcast_to(np.asarray(self.numbers[found], dtype), shape))
        return self.emit(rows.broadcast_to, found, shape=shape)

    def _computed(
        self, op: ArrayOp, args: tuple[int, ...], options: dict[str, Any], shape: Shape, dtype: Dtype
    ) -> int | None:
        """What an instruction on constants comes to, if that is a number or the same number everywhere."""
        if op == DETACH:
            return args[0]
        if isinstance(op, ArrayRule):
            if places(tuple(options.values())) or rows.ARRAY_TABLE.get(op.name) is not op:
                return None
            with np.errstate(all="ignore"):
                result = np.asarray(op.value(*map(self.sample, args), **options))
            return None if _uniform(result) is None else self.array(result)
        if isinstance(op, str) and op in PLAIN:
            return None
        if all(arg in self.numbers for arg in args):
            number = evaluate(op, [self.numbers[arg] for arg in args])
            return None if number is None else self.constant(number)
        number = evaluate(op, [self.numbers.get(arg, self.uniform.get(arg)) for arg in args])
        if number is None:
            return None
        return self.array(np.broadcast_to(np.asarray(number, dtype=dtype), shape))

    # ----------------------------------------------------------------------------------------------- questions

    def is_condition(self, i: int) -> bool:
        """Whether it is truth values rather than numbers."""
        return self.dtypes[i] == np.bool_

    def used(self, i: int) -> Sequence[int]:
        """The instructions it needs: operands, then those among its options."""
        return [*self.args[i], *map(int, places(tuple(self.options[i].values())))]

    def line(self, i: int) -> str:
        """One instruction as text: `%7 = sum %3 axis=0  # float64 (128,), label`."""
        op = self.ops[i]
        words = [name_of(op), *(f"%{arg}" for arg in self.args[i])]
        if i in self.numbers or i in self.uniform:
            words.append(repr(self.numbers.get(i, self.uniform.get(i))))
        elif not self.args[i] and op != LITERAL:
            words.append(str(self.data[i]))
        words += [f"{key}={option!r}" for key, option in self.options[i].items()]
        note = ", ".join(filter(None, [f"{self.dtypes[i]} {self.shapes[i]}", self.labels.get(i, "")]))
        return f"%{i} = {' '.join(words)}  # {note}"


def _elementwise(op: ArrayOp) -> bool:
    return isinstance(op, Rule) or op in COMPARISONS or op in LOGIC or op is rows.choose


def _uniform(array: Any) -> Any:
    """The element that stands everywhere in an array, if one does."""
    if not array.size:
        return None
    first = array[(0,) * array.ndim]
    if not any(array.strides) or (array == first).all() or (array != array).all():
        return first if np.signbit(array).all() == np.signbit(array).any() else None
    return None


# ---------------------------------------------------- what simplifies among moves and choices; None: nothing does


def _reshape(p: ArrayProgram, x: int, shape: Shape) -> int | None:
    if -1 not in shape and p.shapes[x] == tuple(shape):
        return x
    if p.ops[x] is rows.broadcast_to and not p.shapes[p.args[x][0]]:
        return p.emit(rows.broadcast_to, p.args[x][0], shape=shape) if -1 not in shape else None
    return p.emit(rows.reshape, p.args[x][0], shape=shape) if p.ops[x] is rows.reshape else None


def _broadcast_to(p: ArrayProgram, x: int, shape: Shape) -> int | None:
    return x if p.shapes[x] == tuple(shape) else None


def _transpose(p: ArrayProgram, x: int, axes: Any = None) -> int | None:
    order = tuple(range(len(p.shapes[x])))
    order = order[::-1] if axes is None else tuple(axis % len(order) for axis in axes)
    if order == tuple(range(len(order))):
        return x
    if p.ops[x] is rows.transpose:
        before = p.options[x].get("axes") or tuple(range(len(order)))[::-1]
        if all(before[k] == place for place, k in enumerate(order)):
            return p.args[x][0]
    if (
        p.ops[x] is rows.matmul
        and len(order) == 2
        and x == len(p) - 1
        and x not in p.cotangents  # which has a name
        and all(len(p.shapes[k]) == 2 for k in p.args[x])
    ):
        left, right = p.args[x]  # nobody else uses the product: it is computed the other way round
        return p.emit(rows.matmul, p.emit(rows.transpose, right), p.emit(rows.transpose, left))
    return None


def _astype(p: ArrayProgram, x: int, dtype: Any) -> int | None:
    return x


def _sum(p: ArrayProgram, x: int, axis: Any = None, keepdims: bool = False) -> int | None:
    return x if axis == () or not p.shapes[x] else None


def _choose(p: ArrayProgram, x: int, y: int, condition: Any) -> int | None:
    known = p.numbers.get(condition, p.uniform.get(condition))
    if known is not None:
        return x if known else y
    if p.ops[condition] == "not":
        return p.emit(rows.choose, y, x, condition=Place(p.args[condition][0]))
    if x == y or (p.is_number(x, 0.0) and _vanishes(p, condition, y)):
        return y
    return None


def _vanishes(p: ArrayProgram, condition: int, y: int) -> bool:
    """Whether y is zero where the condition holds, it being `g == 0` and y a finite multiple of g."""
    if p.ops[condition] != "==" or not p.is_number(p.args[condition][1], 0.0):
        return False
    g = p.args[condition][0]
    g = p.args[g][0] if p.ops[g] == DETACH else g
    while y != g and p.ops[y] in (rules.negative, rules.multiply):
        rest = [arg for arg in p.args[y] if arg not in p.numbers]
        if len(rest) != 1 or not all(np.isfinite(p.numbers[arg]) for arg in p.args[y] if arg in p.numbers):
            return False
        y = rest[0]
    return y == g


def _getitem(p: ArrayProgram, x: int, index: Any) -> int | None:
    """(A @ v[:, None])[..., 0] is A @ v."""
    if index != (Ellipsis, 0) or p.ops[x] is not rows.matmul:
        return None
    a, column = p.args[x]
    if len(p.shapes[a]) != 2 or p.ops[column] is not rows.reshape or p.shapes[column][1:] != (1,):
        return None
    (v,) = p.args[column]
    return p.emit(rows.matmul, a, v) if len(p.shapes[v]) == 1 else None


def _add(p: ArrayProgram, x: int, y: int) -> int | None:
    found = FOLDS[rules.add](p, x, y)
    return p.emit(rules.multiply, p.constant(2.0), x) if found is None and x == y else found


def _greater(p: ArrayProgram, x: int, y: int) -> int | None:
    if p.is_number(y, 0.0) and p._is_mask(x):
        return int(p.options[x]["condition"])
    return None


MOVES: Final[dict[ArrayOp, Callable[..., int | None]]] = {
    rows.reshape: _reshape,
    rows.broadcast_to: _broadcast_to,
    rows.transpose: _transpose,
    rows.astype: _astype,
    rows.sum: _sum,
    rows.choose: _choose,
    rows.getitem: _getitem,
    rules.add: _add,
    ">": _greater,
}
"""Simplifications of what is done to arrays; like those of the other table they hold only if the dtype stays."""
