"""A training run at its own speed, with its loss watched: the script as it is, repaired, or with one thing changed.

Nothing is recorded here. A few calls are written into the text: around the loss, around what the loops go through, and
before the lines that update a parameter, so that now and then all samples are gone through without an update.
"""

from __future__ import annotations

import ast
import contextlib
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .edits import Edit
from .loader import Subject
from .sandbox import Refused
from .sites import Source, Span

WATCH = "_doctor_watch_"


Place = tuple[str, Span]
"""The path of a source and a place in it."""


@dataclass(frozen=True)
class Watched:
    """What to watch.

    Args:
        loss: the expression that is the loss; None where only the error is there.
        error: the difference of prediction and target, and on which side the prediction stands (0 or 1).
        samples, epochs: what the loops go through.
        updates: the statements that change a state; they are left out while all samples are gone through.
    """

    loss: Place | None = None
    error: Place | None = None
    side: int = 0
    samples: Place | None = None
    epochs: Place | None = None
    updates: tuple[Place, ...] = ()


@dataclass
class Curve:
    """What came out.

    Args:
        losses: (the share of the training that is done, the mean loss): from all samples with the same parameters
            where `whole`, else of the samples as they came.
        spread: half the variance of the targets: the mean loss ½(y - ŷ)² of the best constant; NaN where unknown.
        ratio: the loss over the mean of the script's errors, ½(y - ŷ)², where that stays the same; NaN elsewhere.
        complete: whether the training came to its end in the time it had.
    """

    losses: list[tuple[float, float]] = field(default_factory=list)
    whole: bool = False
    spread: float = float("nan")
    ratio: float = float("nan")
    complete: bool = True
    error: str = ""
    seconds: float = 0.0

    @property
    def first(self) -> float:
        return self.losses[0][1] if self.losses else float("nan")

    @property
    def last(self) -> float:
        return self.losses[-1][1] if self.losses else float("nan")


class TimeIsUp(BaseException):
    """Raised inside a training that takes too long."""


class Watch:
    """What the calls in the text do.

    Args:
        shuffled: whether the samples come in another order, the same in every epoch.
        again: how many times the epochs are run.
        checks: how often all samples are gone through without an update, besides before the training; 0 for never.
    """

    def __init__(self, seconds: float, shuffled: bool = False, again: int = 1, checks: int = 10) -> None:
        self.until = time.monotonic() + seconds
        self.shuffled, self.again, self.checks = shuffled, again, checks
        self.live = True
        self.epoch_open = False
        self.now: list[float] = []
        self.errors: list[float] = []
        self.targets: list[float] = []
        self.passing: list[float] = []
        self.checked: list[tuple[float, float, float]] = []
        self.targets_checked: list[float] = []

    def loss(self, value: Any) -> Any:
        self._note(self.now if not self.live else self.passing, value)
        return value

    def error(self, left: Any, right: Any, side: int) -> Any:
        out = left - right
        self._note_square(out)
        if not self.live or len(self.targets) < 200_000:
            self._target((left, right)[1 - side])
        return out

    def _note_square(self, out: Any) -> None:
        if not self.live:
            with contextlib.suppress(TypeError, ValueError):
                self.errors.append(float(0.5 * np.mean(np.square(np.asarray(out, dtype=float)))))

    def _target(self, value: Any) -> None:
        try:
            flat = np.ravel(np.asarray(value, dtype=float))
        except (TypeError, ValueError):
            return
        (self.targets if self.live else self.targets_checked).extend(flat[:2000].tolist())

    def _note(self, where: list[float], value: Any) -> None:
        with contextlib.suppress(TypeError, ValueError):
            where.append(float(np.mean(np.asarray(value, dtype=float))))
        if time.monotonic() > self.until:
            raise TimeIsUp

    def samples(self, things: Any) -> Any:
        if (
            not self.shuffled
            or not self.epoch_open
            or not isinstance(things, (range, list, tuple, np.ndarray, zip, enumerate, map))
        ):
            return self._timed(things)
        listed = list(things)
        return self._timed([listed[k] for k in np.random.RandomState(1).permutation(len(listed))])

    def _timed(self, things: Any) -> Iterator[Any]:
        for thing in things:
            if time.monotonic() > self.until:
                raise TimeIsUp
            yield thing

    def epochs(self, things: Any) -> Iterator[Any]:
        """The epochs; before, after and between some of them one without updates."""
        listed = list(things) * self.again if hasattr(things, "__len__") else things
        count = len(listed) if isinstance(listed, list) else 0
        checks = {round(k * count / self.checks) for k in range(self.checks)} if count and self.checks else set()
        outer, self.epoch_open = not self.epoch_open, True
        if not outer:
            yield from listed
            return
        done = 0
        for thing in listed:
            if done in checks:
                yield from self._checked(thing, done / max(1, count))
            yield thing
            done += 1
        if self.checks and done and count:
            yield from self._checked(listed[-1], 1.0)
        self.epoch_open = False

    def _checked(self, thing: Any, share: float) -> Iterator[Any]:
        kept = np.random.get_state(), random.getstate()
        self.live, self.now, self.errors, self.targets_checked = False, [], [], []
        yield thing
        self.live = True
        np.random.set_state(kept[0])
        random.setstate(kept[1])
        if self.now or self.errors:
            self.checked.append((share, _mean(self.now), _mean(self.errors)))

    def curve(self) -> Curve:
        found = Curve()
        if len(self.checked) > 1:
            found.whole = True
            use = 1 if np.isnan(self.checked[-1][2]) or not np.isnan(self.checked[-1][1]) else 2
            found.losses = [(row[0], row[use]) for row in self.checked]
            found.ratio = _ratio(self.checked, use)
        elif self.passing:
            found.losses = _binned(self.passing)
        targets = np.asarray(self.targets_checked or self.targets)
        if targets.size:
            found.spread = 0.5 * float(np.var(targets))
        return found


def _mean(numbers: list[float]) -> float:
    return float(np.mean(numbers)) if numbers else float("nan")


def _ratio(checked: list[tuple[float, float, float]], use: int) -> float:
    """The loss over the squares of the errors; NaN where it is not one and the same at the start and at the end."""
    first, last = (row[use] / row[2] if row[2] > 0 else float("nan") for row in (checked[0], checked[-1]))
    return last if abs(first - last) <= 1e-6 * abs(last) else float("nan")


def _binned(numbers: list[float], bins: int = 40) -> list[tuple[float, float]]:
    """The first loss, and means of the others."""
    if len(numbers) <= bins:
        return [(k / max(1, len(numbers) - 1), x) for k, x in enumerate(numbers)]
    parts = np.array_split(np.asarray(numbers[1:]), bins - 1)
    return [(k / (bins - 1), float(np.mean(part))) for k, part in enumerate([numbers[0], *parts])]


def watched_text(source: Source, edits: list[Edit], watched: Watched) -> str:
    """The text with the edits and the calls in it."""
    lines = source.text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def at(line: int, column: int) -> int:
        return starts[line - source.first] + column

    changes = [(at(*e.span[:2]), at(*e.span[2:]), 1, e.new) for e in edits]

    def around(place: Place | None, call: str) -> None:
        if place is not None and place[0] == source.path and not any(_within(place[1], e.span) for e in edits):
            start, end = at(*place[1][:2]), at(*place[1][2:])
            changes.extend([(start, start, 2, f"{WATCH}.{call}("), (end, end, 0, ")")])

    around(watched.epochs, "epochs")
    around(watched.samples, "samples")
    around(watched.loss, "loss")
    for path, span in watched.updates:
        indent = source.lines[span[0] - source.first][: span[1]] if path == source.path else "elsewhere"
        if not indent.strip():
            start = at(*span[:2])
            changes.append((start, start, 2, f"if {WATCH}.live: "))
    text = source.text
    # From the end to the start. At one place what closes comes before an edit, and what opens comes before that edit.
    for a, b, _, new in sorted(changes, key=lambda c: (c[0], c[1] > c[0], -c[2]), reverse=True):
        text = text[:a] + new + text[b:]
    return text


def _within(inner: Span, outer: Span) -> bool:
    """Whether a place lies inside another and is not all of it."""
    return inner != outer and inner[:2] >= outer[:2] and inner[2:] <= outer[2:]


class _Errors(ast.NodeTransformer):
    """Puts the call around a difference `left - right`, found by its line and its text, either way round."""

    def __init__(self, line: int, text: str, side: int) -> None:
        difference = ast.parse(f"({text})", mode="eval").body
        assert isinstance(difference, ast.BinOp)
        self.line = line
        self.sides = {
            ast.unparse(difference): side,
            ast.unparse(ast.BinOp(difference.right, ast.Sub(), difference.left)): 1 - side,
        }

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        if isinstance(node.op, ast.Sub) and node.lineno == self.line and ast.unparse(node) in self.sides:
            call = ast.Attribute(ast.Name(WATCH, ast.Load()), "error", ast.Load())
            return ast.copy_location(
                ast.Call(call, [node.left, node.right, ast.Constant(self.sides[ast.unparse(node)])], []), node
            )
        return node


def run_trial(subject: Subject, edits: list[Edit], watched: Watched, watch: Watch) -> Curve:
    """Run to the end, or until the time is up."""
    begin = time.monotonic()
    error, complete = "", True

    def rewrite(source: Source) -> ast.Module:
        tree = ast.parse(watched_text(source, [e for e in edits if e.source.path == source.path], watched), source.path)
        if watched.error is not None and watched.error[0] == source.path:
            span = watched.error[1]
            tree = ast.fix_missing_locations(_Errors(span[0], source.segment(span), watched.side).visit(tree))
        return tree

    try:
        subject.run(rewrite, {WATCH: watch}, lambda names: None)
    except TimeIsUp:
        complete = False
    except SystemExit:
        pass
    except Refused as refused:
        error = f"Refused: the script {refused}"
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    found = watch.curve()
    found.complete, found.error, found.seconds = complete, error, time.monotonic() - begin
    return found
