"""A program of single numbers in its rolled form, and what is asked of it: value, gradient, Hessian times a vector.

The derivative is that of the program of arrays (`../arrays/derive.py`): nothing is differentiated here. What is added
is theta: the arrays of parameters are views of it, and `theta.py` makes one vector of their derivatives again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...tensor import rules as rows
from ..arrays.derive import differentiate
from ..arrays.program import ArrayProgram
from ..arrays.record import ArrayRecorder
from ..batch import Leaf
from ..derive import BasePlans, Recorded
from ..program import DIRECTION, BaseProgram
from .build import FLOAT, Builder, View
from .structure import Structure
from .theta import assembled, lengths

SIZES: Final = [n for n in range(11, 2000) if all(n % k for k in range(2, int(n**0.5) + 1))]
"""What stands for the number of samples in shapes: a prime that is no factor of any other length."""

GATHER: Final = 3
"""How many operations on arrays one is worth that picks elements one by one."""


@dataclass(frozen=True)
class RolledPlan:
    """One function to be made of a rolled program.

    Args:
        kind: "value", "value_and_grad", "hvp" or "forward"; the name of the printed function.
        outputs: instructions: for "value_and_grad" the loss and the gradient, for "hvp" the product.
        boundary: the first instruction that is not the user's own.
        views: the arrays of parameters.
        directions: likewise, of the vector that a Hessian is multiplied by.
        labels: of the numbers of theta.
        numbers: how many parameters, captured Values and numbers of a direction there are.
        batch: what stands for the number of samples in shapes.
    """

    program: ArrayProgram
    kind: str
    outputs: tuple[int, ...]
    boundary: int
    views: tuple[View, ...]
    directions: tuple[View, ...]
    labels: tuple[str, ...]
    arguments: tuple[int, ...]
    captured: int | None
    numbers: tuple[int, int, int]
    leaves: tuple[Leaf, ...]
    batch: int
    reduction: str


class RolledPlans(BasePlans[ArrayProgram]):
    """The plans of one rolled program.

    Args:
        outputs: the loss; or the outputs of a function without parameters, of which there is one for each sample.
    """

    forgets = True
    kinds = ("forward", "value", "value_and_grad", "hvp")

    def __init__(
        self, structure: Structure, outputs: Sequence[int], leaves: tuple[Leaf, ...], parameters: int, captured: int,
        forward: bool = False,
    ) -> None:  # fmt: skip
        old = structure.program
        self._old, self.leaves = old, leaves
        self._counts = parameters, captured
        self._labels = tuple(old.labels.get(i, "") for i in (old.leaf("parameter", k) for k in range(parameters)))
        builder, output = _built(structure, outputs, leaves, parameters, captured, forward)
        self.builder = builder
        self.outputs: tuple[int, ...] = (output,)
        self.views = tuple(builder.views.values())
        self.masked = builder.masked
        self._made: dict[tuple[str, bool], RolledPlan] = {}
        super().__init__(builder.program)
        length = _length_of(builder.program, self.outputs) + GATHER * builder.gathers
        self.is_shorter = length < sum(bool(old.args[i]) for i in structure.live)

    def plan(self, kind: str, exactly: bool = False) -> RolledPlan:
        """The plan of this kind.

        Args:
            exactly: the one to run where the outcome of the other is not finite: see `../derive.py`.
        """
        if (kind, exactly) not in self._made:
            self._made[kind, exactly] = self._plan(kind, exactly)
        return self._made[kind, exactly]

    def _plan(self, kind: str, exactly: bool) -> RolledPlan:
        directions: tuple[View, ...] = ()
        outputs = self.outputs
        if kind == "value_and_grad":
            outputs = (*outputs, assembled(self.program, self.views, self.gradient(exactly), self._counts[0]))
        elif kind == "hvp":
            directions = tuple(
                View(self.program.leaf(DIRECTION, k, self.program.shapes[view.array], FLOAT), view.start, view.steps)
                for k, view in enumerate(self.views)
            )
            outputs = (assembled(self.program, self.views, self._hvp(directions, exactly), self._counts[0]),)
        parameters, captured = self._counts
        numbers = (parameters, captured, parameters if kind == "hvp" else 0)
        return RolledPlan(
            self.program, kind, outputs, self.boundary, self.views, directions, self._labels,
            tuple(self.builder.arguments), self.builder.captured, numbers, self.leaves, self.builder.size,
            self._old.reduction,
        )  # fmt: skip

    def loss_output(self) -> int:
        """The loss."""
        return self.outputs[0]

    def differentiated(self, output: int, kind: type[Recorded]) -> tuple[int, ...]:
        """The sweep over arrays."""
        return differentiate(self.program, output, [view.array for view in self.views], kind)

    def _hvp(self, directions: Sequence[View], exactly: bool) -> tuple[int, ...]:
        """The derivative of the gradient times a direction: the Hessian times the direction."""
        gradient = self.gradient(exactly)
        recorder = ArrayRecorder(self.program, deriving=True)
        slope: Any = 0.0
        for g, direction in zip(gradient, directions, strict=True):
            slope = rows.sum(recorder.node(g) * recorder.node(direction.array)) + slope
        index = recorder.lift(slope)
        recorder.forget()
        return self.derived(index, exactly)


def _length_of(program: BaseProgram, outputs: Sequence[int]) -> int:
    return sum(bool(program.args[i]) for i in program.live(outputs))


def _built(
    structure: Structure,
    outputs: Sequence[int],
    leaves: tuple[Leaf, ...],
    parameters: int,
    captured: int,
    forward: bool,
) -> tuple[Builder, int]:
    """The program in arrays, and its output; in the form, of the two that sums of different lengths have, that gathers
    less.
    """
    best: tuple[Builder, int] | None = None
    for counted in (False, True):
        if counted:
            structure = Structure(structure.program, outputs, leaves, counted)
        size, hazards = 1, {1}
        while any(length % size == 0 for length in hazards if length):
            size = next(prime for prime in SIZES if all(length % prime for length in hazards if length))
            builder = Builder(structure, leaves, parameters, captured, size)
            output = builder.outputs(outputs) if forward else builder.number(outputs[0])
            hazards = builder.lengths() | lengths(list(builder.views.values()), parameters) | {parameters, captured}
        if best is None or _cost(builder) < _cost(best[0]):
            best = builder, output
        if not builder.gathers:
            break
    assert best is not None
    return best


def _cost(builder: Builder) -> tuple[int, int]:
    return builder.gathers, len(builder.program)
