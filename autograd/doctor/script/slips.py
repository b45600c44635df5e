"""All mistakes in a step that are told by what it is made of, though it goes downhill."""

from __future__ import annotations

import numpy as np

from .clippings import CLIPPINGS
from .idle import IDLE
from .keeping import KEPT
from .means import wrong_decays
from .moments import Moments
from .nesterov import heavy_ball, nesterov
from .optimisers import QUOTIENTS
from .shares import SHARES
from .slip import Slip
from .watch.record import Recording


def slips(recording: Recording) -> list[Slip]:
    """The mistakes, one for each line."""
    found: dict[int, Slip] = {}
    of = Moments(recording)
    with np.errstate(all="ignore"):
        for check in (wrong_decays, *KEPT, *IDLE, *SHARES, *QUOTIENTS, *CLIPPINGS, nesterov, heavy_ball):
            for node, slip in check(of):
                known = found.setdefault(slip.site.line, slip)
                known.names += [name for name in of.moved(node) if name not in known.names]
    for slip in found.values():
        slip.names = slip.names or [p.name for p in of.training.parameters]
    return [*found.values()]
