"""Threads that record graphs of their own, over parameters they share, do not disturb each other."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import AnomalyError, Value, detect_anomaly, no_grad, scope

WORKERS = 4


@pytest.fixture(autouse=True)
def switch_often() -> Iterator[None]:
    """Let threads interrupt each other as often as Python can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], Any], count: int = WORKERS) -> list[Any]:
    """Run work(0), work(1)... in threads that start at one moment; their results, or the first exception."""
    start, results, failures = threading.Barrier(count), [None] * count, []

    def run(k: int) -> None:
        try:
            start.wait()
            results[k] = work(k)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


def test_shared_parameters_lose_no_gradient() -> None:
    """Each backward adds whole numbers: if one addition were lost, the sum would not be exact."""
    w, rounds = Value(3.0), 300

    def work(k: int) -> None:
        for _ in range(rounds):
            y = w * 2.0
            for _ in range(10):
                y = y + w
            y.backward()

    together(work)
    assert w.grad == 12 * rounds * WORKERS


def test_a_shared_result_may_be_differentiated_by_all() -> None:
    w = Value(3.0)
    shared = w * w

    def work(k: int) -> None:
        for _ in range(2000):
            (shared * float(k)).backward()

    together(work)
    assert w.grad == 6 * 2000 * sum(range(WORKERS))


def test_separate_graphs_have_separate_gradients() -> None:
    w = Value(0.5)

    def work(k: int) -> tuple[float, float]:
        x = Value(float(k))
        for _ in range(100):
            x.grad = 0.0
            y = x
            for _ in range(20):
                y = (y * w + x).tanh()
            y.backward()
        return y.data, x.grad

    alone = [work(k) for k in range(WORKERS)]
    assert together(work) == alone


def test_no_grad_in_one_thread_only() -> None:
    w, inside, done = Value(3.0), threading.Event(), threading.Event()

    def work(k: int) -> bool:
        if k == 0:
            with no_grad():
                inside.set()
                done.wait(60)
                return (w * w).is_leaf
        inside.wait(60)
        recorded = [not (w * w).is_leaf for _ in range(100)]
        with no_grad():
            pass
        recorded.append(not (w * w).is_leaf)
        done.set()
        return all(recorded)

    assert together(work, 2) == [True, True]
    assert not (w * w).is_leaf


def test_detect_anomaly_in_one_thread_only() -> None:
    inside, done = threading.Event(), threading.Event()

    def work(k: int) -> Any:
        if k == 0:
            with detect_anomaly():
                inside.set()
                done.wait(60)
                with pytest.raises(AnomalyError):
                    Value(0.0).log()
                return None
        inside.wait(60)
        y = Value(0.0).log()
        y.backward()
        done.set()
        return y.source

    assert together(work, 2) == [None, ""]


def test_scopes_of_threads_are_their_own() -> None:
    def work(k: int) -> set[tuple[str, ...]]:
        found = set()
        for _ in range(200):
            with scope(f"model{k}"):
                leaf = Value(1.0, "w")
                with scope(f"model{k}", "layer"):
                    found.add((leaf * 2).tanh().scope)
                found.update([(leaf * 2).scope, leaf.scope])
        return found

    assert together(work) == [{(f"model{k}",), (f"model{k}", "layer")} for k in range(WORKERS)]
    assert Value(1.0).tanh().scope == ()


def test_what_a_thread_left_open_does_not_leak_into_another() -> None:
    def work(k: int) -> None:
        for _ in range(50):
            with no_grad(), scope("room"), detect_anomaly():
                Value(1.0).exp()

    together(work)
    y = Value(1.0) * 2
    assert (y.is_leaf, y.scope, y.source) == (False, (), "")
