"""`diagnose_class`: a network that keeps its weights on itself, examined as it is.

A copy of the learner's object gets Tensors in place of its weights, and its own forward pass records the loss; other
copies get plain arrays, and its own backward and update run on them. The object itself is not touched.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ...errors import OperandError
from ..recorded.containers import flat
from ..recorded.evidence import Batch, plain_name
from .diagnosis import diagnose
from .holdings import Holding, Place, gradients_of, holdings, read_by
from .report import Report

Array = Any
Run = Callable[..., Any]
RATES = ("lr", "learning_rate", "rate", "eta", "alpha", "step_size", "learningrate")


def diagnose_class(
    net: Any,
    batch: Sequence[Any],
    *,
    loss: Run | str = "loss",
    backward: Run | str | None = "backward",
    update: Run | str | None = None,
    lr: float | None = None,
    parameters: Sequence[str] | None = None,
    gradients: Mapping[str, str] | None = None,
    each: bool = False,
    seed: int = 0,
    lang: str = "",
) -> Report:
    """Diagnose an object that keeps its weights, and its gradients, in attributes.

    They may be in lists and dicts there, or in layer objects: `layers[0].W`, `params['W1']`.

    Args:
        net: the learner's object. It is copied, never changed.
        batch: what its functions take, arrays with a row for each sample.
        loss: `(net, *sample)` or a method's name; gives the loss from the net's own forward pass.
        backward: `(net, *sample)` or a method's name; leaves the gradients on the object, or returns them by name or in
            the order of the weights. It is called after the loss. None: there are none to judge.
        update: `(net, lr)` or a method's name; makes one step, after loss and backward. Needs `lr`. A method may also
            take the sample, and the rate after it.
        lr: the learning rate of that step.
        parameters: the places that are weights, "W1" or "layers[0].W". If it is left out: what the loss reads and the
            step changes, or what carries a gradient.
        gradients: the place of each weight's gradient; found by name (dW, d_W, W_grad, grads['W']) if it is left out.
        each: its functions take one sample at a time.
        seed: of the random points.
        lang: the language of the report, as for `diagnose`.

    Returns:
        A `Report`, with one on the update in `report.step` where both were judged.

    Raises:
        OperandError: no weights were found, or gradients are nowhere.

    >>> class Line:
    ...     def __init__(self):
    ...         self.w, self.dw = np.array([0.5, -1.0]), np.zeros(2)
    ...     def loss(self, X, y):
    ...         return 0.5 * ((X @ self.w - y) ** 2).mean()
    ...     def backward(self, X, y):
    ...         self.dw = X.T @ (y - X @ self.w) / len(X)
    >>> rng = np.random.default_rng(0)
    >>> report = diagnose_class(Line(), (rng.normal(size=(20, 2)), rng.normal(size=20)))
    >>> report["w"].verdict, report["w"].name
    ('wrong', 'sign')
    """
    run_loss, run_backward, run_update = (_runner(net, run) for run in (loss, backward, update))
    assert run_loss is not None
    sample = Batch(tuple(batch), each).all()[0]

    def pass_backward(twin: Any, sample: Sequence[Any]) -> Any:
        run_loss(twin, *sample)
        return None if run_backward is None else _fitting(run_backward, twin, sample, lr)

    def step(twin: Any, sample: Sequence[Any]) -> None:
        pass_backward(twin, sample)
        if run_update is not None:
            _fitting(run_update, twin, sample, lr, rate_alone=True)

    weights = _weights(net, parameters, sample, lambda twin: run_loss(twin, *sample), lambda twin: step(twin, sample))
    names = [weight.name for weight in weights]
    if not names:
        raise OperandError(
            f"no weights found in {type(net).__name__}: the loss reads no float arrays that it keeps; name them, "
            'parameters=["W1", "W2"]'
        )

    def with_weights(params: Mapping[str, Any]) -> Any:
        twin = _twin(net)
        for weight in weights:
            weight.put(twin, params[weight.name])
        return twin

    def reference(params: Mapping[str, Any], *sample: Any) -> Any:
        return run_loss(with_weights(params), *sample)

    reference.__signature__ = _signature(net, loss, len(batch))  # type: ignore[attr-defined]

    def their_gradients(params: Mapping[str, Any], *sample: Any) -> Any:
        twin = with_weights(params)
        returned = pass_backward(twin, sample)
        by_place = _returned(returned, weights)
        return by_place if by_place is not None else _gradients(twin, weights, gradients)

    def their_step(params: Mapping[str, Any], *sample: Any) -> Any:
        twin = with_weights(params)
        step(twin, sample)
        return {weight.name: weight.get(twin) for weight in weights}

    return diagnose(
        reference,
        {weight.name: np.array(weight.get(net)) for weight in weights},
        tuple(batch),
        gradients=None if run_backward is None else their_gradients,
        update=None if run_update is None else their_step,
        lr=lr,
        each=each,
        seed=seed,
        lang=lang,
    )


def _twin(net: Any) -> Any:
    """A copy of an object with everything in it; of what cannot be copied, the thing itself."""
    try:
        return copy.deepcopy(net)
    except Exception:
        twin = copy.copy(net)
        for name, part in vars(net).items():
            try:
                setattr(twin, name, copy.deepcopy(part))
            except Exception:
                setattr(twin, name, part)
        return twin


def _runner(net: Any, run: Run | str | None) -> Run | None:
    """`(net, ...)` for a function, or for the name of a method."""
    if not isinstance(run, str):
        return run
    if not callable(getattr(net, run, None)):
        raise OperandError(
            f"{type(net).__name__} has no method {run!r}: give a function of (net, ...) instead, or None where one "
            f"method does all of it"
        )
    name = run

    def call(twin: Any, *rest: Any) -> Any:
        return getattr(twin, name)(*rest)

    call.__signature__ = _with_net(getattr(net, name))  # type: ignore[attr-defined]
    return call


def _with_net(method: Any) -> inspect.Signature:
    """The signature of a method as a function of (net, ...)."""
    try:
        parameters = list(inspect.signature(method).parameters.values())
    except (TypeError, ValueError):
        parameters = [inspect.Parameter("rest", inspect.Parameter.VAR_POSITIONAL)]
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    taken = [p.replace(kind=kinds[0]) if p.kind in kinds else p for p in parameters]
    return inspect.Signature([inspect.Parameter("net", kinds[0]), *taken])


def _fitting(run: Run, twin: Any, sample: Sequence[Any], lr: float | None, rate_alone: bool = False) -> Any:
    """Call backward or update with what it takes: the sample, the targets alone, nothing; and the learning rate."""
    taken = _positional(run)
    if taken is None:
        return run(twin, *((lr,) if rate_alone else sample))
    required, names = taken
    rate = [k for k, name in enumerate(names) if name.lower() in RATES]
    if rate_alone and len(names) <= 1:
        return run(twin, lr) if names else run(twin)
    if not rate:
        return run(twin, *sample[len(sample) - min(max(required, 0), len(sample)) :])
    given = list(sample)[len(sample) - min(len(names) - 1, len(sample)) :]
    given.insert(min(rate[0], len(given)), lr)
    return run(twin, *given)


def _positional(run: Run) -> tuple[int, list[str]] | None:
    """How many arguments besides the net have to be given, and the names of all; None where any number is taken."""
    try:
        parameters = list(inspect.signature(run).parameters.values())[1:]
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    usual = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return sum(p.default is p.empty for p in usual), [p.name for p in usual]


def _signature(net: Any, loss: Run | str, count: int) -> inspect.Signature:
    """The names that their own loss gives the parts of a sample, so that the advice can use them."""
    names = list(inspect.signature(getattr(net, loss) if isinstance(loss, str) else loss).parameters)
    sample = names[-count:] if len(names) >= count else []
    kind = inspect.Parameter.POSITIONAL_ONLY
    return inspect.Signature([inspect.Parameter(name, kind) for name in dict.fromkeys(["params", *sample])])


def _weights(net: Any, given: Sequence[str] | None, sample: Sequence[Any], run_loss: Run, step: Run) -> list[Holding]:
    """The places that are weights: those named; or those that the loss reads, and that are no inputs or settings."""
    held = holdings(net)
    if given is not None:
        return [_at(held, name, net) for name in given]
    read = read_by(net, lambda: _twin(net), run_loss)
    inputs = [np.asarray(part) for part in sample]
    read = [h for h in read if not any(np.array_equal(h.get(net), part) for part in inputs)]
    twin = _twin(net)
    before = {holding: np.array(holding.get(twin)) for holding in read}
    state = np.random.get_state()
    try:
        with np.errstate(all="ignore"):
            step(twin)
        changed = [h for h in read if not np.array_equal(before[h], np.asarray(h.get(twin)))]
        carrying = gradients_of(read, holdings(twin), twin)
    except Exception:  # the diagnosis will meet it again, and say where
        changed, carrying = [], {}
    finally:
        np.random.set_state(state)
    arrays = [h for h in read if isinstance(h.get(net), np.ndarray)]
    found = [h for h in read if h in changed or h.name in carrying]
    # an array beside them that nothing changes may be a weight that was forgotten: the report says what it lacks
    return [h for h in read if h in found or (h in arrays and not changed)]


def _at(held: Sequence[Holding], name: str, net: Any) -> Holding:
    for holding in held:
        for place in holding.places:
            if place.name == name:
                return Holding((place, *(other for other in holding.places if other != place)))
    if hasattr(net, name):
        return Holding((Place((("attribute", name),)),))
    names = ", ".join(holding.name for holding in held)
    raise OperandError(f"{type(net).__name__} keeps nothing at {name}; its arrays are at {names or 'no place'}")


def _returned(found: Any, weights: Sequence[Holding]) -> dict[str, Any] | None:
    """Gradients that backward gave back, by weight; None where it gave none."""
    names = [weight.name for weight in weights]
    if isinstance(found, (list, tuple)) and found:
        parts = list(flat(found).values())
        return dict(zip(names, parts, strict=True)) if len(parts) == len(names) else None
    if not isinstance(found, Mapping):
        return None
    leaves = flat(found)
    by_last = {str(weight.places[0].steps[-1][1]): weight.name for weight in weights}
    answers = {}
    for key, part in leaves.items():
        last = key if key in names else by_last.get(str(key)) or by_last.get(plain_name(str(key), by_last) or "")
        answers[last or key] = part
    if not set(answers) & set(names) and len(leaves) == len(names):
        return dict(zip(names, leaves.values(), strict=True))
    return answers


def _gradients(net: Any, weights: Sequence[Holding], given: Mapping[str, str] | None) -> dict[str, Any]:
    held = holdings(net)
    if given is None:
        found = {name: at.get(net) for name, at in gradients_of(weights, held, net).items()}
    else:
        found = {w.name: _at(held, given[w.name], net).get(net) for w in weights if w.name in given}
    if not found:
        name = weights[0].name
        raise OperandError(
            f"no gradients found in {type(net).__name__} after backward: name the attributes, "
            f'gradients={{"{name}": "d{name}"}}'
        )
    return found
