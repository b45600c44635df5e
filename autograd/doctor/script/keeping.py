"""Mistakes in what the steps of momentum and its kin keep from one to the next.

Set to 0 again, never stored, kept for two parameters at once: such steps go downhill all the same.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..language import say
from .judge.look import Look
from .moments import DIFFERENCE, SEEN, Moment, Moments, core, factors, is_number, moment, name_of, same
from .nesterov import linear, sums_in, turned
from .slip import Found, Slip
from .watch.edits import Edit
from .watch.loops import find_loops
from .watch.node import Node
from .watch.sites import Site, around
from .watching import same_samples

ZEROS = ("zeros", "zeros_like")
SELDOM = ("If", "Try", "IfExp", "BoolOp")  # what is done under conditions
LAZY = (".get(", ".setdefault(")


def _of_zeros(of: Moments) -> Iterator[list[tuple[Node, Node]]]:
    """What is begun with zeros: the running means and sums of a line, each with the zeros that it goes on from."""
    rows: dict[Any, list[tuple[Node, Node]]] = defaultdict(list)
    sums = {id(q.below.moment.node) for q in of.quotients if q.below.moment is not None and q.below.rooted}
    for node, kept in of.all:
        begins = id(node) not in of.ends and (kept.decay < 1 or id(node) in sums)
        old = core(kept.old) if begins else None
        if isinstance(old, Node) and name_of(old) in ZEROS and old.site is not None and np.ndim(old.value):
            rows[node.site].append((node, old))
    yield from rows.values()


def _called_from(of: Moments, node: Node, loop: int | None = None) -> Site | None:
    """The line in a loop, the innermost or a given one, in which a node is made, or that calls what makes it."""
    site, around = node.site, node.context
    while site is not None and around is not None and not (site.loops if loop is None else loop in site.loops):
        around, site = around[0], of.recording.tape.sites[around[1]]
    return site if site is not None and (site.loops if loop is None else loop in site.loops) else None


def _place(of: Moments, old: Node, loop: int | None = None) -> tuple[Site | None, str]:
    """Where something is begun, and what it is called there."""
    site = _called_from(of, old, loop)
    stores = [
        s for _, scope, _, thing, s in of.recording.tape.stores if thing is old and s.target and scope[0] != "return"
    ]
    if site is None or (stores and stores[0].function == site.function):
        site = stores[0] if stores else site or old.site
    return site, stores[0].target if stores else "" if site is None else site.text


def _begun_anew(of: Moments) -> Found:
    """A velocity, or a sum of squares, that is set to 0 in each step."""
    begin = of.training.steps[0].start
    for row in _of_zeros(of):
        row = [(node, old) for node, old in row if old.time > begin]
        steps = {of.step_of(node) for node, old in row if of.step_of(node) == of.step_of(old) >= 0}
        all_of_it = all(of.step_of(node) == of.step_of(old) for node, old in row)
        if len(steps) < max(SEEN, len(of.training.steps) - 1) or not all_of_it or not of.stepped_along(row[0][0]):
            continue
        store, name = _place(of, row[0][1])
        if store is not None:
            yield row[0][0], Slip(store, "zero", say("line_begun_anew", node=name))


def _begun_again(of: Moments) -> Found:
    """A velocity that each turn of a loop sets to 0, a loop of several steps whose parameters go on."""
    opened, steps = _open(of), of.training.steps
    epochs = find_loops(of.recording.tape, of.recording.hooks.turns, of.training).epochs
    for row in _of_zeros(of) if epochs is not None else ():
        for node, old in row:
            around = [(start, end, loop) for start, end, loop in opened if start < old.time < end]
            inside = [(a, b, loop) for a, b, loop in around if sum(a <= s.start and s.end <= b for s in steps) > 1]
            if not inside:
                continue
            start, _, loop = inside[-1]
            site, name = _place(of, old, loop)
            moved = of.moved(node)
            goes_on = all(
                c.states[0].time <= start for p in of.training.parameters if p.name in moved for c in p.chains
            )
            # a loop around that of the epochs is one of phases, and these may begin anew
            mine = epochs is not None and loop == epochs.number
            if site is None or not mine or not moved or not goes_on or not of.stepped_along(node):
                continue
            through_samples = not same_samples(Look(of.training, steps[min(1, len(steps) - 1)]))
            if through_samples and _always(old.site, None) and _always(site, of.recording.tape.sites[loop]):
                yield node, Slip(site, "zero", say("line_begun_again", node=name))
            break


def _open(of: Moments) -> list[tuple[int, float, int]]:
    """From when to when a loop was gone through, and which."""
    found, running = list[tuple[int, float, int]](), dict[int, int]()
    for time, number in of.recording.hooks.turns:
        if number > 0:
            running.setdefault(number, time)
        elif -number in running:
            found.append((running.pop(-number), float(time), -number))
    found += [(start, float("inf"), number) for number, start in running.items()]
    return sorted(found)


def _always(site: Site | None, loop: Site | None) -> bool:
    """Whether a line is run in each turn of a loop, or whenever its function is called."""
    if site is None or any(lazy in site.source.segment(site.statement) for lazy in LAZY):
        return False
    path = around(site)
    first = next((k for k, n in enumerate(path) if loop is not None and getattr(n, "lineno", 0) == loop.line), 0)
    functions = [k for k, n in enumerate(path) if isinstance(n, ast.FunctionDef)]
    inside = path[max([first, *functions]) + 1 :]
    whole = [each for node in inside[-1:] for each in ast.walk(node)]
    return not any(type(node).__name__ in SELDOM for node in [*inside, *whole])


def _never_kept(of: Moments) -> Found:
    """A running mean that begins in each step with what it was at first: what it becomes is not stored."""
    rows: dict[Any, list[tuple[Node, Node]]] = defaultdict(list)
    begin = of.training.steps[0].end
    for node, kept in of.all:
        goes_on = (kept.decay < 1 or kept.square is not None) and id(node) not in of.ends and of.step_of(node) > 0
        old = core(kept.old) if goes_on else None
        if isinstance(old, Node) and old.time <= begin and not np.any(old.value):
            rows[node.site, id(old)].append((node, old))
    for row in rows.values():
        if len({of.step_of(node) for node, _ in row}) >= max(SEEN, len(of.training.steps) - 2):
            node, old = row[0]
            if of.stepped_along(node):
                stores = [(scope[0], site) for _, scope, _, thing, site in of.recording.tape.stores if thing is node]
                given_back = any(kind == "return" for kind, _ in stores)  # then it is for the caller to keep it
                site = _called_from(of, node) if given_back else None
                edits = (_in_place(node, store) for kind, store in stores if kind == "frame" and not given_back)
                assert node.site is not None
                says = say("line_never_kept", node=node.site.text)
                yield node, Slip(site or node.site, "zero", says, [], next(edits, None))


def _in_place(node: Node, store: Site) -> Edit | None:
    """The numbers of an array that a function is given, in the place of its name in there: `m[:] = ...`."""
    line, column = store.statement[:2]
    span = (line, column, line, column + len(store.target))
    written = store.target.isidentifier() and store.source.segment(span) == store.target
    return (
        Edit(store.source, span, f"{store.target}[:]") if written and store.function and np.ndim(node.value) else None
    )


def _shared(of: Moments) -> Found:
    """A velocity that two parameters go along in turn: it goes on from what the gradient of the other left in it."""
    known: dict[int, Moment] = {id(each.node): each for each in of.kept}
    for each in of.kept:
        before = known.get(id(core(each.old)))
        if before is None or each.decay == 1 or of.step_of(each.node) != of.step_of(before.node):
            continue
        site, name = each.node.site, of.names.get(id(each.node), "")
        if site is None or site is before.node.site or name != of.names.get(id(before.node), ""):
            continue
        mine, theirs = (_along(of, one.node) for one in (each, before))
        if not mine & theirs and len(mine | theirs) > 1 and not same(each.of, before.of):
            says = say("line_shared", node=name or site.text, names=say("comma").join(sorted(mine | theirs)))
            yield each.node, Slip(site, "aliased", says)


def _along(of: Moments, node: Node) -> set[str]:
    """The parameters that are stepped along a velocity."""
    level, found = [node], set[str]()
    for _ in range(10):
        users = [user for at in level for user in of.consumers.get(id(at), ())]
        found |= {of.parameters[id(user)] for user in users if id(user) in of.ends}
        level = [u for u in users if id(u) not in of.ends and moment(u) is None and name_of(u) not in ("add", "linked")]
        level += [u for u in users if id(u) not in of.ends and name_of(u) == "add" and any(map(is_number, u.args))]
    return found


def _no_difference(of: Moments) -> Found:
    """`w - before`, where before was stored when w had changed already: it is 0 in each step."""
    rows: dict[Any, list[Node]] = defaultdict(list)
    for node in of.nodes:
        if (
            name_of(node) in DIFFERENCE
            and node.args[0] is node.args[1]
            and of.step_of(node) > 0
            and node.site is not None
        ):
            rows[node.site].append(node)
    for site, row in rows.items():
        seen = site is not None and len(row) >= min(SEEN, len(of.training.steps) - 1)
        if not seen or id(row[0].args[0]) not in of.parameters:
            continue
        name = site.part(1).strip()
        store = [s for _, _, _, thing, s in of.recording.tape.stores
                 if s.target == name and thing is row[-1].args[1] and s.kind == "store"]  # fmt: skip
        if store and site.part(0).strip() != name and of.stepped_along(row[0]):
            says = say("line_no_difference", node=name, other=site.part(0).strip(), difference=site.text)
            yield row[0], Slip(store[-1], "stale", says)


def _turned_round(of: Moments) -> Found:
    """A velocity that is kept with the other sign: `v = -mu * v + rate * g`, which goes to and fro."""
    before: dict[Any, Node] = {}
    for _, scope, key, thing, site in of.recording.tape.stores:
        place = (scope, key, site.target)
        old, known = before.get(place), scope[0] != "return" and isinstance(thing, Node)
        if known:
            before[place] = thing
        if not known or old is None or of.step_of(thing) < 1 or id(thing) in of.ends:
            continue
        until = {id(old), *of.parameters}
        terms = [(node, k) for node in sums_in(thing, until) for k, arg in enumerate(node.args)
                 if any(each.thing is old for each in factors(arg, node, k))]  # fmt: skip
        share = linear(thing, until).get(id(old), (old, 0.0))[1]
        if len(terms) == 1 and -1 < share < 0 and of.stepped_along(thing):
            slip = turned(*terms[0])
            if slip is not None:
                yield thing, slip


KEPT = (_begun_anew, _begun_again, _never_kept, _shared, _no_difference, _turned_round)
