"""The name of a mistake, read off the line to write: what differs between the syntax trees of the two lines.

Nothing is computed here. That the new line is right was tried before.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...spelling import level
from .added import array_in

TURNS = {"T", "mT", "transpose", "swapaxes", "moveaxis"}
SUMS = {"sum", "mean", "average", "max"}
LONGEST = 60
SLOPE = re.compile(r"[\w.]*(deriv|der_|_der|prime|slope|_grad|grad_|dsigm|dtanh|drelu)\w*\(", re.IGNORECASE)
"""What learners call the function that gives the slope of an activation."""


def difference(old: str, new: str) -> tuple[str, dict[str, str]] | None:
    """What is wrong with the old line, given the right one; None where the two have little in common.

    Returns:
        The name of the mistake, and the texts for its sentence: `old` and `new`, the pieces that differ, or `node`,
        what is missing or too many, and `where`, what it belongs to.

    >>> difference("d = y - p", "d = p - y")
    ('sign', {'node': 'y - p'})
    >>> difference("b = g.sum() / n + c * w", "b = g.sum() / n + 2 * c * w")
    ('scaled', {'old': 'c * w', 'new': '2 * c * w'})
    >>> difference("dh = W @ dz", "dh = W.T @ dz")
    ('transposed', {'old': 'W', 'new': 'W.T'})
    >>> difference("g = d * s", "g = d * s * (1 - s)")
    ('missing-derivative', {'node': '1 - s', 'where': 'd * s'})
    >>> difference("d[d <= 0] = 0", "d[z <= 0] = 0")
    ('wrong-mask', {'old': 'd', 'new': 'z'})
    >>> difference("dz = np.hstack([di, do, df])", "dz = np.hstack([di, df, do])")
    ('wrong-order', {'old': '[di, do, df]', 'new': '[di, df, do]'})
    >>> difference("b1 += -rate * db2", "b1 -= rate * db1")
    ('wrong-operand', {'old': 'db2', 'new': 'db1'})
    >>> difference("g = d * m * m / n", "g = d * m / n")
    ('applied-twice', {'node': 'm', 'where': 'd * m * m / n'})
    >>> difference("d[i, y] = -1", "d[i, y] = -d.sum(axis=1)")
    ('wrong-operand', {'old': '-1', 'new': '-d.sum(axis=1)'})
    """
    heads = (f"{text} pass" if text.startswith("for ") and text.endswith(":") else text for text in (old, new))
    try:
        one, other = (ast.parse(textwrap.dedent(text)).body for text in heads)
    except SyntaxError:
        return None
    pairs = [(a, b) for a, b in zip(one, other, strict=False) if not _same(a, b)]
    if len(one) != len(other) or len(pairs) != 1:
        return None
    return _statement(*pairs[0])


def _statement(old: ast.stmt, new: ast.stmt) -> tuple[str, dict[str, str]] | None:
    if isinstance(old, ast.AugAssign) and isinstance(new, ast.AugAssign) and type(old.op) is not type(new.op):
        if isinstance(old.op, (ast.Add, ast.Sub)) and isinstance(new.op, (ast.Add, ast.Sub)):
            one, other = _unsigned(old.value), _unsigned(new.value)
            turned = one[1] == other[1]  # `+= -x` and `-= x` are the same
            pair = _narrowed(one[0], other[0])
            return ("sign", {"node": ast.unparse(old.value)}) if turned or _same(*pair) else _of(*pair)
        return "scaled", {"old": ast.unparse(old), "new": ast.unparse(new)}
    if isinstance(old, ast.Assign) and isinstance(new, ast.AugAssign):
        if not isinstance(new.op, (ast.Add, ast.Sub)):
            return "wrong-operand", {"old": ast.unparse(old), "new": ast.unparse(new)}
        return "overwritten", {"node": ast.unparse(new.target)}
    if isinstance(old, ast.AugAssign) and isinstance(new, ast.Assign):
        return "accumulated", {"node": ast.unparse(old.target)}
    if isinstance(old, (ast.Assign, ast.AugAssign)) and isinstance(new, ast.Expr) and ".at(" in ast.unparse(new):
        target = old.target if isinstance(old, ast.AugAssign) else old.targets[0]
        return "lost-duplicates", {"node": array_in(ast.unparse(target))}
    if type(old) is not type(new):
        return None
    masks = isinstance(old, ast.Assign) and "> 0]" in ast.unparse(old).replace("<=", ">").replace("<", ">")
    pair = _narrowed(old, new)
    if pair[0] is old and isinstance(old, (ast.Assign, ast.AugAssign)) and not masks:
        pair = _narrowed(old.value, new.value)  # type: ignore[attr-defined]
    if masks and isinstance(pair[0], ast.Assign):
        return "wrong-derivative", {"old": ast.unparse(old), "new": ast.unparse(new)}
    return _of(*pair) if isinstance(pair[0], ast.expr) and isinstance(pair[1], ast.expr) else None


def _unsigned(value: ast.expr) -> tuple[ast.expr, bool]:
    """A product without the minus that it begins with, and whether there was one."""
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        return value.operand, True
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Mult, ast.Div, ast.MatMult)):
        left, minus = _unsigned(value.left)
        return ast.BinOp(left, value.op, value.right), minus
    return value, False


def _same(one: Any, other: Any) -> bool:
    return ast.dump(one) == ast.dump(other)


def _renamed(old: ast.AST, new: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """The pieces in which two texts differ, as small as they can be."""
    pairs = [*zip(ast.iter_child_nodes(old), ast.iter_child_nodes(new), strict=False)]
    alike = type(old) is type(new) and len([*ast.iter_child_nodes(old)]) == len([*ast.iter_child_nodes(new)])
    if not pairs or not alike or isinstance(old, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)):
        yield from () if _same(old, new) else ((old, new),)
        return
    for one, other in pairs:
        yield from _renamed(one, other)


def _narrowed(old: Any, new: Any) -> tuple[Any, Any]:
    """The smallest pair of pieces in which the two differ, also where one name stands several times for another."""
    renamed = [*_renamed(old, new)]
    names = all(isinstance(each, (ast.Name, ast.Attribute, ast.Subscript)) for pair in renamed for each in pair)
    if len(renamed) > 1 and names and len({(ast.dump(a), ast.dump(b)) for a, b in renamed}) == 1:
        return renamed[0]
    while type(old) is type(new):
        if isinstance(old, ast.UnaryOp) and isinstance(old.operand, ast.Constant):
            break  # -1 is a number
        power = isinstance(old, ast.BinOp) and isinstance(old.op, ast.Pow) and not _same(old.right, new.right)
        if isinstance(old, ast.BinOp) and (power or isinstance(old.op, (ast.Mult, ast.Div)) or _apart(old, new)):
            break
        pairs = list(_differing(old, new))
        if len(pairs) != 1 or not all(isinstance(part, ast.expr) for part in pairs[0]):
            break
        if isinstance(old, ast.Call) and _name(old) in SUMS and pairs[0][0] is not _inside(old):
            break  # the axis tells nothing without the sum
        if isinstance(old, ast.Subscript) and pairs[0][0] is old.slice and not isinstance(old.slice, ast.Compare):
            break  # neither does an index
        if _is_mask(old) and _is_mask(new) and pairs[0][0] is old.left:
            break
        old, new = pairs[0]
    return old, new


def _is_mask(tree: Any) -> bool:
    """Whether it asks where something is above a number, or below it."""
    orders = (ast.Gt, ast.GtE, ast.Lt, ast.LtE)
    return isinstance(tree, ast.Compare) and isinstance(tree.ops[0], orders) and _is_number(_text(tree.comparators[-1]))


def _apart(old: ast.BinOp, new: ast.BinOp) -> bool:
    """Whether the operators differ, or both sides do."""
    crossed = not _same(old.left, new.left) and not _same(old.right, new.right)
    return type(old.op) is not type(new.op) or crossed


def _smallest(old: ast.expr, new: ast.expr, without: Callable[[ast.expr], ast.expr]) -> dict[str, str]:
    """The texts of the smallest pieces that differ, and differ in nothing that is left without something."""
    while type(old) is type(new):
        pairs = list(_differing(old, new))
        if len(pairs) != 1 or not all(isinstance(part, ast.expr) for part in pairs[0]):
            break
        if not _same(without(pairs[0][0]), without(pairs[0][1])) or isinstance(pairs[0][0], ast.Constant):
            break
        old, new = pairs[0]
    return {"old": _text(old), "new": _text(new)}


def _differing(old: Any, new: Any) -> Iterator[tuple[Any, Any]]:
    for field in old._fields:
        one, other = getattr(old, field), getattr(new, field)
        if isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                yield old, None
                continue
            for a, b in zip(one, other, strict=True):
                if isinstance(a, ast.AST) and isinstance(b, ast.AST) and not _same(a, b):
                    yield a, b
        elif isinstance(one, ast.AST) and isinstance(other, ast.AST):
            if not _same(one, other):
                yield one, other
        elif one != other:
            yield old, None


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _inside(call: ast.Call) -> ast.expr | None:
    """What a call of a sum sums."""
    if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) not in ("np", "numpy"):
        return call.func
    return call.args[0] if call.args else None


def _text(tree: ast.expr) -> str:
    return ast.unparse(tree)


def _of(old: ast.expr, new: ast.expr) -> tuple[str, dict[str, str]] | None:
    """The name of the difference between two expressions."""
    both = {"old": _text(old), "new": _text(new)}
    if max(map(len, both.values())) > 2 * LONGEST:
        return None
    parts = [sorted(map(_text, getattr(tree, "elts", ()))) for tree in (old, new)]
    if type(old) is type(new) and parts[0] == parts[1] != []:
        return "wrong-order", both
    if _is_mask(old) and _is_mask(new) and not _same(old.left, new.left):  # type: ignore[attr-defined]
        return "wrong-mask", {"old": _text(old.left), "new": _text(new.left)}  # type: ignore[attr-defined]
    if _same(_unturned(old), _unturned(new)) or _same(_turned_about(old), _turned_about(new)):
        return "transposed", _smallest(old, new, _unturned)
    if _same(_unsummed(old), _unsummed(new)):
        return "wrong-axis", _smallest(old, new, _unsummed)
    if isinstance(old, ast.Call) and isinstance(new, ast.Call) and {_name(old), _name(new)} <= SUMS:
        if _name(old) != _name(new):
            return "scaled", both
        if not _same(old.func, new.func) and old.args == new.args == []:
            return _of(*_narrowed(old.func, new.func))
    one, other = _terms(old), _terms(new)
    if len(one) > 1 or len(other) > 1 or next(iter(one))[0] != next(iter(other))[0]:
        found = _of_sums(one, other, old)
        if found is not None:
            return found
    return _of_products(old, new) or ("wrong-operand", both)


def _of_sums(
    one: Counter[tuple[int, str]], other: Counter[tuple[int, str]], old: ast.expr
) -> tuple[str, dict[str, str]] | None:
    """The difference between two sums, by their terms."""
    gone, come = list((one - other).elements()), list((other - one).elements())
    if gone and sorted((-sign, text) for sign, text in gone) == sorted(come):
        whole = len(gone) == sum(one.values())
        return "sign", {"node": _text(old) if whole else gone[0][1]}
    if len(come) == 1 and not gone:
        return "dropped-edge", {"node": _signed(come[0]), "where": _text(old)}
    if len(gone) == 1 and not come:
        return "doubled-edge", {"node": _signed(gone[0]), "where": _text(old)}
    if len(gone) == len(come) == 1 and sum(one.values()) > 1:
        (sign, a), (other_sign, b) = gone[0], come[0]
        if sign == other_sign:
            return _of(*_narrowed(ast.parse(a, mode="eval").body, ast.parse(b, mode="eval").body))
    return None


def _signed(term: tuple[int, str]) -> str:
    return term[1] if term[0] > 0 else f"-{term[1] if level(term[1]) > 1 else f'({term[1]})'}"


def _of_products(old: ast.expr, new: ast.expr) -> tuple[str, dict[str, str]] | None:
    """The difference between two products, by their factors."""
    one, other = _factors(old), _factors(new)
    change = {text: other[text] - one[text] for text in (*one, *other) if other[text] != one[text]}
    if not change or (len(one) == len(other) == 1 and len(change) > 1):
        return None
    numbers = {text for text in change if _is_number(text)}
    if numbers == set(change):
        return "scaled", {"old": _text(old), "new": _text(new)}
    up = [(text, power) for text, power in change.items() if power > 0]
    down = [(text, power) for text, power in change.items() if power < 0]
    more = sum(abs(p) for t, p in other.items()) > sum(abs(p) for t, p in one.items())
    less = sum(abs(p) for t, p in other.items()) < sum(abs(p) for t, p in one.items())
    if more and not any(one[text] for text in change if one[text] * other[text] <= 0 and one[text]):
        return f"missing-{_kind(change)}", {"node": _product(change), "where": _text(old)}
    if less and all(abs(other[text]) < abs(one[text]) for text in change):
        kind = "applied-twice" if all(one[text] * other[text] > 0 for text in change) else f"extra-{_kind(change)}"
        return kind, {"node": _product({t: -p for t, p in change.items()}), "where": _text(old)}
    if len(up) == len(down) == 1 and down[0][1] == -up[0][1]:
        gone, come = (up[0][0], down[0][0]) if one[up[0][0]] < 0 else (down[0][0], up[0][0])  # a divisor, perhaps
        a, b = (ast.parse(text, mode="eval").body for text in (gone, come))
        slope = all(text.startswith("1 - ") for text in (gone, come))
        found = _of(*_narrowed(a, b))
        inner = found is not None and found[0] in ("dropped-edge", "doubled-edge")  # no term of the whole
        if not slope:
            return ("wrong-operand", {"old": gone, "new": come}) if inner else found
        if found is not None and found[0] == "wrong-operand":
            return found
    slopes = [[text for text, _ in side if text.startswith("1 - ")] for side in (down, up)]
    if all(slopes):
        return "wrong-derivative", {"old": _product({t: -p for t, p in down}), "new": _product(dict(up))}
    return None


def _kind(factors: Iterable[str]) -> str:
    """Whether factors are a slope, as activations have it."""
    slope = any(t.startswith("1 - ") or t.endswith((" > 0", " > 0)")) or SLOPE.match(t) for t in factors)
    return "derivative" if slope else "factor"


def _is_number(text: str) -> bool:
    """Whether a factor is a number, or counts something."""
    return text.replace(".", "", 1).replace("e-", "", 1).isdigit() or text.startswith("len(") or ".shape[" in text


def _product(factors: dict[str, int]) -> str:
    if list(factors.values()) == [1]:
        return next(iter(factors))
    up = " * ".join(_powered(t, p) for t, p in factors.items() if p > 0)
    down = " / ".join(_powered(t, -p) for t, p in factors.items() if p < 0)
    return f"{up or '1'} / {down}" if down else up


def _powered(text: str, power: int) -> str:
    text = text if level(text) > 3 else f"({text})"
    return text if power == 1 else f"{text}**{power}"


def _terms(tree: ast.expr, sign: int = 1) -> Counter[tuple[int, str]]:
    """The terms of a sum, each with its sign."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _terms(tree.operand, -sign)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Add, ast.Sub)):
        return _terms(tree.left, sign) + _terms(tree.right, sign if isinstance(tree.op, ast.Add) else -sign)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div, ast.MatMult)):
        left = tree.left
        if isinstance(left, ast.UnaryOp) and isinstance(left.op, ast.USub):
            return _terms(ast.BinOp(left.operand, tree.op, tree.right), -sign)
    return Counter({(sign, _text(tree)): 1})


def _factors(tree: ast.expr, power: int = 1) -> Counter[str]:
    """The factors of a product, each with its power."""
    found: Counter[str] = Counter()
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
        found.update(_factors(tree.left, power))
        found.update(_factors(tree.right, power if isinstance(tree.op, ast.Mult) else -power))
    elif (
        isinstance(tree, ast.BinOp)
        and isinstance(tree.op, ast.Pow)
        and isinstance(tree.right, ast.Constant)
        and isinstance(tree.right.value, int)
    ):
        found.update({text: p * tree.right.value for text, p in _factors(tree.left, power).items()})
    elif isinstance(tree, ast.Constant) and tree.value == 1:
        pass
    else:
        found[_text(tree)] += power
    return found


class _Plain(ast.NodeTransformer):
    """Leaves every transpose out."""

    def visit_Attribute(self, node: ast.Attribute) -> Any:
        return self.visit(node.value) if node.attr in TURNS else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Attribute) and node.func.attr in TURNS:
            at_numpy = ast.unparse(node.func.value) in ("np", "numpy") and node.args
            return self.visit(node.args[0] if at_numpy else node.func.value)
        return self.generic_visit(node)


def _unturned(tree: ast.expr) -> ast.expr:
    found: ast.expr = _Plain().visit(ast.parse(_text(tree), mode="eval").body)
    return found


class _Whole(ast.NodeTransformer):
    """Leaves the axis of every sum out."""

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        if _name(node) in SUMS:
            at_numpy = ast.unparse(node.func).startswith(("np.", "numpy."))
            return ast.Call(node.func, node.args[: int(at_numpy)], [])
        return node


def _unsummed(tree: ast.expr) -> ast.expr:
    found: ast.expr = _Whole().visit(ast.parse(_text(tree), mode="eval").body)
    return found


def _turned_about(tree: ast.expr) -> ast.expr:
    """Without transposes, the operands of a matrix product in the order of the alphabet."""
    tree = _unturned(tree)
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.MatMult):
        pair = sorted((tree.left, tree.right), key=ast.dump)
        return ast.BinOp(pair[0], tree.op, pair[1])
    if isinstance(tree, ast.Call) and _name(tree) in ("outer", "dot", "matmul") and len(tree.args) == 2:
        return ast.Call(tree.func, sorted(tree.args, key=ast.dump), tree.keywords)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute) and _name(tree) == "dot" and tree.args:
        pair = sorted((tree.func.value, tree.args[0]), key=ast.dump)
        return ast.BinOp(pair[0], ast.MatMult(), pair[1])
    return tree
