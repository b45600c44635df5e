"""Trainings that fail for one known reason, and trainings that work, as people write them: for `examine`.

Each is a function that gives the model, the loss, the batch and the options of `examine`. The reason is the check that
is to come first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor
from nn import MLP, mse

Array = Any
SetUp = tuple[Any, Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def relu(z: Array) -> Array:
    return np.maximum(0, z)


def data(n: int = 40, d: int = 3, seed: int = 0) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    return X, np.tanh(X @ rng.normal(size=(d, 1)))


def blobs(n: int = 45, k: int = 3, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % k
    return 2.5 * rng.normal(size=(k, 2))[labels] + 0.4 * rng.normal(size=(n, 2)), labels


def weights(*sizes: int, scale: float | None = None, seed: int = 2) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    found = {}
    for k, (a, b) in enumerate(itertools.pairwise(sizes), start=1):
        found[f"W{k}"] = rng.normal(size=(a, b)) * (np.sqrt(1.0 / a) if scale is None else scale)
        found[f"b{k}"] = np.zeros(b)
    return found


def network(activation: Any, output: Any = lambda z: z, half: float = 1.0) -> Callable[..., Any]:
    def loss(p: Any, X: Array, Y: Array) -> Any:
        a, depth = X, len(p) // 2
        for k in range(1, depth + 1):
            z = a @ p[f"W{k}"] + p[f"b{k}"]
            a = activation(z) if k < depth else output(z)
        return half * ((a - Y) ** 2).mean()

    return loss


def cross_entropy(p: Any, X: Array, labels: Array) -> Any:
    z = np.tanh(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(labels)), labels].mean()


def plain_softmax(p: Any, X: Array, T: Array) -> Any:
    """Without the largest logit subtracted, as in many first classifiers; T is one-hot."""
    e = np.exp(relu(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"])
    return -(T * np.log(e / e.sum(axis=1, keepdims=True))).sum() / len(X)


def binary(p: Any, X: Array, y: Array) -> Any:
    q = sigmoid(X @ p["w"] + p["b"])
    return -(y * np.log(q) + (1 - y) * np.log(1 - q)).mean()


def line(p: Any, X: Array, y: Array) -> Any:
    return ((X @ p["w"] + p["b"] - y) ** 2).mean()


# ------------------------------------------------------------------------------------------- that fail


def regression_on_large_inputs() -> SetUp:
    X = 100 * np.random.default_rng(3).normal(size=(30, 2))
    return {"w": np.zeros(2), "b": np.zeros(1)}, line, (X, X @ np.array([1.0, 2.0])), {"lr": 0.01, "steps": 500}


def rate_far_too_large() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh), (X, Y), {"lr": 30.0, "steps": 500}


def rate_too_large_without_steps() -> SetUp:
    X, Y = data(60, 5)
    return weights(5, 16, 1), network(relu), (X, Y), {"lr": 8.0}


def rate_too_small() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh), (X, Y), {"lr": 1e-5, "steps": 1000}


def rate_too_small_for_classes() -> SetUp:
    X, labels = blobs()
    return weights(2, 8, 3), cross_entropy, (X, labels), {"lr": 1e-4, "steps": 200}


def too_few_steps_on_values() -> SetUp:
    X, Y = data(20, 2)
    y = Y[:, 0]

    def loss(model: MLP, X: Array, y: Array) -> Any:
        return mse([model(row) for row in X.tolist()], y)

    return MLP(2, [4, 1], activation="tanh", seed=0), loss, (X, y), {"lr": 1e-4, "steps": 100}


def rate_too_large_on_values() -> SetUp:
    model, loss, batch, _ = too_few_steps_on_values()
    return model, loss, batch, {"lr": 20.0, "steps": 100}


def pixels() -> SetUp:
    rng = np.random.default_rng(4)
    labels = np.arange(40) % 2
    X = np.clip(rng.integers(0, 256, size=(40, 16)) * 0.4 + 120 * (labels[:, None] == np.arange(16) % 2), 0, 255)
    return weights(16, 8, 2), plain_softmax, (X.astype(np.uint8), np.eye(2)[labels]), {"lr": 0.1, "steps": 300}


def columns_of_very_different_size() -> SetUp:
    rng = np.random.default_rng(5)
    X = np.stack([rng.uniform(0, 1, 50), rng.uniform(1000, 3000, 50)], axis=1)  # rooms and square feet, say
    y = 2 * X[:, 0] + (X[:, 1] - 2000) / 500
    return {"w": np.zeros(2), "b": np.zeros(1)}, line, (X, y), {"lr": 1e-7, "steps": 2000}


def years() -> SetUp:
    X = np.arange(1960, 2020, dtype=float)[:, None]
    y = np.sin((X[:, 0] - 1990) / 15)
    return weights(1, 8, 1), network(np.tanh), (X, y[:, None]), {"lr": 0.1, "steps": 1000}


def targets_of_shape_n() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh), (X, Y.ravel()), {"lr": 0.1, "steps": 500}


def predictions_of_shape_n() -> SetUp:
    X = np.random.default_rng(6).normal(size=(30, 2))
    y = X @ np.array([[1.0], [-2.0]])
    return {"w": np.zeros(2), "b": np.zeros(1)}, line, (X, y), {"lr": 0.1, "steps": 200}


def zeros_with_relu() -> SetUp:
    X, Y = data()
    zeros = {name: np.zeros_like(block) for name, block in weights(3, 8, 1).items()}
    return zeros, network(relu), (X, Y), {"lr": 0.1, "steps": 500}


def all_weights_alike() -> SetUp:
    rng = np.random.default_rng(7)
    X = rng.normal(size=(60, 2))
    Y = np.tanh(3 * X[:, :1]) * np.tanh(3 * X[:, 1:])
    alike = {name: np.full_like(block, 0.5) for name, block in weights(2, 8, 1).items()}
    return alike, network(np.tanh), (X, Y), {"lr": 0.3, "steps": 3000}


def weights_from_a_wide_normal() -> SetUp:
    X, Y = data(60, 8)
    return weights(8, 6, 6, 6, 1, scale=10.0), network(sigmoid), (X, Y), {"lr": 0.1, "steps": 1000}


def a_deep_network_of_small_weights() -> SetUp:
    X, Y = data()
    return weights(3, 10, 10, 10, 10, 1, scale=0.01), network(np.tanh), (X, Y), {"lr": 0.1, "steps": 500}


def dead_from_the_start() -> SetUp:
    X, Y = data()
    p = weights(3, 8, 1)
    return {**p, "b1": np.full(8, -30.0)}, network(relu), (X, Y), {"lr": 0.1, "steps": 500}


def targets_outside_a_sigmoid() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh, sigmoid), (X, 10 + 5 * Y), {"lr": 0.1, "steps": 500}


def negative_targets_of_a_relu() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh, relu), (X, Y - 2), {"lr": 0.1, "steps": 500}


def constant_targets() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh), (X, np.ones_like(Y)), {"lr": 0.1, "steps": 500}


def one_class_only() -> SetUp:
    X, labels = blobs()
    return weights(2, 8, 3), cross_entropy, (X, np.zeros_like(labels)), {"lr": 0.1, "steps": 200}


def labels_shuffled_apart() -> SetUp:
    X, Y = data(120, 2)
    y = np.random.default_rng(8).permutation(Y[:, 0])
    return {"w": np.zeros(2), "b": np.zeros(1)}, line, (X, y), {"lr": 0.1, "steps": 500}


def classes_shuffled_apart() -> SetUp:
    X, labels = blobs(120)
    labels = np.random.default_rng(9).permutation(labels)
    return weights(2, 4, 3), cross_entropy, (X, labels), {"lr": 0.05, "steps": 200}


def prices() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh), (X, 300_000 + 80_000 * Y), {"lr": 0.05, "steps": 1000}


def gradients_that_add_up() -> SetUp:
    X, Y = data()
    p, loss = weights(3, 8, 1), network(np.tanh)
    leaves = {name: Tensor(block, name) for name, block in p.items()}
    for _ in range(3):
        loss(leaves, X, Y).backward()
    held = {name: leaf.grad.copy() for name, leaf in leaves.items()}
    return p, loss, (X, Y), {"lr": 0.1, "steps": 500, "gradients": held}


def in_sorted_order() -> SetUp:
    X = np.linspace(0, 1, 200)[:, None]
    rng = np.random.default_rng(10)
    p = {"W1": rng.normal(size=(1, 3)), "W2": rng.normal(size=(3, 3)), "W3": rng.normal(size=(3, 1))}

    def loss(p: Any, X: Array, Y: Array) -> Any:
        return 0.5 * ((sigmoid(sigmoid(X @ p["W1"]) @ p["W2"]) @ p["W3"] - Y) ** 2).mean()

    return p, loss, (X, X**2), {"lr": 1.0, "steps": 2000, "batch_size": 1}


def portions_in_sorted_order() -> SetUp:
    X = np.linspace(-2, 2, 240)[:, None]
    return weights(1, 10, 1), network(np.tanh), (X, np.sin(2 * X)), {"lr": 0.1, "steps": 3000, "batch_size": 4}


def missing_values() -> SetUp:
    X, Y = data()
    X[3, 1] = np.nan
    return weights(3, 8, 1), network(np.tanh), (X, Y), {"lr": 0.1, "steps": 500}


def a_layer_left_out() -> SetUp:
    X, Y = data()

    def loss(p: Any, X: Array, Y: Array) -> Any:
        h = np.tanh(X @ p["W1"] + p["b1"])
        np.tanh(h @ p["W2"] + p["b2"])  # meant to be the next h
        return ((h @ p["W3"] + p["b3"] - Y) ** 2).mean()

    return weights(3, 8, 8, 1), loss, (X, Y), {"lr": 0.1, "steps": 500}


FAILING: dict[Callable[[], SetUp], tuple[str, ...]] = {
    regression_on_large_inputs: ("learning rate too large",),
    rate_far_too_large: ("learning rate too large",),
    rate_too_large_without_steps: ("learning rate too large",),
    rate_too_small: ("learning rate too small",),
    rate_too_small_for_classes: ("learning rate too small",),
    too_few_steps_on_values: ("learning rate too small",),
    rate_too_large_on_values: ("learning rate too large",),
    pixels: ("inputs not scaled",),
    columns_of_very_different_size: ("inputs not scaled",),
    years: ("inputs not scaled",),
    targets_of_shape_n: ("shapes that broadcast",),
    predictions_of_shape_n: ("shapes that broadcast",),
    zeros_with_relu: ("initialisation",),
    all_weights_alike: ("initialisation",),
    weights_from_a_wide_normal: ("initialisation", "saturation"),
    a_deep_network_of_small_weights: ("initialisation",),
    dead_from_the_start: ("initialisation", "dead relu"),
    targets_outside_a_sigmoid: ("targets out of reach",),
    negative_targets_of_a_relu: ("targets out of reach",),
    constant_targets: ("constant targets",),
    one_class_only: ("constant targets",),
    labels_shuffled_apart: ("targets unrelated to inputs",),
    classes_shuffled_apart: ("targets unrelated to inputs",),
    prices: ("targets not scaled",),
    gradients_that_add_up: ("gradients not set to zero",),
    in_sorted_order: ("order of the samples",),
    portions_in_sorted_order: ("order of the samples",),
    missing_values: ("data not finite",),
    a_layer_left_out: ("no gradient",),
}
"""The reasons that may come first, by training."""


# ------------------------------------------------------------------------------------------- that work


def line_through_points() -> SetUp:
    X = np.random.default_rng(20).normal(size=(30, 2))
    y = X @ np.array([1.0, 2.0]) + 0.5
    return {"w": np.zeros(2), "b": np.zeros(1)}, line, (X, y), {"lr": 0.1, "steps": 300}


def noisy_line() -> SetUp:
    rng = np.random.default_rng(21)
    X = rng.normal(size=(80, 1))
    y = 0.7 * X[:, 0] + rng.normal(size=80)
    return {"w": np.zeros(1), "b": np.zeros(1)}, line, (X, y), {"lr": 0.1, "steps": 300}


def small_network() -> SetUp:
    X, Y = data()
    return weights(3, 8, 1), network(np.tanh), (X, Y), {"lr": 0.2, "steps": 2000}


def relu_network_with_some_dead_units() -> SetUp:
    X, Y = data(60)
    p = weights(3, 24, 1)
    p["b1"][:2] = -20.0
    return p, network(relu), (X, Y), {"lr": 0.1, "steps": 2000}


def classifier() -> SetUp:
    X, labels = blobs()
    return weights(2, 8, 3), cross_entropy, (X, labels), {"lr": 0.5, "steps": 500}


def trained_classifier_on_one_hot() -> SetUp:
    """Large logits against 0 and 1: far from them, and right."""
    X, labels = blobs(90)
    rng = np.random.default_rng(22)
    p = {"W1": rng.normal(size=(2, 16)), "b1": np.zeros(16), "W2": 0.3 * rng.normal(size=(16, 3)), "b2": np.zeros(3)}
    return p, plain_softmax, (X, np.eye(3)[labels]), {"lr": 0.3, "steps": 1000}


def logistic() -> SetUp:
    X, labels = blobs(60, 2)
    return {"w": np.zeros(2), "b": np.zeros(1)}, binary, (X, labels.astype(float)), {"lr": 0.5, "steps": 500}


def sorted_samples_all_at_once() -> SetUp:
    X = np.linspace(-1, 1, 50)[:, None]
    return weights(1, 10, 1), network(np.tanh), (X, X**2), {"lr": 0.2, "steps": 5000}


def shuffled_one_by_one() -> SetUp:
    X, Y = data(60)
    return weights(3, 8, 1), network(np.tanh), (X, Y), {"lr": 0.05, "steps": 1200, "batch_size": 1}


def xor_on_values() -> SetUp:
    X = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])

    def loss(model: MLP, X: Array, y: Array) -> Any:
        return mse([model(row) for row in X.tolist()], y)

    return MLP(2, [6, 1], activation="tanh", seed=3), loss, (X, -X[:, 0] * X[:, 1]), {"lr": 0.2, "steps": 300}


def list_of_layers() -> SetUp:
    X, Y = data()
    p = weights(3, 8, 1)

    def loss(layers: Any, X: Array, Y: Array) -> Any:
        (W, b), (V, c) = layers
        return ((np.tanh(X @ W + b) @ V + c - Y) ** 2).mean()

    return [(p["W1"], p["b1"]), (p["W2"], p["b2"])], loss, (X, Y), {"lr": 0.2, "steps": 2000}


def parabola_with_sigmoids() -> SetUp:
    X = np.random.default_rng(23).uniform(0, 1, size=(100, 1))
    return weights(1, 6, 1, scale=3.0), network(sigmoid, half=0.5), (X, X**2), {"lr": 1.0, "steps": 10_000}


WORKING = (
    line_through_points, noisy_line, small_network, relu_network_with_some_dead_units, classifier,
    trained_classifier_on_one_hot, logistic, sorted_samples_all_at_once, shuffled_one_by_one, xor_on_values,
    list_of_layers, parabola_with_sigmoids,
)  # fmt: skip
