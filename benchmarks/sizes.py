"""The sizes of the workloads, which peers need too. Imports nothing."""

from dataclasses import dataclass

SEED = (1, 3, 3, 1)
MOONS = (2, 16, 16, 1)


@dataclass(frozen=True)
class Sizes:
    """How large a GPT is."""

    vocabulary: int = 27
    width: int = 16
    heads: int = 4
    block: int = 8


GPT = Sizes()
