"""The line to write instead: a text in the learner's own names that computes what is right.

Small changes of the learner's own expression come first: another name, a transpose, a sign, an axis, one more factor.
Where none does it, a formula is put together from the names at hand. A text counts when it gives the right numbers at
every point.
"""

from __future__ import annotations

import ast
import itertools
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ...spelling import bracketed, level
from ..judge.candidates import Fault
from ..judge.locate import Locator
from ..judge.replay import Layered, compute_node
from ..watch.edits import Edit
from ..watch.node import Node
from ..watch.sites import Site, Span
from .at_hand import AtHand
from .change import Changer
from .compose import Composer
from .extend import Extender, neat

Array = Any
LESS: dict[str, Any] = {"[:, 1:]": np.s_[:, 1:], "[1:]": np.s_[1:], "[:, :-1]": np.s_[:, :-1], "[:-1]": np.s_[:-1]}
TURNS = 24  # of a loop that adds up, at most
MOST = 8  # texts that are tried on the script itself


class Repairer:
    """Finds texts for one fault. The faults before it count as repaired, those after it too."""

    def __init__(self, locator: Locator, fault: Fault, namespace: dict[str, Any]) -> None:
        self.locator, self.fault, self.namespace = locator, fault, namespace
        self.node = fault.first
        self.tape = locator.look.training.tape
        self.place: Site = fault.place or self.node.site  # type: ignore[assignment]
        self._hands: dict[int, AtHand] = {}
        self._known_needed: dict[int, list[Array]] = {}
        self.time, self.context = self.node.time, self.node.context
        self.span, self.right = self._expression()
        self.hand = AtHand(locator, fault, self.place, self.node, self.time, self.context, namespace)

    # --------------------------------------------------------------------------------------- what is to be written

    def _expression(self) -> tuple[Span | None, list[Array] | None]:
        """The expression to be replaced, and the values that it should have."""
        right = self.locator.fixed[id(self.node)]
        site = self.place
        if site is self.node.site:
            if site.kind == "augmented":
                return site.parts[1], self._rescaled_operand() or self._operand_of_change(right)
            if site.kind in ("store", "return"):
                return (site.parts[0], right) if np.shape(right[0]) == np.shape(self.node.value) else (None, None)
            return site.span, right
        if site.kind in ("store", "return"):
            self.time = max(
                (t for t, _, _, thing, at in self.tape.stores if thing is self.node and at is site), default=self.time
            )
            if site.kind == "return":
                self.context = next(
                    (key for _, _, key, thing, at in self.tape.stores if thing is self.node and at is site),
                    self.context,
                )
            return site.parts[0], self._as_stored(site, right)
        result = self._result_of_call(site)
        if result is None:
            return None, None
        self.time = result.time
        while self.context is not None and self.context[1] != site.number:
            self.context = self.context[0]
        self.context = self.context[0] if self.context is not None else None
        return site.span, [np.asarray(v[id(result)], dtype=float) for v in self.locator.values]

    def _as_stored(self, site: Site, right: list[Array]) -> list[Array]:
        """What should be stored at a place, where the fault is that multiplied by a number: the step with its rate."""
        stored = [thing for _, _, _, thing, at in self.tape.stores if at is site and isinstance(thing, Node)]
        thing = next((n for n in stored if n is self.node or n in self.node.operands()), self.node)
        if thing is self.node or id(thing) not in self.locator.points[0].values:
            return right
        self.time = max(t for t, _, _, n, at in self.tape.stores if at is site and n is thing)
        was = [np.asarray(p.values[id(thing)], dtype=float) for p in self.locator.points]
        factor = float(np.vdot(was[0], self.fault.wrong[id(self.node)][0])) / float(np.vdot(was[0], was[0]) or 1.0)
        return [r / factor for r in right] if factor else right

    def _rescaled_operand(self) -> list[Array] | None:
        """What is added in each turn, times the factor that the sum lacks."""
        by, factor = self.node.args[1] if len(self.node.args) > 1 else None, self.fault.rescaled
        if factor is None or not isinstance(by, Node) or self._is_kept():
            return None
        return [np.asarray(v[id(by)], dtype=float) * factor for v in self.locator.values]

    def _operand_of_change(self, right: list[Array]) -> list[Array] | None:
        """What `x op= operand` needs as operand to come out right."""
        old = self.node.args[0]
        if not isinstance(old, Node):
            return None
        name = getattr(self.node.function, "__name__", "")
        before = [np.asarray(v[id(old)], dtype=float) for v in self.locator.values]
        change: dict[str, Callable[[Array, Array], Array]] = {
            "add": lambda r, x: r - x, "sub": lambda r, x: x - r,
            "mul": lambda r, x: r / x, "truediv": lambda r, x: x / r,
        }  # fmt: skip
        if name not in change:
            return None
        with np.errstate(all="ignore"):
            found = [change[name](r, x) for r, x in zip(right, before, strict=True)]
        finite = [f[np.isfinite(f)] for f in found]
        if name in ("mul", "truediv") and all(f.size and np.ptp(f) <= 1e-9 * abs(f.flat[0]) for f in finite):
            return [np.asarray(f.flat[0]) for f in finite]  # one number for all
        return found

    def _result_of_call(self, site: Site) -> Node | None:
        """What the call gave in which the fault lies."""
        inside, context = [], self.node.context
        while context is not None:
            inside.append(context)
            context = context[0]
        for time, _, key, thing, at in self.tape.stores:
            if at.kind == "return" and time >= self.node.time and key in inside and key[1] == site.number:
                return thing if isinstance(thing, Node) else None
        return None

    def fits(self, text: str) -> bool:
        """Whether a text gives the right numbers everywhere."""
        assert self.right is not None
        turns = self.turns if self.node in self.fault.nodes else ()
        rows = itertools.chain([(self.hand, self.right, self._matters)], turns)
        return all(_gives(hand, text, right, matters) for hand, right, matters in rows)

    @property
    def _matters(self) -> list[Array]:
        """The elements that something follows from; another one, such as one that is masked out, may be anything."""
        assert self.right is not None
        if self.place is not self.node.site or self.place.kind in ("augmented", "store", "return"):
            return [np.True_] * len(self.right)
        return self._needed(self.node, self.right)

    def _needed(self, node: Node, right: list[Array]) -> list[Array]:
        if id(node) not in self._known_needed:
            found = []
            for k, value in enumerate(right):
                needed = np.zeros(np.shape(value), dtype=bool)
                for consumer in self.locator.look.consumers.get(id(node), ()):
                    one, other = (self._followed(consumer, node, moved, k) for moved in (value, value + 1.0))
                    needed = needed | (one != other if one.shape == other.shape == needed.shape else True)
                found.append(needed)
            self._known_needed[id(node)] = found
        return self._known_needed[id(node)]

    def _followed(self, consumer: Node, node: Node, value: Array, k: int) -> Array:
        """What follows from another value, at one point; NaN where that cannot be told."""
        try:
            return np.asarray(compute_node(consumer, Layered({id(node): value}, self.locator.values[k])))
        except Exception:
            return np.asarray(np.nan)

    @property
    def turns(self) -> Iterator[tuple[AtHand, list[Array], list[Array]]]:
        """The same place at other turns of a loop, with what is right there."""
        if self.place is not self.node.site or self.place.kind in ("augmented", "store", "return"):
            return
        others = [n for n in self.fault.nodes if n is not self.node and self.fault.moves(n) and n.site is self.place]
        for node in dict.fromkeys((*others[-1:], *others[:1])):
            if id(node) not in self._hands:
                self._hands[id(node)] = AtHand(
                    self.locator, self.fault, self.place, node, node.time, node.context, self.namespace
                )
            right = self.locator.fixed[id(node)]
            yield self._hands[id(node)], right, self._needed(node, right)

    # ------------------------------------------------------------------------------------------------- the texts

    def edits(self) -> Iterator[Edit]:
        """Edits that make the expression right, the smallest first."""
        if self.fault.rescaled is not None and abs(self.fault.rescaled + 1.0) < 1e-6:
            yield from self._other_sign()
        if self.right is None or self.span is None:
            self._of_elements()
        if self.span is None or self.right is None or self._is_kept():
            yield from self._blind()
            return
        yield from self._bare()
        yield from self._but_for_the_first()
        yield from self._rescaled_term()
        if all(np.all(np.abs(np.asarray(r) - 1.0) < 1e-9) for r in self.right):
            yield from self._dropped()
        yield from self._in_places()
        found = 0
        for edit in itertools.chain(self._summed(), self._written()):
            found += 1
            yield edit
        if not found and self._widened():
            yield from self._written()
        yield from self._blind()

    def _written(self) -> Iterator[Edit]:
        """Other texts for the expression."""
        assert self.span is not None
        source, seen, count = self.place.source, set(), 0
        own = source.segment(self.span)
        found: list[str] = []
        for text, plain in self._texts(own):
            if self.hand.late:
                break
            if text not in seen and text != self.place.target:
                seen.add(text)
                if self.fits(text):
                    found += [*self._by_name(neat(text, plain)), neat(text, plain)]
                    count += 1
                    if count >= MOST or self.hand.late_for(count):
                        break
        yield from (Edit(source, self.span, self._wrapped(text)) for text in sorted(found, key=_cost))

    def _summed(self) -> Iterator[Edit]:
        """What each turn of a loop adds to a sum: the texts whose sum over all turns is right."""
        nodes = [self.node]
        while isinstance(old := (*nodes[-1].args, None)[0], Node) and old.site is self.place and len(nodes) <= TURNS:
            nodes.append(old)
        name = getattr(self.node.function, "__name__", "")
        if self.place.kind != "augmented" or not 1 < len(nodes) <= TURNS or name not in ("add", "sub"):
            return
        assert self.span is not None
        last = nodes[-1].args[0]
        sign = 1.0 if name == "add" else -1.0
        whole = [
            sign
            * (np.asarray(r, dtype=float) - np.asarray(v[id(last)] if isinstance(last, Node) else last, dtype=float))
            for r, v in zip(self.locator.fixed[id(self.node)], self.locator.values, strict=True)
        ]
        hands = [AtHand(self.locator, self.fault, self.place, n, n.time, n.context, self.namespace) for n in nodes]
        own = self.place.source.segment(self.span).replace("\n", " ")
        more = (f"{own} {sign} {text}" for text, _ in self.hand.factors for sign in "*/")
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
        return _close(total, wanted)

    def _bare(self) -> Iterator[Edit]:
        """What a function of the learner's own is applied to, in the place of its result."""
        assert self.span is not None
        try:
            tree = ast.parse(self.place.source.segment(self.span), mode="eval").body
        except SyntaxError:
            return
        if isinstance(tree, ast.Call) and len(tree.args) == 1 and ast.unparse(tree.func) in self.hand.functions:
            yield Edit(self.place.source, self.span, ast.unparse(tree.args[0]))

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

    def _widened(self) -> bool:
        """Take the largest expression around in the place of this one: what is 0 in it afterwards may be anything."""
        if self.place is not self.node.site or self.place.kind in ("augmented", "store", "return"):
            return False
        around: Node = self.node
        for node in self.locator.look.consumers.get(id(around), ()):
            site = node.site
            if site is not None and site.statement == self.place.statement and site.span != site.statement:
                inside = site.span[:2] <= self.place.span[:2] and self.place.span[2:] <= site.span[2:]
                if inside and node.context == self.context and site.kind in ("binary", "unary", "call"):
                    around = node
        if around is self.node or around.site is None:
            return False
        self.span, self.node, self.place = around.site.span, around, around.site
        self.right = [np.asarray(v[id(around)], dtype=float) for v in self.locator.values]
        self.hand = AtHand(self.locator, self.fault, self.place, around, around.time, around.context, self.namespace)
        return True

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

    def _is_kept(self) -> bool:
        """Whether the value is right for this step, and only what is left there from others is wrong."""
        return self.fault.rescaled is not None and abs(self.fault.rescaled - 1.0) < 1e-9

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

    def _of_elements(self) -> None:
        """What is written into some elements of an array, where all of it is known: `g[:, 1:] += lam * w[:, 1:]`."""
        site, whole = self.place, self.locator.fixed[id(self.node)]
        if site.kind not in ("store", "augmented") or site is not self.node.site:
            return
        try:
            tree = ast.parse(site.source.segment(site.statement)).body[0]
            target: Any = tree.targets[0] if isinstance(tree, ast.Assign) else tree.target  # type: ignore[attr-defined]
            indices = [hand_reads(target.slice) for hand_reads in self.hand.readers]
            right = [np.asarray(w, dtype=float)[index] for w, index in zip(whole, indices, strict=True)]
            if isinstance(tree, ast.AugAssign):
                before = [np.asarray(self.hand.read(ast.unparse(target), k), dtype=float) for k in self.hand.points]
                sign = {ast.Add: 1.0, ast.Sub: -1.0}[type(tree.op)]
                right = [sign * (r - x) for r, x in zip(right, before, strict=True)]
        except Exception:
            return
        self.span, self.right = site.parts[-1], right

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
            if _close(own * kept, self.right[0]):
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
        if not isinstance(tree, (ast.Assign, ast.AugAssign)) or self.right is None:
            return
        target = tree.targets[0] if isinstance(tree, ast.Assign) else tree.target
        if not isinstance(target, ast.Subscript) or not isinstance(target.slice, ast.Compare):
            return
        whole, mask, value = (ast.unparse(part) for part in (target.value, target.slice, tree.value))
        was = ast.unparse(target.slice.left)
        masks = [mask.replace(was, a.text, 1) for a in self.hand.arrays if np.shape(a.first) == np.shape(self.right[0])]
        sides = [f"{a.text} {sign} 0" for a in self.hand.arrays for sign in ("<=", ">")]
        for other in dict.fromkeys((*masks, *sides)):
            for new in dict.fromkeys((value, "0")):
                if self.fits(f"np.where({other}, {new}, {whole})"):
                    yield Edit(source, statement, f"{whole}[{other}] = {new}")
        for said in ("0", *self.hand.literals):
            if self.fits(f"np.where({mask}, {said} * {whole}, {whole})"):
                yield Edit(source, statement, f"{whole}[{mask}] {'= 0' if said == '0' else f'*= {said}'}")
        for text, plain in Extender(self.hand, Composer(self.hand)).texts(whole, self.right[0]):
            if self.fits(text):
                yield Edit(source, statement, f"{whole} = {neat(text, plain)}")
                return

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
        yield from ((text, text) for text in Changer(self.hand).changed(own))
        yield from Extender(self.hand, composer).texts(own, np.where(self._matters[0], self.right[0], np.nan))
        yield from ((text, text) for text in composer.formulas(self.right[0]))

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

    def _blind(self) -> Iterator[Edit]:
        """Changes of a statement that only a run of the script can judge."""
        source = self.place.source
        statement = self.place.statement
        text = source.segment(statement)
        if self.place.kind == "augmented" and text.count("+=") == 1 and self._is_kept():
            yield Edit(source, statement, text.replace("+=", "="), blind=True)
        factors = (("*=", "/="), ("/=", "*=")) if self.fault.rescaled is not None else ()
        for old, new in (("+=", "-="), ("-=", "+="), *factors):
            if self.place.kind in ("augmented", "binary", "call") and text.count(old) == 1:
                yield Edit(source, statement, text.replace(old, new), blind=True)
        try:
            tree = ast.parse(text).body[0]
        except (SyntaxError, IndexError):
            return
        yield from self._blind_pieces(tree)
        if isinstance(tree, ast.AugAssign) and isinstance(tree.target, ast.Subscript) and "np" in self.hand.namespace:
            parts = (ast.unparse(part) for part in (tree.target.value, tree.target.slice, tree.value))
            if isinstance(tree.op, ast.Add):
                yield Edit(source, statement, f"np.add.at({', '.join(parts)})", blind=True)
        if (
            isinstance(tree, ast.Assign)
            and isinstance(tree.value, (ast.Call, ast.BinOp, ast.Name))
            and len(tree.targets) == 1
        ):
            target, value = (
                ast.unparse(tree.targets[0]),
                source.segment(statement)[tree.value.col_offset :] if "\n" not in text else ast.unparse(tree.value),
            )
            if isinstance(tree.targets[0], (ast.Name, ast.Subscript, ast.Attribute)):
                yield Edit(source, statement, f"{target} += {value}", blind=True)

    def _blind_pieces(self, tree: ast.stmt) -> Iterator[Edit]:
        """One name of a comprehension for another; the factor of what `np.add.at` adds."""
        source, statement = self.place.source, self.place.statement
        for call in ast.walk(tree):
            if isinstance(call, (ast.GeneratorExp, ast.ListComp)):
                names = [n.id for c in call.generators for n in ast.walk(c.target) if isinstance(n, ast.Name)]
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


def _span(node: ast.expr, statement: Span) -> Span:
    """Where an expression of a statement stands in the source."""
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    start, end = (
        n + (0 if line else statement[1]) for n, line in ((node.col_offset, first), (node.end_col_offset or 0, last))
    )
    return statement[0] + first, start, statement[0] + last, end


def _cost(text: str) -> int:
    """How far-fetched a text is: a name says more than a number, and a length more than a size."""
    try:
        nodes = list(ast.walk(ast.parse(text, mode="eval")))
    except SyntaxError:
        return 1000
    far = sum(isinstance(n, ast.Attribute) and n.attr in ("size", "shape") for n in nodes)
    return len(nodes) + 2 * sum(isinstance(n, ast.Constant) for n in nodes) + 4 * far


def _gives(hand: AtHand, text: str, right: list[Array], matters: list[Array]) -> bool:
    for k, (wanted, where) in enumerate(zip(right, matters, strict=True)):
        value = hand.read(text, k)
        if value is None or np.shape(value) != np.shape(wanted):
            return False
        if not _close(np.where(where, value, 0.0), np.where(where, wanted, 0.0)):
            return False
    return True


def _close(x: Array, y: Array) -> bool:
    return float(np.linalg.norm(x - y)) <= 1e-6 * float(np.linalg.norm(y)) + 1e-15
