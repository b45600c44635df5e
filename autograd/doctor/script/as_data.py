"""What a consultation found, as plain data: lists, dicts, numbers and texts."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..language import say
from .apart import apart
from .facts import facts
from .floors import least
from .judge.candidates import Fault
from .judge.engines import own_site
from .judge.verdicts import Judgement
from .step_rule import step_rule
from .watch.loader import Subject
from .watch.loops import find_loops
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site
from .watching import count_place, draws_by_parameters, odd_starts, under_a_count, watched_for
from .write.case import Case
from .write.drawn import graph_of
from .written_rates import rate_places

SHORT = 5  # so many lines of a statement are not quoted


def _at(site: Site | None) -> dict[str, Any]:
    return {"line": 0 if site is None else site.line, "text": "" if site is None else " ".join(site.text.split())}


def told(subject: Subject, recording: Recording, found: Judgement, cases: list[Case], factor: float) -> dict[str, Any]:
    """All of it as lists, dicts, numbers and texts.

    Args:
        factor: what all steps are of the gradient.
    """
    assert recording.training is not None
    rate, places = rate_places(found.look)
    explained = {name for case in cases for name in case.fault.repairs}
    unexplained = {name for name, v in found.verdicts.items() if not v.right and not v.silent} - explained
    reading = found.reading
    assert reading is not None
    if reading.kind == "loss" and (found.sure or any(v.right and v.rule == "plain" for v in found.verdicts.values())):
        unexplained = set()  # the others follow this very loss, so these should, too
    site, watched = own_site(found.look, reading.roots[0]), watched_for(recording, found)
    rule = step_rule(recording)
    second = {"share": reading.shares[id(reading.roots[1])], **_at(reading.roots[1].site)} if reading.shares else {}
    return {
        "steps": len(recording.training.steps),
        "loss": {"kind": reading.kind, "form": found.form, "second": second, **_at(site)},
        "factor": 1.0 if rule or second else factor,  # of other steps than plain ones the rate is no such factor
        "aside": None if found.aside is None else _at(found.aside.site),
        "blocks": [
            {
                "name": name,
                "verdict": "cannot tell" if v.silent or name in unexplained else "right" if v.right else "wrong",
                "rule": v.rule,
                "decay": v.decay,
                "line": next(p.site.line for p in recording.training.parameters if p.name == name),
            }
            for name, v in found.verdicts.items()
        ]
        + [
            {"name": p.name, "verdict": "cannot tell", "rule": "plain", "decay": 0.0, "line": p.site.line}
            for p in recording.training.lost
        ],
        "in_turn": {key: found.in_turn[key] for key in ("block", "line", "reader") if key in found.in_turn},
        "step_rule": rule,
        "beside": _beside(found),
        "others": [
            {
                "names": [name for name, each in found.others.items() if each is loss],
                **_at(loss.errors[0][0].site if loss.errors else loss.site),
            }
            for loss in {id(each): each for each in found.others.values()}.values()
        ],
        "unread": [p.name for p in recording.training.unread],
        "apart": apart(found),
        "lost": [p.name for p in recording.training.lost],
        "unexplained": sorted(unexplained),
        "faults": [_fault(case, cases, recording) for case in cases],
        "points": len(found.points),
        "watched": watched.__dict__,
        "floor": least(found) if watched.same else float("nan"),
        "upward": found.form == "climbed",
        "facts": facts(found),
        "drawn": draws_by_parameters(found.look),
        "count_place": count_place(find_loops(recording.tape, recording.hooks.turns, recording.training).samples),
        "layers": sum(max(np.shape(p.chains[0].states[0].value), default=1) > 1 for p in recording.training.parameters),
        "odd_starts": odd_starts(recording.training),
        "seldom": under_a_count(recording.training.parameters[0].chains[0].sites[0])[1],
        "rate": rate,
        "rate_places": places,
        "order": order_of_samples(found),
        "error": "" if recording.error is None else f"{type(recording.error).__name__}: {recording.error}",
        "source": {"path": subject.main.path, "text": subject.main.text},
        "graph": graph_of(found, [(case.fault, _mark(case)) for case in cases]),
    }


def _beside(found: Judgement) -> list[str]:
    """The blocks that are no part of the loss, so that it tells nothing of them."""
    assert found.reading is not None
    read = {id(node) for node, _ in found.reading.order(found.look)}
    silent = (name for name, v in found.verdicts.items() if v.silent)
    return [name for name in silent if not any(id(node) in read for node in found.look.starts[name])]


def _mark(case: Case) -> str:
    """What is said at a node of the graph."""
    site = case.fault.place or case.fault.first.site
    line = say("lines_one", number=0 if site is None else site.line)
    return line if case.cause.name == "unrecognised" else say("finding_titled", name=line, says=case.cause.name)


def _instead(case: Case, cases: list[Case]) -> str:
    """The line to write, with all that is to be changed in it; "" where none is known, or where it is only moved."""
    if case.chosen is None or not case.proved or case.chosen.before or case.chosen.inserts:
        return ""
    others = [c.chosen for c in cases if c is not case and c.proved and c.chosen is not None and not c.chosen.before]
    return case.chosen.line_with(others)


def _fault(case: Case, cases: list[Case], recording: Recording) -> dict[str, Any]:
    fault, at = case.fault, case.fault.place or case.fault.first.site
    assert at is not None
    edit = case.chosen if case.proved else None
    line = at.line if edit is None or edit.before else edit.line_of(at)
    theirs, right = fault.wrong[id(fault.first)], fault.right[id(fault.first)]
    error = max(
        (
            float(np.linalg.norm(np.subtract(np.ravel(x), np.ravel(y), dtype=float)) / (np.linalg.norm(y) or 1.0))
            for x, y in zip(theirs, right, strict=True)
            if np.size(x) == np.size(y)
        ),
        default=float("nan"),
    )
    return {
        "path": at.source.path, "line": line, "name": case.cause.name,
        "code": at.source.statement(at.statement) if line == at.line and _goes_on(at) else at.source.line(line),
        "says": case.says, "should": _should(case), "blocks": fault.repairs, "used": case.used, "error": error,
        "step": _in_step(fault, at, recording),
        "instead": _instead(case, cases),
        "edit": None if edit is None else {"path": edit.source.path, "span": edit.span, "new": edit.new},
    }  # fmt: skip


def _goes_on(at: Site) -> bool:
    """Whether a statement has a few lines, so that the first does not show what it computes."""
    return 0 < at.statement[2] - at.statement[0] < SHORT and not at.source.line(at.line).endswith(":")


def _should(case: Case) -> str:
    """What the line should compute, or where it should stand."""
    if case.chosen is not None and case.proved and case.chosen.before:
        return say("wanted_before", line=case.chosen.before, block=case.cause.facts["block"])
    if case.chosen is not None and case.proved and case.chosen.inserts:
        return say("wanted_anew", line=case.chosen.span[0], text=case.chosen.new.strip("; \n"))
    return case.should


def _in_step(fault: Fault, at: Site, recording: Recording) -> bool:
    """Whether what is wrong is the step itself: a line that updates a parameter."""
    assert recording.training is not None
    sites = [site for p in recording.training.parameters for chain in p.chains for site in chain.sites]
    return any(site.source is at.source and site.statement == at.statement for site in sites)


def order_of_samples(found: Judgement) -> dict[str, Any]:
    """Whether the samples come one after the other in order of size: the numbers that the first steps read."""
    training = found.look.training
    values: dict[int, list[float]] = {}
    for step in training.steps[:12]:
        seen: set[int] = set()
        for node in training.tape.nodes:
            if not step.start < node.time <= step.end or node.site is None or node.site.number in seen:
                continue
            one = np.size(node.value) == 1 and np.asarray(node.value).dtype.kind in "iuf"
            reads = getattr(node.function, "__name__", "") == "getitem" and one
            if reads and isinstance(node.args[0], Node) and node.args[0].time <= training.steps[0].start:
                seen.add(node.site.number)
                values.setdefault(node.site.number, []).append(float(np.ravel(node.value)[0]))
    for number, column in values.items():
        if len(column) > 3 and all(a < b for a, b in itertools.pairwise(column)):
            return {"sorted": True, "text": training.tape.sites[number].text}
    return {"sorted": False, "text": ""}
