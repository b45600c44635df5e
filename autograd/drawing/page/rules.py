"""The rows of the table that a page needs to compute in the browser, printed as JavaScript.

A row never asks what it is fed with: fed with symbols its value and its derivatives become text. Where the table states
that a derivative is 0, the text says `null`: nothing passes, see `core/reverse.py`.
"""

from __future__ import annotations
