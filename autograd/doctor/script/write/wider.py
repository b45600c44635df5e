"""A loop that adds a penalty to the gradients of some blocks, made to reach one more: there the missing one belongs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from ..watch.edits import Edit
from ..watch.sites import Site, Source, path_to


def wider_loops(sites: Iterable[Site | None]) -> Iterator[Edit]:
    """The head of each loop around these places, with a turn more; a run tells whether that is right."""
    for site in {site.number: site for site in sites if site is not None}.values():
        loop = _loop(site)
        for piece in ast.walk(loop.iter) if loop is not None else ():
            for text in _longer(piece, site.source):
                yield Edit(site.source, site.source.span(piece), text)


def _loop(site: Site) -> ast.For | None:
    """The loop right around a statement."""
    tree = ast.parse(site.source.text)
    path = path_to(tree, site.source, site.statement)
    ast.increment_lineno(tree, site.source.first - 1)
    around = [each for each in path if isinstance(each, (ast.For, ast.While, ast.FunctionDef))]
    return around[-1] if around and isinstance(around[-1], ast.For) else None


def _longer(piece: ast.AST, source: Source) -> Iterator[str]:
    """A range, a slice or a row of numbers or names with one turn more, at its end or at its beginning."""
    if isinstance(piece, ast.Call) and ast.unparse(piece.func) == "range" and len(piece.args) in (1, 2):
        *first, last = piece.args
        begin = [f"{ast.unparse(each)}, " for each in first]
        yield f"range({''.join(begin)}{_by_one(last, 1)})"
        if begin:
            begin = [] if _by_one(first[0], -1) == "0" else [f"{_by_one(first[0], -1)}, "]
            yield f"range({''.join(begin)}{ast.unparse(last)})"
    elif isinstance(piece, ast.Subscript) and isinstance(piece.slice, ast.Slice) and piece.slice.step is None:
        yield ast.unparse(piece.value)
    elif isinstance(piece, (ast.Tuple, ast.List)) and piece.elts:
        texts = [source.segment(source.span(each)) for each in piece.elts]
        left, right = "[]" if isinstance(piece, ast.List) else "()"
        for more in (_next(texts[-1], 1), _next(texts[0], -1)):
            if more and more not in texts:
                row = [*texts, more] if more > texts[-1] else [more, *texts]
                yield left + ", ".join(row) + right


def _by_one(bound: ast.expr, step: int) -> str:
    """A bound of a range, by one more or less."""
    if isinstance(bound, ast.Constant) and type(bound.value) is int:
        return str(bound.value + step)
    back = ast.Sub if step > 0 else ast.Add
    if isinstance(bound, ast.BinOp) and isinstance(bound.op, back) and ast.unparse(bound.right) == "1":
        return ast.unparse(bound.left)
    return f"{ast.unparse(bound)} {'+' if step > 0 else '-'} 1"


def _next(text: str, step: int) -> str:
    """A number, or a name that ends with one, by one more or less: `'W2'` → `'W3'`."""
    number = re.search(r"(\d+)(?=['\"]?$)", text)
    return "" if number is None else f"{text[: number.start()]}{int(number[1]) + step}{text[number.end() :]}"
