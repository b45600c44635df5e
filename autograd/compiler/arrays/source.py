"""A program of arrays as the numpy a careful person could have written: the backprop nobody had to write.

A module with one function, and the helpers it needs: it runs by itself. The statements are written in `writer.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...core import table as rules
from ..names import Names
from ..scalar.helpers import helper_texts
from ..text import NUMPY, Dialect, has_function, indented, listed, module
from .plans import ArrayPlan
from .writer import Writer

DOCS: Final = {
    "value": "The value of the loss.",
    "value_and_grad": "The loss, and its derivative to each parameter.",
    "hvp": "The Hessian of the loss times a direction, for each parameter.",
    "forward": "The outputs of the function.",
}


@dataclass(frozen=True)
class Printed:
    """A printed function: its text, and the constants that it takes after all else."""

    source: str
    kind: str
    constants: tuple[Any, ...]


def write_plan(plan: ArrayPlan, dialect: Dialect = NUMPY) -> Printed:
    """The whole text of a module with one function, and the helpers it needs: it runs by itself."""
    program = plan.program
    taken = ["jnp", "jax", *(name for name, row in rules.TABLE.items() if not has_function(row)), plan.kind]
    writer = Writer(program, plan.outputs, Names(taken), dialect)
    arguments: list[str] = []

    def given(several: Sequence[int], wish: Callable[[int, int], str]) -> None:
        for place, i in enumerate(several):
            writer.give(i, writer.names.unique(wish(place, i)))
            arguments.append(writer.known[i])

    layers = Names()
    given(plan.parameters, lambda place, i: _with_layer(program.labels.get(i) or f"p{place}", layers, program, i))
    given(plan.directions, lambda place, i: f"v{writer.known[plan.parameters[place]]}")
    given(plan.captured, lambda place, i: program.labels.get(i) or f"t{place}")
    given(plan.arguments, lambda place, i: program.labels.get(i) or f"x{place}")
    _wish(writer, plan)
    live = program.live(plan.outputs)
    writer.body(live, plan.boundary)
    lines = writer.lines
    if "# backward" in lines:
        lines = ["# forward", *lines]
    arguments += [writer.known[i] for i in writer.large]
    body = [f'"""{DOCS[plan.kind]}"""', *lines, *([""] if lines else []), *_returned(plan, writer)]
    composed = [text for _, text in writer.composed.values()]
    constants = tuple(program.arrays[i] for i in writer.large)
    helpers, needed = helper_texts(writer.helpers, dialect)
    head = listed(f"def {plan.kind}(", arguments, "):")
    parts = [*helpers, *composed, "\n".join([*head, *indented(body)])]
    title = f"Written from a function of arrays. Needs nothing but {dialect.name}."
    return Printed(module(title, imports_of(parts, needed, dialect), parts), plan.kind, constants)


def imports_of(parts: Sequence[str], needed: Sequence[str], dialect: Dialect) -> list[str]:
    """The lines that import what the text uses."""
    uses = any(f"{dialect.module}." in part for part in parts)
    if dialect is NUMPY:
        return [*needed, *(dialect.imports if uses else ())]
    numpy = ["import numpy"] if any("numpy." in part for part in parts) else []
    return [*(dialect.imports if uses or numpy else ()), *needed, *numpy]


def _with_layer(label: str, layers: Names, program: Any, i: int) -> str:
    """A parameter of a module carries the module's number: `weight_2`."""
    return "_".join(filter(None, (label, layers.place(program, i))))


def _wish(writer: Writer, plan: ArrayPlan) -> None:
    """The names of the results: loss, and dW for the derivative to W."""
    main, *gradient = plan.outputs
    if plan.kind in ("value", "value_and_grad"):
        if main not in writer.program.labels and main not in writer.known:
            writer.wishes[main] = "loss"
        for p, g in zip(plan.parameters, gradient, strict=False):
            if g >= plan.boundary and g not in writer.wishes:
                writer.wishes[g] = f"d{writer.known[p]}"
    elif plan.kind == "hvp":
        for p, g in zip(plan.parameters, plan.outputs, strict=True):
            if g >= plan.boundary:
                writer.wishes.setdefault(g, f"hv{writer.known[p]}")


def _returned(plan: ArrayPlan, writer: Writer) -> list[str]:
    texts = [writer.written[i][0] for i in plan.outputs]
    if plan.kind == "value":
        return [f"return {texts[0]}"]
    head, rest = (f"return {texts[0]}, (", texts[1:]) if plan.kind == "value_and_grad" else ("return (", texts)
    if plan.kind == "forward" and len(texts) == 1:
        return [f"return {texts[0]}"]
    return listed(head, rest, ")", "," if len(rest) == 1 else "")
