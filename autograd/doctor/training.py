"""`examine`: why does it not train? The usual checks, each with its number, its threshold and where that comes from.

The thresholds are rules of thumb, and the report says whose. Measuring is in `measure.py`, the figure in `figure.py`.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .marks import Marks, of_findings
from .measure import Loss, Measured, measure
from .tries import Tried, tried

Array = Any

CS231N = "CS231n course notes, “Neural Networks Part 3”"
GLOROT = "Glorot & Bengio 2010"
TAYLOR = "first-order Taylor expansion of the loss"


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
        lines = [f"Loss {_short(self.measured.loss)}. {len(self.flagged)} of {len(self.findings)} checks raise a flag."]
        checks = list(dict.fromkeys(finding.check for finding in self.flagged))
        for check in checks:
            found = [finding for finding in self.flagged if finding.check == check]
            numbers = ", ".join(f"{_short(f.number)}{f' ({f.where})' if f.where else ''}" for f in found)
            lines += ["", f"✗ {check}: {numbers}; {found[0].threshold}"]
            for finding in found:
                lines += textwrap.wrap(finding.message, 96, initial_indent="    ", subsequent_indent="    ")
            lines.append(f"    [{found[0].source}]")
        passed: dict[str, list[str]] = {}
        for finding in self.findings:
            if not finding.flagged:
                passed.setdefault(finding.check, []).append(_short(finding.number))
        if passed:
            told = "; ".join(f"{check} {', '.join(numbers)}" for check, numbers in passed.items())
            lines += ["", *textwrap.wrap(f"✓ nothing unusual in: {told}", 100, subsequent_indent="  ")]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'✗' if f.flagged else '✓'}</td><td><b>{html.escape(f.check)}</b></td>"
            f"<td>{html.escape(f.where)}</td><td>{_short(f.number)}</td><td>{html.escape(f.threshold)}</td>"
            f'<td style="text-align:left">{html.escape(f.message)}</td><td>{html.escape(f.source)}</td></tr>'
            for f in self.findings
        )
        head = "".join(
            f"<th>{title}</th>" for title in ("", "check", "where", "measured", "usual", "meaning", "source")
        )
        return f"<table><tr>{head}</tr>{rows}</table>"


def examine(
    model: Any,
    loss: Loss,
    batch: Sequence[Any],
    *,
    lr: float | None = None,
    steps: int | None = None,
    gradients: Mapping[str, Any] | None = None,
) -> Examination:
    """Check a training set-up for the usual reasons why it does not learn.

    Args:
        model: the weights by name, {"W1": array}, or a model with `named_parameters()`, such as those of `nn`.
        loss: `loss(model, *batch)` gives one number.
        batch: the samples, all of them if possible; the targets last.
        lr: the learning rate of plain gradient descent that is planned.
        steps: how many steps of it.
        gradients: what the training has in hand as gradients, by name; a model's own `.grad` is looked at anyway.

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
    found = [f for check in CHECKS for f in check(m, lr, steps)]
    if isinstance(model, Mapping):
        found = [*map(_of_try, tried(model, loss, batch, lr)), *found]
    order = {id(f): k for k, f in enumerate(found)}
    return Examination(sorted(found, key=lambda f: (not f.flagged, order[id(f)])), m, lr)


def _of_try(each: Tried) -> Finding:
    return Finding(each.check, True, each.number, each.threshold, "tried: gradient descent on the batch", each.message)


# ------------------------------------------------------------- the checks, those that explain most first


def _finite(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    bad = sum(int(np.size(g) - np.count_nonzero(np.isfinite(g))) for g in m.gradients.values())
    bad += not np.isfinite(m.loss)
    yield Finding(
        "numbers that are not finite", bad > 0, float(bad), "0 is right", "IEEE 754",
        "the loss or its gradient is NaN or infinite: nothing can be learned from here; detect_anomaly() finds where"
        if bad else "the loss and its gradient are finite",
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
        "gradients not set to zero", flagged, ratio, "1 is right", "gradients add up until they are zeroed",
        f"the gradients in hand are {ratio:.3g} times that of one backward pass: call zero_grad() before each one"
        if flagged else "the gradients in hand are not a multiple of one backward pass",
    )  # fmt: skip


def _budget(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if lr is None or steps is None or not m.loss:
        return
    squared = sum(float(np.vdot(g, g)) for g in m.gradients.values())
    share = lr * squared * steps / abs(m.loss)
    enough = abs(m.loss) / (squared * steps) if squared else np.inf
    yield Finding(
        "learning-rate budget", share < 1, share, "predicted change : loss, to be well above 1", TAYLOR,
        f"{steps} steps of {lr:g} along this gradient lower the loss by about {_short(lr * squared * steps)}, of "
        f"{_short(m.loss)}: {'too little for this budget' if share < 1 else 'enough to begin with'}."
        + (f" For as much as the loss itself, lr would have to be {_short(enough)} at the very least."
           if share < 1 and np.isfinite(enough) else ""),
    )  # fmt: skip


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
            "update : parameter", low or high, ratio, "about 1e-3 is healthy, 1e-4 to 1e-1 usual", CS231N,
            f"one step changes {name} by {_short(100 * ratio)} %: "
            + ("the learning rate is low" if low else "the learning rate is high" if high else "healthy"),
            name,
        )  # fmt: skip


def _targets(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    ranges = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0), "relu": (0.0, np.inf), "softplus": (0.0, np.inf)}
    if m.head not in ranges or m.target is None:
        return
    low, high = ranges[m.head]
    outside = float(np.mean((m.target < low) | (m.target > high)))
    yield Finding(
        "targets out of reach", outside > 0, outside, "0 is right", f"the range of {m.head}",
        f"{100 * outside:.3g} % of the targets lie outside ({low:g}, {high:g}), which the {m.head} at the output "
        "cannot give: use a linear output, or scale the targets",
    )  # fmt: skip


def _constant(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    if m.target is None or m.prediction is None or float(np.var(m.target)) == 0.0 or m.target.shape[0] < 3:
        return
    spread = float(np.sum(np.var(m.target, axis=0)))
    errors = float(np.sum(np.mean((m.prediction - m.target) ** 2, axis=0)))
    flat = float(np.sum(np.var(m.prediction, axis=0))) < 0.01 * spread
    share = errors / spread
    text = f"mean squared error {_short(errors)}, variance of the targets {_short(spread)}: "
    if share < 0.9:
        text += "better than predicting the mean"
    elif flat or share < 1.1:
        text += "no better than predicting the mean" + "; the predictions hardly depend on the input" * flat
    else:
        text += "worse than always predicting their mean: not trained yet, or training does not work"
    check = "constant predictor" if flat or share < 1.1 else "worse than the mean"
    yield Finding(check, share >= 0.9, share, "MSE / variance, below 1 by far", "MSE of the mean = variance", text)


def _saturation(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for layer in m.layers:
        if layer.kind not in ("sigmoid", "tanh"):
            continue
        mean = float(np.mean(layer.slope))
        extreme = np.abs(layer.a) > 0.97 if layer.kind == "tanh" else np.abs(2 * layer.a - 1) > 0.97
        share = float(np.mean(extreme))
        yield Finding(
            "saturation", mean < 0.05 or share > 0.5, mean, "a mean slope below 0.05 lets almost no error by", GLOROT,
            f"the mean slope of the {layer.kind} is {_short(mean)}, {100 * share:.3g} % of its results are at the "
            "ends: start with smaller weights, or scale the inputs",
            layer.name,
        )  # fmt: skip


def _dead(m: Measured, lr: float | None, steps: int | None) -> Iterator[Finding]:
    for layer in m.layers:
        if layer.kind != "relu" or layer.a.ndim < 2:
            continue
        silent = int(np.sum(np.all(layer.a.reshape(-1, layer.a.shape[-1]) == 0, axis=0)))
        yield Finding(
            "dead relu", silent > 0, float(silent), "0 is right", CS231N,
            f"{silent} of {layer.a.shape[-1]} units are zero on every sample, and get no gradient: they can never come "
            "back. A lower learning rate, other initial weights, or leaky_relu",
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
            "symmetry", twins > 0, float(twins), "0 is right", "units that start alike stay alike",
            f"{twins + 1} units of {name} have the same weights and the same gradient, so they stay the same for ever: "
            "start from random numbers",
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
    kind = "vanishes" if ratio < 1e-3 else "explodes" if ratio > 1e3 else "passes"
    yield Finding(
        "gradient first : last", kind != "passes", ratio, "1e-3 to 1e3 usual", GLOROT,
        f"the gradient of {matrices[0]} is {_short(ratio)} of that of {matrices[-1]}: on its way back it {kind}",
    )  # fmt: skip


CHECKS = (
    _finite, _accumulated, _targets, _symmetry, _dead, _budget, _ratios, _saturation, _flow, _constant,
)  # fmt: skip
"""In the order in which a cause explains the rest: a symptom such as the constant predictor comes last."""


def _short(x: float) -> str:
    return f"{x:.3g}"
