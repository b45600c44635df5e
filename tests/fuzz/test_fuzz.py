"""Random programs, the same from every seed, held against each other in all engines and against PyTorch and mpmath.

Seconds in the normal run, minutes with `-m long`, as long as one likes with `--fuzz=100000`. What may differ is said in
docs/conventions.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
import pytest

from autograd import Tensor, Value, compile, grad, jvp, vjp
from tests.compiler.random_programs import RandomProgram, agree, largest
from tests.core.test_agreement import present
from tests.fuzz.arrays import ArrayProgram, Ours, theirs
from tests.support import EXACT

FEW, MANY = 120, 6000
Numbers = Sequence[float]


def seeds(config: pytest.Config, first: int, count: int) -> range:
    return range(first, first + max(count, int(config.getoption("--fuzz"))))


def same(found: Numbers, wanted: Numbers, scale: float) -> bool:
    return all(agree(float(x), float(y), scale) for x, y in zip(found, wanted, strict=True))


# --------------------------------------------------------------------------------------------- single numbers


def by_values(program: RandomProgram) -> tuple[Any, list[float]]:
    leaves = [Value(x) for x in program.numbers]
    root = program(leaves)
    root.backward()
    return root, [leaf.grad for leaf in leaves]


def by_tensors(shape: tuple[int, ...]) -> Callable[[RandomProgram], list[float]]:
    def run(program: RandomProgram) -> list[float]:
        leaves = [Tensor(np.full(shape, x)) for x in program.numbers]
        program(leaves).sum().backward()
        return [float(leaf.grad.ravel()[-1]) for leaf in leaves]

    return run


def by_grad(lift: Callable[[float], Any]) -> Callable[[RandomProgram], list[float]]:
    def run(program: RandomProgram) -> list[float]:
        count = len(program.numbers)
        found = grad(lambda *leaves: program(leaves), tuple(range(count)))(*map(lift, program.numbers))
        return [float(g) for g in found]

    return run


def by_numbers_compiled(engine: Any) -> Callable[[RandomProgram], list[float]]:
    def run(program: RandomProgram) -> list[float]:
        leaves = [Value(x) for x in program.numbers]
        compile(lambda: program(leaves), leaves, engine=engine)()
        return [leaf.grad for leaf in leaves]

    return run


def by_arrays_compiled(engine: Any) -> Callable[[RandomProgram], list[float]]:
    def run(program: RandomProgram) -> list[float]:
        leaves = [Tensor([x, x]) for x in program.numbers]
        compile(lambda: program(leaves).sum(), leaves, engine=engine)()
        return [float(leaf.grad[1]) for leaf in leaves]

    return run


WAYS: dict[str, Callable[[RandomProgram], list[float]]] = {
    "Tensors of no axis": by_tensors(()),
    "Tensors of one axis": by_tensors((3,)),
    "Tensors of two axes": by_tensors((2, 2)),
    "grad": by_grad(float),
    "grad of arrays": by_grad(np.array),
    **{f"numbers, {engine}": by_numbers_compiled(engine) for engine in present("numpy", "llvm")},
    "arrays, numpy": by_arrays_compiled("numpy"),
}


def check_numbers(seed: int, ways: dict[str, Callable[[RandomProgram], list[float]]]) -> None:
    program = RandomProgram(seed, awkward=seed % 2 == 0)
    with np.errstate(all="ignore"):
        root, wanted = by_values(program)
        scale = largest(root)
        for name, way in ways.items():
            found = way(program)
            assert same(found, wanted, scale), (seed, name, found, wanted, program.steps, program.numbers)


def test_single_numbers(pytestconfig: pytest.Config) -> None:
    for seed in seeds(pytestconfig, 0, FEW):
        check_numbers(seed, WAYS)


@pytest.mark.long
def test_single_numbers_for_minutes(pytestconfig: pytest.Config) -> None:
    for seed in seeds(pytestconfig, FEW, MANY):
        check_numbers(seed, WAYS)


@pytest.mark.long
def test_single_numbers_in_jax(pytestconfig: pytest.Config) -> None:
    pytest.importorskip("jax")
    for seed in seeds(pytestconfig, 0, 60):
        if seed % 2:  # XLA flushes the smallest numbers to 0
            check_numbers(seed, {"arrays, jax": by_arrays_compiled("jax")})


def second_derivatives(program: RandomProgram, lift: Callable[[float], Any]) -> dict[str, list[float]]:
    """The Hessian times a direction, by three ways of nesting the transforms."""
    count = len(program.numbers)
    point = tuple(map(lift, program.numbers))
    direction = tuple(lift(0.5 + k) for k in range(count))

    def slopes(*leaves: Any) -> Any:
        return grad(lambda *inner: program(inner), tuple(range(count)))(*leaves)

    def slope_along(*leaves: Any) -> Any:
        return jvp(lambda *inner: program(inner), leaves, direction)[1]

    return {
        "reverse over reverse": [float(g) for g in vjp(slopes, *point)[1](direction)],
        "forward over reverse": [float(g) for g in jvp(slopes, point, direction)[1]],
        "reverse over forward": [float(g) for g in grad(slope_along, tuple(range(count)))(*point)],
    }


def check_second(seed: int) -> None:
    program = RandomProgram(seed, awkward=False, longest=8)
    with np.errstate(all="ignore"):
        ways = {
            f"{name}, {kind}": found
            for kind, lift in (("numbers", float), ("arrays", np.array))
            for name, found in second_derivatives(program, lift).items()
        }
    wanted = ways["reverse over reverse, numbers"]
    scale = 1.0 + max((abs(x) for found in ways.values() for x in found if math.isfinite(x)), default=0.0)
    root, _ = by_values(program)
    for name, found in ways.items():
        if all(map(math.isfinite, wanted)) or name.startswith("reverse over reverse"):
            assert same(found, wanted, scale * largest(root)), (seed, name, found, wanted, program.steps)


def test_second_derivatives(pytestconfig: pytest.Config) -> None:
    for seed in seeds(pytestconfig, 0, FEW):
        check_second(seed)


@pytest.mark.long
def test_second_derivatives_for_minutes(pytestconfig: pytest.Config) -> None:
    for seed in seeds(pytestconfig, FEW, MANY):
        check_second(seed)


def exactly(program: RandomProgram, numbers: Sequence[Any]) -> Any:
    """The program in many digits; None where a function leaves the real numbers."""
    values = list(numbers)
    for name, places in program.steps:
        operands = [values[k] for k in places]
        if name == "where":
            out = operands[2] if operands[0] > operands[1] else operands[3]
        else:
            if name in ("leaky_relu", "elu") and len(operands) == 1:
                operands.append(mpmath.mpf(1))
            out = EXACT[name](*operands)
        if isinstance(out, mpmath.mpc) or not mpmath.isfinite(out):
            return None
        values.append(out)
    return values[-1] + values[-2] / 2


def check_against_mpmath(seed: int) -> bool:
    program = RandomProgram(seed, awkward=False, longest=6)
    root, found = by_values(program)
    with mpmath.workdps(60):
        point = [mpmath.mpf(x) for x in program.numbers]
        try:
            if exactly(program, point) is None:
                return False
            step = mpmath.mpf(10) ** -20
            slopes = []
            for k in range(len(point)):
                up, down = ([x + sign * step * (j == k) for j, x in enumerate(point)] for sign in (1, -1))
                slopes.append((exactly(program, up) - exactly(program, down)) / (2 * step))
        except (TypeError, ValueError, ZeroDivisionError, OverflowError):  # outside the domain, or beyond counting
            return False
        wanted = [float(slope) for slope in slopes]
    if not all(map(math.isfinite, found)):
        return False
    assert all(agree(x, y, 1e3 * largest(root)) for x, y in zip(found, wanted, strict=True)), (seed, found, wanted)
    return True


def test_against_mpmath(pytestconfig: pytest.Config) -> None:
    checked = [check_against_mpmath(seed) for seed in seeds(pytestconfig, 0, FEW)]
    assert sum(checked) > len(checked) / 4


# ----------------------------------------------------------------------------------------------- whole arrays


def check_arrays(seed: int, torch: Any, engines: Sequence[str]) -> None:
    program = ArrayProgram(seed)
    x = Tensor(program.start)
    with np.errstate(all="ignore"):
        root = program(x, Ours)
        root.backward()
    scale = 1.0 + np.max(np.abs(np.nan_to_num(x.grad, posinf=0.0, neginf=0.0)))
    if torch is not None:
        other = torch.tensor(program.start, requires_grad=True)
        program(other, theirs(torch)).backward()
        got = other.grad.numpy()
        sound = np.isfinite(got)  # where a norm or a deviation is 0, PyTorch has NaN: see docs/conventions.md
        assert np.all(np.abs(x.grad - got)[sound] <= 1e-9 * scale), (seed, program, x.grad, got)
    for engine in engines:
        leaf = Tensor(program.start)
        compile(lambda leaf=leaf: program(leaf, Ours), [leaf], engine=engine)()
        same_place = np.isclose(leaf.grad, x.grad, rtol=0, atol=1e-9 * scale, equal_nan=True)
        assert same_place.all(), (seed, engine, program, x.grad, leaf.grad)


def check_arrays_twice(seed: int, torch: Any) -> None:
    program = ArrayProgram(seed)
    direction = np.random.default_rng(seed).normal(size=program.shape)
    with np.errstate(all="ignore"):
        ours = jvp(grad(lambda x: program(x, Ours)), (program.start,), (direction,))[1]
        again = vjp(grad(lambda x: program(x, Ours)), program.start)[1](direction)[0]
    x = torch.tensor(program.start, requires_grad=True)
    (slope,) = torch.autograd.grad(program(x, theirs(torch)), x, create_graph=True)
    if not slope.requires_grad:
        wanted = np.zeros(program.shape)
    else:
        (found,) = torch.autograd.grad((slope * torch.tensor(direction)).sum(), x, allow_unused=True)
        wanted = np.zeros(program.shape) if found is None else found.numpy(force=True)
    sound = np.isfinite(wanted)
    scale = 1.0 + max(np.max(np.abs(part[np.isfinite(part)]), initial=0.0) for part in (ours, wanted))
    assert np.all(np.abs(ours - wanted)[sound] <= 1e-8 * scale), (seed, program, ours, wanted)
    assert np.all(np.abs(ours - again)[sound] <= 1e-8 * scale), (seed, program, ours, again)


def test_arrays(pytestconfig: pytest.Config) -> None:
    torch = pytest.importorskip("torch")
    for seed in seeds(pytestconfig, 0, FEW):
        check_arrays(seed, torch, ["numpy"])
        check_arrays_twice(seed, torch)


@pytest.mark.long
def test_arrays_for_minutes(pytestconfig: pytest.Config) -> None:
    torch = pytest.importorskip("torch")
    for seed in seeds(pytestconfig, FEW, MANY):
        check_arrays(seed, torch, ["numpy"])
        check_arrays_twice(seed, torch)


@pytest.mark.long
def test_arrays_in_jax(pytestconfig: pytest.Config) -> None:
    pytest.importorskip("jax")
    for seed in seeds(pytestconfig, 0, 60):
        check_arrays(seed, None, ["jax"])
