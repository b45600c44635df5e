"""`examine`: why does it not train? The usual checks, each with its number, its threshold and where that comes from.

The thresholds are rules of thumb, and the report says whose. Measuring is in `measure.py`, the figure in `figure.py`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .language import chosen, say, sentences, speaking, spoken, wrapped
from .marks import Marks, of_findings
from .measure import Loss, Measured, measure
from .tries import Tried, tried

Array = Any

CS231N = "CS231n course notes, “Neural Networks Part 3”"
GLOROT = "Glorot & Bengio 2010"


@dataclass(frozen=True)
class Finding:
    """One check: what was measured, what is usual, and what it means here."""

    check: str
    flagged: bool
    number: float
    threshold: str
    source: str
    message: str
    where: str = ""

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Examination:
    """All findings, those that are likely the cause first. `print(examination)`, or read `.flagged`."""

    findings: list[Finding]
    measured: Measured = field(repr=False)
    lr: float | None = None
    language: str = "en"

    @property
    def flagged(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.flagged]

    @property
    def ok(self) -> bool:
        return not self.flagged

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __getitem__(self, check: str) -> Finding:
        """The finding of a check; where a check was made in several places, the first."""
        return next(finding for finding in self.findings if finding.check == check)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "loss": self.measured.loss, "findings": [finding.to_dict() for finding in self.findings]}

    def marks(self, root: Any) -> Marks:
        """What is suspicious in a graph of this loss, for its picture: `draw(loss, marks=examination.marks(loss))`.

        Args:
            root: a loss computed by the same model, or by the same code on Tensors; on any samples.

        Returns:
            Pairs of a node and the reason: dead units, saturated layers, blocks that hardly move.
        """
        flagged = [(f.where, f"{f.check}: {f.message}") for f in self.flagged if f.where]
        return of_findings(root, self.measured, flagged)

    def figure(self, steps: Callable[[], Any] | None = None) -> Any:
        """Distributions of activations and gradients by layer, and update : parameter ratios, as a matplotlib figure.

        Args:
            steps: where given, called for each of 50 steps; it makes one step of training and gives the weights by
                name, so that the ratios are drawn over the steps.
        """
        from .figure import draw_examination

        return draw_examination(self.measured, self.lr, steps)

    def __repr__(self) -> str:
        return f"<Examination: {len(self.flagged)} of {len(self.findings)} checks flagged>"

    def __str__(self) -> str:
        with speaking(self.language):
            return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        loss, flagged = _short(self.measured.loss), self.flagged
        lines = [say("e_head", loss=loss, flagged=len(flagged), checks=len(self.findings))]
        for check in dict.fromkeys(finding.check for finding in flagged):
            found = [finding for finding in flagged if finding.check == check]
            numbers = say("comma").join(
                say("e_number_at", number=_short(f.number), where=f.where) if f.where else _short(f.number)
                for f in found
            )
            name = say(f"check_{check}")
            lines += ["", say("e_flag", check=name, numbers=numbers, threshold=found[0].threshold)]
            for finding in found:
                lines += wrapped(finding.message, 96, "    ")
            lines.append(f"    [{found[0].source}]")
        passed: dict[str, list[str]] = {}
        for finding in self.findings:
            if not finding.flagged:
                passed.setdefault(finding.check, []).append(_short(finding.number))
        if passed:
            told = say("e_semicolon").join(
                f"{say(f'check_{check}')} {say('comma').join(numbers)}" for check, numbers in passed.items()
            )
            first, *rest = wrapped(say("e_passed", told=told), 98)
            lines += ["", first, *(f"  {line}" for line in rest)]
        return lines

    def _repr_html_(self) -> str:
        with speaking(self.language):
            return self._html()

    def _html(self) -> str:
        rows = "".join(
            f"<tr><td>{'✗' if f.flagged else '✓'}</td><td><b>{html.escape(say(f'check_{f.check}'))}</b></td>"
            f"<td>{html.escape(f.where)}</td><td>{_short(f.number)}</td><td>{html.escape(f.threshold)}</td>"
            f'<td style="text-align:left">{html.escape(f.message)}</td><td>{html.escape(f.source)}</td></tr>'
            for f in self.findings
        )
        columns = ("ecol_check", "ecol_where", "ecol_measured", "ecol_usual", "ecol_meaning", "ecol_source")
        head = "<th></th>" + "".join(f"<th>{say(column)}</th>" for column in columns)
        return f"<table><tr>{head}</tr>{rows}</table>"


def examine(
    model: Any,
    loss: Loss,
    batch: Sequence[Any],
    *,
    lr: float | None = None,
    steps: int | None = None,
    gradients: Mapping[str, Any] | None = None,
    lang: str = "",
) -> Examination:
    """Check a training set-up for the usual reasons why it does not learn.

    Args:
        model: the weights by name, {"W1": array}, or a model with `named_parameters()`, such as those of `nn`.
        loss: `loss(model, *batch)` gives one number.
        batch: the samples, all of them if possible; the targets last.
        lr: the learning rate of plain gradient descent that is planned.
        steps: how many steps of it.
        gradients: what the training has in hand as gradients, by name; a model's own `.grad` is looked at anyway.
        lang: the language of the report, "en" or "zh"; by default that of GLASSGRAD_LANG, or of the locale.

    Returns:
        An `Examination`; print it.

    >>> import numpy as np
    >>> def loss(params, X, Y):
    ...     return ((X @ params["W"] - Y) ** 2).mean()
    >>> X = np.linspace(-1, 1, 20)[:, None]
    >>> found = examine({"W": np.ones((1, 1))}, loss, (X, 3 * X), lr=1e-6, steps=100)
    >>> found.flagged[0].check
    'learning-rate budget'
    """
    if not isinstance(batch, (tuple, list)):
        batch = (batch,)
    m = measure(model, loss, tuple(batch))
    if gradients is not None:
        m.held = {name: np.asarray(g, dtype=float) for name, g in gradients.items() if name in m.blocks}
    with speaking(chosen(lang)):
        found = [f for check in CHECKS for f in check(m, lr, steps)]
        if isinstance(model, Mapping):
            found = [*map(_of_try, tried(model, loss, batch, lr)), *found]
        order = {id(f): k for k, f in enumerate(found)}
        return Examination(sorted(found, key=lambda f: (not f.flagged, order[id(f)])), m, lr, spoken())


def _of_try(each: Tried) -> Finding:
    return Finding(each.check, True, each.number, each.threshold, say("source_tried"), each.message)


# ------------------------------------------------------------- the checks, those that explain most first


def _finite(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    bad = sum(int(np.size(g) - np.count_nonzero(np.isfinite(g))) for g in m.gradients.values())
    bad += not np.isfinite(m.loss)
    yield Finding(
        "numbers that are not finite", bad > 0, float(bad), say("usual_zero"), "IEEE 754",
        say("e_not_finite" if bad else "e_finite"),
    )  # fmt: skip


def _accumulated(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    ours = np.concatenate([np.ravel(m.gradients[name]) for name in m.held]) if m.held else np.zeros(0)
    theirs = np.concatenate([np.ravel(g) for g in m.held.values()]) if m.held else np.zeros(0)
    length = float(np.vdot(ours, ours)) if ours.size == theirs.size else 0.0
    if not length or not np.any(theirs):
        return
    ratio = float(np.vdot(ours, theirs)) / length
    same = bool(np.linalg.norm(theirs - ratio * ours) <= 1e-6 * np.linalg.norm(theirs))
    flagged = same and ratio > 1.5 and abs(ratio - round(ratio)) < 1e-6
    yield Finding(
        "gradients not set to zero", flagged, ratio, say("usual_one"), say("source_add_up"),
        say("e_multiple", ratio=f"{ratio:.3g}") if flagged else say("e_no_multiple"),
    )  # fmt: skip


def _budget(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if lr is None or steps is None or not m.loss:
        return
    squared = sum(float(np.vdot(g, g)) for g in m.gradients.values())
    share = lr * squared * steps / abs(m.loss)
    enough = abs(m.loss) / (squared * steps) if squared else np.inf
    facts = {"steps": steps, "lr": f"{lr:g}", "change": _short(lr * squared * steps), "loss": _short(m.loss)}
    told = [say("e_budget_little" if share < 1 else "e_budget", **facts)]
    if share < 1 and np.isfinite(enough):
        told.append(say("e_budget_needed", enough=_short(enough)))
    yield Finding("learning-rate budget", share < 1, share, say("usual_budget"), say("source_taylor"), sentences(told))


def _ratios(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if lr is None:
        return
    for name, block in m.blocks.items():
        size = float(np.linalg.norm(block))
        if not size:
            continue
        ratio = lr * float(np.linalg.norm(m.gradients[name])) / size
        low, high = ratio < 1e-4, ratio > 1e-1
        yield Finding(
            "update : parameter", low or high, ratio, say("usual_ratio"), CS231N,
            say(f"e_ratio_{'low' if low else 'high' if high else 'healthy'}", name=name, percent=_short(100 * ratio)),
            name,
        )  # fmt: skip


def _targets(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    ranges = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf), "softplus": (0.0, np.inf)}
    if m.head not in ranges or m.target is None:
        return
    low, high = ranges[m.head]
    outside = float(np.mean((m.target < low) | (m.target > high)))
    yield Finding(
        "targets out of reach", outside > 0, outside, say("usual_zero"), say("source_range", kind=m.head),
        say("e_targets", percent=f"{100 * outside:.3g}", low=f"{low:g}", high=f"{high:g}", kind=m.head),
    )  # fmt: skip


def _constant(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if m.target is None or m.prediction is None or float(np.var(m.target)) == 0.0 or m.target.shape[0] < 3:
        return
    spread = float(np.sum(np.var(m.target, axis=0)))
    errors = float(np.sum(np.mean((m.prediction - m.target) ** 2, axis=0)))
    flat = float(np.sum(np.var(m.prediction, axis=0))) < 0.01 * spread
    share = errors / spread
    if share < 0.9:
        key = "e_better"
    elif flat or share < 1.1:
        key = "e_no_better_flat" if flat else "e_no_better"
    else:
        key = "e_worse"
    text = say(key, errors=_short(errors), spread=_short(spread))
    check = "constant predictor" if flat or share < 1.1 else "worse than the mean"
    yield Finding(check, share >= 0.9, share, say("usual_constant"), say("source_mean"), text)


def _saturation(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for layer in m.layers:
        if layer.kind not in ("sigmoid", "tanh"):
            continue
        mean = float(np.mean(layer.slope))
        extreme = np.abs(layer.a) > 0.97 if layer.kind == "tanh" else np.abs(2 * layer.a - 1) > 0.97
        share = float(np.mean(extreme))
        yield Finding(
            "saturation", mean < 0.05 or share > 0.5, mean, say("usual_slope"), GLOROT,
            say("e_saturation", kind=layer.kind, mean=_short(mean), percent=f"{100 * share:.3g}"),
            layer.name,
        )  # fmt: skip


def _dead(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for layer in m.layers:
        if layer.kind != "relu" or layer.a.ndim < 2:
            continue
        silent = int(np.sum(np.all(layer.a.reshape(-1, layer.a.shape[-1]) == 0, axis=0)))
        yield Finding(
            "dead relu", silent > 0, float(silent), say("usual_zero"), CS231N,
            say("e_dead", silent=silent, units=layer.a.shape[-1]),
            layer.name,
        )  # fmt: skip


def _symmetry(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for name, block in m.blocks.items():
        if block.ndim != 2 or min(block.shape) < 1:
            continue
        units = block if m.units_first else block.T
        slopes = m.gradients[name] if m.units_first else m.gradients[name].T
        if len(units) < 2:
            continue
        if not np.any(slopes):
            continue
        parts = [part / np.max(np.abs(part), initial=1e-300) for part in (units, slopes)]
        twins = len(units) - len(np.unique(np.round(np.concatenate(parts, axis=1), 9), axis=0))
        yield Finding(
            "symmetry", twins > 0, float(twins), say("usual_zero"), say("source_alike"),
            say("e_twins", count=twins + 1, name=name),
            name,
        )  # fmt: skip


def _flow(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    matrices = [name for name, block in m.blocks.items() if block.ndim == 2 or len(m.blocks) == 1]
    if len(matrices) < 2:
        return
    first, last = (float(np.linalg.norm(m.gradients[name])) for name in (matrices[0], matrices[-1]))
    if not last:
        return
    ratio = first / last
    key = "e_vanishes" if ratio < 1e-3 else "e_explodes" if ratio > 1e3 else "e_passes"
    yield Finding(
        "gradient first : last", key != "e_passes", ratio, say("usual_flow"), GLOROT,
        say(key, first=matrices[0], ratio=_short(ratio), last=matrices[-1]),
    )  # fmt: skip


CHECKS = (
    _finite, _accumulated, _targets, _symmetry, _dead, _budget, _ratios, _saturation, _flow, _constant,
)  # fmt: skip
"""In the order in which a cause explains the rest: a symptom such as the constant predictor comes last."""


def _short(x: float) -> str:
    return f"{x:.3g}"
