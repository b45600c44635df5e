"""Neuron, Layer and MLP: what they compute, what they accept, and what they say to wrong input."""

import itertools
import operator
import random
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import OperandError, ShapeError, Value, data, grads, primitive, tanh, values
from nn import MLP, Layer, Neuron, SettingError
from nn.activations import ROWS, activation_names


def numpy_forward(model, x, hidden, output=lambda z: z):
    a = np.asarray(x, dtype=float)
    for place, layer in enumerate(model.layers):
        W = np.array([data(neuron.w) for neuron in layer.neurons])
        b = np.array([0.0 if neuron.b is None else neuron.b.data for neuron in layer.neurons])
        a = W @ a + b
        a = output(a) if place == len(model.layers) - 1 else hidden(a)
    return a


@pytest.mark.parametrize("bias", [True, False])
def test_a_network_computes_what_numpy_computes(bias):
    model = MLP(3, [4, 5, 2], "tanh", bias, seed=7)
    for each in model.parameters():
        each.data += 0.1  # biases too
    x = [0.3, -1.2, 2.0]
    assert data(model(x)) == pytest.approx(numpy_forward(model, x, np.tanh), rel=1e-12)


def test_defaults_are_micrograds():
    model = MLP(2, [3, 1], seed=0)
    assert [neuron.activation for layer in model.layers for neuron in layer.neurons] == ["relu"] * 3 + ["linear"]
    assert [neuron.nonlin for layer in model.layers for neuron in layer.neurons] == [True] * 3 + [False]
    assert all(-1 <= w.data <= 1 for layer in model.layers for neuron in layer.neurons for w in neuron.w)
    assert all(neuron.b.data == 0.0 for layer in model.layers for neuron in layer.neurons)
    assert isinstance(model([1.0, 2.0]), Value)
    assert isinstance(MLP(2, [3, 2])([1.0, 2.0]), list)
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)


def test_labels_are_short():
    neuron = Neuron(2)
    assert [p.label for p in neuron.parameters()] == ["w0", "w1", "b"]


def test_without_bias():
    neuron = Neuron(2, "linear", bias=False)
    assert neuron.b is None
    assert len(neuron.parameters()) == 2
    out = neuron([3.0, 4.0])
    assert out.data == neuron.w[0].data * 3 + neuron.w[1].data * 4
    assert repr(neuron) == "Neuron(2, linear, bias=False)"
    assert Neuron(1, "linear", bias=False)([2.0]).op == "multiply"  # nothing is added to nothing


@pytest.mark.parametrize(
    "x",
    [
        [1.0, -2.0],
        (1, -2),
        np.array([1.0, -2.0]),
        np.array([1, -2]),
        values([1.0, -2.0]),
        [Value(1.0), -2.0],
        range(1, -3, -3),
        map(float, ["1", "-2"]),
        [np.float32(1), np.int64(-2)],
    ],
    ids=lambda x: type(x).__name__,
)
def test_inputs_of_every_kind(x):
    for module in (Neuron(2, "linear", seed=1), Layer(2, 1, activation="linear", seed=1), MLP(2, [1], seed=1)):
        first, second = (w.data for w in module.parameters()[:2])
        given_x = list(x) if isinstance(x, map) else x
        assert module(given_x).data == pytest.approx(first - 2 * second)
        x = given_x


def test_gradients_reach_inputs_and_parameters():
    x = values([0.5, -0.5])
    neuron = Neuron(2, "linear", seed=1)
    neuron(x).backward()
    assert grads(x).tolist() == [w.data for w in neuron.w]
    assert [w.grad for w in neuron.w] == [0.5, -0.5]
    assert neuron.b.grad == 1.0


@pytest.mark.parametrize("x", [2.0, 2, np.float64(2), np.array(2.0), Value(2.0)])
def test_one_input_may_come_without_brackets(x):
    model = MLP(1, [1, 1, 1], seed=1)  # and layers of one neuron pass a bare Value on
    assert model(x).data == model([2.0]).data


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([1.0], "expects 2 inputs, got 1"),
        ([1.0, 2.0, 3.0], "expects 2 inputs, got 3"),
        ([], "expects 2 inputs, got 0"),
        (1.0, "expects 2 inputs, got 1"),
        (np.ones(3), "expects 2 inputs, got 3"),
        (np.ones((5, 2)), r"takes one sample at a time, got an array of shape \(5, 2\); write \[model\(row\)"),
        ([[1, 2], [3, 4], [5, 6]], r"got 3; it takes one sample at a time: \[model\(row\) for row in X\]"),
        ("ab", "expects a list of numbers or Values, got str"),
        (None, "expects a list of numbers or Values, got NoneType"),
        ({1.0, 2.0}, "expects a list of numbers or Values, got set"),
        ({"a": 1, "b": 2}, "expects a list of numbers or Values, got dict"),
    ],
)
@pytest.mark.parametrize("module", [Neuron(2), Layer(2, 2), MLP(2, [2, 1])], ids=lambda m: type(m).__name__)
def test_wrong_inputs(module, x, message):
    with pytest.raises(ShapeError, match=type(module).__name__ + " .*" + message):
        module(x)


def test_one_expected_input_is_not_plural():
    with pytest.raises(ShapeError, match=r"^Neuron expects 1 input, got 2; write model\(\[x0\]\)$"):
        Neuron(1)([1.0, 2.0])


@pytest.mark.parametrize("x", [["a", 1.0], [None, 1.0], [1j, 1.0]])
def test_inputs_that_are_no_numbers(x):
    with pytest.raises(OperandError):
        Neuron(2)(x)


# ------------------------------------------------------------------------------------------------ activations


def test_every_name_is_the_row_of_the_table():
    assert {"linear", "relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "softplus"} <= set(activation_names())
    for name in activation_names():
        neuron = Neuron(1, name)
        neuron.w[0].data = 0.7
        expected = 0.7 if name == "linear" else ROWS[name](0.7)
        assert neuron([1.0]).data == pytest.approx(expected, rel=1e-14, nan_ok=True), name
        assert neuron.activation == name


def test_an_activation_may_be_a_function_a_primitive_or_a_module():
    @primitive(lambda x: 3 * x * x)
    def cube(x):
        return x * x * x

    class Slope(nn.Module):
        def __init__(self):
            self.slope = Value(0.5)

        def forward(self, x):
            return x * self.slope

    assert Neuron(1, cube).activation == "cube"
    assert Neuron(1, tanh, seed=1)([1.0]).data == Neuron(1, "tanh", seed=1)([1.0]).data
    assert repr(Neuron(1, lambda x: x * 2)) == "Neuron(1, <lambda>)"
    assert Neuron(1, partial(operator.mul, 2)).activation == "partial"
    neuron = Neuron(1, Slope())
    assert len(neuron.parameters()) == 3
    assert neuron([1.0]).data == neuron.w[0].data * 0.5
    assert neuron([1.0]).scope == ("Neuron", "_activate")


def test_unknown_activations():
    with pytest.raises(
        SettingError, match=r"there is no activation 'sigmod' \(did you mean 'sigmoid'\?\); there are linear"
    ):
        MLP(1, [2, 1], "sigmod")
    with pytest.raises(SettingError, match="there is no activation 'sigmod'"):
        MLP(2, [1], "sigmod")  # no layer has it: the only one is the last
    with pytest.raises(SettingError, match=r"there is no activation 'qqq'; there are linear, .*relu.*function of one"):
        Neuron(1, "qqq")
    with pytest.raises(SettingError, match="'multiply'"):  # two operands
        Neuron(1, "multiply")
    with pytest.raises(SettingError, match="a name, a function or None, got int 3"):
        Neuron(1, 3)


def test_micrograds_nonlin():
    assert Neuron(1, nonlin=False).activation == "linear"
    assert Neuron(1, nonlin=True).activation == "relu"
    assert Neuron(1, False).activation == "linear"
    assert Neuron(1, True).activation == "relu"
    assert Layer(1, 2, nonlin=False).neurons[0].activation == "linear"
    assert Neuron(1, "tanh", nonlin=False).activation == "linear"


def test_output_activation():
    model = MLP(1, [2, 1], "relu", output="sigmoid", seed=2)
    assert 0 < model([1.0]).data < 1
    assert model.layers[-1].neurons[0].activation == "sigmoid"


# -------------------------------------------------------------------------------------- seeds and settings


def test_a_seed_makes_weights_reproducible_whatever_the_global_state():
    random.seed(1)
    one = MLP(2, [3, 1], seed=1337).state_dict()
    state = random.getstate()
    random.seed(2)
    assert MLP(2, [3, 1], seed=np.int64(1337)).state_dict() == one
    assert MLP(2, [3, 1], seed=random.Random(1337)).state_dict() == one
    assert MLP(2, [3, 1], seed=1).state_dict() != one
    random.setstate(state)
    before = random.getstate()
    MLP(2, [3, 1], seed=1337)
    assert random.getstate() == before


def test_without_a_seed_pythons_random_decides():
    random.seed(1337)
    one = MLP(2, [3, 1]).state_dict()
    random.seed(1337)
    assert MLP(2, [3, 1]).state_dict() == one
    assert MLP(2, [3, 1]).state_dict() != one
    assert MLP(2, [3, 1], seed=1337).state_dict() == one


@pytest.mark.parametrize("seed", ["1337", 1.5, [1]])
def test_wrong_seeds(seed):
    with pytest.raises(SettingError, match=r"a seed is a whole number, a random\.Random or None"):
        MLP(1, [1], seed=seed)


@pytest.mark.parametrize("nin", [0, -1, 1.0, "2", None, True])
def test_wrong_sizes(nin):
    for make in (Neuron, lambda n: Layer(n, 1), lambda n: Layer(1, n), lambda n: MLP(n, [1]), lambda n: MLP(1, [n])):
        with pytest.raises(SettingError, match="is a whole number from 1 up, got"):
            make(nin)


@pytest.mark.parametrize("nouts", [3, [], "31", None])
def test_wrong_lists_of_sizes(nouts):
    with pytest.raises(SettingError, match=r"nouts lists the neurons of each layer, such as \[16, 16, 1\]"):
        MLP(1, nouts)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4), st.integers(1, 3), st.booleans())
def test_number_of_parameters(nouts, nin, bias):
    sizes = [nin, *nouts]
    expected = sum((a + bias) * b for a, b in itertools.pairwise(sizes))
    model = MLP(nin, nouts, bias=bias, seed=0)
    assert len(model.parameters()) == len(model.named_parameters()) == len(model.state_dict()) == expected
