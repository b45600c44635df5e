"""What a picture says, before it has any looks: boxes, edges and modules as plain data with stable names.

The DOT text, the page, the JSON and the table of text are all written from one `Drawing`. Nothing here knows about
graphs, colours or Graphviz, and nothing holds on to the graph that was drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.rule import Rule
from ..core.table import TABLE

Path = tuple[str, ...]
Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Amount:
    """A number, or what is worth saying of an array of them.

    Attributes:
        size: how large it is: |number|, or the Euclidean norm of the array.
        number: the number itself; None for an array.
        short: what stands in a box for an array: its shape, and its dtype unless that is float64.
        detail: what stands in the tooltip for an array: its smallest, largest and mean element.
        rows: the numbers of a vector or matrix that is small enough to be shown whole.
        cells: those of one that is small enough for a heat map, to four digits.
        spread: its smallest element, a histogram in a line of text, and its largest; "" unless asked for.
    """

    size: float
    number: float | None = None
    short: str = ""
    detail: str = ""
    rows: Rows = ()
    cells: Rows = ()
    spread: str = ""

    @property
    def is_negative(self) -> bool:
        """Whether it is a number below 0; a norm is not."""
        return self.number is not None and self.number < 0


@dataclass(frozen=True)
class Box:
    """A value with the operation that made it inside; or a neuron, a module, or all that was left out, as one box.

    Attributes:
        id: "n7" for the value at place 7 of the topological order, "s7" for the neuron with this result, "m2" for a
            module, "rest" for what was left out.
        kind: "input", "parameter", "constant", "result", "neuron", "module" or "rest"; "again" for the name of a value
            where it is used on another line than the one it is drawn on.
        label: the name it was given, "" without one. As the user wrote it: whoever writes a picture escapes it.
        op: the name of the primitive; `sign` is how it is written: "tanh", "+", "① − ②".
        path: the modules around it, outermost first; of a module its own place.
        is_root: whether it is what was drawn, the end of the graph.
        value: its number; of a neuron or a module with a single result that of the result, of another module None.
        grad: its gradient; None while no backward has reached it. Of a module with several results the norm over its
            parameters.
        before: what a leaf's gradient was before the latest backward, which added to it; None for 0.
        order: its turn in backward, 1 being the root; None for leaves, which pass nothing on.
        source: the line that recorded it, when that is known.
        count: how many values it stands for; `parameters` how many of them are parameters.
        mark: why it is marked as suspicious; "" where it is not.
        neuron: the id of the neuron it is part of, where that is no module.
        equation: of a module that is a layer: "tanh(x @ W + b), W 2 × 16".
        line: the line it is drawn on, where a picture has several.
    """

    id: str
    kind: str
    label: str = ""
    op: str = ""
    sign: str = ""
    path: Path = ()
    is_root: bool = False
    value: Amount | None = None
    grad: Amount | None = None
    before: float | None = None
    order: int | None = None
    source: str = ""
    count: int = 1
    parameters: int = 0
    mark: str = ""
    neuron: str = ""
    equation: str = ""
    line: int = 0


@dataclass(frozen=True)
class Edge:
    """From an operand to the result that used it; the gradient flows against it.

    Attributes:
        id: "e9_1" for the second operand of n9.
        tail: the box of the operand; `head` the box of the result.
        slot: which operand it is, from 0; None for several edges drawn as one.
        mark: "①" or "②" where the order of the operands matters, else "".
        partial: the local derivative ∂head/∂tail; None where it is no single number.
        flow: partial × gradient of head, what backward adds to the gradient of tail; None if not yet known.
        after: the gradient of tail once this flow was added, on its way through backward; only for arrays.
        formula: the local derivative as the table of rules has it: "∂out/∂x = 1 - out * out".
        cases: its texts with {x}, {y} and {out} for the operands and the result, by case: see `formulas`.
        case: the case that applies; -1 where there is no formula.
        to_constant: whether the operand is a constant, so that nothing flows.
        count: how many edges are drawn as this one.
    """

    id: str
    tail: str
    head: str
    slot: int | None = None
    mark: str = ""
    partial: float | None = None
    flow: Amount | None = None
    after: Amount | None = None
    formula: str = ""
    cases: Mapping[int, str] = field(default_factory=dict)
    case: int = -1
    to_constant: bool = False
    count: int = 1


@dataclass(frozen=True)
class Module:
    """A module that is drawn as a frame around its values, or a neuron that is no module and has no frame in a picture.

    Attributes:
        parent: the id of the module around it, "" for none.
        sign: how a neuron is written: "Σ → tanh"; "" for other modules.
        output: the id of a neuron's result.
        equation: what it is, if it is a layer.
        name: what it is called.
    """

    id: str
    path: Path
    parent: str
    sign: str = ""
    output: str = ""
    name: str = ""
    equation: str = ""

    @property
    def is_frame(self) -> bool:
        """Whether a picture draws a frame around it."""
        return self.id.startswith("m")


@dataclass(frozen=True)
class Recorded:
    """A graph of single numbers as it was computed, by the places that its ids name: for a page that computes it anew.

    Attributes:
        rules: the rows of the table that were applied; None at a leaf.
        links: the places of the operands.
        numbers: the constants, by place.
    """

    rules: tuple[Rule | None, ...]
    links: tuple[tuple[int, ...], ...]
    numbers: Mapping[int, float]

    def __reduce__(self) -> tuple[Any, ...]:
        """Rows of the table are pickled by name. A graph with a user's own primitive does not compute in its copies."""
        is_known = all(rule is None or TABLE.get(rule.name) is rule for rule in self.rules)
        return (Recorded, (self.rules, self.links, dict(self.numbers))) if is_known else (_unknown, ())


def _unknown() -> None:
    """What is left of a graph that cannot be written down."""


@dataclass(frozen=True)
class Drawing:
    """All that a picture shows.

    Attributes:
        boxes: in topological order; every operand that is drawn stands before its results.
        modules: the frames, outer ones before inner ones.
        total: how many values the whole graph has.
        depth: how many frames lie inside one another at most; what is deeper is one box.
        notes: sentences that the picture must say: not yet differentiated, collapsed, left out.
        recorded: how it was computed, if every value has a box, each is a single number, and there is one result.
    """

    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    modules: tuple[Module, ...]
    total: int
    depth: int
    notes: tuple[str, ...] = ()
    recorded: Recorded | None = None
