"""Two statements in another order: what reads a parameter comes before what updates it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..watch.edits import Edit
from ..watch.sites import Site, Source, Span


def before_update(place: Site, update: Site) -> Iterator[Edit]:
    """The statement at a place moved above that of an update, or the update below it; or what it adds, made before.

    >>> source = Source("a.py", "W -= g\\nd = 1\\nb = d @ W")
    >>> at = [Site(k, "store", source, span, (), span, "") for k, span in enumerate([(3, 0, 3, 9), (1, 0, 1, 6)])]
    >>> [edit.new for edit in before_update(*at)]
    ['b = d @ W\\nW -= g\\nd = 1', 'd = 1\\nb = d @ W\\nW -= g']
    """
    if place.source is not update.source:
        return
    source = place.source
    for block in _blocks(ast.parse(source.text), source):
        early, late = (next((s for s in block if _holds(s, at.statement)), None) for at in (update, place))
        if early is None or late is None or block.index(early) >= block.index(late):
            continue
        one, middle, other = (source.segment(s) for s in (early, (*early[2:], *late[:2]), late))
        apart = f"\n{' ' * early[1]}" if early[2] < late[0] else "; "
        if other.startswith("return "):
            new = f"passed_on = {other[7:]}{apart}{one}{middle}return passed_on"
            yield Edit(source, (*early[:2], *late[2:]), new, before=update.line)
            return
        between = middle.strip("; \t").rstrip()
        kept = between.lstrip() + apart if between.strip() else ""
        span = (*early[:2], *late[2:])
        yield Edit(source, span, other + apart + one + (middle.rstrip("; \t\n") if kept else ""), before=update.line)
        yield Edit(source, span, kept + other + apart + one, before=update.line)
        made = _changed(other)
        name = next((name for name in ("change", "own_change") if name not in source.text), "")
        if made is not None and name:  # what it changes may be read by what is between
            value = ast.get_source_segment(other, made.value) or ast.unparse(made.value)
            new = f"{name} = {value}{apart}{one}{middle}{other.removesuffix(value)}{name}"
            yield Edit(source, span, new, before=update.line)


def _changed(statement: str) -> ast.AugAssign | None:
    """A statement that changes something by what it computes, `W -= step`; None for another."""
    try:
        made = ast.parse(statement).body[0]
    except SyntaxError:
        return None
    return made if isinstance(made, ast.AugAssign) else None


def _blocks(tree: ast.AST, source: Source) -> Iterator[list[Span]]:
    """The spans of the statements of each block."""
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            part = getattr(node, field, None)
            if isinstance(part, list):
                yield [_shifted(source.span(statement), source) for statement in part]


def _shifted(span: Span, source: Source) -> Span:
    return span[0] + source.first - 1, span[1], span[2] + source.first - 1, span[3]


def _holds(outer: Span, inner: Span) -> bool:
    return outer[:2] <= inner[:2] and inner[2:] <= outer[2:]
