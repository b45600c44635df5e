"""What people type who come from PyTorch or Keras, and what it is called here: for the errors about missing names.

Nothing here makes such a name work. Who looks for `name` and does not find it asks `missing`.
"""

from __future__ import annotations

from typing import Any, Final

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

OF_AN_OPTIMIZER: Final = {"param_groups": "there is one rate, optimizer.lr"}

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
