"""The statements of a function of one sample over a batch: the numbers of a sample are vectors, others plain numbers.

Names come from labels: `w_0_2_1` is weight 1 of neuron 2 in layer 0, `d_z` the derivative to z.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ...core import table as rules
from ...core.rule import Rule
from ...formula import LEVEL
from ..names import WORDS
from ..program import COMPARISONS, LEARNED, LITERAL, WHERE, name_of
from ..text import ATOM, BaseWriter, Written, closed
from .program import COUNT, INSIDE, LEAVES, REDUCE, Program

LONGEST: Final = 420  # characters of one expression; what is longer gets a name in between
LONG: Final = 2000  # instructions; a longer program drops what it no longer needs


@dataclass
class Writer(BaseWriter):
    """Writes one function.

    Args:
        comments: whether a statement says which operation it is.
        inline_outputs: whether the outputs may go without a name.
    """

    program: Program
    comments: bool = True
    inline_outputs: bool = False
    uses: dict[int, int] = field(default_factory=dict)
    kept: frozenset[int] = frozenset()

    def body(self, live: Sequence[int], boundary: int) -> None:
        """The statements for the live instructions; a long program drops vectors that it no longer needs."""
        start = len(self.lines)
        super().body(live, boundary)
        if len(live) > LONG:
            self.lines[start:] = self._dropped(self.lines[start:])

    def prepare(self, live: Sequence[int]) -> None:
        """Count the uses of every instruction."""
        self.uses, self.kept = {}, frozenset(self.outputs)
        for i in live:
            for arg in self.program.args[i]:
                self.uses[arg] = self.uses.get(arg, 0) + 1

    def leaf(self, i: int) -> bool:
        """Write a leaf; whether it is one."""
        program, op = self.program, self.program.ops[i]
        if op == LITERAL:
            self.written[i] = self.dialect.number(program.numbers[i])
        elif op == COUNT:
            self.written[i] = ("n", ATOM)
        elif op in LEAVES and i not in self.written:
            self.name(i)
        return op in LEAVES

    def _dropped(self, lines: list[str]) -> list[str]:
        """The lines with `del` where a vector is used for the last time: a long program would hold them all."""
        program = self.program
        vectors = [
            name
            for i, name in self.known.items()
            if program.stages[i] == INSIDE and program.args[i] and i not in self.kept
        ]
        last = {word: k for k, line in enumerate(lines) for word in re.findall(r"\w+", line.partition("  #")[0])}
        ends = dict(enumerate(lines))
        for name in vectors:
            k = last[name]
            while not lines[k][:1].isidentifier() and lines[k] != ")":
                k += 1  # the end of a statement over several lines
            ends[k] += f"\ndel {name}"
        return "\n".join(ends.values()).split("\n")

    def is_inline(self, i: int, text: str) -> bool:
        """Whether the expression stands where it is used, without a name: a factor, a term, used once."""
        program, op, uses = self.program, self.program.ops[i], self.uses.get(i, 0)
        is_output = i in self.kept
        if i in program.labels or (is_output and not self.inline_outputs) or len(text) > LONGEST:
            return False
        if is_output or (program.is_condition(i) and uses == 1):
            return True
        if i in program.cotangents or uses != 1:
            return op is rules.negative and len(text) < 30 and i not in program.cotangents
        return (isinstance(op, Rule) and bool(op.symbol)) or (op == WHERE and self._is_mask(i))

    def comment(self, i: int) -> str:
        """The operation, and whose derivative it is."""
        if not self.comments:
            return ""
        op = self.program.ops[i]
        name = "compare" if op in COMPARISONS else name_of(op)
        if op == REDUCE:
            name = f"{self.program.reduction} over the batch"
        of = self.program.cotangents.get(i)
        return name if of not in self.known or of == i else f"{name}: ∂loss/∂{self.known[of]}"

    def new_name(self, i: int) -> str:
        """Its label; `d_z` if it is the derivative to z; else a word for its operation. With its module's numbers."""
        program, names, op = self.program, self.names, self.program.ops[i]
        place = names.place(program, i)
        if i in program.labels:
            label = program.labels[i]
            stem, number = re.fullmatch(r"(.*?)(\d*)", label, flags=re.DOTALL).groups()  # type: ignore[union-attr]
            return names.unique("_".join(filter(None, (stem, place, number))) if place and stem else label)
        of = program.cotangents.get(i)
        if of is not None and of in self.known:
            return names.unique(f"d_{self.known[of]}")
        if op == LEARNED:
            return names.unique(f"p{program.data[i]}")
        word = "mean" if op == REDUCE else WORDS.get(op) or name_of(op)
        if op is rules.add:
            word = "z"
        elif isinstance(op, Rule) and not op.symbol and (place or program.ops[program.args[i][0]] is rules.add):
            word = "a"
        return names.unique(f"{word}_{place}") if place else names.numbered(word)

    # ------------------------------------------------------------------------------------------- expressions

    def expression(self, i: int) -> Written:
        """The text of an instruction."""
        program, op, args = self.program, self.program.ops[i], self.program.args[i]
        operands = [self.written[arg] for arg in args]
        if isinstance(op, Rule):
            if op is rules.multiply:
                self._mask(args, operands)
            for k, arg in enumerate(args if not op.symbol else ()):  # z = w * x + b; a = sigmoid(z): the sum has a name
                if program.ops[arg] in (rules.add, rules.subtract) and arg not in self.known:
                    self.assign(arg, self.written[arg][0])
                    operands[k] = self.written[arg]
            return self.call(op, operands)
        if op == REDUCE:
            return self.reduced(i, args[0])
        if op == WHERE:
            return self.dialect.choice(operands, program.stages[i] == INSIDE)
        return self.dialect.negation(operands[0]) if op == "not" else self.dialect.opcode(op, operands)

    def _is_mask(self, i: int) -> bool:
        """Whether it is where(condition, 1, 0), one per sample."""
        if not self.dialect.masks or self.program.ops[i] != WHERE or self.program.stages[i] != INSIDE:
            return False
        _, x, y = self.program.args[i]
        return self.program.is_number(x, 1.0) and self.program.is_number(y, 0.0)

    def _mask(self, args: Sequence[int], operands: list[Written]) -> None:
        """As a factor, where(z > 0, 1, 0) is written (z > 0): numpy takes True for 1."""
        masks = [k for k, arg in enumerate(args) if self._is_mask(arg) and arg not in self.known]
        if len(masks) == 1:
            condition = self.written[self.program.args[args[masks[0]]][0]]
            operands[masks[0]] = (closed(condition), ATOM)

    def reduced(self, i: int, arg: int) -> Written:
        """The mean or the sum over the batch."""
        program = self.program
        factors = program.args[arg] if program.ops[arg] is rules.multiply and arg not in self.known else ()
        if factors and all(program.stages[x] == INSIDE for x in factors):
            total = " @ ".join(closed(self.written[x], LEVEL["*"]) for x in factors)
        else:
            total = f"{closed(self.written[arg])}.sum()"
        return (total, LEVEL["*"]) if program.reduction == "sum" else (f"{total} / n", LEVEL["/"])
