"""What is told of a wrong line: the name of the mistake, the line to write instead, and the graph with its marks.

To read: `repair` → `change` (small changes of the line) → `compose` (formulas from the names at hand) → `words`.
"""
