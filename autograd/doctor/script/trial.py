"""A training run at its own speed, with its loss watched: the script as it is, repaired, or with one thing changed.

Nothing is recorded here. A few calls are written into the text: around the loss or after it, around what the loops go
through and what the parameters begin with, and before the lines that update a parameter. What they keep is in
`readings.py`.
"""

from __future__ import annotations

import ast
import textwrap
import time
from dataclasses import dataclass, replace
from typing import Any

from ..language import say
from .readings import Curve, Ended, Watch
from .watch.edits import Edit, apart
from .watch.limits import Limit
from .watch.loader import Subject, import_libraries
from .watch.sandbox import Refused, seed
from .watch.sites import Source, Span

WATCH = "_doctor_watch_"


Place = tuple[str, Span]
"""The path of a source and a place in it."""


@dataclass(frozen=True)
class Watched:
    """What to watch.

    Args:
        loss: the expression that is the loss; with a name, the statement after which it is; None where there is none.
        becomes: a name that is the loss after the statement at `loss`, as in `loss /= n`; "" for an expression.
        adds: whether the statement at `loss` adds something to `becomes`, which is the loss when it is complete.
        error: the difference of prediction and target, and on which side the prediction stands (0 or 1); or the
            statement that takes 1 off what was predicted for the right class.
        measure: the loss that the error is of: "squares", "logistic" or "softmax".
        shown: whether that is a loss that the steps lower, too.
        samples, epochs: what the loops go through.
        around: what the loop goes through that stands around the update of the first parameter.
        updates: the statements that change a state; they are left out while all samples are gone through.
        states: the updates of parameters among them, the first parameter's first.
        starts: what parameters begin with.
        same: whether every step is made with all the samples.
        sign: -1 for what is to grow.
    """

    loss: Place | None = None
    becomes: str = ""
    adds: bool = False
    error: Place | None = None
    side: int = 0
    measure: str = "squares"
    shown: bool = True
    samples: Place | None = None
    epochs: Place | None = None
    around: Place | None = None
    updates: tuple[Place, ...] = ()
    states: tuple[Place, ...] = ()
    starts: tuple[Place, ...] = ()
    same: bool = True
    sign: float = 1.0

    @classmethod
    def of(cls, data: dict[str, Any]) -> Watched:
        """From what JSON made of it."""
        return cls(**{key: _from_json(value) for key, value in data.items()})


def _from_json(value: Any) -> Any:
    return tuple(map(_from_json, value)) if isinstance(value, (list, tuple)) else value


def watched_text(source: Source, edits: list[Edit], watched: Watched) -> str:
    """The text with the edits and the calls in it."""
    edits = apart(edits)
    for path, span in watched.updates:
        if path == source.path:
            edits = [_paused_in(edit, span) for edit in edits]
    lines = source.text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def at(line: int, column: int) -> int:
        return starts[line - source.first] + column

    def free(place: Place | None) -> bool:
        return place is not None and place[0] == source.path and not any(_within(place[1], e.span) for e in edits)

    changes = [(at(*e.span[:2]), at(*e.span[2:]), 1, e.new) for e in edits]

    def put(place: Place | None, before: str = "", after: str = "") -> None:
        if place is not None and free(place):
            start, end = at(*place[1][:2]), at(*place[1][2:])
            changes.extend([(start, start, 2, before)] * bool(before) + [(end, end, 0, after)] * bool(after))

    def around(place: Place | None, call: str) -> None:
        put(place, f"{WATCH}.{call}(", ")")

    around(watched.samples, "samples")
    around(watched.epochs, "epochs")
    around(watched.around, "around")
    for place in watched.starts:
        around(place, "start")
    if watched.becomes:
        call = "total" if watched.adds else "loss"
        before = f"{WATCH}.before({watched.becomes}); " if watched.adds else ""
        put(watched.loss, before, f"; {WATCH}.{call}({watched.becomes})")
    else:
        around(watched.loss, "loss")
    if watched.error is not None and watched.error[0] == source.path:
        put(watched.error, _told_before(source.segment(watched.error[1]), watched.side))
    for place in watched.updates:
        path, span = place
        indent = source.lines[span[0] - source.first][: span[1]] if path == source.path else "elsewhere"
        if not indent.strip() and _can_be_left_out(source.segment(span)):
            known = place in watched.states
            target = _target(source.segment(span)) if known else ""
            first = known and place == watched.states[0]
            put(place, f"if {WATCH}.step({first}): ", f"; {WATCH}.state({target})" if target else "")
    text = source.text
    # From the end to the start. At one place what closes comes before an edit, and what opens comes before that edit.
    for a, b, _, new in sorted(changes, key=lambda c: (c[0], c[1] > c[0], -c[2]), reverse=True):
        text = text[:a] + new + text[b:]
    return text


def _can_be_left_out(statement: str) -> bool:
    """Whether it may stand behind an `if` in one line: the head of a loop, which binds a state, may not."""
    try:
        made = ast.parse(textwrap.dedent(statement)).body
    except SyntaxError:
        return False
    return len(made) == 1 and not hasattr(made[0], "body")


def _target(statement: str) -> str:
    """What a statement stores into, as an expression."""
    try:
        made = ast.parse(textwrap.dedent(statement)).body[0]
    except SyntaxError:
        return ""
    targets = made.targets if isinstance(made, ast.Assign) else [made.target] if isinstance(made, ast.AugAssign) else []
    plain = targets and not any(isinstance(n, ast.Starred) for n in ast.walk(targets[0]))
    return ast.unparse(targets[0]) if plain else ""


def _told_before(statement: str, side: int) -> str:
    """The call before `p -= y`, or before `p[range(n), y] -= 1`; "" where the error is an expression."""
    try:
        made = ast.parse(textwrap.dedent(statement)).body[0]
    except SyntaxError:
        return ""
    if not isinstance(made, ast.AugAssign) or not isinstance(made.op, ast.Sub):
        return ""
    target = ast.unparse(made.target)
    if isinstance(made.value, ast.Constant):
        return f"{WATCH}.picked({target}); "
    return f"{WATCH}.compared({target}, {ast.unparse(made.value)}, {side}); "


def _paused_in(edit: Edit, update: Span) -> Edit:
    """An edit that moves an update, with the update left out while all samples are gone through."""
    if not _within(update, edit.span):
        return edit
    text = edit.source.segment(update)
    return replace(edit, new=edit.new.replace(text, f"if {WATCH}.live: {text}", 1))


def _within(inner: Span, outer: Span) -> bool:
    """Whether a place lies inside another and is not all of it."""
    return inner != outer and inner[:2] >= outer[:2] and inner[2:] <= outer[2:]


class _Errors(ast.NodeTransformer):
    """Puts the call around a difference `left - right`, found by its line and its text, either way round."""

    def __init__(self, line: int, text: str, side: int) -> None:
        self.line = line
        self.sides: dict[str, int] = {}
        try:
            difference = ast.parse(f"({text})", mode="eval").body
        except SyntaxError:
            return
        self.sides[ast.unparse(difference)] = side
        if isinstance(difference, ast.BinOp):
            self.sides[ast.unparse(ast.BinOp(difference.right, ast.Sub(), difference.left))] = 1 - side

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        self.generic_visit(node)
        return self._told(node, [node.left, node.right]) if isinstance(node.op, ast.Sub) else node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        return self._told(node, node.args) if len(node.args) == 2 else node

    def _told(self, node: Any, sides: list[ast.expr]) -> Any:
        if node.lineno != self.line or ast.unparse(node) not in self.sides:
            return node
        call = ast.Attribute(ast.Name(WATCH, ast.Load()), "error", ast.Load())
        return ast.copy_location(ast.Call(call, [*sides, ast.Constant(self.sides[ast.unparse(node)])], []), node)


def run_trial(subject: Subject, edits: list[Edit], watched: Watched, watch: Watch) -> Curve:
    """Run to the end, or until the time is up."""
    error = ""
    watch.shows = watched.loss is not None
    watch.measure, watch.same, watch.shown, watch.sign = watched.measure, watched.same, watched.shown, watched.sign

    def rewrite(source: Source) -> ast.Module:
        own = [edit for edit in edits if edit.source.path == source.path]
        try:
            tree = ast.parse(watched_text(source, own, watched), source.path)
        except SyntaxError:  # calls that the text has no place for: it runs as it is, and no loss is read
            tree = ast.parse(watched_text(source, own, Watched()), source.path)
        if watched.error is not None and watched.error[0] == source.path:
            span = watched.error[1]
            tree = ast.fix_missing_locations(_Errors(span[0], source.segment(span), watched.side).visit(tree))
        return tree

    import_libraries(subject.main)
    seed()
    begin = time.monotonic()
    watch.limit = Limit(watch.limit.seconds)
    try:
        with watch.limit:
            subject.run(rewrite, {WATCH: watch}, lambda names: None)
    except (SystemExit, Ended):
        pass
    except Refused as refused:
        error = say("refused_in_trial", what=refused)
    except Exception as raised:
        error = f"{type(raised).__name__}: {raised}"
    if error or watch.limit.stopped is not None:
        watch.sum = None  # it is not complete
    found = watch.curve()
    found.complete, found.error, found.seconds = watch.limit.stopped is None, error, time.monotonic() - begin
    return found
