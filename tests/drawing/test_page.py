"""The page for browsers and the table of text: the same drawing, nothing fetched, nothing run but its own script."""

from __future__ import annotations

import html
import importlib
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, draw
from autograd.drawing.page import as_json, framed, page
from tests.drawing.reading import network, neuron


def data(text: str, name: str) -> Any:
    """The JSON in one of the page's script elements."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_holds_the_text_and_the_data() -> None:
    out = network((1, 2, 1))
    out.backward()
    image = draw(out)
    text = page(image.source, image.drawing)
    assert data(text, "dot") == image.source
    known = data(text, "drawing")
    assert [box["id"] for box in known["boxes"]] == [box.id for box in image.drawing.boxes]
    assert [edge["partial"] for edge in known["edges"]] == [edge.partial for edge in image.drawing.edges]
    assert known["boxes"][-1]["order"] == 1


def test_infinities_are_strings_in_json() -> None:
    out = Value(1.0, "x") * math.inf
    known = json.loads(as_json(draw(out).drawing))
    assert [box["value"]["number"] for box in known["boxes"]] == [1.0, "inf", "inf"]


def test_labels_cannot_leave_the_data() -> None:
    evil = "</script><script>alert(1)</script><!--"
    image = draw(Value(1.0, evil) * 2, title=evil)
    text = page(image.source, image.drawing)
    assert text.lower().count("<script") == 4
    assert text.lower().count("</script") == 4
    assert "<!--" not in text
    assert data(text, "drawing")["boxes"][0]["label"] == evil
    assert "@@" not in text.replace(data(text, "dot"), "")


def test_a_label_that_looks_like_a_place_in_the_template() -> None:
    image = draw(Value(1.0, "@@VIZ@@") * 2)
    text = page(image.source, image.drawing)
    assert len(text) < 800_000
    assert data(text, "drawing")["boxes"][0]["label"] == "@@VIZ@@"


def test_the_page_fetches_nothing() -> None:
    text = page(draw(neuron()).source, draw(neuron()).drawing)
    assert "default-src 'none'" in text
    assert not re.search(r'(src|href)="(?!data:)', text)


def test_the_page_is_the_same_every_time() -> None:
    assert page(draw(neuron()).source, draw(neuron()).drawing) == page(draw(neuron()).source, draw(neuron()).drawing)


def test_the_frame_holds_the_page() -> None:
    image = draw(Value(1.0, "\"'<&>") * 2)
    frame = framed(image.source, image.drawing)
    found = re.fullmatch(r'<iframe [^>]*sandbox="allow-scripts"[^>]* srcdoc="([^"]*)"></iframe>', frame)
    assert found is not None
    assert html.unescape(found[1]) == page(image.source, image.drawing)


def test_the_layouter_comes_with_its_license() -> None:
    room = importlib.import_module("autograd.drawing.page")
    assets = Path(str(room.__file__)).parent / "assets"
    notice = (assets / "NOTICE").read_text(encoding="utf-8")
    version = re.match(r"/\*!\s*Viz\.js ([\d.]+)", (assets / "viz-global.js").read_text(encoding="utf-8"))
    assert version is not None
    assert f"Viz.js {version[1]}" in notice
    assert "Eclipse Public License 2.0" in notice


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


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_shows_the_picture(tmp_path: Path) -> None:
    api = pytest.importorskip("playwright.sync_api")
    out = network((1, 3, 1))
    out.backward()
    image = draw(out, title="</script><script>alert(1)</script>")
    target = image.render(outfile=tmp_path / "net.html")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        try:
            tab = browser.new_page()
            asked: list[str] = []
            tab.on("request", lambda request: asked.append(request.url))
            tab.on("dialog", lambda dialog: asked.append(dialog.message))
            tab.goto(Path(target).as_uri())
            tab.wait_for_selector("#picture svg", timeout=60_000)
            ids = tab.eval_on_selector_all("#picture svg g[id]", "all => all.map(each => each.id)")
        finally:
            browser.close()
    assert {box.id for box in image.drawing.boxes} <= set(ids)
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
