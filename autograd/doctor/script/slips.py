"""All mistakes in a step that are told by what it is made of, though it goes downhill."""

from __future__ import annotations

import numpy as np

from .moments import Moments
from .optimisers import QUOTIENTS
from .slip import Slip
from .velocities import VELOCITIES
from .watch.record import Recording


def slips(recording: Recording) -> list[Slip]:
    """The mistakes, those that are made first in front; one for each line."""
    found: dict[int, Slip] = {}
    of = Moments(recording)
    with np.errstate(all="ignore"):
        for check in (*QUOTIENTS, *VELOCITIES):
            for node, slip in check(of):
                known = found.get(slip.site.line)
                if known is None:
                    found[slip.site.line] = slip
                names = of.moved(node) or [p.name for p in of.training.parameters]
                found[slip.site.line].names += [n for n in names if n not in found[slip.site.line].names]
    return [*found.values()]
