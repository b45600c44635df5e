"""The two shares of a running mean: what stays of it and what it takes in, each with its sign and its number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..language import say
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
    core,
    factors,
    is_number,
    moment,
    name_of,
    squared,
    uncopied,
)  # fmt: skip
from .nesterov import turned
from .slip import Found, Slip, at_operand, replaced
from .watch.edits import Edit
from .watch.node import Node, same_statement
from .watch.sites import Span

DECAY = re.compile(r"beta|rho|gamma|decay|momentum|(?:^|\W)mu\d?$", re.I)
MOST_OF_IT = 0.8  # of a mean stays, where a number is called its decay


@dataclass(frozen=True)
class _Mean:
    """A sum of a number times what a place held before, and of something new.

    Args:
        k: which of the operands is the old one.
    """

    node: Node
    k: int


def _means(of: Moments) -> Iterator[list[_Mean]]:
    """What a line stores in the place of what it is partly made of, in several steps."""
    before: dict[Any, Any] = {}
    rows: dict[Any, dict[int, _Mean]] = defaultdict(dict)
    for _, scope, key, thing, site in of.recording.tape.stores:
        if scope[0] == "return" or not isinstance(thing, Node):
            continue
        place, node = (scope, key), uncopied(thing)
        old = before.get(place)
        before[place] = thing
        if name_of(node) in (*SUM, *DIFFERENCE) and len(node.args) == 2 and id(node) not in of.ends:
            for k in (0, 1):
                if isinstance(old, Node) and uncopied(core(node.args[k])) is uncopied(old):
                    rows[site][id(node)] = _Mean(node, k)
    for row in rows.values():
        if len({of.step_of(each.node) for each in row.values()} - {-1}) >= SEEN:
            yield list(row.values())


def _numbers(mean: _Mean, k: int) -> list[Factor]:
    return [f for f in factors(mean.node.args[k], mean.node, k) if is_number(f.thing)]


def _rest(thing: Any) -> Any:
    """x of 1 - x; None for anything else."""
    if name_of(thing) in DIFFERENCE and not isinstance(thing.args[0], Node) and thing.args[0] == 1:
        return thing.args[1]
    return None


def swapped_shares(of: Moments) -> Found:
    """`(1 - beta) * v + beta * g`, where beta is what stays of the mean."""
    for row in _means(of):
        mean = row[-1]
        site = mean.node.site
        stays = next((f for f in _numbers(mean, mean.k) if _rest(f.thing) is not None), None)
        rest = None if stays is None else _rest(stays.thing)
        takes = next((f for f in _numbers(mean, 1 - mean.k) if f.text and _is_same(f.thing, rest)), None)
        if site is None or stays is None or takes is None or not DECAY.search(takes.text):
            continue
        a, b = _bracketed(stays), takes.span
        if number_of(takes.thing) < MOST_OF_IT or a is None or b is None or site.kind != "binary":
            continue
        if {a[0], a[2], b[0], b[2]} == {site.span[0]}:
            text, at = "", site.span[1]
            for span, new in sorted([(a, takes.text), (b, site.source.segment(a))]):
                text += site.source.segment((site.span[0], at, *span[:2])) + new
                at = span[3]
            text += site.source.segment((site.span[0], at, *site.span[2:]))
            for each in row:
                yield each.node, replaced(site, site.span, text)


def _bracketed(at: Factor) -> Span | None:
    """Where a factor stands, with the brackets around it."""
    span, site = at.span, None if at.owner is None else at.owner.site
    if span is None or site is None or span[1] < 1:
        return span
    wider = (span[0], span[1] - 1, span[2], span[3] + 1)
    return wider if re.fullmatch(r"\(.*\)", site.source.segment(wider), re.DOTALL) else span


def _is_same(one: Any, other: Any) -> bool:
    return other is not None and is_number(one) and is_number(other) and number_of(one) == number_of(other)


def shares_taken_off(of: Moments) -> Found:
    """`beta * v - (1 - beta) * g ** 2`, or the same of a gradient where the step goes along minus that."""
    for row in _means(of):
        mean = row[-1]
        node, site = mean.node, mean.node.site
        if name_of(node) not in DIFFERENCE or mean.k or site is None or site.kind != "binary":
            continue
        shared = any(_rest(f.thing) is not None for f in _numbers(mean, 1))
        squares = squared(node.args[1]) is not None
        if not shared or not (squares or _direction(of, row[0].node) < 0):
            continue
        slip = turned(node, 1)
        if slip is not None:
            yield from ((each.node, slip) for each in row)


def _direction(of: Moments, node: Node) -> int:
    """Whether a parameter is changed along something, 1, or against it, -1; 0 where there is no telling."""
    waiting, known = [(node, 1)], set[int]()
    while waiting:
        at, sign = waiting.pop(0)
        for user in of.consumers.get(id(at), ()):
            if id(user) in known or len(known) > 200:
                continue
            known.add(id(user))
            name = name_of(user)
            against = name == "neg" or (name in DIFFERENCE and user.args[1] is at)
            negative = sum(is_number(a) and number_of(a) < 0 for a in user.args) if name in (*PRODUCT, *QUOTIENT) else 0
            now = -sign if against != bool(negative % 2) else sign
            if id(user) in of.ends:
                return now
            if name in (*PRODUCT, "neg", "linked", "copy") or (name in QUOTIENT and user.args[0] is at):
                waiting.append((user, now))
    return 0


# ------------------------------------------------------------------------------------------------ corrections


def _corrected(of: Moments) -> Iterator[tuple[Moment, Node, Any, bool]]:
    """Means that are divided by 1 - decay ** t, or 1 - decay: the quotient, the decay there, whether it has a power."""
    for node in of.nodes:
        mean = moment(node.args[0]) if name_of(node) in QUOTIENT and len(node.args) == 2 else None
        taken = None if mean is None or mean.decay == 1 else _rest(node.args[1])
        if mean is not None and taken is not None and is_number(taken) and of.step_of(node) >= 0:
            power = name_of(taken) in POWER
            yield mean, node, taken.args[0] if power else taken, power


def decays_mixed_up(of: Moments) -> Found:
    """Two means with the decay of one of them, whose corrections have both decays."""
    rows = [row for row in _corrected(of) if row[3]]
    fitting = {mean.decay for mean, _, decay, _ in rows if number_of(decay) == mean.decay}
    for mean, node, decay, _ in rows:
        site, own = mean.node.site, mean.text
        twice = mean.decay in fitting and number_of(decay) != mean.decay and number_of(decay) not in fitting
        by, text = node.args[1], ""
        while isinstance(by, Node) and by.args and not text:  # how the decay is written there
            text = Factor(decay, by, 0).text if by.args[0] is decay or _is_same(by.args[0], decay) else ""
            by = by.args[1] if len(by.args) > 1 else None
        if not twice or site is None or not own or not text or site.statement[0] != site.statement[2]:
            continue
        whole = site.source.segment(site.span)
        new = re.sub(rf"(?<![\w.]){re.escape(own)}(?![\w(])", lambda _, text=text: text, whole)  # type: ignore[misc]
        if new != whole:
            yield mean.node, replaced(site, site.span, new)


def powers_left_out(of: Moments) -> Found:
    """A mean divided by 1 - decay in every step, which takes its share back."""
    rows: dict[Any, list[tuple[Moment, Node]]] = defaultdict(list)
    exponents = set[str]()
    for mean, node, decay, power in _corrected(of):
        by: Any = node.args[1]
        if power and same_statement(by, by.args[1]):
            exponents.add(Factor(by.args[1].args[1], by.args[1], 1).text)
        if not power and mean.shared and number_of(decay) == mean.decay and id(mean.node) in of.states:
            rows[node.site].append((mean, node))
    for site, row in rows.items():
        if site is None or len({of.step_of(node) for _, node in row}) < SEEN:
            continue
        at = Factor(row[0][1].args[1], row[0][1], 1)
        inner = at.text.strip("()")
        count = next(iter(exponents)) if len(exponents) == 1 else ""
        edit = None
        if count and at.span is not None:
            edit = Edit(
                site.source, at.span, f"({inner} ** {count})" if at.text.startswith("(") else f"{inner} ** {count}"
            )
        for _, node in row:
            yield node, Slip(site, "constant", say("line_no_power", node=inner), [], edit)


def square_of_a_mean(of: Moments) -> Found:
    """A second moment that takes in the square of the first one, and not that of the gradient."""
    for q in of.quotients:
        kept = q.below.moment
        for each in q.above if kept is not None and kept.square is not None and q.below.rooted else ():
            first = each.moment if isinstance(each, Held) and of.is_mean(each) else None
            if first is not None and kept is not None and uncopied(kept.square) is uncopied(first.node):
                slip = at_operand(_inside(kept.new), first.new.text) if first.new.text else None
                if slip is not None:
                    yield q.end, slip


def _inside(at: Factor) -> Factor:
    """What stands in a power, or in a square."""
    if name_of(at.thing) in (*POWER, "square"):
        return Factor(at.thing.args[0], at.thing, 0)
    return at


SHARES = (swapped_shares, shares_taken_off, decays_mixed_up, powers_left_out, square_of_a_mean)
