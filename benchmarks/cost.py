"""What a compiled step costs, by the size of the graph and by the size of the batch: the picture of the README.

    python benchmarks/cost.py [--cpu]

Writes benchmarks/results/cost.json and docs/pictures/compiled_cost.svg. The graphs are networks 8-h-h-1 of tanh with a
squared error, h from 3 to 128; their size is the number of instructions, forward and backward. The batches are those of
W1 of `compiled.py`, a network 1-3-3-1.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "demos")]

import matplotlib as mpl  # noqa: E402
import numpy as np  # noqa: E402
from compiled import eager  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from workloads import Data, data_for, dense, glassgrad_loss  # noqa: E402

import autograd as ag  # noqa: E402
from autograd import Value, compile  # noqa: E402

WIDTHS = (3, 6, 12, 24, 48, 90, 128)
BATCHES = (1, 10, 100, 1000, 10_000, 100_000)
ENGINES = ("llvm", "numpy")
COLOURS = {"llvm": "#0072b2", "numpy": "#d55e00", "eager": "#009e73"}
Series = dict[str, list[tuple[float, float]]]


def seconds(run: Callable[[], Any], clock: Callable[[], float], budget: float = 0.3) -> float:
    """The median of as many runs as fit into the budget, at least three."""
    times: list[float] = []
    while len(times) < 3 or (sum(times) < budget and len(times) < 200):
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)


def network(width: int) -> tuple[Callable[..., Any], list[Value], Data]:
    """The loss of a network 8-h-h-1, its parameters, and a batch of one."""
    rng = np.random.default_rng(0)
    count = 8 * width + width + width * width + width + width + 1
    theta = rng.normal(size=count) / width**0.5
    p = [Value(number) for number in theta.tolist()]
    model = dense((8, width, width, 1), p, ag.tanh, last=False)
    return lambda x, y: (model(x) - y) ** 2, p, Data(theta, (rng.normal(size=(256, 8)), rng.normal(size=256)))


def by_size(clock: Callable[[], float]) -> dict[str, Series]:
    """Seconds to compile, and seconds a sample, for every size of graph."""
    compiling: Series = {engine: [] for engine in ENGINES}
    running: Series = {engine: [] for engine in (*ENGINES, "eager")}
    for width in WIDTHS:
        loss, p, data = network(width)
        size = 0
        for engine in ENGINES:
            step = compile(loss, p, engine=engine)
            start = clock()
            step.value_and_grad(data.theta, *data.batch)
            compiling[engine].append((size := len(step.program.splitlines()), clock() - start))
            spent = seconds(lambda step=step, data=data: step.value_and_grad(data.theta, *data.batch), clock)  # type: ignore[misc]
            running[engine].append((size, spent / len(data.Y)))
        one = Data(data.theta, tuple(part[:1] for part in data.batch))
        running["eager"].append((size, seconds(lambda loss=loss, p=p, one=one: eager(loss, p, one), clock)))  # type: ignore[misc]
        print(f"{size} instructions: compiled in {compiling['llvm'][-1][1]:.3f} s", flush=True)
    return {"compiling": compiling, "running": running}


def by_batch(clock: Callable[[], float]) -> Series:
    """Seconds a step of W1 for every size of batch; what is eager stops at a thousand."""
    found: Series = {engine: [] for engine in (*ENGINES, "eager")}
    data = data_for("W1")
    loss, p = glassgrad_loss("W1", data.theta)
    for n in BATCHES:
        X = np.linspace(-1, 1, n)
        for engine in ENGINES:
            step = compile(loss, p, engine=engine)
            spent = seconds(lambda step=step, X=X: step.value_and_grad(data.theta, X, X), clock)  # type: ignore[misc]
            found[engine].append((n, spent))
        if n <= 1000:
            found["eager"].append((n, seconds(lambda X=X: eager(loss, p, Data(data.theta, (X, X))), clock)))  # type: ignore[misc]
    return found


def plot(found: dict[str, Any]) -> Figure:
    """Three panels, both axes logarithmic: where a line has slope 1, twice as much costs twice as much."""
    mpl.rcParams["svg.hashsalt"] = "glassgrad"  # the same numbers give the same file
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    panels = zip(
        figure.subplots(1, 3),
        (found["compiling"], found["running"], found["batch"]),
        (
            ("instructions", "s", "to compile"),
            ("instructions", "s", "a sample, in batches of 256"),
            ("samples in the batch", "s", "a step of a 1-3-3-1 network"),
        ),
        strict=True,
    )
    for axes, series, (across, up, title) in panels:
        for name, points in series.items():
            axes.loglog(*zip(*points, strict=True), "o-", color=COLOURS[name], label=name, markersize=4)
        axes.set(xlabel=across, ylabel=up, title=title)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    return figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", action="store_true", help="measure processor time, not wall time")
    clock = time.process_time if parser.parse_args().cpu else time.perf_counter
    compile(lambda x: x * 2.0, engine="llvm")([1.0])  # the library is loaded once, not for each program
    found: dict[str, Any] = {**by_size(clock), "batch": by_batch(clock)}
    for name, points in found["compiling"].items():
        x, y = np.log(np.array(points)[2:]).T
        print(
            f"compiling by {name}: seconds grow as instructions ** {np.polyfit(x, y, 1)[0]:.2f} beyond {points[2][0]}"
        )
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "cost.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    plot(found).savefig(HERE.parent / "docs" / "pictures" / "compiled_cost.svg", metadata={"Date": None})


if __name__ == "__main__":
    main()
