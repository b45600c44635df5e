"""Running means that are stored as they are corrected, so that the next step begins with that.

What to write gives the corrected one a name of its own, in the line that corrects it and in those that step along it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ..language import say
from .judge.invented import number_of
from .moments import QUOTIENT, Moments, exponent, is_number, moment, name_of
from .slip import Found, Slip
from .watch.edits import Edit, patched
from .watch.sites import Site, Source, tree_of

Statement = ast.Assign | ast.AugAssign


def stored_corrected(of: Moments) -> Found:
    """A mean whose state is what was corrected."""
    found = []
    for node, mean in of.all:
        by = mean.old.args[1] if mean.decay != 1 and name_of(mean.old) in QUOTIENT else None
        if by is None or not is_number(by) or not exponent(number_of(by), mean.decay):
            continue
        before, site = moment(mean.old.args[0]), mean.old.site
        if before is not None and before.node.site is node.site and site is not None:
            found.append((node, site))
    edit = under_other_names([*dict.fromkeys(site for _, site in found)])
    lines = {site.line for _, site in found}
    for node, site in found:
        said = say("line_corrected", node=site.part(0))
        rest = range(site.line + 1, site.line + 1 if edit is None else edit.span[2] + 1)
        more = [(k, edit.line_at(k)) for k in rest if edit is not None and k not in lines]
        said += "".join(say("line_then", line=k, text=text) for k, text in more if text != site.source.line(k))
        yield node, Slip(site, "accumulated", said, [], edit)


def under_other_names(sites: Sequence[Site]) -> Edit | None:
    """The lines from the first correction on with a name for each corrected mean; None where that is not plain.

    >>> source = Source("a.py", "m = b * m + g\\nm = m / (1 - b ** t)\\nw -= m")
    >>> under_other_names([Site(0, "store", source, (2, 0, 2, 20), (), (2, 0, 2, 20), "")]).new
    'm_hat = m / (1 - b ** t)\\nw -= m_hat'
    """
    if not sites or any(site.source is not sites[0].source for site in sites):
        return None
    source, lines = sites[0].source, {site.line for site in sites}
    for block in _blocks(tree_of(source)):
        here = [s for s in block if s.lineno in lines and isinstance(s, Statement) and s.lineno == s.end_lineno]
        if len({s.lineno for s in here}) < len(lines):
            continue
        edits: list[Edit] = []
        for statement in here:
            some = _renamed(source, statement, block[block.index(statement) + 1 :])
            if not some:
                return None
            edits += some
        first, last = min(e.span[0] for e in edits), max(e.span[2] for e in edits)
        start = min(e.span[1] for e in edits if e.span[0] == first)
        after = Source(source.path, patched(source.text, edits, source.first), source.first)
        whole, fresh = ((first, start, last, len(s.lines[last - s.first])) for s in (source, after))
        return Edit(source, whole, after.segment(fresh))
    return None


def _renamed(source: Source, correction: Statement, after: list[ast.stmt]) -> list[Edit]:
    """The edits that give what one statement corrects another name; none where it is not read."""
    if isinstance(correction, ast.Assign) and len(correction.targets) > 1:  # it has one, and that of the mean besides
        read = {ast.unparse(n) for n in ast.walk(correction.value)}
        ends = [*correction.targets[1:], correction.value]
        return [Edit(source, (*source.span(t)[:2], *source.span(end)[:2]), "")
                for t, end in zip(correction.targets, ends, strict=True) if ast.unparse(t) in read][:1]  # fmt: skip
    target = correction.targets[0] if isinstance(correction, ast.Assign) else correction.target
    text = ast.unparse(target)
    base = target.value if isinstance(target, ast.Subscript) else target
    name = f"{ast.unparse(base).rpartition('.')[2]}_hat"
    if not name.isidentifier() or re.search(rf"\b{name}\b", source.text):
        return []
    reads = [
        n for s in after if not _only_stores(s) for n in ast.walk(s)
        if isinstance(n, ast.expr) and isinstance(getattr(n, "ctx", None), ast.Load) and ast.unparse(n) == text
    ]  # fmt: skip
    stored = [n for s in after for n in ast.walk(s) if isinstance(n, ast.expr) and ast.unparse(n) == text
              and isinstance(getattr(n, "ctx", None), ast.Store)]  # fmt: skip
    if not reads or stored:
        return []
    if isinstance(correction, ast.Assign):
        own = Edit(source, source.span(target), name)
    else:
        value = source.segment(source.span(correction.value))
        own = Edit(source, source.span(correction), f"{name} = {text} / ({value})")
    return [own, *(Edit(source, source.span(n), name) for n in reads)]


def _only_stores(statement: ast.stmt) -> bool:
    """Whether a statement gives names, as they are, to other names."""
    if not isinstance(statement, ast.Assign):
        return False
    values = statement.value.elts if isinstance(statement.value, ast.Tuple) else [statement.value]
    return all(isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) for value in values)


def _blocks(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block
