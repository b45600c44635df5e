"""How fast Tensors are beside numpy by hand, torch eager and HIPS autograd, one thread, float64.

Workloads: W4, a 64-128-128-10 network with softmax cross-entropy on a batch of 256, forward, loss and all gradients,
with tanh and with ReLU; and the overhead of an operation: a chain of 100 of them on 8 elements, forward and backward.
Every engine takes its turn in every round; a figure is the median over the rounds, a ratio the median of the rounds'
ratios. Numpy by hand runs in the process of glassgrad, so that both find memory in the same state; torch and HIPS
autograd (which is called `autograd` too) run in interpreters of their own.

    python benchmarks/tensor.py                                    glassgrad and numpy by hand
    python benchmarks/tensor.py --torch PYTHON --hips PYTHON       and interpreters that have these installed
    python benchmarks/tensor.py --memory                           the memory of 10,000 training steps
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"  # before numpy is imported

import numpy as np  # noqa: E402

SIZES, BATCH, OPERATIONS = (64, 128, 128, 10), 256, 100
Step = Callable[[], Any]


def data() -> tuple[Any, Any, list[Any], list[Any]]:
    """The batch, its classes, and the weights and biases: the same for all engines."""
    rng = np.random.default_rng(0)
    X, classes = rng.normal(size=(BATCH, SIZES[0])), rng.integers(0, SIZES[-1], BATCH)
    Ws = [rng.normal(size=(n, m)) * n**-0.5 for n, m in pairwise(SIZES)]
    return X, classes, Ws, [np.zeros(m) for m in SIZES[1:]]


def small() -> tuple[Any, Any]:
    """The two vectors of the chain."""
    rng = np.random.default_rng(1)
    return rng.uniform(0.5, 1.5, size=8), rng.uniform(0.5, 1.5, size=8)


def chain(x: Any, y: Any, tanh: Callable[[Any], Any]) -> Any:
    """A hundred operations: products, sums, tanh."""
    z = x
    for _ in range(OPERATIONS // 4):
        z = tanh(z * y + x) * y
    return z


def by_hand() -> dict[str, Step]:
    """Forward and backward in numpy, as a person writes them."""
    X, classes, Ws, bs = data()
    rows = np.arange(BATCH)

    def network(act: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Any:
        hs = [X]
        for k, (W, b) in enumerate(zip(Ws, bs, strict=True)):
            z = hs[-1] @ W + b
            hs.append(act(z) if k < 2 else z)
        z = hs.pop()
        top = z.max(axis=1, keepdims=True)
        e = np.exp(z - top)
        total = e.sum(axis=1, keepdims=True)
        loss = (np.log(total[:, 0]) + top[:, 0] - z[rows, classes]).mean()
        g = e / total
        g[rows, classes] -= 1
        g /= BATCH
        found = []
        for k in (2, 1, 0):
            found += [g.sum(axis=0), hs[k].T @ g]
            if k:
                g = (g @ Ws[k].T) * slope(hs[k])
        return loss, found[::-1]

    return {
        "W4 tanh": lambda: network(np.tanh, lambda h: 1 - h * h),
        "W4 relu": lambda: network(lambda z: np.maximum(z, 0), lambda h: h > 0),
    }


def glassgrad() -> dict[str, Step]:
    """The same with Tensors."""
    from autograd import Tensor

    X, classes, Ws, bs = data()
    rows, layers = np.arange(BATCH), [(Tensor(W), Tensor(b)) for W, b in zip(Ws, bs, strict=True)]
    x, y = map(Tensor, small())

    def network(act: str) -> Any:
        h: Any = X
        for k, (W, b) in enumerate(layers):
            W.grad = b.grad = None
            h = h @ W + b
            h = getattr(h, act)() if k < 2 else h
        loss = -h.log_softmax(axis=1)[rows, classes].mean()
        loss.backward()
        return loss.item(), [p.grad for pair in layers for p in pair]

    def overhead() -> None:
        x.grad = y.grad = None
        chain(x, y, lambda z: z.tanh()).sum().backward()

    return {"W4 tanh": lambda: network("tanh"), "W4 relu": lambda: network("relu"), "overhead": overhead}


def torch() -> dict[str, Step]:
    """The same in torch, eager."""
    import torch

    torch.set_num_threads(1)
    X, classes, Ws, bs = data()
    batch, wanted = torch.tensor(X), torch.tensor(classes)
    layers = [tuple(torch.tensor(a, requires_grad=True) for a in pair) for pair in zip(Ws, bs, strict=True)]
    x, y = (torch.tensor(a, requires_grad=True) for a in small())

    def network(act: str) -> Any:
        h = batch
        for k, (W, b) in enumerate(layers):
            W.grad = b.grad = None
            h = torch.addmm(b, h, W)
            h = getattr(h, act)() if k < 2 else h
        loss = torch.nn.functional.cross_entropy(h, wanted)
        loss.backward()
        return loss.item(), [p.grad.numpy() for pair in layers for p in pair]

    def overhead() -> None:
        x.grad = y.grad = None
        chain(x, y, torch.tanh).sum().backward()

    return {"W4 tanh": lambda: network("tanh"), "W4 relu": lambda: network("relu"), "overhead": overhead}


def hips() -> dict[str, Step]:
    """The same in HIPS autograd."""
    import autograd.numpy as anp

    import autograd

    X, classes, Ws, bs = data()
    rows = np.arange(BATCH)
    x, y = small()

    def loss(parameters: Any, act: Callable[[Any], Any]) -> Any:
        h = X
        for k, (W, b) in enumerate(parameters):
            h = anp.dot(h, W) + b
            h = act(h) if k < 2 else h
        top = np.max(anp.array(getattr(h, "_value", h)), axis=1, keepdims=True)
        log_total = anp.log(anp.sum(anp.exp(h - top), axis=1)) + top[:, 0]
        return anp.mean(log_total - h[rows, classes])

    parameters = list(zip(Ws, bs, strict=True))
    step = autograd.value_and_grad(loss)
    slopes = autograd.grad(lambda x, y: anp.sum(chain(x, y, anp.tanh)), (0, 1))

    def network(act: Callable[[Any], Any]) -> Any:
        value, found = step(parameters, act)
        return float(value), [g for pair in found for g in pair]

    return {
        "W4 tanh": lambda: network(anp.tanh),
        "W4 relu": lambda: network(lambda z: anp.maximum(z, 0)),
        "overhead": lambda: slopes(x, y),
    }


ENGINES: dict[str, Callable[[], dict[str, Step]]] = {
    "glassgrad": glassgrad, "numpy by hand": by_hand, "torch": torch, "hips": hips,
}  # fmt: skip


class Here:
    """An engine in this process."""

    def __init__(self, name: str) -> None:
        self.steps = ENGINES[name]()

    def ask(self, what: str, steps: int) -> Any:
        """Seconds per step of a workload; with no steps, its loss and the sum of each gradient's magnitudes."""
        if what == "peak":
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        if what not in self.steps:
            return None
        if not steps:
            loss, found = self.steps[what]()
            return [float(loss), *[float(np.abs(g).sum()) for g in found]]
        start = time.perf_counter()
        for _ in range(steps):
            self.steps[what]()
        return (time.perf_counter() - start) / steps


class There:
    """An engine in an interpreter of its own, asked over its standard input."""

    def __init__(self, name: str, python: str) -> None:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [python, str(Path(__file__).resolve()), "--serve", name]
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask(self, what: str, steps: int) -> Any:
        """See `Here`."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([what, steps]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def serve(name: str) -> None:
    """Answer `There.ask` until the input ends."""
    engine = Here(name)
    for line in sys.stdin:
        print(json.dumps(engine.ask(*json.loads(line))), flush=True)


def compare(engines: dict[str, Any], rounds: int) -> None:
    """Print the medians, and how many times as long as the others glassgrad takes."""
    for what, steps, unit in (("W4 tanh", 10, 1.0), ("W4 relu", 10, 1.0), ("overhead", 20, OPERATIONS)):
        if what != "overhead":
            losses = {name: engine.ask(what, 0) for name, engine in engines.items()}
            for name, loss in losses.items():
                np.testing.assert_allclose(
                    loss, losses["glassgrad"], rtol=1e-9, err_msg=f"{name} computes another {what}"
                )
        samples: dict[str, list[float]] = {name: [] for name in engines}
        for turn in range(rounds + 2):
            order = list(engines)
            for name in order[turn % len(order) :] + order[: turn % len(order)]:  # nobody is always the first
                seconds = engines[name].ask(what, steps)
                if seconds is not None and turn > 1:
                    samples[name].append(seconds / unit * 1e6)
        print(f"\n{what}, µs {'a step' if unit == 1.0 else 'an operation'}")
        for name, times in samples.items():
            if times:
                ratio = median(ours / its for ours, its in zip(samples["glassgrad"], times, strict=True))
                print(f"  {name:14} {median(times):9.2f}   glassgrad / it  {ratio:5.2f}")
    print("\npeak memory of the process, MB")
    for name, engine in engines.items():
        print(f"  {name:14} {engine.ask('peak', 0):9.1f}")


def memory(steps: int) -> None:
    """Print the memory of the process in the course of a training."""
    from autograd import Tensor

    X, classes, Ws, bs = data()
    X, classes, rows = X[:32], classes[:32], np.arange(32)
    layers = [(Tensor(W), Tensor(b)) for W, b in zip(Ws, bs, strict=True)]
    page = os.sysconf("SC_PAGE_SIZE")
    for step in range(steps + 1):
        h: Any = X
        for k, (W, b) in enumerate(layers):
            h = h @ W + b
            h = h.tanh() if k < 2 else h
        loss = -h.log_softmax(axis=1)[rows, classes].mean()
        for pair in layers:
            for p in pair:
                p.grad = None
        loss.backward()
        for pair in layers:
            for p in pair:
                p.data -= 0.01 * p.grad
        if step % (steps // 5) == 0:
            resident = int(Path("/proc/self/statm").read_text().split()[1]) * page / 2**20
            print(f"step {step:6}   {resident:7.2f} MB   loss {loss.item():.6f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has torch")
    parser.add_argument("--hips", metavar="PYTHON", help="an interpreter that has HIPS autograd")
    parser.add_argument("--memory", action="store_true", help="the memory of 10,000 training steps instead")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--serve", choices=list(ENGINES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    elif options.memory:
        memory(10_000)
    else:
        engines: dict[str, Any] = {name: Here(name) for name in ("glassgrad", "numpy by hand")}
        for name in ("torch", "hips"):
            if getattr(options, name):
                engines[name] = There(name, getattr(options, name))
        compare(engines, options.rounds)


if __name__ == "__main__":
    main()
