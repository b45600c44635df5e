"""Python's garbage collector beside recording: passed over where it finds nothing, and still at work for the rest.

The clock is the test's own: it goes on by a second whenever it is read, twice in a collection that is not passed over.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from autograd import Value, dot
from autograd.value import collector
from autograd.value.collector import THROTTLE, Throttle

YOUNG = 700 * 11 * 11  # the new objects that bring about a full collection, where few are old


class Ring:
    """Garbage that only the collector can find."""

    def __init__(self, load: object = None) -> None:
        self.load, self.itself = load, self


@pytest.fixture
def ticks() -> Iterator[list[float]]:
    """The readings of the clock so far; CPython's own thresholds, whatever the test runner has set."""
    readings: list[float] = [0.0]

    def tick() -> float:
        readings.append(readings[-1] + 1.0)
        return readings[-1]

    throttle = Throttle(tick)
    before, thresholds, enabled = gc.callbacks[:], gc.get_threshold(), gc.isenabled()
    gc.callbacks[:] = [throttle]
    gc.set_threshold(700, 10, 10)
    gc.enable()
    try:
        yield readings
    finally:
        gc.callbacks[:] = before
        gc.set_threshold(*thresholds)
        if not enabled:
            gc.disable()


def record(nodes: int) -> Value:
    x = Value(0.5)
    for _ in range(nodes):
        x = x * 1.01
    return x


def record_sums(nodes: int) -> Value:
    rows = [[Value(0.1) for _ in range(8)] for _ in range(8)]
    x = [Value(0.5) for _ in range(8)]
    for _ in range(nodes // 8):
        x = dot(rows, x).tolist()
    return x[0]


def passing(ticks: list[float], record: Callable[[int], Value] = record) -> bool:
    """Whether recording brings about collections that look at nothing: a cycle made before it is still there."""
    ring = weakref.ref(Ring())
    graph = record(3000)
    assert graph.operands
    return ring() is not None


@pytest.mark.parametrize("record", [record, record_sums])
def test_a_collection_that_recording_brought_about_looks_at_nothing(
    ticks: list[float], record: Callable[[int], Value]
) -> None:
    assert not passing(ticks, record), "no full collection has been met: nothing is known"
    gc.collect()
    counts = [each["collections"] for each in gc.get_stats()]
    assert passing(ticks, record)
    assert gc.get_stats()[0]["collections"] > counts[0], "they do run"


def test_cycles_are_found_before_many_nodes_are_recorded(ticks: list[float]) -> None:
    gc.collect()
    enough = 2 * (YOUNG + len(gc.get_objects()) // 4)  # CPython waits until a quarter of the old ones is new
    ring, nodes = weakref.ref(Ring()), 0
    assert passing(ticks)
    graphs = []
    while ring() is not None:
        graphs.append(record(1000))
        nodes += 1000
        assert nodes < enough
    assert not graphs[0].is_leaf


def test_cycles_that_hold_arrays_do_not_pile_up(ticks: list[float]) -> None:
    """A long training whose loop makes garbage in cycles, each with an array."""
    arrays: weakref.WeakSet[Ring] = weakref.WeakSet()
    most, steps = 0, 400
    for _ in range(steps):
        arrays.add(Ring(np.zeros(10_000)))
        record(3000).backward()
        most = max(most, len(arrays))
    assert most < steps / 4
    assert gc.get_stats()[2]["collections"] > 0


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_gc_collect_is_never_passed_over(ticks: list[float], generation: int) -> None:
    gc.collect()
    assert passing(ticks)
    ring, graph = weakref.ref(Ring()), record(100)
    gc.collect(generation)
    assert ring() is None
    assert not graph.is_leaf


def test_a_program_that_records_nothing_is_collected_as_ever(ticks: list[float]) -> None:
    gc.collect()
    ring = weakref.ref(Ring())
    lists = [[k] for k in range(3000)]
    assert ring() is None
    assert len(lists) == 3000


@pytest.mark.parametrize("how", ["disabled", "no threshold", "debugging"])
def test_what_the_user_has_set_about_the_collector_is_left_alone(ticks: list[float], how: str) -> None:
    gc.collect()
    if how == "debugging":
        gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
        try:
            assert not passing(ticks)
        finally:
            gc.set_debug(0)
        return
    if how == "disabled":
        gc.disable()
    else:
        gc.set_threshold(0)
    count = gc.get_stats()[0]["collections"]
    record(3000)
    assert gc.get_stats()[0]["collections"] == count
    ring = weakref.ref(Ring())
    gc.collect()
    assert ring() is None, "though more objects are new than the threshold says"
    assert gc.isenabled() == (how != "disabled")


def test_what_the_user_has_frozen_stays_frozen(ticks: list[float]) -> None:
    gc.collect()
    gc.freeze()
    try:
        count = gc.get_freeze_count()
        assert not passing(ticks)
        assert gc.get_freeze_count() > 0.9 * count, "what has been freed since is gone"
    finally:
        gc.unfreeze()


def test_nothing_stays_frozen(ticks: list[float]) -> None:
    gc.collect()
    before = gc.get_freeze_count()
    assert passing(ticks)
    assert gc.get_freeze_count() <= before
    gc.collect()
    assert gc.get_freeze_count() == before


@pytest.fixture
def heard() -> Iterator[None]:
    """Interrupts are heard, also where the tests run in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupts(events: list[str], throttle: Throttle) -> int:
    """How many interrupts come when a throttle is told of these events."""
    for event in events:
        throttle(event, {"generation": 0})
    count, turns = 0, 2000
    while turns:
        try:
            while turns:
                turns -= 1
                time.sleep(0)  # another thread's turn
        except KeyboardInterrupt:
            count += 1
    return count


@pytest.mark.usefixtures("heard")
def test_an_interrupt_within_the_callback_comes_again_outside() -> None:
    def interrupted() -> float:
        raise KeyboardInterrupt

    assert interrupts(["start", "stop"], Throttle()) == 0
    assert interrupts(["start"], Throttle(interrupted)) == 1
    assert interrupts(["start", "start"], Throttle()) == 1, "it came as the call for the end began"
    assert interrupts(["stop"], Throttle()) == 1, "it came as the call for the beginning began"


@pytest.mark.usefixtures("heard")
def test_an_interrupt_leaves_nothing_frozen() -> None:
    throttle = Throttle()
    throttle.running = throttle.passing = True  # as if one had come before the end of a collection
    gc.freeze()
    assert interrupts(["start", "stop"], throttle) == 1
    assert not throttle.passing
    assert gc.get_freeze_count() <= collector.NOBODY_FROZE


def test_it_is_installed_once_and_can_be_switched_off() -> None:
    assert gc.callbacks.count(THROTTLE) == collector.applies()
    code = "import gc, autograd.value; print(autograd.value.THROTTLE in gc.callbacks)"
    for wanted, printed in (("0", "False"), ("", str(collector.applies()))):
        environment = {**os.environ, "GLASSGRAD_GC": wanted}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == printed
