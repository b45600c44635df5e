"""The line to write instead: a text in the learner's own names that computes what is right.

Small changes of the learner's own expression come first: another name, a transpose, a sign, an axis, one more factor.
Where none does it, a formula is put together from the names at hand. A text counts when it gives the right numbers at
every point.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ...spelling import bracketed, level, quoted_as
from ..judge.masks import new_draws
from ..watch.edits import Edit
from ..watch.node import Node, linked
from .added import added_at, numpy_in
from .at_hand import AtHand
from .bindings import Bindings
from .change import Changer
from .compose import Composer, bound
from .extend import Extender, neat
from .wanted import close_to

Array = Any
TURNS = 24  # of a loop that adds up, at most
MOST = 8  # texts that are tried on the script itself
DRAWS = re.compile(r"\b(rand\w*|binomial|choice|uniform|normal|bernoulli)\(")  # what is drawn anew is right by chance
HALVES = re.compile(r"/ *2(\.0*)?\b|\b(2|0\.5) *\*(?!\*)|\* *(2|0?\.5)\b")
NAMED = re.compile(r"[A-Za-z_]")
CHANCE = 6.0
MOST_NARROW = 2  # texts with one number for all elements
MOST_HERE = 2  # of them, those that are right at one turn of a loop only


class Repairer(Bindings):
    """Finds texts for one fault."""

    def edits(self) -> Iterator[Edit]:
        """Edits that make the expression right, the smallest first, in the quotes of the script."""
        told: Edit | None = None
        for edit in self._edits():
            if edit.new == edit.source.segment(edit.span):
                continue
            if edit.blind and told is not None:
                yield from self._as_often(told)
            told = None if edit.blind else told or edit
            yield replace(edit, new=quoted_as(edit.new, edit.source.text))

    def _as_often(self, told: Edit) -> Iterator[Edit]:
        """A line that adds to elements, right by its numbers, which adds to each of them as often as it comes, too."""
        statement = self.place.statement
        if self.place.kind == "augmented" and statement[:2] <= told.span[:2] and told.span[2:] <= statement[2:]:
            each = added_at(told.within(statement)[1], numpy_in(self.hand.namespace))
            if each:
                yield Edit(self.place.source, statement, quoted_as(each, self.place.source.text), blind=True)

    def _edits(self) -> Iterator[Edit]:
        if self.fault.rescaled is not None and abs(self.fault.rescaled + 1.0) < 1e-6:
            yield from self._other_sign()
            yield from self._of_update()
        elif self.fault.rescaled is not None and self.fault.rescaled < 0 and self.span is not None:
            own = self.place.source.segment(self.span)  # two mistakes, perhaps
            yield from (Edit(self.place.source, self.span, self._wrapped(t)) for t in turned_about(own))
        if self._is_begun():
            return
        if self.node.function is linked and self.place.kind == "call":
            yield from self._times_call()
        if self._is_of_whole() and not self._is_kept():
            self._of_elements()
        if self.span is None or self.right is None or self._is_kept():
            if not self._is_kept():
                yield from self._in_places()
                yield from self._elsewhere()
                yield from self._term_after()
            yield from self._rescaled_after()
            yield from self._blind()
            return
        if self._is_of_several():
            yield from self._one_of_several()
            return
        yield from self._bound()
        yield from self._bound_value()
        yield from self._bare()
        yield from self._but_for_the_first()
        yield from self._rescaled_term()
        if all(np.all(np.abs(np.asarray(r) - 1.0) < 1e-9) for r in self.right):
            yield from self._dropped()
        yield from self._in_places()
        yield from self._elsewhere()
        yield from self._term_after()
        if (self.fault.rescaled is not None or self._draws) and self._widened():
            yield from self._kept_mask() if self._draws else ()
            yield from self._written()
        found = 0
        for edit in itertools.chain(self._summed(), self._written_wide(), self._opposite()):
            found += 1
            yield edit
        if not found and self._widened():
            yield from self._written()
        yield from self._rescaled_after()
        yield from self._other_turn()
        yield from self._blind()

    def _times_call(self) -> Iterator[Edit]:
        """What a function of the learner's own gives, times the factor that it lacks, be the function right or not."""
        if self.fault.rescaled is not None and self.span is not None:
            own = self.place.source.segment(self.span).replace("\n", " ")
            for text in itertools.islice(Composer(self.hand).times(own, self.fault.rescaled), 2):
                yield Edit(self.place.source, self.span, self._wrapped(text))

    def _written(self) -> Iterator[Edit]:
        """Other texts for the expression."""
        assert self.span is not None
        source, seen, count = self.place.source, set(), 0
        own = source.segment(self.span)
        found: list[str] = []
        here: list[str] = []  # what is right at this turn of a loop, but not at all of them
        for text, plain in _as_far_as_it_goes(self._texts(own)):
            if self.hand.late:
                break
            if text not in seen and text != self.place.target and not DRAWS.search(text):
                seen.add(text)
                everywhere = self.fits(text) and self._keeps_state(text)
                if everywhere or (len(here) < MOST_HERE and self.fits(text, here=True)):
                    said = tidy(neat(text, plain))
                    (found if everywhere else here).extend([*self._by_name(said), said])
                    count += everywhere
                    if count >= MOST or self.hand.late_for(count):
                        break
        own = self._unrooted(own)
        for blind, texts in enumerate((found, here)):
            known = _written(source.text)
            costs = {text: _cost(self._unrooted(text), own, known) + self._by_chance(text, own) for text in texts}
            for text in sorted(costs, key=lambda t: costs[t]):
                yield self._tidied(Edit(source, self.span, self._wrapped(text), blind=bool(blind)))

    def _by_chance(self, text: str, own: str) -> float:
        """What a text costs more for what is easily right by chance."""
        known = [*self.hand.by_chance, *self._as_large]
        return sum(CHANCE for said in known if said in text and said not in own)

    @cached_property
    def _as_large(self) -> list[str]:
        """Settings that happen to be 2, where the lines that are differentiated write 2 or 1/2, and no name for it."""
        quantities, texts = self.locator.quantities, set[str]()
        for wanted in self.fault.wanted:
            nodes = (wanted.node, wanted.consumer, *quantities.consumers.get(id(wanted.node), ()))
            texts |= {n.site.source.segment(n.site.statement) for n in nodes if n is not None and n.site is not None}
        if not any(HALVES.search(text) for text in texts):
            return []
        settings = [a.text for a in self.hand.atoms if np.ndim(a.first) == 0 and not self.hand.varies(a)]
        values = {name: self.hand.read(name, 0) for name in settings}
        texts |= self._beside
        return [name for name, value in values.items()
                if value in (2, 0.5) and NAMED.match(name) and not any(name in text for text in texts)]  # fmt: skip

    @cached_property
    def _beside(self) -> set[str]:
        """The other lines of the function that lead to the steps: what they multiply by may belong here, too."""
        here, look, forward = self.place, self.locator.look, self.locator.found.forward
        back = (n for n in look.program.steps if id(n) in look.to_end and id(n) not in forward)
        sites = {n.site for n in back if n.site is not None}
        near = (s for s in sites if s.function == here.function and s.source is here.source)
        return {s.source.segment(s.statement) for s in near if s.statement != here.statement}

    def _written_wide(self) -> Iterator[Edit]:
        """The same; also texts with a number for each element, where one number for all of them may be a chance."""
        assert self.right is not None
        if self.wide is None or np.shape(self.wide[0]) == np.shape(self.right[0]):
            yield from self._written()
            return
        yield from itertools.islice(self._written(), MOST_NARROW)
        narrow, self.right = self.right, self.wide
        yield from self._written()
        self.right = narrow

    def _opposite(self) -> Iterator[Edit]:
        """Minus the expression, where it has the wrong sign: nothing needs to be read for it, however late it is."""
        if not self.hand.late or self.span is None or self.place is not self.node.site:
            return
        if self.fault.rescaled is not None and abs(self.fault.rescaled + 1.0) < 1e-6 and self.place.kind == "binary":
            own = self.place.source.segment(self.span).replace("\n", " ")
            for text in Composer(self.hand).times(own, -1.0):
                yield self._tidied(Edit(self.place.source, self.span, self._wrapped(text)))

    def _kept_mask(self) -> Iterator[Edit]:
        """Of a line that draws a mask: what it multiplies, times an array of that shape."""
        assert self.span is not None
        assert self.right is not None
        own, shape = self.place.source.segment(self.span).replace("\n", " "), np.shape(self.right[0])
        pieces = [ast.unparse(n) for n in ast.walk(ast.parse(own, mode="eval")) if isinstance(n, ast.expr)]
        texts = [t for t in pieces if not DRAWS.search(t) and np.shape(self.hand.read(t, 0)) == shape != ()]
        arrays = [a.text for a in self.hand.arrays if np.shape(a.first) == shape]
        for text in (f"{bound(piece)} * {array}" for piece in texts for array in arrays if array != piece):
            if self.fits(text):
                yield Edit(self.place.source, self.span, self._wrapped(text))

    @cached_property
    def _draws(self) -> bool:
        """Whether the value comes from a number that was drawn since the forward pass."""
        return bool(new_draws(self.locator.found, [self.node, *self.node.operands()]))

    def _tidied(self, edit: Edit) -> Edit:
        """`a + c` for `a - -c`, `a` for `a * 1`, and no brackets around a name."""
        (row, start, last, end), source, new = edit.span, self.place.source, edit.new
        before, after = source.segment((row, 0, row, start)), source.segment((last, end, last, len(source.text)))
        if before.endswith("(") and after.startswith(")") and re.search(r"[-+*/=(,]\s*\($", before) and level(new) > 3:
            before, start, end = before[:-1], start - 1, end + 1
        operator = re.search(r"(?<=[\w.)\]])\s*([-+*])\s*$", before)
        if operator and operator[1] == "*" and new == "1":
            return replace(edit, span=(row, operator.start(), last, end), new="")
        update = re.search(r"([-+])=\s*$", before) if level(new) > 1 else None
        if update and new.startswith("-"):
            sign = "-+"[update[1] == "-"]
            return replace(edit, span=(row, update.start(), last, end), new=f"{sign}= {new[1:]}")
        if operator and operator[1] != "*" and new.startswith("-"):
            return replace(edit, span=(row, operator.start(1), last, end), new=f"{'-+'[operator[1] == '-']} {new[1:]}")
        return replace(edit, span=(row, start, last, end))

    def _unrooted(self, text: str) -> str:
        """With one name for each square root that the script takes."""
        return functools.reduce(lambda t, root: t.replace(root[1], f"root{root[0]}"), enumerate(self.hand.roots), text)

    def _is_of_several(self) -> bool:
        """Whether the place stores several results of one call."""
        site = self.place
        if site.kind != "store" or site is self.node.site:
            return False
        tree = ast.parse(textwrap.dedent(site.source.segment(site.statement))).body[0]
        tuples = isinstance(tree, ast.Assign) and isinstance(tree.targets[0], ast.Tuple)
        return tuples and isinstance(tree.value, ast.Call)  # type: ignore[attr-defined]

    def _one_of_several(self) -> Iterator[Edit]:
        """A line more, that changes one of the results."""
        name = self.place.target
        text = self.place.source.segment(self.place.statement)
        seen: set[str] = set()
        for new, plain in Extender(self.hand, Composer(self.hand)).texts(name, self.right[0]) if self.right else ():
            if self.hand.late or len(seen) >= MOST:
                return
            if new not in seen and self.fits(new):
                seen.add(new)
                yield Edit(self.place.source, self.place.statement, f"{text}; {name} = {neat(new, plain)}")

    def _summed(self) -> Iterator[Edit]:
        """What each turn of a loop adds to a sum: the texts whose sum over all turns is right."""
        nodes = [self.node]
        while isinstance(old := (*nodes[-1].args, None)[0], Node) and old.site is self.place and len(nodes) <= TURNS:
            nodes.append(old)
        name = getattr(self.node.function, "__name__", "")
        if id(self.node) not in self.locator.fixed:
            return
        if self.place.kind != "augmented" or not 1 < len(nodes) <= TURNS or name not in ("add", "sub"):
            return
        assert self.span is not None
        last = nodes[-1].args[0]
        sign = 1.0 if name == "add" else -1.0
        fixed = [np.asarray(r, dtype=float) for r in self.locator.fixed[id(self.node)]]
        before = [np.asarray(v[id(last)] if isinstance(last, Node) else last, dtype=float) for v in self.locator.values]
        if before[0].shape not in ((), fixed[0].shape):
            return  # a piece of it
        whole = [sign * (r - x) for r, x in zip(fixed, before, strict=True)]
        hands = [AtHand(self.locator, self.fault, self.place, n, n.time, n.context, self.namespace) for n in nodes]
        own = self.place.source.segment(self.span).replace("\n", " ")
        numbers = [a.text for a in self.hand.atoms if isinstance(a.first, (int, float)) and np.ndim(a.first) == 0]
        factors = dict.fromkeys((*(text for text, _ in self.hand.factors), *numbers))
        more = (f"{own} {sign} {text}" for text in factors for sign in "*/")
        for text in dict.fromkeys((*Changer(self.hand).changed(own), *more)):
            if self.hand.late:
                return
            if all(self._sums_to(hands, text, k, wanted) for k, wanted in enumerate(whole)):
                yield Edit(self.place.source, self.span, text)
                if self.hand.late_for(1):
                    return

    @staticmethod
    def _sums_to(hands: list[AtHand], text: str, k: int, wanted: Array) -> bool:
        total: Array = 0.0
        for hand in hands:
            value = hand.read(text, k)
            if value is None or np.shape(value) != np.shape(wanted):
                return False
            total = total + np.asarray(value, dtype=float)
        return close_to(total, wanted)

    def _bare(self) -> Iterator[Edit]:
        """What a function of the learner's own is applied to, in the place of its result."""
        assert self.span is not None
        try:
            tree = ast.parse(self.place.source.segment(self.span), mode="eval").body
        except SyntaxError:
            return
        if isinstance(tree, ast.Call) and len(tree.args) == 1 and ast.unparse(tree.func) in self.hand.functions:
            text = ast.unparse(tree.args[0])
            yield Edit(self.place.source, self.span, text, blind=self.right is None or not self.fits(text))

    def _by_name(self, text: str) -> Iterator[str]:
        """With the counter of a comprehension for an element's number, which is that of one turn only."""
        own = self.place.source.segment(self.span) if self.span is not None else ""
        if len(re.findall(r"\[-?\d+\]", text)) > len(re.findall(r"\[-?\d+\]", own)) or text != own:
            for name in self._counters:
                new = re.sub(r"\[-?\d+\]", f"[{name}]", text)
                if new != text:
                    yield new

    @cached_property
    def _counters(self) -> list[str]:
        try:
            tree = ast.parse(self.place.source.segment(self.place.statement))
        except SyntaxError:
            return []
        loops = [node for node in ast.walk(tree) if isinstance(node, ast.comprehension)]
        return [loop.target.id for loop in loops if isinstance(loop.target, ast.Name)]

    def _wrapped(self, text: str) -> str:
        """In brackets where the statement would mean something else without."""
        assert self.span is not None
        source, statement = self.place.source, self.place.statement
        around = (source.segment((self.span[0], max(0, self.span[1] - 1), self.span[0], self.span[1])),
                  source.segment((self.span[2], self.span[3], self.span[2], self.span[3] + 1)))  # fmt: skip
        if around == ("(", ")") or self._stands_alone():
            return text[1:-1] if bracketed(text) else text
        if level(text) >= 4:
            return text
        bound, plain = (Edit(source, self.span, t).within(statement)[1].strip() for t in (f"({text})", text))
        return text if neat(bound, plain, "exec") == plain else f"({text})"

    def _stands_alone(self) -> bool:
        """Whether the expression is the whole of a right side or an argument."""
        kinds = ("store", "augmented", "return", "call")
        return any(self.span in s.parts for s in self.tape.sites if s.kind in kinds and s.source is self.place.source)

    def _texts(self, own: str) -> Iterator[tuple[str, str]]:
        """What may be written, each in two spellings: the second leaves brackets out."""
        assert self.right is not None
        composer = Composer(self.hand)
        own = own.replace("\n", " ")
        if np.ndim(self.right[0]) and not NAMED.search(own):  # nothing of a number needs to stay
            yield from ((text, text) for text in composer.formulas(self.right[0]))
        yield from ((text, text) for text in Changer(self.hand).changed(own))
        needed = np.where(self._matters[0], self.right[0], np.nan)
        yield from Extender(self.hand, composer).texts(own, needed)
        yield from ((text, text) for text in composer.names(self.right[0]))
        yield from ((text, text) for text in composer.formulas(self.right[0]))
        yield from ((text, text) for text in composer.masked(needed) if np.ndim(needed))


def tidy(text: str) -> str:
    """Without two signs in a row, factors of 1, numbers that cancel and brackets around a name.

    >>> tidy("a - -b * (c)"), tidy("g * s * (1)"), tidy("f(x) * (1 - x)"), tidy("g + 2 * lam * w / 2")
    ('a + b * c', 'g * s', 'f(x) * (1 - x)', 'g + lam * w')
    """
    text = _cancelled(text.replace("- -", "+ ").replace("+ -", "- "))
    return re.sub(r" \* 1(?=$|[ )])", "", re.sub(r"(?<![\w\])])\((\w[\w.]*)\)(?! *\*\*)", r"\1", text))


def _cancelled(text: str) -> str:
    """Without a number that a product begins with, and that it is divided by."""
    with contextlib.suppress(SyntaxError):
        for node in ast.walk(tree := ast.parse(text, mode="eval")):
            if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
                continue
            chain: list[ast.BinOp] = [node]  # of the products that it is made of, the whole first
            while isinstance(inner := chain[-1].left, ast.BinOp) and isinstance(inner.op, ast.Mult):
                chain.append(inner)
            first, by, old = chain[-1].left, node.right, ast.get_source_segment(text, node)
            same = isinstance(first, ast.Constant) and isinstance(by, ast.Constant) and first.value == by.value
            if len(chain) > 1 and same and old:
                chain[-2].left = chain[-1].right
                product = ast.unparse(node.left)
                alone = node is tree.body or level(product) >= 2
                return text.replace(old, product if alone else f"({product})", 1)
    return text


def turned_about(text: str) -> Iterator[str]:
    """A difference the other way round.

    >>> list(turned_about("p - t"))
    ['t - p']
    """
    with contextlib.suppress(SyntaxError):
        tree = ast.parse(text, mode="eval").body
        if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Sub):
            left, right = ast.unparse(tree.left), ast.unparse(tree.right)
            yield f"{right} - {left}" if level(left) > 1 else f"{right} - ({left})"


def _cost(text: str, own: str, written: Counter[str]) -> float:
    """How far-fetched a text is: what it changes; a name says more than a number, and a length more than a size.

    Args:
        written: the expressions of the script: what is written elsewhere counts as two pieces.
    """
    try:
        trees = [ast.parse(each, mode="eval").body for each in (text, own)]
    except SyntaxError:
        return 1000
    new, old = (Counter(_pieces(tree)) for tree in trees)
    cost = 0.3 * sum((old - new).values()) + sum(n * _WEIGHTS.get(piece[0], 1) for piece, n in (new - old).items())
    mine = {ast.unparse(piece) for piece in ast.walk(trees[1])}
    stack = [trees[0]]
    while stack:
        piece = stack.pop()
        known = isinstance(piece, (ast.Call, ast.BinOp)) and (said := ast.unparse(piece)) not in mine and written[said]
        if known:
            added = Counter(_pieces(piece)) & (new - old)
            cost -= max(0, sum(n * _WEIGHTS.get(p[0], 1) for p, n in added.items()) - 2)
        else:
            stack += [p for p in ast.iter_child_nodes(piece) if isinstance(p, ast.expr)]
    return cost


@functools.lru_cache
def _written(text: str) -> Counter[str]:
    """The expressions of a script."""
    return Counter(ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Call, ast.BinOp)))


_WEIGHTS = {"#": 6.0, "%": 4.0, "[": 3.0, ".": 2.0, "~": 0.5}


def _pieces(tree: ast.AST) -> Iterator[str]:
    """The names, numbers (# before them, % before halves and doubles, [ where they are an index, ~ inside of one) and
    operators of an expression.

    Of masks, `s > 0` and `h > 0` are the same.
    """
    indices = [node.slice for node in ast.walk(tree) if isinstance(node, ast.Subscript)]
    masks = {id(part) for node in ast.walk(tree) if isinstance(node, ast.Compare) for part in ast.walk(node)}
    axes = [node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "axis"]
    beside = {id(part): "~" for index in (*indices, *axes) for part in ast.walk(index)}
    beside |= {id(index): "[" for index in indices}
    squares = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]  # as in slopes
    beside |= {id(part): "~" for n in squares for part in (n.op, n.right)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            plain = id(node) in masks or node.value == 1
            often = not isinstance(node.value, str) and node.value in (2, 0.5)
            yield f"{beside.get(id(node), '' if plain else '%' if often else '#')}{node.value!r}"
        elif isinstance(node, (ast.Name, ast.Attribute)):
            name = node.id if isinstance(node, ast.Name) else node.attr
            yield "mask" if id(node) in masks else f".{name}" if name in SELDOM else name
        elif isinstance(node, (ast.operator, ast.unaryop, ast.Call, ast.Subscript, ast.Slice)):
            yield beside.get(id(node), "")[:1].replace("[", "") + type(node).__name__


SELDOM = ("size", "shape", "len", "sign", "exp", "cos")


def _as_far_as_it_goes(texts: Iterator[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Texts until one cannot be made: a product of matrices is none of their elements."""
    with contextlib.suppress(ArithmeticError, ValueError, TypeError):
        yield from texts
