"""Programs written for micrograd run with the import changed, and give micrograd's numbers."""

import random

import numpy as np
import pytest

from autograd import Value
from nn import MLP, Layer, Neuron


def moons(count, noise=0.1):
    """Two interleaved half circles, as the classic data set, with labels -1 and 1."""
    rng = np.random.default_rng(0)
    angle = np.linspace(0, np.pi, count // 2)
    outer = np.c_[np.cos(angle), np.sin(angle)]
    inner = np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)]
    X = np.r_[outer, inner] + rng.normal(0, noise, (count, 2))
    return X, np.repeat([-1, 1], count // 2)


def test_the_demo_learns():
    np.random.seed(1337)
    random.seed(1337)
    X, y = moons(20)
    model = MLP(2, [8, 8, 1])
    assert "MLP" in str(model)
    assert len(model.parameters()) == 105

    def loss(batch_size=None):
        if batch_size is None:
            Xb, yb = X, y
        else:
            chosen = np.random.permutation(X.shape[0])[:batch_size]
            Xb, yb = X[chosen], y[chosen]
        inputs = [list(map(Value, row)) for row in Xb]
        scores = list(map(model, inputs))
        losses = [(1 + -yi * si).relu() for yi, si in zip(yb, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        alpha = 1e-4
        reg_loss = alpha * sum(p * p for p in model.parameters())
        hits = [(yi > 0) == (si.data > 0) for yi, si in zip(yb, scores, strict=True)]
        return data_loss + reg_loss, sum(hits) / len(hits)

    first, _ = loss(10)
    for k in range(60):
        total, _ = loss()
        model.zero_grad()
        total.backward()
        learning_rate = 0.5 - 0.4 * k / 60
        for p in model.parameters():
            p.data -= learning_rate * p.grad
    last, accuracy = loss()
    assert last.data < 0.5 * first.data
    assert accuracy >= 0.9


def test_the_readme_example():
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_the_same_seed_gives_micrograds_network():
    theirs = pytest.importorskip("micrograd.nn")
    random.seed(1337)
    other = theirs.MLP(2, [4, 3, 1])
    random.seed(1337)
    model = MLP(2, [4, 3, 1])
    assert [p.data for p in model.parameters()] == [p.data for p in other.parameters()]
    for x in ([0.5, -1.5], [2.0, 1.0]):
        mine, its = model(x), other(x)
        assert mine.data == its.data
        mine.backward()
        its.backward()
    assert [p.grad for p in model.parameters()] == pytest.approx([p.grad for p in other.parameters()], rel=1e-12)


def test_attributes():
    model = MLP(2, [3, 1])
    layer = model.layers[0]
    neuron = layer.neurons[0]
    assert (type(layer), type(neuron), len(neuron.w), neuron.b.data, neuron.nonlin) == (Layer, Neuron, 2, 0.0, True)
