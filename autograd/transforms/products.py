"""Products with a Jacobian, over what was recorded: `pull` sends cotangents back, `push` sends tangents on.

Both restrict THE sweep (`core/reverse.py`, `core/forward.py`) to what lies between some inputs and outputs. Nothing is
left behind on the nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.forward import push_forward
from ..core.node import walk
from ..core.reverse import sweep
from ..errors import AnomalyError
from ..masking import Arrived, finite
from ..switches import check_cotangents, check_tangents, looking_for_anomalies
from ..system.quiet import quiet

Between = list[tuple[Any, tuple[Any, ...]]]


def between(inputs: Sequence[Any], outputs: Sequence[Any]) -> tuple[Between, set[int]]:
    """The results that depend on the inputs, operands first; and the ids of all nodes that do."""
    ids = {id(node) for node in inputs}
    results = []
    for node, operands in walk(*outputs):
        if id(node) not in ids and any(id(operand) in ids for operand in operands):
            ids.add(id(node))
            results.append((node, operands))
    return results, ids


def pull(
    outputs: Sequence[Any], cotangents: Sequence[Any], inputs: Sequence[Any], differentiable: bool, kind: Any = Arrived
) -> list[Any]:
    """The cotangents of the inputs, given those of the outputs: a vector-Jacobian product.

    Args:
        outputs: nodes; `cotangents` has one number, array or `Arrived` for each, or None.
        inputs: nodes; where one is a result itself, nothing is passed on beyond it.
        differentiable: record the computation, so that the cotangents are Values or Tensors.
        kind: the class of what arrives at a Tensor.

    Returns:
        One cotangent for each input; None where no output depends on it.
    """
    return list(map(plain, pull_arrived(outputs, cotangents, inputs, differentiable, kind)))


def pull_arrived(
    outputs: Sequence[Any], cotangents: Sequence[Any], inputs: Sequence[Any], differentiable: bool, kind: Any = Arrived
) -> list[Any]:
    """The same, where it matters as `Arrived`: with the memory of which elements have arrived."""
    order, ids = between(inputs, outputs)
    order.reverse()
    origins: dict[int, AnomalyError] = {}
    watching = not differentiable and looking_for_anomalies()  # recorded operations are checked as they are made

    def send(node: Any, operands: tuple[Any, ...], g: Any) -> list[Any]:
        wanted = [operand if id(operand) in ids else None for operand in operands]
        parts: list[Any] = node._pull(g, operands, wanted, differentiable)
        return check_cotangents(node, operands, parts, origins, inputs) if watching else parts

    def attempt(exactly: bool) -> list[Any]:
        origins.clear()
        arrived: dict[int, Any] = {}
        for node, g in zip(outputs, cotangents, strict=True):
            if g is not None:
                g = _start(node, g, exactly, kind)
                arrived[id(node)] = arrived[id(node)] + g if id(node) in arrived else g
        sweep(order, arrived, send)
        return [arrived.get(id(node)) for node in inputs]

    return _attempted(attempt, differentiable or watching or any(isinstance(g, Arrived) for g in cotangents), outputs)


def push(inputs: Sequence[Any], tangents: Sequence[Any], outputs: Sequence[Any], differentiable: bool) -> list[Any]:
    """The tangents of the outputs, given those of the inputs: a Jacobian-vector product.

    Returns:
        One tangent for each output; None where it does not depend on the inputs.
    """
    return list(map(plain, push_arrived(inputs, tangents, outputs, differentiable)))


def push_arrived(
    inputs: Sequence[Any], tangents: Sequence[Any], outputs: Sequence[Any], differentiable: bool
) -> list[Any]:
    """The same, where it matters as `Arrived`."""
    order, _ = between(inputs, outputs)
    watching = not differentiable and looking_for_anomalies()

    def attempt(exactly: bool) -> list[Any]:
        known = {id(node): _start(node, t, exactly, Arrived) for node, t in zip(inputs, tangents, strict=True)}
        push_forward(order, known, lambda node, operands, given: node._push(given, operands, differentiable))
        if watching:
            check_tangents(order, known, outputs)
        return [known.get(id(node)) for node in outputs]

    return _attempted(attempt, differentiable or watching or any(isinstance(t, Arrived) for t in tangents), outputs)


def plain(g: Any) -> Any:
    """The number of an `Arrived`; anything else as it is."""
    return g.number if isinstance(g, Arrived) else g


def _start(node: Any, g: Any, exactly: bool, kind: Any) -> Any:
    return kind(g) if exactly and hasattr(node, "_apply_array") and not isinstance(g, Arrived) else g


@quiet
def _attempted(attempt: Any, exactly: bool, outputs: Sequence[Any]) -> list[Any]:
    """The outcome in plain arrays, or where that is not finite, the one in which every element knows if it arrived."""
    found: list[Any] = attempt(exactly)
    if not exactly and any(hasattr(node, "_apply_array") for node in outputs) and not all(map(finite, found)):
        found = attempt(True)
    return found
