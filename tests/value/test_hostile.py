"""Whatever is done to a native object, the interpreter lives: deletions, wrong types, states that nobody made.

In a compiled wheel a mistake of this kind is no exception but a segmentation fault; so these calls are made by chance,
from a seed, over every name that the classes have.
"""

from __future__ import annotations

import contextlib
import copy
import math
import pickle
import random
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, no_grad, parameter, scope
from autograd.carrier import Note
from autograd.core.node import INPUT
from autograd.core.rule import Rule
from autograd.core.table import TABLE
from autograd.masking import Arrived
from autograd.mode import MODE, NOW, Mode
from autograd.value.reading import Scalar
from autograd.value.value import Result, Sweeps

NEW: dict[str, Callable[[], Any]] = {
    "Value": lambda: Value(0.5, "v"),
    "parameter": lambda: parameter(Value(0.5)),
    "result": lambda: Value(0.5) * Value(2.0) + 1.0,
    "Note": lambda: Note("a", ("b",), "c"),
    "Mode": Mode,
    "Now": lambda: NOW,
    "Sweeps": Sweeps,
    "Tensor": lambda: Tensor([0.5, 1.5], "t"),
    "result of arrays": lambda: Tensor([0.5, 1.5]) * 2.0,
    "Arrived": lambda: Arrived(np.ones(2), np.array([True, False])),
}
CLASSES = [Value, Result, Scalar, Note, Mode, Sweeps, type(NOW), Tensor, Arrived]
STRANGE: list[Callable[[], Any]] = [
    lambda: None, lambda: 0, lambda: -1, lambda: 1.5, lambda: math.nan, lambda: 10**400, lambda: "x", lambda: b"x",
    lambda: (), list, dict, lambda: object(), lambda: Value(2.0), lambda: Value(2.0) * 3.0,
    lambda: Tensor([1.0]), lambda: np.ones(2), lambda: np.ones((2, 0)), lambda: np.float32(2.0), lambda: np.array("x"),
    lambda: 1j, lambda: True, lambda: Value, lambda: print, lambda: Note(), lambda: INPUT, lambda: TABLE["add"],
    lambda: Ellipsis, lambda: slice(None), lambda: {"_data": 1.0}, lambda: (1.0, 2.0, 3.0, 4.0),
    lambda: Result.__new__(Result), lambda: Value.__new__(Value), lambda: Rule.__new__(Rule),
    lambda: types.new_class("C"),
]  # fmt: skip
NOT_CALLED = {"__class__", "__init_subclass__", "__subclasshook__", "__dir__", "__sizeof__"}
"""Names whose call tells nothing, or changes the class for every other test."""


def names_of(thing: Any) -> list[str]:
    return [name for name in dir(thing) if name not in NOT_CALLED]


def one_attack(rng: random.Random, thing: Any) -> None:
    """Some call, assignment or deletion that nobody should make."""
    name = rng.choice(names_of(thing))
    arguments = [rng.choice(STRANGE)() for _ in range(rng.randrange(4))]
    kind = rng.randrange(8)
    if kind == 0:
        delattr(thing, name)
    elif kind == 1:
        setattr(thing, name, rng.choice(STRANGE)())
    elif kind == 2:
        getattr(type(thing), name, None).__set__(thing, *arguments[:1])  # type: ignore[union-attr]
    elif kind == 3:
        getattr(type(thing), name, None).__delete__(thing)  # type: ignore[union-attr]
    elif kind == 4:
        getattr(type(thing), name, None).__get__(rng.choice(STRANGE)(), *arguments[:1])  # type: ignore[union-attr]
    elif kind == 5:
        first = rng.choice(STRANGE)()
        if not isinstance(first, (type, Rule)):  # a method written in Python would change the class for everybody
            getattr(type(thing), name)(first, *arguments)
    elif kind == 6:
        getattr(thing, name)(**{rng.choice(["other", "data", "label", "x", "seed", "memo"]): rng.choice(STRANGE)()})
    else:
        getattr(thing, name)(*arguments)


def probe(thing: Any) -> None:
    """What others do with an object afterwards."""
    for use in (repr, str, hash, copy.copy, copy.deepcopy, pickle.dumps, bool, lambda t: t + t, lambda t: t.backward()):
        with contextlib.suppress(Exception):
            use(thing)


def attack(seed: int, count: int) -> None:
    rng = random.Random(seed)
    before = MODE.note
    for step in range(count):
        thing = NEW[rng.choice(list(NEW))]()
        try:
            with no_grad() if rng.random() < 0.1 else scope("s"):
                one_attack(rng, thing)
        except Exception:
            pass
        if step % 4 == 0:
            probe(thing)
        MODE.note = before


def test_hostile_calls() -> None:
    attack(0, 20_000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 11))
def test_a_million_hostile_calls(seed: int) -> None:
    attack(seed, 100_000)


@pytest.mark.parametrize("new", NEW.values(), ids=NEW)
def test_every_name_is_deleted_and_given_what_is_wrong(new: Callable[[], Any]) -> None:
    for name in names_of(new()):
        if name == "__dict__":
            continue
        for strange in (None, *STRANGE):
            thing = new()
            try:
                if strange is None:
                    delattr(thing, name)
                else:
                    setattr(thing, name, strange())
            except Exception:
                pass
            probe(thing)


@pytest.mark.parametrize("cls", CLASSES)
def test_an_object_that_was_never_made(cls: type) -> None:
    for name in names_of(cls):
        try:
            thing = cls.__new__(cls)
            found = getattr(thing, name)
            found()
        except Exception:
            pass
    with contextlib.suppress(Exception):
        probe(cls.__new__(cls))


@pytest.mark.parametrize("state", [
    (), (1.0,), (1.0, 2.0, "a", "parameter"), (None, None, None, None), ("x", 1.0, "", "input"),
    (1.0, "x", "", "input"), (1.0, 0.0, 5, "input"), (1.0, 0.0, "", "nothing"),
    (1.0, 0.0, "", "result"), ([1.0], None, "", "input"),
])  # fmt: skip
@pytest.mark.parametrize("carrier", [Value, Tensor])
def test_unpickled_states(carrier: type, state: tuple[Any, ...]) -> None:
    make = carrier(1.0).__reduce__()[0]
    try:
        thing = make(*state)
    except Exception:
        return
    probe(thing)
    assert thing.kind in ("input", "parameter", "constant")


@pytest.mark.parametrize("name", ["data", "grad", "label"])
@pytest.mark.parametrize("carrier", [Value, Tensor])
def test_what_a_number_has_cannot_be_deleted(carrier: type, name: str) -> None:
    thing = carrier(1.0, "a")
    with pytest.raises(AttributeError):
        delattr(thing, name)
    assert (float(thing), thing.label) == (1.0, "a")


def test_what_mypyc_keeps_for_itself_is_taken_away() -> None:
    for cls in CLASSES:
        assert not hasattr(cls, "__internal_mypyc_setup"), "called by hand it crashes"
