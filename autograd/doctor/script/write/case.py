"""A mistake, what it is called, what may be written instead, and in which order that is tried."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..judge.candidates import Fault
from ..judge.compared import Cause
from ..watch.edits import Edit
from ..watch.sites import Site
from .named import difference


@dataclass(eq=False)
class Case:
    """A fault, what it is called, and what may be written instead.

    Args:
        half: texts that are right if another line is wrong, too.
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
    half: list[Edit] = field(default_factory=list)
    chosen: Edit | None = None
    proved: bool = False

    @property
    def place(self) -> Site:
        at = self.fault.place or self.fault.first.site
        assert at is not None
        return at


def is_named(case: Case, text: Edit) -> bool:
    """Whether what a text changes has the name of the mistake."""
    told = difference(*text.within(case.place.statement))
    return told is not None and told[0] == case.cause.name


def in_turns(cases: list[Case], wrong: set[str]) -> list[tuple[Case, Edit]]:
    """Texts to try, one of each case in turn: first of what is still wrong, of what has none yet, and by their numbers.

    Where two mistakes spoil the same blocks, nothing is better before there is a text for both.
    """
    ranked = []
    for case in cases:
        behind = not wrong & {*case.fault.repairs}
        for rank, text in enumerate(sorted(case.texts, key=lambda text: text.blind), case.chosen is not None):
            ranked.append(((behind, rank, text.blind), case, text))
    return [(case, text) for _, case, text in sorted(ranked, key=lambda row: row[0])]


def is_piece(edit: Edit) -> bool:
    """Whether a text is a part of what stands there."""
    return len(edit.new) < len(edit.old) and edit.new.strip() in edit.old
