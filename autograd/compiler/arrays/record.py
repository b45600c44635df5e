"""`TracedArray`: a Tensor without numbers. What is done to it becomes instructions of a program.

A user's function is called with such arrays, which gives the program of its value; the rules are fed with them, which
gives the program of a derivative. While the function runs, every Tensor hands what is done to it to the recorder as
well, so nothing is computed and nothing can be frozen: see `switches.tracing`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ...carrier import Note, checked_label, describe
from ...core.node import CHOSEN, CONSTANT, INPUT, PARAMETER, walk
from ...core.rule import Rule
from ...errors import OperandError, TraceError
from ...mode import for_a_new_node
from ...switches import source_line
from ...system.arrays import check_array
from ...tensor import rules as rows
from ...tensor.numpy_protocol import PLAIN_FUNCTIONS, PLAIN_UFUNCS, call_function, call_ufunc, name_of
from ...tensor.rules import ArrayRule
from ...tensor.shapes import plain_index
from ...tensor.tensor import Tensor
from ..program import CAPTURED, DETACH, LEARNED, LITERAL
from ..record import BaseRecorder
from .program import PLAIN, ArrayOp, ArrayProgram, Place, replaced

COMPARED = {"greater": ">", "greater_equal": ">=", "less": "<", "less_equal": "<=", "equal": "=="}
COMBINED = {"logical_and": "and", "logical_or": "or", "logical_not": "not"}
ABOUT_SHAPES = frozenset(
    ("can_cast", "common_type", "empty_like", "iscomplexobj", "isrealobj", "min_scalar_type", "ndim", "ones_like",
     "result_type", "shape", "size", "zeros_like")
)  # fmt: skip
"""numpy's functions that ask for nothing but shape and dtype."""


class ArrayRecorder(BaseRecorder[ArrayProgram]):
    """Turns what is done to TracedArrays and Tensors into instructions of `program`.

    Args:
        parameters: leaves that are parameters of the program; other Tensors are captured when they are met.
        deriving: a derivative is recorded; the library's own rules may ask about numbers that are not known yet.
    """

    thing, recorded = "an array", "an array that is only recorded"

    def __init__(self, program: ArrayProgram, parameters: Sequence[Tensor] = (), deriving: bool = False) -> None:
        super().__init__(program)
        self.deriving = deriving
        self.captured: list[Tensor] = []
        self._nodes: dict[int, TracedArray] = {}
        self._tensors = {
            id(p): program.leaf(LEARNED, place, p._data.shape, p._data.dtype, p.note.label)
            for place, p in enumerate(parameters)
        }
        self._kept: list[Any] = []  # as long as a Tensor is known by its id, it must stay

    @property
    def arrays(self) -> ArrayRecorder:
        """Itself: what a Tensor asks the tracer of its thread for."""
        return self

    def node(self, index: int) -> TracedArray:
        """The one TracedArray that stands for an instruction."""
        found = self._nodes.get(index)
        if found is None:
            found = self._nodes[index] = TracedArray(self, index)
        return found

    def forget(self) -> None:
        """Let go of the nodes: they know the recorder, and it knows them."""
        self._nodes.clear()

    # --------------------------------------------------------------------------------------------- operands

    def lift(self, operand: Any) -> int:
        """The instruction for any operand."""
        if isinstance(operand, TracedArray):
            return self.own(operand)
        if isinstance(operand, Tensor):
            return self._lift_tensor(operand)
        if isinstance(operand, (int, float)) and not isinstance(operand, (bool, np.generic)):
            return self.program.constant(operand)
        if hasattr(operand, "_apply"):
            raise OperandError(
                f"a compiled function of arrays computes with Tensors, got {describe(operand)} at {source_line()}; "
                "compile a function of one sample for Values"
            )
        check_array(operand)
        array = np.asarray(operand)
        if array.dtype.kind not in "biuf":
            raise OperandError(f"an operand is made from real numbers, got {describe(operand)} at {source_line()}")
        if isinstance(operand, (bool, np.generic)) and array.dtype.kind != "b":
            return self.program.constant(array.item())
        return self.program.array(array)

    def _lift_tensor(self, root: Tensor) -> int:
        known = self._tensors
        if id(root) not in known:
            for node, operands in walk(root):
                if id(node) not in known:
                    known[id(node)] = self._instruction(node, [known[id(o)] for o in operands])
                    self._kept.append((node, operands))
        return known[id(root)]

    def _instruction(self, node: Tensor, operands: list[int]) -> int:
        """A Tensor that was recorded outside of the function, or is a leaf."""
        if node.rule is CONSTANT:
            return self.lift(node._data)
        if not operands:
            self.captured.append(node)
            shape, dtype = node._data.shape, node._data.dtype
            return self.program.leaf(CAPTURED, len(self.captured) - 1, shape, dtype, node.note.label)
        index = operands[0] if node.rule is CHOSEN else self.emit(node.rule, operands, node.options)
        if node.note.label:
            self.program.labels.setdefault(index, node.note.label)
        return index

    def _option(self, option: Any) -> Any:
        """An option as the program keeps it: arrays are instructions."""
        if isinstance(option, (Tensor, np.ndarray)):
            return Place(self.lift(option))
        if isinstance(option, (tuple, list)):
            return tuple(map(self._option, option))
        return int(option) if isinstance(option, np.integer) else option

    # ---------------------------------------------------------------------------------------------- recording

    def emit(self, op: ArrayOp, operands: Sequence[int], options: dict[str, Any] | None = None) -> int:
        """The instruction for a primitive."""
        if op is rows.getitem and _has_truth(options["index"]):  # type: ignore[index]
            return self._by_number(operands[0], options["index"])  # type: ignore[index]
        given = {key: self._option(option) for key, option in (options or {}).items()}
        if op is rows.getitem or op is rows.put:
            self._check_index(given["index"])
        before = len(self.program)
        index = self.program.emit(op, *operands, **given)
        note, paused, _ = for_a_new_node()
        if note.scope and len(self.program) > before:  # a new one belongs to the module that runs
            self.program.scopes[index] = note.scope
        return self.program.emit(DETACH, index) if paused else index

    def _by_number(self, x: int, index: Any) -> int:
        """Elements by an index with a single True or False in it, which jax does not know: by their numbers."""
        shape = self.program.shapes[x]
        if isinstance(index, tuple) and any(isinstance(part, Tensor) for part in index):
            raise TraceError(f"{source_line()} indexes by True or False beside an index that is only recorded")
        numbers = np.arange(int(np.prod(shape))).reshape(shape)[index]
        return self.emit(rows.getitem, [self.emit(rows.reshape, [x], {"shape": (-1,)})], {"index": numbers})

    def record(self, op: ArrayOp, operands: Sequence[Any], options: dict[str, Any] | None = None) -> TracedArray:
        """The TracedArray that a primitive of either table makes of any operands."""
        if isinstance(op, ArrayRule) and (op.whole is not None or rows.ARRAY_TABLE.get(op.name) is not op):
            raise TraceError(
                f"{op.name}() at {source_line()} is not compiled: leave it out of the compiled function, which keeps "
                "no more than it needs anyway"
            )
        return self.node(self.emit(op, [self.lift(operand) for operand in operands], options))

    def choose(self, condition: Any, x: Any, y: Any) -> TracedArray:
        """x where the condition holds, else y."""
        if isinstance(condition, (bool, np.bool_)):
            return self.node(self.lift(x if condition else y))
        chosen = self.lift(condition)
        if not self.program.is_condition(chosen):
            raise OperandError(f"where() expects a condition such as x > 0: an array of bools; see {source_line()}")
        return self.node(self.emit(rows.choose, [self.lift(x), self.lift(y)], {"condition": self.node(chosen)}))

    def compare(self, sign: str, x: Any, y: Any) -> TracedArray:
        """An array of truth values, not known yet."""
        return self.record(sign, [self.plain(x), self.plain(y)])

    def plain(self, x: Any) -> Any:
        """The numbers without their derivative."""
        return self.node(self.program.emit(DETACH, self.lift(x)))

    def _check_index(self, index: Any) -> None:
        for part in index if isinstance(index, tuple) else (index,):
            if isinstance(part, Place) and self.program.is_condition(part) and part not in self.program.arrays:
                raise TraceError(
                    f"{source_line()} indexes by a condition that is only recorded: how many elements it selects is "
                    "not known; use where(condition, x, 0.0), which keeps the shape"
                )

    # --------------------------------------------------------------------------------------- numpy's functions

    def ufunc(self, ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """`__array_ufunc__` of a TracedArray, or of a Tensor while a function is traced."""
        name = ufunc.__name__
        if method == "__call__" and not options and name in PLAIN_UFUNCS:
            given = [self.plain(x) for x in inputs]
            if name == "not_equal":
                return self.record("not", [self.record("==", given)])
            opcode = COMPARED.get(name) or COMBINED.get(name) or (name if name in PLAIN else "")
            if opcode:
                return self.record(opcode, given)
            raise TraceError(f"np.{name} at {source_line()} is not compiled; write it with &, | and ~")
        if self.deriving and method == "reduce":  # the rows of the table start a maximum with -inf
            if not inputs[0].size:
                return self.node(self.lift(ufunc.reduce(np.zeros(inputs[0].shape), **options)))
            options = {key: option for key, option in options.items() if key != "initial"}
        return call_ufunc(ufunc, method, tuple(map(self._seen, inputs)), options)

    def function(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """`__array_function__`, likewise."""
        name = name_of(function)
        args = tuple(map(self._seen, args))
        if self.deriving:
            if name in ("any", "all"):
                return name == "any"  # unknown while tracing, so choose the answer that is always safe
            if name == "max" and not args[0].size:
                return self.node(self.lift(np.max(np.zeros(args[0].shape), **options)))
            options = {key: option for key, option in options.items() if key != "initial"}
        if name == "where" and len(args) == 3:
            return self.choose(*args)
        if name in PLAIN:
            return self.record(name, [self.plain(args[0])], dict(zip(("axis",), args[1:])) | options)  # noqa: B905
        if name in ABOUT_SHAPES:
            return function(*[self.program.sample(x.index) if _traced(x) else x for x in args], **options)
        if name in PLAIN_FUNCTIONS:
            self.refuse(None, f"np.{name}()")
        return call_function(function, args, options)

    def _seen(self, x: Any) -> Any:
        """A Tensor as a TracedArray; lists of them too."""
        if isinstance(x, (list, tuple)):
            return type(x)(map(self._seen, x))
        return self.node(self.lift(x)) if isinstance(x, Tensor) and not _traced(x) else x


def _has_truth(index: Any) -> bool:
    """Whether a single True or False is among the indices."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(part, np.ndarray) and part.dtype == bool and not part.ndim for part in parts)


def _traced(x: Any) -> bool:
    return isinstance(x, TracedArray)


def _recorder(*operands: Any) -> ArrayRecorder:
    recorder: ArrayRecorder = next(operand.recorder for operand in operands if _traced(operand))
    return recorder


def _refused(what: str) -> Callable[..., Any]:
    def refuse(self: TracedArray, *_: Any, **__: Any) -> NoReturn:
        self.recorder.refuse(self, what)

    return refuse


def _asked(what: Callable[[TracedArray], Any]) -> Any:
    return property(what)


class TracedArray(Tensor):
    """An array of the program, while it is being recorded. It behaves as a Tensor that has no numbers yet."""

    __slots__ = ("index", "recorder")

    def __init__(self, recorder: ArrayRecorder, index: int) -> None:
        self.recorder, self.index = recorder, index
        self._parents, self._prints, self._print = (), None, None

    # what the drivers of the derivative ask a node for

    rule = _asked(lambda self: self._rule())
    options = _asked(lambda self: self._options())
    operands = _asked(lambda self: self._operands())
    kind = _asked(lambda self: "constant" if self.rule is CONSTANT else "input" if self.rule is INPUT else "result")
    shape = _asked(lambda self: self.recorder.program.shapes[self.index])
    dtype = _asked(lambda self: self.recorder.program.dtypes[self.index])
    ndim = _asked(lambda self: len(self.shape))
    size = _asked(lambda self: int(np.prod(self.shape)))
    note = _asked(lambda self: Note(self.label, self.recorder.program.scopes.get(self.index, ())))
    _saved = operands
    _data = _asked(lambda self: self.recorder.plain(self))

    def _rule(self) -> Any:
        op = self.recorder.program.ops[self.index]
        return {LITERAL: CONSTANT, LEARNED: PARAMETER}.get(op, INPUT) if isinstance(op, str) else op

    def _operands(self) -> tuple[TracedArray, ...]:
        program = self.recorder.program
        if isinstance(program.ops[self.index], str):  # opcodes have no derivative
            return ()
        return tuple(map(self.recorder.node, program.args[self.index]))

    def _options(self) -> dict[str, Any]:
        options = self.recorder.program.options[self.index]
        return {key: replaced(option, self.recorder.node) for key, option in options.items()}

    def _check_unchanged(self, differentiable: bool) -> None:
        """There are no numbers that could change."""

    def _pull(self, g: Any, operands: Any, wanted: Any, differentiable: bool) -> Sequence[Any]:
        """As every Tensor does; the program notes whose derivative the cotangent is."""
        program, cotangent = self.recorder.program, self.recorder.lift(g.number)
        if program.args[cotangent]:
            program.cotangents.setdefault(cotangent, self.index)
        return super()._pull(g, operands, wanted, differentiable)

    @property
    def label(self) -> str:
        """The name it is compiled under. Assignable."""
        return self.recorder.program.labels.get(self.index, "")

    @label.setter
    def label(self, text: str) -> None:
        self.recorder.program.labels[self.index] = checked_label(text)

    # what is done to it

    @staticmethod
    def _apply(rule: Rule, operands: tuple[Any, ...]) -> Any:
        return _recorder(*operands).record(rule, operands)

    @staticmethod
    def _apply_array(rule: ArrayRule, operands: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return _recorder(*operands, *options.values()).record(rule, operands, options)

    @staticmethod
    def _where(condition: Any, x: Any, y: Any) -> Any:
        return _recorder(condition, x, y).choose(condition, x, y)

    @staticmethod
    def _equal(x: Any, y: Any) -> Any:
        return _recorder(x, y).compare("==", x, y)

    def __lt__(self, other: Any) -> Any:
        return self.recorder.compare("<", self, other)

    def __le__(self, other: Any) -> Any:
        return self.recorder.compare("<=", self, other)

    def __gt__(self, other: Any) -> Any:
        return self.recorder.compare(">", self, other)

    def __ge__(self, other: Any) -> Any:
        return self.recorder.compare(">=", self, other)

    def __eq__(self, other: Any) -> Any:
        return self.recorder.compare("==", self, other)

    def __ne__(self, other: Any) -> Any:
        return ~(self == other)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> Any:
        return self._combined("and", self, other)

    def __or__(self, other: Any) -> Any:
        return self._combined("or", self, other)

    def __invert__(self) -> Any:
        return self._combined("not", self)

    __rand__, __ror__ = __and__, __or__

    def _combined(self, opcode: str, *conditions: Any) -> Any:
        lifted = [self.recorder.lift(np.asarray(c) if isinstance(c, bool) else c) for c in conditions]
        if not all(map(self.recorder.program.is_condition, lifted)):
            raise OperandError(f"&, | and ~ combine conditions such as x > 0; see {source_line()}")
        return self.recorder.record(opcode, [self.recorder.node(index) for index in lifted])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return self.recorder.ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return self.recorder.function(function, args, options)

    def astype(self, dtype: Any, copy: bool = True) -> Any:
        """In another dtype; truth values and whole numbers become floats so."""
        return rows.astype(self, dtype=np.dtype(dtype))

    def copy(self) -> TracedArray:
        """Itself: nothing is ever changed in place."""
        return self

    def detach(self) -> Tensor:
        """The same numbers, cut off from their derivative."""
        detached: Tensor = self.recorder.plain(self)
        return detached

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Where the largest is."""
        return self.recorder.record("argmax", [self.detach()], {"axis": axis, "keepdims": keepdims})

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Any:
        """Where the smallest is."""
        return self.recorder.record("argmin", [self.detach()], {"axis": axis, "keepdims": keepdims})

    def __getitem__(self, index: Any) -> Any:
        return rows.getitem(self, index=plain_index(index))

    def __len__(self) -> int:
        if not self.shape:
            raise OperandError("an array of shape () has no length")
        return int(self.shape[0])

    def __repr__(self) -> str:
        return f"<recorded array {self.recorder.program.line(self.index)}>"

    # An array that is not there yet cannot be read.
    __bool__ = _refused("bool()")
    __float__ = __int__ = __index__ = __round__ = __trunc__ = _refused("float()")
    __array__ = _refused("np.asarray()")
    __format__ = _refused("format()")
    item = _refused(".item()")
    tolist = _refused(".tolist()")
    any = _refused(".any()")
    all = _refused(".all()")
    numpy = _refused(".numpy()")
    backward = _refused(".backward()")
    data = _asked(_refused(".data"))
    grad = _asked(_refused(".grad"))


def expanded(rule: ArrayRule, shape: tuple[int, ...], dtype: Any, options: dict[str, Any]) -> tuple[ArrayProgram, int]:
    """The program of an array row whose value is itself a computation: a softmax, a norm. Its argument is leaf 0."""
    program = ArrayProgram()
    recorder = ArrayRecorder(program, deriving=True)
    x = recorder.node(program.leaf("argument", 0, shape, dtype, "x"))
    out = recorder.lift(rule.value(x, **options))
    recorder.forget()
    return program, out
