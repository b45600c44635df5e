"""What Python and numpy do with numbers beyond arithmetic: divmod, int(), huge numbers, an array's other methods.

Each works on Values and Tensors, or is refused with what to write instead.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    GraphWarning,
    OperandError,
    ShapeError,
    Tensor,
    TraceError,
    Value,
    compile,
    grad,
    grads,
    jvp,
    value_and_grad,
    values,
    where,
)

HUGE = 10**400


@pytest.mark.parametrize("carrier", [Value, Tensor])
def test_divmod_is_the_quotient_and_the_rest(carrier: Any) -> None:
    x = carrier(-7.5)
    for found in (divmod(x, 2.0), divmod(x, carrier(2.0)), np.divmod(x, 2.0)):
        assert tuple(each.item() for each in found) == (-4.0, 0.5)
    assert tuple(each.item() for each in divmod(7.5, carrier(2.0))) == (3.0, 1.5)
    assert grad(lambda y: divmod(7.5, y)[1])(2.0) == -3.0


def test_divmod_in_a_compiled_function() -> None:
    w = Value(2.0)
    assert compile(lambda: divmod(7.5, w)[1] + divmod(w, 1.5)[0], [w])() == 2.5
    assert w.grad == -3.0


def test_places_and_whole_parts_of_a_tensor() -> None:
    t = Tensor([[1.0, 2.0], [3.0, 4.5]])
    assert (t.item(1), t.item(1, 0), t.item((1, 1))) == (2.0, 3.0, 4.5)
    assert math.trunc(t[1, 1]) == 4


def test_a_product_of_matrices_takes_no_single_number() -> None:
    for attempt in (lambda: Tensor([1.0, 2.0]) @ 2, lambda: 2 @ Tensor([1.0, 2.0])):
        with pytest.raises(ShapeError, match=r"multiplied by \*"):
            attempt()


def test_a_number_that_no_float_holds_is_equal_to_none() -> None:
    t = Tensor([1.0, math.inf])
    assert (t == HUGE).tolist() == (t == -HUGE).tolist() == [False, False]
    assert (t != HUGE).tolist() == [True, True]
    assert Value(1.0) != HUGE


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: int(Tensor(1.5)), r"int\(t.item\(\)\)"),
    (lambda: Value(1.0, requires_grad=True), "every one has a gradient"),
    (lambda: Tensor([1.0], requires_grad=True), "every one has a gradient"),
    (lambda: Tensor([1.0]) * np.timedelta64(2, "s"), "timedelta64"),
    (lambda: Tensor(1.0) < "a", "right side of <"),
    (lambda: Tensor(1.0) >= None, "right side of >="),
    (lambda: Tensor([1.0]) < HUGE, r"math\.inf"),
    (lambda: Value(1.0) < HUGE, r"math\.inf"),
    (lambda: np.ldexp(Value(1.0), 2), r"np\.ldexp of a Value"),
    (lambda: np.nextafter(Value(1.0), 2.0), r"np\.nextafter of a Value"),
    (lambda: np.modf(Value(1.0)), r"np\.modf of a Value"),
    (lambda: np.round(Value(1.5)), r"np\.round of a Value"),
    (lambda: np.round(values([1.5])), r"np\.round of a Value"),
    (lambda: np.rint(Value(1.5)), r"np\.rint of a Value"),
    (lambda: Value(2.0, _children=(Value(1.0),)), "@primitive"),
    (lambda: compile(lambda x: (Tensor([1.0]) * x).sum())(np.ones(1)), r"compile\(function, \[W"),
]


@pytest.mark.parametrize(("attempt", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_is_refused_says_what_to_write(attempt: Callable[[], Any], told: str) -> None:
    with pytest.raises(OperandError, match=told):
        attempt()


@pytest.mark.parametrize(("name", "told"), [
    ("copy", "detach"), ("tolist", r"t\.data\.tolist"), ("flat", r"t\.ravel"), ("argsort", r"t\.data\.argsort"),
    ("sort", r"np\.sort"), ("nothing", "no attribute 'nothing'"),
])  # fmt: skip
def test_what_a_tensor_has_not(name: str, told: str) -> None:
    with pytest.raises(AttributeError, match=told):
        getattr(Tensor([1.0]), name)


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax"])
def test_functions_of_scipy_that_are_here_too(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    function = getattr(special, name)
    for attempt in (lambda: function(Tensor([1.0, 2.0])), lambda: grad(function)(np.array([1.0, 2.0]))):
        with pytest.raises(OperandError, match=rf"autograd\.{name}\("):
            attempt()


@pytest.mark.parametrize("made", [lambda: Value(1.0), lambda: Value(1.0) * 2.0, lambda: Tensor([1.0])])
def test_attributes_of_other_habits_name_the_remedy(made: Callable[[], Any]) -> None:
    v = made()
    for name, told in {"m": "dict beside them", "velocity": "dict beside", "requires_grad": "has a gradient"}.items():
        with pytest.raises(AttributeError, match=told):
            setattr(v, name, 0.0)
        with pytest.raises(AttributeError, match=told):
            getattr(v, name)
        assert not hasattr(v, name)
        assert name not in dir(v)


def test_messages_name_the_class_that_a_user_knows() -> None:
    with pytest.raises(TypeError, match=r"^Tensor\.sum\(\)"):
        Tensor([1.0]).sum(dim=0)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^Tensor\.__pow__\(\)"):
        Tensor([1.0]).__pow__()  # type: ignore[misc]


@pytest.mark.parametrize("read", [repr, str, lambda t: t.data, lambda t: t * 2])
def test_a_tensor_that_nobody_filled(read: Callable[[Any], Any]) -> None:
    with pytest.raises(AttributeError, match=r"write Tensor\(numbers\)"):
        read(Tensor.__new__(Tensor))


@pytest.mark.parametrize("made", [Value, Tensor, lambda x: values([x])])
def test_fractions_are_numbers_to_every_carrier(made: Callable[[float], Any]) -> None:
    x = made(3.0)
    for found, wanted in ((x * Fraction(1, 2), 1.5), (Fraction(1, 2) - x, -2.5), (x ** Fraction(2), 9.0)):
        assert found.item() == wanted if not isinstance(found, np.ndarray) else found[0].item() == wanted


def test_a_primitive_takes_operands_by_place() -> None:
    with pytest.raises(TypeError, match=r"^a primitive\(\) got an unexpected keyword argument 'x'"):
        autograd.exp(x=Value(1.0))


CARRIERS: list[Callable[[], Any]] = [
    lambda: Value(2.0), lambda: Tensor(2.0), lambda: Tensor([1.0, 2.0]), lambda: values([1.0, 2.0]),
    lambda: Tensor(np.eye(2)),
]  # fmt: skip
MASKED = np.ma.masked_array([1.0, 2.0], [False, True])


def test_numpy_compares_a_value_in_its_own_tests() -> None:
    np.testing.assert_allclose(Value(2.0), 2.0)
    np.testing.assert_allclose([2.0, 2.0], Value(2.0))
    np.testing.assert_allclose(values([1.0, 2.0]), [1.0, 2.0])
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(Value(2.0), 2.5)
    with pytest.raises(OperandError, match=r"t\.data"):
        np.testing.assert_allclose(Tensor([2.0]), 2.0)
    assert not hasattr(Value(2.0), "__array__")  # elsewhere numpy would cast it to float


@pytest.mark.parametrize("made", CARRIERS)
def test_a_list_is_searched_for_a_number_or_refuses(made: Callable[[], Any]) -> None:
    x = made()
    if np.size(x) == 1:
        assert x in [made(), x]
        assert x in [1.0, 2.0]
        assert 2.0 in [x]
        return
    attempts = (
        lambda: x in [made(), x], lambda: x in [1.0], lambda: 1.0 in [x], lambda: [made(), x].index(x),
        lambda: [made(), x].remove(x), lambda: [made()].count(x), lambda: x not in [made()],
    )  # fmt: skip
    for attempt in attempts:
        with pytest.raises(ShapeError, match=r"any\(x is t for x in list\)"):
            attempt()
    assert x in [x]  # found before anything is compared
    assert np.all(x == x)
    assert not np.any(x != x)


@pytest.mark.parametrize("made", CARRIERS[:3])
def test_no_whole_number(made: Callable[[], Any]) -> None:
    for attempt in (lambda: [1, 2, 3][made()], lambda: range(made()), lambda: [1, 2, 3][: made()]):
        with pytest.raises(OperandError, match=r"int\(v\.item\(\)\)"):
            attempt()
    with pytest.raises(OperandError, match="an index is made of whole numbers"):
        Tensor([1.0, 2.0])[made()]


@pytest.mark.parametrize("made", [*CARRIERS[:3], CARRIERS[4]])
def test_no_power_with_a_modulus(made: Callable[[], Any]) -> None:
    with pytest.raises(OperandError, match=r"x\*\*y % 3"):
        pow(made(), 2, 3)
    assert np.allclose(pow(made(), 2), made() ** 2)


@pytest.mark.parametrize("made", CARRIERS)
def test_recorded_numbers_are_real(made: Callable[[], Any]) -> None:
    x = made()
    for part in (np.real(x), np.conj(x), np.conjugate(x), np.real_if_close(x), np.imag(x) + x):
        total = np.sum(part)
        total.backward()
    slopes = x.grad if hasattr(x, "_apply") else [v.grad for v in x]
    assert np.all(np.asarray(slopes) == 5.0)
    assert np.all(np.imag(x) == 0.0)
    with pytest.raises(OperandError, match=r"np\.angle"):
        np.angle(x)


@pytest.mark.parametrize("made", CARRIERS[1:])
@pytest.mark.parametrize("other", [MASKED, np.ones((1, 2)).view(np.matrix)], ids=["masked", "matrix"])
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_an_array_with_an_arithmetic_of_its_own_is_refused_in_every_place(made: Callable[[], Any], other: Any) -> None:
    x = made()
    pairs = ((x, other), (other, x))
    attempts: list[Callable[[], Any]] = [
        lambda f=f, pair=pair: f(*pair) for f in (np.dot, np.inner, np.add, np.vdot, np.outer) for pair in pairs
    ]  # fmt: skip
    attempts += [lambda pair=pair: np.concatenate(pair) for pair in pairs]
    attempts += [lambda: np.where(other > 1, other, x), lambda: np.where(other > 1, x, 0.0)]
    for attempt in attempts:
        with pytest.raises(OperandError, match="arithmetic of its own"):
            attempt()


W = Tensor([1.0, 2.0])
TAKERS: dict[str, Callable[[Any], Any]] = {
    "a state": lambda m: nn.Linear(2, 1).load_state_dict({"weight": np.ones((1, 2)), "bias": m[:1]}),
    "a layer": lambda m: nn.Linear(2, 1)(m),
    "a layer of Values": lambda m: nn.MLP(2, [1])(m),
    "an embedding": lambda m: nn.Embedding(3, 2)(m.astype(int)),
    "a DataLoader": lambda m: list(nn.DataLoader(m)),
    "a flat vector": lambda m: compile(lambda: (W * W).sum(), [W]).value_and_grad(m),
    "a direction": lambda m: compile(lambda: (W * W).sum(), [W]).hvp(np.ones(2), m),
    "unpack": lambda m: compile(lambda: (W * W).sum(), [W]).unpack(m),
    "a batch": lambda m: compile(lambda x: x * Value(2.0))(m),
    "save": lambda m: nn.save({"w": m}, "never"),
    "a target": lambda m: nn.mse(W, m),
}


@pytest.mark.parametrize("taker", TAKERS.values(), ids=TAKERS)
def test_a_masked_array_is_taken_nowhere(taker: Callable[[Any], Any]) -> None:
    with pytest.raises(OperandError, match="arithmetic of its own"):
        taker(MASKED)


@pytest.mark.parametrize("made", [lambda: values([[1.0, 2.0], [3.0, 4.0]]), CARRIERS[4]])
def test_averages_with_recorded_weights(made: Callable[[], Any]) -> None:
    def loss(w: Any) -> Any:
        return np.sum(
            np.average(np.array([[1.0, 5.0], [2.0, 7.0]]), axis=0, weights=w * w + 1.0) * np.array([1.0, 2.0])
        )

    w = made()
    loss(w).backward()
    eager = np.array(grads(w) if isinstance(w, np.ndarray) else w.grad)
    again = made()
    compile(lambda: loss(again), list(again.flat) if isinstance(again, np.ndarray) else [again], engine="numpy")()
    np.testing.assert_allclose(grads(again) if isinstance(again, np.ndarray) else again.grad, eager, rtol=1e-12)
    assert np.any(eager != 0.0)


@pytest.mark.parametrize("made", CARRIERS[2:4])
def test_an_average_of_an_infinity_is_one(made: Callable[[], Any]) -> None:
    assert np.average(made() * np.array([1.0, math.inf]), weights=[1.0, 2.0]).item() == math.inf


def test_plain_numbers_are_not_made_by_the_way_of_a_dtype() -> None:
    for attempt in (np.mean, np.sum, np.prod):
        with pytest.raises(OperandError, match="dtype"):
            attempt(values([1.0, 2.0]), dtype=float)
        with pytest.raises(OperandError, match="dtype"):
            attempt(Tensor([1.0, 2.0]), dtype=float)


@pytest.mark.parametrize("made", CARRIERS[:3])
def test_a_condition_that_became_a_number(made: Callable[[], Any]) -> None:
    with pytest.raises(OperandError, match="not x > 0"):
        where(~bool(np.all(made().item(0) > 0) if np.size(made()) > 1 else made() > 0), made(), 0.0)


def test_masked_arrays_alone_are_numpy_s() -> None:
    assert np.dot(MASKED, MASKED) == np.dot(MASKED.data, MASKED.data)
    assert np.sum(MASKED) == 1.0
    assert type(np.concatenate([MASKED, np.ones(2)])) is np.ma.MaskedArray
    assert np.where(MASKED > 0, MASKED, 0.0).shape == (2,)


@pytest.mark.parametrize("made", [lambda: Value(1.0), lambda: Tensor([1.0]), lambda: Value(1.0) * 2.0])
@pytest.mark.parametrize(
    "name", ["m", "velocity", "requires_grad", "data", "grad", "label", "kind", "backward", "nope"]
)
def test_a_deletion_is_refused_in_words(made: Callable[[], Any], name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        delattr(made(), name)
    assert len(str(caught.value).split()) > 2


def test_plots_take_lists_of_values_and_leave_what_they_call_alone() -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, axes = plt.subplots()
    v, w = Value(1.0), Value(2.0)
    axes.pie([v, w])
    axes.violinplot([v, w, v * 3.0])
    axes.quiver([0, 1], [0, 1], [v, w], [v, w])
    axes.imshow([[v, w], [w, v]])
    axes.stackplot([0, 1], Tensor([1.0, 2.0]))
    called = []

    def train(_: Any) -> None:  # as in an animation
        total = np.sum(np.stack([v, v * w]) ** 2)
        total.backward()
        called.append((v.grad, w.grad))
        with pytest.warns(GraphWarning, match=r"autograd\.exp"):
            math.exp(v)
        np.sum(np.cumsum(t)).backward()

    t = Tensor([1.0, 2.0])
    figure.canvas.mpl_connect("draw_event", train)
    figure.canvas.draw()
    plt.close(figure)
    assert called == [(10.0, 4.0)]
    assert t.grad.tolist() == [2.0, 1.0]


def test_what_is_looked_up_is_found_in_a_transform_as_with_floats() -> None:
    def f(x: Any) -> Any:
        return x * x * {4.0: 5.0}.get(x * 2.0, 1.0) if x in {1.0, 2.0} else 100.0 * x

    assert (f(2.0), value_and_grad(f)(2.0), jvp(f, (2.0,), (1.0,))) == (20.0, (20.0, 20.0), (20.0, 20.0))
    assert grad(lambda x: grad(lambda y: f(y) * f(x))(x))(2.0) == 600.0  # 50 x^3
    v = Value(2.0)
    memory = {v: 3.0}
    assert grad(lambda x: memory[v] * x * v)(2.0) == 6.0
    assert 2.0 not in {v}
    with pytest.raises(TraceError, match=r"hash\(\)"):
        compile(lambda x: f(x) * v, [v])(np.ones(2))
