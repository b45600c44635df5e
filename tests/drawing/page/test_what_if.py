"""What if: a reader changes a leaf in the page, and every number is that of the engine run with that leaf."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, inspect, leaky_relu, maximum, parameter, primitive, relu, walk, where
from autograd.core.table import TABLE
from nn import MLP
from tests.support import domain

from . import graphs
from .test_browser import show
from .watching import until

Opened = Callable[..., Any]


def shown(tab: Any) -> dict[str, tuple[float | None, float | None]]:
    """By id the value and the gradient of every node, as the table has them."""
    if tab.is_hidden("#words"):
        tab.click("#as-table")
    rows = tab.evaluate(
        """[...document.querySelectorAll("#words tbody tr")].map((row) =>
          [row.dataset.node, ...[...row.querySelectorAll("td.number")].map((cell) => cell.textContent)])"""
    )
    return {name: (number(value), number(gradient)) for name, value, gradient in rows}


def number(text: str) -> float | None:
    return None if text in ("", "—") else float(text.replace("Infinity", "inf"))


def agree(tab: Any, root: Value) -> int:
    """Compare every number of the page with those of a graph; how many there were."""
    numbers = shown(tab)
    found = 0
    order = walk(root)
    assert len(numbers) == len(order)
    for place, (node, _) in enumerate(order):
        value, gradient = numbers[f"n{place}"]
        pairs = [(value, node.data)] + ([] if node.kind == "constant" else [(gradient, node.grad)])
        for mine, theirs in pairs:
            assert mine is not None
            assert mine == pytest.approx(theirs, rel=1e-12, abs=1e-12, nan_ok=True)
            found += 1
    return found


def choose(tab: Any, name: str) -> None:
    """Click a box where it is, wherever the picture has it."""
    tab.locator(f"#{name} .fill").click()


def set_leaf(tab: Any, name: str, text: str) -> None:
    choose(tab, name)
    tab.fill("#leaf", text)
    tab.press("#leaf", "Enter")


def follow(tab: Any, link: str) -> None:
    """Go where a link goes, and wait until the page has done so."""
    tab.evaluate(
        """(link) => new Promise((done) => {
          addEventListener("hashchange", done, { once: true });
          location.hash = link;
        }).then(() => null)""",
        link,
    )


def one_three_three_one(x: float = 0.5, **weights: float) -> Value:
    model = MLP(1, [3, 3, 1], activation="sigmoid", seed=3)
    for name, weight in model.named_parameters():
        weight.data = weights.get(name, weight.data)
    loss = (model([Value(x, "x")]) - Value(0.25, "y")) ** 2
    loss.label = "loss"
    loss.backward()
    return loss


def place_of(root: Value, label: str, which: int = 0) -> str:
    return [f"n{place}" for place, (node, _) in enumerate(walk(root)) if node.label == label][which]


def test_a_leaf_that_is_dragged_gives_the_engines_numbers_all_of_them(opened: Opened) -> None:
    loss = one_three_three_one()
    tab = opened(inspect(loss))
    x = place_of(loss, "x")
    frame = tab.locator(f"#{x} .fill").bounding_box()
    tab.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    tab.mouse.down()
    for step in range(1, 5):
        tab.mouse.move(frame["x"] + frame["width"] / 2 + 12 * step, frame["y"] + frame["height"] / 2)
    tab.mouse.up()
    now = float(tab.input_value("#leaf"))
    assert now == pytest.approx(0.5 + 48 / 200, abs=0.01)
    assert agree(tab, one_three_three_one(now)) == 63 + 62  # every value, and every gradient but a constant's


def test_a_parameter_is_typed_pushed_and_slid(opened: Opened) -> None:
    loss = one_three_three_one()
    tab = opened(inspect(loss))
    show(tab, "values")
    tab.click("#as-table")
    tab.locator("#words button", has_text=re.compile(r"^layers\.1\.neurons\.0\.w1$")).click()
    tab.click("#as-table")
    tab.fill("#leaf", "0.75")
    tab.press("#leaf", "Enter")
    agree(tab, one_three_three_one(**{"layers.1.neurons.0.w.1": 0.75}))
    tab.locator("#whatif .dial button").last.click()
    agree(tab, one_three_three_one(**{"layers.1.neurons.0.w.1": 0.85}))
    tab.locator("#leaf-slider").evaluate(
        "(slider) => { slider.value = -0.5; slider.dispatchEvent(new Event('input', {bubbles: true})); }"
    )
    agree(tab, one_three_three_one(**{"layers.1.neurons.0.w.1": float(tab.input_value("#leaf"))}))
    tab.click("#reset")
    agree(tab, one_three_three_one())
    assert tab.is_hidden("#changes")


def test_by_keyboard(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    show(tab, "values")
    tab.focus(f"#{place_of(loss, 'x')}")
    tab.keyboard.press("ArrowUp")
    assert tab.input_value("#leaf") == "0.6"
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("ArrowDown")
    assert tab.input_value("#leaf") == "0.4"


def test_what_the_gradient_promised_stands_beside_what_happened(opened: Opened) -> None:
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    y.backward()
    tab = opened(inspect(y))
    choose(tab, "n0")
    assert "slope of y along x is 6" in tab.inner_text("#whatif")
    choose(tab, "n1")  # y is no leaf
    assert tab.is_hidden("#whatif")


def test_the_tangent_is_left_at_a_kink(opened: Opened) -> None:
    x = Value(1.0, "x")
    y = relu(x) * 2.0
    y.label = "y"
    y.backward()
    tab = opened(inspect(y))
    set_leaf(tab, "n0", "-1")
    assert float(tab.get_attribute("#truly", "data-number")) == -2.0
    assert float(tab.get_attribute("#promised", "data-number")) == -4.0
    assert tab.locator("#whatif .gap").count() == 1
    assert tab.locator("#whatif .tangent").count() == 1
    choose(tab, "n1")
    code = tab.locator("#chosen .formula summary code")
    assert code.all_text_contents() == ["0"]  # the case that applies now
    set_leaf(tab, "n0", "5")
    choose(tab, "n1")
    assert code.all_text_contents() == ["1"]


def test_numbers_that_are_typed(opened: Opened) -> None:
    def made(number: float) -> Value:
        x, w = Value(number, "x"), Value(2.0, "w")
        y = (x * w).tanh() + x
        y.backward()
        return y

    tab = opened(inspect(made(0.5)))
    show(tab, "values")
    choose(tab, "n0")
    for typed, number in {
        "-2": -2.0, "1e-3": 0.001, "\u22120.5": -0.5, "inf": math.inf, "-Infinity": -math.inf, "NaN": math.nan,
    }.items():  # fmt: skip
        tab.fill("#leaf", typed)
        tab.press("#leaf", "Enter")
        agree(tab, made(number))


def test_what_is_half_typed_stays_when_the_page_is_painted_anew(opened: Opened) -> None:
    tab = opened(inspect(graphs.neuron()))
    show(tab, "values")
    choose(tab, place_of(graphs.neuron(), "x"))
    tab.fill("#leaf", "1.2")
    tab.evaluate("document.getElementById('threshold').dispatchEvent(new Event('input', {bubbles: true}))")
    assert tab.input_value("#leaf") == "1.2"


def test_what_is_no_number_changes_nothing(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    show(tab, "values")
    choose(tab, place_of(loss, "x"))
    for typed in ("", "abc", "1,5", "<img src=x onerror=alert(1)>", "0x", "alert(1)", "1 2", "--1"):
        tab.fill("#leaf", typed)
        tab.press("#leaf", "Enter")
        assert tab.inner_text("#whatif .promise") == "That is no number."
        assert tab.get_attribute("#leaf", "aria-invalid") == "true"
        agree(tab, loss)


def test_a_link_reproduces_what_one_sees(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    show(tab, "values")
    set_leaf(tab, place_of(loss, "w"), "-1.5")
    until(tab, "location.hash.includes('-1.5')")
    numbers, chosen = shown(tab), tab.inner_text("#chosen")
    tab.reload()
    tab.wait_for_selector("body[data-ready=yes]")
    assert shown(tab) == numbers
    assert tab.inner_text("#chosen") == chosen
    assert tab.input_value("#leaf") == "-1.5"


def test_a_link_keeps_what_is_open_the_lit_path_the_search_and_the_table(opened: Opened) -> None:
    loss = graphs.network([3, 3, 1])
    tab = opened(inspect(loss))
    boxes = "[...document.querySelectorAll('#graph .box')].map((box) => box.id).join()"
    lit = "[...document.querySelectorAll('#graph .edge.lit')].map((edge) => edge.id).join()"
    first = tab.evaluate(boxes)
    tab.locator("#graph .box.neuron .fill").nth(4).dblclick()  # one neuron open, the others closed
    tab.locator("#graph .box.neuron .fill").first.click()
    tab.locator("#chosen .path").nth(2).click()
    assert tab.locator("#chosen .path.lit").count() == 1
    assert "lit" in tab.locator("#chosen .path").nth(2).get_attribute("class")
    assert tab.evaluate("document.activeElement.className") == "path lit"  # who uses the keyboard is still there
    tab.fill("#search", "sigmoid")
    tab.click("#as-table")
    until(tab, "location.hash.includes('table')")
    seen = [tab.evaluate(boxes), tab.evaluate(lit), tab.inner_text("#chosen"), tab.inner_text("#found")]
    assert seen[0] != first
    link = tab.evaluate("location.hash")
    tab.reload()
    tab.wait_for_selector("body[data-ready=yes]")
    assert [tab.evaluate(boxes), tab.evaluate(lit), tab.inner_text("#chosen"), tab.inner_text("#found")] == seen
    assert tab.is_visible("#words")
    follow(tab, "#at=backward-3")  # in a page that is open already
    assert (tab.evaluate(boxes), tab.evaluate(lit), tab.is_visible("#words")) == (first, "", False)
    assert tab.evaluate("document.body.dataset.step") == "backward 3"
    follow(tab, link)
    assert [tab.evaluate(boxes), tab.evaluate(lit)] == seen[:2]


def test_a_link_that_says_nothing_is_harmless(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    for link in ("#n0=abc", "#n999=1", "#at=backward-x", "#show=77", "#chosen=nobody&n4=3", "#%%%"):
        follow(tab, link)
        agree(tab, loss)
        tab.reload()
        tab.wait_for_selector("body[data-ready=yes]")
        agree(tab, loss)


def test_gradient_descent(opened: Opened) -> None:
    loss = one_three_three_one()
    tab = opened(inspect(loss))
    tab.fill("#rate", "0.5")
    tab.click("#one-step")
    model = MLP(1, [3, 3, 1], activation="sigmoid", seed=3)
    again = (model([Value(0.5, "x")]) - Value(0.25, "y")) ** 2
    again.backward()
    for each in model.parameters():
        each.data -= 0.5 * each.grad
    after = (model([Value(0.5, "x")]) - Value(0.25, "y")) ** 2
    model.zero_grad()
    after.backward()
    agree(tab, after)
    tab.click("#as-table")
    tab.click("#descend")
    until(tab, "document.querySelector('#descent [role=status]').textContent.startsWith('2')")
    tab.click("#descend")
    tab.click("#reset")
    agree(tab, loss)


def test_a_learning_rate_that_is_none(opened: Opened) -> None:
    loss = graphs.neuron()
    tab = opened(inspect(loss))
    tab.fill("#rate", "fast")
    tab.click("#one-step")
    assert "no number" in tab.inner_text("#descent")
    agree(tab, loss)


# ------------------------------------------------------------------------------------------------------ many graphs


def table_graph(numbers: list[float]) -> Value:
    """Every primitive of the table once, each on two leaves."""
    total: Any = 0.0
    leaves = iter(numbers)
    for rule in TABLE.values():
        operands = [Value(next(leaves), f"{rule.name}{k}") for k in range(rule.arity)]
        total = total + rule(*operands)
    total.backward()
    return total  # type: ignore[no-any-return]


def samples(seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(rng.uniform(max(low, -3.0), min(high, 3.0))) for rule in TABLE.values() for low, high in domain(rule)]


def test_every_primitive_computes_in_the_page(opened: Opened) -> None:
    first, second = samples(0), samples(1)
    root = table_graph(first)
    places = {node.label: place for place, (node, _) in enumerate(walk(root)) if node.label}
    labels = [f"{rule.name}{k}" for rule in TABLE.values() for k in range(rule.arity)]
    link = "&".join(f"n{places[label]}={value!r}" for label, value in zip(labels, second, strict=True))
    tab = opened(inspect(root))
    follow(tab, f"#{link}")
    agree(tab, table_graph(second))


AWKWARD: list[Callable[[Value, Value], Value]] = [
    lambda a, b: relu(a) * b.log(),
    lambda a, b: maximum(a, b) / a,
    lambda a, b: leaky_relu(a - b).sqrt(),
    lambda a, b: (a - a) * b.log(),
    lambda a, b: abs(a) ** b,
    lambda a, b: a**2 + b**0.0,
]


def at(function: Callable[[Value, Value], Value], x: float, y: float) -> Value:
    root = function(Value(x, "a"), Value(y, "b"))
    root.backward()
    return root


@pytest.mark.parametrize("function", AWKWARD)
def test_awkward_points(function: Callable[[Value, Value], Value], opened: Opened) -> None:
    tab = opened(inspect(at(function, 0.7, 1.3)))
    places = {node.label: place for place, (node, _) in enumerate(walk(at(function, 0.7, 1.3))) if node.label}
    for x, y in ((0.0, 0.0), (-1.0, 0.0), (0.0, 2.0), (-2.0, -1.0), (1.0, 1.0), (math.inf, -math.inf)):
        follow(tab, f"#n{places['a']}={x!r}&n{places['b']}={y!r}".replace("inf", "Infinity"))
        agree(tab, at(function, x, y))


# -------------------------------------------------------------------------------------------------- what cannot be


@pytest.mark.parametrize(
    "make",
    [
        graphs.tensors,
        lambda: primitive(lambda x: math.cos(x))(math.sin)(Value(1.0, "x")),  # not written in ordinary arithmetic
        lambda: [Value(1.0, "x") * 2.0, Value(2.0, "y") * 3.0],
    ],
)
def test_where_nothing_can_be_computed_there_are_no_controls(make: Callable[[], Any], opened: Opened) -> None:
    tab = opened(inspect(make()))
    tab.locator("#graph .box").first.click()
    assert tab.is_hidden("#whatif")
    assert tab.is_hidden("#descent")


def test_a_choice_that_was_made_is_said_to_stay(opened: Opened) -> None:
    x = Value(2.0, "x")
    y = where(x > 0, x * 3.0, x)
    y.backward()
    tab = opened(inspect(y))
    choose(tab, "n0")
    assert "stays as it was made" in tab.inner_text("#whatif")


def test_a_users_own_primitive_computes_too(opened: Opened) -> None:
    cube = primitive(lambda x: 3 * x * x)(lambda x: x * x * x)
    x = Value(2.0, "x")
    y = cube(x)
    y.backward()
    tab = opened(inspect(y))
    set_leaf(tab, "n0", "3")
    assert shown(tab) == {"n0": (3.0, 27.0), "n1": (27.0, 1.0)}


def test_a_hostile_name_of_a_primitive_runs_nothing(opened: Opened) -> None:
    def evil(x: float) -> float:
        return x * x

    evil.__name__ = '"]};alert(1);//</script>'
    x = Value(2.0, "x")
    y = primitive(lambda x: 2 * x)(evil)(x)
    y.backward()
    tab = opened(inspect(y))
    set_leaf(tab, "n0", "3")
    assert shown(tab)["n1"] == (9.0, 1.0)


def test_what_was_there_before_this_backward_stays(opened: Opened) -> None:
    w = parameter(Value(2.0, "w"))
    (w * 5.0).backward()
    loss = w * w
    loss.backward()
    tab = opened(inspect(loss))
    set_leaf(tab, "n0", "3")
    assert shown(tab)["n0"] == (3.0, 6.0 + 5.0)


def test_a_tensor_page_is_not_live() -> None:
    t = Tensor([1.0, 2.0], "t")
    out = (t * t).sum()
    out.backward()
    assert "LIVE" not in inspect(out).html  # packed; nothing of it in the open


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_leaf_that_is_no_finite_number_can_be_moved(number: float, opened: Opened) -> None:
    y = Value(number, "x") * 2.0
    y.label = "y"
    y.backward()
    tab = opened(inspect(y))
    show(tab, "values") if tab.is_visible("#level") else None
    choose(tab, place_of(y, "x"))
    assert tab.locator("#whatif .dial button").all_inner_texts() == ["−0.1", "+0.1"]
    assert "NaN" not in tab.locator("#whatif .plot-svg").text_content()
    tab.locator("#whatif .dial button").last.click()
    assert tab.input_value("#leaf") == "0.1"
    assert tab.text_content("#n0 .numbers").startswith("0.1")


def test_what_a_hurry_leaves_out_is_made_good(opened: Opened) -> None:
    def made(number: float) -> Value:
        model = MLP(3, [6, 6, 1], activation="tanh", seed=3)
        first = model.parameters()[0]
        first.data = number
        loss = (model([0.5, -1.0, 2.0]) - 0.25) ** 2
        loss.label = "loss"
        loss.backward()
        return loss

    loss = made(0.1)
    tab = opened(inspect(loss))
    show(tab, "values")
    assert tab.locator("#graph .box").count() > 150
    where = next(k for k, (node, _) in enumerate(walk(loss)) if node.data == 0.1)
    tab.evaluate(
        "document.getElementById('graph').dispatchEvent(new WheelEvent('wheel', {deltaY: -900, bubbles: true}))"
    )
    told = "[...document.querySelectorAll('#graph .box')].map((box) => [box.id, box.textContent, box.ariaLabel])"
    before = tab.evaluate(told)
    follow(tab, f"#n{where}=1.7&show={tab.input_value('#level')}")
    fresh = opened(inspect(made(1.7)))
    show(fresh, "values")
    wanted = fresh.evaluate(told)
    assert wanted != before
    until(tab, f"document.getElementById('n{where}').ariaLabel.includes('1.7')")
    assert tab.evaluate(told) == wanted
