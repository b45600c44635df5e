"""fit: it learns, reports, stops early, survives an interrupt, and refuses what it cannot train."""

import math
import random
import sys

import numpy as np
import pytest

from autograd import ShapeError, Tensor, Value
from nn import MLP, SGD, Adam, ExponentialLR, History, Linear, Module, SettingError, StepLR, TrainingError, fit, mse

X = [[x / 10] for x in range(-10, 11)]
Y = [0.5 * x + 0.2 for [x] in X]


def line(seed=1):
    return MLP(1, [1], seed=seed)


def quiet(model, data=(X, Y), loss=mse, **options):
    return fit(model, data, loss, **{"epochs": 5, "progress": False, "seed": 0, **options})


class Flat(Module):
    """A loss surface to order: its prediction is its only parameter, whatever the input."""

    def __init__(self, start=1.0):
        self.w = Value(start)

    def forward(self, x):
        return self.w * 1.0


def test_it_learns_a_line():
    model = line()
    history = quiet(model, epochs=200, optimizer=lambda p: SGD(p, lr=0.2), batch_size=7)
    assert history.losses[-1] < 1e-6
    assert model.layers[0].neurons[0].w[0].data == pytest.approx(0.5, abs=1e-2)
    assert len(history.losses) == len(history.lrs) == len(history.grad_norms) == 200
    assert history.validation == []
    assert repr(history).startswith("History(200 epochs, loss ")


def test_it_learns_with_the_defaults():
    history = fit(MLP(1, [4, 1], "tanh", seed=0), (X, Y), mse, progress=False)
    assert len(history.losses) == 100
    assert history.losses[-1] < history.losses[0]


def test_one_step_is_gradient_descent():
    model, by_hand = line(), line()
    quiet(model, epochs=1, batch_size=None, optimizer=SGD(model.parameters(), lr=0.1))
    mse([by_hand(x) for x in X], Y).backward()
    for p in by_hand.parameters():
        p.data -= 0.1 * p.grad
    assert [p.data for p in model.parameters()] == pytest.approx([p.data for p in by_hand.parameters()], rel=1e-12)


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        (np.array(X), np.array(Y)),
        (np.array(X).ravel(), np.array(Y)),
        (tuple(X), range(21)),
        (X, [Value(y) for y in Y]),
    ],
)
def test_data_of_every_kind(data):
    assert len(quiet(line(), data).losses) == 5


def test_data_in_batches_of_its_own():
    batches = [(X[:10], Y[:10]), (X[10:], Y[10:])]
    history = quiet(line(), batches, epochs=3)
    assert len(history.losses) == 3
    expected = quiet(line(), epochs=3, batch_size=10, shuffle=False)
    assert history.losses[0] == pytest.approx(expected.losses[0], rel=0.2)
    single = quiet(line(), [(X[:1], 1.0)], loss=lambda p, t: (p[0] - t) ** 2, validation=[(X[:1], 1.0)])
    assert len(single.validation) == 5


def test_batches_and_their_order():
    seen = []

    def loss(predictions, targets):
        seen.append(list(targets))
        return mse(predictions, targets)

    data = (X[:5], [0.0, 1.0, 2.0, 3.0, 4.0])
    quiet(line(), data, loss, batch_size=2, epochs=1, shuffle=False)
    assert seen == [[0.0, 1.0], [2.0, 3.0], [4.0]]
    seen.clear()
    quiet(line(), data, loss, batch_size=None, epochs=2)
    assert [sorted(batch) for batch in seen] == [data[1]] * 2
    assert seen[0] != seen[1]
    first = seen.copy()
    seen.clear()
    quiet(line(), data, loss, batch_size=None, epochs=2)
    assert seen == first
    seen.clear()
    random.seed(3)
    quiet(line(), data, loss, batch_size=None, epochs=2, seed=None)
    random.seed(3)
    quiet(line(), data, loss, batch_size=None, epochs=2, seed=None)
    assert seen[:2] == seen[2:]


def test_the_loss_of_an_epoch_is_the_mean_over_samples():
    frozen = Flat(0.0)
    history = quiet(frozen, (X[:3], [1.0, 2.0, 3.0]), batch_size=2, epochs=1, optimizer=SGD([frozen.w], lr=0.0))
    assert history.losses == [pytest.approx(14 / 3)]


def test_schedule_and_rates():
    model = line()
    optimizer = SGD(model.parameters(), lr=0.8)
    assert quiet(model, optimizer=optimizer, schedule=StepLR(optimizer, 2, 0.5)).lrs == [0.8, 0.8, 0.4, 0.4, 0.2]
    history = quiet(line(), optimizer=lambda p: Adam(p, 0.8), schedule=lambda o: ExponentialLR(o, 0.5), epochs=3)
    assert history.lrs == [0.8, 0.4, 0.2]


def test_validation_is_not_trained_on_and_runs_in_eval_mode():
    modes = []

    class Watch(Flat):
        def forward(self, x):
            modes.append((self.training, x))
            return self.w * 1.0

    model = Watch()
    history = quiet(model, ([[0]], [0.0]), validation=([[9]], [5.0]), epochs=2, optimizer=lambda p: SGD(p, lr=0.25))
    assert modes == [(True, [0]), (False, [9])] * 2
    assert history.validation == [pytest.approx(4.5**2), pytest.approx(4.75**2)]
    assert model.training
    quiet(model.eval(), ([[0]], [0.0]))
    assert not model.training


def test_early_stopping_goes_back_to_the_best():
    model = Flat(1.0)  # moves towards 0 while validation wants 0.5
    history = quiet(
        model,
        ([[0]], [0.0]),
        validation=([[0]], [0.5]),
        epochs=50,
        patience=3,
        optimizer=lambda p: SGD(p, lr=0.125),
    )
    assert history.stopped_early
    assert history.best_epoch == int(np.argmin(history.validation))
    assert len(history.losses) == history.best_epoch + 4
    assert (model.w.data - 0.5) ** 2 == min(history.validation)
    assert "stopped early" in repr(history)


def test_patience_without_validation_watches_the_training_loss():
    history = quiet(Flat(1.0), ([[0]], [0.0]), epochs=50, patience=2, optimizer=lambda p: SGD(p, lr=0.0))
    assert history.stopped_early
    assert len(history.losses) == 3


def test_the_best_of_one_batch_an_epoch_is_what_its_loss_was_computed_from():
    model = Flat(1.0)
    history = quiet(model, ([[0]], [0.0]), epochs=9, patience=2, optimizer=lambda p: SGD(p, lr=3.0))  # overshoots
    assert history.stopped_early
    assert history.best_epoch == 0
    assert model.w.data**2 == min(history.losses) == 1.0


def test_patience_that_does_not_run_out():
    model = Flat(1.0)
    history = quiet(model, ([[0]], [0.0]), patience=2, optimizer=lambda p: SGD(p, lr=0.25))
    assert not history.stopped_early
    assert history.best_epoch == 4


def test_callback_sees_each_epoch_and_can_end_training():
    seen = []

    def callback(epoch, history):
        seen.append((epoch, len(history.losses)))
        return epoch == 2

    history = quiet(line(), epochs=10, callback=callback)
    assert seen == [(0, 1), (1, 2), (2, 3)]
    assert not history.stopped_early
    assert len(quiet(line(), callback=lambda *_: None).losses) == 5


def test_an_interrupt_keeps_what_was_learned():
    model = line()
    before = model.state_dict()

    def callback(epoch, history):
        if epoch == 1:
            raise KeyboardInterrupt

    history = quiet(model, callback=callback)
    assert history.interrupted
    assert len(history.losses) == 2
    assert model.state_dict() != before
    assert "interrupted" in repr(history)
    assert model.training


def test_an_interrupt_in_the_first_epoch():
    def loss(predictions, targets):
        raise KeyboardInterrupt

    history = quiet(line(), loss=loss)
    assert repr(history) == "History(no epoch, interrupted)"


def test_nan_stops_with_the_parameters_before_it():
    model = Flat(1.0)
    calls = []

    def loss(predictions, targets):
        calls.append(model.w.data)
        return mse(predictions, targets) * (math.nan if len(calls) == 3 else 1.0)

    with pytest.raises(
        TrainingError, match=r"the loss is nan .* in epoch 2, batch 0, at learning rate 0\.01;"
    ) as caught:
        quiet(model, ([[0]], [0.0]), loss)
    assert isinstance(caught.value, FloatingPointError)
    assert len(caught.value.history.losses) == 2
    assert model.w.data == calls[-1]
    assert math.isfinite(model.w.data)


def test_divergence_is_named():
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        quiet(Flat(1.0), ([[0]], [0.0]), optimizer=lambda p: SGD(p, lr=1e200), epochs=10)


def test_a_gradient_that_is_not_finite_stops_too():
    with pytest.raises(TrainingError, match="norm of its gradient inf"):
        quiet(Flat(0.0), ([[0]], [0.0]), loss=lambda p, t: p[0].sqrt())


def test_clip_norm():
    model = Flat(10.0)
    history = quiet(model, ([[0]], [0.0]), clip_norm=1.0, optimizer=lambda p: SGD(p, lr=1.0), epochs=1)
    assert model.w.data == pytest.approx(9.0)
    assert history.grad_norms == [20.0]


def test_progress_bar_on_standard_error(capsys, monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    quiet(line(), progress=True)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "5/5" in captured.err
    assert "loss=" in captured.err


def test_no_bar_where_there_is_no_terminal(capsys):
    quiet(line(), progress=True)
    assert capsys.readouterr() == ("", "")


def test_no_bar_without_tqdm(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert len(quiet(line(), progress=True).losses) == 5
    assert capsys.readouterr() == ("", "")


def test_a_model_that_takes_batches():
    """One without scalar parameters of its own is called with the whole batch."""
    calls = []

    class Whole(Module):
        def parameters(self):
            return []

        def forward(self, x):
            calls.append(np.shape(x))
            return [row * 2.0 for row in values]

    values = [Value(1.0) for _ in range(3)]
    quiet(Whole(), (np.ones((3, 1)), [0.0] * 3), epochs=1, optimizer=SGD(values, lr=0.1))
    assert calls == [(3, 1)]
    assert values[0].data != 1.0


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"data": (X, Y[:-1])}, ShapeError, "there are 21 inputs and 20 targets"),
        ({"data": (X, Y, Y)}, ShapeError, r"a pair \(X, Y\) of inputs and targets, got 3 things"),
        ({"data": ([], [])}, ShapeError, "there is nothing to learn from"),
        ({"data": []}, ShapeError, "there is nothing to learn from"),
        ({"data": iter([(X, Y)])}, SettingError, "gone through more than once; got list_iterator"),
        ({"data": iter([])}, SettingError, "of a generator, give the function that makes it, without calling it"),
        ({"data": 3}, SettingError, r"data is a pair \(X, Y\).* got int"),
        ({"data": X}, ShapeError, r"every batch is a pair of .*: fit\(model, \(X, Y\), loss\)"),
        ({"validation": [X, Y]}, ShapeError, "every batch is a pair"),
        ({"loss": Y}, SettingError, r"loss is a function .*: fit\(model, \(X, Y\), nn\.mse\)"),
        ({"validation": ([], [])}, ShapeError, "the validation data holds no sample"),
        ({"model": lambda x: x}, SettingError, r"fit\(\) trains an nn\.Module, got function"),
        ({"epochs": 0}, SettingError, "epochs is a whole number from 1 up, got int 0"),
        ({"epochs": 1.5}, SettingError, "epochs is"),
        ({"batch_size": -1}, SettingError, "batch_size is"),
        ({"patience": 0}, SettingError, "patience is"),
        ({"optimizer": "adam"}, SettingError, "optimizer= takes one of nn's or a function that makes one, got str"),
        ({"schedule": lambda o: 0.1}, SettingError, "schedule= takes one of nn's .* got float"),
        ({"schedule": ExponentialLR(SGD([Value(1.0)]), 0.5)}, SettingError, "rate of another optimizer than the one"),
        ({"schedule": ExponentialLR}, SettingError, r"missing .*'gamma'\): write schedule=lambda given: Exponen"),
        ({"loss": lambda p, t: 0.5}, SettingError, "the loss gave float, expected a Value"),
        ({"loss": lambda p, t: mse(p, t, "none")}, SettingError, 'ndarray.*reduction="none" is not one number'),
        ({"clip_norm": 0.0}, SettingError, "max_norm is above 0"),
        ({"seed": "x"}, SettingError, "a seed is a whole number"),
    ],
)
def test_what_cannot_be_trained(options, error, message):
    options = {"model": line(), **options}
    with pytest.raises(error, match=message):
        quiet(options.pop("model"), options.pop("data", (X, Y)), **options)


def test_the_history_starts_empty():
    assert repr(History()) == "History(no epoch)"
    assert History().watched == []


@pytest.mark.parametrize("lost", [
    lambda p, y: mse([each.detach() for each in p], y), lambda p, y: mse([Value(1.0) for _ in p], y),
])  # fmt: skip
def test_a_loss_that_does_not_depend_on_the_model(lost):
    with pytest.raises(SettingError, match="no gradient has come to any parameter, so nothing would be learned"):
        fit(MLP(1, [1], seed=0), ([[1.0], [2.0]], [1.0, 2.0]), lost, epochs=2, progress=False)


@pytest.mark.parametrize("compiled", [False, True])
def test_data_in_tensors(compiled):
    model = Linear(1, 1, seed=0)
    X, Y = Tensor([[1.0], [2.0]]), Tensor([[1.0], [2.0]])
    history = fit(model, (X, Y), mse, epochs=3, progress=False, compile=compiled)
    assert history.losses == sorted(history.losses, reverse=True)
