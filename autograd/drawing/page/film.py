"""`Film`: what a network went through while it was trained, as a page with a time slider.

A frame costs a few numbers: parameters and gradients as 32-bit floats, curves and activations with a mantissa of 11
bits. The model is only called and asked for its parameters; nothing of its graphs is kept.
"""

from __future__ import annotations

import base64
import gzip
import math
import os
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ...core.node import walk
from ...errors import GraphError, OperandError
from ...switches import no_grad
from ...tensor.tensor import Tensor
from ..escape import clean
from ..order import natural
from .file import Page, assemble
from .samples import PLANE_SIDE, Floats, boundary, checked_samples, grid, named_parameters
from .still import picture

SCRIPTS: Final = ("numbers.js", "elements.js", "tints.js", "plot.js", "film.js")
PROBES: Final = 17
MOST_NEURONS: Final = 64


class Film:
    """Records a training, frame by frame, and shows it as a page.

    Args:
        model: what is trained: it has `named_parameters()`, or `parameters()`, and can be called.
        loss: a function without arguments that gives the loss now; without one, give the number to `frame`.
        data: the inputs and the targets, (X, y) with X of shape (n, inputs). For one or two inputs the page then shows
            the fitted curve or the decision boundary.
        predict: what the model answers to inputs of shape (n, inputs), if calling it row by row is too slow.

    >>> from autograd import Value
    >>> class Line:
    ...     def __init__(self):
    ...         self.slope = Value(0.0, "slope")
    ...     def named_parameters(self):
    ...         return [("slope", self.slope)]
    ...     def __call__(self, x):
    ...         return self.slope * x[0]
    >>> line = Line()
    >>> record = Film(line, lambda: (line([2.0]) - 6.0) ** 2)
    >>> for _ in range(3):
    ...     line.slope.grad = 0.0
    ...     ((line([2.0]) - 6.0) ** 2).backward()
    ...     record.frame()
    ...     line.slope.data -= 0.1 * line.slope.grad
    >>> record
    <Film of Line: 3 frames, 1 parameter>
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[[], Any] | None = None,
        data: tuple[Any, Any] | None = None,
        predict: Callable[[Floats], Any] | None = None,
    ) -> None:
        if loss is not None and not callable(loss):
            raise OperandError(
                "the loss of a Film is a function without arguments that gives the loss now, "
                f"got {type(loss).__name__}; write lambda: mse(model(X), y), or give the number to frame(loss)"
            )
        self._model, self._loss, self._predict = model, loss, predict
        named = named_parameters(model, "Film")
        self._parameters = [each for _, each in named]
        self._names = [
            name if index is None else f"{name}[{','.join(map(str, index))}]"
            for name, each in named
            for index in ([None] if np.ndim(each.data) == 0 else np.ndindex(np.shape(each.data)))
        ]
        self._rows: list[npt.NDArray[np.float32]] = []
        self._steps: list[int] = []
        self._neurons: list[str] = []
        self._data = None if data is None else checked_samples(data, "Film")
        self._grid = None if self._data is None else grid(self._data[0])
        self._probes = _probes(self._data)

    def frame(self, loss: Any = None, step: int | None = None) -> None:
        """Record how things are now: call it after backward, before the optimiser changes the parameters.

        Args:
            loss: the loss, where it is known already.
            step: which step of the training this is; by default frames are counted.
        """
        given = self._loss() if loss is None and self._loss is not None else loss
        held = _flat([each.data for each in self._parameters])
        slopes = _flat([each.grad for each in self._parameters])
        if self._rows and held.size != len(self._names):
            raise GraphError(f"the model has {held.size} parameters now and had {len(self._names)} in the first frame")
        row = [
            np.array([math.nan if given is None else float(np.asarray(getattr(given, "data", given)))]),
            held,
            slopes,
            _rounded(self._answers()),
            _rounded(self._activations()),
        ]
        self._rows.append(np.concatenate(row).astype(np.float32))
        self._steps.append(len(self._steps) if step is None else int(step))

    def page(self, title: str = "") -> Page:
        """The film as a page.

        Raises:
            GraphError: no frame was recorded.
        """
        if not self._rows:
            raise GraphError("there are no frames yet: call frame() at each step of the training")
        named = clean(title, 200) or f"Training of {type(self._model).__name__}"
        return Page(assemble("film", named, SCRIPTS, self._told()), named, self._still)

    def save(self, path: str | os.PathLike[str], title: str = "") -> str:
        """Write the page to a file and return its path."""
        return self.page(title).save(path)

    @property
    def weights(self) -> list[tuple[int, list[float]]]:
        """For each frame which step it is, and the numbers of all parameters one after the other."""
        count = len(self._names)
        rows = [row[1 : 1 + count].astype(float).tolist() for row in self._rows]
        return list(zip(self._steps, rows, strict=True))

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        count = len(self._names)
        return f"<Film of {type(self._model).__name__}: {len(self)} frames, {count} parameter{'s' * (count != 1)}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.page()._repr_mimebundle_(include, exclude) if self._rows else {"text/plain": repr(self)}

    # ------------------------------------------------------------------------------------------------ recording

    def _answers(self) -> Floats:
        """What the model says on the grid of its inputs."""
        if self._grid is None:
            return np.zeros(0)
        if self._predict is not None:
            return np.asarray(self._predict(self._grid), dtype=float).reshape(len(self._grid), -1)[:, 0]
        with no_grad():
            if _is_of_arrays(self._parameters):
                answer = self._model(Tensor(self._grid)).data
                return np.asarray(answer, dtype=float).reshape(len(self._grid), -1)[:, 0]
            return np.array([_first(self._model(row)) for row in self._grid.tolist()])

    def _activations(self) -> Floats:
        """What every neuron says to some inputs: the last value recorded in its scope. Only of scalar models."""
        if self._probes is None or _is_of_arrays(self._parameters):
            return np.zeros(0)
        found: dict[tuple[str, ...], list[float]] = {}
        for row in self._probes.tolist():
            out = self._model(row)
            roots = out if isinstance(out, (list, tuple)) else [out]
            for path, number in {node.scope: node.data for node, operands in walk(*roots) if operands}.items():
                found.setdefault(path, []).append(number)
        deepest = max(map(len, found), default=0)
        kept = {path: seen for path, seen in found.items() if len(path) == deepest and len(seen) == len(self._probes)}
        if not kept or deepest == 0 or len(kept) > MOST_NEURONS:
            return np.zeros(0)
        inner = sorted(kept, key=lambda path: [natural(part) for part in path])
        self._neurons = [".".join(path[1:] or path) for path in inner]
        return np.array([kept[path] for path in inner]).ravel()

    # -------------------------------------------------------------------------------------------------- telling

    def _still(self) -> str:
        """The picture that stands where no script runs: the loss, and what the model answers in the end."""
        table = np.stack(self._rows).astype(float)
        count = len(self._names)
        size = np.linalg.norm(table[:, 1 + count : 1 + 2 * count], axis=1)
        loss = ("Loss", table[:, 0]) if np.isfinite(table[:, 0]).any() else ("Norm of the gradient", size)
        parts: list[Any] = [(loss[0], (self._steps, loss[1].tolist()), None)]
        if self._grid is not None and self._data is not None and self._grid.shape[1] == 1:
            answers = table[-1, 1 + 2 * count : 1 + 2 * count + len(self._grid)].tolist()
            points = (self._data[0][:, 0].tolist(), self._data[1].tolist())
            parts.append(("What the model answers, and the data", (self._grid[:, 0].tolist(), answers), points))
        return picture(parts)

    def _told(self) -> dict[str, Any]:
        count = len(self._names)
        table = np.stack(self._rows)
        groups = [_layer(name) for name in self._names]
        layers = list(dict.fromkeys(groups))
        slopes = table[:, 1 + count : 1 + 2 * count].astype(float)
        norms = [
            np.sqrt(np.sum(slopes[:, [group == layer for group in groups]] ** 2, axis=1)).astype(np.float32)
            for layer in layers
        ]
        packed = np.ascontiguousarray(np.concatenate([table.T, np.stack(norms)])).astype("<f4").tobytes()
        grid = 0 if self._grid is None else len(self._grid)
        told: dict[str, Any] = {
            "frames": len(self._rows),
            "steps": self._steps,
            "layers": [clean(layer) for layer in layers],
            "loss": None if np.all(np.isnan(table[:, 0])) else 0,
            "parameters": {
                "names": [clean(name) for name in self._names],
                "value": 1,
                "gradient": 1 + count,
                "layer": [layers.index(group) for group in groups],
            },
            "norms": table.shape[1],
            **self._curve(1 + 2 * count),
            "numbers": base64.b64encode(gzip.compress(packed, 9, mtime=0)).decode("ascii"),
        }
        if self._neurons and self._probes is not None:
            told["activations"] = {
                "names": [clean(name) for name in self._neurons],
                "row": 1 + 2 * count + grid,
                "probes": len(self._probes),
                "line": self._probes.shape[1] == 1,
            }
        return {name: thing for name, thing in told.items() if thing is not None}

    def _curve(self, row: int) -> dict[str, Any]:
        if self._grid is None or self._data is None:
            return {}
        inputs, targets = self._data
        shown = slice(None, None, max(1, len(inputs) // 400))
        y = targets[shown].tolist()
        if self._grid.shape[1] == 1:
            data = {"x": inputs[shown, 0].tolist(), "y": y}
            return {"curve": {"xs": self._grid[:, 0].tolist(), "row": row, "data": data}}
        middle = boundary(targets)
        ends = {"low": self._grid[0].tolist(), "high": self._grid[-1].tolist()}
        data = {"x": inputs[shown].tolist(), "y": y}
        return {"plane": {"side": PLANE_SIDE, "row": row, "middle": middle, "data": data, **ends}}


def _is_of_arrays(parameters: Sequence[Any]) -> bool:
    return any(isinstance(each, Tensor) for each in parameters)


def _flat(things: Sequence[Any]) -> Floats:
    return np.concatenate([np.ravel(np.asarray(thing, dtype=float)) for thing in things]) if things else np.zeros(0)


def _first(answer: Any) -> float:
    first = answer[0] if isinstance(answer, (list, tuple)) else answer
    return float(np.asarray(getattr(first, "data", first), dtype=float))


def _rounded(numbers: Floats) -> Floats:
    """The numbers with 11 bits of mantissa, which a picture does not tell apart and which pack well."""
    bits = numbers.astype(np.float32).view(np.uint32)
    kept: Floats = ((bits + np.uint32(0x800)) & np.uint32(0xFFFFF000)).view(np.float32).astype(float)
    return kept


def _layer(name: str) -> str:
    """The layer a parameter belongs to: its name up to the first number, or its first part."""
    parts = name.split(".")
    number = next((place for place, part in enumerate(parts) if part.isdigit()), 0)
    return ".".join(parts[: number + 1]) if len(parts) > 1 else name.partition("[")[0]


def _probes(data: tuple[Floats, Floats] | None) -> Floats | None:
    """Inputs for which activations are kept: along the line, or some of the data."""
    if data is None:
        return None
    inputs = data[0]
    if inputs.shape[1] == 1:
        return np.linspace(inputs.min(), inputs.max(), PROBES).reshape(-1, 1)
    some: Floats = inputs[np.linspace(0, len(inputs) - 1, min(PROBES, len(inputs))).astype(int)]
    return some
