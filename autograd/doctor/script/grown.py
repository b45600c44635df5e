"""Parameters that grow: broadcasting lays a step of another shape over them, as (3, 1) - (3,) gives (3, 3).

Such a step is right for every number of what the parameter becomes, so no gradient shows it. It is looked for before
anything is judged, and judged is the script without it.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import say
from .watch.direct import direct
from .watch.edits import Edit
from .watch.node import Node, same_statement
from .watch.record import Recording
from .watch.sites import Site

PLUS = ("add", "sub", "subtract")
PRODUCTS = ("matmul", "dot")
SCALES = ("mul", "multiply", "truediv", "divide", "neg", "negative", "linked", "copy")


@dataclass(eq=False)
class Growth:
    """A line that makes a parameter larger than it was.

    Args:
        name: of the parameter, as the line stores it.
        before: how the line reads it.
        start: what it reads.
        old: its shape before.
        step: that of what is added.
        kind: "shape", "not-summed" where the step holds a number for each sample, or "wrong-axis" of a sum.
        edit: the step in the shape of the parameter.
    """

    site: Site
    name: str
    before: str
    start: Any
    old: tuple[int, ...]
    step: tuple[int, ...]
    kind: str
    edit: Edit

    def told(self) -> dict[str, Any]:
        """As a fault among those of a consultation."""
        if self.kind == "wrong-axis":
            was, new = (" ".join(text.split()) for text in self.edit.within(self.site.span))
            says = say("line_wrong-axis", old=was, new=new)
        else:
            both = np.broadcast_shapes(self.old, self.step)
            says = say(f"fault_{self.kind}", block=self.name, old=self.old, step=self.step, both=both)
        return as_fault(self.site, self.edit, self.kind, says, [self.name], self.kind != "wrong-axis")


def as_fault(site: Site, edit: Edit | None, name: str, says: str, blocks: list[str], step: bool) -> dict[str, Any]:
    """What the text alone tells, as one of the faults of a consultation."""
    line = site.line if edit is None else edit.line_of(site)
    return {
        "path": site.source.path, "line": line, "code": site.source.line(line), "name": name, "says": says,
        "should": "", "blocks": blocks, "used": True, "error": float("nan"), "step": step,
        "instead": "" if edit is None else edit.line_at(line),
        "edit": None if edit is None else {"path": site.source.path, "span": edit.span, "new": edit.new},
    }  # fmt: skip


def grown(recording: Recording) -> list[Growth]:
    """The lines that make a parameter larger, in the order in which they run."""
    found: dict[int, Growth] = {}
    chains = [] if recording.training is None else [c for p in recording.training.parameters for c in p.chains]
    updates = {site.number for chain in chains for site in chain.sites}
    states = {id(state) for chain in chains for state in chain.states}
    for _, _, _, node, site in recording.tape.stores:
        if site.number in found or not isinstance(node, Node) or getattr(node.function, "__name__", "") not in PLUS:
            continue
        parts = () if node.site is None else (node.site.part(0).strip(), node.site.part(1).strip())
        if site.number not in updates and site.target not in parts:
            continue  # no update
        growth = _growth(recording, node, site, states)
        if growth is not None and (
            growth.before == site.target or (site.number in updates and _is_kept(recording, growth))
        ):
            found[site.number] = growth
    return [*found.values()]


def _growth(recording: Recording, node: Node, site: Site, states: set[int]) -> Growth | None:
    """What a sum of a parameter and its step makes of it, if that is larger."""
    if len(node.args) != 2 or node.site is None or not site.target:
        return None
    ways = [
        k for k, arg in enumerate(node.args) if isinstance(arg, Node) and arg in direct(node) and arg.value is not None
    ]
    if not ways or not isinstance(node.value, np.ndarray):
        return None
    k = min(ways, key=lambda k: np.size(node.args[k].value))
    step = node.args[1 - k]
    if not isinstance(step, Node) or step.value is None:
        return None
    old, new, given = (np.shape(each.value) for each in (node.args[k], node, step))
    size = int(np.prod(old))
    if np.size(node.value) <= size:
        return None
    before = node.site.part(k).strip()
    turned = _other_axis(step, old)
    if turned is not None:
        return Growth(turned[0], site.target, before, node.args[k], old, given, "wrong-axis", turned[1])
    kind = "shape" if np.size(step.value) == size > 1 else "not-summed"
    if kind == "shape":
        edit = _edit(node, step, 1 - k, _turned(old, given, node.site.part(k)))
    else:
        axes = [axis for axis in range(-len(new), 0) if new[axis] > (old[axis] if axis >= -len(old) else 1)]
        if not all(_runs_over_samples(recording, node, axis, states) for axis in axes):
            return None
        axis = len(given) + axes[0] if len(axes) == 1 else tuple(len(given) + axis for axis in axes)
        kept = "" if len(old) < len(given) else ", keepdims=True"
        edit = _edit(node, step, 1 - k, f".sum(axis={axis}{kept})" if old else ".sum()")
    return None if edit is None else Growth(site, site.target, before, node.args[k], old, given, kind, edit)


def _other_axis(step: Node, old: tuple[int, ...]) -> tuple[Site, Edit] | None:
    """Where the step is a sum over one axis of a matrix, and that over the other has the shape of the parameter."""
    while getattr(step.function, "__name__", "") in SCALES:
        inside = [o for o in step.operands() if not o.hyper]
        if len(inside) != 1:
            return None
        step = inside[0]
    name, site = getattr(step.function, "__name__", ""), step.site
    inside = list(step.operands())
    if (
        name not in ("sum", "mean")
        or site is None
        or not inside
        or np.ndim(inside[0].value) != 2
        or site.span[0] != site.span[2]
    ):
        return None
    call = ast.parse(site.text, mode="eval").body
    if not isinstance(call, ast.Call):
        return None
    is_method = not isinstance(call.func, ast.Attribute) or ast.unparse(call.func.value) not in ("np", "numpy")
    axis = next((k.value for k in call.keywords if k.arg == "axis"), None)
    axis = axis if axis is not None else next(iter(call.args[0 if is_method else 1 :]), None)
    if not isinstance(axis, ast.Constant) or axis.value not in (0, 1):
        return None
    new = 0 if axis.value else 1
    other = np.sum(inside[0].value, axis=new, keepdims=step.kwargs.get("keepdims", False))
    if not np.size(other) == np.prod(old) == np.prod(np.broadcast_shapes(np.shape(other), old)):
        return None
    line, start = site.span[:2]
    span = (line, start + axis.col_offset, line, start + axis.col_offset + 1)
    return site, Edit(site.source, span, str(new))


def _is_kept(recording: Recording, growth: Growth) -> bool:
    """Whether what the line reads was stored where the line stores, or is a copy of that."""
    known = {id(growth.start)} | {id(each) for each in direct(growth.start) if isinstance(growth.start, Node)}
    return any(id(node) in known and site.target == growth.name for _, _, _, node, site in recording.tape.stores)


def _turned(old: tuple[int, ...], given: tuple[int, ...], text: str) -> str:
    """What brings as many numbers into the shape of the parameter."""
    if given == old[::-1] and len(given) == 2:
        return ".T"
    if len(given) == 1 and old == (*given, 1):
        return "[:, None]"
    return ".ravel()" if len(old) == 1 else f".reshape({text}.shape)"


def _edit(node: Node, step: Node, k: int, suffix: str) -> Edit | None:
    """The suffix behind the step, or behind the factor of it that has its shape."""
    assert node.site is not None
    source, span = node.site.source, node.site.parts[k] if k < len(node.site.parts) else None
    if getattr(step.function, "__name__", "") in ("mul", "multiply") and step.site is not None:
        for part, arg in zip(step.site.parts, step.args, strict=False):
            inside = span is not None and part is not None and span[:2] <= part[:2] and part[2:] <= span[2:]
            if inside and isinstance(arg, Node) and np.shape(arg.value) == np.shape(step.value):
                span = part
                break
    if span is None or span[0] != span[2]:
        return None
    text = source.segment(span)
    tree = ast.parse(f"({text})", mode="eval").body
    simple = isinstance(tree, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
    return Edit(source, span, f"{text if simple else f'({text})'}{suffix}")


def _runs_over_samples(recording: Recording, update: Node, axis: int, states: set[int]) -> bool:
    """Whether an axis that a parameter did not have, and that it is added to, is one of the data."""
    mine = {id(update)} | {id(arg) for arg in update.args if isinstance(arg, Node) and arg in direct(update)}
    users = recording.consumers
    waiting = {id(n): n for key in mine for n in users.get(key, ()) if n.time > update.time}
    while waiting:
        node = min(waiting.values(), key=lambda n: n.time)
        del waiting[id(node)]
        if same_statement(node, update):
            continue
        others = [o for o in node.operands() if id(o) not in mine and np.ndim(o.value) >= -axis]
        if getattr(node.function, "__name__", "") in PLUS and others:
            return _is_of_data(others[0], axis, states)
        if np.size(node.value) == np.size(update.value):  # the same in another shape
            mine.add(id(node))
            waiting |= {id(n): n for n in users.get(id(node), ())}
    return False


def _is_of_data(node: Node, axis: int, states: set[int], most: int = 50) -> bool:
    """Whether an axis of a prediction goes back to an axis of what came from outside, and not to one of weights."""
    while most:
        most -= 1
        length, name = np.shape(node.value)[axis], getattr(node.function, "__name__", "")
        operands = list(node.operands())
        if id(node) in states:
            return False
        if not operands:
            return True
        if name in PRODUCTS and len(operands) == 2:
            x, y = operands
            if np.ndim(y.value) >= 2 and axis == -1:
                node = y
            elif np.ndim(x.value) >= 2:
                node, axis = x, -2
            else:
                return False
            continue
        nearer = [o for o in operands if np.ndim(o.value) >= -axis and np.shape(o.value)[axis] == length]
        if not nearer:
            return False
        node = nearer[0]
    return False
