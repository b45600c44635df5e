"""A layer computes all its neurons at once: the graph, and the names in it, are those of one neuron after the other."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, detect_anomaly, no_grad, scope, walk
from nn import Layer, Neuron, Sequential


class Doubled(Neuron):
    def forward(self, x: Any) -> Any:
        return 2 * super().forward(x)


def nothing(layer: Layer) -> None:
    pass


def an_own_activation(layer: Layer) -> None:
    layer.neurons[1]._activate = lambda z: z * z.sigmoid()


def a_subclass(layer: Layer) -> None:
    layer.neurons[1] = Doubled(2, "tanh", seed=5)


def a_forward_of_one_neuron(layer: Layer) -> None:
    layer.neurons[0].forward = lambda x: x[0] + Value(3.0)


def no_bias(layer: Layer) -> None:
    layer.neurons[2].b = None


def other_weights(layer: Layer) -> None:
    layer.neurons[1].w = (Value(1.0, "u"), Value(2.0, "v"))


def a_weight_in_two_places(layer: Layer) -> None:
    layer.neurons[1].w[0] = layer.neurons[0].w[0]


def one_neuron_less(layer: Layer) -> None:
    layer.neurons.pop()


def one_neuron_more(layer: Layer) -> None:
    layer.neurons.append(Neuron(2, "tanh", seed=7))


def another_order(layer: Layer) -> None:
    layer.neurons.reverse()


def another_name(layer: Layer) -> None:
    layer.label = "first"


def another_number(layer: Layer) -> None:
    layer.neurons[1].w[1].data = 5.0


def a_nought_with_another_sign(layer: Layer) -> None:
    layer.neurons[0].b = None
    layer.neurons[0].w[0].data = layer.neurons[0].w[1].data = 0.0
    layer([0.5, 1.0])
    layer.neurons[0].w[0].data = layer.neurons[0].w[1].data = -0.0


def no_number(layer: Layer) -> None:
    layer.neurons[1].w[1].data = math.nan


def another_weight_in_its_place(layer: Layer) -> None:
    layer.neurons[1].w[1] = Value(layer.neurons[1].w[1].data, "u")


def a_plain_number_in_its_place(layer: Layer) -> None:
    layer.neurons[1].w[1] = 3


def one_weight_more(layer: Layer) -> None:
    for neuron in layer.neurons:
        neuron.w.append(Value(0.0))
        neuron.w.pop(0)


def loaded(layer: Layer) -> None:
    layer.load_state_dict(Layer(2, 3, seed=3).state_dict())


def learned(layer: Layer) -> None:
    loss = sum(out * out for out in layer([1.0, 2.0]))
    loss.backward()
    for p in layer.parameters():
        p.data -= 0.1 * p.grad


CHANGES = [
    nothing, another_number, a_nought_with_another_sign, no_number, another_weight_in_its_place, one_weight_more,
    a_plain_number_in_its_place, loaded, learned, one_neuron_less, one_neuron_more, another_order, another_name,
    an_own_activation, a_subclass, a_forward_of_one_neuron, no_bias, other_weights, a_weight_in_two_places,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("activation", ["tanh", "relu", "linear", autograd.softplus, lambda z: z * z])
@pytest.mark.parametrize("x", [[0.5, -1.0], [Value(0.5, "x"), 2], [np.float64(1.5), np.float32(2.0)]])
def test_a_layer_gives_what_its_neurons_give(change: Callable[[Layer], None], activation: Any, x: list[Any]) -> None:
    """Also the same graph, with the same names, whatever has been done to a neuron."""
    layer = Layer(2, 3, activation=activation, seed=1)
    layer(x)  # what it finds out about its neurons holds until one of them changes
    change(layer)
    together, layer._at_once = layer(x), lambda x: []  # type: ignore[method-assign]
    one_by_one = layer(x)
    for mine, theirs in zip(together, one_by_one, strict=True):
        (a, b) = ([(n.op, n.data.hex(), n.label, n.scope) for n, _ in walk(each)] for each in (mine, theirs))
        assert a == b


@pytest.mark.parametrize("switch", [no_grad, detect_anomaly, lambda: scope("outside")])
def test_a_layer_under_a_switch(switch: Callable[[], Any]) -> None:
    layer = Layer(2, 3, activation="tanh", seed=1)
    with switch():
        together = layer([0.5, -1.0])
        layer._at_once = lambda x: []  # type: ignore[method-assign]
        one_by_one = layer([0.5, -1.0])
    for mine, theirs in zip(together, one_by_one, strict=True):
        (a, b) = ([(n.op, n.data, n.scope) for n, _ in walk(each)] for each in (mine, theirs))
        assert a == b


def test_a_forward_that_was_put_into_the_class_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Neuron, "forward", lambda self, x: self.b + 7.0)
    assert [out.data for out in Layer(2, 2, seed=1)([1.0, 2.0])] == [7.0, 7.0]


def test_a_layer_of_another_network_and_its_copies_give_their_own_names() -> None:
    layer = Layer(2, 2, seed=1)
    layer([1.0, 2.0])
    outer = Sequential(layer)
    for made, first in [(outer, "Sequential"), (layer, "Layer"), (copy.deepcopy(outer), "Sequential")]:
        assert {out.scope[0] for out in made([1.0, 2.0])} == {first}
    twin = copy.deepcopy(layer)
    twin.neurons[0].w[0].data = 5.0
    assert twin([1.0, 0.0])[0].data != layer([1.0, 0.0])[0].data


def test_the_weights_are_read_once_until_one_of_them_changes() -> None:
    layer = Layer(2, 3, seed=1)
    layer([1.0, 2.0])
    rows: Any = layer._plan.affine.rows  # type: ignore[union-attr]
    before = rows[:]
    layer([3.0, Value(4.0)])
    assert all(a is b for a, b in zip(rows, before, strict=True))
    layer.neurons[1].w[0].data += 1.0
    layer([1.0, 2.0])
    assert [a is b for a, b in zip(rows, before, strict=True)] == [True, False, True]


def test_a_graph_keeps_the_weights_it_was_computed_with() -> None:
    layer = Layer(2, 1, activation="linear", seed=1)
    (w, _), x = layer.neurons[0].w, Value(0.5)
    before, out = w.data, layer([x, 1.0])
    w.data = 7.0
    layer([x, 1.0]).backward()
    assert x.grad == 7.0
    out.backward()
    assert x.grad == 7.0 + before
