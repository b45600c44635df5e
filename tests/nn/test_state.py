"""No state is wrong in silence: schedules in a row, parameters without a gradient, names, settings, whole steps."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import GraphError, Tensor, Value, compile
from nn.errors import SettingError, StateError

CARRIERS: dict[str, Callable[[], Any]] = {"Value": lambda: Value(1.0), "Tensor": lambda: Tensor([1.0, 2.0])}
OPTIMIZERS: dict[str, Callable[[list[Any]], nn.Optimizer]] = {
    "SGD": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
    "Nesterov": lambda p: nn.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: nn.Adam(p, lr=0.1, weight_decay=0.1),
    "AdamW": lambda p: nn.AdamW(p, lr=0.1),
}


def loss_of(*leaves: Any) -> Any:
    total = sum(leaf * leaf for leaf in leaves)
    return total.sum() if isinstance(total, Tensor) else total


def test_schedules_in_a_row_begin_with_the_rate_that_the_optimiser_was_given() -> None:
    optimizer = nn.SGD([Value(1.0)], lr=0.1)
    warmup = nn.LinearWarmup(optimizer, 5, 0.1)
    cosine = nn.CosineAnnealingLR(optimizer, 10)
    assert (warmup.base_lr, cosine.base_lr, optimizer.initial_lr) == (0.1, 0.1, 0.1)
    both = nn.SequentialLR(optimizer, [warmup, cosine], [5])
    rates = [optimizer.lr]
    for _ in range(15):
        both.step()
        rates.append(optimizer.lr)
    assert rates[:6] == pytest.approx([0.01, 0.028, 0.046, 0.064, 0.082, 0.1])
    assert rates[5:] == pytest.approx([cosine.rate(k) for k in range(11)])


def test_a_sequence_of_schedules_that_does_not_fit() -> None:
    optimizer, other = nn.SGD([Value(1.0)], lr=0.1), nn.SGD([Value(1.0)], lr=0.1)
    parts = [nn.ExponentialLR(optimizer, 0.5), nn.ExponentialLR(optimizer, 0.9)]
    for milestones in ([], [3, 4], [0], ["3"]):
        with pytest.raises(SettingError):
            nn.SequentialLR(optimizer, parts, milestones)
    with pytest.raises(SettingError, match="of the optimiser"):
        nn.SequentialLR(other, parts, [2])


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_parameter_that_no_backward_has_come_to_stays(carrier: str, kind: str) -> None:
    used, unused = CARRIERS[carrier](), CARRIERS[carrier]()
    optimizer = OPTIMIZERS[kind]([used, unused])
    before = np.array(unused.data)
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(used).backward()
        optimizer.step()
    np.testing.assert_array_equal(unused.data, before)
    assert np.all(np.array(used.data) != before)


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_steps_with_gaps_are_those_of_torch(carrier: str, kind: str) -> None:
    """The momentum rests, and Adam counts the steps of every parameter by itself."""
    torch = pytest.importorskip("torch")
    ours, theirs = CARRIERS[carrier](), torch.tensor(np.array(CARRIERS[carrier]().data), requires_grad=True)
    extra = CARRIERS[carrier]()
    optimizer = OPTIMIZERS[kind]([extra, ours])
    twin = {
        "SGD": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1),
        "Nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
        "Adam": lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.1),
        "AdamW": lambda p: torch.optim.AdamW(p, lr=0.1),
    }[kind]([theirs])
    for used in (False, True, True, False, True, False, False, True):
        optimizer.zero_grad()
        twin.zero_grad()
        loss_of(*([extra, ours] if used else [extra])).backward()
        if used:
            (theirs * theirs).sum().backward()
        optimizer.step()
        twin.step()
        np.testing.assert_allclose(ours.data, theirs.detach().numpy(), rtol=1e-12)


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_gradient_of_0_is_a_gradient(carrier: str) -> None:
    leaf = CARRIERS[carrier]()
    optimizer = nn.AdamW([leaf], lr=0.1, weight_decay=0.5)
    loss_of(leaf * 0.0).backward()
    optimizer.step()
    np.testing.assert_allclose(leaf.data, np.array(CARRIERS[carrier]().data) * 0.95)


def test_a_compiled_step_reaches_its_parameters() -> None:
    w, t = Value(1.0), Tensor([1.0])
    compile(lambda x: w * x * 0.0, [w], engine="numpy")(np.ones(2))
    compile(lambda: (t * 0.0).sum(), [t], engine="numpy")()
    for leaf in (w, t):
        nn.AdamW([leaf], lr=0.1, weight_decay=0.5).step()
        assert np.all(np.array(leaf.data) == 0.95)


def test_adam_of_version_0_1_goes_on() -> None:
    w = Value(1.0)
    optimizer = nn.Adam([w], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    state = optimizer.state_dict()
    old = {name: number for name, number in state.items() if not name.startswith("taken")}
    twins = [Value(w.data), Value(w.data)]
    for twin, known in zip(twins, (state, old), strict=True):
        other = nn.Adam([twin], lr=0.1)
        other.load_state_dict(known)
        (twin * twin).backward()
        other.step()
    assert twins[0].data == twins[1].data


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_step_is_whole_or_none_wherever_it_is_interrupted(carrier: str, kind: str) -> None:
    """A KeyboardInterrupt at every place of a step in turn: by a parameter whose data raise."""

    class Bomb(Exception):
        pass

    def build() -> tuple[list[Any], nn.Optimizer]:
        leaves = [CARRIERS[carrier]() for _ in range(4)]
        optimizer = OPTIMIZERS[kind](leaves)
        for _ in range(2):
            optimizer.zero_grad()
            loss_of(*leaves).backward()
            optimizer.step()
        optimizer.zero_grad()
        loss_of(*leaves).backward()
        return leaves, optimizer

    leaves, optimizer = build()
    before = [np.array(leaf.data) for leaf in leaves]
    optimizer.step()
    after = [np.array(leaf.data) for leaf in leaves]
    for place in itertools.count():
        leaves, optimizer = build()
        moves = type(optimizer)._moved
        calls = iter(range(1000))

        def moved(self: Any, *given: Any, stop: int = place, calls: Any = calls, moves: Any = moves) -> Any:
            found = moves(self, *given)
            if next(calls) == stop:
                raise Bomb
            return found

        optimizer.__class__ = type("Interrupted", (type(optimizer),), {"_moved": moved})
        try:
            optimizer.step()
        except Bomb:
            found = [np.array(leaf.data) for leaf in leaves]
            np.testing.assert_array_equal(found, before)
            optimizer.__class__ = type(optimizer).__mro__[1]
            optimizer.step()  # and what is remembered is as it was
            np.testing.assert_array_equal([np.array(leaf.data) for leaf in leaves], after)
        else:
            break
    assert place == 4


def test_names_that_would_fall_together() -> None:
    class Keyed(nn.Module):
        def __init__(self, parts: Any) -> None:
            self.parts = parts

    for parts in ({0: Tensor([1.0]), "0": Tensor([2.0])}, {"b.c": Tensor([1.0]), "b": {"c": Tensor([2.0])}}):
        with pytest.raises(StateError, match="two parameters"):
            Keyed(parts).state_dict()
        with pytest.raises(StateError, match="two parameters"):
            Keyed(parts).load_state_dict({})


@pytest.mark.parametrize(
    "name", ["parameters", "forward", "state_dict", "train", "eval", "children", "zero_grad", "label"]
)
def test_attributes_that_hide_a_method(name: str) -> None:
    class Hiding(nn.Module):
        def __init__(self) -> None:
            setattr(self, name, 3)

    with pytest.raises(SettingError, match="another name"):
        Hiding()


def test_a_forward_that_is_a_function_may_be_assigned() -> None:
    module = nn.Module()
    module.forward = lambda x: 2 * x
    module.label = "twice"
    assert module(3.0) == 6.0


X, Y = np.ones((8, 2)), np.ones((8, 1))


class Lazy(nn.Module):
    def __init__(self) -> None:
        self.first = nn.Linear(2, 2, seed=0)

    def forward(self, x: Any) -> Any:
        if not hasattr(self, "second"):
            self.second = nn.Linear(2, 1, seed=0)
        return self.second(self.first(x))


@pytest.mark.parametrize(("attempt", "remedy"), [
    (lambda m: nn.fit(m, (X, Y), nn.mse, optimizer=nn.SGD(nn.Linear(2, 1).parameters(), lr=0.1)), "model.parameters"),
    (lambda m: nn.fit(m, (X, Y), nn.MSELoss), r"MSELoss\(\)"),
    (lambda m: nn.fit(Lazy(), (X, Y), nn.mse, epochs=1), "__init__"),
    (lambda m: nn.SGD(m.parameters(), lr="0.1"), "lr is a number"),
    (lambda m: setattr(nn.SGD(m.parameters(), lr=0.1), "lr", "0.1"), "lr is a number"),
    (lambda m: setattr(nn.SGD(m.parameters(), lr=0.1), "lr", -1.0), "lr is a number"),
])  # fmt: skip
def test_mistakes_that_would_train_nothing(attempt: Callable[[Any], Any], remedy: str) -> None:
    with pytest.raises(SettingError, match=remedy):
        attempt(nn.Linear(2, 1, seed=0))


def test_samples_that_are_dicts() -> None:
    loader = nn.DataLoader([{"x": np.full(2, k), "y": float(k)} for k in range(5)], batch_size=2)
    batches = list(loader)
    assert [batch["x"].shape for batch in batches] == [(2, 2), (2, 2), (1, 2)]
    assert batches[1]["y"].tolist() == [2.0, 3.0]


def test_threads_that_step_optimisers_of_their_own() -> None:
    leaves = [Value(1.0) for _ in range(4)]

    def train(leaf: Any) -> None:
        optimizer = nn.SGD([leaf], lr=0.1)
        for _ in range(50):
            optimizer.zero_grad()
            (leaf * leaf).backward()
            optimizer.step()

    threads = [threading.Thread(target=train, args=(leaf,)) for leaf in leaves]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({leaf.data for leaf in leaves}) == 1


@pytest.mark.parametrize("number", [5.0, 2, np.ones(2), [1.0, 2.0], "text"], ids=str)
@pytest.mark.parametrize("make", [*CARRIERS.values(), lambda: [Value(1.0), Value(2.0)], lambda: autograd.values([1.0])])
def test_numbers_do_not_take_the_place_of_parameters(make: Callable[[], Any], number: Any) -> None:
    model = nn.Module()
    model.w = make()
    before = model.parameters()
    with pytest.raises(GraphError, match=r"w holds parameters, and what is assigned holds none.*\.data = number"):
        model.w = number
    assert [one is other for one, other in zip(model.parameters(), before, strict=True)] == [True] * len(before)
    for emptied in ([], None):
        model.w = make()
        model.w = emptied
        assert model.parameters() == []
    model.other = number
    model.other = make()


@pytest.mark.parametrize(
    "part", [Value(1.0), Tensor([1.0]), nn.Neuron(1), [nn.Neuron(1)]], ids=lambda part: str(type(part))
)
def test_parts_of_a_class_are_parts_of_no_module(part: Any) -> None:
    with pytest.raises(SettingError, match=r"w stands in the class Line.*assign it in __init__, self\.w = \.\.\."):
        type("Line", (nn.Module,), {"w": part})


@pytest.mark.parametrize("make", [
    lambda: nn.Neuron(1), lambda: nn.SGD([Value(1.0)]), lambda: nn.ExponentialLR(nn.SGD([Value(1.0)]), 0.9),
], ids=["Module", "Optimizer", "Schedule"])  # fmt: skip
@pytest.mark.parametrize("state", [None, [1.0], "model.npz", 3, nn.Neuron(1), {1: 2.0}], ids=repr)
def test_what_is_no_state(make: Callable[[], Any], state: Any) -> None:
    with pytest.raises(StateError, match=r"a state is a dict of numbers by name, got \w+: give what state_dict"):
        make().load_state_dict(state)


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_states_that_are_not_written(ending: str, tmp_path: Any) -> None:
    for state in ({"w": [[1.0, 2.0], [3.0]]}, {"w" * 70_000: 1.0}):
        with pytest.raises(StateError, match=r"no array of numbers|at most 65000 bytes long"):
            nn.save(state, tmp_path / f"m.{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [
    lambda: Tensor([[3.0, 0.0], [0.0, 4.0]]), lambda: autograd.values([[3.0, 0.0], [0.0, 4.0]]), lambda: nn.MLP(2, [1]),
])  # fmt: skip
def test_gradients_of_a_single_parameter_are_clipped_too(make: Callable[[], Any]) -> None:
    what = make()
    listed = (
        what.parameters() if isinstance(what, nn.Module) else [what] if isinstance(what, Tensor) else list(what.flat)
    )
    for each in listed:
        each.grad = each.data * 0.0 + 3.0
    norm = nn.clip_grad_norm_(what, 1.0)
    assert norm == pytest.approx(3.0 * np.sqrt(sum(np.size(each.data) for each in listed)))
    assert nn.grad_norm(what) == pytest.approx(1.0, rel=1e-5)


@pytest.mark.parametrize("factor", [3.0, lambda epoch: "1", lambda epoch: Value(1.0), lambda epoch: float("nan")])
def test_the_factor_of_a_schedule_is_a_number(factor: Any) -> None:
    with pytest.raises(SettingError, match="the factor is a"):
        nn.LambdaLR(nn.SGD([Value(1.0)]), factor)
