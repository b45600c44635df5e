"""`Playground`: a page that trains the reader's model on their data, in their browser.

It is the page of one sample's graph, which computes already (see `live.py`), with a training beside it: the same graph
is run on sample after sample, and the gradients of its parameters are what the training descends along.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ...carrier import describe
from ...core.node import CHOSEN, CONSTANT, walk
from ...core.rule import Rule
from ...core.table import relu, sigmoid, silu, softplus, tanh
from ...errors import OperandError, TraceError
from ...switches import always_recording
from ...value.value import Value
from ..escape import clean
from ..formulas import cases, general
from ..gather import Reading
from ..options import Options
from ..sample import differentiated
from ..signs import sign_of
from ..view import MOST_VALUES, View
from .file import Page
from .film import Film
from .graph_page import page_of
from .samples import Floats, boundary, checked_samples, named_parameters

ACTIVATIONS: Final = (tanh, sigmoid, relu, silu, softplus)
"""What the page may put in the place of the model's activation."""

MOST_SAMPLES: Final = 2000
ORDERS: Final = ("shuffled", "given", "sorted")

Step = Callable[[Any, Any], Sequence[Any]]


class Playground(Page):
    """A page that trains a model of Values on data, in the browser of who reads it. `.save("page.html")` writes it.

    One sees the loss, what the model answers, and the graph of a sample with its gradients; one may start, pause and
    take single steps, and change the learning rate, the batch, the order of the samples, the activation, the weights.

    Args:
        model: takes one sample, a list of numbers, and gives one; it has `named_parameters()` as an
            `nn.MLP`, or `parameters()`.
        loss: from the predictions and the targets of a batch, arrays of Values, to one Value, such as `nn.mse`: the
            mean over the samples.
        data: the inputs and the targets, (X, y) with X of shape (n, inputs) and y of shape (n,).
        rate: the learning rate to begin with.
        batch: how many samples a step takes; None for all.
        order: "shuffled" anew in every epoch, as "given", or "sorted" by the first input.
        steps: other steps to try in the place of the gradient's, by name: functions of a sample, (inputs, target), that
            give for every parameter what is subtracted from it, times the learning rate.
        film: a training of this model, to begin from any of its frames.
        title: the heading.

    Raises:
        OperandError: the model is not one of Values, the data are no samples of it, or the page cannot compute it.
        TraceError: the model branches on numbers: then one graph does not hold for all samples.

    >>> from autograd import Playground, parameter
    >>> class Line:
    ...     def __init__(self):
    ...         self.slope = parameter(Value(0.5, "slope"))
    ...     def named_parameters(self):
    ...         return [("slope", self.slope)]
    ...     def __call__(self, x):
    ...         return self.slope * x[0]
    >>> page = Playground(Line(), lambda answers, wanted: (answers[0] - wanted[0]) ** 2, ([1.0, 2.0], [3.0, 6.0]))
    >>> page.title
    'Training of Line'
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[[Any, Any], Any],
        data: tuple[Any, Any],
        *,
        rate: float = 0.1,
        batch: int | None = None,
        order: str = "shuffled",
        steps: Mapping[str, Step] | None = None,
        film: Film | None = None,
        title: str = "",
    ) -> None:
        parameters = _parameters(model)
        inputs, targets = checked_samples(data, "Playground")
        if not callable(loss):
            raise OperandError(f"the loss of a Playground is a function such as nn.mse, got {describe(loss)}")
        if order not in ORDERS:
            raise OperandError(f"order is one of {', '.join(ORDERS)}, got {order!r}")
        if batch is not None and not (isinstance(batch, int) and batch >= 1):
            raise OperandError(f"batch is how many samples a step takes, 1 or more, or None for all; got {batch!r}")
        if not 0 < rate < np.inf:
            raise OperandError(f"rate is a learning rate, a number above 0, got {rate!r}")
        named = clean(title, 200) or f"Training of {type(model).__name__}"
        sample = _Sample(model, loss, parameters, inputs[0], targets[0])
        sample.check_for_branches(model, loss, inputs[:1], targets[:1])
        others = [_Other(name, step, sample) for name, step in (steps or {}).items()]
        every = max(1, -(-len(inputs) // MOST_SAMPLES))
        told = {
            **sample.told(),
            "inputs": inputs[::every].tolist(),
            "targets": targets[::every].tolist(),
            "left": len(inputs) - len(inputs[::every]),
            "middle": boundary(targets) if len(set(targets.tolist())) == 2 else None,
            "rate": float(rate),
            "batch": batch,
            "order": order,
            "biases": [k for k, name in enumerate(parameters) if name.rpartition(".")[2] in ("b", "bias")],
            "others": [other.told() for other in others],
            "frames": _frames(film, len(parameters)),
        }
        with differentiated(sample.root):
            view = View(Reading([sample.root]))
            whole = view.whole()
            page = page_of(
                whole,
                named,
                still=view.readable(Options()),
                more={"training": {key: part for key, part in told.items() if part is not None}},
                others=sample.choices,
                engines=f"const OTHERS = [{', '.join(other.text for other in others)}];",
            )
        super().__init__(page.html, named, page._still)


class _Sample:
    """The loss of one sample as a graph, and where in it are the parameters, the inputs, the target, the prediction."""

    def __init__(
        self, model: Any, loss: Callable[[Any, Any], Any], parameters: Mapping[str, Value], row: Floats, target: float
    ) -> None:
        names = ["x"] if len(row) == 1 else [f"x{k}" for k in range(len(row))]
        self.parameters = list(parameters.values())
        self.inputs = [Value(number, name) for number, name in zip(row.tolist(), names, strict=True)]
        self.target = Value(float(target), "y")
        with always_recording():
            self.prediction = _only(model(list(self.inputs)), "the model")
            if self.prediction.operands and not self.prediction.label:
                self.prediction.label = "prediction"
            self.root = _only(loss(_batch(self.prediction), _batch(self.target)), "the loss")
        order = walk(self.root)
        if len(order) > MOST_VALUES:
            raise OperandError(
                f"the loss of one sample has {len(order):,} values, and a page computes with {MOST_VALUES:,} at most: "
                "take a smaller model"
            )
        self.places = {id(node): place for place, (node, _) in enumerate(order)}
        self.slots = _slots(order)
        if any(node.rule is CHOSEN for node, _ in order):
            raise TraceError(
                "the model or the loss chose by a comparison, which holds for one sample only: "
                "write where(greater(x, 0), ...) of the library's functions, relu or maximum"
            )
        if id(self.target) not in self.slots:
            raise OperandError(
                "the loss does not use the target as a number, so that one graph does not hold for all samples: "
                "a Playground takes losses such as nn.mse, nn.hinge and nn.bce_with_logits"
            )
        self.activation, self.acting = _activation(self.prediction, self.places)
        self.choices = tuple(rule for rule in ACTIVATIONS if rule is not self.activation) if self.activation else ()

    def check_for_branches(self, model: Any, loss: Callable[[Any, Any], Any], inputs: Floats, targets: Floats) -> None:
        """Trace it once as a compiler does, which refuses what branches on numbers."""
        from ...compiler.entry import compile

        def one(x: Any, y: Any) -> Any:
            return loss(_batch(_first(model(list(x)))), _batch(y))

        compile(one, self.parameters, engine="javascript").source_of(inputs, targets)

    def told(self) -> dict[str, Any]:
        """Where everything is, for the page."""
        told: dict[str, Any] = {
            "parameters": [self.places.get(id(p), -1) for p in self.parameters],
            "inputs_at": [self.places.get(id(x), -1) for x in self.inputs],
            "target_at": self.places[id(self.target)],
            "prediction": self.places[id(self.prediction)],
            "start": [p.data for p in self.parameters],
        }
        if self.activation is not None:
            rules = (self.activation, *self.choices)
            told["acting"] = self.acting
            told["activations"] = [
                {
                    "name": rule.name,
                    "sign": sign_of(rule),
                    "formula": {"general": general(rule, 0), "cases": cases(rule, 0, (None,))},
                }
                for rule in rules
            ]
        return told


class _Other:
    """Another step than the gradient's, as a program of the same leaves."""

    def __init__(self, name: str, step: Step, sample: _Sample) -> None:
        from ...compiler.javascript import tables_of, text_of

        self.name = clean(name)
        with always_recording():
            given = [
                each if isinstance(each, Value) else Value(float(each)) for each in step(sample.inputs, sample.target)
            ]
        if len(given) != len(sample.parameters):
            raise OperandError(
                f"the step {name!r} gives one number for each of the {len(sample.parameters)} parameters, "
                f"got {len(given)}"
            )
        order = walk(*given)
        places = {id(node): place for place, (node, _) in enumerate(order)}
        constants = {place: float(node.data) for place, (node, _) in enumerate(order) if node.rule is CONSTANT}
        tables = tables_of(
            [node.rule if operands else None for node, operands in order],
            [[places[id(operand)] for operand in operands] for _, operands in order],
            constants,
        )
        slots = _slots(order)
        told = {
            "name": self.name,
            "numbers": [order[place][0].data for place in tables.leaves],
            "parameters": [slots.get(id(p), -1) for p in sample.parameters],
            "inputs": [slots.get(id(x), -1) for x in sample.inputs],
            "target": slots.get(id(sample.target), -1),
            "outputs": [places[id(each)] for each in given],
        }
        self._told = told
        self.text = text_of(tables)

    def told(self) -> dict[str, Any]:
        """Where its leaves and its results are."""
        return self._told


def _slots(order: Sequence[tuple[Any, tuple[Any, ...]]]) -> dict[int, int]:
    """By id, the place of each leaf among the leaves, as a script takes them."""
    leaves = [node for node, operands in order if not operands and node.rule is not CONSTANT]
    return {id(leaf): slot for slot, leaf in enumerate(leaves)}


def _parameters(model: Any) -> dict[str, Value]:
    """The parameters of a model of Values by their names.

    Raises:
        OperandError: it is no such model.
    """
    if not callable(model):
        raise OperandError(f"a Playground takes a model that can be called, such as nn.MLP, got {describe(model)}")
    named = dict(named_parameters(model, "Playground"))
    wrong = next((each for each in named.values() if not isinstance(each, Value)), None)
    if wrong is not None or not named:
        raise OperandError(
            f"a Playground trains models whose parameters are Values, such as nn.MLP, got "
            f"{'no parameters' if wrong is None else describe(wrong)}"
        )
    return named


def _batch(only: Any) -> Any:
    """An array of one, which a loss takes whether it was written for lists or for arrays."""
    batch = np.empty(1, dtype=object)
    batch[0] = only
    return batch


def _first(answer: Any) -> Any:
    """The only one of an array or a list of one, or what it is."""
    return answer[0] if isinstance(answer, (list, tuple, np.ndarray)) and np.size(answer) == 1 else answer


def _only(answer: Any, who: str) -> Value:
    found = _first(answer)
    if not isinstance(found, Value):
        raise OperandError(f"in a Playground {who} gives one Value for one sample, got {describe(answer)}")
    return found


def _activation(prediction: Value, places: Mapping[int, int]) -> tuple[Rule | None, list[int]]:
    """The activation of a model, and where it is applied; None where there is none, or several."""
    acting = [node for node, _ in walk(prediction) if node.rule in ACTIVATIONS]
    if len({node.rule for node in acting}) != 1:
        return None, []
    return acting[0].rule, [places[id(node)] for node in acting]


def _frames(film: Film | None, count: int) -> list[Any] | None:
    """The frames of a film as [step, numbers of the parameters]."""
    if film is None:
        return None
    frames = film.weights
    if not frames or len(frames[0][1]) != count:
        raise OperandError(
            f"the film has frames of {len(frames[0][1]) if frames else 'no'} parameters, and the model has {count}: "
            "give the film of a training of this model"
        )
    return [[step, [float(f"{number:.9g}") for number in row]] for step, row in frames]
