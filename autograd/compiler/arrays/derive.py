"""The derivative of a program of arrays: the sweep of the library runs over the recorded arrays themselves.

No formula stands here: the pullbacks of the two tables write the derivative into the same program.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...masking import Arrived
from ...switches import always_recording
from ...tensor import rules as rows
from ...transforms.products import pull
from .program import ArrayProgram
from .record import ArrayRecorder


def differentiate(program: ArrayProgram, output: int, wrt: Sequence[int], kind: type[Arrived]) -> tuple[int, ...]:
    """Instructions for ∂output/∂w, one for each w of `wrt`; they are added to the program."""
    recorder = ArrayRecorder(program, deriving=True)
    root, leaves = recorder.node(output), [recorder.node(w) for w in wrt]
    with always_recording():
        found = pull([root], [recorder.node(program.constant(1.0))], leaves, differentiable=True, kind=kind)
    out = tuple(
        program.array(np.broadcast_to(np.zeros((), program.dtypes[w]), program.shapes[w])) if g is None
        else recorder.lift(rows.broadcast_to(g, shape=program.shapes[w]))
        for g, w in zip(found, wrt, strict=True)
    )  # fmt: skip
    for g, w in zip(out, wrt, strict=True):
        if program.args[g]:
            program.cotangents.setdefault(g, w)
    recorder.forget()
    return out
