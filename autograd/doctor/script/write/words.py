"""What a mistake is called in a sentence, in the learner's own names."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ...language import lines_of, listed, say
from ...spelling import with_key
from ..judge.candidates import Fault
from ..judge.compared import Cause
from ..judge.look import Look
from ..judge.quantities import Quantity
from ..watch.node import Node


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
                stored = site.kind in ("store", "augmented")
                text = site.target if stored else key if isinstance(key, str) else ""
                text = with_key(text, key) if stored and scope[0] == "item" else text
                rank = kinds.get(scope[0], 4) if stored else 5  # an argument's name
                if text and (id(thing) not in found or rank < found[id(thing)][0]):
                    found[id(thing)] = rank, " ".join(text.split())
        return {key: text for key, (_, text) in found.items()}

    @property
    def named(self) -> set[int]:
        """The values that the script has a name for, by their ids."""
        return set(self._names)

    def name(self, node: Any) -> str:
        """What the script calls a value, or the text that computes it."""
        if not isinstance(node, Node):
            return str(node)
        if id(node) in self.look.start_ids:
            block = self.look.start_ids[id(node)]
            alone = len(self.look.starts[block]) == 1
            return block if alone else self._names.get(id(node), block)
        text = self._names.get(id(node)) or ("" if node.site is None else " ".join(node.site.text.split()))
        return text if len(text) <= 60 else f"{text[:57]}..."

    def _read_as(self, node: Any, consumer: Any) -> str:
        """What a value is called where another is computed of it: in a class it has another name than outside."""
        site = consumer.site if isinstance(consumer, Node) else None
        parts = [] if site is None else [site.owner, *site.parts] if site.kind == "call" else list(site.parts)
        if site is None or len(parts) != len(consumer.args):
            return ""
        texts = (site.source.segment(p) for p, arg in zip(parts, consumer.args, strict=True) if arg is node and p)
        return next((text for text in texts if text.replace(".", "").replace("_", "").isalnum()), "")

    def wanted(self, quantity: Quantity) -> str:
        """What a line should compute."""
        if quantity.kind == "slope":
            return say("wanted_slope", node=self.name(quantity.node), start=self.name(quantity.start))
        if quantity.kind == "value":
            return self.name(quantity.node)
        if quantity.kind == "slip":
            return say("wanted_slip")
        if quantity.block:
            return say("wanted_gradient", block=quantity.block)
        if quantity.kind == "rest":
            return say("wanted_rest", node=self.name(quantity.node), consumer=self.name(quantity.start))
        if quantity.kind == "part":
            return say("wanted_part", node=self.name(quantity.node), consumer=self.name(quantity.consumer))
        return say("wanted_derivative", node=self.name(quantity.node))

    def adds_up(self, node: Node) -> Cause:
        """The cause where something adds up what all steps give."""
        site = node.site
        name = site.target if site is not None and site.kind == "augmented" and site.target else self.name(node)
        return Cause("accumulated", {"node": node, "sums": [(name, 0 if site is None else site.line)]})

    def sentence(self, fault: Fault, cause: Cause) -> str:
        facts = cause.facts
        what = self.wanted(fault.wanted[fault.nodes.index(fault.first)])
        node, instead = facts.get("node"), facts.get("instead")
        if cause.name in ("scaled", "sign+scaled"):
            facts["number"] = self._number(max(abs(facts.get("factor", 1.0)), 1 / abs(facts.get("factor", 1.0))))
            return self._factor(float(facts.get("factor", 1.0)), cause.name, what, facts["number"])
        if cause.name == "wrong-operand":
            key = "operand_turned" if facts.get("turned") and node is instead else "operand_wrong"
            if node is not instead and self.name(node) == self.name(instead):
                key = "operand_elsewhere"
            return say(key, node=self.name(node), instead=self.name(instead), what=what)
        if cause.name == "wrong-axis":
            return self._axis(facts, what)
        if cause.name == "accumulated":
            return never_emptied(facts["sums"])
        if cause.name in ("dropped-edge", "doubled-edge"):
            return self._edge(facts, cause.name)
        if cause.name == "missing-derivative" and instead is not None and facts.get("error"):
            node = instead
        wanted = fault.wanted[fault.nodes.index(fault.first)]
        of_step = cause.name == "sign" and wanted.kind == "bar" and wanted.block
        return say(
            "fault_sign_of_step" if of_step else f"fault_{cause.name}",
            what=what,
            node=facts.get("text") or self.name(node),
            block=facts.get("block"),
            line=facts.get("line"),
            limit=f"{facts.get('limit', 0):.4g}",
        )

    def _factor(self, factor: float, name: str, what: str, told: str) -> str:
        factor = abs(factor)
        large = max(factor, 1 / factor)
        key = f"factor_{'large' if factor > 1 else 'small'}{'_sign' if name == 'sign+scaled' else ''}"
        return say(key, what=what, factor=f"{large:.6g}", told=told)

    def _number(self, factor: float) -> str:
        """What a factor is, where it is the length of something."""
        if abs(factor - round(factor)) < 1e-6 * factor and round(factor) > 2:
            number, held = round(factor), dict[str, set[Any]]()
            for _, scope, key, thing, _ in self.look.training.tape.stores:
                if scope[0] == "frame" and isinstance(key, str):
                    held.setdefault(key, set()).add(thing if type(thing) is int else None)
            counted = [key for key, things in held.items() if things == {number}]  # and not a turn of a loop
            if len(counted) == 1:
                return say("number_of", number=number, node=counted[0])
            look = self.look
            given = [n for n in look.program.order if id(n) not in look.depends and _long(n, number)]
            # a plain name says more than an expression; a longer name than x[:, 2:6]
            names = self._averaged(number) or sorted(
                {self.name(node) for node in given}, key=lambda n: (not n.replace(".", "_").isidentifier(), len(n))
            )
            if names and len(names[0]) <= 30:
                return say("length_of", number=number, node=names[0])
        return ""

    def _averaged(self, number: int) -> list[str]:
        """What the script takes the mean of, as it is written, where that is of so many."""
        means = [n for n in self.look.program.order if getattr(n.function, "__name__", "") in ("mean", "average")]
        places = [n.site for n in means if n.site is not None and any(_long(o, number) for o in n.operands())]
        owners = ["np" if p.owner is None else p.source.segment(p.owner) for p in places]
        return [p.part(0) if own in ("np", "numpy") else own for own, p in zip(owners, places, strict=True)]

    def _axis(self, facts: dict[str, Any], what: str) -> str:
        if facts.get("unsummed"):
            return say("axis_unsummed", axis=facts["axis"], what=what)
        if facts.get("axis") is None:
            return say("axis_everything", what=what)
        return say("axis_wrong", axis=facts["axis"], what=what)

    def _edge(self, facts: dict[str, Any], name: str) -> str:
        by = facts.get("consumer") or facts.get("only")
        node = self._read_as(facts.get("node"), by) or self.name(facts.get("node"))
        if "diagonal" in facts:
            return say("edge_diagonal", node=node)
        if "turns" in facts:
            line = facts["only"].site.line
            return say("edge_one_turn", node=node, turns=facts["turns"], line=line)
        if "only" in facts:
            return say("edge_only", node=node, other=self.name(facts["only"]))
        key = "edge_dropped" if name == "dropped-edge" else "edge_doubled"
        return say(key, node=node, other=self.name(facts.get("consumer")))


def never_emptied(sums: list[tuple[str, int]]) -> str:
    """A sentence on sums, each with the line that adds to it."""
    return say("fault_accumulated", node=listed([name for name, _ in sums]), line=lines_of(line for _, line in sums))


def _long(node: Node, number: int) -> bool:
    return node.value is not None and np.ndim(node.value) > 0 and len(node.value) == number
