"""A GPT in scalars, trained and asked for names, as people publish it: one file, no arrays, `loss.backward()`.

Written for a `Value` of its own (own_value.py); the one line that imports it chooses whose engine runs: its own,
micrograd's, or ours. Nothing else is changed for any of them, so this is how fast a stranger's program becomes. Every
engine runs in a process of its own, in turns.

    python benchmarks/microgpt.py                       all engines in turns: seconds, and how much faster ours is
    python benchmarks/microgpt.py --engine autograd     one of them, its figures as JSON
    python benchmarks/microgpt.py --collector off       with Python's garbage collector off
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

ENGINES = ("own_value", "with_micrograd", "autograd")
NAMES = Path(__file__).resolve().parents[1] / "demos" / "names.txt"
N_EMBD, N_HEAD, BLOCK = 24, 4, 8
"""Width, attention heads, and how many letters it looks back."""

sys.setrecursionlimit(1_000_000)  # the engines of other people walk a graph by recursion


class GPT:
    """The weights and the forward pass; `Value` is a class of whichever engine."""

    def __init__(self, Value: Any, vocabulary: int, seed: int = 42) -> None:
        rng = random.Random(seed)

        def matrix(rows: int, columns: int) -> list[list[Any]]:
            return [[Value(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        self.w = {
            "token": matrix(vocabulary, N_EMBD),
            "place": matrix(BLOCK, N_EMBD),
            "query": matrix(N_EMBD, N_EMBD),
            "key": matrix(N_EMBD, N_EMBD),
            "value": matrix(N_EMBD, N_EMBD),
            "out": matrix(N_EMBD, N_EMBD),
            "up": matrix(4 * N_EMBD, N_EMBD),
            "down": matrix(N_EMBD, 4 * N_EMBD),
            "head": matrix(vocabulary, N_EMBD),
        }

    def parameters(self) -> list[Any]:
        return [p for matrix in self.w.values() for row in matrix for p in row]

    def __call__(self, token: int, place: int, keys: list[Any], values: list[Any]) -> list[Any]:
        """The scores of the next letter; what the letter is asked for later is appended to `keys` and `values`."""
        w = self.w
        x = [t + p for t, p in zip(w["token"][token], w["place"][place], strict=True)]
        x = rmsnorm(x)
        residual = x
        x = rmsnorm(x)
        query = linear(x, w["query"])
        keys.append(linear(x, w["key"]))
        values.append(linear(x, w["value"]))
        attended = []
        size = N_EMBD // N_HEAD
        for start in range(0, N_EMBD, size):
            q = query[start : start + size]
            k = [key[start : start + size] for key in keys]
            v = [value[start : start + size] for value in values]
            shares = softmax([sum(a * b for a, b in zip(q, each, strict=True)) / size**0.5 for each in k])
            attended += [sum(s * each[j] for s, each in zip(shares, v, strict=True)) for j in range(size)]
        x = [a + b for a, b in zip(linear(attended, w["out"]), residual, strict=True)]
        residual = x
        hidden = [h.relu() for h in linear(rmsnorm(x), w["up"])]
        x = [a + b for a, b in zip(linear(hidden, w["down"]), residual, strict=True)]
        return linear(x, w["head"])


def linear(x: list[Any], w: list[list[Any]]) -> list[Any]:
    return [sum(wi * xi for wi, xi in zip(row, x, strict=True)) for row in w]


def softmax(scores: list[Any]) -> list[Any]:
    largest = max(score.data for score in scores)
    powers = [(score - largest).exp() for score in scores]
    total = sum(powers)
    return [power / total for power in powers]


def rmsnorm(x: list[Any]) -> list[Any]:
    scale = (sum(each * each for each in x) / len(x) + 1e-5) ** -0.5
    return [each * scale for each in x]


def loss_of(model: GPT, tokens: list[int]) -> Any:
    """The mean surprise at the letters of one name, each after those before it."""
    keys: list[Any] = []
    values: list[Any] = []
    losses = []
    places = min(BLOCK, len(tokens) - 1)
    for place in range(places):
        shares = softmax(model(tokens[place], place, keys, values))
        losses.append(-shares[tokens[place + 1]].log())
    return sum(losses) / places


class Adam:
    """Adam with a learning rate that falls to zero over the training."""

    def __init__(self, parameters: list[Any], steps: int) -> None:
        self.parameters, self.steps, self.step_number = parameters, steps, 0
        self.m = [0.0] * len(parameters)
        self.v = [0.0] * len(parameters)

    def step(self) -> None:
        lr = 0.01 * (1 - self.step_number / self.steps)
        self.step_number += 1
        for i, p in enumerate(self.parameters):
            self.m[i] = 0.85 * self.m[i] + 0.15 * p.grad
            self.v[i] = 0.99 * self.v[i] + 0.01 * p.grad**2
            m = self.m[i] / (1 - 0.85**self.step_number)
            v = self.v[i] / (1 - 0.99**self.step_number)
            p.data -= lr * m / (v**0.5 + 1e-8)
            p.grad = 0.0


def documents(seed: int = 42) -> tuple[list[str], list[str]]:
    """The names in a random order, and the letters in them."""
    names = NAMES.read_text(encoding="utf-8").split()
    random.Random(seed).shuffle(names)
    return names, sorted(set("".join(names)))


def train(Value: Any, steps: int, samples: int) -> dict[str, Any]:
    """Train and make up names: the seconds of all that, the median of a training step, and what came out."""
    names, letters = documents()
    end = len(letters)  # the token before and after a name
    model = GPT(Value, len(letters) + 1)
    optimizer = Adam(model.parameters(), steps)
    losses, times = [], []
    begun = time.process_time()
    for number in range(steps):
        start = time.process_time()
        loss = loss_of(model, [end, *(letters.index(letter) for letter in names[number % len(names)]), end])
        loss.backward()
        optimizer.step()
        losses.append(loss.data)
        times.append(time.process_time() - start)
    rng = random.Random(1)
    made = [name(model, letters, rng) for _ in range(samples)]
    return {"seconds": time.process_time() - begun, "step": median(times), "losses": losses, "names": made}


def name(model: GPT, letters: list[str], rng: random.Random) -> str:
    """A name made up letter by letter."""
    keys: list[Any] = []
    values: list[Any] = []
    token, made = len(letters), ""
    for place in range(BLOCK):
        shares = softmax([score / 0.5 for score in model(token, place, keys, values)])
        token = rng.choices(range(len(shares)), weights=[share.data for share in shares])[0]
        if token == len(letters):
            break
        made += letters[token]
    return made


def turns(engines: list[str], rounds: int, arguments: list[str]) -> dict[str, list[dict[str, Any]]]:
    """What the engines say, each time in a process of its own, in turns."""
    found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in engines}
    for _ in range(rounds):
        for engine in engines:
            command = [sys.executable, str(Path(__file__).resolve()), "--engine", engine, *arguments]
            run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found[engine].append(json.loads(run.stdout))
    return found


def show(found: dict[str, list[dict[str, Any]]]) -> None:
    """Print the medians of each engine beside ours, and whether it made the same names."""
    ours = found["autograd"]
    print(f"{'':16}{'training and names, s':>24}{'':>8}{'a training step, ms':>24}{'':>8}   last loss")
    for engine, runs in found.items():
        line = f"{engine:16}"
        for figure, unit in (("seconds", 1.0), ("step", 1e3)):
            own, other = (median(run[figure] for run in each) for each in (ours, runs))
            line += f"{other * unit:24.2f}{other / own:7.1f}x"
        same = "the same names" if runs[0]["names"] == ours[0]["names"] else "OTHER NAMES"
        print(f"{line}   {runs[0]['losses'][-1]:.12f}, {same}")


def main() -> None:
    parser = argparse.ArgumentParser(description="A GPT in scalars on the engines of other people and on ours.")
    parser.add_argument("--engine", choices=ENGINES, help="run this one, here, and print its figures as JSON")
    parser.add_argument("--collector", choices=("on", "off"), default="on", help="Python's garbage collector")
    parser.add_argument("--rounds", type=int, default=1, help="how many turns each engine has")
    parser.add_argument("--steps", type=int, default=12, help="training steps")
    parser.add_argument("--samples", type=int, default=20, help="names made up after it")
    options = parser.parse_args()
    if options.engine is None:
        arguments = [f"--{name}={getattr(options, name)}" for name in ("collector", "steps", "samples")]
        show(turns(list(ENGINES), options.rounds, arguments))
        return
    (gc.enable if options.collector == "on" else gc.disable)()
    print(json.dumps(train(importlib.import_module(options.engine).Value, options.steps, options.samples)))


if __name__ == "__main__":
    main()
