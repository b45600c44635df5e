"""The layers of a recorded loss, read from its graph: where a block meets its input, which nodes are activations.

A block's *products* are where it (or its transpose) meets the layer's input. From there sums with biases lead to the
pre-activation z; what is computed from z alone, element by element, is the activation. Everything is kept as places in
the recording's order, so that it holds for every recording of the same code.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from ...core import table as rules
from ...core.rule import Rule
from ...tensor.rules import choose

SHAPES = {"transpose", "reshape", "astype", "identity", "broadcast_to", "getitem", "squeeze", "expand_dims"}
PRODUCTS = {"matmul", "multiply", "einsum", "dot"}

KNOWN: dict[str, Any] = {
    "sigmoid": rules.sigmoid,
    "tanh": rules.tanh,
    "relu": rules.relu,
    "leaky": lambda z: rules.leaky_relu(z, 0.01),
    "softplus": rules.softplus,
    "silu": rules.silu,
    "gelu": rules.gelu,
    "elu": rules.elu,
    "sin": rules.sin,
}
"""Activations recognised by their numbers, however they were written."""


class Recording(Protocol):
    """What is read of a recorded loss: its nodes with their operands, where each is, and the numbers there."""

    order: Any
    place: dict[int, int]
    leaves: dict[str, int]

    @property
    def signature(self) -> tuple[str, ...]:
        """The primitives in order."""

    def data(self, place: int) -> Any:
        """The numbers of a node."""


@dataclass(frozen=True)
class Activation:
    """f in a = f(z): the places of z and a, the nodes between them, the block whose product made z, and f's name.

    Activations that a program treats as one (in a loop over the samples) have the same `number`.
    """

    number: int
    block: str
    z: int
    out: int
    region: tuple[int, ...]
    kind: str


@dataclass
class Layers:
    """What was read. `views` maps places to the block they show; `products` to the block and its operand's index."""

    depends: set[int] = field(default_factory=set)
    views: dict[int, str] = field(default_factory=dict)
    products: dict[int, tuple[str, int]] = field(default_factory=dict)
    activations: list[Activation] = field(default_factory=list)
    downstream: dict[str, list[int]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    pre_activations: list[int] = field(default_factory=list)
    output: int | None = None
    kinks: bool = False

    def activation(self, number: int) -> Activation:
        """The activation of this number, or one of several."""
        return next(act for act in self.activations if act.number == number)

    @property
    def kinds_of_activation(self) -> list[int]:
        return sorted({act.number for act in self.activations})

    def merged(self) -> Layers:
        """The same, all activations after one block taken as one: so they are where the loss loops over samples."""
        owners = list(dict.fromkeys(act.block for act in self.activations))
        number = {act.number: owners.index(act.block) for act in self.activations}
        downstream = {name: list(dict.fromkeys(number[k] for k in above)) for name, above in self.downstream.items()}
        activations = [replace(act, number=number[act.number]) for act in self.activations]
        return replace(self, activations=activations, downstream=downstream)

    def above(self, block: str) -> list[int]:
        """The activations between a block and the loss, by number, nearest to the block first."""
        return self.downstream.get(block, [])

    def groups(self, block: str) -> list[frozenset[int]]:
        """Sets of activations that a program treats alike: each one, and all those after the same shared block."""
        single = [frozenset([k]) for k in self.above(block)]
        owners: dict[str, set[int]] = {}
        for k in self.above(block):
            owners.setdefault(self.activation(k).block, set()).add(k)
        return single + [frozenset(several) for several in owners.values() if len(several) > 1]

    def own(self, block: str) -> frozenset[int]:
        """The activations of the block's own layer."""
        return frozenset(k for k in self.above(block) if self._same_layer(self.activation(k).block, block))

    def _same_layer(self, owner: str, block: str) -> bool:
        return owner == block or owner == self.layer_of.get(block)

    layer_of: dict[str, str] = field(default_factory=dict)


def read_layers(recording: Recording, twin: Recording | None) -> Layers:
    """The layers of a recording.

    Args:
        twin: the same loss on another batch; a constant that differs there belongs to the data, not to an activation.
    """
    order, place = recording.order, recording.place
    found = Layers()
    names = {at: name for name, at in recording.leaves.items() if at >= 0}
    operands = [[place.get(id(operand), -1) for operand in given] for _, given in order]
    consumers: dict[int, list[int]] = {}
    for at, places in enumerate(operands):
        if at in names:
            found.depends.add(at)
            found.views[at] = names[at]
        elif any(p in found.depends for p in places):
            found.depends.add(at)
            for p in set(places):
                consumers.setdefault(p, []).append(at)
            if order[at][0].op in SHAPES and places[0] in found.views:
                found.views[at] = found.views[places[0]]
    affine: dict[int, str] = {}  # place -> the block of its first product
    for at, places in enumerate(operands):
        if at not in found.depends or at in found.views:
            continue
        op, shown = order[at][0].op, [found.views.get(p, "") for p in places]
        if op in PRODUCTS and any(shown):
            if len(places) == 2 and shown[0] == shown[1]:
                continue  # W * W: a penalty on the weights, no layer
            k = next(k for k, name in enumerate(shown) if name)
            found.products[at] = (shown[k], k)
            affine[at] = shown[k]
        elif op in ("add", "subtract") and any(p in affine for p in places):
            if all(p in affine or p in found.views for p in places):
                affine[at] = next(affine[p] for p in places if p in affine)
                for name in filter(None, shown):
                    found.layer_of[name] = affine[at]
        elif (op in SHAPES or (op == "sum" and order[at][0].size > 1)) and places[0] in affine:
            affine[at] = affine[places[0]]
    for block, _ in found.products.values():
        found.layer_of.setdefault(block, block)
    ends = [at for at in affine if any(c not in affine and c not in found.products for c in consumers.get(at, []))]
    for z in ends:
        found.pre_activations.append(z)
        is_head = not _reaches(z, set(found.products), consumers)
        if is_head:
            found.output = z
        act = _activation(recording, twin, z, affine[z], operands, consumers, found.depends, is_head)
        if act is not None:
            found.activations.append(replace(act, number=len(found.activations)))
    found.kinks = any(isinstance(order[at][0].rule, Rule) and order[at][0].rule.kinks for at in found.depends) or any(
        act.kind in ("relu", "leaky") for act in found.activations
    )
    for name, at in recording.leaves.items():
        reached = _closure(at, consumers) if at >= 0 else set()
        found.downstream[name] = [act.number for act in found.activations if act.z in reached]
    depth: dict[str, int] = {}
    for at, (block, _) in found.products.items():
        depth[block] = max(depth.get(block, -1), at)

    def nearness(name: str) -> tuple[int, int]:
        layer = found.layer_of.get(name, name)
        at = recording.leaves[name]
        used = depth.get(layer, max(_first_results(at, found, consumers), default=-1) if at >= 0 else -1)
        return used, name in depth  # of one layer, the weights before the bias

    found.order = sorted(recording.leaves, key=nearness, reverse=True)
    return found


def _activation(
    recording: Recording,
    twin: Recording | None,
    z: int,
    block: str,
    operands: list[list[int]],
    consumers: dict[int, list[int]],
    depends: set[int],
    is_head: bool,
) -> Activation | None:
    """The function of z alone that follows it: up to the last node that everything computed from z goes through."""
    order = recording.order
    shape = order[z][0].shape
    inside = [z]
    known = {z}
    for at in range(z + 1, len(order)):
        node = order[at][0]
        if not any(p in known for p in operands[at]) or node.shape != shape:
            continue
        if not isinstance(node.rule, Rule) and node.rule is not choose:
            continue
        if all(p in known or (p not in depends and _is_fixed(recording, twin, at, p, z)) for p in operands[at]):
            inside.append(at)
            known.add(at)
    best: Activation | None = None
    for k, at in enumerate(inside[1:], start=1):
        before = set(inside[: k + 1])
        if all(c in before for x in inside[:k] for c in consumers.get(x, [])):
            kind = _kind(recording.data(z), recording.data(at))
            if kind or not is_head:
                best = Activation(-1, block, z, at, tuple(inside[1 : k + 1]), kind)
    return best


def _is_fixed(recording: Recording, twin: Recording | None, at: int, operand: int, z: int) -> bool:
    """Whether an operand is a number of the formula (the 1 of 1 + exp(-z)), or the mask z > 0."""
    numbers = np.asarray(recording.data(operand))
    if numbers.dtype == bool:
        return True
    if numbers.size > 1:
        z_data = recording.data(z)
        if numbers.shape == z_data.shape and np.array_equal(numbers, z_data > 0) and z_data.size > 3:
            return True
        return bool(np.all(numbers == numbers.flat[0])) and recording.order[at][0].rule is choose
    if twin is None or twin.signature != recording.signature:
        return numbers.ndim == 0
    return bool(np.array_equal(numbers, np.asarray(twin.data(operand))))


def _kind(z: Any, a: Any) -> str:
    with np.errstate(all="ignore"):
        for name, function in KNOWN.items():
            if np.allclose(np.asarray(function(z)), a, rtol=1e-9, atol=1e-12):
                return name
    return ""


def _closure(start: int, consumers: dict[int, list[int]]) -> set[int]:
    seen, stack = {start}, [start]
    while stack:
        for c in consumers.get(stack.pop(), []):
            if c not in seen:
                seen.add(c)
                stack.append(c)
    return seen


def _reaches(start: int, goals: set[int], consumers: dict[int, list[int]]) -> bool:
    return bool((_closure(start, consumers) - {start}) & goals)


def _first_results(leaf: int, layers: Layers, consumers: dict[int, list[int]]) -> list[int]:
    """The nodes where a block, seen through its views, is used."""
    found, stack = [], [leaf]
    while stack:
        for c in consumers.get(stack.pop(), []):
            if c in layers.views:
                stack.append(c)
            else:
                found.append(c)
    return found
