"""A picture can be read at the width of a page: every network of up to 60 values, whoever wrote it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from functools import reduce as fold
from typing import Any

import numpy as np
import pytest

from autograd import Value, draw, parameter, values, walk
from autograd.drawing.neurons import neurons
from autograd.drawing.view import MOST_AT_ONCE
from nn import MLP
from tests.drawing.reading import read

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot")
PIXELS = 828  # the width of a notebook's cell, and of a README


def network(sizes: list[int], inputs: int = 1, penalty: bool = False, samples: int = 1) -> Value:
    model = MLP(inputs, sizes, activation="sigmoid", seed=3)
    rows = np.random.default_rng(0).normal(size=(samples, inputs)).tolist()
    loss = sum(((model(row) - 0.25) ** 2 for row in rows), start=Value(0.0))
    return loss + 1e-4 * sum(p * p for p in model.parameters()) if penalty else loss


def chain(length: int, step: Callable[[Any], Any]) -> Value:
    x: Any = Value(0.5, "x")
    for _ in range(length):
        x = step(x)
    return x  # type: ignore[no-any-return]


def neuron(named: bool = False) -> Value:
    x1, x2, w1, w2, b = (Value(number, name) for number, name in
                         ((2.0, "x1"), (0.0, "x2"), (-3.0, "w1"), (1.0, "w2"), (6.88, "b")))  # fmt: skip
    first, second = x1 * w1, x2 * w2
    total = first + second
    if named:  # as in micrograd's lecture
        first.label, second.label, total.label = "x1*w1", "x2*w2", "x1*w1 + x2*w2"
    return (total + b).tanh()


def recurrent(steps: int) -> Value:
    w, u, b = (parameter(Value(number, name)) for number, name in ((0.5, "w"), (-0.3, "u"), (0.1, "b")))
    h: Any = Value(0.0, "h")
    for t in range(steps):
        h = (w * h + u * Value(0.1 * t, f"x{t}") + b).tanh()
    return (h - 1) ** 2  # type: ignore[no-any-return]


def loops(sizes: list[int], numbers: bool = False) -> Value:
    """A network over plain Values, which nobody told which are weights; its inputs are Values or plain numbers."""
    h: list[Any] = [0.5 * k if numbers else Value(0.5 * k, f"x{k}") for k in range(sizes[0])]
    for k, wide in enumerate(sizes[1:]):
        new = []
        for j in range(wide):
            total: Any = Value(0.1, f"b{k}_{j}")
            for i, each in enumerate(h):
                total = total + Value(0.3 - 0.1 * i, f"w{k}_{j}{i}") * each
            new.append(total.tanh())
        h = new
    loss = (h[0] - Value(1.0, "y")) ** 2
    loss.label = "loss"
    return loss  # type: ignore[no-any-return]


def by_hand() -> Value:
    """Neurons without modules: numpy on arrays of Values."""

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    rng = np.random.default_rng(0)
    W1, W2 = values(rng.normal(size=(1, 3)), "W1"), values(rng.normal(size=(3, 2)), "W2")
    for weight in [*W1.flat, *W2.flat]:
        parameter(weight)
    a = sigmoid(W2.T @ sigmoid(W1.T @ np.array([Value(0.5, "x")])))
    return ((a - 1) ** 2).sum()  # type: ignore[no-any-return]


def softmax(count: int) -> Value:
    powers = [Value(0.3 * k, f"z{k}").exp() for k in range(count)]
    return -(powers[0] / sum(powers)).log()  # type: ignore[no-any-return]


def polynomial(degree: int) -> Value:
    x, y = Value(0.7, "x"), parameter(Value(1.0, "c0"))
    for k in range(1, degree):
        y = y * x + parameter(Value(0.1 * k, f"c{k}"))
    return y


def residual(blocks: int) -> Value:
    return chain(blocks, lambda h: h + (parameter(Value(0.5, "w")) * h).tanh())


def sigmoids(layers: int) -> Value:
    return chain(layers, lambda x: (parameter(Value(1.0, "w")) * x).sigmoid())


def roots(steps: int) -> Value:
    a = Value(2.0, "a")
    return chain(steps, lambda x: (x + a / x) * 0.5)


def cell() -> Value:
    """One step of an LSTM of single numbers."""
    x, h, c = Value(0.5, "x"), Value(0.1, "h"), Value(0.2, "c")

    def gate(name: str) -> Any:
        w, u, b = (parameter(Value(0.3, part + name)) for part in "wub")
        return w * x + u * h + b

    state = gate("f").sigmoid() * c + gate("i").sigmoid() * gate("g").tanh()
    return gate("o").sigmoid() * state.tanh()  # type: ignore[no-any-return]


NETWORKS: dict[str, Callable[[], Any]] = {
    "a value": lambda: Value(2.0, "x"),
    "a square": lambda: Value(2.0, "x") ** 2,
    "neuron": neuron,
    "neuron with names": lambda: neuron(named=True),
    "1-1": lambda: network([1]),
    "1-3-3-1": lambda: network([3, 3, 1]),
    "3-2-1": lambda: network([2, 1], 3),
    "1-2-1 with a penalty": lambda: network([2, 1], penalty=True),
    "1-2-1, two samples": lambda: network([2, 1], samples=2),
    "seven layers": lambda: network([1] * 7),
    "by hand": by_hand,
    **{f"chain of {n}": lambda n=n: chain(n, lambda x: x.tanh()) for n in (2, 3, 5, 10, 30, 59)},
    "doublings": lambda: chain(29, lambda x: x * 2.0),
    **{f"sigmoids, {n}": lambda n=n: sigmoids(n) for n in (3, 7, 19)},
    **{f"recurrent, {n}": lambda n=n: recurrent(n) for n in (2, 5, 8)},
    **{f"softmax of {n}": lambda n=n: softmax(n) for n in (2, 5, 12)},
    **{f"polynomial of {n}": lambda n=n: polynomial(n) for n in (4, 12, 19)},
    **{f"residual, {n}": lambda n=n: residual(n) for n in (4, 11)},
    **{f"Newton's roots, {n}": lambda n=n: roots(n) for n in (3, 12)},
    "LSTM": cell,
    **{f"product of {n}": lambda n=n: sum(Value(k, f"w{k}") * Value(k, f"x{k}") for k in range(n)) for n in (3, 15)},
}  # fmt: skip


@needs_dot
@pytest.mark.parametrize("differentiated", [True, False])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_small_network_can_be_read(name: str, differentiated: bool) -> None:
    root = NETWORKS[name]()
    if differentiated:
        root.backward()
    assert len(walk(root)) <= 70
    svg = draw(root).pipe("svg", encoding="utf-8")
    found = re.search(r'viewBox="0\.00 0\.00 ([\d.]+) ([\d.]+)"', svg)
    assert found is not None
    wide, high = float(found[1]), float(found[2])
    smallest = min(float(size) for size in re.findall(r'font-size="([\d.]+)"', svg))
    shown = min(1.0, PIXELS / (wide * 4 / 3))  # a point is 4/3 pixels
    assert smallest * 4 / 3 * shown >= 9
    assert wide / high <= 3


@needs_dot
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "a value"])
def test_lines_lose_nothing(name: str) -> None:
    root = NETWORKS[name]()
    root.backward()
    image = draw(root)
    found = read(image.source)
    assert {edge["id"] for _, _, edge in found.edges} == {edge.id for edge in image.drawing.edges}
    assert {box.id for box in image.drawing.boxes} <= set(found.nodes)
    repeated = set(found.nodes) - {box.id for box in image.drawing.boxes}
    assert all(found.nodes[name]["class"] == "again" for name in repeated)
    heads = {head for _, head, _ in found.edges}
    assert not heads & repeated


def test_lines_are_read_from_above() -> None:
    svg = draw(chain(12, lambda x: x.tanh())).pipe("svg", encoding="utf-8") if shutil.which("dot") else ""
    places = [re.search(rf'id="n{k}".*?points="([^"]+)"|id="n{k}".*?d="M([^C"]+)', svg, re.DOTALL) for k in range(13)]
    heights = [float((found[1] or found[2]).split(" ")[0].split(",")[1]) for found in places if found]
    assert heights == sorted(heights)


# ------------------------------------------------------------------------------------------------------------ neurons


def found_in(root: Any) -> list[str]:
    walked = walk(root)
    index = {id(node): place for place, (node, _) in enumerate(walked)}
    links = [tuple(index[id(operand)] for operand in operands) for _, operands in walked]
    nodes = [node for node, _ in walked]
    return sorted(neuron.sign for neuron in neurons(nodes, links, [()] * len(nodes), [len(nodes) - 1]))


@pytest.mark.parametrize(
    ("make", "signs"),
    [
        (neuron, ["Σ → tanh"]),
        (by_hand, [*["× → 1 / (1 + exp(−×))"] * 3, "Σ", *["Σ → 1 / (1 + exp(−Σ))"] * 2]),
        (lambda: chain(2, lambda x: (parameter(Value(1.0)) * x).sigmoid()), ["× → sigmoid"] * 2),
        (lambda: chain(3, lambda x: x.tanh()), []),
        (lambda: neuron(named=True), []),
        (lambda: (Value(1.0) * 2.0 + 1.0).tanh().sin(), []),
        (lambda: Value(1.0) + Value(2.0), []),
    ],
)
def test_what_is_a_neuron(make: Callable[[], Any], signs: list[str]) -> None:
    assert found_in(make()) == signs


def test_weights_of_plain_values_are_part_of_their_neuron() -> None:
    root = loops([2, 3, 2, 1])
    root.backward()
    shown = {box.label or box.sign for box in draw(root, depth=0).drawing.boxes}
    assert shown == {"x0", "x1", "Σ → tanh", "y", "① − ②", "loss", ""}  # "" is the 2 in the power
    numbers = loops([2, 3, 2, 1], numbers=True)
    numbers.backward()
    shown = {box.label or box.sign for box in draw(numbers, depth=0).drawing.boxes}
    assert shown == {"Σ → tanh", "y", "① − ②", "loss", ""}
    opened = draw(root, depth=1).drawing
    assert len(opened.boxes) == len(walk(root))
    assert {box.neuron for box in opened.boxes if box.label in ("b0_0", "w0_00", "w0_01")} == {
        box.neuron for box in opened.boxes if box.label == "b0_0"
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda w, b, xs: sum(((w * x + b) - 1.0) ** 2 for x in xs),  # a line through points: x is no weight of w
        lambda w, b, xs: sum(((w * x + b).sigmoid() - 1.0) ** 2 for x in xs),
        lambda w, b, xs: sum(w * x for x in xs).tanh() + b,
        lambda w, b, xs: fold(lambda h, x: (w * x + 0.5 * h + b).tanh(), xs, Value(0.0)),  # through time
        lambda w, b, xs: sum((1.0 - x * (w * w + b)).relu() for x in xs),  # the sign in a hinge loss
    ],
)
def test_data_are_no_weights(make: Callable[..., Any]) -> None:
    xs = [Value(0.1 * k, f"x{k}") for k in range(4)]
    root = make(Value(0.5, "w"), Value(0.1, "b"), xs)
    root.backward()
    assert {f"x{k}" for k in range(4)} < {box.label for box in draw(root, depth=0).drawing.boxes}


def test_a_neuron_has_the_number_of_its_result_and_a_derivative_to_each_input() -> None:
    out = neuron()
    out.backward()
    drawing = draw(out, depth=0).drawing
    (box,) = [box for box in drawing.boxes if box.kind == "neuron"]
    assert (box.sign, box.is_root) == ("Σ → tanh", True)
    assert (box.value.number, box.grad.number) == (out.data, 1.0)
    tails = {each.id: each.label for each in drawing.boxes}
    slope = 1 - out.data**2
    assert {tails[edge.tail]: edge.partial for edge in drawing.edges} == pytest.approx(
        {"x1": -3.0 * slope, "w1": 2.0 * slope, "x2": slope, "w2": 0.0, "b": slope}
    )
    assert all(edge.flow.number == pytest.approx(edge.partial) for edge in drawing.edges)


def test_an_input_that_enters_twice_has_the_sum_of_both_ways() -> None:
    x, w, v = Value(3.0, "x"), parameter(Value(2.0, "w")), parameter(Value(-1.0, "v"))
    out = (w * x + v * x).sigmoid()
    out.backward()
    (edge,) = draw(out, depth=0).drawing.edges
    assert edge.count == 2
    assert edge.partial == pytest.approx(x.grad)
    assert edge.flow.number == pytest.approx(x.grad)


# ------------------------------------------------------------------------------------------------------------- time


def tangled(count: int) -> Value:
    rng = np.random.default_rng(count)
    found: list[Any] = [Value(float(x)) for x in rng.normal(size=8)]
    for k in range(count):
        one, other = rng.integers(max(0, len(found) - 60), len(found), 2)
        found.append((found[one] * found[other]).tanh() if k % 3 else found[one] + found[other])
    return sum(found[-10:])  # type: ignore[return-value]


@pytest.mark.parametrize(
    "make",
    [
        lambda: network([6, 6, 1], 4, penalty=True),
        lambda: network([8, 8, 1], 4, penalty=True),
        lambda: network([16, 16, 1], 2, penalty=True),
        lambda: network([4, 4, 1], 2, penalty=True, samples=4),
        lambda: tangled(100),
        lambda: tangled(190),
        lambda: tangled(1000),
    ],
)
def test_a_large_graph_is_collapsed_to_what_is_laid_out_at_once(make: Callable[[], Value]) -> None:
    root = make()
    root.backward()
    picture = draw(root)
    assert len(picture.drawing.boxes) <= MOST_AT_ONCE + 1  # and what was left out
    assert picture.source.count(" -> ") <= 620  # ties between boxes included: laid out in a quarter of a second
