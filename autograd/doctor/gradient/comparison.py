"""A learner's gradient and the engine's over one graph, number by number: what `Report.compare` shows.

One sample is enough to see a mistake, so the graph is that of a sample on which the two differ most. Nothing is judged
here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import OperandError
from ...switches import always_recording, no_grad
from ...value.arrays import grads, values
from ...value.value import Value, parameter
from ..recorded.evidence import Batch, implied, named
from ..recorded.reference import Loss, Params

if TYPE_CHECKING:
    from ...drawing.page import Page

Array = Any
MOST_SAMPLES = 8


def comparison(
    loss: Loss, params: Params, batch: Batch, answer: Any, *, lr: float | None = None, title: str = ""
) -> Page:
    """The page.

    Args:
        answer: the learner's gradients by name, or the function that computes them; with `lr` the weights after a step.
        lr: the learning rate of that step: what it would have used as gradient is shown.

    Raises:
        OperandError: no block of theirs has as many numbers as it should.
    """
    from ...drawing.page import compare_gradients

    samples = [batch.all()[0]]
    if callable(answer) and batch.divisible:
        samples = [batch.take([row]) for row in range(min(batch.count, MOST_SAMPLES))]
    compared = [_compared(loss, params, sample, answer, lr) for sample in samples]
    root, theirs, _ = max(compared, key=lambda each: each[2])
    if not theirs:
        raise OperandError(
            "there is nothing to compare: none of your arrays has the shape of its block; the report says which "
            "shape each has"
        )
    yours = "yours" if lr is None else "your step / lr"
    return compare_gradients(root, theirs, names=(yours, "autograd"), title=title)


def _compared(
    loss: Loss, params: Params, sample: tuple[Any, ...], answer: Any, lr: float | None
) -> tuple[Value, dict[Value, float], float]:
    """The loss of a sample after backward, their numbers by parameter, and how far they are off in all."""
    blocks = {name: values(np.array(block, dtype=float), str(name)) for name, block in params.items()}
    for block in blocks.values():
        for each in block.flat:
            parameter(each)
    with np.errstate(all="ignore"), always_recording():
        out = np.asarray(loss(dict(blocks), *sample), dtype=object)
    root = out.item() if out.size == 1 else None
    if not isinstance(root, Value):
        raise OperandError("the loss does not run on arrays of Values, so there is no graph of single numbers to show")
    root.label = root.label or "loss"
    root.backward()
    theirs: dict[Value, float] = {}
    gap = 0.0
    for name, array in _answers(answer, params, sample, lr).items():
        block = blocks[name]
        if np.squeeze(array).shape != np.squeeze(block).shape or array.dtype.kind not in "biuf":
            continue
        array = array.reshape(block.shape)
        theirs.update(zip(block.flat, map(float, array.flat), strict=True))
        right = grads(block)
        gap += float(np.linalg.norm(array - right) / (np.linalg.norm(right) + 1e-30)) if np.any(right) else 0.0
    return root, theirs, gap


def _answers(answer: Any, params: Params, sample: tuple[Any, ...], lr: float | None) -> dict[str, Array]:
    point = {name: np.array(block) for name, block in params.items()}
    if callable(answer):
        with np.errstate(all="ignore"), no_grad():
            found = answer(point, *[np.copy(part) if isinstance(part, np.ndarray) else part for part in sample])
        answer = point if found is None and lr is not None else found
    return named(answer, list(params), []) if lr is None else implied(answer, params, lr)
