"""A picture as a page, which is the page that `inspect` makes, and as a table of text."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, draw, inspect
from autograd.drawing.page.file import as_json
from tests.drawing.reading import network, neuron


def told(text: str) -> Any:
    """What a page tells."""
    found = re.search(r'<script type="application/json" id="story">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


@pytest.mark.parametrize("make", [neuron, lambda: network((1, 2, 1))])
def test_there_is_one_page(make: Any, tmp_path: Path) -> None:
    out = make()
    out.backward()
    image = draw(out)
    page = inspect(out)
    rendered = Path(image.render(outfile=tmp_path / "picture.html")).read_text(encoding="utf-8")
    page.save(tmp_path / "page.html")
    assert rendered == image.to_html() == page.html == (tmp_path / "page.html").read_text(encoding="utf-8")
    assert image.pipe("html", encoding="utf-8") == page.html
    assert "unsafe-inline" not in page.html


def test_the_page_of_a_picture_has_its_title_and_opens_as_deep() -> None:
    out = network((1, 2, 1))
    out.backward()
    story = told(draw(out, title="mine", depth=1).to_html())
    assert story["title"] == "mine"
    assert story["depth"] == 1  # it opens so deep, and knows everything
    assert [node["id"] for node in story["nodes"]] == [box.id for box in draw(out, depth=3).drawing.boxes]


def test_infinities_are_strings_in_json() -> None:
    assert json.loads(as_json({"a": [math.inf, -math.inf, math.nan, 1.0]})) == {"a": ["inf", "-inf", "nan", 1.0]}


def test_a_title_cannot_leave_its_place() -> None:
    evil = "</script><script>alert(1)</script><!--"
    text = draw(Value(1.0, evil) * 2, title=evil).to_html()
    assert text.lower().count("<script") == text.lower().count("</script") == 4
    assert told(text)["nodes"][0]["label"] == evil


def test_a_label_that_looks_like_a_place_in_the_template() -> None:
    text = draw(Value(1.0, "@@VIZ@@") * 2).to_html()
    assert len(text) < 100_000
    assert told(text)["nodes"][0]["label"] == "@@VIZ@@"


def test_the_table() -> None:
    out = neuron()
    out.backward()
    lines = draw(out).pipe("txt", encoding="utf-8").splitlines()
    assert lines[0].split()[:2] == ["id", "name"]
    assert len(lines) == 11
    assert lines[1].split() == ["n0", "x1", "input", "2", "−3"]
    assert lines[-1].split() == ["n9", "out", "=", "relu", "result", "(root)", "0.5", "1", "1", "n8"]


def test_the_table_of_a_collapsed_graph() -> None:
    text = draw(network((2, 4, 1), samples=3), depth=1, max_nodes=3).pipe("txt", encoding="utf-8")
    assert "module" in text or "values" in text
    assert "not yet" in text
