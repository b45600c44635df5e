"""Leaves are pickled, results are not; copies of a graph keep what is shared, shared."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import GraphError, Value, parameter, primitive, values
from autograd.compiler import load
from autograd.core.table import TABLE


@primitive(lambda x: 3 * x * x)
def cube(x: Any) -> Any:
    """x to the third."""
    return x * x * x


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_leaves_come_back_as_they_were(protocol: int) -> None:
    w = parameter(Value(0.1, "w"))
    (w * w).backward()
    plain = Value(float("inf"), 'lä"bel\n')
    constant = (w + 1).operands[1]
    back = pickle.loads(pickle.dumps([w, plain, constant, w], protocol))
    assert (back[0].data, back[0].grad, back[0].label, back[0].kind) == (0.1, 0.2, "w", "parameter")
    assert (back[1].data, back[1].grad, back[1].label, back[1].kind) == (float("inf"), 0.0, 'lä"bel\n', "input")
    assert (back[2].data, back[2].kind) == (1.0, "constant")
    assert back[3] is back[0], "one leaf in two places stays one"
    (back[0] * back[0]).backward()
    assert back[0].grad == 0.4
    assert w.grad == 0.2


def test_an_array_of_leaves_is_pickled() -> None:
    W = values(np.arange(6.0).reshape(2, 3), "W")
    back = pickle.loads(pickle.dumps(W))
    assert back.shape == (2, 3)
    assert [w.label for w in back.ravel()] == [w.label for w in W.ravel()]
    assert [w.data for w in back.ravel()] == list(range(6))


def test_a_result_is_not_pickled() -> None:
    message = (
        "a result (multiply) is not pickled, its graph would come along: pickle v.detach() for its numbers, "
        "or save the parameters"
    )
    with pytest.raises(GraphError) as caught:
        pickle.dumps({"loss": Value(2.0) * 3})
    assert str(caught.value) == message
    assert pickle.loads(pickle.dumps((Value(2.0) * 3).detach())).data == 6.0


def test_primitives_are_pickled_by_name() -> None:
    for rule in [*TABLE.values(), cube]:
        assert pickle.loads(pickle.dumps(rule)) is rule
        assert copy.deepcopy(rule) is rule
        assert copy.copy(rule) is rule


def test_a_copy_of_a_result_shares_its_operands_a_deep_copy_copies_them() -> None:
    x = Value(2.0, "x")
    y = x * x + 1
    y.label = "y"
    shallow, deep = copy.copy(y), copy.deepcopy(y)
    assert shallow.operands[0] is y.operands[0]
    assert (shallow.data, shallow.op, shallow.label, shallow.partials[0]) == (5.0, "add", "y", 1.0)
    square = deep.operands[0]
    assert square.operands[0] is square.operands[1], "x * x is still one x used twice"
    twin = square.operands[0]
    assert twin is not x
    assert (twin.label, deep.label, deep.operands[1].data) == ("x", "y", 1.0)
    deep.backward()
    assert (twin.grad, x.grad) == (4.0, 0.0)
    shallow.backward()
    assert x.grad == 4.0


def test_a_deep_copy_of_a_structure_keeps_what_its_parts_share() -> None:
    x = Value(2.0)
    shared = x.exp()
    parts = {"x": x, "results": [shared * 2, shared + x], "again": x}
    twins = copy.deepcopy(parts)
    a, b = twins["results"]
    assert a.operands[0] is b.operands[0]
    assert b.operands[1] is twins["x"] is twins["again"]
    assert twins["x"] is not x


class Numbers:
    """Hands its numbers to `copy` in a list that exists for that moment only."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self.numbers = list(numbers)

    def __reduce__(self) -> Any:
        return Numbers, (list(self.numbers),)


def test_a_deep_copy_does_not_mistake_what_comes_after_a_graph_for_a_part_of_it() -> None:
    """Constants are made while a graph is walked; where they lay in memory something else may lie later."""
    y = Value(2.0)
    for k in range(200):
        y = y * 1.5 + k
    items = [y, *(Numbers(range(k, k + size)) for size in range(1, 16) for k in range(50))]
    twins = copy.deepcopy(items)
    assert twins[0].data == y.data
    assert [twin.numbers for twin in twins[1:]] == [item.numbers for item in items[1:]]


def test_a_copied_array_of_values() -> None:
    W = values([1.0, 2.0], "W")
    assert W.copy()[0] is W[0]
    twins = copy.deepcopy(W)
    assert twins[0] is not W[0]
    assert [w.label for w in twins] == ["W[0]", "W[1]"]


OLD = Path(__file__).parents[1] / "golden" / "version_0_1"
"""Files that version 0.1.0 wrote, when every module lay at the top of the package."""


def test_pickles_of_the_first_version_load() -> None:
    old = pickle.loads((OLD / "leaves.pickle").read_bytes())
    assert (old["value"].data, old["value"].grad, old["value"].label, old["value"].kind) == (2.0, 0.5, "w", "parameter")
    assert old["tensor"].data.tolist() == [[1.0, 2.0]]
    assert old["tensor"].grad.tolist() == [[3.0, 4.0]]
    assert [v.data for v in old["array"]] == [1.0, 2.0]
    assert old["row"] is TABLE["tanh"]
    assert old["leaky"] is TABLE["leaky_relu"]


def test_programs_of_the_first_version_load() -> None:
    step = load(OLD / "step.json", engine="numpy")
    loss = step(np.array([[1.0, 2.0], [-1.0, 0.5], [0.0, 3.0]]), np.array([0.0, 1.0, 2.0]))
    assert loss == pytest.approx(-0.18145205411689844, rel=1e-14)
    assert [p.grad for p in step.parameters] == pytest.approx([0.001864252497317018, 0.001864252497317018], rel=1e-12)
