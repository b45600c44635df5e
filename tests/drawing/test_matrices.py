"""Arrays in pictures: small ones as tables coloured by the gradient of each number, histograms in a line of text."""

import math
import re

import numpy as np
import pytest

import nn
from autograd import Tensor, draw
from autograd.drawing.amounts import amount, histogram
from autograd.drawing.colour import ALARM, MINUS, PAPER, PLUS

from .reading import read

CELL = re.compile(r'<TD ALIGN="RIGHT"(?: BGCOLOR="(#\w+)")?><FONT COLOR="#\w+" POINT-SIZE="11">([^<]*)</FONT></TD>')


def cells(label: str) -> list[tuple[str, str]]:
    """The cells of a table: fill and text."""
    return CELL.findall(label)


def test_a_small_matrix_is_a_table_coloured_by_the_gradient_of_each_number() -> None:
    W = Tensor([[1.0, -2.5], [0.0, 4.0]], 'W & "<b>"')
    weights = np.array([[1.0, 0.0], [-0.01, math.nan]])
    out = (W * weights).sum()
    label = read(draw(out).source).nodes["n0"]["label"]
    assert [text for _, text in cells(label)] == ["1", "−2.5", "0", "4"]
    assert {fill for fill, _ in cells(label)} == {""}
    assert "<TD>W &amp; &quot;&lt;b&gt;&quot;</TD>" in label
    assert "<TD>(2, 2) │ ∇ ?</TD>" in label
    out.backward()
    picture = draw(out, scale=(0.01, 1.0))
    label = read(picture.source).nodes["n0"]["label"]
    assert [fill for fill, _ in cells(label)] == [PLUS[-1], PAPER, MINUS[0], ALARM]
    assert "coloured by the gradient of that number" in read(picture.source).graph["label"]
    plain = read(draw(out, grads=False).source)
    assert {fill for fill, _ in cells(plain.nodes["n0"]["label"])} == {""}
    assert "coloured by" not in plain.graph["label"]


@pytest.mark.parametrize(
    ("shape", "rows"),
    [((4,), (1, 4)), ((8,), (1, 8)), ((4, 6), (4, 6)), ((9,), ()), ((5, 5), ()), ((2, 2, 2), ()), ((0, 3), ()),
     ((1, 1), (1, 1))],
)  # fmt: skip
def test_which_arrays_are_small_enough(shape: tuple[int, ...], rows: tuple[int, ...]) -> None:
    assert np.shape(amount(np.ones(shape)).rows) == (rows or (0,))


def test_tables_can_be_left_out() -> None:
    t = Tensor([1.0, 2.0], "t")
    out = t.sum()
    assert "TABLE" in read(draw(out).source).nodes["n0"]["label"]
    for options in ({"tables": False}, {"values": False}):
        assert "TABLE" not in read(draw(out, **options).source).nodes["n0"]["label"]


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        (np.array([0.0, 12.0]), "0 ▇▁▁▁▁▁▁▁▁▁▁▇ 12"),
        (np.arange(12.0), "0 ▇▇▇▇▇▇▇▇▇▇▇▇ 11"),
        (np.array([0.5, 0.5]), "all 0.5"),
        (np.array([math.nan, math.inf]), "none is finite"),
        (np.array([math.nan, 0.0, 1.0]), "0 ▇▁▁▁▁▁▁▁▁▁▁▇ 1"),
        (np.array([-1.7e308, 1.7e308]), "−1.7e308 ▇▁▁▁▁▁▁▁▁▁▁▇ 1.7e308"),
    ],
)
def test_histograms(numbers: np.ndarray, text: str) -> None:
    assert histogram(numbers) == text


def test_histograms_are_shown_where_they_are_asked_for() -> None:
    x = Tensor(np.linspace(-1.0, 1.0, 60).reshape(30, 2), "x")
    out = (x**3).sum()
    assert "▇" not in draw(out).source
    assert read(draw(out, histograms=True).source).label("n0").endswith("\n−1 ▇▇▇▇▇▇▇▇▇▇▇▇ 1")
    out.backward()
    label = read(draw(out, histograms=True).source).label("n0")
    assert label.split("\n")[-1].startswith("∇ 8.62e−4 ▇")
    assert "▇" not in read(draw(out, histograms=True, values=False, grads=False).source).label("n0")


def test_a_network_of_arrays() -> None:
    model = nn.Sequential(nn.Linear(3, 4, seed=0), nn.ReLU(), nn.Linear(4, 2, seed=1))
    loss = nn.cross_entropy(model(np.ones((5, 3))), [0, 1, 0, 1, 1])
    loss.backward()
    found = read(draw(loss, rankdir="TB").source)
    frames = {
        name: attributes["label"].strip('"') for name, attributes in found.clusters.items() if "label" in attributes
    }
    assert sorted(frames.values()) == ["0", "1", "2", "Sequential"]
    weight = next(name for name, each in found.nodes.items() if "(4, 3)" in each["label"])
    assert frames[found.around[weight]] == "0"
    assert len(cells(found.nodes[weight]["label"])) == 12
