"""What a page looks like as its window, its medium and its graph vary: nothing hidden, nothing that says too little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, compare_gradients, draw, inspect, parameter, walk
from nn import MLP
from tests.drawing.test_page_width import loops as loops_of

from . import graphs
from .test_browser import in_sight, show
from .test_story import told
from .watching import until

Opened = Callable[..., Any]


def loops() -> Value:
    """A network over plain Values."""
    loss = loops_of([2, 3, 1])
    loss.backward()
    return loss


def test_the_picture_is_fitted_anew_when_the_window_changes(opened: Opened) -> None:
    tab = opened(inspect(graphs.network([3, 3, 1])))
    for width, height in ((700, 800), (1280, 800), (390, 844), (1600, 700)):
        tab.set_viewport_size({"width": width, "height": height})
        until(
            tab,
            """(() => { const graph = document.getElementById("graph").getBoundingClientRect();
              return [...document.querySelectorAll("#graph .box")].every((box) => {
                const at = box.getBoundingClientRect();
                return at.left >= graph.left - 1 && at.right <= graph.right + 1 && at.bottom <= graph.bottom + 1;
              }); })()""",
        )
        assert in_sight(tab, "#graph .box")


def test_on_a_phone_the_details_of_a_box_are_in_sight(opened: Opened) -> None:
    for box, part in ((0, "#whatif h3"), (1, "#chosen h2")):  # a leaf, and a module
        tab = opened(inspect(graphs.network([3, 3, 1])), width=390, height=844)
        tab.locator("#graph .box .fill").nth(box).click()
        frame = tab.locator(part).bounding_box()
        assert frame["y"] + frame["height"] < tab.locator("footer").bounding_box()["y"]


def test_on_a_phone_the_whole_legend_is_in_sight(opened: Opened) -> None:
    loss = graphs.network([3, 3, 1])
    for page in (inspect(loss), compare_gradients(loss, {walk(loss)[0][0]: 0.0})):
        tab = opened(page, width=390, height=844)
        hidden = """(() => { const frame = document.getElementById("legend").getBoundingClientRect();
          const zoom = document.querySelector(".zoom").getBoundingClientRect();
          return [...document.querySelectorAll("#legend > *")].filter((part) => {
            const { right, bottom } = part.getBoundingClientRect();
            return right > Math.min(frame.right, zoom.left) || bottom > frame.bottom;
          }).map((part) => part.innerText);
        })()"""
        assert tab.evaluate(hidden) == []


def test_titles_fit_in_their_boxes(opened: Opened) -> None:
    names = ["W" * 30, "אבגדהוזח" * 3, "重み" * 10, "👩‍🔬" * 5, "a long name, all in words", "337 parameters"]
    total = sum((Value(0.5, name) for name in names), start=Value(1.0)).tanh()
    total.backward()
    tab = opened(inspect(total))
    over = """[...document.querySelectorAll("#graph .box")].filter((box) => {
      const frame = box.querySelector(".fill").getBBox();
      return [...box.querySelectorAll("text")].some((text) => text.getBBox().width > frame.width - 8);
    }).map((box) => box.textContent)"""
    assert tab.evaluate(over) == []


def test_every_value_has_a_name_of_its_own(opened: Opened) -> None:
    loss = graphs.network([3, 3, 1])
    tab = opened(inspect(loss))
    tab.click("#as-table")
    rows = tab.locator("#words tbody tr").all()
    names = [row.locator("button").inner_text() for row in rows if "parameter" in row.inner_text()]
    assert len(names) == len(set(names)) == 22
    assert "layers.1.neurons.2.w0" in names
    tab.click("#as-table")
    show(tab, "values")
    spoken = tab.locator("#graph .box.parameter").evaluate_all("(boxes) => boxes.map((box) => box.ariaLabel)")
    assert sum("layers.1.neurons.2.w0" in each for each in spoken) == 1


def test_rounding_dust_counts_as_zero_and_the_legend_says_so(opened: Opened) -> None:
    x, w, v = Value(2.0, "x"), parameter(Value(3.0, "w")), parameter(Value(1e-17, "v"))
    loss = x * w + v * (x * 1e-17)
    loss.backward()
    tab = opened(inspect(loss))
    place = [node for node, _ in walk(loss)].index(v)
    show(tab, "values") if tab.is_visible("#level") else None
    assert "zero" in tab.get_attribute(f"#n{place}", "class").split()
    assert "what rounding leaves, counts as 0" in tab.inner_text("#legend")
    low, _, _ = told(inspect(loss))["scale"]
    assert low > 1e-10  # the other gradients keep the scale to themselves


def test_marks_are_in_the_page(opened: Opened) -> None:
    loss = graphs.network([3, 1])
    w = next(node for node, _ in walk(loss) if node.kind == "parameter")

    class Written:
        def save(self, path: Any) -> None:
            draw(loss, marks=[(w, "the derivative of tanh is missing")]).to_html(path)

    tab = opened(Written())
    assert "the derivative of tanh is missing" in tab.inner_text("#headline")
    assert "suspicious" in tab.inner_text("#legend")
    assert tab.locator("#graph .box.marked").count() == 1


def test_the_formula_has_the_names_of_the_operands(opened: Opened) -> None:
    x, y = Value(3.0, "y"), Value(1.0, "x")  # named the other way round on purpose
    out = (x - y) ** 2
    out.backward()
    tab = opened(inspect(out))
    if tab.is_visible("#level"):
        show(tab, "values")
    tab.locator(f"#n{len(walk(out)) - 1} .fill").click()
    assert tab.locator("#chosen .formula summary").first.inner_text() == "2 · (y − x)"
    tab.locator("#chosen .formula summary").first.click()
    assert "where(" in tab.locator("#chosen .formula").first.inner_text()


def test_where_the_first_nan_comes_from(opened: Opened) -> None:
    x, w = Value(-2.0, "x"), Value(3.0, "w")
    y = (x.log() * w).tanh()
    y.backward()
    tab = opened(inspect(y))
    assert "The first NaN comes from log(\u22122)" in tab.inner_text("#headline").replace("-", "\u2212")
    assert "NaN or Inf" in tab.inner_text("#legend")


def test_a_search_that_finds_nothing_says_so(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    tab.fill("#search", "nowhere")
    assert "nothing" in tab.inner_text("#found").lower() or "no " in tab.inner_text("#found").lower()


def test_on_paper(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    tab.emulate_media(media="print")
    assert tab.is_hidden("footer")
    assert tab.is_hidden(".tools")
    assert tab.is_visible("#legend")
    assert tab.is_visible("#graph .box")


def test_forced_colours_keep_the_legend(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()), forced_colors="active")
    swatches = "[...document.querySelectorAll('.scale .swatch')].map((each) => getComputedStyle(each).backgroundColor)"
    assert len(set(tab.evaluate(swatches))) > 10
    switch = "[...document.querySelectorAll('.switch span')].map((each) => getComputedStyle(each).backgroundColor)"
    assert len(set(tab.evaluate(switch))) == 2  # which direction is on


@pytest.mark.parametrize("make", [lambda: graphs.network([3, 3, 1]), graphs.neuron])
def test_no_step_has_a_receiving_box_out_of_sight(make: Callable[[], Value], opened: Opened) -> None:
    tab = opened(inspect(make()))
    if tab.is_visible("#level"):
        show(tab, "values")
    tab.click("#first")
    for _ in range(int(tab.get_attribute("#slider", "max"))):
        tab.click("#next")
        assert in_sight(tab, "#graph .box.current")
        if tab.locator("#graph .box.operand").count():
            assert in_sight(tab, "#graph .box.operand")


def test_the_network_of_the_issue_is_drawn_and_opens_at_once(opened: Opened) -> None:
    model = MLP(4, [8, 8, 1], seed=1)
    penalty = sum((p * p for p in model.parameters()), start=Value(0.0))
    loss = (model([1.0, 2.0, 3.0, 4.0]) - 1.0) ** 2 + 1e-3 * penalty
    loss.backward()
    tab = opened(inspect(loss))
    assert in_sight(tab, "#graph .box")
    assert np.isfinite(len(draw(loss).source))
    levels = "[...document.querySelectorAll('#level option:not([hidden])')].map((option) => option.label)"
    assert tab.evaluate(levels) == ["MLP", "layers", "neurons", "values"]
    twice = opened(inspect(graphs.network([2, 1], samples=2)))
    assert twice.evaluate(levels) == ["MLP", "layers", "neurons", "neurons, run by run", "values"]
    idle = tab.inner_text("#headline")
    assert "parameters receive no gradient at all: layers." in idle


def test_many_leaves_stand_side_by_side(opened: Opened) -> None:
    xs = [Value(0.1 * k, f"x{k}") for k in range(60)]
    total = sum(xs[1:], start=xs[0])
    total.backward()
    tab = opened(inspect(total))
    show(tab, "neurons") if tab.is_visible("#level") else None
    frames = tab.evaluate(
        "[...document.querySelectorAll('#graph .box.input .fill')].map((e) => e.getBoundingClientRect())"
    )
    assert len({round(frame["x"]) for frame in frames}) > 1
    assert in_sight(tab, "#graph .box")


@pytest.mark.parametrize("box", [1, 0], ids=["module", "leaf"])
def test_a_choice_outlasts_a_change_of_the_window(opened: Opened, box: int) -> None:
    tab = opened(inspect(graphs.network([3, 3, 1])))
    tab.locator("#graph .box .fill").nth(box).click()
    if tab.locator("#chosen .path").count() > 1:
        tab.locator("#chosen .path").nth(1).click()
    lit = tab.locator("#chosen .path.lit").all_inner_texts()
    chosen = tab.get_attribute("#graph .box.chosen", "id")
    before = tab.get_attribute("#graph", "viewBox")
    tab.set_viewport_size({"width": 900, "height": 600})
    until(tab, f"document.getElementById('graph').getAttribute('viewBox') !== '{before}'")
    assert tab.get_attribute("#graph .box.chosen", "id") == chosen
    assert tab.is_visible("#chosen h2")
    assert tab.locator("#chosen .path.lit").all_inner_texts() == lit


def test_an_edge_to_the_next_line_stays_inside_the_picture(opened: Opened) -> None:
    tab = opened(inspect(graphs.network([3, 3, 1])), width=390, height=844)
    view = tab.evaluate(
        "(() => { const { x, width } = document.getElementById('graph').viewBox.baseVal; return [x, x + width]; })()"
    )
    ends = tab.evaluate(
        "[...document.querySelectorAll('#graph .line')].map((e) => e.getBBox()).map((b) => [b.x, b.x + b.width])"
    )
    assert min(left for left, _ in ends) > view[0] + 2
    assert max(right for _, right in ends) < view[1] - 2


def test_a_step_of_a_neuron_names_it_and_its_weights(opened: Opened) -> None:
    tab = opened(inspect(loops()))
    tab.keyboard.press("End")
    assert tab.inner_text("#now .who").split("\n") == ["neuron 1", "neuron Σ → tanh"]
    weights = tab.locator("#now table button").all_inner_texts()
    assert sorted(weights) == ["b0_0", "w0_00", "w0_01"]
    tab = opened(inspect(graphs.network([3, 3, 1])))
    assert tab.evaluate("document.querySelector('#graph .box.neuron .title').textContent") == "neurons.0"
    tab.keyboard.press("End")
    assert tab.inner_text("#now .who button") == "layers.0.neurons.0"


def test_terms_have_the_columns_that_say_something(opened: Opened) -> None:
    for make, wanted in (
        (graphs.layer, ["used by", "term"]),
        (graphs.neuron, ["used by", "local × upstream", "term", "share"]),
    ):
        tab = opened(inspect(make()))
        tab.locator("#graph .box .fill").first.click()
        assert tab.locator("#chosen thead th").all_inner_texts() == wanted
        assert "false" not in tab.inner_text("#panel")


def test_values_with_the_same_label_are_numbered(opened: Opened) -> None:
    ws = [Value(0.5 + k, "w") for k in range(3)]
    y = ws[0] * ws[1] + ws[2] ** 2
    y.backward()
    tab = opened(inspect(y))
    tab.click("#as-table")
    names = tab.locator("#words tbody button").all_inner_texts()
    assert sorted(name for name in names if name.startswith("w")) == ["w₁", "w₂", "w₃"]
