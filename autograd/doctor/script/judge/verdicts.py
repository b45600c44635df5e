"""The verdict on each block under one reading of the loss: is its gradient right, and does the step use it?"""

from __future__ import annotations

import contextlib
import itertools
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..watch.node import Node
from .differences import without_their_error
from .factors import same_factor, unit
from .forms import form_of
from .look import Look, Point
from .losses import Reading
from .match import TOLERANCE, Match, matched
from .narrow import gradient_nodes
from .preconditioned import is_offset, is_scaled, is_through_samples, is_turned
from .rates import by_own_rates, shrunk_twice, takes_a_share
from .reference import gradient
from .repeats import gradient_in_copies
from .told import LETTER, LOSS, is_to_grow, names_of
from .verdict import Verdict

Array = Any
SUMS = ("add", "sub", "subtract", "iadd", "isub", "array", "sum", "mean", "assembled", "linked")
BENT = (
    "abs", "absolute", "fabs", "maximum", "minimum", "fmax", "fmin", "max", "min", "amax", "amin", "where", "clip",
    "sign", "heaviside", "greater", "less", "gt", "lt", "ge", "le", "masked", "norm",
)  # fmt: skip
SOLVERS = ("solve", "inv", "pinv", "lstsq", "cho_solve")
TAKEN_APART = ("eigh", "eig", "svd", "cholesky", "qr")  # matrices, before equations are solved with them
SCALES = ("mul", "multiply", "truediv", "divide", "neg", "negative", "item", "float", "copy", "astype", "reshape")


@dataclass(eq=False)
class Judgement:
    look: Look
    points: list[Point]
    reading: Reading | None
    verdicts: dict[str, Verdict]
    bars: list[dict[int, Array]]
    forward: set[int]
    form: str = ""
    penalised: set[str] = field(default_factory=set)  # blocks of which the loss has a penalty
    by_sample: set[str] = field(default_factory=set)  # blocks whose factor is another for each sample
    kept: dict[str, Node] = field(default_factory=dict)  # by block: what its gradients are added to without an end
    squares: list[Any] = field(default_factory=list)  # faults: sums of squares that gradients are clipped by
    turned: set[str] = field(default_factory=set)  # blocks that a line steps the wrong way, whatever goes into it
    sure: bool = False  # whether the loss that is computed is certainly the one that is meant
    in_turn: dict[str, Any] = field(default_factory=dict)  # a factor that is updated before it is read
    aside: Reading | None = None  # a loss that the script computes, and that the steps do not follow
    others: dict[str, Reading] = field(default_factory=dict)  # by block, the loss of its own that it follows
    beside: Reading | None = None  # what the steps follow, where the loss leaves elements of it out


def _is_climbed(look: Look, points: list[Point], reading: Reading, bars: list[dict[int, Array]]) -> bool:
    """Whether every step goes straight up a quantity that is not called a loss: a likelihood, a reward."""
    names = [name for root in reading.roots[:1] for name in names_of(look, root)]
    same = [np.ravel(n.value) for n in look.training.tape.nodes if n.site is reading.site and n.value is not None]
    values = np.concatenate([*same, np.zeros(0)]).astype(float)
    positive = bool(np.all(values > 1e-9 * np.max(np.abs(values), initial=0.0)))
    grows = reading.roots and is_to_grow(look, reading.roots[0])
    if any(LOSS.search(name) or (positive and not grows and LETTER.search(name)) for name in names):
        return False
    matches = []
    for name in look.ends:
        right = [gradient(look, point, bar, name) for point, bar in zip(points, bars, strict=True)]
        if any(map(np.any, right)):  # else it has no part in it, and may follow a loss of its own
            matches.append(matched([look.change(point.values, name) for point in points], right))
    return all(m.holds and (m.scale > 0 or not m.scales) for m in matches) and any(m.scales for m in matches)


def verdicts(look: Look, points: list[Point], reading: Reading) -> Judgement:
    order = reading.order(look)
    pairs = [(point, reading.cotangents(look, point)) for point in points]
    sound = [(p, bar) for p, bar in pairs if all(np.isfinite(gradient(look, p, bar, n)).all() for n in look.starts)]
    pairs = sound if len(sound) > 1 else pairs  # where units are saturated, a logarithm of 0 tells nothing
    # the first one serves to try things quickly: a point at which all units are dead tells nothing
    pairs.sort(key=lambda pair: -sum(bool(np.any(gradient(look, pair[0], pair[1], name))) for name in look.starts))
    points, bars = [point for point, _ in pairs], [bar for _, bar in pairs]
    if reading.kind == "loss" and _is_linear(look, points, order, bars):
        raise ValueError("no loss")
    form, sign = form_of(look, points, reading, bars)
    if reading.inner and form not in ("squares", "entropy", "errors"):
        raise ValueError("a part of a loss")
    if sign < 0:
        reading.sign = -reading.sign
        bars = [{key: -bar for key, bar in each.items()} for each in bars]
    forward = {id(node) for node, _ in order} - reading.renewed.keys()
    if reading.kind == "loss" and not form and _is_climbed(look, points, reading, bars):
        reading.sign = -reading.sign
        bars = [{key: -bar for key, bar in each.items()} for each in bars]
        form = "climbed"
    if reading.kind == "loss":
        points = without_their_error(look, points, reading, bars)
    held = _penalised(look, reading)
    found = {p.name: verdict(look, points, bars, p.name, forward, p.name not in held) for p in look.training.parameters}
    factor = unit(look, found, reading, bars)
    if factor != 1.0:  # of the loss that is meant, the one that is read is a multiple
        reading.sign *= factor
        bars = [{key: factor * bar for key, bar in each.items()} for each in bars]
        found = {name: verdict(look, points, bars, name, forward, name not in held) for name in found}
    for v in found.values():
        v.silent |= look.ends[v.name] == look.starts[v.name]  # it is not updated here
        if not v.right and not v.silent:
            _as_far_as_stepped(look, points, bars, v)
        there = None if v.right or v.silent else _where_it_was(look, reading, v.name)
        if there is not None and is_turned(look, v.name, there):
            v.rule, v.right, v.uphill = "adaptive", True, False
    same_factor(look, points, found, reading, bars)
    return Judgement(look, points, reading, found, bars, forward, form, held)


def _where_it_was(look: Look, reading: Reading, name: str) -> Array | None:
    """The gradient of a block at the parameters that the script had; None where they are not all known."""
    with contextlib.suppress(KeyError):
        return gradient(look, look.base, reading.cotangents(look, look.base), name)
    return None


def _is_linear(
    look: Look, points: list[Point], order: list[tuple[Node, list[Node]]], bars: list[dict[int, Array]]
) -> bool:
    """Whether the gradient is the same everywhere, and no slope of a hinge: what is linear has no least value."""
    slopes = [
        np.concatenate([gradient(look, p, bar, n) for n in look.starts]) for p, bar in zip(points, bars, strict=True)
    ]
    same = len(slopes) > 2 and np.any(slopes[0]) and all(np.allclose(each, slopes[0], rtol=1e-9) for each in slopes)
    bent = look.conditions or any(getattr(node.function, "__name__", "") in BENT for node, _ in order)
    return bool(same and not bent)


def _as_far_as_stepped(look: Look, points: list[Point], bars: list[dict[int, Array]], v: Verdict) -> None:
    """Right is a block of which a loop has stepped some elements until here, if these follow the gradient."""
    parts = zip(look.starts[v.name], look.ends[v.name], strict=False)
    stepped = np.concatenate([np.full(np.size(start.value), start is not end) for start, end in parts])
    if stepped.all() or not stepped.any():
        return
    changes = [look.change(point.values, v.name)[stepped] for point in points]
    right = [-gradient(look, point, bar, v.name)[stepped] for point, bar in zip(points, bars, strict=True)]
    change = matched(changes, right)
    if change.holds and change.scale > 0:
        v.change, v.right = change, True


def _penalised(look: Look, reading: Reading) -> set[str]:
    """The blocks of which the loss has a penalty: a number that follows from them and from no data."""
    if reading.kind != "loss":
        return set()
    order = reading.order(look)
    terms = {id(root) for root in reading.roots}  # of the loss, but for their factors
    for node, operands in order:
        kind = getattr(node.function, "__name__", "")
        if id(node) in terms and (kind in SUMS or (kind in SCALES and len(operands) == 1 and not _is_square(node))):
            terms |= {id(o) for o in operands}
    plain: dict[int, set[str]] = {key: {name} for key, name in look.start_ids.items()}
    found: set[str] = set()
    for node, operands in reversed(order):
        others = [o for o in node.operands() if id(o) not in look.depends and np.size(o.value) > 1]
        if id(node) not in plain and operands and not others and all(id(o) in plain for o in operands):
            plain[id(node)] = set().union(*(plain[id(o)] for o in operands))
        penalty = np.size(node.value) == 1 and id(node) in terms and id(node) not in look.start_ids
        if penalty and len(plain.get(id(node), ())) == 1:  # of two, it is a product of factors
            found |= plain[id(node)]
    return found


def _is_square(node: Node) -> bool:
    """Whether it is something times itself: what that is a sum of are no terms."""
    return any(one is other and isinstance(one, Node) for one, other in itertools.combinations(node.args, 2))


def verdict(
    look: Look, points: list[Point], bars: list[dict[int, Array]], name: str, forward: set[int], free: bool = True
) -> Verdict:
    """The verdict on one block.

    Args:
        forward: the nodes of the forward pass.
        free: whether the loss has no penalty of this block: then the step may have one.
    """
    right = [gradient(look, point, bar, name) for point, bar in zip(points, bars, strict=True)]
    steps = [look.change(point.values, name) for point in points]
    for k, bar in enumerate(bars):
        if _is_noise(bar, right[k], steps[k]):
            right[k], steps[k] = np.zeros_like(right[k]), np.zeros_like(steps[k])
    change = matched([-step for step in steps], right)
    if not change.holds:
        weights = [look.block(point.values, look.starts[name]) for point in points]
        change = _but_for_rounding(steps, right, weights) or change
    found = Verdict(name, change)
    if all(not np.any(g) for g in right):
        found.silent = True
        return found
    if change.holds and change.scale > 0:
        found.right = True
    elif change.holds:
        found.uphill = True
    for nodes in gradient_nodes(look, name):
        if any(id(node) in forward or id(node) not in point.values for node in nodes for point in points):
            continue
        match = matched([look.block(point.values, nodes) for point in points], right)
        if match.holds and found.gradient is None:
            found.gradient, found.nodes = match, nodes
        if match.holds and abs(match.scale - 1.0) <= 1e-5:
            found.exact = True
            break
    if not (found.exact or found.right or found.uphill):
        plainer = gradient_in_copies(look, points, right, name)
        if plainer is not None and _is_plainer(plainer[0], found.gradient):
            found.gradient, found.nodes = plainer
    if found.gradient is None and not found.right:
        found.gradient = _clipped_twice(look, points, right, steps)
        if found.gradient is not None:
            found.rule, found.right = "adaptive", True
    if not found.right and not found.uphill and _is_second_order(look, name):
        found.rule, found.right = "adaptive", _goes_down(look, points, bars)
    if not found.right and not found.uphill and is_scaled(look, points, steps, right, name):
        found.rule, found.right = "adaptive", True
    if found.gradient is not None and not found.right and not found.uphill:
        _judge_rule(look, points, right, found)
        found.right &= free or found.rule != "decay" or not shrunk_twice(look, name, forward)
    if not found.right and not found.uphill:
        _shrinks(look, points, right, found, free)
    if not found.right and not found.uphill and len(look.ends[name]) > 1 and by_own_rates(look, name, steps, right):
        found.rule, found.right = "adaptive", True
    kept = (is_offset, is_through_samples)
    if not found.right and any(is_so(look, points, steps, right, name) for is_so in kept):
        found.rule, found.right, found.uphill = "adaptive", True, False
    return found


def _is_plainer(one: Match, other: Match | None) -> bool:
    """Whether a multiple of the gradient is nearer to the gradient itself than another is."""
    return other is None or abs(math.log(abs(one.scale))) < abs(math.log(abs(other.scale) or 1e-300))


def _but_for_rounding(steps: list[Array], right: list[Array], weights: list[Array]) -> Match | None:
    """How steps match that are so small beside their parameter that its last digits show; None where they do not."""
    flat = [np.concatenate([np.ravel(x).astype(float) for x in each]) for each in (steps, right, weights)]
    step, slope, weight = flat
    if step.size != slope.size or step.size != weight.size or not np.any(slope) or not np.all(np.isfinite(step)):
        return None
    scale = -float(step @ slope) / float(slope @ slope)
    kept = np.finfo(weights[0].dtype if np.asarray(weights[0]).dtype.kind == "f" else float).eps * np.abs(weight)
    near = np.abs(step + scale * slope) <= kept + TOLERANCE * np.abs(scale * slope)
    seen = np.linalg.norm(step) >= 1e3 * np.linalg.norm(kept)
    return Match(scale, 0.0, [scale] * len(steps), 0.0) if np.all(near) and seen else None


def _clipped_twice(look: Look, points: list[Point], right: list[Array], steps: list[Array]) -> Match | None:
    """How a gradient compares with the right one where a step follows it, clipped by element and then by its norm."""
    for node in look.program.steps:
        inside = node.args[0] if getattr(node.function, "__name__", "") == "clip" and node.args else None
        if not isinstance(inside, Node) or id(node) not in look.to_end:
            continue
        if any(id(inside) not in p.values or np.size(p.values[id(inside)]) != right[0].size for p in points):
            continue
        match = matched([np.ravel(point.values[id(inside)]) for point in points], right)
        along = matched([-step for step in steps], [np.ravel(point.values[id(node)]) for point in points])
        if match.holds and match.scale > 0 and along.worst <= TOLERANCE and min(along.scales) > 0:
            return match
    return None


def _is_noise(bar: dict[int, Array], right: Array, step: Array) -> bool:
    """Whether a gradient is only what rounding leaves of 0, and the step stands still too."""
    large = max((float(np.max(np.abs(b), initial=0.0)) for b in bar.values()), default=0.0)
    return bool(max(np.max(np.abs(right), initial=0.0), np.max(np.abs(step), initial=0.0)) <= 1e-13 * large)


def _judge_rule(look: Look, points: list[Point], right: list[Array], found: Verdict) -> None:
    """A step that is not plain gradient descent, but uses the right gradient: does it go downhill?"""
    changes = [look.change(point.values, found.name) for point in points]
    weights = [look.block(point.values, look.starts[found.name]) for point in points]
    # where it stood, a step goes on as the last one did: along the velocity, which may look like the weights
    memory = not any(point.moved for point in points) and found.gradient is not None and found.gradient.scale > 0
    if _shrinks(look, points, right, found) and not (memory and not found.right):
        return
    found.uphill = False
    rows = np.concatenate([np.stack([g, w], axis=1) for g, w in zip(right, weights, strict=True)])
    goal = np.concatenate(changes)
    count, size = len(points), len(goal) // len(points)
    if (
        size > 1 and np.all(np.isfinite(rows)) and np.all(np.isfinite(goal))
    ):  # decay, and a gradient that is clipped at some points: by another factor at each of them
        columns = np.zeros((len(goal), count + 1))
        columns[np.arange(len(goal)), np.repeat(np.arange(count), size)] = rows[:, 0]
        columns[:, count] = rows[:, 1]
        fit, *_ = np.linalg.lstsq(columns, goal, rcond=None)
        if np.linalg.norm(columns @ fit - goal) <= 1e-6 * np.linalg.norm(goal):
            used = [k for k, g in enumerate(right) if np.any(g)]
            found.decay = -float(fit[count])
            found.rule = "decay" if abs(found.decay) > 1e-12 else "adaptive"
            found.right = found.decay >= -1e-12 and all(fit[k] < 0 for k in used)
            found.uphill = all(fit[k] > 0 for k in used)
            if found.right or not memory:
                return
    agree = against = 0
    for g, d in zip(right, changes, strict=True):
        large = np.abs(g) > 1e-3 * np.max(np.abs(g), initial=0.0)
        agree += int(np.sum(g[large] * d[large] < 0))
        against += int(np.sum(g[large] * d[large] > 0))
    found.rule, found.decay = "adaptive", 0.0
    found.right = agree > 0 and (against == 0 or memory)
    found.uphill = against > 0 and agree == 0
    found.silent = size == 1 and agree > 0 and against > 0  # one number shrunk and moved: no telling which is which


def _shrinks(look: Look, points: list[Point], right: list[Array], found: Verdict, all_rows: bool = True) -> bool:
    """Judge a step that is the gradient and a penalty: a share of the weights, or one amount for all; False if not so.

    Args:
        all_rows: whether that may be so where it moves all of them, too, and not some rows only, as with factors.
    """
    changes = [look.change(point.values, found.name) for point in points]
    moved = [d != 0 for d in changes]
    some = not all(np.all(m) for m in moved) and not any(np.any(g[~m]) for g, m in zip(right, moved, strict=True))
    if not some and not all_rows:
        return False
    moved = moved if some else [np.ones_like(m) for m in moved]
    weights = [look.block(point.values, look.starts[found.name]) for point in points]
    each = [(g[m], w[m], np.sign(w[m])) for g, w, m in zip(right, weights, moved, strict=True)]
    rows = np.concatenate([np.stack(columns, axis=1) for columns in each])
    goal = np.concatenate([d[m] for d, m in zip(changes, moved, strict=True)])
    if not np.all(np.isfinite(rows)) or not np.all(np.isfinite(goal)):
        return False
    for columns in (rows[:, :2], rows):
        count = columns.shape[1]
        fit, *_ = np.linalg.lstsq(columns, goal, rcond=None)
        if len(goal) < count + 2 or np.linalg.norm(columns @ fit - goal) > 1e-6 * np.linalg.norm(goal):
            continue
        parts = fit * np.linalg.norm(columns, axis=0)
        right_so = bool(fit[1] > -0.5 and fit[0] < 0 and max(parts[1:]) <= 1e-6 * np.linalg.norm(goal))
        if right_so and len(goal) == len(points) and not takes_a_share(look, found.name):
            found.silent = True  # of one number, any step that is a line in it would do
            return True
        if right_so or (count == 2 and len(goal) > len(points)):  # of one number, any constant step fits
            found.rule, found.decay = "decay", -float(fit[1])
            found.right, found.uphill = right_so, bool(fit[0] > 0)
            return True
    return False


def _goes_down(look: Look, points: list[Point], bars: list[dict[int, Array]]) -> bool:
    """Whether the step of all blocks goes downhill: one solves equations for all of them."""
    return all(
        sum(float(np.vdot(gradient(look, p, bar, n), look.change(p.values, n))) for n in look.starts) < 0.0
        for p, bar in zip(points, bars, strict=True)
    )


def _is_second_order(look: Look, name: str) -> bool:
    """Whether a step solves equations, as Newton's does."""
    ends = {id(node) for node in look.ends[name]}
    for node in reversed(look.program.steps):
        if id(node) in ends:
            kind = getattr(node.function, "__name__", "")
            if kind in SOLVERS or (kind in TAKEN_APART and id(node) in look.depends):
                return True
            ends |= {id(operand) for operand in node.operands()}
    return False
