"""What is wrong: each number of a script is compared with what it should be, and the first wrong line is named.

To read: `losses` (what the script minimises) → `reference` (the right gradients) → `verdicts` (which blocks are
wrong) → `locate` (where) → `explain` (how).
"""
