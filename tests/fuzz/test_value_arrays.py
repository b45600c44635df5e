"""Random programs of arrays of Values, eager and compiled for one sample, held against the same programs of Tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, compile, data, grads, values
from tests.core.test_agreement import present
from tests.fuzz.arrays import ArrayProgram, Ours

FEW, MANY = 6, 1500
FACTORS = (1.0, 1.1, -0.7)


def close(found: Any, wanted: Any) -> bool:
    x, y = np.asarray(found, float), np.asarray(wanted, float)
    scale = 1.0 + max(np.max(np.abs(each), initial=0.0, where=np.isfinite(each)) for each in (x, y))
    return x.shape == y.shape and bool(np.allclose(x, y, rtol=1e-7, atol=1e-9 * scale, equal_nan=True))


def check(seed: int, engines: Sequence[str]) -> None:
    program = ArrayProgram(seed)
    V, T = values(program.start), Tensor(program.start)
    eager, wanted = program(V, Ours), program(T, Ours)
    eager.backward()
    wanted.backward()
    assert close([data(eager), *grads(V).flat], [wanted.item(), *T.grad.flat]), (seed, program)
    if "sort" in repr(program) or np.array_equal(program.start, np.round(program.start)):
        return  # a compiler does not know the order, and shares a tie of three two by two
    rows = np.stack([np.full(program.shape, factor) for factor in FACTORS])
    U = Tensor(program.start)
    losses = [program(row * U, Ours) for row in rows]
    sum(losses, Tensor(0.0)).backward()
    outputs = [[program(Tensor(row * k), Ours).item() for k in (1.0, 1.0, 2.0)] for row in rows]
    for engine in engines:
        V = values(program.start)
        loss = compile(lambda x, V=V: program(x * V, Ours), list(V.flat), engine=engine, reduction="sum")(rows)
        assert close(loss, sum(each.item() for each in losses)), (seed, engine, program)
        assert close(grads(V), U.grad), (seed, engine, program)
        forward = compile(lambda x: [program(x, Ours), *(program(x * k, Ours) for k in (1.0, 2.0))], engine=engine)
        assert close(forward(rows), outputs), (seed, engine, program)


def test_arrays_of_values(pytestconfig: pytest.Config) -> None:
    with np.errstate(all="ignore"):
        for seed in range(max(FEW, int(pytestconfig.getoption("--fuzz")))):
            check(seed, ("numpy",))


@pytest.mark.long
def test_arrays_of_values_for_minutes(pytestconfig: pytest.Config) -> None:
    with np.errstate(all="ignore"):
        for seed in range(FEW, max(MANY, int(pytestconfig.getoption("--fuzz")))):
            check(seed, present("numpy", "llvm"))
