"""From single numbers back to arrays: the program of a network written neuron by neuron becomes the textbook's.

The order of reading: `structure.py` (numbers that are computed alike are a family) → `grid.py` (over which axes a
family spreads) → `spread.py` (where its operands lie) → `build.py` (the program of arrays) → `check.py` (both programs
run once on made-up numbers) → `plans.py` (its derivative) → `source.py`, `engines.py` (its text, and what runs it).

No number is computed otherwise than in the flat program, but for the order of the terms of a sum (see `build.py`).
Where an outcome is infinite or NaN, that of the flat program is taken: there the rule about 0 × ∞ decides number by
number.
"""

from __future__ import annotations

import warnings

from ...core.rule import Rule
from ..program import is_row
from ..scalar.lower import lower
from ..scalar.plans import Plans
from .check import agrees
from .plans import RolledPlans
from .structure import Structure


def roll(plans: Plans, whatever: bool = False) -> RolledPlans | None:
    """The rolled form of a traced program; None, with a warning, where it would compute something else.

    Args:
        whatever: also of a long program without structure, for which there is None otherwise.
    """
    program, loss, outputs = plans.program, plans.loss, list(plans.outputs)
    forward = not plans.parameters
    wanted = outputs if forward else [loss]
    if any(isinstance(program.ops[i], Rule) and not is_row(program.ops[i]) for i in program.live(wanted)):
        program, wanted = lower(program, wanted, is_row, products=False)  # a user's own primitive may know no arrays
    structure = Structure(program, wanted, plans.leaves, whatever=whatever)
    if not (whatever or structure.is_worth_building()):
        return None
    rolled = RolledPlans(structure, wanted, plans.leaves, len(plans.parameters), plans.captured, forward)
    if agrees(rolled.builder):
        return rolled
    warnings.warn(
        "the rolled form of a program is not used, for on made-up numbers it computes something else; "
        "this is a fault of glassgrad, please report the function that was compiled",
        RuntimeWarning, stacklevel=2,
    )  # fmt: skip
    return None
