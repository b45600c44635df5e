"""Updates that are lost: `b = self.b - rate * db` in a method, or `for w, g in pairs: w = w - rate * g`.

Such a line makes a new array, and nothing reads it: what was to be updated stays as it is. It is told by the tape
alone, for where all updates are lost there is no training.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from .slip import Slip
from .watch.direct import direct
from .watch.edits import Edit
from .watch.node import Node, comes_from, same_statement
from .watch.record import Recording
from .watch.sites import Site, around, tree_of, turning

SEEN = 3  # times that the same array is the one to be updated
PLUS = (ast.Add, ast.Sub)
SOURCES = ("add", "sub", "subtract")


@dataclass(frozen=True)
class _Lost:
    """A result that nothing reads.

    Args:
        node: the result.
        old: the array that it is a change of.
        site: where it is stored, or, where it is not, computed.
    """

    node: Node
    old: Node
    site: Site


def lost_updates(recording: Recording) -> list[Slip]:
    """The lines whose results are lost, and what to write."""
    found: dict[int, Slip] = {}
    rows: dict[int, list[_Lost]] = defaultdict(list)
    for each in _results(recording):
        rows[each.site.number].append(each)
    consumers, held = (recording.consumers, _held(recording)) if rows else ({}, set())
    for row in rows.values():
        if any(consumers.get(id(each.node)) or id(each.node) in held for each in row):
            continue
        again = max((sum(each.old is other.old for other in row) for each in row), default=0)
        if again >= SEEN and all(_follows(each, consumers) for each in row[-2:]):
            slip = _slip(recording, row[-1])
            if slip is not None:
                known = found.setdefault(slip.site.number, slip)
                known.names += [name for name in slip.names if name not in known.names]
    return [*found.values()]


def _results(recording: Recording) -> Iterator[_Lost]:
    """Sums and differences that are stored under a local name, or not at all."""
    tape, origins = recording.tape, dict[int, Any]()
    for _, scope, _, thing, site in tape.stores:
        made = isinstance(thing, Node) and getattr(thing.function, "__name__", "") in SOURCES
        if scope[0] == "frame" and site.kind in ("store", "augmented") and made:
            old = _changed(thing, origins)
            if old is not None:
                yield _Lost(thing, old, site)
    idle = _idle_statements(recording)
    for node in tape.nodes if idle else ():
        if node.site is not None and (node.site.source.path, node.site.span) in idle:
            old = _changed(node, origins)
            if old is not None:
                yield _Lost(node, old, node.site)


def _changed(node: Node, origins: dict[int, Any]) -> Node | None:
    """What a result is a change of, made in another statement.

    Args:
        origins: that of each node which was asked for before: a loop's line goes on from its own results.
    """
    at: Any = node
    while isinstance(at, Node) and same_statement(at, node):
        if id(at) in origins:
            at = origins[id(at)]
            break
        inside = direct(at)
        at = inside[0] if inside else None
    origins[id(node)] = at
    return at if isinstance(at, Node) and not at.hyper and np.shape(at.value) == np.shape(node.value) else None


def _idle_statements(recording: Recording) -> set[Any]:
    """`self.b - rate * db` as a statement, which does nothing."""
    sources = {id(site.source): site.source for site in recording.tape.sites}
    return {
        (source.path, source.span(node.value)) for source in sources.values() for node in ast.walk(tree_of(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.BinOp) and isinstance(node.value.op, PLUS)
    }  # fmt: skip


def _tree(text: str) -> ast.AST:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])


def _held(recording: Recording) -> set[int]:
    """What is kept elsewhere than under a local name: in an attribute, a list, a print."""
    tape = recording.tape
    kept = {id(thing) for _, scope, _, thing, _ in tape.stores if scope[0] not in ("frame", "return")}
    kept |= {id(operand) for condition in tape.conditions for operand in condition.operands()}
    kept |= {id(node) for _, node, site in tape.shown if ".append" in site.text}
    return kept


def _follows(lost: _Lost, consumers: dict[int, list[Node]]) -> bool:
    """Whether what is added to an array was computed of it, elsewhere: a step."""
    beside = [o for o in _beside(lost.node) if o is not lost.old]
    elsewhere = any(not same_statement(user, lost.node) for user in consumers.get(id(lost.old), ()))
    return elsewhere and comes_from({id(lost.old)}, beside, lost.old.time)


def _beside(node: Node) -> Iterator[Node]:
    """The operands of a result that it is no change of."""
    way = [o for o in direct(node)[:1] if isinstance(o, Node)]
    yield from (o for o in node.operands() if o not in way)
    if way and same_statement(way[0], node):
        yield from _beside(way[0])


def _slip(recording: Recording, lost: _Lost) -> Slip | None:
    """What is said of a line, and what to write."""
    site = lost.site
    read = _read(site)
    if read is None:
        return None
    if site.kind not in ("store", "augmented"):
        name = ast.unparse(read)
        edit = Edit(site.source, _behind(site, read), _operator(site, read) + "=")
        return Slip(site, "never-updated", say("line_no_effect", node=site.text, block=name), [name], edit)
    returned = _returned(site)
    if returned is not None:
        return _unkept(recording, lost, returned)
    name = site.target if site.kind == "augmented" else ast.unparse(read)
    says = say("line_lost-update", node=" ".join(site.text.split()), block=name)
    return Slip(site, "never-updated", says, [name], _edit(lost, read))


def _read(site: Site) -> ast.expr | None:
    """What a statement reads as that which it changes."""
    body = getattr(_tree(site.source.segment(site.statement)), "body", [])
    made = body[0] if body else None
    value = made.target if isinstance(made, ast.AugAssign) else getattr(made, "value", None)
    while isinstance(value, ast.BinOp) and isinstance(value.op, PLUS):
        value = value.left
    return value if isinstance(value, (ast.Name, ast.Attribute, ast.Subscript)) else None


def _edit(lost: _Lost, read: ast.expr) -> Edit | None:
    """`self.b = self.b - ...` for `b = self.b - ...`, and `w -= ...` for `w = w - ...`."""
    site, text = lost.site, ast.unparse(read)
    whole = ast.parse(site.source.segment(site.statement)).body[0]
    if not isinstance(whole, ast.Assign) or len(whole.targets) != 1 or not isinstance(whole.targets[0], ast.Name):
        return None
    start = site.statement[:2]
    if not isinstance(read, ast.Name) or (not site.function and text not in turning(site)):
        return Edit(site.source, (*start, site.statement[0], start[1] + len(site.target)), text)
    value = whole.value
    if not isinstance(lost.old.value, np.ndarray):
        return None  # a plain number cannot be changed in place
    if isinstance(value, ast.BinOp) and not isinstance(value.left, ast.Name):  # w - a - b
        between = f"{text}[...]"
        return Edit(site.source, (*start, site.statement[0], start[1] + len(site.target)), between)
    behind = _behind(site, read)
    return Edit(site.source, (*start, *behind[2:]), f"{text} {_operator(site, read)}=")


def _behind(site: Site, read: ast.expr) -> Any:
    """The place of the sign behind what is read, in the first line of a statement."""
    line, start = site.statement[0], site.statement[1]
    at = start + (read.end_col_offset or 0)
    text = site.source.lines[line - site.source.first]
    sign = next((k for k in range(at, len(text)) if text[k] in "+-"), at)
    return line, sign, line, sign + 1


def _operator(site: Site, read: ast.expr) -> str:
    return site.source.segment(_behind(site, read))


def _returned(site: Site) -> ast.Return | None:
    """The `return` of a function that gives out what a statement stores."""
    path = around(site)
    inside = [node for node in path if isinstance(node, ast.FunctionDef)]
    returns = (n for n in ast.walk(inside[-1]) if isinstance(n, ast.Return)) if inside else ()
    return next(
        (n for n in returns if site.target in (ast.unparse(e) for e in ast.walk(n) if isinstance(e, ast.Name))), None
    )


def _unkept(recording: Recording, lost: _Lost, returned: ast.Return) -> Slip | None:
    """A call whose result is thrown away: `update(w, b, dw, db)` for `w, b = update(w, b, dw, db)`."""
    if lost.node.context is None:
        return None
    call = recording.tape.sites[lost.node.context[1]]
    body = getattr(_tree(call.source.segment(call.statement)), "body", [])
    if not body or not isinstance(body[0], ast.Expr) or not isinstance(body[0].value, ast.Call):
        return None
    path = around(lost.site)
    function = next(node for node in reversed(path) if isinstance(node, ast.FunctionDef))
    names = [each.arg for each in function.args.args]
    given = dict(zip(names, (ast.unparse(each) for each in body[0].value.args), strict=False))
    given |= {each.arg: ast.unparse(each.value) for each in body[0].value.keywords if each.arg}
    parts = returned.value.elts if isinstance(returned.value, ast.Tuple) else [returned.value]
    whole = all(isinstance(part, ast.Name) and part.id in given for part in parts)
    text = ", ".join(given[part.id] for part in parts if isinstance(part, ast.Name)) if whole else ""
    edit = Edit(call.source, (*call.statement[:2], *call.statement[:2]), f"{text} = ") if whole else None
    name = given.get(lost.site.target, lost.site.target)
    says = say("line_unkept", node=" ".join(call.text.split()), block=name)
    return Slip(call, "never-updated", says, [name], edit)
