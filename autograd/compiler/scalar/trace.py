"""Calling the user's function once, with recorded numbers in the place of one sample: its graph becomes a program.

What the function computes from parameters alone is recorded as usual, by Values. It enters the program when it is
combined with a number of the sample, or when the function returns it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import CHOSEN, CONSTANT
from ...core.rule import Rule
from ...errors import OperandError, TraceError
from ...mode import NOW, for_a_new_node
from ...switches import always_recording, tracing
from ...value.value import Value
from ...value.value_array import of_values
from ..batch import Layout
from ..derive import NO_CONDITION
from ..program import CAPTURED, DETACH, LEARNED
from ..record import called
from .program import REDUCE, SAMPLE, Op, Program
from .record import Recorder, TracedNumber


@dataclass
class Trace:
    """A recorded function of one sample: the program, its outputs, and where its numbers come from."""

    program: Program
    outputs: list[int]
    shape: tuple[int, ...]
    layout: Layout
    parameters: list[int]
    captured: list[Value]

    @property
    def loss(self) -> int:
        """The one output, reduced over the batch."""
        return self.program.emit(REDUCE, self.outputs[0])


class Tracer(Recorder):
    """A recorder that also understands Values: parameters, other leaves, and what was computed from them."""

    def __init__(self, program: Program, parameters: Sequence[Value]) -> None:
        super().__init__(program)
        self.captured: list[Value] = []
        self.known = {id(p): program.leaf(LEARNED, place, p.label) for place, p in enumerate(parameters)}
        self._kept: list[Any] = []  # as long as a node is known by its id, it must stay
        self._cut: set[int] = set()  # the ids of Values that were computed under no_grad

    def apply(self, op: Op, *operands: Any) -> TracedNumber:
        program, ops, known = self.program, self.program.ops, self.known
        before, args = len(ops), []
        for operand in operands:
            place = None
            if type(operand) is not TracedNumber:
                place = known.get(id(operand))
            elif operand.recorder is self and type(ops[operand.index]) is Rule:
                place = operand.index
            args.append(self.lift(operand) if place is None else place)
        index = program.emit(op, *args)
        note, paused, _ = for_a_new_node()
        if note.scope and len(ops) > before:
            program.scopes[index] = note.scope
        out = TracedNumber(self, index)
        return self.plain(out) if paused and not program.is_condition(index) else out

    def choose(self, condition: Any, x: Any, y: Any) -> TracedNumber:
        out = super().choose(condition, x, y)
        return self.plain(out) if NOW.paused else out

    def plain(self, number: Any) -> TracedNumber:
        """The same number, cut off from its derivative."""
        return self.number(self.program.emit(DETACH, self.lift(number)))

    def cut(self, node: Value) -> None:
        """Note that a Value was computed under `no_grad`."""
        self._cut.add(id(node))
        self._kept.append(node)

    def lift(self, number: Any) -> int:
        if not isinstance(number, Value):
            return super().lift(number)
        known = self.known.get(id(number))
        return self._lift_value(number) if known is None else known

    def _lift_value(self, root: Value) -> int:
        known = self.known
        stack: list[Any] = [root]
        self._kept.append(root)  # and with it all that it was computed from
        while stack:
            node = stack[-1]
            if id(node) in known:
                stack.pop()
                continue
            x, y = node._parents
            waits = len(stack)
            if y is not None and id(y) not in known:
                stack.append(y)
            if x is not None and id(x) not in known:
                stack.append(x)
            if len(stack) == waits:
                stack.pop()
                known[id(node)] = self._instruction(node, x, y)
        return known[id(root)]

    def _instruction(self, node: Any, x: Any, y: Any) -> int:
        """The instruction of a Value whose operands are known; None stands for a plain number."""
        program, rule = self.program, node.rule
        if rule is CONSTANT:
            return program.constant(node._data)
        if x is None and y is None:
            self.captured.append(node)
            return program.leaf(CAPTURED, len(self.captured) - 1, node.label)
        first = program.constant(node.dx) if x is None else self.known[id(x)]
        if rule is CHOSEN:
            index = first
        elif rule.arity == 1:
            index = program.emit(rule, first)
        else:
            index = program.emit(rule, first, program.constant(node.dy) if y is None else self.known[id(y)])
        if self._cut and id(node) in self._cut:
            index = program.emit(DETACH, index)
        note = node.note
        if note.label:
            program.labels.setdefault(index, note.label)
        if note.scope:
            program.scopes.setdefault(index, note.scope)
        return index


def trace(function: Callable[..., Any], parameters: Sequence[Value], layout: Layout, reduction: str = "mean") -> Trace:
    """Record what a function does to one sample.

    Args:
        parameters: leaves the result is going to be differentiated by.
        layout: the shape of one sample.
        reduction: "mean" or "sum" over the batch.

    Raises:
        TraceError: the function branches on a recorded number, reads it, or returns something else than numbers.
    """
    program = Program(reduction)
    tracer = Tracer(program, parameters)
    places = itertools.count()
    rows = [_row(tracer, leaf.name, leaf.shape, places) for leaf in layout.leaves]
    with always_recording(), tracing(tracer):  # also when it is called under no_grad
        result = called(function, *layout.sample(rows))
        condition = isinstance(result, TracedNumber) and program.is_condition(result.index)
        if parameters and (condition or isinstance(result, (bool, np.bool_))):
            raise TraceError(NO_CONDITION)
        outputs, shape = _outputs(tracer, result)
    known = [program.leaf(LEARNED, place) for place in range(len(parameters))]
    return Trace(program, outputs, shape, layout, known, tracer.captured)


def _row(tracer: Tracer, name: str, shape: tuple[int, ...], places: itertools.count[int]) -> Any:
    """A recorded number, or an array of them, in the place of one row of the batch."""
    if shape == ():
        return tracer.number(tracer.program.leaf(SAMPLE, next(places), name))
    row = np.empty(shape, dtype=object)
    for index in np.ndindex(shape):
        label = "_".join([name, *map(str, index)])
        row[index] = tracer.number(tracer.program.leaf(SAMPLE, next(places), label))
    return of_values(row)


def _outputs(tracer: Tracer, result: Any) -> tuple[list[int], tuple[int, ...]]:
    if isinstance(result, (TracedNumber, Value)) or not isinstance(result, (list, tuple, np.ndarray)):
        elements = np.array(None, dtype=object)
        elements[()] = result
    else:
        elements = np.array(result, dtype=object)
    try:
        return [tracer.lift(element) for element in elements.ravel()], elements.shape
    except OperandError as error:
        what = "None: is a return statement missing?" if result is None else f"{type(result).__name__} ({error})"
        raise TraceError(f"a compiled function returns a number, or a list or array of numbers, got {what}") from None
