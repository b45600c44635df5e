"""The training in a tape: which arrays are parameters, and where one step ends and the next begins.

A parameter is a state that is made from its own past twice over: once directly (`W - ...`), and once through numbers
that depend on it (the gradient). A sum of losses, a momentum or a counter is not. A step ends where the flow of data is
narrowest: what crosses from one step to the next is states and little else.
"""

from __future__ import annotations

import bisect
import itertools
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .chains import Chain, depends_on_itself, find_chains
from .companions import is_average, is_of_squares, is_summed_for, is_velocity
from .direct import beside, way_back
from .naming import name_blocks
from .node import Node, assembled, comes_from
from .sites import Site
from .tape import Held, Tape
from .trials import take_back

Event = tuple[int, Any, int]
"""An update: when, by which line of which elements, and the number of its chain."""
LASTING = 0.4  # of the time from the first update to the last


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

    def during(self, step: Step) -> tuple[list[Node], list[Node]]:
        """The states before a step and after it; of elements of an array those that it changes, but for their first."""
        pairs = [(c.state_at(step.start), c.state_at(step.end)) for c in self.chains]
        changed = [(a, b) for a, b in pairs if a is not b and a.time <= step.start]
        kept = changed if changed and self.chains[0].scope[0] == "memory" else pairs
        return [start for start, _ in kept], [end for _, end in kept]


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

    def branches(self, step: Step) -> set[tuple[Site | None, bool]]:
        """The places of conditions in a step, each with how it came out."""
        within = (c for c in self.tape.conditions if step.start < c.time <= step.end)
        return {(c.site, c.value) for c in within if isinstance(c.value, bool)}

    def goes_on(self, step: Step) -> bool:
        """Whether some block goes on from what it was: a line search goes back to where it began."""
        pairs = [(c.state_at(step.start), c.state_at(step.end)) for p in self.parameters for c in p.chains]
        pairs = [(start, end) for start, end in pairs if start is not end]
        return not pairs or any(len(way_back(end, {id(start)})) > 1 for start, end in pairs)

    def telling(self, first: int = 0) -> list[int]:
        """The numbers of the first steps, those in front in which most changes: a branch may leave a bias as it is."""
        kept = [c for p in self.parameters for c in p.chains]
        kept += [c for c in self.others if len({*c.sites}) == 1 and _life(c) >= LASTING * max(map(_life, kept))]

        def changed(k: int) -> int:
            ends = [(c.state_at(self.steps[k].start), c.state_at(self.steps[k].end)) for c in kept]
            return sum(start is not end for start, end in ends)

        near = [k for k in (1, 0, 2, 3) if first <= k < len(self.steps)]
        return sorted(near, key=lambda k: (not self.goes_on(self.steps[k]), -changed(k)))


def find_training(tape: Tape) -> Training | None:
    """The parameters and the steps; None where nothing is trained."""
    take_back(tape)
    chains = find_chains(tape)
    if not chains:
        return None
    repeated = _repeated(chains)
    if not repeated:
        return None
    span = max(c.times[-1] for c in repeated) - min(c.times[0] for c in repeated)
    lasting = [c for c in repeated if _life(c) >= LASTING * span]
    if not lasting:  # several trainings one after the other: the first is judged
        least = LASTING * max(map(_life, repeated))
        first = min((c for c in repeated if _life(c) >= least), key=lambda c: c.times[0])
        chains = [c for c in chains if c.times[0] <= first.times[-1]]
        lasting = [c for c in repeated if c in chains and _life(c) >= least]
    lasting += _rows_together(chains, lasting, span)
    sums = [c for c in lasting if any(is_summed_for(c, other) for other in lasting)]  # of gradients, never emptied
    leading = [c for c in lasting if c not in sums]
    longest = max(leading, key=lambda c: (_life(c), -len(c.times)))
    whole = [c for c in leading if c.keys[0][1][1] is None]
    counts = Counter(len(c.times) for c in whole)  # a row that is read twice is updated twice in a step
    steady = [c for c in whole if len(c.times) >= 0.5 * len(longest.times) or counts[len(c.times)] > 2]
    # rows of an array may come in any order: a whole one tells better where a step begins
    master = max((c for c in steady if _life(c) >= 0.9 * _life(longest)), key=_life, default=longest)
    marks = _cycles(master)
    if master.changing:  # rows that come once are chains of their own
        marks = sorted({t for c in chains if {*c.sites} == {*master.sites} for t in c.times})
    return _training(tape, chains, lasting, _boundaries(tape, chains, lasting, marks))


def _repeated(chains: list[Chain]) -> list[Chain]:
    """The chains that come again and again and depend on themselves; short-lived ones are not asked."""
    found: list[Chain] = []
    for chain in sorted(filter(_cycles, chains), key=_life, reverse=True):
        if found and _life(chain) < LASTING * _life(found[0]):
            break
        if depends_on_itself(chain):
            found.append(chain)
    return sorted(found, key=lambda chain: chain.number)


def _rows_together(chains: list[Chain], lasting: list[Chain], span: int) -> list[Chain]:
    """Rows of an array that a line updates one after the other: they live for a short time each, and long together."""
    families: dict[Any, list[Chain]] = defaultdict(list)
    known = {chain.scope for chain in lasting}
    for chain in chains:
        is_row = chain.scope[0] == "memory" and chain.keys[0][1][1] is not None and chain.size > 1
        if is_row and chain.scope not in known:
            families[chain.scope, chain.sites[0]].append(chain)
    long = [
        rows for rows in families.values()
        if max(row.times[-1] for row in rows) - min(row.times[0] for row in rows) >= LASTING * span
    ]  # fmt: skip
    return [row for rows in long for row in rows if _cycles(row) and depends_on_itself(row)]


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
    """The same training cut after each update that nothing outlives but states: whatever elements a line updates."""
    lines = {site for chain in training.lasting for site in chain.sites}
    updated = [chain for chain in training.chains if chain.sites[0] in lines]
    events = sorted({time for chain in updated for time in chain.times})
    least = LASTING * max(map(_life, training.lasting))
    kept = {id(state) for c in training.chains if c in updated or _life(c) >= least for state in c.states}
    leading = {id(state) for chain in updated for state in chain.states}  # what updates follow from
    uses: dict[int, int] = {}
    for node in reversed(training.tape.nodes):
        for operand in node.operands() if id(node) in leading else ():
            leading.add(id(operand))
            uses.setdefault(id(operand), node.time)
    made, lives = set(kept), list[tuple[int, int]]()  # from the states: data may cross as they like
    for node in training.tape.nodes:
        if any(id(operand) in made for operand in node.operands()):
            made.add(id(node))
            if id(node) in uses and id(node) not in kept:
                lives.append((node.time, uses[id(node)]))
    born, gone = (sorted(times) for times in zip(*lives, strict=True)) if lives else ([], [])
    crossing = [bisect.bisect_right(born, time) - bisect.bisect_right(gone, time) for time in events]
    boundaries = [time for time, count in zip(events, crossing, strict=True) if count == min(crossing)]
    found = _training(training.tape, training.chains, training.lasting, boundaries)
    begun = max(chain.times[0] for chain in training.lasting)
    if found is not None and found.steps[-1].start >= begun:  # every state is one that a step made
        later = (step for step in found.steps if step.start >= begun)
        found.steps = [Step(k, step.start, step.end) for k, step in enumerate(later)]
    return found


def _training(tape: Tape, chains: list[Chain], lasting: list[Chain], boundaries: list[int]) -> Training | None:
    steps = [Step(k, a, b) for k, (a, b) in enumerate(itertools.pairwise(boundaries))]
    if not steps:
        return None
    found = _parameters(tape, lasting, steps)
    if not found:
        return None
    others = [c for c in chains if all(c not in p.chains for p in found)]
    sites = {site for p in found for chain in p.chains for site in chain.sites}
    seen = {chain.scope for p in found for chain in p.chains if chain.scope[0] == "memory"}  # rows stand for the others
    alike = [c for c in others if c.sites[0] in sites and c.size > 1 and len(c.states) > 2 and c.scope not in seen]
    lost = [Parameter("", [chain], chain.sites[0]) for chain in alike]
    name_blocks(tape, [*found, *lost])
    made = max(chain.states[0].time for parameter in found for chain in parameter.chains)
    if made < steps[0].start:  # a velocity is made when it is first asked for, after the first forward pass
        steps[0] = Step(0, made, steps[0].end)
    return Training(tape, found, steps, others, chains, lasting, lost)


def _cycles(chain: Chain) -> list[int]:
    """The times at which the first update of a cycle comes round again."""
    first = chain.keys[0]
    pairs = zip(chain.times, chain.keys, strict=True)
    times = chain.times if chain.changing else [time for time, key in pairs if key == first]
    return times if len(times) > 1 else []


def _boundaries(tape: Tape, chains: list[Chain], lasting: list[Chain], marks: list[int]) -> list[int]:
    """The ends of the steps: after the update in each cycle that the least data crosses."""
    states = {id(state) for chain in lasting for state in chain.states}
    lines = {site for chain in lasting for site in chain.sites}  # they update other elements in other cycles, too
    least = LASTING * max(map(_life, lasting))
    alike = [c for c in chains if c.sites[0] in lines or (_life(c) >= least and _cycles(c))]
    single = [  # but an array that was made only in passing is no row of anything
        c for c in chains if c not in alike and c.scope[0] == "memory" and c.size > 1
        and (c.keys[0][1][1] is not None or c.states[0].time < marks[0])
    ]  # fmt: skip
    often = Counter(c.sites[0] for c in single for _ in c.times)  # rows that come once each
    alike += [c for c in single if often[c.sites[0]] >= len(marks)]
    rows = {(t, key, c.number) for c in alike for t, key in zip(c.times, c.keys, strict=True)}
    events = sorted(rows, key=lambda e: e[0])
    first, last = (
        marks[1:3] if len(marks) > 2 else marks
    )  # the first cycle may begin with plain numbers, which are no nodes
    cycle = [e for e in events if first <= e[0] < last]
    period = last - first
    uses: dict[int, int] = {}
    born: dict[int, int] = {}
    window = [n for n in tape.nodes if marks[0] - 2 * period <= n.time <= marks[-1] + period]
    made: set[int] = set()  # from the states: data may cross as they like
    read = {id(operand) for node in window for operand in node.operands()}
    for node in window:
        operands = list(node.operands())
        if node.function is not assembled or id(node) in read:  # an array handed back, that nobody takes, is no use
            uses |= {id(operand): node.time for operand in operands}
        if any(id(operand) in states or id(operand) in made for operand in operands):
            made.add(id(node))
            born[id(node)] = node.time
    gaps = [later[0] - event[0] for event, later in zip(cycle, [*cycle[1:], (last,)], strict=True)]
    running = [chain for chain in alike if len(chain.states) > 2 and _is_mean(chain)]
    totals = _totals(alike, window)  # a loss belongs to the step that follows it, and not to the one before
    running += [chain for chain in alike if chain.number in totals]
    kept = states | {id(state) for chain in running for state in chain.states}  # it crosses every cut
    lives = [(b, uses[i]) for i, b in born.items() if i in uses and i not in kept]
    soon = [(b, e) for b, e in lives if e < b + period]
    begun, ended = (np.sort(times) for times in np.array(soon, dtype=int).reshape(-1, 2).T)
    times = [t for t, _, _ in cycle]
    crossing = (np.searchsorted(begun, times, "right") - np.searchsorted(ended, times, "right")).tolist()
    least = min(crossing)
    narrow = [k for k, count in enumerate(crossing) if count == least]
    replaced = [(at, uses.get(id(old), 0)) for c in lasting for old, at in zip(c.states[1:], c.times[1:], strict=False)]
    stale = [sum(at <= t < last for at, last in replaced) for t in times]  # states that are read once more, though new
    narrow.sort(key=lambda k: (stale[k], cycle[k][2] in totals, -gaps[k]))
    ends = _ends(marks, events, cycle, narrow[0])
    means = _trained(lasting, ends) if len(narrow) > 1 else []
    plain = [c for c in means if not _is_mean(c)]  # what shrinks by itself follows from itself everywhere
    if len(plain) < len(means):  # means of gradients: what is trained stands still between these cuts
        for k in narrow[1:]:
            cut = _ends(marks, events, cycle, k)
            others = _trained(lasting, cut)
            whole = all(c in others or (c not in plain and _is_mean(c)) for c in lasting)
            if whole and not any(c not in plain and (c in means or _is_mean(c)) for c in others):
                ends = cut
                break
    begin = min(min(c.times) for c in lasting)
    origin = max((c.states[0].time for c in lasting if c.states[0].time < begin), default=0)
    return [origin, *ends]


def _totals(chains: list[Chain], nodes: list[Node]) -> set[int]:
    """The numbers of the chains that nothing reads but their own next state: sums of losses, say."""
    numbers = {id(state): chain.number for chain in chains for state in chain.states}
    read = {
        numbers[id(operand)] for node in nodes for operand in node.operands()
        if id(operand) in numbers and numbers.get(id(node)) != numbers[id(operand)]
    }  # fmt: skip
    return {*numbers.values()} - read


def _turns(chain: Chain, steps: list[Step]) -> list[Step]:
    """The steps in which a state was updated for the second and the third time."""
    return [step for step in steps if any(step.start < time <= step.end for time in chain.times[1:3])]


def _ends(marks: list[int], events: list[Event], cycle: list[Event], k: int) -> list[int]:
    """In each cycle the time of the last update like the k-th of one: of the same thing, or of others by the same line.

    Where a line ends the cycle, it is that of the last update by this line, whichever elements that is of.
    """
    _, key, number = cycle[k]
    line = [e for e in events if e[1][0] == key[0]]
    by_line = all(e[1][0] != key[0] for e in (cycle[0], *cycle[k + 1 :]))
    only = sum(e[1][0] == key[0] for e in cycle) == 1 and 2 * sum(e[1] == key for e in line) < len(marks)
    by_line |= only  # in each cycle it updates other elements
    like = line if by_line else [e for e in line if e[1] == key]
    ends = []
    for start, stop in zip(marks, [*marks[1:], None], strict=True):
        inside = [e for e in like if e[0] >= start and (stop is None or e[0] < stop)]
        inside = inside if by_line else [e for e in inside if e[2] == number] or inside
        if inside:
            ends.append(inside[-1][0])
    return ends


def _trained(lasting: list[Chain], ends: list[int]) -> list[Chain]:
    """The states that within a step change by what follows from them."""
    return [chain for chain in lasting if _within(chain, Step(0, *ends[:2]))] if len(ends) > 1 else []


def _is_mean(chain: Chain) -> bool:
    """Whether a state is the one before times a number, and something more."""
    way = way_back(chain.states[-1], {id(chain.states[-2])})
    return any(getattr(node.function, "__name__", "") in ("mul", "multiply") for node in way)


def _parameters(tape: Tape, lasting: list[Chain], steps: list[Step]) -> list[Parameter]:
    """What changes in the second step; or each in its own second one, where every step changes other elements."""
    step = steps[min(1, len(steps) - 1)]
    chosen = [c for c in lasting if any(_within(c, s) for s in [step, *_turns(c, steps)])]
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
    found = [p for p in found if not is_of_squares(p)] or found
    found.sort(key=lambda p: p.chains[0].states[0].time)
    return found


def _within(chain: Chain, step: Step) -> bool:
    """Whether within one step the change of a state depends on the state."""
    start, end = chain.state_at(step.start), chain.state_at(step.end)
    return start is not end and comes_from({id(start)}, beside(way_back(end, {id(start)})), step.start + 1)
