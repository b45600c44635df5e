"""A program as Python a careful person could have written: names from labels, forward then backward, only numpy.

The numbers of a sample are vectors over the batch here, everything else is a plain number. What is written is also what
the numpy engine runs, and the helper functions it needs (`sigmoid`, ...) are printed from the table by the same code.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..core import table as rules
from ..core.rule import Rule
from ..core.table import TABLE
from ..formula import LEVEL, infix, number
from .names import Names, name_of
from .plan import Plan
from .program import (
    CAPTURED,
    COMPARISONS,
    CONSTANT,
    COUNT,
    DETACH,
    DIRECTION,
    INSIDE,
    LEAVES,
    PARAMETER,
    REDUCE,
    SAMPLE,
    WHERE,
    Program,
    schedule,
)
from .traced import Recorder

Written = tuple[str, int]
"""A text, and the level at which it binds."""

WIDTH: Final = 116
LONGEST: Final = 420  # characters of one expression; what is longer gets a name in between
LONG: Final = 2000  # instructions; a longer program drops what it no longer needs
ATOM: Final = LEVEL["atom"]
LOOSE: Final = LEVEL["compare"]
COMMENTS: Final = {**dict.fromkeys(COMPARISONS, "compare")}
WITHOUT_NUMPY: Final = ("erf", "erfc")


@dataclass
class Writer:
    """Writes one function."""

    program: Program
    outputs: Sequence[int]
    names: Names = field(default_factory=Names)
    helpers: dict[Rule, str] = field(default_factory=dict)
    written: dict[int, Written] = field(default_factory=dict)
    known: dict[int, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    wishes: dict[int, str] = field(default_factory=dict)
    kept: frozenset[int] = frozenset()
    comments: bool = True

    def body(self, live: Sequence[int], boundary: int, name_outputs: bool = True) -> None:
        """The statements for the live instructions; those from `boundary` on are the backward part."""
        self.kept = frozenset(self.outputs)
        uses = self._uses(live)
        start = len(self.lines)
        section = "forward"
        for i in live:
            if self.program.ops[i] in LEAVES:
                self.leaf(i)
                continue
            if i >= boundary and section == "forward":
                self.lines += ["", "# backward"]
                section = "backward"
            text, level = self._expression(i)
            if self._inline(i, uses, text, name_outputs):
                self.written[i] = (text, level)
                continue
            name = self._name(i)
            self.written[i] = (name, ATOM)
            self.lines += statement(name, text, self._comment(i))
        if len(live) > LONG:
            self.lines[start:] = self._dropped(self.lines[start:])

    def leaf(self, i: int) -> None:
        program = self.program
        if program.ops[i] == CONSTANT:
            value = program.numbers[i]
            text = str(value) if isinstance(value, bool) else constant(value)
            self.written[i] = (text, LEVEL["neg"] if text.startswith("-") else ATOM)
        elif program.ops[i] == COUNT:
            self.written[i] = ("n", ATOM)
        elif i not in self.written:
            self.known[i] = name_of(program, i, self.names, self.known)
            self.written[i] = (self.known[i], ATOM)

    def _uses(self, live: Sequence[int]) -> dict[int, int]:
        uses: dict[int, int] = {}
        for i in live:
            for arg in self.program.args[i]:
                uses[arg] = uses.get(arg, 0) + 1
        return uses

    def _dropped(self, lines: list[str]) -> list[str]:
        """The lines with `del` where a vector is used for the last time: a long program would hold them all."""
        vectors = {
            name
            for i, name in self.known.items()
            if self.program.stages[i] == INSIDE and self.program.args[i] and i not in self.kept
        }
        last = {word: k for k, line in enumerate(lines) for word in re.findall(r"\w+", line.partition("  #")[0])}
        ends = dict(enumerate(lines))
        for name in vectors:
            k = last[name]
            while not lines[k][:1].isidentifier() and lines[k] != ")":
                k += 1  # the end of a statement over several lines
            ends[k] += f"\ndel {name}"
        return "\n".join(ends.values()).split("\n")

    def _inline(self, i: int, uses: dict[int, int], text: str, name_outputs: bool) -> bool:
        """Whether the expression may stand where it is used, without a name: a factor, a term, used once."""
        program, op = self.program, self.program.ops[i]
        if i in program.labels or (i in self.kept and name_outputs) or len(text) > LONGEST:
            return False
        if i in self.kept or (program.is_condition(i) and uses[i] == 1):
            return True
        if i in program.cotangents or uses[i] != 1:
            return op is rules.negative and len(text) < 30 and i not in program.cotangents
        return (isinstance(op, Rule) and bool(op.symbol)) or (op == WHERE and self._is_mask(i))

    def _comment(self, i: int) -> str:
        if not self.comments:
            return ""
        op = self.program.ops[i]
        name = op.name if isinstance(op, Rule) else COMMENTS.get(op, op)
        if op == REDUCE:
            name = f"{self.program.reduction} over the batch"
        of = self.program.cotangents.get(i)
        return name if of not in self.known or of == i else f"{name}: ∂loss/∂{self.known[of]}"

    def _expression(self, i: int) -> Written:
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        operands = [self.written[arg] for arg in args]
        if isinstance(op, Rule):
            if op is rules.multiply:
                self._mask(args, operands)
            if op.symbol:
                return infix(op.symbol, operands)
            for k, arg in enumerate(args):  # z = w * x + b; a = sigmoid(z): the sum gets its name
                if program.ops[arg] in (rules.add, rules.subtract) and arg not in self.known and program.args[arg]:
                    operands[k] = self._named(arg)
            return f"{self._function(op)}({', '.join(text for text, _ in operands)})", ATOM
        if op == REDUCE:
            return self._reduced(args[0])
        if op == WHERE and program.stages[i] != INSIDE:
            condition, x, y = map(self._closed, operands)
            return f"{x} if {condition} else {y}", LOOSE
        if op == WHERE:
            return f"np.where({', '.join(text for text, _ in operands)})", ATOM
        if op in COMPARISONS:
            return f"{self._closed(operands[0])} {op} {self._closed(operands[1])}", LOOSE
        if op == DETACH:
            return operands[0]
        texts = [text if level == ATOM else f"({text})" for text, level in operands]
        return (
            (f"np.logical_not({operands[0][0]})", ATOM)
            if op == "not"
            else (
                f"{texts[0]} {'&' if op == 'and' else '|'} {texts[1]}",
                LOOSE,
            )
        )

    def _named(self, i: int) -> Written:
        text, _ = self.written[i]
        name = self._name(i)
        self.lines += statement(name, text, self._comment(i))
        self.written[i] = (name, ATOM)
        return self.written[i]

    def _name(self, i: int) -> str:
        wish = self.wishes.get(i)
        self.known[i] = self.names.unique(wish) if wish else name_of(self.program, i, self.names, self.known)
        return self.known[i]

    def _is_mask(self, i: int) -> bool:
        """Whether it is where(condition, 1, 0), one per sample."""
        if self.program.ops[i] != WHERE or self.program.stages[i] != INSIDE:
            return False
        _, x, y = self.program.args[i]
        return self.program.is_number(x, 1.0) and self.program.is_number(y, 0.0)

    def _mask(self, args: Sequence[int], operands: list[Written]) -> None:
        """As a factor, where(z > 0, 1, 0) is written (z > 0): numpy takes True for 1."""
        masks = [k for k, arg in enumerate(args) if self._is_mask(arg) and arg not in self.known]
        if len(masks) == 1:
            condition = self.written[self.program.args[args[masks[0]]][0]]
            operands[masks[0]] = (f"({condition[0]})" if condition[1] != ATOM else condition[0], ATOM)

    def _reduced(self, arg: int) -> Written:
        program = self.program
        x, y = program.args[arg] if program.ops[arg] is rules.multiply else (0, 0)
        inline = (
            program.ops[arg] is rules.multiply
            and arg not in self.known
            and program.stages[x] == program.stages[y] == INSIDE
        )
        if inline:
            total = "{} @ {}".format(
                *(text if level > LEVEL["*"] else f"({text})" for text, level in (self.written[x], self.written[y]))
            )
        else:
            whole, level = self.written[arg]
            total = f"{whole if level == ATOM else f'({whole})'}.sum()"
        if program.reduction == "sum":
            return total, LEVEL["*"]
        return f"{total} / n", LEVEL["/"]

    @staticmethod
    def _closed(operand: Written) -> str:
        return operand[0] if operand[1] > LOOSE else f"({operand[0]})"

    def _function(self, rule: Rule) -> str:
        if rule.intrinsic and TABLE.get(rule.name) is rule and rule.name not in WITHOUT_NUMPY:
            return f"np.{rule.name}"
        if rule not in self.helpers:
            self.helpers[rule] = rule.name if TABLE.get(rule.name) is rule else self.names.unique(rule.name)
        return self.helpers[rule]


def constant(value: float) -> str:
    """A constant as Python text: 2 rather than 2.0, and np.inf."""
    if value != value:
        return "np.nan"
    if value in (float("inf"), -float("inf")):
        return "np.inf" if value > 0 else "-np.inf"
    return number(value)


def statement(name: str, text: str, comment: str) -> list[str]:
    """`name = text  # comment`, over several lines where it is long."""
    line = f"{name} = {text}"
    if len(line) + len(comment) + 4 <= WIDTH - 4:
        return [f"{line}  # {comment}" if comment else line]
    if len(line) <= WIDTH - 4:
        return [f"# {comment}", line]
    rows = textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [f"{name} = (  # {comment}", *(f"    {row}" for row in rows), ")"]


DOCS: Final = {
    "value": "The {reduction} of the loss over a batch.",
    "value_and_grad": "The {reduction} of the loss over a batch, and its derivative to each number of theta.",
    "hvp": "The slope of the loss in the direction v, and its Hessian times v.",
    "hessian": "The {reduction} of the loss over a batch, and its Hessian, row after row.",
    "forward": "The outputs for every sample of a batch: one row for each output.",
}


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
    helpers, imports = helper_text(writer.helpers)
    head = f"def {plan.kind}({', '.join(arguments)}):"
    function = "\n".join([head, *(f"    {line}" if line else "" for line in body)])
    title = '"""Written from a function of one sample: what it computes over a batch. Needs nothing but numpy."""'
    return "\n\n\n".join(["\n".join([title, "", *imports, "import numpy as np"]), *helpers, function]) + "\n"


def _returned(plan: Plan, texts: Sequence[str]) -> list[str]:
    if plan.kind == "value":
        return [f"return {texts[0]}"]
    if plan.batched:
        stages = plan.program.stages
        rows = [
            text if stages[i] == INSIDE else f"np.full(n, {text}, dtype=float)"
            for text, i in zip(texts, plan.outputs, strict=True)
        ]
        return _listed("return np.array([", rows, "])")
    return _listed(f"return {texts[0]}, np.array([", texts[1:], "], dtype=float)")


def _listed(head: str, items: Sequence[str], tail: str) -> list[str]:
    line = f"{head}{', '.join(items)}{tail}"
    if len(line) <= WIDTH - 4:
        return [line]
    return [head, *_rows(items), tail]


def _rows(items: Sequence[str]) -> list[str]:
    """Items separated by commas, in indented lines."""
    rows: list[str] = []
    for item in items:
        if rows and len(rows[-1]) + len(item) + 2 <= WIDTH - 4:
            rows[-1] += f" {item},"
        else:
            rows.append(f"    {item},")
    return rows


def _unpack(writer: Writer, plan: Plan, live: Sequence[int]) -> list[str]:
    """The lines that take theta, the captured numbers and the arrays of the batch apart."""
    program = plan.program
    leaves: dict[object, dict[int, int]] = {}
    for i in live:
        if program.ops[i] in LEAVES and program.ops[i] != CONSTANT:
            leaves.setdefault(program.ops[i], {})[program.data[i]] = i
    lines: list[str] = []
    for (kind, argument), total in zip(
        ((PARAMETER, "theta"), (CAPTURED, "captured"), (DIRECTION, "v")), plan.numbers, strict=True
    ):
        lines += _unpacked(writer, leaves.get(kind, {}), range(total), argument)
    start = 0
    for leaf in plan.leaves:
        size = math.prod(leaf.shape)
        places = {k: i for k, i in leaves.get(SAMPLE, {}).items() if start <= k < start + size}
        if leaf.shape == ():
            for i in places.values():
                writer.known[i], writer.written[i] = leaf.name, (leaf.name, ATOM)
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
    return ["(", *_rows(names), f") = {argument}"]


def helper_text(wanted: dict[Rule, str]) -> tuple[list[str], list[str]]:
    """Functions for the rows that numpy does not have, each printed from its formula; and the imports they need."""
    texts: dict[Rule, str] = {}
    imports: list[str] = []
    queue = dict(wanted)
    while queue:
        rule, name = queue.popitem()
        if rule in texts:
            texts[rule] = texts.pop(rule)  # needed by what comes later: it moves to the front
            continue
        if rule.name in WITHOUT_NUMPY and TABLE.get(rule.name) is rule:
            imports = ["import math", ""]
            texts[rule] = f"{name} = np.vectorize(math.{rule.name}, otypes=[float])"
            continue
        program = Program()
        recorder = Recorder(program)
        operands = [program.leaf(SAMPLE, k, label) for k, label in enumerate(rule.operands)]
        out = recorder.lift(rule.value(*map(recorder.number, operands)))
        writer = Writer(program, [out], Names([*rule.operands, *TABLE]), comments=False)
        for i, label in zip(operands, rule.operands, strict=True):
            writer.known[i], writer.written[i] = label, (label, ATOM)
        writer.body(program.live([out]), len(program), name_outputs=False)
        queue.update(writer.helpers)
        lines = [f"def {name}({', '.join(rule.operands)}):", f'    """{_plain(rule.doc)}"""']
        lines += [*(f"    {line}" for line in writer.lines), f"    return {writer.written[out][0]}"]
        texts[rule] = "\n".join(lines)
    return list(reversed(texts.values())), imports


def _plain(doc: str) -> str:
    return doc.replace("\\", " ").replace('"', "'").rstrip(".") + "."
