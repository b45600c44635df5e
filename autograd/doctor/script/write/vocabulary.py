"""The names that are at hand at a line of a script, and what they stand for."""

from __future__ import annotations

import ast
import bisect
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..judge.replay import compute_node
from ..watch.node import Node, assembled
from ..watch.sites import Site, left_over
from ..watch.tape import Held, Memory, Tape

Array = Any
DEEPEST = 2
SHORT = 28  # characters of an expression that is worth writing once more
MOST = 40


@dataclass(frozen=True)
class Word:
    """An expression that the learner can write at a line.

    Args:
        text: as `ast.unparse` writes it.
        thing: the node that it stands for there, or a plain number.
        near: how near it is to the line: smaller is nearer.
    """

    text: str
    thing: Any
    near: int


def frame_of(tape: Tape, born: int, context: Any, site: Site) -> tuple[int, int]:
    """The number of the frame that a line ran in, and when that was entered; 0 and 0 at the top of the script.

    Args:
        born: when the value at the line was computed.
    """
    found = 0, 0
    if context is None:
        return found
    for at, inside, frame, defined in tape.calls:
        if at >= born:
            break
        if inside == context and defined.source is site.source and defined.function == site.function:
            found = frame, at
    return found


def words_at(
    tape: Tape, time: int, context: Any, site: Site, born: int, start: int, without: set[int],
    foreign: Collection[int] = (), writes: bool = False,
) -> list[Word]:  # fmt: skip
    """Everything that can be written at a place, at a time.

    Args:
        born: when the value at the place was computed; what its own statement stores is not at hand there.
        start: what was used since then, in the same function, tells what the names stand for.
        without: nodes that may not be used: they follow from the value itself.
        foreign: those that a function may not take from outside, unless it does so already.
        writes: whether the value is an array that the place has written into: before that, it was another.
    """
    frame, entered = frame_of(tape, born, context, site)
    start = max(start, entered)
    until = min(time, math.ceil(born) - 1)  # what is noted at the time of a value comes after it
    bound: dict[tuple[str, int], dict[Any, Any]] = {}
    done = False  # whether the place itself has stored its value
    for at, scope, key, thing, place in tape.stores:
        mine = place.source is site.source and place.statement == site.statement
        if at > until or (done and not mine):
            break  # of the same time is what comes after it, too: the next turn of the loop
        done |= at == until and place is site and site.kind == "store"
        if at >= born and mine:
            continue
        if scope[0] in ("frame", "attribute", "item"):
            bound.setdefault(scope, {})[_key(key)] = thing
    own = (at for at, scope, _, _, place in tape.stores if scope[0] == "memory" and at <= until
           and place.source is site.source and place.statement == site.statement)  # fmt: skip
    states = _Buffers(tape, max(own, default=until + 1) - 1 if writes else until)
    found: list[Word] = []
    for near, number in enumerate(dict.fromkeys((frame, 0))):
        for name, thing in bound.get(("frame", number), {}).items():
            if number != frame and id(thing) in foreign:
                continue
            found += _spelled(name, thing, bound, near, DEEPEST, states)
    for at, node, text, near in _used(tape, context, site, start):
        if at <= until and node.time < born and id(node) not in without and text:
            if _rebound(tape, text, at, until, frame):
                continue
            found.append(Word(text, node, near))
    over = left_over(site)
    unique: dict[str, Word] = {}
    for word in found:
        if over and not over.isdisjoint(_names_in(word.text)):
            continue
        if word.text not in unique or word.near <= unique[word.text].near:
            unique[word.text] = word
    return list(unique.values())


def _used(tape: Tape, context: Any, site: Site, start: int) -> Iterator[tuple[int, Node, str, int]]:
    """What the operands in the lines of a function stood for: (when, node, text, how near)."""
    for at, node, place, inside in tape.reads:
        if at >= start and inside == context and place.source is site.source and place.function == site.function:
            yield at, node, _plain(place.text), 0 if place.statement == site.statement else 1
    for node in tape.nodes:
        where = node.site
        if where is None or node.time < start or node.context != context or where.source is not site.source:
            continue
        if where.function != site.function:
            continue
        spans = list(where.parts)
        if where.kind == "call" and where.owner is not None and len(node.args) == len(spans) + 1:
            spans = [where.owner, *spans]
        for span, arg in zip(spans, node.args, strict=False):
            if span is not None and isinstance(arg, Node):
                text = _plain(where.source.segment(span))
                if text and not text.replace(".", "").isdigit():
                    yield node.time - 1, arg, text, 0 if where.statement == site.statement else 1


def computed_at(tape: Tape, time: int, context: Any, site: Site, born: int, start: int) -> list[Word]:
    """The short expressions that the lines of a function computed before, and that would come to the same now."""
    frame, entered = frame_of(tape, born, context, site)
    start = max(start, entered)
    until = min(time, math.ceil(born) - 1)
    found: dict[str, Word] = {}
    for node in tape.nodes:
        at = node.site
        if node.time < start or at is None or at.source is not site.source or node.context != context:
            continue
        if at.function != site.function:
            continue
        if node.time > until:
            break
        if at.kind in ("binary", "unary", "call") and at.span[0] == at.span[2] and at.span[3] - at.span[1] <= SHORT:
            text = _unparsed(at.text)
            if text and not _rebound(tape, text, node.time, until, frame):
                found[text] = Word(text, node, 3)
    return list(found.values())[-MOST:]


def _unparsed(text: str) -> str:
    try:
        return ast.unparse(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return ""


def _key(key: Any) -> Any:
    try:
        hash(key)
    except TypeError:
        return repr(key)
    return key


class _Buffers:
    """What arrays that are written into held at a time."""

    def __init__(self, tape: Tape, time: int) -> None:
        self.tape, self.time = tape, time
        self.known: dict[int, Node] = {}

    @cached_property
    def writes(self) -> dict[int, list[tuple[Any, Any]]]:
        found: dict[int, list[tuple[Any, Any]]] = {}
        for at, scope, key, thing, _ in self.tape.stores:
            if scope[0] == "memory" and at <= self.time:
                found.setdefault(scope[1], []).append((key, thing))
        return found

    def __call__(self, node: Node) -> Node:
        root = self.tape.buffers.get(id(node))
        if root is None or id(root) not in self.writes:
            return node
        if id(root) not in self.known:
            memory = Memory(root, node)
            for key, thing in self.writes[id(root)]:
                memory.write(None if key is None else np.frombuffer(key, dtype=np.int64), thing)
            parts, order = memory.read(np.arange(root.size))
            self.known[id(root)] = Node(assembled, (parts, order, root.shape), {}, None, None, node.time)
        return self.known[id(root)]


def _spelled(
    text: str, thing: Any, bound: dict[Any, Any], near: int, depth: int, states: Callable[[Node], Node]
) -> Iterator[Word]:
    if isinstance(thing, Node) or (isinstance(thing, (int, float)) and not isinstance(thing, bool)):
        yield Word(text, states(thing) if isinstance(thing, Node) else thing, near)
    elif isinstance(thing, Held) and depth:
        for name, inner in bound.get(("attribute", id(thing.thing)), {}).items():
            yield from _spelled(f"{text}.{name}", inner, bound, near, depth - 1, states)
        for key, inner in bound.get(("item", id(thing.thing)), {}).items():
            if isinstance(key, (str, int)):
                yield from _spelled(f"{text}[{key!r}]", inner, bound, near + 1, depth - 1, states)


def _plain(text: str) -> str:
    if text not in _PLAIN:
        try:
            tree = ast.parse(text.replace("\n", " "), mode="eval").body
            named = isinstance(tree, (ast.Name, ast.Attribute, ast.Subscript)) and not any(
                isinstance(n, ast.Call) for n in ast.walk(tree)
            )
            _PLAIN[text] = ast.unparse(tree) if named else ""
        except SyntaxError:
            _PLAIN[text] = ""
    return _PLAIN[text]


_PLAIN: dict[str, str] = {}


def _rebound(tape: Tape, text: str, since: int, until: int, frame: int) -> bool:
    """Whether a name in an expression was given another value in between."""
    since, until = min(since, until), max(since, until)
    names = _names_in(text)
    first = bisect.bisect_right(tape.stores, since, key=lambda store: store[0])
    for at, scope, key, _, _ in tape.stores[first:]:
        if at > until:
            break
        if scope == ("frame", frame) and key in names:
            return True
    return False


def _names_in(text: str) -> frozenset[str]:
    if text not in _NAMES:
        _NAMES[text] = frozenset(n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name))
    return _NAMES[text]


_NAMES: dict[str, frozenset[str]] = {}


def values_of(word: Word, values: list[dict[int, Any]]) -> list[Any] | None:
    """What a word stands for at each point; None where that is not known."""
    if not isinstance(word.thing, Node):
        return [word.thing] * len(values)
    if all(id(word.thing) in v for v in values):
        return [v[id(word.thing)] for v in values]
    if word.thing.hyper and word.thing.value is not None:
        return [word.thing.value] * len(values)
    if word.thing.function is assembled:
        try:
            return [compute_node(word.thing, v) for v in values]
        except (KeyError, TypeError, ValueError):
            return None
    value = word.thing.value
    if word.thing.function is None and value is not None and np.asarray(value).dtype.kind in "fiub":
        return [value] * len(values)
    return None
