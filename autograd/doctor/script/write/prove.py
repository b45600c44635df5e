"""Which of the lines to write are right: the script is run with them and judged again.

What can be written at each place was found before. Here it is chosen, what turns out to be no mistake is left out, and
what is still wrong with the lines repaired that could be is looked for again.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from ...language import say
from ...spelling import quoted_as
from ..judge.compared import Cause
from ..judge.judge import wrong_elsewhere
from ..judge.reference import gradient
from ..judge.verdicts import Judgement
from ..watch.edits import Edit, patched
from ..watch.limits import Limit
from ..watch.loader import Subject
from ..watch.record import Recording
from ..watch.sandbox import seed
from ..watch.sites import Source
from .case import Case, in_turns, is_named, is_piece
from .intact import same_losses
from .named import difference
from .statements import empties
from .words import never_emptied

DUE = 1e-9  # a gradient of which no number is larger is nothing but rounding
SLIP = 0.9  # of the characters are the same
TOGETHER = 3  # cases, and texts of each, that are tried at once
MOST_TOGETHER = 6  # choices of these
ROUNDS = 2  # of looking again with some lines repaired
SHOWN = (
    "dropped-edge",
    "missing-factor",
    "extra-factor",
    "wrong-derivative",
)  # what is told of these is a piece of the line
LESS_SURE = ("unrecognised", "wrong-operand", "doubled-edge")
"""Causes that the line to write tells better."""


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
        self.steady: bool | None = None  # whether the script computes the same losses in each run; None: not asked yet

    def prove(self, seconds: float) -> list[Case]:
        """The cases that stay: those with a text that makes the script right, and those for which none is known."""
        every = [*self.cases]
        for case in self.cases:
            case.texts.sort(key=lambda text, case=case: self._is_alone(case, text))  # type: ignore[misc]
            told = [text for text in case.texts if not text.blind]
            signed = [text for text in told if case.cause.name == "sign" and is_named(case, text)]
            case.chosen = min(signed or told, key=lambda text: not is_piece(text), default=None)  # a piece first
        with Limit(seconds, work=True) as self.tries:
            if not any(case.chosen for case in self.cases) or not self._is_better([], at_all=True):
                for case in self.cases:
                    case.chosen = None
                self._choose_together()
            self._choose(self.cases)
            for _ in range(ROUNDS):
                if self.least and self.last is not None and not self.tries.over:
                    self._look_again(*self.last)
            self._choose(self.cases, settled=True)
            if self.least:
                self._look_behind()
            self._leave_out()
            self._keep_penalty()
            self._leave_less()
        for case in self.cases:
            self._move(case)
            left = {n for name in self.least for n in ((name,) if name in self.before.verdicts else self._alike(name))}
            mended = set(case.fault.repairs) - left  # of the others, a line behind is wrong, too
            exact = case.chosen is not None and not case.chosen.blind and bool(mended)
            shows = exact or not set(case.fault.repairs) & left if case.fault.repairs else not left
            case.proved = case.chosen is not None and shows
            if not case.proved and case.found_at is not None:
                case.fault = case.found_at
        return begun_together(self.cases, every)

    def _is_alone(self, case: Case, text: Edit) -> bool:
        """Whether a text binds names in another order, and would mend nothing else: then the other lines that read
        these names are right.
        """  # fmt: skip
        at = case.place.statement
        if at[0] <= text.span[0] <= at[2] or (difference(text.old, text.new) or ("",))[0] != "wrong-order":
            return False
        here = (text.source.path, text.span, text.new)
        return all((t.source.path, t.span, t.new) != here for c in self.cases if c is not case for t in c.texts)

    @property
    def mended(self) -> Judgement:
        """The verdicts with what is chosen, where nothing is wrong then; else those on the script as it is."""
        return self.before if self.least or self.last is None else self.last[0]

    def _alike(self, name: str) -> list[str]:
        """The blocks as they were called before that a block may be a part of."""
        return [other for other in self.before.verdicts if _whole(other) == _whole(name)]

    def _is_better(self, without: list[Case], at_all: bool = False) -> bool:
        """Whether less is wrong with what is chosen, some cases aside; or whether it can be judged `at_all`."""
        edits = [c.chosen for c in self.cases if c.chosen is not None and c not in without]
        found = self.judged(list(dict.fromkeys(edits)))
        if found is None or not self._is_intact(found[0]):
            return False
        wrong = [*wrong_in(found[0]), *self._gone(found[0])]
        blind = any(edit.blind for edit in edits)
        if blind and not at_all and rights_in(found[0]) < rights_in(self.before):
            return False  # what is no parameter any more is not right either
        if len(wrong) < len(self.least) and blind:
            # and at other steps? much is right by chance as long as a sequence has one member only
            wrong = sorted({*wrong, *wrong_elsewhere(found[0])})
        better = at_all or len(wrong) < len(self.least) or bool(without and not wrong)
        if better:
            self.least, self.last = wrong, found
        return better

    def _is_intact(self, found: Judgement) -> bool:
        """Whether the loss is what it was; a script that draws without a seed has another one in each run."""
        if same_losses(self.before, found):
            return True
        if self.steady is None:
            again = self.judged([])
            self.steady = again is not None and same_losses(self.before, again[0])
        return not self.steady

    def _gone(self, found: Judgement) -> list[str]:
        """The blocks of which nothing can be told any more, for their steps are rounding, though a gradient is due."""
        known = {name for name, v in self.before.verdicts.items() if not v.silent}
        pairs = [*zip(found.points, found.bars, strict=True)]
        return [
            name for name, v in found.verdicts.items() if v.silent and name in known
            and any(np.max(np.abs(gradient(found.look, p, bar, name)), initial=0.0) > DUE for p, bar in pairs)
        ]  # fmt: skip

    def _choose(self, cases: list[Case], settled: bool = False) -> None:
        """Try the texts.

        Args:
            settled: also other texts for cases of which nothing is wrong any more.
        """
        wrong = {*self.least}
        done = [c for c in cases if c.chosen is not None and c.fault.repairs and not wrong & {*c.fault.repairs}]
        for case, text in in_turns([case for case in cases if settled or case not in done], wrong):
            if not self.least or self.tries.over:
                return
            if text is not case.chosen:
                before, case.chosen, better = case.chosen, text, False
                try:
                    better = self._is_better([])
                finally:  # also where the time is up
                    case.chosen = text if better else before

    def _choose_together(self) -> None:
        """Try texts of several cases at once: what one of them spoils comes round to the others."""
        wrong = {*self.least}
        left = [c for c in self.cases if c.chosen is None and c.used and wrong & {*c.fault.repairs}]
        texts = [[*itertools.islice((t for t in case.texts if not t.blind), TOGETHER)] for case in left]
        if not 1 < len(left) <= TOGETHER or not all(texts):
            return
        choices = itertools.product(*(range(len(each)) for each in texts))
        for choice in sorted(choices, key=sum)[:MOST_TOGETHER]:
            better = False
            try:
                for case, each, k in zip(left, texts, choice, strict=True):
                    case.chosen = each[k]
                better = not self.tries.over and self._is_better([])
            finally:
                for case in [] if better else left:
                    case.chosen = None
            if better or self.tries.over:
                return

    def _look_behind(self) -> None:
        """A line that mends what the numbers tell, though nothing is right with it: what is behind it is wrong, too."""
        for case in [case for case in self.cases if case.chosen is None and case.used]:
            for text in (*case.half[:2], *case.texts):
                if self.tries.over or not (text in case.half or is_named(case, text)):
                    continue
                before, least, last, case.chosen = [*self.cases], self.least, self.last, text
                try:
                    if self._is_better([], at_all=True) and self.last is not None:
                        self.least = least
                        self._look_again(*self.last)
                finally:
                    better = len(self.least) < len(least)
                    if not better:
                        case.chosen, self.cases[:], self.least, self.last = None, before, least, last
                if better:
                    return

    def _leave_out(self) -> None:
        """What is right without being changed, as soon as the others are changed, is no mistake."""
        if self.least or self.tries.over:
            return
        self.cases[:] = [case for case in self.cases if case.chosen is not None or not case.used]
        for case in [case for case in self.cases if case.used]:
            others = {c.chosen for c in self.cases if c is not case and c.used}
            if others and case.chosen not in others and not self.tries.over and self._is_better([case]):
                self.cases.remove(case)

    def _keep_penalty(self) -> None:
        """Where steps have a penalty that the loss has not, a term of it has the wrong sign, and is not too many."""
        if self.least or not any(v.right and v.rule == "decay" for v in self.before.verdicts.values()):
            return
        for case in self.cases:
            if case.chosen is not None:
                self._choose_instead(case, [replace(case.chosen, new=text) for text in other_signs(case.chosen)])

    def _leave_less(self) -> None:
        """What is likeliest and only leaves something out, `z` for `f(z)`, for what is right by its numbers."""
        for case in self.cases if not self.least else ():
            if case.chosen is not None and not case.chosen.blind and not is_piece(case.chosen):
                likeliest = itertools.takewhile(lambda text: text.blind, case.texts)
                self._choose_instead(case, [text for text in likeliest if is_piece(text)][:1])

    def _choose_instead(self, case: Case, texts: list[Edit]) -> None:
        """Take the last of these with which all is right, too, in the place of what is chosen."""
        for text in texts if not self.tries.over else ():
            chosen, case.chosen, kept = case.chosen, text, False
            try:
                kept = self._is_better([], at_all=True) and not self.least
            finally:
                if not kept:
                    case.chosen, self.least = chosen, []

    def _move(self, case: Case) -> None:
        """The fault to where it is mended, if that is another line."""
        chosen, at = case.chosen, case.place
        if chosen is None or chosen.before or at.statement[0] <= chosen.span[0] <= at.statement[2]:
            return
        if chosen.inserts and not _empties_at(chosen):
            return  # no line stands there that does the same for another sum: the one that adds is told
        own = None if case.found_at is None else case.found_at.place or case.found_at.first.site
        if case.found_at is not None and own is not None and own.statement[0] <= chosen.span[0] <= own.statement[2]:
            case.fault = case.found_at
            return
        sites = self.before.look.training.tape.sites
        here = [s for s in sites if s.source is chosen.source and not chosen.inserts]
        inside = [s for s in here if s.statement[:2] <= chosen.span[:2] and chosen.span[2:] <= s.statement[2:]]
        updates = sorted(inside, key=lambda s: s.statement[2] - s.statement[0])  # the statement, and no loop around it
        span = chosen.span
        if chosen.inserts:  # before this line
            span = (*span[:2], span[0], len(chosen.source.line(span[0])))
        # the head of a loop is no statement of its own
        place = updates[0] if updates else replace(at, source=chosen.source, span=span, statement=span, parts=(span,))
        case.fault = replace(case.fault, place=place)

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
            try:
                self._choose([case])
            finally:
                if case.chosen is None:
                    self.cases.remove(case)
            if case.chosen is not None:
                self.cases[:] = [c for c in self.cases if c not in same]


def _empties_at(edit: Edit) -> bool:
    """Whether a text is to stand before a line that sets something to zero."""
    with contextlib.suppress(SyntaxError):
        return any(map(empties, ast.parse(edit.source.line(edit.span[0]).strip()).body))
    return False


def wrong_in(found: Judgement) -> list[str]:
    """The blocks that are wrong."""
    return [name for name, v in found.verdicts.items() if not v.right and not v.silent]


def rights_in(found: Judgement) -> int:
    """How many blocks are right."""
    return sum(v.right for v in found.verdicts.values())


def same_training(now: Judgement, before: Judgement) -> bool:
    """Whether the same parameters are judged against the same loss; against one that is computed rather than made up,
    where all of them follow it now.
    """  # fmt: skip
    names = {frozenset(map(_whole, found.verdicts)) for found in (now, before)}
    better = _loss_of(before)[0] != "loss" == _loss_of(now)[0] and not wrong_in(now)
    return len(names) == 1 and (better or _loss_of(now) == _loss_of(before))


def _whole(name: str) -> str:
    """The name of a parameter without its number among others and without an index: one step may change a row only."""
    return name.partition(" (")[0].partition("[")[0]


def _loss_of(found: Judgement) -> tuple[str, str]:
    """What a script is judged against."""
    assert found.reading is not None
    return found.reading.kind, "" if found.reading.site is None else found.reading.site.text


def other_signs(edit: Edit) -> Iterator[str]:
    """What is replaced, where a term of it is left out, with the sign of that term changed instead.

    >>> from autograd.doctor.script.watch.sites import Source
    >>> list(other_signs(Edit(Source("a.py", "a * b + c * d"), (1, 0, 1, 13), "a * b")))
    ['a * b - c * d']
    """
    own = edit.old.replace("\n", " ")
    try:
        wanted, tree = ast.unparse(ast.parse(edit.new, mode="eval")), ast.parse(own, mode="eval")
    except SyntaxError:
        return
    for piece in ast.walk(tree):
        if isinstance(piece, ast.BinOp) and isinstance(piece.op, (ast.Add, ast.Sub)):
            a, b = piece.col_offset, piece.end_col_offset
            if ast.unparse(ast.parse(own[:a] + ast.unparse(piece.left) + own[b:], mode="eval")) == wanted:
                piece.op = ast.Sub() if isinstance(piece.op, ast.Add) else ast.Add()
                yield own[:a] + ast.unparse(piece) + own[b:]
                return


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
    known = [edit for edit in case.texts if not edit.blind or (case.proved and edit is case.chosen)]
    return any(
        SequenceMatcher(None, edit.old, edit.new).ratio() > SLIP and edit.new.replace("+=", "=") != edit.old
        for edit in known
    )


def begun_together(cases: list[Case], every: list[Case]) -> list[Case]:
    """The cases, with one in the place of all those whose sums are begun anew before the same line, or in it."""
    out: list[Case] = []
    sums = [case for case in every if case.cause.name == "accumulated"]
    for case in cases:
        chosen = case.chosen if case.proved and case in sums else None
        if chosen is None:
            out.append(case)
            continue
        first = next((c for c in out if c in sums and c.proved and c.chosen and c.chosen.span == chosen.span), None)
        if first is None or not chosen.inserts:
            for other in [] if chosen.inserts else sums:
                if other is not case and chosen in other.texts:
                    _join(case, other)
            out += [case] if first is None or first.chosen != chosen else []
        elif first.chosen is not None:
            _join(first, case)
            first.chosen = replace(first.chosen, new=first.chosen.new.rstrip("; \n") + "; " + chosen.new)
    return out


def _join(case: Case, other: Case) -> None:
    """Tell the sum of another case with one."""
    sums = sorted([*case.cause.facts["sums"], *other.cause.facts["sums"]], key=lambda each: each[1])
    case.cause, case.says = replace(case.cause, facts={**case.cause.facts, "sums": sums}), never_emptied(sums)
    case.fault = replace(case.fault, repairs=[*case.fault.repairs, *other.fault.repairs])


def name_by_line(case: Case) -> None:
    """What the line to write shows of the mistake, where the numbers told less, or not in the learner's names."""
    if case.chosen is None or not case.proved:
        return
    found = difference(*case.chosen.within(case.place.statement))
    if found is None:
        return
    piece = case.fault.wanted[0].kind == "slip"  # of a formula: the numbers have no name
    if piece or case.cause.name in LESS_SURE or _tells_more(*found, case.cause):
        pieces = {key: quoted_as(text, case.chosen.source.text) for key, text in found[1].items()}
        case.cause, case.says = Cause(found[0]), say(f"line_{found[0]}", **pieces)


def _tells_more(told: str, pieces: dict[str, str], cause: Cause) -> bool:
    """Whether a line to write tells of a mistake what the numbers do not, or denies what they told."""
    name = cause.name
    if told in ("overwritten", "applied-twice", "wrong-mask"):
        return True
    if name in FACTORS:
        named = told in ("missing-factor", "wrong-operand") and name == "scaled" and not cause.facts.get("number")
        return named or told in ("extra-factor", "sign")
    if told.startswith(("missing-", "extra-")) and name in {f"{OTHER[told.split('-')[0]]}-{k}" for k in KINDS}:
        return True
    if told == "wrong-operand":  # another, and not one more
        if pieces["old"].endswith("]") and pieces["old"].partition("[")[0] == pieces["new"].partition("[")[0]:
            return True  # other elements of the same
        if " = " in pieces["old"]:
            return True
        names = all(map(NAME.fullmatch, pieces.values()))
        return name.startswith("extra-") or (names and name.endswith(("-derivative", "-factor")))
    return (told == "sign" != name) or (name == told and told in SHOWN)


OTHER = {"missing": "extra", "extra": "missing"}
KINDS = ("derivative", "factor")
NAME = re.compile(r"[\w.]+(\[[^\]]*\])*")
FACTORS = ("scaled", "sign+scaled")
