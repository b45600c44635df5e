"""What a notebook shows: the page where scripts may run, the still picture where they are taken out."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd import compare_gradients, inspect, walk
from autograd.drawing import render

from . import graphs


class Notebook:
    """A document with the output of a cell in it, as a notebook has it."""

    def __init__(self, trusted: bool, page: Any = None) -> None:
        output = (page or inspect(graphs.neuron()))._repr_mimebundle_()["text/html"]
        self.output = output if trusted else re.sub(r"<script>.*?</script>", "", output, flags=re.DOTALL)

    def save(self, path: Path) -> None:
        text = f"<!doctype html><meta charset=utf-8><title>notebook</title><body data-ready>{self.output}</body>"
        path.write_text(text, encoding="utf-8")


def test_a_trusted_notebook_shows_the_page(opened: Callable[..., Any]) -> None:
    tab = opened(Notebook(trusted=True))
    frame = tab.frame_locator("iframe")
    frame.locator("body[data-ready=yes]").wait_for()
    assert tab.get_attribute("iframe", "sandbox") == "allow-scripts"
    frame.locator("#first").click()
    frame.locator("#next").click()
    assert frame.locator("body").get_attribute("data-step") == "backward 1"
    assert tab.locator("img").count() == 0


@pytest.mark.skipif(not render.can_render(), reason="there is no Graphviz here to draw the picture with")
def test_an_untrusted_notebook_shows_the_picture(opened: Callable[..., Any]) -> None:
    tab = opened(Notebook(trusted=False))
    assert tab.locator("iframe").count() == 0
    assert tab.locator("img").evaluate("(image) => image.complete && image.naturalWidth > 100")


@pytest.mark.skipif(not render.can_render(), reason="there is no Graphviz here to draw the picture with")
def test_an_untrusted_comparison_says_what_differs(opened: Callable[..., Any]) -> None:
    loss = graphs.neuron()
    w = next(node for node, _ in walk(loss) if node.label == "w")
    page = compare_gradients(loss, {w: -w.grad})
    tab = opened(Notebook(trusted=False, page=page))
    image = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', tab.content())
    assert image is not None
    assert "yours" in base64.b64decode(image[1]).decode("utf-8")
