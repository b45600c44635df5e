"""`fit`: the training loop, with a progress bar, a history, early stopping; an interrupt keeps what was learned.

One step is a function of a batch that adds to the gradients and returns the loss; everything else here goes around it.
"""

from __future__ import annotations

import inspect
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sized
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autograd import ShapeError, Value, no_grad

from .checkpoint import Checkpoint
from .compiled import compiled
from .data import DataLoader, TensorDataset
from .errors import SettingError, TrainingError
from .gradients import clip_grad_norm_, grad_norm
from .habits import OF_A_HISTORY, missing
from .init import Draws, generator
from .layers import positive
from .leaves import has_gradient
from .module import Module, holds_numbers
from .optim import Adam, Optimizer
from .schedules import Schedule

Loss = Callable[[Any, Any], Any]
Step = Callable[[Any, Any], float]
"""From inputs and targets of a batch to its loss; the gradients are added to those of the parameters on the way."""


@dataclass
class History:
    """What happened, an entry for every finished epoch.

    >>> from nn import MLP, fit, mse
    >>> history = fit(MLP(1, [1], seed=1), ([[0.0], [1.0]], [0.0, 1.0]), mse, epochs=3, progress=False)
    >>> len(history.losses), history.best_epoch, history.lrs
    (3, 2, [0.01, 0.01, 0.01])
    """

    losses: list[float] = field(default_factory=list)  # mean over the samples, as met during the epoch
    validation: list[float] = field(default_factory=list)  # after the epoch, if there is validation data
    lrs: list[float] = field(default_factory=list)
    grad_norms: list[float] = field(default_factory=list)  # mean over the batches, before clipping
    best_epoch: int = 0  # counted from 0: the lowest validation loss, or training loss without validation
    stopped_early: bool = False
    interrupted: bool = False

    if not TYPE_CHECKING:  # a type checker shall go on finding typos

        def __getattr__(self, name: str) -> Any:
            return missing(self, name, OF_A_HISTORY)

    @property
    def watched(self) -> list[float]:
        """The losses that early stopping looks at."""
        return self.validation or self.losses

    def __repr__(self) -> str:
        if not self.losses:
            return f"History(no epoch{', interrupted' * self.interrupted})"
        ended = ", stopped early" * self.stopped_early + ", interrupted" * self.interrupted
        return f"History({len(self.losses)} epochs, loss {self.losses[0]:.4g} -> {self.losses[-1]:.4g}{ended})"


def fit(
    model: Module,
    data: Any,
    loss: Loss,
    *,
    optimizer: Optimizer | Callable[[list[Any]], Optimizer] | None = None,
    epochs: int = 100,
    batch_size: int | None = 32,
    shuffle: bool = True,
    seed: int | Draws | None = None,
    validation: Any = None,
    schedule: Schedule | Callable[[Optimizer], Schedule] | None = None,
    patience: int | None = None,
    clip_norm: float | None = None,
    callback: Callable[[int, History], Any] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    progress: bool = True,
    compile: bool = False,
) -> History:
    """Train a model on data.

    Args:
        model: what is trained: a module in scalars, which is given one sample at a time, or in arrays, which is given
            the batch.
        data: a pair (X, Y) of N inputs and N targets, in lists or arrays, or a `TensorDataset` of them; or an iterable
            of batches such as a `DataLoader`, which is gone through once an epoch; or a function such as a generator
            function, which is called once an epoch and gives its batches.
        loss: from the predictions and the targets of a batch to one Value or Tensor, such as `nn.mse`.
        optimizer: an optimiser of the model's parameters, or a function that makes one, such as
            `lambda p: SGD(p, lr=0.1)`; by default Adam with lr 0.01.
        epochs: how often it goes through the data.
        batch_size: how many samples a step takes; None for all. Iterables bring their own.
        shuffle: whether each epoch has its own order.
        seed: makes the order reproducible; without it, Python's `random` decides.
        validation: data like `data`, for a loss that is not trained on.
        schedule: a learning-rate schedule or a function that makes one; stepped after each epoch.
        patience: stop after so many epochs without a new lowest loss (of validation, if there is any), and go back to
            the parameters that had it.
        clip_norm: keep the norm of the gradient below this.
        callback: called after each epoch with its number and the history, such as `CSVLog`; if it returns True,
            training ends.
        checkpoint: a file that is written after each epoch and read at the start: the same call goes on where an
            earlier one was cut off, and ends with the same bits. What the data itself draws at random is not in it.
        progress: whether to show a bar, in a terminal or a notebook (with the package tqdm; without it there is none).
        compile: whether the loss and its gradient are compiled, as `autograd.compile` does: the same numbers, sooner.
            The model must not branch on them, and its loss must be a mean over the samples.

    Returns:
        The history. After Ctrl-C too: then it says `interrupted`, and the parameters are those learned until then.

    Raises:
        TrainingError: the loss or the gradient is NaN or infinite. The parameters are those before that batch.
        SettingError: an argument is not what it should be.
        ShapeError: inputs and targets differ in number.
        StateError: the checkpoint is of another training, or damaged.

    >>> from nn import MLP, mse
    >>> X = [[x / 10] for x in range(10)]
    >>> Y = [x * x for [x] in X]
    >>> fit(MLP(1, [4, 1], "tanh", seed=1), (X, Y), mse, epochs=30, seed=1, progress=False).losses[-1] < 0.1
    True
    """
    if not isinstance(model, Module):
        raise SettingError(
            f"fit() trains an nn.Module, got {type(model).__name__}; keep the Values or Tensors in attributes of one"
        )
    if not callable(loss):
        raise SettingError(
            f"loss is a function of predictions and targets, such as nn.mse, got {type(loss).__name__}; inputs and "
            "targets are one pair: fit(model, (X, Y), nn.mse)"
        )
    for name, count in (("epochs", epochs), ("batch_size", batch_size), ("patience", patience)):
        if count is not None:
            positive(name, count)
    if isinstance(loss, type):
        raise SettingError(f"loss is a function or an object of a loss module: write {loss.__name__}()")
    if callback is not None and not callable(callback):
        told = f"got {type(callback).__name__}; of several, write lambda epoch, history: [f(epoch, history), ...]"
        raise SettingError(f"callback is one function of the epoch and the history, {told}")
    if isinstance(validation, float):
        raise SettingError("validation is data like the training's: split it off first, validation=(X[-n:], Y[-n:])")
    parameters = model.parameters()
    chosen = _made(optimizer or _default_optimizer, parameters, Optimizer, "optimizer")
    own, layers = set(map(id, parameters)), set(map(id, model.modules()))
    rates = None if schedule is None else _made(schedule, chosen, Schedule, "schedule")
    if rates is not None and rates.optimizer is not chosen:
        raise SettingError(
            "the schedule sets the rate of another optimizer than the one that trains: give one of that optimizer, or "
            "a function such as schedule=lambda optimizer: ExponentialLR(optimizer, 0.9)"
        )
    batches = _batches(data, batch_size, generator(seed) if shuffle else None)
    checks = None if validation is None else _batches(validation, batch_size, None)
    step, score = _eager(predictor(model), loss)
    if compile:
        step, score = compiled(model, loss, score)
    history = History()
    kept = None
    if checkpoint is not None:
        kept = Checkpoint(checkpoint, model, chosen, rates, history, getattr(batches, "source", None))
    best = kept.restore() if kept else None
    if own and not any(id(each) in own for each in chosen.parameters):
        raise SettingError(
            "the optimizer holds other parameters than the model's, so nothing would be learned: make it with "
            "model.parameters(), or give a function such as optimizer=lambda p: SGD(p, lr=0.1)"
        )
    lowest = min((loss for loss in history.watched if not math.isnan(loss)), default=math.inf)
    # The loss of a single batch an epoch is that of the parameters before its step; any other is best matched after it.
    looks_back = checks is None and isinstance(batches, Sized) and len(batches) == 1
    before = model.training
    bar = _bar(epochs if history.stopped_early else len(history.losses), epochs, progress)
    try:
        for epoch in bar:
            model.train()
            lr = chosen.lr
            earlier = [each.data for each in parameters] if looks_back else None
            mean, norm = _epoch(step, batches, chosen, clip_norm, epoch, history)
            if epoch == 0 and any(id(each) not in layers and holds_numbers(each) for each in model.modules()):
                raise SettingError(
                    "the model got a layer with parameters during its first call, which the optimizer does not know: "
                    "make all layers in __init__"
                )
            history.losses.append(mean)
            history.grad_norms.append(norm)
            history.lrs.append(lr)
            if checks is not None:
                model.eval()
                history.validation.append(_evaluated(score, checks))
            if rates is not None:
                rates.step()
            latest = history.watched[-1]
            if latest < lowest:
                lowest, history.best_epoch = latest, epoch
                best = (earlier or [each.data for each in parameters]) if patience is not None else None
            if hasattr(bar, "set_postfix"):
                bar.set_postfix(loss=f"{latest:.4g}", refresh=False)
            history.stopped_early = patience is not None and epoch - history.best_epoch >= patience
            if kept is not None:
                kept.write(best)
            if (callback is not None and callback(epoch, history) is True) or history.stopped_early:
                break
        if best is not None:
            for each, number in zip(parameters, best, strict=True):
                each.data = number
    except KeyboardInterrupt:
        history.interrupted = True
    finally:
        model.train(before)
        if hasattr(bar, "close"):
            bar.close()
    return history


def _default_optimizer(parameters: list[Any]) -> Optimizer:
    return Adam(parameters, lr=0.01)


def _eager(predict: Callable[[Any], Any], loss: Loss) -> tuple[Step, Step]:
    """A step that records the graph of the batch and goes back through it; and the loss alone, without a graph."""

    def step(inputs: Any, targets: Any) -> float:
        root = loss(predict(inputs), targets)
        if not hasattr(root, "backward"):
            raise SettingError(
                f"the loss gave {type(root).__name__}, expected a Value or a Tensor that depends on the predictions; "
                'a loss with reduction="none" is not one number'
            )
        root.backward()
        return float(root.data)

    def score(inputs: Any, targets: Any) -> float:
        with no_grad():
            return float(loss(predict(inputs), targets))

    return step, score


def predictor(model: Module) -> Callable[[Any], Any]:
    """From a batch to its predictions: the model sample by sample if its parameters are scalars, else at once."""
    if any(isinstance(each, Value) for each in model.parameters()):
        return lambda inputs: [model(sample) for sample in inputs]
    return model


def _epoch(
    step: Step, batches: Iterable[Any], optimizer: Optimizer, clip: float | None, epoch: int, history: History
) -> tuple[float, float]:
    total, samples, norms = 0.0, 0, []
    for place, (inputs, targets) in enumerate(_pairs(batches)):
        optimizer.zero_grad()
        loss = step(inputs, targets)
        if epoch == place == 0 and not any(map(has_gradient, optimizer.parameters)):
            raise SettingError(
                "no gradient has come to any parameter, so nothing would be learned: the loss does not depend on the "
                "predictions, or they have lost their graph on the way (.data, .detach(), no_grad())"
            )
        norm = grad_norm(optimizer.parameters) if clip is None else clip_grad_norm_(optimizer.parameters, clip)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            error = TrainingError(
                f"the loss is {loss} and the norm of its gradient {norm}, in epoch {epoch}, batch {place}, at learning "
                f"rate {optimizer.lr:g}; the parameters are those before this batch. Lower the learning rate, or write "
                "clip_norm=1.0; detect_anomaly() names the operation"
            )
            error.history = history
            raise error
        optimizer.step()
        count = _size(targets)
        total, samples = total + loss * count, samples + count
        norms.append(norm)
    if not samples:
        raise ShapeError("there is nothing to learn from: the data holds no sample")
    return total / samples, sum(norms) / len(norms)


def _evaluated(score: Step, batches: Iterable[Any]) -> float:
    total, samples = 0.0, 0
    for inputs, targets in _pairs(batches):
        count = _size(targets)
        total, samples = total + score(inputs, targets) * count, samples + count
    if not samples:
        raise ShapeError("the validation data holds no sample")
    return total / samples


def _batches(data: Any, size: int | None, order: Draws | None) -> Iterable[Any]:
    """The batches of an epoch, to be gone through again and again: in a new order each time if there is an `order`."""
    if isinstance(data, tuple):
        if len(data) != 2:
            raise ShapeError(f"data is a pair (X, Y) of inputs and targets, got {len(data)} things")
        inputs, targets = (len(part) if hasattr(part, "__len__") else 1 for part in data)
        if inputs != targets:
            raise ShapeError(f"there are {inputs} inputs and {targets} targets; every input needs its target")
        data = TensorDataset(*data)
    if isinstance(data, TensorDataset):
        return DataLoader(data, size, shuffle=order is not None, seed=order)
    if callable(data) and not isinstance(data, Iterable):
        return _Called(data)
    if not isinstance(data, Iterable) or isinstance(data, Iterator):
        raise SettingError(
            "data is a pair (X, Y), or an iterable of such batches that can be gone through more than once; "
            f"got {type(data).__name__}; of a generator, give the function that makes it, without calling it"
        )
    return data


class _Called:
    """The batches that a function gives, called afresh for every epoch."""

    def __init__(self, function: Callable[[], Iterable[Any]]) -> None:
        self.function = function

    def __iter__(self) -> Iterator[Any]:
        return iter(self.function())


def _pairs(batches: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The batches, each of them looked at: inputs given without targets, [X, Y] for (X, Y) end here."""
    for batch in batches:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise ShapeError(
                f"every batch is a pair of inputs and targets, got {type(batch).__name__}; "
                "inputs and targets that are not in batches yet are one pair: fit(model, (X, Y), loss)"
            )
        yield batch[0], batch[1]


def _size(targets: Any) -> int:
    return len(targets) if hasattr(targets, "__len__") else 1


def _made(given: Any, argument: Any, kind: type, name: str) -> Any:
    if isinstance(given, type):
        try:
            inspect.signature(given).bind(argument)
        except TypeError as error:
            raise SettingError(
                f"{name}={given.__name__} does not say enough ({error}): write {name}=lambda given: "
                f"{given.__name__}(given, ...)"
            ) from None
    made = given if isinstance(given, kind) or not callable(given) else given(argument)
    if not isinstance(made, kind):
        raise SettingError(f"{name}= takes one of nn's or a function that makes one, got {type(made).__name__}")
    return made


def _bar(start: int, epochs: int, progress: bool) -> Any:
    """The epochs to go, with a bar around them if it is wanted, somebody can see it and tqdm is there."""
    if progress and (sys.stderr.isatty() or "ipykernel" in sys.modules):  # a log would be full of its fragments
        try:
            from tqdm import tqdm
        except ImportError:
            return range(start, epochs)
        return tqdm(range(start, epochs), initial=start, total=epochs, desc="fit", unit="epoch")
    return range(start, epochs)
