"""Datasets and batches: what belongs together stays together, every sample once an epoch, orders by seed."""

from itertools import chain

import numpy as np
import pytest

import nn
from autograd import ShapeError, Tensor
from nn import DataLoader, Linear, SettingError, TensorDataset, fit, mse

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_a_dataset_keeps_samples_together():
    dataset = TensorDataset(X, Y, list("abcdefghij"))
    assert len(dataset) == 10
    x, y, name = dataset[3]
    assert (x.tolist(), y, name) == ([6.0, 7.0], 3, "d")
    x, y, names = dataset[[1, 0]]
    assert (x.tolist(), y.tolist(), names) == ([[2.0, 3.0], [0.0, 1.0]], [1, 0], ["b", "a"])
    assert dataset[8:][1].tolist() == [8, 9]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("size", [1, 3, 5, 10, 20, None])
def test_batches(size, drop_last):
    loader = DataLoader(TensorDataset(X, Y), batch_size=size, drop_last=drop_last)
    batches = list(loader)
    assert len(batches) == len(loader)
    whole = size or 10
    assert [len(y) for _, y in batches[:-1]] == [whole] * max(len(batches) - 1, 0)
    seen = [place for _, y in batches for place in y.tolist()]
    assert seen == list(range(10 // whole * whole if drop_last else 10))
    assert all(np.array_equal(x[:, 0], 2.0 * y) for x, y in batches)


def test_orders():
    loader = DataLoader(TensorDataset(X, Y), 4, shuffle=True, seed=0)
    first, second = ([y.tolist() for _, y in loader] for _ in range(2))
    assert first != second
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(10))
    assert [y.tolist() for _, y in DataLoader(TensorDataset(X, Y), 4, shuffle=True, seed=0)] == first
    nn.manual_seed(1)
    one = [y.tolist() for _, y in DataLoader(TensorDataset(X, Y), 4, shuffle=True)]
    nn.manual_seed(1)
    assert [y.tolist() for _, y in DataLoader(TensorDataset(X, Y), 4, shuffle=True)] == one


def test_any_dataset_of_samples():
    class Squares:
        def __len__(self):
            return 5

        def __getitem__(self, place):
            return np.array([float(place)]), place * place

    batches = list(DataLoader(Squares(), batch_size=3))
    assert [x.shape for x, _ in batches] == [(3, 1), (2, 1)]
    assert batches[1][1].tolist() == [9, 16]
    assert [x.tolist() for (x,) in DataLoader([1.0, 2.0, 3.0], batch_size=2)] == [[1.0, 2.0], [3.0]]


def test_an_empty_dataset_has_no_batches():
    assert list(DataLoader(TensorDataset(np.zeros((0, 2))), 4)) == []
    assert list(DataLoader(TensorDataset([]), None, shuffle=True)) == []


def test_tensors_stay_tensors():
    t = Tensor(X)
    ((x,),) = DataLoader(TensorDataset(t), None)
    x.sum().backward()
    assert t.grad.tolist() == np.ones((10, 2)).tolist()


@pytest.mark.parametrize(
    ("arrays", "told"), [((X, Y[:3]), "10, 3"), ((), "nothing"), ((X, 3.0), "10, no length"), ((X, None), "no length")]
)
def test_lengths_that_differ(arrays, told):
    with pytest.raises(ShapeError, match=f"made of arrays of the same length, got .*{told}"):
        TensorDataset(*arrays)


@pytest.mark.parametrize("thing", [(X, Y), 3, iter([])])
def test_what_is_no_dataset(thing):
    with pytest.raises(SettingError, match=r"a DataLoader takes a dataset, got .*write DataLoader\(TensorDataset"):
        DataLoader(thing)
    with pytest.raises(SettingError, match="batch_size is a whole number from 1 up"):
        DataLoader(TensorDataset(X), 0)


def test_fit_takes_arrays_datasets_and_loaders():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3))
    targets = inputs @ np.array([[1.0], [-2.0], [0.5]]) + 0.25
    losses = []
    for given in (
        (inputs, targets),
        (inputs.tolist(), targets.tolist()),
        TensorDataset(inputs, targets),
        DataLoader(TensorDataset(inputs, targets), 16, shuffle=True, seed=1),
    ):
        model = Linear(3, 1, seed=0)
        history = fit(
            model, given, mse, optimizer=lambda p: nn.SGD(p, lr=0.1), epochs=40, batch_size=16, seed=1, progress=False,
            validation=TensorDataset(inputs[:8], targets[:8]), patience=30, clip_norm=10.0,
        )  # fmt: skip
        assert history.losses[-1] < 1e-6
        assert history.validation[-1] < 1e-6
        assert model.weight.data == pytest.approx(np.array([[1.0, -2.0, 0.5]]), abs=1e-3)
        losses.append(history.losses)
    assert all(each == pytest.approx(losses[0]) for each in losses)


def test_early_stopping_brings_back_the_best_arrays():
    model = Linear(2, 1, seed=0)
    seen = []
    history = fit(
        model, (X, X[:, :1]), mse, optimizer=lambda p: nn.SGD(p, lr=1e-3), epochs=50, patience=2, progress=False,
        validation=(X, -X[:, :1]), callback=lambda epoch, history: seen.append(model.weight.data),
    )  # fmt: skip
    assert history.stopped_early
    assert np.array_equal(model.weight.data, seen[history.best_epoch])


@pytest.mark.parametrize(
    ("samples", "error", "told"),
    [
        ([{"a": 1.0}, {"b": 1.0}], ShapeError, r"the same keys, got \['a'\] and \['b'\]"),
        ([{"a": 1.0}, (1.0,)], ShapeError, r"the same keys, got \['a'\] and tuple"),
        ([{"a": {"b": 1.0}}] * 2, SettingError, "'a' of every sample is a number or an array, got dict"),
        ([(1.0, None)] * 2, SettingError, "part 1 of every sample is a number or an array, got NoneType"),
        ([None] * 2, SettingError, "the whole of every sample is a number or an array, got NoneType"),
        ([(1.0, 2.0), (1.0,)], ShapeError, "as many parts, got 2 and 1"),
        ([(np.ones(2), 1.0), (np.ones(3), 1.0)], ShapeError, r"part 0 .* their shapes differ \(\(2,\), \(3,\)\): pad"),
        ([([[1.0], [1.0, 2.0]], 1.0)] * 2, ShapeError, "part 0 .* their shapes differ"),
    ],
)
def test_samples_that_make_no_batch(samples, error, told):
    with pytest.raises(error, match=told):
        list(DataLoader(samples, batch_size=2))
