"""fit(compile=True): what eager training does, step for step; the optimisers on the flat vector of a compiled step."""

import numpy as np
import pytest

from autograd import Tensor, Value, compile
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    Dropout,
    Linear,
    Module,
    ReLU,
    Sequential,
    SettingError,
    Tanh,
    cross_entropy,
    fit,
    hinge,
    mse,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
SIGNS, CLASSES = np.sign(X[:, 0] * X[:, 1]), RNG.integers(0, 3, 40)


def numbers(model):
    return np.concatenate([np.ravel(p.data) for p in model.parameters()])


def both(make, targets, loss, **options):
    """The parameters after training and the history: eager, then compiled."""
    out = []
    for compiled in (False, True):
        model = make()
        history = fit(
            model, (X, targets), loss, **{"epochs": 4, "batch_size": 7, "seed": 0, "progress": False, **options},
            compile=compiled, validation=(X[:9], targets[:9]),
        )  # fmt: skip
        out.append((numbers(model), history))
    return out


@pytest.mark.parametrize(
    ("outputs", "targets", "loss"),
    [
        (1, SIGNS, mse),
        (1, SIGNS, hinge),
        (3, CLASSES, cross_entropy),
        (3, np.eye(3)[CLASSES], cross_entropy),
        (3, np.eye(3)[CLASSES], mse),
    ],
)
@pytest.mark.parametrize("carrier", ["scalars", "arrays"])
def test_it_is_eager_training_step_for_step(outputs, targets, loss, carrier):
    def make():
        if carrier == "scalars":
            return MLP(3, [5, outputs], "tanh", seed=1)
        return Sequential(Linear(3, 5, seed=1), Tanh(), Linear(5, outputs, seed=2))

    if carrier == "arrays" and outputs == 1:
        targets = targets[:, None]
    (eager, told), (compiled, same) = both(make, targets, loss, optimizer=lambda p: AdamW(p, lr=0.02), clip_norm=1.0)
    assert compiled == pytest.approx(eager, rel=1e-9, abs=1e-12)
    assert same.losses == pytest.approx(told.losses, rel=1e-10)
    assert same.validation == pytest.approx(told.validation, rel=1e-10)
    assert same.grad_norms == pytest.approx(told.grad_norms, rel=1e-9)


def test_batches_of_one():
    (eager, _), (compiled, _) = both(lambda: MLP(3, [4, 1], seed=1), SIGNS, mse, batch_size=1, epochs=1)
    assert compiled == pytest.approx(eager, rel=1e-9, abs=1e-12)


def test_a_penalty_is_a_mean_too():
    model = MLP(3, [4, 1], seed=1)

    def loss(predictions, targets):
        return mse(predictions, targets) + 0.01 * sum(p * p for p in model.parameters())

    before = numbers(model)
    losses = []
    for compiled in (False, True):
        for p, number in zip(model.parameters(), before, strict=True):
            p.data = number
        losses.append(fit(model, (X, SIGNS), loss, epochs=3, seed=0, progress=False, compile=compiled).losses)
    assert losses[1] == pytest.approx(losses[0], rel=1e-10)


def test_a_loss_that_is_no_mean_is_refused():
    model = MLP(3, [4, 1], seed=1)
    before = numbers(model)
    with pytest.raises(SettingError, match="compile=True takes losses that are such means"):
        fit(model, (X, SIGNS), lambda p, t: mse(p, t, "sum"), progress=False, compile=True)
    assert (numbers(model) == before).all()


def test_dropout_is_refused():
    model = Sequential(Linear(3, 4), ReLU(), Dropout(0.5), Linear(4, 3))
    with pytest.raises(SettingError, match="would drop the same numbers every time"):
        fit(model, (X, CLASSES), cross_entropy, progress=False, compile=True)
    model = Sequential(Linear(3, 4, seed=0), Dropout(0.0), Linear(4, 3, seed=1))
    assert len(fit(model, (X, CLASSES), cross_entropy, epochs=2, progress=False, compile=True).losses) == 2


def test_a_class_that_does_not_exist_shows():
    step = compile(lambda x, y: cross_entropy([x, 2 * x, -x], y), engine="numpy")
    assert np.isnan(step([1.0, 1.0], [2, 3])).tolist() == [False, True]


class Moody(Module):
    """Something else in training than otherwise."""

    def __init__(self):
        self.w = Value(1.0)

    def forward(self, x):
        return self.w * x[0] if self.training else self.w * x[0] + 100.0


def test_validation_runs_in_the_other_mode():
    (_, told), (_, same) = both(Moody, SIGNS, mse)
    assert same.validation == pytest.approx(told.validation, rel=1e-10)
    assert same.validation[0] > 1000


@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.1, momentum=0.9), lambda p: Adam(p, lr=0.05)])
def test_an_optimiser_on_the_flat_vector(make):
    model = MLP(3, [4, 1], "tanh", seed=1)
    step = compile(lambda x, y: (model(x) - y) ** 2, model.parameters(), engine="numpy")
    theta = Tensor(step.pack())
    flat, scalars = make([theta]), make(model.parameters())
    for _ in range(5):
        _, theta.grad = step.value_and_grad(theta.data, X, SIGNS)
        flat.step()
        scalars.zero_grad()
        step(X, SIGNS)
        scalars.step()
    assert theta.data == pytest.approx(step.pack(), rel=1e-12)
