"""Threads into shared parameters, and Ctrl-C at any moment of a training: no gradient lost, only whole steps."""

from __future__ import annotations

import random
import threading
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, compile

# An interrupt may come while Python runs something that cannot raise, such as the garbage collector's callbacks.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def value_step(leaf: Any) -> Callable[[], Any]:
    return lambda: (leaf * 2.0 + leaf).backward()


def tensor_step(leaf: Any) -> Callable[[], Any]:
    return lambda: (leaf * 2.0 + leaf).sum().backward()


def compiled(build: Callable[[Any], Any], engine: Any) -> Callable[[Any], Callable[[], Any]]:
    def make(leaf: Any) -> Callable[[], Any]:
        step: Any = compile(lambda: build(leaf), [leaf], engine=engine)
        step()
        leaf.grad = None if isinstance(leaf, Tensor) else 0.0
        return lambda: step()

    return make


WAYS: dict[str, tuple[Callable[[], Any], Callable[[Any], Callable[[], Any]]]] = {
    "Value": (lambda: Value(1.0), value_step),
    "Tensor": (lambda: Tensor([1.0, 2.0]), tensor_step),
    "numbers, numpy": (lambda: Value(1.0), compiled(lambda w: w * 2.0 + w, "numpy")),
    "arrays, numpy": (lambda: Tensor([1.0, 2.0]), compiled(lambda w: (w * 2.0 + w).sum(), "numpy")),
}


@pytest.mark.parametrize("name", WAYS)
def test_threads_lose_no_gradient(name: str) -> None:
    make, step = WAYS[name]
    leaf = make()
    run, workers, rounds = step(leaf), 8, 250

    def work() -> None:
        for _ in range(rounds):
            run()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert np.all(np.array(leaf.grad) == 3 * workers * rounds)


def test_threads_share_a_result_of_arrays() -> None:
    leaf = Tensor([1.0, 2.0])
    shared = leaf * leaf

    def work() -> None:
        for _ in range(250):
            (shared * 2.0).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert leaf.grad.tolist() == [4.0 * 2000, 8.0 * 2000]


OPTIMIZERS: dict[str, Callable[[list[Any]], nn.Optimizer]] = {
    "SGD": lambda p: nn.SGD(p, lr=0.1, momentum=0.9), "Adam": lambda p: nn.Adam(p, lr=0.1),
}  # fmt: skip


def check_interrupts(kind: str, make: Callable[[], Any], count: int, interrupts: Callable[[float], Any]) -> None:
    """All parameters begin equal and get equal gradients, so after whole steps they are equal."""
    rng = random.Random(kind)
    cut = 0
    for _ in range(count):
        leaves = [make() for _ in range(12)]
        optimizer = OPTIMIZERS[kind](leaves)
        try:
            interrupts(rng.uniform(1e-4, 4e-3))
            for _ in range(200):
                optimizer.zero_grad()
                for leaf in leaves:
                    leaf.grad = np.ones(2) if isinstance(leaf, Tensor) else 1.0
                optimizer.step()
            interrupts(0)
        except KeyboardInterrupt:
            cut += 1
        found = [np.array(leaf.data) for leaf in leaves]
        assert np.all(np.array(found) == found[0]), (kind, found)
        assert len({str(memory) for memory in getattr(optimizer, optimizer.memories[0])}) == 1
    assert cut > count / 4


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("make", [lambda: Value(1.0), lambda: Tensor([1.0, 1.0])], ids=["Value", "Tensor"])
def test_interrupts_leave_whole_steps(kind: str, make: Callable[[], Any], interrupts: Callable[[float], Any]) -> None:
    check_interrupts(kind, make, 60, interrupts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_thousand_interrupts(kind: str, interrupts: Callable[[float], Any]) -> None:
    check_interrupts(kind, lambda: Value(1.0), 1000, interrupts)


def test_interrupts_of_fit(interrupts: Callable[[float], Any]) -> None:
    """A model whose two halves are twins: they are equal after every whole step."""

    class Twins(nn.Module):
        def __init__(self) -> None:
            self.first, self.second = Tensor([0.5, -0.5]), Tensor([0.5, -0.5])

        def forward(self, x: Any) -> Any:
            return x @ self.first + x @ self.second

    rng, X = random.Random(0), np.random.default_rng(0).normal(size=(8, 2))
    interrupted = 0
    for _ in range(40):
        model = Twins()
        interrupts(rng.uniform(2e-3, 3e-2))
        try:
            history = nn.fit(model, (X, X.sum(axis=1)), nn.mse, epochs=2000, batch_size=4, progress=False)
            interrupted += history.interrupted
        except KeyboardInterrupt:  # before or after the training itself
            pass
        interrupts(0)
        assert model.first.data.tolist() == model.second.data.tolist()
    assert interrupted > 10


@pytest.mark.parametrize("where", ["_get_compressor", "_EndRecData"])
def test_an_interrupt_within_an_archive_stays_an_interrupt(where: str, tmp_path: Any, monkeypatch: Any) -> None:
    """Python's zipfile puts a ValueError in its place where it is closed with an entry half opened."""

    def interrupted(*args: Any) -> Any:
        raise KeyboardInterrupt

    path = tmp_path / "m.npz"
    nn.save({"w": 1.0}, path)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(zipfile, where, interrupted)
        with pytest.raises(KeyboardInterrupt):
            nn.save({"w": 2.0}, path) if where == "_get_compressor" else nn.load(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
