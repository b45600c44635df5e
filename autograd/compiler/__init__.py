"""Compiling: a recorded function of one sample as readable Python, as numpy over a batch, as machine code.

The order of reading: `program.py` (the instructions) → `traced.py`, `trace.py` (how they are recorded) → `derive.py`
(their derivative) → `source.py` (their text) → `numpy_engine.py`, `llvm_engine.py` → `step.py` (what users call).
"""

from .step import Step
from .step import compile as compile
from .storage import load

__all__ = ["Step", "load"]
