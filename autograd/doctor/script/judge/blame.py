"""The place to blame for a fault: not a function that is right elsewhere, but its call with a wrong thing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ..watch.edits import Edit
from ..watch.node import Node, same_statement
from ..watch.sites import Site, around
from .arguments import argument, is_in
from .candidates import Change, Fault
from .locate import Locator
from .masks import new_draws
from .quantities import Quantity
from .ranking import is_sum, kind_of
from .replay import Layered, ancestors, compute_node

SCOPES = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
BACKWARD = re.compile(
    r"back|grad|deriv|delta|prime|slope|err|train|fit|step|update|learn|^d(?!rop|ense|ot|ata|ecode|raw)|_d|bp",
    re.IGNORECASE,
)
GRADIENT = re.compile(r"^[dg]|back|grad|deriv|delta|slope|err|self", re.IGNORECASE)


def place(locator: Locator, faults: list[Fault], known: list[Fault] | None = None) -> None:
    """Give every fault its place.

    Args:
        known: all that is found, where these are not.
    """
    blamed = {(node.site, node.context) for fault in known or faults for node in fault.nodes}
    for fault in faults:
        fault.place = (
            _step(locator, fault) or _given_name(locator, fault) or _written_over(locator, fault)
            or _argument(locator, fault) or _handed_over(locator, fault) or _kept_as_whole(locator, fault)
            or _caller(locator, fault, blamed)
        )  # fmt: skip


def mended_elsewhere(locator: Locator, fault: Fault, faults: list[Fault]) -> Iterator[Fault]:
    """The same fault at other places: its own line, the calls that lead there, the innermost first, and the lines that
    made a factor of it, or what a sum is added to.
    """  # fmt: skip
    sites = locator.look.training.tape.sites
    own = [fault.first.site] if fault.first.site is not None else []
    for site in (*own, *(sites[n] for n in calls_of(fault.first.context)[:2])):
        if site is not fault.place:
            yield replace(fault, place=site)
    alike = [other for other in faults if other.first.site is fault.first.site]
    if len(alike) > 1:
        yield from _factors(locator, _joined(alike))
    yield from _factors(locator, fault)
    total, right = fault.first, fault.right[id(fault.first)]
    for _ in range(3):
        base = _added_to(locator, total)
        if base is None or base.site is None:
            return
        theirs, was = ([np.asarray(v[id(n)], dtype=float) for v in locator.values] for n in (base, total))
        if total is fault.first:
            was = [np.asarray(w, dtype=float) for w in fault.wrong[id(total)]]
        if any(np.size(r) != np.size(w) for r, w in zip(right, was, strict=True)):
            return  # a number that is laid over all of them
        right = [x + np.reshape(r, np.shape(w)) - w for x, r, w in zip(theirs, right, was, strict=True)]
        wrong = {id(base): theirs}
        wanted = [fault.wanted[fault.nodes.index(fault.first)]]
        yield Fault([base], wanted, fault.scale, False, fault.repairs, {id(base): right}, wrong, place=base.site)
        total = base


def _joined(faults: list[Fault]) -> Fault:
    """What is wrong in one line at several turns of a loop, as one fault."""
    first = min(faults, key=lambda fault: fault.first.time)
    nodes = {id(node): (node, wanted) for each in faults for node, wanted in zip(each.nodes, each.wanted, strict=True)}
    return replace(
        first,
        nodes=[node for node, _ in nodes.values()],
        wanted=[wanted for _, wanted in nodes.values()],
        repairs=[*dict.fromkeys(name for each in faults for name in each.repairs)],
        right={key: value for each in faults for key, value in each.right.items()},
        wrong={key: value for each in faults for key, value in each.wrong.items()},
    )


def _factors(locator: Locator, fault: Fault) -> Iterator[Fault]:
    """The fault in what another line made and a product has as a factor: all is right if the other factor is."""
    for k in range(2):
        nodes: list[Node] = []
        right: Change = {}
        wrong: Change = {}
        for node in fault.nodes:
            factors = node.args if getattr(node.function, "__name__", "") in ("mul", "multiply") else ()
            if len(factors) != 2 or not all(isinstance(f, Node) and id(f) in locator.values[0] for f in factors):
                return
            theirs, others = (
                [np.asarray(v[id(f)], dtype=float) for v in locator.values] for f in (factors[k], factors[1 - k])
            )
            alike = all(np.shape(r) == np.shape(x) == np.shape(y) and np.all(y != 0.0)
                        for r, x, y in zip(fault.right[id(node)], theirs, others, strict=True))  # fmt: skip
            if not alike or same_statement(factors[k], node) or factors[k].site is None:
                break
            nodes.append(factors[k])
            right[id(factors[k])] = [r / y for r, y in zip(fault.right[id(node)], others, strict=True)]
            wrong[id(factors[k])] = theirs
        if len(nodes) == len(fault.nodes) and all(n.site is nodes[0].site for n in nodes):
            yield Fault(nodes, fault.wanted, fault.scale, False, fault.repairs, right, wrong, place=nodes[0].site)


def carried_empty(locator: Locator, fault: Fault) -> Fault | None:
    """The fault at the line that hands zeros to the next turn of a loop, `dh_next = np.zeros(n)`, where they are added
    to all that is there of a sum: what is missing in that belongs in their place.
    """  # fmt: skip
    nodes: list[Node] = []
    right: Change = {}
    wanted: list[Quantity] = []
    for node, quantity in zip(fault.nodes, fault.wanted, strict=True):
        both = [*zip(fault.right[id(node)], fault.wrong[id(node)], strict=True)]
        for base in _beside_in_sum(locator, node):
            old = [np.asarray(v[id(base)], dtype=float) for v in locator.values]
            if not np.any(old) and all(x.shape == np.shape(r) for x, (r, _) in zip(old, both, strict=True)):
                nodes.append(base)
                wanted.append(quantity)
                right[id(base)] = [r - np.reshape(w, np.shape(r)) for r, w in both]
    if not nodes or any(n.site is not nodes[0].site for n in nodes) or len({*map(id, nodes)}) < len(nodes):
        return None
    wrong = {key: [np.zeros(np.shape(r)) for r in values] for key, values in right.items()}
    return Fault(nodes, wanted, fault.scale, False, fault.repairs, right, wrong, place=nodes[0].site)


def _beside_in_sum(locator: Locator, node: Node) -> Iterator[Node]:
    """What an earlier turn of a loop, in a line further down, hands to the sum that a value is, or is a term of."""
    sums = [n for n in (node, *locator.look.consumers.get(id(node), ())) if same_statement(n, node)]
    for total in sums:
        for base in total.operands() if getattr(total.function, "__name__", "") in ("add", "iadd") else ():
            carried = base.site is not None and node.site is not None and base.site.span[0] > node.site.span[0]
            if carried and base.time < node.time and id(base) in locator.values[0]:
                yield base


def _added_to(locator: Locator, total: Node) -> Node | None:
    """What a line adds something to, where another line made it."""
    if not is_sum(total):
        return None
    shape = np.shape(locator.values[0][id(total)])
    bases = [n for n in total.operands() if id(n) in locator.look.to_end and not same_statement(n, total)]
    alike = [n for n in bases if np.shape(locator.values[0].get(id(n), 0.0)) == shape]
    return alike[0] if alike else None


def _step(locator: Locator, fault: Fault) -> Site | None:
    """The step that goes the wrong way, or too far, along a value which is what it is in the steps that are right."""
    ends, change = [end for name in fault.repairs for end in locator.look.ends[name]], fault.rescaled
    if change is None or change >= 0 or len(ends) != len(fault.nodes):
        return None
    apart = all(n in e.operands() and not same_statement(n, e) for n, e in zip(fault.nodes, ends, strict=True))
    return ends[0].site if apart and all(locator.by_custom(n, change) for n in fault.nodes) else None


def other_way(locator: Locator, fault: Fault) -> Iterator[Edit]:
    """The step with the other sign, where it is to blame."""
    site = fault.place if _is_backwards(locator, fault) else _step(locator, fault)
    if site is not None and site is fault.place:
        text = site.source.segment(site.statement)
        for old, new in (("-=", "+="), ("+=", "-="), (" - ", " + "), (" + ", " - ")):
            if text.count(old) == 1:
                yield Edit(site.source, site.statement, text.replace(old, new))
                return


def _is_backwards(locator: Locator, fault: Fault) -> bool:
    """Whether steps themselves are to blame, and should go as far the other way."""
    look = locator.look
    pairs = [
        (start, end) for name in fault.repairs for start, end in zip(look.starts[name], look.ends[name], strict=False)
    ]
    if [end for _, end in pairs] != fault.nodes:
        return False
    return all(
        np.allclose(np.asarray(right) + wrong, 2.0 * np.asarray(point.values[id(start)]), rtol=1e-9)
        for start, end in pairs
        for point, right, wrong in zip(locator.points, fault.right[id(end)], fault.wrong[id(end)], strict=True)
    )


def _given_name(locator: Locator, fault: Fault) -> Site | None:
    """Where a parameter is stored under another name, as its gradient, before the step uses that."""
    look, node = locator.look, fault.first
    site = node.site
    if site is None:
        return None
    used = {site.part(k) for k in range(len(site.parts))}
    for operand in node.operands():
        if look.start_ids.get(id(operand)) in fault.repairs:
            for time, scope, _, thing, place in look.training.tape.stores:
                named = thing is operand and place.kind == "store" and scope[0] != "return"
                made = operand.site is not None and operand.site.statement == place.statement
                elsewhere = place.statement != site.statement and not made
                found = place.target in used or scope[0] == "item"  # grads["b1"] = layer.b
                if named and time >= look.step.start and found and elsewhere:
                    return place
    return None


def _argument(locator: Locator, fault: Fault) -> Site | None:
    """The call of a function that computes the right thing of the wrong argument: `slope(a)` for `slope(z)`."""
    node = fault.first
    wanted = fault.wanted[fault.nodes.index(node)]
    calls = calls_of(node.context)
    if calls and wanted.kind == "slope" and wanted.start is wanted.node and not _reads(locator, node, wanted.node):
        return locator.look.training.tape.sites[calls[0]]
    if calls and wanted.kind == "slope" and wanted.start is not None and _is_right_of(locator, fault, wanted):
        return locator.look.training.tape.sites[calls[0]]
    if not calls or wanted.kind != "value" or wanted.node.function is not node.function:
        return None
    inside = [o for o in node.operands() if o.context == node.context and o.function is not None]
    return None if inside else locator.look.training.tape.sites[calls[0]]


def _is_right_of(locator: Locator, fault: Fault, wanted: Quantity) -> bool:
    """Whether a function that is given an activation gives the right slope of what the activation is computed from; or
    the other way round, where it is called for this only: `slope(z)` with `a * (1 - a)` in it.
    """  # fmt: skip
    node, values = fault.first, locator.points[0].values
    inside = sorted(ancestors([node], lambda n: not _is_in(n, node.context)), key=lambda n: n.time)
    given = {id(o): o for n in inside for o in n.operands() if not _is_in(o, node.context) and id(o) in values}.values()
    if any(id(n) not in values for n in (wanted.start, wanted.node)):
        return False
    z, a = values[id(wanted.start)], values[id(wanted.node)]
    right = fault.right[id(node)][0]
    for taken, instead in ((a, z), (z, a))[: 1 + (len(fault.nodes) == 1)]:
        same = [n for n in given if np.shape(values[id(n)]) == np.shape(taken)
                and np.allclose(values[id(n)], taken, rtol=1e-9)]  # fmt: skip
        mixed = Layered({id(n): instead for n in same}, values)
        for each in inside if same else ():
            if _is_in(each, node.context):
                mixed.new[id(each)] = compute_node(each, mixed)
        if same and np.allclose(np.ravel(mixed[id(node)]), np.ravel(right), rtol=1e-9):
            return True
    return False


def _is_in(node: Node, context: Any) -> bool:
    """Whether a value is computed in a call, or in those that it makes."""
    return node.function is not None and is_in(node, context)


def _reads(locator: Locator, node: Node, shares: Node) -> bool:
    """Whether what a function is given is what its result should be the slopes of, or a row of it."""
    theirs = np.ravel(locator.values[0][id(shares)])
    given = ancestors([node], lambda n: n.context != node.context or n.function is None)
    rows = (np.ravel(locator.values[0][id(n)]) for n in given if n.context != node.context)
    return any(row.size and np.isin(row, theirs).all() for row in rows)


def _written_over(locator: Locator, fault: Fault) -> Site | None:
    """The line of a loop that stores what the step reads, once for each turn, so that only the last is left."""
    step, kinds = locator.look.step, ("item", "attribute", "frame")
    stores = [s for s in locator.look.training.tape.stores
              if step.start < s[0] <= fault.first.time and s[4].kind == "store" and s[1][0] in kinds]  # fmt: skip
    for operand in fault.first.operands() if fault.wanted[0].block else ():
        for _, scope, key, thing, site in reversed(stores):
            if thing is operand and operand.site is not None and operand.site.statement != site.statement:
                turns = [s[3] for s in stores if s[1] == scope and s[2] == key and s[4] is site]
                if len(turns) > 2 and turns[-1] is operand:
                    return cast(Site, site)
    return None


def _handed_over(locator: Locator, fault: Fault) -> Site | None:
    """The argument of a call that is given what is right for another: `layer1.backward(layer2.dx)`."""
    node, look = fault.first, locator.look
    if fault.rescaled is not None or len(fault.nodes) > 1 or not fault.elsewhere:
        return None
    readers = [n for n in look.consumers.get(id(node), ()) if set(locator.blocks_after(n)) & set(fault.repairs)]
    outside = _contexts(node)
    entered = [[c for c in _contexts(n) if c not in outside][-1:] for n in readers]
    if not entered or not entered[0] or any(each != entered[0] for each in entered):
        return None
    context, tape, first = entered[0][0], look.training.tape, min(n.time for n in readers)
    frames = [f for time, inside, f, _ in tape.calls if inside == context and node.time <= time <= first]
    inside = [s for s in tape.stores if s[1] == ("frame", (*frames, 0)[0]) and s[0] <= first]
    return argument(tape.sites[context[1]], inside, node)


def _kept_as_whole(locator: Locator, fault: Fault) -> Site | None:
    """Where what a call passes back by one path is stored as the whole: what the others pass is missing there."""
    node, path = fault.first, locator.path_of(fault)
    if node.site is None or node.context is None or len(fault.nodes) > 1 or path is None:
        return None
    consumers = locator.quantities.consumers[id(path.node)]
    left = [c for c in consumers if (c is path.start if path.kind == "rest" else c is not path.consumer)]
    if {c.context for c in left} & {c.context for c in consumers if c not in left}:
        return None  # what is left out belongs to the same call
    stores = locator.look.training.tape.stores
    return next(
        (site for _, scope, _, thing, site in stores if thing is node and site.kind == "store"
         and scope[0] == "frame" and site.function != node.site.function), None,
    )  # fmt: skip


def _caller(locator: Locator, fault: Fault, blamed: set[Any]) -> Site | None:
    """The node's own place; where that is right all through another call, that of the call that is to blame."""
    node = fault.first
    steps = locator.look.program.steps
    others = [
        n for n in steps
        if n.site is node.site and (n.site, n.context) not in blamed and kind_of(n) == kind_of(node)
        and np.size(n.value) > 1 and id(n) in locator.look.to_end and n.context != node.context
    ]  # fmt: skip
    found, calls = node.site, calls_of(node.context)
    plain = calls and found is not None and _knows_no_gradient(found)
    if plain and new_draws(locator.found, [node, *node.operands()]):  # it is to draw: the call is wrong
        return locator.look.training.tape.sites[calls[0]]
    for level, number in enumerate(calls):
        if not others:
            break
        others = [n for n in others if calls_of(n.context)[level : level + 1] == [number]]
        found = locator.look.training.tape.sites[number]
        if not others and level + 1 < len(calls) and _knows_no_gradient(found):
            return locator.look.training.tape.sites[calls[level + 1]]
    return found


def _knows_no_gradient(site: Site) -> bool:
    """Whether a line stands in a function of no object, whose names tell of no way back, `correlate_full(img, ker)`: it
    hands to another what it is given, and whoever calls it knows what that is.
    """  # fmt: skip
    scopes = [n for n in around(site) if isinstance(n, SCOPES)]
    if not scopes or not isinstance(scopes[-1], ast.FunctionDef):
        return False
    given = [a.arg for a in scopes[-1].args.args]
    plain = not any(isinstance(n, ast.ClassDef) for n in scopes) and bool(given)
    return plain and not BACKWARD.search(scopes[-1].name) and not any(GRADIENT.search(name) for name in given)


def _contexts(node: Node) -> list[Any]:
    """The calls that a node was computed in, the innermost first."""
    out, context = [], node.context
    while context is not None:
        out.append(context)
        context = context[0]
    return out


def calls_of(context: Any) -> list[int]:
    """The numbers of the places that calls were made from, the innermost first."""
    out = []
    while context is not None:
        out.append(context[1])
        context = context[0]
    return out
