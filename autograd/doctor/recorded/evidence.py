"""The evidence: what the learner's code gives and what is right, at several points and on several samples.

One sample at one point makes many mistakes look alike. So wherever the learner gives a function, it is called at the
parameters given and at random ones, on the whole batch and on parts of it; each call is a `Probe`. They get copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...errors import AutogradError, OperandError, ShapeError
from ...switches import no_grad
from ...value.arrays import data as data_of
from ..language import say
from .differences import DifferenceRecording, agrees
from .layers import Layers
from .reference import RIGHT, Loss, Params, Recording, place_layers, record

Array = Any
Answer = Callable[..., Any]

MAX_ROWS = 64  # of the batch, at random points; the point given is examined on all rows


@dataclass(eq=False)
class Probe:
    """One place that was looked at: the point, the samples, the recording there, and the learner's answer.

    Args:
        rows: the numbers of the samples in the batch, or None where the batch has none.
        answers: their gradient for each block, as they gave it.
        before: the probe that their code was called with just before this one.
    """

    params: dict[str, Array]
    batch: tuple[Any, ...]
    rows: tuple[int, ...] | None
    recording: Recording
    given: bool = False
    answers: dict[str, Array] = field(default_factory=dict)
    before: Probe | None = None

    @property
    def count(self) -> int:
        """How many samples it holds."""
        return 1 if self.rows is None else len(self.rows)

    def right(self, name: str) -> Array:
        return self.recording.block(name, RIGHT)


@dataclass(eq=False)
class Evidence:
    """All probes. `strong` when there are enough of them to tell look-alikes apart."""

    probes: list[Probe]
    others: list[Probe]
    notes: list[str]
    names: list[str]
    lr: float | None = None
    judged_step: bool = False
    called: bool = False
    known_right: set[str] = field(default_factory=set)  # blocks whose gradient was judged by itself, and is right

    @property
    def points(self) -> int:
        return len({id(probe.params) for probe in self.probes})

    @property
    def samples(self) -> int:
        rows = {row for probe in self.probes if probe.rows is not None for row in probe.rows}
        return max(1, len(rows))

    @property
    def strong(self) -> bool:
        return self.points >= 3 and self.samples >= 2

    @property
    def layers(self) -> Layers:
        return self.probes[0].recording.layers


class Batch:
    """The batch and how to take samples out of it.

    Args:
        batch: arrays with one row for each sample; or a single sample, which is then used as it is.
        each: the loss takes one sample at a time: row k of every array.
    """

    def __init__(self, batch: Sequence[Any], each: bool = False) -> None:
        self.whole, self.each = tuple(batch), each
        lengths = {len(part) if np.ndim(part) else -1 for part in self.whole}
        self.count = lengths.pop() if len(lengths) == 1 else -1
        if self.count == 0:
            raise ShapeError("the batch holds no samples: its arrays have no rows")
        if each and self.count < 1:
            raise ShapeError("one sample at a time needs a batch of arrays with a row for each sample, equally many")

    @property
    def broken(self) -> bool:
        """Whether it holds NaN or infinity."""
        parts = [np.asarray(part) for part in self.whole]
        return any(part.dtype.kind == "f" and not np.all(np.isfinite(part)) for part in parts)

    @property
    def divisible(self) -> bool:
        return self.count > 0

    def take(self, rows: Sequence[int]) -> tuple[Any, ...]:
        if self.each:
            return tuple(np.copy(np.asarray(part)[rows[0]]) for part in self.whole)
        return tuple(np.asarray(part)[list(rows)] for part in self.whole)

    def all(self) -> tuple[tuple[Any, ...], tuple[int, ...] | None]:
        if self.each:
            return self.take([0]), (0,)
        return self.whole, tuple(range(self.count)) if self.divisible else None

    def shaken(self, batch: tuple[Any, ...], rng: np.random.Generator) -> tuple[Any, ...]:
        """The same batch with other numbers, where they are floats."""
        out = []
        for part in batch:
            array = np.asarray(part)
            out.append(array + rng.uniform(0.1, 0.3, array.shape) if array.dtype.kind == "f" else part)
        return tuple(out)


def plan(batch: Batch, params: Params, rng: np.random.Generator) -> list[tuple[dict[str, Array], Any, Any]]:
    """Where to look besides the point given: (params, batch, rows)."""
    points = [moved(params, rng, how) for how in ("near", "fresh", "fresh", "small")]
    if not batch.divisible:
        return [(point, batch.whole, None) for point in points]
    picks: list[Sequence[int]]
    if batch.each:
        picks = [[int(k)] for k in rng.permutation(np.arange(8) % batch.count)]
        return [(points[k % 4], batch.take(rows), tuple(rows)) for k, rows in enumerate(picks)]
    size = min(batch.count, MAX_ROWS)
    if batch.count == 1:
        picks = [[0], [0, 0], [0], [0, 0, 0]]
    else:
        sizes = [size, max(2, size // 2), max(2, size - 1), max(2, (size + 1) // 3)]
        picks = [rng.choice(batch.count, size=s, replace=False).tolist() for s in sizes]
        picks.append([int(rng.integers(batch.count))])
    return [(points[k % 4], batch.take(rows), tuple(rows)) for k, rows in enumerate(picks)]


def moved(params: Params, rng: np.random.Generator, how: str) -> dict[str, Array]:
    """Random parameters, of sizes at which a network is neither silent nor saturated."""
    found = {}
    for name, block in params.items():
        spread = float(np.sqrt(np.mean(np.square(block)))) if block.size else 0.0
        natural = 1.0 / np.sqrt(block.shape[0]) if block.ndim > 1 else 0.5
        noise = rng.standard_normal(block.shape)
        if how == "near" and spread > 0.0:
            found[name] = block + 0.3 * spread * noise
        elif how == "small":
            found[name] = 0.5 * natural * noise + 0.05
        else:
            found[name] = natural * noise + (0.1 if block.ndim < 2 else 0.0)
    return found


def gather(
    loss: Loss,
    params: Params,
    batch: Batch,
    answer: Any,
    *,
    seed: int,
    judged_step: bool = False,
    lr: float | None = None,
) -> Evidence:
    """Look everywhere: call the learner's function (or take their numbers) and record the loss.

    Args:
        answer: a function of (params, *batch), or a mapping, of which there is then only the point given.
        judged_step: the answers are updated weights; what is judged is (before - after) / lr.
    """
    rng = np.random.default_rng(seed)
    notes: list[str] = []
    blocks = {name: np.array(block, dtype=float) for name, block in params.items()}
    known: dict[tuple[str, ...], Layers] = {}

    def look(point: dict[str, Array], part: tuple[Any, ...], rows: Any, given: bool = False) -> Probe | None:
        try:
            recording = record(loss, point, part)
            twin = None
            if recording.array_graph and recording.signature not in known:
                twin = _twin(loss, point, batch.shaken(part, rng))
            place_layers(recording, known, twin)
            if not agrees(recording, loss, point, part):
                recording = DifferenceRecording(loss, point, part, say("why_buffers"))
        except (AutogradError, ShapeError, ValueError, TypeError, IndexError, AttributeError, RuntimeError) as error:
            try:
                recording = DifferenceRecording(loss, point, part, f"{type(error).__name__}: {error}")
            except Exception:
                if given:
                    raise error from None
                return None
        return Probe(point, part, rows, recording, given)

    whole, rows = batch.all()
    # The layers are read at a random point: at the one given, zeros could make different functions look the same.
    planned = plan(batch, blocks, rng)
    looked = [look(*where) for where in planned]
    base = look(blocks, whole, rows, given=True)
    assert base is not None
    elsewhere = [probe for probe in looked if probe is not None and _finite(probe)]
    if len({tuple(probe.recording.layers.kinds_of_activation) for probe in [base, *elsewhere]}) > 1:
        for probe in [base, *elsewhere]:  # a loop over the samples: more of them, more activations
            probe.recording.layers = probe.recording.layers.merged()
    same = base.recording.layers.kinds_of_activation
    elsewhere = [probe for probe in elsewhere if probe.recording.layers.kinds_of_activation == same]
    if isinstance(base.recording, DifferenceRecording):
        notes.append(say("note_differences", why=base.recording.why))
    elif not base.recording.array_graph:
        notes.append(say("note_not_arrays"))
    probes = [base]
    if callable(answer):
        probes = _called(answer, [base, *elsewhere], params, notes, lr if judged_step else None, judged_step)
        elsewhere = [p for p in elsewhere if p not in probes]
    else:
        base.answers = implied(answer, base.params, lr) if judged_step else named(answer, list(params), notes)
    sound = [probe for probe in probes if _finite(probe)]
    if sound and len(sound) < len(probes):
        notes.append(say("note_broken_batch" if batch.broken else "note_overflow"))
        probes = sound
    return Evidence(probes, elsewhere, notes, list(params), lr, judged_step, callable(answer))


def _called(
    answer: Answer, probes: list[Probe], params: Params, notes: list[str], lr: float | None, judged_step: bool
) -> list[Probe]:
    """The learner's function, called at every probe in turn."""
    done: list[Probe] = []
    before: Probe | None = None
    for probe in probes:
        point = {name: block.copy() for name, block in probe.params.items()}
        if probe.given:
            point = {name: np.array(params[name]) for name in point}  # with the dtype they gave them
        try:
            with np.errstate(all="ignore"), no_grad():
                found = answer(
                    point, *[np.copy(part) if isinstance(part, np.ndarray) else part for part in probe.batch]
                )
        except Exception as error:
            if probe.given:
                raise
            notes.append(say("note_raised", error=type(error).__name__, count=probe.count, text=error))
            continue
        if judged_step:
            found = point if found is None else found  # a step taken in place
            probe.answers = implied(found, probe.params, lr)
        else:
            if any(not np.array_equal(point[name], probe.params[name], equal_nan=True) for name in point):
                _once(notes, say("note_changes"))
            probe.answers = _own(named(found, list(params), notes))
        probe.before, before = before, probe
        done.append(probe)
    if len(done) > 1 and all(
        _same(done[0].answers.get(name), probe.answers.get(name)) for probe in done[1:] for name in params
    ):
        notes.append(say("note_same_numbers"))
        return done[:1]
    return done


def named(found: Any, names: list[str], notes: list[str]) -> dict[str, Array]:
    """The learner's answers by block: `dW1`, `grad_W1`, `W1_grad` are understood to be those of W1.

    Raises:
        OperandError: what they gave is neither a mapping nor a sequence of as many arrays as there are blocks.
    """
    found = without_loss(found)
    if isinstance(found, (list, tuple)) and len(found) == len(names):
        return dict(zip(names, map(_array, found), strict=True))
    if not isinstance(found, Mapping):
        if found is None:
            raise OperandError("your function gave None in place of the gradients: does it end with a return?")
        raise OperandError(
            f"gradients are given by name, {{{names[0]!r}: array, ...}}, or as a list of {len(names)} arrays in the "
            f"order of the parameters; got {type(found).__name__}"
        )
    answers = {}
    for key, array in found.items():
        name = key if key in names else plain_name(str(key), names)
        if name is None:
            _once(notes, say("note_no_block", key=repr(key), names=say("comma").join(map(str, names))))
        elif array is None:
            _once(notes, say("note_none", name=name))
        else:
            answers[name] = _array(array)
    return answers


def _own(answers: dict[str, Array]) -> dict[str, Array]:
    """Copies: they may return the same arrays again, filled anew. Arrays that share memory stay, to be found out."""
    parts = list(answers.items())
    return {
        name: part if any(np.shares_memory(part, other) for k, other in parts if k != name) else np.array(part)
        for name, part in parts
    }


def without_loss(found: Any) -> Any:
    """The gradients of a function that returns (loss, gradients)."""
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[1], (Mapping, list, tuple)):
        first = found[0]
        if isinstance(first, (int, float, np.number)) or (isinstance(first, np.ndarray) and first.ndim == 0):
            return found[1]
    return found


def plain_name(key: str, names: Iterable[str]) -> str | None:
    """The block that a name like `dW1`, `grad_W1` or `W1_grad` is about."""
    for name in names:
        bare = str(name)
        if key in {f"{p}{bare}" for p in ("d", "d_", "g", "g_", "grad", "grad_", "delta_", "D")} | {
            f"{bare}{s}" for s in ("_grad", "grad", "_gradient", ".grad")
        }:
            return name
    return None


def implied(after: Any, params: Params, lr: float | None) -> dict[str, Array]:
    """The gradient that a step would have used: (before - after) / lr."""
    assert lr is not None
    answers = {}
    for name, array in named(after, list(params), []).items():
        if np.shape(array) == np.shape(params[name]) and array.dtype.kind in "fiu":
            array = (params[name] - array) / lr
        answers[name] = array
    return answers


def _array(numbers: Any) -> Array:
    try:
        array = numbers if isinstance(numbers, np.ndarray) else np.asarray(getattr(numbers, "data", numbers))
        return np.asarray(data_of(array)) if array.dtype == object else array
    except OperandError:  # neither numbers nor Values
        return array
    except ValueError:  # rows of different lengths
        return np.array(numbers, dtype=object)


def _twin(loss: Loss, point: Params, batch: tuple[Any, ...]) -> Recording | None:
    try:
        return record(loss, point, batch)
    except Exception:
        return None


def _finite(probe: Probe) -> bool:
    return bool(np.isfinite(probe.recording.value)) and all(
        np.all(np.isfinite(probe.right(name))) for name in probe.params
    )


def _same(x: Any, y: Any) -> bool:
    return x is not None and y is not None and x.shape == y.shape and bool(np.any(x)) and np.array_equal(x, y)


def _once(notes: list[str], text: str) -> None:
    if text not in notes:
        notes.append(text)
