"""An expression with one piece of it exchanged, multiplied or added to, so that it comes out right.

What a piece should be follows from the rest of the expression (`goals`); what it differs by is looked for among the
names at hand.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...spelling import bracketed, broadcasts, level, turned
from .at_hand import AtHand
from .compose import Composer, bound, lone
from .goals import goals

Array = Any


class Extender:
    """Looks for what the pieces of an expression lack.

    Args:
        hand: the names.
        composer: spells multiples, and finds products of two names.
    """

    def __init__(self, hand: AtHand, composer: Composer) -> None:
        self.hand, self.composer = hand, composer

    def texts(self, own: str, right: Array) -> Iterator[tuple[str, str]]:
        """The expression with one piece changed, simple changes first; in two spellings, as `put` gives them.

        Args:
            right: what it should be, at the first point.
        """
        try:
            tree = ast.parse(own, mode="eval").body
        except SyntaxError:
            return
        found = [(p, g) for p, g in goals(tree, right, lambda text: self.hand.read(text, 0)) if np.isfinite(g).any()]
        with np.errstate(all="ignore"):
            for change in (self._exchanged, self._rescaled, self._multiplied, self._added, self._composed):
                for piece, goal in found:
                    here = ast.get_source_segment(own, piece) or ast.unparse(piece)
                    for new in change(here, self._value(piece), goal):
                        yield put(own, piece, new)
            reached = {id(piece) for piece, _ in found}
            inner = [p for p in ast.walk(tree) if isinstance(p, ast.expr) and id(p) not in reached]
            yield from self._tried(own, [p for p in inner if self._value(p) is not None])

    def names(self, own: str, right: Array) -> Iterator[tuple[str, str, str]]:
        """Names in an expression that alone have a wrong value: name, what it should be, the expression so."""
        with contextlib.suppress(SyntaxError), np.errstate(all="ignore"):
            tree = ast.parse(own, mode="eval").body
            for piece, goal in goals(tree, right, lambda text: self.hand.read(text, 0)):
                if isinstance(piece, ast.Name):
                    for new in self._exchanged(piece.id, self._value(piece), goal):
                        yield piece.id, new, put(own, piece, new)[0]

    def _tried(self, own: str, pieces: list[ast.expr]) -> Iterator[tuple[str, str]]:
        """Changes inside of what cannot be undone, such as a sum over an axis."""
        for piece in pieces:
            yield from (put(own, piece, text) for text in self.hand.expressions if level(text) < 4)
        for piece in pieces:
            here = ast.get_source_segment(own, piece) or ast.unparse(piece)
            for text, _ in self.hand.factors:
                yield put(own, piece, f"{bound(here)} * {bound(text)}")
                yield put(own, piece, f"{bound(here)} / {bound(text, 4)}")

    def _value(self, piece: ast.expr) -> Array | None:
        value = self.hand.read(ast.unparse(piece), 0)
        return None if value is None else np.asarray(value, dtype=float)

    def _exchanged(self, here: str, value: Array | None, goal: Array) -> Iterator[str]:
        """Another name or expression."""
        for text, x in self.hand.factors:
            for spelled, each in ((text, x), (turned(text), x.T))[: min(x.ndim, 2) or 1]:
                if each.shape == goal.shape and _alike(each, goal):
                    yield spelled
        if goal.ndim == 0 and here.replace(".", "", 1).isdigit() and abs(goal - np.round(goal)) < 1e-9:
            yield str(round(float(goal)))

    def _rescaled(self, here: str, value: Array | None, goal: Array) -> Iterator[str]:
        """A factor that is a number."""
        if value is not None and value.shape == goal.shape:
            ratio = _ratio(goal, value)
            if ratio:
                yield from self.composer.times(bound(here), ratio)

    def _multiplied(self, here: str, value: Array | None, goal: Array) -> Iterator[str]:
        """A factor, or a divisor, with a name."""
        if value is None or not broadcasts(value.shape, goal.shape):
            return
        lacking = np.where(value == 0, np.nan, goal / np.where(value == 0, 1.0, value))
        if not np.isfinite(lacking).any():
            return
        for text, x in self.hand.factors:
            if not broadcasts(x.shape, lacking.shape) or lone(x, lacking):
                continue
            ratio = _ratio(lacking, np.broadcast_to(x, lacking.shape))
            if ratio:
                for scaled in self.composer.times(bound(text), ratio):
                    yield f"{bound(here)} * {scaled}"
            ratio = _ratio(lacking, np.broadcast_to(1 / x, lacking.shape))
            if ratio and abs(ratio - 1) < 1e-9:
                yield f"{bound(here)} / {bound(text, 4)}"

    def _added(self, here: str, value: Array | None, goal: Array) -> Iterator[str]:
        """A term more."""
        if value is None or not broadcasts(value.shape, goal.shape):
            return
        rest, zeros = goal - value, not np.any(value)  # what is nothing but zeros need not stay
        if not np.any(np.abs(rest[np.isfinite(rest)]) > 1e-12):
            return
        for text, x in self.hand.factors:
            if broadcasts(x.shape, rest.shape) and not lone(x, rest):
                ratio = _ratio(rest, np.broadcast_to(x, rest.shape))
                if ratio:
                    terms = (term for term in self.composer.times(text, ratio) if term != f"-{here}")  # that leaves 0
                    yield from (term if zeros else plus(here, term) for term in terms)
        for text, ratio in sorted(self.composer.pairs(rest), key=lambda pair: abs(abs(pair[1]) - 1.0) > 1e-9):
            yield from (term if zeros else plus(here, term) for term in self.composer.times(text, ratio))
        for text, ratio in (*self.composer.handed_on(rest), *self.composer.by_deviation(rest)):
            yield from (term if zeros else plus(here, term) for term in self.composer.times(text, ratio))

    def _composed(self, here: str, value: Array | None, goal: Array) -> Iterator[str]:
        """A product of two names in its place, or its numbers in another shape."""
        if goal.ndim:
            for text, ratio in self.composer.pairs(goal):
                yield from self.composer.times(text, ratio)
            if value is not None and value.size == goal.size and value.shape != goal.shape:
                yield f"{here if level(here) > 3 else f'({here})'}.reshape{goal.shape if goal.ndim != 1 else (-1,)}"


def plus(text: str, term: str) -> str:
    """A sum of two texts; a difference where the second has a minus.

    >>> plus("a @ b", "-lam * w")
    'a @ b - lam * w'
    """
    return f"{text} - {term[1:]}" if term.startswith("-") and level(term[1:]) >= 2 else f"{text} + {term}"


def put(own: str, piece: ast.expr, new: str) -> tuple[str, str]:
    """An expression with a piece of it replaced: in brackets where these may be needed, and without them."""
    text = own.encode()
    before, after = text[: piece.col_offset].decode(), text[piece.end_col_offset or 0 :].decode()
    if bracketed(new) and before.endswith("(") and after.startswith(")"):
        new = new[1:-1]
    plain = f"{before}{new}{after}"
    return (f"{before}({new}){after}" if level(new) < 4 and (before or after) else plain), plain


def neat(text: str, plain: str, mode: str = "eval") -> str:
    """The second of two spellings where it means the same.

    >>> neat("a * (c + 1)", "a * c + 1"), neat("(a * b) + 1", "a * b + 1")
    ('a * (c + 1)', 'a * b + 1')
    """
    try:
        one, other = (ast.dump(ast.parse(each, mode=mode)) for each in (text, plain))
    except SyntaxError:
        return text
    return plain if one == other else text


def _alike(x: Array, goal: Array) -> bool:
    known = np.isfinite(goal)
    return 4 * int(known.sum()) >= goal.size and bool(np.any(x[known])) and _near(x[known], goal[known])


def _ratio(goal: Array, x: Array) -> float | None:
    """The number c with goal = c·x, wherever the goal is known; None where there is none."""
    known = np.isfinite(goal) & np.isfinite(x)
    if 4 * int(known.sum()) < goal.size or not np.any(x[known]):
        return None
    a, b = x[known], goal[known]
    ratio = float(a @ b) / float(a @ a)
    return ratio if ratio and _near(a * ratio, b) else None


def _near(x: Array, y: Array) -> bool:
    return float(np.linalg.norm(x - y)) <= 1e-7 * float(np.linalg.norm(y))
