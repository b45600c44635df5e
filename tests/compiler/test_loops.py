"""Loops that are found in long straight-line code compute what the code computes, operation by operation."""

import functools
import random

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from autograd import Value, exp, maximum, no_grad, relu, sin, tanh, where
from autograd.compiler import compile
from autograd.compiler.llvm import loops, module

TURNS = 40


@pytest.fixture
def found(monkeypatch):
    """Loops are looked for in short code too; they are collected here."""
    monkeypatch.setattr(module, "LONG", 20)
    monkeypatch.setattr(loops, "FEWEST", 5)
    seen, real = [], loops.find_loops

    def find(*given):
        new = real(*given)
        seen.extend(new)
        return new

    monkeypatch.setattr(module, "find_loops", find)
    monkeypatch.setattr(module, "write_packed", lambda *_: [])
    return seen


def chain(p, step, start=None):
    return functools.reduce(step, range(TURNS), p[0] if start is None else start)


def fibonacci(p, x):
    a, b = p[0], p[1]
    for _ in range(TURNS):
        a, b = b, tanh(a * p[2] + b * p[3]) + b * a
    return a * b


def frozen(p, x):
    z = p[0]
    for k in range(TURNS):
        with no_grad():
            scale = z * p[1]
        z = z + scale * sin(z) * p[k % 4]
    return z


def branching(p, x):
    z, was = p[0], p[1] > 0.0
    for k in range(TURNS):
        above = z * p[2] > x[k] - 0.5
        z = where(above, tanh(z + p[3]), where(was, z * p[1], relu(z) + x[k]))
        was = above
    return z


PROGRAMS = {
    "affine": lambda p, x: chain(p, lambda z, _: z * p[1] + p[2]),
    "network": lambda p, x: chain(p, lambda z, k: tanh(z * p[1] + x[k] * p[2] + p[3])),
    "backwards through the sample": lambda p, x: chain(p, lambda z, k: sin(z * x[TURNS - 1 - k]) + p[1]),
    "a parameter each": lambda p, x: chain(p, lambda z, k: z * 0.5 + p[k] * x[k]),
    "horner": lambda p, x: chain(p, lambda z, k: z * x[0] + p[k]),
    "every third sample": lambda p, x: chain(p, lambda z, k: exp(-z * z) * x[3 * k // 3] + p[k % 3]),
    "kinks": lambda p, x: chain(p, lambda z, k: maximum(relu(z + x[k]) * p[1], p[2] - z)),
    "quotients": lambda p, x: chain(p, lambda z, k: z - (z * z - x[k] ** 2) / (2 * z + p[1] * p[1] + 1)),
    "two before": fibonacci,
    "frozen": frozen,
    "branching": branching,
    "two chains": lambda p, x: chain(p, lambda z, k: z * p[1] + p[2]) * chain(p, lambda z, k: sin(z) * x[k], p[3]),
}


def compared(function, rows=1):
    rng = np.random.default_rng(1)
    theta, x, v = rng.normal(size=TURNS) * 0.7, rng.normal(size=(rows, TURNS)), rng.normal(size=TURNS)
    steps = []
    for engine in ("llvm", "numpy"):
        p = [Value(number, f"p{k}") for k, number in enumerate(theta)]
        steps.append(compile(functools.partial(function, p), p, engine=engine))
    for kind in ("value", "value_and_grad", "hvp"):
        given = (theta, v, x) if kind == "hvp" else (theta, x)
        got, wanted = (np.hstack([np.ravel(part) for part in _parts(getattr(step, kind)(*given))]) for step in steps)
        assert np.isfinite(wanted).all()
        assert got == pytest.approx(wanted, rel=1e-11, abs=1e-12 * np.abs(wanted).max())


def _parts(result):
    return result if isinstance(result, tuple) else (result,)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_loop_computes_what_its_turns_do(name, found):
    compared(PROGRAMS[name])
    assert max(loop.turns for loop in found) >= TURNS - 6


@pytest.mark.parametrize("seed", range(8))
def test_random_recurrences(seed, found):
    rng = random.Random(seed)
    count = rng.randint(2, 5)
    recipe = [
        (rng.choice("+-*tw"), rng.randrange(count), rng.randrange(count), rng.randrange(4), rng.random() < 0.5)
        for _ in range(rng.randint(2, 7))
    ]

    def function(p, x):
        state = [p[k] for k in range(count)]
        for k in range(TURNS):
            for op, i, j, constant, sampled in recipe:
                a, b = state[i], x[k] if sampled else state[j]
                scaled = b * p[constant]
                state[i] = {
                    "+": lambda a=a, b=scaled: 0.5 * a + b * 0.25,
                    "-": lambda a=a, b=scaled: 0.5 * a - b * 0.25,
                    "*": lambda a=a, b=scaled: tanh(a * b),
                    "t": lambda a=a, b=scaled: sin(a + b),
                    "w": lambda a=a, b=scaled: where(a > b, 0.5 * a, tanh(b)),
                }[op]()
        return sum(s * s for s in state)

    compared(function)
    assert found


@pytest.mark.usefixtures("found")
def test_operations_in_no_order():
    rng = random.Random(0)
    operations = [rng.choice((tanh, sin, relu, lambda z: z * z, lambda z: -z)) for _ in range(60)]
    compared(lambda p, x: functools.reduce(lambda z, f: f(z) + 0.1 * p[1], operations, p[0]))


def test_beside_a_loop_over_samples(found):
    """What depends on parameters alone, before the samples (40 turns that they need) and after them."""

    def function(p, x):
        scale = chain(p, lambda z, _: tanh(z * p[1] + p[2]))
        return (scale * x[0] - p[3]) ** 2 + 0.01 * chain(p, lambda z, k: z + sin(p[k]) * p[k])

    compared(function, rows=5)
    assert {loop.turns for loop in found} & {TURNS - 1, TURNS - 2}
