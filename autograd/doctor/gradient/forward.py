"""The learner's forward pass against ours, layer by layer: which output is which node of the recorded loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import OperandError
from ...switches import no_grad
from ..language import say
from ..recorded.evidence import Batch
from ..recorded.reference import Loss, Params, Recording, place_layers, record
from .report import LayerReport

Array = Any
TOLERANCE = 1e-6


def compare_forward(loss: Loss, params: Params, batch: Batch, forward: Any) -> list[LayerReport]:
    """A verdict on every output of their forward pass, from the input on.

    Args:
        forward: outputs in order or by name, or the function `(params, *batch)` that gives them.

    Raises:
        OperandError: it gives neither a sequence nor a mapping.
    """
    whole, _ = batch.all()
    blocks = {name: np.array(block, dtype=float) for name, block in params.items()}
    recording = record(loss, blocks, whole)
    place_layers(recording, {})
    found = forward
    if callable(forward):
        with np.errstate(all="ignore"), no_grad():
            found = forward({name: block.copy() for name, block in blocks.items()}, *whole)
    if isinstance(found, Mapping):
        named = list(found.items())
    elif isinstance(found, (list, tuple)):
        named = [(f"layer {k}", output) for k, output in enumerate(found, start=1)]
    else:
        raise OperandError(f"forward= gives the outputs of the layers in a list or by name, got {type(found).__name__}")
    return _compared(recording, [(str(name), np.asarray(output, dtype=float)) for name, output in named])


def _compared(recording: Recording, outputs: list[tuple[str, Array]]) -> list[LayerReport]:
    layers = recording.layers
    stages = _stages(recording)
    reports: list[LayerReport] = []
    reached = 0
    expected = [act.out for act in layers.activations]
    if layers.output is not None and layers.output not in {act.z for act in layers.activations}:
        expected.append(layers.output)
    for k, (name, theirs) in enumerate(outputs):
        same = [at for at in stages if at >= reached and _error(theirs, recording.data(at)) <= TOLERANCE]
        if same:
            reached = same[0]
            error = _error(theirs, recording.data(reached))
            reports.append(LayerReport(name, "right", error, say("f_right", stage=stages[reached])))
            continue
        want = expected[k] if k < len(expected) else expected[-1] if expected else None
        if want is None:
            reports.append(LayerReport(name, "cannot tell", np.nan, say("f_unread")))
            continue
        reports.append(
            LayerReport(name, "wrong", _error(theirs, recording.data(want)), _likeness(recording, theirs, want, stages))
        )
    wrong = [report.layer for report in reports if report.verdict == "wrong"]
    if wrong[1:]:  # what comes after a wrong layer is computed from it
        reports = [
            LayerReport(r.layer, r.verdict, r.relative_error, say("f_follows", reason=r.reason, layer=wrong[0]))
            if r.layer in wrong[1:]
            else r
            for r in reports
        ]
    return reports


def _stages(recording: Recording) -> dict[int, str]:
    """The nodes that are worth comparing with, and what they are."""
    layers = recording.layers
    stages = dict.fromkeys(layers.pre_activations, say("f_pre"))
    for at, (block, _) in layers.products.items():
        stages.setdefault(at, say("f_product", block=block))
    for act in layers.activations:
        stages[act.z] = say("f_pre_of", block=act.block)
        stages[act.out] = say("f_output_of", block=act.block)
    if layers.output is not None and layers.output not in {act.z for act in layers.activations}:
        stages[layers.output] = say("f_network")
    return dict(sorted(stages.items()))


def _likeness(recording: Recording, theirs: Array, want: int, stages: dict[int, str]) -> str:
    ours = recording.data(want)
    for at, text in stages.items():
        if _error(theirs, recording.data(at)) <= TOLERANCE:
            return say("f_earlier", stage=text)
    if theirs.ndim == 2 and theirs.T.shape == ours.shape and _error(theirs.T, ours) <= TOLERANCE:
        return say("f_transposed", stage=stages[want])
    for act in recording.layers.activations:
        if act.out == want and _error(theirs, recording.apply(act, ours)) <= TOLERANCE:
            return say("f_twice", stage=stages[want])
    if theirs.shape != ours.shape and theirs.size != ours.size:
        return say("f_shape", shape=theirs.shape, stage=stages[want], wanted=ours.shape)
    flat, target = theirs.ravel(), ours.ravel()
    length = float(np.vdot(target, target))
    scale = float(np.vdot(target, flat)) / length if length else 0.0
    if scale and np.linalg.norm(flat - scale * target) <= TOLERANCE * np.linalg.norm(flat):
        return say("f_scaled", stage=stages[want], factor=f"{scale:.6g}")
    return say("f_differs", stage=stages[want])


def _error(theirs: Array, ours: Array) -> float:
    """The relative difference; infinite where the sizes differ. A (3,) and a (3, 1) count as the same."""
    if theirs.size != ours.size or (theirs.shape != ours.shape and theirs.ndim == ours.ndim and theirs.ndim > 1):
        return np.inf
    size = float(np.linalg.norm(ours))
    missed = float(np.linalg.norm(theirs.ravel() - ours.ravel()))
    return missed / size if size else (0.0 if missed == 0.0 else np.inf)
