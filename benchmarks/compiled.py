"""Compiled steps against their peers: medians of interleaved rounds, each peer in a process of its own.

    python benchmarks/compiled.py                        what this interpreter can import
    python benchmarks/compiled.py --peers PYTHON --hips PYTHON     peers of other interpreters
    python benchmarks/compiled.py --only W1 W2           some of the workloads (W4 is in arrays.py; see workloads.py)
    python benchmarks/compiled.py --cpu                  processor time: on a busy machine

Every contender has one thread. Every round times each of them once, in a shuffled order, so that what disturbs the
machine disturbs all alike. The medians go to benchmarks/results/compiled.json. HIPS autograd needs an interpreter
where it is called `autograd`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "demos")]

import numpy as np  # noqa: E402
from workloads import data_for, glassgrad_loss, shuffled  # noqa: E402

CONTENDERS: dict[str, list[str]] = {
    "llvm": ["W1", "W2", "W3", "W5", "W6", "W7", "W8"],
    "llvm step()": ["W1", "W2"],
    "numpy engine": ["W1", "W2", "W3", "W5", "W6", "W7", "W8"],
    "jax engine": ["W1", "W2", "W7"],
    "eager": ["W1", "W2", "W3", "W5", "W7"],
    "jax.jit": ["W1", "W2", "W3", "W5", "W6", "W7"],
    "torch": ["W1", "W2", "W5"],
    "CasADi SX": ["W1", "W2"],
    "CasADi MX": ["W1", "W2"],
    "CasADi map": ["W1", "W2"],
    "HIPS autograd": ["W1", "W2", "W5"],
    "own Value": ["W8"],
    "own Value, ours imported": ["W8"],
    "micrograd": ["W1", "W2"],
    "micrograd, by sample": ["W1", "W2"],
    "numpy by hand": ["W1", "W2"],
    "C": ["W1", "W2"],
}
RESTARTS = 3
PEERS = ("jax.jit", "jax engine", "torch", "CasADi SX", "CasADi MX", "CasADi map")
LONG = ("W2", "W3", "W7", "W8")
"""Programs whose machine code is kept on disk: their first call is measured without that, and with it (in brackets)."""
ROLLED = ("W1", "W2", "W7", "W8")


def make(contender: str, name: str) -> tuple[Callable[[], Any], float]:
    """A step, run once, and how long it took until then in seconds."""
    data = data_for(name)
    if contender == "jax engine":
        import jax

        jax.config.update("jax_enable_x64", True)  # as its peer does
        jax.jit(lambda x: x + 1)(np.ones(3))
    elif contender.startswith(("llvm", "numpy engine")):
        _make(contender, "W5", data_for("W5"))()  # a library is loaded once, not for each program
    clock = time.process_time if "--cpu" in sys.argv else time.perf_counter
    start = clock()
    step = _make(contender, name, data)
    step()
    return step, clock() - start


def _make(contender: str, name: str, data: Any) -> Callable[[], Any]:
    import peers

    makers: dict[str, Callable[[], Any]] = {
        "jax.jit": lambda: peers.jax_step(name, data),
        "torch": lambda: peers.torch_step(name, data),
        "CasADi SX": lambda: peers.casadi_step(name, data, "SX"),
        "CasADi MX": lambda: peers.casadi_step(name, data, "MX"),
        "CasADi map": lambda: peers.casadi_step(name, data, "map"),
        "HIPS autograd": lambda: peers.hips_step(name, data),
        "micrograd": lambda: peers.micrograd_step(name, data, whole=True),
        "micrograd, by sample": lambda: peers.micrograd_step(name, data, whole=False),
        "C": lambda: peers.c_step(name, data),
        "own Value": lambda: peers.microgpt_step(data, "own_value"),
        "own Value, ours imported": lambda: peers.microgpt_step(data, "autograd"),
        "numpy by hand": lambda: {"W1": peers.numpy_w1, "W2": peers.numpy_w2}[name](data),
    }
    if contender in makers:
        made: Callable[[], Any] = makers[contender]()
        return made
    from autograd.compiler import compile

    loss, parameters = glassgrad_loss(name, data.theta)
    if contender == "eager":
        return lambda: eager(loss, parameters, data)
    step = compile(loss, parameters, engine=contender.partition(" ")[0])
    if contender == "llvm step()":
        return lambda: step(*data.batch)
    if name == "W8":
        return trained(step, data)
    if name == "W6":
        return lambda: step.hessian(data.theta, *data.batch)
    if contender == "jax engine":  # arrays on the device, as its peer has them
        import jax

        theta, *batch = (jax.numpy.asarray(part) for part in (data.theta, *data.batch))
        return lambda: step.value_and_grad(theta, *batch)  # which waits until it knows that all is finite
    return lambda: step.value_and_grad(data.theta, *data.batch)


def eager(loss: Callable[..., Any], parameters: list[Any], data: Any) -> None:
    for p in parameters:
        p.grad = 0.0
    for sample in zip(*data.batch, strict=True) if data.batch else [()]:
        loss(*(part.tolist() if isinstance(part, np.ndarray) else part for part in sample)).backward()


def trained(step: Any, data: Any) -> Callable[[], Any]:
    """Loss, gradient, and microgpt.py's Adam on whole vectors; gives what was computed first."""
    theta, (m, v) = data.theta.copy(), np.zeros((2, data.theta.size))
    first: list[Any] = []
    count = 0

    def run() -> Any:
        nonlocal theta, m, v, count
        loss, gradient = step.value_and_grad(theta, *data.batch)
        first[:] = first or (loss, gradient)
        count += 1
        m, v = 0.85 * m + 0.15 * gradient, 0.99 * v + 0.01 * gradient**2
        theta = theta - 0.01 * (m / (1 - 0.85**count)) / (np.sqrt(v / (1 - 0.99**count)) + 1e-8)
        return tuple(first)

    return run


def worker() -> None:
    """Answer requests on standard input: `make contender name`, `time contender name`."""
    steps: dict[tuple[str, str], Callable[[], Any]] = {}
    for line in sys.stdin:
        verb, contender, name = json.loads(line)
        try:
            if verb == "make":
                steps[contender, name], seconds = make(contender, name)
                answer: Any = seconds
            elif verb == "value":
                answer = numbers(steps[contender, name]())
            else:
                answer = timed(steps[contender, name])
        except Exception as error:
            answer = f"{type(error).__name__}: {error}"
        print(json.dumps(answer), flush=True)


def numbers(result: Any) -> list[float]:
    """Loss and gradient as a flat list, to see that all compute the same."""
    parts = result if isinstance(result, tuple) else (result,)
    plain = [part.detach() if hasattr(part, "detach") else part for part in parts]
    return np.concatenate([np.ravel(np.asarray(part, dtype=float)) for part in plain]).tolist()


def timed(step: Callable[[], Any], budget: float = 0.02) -> float:
    """Seconds of one call: the mean of as many as fit into the budget."""
    clock = time.process_time if "--cpu" in sys.argv else time.perf_counter
    start = time.perf_counter()
    step()
    count = max(1, int(budget / max(time.perf_counter() - start, 1e-7)))
    start = clock()
    for _ in range(count):
        step()
    return (clock() - start) / count


class Process:
    """A worker, and what it is asked."""

    def __init__(self, python: str, cache: str = "0") -> None:
        threads = {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
            "JAX_CPU_ENABLE_ASYNC_DISPATCH": "false",  # else a step runs in a second thread, and waking it is luck
            "GLASSGRAD_CACHE": cache,
        }
        command = [python, __file__, "--worker", *(["--cpu"] if "--cpu" in sys.argv else [])]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **threads}
        )

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *request: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        return json.loads(answer) if answer else f"the process died of {' '.join(request)}"


def measure(only: list[str], rounds: int, peers: str, hips: str) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name in only:
        times: dict[str, list[float]] = {}
        first: dict[str, list[float]] = {}
        for restart in range(RESTARTS):  # where a process finds its memory is luck, good or bad for all its rounds
            processes: dict[str, Process] = {}
            for contender in (each for each, names in CONTENDERS.items() if name in names):
                own = {"HIPS autograd": hips, **dict.fromkeys(PEERS, peers)}
                process = Process(own.get(contender, sys.executable))
                seconds = process.ask("make", contender, name)
                if isinstance(seconds, str):
                    print(f"{name} {contender}: left out ({seconds})", file=sys.stderr)
                    continue
                processes[contender] = process
                first.setdefault(contender, []).append(seconds)
            for k in range(restart, rounds, RESTARTS):
                for contender in shuffled(list(processes), k):
                    times.setdefault(contender, []).append(processes[contender].ask("time", contender, name))
            agreement(name, processes)
            for process in processes.values():
                process.close()
        results[name] = {
            contender: {"seconds": statistics.median(each), "first call": statistics.median(first[contender])}
            for contender, each in times.items()
        }
        if name in LONG:
            results[name]["llvm"]["first call, code kept"] = first_call_again(name)
        print(table(name, results[name]), flush=True)
    return results


def first_call_again(name: str) -> float:
    """Seconds to the first call in a process that finds the machine code that another has left."""
    with tempfile.TemporaryDirectory() as folder:
        seconds = []
        for _ in range(1 + RESTARTS):
            process = Process(sys.executable, folder)
            seconds.append(process.ask("make", "llvm", name))
            process.close()
    return statistics.median(seconds[1:])


def lines_of(name: str) -> dict[str, int]:
    """How long the printed program is, rolled up and flat."""
    from autograd.compiler import compile

    data = data_for(name)
    step = compile(*glassgrad_loss(name, data.theta), engine="numpy")
    return {form: step.source_of(*data.batch, rolled=form == "rolled").count("\n") for form in ("rolled", "flat")}


def agreement(name: str, processes: dict[str, Process]) -> None:
    """Everybody's numbers against those of the first."""
    answers = {c: p.ask("value", c, name) for c, p in processes.items() if c not in ("eager", "llvm step()")}
    first = answers.get("llvm")
    for contender, answer in answers.items():
        if first is not None and not np.allclose(answer, first, rtol=1e-9, atol=1e-11):
            print(f"{name}: {contender} computes something else than llvm", file=sys.stderr)


def table(name: str, rows: dict[str, Any]) -> str:
    best = rows.get("llvm", next(iter(rows.values())))["seconds"]
    lines = [f"{name:<25}{'µs a step':>12}{'of llvm':>10}{'first call, ms':>17}"]
    for contender, row in sorted(rows.items(), key=lambda item: item[1]["seconds"]):
        seconds, first = row["seconds"], row["first call"]
        kept = f" ({row['first call, code kept'] * 1e3:.1f})" if "first call, code kept" in row else ""
        lines.append(f"{contender:<25}{seconds * 1e6:>12.2f}{seconds / best:>9.2f}×{first * 1e3:>16.1f}{kept}")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=["W1", "W2", "W3", "W5", "W6", "W7", "W8"], metavar="W")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peers", default=sys.executable, help="the interpreter that has jax, torch, casadi")
    parser.add_argument("--hips", default=sys.executable, help="the interpreter that has HIPS autograd")
    parser.add_argument("--cpu", action="store_true", help="measure processor time, not wall time")
    parser.add_argument("--save", type=Path, default=HERE / "results" / "compiled.json")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker()
        return
    results = measure(options.only, options.rounds, options.peers, options.hips)
    known = json.loads(options.save.read_text(encoding="utf-8"))["results"] if options.save.exists() else {}
    about = {
        "machine": platform.machine(), "python": platform.python_version(), "date": f"{date.today()}",
        "rounds": options.rounds, "clock": "processor" if options.cpu else "wall",
    }  # fmt: skip
    options.save.parent.mkdir(exist_ok=True)
    lines = {name: lines_of(name) for name in ROLLED}
    whole = {"about": about, "results": dict(sorted({**known, **results}.items())), "lines": lines}
    options.save.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
