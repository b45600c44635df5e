"""Random indices of arrays, in all the ways that they can be written, held against the places numpy finds by them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, compile, grads, hvp, jvp, values
from tests.core.test_agreement import present
from tests.fuzz.test_fuzz import seeds


def random_index(rng: random.Random, shape: tuple[int, ...]) -> Any:
    """Numbers, slices, lists, masks, new axes, an ellipsis: most of them fit the shape."""
    parts: list[Any] = []
    wide = rng.choice([(2,), (3,), (2, 2), (1, 3), ()])
    axis = 0
    while axis < len(shape):
        n = shape[axis]
        bounds = [None, *range(-n - 1, n + 2)]
        numbers = np.array([rng.randrange(-n, n) for _ in range(int(np.prod(wide)))]).reshape(wide)
        kind = rng.randrange(10)
        if kind < 2:
            parts.append(rng.choice([int, np.int64])(rng.randrange(-n, n)))
        elif kind < 5:
            parts.append(slice(rng.choice(bounds), rng.choice(bounds), rng.choice([None, 1, 2, -1, -2])))
        elif kind < 7:
            parts.append(rng.choice([numbers, numbers.tolist(), numbers.astype(np.int8)]))
        elif kind == 7:
            parts.append(np.array([rng.random() < 0.6 for _ in range(n)]))
        elif kind == 8:
            parts.append(rng.choice([None, True, False]))
            continue
        elif not any(part is Ellipsis for part in parts):
            parts.append(Ellipsis)
            break
        axis += 1
    return parts[0] if len(parts) == 1 else tuple(parts)


def check_index(seed: int, engine: Any) -> None:
    rng = random.Random(seed)
    shape = tuple(rng.randrange(1, 4) for _ in range(rng.randrange(1, 4)))
    index = random_index(rng, shape)
    x, places = np.arange(1.0, 1 + np.prod(shape)).reshape(shape), np.arange(np.prod(shape)).reshape(shape)
    try:
        places = places[index]
    except IndexError:
        with pytest.raises((IndexError, ValueError, TypeError)):
            Tensor(x)[index]
        return
    weights = np.cos(np.arange(places.size)).reshape(places.shape)
    first, second = np.zeros(shape), np.zeros(shape)
    np.add.at(first.reshape(-1), places, 2 * weights * x[index])
    np.add.at(second.reshape(-1), places, 2 * weights)

    def f(t: Any) -> Any:
        return np.sum(t[index] ** 2 * weights)

    eager, compiled, array = Tensor(x), Tensor(x), values(x)
    f(eager).backward()
    compile(lambda: f(compiled), [compiled], engine=engine)()
    if places.size:  # a sum of nothing is a plain 0
        f(array).backward()
    found = {"eager": eager.grad, engine: compiled.grad, "Values": grads(array)}
    for way, slope in found.items():
        np.testing.assert_allclose(slope, first, rtol=1e-12, atol=1e-12, err_msg=f"{seed} {way} {shape} {index}")
    ones = np.ones(shape)
    np.testing.assert_allclose(jvp(f, (x,), (ones,))[1], first.sum(), rtol=1e-12, atol=1e-12, err_msg=str(seed))
    np.testing.assert_allclose(hvp(f, x, ones), second, rtol=1e-12, atol=1e-12, err_msg=str(seed))


def test_indices(pytestconfig: pytest.Config) -> None:
    for seed in seeds(pytestconfig, 0, 60):
        check_index(seed, "numpy")


@pytest.mark.long
@pytest.mark.parametrize("engine", present("numpy", "jax"))
def test_indices_for_minutes(engine: Any, pytestconfig: pytest.Config) -> None:
    for seed in seeds(pytestconfig, 60, 3000 if engine == "numpy" else 100):
        check_index(seed, engine)
