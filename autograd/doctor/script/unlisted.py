"""Where an update is missing: at that of another parameter, or at the loop or the list that leaves it out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .homes import Homes
from .judge.narrow import gradient_nodes
from .judge.verdicts import Judgement
from .watch.edits import Edit
from .watch.loops import find_loops
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site, tree_of, turning
from .watch.steps import Parameter
from .write.words import Words

SHORT = re.compile(r"\[[^\[\]]*:[^\[\]]*\]|\brange\s*\(")
"""Of what a loop goes through: a part of a list, or numbers."""


@dataclass(frozen=True)
class Place:
    """Where an update is missing.

    Args:
        line: the update that is to follow there; "" where the edit is all.
        owner: the object whose attributes the line there updates, as it is written.
    """

    site: Site
    edit: Edit | None
    line: str = ""
    owner: str = ""


@dataclass(frozen=True)
class Idle:
    """What is not updated.

    Args:
        stored: its gradient.
        like: a parameter that is updated.
        gradient: that of this one.
    """

    node: Node
    stored: Node
    like: Parameter
    gradient: Node


def placed(
    found: Judgement, recording: Recording, homes: Homes, idle: Idle, all_idle: list[Node], words: Words
) -> Place:
    """Where the update is missing of what is not updated."""
    site, mate = idle.like.site, homes.first(found, idle.like)
    path, _, last = site.target.rpartition(".")
    owner = path if last in homes.keys(mate) else ""
    place = _short_loop(found, recording, homes, idle, all_idle)
    if place is None and site.target not in turning(site):
        place = _beside(found, homes, idle, owner) or _named(found, words, idle.node, idle.stored)
    return place or Place(_listed(found, recording, homes, idle) or last_update(found, site), None)


def gradients(found: Judgement, parameter: Parameter) -> list[Node]:
    """What holds the gradient of a parameter, one number for each of its own."""
    look = found.look
    size = sum(np.size(node.value) for node in look.starts.get(parameter.name, ()))
    rows = [found.verdicts[parameter.name].nodes, *gradient_nodes(look, parameter.name)]
    return [node for nodes in rows for node in nodes if len(nodes) == 1 and np.size(node.value) == size]


# ------------------------------------------------------------------------------------------------ loops and lists


def _loops(recording: Recording, found: Judgement, parameter: Parameter) -> Iterator[Site]:
    """The loops that an update stands in, the innermost first, but for those of the samples and the epochs."""
    sites = recording.tape.sites
    loops = find_loops(recording.tape, recording.hooks.turns, found.look.training)
    outer = {loop.number for loop in (loops.samples, loops.epochs) if loop is not None}
    site: Site | None = parameter.site
    context = parameter.chains[0].states[-1].context
    while site is not None:
        for number in reversed(site.loops):
            if number in outer:
                return
            yield sites[number]
        site, context = (None, None) if context is None else (sites[context[1]], context[0])


def _short_loop(found: Judgement, recording: Recording, homes: Homes, idle: Idle, all_idle: list[Node]) -> Place | None:
    """The loop over the updates, where what it goes through is a part, or keys written down."""
    site, alike = idle.like.site, idle.gradient.site is idle.stored.site
    keys = _keys(homes, [idle.node])
    for parameter in found.look.training.parameters if keys else ():
        trained = _keys(homes, [homes.first(found, parameter)])
        if any(_stem(one) == _stem(other) for one in keys for other in trained):  # W2 and W1
            site, alike = parameter.site, True
            break
    for loop in _loops(recording, found, idle.like if site is idle.like.site else parameter):
        made = ast.parse(loop.text.strip(), mode="eval").body
        written = isinstance(made, (ast.List, ast.Tuple)) and all(isinstance(e, ast.Constant) for e in made.elts)
        if written and keys and not _names(site).isdisjoint(turning(site)):
            more = "".join(f", {key!r}" for key in _keys(homes, all_idle))
            return Place(loop, Edit(loop.source, loop.span, f"{loop.text[:-1].rstrip(', ')}{more}{loop.text[-1]}"))
        if alike and SHORT.search(loop.text):
            numbers = [[int(n) for key in _keys(homes, nodes) for n in re.findall(r"\d+", key)] for nodes in
                       (all_idle, [homes.first(found, p) for p in found.look.training.parameters])]  # fmt: skip
            return Place(loop, _longer(loop) or _further(loop, *numbers))
    return None


def _keys(homes: Homes, nodes: list[Node]) -> list[str]:
    """The keys of a dict that arrays have."""
    found = [key for node in nodes for kind, _, key, _, _ in homes.of(node) if kind == "item" and isinstance(key, str)]
    return [*dict.fromkeys(found)]


def _stem(key: str) -> str:
    return re.sub(r"\d+", "", key)


def _names(site: Site) -> set[str]:
    tree = ast.parse(site.source.segment(site.statement).strip())
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _further(loop: Site, lacking: list[int], trained: list[int]) -> Edit | None:
    """`range(1, L + 1)` for `range(1, L)`, where the number that comes next is left out."""
    made = ast.parse(loop.text.strip(), mode="eval").body
    if not isinstance(made, ast.Call) or len(made.args) > 2 or {*lacking} != {max(trained, default=0) + 1}:
        return None
    stop = made.args[-1]
    number = stop.value if isinstance(stop, ast.Constant) else None
    text = str(number + 1) if isinstance(number, int) else f"{ast.unparse(stop)} + 1"
    begin = "".join(f"{ast.unparse(each)}, " for each in made.args[:-1])
    return Edit(loop.source, loop.span, f"range({begin}{text})")


def _longer(loop: Site) -> Edit | None:
    """The whole list for a part of it."""
    text = loop.text
    new = re.sub(r"\[\s*(?:1\s*:|:\s*-\s*1)\s*\]", "", text, count=1)
    new = new if new != text else re.sub(r"(\brange\s*\(.*len\([^()]*\))\s*-\s*1\s*\)", r"\1)", text, count=1)
    new = new if new != text else re.sub(r"\brange\s*\(\s*1\s*,\s*(len\([^()]*\))\s*\)", r"range(\1)", text, count=1)
    return Edit(loop.source, loop.span, new) if new != text else None


def _listed(found: Judgement, recording: Recording, homes: Homes, idle: Idle) -> Site | None:
    """The statement that puts parameters into a list, and leaves this one out; or that hands over such a list."""
    mine = homes.keys(idle.node)
    theirs = homes.keys(homes.first(found, idle.like)) - mine
    sites = recording.tape.sites
    for site in {id(s.source): s for s in sites}.values():
        for node in ast.walk(tree_of(site.source)):
            if isinstance(node, (ast.List, ast.Tuple)) and isinstance(node.ctx, ast.Load):
                names = {n.id if isinstance(n, ast.Name) else n.attr for n in ast.walk(node)
                         if isinstance(n, (ast.Name, ast.Attribute))}  # fmt: skip
                span = site.source.span(node)
                here = [s for s in sites if s.source is site.source and s.statement[0] <= span[0] <= s.statement[2]]
                once = [s for s in here if not s.loops and s.kind not in ("enter", "loop")]
                if names & theirs and not names & mine and once:
                    return next(iter(once))
    return _handed(found, recording, idle.like)


def _handed(found: Judgement, recording: Recording, parameter: Parameter) -> Site | None:
    """The call that made the object whose list the update goes through."""
    tape = recording.tape
    for loop in _loops(recording, found, parameter):
        tree = ast.parse(loop.text.strip(), mode="eval")
        read = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        for time, scope, key, _, site in reversed(tape.stores):
            if scope[0] == "attribute" and key in read and site.kind == "store" and site.target.startswith("self."):
                calls = [c for c in tape.calls if c[0] <= time and c[3].source is site.source]
                calls = [c for c in calls if site.function.endswith(c[3].text.partition("(")[0].split()[-1])]
                around = calls[-1][1] if calls else None
                if around is not None:
                    made: Site = tape.sites[around[1]]
                    return made
    return None


# -------------------------------------------------------------------------------------------- beside an update


def _beside(found: Judgement, homes: Homes, idle: Idle, owner: str) -> Place | None:
    """After the update of another parameter the same with the other names."""
    site, mate = idle.like.site, homes.first(found, idle.like)
    text = site.source.segment(site.statement)
    ends = [g for g in [idle.gradient, *gradients(found, idle.like)] if homes.of(g)]
    for old, new in homes.pairs(mate, idle.node) if "\n" not in text else ():
        for node in ends:
            for was, now in homes.pairs(node, idle.stored):
                one = _put(text, was, now)
                both = _put(one, old, new)
                if one != text and both != one:
                    return Place(*_after(found, site, both), both, owner)
    return None


def _named(found: Judgement, words: Words, idle: Node, stored: Node) -> Place | None:
    """The same by the names that the lines of the updates themselves have."""
    name = words.name(idle)
    for parameter in found.look.training.parameters:
        site = parameter.site
        text = site.source.segment(site.statement)
        theirs = [words.name(n) for n in gradients(found, parameter)]
        used = [each for each in theirs if _has(text, each) and _has(text, site.target)]
        if used and "\n" not in text and not _has(text, name):
            new = _put(_put(text, used[-1], words.name(stored)), site.target, name)
            return Place(*_after(found, site, new), new)
    return None


def _after(found: Judgement, site: Site, new: str) -> tuple[Site, Edit]:
    last = last_update(found, site)
    return last, Edit(last.source, last.statement, f"{last.source.segment(last.statement)}; {new}")


def last_update(found: Judgement, site: Site) -> Site:
    """The last of the updates that stand in one function."""
    sites = [p.site for p in found.look.training.parameters]
    here = [s for s in sites if s.source is site.source and s.function == site.function
            and s.statement[0] == s.statement[2] and s.statement[1] == site.statement[1]]  # fmt: skip
    return max(here, key=lambda s: s.statement[0], default=site)


def _pattern(name: str) -> str:
    begin = "" if name[:1] in ".'\"" else r"(?<![\w.])"
    return begin + re.escape(name) + ("" if name[-1:] in "'\"" else r"(?![\w(])")


def _has(text: str, name: str) -> bool:
    return re.search(_pattern(name), text) is not None


def _put(text: str, old: str, new: str) -> str:
    return re.sub(_pattern(old), lambda _: new, text)
