"""Layers as equations: neurons side by side in one module, all of the same form, are `tanh(x @ W + b)`.

Read from the neurons that were found: every weight has to multiply one of the same inputs, and to do nothing else. A
module that holds anything besides has no equation.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .collapse import Links, Neuron
from .model import Path


class Form(NamedTuple):
    """A neuron as a part of a product: the inputs and weights, in their places, and the bias if it has one."""

    inputs: frozenset[int]
    weights: frozenset[int]
    has_bias: bool
    sign: str


def equations(
    neurons: Iterable[Neuron], ops: Sequence[str], kinds: Sequence[str], links: Links, paths: Sequence[Path]
) -> dict[Path, str]:
    """The equation of every module that is a layer, with the shape of its weights.

    Args:
        ops, kinds, links, paths: of each place in the graph.
    """
    layers: dict[Path, list[Neuron]] = {}
    for neuron in neurons:
        layers.setdefault(paths[neuron.output][:-1], []).append(neuron)
    inside = Counter(path[:k] for path, own in zip(paths, links, strict=True) if own for k in range(len(path)))
    found: dict[Path, str] = {}
    for path, members in layers.items():
        results = sum(bool(links[place]) for neuron in members for place in neuron.members)
        forms = [form for neuron in members if (form := _form(neuron, ops, kinds, links)) is not None]
        wide = len({paths[neuron.output] for neuron in members})
        if path and len(forms) == len(members) and results == inside[path] and _is_layer(forms, wide):
            product = f"x @ W{' + b' * forms[0].has_bias}"
            activation = forms[0].sign.partition(" → ")[2]
            shape = f"W {len(forms[0].weights)} × {wide}"
            found[path] = f"{f'{activation}({product})' if activation else product}, {shape}"
    return found


def _form(neuron: Neuron, ops: Sequence[str], kinds: Sequence[str], links: Links) -> Form | None:
    """A sum of products of one parameter and one input each, and perhaps a parameter; None where it is something else.

    Numbers that are no Values are inputs too, and told apart from nothing.
    """
    members = set(neuron.members)
    results = [place for place in members if links[place]]
    is_activated = "→" in neuron.sign
    if not all(ops[place] in ("add", "multiply") or (is_activated and place == neuron.output) for place in results):
        return None
    pairs = [links[place] for place in results if ops[place] == "multiply"]
    weights = [place for pair in pairs for place in pair if kinds[place] == "parameter"]
    inputs = [place for pair in pairs for place in pair if kinds[place] != "parameter"]
    biases = [place for result in results for place in links[result] if kinds[place] == "parameter"]
    biases = [place for place in biases if place not in weights]
    added = {place for result in results if ops[result] != "multiply" for place in links[result]}
    if len(weights) != len(pairs) or len({*weights}) < len(weights) or len({*inputs}) < len(inputs) or len(biases) > 1:
        return None
    if added - members - {*biases} or any(links[place] and place in members for place in inputs):
        return None
    if any(kinds[place] == "constant" for place in added):
        return None
    values = frozenset(place for place in inputs if kinds[place] != "constant")
    return Form(values, frozenset(weights), bool(biases), neuron.sign)


def _is_layer(forms: Sequence[Form], wide: int) -> bool:
    """Whether these are so many neurons, once for each sample: with the same inputs, and weights of their own."""
    first = forms[0]
    many = len(first.weights)
    alike = all((form.has_bias, form.sign, len(form.weights)) == (first.has_bias, first.sign, many) for form in forms)
    weights = {place for form in forms for place in form.weights}
    shared = Counter(form.inputs for form in forms)
    return alike and len(weights) == many * wide and all(count % wide == 0 for count in shared.values())
