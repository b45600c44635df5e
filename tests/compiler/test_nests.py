"""Rolled programs as machine code: the loops compute what numpy does, and the step what the flat program does."""

import ctypes
import functools
import itertools
import warnings

import numpy as np
import pytest

from autograd import Value, tanh
from autograd.compiler import compile
from autograd.compiler.arrays.program import ArrayProgram, Place, replaced
from autograd.compiler.program import LEARNED
from autograd.compiler.roll.build import View
from autograd.compiler.roll.check import _applied
from autograd.compiler.roll.plans import RolledPlan
from autograd.core import table as rules
from autograd.tensor import rules as rows
from autograd.tensor.rules import ArrayRule
from tests.compiler.foreign import PROGRAMS
from tests.compiler.random_networks import RandomNetwork

pytest.importorskip("llvmlite")

from autograd.compiler.llvm import code as compiled
from autograd.compiler.llvm import rolled as writer
from autograd.compiler.llvm.body import OUT, THETA, UNIFORM
from autograd.compiler.llvm.engine import aligned
from autograd.compiler.scalar.specialization import SampleSpecialization

SIZES = (1, 2, 3, 5, 8, 11, 16, 19, 27)


class Arrays:
    """A program of arrays that are parts of theta, made instruction by instruction, with what numpy makes of each."""

    def __init__(self, seed):
        self.program, self.views, self.theta, self.known = ArrayProgram(), [], np.empty(0), {}
        self.rng = np.random.default_rng(seed)

    def leaf(self, *shape):
        """An array of parameters whose axes lie in memory in any order."""
        order = self.rng.permutation(len(shape))
        steps, step = [0] * len(shape), 1
        for axis in order:
            steps[axis], step = step, step * shape[axis]
        i = self.program.leaf(LEARNED, len(self.views), shape, np.dtype(float))
        self.views.append(View(i, self.theta.size, tuple(zip(shape, steps, strict=True))))
        self.theta = np.append(self.theta, self.rng.uniform(0.5, 1.5, step))
        self.known[i] = self.theta[self.views[-1].places()]
        return i

    def emit(self, op, *args, **options):
        i = self.program.emit(op, *args, **options)
        for k in range(len(self.known), len(self.program)):
            known = [self.known[arg] for arg in self.program.args[k]]
            if k in self.program.numbers or k in self.program.arrays:
                self.known[k] = self.program.sample(k)
            elif isinstance(self.program.ops[k], ArrayRule):
                options = {
                    key: replaced(each, lambda i: self.known[int(i)]) for key, each in self.program.options[k].items()
                }
                self.known[k] = self.program.ops[k].value(*known, **options)
            else:
                self.known[k] = _applied(self.program.ops[k], known)
        return i

    def holds(self, out):
        """Whether machine code computes an array as numpy does."""
        count = self.known[out].size
        plan = RolledPlan(
            self.program, "value_and_grad", (out,), 0, tuple(self.views), (), (), (), None, (self.theta.size, 0, 0), (),
            10007, "mean",
        )  # fmt: skip
        target = compiled.Target(1, (), False, compiled.lanes())
        text = writer.write_rolled_module(plan, target)
        engine, _ = compiled.machine_code(text.text, sorted(text.module.symbols), 1)
        state, memory = np.zeros(40, np.int64), aligned(text.room)
        results = aligned(1 + compiled.padded(count, compiled.lanes()))
        for place, array in ((THETA, self.theta), (UNIFORM, memory), (OUT, results)):
            state[place] = array.ctypes.data
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(engine.get_function_address("run"))(state.ctypes.data)
        wanted = np.asarray(self.known[out], float).ravel()
        np.testing.assert_allclose(results[:count], wanted, rtol=1e-13, atol=1e-13)
        assert not results[count:].any()


@pytest.mark.parametrize("size", SIZES)
def test_products_of_matrices(size):
    a = Arrays(size)
    parts = []
    for n, m in ((1, 7), (8, 16), (27, 4), (16, 11)):
        x, y = a.leaf(n, size), a.leaf(size, m)
        parts.append(a.emit(rows.reshape, a.emit(rows.matmul, x, y), shape=(n * m,)))
    stack = a.emit(rows.matmul, a.leaf(3, 5, size), a.leaf(size, 9))
    parts.append(a.emit(rows.reshape, a.emit(rows.transpose, stack, axes=(1, 2, 0)), shape=(135,)))
    for subscripts, *shapes in (
        ("ijk,ljk->jil", (8, 4, size), (6, 4, size)), ("ij,ij->i", (size, 9), (size, 9)), ("i,j->ij", (size,), (5,)),
    ):  # fmt: skip
        product = a.emit(rows.einsum, *[a.leaf(*shape) for shape in shapes], subscripts=subscripts)
        parts.append(a.emit(rows.reshape, product, shape=(a.known[product].size,)))
    for shapes in (((size,), (size,)), ((size,), (size, 3)), ((3, size), (size,)), ((2, 3, size), (size,))):
        product = a.emit(rows.matmul, *[a.leaf(*shape) for shape in shapes])
        parts.append(a.emit(rows.reshape, product, shape=(a.known[product].size,)))
    a.holds(a.emit(rows.concatenate, *parts, axis=0))


@pytest.mark.parametrize("size", SIZES)
def test_sums_and_what_is_done_element_by_element(size):
    a = Arrays(size)
    parts = []
    for shape in ((size,), (size, 3), (3, size), (4, size, 5)):
        x, y = a.leaf(*shape), a.leaf(*shape[-1:])
        shut = a.emit(">", x, a.program.constant(1.0))
        powers = a.emit(rules.power, a.emit(rules.add, x, y), a.program.constant(-0.5))
        for number in (
            a.emit(rules.multiply, a.emit(rules.exp, x), shut), a.emit(rules.maximum, x, y), powers,
            a.emit(rules.softplus, a.emit(rules.negative, x)), a.emit(rules.multiply, x, a.emit(rules.log, x)),
        ):  # fmt: skip
            parts.append(number)
            for axes in itertools.chain(*(itertools.combinations(range(len(shape)), n + 1) for n in range(len(shape)))):
                parts.append(a.emit(rows.sum, number, axis=axes))
            parts.append(a.emit(rows.sum, a.emit(rules.multiply, number, x), axis=(0,), keepdims=True))
    flat = [a.emit(rows.reshape, i, shape=(a.known[i].size,)) for i in parts]
    a.holds(a.emit(rows.concatenate, *flat, axis=0))


def test_parts_of_arrays():
    a = Arrays(0)
    x = a.emit(rules.exp, a.leaf(4, 6, 3))
    everything = slice(None)
    index = np.array([[0, 5, 2], [2, 2, 1]])
    parts = [
        a.emit(rows.getitem, x, index=(everything, slice(1, None, 2))),
        a.emit(rows.getitem, x, index=(everything, index)),
        a.emit(rows.getitem, x, index=(2, everything, slice(None, None, -1))),
        a.emit(rows.reshape, a.emit(rows.transpose, x, axes=(2, 0, 1)), shape=(9, 8)),
        a.emit(rows.put, a.leaf(4, 2, 3, 3), shape=(4, 6, 3), index=(everything, index)),
        a.emit(rows.put, a.emit(rows.transpose, a.leaf(6, 2)), shape=(4, 6), index=(slice(1, 3),)),
        a.emit(rows.broadcast_to, a.leaf(1, 3), shape=(5, 3)),
        a.emit(rows.concatenate, a.leaf(2, 3), a.leaf(4, 3), a.emit(rules.sin, a.leaf(1, 3)), axis=0),
        a.emit(rows.choose, x, a.leaf(6, 3), condition=Place(a.emit("<", x, a.program.constant(2.5)))),
    ]
    flat = [a.emit(rows.reshape, i, shape=(a.known[i].size,)) for i in parts]
    a.holds(a.emit(rows.concatenate, *flat, axis=0))


@pytest.fixture
def everything(monkeypatch):
    """Even the smallest programs are written as loops."""
    monkeypatch.setattr("autograd.compiler.scalar.engines.LONG", 0)
    monkeypatch.setattr(compiled, "MUCH", 10**9)
    monkeypatch.setattr(compiled, "is_shallow", lambda program, end: True)
    made = SampleSpecialization.rolled.func

    def rolled(self):
        found = made(self)
        found.is_shorter = True
        return found

    kept = functools.cached_property(rolled)
    kept.__set_name__(SampleSpecialization, "rolled")
    monkeypatch.setattr(SampleSpecialization, "rolled", kept)


def flattened(found):
    return np.concatenate([np.ravel(part) for part in (found if isinstance(found, tuple) else (found,))])


def same(loss, parameters, theta, batch):
    """Samples by machine code of the rolled form, and by numpy."""
    step, flat = (compile(loss, parameters, engine=engine) for engine in ("llvm", "numpy"))
    v = np.cos(np.arange(theta.size))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for kind, given in (("value_and_grad", (theta,)), ("value", (theta,)), ("hvp", (theta, v))):
            got, wanted = (flattened(getattr(each, kind)(*given, *batch)) for each in (step, flat))
            size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
            np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11 * size)
    assert step._latest._rolled_kernels["value_and_grad"] is not None


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed, everything):
    net = RandomNetwork(seed, awkward=bool(seed % 2))
    leaves = [Value(number) for number in net.theta]
    same(lambda x: net.loss(leaves, list(x)), leaves, np.array(net.theta), [np.array(net.X)[: 1 + seed % 3]])


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_of_other_people(name, everything):
    loss, parameters, batch = PROGRAMS[name]()
    theta = np.array([p.data for p in parameters])
    for n in (5, 1):
        same(loss, parameters, theta, [np.asarray(part)[:n] for part in batch])


def network(width=16):
    """A loss of one sample that is worth rolling up before it is compiled."""
    p = [Value(0.1 * np.sin(k), f"p{k}") for k in range(2 * width * width)]
    rows = [p[k : k + width] for k in range(0, len(p), width)]

    def loss(x):
        x = [tanh(sum(w * each for w, each in zip(row, x, strict=True))) for row in rows[:width]]
        return sum(sum(w * each for w, each in zip(row, x, strict=True)) ** 2 for row in rows[width:])

    return loss, p, np.linspace(-1, 1, width)[None]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_long_programs_are_rolled_up_and_chains_are_not(monkeypatch, reduction):
    monkeypatch.setattr("autograd.compiler.scalar.engines.LONG", 1000)
    loss, p, x = network()
    step = compile(loss, p, engine="llvm", reduction=reduction)
    flat = compile(loss, p, engine="numpy", reduction=reduction)
    theta, X = step.pack(), np.linspace(0.5, 1.5, 9)[:, None] * x
    for batch in (x, X, x, X[3:], X, -X):
        got, wanted = flattened(step.value_and_grad(theta, batch)), flattened(flat.value_and_grad(theta, batch))
        np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-14)
    assert step._latest._rolled_kernels["value_and_grad"] is not None
    forward = compile(lambda x: [loss(x), x[0]], [], engine="llvm")
    np.testing.assert_allclose(forward(X)[:, 0], [step.value(theta, row[None]) for row in X], rtol=1e-13)
    np.testing.assert_array_equal(forward(X[:1]), forward(X)[:1])
    assert forward._latest._rolled_kernels["forward"] is not None
    theta[5] = np.inf
    got, wanted = flattened(step.value_and_grad(theta, X)), flattened(flat.value_and_grad(theta, X))
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-14)
    monkeypatch.setattr(SampleSpecialization, "rolled", property(lambda self: pytest.fail("it was rolled up")))
    a = Value(0.5)
    chain = compile(lambda x: functools.reduce(lambda z, _: z * a + 0.1, range(1000), x), [a], engine="llvm")
    assert chain.value_and_grad([0.5], [1.0])[0] == pytest.approx(0.2)
    assert chain._latest._rolled_kernels["value_and_grad"] is None


def test_what_is_kept_of_them(monkeypatch, tmp_path):
    monkeypatch.setattr("autograd.compiler.scalar.engines.LONG", 1000)
    monkeypatch.setenv("GLASSGRAD_CACHE", str(tmp_path / "kept"))
    loss, p, x = network()
    first, again = (compile(loss, p, engine="llvm") for _ in range(2))
    wanted = first.value_and_grad(first.pack(), x)
    assert len(list((tmp_path / "kept").iterdir())) == 1
    monkeypatch.setattr(SampleSpecialization, "rolled", property(lambda self: pytest.fail("it was rolled up")))
    found = again.value_and_grad(first.pack(), x)
    assert found[0] == wanted[0]
    np.testing.assert_array_equal(found[1], wanted[1])
    monkeypatch.setattr("autograd.compiler.scalar.engines.LONG", 10**9)
    flat = compile(loss, p, engine="llvm")
    assert flat.value_and_grad(first.pack(), x)[0] == pytest.approx(wanted[0], rel=1e-13)
