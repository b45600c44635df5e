"""A switch holds where it was turned on, as long as its block is open, and nowhere else.

Threads, generators, coroutines, asyncio tasks, forks, interrupts at any moment, exits out of order.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import os
import random
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

import nn
from autograd import (
    GraphError,
    OperandError,
    Tensor,
    Value,
    checkpoint,
    clip,
    detect_anomaly,
    dot,
    grad,
    no_grad,
    scope,
)
from autograd.mode import NOW, SPECIAL, STRICT

CARRIERS: dict[str, Callable[[], Any]] = {"Value": lambda: Value(3.0), "Tensor": lambda: Tensor([3.0])}


@pytest.fixture(params=CARRIERS)
def w(request: pytest.FixtureRequest) -> Any:
    return CARRIERS[request.param]()


@pytest.fixture(autouse=True)
def everything_is_off_before_and_after() -> Iterator[None]:
    assert state() == (True, (), "")
    yield
    gc.collect()
    assert state() == (True, (), "")
    assert (SPECIAL, STRICT) == ([], [])


def state() -> tuple[bool, tuple[str, ...], str]:
    """Whether a new node is recorded, its scope, its source."""
    y = Value(1.0) * 2.0
    return not y.is_leaf, y.scope, y.source


# ------------------------------------------------------------------------------------------------- generators


def test_the_consumer_of_a_generator_records(w: Any) -> None:
    inside: list[bool] = []

    def batches() -> Iterator[int]:
        with no_grad(), scope("loader"):
            for k in range(3):
                inside.append((w * w).is_leaf)
                yield k
                inside.append((w * w).is_leaf)

    outside = [((w * w).is_leaf, (w * w).scope) for _ in batches()]
    assert inside == [True] * 6
    assert outside == [(False, ())] * 3


def test_a_generator_that_is_dropped_or_closed_leaves_nothing(w: Any) -> None:
    def endless() -> Iterator[int]:
        with no_grad(), detect_anomaly():
            while True:
                yield 1

    first, second = endless(), endless()
    next(first), next(second)
    first.close()
    assert not (w * w).is_leaf
    del second
    assert not (w * w).is_leaf
    assert SPECIAL == []


def test_a_generator_closed_by_another_thread(w: Any) -> None:
    def endless() -> Iterator[int]:
        with no_grad():
            while True:
                yield 1

    running = endless()
    next(running)
    thread = threading.Thread(target=running.close)
    thread.start()
    thread.join()
    assert not (w * w).is_leaf


def test_contextmanagers_made_of_generators_hold_in_their_block(w: Any) -> None:
    @contextlib.contextmanager
    def quiet() -> Iterator[None]:
        with no_grad(), scope("quiet"):
            yield

    with quiet():
        assert (w * w).is_leaf
        assert (w * w).scope == ("quiet",)
    assert not (w * w).is_leaf

    @contextlib.contextmanager
    def twice() -> Iterator[None]:
        with quiet():
            yield

    with twice():
        assert (w * w).is_leaf

    def consumer() -> Iterator[bool]:
        with twice():  # in a generator of the ordinary kind: not for its consumer
            yield (w * w).is_leaf

    assert [(inner, (w * w).is_leaf) for inner in consumer()] == [(True, False)]
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_grad())
        stack.enter_context(quiet())
        assert (w * w).is_leaf
    assert not (w * w).is_leaf


@pytest.fixture
def paused() -> Iterator[None]:
    with no_grad():
        yield


@pytest.mark.usefixtures("paused")
def test_a_fixture_holds_during_the_test() -> None:
    assert (Value(2.0) * 2.0).is_leaf


# ------------------------------------------------------------------------------------------------- decorators


def test_a_decorated_function(w: Any) -> None:
    @no_grad()
    def f(x: Any) -> Any:
        """Twice."""
        return x * 2.0

    assert f(w).is_leaf
    assert (f.__name__, f.__doc__) == ("f", "Twice.")
    assert not (w * 2.0).is_leaf
    with pytest.raises(TypeError):
        no_grad(f)  # type: ignore[call-arg]
    for switch in (no_grad(), detect_anomaly(), scope("name")):
        with pytest.raises(OperandError, match=r"\(\) is for functions, got type .*: put it on the methods"):
            switch(dict)


def test_a_decorated_generator_function(w: Any) -> None:
    log: list[Any] = []

    @no_grad()
    def talk(x: Any) -> Any:
        log.append((x * 2.0).is_leaf)
        try:
            got = yield "first"
            log.append((got, (x * 2.0).is_leaf))
            try:
                yield "second"
            except KeyError:
                log.append(("thrown", (x * 2.0).is_leaf))
            yield "third"
        finally:
            log.append(("closed", (x * 2.0).is_leaf))
        return "result"

    assert inspect.isgeneratorfunction(talk)
    running = talk(w)
    assert next(running) == "first"
    assert not (w * 2.0).is_leaf
    assert running.send("hello") == "second"
    assert running.throw(KeyError()) == "third"
    assert not (w * 2.0).is_leaf
    running.close()
    assert log == [True, ("hello", True), ("thrown", True), ("closed", True)]

    def delegated() -> Any:
        result = yield from talk(w)
        yield result

    assert list(delegated()) == ["first", "second", "third", "result"]


def test_decorated_coroutines_and_asynchronous_generators(w: Any) -> None:
    @no_grad()
    async def step(x: Any) -> list[bool]:
        found = [(x * 2.0).is_leaf]
        await asyncio.sleep(0)
        return [*found, (x * 2.0).is_leaf]

    @no_grad()
    async def stream(x: Any) -> AsyncIterator[bool]:
        for _ in range(2):
            yield (x * 2.0).is_leaf
            await asyncio.sleep(0)

    async def main() -> None:
        assert await step(w) == [True, True]
        async for inner in stream(w):
            assert inner
            assert not (w * 2.0).is_leaf
        running = stream(w)
        assert await anext(running)
        await running.aclose()
        assert not (w * 2.0).is_leaf

    assert inspect.iscoroutinefunction(step)
    assert inspect.isasyncgenfunction(stream)
    asyncio.run(main())


# ----------------------------------------------------------------------------------------------------- asyncio


def test_tasks_do_not_disturb_each_other(w: Any) -> None:
    async def evaluating() -> list[bool]:
        found = []
        for _ in range(20):
            with no_grad():
                await asyncio.sleep(0)
                found.append((w * w).is_leaf)
        return found

    async def training() -> list[bool]:
        found = []
        for _ in range(40):
            await asyncio.sleep(0)
            found.append((w * w).is_leaf)
        return found

    async def main() -> Any:
        return await asyncio.gather(evaluating(), training(), evaluating(), training())

    assert asyncio.run(main()) == [[True] * 20, [False] * 40, [True] * 20, [False] * 40]


def test_scopes_of_tasks_are_their_own(w: Any) -> None:
    async def work(name: str) -> set[tuple[str, ...]]:
        found = set()
        for _ in range(10):
            with scope(name):
                await asyncio.sleep(0)
                with scope(name, "inner"):
                    await asyncio.sleep(0)
                    found.add((w * 2.0).scope)
                found.add((w * 2.0).scope)
            await asyncio.sleep(0)
            assert (w * 2.0).scope == ()
        return found

    async def main() -> Any:
        return await asyncio.gather(*[work(f"task{k}") for k in range(4)])

    assert asyncio.run(main()) == [{(f"task{k}",), (f"task{k}", "inner")} for k in range(4)]


def test_tasks_started_inside_are_inside_as_long_as_the_block_is_open(w: Any) -> None:
    async def child(turns: int) -> list[bool]:
        found = []
        for _ in range(turns):
            found.append((w * w).is_leaf)
            await asyncio.sleep(0)
        return found

    async def main() -> None:
        with no_grad():
            assert await asyncio.gather(child(2), child(2)) == [[True] * 2] * 2
            later = asyncio.create_task(child(4))
            await asyncio.sleep(0)
        assert await later == [True, False, False, False], "on while it was open, off as soon as it was left"

    asyncio.run(main())


def test_an_asynchronous_generator_left_alone(w: Any) -> None:
    async def stream() -> AsyncIterator[bool]:
        with no_grad(), scope("stream"):
            for _ in range(3):
                yield (w * w).is_leaf
                await asyncio.sleep(0)

    @contextlib.asynccontextmanager
    async def quiet() -> AsyncIterator[None]:
        with no_grad():
            yield

    async def main() -> None:
        async for inner in stream():
            assert (inner, (w * w).is_leaf, (w * w).scope) == (True, False, ())
            break
        async with quiet():
            await asyncio.sleep(0)
            assert (w * w).is_leaf
        assert not (w * w).is_leaf

    asyncio.run(main())


# ----------------------------------------------------------------------------------------------------- threads


def in_a_thread(work: Callable[[], Any]) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def test_a_thread_without_a_scope_has_none(w: Any) -> None:
    with scope("main"), no_grad(), detect_anomaly():
        assert in_a_thread(lambda: ((w * w).scope, (w * w).is_leaf, (w * w).source)) == ((), False, "")
    inside, done = threading.Event(), threading.Event()

    def other() -> None:
        with scope("other"):
            inside.set()
            done.wait(60)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(60)
    found = (w * w).scope, Value(1.0).scope, Tensor([1.0]).scope
    done.set()
    thread.join()
    assert found == ((), (), ())


def test_modules_in_threads() -> None:
    """A module that runs in one thread does not name what another records, nor lose its own names."""
    model, w = nn.MLP(2, [3, 1]), Value(3.0)
    alone = [node.scope for node in _below(model([1.0, 2.0]))]
    stop = threading.Event()
    found: set[tuple[str, ...]] = set()

    def recording() -> None:
        while not stop.is_set():
            found.add((w * w).scope)

    thread = threading.Thread(target=recording)
    thread.start()
    try:
        for _ in range(30):
            assert [node.scope for node in _below(model([1.0, 2.0]))] == alone
            with no_grad(), scope("mine"):
                assert (w * w).scope == ("mine",)
    finally:
        stop.set()
        thread.join()
    assert found == {()}


def _below(root: Any) -> list[Any]:
    from autograd import walk

    return [node for node, operands in walk(root) if operands]


def test_a_switch_turned_on_inside_a_module_keeps_its_name() -> None:
    class Part(nn.Module):
        def forward(self, x: Any) -> Any:
            with no_grad():
                quiet = x * 2.0
            with detect_anomaly():
                watched = x * 3.0
            return [quiet, watched, x * 4.0]

    class Whole(nn.Module):
        def __init__(self) -> None:
            self.part = Part()

        def forward(self, x: Any) -> Any:
            return self.part(x)

    found = Whole()(Value(1.0))
    assert [node.scope for node in found] == [("Whole", "part")] * 3
    assert [node.is_leaf for node in found] == [True, False, False]
    with no_grad():
        assert [node.scope for node in Whole()(Value(1.0))] == [("Whole", "part")] * 3


# --------------------------------------------------------------------------------- entered and left in any order


def test_left_more_often_than_entered(w: Any) -> None:
    switch = no_grad()
    for _ in range(3):
        switch.__exit__(None, None, None)
    assert not (w * w).is_leaf
    with switch:
        assert (w * w).is_leaf
    assert not (w * w).is_leaf


def test_one_object_entered_twice(w: Any) -> None:
    switch, name = no_grad(), scope("a")
    with switch, name:
        with switch, name:
            assert (w * w).is_leaf
        assert ((w * w).is_leaf, (w * w).scope) == (True, ("a",))
    assert ((w * w).is_leaf, (w * w).scope) == (False, ())


def test_left_out_of_order(w: Any) -> None:
    first, second = scope("first"), scope("second")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert (w * w).scope == ("second",)
    second.__exit__(None, None, None)
    assert (w * w).scope == ()


def test_one_object_in_several_threads(w: Any) -> None:
    switch, start = no_grad(), threading.Barrier(4)
    wrong: list[str] = []

    def work() -> None:
        start.wait(60)
        for _ in range(300):
            with switch:
                if not (w * w).is_leaf:
                    wrong.append("inside")
            if (w * w).is_leaf:
                wrong.append("outside")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_one_that_is_dropped_while_it_is_open(w: Any) -> None:
    no_grad().__enter__()  # nobody can leave it any more
    assert not (w * w).is_leaf


# -------------------------------------------------------------------------------------------------- interrupts


def test_interrupts_leave_nothing_on(interrupts: Callable[[float], None]) -> None:
    rng, w, t = random.Random(0), Value(3.0), Tensor([3.0])
    block = checkpoint(lambda x: x * t)

    @no_grad()
    def decorated() -> None:
        w * w

    @scope("generator")
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    def work() -> None:
        while True:
            with no_grad():
                w * w
            with scope("a"), detect_anomaly():
                t * t
            grad(lambda x: x * x)(2.0)
            decorated()
            list(numbers())
            block(t).backward()

    kept: BaseException | None = None
    numpys = np.geterr()
    left = []
    for _ in range(1000):
        try:
            interrupts(rng.uniform(2e-5, 4e-4))
            work()
        except KeyboardInterrupt as error:
            kept = error  # and with it the traceback, and every frame of it
        if state() != (True, (), "") or NOW.strict or NOW.nested or np.geterr() != numpys:
            left.append((state(), np.geterr()))
    del kept
    assert left == []


# ------------------------------------------------------------------------------------------------------ forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_another_thread_sweeps() -> None:
    w, t, stop = Value(3.0), Tensor(np.ones(3)), threading.Event()
    root: Any = w
    for _ in range(3000):
        root = root + w

    def sweeping() -> None:
        with no_grad():
            while not stop.is_set():
                root.backward()
                (t * t).sum()

    thread = threading.Thread(target=sweeping)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if not child:  # no pytest, no exit handlers here
                whole = w.grad % 3001 == 0.0
                (w * w).backward()
                (t * t).sum().backward()
                os._exit(0 if whole and state() == (True, (), "") and t.grad.tolist() == [2.0] * 3 else 1)
            for _ in range(600):
                done, status = os.waitpid(child, os.WNOHANG)
                if done:
                    break
                stop.wait(0.05)
            else:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                pytest.fail("the child hangs")
            assert os.waitstatus_to_exitcode(status) == 0
    finally:
        stop.set()
        thread.join()


# ------------------------------------------------------------------------------- graphs that were not recorded


def test_backward_that_could_reach_nothing_is_an_error(w: Any) -> None:
    with no_grad():
        p = w * w
    for lost in (p * 3, (p - 1) ** 2 + p):
        with pytest.raises(GraphError, match="computed under no_grad"):
            lost.backward()
    x = type(w)(p.data)
    ((x - p) ** 2 + w * p).backward()  # a target, and a frozen feature
    assert np.all(w.grad == 9.0)


def test_a_module_under_no_grad_is_not_trained_in_silence() -> None:
    for model, x in ((nn.Linear(2, 1), Tensor([[1.0, 2.0]])), (nn.MLP(2, [3, 1]), [1.0, 2.0])):
        with no_grad():
            p: Any = model(x)
        with pytest.raises(GraphError, match="computed under no_grad"):
            ((p - 1) ** 2).mean().backward() if isinstance(p, Tensor) else dot([p, p], [p, 2.0]).backward()


def test_a_leaf_moved_under_no_grad_is_the_leaf_of_the_next_step(w: Any) -> None:
    for _ in range(12):
        (w * w).backward() if isinstance(w, Value) else (w * w).sum().backward()
        with no_grad():
            w = w - 0.25 * w.grad
    assert np.all(w.data == 3.0 / 2**12)


def test_a_constant_is_nothing_lost() -> None:
    clip(Tensor(0.0), 1.0, 2.0).sum().backward()
    clip(Value(0.0), 1.0, 2.0)
