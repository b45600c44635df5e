"""What can be watched and changed in another run of a script: its loss, its loops, its updates."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..learning.changes import of_start
from .judge.engines import own_site
from .judge.look import Look
from .judge.losses import errors, is_start
from .judge.verdicts import Judgement
from .trial import Place, Watched
from .watch.chains import Chain
from .watch.direct import through_copies
from .watch.loops import find_loops
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site, around
from .watch.steps import Step, Training

RANDOM = re.compile(r"\brand|uniform|random|choice|multinomial|binomial")
CHOSEN = re.compile(r"(choice|choices|multinomial|binomial)\s*\(.*\b(p|pvals|weights)\s*=|(multinomial|binomial)\s*\(")


def place_of(site: Site) -> Place:
    return site.source.path, site.span


def watched_for(recording: Recording, found: Judgement) -> Watched:
    """The places to watch in a run at full speed."""
    assert recording.training is not None
    loops = find_loops(recording.tape, recording.hooks.turns, recording.training)
    sites = [site for p in recording.training.parameters for c in p.chains for site in c.sites]
    sites = [site for site in sites if _statement(site) is not None] or sites  # no `for layer in layers:`
    states = {place_of_statement(site) for site in sites}
    updates = states | {place_of_statement(s) for chain in _kept_between_steps(found) for s in chain.sites}
    first = sites[0]
    states.discard(place_of_statement(first))
    reading = found.reading
    alike = reading is not None and (
        reading.kind in ("squares", "entropy") or (reading.kind == "loss" and found.form in ("squares", "entropy"))
    )
    same = same_samples(found.look)
    one_by_one = _loop(loops.epochs) is not None and not same
    return Watched(
        **_loss(found, recording),
        **_error(found),
        shown=alike,
        samples=_loop(loops.samples) if one_by_one else None,
        epochs=_loop(loops.epochs if one_by_one else loops.samples),
        around=under_a_count(first)[0],
        updates=tuple(sorted(updates)),
        states=(place_of_statement(first), *sorted(states)),
        starts=tuple(_starts(recording.training)),
        same=same,
        sign=reading.sign if reading is not None and found.form != "climbed" else 1.0,
    )


def _kept_between_steps(found: Judgement) -> Iterator[Chain]:
    """What steps hand on to the next ones besides the parameters, and no forward pass computes: a momentum, say."""
    look = found.look
    sites = (look.nodes[key].site for key in found.forward)
    forward = {site.statement for site in sites if site is not None}
    for chain in look.training.others:
        kept = chain.size > 1 and id(chain.state_at(look.step.start)) in look.rule_states
        if kept and not any(site.statement in forward for site in chain.sites):
            yield chain


def place_of_statement(site: Site) -> Place:
    return site.source.path, site.statement


def _loop(site: Site | None) -> Place | None:
    """What a `for` goes through; the condition of a `while` is left alone."""
    return None if site is None or site.kind == "while" else place_of(site)


def _loss(found: Judgement, recording: Recording) -> dict[str, Any]:
    """Where the loss is; nothing where what is read there may be a part of it."""
    reading = found.reading
    if reading is None or reading.kind != "loss" or reading.site is None:
        return {}
    root = through_copies(reading.roots[0])
    assert recording.training is not None
    dropped = [step for step in recording.training.steps if not recording.training.goes_on(step)]
    if dropped:
        return _of_kept_steps(root, recording.training, dropped)
    if own_site(found.look, root) is not root.site:  # a line that computes other things, too
        return {}
    site = root.site if root.site is not None else reading.site
    made = _statement(site)
    target: ast.expr | None = made.target if isinstance(made, ast.AugAssign) else None
    adds = isinstance(made, ast.AugAssign) and isinstance(made.op, (ast.Add, ast.Sub)) and site.kind == "augmented"
    if isinstance(made, ast.Assign) and isinstance(made.value, ast.BinOp) and site.kind == "binary":
        sides = [made.value.left] + [made.value.right] * isinstance(made.value.op, ast.Add)
        whole = _expression(site.text) == ast.unparse(made.value)
        if whole and isinstance(made.value.op, (ast.Add, ast.Sub)):
            names = [side for side in sides if ast.unparse(side) == ast.unparse(made.targets[0])]
            target, adds = (names[0], True) if names else (None, False)
    if adds and target is not None:
        several = _added_elsewhere(root, site)
        if several and not _is_last(root, found.look):
            return {}
        return {"loss": place_of_statement(site), "becomes": ast.unparse(target), "adds": not several}
    if site.kind == "augmented" and target is not None:
        if isinstance(target, ast.Subscript):  # an element that is scaled is no loss
            return {}
        return {"loss": place_of_statement(site), "becomes": ast.unparse(target)}
    at = _where_returned(root, recording)
    return {"loss": place_of(at)} if at.kind in ("binary", "call", "item", "unary") else {}


def _of_kept_steps(root: Node, training: Training, dropped: list[Step]) -> dict[str, Any]:
    """The name that has the loss of the steps that were made, where others are tried and dropped: a line search."""
    twins = {id(node) for node in training.tape.nodes if node.site is root.site}
    kept: dict[int, list[bool]] = {}
    for time, scope, key, thing, site in training.tape.stores:
        if id(thing) in twins and scope[0] == "frame" and isinstance(key, str) and site.kind in ("store", "unpack"):
            kept.setdefault(site.number, []).append(not any(step.start < time <= step.end for step in dropped))
    last = [number for number, each in kept.items() if all(each) and len(each) > 1]
    for site in (training.tape.sites[number] for number in last[-1:]):
        return {"loss": place_of_statement(site), "becomes": site.target or site.text}
    return {}


def _expression(text: str) -> str:
    try:
        return ast.unparse(ast.parse(f"({text})", mode="eval"))
    except SyntaxError:
        return ""


def _statement(site: Site) -> ast.stmt | None:
    try:
        return ast.parse(textwrap.dedent(site.source.segment(site.statement))).body[0]
    except SyntaxError:
        return None


def _added_elsewhere(root: Node, site: Site) -> bool:
    """Whether another line adds to the same sum: then what is read at the one line is a part."""
    at: Any = root
    for _ in range(200):
        at = at.args[0] if at.args else None  # what it is added to
        if not isinstance(at, Node) or at.site is None or at.site.kind != "augmented":
            return False
        if at.site is not site:
            return True
    return False


def _is_last(root: Node, look: Look) -> bool:
    """Whether a line that adds to a sum is the last one to do so in its call, and comes once in that."""
    twins = [n for n in look.training.tape.nodes if n.site is root.site and n.context == root.context]
    inside = look.step.start < root.time <= look.step.end
    others = [n for n in look.consumers.get(id(root), ()) if n.site is not None and n.site.kind == "augmented"]
    alone = not any(n is not root and look.step.start < n.time <= look.step.end for n in twins)
    return root.context is not None and inside and alone and not any(n.context == root.context for n in others)


def _where_returned(root: Node, recording: Recording) -> Site:
    """The outermost call that gives the loss and nothing else: a function may be called with other samples, too."""
    at, context, tape = root.site, root.context, recording.tape
    assert at is not None
    while context is not None:
        returns = (
            site for _, scope, key, thing, site in tape.stores
            if scope[0] == "return" and thing is root and key == context
        )  # fmt: skip
        made = next((_statement(site) for site in returns), None)
        if not isinstance(made, ast.Return) or isinstance(made.value, ast.Tuple):
            break
        at, context = tape.sites[context[1]], context[0]
    return at


def _error(found: Judgement) -> dict[str, Any]:
    """A difference of prediction and target in the text, on which side of it the prediction stands, and its loss."""
    reading, entropy = found.reading, found.form == "entropy"
    groups = [[(error, sign) for error, _, sign in group] for group in errors(found.look)]
    if reading is not None and reading.kind != "loss":
        own = {id(error) for error, _ in reading.errors}  # their signs may be those by the logits
        groups = [group for group in groups if id(group[0][0]) in own]
        entropy = reading.kind == "entropy"
    for group in groups:
        node, sign = group[0]
        if node.site is None or node.site.kind not in ("binary", "call", "augmented"):
            continue
        if any(isinstance(side, Node) and is_start(found.look, side) for side in node.args):
            continue
        measure = "squares" if not entropy else "softmax" if _sums_to_nothing(found, group) else "logistic"
        facts = {"side": 0 if sign > 0 else 1, "measure": measure}
        named = getattr(node.function, "__name__", "") in ("sub", "subtract")
        if node.site.kind == "augmented":
            made = _statement(node.site)
            one = isinstance(made, ast.AugAssign) and isinstance(made.value, ast.Constant)
            if one and entropy:
                return {"error": place_of_statement(node.site), **facts, "measure": "softmax"}
            if not one and named:
                return {"error": place_of_statement(node.site), **facts}
        elif named:
            return {"error": place_of(node.site), **facts}
    return {}


def _sums_to_nothing(found: Judgement, group: list[tuple[Node, float]]) -> bool:
    """Whether the errors of a sample add up to 0: then the predictions are shares, as a softmax gives them."""
    e = np.asarray(found.points[0].values[id(group[0][0])], dtype=float)
    return any(e.shape[axis] > 1 and np.allclose(e.sum(axis=axis), 0.0, atol=1e-9) for axis in range(e.ndim))


def _starts(training: Training) -> Iterator[Place]:
    """The expressions that parameters begin with, where these are computed for that only."""
    begun = training.steps[0].end
    later = {node.site.number for node in training.tape.nodes if node.site is not None and node.time > begun}
    known: set[int] = set()
    for parameter in training.parameters:
        for chain in parameter.chains[:1]:
            site = chain.states[0].site
            if site is not None and site.kind in ("binary", "call", "unary") and site.number not in later | known:
                known.add(site.number)
                yield place_of(site)


def same_samples(look: Look) -> bool:
    """Whether the next step is made with the same numbers besides the parameters."""
    steps, at = look.training.steps, look.step.number
    near = [step for step in (*steps[at + 1 :], *reversed(steps[:at])) if step.number != at]
    other = next((step for step in near if look.training.goes_on(step)), None)  # what is tried and dropped is none
    if other is None:
        return True
    mine, theirs = _samples(look), _samples(Look(look.training, other))
    return mine == theirs if len(mine) == len(theirs) else set(mine) == set(theirs)


def _samples(look: Look) -> list[bytes]:
    """The numbers that are computed with, as bytes: no settings, nothing that was left by the steps before."""
    found: list[bytes] = []
    kept = set(look.states)
    for node in look.program.order:
        operands = list(node.operands())
        if id(node) not in look.depends and any(id(o) in kept for o in operands):
            kept.add(id(node))
        if id(node) in look.depends and id(node) in look.to_end and id(node) not in look.start_ids:
            found += [np.float64(arg).tobytes() for arg in node.args if isinstance(arg, (int, float))]
            for o in operands:
                if id(o) not in look.depends and id(o) not in kept and not o.hyper and o.value is not None:
                    found.append(np.asarray(o.value).tobytes())
    return found


def draws_by_parameters(look: Look) -> bool:
    """Whether chance decides in a step by what the parameters give, as a policy does: no two runs see the same then."""
    for node in (*look.conditions, *look.program.steps):
        name, site = getattr(node.function, "__name__", ""), node.site
        if site is not None and name in ("lt", "gt", "le", "ge", "less", "greater", "less_equal", "greater_equal"):
            mine = any(id(operand) in look.depends for operand in node.operands())
            if mine and RANDOM.search(site.source.segment(site.statement)):
                return True
    return any(
        id(node) in look.depends and CHOSEN.search(place.source.segment(place.statement))
        for _, node, place, _ in look.training.tape.reads
    )


def count_place(site: Site | None) -> tuple[Place, int] | None:
    """Of `while n < 300`, where the number stands, and what it is."""
    if site is None or site.kind != "while":
        return None
    try:
        test = ast.parse(site.text, mode="eval").body
    except SyntaxError:
        return None
    limit = (
        test.comparators[0] if isinstance(test, ast.Compare) and isinstance(test.ops[0], (ast.Lt, ast.LtE)) else None
    )
    if not isinstance(limit, ast.Constant) or type(limit.value) is not int or site.span[0] != site.span[2]:
        return None
    line, column = site.span[:2]
    return (
        site.source.path,
        (line, column + limit.col_offset, line, column + (limit.end_col_offset or 0)),
    ), limit.value


def odd_starts(training: Training) -> list[str]:
    """What is unusual in the weights that a network of several layers begins with."""
    weights = _weights(training)
    return list(of_start(weights)) if len(weights) > 1 else []


def _weights(training: Training) -> dict[str, Any]:
    """The matrices that parameters are at the start, without columns and rows of zeros, which are biases."""
    states = {p.name: p.chains[0].states[0].value for p in training.parameters if not p.several}
    tables = {name: np.asarray(v, dtype=float) for name, v in states.items() if np.ndim(v) == 2 and np.size(v) > 1}
    return {name: table for name, table in tables.items() if min(table.shape) > 1 or np.any(table)}


def under_a_count(site: Site) -> tuple[Place | None, int]:
    """What the loop around a statement goes through, and the line of an `if` in it that asks for its number only."""
    source = site.source
    try:
        path = around(site)
    except SyntaxError:
        return None, 0
    loops = [k for k, node in enumerate(path) if isinstance(node, (ast.For, ast.While, ast.FunctionDef))]
    loop = path[loops[-1]] if loops else None
    if not isinstance(loop, ast.For):
        return None, 0
    counts = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
    for node in path[loops[-1] + 1 :]:
        if isinstance(node, ast.If) and not node.orelse:  # else it is one of two ways
            inside = list(ast.walk(node.test))
            names = {n.id for n in inside if isinstance(n, ast.Name)}
            sums = {
                ast.unparse(n.target) for each in loop.body if each is not node for n in ast.walk(each)
                if isinstance(n, ast.AugAssign)
            }  # fmt: skip
            read = {ast.unparse(n) for each in node.body for n in ast.walk(each) if isinstance(n, ast.expr)}
            plain = not any(isinstance(n, (ast.Call, ast.Attribute, ast.Subscript)) for n in inside)
            if counts & names and plain and not sums & read:
                return (source.path, source.span(loop.iter)), node.lineno + source.first - 1
    return None, 0
