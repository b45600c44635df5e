"""Names for the printed source: from the user's labels where there are any, unique, never a keyword or a builtin."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Final

from ..core import table as rules
from ..core.rule import Rule
from .program import COMPARISONS, LOGIC, PARAMETER, Program

WORDS: Final[dict[object, str]] = {
    rules.add: "sum",
    rules.subtract: "difference",
    rules.multiply: "product",
    rules.divide: "quotient",
    rules.negative: "minus",
    "where": "choice",
    "detach": "fixed",
    "reduce": "mean",
    **dict.fromkeys((*COMPARISONS, *LOGIC), "condition"),
}
FORBIDDEN: Final = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "math", "n", "theta"}


class Names:
    """Hands out names that have not been given yet."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {*FORBIDDEN, *taken}
        self._counts: dict[str, int] = {}
        self._users: dict[int, int] = {}

    def unique(self, wish: str) -> str:
        """The wish made an identifier, with a number behind it if it has been given before.

        >>> names = Names()
        >>> names.unique("W[0,1]"), names.unique("W[0,1]"), names.unique("lambda"), names.unique("2x")
        ('W_0_1', 'W_0_1_2', 'lambda_', 'v2x')
        """
        name = re.sub(r"\W+", "_", wish, flags=re.ASCII).strip("_") or "v"
        if name[0].isdigit():
            name = f"v{name}"
        if name in FORBIDDEN and name not in self._counts:
            name += "_"
        return self.numbered(name, start=2) if name in self._taken else self._give(name)

    def numbered(self, stem: str, start: int = 0) -> str:
        """`stem_0`, `stem_1`, ... (`stem0` for a single letter)."""
        count = self._counts.get(stem, start)
        while True:
            name = f"{stem}{count}" if len(stem) == 1 else f"{stem}_{count}"
            count += 1
            if name not in self._taken:
                self._counts[stem] = count
                return self._give(name)

    def place(self, program: Program, i: int) -> str:
        """The numbers of the module that recorded an instruction, or first used a parameter: `0_2`; "" for none."""
        scope = program.scopes.get(i, ())
        if not scope and program.ops[i] == PARAMETER:
            if not self._users:
                for user in range(len(program.ops) - 1, -1, -1):
                    self._users.update(dict.fromkeys(program.args[user], user))
            scope = program.scopes.get(self._users.get(i, i), ())
        return "_".join(number for entry in scope for number in re.findall(r"\d+$", entry))

    def _give(self, name: str) -> str:
        self._taken.add(name)
        return name


def name_of(program: Program, i: int, names: Names, known: dict[int, str]) -> str:
    """A new name for an instruction: its label; `d_z` if it is the derivative to z; else a word for its operation.

    What a module recorded carries the module's numbers: `w_0_2_1` is weight 1 of neuron 2 in layer 0, `z_0_2` and
    `a_0_2` are that neuron's sum and activation.
    """
    op = program.ops[i]
    place = names.place(program, i)
    if i in program.labels:
        label = program.labels[i]
        stem, number = re.fullmatch(r"(.*?)(\d*)", label, flags=re.DOTALL).groups()  # type: ignore[union-attr]
        return names.unique("_".join(filter(None, (stem, place, number))) if place and stem else label)
    of = program.cotangents.get(i)
    if of is not None and of in known:
        return names.unique(f"d_{known[of]}")
    if op == PARAMETER:
        return names.unique(f"p{program.data[i]}")
    word = WORDS.get(op) or (op.name if isinstance(op, Rule) else op)
    if op is rules.add:
        word = "z"
    elif isinstance(op, Rule) and not op.symbol and (place or program.ops[program.args[i][0]] is rules.add):
        word = "a"
    return names.unique(f"{word}_{place}") if place else names.numbered(word)
