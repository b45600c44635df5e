"""A layer of neurons is an equation: where it is one, and where it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, draw, inspect, parameter, scope
from autograd.drawing import neurons
from autograd.drawing.gather import Reading
from nn import MLP
from tests.drawing.page.test_story import told
from tests.drawing.test_page_width import network


def found(root: Any) -> dict[str, str]:
    return {".".join(path[1:]): equation for path, equation in Reading([root]).equations.items()}


THREE = {
    "layers.0": "sigmoid(x @ W + b), W 2 × 4",
    "layers.1": "sigmoid(x @ W + b), W 4 × 3",
    "layers.2": "x @ W + b, W 3 × 1",
}


@pytest.mark.parametrize(
    "make",
    [
        lambda: network([4, 3, 1], 2),
        lambda: network([4, 3, 1], 2, penalty=True),  # the weights are used elsewhere too
        lambda: network([4, 3, 1], 2, samples=3),
        lambda: MLP(2, [4, 3, 1], "sigmoid", seed=1)([Value(0.5, "x0"), Value(1.0, "x1")]),
    ],
)
def test_a_layer_is_an_equation(make: Callable[[], Any]) -> None:
    assert found(make()) == THREE


def layer(write: Callable[[int, list[Value], list[Value]], Any]) -> Value:
    xs = [Value(0.5, "x0"), Value(-1.0, "x1")]
    outputs = []
    for k in range(2):
        ws = [parameter(Value(0.1 * (k + j), f"w{j}")) for j in range(3)]
        with scope("net", "layer", f"unit{k}"):
            outputs.append(write(k, ws, xs))
    return outputs[0] * outputs[1]  # type: ignore[no-any-return]


TIED = parameter(Value(0.7, "w"))


@pytest.mark.parametrize(
    ("write", "equation"),
    [
        (lambda k, ws, xs: (ws[0] * xs[0] + ws[1] * xs[1] + ws[2]).tanh(), "tanh(x @ W + b), W 2 × 2"),
        (lambda k, ws, xs: xs[0] * ws[0] + ws[1] * xs[1], "x @ W, W 2 × 2"),
        (lambda k, ws, xs: (ws[0] * xs[0] + ws[1] * xs[1] + 1.0).tanh(), None),  # a number is added
        (lambda k, ws, xs: (ws[0] * xs[0] - ws[1] * xs[1] + ws[2]).tanh(), None),  # a minus
        (lambda k, ws, xs: (ws[0] * xs[0] + ws[1] * xs[0] + ws[2]).tanh(), None),  # an input twice
        (lambda k, ws, xs: (ws[0] * xs[k] + ws[1] * 2.0 + ws[2]).tanh(), None),  # each its own input
        (lambda k, ws, xs: (TIED * xs[0] + TIED * xs[1] + ws[2]).tanh(), None),  # one weight for all
        (lambda k, ws, xs: (ws[0] * xs[0] + ws[1] * ws[2]).tanh(), None),  # two weights multiplied
        (lambda k, ws, xs: (ws[0] * xs[0] + ws[1] * xs[1] + ws[2]).tanh().exp(), None),  # more than a neuron
        (lambda k, ws, xs: [Value.tanh, Value.relu][k](ws[0] * xs[0] + ws[1] * xs[1]), None),  # two activations
        (lambda k, ws, xs: ws[0] * xs[0] - ws[1] * xs[1], None),
        (lambda k, ws, xs: (ws[0] * xs[0] + ws[1] * xs[1] + xs[0]).tanh(), None),  # an input is added
    ],
)  # fmt: skip
def test_what_is_an_equation(write: Callable[[int, list[Value], list[Value]], Any], equation: str | None) -> None:
    assert found(layer(write)).get("layer") == equation


def test_it_stands_in_the_box() -> None:
    root = network([4, 3, 1], 2)
    root.backward()
    assert r"layers.0\nsigmoid(x @ W + b), W 2 × 4\n12 parameters" in draw(root, depth=1).source
    modules = {module["name"]: module.get("equation", "") for module in told(inspect(root))["modules"]}
    assert {name: text for name, text in modules.items() if text} == THREE


def test_a_long_chain_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [0]
    was = neurons._Search._is_part

    def counted(self: Any, user: int, operand: int) -> bool:
        asked[0] += 1
        return was(self, user, operand)

    monkeypatch.setattr(neurons._Search, "_is_part", counted)
    x: Any = Value(0.5, "x")
    for _ in range(400):
        x = x * 1.5 + 0.25
    Reading([x])
    assert asked[0] < 20 * 800
