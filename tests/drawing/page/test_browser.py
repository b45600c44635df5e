"""Pages in a real browser: every control by mouse and by keyboard, and every number read off the screen."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, compare_gradients, compiled, detect_anomaly, draw, inspect, walk
from autograd.drawing import render, view
from autograd.value import value as engine_room
from nn import MLP

from . import graphs

Opened = Callable[..., Any]


def show(tab: Any, level: str) -> None:
    """Choose what the picture shows: "values", "neurons", "layers" ..."""
    tab.evaluate("document.body.removeAttribute('data-ready')")
    tab.select_option("#level", label=level)
    tab.wait_for_selector("body[data-ready=yes]")


PAGES = {
    "25 Values": lambda: graphs.network([2, 1]),
    "111 Values": lambda: graphs.network([3, 3, 1], samples=2),
    "1,015 Values": lambda: graphs.network([16, 16, 1], inputs=2),
    "Tensors": graphs.tensors,
}


def step_of(tab: Any) -> str:
    return str(tab.evaluate("document.body.dataset.step"))


def column(tab: Any) -> dict[str, str]:
    """The gradients of all values as the table shows them."""
    cells: list[tuple[str, str]] = tab.evaluate(
        "[...document.querySelectorAll('[data-gradient]')].map((cell) => [cell.dataset.gradient, cell.textContent])"
    )
    return dict(cells)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_opens(name: str, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "WAYS", {})  # no Graphviz is needed
    tab = opened(inspect(PAGES[name]()))
    assert tab.locator("#graph .box").count() > 5
    assert in_sight(tab, "#graph .box")


@pytest.mark.skipif(compiled, reason="the compiled sweep cannot be watched")
@pytest.mark.parametrize("make", [graphs.neuron, lambda: graphs.network([2, 1])])
def test_the_sums_are_the_engines_at_every_step(
    make: Callable[[], Value], opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = make()
    nodes = {f"n{place}": node for place, (node, _) in enumerate(walk(loss))}
    steps: list[dict[str, float]] = []
    names = {id(node): name for name, node in nodes.items()}
    sums = {name: float(node is loss) for name, node in nodes.items()}

    def watched(node: Any, operands: Any, parts: Any, origins: Any) -> Any:
        for operand, part in zip(operands, parts, strict=True):
            if part is not None and id(operand) in names:
                sums[names[id(operand)]] += part
        steps.append(dict(sums))
        return parts

    monkeypatch.setattr(engine_room, "check_cotangents", watched)
    for node in nodes.values():
        node.grad = 0.0
    with detect_anomaly():
        loss.backward()
    tab = opened(inspect(loss))
    show(tab, "values")
    tab.click("#as-table")
    tab.keyboard.press("Home")
    for number, engine in enumerate(steps, start=1):
        tab.keyboard.press("ArrowRight")
        assert step_of(tab) == f"backward {number}"
        for name, text in column(tab).items():
            if nodes[name].kind != "constant":
                assert (0.0 if text == "—" else float(text)) == engine[name]
        for term in tab.locator(".term").all():
            assert float(term.get_attribute("data-sum")) == engine[term.get_attribute("data-tail")]
    assert number == tab.evaluate("Number(document.querySelector('#slider').max)")
    for number in range(len(steps) - 1, 0, -1):
        tab.keyboard.press("ArrowLeft")
        shown = {name: text for name, text in column(tab).items() if nodes[name].kind != "constant"}
        assert {name: 0.0 if text == "—" else float(text) for name, text in shown.items()} == {
            name: steps[number - 1][name] for name in shown
        }


def test_a_step_shows_what_is_multiplied(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")
    (y_minus, _) = loss.operands
    upstream, local = loss.grad, loss.partials[0]
    assert float(tab.get_attribute("[data-upstream]", "data-upstream")) == upstream
    assert float(tab.get_attribute(".term", "data-flow")) == upstream * local == y_minus.grad
    assert "1 × " in tab.inner_text(".term .product")
    assert tab.locator("#graph .chip").count() == 1
    assert tab.locator("#graph .box.current").get_attribute("id") == f"n{len(walk(loss)) - 1}"


def test_what_is_not_reached_yet_shows_a_dash(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    tab.keyboard.press("Home")
    x = tab.locator("#n0")
    assert x.locator(".numbers").all_text_contents() in (["0.5 │ ∇ —"], ["0.5", "∇ —"])
    assert "waiting" in x.get_attribute("class")
    assert "gradient not yet" in x.get_attribute("aria-label")


def test_forward_shows_one_value_after_the_other(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    tab.click("#as-table")
    tab.keyboard.press("f")
    tab.keyboard.press("Home")
    results = [place for place, (_, operands) in enumerate(walk(loss)) if operands]
    nodes = [node for node, _ in walk(loss)]
    for number, place in enumerate(results, start=1):
        cell = tab.locator(f"tr[data-node=n{place}] td.number").first
        assert cell.text_content() == "—"
        tab.keyboard.press("ArrowRight")
        assert step_of(tab) == f"forward {number}"
        assert float(cell.text_content()) == nodes[place].data


def test_a_tensor_page_ends_at_the_engines_norms(opened: Opened) -> None:
    tab = opened(inspect(graphs.tensors()))
    tab.keyboard.press("Home")
    while step_of(tab) != f"backward {tab.get_attribute('#slider', 'max')}":
        tab.keyboard.press("ArrowRight")
        assert tab.locator(".term").count() >= 0
    assert "‖∇‖" in tab.locator("#graph .box.parameter, #graph .box.input").first.text_content()


def test_a_small_array_is_shown_element_by_element(opened: Opened) -> None:
    loss = graphs.tensors()
    tab = opened(inspect(loss))
    weights = next(node for node, _ in walk(loss) if node.label == "W")
    place = next(place for place, (node, _) in enumerate(walk(loss)) if node is weights)
    tab.click("#fit")
    before = tab.get_attribute("#graph", "viewBox")
    tab.click(f"#n{place} .fill")
    assert tab.get_attribute("#graph", "viewBox") == before  # a click does not move the picture
    cells = [float(cell.get_attribute("title")) for cell in tab.locator("#chosen .matrix").nth(1).locator("td").all()]
    assert cells == weights.grad.ravel().tolist()


def test_what_is_not_finite_stands_out(opened: Opened) -> None:
    loss = (Value(math.inf, "x") * 0.0 + Value(1.0, "w")).tanh()
    loss.backward()
    tab = opened(inspect(loss))
    assert tab.locator("#graph .box.alarm").count() == 4
    assert tab.locator("#graph .box.broken").count() == 4
    assert tab.locator("#graph .edge.alarm .line").first.get_attribute("stroke-width") == "5.5"
    assert "NaN or Inf" in tab.inner_text("#legend")


def test_the_page_of_a_collapsed_picture(opened: Opened) -> None:
    class Made:
        """A page that was made by a picture."""

        def save(self, path: Any) -> None:
            draw(graphs.network([16, 16, 1], inputs=2), depth=1).to_html(path)

    tab = opened(Made())
    assert tab.locator("#graph .box.module").count() == 3
    assert tab.locator("#graph .box.module .numbers").first.text_content().startswith("48 parameters")
    assert "‖∇‖ " in tab.locator("#graph .box.module").first.text_content()
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")
    assert tab.locator("#graph .box.current").count() == 1
    show(tab, "neurons")  # the page knows everything, also what was closed in the picture
    assert tab.locator("#graph .box.neuron").count() == 33


# ------------------------------------------------------------------------------------------------------ controls


def test_the_buttons_and_the_slider(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    last = int(tab.get_attribute("#slider", "max"))
    for button, expected in (("first", 0), ("next", 1), ("next", 2), ("back", 1), ("last", last)):
        tab.click(f"#{button}")
        assert step_of(tab) == f"backward {expected}"
    tab.fill("#slider", "3")
    assert step_of(tab) == "backward 3"
    assert tab.inner_text("#counter") == f"3 / {last}"
    tab.check("input[value=forward]")
    assert step_of(tab).startswith("forward")
    tab.check("input[value=backward]")
    assert step_of(tab) == "backward 3"


def test_the_keys(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    last = int(tab.get_attribute("#slider", "max"))
    for key, expected in (
        ("Home", "backward 0"),
        ("ArrowRight", "backward 1"),
        ("End", f"backward {last}"),
        ("ArrowLeft", f"backward {last - 1}"),
        ("f", f"forward {0}"),
        ("ArrowRight", "forward 1"),
        ("b", f"backward {last - 1}"),
    ):
        tab.keyboard.press(key)
        assert step_of(tab) == expected
    tab.keyboard.press("t")
    assert tab.is_visible("#words")
    assert tab.is_hidden("#stage")
    tab.keyboard.press("t")
    assert tab.is_hidden("#words")
    tab.keyboard.press("?")
    assert tab.is_visible("#keys")
    tab.keyboard.press("Escape")
    assert tab.is_hidden("#keys")


def test_playing_and_pausing(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    tab.clock.install()
    tab.click("#play")
    assert step_of(tab) == "backward 0"
    tab.clock.run_for(2100)  # two seconds a step where less motion is wanted
    assert step_of(tab) == "backward 1"
    assert tab.get_attribute("#play", "aria-label") == "Pause"
    tab.keyboard.press("Space")
    tab.clock.run_for(10_000)
    assert step_of(tab) == "backward 1"
    tab.locator("#slider").evaluate("(slider) => slider.blur()")
    tab.keyboard.press("Space")
    tab.clock.run_for(60_000)
    assert step_of(tab) == f"backward {tab.get_attribute('#slider', 'max')}"
    assert tab.get_attribute("#play", "aria-label") == "Play"


def test_pointing_shows_everything_in_full(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    w = next(node for node, _ in walk(loss) if node.label == "w")
    place = next(place for place, (node, _) in enumerate(walk(loss)) if node is w)
    tab.click("#fit")
    tab.hover(f"#n{place} .fill")
    shown = tab.inner_text("#chosen")
    assert repr(w.grad) in shown
    assert "\n-2\n" in shown
    terms = [float(each.get_attribute("title")) for each in tab.locator("#chosen tbody b").all()]
    assert len(terms) == 2
    assert terms[0] + terms[1] == pytest.approx(w.grad, rel=1e-15)


def test_a_click_keeps_what_belongs_together(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    names = {node.label: f"n{place}" for place, (node, _) in enumerate(walk(loss)) if node.label}
    tab.click("#fit")
    tab.click(f"#{names['x']} .fill")
    assert "dim" in tab.get_attribute(f"#{names['b']}", "class")
    assert "dim" not in tab.get_attribute(f"#{names['y']}", "class")
    assert tab.locator("#graph .chip").all_text_contents()
    assert set(tab.locator("#graph .chip").all_text_contents()) == {"100 %"}
    tab.keyboard.press("Escape")
    assert tab.locator("#graph .dim").count() == 0


def test_shares_of_a_gradient_along_its_paths(opened: Opened) -> None:
    x = Value(3.0, "x")
    loss = x * x + x  # 3 + 3 through the product, 1 through the sum
    loss.backward()
    tab = opened(inspect(loss))
    tab.click("#fit")
    tab.click("#n0 .fill")
    shares = sorted(tab.locator("#graph .chip").all_text_contents())
    assert shares == sorted(["42.9 %", "42.9 %", "14.3 %", "85.7 %"])


def test_boxes_by_keyboard(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    tab.focus("#graph [tabindex='0']")
    tab.keyboard.press("Shift+ArrowRight")
    first = tab.evaluate("document.activeElement.id")
    tab.keyboard.press("Shift+ArrowRight")
    second = tab.evaluate("document.activeElement.id")
    assert first != second
    tab.keyboard.press("Enter")
    assert "chosen" in tab.get_attribute(f"#{second}", "class")
    tab.keyboard.press("Shift+ArrowLeft")
    assert tab.evaluate("document.activeElement.classList.contains('box')")
    tab.keyboard.press("ArrowLeft")
    assert step_of(tab).startswith("backward")


def test_modules_are_opened_and_closed_by_keyboard(opened: Opened) -> None:
    tab = opened(inspect(graphs.network([3, 3, 1])))
    focused = "document.activeElement.id"
    first = tab.locator("#graph .box.neuron").first.get_attribute("id")
    tab.focus(f"#{first}")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    inside = tab.evaluate(focused)
    assert inside != first
    assert tab.locator(f"#{first}").count() == 0
    assert tab.locator(f"#graph #{inside}").count() == 1  # the focus is on a box of what was opened
    tab.keyboard.press("Enter")
    tab.focus("#close-module")
    assert tab.inner_text("#close-module") == "Close layers.0.neurons.0"
    tab.keyboard.press("Enter")
    assert tab.evaluate(focused) == first


def test_search_and_filters(opened: Opened) -> None:
    tab = opened(inspect(graphs.network([2, 1])))
    show(tab, "values")
    tab.keyboard.press("/")
    tab.keyboard.type("tanh")
    assert tab.locator("#graph .box:not(.dim)").count() == 2
    assert tab.inner_text("#found") == "2 found"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.classList.contains('box')")
    tab.keyboard.press("Escape")
    assert tab.locator("#graph .box.dim").count() == 0
    tab.click("#filters summary")
    tab.check("#no-constants")
    assert tab.locator("#graph .box.constant.gone").count() == tab.locator("#graph .box.constant").count() > 0
    tab.check("#only-parameters")
    assert tab.locator("#graph .box:not(.dim)").count() == tab.locator("#graph .box.parameter").count()
    tab.uncheck("#only-parameters")
    tab.fill("#threshold", "100")
    assert tab.locator("#graph .box.dim").count() > 5
    tab.fill("#search", "nobody")
    assert tab.inner_text("#found") == "nothing found"


def test_zoom_and_pan(opened: Opened) -> None:
    tab = opened(inspect(graphs.network([2, 1])))

    def view() -> list[float]:
        return [float(part) for part in tab.get_attribute("#graph", "viewBox").split()]

    tab.keyboard.press("0")
    start = view()
    tab.click("#zoom-in")
    assert view()[2] < start[2]
    tab.click("#zoom-out")
    assert view()[2] == pytest.approx(start[2], abs=0.1)
    tab.keyboard.press("+")
    assert view()[2] < start[2]
    tab.keyboard.press("-")
    frame = tab.locator("#graph").bounding_box()
    tab.mouse.move(frame["x"] + 300, frame["y"] + 30)
    before = view()
    tab.mouse.down()
    tab.mouse.move(frame["x"] + 400, frame["y"] + 60)
    tab.mouse.up()
    assert view()[0] < before[0]
    before = view()
    tab.mouse.wheel(0, -300)
    assert view()[2] < before[2]


def in_sight(tab: Any, selector: str) -> bool:
    """Whether every box that is meant lies wholly inside the view."""
    return bool(
        tab.evaluate(
            """(selector) => {
              const view = document.querySelector("#graph").getBoundingClientRect();
              return [...document.querySelectorAll(selector)].every((box) => {
                const at = box.querySelector(".fill").getBoundingClientRect();
                return at.left >= view.left - 1 && at.right <= view.right + 1
                  && at.top >= view.top - 1 && at.bottom <= view.bottom + 1;
              });
            }""",
            selector,
        )
    )


@pytest.mark.parametrize("make", [graphs.neuron, lambda: graphs.network([3, 3, 1])], ids=["neuron", "1-3-3-1"])
def test_all_is_in_sight_and_stays_where_it_is(make: Callable[[], Value], opened: Opened) -> None:
    tab = opened(inspect(make()))
    assert in_sight(tab, "#graph .box")
    view = tab.get_attribute("#graph", "viewBox")
    tab.keyboard.press("Home")
    for _ in range(int(tab.get_attribute("#slider", "max"))):
        tab.keyboard.press("ArrowRight")
        assert tab.get_attribute("#graph", "viewBox") == view
        assert in_sight(tab, "#graph .box")


def test_a_step_brings_the_result_and_its_operands_into_sight_together(opened: Opened) -> None:
    tab = opened(inspect(graphs.network([3, 3, 1])))
    for _ in range(6):
        tab.click("#zoom-in")
    tab.keyboard.press("Home")
    for _ in range(int(tab.get_attribute("#slider", "max"))):
        tab.keyboard.press("ArrowRight")
        assert in_sight(tab, "#graph .box.current, #graph .box.operand")


def test_themes(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()), color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)
    tab.click("#theme")
    assert tab.evaluate(ground) != dark
    tab.click("#theme")
    assert tab.evaluate(ground) == dark


def test_levels_from_the_whole_to_single_values(opened: Opened) -> None:
    loss = graphs.network([4, 4, 1], inputs=2)
    tab = opened(inspect(loss))
    counts = []
    for level in ("0", "1", "2", "3"):
        tab.evaluate("document.body.removeAttribute('data-ready')")
        tab.select_option("#level", level)
        tab.wait_for_selector("body[data-ready=yes]")
        counts.append(tab.locator("#graph .box").count())
    assert counts == sorted(counts)
    assert counts[-1] == len(walk(loss))
    tab.evaluate("document.body.removeAttribute('data-ready')")
    tab.select_option("#level", "1")
    tab.wait_for_selector("body[data-ready=yes]")
    layer = tab.locator("#graph .box.module", has_text="layers.0")
    assert layer.locator("text").nth(1).text_content() == "tanh(x @ W + b), W 2 × 4"
    assert layer.locator("text").nth(2).text_content().startswith("12 parameters")
    norm = math.sqrt(
        sum(node.grad**2 for node, _ in walk(loss) if node.kind == "parameter" and in_layer(loss, node, "layers.0"))
    )
    layer.focus()
    assert f"{norm:.12}"[:12] in tab.inner_text("#chosen")
    tab.evaluate("document.body.removeAttribute('data-ready')")
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    tab.wait_for_selector("body[data-ready=yes]")
    assert tab.locator("#graph .box.neuron").count() == 4
    tab.evaluate("document.body.removeAttribute('data-ready')")
    tab.locator("#graph .frame text", has_text="layers.0").dblclick()
    tab.wait_for_selector("body[data-ready=yes]")
    assert tab.locator("#graph .box.neuron").count() == 0


def in_layer(loss: Value, parameter: Value, name: str) -> bool:
    return any(parameter in operands and name in node.scope for node, operands in walk(loss))


def test_steps_go_from_box_to_box_where_modules_are_closed(opened: Opened) -> None:
    tab = opened(inspect(graphs.chain(400, modules=4)))
    assert tab.locator("#graph .box").count() <= 10
    tab.keyboard.press("Home")
    boxes = []
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
        boxes.append(tab.locator("#graph .box.current").get_attribute("id"))
    assert len(set(boxes)) == 4


@pytest.mark.parametrize("modules", [0, 50])
def test_five_thousand_values_open_collapsed(modules: int, opened: Opened) -> None:
    tab = opened(inspect(graphs.chain(5000, modules)))
    assert tab.evaluate("document.body.dataset.ready") == "yes"
    assert 1 <= tab.locator("#graph .box").count() <= 302
    assert "5,000 values" in tab.inner_text("#summary")
    if modules == 0:  # the leaf is there, far from the result, and can be moved
        tab.locator("#graph .box.leaf").focus()
        tab.keyboard.press("ArrowUp")
        assert tab.inner_text("#changes").startswith("x: 0.1 → 0.2.")
        assert tab.locator("#graph .chip").count() == 1  # not one on each edge of the path


def test_what_was_left_out_before_and_what_the_page_leaves_out_are_two_boxes(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(view, "MOST_VALUES", 2500)  # of a larger graph the story has the nearest to the result
    model = MLP(2, [2, 1], seed=1)
    errors = sum((model([Value(0.1 * k), Value(0.2)]) - 0.5) ** 2 for k in range(150))
    loss = errors + sum(p * p for p in model.parameters())
    loss.backward()
    tab = opened(inspect(loss))
    assert "3,180 values" in tab.inner_text("#summary")
    assert "nearest to the result" in tab.inner_text("#chosen")
    assert "max_nodes" not in tab.inner_text("#chosen")  # which is an option of draw


def test_without_backward_there_is_only_forward(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron(backward=False)))
    assert step_of(tab).startswith("forward")
    assert tab.is_disabled("input[value=backward]")
    assert "∇" not in tab.locator("#graph .box .numbers").first.text_content()


def test_two_gradients_side_by_side(opened: Opened) -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    loss = w * x
    loss.backward()
    tab = opened(compare_gradients(loss, {w: -3.0, x: 2.0}))
    assert tab.locator("#n0 .numbers").text_content() == "∇ −3 | 3"
    assert "minus6" in tab.get_attribute("#n0", "class")
    assert "zero" in tab.get_attribute("#n1", "class")
    tab.select_option("#compare", "gradient")
    assert tab.locator("#n0 .numbers").all_text_contents() in (["2 │ ∇ 3"], ["2", "∇ 3"])


def test_a_comparison_opens_where_they_differ(opened: Opened) -> None:
    loss = graphs.network([3, 3, 1])
    right = {node: node.grad for node, _ in walk(loss) if node.kind == "parameter"}
    wrong = max(right, key=lambda node: abs(node.grad))
    tab = opened(compare_gradients(loss, {**right, wrong: -wrong.grad}))
    differing = tab.locator("#graph .box[class*=minus], #graph .box[class*=plus]")
    assert differing.count() == 1  # the neuron that holds it
    assert in_sight(tab, "#graph .box[class*=minus], #graph .box[class*=plus]")
    assert "1 of 22 gradients differ" in tab.inner_text("#headline")
    tab.click("#headline button")
    assert "yours" in tab.inner_text("#chosen")
    assert "difference" in tab.inner_text("#chosen")
