"""Forward mode: the same rules pushed from the inputs on, Σ local × tangent.

`jvp` of `transforms.py` records a function and pushes the tangents along the recorded graph, operands before results.
Forward mode costs one pass per input, reverse mode one per output; neither has a rule of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .graph import walk
from .reverse import active


def push(inputs: Sequence[Any], tangents: Sequence[Any], outputs: Sequence[Any], differentiable: bool) -> list[Any]:
    """The tangents of the outputs, given those of the inputs: a Jacobian-vector product.

    Returns:
        One tangent for each output; None where it does not depend on the inputs.
    """
    order, _ = active(walk(*outputs), inputs)
    known = {id(node): tangent for node, tangent in zip(inputs, tangents, strict=True)}
    with np.errstate(all="ignore"):  # infinities and NaN are values here, not accidents
        for node, operands in order:
            tangent = node._push([known.get(id(operand)) for operand in operands], operands, differentiable)
            if tangent is not None:
                known[id(node)] = tangent
    return [known.get(id(node)) for node in outputs]
