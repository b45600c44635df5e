"""Programs of single numbers as JavaScript, which a page runs in the reader's browser. Python only writes it."""

from .graph import GraphScript, GraphTables, arrow, javascript_of, tables_of, text_of
from .module import write_module

__all__ = ["GraphScript", "GraphTables", "arrow", "javascript_of", "tables_of", "text_of", "write_module"]
