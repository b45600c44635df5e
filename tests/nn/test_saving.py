"""Saving and loading: round trips, one step or none, and files that are damaged, foreign or dangerous."""

import os
import pickle
import zipfile

import numpy as np
import pytest

from autograd import Value
from nn import MLP, SGD, Adam, StateError, StepLR, load, save


class Trap:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def test_a_model_comes_back(tmp_path):
    one, two = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
    save(one, tmp_path / "model.npz")
    state = load(tmp_path / "model.npz", into=two)
    assert two.state_dict() == one.state_dict() == state
    assert list(state) == list(one.state_dict())
    assert all(type(number) is float for number in state.values())
    with np.load(tmp_path / "model.npz", allow_pickle=False) as archive:  # and numpy can read it
        assert archive["layers.0.neurons.0.w.0"] == one.layers[0].neurons[0].w[0].data


def test_optimisers_schedules_and_dicts(tmp_path):
    w = Value(1.0)
    optimizer = Adam([w])
    w.grad = 2.0
    optimizer.step()
    for what in (optimizer, StepLR(optimizer, 1), {"a": 1.5, "file": 2.0, "W": np.arange(6.0).reshape(2, 3)}):
        save(what, str(tmp_path / "state"))
        state = load(str(tmp_path / "state"))
        expected = what if isinstance(what, dict) else what.state_dict()
        assert state.keys() == expected.keys()
        assert all(np.array_equal(state[name], expected[name]) for name in state)


def test_the_same_numbers_give_the_same_bytes(tmp_path):
    model = MLP(1, [1], seed=1)
    save(model, tmp_path / "a")
    save(model, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_extreme_numbers(tmp_path):
    numbers = {"inf": float("inf"), "tiny": 5e-324, "minus": -0.0, "third": 1 / 3}
    save(numbers, tmp_path / "n")
    assert repr(load(tmp_path / "n")) == repr(numbers)
    save({}, tmp_path / "n")
    assert load(tmp_path / "n") == {}


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    save({"a": 1.0}, path)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("nn.saving.os.replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save({"a": 2.0}, path)
    monkeypatch.undo()
    assert load(path) == {"a": 1.0}
    assert os.listdir(tmp_path) == ["model.npz"]


def test_a_save_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        save({"a": 1.0}, tmp_path / "nowhere" / "model.npz")


def test_a_link_stays_a_link(tmp_path):
    save({"a": 1.0}, tmp_path / "real")
    try:
        os.symlink(tmp_path / "real", tmp_path / "link")
    except OSError:  # pragma: no cover
        pytest.skip("no symbolic links here")
    save({"a": 2.0}, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert load(tmp_path / "real") == {"a": 2.0}


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ({"a": "text"}, "save\\(\\) writes numbers by name, got 'a': str"),
        ({"a": Value(1.0)}, "got 'a': Value"),
        ({3: 1.0}, "got 3: float"),
        ([1.0], "takes a module, an optimiser or a dict of numbers, got list"),
    ],
)
def test_what_cannot_be_saved(tmp_path, what, message):
    with pytest.raises(StateError, match=message):
        save(what, tmp_path / "model")
    assert os.listdir(tmp_path) == []


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")


def damaged(path):
    save(MLP(2, [3, 1], seed=1), path)
    return bytearray(path.read_bytes())


def test_files_that_hold_no_state(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "file"
    whole = damaged(path)
    flipped = whole.copy()
    flipped[200] ^= 0xFF  # in the numbers of the first member
    contents = [b"", b"hello", whole[: len(whole) // 2], flipped, pickle.dumps(Trap()), b"PK\x03\x04 nothing"]
    for content in contents:
        path.write_bytes(bytes(content))
        with pytest.raises(StateError, match=r"holds no saved state, or is damaged .*load\(\) reads what nn\.save\(\)"):
            load(path)
    with open(path, "wb") as file:
        np.save(file, np.ones(3))
    with pytest.raises(StateError, match="a single array without a name"):
        load(path)
    with open(path, "wb") as file:
        np.savez(file, a=np.array([Trap()], dtype=object))
    with pytest.raises(StateError, match="damaged"):
        load(path)
    with open(path, "wb") as file:
        np.savez(file, a=np.array(["text"]))
    with pytest.raises(StateError, match="a is no array of numbers"):
        load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(StateError, match=r"readme\.txt is no array of numbers"):
        load(path)
    assert not (tmp_path / "unpickled").exists()


def test_a_state_that_does_not_fit(tmp_path):
    save(MLP(1, [1]), tmp_path / "model")
    with pytest.raises(StateError, match="does not fit this MLP"):
        load(tmp_path / "model", into=MLP(2, [1]))
    with pytest.raises(StateError, match="not the state of SGD"):
        load(tmp_path / "model", into=SGD([Value(1.0)]))
