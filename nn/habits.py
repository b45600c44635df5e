"""What people type who come from PyTorch or Keras, and what it is called here: for the errors about missing names.

Nothing here makes such a name work. Who looks for `name` and does not find it asks `missing`.
"""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any, ClassVar, Final

_NO_DEVICES: Final = "leave it out, there are no devices here"
_NOT_A_LAYER: Final = "write nn.{1}() for a layer, autograd.{0}(x) for the function"

NAMES: Final = {
    "BCELoss": "write nn.BCEWithLogitsLoss(), of scores that no sigmoid has changed",
    "Dense": "write nn.Linear(inputs, outputs), and its activation as the next layer, nn.ReLU()",
    "ModuleList": "a list of modules in an attribute will do, self.layers = [...]",
    "NLLLoss": "write nn.CrossEntropyLoss(), of scores that no softmax has changed",
    "Parameter": "a Tensor or a Value in an attribute of a Module is a parameter, self.w = Tensor(numbers)",
    "relu": _NOT_A_LAYER.format("relu", "ReLU"),
    "seed": "write nn.manual_seed(0)",
    "sigmoid": _NOT_A_LAYER.format("sigmoid", "Sigmoid"),
    "tanh": _NOT_A_LAYER.format("tanh", "Tanh"),
}
"""Of the package `nn`."""

OF_A_MODULE: Final = {
    "compile": "loss and optimizer are given to nn.fit(model, (X, y), nn.mse, optimizer=...)",
    "cpu": _NO_DEVICES,
    "cuda": _NO_DEVICES,
    "evaluate": "write nn.mse(model(X), y), or another loss",
    "fit": "write nn.fit(model, (X, y), nn.mse), or with another loss",
    "get_weights": "write model.state_dict()",
    "load": "write nn.load('model.npz', into=model)",
    "predict": "call the model, model(X)",
    "save": "write nn.save(model, 'model.npz')",
    "score": "write nn.mse(model(X), y), or another loss",
    "summary": "write print(model)",
    "to": _NO_DEVICES,
}

OF_AN_OPTIMIZER: Final = {
    "amsgrad": "write another optimizer, AMSGrad is not here",
    "learning_rate": "write optimizer.lr",
    "momentum": "only SGD has it, that of Adam is beta1",
    "nesterov": "its momentum is the ordinary one",
    "param_groups": "there is one rate, optimizer.lr",
    "params": "write optimizer.parameters",
}

OF_A_SCHEDULE: Final = {
    "get_last_lr": "write schedule.optimizer.lr",
    "last_epoch": "write schedule.epoch",
    "lr": "write schedule.optimizer.lr",
}

OF_A_HISTORY: Final = {
    "history": "its lists are history.losses, history.validation, history.lrs and history.grad_norms",
    "loss": "write history.losses",
    "val_loss": "write history.validation",
}


def missing(owner: object, name: str, habits: dict[str, str]) -> Any:
    """Raise the AttributeError for a name that `owner` does not have, with what to write where that is known."""
    if name in habits:
        raise AttributeError(f"{type(owner).__name__} has no {name}: {habits[name]}", name=name, obj=owner)
    return object.__getattribute__(owner, name)  # raises Python's own error, or that of a property of this name


class Settings:
    """What has settings in attributes: one that is misspelt, when it is read or assigned, is an error."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        init = vars(cls).get("__init__")
        if init is None:
            return

        @functools.wraps(init)
        def wrapped(self: Any, *args: Any, **options: Any) -> None:
            init(self, *args, **options)
            if type(self).__init__ is wrapped:  # the outermost: from here on there is nothing new
                vars(self)["_made"] = True

        cls.__init__ = wrapped  # type: ignore[method-assign]

    habits: ClassVar[dict[str, str]] = {}

    if not TYPE_CHECKING:  # a type checker shall go on finding typos

        def __getattr__(self, name: str) -> Any:
            return missing(self, name, self.habits)

    def __setattr__(self, name: str, value: Any) -> None:
        own = vars(self)
        if name not in own and "_made" in own and not hasattr(type(self), name):
            if name in self.habits:
                missing(self, name, self.habits)
            known = [each for each in {*own, *dir(type(self))} if not each.startswith("_")]
            for close in difflib.get_close_matches(name, known, 1, 0.8):
                raise AttributeError(f"{type(self).__name__} has no {name}: is {close} meant?", name=name, obj=self)
        object.__setattr__(self, name, value)
