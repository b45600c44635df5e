"""What is to be made of the faults of a judgement: found by the rates that are written, and none that is harmless."""

from __future__ import annotations

import ast
import contextlib
import textwrap
import time
from collections.abc import Iterator

import numpy as np

from ..watch.node import Node, same_statement
from .agreement import support
from .at_once import at_once
from .candidates import Fault
from .elements import written_before
from .forms import counterpart
from .handed import with_the_rest_right
from .locate import Locator
from .losses import before_squash, errors
from .match import Columns, matched
from .pieces import in_pieces
from .quantities import Quantities
from .rates import rate_of
from .verdicts import Judgement

ROUNDING = 1e-4


def _has_factor(fault: Fault, factor: float) -> bool:
    """Whether there are elements of a value that are what they should be but for this factor, and none with another."""
    pairs = [(np.ravel(w), np.ravel(r)) for n in fault.nodes
             for w, r in zip(fault.wrong[id(n)], fault.right[id(n)], strict=True)]  # fmt: skip
    if any(w.size != r.size for w, r in pairs):
        return False
    wrong, right = (np.concatenate(side) for side in zip(*pairs, strict=True))
    both = (wrong != 0) & (right != 0)
    return bool(both.any()) and np.allclose(wrong[both], factor * right[both], rtol=1e-6)


def harmless(found: Judgement, faults: list[Fault]) -> list[Fault]:
    """Faults that are none: a factor of 1, but for rounding; or a penalty on what a layer gives, which the loss does
    not show: a right error, and the value.
    """
    out = []
    for fault in faults:
        if fault.rescaled is not None and abs(fault.rescaled - 1.0) <= ROUNDING:
            out.append(fault)
            continue
        node, wanted = fault.first, fault.wanted[fault.nodes.index(fault.first)]
        theirs, right = fault.wrong[id(node)], fault.right[id(node)]
        values = [np.asarray(point.values[id(wanted.node)], dtype=float) for point in found.points]
        of_a_block = wanted.block or _laid_out(found, wanted.node)
        if of_a_block or wanted.kind != "bar" or not np.size(right[0]) == np.size(theirs[0]) == values[0].size > 2:
            continue
        more = [np.ravel(x) - np.ravel(y) for x, y in zip(theirs, right, strict=True)]
        rows = [np.concatenate([np.ravel(f(v)) for v in values]) for f in (np.asarray, np.sign)]
        rows = [row for row in rows if np.ptp(row) > 0]  # a constant goes along with no value
        if any((m := matched([np.concatenate(more)], [row])).holds and m.scale > 0 for row in rows):
            out.append(fault)
    return out


def in_turn(found: Judgement, updated: str, fault: Fault) -> bool:
    """Whether blocks are multiplied with the one that was updated before them, as the factors of a matrix are.

    It is meant, perhaps, where all else is right, and the step itself reads it: a gradient is of one place.
    """
    names = fault.repairs
    if not any(same_statement(fault.first, end) for name in names for end in found.look.ends[name]):
        return False
    if any(not (v.right or v.silent) for name, v in found.verdicts.items() if name not in names):
        return False
    for node in found.look.program.steps:
        sides = [a for a in node.operands() if id(a) in found.look.depends] if id(node) in found.forward else []
        blocks = [_laid_out(found, side) for side in sides]
        if len(sides) == 2 and any(updated in one and set(names) & other for one, other in (blocks, blocks[::-1])):
            return True
    return False


def _laid_out(found: Judgement, node: Node) -> set[str]:
    """The blocks that something is nothing but numbers of."""
    name = found.look.start_ids.get(id(node))
    if name is not None:
        return {name}
    kind = getattr(node.function, "__name__", "")
    if kind not in ("getitem", "assembled", "transpose", "T", "reshape", "linked", "copy"):
        return set()
    return set().union(*(_laid_out(found, o) for o in node.operands() if id(o) in found.look.depends))


def located(found: Judgement, known: set[str], seconds: float) -> tuple[Locator, list[Fault]]:
    """The faults, found by the rates as they are written, where that makes one mistake of all; else by any rate.

    Args:
        seconds: that there are for it.
    """
    end = time.process_time() + seconds
    before = {name: v.right for name, v in found.verdicts.items()}
    for name, factor in {} if known else factors(found).items():
        found.verdicts[name].right &= abs(factor - 1.0) <= 1e-5
    if before != {name: v.right for name, v in found.verdicts.items()}:
        locator = Locator(found, Quantities(found))
        faults = still_there(locator, locator.faults(seconds=seconds / 2))
        exact = (locator.goes_right(name, as_written=True) for fault in faults for name in fault.repairs)
        if len(faults) == 1 and not locator.unexplained and all(exact):
            return locator, in_pieces(locator, faults[0])
        for name, right in before.items():
            found.verdicts[name].right = right
    locator = Locator(found, Quantities(found))
    several = [] if known else at_once(locator)
    if several:
        return locator, several
    faults = still_there(locator, locator.faults(known, end - time.process_time()))
    if len(faults) == 1 and not known:
        in_its_units(locator, faults[0])
    faults = faults if known else written_before(locator, faults)
    return locator, [piece for fault in faults for piece in in_pieces(locator, fault)]


def in_its_units(locator: Locator, fault: Fault) -> None:
    """Give what one fault should be, where no block is right and any multiple would do, the factor that the script's
    own error has: with that of the loss there would be a number more in the line, which has nothing to do with it.
    """  # fmt: skip
    found, wanted = locator.found, fault.wanted[0]
    every = all(name in fault.repairs for name, v in found.verdicts.items() if not v.silent)
    plain = all(found.verdicts[name].rule == "plain" for name in fault.repairs)
    if not every or not plain or fault.scale != 1.0 or fault.rescaled is not None or wanted.kind != "bar":
        return
    for error, prediction, sign in (each for group in errors(found.look) for each in group[:1]):
        logits = before_squash(found.look, prediction, found.points[0])
        for node, side in [(prediction, sign), *([] if logits is None else [(logits[0], sign * logits[1])])]:
            key = counterpart(found.look, found.points, node, found.bars)
            if key is None:
                continue
            theirs = [np.asarray(p.values[id(error)], dtype=float) for p in found.points]
            match = matched(theirs, [side * bar[key] for bar in found.bars])
            behind = fault.first.time > error.time and same_statement(fault.first, error)
            itself = behind and matched(theirs, fault.right[id(fault.first)]).holds  # the error should stand there
            if match.holds and match.scale > 0 and (itself or _has_factor(fault, match.scale)):
                fault.scale = match.scale
                fault.right = {key: [match.scale * v for v in values] for key, values in fault.right.items()}
                locator.put_right(locator.fixed | fault.right)
                return


def still_there(locator: Locator, faults: list[Fault]) -> list[Fault]:
    """Without those that are gone with the others put right: their line makes what is right of what is right.

    In a loop what is wrong comes round, and a line that only hands it on may be found before the line that made it.
    """
    kept = locator.fixed
    for fault in [f for f in faults if len(f.nodes) > 1] if len(faults) > 1 else ():
        others = [f for f in faults if f is not fault]
        if with_the_rest_right(locator, fault) is None and others:
            locator.put_right({key: values for key, values in locator.fixed.items() if key not in fault.right})
            if all(locator.goes_right(name) for name in {n for f in faults for n in f.repairs}):
                faults, kept = others, locator.fixed
                for other in faults:
                    after = locator.blocks_after(other.first)
                    other.repairs += [n for n in fault.repairs if n in after and n not in other.repairs]
            else:
                locator.put_right(kept)
    return faults


def doubtful(found: Judgement, unnamed: bool) -> bool:
    """Whether a number that is computed after the step explains nothing of it: it may be there to be watched only.

    It explains something where the step is computed from one of its derivatives.

    Args:
        unnamed: whether a fault has no usual name.
    """
    look, reading = found.look, found.reading
    assert reading is not None
    first = min(node.time for nodes in look.ends.values() for node in nodes)
    if reading.kind != "loss" or reading.roots[0].time < first:
        return False
    new = {id(chain.state_at(look.step.end)) for chain in look.training.others} - {id(root) for root in reading.roots}
    if any(id(n) in new and any(id(o) in look.states for o in n.operands()) for n, _ in reading.order(look)):
        return True  # it is the loss of another state that changes step by step, and is no parameter
    return unnamed and bool(look.training.idle or not support(found, look.to_end))


def proved(found: Judgement) -> bool:
    """Whether what one term of a loss passes back is in the steps, exactly: then the loss is meant, all of it."""
    assert found.reading is not None
    if found.reading.kind != "loss":
        return False
    columns: dict[int, list[list[np.ndarray]]] = {}
    for part in Quantities(found).parts:
        if part.size > 2:
            columns.setdefault(part.size, []).append([np.ravel(value) for value in part.values])
    rights = {size: Columns(each) for size, each in columns.items()}
    for node in found.look.program.steps:
        if id(node) in found.forward or node.site is None or id(node) not in found.look.to_end & found.look.depends:
            continue
        theirs = [np.ravel(np.asarray(point.values[id(node)], dtype=float)) for point in found.points]
        if theirs[0].size in rights and rights[theirs[0].size].first(theirs) and _goes_straight(found, node):
            return True
    return False


def _goes_straight(found: Judgement, node: Node) -> bool:
    """Whether the step grows in proportion with a value."""
    look, values = found.look, found.points[0].values
    value, changes = np.asarray(values[id(node)], dtype=float), []
    for factor in (1.0, 2.0, 3.0):
        now = {**values, **look.program.rerun(values, {id(node): factor * value})}
        changes.append(np.concatenate([look.change(now, name) for name in look.ends]))
    once, twice = changes[1] - changes[0], changes[2] - changes[1]
    return bool(np.any(once)) and float(np.linalg.norm(twice - once)) <= 1e-6 * float(np.linalg.norm(once))


def common_factor(found: Judgement) -> float:
    """What all plain steps are of the gradient of the loss times the rate that is written; 1 where it is not known."""
    each = [*factors(found).values()]
    known = each and max(each) - min(each) <= 1e-5 * max(each)
    known = known and not any(v.rule == "adaptive" for v in found.verdicts.values())  # of the others only
    return each[0] if known and all(v.right for v in found.verdicts.values()) else 1.0


def factors(found: Judgement) -> dict[str, float]:
    """By block: what its plain step is of the gradient of the loss times the rate that is written."""
    assert found.reading is not None
    out: dict[str, float] = {}
    if found.look.rule_states or found.reading.kind != "loss":  # a velocity, say, takes but a part of the gradient in
        return out
    for name, v in found.verdicts.items():
        if any(abs(v.change.scale - number) <= 1e-5 * number for number in _numbers_in_step(found, name)):
            return {}  # 0.1 * 2 * ...: the 2 is of the derivative
        rate = rate_of(found.look, found.look.ends[name][0])
        if v.right and v.rule == "plain" and v.change.holds and rate:
            out[name] = v.change.scale / rate
    return out


def _numbers_in_step(found: Judgement, name: str) -> Iterator[float]:
    """The numbers that are written in the lines that update a parameter."""
    for parameter in found.look.training.parameters:
        if parameter.name == name:
            for site in {site for chain in parameter.chains for site in chain.sites}:
                with contextlib.suppress(SyntaxError):
                    for node in ast.walk(ast.parse(textwrap.dedent(site.source.segment(site.statement)))):
                        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
                            yield float(node.value)
