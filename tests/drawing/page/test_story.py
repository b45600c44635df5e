"""What a page tells, and how it is put together; no browser is needed here."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, Value, compare_gradients, draw, inspect, values, walk
from autograd.drawing import render
from autograd.drawing.page import gradients
from autograd.errors import OperandError
from autograd.tensor.node import ArrayNode
from autograd.value.value import results_below

from . import graphs


def told(page: Any) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="story">(.*?)</script>', page.html, re.DOTALL)
    assert found is not None
    story = json.loads(found[1])
    assert isinstance(story, dict)
    return story


def policy(page: Any) -> str:
    found = re.search(r'http-equiv="Content-Security-Policy" content="(.*?)"', page.html)
    assert found is not None
    return found[1]


def test_the_order_is_that_of_backward_over_values() -> None:
    loss = graphs.neuron()
    names = {id(node): f"n{place}" for place, (node, _) in enumerate(walk(loss))}
    assert told(inspect(loss))["backward"] == [names[id(node)] for node in results_below(loss)]


def test_the_order_is_that_of_backward_over_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = graphs.tensors()
    names = {id(node): f"n{place}" for place, (node, _) in enumerate(walk(loss))}
    visited: list[str] = []
    slot = ArrayNode.reached  # backward says of every node it comes to that it was there

    def come_to(node: Any, value: bool) -> None:
        if node.operands:
            visited.append(names[id(node)])
        slot.__set__(node, value)

    story = told(inspect(loss))
    monkeypatch.setattr(Tensor, "reached", property(slot.__get__, come_to), raising=False)
    loss.backward()
    assert story["backward"] == visited


def test_every_number_is_the_engines() -> None:
    loss = graphs.neuron()
    story = told(inspect(loss))
    for (node, _), shown in zip(walk(loss), story["nodes"], strict=True):
        assert shown["value"] == node.data
        assert shown.get("grad") == (None if node.kind == "constant" else node.grad)
    edges = {edge["id"]: edge for edge in story["edges"]}
    for place, (node, operands) in enumerate(walk(loss)):
        for slot, (operand, partial) in enumerate(zip(operands, node.partials, strict=True)):
            edge = edges[f"e{place}_{slot}"]
            if operand.kind == "constant":
                assert edge["constant"]
            else:
                assert (edge["partial"], edge["flow"]) == (partial, partial * node.grad)


def test_what_came_from_an_earlier_backward_is_told() -> None:
    w = Value(2.0, "w")
    (w * 5.0).backward()
    loss = w * 3.0
    loss.backward()
    (told_w,) = [node for node in told(inspect(loss))["nodes"] if node.get("label") == "w"]
    assert (told_w["grad"], told_w["before"]) == (8.0, 5.0)


def test_not_a_number_is_no_invalid_json() -> None:
    loss = Value(math.inf, "x") * Value(0.0, "zero")
    loss.backward()
    values = [node["value"] for node in told(inspect(loss))["nodes"]]
    assert values == ["inf", 0.0, "nan"]


def test_a_graph_without_backward_has_no_gradients() -> None:
    story = told(inspect(graphs.neuron(backward=False)))
    assert story["backward"] == []
    assert not any("grad" in node for node in story["nodes"])
    assert "backward() has not been called" in story["notes"][0]


def test_the_sums_of_a_tensor_graph_end_at_its_gradients() -> None:
    loss = graphs.tensors()
    story = told(inspect(loss))
    last = {}
    order = {name: place for place, name in enumerate(story["backward"])}
    for edge in sorted(story["edges"], key=lambda edge: (order[edge["head"]], edge["slot"])):
        if "after" in edge:
            last[edge["tail"]] = edge["after"]
    sizes = {
        node["id"]: node["grad"]["size"] if isinstance(node["grad"], dict) else abs(node["grad"])
        for node in story["nodes"]
        if "grad" in node
    }
    for name, after in last.items():
        size = after["size"] if isinstance(after, dict) else abs(after)
        assert size == pytest.approx(sizes[name], rel=1e-12)


def test_nothing_a_label_holds_ends_the_data() -> None:
    hostile = "</script><script>alert(1)</script><!--"
    x = Value(1.0, hostile)
    html = inspect(x * 2.0, title=hostile).html
    assert "alert(1)</script>" not in html.replace("&lt;/script&gt;", "")
    assert html.count("</script>") == html.count("<script") == 4


def test_the_policy_names_every_script_by_its_hash() -> None:
    page = inspect(graphs.neuron())
    (loader,) = re.findall(r'<script type="module">(.*?)</script>', page.html, re.DOTALL)
    packed = re.findall(r'<script type="text/plain" id="(?:style|script)">(.*?)</script>', page.html, re.DOTALL)
    unpacked = [gzip.decompress(base64.b64decode(part)).decode() for part in packed]
    assert len(unpacked) == 2
    assert "<style" not in page.html
    assert not re.search(r' (style|on[a-z]+)="', page.html)
    for text in (loader, *unpacked):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy(page)
    assert "default-src 'none'" in policy(page)
    assert "unsafe-inline" not in policy(page)
    assert "'unsafe-eval'" not in policy(page)


def test_sizes() -> None:
    loss = graphs.network([2, 1], inputs=1)
    assert len(walk(loss)) == 25
    assert len(inspect(graphs.neuron()).html) < 70_000
    assert len(inspect(loss).html) < 80_000
    assert inspect(loss, viz=True).html == inspect(loss, viz=False).html  # no layout library any more


def test_the_page_is_the_same_every_time() -> None:
    assert inspect(graphs.neuron()).html == inspect(graphs.neuron()).html


def test_a_picture_becomes_a_page() -> None:
    assert 'id="story"' in draw(graphs.neuron()).to_html()


def test_the_file_is_written(tmp_path: Any) -> None:
    file = tmp_path / "deep" / "page.html"
    page = inspect(graphs.neuron(), file)
    assert file.read_text(encoding="utf-8") == page.html


@pytest.mark.parametrize("wrong", [3.0, None, "loss", [], lambda x: x])
def test_what_is_no_graph_is_refused(wrong: Any) -> None:
    with pytest.raises(OperandError):
        inspect(wrong)


def test_two_gradients_are_told_together() -> None:
    w, x = Value(2.0, "w"), Value(3.0, "x")
    loss = w * x
    loss.backward()
    story = told(compare_gradients(loss, {"w": -3.0, x: 2.0}, names=("mine", "right")))
    assert story["compare"] == {
        "names": ["mine", "right"],
        "nodes": {"n0": -3.0, "n1": 2.0},
        "gaps": {"n0": -6.0, "n1": 0.0},
    }


def test_the_gradients_of_two_steps_are_told_together() -> None:
    before = gradients(graphs.neuron())
    later = graphs.neuron()
    story = told(compare_gradients(later, before))
    assert story["compare"]["nodes"]["n0"] == walk(later)[0][0].grad


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("weight", r"'weight' is not in the graph: keys are its Values, or their labels"),
        ("a", r"2 values of the graph are labelled 'a': give the Value itself as the key"),
    ],
)
def test_a_name_that_does_not_fit_is_refused(key: str, message: str) -> None:
    with pytest.raises(OperandError, match=message):
        compare_gradients(Value(1.0, "a") * Value(2.0, "a"), {key: 1.0})


def test_a_notebook_keeps_the_picture_where_scripts_do_not_run() -> None:
    bundle = inspect(graphs.neuron())._repr_mimebundle_()
    before, script = bundle["text/html"].split("<script>")
    assert before.startswith("<div")
    if render.can_render():
        assert "data:image/svg+xml;base64" in before
    assert script.count("</script>") == 1
    assert "sandbox=" in script


def test_a_tensor_page_says_shapes() -> None:
    loss = graphs.tensors()
    assert isinstance(loss, Tensor)
    story = told(inspect(loss))
    (weights,) = [node for node in story["nodes"] if node.get("label") == "W"]
    assert weights["value"]["short"] == "(4, 3)"


def test_gradients_of_arrays_are_compared_too() -> None:
    loss = graphs.tensors()
    W = next(node for node, _ in walk(loss) if node.label == "W")
    page = compare_gradients(loss, {"W": W.grad * 2, "X": 0 * next(n for n, _ in walk(loss) if n.label == "X").grad})
    story = told(page)
    place = next(place for place, (node, _) in enumerate(walk(loss)) if node is W)
    assert story["compare"]["gaps"][f"n{place}"] == pytest.approx(np.linalg.norm(W.grad))
    assert story["headline"]["text"].startswith("2 of 2 gradients differ, most of all that of ")
    assert all(gap == 0 for gap in told(compare_gradients(loss, gradients(loss)))["compare"]["gaps"].values())
    with pytest.raises(
        OperandError, match=r"the gradient of 'W' has shape \(4, 3\), as it has itself; yours has shape"
    ):
        compare_gradients(loss, {"W": W.grad.T})


def test_a_comparison_says_how_many_differ() -> None:
    loss = graphs.network([3, 3, 1])
    right = {node: node.grad for node, _ in walk(loss) if node.kind == "parameter"}
    assert told(compare_gradients(loss, right))["headline"]["text"] == "All 22 gradients agree."
    worst = max(right, key=lambda node: abs(node.grad))
    story = told(compare_gradients(loss, {**right, worst: -worst.grad}))["headline"]
    assert story["text"].startswith("1 of 22 gradients differ, most of all that of layers.")
    assert story["about"] == f"n{[node for node, _ in walk(loss)].index(worst)}"
    assert "NaN" in told(compare_gradients(loss, {**right, worst: float("nan")}))["headline"]["text"]


@pytest.mark.parametrize("given", [None, "3", [1.0, None], [[1.0], [2.0, 3.0]], {}])
def test_a_gradient_to_compare_with_that_is_no_number_is_refused(given: object) -> None:
    w = Value(2.0, "w")
    loss = w * 3.0
    loss.backward()
    with pytest.raises(OperandError, match="is a number or an array of numbers, got"):
        compare_gradients(loss, {"w": given})
    with pytest.raises(OperandError, match="is a mapping"):
        compare_gradients(loss, [given])  # type: ignore[arg-type]
    with pytest.raises(OperandError, match="is not in the graph"):
        compare_gradients(loss, {77: 1.0})


def test_a_title_is_cleaned() -> None:
    page = inspect(Value(1.0, "\ud800x") * 2.0, title="a\0\ud800</title>\u202eb")
    assert page.title == "a</title>b"
    assert "<title>a&lt;/title&gt;b</title>" in page.html.encode("utf-8").decode("utf-8")


def test_the_headline_names_one_number_and_not_its_array() -> None:
    w = values(np.array([0.5, -2.0]), label="W")
    root = w[0] * 3.0 + w[1] * 5.0
    root.backward()
    assert "largest is that of W[1]: 5." in told(inspect(root))["headline"]["text"]
    nameless = Value(0.5) * 3.0
    nameless.backward()
    assert "largest is that of an input without a name: 3." in told(inspect(nameless))["headline"]["text"]
