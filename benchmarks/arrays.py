"""Training steps of a compiled function of arrays, against numpy by hand and jax.jit: medians of interleaved runs.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/arrays.py

W4: a 64-128-128-10 tanh network, softmax cross entropy, batch 256, float64; loss and all gradients. numpy by hand is
written as one would; jax.jit of the same model is given numpy arrays and, as a second contestant, arrays that are on
the device already. With jax installed, the step compiled with engine="jax" runs beside it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.compiler import compile

SIZES, BATCH = (64, 128, 128, 10), 256
Contestants = dict[str, Callable[[], Any]]


def data() -> tuple[Any, Any, list[Any]]:
    """A batch, its classes, and W1, b1, W2, b2, W3, b3."""
    rng = np.random.default_rng(0)
    parameters = []
    for inputs, outputs in itertools.pairwise(SIZES):
        parameters += [rng.normal(size=(inputs, outputs)) / np.sqrt(inputs), rng.normal(size=outputs) * 0.1]
    return rng.normal(size=(BATCH, SIZES[0])), rng.integers(0, SIZES[-1], BATCH), parameters


def by_hand(W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any, X: Any, Y: Any) -> Any:
    """The loss and its gradients, as a careful person writes them in numpy."""
    n = len(X)
    rows = np.arange(n)
    a1 = np.tanh(X @ W1 + b1)
    a2 = np.tanh(a1 @ W2 + b2)
    z3 = a2 @ W3 + b3
    z3 -= z3.max(axis=1, keepdims=True)
    p = np.exp(z3)
    total = p.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - z3[rows, Y]).sum() / n
    p /= total
    p[rows, Y] -= 1
    p /= n
    d2 = (p @ W3.T) * (1 - a2 * a2)
    d1 = (d2 @ W2.T) * (1 - a1 * a1)
    return loss, (X.T @ d1, d1.sum(axis=0), a1.T @ d2, d2.sum(axis=0), a2.T @ p, p.sum(axis=0))


def contestants() -> Contestants:
    """What is measured, each as a function that makes one step."""
    X, Y, arrays = data()
    tensors = [Tensor(array) for array in arrays]
    W1, b1, W2, b2, W3, b3 = tensors
    for tensor, name in zip(tensors, ("W1", "b1", "W2", "b2", "W3", "b3"), strict=True):
        tensor.label = name

    def loss(X: Any, Y: Any) -> Any:
        a1 = np.tanh(X @ W1 + b1)
        a2 = np.tanh(a1 @ W2 + b2)
        return -(a2 @ W3 + b3).log_softmax(axis=1)[np.arange(len(X)), Y].mean()

    def cleared(step: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            for tensor in tensors:
                tensor.grad = None
            return step()

        return run

    def eager() -> Any:
        out = loss(X, Y)
        out.backward()
        return out.item()

    found: Contestants = {"numpy by hand": lambda: by_hand(*arrays, X, Y)}
    for engine in ("numpy", "jax") if find_spec("jax") else ("numpy",):
        step = compile(loss, tensors, engine=engine)
        theta = step.pack()
        found[f"step, {engine}"] = cleared(lambda step=step: step(X, Y))  # type: ignore[misc]
        found[f"value_and_grad, {engine}"] = lambda step=step, theta=theta: step.value_and_grad(theta, X, Y)  # type: ignore[misc]
        if engine == "jax":
            import jax

            with jax.enable_x64(True):
                there = [jax.device_put(array) for array in (theta, X, Y)]
            found["value_and_grad, on the device"] = lambda step=step, there=there: jax.block_until_ready(  # type: ignore[misc]
                step.value_and_grad(*there)
            )
    namespace: dict[str, Any] = {}
    step = compile(loss, tensors, engine="numpy")
    step(X, Y)
    exec(step.source, namespace)
    found["the printed source"] = lambda: namespace["value_and_grad"](*arrays, X, Y)
    found["Tensor, eager"] = cleared(eager)
    if find_spec("jax"):
        found |= native(X, Y, arrays)
    return found


def native(X: Any, Y: Any, arrays: list[Any]) -> Contestants:
    """The same model in jax's own words."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss(parameters: Any, X: Any, Y: Any) -> Any:
        W1, b1, W2, b2, W3, b3 = parameters
        a1 = jnp.tanh(X @ W1 + b1)
        a2 = jnp.tanh(a1 @ W2 + b2)
        return -jax.nn.log_softmax(a2 @ W3 + b3, axis=1)[jnp.arange(len(X)), Y].mean()

    step = jax.jit(jax.value_and_grad(loss))
    there = [jax.device_put(array) for array in arrays], jax.device_put(X), jax.device_put(Y)
    return {
        "jax.jit, from numpy": lambda: jax.device_get(step(arrays, X, Y)),
        "jax.jit, on the device": lambda: jax.block_until_ready(step(*there)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--steps", type=int, default=5, help="steps in each turn")
    parser.add_argument("--cpu", action="store_true", help="processor time instead of wall time: on a busy machine")
    parser.add_argument("--json", help="a file for the medians")
    options = parser.parse_args()
    clock = time.process_time if options.cpu else time.perf_counter
    runs = contestants()
    first = {name: run() for name, run in runs.items()}
    for name, result in first.items():
        got = float(result[0] if isinstance(result, tuple) else result)
        np.testing.assert_allclose(got, first["numpy by hand"][0], rtol=1e-12, err_msg=f"{name} computes another loss")
    samples: dict[str, list[float]] = {name: [] for name in runs}
    order = list(runs)
    for turn in range(options.rounds + 3):
        start = turn % len(order)
        for name in order[start:] + order[:start]:  # nobody is always the first
            run, before = runs[name], clock()
            for _ in range(options.steps):
                run()
            if turn > 2:
                samples[name].append((clock() - before) / options.steps * 1e6)
    medians = {name: median(times) for name, times in samples.items()}
    print("W4, µs a step")
    for name, time_of in medians.items():
        against = [
            f"{median(a / b for a, b in zip(samples[name], samples[peer], strict=True)):5.2f} × {peer}"
            for peer in ("numpy by hand", "jax.jit, from numpy", "jax.jit, on the device")
            if peer in runs and peer != name
        ]
        print(f"  {name:24} {time_of:8.1f}   {'   '.join(against)}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(medians, file, indent=1)


if __name__ == "__main__":
    main()
