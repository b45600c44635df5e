"""What an engine is given: which instructions of a program to compute, and where its numbers come from.

A plan is made from a trace and differentiates it as often as is asked: the loss, its gradient, the gradient times a
direction differentiated again. The program grows; nothing is traced twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .arrived import Exact, Recorded, guarded
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
        captured: int, known: Mapping[bool, Sequence[int]] | None = None,
    ) -> None:  # fmt: skip
        self.program, self.loss, self.parameters = program, loss, tuple(parameters)
        self.outputs, self.leaves, self.captured = tuple(outputs), leaves, captured
        self.boundary = len(program)
        self._is_read = known is not None
        self._gradients = {exactly: tuple(found) for exactly, found in (known or {}).items()}
        self._differing = self._is_read and True in self._gradients

    def plan(self, kind: str, exactly: bool = False) -> Plan:
        """The plan of this kind.

        Args:
            exactly: the one to run where the outcome of the other is not finite: see `arrived.py`.
        """
        count = len(self.parameters)
        directions = count if kind == "hvp" else 0
        derived: dict[str, Callable[[], Sequence[int]]] = {
            "forward": lambda: self.outputs,
            "value": lambda: (self.loss,),
            "value_and_grad": lambda: (self.loss, *self.gradient(exactly)),
            "hvp": lambda: self._hvp(exactly),
            "hessian": lambda: self._hessian(exactly),
        }
        outputs = derived[kind]()
        return Plan(self.program, kind, tuple(outputs), self.boundary, self.leaves, (count, self.captured, directions))

    def has_another(self, kind: str) -> bool:
        """Whether the exact plan of this kind may come to something else where numbers are not finite."""
        return self._differing and kind not in ("forward", "value") and not (self._is_read and kind != "value_and_grad")

    def gradient(self, exactly: bool = False) -> tuple[int, ...]:
        """Instructions for the derivative of the loss to each parameter."""
        if exactly not in self._gradients:
            self._gradients[exactly] = tuple(self._derived(self.loss, exactly))
        return self._gradients[exactly]

    def _derived(self, output: int, exactly: bool) -> list[int]:
        kind: type[Recorded] = Exact if exactly else guarded()
        found = differentiate(self.program, output, self.parameters, kind)
        if not exactly:
            self._differing = self._differing or kind.met
        return found

    def _hvp(self, exactly: bool) -> tuple[int, ...]:
        """The gradient times a direction, and the derivative of that: the Hessian times the direction."""
        gradient = self.gradient(exactly)
        direction = [self.program.leaf(DIRECTION, k) for k in range(len(self.parameters))]
        slope = scalar_product(self.program, gradient, direction)
        return slope, *self._derived(slope, exactly)

    def _hessian(self, exactly: bool) -> tuple[int, ...]:
        rows = [self._derived(slope, exactly) for slope in self.gradient(exactly)]
        return self.loss, *(entry for row in rows for entry in row)
