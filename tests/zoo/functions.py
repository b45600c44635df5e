"""Right losses, gradients and steps as functions of parameters, for `diagnose`.

Every network of the zoo of scripts, its parameters laid out and its gradients returned in the ways people do it.

The text of each is made from the network's own lines and run; numpy is all it needs.
"""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.zoo.scripts import NETWORKS, Network

Array = Any
LAYOUTS = ("dict", "list", "tuple", "pairs", "inner dicts")
RETURNS = ("by name", "with a d", "in order", "loss and gradients", "buffers", "one by one in a loop")
STEPS = ("", "plain", "in place", "momentum", "adam", "decay", "clipped", "scheduled")


@dataclass(frozen=True)
class Functions:
    """One network in one style: what `diagnose` takes. `text` is the source."""

    name: str
    params: Any
    batch: tuple[Any, ...]
    loss: Callable[..., Any]
    gradients: Callable[..., Any]
    update: Callable[..., Any] | None
    text: str


def functions(network: Network, layout: str, returned: str, step: str, dtype: str = "float64") -> Functions:
    """A network's loss, gradients and step in a style."""
    names = list(network.params)
    at = {name: _place(layout, k, name) for k, name in enumerate(names)}
    spelled = {**at, **{f"d{name}": f"d{name}" for name in names}}
    forward, backward = (part.format(**spelled) for part in (network.forward, network.backward))
    lines = ["def loss(params, X, Y):", *_in(forward), "    return loss", ""]
    lines += ["def gradients(params, X, Y):"]
    if returned == "buffers":
        lines += [f"    d{name} = BUFFERS[{name!r}]" for name in names]
        for name in names:
            backward = backward.replace(f"\nd{name} = ", f"\nd{name}[...] = ")
            backward = (
                f"d{name}[...] = " + backward.removeprefix(f"d{name} = ")
                if backward.startswith(f"d{name} =")
                else backward
            )
    lines += [*_in(forward), *_in(backward)]
    lines += ["    " + _answer(layout, returned, names), ""]
    lines += _update(layout, names, at, step, returned)
    space: dict[str, Any] = {"np": np}
    text = "\n".join(lines)
    exec(compile(text, f"<{network.name}>", "exec"), space)  # the text is the zoo's own
    rng = np.random.default_rng(7)
    made: dict[str, Any] = {"np": np, "rng": rng}
    exec(network.data, made)
    values = {name: np.array(eval(source, made), dtype=dtype) for name, source in network.params.items()}
    space["BUFFERS"] = {name: np.zeros(value.shape) for name, value in values.items()}
    space["STATE"] = {"t": 0, "v": {}, "m": {}}
    title = f"{network.name}, {layout}, {returned}, {step or 'no step'}, {dtype}"
    return Functions(
        title,
        _laid_out(layout, values),
        (made["X"], made["Y"]),
        space["loss"],
        space["gradients"],
        space.get("update"),
        text,
    )


def combinations() -> Iterator[tuple[Network, str, str, str, str]]:
    """Every network with every layout or return or step, in turn."""
    turns = [itertools.cycle(LAYOUTS), itertools.cycle(RETURNS[:5]), itertools.cycle(STEPS)]
    for k in range(5):
        for network in NETWORKS:
            layout, returned, step = (next(turn) for turn in turns)
            yield network, layout, returned, step, "float32" if k == 4 else "float64"
        next(turns[1])  # 13 networks: without this, some would always meet the same style
        next(turns[2])


def _place(layout: str, k: int, name: str) -> str:
    return {
        "dict": f"params[{name!r}]", "list": f"params[{k}]", "tuple": f"params[{k}]",
        "pairs": f"params[{k // 2}][{k % 2}]",
        "inner dicts": f"params['layer{k // 2}'][{name!r}]",
    }[layout]  # fmt: skip


def _laid_out(layout: str, values: dict[str, Array]) -> Any:
    items = list(values.items())
    if layout == "dict":
        return values
    if layout in ("list", "tuple"):
        return (list if layout == "list" else tuple)(values.values())
    pairs = [items[k : k + 2] for k in range(0, len(items), 2)]
    if layout == "pairs":
        return [tuple(value for _, value in pair) for pair in pairs]
    return {f"layer{k}": dict(pair) for k, pair in enumerate(pairs)}


def _written(layout: str, names: list[str], spell: Callable[[str], str], key: Callable[[str], str]) -> str:
    """The text of the values in the layout of the parameters."""
    if layout == "dict":
        return "{" + ", ".join(f"{key(name)!r}: {spell(name)}" for name in names) + "}"
    if layout in ("list", "tuple"):
        inner = ", ".join(map(spell, names))
        return f"[{inner}]" if layout == "list" else f"({inner},)"
    pairs = [names[k : k + 2] for k in range(0, len(names), 2)]
    if layout == "pairs":
        return "[" + ", ".join("(" + ", ".join(map(spell, pair)) + ",)" for pair in pairs) + "]"
    inside = (", ".join(f"{name!r}: {spell(name)}" for name in pair) for pair in pairs)
    return "{" + ", ".join(f"'layer{k}': {{{part}}}" for k, part in enumerate(inside)) + "}"


def _answer(layout: str, returned: str, names: list[str]) -> str:
    keyed = _written(
        layout, names, lambda name: f"d{name}", (lambda name: f"d{name}") if returned == "with a d" else str
    )
    if returned == "in order":
        return "return [" + ", ".join(f"d{name}" for name in names) + "]"
    return f"return loss, {keyed}" if returned == "loss and gradients" else f"return {keyed}"


def _update(layout: str, names: list[str], at: dict[str, str], step: str, returned: str) -> list[str]:
    if not step:
        return []
    got = {"loss and gradients": "_, g = gradients(params, X, Y)"}.get(returned, "g = gradients(params, X, Y)")
    g = {name: _place(layout, k, name).replace("params[", "g[", 1) for k, name in enumerate(names)}
    if returned == "in order":
        g = {name: f"g[{k}]" for k, name in enumerate(names)}
    if returned == "with a d" and layout == "dict":
        g = {name: f"g['d{name}']" for name in names}
    lines = [f"    {got}", "    STATE['t'] += 1"]
    for name in names:
        slope = g[name]
        if step == "momentum":
            lines.append(f"    STATE['v'][{name!r}] = 0.9 * STATE['v'].get({name!r}, 0.0) + {slope}")
            change = f"0.05 * STATE['v'][{name!r}]"
        elif step == "adam":
            lines += [
                f"    m = STATE['m'][{name!r}] = 0.9 * STATE['m'].get({name!r}, 0.0) + 0.1 * {slope}",
                f"    v = STATE['v'][{name!r}] = 0.999 * STATE['v'].get({name!r}, 0.0) + 0.001 * {slope} ** 2",
            ]
            change = "0.05 * (m / (1 - 0.9 ** STATE['t'])) / (np.sqrt(v / (1 - 0.999 ** STATE['t'])) + 1e-8)"
        else:
            change = {
                "decay": f"0.05 * ({slope} + 0.01 * {at[name]})",
                "clipped": f"0.05 * np.clip({slope}, -0.1, 0.1)",
                "scheduled": f"0.05 / (1 + 0.1 * STATE['t']) * {slope}",
            }.get(step, f"0.05 * {slope}")
        lines.append(
            f"    {at[name]}[...] -= {change}" if step == "in place" else f"    new_{name} = {at[name]} - {change}"
        )
    if step != "in place":
        lines.append("    return " + _written(layout, names, lambda name: f"new_{name}", str))
    return ["def update(params, X, Y):", *lines]


def _in(text: str) -> list[str]:
    return textwrap.indent(text, "    ").splitlines()
