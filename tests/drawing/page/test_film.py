"""The film of a training: what is recorded, how large it gets, and its page in a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd import Film, Tensor, Value
from autograd.errors import GraphError, OperandError
from nn import MLP

from .watching import until, violations

X = np.linspace(-1.0, 1.0, 9)


def trained(frames: int, sizes: list[int], data: tuple[Any, Any], inputs: int = 1) -> tuple[Film, list[list[float]]]:
    """A film, and by frame the loss, the parameters and their gradients."""
    model = MLP(inputs, sizes, activation="tanh", seed=2)
    film = Film(model, data=data)
    seen = []
    for step in range(frames):
        model.zero_grad()
        rows = np.reshape(data[0], (len(data[0]), -1)).tolist()
        loss = sum(((model(x) - y) ** 2 for x, y in zip(rows, data[1], strict=True)), start=Value(0.0))
        loss.backward()
        film.frame(loss, step=10 * step)
        parameters = model.parameters()
        seen.append([loss.data, *(p.data for p in parameters), *(p.grad for p in parameters)])
        for p in parameters:
            p.data -= 0.01 * p.grad
    return film, seen


def told(film: Film) -> tuple[dict[str, Any], Any]:
    found = re.search(r'id="story">(.*?)</script>', film.page().html, re.DOTALL)
    assert found is not None
    story = json.loads(found[1])
    numbers = np.frombuffer(gzip.decompress(base64.b64decode(story["numbers"])), "<f4")
    return story, numbers.reshape(-1, story["frames"])


def test_parameters_gradients_and_loss_are_kept() -> None:
    film, seen = trained(5, [3, 1], (X, X**2))
    story, rows = told(film)
    assert story["steps"] == [0, 10, 20, 30, 40]
    assert rows[: len(seen[0])].T.tolist() == np.array(seen, dtype=np.float32).tolist()


def test_the_norm_of_each_layer() -> None:
    film, seen = trained(3, [3, 1], (X, X**2))
    story, rows = told(film)
    assert story["layers"] == ["layers.0", "layers.1"]
    slopes = np.array(seen)[:, 11:17]  # of six parameters of the first layer, after the loss and ten parameters
    assert rows[story["norms"]] == pytest.approx(np.sqrt((slopes**2).sum(axis=1)), rel=1e-5)


@pytest.mark.parametrize("frames", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_a_frame_is_less_than_a_kilobyte(frames: int) -> None:
    empty, _ = trained(1, [3, 3, 1], (X[::4], X[::4] ** 2))
    film, _ = trained(frames, [3, 3, 1], (X[::4], X[::4] ** 2))
    assert len(film.page().html) - len(empty.page().html) < 950 * frames


def test_the_curve_is_what_the_model_says() -> None:
    model = MLP(1, [2, 1], seed=1)
    film = Film(model, data=(X, X))
    film.frame(1.0)
    story, rows = told(film)
    xs = story["curve"]["xs"]
    shown = rows[story["curve"]["row"] : story["curve"]["row"] + len(xs), 0]
    assert shown == pytest.approx([model([x]).data for x in xs], rel=1e-3)


def test_the_plane_is_asked_through_predict() -> None:
    points = np.random.default_rng(0).normal(size=(20, 2))
    film = Film(MLP(2, [1], seed=0), data=(points, np.sign(points[:, 0])), predict=lambda rows: rows[:, 0] * 2)
    film.frame(1.0)
    story, rows = told(film)
    plane = story["plane"]
    shown = rows[plane["row"] : plane["row"] + plane["side"], 0]
    assert shown == pytest.approx(np.linspace(2 * plane["low"][0], 2 * plane["high"][0], plane["side"]), rel=1e-3)


def test_a_model_of_tensors() -> None:
    class Line:
        def __init__(self) -> None:
            self.w = Tensor([[2.0]], label="w")

        def named_parameters(self) -> list[tuple[str, Tensor]]:
            return [("w", self.w)]

        def __call__(self, x: Any) -> Any:
            return x @ self.w

    line = Line()
    loss = (line(Tensor([[3.0]])) ** 2).sum()
    loss.backward()
    film = Film(line, lambda: loss, data=(X, X))
    film.frame()
    story, rows = told(film)
    assert story["parameters"]["names"] == ["w[0,0]"]
    assert rows[:3, 0].tolist() == [36.0, 2.0, 36.0]
    assert rows[story["curve"]["row"], 0] == pytest.approx(2 * story["curve"]["xs"][0], rel=1e-3)


def test_what_cannot_be_filmed_is_refused() -> None:
    model = MLP(1, [1], seed=0)
    with pytest.raises(GraphError, match=r"there are no frames yet: call frame\(\)"):
        Film(model).page()
    with pytest.raises(OperandError, match="a function without arguments"):
        Film(model, 3.0)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match=r"inputs of shape \(n, inputs\) and n targets"):
        Film(model, data=(X, X[:3]))


@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_film_in_a_browser(inputs: int, width: int, scheme: str, opened: Callable[..., Any]) -> None:
    points = np.random.default_rng(1).uniform(-1, 1, size=(12, inputs))
    film, seen = trained(4, [3, 1], (points, np.sign(points[:, 0])), inputs)
    tab = opened(film.page("a film"), width=width, color_scheme=scheme)
    assert tab.locator(".plot").count() == 5
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    tab.keyboard.press("Home")
    tab.locator("body").press("ArrowRight")
    assert tab.evaluate("document.body.dataset.frame") == "1"
    first = tab.get_attribute("[data-parameter='layers.0.neurons.0.w.0']", "title")
    value, gradient = re.findall(r"= (\S+), gradient (\S+)", first)[0]
    count = (len(seen[0]) - 1) // 2
    assert np.float32(value) == np.float32(seen[1][1])
    assert np.float32(gradient) == np.float32(seen[1][1 + count])
    for button, expected in (("last", "3"), ("back", "2"), ("first", "0"), ("next", "1")):
        tab.click(f"#{button}")
        assert tab.evaluate("document.body.dataset.frame") == expected
    tab.fill("#slider", "2")
    assert tab.inner_text("#counter") == "3 / 4"
    assert "Step 20" in tab.inner_text("#summary")


def wide_film(inputs: int = 1) -> Film:
    points = np.random.default_rng(1).uniform(-1, 1, size=(12, inputs))
    return trained(6, [11, 1], (points, np.sign(points[:, 0])), inputs)[0]


def test_lines_can_be_seen(opened: Callable[..., Any]) -> None:
    tab = opened(wide_film().page())
    strokes = tab.evaluate("[...document.querySelectorAll('.line')].map((line) => getComputedStyle(line).stroke)")
    assert len(strokes) > 10
    assert "none" not in strokes
    assert all(tab.evaluate("[...document.querySelectorAll('.line')].map((line) => line.getTotalLength() > 10)"))


def test_neurons_stand_in_their_order(opened: Callable[..., Any]) -> None:
    story, _ = told(wide_film())
    assert story["activations"]["names"] == [f"layers.0.neurons.{k}" for k in range(11)] + ["layers.1.neurons.0"]


def test_nothing_leaves_its_card_and_parameters_are_seen_at_once(opened: Callable[..., Any]) -> None:
    for width in (1280, 390):
        tab = opened(wide_film().page(), width=width)
        over = """[...document.querySelectorAll(".plot")].filter((card) => {
          const end = card.getBoundingClientRect().right + 0.5;
          return [...card.querySelectorAll("*")].some((part) => part.getBoundingClientRect().right > end);
        }).map((card) => card.ariaLabel)"""
        assert tab.evaluate(over) == []
        if width == 1280:
            first = tab.locator("[data-parameter]").first.bounding_box()
            assert first["y"] + first["height"] < tab.locator("footer").bounding_box()["y"]


def test_a_film_of_the_first_network_is_seen_without_scrolling(opened: Callable[..., Any]) -> None:
    film, _ = trained(3, [3, 3, 1], (X, X**2))
    tab = opened(film.page())
    plots = tab.evaluate(
        "(({ scrollHeight, clientHeight }) => [scrollHeight, clientHeight])(document.querySelector('main'))"
    )
    assert plots[0] <= plots[1]


def test_the_numbers_of_a_plane_stand_above_it(opened: Callable[..., Any]) -> None:
    tab = opened(wide_film(2).page())
    place = tab.locator("[aria-label='Decision over the plane'] svg")
    names = place.evaluate("(svg) => [...svg.children].map((each) => each.tagName)")
    assert names.index("text") > len(names) - 1 - names[::-1].index("rect")


def test_the_speed_of_a_film(opened: Callable[..., Any]) -> None:
    tab = opened(wide_film().page())
    for speed in ("5", "0.25"):
        tab.select_option("#speed", speed)
        tab.click("#first")
        tab.click("#play")
        until(tab, "document.body.dataset.frame === '5'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "inputs"), [(1280, 1), (390, 2)])
def test_axe_finds_nothing(scheme: str, width: int, inputs: int, opened: Callable[..., Any]) -> None:
    tab = opened(wide_film(inputs).page(), width=width, height=780, color_scheme=scheme)
    assert violations(tab) == []


def test_where_no_script_runs_there_is_a_picture() -> None:
    text = wide_film()._repr_mimebundle_()["text/html"]
    image = re.search(r'<img [^>]*alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]+)"', text)
    assert image is not None
    assert image[1].startswith("Loss: ")
    root = ElementTree.fromstring(base64.b64decode(image[2]))
    assert len(root.findall(".//{*}circle")) == 12


def test_axes_are_lines(opened: Callable[..., Any]) -> None:
    tab = opened(wide_film().page())
    fills = "[...document.querySelectorAll('.plot-svg .axis, .plot-svg .line')].map((e) => getComputedStyle(e).fill)"
    assert set(tab.evaluate(fills)) == {"none"}
