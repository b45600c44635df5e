"""`Total`, a result of any number of operands: the sum of products, or of numbers, as one node instead of a chain.

A chain of multiplications and additions has two nodes for every product. Here the operands lie beside one another, with
their numbers, where several results may share them: the neurons of a layer its inputs, the samples of a batch the
weights. The number is that of the chain, bit for bit: it is added up from the first operand to the last.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

import math
from typing import Any, Final

from ..carrier import Note
from ..core import sums
from ..core.reverse import times
from ..mode import MODE, NOW, SPECIAL, for_a_new_node
from ..switches import always_recording
from .operands import is_foreign, to_float
from .reading import Scalar
from .value import Result, Value, constant, reach


SUM: Final = sums.sum
DOT: Final = sums.dot
NOTHING: Final = -0.0
"""What a sum without a start begins with: unlike 0.0 it leaves every first term as it is, also -0.0."""


class Four:
    """Up to four operands in a row, and the next four; None in the place of a plain number, and where there is none.

    Why four at a time: an attribute of a compiled object is read at once, an element of a list is looked at first.
    """

    __slots__ = ("a", "a_number", "b", "b_number", "c", "c_number", "d", "d_number", "more")

    def __init__(self) -> None:
        self.a: Scalar | None = None
        self.b: Scalar | None = None
        self.c: Scalar | None = None
        self.d: Scalar | None = None
        self.a_number: float = 0.0
        self.b_number: float = 0.0
        self.c_number: float = 0.0
        self.d_number: float = 0.0
        self.more: Four | None = None


class Operands:
    """Operands beside one another, with their numbers as they were when they were read. Never changed, often shared.

    Args:
        first: the first four of them.
        count: how many there are, at least one.
        recorded: whether there is a Value among them.
    """

    __slots__ = ("count", "first", "mark", "recorded")

    def __init__(self, first: Four, count: int, recorded: bool) -> None:
        self.first = first
        self.count = count
        self.recorded = recorded
        self.mark: int = 0  # the latest sweep that has found no result among them still to be visited

    def nodes(self) -> list[Scalar | None]:
        """The Values; None in the place of a plain number."""
        found: list[Scalar | None] = []
        four: Four | None = self.first
        while four is not None:
            found += [four.a, four.b, four.c, four.d]
            four = four.more
        return found[: self.count]

    def numbers(self) -> list[float]:
        """The number of each."""
        found: list[float] = []
        four: Four | None = self.first
        while four is not None:
            found += [four.a_number, four.b_number, four.c_number, four.d_number]
            four = four.more
        return found[: self.count]

    def given(self) -> list[Any]:
        """The Values and the plain numbers, as they were given."""
        return [number if node is None else node for node, number in zip(self.nodes(), self.numbers(), strict=True)]

    def read(self) -> list[Value]:
        """The Values; a plain number as one of kind `"constant"`."""
        return [each if isinstance(each, Value) else constant(each) for each in self.given()]

    def renamed(self, memo: dict[int, Any]) -> Operands:
        """The same with the nodes that `memo` knows instead; from then on it is in `memo`, too."""
        twin = memo.get(id(self))
        if not isinstance(twin, Operands):
            nodes = [None if node is None else memo.get(id(node), node) for node in self.nodes()]
            memo[id(self)] = twin = beside(nodes, self.numbers())
        return twin

    def are_unchanged(self) -> bool:
        """Whether the Values have the numbers that were read."""
        four: Four | None = self.first
        while four is not None:
            if (
                has_changed(four.a, four.a_number)
                or has_changed(four.b, four.b_number)
                or has_changed(four.c, four.c_number)
                or has_changed(four.d, four.d_number)
            ):
                return False
            four = four.more
        return True


def has_changed(node: Scalar | None, number: float) -> bool:
    """Whether a leaf has another number now. (Of two zeros the sign may differ.)"""
    if node is None:
        return False
    now = node._data
    if number == 0.0:
        return now != 0.0 or (node.is_leaf and math.copysign(1.0, now) != math.copysign(1.0, number))
    return now != number


class Reading:
    """What `dot` leaves in a list that has a slot for it, to be found there the next time."""

    __slots__ = ("list", "operands")

    def __init__(self, xs: list[Any], operands: Operands | None) -> None:
        self.list = list(xs)
        self.operands = operands

    def holds(self, xs: list[Any]) -> bool:
        """Whether the list and the numbers in it are what they were."""
        operands = self.operands
        return operands is not None and self.list == xs and operands.are_unchanged()


def beside(nodes: list[Scalar | None], numbers: list[float]) -> Operands:
    """Operands and their numbers, at least one, in fours."""
    count = len(nodes)
    first = Four()
    four = first
    recorded = False
    for k, node in enumerate(nodes):
        place = k % 4
        if place == 0:
            if k:
                more = Four()
                four.more = more
                four = more
            four.a = node
            four.a_number = numbers[k]
        elif place == 1:
            four.b = node
            four.b_number = numbers[k]
        elif place == 2:
            four.c = node
            four.c_number = numbers[k]
        else:
            four.d = node
            four.d_number = numbers[k]
        recorded = recorded or node is not None
    return Operands(first, count, recorded)


def listed(xs: list[Any], what: str) -> Operands | None:
    """The operands in a list, at least one; None where one of them is a list, or another carrier's.

    Raises:
        OperandError: one of them is no number.
    """
    count = len(xs)
    first = Four()
    four = first
    recorded = False
    k = 0
    try:
        while True:
            x = xs[k]
            if isinstance(x, Value):
                four.a = x
                four.a_number = x._data
                recorded = True
            else:
                four.a_number = plain(x, what)
            if k + 1 < count:
                x = xs[k + 1]
                if isinstance(x, Value):
                    four.b = x
                    four.b_number = x._data
                    recorded = True
                else:
                    four.b_number = plain(x, what)
            if k + 2 < count:
                x = xs[k + 2]
                if isinstance(x, Value):
                    four.c = x
                    four.c_number = x._data
                    recorded = True
                else:
                    four.c_number = plain(x, what)
            if k + 3 < count:
                x = xs[k + 3]
                if isinstance(x, Value):
                    four.d = x
                    four.d_number = x._data
                    recorded = True
                else:
                    four.d_number = plain(x, what)
            k += 4
            if k >= count:
                return Operands(first, count, recorded)
            four.more = Four()
            four = four.more
    except Foreign:
        return None


class Foreign(Exception):
    """An operand is a list, or belongs to another carrier."""


def plain(x: object, what: str) -> float:
    """A plain number as a float."""
    if type(x) is float:
        return x
    if isinstance(x, (list, tuple)) or is_foreign(x):
        raise Foreign
    return to_float(x, what)


class Total(Result):
    """start + Σ x·y, or Σ x. In `dx` is the number of the start, in `dy` how many operands there are.

    Args:
        start: what is added to: a Value, a number, or None where the sum begins with its first term.
        xs: the first factors, or the summands.
        ys: the second factors, as many; None for a sum.
    """

    __slots__ = ("start", "starts", "xs", "ys")

    def __init__(self, start: Value | float | None, xs: Operands, ys: Operands | None) -> None:
        self.x = None
        self.y = None
        self.start: Scalar | None = start if isinstance(start, Value) else None
        self.starts: bool = start is not None
        self.dx: float = NOTHING if start is None else start._data if isinstance(start, Value) else start
        self.xs = xs
        self.ys = ys
        if ys is None:
            self.rule = SUM
            self.dy = float(xs.count + self.starts)
            self._data = total(xs, self.dx)
        else:
            self.rule = DOT
            self.dy = float(2 * xs.count + self.starts)
            self._data = total_of_products(xs, ys, self.dx)
        self._grad = 0.0
        self.mark = 0
        self.note = for_a_new_node()[0] if SPECIAL else MODE.note

    @property
    def operands(self) -> tuple[Value, ...]:
        """The start, if there is one, and the terms, of products both factors: x0, y0, x1, y1, ..."""
        found: list[Value] = self.xs.read()
        if self.ys is not None:
            found = [factor for pair in zip(found, self.ys.read(), strict=True) for factor in pair]
        if self.starts:
            found.insert(0, constant(self.dx) if self.start is None else value_of(self.start))
        return tuple(found)

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives in the order of `operands`; NaN for a constant operand."""
        return tuple([math.nan if local is None else local for local in self._locals()])

    def _locals(self) -> list[float | None]:
        """The local derivatives; None for a constant operand."""
        xs, ys = self.xs, self.ys
        found: list[float | None] = []
        if self.starts:
            found.append(None if self.start is None else 1.0)
        if ys is None:
            found += [None if x is None else 1.0 for x in xs.nodes()]
        else:
            others, numbers, own = ys.nodes(), ys.numbers(), xs.numbers()
            for k, x in enumerate(xs.nodes()):
                found += [None if x is None else numbers[k], None if others[k] is None else own[k]]
        return found

    def opened(self) -> Value:
        """The chain it stands for, link by link, with the gradients that backward would have left there.

        Its operands are those of this node; only the links are new.
        """
        with always_recording():
            whole: Value | None = None
            if self.starts:
                whole = constant(self.dx) if self.start is None else value_of(self.start)
            ys = None if self.ys is None else self.ys.read()
            for k, x in enumerate(self.xs.read()):
                term = x if ys is None else self._link(x * ys[k])
                whole = term if whole is None else self._link(whole + term)
        assert whole is not None
        whole.note = self.note
        return whole

    def _link(self, link: Value) -> Value:
        link._grad = self._grad
        link.mark = self.mark
        link.note = Note("", self.note.scope, self.note.source)
        return link

    def _pull(self, g: Any, operands: Any, wanted: Any, differentiable: bool) -> list[Any]:
        return self._each([None if w is None else g for w in wanted], operands, differentiable)

    def _push(self, tangents: list[Any], operands: Any, differentiable: bool) -> Any:
        whole: Any = None
        for term in self._each(tangents, operands, differentiable):
            if term is not None:
                whole = term if whole is None else whole + term
        return whole

    def _each(self, gs: list[Any], operands: Any, differentiable: bool) -> list[Any]:
        """For each operand g × the local derivative; None for no g, and for a plain number."""
        if differentiable:
            rule = self.rule
            return [None if g is None else times(g, rule.partial(k, operands, self)) for k, g in enumerate(gs)]
        locals = self._locals()
        return [None if g is None or locals[k] is None else g * locals[k] for k, g in enumerate(gs)]

    def _copied(self, memo: dict[int, Any]) -> Value:
        start, ys = self.start, self.ys
        begin: Any = self.dx if start is None else memo.get(id(start), start)
        twin = Total(begin if self.starts else None, self.xs.renamed(memo), None if ys is None else ys.renamed(memo))
        twin._data = self._data
        twin._grad = self._grad
        twin.dx = self.dx
        twin.note = self.note
        twin.mark = self.mark
        return twin

    # ---------------------------------------------------------------- what backward asks: see `results_below`

    def _reach(self, stack: list[Scalar], leaves: list[Scalar], done: int) -> bool:
        low = len(stack)
        visit(self.start, stack, leaves, done)
        xs, ys = self.xs, self.ys
        x: Four | None = xs.first if xs.mark < done else None
        y: Four | None = ys.first if ys is not None and ys.mark < done else None
        x_waits = y_waits = False  # whether a result among them is still to be visited
        while x is not None or y is not None:
            if x is not None and visit(x.a, stack, leaves, done):
                x_waits = True
            if y is not None and visit(y.a, stack, leaves, done):
                y_waits = True
            if x is not None and visit(x.b, stack, leaves, done):
                x_waits = True
            if y is not None and visit(y.b, stack, leaves, done):
                y_waits = True
            if x is not None and visit(x.c, stack, leaves, done):
                x_waits = True
            if y is not None and visit(y.c, stack, leaves, done):
                y_waits = True
            if x is not None and visit(x.d, stack, leaves, done):
                x_waits = True
            if y is not None and visit(y.d, stack, leaves, done):
                y_waits = True
            x = None if x is None else x.more
            y = None if y is None else y.more
        if not x_waits:
            xs.mark = done
        if ys is not None and not y_waits:
            ys.mark = done
        waits = len(stack) > low
        high = len(stack) - 1
        while low < high:  # the first operand comes to lie on top
            stack[low], stack[high] = stack[high], stack[low]
            low += 1
            high -= 1
        return waits

    def _pass_on(self) -> None:
        g = self._grad
        start = self.start
        if start is not None:
            start._grad += g
        x: Four | None = self.xs.first
        ys = self.ys
        if ys is None:
            while x is not None:
                if x.a is not None:
                    x.a._grad += g
                if x.b is not None:
                    x.b._grad += g
                if x.c is not None:
                    x.c._grad += g
                if x.d is not None:
                    x.d._grad += g
                x = x.more
            return
        y: Four | None = ys.first
        while x is not None and y is not None:
            if x.a is not None:
                x.a._grad += y.a_number * g
            if y.a is not None:
                y.a._grad += x.a_number * g
            if x.b is not None:
                x.b._grad += y.b_number * g
            if y.b is not None:
                y.b._grad += x.b_number * g
            if x.c is not None:
                x.c._grad += y.c_number * g
            if y.c is not None:
                y.c._grad += x.c_number * g
            if x.d is not None:
                x.d._grad += y.d_number * g
            if y.d is not None:
                y.d._grad += x.d_number * g
            x = x.more
            y = y.more


def visit(node: Scalar | None, stack: list[Scalar], leaves: list[Scalar], done: int) -> bool:
    """What `reach` does, if there is a node that has not been visited."""
    return node is not None and node.mark < done and reach(node, stack, leaves, done)


def total(xs: Operands, whole: float) -> float:
    """whole + Σ x, added up from the left."""
    x: Four | None = xs.first
    left = xs.count
    while x is not None:
        whole += x.a_number
        if left > 1:
            whole += x.b_number
        if left > 2:
            whole += x.c_number
        if left > 3:
            whole += x.d_number
        left -= 4
        x = x.more
    return whole


def total_of_products(xs: Operands, ys: Operands, whole: float) -> float:
    """whole + Σ x·y, added up from the left."""
    x: Four | None = xs.first
    y: Four | None = ys.first
    left = xs.count
    while x is not None and y is not None:
        whole += x.a_number * y.a_number
        if left > 1:
            whole += x.b_number * y.b_number
        if left > 2:
            whole += x.c_number * y.c_number
        if left > 3:
            whole += x.d_number * y.d_number
        left -= 4
        x = x.more
        y = y.more
    return whole


def value_of(node: Scalar) -> Value:
    """The same: every node of a graph is a Value."""
    assert isinstance(node, Value)
    return node


def link_by_link() -> bool:
    """Whether sums are recorded as chains just now: where every operation is looked at, or none is recorded."""
    return bool(SPECIAL) and (NOW.anomaly or NOW.paused or NOW.tracer is not None)
