"""Where an object keeps its numbers: in attributes, lists, dicts, and in objects of its own classes inside these.

A place is a way from the object to an array, `layers[0].W` or `params['W1']`. Which places are weights is found out by
what the loss reads and a step changes; which hold their gradients, by what they are called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recorded.evidence import plain_name

Array = Any
Step = tuple[str, Any]  # ("attribute", name) or ("item", key)
DEPTH = 5
GRADIENTS = re.compile(r"grad|nabla|deriv|slope|partial|^d_?(params|weights|bias)|^d[wb]s?$", re.IGNORECASE)
"""What containers of gradients are called, besides the name of the weights with a d before it."""


@dataclass(frozen=True)
class Place:
    """A way from an object to a number or an array inside it."""

    steps: tuple[Step, ...]

    @property
    def name(self) -> str:
        parts = [f".{key}" if kind == "attribute" else f"[{key!r}]" for kind, key in self.steps]
        return "".join(parts).removeprefix(".")

    def get(self, thing: Any) -> Any:
        for kind, key in self.steps:
            thing = getattr(thing, key) if kind == "attribute" else thing[key]
        return thing

    def put(self, thing: Any, value: Any) -> None:
        """Put a value there; a tuple on the way is made anew."""
        *way, (kind, key) = self.steps
        holder = Place(tuple(way)).get(thing)
        if kind == "attribute":
            setattr(holder, key, value)
        elif isinstance(holder, tuple):
            Place(tuple(way)).put(thing, tuple(value if k == key else part for k, part in enumerate(holder)))
        else:
            holder[key] = value


@dataclass(frozen=True)
class Holding:
    """An array, or a float, and all places where an object keeps it: the first is the one that it is called by."""

    places: tuple[Place, ...]

    @property
    def name(self) -> str:
        return self.places[0].name

    def get(self, thing: Any) -> Any:
        return self.places[0].get(thing)

    def put(self, thing: Any, value: Any) -> None:
        for place in self.places:
            place.put(thing, value)


def holdings(net: Any) -> list[Holding]:
    """All arrays of floats in an object, and all floats, each once.

    >>> class Net: pass
    >>> net = Net()
    >>> net.layers = [{"W": np.ones((2, 2)), "size": 2}]
    >>> net.rate = 0.1
    >>> [holding.name for holding in holdings(net)]
    ["layers[0]['W']", 'rate']
    """
    found: dict[Any, list[Place]] = {}
    for k, (place, part) in enumerate(_inside(net, (), set())):
        found.setdefault(id(part) if isinstance(part, np.ndarray) else ("float", k), []).append(place)
    # `layers[0].W` and `params[0]` may be one array: it is called by the attribute, which is how the formulas read
    return [Holding(tuple(sorted(places, key=lambda p: p.steps[-1][0] != "attribute"))) for places in found.values()]


def _inside(thing: Any, way: tuple[Step, ...], passed: set[int]) -> Iterator[tuple[Place, Any]]:
    if len(way) > DEPTH or id(thing) in passed:
        return
    within = passed | {id(thing)}
    for step, part in _parts(thing):
        if (isinstance(part, np.ndarray) and part.dtype.kind == "f") or isinstance(part, float):
            yield Place((*way, step)), part
        elif not isinstance(part, (np.ndarray, str, bytes, int, bool, type(None))):
            yield from _inside(part, (*way, step), within)


def _parts(thing: Any) -> Iterable[tuple[Step, Any]]:
    if isinstance(thing, Mapping):
        return [(("item", key), part) for key, part in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [(("item", k), part) for k, part in enumerate(thing)] if len(thing) <= 1000 else []
    held = getattr(thing, "__dict__", None)
    own = type(thing).__module__.split(".")[0] not in ("numpy", "builtins", "matplotlib", "scipy", "random")
    if isinstance(held, dict) and own and not isinstance(thing, type) and not callable(thing):
        return [(("attribute", name), part) for name, part in held.items()]
    if isinstance(held, dict) and own and callable(thing) and not hasattr(thing, "__code__"):
        return [(("attribute", name), part) for name, part in held.items()]  # an object with __call__
    return []


def read_by(net: Any, twin: Callable[[], Any], run: Callable[[Any], Any]) -> list[Holding]:
    """What a run reads: with other numbers in its place, the result is another one.

    What the run itself writes before it reads it, an activation kept on the object, is not among them.
    """
    base, held = _result(run, twin()), holdings(net)
    if base is None:  # it cannot be run: the diagnosis will meet that again, and say where
        arrays = [h for h in held if isinstance(h.get(net), np.ndarray)]
        return [h for h in arrays if not any(_about(h.places[0], other.places[0]) for other in arrays)]
    found = []
    for holding in held:
        part = np.asarray(holding.get(net))
        noise = np.random.default_rng(0).uniform(0.5, 1.0, part.shape) * (0.1 + np.abs(part))
        for other in (part + noise, part - noise, np.full_like(part, np.nan)):
            changed = twin()
            _fill(holding, changed, other)
            after = _result(run, changed)
            if after is None or not np.array_equal(after, base, equal_nan=True):
                found.append(holding)
                break
    return found


def _fill(holding: Holding, thing: Any, numbers: Array) -> None:
    part = holding.get(thing)
    if isinstance(part, np.ndarray) and part.flags.writeable:
        part[...] = numbers
    else:
        holding.put(thing, numbers if isinstance(part, np.ndarray) else float(numbers))


def _result(run: Callable[[Any], Any], thing: Any) -> Array | None:
    before = np.random.get_state()
    try:
        with np.errstate(all="ignore"):
            return np.asarray(run(thing), dtype=float)
    except Exception:
        return None
    finally:
        np.random.set_state(before)


def gradients_of(weights: Iterable[Holding], held: Iterable[Holding], thing: Any) -> dict[str, Holding]:
    """The gradient of each weight by name: its place is that of the weight in all but the word for a gradient.

    `dW` beside `W`, `grads['W']` beside `params['W']`, `dW[0]` beside `W[0]`. Two lists may be called grad_w and
    grad_b: then shapes tell which is whose, and what is left over goes to weights that are left over.
    """
    weights, held = list(weights), list(held)
    found: dict[str, Holding] = {}
    own = {place for weight in weights for place in weight.places}
    others = [holding for holding in held if not any(place in own for place in holding.places)]
    for weight in weights:  # the same array may stand in both places
        for holding in held:
            if weight.places[0] in holding.places and _names(holding, weight):
                found[weight.name] = holding
    for same_shape in (True, False):
        for weight in weights:
            if weight.name in found:
                continue
            for other in others:
                fits = np.shape(other.get(thing)) == np.shape(weight.get(thing)) or not same_shape
                if fits and other not in found.values() and _names(other, weight):
                    found[weight.name] = other
                    break
    return found


def _names(other: Holding, weight: Holding) -> bool:
    return any(_about(p, q) for p in other.places for q in weight.places)


def _about(place: Place, weight: Place) -> bool:
    """Whether a place is that of the gradient of a weight."""
    if len(place.steps) != len(weight.steps):
        return False
    differing = [(p, w) for p, w in zip(place.steps, weight.steps, strict=True) if p != w]
    if not differing:
        return False
    return all(isinstance(p[1], str) and _means(p[1], str(w[1])) for p, w in differing)


def _means(word: str, weight: str) -> bool:
    if plain_name(word, [weight]) is not None:
        return True
    return bool(GRADIENTS.search(word)) and not GRADIENTS.search(weight)
