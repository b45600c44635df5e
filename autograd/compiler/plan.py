"""What an engine is given: which instructions of a program to compute, and where its numbers come from.

A plan is made from a trace and differentiates it as often as is asked: the loss, its gradient, the gradient times a
direction differentiated again. The program grows; nothing is traced twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .batch import Floats, Leaf
from .derive import differentiate, scalar_product
from .program import DIRECTION, Program


@dataclass(frozen=True)
class Plan:
    """One function to be made.

    Args:
        kind: "value", "value_and_grad", "hvp", "hessian" or "forward"; the name of the printed function.
        outputs: instructions. The outputs of "forward" are one number per sample, of all others one number.
        boundary: the first instruction that is not the user's own.
        leaves: the arrays of a batch.
        numbers: how many parameters, captured Values and numbers of a direction there are.
    """

    program: Program
    kind: str
    outputs: tuple[int, ...]
    boundary: int
    leaves: tuple[Leaf, ...]
    numbers: tuple[int, int, int]

    @property
    def batched(self) -> bool:
        return self.kind == "forward"


class Kernel(Protocol):
    """A plan that an engine has made ready to run."""

    engine: str

    def __call__(
        self, theta: Floats, captured: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats]:
        """The first output and the others; for "forward", 0.0 and an array (outputs, n)."""


EMPTY: Floats = np.empty(0)


class Plans:
    """The plans of one traced program, each derived when it is first asked for."""

    def __init__(
        self, program: Program, outputs: Sequence[int], loss: int, parameters: Sequence[int], leaves: tuple[Leaf, ...],
        captured: int, gradient: Sequence[int] | None = None,
    ) -> None:  # fmt: skip
        self.program, self.loss, self.parameters = program, loss, tuple(parameters)
        self.outputs, self.leaves, self.captured = tuple(outputs), leaves, captured
        self.boundary = len(program)
        self._gradient = None if gradient is None else tuple(gradient)

    def plan(self, kind: str) -> Plan:
        """The plan of this kind."""
        count = len(self.parameters)
        directions = count if kind == "hvp" else 0
        outputs = {
            "forward": lambda: self.outputs,
            "value": lambda: (self.loss,),
            "value_and_grad": lambda: (self.loss, *self.gradient()),
            "hvp": self._hvp,
            "hessian": self._hessian,
        }[kind]()
        return Plan(self.program, kind, tuple(outputs), self.boundary, self.leaves, (count, self.captured, directions))

    def gradient(self) -> tuple[int, ...]:
        """Instructions for the derivative of the loss to each parameter."""
        if self._gradient is None:
            self._gradient = tuple(differentiate(self.program, self.loss, self.parameters))
        return self._gradient

    def _hvp(self) -> tuple[int, ...]:
        """The gradient times a direction, and the derivative of that: the Hessian times the direction."""
        gradient = self.gradient()
        direction = [self.program.leaf(DIRECTION, k) for k in range(len(self.parameters))]
        slope = scalar_product(self.program, gradient, direction)
        return slope, *differentiate(self.program, slope, self.parameters)

    def _hessian(self) -> tuple[int, ...]:
        rows = [differentiate(self.program, slope, self.parameters) for slope in self.gradient()]
        return self.loss, *(entry for row in rows for entry in row)
