"""What a notebook shows: the page where scripts may run, the still picture where they are taken out."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd import inspect
from autograd.drawing import render

from . import graphs


class Notebook:
    """A document with the output of a cell in it, as a notebook has it."""

    def __init__(self, trusted: bool) -> None:
        output = inspect(graphs.neuron())._repr_mimebundle_()["text/html"]
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
