"""A program of arrays as the numpy a careful person could have written: the backprop nobody had to write.

`z1 = X @ W1 + b1`, `delta2 = (delta3 @ W3.T) * (1 - a2 * a2)`, `dW2 = a1.T @ delta2`: a module with one function,
and the helpers it needs. For the engine "jax" the same text is written with `jnp` in the place of `np`.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...core import table as rules
from ..names import Names
from ..source import ATOM, WIDTH
from ..source import helper_text as elementwise_helpers
from .plans import ArrayPlan
from .writer import Writer, is_ufunc

DOCS: Final = {
    "value": "The value of the loss.",
    "value_and_grad": "The loss, and its derivative to each parameter.",
    "hvp": "The Hessian of the loss times a direction, for each parameter.",
    "forward": "The outputs of the function.",
}


@dataclass(frozen=True)
class Text:
    """A printed function: its text, and the constants that it takes after all else."""

    source: str
    kind: str
    constants: tuple[Any, ...]


def write_plan(plan: ArrayPlan, jax: bool = False) -> Text:
    """The whole text of a module with one function, and the helpers it needs: it runs by itself."""
    program = plan.program
    taken = ["jnp", "jax", *(name for name in rules.TABLE if not is_ufunc(name)), plan.kind]
    writer = Writer(program, plan.outputs, Names(taken), jax)
    arguments: list[str] = []

    def given(several: Sequence[int], wish: Callable[[int, int], str]) -> None:
        for place, i in enumerate(several):
            writer.known[i] = writer.names.unique(wish(place, i))
            writer.written[i] = (writer.known[i], ATOM)
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
    helpers, imports = elementwise_helpers(writer.helpers)
    head = _wrapped(f"def {plan.kind}(", arguments, "):", "")
    function = "\n".join([*head, *(f"    {line}" if line else "" for line in body)])
    title = f'"""Written from a function of arrays. Needs nothing but {"jax" if jax else "numpy"}."""'
    text = "\n\n\n".join([*helpers, *composed, function]) + "\n"
    imports += ["import numpy as np"] if "np." in text or "numpy." in text else []
    source = "\n\n\n".join(["\n".join([title, "", *imports]).rstrip(), text])
    return Text(_for_jax(source) if jax else source, plan.kind, tuple(program.arrays[i] for i in writer.large))


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
    return _wrapped(head, rest, ")", "," if len(rest) == 1 else "")


def _wrapped(head: str, items: Sequence[str], tail: str, last: str) -> list[str]:
    """Items between brackets, over several lines where they are many."""
    line = f"{head}{', '.join(items)}{last}{tail}"
    if len(line) <= WIDTH - 4:
        return [line]
    rest = textwrap.wrap(", ".join(items) + ",", WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return [head, *(f"    {row}" for row in rest), tail]


def _for_jax(source: str) -> str:
    """The same text for jax: it knows numpy's functions as jnp, and erf by itself."""
    special = re.findall(r"^(\w+) = np\.vectorize\(math\.(\w+), otypes=\[float\]\)\n\n\n", source, flags=re.MULTILINE)
    source = re.sub(r"^\w+ = np\.vectorize\(.*\n\n\n", "", source, flags=re.MULTILINE)
    imports = "".join(f"from jax.scipy.special import {name}\n" for _, name in special)
    if "numpy." in source:
        imports += "import numpy\n"
    source = source.replace("import math\n\n", "").replace(
        "import numpy as np", f"import jax.numpy as jnp\n{imports}".rstrip()
    )
    return re.sub(r"\bnp\.", "jnp.", source)
