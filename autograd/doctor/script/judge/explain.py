"""What kind of mistake a fault is: the relation between what a line computes and what it should.

The tests go from the simplest to the most particular; each compares numbers at all points. What fits none is told
without a name.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from ...language import say
from ...spelling import broadcasts
from ..watch.node import Node
from .compared import Cause, along
from .edges import changed_edge
from .layouts import Layouts
from .losses import errors
from .masks import Masks
from .match import close, laid_over, matched, summed_to_one
from .quantities import Quantity
from .replay import Layered, compute_node, pulled
from .verdicts import Judgement

Array = Any
SUMS = {"sum", "mean", "average"}
SECONDS = 5.0  # for the cause of one fault; what is tried later has no name then
FEW = 8  # places that use a value: where there are more, no single one explains what is wrong


def _input_like(found: Judgement, number: float) -> str:
    """The text of a factor in the forward pass that is this number and follows from no parameter; or ""."""
    for key in found.forward:
        node = found.look.nodes[key]
        if getattr(node.function, "__name__", "") not in ("mul", "multiply") or node.site is None:
            continue
        for k, operand in enumerate(node.args):
            value = operand.value if isinstance(operand, Node) else operand
            given = not isinstance(operand, Node) or id(operand) not in found.look.depends
            if given and np.size(value) == 1 and abs(float(np.reshape(value, ())) - number) <= 1e-6 * abs(number):
                return node.site.part(k)
    return ""


class Explainer(Layouts, Masks):
    """Finds the cause of one fault."""

    def cause(self) -> Cause:
        if not all(np.all(np.isfinite(x)) for x in self.theirs):
            return Cause("not-finite")
        if np.asarray(self.node.value).dtype.kind == "b":
            return Cause("wrong-condition", {"node": self.wanted.node})
        if np.asarray(self.node.value).dtype.kind in "iu" and not all(
            np.array_equal(r, np.round(r)) for r in self.right
        ):
            return Cause("integer")
        if not any(np.any(x) for x in self.theirs):
            return Cause("zero")
        until = time.process_time() + SECONDS
        for test in self.tests:
            with contextlib.suppress(ArithmeticError, LinAlgError, ValueError):  # the next one may stand what overflows
                found = test() if time.process_time() < until else None
                if found is not None:
                    return found
        return Cause("unrecognised")

    @cached_property
    def tests(self) -> list[Callable[[], Cause | None]]:
        return [
            self._one_input, self._other_loss, self._rescaled, self._transposed, self._in_order, self._slice,
            self._own_weight, self._old, self._updated, self._drawn_anew, self._axis, self._mask, self._slope,
            self._parts, self._operand, self._constant, self._missing_factor, self._weights, self._extra_factor,
            self._own_slope,
            self._error, self._diagonal, self._other_slope, self._upstream, self._duplicates, self._lost_turns,
            self._clipped, self._value, self._in_a_sum, self._deep_edge, self._other,
        ]  # fmt: skip

    # --------------------------------------------------------------------------------------------- the tests

    def _one_input(self) -> Cause | None:
        """The only input of a sample is left out, or comes in where it has no place."""
        factor = self.fault.rescaled
        single = bool(self.wanted.block) and self.wanted.size == 1
        if factor is None or not (single or self.wanted.block in self.locator.found.by_sample):
            return None
        for name, number in (("missing-factor", factor), ("extra-factor", 1.0 / factor)):
            known = any(abs(abs(number) - c) < 1e-6 * c for c in (1.0, 2.0, 0.5))
            text = "" if known else _input_like(self.locator.found, number)
            if text:
                return Cause(name, {"text": text})
        return None

    def _other_loss(self) -> Cause | None:
        """The derivative of the squared error, or of its size, where the script computes another function of it."""
        found = self.locator.found
        at = next((g for g in errors(self.look) if any(self.target is p for _, p, _ in g)), None)
        if found.form not in ("errors", "squares") or at is None or self.wanted.kind != "bar":
            return None
        error = [np.asarray(p.values[id(at[0][0])], dtype=float) for p in self.points]
        if found.form == "errors" and self._equal(error):
            return Cause("other-loss", {"text": say("loss_squares")})
        if self._equal([np.sign(e) for e in error]) and self.theirs[0].size > 1:
            return Cause("other-loss", {"text": say("loss_sizes")})
        return None

    def _rescaled(self) -> Cause | None:
        factor = self.fault.rescaled
        if factor is None and self.fault.by_factors:
            factor = matched(self.right, self.theirs).scale
        if factor is None:
            return None
        if abs(factor + 1.0) < 1e-6:
            return Cause("sign")
        return Cause("scaled" if factor > 0 else "sign+scaled", {"factor": 1.0 / factor})

    def _value(self) -> Cause | None:
        """Another forward value than the one that belongs there, or the activation of it once more."""
        if self.wanted.kind != "value":
            return None
        for quantity in self.quantities.forward:
            if quantity.node is self.target or quantity.size != self.theirs[0].size:
                continue
            turned = [np.asarray(v, dtype=float).T for v in quantity.values]
            if self._equal(quantity.values) or (turned[0].ndim == 2 and self._equal(turned)):
                return Cause("wrong-operand", {"node": quantity.node, "instead": self.target})
        functions = (np.tanh, lambda x: 1 / (1 + np.exp(-x)))
        with np.errstate(all="ignore"):
            if any(close(self.theirs, [f(r) for r in self.right]) for f in functions):
                return Cause("activation-applied-twice", {"node": self.target})
        return None

    def _own_weight(self) -> Cause | None:
        block = self.wanted.block
        if not block or self.wanted.kind != "bar":
            return None
        weights = [self.look.block(p.values, self.look.starts[block]) for p in self.points]
        return Cause("weight", {"block": block}) if self._equal(weights) else None

    def _error(self) -> Cause | None:
        """The error of a layer in the place of a gradient: not multiplied by what the layer takes in."""
        block = self.wanted.block
        if not block or self.wanted.kind != "bar":
            return None
        for quantity in self.quantities.bars:
            if quantity.block and quantity.block != block and quantity.size > 1:
                spread = [laid_over(np.asarray(v), t.shape) for v, t in zip(quantity.values, self.theirs, strict=True)]
                if all(s is not None for s in spread) and self._equal(spread):
                    return Cause("wrong-operand", {"node": quantity.node, "instead": self.target, "error": True})
        for quantity in self._bars:
            if quantity.block == block or not self.quantities.reaches(self.target, quantity.node):
                continue
            for values in (
                quantity.values,
                [np.sum(v, axis=0) for v in quantity.values],
                [np.sum(v, axis=-1) for v in quantity.values],
            ):
                spread = [laid_over(v, t.shape) for v, t in zip(values, self.theirs, strict=True)]
                match = self._same(self.theirs, spread) if all(s is not None for s in spread) else None
                if match and (self.theirs[0].size > 1 or abs(abs(match.scale / self.fault.scale) - 1.0) < 1e-6):
                    return Cause("error", {"node": quantity.node, "block": block})
        return None

    @cached_property
    def _bars(self) -> list[Quantity]:
        return self.quantities.backward

    def _old(self) -> Cause | None:
        """Computed from what the step before left behind."""
        for operand in self._operands_in_statement():
            old = self.look.goes_back(id(operand)) and id(operand) in self.look.program.leaves
            if old and id(operand) not in self.look.start_ids:
                return Cause("stale", {"node": operand})
        return None

    def _updated(self) -> Cause | None:
        ends = {id(n): name for name, nodes in self.look.ends.items() for n in nodes}
        for operand in self._operands_in_statement():
            at: Node = operand
            while getattr(at.function, "__name__", "") in ("T", "transpose", "copy", "linked", "getitem") and at.args:
                at = at.args[0]
            if id(at) in ends and id(operand) not in self.look.start_ids and not self.look.start_ids.get(id(at)):
                return Cause("updated-weights", {"block": ends[id(at)], "line": 0 if at.site is None else at.site.line})
        return None

    def _axis(self) -> Cause | None:
        """A sum over other axes than it should be over."""
        name = getattr(self.node.function, "__name__", "")
        for k, operand in enumerate(self.node.operands()):
            if k > 0 or id(operand) not in self.points[0].values:
                break
            wholes = [np.asarray(v[id(operand)], dtype=float) for v in self.locator.values]
            if wholes[0].ndim == 0 or (wholes[0].size == self.theirs[0].size and name not in SUMS):
                continue
            several = [c for n in range(2, wholes[0].ndim) for c in itertools.combinations(range(wholes[0].ndim), n)]
            for axis in (*range(wholes[0].ndim), None, *several):
                sums = [np.sum(w, axis=axis) for w in wholes]
                if self._same(self.right, sums) is not None and name in {*SUMS, "getitem", "dot", "matmul", "max"}:
                    mean = self._same(self.theirs, self.right) if name in SUMS else None  # over the same axis
                    facts = {"axis": axis} if mean is None else {"factor": mean.scale}
                    return Cause("wrong-axis" if mean is None else "scaled", facts)
        if self.theirs[0].size > self.right[0].size:
            for axis in range(self.theirs[0].ndim):
                if self._same(self.right, [np.sum(t, axis=axis) for t in self.theirs]) is not None:
                    return Cause("wrong-axis", {"axis": axis, "unsummed": True})
        if self.theirs[0].size == 1 < self.right[0].size and self._same(self.theirs, [np.sum(r) for r in self.right]):
            return Cause("wrong-axis", {"axis": None})
        return None

    def _constant(self) -> Cause | None:
        """The number that a product multiplies by is left out: one input of a sample, say."""
        if self.wanted.kind != "part":
            return None
        ratios = []
        for node, quantity in zip(self.fault.nodes, self.fault.wanted, strict=True):
            consumer = quantity.consumer
            if (
                consumer is None
                or getattr(consumer.function, "__name__", "") not in ("mul", "multiply")
                or len(consumer.args) != 2
            ):
                return None
            other = next((a for a in consumer.args if a is not quantity.node), None)
            value: Any = self.points[0].values.get(id(other)) if isinstance(other, Node) else other
            theirs, right = self.fault.wrong[id(node)][0], self.fault.right[id(node)][0]
            if np.size(value) != 1 or np.size(theirs) != 1 or not np.any(theirs):
                return None
            ratios.append(float(np.asarray(right)) - float(np.asarray(theirs)) * float(np.asarray(value)))
        scale = max(float(np.max(np.abs(v[0]))) for v in self.fault.right.values())
        return (
            Cause("error", {"node": self.wanted.consumer, "block": self.wanted.block})
            if max(map(abs, ratios)) <= 1e-9 * scale
            else None
        )

    def _missing_factor(self) -> Cause | None:
        return self._factor(self.right, self.theirs, "missing")

    def _weights(self) -> Cause | None:
        """A factor for each sample that the loss has, and the error has not."""
        if self.wanted.block or self.theirs[0].ndim < 2 or np.shape(self.theirs[0]) != np.shape(self.right[0]):
            return None
        count = len(self.theirs[0])
        rows = [np.reshape(x, (count, -1)) for x in self.theirs]
        for quantity in self.quantities.forward:
            if quantity.size == count > 2 and id(quantity.node) not in self.look.depends:
                weights = [np.reshape(v, (count, 1)) for v in quantity.values]
                if np.ptp(weights[0]) > 0 and self._same(
                    [np.reshape(r, x.shape) for r, x in zip(self.right, rows, strict=True)],
                    [x * w for x, w in zip(rows, weights, strict=True)],
                ):
                    return Cause("missing-factor", {"node": quantity.node})
        return None

    def _extra_factor(self) -> Cause | None:
        return self._factor(self.theirs, self.right, "extra")

    def _factor(self, whole: list[Array], part: list[Array], how: str) -> Cause | None:
        """One is the other times a slope, or times a forward value such as a mask."""
        if whole[0].size != part[0].size:
            return None
        for quantity in [*self.quantities.slopes, *self.quantities.forward]:
            if quantity.size != whole[0].size or (quantity.size == 1 and quantity.kind == "value"):
                continue
            for turned in (False, True) if whole[0].ndim == 2 else (False,):
                if np.shape(quantity.values[0]) == whole[0].shape[:: -1 if turned else 1] or whole[0].ndim < 2:
                    factor = [
                        v.T if turned else np.reshape(v, w.shape) for v, w in zip(quantity.values, whole, strict=True)
                    ]
                    if all(np.ptp(f) == 0 for f in factor):
                        continue
                    if self._same(whole, [p * f for p, f in zip(part, factor, strict=True)]) is not None:
                        kind = "derivative" if quantity.kind == "slope" else "factor"
                        if self.wanted.block and kind == "factor" and how == "missing":
                            return Cause("error", {"node": quantity.node, "block": self.wanted.block})
                        twice = how == "extra" and kind == "derivative" and self._has(quantity.node)
                        return Cause("applied-twice" if twice else f"{how}-{kind}", {"node": quantity.node})
        return None

    def _in_a_sum(self) -> Cause | None:
        """A factor that is missing in what is summed up: `X.T @ d` for `X.T @ (d * mask)`."""
        if getattr(self.node.function, "__name__", "") not in (*SUMS, "matmul", "dot", "einsum", "tensordot"):
            return None
        for operand in {id(o): o for o in self.node.operands()}.values():
            whole = self._values(operand)
            for quantity in [*self.quantities.slopes, *self.quantities.forward]:
                shape = np.shape(quantity.values[0])
                if quantity.size < 2 or len(shape) != whole[0].ndim or not broadcasts(shape, whole[0].shape):
                    continue
                made: list[Array] = []
                for k, (x, factor) in enumerate(zip(whole, quantity.values, strict=True)):
                    mixed = Layered({id(operand): x * factor}, self.locator.values[k])
                    made.append(np.asarray(compute_node(self.node, mixed), dtype=float))
                    if not along(made[0], self.right[0]):
                        break
                if len(made) == len(whole) and self._same(self.right, made) is not None:
                    kind = "derivative" if quantity.kind == "slope" else "factor"
                    return Cause(f"missing-{kind}", {"node": quantity.node})
        return None

    def _parts(self) -> Cause | None:
        """A path left out, or counted twice."""
        parts = [q for q in self.quantities.parts if q.node is self.target]
        if not parts or {q.size for q in parts} != {self.theirs[0].size} or self.theirs[0].size != self.right[0].size:
            return None
        for quantity in parts:
            values = [self._laid_out(v, t) for v, t in zip(quantity.values, self.theirs, strict=True)]
            missing = [np.reshape(r, t.shape) - t for r, t in zip(self.right, self.theirs, strict=True)]
            match = self._same(missing, values)
            if match is None and len(parts) > 1 and self._is_of_another_power(quantity, missing, values):
                return Cause("penalty-scaled", {"node": self.target, "consumer": quantity.consumer})
            if match is None or len(parts) == 1:
                continue
            share = match.scale / self.fault.scale
            name = "dropped-edge" if share > 0 else "doubled-edge"
            if self._is_penalty(quantity):
                kinds = {1: "missing-penalty", 2: "penalty-sign", -1: "penalty-twice"}
                name = next((kind for c, kind in kinds.items() if abs(share - c) < 1e-6), "penalty-scaled")
            elif abs(abs(share) - 1.0) > 1e-6:
                continue
            return Cause(name, {"node": self.target, "consumer": quantity.consumer, "share": share})
        for quantity in parts:
            if self.theirs[0].size > 1 and self._equal(
                [self._laid_out(v, t) for v, t in zip(quantity.values, self.theirs, strict=True)]
            ):
                number = getattr(getattr(quantity.consumer, "site", None), "number", None)
                turns = sum(q.consumer is not None and getattr(q.consumer.site, "number", -1) == number for q in parts)
                facts: dict[str, Any] = {"node": self.target, "only": quantity.consumer}
                if turns != len(parts) or turns < 3:
                    return Cause("dropped-edge", facts)
                if self._runs_once():  # it does not go back through the turns
                    return Cause("dropped-edge", {**facts, "turns": turns})
                return Cause("overwritten", facts)
        return None

    def _runs_once(self) -> bool:
        """Whether nothing in the step is computed where this is, for a second time."""
        step = self.look.step
        inside = (n for n in self.look.training.tape.nodes if step.start < n.time <= step.end)
        return sum(n.site is self.node.site for n in inside) <= 1

    def _laid_out(self, value: Array, like: Array) -> Array:
        return np.reshape(
            np.asarray(value, dtype=float).T if self.fault.turned else np.asarray(value, dtype=float), like.shape
        )

    def _is_of_another_power(self, part: Quantity, missing: list[Array], values: list[Array]) -> bool:
        """Whether all that is wrong is a penalty along the block: a norm has another derivative than its square."""
        along_it = all(matched([m], [v]).holds for m, v in zip(missing, values, strict=True))
        return np.size(missing[0]) > 1 and along_it and self._is_penalty(part)

    def _is_penalty(self, part: Quantity) -> bool:
        """Whether a part of the gradient of a block is along the block itself, or its signs, and along no data."""
        own = self._values(part.node)
        for like in (own, [np.sign(each) for each in own]):
            if self._same(part.values, like) is not None:
                return bool(part.block)
            single = np.size(like[0]) == 1
            if not single and all(matched([v], [u]).holds for v, u in zip(part.values, like, strict=True)):
                return bool(part.block)
        return False

    def _operand(self) -> Cause | None:
        """Another operand where the forward product is undone: the weight not transposed, another layer's values."""
        for consumer in (
            [self.wanted.consumer]
            if self.wanted.consumer is not None
            else self.quantities.consumers.get(id(self.target), ())
        ):
            others = [o for o in {id(o): o for o in consumer.operands()}.values() if o is not self.target]
            for other in others:
                shape = np.shape(self.points[0].values.get(id(other), 0.0))
                if not shape:
                    continue
                for instead, values, turned in self._candidates(other, shape):
                    made = self._pulled(consumer, other, values)
                    if made is not None and self._fits(made, self.theirs):
                        return Cause("wrong-operand", {"node": instead, "instead": other, "turned": turned})
        return None

    def _candidates(self, other: Node, shape: tuple[int, ...]) -> Iterator[tuple[Node, list[Array], bool]]:
        pool = [
            *self.quantities.forward,
            *[
                Quantity("value", n, self._values(n), block=name)
                for name, nodes in self.look.ends.items()
                for n in nodes
                if len(nodes) == 1
            ],
        ]
        for quantity in pool:
            values = [np.asarray(v, dtype=float) for v in quantity.values]
            if quantity.node is not other and values[0].shape == shape:
                yield quantity.node, values, False
            if len(shape) == 2 and values[0].shape == shape[::-1] and min(shape) > 1:
                yield quantity.node, [v.T for v in values], True

    def _pulled(self, consumer: Node, other: Node, values: list[Array]) -> list[Array] | None:
        out: list[Array] = []
        for point, bar, value in zip(self.points, self.locator.found.bars, values, strict=True):
            if id(consumer) not in bar or (len(out) == 1 and not self._may_fit(out[0])):
                return None
            try:
                part = pulled(consumer, point.values, [self.target], bar[id(consumer)], {id(other): value})[0]
            except Exception:
                return None
            if part is None:
                return None
            out.append(part)
        return out

    def _upstream(self) -> Cause | None:
        """Another error sent back: that of another layer, or without its slope."""
        consumers = self.quantities.consumers.get(id(self.target), ())
        for consumer in consumers if len(consumers) <= FEW else ():
            for quantity in self._bars:
                if quantity.node is consumer or quantity.size != np.size(self.points[0].values[id(consumer)]):
                    continue
                made: list[Array | None] = []
                for k, point in enumerate(self.points):
                    if made and (made[0] is None or not (along(self.theirs[0], made[0]) or made[0].ndim == 2)):
                        break
                    g = np.reshape(quantity.values[k], np.shape(point.values[id(consumer)]))
                    made.append(pulled(consumer, point.values, [self.target], g)[0])
                whole = [m for m in made if m is not None]
                if len(whole) == len(self.points) and self._fits(whole, self.theirs):
                    past = self.quantities.reaches(consumer, quantity.node)
                    between = past and any(
                        z is consumer and a is quantity.node for z, a, _ in self.quantities.activations
                    )
                    return Cause(
                        "missing-derivative" if between else "wrong-operand",
                        {"node": quantity.node, "instead": consumer, "error": True},
                    )
        return None

    def _diagonal(self) -> Cause | None:
        """What passes back through a softmax as if every share followed from its own score alone."""
        for quantity in self.quantities.forward if self.wanted.kind == "bar" else ():
            shares = [np.asarray(v, dtype=float) for v in quantity.values]
            key = id(quantity.node)
            if shares[0].size != self.theirs[0].size or summed_to_one(shares[0]) is None:
                continue
            if all(key in bar for bar in self.locator.found.bars):
                errors_there = [bar[key] for bar in self.locator.found.bars]
                for slopes in ([a * (1 - a) for a in shares], shares):
                    if self._equal([a * g for a, g in zip(slopes, errors_there, strict=True)]):
                        return Cause("dropped-edge", {"node": quantity.node, "diagonal": True})
        return None

    def _clipped(self) -> Cause | None:
        limits = [float(np.max(np.abs(t))) for t in self.theirs]
        if max(limits) - min(limits) > 1e-9 * max(limits) or not limits[0]:
            return None
        if all(np.all((t == 0) | (np.abs(t) == limits[0])) for t in self.theirs):
            return None  # nothing but one number and its opposite: a count of 0 and 1, not what was cut off
        clipped = [np.clip(r, -limits[0], limits[0]) for r in self.right]
        return Cause("clipped", {"limit": limits[0]}) if close(self.theirs, clipped) else None

    def _deep_edge(self) -> Cause | None:
        """A path left out, or counted twice, further on: the variance of a batch norm, say."""
        assert self.locator.found.reading is not None
        theirs = [t / self.fault.scale for t in self.theirs]
        found = changed_edge(self.quantities, self.locator.found, self.target, theirs, self.fault.turned)
        return None if found is None else Cause(found[0], {"node": found[2], "consumer": found[1]})

    def _other(self) -> Cause | None:
        """Right for something else."""
        for quantity in self._bars:
            if (
                quantity.node is not self.target
                and quantity.size == self.theirs[0].size
                and self._equal(quantity.values)
            ):
                return Cause("wrong-operand", {"node": quantity.node, "instead": self.target, "error": True})
        return None
