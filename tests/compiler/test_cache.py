"""Machine code that is kept on disk: taken again where everything is the same, and only then."""

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autograd import Value, log, primitive, relu, tanh, where
from autograd.compiler import compile
from autograd.compiler.llvm import cache

pytest.importorskip("llvmlite")

X = np.random.default_rng(0).normal(size=(19, 2))


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    """A folder of its own, and programs of any length are worth it."""
    folder = tmp_path / "kept"
    monkeypatch.setenv("GLASSGRAD_CACHE", str(folder))
    monkeypatch.setattr(cache, "WORTH", 1)
    return folder


def made(number=3.0, activation=tanh, **options):
    w = [Value(0.5, "w"), Value(-0.3, "b")]
    return compile(lambda x: activation(w[0] * x[0] + w[1] * x[1]) * number, w, engine="llvm", **options)


def answers(step, rows=X):
    theta = np.array([0.5, -0.3])
    value, gradient = step.value_and_grad(theta, rows)
    return [value, *gradient, *step.hvp(theta, np.ones(2), rows), *step.hessian(theta, rows).ravel()]


@pytest.mark.parametrize("rows", [X, X[:1]], ids=["a batch", "one sample"])
@pytest.mark.parametrize("activation", [tanh, relu])
def test_what_is_kept_is_what_was_compiled(kept, monkeypatch, rows, activation):
    first = answers(made(activation=activation), rows)
    assert len(list(kept.iterdir())) == 3
    monkeypatch.delattr("autograd.compiler.llvm.code.write_module")  # nothing is compiled again
    again = made(activation=activation)
    assert answers(again, rows) == first
    assert "def value_and_grad" in again.source
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o700 or os.name != "posix"


def test_anything_else_is_compiled_anew(kept):
    for each in (made(), made(4.0), made(activation=relu), made(reduction="sum")):
        each.value_and_grad(np.ones(2), X)
    made().value(np.ones(2), X)
    made().value_and_grad(np.ones(2), X[:1])
    assert len(list(kept.iterdir())) == 6
    made(threads=2).value_and_grad(np.ones(2), X[::-1])
    assert len(list(kept.iterdir())) == 6


EMPTY = hashlib.sha256(b"{}\n").hexdigest().encode() + b"\n{}\n"  # whole, but without code


@pytest.mark.parametrize(
    "spoil", [lambda whole: whole[:-7], lambda whole: b"{}\n" + whole, lambda whole: b"", lambda whole: EMPTY]
)
def test_a_spoilt_file_is_not_taken(kept, spoil):
    wanted = made().value_and_grad(np.ones(2), X)[1]
    (file,) = kept.iterdir()
    file.write_bytes(spoil(file.read_bytes()))
    assert (made().value_and_grad(np.ones(2), X)[1] == wanted).all()
    assert cache.read(file.name) is not None  # it has been written anew


@pytest.mark.skipif(os.name != "posix", reason="asks for the rights of a folder")
def test_a_folder_that_others_write_into_is_left_alone(kept):
    made().value_and_grad(np.ones(2), X)
    (file,) = kept.iterdir()
    kept.chmod(0o777)
    assert cache.read(file.name) is None
    made(5.0).value_and_grad(np.ones(2), X)
    assert list(kept.iterdir()) == [file]


def test_the_switch(kept, monkeypatch):
    monkeypatch.setenv("GLASSGRAD_CACHE", "0")
    made().value_and_grad(np.ones(2), X)
    assert cache.folder() is None
    assert not kept.exists()
    monkeypatch.delenv("GLASSGRAD_CACHE")
    assert "glassgrad" in str(cache.folder())


def test_where_nothing_can_be_written_nothing_is_kept(kept):
    kept.write_text("a file where the folder should be")
    assert made().value(np.ones(2), X) == pytest.approx(np.mean(np.tanh(X.sum(axis=1)) * 3.0))


def test_a_primitive_of_the_users_own_is_not_kept(kept):
    @primitive(lambda x: 2 * x)
    def doubled_square(x):
        return x * x

    made(activation=doubled_square).value_and_grad(np.ones(2), X)
    assert not kept.exists()


def test_what_was_not_used_for_longest_goes_first(kept, monkeypatch):
    kept.mkdir(mode=0o700)
    monkeypatch.setattr(cache, "MOST", 4000)
    for k in range(6):
        cache.write(f"{k}", {}, bytes(900))
        os.utime(kept / f"{k}", (k, k))
    os.utime(kept / "3", (99, 99))
    cache.write("6", {}, bytes(900))
    left = {file.name for file in kept.iterdir()}
    assert {"3", "6"} <= left
    assert "0" not in left
    cache.write("7", {}, bytes(1001))
    assert not (kept / "7").exists()


def test_many_writers(kept):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: cache.write("same", {"k": k % 2}, bytes([k % 2]) * 5000), range(32)))
    facts, code = cache.read("same")
    assert code == bytes([facts["k"]]) * 5000
    assert [file.name for file in kept.iterdir()] == ["same"]


def test_the_rule_about_infinities_is_remembered():
    def loss(x):
        return where(x > 0, log(x * w), w)

    w = Value(1.0)
    rows = np.array([0.0, 1.0, 2.0, 0.0])
    for _ in range(2):
        step = compile(loss, [w], engine="llvm")
        _, gradient = step.value_and_grad(np.ones(1), rows)
        assert np.isfinite(gradient).all()
        assert next(iter(step.traces.values())).plans.has_another("value_and_grad")
