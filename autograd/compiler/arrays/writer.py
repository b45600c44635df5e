"""The statements of one printed function: what gets a name, what stands inside an expression, and how each is written.

Intermediate results that are used once stand inside the expression that uses them; the others are named from labels.
The module around the function is put together in `source.py`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...core.rule import Rule
from ...formula import LEVEL, infix, number
from ...tensor import rules as rows
from ...tensor.rules import ArrayRule
from ..names import Names
from ..program import CAPTURED, COMPARISONS, DETACH, LEAVES, LOGIC, PARAMETER
from ..source import ATOM, LOOSE, WIDTH, WITHOUT_NUMPY
from ..source import constant as plain_constant
from .program import ARGUMENT, PLAIN, ArrayOp, ArrayProgram, Place
from .traced import expanded

Written = tuple[str, float]
"""A text, and the level at which it binds."""

AT: Final = 1.5  # x @ y binds as x * y does, but stands in parentheses among factors
LONGEST: Final = 100  # characters of one expression; what is longer gets a name in between
COMPOSED: Final[tuple[ArrayOp, ...]] = (rows.logsumexp, rows.log_softmax, rows.norm)
"""Rows whose value is a computation of several steps: printed as functions of their own."""
REDUCED: Final[tuple[ArrayOp, ...]] = (rows.sum, rows.max, rows.min, rows.prod)
WORDS: Final[dict[Any, str]] = {
    rows.matmul: "product", rules.add: "total", rules.subtract: "difference", rules.multiply: "product",
    rules.divide: "quotient", rules.negative: "minus", rows.getitem: "part", rows.put: "spread",
    rows.choose: "choice", rows.transpose: "turned", rows.log_softmax: "logp", rows.logsumexp: "total",
    rows.norm: "length", rows.sum: "total", rows.max: "top", rows.min: "bottom", rows.reshape: "shaped",
    rows.astype: "numbers", rows.concatenate: "joined", rows.broadcast_to: "wide",
    **dict.fromkeys((*COMPARISONS, *LOGIC), "condition"),
}  # fmt: skip


@dataclass
class Writer:
    """Writes one function.

    Args:
        jax: write for jax, whose arrays are never changed in place.
        wishes: names that instructions should get.
        large: constants too long to be written; they become arguments.
    """

    program: ArrayProgram
    outputs: Sequence[int]
    names: Names
    jax: bool = False
    helpers: dict[Rule, str] = field(default_factory=dict)
    composed: dict[Any, tuple[str, str]] = field(default_factory=dict)
    written: dict[int, Written] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    wishes: dict[int, str] = field(default_factory=dict)
    large: list[int] = field(default_factory=list)
    users: dict[int, list[int]] = field(default_factory=dict)
    boundary: int = 0

    def body(self, live: Sequence[int], boundary: int) -> None:
        """The statements for the live instructions; those from `boundary` on are the backward part."""
        program = self.program
        self.boundary = boundary
        self.users = {i: [] for i in live}
        for i in live:
            for arg in program.used(i):
                self.users[arg].append(i)
        section = "forward"
        for i in live:
            if program.ops[i] in (*LEAVES, ARGUMENT):
                if i not in self.written:
                    self._constant(i)
                continue
            if i >= boundary and section == "forward" and self.lines:
                self.lines += ["", "# backward"]
                section = "backward"
            if program.ops[i] is rows.put:
                self._put(i)
                continue
            text, level = self._expression(i)
            if self._inline(i, text):
                self.written[i] = (text, level)
            else:
                self.written[i] = (self._name(i), ATOM)
                self.lines += statement(self.known[i], text)

    # ------------------------------------------------------------------------------------------------- names

    def _inline(self, i: int, text: str) -> bool:
        """Whether the expression stands where it is used, without a name."""
        program, op = self.program, self.program.ops[i]
        if i in self.outputs:
            return i not in self.wishes and i not in program.labels and not self.users[i] and len(text) < LONGEST
        if i in program.labels or len(text) > LONGEST:
            return False
        if op == DETACH or (op is rows.transpose and program.args[i][0] in self.known):
            return True
        of = self._derivative_to(i)
        if of is not None and (self.known.get(of, "")[:1] == "z" or program.ops[of] == PARAMETER):
            return False
        return len(self.users[i]) == 1 and not self._is_activation(i) and not self._is_sum_of_neuron(i)

    def _derivative_to(self, i: int) -> int | None:
        """Whose derivative it is; None for what the user's own function computes, be it also that."""
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
        if program.ops[i] is rules.add:
            i = next((arg for arg in program.args[i] if program.ops[arg] is rows.matmul), i)
        if program.ops[i] is not rows.matmul:
            return None
        for arg in program.args[i]:
            arg = program.args[arg][0] if program.ops[arg] is rows.transpose else arg
            if program.ops[arg] in (PARAMETER, CAPTURED):
                return arg
        return None

    def _name(self, i: int) -> str:
        """A new name: its label; `dW` for the derivative to W, `delta2` for that to z2; else a word for it."""
        program, names, op = self.program, self.names, self.program.ops[i]
        of = self._derivative_to(i)
        known = self.known.get(of, "") if of is not None else ""
        wish = self.wishes.get(i) or program.labels.get(i)
        matrix, first = self._matrix(i), self.known.get(program.args[i][0], "") if program.args[i] else ""
        if wish:
            name = names.unique(wish)
        elif known:
            name = names.unique(re.sub(r"^z(?=_?\d|$)", "delta", known) if known[0] == "z" else f"d{known}")
        elif matrix is not None:
            number = re.search(r"\d*$", self.known.get(matrix, ""))
            name = names.unique(f"z{number[0]}") if number and number[0] else names.numbered("z", 1)
        elif self._is_activation(i) and op is not rows.log_softmax:
            name = names.unique(f"a{first[1:]}")
        else:
            word = WORDS.get(op) or (op if isinstance(op, str) else op.name)
            name = names.unique("mean" if self._is_mean(i) else word)
        self.known[i] = name
        return name

    def _is_mean(self, i: int) -> bool:
        args, ops = self.program.args[i], self.program.ops
        return ops[i] is rules.divide and ops[args[0]] is rows.sum and args[1] in self.program.numbers

    # ------------------------------------------------------------------------------------------- expressions

    def _expression(self, i: int) -> Written:
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        options = program.options[i]
        operands = [self.written[arg] for arg in args]
        if op is rows.matmul:
            texts = [text if level >= LEVEL["neg"] else f"({text})" for text, level in operands]
            return " @ ".join(texts), AT
        if isinstance(op, Rule):
            return self._rule(i, op, operands)
        if isinstance(op, str):
            return self._word(op, operands, options)
        if op in COMPOSED:
            return f"{self._composed(i)}({operands[0][0]})", ATOM
        return self._move(op, operands, options), ATOM

    def _rule(self, i: int, rule: Rule, operands: list[Written]) -> Written:
        program, args = self.program, self.program.args[i]
        same = len(args) == 2 and program.shapes[args[0]] == program.shapes[args[1]]
        if rule is rules.multiply and same and self._is_slope_of_sigmoid(args[1]):
            operands[1] = (operands[1][0], LEVEL["neg"])  # (g * a) * (1 - a) as well as g * (a * (1 - a))
        if rule.symbol in ("+", "-"):
            operands = [(text, LEVEL["*"] if level == AT else level) for text, level in operands]
        if rule.symbol:
            return infix(rule.symbol, operands)  # type: ignore[arg-type]
        return f"{self._function(rule)}({', '.join(text for text, _ in operands)})", ATOM

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

    def _word(self, op: str, operands: list[Written], options: dict[str, Any]) -> Written:
        if op == DETACH:
            return operands[0]
        if op in COMPARISONS:
            return f"{_tight(operands[0])} {op} {_tight(operands[1])}", LOOSE
        if op in PLAIN:
            return f"np.{op}({', '.join([operands[0][0], *_given(options)])})", ATOM
        if op == "not":
            return f"~{_closed(operands[0])}", LEVEL["neg"]
        return f"{_closed(operands[0])} {'&' if op == 'and' else '|'} {_closed(operands[1])}", LOOSE

    def _move(self, op: ArrayRule, operands: list[Written], options: dict[str, Any]) -> str:
        """An array row as a method, or as numpy's function of that name."""
        texts = [text for text, _ in operands]
        head = _closed(operands[0])
        if op in REDUCED:
            axis = options.get("axis")
            shown = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
            axes = [] if axis is None else [f"axis={shown!r}"]
            return f"{head}.{op.name}({', '.join(axes + ['keepdims=True'] * bool(options.get('keepdims')))})"
        if op is rows.transpose:
            return f"{head}.T" if options.get("axes") is None else f"{head}.transpose({_numbers(options['axes'])})"
        if op is rows.reshape:
            return f"{head}.reshape({_numbers(options['shape']) or '()'})"
        if op is rows.astype:
            return f"{head}.astype({_dtype(options['dtype'])})"
        if op is rows.getitem:
            return f"{head}[{self._index(options['index'])}]"
        if op is rows.choose:
            return f"np.where({self.written[options['condition']][0]}, {', '.join(texts)})"
        if op is rows.concatenate:
            return f"np.concatenate([{', '.join(texts)}], axis={options['axis']})"
        if op is rows.broadcast_to:
            return f"np.broadcast_to({texts[0]}, {options['shape']})"
        if op is rows.einsum:
            optimize = ", optimize=True" if len(texts) > 2 else ""
            return f'np.einsum("{options["subscripts"]}", {", ".join(texts)}{optimize})'
        return f"np.{op.name}({', '.join([*texts, *_given(options)])})"

    def _index(self, index: Any, inside: bool = False) -> str:
        if isinstance(index, Place):
            return self.written[index][0]
        if isinstance(index, tuple):
            parts = [self._index(part, inside=True) for part in index]
            return f"{', '.join(parts)}{',' if len(parts) == 1 else ''}" if parts else "()"
        if isinstance(index, slice):
            start, stop, step = ("" if part is None else str(part) for part in (index.start, index.stop, index.step))
            return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"
        return "..." if index is Ellipsis else repr(index)

    def _put(self, i: int) -> None:
        """An array of zeros, and what goes where: elements that are met twice are added."""
        program, (g,), options = self.program, self.program.args[i], self.program.options[i]
        index, name, dtype = self._index(options["index"]), self._name(i), program.dtypes[i]
        again = "" if dtype == np.float64 else f", {_dtype(dtype)}"
        narrow = program.args[g][0] if program.ops[g] is rows.broadcast_to else g  # an assignment spreads it by itself
        value = constant(program.uniform[g])[0] if g in program.uniform else self.written[narrow][0]
        zeros = f"np.zeros({options['shape']}{again})"
        once = self._takes_once(options["index"])
        self.written[i] = (name, ATOM)
        if self.jax:
            self.lines += statement(name, f"{zeros}.at[{index}].{'set' if once else 'add'}({value})")
            return
        self.lines += statement(name, zeros)
        if once:
            self.lines += statement(f"{name}[{index}]", value)
        else:
            parts = options["index"] if isinstance(options["index"], tuple) else ()
            cut = any(isinstance(part, slice) or part is Ellipsis for part in parts)
            where = f"np.s_[{index}]" if cut else f"({index})" if parts else index
            self.lines.append(f"np.add.at({name}, {where}, {value})")

    def _takes_once(self, index: Any) -> bool:
        """Whether no element is met twice: slices and numbers alone, or beside an array of numbers all different."""
        parts = index if isinstance(index, tuple) else (index,)
        arrays = [part for part in parts if isinstance(part, Place)]
        shapes = {self.program.shapes[part] for part in arrays}
        known = [self.program.arrays.get(part) for part in arrays]
        return not arrays or (
            len(shapes) == 1 and any(a is not None and (a.dtype == bool or len(np.unique(a)) == a.size) for a in known)
        )

    # ------------------------------------------------------------------------------- constants and functions

    def _constant(self, i: int) -> None:
        program = self.program
        if i in program.numbers:
            self.written[i] = constant(program.numbers[i])
            return
        array, users = program.arrays[i], self.users.get(i, [])
        text = self._array(array, program.uniform.get(i))
        if self.jax and array.dtype == bool:  # jax selects by a mask only if it is no array of its own
            text = text.replace("np.", "numpy.", 1)
        if not text:
            self.large.append(i)
            self.known[i] = self.names.numbered("c")
            self.written[i] = (self.known[i], ATOM)
        elif len(users) > 1 and text.startswith("np."):
            self.known[i] = self.names.unique("rows" if text.startswith("np.arange") else "fixed")
            self.written[i] = (self.known[i], ATOM)
            self.lines += statement(self.known[i], text)
        else:
            self.written[i] = (text, ATOM)

    @staticmethod
    def _array(array: Any, value: Any) -> str:
        """An array as numpy text; "" if that would be too long."""
        kind = "" if array.dtype in (np.float64, np.int64, np.bool_) else f", dtype={_dtype(array.dtype)}"
        if value is not None and array.size > 1:
            if value in (0, 1) and array.dtype.kind == "f":
                return f"np.{'ones' if value else 'zeros'}({array.shape}{kind})"
            return f"np.full({array.shape}, {constant(value)[0]}{kind})"
        if (
            array.ndim == 1
            and array.dtype.kind == "i"
            and array.size > 2
            and np.array_equal(array, np.arange(array.size))
        ):
            return f"np.arange({array.size})"
        if array.ndim == 2 and array.size > 4 and np.array_equal(array, np.eye(*array.shape)) and array.dtype == float:
            return f"np.eye({_numbers(array.shape)})"
        if array.size > 24:
            return ""
        text = re.sub(r"\b(nan|inf)\b", r"np.\1", repr(array.tolist()))
        kind = ", dtype=int" if not array.size and array.dtype.kind == "i" else kind
        return f"np.array({text}{kind})" if array.size else f"np.zeros({array.shape}{kind})"

    def _function(self, rule: Rule) -> str:
        own = rules.TABLE.get(rule.name) is not rule
        if not own and rule.name not in WITHOUT_NUMPY and is_ufunc(rule.name):
            return f"np.{rule.name}"
        if rule not in self.helpers:
            self.helpers[rule] = self.names.unique(rule.name) if own else rule.name
        return self.helpers[rule]

    def _composed(self, i: int) -> str:
        """The name of the function that a softmax or a norm becomes; it is printed from the row's own value."""
        program, op = self.program, self.program.ops[i]
        assert isinstance(op, ArrayRule)
        (x,) = program.args[i]
        key = (op, program.shapes[x], program.dtypes[x], repr(program.options[i]))
        if key not in self.composed:
            name = self.names.unique(op.name)
            inner, out = expanded(op, program.shapes[x], program.dtypes[x], program.options[i])
            writer = Writer(inner, [out], Names(["x", name]), self.jax, self.helpers)
            writer.known[0], writer.written[0] = "x", ("x", ATOM)
            writer.body(inner.live([out]), len(inner))
            axis = program.options[i].get("axis")
            over = "of all of it" if axis is None else f"along axis {axis}"
            doc = f"{op.name} of an array of shape {program.shapes[x]}, {over}."
            lines = [f"def {name}(x):", f'    """{doc}"""', *(f"    {line}" for line in writer.lines)]
            self.composed[key] = (name, "\n".join([*lines, f"    return {writer.written[out][0]}"]))
        return self.composed[key][0]


def is_ufunc(name: str) -> bool:
    return isinstance(getattr(np, name, None), np.ufunc)


def _is_function(op: ArrayOp) -> bool:
    return (isinstance(op, Rule) and not op.symbol) or op in COMPOSED


def _tight(operand: Written) -> str:
    return operand[0] if operand[1] > LOOSE else f"({operand[0]})"


def _closed(operand: Written) -> str:
    return operand[0] if operand[1] >= ATOM else f"({operand[0]})"


def _numbers(several: Sequence[int]) -> str:
    return ", ".join(map(str, several))


def _dtype(dtype: Any) -> str:
    return {"float64": "float", "bool": "bool", "int64": "int"}.get(np.dtype(dtype).name, f"np.{np.dtype(dtype).name}")


def _given(options: dict[str, Any]) -> list[str]:
    return [f"{key}={option!r}" for key, option in options.items() if option is not None and option is not False]


def constant(value: Any) -> Written:
    """A number as text: 2 rather than 2.0, 1 / 256 rather than 0.00390625, np.inf."""
    if isinstance(value, (bool, int)):
        text = str(value)
    else:
        text = plain_constant(value)
        with np.errstate(all="ignore"):
            whole = float(np.round(1 / np.float64(value))) if value else 0.0
        if len(text) > 5 and 2 <= abs(whole) < 1e6 and 1 / whole == value:
            return f"{'-' * (whole < 0)}1 / {number(abs(whole))}", LEVEL["/"]
    return text, LEVEL["neg"] if text.startswith("-") else ATOM


def statement(name: str, text: str) -> list[str]:
    """`name = text`, over several lines where it is long."""
    if len(name) + len(text) + 3 <= WIDTH - 4:
        return [f"{name} = {text}"]
    rows_of_text = textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [f"{name} = (", *(f"    {row}" for row in rows_of_text), ")"]
