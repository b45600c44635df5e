"""Optimisers, step by step: by hand, on arrays, and against torch where it is installed; clipping; schedules."""

import itertools
import math

import numpy as np
import pytest

from autograd import GraphError, Tensor, Value
from nn import (
    MLP,
    SGD,
    Adam,
    AdamW,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearWarmup,
    Optimizer,
    Schedule,
    SequentialLR,
    SettingError,
    StateError,
    StepLR,
    clip_grad_norm_,
    grad_norm,
)

KINDS = {
    "sgd": (SGD, {}),
    "momentum": (SGD, {"momentum": 0.9}),
    "dampened": (SGD, {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
    "nesterov": (SGD, {"momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    "adam": (Adam, {}),
    "adam with decay": (Adam, {"betas": (0.8, 0.9), "eps": 1e-3, "weight_decay": 0.1}),
    "adamw": (AdamW, {}),
    "adamw with decay": (AdamW, {"betas": (0.5, 0.99), "weight_decay": 0.5}),
}
KIND = pytest.mark.parametrize(("make", "options"), list(KINDS.values()), ids=list(KINDS))


def gradient(x):
    return np.sin(3 * x) + x - 0.5


def run(optimizer, steps):
    trace = []
    for _ in range(steps):
        for p in optimizer.parameters:
            p.grad = gradient(p.data)
        optimizer.step()
        trace.append([p.data for p in optimizer.parameters])
    return trace


def test_sgd_by_hand():
    w = Value(2.0)
    optimizer = SGD([w], lr=0.1, momentum=0.5, weight_decay=0.25)
    w.grad = 1.0
    optimizer.step()  # gradient 1 + 0.25 * 2 = 1.5, velocity 1.5
    assert w.data == pytest.approx(2 - 0.15, rel=1e-15)
    w.grad = 1.0
    optimizer.step()  # gradient 1 + 0.25 * 1.85 = 1.4625, velocity 0.75 + 1.4625
    assert w.data == pytest.approx(1.85 - 0.22125, rel=1e-15)


def test_nesterov_by_hand():
    w = Value(1.0)
    optimizer = SGD([w], lr=1.0, momentum=0.5, nesterov=True)
    w.grad = 1.0
    optimizer.step()  # velocity 1, step 1 + 0.5 * 1
    assert w.data == -0.5
    optimizer.step()  # velocity 1.5, step 1 + 0.75
    assert w.data == -2.25


def test_adam_by_hand():
    w = Value(1.0)
    optimizer = Adam([w], lr=0.1, eps=0.0)
    w.grad = 4.0
    optimizer.step()  # the first step is lr times the sign
    assert w.data == pytest.approx(0.9, rel=1e-14)
    w.grad = -2.0
    optimizer.step()
    mean = (0.9 * 0.4 + 0.1 * -2) / (1 - 0.9**2)
    square = (0.999 * 0.016 + 0.001 * 4) / (1 - 0.999**2)
    assert w.data == pytest.approx(0.9 - 0.1 * mean / math.sqrt(square), rel=1e-12)


def test_decay_is_coupled_in_adam_and_not_in_adamw():
    for make, expected in ((Adam, 1.9), (AdamW, 2.0 * (1 - 0.1 * 0.5))):
        w = Value(2.0)
        (w * 0.0).backward()
        make([w], lr=0.1, weight_decay=0.5, eps=0.0 if make is Adam else 1e-8).step()  # the gradient is 0
        assert w.data == pytest.approx(expected, rel=1e-12)


@KIND
def test_against_torch(make, options):
    torch = pytest.importorskip("torch")
    start = [0.7, -1.3, 2.0]
    mine = make([Value(x) for x in start], lr=0.05, **options)
    their_parameters = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in start]
    theirs = getattr(torch.optim, make.__name__)(their_parameters, lr=0.05, **options)
    for numbers in run(mine, 30):
        for p in their_parameters:
            p.grad = torch.tensor(gradient(p.item()), dtype=torch.float64)
        theirs.step()
        assert numbers == pytest.approx([p.item() for p in their_parameters], rel=1e-12)


@KIND
def test_arrays_move_as_floats_do_and_are_never_changed_in_place(make, options):
    start = np.array([[0.7, -1.3], [2.0, 0.1]])
    held = Tensor(start)
    first = start.copy()
    optimizer = make([held], lr=0.05, **options)
    expected = run(make([Value(x) for x in start.ravel()], lr=0.05, **options), 5)
    for numbers in expected:
        before, grad = held.data, gradient(held.data)
        kept, kept_grad = before.copy(), grad.copy()
        held.grad = grad
        optimizer.step()
        assert np.array_equal(before, kept)
        assert np.array_equal(grad, kept_grad)
        grad *= 0  # as a zero_grad in place would
        assert held.data.ravel() == pytest.approx(numbers, rel=1e-14)
    assert np.array_equal(start, first)
    state = optimizer.state_dict()
    twin = make([Tensor(held.data)], lr=1.0)
    twin.load_state_dict(state)
    assert run(twin, 2)[-1][0] == pytest.approx(run(optimizer, 2)[-1][0], rel=1e-14)
    optimizer.zero_grad()
    assert held.grad.shape == (2, 2)
    assert not held.grad.any()


@KIND
def test_float32_stays_float32(make, options):
    held = Tensor(np.ones(2, dtype=np.float32))
    held.grad = np.ones(2, dtype=np.float32)
    optimizer = make([held], lr=0.1, **options)
    optimizer.step()
    optimizer.step()
    assert held.data.dtype == np.float32


@KIND
def test_state_goes_on_where_it_was(make, options):
    one = make([Value(0.7), Value(-1.3)], lr=0.05, **options)
    run(one, 4)
    two = make([Value(p.data) for p in one.parameters], lr=1.0)
    two.load_state_dict(one.state_dict())
    assert run(two, 5) == run(one, 5)
    assert repr(two) == repr(one)


def test_state_that_does_not_fit():
    one = SGD([Value(1.0), Value(2.0)], lr=0.1, momentum=0.9)
    run(one, 1)
    state = one.state_dict()
    with pytest.raises(StateError, match=r"not the state of SGD with 1 parameters \(velocity\.1 does not fit\)"):
        SGD([Value(1.0)]).load_state_dict(state)
    with pytest.raises(StateError, match=r"not the state of Adam with 2 parameters \(beta1 does not fit\)"):
        Adam([Value(1.0), Value(2.0)]).load_state_dict(state)
    with pytest.raises(StateError, match=r"velocity\.0 has shape \(2,\)"):
        one.load_state_dict({**state, "lr": 5.0, "velocity.0": [1.0, 2.0]})
    assert one.lr == 0.1


def test_zero_grad_and_shared_parameters():
    w = Value(1.0)
    optimizer = SGD([w, w], lr=0.5)
    assert len(optimizer.parameters) == 1
    w.grad = 1.0
    optimizer.step()
    assert w.data == 0.5
    optimizer.zero_grad()
    assert w.grad == 0.0
    assert w.kind == "parameter"


def test_it_takes_a_generator():
    model = MLP(1, [2, 1])
    assert len(SGD(p for p in model.parameters()).parameters) == 7
    assert repr(SGD(model.parameters(), lr=0.5)).startswith("SGD(7 parameters, lr=0.5, momentum=0,")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (MLP(1, [1]), r"write model\.parameters\(\)"),
        (Value(1.0), r"write \[w\]"),
        ([], "at least one parameter, got none"),
        ([1.0], "takes Values or Tensors, got float"),
        (["w"], "takes Values or Tensors, got str"),
    ],
)
def test_parameters_that_are_none(parameters, message):
    with pytest.raises(SettingError, match=message):
        Adam(parameters)


def test_a_result_is_no_parameter():
    with pytest.raises(GraphError, match=r"a result \(multiply\) cannot be a parameter"):
        SGD([Value(1.0) * 2])


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (SGD, {"lr": -0.1}, "lr is a number from 0 to below inf, got -0.1"),
        (SGD, {"lr": math.nan}, "lr is a number from 0"),
        (SGD, {"lr": math.inf}, "lr is a number from 0"),
        (SGD, {"lr": "fast"}, "lr is a number, got str 'fast'"),
        (SGD, {"lr": None}, "lr is a number, got NoneType"),
        (SGD, {"lr": Value(0.1)}, "lr is a number, got Value"),
        (SGD, {"momentum": Tensor([0.1])}, "momentum is a number, got Tensor"),
        (SGD, {"momentum": -1}, "momentum is"),
        (SGD, {"weight_decay": -1}, "weight_decay is"),
        (SGD, {"nesterov": True}, "nesterov=True needs a momentum above 0 and no dampening"),
        (SGD, {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "nesterov=True needs"),
        (Adam, {"betas": (1.0, 0.9)}, "a beta is a number from 0 to below 1, got 1"),
        (Adam, {"betas": (0.9, -0.1)}, "a beta is"),
        (Adam, {"betas": (0.9,)}, r"betas are two numbers, such as \(0.9, 0.999\), got \(0.9,\)"),
        (Adam, {"betas": 0.9}, "betas are two numbers"),
        (Adam, {"eps": -1}, "eps is"),
        (AdamW, {"weight_decay": -1}, "weight_decay is"),
    ],
)
def test_settings_are_checked(make, options, message):
    with pytest.raises(SettingError, match=message):
        make([Value(1.0)], **options)


def test_the_base_class_does_not_step():
    w = Value(1.0)
    w.backward()
    with pytest.raises(NotImplementedError, match="Optimizer does not say how"):
        Optimizer([w], 0.1).step()
    with pytest.raises(NotImplementedError, match="Schedule does not say its rate"):
        Schedule(SGD([Value(1.0)]))


def test_every_optimiser_finds_the_minimum():
    for make, options in ((SGD, {"momentum": 0.5}), (Adam, {}), (AdamW, {"weight_decay": 0.0})):
        w = Value(3.0)
        optimizer = make([w], lr=0.1, **options)
        for _ in range(300):
            optimizer.zero_grad()
            ((w - 1) ** 2).backward()
            optimizer.step()
        assert w.data == pytest.approx(1.0, abs=1e-3)


# ---------------------------------------------------------------------------------------------------- clipping


def with_grads(*grads):
    out = [Value(1.0) for _ in grads]
    for each, grad in zip(out, grads, strict=True):
        each.grad = grad
    return out


def test_clipping():
    w = with_grads(3.0, -4.0)
    assert clip_grad_norm_(w, 10.0) == 5.0
    assert [p.grad for p in w] == [3.0, -4.0]
    assert clip_grad_norm_(iter(w), 1.0) == 5.0
    assert [p.grad for p in w] == pytest.approx([0.6, -0.8], rel=1e-6)
    assert grad_norm(w) == pytest.approx(1.0, rel=1e-6)
    assert grad_norm(with_grads(3.0, -4.0), 1) == 7.0
    assert grad_norm(with_grads(3.0, -4.0), math.inf) == 4.0
    assert grad_norm(with_grads(3e200, 4e200)) == pytest.approx(5e200, rel=1e-15)
    assert grad_norm([]) == 0.0


def test_clipping_arrays():
    held = Tensor(np.zeros(2))
    held.grad = before = np.array([3.0, 4.0])
    empty = Tensor(np.zeros((0, 2)))
    assert clip_grad_norm_([held, empty], 1.0) == 5.0
    assert held.grad == pytest.approx([0.6, 0.8], rel=1e-6)
    assert before.tolist() == [3.0, 4.0]


def test_clipping_does_not_hide_nan():
    w = with_grads(math.nan, 1.0)
    assert math.isnan(clip_grad_norm_(w, 1.0))
    assert math.isnan(w[1].grad)


@pytest.mark.parametrize("options", [{"max_norm": 0}, {"max_norm": -1}, {"max_norm": math.nan}])
def test_clipping_settings(options):
    with pytest.raises(SettingError, match="max_norm is above 0"):
        clip_grad_norm_(with_grads(1.0), **options)
    with pytest.raises(SettingError, match="norm_type is above 0"):
        grad_norm(with_grads(1.0), 0)


def test_clipping_against_torch():
    torch = pytest.importorskip("torch")
    for norm_type in (1.0, 2.0, math.inf):
        w = with_grads(3.0, -4.0, 0.5)
        theirs = [torch.tensor(1.0, dtype=torch.float64, requires_grad=True) for _ in w]
        for mine, its in zip(w, theirs, strict=True):
            its.grad = torch.tensor(mine.grad, dtype=torch.float64)
        expected = torch.nn.utils.clip_grad_norm_(theirs, 2.0, norm_type).item()
        assert clip_grad_norm_(w, 2.0, norm_type) == pytest.approx(expected, rel=1e-13)
        assert [p.grad for p in w] == pytest.approx([p.grad.item() for p in theirs], rel=1e-13)


# --------------------------------------------------------------------------------------------------- schedules

SCHEDULES = {
    "StepLR": (StepLR, {"step_size": 3, "gamma": 0.5}, [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2]),
    "ExponentialLR": (ExponentialLR, {"gamma": 0.5}, [0.8, 0.4, 0.2, 0.1]),
    "CosineAnnealingLR": (CosineAnnealingLR, {"T_max": 2, "eta_min": 0.2}, [0.8, 0.5, 0.2, 0.5, 0.8]),
    "LinearLR": (LinearWarmup, {"total_iters": 4, "start_factor": 0.5}, [0.4, 0.5, 0.6, 0.7, 0.8, 0.8]),
    "LambdaLR": (LambdaLR, {"factor": lambda epoch: 1 / (1 + epoch)}, [0.8, 0.4, 0.8 / 3]),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates(name):
    make, options, expected = SCHEDULES[name]
    optimizer = SGD([Value(1.0)], lr=0.8)
    schedule = make(optimizer, **options)
    assert [schedule.rate(epoch) for epoch in range(len(expected))] == pytest.approx(expected, rel=1e-12)
    seen = []
    for _ in expected:
        seen.append(optimizer.lr)
        schedule.step()
    assert seen == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_against_torch(name):
    torch = pytest.importorskip("torch")
    make, options, _ = SCHEDULES[name]
    optimizer = SGD([Value(1.0)], lr=0.8)
    schedule = make(optimizer, **options)
    their_options = {{"factor": "lr_lambda"}.get(key, key): option for key, option in options.items()}
    theirs = torch.optim.SGD([torch.zeros(1)], lr=0.8)
    their_schedule = getattr(torch.optim.lr_scheduler, name)(theirs, **their_options)
    for _ in range(20):
        assert optimizer.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-9, abs=1e-12)
        schedule.step()
        theirs.step()
        their_schedule.step()


TORCH_SCHEDULES = {  # ours and PyTorch's, as functions of an optimiser
    "exponential": (lambda o: ExponentialLR(o, 0.9), lambda o, t: t.ExponentialLR(o, 0.9)),
    "step": (lambda o: StepLR(o, 3, 0.5), lambda o, t: t.StepLR(o, 3, 0.5)),
    "warm-up": (lambda o: LinearWarmup(o, 5, 0.1), lambda o, t: t.LinearLR(o, 0.1, 1.0, 5)),
    "cosine": (lambda o: CosineAnnealingLR(o, 20, 0.01), lambda o, t: t.CosineAnnealingLR(o, 20, 0.01)),
    "cosine there and back": (lambda o: CosineAnnealingLR(o, 3, 0.01), lambda o, t: t.CosineAnnealingLR(o, 3, 0.01)),
    "sequence": (
        lambda o: SequentialLR(o, [LinearWarmup(o, 4, 0.25), CosineAnnealingLR(o, 10)], [4]),
        lambda o, t: t.SequentialLR(o, [t.LinearLR(o, 0.25, 1.0, 4), t.CosineAnnealingLR(o, 10)], [4]),
    ),
}


@pytest.mark.filterwarnings("ignore")  # PyTorch's, of its own SequentialLR and of steps before the optimiser's
@pytest.mark.parametrize("by_hand", [None, 4])
@pytest.mark.parametrize("names", [*itertools.permutations(TORCH_SCHEDULES, 2), *zip(TORCH_SCHEDULES)])
def test_schedules_of_one_optimiser_multiply_as_pytorchs_do(names, by_hand):
    torch = pytest.importorskip("torch")
    optimizer, theirs = SGD([Value(1.0)], lr=0.1), torch.optim.SGD([torch.zeros(1)], lr=0.1)
    schedules = [TORCH_SCHEDULES[name][0](optimizer) for name in names]
    their_schedules = [TORCH_SCHEDULES[name][1](theirs, torch.optim.lr_scheduler) for name in names]
    for step in range(12):
        assert optimizer.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-9)
        if step == by_hand:
            optimizer.lr = theirs.param_groups[0]["lr"] = 1.0
        for each in (*schedules, *their_schedules):
            each.step()


def test_chained_schedules_go_on_where_they_were():
    def chained(lr):
        optimizer = SGD([Value(1.0)], lr=lr)
        return optimizer, LinearWarmup(optimizer, 4, 0.25), ExponentialLR(optimizer, 0.9)

    (one, *first), (two, *second) = chained(0.3), chained(7.0)
    for place in range(6):
        if place == 3:
            for mine, other in zip(first, second, strict=True):
                other.load_state_dict(mine.state_dict())
        for each in (*first, *second):
            each.step()
    assert one.lr == two.lr < 0.3


def test_schedule_state():
    optimizer = SGD([Value(1.0)], lr=0.8)
    schedule = StepLR(optimizer, 1, 0.5)
    schedule.step()
    other = StepLR(SGD([Value(1.0)], lr=9.0), 1, 0.5)
    other.load_state_dict(schedule.state_dict())
    assert other.optimizer.lr == 0.4
    with pytest.raises(StateError, match="holds epoch and base_lr, got nothing"):
        schedule.load_state_dict({})


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (StepLR, {"step_size": 0}),
        (StepLR, {"step_size": 1.5}),
        (StepLR, {"step_size": True}),
        (ExponentialLR, {"gamma": -1}),
        (CosineAnnealingLR, {"T_max": 0}),
        (LinearWarmup, {"total_iters": 0}),
    ],
)
def test_schedule_settings(make, options):
    with pytest.raises(SettingError, match=r"is a (whole )?number from"):
        make(SGD([Value(1.0)]), **options)
    with pytest.raises(SettingError, match="takes the optimiser whose rate it sets, got float"):
        ExponentialLR(0.1, 0.5)


@pytest.mark.parametrize(
    ("make", "name", "told"),
    [
        (SGD, "learning_rate", "optimizer.lr"),
        (SGD, "params", "optimizer.parameters"),
        (Adam, "momentum", "beta1"),
        (SGD, "momentun", "momentum"),
        (Adam, "beta_1", "beta1"),
        (AdamW, "weightdecay", "weight_decay"),
        (lambda ps: StepLR(SGD(ps), 2), "gama", "gamma"),
        (lambda ps: CosineAnnealingLR(SGD(ps), 2), "lr", "schedule.optimizer.lr"),
    ],
)
def test_a_setting_that_does_not_exist_is_not_assigned(make, name, told):
    made = make([Value(1.0)])
    with pytest.raises(AttributeError, match=f"has no {name}: .*{told}"):
        setattr(made, name, 0.5)
    with pytest.raises(AttributeError):
        getattr(made, name)
    made.note = "mine"


def test_betas_are_assignable():
    optimizer = Adam([Value(1.0)])
    optimizer.betas = (0.5, 0.25)
    assert optimizer.betas == (optimizer.beta1, optimizer.beta2) == (0.5, 0.25)
    with pytest.raises(SettingError, match="betas are two numbers"):
        optimizer.betas = 0.5


@pytest.mark.parametrize("make", [lambda o: StepLR(o, 3), lambda o: ExponentialLR(o, 0.5)])
@pytest.mark.parametrize("cosine_first", [True, False])
def test_a_rate_below_the_floor_of_another_schedule_stays_a_rate(make, cosine_first):
    optimizer = SGD([Value(1.0)], lr=0.1)
    makers = [make, lambda o: CosineAnnealingLR(o, 5, eta_min=0.01)]
    schedules = [each(optimizer) for each in (makers[::-1] if cosine_first else makers)]
    for _ in range(25):
        for schedule in schedules:
            schedule.step()
        assert 0.0 <= optimizer.lr <= 0.1
