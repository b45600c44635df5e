"""The line to write instead: a text in the learner's own names that computes what is right.

Small changes of the learner's own expression come first: another name, a transpose, a sign, an axis, one more factor.
Where none does it, a formula is put together from the names at hand. A text counts when it gives the right numbers at
every point.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from .interpret import Interpreter, Unknown
from .locate import Fault, Locator
from .replay import compute_node, wide
from .sites import Site, Source, Span
from .tape import Held, Node
from .vocabulary import Word, frame_of, values_of, words_at

Array = Any
MOST = 8  # texts that are tried on the script itself
MOST_WORDS = 60


@dataclass(frozen=True)
class Edit:
    """A piece of the source replaced by another."""

    source: Source
    span: Span
    new: str

    @property
    def old(self) -> str:
        return self.source.segment(self.span)

    @property
    def line(self) -> str:
        """The line as it would be."""
        return patched(self.source.text, [self], self.source.first).splitlines()[self.span[0] - self.source.first].strip()


def patched(text: str, edits: list[Edit], first: int = 1) -> str:
    """A text with some pieces replaced."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for edit in sorted(edits, key=lambda e: e.span[:2], reverse=True):
        a = starts[edit.span[0] - first] + edit.span[1]
        b = starts[edit.span[2] - first] + edit.span[3]
        text = text[:a] + edit.new + text[b:]
    return text


@dataclass(frozen=True)
class _Atom:
    text: str
    values: list[Any]
    near: int

    @property
    def first(self) -> Any:
        return self.values[0]


class Repairer:
    """Finds texts for one fault. The faults before it count as repaired, those after it too."""

    def __init__(self, locator: Locator, fault: Fault, namespace: dict[str, Any]) -> None:
        self.locator, self.fault, self.namespace = locator, fault, namespace
        self.node = fault.first
        self.tape = locator.look.training.tape
        self.place: Site = fault.place or self.node.site  # type: ignore[assignment]
        self.points = range(len(locator.points))
        self.time, self.context = self.node.time, self.node.context
        self.span, self.right = self._expression()

    # --------------------------------------------------------------------------------------- what is to be written

    def _expression(self) -> tuple[Span | None, list[Array] | None]:
        """The expression to be replaced, and the values that it should have."""
        right = self.locator.fixed[id(self.node)]
        site = self.place
        if site is self.node.site:
            if site.kind == "augmented":
                return site.parts[1], self._operand_of_change(right)
            if site.kind in ("store", "return"):
                return (site.parts[0], right) if np.shape(right[0]) == np.shape(self.node.value) else (None, None)
            return site.span, right
        if site.kind in ("store", "return"):
            self.time = max((t for t, _, _, thing, at in self.tape.stores if thing is self.node and at is site), default=self.time)
            if site.kind == "return":
                self.context = next((key for _, _, key, thing, at in self.tape.stores if thing is self.node and at is site), self.context)
            return site.parts[0], right
        result = self._result_of_call(site)
        if result is None:
            return None, None
        self.time = result.time
        while self.context is not None and self.context[1] != site.number:
            self.context = self.context[0]
        self.context = self.context[0] if self.context is not None else None
        return site.span, [np.asarray(v[id(result)], dtype=float) for v in self.locator.values]

    def _operand_of_change(self, right: list[Array]) -> list[Array] | None:
        """What `x op= operand` needs as operand to come out right."""
        old = self.node.args[0]
        if not isinstance(old, Node):
            return None
        name = getattr(self.node.function, "__name__", "")
        before = [np.asarray(v[id(old)], dtype=float) for v in self.locator.values]
        change: dict[str, Callable[[Array, Array], Array]] = {
            "add": lambda r, x: r - x, "sub": lambda r, x: x - r, "mul": lambda r, x: r / x, "truediv": lambda r, x: x / r,
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

    # ------------------------------------------------------------------------------------------------- the words

    @cached_property
    def _after(self) -> set[int]:
        """What follows from the fault itself."""
        found = {id(node) for node in self.fault.nodes if node.time >= self.node.time}
        for node in self.locator.look.program.steps:
            if any(id(operand) in found for operand in node.operands()):
                found.add(id(node))
        return found

    @cached_property
    def atoms(self) -> list[_Atom]:
        found = []
        born = self.node.time if self.place.kind not in ("store", "return") else self.time + 1
        for word in words_at(self.tape, self.time, self.context, self.place, born, self.locator.look.step.start, self._after):
            values = values_of(word, self.locator.values)
            if values is not None:
                found.append(_Atom(word.text, [wide(v) for v in values], word.near))
        found.sort(key=lambda a: (a.near, len(a.text)))
        return found[: MOST_WORDS * 3]

    @cached_property
    def arrays(self) -> list[_Atom]:
        return [a for a in self.atoms if isinstance(a.first, (np.ndarray, float, np.generic)) and np.asarray(a.first).dtype.kind in "fiub"][:MOST_WORDS]

    @cached_property
    def scalars(self) -> list[_Atom]:
        plain = [a for a in self.atoms if np.ndim(a.first) == 0 and all(float(v) == float(a.first) for v in a.values)]
        lengths = [_Atom(f"len({a.text})", [len(v) for v in a.values], a.near + 1) for a in self.arrays if np.ndim(a.first)]
        sizes = [_Atom(f"{a.text}.size", [np.size(v) for v in a.values], a.near + 2) for a in self.arrays if np.ndim(a.first) > 1]
        return plain + lengths + sizes

    @cached_property
    def objects(self) -> dict[str, Any]:
        found = dict(self.namespace)
        frame = frame_of(self.tape, self.time, self.context)
        for at, scope, key, thing, _ in self.tape.stores:
            if at <= self.time and scope == ("frame", frame) and isinstance(thing, Held):
                found[key] = thing.thing
        return found

    @cached_property
    def readers(self) -> list[Interpreter]:
        return [
            Interpreter({a.text: a.values[k] for a in self.atoms}, self.objects, functools.partial(self._element, k))
            for k in self.points
        ]

    def _element(self, k: int, thing: Any) -> Any:
        """What an element of a list or dict holds at a point."""
        node = self.tape.node_of(thing)
        if node is None:
            return thing
        if id(node) in self.locator.values[k]:
            return self.locator.values[k][id(node)]
        raise Unknown(str(node))

    def read(self, text: str, k: int) -> Any:
        """What a text computes at a point; None where it cannot be computed."""
        try:
            value = self.readers[k](ast.parse(text, mode="eval"))
            return value if isinstance(value, (np.ndarray, np.generic, float, int)) and np.asarray(value).dtype.kind in "fiub" else None
        except Exception:
            return None

    def fits(self, text: str) -> bool:
        """Whether a text gives the right numbers everywhere."""
        assert self.right is not None
        for k in self.points:
            value = self.read(text, k)
            if value is None or np.shape(value) != np.shape(self.right[k]):
                return False
            if not _close(np.asarray(value, dtype=float), self.right[k]):
                return False
        return True

    # ------------------------------------------------------------------------------------------------- the texts

    def edits(self) -> Iterator[Edit]:
        """Edits that make the expression right, the smallest first."""
        if self.fault.rescaled is not None and abs(self.fault.rescaled + 1.0) < 1e-6:
            yield from self._other_sign()
        if self.span is None or self.right is None:
            yield from self._blind()
            return
        source, seen, count = self.place.source, set(), 0
        for text in self._texts(source.segment(self.span)):
            if text not in seen:
                seen.add(text)
                if self.fits(text):
                    yield Edit(source, self.span, self._wrapped(text))
                    count += 1
                    if count >= MOST:
                        break
        yield from self._blind()

    def _wrapped(self, text: str) -> str:
        """In brackets where the expression stands inside a larger one that binds more tightly."""
        assert self.span is not None
        source = self.place.source
        around = (source.segment((self.span[0], max(0, self.span[1] - 1), self.span[0], self.span[1])),
                  source.segment((self.span[2], self.span[3], self.span[2], self.span[3] + 1)))  # fmt: skip
        if around == ("(", ")") or self._stands_alone():
            return text[1:-1] if _bracketed(text) else text
        return text if _level(text) >= 4 or (_level(text) >= _level(source.segment(self.span)) > 1) else f"({text})"

    def _stands_alone(self) -> bool:
        """Whether the expression is the whole of a right side or an argument."""
        kinds = ("store", "augmented", "return", "call")
        return any(self.span in s.parts for s in self.tape.sites if s.kind in kinds and s.source is self.place.source)

    def _texts(self, own: str) -> Iterator[str]:
        own = own.replace("\n", " ")
        yield from self._changed(own)
        yield from self._extended(own)
        yield from self._composed()

    def _changed(self, own: str) -> Iterator[str]:
        """The expression with one thing changed."""
        try:
            tree = ast.parse(own, mode="eval").body
        except SyntaxError:
            return
        pieces = list(ast.walk(tree))
        known = {a.text: a for a in self.atoms}
        for piece in pieces:
            if not isinstance(piece, ast.expr):
                continue
            a, b = piece.col_offset, piece.end_col_offset or 0
            here = own[a:b]
            for new in self._instead(piece, here, known):
                yield own[:a] + new + own[b:]
        names = {own[p.col_offset : p.end_col_offset] for p in pieces if isinstance(p, (ast.Name, ast.Attribute, ast.Subscript))}
        for name in sorted(names):
            if own.count(name) > 1:
                for atom in self.arrays:
                    if atom.text != name and np.shape(atom.first) == np.shape(self.read(name, 0)):
                        yield re.sub(rf"(?<![\w.]){re.escape(name)}(?![\w(])", atom.text, own)
        yield f"-{own}" if _level(own) > 1 else f"-({own})"
        yield f"{own}.T" if _level(own) > 3 else f"({own}).T"

    def _instead(self, piece: ast.expr, here: str, known: dict[str, _Atom]) -> Iterator[str]:
        text = ast.unparse(piece)
        mine = self.read(text, 0)
        shape = np.shape(mine) if mine is not None else None
        if isinstance(piece, ast.Attribute) and piece.attr == "T":
            yield ast.unparse(piece.value)
        if isinstance(piece, ast.Call) and isinstance(piece.func, ast.Attribute) and piece.func.attr == "transpose" and not piece.args:
            yield ast.unparse(piece.func.value)
        if isinstance(piece, (ast.Name, ast.Attribute, ast.Subscript)) and shape is not None:
            if len(shape) == 2:
                yield f"{here}.T"
            for atom in self.arrays:
                if atom.text != text and isinstance(atom.first, (np.ndarray, float, np.generic)):
                    if np.shape(atom.first) == shape:
                        yield atom.text
                    elif len(shape) == 2 and np.shape(atom.first) == shape[::-1]:
                        yield f"{atom.text}.T"
            for atom in self.arrays:
                if atom.text != text and np.shape(atom.first) != shape:
                    yield atom.text
                    if np.ndim(atom.first) == 2:
                        yield f"{atom.text}.T"
            yield from _slopes(here)
            yield f"{here}**2"
            yield f"np.tanh({here})"
            for function in self.functions:
                yield f"{function}({here})"
        if isinstance(piece, ast.Subscript):
            yield from self._other_element(piece)
        if isinstance(piece, ast.BinOp):
            left, right = ast.unparse(piece.left), ast.unparse(piece.right)
            low = (ast.Add, ast.Sub)
            if isinstance(piece.op, ast.Sub):
                yield f"{right} - {left}" if _level(left) > 1 else f"{right} - ({left})"
            if isinstance(piece.op, low):
                yield f"{left} {'-' if isinstance(piece.op, ast.Add) else '+'} {right}"
                yield left
                yield right
            if isinstance(piece.op, (ast.Mult, ast.Div)):
                yield left
                yield right
                yield f"{left} {'/' if isinstance(piece.op, ast.Mult) else '*'} {right}"
            if isinstance(piece.op, ast.MatMult):
                yield f"{right} @ {left}"
                yield f"{_turned(right)} @ {_turned(left)}"
                yield f"{_turned(left)} @ {right}"
                yield f"{left} @ {_turned(right)}"
        if isinstance(piece, ast.UnaryOp) and isinstance(piece.op, ast.USub):
            yield ast.unparse(piece.operand)
        if isinstance(piece, ast.Call):
            yield from self._other_call(piece)
            if len(piece.args) == 1 and not isinstance(piece.func, ast.Attribute):
                yield ast.unparse(piece.args[0])

    def _other_element(self, piece: ast.Subscript) -> Iterator[str]:
        """Another index, or the same index into another list or dict."""
        holder, index = ast.unparse(piece.value), ast.unparse(piece.slice)
        if not isinstance(piece.slice, (ast.Constant, ast.Slice, ast.Tuple)):
            yield f"{holder}[{index} - 1]"
            yield f"{holder}[{index} + 1]"
            if isinstance(piece.slice, ast.BinOp):
                yield f"{holder}[{ast.unparse(piece.slice.left)}]"
        for name, thing in self.objects.items():
            if isinstance(thing, (list, dict)) and name != holder and not name.startswith("_"):
                yield f"{name}[{index}]"

    @cached_property
    def functions(self) -> list[str]:
        """The learner's own functions of one array, as they can be called here."""
        found = [n for n, f in self.namespace.items() if isinstance(f, types.FunctionType) and _takes_one(f)]
        for name, thing in self.objects.items():
            if type(thing).__module__ in ("__main__",) and not isinstance(thing, (type, types.FunctionType)):
                for member in dir(thing):
                    inner = None if member.startswith("__") else getattr(thing, member, None)
                    if isinstance(inner, (types.FunctionType, types.MethodType)) and _takes_one(inner):
                        found.append(f"{name}.{member}")
        return found[:30]

    def _other_call(self, piece: ast.Call) -> Iterator[str]:
        function = ast.unparse(piece.func)
        args = [ast.unparse(a) for a in piece.args]
        if len(args) == 1:
            for other in self.functions:
                if other != function:
                    yield f"{other}({args[0]})"
            yield f"{ast.unparse(piece)} * (1 - {ast.unparse(piece)})"
        name = function.rpartition(".")[2]
        if name in ("sum", "mean"):
            method = not function.startswith(("np.", "numpy."))
            base = "" if method or not args else args[0]
            for axis in (0, 1, -1, None):
                for keep in (False, True):
                    options = [] if axis is None else [f"axis={axis}"]
                    options += ["keepdims=True"] if keep else []
                    for other in dict.fromkeys((name, "sum", "mean")):
                        yield f"{function.removesuffix(name)}{other}({', '.join(filter(None, [base, *options]))})"
        if name in ("dot", "outer", "matmul", "multiply") and len(args) == 2:
            a, b = args
            for x, y in ((b, a), (_turned(b), _turned(a)), (_turned(a), b), (a, _turned(b))):
                yield f"{function}({x}, {y})"
        if name == "dot" and len(args) == 1 and isinstance(piece.func, ast.Attribute):
            owner = ast.unparse(piece.func.value)
            yield f"{args[0]}.dot({owner})"
            yield f"{_turned(owner)}.dot({args[0]})"
            yield f"{owner}.dot({_turned(args[0])})"
            yield f"{_turned(args[0])}.dot({_turned(owner)})"

    def _extended(self, own: str) -> Iterator[str]:
        """The expression with something more to it."""
        assert self.right is not None
        value = self._own_value(own)
        if value is None:
            return
        wrapped = own if _level(own) >= 2 else f"({own})"
        right = self.right[0]
        with np.errstate(all="ignore"):
            if value.shape == right.shape and np.any(value):
                ratio = float(np.vdot(value, right) / np.vdot(value, value))
                if np.allclose(value * ratio, right, rtol=1e-7, atol=1e-14):
                    yield from self._times(wrapped, ratio)
        for atom in self.arrays:
            for text in (*[f"{f}({atom.text})" for f in self.functions], atom.text, *_slopes(atom.text)):
                factor = self.read(text, 0)
                if factor is not None and np.shape(factor) and _broadcasts(np.shape(factor), right.shape):
                    yield f"{wrapped} * {text if _level(text) > 2 else f'({text})'}"
                elif np.ndim(factor) == 0 and right.ndim == 0:
                    yield f"{wrapped} * {text if _level(text) > 2 else f'({text})'}"
        for atom in self.arrays:
            if np.shape(atom.first) == right.shape:
                yield f"{own} + {atom.text}"
                yield f"{own} - {atom.text}"
        if value.size == right.size and value.shape != right.shape:
            yield f"{wrapped if _level(own) > 3 else f'({own})'}.reshape{right.shape if right.ndim != 1 else (-1,)}"
        rest = right - value if value.shape == right.shape else None
        if rest is not None and np.any(rest):
            for text, ratio in self._pairs(rest):
                for scaled in self._times(text, ratio):
                    yield f"{own} + {scaled}"
            for atom in self.arrays:
                if _broadcasts(np.shape(atom.first), rest.shape) and np.any(atom.first):
                    wide_atom = np.broadcast_to(atom.first, rest.shape)
                    ratio = float(np.vdot(wide_atom, rest) / np.vdot(wide_atom, wide_atom))
                    if np.allclose(wide_atom * ratio, rest, rtol=1e-6, atol=1e-12):
                        for scaled in self._times(atom.text, ratio):
                            yield f"{own} + {scaled}"

    def _own_value(self, own: str) -> Array | None:
        value = self.read(own, 0)
        if value is None and self.place is self.node.site and self.place.kind != "augmented":
            value = compute_node(self.node, self.locator.values[0])
        return None if value is None else np.asarray(value, dtype=float)

    def _times(self, text: str, factor: float) -> Iterator[str]:
        """A text times a number, the number by its name where it has one."""
        text = text if _level(text) >= 2 else f"({text})"
        if abs(factor - 1.0) < 1e-9:
            yield text
            return
        if abs(factor + 1.0) < 1e-9:
            yield f"-{text}"
            return
        sign, size = ("-" if factor < 0 else ""), abs(factor)
        for c, said in ((1.0, ""), (2.0, "2 * "), (0.5, "0.5 * ")):
            for scalar in self.scalars:
                number = abs(float(scalar.first))
                if number and abs(number - 1) > 1e-12:
                    if abs(c * number / size - 1) < 1e-9:
                        yield f"{sign}{said}{scalar.text} * {text}"
                    if abs(c / number / size - 1) < 1e-9:
                        yield f"{sign}{said}{text} / {scalar.text}"
        if abs(size - round(size)) < 1e-9 * size or abs(1 / size - round(1 / size)) < 1e-9 / size:
            yield f"{sign}{round(size)} * {text}" if size >= 1 else f"{sign}{text} / {round(1 / size)}"
        yield f"{sign}{size:.12g} * {text}"

    def _composed(self) -> Iterator[str]:
        """A formula of the names at hand."""
        assert self.right is not None
        right = self.right[0]
        for atom in self.arrays:
            value = np.asarray(atom.first, dtype=float)
            for text, array in ((atom.text, value), (f"{atom.text}.T", value.T)):
                if array.shape == right.shape and np.any(array):
                    ratio = float(np.vdot(array, right) / np.vdot(array, array))
                    if np.allclose(array * ratio, right, rtol=1e-6, atol=1e-14):
                        yield from self._times(text, ratio)
            if value.size == right.size and value.shape != right.shape and np.any(value):
                flat, goal = value.ravel(), right.ravel()
                ratio = float(flat @ goal / (flat @ flat))
                if np.allclose(flat * ratio, goal, rtol=1e-6, atol=1e-14):
                    yield from self._times(f"{atom.text}.reshape{right.shape if right.ndim != 1 else (-1,)}", ratio)
        for text, ratio in self._pairs(right):
            yield from self._times(text, ratio)
        slopes = [s for atom in self.arrays if np.shape(atom.first) for s in (*_slopes(atom.text), atom.text)]
        for slope in slopes:
            factor = self.read(slope, 0)
            if factor is None or not _broadcasts(np.shape(factor), right.shape):
                continue
            with np.errstate(all="ignore"):
                rest = right / factor
            if np.all(np.isfinite(rest)):
                for text, ratio in self._pairs(rest):
                    for scaled in self._times(text, ratio):
                        yield f"({scaled}) * {slope if _level(slope) > 2 else f'({slope})'}"
        yield from self._masked(right)

    def _masked(self, right: Array) -> Iterator[str]:
        """Products with a mask, which cannot be divided by."""
        masks = [f"({a.text} > 0)" for a in self.arrays if np.shape(a.first) == right.shape]
        for text, value in self._products(right.shape):
            for mask in masks:
                m = self.read(mask, 0)
                if m is not None and value.shape == right.shape and np.any(value * m):
                    ratio = float(np.vdot(value * m, right) / np.vdot(value * m, value * m))
                    if np.allclose(value * m * ratio, right, rtol=1e-6, atol=1e-12):
                        for scaled in self._times(text, ratio):
                            yield f"({scaled}) * {mask}"

    def _pairs(self, goal: Array) -> Iterator[tuple[str, float]]:
        """Two names multiplied or subtracted that give a multiple of what is wanted."""
        for text, value in self._products(goal.shape):
            length = float(np.vdot(value, value)) if value.shape == goal.shape else 0.0
            if length and np.isfinite(length):
                ratio = float(np.vdot(value, goal)) / length
                if value.shape == goal.shape and ratio and float(np.linalg.norm(value * ratio - goal)) <= 1e-6 * float(np.linalg.norm(goal)):
                    yield text, ratio

    def _products(self, shape: tuple[int, ...]) -> list[tuple[str, Array]]:
        if shape not in self._known_products:
            self._known_products[shape] = list(self._all_products(shape))
        return self._known_products[shape]

    @cached_property
    def _known_products(self) -> dict[tuple[int, ...], list[tuple[str, Array]]]:
        return {}

    def _all_products(self, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
        sides = [(a.text, np.asarray(a.first, dtype=float)) for a in self.arrays if np.ndim(a.first) or not shape]
        sides += [(f"{text}.T", value.T) for text, value in sides if value.ndim == 2]
        for x_text, x in sides:
            for y_text, y in sides:
                if x.ndim and y.ndim and x.shape[-1] == (y.shape[-2] if y.ndim > 1 else y.shape[0]):
                    out = (*x.shape[:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
                    if out == shape and (x.ndim > 1 or y.ndim > 1):
                        yield f"{x_text} @ {y_text}", x @ y
                if x.ndim == y.ndim == 1 and (x.size, y.size) == shape:
                    yield f"np.outer({x_text}, {y_text})", np.outer(x, y)
                if x_text < y_text and x.ndim <= len(shape) and y.ndim <= len(shape) and _joint(x.shape, y.shape) == shape:
                    yield f"{x_text} * {y_text}", x * y
                if x_text != y_text and x.shape == y.shape == shape:
                    yield f"({x_text} - {y_text})", x - y
        for text, value in sides:
            for axis in range(value.ndim):
                for keep in (False, True):
                    if value.ndim and value.sum(axis=axis, keepdims=keep).shape == shape:
                        yield f"{text}.sum(axis={axis}{', keepdims=True' if keep else ''})", value.sum(axis=axis, keepdims=keep)

    def _other_sign(self) -> Iterator[Edit]:
        """The sign changed in the expression around, or in the statement."""
        source, span = self.place.source, self.span
        for site in self.tape.sites:
            if site.source is source and site.kind == "binary" and len(site.parts) == 2 and site.parts[1] == span and site.parts[0] is not None:
                left = site.parts[0]
                between = source.segment((left[2], left[3], site.parts[1][0], site.parts[1][1]))
                for old, new in (("+", "-"), ("-", "+")):
                    if between.strip() == old:
                        yield Edit(source, site.span, source.segment(left) + between.replace(old, new) + source.segment(site.parts[1]))
                        return
        if span is not None and any(s.kind == "augmented" and s.parts[1] == span and s.source is source for s in self.tape.sites):
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
        for old, new in (("+=", "-="), ("-=", "+="), ("*=", "/="), ("/=", "*=")):
            if self.place.kind in ("augmented", "binary", "call") and text.count(old) == 1:
                yield Edit(source, statement, text.replace(old, new))
        try:
            tree = ast.parse(text).body[0]
        except (SyntaxError, IndexError):
            return
        if isinstance(tree, ast.Assign) and isinstance(tree.value, (ast.Call, ast.BinOp, ast.Name)) and len(tree.targets) == 1:
            target, value = ast.unparse(tree.targets[0]), source.segment(statement)[tree.value.col_offset :] if "\n" not in text else ast.unparse(tree.value)
            if isinstance(tree.targets[0], (ast.Name, ast.Subscript, ast.Attribute)):
                yield Edit(source, statement, f"{target} += {value}")


def _takes_one(function: Any) -> bool:
    """Whether a function can be called with one argument."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(needed) == 1


def _close(x: Array, y: Array) -> bool:
    return float(np.linalg.norm(x - y)) <= 1e-6 * float(np.linalg.norm(y)) + 1e-15


def _slopes(text: str) -> list[str]:
    """Slopes of activations by their result, or by what they are applied to."""
    x = text if _level(text) > 3 else f"({text})"
    return [f"{x} * (1 - {x})", f"(1 - {x}**2)", f"({x} > 0)", f"(1 - {x})"]


def _turned(text: str) -> str:
    if text.endswith(".T"):
        return text[:-2]
    return f"{text}.T" if _level(text) > 3 else f"({text}).T"


def _level(text: str) -> int:
    """How tightly an expression binds: 1 for sums, 2 for products, 3 for powers and signs, 4 for names and calls."""
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError:
        return 0
    if _bracketed(text) and not isinstance(tree, ast.Tuple):
        return 4
    return _kind(tree)


def _bracketed(text: str) -> bool:
    """Whether brackets stand around all of it."""
    if not text.startswith("("):
        return False
    depth = 0
    for k, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return k == len(text) - 1
    return False


def _kind(tree: ast.expr) -> int:
    if isinstance(tree, ast.BinOp):
        return 1 if isinstance(tree.op, (ast.Add, ast.Sub)) else 3 if isinstance(tree.op, ast.Pow) else 2
    if isinstance(tree, ast.UnaryOp):
        return 3
    return 0 if isinstance(tree, (ast.Compare, ast.BoolOp, ast.IfExp, ast.Lambda)) else 4


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    return _joint(small, large) == large


def _joint(x: tuple[int, ...], y: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        return np.broadcast_shapes(x, y)
    except ValueError:
        return None
