"""Memory for time: `checkpoint(f)` forgets what `f` computed on the way, and computes it again in backward.

A deep network keeps every layer's numbers until backward has been there. A checkpointed part keeps only what goes in
and what comes out; its inside is recorded a second time when its derivative is wanted. It is one node of the graph.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..carrier import describe
from ..core.node import INPUT
from ..core.table import identity
from ..errors import GraphError, OperandError
from ..mode import SPECIAL, Entry, turn_on
from ..switches import always_recording, recording
from ..tensor.rules import ArrayRule, plain_array
from ..tensor.tensor import Tensor, recorded
from .products import pull_arrived, push_arrived
from .pytree import flatten


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, remembering only its arguments and its result; also a decorator.

    Args:
        f: takes numbers, arrays and Tensors, also in nested lists, tuples and dicts, and gives one Tensor. It may use
            Tensors from outside, parameters above all: they receive their gradients as ever. It is called again in
            backward and must then compute the same, so whatever it draws at random it draws from a generator that it
            seeds itself, and it is called for its result, not for what it does besides.

    Raises:
        OperandError: when called, if the result is not one Tensor.
        GraphError: in backward, if the second run gave other numbers than the first, or if something it used has
            been assigned new data in between.

    >>> W = Tensor([[0.5, -1.0], [2.0, 0.25]])
    >>> block = checkpoint(lambda x: (x @ W).tanh())
    >>> block(Tensor([1.0, 2.0])).sum().backward()
    >>> W.grad.shape
    (2, 2)
    """

    @functools.wraps(f)
    def run(*args: Any, **kwargs: Any) -> Any:
        leaves, rebuild = flatten((list(args), kwargs))
        places = [k for k, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]

        def again(given: Sequence[Any]) -> Any:
            filled = list(leaves_without)
            for k, tensor in zip(places, given, strict=True):
                filled[k] = tensor
            positional, named = rebuild(filled)
            return f(*positional, **named)

        given = [leaves[k] for k in places]
        leaves_without = [None if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        if not recording():
            return again(given)
        watching = Entry()
        watching.made = made = set[int]()
        try:
            turn_on(watching, SPECIAL)
            inside = [identity(tensor) for tensor in given]
            out = again(inside)
        finally:
            watching.over = True
        if not isinstance(out, Tensor):
            raise OperandError(f"a checkpointed function gives one Tensor, got {describe(out)}")
        outside = _outside(out, set(map(id, inside)), made)
        return _rule(again, outside, out._data)(*given, *outside) if given or outside else out

    return run


def _outside(out: Tensor, inside: set[int], made: set[int]) -> list[Tensor]:
    """What the function used from outside besides its arguments: parameters, or results that were there before."""
    found: list[Tensor] = []
    seen, stack = set(inside), [out]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if id(node) in made:
            stack += [parent for parent in node._parents if parent is not None]
        else:
            found.append(node)
    return found


def _rule(again: Callable[[Sequence[Any]], Any], outside: list[Tensor], data: Any) -> ArrayRule:
    """The primitive that a checkpointed call is: its operands are the arguments, then what it used from outside."""

    def rerun(out: Any, operands: Sequence[Any]) -> tuple[list[Any], Any]:
        count = len(operands) - len(outside)
        differentiable = isinstance(out, Tensor)
        for node, operand in zip(outside, operands[count:], strict=True):
            if node._data is not plain_array(operand):
                raise GraphError(
                    "a Tensor that a checkpointed function uses was assigned new data before backward: "
                    "its derivative would be wrong; update parameters after backward"
                )
        with always_recording():  # even if backward itself was called where nothing is
            inside = [identity(x) if differentiable else _leaf(x) for x in operands[:count]]
            result = again(inside)
        if not np.array_equal(result._data, plain_array(out), equal_nan=True):
            raise GraphError(
                "a checkpointed function computed something else when it was run again for backward: "
                "let it draw random numbers from a generator that it seeds itself, and depend on nothing that changes"
            )
        return [*inside, *outside], result

    def whole(g: Any, out: Any, operands: Sequence[Any], wanted: Sequence[Any], options: dict[str, Any]) -> list[Any]:
        inputs, result = rerun(out, operands)
        found = pull_arrived([result], [g], inputs, isinstance(out, Tensor))
        return [g if want is not None and want is not False else None for g, want in zip(found, wanted, strict=True)]

    def pushed(tangents: list[Any], out: Any, *operands: Any) -> Any:
        inputs, result = rerun(out, operands)
        return push_arrived(inputs, tangents, [result], isinstance(out, Tensor))[0]

    return ArrayRule("checkpoint", lambda *arrays: data, kind="general", push=pushed, whole=whole, variadic=True)


def _leaf(array: Any) -> Tensor:
    return recorded(INPUT, array, (), (), None, {})
