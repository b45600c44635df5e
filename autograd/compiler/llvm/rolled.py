"""A rolled program as LLVM assembly, sample by sample: a few loops over arrays in the place of all single numbers.

Where the numbers of an array lie is a list of places in memory. What only moves numbers about (a transposed array, a
slice, one spread over more axes) is another such list and no code; `nests.py` writes loops where places are at equal
distances, and reads them from a table where they are not. What is done element by element, and used once, is computed
where it is used.
"""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...tensor import rules as rows
from ...tensor.rules import axes_of
from ..arrays.program import ArrayProgram, replaced
from ..program import DETACH, LITERAL
from ..roll.plans import RolledPlan
from ..scalar.program import COUNT
from .body import INPUTS, KNOWN, OUT, THETA, TOTALS, UNIFORM, VECTOR, Body, Module, N, Target
from .elements import Elements, is_elementwise
from .module import COLD, STATE, driver
from .nests import Leaf, Nest, Writer

MOVES: Final = (rows.reshape, rows.transpose, rows.broadcast_to, rows.getitem, rows.astype, DETACH)
"""What changes no number."""

TOGETHER: Final = 12
"""Operations that are computed in one loop."""

PART: Final = 16
"""Nests in one function: LLVM takes longer, the longer a function is."""


class Unfit(Exception):
    """A program in which something is done to arrays that is not written here."""


@dataclass(frozen=True)
class Where:
    """An array in memory: the base of its places, and these."""

    base: int | str
    places: Any


@dataclass(frozen=True)
class Written:
    """A module, and what it needs.

    Args:
        outputs, room: how many numbers come out, and for how many there has to be scratch memory.
        work: how many elements of arrays are computed.
    """

    text: str
    module: Module
    outputs: int
    room: int
    work: int


def write_rolled_module(plan: RolledPlan, target: Target) -> Written:
    """The text of a module with the functions `run`, for one sample, and `batch`, for all.

    Raises:
        Unfit: it cannot be written so.
    """
    writer = _Rolled(plan, target)
    outputs = writer.write()
    module = writer.module
    ends = driver(module, target, 0, outputs, loops=False), _batch(plan, module, outputs)
    text = "\n".join([*sorted(module.declared), *writer.constants, *module.functions, *ends])
    return Written(text, module, outputs, writer.size, writer.work)


class _Rolled:
    """Writes one plan."""

    def __init__(self, plan: RolledPlan, target: Target) -> None:
        self.plan, self.target = plan, target
        self.program: ArrayProgram = plan.program
        self.module = Module(target, level=1)
        self.constants: list[str] = []
        self.where: dict[int, Where] = {}
        self.homes: dict[int, Where] = {}
        self.inside: set[int] = set()  # what is computed where it is used
        self.size = self.work = 0
        self.zero = self.room(1)  # a number that stays 0
        self.elements = Elements(self.program, self.module, self.inside)
        self._options: dict[int, dict[str, Any]] = {}

    def room(self, count: int) -> int:
        """Scratch memory for so many numbers: the first place."""
        self.size += count
        return self.size - count

    def shape(self, i: int) -> tuple[int, ...]:
        """The shape of an instruction for a batch of one sample."""
        return self.sized(self.program.shapes[i])

    def sized(self, shape: Sequence[int]) -> tuple[int, ...]:
        """A shape for a batch of one sample: what stands for the number of samples is no factor of any other length."""
        return tuple(size if size % self.plan.batch else size // self.plan.batch for size in shape)

    # ------------------------------------------------------------------------------------------- the whole

    def write(self) -> int:
        """Write all functions; how many numbers come out."""
        program, plan = self.program, self.plan
        self._leaves()
        live = program.live(plan.outputs)
        users: dict[int, list[int]] = {}
        for i in live:
            for arg in program.used(i):
                users.setdefault(arg, []).append(i)
        self._fuse(live, users)
        at = 0 if plan.kind in ("value", "value_and_grad", "forward") else 1
        ends = []
        for output in plan.outputs:
            count = math.prod(self.shape(output))
            ends.append((output, Where(OUT, np.arange(at, at + count).reshape(self.shape(output)))))
            at += count
        for output, end in ends:
            if output not in users:
                self._settle(output, end, users)
        nests: list[Nest] = []
        for i in live:
            if i not in self.inside:
                nests += self._instruction(i)
        for output, end in ends:
            found = self._array(output)
            if found.base != OUT:
                nests.append(self._copy(found, end))
        for start in range(0, len(nests), PART):
            writer = Writer(self.module, program, self.room)
            for nest in nests[start : start + PART]:
                writer.write(nest)
            name = f"epilogue{start}"
            self.module.calls.setdefault("epilogue", []).append(name)
            self.module.functions.append(writer.function.text(name, STATE, self.target.widest, often=True))
        self.work = sum(nest.work() for nest in nests)
        return at

    def _leaves(self) -> None:
        """Where what comes from outside is."""
        plan = self.plan
        for base, views in ((THETA, plan.views), (VECTOR, plan.directions)):
            for view in views:
                self.where[view.array] = Where(base, view.places())
        for k, (i, leaf) in enumerate(zip(plan.arguments, plan.leaves, strict=True)):
            places = np.arange(math.prod(leaf.shape)).reshape(1, *leaf.shape)
            self.where[i] = Where(INPUTS + k, places)
        if plan.captured is not None:
            self.where[plan.captured] = Where(KNOWN, np.arange(plan.numbers[1]))

    def _fuse(self, live: Sequence[int], users: dict[int, list[int]]) -> None:
        """Find what is computed where it is used."""
        program = self.program
        weight: dict[int, int] = {}
        for i in live:
            weight[i] = 1 + sum(weight.get(arg, 0) for arg in program.used(i) if arg in self.inside)
            using = users.get(i, [])
            if len(using) != 1 or not is_elementwise(program.ops[i]) or i in self.plan.outputs:
                continue
            (user,) = using
            fits = is_elementwise(program.ops[user]) or program.ops[user] is rows.sum
            if fits and weight[i] < TOGETHER and (self.shape(i) == self.shape(user) or (program.ops[user] is rows.sum)):
                self.inside.add(i)

    def _settle(self, i: int, home: Where, users: dict[int, list[int]]) -> None:
        """Let what is only a part of the results be computed where it belongs."""
        program, op = self.program, self.program.ops[i]
        if op is rows.concatenate:
            start, axis = 0, program.options[i]["axis"]
            for arg in program.args[i]:
                end = start + self.shape(arg)[axis]
                index = (slice(None),) * (axis % len(self.shape(i))) + (slice(start, end),)
                if users[arg] == [i]:
                    self._settle(arg, Where(home.base, home.places[index]), users)
                start = end
            self.homes[i] = home
        elif op in (rows.reshape, rows.transpose):
            (arg,) = program.args[i]
            moved = np.arange(math.prod(self.shape(arg))).reshape(self.shape(arg))
            moved = op.value(moved, **self.options(i))
            places = np.empty(home.places.size, np.int64)
            places[moved.ravel()] = home.places.ravel()
            if users[arg] == [i]:
                self._settle(arg, Where(home.base, places.reshape(self.shape(arg))), users)
        elif program.args[i] and op not in MOVES and i not in self.inside and _steps(home.places) is not None:
            self.homes[i] = home

    def options(self, i: int) -> dict[str, Any]:
        """The options of an instruction for a batch of one sample."""
        known = self._options.get(i)
        if known is None:
            known = dict(self.program.options[i])
            if "shape" in known:
                known["shape"] = self.sized(known["shape"])
            self._options[i] = known
        return known

    # ------------------------------------------------------------------------------------------- one instruction

    def _instruction(self, i: int) -> list[Nest]:
        """The nests that compute an instruction."""
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        if i in self.where or op in (LITERAL, COUNT):
            return []
        if op in MOVES:
            found = self._array(args[0])
            if op is rows.astype and program.dtypes[i].kind != "f":
                raise Unfit("numbers made whole")
            if op is not rows.astype and op != DETACH:
                options = {key: replaced(option, self._known) for key, option in self.options(i).items()}
                found = Where(found.base, np.asarray(op.value(found.places, **options)))
            self.where[i] = found
            return []
        home = self.where[i] = self.homes.get(i) or self._fresh(self.shape(i))
        if is_elementwise(op):
            return [self._nest(self.shape(i), (), i, home)]
        if op is rows.sum:
            shape = self.shape(args[0])
            axes = axes_of(program.options[i].get("axis"), len(shape))
            if program.options[i].get("keepdims"):
                home = Where(home.base, home.places.reshape([n for k, n in enumerate(shape) if k not in axes]))
            return [self._nest(shape, axes, args[0], home)]
        if op is rows.matmul or op is rows.einsum:
            return [self._contraction(i, home)]
        if op is rows.concatenate:
            return self._concatenated(i, home)
        if op is rows.put:
            return self._put(i, home)
        raise Unfit(f"{op}")

    def _fresh(self, shape: tuple[int, ...]) -> Where:
        """Room for an array."""
        start = self.room(math.prod(shape))
        return Where(UNIFORM, np.arange(start, start + math.prod(shape)).reshape(shape))

    def _known(self, place: Any) -> Any:
        """A constant among the options of an instruction."""
        array = self.program.arrays.get(int(place))
        if array is None or self.sized(array.shape) != array.shape:
            raise Unfit("an index that is computed")
        return array

    def _array(self, i: int) -> Where:
        """Where an array is; constants get a place of their own."""
        found = self.where.get(i)
        if found is None:
            program = self.program
            array = np.asarray(1.0 if program.ops[i] == COUNT else program.sample(i), float)
            if i in program.uniform:
                array = np.full(self.sized(array.shape), program.uniform[i], float)
            elif self.sized(array.shape) != array.shape:
                raise Unfit("a constant for each sample")
            found = self.where[i] = Where(self._constant("double", array), np.arange(array.size).reshape(array.shape))
        return found

    def _constant(self, kind: str, array: Any) -> str:
        """Numbers written in the module: the name of their address."""
        name = f"@c{len(self.constants)}"
        write = Body(self.program, self.module, 1, False).constant if kind == "double" else str  # type: ignore[arg-type]
        words = ", ".join([f"{kind} {write(number)}" for number in array.ravel().tolist()])
        self.constants.append(f"{name} = internal constant [{array.size} x {kind}] [{words}]")
        return name

    def _leaf(self, found: Where, ndim: int, axes: Sequence[int]) -> Leaf:
        """An array as an operand of a nest of so many axes.

        Args:
            axes: which of them its own are.
        """
        steps, base, table = _steps(found.places), found.base, ""
        if steps is None:
            table = self._constant("i64", found.places)
            steps = 0, _contiguous(found.places.shape)
        strides = [0] * ndim
        for axis, size, step in zip(axes, found.places.shape, steps[1], strict=True):
            strides[axis] += step if size > 1 else 0
        return Leaf(base, steps[0], tuple(strides), table)

    def _nest(self, shape: tuple[int, ...], summed: Sequence[int], i: int, home: Where) -> Nest:
        """What is done element by element, and summed along some axes."""
        kept = [axis for axis in range(len(shape)) if axis not in summed]
        place = {axis: k for k, axis in enumerate([*kept, *summed])}
        leaves: list[Leaf] = []
        known: dict[int, int] = {}

        def leaf(j: int) -> int:
            if j not in known:
                found = self._array(j)
                axes = [place[axis] for axis in range(len(shape) - found.places.ndim, len(shape))]
                known[j] = len(leaves)
                leaves.append(self._leaf(found, len(shape), axes))
            return known[j]

        value = self.elements.value(i, leaf, whole=not summed)
        out = self._leaf(home, len(shape), range(len(kept)))
        op = self.program.ops[i]
        is_product = (
            bool(summed)
            and i in self.inside
            and op is rules.multiply
            and len(leaves) == 2
            and not any(
                arg in self.inside or self.program.is_condition(arg) or arg in self.program.numbers
                for arg in self.program.args[i]
            )
        )
        sizes = [shape[axis] for axis in [*kept, *summed]]
        return Nest(sizes, len(summed), leaves, out, value, is_product)

    def _contraction(self, i: int, home: Where) -> Nest:
        """A product of matrices."""
        args = self.program.args[i]
        if self.program.ops[i] is rows.matmul:
            given, result = _letters(*[len(self.shape(arg)) for arg in args])
        else:
            left, _, result = self.program.options[i]["subscripts"].partition("->")
            given = left.split(",")
        if len(args) != 2 or any(self.program.is_condition(arg) for arg in args):
            raise Unfit("a product of other than two arrays of numbers")
        sizes: dict[str, int] = {}
        for letters, arg in zip(given, args, strict=True):
            for letter, size in zip(letters, self.shape(arg), strict=True):
                sizes[letter] = max(sizes.get(letter, 1), size)
        order = [*result, *(letter for letter in sizes if letter not in result)]
        leaves = [
            self._leaf(self._array(arg), len(order), [order.index(letter) for letter in letters])
            for letters, arg in zip(given, args, strict=True)
        ]
        out = self._leaf(home, len(order), range(len(result)))
        value = lambda body, read: body.compute(rules.multiply, [read(0), read(1)], args)  # noqa: E731
        return Nest([sizes[letter] for letter in order], len(order) - len(result), leaves, out, value, True)

    def _concatenated(self, i: int, home: Where) -> list[Nest]:
        nests = []
        start, axis = 0, self.program.options[i]["axis"] % len(self.shape(i))
        for arg in self.program.args[i]:
            end = start + self.shape(arg)[axis]
            part = Where(home.base, home.places[(slice(None),) * axis + (slice(start, end),)])
            found = self._array(arg)
            if found.base != part.base or not np.array_equal(found.places, part.places):
                nests.append(self._copy(found, part))
            start = end
        return nests

    def _copy(self, found: Where, end: Where) -> Nest:
        ndim = found.places.ndim
        return Nest(
            list(found.places.shape), 0, [self._leaf(found, ndim, range(ndim))], self._leaf(end, ndim, range(ndim)),
            lambda body, read: read(0),
        )  # fmt: skip

    def _put(self, i: int, home: Where) -> list[Nest]:
        """Every element of the result is the sum of what is put there: of nothing, it is 0."""
        (arg,) = self.program.args[i]
        shape, found = self.shape(i), self._array(arg)
        nests: list[Nest] = []
        if found.base != UNIFORM:  # where the zero is
            copy = self._fresh(found.places.shape)
            nests.append(self._copy(found, copy))
            found = copy
        index = replaced(self.options(i)["index"], self._known)
        targets = np.arange(math.prod(shape)).reshape(shape)[index].ravel()
        order = np.argsort(targets, kind="stable")
        turns = np.arange(len(order)) - np.searchsorted(targets[order], targets[order])
        places = np.full((math.prod(shape), int(turns.max(initial=0)) + 1), self.zero)
        places[targets[order], turns] = found.places.ravel()[order]
        places = places.reshape(*shape, -1)
        leaf = self._leaf(Where(UNIFORM, places), len(shape) + 1, range(len(shape) + 1))
        out = self._leaf(home, len(shape) + 1, range(len(shape)))
        return [*nests, Nest([*shape, places.shape[-1]], 1, [leaf], out, lambda body, read: read(0))]


def _steps(places: Any) -> tuple[int, tuple[int, ...]] | None:
    """The first place, and by how much places grow along each axis; None where that changes."""
    if not places.size:
        raise Unfit("an empty array")
    first = int(places[(0,) * places.ndim])
    steps = []
    even = np.array(first)
    for axis, size in enumerate(places.shape):
        step = int(places[(0,) * axis + (1,) + (0,) * (places.ndim - axis - 1)]) - first if size > 1 else 0
        steps.append(step)
        even = even[..., None] + step * np.arange(size)
    return (first, tuple(steps)) if np.array_equal(places, even) else None


def _contiguous(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(math.prod(shape[k + 1 :]) for k in range(len(shape)))


def _letters(x: int, y: int) -> tuple[list[str], str]:
    """A product of matrices of so many axes as subscripts."""
    many = string.ascii_lowercase
    stack = many[: max(x - 2, y - 2, 0)]
    left = stack[len(stack) - (x - 2) :] + "yz" if x > 1 else "z"
    right = stack[len(stack) - (y - 2) :] + "zx" if y > 1 else "z"
    return [left, right], stack + ("y" if x > 1 else "") + ("x" if y > 1 else "")


def _batch(plan: RolledPlan, module: Module, outputs: int) -> str:
    """The loop over the samples: what comes out for each is added up, or follows what came out for those before it."""
    calls = [f"  call void @{name}(ptr %state)" for name in module.calls.get("epilogue", [])]
    moved = [(INPUTS + k, math.prod(leaf.shape)) for k, leaf in enumerate(plan.leaves)]
    if plan.kind == "forward":
        moved.append((OUT, outputs))
    else:
        calls.append("  call void @add(ptr %state)")
    for place, step in moved:
        calls += [
            f"  %p{place} = getelementptr i64, ptr %state, i64 {place}", f"  %a{place} = load ptr, ptr %p{place}",
            f"  %n{place} = getelementptr double, ptr %a{place}, i64 {step}", f"  store ptr %n{place}, ptr %p{place}",
        ]  # fmt: skip
    body = "\n".join(calls)
    vector = f"<{module.target.widest} x double>"
    return f"""define void @batch(ptr noalias %state) {COLD} {{
entry:
  %count = getelementptr i64, ptr %state, i64 {N}
  %n = load i64, ptr %count
  br label %loop
loop:
  %s = phi i64 [ 0, %entry ], [ %next, %loop ]
{body}
  %next = add i64 %s, 1
  %more = icmp slt i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}
define internal void @add(ptr noalias %state) nounwind noinline {{
entry:
  %op = getelementptr i64, ptr %state, i64 {OUT}
  %out = load ptr, ptr %op
  %tp = getelementptr i64, ptr %state, i64 {TOTALS}
  %totals = load ptr, ptr %tp
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
  %from = getelementptr double, ptr %out, i64 %k
  %to = getelementptr double, ptr %totals, i64 %k
  %each = load {vector}, ptr %from, align 8
  %sofar = load {vector}, ptr %to, align 8
  %both = fadd {vector} %sofar, %each
  store {vector} %both, ptr %to, align 8
  %next = add i64 %k, {module.target.widest}
  %more = icmp slt i64 %next, {outputs}
  br i1 %more, label %loop, label %done
done:
  ret void
}}"""
