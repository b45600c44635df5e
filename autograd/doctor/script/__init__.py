"""A learner's script, run as it is under a tracer: every number it computes is kept with the line that computed it.

To read: `instrument` (which calls are put into the code) → `tape` (what is kept) → `hooks` (what the calls do) →
`sandbox` (what the script may not do) → `child` (the process it runs in) → `parent`.
"""
