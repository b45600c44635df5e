"""Networks as scikit-learn estimators: `Regressor` and `Classifier`, for its pipelines, grid searches and scores.

`import nn` does not import this file, which needs scikit-learn (extra `demos`): write `from nn.estimators import
Classifier`. The network is a `Sequential` of `Linear` layers, or whatever `make` gives; it is trained by `fit` of this
library with Adam.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import MissingExtra, Tensor, no_grad

from .activations import ReLU, Sigmoid, Tanh
from .array_layers import Linear, Sequential
from .errors import SettingError
from .init import generator
from .losses import cross_entropy, mse
from .module import Module
from .optim import Adam
from .train import fit

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as error:
    raise MissingExtra(
        f"nn.estimators needs scikit-learn 1.6 or later ({error}): pip install 'glassgrad[demos]'"
    ) from error

ACTIVATIONS: dict[str, Callable[[], Module]] = {"relu": ReLU, "tanh": Tanh, "sigmoid": Sigmoid}


class _Network(BaseEstimator):  # type: ignore[misc]
    """What both share: the settings, and the training."""

    def __init__(
        self,
        hidden: tuple[int, ...] = (32,),
        activation: str = "relu",
        epochs: int = 100,
        lr: float = 0.01,
        batch_size: int | None = 32,
        make: Callable[[int, int], Module] | None = None,
        random_state: Any = None,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.epochs = epochs
        self.lr = lr
        self.batch_size = batch_size
        self.make = make
        self.random_state = random_state

    def _train(self, X: Any, targets: Any, outputs: int, loss: Callable[[Any, Any], Any]) -> None:
        source = generator(int(check_random_state(self.random_state).randint(2**31)))
        self.model_ = self._made(X.shape[1], outputs, source)
        optimizer = Adam(self.model_.parameters(), lr=self.lr)
        self.history_ = fit(
            self.model_, (X, targets), loss, optimizer=optimizer, epochs=self.epochs, batch_size=self.batch_size,
            seed=source, progress=False,
        )  # fmt: skip
        self.n_iter_ = len(self.history_.losses)
        self.model_.eval()

    def _made(self, inputs: int, outputs: int, source: Any) -> Module:
        if self.make is not None:
            made = self.make(inputs, outputs)
            if not all(isinstance(each, Tensor) for each in made.parameters()):
                raise SettingError("make= gives a module of array layers, such as Linear and Sequential")
            return made
        if self.activation not in ACTIVATIONS:
            raise SettingError(
                f"activation is one of {', '.join(ACTIVATIONS)}, got {self.activation!r}; or write make="
            )
        if not isinstance(self.hidden, (tuple, list)):
            raise SettingError(f"hidden is a tuple with the neurons of each layer, such as (16,), got {self.hidden!r}")
        layers: list[Module] = []
        for size in self.hidden:
            layers += [Linear(inputs, size, seed=source), ACTIVATIONS[self.activation]()]
            inputs = size
        return Sequential(*layers, Linear(inputs, outputs, seed=source))

    def _outputs(self, X: Any) -> Any:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        with no_grad():
            return self.model_(X).numpy()


class Regressor(RegressorMixin, _Network):  # type: ignore[misc]
    """A network that predicts numbers, trained on the mean squared error.

    Args:
        hidden: the neurons of each hidden layer.
        activation: "relu", "tanh" or "sigmoid", after each of them.
        epochs: how often it goes through the data.
        lr: the learning rate of Adam.
        batch_size: how many samples a step takes; None for all.
        make: a function from the numbers of inputs and outputs to a module, instead of `hidden` and `activation`.
        random_state: makes it reproducible, as everywhere in scikit-learn.

    Inputs are (samples, features), targets (samples,) or (samples, outputs).

    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> search = GridSearchCV(Regressor((8,), "tanh", epochs=30, random_state=0), {"lr": [1e-5, 0.03]}, cv=2)
    >>> make_pipeline(StandardScaler(), search).fit(X, np.sin(X[:, 0]))["gridsearchcv"].best_params_
    {'lr': 0.03}
    """

    def fit(self, X: Any, y: Any) -> Regressor:
        """Train on inputs and targets."""
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, dtype=np.float64)
        self._flat = y.ndim == 1
        targets = y.reshape(len(y), -1).astype(float)
        self._train(X, targets, targets.shape[1], mse)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Any) -> Any:
        """The predictions, of the shape of the targets."""
        found = self._outputs(X)
        return found[:, 0] if self._flat else found


class Classifier(ClassifierMixin, _Network):  # type: ignore[misc]
    """A network that tells classes apart, trained on the cross entropy. Settings as those of `Regressor`.

    Inputs are (samples, features), targets (samples,): labels of any kind.

    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> model = Classifier((8,), "tanh", lr=0.05, random_state=0).fit(X, ["no", "yes", "yes", "no"])
    >>> print(model.predict(X))
    ['no' 'yes' 'yes' 'no']
    """

    def fit(self, X: Any, y: Any) -> Classifier:
        """Train on inputs and labels."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_, places = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        self._train(X, places, len(self.classes_), cross_entropy)
        return self

    def predict_proba(self, X: Any) -> Any:
        """How likely each class is, (samples, classes), in the order of `classes_`."""
        scores = self._outputs(X)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X: Any) -> Any:
        """The likeliest class of each sample."""
        likeliest = self._outputs(X).argmax(axis=1)
        return self.classes_[likeliest]
