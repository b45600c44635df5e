"""Names for the printed source: from the user's labels where there are any, unique, never a keyword or a builtin."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Final

from ..core import table as rules
from .program import COMPARISONS, DETACH, LEARNED, LOGIC, WHERE, BaseProgram

WORDS: Final[dict[object, str]] = {
    rules.subtract: "difference",
    rules.multiply: "product",
    rules.divide: "quotient",
    rules.negative: "minus",
    WHERE: "choice",
    DETACH: "fixed",
    **dict.fromkeys((*COMPARISONS, *LOGIC), "condition"),
}
"""What the result of an operation is called where nothing better is known."""
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

    def place(self, program: BaseProgram, i: int) -> str:
        """The numbers of the module that recorded an instruction, or first used a parameter: `0_2`; "" for none."""
        scope = program.scopes.get(i, ())
        if not scope and program.ops[i] == LEARNED:
            if not self._users:
                for user in range(len(program.ops) - 1, -1, -1):
                    self._users.update(dict.fromkeys(program.args[user], user))
            scope = program.scopes.get(self._users.get(i, i), ())
        return "_".join(number for entry in scope for number in re.findall(r"\d+$", entry))

    def _give(self, name: str) -> str:
        self._taken.add(name)
        return name
