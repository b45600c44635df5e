"""A long plan run instruction by instruction: Python takes long to compile its text, which only many runs pay for.

The functions are those that the text calls, and what comes out is the same.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np

from ...core import table as rules
from ...core.rule import Rule
from ..executable import executable
from ..names import Names
from ..program import CAPTURED, COMPARISONS, DETACH, DIRECTION, LEARNED, LITERAL, WHERE
from ..text import NUMPY, BaseWriter, module
from .helpers import helper_texts
from .plans import Plan
from .program import COUNT, INSIDE, LEAVES, REDUCE, SAMPLE, Op, Program, schedule

Function = Callable[..., Any]
Step = tuple[Function, int, int, int, "list[int] | None", "list[int] | None"]
"""A function, the place of its result, those of two operands and of others, and what nobody needs any more."""

OPERATORS: Final[dict[Op, Function]] = {
    rules.add: operator.add, rules.subtract: operator.sub, rules.multiply: operator.mul, rules.divide: operator.truediv,
    rules.negative: operator.neg, rules.power: operator.pow, rules.remainder: operator.mod,
    rules.floor_divide: operator.floordiv, "and": operator.and_, "or": operator.or_, "not": np.logical_not,
    DETACH: lambda x: x,
}  # fmt: skip
OPERATORS.update(COMPARISONS)


def listed(plan: Plan, live: Sequence[int], owner: object) -> Function:
    """The live instructions of a plan as a function of what its text takes: theta and the like, arrays of a batch."""
    program = plan.program
    leaves = [i for i in live if program.ops[i] in LEAVES]
    steps = _steps(plan, schedule(program, list(live)), _functions(program, live, owner))
    names = [name for name, count in zip((LEARNED, CAPTURED, DIRECTION), plan.numbers, strict=True) if count]

    def run(*given: Any) -> Any:
        arrays = given[len(names) :]
        n = len(arrays[0]) if arrays else 1
        numbers: dict[Any, Any] = dict(zip(names, given, strict=False))
        numbers[SAMPLE] = [row for array in arrays for row in array.reshape(n, -1).T]
        found: list[Any] = [None] * len(program)
        for i in leaves:
            op = program.ops[i]
            found[i] = program.numbers[i] if op == LITERAL else n if op == COUNT else numbers[op][program.data[i]]
        for function, place, x, y, others, over in steps:  # the commonest without a list of operands
            if y < 0:
                found[place] = function(found[x])
            elif others is None:
                found[place] = function(found[x], found[y])
            else:
                found[place] = function(found[x], found[y], *[found[k] for k in others])
            if over is not None:
                for k in over:
                    found[k] = None
        outputs = [found[i] for i in plan.outputs]
        if plan.kind == "value":
            return outputs[0]
        if plan.batched:
            return np.array([np.broadcast_to(np.asarray(row, float), n) for row in outputs])
        return outputs[0], np.array(outputs[1:], dtype=float)

    return run


def _steps(plan: Plan, live: Sequence[int], functions: dict[Op, Function]) -> list[Step]:
    program, ops, args, stages = plan.program, plan.program.ops, plan.program.args, plan.program.stages
    uses = Counter(arg for i in live for arg in args[i])
    uses.update(plan.outputs)
    products = {  # the mean of x * y is x @ y / n, as in the text
        args[i][0]: i for i in live if ops[i] == REDUCE and uses[args[i][0]] == 1 and ops[args[i][0]] is rules.multiply
        and all(stages[k] == INSIDE for k in args[args[i][0]])
    }  # fmt: skip
    last = {arg: products.get(i, i) for i in live for arg in args[i]}
    over: dict[int, list[int]] = {}
    for k, i in last.items():
        if stages[k] == INSIDE and args[k] and k not in plan.outputs:  # a vector
            over.setdefault(i, []).append(k)
    reduced = _means if program.reduction == "mean" else _sums
    steps: list[Step] = []
    for i in live:
        op, operands = ops[i], args[i]
        if not operands or i in products:
            continue
        if op == REDUCE:
            operands = args[operands[0]] if operands[0] in products else operands
            function: Function = reduced
        elif op == WHERE:
            function = np.where if stages[i] == INSIDE else _choice
        else:
            function = functions[op]
        x, y, *others = (*operands, -1)[: max(len(operands), 2)]
        steps.append((function, i, x, y, others or None, over.get(i)))
    return steps


def _functions(program: Program, live: Iterable[int], owner: object) -> dict[Op, Function]:
    """What computes each operation: an operator, or what a text would call."""
    wanted = [op for op in {program.ops[i] for i in live} if isinstance(op, Rule) and op not in OPERATORS]
    writer = BaseWriter(program, (), Names(rules.TABLE))
    listing = f"def functions():\n    return [{', '.join(map(writer.function, wanted))}]"
    texts, imports = helper_texts(writer.helpers)
    made = executable(
        module("What a program calls.", [*imports, *NUMPY.imports], [*texts, listing]), "functions", owner
    )
    return {**OPERATORS, **dict(zip(wanted, made(), strict=True))}


def _sums(x: Any, y: Any = None) -> Any:
    return x.sum() if y is None else x @ y


def _means(x: Any, y: Any = None) -> Any:
    return _sums(x, y) / len(x)


def _choice(condition: Any, x: Any, y: Any) -> Any:
    return x if condition else y
