"""Slopes that are taken at results: `dsigmoid(f)` in several places, where f is a sigmoid already.

One such place is found by what is right with it mended. Where a helper is misunderstood, every call of it is wrong, and
nothing comes right until all are mended: so they are tried together.
"""

from __future__ import annotations

import ast
import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..language import say
from .judge.look import Point
from .judge.quantities import Quantities
from .judge.verdicts import Judgement, verdict
from .slip import Slip
from .watch.edits import Edit
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site

Array = Any
SEVERAL = 2  # places: of one, the usual way tells more
EXACT = 1e-9


def _sigmoid(z: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * z))


KNOWN: list[tuple[Callable[[Array], Array], Callable[[Array], Array], str]] = [
    (_sigmoid, lambda a: a * (1 - a), "{0} * (1 - {0})"),
    (np.tanh, lambda a: 1 - a * a, "1 - {0}**2"),
]
"""Activations, each with its slope, computed from its result, and how that is written."""


def slopes_at_results(found: Judgement, recording: Recording) -> list[Slip]:
    """The calls that take a slope at a result, where the steps come right with all of them mended."""
    wrong = {name for name, v in found.verdicts.items() if not v.right and not v.silent}
    calls = _calls(found, recording) if wrong else {}
    if len(calls) < SEVERAL:
        return []
    changed = [
        {id(node): slope(np.asarray(point.values[id(at)]))
         for each in calls.values() for node, at, slope, _ in each} for point in found.points
    ]  # fmt: skip
    again = [
        Point({**point.values, **found.look.program.rerun(point.values, new)}, point.moved)
        for point, new in zip(found.points, changed, strict=True)
    ]
    now = {name: verdict(found.look, again, found.bars, name, found.forward).right for name in found.verdicts}
    mended = [name for name in found.verdicts if name in wrong and now[name]]
    if not mended or any(v.right and not now[name] for name, v in found.verdicts.items()):
        return []
    out = []
    for number, each in calls.items():
        site, after = recording.hooks.sites[number], _blocks_after(found, [node for node, *_ in each])
        says = say("fault_activation-applied-twice", node=site.part(0).strip())
        names = [name for name in mended if name in after]
        out.append(Slip(site, "activation-applied-twice", says, names, _edit(site, each[0][3])))
    return sorted(out, key=lambda slip: slip.site.span)


def _calls(found: Judgement, recording: Recording) -> dict[int, list[tuple[Node, Node, Any, str]]]:
    """By the number of a call, what it gives in this step: the node, the result it is taken at, the slope, its text."""
    values = [point.values for point in found.points]
    given: dict[int, list[Node]] = defaultdict(list)
    other = set[int]()  # calls that do something else, too
    for time, scope, context, node, _ in recording.tape.stores:
        if scope[0] != "return" or context is None or not found.look.step.start < time <= found.look.step.end:
            continue
        site = recording.hooks.sites[context[1]]
        if site.kind != "call" or not isinstance(node, Node) or id(node) not in found.look.to_end:
            continue
        if id(node) in found.forward or len(site.parts) != 1 or not all(_is_slope(each, node) for each in values):
            other.add(site.number)
        given[site.number].append(node)
    given = {number: nodes for number, nodes in given.items() if number not in other}
    results = [*_results(found)] if len(given) >= SEVERAL else []
    out: dict[int, list[tuple[Node, Node, Any, str]]] = {}
    for number, nodes in given.items() if results else ():
        taken = [next((r for r in results if _is_taken_at(node, *r, values)), None) for node in nodes]
        if all(taken):
            out[number] = [(node, r[0], r[2], r[3]) for node, r in zip(nodes, taken, strict=True) if r is not None]
    return out


def _is_slope(values: Any, node: Node) -> bool:
    """Whether numbers may be slopes of activations: none is below 0, or above 1."""
    theirs = np.asarray(values.get(id(node), -1.0))
    return theirs.dtype.kind == "f" and bool(np.all((theirs >= 0) & (theirs <= 1)))


def _results(found: Judgement) -> Iterator[tuple[Node, Any, Any, str]]:
    """The results of activations that no activation is taken of: each with the function, the slope and its text."""
    pairs = {(id(z), id(a)): (z, a) for z, a, _ in Quantities(found).activations}
    starts = {id(z) for z, _ in pairs.values()}
    for z, a in pairs.values():
        for function, slope, text in KNOWN:
            if id(a) not in starts and all(
                np.allclose(function(np.asarray(p.values[id(z)], float)), p.values[id(a)], rtol=EXACT, atol=0.0)
                for p in found.points
            ):
                yield a, function, slope, text


def _is_taken_at(node: Node, result: Node, function: Any, slope: Any, _: str, values: list[Any]) -> bool:
    """Whether a value is the slope of an activation at its result."""
    for each in values:
        theirs, at = np.asarray(each[id(node)]), np.asarray(each[id(result)], float)
        if theirs.shape != at.shape or not np.allclose(theirs, slope(function(at)), rtol=EXACT, atol=0.0):
            return False
    return True


def _blocks_after(found: Judgement, nodes: list[Node]) -> set[str]:
    after = {id(node) for node in nodes}
    for node in found.look.program.steps:
        if any(id(operand) in after for operand in node.operands()):
            after.add(id(node))
    return {name for name, ends in found.look.ends.items() if any(id(end) in after for end in ends)}


def _edit(site: Site, slope: str) -> Edit | None:
    """The slope, written from the result; of `dtanh(np.tanh(c))` the activation is taken away."""
    text, span = site.part(0).strip(), site.parts[0]
    try:
        inside = ast.parse(textwrap.dedent(text), mode="eval").body
    except SyntaxError:
        return None
    if isinstance(inside, ast.Call) and len(inside.args) == 1 and span is not None:
        inner = ast.get_source_segment(text, inside.args[0])
        return Edit(site.source, span, inner) if inner else None
    atom = text if isinstance(inside, (ast.Name, ast.Attribute, ast.Subscript)) else f"({text})"
    line = site.source.lines[site.span[0] - site.source.first]
    before = line[: site.span[1]].rstrip()[-1:]
    after = site.source.lines[site.span[2] - site.source.first][site.span[3] :].lstrip()[:1]
    alone = before in "(,=" and after in "),#"  # "" stands in any text
    new = slope.format(atom)
    return Edit(site.source, site.span, new if alone else f"({new})")
