"""A tape computed again from other numbers, and one node of it differentiated.

Everything is computed in float64 whatever the script uses, so that rounding does not hide what is wrong.
"""

from __future__ import annotations

import contextlib
import functools
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ....core import table
from ....core.reverse import times
from ....core.rule import Rule
from ....errors import AutogradError
from ....switches import always_recording
from ....tensor import functions as compute
from ....tensor import rules
from ....tensor.rules import unbroadcast
from ....tensor.tensor import Tensor
from ....ufuncs import OF_SCIPY
from ..watch.node import Index, Method, Node, Part, assembled, cast, linked

Array = Any
Values = dict[int, Any]
NARROW = (np.float16, np.float32)
STEP = 1e-6
LARGE = 200_000  # numbers


def ancestors(ends: Iterable[Node], stop: Callable[[Node], bool]) -> list[Node]:
    """Everything that these nodes are computed from, in order of time; nodes that `stop` holds for are the leaves."""
    found: dict[int, Node] = {}
    stack = list(ends)
    while stack:
        node = stack.pop()
        if id(node) in found:
            continue
        found[id(node)] = node
        if not stop(node):
            stack += node.operands()
    return sorted(found.values(), key=lambda node: node.time)


def wide(value: Any) -> Any:
    """A float array or number in float64."""
    if isinstance(value, np.ndarray):
        return value.astype(float) if value.dtype.kind == "f" and value.dtype != np.float64 else value
    if isinstance(value, np.floating) and not isinstance(value, np.float64):
        return np.float64(value)
    return value


class Program:
    """A piece of tape.

    Args:
        order: nodes in order of time.
        leaves: those that are given, not computed.
    """

    def __init__(self, order: list[Node], leaves: set[int]) -> None:
        self.order, self.leaves = order, leaves
        self.steps = [node for node in order if id(node) not in leaves and node.function is not None]

    def start(self) -> Values:
        """The values of the leaves, as they were."""
        return {id(node): wide(node.value) for node in self.order if id(node) in self.leaves or node.function is None}

    def run(self, given: Mapping[int, Any], instead: Mapping[int, Any] | None = None) -> Values:
        """All values.

        Args:
            given: those of the leaves.
            instead: values of nodes that are not to be computed.
        """
        values: Values = dict(given)
        for node in self.steps:
            if instead is not None and id(node) in instead:
                values[id(node)] = instead[id(node)]
            else:
                values[id(node)] = compute_node(node, values)
        return values

    def rerun(self, values: Values, changed: Mapping[int, Any]) -> Values:
        """The values that change when some nodes (leaves or not) have other ones; the rest stays out."""
        new: Values = dict(changed)
        mixed = values | new
        for node in self.steps:
            if id(node) in changed:
                continue
            if any(id(operand) in new for operand in node.operands()):
                mixed[id(node)] = new[id(node)] = compute_node(node, mixed)
        return new


class Layered(dict):  # type: ignore[type-arg]
    """Values, some of them replaced."""

    def __init__(self, new: Values, old: Values) -> None:
        self.new, self.old = new, old

    def __getitem__(self, key: int) -> Any:
        return self.new[key] if key in self.new else self.old[key]

    def get(self, key: int, default: Any = None) -> Any:
        return self.new[key] if key in self.new else self.old.get(key, default)


def resolved(arg: Any, values: Mapping[int, Any]) -> Any:
    """An operand with the values in the place of the nodes."""
    if isinstance(arg, Node):
        return values[id(arg)]
    if isinstance(arg, Index):
        return tuple(resolved(part, values) for part in arg.parts)
    if isinstance(arg, list):
        return [resolved(part, values) for part in arg]
    if isinstance(arg, tuple):
        return tuple(resolved(part, values) for part in arg)
    if isinstance(arg, dict):
        return {key: resolved(part, values) for key, part in arg.items()}
    return wide(arg)


def compute_node(node: Node, values: Mapping[int, Any]) -> Any:
    """A node's value from those of its operands."""
    if node.plan is None:
        node.plan = _plain(_planned(node)) if _takes_in_a_matrix(node) else _planned(node)
    return node.plan(values)


def _takes_in_a_matrix(node: Node) -> bool:
    """Whether an array stays an array although an `np.matrix` comes into it: `total += error * matrix`."""
    return type(node.value) is np.ndarray and any(isinstance(o.value, np.matrix) for o in node.operands())


def _plain(plan: Callable[[Mapping[int, Any]], Any]) -> Callable[[Mapping[int, Any]], Any]:
    return lambda values: np.asarray(plan(values))


def compute_resized(node: Node, values: Mapping[int, Any]) -> Any:
    """A node's value where operands may have other shapes than they had.

    Raises:
        MemoryError: it would be far larger than it was, as an outer product with a matrix in the place of a row.
    """
    given = [(np.shape(values[id(o)]), np.size(o.value)) for o in node.operands()]
    if any(math.prod(shape) > before for shape, before in given):
        shapes = [shape for shape, _ in given]
        if getattr(node.function, "__name__", "") == "outer":
            shapes = [(math.prod(shape), *[1] * k) for k, shape in enumerate(shapes)]
        with contextlib.suppress(ValueError):  # it is no broadcast, or none that can be
            size = math.prod(np.broadcast_shapes(*shapes))
            if size > LARGE and size > 8 * max(np.size(node.value), *map(math.prod, shapes)):
                raise MemoryError(f"{size} numbers")
    return compute_node(node, values)


def _planned(node: Node) -> Callable[[Mapping[int, Any]], Any]:
    """How a node is computed: what of that does not depend on the values is done once."""
    function: Any = node.function
    casts = function in NARROW or function is cast or getattr(function, "__name__", "") == "astype"
    deep = [k for k, arg in enumerate(node.args) if not isinstance(arg, Node) and _holds_nodes(arg)]
    if node.kwargs or casts or (deep and (function is not assembled or deep != [0])):
        return functools.partial(_computed, node)
    fixed = [arg if isinstance(arg, Node) or k in deep else resolved(arg, {}) for k, arg in enumerate(node.args)]
    keys = [id(arg) for arg in fixed if isinstance(arg, Node)]
    if deep:
        parts = [part if isinstance(part, Node) else wide(part) for part in node.args[0]]
        rest = fixed[1:]
        return lambda values: wide(function([values[id(p)] if isinstance(p, Node) else p for p in parts], *rest))
    if len(fixed) == len(keys) == 2:
        one, other = keys
        return lambda values: wide(function(values[one], values[other]))
    if len(fixed) == len(keys) == 1:
        key = keys[0]
        return lambda values: wide(function(values[key]))
    if len(fixed) == 2 and len(keys) == 1 and isinstance(fixed[0], Node):  # an element, say
        key, second = keys[0], fixed[1]
        return lambda values: wide(function(values[key], second))
    return lambda values: wide(function(*[values[id(a)] if isinstance(a, Node) else a for a in fixed]))


def _holds_nodes(arg: Any) -> bool:
    return any(True for _ in Node(None, (arg,), {}, None, None, 0).operands())


def _computed(node: Node, values: Mapping[int, Any]) -> Any:
    args = [resolved(arg, values) for arg in node.args]
    kwargs = node.kwargs and {
        key: _dtype(resolved(arg, values)) if key == "dtype" else resolved(arg, values)
        for key, arg in node.kwargs.items()
    }
    if _narrows(node, args):
        return wide(np.asarray(args[0], dtype=float)) if args else 0.0
    return wide(node.function(*args, **kwargs))  # type: ignore[misc]


def _dtype(dtype: Any) -> Any:
    try:
        return np.float64 if np.dtype(dtype) in (np.dtype(np.float16), np.dtype(np.float32)) else dtype
    except TypeError:
        return dtype


def _narrows(node: Node, args: list[Any]) -> bool:
    """Whether a node only makes numbers less precise."""
    if node.function in NARROW:
        return True
    if isinstance(node.function, Method) and node.function.__name__ == "astype" and len(args) > 1:
        return _dtype(args[1]) is np.float64 and np.asarray(args[0]).dtype.kind == "f"
    return node.function is cast and np.dtype(args[1]).kind == "f"


# ------------------------------------------------------------------------------------------ differentiating a node

LIFTED: dict[Any, Callable[..., Any]] = {
    **{
        getattr(math, name): getattr(np, name)
        for name in (
            "exp",
            "log",
            "sqrt",
            "sin",
            "cos",
            "tan",
            "tanh",
            "sinh",
            "cosh",
            "log1p",
            "expm1",
            "log2",
            "log10",
            "atan2",
        )
        if hasattr(np, name)
    },
    math.pow: np.power,
    math.fabs: np.abs,
    abs: np.abs,
    float: linked,
    np.float64: linked,
    np.array: lambda x, **options: _stacked(x),
    np.asarray: lambda x, **options: _stacked(x),
    np.copy: linked,
    np.atleast_2d: np.atleast_2d,
}
"""What stands in for a function where it is given Tensors."""

BY_NAME = {
    **OF_SCIPY, "logsumexp": compute.logsumexp, "softmax": compute.softmax, "log_softmax": compute.log_softmax,
}  # fmt: skip
"""Functions of scipy.special."""


SMOOTH: dict[Any, Rule] = {
    operator.add: table.add, operator.sub: table.subtract, operator.mul: table.multiply,
    operator.truediv: table.divide, operator.neg: table.negative,
    **{getattr(np, row.name): row for row in (
        table.add, table.subtract, table.multiply, table.divide, table.negative, table.square, table.exp, table.log,
        table.sqrt, table.tanh,
    )},
}  # fmt: skip
"""Functions that are rows of the table whose derivatives choose nothing: they need no graph to be differentiated."""


def _stacked(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return (
            np.stack([_stacked(part) for part in x])
            if any(_has_tensor(part) for part in x)
            else np.array(x, dtype=float)
        )
    return x


def _has_tensor(x: Any) -> bool:
    return any(map(_has_tensor, x)) if isinstance(x, (list, tuple)) else isinstance(x, Tensor)


def lifted(function: Any) -> Callable[..., Any]:
    """A function of numbers as one of Tensors."""
    try:
        known = LIFTED.get(function)
    except TypeError:
        known = None
    if known is not None:
        return known
    if isinstance(function, Method):
        name = function.__name__
        if name in ("copy", "astype", "item"):
            return lambda x, *rest, **options: np.reshape(x, ()) if name == "item" else x
        if name == "flatten":
            return lambda x, *rest, **options: np.ravel(x)
        if hasattr(Tensor, name):  # the owner may be a plain array: x.dot(W)
            return lambda x, *rest, **options: function(
                x if _has_tensor(x) else Tensor(np.asarray(x, float)), *rest, **options
            )
        found: Callable[..., Any] = getattr(np, name, function)
        return found
    if isinstance(function, Part):
        inner = lifted(function.function)
        return lambda *args, **kwargs: inner(*args, **kwargs)[function.number]
    if str(getattr(function, "__module__", "")).startswith("scipy.special") or type(function).__module__.startswith(
        "scipy.special"
    ):
        special: Any = BY_NAME.get(getattr(function, "__name__", ""), function)
        return special  # type: ignore[no-any-return]
    plain: Callable[..., Any] = function
    return plain


def pulled(
    node: Node, values: Mapping[int, Any], wanted: list[Node], g: Array, saved: Mapping[int, Any] | None = None
) -> list[Array | None]:
    """What a node passes back to some of its operands.

    Args:
        wanted: the operands, each once.
        g: the cotangent of the node.
        saved: other values for operands than those they had.
    """
    given = values if saved is None else Layered(dict(saved), values)  # type: ignore[arg-type]
    if any(_counts(operand, given) for operand in wanted):
        smooth = [operand for operand in wanted if not _counts(operand, given)]
        found = dict(zip(map(id, smooth), pulled(node, given, smooth, g) if smooth else (), strict=True))
        return [found.get(id(operand)) for operand in wanted]
    try:
        rule = SMOOTH.get(node.function)
        if rule is not None and not node.kwargs and len(node.args) == rule.arity:
            return _pulled_by_rule(rule, node, given, wanted, g)
        parts = None if node.kwargs else _pulled_by_array_rule(node, given, g)
        return _pulled_by_tensor(node, given, wanted, g) if parts is None else [parts.get(id(o)) for o in wanted]
    except (AutogradError, TypeError, ValueError, AttributeError, IndexError, NotImplementedError):
        return [_pulled_by_difference(node, given, operand, g) for operand in wanted]


def _counts(operand: Node, values: Mapping[int, Any]) -> bool:
    """Whether it is a place or a truth, `argmax(x)`, through which nothing passes back."""
    return operand.function is not None and np.asarray(values[id(operand)]).dtype.kind in "biu"


def _arrive(found: dict[int, Array], operand: Node, part: Array) -> None:
    """Add what comes back to an operand, which may stand in several places."""
    found[id(operand)] = found[id(operand)] + part if id(operand) in found else part


def _pulled_by_rule(rule: Rule, node: Node, values: Mapping[int, Any], wanted: list[Node], g: Array) -> list[Any]:
    operands = [np.asarray(resolved(arg, values), dtype=float) for arg in node.args]
    found: dict[int, Array] = {}
    with np.errstate(all="ignore"):
        out = np.asarray(rule.value(*operands))
        g = np.reshape(np.asarray(g, dtype=float), out.shape)
        for k, arg in enumerate(node.args):
            if isinstance(arg, Node):
                _arrive(found, arg, unbroadcast(times(g, rule.partial(k, operands, out)), operands[k].shape))
    return [found.get(id(operand)) for operand in wanted]


def _pulled_by_array_rule(node: Node, values: Mapping[int, Any], g: Array) -> dict[int, Array] | None:
    """What the rows for arrays give, where a node is one of the commonest: several times as fast as a graph for it."""
    name, args = getattr(node.function, "__name__", ""), node.args
    if node.function is assembled:
        return _pulled_apart(node, values, g)
    options: dict[str, Any] = {}
    if node.function is operator.getitem and isinstance(args[0], Node) and not isinstance(args[1], Node):
        args, options = args[:1], {"index": resolved(args[1], values)}
    if not 0 < len(args) < 3 or not all(isinstance(arg, (Node, np.ndarray, float, int)) for arg in args):
        return None
    given = [np.asarray(values[id(arg)] if isinstance(arg, Node) else arg, dtype=float) for arg in args]
    if node.function is linked:
        return {id(args[0]): np.reshape(np.asarray(g, dtype=float), given[0].shape)}
    if options:
        rule, out = rules.getitem, given[0][options["index"]]
    elif len(args) == 1 and (node.function is np.sum or (name == "sum" and isinstance(node.function, Method))):
        rule, out = rules.sum, given[0].sum()
    elif name in ("matmul", "dot") and [x.ndim for x in given] in ([1, 1], [1, 2], [2, 1], [2, 2]) and len(args) == 2:
        rule, out = rules.matmul, given[0] @ given[1]
    elif node.function is np.outer and len(args) == 2:
        given = [np.reshape(given[0], (-1, 1)), np.reshape(given[1], (1, -1))]
        rule, out = rules.matmul, given[0] @ given[1]
    else:
        return None
    g = np.reshape(np.asarray(g, dtype=float), np.shape(out))
    found: dict[int, Array] = {}
    for k, arg in enumerate(args):
        if isinstance(arg, Node):
            _arrive(found, arg, np.reshape(rule.pull(k, g, out, tuple(given), options), np.shape(values[id(arg)])))
    return found


def _pulled_apart(node: Node, values: Mapping[int, Any], g: Array) -> dict[int, Array] | None:
    """What the parts of an array that was put together get."""
    parts, order, _ = node.args
    if isinstance(order, Node):
        return None
    flat = [np.ravel(np.asarray(resolved(part, values), dtype=float)) for part in parts]
    whole = np.concatenate(flat)
    order = np.ravel(order)
    back = rules.getitem.pull(0, np.ravel(np.asarray(g, dtype=float)), whole[order], (whole,), {"index": order})
    found: dict[int, Array] = {}
    for part, own in zip(parts, np.split(back, np.cumsum([each.size for each in flat])[:-1]), strict=True):
        if isinstance(part, Node):
            _arrive(found, part, np.reshape(own, np.shape(values[id(part)])))
    return found


def _pulled_by_tensor(node: Node, values: Mapping[int, Any], wanted: list[Node], g: Array) -> list[Array | None]:
    leaves = {id(operand): Tensor(np.asarray(values[id(operand)], dtype=float)) for operand in wanted}
    mixed = Layered(leaves, values)  # type: ignore[arg-type]
    args = [resolved(arg, mixed) for arg in node.args]
    kwargs = {key: resolved(arg, mixed) for key, arg in node.kwargs.items() if key != "dtype"}
    if (
        node.function in NARROW
        or node.function is cast
        or (isinstance(node.function, Method) and node.function.__name__ == "astype")
    ):
        out = args[0]
    else:
        with np.errstate(all="ignore"), always_recording():
            out = lifted(node.function)(*args, **kwargs)
    if not isinstance(out, Tensor):
        return [None] * len(wanted)
    with np.errstate(all="ignore"):
        out.backward(np.reshape(np.asarray(g, dtype=float), out.shape))
    return [leaves[id(operand)].grad if leaves[id(operand)].reached else None for operand in wanted]


def _pulled_by_difference(node: Node, values: Mapping[int, Any], operand: Node, g: Array) -> Array | None:
    """By central differences, for a function that is not differentiated here.

    Raises:
        ArithmeticError: there are too many numbers: nothing is known of them then.
    """
    start = np.array(values[id(operand)], dtype=float)
    if start.size > 4000:
        raise ArithmeticError("too large for differences")
    found = np.zeros(start.shape)
    for at in np.ndindex(start.shape):
        sides: list[Array] = []
        for sign in (1, -1):
            moved = start.copy()
            moved[at] += sign * STEP
            there = compute_node(node, Layered({id(operand): moved}, values))  # type: ignore[arg-type]
            sides.append(np.asarray(there, dtype=float))
        if np.size(g) != sides[0].size:
            return None  # of another size than where it was recorded
        found[at] = np.vdot((sides[0] - sides[1]) / (2 * STEP), np.reshape(g, sides[0].shape))
    return found
