"""Functions in, their derivatives out: `grad`, `value_and_grad`, `vjp`, `jvp`, `jacobian`, `hessian`, `hvp`.

Each records the function once and sends `pull` or `push` of `products.py` over the recording. They take and give plain
numbers and arrays, or nested lists, tuples and dicts of them, as JAX's do, and they nest to any order: inside another
transform the numbers are Values, and the derivative is recorded in its turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..carrier import describe
from ..conversion import told, warn_of_reading
from ..core.node import walk
from ..core.table import identity
from ..errors import OperandError, ShapeError
from ..masking import Arrived, finite
from ..mode import NOW, SPECIAL, STRICT, Entry, turn_on
from ..switches import recording
from ..tensor.rules import concatenate, reshape
from ..tensor.tensor import Tensor
from ..value.operands import to_float
from ..value.value import Value
from .products import pull, push
from .pytree import flatten, leaves_like

Function = Callable[..., Any]


def grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that computes the gradient of `f`, which gives one number.

    Args:
        f: takes numbers, arrays, or nested lists, tuples and dicts of them.
        argnums: the argument to differentiate, or several (then the result is a tuple).

    Returns:
        A function of the same arguments; its result has the structure and the shapes of the argument.

    Raises:
        ShapeError: `f` gives more than one number.
        OperandError: `f` gives a truth value or a place, which have no derivative.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda p: p["w"] * p["w"] + p["b"])({"w": 3.0, "b": 1.0})
    {'w': 6.0, 'b': 1.0}
    """
    both = value_and_grad(_function(f, "grad"), argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]


def value_and_grad(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that computes `f` and its gradient together; see `grad`.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    _function(f, "value_and_grad")

    def compute(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = _Call("grad()", f, args, argnums, kwargs)
        output = call.single_output("grad")
        found = call.pull([output], [_one_like(output)])
        return call.lower(call.output), call.by_argument(found)

    return compute


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """The value of `f` and the pullback, which takes a cotangent of the value to those of the primals.

    Returns:
        (value, pullback); `pullback(cotangent)` gives a tuple, one entry for each primal.

    >>> value, pullback = vjp(lambda x, y: x * y, 2.0, 3.0)
    >>> value, pullback(1.0)
    (6.0, (3.0, 2.0))
    """
    call = _Call("vjp()", _function(f, "vjp"), primals, range(len(primals)), {})
    outputs, _ = flatten(call.output)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        given = leaves_like(cotangent, call.output, "cotangent")
        pairs = [(out, _like(g, out, "cotangent")) for out, g in zip(outputs, given, strict=True) if _carries(out)]
        found = call.pull([out for out, _ in pairs], [g for _, g in pairs], any(map(_carries, given)))
        return tuple(call.by_argument(found))

    return call.lower(call.output), pullback


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of `f` and its directional derivative, by forward mode.

    Args:
        primals: the arguments, a sequence.
        tangents: a direction of the same structure and shapes.

    >>> jvp(lambda x: x**3, (2.0,), (1.0,))
    (8.0, 12.0)
    """
    if not isinstance(primals, (list, tuple)) or not isinstance(tangents, (list, tuple)):
        raise OperandError("jvp() takes the primals and the tangents as tuples: jvp(f, (x,), (v,))")
    call = _Call("jvp()", _function(f, "jvp"), primals, range(len(primals)), {})
    given = leaves_like(tuple(tangents), tuple(primals), "tangent")
    ready = [_like(t, x, "tangent") for t, x in zip(given, call.inputs, strict=True)]
    outputs, rebuild = flatten(call.output)
    carried = [out for out in outputs if _carries(out)]
    differentiable = call.nested or any(map(_carries, given))
    found = dict(zip(map(id, carried), push(call.inputs, ready, carried, differentiable), strict=True))
    slopes = [_zero_like(out) if found.get(id(out)) is None else found[id(out)] for out in outputs]
    return call.lower(call.output), rebuild([s if differentiable else _plain(s) for s in slopes])


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that computes all derivatives of all outputs of `f`.

    Returns:
        A function whose result has the structure of the output, and in it, for each output, that of the argument;
        between arrays the entry has shape `output.shape + argument.shape`.

    >>> jacobian(lambda x: [x[0] * x[1], x[0] + x[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """
    _function(f, "jacobian")

    def compute(*args: Any, **kwargs: Any) -> Any:
        call = _Call("jacobian()", f, args, argnums, kwargs)
        outputs, rebuild = flatten(call.output)
        return rebuild([_rows(call, out) for out in outputs])

    return compute


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """The function that computes the matrix of second derivatives of `f`: the Jacobian of its gradient.

    >>> hessian(lambda x: x[0] ** 2 * x[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, x: Any, v: Any) -> Any:
    """The Hessian of `f` at `x` times the direction `v`, without the Hessian: forward over reverse.

    Args:
        x: the argument of `f`, of any structure; `v` has the same.

    >>> hvp(lambda x: x[0] ** 2 * x[1], [2.0, 3.0], [1.0, 0.0])
    [6.0, 4.0]
    """
    return jvp(grad(f), (x,), (v,))[1]


def _function(f: Any, name: str) -> Function:
    """What is to be differentiated: a function, not what it gave."""
    if not callable(f):
        raise OperandError(
            f"{name}() differentiates a function, got {describe(f)}: give the function itself, as in "
            "grad(f)(x); of a recorded number, backward() fills in the gradients"
        )
    return f  # type: ignore[no-any-return]


class _Call:
    """One recorded call of a user's function: fresh inputs in, the recorded output out."""

    def __init__(
        self, name: str, f: Function, args: Sequence[Any], argnums: int | Sequence[int], kwargs: dict[str, Any]
    ) -> None:
        self.single = _is_whole(argnums)
        given: Any = [argnums] if self.single else argnums
        if not isinstance(given, (list, tuple, range)) or not all(map(_is_whole, given)):
            raise OperandError(
                f"argnums is the number of an argument, from 0 on, or a tuple of them, got {describe(argnums)}; "
                "the arguments themselves are given in a second call: grad(f)(x)"
            )
        for k in given:
            if not -len(args) <= k < len(args):
                raise OperandError(f"argnums names argument {k}, but the function was called with {len(args)}")
        self.wanted = [int(k) % len(args) for k in given]
        self.chosen = list(dict.fromkeys(self.wanted))  # each once, though it be asked for twice
        lifted = list(args)
        arrays = any(isinstance(leaf, (np.ndarray, Tensor)) for leaf in flatten((args, kwargs))[0])
        self.inputs: list[Any] = []
        self.rebuilds: list[tuple[Any, int]] = []
        plain: list[Any] = []
        for k in self.chosen:
            leaves, rebuild = flatten(args[k])
            plain += leaves
            fresh = [_fresh(leaf, arrays) for leaf in leaves]
            self.inputs += fresh
            self.rebuilds.append((rebuild, len(fresh)))
            lifted[k] = rebuild(fresh)
        self.nested = NOW.nested or any(map(_carries, plain))
        entry = Entry()
        entry.strict, entry.nested, entry.pauses = (name, f, set(map(id, self.inputs))), True, -1
        try:
            turn_on(entry, STRICT if recording() else SPECIAL)
            self.output = f(*lifted, **kwargs)
        except ValueError as error:
            raise told(error) from None
        finally:
            entry.over = True
        outputs = flatten(self.output)[0]
        for leaf in outputs:
            check_differentiable(name, leaf)
        if entry.read:
            known = entry.strict[2]
            recorded = walk(*[leaf for leaf in outputs if _carries(leaf)])
            if not any(id(node) in known for node, _ in recorded):
                warn_of_reading(name)

    def single_output(self, name: str) -> Any:
        """The output, which must be one number that was recorded (or a plain one, with gradient zero)."""
        output = self.output
        if isinstance(output, np.ndarray) and output.dtype == object and output.size == 1:
            output = output.item()
        if isinstance(output, Tensor) and output.data.size != 1:
            raise ShapeError(
                f"{name}() differentiates a function that gives one number, got shape {output.data.shape}: "
                "take .sum() or .mean(), or use jacobian() or vjp()"
            )
        plain = isinstance(output, np.ndarray) and output.size == 1 and output.dtype.kind == "f"
        if not _carries(output) and not plain and not isinstance(output, (int, float, np.floating)):
            several = isinstance(output, (list, tuple, dict, np.ndarray))
            remedy = "for several outputs use jacobian() or vjp()" if several else "return a number"
            raise ShapeError(
                f"{name}() differentiates a function that gives one number, got {describe(output)}: {remedy}"
            )
        return output

    def pull(self, outputs: Sequence[Any], cotangents: Sequence[Any], differentiable: bool = False) -> list[Any]:
        """The cotangents of the inputs, zeros included."""
        pairs = [(out, g) for out, g in zip(outputs, cotangents, strict=True) if _carries(out)]
        differentiable = differentiable or self.nested
        found = pull([out for out, _ in pairs], [g for _, g in pairs], self.inputs, differentiable)
        filled = [_zero_like(node) if g is None else g for node, g in zip(self.inputs, found, strict=True)]
        return filled if differentiable else [_plain(g) for g in filled]

    def by_argument(self, leaves: Sequence[Any]) -> Any:
        """Leaves of the inputs, put together as the arguments were."""
        arguments, start = {}, 0
        for k, (rebuild, count) in zip(self.chosen, self.rebuilds, strict=True):
            arguments[k] = rebuild(leaves[start : start + count])
            start += count
        return arguments[self.wanted[0]] if self.single else tuple(arguments[k] for k in self.wanted)

    def lower(self, tree: Any) -> Any:
        """The output as the caller wants it: plain numbers, unless another transform is watching."""
        if self.nested:
            return tree
        leaves, rebuild = flatten(tree)
        return rebuild([_plain(leaf) for leaf in leaves])


def _rows(call: _Call, output: Any) -> Any:
    """The derivatives of one output to the inputs: one sweep for each of its elements."""
    elements = np.shape(output.data if isinstance(output, Tensor) else output)
    if not elements:
        return call.by_argument(call.pull([output], [_one_like(output)]))
    if 0 in elements:  # an output without elements: rows of the right shape, none of them
        return call.by_argument([np.zeros((*elements, *np.shape(_zero_like(x)))) for x in call.inputs])
    found = _stacked(call, output, elements, exactly=call.nested)
    if not call.nested and not all(map(finite, flatten(found)[0])):
        found = _stacked(call, output, elements, exactly=True)
    return found


def _stacked(call: _Call, output: Any, elements: tuple[int, ...], exactly: bool) -> Any:
    """The same, stacked over the elements; `exactly`: the others do not take part, not even as 0."""
    stack = []
    for index in np.ndindex(elements):
        came = np.zeros(elements, bool)
        came[index] = True
        seed = came.astype(output.dtype)
        stack.append(call.by_argument(call.pull([output], [Arrived(seed, came) if exactly else seed])))
    columns = [flatten(row) for row in stack]
    _, rebuild = flatten(stack[0])
    return rebuild([_stack([leaves[k] for leaves, _ in columns], elements) for k in range(len(columns[0][0]))])


def _stack(rows: list[Any], shape: tuple[int, ...]) -> Any:
    """The rows of a Jacobian as one array of shape `shape + row.shape`."""
    if any(isinstance(row, Tensor) for row in rows):
        flat = [reshape(row, shape=(1, *row.shape)) for row in rows]
        return reshape(concatenate(*flat, axis=0), shape=shape + rows[0].shape)
    stacked = np.stack([np.asarray(row) for row in rows])
    return stacked.reshape(shape + stacked.shape[1:])


def _carries(leaf: Any) -> bool:
    return isinstance(leaf, (Value, Tensor))


def _is_whole(number: Any) -> bool:
    """Whether it can be an index; a tuple of one cannot, an array of one neither."""
    return hasattr(number, "__index__") and np.ndim(number) == 0 and not isinstance(number, np.ndarray)


def check_differentiable(who: str, leaf: Any) -> None:
    """A truth value or a place is no output to differentiate; a whole number written in the function is, with slope 0.

    Raises:
        OperandError: it is one.
    """
    kind = "f" if _carries(leaf) or type(leaf) in (int, float) else np.asarray(leaf).dtype.kind
    if kind not in "fO":
        what = describe(leaf) if np.ndim(leaf) == 0 else f"an array of {leaf.dtype}"
        raise OperandError(
            f"{who} differentiates real numbers, and this function returned {what}: a comparison or a position has no "
            "derivative; return the numbers, or where(condition, x, y), which chooses among them"
            if kind in "biu"
            else f"{who} differentiates real numbers, and this function returned {describe(leaf)}"
        )


def _fresh(leaf: Any, arrays: bool) -> Any:
    """A node of its own for an input, so that nothing else that uses the same number is counted with it.

    Beside arrays a number becomes a Tensor of shape (): the two carriers do not mix in one graph.
    """
    if _carries(leaf):
        return identity(leaf)
    if isinstance(leaf, np.ndarray):
        return Tensor(leaf)
    try:
        return Tensor(float(Value(leaf))) if arrays else Value(leaf)
    except OperandError as error:
        raise OperandError(f"an argument to differentiate must hold real numbers: {error}") from None


def _plain(leaf: Any) -> Any:
    """A number or array without its graph."""
    number = leaf.data if isinstance(leaf, (Value, Tensor)) else leaf
    return float(number) if isinstance(number, (np.ndarray, np.generic)) and number.shape == () else number


def _one_like(node: Any) -> Any:
    return np.ones(node.data.shape, node.data.dtype) if isinstance(node, Tensor) else 1.0


def _zero_like(leaf: Any) -> Any:
    """Zero in the shape of a leaf, which may also be an array that depends on no input."""
    if isinstance(leaf, Tensor):
        return np.zeros(leaf.data.shape, leaf.data.dtype)
    if isinstance(leaf, np.ndarray):
        return np.zeros(leaf.shape, leaf.dtype if leaf.dtype.kind == "f" else float)
    return 0.0


def _like(number: Any, node: Any, what: str) -> Any:
    """A tangent or cotangent for a node: checked to be of its shape."""
    shape = node.data.shape if isinstance(node, Tensor) else ()
    given = number.data.shape if isinstance(number, Tensor) else np.shape(number)
    if given != shape:
        raise ShapeError(f"a {what} has the shape of what it belongs to: expected {shape}, got {given}")
    if _carries(number) or not isinstance(node, Tensor):
        return number if _carries(number) else to_float(number, f"a {what}")
    return np.asarray(number, dtype=node.data.dtype)
