"""What a script tells of its numbers: what they are called, which are printed or kept, what those are made of."""

from __future__ import annotations

import re

import numpy as np

from ..watch.node import Node, comes_from
from .look import Look
from .replay import Values

LOSS = re.compile(r"loss|cost|err|mse|mae|nll|risk|energy|penal|(^|\W)(sse|rss)($|_|\W)", re.IGNORECASE)
CLAIMED = re.compile(r"loss|cost|objective|criterion|risk|energy|nll|likelihood", re.IGNORECASE)
GROWING = re.compile(
    r"reward|return|utility|profit|fitness|elbo|evidence|likelihood|revenue|surplus|welfare|maxim|ascent", re.IGNORECASE
)
LETTER = re.compile(r"(^|\W)[jel]($|_|\W)", re.IGNORECASE)  # a cost is never below 0; a likelihood or a reward may be
SHOWN, NEAR = 12, 60  # printed numbers, and what each is made of, that are looked at
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


def is_claimed(look: Look, node: Node) -> bool:
    """Whether the script calls a quantity what it minimises: a loss, a cost; not an error, which may be for show.

    By the name of what it is kept in, or by what is printed beside it.
    """
    called = names_of(look, node)
    return any(CLAIMED.search(name) or LETTER.search(name) for name in called) or _printed_as(CLAIMED, look, node)


def is_to_grow(look: Look, node: Node) -> bool:
    """Whether the script calls a quantity what one makes large, a reward or a likelihood, and no loss besides."""
    called = any(GROWING.search(name) for name in names_of(look, node)) or _printed_as(GROWING, look, node)
    return called and not _printed_as(LOSS, look, node)


def _printed_as(word: re.Pattern[str], look: Look, node: Node) -> bool:
    """Whether a word stands in a statement that prints a quantity, or what is made of it."""
    shown = [n for _, n, site in look.training.tape.shown if word.search(site.source.segment(site.statement))]
    return any(each.site is node.site for one in shown[:SHOWN] for each in _made_of(one))


def _made_of(node: Node) -> list[Node]:
    """What a number was made of most lately."""
    found = {id(node): node}
    waiting = [node]
    while waiting and len(found) < NEAR:
        new = {id(o): o for o in waiting.pop(0).operands() if id(o) not in found}
        found |= new
        waiting += new.values()
    return [*found.values()]


def shown_forms(look: Look) -> set[str]:
    """Which of squares and logarithms the printed numbers are made of, whenever they are printed."""
    found: set[str] = set()
    for _, shown, _ in look.training.tape.shown[:SHOWN]:
        for node in _made_of(shown):
            name = getattr(node.function, "__name__", "")
            if name in ("square", "log") or (name in ("pow", "power") and np.all(node.args[1] == 2)):
                found.add("entropy" if name == "log" else "squares")
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
