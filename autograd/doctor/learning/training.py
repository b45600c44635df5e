"""`examine`: why does it not train? What was tried, and the usual checks, each with its number, threshold and source.

The thresholds are rules of thumb, and the report says whose. Short trainings that differ in one thing are in
`tries.py`, measuring is in `measure.py`, the checks in `checks.py`, the figure in `figure.py`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..language import chosen, say, speaking, spoken, wrapped
from ..recorded.containers import by_layout, is_plain
from ..recorded.marks import Marks, of_findings
from ..recorded.measure import Loss, Measured, measure
from ..recorded.steady import Steady
from .changes import short
from .checks import FACTS, Finding, checked
from .trainings import Training
from .tries import Trials, Tried, trials

Array = Any


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
        flagged = [(f.where, f"{f.check}: {f.message}") for f in self if f.where and (f.flagged or f.raised)]
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
        loss, flagged = short(self.measured.loss), self.flagged
        lines = [say("e_head", loss=loss, flagged=len(flagged), checks=len(self.findings))]
        for check in dict.fromkeys(finding.check for finding in flagged):
            found = [finding for finding in flagged if finding.check == check]
            numbers = say("comma").join(
                say("e_number_at", number=short(f.number), where=f.where) if f.where else short(f.number) for f in found
            )
            name = say(f"check_{check}")
            lines += ["", say("e_flag", check=name, numbers=numbers, threshold=found[0].threshold)]
            for finding in found:
                lines += wrapped(finding.message, 96, "    ")
            lines.append(f"    [{found[0].source}]")
        passed: dict[str, list[str]] = {}
        for finding in self.findings:
            if not finding.flagged:
                passed.setdefault(finding.check, []).append(short(finding.number))
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
            f"<td>{html.escape(f.where)}</td><td>{short(f.number)}</td><td>{html.escape(f.threshold)}</td>"
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
    batch_size: int | None = None,
    gradients: Mapping[str, Any] | None = None,
    lang: str = "",
) -> Examination:
    """Find out why a training does not learn: by the usual checks, and by trying what would help.

    Short trainings on a copy differ from the one that is planned in one thing each: another learning rate, inputs or
    targets standardised, weights drawn anew, samples shuffled. A training that works raises no rule of thumb's flag.

    Args:
        model: the weights by name, {"W1": array}, or a model with `named_parameters()`, such as those of `nn`.
        loss: `loss(model, *batch)` gives one number.
        batch: the samples, all of them if possible; the targets last.
        lr: the learning rate of plain gradient descent that is planned.
        steps: how many steps of it.
        batch_size: how many samples a step takes, one portion after the other in the order of the batch; by default
            all of them.
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
    'learning rate too small'
    """
    if not isinstance(batch, (tuple, list)):
        batch = (batch,)
    if isinstance(model, (Mapping, list, tuple)) and len(model) and not is_plain(model):
        model, loss = by_layout(model, loss)
    with Steady(loss), speaking(chosen(lang)):
        m = measure(model, loss, tuple(batch))
        if gradients is not None:
            m.held = {name: np.asarray(g, dtype=float) for name, g in gradients.items() if name in m.blocks}
        training = Training(model, loss, batch, m, batch_size)
        tries = trials(training, m, lr, steps)
        return Examination(_ordered(checked(m, training, tries, lr, steps), tries), m, lr, spoken())


def _ordered(found: list[Finding], tries: Trials) -> list[Finding]:
    """Facts about the set-up first, then what helped when it was tried, then rules of thumb."""
    tried = list(map(_of_try, tries.found))
    facts = [f for f in found if f.flagged and f.check in FACTS]
    thumb = [f for f in found if f.flagged and f.check not in FACTS]
    return [*facts, *tried, *thumb, *(f for f in found if not f.flagged)]


def _of_try(each: Tried) -> Finding:
    return Finding(each.check, True, each.number, each.threshold, say("source_tried"), each.message)
