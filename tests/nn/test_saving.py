"""Saving and loading: round trips, one step or none, and files that are damaged, foreign or dangerous."""

import io
import json
import os
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn import MLP, SGD, Adam, Linear, ReLU, Sequential, StateError, StepLR, load, save


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
        ({"\ud800": 1.0}, "half of a character"),
    ],
)
def test_what_cannot_be_saved(tmp_path, what, message):
    with pytest.raises(StateError, match=message):
        save(what, tmp_path / "model")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="devices are files on POSIX")
def test_a_device_is_written_into():
    save(Linear(2, 1), "/dev/null")
    save(Linear(2, 1).state_dict(), "/dev/null")


def test_the_path_comes_first(tmp_path):
    save(MLP(1, [1]), tmp_path / "model")
    with pytest.raises(StateError, match=r"^load\(\) takes the path first, got MLP; write load\(path, into=model\)$"):
        load(MLP(1, [1]), tmp_path / "model")


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


# ---------------------------------------------------------------------------------------------- arrays and safetensors

ARRAYS = {
    "half": np.array([1.5, -2.0], np.float16),
    "single": np.arange(6, dtype=np.float32).reshape(2, 3),
    "double": np.array([[np.inf, -0.0, 5e-324]]),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big endian": np.arange(3, dtype=">i4"),
    "bools": np.array([True, False]),
    "bytes": np.arange(3, dtype=np.uint8),
    "long": np.array([2**62]),
    "none": np.zeros((0, 3)),
    "number": np.array(0.1),
    "ä name": np.ones(1),
}


def network(seed):
    return Sequential(Linear(3, 4, seed=seed), ReLU(), Linear(4, 2, seed=seed))


@pytest.mark.parametrize("name", ["model.npz", "model.safetensors", "model"])
def test_a_network_of_arrays_comes_back(tmp_path, name):
    one, two = network(1), network(2)
    save(one, tmp_path / name)
    load(tmp_path / name, into=two)
    assert all(np.array_equal(two.state_dict()[key], array) for key, array in one.state_dict().items())
    optimizer = Adam(one.parameters())
    one(np.ones((5, 3))).sum().backward()
    optimizer.step()
    save(optimizer, tmp_path / name)
    twin = Adam(one.parameters(), lr=1.0)
    load(tmp_path / name, into=twin)
    assert all(np.array_equal(twin.state_dict()[key], held) for key, held in optimizer.state_dict().items())


@pytest.mark.parametrize("name", ["state.npz", "state.safetensors"])
def test_types_and_shapes_come_back(tmp_path, name):
    save(ARRAYS, tmp_path / name)
    state = load(tmp_path / name)
    assert list(state) == list(ARRAYS)
    for key, array in ARRAYS.items():
        assert np.array_equal(state[key], array)
        assert type(state[key]) is float or state[key].dtype.newbyteorder("=") == array.dtype.newbyteorder("=")
        assert type(state[key]) is float or state[key].flags.writeable
    save(ARRAYS, tmp_path / "again.safetensors")
    save(ARRAYS, tmp_path / "twice.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == (tmp_path / "twice.safetensors").read_bytes()


def test_the_safetensors_package_reads_ours_and_we_read_its(tmp_path):
    theirs = pytest.importorskip("safetensors.numpy")
    ours = {key: array for key, array in ARRAYS.items() if array.dtype.isnative and array.flags.c_contiguous}
    save(ours, tmp_path / "ours.safetensors")
    read = theirs.load_file(tmp_path / "ours.safetensors")
    assert {key: (array.dtype, array.tolist()) for key, array in read.items()} == {
        key: (array.dtype, array.tolist()) for key, array in ours.items()
    }
    theirs.save_file(ours, tmp_path / "theirs", metadata={"format": "np"})
    state = load(tmp_path / "theirs")
    assert state.keys() == ours.keys()
    assert all(np.array_equal(state[key], array) for key, array in ours.items())


def test_what_safetensors_has_no_place_for(tmp_path):
    for state in ({"a": np.zeros(1, np.longdouble)}, {"__metadata__": 1.0}):
        if state.get("a", np.zeros(1)).dtype == np.float64 and "a" in state:  # pragma: no cover
            continue  # a machine whose long double is a double
        with pytest.raises(StateError, match=r"a safetensors file has no place for .*; save it as \.npz"):
            save(state, tmp_path / "a.safetensors")
    assert os.listdir(tmp_path) == []


def raw(header, body=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def entry(dtype="F32", shape=(1,), offsets=(0, 4)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


def test_bf16_is_read_as_float32(tmp_path):
    numbers = np.array([1.0, -2.5, 3.140625], np.float32)
    upper = (numbers.view(np.uint32) >> 16).astype("<u2").tobytes()
    (tmp_path / "b").write_bytes(raw({"w": entry("BF16", (3,), (0, 6)), "__metadata__": {"a": "b"}}, upper))
    assert load(tmp_path / "b")["w"].tolist() == numbers.tolist()
    assert load(tmp_path / "b")["w"].dtype == np.float32


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (raw({"w": entry()}), "bytes"),
        (raw({"w": entry()}, bytes(5)), "the arrays end at 4, the file at 5"),
        (raw({"w": entry(shape=(2,))}, bytes(4)), r"w has 4 bytes, which are not \[2\] numbers of type F32"),
        (raw({"w": entry(shape=(10**30, 0))}, bytes(4)), "w has 4 bytes"),
        (raw({"w": entry(shape=(-1, -1))}, bytes(4)), "w has a shape or offsets that are no whole numbers"),
        (raw({"w": entry(shape=(True,))}, bytes(4)), "no whole numbers"),
        (raw({"w": entry(shape=(1.0,))}, bytes(4)), "no whole numbers"),
        (raw({"w": entry(offsets=(0, 4, 8))}, bytes(4)), "no whole numbers"),
        (raw({"w": {**entry(), "shape": 1}}, bytes(4)), "no whole numbers"),
        (raw({"w": entry(offsets=(4, 0))}, bytes(4)), "begin at 4"),
        (raw({"w": entry(offsets=(0, 2**70))}, bytes(4)), "the arrays end at"),
        (raw({"v": entry(), "w": entry()}, bytes(4)), "the bytes of w begin at 0, those before them end at 4"),
        (raw({"v": entry(), "w": entry(offsets=(8, 12))}, bytes(12)), "begin at 8, those before them end at 4"),
        (raw({"w": entry(dtype="C64", offsets=(0, 8))}, bytes(8)), "a type that numpy has not, C64"),
        (raw({"w": entry(dtype=[])}, bytes(4)), r"a type that numpy has not, \[\]"),
        (raw({"w": [1]}, bytes(4)), "w does not say dtype, shape and data_offsets"),
        (raw({"w": {**entry(), "more": 1}}, bytes(4)), "does not say"),
        (raw(b'{"w": 1, "w": 2}'), "a name occurs twice"),
        (raw(b'{"w"'), ""),
        (raw(b"{" * 100_000), ""),
        (raw(b'{"w": ' + b"[" * 100_000), ""),
        (raw(b'{"w": ' + b"9" * 10_000 + b"}"), ""),
        (raw(b'{"\xff": 1}'), ""),
        ((2**63).to_bytes(8, "little") + b"{}", "the header is longer than the file"),
        (bytes(8) + b"{", ""),
    ],
    ids=lambda given: repr(given)[:60],
)
def test_safetensors_made_to_do_harm(tmp_path, content, message):
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(StateError, match=f"holds no saved state, or is damaged .*{message}"):
        load(tmp_path / "model.safetensors")


def test_a_header_that_is_no_table():
    with pytest.raises(ValueError, match="the header is no table of names"):
        nn.safetensors.read(io.BytesIO(raw(b"[]")))


def test_an_npz_that_claims_more_than_it_holds(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    with zipfile.ZipFile(tmp_path / "model.npz", "w") as archive:
        archive.writestr("w.npy", header.getvalue() + bytes(8))
    with pytest.raises(StateError, match="holds no saved state, or is damaged"):
        load(tmp_path / "model.npz")


@pytest.mark.parametrize("name", ["state.npz", "state.safetensors"])
@given(data=st.data())
def test_any_damage_is_a_clear_error_or_other_numbers(tmp_path_factory, name, data):
    path = tmp_path_factory.mktemp("damage") / name
    save({"w": np.arange(3.0), "b": 1.0}, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content))
    try:
        state = load(path)
    except StateError:
        return
    assert all(type(number) is float or isinstance(number, np.ndarray) for number in state.values())
