"""The right gradient where the loss cannot be recorded, or loses its graph: by central differences.

Only numbers: what the layers are is not known then, so mistakes are found and seldom named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .layers import Layers
from .reference import Loss, Mistake, Params, Recording

Array = Any
MOST = 4000  # parameters
STEP = 1e-3
AGREES = 1e-3  # relative, along a random direction


class DifferenceRecording(Recording):
    """Gradients from values of the loss alone.

    Raises:
        ValueError: there are too many parameters, or the loss is not a finite number.
    """

    array_graph = False

    def __init__(self, loss: Loss, params: Params, batch: tuple[Any, ...], why: str = "") -> None:
        self.params, self.why = dict(params), why
        if sum(np.size(block) for block in params.values()) > MOST:
            raise ValueError("too many parameters for differences")
        at = _evaluator(loss, batch)
        self.value = at(params)
        if not np.isfinite(self.value):
            raise ValueError("the loss is not finite")
        self._found = {name: _slopes(at, params, name) for name in params}
        self.order, self.place, self.leaves = [], {}, {}
        self.layers = Layers()

    def block(self, name: str, mistake: Mistake) -> Array:
        return self._found[name]

    def noise(self, name: str) -> float:
        return 1e-9 * float(np.sqrt(np.size(self._found[name]))) * max(1.0, abs(self.value))


def agrees(recording: Recording, loss: Loss, params: Params, batch: tuple[Any, ...]) -> bool:
    """Whether a recorded gradient is that of the loss: along one random direction in each block.

    A loss that writes into arrays made beforehand may run on Tensors and lose a part of the graph on the way.
    """
    at = _evaluator(loss, batch)
    rng = np.random.default_rng(0)
    try:
        here = at(params)
        if not np.isfinite(here) or abs(at(params) - here) > 0.0:
            return True  # nothing to hold against it
        for name, block in params.items():
            if recording.rivals(name):
                continue  # exactly on a kink: the value on one side says nothing of the other
            direction = rng.standard_normal(np.shape(block))
            told = float(np.vdot(recording.gradient[name], direction))
            if not any(_near(at, params, name, direction, told, step) for step in (1e-4, 1e-6, 1e-2)):
                return False
    except Exception:
        return True
    return True


def _near(at: Callable[[Any], float], params: Params, name: str, direction: Array, told: float, step: float) -> bool:
    sides = [at({**params, name: params[name] + sign * step * direction}) for sign in (1.0, -1.0)]
    seen = (sides[0] - sides[1]) / (2 * step)
    room = 1e-12 * max(map(abs, sides)) / step
    return abs(seen - told) <= AGREES * max(abs(seen), abs(told)) + room


def _evaluator(loss: Loss, batch: tuple[Any, ...]) -> Callable[[Mapping[str, Any]], float]:
    def at(params: Mapping[str, Any]) -> float:
        with np.errstate(all="ignore"):
            copies = {name: np.array(block, dtype=float) for name, block in params.items()}
            out = loss(copies, *[np.copy(part) if isinstance(part, np.ndarray) else part for part in batch])
        return float(np.asarray(out, dtype=float).reshape(()))

    return at


def _slopes(at: Callable[[Any], float], params: Params, name: str) -> Array:
    """By the four-point formula: its error is of the fourth order (Abramowitz & Stegun 25.3.6)."""
    block = np.array(params[name], dtype=float)
    found = np.zeros(block.shape)
    for index in np.ndindex(block.shape):
        step = STEP * max(1.0, abs(block[index]))

        def value(times: float, index: Any = index, step: float = step) -> float:
            moved = block.copy()
            moved[index] += times * step
            return at({**params, name: moved})

        found[index] = (8 * (value(1) - value(-1)) - (value(2) - value(-2))) / (12 * step)
    return found
