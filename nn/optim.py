"""Optimisers: how a step is made of gradients. SGD, Adam and AdamW, exactly as PyTorch defines them.

The arithmetic is the same for floats and arrays, and makes new numbers: an array that a graph holds is never changed in
place. Learning-rate schedules are in `schedules.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from autograd import Tensor, parameter
from autograd.system.quiet import quiet

from .errors import SettingError, StateError
from .habits import OF_AN_OPTIMIZER, Settings
from .leaves import forget_gradients, has_gradient
from .module import CARRIERS, Module
from .state import check_state, checked_number


class Optimizer(Settings):
    """What the optimisers share: the parameters, the learning rate, the state. Write SGD, Adam or AdamW.

    Args:
        parameters: the leaves to learn, as `model.parameters()` gives them; a shared one counts once.
        lr: the learning rate, also as an attribute to be changed between steps.

    >>> from autograd import Value
    >>> optimizer = SGD([Value(1.0), Value(2.0)], lr=0.1)
    >>> optimizer.lr = 0.05
    >>> optimizer
    SGD(2 parameters, lr=0.05, momentum=0, dampening=0, weight_decay=0, nesterov=0)
    """

    habits = OF_AN_OPTIMIZER
    initial_lr: float  # the rate before the first schedule: see `schedules.py`
    settings: ClassVar[tuple[str, ...]] = ("lr",)  # the attributes, all floats, that state_dict() holds
    memories: ClassVar[tuple[str, ...]] = ()  # the lists, with an entry for each parameter, that it holds

    def __init__(self, parameters: Iterable[Any], lr: float) -> None:
        self.parameters = _checked(parameters)
        self.lr = number("lr", lr)
        self.steps = 0
        for memory in self.memories:
            setattr(self, memory, [None] * len(self.parameters))

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        forget_gradients(self.parameters)

    @property
    def lr(self) -> float:
        """The learning rate. Assignable."""
        return self._lr

    @lr.setter
    def lr(self, rate: Any) -> None:
        self._lr = number("lr", rate)

    @quiet
    def step(self) -> None:
        """Move every parameter along its gradient: all of them or, where an error or an interrupt comes, none.

        A parameter that no backward has come to since `zero_grad` stays as it is, and so does what is kept for it.
        """
        steps, kept = self.steps, [(memory, list(getattr(self, memory))) for memory in self.memories]
        moved: list[tuple[Any, Any]] | None = None
        try:
            self.steps += 1
            reached = [(place, each) for place, each in enumerate(self.parameters) if has_gradient(each)]
            moved = [(each, self._moved(place, _numbers(each), each.grad)) for place, each in reached]
            _assign(moved)
        except BaseException:
            if moved is not None:
                _assign(moved)
            else:
                self.steps = steps
                for memory, held in kept:
                    setattr(self, memory, held)
            raise

    def _moved(self, place: int, data: Any, grad: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not say how a parameter moves")

    def state_dict(self) -> dict[str, Any]:
        """Everything but the parameters that the next step depends on, by name; `nn.save` writes it to a file."""
        state: dict[str, Any] = {"steps": float(self.steps)}
        state.update((name, float(getattr(self, name))) for name in self.settings)
        for memory in self.memories:
            for place, held in enumerate(getattr(self, memory)):
                if held is not None:
                    state[f"{memory}.{place}"] = 1.0 * held
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict()` was taken. All is checked before anything is changed.

        Raises:
            StateError: it is the state of another kind of optimiser, or of other parameters.
        """
        check_state(state)
        places = {
            f"{memory}.{place}": (memory, place) for memory in self.memories for place in range(len(self.parameters))
        }
        wanted = {"steps", *self.settings}
        if wanted - set(state) or set(state) - wanted - set(places):
            odd = sorted(wanted - set(state)) or sorted(set(state) - wanted - set(places))
            raise StateError(
                f"this is not the state of {type(self).__name__} with {len(self.parameters)} parameters "
                f"({odd[0]} does not fit): build both as they were when it was saved"
            )
        numbers = {name: checked_number(name, state[name], 0.0) for name in wanted}
        held = {name: checked_number(name, state[name], self._like(*places[name])) for name in places if name in state}
        self.steps = int(numbers.pop("steps"))
        for name, value in numbers.items():
            setattr(self, name, value)
        for name, (memory, place) in places.items():
            getattr(self, memory)[place] = held.get(name)

    def _like(self, memory: str, place: int) -> Any:
        """A number of the form of what is remembered."""
        return 0.0 if memory == "taken" else self.parameters[place].data

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name):g}" for name in self.settings)
        return f"{type(self).__name__}({len(self.parameters)} parameters, {told})"


class SGD(Optimizer):
    """Gradient descent: data -= lr * grad; with momentum, the steps gather speed.

    Args:
        parameters: the leaves to learn.
        lr: the learning rate.
        momentum: how much of the previous velocity is kept.
        dampening: how much of the new gradient is kept out of it.
        weight_decay: pulls towards zero: this times the parameter is added to its gradient.
        nesterov: look ahead along the velocity.

    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> SGD([w], lr=0.25).step(); w.data
    0.5
    """

    settings = ("lr", "momentum", "dampening", "weight_decay", "nesterov")
    memories = ("velocity",)
    velocity: list[Any]

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        super().__init__(parameters, lr)
        self.momentum = number("momentum", momentum)
        self.dampening = number("dampening", dampening, -math.inf)
        self.weight_decay = number("weight_decay", weight_decay)
        self.nesterov = bool(nesterov)
        if nesterov and (momentum == 0 or dampening != 0):
            raise SettingError("nesterov=True needs a momentum above 0 and no dampening")

    def _moved(self, place: int, data: Any, grad: Any) -> Any:
        if self.weight_decay:
            grad = grad + self.weight_decay * data
        if self.momentum:
            before = self.velocity[place]
            velocity = 1.0 * grad if before is None else self.momentum * before + (1 - self.dampening) * grad
            self.velocity[place] = velocity
            grad = grad + self.momentum * velocity if self.nesterov else velocity
        return data - self.lr * grad


class Adam(Optimizer):
    """Steps of about `lr` in every direction: the gradient's running mean over the root of its running square.

    Args:
        parameters: the leaves to learn.
        lr: the learning rate.
        betas: how much of the running mean and of the running square is kept at each step.
        eps: keeps the division from zero.
        weight_decay: this times the parameter is added to its gradient; `AdamW` does it better.

    Source: Kingma and Ba, Adam (2015), algorithm 1.

    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> Adam([w], lr=0.25).step(); round(w.data, 6)
    0.75
    """

    settings = ("lr", "beta1", "beta2", "eps", "weight_decay")
    memories = ("mean", "square", "taken")
    taken: list[Any]  # how many steps each parameter has made
    mean: list[Any]
    square: list[Any]

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(parameters, lr)
        self.betas = betas
        self.eps = number("eps", eps)
        self.weight_decay = number("weight_decay", weight_decay)

    @property
    def betas(self) -> tuple[float, float]:
        """beta1 and beta2. Assignable."""
        return self.beta1, self.beta2

    @betas.setter
    def betas(self, betas: Any) -> None:
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise SettingError(f"betas are two numbers, such as (0.9, 0.999), got {betas!r}")
        self.beta1, self.beta2 = (number("a beta", beta, 0.0, 1.0) for beta in betas)

    def _moved(self, place: int, data: Any, grad: Any) -> Any:
        if self.weight_decay:
            grad = grad + self.weight_decay * data
        return self._stepped(place, data, grad)

    def _stepped(self, place: int, data: Any, grad: Any) -> Any:
        mean, square = self.mean[place], self.square[place]
        before = self.taken[place]
        if before is None:  # a state of version 0.1 does not say: every step moved every parameter
            before = 0.0 if mean is None else self.steps - 1.0
        self.taken[place] = steps = before + 1.0
        mean = (1 - self.beta1) * grad + (0.0 if mean is None else self.beta1 * mean)
        square = (1 - self.beta2) * grad * grad + (0.0 if square is None else self.beta2 * square)
        self.mean[place], self.square[place] = mean, square
        # Both start at 0; dividing by what their weights add up to so far takes that out again.
        corrected = mean / (1 - self.beta1**steps)
        root = (square / (1 - self.beta2**steps)) ** 0.5
        return data - self.lr * corrected / (root + self.eps)


class AdamW(Adam):
    """Adam with weight decay that is not divided by the root: data shrinks by lr * weight_decay at every step.

    Args:
        weight_decay: as a share of the parameter, times the learning rate. The others are those of `Adam`.

    Source: Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019).

    >>> from autograd import Value
    >>> w = Value(1.0)
    >>> (w * w).backward()
    >>> AdamW([w], lr=0.25, weight_decay=0.4).step(); round(w.data, 6)
    0.65
    """

    def __init__(
        self,
        parameters: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def _moved(self, place: int, data: Any, grad: Any) -> Any:
        return self._stepped(place, data * (1 - self.lr * self.weight_decay), grad)


def number(name: str, given: Any, low: float = 0.0, below: float = math.inf) -> float:
    """A setting as a float.

    Raises:
        SettingError: it is no number, or not in [low, below).
    """
    try:
        if isinstance(given, (str, bytes, *CARRIERS)):  # what is recorded would lose its graph here
            raise TypeError
        value = float(given)
    except (TypeError, ValueError):
        raise SettingError(f"{name} is a number, got {type(given).__name__} {given!r}") from None
    if not low <= value < below:
        raise SettingError(f"{name} is a number from {low:g} to below {below:g}, got {value:g}")
    return value


def _assign(moved: list[tuple[Any, Any]]) -> None:
    for each, data in moved:
        each.data = data


def _numbers(leaf: Any) -> Any:
    """What a leaf holds, as a float or a copy: an array that nobody was shown need not be watched for changes."""
    return leaf.numpy() if isinstance(leaf, Tensor) else leaf.data


def _checked(parameters: Any) -> list[Any]:
    if isinstance(parameters, Module):
        raise SettingError("an optimiser takes the parameters: write model.parameters()")
    if isinstance(parameters, CARRIERS):
        raise SettingError("an optimiser takes a list of parameters: write [w]")
    listed = list({id(each): each for each in parameters}.values())
    if not listed:
        raise SettingError(
            "an optimiser needs at least one parameter, got none; are the Values or Tensors in attributes?"
        )
    for each in listed:
        if not isinstance(each, CARRIERS):
            raise SettingError(
                f"an optimiser takes Values or Tensors, got {type(each).__name__}; see model.parameters()"
            )
        parameter(each)
    return listed
