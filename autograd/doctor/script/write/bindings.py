"""Names that stand for something else than they should: taken from another turn, or unpacked in another order.

Such a line computes nothing, so nothing in it is wrong by itself; what shows is wherever the name is read.
"""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator

import numpy as np

from ...spelling import bracketed, level
from ..watch.edits import Edit
from ..watch.sites import Site, path_to
from .change import Changer
from .compose import Composer
from .extend import Extender
from .statements import Statements
from .vocabulary import frame_of
from .wanted import statement_of

MOST_VALUES = 2  # of a name, that are tried
MOST = 12  # other things that a name may be bound to, that are tried


class Bindings(Statements):
    """Finds other things for the names in an expression to stand for."""

    def _bound(self) -> Iterator[Edit]:
        """Changes of the lines that bind the names, with which the expression as it is comes out right."""
        if self.span is None or self.right is None:
            return
        own = self.place.source.segment(self.span).replace("\n", " ")
        try:
            names = dict.fromkeys(n.id for n in ast.walk(ast.parse(own, mode="eval")) if isinstance(n, ast.Name))
        except SyntaxError:
            return
        for name in names:
            site = self._binding(name)
            tree = None if site is None else _statement_at(site)
            if site is None or tree is None:
                continue
            for text, new, piece in itertools.islice(self._others_for(name, tree), MOST):
                with_it = re.sub(rf"(?<![\w.]){name}(?!\w)", text if level(text) > 3 else f"({text})", own)
                if self.fits(with_it, here=True):
                    yield Edit(site.source, site.source.span(piece), new, blind=not self.fits(with_it))

    def _bound_value(self) -> Iterator[Edit]:
        """Another value in the line that binds a name, such as a mask, where this name alone has the wrong one."""
        if self.span is None or self.right is None:
            return
        own = self.place.source.segment(self.span).replace("\n", " ")
        wanted, extender = np.where(self._matters[0], self.right[0], np.nan), Extender(self.hand, Composer(self.hand))
        count = 0
        for name, new, text in extender.names(own, wanted):
            site = self._binding(name, forward=True)
            tree = None if site is None else _statement_at(site)
            if count >= MOST_VALUES or self.hand.late:
                return
            if site is None or not isinstance(tree, ast.Assign) or not isinstance(tree.targets[0], ast.Name):
                continue
            if name not in new and self.fits(text):
                count += 1
                yield Edit(site.source, site.source.span(tree.value), new[1:-1] if bracketed(new) else new)

    def _other_turn(self) -> Iterator[Edit]:
        """Of several names that a line of the same loop takes from a list of turns: those of the turn beside."""
        source = self.place.source
        tree = ast.parse(source.text)
        loops = [n for n in path_to(tree, source, self.place.statement) if isinstance(n, (ast.For, ast.While))]
        ast.increment_lineno(tree, source.first - 1)
        for row in loops[-1].body if loops else ():
            taken = row.value if isinstance(row, ast.Assign) and isinstance(row.targets[0], ast.Tuple) else None
            if isinstance(taken, ast.Subscript) and not isinstance(taken.slice, (ast.Slice, ast.Tuple, ast.Constant)):
                holder, index = ast.unparse(taken.value), taken.slice
                near = [index.left] if isinstance(index, ast.BinOp) else []
                for other in (*map(ast.unparse, near), f"{ast.unparse(index)} - 1", f"{ast.unparse(index)} + 1"):
                    yield Edit(source, source.span(taken), f"{holder}[{other}]", blind=True)

    def _reset(self) -> Iterator[Edit]:
        yield from self._taken_empty()
        yield from super()._reset()

    def _taken_empty(self) -> Iterator[Edit]:
        """A sum that each step takes from where it is kept, `dw, db = grads`: taken from there with zeros in it."""
        added = statement_of(self.place)
        named = isinstance(added, ast.AugAssign) and isinstance(added.target, ast.Name)
        site = self._binding(self.place.target, added=True) if named else None
        tree = None if site is None else _statement_at(site)
        kept = (ast.Name, ast.Attribute, ast.Subscript)
        if site is None or not isinstance(tree, ast.Assign) or not isinstance(tree.value, kept):
            return
        source, value = site.source, ast.unparse(tree.value)
        several = isinstance(tree.targets[0], (ast.Tuple, ast.List))
        anew = f"[np.zeros_like(g) for g in {value}]" if several else f"np.zeros_like({value})"
        yield Edit(source, source.span(tree.value), f"{value} = {anew}", blind=True)

    def _binding(self, name: str, forward: bool = False, added: bool = False) -> Site | None:
        """The place that gave a name its value, in the same call, if it is another line than that of the fault.

        Args:
            forward: only if no error is in the value, as in that of a mask or a slope.
            added: the line of the fault only adds to that.
        """
        frame, _ = frame_of(self.tape, self.hand.born, self.context, self.place)
        found = None
        for at, scope, key, thing, site in self.tape.stores:
            if at > self.time:
                break
            if scope == ("frame", frame) and key == name and not (added and site.statement == self.place.statement):
                found = None if forward and id(thing) in self.locator.erring else site
        if found is None or found.kind != "store" or found.source is not self.place.source:
            return None
        return found if found.statement != self.place.statement else None

    def _others_for(self, name: str, tree: ast.Assign | ast.For) -> Iterator[tuple[str, str, ast.expr]]:
        """What the name would stand for; a new text for a piece of the line that binds it; that piece."""
        target = tree.target if isinstance(tree, ast.For) else tree.targets[0]
        value = None if isinstance(tree, ast.For) else tree.value
        if isinstance(target, ast.Name) and isinstance(value, ast.Subscript):
            yield from ((text, text, value) for text in self._shifted(value))
        row = next((t for t in ast.walk(target) if isinstance(t, ast.Tuple) and name in map(_name, t.elts)), None)
        if row is None:
            return
        texts = [ast.unparse(each) for each in row.elts]
        at = texts.index(name)
        if row is target and isinstance(value, ast.Tuple) and len(value.elts) == len(texts):
            one = value.elts[at]
            if isinstance(one, ast.Subscript):
                yield from ((text, text, one) for text in self._shifted(one))
            return
        if row is target and isinstance(value, ast.Subscript):
            yield from ((f"{text}[{at}]", text, value) for text in self._shifted(value))
        for k, other in enumerate(texts):
            if k != at:
                crossed = [*texts]
                crossed[k], crossed[at] = name, other
                yield other, ", ".join(crossed), row

    def _shifted(self, value: ast.Subscript) -> Iterator[str]:
        """The same thing of another turn: another index."""
        own = ast.unparse(value)
        yield from (text for text in dict.fromkeys(Changer(self.hand).elements(value)) if text != own)


def _name(tree: ast.expr) -> str:
    return tree.id if isinstance(tree, ast.Name) else ""


def _statement_at(site: Site) -> ast.Assign | ast.For | None:
    """The statement that binds a name there, and nothing else besides."""
    tree = ast.increment_lineno(ast.parse(site.source.text), site.source.first - 1)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and site.source.span(node) == site.statement:
            return node
        if isinstance(node, ast.For):
            first, start, last, end = site.source.span(node.target)
            if (first, start) <= site.span[:2] and site.span[2:] <= (last, end):
                return node
    return None
