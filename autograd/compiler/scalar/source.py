"""A program as Python a careful person could have written: names from labels, forward then backward, only numpy.

What is written is also what the numpy engine runs. The statements are written in `writer.py`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from ...core.table import TABLE
from ..names import Names
from ..program import CAPTURED, DIRECTION, LEARNED, LITERAL
from ..text import NUMPY, WIDTH, indented, listed, module, rows_of
from .helpers import helper_texts
from .plans import Plan
from .program import COUNT, INSIDE, LEAVES, REDUCE, SAMPLE, schedule
from .writer import Writer

DOCS: Final = {
    "value": "The {reduction} of the loss over a batch.",
    "value_and_grad": "The {reduction} of the loss over a batch, and its derivative to each number of theta.",
    "hvp": "The slope of the loss in the direction v, and its Hessian times v.",
    "hessian": "The {reduction} of the loss over a batch, and its Hessian, row after row.",
    "forward": "The outputs for every sample of a batch: one row for each output.",
}
TITLE: Final = "Written from a function of one sample: what it computes over a batch. Needs nothing but numpy."


def write_plan(plan: Plan) -> str:
    """The whole text of a module with one function, and the helpers it needs: it runs by itself."""
    program = plan.program
    given = zip(("theta", "captured", "v"), plan.numbers, strict=True)
    arguments = [*(name for name, count in given if count), *(leaf.name for leaf in plan.leaves)]
    writer = Writer(program, plan.outputs, Names([*arguments, *TABLE, plan.kind]))
    live = schedule(program, program.live(plan.outputs))
    unpack = _unpack(writer, plan, live)
    main = plan.outputs[0]
    if not plan.batched and main not in program.labels and program.args[main]:
        writer.wishes[main] = "slope" if plan.kind == "hvp" else "loss"
    writer.body(live, plan.boundary)
    if "# backward" in writer.lines:
        writer.lines.insert(0, "# forward")
    doc = DOCS[plan.kind].format(reduction=program.reduction)
    returned = _returned(plan, [writer.written[i][0] for i in plan.outputs])
    body = [f'"""{doc}"""', *unpack, *writer.lines, *([""] if writer.lines else []), *returned]
    helpers, imports = helper_texts(writer.helpers)
    function = "\n".join([f"def {plan.kind}({', '.join(arguments)}):", *indented(body)])
    return module(TITLE, [*imports, *NUMPY.imports], [*helpers, function])


def _returned(plan: Plan, texts: Sequence[str]) -> list[str]:
    if plan.kind == "value":
        return [f"return {texts[0]}"]
    if plan.batched:
        stages = plan.program.stages
        rows = [
            text if stages[i] == INSIDE else f"np.full(n, {text}, dtype=float)"
            for text, i in zip(texts, plan.outputs, strict=True)
        ]
        return listed("return np.array([", rows, "])")
    return listed(f"return {texts[0]}, np.array([", texts[1:], "], dtype=float)")


def _unpack(writer: Writer, plan: Plan, live: Sequence[int]) -> list[str]:
    """The lines that take theta, the captured numbers and the arrays of the batch apart."""
    program = plan.program
    leaves: dict[object, dict[int, int]] = {}
    for i in live:
        if program.ops[i] in LEAVES and program.ops[i] != LITERAL:
            leaves.setdefault(program.ops[i], {})[program.data[i]] = i
    lines: list[str] = []
    for (kind, argument), total in zip(
        ((LEARNED, "theta"), (CAPTURED, "captured"), (DIRECTION, "v")), plan.numbers, strict=True
    ):
        lines += _unpacked(writer, leaves.get(kind, {}), range(total), argument)
    start = 0
    for leaf in plan.leaves:
        size = math.prod(leaf.shape)
        places = {k: i for k, i in leaves.get(SAMPLE, {}).items() if start <= k < start + size}
        if leaf.shape == ():
            for i in places.values():
                writer.give(i, leaf.name)
        else:
            columns = f"{leaf.name}.T" if len(leaf.shape) == 1 else f"{leaf.name}.reshape(-1, {size}).T"
            lines += _unpacked(writer, places, range(start, start + size), columns)
        start += size
    if COUNT in leaves or plan.batched or (program.reduction == "mean" and any(program.ops[i] == REDUCE for i in live)):
        lines.append(f"n = len({plan.leaves[0].name})" if plan.leaves else "n = 1")
    return [*lines, ""] if lines else []


def _unpacked(writer: Writer, places: dict[int, int], wanted: range, argument: str) -> list[str]:
    if not places:
        return []
    for i in places.values():
        writer.leaf(i)
    names = [writer.written[places[k]][0] if k in places else "_" for k in wanted]
    line = f"{', '.join(names)}{',' if len(names) == 1 else ''} = {argument}"
    if len(line) <= WIDTH - 4:
        return [line]
    return ["(", *rows_of(names), f") = {argument}"]
