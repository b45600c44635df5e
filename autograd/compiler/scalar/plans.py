"""What an engine is given: which instructions of a program to compute, and where its numbers come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..batch import Floats, Leaf
from ..derive import BasePlans, Recorded
from ..program import DIRECTION
from .derive import differentiate, scalar_product
from .program import Program, StageError


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
    ) -> tuple[float, Floats, bool]:
        """The first output, the others, whether these are finite; for "forward", 0.0, an array (outputs, n), True."""


EMPTY: Floats = np.empty(0)


class Plans(BasePlans[Program]):
    """The plans of one traced program: the loss, its gradient, the gradient times a direction differentiated again."""

    def __init__(
        self, program: Program, outputs: Sequence[int], loss: int, parameters: Sequence[int], leaves: tuple[Leaf, ...],
        captured: int, known: Mapping[bool, Sequence[int]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(program, known)
        self.loss, self.parameters = loss, tuple(parameters)
        self.outputs, self.leaves, self.captured = tuple(outputs), leaves, captured

    def plan(self, kind: str, exactly: bool = False) -> Plan:
        """The plan of this kind.

        Args:
            exactly: the one to run where the outcome of the other is not finite: see `../derive.py`.
        """
        derived: dict[str, Callable[[], Sequence[int]]] = {
            "forward": lambda: self.outputs,
            "value": lambda: (self.loss,),
            "value_and_grad": lambda: (self.loss, *self.gradient(exactly)),
            "hvp": lambda: self._hvp(exactly),
            "hessian": lambda: self._hessian(exactly),
        }
        return replace(self.outline(kind), outputs=tuple(derived[kind]()))

    def outline(self, kind: str) -> Plan:
        """What can be said of the plan of this kind before anything is derived: all but its outputs."""
        count = len(self.parameters)
        numbers = (count, self.captured, count if kind == "hvp" else 0)
        return Plan(self.program, kind, (), self.boundary, self.leaves, numbers)

    def loss_output(self) -> int:
        """The reduced output of the function."""
        return self.loss

    def differentiated(self, output: int, kind: type[Recorded]) -> tuple[int, ...]:
        """The sweep over single numbers."""
        return tuple(differentiate(self.program, output, self.parameters, kind))

    def _hvp(self, exactly: bool) -> tuple[int, ...]:
        """The gradient times a direction, and the derivative of that: the Hessian times the direction.

        Where the exact one would ask inside the loop over the samples whether anything has arrived in any of them, it
        is not to be had.
        """
        try:
            return self._product(exactly)
        except StageError:
            return self._product(False)

    def _product(self, exactly: bool) -> tuple[int, ...]:
        gradient = self.gradient(exactly)
        direction = [self.program.leaf(DIRECTION, k) for k in range(len(self.parameters))]
        slope = scalar_product(self.program, gradient, direction)
        return slope, *self.derived(slope, exactly)

    def _hessian(self, exactly: bool) -> tuple[int, ...]:
        rows = [self.derived(slope, exactly) for slope in self.gradient(exactly)]
        return self.loss, *(entry for row in rows for entry in row)
