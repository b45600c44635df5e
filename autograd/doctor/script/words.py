"""What a mistake is called in a sentence, in the learner's own names."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from .candidates import Fault
from .explain import Cause
from .look import Look
from .node import Node
from .quantities import Quantity


class Words:
    """Sentences about the faults of one step."""

    def __init__(self, look: Look) -> None:
        self.look = look

    @cached_property
    def _names(self) -> dict[int, str]:
        found: dict[int, tuple[int, str]] = {}
        kinds = {"attribute": 0, "frame": 1, "item": 2, "memory": 3, "return": 9}
        for _, scope, key, thing, site in self.look.training.tape.stores:
            if isinstance(thing, Node) and scope[0] != "return":
                text = site.target if site.kind in ("store", "augmented") else key if isinstance(key, str) else ""
                rank = kinds.get(scope[0], 4)
                if text and (id(thing) not in found or rank < found[id(thing)][0]):
                    found[id(thing)] = rank, " ".join(text.split())
        return {key: text for key, (_, text) in found.items()}

    def name(self, node: Any) -> str:
        """What the script calls a value, or the text that computes it."""
        if not isinstance(node, Node):
            return str(node)
        if id(node) in self.look.start_ids:
            return self.look.start_ids[id(node)]
        text = self._names.get(id(node)) or ("" if node.site is None else " ".join(node.site.text.split()))
        return text if len(text) <= 60 else f"{text[:57]}..."

    def wanted(self, quantity: Quantity) -> str:
        """What a line should compute."""
        if quantity.kind == "slope":
            return f"the slope of the activation {self.name(quantity.node)} at {self.name(quantity.start)}"
        if quantity.kind == "value":
            return self.name(quantity.node)
        if quantity.block:
            return f"the gradient of {quantity.block}"
        if quantity.kind == "part":
            return f"what passes back to {self.name(quantity.node)} through {self.name(quantity.consumer)}"
        return f"the derivative of the loss by {self.name(quantity.node)}"

    def sentence(self, fault: Fault, cause: Cause) -> str:
        facts = cause.facts
        what = self.wanted(fault.wanted[fault.nodes.index(fault.first)])
        name = self.name
        node, instead = facts.get("node"), facts.get("instead")
        if cause.name in ("sign", "scaled", "sign+scaled"):
            return self._factor(fault, cause, what)
        if cause.name == "wrong-operand":
            if facts.get("turned") and node is instead:
                return f"{name(node)} is transposed in {what} where it should not be, or the reverse."
            return f"{name(node)} stands where {name(instead)} belongs, in {what}."
        table = {
            "transposed": f"this is the transpose of {what}.",
            "weight": f"{facts.get('block')} itself stands in the place of its gradient: this only shrinks the "
                      "weights, whatever the samples are.",
            "error": f"the error alone stands in the place of the gradient of {facts.get('block')}: it is not "
                     "multiplied by what the layer takes in.",
            "stale": f"it reads {name(node)}, which the step before left behind.",
            "updated-weights": f"it uses {facts.get('block')} after its update; the gradient belongs to the values "
                               "of before.",
            "wrong-axis": self._axis(facts, what),
            "activation-applied-twice": f"the slope is taken at the activation {name(node)}, which is the function "
                                        "applied once already.",
            "wrong-derivative": f"the slope of {name(node)} is not the one that its function has.",
            "missing-derivative": "the slope of the activation "
                                  f"{name(instead if instead is not None and facts.get('error') else node)} is "
                                  f"missing: {what} has it as a factor.",
            "extra-derivative": f"the slope of {name(node)} is one factor too many.",
            "missing-factor": f"the factor {name(node)} is missing.",
            "extra-factor": f"{name(node)} is one factor too many.",
            "dropped-edge": self._edge(facts, "is left out"),
            "doubled-edge": self._edge(facts, "is counted more than once"),
            "missing-penalty": "the penalty in the loss has a gradient too; it is missing here, or has another "
                               f"factor: {what} includes it.",
            "lost-duplicates": f"rows of {name(node)} that are read more than once get only their last gradient, not "
                               "the sum.",
            "clipped": f"the gradient is cut off at ±{facts.get('limit', 0):.4g} where it is larger.",
            "not-finite": "it holds NaN or infinity.",
            "integer": "it is of an integer dtype, which cuts off every fraction.",
            "zero": f"it is zero; it should be {what}.",
        }  # fmt: skip
        return table.get(cause.name, f"it is not {what}; no usual mistake explains the difference.")

    def _factor(self, fault: Fault, cause: Cause, what: str) -> str:
        if cause.name == "sign":
            return f"it has the wrong sign: this is minus {what}, and a step along it goes uphill."
        factor = abs(float(cause.facts.get("factor", 1.0)))
        times = f"{factor:.6g} times too large" if factor > 1 else f"{1 / factor:.6g} times too small"
        told = self._number(factor if factor > 1 else 1 / factor)
        sign = ", and has the wrong sign" if cause.name == "sign+scaled" else ""
        return f"it is {what}, but {times}{told}{sign}."

    def _number(self, factor: float) -> str:
        """What a factor is, where it is the length of something."""
        if abs(factor - round(factor)) < 1e-6 * factor and round(factor) > 2:
            for node in self.look.program.steps:
                if node.value is not None and np.ndim(node.value) and len(node.value) == round(factor):
                    return f" ({round(factor)} is the length of {self.name(node)})"
        return ""

    def _axis(self, facts: dict[str, Any], what: str) -> str:
        if facts.get("unsummed"):
            return f"it is not summed over axis {facts['axis']}, which {what} is."
        if facts.get("axis") is None:
            return f"the sum goes over everything, and leaves one number; {what} has one for each unit."
        return f"the sum goes over the wrong axis; {what} is the sum over axis {facts['axis']}."

    def _edge(self, facts: dict[str, Any], how: str) -> str:
        node = self.name(facts.get("node"))
        if "only" in facts:
            return (
                f"{node} acts on the loss by several paths, and only that through {self.name(facts['only'])} is here."
            )
        return f"{node} acts on the loss by several paths, and that through {self.name(facts.get('consumer'))} {how}."
