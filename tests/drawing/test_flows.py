"""What flows along the edges is what THE sweep passes on, also where 0 meets ∞ and where backward began below."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograd import Tensor, Value, draw, maximum, relu, walk, where
from autograd.drawing.flows import flows
from tests.drawing.page.graphs import network, neuron, tensors


def flow_of(picture: object) -> dict[str, float | None]:
    """The flows of a picture by edge."""
    return {edge.id: None if edge.flow is None else edge.flow.size for edge in picture.drawing.edges}  # type: ignore[attr-defined]


@pytest.mark.parametrize("make", [neuron, lambda: network([3, 1])])
def test_they_add_up_to_every_gradient(make: object) -> None:
    loss = make()  # type: ignore[operator]
    received = {id(loss): 1.0}
    for node, operands in reversed(walk(loss)):
        for operand, part in zip(operands, flows(walk(loss)).of(node, operands), strict=True):
            if part is not None:
                received[id(operand)] = received.get(id(operand), 0.0) + part
    for node, _ in walk(loss):
        if node.kind != "constant":
            assert received[id(node)] == node.grad


@pytest.mark.parametrize("number", [0.0, -1.0])
@pytest.mark.parametrize("kind", [Value, Tensor])
def test_what_was_not_chosen_passes_nothing_back_not_even_nan(number: float, kind: type) -> None:
    x = kind(number, "x")
    with np.errstate(all="ignore"):
        out = where(x > 0, x.log(), 0.0) + x
    out.backward()
    drawn = draw(out).drawing
    assert all(edge.flow is None or math.isfinite(edge.flow.size) for edge in drawn.edges)
    assert all(box.grad is None or math.isfinite(box.grad.size) for box in drawn.boxes)


def test_the_elements_of_an_array_that_were_not_chosen_pass_nothing_back() -> None:
    x = Tensor([0.0, 4.0], "x")
    with np.errstate(all="ignore"):
        out = where(x > 0, x.log(), 0.0).sum()
    out.backward()
    (flow,) = [edge.flow for edge in draw(out).drawing.edges if edge.tail == "n0"]
    assert flow is not None
    assert flow.rows == ((0.0, 0.25),)


@pytest.mark.parametrize("choice", [lambda x: relu(x), lambda x: maximum(x, 1.0)])
def test_a_stated_zero_is_zero_and_not_unknown(choice: object) -> None:
    x = Value(-2.0, "x")
    out = choice(x)  # type: ignore[operator]
    out.backward()
    assert flow_of(draw(out))["e1_0" if out.op == "relu" else "e2_0"] == 0.0


def test_a_zero_that_happens_multiplies_as_ieee_says() -> None:
    x = Value(0.0, "x")
    out = x.log() * 0.0
    out.backward()
    assert math.isnan(x.grad)
    assert math.isnan(flow_of(draw(out))["e1_0"])  # type: ignore[arg-type]


def test_they_start_where_backward_did() -> None:
    x = Value(2.0, "x")
    inner = x * 3.0
    inner.backward()
    assert flow_of(draw(inner * 5.0)) == {"e2_0": 3.0, "e2_1": None, "e4_0": None, "e4_1": None}


def test_the_sums_of_arrays_end_at_their_gradients() -> None:
    loss = tensors()
    found = flows(walk(loss))
    last = {}
    for node, operands in reversed(walk(loss)):
        for operand, total in zip(operands, found.sums_of(node, operands), strict=True):
            if total is not None:
                last[id(operand)] = total
    assert last
    for node, _ in walk(loss):
        if id(node) in last:
            assert np.array_equal(last[id(node)], node.grad)


def test_drawing_changes_no_gradient() -> None:
    loss = tensors()
    before = [np.array(node.grad) for node, _ in walk(loss) if node.kind != "constant"]
    draw(loss)
    after = [np.array(node.grad) for node, _ in walk(loss) if node.kind != "constant"]
    assert all(map(np.array_equal, before, after))
