"""nn.estimators behave as scikit-learn asks, and learn."""

from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest

sklearn = pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone  # noqa: E402
from sklearn.datasets import load_iris, make_regression  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import check_estimator  # noqa: E402

from nn import MLP, Linear, SettingError  # noqa: E402
from nn.estimators import Classifier, Regressor  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize("estimator", [Regressor(epochs=60), Classifier(epochs=60)], ids=lambda e: type(e).__name__)
def test_what_scikit_learn_asks_of_an_estimator(estimator: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator)


def test_a_classifier_in_a_pipeline() -> None:
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), Classifier((16,), epochs=30, random_state=0))
    assert cross_val_score(model, X, y, cv=3).mean() > 0.93
    probable = model.fit(X, y).predict_proba(X)
    assert probable.shape == (150, 3)
    np.testing.assert_allclose(probable.sum(axis=1), 1.0)


def test_a_grid_search_finds_the_better_setting() -> None:
    X, y = make_regression(60, 3, noise=0.1, random_state=0)
    y = y / y.std()
    search = GridSearchCV(
        Regressor((), epochs=20, random_state=0), {"lr": [1e-6, 0.05], "batch_size": [16, None]}, cv=2
    )
    search.fit(X, y)
    assert search.best_params_ == {"lr": 0.05, "batch_size": 16}
    assert search.best_score_ > 0.9


def test_a_random_state_makes_it_reproducible() -> None:
    X, y = make_regression(30, 2, random_state=0)
    model = Regressor(epochs=3, random_state=1)
    first, again, other = (
        m.fit(X, y).predict(X) for m in (model, clone(model), clone(model).set_params(random_state=2))
    )
    assert (first == again).all()
    assert (first != other).all()


def test_targets_of_two_columns() -> None:
    X = np.random.default_rng(0).normal(size=(40, 2))
    found = (
        Regressor((), epochs=200, lr=0.05, random_state=0).fit(X, X @ [[1.0, 2.0], [3.0, 4.0]]).predict([[1.0, 1.0]])
    )
    np.testing.assert_allclose(found, [[4.0, 6.0]], atol=1e-2)


def test_a_model_of_ones_own() -> None:
    X, y = make_regression(20, 3, random_state=0)
    model = Regressor(make=lambda inputs, outputs: Linear(inputs, outputs, bias=False, seed=0), epochs=2).fit(X, y)
    assert [p.shape for p in model.model_.parameters()] == [(1, 3)]


def test_an_unknown_activation() -> None:
    with pytest.raises(SettingError, match="activation is one of relu, tanh, sigmoid, got 'swish'; or write make="):
        Regressor(activation="swish").fit([[0.0], [1.0]], [0.0, 1.0])


@pytest.mark.parametrize("hidden", [16, "16"])
def test_layers_that_are_no_tuple(hidden: Any) -> None:
    with pytest.raises(SettingError, match=r"such as \(16,\), got"):
        Regressor(hidden=hidden).fit([[0.0], [1.0]], [0.0, 1.0])


def test_a_model_in_scalars_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingError, match="array layers"):
        Regressor(make=lambda inputs, outputs: MLP(inputs, [outputs])).fit([[0.0], [1.0]], [0.0, 1.0])


def test_import_nn_does_without_it() -> None:
    code = "import sys; sys.modules['sklearn'] = None; import nn\nimport nn.estimators"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtra: nn.estimators needs scikit-learn 1.6 or later" in run.stderr
    assert "pip install 'glassgrad[demos]'" in run.stderr
