"""Which of the lines to write are right: the script is run with them and judged again.

What can be written at each place was found before. Here it is chosen, what turns out to be no mistake is left out, and
what is still wrong with the lines repaired that could be is looked for again.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from typing import Any

from ...language import say
from ..judge.candidates import Fault
from ..judge.compared import Cause
from ..judge.verdicts import Judgement
from ..watch.edits import Edit, patched
from ..watch.limits import Limit
from ..watch.loader import Subject
from ..watch.record import Recording
from ..watch.sandbox import seed
from ..watch.sites import Site, Source
from .named import difference

SLIP = 0.9  # of the characters are the same
ROUNDS = 2  # of looking again with some lines repaired
SHOWN = ("dropped-edge", "missing-factor", "extra-factor")  # what is told of these is a piece of the line
LESS_SURE = ("unrecognised", "wrong-operand", "doubled-edge")
"""Causes that the line to write tells better."""


@dataclass(eq=False)
class Case:
    """A fault, what it is called, and what may be written instead.

    Args:
        used: whether the step makes use of the value.
        found_at: the same fault where it was found, if it can be mended elsewhere.
    """

    fault: Fault
    cause: Cause
    says: str
    should: str
    used: bool
    found_at: Fault | None = None
    texts: list[Edit] = field(default_factory=list)
    chosen: Edit | None = None
    proved: bool = False

    @property
    def place(self) -> Site:
        at = self.fault.place or self.fault.first.site
        assert at is not None
        return at


class Prover:
    """Chooses among the texts of some cases.

    Args:
        before: the verdicts on the script as it is.
        judged: the verdicts on the script with some edits, and its recording; None where it cannot be judged.
        found_in: the cases in such verdicts.
    """

    def __init__(
        self, cases: list[Case], before: Judgement,
        judged: Callable[[list[Edit]], tuple[Judgement, Recording] | None],
        found_in: Callable[[Judgement, Recording], list[Case]],
    ) -> None:  # fmt: skip
        self.cases, self.before, self.judged, self.found_in = cases, before, judged, found_in
        self.least = wrong_in(before)
        self.last: tuple[Judgement, Recording] | None = None

    def prove(self, seconds: float) -> list[Case]:
        """The cases that stay: those with a text that makes the script right, and those for which none is known."""
        for case in self.cases:
            case.chosen = next((text for text in case.texts if not text.blind), None)
        with Limit(seconds, work=True) as self.tries:
            if not any(case.chosen for case in self.cases) or not self._is_better([], at_all=True):
                for case in self.cases:
                    case.chosen = None
            self._choose(self.cases)
            for _ in range(ROUNDS):
                if self.least and self.last is not None and not self.tries.over:
                    self._look_again(*self.last)
            self._leave_out()
        for case in self.cases:
            case.proved = case.chosen is not None and not set(case.fault.repairs) & set(self.least)
            if not case.proved and case.found_at is not None:
                case.fault = case.found_at
        return self.cases

    def _is_better(self, without: list[Case], at_all: bool = False) -> bool:
        """Whether less is wrong with what is chosen, some cases aside; or whether it can be judged `at_all`."""
        edits = [c.chosen for c in self.cases if c.chosen is not None and c not in without]
        found = self.judged(list(dict.fromkeys(edits)))
        if found is None:
            return False
        wrong = wrong_in(found[0])
        better = at_all or len(wrong) < len(self.least) or bool(without and not wrong)
        if better:
            self.least, self.last = wrong, found
        return better

    def _choose(self, cases: list[Case]) -> None:
        for case in cases:
            for text in case.texts:
                if not self.least or self.tries.over:
                    return
                if text is not case.chosen:
                    before, case.chosen = case.chosen, text
                    if not self._is_better([]):
                        case.chosen = before

    def _leave_out(self) -> None:
        """What is right without being changed, as soon as the others are changed, is no mistake."""
        if self.least or self.tries.over:
            return
        self.cases[:] = [case for case in self.cases if case.chosen is not None or not case.used]
        for case in [case for case in self.cases if case.used]:
            others = {c.chosen for c in self.cases if c is not case and c.used}
            if others and case.chosen not in others and not self.tries.over and self._is_better([case]):
                self.cases.remove(case)

    def _look_again(self, found: Judgement, recording: Recording) -> None:
        """Add what is found wrong with the lines repaired that are chosen, where it can be mended, too."""
        edits = [case.chosen for case in self.cases if case.chosen is not None]
        if any(edit.new.count("\n") != edit.old.count("\n") for edit in edits):
            return  # the lines have other numbers then
        known = {source.path: source for source in (edit.source for edit in edits)}
        known |= {site.source.path: site.source for site in self.before.look.training.tape.sites}
        taken = {(edit.source.path, line) for edit in edits for line in range(edit.span[0], edit.span[2] + 1)}
        for case in self.found_in(found, recording):
            if self.tries.over or (case.place.source.path, case.place.line) in taken or not case.used:
                continue
            here = [text for text in case.texts if (text.source.path, text.span[0]) not in taken]
            case.texts = [replace(text, source=known[text.source.path]) for text in here if text.source.path in known]
            same = [c for c in self.cases if c.place.line == case.place.line and c.chosen is None]
            self.cases += [case]
            self._choose([case])
            if case.chosen is None:
                self.cases.remove(case)
            else:
                self.cases[:] = [c for c in self.cases if c not in same]


def wrong_in(found: Judgement) -> list[str]:
    """The blocks that are wrong."""
    return [name for name, v in found.verdicts.items() if not v.right and not v.silent]


def same_training(one: Judgement, other: Judgement) -> bool:
    """Whether the same parameters are judged against the same loss."""
    return set(one.verdicts) == set(other.verdicts) and _loss_of(one) == _loss_of(other)


def _loss_of(found: Judgement) -> tuple[str, str]:
    """What a script is judged against."""
    assert found.reading is not None
    return found.reading.kind, "" if found.reading.site is None else found.reading.site.text


class Edited:
    """A subject with some pieces of its text replaced."""

    def __init__(self, subject: Subject, edits: list[Edit]) -> None:
        self.subject, self.edits, self.main = subject, edits, subject.main
        self.from_outside = subject.from_outside

    def modules(self) -> set[str]:
        return self.subject.modules()

    def run(self, rewrite: Any, given: dict[str, Any], namespace: Any) -> None:
        def edited(source: Source) -> ast.Module:
            here = [e for e in self.edits if e.source.path == source.path]
            if here:
                source = Source(source.path, patched(source.text, here, source.first), source.first)
            tree: ast.Module = rewrite(source)
            return tree

        seed()
        self.subject.run(edited, given, namespace)


# ------------------------------------------------------------------------------------- what the chosen lines tell


def nearly_right(case: Case) -> bool:
    """Whether a small change to what is written makes it right: a slip, and not another function."""
    for edit in case.texts:
        if SequenceMatcher(None, edit.old, edit.new).ratio() > SLIP and edit.new.replace("+=", "=") != edit.old:
            return True
    return False


def told_before(case: Case, cases: list[Case]) -> bool:
    """Whether another case, before this, is the same change of the same line: it then stands for both."""
    for other in itertools.takewhile(lambda c: c is not case, cases):
        if case.proved and other.proved and case.chosen == other.chosen:
            other.fault.repairs += [name for name in case.fault.repairs if name not in other.fault.repairs]
            return True
    return False


def name_by_line(case: Case) -> None:
    """What the line to write shows of the mistake, where the numbers told less, or not in the learner's names."""
    if case.chosen is None or not case.proved:
        return
    found = difference(*case.chosen.within(case.place.statement))
    if found is None:
        return
    name, told = case.cause.name, found[0]
    against = {f"extra-{k}" for k in KINDS} if told.startswith("missing-") else {f"missing-{k}" for k in KINDS}
    denied = (told == "sign" and "sign" not in name) or (told.startswith(("missing-", "extra-")) and name in against)
    if name in LESS_SURE or denied or (name == told and told in SHOWN):
        case.cause, case.says = Cause(told), say(f"line_{told}", **found[1])


KINDS = ("derivative", "factor")
