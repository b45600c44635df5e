"""A script is run as it is, and every number that it computes is kept with the line that computed it.

To read: `instrument` (which calls are put into the code) → `tape` (what is kept) → `hooks` (what the calls do) →
`sandbox` (what the script may not do) → `direct`, `chains`, `steps` (where in the tape the training is).
"""
