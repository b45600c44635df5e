"""`fit(..., compile=True)`: the step of the training loop as a compiled program. Nothing is differentiated here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import autograd
from autograd import Tensor, Value

from .array_layers import FROZEN, Dropout
from .errors import SettingError
from .module import Module

Step = Callable[[Any, Any], float]


def compiled(model: Module, loss: Callable[[Any, Any], Any], eager: Step) -> tuple[Step, Step]:
    """The step of training, and the loss alone, as functions of the inputs and targets of a batch.

    A model in scalars is compiled for one sample, and the losses of the samples are averaged. So the loss of a batch
    must be such a mean; this is checked once, on the first batch of several.

    Args:
        eager: the loss of a batch as the loss function itself has it.

    Raises:
        SettingError: the loss is no mean over samples, or the model draws random numbers as it runs.
    """
    if any(isinstance(module, Dropout) and module.p > 0 for module in model.modules()):
        raise SettingError(FROZEN)
    parameters = model.parameters()
    in_scalars = any(isinstance(each, Value) for each in parameters)

    def one(inputs: Any, targets: Any) -> Any:
        return loss([model(inputs)], [targets]) if in_scalars else loss(model(inputs), targets)

    train, test = autograd.compile(one, parameters), autograd.compile(one, parameters)  # layers may differ in the two
    unchecked = in_scalars

    def step(inputs: Any, targets: Any) -> float:
        nonlocal unchecked
        inputs, targets = (each.data if isinstance(each, Tensor) else each for each in (inputs, targets))
        if unchecked and len(targets) > 1:
            _check_mean(train.value(train.pack(), inputs, targets), eager(inputs, targets))
            unchecked = False
        return float(train(inputs, targets))

    return step, lambda inputs, targets: test.value(test.pack(), inputs, targets)


def _check_mean(mean: float, whole: float) -> None:
    if not np.isclose(mean, whole, rtol=1e-6, equal_nan=True):
        raise SettingError(
            f"the loss of the first batch is {whole:g}, the mean of the losses of its samples {mean:g}: "
            "compile=True takes losses that are such means; leave it out, or write the loss as one"
        )
