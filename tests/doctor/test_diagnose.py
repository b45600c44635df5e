"""`diagnose`: its forms, its verdicts, what it says on bad input, and when it declines to say more."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, ShapeError, Tensor, diagnose, values
from autograd.doctor import Report

Array = Any
Params = dict[str, Array]
RNG = np.random.default_rng(3)
PARAMS: Params = {"W1": RNG.normal(size=(3, 4)), "b1": RNG.normal(size=4), "W2": RNG.normal(size=(4, 2))}
X, Y = RNG.normal(size=(6, 3)), RNG.normal(size=(6, 2))


def loss(params: Params, X: Array, Y: Array) -> Array:
    a1 = 1 / (1 + np.exp(-(X @ params["W1"] + params["b1"])))
    return 0.5 * ((a1 @ params["W2"] - Y) ** 2).sum(axis=1).mean()


def backprop(params: Params, X: Array, Y: Array, slope: bool = True) -> Params:
    a1 = 1 / (1 + np.exp(-(X @ params["W1"] + params["b1"])))
    delta2 = (a1 @ params["W2"] - Y) / len(X)
    delta1 = delta2 @ params["W2"].T * (a1 * (1 - a1) if slope else 1.0)
    return {"W1": X.T @ delta1, "b1": delta1.sum(axis=0), "W2": a1.T @ delta2}


def slopeless(params: Params, X: Array, Y: Array) -> Params:
    return backprop(params, X, Y, slope=False)


def judged(**changed: Any) -> Report:
    """The report on the right gradients as numbers, some of them changed."""
    return diagnose(loss, PARAMS, (X, Y), gradients={**backprop(PARAMS, X, Y), **changed})


def test_right_gradients_are_right_in_every_form() -> None:
    step = {name: PARAMS[name] - 0.1 * g for name, g in backprop(PARAMS, X, Y).items()}
    for given in (
        {"gradients": backprop},
        {"gradients": backprop(PARAMS, X, Y)},
        {"gradients": [backprop(PARAMS, X, Y)[name] for name in PARAMS]},
        {"update": step, "lr": 0.1},
        {"update": lambda p, X, Y: {n: p[n] - 0.1 * g for n, g in backprop(p, X, Y).items()}, "lr": 0.1},
    ):
        report = diagnose(loss, PARAMS, (X, Y), **given)
        assert report.ok, str(report)
        assert report.first_wrong is None
        assert [report[name].name for name in report] == [None, None, None]


def test_blocks_are_listed_from_the_output_back() -> None:
    report = diagnose(loss, PARAMS, (X, Y), gradients=lambda *args: {n: -g for n, g in backprop(*args).items()})
    assert list(report) == ["W2", "W1", "b1"]
    assert report.first_wrong == "W2"
    assert [report[name].name for name in report] == ["sign"] * 3
    assert report["W1"].follows == "W2"


def test_the_fields_of_a_block() -> None:
    report = diagnose(
        loss, PARAMS, (X, Y), gradients=lambda *args: {**backprop(*args), "W2": 3 * backprop(*args)["W2"].T}
    )
    block = report["W2"]
    assert (block.verdict, block.name) == ("wrong", "transposed+scaled")
    assert block.scale == pytest.approx(3.0)
    assert block.residual is not None
    assert block.residual < 1e-6
    assert block.candidates[0] == "transposed+scaled"
    assert block.candidates[0].scale == pytest.approx(3.0)
    assert "dW2 = a1.T @ delta2" in block.advice
    assert report["W1"].verdict == report["b1"].verdict == "right"


def test_the_printed_report_names_mistake_and_repair(golden: Any) -> None:
    golden("doctor_report.txt", f"{diagnose(loss, PARAMS, (X, Y), gradients=slopeless)}\n")


def test_the_report_as_data_and_as_html() -> None:
    report = diagnose(loss, PARAMS, (X, Y), gradients=slopeless)
    told = json.loads(json.dumps(report.to_dict()))
    assert told["first_wrong"] == "W1"
    assert told["blocks"]["W1"]["name"] == "missing-derivative"
    assert "missing-derivative" in repr(report)
    assert "<table>" in report._repr_html_()


def test_labels_are_data_in_html() -> None:
    report = diagnose(
        lambda p, X: (X @ p["<b>W"]).mean(), {"<b>W": np.ones((3, 1))}, (X,), gradients={"<b>W": np.ones((3, 1))}
    )
    assert "<b>W" not in report._repr_html_().replace("<b>&lt;b&gt;W", "")


def test_a_dict_of_numbers_is_weaker_evidence() -> None:
    """Where all relus are on, a missing derivative cannot be seen at this one point: not to be called right."""
    X = np.abs(RNG.normal(size=(5, 2))) + 0.1
    params = {"W1": np.abs(RNG.normal(size=(2, 3))), "W2": RNG.normal(size=(3, 1))}

    def relu_loss(p: Params, X: Array) -> Array:
        return (np.maximum(0, X @ p["W1"]) @ p["W2"]).mean()

    def right(p: Params, X: Array) -> Params:
        z = X @ p["W1"]
        delta = np.ones((len(X), 1)) @ p["W2"].T / len(X) * (z > 0)
        return {"W1": X.T @ delta, "W2": np.maximum(0, z).mean(axis=0)[:, None]}

    weak = diagnose(relu_loss, params, (X,), gradients=right(params, X))
    assert weak["W1"].verdict == "cannot tell"
    assert "missing-derivative" in weak["W1"].candidates
    assert not weak.ok
    assert diagnose(relu_loss, params, (X,), gradients=right).ok


def test_a_loop_over_samples_is_read_like_the_batch() -> None:
    def looped(p: Params, X: Array, Y: Array) -> Array:
        total = 0.0
        for x, y in zip(X, Y, strict=True):
            a1 = 1 / (1 + np.exp(-(p["W1"].T @ x + p["b1"])))
            total = total + 0.5 * ((p["W2"].T @ a1 - y) ** 2).sum()
        return total / len(X)

    assert diagnose(looped, PARAMS, (X, Y), gradients=backprop).ok
    report = diagnose(looped, PARAMS, (X, Y), gradients=slopeless)
    assert {name: report[name].name for name in report} == {
        "W2": None, "W1": "missing-derivative", "b1": "missing-derivative",
    }  # fmt: skip


def test_a_loss_that_does_not_run_on_arrays_is_still_judged() -> None:
    def by_elements(p: Params, X: Array, Y: Array) -> Array:
        a1 = [
            [1 / (1 + np.exp(-(sum(x[j] * p["W1"][j, k] for j in range(3)) + p["b1"][k]))) for k in range(4)] for x in X
        ]
        outs = np.array([[sum(a[k] * p["W2"][k, m] for k in range(4)) for m in range(2)] for a in a1])
        return 0.5 * ((outs - Y) ** 2).sum() / len(X)

    assert diagnose(by_elements, PARAMS, (X, Y), gradients=backprop).ok
    report = diagnose(by_elements, PARAMS, (X, Y), gradients=lambda *a: {n: -g for n, g in backprop(*a).items()})
    assert report["W1"].name == "sign"
    assert "does not run on whole arrays" in report.notes[0]


def test_updates_by_shrinking_and_by_early_weights() -> None:
    def step(p: Params, X: Array, Y: Array) -> Params:
        new = dict(p)
        new["W2"] = p["W2"] - 0.3 * backprop(p, X, Y)["W2"]
        mixed = {**p, "W2": new["W2"]}
        a1 = 1 / (1 + np.exp(-(X @ p["W1"] + p["b1"])))
        delta1 = ((a1 @ p["W2"] - Y) / len(X)) @ mixed["W2"].T * a1 * (1 - a1)
        new["W1"] = p["W1"] - 0.3 * X.T @ delta1
        new["b1"] = p["b1"] - 0.3 * p["b1"]
        return new

    report = diagnose(loss, PARAMS, (X, Y), update=step, lr=0.3)
    assert {name: report[name].name for name in report} == {"W2": None, "W1": "updated-weights", "b1": "weight"}


def test_gradient_and_update_that_disagree() -> None:
    def decay(p: Params, X: Array, Y: Array) -> Params:
        return {name: block - 0.1 * (block if name == "W2" else backprop(p, X, Y)[name]) for name, block in p.items()}

    report = diagnose(loss, PARAMS, (X, Y), gradients=backprop, update=decay, lr=0.1)
    assert report.step is not None
    assert report.step["W2"].name == "weight"
    assert report.disagree == ["W2"]
    assert report.first_wrong == "W2"
    assert not report.ok
    assert "disagree for W2" in str(report)


def test_a_kink_leaves_the_slope_open() -> None:
    """Zero inputs and no bias put every relu on its kink: a slope of 0 and a slope of 1 are both acceptable there."""
    params = {"W1": RNG.normal(size=(2, 3)), "b": np.zeros(3), "W2": RNG.normal(size=(3, 1))}
    zeros = np.zeros((2, 2))

    def relu_loss(p: Params, X: Array) -> Array:
        return (np.maximum(0, X @ p["W1"] + p["b"]) @ p["W2"]).mean()

    for slope in (0.0, 1.0):
        mine = {"W1": np.zeros((2, 3)), "b": slope * params["W2"].ravel(), "W2": np.zeros((3, 1))}
        assert diagnose(relu_loss, params, (zeros,), gradients=mine)["b"].verdict != "wrong"
    wild = {"W1": np.zeros((2, 3)), "b": 7 * params["W2"].ravel(), "W2": np.zeros((3, 1))}
    assert diagnose(relu_loss, params, (zeros,), gradients=wild)["b"].verdict == "wrong"


# --------------------------------------------------------------------------------------- the formulas in the advice


def columns(p: Params, X: Array, Y: Array) -> Array:
    """Samples in columns, weights as (out, in), a sigmoid output with cross-entropy."""
    a1 = np.tanh(p["W1"] @ X.T + p["b1"])
    p_hat = 1 / (1 + np.exp(-(p["W2"] @ a1)))
    return -(Y.T * np.log(p_hat) + (1 - Y.T) * np.log(1 - p_hat)).mean()


def columns_backprop(p: Params, X: Array, Y: Array) -> Params:
    a1 = np.tanh(p["W1"] @ X.T + p["b1"])
    delta2 = (1 / (1 + np.exp(-(p["W2"] @ a1))) - Y.T) / len(X)
    delta1 = p["W2"].T @ delta2 * (1 - a1**2)
    return {"W2": delta2 @ a1.T, "W1": delta1 @ X, "b1": delta1.sum(axis=1, keepdims=True)}


def classes(p: Params, X: Array, labels: Array) -> Array:
    e = np.exp(X @ p["W"])
    return -np.log((e / e.sum(axis=1, keepdims=True))[np.arange(len(labels)), labels]).mean()


def classes_backprop(p: Params, X: Array, labels: Array) -> Params:
    e = np.exp(X @ p["W"])
    return {"W": X.T @ (e / e.sum(axis=1, keepdims=True) - np.eye(3)[labels]) / len(X)}


@pytest.mark.parametrize(
    ("loss", "right", "params", "batch", "block", "lines"),
    [
        (
            columns, columns_backprop,
            {"W1": RNG.normal(size=(4, 3)), "b1": RNG.normal(size=(4, 1)), "W2": RNG.normal(size=(1, 4))},
            (X, (Y[:, :1] > 0) * 1.0), "b1",
            ["delta1 = (W2.T @ delta2) * (1 - a1 * a1)", "db1 = delta1.sum(axis=1, keepdims=True)"],
        ),
        (
            columns, columns_backprop,
            {"W1": RNG.normal(size=(4, 3)), "b1": RNG.normal(size=(4, 1)), "W2": RNG.normal(size=(1, 4))},
            (X, (Y[:, :1] > 0) * 1.0), "W2",
            ["delta2 = (sigmoid(z2) - Y) / len(Y)", "dW2 = delta2 @ a1.T"],
        ),
        (
            classes, classes_backprop, {"W": RNG.normal(size=(3, 3))}, (X, np.array([0, 2, 1, 1, 0, 2])), "W",
            ["delta1 = (softmax(z1) - one_hot(labels)) / len(labels)", "dW = X.T @ delta1"],
        ),
    ],
)  # fmt: skip
def test_the_formula_is_that_of_the_graph(
    loss: Any, right: Any, params: Params, batch: tuple[Array, ...], block: str, lines: list[str]
) -> None:
    assert diagnose(loss, params, batch, gradients=right).ok

    def odd(p: Params, *batch: Array) -> Params:
        found = right(p, *batch)
        return {**found, block: found[block] + 0.1}

    report = diagnose(loss, params, batch, gradients=odd)
    assert report[block].name == "unrecognised"
    assert report[block].advice.splitlines() == lines


def test_the_raw_error_of_the_forums() -> None:
    """The hidden error made from the raw output error, as in many a blog: also where the output is a sigmoid."""

    def squares(p: Params, X: Array, Y: Array) -> Array:
        a1 = 1 / (1 + np.exp(-(X @ p["W1"])))
        return ((1 / (1 + np.exp(-(a1 @ p["W2"]))) - Y) ** 2).mean()

    def forum(p: Params, X: Array, Y: Array) -> Params:
        a1 = 1 / (1 + np.exp(-(X @ p["W1"])))
        a2 = 1 / (1 + np.exp(-(a1 @ p["W2"])))
        error = 2 * (a2 - Y) / Y.size
        return {"W2": a1.T @ (error * a2 * (1 - a2)), "W1": X.T @ (error @ p["W2"].T * a1 * (1 - a1))}

    report = diagnose(squares, {"W1": PARAMS["W1"], "W2": PARAMS["W2"]}, (X, Y), gradients=forum)
    assert report["W2"].verdict == "right"
    assert report["W1"].name == "raw-error"
    assert "delta2 = (2 * (a2 - Y) / Y.size) * a2 * (1 - a2)" in report["W1"].advice


# ------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("changed", "name", "said"),
    [
        (np.full((4, 2), np.nan), "not-finite", "8 of 8 elements are NaN or infinite"),
        (np.ones((4, 2), dtype=int), "integer", "everything after the decimal point"),
        (np.ones((5, 2)), "shape", "it has shape (5, 2), W2 has shape (4, 2)"),
        (backprop(PARAMS, X, Y)["W2"].ravel(), "shape", "the numbers are right, the shape is not: (8,)"),
        (np.zeros((4, 2)), "zero", "zero everywhere, though the loss does change with W2"),
        (backprop(PARAMS, X, Y)["W2"].T, "transposed", "rows and columns are exchanged"),
        (PARAMS["W2"], "weight", "W2 itself, in place of its gradient"),
    ],
)
def test_bad_gradients_in_plain_words(changed: Array, name: str, said: str) -> None:
    report = judged(W2=changed)
    assert report["W2"].verdict == "wrong"
    assert report["W2"].name == name
    assert said in report["W2"].reason
    assert report["W1"].verdict == "right"


def test_what_is_wrong_in_no_template_but_plain_is_said() -> None:
    def decayed(p: Params, X: Array, Y: Array) -> Params:
        return {name: g + 0.01 * p[name] for name, g in backprop(p, X, Y).items()}

    report = diagnose(loss, PARAMS, (X, Y), gradients=decayed)
    assert {report[name].name for name in report} == {"unrecognised"}
    assert "the right one plus 0.01 * W2: weight decay that the loss does not have" in report["W2"].reason
    params = {"A": PARAMS["W2"], "B": 2 * PARAMS["W2"]}

    def two(p: Params, X: Array, Y: Array) -> Array:
        return ((X[:, :2].T @ X[:, :1] - p["A"].T @ p["B"][:, :1]) ** 2).sum()

    def swapped(p: Params, X: Array, Y: Array) -> Params:
        error = -2 * (X[:, :2].T @ X[:, :1] - p["A"].T @ p["B"][:, :1])
        of_b = np.concatenate([p["A"] @ error, np.zeros((4, 1))], axis=1)
        return {"A": of_b, "B": p["B"][:, :1] @ error.T}

    assert "it is the gradient of B: are two names" in diagnose(two, params, (X, Y), gradients=swapped)["A"].reason


def test_columns_that_are_zero_anyway_are_not_called_right() -> None:
    report = judged(W2=backprop(PARAMS, X, Y)["W2"] * [1.0, 3.0])
    assert "(column 1 wrong, the others right)" in report["W2"].reason
    dead = {**PARAMS, "b1": np.array([-1e3, 0.0, 0.0, 0.0])}  # its first unit gives 0, and so is its row of dW2
    with np.errstate(over="ignore"):
        right = backprop(dead, X, Y)
        report = diagnose(loss, dead, (X, Y), gradients={**right, "W2": np.sign(right["W2"])})
    assert not right["W2"][0].any()
    assert report["W2"].name == "unrecognised"
    assert "the others right" not in report["W2"].reason


def test_an_update_with_another_learning_rate() -> None:
    after = {name: PARAMS[name] - 0.1 * g for name, g in backprop(PARAMS, X, Y).items()}
    report = diagnose(loss, PARAMS, (X, Y), update=after, lr=0.05)
    assert report["W2"].scale == pytest.approx(2.0)
    assert report["W2"].reason.endswith("or is the learning rate of the step another than 0.05?")
    assert "Given after one step, an update cannot be tried elsewhere" in report.evidence


def test_samples_that_are_not_finite_or_not_there() -> None:
    broken = X.copy()
    broken[2, 0] = np.nan
    report = diagnose(loss, PARAMS, (broken, Y), gradients=backprop)
    assert not any(report[name].verdict == "wrong" for name in report)
    assert "the batch itself holds NaN" in report.notes[0]
    assert "Given as numbers" not in report.evidence
    with pytest.raises(ShapeError, match="the batch holds no samples"):
        diagnose(loss, PARAMS, (X[:0], Y[:0]), gradients=backprop)


def test_parameters_and_gradients_of_other_kinds() -> None:
    for given in (
        {name: Tensor(block) for name, block in PARAMS.items()},
        {name: values(block) for name, block in PARAMS.items()},
        {name: block.tolist() for name, block in PARAMS.items()},
    ):
        assert diagnose(loss, given, (X, Y), gradients=backprop).ok
    for kind in (Tensor, values, lambda block: block.tolist(), lambda block: block.astype(np.float32)):
        assert diagnose(loss, PARAMS, (X, Y), gradients=lambda *a: {n: kind(g) for n, g in backprop(*a).items()}).ok  # noqa: B023
    report = judged(W1=None, W2=[[1.0, 2.0], [3.0]])
    assert report["W1"].verdict == "cannot tell"
    assert "the gradient of W1 is None: it was never computed" in report.notes
    assert "rows of different lengths?" in report["W2"].reason


def test_samples_in_columns_have_their_error_written_so() -> None:
    params = {"W": RNG.normal(size=(2, 3)), "b": RNG.normal(size=(2, 1))}

    def squares(p: Params, X: Array, Y: Array) -> Array:
        return ((p["W"] @ X.T + p["b"] - Y.T) ** 2).sum() / (2 * len(X))

    report = diagnose(squares, params, (X, Y), gradients={"W": np.ones((2, 3)), "b": np.ones((2, 1))})
    assert report["W"].advice.splitlines() == ["delta1 = 2 * (y_hat - Y.T) / Y.size", "dW = delta1 @ X"]


def test_one_number_at_one_point_is_a_multiple_of_anything() -> None:
    def squares(p: Params, X: Array, Y: Array) -> Array:
        return ((X @ p["W"] + p["b"] - Y[:, :1]) ** 2).mean()

    report = diagnose(
        squares, {"W": np.ones((3, 1)), "b": np.ones(1)}, (X, Y),
        gradients={"W": np.ones((3, 1)), "b": np.array([1.234])},
    )  # fmt: skip
    assert report["b"].verdict == "wrong"
    assert report["b"].name is None
    assert "weight" in report["b"].candidates


def test_one_mistake_in_several_units_is_said_once() -> None:
    def looped(p: Params, x: Array, y: Array) -> Array:
        h = [1 / (1 + np.exp(-(p["w"][j] * x))) for j in range(3)]
        return (sum(p["v"][j] * h[j] for j in range(3)) - y) ** 2

    def slopeless(p: Params, x: Array, y: Array) -> Params:
        h = 1 / (1 + np.exp(-p["w"] * x))
        error = 2 * (h @ p["v"] - y)
        return {"w": error * p["v"] * x, "v": error * h}

    params = {"w": RNG.normal(size=3), "v": RNG.normal(size=3)}
    report = diagnose(looped, params, (X[:, 0], Y[:, 0]), gradients=slopeless, each=True)
    assert report["w"].name == "missing-derivative"
    assert report["w"].reason.count("the sigmoid after w") == 1
    with pytest.raises(ShapeError, match="each=True"):
        diagnose(looped, params, (X[:, 0], Y[:, 0]), gradients=slopeless)


def test_two_blocks_in_the_same_memory() -> None:
    shared = np.zeros((4, 2))
    report = judged(W2=shared, b1=shared[:, 0])
    assert report["W2"].name == report["b1"].name == "aliased"
    params = {"A": np.ones((2, 2)), "B": np.ones((2, 2))}
    params["B"] = params["A"]
    found = diagnose(
        lambda p: (p["A"] * p["B"]).sum(), params, (), gradients={"A": np.ones((2, 2)), "B": np.ones((2, 2))}
    )
    assert "A and B are the same memory" in found.notes[0]


def test_wrong_names() -> None:
    right = backprop(PARAMS, X, Y)
    report = diagnose(loss, PARAMS, (X, Y), gradients={"dW1": right["W1"], "grad_W2": right["W2"], "W7": right["W1"]})
    assert report["W1"].verdict == report["W2"].verdict == "right"
    assert report["b1"].verdict == "cannot tell"
    assert "no gradient of b1 was given" in report["b1"].reason
    assert any("'W7' is no block of the parameters" in note for note in report.notes)


def test_a_loss_that_ignores_a_block() -> None:
    report = diagnose(loss, {**PARAMS, "W9": np.ones(2)}, (X, Y), gradients=lambda p, X, Y: {
        **backprop(p, X, Y), "W9": np.zeros(2),
    })  # fmt: skip
    assert report["W9"].verdict == "cannot tell"
    assert "does not use W9 at all" in report["W9"].reason


def test_integer_parameters_are_noted() -> None:
    params = {**PARAMS, "b1": np.arange(4)}
    report = diagnose(loss, params, (X, Y), gradients=backprop)
    assert report.ok
    assert any("b1 is an array of integers" in note for note in report.notes)


def test_a_function_that_ignores_its_arguments() -> None:
    fixed = backprop(PARAMS, X, Y)
    report = diagnose(loss, PARAMS, (X, Y), gradients=lambda *args: fixed)
    assert report.ok
    assert any("the same numbers whatever" in note for note in report.notes)


def test_a_function_that_changes_the_parameters_is_noted_and_given_copies() -> None:
    before = {name: block.copy() for name, block in PARAMS.items()}

    def careless(p: Params, X: Array, Y: Array) -> Params:
        found = backprop(p, X, Y)
        p["W1"] *= 0
        return found

    report = diagnose(loss, PARAMS, (X, Y), gradients=careless)
    assert report.ok
    assert any("changes the parameters it is given" in note for note in report.notes)
    assert all(np.array_equal(before[name], PARAMS[name]) for name in before)


def test_a_function_that_takes_the_whole_batch_only() -> None:
    def strict(p: Params, X: Array, Y: Array) -> Params:
        if len(X) != 6:
            raise ValueError("six samples only")
        return backprop(p, X, Y)

    report = diagnose(loss, PARAMS, (X, Y), gradients=strict)
    assert report.ok
    assert any("raised ValueError on a batch of" in note for note in report.notes)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({}, OperandError, "nothing to judge"),
        ({"update": {}}, OperandError, "give the learning rate of the step"),
        ({"update": {}, "lr": 0}, OperandError, "give the learning rate of the step"),
        ({"gradients": lambda *given: None}, OperandError, "does it end with a return"),
        ({"gradients": 3.0}, OperandError, "gradients are given by name"),
        ({"forward": 3.0}, OperandError, "forward= gives the outputs of the layers"),
    ],
)
def test_calls_that_cannot_be_answered(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        diagnose(loss, PARAMS, (X, Y), **arguments)


def test_losses_and_parameters_that_are_none() -> None:
    with pytest.raises(ShapeError, match="one number"):
        diagnose(lambda p, X, Y: X @ p["W1"], PARAMS, (X, Y), gradients=backprop)
    with pytest.raises(OperandError, match="arrays by name"):
        diagnose(loss, np.ones(3), (X, Y), gradients=backprop)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match="array of real numbers"):
        diagnose(loss, {"W": np.array(["a"])}, (X, Y), gradients=backprop)
    with pytest.raises(OperandError, match="the batch is a tuple"):
        diagnose(loss, PARAMS, X, gradients=backprop)  # type: ignore[arg-type]


def test_a_loss_that_is_not_finite() -> None:
    report = diagnose(lambda p: np.log(p["w"]).sum(), {"w": np.array([-1.0])}, (), gradients={"w": np.array([-1.0])})
    assert report["w"].verdict in ("cannot tell", "right")
    report = diagnose(
        lambda p: (np.log(p["w"]) * 2).sum(), {"w": np.array([0.0])}, (), gradients={"w": np.array([1.0])}
    )
    assert report["w"].verdict == "cannot tell"


# -------------------------------------------------------------------------------------------------- forward


def outputs(p: Params, X: Array, Y: Array) -> list[Array]:
    a1 = 1 / (1 + np.exp(-(X @ p["W1"] + p["b1"])))
    return [a1, a1 @ p["W2"]]


def test_a_right_forward_pass() -> None:
    report = diagnose(loss, PARAMS, (X, Y), forward=outputs)
    assert report.ok
    assert [layer.verdict for layer in report.forward] == ["right", "right"]
    assert "from the input on" in str(report)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda p, X, Y: [outputs(p, X, Y)[0].T, outputs(p, X, Y)[1]], "transposed"),
        (lambda p, X, Y: [1 / (1 + np.exp(-outputs(p, X, Y)[0])), outputs(p, X, Y)[1]], "activation applied twice"),
        (lambda p, X, Y: {"a1": 2 * outputs(p, X, Y)[0], "y": outputs(p, X, Y)[1]}, "multiplied by 2"),
        (lambda p, X, Y: [np.ones((2, 2)), outputs(p, X, Y)[1]], "shape (2, 2)"),
        (lambda p, X, Y: [outputs(p, X, Y)[0] + 0.1, outputs(p, X, Y)[1]], "differs from the output of W1's layer"),
    ],
)
def test_a_wrong_layer_is_named(wrong: Any, said: str) -> None:
    report = diagnose(loss, PARAMS, (X, Y), forward=wrong)
    assert not report.ok
    assert [layer.verdict for layer in report.forward] == ["wrong", "right"]
    assert said in report.forward[0].reason
