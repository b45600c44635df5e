"""A mistake in the step of a training that its text tells, and what to write instead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ..language import say
from .grown import as_fault
from .moments import Factor
from .watch.edits import Edit
from .watch.node import Node
from .watch.sites import Site, Span


@dataclass(eq=False)
class Slip:
    """A mistake in a step.

    Args:
        name: of the mistake.
        names: the parameters whose steps follow from it.
        edit: what to write; None where it takes more than one line.
    """

    site: Site
    name: str
    says: str
    names: list[str] = field(default_factory=list)
    edit: Edit | None = None

    def told(self) -> dict[str, Any]:
        """As a fault among those of a consultation."""
        return as_fault(self.site, self.edit, self.name, self.says, self.names, True)


Found = Iterator[tuple[Node, Slip]]
"""Slips, each with the node that the parameters follow from."""


def replaced(site: Site, span: Span, new: str, name: str = "wrong-operand", key: str = "") -> Slip:
    """A slip whose cure is another text in the place of a piece of what a node is written as."""
    edit = Edit(site.source, span, new)
    old, fresh = (" ".join(text.split()) for text in edit.within(site.span))
    says = say(key or "line_wrong-operand", old=old, new=fresh, node=" ".join(edit.old.split()), where=old)
    return Slip(site, name, says, [], edit)


def at_operand(at: Factor, new: str, name: str = "wrong-operand", key: str = "") -> Slip | None:
    """A slip whose cure is another text in the place of an operand; None where that is not written down."""
    site, span = None if at.owner is None else at.owner.site, at.span
    return None if site is None or span is None or not at.text else replaced(site, span, new, name, key)
