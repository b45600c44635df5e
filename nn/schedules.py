"""Learning-rate schedules: the rate as a function of how many epochs (or steps) have passed.

Names and values are PyTorch's. A schedule sets `optimizer.lr` when it is made and at every `step()`. It is a formula,
so it can be asked in advance. Several of one optimiser multiply: each changes the rate it finds in proportion.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .errors import SettingError, StateError
from .optim import Optimizer, number
from .state import check_state


class Schedule:
    """What the schedules share. Write one of the others, or a subclass with its own `rate`.

    Args:
        optimizer: whose learning rate is set. The base is the rate that it had before its first schedule, and which it
            keeps as `initial_lr`. Where the rate is not the formula's, because another schedule or a hand has set it,
            it is multiplied by what the formula multiplies its own by.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> class Halved(Schedule):
    ...     def rate(self, epoch):
    ...         return self.base_lr / 2**epoch
    >>> Halved(SGD([Value(1.0)], lr=0.4)).rate(1)
    0.2
    """

    floor: float = 0.0  # the rate that is approached: what lies above it is multiplied

    def __init__(self, optimizer: Optimizer) -> None:
        if not isinstance(optimizer, Optimizer):
            raise SettingError(f"a schedule takes the optimiser whose rate it sets, got {type(optimizer).__name__}")
        self.optimizer = optimizer
        self.base_lr = optimizer.initial_lr = getattr(optimizer, "initial_lr", optimizer.lr)
        self.epoch = 0
        self._move(self.base_lr, self.rate(0))

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        raise NotImplementedError(f"{type(self).__name__} does not say its rate: write def rate(self, epoch): ...")

    def step(self) -> None:
        """One epoch has passed (or one step, as you count): set the next rate."""
        self.epoch += 1
        self._move(self.rate(self.epoch - 1), self.rate(self.epoch))

    def _move(self, before: float, after: float) -> None:
        """Change the rate as the formula goes on; where it has its own rate still, to its very bits."""
        now, floor = self.optimizer.lr, self.floor
        if now != before and before != floor:
            after = floor + (now - floor) * (after - floor) / (before - floor)
        elif now != before:  # from a rate of nothing no factor leads on: what is above it is added, as PyTorch does
            after = now + (after - floor)
        self.optimizer.lr = after

    def state_dict(self) -> dict[str, float]:
        """Where it and its optimiser's rate stand; the settings are not in it."""
        return {"epoch": float(self.epoch), "base_lr": self.base_lr, "lr": self.optimizer.lr}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict()` was taken.

        Raises:
            StateError: it is no schedule's state.
        """
        check_state(state)
        if set(state) - {"lr"} != {"epoch", "base_lr"}:  # version 0.1 wrote no lr
            raise StateError(f"a schedule's state holds epoch and base_lr, got {', '.join(sorted(state)) or 'nothing'}")
        self.epoch, self.base_lr = int(state["epoch"]), float(state["base_lr"])
        self.optimizer.lr = float(state["lr"]) if "lr" in state else self.rate(self.epoch)


class LambdaLR(Schedule):
    """The base rate times a function of the epoch.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = LambdaLR(SGD([Value(1.0)], lr=0.5), lambda epoch: 1 / (1 + epoch))
    >>> schedule.step(); schedule.optimizer.lr
    0.25
    """

    def __init__(self, optimizer: Optimizer, factor: Callable[[int], float]) -> None:
        if not callable(factor):
            raise SettingError(f"the factor is a function of the epoch, got {type(factor).__name__} {factor!r}")
        self.factor = factor
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        return self.base_lr * number("the factor", self.factor(epoch))


class StepLR(Schedule):
    """Times `gamma` every `step_size` epochs.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = StepLR(SGD([Value(1.0)], lr=0.4), step_size=10, gamma=0.5)
    >>> schedule.rate(9), schedule.rate(10)
    (0.4, 0.2)
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1) -> None:
        self.step_size, self.gamma = _count("step_size", step_size), number("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        return float(self.base_lr * self.gamma ** (epoch // self.step_size))


class ExponentialLR(Schedule):
    """Times `gamma` every epoch.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> ExponentialLR(SGD([Value(1.0)], lr=0.4), gamma=0.5).rate(2)
    0.1
    """

    def __init__(self, optimizer: Optimizer, gamma: float) -> None:
        self.gamma = number("gamma", gamma)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        return float(self.base_lr * self.gamma**epoch)


class CosineAnnealingLR(Schedule):
    """Half a cosine wave from the base rate down to `eta_min` after `T_max` epochs (and up again, if it goes on).

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = CosineAnnealingLR(SGD([Value(1.0)], lr=0.4), T_max=10)
    >>> round(schedule.rate(5), 6), round(schedule.rate(10), 6)
    (0.2, 0.0)
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0) -> None:
        self.T_max, self.eta_min = _count("T_max", T_max), number("eta_min", eta_min)
        self.floor = self.eta_min
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        return self.eta_min + (self.base_lr - self.eta_min) * (1 + math.cos(math.pi * epoch / self.T_max)) / 2


class LinearWarmup(Schedule):
    """From `start_factor` times the base rate up to the base rate in `total_iters` steps (PyTorch's LinearLR).

    >>> from autograd import Value
    >>> from nn import SGD
    >>> schedule = LinearWarmup(SGD([Value(1.0)], lr=0.4), total_iters=4, start_factor=0.5)
    >>> round(schedule.rate(0), 6), round(schedule.rate(4), 6)
    (0.2, 0.4)
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, start_factor: float = 1 / 3) -> None:
        self.total_iters = _count("total_iters", total_iters)
        self.start_factor = number("start_factor", start_factor)
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        share = min(epoch / self.total_iters, 1.0)
        return self.base_lr * (self.start_factor + (1 - self.start_factor) * share)


class SequentialLR(Schedule):
    """One schedule after the other: a warm-up, say, and then a cosine. Each counts its own epochs from 0.

    Args:
        schedules: in their order, all of the same optimiser.
        milestones: the epochs at which the second, the third, ... begins.

    >>> from autograd import Value
    >>> from nn import SGD
    >>> optimizer = SGD([Value(1.0)], lr=0.4)
    >>> schedule = SequentialLR(
    ...     optimizer, [LinearWarmup(optimizer, 4, 0.25), CosineAnnealingLR(optimizer, 10)], [4])
    >>> [round(schedule.rate(epoch), 6) for epoch in (0, 2, 4, 9, 14)]
    [0.1, 0.25, 0.4, 0.2, 0.0]
    """

    def __init__(self, optimizer: Optimizer, schedules: Sequence[Schedule], milestones: Sequence[int]) -> None:
        self.schedules, self.milestones = list(schedules), [_count("a milestone", each) for each in milestones]
        if len(self.milestones) != len(self.schedules) - 1 or self.milestones != sorted(set(self.milestones)):
            raise SettingError(
                f"SequentialLR takes {len(self.schedules) - 1} rising milestones for {len(self.schedules)} schedules, "
                f"got {self.milestones}"
            )
        if any(each.optimizer is not optimizer for each in self.schedules):
            raise SettingError("the schedules of a SequentialLR set the rate of the optimiser that it is given")
        optimizer.lr = self.schedules[0].base_lr  # they have set it, each for itself
        super().__init__(optimizer)

    def rate(self, epoch: int) -> float:
        """The learning rate after so many steps of the schedule."""
        place = bisect.bisect_right(self.milestones, epoch)
        return self.schedules[place].rate(epoch - (self.milestones[place - 1] if place else 0))

    def _move(self, before: float, after: float) -> None:
        """At a milestone a schedule begins: it sets the rate, whatever that was."""
        super()._move(self.optimizer.lr if self.epoch in self.milestones else before, after)


def _count(name: str, given: Any) -> int:
    if isinstance(given, bool) or not hasattr(given, "__index__") or given < 1:
        raise SettingError(f"{name} is a whole number from 1 up, got {given!r}")
    return int(given)
