"""Mistakes in the clipping of gradients that still go downhill.

(Pascanu, Mikolov, Bengio 2013.)
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import Any

import numpy as np

from ..language import say
from ..spelling import level
from .judge.invented import COMPARED, number_of
from .judge.look import ABOVE, CUTS
from .moments import (
    COPIES,
    PRODUCT,
    QUOTIENT,
    SEEN,
    Factor,
    Moments,
    factors,
    is_number,
    name_of,
)  # fmt: skip
from .slip import Found, Slip, replaced
from .watch.edits import Edit
from .watch.node import Node, same_statement
from .watch.sites import Site, around

# ----------------------------------------------------------------------------------------- of clipping


def _tests(of: Moments) -> list[tuple[Node, int]]:
    """The comparisons of a norm with a bound, each with which of the two the norm is."""
    return [(c, k) for c in of.recording.tape.conditions if name_of(c) in COMPARED and len(c.args) == 2
            for k in (0, 1) if is_number(c.args[1 - k]) and _is_norm(c.args[k])]  # fmt: skip


def _short_ones(of: Moments) -> Found:
    """Gradients that are made as long as the bound where they are shorter: `bound / norm if norm < bound else 1`."""
    tests = {id(c.args[k]): (c, k) for c, k in _tests(of)}
    for node in of.nodes:
        ratio = name_of(node) in QUOTIENT and len(node.args) == 2 and is_number(node.args[0]) and node.site is not None
        condition, k = tests.get(id(node.args[1]), (None, 0)) if ratio else (None, 0)
        if condition is None or condition.site is None or number_of(condition.args[1 - k]) != number_of(node.args[0]):
            continue
        short = ((name_of(condition)[0] == "l") == (k == 0)) == bool(condition.value)
        signs = re.findall("[<>]", condition.site.text)
        if short and len(signs) == 1 and _is_decided(node, condition) and of.moved(node):
            (sign,) = signs
            new = condition.site.text.replace(sign, {"<": ">", ">": "<"}[sign])
            yield node, replaced(condition.site, condition.site.span, new)


def _is_decided(node: Node, condition: Node) -> bool:
    """Whether a comparison decides whether a value is computed."""
    assert node.site is not None
    assert condition.site is not None
    here = [n.test for n in around(node.site) if isinstance(n, (ast.If, ast.IfExp))]
    line = condition.site.line - condition.site.source.first + 1
    above = any(test.lineno <= line <= (test.end_lineno or line) for test in here)
    return above or (same_statement(node, condition) and " if " in node.site.source.segment(node.site.statement))


def _longer(of: Moments) -> Found:
    """Gradients that clipping makes longer: `g * norm / bound`, of what is longer than the bound."""
    for condition, k in _tests(of):
        norm, bound = condition.args[k], number_of(condition.args[1 - k])
        upper = (name_of(condition)[0] == "g") == (k == 0) and condition.value
        users = [*of.consumers.get(id(norm), ())]
        users += [n for u in users if name_of(u) in PRODUCT for n in of.consumers.get(id(u), ())]
        for node in users:
            divided = name_of(node) in QUOTIENT and len(node.args) == 2 and node.site is not None
            if not divided or not of.moved(node):
                continue
            above = next((f for f in factors(node.args[0], node, 0) if f.thing is norm and f.owner), None)
            if above is not None and is_number(node.args[1]) and number_of(node.args[1]) == bound and upper:
                below, source = Factor(node.args[1], node, 1), node.site.source
                inside = above.owner is not None and above.owner.site is not None and above.owner.site.source is source
                if above.span is not None and below.span is not None and inside:
                    between = source.segment((*above.span[2:], *below.span[:2]))
                    span = (*above.span[:2], *below.span[2:])
                    yield node, replaced(node.site, span, f"{below.text}{between}{above.text}")


def _is_norm(thing: Any) -> bool:
    """Whether it is one number that is the root of a sum, or the length of an array."""
    return name_of(thing) in ("sqrt", "norm", "pow") and np.size(thing.value) == 1


def _clipped_for_nothing(of: Moments) -> Found:
    """A gradient that is clipped, and what comes out is not used."""
    rows: dict[Any, list[Node]] = defaultdict(list)
    for node in of.nodes:
        if name_of(node) == "clip" and node.args and np.ndim(node.value) and node.site is not None:
            rows[node.site].append(node)
    for site, row in rows.items():
        unused = all(not of.consumers.get(id(node)) and not node.kwargs.get("out") for node in row)
        along = all(isinstance(n.args[0], Node) and of.stepped_along(n.args[0]) for n in row[:SEEN])
        if len(row) >= SEEN and unused and along and site.kind == "call" and site.text.endswith(")"):
            made = ast.parse(site.text, mode="eval").body
            assert isinstance(made, ast.Call)
            line, column = site.span[2:]
            is_method = isinstance(made.func, ast.Attribute) and ast.unparse(made.func.value) not in ("np", "numpy")
            owner = ast.unparse(made.func.value if is_method else made.args[0])  # type: ignore[attr-defined]
            edit = Edit(site.source, (line, column - 1, line, column - 1), f", out={owner}")
            for node in row:
                yield node.args[0], Slip(site, "not-used", say("line_not_used", node=site.text), [], edit)


def _on_one_side(of: Moments) -> Found:
    """A gradient that is cut off above only, or below only, though it goes as far on the other side."""
    rows: dict[Any, list[tuple[Node, float]]] = defaultdict(list)
    for node in of.nodes:
        bound = _only_bound(node)
        if bound and node.site is not None and node.site.kind == "call" and isinstance(node.args[0], Node):
            kept = {id(node), id(node.args[0])} & {*of.parameters}  # what is held within bounds is no gradient
            if not kept and name_of(node.args[0]) not in (*CUTS, "clip") and _is_step(of, node):
                rows[node.site].append((node, bound))
    for site, row in rows.items():
        beyond = [node for node, bound in row if np.any(_before(node) * np.sign(bound) < -_kept_below(node, bound))]
        again = any(name_of(user) in (*CUTS, "clip") for node, _ in row for user in of.consumers.get(id(node), ()))
        edit = None if again or not beyond else _on_both_sides(site)
        for node in beyond if edit is not None else ():
            yield node, Slip(site, "clipped", say("line_one_sided", node=site.text), [], edit)


NOTHING = ("None", "0", "0.0", "0.")


def _only_bound(node: Node) -> float:
    """What something is cut off at, on one side: above 0 for the upper one; 0 for what is not cut off so."""
    name, args = name_of(node), node.args
    if name in CUTS and len(args) == 2 and is_number(args[1]) and np.ndim(node.value):
        bound = number_of(args[1])
        return bound if (bound > 0) == (name in ABOVE) else 0.0
    if name == "clip" and len(args) == 3 and np.ndim(node.value):
        low, high = (number_of(arg) if arg is not None and is_number(arg) else np.inf for arg in args[1:])
        one = np.isinf(low) or low == 0
        other = np.isinf(high) or high == 0
        return high if one and 0 < high < np.inf else low if other and -np.inf < low < 0 else 0.0
    return 0.0


def _before(node: Node) -> Any:
    """What is cut off, as it is before that."""
    return np.asarray(node.args[0].value, dtype=float)


def _kept_below(node: Node, bound: float) -> float:
    """How far what is cut off may go on the other side: as far as on this one, or not at all, `np.clip(g, 0, most)`."""
    return (
        0.0 if any(arg is not None and is_number(arg) and number_of(arg) == 0 for arg in node.args[1:]) else abs(bound)
    )


def _is_step(of: Moments, node: Node) -> bool:
    """Whether a parameter, or a velocity, changes by a multiple of a node."""
    near = [node]
    for _ in range(4):
        users = [(user, at) for at in near for user in of.consumers.get(id(at), ())]
        if any(id(user) in {*of.states, *of.ends} and name_of(user) in ("add", "sub", "subtract") for user, _ in users):
            return True
        near = [user for user, at in users if name_of(user) in ("neg", *COPIES) or _times_numbers(user, at)]
    return False


def _times_numbers(product: Node, node: Node) -> bool:
    """Whether it is a node times numbers that were written down."""
    return name_of(product) in (*PRODUCT, *QUOTIENT) and all(arg is node or is_number(arg) for arg in product.args)


def _on_both_sides(site: Site) -> Edit | None:
    """The call that cuts off at the bound on both sides."""
    made = ast.parse(site.text, mode="eval").body
    texts = [ast.unparse(arg) for arg in made.args] if isinstance(made, ast.Call) else []
    method = len(texts) == len(site.parts) - 1
    bound = next((text for text in texts[-1:0:-1] if "inf" not in text and text not in NOTHING), "")
    if len(texts) not in (2, 3) or method or not bound or not isinstance(made, ast.Call):
        return None
    size = bound[1:].strip() if bound.startswith("-") else bound
    size = size if level(size) > 3 else f"({size})"
    owner = ast.unparse(made.func).rpartition(".")[0]
    given = [f"-{size}", size.strip("()"), *map(ast.unparse, made.keywords)]
    return Edit(site.source, site.span, f"{owner or 'np'}.clip({', '.join([texts[0], *given])})")


CLIPPINGS = (_longer, _short_ones, _clipped_for_nothing, _on_one_side)
