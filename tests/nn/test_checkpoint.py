"""A training that is cut off and goes on ends with the bits of one that was not; and its log is whole."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import (
    MLP,
    SGD,
    Adam,
    CosineAnnealingLR,
    CSVLog,
    DataLoader,
    Dropout,
    History,
    Linear,
    Sequential,
    StateError,
    Tanh,
    TensorDataset,
    fit,
    load,
    manual_seed,
    mse,
    save,
)

X = np.linspace(-1, 1, 30)[:, None]
Y = X**2
EPOCHS = 8


def arrays(seed: int) -> dict[str, Any]:
    """Everything at once: a Dropout of its own seed and one of Python's, momentum, a schedule, validation, patience."""
    manual_seed(seed)
    model = Sequential(Linear(1, 8), Tanh(), Dropout(0.2, seed=5), Linear(8, 8), Dropout(0.2), Linear(8, 1))
    optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9)
    return {
        "model": model, "data": (X, Y), "optimizer": optimizer, "schedule": CosineAnnealingLR(optimizer, EPOCHS),
        "validation": (X, Y), "patience": 5, "batch_size": 7,
    }  # fmt: skip


def scalars(seed: int) -> dict[str, Any]:
    model = MLP(1, [3, 1], "tanh", seed=seed)
    return {"model": model, "data": (X.tolist(), Y[:, 0].tolist()), "optimizer": Adam(model.parameters()), "seed": 3}


def loader(seed: int) -> dict[str, Any]:
    """The order of the samples is drawn by the user's own DataLoader."""
    manual_seed(seed)
    model = Sequential(Linear(1, 4), Tanh(), Linear(4, 1))
    data = DataLoader(TensorDataset(X, Y), 7, shuffle=True, seed=9)
    return {"model": model, "data": data, "optimizer": Adam(model.parameters(), lr=0.01)}


def run(options: dict[str, Any], **more: Any) -> History:
    options = {"loss": mse, "epochs": EPOCHS, "progress": False, **options, **more}
    return fit(options.pop("model"), options.pop("data"), options.pop("loss"), **options)


def bits(options: dict[str, Any]) -> list[bytes]:
    """All numbers of a model and its optimiser, and what comes next at random."""
    state = {**options["model"].state_dict(), **options["optimizer"].state_dict()}
    return [np.asarray(number).tobytes() for number in state.values()]


@pytest.mark.parametrize("training", [arrays, scalars, loader])
@pytest.mark.parametrize("cut", [0, 3, EPOCHS - 1])
def test_a_resumed_training_has_the_same_bits(training: Any, cut: int, tmp_path: Path) -> None:
    whole = training(1)
    expected = run(whole)
    following = random.random()

    run(training(1), checkpoint=tmp_path / "run.npz", callback=lambda epoch, history: epoch == cut)
    random.seed(999)
    again = training(2)  # other weights and another random state: all of it comes from the file
    history = run(again, checkpoint=tmp_path / "run.npz")
    assert bits(again) == bits(whole)
    assert history == expected
    if training is not scalars and training is not loader:  # those draw from sources of their own
        assert random.random() == following


def test_it_goes_on_from_the_last_whole_epoch(tmp_path: Path) -> None:
    whole, steps = arrays(1), 0
    expected = run(whole)

    def killed(predictions: Any, targets: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 23:  # in the middle of an epoch
            raise MemoryError
        return mse(predictions, targets)

    with pytest.raises(MemoryError):
        run(arrays(1), loss=killed, checkpoint=tmp_path / "run.npz")
    again = arrays(2)
    assert run(again, checkpoint=tmp_path / "run.npz") == expected
    assert bits(again) == bits(whole)


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    first = arrays(1)
    expected = run(first, checkpoint=tmp_path / "run.npz")
    again = arrays(2)
    assert run(again, checkpoint=tmp_path / "run.npz", callback=pytest.fail) == expected
    assert bits(again)[:4] == bits(first)[:4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schedule": None}, "it was written with a schedule"),
        ({"model": MLP(1, [2], seed=0)}, "does not fit this training"),
        ({"seed": 1}, "sources of random numbers are others"),
    ],
)
def test_the_file_of_another_training(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    run(arrays(1), checkpoint=tmp_path / "run.npz", epochs=2)
    other = {**arrays(2), **change}
    before = bits(other)
    with pytest.raises(StateError, match=message):
        run(other, checkpoint=tmp_path / "run.npz")
    assert bits(other) == before


def test_a_file_that_is_no_checkpoint(tmp_path: Path) -> None:
    options = arrays(1)
    save(options["model"], tmp_path / "model.npz")
    with pytest.raises(StateError, match=r"model\.npz does not fit this training: .* not written by fit"):
        run(options, checkpoint=tmp_path / "model.npz")
    (tmp_path / "text.npz").write_text("epoch 3")
    with pytest.raises(StateError, match="damaged"):
        run(options, checkpoint=tmp_path / "text.npz")


def test_the_file_holds_numbers_only(tmp_path: Path) -> None:
    run(arrays(1), checkpoint=tmp_path / "run.npz", epochs=2)
    assert {name.split(".")[0] for name in load(tmp_path / "run.npz")} == {
        "model", "optimizer", "schedule", "history", "random", "best"
    }  # fmt: skip


def rows(file: Path) -> list[dict[str, str]]:
    with open(file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def test_the_log_of_a_resumed_training_is_whole(tmp_path: Path) -> None:
    log, file = tmp_path / "log.csv", tmp_path / "run.npz"
    run(arrays(1), checkpoint=file, callback=CSVLog(log), epochs=3)
    assert len(rows(log)) == 3
    history = run(arrays(1), checkpoint=file, callback=CSVLog(log))
    found = rows(log)
    assert [int(row["epoch"]) for row in found] == list(range(len(history.losses)))
    assert [float(row["loss"]) for row in found] == history.losses
    assert [float(row["validation"]) for row in found] == history.validation
    assert [float(row["lr"]) for row in found] == history.lrs


def test_the_log_without_validation(tmp_path: Path) -> None:
    history = run(scalars(1), callback=CSVLog(tmp_path / "log.csv"), epochs=2)
    assert [row["validation"] for row in rows(tmp_path / "log.csv")] == ["", ""]
    assert [float(row["grad_norm"]) for row in rows(tmp_path / "log.csv")] == history.grad_norms


def test_batches_from_a_generator_function() -> None:
    given = []

    def batches() -> Any:
        for k in range(3):
            given.append(k)
            yield X[10 * k : 10 * k + 10], Y[10 * k : 10 * k + 10]

    options = loader(1)
    history = run({**options, "data": batches}, epochs=2)
    assert given == [0, 1, 2, 0, 1, 2]
    by_hand = loader(1)
    assert run({**by_hand, "data": DataLoader(TensorDataset(X, Y), 10)}, epochs=2).losses == history.losses
