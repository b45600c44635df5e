"""The losses of whole trainings, as they are watched: which numbers are compared, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import OperandError
from autograd.doctor import run
from autograd.doctor.script.readings import Curve, Watch
from autograd.doctor.script.trial import Watched, run_trial, watched_text
from autograd.doctor.script.watch.loader import Script

SLOPE = """
import numpy as np
x = np.arange(1.0, 21.0)[:, None]
y = SHAPED
w = np.zeros((1, 1))
for k in range(60):
    miss = x @ w - y
    loss = (miss ** 2).mean()
    w -= .001 * 2 * x.T @ miss.sum(axis=1, keepdims=True) / miss.size
"""


def watched(turns: Iterable[Any], watch: Watch) -> Curve:
    for loss in turns:
        watch.loss(loss)
    return watch.curve()


def trained(watch: Watch, start: float, epochs: int, stop: float = -1.0) -> float:
    """A training that halves its loss, and ends early where two losses are the same."""
    loss, before = start, float("inf")
    for _ in watch.epochs(range(epochs)):
        watch.loss(loss)
        if before - loss <= stop:
            break
        before = loss
        loss = loss / 2 if watch.live else loss
    return loss


def test_the_first_loss_is_the_first() -> None:
    curve = watched(range(1000, 0, -1), Watch(9.0))
    assert curve.losses[0] == (0.0, 1000)
    assert curve.losses[-1] == (1.0, 1)
    averaged = watched(range(1000, 0, -1), Watch(9.0, same=False))
    assert averaged.averaged
    assert (averaged.losses[0], averaged.losses[-1]) == ((0.1, 950.5), (1.0, 50.5))


def test_several_trainings_are_one_curve_each() -> None:
    """With the same weights at the beginning, by a loop that is gone through again and again."""
    watch = Watch(9.0, checks=0)
    for rate in (1.0, 2.0, 3.0):
        for k in watch.epochs(range(50)):
            watch.loss(50.0 - rate * k / 3)
    curve = watch.curve()
    assert (curve.first, curve.last) == (50.0, pytest.approx(50.0 - 49 / 3))
    assert curve.again


def test_a_loop_inside_another_one_goes_on() -> None:
    watch, loss = Watch(9.0), 8.0
    for _ in range(3):
        loss = trained(watch, loss, 4)
    curve = watch.curve()
    assert curve.whole
    assert [share for share, _ in curve.losses] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert [loss for _, loss in curve.losses] == [8.0, *(8.0 / 2 ** (4 * k) for k in (1, 2, 3))]


def test_of_trainings_that_begin_anew_the_first_is_told() -> None:
    watch = Watch(9.0)
    for _ in range(3):
        trained(watch, 8.0, 10)
    losses = watch.curve().losses
    assert (losses[0], losses[-1]) == ((0.0, 8.0), (1.0, 8.0 / 2**10))
    assert len(losses) == 11


def test_a_training_that_stops_by_itself_is_noticed() -> None:
    assert watched([], Watch(9.0)).left is False
    stops, goes_on = Watch(9.0), Watch(9.0)
    trained(stops, 8.0, 50, stop=0.001)
    trained(goes_on, 8.0, 5)
    assert (stops.curve().left, goes_on.curve().left) == (True, False)


def checked(losses: list[float], errors: list[tuple[Any, Any]], target_axis: int = 1) -> Curve:
    """Epochs in each of which one loss is computed, and one difference of prediction and target."""
    watch = Watch(9.0, checks=len(losses))
    turns = iter([row for row in zip(losses, errors, strict=True) for _ in range(2)] + [(losses[-1], errors[-1])])
    for _ in watch.epochs(range(len(losses))):
        loss, (left, right) = next(turns)
        watch.loss(loss)
        watch.error(left, right, 1 - target_axis)
    return watch.curve()


def flat(report: Any) -> str:
    return " ".join(str(report).split())


TARGETS = np.array([1.0, 3.0])


def test_the_best_constant_is_told_of_squares_only() -> None:
    errors = [(TARGETS + c, TARGETS) for c in (2.0, 1.0)]
    assert checked([4.0, 1.0], errors).constant == pytest.approx(1.0)  # the mean square: the variance
    assert checked([2.0, 0.5], errors).constant == pytest.approx(0.5)
    assert np.isnan(checked([4.0, 2.0], errors).constant)  # something else
    table = [(np.zeros((2, 3)) + c, np.zeros((2, 3))) for c in (2.0, 1.0)]
    assert np.isnan(checked([4.0, 1.0], table).constant)  # each column has a mean of its own


def test_a_loss_that_is_not_a_number_stays_one() -> None:
    curve = checked([0.7, float("nan")], [(TARGETS + c, TARGETS) for c in (2.0, 1.0)])
    assert curve.losses[0][1] == 0.7
    assert np.isnan(curve.last)


def test_shapes_that_are_crossed_are_noticed() -> None:
    watch = Watch(9.0)
    watch.error(np.ones((3, 1)), np.ones(3), 0)
    assert watch.curve().crossed == ["(3, 1)", "(3,)", "(3, 3)"]
    watch = Watch(9.0)
    watch.error(np.ones((3, 1)), np.ones((3, 1)), 0)
    watch.error(np.ones(3), 2.0, 0)
    assert watch.curve().crossed == []


def test_a_loss_that_is_divided_is_read_afterwards() -> None:
    script = Script("a.py", text="for n in (2, 4):\n    total = 8\n    total /= n; other = 3\n")
    loss = Watched(loss=("a.py", (3, 4, 3, 14)), becomes="total")
    assert "total /= n; _doctor_watch_.loss(total); other" in watched_text(script.main, [], loss)
    assert run_trial(script, [], loss, Watch(9.0)).losses == [(0.0, 4.0), (1.0, 2.0)]


@pytest.mark.parametrize(("text", "counted"), [("for w in kept:\n    pass\n", False), ("w = w - rate * g\n", True)])
def test_the_head_of_a_loop_is_no_line_to_leave_out(text: str, counted: bool) -> None:
    script = Script("a.py", text=text)
    place = ("a.py", (1, 0, 1, len(text.splitlines()[0])))
    told = watched_text(script.main, [], Watched(updates=(place,), states=(place,)))
    assert ("step(True)" in told) is counted


def test_crossed_shapes_and_a_rate_inside_a_product_are_told(tmp_path: Path) -> None:
    path = tmp_path / "slope.py"
    path.write_text(SLOPE.replace("SHAPED", "3 * x[:, 0]"), encoding="utf-8")
    report = run(path)
    assert report.ok
    assert "In line 7 the shapes (20, 1) and (20,) are subtracted and give (20, 20)" in flat(report)
    path.write_text(SLOPE.replace("SHAPED", "3 * x").replace(".001 * 2", ".01 * 2"), encoding="utf-8")
    assert "The learning rate 0.02 is too large for this many steps: with 0.002" in flat(run(path))


@pytest.mark.parametrize(
    ("name", "message"), [("", "is a folder: name the script in it"), ("a.ipynb", "is a notebook: put its training")]
)
def test_what_is_no_script(name: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(OperandError, match=message):
        run(tmp_path / name)
