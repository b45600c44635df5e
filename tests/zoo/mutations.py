"""The mistakes of the zoo: which edits, and what the doctor should call them in every block they reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .networks import NETWORKS, Edit, Network

Array = Any

NAMES = {
    "skip": "missing-derivative",
    "twice": "activation-applied-twice",
    "raw": "raw-error",
    "transposed": "transposed",
    "weight": "weight",
    "error": "error",
    "weight for activation": "weight-for-activation",
    "zero": "zero",
    "stale": "stale",
    "doubled": "doubled",
    "updated": "updated-weights",
    "error sign": "sign",
}


@dataclass(frozen=True)
class Mutation:
    """A wrong backprop: a network, its edits, and the true names by block (an empty set: in no template)."""

    network: Network
    edits: tuple[Edit, ...]
    truth: dict[str, frozenset[str]]
    kind: str

    @property
    def name(self) -> str:
        return f"{self.network.name}: {' and '.join(' '.join(map(str, edit)) for edit in self.edits)}"


class Wrong:
    """The learner's function: the backprop with its edits; with a memory, where the mistake is in the calling."""

    def __init__(self, mutation: Mutation) -> None:
        self.mutation = mutation
        self.last: dict[str, Array] | None = None

    def __call__(self, params: dict[str, Array], X: Array, Y: Array) -> dict[str, Array]:
        edits = self.mutation.edits
        now = self.mutation.network.backprop(params, X, Y, edits)
        before, self.last = self.last, now
        if ("stale",) in edits:
            return {name: 0 * block for name, block in now.items()} if before is None else before
        if ("doubled",) in edits and before is not None:
            self.last = {name: now[name] + before[name] for name in now}
            return self.last
        return now


def reached(network: Network, edit: Edit) -> dict[str, str]:
    """The blocks in which an edit shows, and its name there."""
    kind, where = edit[0], edit[1] if len(edit) > 1 else None
    blocks = [f"W{k}" for k in dict.fromkeys(network.layers)]
    if network.biases:
        blocks += [f"b{k}" for k in dict.fromkeys(network.layers)]
    if kind == "times":
        name = "sign" if edit[2] == -1 else "scaled"
        return dict.fromkeys(blocks if where == "all" else [f"W{where}"], name)
    if kind in ("skip", "twice"):
        return {block: NAMES[kind] for block in blocks if int(block[1:]) <= where}  # type: ignore[operator]
    if kind == "raw":
        return {block: NAMES[kind] for block in blocks if int(block[1:]) <= max(network.layers) - 2}
    if kind == "updated":
        return {block: NAMES[kind] for block in blocks if int(block[1:]) < max(network.layers)}
    if kind in ("stale", "doubled", "error sign"):
        return dict.fromkeys(blocks, NAMES[kind])
    return {f"W{where}": NAMES[kind]}


def single_edits(network: Network) -> list[Edit]:
    """Every template, at every place where it changes anything."""
    numbers = list(dict.fromkeys(network.layers))
    smooth = network.activation != "relu"
    found: list[Edit] = [("error sign",), ("stale",), ("doubled",), ("times", "all", "N"), ("times", "all", 2.0)]
    found += [("times", "all", "1/N"), ("times", "all", 0.5), ("times", 2, -1), ("times", 1, 0.37), ("times", 3, "N")]
    for k in numbers:
        found += [("weight", k, 1.0), ("zero", k)]
        found += [("error", k), ("weight for activation", k)]
        if k < max(numbers):
            found.append(("skip", k))
        if k < max(numbers) and smooth:  # the slope of relu is the same at z and at relu(z)
            found.append(("twice", k))
        if not (network.sizes[0] == network.sizes[1] == 1):
            found.append(("transposed", k))
    if len(network.layers) == len(numbers):
        found += [("raw",), ("updated", 0.1)]
    return found


def pair_edits(network: Network) -> list[tuple[Edit, Edit]]:
    """Composed mistakes."""
    smooth = network.activation != "relu"
    first: list[Edit] = [
        ("transposed", 2),
        ("error", 1),
        ("skip", 2),
        ("skip", 1),
        ("weight for activation", 2),
        ("stale",),
    ]
    first += [("twice", 1)] if smooth else []
    second: list[Edit] = [("times", "all", "N"), ("error sign",), ("times", "all", 2.0), ("times", "all", 0.5)]
    found = [(x, y) for x in first for y in second]
    found += [(("skip", 1), ("skip", 2)), (("transposed", 2), ("skip", 2)), (("transposed", 1), ("skip", 1))]
    found += [(("error", 1), ("skip", 1)), (("error", 2), ("skip", 2)), (("weight for activation", 1), ("skip", 1))]
    if smooth:
        found += [(("skip", 1), ("twice", 2)), (("transposed", 2), ("twice", 2)), (("error", 2), ("twice", 2))]
    return found


def outside_edits(network: Network) -> list[Edit]:
    """Wrong in ways that no template describes."""
    found: list[Edit] = [("added", k, 1e-3) for k in (1, 2, 3)]
    found += [("decayed", 2, 0.01), ("decayed", 1, 0.1), ("column", 2), ("row", 2), ("signs", 2), ("normalised", 1)]
    found += [("samples shifted", 2), ("samples forgotten", 3), ("samples forgotten", 1), ("input centred", 2)]
    found += [("mean error", 1), ("input not activated", 2)]
    if network.activation != "relu":
        found += [("slope squared", 1), ("slope squared", 2), ("slope of half", 1)]
    if network.sizes[2] == network.sizes[3]:
        found.append(("straight back", len(network.layers) - 3))
    if len(set(network.layers)) < len(network.layers):
        found.append(("one use", 2))
    return found


def mutations(kind: str) -> Iterator[Mutation]:
    """The zoo of one kind: "single", "composed" or "outside"."""
    for network in NETWORKS:
        if kind == "single":
            for edit in single_edits(network):
                truth = {block: frozenset([name]) for block, name in reached(network, edit).items()}
                yield Mutation(network, (edit,), truth, kind)
        elif kind == "composed":
            for pair in pair_edits(network):
                truth = {}
                for edit in pair:
                    for block, name in reached(network, edit).items():
                        truth[block] = truth.get(block, frozenset()) | {name}
                yield Mutation(network, pair, truth, kind)
        else:
            for edit in outside_edits(network):
                yield Mutation(network, (edit,), {}, kind)


def setting(mutation: Mutation, seed: int) -> tuple[dict[str, Array], tuple[Array, Array]]:
    """Parameters and samples for one specimen."""
    rng = np.random.default_rng([seed, len(mutation.name)])
    return mutation.network.params(rng), mutation.network.data(rng)
