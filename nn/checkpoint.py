"""Going on with a training bit for bit: all that its next epoch depends on, in one file that `fit` writes and reads.

That is the model, the optimiser, the schedule, the history, and the state of every source of random numbers: Python's
`random`, the order of the samples, each Dropout with a seed of its own. The file is what `nn.save` writes: numbers.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from .errors import StateError
from .module import Module
from .optim import Optimizer
from .saving import load, save
from .schedules import Schedule


@dataclass
class Checkpoint:
    """A training as `fit` knows it, written after every epoch.

    Args:
        path: the file.
        model, optimizer, schedule: what is trained, and how.
        history: the `History` of the finished epochs.
        order: where the order of the samples comes from.
    """

    path: str | os.PathLike[str]
    model: Module
    optimizer: Optimizer
    schedule: Schedule | None
    history: Any
    order: Any

    def write(self, best: list[Any] | None) -> None:
        """Write it, with the best parameters so far if they are kept."""
        save({name: number for part in self._state(best).values() for name, number in part.items()}, self.path)

    def restore(self) -> list[Any] | None:
        """Continue where the file ends, if there is one: set everything, and return the best parameters so far.

        Raises:
            StateError: the file is of another training, or damaged. Nothing is changed then.
        """
        if not os.path.exists(self.path):
            return None
        found = load(self.path)
        before = self._state(None)
        try:
            return self._set(found)
        except StateError as error:
            self._set({name: number for part in before.values() for name, number in part.items()})
            raise StateError(f"{os.fspath(self.path)} does not fit this training: {error}") from error

    def _state(self, best: list[Any] | None) -> dict[str, dict[str, Any]]:
        parts: dict[str, Mapping[str, Any]] = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule else {},
            "history": {each.name: np.asarray(getattr(self.history, each.name)) for each in fields(self.history)},
            "random": {name: _packed(source) for name, source in self._sources().items()},
            "best": {str(place): number for place, number in enumerate(best or ())},
        }
        return {part: {f"{part}.{name}": number for name, number in held.items()} for part, held in parts.items()}

    def _set(self, state: Mapping[str, Any]) -> list[Any] | None:
        parts: dict[str, dict[str, Any]] = {part: {} for part in self._state(None)}
        for name, number in state.items():
            part, _, rest = name.partition(".")
            if part not in parts:
                raise StateError(f"it holds {name}, and was not written by fit(checkpoint=...)")
            parts[part][rest] = number
        sources = self._sources()
        known = {each.name for each in fields(self.history)}
        if set(parts["history"]) != known or set(parts["random"]) != set(sources):
            raise StateError("its history or its sources of random numbers are others")
        if bool(parts["schedule"]) != (self.schedule is not None):
            raise StateError(f"it was written {'with' if parts['schedule'] else 'without'} a schedule")
        self.model.load_state_dict(parts["model"])
        self.optimizer.load_state_dict(parts["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(parts["schedule"])
        for name, source in sources.items():
            source.setstate(_unpacked(parts["random"][name]))
        for each in fields(self.history):
            held, now = parts["history"][each.name], getattr(self.history, each.name)
            setattr(self.history, each.name, held.tolist() if isinstance(now, list) else type(now)(held))
        best = parts["best"]
        return [best[str(place)] for place in range(len(best))] or None

    def _sources(self) -> dict[str, Any]:
        """Where random numbers come from, each with the name under which its state is kept."""
        found: dict[str, Any] = {"python": random, "order": self.order}
        for name, module in self.model.named_modules():
            found.update((f"{name}:{key}", each) for key, each in vars(module).items() if _is_source(each))
        return {name: source for name, source in found.items() if name == "python" or _is_source(source)}


def _is_source(thing: Any) -> bool:
    return isinstance(thing, random.Random)


def _packed(source: Any) -> Any:
    """The state of a random.Random: its 625 whole numbers, and the half of a pair that gauss() keeps, or NaN."""
    _, numbers, kept = source.getstate()
    return np.array([*numbers, math.nan if kept is None else kept], float)  # whole numbers of 32 bits are exact


def _unpacked(state: Any) -> Any:
    numbers, kept = state[:-1].astype(int).tolist(), float(state[-1])
    return 3, tuple(numbers), None if math.isnan(kept) else kept
