"""Weights and biases that are never updated: their gradient is computed, and no step uses it.

What never changes looks like data. It is a parameter where the script stores the gradient of the loss by it, and where
that speaks of it: the line makes the gradients of others that are trained, or stores it under a name like the other's,
or the same numbers are added to each sample.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..language import listed, say
from .grown import as_fault
from .homes import Homes
from .judge.stored import means, stored_unused, unused
from .judge.verdicts import Judgement
from .unlisted import Idle, Place, gradients, placed
from .watch.edits import Edit
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site
from .watch.steps import Parameter
from .write.words import Words

MEANT = re.compile(r"froz|freez|trainable|requires_grad|pre_?train|transfer|fine.?tun|reservoir", re.I)
"""Words of scripts that leave weights as they are on purpose."""
DATA = re.compile(r"(?:x|a_?0|y|t|inp|data|batch|sample|feature|image|target|label)", re.I)

VIEWS = ("T", "transpose", "reshape", "getitem", "swapaxes")


@dataclass(eq=False)
class Forgotten:
    """Parameters without an update.

    Args:
        site: where the update is missing.
        names: of what is not updated.
        stored: of its gradient; "" where there is none.
        edit: the same update for them; None where it takes more than that.
        line: what is to be written, by itself; "" where the edit shows it.
    """

    site: Site
    names: list[str]
    stored: str
    edit: Edit | None
    line: str = field(default="")

    def join(self, name: str, line: str) -> None:
        """One more, which is missing at the same place, and the line to be written for it; "" where none is known."""
        self.names += [name] if name not in self.names else []
        if self.line and self.edit is not None and line not in ("", *self.line.split("; ")):
            self.line += f"; {line}"
            self.edit = Edit(self.edit.source, self.edit.span, f"{self.edit.new}; {line}")

    def told(self) -> dict[str, Any]:
        """As a fault among those of a consultation."""
        names = listed(self.names)
        key = "fault_never-updated" if self.stored else "fault_never-learned"
        key = key if len(self.names) == 1 else f"{key}_several"
        says = say(key, block=names, stored=self.stored)
        told = as_fault(self.site, self.edit, "never-updated", says, self.names, True)
        if not self.line:
            return told
        return {**told, "instead": "", "should": say("wanted_update", block=names, text=self.line)}


def forgotten(found: Judgement, recording: Recording) -> list[Forgotten]:
    """What has a gradient that is stored and not used, in the order of the lines."""
    sources = {id(site.source): site.source for site in recording.tape.sites}
    if next(unused(found), None) is None or any(MEANT.search(source.text) for source in sources.values()):
        return []
    words, homes = Words(found.look), Homes(found.look)
    out: dict[int, Forgotten] = {}
    rows = _told(found, homes, list(_idle(found, words, homes)))
    for idle in rows:
        place: Place = placed(found, recording, homes, idle, [each.node for each in rows], words)
        name, stored = (homes.spelled(node, place.owner) or words.name(node) for node in (idle.node, idle.stored))
        known = out.get(place.site.number)
        if known is None:
            out[place.site.number] = Forgotten(place.site, [name], stored, place.edit, place.line)
        else:
            known.join(name, place.line)
    return sorted(out.values(), key=lambda each: each.site.line)


def _told(found: Judgement, homes: Homes, rows: list[Idle]) -> list[Idle]:
    """Those that are surely meant to be trained: names alone tell nothing where most are left as they are."""
    named = [row for row in rows if row.gradient.site is not row.stored.site
             and not homes.together(row.node, homes.first(found, row.like))]  # fmt: skip
    most = len(named) > len(found.look.training.parameters)
    return [row for row in rows if row not in named] if most else rows


def _idle(found: Judgement, words: Words, homes: Homes) -> Iterator[Idle]:
    sizes = {np.size(thing.value) for thing, _ in unused(found)}
    given = [node for node in stays(found) if np.size(node.value) in sizes and homes.of(node)]
    if not given:
        return
    bars = _further(found, {id(node) for node in given})
    large = [max(float(np.max(np.abs(b), initial=0.0)) for b in bar.values()) for bar in bars]
    trained = [(p, node) for p in found.look.training.parameters for node in gradients(found, p)]
    for node in given:
        if any(id(node) not in bar for bar in bars):
            continue
        shape = np.shape(node.value)
        right = [np.reshape(bar[id(node)], shape) for bar in bars]
        if any(not np.max(np.abs(g), initial=0.0) > 1e-9 * most for g, most in zip(right, large, strict=True)):
            continue  # before a batch norm a bias is idle
        name = words.name(node)
        stored = stored_unused(found, shape, [np.ravel(g) for g in right], name)
        like = None if stored is None else _like(found, node, stored, name, trained, homes)
        if stored is not None and like is not None and not _updated_elsewhere(found, homes, node):
            yield Idle(node, stored, *like)


def stays(found: Judgement) -> list[Node]:
    """Arrays that are made before the training and stay as they are."""
    look, training = found.look, found.look.training
    others = (*training.others, *(chain for p in (*training.idle, *training.lost) for chain in p.chains))
    first = min(look.step.start, training.steps[0].end)
    changes = [chain for chain in others if any(state.time > first for state in chain.states)]
    changing = {id(chain.state_at(look.step.start)) for chain in changes}
    kept = [n for n in look.program.order if n.time <= first and id(n) not in changing and id(n) not in look.depends]
    kept = [node for node in kept if np.asarray(node.value).dtype.kind == "f" and not node.hyper]
    tape, last = training.tape, training.steps[-1]
    read = {id(operand) for node in tape.nodes if last.start < node.time <= last.end for operand in node.operands()}
    return [n for n in kept if id(n) in read and id(n) not in tape.buffers]  # the last step has it as it was


def _further(found: Judgement, given: set[int]) -> list[dict[int, Any]]:
    """The derivatives of the loss by what is given, too."""
    look, reading = copy.copy(found.look), found.reading
    assert reading is not None
    further = set(given)
    for node in look.program.order:
        computed = id(node) not in look.program.leaves and np.asarray(node.value).dtype.kind == "f"
        if computed and any(id(operand) in further for operand in node.operands()):
            further.add(id(node))
    look.__dict__["depends"] = found.look.depends | further
    try:
        return [reading.cotangents(look, point) for point in found.points]
    except Exception:  # what is given may be what cannot be differentiated by
        return [{} for _ in found.points]


def _like(
    found: Judgement, node: Node, stored: Node, name: str, trained: list[tuple[Parameter, Node]], homes: Homes
) -> tuple[Parameter, Node] | None:
    """A parameter that is trained and tells that another is one, with its gradient; None where none tells that."""
    others = [o for user in found.look.consumers.get(id(node), ()) for o in user.operands() if o is not node]
    others += [o for other in others if getattr(other.function, "__name__", "") in VIEWS for o in other.operands()]
    if not homes.settled(node) or any(id(other) in found.look.start_ids for other in others):
        return None  # samples, which are multiplied by weights
    made = [(p, g) for p, g in trained if g.site is stored.site]
    if made:  # the line that makes the gradients of others makes this one
        return made[-1]
    called = any(means(text, name) or any(means(text, own) for own in homes.keys(node)) for text in homes.texts(stored))
    mates = [(p, g) for p, g in trained if homes.together(node, homes.first(found, p))]
    beside = [(p, g) for p, g in mates if homes.together(stored, g)]  # their gradients are kept together, too
    if beside or (mates and called):
        return (beside or mates)[0]
    data = _is_added_to_samples(found, node)
    if called and data is not None:
        return next(iter(trained), None) if not data else None
    known = {text for p in found.look.training.parameters for text in (p.name, p.site.target)}
    if not called or name in known or DATA.match(re.split(r"[.\[\]'\"]+", name.strip("]'\""))[-1]):
        return None
    theirs = [(p, g) for p, g in trained if any(means(text, own) for text in homes.texts(g)
              for own in homes.keys(homes.first(found, p)))]  # fmt: skip
    return theirs[-1] if theirs else None


def _is_added_to_samples(found: Judgement, node: Node) -> bool | None:
    """Whether something that is added holds a number for each sample; None where it is not added."""
    sums = (user for user in found.look.consumers.get(id(node), ()) if getattr(user.function, "__name__", "") == "add")
    first = next(sums, None)
    if first is None:
        return None
    return bool(np.shape(node.value) == np.shape(first.value) and np.ptp(np.asarray(node.value, dtype=float)) > 0)


def _updated_elsewhere(found: Judgement, homes: Homes, node: Node) -> bool:
    """Whether there are lines that change it and were not run so far: in another phase, say."""
    run = {(site.source.path, site.statement) for _, _, _, _, site in found.look.training.tape.stores}
    return any(not line <= run for line in homes.changes(node))
