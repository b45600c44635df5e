"""Layers of arrays: shapes, first weights, modes, seeds, names, gradients by differences, and what is refused."""

import copy
import pickle
import random

import numpy as np
import pytest

import nn
from autograd import OperandError, ShapeError, Tensor, Value, data, gradcheck, no_grad, values
from nn import (
    GELU,
    MLP,
    Dropout,
    Embedding,
    Flatten,
    Layer,
    LayerNorm,
    LeakyReLU,
    Linear,
    Module,
    ReLU,
    Sequential,
    SettingError,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    StateError,
    Tanh,
)

X = np.array([[0.5, -1.0, 2.0], [0.0, 0.25, -3.0]])


def network(seed=0):
    rng = random.Random(seed)
    return Sequential(Linear(3, 4, seed=rng), Tanh(), Linear(4, 2, seed=rng))


# ------------------------------------------------------------------------------------------------ one Module for both


def test_names_shapes_and_roles():
    model = network()
    assert [(name, p.shape) for name, p in model.named_parameters()] == [
        ("0.weight", (4, 3)),
        ("0.bias", (4,)),
        ("2.weight", (2, 4)),
        ("2.bias", (2,)),
    ]
    assert {p.kind for p in model.parameters()} == {"parameter"}
    assert [p.label for p in model.parameters()] == ["weight", "bias", "weight", "bias"]
    assert model(X).scope == ("Sequential", "2")


def test_scalars_and_arrays_in_one_module():
    class Both(Module):
        def __init__(self):
            self.scale, self.inner = Value(2.0), Linear(3, 1, seed=0)

    both = Both()
    state = both.state_dict()
    assert list(state) == ["scale", "inner.weight", "inner.bias"]
    assert type(state["scale"]) is float
    assert state["inner.weight"].shape == (1, 3)
    state["inner.weight"] += 1.0  # a copy
    assert not np.array_equal(both.inner.weight.data, state["inner.weight"])
    both.load_state_dict(state)
    assert np.array_equal(both.inner.weight.data, state["inner.weight"])
    with pytest.raises(StateError, match=r"inner.weight has shape \(3, 1\) in the state and \(1, 3\) here"):
        both.load_state_dict({**state, "inner.weight": np.ones((3, 1))})


def test_tensors_in_attributes_are_parameters_and_notes_and_results_are_not():
    class Noting(Module):
        def __init__(self):
            self.W, self.some = Tensor(np.ones((2, 2))), [Tensor(np.zeros(2), "mine")]

        def forward(self, x):
            self.seen = Tensor(x)
            self.hidden = self.seen @ self.W
            return self.hidden + self.some[0]

    module = Noting()
    module(np.ones((1, 2))).sum().backward()
    assert [(name, p.label) for name, p in module.named_parameters()] == [("W", "W"), ("some.0", "mine")]
    assert module.W.grad.tolist() == [[1, 1], [1, 1]]
    module.zero_grad()
    assert module.W.grad.tolist() == [[0, 0], [0, 0]]
    assert repr(module) == "Noting(W, some[1])"


def test_copies_and_pickles():
    model = Sequential(Linear(3, 2), Dropout(0.5, seed=1), LayerNorm(2))
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin(X).data == pytest.approx(copy.deepcopy(model)(X).data)
        assert not {id(p) for p in twin.parameters()} & {id(p) for p in model.parameters()}
        assert {p.kind for p in twin.parameters()} == {"parameter"}


# ------------------------------------------------------------------------------------------------------------- Linear


def test_linear_is_x_times_weight_transposed_plus_bias():
    layer = Linear(3, 2, seed=0)
    expected = X @ layer.weight.data.T + layer.bias.data
    assert layer(X).data == pytest.approx(expected)
    assert layer(X.tolist()).data == pytest.approx(expected)
    assert layer(X[0]).data == pytest.approx(expected[0])
    assert layer(np.stack([X, X])).shape == (2, 2, 2)
    assert layer(Tensor(X)).data == pytest.approx(expected)
    bare = Linear(3, 2, bias=False, seed=0)
    assert bare(X).data == pytest.approx(expected - layer.bias.data)
    assert [name for name, _ in bare.named_parameters()] == ["weight"]


def test_first_weights_are_those_of_pytorch():
    layer = Linear(25, 4000, seed=3)
    for array in (layer.weight.data, layer.bias.data):
        assert 0.19 < np.abs(array).max() <= 0.2  # 1 / sqrt(25)
        assert array.std() == pytest.approx(0.2 / np.sqrt(3), rel=0.03)
        assert abs(array.mean()) < 0.01
    assert Embedding(200, 100, seed=0).weight.data.std() == pytest.approx(1, rel=0.03)
    norm = LayerNorm((2, 3))
    assert norm.weight.data.tolist() == np.ones((2, 3)).tolist()
    assert norm.bias.data.tolist() == np.zeros((2, 3)).tolist()


def test_init_by_name_and_by_function():
    assert not Linear(3, 2, init="zeros").weight.data.any()
    wide = Linear(100, 300, init=nn.init.xavier_normal(), seed=0)
    assert wide.weight.data.std() == pytest.approx(np.sqrt(2 / 400), rel=0.03)
    asked = []
    layer = Linear(3, 2, init=lambda source, fan_in, fan_out: asked.append((fan_in, fan_out)) or len(asked))
    assert layer.weight.data.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert set(asked) == {(3, 2)}
    array = nn.init.kaiming_normal().array((50, 400), fan_in=50, seed=1, dtype=np.float32)
    assert array.dtype == np.float32
    assert array.std() == pytest.approx(np.sqrt(2 / 50), rel=0.03)
    assert nn.init.constant(3.0).array(()) == 3.0


def test_seeds():
    assert np.array_equal(Linear(3, 2, seed=4).weight.data, Linear(3, 2, seed=4).weight.data)
    assert not np.array_equal(Linear(3, 2).weight.data, Linear(3, 2).weight.data)
    nn.manual_seed(5)
    first = [Linear(3, 2).weight.data, Dropout(0.5)(np.ones(50))]
    nn.manual_seed(5)
    again = [Linear(3, 2).weight.data, Dropout(0.5)(np.ones(50))]
    assert all(map(np.array_equal, first, again))


def test_float32_stays_float32():
    model = Sequential(
        Linear(3, 4, dtype=np.float32), LayerNorm(4, dtype=np.float32), GELU(), Dropout(0.5), Linear(4, 2, dtype="f4")
    )
    loss = nn.cross_entropy(model(X), [0, 1])  # X is float64
    assert loss.dtype == np.float32
    loss.backward()
    nn.Adam(model.parameters()).step()
    assert {p.data.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert Embedding(3, 2, dtype=np.float32)([0]).dtype == np.float32


# ----------------------------------------------------------------------------------------------------- the other layers


@pytest.mark.parametrize(
    "module",
    [
        Linear(3, 2, seed=0), LayerNorm(3), LayerNorm((2, 3), bias=False), LayerNorm(3, elementwise_affine=False),
        Softmax(), Softmax(dim=0), GELU(), SiLU(), Tanh(), Sigmoid(), Softplus(), Softplus(beta=3.0), LeakyReLU(0.2),
        network(), Flatten(), Dropout(1.0),
    ],
    ids=repr,
)  # fmt: skip
def test_gradients(module):
    weights = np.arange(6.0).reshape(2, 3)[:, : np.shape(module(X))[1]]
    assert gradcheck(lambda x: (module(x) * weights).sum(), (X + 0.01,))
    for leaf in module.parameters():
        kept = leaf.data

        def loss(new, leaf=leaf, module=module):
            held = leaf.data
            leaf.data = new.data if isinstance(new, Tensor) else new
            try:
                return float((module(X) * weights).sum())
            finally:
                leaf.data = held

        module.zero_grad()
        (module(X) * weights).sum().backward()
        numerical = np.zeros(leaf.shape)
        for place in np.ndindex(leaf.shape):
            step = np.zeros(leaf.shape)
            step[place] = 1e-6
            numerical[place] = (loss(kept + step) - loss(kept - step)) / 2e-6
        assert leaf.grad == pytest.approx(numerical, rel=1e-6, abs=1e-8)


def test_layer_norm_has_mean_0_and_variance_1():
    out = LayerNorm(3, eps=0.0)(X).data
    assert out.mean(axis=1) == pytest.approx([0, 0], abs=1e-15)
    assert out.var(axis=1) == pytest.approx([1, 1])
    assert LayerNorm((2, 3))(X).data.mean() == pytest.approx(0, abs=1e-15)
    assert repr(LayerNorm(3)) == "LayerNorm((3,), eps=1e-05, elementwise_affine=True)"


def test_embedding_adds_the_gradients_of_a_row_taken_twice():
    table = Embedding(4, 2, seed=0)
    out = table([[1, 3, 1]])
    assert out.shape == (1, 3, 2)
    assert np.array_equal(out.data[0, 0], table.weight.data[1])
    (out * np.array([[1.0], [10.0], [100.0]])).sum().backward()
    assert table.weight.grad.tolist() == [[0, 0], [101, 101], [0, 0], [10, 10]]
    assert table([]).shape == (0, 2)
    assert table(np.array(2)).shape == (2,)
    assert repr(table) == "Embedding(4, 2)"


def test_dropout():
    layer = Dropout(0.25, seed=0)
    x = np.ones((100, 100))
    out = layer(x)
    assert set(np.unique(out)) == {0.0, 1 / 0.75}
    assert out.mean() == pytest.approx(1, rel=0.02)
    assert not np.array_equal(layer(x), out)  # another choice each time
    assert np.array_equal(Dropout(0.25, seed=0)(x), out)
    assert layer.eval()(x) is x
    assert not Dropout(1.0)(x).any()
    assert Dropout(0.0)(x) is x
    t = Tensor(x)
    dropped = Dropout(0.5, seed=1)(t)
    dropped.sum().backward()
    assert np.array_equal(t.grad, dropped.data)
    row = Dropout(0.5, seed=2)([Value(1.0) for _ in range(20)])
    assert {v.data for v in row} == {0.0, 2.0}


def test_modes_reach_every_part():
    model = Sequential(Linear(3, 3, seed=0), Dropout(0.5, seed=0))
    assert not np.array_equal(model(X).data, model(X).data)
    model.eval()
    assert np.array_equal(model(X).data, model(X).data)


def test_flatten():
    pictures = np.zeros((5, 2, 3, 4))
    assert Flatten()(pictures).shape == (5, 24)
    assert Flatten(start_dim=-2)(Tensor(pictures)).shape == (5, 2, 12)
    assert Flatten(0, 1)(pictures).shape == (10, 3, 4)
    assert Flatten()(np.zeros((0, 2, 2))).shape == (0, 4)


@pytest.mark.parametrize("module", [ReLU(), LeakyReLU(0.5), Tanh(), Softplus(2.0), Softmax(), GELU()], ids=repr)
def test_activations_take_values_lists_arrays_and_tensors(module):
    expected = module(X[0])
    assert module(Tensor(X[0])).data == pytest.approx(expected)
    assert [v.data for v in module([Value(x) for x in X[0]])] == pytest.approx(expected)
    assert data(module(values(X[0]))) == pytest.approx(expected)
    if not isinstance(module, Softmax):
        assert module(Value(0.5)).data == pytest.approx(module(0.5))


def test_softmax_and_relatives_along_an_axis():
    for numbers in (X, Tensor(X), values(X)):
        for axis in (0, 1, -1):
            probabilities = nn.softmax(numbers, axis)
            plain = probabilities.data if isinstance(numbers, Tensor) else data(probabilities)
            assert plain == pytest.approx(np.exp(X) / np.exp(X).sum(axis=axis, keepdims=True), rel=1e-14)
            total = nn.logsumexp(numbers, axis)
            plain = total.data if isinstance(numbers, Tensor) else data(total)
            assert plain == pytest.approx(np.log(np.exp(X).sum(axis=axis)), rel=1e-14)
    with pytest.raises(ShapeError, match="softmax takes a list, an array or a Tensor of scores, got float"):
        nn.softmax(3.0)


# ---------------------------------------------------------------------------------------------------------- Sequential


def test_sequential_is_a_list_of_modules():
    model = network()
    assert len(model) == 3
    assert [type(module) for module in model] == [Linear, Tanh, Linear]
    assert model[-1] is model[2]
    assert model[:2](X).shape == (2, 4)
    assert [name for name, _ in model[1:].named_parameters()] == ["2.weight", "2.bias"]
    with pytest.raises(IndexError):
        model[3]
    named = Sequential({"first": Linear(3, 2), "second": ReLU()})
    assert [name for name, _ in named.named_parameters()] == ["first.weight", "first.bias"]
    twice = Tanh()
    assert Sequential(twice, twice)(X) == pytest.approx(np.tanh(np.tanh(X)))
    assert Sequential()(3.0) == 3.0
    assert repr(Sequential(ReLU(), ReLU(), Linear(1, 2))) == (
        "Sequential(\n  (0-1): 2 x ReLU()\n  (2): Linear(in_features=1, out_features=2, bias=True)\n)"
    )


def test_sequential_of_scalar_layers():
    model = Sequential(Layer(2, 3, activation=None, seed=0), Tanh(), Layer(3, 1, activation=None, seed=1))
    out = model([0.5, -0.5])
    assert isinstance(out, Value)
    assert len(model.parameters()) == 13


# ---------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Linear(3, 2)(np.ones((5, 4))), ShapeError, r"expects inputs of shape \(..., 3\), got \(5, 4\)"),
        (lambda: Linear(3, 2)(1.0), ShapeError, r"expects inputs of shape \(..., 3\), got \(\)"),
        (lambda: Linear(3, 2)(values(X)), OperandError, "takes a Tensor or an array of numbers, got dtype object; for"),
        (lambda: Linear(1, 2)(Value(1.0)), OperandError, "got Value; for Values there are Layer and MLP"),
        (lambda: Linear(3, 2)(["a"] * 3), OperandError, "got dtype <U1"),
        (lambda: Linear(0, 2), SettingError, "in_features is a whole number from 1 up"),
        (lambda: Linear(2, 2.5), SettingError, "out_features is a whole number from 1 up"),
        (lambda: Linear(2, 2, init="odd"), SettingError, "there is no init 'odd'"),
        (lambda: Embedding(3, 2)([0.5]), OperandError, r"by whole numbers, got dtype float64: use .astype\(int\)"),
        (lambda: Embedding(3, 2)([0, 3]), ShapeError, "has the rows 0 to 2, got 3"),
        (lambda: Embedding(3, 2)([-1, 2]), ShapeError, "has the rows 0 to 2, got -1"),
        (lambda: LayerNorm(3)(np.ones((2, 4))), ShapeError, r"whose last axes are \(3,\), got \(2, 4\)"),
        (lambda: LayerNorm((2, 3))(np.ones(3)), ShapeError, r"whose last axes are \(2, 3\), got \(3,\)"),
        (lambda: Dropout(1.5), SettingError, "p is a probability between 0 and 1, got 1.5"),
        (lambda: Softplus(0), SettingError, "beta is above 0, got 0"),
        (lambda: Flatten()(np.ones(3)), ShapeError, r"does not fit an input of shape \(3,\)"),
        (lambda: Sequential(Linear(2, 2), ReLU), SettingError, r"got <class .*ReLU'> at 1; write ReLU\(\)"),
        (lambda: Sequential(np.tanh), SettingError, "write a class with forward"),
        (lambda: Sequential({"eval": ReLU()}), SettingError, "cannot be named 'eval'"),
        (lambda: MLP(2, [1])(Tensor(X)), ShapeError, "MLP"),
    ],
)
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_without_a_graph():
    with no_grad():
        out = network()(X)
    assert out.is_leaf
