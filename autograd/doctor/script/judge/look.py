"""One step of a training, computed again wherever one wants: what depends on the parameters, and at which points.

A step is a program from the parameters, the data and the states it starts with to the parameters it ends with. Besides
the points that the script was at, it is looked at with random parameters, so that no coincidence passes for a proof.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..watch.direct import projected
from ..watch.node import Node
from ..watch.steps import Step, Training
from .replay import Program, Values, ancestors, compute_node, wide
from .written import Block, flat, written

Array = Any
POWERS = ("exp", "exp2", "expm1", "power", "pow", "sinh", "cosh")
ABOVE, BELOW = ("minimum", "fmin"), ("maximum", "fmax")
CUTS = (*ABOVE, *BELOW)
"""What cuts off above a bound, or below it."""
FARTHER = (3.0, 10.0, 30.0)
FEW_SAMPLES = 7  # of so few, all may fall on one side

QUIET = 1e-8
"""Of the rounding errors in a step, relative to it, at a place that is fit to be judged at."""


PLAIN = ("numpy", "scipy", "math", "operator", "_operator", "builtins", "autograd", "__main__")
"""Modules whose functions give the same again."""


ROUNDED = {
    "add", "sub", "mul", "truediv", "pow", "subtract", "multiply", "divide", "true_divide", "power", "exp", "log",
    "tanh", "sqrt", "sum", "mean", "dot", "matmul", "einsum", "outer", "expit",
}  # fmt: skip
"""Functions whose result is rounded; a copy, a part or the larger of two is not."""


OF_A_SHAPE = {"zeros_like", "ones_like", "empty_like"}
"""Functions whose result tells nothing of the numbers that they are given."""


@dataclass(eq=False)
class Point:
    """The values of all nodes of a step at one place.

    Args:
        values: by the id of the node.
        moved: whether the parameters are others than those that the script had.
    """

    values: Values
    moved: bool


def _stepped(node: Node) -> Node:
    """Where the step itself ends: what brings a parameter back afterwards follows from no gradient."""
    while (inside := projected(node)) is not None:
        node = inside
    return node


LAID_OUT = ("reshape", "ravel", "transpose", "T", "linked")


def _of_a_library(function: Any) -> bool:
    """Whether a function is of another library than numpy: it may shuffle, or draw samples, and not give them again."""
    inner = getattr(function, "function", function)
    return not str(getattr(inner, "__module__", None) or "numpy").startswith(PLAIN)


class Look:
    """A step, as a program.

    Args:
        watched: nodes besides the new parameters that are to be computed: losses.
    """

    def __init__(self, training: Training, step: Step, watched: Iterable[Node] = ()) -> None:
        self.training, self.step = training, step
        self.starts: dict[str, list[Node]] = {}
        self.ends: dict[str, list[Node]] = {}
        for p in training.parameters:
            start, end = written(training, p, step) or map(Block, p.during(step))
            self.starts[p.name], self.ends[p.name] = start, Block(map(_stepped, end), end.picks)
        self.start_ids = {id(node): name for name, nodes in self.starts.items() for node in nodes}
        chains = [chain for chain in training.others if len(chain.states) > 2]
        states = {id(node): chain for chain in chains if (node := chain.state_at(step.start)).time <= step.start}
        self.states = states.keys() - self.start_ids.keys()
        self.watched = list(watched)
        self.losses: list[list[Node]] = []
        self.gradient_nodes: dict[str, list[list[Node]]] = {}  # by block, once they were looked for
        ends = [node for nodes in self.ends.values() for node in nodes]
        self.conditions = [c for c in training.tape.conditions if step.start < c.time <= step.end]
        tested = [operand for condition in self.conditions for operand in condition.operands()]
        order = ancestors([*ends, *self.watched, *tested], self._is_leaf)
        self.program = Program(order, {id(node) for node in order if self._is_leaf(node)})
        self.nodes = {id(node): node for node in order}
        # what goes on by itself, the state of a game say, is no state of the step rule
        self.rule_states = {key for key in self.states if id(states[key].state_at(step.end)) in self.depends}
        self.rule_states |= {id(node) for node in order if self._is_last_change(node)}
        for key, leaf in self.laid_out.items():
            self.states |= {id(leaf)}
            self.rule_states |= {id(leaf)} if key in self.rule_states else set()

    @cached_property
    def laid_out(self) -> dict[int, Node]:
        """By a state, what the step before read it as, and this one goes on from: `g[:, 0]` as a column of g."""
        leaves = [node for node in self.nodes.values() if id(node) in self.program.leaves and node.function is not None]
        found = {id(o): node for node in leaves for o in node.operands() if len([*node.operands()]) == 1}
        return {key: node for key, node in found.items() if key in self.states
                and getattr(node.function, "__name__", "") in LAID_OUT and node.time <= self.step.start}  # fmt: skip

    def _is_leaf(self, node: Node) -> bool:
        return (
            node.function is None
            or id(node) in self.start_ids
            or id(node) in self.states
            or id(node) in self._kept_copies
            or (node.time <= self.step.start and _of_a_library(node.function))
            or (node.time <= self.step.start and self._old(node))
        )

    def _is_last_change(self, node: Node) -> bool:
        """Whether it is of the step before, and a number times it is a part of this one: the momentum of a list."""
        before = id(node) in self._all_states or (node.function is not None and self.goes_back(id(node)))
        if id(node) not in self.program.leaves or id(node) in self.start_ids or not before:
            return False
        ends, waiting = {id(end) for nodes in self.ends.values() for end in nodes}, [node]
        while waiting:
            at = waiting.pop()
            readers = [] if id(at) in ends else self.consumers.get(id(at), [])
            for reader in readers:
                kind, others = getattr(reader.function, "__name__", ""), [o for o in reader.operands() if o is not at]
                scaled = kind in ("mul", "multiply", "neg") and all(o.hyper for o in others)
                if not scaled and kind not in ("add", "sub", "subtract", "iadd", "isub", "linked"):
                    return False
            if not readers and id(at) not in ends:
                return False
            waiting += readers
        return True

    def begins_plain(self, name: str) -> bool:
        """Whether a block is still a plain number here, so that what is computed from it does not show it."""
        return any(node.function is None and node.site is None for node in self.starts[name])

    @cached_property
    def _kept_copies(self) -> set[int]:
        """Copies of parameters that later steps read: the network that targets come from, held fixed."""
        starts = {id(node) for nodes in self.starts.values() for node in nodes}
        tape, step = self.training.tape, self.step
        copies = {
            id(node) for node in tape.nodes
            if step.start < node.time <= step.end
            and getattr(node.function, "__name__", "") in ("copy", "linked", "array")
            and any(id(operand) in starts for operand in node.operands())
        }  # fmt: skip
        later = (node for node in tape.nodes if node.time > step.end) if copies else ()
        return {id(operand) for node in later for operand in node.operands() if id(operand) in copies}

    def _old(self, node: Node) -> bool:
        """Whether a node of before the step goes back to earlier parameters: then it is taken as it was."""
        memo = self._goes_back
        if id(node) not in memo:
            stack = [node]
            while stack:
                at = stack[-1]
                if id(at) in memo:
                    stack.pop()
                    continue
                waiting = [o for o in at.operands() if id(o) not in memo]
                if waiting:
                    stack += waiting
                    continue
                memo[id(at)] = id(at) in self._all_states or any(memo[id(o)] for o in at.operands())
                stack.pop()
        return memo[id(node)]

    def goes_back(self, key: int) -> bool:
        """Whether a leaf of before the step was made from earlier parameters."""
        return self._goes_back.get(key, False)

    @cached_property
    def _goes_back(self) -> dict[int, bool]:
        return {}

    @cached_property
    def _all_states(self) -> set[int]:
        return {id(state) for p in self.training.parameters for chain in p.chains for state in chain.states}

    @cached_property
    def depends(self) -> set[int]:
        """The nodes that depend on the parameters."""
        found = set(self.start_ids)
        for node in self.program.order:
            given = id(node) in found or id(node) in self.program.leaves
            given |= getattr(node.function, "__name__", "") in OF_A_SHAPE
            if not given and any(id(operand) in found for operand in node.operands()):
                found.add(id(node))
        return found

    @cached_property
    def to_end(self) -> set[int]:
        """The nodes that the new parameters depend on."""
        ends = [node for nodes in self.ends.values() for node in nodes]
        return {id(node) for node in ancestors(ends, self._is_leaf)}

    @cached_property
    def sizes(self) -> set[int]:
        """How many samples, or units, there are: what sums are divided by."""
        return {n for node in self.program.order for n in np.shape(node.value) if n > 1}

    @cached_property
    def consumers(self) -> dict[int, list[Node]]:
        found: dict[int, list[Node]] = {}
        for node in self.program.steps:
            for operand in {id(o): o for o in node.operands()}.values():
                found.setdefault(id(operand), []).append(node)
        return found

    @cached_property
    def base(self) -> Point:
        """As it was."""
        return Point(self.program.run(self.program.start()), False)

    def quiet(self, values: Values) -> Values:
        """The leaves with the states of the step rule at 0, so that a step shows what it makes of this gradient."""
        given = dict(values)
        for key in self.rule_states:
            if key in self._earlier:
                given[key] = values.get(self._earlier[key], given.get(key))
            elif key in given and key in self.program.leaves:
                given[key] = np.zeros_like(np.asarray(given[key], dtype=float)) if np.ndim(given[key]) else 0.0
        return given

    @cached_property
    def _earlier(self) -> dict[int, int]:
        """Where a parameter was before, as far as only its step reads that, each with what it is now.

        `w + mu * (w - before)` shows what it makes of a gradient where the two are the same.
        """
        found: dict[int, int] = {}
        for p in self.training.parameters:
            for chain in p.chains if len(self.starts[p.name]) == len(p.chains) else ():
                at = chain.state_at(self.step.start)
                found |= {id(s): id(at) for s in chain.states
                          if id(s) in self.rule_states & self.program.leaves and id(at) in self.start_ids}  # fmt: skip
        return {
            key: at
            for key, at in found.items()
            if {key, at} <= self.nodes.keys() and np.shape(self.nodes[key].value) == np.shape(self.nodes[at].value)
        }

    def points(self, rng: np.random.Generator, count: int, calm: bool = False, halved: int = 0) -> list[Point]:
        """The step at random parameters, near and far.

        Args:
            calm: only where rounding leaves the step as it is, nearer and nearer to 0: units are not saturated there.
            halved: how often the parameters are halved for these to begin with.
        """
        found: list[Point] = []
        start = self._start
        for k in range(6 * count):
            if len(found) == count or (k >= 3 * count and len(found) > 1 and not calm):
                break
            near = 0.5 ** max(k - 3 * count, 0)  # nearer, where the script takes other branches
            given = dict(start)
            for nodes in self.starts.values():
                old = [given.get(id(n), wide(n.value)) for n in nodes]
                for node, there, value in zip(nodes, old, moved(old, rng, k), strict=True):
                    if id(node) in given:
                        given[id(node)] = (
                            value * 0.5 ** (halved + k // 2) if calm else (1.0 - near) * there + near * value
                        )
            given |= {key: given[at] for key, at in self._earlier.items() if at in given}
            try:
                values = self.program.run(given)
            except Exception:
                continue
            finite = all(np.isfinite(self.block(values, ends)).all() for ends in self.ends.values())
            noisy = calm and finite and (self._overflows(values) or max(self.noise(values).values()) > QUIET)
            if finite and not noisy and self.goes_the_same_way(values):
                found.append(Point(values, True))
        return found if calm or halved else found + self._bent(found)

    def _bent(self, points: list[Point]) -> list[Point]:
        """A point farther off, where at all others all samples, or none, are cut off: there a hinge is a line."""
        cuts = [n for n in self.program.steps if id(n) in self.depends and np.size(n.value) > FEW_SAMPLES
                and getattr(n.function, "__name__", "") in CUTS]  # fmt: skip
        cuts = [node for node in cuts if not any(self._parts(node, point.values) for point in points)]
        for factor in FARTHER if cuts and points else ():
            given = dict(self._start)
            for node in (node for nodes in self.starts.values() for node in nodes if id(node) in given):
                given[id(node)] = factor * points[0].values[id(node)]
            with contextlib.suppress(Exception), np.errstate(all="ignore"):
                values = self.program.run(given)
                finite = all(np.isfinite(self.block(values, ends)).all() for ends in self.ends.values())
                if finite and self.goes_the_same_way(values) and any(self._parts(node, values) for node in cuts):
                    return [Point(values, True)]
        return []

    def _parts(self, node: Node, values: Values) -> bool:
        """Whether some elements are cut off, and others are not."""
        inside = [values[id(o)] for o in node.operands() if id(o) in self.depends and id(o) in values]
        same = np.asarray(values.get(id(node), 0.0)) == inside[0] if inside else False
        return bool(np.any(same)) and not bool(np.all(same))

    def start_values(self) -> Values:
        """The leaves where points begin, in a dict that may be changed."""
        return dict(self._start)

    def _overflows(self, values: Values) -> bool:
        """Whether a power grew beyond all bounds: what is 0 in the end may have a slope that is 0 × ∞."""
        powers = (n for n in self.program.steps if getattr(n.function, "__name__", "") in POWERS)
        return any(np.isinf(values[id(node)]).any() for node in powers if id(node) in values)

    def noise(self, values: Values) -> dict[str, float]:
        """By block: how much of its step is rounding. Seen where each result is off by a rounding error once more."""
        rng, again = np.random.default_rng(0), {key: values[key] for key in self.program.leaves if key in values}
        for node in self.program.steps:
            if id(node) not in self.depends and id(node) in values:  # of the data: `% 2` would make more of it
                again[id(node)] = values[id(node)]
                continue
            value = compute_node(node, again)
            rounded = getattr(node.function, "__name__", "") in ROUNDED and np.asarray(value).dtype.kind == "f"
            again[id(node)] = (
                np.multiply(value, 1.0 + 1e-15 * rng.standard_normal(np.shape(value))) if rounded else value
            )
        found = {}
        for name in self.ends:
            change = self.change(values, name)
            size = float(np.linalg.norm(change))
            found[name] = float(np.linalg.norm(self.change(again, name) - change)) / size if size else 0.0
        return found

    @cached_property
    def _start(self) -> Values:
        """Where points begin: without what was kept from steps before, but for blocks that would stand still then."""
        start = self.program.start()
        quiet = self.quiet(start)
        try:
            values, before = self.program.run(quiet), self.base.values
        except Exception:  # it does not run without
            return start
        still = [n for n in self.ends if np.any(self.change(before, n)) and not np.any(self.change(values, n))]
        of_them = {id(node) for n in still for node in ancestors(self.ends[n], self._is_leaf)}
        return quiet | {key: start[key] for key in self.rule_states & of_them & start.keys()}

    def goes_the_same_way(self, values: Values) -> bool:
        """Whether the script would have taken the same branches."""
        for condition in self.conditions:
            try:
                if not np.array_equal(np.asarray(compute_node(condition, values)), np.asarray(condition.value)):
                    return False
            except (KeyError, TypeError, ValueError):
                return False
        return True

    def block(self, values: Values, nodes: list[Node]) -> Array:
        """A parameter's numbers, one after the other."""
        return flat(nodes, values, lambda node: wide(node.value))

    @property
    def sound(self) -> bool:
        """Whether what a block is before the step has as many numbers as after: no row of it for the whole."""
        sides = [(self.block({}, self.starts[key]), self.block({}, self.ends[key])) for key in self.ends]
        return all(before.size == after.size for before, after in sides)

    def change(self, values: Values, name: str) -> Array:
        """What the step adds to a parameter."""
        return self.block(values, self.ends[name]) - self.block(values, self.starts[name])


def moved(blocks: list[Any], rng: np.random.Generator, how: int) -> list[Any]:
    """Random parameters, of sizes at which a network is neither silent nor saturated."""
    flat = np.concatenate([np.ravel(np.asarray(block, dtype=float)) for block in blocks])
    spread = float(np.sqrt(np.mean(flat**2))) if flat.size else 0.0
    tame = 3.0 / spread if flat.size > 8 and 5.0 < spread < np.inf else 1.0  # a training that has run off
    spread = min(max(spread, 0.05), 2.0) if np.isfinite(spread) else 0.3
    found = []
    for block in blocks:
        array = np.asarray(block, dtype=float) * tame
        noise = rng.standard_normal(array.shape)
        if how % 3 == 0:
            new = array + 0.3 * spread * noise
        elif how % 3 == 1:
            new = spread * noise * 0.7 + 0.02
        else:
            new = array * rng.uniform(0.5, 1.0, array.shape) + 0.1 * spread * noise
        found.append(new if np.ndim(block) else float(new))
    return found
