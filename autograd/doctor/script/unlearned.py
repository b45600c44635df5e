"""Biases of trained weights that nothing updates, and whose gradient nothing computes: they stay 0 for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...tensor.rules import unbroadcast
from .forgotten import MEANT, Forgotten, stays
from .homes import Homes
from .judge.match import matched
from .judge.narrow import gradient_nodes
from .judge.replay import ancestors
from .judge.stored import stored_unused
from .judge.verdicts import Judgement
from .unlisted import last_update
from .watch.edits import Edit
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site
from .watch.steps import Parameter
from .write.words import Words

BIAS = re.compile(r"(?:^|_)(?:b|[a-z]?bias|biases|intercept)(?:_|\d|$)|^b[a-z]{0,2}\d?$", re.I)
ON_PURPOSE = re.compile(r"\bfixed\b|un-?trained|\bnot (?:be )?(?:trained|updated|learned)|no bias|without bias", re.I)
PRODUCTS = ("matmul", "dot", "einsum", "tensordot")
SUMS = ("add",)
BY_ELEMENTS = ("mul", "multiply")


def unlearned(found: Judgement, recording: Recording) -> list[Forgotten]:
    """The biases, by the line after which an update of them is missing."""
    sources = {id(site.source): site.source.text for site in recording.tape.sites}
    if any(MEANT.search(text) or ON_PURPOSE.search(text) for text in sources.values()):
        return []
    words, homes = Words(found.look), Homes(found.look)
    given = {id(node) for node in stays(found)}
    out: dict[int, Forgotten] = {}
    told: set[int] = set()
    for total, bias, parameter in _biases(found, given):
        named = any(BIAS.search(key) for key in homes.keys(bias))
        if id(bias) in told or not named or not _is_begun(bias) or not _counts(found, total, bias):
            continue
        if any(True for _ in homes.changes(bias)):  # a line that was not run so far
            continue
        name = words.name(bias)
        right = [
            unbroadcast(np.reshape(bar[id(total)], np.shape(total.value)), np.shape(bias.value)) for bar in found.bars
        ]
        if stored_unused(found, np.shape(bias.value), right, name) is not None:
            continue  # it has a gradient
        told.add(id(bias))
        site = last_update(found, parameter.site)
        text = _written(found, words, total, bias, parameter, name)
        edit = Edit(site.source, site.statement, f"{site.source.segment(site.statement)}; {text}") if text else None
        known = out.get(site.number)
        if known is None:
            out[site.number] = Forgotten(site, [name], "", edit, text)
        elif name not in known.names:
            known.join(name, text)
    return [*out.values()]


def _biases(found: Judgement, given: set[int]) -> Iterator[tuple[Node, Node, Parameter]]:
    """Sums in the forward pass of what is given and a product with trained weights, with both."""
    assert found.reading is not None
    for total, _ in found.reading.order(found.look):
        if getattr(total.function, "__name__", "") in SUMS and len(total.args) == 2:
            for k, bias in enumerate(total.args):
                if isinstance(bias, Node) and id(bias) in given:
                    name = _weights(found, total.args[1 - k])
                    trained = (p for p in found.look.training.parameters if p.name == name)
                    yield from ((total, bias, parameter) for parameter in trained)


def _weights(found: Judgement, node: Any, depth: int = 4) -> str | None:
    """The trained weights that something is a product with, or a sum of such products: `(k * window).sum()`, too."""
    name = getattr(node.function, "__name__", "") if isinstance(node, Node) else ""
    if name == "sum" and getattr(node.args[0].function, "__name__", "") in BY_ELEMENTS:
        node, name = node.args[0], PRODUCTS[0]
    if not depth or name not in (*PRODUCTS, *SUMS):
        return None
    inside = list(node.operands())
    if name in SUMS:
        return next((made for each in inside if (made := _weights(found, each, depth - 1)) is not None), None)
    inside += [below for each in inside for below in each.operands()]  # W.T
    return next((found.look.start_ids[id(each)] for each in inside if id(each) in found.look.start_ids), None)


def _is_begun(bias: Node) -> bool:
    """Whether it is begun as parameters are: with zeros, or by chance."""
    value = np.asarray(bias.value, dtype=float)
    drawn = any(node.function is None and node.name == "random" for node in ancestors([bias], lambda _: False))
    return value.size > 0 and value.ndim > 0 and (drawn or not np.any(value))


def _counts(found: Judgement, total: Node, bias: Node) -> bool:
    """Whether it is the same for all samples, and the loss depends on it."""
    shape, value = np.shape(total.value), np.asarray(bias.value)
    own = value.shape == shape and np.ptp(value) > 0
    return not own and all(np.any(bar.get(id(total), 0.0)) for bar in found.bars)


def _written(found: Judgement, words: Words, total: Node, bias: Node, parameter: Parameter, name: str) -> str:
    """The update of the weights with the bias in their place, and in the place of their gradient the sum of a delta."""
    site: Site = parameter.site
    delta = _delta(found, words, total, parameter)
    if delta is None or site.statement[0] != site.statement[2]:
        return ""
    gradient, node = delta
    of, to = np.shape(node.value), np.shape(bias.value)
    text = words.name(node)
    if of != to:
        axis = 0 if to[-1:] == of[-1:] else 1
        keep = ", keepdims=True" if len(to) == len(of) else ""
        text = f"{text}.sum(axis={axis}{keep})"
    line, whole = site.source.segment(site.statement), gradient.site
    if whole is not None and whole.statement == site.statement and site.kind == "augmented":
        a, b = whole.span[1] - site.statement[1], whole.span[3] - site.statement[1]
        made = line[:a] + text + line[b:]
    else:
        made = line.replace(words.name(gradient), text) if words.name(gradient) in line else ""
    return made.replace(site.target, name) if made.startswith(site.target) else ""


def _delta(found: Judgement, words: Words, total: Node, parameter: Parameter) -> tuple[Node, Node] | None:
    """The gradient that the weights are stepped along, and a delta of the sum that has the same factor and a name."""
    look = found.look
    verdict = found.verdicts[parameter.name]
    bars = [bar[id(total)] for bar in found.bars]
    for nodes in gradient_nodes(look, parameter.name) if verdict.right else ():
        right: list[Any] = [bar.get(id(look.starts[parameter.name][0])) for bar in found.bars]
        if len(nodes) != 1 or any(np.size(g) != np.size(nodes[0].value) for g in right):
            continue
        of_weights = matched([np.ravel(p.values[id(nodes[0])]) for p in found.points], [np.ravel(g) for g in right])
        if not of_weights.holds:
            continue
        for node in look.program.steps:
            if id(node) in words.named and np.shape(node.value) == np.shape(bars[0]) and id(node) not in found.forward:
                theirs = matched([np.asarray(p.values[id(node)], dtype=float) for p in found.points], bars)
                if theirs.holds and np.isclose(theirs.scale, of_weights.scale):
                    return nodes[0], node
    return None
