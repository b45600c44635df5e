"""A script with some pieces of its text replaced, to be recorded or judged as any other."""

from __future__ import annotations

import ast
from typing import Any

from .watch.edits import Edit, patched
from .watch.loader import Subject
from .watch.sandbox import seed
from .watch.sites import Source


class Edited:
    """A subject with some pieces of its text replaced."""

    def __init__(self, subject: Subject, edits: list[Edit]) -> None:
        self.subject, self.edits, self.main = subject, edits, subject.main
        self.from_outside = subject.from_outside

    def modules(self) -> set[str]:
        return self.subject.modules()

    def run(self, rewrite: Any, given: dict[str, Any], namespace: Any) -> None:
        def edited(source: Source) -> ast.Module:
            here = [e for e in self.edits if e.source.path == source.path]
            if here:
                source = Source(source.path, patched(source.text, here, source.first), source.first)
            tree: ast.Module = rewrite(source)
            return tree

        seed()
        self.subject.run(edited, given, namespace)
