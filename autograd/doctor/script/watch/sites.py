"""Places in a source text: each expression and statement that the tracer watches, with what is written there."""

from __future__ import annotations

import ast
import tokenize
from dataclasses import dataclass, field
from typing import Any

Span = tuple[int, int, int, int]
"""First line, column in it, last line, column after the end; lines from 1, columns from 0 in characters."""


def text_of(path: str) -> str:
    """The text of a file, in the encoding that it says it has, as Python reads it."""
    with tokenize.open(path) as file:
        return file.read()


@dataclass(eq=False)
class Source:
    """A file, or the text of a function, and the places in it.

    Args:
        first: the number in its file of the text's first line.
    """

    path: str
    text: str
    first: int = 1
    lines: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.text.splitlines()

    def line(self, number: int) -> str:
        """One line, without the indentation."""
        k = number - self.first
        return self.lines[k].strip() if 0 <= k < len(self.lines) else ""

    def statement(self, span: Span) -> str:
        """A statement in one line."""
        lines = (line.strip().removesuffix("\\").strip() for line in self.segment(span).splitlines())
        return " ".join(filter(None, lines))

    def segment(self, span: Span) -> str:
        """The text between two places."""
        first, start, last, end = span[0] - self.first, span[1], span[2] - self.first, span[3]
        if first == last:
            return self.lines[first][start:end]
        return "\n".join([self.lines[first][start:], *self.lines[first + 1 : last], self.lines[last][:end]])

    def span(self, node: Any) -> Span:
        """Where a node of the syntax tree stands; the tree counts its columns in bytes."""
        return (
            node.lineno,
            self._characters(node.lineno, node.col_offset),
            node.end_lineno,
            self._characters(node.end_lineno, node.end_col_offset),
        )

    def _characters(self, line: int, column: int) -> int:
        text = self.lines[line - self.first] if 0 <= line - self.first < len(self.lines) else ""
        return column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))


@dataclass(eq=False)
class Site:
    """A place where something is computed or stored.

    Args:
        kind: "binary", "call", "item", "store", "augmented", ...
        span: of the expression, or of the whole statement for a store.
        parts: the spans of its operands in the order the tracer sees them: left and right, the arguments, the value.
        statement: the span of the statement it stands in.
        function: the dotted name of the function it stands in; "" at the top.
        target: for a store, what is stored into, as it is written.
    """

    number: int
    kind: str
    source: Source
    span: Span
    parts: tuple[Span | None, ...]
    statement: Span
    function: str
    target: str = ""
    loops: tuple[int, ...] = ()
    owner: Span | None = None  # of a method that is called: the span of the object

    @property
    def line(self) -> int:
        return self.statement[0]

    @property
    def text(self) -> str:
        return self.source.segment(self.span)

    def part(self, k: int) -> str:
        """The text of an operand."""
        span = self.parts[k] if k < len(self.parts) else None
        return "" if span is None else self.source.segment(span)

    def __repr__(self) -> str:
        return f"<{self.kind} {self.line}: {self.text}>"


def spans(source: Source, nodes: list[Any]) -> tuple[Span | None, ...]:
    """The spans of several expressions; None for those that are not written in the text."""
    return tuple(
        source.span(node) if isinstance(node, ast.expr) and hasattr(node, "lineno") else None for node in nodes
    )


def path_to(tree: ast.AST, source: Source, span: Span) -> list[ast.AST]:
    """The nodes around the place of a statement, from the outermost in."""
    line = span[0] - source.first + 1
    path: list[ast.AST] = []
    at: ast.AST | None = tree
    while at is not None:
        path.append(at)
        inside = [n for n in ast.iter_child_nodes(at) if isinstance(n, (ast.stmt, ast.ExceptHandler))]
        at = next((n for n in inside if n.lineno <= line <= (n.end_lineno or n.lineno)), None)
    return path


def around(site: Site) -> list[ast.AST]:
    """The nodes around the statement of a site, from the outermost in, the statement last."""
    return path_to(ast.parse(site.source.text), site.source, site.statement)


def tree_of(source: Source) -> ast.Module:
    """The syntax tree of a source, with the lines of its file; an empty one where it cannot be parsed."""
    try:
        return ast.increment_lineno(ast.parse(source.text), source.first - 1)
    except SyntaxError:
        return ast.Module([], [])


def turning(site: Site) -> list[str]:
    """The names that the loops around a statement give out, those of the outermost first."""
    targets = [node.target for node in around(site) if isinstance(node, ast.For)]
    return [each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)]


def left_over(site: Site) -> set[str]:
    """The names that only loops give out which are over at a statement, and that it does not use itself: nobody writes
    them there.
    """  # fmt: skip
    path = around(site)
    scope = next((n for n in reversed(path) if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))), path[0])
    loops = [n for n in ast.walk(scope) if isinstance(n, (ast.For, ast.AsyncFor))]
    given = [(n in path, t) for n in loops for t in ast.walk(n.target) if isinstance(t, ast.Name)]
    theirs = {id(t) for _, t in given}
    every = [n for n in ast.walk(scope) if isinstance(n, ast.Name)]
    bound = {n.id for n in every if isinstance(n.ctx, ast.Store) and id(n) not in theirs}
    bound |= {a.arg for n in ast.walk(scope) if isinstance(n, ast.arguments) for a in (*n.posonlyargs, *n.args)}
    own = {n.id for n in ast.walk(path[-1]) if isinstance(n, ast.Name)}
    return {t.id for _, t in given} - {t.id for inside, t in given if inside} - bound - own
