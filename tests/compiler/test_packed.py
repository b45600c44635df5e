"""One sample, or none: the vectors found inside a program compute what its single numbers would."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, maximum, sigmoid, tanh, where
from autograd.compiler import compile
from autograd.compiler.llvm.pack import operand_columns, pack
from autograd.compiler.program import LEARNED
from autograd.compiler.scalar.program import LEAVES, Program
from autograd.core.table import TABLE, add, multiply

from .test_agreement import AWKWARD, close, eager, programs, run
from .test_source import network

pytest.importorskip("llvmlite")


@pytest.fixture(autouse=True)
def everywhere(monkeypatch):
    """Look for vectors in the smallest programs too."""
    monkeypatch.setattr("autograd.compiler.llvm.module.FEWEST", 1)


@pytest.mark.parametrize("name", list(TABLE))
def test_rows_side_by_side(name):
    row = TABLE[name]
    points = list(itertools.product(AWKWARD, repeat=row.arity))
    rows_side_by_side(row, points if row.arity == 1 else points[::5] + points[:: len(AWKWARD) + 1])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row.arity > 1])
def test_rows_side_by_side_at_all_points(name):
    rows_side_by_side(TABLE[name], list(itertools.product(AWKWARD, repeat=2)))


def rows_side_by_side(row, points):
    """A sum over awkward points: it is NaN, but each point keeps its own slope."""
    theta = np.array(points).ravel()
    leaves = [Value(number) for number in theta]
    rows = [leaves[k : k + row.arity] for k in range(0, len(leaves), row.arity)]
    step = compile(lambda: sum(row(*each) for each in rows), leaves, engine="llvm")
    _, gradient = step.value_and_grad(theta)
    slopes = np.array([eager(lambda given: row(*given), point, [()])[1][0] for point in points]).ravel()
    assert close(gradient, slopes, 1e-300), [
        (theta[k], gradient[k], slopes[k]) for k in range(len(theta)) if not close(gradient[k], slopes[k], 1e-300)
    ]


@pytest.mark.parametrize("activation", [tanh, sigmoid, lambda x: maximum(x, 0.1 * x), lambda x: where(x > 0, x, x * x)])
def test_a_network_on_one_sample(activation):
    model, parameters = network([5, 13, 9, 1], activation)
    x = np.random.default_rng(0).normal(size=(1, 5))
    step = compile(lambda x: (model(x) - 0.3) ** 2, parameters, engine="llvm")
    theta = step.pack()
    value, gradient = step.value_and_grad(theta, x)
    loss = (model(x[0]) - 0.3) ** 2
    loss.backward()
    assert value == pytest.approx(loss.data, rel=1e-13)
    assert gradient == pytest.approx([p.grad for p in parameters], rel=1e-12, abs=1e-15)


def test_what_depends_on_its_neighbour_is_not_packed_with_it():
    w = [Value(0.1 * k, f"w{k}") for k in range(16)]

    def chain():
        h = 1.0
        for each in w:
            h = tanh(each * h + 0.5)
        return h

    step = compile(chain, w, engine="llvm")
    value, gradient = step.value_and_grad(step.pack())
    out = chain()
    out.backward()
    assert value == pytest.approx(out.data, rel=1e-13)
    assert gradient == pytest.approx([each.grad for each in w], rel=1e-12)


def test_packs_that_wait_for_each_other_are_taken_apart():
    p = Program()
    x = [p.leaf(LEARNED, k) for k in range(2)]
    a = p.emit(add, *x)
    b = p.emit(multiply, a, x[0])
    c = p.emit(add, b, x[1])  # a, c and b, d would wait for each other
    d = p.emit(multiply, x[0], x[0])
    packing = pack(p, [a, b, c, d], [a, c], 2)
    assert packing.place == {}
    assert sorted(packing.order) == [a, b, c, d]
    packing = pack(p, [a, d], [a, d], 2)
    assert packing.place == {}


def test_every_instruction_comes_after_its_operands():
    model, parameters = network([3, 8, 8, 1], tanh)
    step = compile(lambda x: model(x), parameters, engine="numpy")
    step(np.ones((1, 3)))
    plans = next(iter(step.traces.values())).plans
    plan = plans.plan("value_and_grad")
    order = [i for i in plan.program.live(plan.outputs) if plan.program.ops[i] not in LEAVES]
    packing = pack(plan.program, order, plan.outputs[1:], 4)
    assert len(packing.place) > len(order) / 2
    done = set()
    for node in packing.order:
        members = packing.members[~node] if node < 0 else (node,)
        for column in operand_columns(plan.program, members):
            assert all(i in done or plan.program.ops[i] in LEAVES for i in column)
        done.update(members)
    assert done == set(order)


@settings(max_examples=40)
@given(programs(), st.integers(0, 2**31), st.integers(1, 3))
def test_random_programs_side_by_side(steps, seed, largest):
    side_by_side(steps, seed, largest)


@pytest.mark.long
@settings(max_examples=400)
@given(programs(), st.integers(0, 2**31), st.integers(1, 3))
def test_many_random_programs_side_by_side(steps, seed, largest):
    side_by_side(steps, seed, largest)


def side_by_side(steps, seed, largest):
    """The same random program on neighbouring numbers, and split into functions in odd places."""
    from autograd.compiler.llvm import module as llvm_module

    rng = np.random.default_rng(seed)
    theta = rng.normal(size=27)

    def loss(leaves):
        parts = [run(steps, leaves[k : k + 3], [leaves[0], leaves[(k + 4) % 27]]) for k in range(0, 27, 3)]
        return sum(part * part for part in parts)

    leaves = [Value(number) for number in theta]
    before = llvm_module.LARGEST
    llvm_module.LARGEST = 10**largest
    try:
        value, gradient = compile(lambda: loss(leaves), leaves, engine="llvm").value_and_grad(theta)
    finally:
        llvm_module.LARGEST = before
    losses, slopes = eager(loss, theta, [()])
    assert close(value, losses[0], 1.0, 1e-11)
    assert close(gradient, slopes[0], max(1.0, np.abs(slopes).max()), 1e-11)
