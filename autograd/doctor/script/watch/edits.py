"""Pieces of a source text replaced by others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .sites import Site, Source, Span


@dataclass(frozen=True)
class Edit:
    """A piece of the source replaced by another.

    Args:
        blind: whether only a run of the script can tell what it is good for.
        before: the line that another one is moved above; 0 where no line is moved.
    """

    source: Source
    span: Span
    new: str
    blind: bool = False
    before: int = 0

    @property
    def old(self) -> str:
        return self.source.segment(self.span)

    @property
    def inserts(self) -> bool:
        """Whether it is a statement more, before another."""
        return self.span[:2] == self.span[2:]

    @property
    def line(self) -> str:
        """The line as it would be."""
        return self.line_with([])

    def line_of(self, site: Site) -> int:
        """The line to tell of a statement: where it has several, the one that changes."""
        return self.span[0] if site.statement[0] < self.span[0] <= site.statement[2] else site.line

    def line_at(self, number: int) -> str:
        """A line as it would be, of those that are replaced; else the first of them."""
        if not self.span[0] < number <= self.span[2] or self.new.count("\n") != self.old.count("\n"):
            return self.line
        return patched(self.source.text, [self], self.source.first).splitlines()[number - self.source.first].strip()

    def line_with(self, others: list[Edit]) -> str:
        """The line with those of some other edits that change it elsewhere."""
        near = [o for o in others if o.source is self.source and o.span[0] == o.span[2] == self.span[0]]
        here = [self, *near]
        return patched(self.source.text, here, self.source.first).splitlines()[self.span[0] - self.source.first].strip()

    def within(self, statement: Span) -> tuple[str, str]:
        """A statement as it is, and as it would be."""
        before = self.source.segment((*statement[:2], *self.span[:2]))
        after = self.source.segment((*self.span[2:], *statement[2:]))
        return before + self.old + after, before + self.new + after


def apart(edits: list[Edit]) -> list[Edit]:
    """Those that change no place twice."""
    kept: list[Edit] = []
    for edit in edits:
        if all(edit.span[2:] <= e.span[:2] or e.span[2:] <= edit.span[:2] for e in kept):
            kept.append(edit)
    return kept


def patched(text: str, edits: list[Edit], first: int = 1) -> str:
    """A text with some pieces replaced; of edits of one place, which two faults may have in common, the first."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for edit in sorted(apart(edits), key=lambda e: e.span[:2], reverse=True):
        a = starts[edit.span[0] - first] + edit.span[1]
        b = starts[edit.span[2] - first] + edit.span[3]
        text = text[:a] + edit.new + text[b:]
    return text


def in_first_text(edit: Edit | None, earlier: list[Edit]) -> Edit | None:
    """An edit of a text that others have changed, each in one line, as one of the text before."""
    if edit is None or not earlier:
        return edit
    span = edit.span
    for other in sorted(apart(earlier), key=lambda e: e.span[:2]):
        span = _unshifted(span, other) if other.source.path == edit.source.path else span
    return Edit(edit.source, span, edit.new, edit.blind, edit.before)


def before_edit(thing: Any, edit: Edit) -> Any:
    """Data in which the places, each a path and a span beside it, are those of the text before an edit that leaves the
    lines their numbers.
    """  # fmt: skip
    if isinstance(thing, dict):
        found = {key: before_edit(each, edit) for key, each in thing.items()}
        if found.get("path") == edit.source.path and isinstance(found.get("span"), tuple):
            found["span"] = _unshifted(found["span"], edit)
        return found
    if isinstance(thing, (tuple, list)):
        if len(thing) == 2 and thing[0] == edit.source.path and isinstance(thing[1], tuple) and len(thing[1]) == 4:
            return (thing[0], _unshifted(thing[1], edit))
        return type(thing)(before_edit(each, edit) for each in thing)
    return thing


def _unshifted(span: Span, edit: Edit) -> Span:
    line, start, last, end = edit.span
    if last > line:  # it leaves the columns of other lines as they are
        return span
    longer = len(edit.new) - (end - start)

    def column(at: int, place: int) -> int:
        return place - longer if at == line and place >= end + longer else min(place, end) if at == line else place

    return span[0], column(span[0], span[1]), span[2], column(span[2], span[3])
