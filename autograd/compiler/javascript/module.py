"""A plan as an ES module: one exported function that loops over the samples of a batch, and the helpers that it needs.

    import { valueAndGrad } from "./step.mjs";
    const { loss, gradient } = valueAndGrad(theta, x, y);     // arrays of numbers, typed or not

The numbers of a batch lie row after row. The text depends on nothing and evaluates nothing: in a page it can stand in
an inline script whose hash is in the Content-Security-Policy (leave the word `export` out there), and needs neither
`unsafe-inline` nor `unsafe-eval`. It is derived exactly (see `../derive.py`): selecting a single number costs little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...core import table as rules
from ...core.table import TABLE
from ...formula import LEVEL
from ..batch import Leaf
from ..names import Names
from ..program import CAPTURED, DIRECTION, LEARNED, LITERAL
from ..scalar.helpers import helper_texts
from ..scalar.plans import Plan
from ..scalar.program import AFTER, BEFORE, INSIDE, LEAVES, REDUCE, SAMPLE, schedule
from ..scalar.source import DOCS
from ..scalar.writer import Writer
from ..text import Written, listed, rows_of
from .dialect import JAVASCRIPT

FUNCTIONS: Final = {
    "value": "value", "value_and_grad": "valueAndGrad", "hvp": "hvp", "hessian": "hessian", "forward": "forward",
}  # fmt: skip


@dataclass
class StageWriter(Writer):
    """Writes what runs before the loop over the samples, inside it, and after it.

    Args:
        crossing: the instructions that a later stage uses: they keep their names.
        sums: the names of what is added up in the loop.
        added: the lines that add.
    """

    live: Sequence[int] = ()
    crossing: frozenset[int] = frozenset()
    sums: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)

    def prepare(self, live: Sequence[int]) -> None:
        """Count the uses in all stages."""
        super().prepare(self.live)

    def is_inline(self, i: int, text: str) -> bool:
        """Whether the expression stands where it is used, which must be in the same stage."""
        return i not in self.crossing and super().is_inline(i, text)

    def expression(self, i: int) -> Written:
        """The text of an instruction; small whole powers are products."""
        op, args = self.program.ops[i], self.program.args[i]
        if op is rules.power and args[0] in self.known and self.program.numbers.get(args[1]) in (2.0, 3.0):
            return " * ".join([self.known[args[0]]] * int(self.program.numbers[args[1]])), LEVEL["*"]
        return super().expression(i)

    def _dropped(self, lines: list[str]) -> list[str]:
        """JavaScript has no `del`: what a long program no longer needs ends with each sample."""
        return lines

    def special(self, i: int) -> bool:
        """A sum over the batch is added up sample by sample."""
        if self.program.ops[i] != REDUCE:
            return False
        name = self.name(i)
        self.sums.append(name)
        comment = self.comment(i)
        self.lines.append(
            f"{name} += {self.written[self.program.args[i][0]][0]};" + (f" // {comment}" if comment else "")
        )
        return True


def write_module(plan: Plan) -> str:
    """The text of the module."""
    program = plan.program
    live = schedule(program, program.live(plan.outputs))
    given = [name for name, count in zip(("theta", "captured", "v"), plan.numbers, strict=True) if count]
    arguments = [*given, *(leaf.name for leaf in plan.leaves)]
    name = FUNCTIONS[plan.kind]
    taken = [*arguments, *TABLE, *FUNCTIONS.values(), *JAVASCRIPT.reserved, "outputs"]
    writer = StageWriter(program, plan.outputs, Names(taken), JAVASCRIPT, live=live)
    main = plan.outputs[0]
    if not plan.batched and main not in program.labels and program.args[main]:
        writer.wishes[main] = "slope" if plan.kind == "hvp" else "loss"
    writer.crossing = frozenset(
        arg for i in live for arg in program.args[i] if _stage(plan, arg) != _stage(plan, i)
    ) | frozenset(plan.outputs)
    stages: dict[int, list[str]] = {}
    for stage in (BEFORE, INSIDE, AFTER):
        writer.lines = _leaves(writer, plan, [i for i in live if program.ops[i] in LEAVES], stage)
        writer.body([i for i in live if _stage(plan, i) == stage and program.ops[i] not in LEAVES], plan.boundary)
        stages[stage] = writer.lines
    body = _assembled(writer, plan, stages)
    helpers, _ = helper_texts(writer.helpers, JAVASCRIPT)
    doc = f"// {DOCS[plan.kind].format(reduction=program.reduction)}"
    function = "\n".join([doc, f"export function {name}({', '.join(arguments)}) {{", *body, "}"])
    title = "// Written from a function of one sample. Needs nothing; the numbers of a batch lie row after row."
    return "\n\n".join([title, *helpers, function]) + "\n"


def _stage(plan: Plan, i: int) -> int:
    """When an instruction runs; sums over the batch belong to the loop."""
    program = plan.program
    return INSIDE if program.ops[i] == REDUCE else program.stages[i]


def _leaves(writer: StageWriter, plan: Plan, leaves: Sequence[int], stage: int) -> list[str]:
    """The statements that name the numbers from outside."""
    program = plan.program
    lines: list[str] = []
    by_kind: dict[Any, dict[int, int]] = {}
    for i in leaves:
        by_kind.setdefault(program.ops[i], {})[program.data[i]] = i
        if program.ops[i] == LITERAL or program.ops[i] == "count":
            writer.leaf(i)
    if stage == BEFORE:
        for kind, argument in ((LEARNED, "theta"), (CAPTURED, "captured"), (DIRECTION, "v")):
            lines += _destructured(writer, by_kind.get(kind, {}), argument)
    if stage == INSIDE:
        start = 0
        for leaf in plan.leaves:
            size = math.prod(leaf.shape)
            for k in range(size):
                if start + k in by_kind.get(SAMPLE, {}):
                    i = by_kind[SAMPLE][start + k]
                    wish = f"{leaf.name}_i" if leaf.shape == () else program.labels.get(i, leaf.name)
                    writer.give(i, writer.names.unique(wish))
                    lines += JAVASCRIPT.statement(writer.known[i], _element(leaf, size, k))
            start += size
    return lines


def _element(leaf: Leaf, size: int, k: int) -> str:
    place = "i" if size == 1 else f"{size} * i" + (f" + {k}" if k else "")
    return f"{leaf.name}[{place}]"


def _destructured(writer: StageWriter, places: dict[int, int], argument: str) -> list[str]:
    if not places:
        return []
    for i in places.values():
        writer.leaf(i)
    names = [writer.known[places[k]] if k in places else "" for k in range(max(places) + 1)]
    return listed("const [", names, f"] = {argument};")


def _assembled(writer: StageWriter, plan: Plan, stages: dict[int, list[str]]) -> list[str]:
    """The body of the function."""
    program, outputs = plan.program, [writer.written[i][0] for i in plan.outputs]
    first = next((leaf for leaf in plan.leaves if math.prod(leaf.shape)), None)
    size = math.prod(first.shape) if first is not None else 1
    count = "1" if first is None else f"{first.name}.length" + (f" / {size}" if size != 1 else "")
    lines = [f"const n = {count};", *stages[BEFORE]]
    inside = list(stages[INSIDE])
    if plan.batched:
        lines.append(f"const outputs = new Float64Array({len(outputs)} * n);")
        inside += [f"outputs[{len(outputs)} * i + {k}] = {text};" for k, text in enumerate(outputs)]
    if writer.sums:
        lines += [f"let {row.strip(' ,')};" for row in rows_of([f"{name} = 0" for name in writer.sums])]
    if inside:
        lines += ["for (let i = 0; i < n; i++) {", *(f"  {line}" if line else "" for line in inside), "}"]
    if writer.sums and program.reduction == "mean":
        lines += [f"{name} /= n;" for name in writer.sums]
    lines += stages[AFTER]
    if plan.batched:
        lines.append("return outputs;")
    elif plan.kind == "value":
        lines.append(f"return {outputs[0]};")
    else:
        lines += listed(f"return {{ loss: {outputs[0]}, gradient: Float64Array.of(", outputs[1:], ") };")
    return [f"  {line}" if line else "" for line in lines]
