"""What a row of the table is: a primitive, its value and its derivative, each written once in ordinary arithmetic."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import OperandError
from ..numbers.functions import checked_partials, machine
from ..system.quiet import quietly

Formula = Callable[..., Any]


class Rule:
    """One row: a primitive, which is also the public function that applies it.

    Args:
        name: numpy's name for it where numpy has one.
        value: the formula, a function of the operands.
        partials: one formula per operand. Each names what it needs among the operands and `out`, the result. A 0 that
            is written out, alone or as a side of `where`, states that nothing passes: see `reverse.py`.
        symbol: how it is written between its operands, if it is (`+`, `*`).
        commutative: the operands may be exchanged.
        intrinsic: the value is a function of the machine (exp, tanh), not a formula of other rows.
        c: what C's math library calls it; "" where it has no such function.
        formula: for an intrinsic that some machine lacks: the same, written in other rows.
        kinks: points of the first operand (of `maximum` and `minimum`: of x - y) where the value or its slope jumps.
        defaults: values of the last operands when they are left out.
        doc: one phrase.

    >>> from autograd import tanh
    >>> tanh(0.5)
    0.46211715726000974
    >>> tanh.partial(0, (0.5,), tanh(0.5))
    0.7864477329659274
    """

    def __init__(
        self, name: str, value: Formula, *partials: Formula, symbol: str = "", commutative: bool = False,
        intrinsic: bool = False, c: str = "", formula: Formula | None = None, kinks: tuple[float, ...] = (),
        defaults: tuple[float, ...] = (), doc: str = "",
    ) -> None:  # fmt: skip
        self.name, self.value, self.partials, self.symbol, self.doc = name, value, partials, symbol, doc
        self.commutative, self.intrinsic, self.c, self.kinks, self.defaults = commutative, intrinsic, c, kinks, defaults
        self.formula = formula if intrinsic else value
        self.operands = ("x", "y")[: len(partials)] if intrinsic else tuple(inspect.signature(value).parameters)
        self.arity = len(self.operands)
        self.on_arrays = getattr(value, "on_arrays", value)  # the same, where arrays are given
        wanted = checked_partials(name, self.operands, partials)
        self.wants = [tuple((*self.operands, "out").index(name) for name in names) for names in wanted]
        self.__doc__ = f"{name}({', '.join(self.operands)}): {doc}"

    def partial(self, index: int, operands: Sequence[Any], out: Any) -> Any:
        """The derivative to operand `index`, computed in whatever kind of number the operands are."""
        known = (*operands, out)
        given = [known[place] for place in self.wants[index]]
        try:
            return self.partials[index](*given)
        except (ZeroDivisionError, OverflowError):
            return _ieee(self.partials[index], given)

    def __call__(self, *operands: Any) -> Any:
        """Apply it: a carrier among the operands (`Value`, `Tensor`, a symbol) is asked; else plain numbers.

        Raises:
            OperandError: the number of operands is wrong.
        """
        missing = self.arity - len(operands)
        if 0 < missing <= len(self.defaults):
            operands += self.defaults[-missing:]
        elif missing:
            raise OperandError(f"{self.name}() takes {self.arity} operands, got {len(operands)}")
        for operand in operands:
            carrier = getattr(operand, "_apply", None)
            if carrier is not None:
                return carrier(self, operands)
        for operand in operands:
            if isinstance(operand, np.ndarray) and operand.dtype == object:  # an array of Values: each by itself
                return self.each(*operands)
        try:
            return self.value(*operands)
        except (ZeroDivisionError, OverflowError):
            return _ieee(self.value, operands)

    def each(self, *operands: Any) -> Any:
        """Apply it to the elements of object arrays one by one, broadcasting as numpy does."""
        ufunc: Any = np.frompyfunc(self, self.arity, 1)
        return ufunc(*operands)

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.operands)})>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        return self.name  # rows are module constants: copied and pickled by name


Rule.__call__.__qualname__ = "a primitive"  # what Python's own messages call it


def intrinsic(name: str, *partials: Formula, c: str | None = None, **options: Any) -> Rule:
    """A row whose value is a function of the machine: numpy's for arrays, C's for floats."""
    c = name if c is None else c
    return Rule(name, machine(name, c, "formula" in options), *partials, intrinsic=True, c=c, **options)


def _ieee(formula: Formula, operands: Sequence[Any]) -> Any:
    """The formula where Python's floats raise (1 / 0, an overflow of **): as IEEE 754 and numpy compute it.

    In numpy's floats, not in arrays: `where` chooses one side then, and a 0 that the table states stays one.
    """
    out = quietly(formula, *map(np.float64, operands))
    return out if type(out) is int else float(out)
