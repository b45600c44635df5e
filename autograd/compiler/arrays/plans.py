"""A traced function of arrays, and what is asked of it: its value, its gradient, its Hessian times a direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...carrier import describe
from ...errors import OperandError, TraceError
from ...switches import always_recording, tracing
from ...tensor import rules as rows
from ...tensor.tensor import Tensor
from ...transforms.pytree import Rebuild, flatten
from ..derive import NO_CONDITION, BasePlans, Recorded
from ..program import DIRECTION
from ..record import called
from .derive import differentiate
from .program import ARGUMENT, ArrayProgram, Dtype, Shape
from .record import ArrayRecorder


@dataclass(frozen=True)
class Argument:
    """One array that a function takes: the name it is printed under, its shape and dtype."""

    name: str
    shape: Shape
    dtype: Dtype


@dataclass(frozen=True)
class ArrayPlan:
    """One function to be made of a program.

    Args:
        kind: "value", "value_and_grad", "hvp" or "forward"; the name of the printed function.
        outputs: instructions: for "value_and_grad" the loss, then the derivative to each parameter.
        boundary: the first instruction that is not the user's own.
        parameters: instructions, and `captured`, `directions`, `arguments` likewise.
    """

    program: ArrayProgram
    kind: str
    outputs: tuple[int, ...]
    boundary: int
    parameters: tuple[int, ...]
    directions: tuple[int, ...]
    captured: tuple[int, ...]
    arguments: tuple[int, ...]


class ArrayPlans(BasePlans[ArrayProgram]):
    """The plans of one traced function of arrays."""

    def __init__(
        self, function: Callable[..., Any], parameters: Sequence[Tensor], arguments: Sequence[Argument],
        rebuild: Rebuild,
    ) -> None:  # fmt: skip
        program = ArrayProgram()
        recorder = ArrayRecorder(program, parameters)
        self.parameters = tuple(recorder.lift(p) for p in parameters)
        self.arguments = tuple(
            program.leaf(ARGUMENT, place, each.shape, each.dtype, each.name) for place, each in enumerate(arguments)
        )
        with np.errstate(all="ignore"), always_recording(), tracing(recorder):
            result = called(function, *rebuild([recorder.node(index) for index in self.arguments]))
            self.outputs, self.rebuild = _outputs(recorder, result)
        self.captured = tuple(recorder.captured)
        self._captured = tuple(map(recorder.lift, self.captured))
        recorder.forget()
        super().__init__(program)

    def plan(self, kind: str, exactly: bool = False) -> ArrayPlan:
        """The plan of this kind.

        Args:
            exactly: the one to run where the outcome of the other is not finite: see `../derive.py`.
        """
        directions: tuple[int, ...] = ()
        if kind == "hvp":
            directions = tuple(
                self.program.leaf(DIRECTION, place, self.program.shapes[p], self.program.dtypes[p])
                for place, p in enumerate(self.parameters)
            )
            outputs = self._hvp(directions, exactly)
        elif kind == "forward":
            outputs = self.outputs
        else:
            outputs = (self.loss_output(), *(self.gradient(exactly) if kind == "value_and_grad" else ()))
        return ArrayPlan(
            self.program, kind, outputs, self.boundary, self.parameters, directions, self._captured, self.arguments
        )

    def loss_output(self) -> int:
        """The one number that the function returns."""
        sizes = [int(np.prod(self.program.shapes[output])) for output in self.outputs]
        if sizes != [1]:
            what = ", ".join(f"an array of shape {self.program.shapes[output]}" for output in self.outputs) or "nothing"
            raise TraceError(f"a loss is one number, and this function returned {what}: take .sum() or .mean() of it")
        if self.program.is_condition(self.outputs[0]):
            raise TraceError(NO_CONDITION)
        return self.program.emit(rows.reshape, self.outputs[0], shape=())

    def differentiated(self, output: int, kind: type[Recorded]) -> tuple[int, ...]:
        """The sweep over arrays."""
        return differentiate(self.program, output, self.parameters, kind)

    def _hvp(self, directions: Sequence[int], exactly: bool) -> tuple[int, ...]:
        """The derivative of the gradient times a direction: the Hessian times the direction."""
        gradient = self.gradient(exactly)
        recorder = ArrayRecorder(self.program, deriving=True)
        slope: Any = 0.0
        for g, v in zip(gradient, directions, strict=True):
            slope = rows.sum(recorder.node(g) * recorder.node(v)) + slope
        index = recorder.lift(slope)
        recorder.forget()
        return self.derived(index, exactly)


def _outputs(recorder: ArrayRecorder, result: Any) -> tuple[tuple[int, ...], Rebuild]:
    leaves, rebuild = flatten(result)
    try:
        return tuple(map(recorder.lift, leaves)), rebuild
    except OperandError as error:
        what = "None: is a return statement missing?" if result is None else f"{describe(result)} ({error})"
        raise TraceError(f"a compiled function of arrays returns arrays, got {what}") from None
