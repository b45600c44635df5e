"""Biases that are never updated: their gradient is computed, and no step uses it.

What never changes looks like data. It is a bias where the same numbers are added to each sample, and where the script
stores the gradient of the loss by them, or what it calls so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...tensor.rules import unbroadcast
from ..language import say
from .grown import as_fault
from .judge.narrow import gradient_nodes
from .judge.unused import stored_unused
from .judge.verdicts import Judgement
from .watch.edits import Edit
from .watch.node import Node
from .watch.sites import Site
from .write.words import Words


@dataclass(eq=False)
class Forgotten:
    """A bias without an update.

    Args:
        site: the update of another parameter.
        name: of the bias.
        stored: of its gradient.
        edit: the same update for the bias, after that one.
        line: the update by itself.
    """

    site: Site
    name: str
    stored: str
    edit: Edit
    line: str

    def told(self) -> dict[str, Any]:
        """As a fault among those of a consultation."""
        says = say("fault_never-updated", block=self.name, stored=self.stored)
        told = as_fault(self.site, self.edit, "never-updated", says, [self.name], True)
        return {**told, "instead": "", "should": say("wanted_update", block=self.name, text=self.line)}


def forgotten(found: Judgement) -> list[Forgotten]:
    """What has a gradient that is stored and not used."""
    out: dict[str, Forgotten] = {}
    words = Words(found.look)
    assert found.reading is not None
    changing = _changing(found)
    for node, _ in found.reading.order(found.look):
        if getattr(node.function, "__name__", "") == "add" and len(node.args) == 2:
            for bias in node.args:
                given = isinstance(bias, Node) and _is_given(found, bias, changing)
                made = _made(found, words, node, bias) if given else None
                if made is not None:
                    out.setdefault(made.name, made)
    return [*out.values()]


def _changing(found: Judgement) -> set[int]:
    """What the step finds of that which steps change, parameters aside."""
    look, training = found.look, found.look.training
    others = (*training.others, *(chain for p in (*training.idle, *training.lost) for chain in p.chains))
    begin = training.steps[0].start
    changes = [chain for chain in others if any(state.time > begin for state in chain.states)]
    return {id(chain.state_at(look.step.start)) for chain in changes}


def _is_given(found: Judgement, node: Node, changing: set[int]) -> bool:
    """Whether it is made before the training and stays as it is."""
    before = node.time <= found.look.training.steps[0].start
    return before and id(node) not in changing and id(node) not in found.look.depends and not node.hyper


def _made(found: Judgement, words: Words, node: Node, bias: Node) -> Forgotten | None:
    shape, value = np.shape(node.value), np.asarray(bias.value, dtype=float)
    own = value.shape == shape and np.ptp(value) > 0  # of each sample: data
    if value.size == 0 or own or any(id(node) not in bar for bar in found.bars):
        return None
    right = [unbroadcast(np.reshape(bar[id(node)], shape), value.shape) for bar in found.bars]
    large = [max(float(np.max(np.abs(b), initial=0.0)) for b in bar.values()) for bar in found.bars]
    if any(np.max(np.abs(g)) <= 1e-9 * most for g, most in zip(right, large, strict=True)):
        return None  # before a batch norm it is idle
    name = words.name(bias)
    known = {text for p in found.look.training.parameters for text in (p.name, p.site.target)}
    if name in known:
        return None
    stored = stored_unused(found, value.shape, right, name)
    for parameter in found.look.training.parameters if stored is not None else ():
        site = parameter.site
        text = site.source.segment(site.statement)
        theirs = [words.name(n) for nodes in gradient_nodes(found.look, parameter.name) for n in nodes]
        used = [each for each in theirs if _has(text, each) and _has(text, site.target)]
        if used and "\n" not in text and not _has(text, name):
            new = _put(_put(text, used[-1], words.name(stored)), site.target, name)
            last = _last_update(found, site)
            edit = Edit(last.source, last.statement, f"{last.source.segment(last.statement)}; {new}")
            return Forgotten(last, name, words.name(stored), edit, new)
    return None


def _last_update(found: Judgement, site: Site) -> Site:
    """The last of the updates that stand in one function."""
    sites = [p.site for p in found.look.training.parameters]
    here = [s for s in sites if s.source is site.source and s.function == site.function
            and s.statement[0] == s.statement[2] and s.statement[1] == site.statement[1]]  # fmt: skip
    return max(here, key=lambda s: s.statement[0], default=site)


def _has(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w(])", text) is not None


def _put(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(old)}(?![\w(])", lambda _: new, text)
