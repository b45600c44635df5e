"""What is told of a script: each wrong line and the line to write instead, the answers, the curves before and after."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..language import counted, listed, padded, say, sentences, speaking, spoken, width_of, wrapped
from .answers import factor_text, is_it_wrong, why_not
from .cure import BETTER, Cure, Run

WIDTH = 100
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Finding:
    """A line that is wrong.

    Args:
        path, line, code: where it stands and how it reads.
        name: what the mistake is called; "unrecognised" where it has no name.
        says: what is the matter, in the script's own names.
        should: what the line should compute.
        instead: the line to write; "" where none was found. It was run in the place of the old one, and is right.
        blocks: the parameters that it spoils.
        used: whether the step makes use of the value.
        fatal: whether it spoils the training by itself, all else repaired.
        error: the relative error of what it computes; NaN where the shapes differ.
    """

    path: str
    line: int
    code: str
    name: str
    says: str
    should: str
    instead: str
    blocks: tuple[str, ...]
    used: bool
    fatal: bool
    error: float

    def told(self) -> str:
        """What is the matter with the line, and whether it matters."""
        text = sentences([self.says, *([] if self.used else [say("unused")])])
        return text if self.name == "unrecognised" else say("finding_titled", name=self.name, says=text)

    def to_dict(self) -> dict[str, Any]:
        return {**vars(self), "blocks": list(self.blocks)}


@dataclass(eq=False)
class ScriptReport:
    """What was found in a script that trains something.

    `print(report)` shows it; `report.save("report.html")` keeps it.

    Args:
        name: of the script or function.
        findings: the wrong lines, in the order in which they run.
        verdicts: by parameter: "right", "wrong" or "cannot tell".
        failure: why nothing could be judged, in a sentence; "" where it could.
        answers: the learner's two questions, each with its answer.
        curves: the loss of each training that was run, as pairs (share of the training, loss), by name.
        graph: of one loss, with marks where it is wrong, as DOT text; "" where it is too large for a page.
        language: that of its sentences.
        factor: what all steps are of the gradient, the written learning rate aside; "" where they are once that.
        apart: whether inputs and targets come in different orders.
    """

    name: str
    findings: list[Finding] = field(default_factory=list)
    verdicts: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    answers: dict[str, list[str]] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    evidence: str = ""
    notes: list[str] = field(default_factory=list)
    source: str = ""
    seconds: float = 0.0
    language: str = "en"
    graph: str = ""
    factor: str = ""
    apart: bool = False

    @property
    def ok(self) -> bool:
        """Whether something was judged and everything that was judged is right."""
        return not self.failure and not self.findings and "wrong" not in self.verdicts.values()

    def headline(self) -> str:
        """How many lines are wrong."""
        count = len({(f.path, f.line) for f in self.findings})
        unsure = [name for name, verdict in self.verdicts.items() if verdict == "cannot tell"]
        text = say("no_mistake_in_part", names=listed(unsure)) if unsure else say("no_mistake")
        if self.factor:
            text = say("no_line_but_factor", factor=self.factor)
        elif self.apart:
            text = say("no_line_but_apart")
        return say("headline", name=self.name, text=counted("lines_wrong", count) if count else text)

    def to_dict(self) -> dict[str, Any]:
        return {
            "ok": self.ok, "name": self.name, "failure": self.failure, "verdicts": self.verdicts,
            "findings": [finding.to_dict() for finding in self.findings], "answers": self.answers,
            "curves": self.curves, "evidence": self.evidence, "notes": self.notes,
        }  # fmt: skip

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report as one HTML file: source and graph with marks, the answers, the curves."""
        Path(path).write_text(self.html(), encoding="utf-8")

    def html(self) -> str:
        from .page import page

        with speaking(self.language):
            return page(self)

    def _repr_html_(self) -> str:
        from .page import body

        with speaking(self.language):
            return body(self)

    def __repr__(self) -> str:
        count = len(self.findings)
        wrong = f"{count} line{'s' * (count != 1)} wrong"
        return f"<ScriptReport of {self.name}: {self.failure or wrong}>"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self, width: int = WIDTH) -> list[str]:
        """The report as text."""
        with speaking(self.language):
            return self._lines(width)

    def _lines(self, width: int) -> list[str]:
        notes = [say("note", note=note) for note in self.notes]
        if self.failure:
            failure = say("headline", name=self.name, text=self.failure)
            return [line for text in (failure, *notes) for line in wrapped(text, width)]
        out = [self.headline(), ""]
        for finding in self.findings:
            out += _finding_lines(finding, width)
        for k, (question, answer) in enumerate(self.answers.items(), 1):
            out += [f"{k}. {question}", *wrapped(sentences(answer), width, "   "), ""]
        if self.curves:
            out += _curve_lines(self.curves)
        out += wrapped(self.evidence, width)
        for note in notes:
            out += ["", *wrapped(note, width)]
        return out


def _finding_lines(finding: Finding, width: int) -> list[str]:
    write = (
        [f"    {say('write', line=finding.instead)}"]
        if finding.instead
        else wrapped(say("should", should=finding.should), width, "    ")
        if finding.should
        else []
    )
    return [say("finding", line=finding.line, code=finding.code), *wrapped(finding.told(), width, "    "), *write, ""]


def _curve_lines(curves: dict[str, list[tuple[float, float]]]) -> list[str]:
    """A table of the losses along the training."""
    rows = [(say("loss_after"), *[f"{share:.0%}" for share in SHARES])]
    rows += [(name, *[_at(points, share) for share in SHARES]) for name, points in curves.items()]
    widths = [max(width_of(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [
        "   " + "  ".join([padded(row[0], widths[0]), *[x.rjust(w) for x, w in zip(row[1:], widths[1:], strict=True)]])
        for row in rows
    ]
    return [*lines, ""]


def _at(points: list[tuple[float, float]], share: float) -> str:
    near = min(points, key=lambda point: abs(point[0] - share), default=None)
    if near is None or abs(near[0] - share) > 0.06:
        return ""
    return f"{near[1]:.3g}" if math.isfinite(near[1]) else "NaN"


def report_of(name: str, found: dict[str, Any], cure: Cure | None, seconds: float) -> ScriptReport:
    """The report from what a consultation told and what the runs showed; None where no run was asked for."""
    if "failure" in found:
        return ScriptReport(
            name, failure=_sentence(found["failure"]), notes=_notes(found), seconds=seconds, language=spoken()
        )
    findings = [
        Finding(
            f["path"], f["line"], f["code"], f["name"], f["says"], f["should"], f["instead"], tuple(f["blocks"]),
            f["used"], cure is not None and cure.fatal(k), f["error"],
        )
        for k, f in enumerate(found["faults"])
    ]  # fmt: skip
    answers = {
        say("question_mistake"): is_it_wrong(found, cure),
        say("question_why" if findings or _is_in_the_way(found, cure) else "question_fits"): why_not(found, cure)
        if cure is not None
        else [say("no_cure")],
    }
    return ScriptReport(
        name, findings, {b["name"]: b["verdict"] for b in found["blocks"]}, "", answers, _curves(cure),
        _evidence(found), _notes(found), found["source"]["text"], seconds, spoken(),
        found["graph"], "" if abs(found["factor"] - 1.0) <= 1e-5 else factor_text(found["factor"]),
        bool(found["apart"]),
    )  # fmt: skip


def _is_in_the_way(found: dict[str, Any], cure: Cure | None) -> bool:
    """Whether something was found, though no line is wrong, that keeps the training from fitting."""
    if cure is None:
        return False  # nothing was asked
    curve = cure.before.curve
    stopped = bool(curve.error or curve.broken or curve.crossed)
    if not stopped and not curve.losses:
        return False  # nothing is known
    works = cure.works(cure.before)
    return stopped or (
        not works and (bool(found["facts"] or found["apart"]) or cure.best.last <= BETTER * cure.before.last)
    )


def _curves(cure: Cure | None) -> dict[str, list[tuple[float, float]]]:
    if cure is None:
        return {}
    runs: list[Run] = [cure.before, *([cure.after] if cure.after else [])]
    best = cure.best
    if best not in runs and best.last <= BETTER * runs[-1].last:
        twin = next((r for r in cure.tried if best.shuffled and r.rate == best.rate and not r.shuffled), None)
        runs += [r for r in (twin, best) if r is not None]
    names = {
        id(run): say("run_repaired_and", name=run.name) if cure.after and run in cure.tried else run.name
        for run in runs
    }
    return {names[id(run)]: run.curve.losses for run in runs if run.curve.losses}


def _evidence(found: dict[str, Any]) -> str:
    loss = found["loss"]
    where = say(f"against_{loss['kind']}", line=loss["line"], text=loss["text"])
    if loss["second"]:
        second = loss["second"]
        where = say("against_sum", loss=where, share=f"{second['share']:.3g}", line=second["line"], text=second["text"])
    names = listed([b["name"] for b in found["blocks"]])
    tried = any(fault["instead"] for fault in found["faults"])
    key = "evidence_tried" if tried else "evidence" if found["points"] != 1 else "evidence_here"
    return say(key, loss=where, names=names, points=found["points"])


def _notes(found: dict[str, Any]) -> list[str]:
    out = []
    if found.get("error") and found["error"].partition(":")[0] != "SystemExit":
        out.append(say("stopped_itself", error=found["error"]))
    if found.get("written"):
        files = found["written"]
        shown = say("comma").join(os.path.basename(path) for path in files[:4])
        out.append(say("writes_more" if files[4:] else "writes", files=shown))
    return out


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!", "。")) else f"{text}{say('stop')}"
