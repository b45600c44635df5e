"""A recorded graph of Values as JavaScript: the number and the gradient of every node, for any numbers of its leaves.

What a page needs whose reader moves a leaf. The text is the engine again, in small: the rules that the graph uses, each
with its value and its local derivatives, printed from the table; the graph, as lists of numbers; and one sweep with the
one rule about 0 × ∞ (where the table states that a local derivative is 0, nothing passes).

How it is meant to be embedded: `script.text` is an expression, a function. In an inline script
`<script>const run = TEXT;</script>` that stands in the page's Content-Security-Policy by its hash, it evaluates nothing
and needs neither `unsafe-inline` nor `unsafe-eval`. `run(leaves)` takes the numbers of `script.leaves` in their order
and gives `{values, grads, locals, passes}`: one number for each of `script.nodes`, of which the last is the root, and
for each operand of each node, one after the other, the local derivative and whether anything passes along it. The
gradient of the root is 1, or `run(leaves, seed)`; with `null` nothing goes backward. It keeps its arrays: copy what has
to outlive the next call. Labels are not in the text. A choice that was made while the graph was recorded (`where` of a
plain bool, `if`) stays as it was: `script.frozen` says at which nodes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ...core.node import CHOSEN, CONSTANT, walk
from ...core.rule import Rule
from ...core.table import TABLE
from ...errors import TraceError
from ...masking import local_derivative
from ..names import Names
from ..program import is_row
from ..scalar.helpers import helper_texts
from ..scalar.program import SAMPLE, Program
from ..scalar.record import Recorder
from ..scalar.writer import Writer
from .dialect import JAVASCRIPT

ENGINE = """\
(() => {
  "use strict";
%(helpers)s
  // For each node: its rule, or -1 for a leaf and -2 for a constant; then where its operands begin in OPERANDS.
  const RULE = Int32Array.from(%(rule)s), FIRST = Int32Array.from(%(first)s), OPERANDS = Int32Array.from(%(operands)s);
  const LEAVES = Int32Array.from(%(leaves)s), CONSTANTS = %(constants)s;
  const size = RULE.length, values = new Float64Array(size), grads = new Float64Array(size);
  const locals = new Float64Array(OPERANDS.length), passes = new Uint8Array(OPERANDS.length);
  const arrived = new Uint8Array(size);
  for (const [place, number] of CONSTANTS) values[place] = number;

  function forward() {
    for (let i = 0; i < size; i++) {
      const first = FIRST[i], x = values[OPERANDS[first]], y = values[OPERANDS[first + 1]];
      switch (RULE[i]) {
%(values)s
      }
    }
  }

  // What goes along an operand; where the table states that its derivative is 0, nothing does.
  function pass(slot, g, local, isPassing) {
    const to = OPERANDS[slot];
    if (RULE[to] === -2) return;
    locals[slot] = local;
    if (!isPassing) return;
    passes[slot] = 1;
    grads[to] = arrived[to] ? grads[to] + g * local : g * local;
    arrived[to] = 1;
  }

  function backward(seed) {
    grads.fill(0);
    arrived.fill(0);
    passes.fill(0);
    grads[size - 1] = seed;
    arrived[size - 1] = 1;
    for (let i = size - 1; i >= 0; i--) {
      if (RULE[i] < 0) continue;
      const first = FIRST[i], x = values[OPERANDS[first]], y = values[OPERANDS[first + 1]], out = values[i];
      const came = arrived[i] === 1;
      let dx = 0, dy = 0, px = came, py = came; // the local derivatives, and whether anything passes
      switch (RULE[i]) {
%(partials)s
      }
      pass(first, grads[i], dx, px);
      if (FIRST[i + 1] - first > 1) pass(first + 1, grads[i], dy, py);
    }
  }

  function run(leaves, seed = 1) {
    for (let k = 0; k < LEAVES.length; k++) values[LEAVES[k]] = leaves[k];
    forward();
    if (seed !== null) backward(seed);
    return { values, grads, locals, passes };
  }
  return Object.assign(run, { rules: RULE });
})()"""


LOCALS: Final = ("x", "y", "out", "dx", "dy", "px", "py", "came", "first", "values", "pass")
"""Names of the text above that stand around what is printed for a rule."""


@dataclass(frozen=True)
class GraphTables:
    """A graph as lists of numbers, for the script; nothing of the graph is kept.

    Args:
        rules: the rows that it uses.
        rule: by place the row, by its number; -1 for a leaf, -2 for a constant.
        first: by place, where its operands begin in `operands`.
        constants: places and numbers.
        frozen: the places of choices that were made while the graph was recorded.
    """

    rules: tuple[Rule, ...]
    rule: tuple[int, ...]
    first: tuple[int, ...]
    operands: tuple[int, ...]
    leaves: tuple[int, ...]
    constants: tuple[tuple[int, float], ...]
    frozen: tuple[int, ...]


@dataclass(frozen=True)
class GraphScript:
    """A graph that was written as JavaScript.

    Args:
        text: an expression: the function from the numbers of the leaves to those of all nodes.
        nodes: the Values in the order of its results, operands before results. The constants among them are made for
            this list.
        leaves: the places among them of the leaves that the function takes.
        frozen: the places of choices that were made while the graph was recorded.
    """

    text: str
    nodes: tuple[Any, ...]
    leaves: tuple[int, ...]
    frozen: tuple[int, ...]


def javascript_of(root: Any, order: Sequence[tuple[Any, tuple[Any, ...]]] | None = None) -> GraphScript:
    """A recorded graph as a JavaScript function of its leaves.

    Args:
        root: a Value.
        order: its nodes with their operands, operands before results and `root` last, where they have been walked
            through before: then constants are those that were met there.

    Raises:
        TraceError: a user's own primitive is not written in ordinary arithmetic.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> script = javascript_of(x * x)
    >>> len(script.nodes), script.leaves, script.text.count("values[i] = x * y")
    (2, (0,), 1)
    """
    order = walk(root) if order is None else order
    places = {id(node): place for place, (node, _) in enumerate(order)}
    tables = tables_of(
        [node.rule for node, _ in order],
        [[places[id(operand)] for operand in operands] for _, operands in order],
        {place: float(node._data) for place, (node, _) in enumerate(order) if node.rule is CONSTANT},
    )
    return GraphScript(text_of(tables), tuple(node for node, _ in order), tables.leaves, tables.frozen)


def tables_of(
    rules: Sequence[Rule | None], links: Sequence[Sequence[int]], numbers: Mapping[int, float]
) -> GraphTables:
    """A graph as lists of numbers.

    Args:
        rules: the rule of each node, operands before results; that of a leaf is not looked at.
        links: the places of its operands.
        numbers: those of the constants, by place.
    """
    known: dict[Rule, int] = {}
    rule: list[int] = []
    operands: list[int] = []
    first = [0]
    for place, (row, given) in enumerate(zip(rules, links, strict=True)):
        operands += given
        first.append(len(operands))
        kind = -2 if place in numbers else -1
        rule.append(known.setdefault(row, len(known)) if row is not None and given else kind)
    return GraphTables(
        rules=tuple(known), rule=tuple(rule), first=tuple(first), operands=tuple(operands),
        leaves=tuple(place for place, given in enumerate(links) if not given and place not in numbers),
        constants=tuple(numbers.items()),
        frozen=tuple(place for place, given in enumerate(links) if given and rules[place] is CHOSEN),
    )  # fmt: skip


def text_of(tables: GraphTables, others: Sequence[Rule] = ()) -> str:
    """The function as text: see the head of this file.

    Args:
        others: rules that can take the place of one in the graph, `run.rules[place] = number`: their numbers follow
            those of the graph's own.

    Raises:
        TraceError: a user's own primitive is not written in ordinary arithmetic.
    """
    helpers: dict[Rule, str] = {}
    printed = [_cases(k, rule, helpers) for k, rule in enumerate([*tables.rules, *others])]
    texts, _ = helper_texts(helpers, JAVASCRIPT)
    constants = ",".join(f"[{place},{JAVASCRIPT.number(number)[0]}]" for place, number in tables.constants)
    return ENGINE % {
        "helpers": "\n".join(f"  {line}" for each in texts for line in each.split("\n")),
        "values": "\n".join(value for value, _ in printed), "partials": "\n".join(slopes for _, slopes in printed),
        "rule": _numbers(tables.rule), "first": _numbers(tables.first), "operands": _numbers([*tables.operands, 0, 0]),
        "leaves": _numbers(tables.leaves), "constants": f"[{constants}]",
    }  # fmt: skip


def _numbers(several: Sequence[int]) -> str:
    return json.dumps(several, separators=(",", ":"))


def _cases(number: int, rule: Rule, helpers: dict[Rule, str]) -> tuple[str, str]:
    """A rule as a case of `forward` and of `backward`: `case 3: values[i] = Math.tanh(x); break; // tanh`."""
    value = rule if is_row(rule) else rule.value  # a user's own primitive is put as its formula
    lines, text, _ = _printed(rule, helpers, lambda given: (value(*given[:-1]), False))
    parts = []
    for k, name in enumerate(("x", "y")[: rule.arity]):

        def slope(given: list[Any], k: int = k) -> tuple[Any, Any]:
            return local_derivative(rule, k, given[:-1], given[-1])

        inside, local, silent = _printed(rule, helpers, slope)
        if silent != "true":
            inside.append(f"d{name} = {local};")
        if silent:
            inside.append(
                f"p{name} = false;" if silent == "true" else f"if ({silent}) {{ p{name} = false; d{name} = 0; }}"
            )
        parts.append(f"{{ {' '.join(inside)} }}" if len(inside) > 1 else inside[0])
    remark = f" // {rule.name}" if is_row(rule) else ""
    return (
        f"        case {number}: {{ {' '.join([*lines, f'values[i] = {text};', 'break;'])} }}{remark}",
        f"        case {number}: {' '.join(parts)} break;{remark}",
    )


def arrow(
    rule: Rule, arguments: Sequence[str], helpers: dict[Rule, str], compute: Callable[[list[Any]], tuple[Any, Any]]
) -> str:
    """An arrow function of numbers: what `compute` records."""
    lines, text, _ = _printed(rule, helpers, compute)
    head = f"({', '.join(arguments)}) => "
    return f"{head}{{ {' '.join(lines)} return {text}; }}" if lines else head + text


def _printed(
    rule: Rule, helpers: dict[Rule, str], compute: Callable[[list[Any]], tuple[Any, Any]]
) -> tuple[list[str], str, str]:
    """What `compute` records of x, y and out: statements, the number, and when it is silent; "" for never."""
    program = Program()
    recorder = Recorder(program)
    given = [recorder.number(program.leaf(SAMPLE, k, label)) for k, label in enumerate(("x", "y", "out"))]
    operands = [*given[: rule.arity], given[2]]
    try:
        value, silent = compute(operands)
        outputs = [recorder.lift(value)]
    except Exception as error:
        raise TraceError(
            f"{rule.name}() cannot be written in JavaScript ({error}): write the primitive in the functions of this "
            "library, without math or numpy"
        ) from error
    if silent is True:
        return [], "0", "true"
    if silent is not False:
        outputs.append(silent.index)
    names = Names([*TABLE, *JAVASCRIPT.reserved, *LOCALS])
    writer = Writer(program, outputs, names, JAVASCRIPT, helpers, comments=False, inline_outputs=True)
    for k, label in enumerate(("x", "y", "out")):
        writer.give(k, label)
    writer.body(program.live(outputs), len(program))
    texts = [writer.written[output][0] for output in outputs]
    return [line.strip() for line in writer.lines], texts[0], "" if silent is False else texts[1]
