"""Where pickles of version 0.1 look for the rows of the table, which is `core/table.py`."""

from .core.table import *  # noqa: F403
