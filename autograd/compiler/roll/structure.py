"""What a program of single numbers is made of: sums of many terms, and families of numbers that are computed alike.

Chains of additions become one sum of many terms. Two numbers belong to one family if they are the same expression of
numbers of the same families, whichever parameters, samples and constants these are: the neurons of a layer, the places
of a text. In which order a program computes them, and what it calls them, does not matter. Nor does it matter how many
terms a sum has (the third word of a text looks at three words, the first only at itself), unless `counted` says so.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...core import table as rules
from ..batch import Leaf
from ..program import is_commutative
from ..scalar.program import ENOUGH, INSIDE, SAMPLE, Op, Program

SUM: Final = "sum of terms"
LONG: Final = 2000
ALIKE: Final = 0.5  # families for each instruction of a long program
HOPELESS: Final = 0.8  # the same for its first instructions: so many that the others need not be looked at
Term = tuple[int, int]
"""A sign, 1 or -1, and an instruction."""
Group = tuple[int, int]
"""A sign, and the family of some terms of a sum."""


@dataclass
class Family:
    """Numbers that are computed alike.

    Args:
        op: what computes them: an operation, a kind of leaf, or SUM.
        parts: the families of the operands.
        groups: of a sum, the signs and families of its terms.
        array: of numbers of the sample, which array of the batch they are in.
        members: the instructions, in the order of the program.
    """

    op: Op
    parts: tuple[int, ...] = ()
    groups: tuple[Group, ...] = ()
    array: int = 0
    members: list[int] = field(default_factory=list)


class Structure:
    """The families of a program, operands before results.

    Args:
        outputs: the instructions that are wanted.
        leaves: the arrays of a batch.
        counted: sums of different numbers of terms are different expressions.
        whatever: all instructions are looked at, however little the first have in common.
    """

    def __init__(
        self, program: Program, outputs: Sequence[int], leaves: Sequence[Leaf], counted: bool = False,
        whatever: bool = True,
    ) -> None:  # fmt: skip
        self.program, self.counted = program, counted
        self.families: list[Family] = []
        self.family: dict[int, int] = {}  # of an instruction
        self.terms: dict[int, list[Term]] = {}  # of a sum
        self.starts = list(itertools.accumulate((math.prod(leaf.shape) for leaf in leaves), initial=0))
        self.live = program.live(outputs)
        self._known: dict[Any, int] = {}
        self._sums: dict[int, int] = {}  # for a family, that of the sums of its members
        self._args: dict[int, tuple[int, ...]] = {}  # operands, where they are not those of the program
        self._singles: dict[int, int] = {}  # for an instruction, the sum of it alone: numbers beyond the program
        self._again = False
        self._counts: list[int] = []  # how many members the families had when they were found
        inner = self._inner_sums(outputs)
        for i in self.live:
            if program.ops[i] in (rules.add, rules.subtract):
                self.terms[i] = self._flattened(i, inner)
        self._listed = [i for i in self.live if i not in inner]
        for k, i in enumerate(self._listed):
            if k == ENOUGH and len(self.families) > HOPELESS * k and not whatever:
                return
            self._classify(i)
        self._counts = [len(family.members) for family in self.families]
        growing = (
            set[int]()
            if counted
            else {k for k, each in enumerate(self.families) if each.parts and self._may_grow(each)}
        )
        if growing:
            self._classify_again(growing)

    def is_worth_building(self) -> bool:
        """Whether there may be a shorter form. A long program is built only if many of its numbers are alike."""
        return len(self._listed) < LONG or len(self.families) < ALIKE * min(len(self._listed), len(self.family))

    def _classify_again(self, growing: set[int]) -> None:
        """Once more, where all families are known: a number can also be taken for the sum of itself alone.

        Args:
            growing: the families of which that is so for an operand.
        """
        self._again = True
        needs = [(*family.parts, *(part for _, part in family.groups)) for family in self.families]
        changed, moved = set[int](), set[int]()  # families, and instructions that are in another one than before
        for family in self.families:
            family.members = []
        for i in self._listed:
            before = self.family[i]
            if before not in growing and (changed.isdisjoint(needs[before]) or moved.isdisjoint(self._operands(i))):
                self.families[before].members.append(i)
                continue
            self._classify(i)
            if self.family[i] != before:
                changed.add(before)
                moved.add(i)

    def _operands(self, i: int) -> Sequence[int]:
        """What an instruction is computed of: of a sum, its terms."""
        return [term for _, term in self.terms[i]] if i in self.terms else self.program.args[i]

    def _inner_sums(self, outputs: Sequence[int]) -> set[int]:
        """The sums that are only a part of another sum."""
        program, ops = self.program, self.program.ops
        uses: dict[int, int] = dict.fromkeys(outputs, 2)
        for i in self.live:
            for arg in program.args[i]:
                uses[arg] = uses.get(arg, 0) + 1
        sums = (rules.add, rules.subtract)
        return {
            arg for i in self.live if ops[i] in sums for arg in program.args[i] if ops[arg] in sums and uses[arg] == 1
        }

    def _flattened(self, i: int, inner: set[int]) -> list[Term]:
        """The terms of a sum, in order. An inner sum's list is taken over, not copied: a long chain stays cheap."""
        x, y = self.program.args[i]
        sign = 1 if self.program.ops[i] is rules.add else -1
        found = self.terms.pop(x) if x in inner else [self._term(1, x)]
        found += [(sign * s, term) for s, term in self.terms.pop(y)] if y in inner else [self._term(sign, y)]
        return found

    def _term(self, sign: int, i: int) -> Term:
        while self.program.ops[i] is rules.negative:
            sign, i = -sign, self.program.args[i][0]
        return sign, i

    def _classify(self, i: int) -> None:
        """Put an instruction into its family."""
        program, op = self.program, self.program.ops[i]
        key: tuple[Any, ...] = (op,)
        if i in self.terms:
            family, counts = self.family, dict[Group, int]()
            for sign, term in self.terms[i]:
                group = (sign, family[term])
                counts[group] = counts.get(group, 0) + 1
            key = (SUM, *sorted(counts.items() if self.counted else counts))
            self._add(i, key, tuple(counts))
            return
        if program.args[i]:
            args = self._ordered(program.args[i], op)
            key = self._key(op, args)
            k = self._better(args, key) if self._again else None
            if k is not None:
                args = self._ordered((*args[:k], self._single(args[k]), *args[k + 1 :]), op)
                self._args[i], key = args, self._key(op, args)
        elif op == SAMPLE:
            key = (op, bisect.bisect_right(self.starts, program.data[i]) - 1)
        elif isinstance(program.numbers.get(i), bool):
            key = (op, program.numbers[i])
        self._add(i, key)

    def _add(self, i: int, key: tuple[Any, ...], groups: tuple[Group, ...] = ()) -> None:
        """Put an instruction into the family of a key; of a sum, with the groups of its terms."""
        place = self._known.get(key)
        if place is None:
            place = self._known[key] = len(self.families)
            self.families.append(self._founded(key, groups))
            if len(groups) == 1 and groups[0][0] == 1:
                self._sums[groups[0][1]] = place
            if self._again:
                self._counts.append(0)
        self.families[place].members.append(i)
        self.family[i] = place

    def _founded(self, key: tuple[Any, ...], groups: tuple[Group, ...]) -> Family:
        if groups:
            return Family(SUM, groups=groups)
        return Family(key[0], array=key[1]) if key[0] == SAMPLE else Family(key[0], key[2:])

    def _key(self, op: Op, args: Sequence[int]) -> tuple[Any, ...]:
        exponent = self.program.numbers.get(args[1]) if op is rules.power else None  # x**2 and x**3 are not alike
        return (op, exponent, *[self.family[arg] for arg in args])

    def _may_grow(self, family: Family) -> bool:
        """Whether numbers are in a larger family if one of their operands is taken for a sum of one term."""
        i = family.members[0]
        args = self._ordered(self.program.args[i], family.op)
        return self._better(args, self._key(family.op, args)) is not None

    def _better(self, args: Sequence[int], key: tuple[Any, ...]) -> int | None:
        """Which of the operands has to be a sum of one term for a larger family; None where there is none."""
        best = self._count(key)
        for k, arg in enumerate(args):
            whole = self._sums.get(self.family[arg])
            if whole is None:
                continue
            parts = (*key[2 : 2 + k], whole, *key[3 + k :])
            other = (*key[:2], *(sorted(parts) if is_commutative(key[0]) else parts))
            if self._count(other) > best:
                return k
        return None

    def _single(self, arg: int) -> int:
        """The sum of one number alone."""
        found = self._singles.get(arg)
        if found is None:
            found = self._singles[arg] = len(self.program) + len(self._singles)
            group = (1, self.family[arg])
            self.terms[found] = [(1, arg)]
            self._add(found, (SUM, group), (group,))
        return found

    def _count(self, key: tuple[Any, ...]) -> int:
        place = self._known.get(key)
        return 0 if place is None else self._counts[place]

    def operands(self, i: int) -> tuple[int, ...]:
        """The operands of an instruction; those that may be exchanged, in the order of their families."""
        return self._args.get(i) or self._ordered(self.program.args[i], self.program.ops[i])

    def _ordered(self, args: tuple[int, ...], op: Op) -> tuple[int, ...]:
        if len(args) == 2 and self.family[args[0]] > self.family[args[1]] and is_commutative(op):
            return args[1], args[0]
        return args

    def is_inside(self, i: int) -> bool:
        """Whether there is one for each sample."""
        while i >= len(self.program):
            ((_, i),) = self.terms[i]
        return self.program.stages[i] == INSIDE
