"""Changes of a whole statement: its sign, its mask, the elements that it is about, or an operator such as += for =."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ...spelling import level
from ..watch.edits import Edit
from ..watch.node import Node
from ..watch.sites import Site, Span, around
from .added import added_at, array_in, numpy_in
from .change import Changer, exchanged
from .compose import Composer
from .extend import Extender, neat
from .interpret import BINARY
from .wanted import Wanted, close_to, statement_of

SLIPS = 16  # of a line, that are tried
ELSEWHERE = 6  # places to write into, that are tried
ZEROS = ("np.zeros", "0", "[0", "numpy.zeros")
LESS: dict[str, Any] = {"[:, 1:]": np.s_[:, 1:], "[1:]": np.s_[1:], "[:, :-1]": np.s_[:, :-1], "[:-1]": np.s_[:-1]}


Array = Any


class Statements(Wanted):
    """Finds such changes for one fault."""

    def _rescaled_term(self) -> Iterator[Edit]:
        """Of `g += lam * w`: what is added times a number, where the whole may be any multiple of the gradient."""
        by, old = (*self.node.args, None, None)[1], (*self.node.args, None)[0]
        if self.place.kind != "augmented" or not isinstance(by, Node) or not isinstance(old, Node) or self.span is None:
            return
        if getattr(self.node.function, "__name__", "") != "add":
            return
        rows = []
        for whole, values in zip(self.locator.fixed[id(self.node)], self.locator.values, strict=True):
            added, before = (
                np.broadcast_to(np.asarray(values[id(n)], dtype=float), np.shape(whole)) for n in (by, old)
            )
            rows.append(np.stack([np.ravel(whole), -np.ravel(added), np.ravel(before)], axis=1))
        table = np.concatenate(rows)
        if len(table) < 3 or not np.isfinite(table).all():
            return
        (scale, factor), *_ = np.linalg.lstsq(table[:, :2], table[:, 2], rcond=None)
        left = table[:, :2] @ [scale, factor] - table[:, 2]
        if np.linalg.norm(left) <= 1e-9 * np.linalg.norm(table[:, 2]) and scale > 0 and abs(factor - 1.0) > 1e-9:
            own = self.place.source.segment(self.span)
            for text in itertools.islice(Composer(self.hand).times(own, float(f"{factor:.8g}")), 2):
                yield Edit(self.place.source, self.span, text)

    def _dropped(self) -> Iterator[Edit]:
        """A factor that should be 1 left out."""
        source, statement = self.place.source, self.place.statement
        text = source.segment(statement)
        try:
            tree = ast.parse(text)
        except SyntaxError:
            return
        for product in ast.walk(tree):
            if isinstance(product, ast.BinOp) and isinstance(product.op, ast.Mult):
                for one, other in ((product.left, product.right), (product.right, product.left)):
                    if _span(one, statement) == self.span:
                        yield Edit(source, _span(product, statement), source.segment(_span(other, statement)))

    def _rescaled_after(self) -> Iterator[Edit]:
        """A line more, with the factor that all of an array lacks of which the line changes some elements."""
        factor, statement = self.fault.rescaled, self.place.statement
        tree = ast.parse(textwrap.dedent(self.place.source.segment(statement))).body[0]
        target = (
            tree.target
            if isinstance(tree, ast.AugAssign)
            else (*tree.targets, None)[0]
            if isinstance(tree, ast.Assign)
            else None
        )
        if factor is None or self.place is not self.node.site or not isinstance(target, ast.Subscript):
            return
        whole = ast.unparse(target.value)
        for text in itertools.islice(Composer(self.hand).times(whole, factor), 3):
            for sign in "/*":
                if text.startswith(f"{whole} {sign} "):
                    line = f"{self.place.source.segment(statement)}; {whole} {sign}= {text[len(whole) + 3 :]}"
                    yield Edit(self.place.source, statement, line)

    def _but_for_the_first(self) -> Iterator[Edit]:
        """A change that leaves the first row or column alone, where the bias is, or the last."""
        source, statement = self.place.source, self.place.statement
        tree = ast.parse(textwrap.dedent(source.segment(statement))).body[0] if self.place.kind == "augmented" else None
        if not isinstance(tree, ast.AugAssign) or isinstance(tree.target, ast.Subscript) or self.right is None:
            return
        own = np.asarray(self.hand.read(ast.unparse(tree.value), 0))
        shape = np.shape(self.right[0])
        for said, index in LESS.items():
            if own.shape != shape or len(shape) < said.count(",") + 1:
                continue
            kept = np.zeros(shape, dtype=bool)
            kept[index] = True
            if close_to(own * kept, self.right[0]):
                names = [a.text for a in self.hand.arrays if np.shape(a.first) == shape]
                value = ast.unparse(tree.value)
                for name in sorted(names, key=len, reverse=True):
                    value = re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w\[])", f"{name}{said}", value)
                sign = source.segment(statement)[len(ast.unparse(tree.target)) :].lstrip()[:2]
                yield Edit(source, statement, f"{ast.unparse(tree.target)}{said} {sign} {value}")

    def _in_places(self) -> Iterator[Edit]:
        """Of `d[z <= 0] = 0`: another mask, another operation; or all of `d` anew."""
        source, statement = self.place.source, self.place.statement
        try:
            tree = ast.parse(source.segment(statement)).body[0]
        except (SyntaxError, IndexError):
            return
        right = self.locator.fixed.get(id(self.node), self.right)  # of all of it, not of what is written into it
        if not isinstance(tree, (ast.Assign, ast.AugAssign)) or right is None:
            return
        target = tree.targets[0] if isinstance(tree, ast.Assign) else tree.target
        if not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Compare):
            return
        whole, mask, value = (ast.unparse(part) for part in (target.value, target.slice, tree.value))
        was = ast.unparse(target.slice.left)
        near = [a for a in self.hand.arrays if np.shape(a.first) == np.shape(right[0])]
        applied: Array = self.locator.points[0].values.get(
            id(self.fault.wanted[0].node)
        )  # what the activation is applied to
        alike = [a.text for a in sorted(near, key=lambda a: (a.text != was, not np.array_equal(a.first, applied)))]
        masks = [mask.replace(was, text, 1) for text in alike]
        sides = [f"{text} {sign} 0" for text in alike for sign in ("<=", ">")]
        times = isinstance(tree, ast.AugAssign) and isinstance(tree.op, ast.Mult)
        known = {value: f"{whole}[{{}}] *= {value}"} if times else {value: f"{whole}[{{}}] = {value}"}
        for other in dict.fromkeys((*masks, *sides)):
            for new, line in {**known, "0": f"{whole}[{{}}] = 0"}.items():
                made = f"{new} * {whole}" if times and new != "0" else new
                if self._makes(f"np.where({other}, {made}, {whole})", right):
                    yield Edit(source, statement, line.format(other))
        for said in ("0", *self.hand.literals):
            if self._makes(f"np.where({mask}, {said} * {whole}, {whole})", right):
                yield Edit(source, statement, f"{whole}[{mask}] {'= 0' if said == '0' else f'*= {said}'}")
        for text, plain in Extender(self.hand, Composer(self.hand)).texts(whole, right[0]):
            if self._makes(text, right):
                yield Edit(source, statement, f"{whole} = {neat(text, plain)}")
                return

    @cached_property
    def _written_into(self) -> tuple[ast.Subscript, Callable[[ast.Subscript], list[Array]]] | None:
        """Of `g[i] += d`: `g[i]`, and what makes all of `g` when something else is written into."""
        tree = statement_of(self.place)
        target = tree.target if isinstance(tree, ast.AugAssign) else (*getattr(tree, "targets", ()), None)[0]
        if self.place is not self.node.site or not isinstance(target, ast.Subscript):
            return None
        value = tree.value  # type: ignore[union-attr]
        operator = BINARY[type(tree.op)] if isinstance(tree, ast.AugAssign) else lambda _, new: new

        def written(other: ast.Subscript) -> list[Array]:
            out = []
            for reads in self.hand.readers:
                whole, index, new = np.array(reads(other.value), dtype=float), reads(other.slice), reads(value)
                if np.shape(whole[index]) != np.shape(new) != ():
                    return []
                whole[index] = operator(whole[index], new)
                out.append(whole)
            return out

        return target, written

    @cached_property
    def _whole(self) -> list[Array]:
        """What all of an array should be when the line has written into it, once in this step; else nothing."""
        start, end, right = self.locator.look.step.start, self.node.time, self.locator.fixed.get(id(self.node))
        times = [
            at for at, scope, _, _, place in self.tape.stores
            if start < at <= end and scope[0] == "memory" and place.source is self.place.source
            and place.statement == self.place.statement
        ]  # fmt: skip
        target = None if self._written_into is None else self._written_into[0]
        if len(times) != 1 or target is None or right is None:
            return []
        return right if np.shape(self.hand.read(ast.unparse(target.value), 0)) == np.shape(right[0]) else []

    def _elsewhere(self, blind: bool = False) -> Iterator[Edit]:
        """The same written into other elements; `blind` where the whole is not known."""
        if self._written_into is None or blind is bool(self._whole):
            return
        (target, written), count = self._written_into, 0
        for text in dict.fromkeys(t for t in Changer(self.hand).elements(target) if t != ast.unparse(target)):
            made: list[Array] = []
            with contextlib.suppress(Exception):
                other = ast.parse(text, mode="eval").body
                if isinstance(other, ast.Subscript) and ast.dump(other.value) == ast.dump(target.value):
                    made = written(other)
            if made and count < ELSEWHERE and (blind or all(map(close_to, made, self._whole))):
                count += blind
                yield Edit(self.place.source, _span(target, self.place.statement), text, blind=blind)

    def _term_after(self) -> Iterator[Edit]:
        """A line more, that adds to all of an array what it lacks when the line has written into some of it."""
        made: list[Array] = []
        with contextlib.suppress(Exception):
            if self._written_into is not None and self._whole:
                made = self._written_into[1](self._written_into[0])
        if not made:
            return
        lacking = [right - now for right, now in zip(self._whole, made, strict=True)]
        composer, whole = Composer(self.hand), ast.unparse(self._written_into[0].value)  # type: ignore[index]
        products = (text for pair in composer.pairs(lacking[0]) for text in composer.times(*pair))
        for text in itertools.chain(composer.names(lacking[0]), products):
            if self._makes(text, lacking):
                statement = self.place.statement
                sign, term = ("-=", text[1:]) if text.startswith("-") else ("+=", text)
                new = f"{self.place.source.segment(statement)}; {whole} {sign} {term}"
                yield Edit(self.place.source, statement, new)
                return

    def _makes(self, text: str, right: list[Array]) -> bool:
        """Whether a text gives these numbers at every point."""
        values = (self.hand.read(text, k) for k in self.hand.points)
        return all(
            value is not None and np.shape(value) == np.shape(wanted) and close_to(value, wanted)
            for value, wanted in zip(values, right, strict=True)
        )

    def _other_sign(self) -> Iterator[Edit]:
        """The sign changed in the expression around, or in the statement."""
        source, span = self.place.source, self.span
        for site in self.tape.sites:
            if site.source is not source or site.kind != "binary" or len(site.parts) != 2:
                continue
            left, right = site.parts
            if left is not None and right is not None and right == span:
                between = source.segment((left[2], left[3], right[0], right[1]))
                for old, new in (("+", "-"), ("-", "+")):
                    if between.strip() == old:
                        yield Edit(
                            source,
                            site.span,
                            source.segment(left) + between.replace(old, new) + source.segment(right),
                        )
                        return
        if span is not None and any(
            s.kind == "augmented" and s.parts[1] == span and s.source is source for s in self.tape.sites
        ):
            text = source.segment(self.place.statement)
            for old, new in (("+=", "-="), ("-=", "+=")):
                if text.count(old) == 1:
                    yield Edit(source, self.place.statement, text.replace(old, new))
                    return

    def _of_update(self) -> Iterator[Edit]:
        """The other sign where a step is made: of `W -= v` and `v = m * v - lr * g` either may be wrong.

        It is the update, unless those of other parameters look the same.
        """
        blocks = {p.name: p.site for p in self.locator.look.training.parameters}
        wrong = {site.number: site for name, site in blocks.items() if name in self.fault.repairs}
        signs = [_sign_of(site) for name, site in blocks.items() if name not in self.fault.repairs]
        for site in wrong.values():
            sign, text = _sign_of(site), site.source.segment(site.statement)
            if sign and sign not in signs and self._state is not None and text.count(sign) == 1:
                new = text.replace(sign, {"+=": "-=", "-=": "+="}[sign])
                yield Edit(site.source, site.statement, new)

    @cached_property
    def _state(self) -> str | None:
        """What a line makes of its former self and a gradient, and what is still 0 in the first step: a momentum."""
        tree = statement_of(self.place)
        if not isinstance(tree, ast.Assign) or self.span is None:
            return None
        target = ast.unparse(tree.targets[0])
        read = {ast.unparse(node) for node in ast.walk(tree.value) if isinstance(node, ast.expr)}
        values = [self.hand.read(target, k) for k in self.hand.points] if target in read else [None]
        return target if all(v is not None and not np.any(v) for v in values) else None

    def _keeps_state(self, text: str) -> bool:
        """Whether a text makes the same of what the state was: that it is 0 in the first step hides that."""
        if self._state is None or self.span is None:
            return True
        was = np.random.default_rng(0).standard_normal(np.shape(self.hand.read(self._state, 0)))
        own = self.place.source.segment(self.span).replace("\n", " ")
        with contextlib.suppress(Exception):
            read = [self.hand.reader(given) for given in ({}, {self._state: was})]
            mine, theirs = (
                np.subtract(*(np.asarray(each(ast.parse(t, mode="eval"))) for each in read)) for t in (own, text)
            )
            return close_to(theirs, mine)
        return False

    def _reset(self) -> Iterator[Edit]:
        """A sum of gradients begun anew in each turn of the loop with the step, or after the step."""
        tree, update = statement_of(self.place), self._update
        if not isinstance(tree, ast.AugAssign) or update is None:
            return
        name, whole = ast.unparse(tree.target), array_in(ast.unparse(tree.target))
        name = whole if np.ndim(self.hand.read(whole, 0)) else name  # of elements that loops add to, all are emptied
        old = self.hand.read(name, 0)
        anew = f"{name} = {'0.0' if np.ndim(old) == 0 else f'np.zeros_like({name})'}"
        source = update.source
        path = around(update)
        loops = [k for k, node in enumerate(path) if isinstance(node, (ast.For, ast.While, ast.FunctionDef))]
        loop = path[loops[-1]] if loops else None
        at = self.place.line - source.first + 1 if self.place.source is source else 0
        if isinstance(loop, (ast.For, ast.While)) and loop.lineno <= at <= (loop.end_lineno or 0):
            zeros = [each for each in loop.body if empties(each)]
            first = zeros[-1] if zeros else loop.body[0]
            line = (first.lineno + source.first - 1, first.col_offset) * 2
            indent = " " * first.col_offset
            yield Edit(source, line, f"{anew}; " if loop.lineno == first.lineno else f"{anew}\n{indent}", blind=True)
        elif self._is_called_often():  # once for each sample, say: what the calls give is meant to be added up
            yield from self._reset_all()
        elif (added := self._first_sum()) is not None:
            line = (added.lineno + self.place.source.first - 1, added.col_offset) * 2
            yield Edit(self.place.source, line, f"{anew}\n{' ' * added.col_offset}", blind=True)
        text = source.segment(update.statement)
        if name in text:
            yield Edit(source, update.statement, f"{text}; {anew}", blind=True)

    def _is_called_often(self) -> bool:
        """Whether the function that adds to the sum runs several times in a step."""
        step, place = self.locator.look.step, self.place
        here = (c for c in self.tape.calls if c[3].source is place.source and c[3].function == place.function)
        return bool(place.function) and sum(step.start < call[0] <= step.end for call in here) > 1

    def _reset_all(self) -> Iterator[Edit]:
        """All sums that are never set to zero begun anew after the last of the steps along them, which stand together;
        the same text for each of them.
        """  # fmt: skip
        kept, names = self.locator.found.kept, []
        updates = {p.name: p.site for p in self.locator.look.training.parameters if p.name in kept}
        for name, update in updates.items():
            added = kept[name].site
            tree = None if added is None else statement_of(added)
            whole = array_in(ast.unparse(tree.target)) if isinstance(tree, ast.AugAssign) else ""
            if not whole or whole not in update.source.segment(update.statement):
                return
            names.append(whole)
        last = max(updates.values(), key=lambda site: site.statement)
        blocks = {(site.source.path, around(site)[-2].__dict__.get("lineno", 0)) for site in updates.values()}
        if len(updates) > 1 and len(blocks) == 1:
            anew = "; ".join(f"{name} = np.zeros_like({name})" for name in dict.fromkeys(names))
            yield Edit(last.source, last.statement, f"{last.source.segment(last.statement)}; {anew}", blind=True)

    def _first_sum(self) -> ast.stmt | None:
        """The statement of a function in which the first of the sums that are never set to zero is added to; or the one
        before it that empties another sum.
        """  # fmt: skip
        source, path = self.place.source, around(self.place)
        inside = [node for node in path if isinstance(node, ast.FunctionDef)][-1:]
        sites = [node.site for node in self.locator.found.kept.values() if node.site is not None]
        lines = {site.line - source.first + 1 for site in sites if site.source is source}
        body = [each for function in inside for each in function.body]
        first = next((e for e in body if any(e.lineno <= line <= (e.end_lineno or 0) for line in lines)), None)
        zeros = [e for e in body if first is not None and e.lineno < first.lineno and empties(e)]
        return zeros[-1] if zeros else first

    @property
    def _update(self) -> Site | None:
        """Where the parameter is updated."""
        parameters = self.locator.look.training.parameters
        return next((p.site for p in parameters if p.name in self.fault.repairs), None)

    def _blind(self) -> Iterator[Edit]:
        """Changes of a statement that only a run of the script can judge."""
        source = self.place.source
        statement = self.place.statement
        text = source.segment(statement)
        if self._is_kept():
            yield from self._reset()
        if self.place.kind == "augmented" and text.count("+=") == 1:
            yield Edit(source, statement, text.replace("+=", "="), blind=True)
        factors = (("*=", "/="), ("/=", "*=")) if self.fault.rescaled is not None else ()
        for old, new in (("+=", "-="), ("-=", "+="), *factors):
            if self.place.kind in ("augmented", "binary", "call") and text.count(old) == 1:
                yield Edit(source, statement, text.replace(old, new), blind=True)
        yield from () if self._is_kept() else self._elsewhere(blind=True)
        try:
            tree = ast.parse(text).body[0]
        except (SyntaxError, IndexError):
            return
        yield from self._blind_pieces(tree)
        each = added_at(text, numpy_in(self.hand.namespace))
        if each and isinstance(tree, ast.AugAssign):
            yield Edit(source, statement, each, blind=True)
            index = ast.unparse(tree.target.slice) if isinstance(tree.target, ast.Subscript) else ""
            if index and self.hand.read(f"len({index})", 0):  # of a mean, too
                sign, value = "+" if isinstance(tree.op, ast.Add) else "-", ast.unparse(tree.value)
                value = value if level(value) > 1 else f"({value})"
                whole = f"{ast.unparse(tree.target)} {sign}= {value} / len({index})"
                yield Edit(source, statement, added_at(whole, numpy_in(self.hand.namespace)), blind=True)
        if (
            isinstance(tree, ast.Assign)
            and isinstance(tree.value, (ast.Call, ast.BinOp, ast.Name, ast.Subscript, ast.Attribute, ast.UnaryOp))
            and len(tree.targets) == 1
        ):
            target, value = (
                ast.unparse(tree.targets[0]),
                source.segment(statement)[tree.value.col_offset :] if "\n" not in text else ast.unparse(tree.value),
            )
            if isinstance(tree.targets[0], (ast.Name, ast.Subscript, ast.Attribute)):
                yield Edit(source, statement, f"{target} += {value}", blind=True)
            if each:
                yield Edit(source, statement, each, blind=True)
        made = getattr(tree, "value", None)
        if isinstance(made, ast.expr) and "\n" not in text and not self._is_kept():
            span = _span(made, statement)
            own = source.segment(span)
            shape = np.shape(self.hand.read(own, 0))
            slips = dict.fromkeys(neat(t, ast.unparse(ast.parse(t))) for t in Changer(self.hand).slips(own))
            fitting = (t for t in slips if neat(t, own) != own and np.shape(self.hand.read(t, 0)) == shape)
            yield from (Edit(source, span, t, blind=True) for t in itertools.islice(fitting, SLIPS))

    def _blind_pieces(self, tree: ast.stmt) -> Iterator[Edit]:
        """One name of a comprehension for another; two elements exchanged; the factor of what `np.add.at` adds."""
        source, statement = self.place.source, self.place.statement
        for call in ast.walk(tree):
            if isinstance(call, (ast.List, ast.Tuple)) and isinstance(call.ctx, ast.Load):
                for text in () if any(isinstance(part, ast.Slice) for part in call.elts) else exchanged(call):
                    yield Edit(source, _span(call, statement), text, blind=True)
            if isinstance(call, (ast.GeneratorExp, ast.ListComp)):
                names = [n.id for c in call.generators for n in ast.walk(c.target) if isinstance(n, ast.Name)]
                made = call.elt.id if isinstance(call.elt, ast.Name) else ""
                for name in names if made in names else ():
                    if name != made:  # what was there before is added to
                        yield Edit(source, _span(call.elt, statement), f"{name} + {made}", blind=True)
                for piece in ast.walk(call.elt):
                    if isinstance(piece, ast.Name) and piece.id in names:
                        for name in names:
                            if name != piece.id:
                                yield Edit(source, _span(piece, statement), name, blind=True)
            if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(".at") and len(call.args) == 3:
                factor = self.fault.rescaled
                added = ast.unparse(call.args[2])
                for new in Composer(self.hand).times(added if level(added) > 1 else f"({added})", factor or 1.0):
                    if factor is not None:
                        yield Edit(source, _span(call.args[2], statement), new, blind=True)


def _sign_of(site: Site) -> str:
    """The sign of an update; "" where there is none that can be read."""
    text = site.source.segment(site.statement)
    return next((sign for sign in ("+=", "-=") if sign in text), "")


def _span(node: ast.expr, statement: Span) -> Span:
    """Where an expression of a statement stands in the source."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start, end = (
        n + (0 if line else statement[1]) for n, line in ((node.col_offset, first), (node.end_col_offset or 0, last))
    )
    return statement[0] + first, start, statement[0] + last, end


def empties(statement: ast.stmt) -> bool:
    """Whether a statement sets something to zero: `d = np.zeros(3)`, `d[:] = 0`, `d.fill(0)`, `d *= 0`."""
    if isinstance(statement, ast.AugAssign):
        return isinstance(statement.op, ast.Mult) and _is_nought(statement.value)
    if isinstance(statement, ast.Assign):
        in_place = isinstance(statement.targets[0], ast.Subscript) and _is_nought(statement.value)
        return in_place or ast.unparse(statement.value).startswith(ZEROS)
    call = statement.value if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call) else None
    fills = call is not None and isinstance(call.func, ast.Attribute) and call.func.attr == "fill"
    return fills and call is not None and len(call.args) == 1 and _is_nought(call.args[0])


def _is_nought(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and tree.value == 0 and tree.value is not False
