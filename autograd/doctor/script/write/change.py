"""Small changes of the learner's own expression: another name, a transpose, a sign, an axis, one more factor."""

from __future__ import annotations

import ast
import contextlib
import itertools
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ...spelling import level, slopes_of, turned
from ..watch.sites import turning
from .at_hand import AtHand

MORE = 6  # names for a term or a factor more, at most


class Changer:
    """Changes of one expression.

    Args:
        hand: the names.
    """

    def __init__(self, hand: AtHand) -> None:
        self.hand = hand

    def changed(self, own: str) -> Iterator[str]:
        """The expression with one thing changed."""
        try:
            tree = ast.parse(own, mode="eval").body
        except SyntaxError:
            return
        pieces = list(ast.walk(tree))
        yield from self._other_count(own, pieces)
        for kind in (self._slips, self._alike, self._others):  # the likeliest first
            yield from _put(own, pieces, kind)
        bound = [[n.id for n in ast.walk(p.target) if isinstance(n, ast.Name)] for c in pieces
                 if isinstance(c, (ast.GeneratorExp, ast.ListComp)) for p in c.generators]  # fmt: skip
        for piece in pieces:  # one name of a comprehension for another
            if isinstance(piece, ast.Name) and isinstance(piece.ctx, ast.Load):
                for name in (n for group in bound for n in group if piece.id in group and n != piece.id):
                    yield own[: piece.col_offset] + name + own[piece.end_col_offset or 0 :]
        names = {
            own[p.col_offset : p.end_col_offset]
            for p in pieces
            if isinstance(p, (ast.Name, ast.Attribute, ast.Subscript))
        }
        for name in sorted(names):
            if own.count(name) > 1:
                yield from (
                    re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w(])", f"{f}({name})", own) for f in self.hand.functions
                )
                for atom in self.hand.arrays:
                    if atom.text != name and np.shape(atom.first) == np.shape(self.hand.read(name, 0)):
                        yield re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w(])", atom.text, own)
        for axis in (0, 1, -1):
            yield ast.unparse(_Axis(axis).visit(ast.parse(own, mode="eval")))
        yield f"-{own}" if level(own) > 1 else f"-({own})"
        yield f"{own}.T" if level(own) > 3 else f"({own}).T"

    def _other_count(self, own: str, pieces: list[ast.AST]) -> Iterator[str]:
        """Another number wherever one number stands, which is written several times: units for samples, say."""
        texts = [ast.unparse(p) for p in pieces if isinstance(p, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))]
        for text in dict.fromkeys(text for text in texts if texts.count(text) > 1):
            mine = self.hand.read(text, 0)
            if mine is None or np.size(mine) != 1 or own.count(text) != texts.count(text):
                continue
            size = re.fullmatch(r"(.*\.shape\[)(-?\d)\]", text)
            others = [f"{size[1]}{k}]" for k in (0, 1, -1)] if size else []
            for other in (*(scalar.text for scalar in self.hand.scalars), *others):
                if other != text:
                    yield re.sub(rf"(?<![\w.]){re.escape(text)}(?!\w)", other, own)

    def slips(self, own: str) -> Iterator[str]:
        """The likeliest changes, whatever they come to: also a term or a factor more, of the same shape."""
        with contextlib.suppress(SyntaxError):
            pieces = list(ast.walk(ast.parse(own, mode="eval").body))
            known = {ast.unparse(piece) for piece in pieces if isinstance(piece, ast.expr)}
            known |= {name.partition(" (")[0] for name in self.hand.locator.look.starts}  # decay is no cure
            shape = np.shape(self.hand.read(own, 0))
            alike = [a for a in self.hand.arrays if not a.near and a.text not in known and np.shape(a.first) == shape]
            near = [a.text for a in alike if self.hand.varies(a)][:MORE]
            yield from (f"{own} + {text}" for text in near)
            yield from _put(own, pieces, self._slips)
            yield from (f"{own if level(own) > 1 else f'({own})'} * {text}" for text in near)

    def _slips(self, piece: ast.expr, here: str) -> Iterator[str]:
        """The same names: another sign, index, power, axis, order, or one of them turned or left out."""
        if isinstance(piece, ast.Attribute) and piece.attr == "T":
            yield ast.unparse(piece.value)
        if isinstance(piece, (ast.Name, ast.Attribute, ast.Subscript)):
            axes = np.ndim(self.hand.read(ast.unparse(piece), 0))
            if axes > 1:
                yield here + self._turn(axes)
                if "convol" in self.hand.place.source.text or "correl" in self.hand.place.source.text:
                    yield f"{here}[{', '.join(['...'] * (axes > 2) + ['::-1'] * 2)}]"
        if isinstance(piece, ast.Subscript):
            yield from self._other_element(piece)
        if isinstance(piece, ast.BinOp):
            yield from self._other_operation(piece)
        if isinstance(piece, ast.UnaryOp) and isinstance(piece.op, ast.USub):
            yield here[1:].strip()
        if isinstance(piece, ast.Call):
            yield from self._other_call(piece)
        if isinstance(piece, (ast.List, ast.Tuple)):
            yield from exchanged(piece)

    def _other_operation(self, piece: ast.BinOp) -> Iterator[str]:
        left, right = ast.unparse(piece.left), ast.unparse(piece.right)
        if isinstance(piece.op, ast.Sub):
            yield f"{right} - {left}" if level(left) > 1 else f"{right} - ({left})"
        if isinstance(piece.op, (ast.Add, ast.Sub)):
            yield f"{left} {'-' if isinstance(piece.op, ast.Add) else '+'} {right}"
            yield left
            yield right
        if isinstance(piece.op, ast.Mult):
            yield from _without_some(piece)
        if isinstance(piece.op, (ast.Mult, ast.Div)):
            yield left
            yield right
            yield f"{left} {'/' if isinstance(piece.op, ast.Mult) else '*'} {right}"
        if isinstance(piece.op, ast.Pow) and isinstance(piece.right, ast.Name):
            yield f"{left} * {right}"
        yield from _other_powers(piece)
        if isinstance(piece.op, ast.MatMult):
            yield f"{right} @ {left}"
            yield f"{turned(right)} @ {turned(left)}"
            yield f"{turned(left)} @ {right}"
            yield f"{left} @ {turned(right)}"

    def _alike(self, piece: ast.expr, here: str) -> Iterator[str]:
        """Another name for a thing of the same shape, or of the shape turned; the slope, or a power of it."""
        text = ast.unparse(piece)
        mine = self.hand.read(text, 0) if isinstance(piece, (ast.Name, ast.Attribute, ast.Subscript)) else None
        if mine is None:
            return
        shape = np.shape(mine)
        linear = self._is_error(mine)  # what passes back goes in once, as a factor, and through no function
        yield from () if linear else (f"{here}**2", f"{here}**3")
        for atom in self.hand.arrays:
            if atom.text != text and np.shape(atom.first) == shape:
                yield atom.text
            elif len(shape) == 2 and np.shape(atom.first) == shape[::-1]:
                yield f"{atom.text}.T"
        if not shape:
            yield from (scalar.text for scalar in self.hand.scalars if scalar.text != text)
            yield from (f"{here} / {scalar.text}" for scalar in self.hand.scalars if abs(float(scalar.first)) > 1)
        if not linear:
            yield from slopes_of(here)
            yield f"{here} + 1"
            yield f"np.tanh({here})"
        yield from (f"{function}({here})" for function in self.hand.functions)

    def _is_error(self, value: Any) -> bool:
        """Whether a value is one of those that follow from the errors."""
        locator = self.hand.locator
        theirs = (locator.values[0][key] for key in locator.erring if key in locator.values[0])
        return any(np.shape(each) == np.shape(value) and np.array_equal(each, value) for each in theirs)

    def _others(self, piece: ast.expr, here: str) -> Iterator[str]:
        """Another name for a thing of another shape."""
        text = ast.unparse(piece)
        mine = self.hand.read(text, 0) if isinstance(piece, (ast.Name, ast.Attribute, ast.Subscript)) else None
        for atom in self.hand.arrays:
            if mine is not None and atom.text != text and np.shape(atom.first) != np.shape(mine):
                yield atom.text
                if np.ndim(atom.first) == 2:
                    yield f"{atom.text}.T"

    def _turn(self, axes: int) -> str:
        """How the last two axes are exchanged, as the script writes it."""
        if axes == 2:
            return ".T"
        if "swapaxes" in self.hand.place.source.text or axes > 4:
            return ".swapaxes(-1, -2)"
        return ".transpose(0, 2, 1)" if axes == 3 else ".transpose(0, 1, 3, 2)"

    def _other_element(self, piece: ast.Subscript) -> Iterator[str]:
        """Another index, or the same index into another list or dict."""
        holder, index = ast.unparse(piece.value), ast.unparse(piece.slice)
        yield holder
        parts = piece.slice.elts if isinstance(piece.slice, ast.Tuple) else [piece.slice]
        for i, j in itertools.combinations(range(len(parts)), 2):
            crossed = list(map(ast.unparse, parts))
            crossed[i], crossed[j] = crossed[j], crossed[i]
            yield f"{holder}[{', '.join(crossed)}]"
        for k, part in enumerate(parts):
            around = [ast.unparse(p) for p in parts]
            for other in self._other_index(part):
                yield f"{holder}[{', '.join([*around[:k], other, *around[k + 1 :]])}]"
        yield from self._other_key(piece, holder)
        for name, thing in self.hand.objects.items():
            if isinstance(thing, (list, dict)) and name != holder and not name.startswith("_"):
                yield f"{name}[{index}]"

    def elements(self, target: ast.Subscript) -> Iterator[str]:
        """Other elements of the same array, for what is written into some of it."""
        holder, own = ast.unparse(target.value), ast.unparse(target.slice)
        place, counted = self.hand.place, {*self._turns}
        written = [n.slice for n in ast.walk(ast.parse(place.source.text)) if isinstance(n, ast.Subscript)]
        first = [n.elts[0] for n in written if isinstance(n, ast.Tuple) and n.elts]
        texts = (ast.unparse(n)[1:-1] if isinstance(n, ast.Tuple) else ast.unparse(n) for n in (*first, *written))
        for index in dict.fromkeys(texts):  # as of another array, in the same turn
            names = {n.id for n in ast.walk(ast.parse(f"x[{index}]")) if isinstance(n, ast.Name)}
            if index != own and names & counted:
                yield f"{holder}[{index}]"
        yield from (f"{holder}[{name}]" for name in self._turns if name != own)
        yield from (text for text in self._other_element(target) if text.endswith("]"))

    def _other_index(self, part: ast.expr) -> Iterator[str]:
        """A number beside an index, or another index that is at hand."""
        text = ast.unparse(part)
        if isinstance(part, ast.Slice):
            sizes = [a.text for a in self.hand.atoms if type(a.first) is int and a.text.isidentifier()]
            for limit in dict.fromkeys((*filter(None, map(_text, (part.lower, part.upper))), "1", "-1", *sizes)):
                yield from (f"{limit}:", f":{limit}")
            yield "::-1"
            yield from (said for said in self._written_slices if said != text)
            yield from () if part.lower or part.upper else self._written_rows
            return
        if isinstance(part, ast.BinOp):
            yield ast.unparse(part.left)
        if isinstance(part, ast.Constant):
            yield from ("0", "1", "-1") if isinstance(part.value, int) else ()
        else:
            yield f"{text} - 1"
            yield f"{text} + 1"
        numbers = {atom.text for atom in self.hand.atoms if type(atom.first) is int}
        yield from (name for name in self._turns if name in numbers)

    @cached_property
    def _written_slices(self) -> list[str]:
        """The slices between names that the script writes anywhere."""
        slices = [n for n in ast.walk(ast.parse(self.hand.place.source.text)) if isinstance(n, ast.Slice)]
        return [*dict.fromkeys(ast.unparse(n) for n in slices if n.lower is not None and n.upper is not None)][:12]

    @cached_property
    def _written_rows(self) -> list[str]:
        """What the script writes for the rows where it picks an element of each: `np.arange(n)`."""
        pairs = [
            n.slice.elts[0]
            for n in ast.walk(ast.parse(self.hand.place.source.text))
            if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Tuple) and len(n.slice.elts) == 2
        ]
        return [*dict.fromkeys(ast.unparse(row) for row in pairs if isinstance(row, ast.Call))][:6]

    @cached_property
    def _turns(self) -> list[str]:
        """The names that the loops around the line count with."""
        return turning(self.hand.place)

    def _other_key(self, piece: ast.Subscript, holder: str) -> Iterator[str]:
        """Another word in a key that is made of a word and a number: `cache['A%d' % i]`, `cache[f"A{i}"]`."""
        thing = self.hand.objects.get(holder)
        if not isinstance(thing, dict):
            return
        words = sorted({re.sub(r"\d+$", "", key) for key in thing if isinstance(key, str)})
        for part in ast.walk(piece.slice):
            if not isinstance(part, ast.Constant) or not isinstance(part.value, str):
                continue
            old = part.value
            mine = re.match(r"\w*", old.split("%")[0])
            for word in words:
                if mine is not None and mine.group() and word != mine.group():
                    part.value = word + old[len(mine.group()) :]
                    yield ast.unparse(piece)
                    part.value = old

    def _other_call(self, piece: ast.Call) -> Iterator[str]:
        function = ast.unparse(piece.func)
        args = [ast.unparse(a) for a in piece.args]
        if len(args) == 1:
            for other in self.hand.functions:
                if other != function:
                    yield f"{other}({args[0]})"
            yield f"{ast.unparse(piece)} * (1 - {ast.unparse(piece)})"
            yield args[0]
        if isinstance(piece.func, ast.Attribute):
            owner = ast.unparse(piece.func.value)
            if piece.func.attr in ("transpose", "swapaxes") or self.hand.read(owner, 0) is not None:
                yield owner
            for other in ALIKE.get(piece.func.attr, ()):
                yield f"{owner}.{other}({', '.join([*args, *map(ast.unparse, piece.keywords)])})"
            if piece.func.attr == "einsum" and piece.args and isinstance(piece.args[0], ast.Constant):
                rest = ", ".join([*args[1:], *map(ast.unparse, piece.keywords)])
                yield from (f"{function}({new!r}, {rest})" for new in _other_subscripts(str(piece.args[0].value)))
        name = function.rpartition(".")[2]
        if name in ("sum", "mean"):
            method = not function.startswith(("np.", "numpy."))
            base = "" if method or not args else args[0]
            whole = ast.unparse(piece)[len(function) :]
            yield function.removesuffix(name) + ("mean" if name == "sum" else "sum") + whole
            axes = np.ndim(self.hand.read(base or function.removesuffix(f".{name}"), 0))
            several = (c for n in range(2, axes) for c in itertools.combinations(range(axes), n))
            for axis in (0, 1, -1, None, *several):
                for keep in (False, True):
                    options = [] if axis is None else [f"axis={axis}"]
                    options += ["keepdims=True"] if keep else []
                    for other in dict.fromkeys((name, "sum", "mean")):
                        yield f"{function.removesuffix(name)}{other}({', '.join(filter(None, [base, *options]))})"
        if name in ("dot", "outer", "matmul", "multiply") and len(args) == 2:
            a, b = args
            for x, y in ((b, a), (turned(b), turned(a)), (turned(a), b), (a, turned(b))):
                yield f"{function}({x}, {y})"
        if name == "dot" and len(args) == 1 and isinstance(piece.func, ast.Attribute):
            owner = ast.unparse(piece.func.value)
            yield f"{args[0]}.dot({owner})"
            yield f"{turned(owner)}.dot({args[0]})"
            yield f"{owner}.dot({turned(args[0])})"
            yield f"{turned(args[0])}.dot({turned(owner)})"


def exchanged(things: ast.List | ast.Tuple) -> Iterator[str]:
    """A list with two of its things exchanged."""
    count = len(things.elts) if 1 < len(things.elts) < 6 else 0
    for one, other in itertools.combinations(range(count), 2):
        texts = [ast.unparse(each) for each in things.elts]
        texts[one], texts[other] = texts[other], texts[one]
        yield f"[{', '.join(texts)}]" if isinstance(things, ast.List) else ", ".join(texts)


ALIKE = {
    "correlate2d": ("convolve2d",), "convolve2d": ("correlate2d",), "correlate": ("convolve",),
    "convolve": ("correlate",), "maximum": ("minimum",), "minimum": ("maximum",), "sin": ("cos",), "cos": ("sin",),
    "argmax": ("argmin",), "zeros_like": ("ones_like",), "ones_like": ("zeros_like",), "multiply": ("dot",),
    "abs": ("sign",), "sign": ("abs",),
}  # fmt: skip
"""Functions of a library that are easily taken for one another."""


def _put(own: str, pieces: list[ast.AST], change: Callable[[ast.expr, str], Iterator[str]]) -> Iterator[str]:
    """An expression with each of its pieces changed."""
    for piece in pieces:
        if isinstance(piece, ast.expr):
            a, b = piece.col_offset, piece.end_col_offset or 0
            yield from (own[:a] + new + own[b:] for new in change(piece, own[a:b]))


def _text(tree: ast.expr | None) -> str:
    return "" if tree is None else ast.unparse(tree)


class _Axis(ast.NodeTransformer):
    """Every sum and mean over one axis."""

    def __init__(self, axis: int) -> None:
        self.axis = ast.Constant(axis)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name, _, function = ast.unparse(node.func).rpartition(".")
        if function in ("sum", "mean", "max", "var"):
            first = 1 if name in ("np", "numpy") else 0
            for keyword in node.keywords:
                if keyword.arg == "axis":
                    keyword.value = self.axis
            if len(node.args) > first:
                node.args[first] = self.axis
        return node


def _other_subscripts(text: str) -> Iterator[str]:
    """Subscripts of einsum with one letter exchanged, or the letters of one operand in another order."""
    left, arrow, out = text.replace(" ", "").partition("->")
    terms = [*left.split(","), *([out] if arrow else [])]
    letters = sorted(set("".join(terms)) - {"."})
    for k, term in enumerate(terms):
        others = ["".join(order) for order in itertools.permutations(term)] if 1 < len(term) < 5 else []
        others += [term[:j] + letter + term[j + 1 :] for j in range(len(term)) for letter in letters]
        for other in dict.fromkeys(others):
            new = [*terms[:k], other, *terms[k + 1 :]]
            if other != term:
                yield ",".join(new[:-1]) + "->" + new[-1] if arrow else ",".join(new)


def _other_powers(tree: ast.expr) -> Iterator[str]:
    """A power with one more or one less."""
    power = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Pow) and isinstance(tree.right, ast.Constant)
    number = tree.right.value if power else None  # type: ignore[attr-defined]
    if isinstance(number, int):
        base = ast.unparse(tree.left)  # type: ignore[attr-defined]
        base = base if level(base) > 3 else f"({base})"
        yield from (base if n == 1 else f"{base}**{n}" for n in (number - 1, number + 1) if n)


def _without_some(product: ast.BinOp) -> Iterator[str]:
    """A product with some of its factors left out, with a power in it one more or less, with both, or * for **."""
    factors: list[ast.expr] = []
    at: ast.expr = product
    while isinstance(at, ast.BinOp) and isinstance(at.op, ast.Mult):
        factors.insert(0, at.right)
        at = at.left
    factors.insert(0, at)
    texts = [ast.unparse(f) if level(ast.unparse(f)) > 2 else f"({ast.unparse(f)})" for f in factors]
    others = [texts, *([*texts[:k], new, *texts[k + 1 :]] for k, f in enumerate(factors) for new in _other_powers(f))]
    for other in others:
        for count in range(len(other), 0, -1):
            yield from (" * ".join(kept) for kept in itertools.combinations(other, count) if list(kept) != texts)
    for k in range(1, len(texts)):  # * for **
        if isinstance(factors[k], ast.Name) and level(texts[k - 1]) > 3:
            yield " * ".join([*texts[: k - 1], f"{texts[k - 1]}**{texts[k]}", *texts[k + 1 :]])
    named = [t for t in texts if any(other in (f"(1 - {t})", f"(1 - {t} ** 2)") for other in texts)]
    slopes = dict.fromkeys(s for text in named for s in slopes_of(text) if " * " not in s)
    for count in (1, 2):  # another slope in the place of some
        for kept in itertools.combinations(texts, max(len(texts) - count, 1)):
            yield from (" * ".join((*kept, slope)) for slope in slopes if slope not in texts)
