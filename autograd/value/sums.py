"""`Chain`, a sum of products kept as one node until somebody looks at it: start + x0 * y0 + x1 * y1 + ...

To whoever asks for its operands it is an addition like any other, of what comes before the last product and of that
product, and so on down: it unfolds, once, into the nodes that `+` and `*` would have recorded. Until then, and for most
it is never, the operands lie beside one another with their numbers; a row of them is shared by all sums that have it.
So a training step records a tenth of the nodes. The number is that of the unfolded chain, bit for bit.

Compiled by mypyc in wheels, plain Python elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..carrier import Note
from ..core.rule import Rule
from ..mode import ADDING, MODE, SPECIAL, for_a_new_node
from .operands import is_foreign, to_float
from .reading import Scalar
from .value import ADD, MULTIPLY, Result, Value, blank, reach

if TYPE_CHECKING:
    from mypy_extensions import i64  # an int that mypyc keeps in a machine word

NOTHING: Final = -0.0
"""What a sum without a start begins with: unlike 0.0 it leaves every first term as it is, also -0.0."""


class Four:
    """Up to four operands in a row, and the next four; None in the place of a plain number, and where there is none.

    Why four at a time: an attribute of a compiled object is read at once, an element of a list is looked at first, and
    a number in a list is an object of its own.
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


class Row:
    """Operands beside one another, with the numbers they had when they were read. Never changed, often shared.

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


class Foreign(Exception):
    """An operand is a list, or belongs to another carrier."""


def row_of(xs: list[object]) -> Row | None:
    """The operands in a list, at least one; None where one of them is a list, or another carrier's.

    Raises:
        OperandError: one of them is no number.
    """
    count: i64 = len(xs)
    first = Four()
    four = first
    recorded = False
    k: i64 = 0
    try:
        while True:
            x = xs[k]
            if isinstance(x, Value):
                four.a = x
                four.a_number = x._data
                recorded = True
            else:
                four.a_number = plain(x)
            if k + 1 < count:
                x = xs[k + 1]
                if isinstance(x, Value):
                    four.b = x
                    four.b_number = x._data
                    recorded = True
                else:
                    four.b_number = plain(x)
            if k + 2 < count:
                x = xs[k + 2]
                if isinstance(x, Value):
                    four.c = x
                    four.c_number = x._data
                    recorded = True
                else:
                    four.c_number = plain(x)
            if k + 3 < count:
                x = xs[k + 3]
                if isinstance(x, Value):
                    four.d = x
                    four.d_number = x._data
                    recorded = True
                else:
                    four.d_number = plain(x)
            k += 4
            if k >= count:
                return Row(first, count, recorded)
            four.more = Four()
            four = four.more
    except Foreign:
        return None


def plain(x: object) -> float:
    """A plain number as a float."""
    if type(x) is float:
        return x
    if isinstance(x, (list, tuple)) or is_foreign(x):
        raise Foreign
    return to_float(x, "an operand of dot")


class Chain(Result):
    """start + Σ x·y, folded: `x` and `y` are None, and `dy` is how many products there are.

    Args:
        start: what is added to: a Value, a number, or None where the sum begins with its first product.
        xs: the first factors.
        ys: the second factors, as many.
    """

    __slots__ = ("begin", "start", "starts", "xs", "ys")

    def __init__(self, start: Value | float | None, xs: Row, ys: Row) -> None:
        self.x = None
        self.y = None
        self.start: Scalar | None = start if isinstance(start, Value) else None
        self.starts: bool = start is not None
        self.begin: float = NOTHING if start is None else start._data if isinstance(start, Value) else start
        self.dx = 0.0
        self.dy = float(xs.count)
        self.xs: Row | None = xs
        self.ys: Row | None = ys
        self.rule = ADD
        self._data = total(xs, ys, self.begin)
        self._grad = 0.0
        self.mark = 0
        self.note = for_a_new_node()[0] if SPECIAL else MODE.note

    def _unfold(self) -> None:
        if self.xs is not None:
            with ADDING:  # not while another thread sweeps
                self._unfold_now()

    def _unfold_now(self) -> None:
        xs, ys = self.xs, self.ys
        if xs is None or ys is None:  # another thread was quicker
            return
        x_nodes, x_numbers, y_nodes, y_numbers = xs.nodes(), xs.numbers(), ys.nodes(), ys.numbers()
        begun = self.starts
        whole: Scalar | None = self.start
        number = self.begin
        last = xs.count - 1
        for k in range(last + 1):
            x, a, y, b = x_nodes[k], x_numbers[k], y_nodes[k], y_numbers[k]
            product: Scalar | None = None
            if x is not None or y is not None:
                product = link(self, MULTIPLY, a * b, x, a if x is None else b, y, b if y is None else a)
            dx = number if whole is None else 1.0
            dy = a * b if product is None else 1.0
            if k == last:  # the node itself
                self.x, self.dx = whole, dx
                self.y, self.dy = product, dy
                self.start = self.xs = self.ys = None
            elif not begun:
                begun = True
                whole, number = product, a * b
            else:
                number += a * b
                if whole is not None or product is not None:
                    whole = link(self, ADD, number, whole, dx, product, dy)

    # ------------------------------------------------------------- what backward asks while it is folded

    def _reach(self, stack: list[Result], done: int) -> bool:
        xs, ys = self.xs, self.ys
        assert xs is not None
        assert ys is not None
        low = len(stack)
        visit(self.start, stack, done)
        x: Four | None = xs.first if xs.mark < done else None
        y: Four | None = ys.first if ys.mark < done else None
        x_waits = y_waits = False  # whether a result among them is still to be visited
        while x is not None or y is not None:
            if x is not None and visit(x.a, stack, done):
                x_waits = True
            if y is not None and visit(y.a, stack, done):
                y_waits = True
            if x is not None and visit(x.b, stack, done):
                x_waits = True
            if y is not None and visit(y.b, stack, done):
                y_waits = True
            if x is not None and visit(x.c, stack, done):
                x_waits = True
            if y is not None and visit(y.c, stack, done):
                y_waits = True
            if x is not None and visit(x.d, stack, done):
                x_waits = True
            if y is not None and visit(y.d, stack, done):
                y_waits = True
            x = None if x is None else x.more
            y = None if y is None else y.more
        if not x_waits:
            xs.mark = done
        if not y_waits:
            ys.mark = done
        waits = len(stack) > low
        high = len(stack) - 1
        while low < high:  # the first operand comes to lie on top
            stack[low], stack[high] = stack[high], stack[low]
            low += 1
            high -= 1
        return waits

    def _nodes(self) -> list[Scalar | None]:
        xs, ys = self.xs, self.ys
        return [self.x, self.y] if xs is None or ys is None else [self.start, *xs.nodes(), *ys.nodes()]

    def _pass_on(self) -> None:
        xs, ys = self.xs, self.ys
        assert xs is not None
        assert ys is not None
        g = self._grad
        start = self.start
        if start is not None:
            start._grad += g
        x: Four | None = xs.first
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


def link(whole: Chain, rule: Rule, data: float, x: Scalar | None, dx: float, y: Scalar | None, dy: float) -> Result:
    """A node of a chain that has been unfolded. Its gradient is that of the whole, as it is for every term of a sum."""
    made = blank()
    made._data = data
    made._grad = whole._grad
    made.x = x
    made.dx = dx
    made.y = y
    made.dy = dy
    made.rule = rule
    made.mark = whole.mark
    made.note = Note("", whole.note.scope, whole.note.source) if whole.note.label else whole.note
    return made


def visit(node: Scalar | None, stack: list[Result], done: int) -> bool:
    """What `reach` does, if there is a node that has not been visited."""
    return node is not None and node.mark < done and reach(node, stack, done)


def total(xs: Row, ys: Row, whole: float) -> float:
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
