"""`examine`: each check raises its flag on a network made for it, and on a healthy one none does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, examine
from autograd.doctor.learning.targets import accuracy
from nn import MLP, mse
from tests.zoo import trainings as zoo
from tests.zoo.trainings import FAILING, WORKING, SetUp

Array = Any
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = np.tanh(X @ RNG.normal(size=(3, 1)))


def network(activation: Any, output: Any = lambda z: z) -> Any:
    def loss(p: dict[str, Array], X: Array, Y: Array) -> Array:
        return ((output(activation(X @ p["W1"]) @ p["W2"]) - Y) ** 2).mean()

    return loss


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def weights(scale: float = 0.5) -> dict[str, Array]:
    rng = np.random.default_rng(1)
    return {"W1": scale * rng.normal(size=(3, 6)), "W2": scale * rng.normal(size=(6, 1))}


def flags(*args: Any, **options: Any) -> set[str]:
    return {finding.check for finding in examine(*args, **options).flagged}


def test_a_healthy_network() -> None:
    p = {"W1": 0.4 * weights()["W1"], "W2": weights()["W2"]}
    for _ in range(200):  # a little trained, so that it beats the mean
        z = np.tanh(X @ p["W1"])
        delta = 2 * (z @ p["W2"] - Y) / len(X)
        p = {"W1": p["W1"] - 0.1 * X.T @ (delta @ p["W2"].T * (1 - z * z)), "W2": p["W2"] - 0.1 * z.T @ delta}
    found = examine(p, network(np.tanh), (X, Y), lr=0.05, steps=5000)
    assert found.ok, str(found)
    assert "nothing unusual" in str(found)


@pytest.mark.parametrize(
    ("check", "params", "loss", "options"),
    [
        ("learning-rate budget", weights(), network(np.tanh), {"lr": 1e-6, "steps": 10}),
        ("update : parameter", weights(), network(np.tanh), {"lr": 1e-6}),
        ("update : parameter", weights(), network(np.tanh), {"lr": 50.0}),
        ("saturation", weights(60.0), network(np.tanh), {}),
        ("saturation", weights(60.0), network(sigmoid), {}),
        ("dead relu", {**weights(), "W1": np.zeros((3, 6))}, network(lambda z: np.maximum(0, z)), {}),
        ("symmetry", {"W1": np.full((3, 6), 0.3), "W2": np.full((6, 1), 0.2)}, network(np.tanh), {}),
        ("targets out of reach", weights(), network(np.tanh, sigmoid), {}),
        ("constant predictor", weights(1e-4), network(np.tanh), {}),
        ("worse than the mean", weights(9.0), network(np.tanh), {}),
        ("numbers that are not finite", {**weights(), "W1": np.full((3, 6), np.nan)}, network(np.tanh), {}),
        ("gradient first : last", {**weights(), "W2": 1e-6 * weights()["W2"]}, network(np.tanh), {}),
    ],
)
def test_each_check_raises_its_flag(check: str, params: dict[str, Array], loss: Any, options: dict[str, Any]) -> None:
    with np.errstate(all="ignore"):
        found = examine(params, loss, (X, Y), **options)
    assert check in {finding.check for finding in found.flagged}, str(found)
    finding = next(f for f in found.flagged if f.check == check)
    assert finding.threshold
    assert finding.source
    assert check in str(found)


def test_the_targets_are_the_cause_and_come_before_the_symptom() -> None:
    found = [f.check for f in examine(weights(1e-4), network(np.tanh, sigmoid), (X, Y)).flagged]
    assert found.index("targets out of reach") < found.index("constant predictor")


def test_gradients_of_two_backwards() -> None:
    p, loss = weights(), network(np.tanh)
    fresh = examine(p, loss, (X, Y)).measured.gradients
    assert "gradients not set to zero" in flags(p, loss, (X, Y), gradients={n: 2 * g for n, g in fresh.items()})
    assert "gradients not set to zero" not in flags(p, loss, (X, Y), gradients=fresh)


def test_a_model_of_modules_and_its_own_gradients() -> None:
    model = MLP(3, [4, 1], activation="tanh", seed=0)
    y = Y[:, 0]

    def loss(model: MLP, X: Array, y: Array) -> Any:
        return mse([model(row) for row in X.tolist()], y)

    found = examine(model, loss, (X, y), lr=0.01, steps=1000)
    assert [layer.kind for layer in found.measured.layers] == ["tanh"]
    assert found.measured.layers[0].a.shape == (len(X), 4)
    assert found.measured.blocks["layers.0.w"].shape == (4, 3)
    assert all(part.grad == 0.0 for part in model.parameters())
    for _ in range(2):
        loss(model, X, y).backward()
    held = [part.grad for part in model.parameters()]
    assert "gradients not set to zero" in flags(model, loss, (X, y))
    assert [part.grad for part in model.parameters()] == held


def test_as_data_html_and_figure() -> None:
    pytest.importorskip("matplotlib")
    found = examine(weights(), network(np.tanh), (X, Y), lr=0.1, steps=100)
    assert json.loads(json.dumps(found.to_dict()))["findings"]
    assert found["saturation"].where == "after W1"
    assert "<table>" in found._repr_html_()
    assert "checks flagged" in repr(found)
    assert len(found.figure().axes) == 3
    p = weights()

    def step() -> dict[str, Array]:
        p["W1"] = 0.99 * p["W1"]
        return p

    lines = found.figure(steps=step).axes[2].get_lines()
    assert lines[0].get_ydata() == pytest.approx(np.full(50, -2.0))


def test_what_cannot_be_examined() -> None:
    with pytest.raises(OperandError, match="weights by name"):
        examine(3.0, network(np.tanh), (X, Y))


def test_a_rate_above_the_stable_one_is_found_by_trying() -> None:
    """Linear regression on inputs of 100: the curvature says which rate is stable."""
    rng = np.random.default_rng(2)
    inputs = 100 * rng.normal(size=(30, 2))
    targets = inputs @ np.array([[1.0], [2.0]])

    def squares(p: dict[str, Array], X: Array, Y: Array) -> Any:
        return ((X @ p["w"] - Y) ** 2).mean()

    start = {"w": np.zeros((2, 1))}
    found = examine(start, squares, (inputs, targets), lr=0.01).flagged[0]
    assert found.check == "learning rate too large"
    curvature = 2 * np.linalg.eigvalsh(inputs.T @ inputs / 30)[-1]
    told = float(found.message.split("2 / curvature = ")[1].split()[0])
    assert told == pytest.approx(2 / curvature, rel=0.02)
    assert not start["w"].any()
    assert "learning rate too large" not in flags(start, squares, (inputs, targets), lr=1e-5)


def test_targets_that_broadcast_against_predictions() -> None:
    found = examine(weights(), network(np.tanh), (X, Y.ravel())).flagged[0]
    assert found.check == "shapes that broadcast"
    assert f"makes {len(Y)} × {len(Y)} differences" in found.message
    assert "shapes that broadcast" not in flags(weights(), network(np.tanh), (X, Y))


LONG = (zoo.weights_from_a_wide_normal,)


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=[pytest.mark.long] if c in LONG else [], id=c.__name__) for c in FAILING]
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_reason_comes_first(case: Callable[[], SetUp]) -> None:
    model, loss, batch, options = case()
    found = examine(model, loss, batch, **options)
    assert found.flagged, str(found)
    assert found.flagged[0].check in FAILING[case], str(found)
    assert str(found.flagged[0].check) in str(found)


@pytest.mark.parametrize("case", WORKING, ids=lambda case: case.__name__)
def test_a_training_that_works_raises_no_flag(case: Callable[[], SetUp]) -> None:
    model, loss, batch, options = case()
    assert examine(model, loss, batch, **options).ok, str(examine(model, loss, batch, **options))


def test_only_one_thing_makes_the_difference() -> None:
    """The zoo's failing trainings fail for the reason they are filed under: with it mended, no flag is raised."""
    X, Y = zoo.data()
    for p, loss, batch in (
        (zoo.weights(3, 8, 1), zoo.network(np.tanh), (X, Y)),
        (zoo.weights(3, 8, 1), zoo.network(np.tanh, zoo.sigmoid), (X, 0.5 + 0.4 * Y)),
        (zoo.weights(3, 8, 1), zoo.network(zoo.relu), (X, Y)),
    ):
        found = examine(p, loss, batch, lr=0.3, steps=1000)
        assert found.ok, str(found)


def test_nothing_of_the_caller_is_changed() -> None:
    p, loss, batch, options = zoo.small_network()
    kept = [{name: block.copy() for name, block in p.items()}, [part.copy() for part in batch]]
    state = np.random.get_state()[1].copy()  # type: ignore[union-attr]
    examine(p, loss, batch, **{**options, "lr": 1e-5})
    assert all(np.array_equal(p[name], block) for name, block in kept[0].items())  # type: ignore[union-attr]
    assert all(np.array_equal(part, before) for part, before in zip(batch, kept[1], strict=True))
    assert np.array_equal(np.random.get_state()[1], state)
    model, loss, batch, options = zoo.too_few_steps_on_values()
    before = [part.data for part in model.parameters()]
    examine(model, loss, batch, **options)
    assert [part.data for part in model.parameters()] == before


def test_where_exp_overflows_and_their_numbers_are_finite_nothing_is_nan() -> None:
    p = {**zoo.weights(3, 8, 1), "b1": np.full(8, -800.0)}
    with np.errstate(all="ignore"):
        found = examine(p, zoo.network(zoo.sigmoid), (X, Y), lr=0.1, steps=100)
    assert "numbers that are not finite" not in {finding.check for finding in found.flagged}
    assert all(np.all(np.isfinite(g)) for g in found.measured.gradients.values())


def test_what_classes_are_is_read_from_values() -> None:
    logits = np.array([[9.0, -9.0], [-4.0, 5.0], [1.0, 0.0]])
    assert accuracy(np.eye(2)[[0, 1, 1]], logits) == pytest.approx((2 / 3, 2 / 3))
    assert accuracy(np.array([0, 1, 0]), logits) == pytest.approx((1.0, 2 / 3))
    assert accuracy(np.array([1.0, -1.0]), np.array([3.0, -0.2])) == pytest.approx((1.0, 0.5))
    assert accuracy(np.array([1.0, 0.0]), np.array([0.9, 0.4])) == pytest.approx((1.0, 0.5))
    assert accuracy(np.array([1.0, 0.0]), np.array([2.0, -0.4])) == pytest.approx((1.0, 0.5))
    assert accuracy(np.array([1.5, 0.0]), np.array([2.0, -0.4])) is None
