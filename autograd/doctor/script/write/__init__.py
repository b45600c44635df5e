"""What is told of a wrong line: the name of the mistake, the line to write instead, and the graph with its marks.

To read: `wanted` (what the line should compute) → `repair` → `change` (small changes of the line), `extend` (what a
piece of it lacks, by `goals`) and `compose` (formulas from the names at hand), `statements` → `named` → `words`.
"""
