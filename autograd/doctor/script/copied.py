"""One of several lines that are alike reads the state of another: `vb = mu * vW - db` beside `vW = mu * vW - dW`."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from ..language import say
from .slip import Slip
from .watch.edits import Edit
from .watch.record import Recording
from .watch.sites import Site, Span

ALIKE = 2  # lines that read what they store, beside the one that reads what another stores


def copied(recording: Recording) -> list[Slip]:
    """The lines that read the state that another of the lines stores, where all others read their own."""
    groups: dict[str, list[tuple[Site, list[tuple[str, Span]]]]] = defaultdict(list)
    assert recording.training is not None
    begin = recording.training.steps[0].start
    sites = {(site.source.path, site.statement): site for time, _, _, _, site in recording.tape.stores
             if time > begin and site.kind == "store" and site.statement[0] == site.statement[2]}  # fmt: skip
    for site in sites.values():
        found = _skeleton(site)
        if found is not None:
            groups[f"{site.source.path} {site.function} {found[0]}"].append((site, found[1]))
    return [slip for group in groups.values() for slip in _odd(group)]


def _odd(group: list[tuple[Site, list[tuple[str, Span]]]]) -> Iterator[Slip]:
    targets = [site.target for site, _ in group]
    for slot in range(len(group[0][1])):
        own = [names[slot][0] == site.target for site, names in group]
        if sum(own) < max(ALIKE, len(group) - 1) or all(own):
            continue
        site, names = group[own.index(False)]
        name, span = names[slot]
        if name in targets and site.target not in [each for each, _ in names]:
            edit = Edit(site.source, span, site.target)
            yield Slip(site, "wrong-operand", say("line_wrong-operand", old=name, new=site.target), [], edit)


def _skeleton(site: Site) -> tuple[str, list[tuple[str, Span]]] | None:
    """A statement without the names of arrays, and these names with their places."""
    try:
        tree = ast.parse(site.source.segment(site.statement)).body[0]
    except (SyntaxError, IndexError):
        return None
    if not isinstance(tree, ast.Assign) or len(tree.targets) != 1 or ast.unparse(tree.targets[0]) != site.target:
        return None
    line, start = site.statement[0], site.statement[1]
    names: list[tuple[str, Span]] = []

    def taken(node: ast.AST) -> str:
        if isinstance(node, (ast.Name, ast.Attribute)) and isinstance(node.ctx, ast.Load):
            names.append((ast.unparse(node), (line, start + node.col_offset, line, start + (node.end_col_offset or 0))))
            return "_"
        inner = ",".join(taken(child) for child in ast.iter_child_nodes(node))
        value = repr(node.value) if isinstance(node, ast.Constant) else ""
        return f"{type(node).__name__}{value}({inner})"

    return taken(tree.value), names
