"""The training in a tape: which arrays are parameters, and where one step ends and the next begins.

A parameter is a state that is made from its own past twice over: once directly (`W - ...`), and once through numbers
that depend on it (the gradient). A sum of losses, a momentum or a counter is not. A step ends where the flow of data is
narrowest: what crosses from one step to the next is states and little else.
"""

from __future__ import annotations

import ast
import heapq
import itertools
import operator
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .companions import is_average, is_velocity
from .naming import name_blocks
from .node import Node, added_at, assembled, cast, linked, masked
from .sites import Site
from .tape import Held, Tape

NUMBER_TYPES = {"clip", "float64", "float32", "float"}
SAME = {"copy", "reshape", "ravel", "flatten", "astype", "transpose", "squeeze", "T", "array", "asarray", "view"}
FAR = 14  # how many operations an update may take from the old state to the new one
LASTING = 0.4  # of the time from the first update to the last


@dataclass(eq=False)
class Chain:
    """The states of one number or array: `states[0]` before the first update that was seen."""

    states: list[Node]
    times: list[int]
    sites: list[Site]
    keys: list[Any]
    number: int = 0
    scope: tuple[str, int] = ("", 0)

    @property
    def size(self) -> int:
        return int(np.size(self.states[-1].value)) if self.states[-1].value is not None else 2

    def state_at(self, time: int) -> Node:
        """The latest state at a time."""
        found = self.states[0]
        for at, state in zip(self.times, self.states[1:], strict=True):
            if at <= time:
                found = state
        return found


@dataclass(eq=False)
class Parameter:
    """A block of parameters: an array, or numbers that the same line updates.

    Args:
        name: as the learner writes it.
        chains: one, or for single numbers one each.
        site: where it is updated.
    """

    name: str
    chains: list[Chain]
    site: Site
    names: set[str] = field(default_factory=set)

    @property
    def several(self) -> bool:
        return len(self.chains) > 1

    @property
    def scalars(self) -> bool:
        return self.several or (
            self.chains[0].states[-1].value is not None and np.ndim(self.chains[0].states[-1].value) == 0
        )

    def at(self, time: int) -> list[Node]:
        return [chain.state_at(time) for chain in self.chains]


@dataclass(frozen=True)
class Step:
    number: int
    start: int
    end: int


@dataclass(eq=False)
class Training:
    tape: Tape
    parameters: list[Parameter]
    steps: list[Step]
    others: list[Chain] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    lasting: list[Chain] = field(default_factory=list)
    idle: list[Parameter] = field(default_factory=list)  # what is minimised does not depend on these
    unread: list[Parameter] = field(default_factory=list)  # the steps change them, and no loss reads them
    lost: list[Parameter] = field(default_factory=list)  # what is stepped like parameters, and could not be followed


def hyper(thing: Any) -> bool:
    """Whether it is a number that was written down, or made from such numbers only: a learning rate, say."""
    return thing.hyper if isinstance(thing, Node) else not isinstance(thing, (list, tuple, dict))


def projected(node: Node) -> Node | None:
    """What a node brings back to where it may be: `np.maximum(W, 0)`, `np.clip(W, -1, 1)`, `W / norm(W)`."""
    name, args = getattr(node.function, "__name__", ""), node.args
    if name in ("maximum", "minimum", "clip", "fmax", "fmin"):
        inside = [*{id(arg): arg for arg in args if isinstance(arg, Node) and not arg.hyper}.values()]
        return inside[0] if len(inside) == 1 and all(arg is inside[0] or hyper(arg) for arg in args) else None
    if name in ("truediv", "divide") and isinstance(args[0], Node) and isinstance(args[1], Node):
        return args[0] if _made_of(args[1], args[0]) else None  # its length, or what that is at least
    return None


def shrunk(node: Node) -> Node | None:
    """What a node brings nearer to 0 by a fixed amount: `np.sign(W) * np.maximum(np.abs(W) - c, 0)`."""
    if getattr(node.function, "__name__", "") in ("mul", "multiply"):
        for sign, rest in itertools.permutations(node.args, 2):
            signs = isinstance(sign, Node) and getattr(sign.function, "__name__", "") == "sign"
            if signs and isinstance(rest, Node) and _made_of(rest, sign.args[0]):
                return sign.args[0]  # type: ignore[no-any-return]
    return None


SIZES = {
    "norm", "sum", "abs", "absolute", "fabs", "max", "amax", "maximum", "minimum", "clip", "sqrt", "square", "mul",
    "multiply", "pow", "add", "sub", "subtract",
}  # fmt: skip


def _made_of(size: Node, whole: Node, depth: int = 5) -> bool:
    """Whether something is made of sizes of one array and of written numbers, and of nothing else."""
    if getattr(size.function, "__name__", "") not in SIZES or not depth:
        return False
    parts = [o for o in size.operands() if not o.hyper]
    return bool(parts) and all(o is whole or _made_of(o, whole, depth - 1) for o in parts)


def direct(node: Node) -> list[Any]:
    """The operands that a result is a change of: `W` in `W - ...`; a plain number stands for itself."""
    function, args = node.function, node.args
    if function is None:
        return []
    name = getattr(function, "__name__", "")
    inside = projected(node)
    if inside is not None:
        return [inside]
    if name == "add":
        return [arg for arg in args if isinstance(arg, (Node, int, float))]
    if name in ("sub", "subtract"):
        return [args[0]] if isinstance(args[0], (Node, int, float)) else []
    if name in ("mul", "multiply", "truediv", "divide"):
        return [
            arg
            for k, arg in enumerate(args[:2])
            if isinstance(arg, Node)
            and (k == 0 or name in ("mul", "multiply"))
            and _nearly_one(args[1 - k], k, name)
            and not _is_element(node, 1 - k)
        ]
    if function is assembled:
        return [part for part in args[0] if isinstance(part, Node)][:3]
    if function in (added_at, masked, linked, cast, operator.getitem) or name in SAME or name in NUMBER_TYPES:
        return [args[0]] if args and isinstance(args[0], Node) else []
    return []


def _nearly_one(factor: Any, k: int, name: str) -> bool:
    """Whether it is a number such as 1 - rate * decay."""
    if not hyper(factor) or isinstance(factor, int):  # a whole one is a sample's
        return False
    value = factor.value if isinstance(factor, Node) else factor
    try:
        size = float(np.asarray(value).reshape(()))
    except (TypeError, ValueError):
        return False
    return 0.5 <= size <= 1.0 or (name not in ("mul", "multiply") and 1.0 <= size <= 2.0)


def _is_element(node: Node, k: int) -> bool:
    """Whether an operand is written as an element of a list, `x[i]`: a number of a sample, no setting."""
    try:
        tree = None if node.site is None else ast.parse(node.site.part(k).strip(), mode="eval").body
    except (SyntaxError, IndexError, AttributeError):
        return False
    return isinstance(tree, ast.Subscript) and not isinstance(tree.slice, ast.Constant)


def find_chains(tape: Tape) -> list[Chain]:
    """Every state that is stored again and again, each made from the one before."""
    first: dict[int, tuple[int, Node, Site, Any, tuple[str, int]]] = {}
    for _, scope, key, thing, site in tape.stores:
        if (
            isinstance(thing, Node)
            and id(thing) not in first
            and site.kind in ("store", "augmented", "call")
            and _changes(thing)
        ):
            where = (scope[0] == "memory", key if scope[0] == "memory" else None)
            first[id(thing)] = (thing.time, thing, site, where, scope)
    chains: list[Chain] = []
    member: dict[int, Chain] = {}
    for time, node, site, key, scope in sorted(first.values(), key=lambda event: event[0]):
        chain = _before(node, site, member)
        if chain is None:
            origin = _origin(node)
            if origin is None:
                continue
            chain = Chain([origin], [], [], [], len(chains), scope)
            chains.append(chain)
        chain.states.append(node)
        chain.times.append(time)
        chain.sites.append(site)
        chain.keys.append((site.number, key))
        member[id(node)] = chain
    return _joined([chain for chain in chains if len(chain.states) > 1], member)


def _changes(node: Node) -> bool:
    """Whether it is made by arithmetic; a copy, or an element that was read, is no new state."""
    function = node.function
    name = getattr(function, "__name__", "")
    if function is None or function in (linked, assembled, operator.getitem) or name in SAME:
        return False
    return node.value is None or np.asarray(node.value).dtype.kind in "fiu"


def _before(node: Node, site: Site, member: dict[int, Chain]) -> Chain | None:
    """The chain of this site whose latest state this one was made from."""
    past = (chain for state in _past(node) if _fits(node, state) and (chain := member.get(id(state))))
    return next((chain for chain in past if chain.sites[-1] is site), None)


def _fits(node: Node, before: Node) -> bool:
    """Whether they may be states of one thing; what begins as one number may become an array."""
    sizes = {int(np.size(each.value)) for each in (node, before) if each.value is not None} - {1}
    return len(sizes) < 2


def _past(node: Node, most: int = 300) -> Iterator[Node]:
    """What a state is a change of, and what that is a change of; nearest first."""
    level: list[Any] = direct(node)
    known: set[int] = set()
    for _ in range(FAR):
        further = []
        for at in level:
            if isinstance(at, Node) and id(at) not in known and len(known) < most:
                known.add(id(at))
                yield at
                further += direct(at)
        level = further
        if not level:
            return


def _origin(node: Node) -> Node | None:
    """What the first state was made from: the first operand on the way that was made somewhere else."""
    ways = direct(node)
    for _ in range(FAR):
        if not ways:
            return None
        at = ways[0]
        if not isinstance(at, Node):
            return Node(None, (), {}, float(at), None, 0, "literal")
        here, there = node.site, at.site
        same = (
            here is not None and there is not None and there.statement == here.statement and there.source is here.source
        )
        ways = direct(at)
        if not ways or not (same or getattr(at.function, "__name__", "") in ("copy", "linked")):
            return at
    return None


def _joined(chains: list[Chain], member: dict[int, Chain]) -> list[Chain]:
    """Chains of one variable that several lines update in turn become one."""
    made_from: dict[int, set[int]] = {chain.number: set() for chain in chains}
    for chain in chains:
        for state in chain.states[1:40]:
            for earlier in _past(state, 40):
                other = member.get(id(earlier))
                if other is not None and other.number in made_from and _fits(state, earlier):
                    made_from[chain.number].add(other.number)
                    break
    groups: dict[int, int] = {}
    for chain in chains:
        for number in made_from[chain.number]:
            if number != chain.number and chain.number in made_from[number]:
                groups[chain.number] = min(groups.get(chain.number, chain.number), groups.get(number, number))
    by_group: dict[int, list[Chain]] = defaultdict(list)
    for chain in chains:
        by_group[groups.get(chain.number, chain.number)].append(chain)
    found = []
    for members in by_group.values():
        if len(members) == 1:
            found += members
            continue
        rows = [row for c in members for row in zip(c.times, c.states[1:], c.sites, c.keys, strict=True)]
        rows.sort(key=lambda row: row[0])
        first = min(members, key=lambda c: c.times[0])
        columns = [list(column) for column in zip(*rows, strict=True)]
        found.append(
            Chain([first.states[0], *columns[1]], columns[0], columns[2], columns[3], first.number, first.scope)
        )
    return found


def depends_on_itself(chain: Chain) -> bool:
    """Whether what is added to a state depends on an earlier state of it, one or two cycles back."""
    count = len(chain.keys)
    for k in sorted({count - 1, min(count - 1, 3), 1}, reverse=True):
        if not 1 <= k < count:
            continue
        before = [j for j in range(k) if chain.keys[j] == chain.keys[k]]
        if before and _loops_back(chain, k + 1, chain.states[before[-1]].time):
            return True
    return False


def _loops_back(chain: Chain, k: int, stop: int) -> bool:
    states = {id(state) for state in chain.states[:k]}
    heap: list[tuple[int, int, Node]] = []
    visited: set[int] = set()

    def push(node: Node) -> None:
        if id(node) not in visited and node.time >= stop:
            visited.add(id(node))
            heapq.heappush(heap, (-node.time, id(node), node))

    for node in beside(way_back(chain.states[k], states)):
        push(node)
    while heap:
        node = heapq.heappop(heap)[2]
        if id(node) in states:
            return True
        for operand in node.operands():
            push(operand)
    return False


def way_back(end: Node, states: set[int], most: int = 400) -> list[Node]:
    """The way from a state to an earlier one of these through what it is a change of, both ends included."""
    reached_from: dict[int, Node | None] = {id(end): None}
    level = [end]
    for _ in range(FAR):
        further = []
        for node in level:
            for at in direct(node):
                if isinstance(at, Node) and id(at) not in reached_from and len(reached_from) < most:
                    reached_from[id(at)] = node
                    if id(at) in states:
                        way = [at]
                        back: Node | None = node
                        while back is not None:
                            way.append(back)
                            back = reached_from[id(back)]
                        return way[::-1]
                    further.append(at)
        level = further
    return [end]


def beside(way: list[Node]) -> Iterator[Node]:
    """The operands along a way that are not on it."""
    for node, following in zip(way, [*way[1:], None], strict=True):
        if following is None and len(way) > 1:
            return
        skipped = False
        for operand in node.operands():
            if operand is following and not skipped:
                skipped = True  # x + x: once on the way, once beside it
            else:
                yield operand


def find_training(tape: Tape) -> Training | None:
    """The parameters and the steps; None where nothing is trained."""
    chains = find_chains(tape)
    if not chains:
        return None
    repeated = _repeated(chains)
    if not repeated:
        return None
    span = max(c.times[-1] for c in repeated) - min(c.times[0] for c in repeated)
    lasting = [c for c in repeated if _life(c) >= LASTING * span]
    if not lasting:
        return None
    longest = max(lasting, key=lambda c: (_life(c), -len(c.times)))
    steady = [c for c in lasting if c.keys[0][1][1] is None and len(c.times) >= 0.5 * len(longest.times)]
    # rows of an array may come in any order: a whole one tells better where a step begins
    master = max((c for c in steady if _life(c) >= 0.9 * _life(longest)), key=_life, default=longest)
    return _training(tape, chains, lasting, _boundaries(tape, lasting, _cycles(master)))


def _repeated(chains: list[Chain]) -> list[Chain]:
    """The chains that come again and again and depend on themselves; short-lived ones are not asked."""
    found: list[Chain] = []
    for chain in sorted(filter(_cycles, chains), key=_life, reverse=True):
        if found and _life(chain) < LASTING * _life(found[0]):
            break
        if depends_on_itself(chain):
            found.append(chain)
    return sorted(found, key=lambda chain: chain.number)


def _life(chain: Chain) -> int:
    return chain.times[-1] - chain.times[0]


def unset(training: Training) -> None:
    """What follows from parameters is no setting, also where a script has no samples, only numbers in its text."""
    for parameter in training.parameters:
        for chain in parameter.chains:
            for state in chain.states:
                state.hyper = False
    for node in training.tape.nodes:
        if node.hyper and not all(operand.hyper for operand in node.operands()):
            node.hyper = False


def finer(training: Training) -> Training | None:
    """The same training cut into the shortest steps that come again and again: whatever element a line updates."""
    by_site: dict[int, set[int]] = defaultdict(set)
    for chain in training.lasting:
        for time, key in zip(chain.times, chain.keys, strict=True):
            by_site[key[0]].add(time)
    often = max(by_site, key=lambda number: len(by_site[number]))
    marks = sorted(by_site[often])
    if len(marks) < 2:
        return None
    boundaries = _boundaries(training.tape, training.lasting, marks, whole=False)
    found = _training(training.tape, training.chains, training.lasting, boundaries, in_turn=True)
    begun = max(chain.times[0] for chain in training.lasting)
    if found is not None and found.steps[-1].start >= begun:  # every state is one that a step made
        found.steps = [step for step in found.steps if step.start >= begun]
    return found


def _training(
    tape: Tape, chains: list[Chain], lasting: list[Chain], boundaries: list[int], in_turn: bool = False
) -> Training | None:
    steps = [Step(k, a, b) for k, (a, b) in enumerate(itertools.pairwise(boundaries))]
    if not steps:
        return None
    found = _parameters(tape, lasting, steps, in_turn)
    if not found:
        return None
    others = [c for c in chains if all(c not in p.chains for p in found)]
    sites = {site for p in found for chain in p.chains for site in chain.sites}
    alike = [c for c in others if c.sites[0] in sites and c.size > 1 and len(c.states) > 2 and c not in lasting]
    lost = [Parameter("", [chain], chain.sites[0]) for chain in alike]
    name_blocks(tape, [*found, *lost])
    return Training(tape, found, steps, others, chains, lasting, lost)


def _cycles(chain: Chain) -> list[int]:
    """The times at which the first update of a cycle comes round again."""
    first = chain.keys[0]
    times = [time for time, key in zip(chain.times, chain.keys, strict=True) if key == first]
    return times if len(times) > 1 else []


def _boundaries(tape: Tape, lasting: list[Chain], marks: list[int], whole: bool = True) -> list[int]:
    """The ends of the steps: after the update in each cycle that the least data crosses.

    Args:
        whole: whether a cycle is one of the same elements; else a line may update other elements in every cycle.
    """
    states = {id(state) for chain in lasting for state in chain.states}
    rows = {(t, key if whole else key[0]) for c in lasting for t, key in zip(c.times, c.keys, strict=True)}
    events = sorted(rows, key=lambda e: e[0])
    cycle = [e for e in events if marks[0] <= e[0] < marks[1]]
    period = marks[1] - marks[0]
    uses: dict[int, int] = {}
    born: dict[int, int] = {}
    window = [n for n in tape.nodes if marks[0] - 2 * period <= n.time <= marks[-1] + period]
    made: set[int] = set()  # from the states: data may cross as they like
    for node in window:
        operands = list(node.operands())
        uses |= {id(operand): node.time for operand in operands}
        if any(id(operand) in states or id(operand) in made for operand in operands):
            made.add(id(node))
            born[id(node)] = node.time
    gaps = [later[0] - event[0] for event, later in zip(cycle, [*cycle[1:], (marks[1], None)], strict=True)]
    crossing = [
        sum(
            1
            for i, b in born.items()
            if t - period < b <= t < uses.get(i, 0) < b + period and i not in states  # what is kept crosses every cut
        )
        for t, _ in cycle
    ]
    narrow = [k for k, count in enumerate(crossing) if count == min(crossing)]
    narrow.sort(key=lambda k: gaps[k], reverse=True)
    cuts = [_ends(tape, events, marks, cycle, k) for k in narrow]
    ends = cuts[0]
    means = _trained(lasting, ends) if len(cuts) > 1 else []
    if means and all(map(_is_mean, means)):  # of gradients: what is trained stands still between these cuts
        for cut in cuts[1:]:
            others = _trained(lasting, cut)
            if len(others) + len(means) == len(lasting) and not any(c in means or _is_mean(c) for c in others):
                ends = cut
                break
    begin = min(min(c.times) for c in lasting)
    origin = max((c.states[0].time for c in lasting if c.states[0].time < begin), default=0)
    return [origin, *ends]


def _turns(chain: Chain, steps: list[Step]) -> list[Step]:
    """The steps in which a state was updated for the second and the third time."""
    return [step for step in steps if any(step.start < time <= step.end for time in chain.times[1:3])]


def _ends(
    tape: Tape, events: list[tuple[int, Any]], marks: list[int], cycle: list[tuple[int, Any]], k: int
) -> list[int]:
    """The time of the last update with the key of the k-th in each cycle; where a line ends a cycle with its last
    update, whichever elements that is of, of the last by this line.
    """  # fmt: skip
    offset = cycle[k][1]
    if isinstance(offset, tuple) and all(key[0] != offset[0] for _, key in (cycle[0], *cycle[k + 1 :])):
        events = [(time, offset) for time, _, _, _, site in tape.stores if site.number == offset[0]]
    ends = []
    for start, stop in zip(marks, [*marks[1:], None], strict=True):
        inside = [t for t, key in events if t >= start and (stop is None or t < stop) and key == offset]
        if inside:
            ends.append(inside[-1])
    return ends


def _trained(lasting: list[Chain], ends: list[int]) -> list[Chain]:
    """The states that within a step change by what follows from them."""
    return [chain for chain in lasting if _within(chain, Step(0, *ends[:2]))] if len(ends) > 1 else []


def _is_mean(chain: Chain) -> bool:
    """Whether a state is the one before times a number, and something more."""
    way = way_back(chain.states[-1], {id(chain.states[-2])})
    return any(getattr(node.function, "__name__", "") in ("mul", "multiply") for node in way)


def _parameters(tape: Tape, lasting: list[Chain], steps: list[Step], in_turn: bool) -> list[Parameter]:
    """What changes in the second step; or each in its own second one, where every step changes other elements."""
    step = steps[min(1, len(steps) - 1)]
    chosen = [c for c in lasting if _within(c, step) or (in_turn and any(_within(c, s) for s in _turns(c, steps)))]
    groups: dict[Any, list[Chain]] = defaultdict(list)
    rows = {
        id(thing.thing): ("row", scope[1]) for _, scope, _, thing, _ in tape.stores
        if scope[0] == "item" and isinstance(thing, Held) and isinstance(thing.thing, list)
    }  # fmt: skip
    for chain in chosen:
        sites = tuple(sorted({site.number for site in chain.sites}))
        value = chain.states[0].value
        if chain.scope[0] == "memory" and chain.keys[0][1][1] is not None:
            groups[sites, chain.scope].append(chain)  # elements of one array that the same lines update
        elif value is not None and np.ndim(value) == 0:
            row = rows.get(chain.scope[1]) if chain.scope[0] == "item" else None  # of a matrix made of lists
            groups[sites, row or chain.scope].append(chain)
        else:
            groups[chain.number].append(chain)
    found = [Parameter("", group, group[0].sites[0]) for group in groups.values()]
    found = [parameter for parameter in found if not is_velocity(parameter, found, step)]
    found = [parameter for parameter in found if not is_average(parameter, found, step)]
    found.sort(key=lambda p: p.chains[0].states[0].time)
    return found


def _within(chain: Chain, step: Step) -> bool:
    """Whether within one step the change of a state depends on the state."""
    start, end = chain.state_at(step.start), chain.state_at(step.end)
    if start is end:
        return False
    visited: set[int] = set()
    stack = list(beside(way_back(end, {id(start)})))
    while stack:
        node = stack.pop()
        if node is start:
            return True
        if id(node) not in visited and node.time > step.start:
            visited.add(id(node))
            stack += list(node.operands())
    return False
