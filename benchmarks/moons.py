"""A training step of the demo of micrograd, eagerly: MLP(2, [16, 16, 1]), 100 samples, hinge loss and L2, one SGD step.

The same lines run with micrograd's classes and with ours, in turns, the garbage collector on and off. Times are seconds
of this process, which other programs on the machine do not lengthen.

    python benchmarks/moons.py
"""

from __future__ import annotations

import argparse
import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from statistics import median
from typing import Any

import micrograd.engine
import micrograd.nn

import autograd
import nn

SAMPLES, L2, LR = 100, 1e-4, 0.01


def step_of(value: Any, model: Any) -> Callable[[], Any]:
    """A step as the demo writes it; it returns the loss."""
    chance = random.Random(1)
    points = [[chance.gauss(0, 1), chance.gauss(0, 1)] for _ in range(SAMPLES)]
    sides = [1.0 if a * b > 0 else -1.0 for a, b in points]

    def step() -> Any:
        scores = list(map(model, [list(map(value, point)) for point in points]))
        losses = [(1 + -side * score).relu() for side, score in zip(sides, scores, strict=True)]
        loss = sum(losses) * (1.0 / len(losses)) + L2 * sum(p * p for p in model.parameters())
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= LR * p.grad
        return loss

    return step


def timed(step: Callable[[], Any], times: int) -> list[float]:
    """Seconds of each of some steps, with freeing the graph."""
    found = []
    for _ in range(times):
        start = time.process_time()
        step()
        found.append(time.process_time() - start)
    return found


def memory(step: Callable[[], Any]) -> int:
    """Bytes of a graph after backward."""
    step()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    loss = step()
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del loss
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a step of micrograd's demo with its classes and with ours.")
    parser.add_argument("--rounds", type=int, default=5, help="rounds in which the engines take turns")
    rounds = parser.parse_args().rounds
    random.seed(1)
    theirs = step_of(micrograd.engine.Value, micrograd.nn.MLP(2, [16, 16, 1]))
    ours = step_of(autograd.Value, nn.MLP(2, [16, 16, 1]))
    print(f"{'compiled' if autograd.compiled else 'plain'} engine; a step, ms (and the fastest)")
    for collect in (True, False):
        times: dict[Any, list[float]] = {theirs: [], ours: []}
        for _ in range(rounds):
            for step, count in ((theirs, 1), (ours, 10)):
                gc.collect()
                (gc.enable if collect else gc.disable)()
                times[step] += timed(step, count)
                gc.enable()
        (middle, least), (own, fast) = ((median(each) * 1e3, min(each) * 1e3) for each in times.values())
        print(f"collector {'on ' if collect else 'off'}  micrograd {middle:7.1f} ({least:.1f})", end="")
        print(f"  glassgrad {own:6.2f} ({fast:.2f})  {middle / own:6.1f}x ({least / fast:.1f}x)")
    sizes = memory(theirs), memory(ours)
    print(f"memory of the graph, MB  micrograd {sizes[0] / 1e6:.1f}  glassgrad {sizes[1] / 1e6:.2f}", end="")
    print(f"  {sizes[0] / sizes[1]:.1f}x")


if __name__ == "__main__":
    main()
