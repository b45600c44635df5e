"""What is right in unusual ways is not called wrong, and nothing of the learner's is different afterwards."""

from __future__ import annotations

import copy
import inspect
import itertools
import random
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, diagnose, diagnose_class
from tests.zoo.classes import CLASSES, Dicts, Layered, Nielsen, Pairs
from tests.zoo.functions import combinations, functions

Array = Any
RNG = np.random.default_rng(3)
X = RNG.normal(size=(20, 3))
Y = np.tanh(X @ RNG.normal(size=(3, 1)))
PARAMS = {"W": RNG.normal(size=(3, 5)), "b": RNG.normal(size=5), "V": RNG.normal(size=(5, 1))}


def loss(p: Any, X: Array, Y: Array) -> Any:
    return ((np.tanh(X @ p["W"] + p["b"]) @ p["V"] - Y) ** 2).mean()


def gradients(p: Any, X: Array, Y: Array) -> dict[str, Array]:
    h = np.tanh(X @ p["W"] + p["b"])
    d = 2 * (h @ p["V"] - Y) / len(X)
    e = (d @ p["V"].T) * (1 - h * h)
    return {"W": X.T @ e, "b": e.sum(axis=0), "V": h.T @ d}


def filled(p: Any, X: Array, Y: Array) -> float:
    h = np.zeros((len(X), 5))
    h[:, :] = np.tanh(X @ p["W"] + p["b"])
    out = np.empty((len(X), 1))
    for k in range(len(X)):
        out[k] = h[k] @ p["V"]
    return float(((out - Y) ** 2).mean())


def test_buffers_filled_by_slices_and_loops() -> None:
    report = diagnose(filled, PARAMS, (X, Y), gradients=gradients)
    assert report.ok, str(report)
    assert "central differences" in str(report)


def test_a_mistake_is_found_by_differences_too() -> None:
    def wrong(p: Any, X: Array, Y: Array) -> dict[str, Array]:
        return {**gradients(p, X, Y), "W": -gradients(p, X, Y)["W"]}

    report = diagnose(filled, PARAMS, (X, Y), gradients=wrong)
    assert {name: report[name].verdict for name in report} == {"W": "wrong", "b": "right", "V": "right"}


def test_dropout_drawn_inside_is_drawn_alike() -> None:
    def dropped(p: Any, X: Array, Y: Array) -> Any:
        h = np.tanh(X @ p["W"] + p["b"]) * (np.random.rand(len(X), 5) < 0.7)
        return ((h @ p["V"] - Y) ** 2).mean() + 0.0 * random.random()

    def theirs(p: Any, X: Array, Y: Array) -> dict[str, Array]:
        h = np.tanh(X @ p["W"] + p["b"])
        mask = np.random.rand(len(X), 5) < 0.7
        d = 2 * ((h * mask) @ p["V"] - Y) / len(X)
        e = (d @ p["V"].T) * mask * (1 - h * h)
        return {"W": X.T @ e, "b": e.sum(axis=0), "V": (h * mask).T @ d}

    before, plain = np.random.get_state()[1].copy(), random.getstate()  # type: ignore[union-attr]
    assert diagnose(dropped, PARAMS, (X, Y), gradients=theirs).ok
    assert np.array_equal(before, np.random.get_state()[1])
    assert random.getstate() == plain


@pytest.mark.parametrize("layout", ["list", "tuple", "list of tuples", "dict of lists"])
def test_parameters_in_containers(layout: str) -> None:
    W, b, V = PARAMS.values()
    laid: Any = {
        "list": [W, b, V], "tuple": (W, b, V), "list of tuples": [(W, b), (V,)],
        "dict of lists": {"w": [W, V], "b": [b]},
    }[layout]  # fmt: skip

    def named(p: Any) -> dict[str, Any]:
        if layout == "list of tuples":
            return {"W": p[0][0], "b": p[0][1], "V": p[1][0]}
        if layout == "dict of lists":
            return {"W": p["w"][0], "b": p["b"][0], "V": p["w"][1]}
        return dict(zip("WbV", p, strict=True))

    def laid_out(g: dict[str, Array]) -> Any:
        if layout == "list of tuples":
            return [(g["W"], g["b"]), (g["V"],)]
        return {"w": [g["W"], g["V"]], "b": [g["b"]]} if layout == "dict of lists" else list(g.values())

    def their_loss(p: Any, X: Array, Y: Array) -> Any:
        return loss(named(p), X, Y)

    report = diagnose(their_loss, laid, (X, Y), gradients=lambda p, X, Y: laid_out(gradients(named(p), X, Y)))
    assert report.ok, str(report)
    assert len(report) == 3


def momentum(p: Any, X: Array, Y: Array, v: dict[str, Array] = {}) -> dict[str, Array]:  # noqa: B006 - as people write it
    for name, g in gradients(p, X, Y).items():
        v[name] = 0.9 * v.get(name, 0.0) + 0.1 * g
    return {name: p[name] - 0.05 * v[name] for name in p}


def adam(p: Any, X: Array, Y: Array) -> dict[str, Array]:
    g = gradients(p, X, Y)
    m, v = ({name: c * x**k / c for name, x in g.items()} for k, c in ((1, 0.1), (2, 0.001)))
    return {name: p[name] - 0.05 * m[name] / (np.sqrt(v[name]) + 1e-8) for name in p}


def decayed(p: Any, X: Array, Y: Array) -> dict[str, Array]:
    return {name: p[name] - 0.05 * (g + 0.01 * p[name]) for name, g in gradients(p, X, Y).items()}


def clipped(p: Any, X: Array, Y: Array) -> dict[str, Array]:
    return {name: p[name] - 0.05 * np.clip(g, -0.1, 0.1) for name, g in gradients(p, X, Y).items()}


def shortened(p: Any, X: Array, Y: Array) -> dict[str, Array]:
    g = gradients(p, X, Y)
    norm = np.sqrt(sum((x**2).sum() for x in g.values()))
    return {name: p[name] - 0.05 * g[name] * min(1.0, 0.5 / norm) for name in p}


@pytest.mark.parametrize("step", [momentum, adam, decayed, clipped, shortened])
def test_steps_of_another_kind_are_no_mistakes(step: Any) -> None:
    report = diagnose(loss, PARAMS, (X, Y), gradients=gradients, update=step, lr=0.05)
    assert report.step is not None
    assert not any(report.step[name].verdict == "wrong" for name in report), str(report)
    assert momentum.__defaults__ == ({},)


def test_differences_and_single_precision_are_near_enough() -> None:
    def forward_differences(p: Any, X: Array, Y: Array) -> dict[str, Array]:
        found = {}
        for name, block in p.items():
            found[name] = np.zeros(block.shape)
            for at in np.ndindex(block.shape):
                moved = {**p, name: block.copy()}
                moved[name][at] += 1e-6
                found[name][at] = (loss(moved, X, Y) - loss(p, X, Y)) / 1e-6
        return found

    assert diagnose(loss, PARAMS, (X, Y), gradients=forward_differences).ok
    for dtype in (np.float32, np.float16):

        def narrow(p: Any, X: Array, Y: Array, dtype: Any = dtype) -> dict[str, Array]:
            return gradients({k: v.astype(dtype) for k, v in p.items()}, X.astype(dtype), Y.astype(dtype))

        report = diagnose(loss, PARAMS, (X, Y), gradients=narrow)
        assert not any(report[name].verdict == "wrong" for name in report), str(report)


class Keeper:
    """A class that fills buffers, keeps everything and draws its own numbers."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self.W, self.V = rng.normal(size=(3, 4)), rng.normal(size=(4, 1))
        self.dW, self.dV = np.zeros((3, 4)), np.zeros((4, 1))
        self.losses: list[float] = []
        self.rng = np.random.default_rng(7)

    def loss(self, X: Array, Y: Array) -> Any:
        self.h = np.zeros((len(X), 4))
        self.h[:] = np.tanh(X @ self.W)
        self.mask = self.rng.random(4) < 0.8
        self.e = (self.h * self.mask) @ self.V - Y
        value = 0.5 * (self.e**2).sum()
        self.losses.append(value)
        return value

    def backward(self, X: Array, Y: Array) -> None:
        self.dV[...] = (self.h * self.mask).T @ self.e
        self.dW[...] = X.T @ ((self.e @ self.V.T) * self.mask * (1 - self.h**2))

    def update(self, lr: float) -> None:
        self.W -= lr * self.dW
        self.V -= lr * self.dV


def test_an_object_with_buffers_and_state_is_right_and_stays_as_it_is() -> None:
    net = Keeper()
    before = {name: np.array(part) for name, part in vars(net).items() if isinstance(part, np.ndarray)}
    state = net.rng.bit_generator.state
    report = diagnose_class(net, (X, Y), update="update", lr=0.01)
    assert report.ok, str(report)
    assert net.losses == []
    assert net.rng.bit_generator.state == state
    assert set(vars(net)) == {"W", "V", "dW", "dV", "losses", "rng"}
    assert all(np.array_equal(getattr(net, name), kept) for name, kept in before.items())


def test_what_the_functions_reach_is_put_back() -> None:
    seen: list[int] = []
    cache = {"h": np.zeros(3)}
    gen = np.random.default_rng(0)

    def noting(p: Any, X: Array, Y: Array) -> dict[str, Array]:
        seen.append(1)
        cache["h"][:] = gen.random(3)
        cache["new"] = X
        return gradients(p, X, Y)

    state = gen.bit_generator.state
    assert diagnose(loss, PARAMS, (X, Y), gradients=noting).ok
    assert seen == []
    assert list(cache) == ["h"]
    assert not cache["h"].any()
    assert gen.bit_generator.state == state


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # numpy advises against its matrices too
def test_arrays_of_another_arithmetic_are_refused() -> None:
    with pytest.raises(OperandError, match="W is a masked array"):
        diagnose(loss, {**PARAMS, "W": np.ma.masked_array(PARAMS["W"])}, (X, Y), gradients=gradients)
    with pytest.raises(OperandError, match="W is a numpy matrix"):
        diagnose(loss, {**PARAMS, "W": np.matrix(PARAMS["W"])}, (X, Y), gradients=gradients)


# --------------------------------------------------------------------------------- many styles of many networks


@pytest.mark.parametrize("with_gradients", [True, False], ids=["gradients", "steps alone"])
def test_no_right_function_is_accused(with_gradients: bool) -> None:
    """60 functions, styles by networks; and the steps of those that make one, judged without their gradients."""
    accused, verdicts = [], []
    for combination in combinations():
        case = functions(*combination)
        if not with_gradients and case.update is None:
            continue
        kept = copy.deepcopy((case.params, case.batch))
        given = {"gradients": case.gradients} if with_gradients else {}
        report = diagnose(case.loss, case.params, case.batch, **given, update=case.update, lr=0.05)
        judged = [each[name].verdict for each in (report, report.step) if each is not None for name in each]
        accused += [case.name] if "wrong" in judged else []
        verdicts += judged
        assert alike((case.params, case.batch), kept), case.name
    assert accused == []
    assert len(verdicts) > 150
    assert verdicts.count("right") >= 0.9 * len(verdicts)


def test_functions_with_a_mistake_are_not_right_in_any_style() -> None:
    """The same walk, the gradient of the first block with the wrong sign: so that it can fail."""
    for combination in itertools.islice(combinations(), 0, None, 4):
        case = functions(*combination)

        def wrong(*args: Any, right: Any = case.gradients) -> Any:
            found = right(*args)
            first = found[1] if isinstance(found, tuple) and np.ndim(found[0]) == 0 else found
            while not isinstance(first, np.ndarray):
                first = next(iter(first.values())) if isinstance(first, dict) else first[0]
            first *= -1
            return found

        report = diagnose(case.loss, case.params, case.batch, gradients=wrong)
        assert not report.ok, case.name


@pytest.mark.parametrize("make", CLASSES, ids=lambda make: make.__name__)
def test_no_right_class_is_accused(make: Any) -> None:
    net = make()
    kept = copy.deepcopy(vars(net))
    report = diagnose_class(net, (X[:12], Y[:12]), **CLASSES[make])
    assert report.ok, str(report)
    assert report.step is None or report.step.ok, str(report)
    assert alike(vars(net), kept)


@pytest.mark.parametrize(
    ("make", "spoil", "block"),
    [
        (Dicts, lambda net: net.grads.update(W1=-net.grads["W1"]), "params['W1']"),
        (Layered, lambda net: setattr(net.layers[2], "dW", 2 * net.layers[2].dW), "layers[2].W"),
        (Nielsen, lambda net: net.nabla_w.__setitem__(0, net.weights[0]), "weights[0]"),
        (Pairs, lambda net: None, ""),
    ],
)
def test_a_mistake_in_a_container_or_a_layer_is_found_there(make: Any, spoil: Any, block: str) -> None:
    class Wrong(make):  # type: ignore[misc]
        def backward(self, *sample: Array) -> Any:
            found = super().backward(*sample)
            spoil(self)
            return found

    Wrong.backward.__signature__ = inspect.signature(make.backward)  # type: ignore[attr-defined]
    report = diagnose_class(Wrong(), (X[:12], Y[:12]))
    assert [name for name in report if report[name].verdict == "wrong"] == [block] * bool(block), str(report)


def alike(one: Any, other: Any) -> bool:
    """Whether two things hold the same numbers, all the way down."""
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, np.random.Generator):
        return bool(one.bit_generator.state == other.bit_generator.state)
    return alike(vars(one), vars(other)) if hasattr(one, "__dict__") else bool(one == other)


def test_what_names_a_place_is_checked() -> None:
    with pytest.raises(OperandError, match=r"Layered keeps nothing at layers\[7\].W; its arrays are at layers\[0\].W"):
        diagnose_class(Layered(), (X, Y), parameters=["layers[7].W"])
    report = diagnose_class(Layered(), (X, Y), parameters=["layers[2].W"], gradients={"layers[2].W": "layers[2].dW"})
    assert report.ok
    assert list(report) == ["layers[2].W"]
