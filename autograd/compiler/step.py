"""What compiled steps have in common. `compile` makes them; the two kinds are in `scalar/step.py` and `arrays/step.py`.

step = compile(loss, model.parameters())
step(X, Y)                                  the loss; adds into every parameter's .grad
step.value_and_grad(theta, X, Y)            the same on a flat vector: what scipy.optimize wants
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..carrier import describe
from ..errors import AnomalyError, OperandError, TraceError
from ..switches import looking_for_anomalies
from .batch import Floats
from .derive import BasePlans


def _is_finite(found: Any) -> bool:
    """Whether all numbers are finite, in lists and dicts too."""
    if isinstance(found, (list, tuple, dict)):
        return all(map(_is_finite, found.values() if isinstance(found, dict) else found))
    return bool(np.all(np.isfinite(found)))


class Specialization:
    """What a step knows about arguments of one shape: the traced program, and the kernels made from it so far."""

    plans: BasePlans[Any]

    def source(self, kind: str) -> str:
        """The text of the function of this kind."""
        raise NotImplementedError

    def javascript(self, kind: str) -> str:
        """The same in JavaScript."""
        raise NotImplementedError


class BaseStep:
    """A compiled function: see `compile`."""

    parameters: tuple[Any, ...]
    size: int  # of a flat vector of the parameters

    def __init__(self, function: Callable[..., Any] | None, names: tuple[str, ...] | None) -> None:
        self._function, self.names = function, names
        self.traces: dict[Any, Any] = {}
        self._latest: Any = None

    def __call__(self, *arguments: Any) -> Any:
        """The loss; its derivative is added to every parameter's `.grad`."""
        raise NotImplementedError

    @property
    def function(self) -> Callable[..., Any] | None:
        """What was compiled; None where the step was read from a file."""
        return self._function

    # ------------------------------------------------------------- the functional form, on a flat vector of parameters

    def value(self, theta: Any, *arguments: Any) -> float:
        """The loss, with the parameters in the vector `theta`: all their numbers one after the other."""
        found: float = self._watched(self._flat("value", (theta,), arguments))
        return found

    def value_and_grad(self, theta: Any, *arguments: Any) -> tuple[float, Floats]:
        """The loss and its gradient, an array of the shape of `theta`: what `scipy.optimize` wants.

        With the engine jax, and `theta` an array of jax's, so are the results: nothing leaves the device.
        """
        found: tuple[float, Floats] = self._watched(self._flat("value_and_grad", (theta,), arguments))
        return found

    def hvp(self, theta: Any, v: Any, *arguments: Any) -> Floats:
        """The Hessian of the loss times the vector `v`."""
        found: Floats = self._watched(self._flat("hvp", (theta, v), arguments))
        return found

    def hessian(self, theta: Any, *arguments: Any) -> Floats:
        """The matrix of second derivatives, shape (len(theta), len(theta)); one column at a time."""
        return np.array([self.hvp(theta, unit, *arguments) for unit in np.eye(self.size)]).reshape(-1, self.size)

    def pack(self) -> Floats:
        """The numbers of the parameters as one vector."""
        raise NotImplementedError

    def unpack(self, theta: Any) -> None:
        """Give the parameters the numbers of a vector."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------------------- to look at

    @property
    def source(self) -> str:
        """The program as Python that runs by itself: the backprop you did not have to write.

        With the engine javascript it is the JavaScript.

        Raises:
            TraceError: the step has not been called yet, and the program depends on the shapes of its arguments.
        """
        return self._known().source("value_and_grad" if self.parameters else "forward")

    def source_of(self, *arguments: Any) -> str:
        """The program for arguments of these shapes, whether it has been called with such or not; see `source`."""
        self._specialized(arguments)
        return self.source

    @property
    def javascript(self) -> str:
        """The program as one small JavaScript module that depends on nothing.

        Raises:
            OperandError: it is a program of whole arrays.
            TraceError: as for `source`.
        """
        return self._known().javascript("value_and_grad" if self.parameters else "forward")

    @property
    def program(self) -> str:
        """The instructions, one a line, derivative included."""
        known = self._known()
        known.source("value_and_grad" if self.parameters else "forward")  # which derives it
        return str(known.plans.program)

    def _known(self) -> Specialization:
        """The specialization that was called last."""
        if self._latest is None:
            if self.names != ():
                raise TraceError(
                    "the source depends on the shapes of the arguments: call the step on a batch first, "
                    "or write step.source_of(...) with one"
                )
            self._specialized(())
        latest: Specialization = self._latest
        return latest

    # -------------------------------------------------------------------------------------------------- behind it

    def _watched(self, found: Any) -> Any:
        """What was computed, unchanged.

        Raises:
            AnomalyError: under `detect_anomaly()`, it is not finite.
        """
        if looking_for_anomalies() and not all(map(_is_finite, found if isinstance(found, tuple) else (found,))):
            raise AnomalyError(
                f"{self!r} gave a number that is not finite; a compiled program runs as a whole, so to learn which "
                "operation it was, call the function itself, step.function, and backward, under detect_anomaly()"
            )
        return found

    def _flat(self, kind: str, vectors: Sequence[Any], arguments: Sequence[Any]) -> Any:
        """Run the program of this kind on flat vectors: theta, and for "hvp" a direction."""
        raise NotImplementedError

    def _specialized(self, arguments: Sequence[Any]) -> Any:
        """The specialization for arguments of these shapes, which becomes the latest; and the arrays themselves."""
        raise NotImplementedError


def checked_parameters(parameters: Iterable[Any], carrier: type, remedy: str) -> tuple[Any, ...]:
    """The parameters as a tuple.

    Args:
        carrier: Value or Tensor.
        remedy: what a message says about other things.

    Raises:
        OperandError: something is no leaf of this kind, or is named twice.
    """
    listed = tuple(parameters.ravel() if isinstance(parameters, np.ndarray) else parameters)
    for p in listed:
        if not isinstance(p, carrier):
            raise OperandError(remedy.format(describe(p)))
        if not p.is_leaf:  # type: ignore[attr-defined]
            raise OperandError(f"a parameter is a leaf, got the result of {p.op}")  # type: ignore[attr-defined]
    if len(set(map(id, listed))) < len(listed):
        raise OperandError(
            f"a {carrier.__name__} stands more than once among the parameters: its gradient would be added twice"
        )
    return listed
