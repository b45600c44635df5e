"""Which of two lines is wrong, that of a velocity or that of its step: the one that other parameters write otherwise.

`v2 = mu * v2 + rate * g2` and `w2 += v2` go uphill, and either could be mended. Beside `v1 = mu * v1 - rate * g1` and
`w1 += v1`, the first of them is wrong.
"""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass

from ..language import say
from .judge.verdicts import Judgement
from .moments import Moments
from .slip import Slip
from .watch.edits import Edit
from .watch.node import Node
from .watch.record import Recording
from .watch.sites import Site
from .watch.steps import Parameter

FEW = 2  # right parameters whose lines are alike


@dataclass(frozen=True)
class _Line:
    """A statement without its names, and these in their order."""

    site: Site
    shape: str
    names: tuple[str, ...]


def odd_lines(found: Judgement, recording: Recording) -> list[Slip]:
    """The lines of wrong steps that differ from those of right ones, where the step has another line that does not."""
    verdicts = found.verdicts
    wrong = [p for p in found.look.training.parameters
             if p.name in verdicts and not verdicts[p.name].right and not verdicts[p.name].silent]  # fmt: skip
    right = [p for p in found.look.training.parameters if p.name in verdicts and verdicts[p.name].right]
    if not wrong or len(right) < FEW:
        return []
    of = Moments(recording)
    theirs = [pair for p in right if (pair := _lines(of, p)) is not None]
    usual = Counter((v.shape, step.shape) for v, step in theirs).most_common(1)
    if not usual or usual[0][1] < max(FEW, len(right)):
        return []
    models = [pair for pair in theirs if (pair[0].shape, pair[1].shape) == usual[0][0]]
    model = models[0]
    out = []
    for parameter in wrong:
        mine = _lines(of, parameter)
        odd = [k for k in (0, 1) if mine is not None and mine[k].shape != usual[0][0][k]]
        if mine is None or len(odd) != 1:
            continue
        k = odd[0]
        if not _one_change(mine[k].shape, model[k].shape):
            continue
        known = dict(zip(model[1 - k].names, mine[1 - k].names, strict=True))
        known[model[k].site.target] = mine[k].site.target
        if len(mine[k].names) == len(model[k].names):
            known |= dict(zip(model[k].names, mine[k].names, strict=True))
        common = set.intersection(*({*each[k].names} for each in models))
        if any(name not in known and name not in common for name in model[k].names):
            continue
        text = _renamed(model[k].site, known)
        site = mine[k].site
        edit = Edit(site.source, site.statement, text)
        old = " ".join(site.source.segment(site.statement).split())
        says = say("line_wrong-operand", old=old, new=text)
        name = "sign" if _flipped(mine[k].shape, model[k].shape) else "wrong-operand"
        out.append(Slip(site, name, says, [parameter.name], edit))
    return out


def _lines(of: Moments, parameter: Parameter) -> tuple[_Line, _Line] | None:
    """The line of a parameter's velocity, and that of its step, each of its own; None where it has no such lines."""
    chain = parameter.chains[0]
    if len(parameter.chains) > 1 or len(chain.states) < 2:
        return None
    step = parameter.site
    end = chain.states[1]
    made = {id(operand) for node in (end, *end.operands()) for operand in node.operands()}
    stores = [(thing, site) for _, scope, _, thing, site in of.recording.tape.stores
              if scope[0] != "return" and isinstance(thing, Node) and id(thing) in made
              and site.kind in ("store", "augmented") and id(thing) not in of.parameters]  # fmt: skip
    pairs = [(m.node, m.old) for m in of.kept if isinstance(m.old, Node)]
    kept = {node.site for node, old in pairs if of.step_of(old) != of.step_of(node)}  # no gradient and its penalty
    velocities = [site for thing, site in stores if id(thing) in of.states and thing.site in kept
                  and site.statement != step.statement]  # fmt: skip
    if len({site.number for site in velocities}) != 1:
        return None
    lines = _line(velocities[0]), _line(step)
    return None if lines[0] is None or lines[1] is None else (lines[0], lines[1])


def _line(site: Site) -> _Line | None:
    try:
        tree = ast.parse(site.source.segment(site.statement)).body[0]
    except (SyntaxError, IndexError):
        return None
    if site.statement[0] != site.statement[2] or not isinstance(tree, (ast.Assign, ast.AugAssign)):
        return None
    names: list[str] = []

    def shape(node: ast.AST) -> str:
        if isinstance(node, (ast.Name, ast.Attribute)):
            names.append(ast.unparse(node))
            return "_"
        inner = ",".join(shape(child) for child in ast.iter_child_nodes(node))
        value = repr(node.value) if isinstance(node, ast.Constant) else ""
        return f"{type(node).__name__}{value}({inner})"

    return _Line(site, shape(tree), tuple(names))


def _flipped(one: str, other: str) -> bool:
    return one.replace("Add()", "Sub()") == other.replace("Add()", "Sub()")


def _one_change(one: str, other: str) -> bool:
    """Whether two shapes differ by a sign, or by one factor more."""
    return _flipped(one, other) or abs(one.count("BinOp(") - other.count("BinOp(")) == 1


def _renamed(site: Site, names: dict[str, str]) -> str:
    """A statement with other names."""
    text = site.source.segment(site.statement)
    tree = ast.parse(text)
    found: list[tuple[int, int, str]] = []

    def walk(node: ast.AST) -> None:
        if isinstance(node, (ast.Name, ast.Attribute)):
            new = names.get(ast.unparse(node))
            if new is not None:
                found.append((node.col_offset, node.end_col_offset or 0, new))
            return
        for child in ast.iter_child_nodes(node):
            walk(child)

    walk(tree)
    for a, b, new in sorted(found, reverse=True):
        text = text[:a] + new + text[b:]
    return text
