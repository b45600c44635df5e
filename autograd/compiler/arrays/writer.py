"""The statements of a function of arrays: what gets a name, what stands inside an expression, and how each is written.

`z1 = X @ W1 + b1`, `delta2 = (delta3 @ W3.T) * (1 - a2 * a2)`, `dW2 = a1.T @ delta2`. The module around the function is
put together in `source.py`.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...core.rule import Rule
from ...formula import LEVEL, Symbol, name_symbols, number
from ...tensor import rules as rows
from ...tensor.rules import ArrayRule
from ..names import WORDS, Names
from ..program import CAPTURED, DETACH, LEARNED, LITERAL, is_row, name_of
from ..scalar.program import COUNT
from ..text import ATOM, BaseWriter, Written, closed, indented, listed
from .program import PLAIN, ArrayOp, ArrayProgram, Place, places, replaced
from .record import expanded

AT: Final = 1.5  # x @ y binds as x * y does, but stands in parentheses among factors
LONGEST: Final = 100  # characters of one expression; what is longer gets a name in between
COMPOSED: Final[tuple[ArrayOp, ...]] = (rows.logsumexp, rows.log_softmax, rows.norm)
"""Rows whose value is a computation of several steps: printed as functions of their own."""
REDUCED: Final[tuple[ArrayOp, ...]] = (rows.sum, rows.max, rows.min, rows.prod)
ARRAY_WORDS: Final[dict[Any, str]] = {
    **WORDS,
    rules.add: "total", rows.matmul: "product", rows.getitem: "part", rows.put: "spread", rows.choose: "choice",
    rows.transpose: "turned", rows.log_softmax: "logp", rows.logsumexp: "total", rows.norm: "length",
    rows.sum: "total", rows.max: "top", rows.min: "bottom", rows.reshape: "shaped", rows.astype: "numbers",
    rows.concatenate: "joined", rows.broadcast_to: "wide",
}  # fmt: skip


@dataclass
class Writer(BaseWriter):
    """Writes one function.

    Args:
        composed: the functions that softmaxes and norms become: name and text.
        large: constants too long to be written; they become arguments.
        batch: the length that stands for n, the number of samples; 0 where there is no such.
        columns: write products of matrices so that what belongs to one column lies side by side in memory.
    """

    program: ArrayProgram
    batch: int = 0
    columns: bool = False
    composed: dict[Any, tuple[str, str]] = field(default_factory=dict)
    large: list[int] = field(default_factory=list)
    users: dict[int, list[int]] = field(default_factory=dict)

    def prepare(self, live: Sequence[int]) -> None:
        """Note who uses every instruction."""
        self.users = {i: [] for i in live}
        for i in live:
            for arg in self.program.used(i):
                self.users[arg].append(i)

    def leaf(self, i: int) -> bool:
        """Write a leaf; whether it is one."""
        if i not in self.written and self.program.ops[i] == LITERAL:
            self._constant(i)
        elif self.program.ops[i] == COUNT:
            self.give(i, "n")
        return i in self.written

    def special(self, i: int) -> bool:
        """An array of zeros with something put into it takes two statements."""
        if self.program.ops[i] is rows.put:
            self._put(i)
            return True
        return False

    # ------------------------------------------------------------------------------------------------- names

    def is_inline(self, i: int, text: str) -> bool:
        """Whether the expression stands where it is used, without a name."""
        program, op = self.program, self.program.ops[i]
        if i in self.outputs:
            return i not in self.wishes and i not in program.labels and not self.users[i] and len(text) < LONGEST
        if i in program.labels or len(text) > LONGEST:
            return False
        if op == DETACH or (op is rows.transpose and program.args[i][0] in self.known):
            return True
        if op is rows.reshape and text.endswith("None]") and program.args[i][0] in self.known:
            return True
        of = self._derivative_to(i)
        if of is not None and (self.known.get(of, "")[:1] == "z" or program.ops[of] == LEARNED or self._layer(of)):
            return False
        return len(self.users[i]) == 1 and not self._is_activation(i) and not self._is_sum_of_neuron(i)

    def _derivative_to(self, i: int) -> int | None:
        """Whose derivative it is; None in the forward part, even for an instruction that doubles as a derivative."""
        return self.program.cotangents.get(i) if i >= self.boundary else None

    def _is_sum_of_neuron(self, i: int) -> bool:
        """z in a = f(z), z = X @ W + b: it gets a name, for the derivative to it has one."""
        users = self.users[i]
        return (
            self._matrix(i) is not None
            and all(_is_function(self.program.ops[user]) for user in users)
            and any(user > i for user in users)
        )

    def _is_activation(self, i: int) -> bool:
        return _is_function(self.program.ops[i]) and self.known.get(self.program.args[i][0], "")[:1] == "z"

    def _matrix(self, i: int) -> int | None:
        """The parameter that an affine function multiplies by; None for anything else."""
        program = self.program
        products = (rows.matmul, rules.multiply) if self.batch else (rows.matmul,)
        if program.ops[i] is rules.add:
            i = next((arg for arg in program.args[i] if program.ops[arg] in products), i)
            if program.ops[i] is rules.multiply and len({program.shapes[arg] for arg in program.args[i]}) == 1:
                return None  # no outer product
        elif program.ops[i] is not rows.matmul:
            return None
        for arg in program.args[i]:
            arg = program.args[arg][0] if program.ops[arg] is rows.transpose else arg
            if program.ops[arg] in (LEARNED, CAPTURED):
                return arg
        return None

    def _layer(self, i: int) -> str:
        """The number of the layer whose affine function it is: that of its matrix; "" for anything else."""
        matrix = self._matrix(i)
        digits = None if matrix is None else re.search(r"\d*$", self.known.get(matrix, ""))
        return digits[0] if digits else ""

    def new_name(self, i: int) -> str:
        """Its label; `dW` for the derivative to W, `delta2` for that to z2; else a word for it."""
        program, names, op = self.program, self.names, self.program.ops[i]
        of = self._derivative_to(i)
        known = self.known.get(of, "") if of is not None else ""
        if i in program.labels:
            return names.unique(program.labels[i])
        if not known and of is not None and self._layer(of):
            return names.unique(f"delta{self._layer(of)}")
        if known:
            return names.unique(re.sub(r"^z(?=_?\d|$)", "delta", known) if known[0] == "z" else f"d{known}")
        if self._matrix(i) is not None:
            return names.unique(f"z{self._layer(i)}") if self._layer(i) else names.numbered("z", 1)
        if self._is_activation(i) and op is not rows.log_softmax:
            return names.unique(f"a{self.known[program.args[i][0]][1:]}")
        return names.unique("mean" if self._is_mean(i) else ARRAY_WORDS.get(op) or name_of(op))

    def assign(self, i: int, text: str) -> None:
        """A statement; one that joins many arrays over several lines."""
        program = self.program
        if program.ops[i] is rows.concatenate and len(text) > LONGEST and text.endswith("])"):
            items = [self.written[arg][0] for arg in program.args[i]]
            self.lines += listed(f"{self.name(i)} = {text[: text.index('[') + 1]}", items, "])")  # or hstack
        else:
            super().assign(i, text)

    def _is_mean(self, i: int) -> bool:
        args, ops = self.program.args[i], self.program.ops
        return ops[i] is rules.divide and ops[args[0]] is rows.sum and args[1] in self.program.numbers

    # ------------------------------------------------------------------------------------------- expressions

    def expression(self, i: int) -> Written:
        """The text of an instruction."""
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        options = program.options[i]
        operands = [self.written[arg] for arg in args]
        if op is rows.matmul:
            return self._matmul(args, operands)
        if isinstance(op, Rule):
            return self._rule(i, op, operands)
        if op in PLAIN:
            if not self.dialect.in_place:  # jax sorts stably anyway, and has another word for it
                options = {key: option for key, option in options.items() if key != "kind"}
            return f"{self.np}.{op}({', '.join([operands[0][0], *_given(options)])})", ATOM
        if isinstance(op, str):
            return self.dialect.opcode(op, operands)
        if op in COMPOSED:
            return f"{self._composed(i)}({operands[0][0]})", ATOM
        return self._move(op, operands, options, program.shapes[args[0]]), ATOM

    def _matmul(self, args: tuple[int, ...], operands: Sequence[Written]) -> Written:
        if self.columns and all(len(self.program.shapes[arg]) == 2 for arg in args):
            x, y = map(_turned, operands)
            return f"({y} @ {x}).T", ATOM
        return " @ ".join(closed(operand, LEVEL["/"]) for operand in operands), AT

    @property
    def np(self) -> str:
        """What numpy is called."""
        return self.dialect.module

    def _rule(self, i: int, rule: Rule, operands: list[Written]) -> Written:
        program, args = self.program, self.program.args[i]
        if self._is_mean_over_batch(i):
            return f"{closed(self.written[program.args[args[0]][0]])}.mean()", ATOM
        if self.columns and rule is rules.multiply:
            outer = self._outer(args, operands)
            if outer:
                return outer, ATOM
        simple = _one_call(rule)
        if simple is not None:
            inner, places = simple
            return self.call(inner, [operands[k] if k >= 0 else self.number(x) for k, x in places])
        same = len(args) == 2 and program.shapes[args[0]] == program.shapes[args[1]]
        if rule is rules.multiply and same and self._is_slope_of_sigmoid(args[1]):
            operands[1] = (operands[1][0], LEVEL["neg"])  # (g * a) * (1 - a) as well as g * (a * (1 - a))
        if rule.symbol in ("+", "-"):
            operands = [(text, LEVEL["*"] if level == AT else level) for text, level in operands]
        return self.call(rule, operands)

    def _outer(self, args: tuple[int, ...], operands: Sequence[Written]) -> str:
        """x[:, None] * w so that the numbers of one column lie side by side; "" where it is no such product."""
        program = self.program
        for (column, row), (_, text) in ((args, operands), (args[::-1], operands[::-1])):
            if program.ops[column] is rows.reshape and len(program.shapes[row]) == 1:
                (x,) = program.args[column]
                if program.shapes[column] == (*program.shapes[x], 1) and len(program.shapes[x]) == 1:
                    return f"{self.np}.multiply.outer({text[0]}, {self.written[x][0]}).T"
        return ""

    def _is_mean_over_batch(self, i: int) -> bool:
        """Whether it is the sum of one number for each sample, divided by how many there are."""
        program, args = self.program, self.program.args[i]
        return (
            program.ops[i] is rules.divide and program.ops[args[0]] is rows.sum and program.ops[args[1]] == COUNT
            and args[0] not in self.known and program.shapes[program.args[args[0]][0]] == (self.batch,)
        )  # fmt: skip

    def _is_slope_of_sigmoid(self, i: int) -> bool:
        """a * (1 - a), of one use: it is between 0 and 1/4, so the order of products does not matter."""
        program = self.program
        if program.ops[i] is not rules.multiply or i in self.known:
            return False
        a, rest = program.args[i]
        return (
            program.ops[a] is rules.sigmoid
            and program.ops[rest] is rules.subtract
            and program.args[rest][1] == a
            and program.is_number(program.args[rest][0], 1.0)
        )

    def _move(self, op: ArrayRule, operands: list[Written], options: dict[str, Any], shape: Sequence[int]) -> str:
        """An array row as a method, or as numpy's function of that name; `shape` is that of the first operand."""
        texts = [text for text, _ in operands]
        head = closed(operands[0])
        if op in REDUCED:
            axis = options.get("axis")
            shown = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
            every = axis is not None and len(shown if isinstance(shown, tuple) else (shown,)) == len(shape)
            axes = [] if axis is None or every else [f"axis={shown!r}"]
            return f"{head}.{op.name}({', '.join(axes + ['keepdims=True'] * bool(options.get('keepdims')))})"
        if op is rows.transpose:
            return f"{head}.T" if options.get("axes") is None else f"{head}.transpose({_numbers(options['axes'])})"
        if op is rows.reshape:
            return f"{head}{self._reshaped(tuple(shape), tuple(options['shape']))}"
        if op is rows.astype:
            return f"{head}.astype({self._dtype(options['dtype'])})"
        if op is rows.getitem:
            return f"{head}[{self._index(options['index'])}]"
        if op is rows.choose:
            return f"{self.np}.where({self.written[options['condition']][0]}, {', '.join(texts)})"
        if op is rows.concatenate:
            if options["axis"] == 1 and len(shape) == 2:
                return f"{self.np}.hstack([{', '.join(texts)}])"
            axis = f", axis={options['axis']}" if options["axis"] else ""
            return f"{self.np}.concatenate([{', '.join(texts)}]{axis})"
        if op is rows.broadcast_to:
            return f"{self.np}.broadcast_to({texts[0]}, {self._shape(options['shape'])})"
        if op is rows.einsum:
            optimize = ", optimize=True" if len(texts) > 2 else ""
            return f'{self.np}.einsum("{options["subscripts"]}", {", ".join(texts)}{optimize})'
        return f"{self.np}.{op.name}({', '.join([*texts, *_given(options)])})"

    def _reshaped(self, old: Sequence[int], new: Sequence[int]) -> str:
        """`.reshape(...)`; `[:, None]` for one more axis of length 1 at the end, `.ravel()` for all in one row."""
        if new == (*old, 1) and old:
            return "[:, None]" if len(old) == 1 else "[..., None]"
        if len(new) == 1 and len(old) > 1:
            return ".ravel()"
        return f".reshape({self._lengths(new, guess=True) or '()'})"

    def _index(self, index: Any, inside: bool = False) -> str:
        if isinstance(index, Place):
            return self.written[index][0]
        if isinstance(index, tuple):
            parts = [self._index(part, inside=True) for part in index]
            return f"{', '.join(parts)}{',' if len(parts) == 1 else ''}" if parts else "()"
        if isinstance(index, slice):
            start, stop, step = ("" if part is None else str(part) for part in (index.start, index.stop, index.step))
            begins = start == "0" and not step.startswith("-")
            return f"{'' if begins else start}:{stop}{f':{step}' if step else ''}"
        return "..." if index is Ellipsis else repr(index)

    def _put(self, i: int) -> None:
        """An array of zeros, and what goes where: elements that are met twice are added."""
        program, (g,), options = self.program, self.program.args[i], self.program.options[i]
        index, name, dtype = self._index(options["index"]), self.name(i), program.dtypes[i]
        again = "" if dtype == np.float64 else f", {self._dtype(dtype)}"
        narrow = program.args[g][0] if program.ops[g] is rows.broadcast_to else g  # an assignment spreads it by itself
        value = self.number(program.uniform[g])[0] if g in program.uniform else self.written[narrow][0]
        zeros = f"{self.np}.zeros({self._shape(options['shape'])}{again})"
        once = self._takes_once(options["index"], options["shape"])
        if not self.dialect.in_place:
            self.lines += self.dialect.statement(name, f"{zeros}.at[{index}].{'set' if once else 'add'}({value})")
            return
        self.lines += self.dialect.statement(name, zeros)
        if once:
            self.lines += self.dialect.statement(f"{name}[{index}]", value)
        else:
            parts = options["index"] if isinstance(options["index"], tuple) else ()
            cut = any(isinstance(part, slice) or part is Ellipsis for part in parts)
            where = f"np.s_[{index}]" if cut else f"({index})" if parts else index
            self.lines.append(f"np.add.at({name}, {where}, {value})")

    def _takes_once(self, index: Any, shape: tuple[int, ...]) -> bool:
        """Whether no element is met twice: the elements' numbers are indexed themselves, and looked through.

        An index that is not known yet is taken for 0 everywhere: if the others tell the elements apart, they do.
        """
        if not places(index):
            return True
        taken = replaced(
            index,
            lambda place: (
                np.zeros(self.program.shapes[place], int)
                if place not in self.program.arrays
                else self.program.arrays[place]
            ),
        )
        try:
            numbers = np.arange(math.prod(shape)).reshape(shape)[taken]
        except IndexError:  # an axis of no elements
            return False
        return bool(np.unique(numbers).size == numbers.size)

    # ------------------------------------------------------------------------------- constants and functions

    def _constant(self, i: int) -> None:
        program = self.program
        if i in program.numbers:
            self.written[i] = self.number(program.numbers[i])
            return
        array, users = program.arrays[i], self.users.get(i, [])
        is_traced = not self.dialect.in_place and array.dtype == bool  # jax selects by a mask only if it is numpy's
        text = self._array(array, program.uniform.get(i), "numpy" if is_traced else self.np)
        if not text:
            self.large.append(i)
            self.give(i, self.names.numbered("c"))
        elif len(users) > 1:
            self.give(i, self.names.unique("rows" if ".arange(" in text else "fixed"))
            self.lines += self.dialect.statement(self.known[i], text)
        else:
            self.written[i] = (text, LEVEL["+"] if " + " in text else ATOM)

    def _array(self, array: Any, value: Any, np_: str) -> str:
        """An array as numpy text; "" if that would be too long."""
        kind = "" if array.dtype in (np.float64, np.int64, np.bool_) else f", dtype={self._dtype(array.dtype)}"
        if value is not None and array.size > 1:
            if value in (0, 1) and array.dtype.kind == "f":
                return f"{np_}.{'ones' if value else 'zeros'}({self._shape(array.shape)}{kind})"
            return f"{np_}.full({self._shape(array.shape)}, {self.number(value)[0]}{kind})"
        if (
            array.ndim == 1
            and array.dtype.kind == "i"
            and array.size > 2
            and np.array_equal(array, np.arange(array.size))
        ):
            return f"{np_}.arange({array.size})"
        if array.ndim == 2 and array.size > 4 and np.array_equal(array, np.eye(*array.shape)) and array.dtype == float:
            return f"{np_}.eye({_numbers(array.shape)})"
        ranges = _ranges(array, np_) if array.dtype.kind == "i" and array.size > 4 else ""
        if ranges:
            return ranges
        if array.size > 24:
            return ""
        text = re.sub(r"\b(nan|inf)\b", rf"{np_}.\1", repr(array.tolist()))
        kind = ", dtype=int" if not array.size and array.dtype.kind == "i" else kind
        return f"{np_}.array({text}{kind})" if array.size else f"{np_}.zeros({array.shape}{kind})"

    def _shape(self, shape: Sequence[int]) -> str:
        """A shape as a tuple."""
        return f"({self._lengths(shape)}{',' * (len(shape) == 1)})"

    def _lengths(self, shape: Sequence[int], guess: bool = False) -> str:
        """The lengths of axes: n and its multiples by name. Where numpy finds out what is left, -1 says less."""
        texts = []
        for length in shape:
            if self.batch and length and length % self.batch == 0:
                times = length // self.batch
                texts.append("n" if times == 1 else "-1" if guess else f"{times} * n")
            else:
                texts.append(str(length))
        return ", ".join(texts)

    def number(self, value: Any) -> Written:
        """A number as text: 2 rather than 2.0, 1 / 256 rather than 0.00390625, np.inf."""
        if isinstance(value, int):
            return str(value), LEVEL["neg"] if value < 0 else ATOM
        text, level = self.dialect.number(value)
        with np.errstate(all="ignore"):
            whole = float(np.round(1 / np.float64(value))) if value else 0.0
        if len(text) > 5 and 2 <= abs(whole) < 1e6 and 1 / whole == value:
            return f"{'-' * (whole < 0)}1 / {number(abs(whole))}", LEVEL["/"]
        return text, level

    def _dtype(self, dtype: Any) -> str:
        name = np.dtype(dtype).name
        return {"float64": "float", "bool": "bool", "int64": "int"}.get(name, f"{self.np}.{name}")

    def _composed(self, i: int) -> str:
        """The name of the function that a softmax or a norm becomes; it is printed from the row's own value."""
        program, op = self.program, self.program.ops[i]
        assert isinstance(op, ArrayRule)
        (x,) = program.args[i]
        key = (op, program.shapes[x], program.dtypes[x], repr(program.options[i]))
        if key not in self.composed:
            name = self.names.unique(op.name)
            inner, out = expanded(op, program.shapes[x], program.dtypes[x], program.options[i])
            writer = Writer(inner, [out], Names(["x", name]), self.dialect, self.helpers)
            writer.give(0, "x")
            writer.body(inner.live([out]), len(inner))
            axis = program.options[i].get("axis")
            over = "of all of it" if axis is None else f"along axis {axis}"
            doc = f"{op.name} of an array of shape {program.shapes[x]}, {over}."
            lines = [f'"""{doc}"""', *writer.lines, f"return {writer.written[out][0]}"]
            self.composed[key] = (name, "\n".join([f"def {name}(x):", *indented(lines)]))
        return self.composed[key][0]


@functools.lru_cache(maxsize=256)
def _one_call(rule: Rule) -> tuple[Rule, tuple[tuple[int, float], ...]] | None:
    """A row that is nothing but a call of another one, as relu is maximum(x, 0): which, and with what.

    Each operand is the place of an operand of the row, and 0.0; or -1, and a number.
    """
    if rule.intrinsic or rule.symbol or not is_row(rule):
        return None
    try:
        formula = rule.value(*name_symbols(rule))
    except Exception:  # a row of the user's may be written with Python's or numpy's functions
        return None
    if not (isinstance(formula, Symbol) and isinstance(formula.op, Rule) and formula.op.intrinsic):
        return None
    places: list[tuple[int, float]] = []
    for arg in formula.args:
        if not isinstance(arg, Symbol):
            places.append((-1, float(arg)))
        elif arg.args:
            return None
        else:
            places.append((rule.operands.index(str(arg.op)), 0.0))
    return formula.op, tuple(places)


def _ranges(array: Any, np_: str) -> str:
    """Whole numbers that go up evenly along each axis: `np.arange(3)[:, None] + np.arange(3)`; "" for others."""
    first = array[(0,) * array.ndim]
    rest, terms = array - first, []
    for axis, size in enumerate(array.shape):
        step = int(rest[tuple(int(k == axis and size > 1) for k in range(array.ndim))])
        along = np.arange(size).reshape([-1 if k == axis else 1 for k in range(array.ndim)])
        if size == 1:
            continue
        if step <= 0:
            return ""
        rest = rest - step * along
        later = ", ".join([":", *["None"] * (array.ndim - axis - 1)])
        stop = "" if step == 1 else f"0, {step * size}, {step}"
        terms.append(f"{np_}.arange({stop or size}){f'[{later}]' if later != ':' else ''}")
    if rest.any() or not terms:
        return ""
    return " + ".join([str(first)] * bool(first) + terms)


def _turned(operand: Written) -> str:
    """A matrix the other way round."""
    text = closed(operand)
    return text[:-2] if text.endswith(".T") else f"{text}.T"


def _is_function(op: ArrayOp) -> bool:
    return (isinstance(op, Rule) and not op.symbol) or op in COMPOSED


def _numbers(several: Sequence[int]) -> str:
    return ", ".join(map(str, several))


def _given(options: dict[str, Any]) -> list[str]:
    return [f"{key}={option!r}" for key, option in options.items() if option is not None and option is not False]
