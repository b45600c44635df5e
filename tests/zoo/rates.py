"""What share of the zoo the doctor finds and names: the table that `demos/zoo.py` prints and the tests hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd import diagnose

from .mutations import Mutation, Wrong, setting
from .networks import Network


@dataclass
class Rates:
    """Counts over specimens. `missed` describes each that was not named."""

    specimens: int = 0
    detected: int = 0
    named: int = 0
    among: int = 0
    confident: int = 0  # called by a name, though it is in no template, or by a wrong one
    missed: list[str] = field(default_factory=list)


def examine_zoo(mutations: Iterable[Mutation], seeds: Iterable[int] = (0,)) -> Rates:
    """Diagnose every specimen; it counts as named when every block is."""
    rates = Rates()
    seeds = list(seeds)
    for mutation in mutations:
        for seed in seeds:
            params, batch = setting(mutation, seed)
            report = diagnose(mutation.network.loss, params, batch, gradients=Wrong(mutation), seed=seed)
            wrong = {name: report[name] for name in report if report[name].verdict == "wrong"}
            given = {name: block.name for name, block in wrong.items()}
            rates.specimens += 1
            if mutation.kind == "outside":
                rates.detected += bool(wrong)
                clean = not any(name not in (None, "unrecognised") for name in given.values())
                rates.named += clean
                rates.confident += not clean
                if not wrong or not clean:
                    rates.missed.append(f"{mutation.name}: {given}")
                continue
            truth = mutation.truth
            rates.detected += not report.ok and set(truth) == set(wrong)
            right = all(name in given and set((given[name] or "").split("+")) == truth[name] for name in truth)
            among = all(
                name in wrong and any(set(c.split("+")) == truth[name] for c in wrong[name].candidates)
                for name in truth
            )
            rates.named += right
            rates.among += among
            if not right or not among:
                rates.missed.append(f"{mutation.name}: {given}, truth { {k: '+'.join(v) for k, v in truth.items()} }")
    return rates


def random_network(seed: int) -> tuple[Network, dict[str, Any], tuple[Any, Any]]:
    """A network of random shape and kind: some saturated, some with dead units or zero inputs, some all zero."""
    rng = np.random.default_rng(seed)
    depth = int(rng.integers(1, 4))
    sizes = [int(size) for size in rng.integers(1, 6, size=depth + 2)]
    head = ("squares", "hinge", "softmax")[seed % 3]
    sizes[-1] = {"hinge": 1, "softmax": max(2, sizes[-1])}.get(head, sizes[-1])
    activation = ("sigmoid", "relu", "tanh")[int(rng.integers(3))]
    network = Network("random", tuple(range(1, depth + 2)), tuple(sizes), activation, head, bool(rng.integers(2)))
    scale = (1.0, 1.0, 8.0, 30.0, 0.0)[seed % 5]
    params = {name: block * (scale if name[0] == "W" else seed % 2) for name, block in network.params(rng).items()}
    X, Y = network.data(rng, int(rng.integers(2, 9)))
    if seed % 4 == 0:
        X[0] = 0.0  # without biases a relu sits on its kink there, at every point
    return network, params, (X * (50.0 if seed % 4 == 3 else 1.0), Y)


def alarms(seeds: Iterable[int], numbers_every: int = 1) -> list[str]:
    """The random networks whose right gradients the doctor calls wrong: as a function, or as numbers.

    Args:
        numbers_every: in how many of them the numbers alone are judged too.
    """
    found = []
    for seed in seeds:
        network, params, batch = random_network(seed)
        with np.errstate(all="ignore"):
            given: list[Any] = [network.backprop]
            if seed % numbers_every == 0:
                given.append(network.backprop(params, *batch))
            reports = [diagnose(network.loss, params, batch, gradients=g, seed=seed) for g in given]
        for report in reports:
            found += [f"{seed} {name}: {report[name]}" for name in report if report[name].verdict == "wrong"]
    return found
