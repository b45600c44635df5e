"""What the calls in a rewritten script do: what the script wanted, and a note on the tape.

Nothing is judged here. A hook returns the very object that plain Python would have returned.
"""

from __future__ import annotations

import functools
import operator
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .node import NUMBERS, Member, Method, Node, filled
from .sites import Site
from .special import Replaced, array_of, is_random, shuffled, special_functions
from .tape import Tape

Array = Any
PLAIN = {int, str, bool, type(None), slice, bytes}
IN_PLACE_METHODS = {"sort", "partition", "put", "itemset", "resize", "setfield", "byteswap"}
VIEWS = {"T", "real", "imag", "mT"}
FRESH = (np.tile, np.kron, np.tensordot, np.repeat, np.roll, np.pad, np.cross, np.convolve, np.correlate)
"""Functions of numpy whose result may be a view of an array of their own."""


class Hooks:
    """One for each run.

    Args:
        tape: where notes are taken.
        sites: the places, by number.
        files: the paths of the rewritten files.
        watch: called now and then, so that a run can be ended when enough was seen; it gives the time of the next call.
    """

    def __init__(self, tape: Tape, sites: list[Site], watch: Callable[[], int]) -> None:
        self.tape, self.sites, self.watch = tape, sites, watch
        self.codes: set[str] = set()
        self.frames = 0
        self.stack: list[int] = [0]
        self.found: dict[tuple[int, Any], int] = {}
        self.namespace: dict[str, Any] = {}
        self.next_look = 200
        self.columns = False  # whether columns of pandas' tables are taken for the arrays that they hold
        self.from_outside = False  # whether there are objects that were made before the run
        self.at = 0
        self.turns: list[tuple[int, int]] = []
        """(time, the number of a loop's place) for each turn of it, and minus the number at its end."""
        self.special = special_functions(self)

    # -------------------------------------------------------------------------------------------- expressions

    def literal(self, number: int, value: float) -> float:
        if self.tape.paused:
            return value
        fresh = _fresh(value)
        self.tape.leaf(fresh, self.sites[number], "literal")
        return fresh

    def element(self, number: int, value: float) -> float:
        if not self.tape.thorough or self.tape.paused:
            return value
        fresh = _fresh(value)
        self.tape.leaf(fresh, self.sites[number], "element")
        return fresh

    def binary(self, number: int, name: str, x: Any, y: Any) -> Any:
        function = getattr(operator, name)
        own = type(x).__module__ in self.modules or type(y).__module__ in self.modules
        out = self._inside(number, function, (x, y), {}) if own else function(x, y)
        if type(out) in PLAIN or self.tape.paused:
            if type(out) is str and name == "mod" and not self.tape.paused:
                self._show(y, self.sites[number])
            return out
        if self.tape.thorough and type(out) is list and name == "mul":
            return [_fresh(part) if type(part) is float else part for part in out]
        matrices = (
            name == "mul" and isinstance(out, np.matrix) and isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
        )
        return self._note(number, out, operator.matmul if matrices else function, (x, y))

    def _note(self, number: int, out: Any, function: Any, given: tuple[Any, ...]) -> Any:
        """Keep the result of an operator where an operand is known or an array."""
        tape = self.tape
        self.at = number
        if isinstance(out, NUMBERS):
            for thing in given:
                if isinstance(thing, np.ndarray) or id(thing) in tape.known:
                    operands = tuple(map(tape.operand, given))
                    tape.result(out, function, operands, {}, self.sites[number])
                    break
            self._look()
        return out

    def unary(self, number: int, name: str, x: Any) -> Any:
        function = getattr(operator, name)
        out = self._inside(number, function, (x,), {}) if type(x).__module__ in self.modules else function(x)
        if type(out) in PLAIN or self.tape.paused:
            return out
        return self._note(number, out, function, (x,))

    def compare(self, number: int, name: str, x: Any, y: Any) -> Any:
        function = getattr(operator, name)
        out = function(x, y)
        tape = self.tape
        if tape.paused:
            return out
        if isinstance(out, np.ndarray):
            return self._note(number, out, function, (x, y))
        if (id(x) in tape.known or id(y) in tape.known) and isinstance(out, (bool, np.bool_)):
            operands = (tape.operand(x), tape.operand(y))
            tape.time += 1
            tape.conditions.append(Node(function, operands, {}, bool(out), self.sites[number], tape.time))
        return out

    def truth(self, number: int, thing: Any) -> Any:
        tape = self.tape
        if id(thing) in tape.known and not tape.paused:
            node = tape.node_of(thing)
            if node is not None:
                tape.time += 1
                tape.conditions.append(Node(bool, (node,), {}, bool(thing), self.sites[number], tape.time))
        return thing

    def _column(self, out: Any) -> Any:
        """An array in the place of a column of numbers."""
        if self.columns and type(out).__name__ == "Series" and type(out).__module__.startswith("pandas"):
            return out.to_numpy() if getattr(out.dtype, "kind", "O") in "fiub" else out
        return out

    def attribute(self, number: int, thing: Any, name: str) -> Any:
        out = self._column(getattr(thing, name))
        tape = self.tape
        if tape.paused or type(out) in PLAIN or isinstance(thing, types.ModuleType):
            return out
        if isinstance(thing, (np.ndarray, np.generic)):
            if name in VIEWS and isinstance(out, NUMBERS):
                tape.result(out, Member(name), (tape.operand(thing),), {}, self.sites[number])
            return out
        if type(out) is float and self.from_outside and tape.node_of(out) is None:
            tape.leaf(out, self.sites[number])
        if isinstance(out, (*NUMBERS, list, tuple, dict)) or hasattr(out, "__dict__"):
            self._found(("attribute", id(thing)), name, thing, out, number)
        return out

    def _found(self, scope: tuple[str, int], key: Any, holder: Any, out: Any, number: int) -> None:
        """Note where something was found, unless that is known."""
        try:
            before = self.found.get((scope[1], key))
        except TypeError:
            return
        if before != id(out):
            if isinstance(out, types.MethodType):
                return
            self.found[scope[1], key] = id(out)
            self.tape.kept[id(holder)] = holder
            self.tape.kept[id(out)] = out
            self.tape.store(scope, key, out, self.sites[number])

    def item(self, number: int, thing: Any, index: Any) -> Any:
        tape = self.tape
        if (thing is np.c_ or thing is np.r_) and not tape.paused:
            parts = index if isinstance(index, tuple) else (index,)
            deep = max(map(np.ndim, parts))
            plain = all(isinstance(part, (int, *NUMBERS)) and not isinstance(part, bool) for part in parts)
            if plain and deep < 3 and (deep > 0 or thing is np.r_):  # as people write it, not 0:3
                flat = thing is np.r_ and deep < 2
                function = np.hstack if flat else np.concatenate if thing is np.r_ else np.column_stack
                return self._outside(number, function, (parts,), {})
        out = self._column(thing[index])
        if tape.paused:
            return out
        if isinstance(thing, np.ndarray):
            if isinstance(out, NUMBERS):
                node = tape.element(thing, index, out)
                if node is not None:
                    tape._know(out, node)
                    tape.same_places(index, self.sites[number])
                else:
                    tape.result(out, operator.getitem, (tape.operand(thing), tape.index(index)), {}, self.sites[number])
                self._read(number, out)
                self._look()
        elif isinstance(thing, (list, tuple, dict)) and type(out) not in PLAIN:
            self._found(("item", id(thing)), index, thing, out, number)
            self._read(number, out)
        return out

    def _read(self, number: int, out: Any) -> None:
        """Note what an expression such as `cache["A1"]` or `h[t - 1]` stands for just now."""
        tape = self.tape
        if isinstance(out, NUMBERS):
            node = tape.node_of(out)
            if node is not None:
                tape.reads.append((tape.time, node, self.sites[number], tape.context))

    def cut(self, start: Any, stop: Any, step: Any) -> slice:
        return slice(start, stop, step)

    def shown(self, number: int, thing: Any) -> Any:
        if not self.tape.paused:
            self._show(thing, self.sites[number])
        return thing

    def _show(self, thing: Any, site: Site) -> None:
        for part in thing if isinstance(thing, (tuple, list)) else (thing,):
            node = self.tape.node_of(part)
            if node is not None:
                self.tape.shown.append((self.tape.time, node, site))

    # -------------------------------------------------------------------------------------------------- calls

    def call(self, number: int, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        tape = self.tape
        if tape.paused:
            return function(*args, **kwargs)
        kind = type(function)
        if kind is types.FunctionType or kind is types.MethodType:
            code = getattr(function, "__code__", None)
            if code is not None and code.co_filename in self.codes:
                return self._inside(number, function, args, kwargs)
        try:
            special = self.special.get(function)
        except TypeError:
            special = None
        if special is not None:
            return special(number, *args, **kwargs)
        owner = getattr(function, "__self__", None)
        if isinstance(owner, (np.ndarray, np.generic)):
            return self._method(number, owner, function, args, kwargs)
        if kind is types.BuiltinMethodType and type(owner) is list:
            if function.__name__ == "append" and args:
                self._show(args[0], self.sites[number])
            return function(*args, **kwargs)
        if kind is types.BuiltinMethodType and type(owner) is str and function.__name__ == "format":
            self._show((*args, *kwargs.values()), self.sites[number])
            return function(*args, **kwargs)
        if function in (print,):
            self._show(args, self.sites[number])
            return function(*args, **kwargs)
        if getattr(function if kind is type else kind, "__module__", "") in self.modules:
            return self._inside(number, function, args, kwargs)
        self.at = number
        if getattr(function, "__name__", "") == "shuffle" and is_random(function):
            return shuffled(self, number, function, *args, **kwargs)
        return self._outside(number, function, args, kwargs)

    modules: set[str] = frozenset()  # type: ignore[assignment]

    def _inside(self, number: int, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of the learner's own."""
        tape = self.tape
        before = tape.context
        tape.context = (before, number)
        try:
            return function(*args, **kwargs)
        finally:
            tape.context = before

    def _outside(self, number: int, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A function of a library."""
        tape, site = self.tape, self.sites[number]
        out_array = kwargs.get("out")
        if isinstance(out_array, tuple) and len(out_array) == 1:
            out_array = out_array[0]
        if out_array is None and isinstance(function, np.ufunc) and len(args) > function.nin:
            out_array, args = args[function.nin], args[: function.nin]
        if isinstance(out_array, np.ndarray):
            rest = {key: value for key, value in kwargs.items() if key != "out"}
            change = functools.partial(function, *args, out=out_array, **rest)
            mask = (rest.pop("where"),) if rest.get("where") is not None else ()
            spread = isinstance(function, np.ufunc) and function.signature is None  # of elements
            if not mask and not (spread and np.broadcast_shapes(*map(np.shape, args)) != out_array.shape):
                tape.rewrite(out_array, change, function, args, site, rest)
            else:
                replaced = Replaced(functools.partial(function, **rest) if rest else function, bool(mask))
                tape.rewrite(out_array, change, replaced, (*args, *mask), site)
            return out_array
        out = self._column(function(*args, **kwargs))
        if isinstance(out, np.ndarray) and out.base is not None and function in FRESH:
            out = out.copy()  # a view of what nobody else has: its elements may be written
        if type(out) in PLAIN or out is None:
            return out
        if isinstance(out, (*NUMBERS, tuple, list)):
            if is_random(function):
                for part in out if isinstance(out, (tuple, list)) else (out,):
                    if isinstance(part, NUMBERS) and tape.node_of(part) is None:
                        tape.leaf(part, site, "random")
                return out
            given = tuple(map(tape.operand, args))
            named = {key: tape.operand(value) for key, value in kwargs.items()}
            if isinstance(out, np.bool_):
                if any(True for _ in Node(function, given, named, None, None, 0).operands()):
                    tape.time += 1
                    tape.conditions.append(Node(function, given, named, bool(out), site, tape.time))
                return out
            if not any(True for _ in Node(function, given, named, None, None, 0).operands()):
                if (isinstance(out, np.ndarray) and tape.node_of(out) is None) or (
                    isinstance(out, (float, np.generic)) and tape.node_of(out) is None
                ):
                    tape.leaf(out, site, getattr(function, "__name__", ""))
                elif isinstance(out, (tuple, list)):
                    for part in out:
                        if isinstance(part, np.ndarray) and tape.node_of(part) is None:
                            tape.leaf(part, site, getattr(function, "__name__", ""))
            else:
                tape.result(out, function, given, named, site)
            self._look()
        return out

    def _method(self, number: int, owner: Array, function: Any, args: Any, kwargs: Any) -> Any:
        """A method of an array."""
        tape, site, name = self.tape, self.sites[number], function.__name__
        if name == "fill":
            tape.rewrite(owner, lambda: function(*args), filled, args, site)
            return None
        if name in ("__iadd__", "__isub__", "__imul__", "__itruediv__"):
            plain = getattr(operator, f"__{name[3:]}")
            tape.rewrite(owner, lambda: function(*args), plain, args, site)
            return owner
        if name in IN_PLACE_METHODS:
            return tape.replaced(owner, lambda: function(*args, **kwargs), site)
        if isinstance(kwargs.get("out"), np.ndarray):
            return self._outside(number, getattr(np, name), (owner, *args), kwargs)
        out = function(*args, **kwargs)
        if name == "tolist" and isinstance(out, list) and owner.size <= 10000:
            self._listed(out, tape.operand(owner), (), site)
        elif isinstance(out, NUMBERS):
            given = (tape.operand(owner), *map(tape.operand, args))
            tape.result(out, Method(name), given, {k: tape.operand(v) for k, v in kwargs.items()}, site)
            self._look()
        return out

    def _listed(self, out: list[Any], node: Node, index: tuple[int, ...], site: Site) -> None:
        for k, part in enumerate(out):
            if isinstance(part, list):
                self._listed(part, node, (*index, k), site)
            elif isinstance(part, float):
                self.tape.result(part, operator.getitem, (node, (*index, k)), {}, site)

    # ------------------------------------------------------------------------------------------------- loops

    def iterate(self, number: int, thing: Any) -> Any:
        return thing if self.tape.paused else self.elements(number, thing)

    def elements(self, number: int, thing: Any) -> Any:
        """What a loop goes through; the rows of an array are known as such."""
        if isinstance(thing, np.ndarray) and thing.dtype != object:
            return (self.item(number, thing, k) for k in range(len(thing)))
        if isinstance(thing, np.ndenumerate):
            return ((at, self.item(number, array_of(thing), at)) for at, _ in thing)
        return thing

    def loop(self, number: int, thing: Any) -> Iterator[Any]:
        try:
            for part in self.iterate(number, thing):
                self.turned(number)
                yield part
        finally:
            if not self.tape.paused:
                self.turns.append((self.tape.time, -number))

    def turned(self, number: int) -> None:
        if not self.tape.paused:
            self.turns.append((self.tape.time, number))
            self.at = number
            self._look()

    def unpack(self, number: int, thing: Any) -> Any:
        if isinstance(thing, np.ndarray) and not self.tape.paused:
            return tuple(self.elements(number, thing))
        return thing

    def _look(self) -> None:
        if self.tape.time >= self.next_look:
            self.next_look = self.watch()

    # ------------------------------------------------------------------------------------------------ stores

    def enter(self, number: int, names: tuple[tuple[str, Any], ...]) -> int:
        self.frames += 1
        if not self.tape.paused:
            self.tape.calls.append((self.tape.time, self.tape.context, self.frames, self.sites[number]))
            for name, value in names:
                self.tape.store(("frame", self.frames), name, value, self.sites[number])
        return self.frames

    def returned(self, number: int, value: Any) -> Any:
        """What a function gives back; an alias of it, where it was computed before."""
        tape = self.tape
        if not tape.paused:
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, NUMBERS):
                    node = tape.node_of(part)
                    if node is not None:
                        tape.stores.append((tape.time, ("return", 0), tape.context, node, self.sites[number]))
        return value

    def bind(self, number: int, frame: int, name: str, value: Any) -> Any:
        if not self.tape.paused:
            self.at = number
            self.tape.store(("frame", frame), name, value, self.sites[number])
        return value

    def set_attribute(self, number: int, value: Any, thing: Any, name: str) -> None:
        if name == "shape" and isinstance(thing, np.ndarray) and not self.tape.paused:
            self.tape.shape(thing, value, self.sites[number])
            return
        setattr(thing, name, value)
        if not self.tape.paused:
            self.at = number
            self.tape.kept[id(thing)] = thing
            self.tape.store(("attribute", id(thing)), name, value, self.sites[number])
            self.found[id(thing), name] = id(value)

    def set_item(self, number: int, value: Any, thing: Any, index: Any) -> None:
        if isinstance(thing, np.ndarray) and not self.tape.paused:
            self.at = number
            self.tape.write(thing, index, value, self.sites[number])
            self._look()
            return
        thing[index] = value
        if not self.tape.paused and isinstance(thing, (list, dict)) and isinstance(index, (int, str, tuple)):
            self.at = number
            self.tape.kept[id(thing)] = thing
            self.tape.store(("item", id(thing)), index, value, self.sites[number])

    def augment(self, number: int, frame: int, name: str, op: str, old: Any, by: Any) -> Any:
        out = self._augmented(number, op, old, by)
        if not self.tape.paused:
            self.tape.store(("frame", frame), name, out, self.sites[number])
        return out

    def augment_attribute(self, number: int, op: str, thing: Any, name: str, by: Any) -> None:
        self.set_attribute(number, self._augmented(number, op, getattr(thing, name), by), thing, name)

    def augment_item(self, number: int, op: str, thing: Any, index: Any, by: Any) -> None:
        tape = self.tape
        if isinstance(thing, np.ndarray) and not tape.paused:
            old = self.item(number, thing, index)
            new = getattr(operator, op)(old, by)
            self._note(number, new, getattr(operator, op), (old, by))
            tape.write(thing, index, new, self.sites[number])
            self._look()
            return
        if tape.paused:
            thing[index] = getattr(operator, f"i{op.rstrip('_')}")(thing[index], by)
            return
        self.set_item(number, self._augmented(number, op, thing[index], by), thing, index)

    def _augmented(self, number: int, op: str, old: Any, by: Any) -> Any:
        in_place = getattr(operator, f"i{op.rstrip('_')}")
        tape = self.tape
        if tape.paused:
            return in_place(old, by)
        self.at = number
        if isinstance(old, np.ndarray) and old.dtype != object and old.flags.writeable:
            site = self.sites[number]
            tape.rewrite(old, lambda: in_place(old, by), getattr(operator, op), (by,), site)
            self._look()
            return old
        out = in_place(old, by)
        return out if type(out) in PLAIN else self._note(number, out, getattr(operator, op), (old, by))


def _fresh(value: float) -> float:
    """The same number in another object, so that it is known again."""
    return float(str(value)) if value == value else value
