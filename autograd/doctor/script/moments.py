"""Running means and sums of gradients and of their squares, as a tape holds them: what the steps of Adam and its kin
are made of.

Nothing is judged here; `optimisers.py` tells which of them stand in the wrong place.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .judge.invented import number_of
from .watch.direct import hyper
from .watch.node import Node, same_statement
from .watch.record import Recording
from .watch.sites import Span
from .watch.steps import Step

PRODUCT, QUOTIENT, POWER = ("mul", "multiply"), ("truediv", "divide"), ("pow", "power")
SUM, DIFFERENCE = ("add",), ("sub", "subtract")
COPIES = ("linked", "copy", "array", "asarray", "cast")
MOST_STEPS = 1e5
SEEN = 3  # steps, for what holds in all of them
FAR = 12


def name_of(thing: Any) -> str:
    """The name of the function that a node is a result of; "" for what is no node."""
    return getattr(thing.function, "__name__", "") if isinstance(thing, Node) else ""


@dataclass(frozen=True)
class Factor:
    """A factor of a product.

    Args:
        owner: the node whose operand it is; None for what is no product.
        k: which of its operands.
    """

    thing: Any
    owner: Node | None = None
    k: int = 0

    @property
    def span(self) -> Span | None:
        """Where it is written."""
        parts = () if self.owner is None or self.owner.site is None else self.owner.site.parts
        return parts[self.k] if self.k < len(parts) else None

    @property
    def text(self) -> str:
        """How it is written; "" where that is not known."""
        return "" if self.owner is None or self.owner.site is None else self.owner.site.part(self.k).strip()


def factors(thing: Any, owner: Node | None = None, k: int = 0, depth: int = FAR) -> Iterator[Factor]:
    """What a product is made of, and the numbers that it is divided by.

    What another statement makes stands where its result is read.
    """
    name = name_of(thing)
    quotient = name in QUOTIENT and is_number(thing.args[1])
    if depth and (quotient or (name in PRODUCT and len(thing.args) == 2) or name == "neg" or name in COPIES):
        inside = (each for at, arg in enumerate(thing.args[: 1 if name in COPIES else 2])
                  for each in factors(arg, thing, at, depth - 1))  # fmt: skip
        here = owner is None or same_statement(thing, owner)
        yield from inside if here else _read_at(owner, k, inside)
    else:
        yield Factor(thing, owner, k)


def _read_at(owner: Node | None, k: int, inside: Iterator[Factor]) -> Iterator[Factor]:
    return (each if is_number(each.thing) else Factor(each.thing, owner, k) for each in inside)


def is_number(thing: Any) -> bool:
    """Whether it is one number that was written down, or made of such numbers."""
    return hyper(thing) and np.size(thing.value if isinstance(thing, Node) else thing) == 1


def active(things: Iterator[Factor]) -> list[Factor]:
    """The factors that are no settings."""
    return [each for each in things if not is_number(each.thing)]


def squared(thing: Any) -> Node | None:
    """What something is the square of, but for numbers that it is multiplied by; None for anything else."""
    found = [each.thing for each in active(factors(thing))]
    first = found[0] if found else None
    if not isinstance(first, Node) or len(found) > 2:
        return None
    if len(found) == 2:
        return first if same(first, found[1]) else None
    name, args = name_of(first), first.args
    if name == "square" or (name in POWER and is_number(args[1]) and number_of(args[1]) == 2):
        inside: Node = args[0]
        return inside.args[0] if name_of(inside) in ("abs", "absolute") else inside
    return None


def uncopied(thing: Any) -> Any:
    """What a copy is one of."""
    while name_of(thing) in COPIES:
        thing = thing.args[0]
    return thing


def core(thing: Any) -> Any:
    """A product without its numbers, if that leaves one factor."""
    inside = active(factors(thing))
    return inside[0].thing if len(inside) == 1 else thing


def same(one: Any, other: Any) -> bool:
    """Whether two nodes are one, or hold the same numbers, but for numbers that they are multiplied by."""
    one, other = core(one), core(other)
    if not isinstance(one, Node) or not isinstance(other, Node):
        return False
    if one is other:
        return True
    a, b = one.value, other.value
    return a is not None and b is not None and np.shape(a) == np.shape(b) and bool(np.any(a)) and np.array_equal(a, b)


@dataclass(eq=False)
class Moment:
    """A running mean, `decay * old + (1 - decay) * new`, or a sum, `old + new`.

    Args:
        node: the new state.
        old: the state before.
        decay: 1 for a sum.
        text: how the decay is written.
        new: what it takes in, the one factor of it that is no setting.
        square: what that is the square of; None where it is none.
        term: all that it takes in.
        shared: whether it takes in a share, 1 - decay.
    """

    node: Node
    old: Any
    decay: float
    text: str
    new: Factor
    square: Node | None
    term: Factor
    shared: bool

    @cached_property
    def of(self) -> Node:
        """The gradient, as far as the moment shows it."""
        inside = self.new.thing if self.square is None else self.square
        assert isinstance(inside, Node)
        return inside


def moment(node: Any) -> Moment | None:
    """A running mean or a sum, or what stands for it; None for anything else."""
    node = uncopied(node)
    if name_of(node) not in (*SUM, *DIFFERENCE) or len(node.args) != 2:
        return None
    for k in (0, 1) if name_of(node) in SUM else (0,):
        old, decays = node.args[k], list[Factor]()
        while name_of(old) in COPIES or (
            name_of(old) in PRODUCT and sum(map(is_number, old.args)) == 1 and same_statement(old, node)
        ):
            at = int(name_of(old) in PRODUCT and is_number(old.args[0]))
            decays += [Factor(old.args[1 - at], old, 1 - at)] if name_of(old) in PRODUCT else []
            old = old.args[at]
        taken, square = active(factors(node.args[1 - k], node, 1 - k)), squared(node.args[1 - k])
        plain = square is None and len(taken) == 1 and isinstance(taken[0].thing, Node)
        if is_number(old) or len(decays) > 1 or not (plain or square is not None):
            continue
        if not decays and square is None and name_of(node) not in SUM:
            continue  # a step
        decay = number_of(decays[0].thing) if decays else 1.0
        term = Factor(node.args[1 - k], node, 1 - k)
        numbers = [each.thing for each in factors(*(term.thing, node, 1 - k)) if is_number(each.thing)]
        shared = any(_one_minus(number) or np.isclose(number_of(number), 1 - decay, rtol=1e-9) for number in numbers)
        if not 0 < decay <= 1 or _one_minus(decays[0].thing if decays else None):
            continue
        return Moment(node, old, decay, decays[0].text if decays else "", taken[-1], square, term, shared)
    return None


def _one_minus(thing: Any) -> bool:
    return name_of(thing) in DIFFERENCE and not isinstance(thing.args[0], Node) and thing.args[0] == 1


def exponent(number: float, decay: float) -> int:
    """k of 1 - decay**k; 0 for any other number."""
    if not 0 < decay < 1 or not 0 < number < 1:
        return 0
    k = math.log1p(-number) / math.log(decay)
    return round(k) if 0.5 < k < MOST_STEPS and abs(k - round(k)) < 1e-4 * max(1.0, k) else 0


@dataclass(eq=False)
class Held:
    """A moment inside of what was made of it.

    Args:
        moment: None where it is no moment but the square of a gradient.
        inner: the factor in whose place the moment, or that square, stands.
        rooted: whether a root is taken.
        corrected: by what it was divided, on the way.
        larger: whether the larger of it and of another state is taken.
        outer: what the root, or the moment, stands as, without what keeps it from 0.
        read: what the statement itself reads of all that.
    """

    moment: Moment | None
    inner: Factor
    rooted: bool
    corrected: list[Factor]
    larger: bool
    outer: Factor
    read: Factor
    eps: float = 0.0

    @cached_property
    def of(self) -> Node | None:
        """The gradient that it is made of."""
        return squared(self.inner.thing) if self.moment is None else self.moment.of

    @property
    def squares(self) -> bool:
        """Whether it holds squares."""
        return self.moment is None or self.moment.square is not None


def held(at: Factor) -> Held | None:
    """The moment that a factor was made of by roots, corrections and what keeps it from 0; None without one."""
    rooted = larger = False
    corrected: list[Factor] = []
    eps, outer, given, read = 0.0, None, at, at
    for _ in range(FAR):
        node = at.thing
        name, args = name_of(node), getattr(node, "args", ())
        if not isinstance(node, Node) or not args:
            return None
        tiny = name in SUM and len(args) == 2 and sum(map(is_number, args)) == 1
        k = 0
        if tiny:
            k = int(is_number(args[0]))
            eps = max(eps, abs(number_of(args[1 - k])))
        elif name in ("maximum", "fmax"):
            k = next((j for j in (0, 1) if not is_number(args[j]) and _is_made(args[j])), 0)
            larger |= not is_number(args[1 - k])
        elif (name == "sqrt" or (name in POWER and is_number(args[1]) and number_of(args[1]) == 0.5)) and not rooted:
            rooted, outer = True, outer or at
        elif name in QUOTIENT and is_number(args[1]):
            outer = outer or at
            corrected.append(Factor(args[1], node, 1))
        elif name in PRODUCT and sum(map(is_number, args)) == 1:
            outer, k = outer or at, int(is_number(args[0]))
        elif name not in (*COPIES, "abs", "absolute"):
            break
        at = Factor(args[k], node, k)
        read = at if given.owner is not None and same_statement(node, given.owner) else read
    found = moment(at.thing)
    if found is None and (not rooted or squared(at.thing) is None):
        return None
    return Held(found, at, rooted, corrected, larger, outer or given, read, eps)


def _is_made(thing: Any) -> bool:
    return name_of(thing) in (*SUM, *QUOTIENT, *COPIES)


@dataclass(eq=False)
class Quotient:
    """What a step is made of: gradients, or a mean of them, divided by what was made of a moment.

    Args:
        node: the quotient.
        top: all factors of the product that it is one of, those of its numerator among them.
        below: the moment that it is divided by.
        end: the whole product.
    """

    node: Node
    top: list[Factor]
    below: Held
    end: Node

    @cached_property
    def above(self) -> list[Held | Node]:
        """The factors that are no settings: moments, or what is none."""
        return [held(each) or each.thing for each in active(iter(self.top)) if isinstance(each.thing, Node)]

    @cached_property
    def gradient(self) -> Node | None:
        """What both sides are made of; None where it is not the same."""
        mine = self.below.of
        for each in self.above:
            other = each.of if isinstance(each, Held) else each
            if mine is not None and other is not None and (same(mine, other) or _size_of(mine, other)):
                return other
        return mine if mine is not None and (_is_product(mine, self.top) or self._is_earlier(mine)) else None

    def _is_earlier(self, gradient: Node) -> bool:
        """Whether it is what the same line gave in a step before: a sum may take in the gradient after the step."""
        at: Any = self.node.args[0]
        while isinstance(at, Node):
            if at.site is gradient.site and name_of(at) == name_of(gradient):
                return True
            rest = [arg for arg in at.args if not is_number(arg)]
            if name_of(at) not in (*PRODUCT, *QUOTIENT, *COPIES, "neg") or len(rest) != 1:
                return False
            at = rest[0]
        return False


def _is_product(node: Node, of: list[Factor]) -> bool:
    """Whether an array holds a multiple of the product of these factors: `e * x` of `rate * e * x`."""
    values = [each.thing.value for each in active(iter(of)) if isinstance(each.thing, Node)]
    if node.value is None or len(values) < 2 or any(value is None for value in values):
        return False
    try:
        product = np.asarray(functools.reduce(np.multiply, values), dtype=float)
    except (TypeError, ValueError):
        return False
    whole = np.asarray(node.value, dtype=float)
    if whole.size < 2 or product.shape != whole.shape or not np.any(product):
        return False
    scale = np.vdot(product, whole) / np.vdot(product, product)
    return bool(scale) and bool(np.allclose(whole, scale * product, rtol=1e-9, atol=0.0))


def _size_of(one: Node, other: Node) -> bool:
    size = core(one)
    return name_of(size) in ("abs", "absolute") and same(size.args[0], other)


class Moments:
    """What a recording has of them."""

    def __init__(self, recording: Recording) -> None:
        assert recording.training is not None
        self.recording, self.training = recording, recording.training
        self.nodes = recording.tape.nodes
        self.states = {id(state): chain for chain in self.training.chains for state in chain.states}
        self.ends = {id(end) for p in self.training.parameters for c in p.chains for end in c.states[1:]}
        self.consumers = recording.consumers

    @cached_property
    def names(self) -> dict[int, str]:
        """What a node is first stored as."""
        stores = [s for s in self.recording.tape.stores if isinstance(s[3], Node) and s[1][0] != "return"]
        return {id(thing): site.target for _, _, _, thing, site in reversed(stores)}

    @cached_property
    def parameters(self) -> dict[int, str]:
        """The name of the parameter that a node is a state of."""
        return {id(s): p.name for p in self.training.parameters for c in p.chains for s in c.states}

    @cached_property
    def all(self) -> list[tuple[Node, Moment]]:
        """Every node that is a moment, or a copy of one, with it."""
        return [(node, found) for node in self.nodes if (found := moment(node)) is not None]

    @cached_property
    def kept(self) -> list[Moment]:
        """The moments that are states of the training."""
        found = (moment(node) for node in self.nodes if id(node) in self.states)
        return [each for each in found if each is not None]

    @cached_property
    def quotients(self) -> list[Quotient]:
        """All that is divided by a moment."""
        out = []
        for node in self.nodes:
            if name_of(node) in QUOTIENT and len(node.args) == 2 and isinstance(node.args[1], Node):
                below = None if is_number(node.args[1]) else held(Factor(node.args[1], node, 1))
                if below is not None and self._is_kept(below):
                    end, top = self._whole(node, [*factors(node.args[0], node, 0)])
                    out.append(Quotient(node, top, below, end))
        return out

    def is_mean(self, of: Held) -> bool:
        """Whether it is a running mean, kept from step to step; what stays as a whole is a sum."""
        mean = of.moment
        return mean is not None and mean.shared and mean.decay < 1.0 and id(mean.node) in self.states

    def _is_kept(self, below: Held) -> bool:
        """Whether a moment is a state of the training; a sum may be of anything."""
        return below.moment is None or id(below.moment.node) in self.states

    @cached_property
    def products(self) -> list[Quotient]:
        """All that is multiplied by the root of a moment."""
        out = []
        for node in self.nodes:
            for k in (0, 1) if name_of(node) in PRODUCT and len(node.args) == 2 else ():
                below = held(Factor(node.args[k], node, k)) if isinstance(node.args[k], Node) else None
                if below is not None and below.rooted and self._is_kept(below):
                    end, top = self._whole(node, [*factors(node.args[1 - k], node, 1 - k)])
                    out.append(Quotient(node, top, below, end))
        return out

    def _whole(self, node: Node, top: list[Factor]) -> tuple[Node, list[Factor]]:
        """The product that a node is a factor of, and all of its factors."""
        for _ in range(FAR):
            users = self.consumers.get(id(node), [])
            if len(users) != 1 or name_of(users[0]) not in (*PRODUCT, "neg", *COPIES):
                break
            user = users[0]
            for k, arg in enumerate(user.args if name_of(user) in PRODUCT else ()):
                if arg is not node:
                    top += factors(arg, user, k)
            node = user
        return node, top

    def taken_in(self, step: Step) -> list[Node]:
        """What running means and velocities take in within a step: gradients."""
        return [each.of for each in self.kept if step.start < each.node.time <= step.end]

    def step_of(self, node: Node) -> int:
        """The number of the step in which a node was computed; -1 where that is none."""
        step = self._step(node)
        return -1 if step is None else step.number

    def _step(self, node: Node) -> Step | None:
        return next((s for s in self.training.steps if s.start < node.time <= s.end), None)

    def moved(self, node: Node) -> list[str]:
        """The parameters that follow from a node in its step."""
        step = self._step(node)
        until = node.time if step is None else step.end
        reached, waiting = {id(node)}, [node]
        while waiting:
            for user in self.consumers.get(id(waiting.pop()), ()):
                if user.time <= until and id(user) not in reached:
                    reached.add(id(user))
                    waiting.append(user)
        parameters = self.training.parameters
        return [p.name for p in parameters if any(id(state) in reached for c in p.chains for state in c.states)]

    def stepped_along(self, node: Node) -> bool:
        """Whether a parameter changes by a node, by its root or its square, or by a multiple of these."""
        level, passed = [node], (*PRODUCT, *QUOTIENT, *COPIES, *POWER, "neg", "sqrt", "square", "add")
        for _ in range(8):
            users = [user for at in level for user in self.consumers.get(id(at), ())]
            if any(id(user) in self.ends for user in users):
                return True
            level = [user for user in users if name_of(user) in passed]
        return False
