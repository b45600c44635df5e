"""A long program is run instruction by instruction first, and as text once it has run often: to the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd import Value, compile, primitive, where
from autograd.compiler.scalar import numpy_engine
from tests.compiler.random_programs import RandomProgram

X = np.random.default_rng(0).normal(size=(7, 4))


def results(step: Any, count: int, *batch: Any) -> list[Any]:
    theta = step.pack()
    found = [step.value(theta, *batch), *step.value_and_grad(theta, *batch)]
    return [*found, step.hvp(theta, np.cos(np.arange(count)), *batch), step.hessian(theta, *batch).ravel()]


@pytest.fixture
def by_instructions(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(numpy_engine, "LONG", 0)
    return monkeypatch


@pytest.mark.parametrize("seed", range(8))
def test_the_same_numbers_as_the_text(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program = RandomProgram(seed, awkward=seed % 2 == 0)
    count = len(program.numbers)

    def every(batch: tuple[Any, ...]) -> list[Any]:
        leaves = [Value(x) for x in program.numbers]

        def loss(*sample: Any) -> Any:
            return program([w * x for w, x in zip(leaves, sample[0], strict=True)] if sample else leaves)

        forward = compile(lambda x: [program(list(x)), x[0], 2.0], engine="numpy")
        one = (lambda x: loss(x)) if batch else (lambda: loss())
        step = compile(one, leaves, "numpy", reduction="sum" if seed % 3 else "mean")
        return [*results(step, count, *batch), forward(X)]

    with np.errstate(all="ignore"):
        for batch in ((), (X,)):
            wanted = every(batch)
            monkeypatch.setattr(numpy_engine, "LONG", 0)
            found = every(batch)
            monkeypatch.undo()
            for x, y in zip(found, wanted, strict=True):
                np.testing.assert_array_equal(np.asarray(x), np.asarray(y), err_msg=str(program.steps))


def test_what_has_run_often_becomes_text(by_instructions: pytest.MonkeyPatch) -> None:
    by_instructions.setattr(numpy_engine, "OFTEN", 3)
    made: list[str] = []
    write = numpy_engine.write_plan
    by_instructions.setattr(numpy_engine, "write_plan", lambda plan: made.append(plan.kind) or write(plan))
    w = Value(0.5, "w")
    step = compile(lambda x: (w * x[0]).tanh() * x[1] + x[2] / w, [w], engine="numpy")
    found = []
    for _ in range(5):
        w.grad = 0.0
        found.append((step(X), w.grad))
        assert made == (["value_and_grad"] if len(found) > 3 else [])
    assert len(set(found)) == 1


def test_a_primitive_of_ones_own_and_conditions(by_instructions: pytest.MonkeyPatch) -> None:
    @primitive(lambda x: 3 * x * x)
    def cube(x: Any) -> Any:
        return x * x * x

    w = Value(0.5, "w")

    def loss(x: Any) -> Any:
        inside = where((x[0] > 0) & ~(x[1] > w), cube(x[0] * w), x[2] * w)
        return inside + where(w > 0.25, w * w, w) + x[3] // w

    step = compile(loss, [w], engine="numpy")
    value = step(X)
    eager = sum((loss(list(row)) for row in X), Value(0.0)) / len(X)
    slope, w.grad = w.grad, 0.0
    eager.backward()
    assert value == pytest.approx(eager.data, rel=1e-14)
    assert slope == pytest.approx(w.grad, rel=1e-14)
