"""What a script minimises: a loss that it computes, or the loss whose error its gradients begin with.

Many scripts never compute the loss they train on, or print another one. So there are several readings: every scalar
that depends on the parameters, and every error `prediction - target` taken as the error of squares, or, after a sigmoid
or a softmax, of cross-entropy. The reading under which most of the gradients are right is what the learner means.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..watch.direct import compared_at, hyper, through_copies
from ..watch.node import Node, assembled
from .engines import computed_on, place_of_loss
from .invented import grown, margins_of, number_of, of_margins, quotients, spreads
from .look import OF_A_SHAPE, Look, Point
from .reference import computed_again, cotangents, forward_part
from .replay import Values, pulled, resolved
from .running import averaged, kept_by_the_rule
from .stopped import is_of_the_others, looked_ahead, weights_of_logarithms

Array = Any
TERMINAL = 12
TINY = 1e-5
OFTEN = 4  # times in a step: a gradient by differences, of a loss that is printed for other samples, too
SHAPED = OF_A_SHAPE | {"full_like"}  # of what it is filled with, no loss is made
FEW = 6  # runs of one loss that may be on different sets of samples


@dataclass(eq=False)
class Reading:
    """What may be minimised.

    Args:
        kind: "loss" (a scalar of the script), or, where only the error is there, "squares", "entropy", "errors" (what
            comes back grows with each error: Huber's), "hinge" (a margin is compared with 1), "likelihood" (of a
            generalised linear model, with a variance).
        roots: where the sweep begins: the losses, or the predictions; one for each sample.
        errors: for a reading without a loss, the nodes that hold prediction minus target, and their sign.
        sign: -1 for what is to grow, such as a likelihood.
        held: what the step looks ahead by: parameters moved along their gradient, which is taken for a constant.
        spread: of a likelihood, the power of the mean that its variance is; 0 for μ(1 - μ).
        inner: whether a root, a logarithm or a power of it is what the script computes: a perplexity.
        derived: whether the errors are the derivative by the roots, all of it.
        along: what the steps begin with in a forward pass of their own, where the loss leaves elements of it out.
        bare: by node, what it is but for a tiny number: `log(p + 1e-7)` is mostly differentiated as `log(p)`.
        renewed: by parameter after the step, the one before: of these is the penalty of a loss that comes later.
        shares: by root, its factor in a sum of losses; 1 where none is given.
    """

    kind: str
    roots: list[Node]
    errors: list[tuple[Node, float]] = field(default_factory=list)
    sign: float = 1.0
    held: frozenset[int] = frozenset()
    bare: dict[int, int] = field(default_factory=dict)
    renewed: dict[int, int] = field(default_factory=dict)
    shares: dict[int, float] = field(default_factory=dict)
    turn: int = 0
    spread: int = 0
    inner: bool = False
    derived: bool = False
    along: list[Node] = field(default_factory=list)

    def term(self, look: Look) -> Node:
        """What the loss is in this pass, where it is added to that of other passes."""
        node = self.roots[0]
        while getattr(node.function, "__name__", "") in ("add", "iadd"):
            active = [o for o in node.operands() if id(o) in look.depends]
            if len(active) != 1:
                break
            node = active[0]
        return node

    @property
    def kin(self) -> tuple[Any, ...]:
        """What it has in common with the same reading of another step."""
        error = [(node.site, getattr(node.function, "__name__", "")) for node, _ in self.errors[:1]]
        return (
            self.kind,
            self.site,
            not self.held,
            not self.bare,
            not self.shares,
            self.turn,
            self.spread,
            self.inner,
            *error,
        )

    def cotangents(self, look: Look, point: Point) -> dict[int, Array]:
        """The cotangent of every node at a point."""
        instead = {**self.bare, **self.renewed}
        values = {**point.values, **{key: point.values[inner] for key, inner in instead.items()}}
        values |= computed_again(self.order(look), values, self.renewed)

        def pull(node: Node, operands: Sequence[Node], g: Array) -> list[Array | None]:
            inner = instead.get(id(node))
            return (
                pulled(node, values, list(operands), g)
                if inner is None
                else [g if id(o) == inner else None for o in operands]
            )

        return cotangents(self.order(look), values, self.seeds(values), pull)

    def order(self, look: Look) -> list[tuple[Node, list[Node]]]:
        """The forward pass of it."""
        return forward_part(look, [*self.roots, *self.along], self.held, self.renewed)

    def seeds(self, values: Values) -> dict[int, Array]:
        if self.kind == "loss":
            shares = [(id(root), self.shares.get(id(root), 1.0)) for root in self.roots]
            return {key: np.full(np.shape(values[key]), self.sign * share) for key, share in shares}
        found: dict[int, Array] = {}
        for root, (error, sign) in zip(self.roots, self.errors, strict=True):
            shape = np.shape(values[id(root)])
            seed: Array = sign * np.asarray(values[id(error)], dtype=float)
            if self.kind == "hinge":
                seed = sign * (seed > (-1.0 if sign < 0 else 0.0))
            if is_crossed(error):
                seed = sign * paired(error, values)
            if self.kind == "likelihood":
                mean = np.reshape(np.asarray(values[id(root)], dtype=float), np.shape(seed))
                seed = seed / (mean**self.spread if self.spread else mean * (1 - mean))
            seed = seed.reshape(shape) if seed.size == np.size(values[id(root)]) else np.broadcast_to(seed, shape)
            found[id(root)] = found[id(root)] + seed if id(root) in found else seed
        return found

    @property
    def site(self) -> Any:
        return self.roots[0].site

    def holds_something(self, look: Look) -> bool:
        """Whether something that follows from the parameters, too, is held fixed: the targets, say."""
        errors = [] if self.derived else self.errors
        sides = [side for error, _ in errors for side in error.args if isinstance(side, Node)]
        return bool(self.held) or (len(sides) == 2 * len(errors) > 0 and all(id(s) in look.depends for s in sides))


def loss_nodes(look: Look, upto: int) -> list[list[Node]]:
    """Scalars of the tape that depend on the parameters of the step and that no step follows from; by their place."""
    tape, start = look.training.tape, look.step.start
    ends = {id(node) for nodes in look.ends.values() for node in nodes}
    depends: set[int] = set(look.start_ids)
    late: set[int] = set(ends)
    pure: set[int] = set(ends)  # made of new parameters and numbers only, as a penalty is
    mixed: set[int] = set()  # sums of what comes from before a step, and of a penalty after it
    used: set[int] = set()
    spread: set[int] = set()  # over an array: what a softmax divides by is no loss
    scalars: list[Node] = []
    of_the_rule = kept_by_the_rule(look)
    for node in tape.nodes:
        if node.time <= start or node.time > upto:
            continue
        operands = list(node.operands())
        of_the_rule |= {id(node)} if any(id(o) in of_the_rule for o in operands) else set()
        if any(id(o) in late for o in operands):
            late.add(id(node))
            given = {id(o) for o in operands if np.size(o.value) > 1 or id(o) in depends or id(o) in late}
            pure |= {id(node)} if given <= pure else set()
            sums = getattr(node.function, "__name__", "") in ("add", "sub", "iadd") and np.size(node.value) == 1
            once = len({*(o.site for o in operands), node.site}) > len(operands)  # no sum of what goes on and on
            rest = given - pure if sums and once else set()
            if rest and all(key in mixed or (key in depends and key not in late) for key in rest):
                mixed.add(id(node))
        if id(node) in ends or not any(id(o) in depends for o in operands):
            continue
        if getattr(node.function, "__name__", "") in SHAPED:
            continue
        depends.add(id(node))
        used |= {id(o) for o in operands}
        if np.size(node.value) > 1 and node.function is not assembled:
            spread |= {id(o) for o in operands}
        if (
            (id(node) not in late or node.time < look.step.end or id(node) in mixed)  # or some are updated before it
            and node.value is not None
            and np.size(node.value) == 1
            and np.asarray(node.value).dtype.kind == "f"
            and id(through_copies(node)) not in look.start_ids
        ):
            scalars.append(node)
    terminal = [n for n in scalars if id(n) not in look.to_end and id(n) not in spread]
    often = Counter(n.site.number for n in scalars if n.site is not None and id(n) in look.to_end)
    # the steps may follow from the losses themselves: a gradient by differences
    shown_at = {n.site for n in terminal if n.site is not None and often[n.site.number] >= OFTEN}
    shown_at |= {site for n in scalars if (site := compared_at(n)) is not None and often[site.number] >= OFTEN}
    terminal += [
        n for n in scalars
        if id(n) in look.to_end and n.function is not operator.getitem and n.site is not None
        and often[n.site.number] > 1 and (n.site in shown_at or not (terminal or shown_at))
    ]  # fmt: skip
    shown = {id(n) for _, n, _ in tape.shown}
    terminal = [n for n in terminal if id(n) in shown or id(n) not in of_the_rule]
    inside = {id(n): averaged(n, depends) for n in terminal}
    shown |= {id(n) for key, n in inside.items() if key in shown}
    terminal = [*{id(n): n for n in inside.values()}.values()]
    elements = {id(thing) for _, scope, _, thing, _ in tape.stores if scope[0] == "memory"}
    terminal = [n for n in terminal if id(n) not in elements or not _shifted(n)]  # p[y] -= 1 is an error, and no loss
    kept = shown | {id(thing) for _, _, _, thing, _ in tape.stores}
    apart = [n for n in terminal if id(n) in kept]  # without what is only compared, such as `abs(before - loss)`
    among = {id(n) for n in terminal}
    terminal = apart or terminal
    inner: set[int] = set()
    stack = [o for n in terminal for o in n.operands()]
    while stack:
        node = stack.pop()
        if id(node) in among and id(node) not in inner:
            inner.add(id(node))
            stack += node.operands()
    again = [n for n in terminal if id(n) in look.to_end and n.site in shown_at]
    inner |= computed_on(again, terminal, depends - late)
    groups: dict[Any, list[Node]] = {}  # one loss function for training and for validation has two calls: two losses
    for node in terminal:
        if node.site is not None and (id(node) in shown or id(node) not in inner):
            both_sides = id(node) in look.to_end and often[node.site.number] >= OFTEN  # f(x + h) and f(x - h)
            groups.setdefault((node.site.number,) if both_sides else place_of_loss(node), []).append(node)
    ranked = sorted(
        groups.values(),
        key=lambda nodes: (not any(id(n) in shown for n in nodes), any(id(n) in used for n in nodes), -nodes[-1].time),
    )
    return ranked[:TERMINAL]


def errors(look: Look) -> list[list[tuple[Node, Node, float]]]:
    """Differences of what depends on the parameters and what does not: (error, prediction, sign)."""
    found: dict[tuple[int, bool], list[tuple[Node, Node, float]]] = {}
    inside: set[int] = set()
    for node in look.program.steps:
        if id(node) not in look.to_end or node.site is None:
            continue
        for prediction, sign in _predicted(look, node):
            group = found.setdefault((node.site.number, node.function is assembled), [])
            if node.function is not assembled or all(p is not prediction for _, p, _ in group):  # a row is read twice
                group.append((node, prediction, sign))
            if node.function is assembled:
                inside |= {id(part) for part in node.args[0]}
    return [group for group in found.values() if not any(id(error) in inside for error, _, _ in group)]


def _predicted(look: Look, node: Node) -> Iterator[tuple[Node, float]]:
    name = getattr(node.function, "__name__", "")
    depends = look.depends
    if name in ("sub", "subtract") and len(node.args) == 2:
        left, right = node.args
        first = isinstance(left, Node) and id(left) in depends
        second = isinstance(right, Node) and id(right) in depends
        if first and not second and (np.size(left.value) > 1 or isinstance(right, (Node, int, float))):
            if id(unscaled(left)) not in look.start_ids:  # not 2 * lambda * W - x * y, where a penalty stands first
                yield left, 1.0
        elif second and not first and (isinstance(left, Node) or not _begins_with_digit(node)):  # not 1 - p
            yield right, -1.0
        elif first and second:
            for target, prediction, sign in ((left, right, -1.0), (right, left, 1.0)):
                if _bootstrapped(look, target):
                    yield prediction, sign
    elif node.function is assembled and len(node.args[0]) == 2:  # p[range(n), y] -= 1
        parts = [part for part in node.args[0] if isinstance(part, Node)]
        for whole in parts:
            for part in parts:
                if part is not whole and _shifted(part):
                    yield _row_of(through_copies(whole), node, whole), 1.0
                elif part is not whole and _is_one_more(part, through_copies(whole)):
                    yield through_copies(whole).args[0], -1.0


def _row_of(whole: Node, error: Node, given: Node) -> Node:
    """The row that an error is of, where an array was made row by row, `p[t] = ...`; else the array."""
    if whole.function is not assembled or np.size(error.value) >= np.size(whole.value):
        return whole
    sizes = [np.size(part.value if isinstance(part, Node) else part) for part in error.args[0]]
    before = sum(sizes[: next(k for k, part in enumerate(error.args[0]) if part is given)])
    mine = [k - before for k in error.args[1] if before <= k < before + np.size(given.value)]
    rows, order = whole.args[0], np.asarray(whole.args[1])
    last = np.cumsum([np.size(row.value if isinstance(row, Node) else row) for row in rows])
    from_rows = {int(k) for k in np.searchsorted(last, order[mine], side="right")}
    row = rows[from_rows.pop()] if len(from_rows) == 1 else None
    return row if isinstance(row, Node) and np.size(row.value) == np.size(error.value) else whole


def is_crossed(error: Node) -> bool:
    """Whether a difference compares each of n with each of n, (n, 1) and (n,), and nobody wrote it to be so."""
    if getattr(error.function, "__name__", "") not in ("sub", "subtract") or error.site is None:
        return False
    one, other = (np.shape(a.value if isinstance(a, Node) else a) for a in error.args)
    n = int(np.prod(one, dtype=int))
    meant = any(word in error.site.text for word in ("None", "newaxis", "expand_dims", "outer"))
    return n > 1 and {one, other} == {(n,), (n, 1)} and np.shape(error.value) == (n, n) and not meant


def paired(error: Node, values: Values) -> Array:
    """The difference of each with its own."""
    left, right = (np.ravel(np.asarray(resolved(a, values), dtype=float)) for a in error.args)
    return left - right


def _is_one_more(part: Node, whole: Node) -> bool:
    """Whether shares were turned around, and 1 is added to those of what was right."""
    kinds = [getattr(node.function, "__name__", "") for node in (part, whole)]
    return kinds == ["add", "neg"] and hyper(part.args[1]) and number_of(part.args[1]) == 1


def _shifted(node: Node) -> bool:
    """Whether it is something minus a plain number."""
    return getattr(node.function, "__name__", "") in ("sub", "subtract") and hyper(node.args[1])


def _bootstrapped(look: Look, target: Node) -> bool:
    """Whether it is a number plus something of the parameters, `reward + discount * value`: one holds it fixed."""
    target = through_copies(target)
    return getattr(target.function, "__name__", "") == "add" and any(
        not isinstance(arg, Node) or id(arg) not in look.depends for arg in target.args
    )


def unscaled(node: Node) -> Node:
    """What a node is a plain multiple of."""
    while getattr(node.function, "__name__", "") in ("mul", "multiply", "neg"):
        inside = [arg for arg in node.args if isinstance(arg, Node) and not arg.hyper]
        if len(inside) != 1:
            break
        node = inside[0]
    return node


def _begins_with_digit(node: Node) -> bool:
    return node.site is not None and node.site.part(0)[:1].isdigit()


def before_squash(look: Look, prediction: Node, point: Point) -> tuple[Node, float] | None:
    """The logits of a prediction that is their sigmoid or softmax; with -1 where it is the sigmoid of minus them."""
    p = np.asarray(point.values[id(prediction)], dtype=float)
    stack, known = [(prediction, 0)], set()
    while stack:
        node, depth = stack.pop(0)
        if depth > 9:
            break
        for operand in node.operands() if id(node) not in look.program.leaves else ():
            if id(operand) in known or id(operand) not in look.depends:
                continue
            known.add(id(operand))
            z = np.asarray(point.values[id(operand)])
            if z.dtype.kind == "f" and z.size == p.size:
                for sign in (1.0, -1.0):
                    if _squashes(sign * z.reshape(p.shape), p):
                        return operand, sign
            stack.append((operand, depth + 1))
    return None


def _squashes(z: Array, p: Array) -> bool:
    with np.errstate(all="ignore"):
        if np.allclose(1 / (1 + np.exp(-z)), p, rtol=1e-9, atol=1e-12):
            return True
        for axis in range(z.ndim):
            e = np.exp(z - z.max(axis=axis, keepdims=True))
            if z.shape[axis] > 1 and np.allclose(e / e.sum(axis=axis, keepdims=True), p, rtol=1e-9, atol=1e-12):
                return True
    return False


def _of_this_step(look: Look, nodes: list[Node]) -> list[Node]:
    """Without the runs of a loss that the step does not follow from: on a set for validation, in turns without it."""
    shared = look.to_end - set(look.program.leaves)
    with_it = [loss for loss in nodes if any(id(n) in shared for n, _ in forward_part(look, [loss]))]
    if with_it:  # they share what the forward pass computes
        return with_it
    if not 1 < len(nodes) <= FEW:
        return nodes
    used = _data(look, (node for node in look.program.steps if id(node) in look.to_end))
    kept = [loss for loss in nodes if _data(look, (node for node, _ in forward_part(look, [loss]))) & used]
    return kept or nodes


def _data(look: Look, nodes: Iterable[Node]) -> set[int]:
    """The arrays that do not depend on the parameters, and that something is computed with that does."""
    return {
        id(operand) for node in nodes if id(node) in look.depends and id(node) not in look.program.leaves
        for operand in node.operands() if id(operand) not in look.depends and np.size(operand.value) > 1
    }  # fmt: skip


def _turns(look: Look, roots: list[Node]) -> list[list[Node]]:
    """Losses that are computed one after the other, with an update of some block between them."""
    updates = [node.time for nodes in look.ends.values() for node in nodes]
    found: dict[int, list[Node]] = {}
    for root in roots:
        found.setdefault(sum(time < root.time for time in updates), []).append(root)
    return [*found.values()]


def _bare(look: Look) -> dict[int, int]:
    """What a tiny number keeps from 0 or 1, `log(p + 1e-7)` or `clip(p, 1e-7, 1 - 1e-7)`: by it, what is inside."""
    found = {}
    for node in look.program.steps:
        name = getattr(node.function, "__name__", "")
        inside = node.args[0] if name == "log" else node if name == "clip" else None
        if not isinstance(inside, Node) or getattr(inside.function, "__name__", "") not in ("add", "clip", "maximum"):
            continue
        whole = [a for a in inside.args if isinstance(a, Node) and id(a) in look.depends]
        numbers = [number_of(a) for a in inside.args if a is not None and hyper(a)]
        if len(whole) == 1 and numbers and all(0 < abs(n) <= TINY or 0 < abs(1 - n) <= TINY for n in numbers):
            found[id(inside)] = id(whole[0])
    return found


def is_start(look: Look, node: Node) -> bool:
    """Whether it is a parameter, but for a written factor: then there is no network, and no prediction."""
    node = through_copies(node)
    if id(node) in look.start_ids or getattr(node.function, "__name__", "") not in ("neg", "mul", "multiply"):
        return id(node) in look.start_ids
    rest = [arg for arg in node.args if not hyper(arg)]
    return len(rest) == 1 and isinstance(rest[0], Node) and is_start(look, rest[0])


def readings(look: Look, losses: list[list[Node]], points: list[Point]) -> list[Reading]:
    """Everything that the step may minimise."""
    margins = [(m, sign) for m, sign in margins_of(look) if id(m) in points[0].values]
    compared = {id(m) for m, _ in margins}
    known = [nodes for nodes in losses if all(id(n) in look.nodes and id(n) not in compared for n in nodes)]
    found = [Reading("loss", _of_this_step(look, nodes)) for nodes in known]
    for reading in found:
        reading.renewed = _renewed(look, reading)
    for reading in found:  # each of its runs has the gradient, of which the differences make one
        if len(reading.roots) >= OFTEN and all(id(n) in look.to_end for n in reading.roots):
            reading.sign = 1.0 / len(reading.roots)
    for reading in [*found]:  # blocks that take turns: each has the loss of its own pass
        turns = _turns(look, reading.roots) if len(reading.roots) > 1 else []
        found += [Reading("loss", roots, turn=k) for k, roots in enumerate(turns, 1) if len(turns) > 1]
    found += [Reading("loss", r.roots, turn=-1) for r in found if r.renewed and is_of_the_others(look, r.roots)]
    inner = [(r, _inside(look, r.roots[0])) for r in found if len(r.roots) == 1]
    found += [Reading("loss", [root], turn=r.turn, inner=True) for r, root in inner if root is not None]
    bare = _bare(look)
    found += [
        Reading("loss", r.roots, bare=bare, renewed=r.renewed)
        for r in found
        if bare and any(id(n) in bare for n, _ in r.order(look))
    ]  # fmt: skip
    ahead = looked_ahead(look)
    for order, r in [(r.order(look), r) for r in found]:
        for held in (ahead, weights_of_logarithms(look, order)):
            found += [Reading("loss", r.roots, held=held)] if any(id(n) in held for n, _ in order) else []
    for sign in {sign for _, sign in margins}:
        roots = [m for m, s in margins if s == sign]
        found.append(Reading("hinge", roots, [(m, sign) for m in roots]))
    rows: dict[Any, list[tuple[Node, Node, float]]] = {}
    for derivative, p, sign in (*quotients(look, points), *of_margins(look, points)):
        rows.setdefault(derivative.site, []).append((derivative, p, sign))
    found += [Reading("entropy", [p for _, p, _ in r], [(d, s) for d, _, s in r], derived=True) for r in rows.values()]
    for group in errors(look):
        predictions = [prediction for _, prediction, _ in group]
        if any(id(p) not in points[0].values for p in predictions):
            continue
        kinds = [("squares", [(error, sign) for error, _, sign in group])]
        kinds += [("errors", pairs) for pairs in grown(look, group, points)]
        sides = [before_squash(look, p, points[0]) for p in predictions]
        if any(np.size(side[0].value) == 1 and is_start(look, side[0]) for side in sides if side is not None):
            continue  # there is no network
        for kind, pairs in kinds:
            found.append(Reading(kind, predictions, pairs))
            logits = [side for side in sides if side is not None]
            if len(logits) == len(sides):
                turned = [(error, sign * side) for (error, sign), (_, side) in zip(pairs, logits, strict=True)]
                found.append(Reading("entropy" if kind == "squares" else kind, [node for node, _ in logits], turned))
        if None in sides:
            means = np.concatenate([np.ravel(p.values[id(n)]).astype(float) for p in points for n in predictions])
            found += [Reading("likelihood", predictions, kinds[0][1], spread=k) for k in spreads(means)]
    return found


def _renewed(look: Look, reading: Reading) -> dict[int, int]:
    """The parameters after the step that a loss of predictions from before it reads, each with what it was."""
    order = {id(n) for n, _ in reading.order(look)}
    pairs = [(start[0], look.ends[name][0]) for name, start in look.starts.items()
             if len(start) == 1 == len(look.ends[name]) and start[0] is not look.ends[name][0]]  # fmt: skip
    new = {id(end): id(start) for start, end in pairs if id(end) in order}
    return new if any(id(start) in order for start, _ in pairs) else {}


def _inside(look: Look, node: Node) -> Node | None:
    """The number that a loss is a root, a logarithm or a power of, perhaps times something; None without one."""
    found = None
    while id(node) not in look.program.leaves:
        active = [o for o in node.operands() if id(o) in look.depends]
        if len(active) != 1 or np.size(active[0].value) != 1:
            break
        if getattr(node.function, "__name__", "") in ("sqrt", "exp", "exp2", "log", "log10", "log2", "pow", "power"):
            found = active[0]
        node = active[0]
    return found
