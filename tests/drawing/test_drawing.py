"""What a picture says of a graph: kinds, edges, gradients, order, constants, arrays."""

from __future__ import annotations

import math
import re
import sys

import numpy as np
import pytest

from autograd import OperandError, Tensor, Value, detect_anomaly, parameter, primitive
from autograd import draw as _draw
from autograd.core.rule import Rule
from autograd.core.table import TABLE
from autograd.drawing import Picture, draw
from autograd.drawing.amounts import amount
from autograd.drawing.colour import ALARM, MINUS, PLUS
from autograd.drawing.model import Box
from autograd.drawing.signs import formula_of, mark_of, order_matters, sign_of
from tests.drawing.reading import network, neuron, read
from tests.support import domain


def boxes(picture: Picture) -> dict[str, Box]:
    """The boxes by their names, or by their signs where they have none."""
    return {box.label or box.sign: box for box in picture.drawing.boxes}


def test_the_function_is_public() -> None:
    assert _draw(Value(1.0) + 1).source == draw(Value(1.0) + 1).source


def test_the_function_is_what_its_name_says_after_any_import() -> None:
    import autograd.drawing

    assert autograd.draw is autograd.drawing.draw


def test_names_are_places_in_the_topological_order() -> None:
    drawing = draw(neuron()).drawing
    assert [box.id for box in drawing.boxes] == [f"n{k}" for k in range(len(drawing.boxes))]
    place = {box.id: k for k, box in enumerate(drawing.boxes)}
    assert all(place[edge.tail] < place[edge.head] for edge in drawing.edges)
    assert drawing.boxes[-1].is_root


def test_kinds() -> None:
    out = parameter(Value(2.0, "w")) * Value(3.0, "x") + 4.0
    found = boxes(draw(out))
    assert {name: box.kind for name, box in found.items() if box.label} == {"w": "parameter", "x": "input"}
    assert sorted(box.kind for box in found.values()) == ["constant", "input", "parameter", "result", "result"]


def test_the_same_operand_twice_is_two_edges() -> None:
    x = Value(3.0, "x")
    out = x + x
    out.backward()
    drawing = draw(out).drawing
    assert [(edge.id, edge.tail, edge.head, edge.slot) for edge in drawing.edges] == [
        ("e1_0", "n0", "n1", 0),
        ("e1_1", "n0", "n1", 1),
    ]
    assert len(read(draw(out).source).between("n0", "n1")) == 2


@pytest.mark.parametrize("name", [name for name, rule in TABLE.items() if rule.arity == 2])
def test_operands_are_marked_where_their_order_matters(name: str) -> None:
    same = {"add", "multiply", "hypot", "logaddexp", "logaddexp2", "maximum", "minimum"}
    assert order_matters(TABLE[name]) == (name not in same)
    marks = [mark_of(TABLE[name], slot, 2) for slot in (0, 1)]
    assert marks == (["", ""] if name in same else ["①", "②"])


@pytest.mark.parametrize("name", TABLE)
def test_every_primitive_can_be_drawn(name: str) -> None:
    rule = TABLE[name]
    operands = [
        Value(0.5 if low < 0.5 < high else (low + high) / 2, f"v{k}") for k, (low, high) in enumerate(domain(rule))
    ]
    out = rule(*operands)
    out.backward()
    drawing = read(draw(out).source)
    assert drawing.label(f"n{len(operands)}").startswith(sign_of(rule))
    for slot in range(rule.arity):
        (edge,) = drawing.between(f"n{slot}", f"n{rule.arity}")
        assert edge["tooltip"].startswith(f"∂out/∂{rule.operands[slot]} = ")


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("add", "+"), ("multiply", "×"), ("subtract", "① − ②"), ("divide", "① / ②"), ("power", "① ** ②"),
        ("negative", "−①"), ("tanh", "tanh"), ("arctan2", "arctan2(①, ②)"), ("maximum", "maximum"),
    ],
)  # fmt: skip
def test_signs(name: str, sign: str) -> None:
    assert sign_of(TABLE[name]) == sign


def test_local_derivatives_and_flows_are_those_of_backward() -> None:
    x, y = Value(3.0, "x"), Value(4.0, "y")
    out = (x * y - y) * 2.0
    out.backward()
    edges = {edge.id: edge for edge in draw(out).drawing.edges}
    product, difference = edges["e2_0"], edges["e3_1"]
    assert (product.partial, product.formula) == (4.0, "∂out/∂x = y")
    assert product.flow is not None
    assert product.flow.number == 8.0
    assert (difference.partial, difference.mark) == (-1.0, "②")
    into_y = [edge.flow.number for edge in edges.values() if edge.tail == "n1" and edge.flow is not None]
    assert sum(number for number in into_y if number is not None) == y.grad == 4.0


def test_before_backward_nothing_looks_like_a_gradient() -> None:
    out = neuron()
    picture = draw(out)
    assert all(box.grad is None for box in picture.drawing.boxes)
    assert all(edge.flow is None for edge in picture.drawing.edges)
    assert picture.drawing.notes == ("backward() has not been called yet: there are no gradients to show",)
    found = read(picture.source)
    assert found.label("n0") == "x1\n2 │ ∇ ?"
    assert "backward() has not been called yet" in found.graph["label"]
    assert {node["fillcolor"] for node in found.nodes.values()} == {"#ffffff"}
    assert all("dashed" in node["style"] for node in found.nodes.values())
    assert {edge["class"] for _, _, edge in found.edges} == {"edge unknown"}
    out.backward()
    assert draw(out).drawing.notes == ()


def test_not_yet_differs_from_zero() -> None:
    x, unused = Value(0.0, "x"), Value(5.0, "unused")
    out = (x * x) * unused
    before = read(draw(out).source).nodes["n0"]
    out.backward()
    found = read(draw(out).source)
    after = found.nodes["n0"]
    assert found.label("n0") == "x\n0 │ ∇ 0"
    assert "dashed" in before["style"]
    assert "dashed" not in after["style"]
    assert found.between("n0", "n1")[0]["class"] == "edge zero"
    assert "not yet" not in found.graph["label"]
    assert "> 0 <" in found.graph["label"]


def test_a_leaf_that_another_graph_reached_has_a_gradient_and_its_edges_have_no_flow() -> None:
    x = Value(2.0, "x")
    (x * 3.0).backward()
    picture = draw(x.square())
    found = read(picture.source)
    assert found.label("n0") == "x\n2 │ ∇ 3"
    assert found.label("n1") == "square\n4 │ ∇ ?"
    assert found.edges[0][2]["class"] == "edge unknown"
    assert "not yet" in found.graph["label"]


@pytest.mark.parametrize(("number", "text"), [(math.nan, "NaN"), (math.inf, "Inf"), (-math.inf, "−Inf")])
def test_nan_and_infinity_cannot_be_missed(number: float, text: str) -> None:
    x, y = Value(1.0, "x"), Value(number, "y")
    out = x * y
    out.backward()
    found = read(draw(out).source)
    assert found.label("n0") == f"x\n1 │ ∇ {text}"
    assert (found.nodes["n0"]["fillcolor"], found.nodes["n0"]["penwidth"]) == (ALARM, "4")
    assert found.nodes["n1"]["color"] == ALARM  # the number itself is none, its gradient is
    (edge,) = found.between("n0", "n2")
    assert (edge["class"], edge["color"], edge["style"]) == ("edge alarm", ALARM, "solid")
    assert "NaN or Inf" in found.graph["label"]


def test_the_sign_of_a_gradient_is_its_hue() -> None:
    x, y = Value(3.0, "x"), Value(4.0, "y")
    out = x - y
    out.backward()
    found = read(draw(out).source)
    plus, minus = found.between("n0", "n2")[0], found.between("n1", "n2")[0]
    assert (plus["color"], minus["color"]) == (PLUS[-1], MINUS[-1])
    assert (plus["style"], minus["style"]) == ("solid", "solid")
    assert (found.nodes["n0"]["fillcolor"], found.nodes["n1"]["fillcolor"]) == (PLUS[-1], MINUS[-1])
    assert (plus["label"], minus["label"]) == ("① 1", "② −1")


def test_a_vanishing_gradient_is_seen() -> None:
    x = Value(0.5, "x")
    for _ in range(8):
        x = x.sigmoid()
    x.backward()
    found = read(draw(x).source)
    widths = [float(edge["penwidth"]) for _, _, edge in found.edges]
    assert widths == sorted(widths)
    assert widths[-1] > 3 * widths[0]
    fills = [found.nodes[f"n{k}"]["fillcolor"] for k in range(9)]
    assert len(set(fills)) >= 6


def test_the_order_of_backward() -> None:
    a = Value(1.0, "a")
    b = a.exp()
    out = b * b.sin()
    assert [box.order for box in draw(out).drawing.boxes] == [None, 3, 2, 1]
    assert read(draw(out, order=True).source).label("n3") == "1.  ×\n1.12 │ ∇ ?"
    visited = sorted((box.order, box.id) for box in draw(out).drawing.boxes if box.order is not None)
    assert [name for _, name in visited] == ["n3", "n2", "n1"]


def test_constants_have_boxes_or_are_written_in_the_operation() -> None:
    x = Value(3.0, "x")
    out = 1 / (x**2 - 0.25) + 3
    with_boxes, without = draw(out), draw(out, constants=False)
    assert [box.kind for box in with_boxes.drawing.boxes].count("constant") == 4
    assert [box.sign for box in without.drawing.boxes] == ["", "① ** 2", "① − 0.25", "1 / ②", "① + 3"]
    assert {box.id for box in without.drawing.boxes} <= {box.id for box in with_boxes.drawing.boxes}
    (edge, *_) = [edge for edge in with_boxes.drawing.edges if edge.to_constant]
    assert (edge.partial, edge.flow) == (None, None)


def test_a_constant_has_no_gradient_not_even_an_unknown_one() -> None:
    out = Value(3.0, "x") * 2.0
    out.backward()
    found = read(draw(out).source)
    assert found.label("n1") == "2"
    assert found.between("n1", "n2")[0]["tooltip"] == "a constant: no gradient flows to it"


def test_a_leaf_alone_can_be_drawn() -> None:
    x = Value(2.0, "x")
    x.backward()
    assert read(draw(x).source).label("n0") == "x\n2 │ ∇ 1"


def test_several_roots() -> None:
    x = Value(2.0, "x")
    outs = [x * 2.0, x * 3.0]
    for roots in (outs, np.array(outs), tuple(outs)):
        drawing = draw(roots).drawing
        assert [box.is_root for box in drawing.boxes].count(True) == 2
        assert drawing.total == 5


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (3.0, "got float"),
        (None, "got NoneType"),
        ("loss", "got str"),
        ([], "got nothing"),
        ([Value(1.0), 2.0], "got float"),
        (np.zeros(3), "got ndarray"),
        (neuron, "got function; call the function first and draw its result"),
    ],
)
def test_what_cannot_be_drawn(root: object, message: str) -> None:
    with pytest.raises(OperandError, match=message):
        draw(root)


def test_a_picture_does_not_hold_on_to_the_graph() -> None:
    x = Value(1.0)
    before = sys.getrefcount(x)
    y = x * 2.0
    picture = draw(y)
    assert sys.getrefcount(x) > before
    del y
    assert sys.getrefcount(x) == before  # the result is gone, and its hold on x with it
    assert picture.source


def test_the_users_own_primitive() -> None:
    @primitive(lambda x: 3 * x * x)
    def cube(x: float) -> float:
        """x * x * x"""
        return x * x * x

    found = read(draw(cube(Value(2.0, "x"))).source)
    assert found.label("n1").startswith("cube")
    assert found.edges[0][2]["tooltip"].startswith("∂out/∂x = 3 * x * x")


def test_a_primitive_that_understands_neither_other_numbers_nor_symbols() -> None:
    def strange(x: float, y: float) -> float:
        raise ArithmeticError

    rule = Rule("strange", strange, lambda x: math.sin(x), lambda y: math.cos(y))
    assert order_matters(rule)
    assert formula_of(rule, 0) == ""


# ------------------------------------------------------------------------------------------------------------- arrays


def test_tensors_show_their_shape_and_norm() -> None:
    W = Tensor(np.arange(6.0).reshape(2, 3), "W")
    out = (W @ np.array([1.0, 0.0, -1.0])).sum()
    found = read(draw(out, tables=False).source)
    assert found.label("n0") == "W\n(2, 3) │ ∇ ?"
    out.backward()
    found = read(draw(out, tables=False).source)
    assert found.label("n0") == "W\n(2, 3) │ ‖∇‖ 2"
    assert "smallest 0, largest 5, mean 2.5" in found.nodes["n0"]["tooltip"]
    (edge,) = found.between("n0", "n2")
    assert (edge["label"], edge["class"]) == ("①", "edge")
    assert "norm" in found.graph["label"]


def test_a_tensor_of_one_number_shows_it() -> None:
    t = Tensor(2.0, "t")
    out = t * t
    out.backward()
    assert read(draw(out).source).label("n0") == "t\n2 │ ∇ 4"


def test_a_tensor_in_a_table_and_with_its_source() -> None:
    t = Tensor([3.0, 4.0], "t")
    with detect_anomaly():
        out = (t * t).sum()
    picture = draw(out)
    assert "(2,) norm 5" in picture.pipe("txt", encoding="utf-8")
    assert re.search(
        r"test_drawing\.py:\d+ in ",
        read(picture.source).nodes["n2"]["tooltip"] + read(picture.source).nodes["n1"]["tooltip"],
    )


@pytest.mark.parametrize(
    ("array", "short", "size"),
    [
        (np.zeros((0, 3)), "(0, 3)", 0.0),
        (np.array([3.0, 4.0], dtype=np.float32), "(2,) float32", 5.0),
        (np.array([3e200, 4e200]), "(2,)", 5e200),
        (np.array([1.0, math.inf]), "(2,)", math.inf),
        (np.array([1, 2]), "(2,) int64", math.sqrt(5)),
    ],
)
def test_amounts_of_arrays(array: np.ndarray, short: str, size: float) -> None:
    found = amount(array)
    assert (found.short, found.number) == (short, None)
    assert found.size == pytest.approx(size)


def test_a_tensor_changed_in_place_is_drawn_without_flows() -> None:
    t = Tensor([1.0, 2.0], "t")
    out = (t * t).sum()
    held = t.data
    out = (t * t).sum()
    out.backward()
    held[0] = 5.0
    flows = [edge.flow for edge in draw(out).drawing.edges]
    assert None in flows


def test_a_network() -> None:
    loss = network((1, 3, 3, 1))
    loss.backward()
    drawing = draw(loss, depth=3).drawing
    assert len(drawing.boxes) == drawing.total
    assert [box.kind for box in drawing.boxes].count("parameter") == 22
