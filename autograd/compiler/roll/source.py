"""A rolled program as text: the vectorised backprop a person would write, from a function of single numbers.

`z1 = x @ W1 + b1`, `delta1 = (delta2 @ W2.T) * (z1 > 0)`, `dW1 = x.T @ delta1`: the same function of theta and the
batch that the flat program is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from ...core import table as rules
from ...tensor import rules as rows
from ..arrays.program import ArrayProgram
from ..arrays.source import Printed, imports_of
from ..arrays.writer import Writer
from ..names import Names
from ..program import LEARNED
from ..scalar.helpers import helper_texts
from ..scalar.source import DOCS
from ..text import NUMPY, Dialect, has_function, indented, listed, module
from .build import FLOAT, View
from .grid import Affine, Axis
from .plans import RolledPlan
from .spread import Arrays, Spread

TITLE: Final = "Written from a function of one sample: what it computes over a batch. Needs nothing but {name}."


def write_rolled(plan: RolledPlan, dialect: Dialect = NUMPY, whole: bool = True, columns: bool = False) -> Printed:
    """The text of a module with one function, and the helpers it needs.

    Args:
        whole: long constants are written out, so that it runs by itself; else the function takes them, last.
        columns: products of matrices are written so that the numbers of the samples lie side by side in memory: what
            is done to their rows, which are short, is faster so.
    """
    program = plan.program
    given = [name for name, count in zip(("theta", "captured", "v"), plan.numbers, strict=True) if count]
    arguments = [*given, *(leaf.name for leaf in plan.leaves)]
    names = Names(
        [*arguments, "jnp", "jax", *(n for n, row in rules.TABLE.items() if not has_function(row)), plan.kind]
    )
    writer = Writer(program, plan.outputs, names, dialect, batch=plan.batch, columns=columns)
    for i, leaf in zip(plan.arguments, plan.leaves, strict=True):
        writer.give(i, leaf.name)
    if plan.captured is not None:
        writer.give(plan.captured, "captured")
    live = program.live(plan.outputs)
    head = _parameters(writer, plan, live)
    _wish(writer, plan)
    writer.body(live, plan.boundary)
    lines, returned = writer.lines, _returned(plan, writer)
    if "# backward" in lines:
        lines = ["# forward", *lines]
    if any(re.search(r"\bn\b", line.partition("  #")[0]) for line in (*lines, *returned)):
        head.append(f"n = len({plan.leaves[0].name})" if plan.leaves else "n = 1")
    body = [
        f'"""{DOCS[plan.kind].format(reduction=plan.reduction)}"""', *head, *([""] if head else []), *lines,
        *([""] if lines else []), *returned,
    ]  # fmt: skip
    helpers, needed = helper_texts(writer.helpers, dialect)
    constants = [(writer.known[i], program.arrays[i]) for i in writer.large]
    parts = [*helpers, *(text for _, text in writer.composed.values())]
    if whole:
        parts += ["\n".join(line for name, array in constants for line in _literal(name, array, dialect))] * bool(
            constants
        )
    else:
        arguments += [name for name, _ in constants]
    parts.append("\n".join([*listed(f"def {plan.kind}(", arguments, "):"), *indented(body)]))
    text = module(TITLE.format(name=dialect.name), imports_of(parts, needed, dialect), parts)
    return Printed(text, plan.kind, () if whole else tuple(array for _, array in constants))


def _returned(plan: RolledPlan, writer: Writer) -> list[str]:
    return [f"return {', '.join(writer.written[i][0] for i in plan.outputs)}"]


def _literal(name: str, array: Any, dialect: Dialect) -> list[str]:
    """A long constant as a statement."""
    text = re.sub(r"\b(nan|inf)\b", rf"{dialect.module}.\1", repr(array.tolist()))
    return dialect.statement(name, f"{dialect.module}.array({text})")


# --------------------------------------------------------------------------------------------------- parameters


def _parameters(writer: Writer, plan: RolledPlan, live: Sequence[int]) -> list[str]:
    """The statements that take theta apart, and the names of its parts."""
    used = set(live)
    names = _names(writer, plan, used)
    lines: list[str] = []
    for views, source, prefix in ((plan.views, "theta", ""), (plan.directions, "v", "v")):
        for k, view in sorted(enumerate(views), key=lambda pair: pair[1].start):
            if view.array not in used and not (prefix and plan.views[k].array in used):
                continue
            if view.steps == ((plan.numbers[0], 1),):
                writer.give(view.array, source)
            else:
                name = writer.names.unique(prefix + names[plan.views[k].array])
                writer.give(view.array, name)
                lines += writer.dialect.statement(name, _part(view, source, plan.numbers[0], writer.dialect))
    return lines


def _part(view: View, source: str, size: int, dialect: Dialect) -> str:
    """`theta[:32].reshape(16, 2).T`."""
    program = ArrayProgram()
    theta = program.leaf(LEARNED, 0, (size,), FLOAT, source)
    axes = [Axis(None, length) for length, _ in view.steps]
    arrays = Arrays(program)
    coordinate = Affine(view.start, [(step, axis) for (_, step), axis in zip(view.steps, axes, strict=True)])
    taken = arrays.taken(theta, False, [coordinate])
    assert taken is not None
    out = arrays.ordered(Spread(taken.array, taken.axes, False), axes).array
    writer = Writer(program, [out], Names(), dialect)
    writer.give(theta, source)
    writer.body(program.live([out]), len(program))
    return writer.written[out][0]


def _names(writer: Writer, plan: RolledPlan, used: set[int]) -> dict[int, str]:
    """A name for each array of parameters: that of its labels; else W1 and b1 for the first layer, and so on."""
    numbered, biases = _layers(plan.program, used)
    found: dict[int, str] = {}
    stems: dict[str, int] = {}
    for view in plan.views:
        stem = _stem({plan.labels[k] for k in view.places().ravel().tolist()})
        stems[stem] = stems.get(stem, 0) + (view.array in used)
    for view in plan.views:
        stem = _stem({plan.labels[k] for k in view.places().ravel().tolist()})
        number = numbered.get(view.array) or biases.get(view.array)
        letter = "b" if view.array in biases else "W" if number else "p"
        if stem and stems[stem] == 1 and (len(stem) > 1 or (stem.isalpha() and stem not in "wbp")):
            found[view.array] = stem
        else:
            found[view.array] = f"{letter}{number}" if number else f"p{len(found)}"
    return found


def _stem(labels: set[str]) -> str:
    """What labels have in common but for their indices: w1 of w1[0,1] and w1[1,1], w of w0 and w1."""
    stems = {
        re.sub(r"\[[^\]]*\]$", "", label) if label.endswith("]") else label.rstrip("0123456789_") for label in labels
    }
    return stems.pop() if len(stems) == 1 else ""


def _layers(program: ArrayProgram, used: set[int]) -> tuple[dict[int, int], dict[int, int]]:
    """The arrays that something is multiplied by, numbered in order; and those that are added to the products."""
    matrices: dict[int, int] = {}
    biases: dict[int, int] = {}
    layer: dict[int, int] = {}
    for i in sorted(used):
        op, args = program.ops[i], program.args[i]
        own = [arg for arg in (_leaf(program, arg) for arg in args) if program.ops[arg] == LEARNED]
        if op in (rows.matmul, rows.einsum, rules.multiply) and len(own) == 1 and len(args) == 2:
            layer[i] = matrices.setdefault(own[0], len(matrices) + 1)
        elif op is rules.add and any(arg in layer for arg in args):
            layer[i] = next(layer[arg] for arg in args if arg in layer)
            for arg in own:
                biases.setdefault(arg, layer[i])
        elif op in (rows.reshape, rows.transpose) and args[0] in layer:
            layer[i] = layer[args[0]]
    return matrices, biases


def _leaf(program: ArrayProgram, i: int) -> int:
    while program.ops[i] in (rows.reshape, rows.transpose):
        (i,) = program.args[i]
    return i


def _wish(writer: Writer, plan: RolledPlan) -> None:
    """The names of the results."""
    main = plan.outputs[0]
    if plan.kind in ("value", "value_and_grad") and main not in writer.program.labels and main not in writer.known:
        writer.wishes[main] = "loss"
    for i in plan.outputs[1:] if plan.kind == "value_and_grad" else ():
        if i not in writer.known:
            writer.wishes.setdefault(i, "gradient")
