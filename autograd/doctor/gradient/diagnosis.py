"""`diagnose`: from a loss and what a learner computed by hand to a verdict on every block.

Here is the order of questions: is it an array of the right kind, is it right, which mistakes explain it, which of those
is the likeliest given the blocks nearer the output. The evidence, the fits and the words are in their own files.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import OperandError
from ...tensor.tensor import Tensor
from ...value.arrays import data
from ...value.value import Value
from ..language import chosen, say, speaking, spoken
from ..recorded.containers import by_layout, by_name, checked_array, is_plain, on_layout
from ..recorded.evidence import Batch, Evidence, gather
from ..recorded.reference import Loss
from ..recorded.steady import Steady
from .advice import Words
from .comparison import comparison
from .fit import TOLERANCE, Explanation, explain, fit, judge
from .forward import compare_forward
from .report import BlockReport, Candidate, Report
from .styles import style_of
from .templates import build, singles

Array = Any
Established = dict[Any, str]  # what is at work in a block nearer the output, and which that is


def diagnose(
    loss: Loss,
    params: Mapping[str, Any] | Sequence[Any],
    batch: Sequence[Any] = (),
    *,
    gradients: Any = None,
    update: Any = None,
    lr: float | None = None,
    forward: Any = None,
    each: bool = False,
    seed: int = 0,
    lang: str = "",
) -> Report:
    """Say where a handwritten gradient is wrong, and how.

    Args:
        loss: `loss(params, *batch)`, ordinary numpy code that gives one number. It is differentiated, so it is what is
            right.
        params: the blocks of parameters, arrays by name; or a list of arrays, which the functions then get as a list
            too. Inner lists, tuples and dicts are as good.
        batch: what the loss takes besides: arrays with a row for each sample.
        gradients: the learner's gradients by name; better the function `(params, *batch)` that computes them, which is
            then called at several points and on several samples.
        update: the learner's new parameters after one step by name; or the function `(params, *batch)` that makes the
            step. What the step would have used as gradient, (before - after) / lr, is judged.
        lr: the learning rate of that step.
        forward: the outputs of their layers, in order or by name, or the function `(params, *batch)` that gives them.
        each: the functions take one sample at a time: row k of every array of the batch.
        seed: of the random points.
        lang: the language of the report, "en" or "zh"; by default that of GLASSGRAD_LANG, or of the locale.

    The functions are called with copies; the random state, and whatever else they reach and change, is put back before
    each call and afterwards.

    Returns:
        A `Report`; print it.

    Raises:
        OperandError: nothing to judge was given, `update` without `lr`, or the parameters are not named arrays.

    >>> import numpy as np
    >>> def loss(params, X, Y):
    ...     return 0.5 * ((X @ params["W"] - Y) ** 2).mean()
    >>> def mine(params, X, Y):
    ...     return {"W": (X @ params["W"] - Y).T @ X / len(X)}
    >>> rng = np.random.default_rng(0)
    >>> X, W = rng.normal(size=(8, 3)), rng.normal(size=(3, 1))
    >>> report = diagnose(loss, {"W": W}, (X, X.sum(axis=1, keepdims=True)), gradients=mine)
    >>> report.ok, report["W"].name
    (False, 'transposed')
    """
    with speaking(chosen(lang)):
        return _diagnose(loss, params, batch, gradients, update, lr, forward, each, seed)


def _diagnose(
    loss: Loss,
    params: Any,
    batch: Sequence[Any],
    gradients: Any,
    update: Any,
    lr: float | None,
    forward: Any,
    each: bool,
    seed: int,
) -> Report:
    if isinstance(params, (Mapping, list, tuple)) and len(params) and not is_plain(params):
        layout = params
        gradients, update, forward = (_laid_out(layout, given) for given in (gradients, update, forward))
        params, loss = by_layout(layout, loss)
    blocks, notes = _checked_params(params)
    for k, part in enumerate(batch if isinstance(batch, (tuple, list)) else ()):
        checked_array(f"batch[{k}]", part)
    if gradients is None and update is None and forward is None:
        raise OperandError("nothing to judge: give gradients=, update= with lr=, or forward=")
    if update is not None and (lr is None or not lr > 0):
        raise OperandError(f"update= is judged by (before - after) / lr: give the learning rate of the step, lr={lr}")
    if not isinstance(batch, (tuple, list)):
        raise OperandError(
            f"the batch is a tuple of what the loss takes besides the parameters, got {type(batch).__name__}"
        )
    given = [part for part in (loss, gradients, update, forward) if callable(part)]
    with Steady(*given) as steady:
        alike = [
            steady(part, part is update) if callable(part) else part for part in (loss, gradients, update, forward)
        ]
        return _diagnosed(alike[0], blocks, Batch(batch, each), alike[1], alike[2], alike[3], lr, seed, notes)


def _laid_out(layout: Any, given: Any) -> Any:
    """Functions and answers in the learner's layout, by name."""
    return on_layout(layout, given) if callable(given) else given if given is None else by_name(given, layout)


def _diagnosed(
    loss: Loss, blocks: dict[str, Array], parts: Batch, gradients: Any, update: Any, forward: Any, lr: float | None,
    seed: int, notes: list[str],
) -> Report:  # fmt: skip
    report = Report({}, notes=notes, language=spoken())
    if gradients is not None:
        evidence = gather(loss, blocks, parts, gradients, seed=seed, lr=lr)
        report = _report(evidence, blocks, Words(evidence, loss), "gradient", notes)
        report._comparison = functools.partial(comparison, loss, blocks, parts, gradients)
    if update is not None:
        evidence = gather(loss, blocks, parts, update, seed=seed, lr=lr, judged_step=True)
        evidence.known_right = {name for name in report if report[name].verdict == "right"}
        step = _report(evidence, blocks, Words(evidence, loss), "update", [] if gradients is not None else notes)
        step._comparison = functools.partial(comparison, loss, blocks, parts, update, lr=lr)
        if gradients is None:
            report = step
        else:
            report.step = step
            report.disagree = [b for b in report if _disagree(report[b], step[b])]
    if forward is not None:
        report.forward = compare_forward(loss, blocks, parts, forward)
    return report


def _disagree(gradient: BlockReport, step: BlockReport) -> bool:
    """Whether the step clearly used something else than this gradient."""
    if gradient.verdict == "cannot tell" or step.verdict == "cannot tell":
        return False
    if gradient.verdict == step.verdict == "right":
        return False
    if gradient.name != step.name or gradient.name in (None, "unrecognised"):
        return gradient.name != "shape" or step.verdict != "right"
    return not math.isclose(gradient.scale or 1.0, step.scale or 1.0, rel_tol=1e-4)


def _checked_params(params: Any) -> tuple[dict[str, Array], list[str]]:
    if not isinstance(params, Mapping) or not params:
        raise OperandError(
            'the parameters are arrays by name, such as {"W1": W1, "W2": W2}, got ' + type(params).__name__
        )
    blocks, notes = {}, []
    for name, block in params.items():
        checked_array(name, block)
        array = _plain(block)
        if array.dtype.kind not in "biuf":
            raise OperandError(f"{name} is to be an array of real numbers, got dtype {array.dtype}")
        if array.dtype.kind in "biu":
            notes.append(say("note_integers", name=name))
        blocks[name] = array
    names = list(blocks)
    for k, name in enumerate(names):
        for other in names[k + 1 :]:
            if np.shares_memory(blocks[name], blocks[other]):
                notes.append(say("note_shared", name=name, other=other))
    return blocks, notes


def _plain(block: Any) -> Array:
    """A block as an array of numbers, also where it came as a Tensor or as an array of Values."""
    if isinstance(block, (Tensor, Value)):
        return np.asarray(block.data)
    array = np.asarray(block)
    holds_values = array.dtype == object and all(isinstance(part, Value) for part in array.flat)
    return np.asarray(data(array)) if holds_values else array


def _report(evidence: Evidence, blocks: Mapping[str, Array], words: Words, what: str, notes: list[str]) -> Report:
    order = evidence.layers.order or list(blocks)[::-1]
    found: dict[str, BlockReport] = {}
    established: Established = {}
    for name in order:
        found[name] = _block(evidence, name, words, established)
    if evidence.judged_step and evidence.called:
        found = _common_factor(found, evidence)
    return Report(found, what, words.evidence(), [*notes, *evidence.notes], language=spoken())


def _common_factor(found: dict[str, BlockReport], evidence: Evidence) -> dict[str, BlockReport]:
    """One positive factor in all blocks is another learning rate: a schedule, an average, the start of a momentum."""
    scaled = [block for block in found.values() if block.verdict == "wrong"]
    judged = [block for block in found.values() if block.verdict != "cannot tell"]
    scales = [scale for block in scaled if (scale := _factor(block)) is not None and scale > 0]
    if len(scales) < len(judged) or len(scales) < 2 or max(scales) - min(scales) > 1e-6 * max(scales):
        return found
    samples = evidence.probes[0].count
    if Explanation((), scales[0], 0, 0.0).usual(samples, evidence.lr) or any(
        "samples" in b.reason for b in scaled if b.name
    ):
        return found  # such a factor is usually a mistake: a sum in place of a mean, a 2 left out
    notes = evidence.notes
    notes.append(say("other_rate", scale=f"{scales[0]:.4g}"))
    right = {b.block: BlockReport(b.block, "right", relative_error=b.relative_error, reason=notes[-1]) for b in scaled}
    return {**found, **right}


def _factor(block: BlockReport) -> float | None:
    """The factor of a block that is wrong by no more than one, even if on one sample other mistakes look alike."""
    if block.name == "scaled":
        return block.scale
    alike = {candidate.name for candidate in block.candidates}
    return block.candidates[0].scale if block.name is None and alike == {"scaled"} else None


def _block(evidence: Evidence, name: str, words: Words, established: Established) -> BlockReport:
    malformed = _malformed(evidence, name, words)
    if malformed is not None:
        return malformed
    judged = [(probe, *judge(evidence, probe, name)) for probe in evidence.probes]
    error = max((e for _, _, e in judged if math.isfinite(e)), default=math.nan)
    verdicts = [verdict for _, verdict, _ in judged]
    if not any(np.any(probe.right(name)) for probe in [*evidence.probes, *evidence.others]):
        return BlockReport(name, "cannot tell", relative_error=error, reason=words.silent(name, "silent" in verdicts))
    if "wrong" in verdicts:
        style = style_of(evidence, name, name in evidence.known_right)
        if style is not None:
            evidence.notes.append(f"{name}: {style.says}")
            return BlockReport(name, style.verdict, style.name, relative_error=error, reason=style.says)
        return _wrong(evidence, name, words, established, error)
    if "right" not in verdicts:
        return BlockReport(name, "cannot tell", relative_error=error, reason=words.undecided(name, verdicts))
    rivals = [] if evidence.strong else _rivals(evidence, name)
    if rivals:
        return BlockReport(
            name, "cannot tell", relative_error=error, candidates=(Candidate("right"), *rivals),
            reason=words.rivals(name, rivals),
        )  # fmt: skip
    return BlockReport(name, "right", relative_error=error)


def _rivals(evidence: Evidence, name: str) -> list[Candidate]:
    """Mistakes that would give the very same numbers here, though not elsewhere."""
    found = []
    for factor in singles(evidence, name):
        here = fit(evidence, name, [factor], evidence.probes)
        if here is None or abs(here.scale - 1.0) > TOLERANCE or here.power:
            continue
        if any(_differs(build(probe, name, [factor]), probe.right(name)) for probe in evidence.others):
            found.append(Candidate(factor.name, here.scale, here.residual))
    return found


def _differs(made: Array | None, right: Array) -> bool:
    if made is None:
        return False
    return made.shape != right.shape or not np.allclose(made, right, rtol=1e-6, atol=1e-14)


def _wrong(evidence: Evidence, name: str, words: Words, established: Established, error: float) -> BlockReport:
    explanations = explain(evidence, name)
    if not explanations:
        shape = evidence.probes[0].answers[name].shape
        if shape != np.shape(evidence.probes[0].params[name]):
            reason, advice = words.shape(name, shape)
            return BlockReport(name, "wrong", "shape", relative_error=error, reason=reason, advice=advice)
        follows = established.get("unrecognised")
        established.setdefault("unrecognised", name)
        return BlockReport(
            name, "wrong", "unrecognised", relative_error=error, reason=words.unrecognised(name),
            advice=words.formula(name), follows=follows,
        )  # fmt: skip
    explanations.sort(key=lambda e: _likelihood(e, evidence, name, established))
    best = explanations[0]
    candidates = _candidates(explanations, name, words)
    chosen: Explanation | None = best
    if not evidence.strong and len(set(candidates)) > 1:
        samples = evidence.probes[0].count
        usual = [e for e in explanations if e.nice(samples, evidence.lr)]
        if len({e.makes for e in explanations}) > 1:
            chosen = usual[0] if len({e.makes for e in usual}) == 1 and evidence.samples > 1 else None
    if evidence.samples == 1 and chosen is not None and chosen.names == ("scaled",):
        chosen = None  # on one sample a great many mistakes come to no more than a factor
    single = len(evidence.probes) == 1 and evidence.probes[0].right(name).size == 1
    if single and chosen is not None and not chosen.usual(evidence.probes[0].count, evidence.lr):
        chosen = None  # one number is a multiple of any other
    if chosen is None:
        return BlockReport(
            name, "wrong", None, relative_error=error, candidates=candidates, reason=words.tie(name, candidates),
            advice=words.formula(name),
        )  # fmt: skip
    follows = established.get(_cause(chosen))
    established.setdefault(_cause(chosen), name)
    for factor in chosen.factors:
        established.setdefault((factor.name, factor.where), name)
    if any(factor.slot in ("layout", "input", "instead") for factor in chosen.factors):
        follows = None  # made at this very block
    first = Candidate(chosen.name, chosen.scale, chosen.residual, words.text(chosen, name))
    return BlockReport(
        name, "wrong", chosen.name, chosen.scale, chosen.residual, error,
        (first, *[c for c in candidates if c != chosen.name]),
        words.reason(chosen, name), words.advice(chosen, name), follows,
    )  # fmt: skip


def _candidates(explanations: list[Explanation], name: str, words: Words) -> tuple[Candidate, ...]:
    """Every explanation once, by name; and what is no more than another word for one of them."""
    found: dict[str, Candidate] = {}
    for e in explanations:
        found.setdefault(e.name, Candidate(e.name, e.scale, e.residual, words.text(e, name)))
    for e in explanations:
        if e.names == ("scaled",) and math.isclose(e.scale, 2.0, rel_tol=1e-5):
            found.setdefault("doubled", Candidate("doubled", 1.0, e.residual, "two backward passes were added up"))
        if e.power and len(e.factors) == 1 and e.factors[0].slot == "input":
            bare = e.factors[0].name  # whether its sum or its mean over the samples was taken is no second mistake
            found.setdefault(bare, Candidate(bare, e.scale, e.residual, words.text(e, name)))
    return tuple(found.values())


def _cause(e: Explanation) -> Any:
    return e.names, e.where, round(e.scale, 6), e.power


def _likelihood(e: Explanation, evidence: Evidence, name: str, established: Established) -> Any:
    """Simplest first; of those equally simple, what is at work in a block nearer the output already.

    A derivative missing further up would show there too. Where that block is right, the error itself was sent back raw.
    """
    known = sum(f.slot == "sweep" and (f.name, f.where) in established for f in e.factors)
    own = evidence.layers.own(name)
    strange = sum(
        f.slot == "sweep" and f.name != "raw-error" and not f.where <= own and (f.name, f.where) not in established
        for f in e.factors
    )
    return len(e.names) - known, strange, -known, e.rank


def _malformed(evidence: Evidence, name: str, words: Words) -> BlockReport | None:
    """What is wrong with an answer before its numbers are looked at."""
    for probe in evidence.probes:
        if name not in probe.answers:
            return BlockReport(name, "cannot tell", reason=words.absent(name))
    base = evidence.probes[0]
    first = base.answers[name]
    if any(probe.answers[name].dtype.kind in "biu" for probe in evidence.probes):
        return BlockReport(name, "wrong", "integer", reason=words.integer(name), advice=words.formula(name))
    if first.dtype.kind != "f":
        return BlockReport(name, "wrong", "unrecognised", reason=words.no_numbers(name, first))
    for probe in evidence.probes:
        if not np.all(np.isfinite(probe.right(name))):
            return BlockReport(name, "cannot tell", reason=words.loss_not_finite(name))
        if not np.all(np.isfinite(probe.answers[name])):
            return BlockReport(name, "wrong", "not-finite", reason=words.not_finite(name, probe.answers[name]))
    for other, array in base.answers.items():
        if other != name and not evidence.judged_step and np.shares_memory(first, array):
            return BlockReport(name, "wrong", "aliased", reason=words.aliased(name, other), advice=words.formula(name))
    right = base.right(name)
    if first.shape != right.shape:
        return _misshapen(evidence, name, words)
    return None


def _misshapen(evidence: Evidence, name: str, words: Words) -> BlockReport | None:
    """Right numbers in a wrong shape, or the samples not summed; None where a template may fit."""
    base = evidence.probes[0]
    first, right = base.answers[name], base.right(name)
    reason, advice = words.shape(name, first.shape)
    same = first.size == right.size and np.allclose(first.ravel(), right.ravel(), rtol=TOLERANCE, atol=0.0)
    if same and np.any(right) and not (first.shape == right.T.shape and right.ndim == 2):
        reason, advice = words.reshaped(name, first.shape)
        return BlockReport(name, "wrong", "shape", relative_error=0.0, reason=reason, advice=advice)
    if first.ndim == right.ndim + 1 and first.shape[1:] == right.shape and np.allclose(first.sum(axis=0), right):
        reason, advice = words.unsummed(name, first.shape)
        return BlockReport(name, "wrong", "shape", reason=reason, advice=advice)
    explanations = explain(evidence, name)
    if explanations:
        return _wrong(evidence, name, words, {}, math.nan)
    return BlockReport(name, "wrong", "shape", reason=reason, advice=advice)
