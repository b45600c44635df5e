"""What the tracer keeps: a node for each number or array that was computed, with what it was computed from and where.

A tape is a program without branches. It can be computed again from other numbers (`replay.py`), so what a script does
at one point is known at every point that takes the same branches. An array that is written into has a node for each
state; views of it are told by where their elements lie in memory.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .node import NUMBERS, Index, Node, Part, assembled, cast, linked, masked, spread
from .sites import Site

Array = Any


class Memory:
    """The memory of an array that is written into: for each element the node that wrote it, and where in that.

    Args:
        root: the array that owns it.
        node: what it held before the first write.
    """

    __slots__ = ("number", "owner", "records", "root", "slot", "version", "whole", "written")

    def __init__(self, root: Array, node: Node) -> None:
        self.root, self.version, self.number = root, 0, 0
        self.records: dict[int, Any] = {0: node}
        self.written: dict[int, Site] = {}  # where
        self.whole = True  # all elements were written by one node
        self.owner: Array = None
        self.slot: Array = None

    def write(self, places: Array | None, operand: Any) -> None:
        """Elements are now those of another node; None for all of them."""
        self.version += 1
        self.number += 1
        if places is None or places.size == self.root.size:
            order = None if places is None else places.reshape(-1)
            if order is None or np.array_equal(order, np.arange(order.size)):
                self.records, self.whole, self.owner, self.slot = {self.number: operand}, True, None, None
                return
        if self.owner is None:
            first = next(iter(self.records))
            self.owner = np.full(self.root.size, first, dtype=np.int32)
            self.slot = np.arange(self.root.size)
        self.whole = False
        assert places is not None
        flat = np.reshape(places, (-1,))
        self.owner[flat] = self.number
        self.slot[flat] = np.arange(flat.size)
        self.records[self.number] = operand
        if len(self.records) > 4000:
            alive = set(np.unique(self.owner).tolist())
            self.records = {k: v for k, v in self.records.items() if k in alive}

    def read(self, places: Array) -> tuple[list[Any], Array]:
        """The nodes that elements come from, and where they are in all of these one after the other."""
        flat = places.reshape(-1)
        if self.owner is None:
            return list(self.records.values()), flat
        owner, slot = self.owner[flat], self.slot[flat]
        if flat.size == 1:
            return [self.records[int(owner[0])]], slot
        numbers = np.unique(owner)
        parts = [self.records[int(k)] for k in numbers]
        starts = np.cumsum([0, *[int(np.size(part.value if isinstance(part, Node) else part)) for part in parts[:-1]]])
        return parts, starts[np.searchsorted(numbers, owner)] + slot


class Tape:
    """All nodes, and which object is which node."""

    def __init__(self) -> None:
        self.time = 0
        self.known: dict[int, tuple[Any, Node, int]] = {}
        self.memories: dict[int, Memory] = {}
        self.sharing: dict[int, list[Node]] = {}
        self.nodes: list[Node] = []
        self.conditions: list[Node] = []
        self.stores: list[tuple[int, tuple[str, int], Any, Any, Site]] = []
        """(time, (scope, its number), key, what was stored: a node or an object, where)."""
        self.reads: list[tuple[int, Node, Site, Any]] = []
        """(time, what was read, where, in which calls)."""
        self.shown: list[tuple[int, Node, Site]] = []
        self.calls: list[tuple[int, Any, int, Site]] = []
        """(time, the calls it lies in, number of the frame, where the function is defined)."""
        self.buffers: dict[int, Array] = {}
        """By the number of the node that an array was before it was written into: the array."""
        self.written_at: dict[int, Site] = {}
        """By the number of a node that was put together from what was written: the latest of these lines."""
        self.kept: dict[int, Any] = {}
        self.sites: list[Site] = []
        self.paused = False
        self.context: Any = None
        self.thorough = False  # whether every plain number that is stored is kept, too

    # ---------------------------------------------------------------------------------------------- looking up

    def node_of(self, thing: Any) -> Node | None:
        """The node of a number or array in its present state, if it has one."""
        entry = self.known.get(id(thing))
        if entry is None or entry[0] is not thing:
            return None
        if self.memories and isinstance(thing, np.ndarray):
            root = root_of(thing)
            memory = self.memories.get(id(root))
            if memory is not None and memory.version != entry[2]:
                return self._seen_again(thing, root, memory)
        return entry[1]

    def _seen_again(self, thing: Array, root: Array, memory: Memory) -> Node:
        """What lies in memory that was written into since it was last looked at."""
        if thing is root and memory.whole:
            node = next(iter(memory.records.values()))
            if isinstance(node, Node) and np.shape(node.value) == thing.shape:
                self._know(thing, node, memory.version)
                return node
        node = self.found_in(memory, places(thing, root), thing)
        self._know(thing, node, memory.version)
        return node

    def found_in(self, memory: Memory, where: Array, thing: Any) -> Node:
        """The node of elements of a memory."""
        parts, order = memory.read(where)
        shape = np.shape(thing)
        one = parts[0] if len(parts) == 1 and isinstance(parts[0], Node) else None
        if one is not None and order.size == np.size(one.value) and np.array_equal(order, np.arange(order.size)):
            return one if np.shape(one.value) == shape else self.add(np.reshape, (one, shape), {}, thing, one.site)
        latest = max((part for part in parts if isinstance(part, Node)), key=lambda n: n.time, default=None)
        site = None if latest is None else latest.site
        if memory.owner is not None:  # what is older than the array that it was put in does not tell where
            last = int(memory.owner[where.reshape(-1)].max(initial=0))
            made, given = memory.records[last], next(iter(memory.records.values()))
            if not isinstance(made, Node) or (isinstance(given, Node) and made.time < given.time):
                site = memory.written.get(last, site)
        node = self.add(assembled, (parts, order, shape), {}, thing, site)
        if memory.owner is not None and last in memory.written:
            self.written_at[id(node)] = memory.written[last]
        return node

    def element(self, thing: Array, index: Any, out: Any) -> Node | None:
        """The node of `thing[index]` where single elements were written into; None where it is an ordinary read."""
        memory = self.memories.get(id(root_of(thing))) if self.memories else None
        if memory is None or memory.whole or memory.root.size > 200000:
            return None
        return self.found_in(memory, places_at(thing, index, memory.root), out)

    def operand(self, thing: Any) -> Any:
        """A thing as an operand of a node: its node if it has one; an array gets one; other things as they are."""
        node = self.node_of(thing)
        if node is not None:
            return node
        if isinstance(thing, np.ndarray):
            return self.leaf(thing, None)
        if isinstance(thing, (list, tuple, dict)) and self.holds(thing):
            return self._deep(thing)
        return thing

    def _deep(self, thing: Any) -> Any:
        if isinstance(thing, dict):
            return {key: self._deep(part) for key, part in thing.items()}
        if isinstance(thing, (list, tuple)):
            return [self._deep(part) for part in thing]
        node = self.node_of(thing)
        return thing if node is None else node

    def holds(self, thing: Any, budget: int = 20000) -> bool:
        """Whether there are nodes inside a list, a tuple or a dict."""
        stack = [thing]
        while stack and budget > 0:
            part = stack.pop()
            budget -= 1
            if isinstance(part, (list, tuple)):
                stack += part
                budget -= len(part) // 8
            elif isinstance(part, dict):
                stack += part.values()
            elif id(part) in self.known and self.node_of(part) is not None:
                return True
        return False

    # ----------------------------------------------------------------------------------------------- recording

    def add(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, site: Site | None,
        name: str = "",
    ) -> Node:  # fmt: skip
        """A new node, not yet known under an object."""
        self.time += 1
        node = Node(function, args, kwargs, value, site, self.time, name, self.context)
        self.nodes.append(node)
        if isinstance(value, np.ndarray):
            self.sharing.setdefault(id(root_of(value)), []).append(node)
        return node

    def result(self, thing: Any, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], site: Site) -> Any:
        """Keep a result: a number, an array, or several of them."""
        if isinstance(thing, NUMBERS) and type(thing) is not np.bool_:
            if self.node_of(thing) is None:
                self._know(thing, self.add(function, args, kwargs, thing, site))
        elif isinstance(thing, (tuple, list)) and len(thing) <= 64:
            for k, part in enumerate(thing):
                if isinstance(part, NUMBERS) and self.node_of(part) is None:
                    self._know(part, self.add(Part(function, k), args, kwargs, part, site))
        return thing

    def leaf(self, thing: Any, site: Site | None, name: str = "") -> Node:
        """Keep something that came from outside."""
        node = self.add(None, (), {}, thing, site, name)
        self._know(thing, node)
        return node

    def _know(self, thing: Any, node: Node, version: int | None = None) -> None:
        if version is None:
            version = 0
            if self.memories and isinstance(thing, np.ndarray):
                memory = self.memories.get(id(root_of(thing)))
                version = 0 if memory is None else memory.version
        self.known[id(thing)] = (thing, node, version)

    # ------------------------------------------------------------------------------------- writing into arrays

    def before_write(self, target: Array) -> Memory:
        """The memory that is about to be written into; states that look into it get a copy of their own."""
        root = root_of(target)
        memory = self.memories.get(id(root))
        if memory is None:
            node = self.node_of(root) or self.leaf(root, None)
            self.buffers[id(node)] = root
            memory = self.memories[id(root)] = Memory(root, node)
        for node in self.sharing.pop(id(root), ()):
            if isinstance(node.value, np.ndarray):
                node.value = node.value.copy()
        return memory

    def after_write(self, memory: Memory, where: Array | None, operand: Any, key: Any, site: Site) -> None:
        """Elements of a memory (all, where `where` is None) now hold this."""
        memory.write(where, operand)
        memory.written[memory.number] = site
        self.stores.append((self.time, ("memory", id(memory.root)), key, operand, site))
        self.kept[id(memory.root)] = memory.root

    def write(self, target: Array, index: Any, value: Any, site: Site) -> None:
        """`target[index] = value`, done and kept."""
        if not target.flags.writeable or target.dtype == object:
            target[index] = value
            return
        if isinstance(index, np.ndarray) and index.dtype == bool and index.shape == target.shape:
            old, mask, new = self.state(target), self.operand(index), self.operand(value)
            memory = self.before_write(target)
            target[index] = value
            node = self.add(masked, (old, mask, new), {}, np.array(target), site)
            where = None if target is memory.root else places(target, memory.root)
            self.after_write(memory, where, node, None if where is None else where.tobytes(), site)
            return
        self.same_places(index, site)
        given = self.operand(value)
        if isinstance(given, list):  # several numbers in a tuple: what was computed stays so
            given = self.add(np.array, (given,), {}, np.array(value), site)
        memory = self.before_write(target)
        target[index] = value
        now = target[index]
        if not isinstance(given, Node):
            given = np.array(now)
        elif np.shape(value) != np.shape(now):
            given = self.add(spread, (given, np.shape(now)), {}, np.broadcast_to(value, np.shape(now)).copy(), site)
        if target.dtype.kind != "f" and isinstance(given, Node):
            given = self.add(cast, (given, target.dtype), {}, np.array(now), site)
        where = None if target is memory.root and index is Ellipsis else places_at(target, index, memory.root)
        self.after_write(memory, where, given, None if where is None else where.tobytes(), site)

    def same_places(self, index: Any, site: Site) -> None:
        """A condition: elsewhere this tape holds only where the computed index is the same."""
        parts = index if isinstance(index, tuple) else (index,)
        for part in itertools.chain(*((p.start, p.stop) if isinstance(p, slice) else (p,) for p in parts)):
            node = self.node_of(part) if isinstance(part, NUMBERS) else None
            if node is not None and node.function is not None:
                self.time += 1
                self.conditions.append(Node(linked, (node,), {}, np.array(part), site, self.time))

    def rewrite(
        self, target: Array, change: Callable[[], Any], function: Any, given: tuple[Any, ...], site: Site,
        named: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """A change of all elements in place: the new state is `function(old, *given)`.

        Args:
            named: where the old state does not matter: the new one is `function(*given, **named)`.
        """
        if target.dtype == object:
            change()
            return
        old = (self.state(target),) if named is None else ()
        operands = (*old, *map(self.operand, given))
        kwargs = {key: self.operand(value) for key, value in (named or {}).items()}
        memory = self.before_write(target)
        change()
        node = self.add(function, operands, kwargs, np.array(target), site)
        if target.dtype.kind != "f":
            node = self.add(cast, (node, target.dtype), {}, np.array(target), site)
        where = None if target is memory.root else places(target, memory.root)
        self.after_write(memory, where, node, None if where is None else where.tobytes(), site)

    def shape(self, target: Array, shape: Any, site: Site) -> None:
        """`target.shape = shape`: what it was before keeps its shape."""
        old = self.operand(target)
        if isinstance(old, Node) and old.value is target:
            old.value = target.view()
        target.shape = shape
        if isinstance(old, Node):
            self._know(target, self.add(np.reshape, (old, target.shape), {}, target, site))

    def replaced(self, target: Array, change: Callable[[], Any], site: Site) -> Any:
        """A change whose result is new to the tape: a shuffle, say."""
        memory = self.before_write(target)
        out = change()
        node = self.add(None, (), {}, np.array(memory.root), site)
        self.after_write(memory, None, node, None, site)
        return out

    def state(self, target: Array) -> Node:
        node = self.node_of(target)
        return self.leaf(target, None) if node is None else node

    def index(self, index: Any) -> Any:
        """An index as an operand."""
        if isinstance(index, tuple):
            parts = tuple(self.index(part) for part in index)
            return Index(parts) if any(isinstance(part, Node) for part in parts) else index
        if isinstance(index, np.ndarray):
            return self.operand(index)
        node = self.node_of(index) if isinstance(index, NUMBERS) else None
        return index if node is None else node

    # ------------------------------------------------------------------------------------------------ the rest

    def store(self, scope: tuple[str, int], key: Any, thing: Any, site: Site) -> None:
        """Note where a thing can be found: under a name, an attribute, an index."""
        if isinstance(thing, NUMBERS):
            node = self.node_of(thing)
            if node is None and (isinstance(thing, np.ndarray) or self.thorough):
                node = self._plain(thing, site)
            self.stores.append((self.time, scope, key, thing if node is None else node, site))
        elif isinstance(thing, (int, str, bool, type(None))):
            self.stores.append((self.time, scope, key, thing, site))
        else:
            self.kept[id(thing)] = thing
            self.stores.append((self.time, scope, key, Held(thing), site))
            fields = dataclasses.fields(thing) if dataclasses.is_dataclass(thing) else ()
            held = {f.name: getattr(thing, f.name, None) for f in fields} if fields else thing
            if site.kind == "store" and isinstance(held, (list, tuple, dict)):
                new = itertools.islice(self._elements(held, site), 1000)  # numbers without a name of their own
                self.stores += [(self.time, ("item", id(thing)), key, node, site) for key, node in new]

    def _elements(self, thing: Any, site: Site, outer: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Node]]:
        """The computed numbers in a list, a tuple or a dict, and in lists inside it, each with its key."""
        for key, part in thing.items() if isinstance(thing, dict) else enumerate(thing[:1000]):
            keys = (*outer, key)
            if isinstance(part, (list, tuple, dict)):
                if len(keys) < 4:
                    yield from self._elements(part, site, keys)
            elif isinstance(part, NUMBERS):
                node = self.node_of(part)
                if node is None and self.thorough and type(part) is float:
                    node = self._plain(part, site)
                if node is not None and (self.thorough or node.function is not None or isinstance(part, np.ndarray)):
                    yield (keys if outer else key), node

    def _plain(self, thing: Any, site: Site) -> Node:
        """What was computed from plain numbers: a setting where no loop comes by, else data."""
        return self.leaf(thing, site, "literal" if type(thing) is float and not site.loops else "")

    def prune(self) -> None:
        """Forget numbers that the script itself has forgotten, and how those that are left came about."""
        for key, (thing, _, _) in list(self.known.items()):
            if sys.getrefcount(thing) <= 4:  # the entry, this loop, the call, the node's own value
                del self.known[key]
        alive = {id(node) for _, node, _ in self.known.values()}
        for _, node, _ in self.known.values():
            node.function, node.args, node.kwargs, node.plan = None, (), {}, None
        self.nodes = [node for node in self.nodes if id(node) in alive]
        self.sharing = {key: [n for n in nodes if id(n) in alive] for key, nodes in self.sharing.items()}
        self.memories.clear()
        self.known = {key: (thing, node, 0) for key, (thing, node, _) in self.known.items()}
        self.conditions.clear()
        self.reads.clear()
        self.shown.clear()
        self.calls.clear()


class Held:
    """An object that is not a number: a list, a dict, an object of the learner's."""

    __slots__ = ("thing",)

    def __init__(self, thing: Any) -> None:
        self.thing = thing


def root_of(array: Array) -> Array:
    """The array that owns the memory."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def places_at(view: Array, index: Any, root: Array) -> Array:
    """Where the elements of `view[index]` lie in its root."""
    single = all(type(k) is int or isinstance(k, np.integer) for k in (index if type(index) is tuple else (index,)))
    if single:  # of many elements in turn one would look for all places each time
        return places(view[(*index, ...) if type(index) is tuple else (index, ...)], root)
    return np.asarray(places(view, root)[index])


def places(view: Array, root: Array) -> Array:
    """Where the elements of a view lie in its root, counted through the root in C order."""
    size = root.itemsize or 1
    start = (view.__array_interface__["data"][0] - root.__array_interface__["data"][0]) // size
    offsets = np.full(view.shape, start, dtype=np.int64)
    for axis, (n, stride) in enumerate(zip(view.shape, view.strides, strict=True)):
        shape = [1] * view.ndim
        shape[axis] = n
        offsets = offsets + (np.arange(n, dtype=np.int64) * (stride // size)).reshape(shape)
    if root.flags.c_contiguous:
        return offsets
    index, rest = np.zeros(offsets.shape, dtype=np.int64), offsets
    for axis in np.argsort([-abs(s) for s in root.strides], kind="stable"):  # memory order to C order
        stride = root.strides[axis] // size
        where, rest = (rest // stride, rest % stride) if stride else (np.zeros_like(rest), rest)
        index = index + where * int(np.prod(root.shape[axis + 1 :], dtype=np.int64))
    return index
