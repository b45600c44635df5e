"""Calling a compiled step: gradients into parameters, the flat form, second derivatives, threads, files."""

import itertools
import json
import math
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

from autograd import GraphWarning, Value, parameter, sigmoid, tanh, where
from autograd.compiler import Step, compile, load
from autograd.errors import MissingExtra, OperandError, ShapeError, TraceError

from .test_source import network


@pytest.fixture(params=["numpy", "llvm"])
def engine(request):
    if request.param == "llvm":
        pytest.importorskip("llvmlite")
    return request.param


def problem(engine, **options):
    model, parameters = network([2, 4, 1], tanh)
    rng = np.random.default_rng(0)
    X = rng.normal(size=(23, 2))
    Y = X[:, 0] * X[:, 1]

    def loss(x, y):
        return (model(x) - y) ** 2 + 0.01 * sum(p * p for p in parameters)

    return compile(loss, parameters, engine=engine, **options), loss, X, Y


def test_it_does_what_the_loop_of_backwards_does(engine):
    step, loss, X, Y = problem(engine)
    for p in step.parameters:
        p.grad = 1.0
    got = step(X, Y)
    compiled = [p.grad for p in step.parameters]
    for p in step.parameters:
        p.grad = 0.0
    total = sum((loss(x, y) for x, y in zip(X, Y, strict=True)), Value(0.0)) / len(X)
    total.backward()
    assert got == pytest.approx(total.data, rel=1e-12)
    assert compiled == pytest.approx([1.0 + p.grad for p in step.parameters], rel=1e-12)


def test_pack_and_unpack(engine):
    step, _, X, Y = problem(engine)
    theta = step.pack()
    assert theta.dtype == np.float64
    first = step.value(theta, X, Y)
    step.unpack(theta * 2)
    assert step.value(step.pack(), X, Y) == step.value(theta * 2, X, Y) != first
    with pytest.raises(ShapeError, match=r"theta is a vector of 17 numbers, shape \(17,\), got shape \(16,\)"):
        step.unpack(theta[1:])
    with pytest.raises(OperandError, match="dtype object"):
        step.value(np.array([None] * 17), X, Y)


def test_the_gradient_belongs_to_the_caller(engine):
    step, _, X, Y = problem(engine)
    theta = step.pack()
    _, first = step.value_and_grad(theta, X, Y)
    kept = first.copy()
    step.value_and_grad(theta + 1, X, Y)
    assert (first == kept).all()


def test_data_that_changed_in_place_is_read_afresh(engine):
    step, _, X, Y = problem(engine)
    theta = step.pack()
    before = step.value(theta, X, Y)
    X[0] += 1.0
    after = step.value(theta, X, Y)
    assert after == step.value(theta, X.copy(), Y.copy()) != before


def test_second_derivatives(engine):
    step, _, X, Y = problem(engine)
    theta = step.pack()
    H = step.hessian(theta, X, Y)
    assert H.shape == (17, 17)
    assert pytest.approx(H.T, rel=1e-10, abs=1e-12) == H
    v = np.random.default_rng(1).normal(size=17)
    assert step.hvp(theta, v, X, Y) == pytest.approx(H @ v, rel=1e-10)
    h = 1e-6
    up, down = step.value_and_grad(theta + h * v, X, Y)[1], step.value_and_grad(theta - h * v, X, Y)[1]
    assert H @ v == pytest.approx((up - down) / (2 * h), rel=1e-6)


def test_a_large_hessian_comes_column_by_column(engine, monkeypatch):
    step, _, X, Y = problem(engine)
    theta = step.pack()
    whole = step.hessian(theta, X, Y)
    monkeypatch.setattr("autograd.compiler.scalar.specialization.LARGEST_HESSIAN", 0)
    other, _, _, _ = problem(engine)
    assert other.hessian(theta, X, Y) == pytest.approx(whole, rel=1e-10, abs=1e-13)


def test_a_function_of_parameters_alone(engine):
    xs = [Value(1.2, f"x{k}") for k in range(5)]
    step = compile(
        lambda: sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(xs)), xs, engine=engine
    )
    assert "100 * " in step.source
    assert step() == pytest.approx(4 * (100 * 0.24**2 + 0.04))
    value, gradient = step.value_and_grad(np.ones(5))
    assert value == 0.0
    assert gradient.tolist() == [0.0] * 5


def test_a_model_over_a_batch(engine):
    model, _ = network([2, 4, 3, 1], sigmoid)
    rng = np.random.default_rng(0)
    forward = compile(model, engine=engine)
    for n in (1, 2, 7, 8, 9, 1000):
        X = rng.normal(size=(n, 2))
        assert forward(X) == pytest.approx([float(model(x)) for x in X[:10]] + list(forward(X)[10:]), rel=1e-12)
        assert forward(X).shape == (n,)
    several = compile(lambda x: [[x, 2 * x, 7.0], [x > 0, -x, x * x]], engine=engine)([1.0, -2.0])
    assert several.shape == (2, 2, 3)
    assert several[1].tolist() == [[-2, -4, 7], [0, 2, 4]]


def test_longer_than_one_chunk(engine):
    w = Value(1.5)
    step = compile(lambda x: tanh(w * x), [w], engine=engine)
    for n in (1023, 1024, 1025, 5000, 100_003):
        X = np.linspace(-2, 2, n)
        value, gradient = step.value_and_grad(np.array([1.5]), X)
        assert value == pytest.approx(np.tanh(1.5 * X).mean(), rel=1e-11, abs=1e-14)
        assert gradient[0] == pytest.approx((X / np.cosh(1.5 * X) ** 2).mean(), rel=1e-12, abs=1e-14)


def test_threads_do_not_change_a_bit():
    pytest.importorskip("llvmlite")
    results = set()
    for threads in (1, 2, 3, 7):
        step, _, _, _ = problem("llvm", threads=threads)
        rng = np.random.default_rng(3)
        X, Y = rng.normal(size=(10_007, 2)), rng.normal(size=10_007)
        value, gradient = step.value_and_grad(step.pack(), X, Y)
        results.add((value, gradient.tobytes()))
    assert len(results) == 1


@pytest.mark.parametrize("own", ["numpy", "llvm", "jax"])
def test_many_threads_may_call_one_step(own):
    """From the first call on; every gradient arrives, and nobody gets the numbers of another."""
    pytest.importorskip({"llvm": "llvmlite"}.get(own, own))
    step, _, X, Y = problem(own)
    alone, _, _, _ = problem("numpy")
    theta = alone.pack()
    batches = [(X[:n], Y[:n]) for n in (23, 8, 1, 17)]
    wanted = [alone.value_and_grad(theta, *batch)[1] for batch in batches]
    start = threading.Barrier(4)

    def work(k):
        start.wait()
        for turn in range(12):
            step(*batches[(k + turn) % 4])
            found = step.value_and_grad((k + 1) * theta, *batches[k])[1]
        return found

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    for k, gradient in enumerate(found):
        assert gradient == pytest.approx(alone.value_and_grad((k + 1) * theta, *batches[k])[1], rel=1e-10, abs=1e-13)
    assert [p.grad for p in step.parameters] == pytest.approx(12 * sum(wanted), rel=1e-10, abs=1e-13)


def test_long_programs_are_split(monkeypatch):
    pytest.importorskip("llvmlite")
    from autograd.compiler.llvm import module as llvm_module

    whole, _, X, Y = problem("llvm")
    theta = whole.pack()
    wanted = whole.value_and_grad(theta, X, Y)
    monkeypatch.setattr(llvm_module, "LARGEST", 7)
    for n in (23, 1):
        parts, _, _, _ = problem("llvm")
        value, gradient = parts.value_and_grad(theta, X[:n], Y[:n])
        wanted = whole.value_and_grad(theta, X[:n], Y[:n])
        assert value == pytest.approx(wanted[0], rel=1e-14)
        assert gradient == pytest.approx(wanted[1], rel=1e-12, abs=1e-15)
    forward = compile(lambda x: [where(x > 1, x, k * x) for k in range(40)], engine="llvm")
    assert forward([2.0, 0.5])[1].tolist() == [0.5 * k for k in range(40)]


@pytest.mark.parametrize("largest", [7, 2000])
def test_two_blocks_at_once_compute_what_one_does(monkeypatch, largest):
    pytest.importorskip("llvmlite")
    from autograd.compiler.llvm import module as llvm_module

    monkeypatch.setattr(llvm_module, "LARGEST", largest)
    rng = np.random.default_rng(0)
    counts = (2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 1024, 1030, 1041, 2100)
    found = []
    for short, few in ((0, 0), (1000, 1000), (1000, 0)):  # the last compiled with more care
        monkeypatch.setattr(llvm_module, "SHORT", short)
        monkeypatch.setattr(llvm_module, "FEW", few)
        step, _, _, _ = problem("llvm", threads=2 if short else 1)
        forward = compile(lambda x: [where(x[0] > 0, x[0], x[1]), tanh(x[1]), 7.0], engine="llvm")
        numbers = []
        for n in counts:
            X, Y = rng.normal(size=(n, 2)), rng.normal(size=n)
            value, gradient = step.value_and_grad(step.pack(), X, Y)
            numbers += [value, *gradient, *forward(X).ravel()]
        found.append(numbers)
        rng = np.random.default_rng(0)
    assert found[0] == found[1] == found[2]  # to the last bit


def test_a_number_that_is_not_finite_anywhere_is_noticed():
    """The exact derivative is taken wherever one of the outputs is infinite or NaN, be it the last of many."""
    pytest.importorskip("llvmlite")
    for k, count in ((0, 1), (0, 70), (31, 70), (32, 70), (63, 70), (64, 70), (69, 70), (63, 64)):
        w = [Value(1.0) for _ in range(count)]

        def loss(x, w=w, k=k):
            return sum(where(x > 0, each * x, each * (x * 1e200 * 1e200)) if each is w[k] else each * x for each in w)

        step = compile(loss, w, engine="llvm")
        for rows in ([5.0, 5.0], [5.0]):
            assert step.value_and_grad(np.ones(count), np.array(rows))[1].tolist() == [5.0] * count
            assert ("value_and_grad", len(rows) == 1, True) in next(iter(step.traces.values()))._kernels


def test_scipy_minimizes_it(engine):
    optimize = pytest.importorskip("scipy.optimize")
    step, _, X, Y = problem(engine)
    found = optimize.minimize(step.value_and_grad, step.pack(), args=(X, Y), jac=True, method="L-BFGS-B")
    assert found.fun < 0.5 * step.value(step.pack(), X, Y)


def test_saved_and_loaded(engine, tmp_path):
    step, _, X, Y = problem(engine)
    step(X, Y)
    theta = step.pack()
    step.save(tmp_path / "step.json")
    twin = load(tmp_path / "step.json", engine=engine)
    assert isinstance(twin, Step)
    assert [p.label for p in twin.parameters] == [p.label for p in step.parameters]
    assert (twin.pack() == theta).all()
    assert twin.value(theta, X, Y) == step.value(theta, X, Y)
    assert (twin.value_and_grad(theta, X, Y)[1] == step.value_and_grad(theta, X, Y)[1]).all()
    assert twin.hvp(theta, theta, X, Y) == pytest.approx(step.hvp(theta, theta, X, Y), rel=1e-12)
    assert twin(X, Y) == step(X, Y)
    with pytest.raises(ShapeError, match=r"a saved program knows samples of shapes \[\(2,\), \(\)\] only"):
        twin(np.ones((3, 5)), np.ones(3))


def test_a_loss_without_parameters_says_which_numbers_get_no_gradient(engine):
    w, marked = Value(2.0, "w"), parameter(Value(3.0))
    with pytest.warns(
        GraphWarning, match=r"uses w and was given no parameters: .* write compile\(function, \[w, ...\]"
    ):
        assert list(compile(lambda x: w * x, engine=engine)([1.0, 2.0])) == [2.0, 4.0]
    assert list(compile(lambda x: marked * x, engine=engine)([1.0, 2.0])) == [3.0, 6.0], "the forward pass of a model"


def test_a_saved_forward_pass_with_structures(engine, tmp_path):
    scale = Value(2.0, "scale")
    step = compile(lambda s: [scale * s["a"], where(s["a"] > s["b"][1], 1, -math.inf)], engine=engine)
    batch = {"a": [1.0, 2.0], "b": [[0.0, 0.0], [5.0, 6.0]]}
    wanted = step(batch)
    step.save(tmp_path / "f.json")
    assert (load(tmp_path / "f.json", engine=engine)(batch) == wanted).all()


def test_nothing_to_save_yet(tmp_path):
    with pytest.raises(ShapeError, match="no program to save yet"):
        compile(lambda x: x).save(tmp_path / "f.json")
    with pytest.raises(TraceError, match="call the step on a batch first"):
        _ = compile(lambda x: x).source


def spoiled():
    yield "not json", lambda c: "{"
    yield "other format", lambda c: {**c, "format": "pickle"}
    yield "list", lambda c: [c]
    yield "unknown word", lambda c: replaced(c, "instructions", -1, ["__import__", 0, 0])
    yield "attribute", lambda c: replaced(c, "instructions", -1, ["where.__class__", 0])
    yield "later operand", lambda c: replaced(c, "instructions", -1, ["add", 0, 10**6])
    yield "negative operand", lambda c: replaced(c, "instructions", -1, ["add", 0, -1])
    yield "float operand", lambda c: replaced(c, "instructions", -1, ["add", 0, 1.0])
    yield "wrong count", lambda c: replaced(c, "instructions", -1, ["add", 0])
    yield "huge leaf", lambda c: replaced(c, "instructions", 0, ["sample", 99])
    yield "nested", lambda c: replaced(c, "instructions", 0, ["constant", ["x"]])
    yield (
        "condition as number",
        lambda c: {
            **c,
            "programs": [
                {**c["programs"][0], "instructions": [*c["programs"][0]["instructions"], [">", 0, 1], ["exp", 11]]}
            ],
        },
    )
    yield "name", lambda c: replaced(c, "leaves", 0, ["x): import os; (y", []])
    yield "keyword", lambda c: replaced(c, "leaves", 0, ["lambda", []])
    yield "outputs", lambda c: {**c, "programs": [{**c["programs"][0], "outputs": []}]}
    yield "missing", lambda c: {key: value for key, value in c.items() if key != "programs"}


def replaced(content, key, k, new):
    program = dict(content["programs"][0])
    listed = list(program[key])
    listed[k] = new
    return {**content, "programs": [{**program, key: listed}]}


@pytest.mark.parametrize(("name", "spoil"), list(spoiled()))
def test_hostile_files(name, spoil, tmp_path):
    w = Value(2.0, "w")
    step = compile(lambda x: (w * x - 1) ** 2, [w], engine="numpy")
    step([1.0, 2.0])
    file = tmp_path / "f.json"
    step.save(file)
    assert load(file, engine="numpy").value([2.0], [1.0]) == 1.0
    content = spoil(json.loads(file.read_text()))
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(ShapeError, match=r"f\.json is not a program this library saved"):
        load(file)


def test_without_llvmlite(monkeypatch):
    monkeypatch.setattr("autograd.compiler.scalar.engines._installed", lambda: False)
    assert compile(lambda x: x).engine == "numpy"
    with pytest.raises(MissingExtra, match=r"glassgrad\[fast\]"):
        compile(lambda x: x, engine="llvm")


def test_where_llvm_fails_numpy_steps_in(monkeypatch):
    pytest.importorskip("llvmlite")

    def broken(*given):
        raise RuntimeError("no such target\nand more")

    monkeypatch.setattr("autograd.compiler.llvm.code.machine_code", broken)
    w = Value(2.0)
    step = compile(lambda x: w * x, [w])
    assert step.engine == "llvm"
    with pytest.warns(RuntimeWarning, match=r"machine code \(RuntimeError: no such target\): numpy runs the program"):
        assert step([1.0, 2.0]) == 3.0
    assert step.engine == "numpy"
    with pytest.raises(RuntimeError, match="no such target"):
        compile(lambda x: w * x, [w], engine="llvm")([1.0])


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_numpy_cuts_a_long_batch(reduction, monkeypatch):
    whole, _, X, Y = problem("numpy", reduction=reduction)
    theta = whole.pack()
    loss, gradient = whole.value_and_grad(theta, X, Y)
    product, value = whole.hvp(theta, theta, X, Y), whole.value(theta, X, Y)
    monkeypatch.setattr("autograd.compiler.scalar.numpy_engine.CHUNK", 7)
    assert whole.value_and_grad(theta, X, Y)[0] == pytest.approx(loss, rel=1e-13)
    assert whole.value_and_grad(theta, X, Y)[1] == pytest.approx(gradient, rel=1e-11, abs=1e-14)
    assert whole.hvp(theta, theta, X, Y) == pytest.approx(product, rel=1e-11, abs=1e-14)
    assert whole.value(theta, X, Y) == pytest.approx(value, rel=1e-13)
    forward = compile(lambda x: [x[0] * 2, 7.0, x[1]], engine="numpy")
    assert (forward(X) == np.column_stack([X[:, 0] * 2, np.full(len(X), 7.0), X[:, 1]])).all()


def test_what_cancels_to_zero_is_rounded_once_or_twice_and_has_the_slope_of_its_side(engine):
    rng = np.random.default_rng(0)
    for a, b in rng.uniform(-1.0, 1.0, (20, 2)).tolist():
        x, y, z = leaves = [Value(number) for number in (a, b, a * b)]
        found = compile(lambda x=x, y=y, z=z: (x * y - z).relu(), leaves, engine=engine)()
        once = float(Fraction(a) * Fraction(b) - Fraction(a * b))  # what a fused multiplication and addition gives
        assert found in ((0.0, max(once, 0.0)) if engine == "llvm" else (0.0,))
        assert [leaf.grad for leaf in leaves] == ([b, a, -1.0] if found > 0.0 else [0.0] * 3)
