"""A GPT written in scalars learns to make up names: the compiled step trains it, one document after the other.

    python demos/names.py [--quick]               # needs: pip install -e ".[plot,fast]"

The loss of one name is a graph of tens of thousands of scalars (parts/gpt.py). `compile` records it once and writes
down what it computes, forward and backward, as machine code (with the extra `fast`), else as numpy over the whole list
of names. Learns from names.txt; writes out/names.svg and .png.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, save_figure

needs("plot", "matplotlib", "tqdm")

import importlib.util
import math
import string
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from parts.gpt import Sizes, loss_of, scores_of, weights
from tqdm import trange

from autograd import Tensor, compile
from nn import Adam

FAST = importlib.util.find_spec("llvmlite") is not None
SIZES = Sizes() if FAST else Sizes(width=8, heads=2)
STEPS = (3000 if QUICK else 12_000) if FAST else (40 if QUICK else 1000)
LETTERS = "." + string.ascii_lowercase  # the dot is before the first letter and after the last


def documents(names: list[str]) -> tuple[Any, Any]:
    """Letters given and letters wanted, (N, block, vocabulary): a 1 at the letter, zeros after the end of a name."""
    given, wanted = np.zeros((2, len(names), SIZES.block, SIZES.vocabulary))
    for k, name in enumerate(names):
        places = [LETTERS.index(letter) for letter in f".{name}."]
        given[k, range(len(name) + 1), places[:-1]] = 1
        wanted[k, range(len(name) + 1), places[1:]] = 1
    return given, wanted


def train(step: Any, given: Any, wanted: Any) -> list[float]:
    """Adam on the flat vector of the parameters; the loss of every step."""
    theta, losses, order = Tensor(step.pack()), [], np.random.default_rng(0)
    optimizer = Adam([theta], lr=0.01, betas=(0.9, 0.99))
    progress = trange(STEPS, desc="training", unit="step", mininterval=0.5, disable=None)
    for k in progress:
        if FAST and k % len(given) == 0:
            shuffled = order.permutation(len(given))
        chosen = slice(None) if not FAST else shuffled[k % len(given)][None]
        loss, theta.grad = step.value_and_grad(theta.data, given[chosen], wanted[chosen])
        losses.append(loss)
        optimizer.lr = 0.01 * (1 - k / STEPS)
        optimizer.step()
        if k % 100 == 0:
            progress.set_postfix(loss=f"{np.mean(losses[-len(given) :]):.3f}", refresh=False)
    step.unpack(theta.data)
    return losses


def sample(scores: Any, count: int, temperature: float = 0.6) -> list[str]:
    """Names that the model makes up, all at once, letter after letter: the likelier a letter, the oftener it comes."""
    rng, names = np.random.default_rng(1), [""] * count
    given = documents(names)[0]
    for place in range(SIZES.block):
        ahead = scores(given)[:, place] / temperature
        drawn = np.argmax(ahead + rng.gumbel(size=ahead.shape), axis=1)
        names = [name if name.endswith(".") else name + LETTERS[k] for name, k in zip(names, drawn, strict=True)]
        if place + 1 < SIZES.block:
            given[range(count), place + 1, drawn] = 1
    return [name.rstrip(".") for name in names]


def seconds(run: Callable[[], Any], times: int) -> float:
    """How long the fastest of several runs takes."""
    return min(timeit.repeat(run, number=1, repeat=times))


def main() -> None:
    known = Path(__file__).with_name("names.txt").read_text(encoding="utf-8").split()
    given, wanted = documents(known)
    if not FAST:
        print("Without llvmlite (pip install -e '.[fast]') numpy trains a smaller model, on all names at once.")
    w = weights(SIZES)
    parameters = [p for matrix in w.values() for row in matrix for p in row]
    loss = loss_of(w, SIZES)
    print(f"{len(known)} names, {len(parameters)} parameters, every one a Value.")

    eager = seconds(lambda: loss(given[0].tolist(), wanted[0].tolist()).backward(), 3)
    step = compile(loss, parameters)
    batch = (given[:1], wanted[:1]) if FAST else (given, wanted)
    first = seconds(lambda: step.value_and_grad(step.pack(), *batch), 1)
    losses = train(step, given, wanted)
    theta = step.pack()
    compiled = seconds(lambda: step.value_and_grad(theta, *batch), 10) / len(batch[0])
    print(f"Loss and gradients of a name: eager {eager * 1e3:.0f} ms, by {step.engine} {compiled * 1e3:.3f} ms")
    print(f"({eager / compiled:.0f} times as fast; compiling took {first:.1f} s).")

    epoch = len(known) if FAST else 1
    smooth = np.convolve(losses, np.ones(epoch) / epoch, "valid")
    print(f"Loss of a letter: {losses[0]:.2f} -> {smooth[-1]:.2f} (guessing: {math.log(len(LETTERS)):.2f}).")
    made = sample(compile(scores_of(w, SIZES)), 8 if QUICK else 32)
    named = list(filter(None, made))  # hardly trained, it also ends a name before its first letter
    print(f"Made up, {sum(name not in known for name in named)} of {len(named)} new: {', '.join(named)}")

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(np.arange(len(smooth)) + epoch, smooth, color="#0072b2", label=f"mean of {epoch} names" if FAST else None)
    axes.axhline(math.log(len(LETTERS)), color="grey", linestyle="--", label="guessing")
    axes.set(xlabel="step", ylabel="loss of a letter", title=f"A GPT of {len(parameters)} scalars learns names")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    save_figure(figure, "names")


if __name__ == "__main__":
    main()
