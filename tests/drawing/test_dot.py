"""The DOT text: golden files, the same bytes every time, and what each option does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd import AutogradError, Value, draw, draw_dot, parameter
from autograd.drawing.colour import PLUS
from autograd.drawing.errors import OptionError
from tests.drawing.reading import network, neuron, read, told

Golden = Callable[[str, str], None]


def differentiated(out: Value) -> Value:
    out.backward()
    return out


EXAMPLES: dict[str, Callable[[], Any]] = {
    "neuron": lambda: draw(differentiated(neuron())),
    "neuron_before": lambda: draw(neuron()),
    "neuron_bare": lambda: draw(
        differentiated(neuron()), values=False, grads=False, partials=False, legend=False, rankdir="TB"
    ),
    "network": lambda: draw(differentiated(network((1, 2, 1))), depth=3, title="y = x²", order=True),
    "network_collapsed": lambda: draw(differentiated(network((2, 4, 4, 1))), depth=2),
    "cut": lambda: draw(differentiated(network((2, 4, 4, 1))), max_nodes=6, constants=False),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden(name: str, golden: Golden) -> None:
    golden(f"draw_{name}.gv", EXAMPLES[name]().source)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_same_graph_gives_the_same_bytes(name: str) -> None:
    assert EXAMPLES[name]().source == EXAMPLES[name]().source


def test_drawing_twice_changes_nothing() -> None:
    out = differentiated(neuron())
    assert draw(out).source == draw(out).source


def test_no_byte_depends_on_the_process() -> None:
    code = (
        "from tests.drawing.reading import network; from autograd import draw; loss = network((2, 3, 1)); "
        "loss.backward(); import sys; sys.stdout.buffer.write(draw(loss).source.encode())"
    )
    root = Path(__file__).resolve().parents[2]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], cwd=root, capture_output=True, check=True, env={"PYTHONHASHSEED": s}
        )
        for s in ("1", "2")
    ]
    assert runs[0].stdout == runs[1].stdout != b""


@pytest.mark.parametrize("name", EXAMPLES)
def test_edges_join_boxes_that_exist(name: str) -> None:
    found = read(EXAMPLES[name]().source)
    assert {end for tail, head, _ in found.edges for end in (tail, head)} <= set(found.nodes)
    ids = [node["id"] for node in found.nodes.values()] + [edge["id"] for _, _, edge in found.edges]
    ids += [cluster["id"] for cluster in found.clusters.values()]
    assert len(ids) == len(set(ids))
    assert [node["id"] for node in found.nodes.values()] == list(found.nodes)


@pytest.mark.parametrize("name", EXAMPLES)
def test_what_must_not_be_there(name: str) -> None:
    source = EXAMPLES[name]().source
    for unwanted in ("URL", "href", "shape=record", "size=", "Mrecord"):
        assert unwanted not in source.replace("fontsize=", "").replace("arrowsize=", "").replace("POINT-SIZE=", "")


def test_the_edge_tells_its_derivative() -> None:
    x = Value(0.5, "x")
    out = differentiated(x.tanh())
    (edge,) = read(draw(out).source).between("n0", "n1")
    assert edge["label"] == "0.786"
    assert told(edge["tooltip"]) == [
        "∂out/∂x = 1 - out * out",
        f"local derivative {1 - out.data * out.data!r}",
        f"gradient that flows back {x.grad!r}",
    ]


def test_the_tooltip_of_a_box_has_everything_in_full() -> None:
    found = read(draw(differentiated(network((1, 1))), depth=3).source)
    (weight,) = [node for node in found.nodes.values() if node["label"].startswith("w0")]
    assert told(weight["tooltip"]) == ["MLP.layers.0.neurons.0.w0", "parameter", "value -0.5", "gradient 0.0"]
    (root,) = [node for node in found.nodes.values() if node["class"] == "result root"]
    assert told(root["tooltip"])[-1] == "turn 1 of backward"


def test_borders_and_shapes_tell_the_kinds() -> None:
    w, x = parameter(Value(2.0, "w")), Value(3.0, "x")
    nodes = read(draw(differentiated(w * x + 1)).source).nodes
    assert nodes["n0"]["peripheries"] == "2"
    assert "rounded" in nodes["n0"]["style"]
    assert "peripheries" not in nodes["n1"]
    assert "rounded" not in nodes["n1"]["style"]
    assert "rounded" in nodes["n2"]["style"]
    assert (nodes["n3"]["class"], nodes["n3"]["penwidth"]) == ("constant", "0")
    assert (nodes["n4"]["class"], nodes["n4"]["penwidth"]) == ("result root", "3")


def test_values_grads_and_partials_can_be_left_out() -> None:
    out = differentiated(neuron())
    assert read(draw(out, values=False).source).label("n0") == "x1\n∇ −3"
    assert read(draw(out, grads=False).source).label("n0") == "x1\n2"
    assert read(draw(out, values=False, grads=False).source).label("n0") == "x1"
    assert {node["fillcolor"] for node in read(draw(out, grads=False).source).nodes.values()} == {"#ffffff"}
    without = read(draw(out, partials=False).source)
    assert not [edge for _, _, edge in without.edges if "label" in edge]
    assert "local derivative" not in without.graph["label"]


def test_a_constant_without_values_still_has_a_label() -> None:
    assert read(draw(Value(1.0) * 2, values=False, grads=False).source).label("n1") == "constant"


def test_digits() -> None:
    out = Value(1.23456789, "x") * 1
    assert read(draw(out, digits=6).source).label("n0") == "x\n1.23457 │ ∇ ?"


def test_the_legend_explains_what_occurs_and_nothing_else() -> None:
    label = read(draw(differentiated(neuron())).source).graph["label"]
    for word in ("gradient ∇", "parameter", "input", "name = operation", "−5", "> 0 <", "much"):
        assert word in label
    for word in ("constant", "NaN", "not yet", "①"):
        assert word not in label
    assert "label" not in read(draw(differentiated(neuron()), legend=False).source).graph


def test_a_fixed_scale_makes_pictures_comparable() -> None:
    x = Value(0.001, "x")
    out = differentiated(x * x)
    assert read(draw(out, scale=(1e-6, 1.0)).source).nodes["n0"]["fillcolor"] == PLUS[3]
    assert read(draw(out, scale=(0.001, 1000.0)).source).nodes["n0"]["fillcolor"] == PLUS[0]


@pytest.mark.parametrize("rankdir", ["LR", "TB", "RL", "BT"])
def test_rankdir(rankdir: str) -> None:
    assert read(draw(neuron(), rankdir=rankdir).source).graph["rankdir"] == rankdir


def test_layers_of_whole_neurons_are_joined_by_straight_lines() -> None:
    loss = differentiated(network((2, 8, 8, 1)))
    dense = read(draw(loss, depth=2).source)
    assert dense.graph["splines"] == "line"
    assert not [edge for _, _, edge in dense.edges if "label" in edge]
    assert {edge["headlabel"] for _, _, edge in dense.edges if "headlabel" in edge} == {"①", "②"}
    assert "splines" not in read(draw(loss, depth=1).source).graph


def test_draw_dot_is_the_spelling_of_micrograd() -> None:
    out = neuron()
    assert draw_dot(out).source == draw(out).source
    picture = draw_dot(out, format="png", rankdir="TB")
    assert picture.format == "png"
    assert read(picture.source).graph["rankdir"] == "TB"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rankdir": "left"}, r"rankdir is one of LR, TB, RL, BT \(LR: from left to right\), got 'left'"),
        ({"rankdir": None}, "rankdir is one of"),
        ({"format": "jepg"}, "format is one of svg, png, pdf, html, txt or another one of Graphviz, got 'jepg'"),
        ({"max_nodes": 0}, "max_nodes is a whole number from 1 to 2000, got 0"),
        ({"max_nodes": 2001}, "got 2001: more boxes cannot be read; collapse modules with depth= instead"),
        ({"max_nodes": 1.5}, "max_nodes is a whole number from 1 to 2000, got 1.5"),
        ({"max_nodes": True}, "got True"),
        ({"depth": -1}, "depth is a whole number from 0 to 1000, got -1"),
        ({"depth": "deep"}, "depth is a whole number"),
        ({"digits": 0}, "digits is a whole number from 1 to 17, got 0"),
        ({"scale": (1.0, 0.1)}, r"scale is the smallest and the largest gradient .*; got \(1.0, 0.1\)"),
        ({"scale": (0.0, 1.0)}, "scale is"),
        ({"scale": 3}, "scale is"),
        ({"scale": (1e-3, float("inf"))}, "scale is"),
    ],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        draw(neuron(), **options)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, AutogradError)


@pytest.mark.parametrize("text", ["graph {}", "digraph { a [label] }", "digraph { a", "digraph { a [label=^] }"])
def test_the_reader_of_these_tests_can_fail(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        read(text)
