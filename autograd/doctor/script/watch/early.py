"""What a script prints now and then, printed at once: `if epoch % 100 == 99: print(loss)`.

Only the first steps are recorded, and what is printed tells which number the learner means to make small.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

COUNTS = (
    ast.Name, ast.Constant, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.operator, ast.unaryop, ast.cmpop,
    ast.boolop, ast.expr_context,
)  # fmt: skip


def printed_now_and_then(tree: ast.AST) -> Iterator[ast.If]:
    """The `if`s that ask for a count, `epoch % 100 == 0`, and do nothing but to print."""
    everywhere = _names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and not node.orelse and _counts(node.test):
            only = {name for name, count in _names(node).items() if count == everywhere[name]}
            if all(_shows(each, only) for each in node.body) and any(map(_prints, node.body)):
                yield node


def _names(tree: ast.AST) -> Counter[str]:
    """How often each name is written."""
    return Counter(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def print_at_once(tree: ast.AST) -> None:
    """Let these print whenever they are come by."""
    for node in [*printed_now_and_then(tree)]:
        node.test = ast.copy_location(ast.Constant(True), node.test)


def _counts(test: ast.expr) -> bool:
    parts = list(ast.walk(test))
    return all(isinstance(part, COUNTS) for part in parts) and any(isinstance(part, ast.Mod) for part in parts)


def _prints(statement: ast.stmt) -> bool:
    call = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "print"


def _shows(statement: ast.stmt, only: set[str]) -> bool:
    """Whether a statement prints, keeps in a list, or makes what nothing else reads."""
    if isinstance(statement, ast.Assign):
        names = [n for target in statement.targets for n in ast.walk(target)]
        return all(isinstance(n, (ast.Name, ast.Tuple, ast.expr_context)) for n in names) and only.issuperset(
            n.id for n in names if isinstance(n, ast.Name)
        )
    call = statement.value if isinstance(statement, ast.Expr) else None
    kept = isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "append"
    return kept or _prints(statement)
