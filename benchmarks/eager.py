"""How fast recording and backward are, node by node, against micrograd in the same run: `make bench`.

The workload is one dense layer: 32 neurons, each the sum of 32 products and a bias, through tanh (ReLU in micrograd,
which has no tanh), and the outputs summed. A node is a result that the engine records, counted by walking the graph
each engine made; leaves are made once, outside the clock, and no number is written in the formula, since a constant is
a node in micrograd and not in glassgrad. Both engines take turns in every round; figures are medians over the rounds.

    python benchmarks/eager.py            the engine that is installed
    python benchmarks/eager.py --both     plain Python, and compiled, from a wheel built for the purpose
    python benchmarks/eager.py --json     for programs
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import micrograd.engine

import autograd

ROOT = Path(__file__).resolve().parents[1]
WIDTH = 32
CHAIN = 1_000_000
Layer = Callable[[], Any]


def layer(make: Any, activation: str) -> Layer:
    """A function that records the layer on fresh leaves of one engine and returns the sum of its outputs."""
    chance = random.Random(1)
    weights = [[make(chance.uniform(-1, 1)) for _ in range(WIDTH)] for _ in range(WIDTH)]
    biases = [make(chance.uniform(-1, 1)) for _ in range(WIDTH)]
    inputs = [make(chance.uniform(-1, 1)) for _ in range(WIDTH)]

    def record() -> Any:
        total = None
        for row, bias in zip(weights, biases, strict=True):
            out = bias
            for weight, x in zip(row, inputs, strict=True):
                out = out + weight * x
            out = getattr(out, activation)()
            total = out if total is None else total + out
        return total

    return record


ENGINES: dict[str, Layer] = {
    "glassgrad": layer(autograd.Value, "tanh"),
    "micrograd": layer(micrograd.engine.Value, "relu"),
}


def results(root: Any) -> int:
    """How many results (nodes with operands) a graph of either engine has."""
    seen: set[int] = set()
    stack, count = [root], 0
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            operands = node.operands if hasattr(node, "operands") else node._prev
            count += bool(operands)
            stack.extend(operands)
    return count


def step(record: Layer) -> tuple[float, float, float]:
    """Seconds of recording, of backward, and of both with freeing the graph."""
    start = time.perf_counter()
    loss = record()
    recorded = time.perf_counter()
    loss.backward()
    swept = time.perf_counter()
    del loss
    return recorded - start, swept - recorded, time.perf_counter() - start


def speed(rounds: int, steps: int, collect: bool) -> dict[str, dict[str, float]]:
    """Nanoseconds per node of each engine, the collector on or off, in turns."""
    nodes = {name: results(record()) for name, record in ENGINES.items()}
    samples: dict[str, list[list[float]]] = {name: [] for name in ENGINES}
    for _ in range(rounds):
        for name, record in ENGINES.items():
            gc.collect()
            (gc.enable if collect else gc.disable)()
            times = [step(record) for _ in range(steps)]
            gc.enable()
            samples[name].append([sum(column) / steps / nodes[name] * 1e9 for column in zip(*times, strict=True)])
    return {
        name: dict(zip(("forward", "backward", "step"), map(median, zip(*rows, strict=True)), strict=True))
        for name, rows in samples.items()
    }


def memory(record: Layer) -> dict[str, float]:
    """Bytes per node of a graph after backward, and the objects it leaves for the collector when it is dropped."""
    record().backward()  # the leaves have their gradients
    gc.collect()
    gc.disable()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    loss = record()
    loss.backward()
    size = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    nodes = results(loss)
    del loss
    left = gc.collect()
    gc.enable()
    return {"nodes": nodes, "bytes": size / nodes, "left": left}


def chain(make: Any, length: int) -> tuple[float, float, float]:
    """Seconds to record, sweep and free a chain of alternating products and sums."""

    def record() -> Any:
        w, b = make(0.999999), make(1e-6)
        x = make(1.0)
        for _ in range(length // 2):
            x = x * w + b
        return x

    return step(record)


def longest(make: Any) -> int:
    """The longest chain, doubling from 125 nodes, that an engine sweeps without a RecursionError."""
    length = 125
    while length < CHAIN:
        try:
            chain(make, 2 * length)
        except RecursionError:
            return length
        length *= 2
    return CHAIN


def import_times(rounds: int) -> dict[str, float]:
    """Seconds that the import takes in a fresh interpreter, in turns."""
    samples: dict[str, list[float]] = {"numpy": [], "autograd": []}
    for _ in range(rounds):
        for name, times in samples.items():
            code = f"import time; start = time.perf_counter(); import {name}; print(time.perf_counter() - start)"
            run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
            times.append(float(run.stdout))
    return {name: median(times) for name, times in samples.items()}


def measure(rounds: int, steps: int) -> dict[str, Any]:
    """All figures of the installed engine and of micrograd beside it."""
    for record in ENGINES.values():
        step(record)
    chains = [chain(autograd.Value, CHAIN) for _ in range(3)]
    return {
        "engine": "compiled" if autograd.compiled else "plain",
        "python": platform.python_version(),
        "memory": {name: memory(record) for name, record in ENGINES.items()},
        "collector on": speed(rounds, steps, collect=True),
        "collector off": speed(rounds, steps, collect=False),
        "chain": dict(zip(("forward", "backward", "step"), map(median, zip(*chains, strict=True)), strict=True)),
        "micrograd's longest chain": longest(micrograd.engine.Value),
        "import": import_times(2 * rounds + 1),
    }


def both(arguments: list[str]) -> list[dict[str, Any]]:
    """The figures of both engines, each in an interpreter of its own, from two wheels of the source tree."""
    found = []
    for wanted, compile_it in (("plain", "0"), ("compiled", "1")):
        with tempfile.TemporaryDirectory() as site:
            print(f"building and measuring the {wanted} engine ...", file=sys.stderr)
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, str(ROOT)]
            subprocess.run(pip, env={**os.environ, "GLASSGRAD_COMPILE": compile_it}, check=True)
            command = [sys.executable, str(Path(__file__).resolve()), "--json", *arguments]
            environment = {**os.environ, "PYTHONPATH": site}
            run = subprocess.run(command, cwd=site, env=environment, stdout=subprocess.PIPE, text=True, check=True)
            [figures] = json.loads(run.stdout)
            assert figures["engine"] == wanted, figures
            found.append(figures)
    return found


def show(figures: dict[str, Any]) -> None:
    """Print one engine's figures as a table."""
    ours, theirs = figures["memory"]["glassgrad"], figures["memory"]["micrograd"]
    print(f"\n{figures['engine']} engine, Python {figures['python']}", end="")
    print(f" · a dense layer of {ours['nodes']:.0f} nodes ({theirs['nodes']:.0f} in micrograd)\n")
    print(f"{'':34}{'glassgrad':>12}{'micrograd':>12}{'ratio':>9}")

    def line(title: str, own: float, other: float, digits: int = 0) -> None:
        print(f"{title:34}{own:12.{digits}f}{other:12.{digits}f}{other / own:8.1f}x")

    for collector in ("collector on", "collector off"):
        own, other = figures[collector]["glassgrad"], figures[collector]["micrograd"]
        line(f"{collector}, forward, ns/node", own["forward"], other["forward"])
        line("               backward", own["backward"], other["backward"])
        line("               both", own["forward"] + own["backward"], other["forward"] + other["backward"])
        line("               and freeing it", own["step"], other["step"])
    line("memory, bytes/node", ours["bytes"], theirs["bytes"])
    print(f"{'left for the collector, objects':34}{ours['left']:12.0f}{theirs['left']:12.0f}")
    times, limit = figures["chain"], figures["micrograd's longest chain"]
    print(
        f"\na chain of {CHAIN:,} nodes: forward {times['forward']:.2f} s, backward {times['backward']:.2f} s,", end=""
    )
    print(f" with freeing it {times['step']:.2f} s (micrograd: RecursionError beyond {limit:,})")
    imports = figures["import"]
    print(f"import autograd {imports['autograd'] * 1e3:.0f} ms, import numpy {imports['numpy'] * 1e3:.0f} ms:", end="")
    print(f" {imports['autograd'] / imports['numpy']:.2f}x")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the scalar engine against micrograd.")
    parser.add_argument("--both", action="store_true", help="build wheels and measure plain Python and compiled")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--rounds", type=int, default=9, help="rounds in which the engines take turns")
    parser.add_argument("--steps", type=int, default=20, help="steps of an engine in a round")
    options = parser.parse_args()
    if options.both:
        found = both([f"--rounds={options.rounds}", f"--steps={options.steps}"])
    else:
        found = [measure(options.rounds, options.steps)]
    if options.json:
        print(json.dumps(found, indent=2))
    else:
        for figures in found:
            show(figures)


if __name__ == "__main__":
    main()
