"""Pieces of a source text replaced by others."""

from __future__ import annotations

from dataclasses import dataclass

from .sites import Source, Span


@dataclass(frozen=True)
class Edit:
    """A piece of the source replaced by another."""

    source: Source
    span: Span
    new: str

    @property
    def old(self) -> str:
        return self.source.segment(self.span)

    @property
    def line(self) -> str:
        """The line as it would be."""
        return (
            patched(self.source.text, [self], self.source.first).splitlines()[self.span[0] - self.source.first].strip()
        )


def patched(text: str, edits: list[Edit], first: int = 1) -> str:
    """A text with some pieces replaced."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for edit in sorted(edits, key=lambda e: e.span[:2], reverse=True):
        a = starts[edit.span[0] - first] + edit.span[1]
        b = starts[edit.span[2] - first] + edit.span[3]
        text = text[:a] + edit.new + text[b:]
    return text
