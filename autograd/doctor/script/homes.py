"""Where a script keeps an array: in which attribute, under which key or name, and in which list."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .judge.look import Look
from .judge.verdicts import Judgement
from .watch.node import Node
from .watch.sites import Site, Span, tree_of
from .watch.steps import Parameter
from .watch.tape import Held

Home = tuple[str, int, Any, int, Site]
"""The kind of what holds it, the number of that, the key there, when it was put there, and by which line."""


class Homes:
    """All that is stored, by what it is."""

    def __init__(self, look: Look) -> None:
        self.look, tape = look, look.training.tape
        self._homes: dict[int, list[Home]] = defaultdict(list)
        self._holders: dict[int, list[str]] = defaultdict(list)
        self._written: dict[int, str] = {}
        for time, scope, key, thing, site in tape.stores:
            if isinstance(thing, Node) and scope[0] in ("attribute", "item", "frame"):
                self._homes[id(thing)].append((*scope, key, time, site))
            elif isinstance(thing, Node) and scope[0] == "memory":
                self._written[id(thing)] = site.target
            elif isinstance(thing, Held) and isinstance(key, str) and scope[0] in ("attribute", "frame"):
                self._holders[id(thing.thing)].append(key)

    def of(self, node: Node) -> list[Home]:
        return self._homes.get(id(node), [])

    def texts(self, node: Node) -> Iterator[str]:
        """What it is stored as."""
        for _, _, key, _, site in self.of(node):
            yield site.target or str(key)
            yield str(key)
        yield self._written.get(id(node), "")

    def keys(self, node: Node) -> set[str]:
        """The plain names that it has: of an attribute, a key, a variable, or the list that it lies in."""
        found = {key for _, _, key, _, _ in self.of(node) if isinstance(key, str)}
        return found | {name for kind, number, key, _, _ in self.of(node) if kind == "item" and isinstance(key, int)
                        for name in self._holders.get(number, ())}  # fmt: skip

    def first(self, found: Judgement, parameter: Parameter) -> Node:
        """A parameter as it was at first."""
        states = (state for chain in parameter.chains for state in chain.states[:3])
        return next((state for state in states if self.of(state)), parameter.chains[0].states[0])

    def together(self, one: Node, other: Node) -> bool:
        """Whether two arrays are attributes of one object, or values of one dict."""
        mine, theirs = (
            {(kind, number) for kind, number, key, _, _ in self.of(node) if kind != "frame" and isinstance(key, str)}
            for node in (one, other)
        )
        return bool(mine & theirs)

    def settled(self, node: Node) -> bool:
        """Whether no step stores it anew, as a layer does with its inputs."""
        begun = self.look.training.steps[0].end
        return not any(kind == "attribute" and time > begun and site.kind == "store"
                       for kind, _, _, time, site in self.of(node))  # fmt: skip

    def spelled(self, node: Node, owner: str) -> str:
        """An attribute of an object that a line has a name for."""
        names = [key for kind, _, key, _, _ in self.of(node) if kind == "attribute"]
        return f"{owner}.{names[0]}" if owner and names else ""

    def pairs(self, old: Node, new: Node) -> list[tuple[str, str]]:
        """What stands in a text for the one, with what stands there for the other."""
        found: list[tuple[str, str]] = []
        for kind, number, key, _, _ in self.of(old):
            for same, there, other, _, _ in self.of(new):
                if kind != same or key == other or not (isinstance(key, str) and isinstance(other, str)):
                    continue
                if kind == "attribute" and number == there:
                    found.append((f".{key}", f".{other}"))
                if kind == "item":
                    found += [(f"'{key}'", f"'{other}'"), (f'"{key}"', f'"{other}"')]
                if kind == "frame":
                    found.append((key, other))
        lists = ([name for kind, number, key, _, _ in self.of(node) if kind == "item" and isinstance(key, int)
                  for name in self._holders.get(number, ())] for node in (old, new))  # fmt: skip
        mine, theirs = lists
        return [*dict.fromkeys([*found, *((a, b) for a in mine for b in theirs if a != b)])]

    def changes(self, node: Node) -> Iterator[set[tuple[str, Span]]]:
        """The places of the lines that look like updates of it, in loops and functions."""
        names = self.keys(node)
        for source in {id(site.source): site.source for site in self.look.training.tape.sites}.values():
            for each in ast.walk(tree_of(source)):
                if isinstance(each, ast.AugAssign) or (
                    isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) in ast.unparse(each.value)
                ):
                    target = each.target if isinstance(each, ast.AugAssign) else each.targets[0]
                    if _last(target) in names:
                        yield {(source.path, source.span(each))}


def _last(target: ast.expr) -> str:
    """The name of an attribute, the key, or the name of a variable or a list."""
    if isinstance(target, ast.Subscript):
        return str(target.slice.value) if isinstance(target.slice, ast.Constant) else _last(target.value)
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
