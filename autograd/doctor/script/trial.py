"""A training run at its own speed, with its loss watched: the script as it is, repaired, or with one thing changed.

Nothing is recorded here. A few calls are written into the text: around the loss, around what the loops go through, and
before the lines that update a parameter, so that now and then all samples are gone through without an update.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .watch.edits import Edit, apart
from .watch.loader import Subject
from .watch.sandbox import Refused
from .watch.sites import Source, Span

WATCH = "_doctor_watch_"


Place = tuple[str, Span]
"""The path of a source and a place in it."""


@dataclass(frozen=True)
class Watched:
    """What to watch.

    Args:
        loss: the expression that is the loss; None where only the error is there.
        becomes: a name that is the loss after the statement at `loss`, as in `loss /= n`; "" for an expression.
        error: the difference of prediction and target, and on which side the prediction stands (0 or 1).
        samples, epochs: what the loops go through.
        updates: the statements that change a state; they are left out while all samples are gone through.
    """

    loss: Place | None = None
    becomes: str = ""
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
        constant: the loss of the best constant prediction, in the measure of `losses`; NaN where unknown.
        complete: whether the training came to its end in the time it had.
        crossed: the shapes of prediction and target, in the order of the text, and of their difference, where each
            prediction is compared with every target.
        left: whether the script left the loop over its epochs; the passes for a check may have made it do so.
    """

    losses: list[tuple[float, float]] = field(default_factory=list)
    whole: bool = False
    constant: float = float("nan")
    complete: bool = True
    left: bool = False
    crossed: list[str] = field(default_factory=list)
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
        self.inner: list[int] = []  # the same of the loop over the samples
        self.entries: list[int] = []  # how many losses had passed whenever the loop over the epochs was entered
        self.turns: list[tuple[int, int]] = []  # the checks at its beginning and at its end, at each entry
        self.left = False  # whether it was left before its end
        self.has_loss = False
        self.crossed: list[str] = []
        self.now: list[float] = []
        self.errors: list[float] = []
        self.targets: list[Any] = []
        self.passing: list[float] = []
        self.checked: list[tuple[float, float, float]] = []
        self.targets_checked: list[Any] = []

    def loss(self, value: Any) -> Any:
        self.has_loss = True
        self._note(self.now if not self.live else self.passing, value)
        return value

    def error(self, left: Any, right: Any, side: int) -> Any:
        out = left - right
        self._note_square(out)
        if np.size(out) > max(np.size(left), np.size(right)):
            self.crossed = [str(np.shape(each)) for each in (left, right, out)]
        if not self.live or len(self.targets) < 20_000:
            self._target((left, right)[1 - side])
        return out

    def _note_square(self, out: Any) -> None:
        if not self.live:
            with contextlib.suppress(TypeError, ValueError):
                self.errors.append(float(0.5 * np.mean(np.square(np.asarray(out, dtype=float)))))

    def _target(self, value: Any) -> None:
        try:
            array = np.array(value, dtype=float)
        except (TypeError, ValueError):
            return
        (self.targets if self.live else self.targets_checked).append(array)

    def _note(self, where: list[float], value: Any) -> None:
        with contextlib.suppress(TypeError, ValueError):
            where.append(float(np.mean(np.asarray(value, dtype=float))))
        if time.monotonic() > self.until:
            raise TimeIsUp

    def samples(self, things: Any) -> Any:
        self.inner.append(len(self.passing))
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
        outer, self.epoch_open = not self.epoch_open, True
        if not outer:
            yield from listed
            return
        self.entries.append(len(self.passing))
        first = len(self.checked)
        wanted = self.checks if len(self.entries) == 1 else min(1, self.checks)
        checks = {round(k * count / wanted) for k in range(wanted)} if count and wanted else set()
        done = 0
        for thing in listed:
            if done in checks:
                yield from self._checked(thing, done / max(1, count))
            try:
                yield thing
            except GeneratorExit:
                self.left = True
                raise
            done += 1
        if self.checks and done and count:
            yield from self._checked(listed[-1], 1.0)
            self.turns.append((first, len(self.checked) - 1))
        self.epoch_open = False

    def _checked(self, thing: Any, share: float) -> Iterator[Any]:
        kept = np.random.get_state(), random.getstate()
        self.live, self.now, self.errors, self.targets_checked = False, [], [], []
        self.left = True  # until it goes on
        yield thing
        self.left = False
        self.live = True
        np.random.set_state(kept[0])
        random.setstate(kept[1])
        if self.now or self.errors:
            self.checked.append((share, _mean(self.now), _mean(self.errors)))

    def _first_training(self) -> list[float]:
        """The losses as they came, up to where another training begins."""
        outer, inner = _parts(self.passing, self.entries), _parts(self.passing, self.inner)
        if len(outer) > 1 and _begin_anew([(part[0], part[-1]) for part in outer]):
            return outer[0]
        if len(inner) > 1 and all(part[0] == inner[0][0] != part[-1] for part in inner):  # each with the same weights
            return inner[0]
        return self.passing

    def curve(self) -> Curve:
        found = Curve()
        found.left, found.crossed = self.left, self.crossed
        rows, use = self.checked, 1 if self.has_loss else 2
        if len(self.turns) > 1:  # the loop is inside another one
            if _begin_anew([(rows[a][use], rows[b][use]) for a, b in self.turns]):
                rows = rows[: self.turns[0][1] + 1]
            else:  # the checks before its end do not tell how far we are
                rows = [rows[0], *[rows[end] for _, end in self.turns]]
                rows = [(k / (len(rows) - 1), *row[1:]) for k, row in enumerate(rows)]
        if len(rows) > 1:
            found.whole = True
            found.losses = [(row[0], row[use]) for row in rows]
            found.constant = _spread(self.targets_checked or self.targets) * _factor([row[use] for row in rows], rows)
        elif self.passing:
            found.losses = _binned(self._first_training())
        return found


def _parts(losses: list[float], starts: list[int]) -> list[list[float]]:
    return [losses[a:b] for a, b in itertools.pairwise([*starts, len(losses)]) if b > a]


def _begin_anew(turns: list[tuple[float, float]]) -> bool:
    """Whether each entry is a training of its own: it begins with a larger loss than the one before it ended with."""
    return float(np.median([start / (end or 1e-300) for (_, end), (start, _) in itertools.pairwise(turns)])) > 1.5


def _factor(losses: list[float], rows: list[tuple[float, float, float]]) -> float:
    """How many times the mean square of the errors the loss is; NaN where it is something else."""
    pairs = [(loss, row[2]) for loss, row in zip(losses, rows, strict=True) if row[2] > 0 and np.isfinite(loss)]
    ratios = [loss / square for loss, square in pairs]
    if len(set(pairs)) < 2 or max(ratios) - min(ratios) > 1e-6 * max(ratios):
        return float("nan")
    return ratios[-1]


def _spread(targets: list[Any]) -> float:
    """Half the variance of the targets; NaN where a target may be several numbers: each has a mean of its own."""
    single = all(t.size == 1 for t in targets) or all(t.ndim > 1 and t.shape[-1] == 1 for t in targets)
    if not targets or not (single or (len(targets) == 1 and sum(n > 1 for n in targets[0].shape) == 1)):
        return float("nan")
    return 0.5 * float(np.var(np.concatenate([t.ravel() for t in targets])))


def _mean(numbers: list[float]) -> float:
    return float(np.mean(numbers)) if numbers else float("nan")


def _binned(numbers: list[float], bins: int = 40) -> list[tuple[float, float]]:
    """Means of stretches of the training, the first number as it is: before any update all trainings are alike."""
    means = [float(np.mean(part)) for part in np.array_split(np.asarray(numbers), min(bins, len(numbers)))]
    means[0] = numbers[0]
    return [(k / max(1, len(means) - 1), mean) for k, mean in enumerate(means)]


def watched_text(source: Source, edits: list[Edit], watched: Watched) -> str:
    """The text with the edits and the calls in it."""
    edits = apart(edits)
    for path, span in watched.updates:
        if path == source.path:
            edits = [_paused_in(edit, span) for edit in edits]
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
    if watched.becomes and watched.loss is not None and watched.loss[0] == source.path:
        end = at(*watched.loss[1][2:])
        changes.append((end, end, 0, f"; {WATCH}.loss({watched.becomes})"))
    else:
        around(watched.loss, "loss")
    for path, span in watched.updates:
        indent = source.lines[span[0] - source.first][: span[1]] if path == source.path else "elsewhere"
        if not indent.strip() and not any(_within(span, e.span) for e in edits):
            start = at(*span[:2])
            changes.append((start, start, 2, f"if {WATCH}.live: "))
    text = source.text
    # From the end to the start. At one place what closes comes before an edit, and what opens comes before that edit.
    for a, b, _, new in sorted(changes, key=lambda c: (c[0], c[1] > c[0], -c[2]), reverse=True):
        text = text[:a] + new + text[b:]
    return text


def _paused_in(edit: Edit, update: Span) -> Edit:
    """An edit that moves an update, with the update left out while all samples are gone through."""
    if not _within(update, edit.span):
        return edit
    text = edit.source.segment(update)
    return replace(edit, new=edit.new.replace(text, f"if {WATCH}.live: {text}", 1))


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
