"""`gradcheck`: is this derivative right? Numerical derivatives against recorded ones, element by element.

It answers yes or no for a function written with this library. Where a handwritten gradient is wrong, and how, is the
question of `doctor`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.node import CHOSEN, walk
from ..core.rule import Rule
from ..errors import GradcheckError, OperandError
from ..tensor.rules import sum as sum_of
from ..tensor.tensor import Tensor
from ..value.value import Value
from .derivatives import check_differentiable, grad, jacobian
from .pytree import flatten

STEP = 2.0**-11
"""Step of the numerical derivative, relative to max(1, |x|). With Richardson's extrapolation its error is of order
step⁴ + ε/step, near 1e-13: Press et al., Numerical Recipes, section 5.7."""


@dataclass(frozen=True)
class Mismatch:
    """One element of one input whose derivative does not agree."""

    argument: str
    output: str
    recorded: float
    numerical: float
    kink: str

    @property
    def relative_error(self) -> float:
        """|recorded - numerical| over the larger of the two."""
        scale = max(abs(self.recorded), abs(self.numerical))
        return abs(self.recorded - self.numerical) / scale if scale else 0.0

    def __str__(self) -> str:
        text = (
            f"d {self.output} / d {self.argument}: recorded {self.recorded:.10g}, numerical {self.numerical:.10g}, "
            f"relative error {self.relative_error:.2g}"
        )
        return f"{text} ({self.kink})" if self.kink else text


def gradcheck(
    f: Callable[..., Any],
    inputs: Any,
    *,
    step: float = STEP,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    raise_exception: bool = True,
) -> bool:
    """Compare the recorded derivatives of `f` with central differences, at one point.

    Args:
        f: a function of the inputs; gives one or more numbers, arrays, or nested lists, tuples and dicts of them.
        inputs: the arguments, a tuple or list: numbers, float64 arrays, or nested containers of them. A single number
            or array may stand by itself.
        step: of the numerical derivative, relative to max(1, |x|).
        rtol, atol: agreement is |recorded - numerical| <= atol + rtol * |numerical|.
        raise_exception: raise where they disagree; else return False.

    Raises:
        GradcheckError: they disagree. The message says which input and element, both numbers, their relative error,
            and whether a kink (of relu, abs, maximum...) lies within the step.
        OperandError: there is nothing to differentiate, or `f` gives something that is no number.

    >>> gradcheck(lambda x, y: (x * y).tanh(), (0.5, -1.5))
    True
    """
    found = mismatches(f, inputs, step=step, rtol=rtol, atol=atol)
    if not found:
        return True
    if not raise_exception:
        return False
    worst = sorted(found, key=lambda m: -m.relative_error)
    shown = "\n".join(f"  {mismatch}" for mismatch in worst[:10])
    more = f"\n  and {len(worst) - 10} more" if len(worst) > 10 else ""
    raise GradcheckError(f"{len(found)} of the derivatives disagree with their numerical check:\n{shown}{more}")


def gradgradcheck(f: Callable[..., Any], inputs: Any, **options: Any) -> bool:
    """The same for the second derivatives: `gradcheck` of the gradient of a weighted sum of the outputs of `f`.

    >>> gradgradcheck(lambda x: x**3, (2.0,))
    True
    """
    inputs = _arguments(inputs)
    arguments = tuple(range(len(inputs)))

    def weighted(*args: Any) -> Any:
        outputs, _ = flatten(f(*args))
        total: Any = 0.0
        for k, output in enumerate(outputs):
            check_differentiable("gradgradcheck()", output)
            weight = 1.0 + 0.5 * math.sin(k + 1.0)  # so that errors of opposite sign cannot cancel
            term = output * weight
            total = total + (sum_of(term) if isinstance(term, Tensor) else term)
        return total

    return gradcheck(lambda *args: grad(weighted, arguments)(*args), inputs, **options)


def mismatches(
    f: Callable[..., Any], inputs: Any, *, step: float = STEP, rtol: float = 1e-6, atol: float = 1e-8
) -> list[Mismatch]:
    """Every derivative of `f` that disagrees with its central difference; see `gradcheck`."""
    inputs = _arguments(inputs)
    leaves, rebuild = flatten(inputs)
    points = [_point(leaf) for leaf in leaves]
    names = _names(inputs)

    arrays = any(point.ndim for point in points)  # then numbers are Tensors too, as in the transforms

    def run(moved: list[Any]) -> Any:
        return f(*rebuild([Tensor(p) if arrays else Value(float(p)) for p in moved]))

    plain = rebuild([leaf.data if isinstance(leaf, Tensor) else leaf for leaf in leaves])
    recorded = _matrix(jacobian(f, tuple(range(len(inputs))))(*plain), points)
    found = []
    for k, point in enumerate(points):
        for index in np.ndindex(point.shape):
            x = float(point[index])
            h = step * max(1.0, abs(x))
            h = (x + h) - x  # a step that floats represent exactly

            def along(t: float, k: int = k, index: tuple[int, ...] = index) -> Any:
                return _outputs(run(_moved(points, k, index, t)))

            numerical = _derivative(along, x, h)
            for j, slope in enumerate(numerical):
                given = float(recorded[j][k][index])
                if not abs(given - slope) <= atol + rtol * abs(slope) and not (given != given and slope != slope):
                    if math.isfinite(slope):
                        kink = _kink(run, points, k, index, x, h)
                    else:
                        kink = f"the function is not finite everywhere within the step of {h:.1g}"
                    element = names[k] + (f"[{','.join(map(str, index))}]" if index else "")
                    found.append(Mismatch(element, f"output {j}", given, float(slope), kink))
    return found


def _arguments(inputs: Any) -> tuple[Any, ...]:
    """The arguments of a function; a single one may stand by itself, as in torch."""
    arguments = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
    if not flatten(arguments)[0]:
        raise OperandError("gradcheck() differentiates to its inputs, got none: gradcheck(f, (x,))")
    return arguments


def _point(leaf: Any) -> Any:
    """An input as a float array, to be moved element by element."""
    plain = leaf.data if isinstance(leaf, (Tensor, Value)) else leaf
    if isinstance(plain, str) or plain is None or not np.isrealobj(np.asarray(plain)):
        raise OperandError(f"the inputs of gradcheck() are real numbers and arrays, got {type(leaf).__name__} {leaf!r}")
    return np.array(plain, dtype=float)


def _derivative(f: Callable[[float], Any], x: float, h: float) -> Any:
    """Central differences at h and h/2, extrapolated to h = 0."""
    coarse = (f(x + h) - f(x - h)) / (2 * h)
    fine = (f(x + h / 2) - f(x - h / 2)) / h
    return (4 * fine - coarse) / 3


def _moved(points: list[Any], k: int, index: tuple[int, ...], t: float) -> list[Any]:
    moved = list(points)
    moved[k] = moved[k].copy()
    moved[k][index] = t
    return moved


def _outputs(tree: Any) -> Any:
    """All numbers of an output in one row."""
    leaves, _ = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, (Value, Tensor, float, int, np.ndarray, np.generic)):
            raise OperandError(f"gradcheck() compares numbers, but the function gave {type(leaf).__name__}")
    rows = [np.ravel(leaf.data if isinstance(leaf, (Value, Tensor)) else leaf) for leaf in leaves]
    return np.concatenate(rows) if rows else np.empty(0)


def _matrix(tree: Any, points: list[Any]) -> list[list[Any]]:
    """A Jacobian as rows, one for each number of the output, of one array for each leaf of the input."""
    leaves, _ = flatten(tree)
    rows: list[list[Any]] = []
    for start in range(0, len(leaves), len(points)):
        block = [
            np.reshape(np.asarray(leaf, dtype=float), (-1, *point.shape))
            for leaf, point in zip(leaves[start : start + len(points)], points, strict=True)
        ]
        rows += [[part[j] for part in block] for j in range(len(block[0]))]
    return rows


def _names(inputs: tuple[Any, ...]) -> list[str]:
    """A name for each leaf of the inputs: `input 0`, `input 1['w']`."""
    names: list[str] = []

    def visit(tree: Any, name: str) -> None:
        if isinstance(tree, dict):
            for key, branch in tree.items():
                visit(branch, f"{name}[{key!r}]")
        elif isinstance(tree, (list, tuple)):
            for k, branch in enumerate(tree):
                visit(branch, f"{name}[{k}]")
        elif isinstance(tree, np.ndarray) and tree.dtype == object:  # of Values: a leaf in each place
            for index in np.ndindex(tree.shape):
                visit(tree[index], f"{name}[{','.join(map(str, index))}]")
        else:
            names.append(name)

    for k, argument in enumerate(inputs):
        visit(argument, f"input {k}")
    return names


def _kink(
    run: Callable[[list[Any]], Any], points: list[Any], k: int, index: tuple[int, ...], x: float, h: float
) -> str:
    """Whether a piecewise primitive is on different pieces at the two ends of the step; then which."""
    sides = [_sides(run(_moved(points, k, index, t))) for t in (x - h, x + h)]
    for one, other in zip(*sides, strict=False):
        if one != other:
            return f"a kink of {one[0]} lies within the step of {h:.1g}"
    return "" if len(sides[0]) == len(sides[1]) else "the function took another branch within the step"


def _sides(output: Any) -> list[tuple[Any, ...]]:
    """For every piecewise node of a recording: its primitive and the piece it is on."""
    leaves, _ = flatten(output)
    found: list[tuple[Any, ...]] = []
    for node, operands in walk(*[leaf for leaf in leaves if isinstance(leaf, (Value, Tensor))]):
        rule = node.rule
        if isinstance(rule, Rule) and rule.kinks:
            first = np.asarray(operands[0].data)
            gap = first if rule.arity == 1 or rule.defaults else first - np.asarray(operands[1].data)
            pieces = np.searchsorted(np.asarray(rule.kinks), gap)
            found.append((rule.name, *np.ravel(pieces).tolist()))
        elif rule is CHOSEN:
            found.append((rule.name, operands[0].op))
    return found
