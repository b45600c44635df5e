"""Losses: one number that says how wrong predictions are, to be made small.

Each is its formula in ordinary arithmetic, for Tensors and for Values; what surrounds the formulas is the same for all:
lists of Values become arrays, shapes are compared, the losses of the samples are averaged. Classification losses take
scores (logits), never probabilities, and stay exact where a probability would round to 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import reduce as fold
from operator import add
from typing import Any

import numpy as np

from autograd import OperandError, ShapeError, Tensor, Value, abs, data, logaddexp, relu, softplus, square, where
from autograd.conversion import check_predictions
from autograd.system.arrays import check_array
from autograd.system.quiet import quiet

from .activations import is_recorded
from .errors import SettingError
from .normalised import log_softmax, logsumexp


@quiet
def mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The squared error (p - t)**2, averaged.

    Args:
        predictions: a Tensor; or a Value, or a list or array of Values; of any shape.
        targets: numbers (or Values, or a Tensor, which get gradients too) of the same shape.
        reduction: "mean" over all elements, "sum", or "none" for the array of losses.

    Raises:
        ShapeError: the shapes differ, or there is nothing to average.

    >>> from autograd import Value
    >>> mse([Value(1.0), Value(3.0)], [0.0, 1.0])
    Value(2.5, grad=0.0)
    """
    p, t = _pair("mse", predictions, targets)
    return _reduced(square(p - t), reduction)


@quiet
def half_mse(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """Half the squared error, (p - t)**2 / 2, averaged: its derivative is the error itself. Arguments as in `mse`.

    >>> half_mse(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    1.25
    """
    p, t = _pair("half_mse", predictions, targets)
    return _reduced(square(p - t) / 2, reduction)


@quiet
def l1(predictions: Any, targets: Any, reduction: str = "mean") -> Any:
    """The absolute error |p - t|, averaged. Arguments as in `mse`.

    >>> from autograd import Value
    >>> l1(Value(1.0), 3)
    Value(2.0, grad=0.0)
    """
    p, t = _pair("l1", predictions, targets)
    return _reduced(abs(p - t), reduction)


@quiet
def hinge(scores: Any, targets: Any, reduction: str = "mean") -> Any:
    """max(0, 1 - t * s), averaged: the score should have the target's sign and be at least 1 away from 0.

    Args:
        scores: a Tensor; or a Value, or a list or array of Values.
        targets: -1 or 1 for each.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: the shapes differ, or a target is not -1 or 1.

    >>> from autograd import Value
    >>> hinge([Value(0.5), Value(0.5)], [1, -1])
    Value(1.0, grad=0.0)
    """
    s, t = _pair("hinge", scores, targets)
    _check("hinge", t, lambda n: np.abs(n) == 1, "-1 or 1", "; for 0 and 1 write 2 * t - 1")
    return _reduced(relu(1 - t * s), reduction)


@quiet
def bce_with_logits(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """Binary cross-entropy, -t * log(sigmoid(z)) - (1 - t) * log(1 - sigmoid(z)), averaged.

    Args:
        logits: the scores z before any sigmoid: a Tensor; or a Value, or a list or array of Values.
        targets: for each, the probability of the class: 0, 1, or between.
        reduction: "mean", "sum" or "none".

    Raises:
        ShapeError: the shapes differ, or a target is outside [0, 1].

    >>> from autograd import Value
    >>> bce_with_logits(Value(-100.0), 1)
    Value(100.0, grad=0.0)
    """
    z, t = _pair("bce_with_logits", logits, targets)
    if _recorded(t):  # targets that are recorded themselves (a compiler's inputs, say) are not looked at
        return _reduced(t * softplus(-z) + (1 - t) * softplus(z), reduction)
    _check("bce_with_logits", t, lambda n: (n >= 0) & (n <= 1), "between 0 and 1", "; for -1 and 1 write (1 + t) / 2")
    # softplus(z) - t * z, arranged by the nearer end of [0, 1], so that nothing cancels at either.
    towards = np.where(np.asarray(t) >= 0.5, -1.0, 1.0).astype(getattr(t, "dtype", float))
    rest = np.minimum(t, 1 - t) * towards
    losses = softplus(_plain(towards) * z)
    return _reduced(losses - _plain(rest) * z if np.any(rest) else losses, reduction)


@quiet
def cross_entropy(logits: Any, targets: Any, reduction: str = "mean") -> Any:
    """-log(softmax(z)[class]), averaged over the samples.

    Args:
        logits: scores (C,) of one sample or (N, C) of many: a Tensor, or lists or arrays of Values.
        targets: the number of the right class, () or (N,); or probabilities of all classes, shaped as the logits.
        reduction: "mean", "sum" or "none" for the losses (N,).

    Raises:
        ShapeError: the shapes do not fit, a class is out of range, or probabilities do not add up to 1.

    >>> from autograd import Value
    >>> cross_entropy([[Value(1000.0), Value(0.0)], [Value(0.0), Value(0.0)]], [0, 1])
    Value(0.34657359027997264, grad=0.0)
    """
    z, t = _both("cross_entropy", logits, "logits", targets)
    shape, wanted = np.shape(z), getattr(t, "shape", ())
    if len(shape) not in (1, 2) or shape[-1] < 2:
        raise ShapeError(
            f"cross_entropy expects logits of shape (C,) or (N, C) with at least 2 classes, got {shape}; "
            "for one logit a sample there is bce_with_logits"
        )
    if wanted not in (shape, shape[:-1]):
        raise ShapeError(
            f"cross_entropy of logits {shape} expects targets of shape {shape[:-1]} (classes) or {shape} "
            f"(probabilities), got {wanted}"
        )
    _not_empty("cross_entropy", z)
    if isinstance(z, Tensor) or isinstance(t, Tensor):
        return _reduced(_all_at_once(z, t, one_class=wanted != shape), reduction)
    rows = np.atleast_2d(z)
    if wanted == shape:
        losses = [_against_probabilities(row, want) for row, want in zip(rows, np.atleast_2d(t), strict=True)]
    else:
        losses = [_against_class(row, want) for row, want in zip(rows, np.atleast_1d(t), strict=True)]
    return _reduced(losses[0] if len(shape) == 1 else _filled(losses), reduction)


def _all_at_once(z: Any, t: Any, one_class: bool) -> Any:
    """The losses of arrays of logits, the last axis being the classes."""
    if not one_class:
        if not isinstance(t, Tensor):
            _check_probabilities(t)
            t = t.astype(z.dtype, copy=False)
        return -(t * log_softmax(z)).sum(axis=-1)
    if type(t) not in (Tensor, np.ndarray):  # a compiler's input is not looked at
        return -log_softmax(z)[(np.arange(len(t)), t) if t.shape else t]
    classes = np.asarray(_plain_data(t))
    count = z.shape[-1]
    wrong = np.ravel(classes[(classes != np.floor(classes)) | (classes < 0) | (classes >= count)])
    if wrong.size:
        raise _no_such_class(wrong[0], count)
    places = classes.astype(int)
    return -log_softmax(z)[(np.arange(len(places)), places) if places.ndim else int(places)]


def _plain_data(numbers: Any) -> Any:
    """The plain numbers of a Tensor; an array as it is."""
    return numbers.data if isinstance(numbers, Tensor) else numbers


def _no_such_class(number: float, count: int) -> ShapeError:
    return ShapeError(
        f"cross_entropy: class {number:g} is out of range, {count} logits have the classes 0 to {count - 1}"
    )


def _check_probabilities(t: Any) -> None:
    _check("cross_entropy", t, lambda n: n >= 0, "a probability, not below 0", "")
    sums = np.ravel(t.sum(axis=-1))
    wrong = sums[~np.isclose(sums, 1.0, rtol=0, atol=1e-6)]
    if wrong.size:
        raise ShapeError(f"cross_entropy: the probabilities of a sample add up to 1, got {wrong[0]:g}")


def _against_class(row: Any, wanted: Any) -> Any:
    """log(1 + sum of exp(z - z[class]) over the others), which is exact however sure the network is."""
    if is_recorded(wanted) and not isinstance(wanted, Value):  # a compiler's input: chosen when the program runs
        total, chosen = logsumexp(row), math.nan
        for k, z in enumerate(row):
            chosen = where((wanted > k - 0.5) & (wanted < k + 0.5), total - z, chosen)
        return chosen
    number = float(data(wanted))
    if not (number.is_integer() and 0 <= number < len(row)):
        raise _no_such_class(number, len(row))
    right = int(number)
    others = [z for place, z in enumerate(row) if place != right]
    return softplus(fold(logaddexp, others) - row[right])


def _against_probabilities(row: Any, wanted: Any) -> Any:
    if _recorded(wanted):
        total = logsumexp(row)
        return fold(add, [t * (total - z) for t, z in zip(wanted, row, strict=True)])
    _check_probabilities(wanted)
    if wanted.max() == 1.0:  # one-hot
        return _against_class(row, wanted.argmax())
    total = logsumexp(row)
    return fold(add, [t * (total - z) for t, z in zip(wanted.tolist(), row, strict=True) if t])


# ------------------------------------------------------------------------------- what all of them share


def _numbers(loss: str, given: Any, what: str) -> Any:
    """A Value as it is; anything else as an array, of Values if it holds any, else of floats.

    Raises:
        ShapeError: the rows of a list differ in length.
        OperandError: it holds something that is no number.
    """
    if is_recorded(given):
        return given
    check_array(given)
    if isinstance(given, (list, tuple)) and any(isinstance(element, Tensor) for element in given):
        return np.stack(given)
    if isinstance(given, np.ndarray) and given.dtype.kind in "biuf":
        return given if given.dtype.kind == "f" else given.astype(float)
    if isinstance(given, Iterable) and not isinstance(given, (np.ndarray, list, tuple, str, dict)):
        given = list(given)
    try:
        array = np.asarray(given, dtype=None if isinstance(given, np.ndarray) else object)
    except ValueError:
        array = None
    elements = [None] if array is None else array.ravel().tolist()
    if array is None or any(isinstance(element, (list, tuple, np.ndarray)) for element in elements):
        raise ShapeError(f"{loss}: the {what} are lists of different lengths; give every sample the same number")
    recorded = [is_recorded(element) for element in elements]
    for strange, fine in zip(elements, recorded, strict=True):
        if fine or isinstance(strange, (int, float, np.number, np.bool_)):
            continue
        raise OperandError(f"{loss}: the {what} hold {type(strange).__name__} {strange!r}, expected numbers or Values")
    if any(recorded):
        return array
    return array if array.dtype.kind == "f" else array.astype(float)


def _both(loss: str, predictions: Any, what: str, targets: Any) -> tuple[Any, Any]:
    """What a loss is given as numbers."""
    p, t = _numbers(loss, predictions, what), _numbers(loss, targets, "targets")
    if _recorded(t):
        check_predictions(loss, what, p, t)
    return p, t


def _pair(loss: str, predictions: Any, targets: Any) -> tuple[Any, Any]:
    p, t = _both(loss, predictions, "predictions", targets)
    shape, wanted = getattr(p, "shape", ()), getattr(t, "shape", ())
    if shape != wanted:
        remedy = "; write one target for each prediction"
        if isinstance(t, np.ndarray) and t.size == int(np.prod(shape)):
            remedy = f"; write np.reshape(targets, {shape})" if shape else "; a single prediction takes a number"
        raise ShapeError(f"{loss}: {_count(shape, 'prediction')} and {_count(wanted, 'target')}{remedy}")
    _not_empty(loss, p)
    if isinstance(p, Tensor) and isinstance(t, np.ndarray):
        return p, t.astype(p.dtype, copy=False)  # float32 stays float32
    return p, _plain(t)


def _count(shape: tuple[int, ...], what: str) -> str:
    if not shape:
        return f"a single {what}"
    return f"{shape[0]} {what}s" if len(shape) == 1 else f"{what}s of shape {shape}"


def _not_empty(loss: str, array: Any) -> None:
    if isinstance(array, (np.ndarray, Tensor)) and array.size == 0:
        raise ShapeError(f"{loss} needs at least one sample, got none")


def _plain(number: Any) -> Any:
    """An array without dimensions, or a number of numpy's, as the number in it."""
    return number.item() if isinstance(number, (np.ndarray, np.floating)) and number.ndim == 0 else number


def _recorded(numbers: Any) -> bool:
    return is_recorded(numbers) or getattr(getattr(numbers, "dtype", None), "kind", "") == "O"


def _check(loss: str, targets: Any, holds: Any, wanted: str, remedy: str) -> None:
    """Refuse targets out of range, if they are plain numbers."""
    if _recorded(targets):
        return
    flat = np.ravel(targets)
    wrong = flat[~holds(flat)]
    if wrong.size:
        raise ShapeError(f"{loss}: a target is {wanted}, got {wrong[0]:g}{remedy}")


def _filled(losses: list[Any]) -> Any:
    """The losses of the samples as an array: of Values, or of floats."""
    return np.array(losses, dtype=object if any(map(is_recorded, losses)) else float)


def _reduced(losses: Any, reduction: str) -> Any:
    checked_reduction(reduction)
    if not getattr(losses, "shape", ()):
        return _plain(losses) if isinstance(losses, np.ndarray) else losses
    if reduction == "none":
        return losses
    total = losses.sum()
    return _plain(total / losses.size if reduction == "mean" else total)


def checked_reduction(reduction: Any) -> str:
    """One of the three there are.

    Raises:
        SettingError: it is none of them.
    """
    if reduction not in ("mean", "sum", "none"):
        raise SettingError(f'reduction is "mean", "sum" or "none", got {reduction!r}')
    return str(reduction)
