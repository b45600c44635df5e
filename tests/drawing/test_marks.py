"""Marks: what is suspicious is drawn unmistakably, said in words, and nothing in a reason can change the picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, Tensor, Value, draw
from autograd.drawing.colour import ALARM
from autograd.drawing.errors import OptionError
from tests.drawing.reading import network, neuron, read


def differentiated(out: Any) -> Any:
    out.backward()
    return out


def test_golden(golden: Callable[[str, str], None]) -> None:
    golden("draw_marked.gv", draw(differentiated(neuron()), marks={"w1": "the wrong sign"}).source)


def test_a_mark_shows_in_box_tooltip_legend_and_words() -> None:
    out = differentiated(neuron())
    picture = draw(out, marks=[(out, "worse than the mean"), "w1"])
    boxes = {box.id: box for box in picture.drawing.boxes}
    (root,) = (box.id for box in boxes.values() if box.is_root)
    dot = read(picture.source)
    assert "⚠ worse than the mean" in dot.label(root)
    assert "suspicious: worse than the mean" in dot.nodes[root]["tooltip"]
    assert dot.nodes[root]["class"].split()[-1] == "marked"
    assert (dot.nodes[root]["color"], dot.nodes[root]["penwidth"]) == (ALARM, "5")
    assert [box.label for box in boxes.values() if box.mark == "marked"] == ["w1"]
    assert "⚠ suspicious" in picture.source
    assert "is suspicious: worse than the mean" in picture.pipe("txt", encoding="utf-8")
    assert "worse than the mean" in picture._summary()


def test_without_marks_nothing_is_said() -> None:
    out = differentiated(neuron())
    assert draw(out, marks=()).source == draw(out).source
    assert "⚠" not in draw(out).source


def test_a_reason_is_data() -> None:
    reason = '"] ; evil [URL="javascript:alert(1)"] ; <b>&\\N' + "x" * 2000
    source = draw(differentiated(neuron()), marks={"w1": reason}).source
    assert "evil" not in read(source).nodes
    assert "javascript" in source  # shown, as text
    table = draw(Tensor(np.ones(3), "W").sum(), marks={"W": reason}).source
    assert "evil" not in read(table).nodes


def test_a_mark_in_a_collapsed_module_or_left_out_still_shows() -> None:
    out = differentiated(network((2, 4, 4, 1)))
    leaf = next(box for box in draw(out, depth=3).drawing.boxes if box.kind == "parameter")
    for options in ({"depth": 1}, {"max_nodes": 5}):
        drawing = draw(out, marks={leaf.label: "why"}, **options).drawing
        assert any("why" in box.mark and box.kind in ("module", "rest") for box in drawing.boxes), options


def test_a_constant_that_is_marked_has_a_box() -> None:
    x = Value(2.0, "x")
    out = x * 3.0
    constant = next(operand for operand in out.operands if operand.kind == "constant")
    assert constant.label == ""
    marked = [box for box in draw(out, constants=False, marks=[x]).drawing.boxes if box.mark]
    assert [box.label for box in marked] == ["x"]


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"nobody": "why"}, "no label in this graph; its labels: "),
        ([Value(1.0, "other")], "no part of this graph"),
        ("w1", "a list of nodes and labels"),
        ([3], "nodes of the graph or their labels, got int"),
        (7, "a list of nodes and labels"),
    ],
)
def test_marks_that_cannot_be(marks: Any, message: str) -> None:
    with pytest.raises((OptionError, OperandError), match=message):
        draw(neuron(), marks=marks)
