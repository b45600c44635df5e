"""The table of typical mistakes: what each is called, how its gradient is made, what it means and what to do.

A mistake is a `Factor`: a row of the table and, where it matters, the activation it happens at. Its gradient at a probe
is a sweep with that mistake in it (`reference.Mistake`), or something done to the result; several factors multiply.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recorded.evidence import Evidence, Probe
from ..recorded.reference import RIGHT, Mistake

Array = Any


@dataclass(frozen=True)
class Template:
    """A row: its name, the place it takes in a gradient (only one factor each), what it means."""

    name: str
    slot: str
    essence: str


TABLE: dict[str, Template] = {
    row.name: row
    for row in (
        Template("sign", "scale", "the right gradient with the wrong sign: a step along it climbs"),
        Template("scaled", "scale", "the right direction, the wrong factor"),
        Template("transposed", "layout", "rows and columns exchanged"),
        Template("zero", "instead", "zero, though the loss does change with this block"),
        Template(
            "weight", "instead", "the weight itself in place of its gradient: this is weight decay, it forgets the data"
        ),
        Template("error", "input", "the error alone, without the input of the layer"),
        Template(
            "weight-for-activation",
            "input",
            "the error times the weight, in place of the error times the layer's input",
        ),
        Template("missing-derivative", "sweep", "the derivative of an activation was left out"),
        Template("activation-applied-twice", "sweep", "the derivative was taken at f(z) in place of z"),
        Template(
            "raw-error", "sweep", "the raw error was sent back, without the derivatives of the activations it passed"
        ),
        Template("stale", "history", "the gradient of the call before this one"),
        Template("doubled", "history", "gradients of several calls added up: it is never set back to zero"),
        Template("updated-weights", "weights", "the error was sent back through weights that were updated already"),
        Template("not-finite", "form", "it holds NaN or infinity"),
        Template("integer", "form", "an array of integers: everything after the decimal point is lost"),
        Template("aliased", "form", "it shares its memory with another block's: writing one changes both"),
        Template("shape", "form", "it does not have the shape of its block"),
        Template("unrecognised", "form", "wrong, and none of the mistakes known here"),
    )
}
"""Every row by its name; of two explanations equally simple, the earlier is preferred."""

RANK = {name: k for k, name in enumerate(TABLE)}


@dataclass(frozen=True)
class Factor:
    """A mistake at a place.

    Args:
        name: the row of the table.
        where: for sweeps, the activations it happens at.
        variant: which of several ways to make the same mistake.
        lr: for updated weights, the step they were updated by.
    """

    name: str
    where: frozenset[int] = frozenset()
    variant: str = ""
    lr: float = 0.0

    @property
    def slot(self) -> str:
        return TABLE[self.name].slot


def singles(evidence: Evidence, block: str) -> list[Factor]:
    """The mistakes that could be in the gradient of a block, scales aside."""
    layers = evidence.layers
    found = [Factor("transposed")] if np.ndim(evidence.probes[0].params[block]) == 2 else []
    found.append(Factor("weight"))
    if any(block == name for name, _ in layers.products.values()):
        found += [Factor("error"), Factor("weight-for-activation")]
        if np.ndim(evidence.probes[0].params[block]) == 2:
            found.append(Factor("weight-for-activation", variant="across"))
    for group in layers.groups(block):
        found.append(Factor("missing-derivative", group))
        found.append(Factor("activation-applied-twice", group))
    everything, own = frozenset(layers.above(block)), layers.own(block)
    if everything - own:
        found.append(Factor("raw-error", everything - own))
    if own:
        found.append(Factor("raw-error", everything))
    if layers.output is not None and layers.layer_of.get(block) != layers.order[0]:
        found.append(Factor("error", variant="of the output"))
    if len(evidence.probes) > 1:
        found += [Factor("stale"), Factor("doubled"), Factor("doubled", variant="all")]
    if evidence.lr is not None:
        found += [Factor("updated-weights", variant=which, lr=evidence.lr) for which in updatable(evidence, block)]
    return found


def updatable(evidence: Evidence, block: str) -> list[str]:
    """Which blocks may have been updated too early: "" for all, or a single one that the error passes."""
    layers = evidence.layers
    passed = {layers.activation(k).block for k in layers.above(block)}
    others = [name for name in layers.order if name != block and name in {b for b, _ in layers.products.values()}]
    above = others[: others.index(block)] if block in others else others
    return ["", *above] if passed and len(above) > 1 else [""] if above else []


def compatible(x: Factor, y: Factor) -> bool:
    """Whether two mistakes can be in one gradient."""
    if x.slot == "sweep" and y.slot == "sweep":
        return not x.where & y.where and "raw-error" not in (x.name, y.name)
    if "instead" in (x.slot, y.slot):
        return {x.slot, y.slot} == {"instead", "layout"}
    return x.slot != y.slot


def build(probe: Probe, block: str, factors: Iterable[Factor]) -> Array | None:
    """The gradient that these mistakes together make of a block; None where a call before would have to be known."""
    by_slot: dict[str, list[Factor]] = {}
    for factor in factors:
        by_slot.setdefault(factor.slot, []).append(factor)
    history = by_slot.pop("history", [])
    if history:
        rest = [factor for group in by_slot.values() for factor in group]
        return _with_history(probe, block, history[0], rest)
    weight = probe.params[block]
    if "instead" in by_slot:
        made = weight
    else:
        terms = by_slot.get("input", [])
        mistake = Mistake(
            skipped=_places(by_slot, ("missing-derivative", "raw-error")),
            twice=_places(by_slot, ("activation-applied-twice",)),
            terminal="ones" if terms else "",
            **_updated(probe, block, by_slot.get("weights", [])),
        )
        made = probe.recording.block(block, mistake)
        if terms and terms[0].variant == "of the output":
            return _output_error(probe, weight, mistake) if "layout" not in by_slot else None
        if terms and terms[0].name == "weight-for-activation":
            if terms[0].variant == "across" and weight.shape[0] != weight.shape[1]:
                return None
            made = weight * np.asarray(made.T if terms[0].variant == "across" else made)
    return made.T if "layout" in by_slot else made


def _output_error(probe: Probe, weight: Array, mistake: Mistake) -> Array | None:
    """The error of the network's output, summed over the samples, in every place of the block."""
    place = probe.recording.layers.output
    error = None if place is None else probe.recording.cotangents(mistake).get(place)
    if error is None:
        return None
    total = error.sum(axis=tuple(range(error.ndim - 1))) if error.ndim > 1 or probe.count == 1 else error.sum()
    return np.broadcast_to(total, weight.shape) if total.size in (1, *weight.shape[-1:]) else None


def _with_history(probe: Probe, block: str, factor: Factor, rest: list[Factor]) -> Array | None:
    now = build(probe, block, rest)
    if factor.name == "stale":
        return None if probe.before is None else build(probe.before, block, rest)
    earlier = probe.before
    while earlier is not None and now is not None:
        then = build(earlier, block, rest)
        now = None if then is None else now + then
        earlier = earlier.before if factor.variant == "all" else None
    return now


def _places(by_slot: dict[str, list[Factor]], names: tuple[str, ...]) -> frozenset[int]:
    return frozenset(k for factor in by_slot.get("sweep", []) if factor.name in names for k in factor.where)


def _updated(probe: Probe, block: str, factors: list[Factor]) -> dict[str, Any]:
    if not factors:
        return {}
    lr = factors[0].lr
    weights = {}
    for name, array in probe.params.items():
        if name != block and factors[0].variant in ("", name):
            step = probe.answers.get(name)
            if step is None or step.shape != array.shape or step.dtype.kind != "f":
                step = probe.recording.block(name, RIGHT)
            weights[name] = array - lr * step
    return {"weights": weights, "key": ("updated", lr, block, factors[0].variant)}
