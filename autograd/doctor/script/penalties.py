"""Penalties that a step has and the loss has not.

Of a bias that no term of the loss shrinks; or of weights for a second time, where their gradient has the term and the
step shrinks them besides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ..language import listed, say
from .judge.invented import number_of
from .judge.match import matched
from .judge.reference import gradient
from .judge.verdicts import Judgement
from .moments import DIFFERENCE, PRODUCT, SUM, is_number, name_of, uncopied
from .nesterov import without
from .slip import Slip
from .watch.direct import direct
from .watch.edits import Edit
from .watch.node import Node
from .watch.sites import Site

Term = tuple[Node, int, Node]
"""A sum or a difference, which of its operands is a number times a parameter, and that product."""


def unasked(found: Judgement) -> list[Slip]:
    """The lines in which a step has a penalty more than the loss."""
    held = found.penalised
    out: list[Slip] = []
    theirs = [term for name in held for term in _terms(found, name)]
    for name, v in found.verdicts.items():
        slip = None
        if name in held and not v.right and not v.silent:
            slip = _twice(found, name)
        elif held and name not in held and v.right and v.rule == "decay" and v.decay > 0:
            slip = _of_none(found, name, theirs)
        if slip is None:
            continue
        same = next((each for each in out if _is_the_same(each, slip)), None)
        if same is None:
            out.append(slip)
        else:  # one line for several blocks is told once
            known = listed(same.names)
            same.names += slip.names
            same.says = same.says.replace(known, listed(same.names))
    return out


def _is_the_same(one: Slip, other: Slip) -> bool:
    return one.site is other.site and one.name == other.name and one.edit == other.edit


def _of_none(found: Judgement, name: str, theirs: list[Term]) -> Slip | None:
    """A penalty, with the factor of those that the loss has, of what it has none of."""
    for node, k, product in _terms(found, name):
        like = [each for each in theirs if _named_alike(each[2], product)]
        if like and node.site is not None:
            shared = any(each[0].site is node.site for each in like)  # one line for all of them
            says = say("line_penalty-of-none", block=name, node=node.site.part(k).strip() or node.site.text)
            return Slip(node.site, "extra-penalty", says, [name], None if shared or k == 0 else without(node, k))
    return None


def _named_alike(one: Node, other: Node) -> bool:
    """Whether two products have the number by the same name; what is written twice may be two numbers."""
    texts = [{node.site.part(k).strip() for k, arg in enumerate(node.args) if is_number(arg)} if node.site else set()
             for node in (one, other)]  # fmt: skip
    return any(text and re.search("[A-Za-z_]", text) for text in texts[0] & texts[1])


def _twice(found: Judgement, name: str) -> Slip | None:
    """What shrinks a block in its step, where all else of the step is its gradient with the penalty."""
    look = found.look
    right = [gradient(look, point, bar, name) for point, bar in zip(found.points, found.bars, strict=True)]
    weights = [look.block(point.values, look.starts[name]) for point in found.points]
    changes = [look.change(point.values, name) for point in found.points]
    for node, k, number in _shrunk(found, name):
        rest = matched([-(d + (1 - number) * w) for d, w in zip(changes, weights, strict=True)], right)
        if rest.holds and rest.scale > 0 and node.site is not None:
            says = say("fault_penalty-twice", what=say("wanted_gradient", block=name))
            alone = node.site.kind == "binary" and node.site.part(1 - k)
            edit = Edit(node.site.source, node.site.span, node.site.part(1 - k).strip()) if alone else None
            return Slip(node.site, "penalty-twice", says, [name], edit)
    return None


def _shrunk(found: Judgement, name: str) -> Iterator[tuple[Node, int, float]]:
    """Where a step multiplies a block by a number a little below 1."""
    look, starts = found.look, {id(node) for node in found.look.starts[name]}
    for node in look.program.steps:
        if name_of(node) in PRODUCT and len(node.args) == 2 and id(node) not in found.forward:
            k = next((k for k in (0, 1) if is_number(node.args[k])), None)
            number = 0.0 if k is None else number_of(node.args[k])
            if k is not None and id(uncopied(node.args[1 - k])) in starts and 0.5 < number < 1:
                yield node, k, number


def where_others_have_it(found: Judgement, names: Collection[str]) -> list[Site | None]:
    """The places where blocks besides these get the penalty that the loss has of them."""
    theirs = [name for name in found.verdicts if name in found.penalised and name not in names]
    return [node.site for name in theirs for node, _, _ in _terms(found, name)]


def _terms(found: Judgement, name: str) -> Iterator[Term]:
    """Where the step adds a number times a block, or takes it off: its penalty."""
    look, starts = found.look, {id(node) for node in found.look.starts[name]}
    for node in look.program.steps:
        if name_of(node) not in (*SUM, *DIFFERENCE) or id(node) in found.forward or len(node.args) != 2:
            continue
        for k, arg in enumerate(node.args):
            if name_of(arg) in PRODUCT and len(arg.args) == 2 and sum(map(is_number, arg.args)) == 1:
                at = int(is_number(arg.args[1]))
                of = uncopied(arg.args[1 - at])
                of = uncopied(of.args[0]) if name_of(of) == "sign" else of
                if id(of) in starts and not direct(arg):  # no share that stays
                    yield node, k, arg
