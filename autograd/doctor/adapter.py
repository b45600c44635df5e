"""`diagnose_class`: a network that keeps its weights in attributes, examined as it is.

A copy of the learner's object gets Tensors in place of its weights, and its own forward pass records the loss; other
copies get plain arrays, and its own backward and update run on them. The object itself is not touched.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import OperandError
from .diagnosis import diagnose
from .evidence import Batch, plain_name
from .report import Report

Array = Any
Run = Callable[..., Any]


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

    Args:
        net: the learner's object. It is copied, never changed.
        batch: what its functions take, arrays with a row for each sample.
        loss: `(net, *sample)` or a method's name; gives the loss from the net's own forward pass.
        backward: `(net, *sample)` or a method's name; leaves the gradients in attributes, or returns them by name. It
            is called after the loss. None: there are none to judge.
        update: `(net, lr)` or a method's name; makes one step, after loss and backward. Needs `lr`.
        lr: the learning rate of that step.
        parameters: the names of the attributes that are weights; all float arrays that carry no gradient's name, if
            it is left out.
        gradients: the attribute of each weight's gradient; found by name (dW, d_W, W_grad, grad_W) if it is left out.
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
    names = list(parameters) if parameters is not None else _weights(net)
    if not names:
        raise OperandError(
            f"no weights found in {type(net).__name__}: its attributes hold no float arrays; name them, "
            f'parameters=["W1", "W2"]{_in_containers(net)}'
        )
    run_loss, run_backward, run_update = (_runner(net, run) for run in (loss, backward, update))
    assert run_loss is not None
    if parameters is None:
        names = _kept(net, names, run_loss, run_backward, Batch(tuple(batch), each).all()[0])

    def with_weights(params: Mapping[str, Any]) -> Any:
        twin = _twin(net)
        for name in names:
            setattr(twin, name, params[name])
        return twin

    def reference(params: Mapping[str, Any], *sample: Any) -> Any:
        return run_loss(with_weights(params), *sample)

    reference.__signature__ = _signature(net, loss, len(batch))  # type: ignore[attr-defined]

    def their_gradients(params: Mapping[str, Any], *sample: Any) -> Any:
        twin = with_weights(params)
        run_loss(twin, *sample)
        assert run_backward is not None
        returned = run_backward(twin, *sample)
        return returned if isinstance(returned, Mapping) else _gradients(twin, names, gradients)

    def their_step(params: Mapping[str, Any], *sample: Any) -> Any:
        twin = with_weights(params)
        run_loss(twin, *sample)
        if run_backward is not None:
            run_backward(twin, *sample)
        assert run_update is not None
        run_update(twin, lr)
        return {name: getattr(twin, name) for name in names}

    return diagnose(
        reference,
        {name: np.array(getattr(net, name)) for name in names},
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
        raise OperandError(f"{type(net).__name__} has no method {run!r}: give a function of (net, ...) instead")
    name = run
    return lambda twin, *rest: getattr(twin, name)(*rest)


def _signature(net: Any, loss: Run | str, count: int) -> inspect.Signature:
    """The names that their own loss gives the parts of a sample, so that the advice can use them."""
    names = list(inspect.signature(getattr(net, loss) if isinstance(loss, str) else loss).parameters)
    sample = names[-count:] if len(names) >= count else []
    kind = inspect.Parameter.POSITIONAL_ONLY
    return inspect.Signature([inspect.Parameter(name, kind) for name in dict.fromkeys(["params", *sample])])


def _weights(net: Any) -> list[str]:
    """The attributes that look like weights: float arrays whose names are not those of another's gradient."""
    arrays = [name for name, part in vars(net).items() if isinstance(part, np.ndarray) and part.dtype.kind == "f"]
    return [name for name in arrays if plain_name(name, [other for other in arrays if other != name]) is None]


def _kept(net: Any, names: list[str], run_loss: Run, run_backward: Run | None, sample: Sequence[Any]) -> list[str]:
    """Those that are no left-overs of an earlier call.

    What the forward pass writes anew is an activation. What only the backward pass writes anew, and the loss does not
    read, is an error; read by the loss, it is a weight that its backward pass also updates.
    """

    def rebound(twin: Any) -> set[str]:
        return {name for name in names if getattr(twin, name) is not before[name]}

    twin = _twin(net)
    before = {name: getattr(twin, name) for name in names}
    try:
        with np.errstate(all="ignore"):
            run_loss(twin, *sample)
            passing = rebound(twin)
            if run_backward is not None:
                run_backward(twin, *sample)
            for name in rebound(twin) - passing:
                poisoned = _twin(net)
                setattr(poisoned, name, np.full_like(getattr(net, name), np.nan))
                if np.all(np.isfinite(np.asarray(run_loss(poisoned, *sample), dtype=float))):
                    passing.add(name)
    except Exception:  # the diagnosis will meet it again, and say where
        return names
    return [name for name in names if name not in passing] or names


def _in_containers(net: Any) -> str:
    """A hint where the arrays are in lists or dicts."""
    for name, part in vars(net).items():
        held = list(part.values()) if isinstance(part, Mapping) else part if isinstance(part, (list, tuple)) else []
        if held and all(isinstance(each, np.ndarray) for each in held):
            return (
                f". Its {name} are in a {type(part).__name__}: give diagnose() a loss(params, *batch), the arrays by "
                "name, and a function that sets them, runs its backward and returns the gradients by name"
            )
    return ""


def _gradients(net: Any, names: list[str], given: Mapping[str, str] | None) -> dict[str, Any]:
    found = {}
    for name in names:
        if given is not None:
            if name in given:
                found[name] = getattr(net, given[name])
            continue
        for attribute, part in vars(net).items():
            if attribute != name and plain_name(attribute, [name]) == name:
                found[name] = part
    if not found:
        raise OperandError(
            f"no gradients found in {type(net).__name__} after backward: name the attributes, "
            f'gradients={{"{names[0]}": "d{names[0]}"}}'
        )
    return found
