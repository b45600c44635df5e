"""Losses: values against plain numpy and torch, gradients, exactness far out, shapes and targets that do not fit."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import (
    GraphWarning,
    OperandError,
    ShapeError,
    Tensor,
    Value,
    data,
    grad,
    gradcheck,
    grads,
    no_grad,
    parameter,
    values,
)
from nn import SettingError, bce_with_logits, cross_entropy, half_mse, hinge, l1, log_softmax, logsumexp, mse, softmax

POINTWISE = [mse, half_mse, l1, hinge, bce_with_logits]
P = np.array([[0.5, -1.5, 2.0], [3.0, 0.1, -0.2]])


def targets_for(loss):
    if loss is hinge:
        return np.array([[1, -1, 1], [-1, 1, -1]])
    if loss is bce_with_logits:
        return np.array([[1.0, 0.0, 0.3], [0.9, 0.5, 1.0]])
    return np.array([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]])


def in_numpy(loss, p, t):
    if loss is hinge:
        return np.maximum(0, 1 - t * p)
    if loss is bce_with_logits:
        s = 1 / (1 + np.exp(-p))
        return -t * np.log(s) - (1 - t) * np.log(1 - s)
    return {mse: (p - t) ** 2, half_mse: (p - t) ** 2 / 2, l1: abs(p - t)}[loss]


@pytest.mark.parametrize("loss", POINTWISE)
@pytest.mark.parametrize("as_lists", [True, False])
@pytest.mark.parametrize("shape", [(6,), (2, 3), ()])
def test_values_and_reductions(loss, as_lists, shape):
    p, t = (P.ravel()[:1].reshape(()), targets_for(loss).ravel()[0]) if shape == () else (P, targets_for(loss))
    p, t = np.reshape(p, shape), np.reshape(t, shape)
    recorded = values(p)
    predictions = recorded.item() if shape == () else recorded.tolist() if as_lists else recorded
    wanted = t.tolist() if as_lists else t
    expected = in_numpy(loss, p, t)
    assert loss(predictions, wanted).data == pytest.approx(expected.mean(), rel=1e-12)
    assert loss(predictions, wanted, reduction="sum").data == pytest.approx(expected.sum(), rel=1e-12)
    each = loss(predictions, wanted, reduction="none")
    assert np.shape(data(each)) == shape
    assert data(each) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("loss", POINTWISE)
def test_plain_numbers_give_plain_numbers(loss):
    t = targets_for(loss)
    assert loss(P, t) == pytest.approx(in_numpy(loss, P, t).mean(), rel=1e-12)
    single = loss(0.5, t.ravel()[0])
    assert isinstance(single, float)
    assert single == pytest.approx(in_numpy(loss, P, t).ravel()[0], rel=1e-12)


@pytest.mark.parametrize("loss", POINTWISE)
def test_gradients(loss):
    t = targets_for(loss).ravel()
    assert gradcheck(lambda *p: loss(list(p), t), tuple(P.ravel()))


@pytest.mark.parametrize("loss", POINTWISE)
def test_targets_may_be_values(loss):
    t = targets_for(loss).ravel()
    p, wanted = values(P.ravel()), values(t)
    total = loss(p, wanted)
    assert total.data == pytest.approx(in_numpy(loss, P.ravel(), t).mean(), rel=1e-12)
    total.backward()
    assert np.all(np.isfinite(grads(wanted)))
    assert loss(p[0], wanted[0]).data == pytest.approx(in_numpy(loss, P.ravel(), t)[0], rel=1e-12)


@pytest.mark.parametrize("loss", [*POINTWISE, cross_entropy])
def test_reduction_is_checked(loss):
    with pytest.raises(SettingError, match=r'reduction is "mean", "sum" or "none", got \'average\''):
        loss([Value(1.0), Value(2.0)], 1 if loss is cross_entropy else [1, 1], reduction="average")


@pytest.mark.parametrize("loss", POINTWISE)
@pytest.mark.parametrize(
    ("predictions", "targets", "message"),
    [
        ([1.0, 2.0], [1.0], "2 predictions and 1 targets; write one target for each prediction"),
        ([1.0, 2.0], 1.0, "2 predictions and a single target; write one"),
        (
            [1.0, 1.0],
            [[1.0], [1.0]],
            r"2 predictions and targets of shape \(2, 1\); write np.reshape\(targets, \(2,\)\)",
        ),
        (
            [[1.0], [1.0]],
            [1.0, 1.0],
            r"predictions of shape \(2, 1\) and 2 targets; write np.reshape\(targets, \(2, 1\)\)",
        ),
        (Value(1.0), [1.0], "a single prediction and 1 targets; a single prediction takes a number"),
        ([], [], "needs at least one sample, got none"),
        ([[1.0, 2.0], [1.0]], [1.0, 1.0], "the predictions are lists of different lengths"),
        ([1.0, 1.0], [[1.0], [1.0, 1.0]], "the targets are lists of different lengths"),
        ([np.ones((2, 2)), np.ones((2, 3))], [1.0, 1.0], "the predictions are lists of different lengths"),
    ],
)
def test_shapes_that_do_not_fit(loss, predictions, targets, message):
    with pytest.raises(ShapeError, match=loss.__name__ + ".*" + message):
        loss(predictions, targets)


@pytest.mark.parametrize("bad", ["a", None, 1j])
def test_elements_that_are_no_numbers(bad):
    with pytest.raises(OperandError, match=f"mse: the targets hold {type(bad).__name__} .*expected numbers or Values"):
        mse([Value(1.0)], [bad])
    with pytest.raises(OperandError, match="mse: the predictions hold"):
        mse(bad, 1.0)


def test_anything_iterable_holds_samples():
    assert mse(map(Value, [1.0, 2.0]), (t for t in [0, 0])).data == 2.5
    assert mse([True, False], [0, 0]) == 0.5


def test_targets_out_of_range():
    with pytest.raises(ShapeError, match="hinge: a target is -1 or 1, got 0; for 0 and 1 write"):
        hinge([Value(1.0), Value(1.0)], [1, 0])
    with pytest.raises(ShapeError, match="bce_with_logits: a target is between 0 and 1, got -1; for -1 and 1 write"):
        bce_with_logits(Value(1.0), -1)


@given(st.floats(-700, 700), st.sampled_from([0.0, 1.0]))
def test_bce_is_exact_far_out(logit, target):
    z = Value(logit)
    loss = bce_with_logits(z, target)
    loss.backward()
    with mpmath.workdps(700):
        sign = 1 if target == 0 else -1
        exact = mpmath.log1p(mpmath.exp(sign * mpmath.mpf(logit)))
        slope = sign / (1 + mpmath.exp(-sign * mpmath.mpf(logit)))
        assert math.isclose(loss.data, float(exact), rel_tol=1e-14)
        assert math.isclose(z.grad, float(slope), rel_tol=1e-12)


@given(st.lists(st.floats(-300, 300), min_size=2, max_size=5), st.data())
def test_cross_entropy_is_exact_far_out(logits, choice):
    right = choice.draw(st.integers(0, len(logits) - 1))
    z = values(np.array(logits))
    loss = cross_entropy(z, right)
    loss.backward()
    with mpmath.workdps(700):
        parts = [mpmath.exp(mpmath.mpf(n) - mpmath.mpf(logits[right])) for n in logits]
        exact = mpmath.log(mpmath.fsum(parts))
        p = [part / mpmath.fsum(parts) for part in parts]
        assert math.isclose(loss.data, float(exact), rel_tol=1e-13, abs_tol=1e-300)
        others = mpmath.fsum(q for place, q in enumerate(p) if place != right)
        slopes = [float(-others) if place == right else float(q) for place, q in enumerate(p)]
        assert grads(z) == pytest.approx(slopes, rel=1e-11, abs=1e-300)


def test_cross_entropy_of_samples_classes_and_probabilities():
    z = values(np.array([[1.0, 2.0, 0.5], [0.1, -0.3, 4.0]]))
    logs = data(z) - np.log(np.exp(data(z)).sum(axis=1, keepdims=True))
    classes, soft = [2, 0], np.array([[0.2, 0.3, 0.5], [0.0, 0.9, 0.1]])
    by_class = -logs[[0, 1], classes]
    assert data(cross_entropy(z, classes, "none")) == pytest.approx(by_class, rel=1e-12)
    assert cross_entropy(z, np.array(classes)).data == pytest.approx(by_class.mean(), rel=1e-12)
    assert cross_entropy(z, np.array(classes, float), "sum").data == pytest.approx(by_class.sum(), rel=1e-12)
    assert cross_entropy(z, np.eye(3)[classes]).data == cross_entropy(z, classes).data
    assert cross_entropy(z, soft).data == pytest.approx(-(soft * logs).sum(axis=1).mean(), rel=1e-12)
    assert cross_entropy(z, values(soft)).data == pytest.approx(-(soft * logs).sum(axis=1).mean(), rel=1e-12)
    assert cross_entropy(list(z[0]), 2).data == pytest.approx(by_class[0], rel=1e-12)
    assert cross_entropy(list(z[0]), Value(2.0)).data == pytest.approx(by_class[0], rel=1e-12)
    assert cross_entropy(list(z[0]), soft[0].tolist()).data == pytest.approx(-(soft * logs).sum(axis=1)[0], rel=1e-12)
    assert cross_entropy(data(z), classes) == pytest.approx(by_class.mean(), rel=1e-12)
    assert isinstance(cross_entropy(data(z)[0], 1), float)


@pytest.mark.parametrize("targets", [1, [0.2, 0.3, 0.5], [0, 1, 0]])
def test_cross_entropy_gradients(targets):
    assert gradcheck(lambda *z: cross_entropy(list(z), targets), (1.0, -0.5, 2.0))


@pytest.mark.parametrize(
    ("logits", "targets", "message"),
    [
        ([1.0, 2.0], 2, "class 2 is out of range, 2 logits have the classes 0 to 1"),
        ([1.0, 2.0], -1, "class -1 is out of range"),
        ([1.0, 2.0], 0.5, "class 0.5 is out of range"),
        ([1.0, 2.0], math.nan, "class nan is out of range"),
        ([[1.0, 2.0], [1.0, 2.0]], [0], r"of logits \(2, 2\) expects targets of shape \(2,\) .* got \(1,\)"),
        ([1.0, 2.0], [0, 1, 0], r"of logits \(2,\) expects targets of shape \(\) .* or \(2,\) .* got \(3,\)"),
        ([1.0], 0, r"at least 2 classes, got \(1,\); for one logit a sample there is bce_with_logits"),
        (Value(1.0), 0, r"at least 2 classes, got \(\)"),
        (np.ones((2, 2, 2)), 0, r"at least 2 classes, got \(2, 2, 2\)"),
        (np.ones((0, 2)), np.ones(0), "needs at least one sample"),
        ([1.0, 2.0], [0.5, 0.6], "the probabilities of a sample add up to 1, got 1.1"),
        ([1.0, 2.0], [1.5, -0.5], "a target is a probability, not below 0, got -0.5"),
    ],
)
def test_cross_entropy_refuses(logits, targets, message):
    with pytest.raises(ShapeError, match="cross_entropy.*" + message):
        cross_entropy(logits, targets)


def test_impossible_classes_have_no_slope():
    z = values([0.0, 1.0, -math.inf])
    cross_entropy(z, 0).backward()
    assert grads(z)[2] == 0.0
    assert np.all(np.isfinite(grads(z)))


def test_logsumexp_and_softmax():
    z = values([1.0, 3.0, -2.0])
    exact = np.exp(data(z)) / np.exp(data(z)).sum()
    assert logsumexp(z).data == pytest.approx(np.log(np.exp(data(z)).sum()), rel=1e-14)
    assert data(softmax(z)) == pytest.approx(exact, rel=1e-13)
    assert data(log_softmax(z)) == pytest.approx(np.log(exact), rel=1e-13)
    logsumexp(z).backward()
    assert grads(z) == pytest.approx(exact, rel=1e-13)
    assert softmax([1000.0, 0.0]) == [1.0, 0.0]
    assert logsumexp([-math.inf, -math.inf]) == -math.inf
    both = values([-math.inf, -math.inf])
    logsumexp(both).backward()
    assert grads(both).tolist() == [0.0, 0.0]
    with pytest.raises(ShapeError, match="at least one number"):
        logsumexp([])


def test_a_loss_of_a_model_on_lists():
    model = nn.MLP(2, [3, 1], seed=1)
    X, Y = [[0.0, 1.0], [1.0, 0.0]], [1.0, 0.0]
    mse([model(x) for x in X], Y).backward()
    assert any(p.grad for p in model.parameters())
    with no_grad():
        assert mse([model(x) for x in X], Y).operands == ()


def test_against_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    for loss, theirs in [
        (mse, torch.nn.functional.mse_loss),
        (l1, torch.nn.functional.l1_loss),
        (bce_with_logits, torch.nn.functional.binary_cross_entropy_with_logits),
        (cross_entropy, torch.nn.functional.cross_entropy),
    ]:
        for reduction in ("mean", "sum", "none"):
            numbers, wanted = rng.normal(0, 3, (4, 3)), rng.dirichlet(np.ones(3), 4)
            z, t = values(numbers), torch.tensor(numbers, requires_grad=True)
            mine, its = loss(z, wanted, reduction), theirs(t, torch.tensor(wanted), reduction=reduction)
            assert data(mine) == pytest.approx(its.detach().numpy(), rel=1e-12)
            np.sum(mine).backward()
            its.sum().backward()
            assert grads(z) == pytest.approx(t.grad.numpy(), rel=1e-10, abs=1e-14)


# ------------------------------------------------------------------------------------------------------------ Tensors


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("loss", [*POINTWISE, cross_entropy, "probabilities"])
def test_tensors_give_what_arrays_of_values_give(loss, reduction):
    t = {cross_entropy: [2, 0], "probabilities": [[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]]}.get(loss)
    t = targets_for(loss) if t is None else np.array(t)
    loss = cross_entropy if loss == "probabilities" else loss
    z, scalars = Tensor(P), values(P)
    out, expected = loss(z, t, reduction), loss(scalars, t, reduction)
    assert isinstance(out, Tensor)
    assert out.data == pytest.approx(data(expected), rel=1e-14)
    out.sum().backward()
    (expected if reduction != "none" else expected.sum()).backward()
    assert z.grad == pytest.approx(grads(scalars), rel=1e-12, abs=1e-16)
    assert loss(z, t.tolist()).data == pytest.approx(loss(z, t).data)
    assert loss(list(z), t, reduction).data == pytest.approx(out.data)  # a list of Tensors is stacked
    assert gradcheck(lambda p: loss(p, t, reduction).sum(), (P,))


@pytest.mark.parametrize("loss", [mse, half_mse, l1, bce_with_logits, cross_entropy])
def test_targets_may_be_tensors(loss):
    t = Tensor(np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0]]))
    total = loss(Tensor(P), t)
    assert total.data == pytest.approx(loss(Tensor(P), t.data).data)
    total.backward()
    assert np.all(np.isfinite(t.grad))
    assert loss(P, t).data == pytest.approx(total.data)


def test_one_sample_and_far_out():
    assert cross_entropy(Tensor([1.0, 2.0]), 1).item() == pytest.approx(math.log1p(math.exp(-1)))
    assert cross_entropy(Tensor([1.0, 2.0]), Tensor(1.0)).item() == pytest.approx(math.log1p(math.exp(-1)))
    z = Tensor([[1000.0, 0.0], [-1000.0, 0.0]])
    loss = cross_entropy(z, [1, 0])
    loss.backward()
    assert loss.item() == 1000.0
    assert z.grad.tolist() == [[0.5, -0.5], [-0.5, 0.5]]
    assert bce_with_logits(Tensor([-1000.0]), [1]).item() == 1000.0


def test_dtype_is_that_of_the_predictions():
    for loss in (mse, half_mse, l1, bce_with_logits):
        assert loss(Tensor(P, dtype=np.float32), np.ones((2, 3))).dtype == np.float32
    for t in ([0, 1], np.ones((2, 3)) / 3):
        assert cross_entropy(Tensor(P, dtype=np.float32), t).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda z: mse(z, np.ones(3)), r"predictions of shape \(2, 3\) and 3 targets"),
        (lambda z: mse(z, np.ones((3, 2))), r"write np.reshape\(targets, \(2, 3\)\)"),
        (lambda z: hinge(z, np.zeros((2, 3))), "a target is -1 or 1, got 0"),
        (lambda z: cross_entropy(z, [0, 3]), "class 3 is out of range, 3 logits have the classes 0 to 2"),
        (lambda z: cross_entropy(z, [0.5, 1]), "class 0.5 is out of range"),
        (lambda z: cross_entropy(z, [-1, 0]), "class -1 is out of range"),
        (lambda z: cross_entropy(z, [0, 1, 2]), r"expects targets of shape \(2,\) \(classes\)"),
        (lambda z: cross_entropy(z, np.ones((2, 3))), "add up to 1, got 3"),
        (lambda z: cross_entropy(z, [[2.0, -1.0, 0.0]] * 2), "a probability, not below 0, got -1"),
        (lambda z: cross_entropy(z[:, :1], [0, 0]), "there is bce_with_logits"),
        (lambda z: mse(z[:0], np.ones((0, 3))), "needs at least one sample"),
    ],
)
def test_tensors_and_targets_that_do_not_fit(call, message):
    with pytest.raises(ShapeError, match=message):
        call(Tensor(P))


def test_losses_as_modules():
    assert nn.MSELoss()(Tensor(P), P + 1.0).item() == 1.0
    assert nn.CrossEntropyLoss(reduction="none")(Tensor(P), [0, 1]).shape == (2,)
    assert repr(nn.L1Loss()) == "L1Loss()"
    assert repr(nn.BCEWithLogitsLoss("sum")) == "BCEWithLogitsLoss(reduction='sum')"
    with pytest.raises(SettingError, match="reduction is"):
        nn.MSELoss("average")
    assert nn.functional.mse_loss is mse
    assert nn.functional.cross_entropy is cross_entropy


def unrecorded(numbers):
    with no_grad():
        return Tensor(numbers) * 1.0


TARGETS = {"mse": [0.0, 1.0], "half_mse": [0.0, 1.0], "l1": [0.0, 1.0], "hinge": [-1.0, 1.0]} | {
    "bce_with_logits": [0.0, 1.0], "cross_entropy": [0.0, 1.0],
}  # fmt: skip


@pytest.mark.parametrize("name", TARGETS)
def test_predictions_without_a_graph_against_targets_with_one_are_told(name):
    loss, targets = getattr(nn, name), TARGETS[name]
    scores = np.array([[0.5, 1.0], [2.0, 1.0]]) if name == "cross_entropy" else np.array([0.5, 2.0])
    kinds = [scores, scores.tolist(), unrecorded(scores)]
    for predictions in kinds:
        with pytest.warns(GraphWarning, match=rf"test_losses\.py:\d+: {name}\(\) is given .* that hold no graph"):
            loss(predictions, Tensor(targets))
    with pytest.warns(GraphWarning):
        loss(scores.tolist(), [Value(t) for t in targets])


@pytest.mark.parametrize("name", TARGETS)
def test_no_word_where_the_gradient_is_meant_or_none_is(name):
    loss, targets = getattr(nn, name), TARGETS[name]
    scores = np.array([[0.5, 1.0], [2.0, 1.0]]) if name == "cross_entropy" else np.array([0.5, 2.0])
    loss(scores, targets)
    loss(Tensor(scores), Tensor(targets))
    loss(scores, parameter(Tensor(targets)))
    with no_grad():
        loss(scores, Tensor(targets))
    if name not in ("cross_entropy", "hinge", "bce_with_logits"):  # whose targets have no gradient, or a condition
        grad(lambda t: loss(scores, t))(np.array(targets))
