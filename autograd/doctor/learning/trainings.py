"""Short trainings for `examine`: gradient descent on a copy of what the caller wants to train.

Here is how a training is run, with another rate, other samples or another start. What is tried, and what that means,
is in `tries.py`. Budgets are counted in steps and not in seconds, so that the same set-up gets the same answer.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.node import walk
from ...tensor.tensor import Tensor
from ..recorded.differences import DifferenceRecording
from ..recorded.measure import Measured
from ..recorded.reference import Loss, record, stand_in

Array = Any
Params = dict[str, Array]
MOST_STEPS, FEWEST_STEPS = 100, 12
WORK = 40_000  # one training may take about so many microseconds
OF_PORTIONS, EPOCHS = 8, 8  # steps on portions are shorter: so many times as many, and so many epochs at least
MOST_NUMBERS = 200  # that are differentiated by differences in every step
FAR_OUT = 1e30  # numbers so large do not come back
PER_NODE, PER_VALUE, PER_NUMBER = 12.0, 4.0, 0.004  # microseconds: of an array operation, of a scalar one, of a number


@dataclass(frozen=True)
class Gone:
    """Where a training ends: the loss on the whole batch (infinity where it diverges), and the parameters.

    `falls`: whether the loss fell in the first steps and in the last, as it does where the rate is not too large.
    """

    loss: float
    params: Params
    falls: bool


class Training:
    """What is to be trained: the loss, a copy of the parameters, the samples.

    Args:
        model: arrays by name, or a model with `named_parameters()`.
        loss: `loss(model, *batch)`, one number.
        batch: the samples.
        measured: what was measured of them.
        batch_size: how many samples a step takes, in their order; None: all of them.
    """

    def __init__(
        self, model: Any, loss: Loss, batch: Sequence[Any], measured: Measured, batch_size: int | None = None
    ) -> None:
        self.loss, self.batch, self.batch_size = loss, tuple(batch), batch_size
        self._twin = None if isinstance(model, Mapping) else copy.deepcopy(model)
        if self._twin is None:
            self.start = {name: np.array(block, dtype=float) for name, block in measured.blocks.items()}
            self.parts: dict[str, list[Any]] = {}
        else:
            twins = dict(self._twin.named_parameters())
            names = {id(part): name for name, part in model.named_parameters()}
            self.parts = {block: [twins[names[id(part)]] for part in parts] for block, parts in measured.parts.items()}
            self.start = {name: np.array(block, dtype=float) for name, block in measured.blocks.items()}
        self._way = self._of_model if self.parts else self._on_tensors
        self.cost = self._measure_cost()
        self.steps = int(np.clip(WORK / self.cost, FEWEST_STEPS, MOST_STEPS))

    @property
    def rows(self) -> int:
        """How many samples there are; 0 where the batch is not one of rows."""
        lengths = {len(part) if np.ndim(part) else 0 for part in self.batch}
        return lengths.pop() if len(lengths) == 1 else 0

    def loss_at(self, params: Params, batch: tuple[Any, ...] | None = None) -> float:
        """The loss, as their own code computes it; NaN where it raises."""
        batch = self.batch if batch is None else batch
        try:
            with np.errstate(all="ignore"):
                if self.parts:
                    out: Any = self.loss(self._filled(params), *batch)
                else:
                    out = self.loss({name: block.copy() for name, block in params.items()}, *batch)
                return float(np.asarray(getattr(out, "data", out), dtype=float).reshape(()))
        except Exception:
            return float("nan")

    def gradient(self, params: Params, batch: tuple[Any, ...] | None = None) -> Params:
        """The gradient: of Tensors, where their code does not run on these of Values, else by differences."""
        batch = self.batch if batch is None else batch
        ways = (
            (self._of_model,)
            if self.parts
            else (self._on_tensors, self._without_infinities, self._on_values, self._by_differences)
        )
        with np.errstate(all="ignore"):
            for way in ways[ways.index(self._way) :]:
                try:
                    found = way(params, batch)
                except Exception:
                    continue
                finite = all(np.all(np.isfinite(g)) for g in found.values())
                if finite or not np.isfinite(self.loss_at(params, batch)):
                    self._way = way
                    return found
        return {name: np.full(block.shape, np.nan) for name, block in params.items()}

    def descend(
        self,
        rate: float,
        *,
        batch: tuple[Any, ...] | None = None,
        start: Params | None = None,
        shuffled: bool = False,
        times: int = 1,
    ) -> Gone:
        """Go `self.steps` steps with a rate, or `times` as many; or fewer, where it diverges."""
        batch = self.batch if batch is None else batch
        params = dict(self.start if start is None else start)
        portions = self._portions(batch, shuffled) * times
        noted = [self.loss_at(params, batch)]
        for k, part in enumerate(portions, start=1):
            slopes = self.gradient(params, part)
            with np.errstate(all="ignore"):
                params = {name: block - rate * slopes[name] for name, block in params.items()}
            if not all(np.max(np.abs(block), initial=0.0) < FAR_OUT for block in params.values()):
                return Gone(float("inf"), params, False)
            if k in (1, 2, len(portions) - 1, len(portions)):
                noted.append(self.loss_at(params, batch))
        falls = noted == sorted(noted, reverse=True)
        return Gone(noted[-1] if np.isfinite(noted[-1]) else float("inf"), params, falls)

    def _portions(self, batch: tuple[Any, ...], shuffled: bool) -> list[tuple[Any, ...]]:
        """What each step takes: the batch, or `batch_size` samples after the other, epoch after epoch."""
        if self.batch_size is None or not self.rows or self.batch_size >= self.rows:
            return [batch] * self.steps
        steps = OF_PORTIONS * self.steps
        thin = max(1, self.rows * EPOCHS // (steps * self.batch_size))  # so that there are a few epochs
        order, rng = np.arange(0, self.rows, thin), np.random.default_rng(0)
        found: list[tuple[Any, ...]] = []
        while len(found) < steps:
            rows = rng.permutation(order) if shuffled else order
            for k in range(0, len(rows), self.batch_size):
                chosen = rows[k : k + self.batch_size]
                found.append(tuple(np.asarray(part)[chosen] for part in batch))
            if len(found) + len(rows) // self.batch_size > steps:
                break  # whole epochs: where one ends matters
        return found

    # -------------------------------------------------------------------------------- ways to the gradient

    def _on_tensors(self, params: Params, batch: tuple[Any, ...]) -> Params:
        leaves = {name: Tensor(block.copy(), name) for name, block in params.items()}
        self._loss_of(leaves, batch).backward()
        return {name: np.asarray(leaf.grad, dtype=float) for name, leaf in leaves.items()}

    def _without_infinities(self, params: Params, batch: tuple[Any, ...]) -> Params:
        leaves = {name: Tensor(block.copy(), name) for name, block in params.items()}
        out = self._loss_of(leaves, batch)
        stand_in(walk(out))
        out.backward()
        return {name: np.asarray(leaf.grad, dtype=float) for name, leaf in leaves.items()}

    def _on_values(self, params: Params, batch: tuple[Any, ...]) -> Params:
        return record(self.loss, params, batch).gradient

    def _by_differences(self, params: Params, batch: tuple[Any, ...]) -> Params:
        if sum(block.size for block in params.values()) > MOST_NUMBERS:
            raise ValueError("too many parameters for differences in every step")
        return DifferenceRecording(self.loss, params, batch).gradient

    def _of_model(self, params: Params, batch: tuple[Any, ...]) -> Params:
        twin = self._filled(params)
        for parts in self.parts.values():
            for part in parts:
                part.grad = 0.0 * np.asarray(part.data) if np.ndim(part.data) else 0.0
        self.loss(twin, *batch).backward()
        return {
            name: np.reshape([np.asarray(part.grad, dtype=float) for part in parts], self.start[name].shape)
            for name, parts in self.parts.items()
        }

    def _loss_of(self, leaves: Mapping[str, Any], batch: tuple[Any, ...]) -> Any:
        out = self.loss(dict(leaves), *batch)
        return out.item() if isinstance(out, np.ndarray) and out.dtype == object and out.size == 1 else out

    def _filled(self, params: Params) -> Any:
        """The copy of the model with these numbers in it."""
        for name, parts in self.parts.items():
            if len(parts) == 1 and np.ndim(parts[0].data):
                parts[0].data = params[name].copy()
                continue
            for part, number in zip(parts, params[name].ravel(), strict=True):
                part.data = float(number)
        return self._twin

    def _measure_cost(self) -> float:
        """About how many microseconds a step takes, counted on the graph."""
        numbers = sum(np.size(block) for block in self.start.values())
        try:
            with np.errstate(all="ignore"):
                if self.parts:
                    out = self.loss(self._filled(self.start), *self.batch)
                else:
                    out = self._loss_of({name: Tensor(block) for name, block in self.start.items()}, self.batch)
                nodes = walk(out)
        except Exception:
            return PER_VALUE * 4 * numbers * max(1, self.rows)
        each = PER_VALUE if self.parts else PER_NODE
        return each * len(nodes) + PER_NUMBER * sum(np.size(node.data) for node, _ in nodes)
