"""What the tests of drawing share: a reader of DOT text, independent of the writer, and small graphs to draw."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from autograd import Value, parameter, scope

Attributes = dict[str, str]


@dataclass
class Read:
    """A DOT text taken apart: attributes for all, nodes, edges, and for every cluster its own and what it holds."""

    graph: Attributes = field(default_factory=dict)
    nodes: dict[str, Attributes] = field(default_factory=dict)
    edges: list[tuple[str, str, Attributes]] = field(default_factory=list)
    ties: list[tuple[str, str]] = field(default_factory=list)  # edges that nobody sees: they only keep an order
    clusters: dict[str, Attributes] = field(default_factory=dict)
    around: dict[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        """The label of a node as it is shown."""
        return shown(self.nodes[name]["label"])

    def between(self, tail: str, head: str) -> list[Attributes]:
        """The attributes of all edges from one node to another."""
        return [attributes for one, other, attributes in self.edges if (one, other) == (tail, head)]


TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|->|[{}\[\]=;,]|[A-Za-z0-9_.\-]+|<)', re.DOTALL)


def tokens(text: str) -> Iterator[str]:
    """The words of a DOT text; an HTML-like string is one word."""
    place = 0
    while text[place:].strip():
        found = TOKEN.match(text, place)
        if found is None:
            raise ValueError(f"this is not DOT: {text[place : place + 40]!r}")
        place = found.end()
        if found[1] != "<":
            yield found[1]
            continue
        start, depth = place - 1, 1
        while depth:
            depth += {"<": 1, ">": -1}.get(text[place], 0)
            place += 1
        yield text[start:place]


def read(text: str) -> Read:
    """Take a DOT text apart; raises ValueError where it is not well-formed."""
    words, found, open_clusters = list(tokens(text)), Read(), [""]
    if words[:2] != ["digraph", "{"]:
        raise ValueError("it does not begin with digraph {")
    place = 2

    def attributes() -> Attributes:
        nonlocal place
        pairs = {}
        if words[place] == "[":
            place += 1
            while words[place] != "]":
                if words[place + 1] != "=":
                    raise ValueError(f"{words[place]!r} has no value")
                pairs[words[place]] = plain(words[place + 2])
                place += 3
            place += 1
        return pairs

    while place < len(words):
        word = words[place]
        place += 1
        if word == "subgraph":
            if words[place].startswith("cluster"):
                found.around[words[place]] = open_clusters[-1]
            open_clusters.append(words[place])
            place += 2
        elif word == "}":
            open_clusters.pop()
        elif word in ("graph", "node", "edge"):
            given = attributes()
            if word == "graph" and "rank" not in given:
                (found.clusters.setdefault(open_clusters[-1], {}) if open_clusters[-1] else found.graph).update(given)
        elif words[place] == "->":
            head = words[place + 1]
            place += 2
            given = attributes()
            if given.get("style") == "invis":
                found.ties.append((word, head))
            else:
                found.edges.append((word, head, given))
        else:
            given = attributes()
            if given.get("style") != "invis":
                found.around[word] = open_clusters[-1]
                found.nodes[word] = given
    if open_clusters:
        raise ValueError("a bracket is not closed")
    return found


def plain(word: str) -> str:
    """A value without its quotes."""
    return re.sub(r'\\(")', r"\1", word[1:-1]) if word.startswith('"') else word


def shown(label: str) -> str:
    """What Graphviz makes of a label: escapes, then entities."""
    marks = {"n": "\n", "l": "\n", "r": "\n", "\\": "\\"}
    return html.unescape(re.sub(r"\\(.)", lambda found: marks.get(found[1], f"<{found[1]}>"), label))


def told(tooltip: str) -> list[str]:
    """The lines that Graphviz makes of a tooltip: it reads the escapes twice."""
    return shown(tooltip.replace("\\\\", "\\")).split("\n")


# ------------------------------------------------------------------------------------------------------------- graphs


def neuron() -> Value:
    """relu(x1 w1 + x2 w2 + b): exact arithmetic, so that no machine writes other digits."""
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2, b = (parameter(Value(number, name)) for number, name in ((-3.0, "w1"), (1.0, "w2"), (6.5, "b")))
    out: Value = (x1 * w1 + x2 * w2 + b).relu()
    out.label = "out"
    return out


def network(sizes: tuple[int, ...], samples: int = 1) -> Value:
    """The squared error of a network of relu neurons with round weights, in modules as `nn` names them."""
    layers = [
        [
            ([parameter(Value((i + j) % 3 - 0.5, f"w{i}")) for i in range(many)], parameter(Value(0.25, "b")))
            for j in range(wide)
        ]
        for many, wide in itertools.pairwise(sizes)
    ]
    total: Any = 0.0
    for sample in range(samples):
        h: list[Any] = [Value(0.5 * (i + sample), f"x{i}") for i in range(sizes[0])]
        for k, layer in enumerate(layers):
            outputs = []
            for j, (weights, bias) in enumerate(layer):
                with scope("MLP", f"layers.{k}", f"neurons.{j}"):
                    act: Any = bias
                    for w, x in zip(weights, h, strict=True):
                        act = act + w * x
                    outputs.append(act.relu())
            h = outputs
        total = total + (h[0] - Value(1.0, "target")) ** 2
    loss: Value = total
    loss.label = "loss"
    return loss
