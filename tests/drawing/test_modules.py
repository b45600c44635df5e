"""Modules are frames around their values; what is too deep or too far becomes one box."""

from __future__ import annotations

import math

import pytest

from autograd import Value, scope
from autograd.drawing import collapse, draw
from tests.drawing.reading import network, read


def test_modules_are_nested_frames_with_their_own_names() -> None:
    found = read(draw(network((1, 2, 1)), depth=3, rankdir="TB").source)
    names = {name: attributes["label"] for name, attributes in found.clusters.items()}
    assert sorted(names.values()) == ["MLP", "layers.0", "layers.1", "neurons.0", "neurons.0", "neurons.1"]
    paths = {attributes["tooltip"]: name for name, attributes in found.clusters.items()}
    inner = paths["MLP.layers.0.neurons.1"]
    assert found.around[inner] == paths["MLP.layers.0"]
    assert found.around[found.around[inner]] == paths["MLP"]
    assert all(name.startswith("cluster_m") for name in names)


def test_parameters_are_drawn_where_they_are_used() -> None:
    drawing = draw(network((1, 2, 1)), depth=3).drawing
    places = {box.path for box in drawing.boxes if box.kind == "parameter"}
    assert places == {("MLP", "layers.0", f"neurons.{j}") for j in (0, 1)} | {("MLP", "layers.1", "neurons.0")}
    assert {box.path for box in drawing.boxes if box.kind == "input"} == {()}


def test_a_shared_parameter_is_drawn_around_all_that_use_it() -> None:
    w = collapse.homes(
        [(), ("net", "a"), ("net", "b")],
        [(), (0,), (0, 1)],
        [True, False, False],
    )
    assert w[0] == ("net",)
    assert collapse.homes([(), ("a",), ("a", "b")], [(), (0,), (0,)], [True, False, False])[0] == ("a",)


def test_a_constant_is_drawn_where_it_is_used() -> None:
    x = Value(1.0, "x")
    with scope("net"):
        out = x * 2.0
    assert {box.kind: box.path for box in draw(out).drawing.boxes} == {
        "input": (),
        "constant": ("net",),
        "result": ("net",),
    }


@pytest.mark.parametrize(("depth", "kinds"), [(0, 1), (1, 2), (2, 3), (3, 0), (9, 0)])
def test_depth(depth: int, kinds: int) -> None:
    picture = draw(network((1, 2, 1)), depth=depth)
    modules = [box for box in picture.drawing.boxes if box.kind == "module"]
    assert len(modules) == kinds
    assert {len(box.path) for box in modules} <= {depth + 1}
    assert picture.drawing.depth == min(depth, 3)
    assert max((len(module.path) for module in picture.drawing.modules), default=0) == min(depth, 3)


@pytest.mark.parametrize("options", [{"depth": 0}, {"depth": 0, "grads": False}, {"depth": 0, "partials": False}])
def test_the_key_of_nothing_but_modules_has_no_empty_row(options: dict[str, int]) -> None:
    with scope("net"):
        source = draw(Value(1.0) * 2.0, **options).source
    assert "shape=box3d" in source
    assert "<TR></TR>" not in source  # a syntax error to Graphviz, which then leaves out the whole key


def test_a_collapsed_module_counts_and_sums_up() -> None:
    loss = network((1, 2, 1))
    loss.backward()
    full, collapsed = draw(loss, depth=3).drawing, draw(loss, depth=1).drawing
    inside = [box for box in full.boxes if box.path[:2] == ("MLP", "layers.0")]
    (box,) = [box for box in collapsed.boxes if box.path == ("MLP", "layers.0")]
    assert (box.count, box.parameters) == (len(inside), 4)
    gradients = [each.grad.size for each in inside if each.kind == "parameter" and each.grad is not None]
    assert box.grad is not None
    assert box.grad.size == pytest.approx(math.hypot(*gradients))
    found = read(draw(loss, depth=1).source)
    assert found.label(box.id).startswith("layers.0\nrelu(x @ W + b), W 1 × 2\n4 parameters │ ‖∇‖ ")


def test_edges_between_the_same_two_boxes_are_one() -> None:
    loss = network((1, 2, 2, 1))
    loss.backward()
    full, collapsed = draw(loss, depth=3).drawing, draw(loss, depth=1).drawing
    ends = [(edge.tail, edge.head) for edge in collapsed.edges]
    assert len(ends) == len(set(ends))
    (edge,) = [edge for edge in collapsed.edges if edge.count == 4]
    path = {box.id: box.path[:2] for box in full.boxes}
    crossing = [
        each.flow.size
        for each in full.edges
        if (path[each.tail], path[each.head]) == (("MLP", "layers.0"), ("MLP", "layers.1")) and each.flow is not None
    ]
    assert len(crossing) == 4
    assert edge.flow is not None
    assert edge.flow.size == pytest.approx(math.hypot(*crossing))
    assert edge.partial is None
    assert "4 edges" in read(draw(loss, depth=1).source).between(edge.tail, edge.head)[0]["tooltip"]


def test_names_do_not_depend_on_the_depth() -> None:
    loss = network((1, 2, 1))
    every = {module.path: module.id for module in draw(loss, depth=3).drawing.modules}
    for depth in (0, 1, 2):
        drawing = draw(loss, depth=depth).drawing
        assert all(every[box.path] == box.id for box in drawing.boxes if box.kind == "module")
        assert all(every[module.path] == module.id for module in drawing.modules)
    outside = {box.id for box in draw(loss, depth=3).drawing.boxes if not box.path}
    assert outside <= {box.id for box in draw(loss, depth=0).drawing.boxes}


def test_a_large_graph_is_collapsed_as_far_as_needed_and_says_so() -> None:
    loss = network((2, 16, 16, 1))
    picture = draw(loss)
    assert 35 < len(picture.drawing.boxes) <= 300 < picture.drawing.total
    assert picture.drawing.depth == 2
    (_, note) = picture.drawing.notes
    assert note.endswith("values: each neuron is one box here; depth=3 shows every value")
    assert "each neuron is one box" in read(picture.source).graph["label"]
    smaller = draw(loss, max_nodes=20).drawing
    assert smaller.depth == 1
    assert smaller.notes[1].endswith(
        "values are too many to draw one by one: modules more than 1 deep are collapsed; depth=2 opens them"
    )
    assert draw(loss, max_nodes=2000).drawing.notes == picture.drawing.notes[:1]


def test_the_modules_of_a_batch_are_one_box_each() -> None:
    drawing = draw(network((2, 4, 1), samples=30)).drawing
    assert [box.path for box in drawing.boxes if box.kind == "module"].count(("MLP", "layers.0")) <= 1
    assert len(drawing.boxes) <= 300


def test_what_cannot_be_collapsed_is_left_out_beyond_the_nearest() -> None:
    x = Value(1.0, "x")
    for _ in range(1000):
        x = x.tanh()
    drawing = draw(x).drawing
    assert len(drawing.boxes) == 301
    (rest,) = [box for box in drawing.boxes if box.kind == "rest"]
    assert rest.count == 701
    assert [box.id for box in drawing.boxes if box.kind != "rest"] == [f"n{k}" for k in range(701, 1001)]
    assert (
        drawing.notes[1]
        == "1,001 boxes are too many: these are the 300 nearest to the result; max_nodes= allows up to 2,000"
    )
    (edge,) = [edge for edge in drawing.edges if edge.tail == "rest"]
    assert edge.head == "n701"
    assert read(draw(x).source).label("rest") == "…\n701 values left out"


def test_nearest_goes_by_the_number_of_edges() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    far = a.exp().exp().exp()
    kept = {box.label or box.op for box in draw(far * b, max_nodes=3).drawing.boxes}
    assert kept == {"multiply", "exp", "b", ""}


def test_what_is_left_out_may_be_around_a_module() -> None:
    drawing = draw(network((2, 6, 6, 1)), depth=2, max_nodes=5).drawing
    assert len(drawing.boxes) == 6
    assert "a smaller depth= collapses modules" in drawing.notes[-1]


def test_hidden_constants_do_not_count() -> None:
    x = Value(1.0, "x")
    for _ in range(20):
        x = x * 2.0
    assert len(draw(x, max_nodes=21, constants=False).drawing.boxes) == 21
    assert "rest" in [box.id for box in draw(x, max_nodes=21).drawing.boxes]


@pytest.mark.parametrize("length", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_an_endless_chain_is_drawn(length: int) -> None:
    x = Value(0.5, "x")
    for _ in range(length):
        x = -x
    x.backward()
    drawing = draw(x).drawing
    assert drawing.total == length + 1
    assert len(drawing.boxes) == 301
    assert drawing.boxes[-1].order == 1


def test_the_garbage_collector_is_as_it_was() -> None:
    import gc

    assert gc.isenabled()
    draw(Value(1.0) + 1)
    assert gc.isenabled()
    gc.disable()
    try:
        draw(Value(1.0) + 1)
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_loop_through_a_module_is_drawn() -> None:
    """A module that runs twice is one box when collapsed, with edges both ways."""
    x = Value(0.5, "x")
    for _ in range(2):
        with scope("cell"):
            x = x.tanh()
        x = x.exp()
    found = read(draw(x, depth=0).source)
    (cell,) = [name for name in found.nodes if name.startswith("m")]
    assert found.between("n2", cell)
    assert found.between(cell, "n2")
