"""Mistakes in the steps of Adagrad, RMSprop and Adam that still go downhill, so that no gradient shows them.

They are told by what a step is made of: the gradient, running means of it and of its squares, roots, corrections.
(Duchi, Hazan, Singer 2011; Tieleman, Hinton 2012; Kingma, Ba 2015.)
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..language import say
from .corrected import stored_corrected
from .judge.invented import number_of
from .moments import (
    DIFFERENCE,
    POWER,
    PRODUCT,
    QUOTIENT,
    SEEN,
    SUM,
    Factor,
    Held,
    Moment,
    Moments,
    Quotient,
    core,
    exponent,
    factors,
    held,
    is_number,
    moment,
    name_of,
    same,
    uncopied,
)  # fmt: skip
from .slip import Found, Slip, at_operand, replaced
from .watch.edits import Edit
from .watch.node import Node, same_statement
from .watch.sites import Site

TINY = 0.1  # what keeps a divisor from 0 is smaller
FISHER = 1e-5  # beyond that it may damp a Fisher matrix, of which no root is taken


def _bracketed(text: str) -> str:
    """A text as the operand of a power."""
    made = ast.parse(text.strip() or "0", mode="eval").body
    plain = isinstance(made, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    return text if not text or plain or (text.startswith("(") and text.endswith(")")) else f"({text})"


def _alike(old: str, new: str) -> str:
    """A new text with brackets around it where the old one stands in some, or needs none."""
    return f"({new})" if old.startswith("(") else new


def _root(of: Moments, text: str) -> str:
    return f"np.sqrt({text})" if "np." in of.recording.tape.sites[0].source.text else f"({text}) ** 0.5"


# ------------------------------------------------------------------------------------- of one quotient


def _no_square(of: Moments) -> Found:
    """A second moment that takes in the gradient, and not its square."""
    for q in of.quotients:
        below = q.below
        swapped = any(isinstance(each, Held) and each.squares for each in q.above)
        if below.rooted and below.moment is not None and not (below.squares or swapped) and q.gradient is not None:
            text = f"{_bracketed(below.moment.new.text)} ** 2"
            slip = at_operand(below.moment.new, text, "missing-square", "line_missing-square")
            if slip is not None:
                yield q.end, slip


def _swapped(of: Moments) -> Found:
    """The mean of the squares divided by the root of the mean: the two in each other's place."""
    for q in of.quotients:
        above = [each for each in q.above if isinstance(each, Held)]
        site, below = q.node.site, q.below
        if len(above) != 1 or not below.rooted or below.moment is None or site is None:
            continue
        kept = above[0].moment
        if below.squares or not above[0].squares or kept is None or not same(kept.of, below.moment.of):
            continue
        one, other = (_last_name(each.read) for each in (above[0], below))
        old = site.text
        if one and other and site.span[0] == site.span[2] and old.count(one) == old.count(other) == 1:
            parts = re.split(rf"({re.escape(one)}|{re.escape(other)})", old)
            new = "".join(other if part == one else one if part == other else part for part in parts)
            yield q.end, replaced(site, site.span, new)


def _last_name(at: Factor) -> str:
    """What a statement reads as a factor, where that is a name or the like."""
    made = ast.parse(at.text or "0", mode="eval").body
    return at.text if isinstance(made, (ast.Name, ast.Attribute, ast.Subscript)) else ""


def _no_root(of: Moments) -> Found:
    """A gradient divided by the mean, or the sum, of its squares."""
    for q in of.quotients:
        below = q.below
        adam = bool(below.corrected) or any(isinstance(each, Held) for each in q.above)
        sure = below.eps <= FISHER and (adam or below.eps > 0 or (below.moment is not None and below.moment.decay == 1))
        if not below.rooted and below.moment is not None and below.squares and q.gradient is not None and sure:
            at = below.outer if below.corrected else below.inner
            slip = at_operand(at, _root(of, at.text), "missing-root", "line_missing-root")
            if slip is not None:
                yield q.end, slip


def _multiplied(of: Moments) -> Found:
    """A gradient multiplied by the root of the mean of its squares."""
    for q in of.products:
        site = q.node.site
        if q.gradient is None or not q.below.squares or site is None or None in site.parts[:2] or site.kind != "binary":
            continue
        one, other = site.parts[:2]
        assert one is not None
        assert other is not None
        between = site.source.segment((*one[2:], *other[:2]))
        if between.count("*") == 1:
            yield q.end, replaced(site, (*one[2:], *other[:2]), between.replace("*", "/"))


def _outside(of: Moments) -> Found:
    """The number that keeps a root from 0 is added to the quotient: `g / np.sqrt(v) + eps`."""
    for q in of.quotients:
        if not q.below.rooted or q.below.eps or q.gradient is None:
            continue
        total: Node | None = q.node
        for _ in range(6):
            users = [n for n in of.consumers.get(id(total), ()) if same_statement(n, q.node)]
            total = users[0] if len(users) == 1 else None
            if total is None or (name_of(total) in (*SUM, *DIFFERENCE) and any(map(is_number, total.args))):
                break
        if total is None or total.site is None or q.node.site is None:
            continue
        k = int(is_number(total.args[1]))
        divisor, eps = q.node.site.parts[1], total.site.parts[k]
        small = k == 1 and 0 < abs(number_of(total.args[1])) <= TINY
        if not small or divisor is None or eps is None or total.site.kind == "augmented":
            continue
        source = total.site.source
        between = source.segment((*divisor[2:], *eps[:2]))
        sign = "-" if name_of(total) in DIFFERENCE else "+"
        kept, _, rest = between.rpartition(sign)
        if not rest.strip() and not kept.strip(") \n"):
            new = f"({source.segment(divisor)} + {source.segment(eps)}){kept.rstrip()}"
            yield q.end, replaced(total.site, (*divisor[:2], *eps[2:]), new)


def _another_ones(of: Moments) -> Found:
    """A gradient divided by the root of a moment of another gradient, where it has one of its own."""
    own = {id(core(each.square)): each for each in of.kept if each.square is not None}
    for q in of.quotients:
        if q.gradient is not None or not q.below.rooted or not q.below.squares or q.below.moment is None:
            continue
        above = [each.of if isinstance(each, Held) else each for each in q.above]
        if len(above) > 1:  # a product: the moment of one factor is not its own
            continue
        mine = next((own[id(core(each))] for each in above if id(core(each)) in own), None)
        wrong = _lone_mean(of, q)
        if wrong is not None:
            at, mean = wrong
            new = _named_like(of, at, mean)
            slip = at_operand(at.read, new) if new else None
        else:
            new = "" if mine is None else _named_like(of, q.below, mine)
            slip = at_operand(q.below.read, new) if new else None
        if slip is not None:
            yield q.end, slip


def _lone_mean(of: Moments, q: Quotient) -> tuple[Held, Moment] | None:
    """The mean that a quotient has above, and the one that belongs there, which no other quotient makes use of."""
    below = q.below.of
    above = [each for each in q.above if isinstance(each, Held)]
    step = of.step_of(q.node)
    mates = [each for each in of.kept if each.square is None and each.decay < 1 and of.step_of(each.node) == step
             and below is not None and same(each.of, below)]  # fmt: skip
    used = {id(each.moment.node) for other in of.quotients for each in other.above
            if isinstance(each, Held) and each.moment is not None}  # fmt: skip
    return (above[0], mates[0]) if len(above) == len(mates) == 1 and id(mates[0].node) not in used else None


def _named_like(of: Moments, other: Held, mine: Moment) -> str:
    """How what was made of a moment is called, as far as the other one was made at the place where it is read."""
    read = other.read
    for _, scope, _, thing, site in of.recording.tape.stores:
        named = scope[0] != "return" and site.target not in ("", read.text)
        made = held(Factor(thing)) if named and name_of(thing) == name_of(read.thing) else None
        if made is not None and made.moment is not None and made.moment.node is mine.node:
            return site.target
    return ""


def _no_share(of: Moments) -> Found:
    """A running mean that takes in all of the gradient, and not 1 - decay of it, as others do, or its correction."""
    rows = [each for each in of.kept if each.decay < 1]
    shares = {each.decay for each in rows if each.square is not None and each.shared}
    for each in rows:
        users = (n for n in of.consumers.get(id(each.node), ()) if name_of(n) in QUOTIENT and n.args[0] is each.node)
        corrected = any(is_number(n.args[1]) and exponent(number_of(n.args[1]), each.decay) for n in users)
        alike = each.square is not None and each.decay in shares
        if not each.shared and each.text and (corrected or alike):
            at, share = each.term, f"(1 - {each.text})"
            own = [f for f in factors(at.thing, at.owner, at.k) if is_number(f.thing) and f.text]
            own = [f for f in own if number_of(f.thing) == each.decay and f.owner is not at.owner]
            term = f"{share} * {_bracketed(at.text) if '+' in at.text else at.text}"
            slip = at_operand(own[0], share) if own else at_operand(at, term, "missing-factor")
            if slip is not None:
                yield each.node, slip


def _of_the_other(of: Moments) -> Found:
    """A mean that goes on from the mean of the squares, and not from its own; or the other way round."""
    for q in of.quotients:
        for each in (*q.above, q.below):
            mine = each.moment if isinstance(each, Held) else None
            before = None if mine is None else moment(mine.old)
            if mine is None or before is None or mine.node.site is None or not (mine.shared and before.shared):
                continue
            old, own = uncopied(mine.old), of.names.get(id(mine.node), "")
            terms = (f for k, arg in enumerate(mine.node.args) for f in factors(arg, mine.node, k))
            read = next((f for f in terms if uncopied(f.thing) is old), None)
            if (before.square is None) != (mine.square is None) and read is not None and own not in ("", read.text):
                slip = at_operand(read, own)
                if slip is not None:
                    yield q.end, slip


def _overwritten(of: Moments) -> Found:
    """A sum of squares that is made anew in each step, in the place where the one before was kept."""
    for q in of.quotients:
        square = q.below.inner.thing
        if q.below.moment is not None or not q.below.rooted or q.gradient is None:
            continue
        first: dict[Any, Site] = {}
        for _, scope, key, thing, site in of.recording.tape.stores:
            place = first.setdefault((scope, key), site)
            stored = site.kind == "store" and site.target and scope[0] not in ("return", "memory")
            if not stored or core(thing) is not core(square):
                continue
            value = site.parts[0] if site.parts else None
            if (place is not site or scope[0] == "item") and value is not None and value[0] == site.statement[0]:
                taken = next((f for f in factors(thing) if name_of(f.thing) in DIFFERENCE), None)
                decay = "" if taken is None else taken.thing.site.part(1).strip()
                new = f"{site.target} = {decay} * {site.target} + " if decay else f"{site.target} += "
                edit = Edit(site.source, (*site.statement[:2], *value[:2]), new)
                yield q.end, Slip(site, "overwritten", say("line_overwritten", node=site.target), [], edit)
                break


# --------------------------------------------------------------------------------- of bias corrections


def _divided_means(of: Moments) -> Iterator[tuple[Node, Moment, Node, Node]]:
    """Each running mean that is divided by `1 - ...`, or a power of that: where, by what, and the difference in it."""
    for node in of.nodes:
        if name_of(node) not in QUOTIENT or len(node.args) != 2 or not is_number(node.args[1]):
            continue
        mean, by = moment(node.args[0]), node.args[1]
        if mean is None or mean.decay == 1 or id(mean.node) not in of.states or not isinstance(by, Node):
            continue
        taken = by.args[0] if name_of(by) in POWER else by
        if name_of(taken) in DIFFERENCE and not isinstance(taken.args[0], Node) and taken.args[0] == 1:
            yield node, mean, by, taken


def _wrong_power(of: Moments) -> Found:
    """A mean divided by `1 - decay * t`, or by `(1 - decay) ** t`."""
    for node, mean, by, taken in _divided_means(of):
        inner = taken.args[1]
        running = exponent(number_of(by), mean.decay)  # the power itself is kept, and multiplied by decay each time
        if taken is by and (name_of(inner) not in PRODUCT or running):
            continue
        decay, t = Factor(inner, taken, 1), Factor(by.args[1], by, 1)
        if taken is by:
            k = 0 if isinstance(inner.args[0], Node) else 1
            decay, t = Factor(inner.args[k], inner, k), Factor(inner.args[1 - k], inner, 1 - k)
        at = Factor(by, node, 1)
        if decay.text and t.text and number_of(decay.thing) == mean.decay:
            slip = at_operand(at, _alike(at.text, f"1 - {decay.text} ** {t.text}"))
            if slip is not None:
                yield node, slip


def _decay_of_another(of: Moments) -> Found:
    """A mean divided by `1 - decay ** t` with the decay of another mean."""
    decays = {each.decay for each in of.kept}
    for node, mean, by, taken in _divided_means(of):
        power = taken.args[1]
        if taken is not by or name_of(power) not in POWER or not is_number(power.args[0]):
            continue
        decay = Factor(power.args[0], power, 0)
        if mean.text and number_of(decay.thing) in decays - {mean.decay}:
            slip = at_operand(decay, mean.text)
            if slip is not None:
                yield node, slip


def _zero_power(of: Moments) -> Found:
    """A mean divided by `1 - decay ** 0`, which is 0: steps that are counted from 0."""
    for node in of.nodes:
        by = Factor(node.args[1], node, 1) if name_of(node) in QUOTIENT and len(node.args) == 2 else None
        if by is None or not is_number(by.thing) or number_of(by.thing) != 0 or node.site is None:
            continue
        text, site = _exponents(node.site), node.site
        if text and by.span is not None and by.span[0] == by.span[2]:
            at = by.span[1] + site.part(1).rindex(text)
            edit = Edit(site.source, (by.span[0], at, by.span[0], at + len(text)), f"({text} + 1)")
            yield node, Slip(site, "not-finite", say("line_zero_power", node=text), [], edit)


def _one_corrected(of: Moments) -> Found:
    """A bias correction of one of the two means only."""
    rows: dict[Any, list[tuple[Quotient, Held, Held]]] = defaultdict(list)
    for q in of.quotients:
        above = [each for each in q.above if isinstance(each, Held)]
        means = len(above) == 1 and all(of.is_mean(each) for each in (above[0], q.below))
        if means and q.below.rooted and q.below.squares and not q.below.larger and q.gradient is not None:
            rows[q.node.site].append((q, above[0], q.below))
    for row in rows.values():
        done = [
            (corrections(first, q.top), corrections(second, [*q.top, *second.corrected])) for q, first, second in row
        ]
        known = [{f.thing for each in both for f in each} for both in done]
        others = [[number_of(f.thing) for f in q.top if is_number(f.thing) and f.thing not in numbers]
                  for (q, _, _), numbers in zip(row, known, strict=True)]  # fmt: skip
        hidden = any(_is_unknown(f.thing) for q, _, _ in row for f in q.top)
        if hidden or any(numbers != others[0] for numbers in others):
            continue  # the rate may hold the correction
        for (q, first, second), (top, below) in zip(row, done, strict=True):
            if bool(top) == bool(below) or (top and second.corrected):
                continue
            bare, other = (second, first) if top else (first, second)
            assert bare.moment is not None
            assert other.moment is not None
            right, decay = (top or below)[0].text, other.moment.text
            if decay not in right or not bare.moment.text:
                continue
            new = right.replace(decay, bare.moment.text)
            slip = at_operand(bare.inner, f"{_bracketed(bare.inner.text)} / {_bracketed(new)}", "missing-factor")
            if slip is not None:
                yield q.end, slip


def _is_unknown(factor: Any) -> bool:
    """Whether it is one number of which is not known how it was computed: `np.sqrt(1 - 0.999 ** t)`, in a loop."""
    return isinstance(factor, Node) and factor.function is None and not factor.hyper and np.size(factor.value) == 1


def corrections(of: Held, among: list[Factor]) -> list[Factor]:
    """The numbers that correct the beginning of a mean, or the root of it."""
    assert of.moment is not None
    numbers = [(each, number_of(each.thing)) for each in among if is_number(each.thing) and _is_computed(each)]
    decay = of.moment.decay
    return [each for each, number in numbers if exponent(number, decay) or (of.rooted and exponent(number**2, decay))]


def _is_computed(number: Factor) -> bool:
    """Whether a number was not just written down, as a learning rate is."""
    divides = number.k == 1 and name_of(number.owner) in QUOTIENT
    return number.thing.function is not None if isinstance(number.thing, Node) else divides


# ------------------------------------------------------------------------------- of all steps together


def _never_counted(of: Moments) -> Found:
    """Corrections whose exponent is the same in all steps, or another for each parameter of one step."""
    rows: dict[Any, list[tuple[Node, int, int]]] = defaultdict(list)
    for node in of.nodes:
        if name_of(node) in QUOTIENT and len(node.args) == 2 and is_number(node.args[1]) and node.site is not None:
            mean = moment(node.args[0])
            k = 0 if mean is None or mean.decay == 1 else exponent(number_of(node.args[1]), mean.decay)
            step = of.step_of(node)
            if k and step >= 0:
                rows[node.site].append((node, k, step))
    for site, row in rows.items():
        steps = {step for _, _, step in row}
        exponents = _exponents(site)
        count = _counted(site, exponents)
        if len(steps) < SEEN or count is None:
            continue
        if not count and len({k for _, k, _ in row}) == 1:
            yield row[0][0], Slip(site, "constant", say("line_same_power", power=row[0][1], node=exponents))
        elif count and all(len({k for _, k, s in row if s == step}) == sum(s == step for _, _, s in row) > 1
                           for step in steps):  # fmt: skip
            says = say("line_counts_parameters", node=exponents)
            place = next((s for s in of.recording.tape.sites if s.source is site.source and s.line == count), None)
            for node, _, _ in row:
                yield node, Slip(place or site, "doubled-edge", says)


def _exponents(site: Site) -> str:
    """What is written as the exponent of a correction; "" where that is not in the line."""
    made = ast.parse(site.part(1).strip() or "0", mode="eval")
    powers = [n.right for n in ast.walk(made) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    return ast.unparse(powers[0]) if len(powers) == 1 else ""


def _last(target: ast.expr) -> str:
    return ast.unparse(target).rpartition(".")[2]


def _counted(site: Site, text: str) -> int | None:
    """The line in which a name is counted up, 0 where it keeps one value; None where there is no telling."""
    last = text.rpartition(".")[2]
    if not last.isidentifier():
        return None
    counted = 0
    for node in ast.walk(ast.parse(site.source.text)):
        if isinstance(node, ast.arg) and node.arg == text:
            return None
        if isinstance(node, (ast.For, ast.comprehension)) and last in ast.unparse(node.target):
            return None
        if isinstance(node, ast.AugAssign) and _last(node.target) == last:
            counted = node.lineno + site.source.first - 1
        if (
            isinstance(node, ast.Assign)
            and not isinstance(node.value, ast.Constant)
            and last in map(_last, node.targets)
        ):
            return None
    return counted


QUOTIENTS = (
    _of_the_other, _another_ones, _swapped, _no_share, _no_square, _no_root, _multiplied, _outside, _overwritten,
    _wrong_power, _decay_of_another, _one_corrected,
    stored_corrected, _never_counted, _zero_power,
)  # fmt: skip
