"""Pages for everybody: what a label cannot do, what axe finds, and that nothing sticks out of the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, compare_gradients, inspect, walk

from . import graphs
from .watching import violations

Opened = Callable[..., Any]


# -------------------------------------------------------------------------------------------------- hostile labels

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<b>] ; z [URL="javascript:alert(1)"] ; y [label=<i>',
    "a" * 10_000,
    "C:\\Net\\lib\\",
    "nul\0 and\u202e right to left \u05d0\u05d1",
    "👩\u200d🔬 emoji",
    "@@DATA@@ ${alert(1)} `x`",
    "__proto__",
    "'\"&amp;",
]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_label_is_text(label: str, opened: Opened) -> None:
    from autograd import scope

    with scope(label):
        loss = Value(1.0, label) * Value(2.0, "w")
    loss.backward()
    tab = opened(inspect(loss, title=label))
    assert tab.locator("script:not([type])").count() == 0
    assert tab.locator("img, b[onclick], #graph a").count() == 0
    shown = tab.locator("#n0 .title").text_content()
    kept = "".join(character for character in label if character not in "\0\u202e\u200d")
    assert shown.replace("\u200d", "").rstrip("…") == kept[: len(shown.replace("\u200d", "").rstrip("…"))]
    assert len(shown) <= 41
    tab.click("#as-table")
    assert tab.locator("#words tr").count() == 4


# --------------------------------------------------------------------------------------------------- accessibility


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(scheme: str, width: int, opened: Opened) -> None:
    tab = opened(inspect(graphs.network([2, 1])), width=width, height=780, color_scheme=scheme)
    for prepare in ("Home", "ArrowRight", "t"):
        tab.keyboard.press(prepare)
        assert violations(tab) == []


def compared() -> Any:
    loss = graphs.network([3, 3, 1])
    return compare_gradients(loss, {node: -node.grad for node, _ in walk(loss) if node.kind == "parameter"})


def broken() -> Any:
    y = (Value(-2.0, "x").log() * Value(3.0, "w")).tanh()
    y.backward()
    return inspect(y)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "make", [compared, broken, lambda: inspect(graphs.layer()), lambda: inspect(graphs.neuron(False))]
)
def test_axe_finds_nothing_in_any_kind_of_page(scheme: str, make: Callable[[], Any], opened: Opened) -> None:
    tab = opened(make(), color_scheme=scheme)
    assert violations(tab) == []
    for box in (0, 1):  # chosen: what if, why, heat maps
        tab.locator("#graph .box .fill").nth(box).click()
        assert violations(tab) == []
    tab.click("#help")
    assert violations(tab) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 780)])
def test_nothing_sticks_out(scheme: str, width: int, height: int, opened: Opened) -> None:
    tab = opened(inspect(graphs.network([3, 3, 1])), width=width, height=height, color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    for control in ("#search", "#as-table", "#play", "#slider", "#fit"):
        box = tab.locator(control).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
