"""Compiling functions of whole arrays: the vectorised backprop a person would write, run by numpy or by jax.

The order of reading: `program.py` (the instructions) → `traced.py` (how they are recorded) → `plans.py` (their
derivative) → `writer.py`, `source.py` (their text) → `engines.py` → `step.py` (what users call).
"""

from .step import ArrayStep

__all__ = ["ArrayStep"]
