"""The zoo of wrong backprops: how many the gradient doctor finds, and how many it calls by their right name.

    python demos/zoo.py [--quick] [--list]        # needs: pip install -e ".[dev]"

Four networks, each with every typical mistake put into a backprop written by hand, with two at once, and with mistakes
that are in no list. `--list` prints every specimen that was not named. The specimens are in tests/zoo.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs

needs("dev")

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for tests.zoo

from tests.zoo.mutations import Mutation, mutations
from tests.zoo.rates import Rates, alarms, examine_zoo

SEEDS = (0,) if QUICK else (0, 1, 2)


def some(kind: str) -> Iterable[Mutation]:
    found = list(mutations(kind))
    return found[::13] if QUICK else found


def main() -> None:
    print(f"{'':34}{'specimens':>10}{'found':>8}{'named':>8}{'true name listed':>18}")
    missed: list[str] = []
    for kind, title in (("single", "one mistake"), ("composed", "two mistakes at once")):
        rates = examine_zoo(some(kind), SEEDS)
        missed += rates.missed
        print(
            f"{title:34}{rates.specimens:10}{share(rates, rates.detected):>8}{share(rates, rates.named):>8}"
            f"{share(rates, rates.among):>18}"
        )
    outside = examine_zoo(some("outside"), SEEDS)
    missed += outside.missed
    print(f"{'mistakes in no list':34}{outside.specimens:10}{share(outside, outside.detected):>8}", end="")
    print(f"    called by a name all the same: {outside.confident}")
    nets = 20 if QUICK else 500
    print(f"{'right gradients, random networks':34}{nets:10}    false alarms: {len(alarms(range(nets)))}")
    if "--list" in sys.argv:
        print("\n".join(missed))


def share(rates: Rates, count: int) -> str:
    return f"{100 * count / rates.specimens:.0f} %"


if __name__ == "__main__":
    main()
