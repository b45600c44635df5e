"""Names for the printed source: from the user's labels where there are any, unique, never a keyword or a builtin."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Final

from .. import rules
from ..rules import Rule
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

    def _give(self, name: str) -> str:
        self._taken.add(name)
        return name


def name_of(program: Program, i: int, names: Names, known: dict[int, str]) -> str:
    """A new name for an instruction: its label; `d_z` if it is the derivative to z; else a word for its operation."""
    op = program.ops[i]
    if i in program.labels:
        return names.unique(program.labels[i])
    of = program.cotangents.get(i)
    if of is not None and of in known:
        return names.unique(f"d_{known[of]}")
    if op == PARAMETER:
        return names.unique(f"p{program.data[i]}")
    scope = "_".join(program.scopes.get(i, ()))
    word = WORDS.get(op) or (op.name if isinstance(op, Rule) else op)
    if op is rules.add and not scope:
        word = "z"
    elif isinstance(op, Rule) and not op.symbol and program.ops[program.args[i][0]] is rules.add and not scope:
        word = "a"
    return names.numbered(f"{scope}_{word}" if scope else word)
