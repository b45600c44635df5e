"""Compiling: a recorded function as readable Python, as numpy over a batch, as machine code.

The order of reading: `program.py` (what a program is) → `record.py` (how it is recorded) → `derive.py` (its derivative)
→ `text.py`, `names.py` (how it is written) → `step.py`, `entry.py` (what users call). In the same order, `scalar/` is
about functions of one sample in single numbers and `arrays/` about functions of whole arrays; `llvm/` is machine code,
`javascript/` what a page runs.
"""

from .arrays.step import ArrayStep
from .entry import compile as compile
from .entry import load
from .scalar.step import Step

__all__ = ["ArrayStep", "Step", "load"]
