"""What a script tells of its numbers: what they are called, which are printed or kept, what those are made of."""

from __future__ import annotations

import re

import numpy as np

from ..watch.node import Node, comes_from
from .look import Look
from .replay import Values

LOSS = re.compile(r"loss|cost|err|mse|mae|nll|risk|energy|penal|(^|\W)(sse|rss)($|_|\W)", re.IGNORECASE)
LETTER = re.compile(r"(^|\W)[jel]($|_|\W)", re.IGNORECASE)  # a cost is never below 0; a likelihood or a reward may be
INDEX = re.compile(r"\[[^'\"\]]*\]")  # of a number, not a key


def names_of(look: Look, node: Node) -> list[str]:
    """What a quantity, or what it is a multiple of, is called."""
    found: set[int] = set()
    nodes = [node]
    while nodes and len(found) < 60:
        node = nodes.pop()
        found.add(id(node))
        nodes += [o for o in node.operands() if len([p for p in node.operands() if id(p) in look.depends]) == 1]
    stores = look.training.tape.stores
    return [INDEX.sub("", site.target or str(key)) for _, _, key, thing, site in stores if id(thing) in found]


def is_told(look: Look, node: Node, form: str) -> bool:
    """Whether it is a loss by its name, or by its form, and printed, kept in a history, returned or compared then."""
    named = any(LOSS.search(name) or LETTER.search(name) for name in names_of(look, node))
    if id(node) in look.to_end or named or not form:
        return named and id(node) not in look.to_end
    tape = look.training.tape
    told = [n for _, n, _ in tape.shown] + [o for condition in tape.conditions for o in condition.operands()]
    told += [t for _, scope, _, t, _ in tape.stores if scope[0] in ("item", "memory", "return") and isinstance(t, Node)]
    known: set[int] = set()
    while told:
        each = told.pop()
        if each is node:
            return True
        if each.time > node.time and id(each) not in known:
            known.add(id(each))
            told += each.operands()
    return False


def shown_forms(look: Look) -> set[str]:
    """Which of squares and logarithms the printed numbers are made of, whenever they are printed."""
    found: set[str] = set()
    for _, shown, _ in look.training.tape.shown[:12]:
        stack = [shown]
        known: set[int] = set()
        while stack and len(known) < 60:
            node = stack.pop(0)
            name = getattr(node.function, "__name__", "")
            if name in ("square", "log") or (name in ("pow", "power") and np.all(node.args[1] == 2)):
                found.add("entropy" if name == "log" else "squares")
            known.add(id(node))
            stack += [o for o in node.operands() if id(o) not in known]
    return found if len(found) == 1 else set()


def is_sloped(look: Look, error: Node, values: Values) -> bool:
    """Whether an error is multiplied by something made of its own prediction: by the slope of an output unit, it seems.

    Then squares are meant, also where the slope is wrong. Not of a softmax, of which each output is made of all.
    """
    sides = [side for side in error.args if isinstance(side, Node) and id(side) in look.depends]
    if getattr(error.function, "__name__", "") not in ("sub", "subtract") or len(sides) != 1:
        return False
    (prediction,) = sides
    p = np.asarray(values.get(id(prediction)), dtype=float)
    if p.ndim and any(n > 1 and np.allclose(p.sum(axis), 1.0, rtol=1e-9) for axis, n in enumerate(p.shape)):
        return False
    multiples = [error]
    for node in multiples:
        for user in look.consumers.get(id(node), ()):
            if getattr(user.function, "__name__", "") not in ("mul", "multiply", "neg"):
                continue
            others = [o for o in user.operands() if o is not node]
            if all(o.hyper for o in others):
                multiples.append(user)
            elif np.size(user.value) == np.size(error.value) and all(
                id(o) in look.depends and comes_from({id(prediction)}, [o], prediction.time) for o in others
            ):
                return True
    return False
