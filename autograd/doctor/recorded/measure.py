"""The numbers that `examine` judges, taken from one recorded loss: of weights by name, or of a model of modules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.node import walk
from ...errors import OperandError
from ...switches import no_grad
from .evidence import Batch, moved
from .layers import Layers
from .reference import place_layers, record

Array = Any
Loss = Callable[..., Any]
ACTIVATIONS = ("sigmoid", "tanh", "relu", "leaky_relu", "elu", "gelu", "silu", "softplus")


@dataclass
class Layer:
    """An activation on the whole batch: pre-activations z, results a, slopes f'(z); the last axis counts the units.

    `place` is where its result stands in the recorded loss, -1 where that has a node for each unit: `units` are then
    their modules.
    """

    name: str
    kind: str
    z: Array
    a: Array
    slope: Array
    place: int = -1
    units: tuple[Any, ...] = ()


@dataclass
class Measured:
    """What was measured. `blocks` in the order from input to output; `units_first`: a block's rows are units.

    To find them in a graph again: `parts` are a model's parameters by block, `signature` the primitives of the loss.
    """

    loss: float
    blocks: dict[str, Array]
    gradients: dict[str, Array]
    layers: list[Layer] = field(default_factory=list)
    prediction: Array | None = None
    target: Array | None = None  # laid out like the prediction
    target_given: Array | None = None  # as it is in the batch
    held: dict[str, Array] = field(default_factory=dict)
    units_first: bool = False
    head: str = ""  # the activation of the output, if it has one
    parts: dict[str, list[Any]] = field(default_factory=dict)
    signature: tuple[str, ...] = ()


def measure(model: Any, loss: Loss, batch: Sequence[Any]) -> Measured:
    """Record the loss once and read everything off it.

    Args:
        model: arrays by name, or a model with `named_parameters()`.
        loss: `loss(model, *batch)`, one number.
        batch: the samples; the last part holds the targets.
    """
    if isinstance(model, Mapping):
        return _of_arrays(model, loss, batch)
    if callable(getattr(model, "named_parameters", None)):
        return _of_model(model, loss, batch)
    raise OperandError(
        "examine() takes weights by name, {'W1': array, ...}, or a model with named_parameters(), got "
        f"{type(model).__name__}"
    )


def _of_arrays(params: Mapping[str, Any], loss: Loss, batch: Sequence[Any]) -> Measured:
    blocks = {name: np.array(block, dtype=float) for name, block in params.items()}
    recording = record(loss, blocks, tuple(batch))
    known: dict[tuple[str, ...], Layers] = {}
    rng = np.random.default_rng(0)
    if recording.array_graph:  # the layers are read elsewhere: at zeros, say, a relu and a tanh look alike
        elsewhere = moved(blocks, rng, "fresh")
        try:
            other = record(loss, elsewhere, tuple(batch))
            place_layers(other, known, record(loss, elsewhere, Batch(tuple(batch)).shaken(tuple(batch), rng)))
        except Exception:
            known.clear()
    place_layers(recording, known)
    order = recording.layers.order[::-1] or list(blocks)
    found = Measured(recording.value, {n: blocks[n] for n in order}, {n: recording.gradient[n] for n in order})
    found.signature = recording.signature
    for act in recording.layers.activations:
        z, a = recording.data(act.z), recording.data(act.out)
        found.layers.append(Layer(f"after {act.block}", act.kind, z, a, recording.slope(act), act.out))
        if act.z == recording.layers.output:
            found.head, found.prediction = act.kind, a
    if found.prediction is None and recording.layers.output is not None:
        found.prediction = recording.data(recording.layers.output)
    found.target, found.target_given = _target(batch, found.prediction), _given(batch)
    return found


def _of_model(model: Any, loss: Loss, batch: Sequence[Any]) -> Measured:
    named = list(model.named_parameters())
    held = [np.array(part.grad, dtype=float) for _, part in named]
    for _, part in named:
        part.grad = 0.0 * np.asarray(part.data) if np.ndim(part.data) else 0.0
    try:
        out = loss(model, *batch)
        out.backward()
        fresh = [np.array(part.grad, dtype=float) for _, part in named]
    finally:
        for (_, part), before in zip(named, held, strict=True):
            part.grad = before if before.ndim else float(before)
    found = Measured(float(out.item() if hasattr(out, "item") else out), {}, {}, units_first=True)
    groups: dict[str, list[int]] = {}
    for k, (name, part) in enumerate(named):
        groups.setdefault(name if np.ndim(part.data) else _layer_of(name), []).append(k)
    for name, members in groups.items():
        found.parts[name] = [named[k][1] for k in members]
        found.blocks[name] = _stacked([np.asarray(named[k][1].data, dtype=float) for k in members], named, members)
        found.gradients[name] = _stacked([fresh[k] for k in members], named, members)
        found.held[name] = _stacked([held[k] for k in members], named, members)
    found.layers = _activations(out)
    found.prediction = _predicted(model, batch[0]) if batch else None
    found.target, found.target_given = _target(batch, found.prediction), _given(batch)
    if found.layers and found.prediction is not None:
        last, predicted = np.sort(found.layers[-1].a.ravel()), np.sort(found.prediction.ravel())
        if last.shape == predicted.shape and np.allclose(last, predicted):
            found.head = found.layers[-1].kind
    return found


def _layer_of(name: str) -> str:
    """`layers.0.neurons.2.w.1` is of the block `layers.0.w`."""
    parts = name.split(".")
    kept = parts[:2] if parts[0] == "layers" else parts[:1]
    last = next((part for part in reversed(parts) if not part.isdigit()), "")
    return ".".join([*kept, last] if last not in kept else kept)


def _stacked(numbers: list[Array], named: list[Any], members: list[int]) -> Array:
    """Scalars of one block as a matrix with a row for each unit, where they can be laid out so."""
    if len(numbers) == 1 and numbers[0].ndim:
        return numbers[0]
    rows: dict[str, list[float]] = {}
    for k, number in zip(members, numbers, strict=True):
        rows.setdefault(named[k][0].rpartition(".")[0], []).append(float(number))
    lengths = {len(row) for row in rows.values()}
    return np.array(list(rows.values())) if len(lengths) == 1 else np.array([float(n) for n in numbers])


def _activations(out: Any) -> list[Layer]:
    """The activations of a recorded loss, those of one module together."""
    found: dict[Any, dict[Any, list[tuple[Any, Any, Any]]]] = {}
    for node, operands in walk(out):
        if node.op in ACTIVATIONS:
            layer = tuple(part for part in node.scope if not str(part).startswith("neurons"))
            unit = node.scope
            numbers = tuple(np.asarray(operand.data, dtype=float) for operand in operands)
            with np.errstate(all="ignore"):
                slope = np.asarray(node.rule.partial(0, numbers, np.asarray(node.data, dtype=float)), dtype=float)
            a = np.asarray(node.data, dtype=float)
            units = found.setdefault((layer, node.op), {})
            units.setdefault(unit, []).append((numbers[0], a, np.broadcast_to(slope, a.shape)))
    layers = []
    for k, ((place, kind), by_unit) in enumerate(found.items(), start=1):
        if len({len(parts) for parts in by_unit.values()}) > 1:
            continue
        z, a, slope = (  # scalars: a column for each unit; arrays: their last axis counts the units
            np.concatenate([_rows([part[j] for part in parts]) for parts in by_unit.values()], axis=-1)
            for j in range(3)
        )
        layers.append(Layer(".".join(map(str, place[1:])) or f"{kind} {k}", kind, z, a, slope, units=tuple(by_unit)))
    return layers


def _rows(parts: list[Array]) -> Array:
    return np.concatenate([np.reshape(part, (-1, part.shape[-1] if part.ndim else 1)) for part in parts])


def _predicted(model: Any, X: Any) -> Array | None:
    with no_grad():
        for call in (lambda: model(X), lambda: [model(row) for row in X]):
            try:
                return _numbers(call())
            except Exception:
                continue
    return None


def _numbers(tree: Any) -> Array:
    if isinstance(tree, (list, tuple)):
        return np.array([_numbers(part) for part in tree])
    return np.asarray(getattr(tree, "data", tree), dtype=float)


def _target(batch: Sequence[Any], prediction: Array | None) -> Array | None:
    if not batch or prediction is None:
        return None
    target = _given(batch)
    if target is None or target.size != prediction.size:
        return None
    return target.astype(float).reshape(prediction.shape)


def _given(batch: Sequence[Any]) -> Array | None:
    """The targets as they are in the batch, where they are an array of numbers."""
    try:
        target = np.asarray(batch[-1]) if len(batch) > 1 else None
    except ValueError:
        return None
    return target if target is not None and target.dtype.kind in "biuf" else None
