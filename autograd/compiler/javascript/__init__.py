"""Programs of single numbers as JavaScript, which a page runs in the reader's browser. Python only writes it."""

from .graph import GraphScript, javascript_of
from .module import write_module

__all__ = ["GraphScript", "javascript_of", "write_module"]
