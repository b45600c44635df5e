"""The loops that a training turns in: the one that goes through the samples, and the one around it."""

from __future__ import annotations

from dataclasses import dataclass

from .sites import Site
from .steps import Training
from .tape import Tape


@dataclass(frozen=True)
class Loops:
    """Places of loops; None where there is none.

    Args:
        samples: turns once for each step.
        epochs: the next loop around it, which begins it anew.
    """

    samples: Site | None
    epochs: Site | None


def find_loops(tape: Tape, turns: list[tuple[int, int]], training: Training) -> Loops:
    """Args:
    turns: (time, the number of the loop's place) of each turn of a `for`, and minus the number at its end.
    """
    steps = training.steps
    inside: dict[int, int] = {}
    for time, number in turns:
        if number > 0 and steps[0].start < time <= steps[-1].end:
            inside[number] = inside.get(number, 0) + 1
    opened: list[int] = []
    for time, number in turns:  # what is open when the second step begins, the outermost first
        if time > steps[min(1, len(steps) - 1)].start + 1:
            break
        if number < 0:
            if -number in opened:
                del opened[opened.index(-number) :]
        elif number not in opened:
            opened.append(number)
    each = [number for number in opened if abs(inside.get(number, 0) - len(steps)) <= 1]
    if not each:
        return Loops(None, None)
    samples = each[-1]
    around = opened[: opened.index(samples)]
    around = [number for number in around if number not in each] or around  # not that of a generator of the samples
    return Loops(tape.sites[samples], tape.sites[around[-1]] if around else None)
