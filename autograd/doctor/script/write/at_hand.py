"""What can be written at a line, with its numbers at every point: names, the functions of the script, plain numbers."""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import math
import re
import types
from dataclasses import dataclass
from functools import cached_property
from time import process_time as time_now
from typing import Any

import numpy as np

from ...spelling import level, slopes_of
from ..judge.candidates import Fault
from ..judge.locate import Locator
from ..judge.rates import written_rate
from ..judge.replay import wide
from ..watch.node import Node, assembled, linked
from ..watch.sites import Site, around, turning
from ..watch.tape import Held
from .interpret import Interpreter, Unknown
from .vocabulary import computed_at, frame_of, values_of, words_at

Array = Any
MOST_WORDS = 60
MOST_KEYED = 12
MOST_READS = 12_000  # of texts at one place: then nothing can be read any more
LOOK = 20  # reads, from one look at the clock to the next
SECONDS = 3.0  # the same, for arrays so large that reading takes long; less than is given for the texts of a line


@dataclass(frozen=True)
class Atom:
    text: str
    values: list[Any]
    near: int

    @property
    def first(self) -> Any:
        return self.values[0]


class AtHand:
    """The words at the place of a fault.

    Args:
        place: the line.
        node: the value there that is wrong, at one turn of a loop.
        time, context: when it ran, and in which calls.
        namespace: the global names of the script.
    """

    def __init__(
        self, locator: Locator, fault: Fault, place: Site, node: Node, time: int, context: Any,
        namespace: dict[str, Any],
    ) -> None:  # fmt: skip
        self.locator, self.fault, self.place, self.namespace = locator, fault, place, namespace
        self.now = time_now()
        self.until, self.reads, self.next_look = self.now + SECONDS, 0, 0
        there = place.kind in ("store", "return", "argument") and place is not node.site
        result = place.kind == "call" and node.function is linked  # of a call: it has no name yet
        self.born = time + 1 if there else math.floor(node.time) if result else node.time  # what comes later is not
        self.node, self.time, self.context = node, time, context
        self.tape = locator.look.training.tape
        self.points = range(len(locator.points))
        stores = self.tape.stores if place.kind in ("store", "return") and place is not fault.first.site else ()
        self.values = locator.values
        self.renamed = place.kind == "argument" or any(
            t is fault.first and site is place for _, _, _, t, site in stores
        )
        if self.renamed:  # the value is right; taking it for something else is not, and there it can be used
            self.values = locator._computed({i: v for i, v in locator.fixed.items() if i not in fault.right})

    @cached_property
    def _after(self) -> set[int]:
        """What follows from the fault itself."""
        found = {id(node) for node in self.fault.nodes if node.time >= self.node.time}
        if self.renamed:
            return found - {id(self.node)}
        for node in self.locator.look.program.steps:
            if any(id(operand) in found for operand in node.operands()):
                found.add(id(node))
        return found

    @cached_property
    def _foreign(self) -> set[int]:
        """What a function that is given something does not take from outside: what was computed in the step."""
        frame, _ = frame_of(self.tape, self.born, self.context, self.place)
        given = any(scope == ("frame", frame) and isinstance(thing, Node) and site.kind not in ("store", "augmented")
                    for _, scope, _, thing, site in self.tape.stores if frame)  # fmt: skip
        return self.locator.look.depends - self.locator.look.start_ids.keys() if given else set()

    @cached_property
    def atoms(self) -> list[Atom]:
        return [a for a in self.words if not self._is_rate(a.text, a.first)][: MOST_WORDS * 3]

    @cached_property
    def words(self) -> list[Atom]:
        """Everything that can be read here, the nearest first."""
        known = {atom.text: atom for atom in self._spelled}
        here = self.place.source.segment(self.place.statement)
        here = " ".join([here, *turning(self.place)])
        counters = [a for a in known.values() if type(a.first) is int and re.search(rf"\b{a.text}\b", here)]
        lists: dict[str, int] = {}
        for atom in known.values():
            if re.fullmatch(r"[\w.]+\[-?\d+\]", atom.text):
                holder = atom.text[: atom.text.index("[")]
                lists[holder] = min(atom.near, lists.get(holder, atom.near))
        moved = []
        for holder, near in lists.items():  # `hs[t - 1]` says more than `hs[4]`
            for counter in counters:
                for shift, said in ((0, ""), (-1, " - 1"), (1, " + 1")):
                    there = known.get(f"{holder}[{counter.first + shift}]")
                    if there is not None and f"{holder}[{counter.text}{said}]" not in known:
                        moved.append(Atom(f"{holder}[{counter.text}{said}]", there.values, near))
        later = [Atom(a.text, a.values, a.near + 1) if a.text.endswith("]") and a.text[-2].isdigit() else a
                 for a in known.values()]  # fmt: skip
        return sorted([*moved, *later], key=lambda a: (a.near, len(a.text)))

    @cached_property
    def _spelled(self) -> list[Atom]:
        found = []
        for word in words_at(
            self.tape, self.time, self.context, self.place, self.born, self.locator.look.step.start, self._after,
            self._foreign, self.place is self.node.site and self.node.function is assembled,
        ):  # fmt: skip
            values = values_of(word, self.values)
            if values is not None:
                found.append(Atom(word.text, [wide(v) for v in values], word.near))
        return found

    @cached_property
    def expressions(self) -> dict[str, list[Any]]:
        """What short expressions of the same function came to, by their texts."""
        found = {}
        for word in computed_at(
            self.tape, self.time, self.context, self.place, self.born, self.locator.look.step.start
        ):
            wrong = id(word.thing) in self._after or id(word.thing) in self.locator.fixed
            values = None if wrong else values_of(word, self.values)
            if values is not None:
                found[word.text] = [wide(v) for v in values]
        return found

    @cached_property
    def keyed(self) -> list[Atom]:
        """Elements by a key that is put together, as the same function writes them: `cache["Z" + str(l)]`."""
        path = around(self.place)
        inside = next((n for n in reversed(path) if isinstance(n, ast.FunctionDef)), path[0])
        texts = dict.fromkeys(
            ast.unparse(n) for n in ast.walk(inside)
            if isinstance(n, ast.Subscript) and isinstance(n.slice, (ast.BinOp, ast.JoinedStr, ast.Call))
        )  # fmt: skip
        found = [
            Atom(text, [self.read(text, k) for k in self.points], 0) for text in itertools.islice(texts, MOST_KEYED)
        ]
        return [atom for atom in found if all(np.ndim(v) for v in atom.values)]

    @cached_property
    def arrays(self) -> list[Atom]:
        return [
            a
            for a in (*self.keyed, *self.atoms)
            if not (self.place.kind == "augmented" and a.text == self.place.target)  # a change by a part of itself
            and isinstance(a.first, (np.ndarray, float, np.generic))
            and np.asarray(a.first).dtype.kind in "fiub"
            and (a.text == self.place.target or a.text[-1] == "]" or any(map(np.any, a.values)))  # 0 leaves things out
        ][:MOST_WORDS]

    @cached_property
    def scalars(self) -> list[Atom]:
        same = [a for a in self.atoms if np.ndim(a.first) == 0 and all(float(v) == float(a.first) for v in a.values)]
        plain = [a for a in same if a.text not in self._counters]
        lengths = [
            Atom(f"len({a.text})", [len(v) for v in a.values], a.near + 1) for a in self.arrays if np.ndim(a.first)
        ]
        lists = {n: t for n, t in self.objects.items() if isinstance(t, (list, tuple)) and len(t) > 1}
        lengths += [Atom(f"len({n})", [len(t)] * len(self.points), 2) for n, t in lists.items() if n[0] != "_"]
        sizes = [
            Atom(f"{a.text}.size", [np.size(v) for v in a.values], a.near + 2)
            for a in self.arrays
            if np.ndim(a.first) > 1
        ]
        large = [a for a in self.arrays if np.ndim(a.first) > 1][:12]
        axes = [Atom(f"{a.text}.shape[{k}]", [np.shape(v)[k] for v in a.values], a.near + 2) for a in large
                for k in range(1, np.ndim(a.first))]  # fmt: skip
        text = self.place.source.text.replace(" ", "")
        ones = {
            a.text: one for a in plain for one in ("1", "1.", "1.0") if f"{one}-{a.text}" in text
        }  # as it is written
        kept = [Atom(f"({ones[a.text]} - {a.text})", [1 - v for v in a.values], a.near + 1)
                for a in plain if a.text in ones]  # fmt: skip
        by_chance = tuple(self.by_chance)
        return sorted(plain + lengths + axes + kept + sizes, key=lambda a: a.text.startswith(by_chance))

    @cached_property
    def by_chance(self) -> list[str]:
        """What is easily right by chance only: lengths of what is as large as a parameter and follows from them, of a
        layer and not of samples; and what is divided by a parameter.
        """  # fmt: skip
        blocks = [self.values[0][id(n)] for nodes in self.locator.look.starts.values() for n in nodes]
        shapes = {np.shape(block) for block in blocks}
        own = [a for a in self.arrays if np.shape(a.first) in shapes and self.varies(a)]
        lengths = [said for a in own for said in (f"len({a.text})", f"{a.text}.shape[", f"{a.text}.size")]
        return lengths + [f" / {a.text}" for a in own if any(np.array_equal(a.first, block) for block in blocks)]

    def varies(self, atom: Atom) -> bool:
        """Whether it is no setting: an array, or a number that follows from the parameters."""
        return bool(np.ndim(atom.first)) or atom.values[0] != atom.values[-1]

    @cached_property
    def literals(self) -> dict[str, float]:
        """The numbers that are written in the script, the usual ones aside."""
        written = [node for node in ast.walk(ast.parse(self.place.source.text)) if isinstance(node, ast.Constant)]
        numbers = {ast.unparse(node): node.value for node in written if type(node.value) in (int, float)}
        return {text: float(number) for text, number in numbers.items() if number not in (0, 1, 2, 0.5)}  # type: ignore[arg-type]

    @cached_property
    def settings(self) -> dict[str, float]:
        """Products and ratios of plain settings, as other lines here write them."""
        known = {text: v for text, v in self.expressions.items() if level(text) == 2 and np.ndim(v[0]) == 0}
        found = {text: float(v[0]) for text, v in known.items() if v[0] and all(x == v[0] for x in v)}
        rates = {name for name, _ in self._rates}
        return {text: number for text, number in found.items() if not _names(text) & rates}

    def _is_rate(self, text: str, number: Any) -> bool:
        """Whether it is the learning rate by which the step multiplies: then no other line does."""
        return isinstance(number, float) and (text.rpartition(".")[2], number) in self._rates

    @cached_property
    def _rates(self) -> set[tuple[str, float]]:
        """The names in the steps of the blocks that are wrong, with the rates there; none where it is such a step."""
        look, found = self.locator.look, set[tuple[str, float]]()
        for end in (end for name in (*self.fault.repairs, *self.fault.eases) for end in look.ends[name]):
            rate = written_rate(look, end)
            if rate is None or end.site is None or end.site.statement == self.place.statement:
                return set()
            found |= {(name, rate) for name in _names(end.site.source.segment(end.site.statement))}
        return found

    @cached_property
    def roots(self) -> dict[str, float]:
        """The square roots of settings that the script takes."""
        found: dict[str, float] = {}
        for node in ast.walk(ast.parse(self.place.source.text)):
            power = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and ast.unparse(node.right)
            root = isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sqrt")
            if isinstance(node, ast.expr) and (root or power in ("0.5", "-0.5")) and len(ast.unparse(node)) <= 40:
                values = [self.read(ast.unparse(node), k) for k in self.points]
                if all(np.ndim(v) == 0 and v == values[0] and v > 0 for v in values if v is not None) and values[0]:
                    found[ast.unparse(node)] = float(values[0])
        return found

    @cached_property
    def factors(self) -> list[tuple[str, Array]]:
        """What a line may have to be multiplied by: names, slopes of activations, functions of names."""
        texts: dict[str, None] = {}
        source = self.place.source.text
        varied = [a.text for a in self.arrays if self.varies(a)]
        texts |= dict.fromkeys(varied)  # a name says more than what is computed from it
        for x in varied:
            texts |= dict.fromkeys((*slopes_of(x), *[f"{f}({x})" for f in self.functions]))
        for x in varied[:20]:
            texts |= dict.fromkeys((f"{x}**2", f"np.sign({x})", f"np.exp({x})", f"np.exp(-{x})", f"np.cos({x})"))
            texts |= dict.fromkeys((f"({x} - 1)", f"(np.exp({x}) - 1)"))
            small = [said for said, number in self.literals.items() if 0 < number < 1]
            texts |= dict.fromkeys(f"np.where({x} > 0, 1, {said})" for said in small)
        texts |= dict.fromkeys(f"{a.text}[:, None]" for a in self.arrays if np.ndim(a.first) == 1)
        if "max(" in source:
            wide = [a for a in self.arrays if np.ndim(a.first) > 1][:20]
            texts |= dict.fromkeys(
                f"({a.text} == {a.text}.max(axis={k}, keepdims=True))" for a in wide for k in range(np.ndim(a.first))
            )
            texts |= dict.fromkeys(f"({a.text} == {a.text}.max())" for a in wide)  # of one window
            texts |= dict.fromkeys(f"({window} == {window}.max())" for window in self._windows)
        texts |= dict.fromkeys(self.expressions)
        signs = [f"np.sign({a.text})" for a in self.arrays if np.ndim(a.first) and "abs(" in source]  # all 1, perhaps
        found = [(text, np.asarray(v, dtype=float)) for text in texts if (v := self.read(text, 0)) is not None]
        return [(text, v) for text, v in found if v.size and (text in signs or self._says_something(text, v))]

    @property
    def _windows(self) -> list[str]:
        """The same piece of other arrays as the one that a line writes: `z[i:i + 2]` where it is `dz[i:i + 2]`."""
        target = self.place.source.segment(self.place.statement).partition("=")[0].rstrip(" +-*/")
        name, bracket, index = target.strip().partition("[")
        return [f"{a.text}[{index}" for a in self.arrays if bracket and np.ndim(a.first) and a.text != name][
            :MOST_KEYED
        ]

    def _says_something(self, text: str, value: Array) -> bool:
        """Whether numbers are not all one and the same, here or elsewhere."""
        if value.ndim == 0:
            return value not in (0.0, 1.0, -1.0)
        if np.ptp(value) > 0:
            return True
        last = self.read(text, self.points[-1])
        return last is not None and bool(np.size(np.unique(last)) > 1 or (value.size == 1 and last != value))

    @cached_property
    def _counters(self) -> set[str]:
        """Names of whole numbers that change: those of a sample or of a turn, which are no factors."""
        known: dict[Any, Any] = {}
        found = set()
        for _, scope, key, thing, _ in self.tape.stores:
            if scope[0] == "frame" and type(thing) is int and known.setdefault(key, thing) != thing:
                found.add(key)
        return found

    @cached_property
    def objects(self) -> dict[str, Any]:
        found = dict(self.namespace)
        frame, _ = frame_of(self.tape, self.born, self.context, self.place)
        for at, scope, key, thing, _ in self.tape.stores:
            if at <= self.time and scope == ("frame", frame) and isinstance(thing, Held):
                found[key] = thing.thing
        return found

    @cached_property
    def readers(self) -> list[Interpreter]:
        return [self.reader({}, k) for k in self.points]

    def reader(self, given: dict[str, Any], k: int = 0) -> Interpreter:
        """What computes texts at a point, with some other values given by their texts."""
        known = {text: values[k] for text, values in self.expressions.items()}
        known |= {a.text: a.values[k] for a in self.words}
        known = {text: value for text, value in known.items() if not any(other in text for other in given)}
        return Interpreter({**known, **given}, self.objects, functools.partial(self._element, k), self._held)

    @cached_property
    def _held(self) -> dict[tuple[int, str], Any]:
        """The objects that were attributes of others, lists say, by the object's id and the attribute's name."""
        return {
            (scope[1], key): thing.thing for at, scope, key, thing, _ in self.tape.stores
            if at < self.born and scope[0] == "attribute" and isinstance(thing, Held)
        }  # fmt: skip

    def _element(self, k: int, thing: Any) -> Any:
        """What an element of a list or dict holds at a point."""
        node = self.tape.node_of(thing)
        if node is None:
            return thing
        if id(node) in self.values[k]:
            return self.values[k][id(node)]
        raise Unknown(str(node))

    @property
    def late(self) -> bool:
        """Whether so much was tried that it is enough."""
        return self.reads > MOST_READS or self._over(0.0)

    def _over(self, before: float) -> bool:
        """Whether the time is up, or will be in some seconds; looked at now and then, for the clock costs time, too."""
        if self.reads >= self.next_look:
            self.next_look, self.now = self.reads + LOOK, time_now()
        return self.now > self.until - before

    def late_for(self, count: int) -> bool:
        """Whether so many texts were found that no more should be tried."""
        share = 1 / (1 + count) ** 2
        return self.reads > MOST_READS * share or self._over(SECONDS * (1 - share))

    def read(self, text: str, k: int) -> Any:
        """What a text computes at a point; None where it cannot be computed, or the time is up."""
        if self.late:
            return None
        self.reads += 1
        try:
            value = self.readers[k](ast.parse(text, mode="eval"))
            return (
                value
                if isinstance(value, (np.ndarray, np.generic, float, int)) and np.asarray(value).dtype.kind in "fiub"
                else None
            )
        except Exception:
            return None

    @cached_property
    def functions(self) -> list[str]:
        """The learner's own functions of one array, as they can be called here."""
        found = [n for n, f in self.namespace.items() if isinstance(f, types.FunctionType) and takes_one(f)]
        for name, thing in self.objects.items():
            if type(thing).__module__ in ("__main__",) and not isinstance(thing, (type, types.FunctionType)):
                for member in dir(thing):
                    inner = None if member.startswith("__") else getattr(thing, member, None)
                    if isinstance(inner, (types.FunctionType, types.MethodType)) and takes_one(inner):
                        found.append(f"{name}.{member}")
        return found[:30]


def takes_one(function: Any) -> bool:
    """Whether a function can be called with one argument."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return False
    needed = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(needed) == 1


def _names(text: str) -> set[str]:
    """The names in a text, without those of the objects that hold them."""
    return {name.rpartition(".")[2] for name in re.findall(r"[A-Za-z_][\w.]*", text)}
