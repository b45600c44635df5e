"""One recording of the loss, swept backwards: once as it should be, and as often as wanted with a mistake put in.

A typical mistake of handwritten backprop is a reverse sweep over the right graph with one step done wrongly. So the
doctor does not assume an architecture: it records the loss, and sweeps it with that step replaced. Which nodes are
layers and activations is read from the graph in `layers.py`; here are only numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...conversion import told
from ...core.node import walk
from ...core.reverse import sweep
from ...core.rule import Rule
from ...errors import AutogradError, ShapeError
from ...switches import always_recording, differentiating
from ...system.arrays import check_array
from ...tensor.rules import unbroadcast
from ...tensor.tensor import Tensor
from ...transforms.derivatives import grad
from ...value.arrays import data as data_of
from ...value.arrays import values
from .layers import Activation, Layers, read_layers

Array = Any  # np.ndarray of floats
Params = Mapping[str, Array]
Loss = Callable[..., Any]


@dataclass(frozen=True)
class Mistake:
    """What is done wrongly in a sweep; with nothing set, it is the right one.

    Args:
        skipped: activations (by their number) whose derivative is left out.
        twice: activations whose derivative is taken at the activation's result.
        terminal: "" or what is done where the sweep reaches a block: the layer's input is taken as "ones".
        head: an error put in at the last pre-activation, in place of the right one.
        kink: the slope taken exactly on a kink, where any is as right as another.
        weights: other numbers for blocks, by which errors are propagated; its `key` tells two such sets apart.
    """

    skipped: frozenset[int] = frozenset()
    twice: frozenset[int] = frozenset()
    terminal: str = ""
    head: float | None = None
    kink: float | None = None
    weights: Mapping[str, Array] = field(default_factory=dict, compare=False, hash=False)
    key: Any = None


RIGHT = Mistake()
HUGE = 1e150  # its square is finite, and so is the quotient of two of its squares
NEAR = 1e-12  # how near a kink counts as on it


class Recording:
    """The loss at one point and one batch, recorded on Tensors.

    Args:
        loss: `loss(params, *batch)`, ordinary numpy code that gives one number.
        params: blocks of numbers by name.
        batch: what the loss takes besides.

    Raises:
        ShapeError: the loss gives more than one number.
    """

    layers: Layers
    array_graph = True

    def __init__(self, loss: Loss, params: Params, batch: tuple[Any, ...]) -> None:
        self.params = dict(params)
        for given in (*self.params.values(), *batch):
            check_array(given)
        leaves = {name: Tensor(np.array(block, dtype=float), _label(name)) for name, block in params.items()}
        with np.errstate(all="ignore"), differentiating("diagnose()", loss):
            out = loss(dict(leaves), *batch)
        if isinstance(out, np.ndarray) and out.dtype == object and out.size == 1:
            out = out.item()
        if not isinstance(out, Tensor):
            if not isinstance(out, (int, float, np.number, np.ndarray)) or np.size(out) != 1:
                raise ShapeError(
                    f"the loss is to give one number, it gave {type(out).__name__}: take .sum() or .mean()"
                )
            out = Tensor(float(np.asarray(out).reshape(())))
        if out.size != 1:
            raise ShapeError(
                f"the loss is to give one number, it gave shape {out.shape}: take .sum() or .mean(); or "
                "say each=True, if it takes one sample at a time"
            )
        self.value = out.item()
        self.order = walk(out)
        if np.isfinite(self.value):
            stand_in(self.order)
        self.place = {id(node): k for k, (node, _) in enumerate(self.order)}
        self.leaves = {name: self.place.get(id(leaf), -1) for name, leaf in leaves.items()}
        self._cotangents: dict[Mistake, dict[int, Array]] = {}
        self._noise: dict[str, float] = {}

    @property
    def signature(self) -> tuple[str, ...]:
        """The primitives in order: two recordings with the same signature have the same layers in the same places."""
        return tuple(node.op or node.kind for node, _ in self.order)

    def data(self, place: int) -> Array:
        """The numbers of a node."""
        return self.order[place][0]._data

    @property
    def gradient(self) -> dict[str, Array]:
        """The right gradient of every block, in the block's shape."""
        return {name: self.block(name, RIGHT) for name in self.params}

    def block(self, name: str, mistake: Mistake) -> Array:
        """What the sweep with this mistake gives as the gradient of a block."""
        found = self.cotangents(mistake).get(self.leaves[name])
        return np.zeros(np.shape(self.params[name])) if found is None else found

    def cotangents(self, mistake: Mistake) -> dict[int, Array]:
        """The cotangent of every node, by its place, in the sweep with this mistake."""
        if mistake not in self._cotangents:
            with np.errstate(all="ignore"):
                self._cotangents[mistake] = self._sweep(mistake)
        return self._cotangents[mistake]

    def _sweep(self, mistake: Mistake) -> dict[int, Array]:
        if mistake.terminal:
            return self._ended(mistake)
        root = len(self.order) - 1
        arrived: dict[int, Array] = _Kept({root: np.ones(self.order[root][0].shape)})
        outs = {act.out: act for act in self.layers.activations}

        def pull(node: Any, operands: tuple[Any, ...], g: Array) -> list[Array | None]:
            at = self.place[id(node)]
            if mistake.head is not None and at == self.layers.output:
                g = np.full(g.shape, mistake.head)
            act = outs.get(at)
            slope = None if act is None else self._wrong_slope(act, mistake)
            if act is not None and slope is not None:  # past everything inside the activation
                _receive(arrived, act.z, g * slope)
                return [None] * len(operands)
            places = [self.place[id(operand)] for operand in operands]
            given = self._given(at, places, mistake)
            if given is node._saved and mistake.kink is None:
                wanted = [o if p in self.layers.depends else None for o, p in zip(operands, places, strict=True)]
                parts: list[Array | None] = list(node._pull(g, operands, wanted, False))
                return [part if p in self.layers.depends else None for part, p in zip(parts, places, strict=True)]
            return [
                _contribution(node, k, g, given, mistake.kink) if place in self.layers.depends else None
                for k, place in enumerate(places)
            ]

        pairs = [pair for pair in reversed(self.order) if pair[1]]
        sweep(pairs, arrived, pull, key=lambda node: self.place[id(node)])
        return dict(arrived)

    def _ended(self, mistake: Mistake) -> dict[int, Array]:
        """The same sweep with another end: only what arrives at the blocks is computed anew."""
        inner = self.cotangents(replace(mistake, terminal=""))
        views = self.layers.views
        waiting: dict[int, Array] = {}
        for at, places in self._touching:
            g = (waiting if at in views else inner).get(at)
            if g is None:
                continue
            given = self._given(at, places, mistake)
            for k, place in enumerate(places):
                if place in views:
                    seen = given
                    if at in self.layers.products:
                        seen = tuple(np.ones_like(x) if j != k else x for j, x in enumerate(given))
                    _receive(waiting, place, _contribution(self.order[at][0], k, g, seen, mistake.kink))
        return {**inner, **waiting}

    @functools.cached_property
    def _touching(self) -> list[tuple[int, list[int]]]:
        """The nodes that use a block, or a view of one, from the end back; and where their operands are."""
        found = []
        for at in range(len(self.order) - 1, -1, -1):
            places = [self.place[id(operand)] for operand in self.order[at][1]]
            if any(place in self.layers.views for place in places):
                found.append((at, places))
        return found

    def _wrong_slope(self, act: Activation, mistake: Mistake) -> Array | None:
        """What an activation passes back where the mistake is in it; None where it is not."""
        if act.number in mistake.skipped:
            return np.ones(())
        if act.number in mistake.twice:
            return self.slope(act, at_result=True)
        if mistake.kink is not None and act.kind in ("relu", "leaky"):
            z = self.data(act.z)
            return np.where(np.abs(z) <= NEAR, mistake.kink, self.slope(act))
        return None

    def _given(self, at: int, places: list[int], mistake: Mistake) -> Any:
        """The operands of a product, the blocks among them in the numbers that the mistake gives them."""
        saved = self.order[at][0]._saved
        if not any(self.layers.views.get(place) in mistake.weights for place in places):
            return saved
        return tuple(self._viewed(place, mistake) if p in mistake.weights else x for place, x, p in self._named(at))

    def _named(self, at: int) -> list[tuple[int, Array, str]]:
        node, operands = self.order[at]
        places = [self.place.get(id(operand), -1) for operand in operands]
        return [(p, x, self.layers.views.get(p, "")) for p, x in zip(places, node._saved, strict=True)]

    def _viewed(self, place: int, mistake: Mistake) -> Array:
        """A view of a block (its transpose, say) in other numbers."""
        node, operands = self.order[place]
        if not operands:
            return mistake.weights[self.layers.views[place]]
        inner = self._viewed(self.place[id(operands[0])], mistake)
        return np.asarray(node.rule.value(inner, *node._saved[1:], **node.options))

    def slope(self, act: Activation, at_result: bool = False) -> Array:
        """The derivative f'(z) of an activation, element by element; f'(f(z)) when `at_result`."""
        start = Tensor(self.data(act.out if at_result else act.z))
        out = self._applied(act, start)
        out.backward(np.ones(out.shape))
        return start.grad

    def apply(self, act: Activation, z: Array) -> Array:
        """An activation of other numbers."""
        return self._applied(act, Tensor(z))._data

    def _applied(self, act: Activation, z: Tensor) -> Tensor:
        built: dict[int, Any] = {act.z: z}
        with np.errstate(all="ignore"), always_recording():
            for place in act.region:
                node, operands = self.order[place]
                given = [
                    built.get(self.place[id(operand)], saved)
                    for operand, saved in zip(operands, node._saved, strict=True)
                ]
                built[place] = node.rule(*given, **node.options)
        found: Tensor = built[act.out]
        return found

    def rivals(self, name: str) -> list[Array]:
        """Other gradients of a block that are as right as ours, because a number lies exactly on a kink."""
        if not self.layers.kinks:
            return []
        ours = self.block(name, RIGHT)
        others = [self.block(name, Mistake(kink=slope)) for slope in (0.0, 1.0, 0.5)]
        return [other for other in others if not np.allclose(other, ours, rtol=1e-9, atol=0.0)]

    def noise(self, name: str) -> float:
        """How far rounding alone may carry a handwritten gradient of this block.

        Where a sigmoid is saturated, `a * (1 - a)` and the exact slope differ by about 1e-16 in absolute, much in
        relative terms: what such an error would become is the gradient without that slope, times 1e-16.
        """
        if name not in self._noise:
            self._noise[name] = self._rounding(name)
        return self._noise[name]

    def _rounding(self, name: str) -> float:
        eps = 4e-16
        sizes = [
            float(np.linalg.norm(self.block(name, Mistake(skipped=frozenset([k]))))) for k in self.layers.above(name)
        ]
        if self.layers.output is not None:  # prediction - target, where they all but agree
            z = self.data(self.layers.output)
            size = max(1.0, float(np.max(np.abs(z), initial=0.0))) / (z.shape[0] if z.ndim else 1)
            sizes.append(4 * float(np.linalg.norm(self.block(name, Mistake(head=size)))))
        found = eps * max(sizes, default=0.0)
        return found if np.isfinite(found) else 0.0


class PlainRecording(Recording):
    """Where the loss does not run on Tensors: recorded on arrays of Values, so the gradient is known, but no layers."""

    array_graph = False

    def __init__(self, loss: Loss, params: Params, batch: tuple[Any, ...]) -> None:
        self.params = dict(params)

        def on_values(blocks: Any) -> Any:
            return loss(blocks, *batch)

        objects = {name: values(np.asarray(block, dtype=float)) for name, block in params.items()}
        with np.errstate(all="ignore"), differentiating("diagnose()", loss):
            self.value = float(np.asarray(loss(dict(objects), *batch), dtype=object).item().data)
            found = grad(on_values)(objects)
        self._found = {name: np.asarray(data_of(block), dtype=float) for name, block in found.items()}
        self.order, self.place, self.leaves = [], {}, {}
        self.layers = Layers()

    def block(self, name: str, mistake: Mistake) -> Array:
        return self._found[name]

    def noise(self, name: str) -> float:
        return 0.0


def record(loss: Loss, params: Params, batch: tuple[Any, ...]) -> Recording:
    """The loss recorded: on Tensors, or where its code does not run on them, on arrays of Values.

    Raises:
        ShapeError: the loss gives more than one number.
    """
    try:
        return Recording(loss, params, batch)
    except ShapeError:
        raise
    except (AutogradError, TypeError, AttributeError, ValueError) as refused:
        try:
            return PlainRecording(loss, params, batch)
        except Exception:
            raise told(refused) from None


def place_layers(recording: Recording, known: dict[tuple[str, ...], Layers], twin: Recording | None = None) -> None:
    """Give a recording its layers: those of an earlier recording of the same signature, or read anew."""
    if not recording.array_graph:
        return
    signature = recording.signature
    if signature not in known:
        known[signature] = read_layers(recording, twin)
    recording.layers = known[signature]


def stand_in(order: Any) -> None:
    """Put very large numbers in the place of infinities in a recorded graph whose loss is finite.

    `1 / (1 + np.exp(-z))` is 0 where exp overflows, and its slope is 0: the graph says 0 * infinity. The arrays of the
    graph are changed in place.
    """
    for node, _ in order:
        for array in (node._data, *(node._saved or ())):
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.flags.writeable:
                endless = np.isinf(array)
                if np.any(endless):
                    np.copyto(array, np.copysign(HUGE, array), where=endless)


class _Kept(dict[int, Any]):
    """What has arrived stays."""

    pop = dict.get


def _contribution(node: Any, k: int, g: Array, given: Any, kink: float | None) -> Array:
    rule = node.rule
    if not isinstance(rule, Rule):
        return rule.pull(k, g, node._data, tuple(given), node.options)
    partial = rule.partial(k, tuple(given), node._data)
    if kink is not None and rule.kinks:
        x = np.asarray(given[0] - given[1] if rule.name in ("maximum", "minimum") else given[0])
        on = np.any([np.abs(x - point) <= NEAR for point in rule.kinks], axis=0)
        partial = np.where(on, kink if k == 0 else 1.0 - kink, partial)
    return unbroadcast(np.broadcast_to(g * partial, np.shape(g)), np.shape(node._saved[k]))


def _receive(waiting: dict[int, Array], place: int, contribution: Array) -> None:
    before = waiting.get(place)
    waiting[place] = contribution if before is None else before + contribution


def _label(name: Any) -> str:
    return str(name)
