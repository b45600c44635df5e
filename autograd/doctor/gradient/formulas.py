"""The right formula of a block's gradient, in the learner's names: `dW2 = a1.T @ delta2`.

Read from the graph: which way round the product was written, what the layer's input is, which layers the error comes
back from. Layers are numbered from the input; a{k} is what layer k gives, delta{k} the derivative to its z{k}.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...core.table import TABLE
from ...formula import Symbol, write
from ..language import say
from ..recorded.evidence import Evidence
from ..recorded.layers import Activation
from ..recorded.reference import RIGHT, Loss
from ..spelling import level


class Formulas:
    """Formulas for one loss; empty texts where its graph could not be read."""

    def __init__(self, evidence: Evidence, loss: Loss) -> None:
        self.recording = evidence.probes[0].recording
        self.layers = self.recording.layers
        self.batch = evidence.probes[0].batch
        self.batch_names = _batch_names(loss, len(self.batch))
        products = sorted(self.layers.products)
        self.number: dict[str, int] = {}
        for at in products:
            self.number.setdefault(self.layers.products[at][0], len(self.number) + 1)

    def layer(self, block: str) -> int:
        """The number of the layer that a block belongs to; 0 when unknown."""
        return self.number.get(self.layers.layer_of.get(block, block), 0)

    def activation(self, number: int) -> str:
        """An activation in words: `the sigmoid of layer 2`."""
        act = self.layers.activation(number)
        kind = act.kind if act.kind and act.kind != "leaky" else "activation"
        return say("activation_of", kind=kind, block=act.block)

    def slope(self, act: Activation, k: int) -> str:
        if act.kind == "leaky":  # no row of the table: its slope is a setting
            return f"np.where(z{k} > 0, 1, 0.01)"
        if act.kind not in TABLE:
            return f"f'(z{k})"
        formula = TABLE[act.kind].partial(0, (Symbol(f"z{k}"),), Symbol(f"a{k}"))
        text = write(formula, _in_numpy)
        return f"({text})" if level(text) < 2 else text

    def gradient(self, block: str) -> str:
        """`dW2 = a1.T @ delta2`."""
        terms = [self._term(at, block) for at in sorted(self.layers.products) if self.layers.products[at][0] == block]
        if not terms and self.layer(block):
            delta = f"delta{self.layer(block)}"
            z = next(
                (z for z in self.layers.pre_activations if self.layers_owner(z) == self.layers.layer_of[block]), None
            )
            terms = [delta + _summed(np.shape(self.recording.data(z)) if z is not None else (), self.shape(block))]
        return f"d{block} = {' + '.join(dict.fromkeys(terms))}" if terms else ""

    def shape(self, block: str) -> tuple[int, ...]:
        return np.shape(self.recording.params[block])

    def layers_owner(self, z: int) -> str:
        """The block whose product made a pre-activation."""
        return next((act.block for act in self.layers.activations if act.z == z), self._first_block(z))

    def _first_block(self, z: int) -> str:
        before = [at for at in self.layers.products if at <= z]
        return self.layers.products[max(before)][0] if before else ""

    def delta(self, block: str) -> str:
        """`delta2 = (delta3 @ W3.T) * a2 * (1 - a2)`; "" for the layer that the loss looks at."""
        k = self.layer(block)
        own = [self.layers.activation(n) for n in self.layers.own(block)]
        if not own or not k:
            return ""
        act = own[0]
        terms = []
        for at in sorted(self.layers.products):
            other, index = self.layers.products[at]
            if at > act.out and self._input(at, index)[0] == f"a{k}":
                terms.append(self._sent_back(at, other, index))
        if not terms and self.output_delta():
            return self.output_delta()
        error = self._error(act.out, {f"a{k}": self.recording.data(act.out)})
        back = f"({' + '.join(dict.fromkeys(terms))})" if terms else f"({error})" if error else f"dL/da{k}"
        return f"delta{k} = {back} * {self.slope(act, k)}"

    def input_name(self, block: str) -> str:
        """What the layer of a block takes in, by name."""
        for at, (name, index) in sorted(self.layers.products.items()):
            if name == block:
                return self._input(at, index)[0]
        return say("layer_input")

    def _input(self, at: int, index: int) -> tuple[str, Any]:
        node, operands = self.recording.order[at]
        place = self.recording.place[id(operands[1 - index])] if len(operands) == 2 else -1
        numbers = node._saved[1 - index] if len(operands) == 2 else np.zeros(())
        if place not in self.layers.depends:
            flat = np.ravel(np.asarray(numbers, dtype=float))
            for name, part in zip(self.batch_names, self.batch, strict=True):
                array = np.asarray(part)
                turned = array.ndim == 2 and array.shape != np.shape(numbers) == array.T.shape  # samples in columns
                if turned and np.array_equal(array.T, numbers):
                    return f"{name}.T", numbers
                if array.size == flat.size and array.dtype.kind in "biuf" and np.array_equal(np.ravel(array), flat):
                    return name, numbers
            return (self.batch_names[0] if self.batch_names else "x"), numbers
        before = [a for a in self.layers.activations if a.out <= place]
        if before:
            return f"a{self.number.get(before[-1].block, 0)}", numbers
        earlier = [p for p in self.layers.products if p <= place]
        return (f"a{self.number[self.layers.products[max(earlier)][0]]}" if earlier else "a0"), numbers

    def _flipped(self, at: int, index: int) -> bool:
        """Whether the block takes part as its transpose."""
        _, operands = self.recording.order[at]
        place = self.recording.place[id(operands[index])]
        flips = 0
        while True:
            node, inner = self.recording.order[place]
            if not inner:
                return flips % 2 == 1
            flips += node.op == "transpose"
            place = self.recording.place[id(inner[0])]

    def _term(self, at: int, block: str) -> str:
        _, index = self.layers.products[at]
        name, numbers = self._input(at, index)
        delta = f"delta{self.layer(block)}"
        if self.recording.order[at][0].op != "matmul":
            return f"{delta} * {name}"
        sideways = (index == 0) != self._flipped(at, index)  # z = W @ a, or a @ W.T
        if np.ndim(numbers) == 1:
            return f"np.outer({delta}, {name})" if sideways else f"np.outer({name}, {delta})"
        if index == 1:
            return f"{delta}.T @ {name}" if sideways else f"{_transposed(name)} @ {delta}"
        return f"{delta} @ {_transposed(name)}" if sideways else f"{name} @ {delta}.T"

    def _sent_back(self, at: int, block: str, index: int) -> str:
        delta = f"delta{self.layer(block)}"
        _, numbers = self._input(at, index)
        if self.recording.order[at][0].op != "matmul":
            return f"{delta} * {block}"
        flipped = self._flipped(at, index)
        if np.ndim(numbers) == 1:
            return f"{block if (index == 1) != flipped else block + '.T'} @ {delta}"
        if index == 1:
            return f"{delta} @ {block if flipped else block + '.T'}"
        return f"{block if flipped else block + '.T'} @ {delta}"

    def output_delta(self) -> str:
        """What the error at the last layer is, where it is a known function of prediction and target."""
        z = self.layers.output
        if z is None:
            return ""
        k, out = self.number.get(self._first_block(z), 0), self.recording.data(z)
        shifted = np.exp(out - np.max(out, axis=-1, keepdims=True)) if out.ndim else np.ones(())
        guesses = {
            "y_hat": out,
            f"softmax(z{k})": shifted / np.sum(shifted, axis=-1, keepdims=True) if out.ndim else out,
        }
        guesses[f"sigmoid(z{k})"] = 1 / (1 + np.exp(-np.clip(out, -500, 500)))
        error = self._error(z, guesses)
        return f"delta{k} = {error}" if error else ""

    def _error(self, place: int, guesses: dict[str, Any]) -> str:
        """What goes back at a node, where it is prediction minus target, times a number."""
        g = self.recording.cotangents(RIGHT).get(place)
        if g is None or not self.batch:
            return ""
        target, name = np.asarray(self.batch[-1]), self.batch_names[-1]
        classes = target.dtype.kind in "iu" and target.ndim == 1 and g.ndim == 2 and 0 < target.size == len(g)
        if classes and target.min() >= 0 and target.max() < g.shape[1]:
            target, name = np.eye(g.shape[1])[target], f"one_hot({name})"
        if target.ndim == g.ndim == 2 and g.shape == target.T.shape != target.shape and min(g.shape) > 1:
            target, name = target.T, f"{name}.T"  # samples in columns
        if target.dtype.kind not in "biuf" or target.size != g.size or g.size < 2:
            return ""
        for text, guess in guesses.items():
            error = np.ravel(guess) - np.ravel(target).astype(float)
            length = float(np.vdot(error, error))
            factor = float(np.vdot(error, np.ravel(g))) / length if length else 0.0
            if factor and np.allclose(factor * error, np.ravel(g), rtol=1e-9, atol=1e-14):
                shape = np.shape(target.T) if name.endswith(".T") else np.shape(target)
                return _times(f"{text} - {name}", factor, shape, self.batch_names[-1])
        return ""


def _in_numpy(symbol: Symbol, operands: Sequence[str]) -> str:
    """What is neither a name nor infix, as one writes it with numpy: `(z1 > 0)` for a choice of 1 or 0."""
    name = symbol.op if isinstance(symbol.op, str) else symbol.op.name
    if name == "where" and list(operands[1:]) == ["1", "0"]:
        return f"({operands[0]})"
    if not name.isidentifier():
        return f"{operands[0]} {name} {operands[1]}"
    return f"{'np.' * hasattr(np, name)}{name}({', '.join(operands)})"


def _transposed(name: str) -> str:
    return name[:-2] if name.endswith(".T") else f"{name}.T"


def _summed(wide: tuple[int, ...], block: tuple[int, ...]) -> str:
    """How the samples are summed in the gradient of a bias."""
    if len(wide) > len(block):
        return ".sum(axis=0)"
    axis = next((k for k, (n, m) in enumerate(zip(wide, block, strict=False)) if n != m), None)
    return "" if axis is None or len(wide) < len(block) else f".sum(axis={axis}, keepdims=True)"


def _times(text: str, factor: float, shape: tuple[int, ...], target: str) -> str:
    count, size = (shape or (1,))[0], int(np.prod(shape))
    known = {1.0: "{}", 2.0: "2 * ({})", 1 / count: f"({{}}) / len({target})", 2 / count: f"2 * ({{}}) / len({target})"}
    known |= {c / size: f"{'2 * ' * (c == 2)}({{}}) / {target}.size" for c in (1, 2) if size != count}
    for number, shown in known.items():
        if abs(factor - number) < 1e-9 * number:
            return shown.format(text)
    return f"{factor:.4g} * ({text})"


def _batch_names(loss: Loss, count: int) -> list[str]:
    try:
        names = list(inspect.signature(loss).parameters)[1:]
    except (TypeError, ValueError):
        names = []
    return names[:count] if len(names) >= count else ["X", "Y", "c", "d"][:count] + [f"b{k}" for k in range(4, count)]
