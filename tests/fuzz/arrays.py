"""Random programs of whole arrays, made from a seed, which run on our Tensors and on PyTorch's alike."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd

Step = Callable[[Any, Any], Any]
"""From an array and a namespace of functions, ours or PyTorch's, to another array."""


class Ours:
    """The functions that programs are written in, of Tensors."""

    exp, log, tanh, sigmoid, sqrt = autograd.exp, autograd.log, autograd.tanh, autograd.sigmoid, autograd.sqrt
    softplus, relu, abs, sin, arctan = autograd.softplus, autograd.relu, abs, autograd.sin, autograd.arctan
    where, maximum, concatenate = autograd.where, autograd.maximum, autograd.concatenate
    softmax, log_softmax, logsumexp = autograd.softmax, autograd.log_softmax, autograd.logsumexp
    cumsum, matmul, sort, norm, std = autograd.cumsum, autograd.matmul, np.sort, np.linalg.norm, autograd.std

    @staticmethod
    def plain(x: Any) -> Any:
        return np.asarray(x)

    @staticmethod
    def max(x: Any, axis: int) -> Any:
        return x.max(axis=axis)

    @staticmethod
    def prod(x: Any, axis: int) -> Any:
        return x.prod(axis=axis)

    @staticmethod
    def clip(x: Any, low: float, high: float) -> Any:
        return autograd.clip(x, low, high)


def theirs(torch: Any) -> Any:
    """The same functions of PyTorch's."""

    class Theirs:
        exp, log, tanh, sigmoid, sqrt = torch.exp, torch.log, torch.tanh, torch.sigmoid, torch.sqrt
        softplus, relu, abs, sin, arctan = torch.nn.functional.softplus, torch.relu, torch.abs, torch.sin, torch.arctan
        where, maximum, matmul, plain = torch.where, torch.maximum, torch.matmul, torch.tensor
        clip = torch.clip

        @staticmethod
        def concatenate(xs: Any, axis: int) -> Any:
            return torch.cat(xs, axis)

        @staticmethod
        def softmax(x: Any, axis: int) -> Any:
            return torch.softmax(x, axis)

        @staticmethod
        def log_softmax(x: Any, axis: int) -> Any:
            return torch.log_softmax(x, axis)

        @staticmethod
        def logsumexp(x: Any, axis: int) -> Any:
            return torch.logsumexp(x, axis)

        @staticmethod
        def cumsum(x: Any, axis: int) -> Any:
            return torch.cumsum(x, axis)

        @staticmethod
        def sort(x: Any, axis: int) -> Any:
            return torch.sort(x, dim=axis, stable=True).values

        @staticmethod
        def norm(x: Any, axis: int) -> Any:
            return torch.linalg.vector_norm(x, dim=axis)

        @staticmethod
        def std(x: Any, axis: int) -> Any:
            return torch.std(x, axis, correction=0)

        @staticmethod
        def max(x: Any, axis: int) -> Any:
            return torch.amax(x, axis)

        @staticmethod
        def prod(x: Any, axis: int) -> Any:
            return torch.prod(x, axis)

    return Theirs


ELEMENTWISE = ("tanh", "sigmoid", "softplus", "relu", "abs", "sin", "arctan")


class ArrayProgram:
    """Steps that take an array of two axes to another, and in the end to one number.

    Args:
        seed: decides everything, the starting array included.
    """

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        draws = np.random.default_rng(seed)
        self.shape = (rng.randint(1, 4), rng.randint(1, 4))
        self.start = draws.normal(size=self.shape)
        rounded = rng.random() < 0.3
        if rounded:  # ties, zeros and large numbers
            self.start = np.round(self.start)
        if rng.random() < 0.1:
            self.start *= 300.0
        self.steps: list[tuple[str, Step]] = []
        shape = self.shape
        for _ in range(rng.randint(2, 8)):
            summed = any(name.split()[0] in SUMS for name, _ in self.steps)  # in an order of their own: no tie is sure
            jumps = TIES if rounded and summed else ("std",) if rounded and self.steps else ()
            name, step, shape = self._step(shape, draws, [other for other in OTHERS if other not in jumps])
            self.steps.append((name, step))
        weights = draws.normal(size=shape)
        self.steps.append(("weighted sum", lambda x, F: (x * F.plain(weights)).sum()))

    def __call__(self, x: Any, functions: Any) -> Any:
        for _, step in self.steps:
            x = step(x, functions)
        return x

    def __repr__(self) -> str:
        return " > ".join(name for name, _ in self.steps) + f" of {self.start.tolist()}"

    def _step(self, shape: tuple[int, ...], draws: Any, others: list[str]) -> tuple[str, Step, tuple[int, ...]]:
        rng = self.rng
        (n, m), axis = shape, rng.randrange(2)
        other = draws.normal(size=shape)
        kept = (1, m) if axis == 0 else (n, 1)
        name = rng.choice([*ELEMENTWISE, *ELEMENTWISE, *others])
        if name in ELEMENTWISE:
            return name, lambda x, F: getattr(F, name)(x), shape
        if name in ("softmax", "log_softmax", "cumsum", "sort"):
            return f"{name} {axis}", lambda x, F: getattr(F, name)(x, axis=axis), shape
        if name in ("logsumexp", "norm", "max", "prod", "std"):
            return f"{name} {axis}", lambda x, F: getattr(F, name)(x, axis=axis).reshape(kept), kept
        if name in ("sum", "mean"):
            return f"{name} {axis}", lambda x, F: getattr(x, name)(axis).reshape(kept), kept
        if name == "matmul":
            k = rng.randint(1, 3)
            matrix = draws.normal(size=(m, k))
            return name, lambda x, F: F.matmul(x, F.plain(matrix)), (n, k)
        if name == "transpose":
            return name, lambda x, F: x.T, (m, n)
        if name == "reshape":
            return name, lambda x, F: x.reshape((1, n * m)), (1, n * m)
        if name == "index":
            rows = [rng.randrange(-n, n) for _ in range(rng.randint(1, 4))]
            return f"index {rows}", lambda x, F: x[rows], (len(rows), m)
        if name == "slice":
            return name, lambda x, F: x[:, : max(1, m - 1)], (n, max(1, m - 1))
        if name == "concatenate":
            return name, lambda x, F: F.concatenate([x, x * 0.5], axis=0), (2 * n, m)
        if name == "where":
            mask = other > 0
            return name, lambda x, F: F.where(F.plain(mask), x * x, F.exp(-x * x)), shape
        if name == "maximum":
            return name, lambda x, F: F.maximum(x, F.plain(other)), shape
        if name == "clip":
            return name, lambda x, F: F.clip(x, -0.7, 1.1), shape
        if name == "divide":
            return name, lambda x, F: F.plain(other) / (1.0 + x * x), shape
        if name == "power":
            return name, lambda x, F: (0.5 + x * x) ** 1.5, shape
        return "broadcast", lambda x, F: x * F.plain(other[:1]) + F.plain(other[:, :1]), shape


OTHERS = (
    "softmax", "log_softmax", "cumsum", "sort", "logsumexp", "norm", "max", "prod", "std", "sum", "mean", "matmul",
    "transpose", "reshape", "index", "slice", "concatenate", "where", "maximum", "clip", "divide", "power", "broadcast",
)  # fmt: skip
SUMS = ("softmax", "log_softmax", "cumsum", "logsumexp", "norm", "prod", "std", "sum", "mean", "matmul")
TIES = ("max", "sort", "std")
