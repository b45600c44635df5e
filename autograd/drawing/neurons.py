"""Which values are one neuron: a sum of products and its activation, Σ → σ, however they were written.

A neuron in scalars is a dozen values of + and ×. Together they have one result, so they can be drawn as one box that
still has a value, a gradient, and a derivative to each of its inputs. A graph is here a list of places in topological
order, as in `collapse`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from . import signs
from .collapse import Links, Neuron
from .model import Path

SUMS: Final = ("add", "subtract", "negative")
TERMS: Final = ("multiply", "divide", "power", "square")
PLAIN: Final = (*SUMS, *TERMS, "where", "identity", "exp", "reciprocal")
"""What is no activation by itself: 1 / (1 + exp(-z)) is made of these."""

DEEPEST: Final = 16
"""So many operations there may be around a sum; a long chain of operations on one operand is no activation."""


def neurons(nodes: Sequence[Any], links: Links, paths: Sequence[Path], roots: Sequence[int]) -> list[Neuron]:
    """The neurons of a graph; no value is part of two.

    Args:
        links: the operands of each node.
        paths: the modules that each is drawn in; a neuron lies in one.
        roots: what was asked for, or is marked: it is never hidden inside a neuron.
    """
    return list(_Search(nodes, links, paths, roots).found())


class _Search:
    def __init__(self, nodes: Sequence[Any], links: Links, paths: Sequence[Path], roots: Sequence[int]) -> None:
        self.nodes, self.links, self.paths, self.roots = nodes, links, paths, set(roots)
        self.kinds = [node.kind for node in nodes]
        self.ops = [node.op for node in nodes]
        self.varying = [tuple(k for k in operands if self.kinds[k] != "constant") for operands in links]
        self.uses = Counter(operand for operands in links for operand in operands)
        self.weighed = self._weighed()
        self.taken: set[int] = set()

    def found(self) -> Iterator[Neuron]:
        """From the results down: what one neuron holds is no neuron by itself."""
        for place in range(len(self.nodes) - 1, -1, -1):
            if self.links[place] and place not in self.taken:
                neuron = self._neuron(place)
                if neuron is not None:
                    self.taken.update(neuron.members)
                    yield neuron

    def _neuron(self, output: int) -> Neuron | None:
        """The neuron with this result, if it is one: operations on one operand around a sum, or around a product."""
        around: list[int] = []
        core = output
        activated = False
        if self.ops[output] in SUMS and len(self.varying[output]) == 1:
            return None  # an error, y - 1: what is before it may be a neuron
        while len(self.varying[core]) == 1:
            (below,) = self.varying[core]
            if len(around) == DEEPEST:
                return None
            activates = self.ops[core] not in PLAIN
            if (activates and activated) or not self._is_part(core, below):
                return None
            activated |= activates
            around.append(core)
            core = below
        if self.ops[core] in SUMS:
            inside = self._terms(core)
        elif self.ops[core] == "multiply" and around:
            inside = [core]
        else:
            return None
        results = {*around, *inside}
        own = self._own(results, self.ops[core] in SUMS)
        terms = sum(self.ops[place] in TERMS for place in inside)
        weighs = any(self.kinds[leaf] != "constant" for leaf in own)
        if not terms or not (terms > 1 or around or weighs):
            return None  # a sum of two numbers is no neuron
        return Neuron(output, tuple(sorted(results | own)), self._sign(around, core))

    def _terms(self, core: int) -> list[int]:
        """A sum with its partial sums and its terms, and with the products of which these are made."""
        inside, waiting = [], [core]
        while waiting:
            place = waiting.pop()
            inside.append(place)
            wanted = (*SUMS, *TERMS) if self.ops[place] in SUMS else ("multiply",)
            if self.ops[place] in (*SUMS, "multiply"):
                waiting += [k for k in self.varying[place] if self.ops[k] in wanted and self._is_part(place, k)]
        return inside

    def _is_part(self, user: int, operand: int) -> bool:
        """Whether a result is nothing but a part of the one that uses it."""
        return (
            bool(self.links[operand])
            and self.uses[operand] == 1
            and not self.nodes[operand].label
            and operand not in self.taken
            and operand not in self.roots
            and self.paths[operand] == self.paths[user]
        )

    def _own(self, results: set[int], is_sum: bool) -> set[int]:
        """The leaves of a neuron: what belongs to the only operation that uses it.

        That is a parameter or a number in the formula. Of plain Values nobody says which are weights: in a sum, a
        factor of what was computed is one, and beside weights what is added is a bias. Where a sum adds a bias of its
        own, a factor of a plain number, or of a leaf that all neurons share, is a weight too; else they stay outside.
        """
        single = {
            leaf: place for place in results for leaf in self.links[place]
            if not self.links[leaf] and self.uses[leaf] == 1 and leaf not in self.taken and leaf not in self.roots
        }  # fmt: skip
        own = {leaf for leaf in single if self.kinds[leaf] in ("parameter", "constant")}
        if not is_sum:
            return own
        biases = {leaf for leaf, user in single.items() if self.ops[user] == "add" and self.kinds[leaf] != "constant"}
        weights = set()
        for leaf, user in single.items():
            if self.ops[user] == "multiply" and leaf not in own:
                (other,) = (operand for operand in self.links[user] if operand != leaf)
                is_data = self.kinds[other] == "constant" or other in self.weighed
                if self.links[other] or (biases and is_data):
                    weights.add(leaf)
        return own | weights | (biases if weights else set())

    def _weighed(self) -> set[int]:
        """Leaves that are used several times, each time multiplied by a leaf that is used nowhere else."""
        found = {leaf for leaf, uses in self.uses.items() if uses > 1 and self.kinds[leaf] == "input"}
        for place, operands in enumerate(self.links):
            for leaf in found.intersection(operands):
                others = [other for other in operands if other != leaf and self.kinds[other] == "input"]
                if self.ops[place] != "multiply" or [self.uses[other] for other in others] != [1]:
                    found.discard(leaf)
        return found

    def _sign(self, around: Sequence[int], core: int) -> str:
        """How it is written: its activation by name, or the operations around the sum written out."""
        inner = "×" if self.ops[core] == "multiply" else "Σ"
        if len(around) == 1 and self.ops[around[0]] not in PLAIN:
            return f"{inner} → {signs.sign_of(self.nodes[around[0]].rule)}"
        text, is_open = inner, False
        for place in reversed(around):
            rule = self.nodes[place].rule
            part = f"({text})" if is_open and signs.is_infix(rule) else text
            operands = zip(self.nodes[place].operands, self.links[place], strict=True)
            written = [signs.written(each) if self.kinds[link] == "constant" else part for each, link in operands]
            text, is_open = signs.applied(rule, written), signs.is_infix(rule)
        return f"{inner} → {text}" if around else inner
