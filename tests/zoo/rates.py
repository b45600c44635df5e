"""What share of the zoo the doctor finds and names: the table that `demos/zoo.py` prints and the tests hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from autograd import diagnose

from .mutations import Mutation, Wrong, setting


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
            truth = {name: names for name, names in mutation.truth.items()}
            rates.detected += not report.ok and set(truth) == set(wrong)
            right = all(name in given and set((given[name] or "").split("+")) == truth[name] for name in truth)
            among = all(
                name in wrong and any(set(c.split("+")) == truth[name] for c in wrong[name].candidates) for name in truth
            )
            rates.named += right
            rates.among += among
            if not right or not among:
                rates.missed.append(f"{mutation.name}: {given}, truth { {k: '+'.join(v) for k, v in truth.items()} }")
    return rates
