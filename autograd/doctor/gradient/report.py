"""What the doctor found: fields to read by program, a table to read by eye.

Nothing is computed here; `diagnosis.py` fills it in.
"""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import OperandError
from ..language import counted, listed, padded, say, sentences, speaking, width_of, wrapped
from ..recorded.marks import of_blocks

if TYPE_CHECKING:
    from ...drawing.page import Page

WIDTH = 100
MARKS = {"right": "✓", "wrong": "✗", "cannot tell": "?"}


class Candidate(str):
    """The name of an explanation, which also knows its `scale`, its `residual` and what it means (`text`)."""

    __slots__ = ("residual", "scale", "text")
    scale: float
    residual: float
    text: str

    def __new__(cls, name: str, scale: float = 1.0, residual: float = 0.0, text: str = "") -> Candidate:
        made = super().__new__(cls, name)
        made.scale, made.residual, made.text = scale, residual, text
        return made

    @property
    def name(self) -> str:
        return str(self)


@dataclass(frozen=True)
class BlockReport:
    """The verdict on one block of parameters.

    Args:
        block: which one.
        verdict: "right", "wrong" or "cannot tell".
        name: what the mistake is called (a row of `templates.TABLE`, two joined by "+", or "unrecognised"); None where
            nothing is wrong, or where several explanations fit and the evidence does not decide between them.
        scale: the factor: their gradient is scale times what the explanation gives.
        residual: the relative error of that fit, the largest over all that was looked at.
        relative_error: ‖theirs - right‖ / ‖right‖, the largest over all that was looked at.
        candidates: every explanation that fits, the likeliest first.
        reason: what is the matter, in a sentence.
        advice: what to do, with the formula.
        follows: a block nearer the output with the same mistake, whose repair should cure this one as well.
    """

    block: str
    verdict: str
    name: str | None = None
    scale: float | None = None
    residual: float | None = None
    relative_error: float = math.nan
    candidates: tuple[Candidate, ...] = ()
    reason: str = ""
    advice: str = ""
    follows: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "block": self.block,
            "verdict": self.verdict,
            "name": self.name,
            "scale": self.scale,
            "residual": self.residual,
            "relative_error": self.relative_error,
            "candidates": [{"name": str(c), "scale": c.scale, "residual": c.residual} for c in self.candidates],
            "reason": self.reason,
            "advice": self.advice,
            "follows": self.follows,
        }


@dataclass(frozen=True)
class LayerReport:
    """One output of the learner's forward pass against ours."""

    layer: str
    verdict: str
    relative_error: float
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass
class Report:
    """The diagnosis. `report["W1"]` is the verdict on a block; `print(report)` shows everything.

    Args:
        blocks: by name, the block nearest the output first.
        what: what was judged, "gradient" or "update".
        evidence: a sentence on what was looked at.
        notes: what else was noticed.
        step: where gradients and an update were both given, the report on the update.
        disagree: blocks whose update does not follow the gradient that was given.
        forward: the layers of the forward pass, where that was given.
        language: that of its sentences.
    """

    blocks: dict[str, BlockReport]
    what: str = "gradient"
    evidence: str = ""
    notes: list[str] = field(default_factory=list)
    step: Report | None = None
    disagree: list[str] = field(default_factory=list)
    forward: list[LayerReport] = field(default_factory=list)
    language: str = "en"
    _comparison: Callable[[], Page] | None = field(default=None, repr=False, compare=False)

    def __getitem__(self, block: str) -> BlockReport:
        return self.blocks[block]

    def __iter__(self) -> Iterator[str]:
        return iter(self.blocks)

    def __len__(self) -> int:
        return len(self.blocks)

    @property
    def ok(self) -> bool:
        """Whether everything that was looked at is right."""
        verdicts = [b.verdict for b in self.blocks.values()] + [layer.verdict for layer in self.forward]
        return all(verdict == "right" for verdict in verdicts) and (self.step is None or self.step.ok)

    @property
    def first_wrong(self) -> str | None:
        """The wrong block nearest the output: errors travel towards the input, so it is the one to repair first."""
        for block in self.blocks.values():
            if block.verdict == "wrong" or (self.step is not None and self.step[block.block].verdict == "wrong"):
                return block.block
        return None

    def marks(self, root: Any) -> list[tuple[Any, str]]:
        """The blocks that are not right, for a picture: `draw(loss, marks=report.marks(loss))`.

        Args:
            root: the loss computed from Tensors, or arrays of Values, that are labelled with the names of the blocks.

        Returns:
            Pairs of a node and the reason.
        """
        reasons = {}
        for name in self.blocks:
            found = [(r.what, r.blocks[name]) for r in (self, self.step) if r is not None and name in r.blocks]
            found = [(what, block) for what, block in found if block.verdict != "right"]
            if found:
                short = ", ".join(f"{what} {block.name or block.verdict}" for what, block in found)
                reasons[name] = f"{short}: {sentences([_sentence(block.reason) for _, block in found])}"
        return of_blocks(root, reasons)

    def compare(self, path: str | os.PathLike[str] | None = None) -> Page:
        """A page with what was judged beside what is right, number by number, over the graph of one sample.

        Args:
            path: where to write the file; without one `.save(path)` does, and a notebook shows the page.

        Raises:
            OperandError: no gradients were judged, or none has the shape of its block.
        """
        if self._comparison is None:
            raise OperandError("there are no gradients to compare: diagnose() was given none, or the report was a copy")
        page = self._comparison()
        if path is not None:
            page.save(path)
        return page

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_comparison": None}  # it holds the learner's functions

    def to_dict(self) -> dict[str, Any]:
        """Everything as dicts, lists, numbers and texts."""
        return {
            "ok": self.ok,
            "what": self.what,
            "first_wrong": self.first_wrong,
            "blocks": {name: block.to_dict() for name, block in self.blocks.items()},
            "evidence": self.evidence,
            "notes": list(self.notes),
            "step": None if self.step is None else self.step.to_dict(),
            "disagree": list(self.disagree),
            "forward": [layer.to_dict() for layer in self.forward],
        }

    def __repr__(self) -> str:
        verdicts = ", ".join(
            f"{name}: {block.verdict}{f' ({block.name})' if block.name else ''}" for name, block in self.blocks.items()
        )
        return f"<Report of {self.what}s: {verdicts}>"

    def __str__(self) -> str:
        with speaking(self.language):
            return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        lines: list[str] = []
        if self.forward:
            lines += [say("title_forward")]
            rows = [
                (f"{MARKS[f.verdict]} {f.layer}", say(f"verdict_{f.verdict}"), _number(f.relative_error), f.reason)
                for f in self.forward
            ]
            lines += [*_table(("layer", "verdict", "error", "is"), rows), ""]
        if self.blocks:
            lines += [say("title_judged", what=say(f"what_{self.what}"))]
            lines += _table(("block", "verdict", "error", "explanation"), [_row(b) for b in self.blocks.values()])
            lines += self._advice()
        if self.evidence:
            lines += ["", *wrapped(self.evidence, WIDTH)]
        if self.step is not None:
            lines += ["", *self.step._lines()]
        if self.disagree:
            lines += ["", *wrapped(say("disagree", names=listed(self.disagree)), WIDTH)]
        for note in self.notes:
            lines += ["", *wrapped(say("note", note=_sentence(note)), WIDTH)]
        return lines

    def _advice(self) -> list[str]:
        wrong = [block for block in self.blocks.values() if block.verdict == "wrong"]
        unsure = [block for block in self.blocks.values() if block.verdict == "cannot tell"]
        lines: list[str] = []
        if wrong[1:]:
            what = say(f"what_{self.what}")
            lines += ["", *wrapped(say("begin_with", block=wrong[0].block, what=what), WIDTH)]
        for block in [*wrong, *unsure]:
            if block.follows is None:
                lines += ["", *wrapped(say("about_block", block=block.block, reason=_sentence(block.reason)), WIDTH)]
                lines += [f"    {line}" for line in block.advice.splitlines()]
        cured: dict[str, list[str]] = {}
        for block in wrong:
            if block.follows is not None:
                cured.setdefault(block.follows, []).append(block.block)
        for source, followers in cured.items():
            key = "follows_unknown" if self.blocks[source].name == "unrecognised" else "follows"
            lines += ["", *wrapped(counted(key, len(followers), names=listed(followers), source=source), WIDTH)]
        return lines

    def _repr_html_(self) -> str:
        with speaking(self.language):
            return self._html()

    def _html(self) -> str:
        parts = []
        for title, report in ((self.what, self), ("" if self.step is None else self.step.what, self.step)):
            if report is None:
                continue
            rows = "".join(
                f"<tr><td><b>{html.escape(str(b.block))}</b></td>"
                f"<td>{MARKS[b.verdict]} {say(f'verdict_{b.verdict}')}</td>"
                f"<td>{_number(b.relative_error)}</td><td>{html.escape(_explained(b))}</td>"
                f'<td style="text-align:left">{html.escape(b.reason)}<pre>{html.escape(b.advice)}</pre></td></tr>'
                for b in report.blocks.values()
            )
            columns = ("col_block", "col_verdict", "col_relative", "col_explanation", "col_todo")
            head = "".join(f"<th>{say(column)}</th>" for column in columns)
            caption = say("caption_judged", what=say(f"what_{title}"))
            parts.append(f"<table><caption>{caption}</caption><tr>{head}</tr>{rows}</table>")
        rest = [layer.reason for layer in self.forward if layer.verdict != "right"] + self.notes + [self.evidence]
        if self._comparison is not None and self.first_wrong is not None:
            rest.append(say("your_page"))
        return "".join(parts) + "".join(f"<p>{html.escape(text)}</p>" for text in rest if text)


def _row(block: BlockReport) -> tuple[str, str, str, str]:
    verdict = say(f"verdict_{block.verdict}")
    return f"{MARKS[block.verdict]} {block.block}", verdict, _number(block.relative_error), _explained(block)


def _explained(block: BlockReport) -> str:
    if block.verdict == "right":
        return ""
    if block.name is None:
        names = list(dict.fromkeys(block.candidates))
        key = "consistent_more" if names[4:] else "consistent"
        return say(key, names=say("comma").join(names[:4])) if names else ""
    text = block.name
    if block.scale is not None and abs(block.scale - 1.0) > 1e-5 and "sign" not in block.name.split("+"):
        text += f" (× {_number(block.scale)})"
    return text


def _number(x: float) -> str:
    if math.isnan(x):
        return "-"
    if 0 < abs(x) < 1e-9:
        return "< 1e-9"
    if x != 0 and (abs(x) < 1e-3 or abs(x) >= 1e5):
        return f"{x:.1e}"
    return f"{x:.4g}"


def _table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    head = tuple(say(f"col_{column}") for column in columns)
    widths = [max(width_of(row[k]) for row in [head, *rows]) for k in range(len(head))]
    lines = [head, tuple("─" * w for w in widths), *rows]
    return ["  " + "  ".join(padded(text, w) for text, w in zip(line, widths, strict=True)).rstrip() for line in lines]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", ":", "。", "？", "：")) else f"{text}{say('stop')}"
