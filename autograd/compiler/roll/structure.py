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
from ..scalar.program import INSIDE, SAMPLE, Op, Program

SUM: Final = "sum of terms"
LONG: Final = 2000
ALIKE: Final = 0.5  # families for each instruction of a long program
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
    """

    def __init__(self, program: Program, outputs: Sequence[int], leaves: Sequence[Leaf], counted: bool = False) -> None:
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
        self._counts: list[int] = []  # how many members the families had when they were found
        inner = self._inner_sums(outputs)
        for i in self.live:
            if program.ops[i] in (rules.add, rules.subtract):
                self.terms[i] = self._flattened(i, inner)
        self._listed = [i for i in self.live if i not in inner]
        for i in self._listed:
            self._classify(i)
        if self._sums and not counted:
            self._classify_again()

    def is_worth_building(self) -> bool:
        """Whether there may be a shorter form. A long program is built only if many of its numbers are alike."""
        return len(self._listed) < LONG or len(self.families) < ALIKE * len(self._listed)

    def _classify_again(self) -> None:
        """Once more, where all families are known: a number can also be taken for the sum of itself alone."""
        self._counts = [len(family.members) for family in self.families]
        for family in self.families:
            family.members = []
        for i in self._listed:
            self._classify(i)

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
        found = Family(op)
        key: tuple[Any, ...] = (op,)
        if i in self.terms:
            counts: dict[Group, int] = {}
            for sign, term in self.terms[i]:
                group = (sign, self.family[term])
                counts[group] = counts.get(group, 0) + 1
            found = Family(SUM, groups=tuple(counts))
            key = (SUM, *sorted(counts.items() if self.counted else counts))
        elif program.args[i]:
            args = self._ordered(program.args[i], op)
            key = self._key(op, args)
            if self._counts:
                args, key = self._better(i, args, key)
            found = Family(op, key[2:])
        elif op == SAMPLE:
            found = Family(op, array=bisect.bisect_right(self.starts, program.data[i]) - 1)
            key = (op, found.array)
        elif isinstance(program.numbers.get(i), bool):
            key = (op, program.numbers[i])
        self._add(i, key, found)

    def _add(self, i: int, key: tuple[Any, ...], found: Family) -> None:
        place = self._known.setdefault(key, len(self.families))
        if place == len(self.families):
            self.families.append(found)
            if len(found.groups) == 1 and found.groups[0][0] == 1:
                self._sums[found.groups[0][1]] = place
            if self._counts:
                self._counts.append(0)
        self.families[place].members.append(i)
        self.family[i] = place

    def _key(self, op: Op, args: Sequence[int]) -> tuple[Any, ...]:
        exponent = self.program.numbers.get(args[1]) if op is rules.power else None  # x**2 and x**3 are not alike
        return (op, exponent, *[self.family[arg] for arg in args])

    def _better(self, i: int, args: tuple[int, ...], key: tuple[Any, ...]) -> tuple[tuple[int, ...], tuple[Any, ...]]:
        """The operands, with one of them as a sum of one term where that puts the instruction into a larger family."""
        best = self._count(key)
        for k, arg in enumerate(args):
            whole = self._sums.get(self.family[arg])
            if whole is None:
                continue
            parts = (*key[2 : 2 + k], whole, *key[3 + k :])
            other = (*key[:2], *(sorted(parts) if is_commutative(key[0]) else parts))
            if self._count(other) > best:
                args = self._ordered((*args[:k], self._single(arg), *args[k + 1 :]), key[0])
                self._args[i] = args
                return args, self._key(key[0], args)
        return args, key

    def _single(self, arg: int) -> int:
        """The sum of one number alone."""
        found = self._singles.get(arg)
        if found is None:
            found = self._singles[arg] = len(self.program) + len(self._singles)
            group = (1, self.family[arg])
            self.terms[found] = [(1, arg)]
            self._add(found, (SUM, group), Family(SUM, groups=(group,)))
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
