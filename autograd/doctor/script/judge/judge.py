"""The verdicts on a step: for each block of parameters whether its gradient is right, and whether the step uses it.

Right is what agrees with a reading of the loss at every point that was looked at. A factor that all blocks share only
rescales the learning rate; momentum, adaptive steps, decay and clipping are steps of their own kind, no mistakes.
"""

from __future__ import annotations

import contextlib
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..watch.naming import name_blocks
from ..watch.steps import Parameter, Step, Training, finer
from .agreement import explains_most
from .called import is_called
from .engines import place_of_loss
from .farther import farther
from .forms import counterpart
from .left_out import left_out
from .look import QUIET, Look, Point
from .looked import look_at, losses_in, one_after_the_other, telling_look
from .losses import Reading, is_crossed, readings
from .meant import meant
from .preconditioned import reads_samples
from .rates import rate_of
from .reference import gradient
from .replay import ancestors
from .slips import counts_unseen, with_the_steps_own
from .together import together
from .told import is_claimed
from .verdicts import Judgement, verdicts
from .written import united

Array = Any
PAIRS = 6  # of losses that are added up
FAINT = 1e4  # times as large as it should be a step is not by a slip
MOST_HALVED = 9  # times, parameters where units are not saturated
MOST_STEPS = 6  # that are looked at for blocks that others do not update


def judge(training: Training, loss: str = "", seed: int = 0) -> Judgement | None:
    """The verdicts under the reading that explains most, on the step that shows most.

    Args:
        loss: the name, or the line, of the loss; "" where it is to be found.
    """
    best = _judged(training, loss, seed)
    several = best is not None and one_after_the_other(best.look)
    if best is None or not _wrong(best) + _silent(best):
        return best
    in_rows = any(len({len(c.times) for c in p.chains}) > 1 for p in training.parameters)  # some oftener than others
    asked = several or bool(_not_updated(best))
    shorter = finer(training) if asked or (_wrong(best) and in_rows) else None
    more = shorter is not None and len(shorter.steps) > len(training.steps)
    again = _judged(shorter, loss, seed) if shorter is not None and (more or asked) else None
    if again is not None and not one_after_the_other(again.look):
        fewer = asked and (several or _silent(again) < _silent(best))
        if fewer or all(v.right for v in again.verdicts.values()):
            judged = again.look.training
            sites = {site for p in judged.parameters for chain in p.chains for site in chain.sites}
            judged.lost += [p for p in training.parameters if not sites & {s for c in p.chains for s in c.sites}]
            return again
    for verdict in best.verdicts.values() if several else ():
        verdict.silent |= not verdict.right
    return best


def _on_both_sides(found: Judgement, loss: str, rng: np.random.Generator) -> Judgement:
    """The same where a comparison that came out one way for all samples comes out both ways."""
    points = farther(found.look, found.points, rng)
    others, partial = _by_reading(found.look, points, loss) if points else ([], [])
    there = _best(others, [*others, *partial]) if others else None
    if there is None or there.reading is None or found.reading is None or there.reading.kin != found.reading.kin:
        return found
    return there if _wrong(there) else found


def _know_the_steps(found: Judgement, reading: Reading) -> None:
    """Let a loss with a forward pass of its own know that of the steps, which goes along with it."""
    same = (r for r in readings(found.look, found.look.losses, found.points) if r.kin == reading.kin)
    for twin in itertools.islice(same, 1):
        with_the_steps_own(found, verdicts(found.look, found.points, twin))


def _leaving_out(named: Judgement) -> Reading | None:
    """What the steps follow, where the loss that was named leaves elements of it out."""
    for reading in readings(named.look, named.look.losses, named.points):
        with contextlib.suppress(Exception):
            if reading.kind == "squares" and counts_unseen(verdicts(named.look, named.points, reading), named):
                return reading
    return None


def _not_updated(found: Judgement) -> set[str]:
    """The blocks of which nothing is known, for the steps that were looked at do not update them."""
    return {n for n, v in found.verdicts.items() if v.silent and found.look.ends[n] == found.look.starts[n]}


def _judged(training: Training, loss: str, seed: int, complete: bool = False, later: bool = False) -> Judgement | None:
    """The verdicts on the steps as they are cut.

    Args:
        complete: whether what was taken for no parameter was asked for already.
        later: not the first step.
    """
    rng = np.random.default_rng(seed)
    united(training)
    look, points = telling_look(training, rng, first=int(later))
    if not points:
        return None

    def judged_at(points: list[Point]) -> Judgement | None:
        found, partial = _by_reading(look, points, loss)
        best = _best(found, [*found, *partial]) if found else None
        return None if best is None else _several(best, [*found, *partial]) or best

    found, partial = _by_reading(look, points, loss)
    if not found:
        return None
    idle = {n for n in found[0].verdicts if all(_no_loss_has(f, n) for f in found)}
    if not later and len(training.steps) > 1 and any(map(look.begins_plain, idle)):
        again = _judged(training, loss, seed, complete, later=True)
        if again is not None:
            return again
    for each in found:
        if each.reading is not None and each.reading.kind == "loss":
            idle -= _counting_elsewhere(each, idle, seed)
    if idle and len(idle) < len(training.parameters):  # sizes of steps, say, that change as they go
        training.idle += [p for p in training.parameters if p.name in idle]
        training.others += [chain for p in training.idle for chain in p.chains]
        training.parameters = [p for p in training.parameters if p.name not in idle]
        return _judged(training, loss, seed, complete, later)
    best = _best(found, [*found, *partial])
    if loss and best.beside is None and _wrong(best):
        best.beside = _leaving_out(best)
    read, training.unread = ([], training.unread) if complete else left_out(best)
    if read:
        training.parameters += read
        training.others = [c for c in training.others if all(c not in p.chains for p in read)]
        name_blocks(training.tape, training.parameters)
        return _judged(training, loss, seed, True, later)
    whole = _several(best, [*found, *partial]) or _elsewhere(_undisturbed(best, judged_at, rng), rng)
    whole = _in_steps_of_their_own(whole, loss, rng)
    if best.beside is not None:
        _know_the_steps(whole, best.beside)
    if all(v.right and v.rule in ("plain", "decay") for v in whole.verdicts.values()):
        return _on_both_sides(whole, loss, rng)
    assert whole.reading is not None
    if whole.reading.holds_something(whole.look) and _wrong(whole) and not _holds_targets(whole):
        return None  # all of it, or nothing
    return whole


def _by_reading(look: Look, points: list[Point], loss: str) -> tuple[list[Judgement], list[Judgement]]:
    """The verdicts under each reading; apart, those where something is held fixed and a block has no part in it then.

    Such a reading stands only where there is no other.
    """
    found: list[Judgement] = []
    partial: list[Judgement] = []
    held: list[Judgement] = []
    for reading in readings(look, look.losses, points):
        if loss and not is_called(look, reading, loss):
            continue
        with contextlib.suppress(Exception):  # a reading that cannot be differentiated is none
            each = verdicts(look, points, reading)
            if not reading.holds_something(look):
                found.append(each)
            elif not _wrong(each):  # such a reading explains all, or nothing
                (partial if _silent(each) else found).append(each)
            elif _holds_targets(each):
                held.append(each)
    found += together(look, points, found) if not loss and all(map(_wrong, found)) else []
    found = [each for each in found if not all(v.silent for v in each.verdicts.values())] or found
    found += held if all(map(_wrong, found)) else []
    crossed = [each for each in found if each.reading and any(is_crossed(error) for error, _ in each.reading.errors)]
    if crossed and all(map(_wrong, found)):
        return crossed, []
    return (found, partial) if found else (partial, [])


def _best(found: list[Judgement], everything: list[Judgement]) -> Judgement:
    """The reading that explains most, or the loss that is meant by it."""
    return meant(explains_most(found), everything)


def _undisturbed(
    best: Judgement, again: Callable[[list[Point]], Judgement | None], rng: np.random.Generator
) -> Judgement:
    """The same where rounding and overflow spoil nothing, as in saturated units; else no word on what they spoil.

    Args:
        again: judges at other points.
    """
    if not _wrong(best):
        return best
    each = [best.look.noise(point.values) for point in best.points]
    wrong = {name for name, v in best.verdicts.items() if not v.right and not v.silent}
    noisy = {name for name in wrong if max(noise[name] for noise in each) > QUIET}
    noisy |= {
        name for name in wrong for point, bar in zip(best.points, best.bars, strict=True)
        if not np.isfinite(gradient(best.look, point, bar, name)).all()
    }  # fmt: skip
    faint = _faint(best, wrong)
    calm, halved = None, 0
    while (noisy or faint) and halved <= MOST_HALVED:
        points = best.look.points(rng, 4, calm=True, halved=halved)
        calm = again(points) if len(points) > 1 else calm
        faint = set() if calm is None else _faint(calm, wrong)
        if calm is None or not faint:
            break
        halved += 3
    for name in noisy if calm is None else ():
        best.verdicts[name].silent = True
    return calm or best


def _faint(found: Judgement, names: set[str]) -> set[str]:
    """The blocks beside whose step the right gradient is nothing, as behind saturated units: what is compared then is
    one element that stands out.
    """  # fmt: skip
    usual = [abs(v.change.scale) for v in found.verdicts.values() if v.right and v.change.holds and v.change.scale]
    return {n for n in names if usual and abs(found.verdicts[n].change.scale) > FAINT * max(usual)}


def _follows(one: Judgement, other: Judgement) -> bool:
    """Whether the one is computed from what the other begins with: then they are no two losses."""
    assert other.reading is not None
    return any(counterpart(one.look, one.points, root, one.bars) is not None for root in other.reading.roots)


def _no_loss_has(found: Judgement, name: str) -> bool:
    """Whether a block changes, and what is minimised does not depend on it."""
    updated = found.look.ends[name] != found.look.starts[name]
    return updated and found.verdicts[name].silent and found.verdicts[name].change.error == math.inf


def _counting_elsewhere(found: Judgement, names: set[str], seed: int) -> set[str]:
    """The blocks that the loss depends on in other steps: the recurrent weights of a sequence of one are idle."""
    assert found.reading is not None
    read = {id(node) for node in ancestors(found.reading.roots, found.look._is_leaf)}
    names = {name for name in names if any(id(node) in read for node in found.look.starts[name])}
    rng, counting = np.random.default_rng(seed), set[str]()
    for step in [step for step in found.look.training.steps if step is not found.look.step][:6]:
        there = _judged_at(found, step, rng) if names - counting else None
        counting |= {name for name in names if there is not None and not there.verdicts[name].silent}
    return counting


def _several(best: Judgement, everything: list[Judgement]) -> Judgement | None:
    """Everything is right, where a step lowers the sum of two losses, or each block its own; else None."""
    losses = [o for o in everything if o.reading is not None and o.reading.kind == "loss"]
    if not _wrong(best) + _silent(best) or len(everything) < 2:
        return None
    assert best.reading is not None
    own, others = dict(best.verdicts), dict[str, Reading]()
    for other in everything:
        assert other.reading is not None
        if best.reading.kind == "loss" != other.reading.kind and not _next_turn(best, other):
            continue  # where a loss is computed, no other is made up
        if _follows(best, other) or _follows(other, best):
            continue
        known = bool(other.form or other.reading.turn) or _is_of_its_own(other)
        new = {name: v for name, v in other.verdicts.items()
               if v.right and not own[name].right and (known or (own[name].silent and v.rule == "plain"))}  # fmt: skip
        own |= new
        others |= dict.fromkeys(new, other.reading) if other.reading.site is not best.reading.site else {}
    if all(v.right for v in own.values()):
        best.verdicts, best.others = own, others
        return best
    for one, another in itertools.islice(itertools.combinations(losses, 2), PAIRS if _silent(best) else 0):
        assert one.reading is not None
        assert another.reading is not None
        both = Reading("loss", [*one.reading.roots, *another.reading.roots])
        with contextlib.suppress(Exception):
            joined = verdicts(best.look, best.points, both)
            if all(v.right for v in joined.verdicts.values()):
                return joined
    return None


def _is_of_its_own(other: Judgement) -> bool:
    """Whether all blocks that a quantity depends on follow it, which is called a loss and is no penalty."""
    assert other.reading is not None
    if other.reading.kind != "loss" or _wrong(other) or not reads_samples(other.look, other.reading.roots[0]):
        return False
    return all(v.rule == "plain" for v in other.verdicts.values()) and is_claimed(other.look, other.reading.roots[0])


def _next_turn(best: Judgement, other: Judgement) -> bool:
    """Whether the one is the same kind of loss as the other, once more, after a block was updated."""
    assert other.reading is not None
    ends = {id(node) for nodes in best.look.ends.values() for node in nodes}
    return bool(best.form) and best.form == other.form and any(id(n) in ends for n, _ in other.reading.order(best.look))


def _elsewhere(found: Judgement, rng: np.random.Generator) -> Judgement:
    """The same on other steps, with other samples: a zero in one of them hides what is wrong, and what is right."""
    best, seen = found, dict(found.verdicts)
    everywhere = [found]
    large = len(found.look.program.order) > 3000
    training = found.look.training
    others = [s for s in training.steps[len(training.steps) > 3 :] if s is not found.look.step]  # the first is a guess
    others = [s for s in others if training.goes_on(s)]
    known = {step for step in others if training.branches(step) <= training.branches(found.look.step)}
    for step in sorted(others, key=known.__contains__)[: 2 if large else 6]:
        if large and not any(v.silent for v in seen.values()) and step in known:
            break
        there = _judged_at(found, step, rng)
        if there is None or there.verdicts.keys() != seen.keys():
            continue
        if any(math.isnan(v.change.scale) and not v.silent for v in there.verdicts.values()):
            continue  # where it has grown beyond all bounds nothing can be told
        everywhere.append(there)
        for name, verdict_there in there.verdicts.items():
            if seen[name].silent or (not verdict_there.right and not verdict_there.silent and seen[name].right):
                seen[name] = verdict_there
        if _wrong(there) > _wrong(best) or (_wrong(there) == _wrong(best) and _silent(there) < _silent(best)):
            best = there
    for name, verdict_seen in seen.items():
        if best.verdicts[name].silent:
            best.verdicts[name] = verdict_seen
    return _by_sample(everywhere) or best


def _in_steps_of_their_own(found: Judgement, loss: str, rng: np.random.Generator) -> Judgement:
    """The same with blocks that other steps update, along a loss of theirs: of two that take turns, say."""
    training = found.look.training
    for step in training.steps[:MOST_STEPS]:
        silent = _not_updated(found)
        here = {p.name for p in training.parameters if p.name in silent and _changes(p, step)}
        if not here or step is found.look.step:
            continue
        look, points = look_at(training, step, losses_in(training, step)[1], rng)
        others, partial = _by_reading(look, points, loss) if points else ([], [])
        if not others:
            continue
        there = _best(others, [*others, *partial])
        told = {n: v for n, v in there.verdicts.items() if n in here and not v.silent}
        if any(not v.right for v in told.values()) and not _wrong(found):
            there.verdicts |= {n: v for n, v in found.verdicts.items() if n not in told}
            found = there
        else:
            found.verdicts |= {n: v for n, v in told.items() if v.right}
    return found


def _changes(parameter: Parameter, step: Step) -> bool:
    before, after = parameter.during(step)
    return before != after


def _by_sample(everywhere: list[Judgement]) -> Judgement | None:
    """A block whose step has another factor for each sample is wrong, where other blocks keep to one.

    A single input that is left out looks like a factor as long as one sample is looked at.
    """

    def factor(judgement: Judgement, name: str) -> float:
        """What the step is of the right gradient, the learning rate aside; 0 for a step that stands still."""
        return judgement.verdicts[name].change.scale / (rate(judgement, name) or 1.0)

    def rate(judgement: Judgement, name: str) -> float | None:
        return next((r for end in judgement.look.ends[name] if (r := rate_of(judgement.look, end))), None)

    factors: dict[str, list[float]] = {}
    unread = set[bool]()
    for name in everywhere[0].verdicts:
        seen = [(j.verdicts[name].change, j) for j in everywhere if not j.verdicts[name].silent]
        if len(seen) < 3 or any(j.verdicts[name].rule != "plain" or (c.scale and not c.holds) for c, j in seen):
            return None
        unread |= {rate(j, name) is None for _, j in seen}
        if len(unread) > 1:  # it cannot be read everywhere
            return None
        factors[name] = [factor(j, name) for _, j in seen]
    steady = {name: f[0] for name, f in factors.items() if max(f) - min(f) <= 1e-5 * max(map(abs, f))}
    if len(steady) == len(factors) or not steady or max(steady.values()) > (1 + 1e-5) * min(steady.values()):
        return None
    usual = next(iter(steady.values()))
    if usual <= 0:
        return None

    def plainness(judgement: Judgement) -> float:
        """How far the least of the wrong factors is from the right one; nothing is seen where one is 0."""
        wrong = [factor(judgement, name) / usual for name in factors if name not in steady]
        return min(abs(math.log(abs(f))) if f else 0.0 for f in wrong)

    best = max(everywhere, key=plainness)
    for name, v in best.verdicts.items():
        v.factor = factor(best, name) / usual
        v.right = not v.silent and name in steady
    best.by_sample = set(factors) - set(steady)
    return best


def _wrong(found: Judgement) -> int:
    return sum(not v.right and not v.silent for v in found.verdicts.values())


def _silent(found: Judgement) -> int:
    return sum(v.silent for v in found.verdicts.values())


def wrong_elsewhere(found: Judgement, seed: int = 0) -> set[str]:
    """The blocks that are wrong at some other step: a longer sequence, or one with momentum."""
    steps = [step for step in found.look.training.steps if step is not found.look.step]
    chosen = {steps[k].number: steps[k] for k in (0, len(steps) // 2, -1)} if steps else {}
    rng, wrong = np.random.default_rng(seed), set[str]()
    for step in chosen.values():
        there = _judged_at(found, step, rng)
        wrong |= {n for n, v in there.verdicts.items() if not v.right and not v.silent} if there is not None else set()
    return wrong


def _judged_at(found: Judgement, step: Step, rng: np.random.Generator) -> Judgement | None:
    """The verdicts on another step under the same reading."""
    training, reading = found.look.training, found.reading
    assert reading is not None
    here, losses = losses_in(training, step)
    if one_after_the_other(here):
        return None
    losses = [nodes for nodes in losses if place_of_loss(nodes[0]) == place_of_loss(reading.roots[0])]
    look, points = look_at(training, step, losses, rng)
    if not points:
        return None
    twin = next((r for r in readings(look, losses, points) if r.kin == reading.kin), None)
    if twin is None:
        return None
    if len(twin.roots) < len(reading.roots) and all(id(root) in look.to_end for root in twin.roots):
        return None  # only some of the differences were seen that make the gradient
    try:
        there = verdicts(look, points, twin)
        assert there.reading is not None
        if (there.reading.sign < 0) != (reading.sign < 0):
            return None  # one loss is not lowered in one step and raised in another
        there.sure = found.sure
        return _undisturbed(there, lambda calm: verdicts(look, calm, twin), rng)
    except Exception:
        return None


def _holds_targets(found: Judgement) -> bool:
    """Whether the errors are taken from targets that follow from the parameters, too, and are held fixed: the values
    of what comes next, as one learns them from rewards.
    """  # fmt: skip
    held = found.reading is not None and not found.reading.held and found.reading.holds_something(found.look)
    return held and any(v.right for v in found.verdicts.values())
