"""Graphs are freed by reference counting alone, and a long chain is no deeper than a short one."""

from __future__ import annotations

import copy
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from autograd import Value, detect_anomaly, no_grad, primitive, scope, values, walk, where

LONG = 1_000_000


@pytest.fixture
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def living() -> int:
    # by type: isinstance() asks an object for its __class__, and proxies of other libraries answer with errors
    return sum(issubclass(type(thing), Value) for thing in gc.get_objects())


def kept(work: Callable[[], object]) -> int:
    """How many Values are left over by a function whose result is thrown away."""
    before = living()
    work()
    return living() - before


def training_step() -> None:
    W = values([[0.1, -0.2], [0.3, 0.4]], "W")
    with scope("layer"):
        hidden = [(row @ [1.0, 2.0]).tanh() for row in W]
    loss = sum((h - 1) ** 2 for h in hidden)
    loss.backward()
    loss.backward()
    walk(loss)
    copy.deepcopy(loss)
    with no_grad():
        W[0, 0].data -= 0.1 * W[0, 0].grad


def own_primitive() -> None:
    @primitive(lambda x: 3 * x * x)
    def cube(x: Value) -> Value:
        return x * x * x

    cube(Value(2.0) * 3).backward()


def chosen() -> None:
    x = Value(2.0)
    where(x > 1, x.log(), x * 2).backward()


def watched() -> None:
    with detect_anomaly():
        (Value(2.0) * 3).exp().backward()


def failed() -> None:
    x = Value(2.0)
    for bad in ("a", None, [1.0]):
        with suppress(TypeError):
            (x * 3) + bad  # type: ignore[operator]
    with suppress(FloatingPointError), detect_anomaly():
        (x - 2).log()


@pytest.mark.parametrize("work", [training_step, own_primitive, chosen, watched, failed])
@pytest.mark.usefixtures("collector_off")
def test_nothing_is_left_for_the_cyclic_collector(work: Callable[[], None]) -> None:
    assert kept(work) == 0


@pytest.mark.usefixtures("collector_off")
def test_a_cycle_would_be_seen() -> None:
    def cycle() -> None:
        ring: list[object] = [Value(1.0)]
        ring.append(ring)

    assert kept(cycle) == 1
    gc.collect()


@pytest.mark.usefixtures("collector_off")
def test_only_what_is_held_stays_alive() -> None:
    x = Value(1.0)
    before = living()
    y = x * 2
    z = (y + 1).tanh()
    w = y.exp()
    assert living() - before == 4
    del z
    assert living() - before == 2, "y and w; what only z needed is gone"
    del y
    assert living() - before == 2, "w needs y"
    del w
    assert living() - before == 0
    for _ in range(100):
        with no_grad():
            x = x * 1.0
    assert living() - before == 0, "no_grad keeps no history"


def chain(length: int) -> tuple[Value, Value]:
    x = Value(0.5)
    y = x
    for _ in range(length // 2):
        y = y * 1.0000001
        y = x + y
    return x, y


@pytest.mark.slow
@pytest.mark.usefixtures("collector_off")
def test_a_chain_of_a_million_nodes() -> None:
    """Recorded, differentiated, walked, copied and freed, far beyond the depth that recursion allows."""
    assert sys.getrecursionlimit() < LONG / 10
    blocks = sys.getallocatedblocks()
    x, y = chain(LONG)
    y.backward()
    assert x.grad == pytest.approx(sum(1.0000001**k for k in range(0, LONG // 2, 1000)) * 1000, rel=1e-3)
    twin = copy.deepcopy(y)
    assert twin.data == y.data
    assert twin.operands[0] is not x
    twin.backward()
    assert twin.operands[0].grad == pytest.approx(2 * x.grad, rel=1e-9), "it came with its gradient; now twice as much"
    assert len(walk(y)) == LONG + 1 + LONG // 2
    del twin
    del y
    assert sys.getallocatedblocks() - blocks < LONG / 10, "all but the odd cache is freed"


def test_a_sum_of_many_terms_and_a_deep_product() -> None:
    leaves = [Value(float(k)) for k in range(20_000)]
    total = sum(leaf * leaf for leaf in leaves)
    total.backward()
    assert all(leaf.grad == 2 * leaf.data for leaf in leaves)
    y = x = Value(1.0)
    for _ in range(20_000):
        y = y * x
    y.backward()
    assert x.grad == 20_001
