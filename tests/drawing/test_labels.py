"""Labels are data: nothing in them changes the drawing, links anywhere or runs."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, draw, scope
from autograd.drawing.escape import clean, html, quoted
from tests.drawing.reading import read, shown, told

INJECTION = '<b>] ; z [URL="javascript:alert(1)"] ; y [label=<i>'

HOSTILE = {
    "quotes": 'say "hi"',
    "a quote at the end": 'w"',
    "an escaped quote": 'w\\"',
    "backslashes": "C:\\Net\\lib\\new",
    "a backslash at the end": "path\\",
    "two backslashes at the end": "path\\\\",
    "escapes of Graphviz": "\\N \\G \\L \\E \\T \\H",
    "HTML": "<b>bold</b>",
    "all of an HTML-like label": "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
    "an entity": "&lt;&amp;&#65;",
    "an ampersand": "a & b &",
    "record": "{a|b}|<port> c",
    "brackets": "x]; y [label=z",
    "comments": "/* a */ // b # c",
    "injection": INJECTION,
    "a quoted injection": '"]; z [URL="javascript:alert(1)"]; y [label="',
    "an end of script": "</script><script>alert(1)</script>",
    "CJK": "重み 가중치",
    "emoji": "🧠 weight",
    "keywords": "digraph subgraph node edge strict",
    "an edge": "a -> b",
    "a port": "a:b:c",
    "combining": "e\u0301" * 15,
}


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_label_shows_exactly_itself(label: str) -> None:
    x = Value(2.0, label)
    drawing = read(draw(x * 3.0).source)
    assert sorted(drawing.nodes) == ["n0", "n1", "n2"]
    assert len(drawing.edges) == 2
    assert drawing.label("n0").split("\n")[0] == clean(label)
    assert told(drawing.nodes["n0"]["tooltip"])[0] == label


def test_the_reader_would_notice_an_injection() -> None:
    broken = draw(Value(2.0, "harmless") * 3.0).source.replace(
        "harmless", '"]; z [URL="javascript:alert(1)"]; y [label="'
    )
    assert "z" in read(broken).nodes


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot")
def test_the_svg_shows_exactly_the_label(label: str) -> None:
    x = Value(2.0, label)
    with scope(label, "inner"):
        out = x * 3.0
    svg = draw(out, title=label).pipe("svg", encoding="utf-8")
    root = ET.fromstring(svg)
    name = {"svg": "http://www.w3.org/2000/svg", "xlink": "http://www.w3.org/1999/xlink"}
    kinds = {element.get("id"): element.get("class") for element in root.iterfind(".//svg:g[@class]", name)}
    assert sorted(str(kind) for kind, words in kinds.items() if str(words).startswith("node")) == ["n0", "n1", "n2"]
    (box,) = root.iterfind(".//svg:g[@id='n0']", name)
    first = box.find(".//svg:text", name)
    assert first is not None
    assert (first.text or "").replace("\xa0", " ") == clean(label)
    (link,) = box.iterfind(".//svg:a", name)
    assert str(link.get("{http://www.w3.org/1999/xlink}title")).split("\n")[0] == label
    assert not [element for element in root.iter() if element.get("{http://www.w3.org/1999/xlink}href")]
    assert not list(root.iterfind(".//svg:script", name))


def test_a_long_label_is_cut_in_the_picture_and_told_in_the_tooltip() -> None:
    label = "w" * 10_000
    drawing = read(draw(Value(1.0, label) + 1).source)
    assert drawing.label("n0").split("\n")[0] == "w" * 39 + "…"
    assert len(told(drawing.nodes["n0"]["tooltip"])[0]) == 1000


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("two\nlines\r\nthree", "two lines three"),
        ("a\tb\x0bc\x0cd", "a b c d"),
        ("nul\0 bell\a escape\x1b[31m", "nul bell escape[31m"),
        ("right\u202eto left\u2066", "rightto left"),
        ("line\u2028paragraph\u2029", "line paragraph"),
        ("lone \ud800 surrogate, non\ufffecharacter", "lone surrogate, noncharacter"),
        ("  spaces  ", "spaces"),
        ("", ""),
        ("\n\0", ""),
    ],
)
def test_control_characters_are_left_out(text: str, kept: str) -> None:
    assert clean(text) == kept


def test_an_empty_label_after_cleaning_is_none() -> None:
    assert read(draw(Value(1.0, "\0\n") + 1).source).label("n0") == "input\n1 │ ∇ ?"


@given(st.text(max_size=60))
def test_any_text_comes_back(text: str) -> None:
    assert shown(quoted(text)[1:-1].replace('\\"', '"')) == text


@given(st.text(max_size=60))
@settings(max_examples=50)
def test_any_label_and_any_module_leave_the_structure_alone(text: str) -> None:
    with scope(text, text):
        out = Value(1.0, text) * 2.0
    out.label = text
    drawing = read(draw(out, title=text).source)
    assert sorted(drawing.nodes) == ["n0", "n1", "n2"]
    assert sorted(drawing.clusters) == ["cluster_m0", "cluster_m1"]
    assert drawing.label("n0").split("\n")[0] == (clean(text) or "input")


def test_html() -> None:
    assert html("<&\"'>") == "&lt;&amp;&quot;&#39;&gt;"
