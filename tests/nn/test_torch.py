"""Beside torch, where it is installed: the same weights by the same names, and step for step the same training."""

import random

import numpy as np
import pytest

import nn
from autograd import Tensor

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 5))
CLASSES = RNG.integers(0, 3, size=32)


def pair(build):
    """The same network here and there: torch's weights are loaded by its own names."""
    mine, theirs = build(nn), build(torch.nn).double()
    mine.load_state_dict(theirs.state_dict())
    return mine, theirs


def mlp(library):
    return library.Sequential(library.Linear(5, 16), library.ReLU(), library.Linear(16, 8), library.Tanh(),
                              library.Linear(8, 3))  # fmt: skip


def normed(library):
    return library.Sequential(library.Linear(5, 16), library.LayerNorm(16), library.GELU(), library.Dropout(0.0),
                              library.Linear(16, 8, bias=False), library.SiLU(), library.LayerNorm((8,)),
                              library.Linear(8, 3), library.LeakyReLU(), library.Softplus())  # fmt: skip


@pytest.mark.parametrize("build", [mlp, normed])
@pytest.mark.parametrize("name", ["Adam", "AdamW", "SGD"])
@pytest.mark.parametrize("loss", ["CrossEntropyLoss", "MSELoss", "BCEWithLogitsLoss", "L1Loss"])
def test_training_is_the_same_step_for_step(build, name, loss):
    torch.manual_seed(0)
    mine, theirs = pair(build)
    targets = CLASSES if loss == "CrossEntropyLoss" else np.eye(3)[CLASSES]
    options = {"lr": 0.02, "weight_decay": 0.01} | ({"momentum": 0.9} if name == "SGD" else {})
    optimizer = getattr(nn, name)(mine.parameters(), **options)
    their_optimizer = getattr(torch.optim, name)(theirs.parameters(), **options)
    criterion, their_criterion = getattr(nn, loss)(), getattr(torch.nn, loss)()
    x, t = torch.tensor(X), torch.tensor(targets)
    for _ in range(50):
        optimizer.zero_grad()
        their_optimizer.zero_grad()
        value, their_value = criterion(mine(X), targets), their_criterion(theirs(x), t)
        value.backward()
        their_value.backward()
        assert nn.clip_grad_norm_(mine.parameters(), 0.5) == pytest.approx(
            float(torch.nn.utils.clip_grad_norm_(theirs.parameters(), 0.5)), rel=1e-10
        )
        optimizer.step()
        their_optimizer.step()
        assert value.item() == pytest.approx(their_value.item(), rel=1e-10)
    for (label, p), (their_label, q) in zip(mine.named_parameters(), theirs.named_parameters(), strict=True):
        assert label == their_label
        np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("build", "shape"),
    [
        (lambda library: library.LayerNorm(5), (4, 5)),
        (lambda library: library.LayerNorm((4, 5), eps=1e-3), (2, 4, 5)),
        (lambda library: library.LayerNorm(5, elementwise_affine=False), (4, 5)),
        (lambda library: library.LayerNorm(5, bias=False), (3, 4, 5)),
        (lambda library: library.Linear(5, 2), (3, 4, 5)),
        (lambda library: library.Linear(5, 2, bias=False), (5,)),
        (lambda library: library.Softmax(dim=-1), (4, 5)),
        (lambda library: library.Softmax(dim=0), (4, 5)),
        (lambda library: library.Flatten(), (2, 3, 4)),
        (lambda library: library.Flatten(0, 1), (2, 3, 4)),
        (lambda library: library.Sigmoid(), (4, 5)),
        (lambda library: library.GELU(), (4, 5)),
        (lambda library: library.SiLU(), (4, 5)),
        (lambda library: library.Softplus(beta=2.0), (4, 5)),
        (lambda library: library.LeakyReLU(0.2), (4, 5)),
        (lambda library: library.Dropout(0.5).eval(), (4, 5)),
    ],
)
def test_values_and_gradients_of_a_layer(build, shape, dtype):
    theirs = build(torch.nn).to(getattr(torch, dtype))
    mine = build(nn)
    for name, numbers in theirs.state_dict().items():
        setattr(mine, name, Tensor(numbers.numpy()))
    numbers = RNG.normal(size=shape).astype(dtype)
    x, y = Tensor(numbers), torch.tensor(numbers, requires_grad=True)
    out, their_out = mine(x), theirs(y)
    assert out.shape == their_out.shape
    assert str(out.dtype) == dtype
    weights = RNG.normal(size=out.shape).astype(dtype)
    (out * weights).sum().backward()
    (their_out * torch.tensor(weights)).sum().backward()
    close = {"rtol": 1e-10, "atol": 1e-12} if dtype == "float64" else {"rtol": 1e-4, "atol": 1e-5}
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), **close)
    np.testing.assert_allclose(x.grad, y.grad.numpy(), **close)
    assert str(x.grad.dtype) == dtype
    for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad, q.grad.numpy(), **close)


def test_embedding_with_repeated_rows():
    mine, theirs = pair(lambda library: library.Embedding(7, 3))
    numbers = np.array([[1, 1, 6], [0, 1, 6]])
    weights = RNG.normal(size=(2, 3, 3))
    (mine(numbers) * weights).sum().backward()
    (theirs(torch.tensor(numbers)) * torch.tensor(weights)).sum().backward()
    np.testing.assert_allclose(mine.weight.grad, theirs.weight.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("loss", ["MSELoss", "L1Loss", "BCEWithLogitsLoss", "CrossEntropyLoss", "probabilities"])
def test_losses(loss, reduction):
    numbers = RNG.normal(size=(6, 4)) * 3
    targets = RNG.uniform(size=(6, 4))
    if loss == "CrossEntropyLoss":
        targets = RNG.integers(0, 4, size=6)
    if loss == "probabilities":
        loss, targets = "CrossEntropyLoss", targets / targets.sum(axis=1, keepdims=True)
    z, their_z = Tensor(numbers), torch.tensor(numbers, requires_grad=True)
    out = getattr(nn, loss)(reduction=reduction)(z, targets)
    their_out = getattr(torch.nn, loss)(reduction=reduction)(their_z, torch.tensor(targets))
    np.testing.assert_allclose(out.data, their_out.detach().numpy(), rtol=1e-12)
    out.sum().backward()
    their_out.sum().backward()
    np.testing.assert_allclose(z.grad, their_z.grad.numpy(), rtol=1e-10, atol=1e-14)


def test_a_state_goes_there_and_back_through_files(tmp_path):
    torch.manual_seed(1)
    mine, theirs = pair(normed)
    for name in ("model.npz", "model.safetensors"):
        nn.save(mine, tmp_path / name)
        state = nn.load(tmp_path / name)
        there = {key: torch.tensor(array) for key, array in state.items()}
        theirs.load_state_dict(there)  # strict: every name, every shape
        again = normed(nn)
        nn.load(tmp_path / name, into=again)
        np.testing.assert_allclose(again(X).data, theirs(torch.tensor(X)).detach().numpy(), rtol=1e-12)


def test_first_weights_are_spread_alike():
    mine, theirs = nn.Linear(50, 400, seed=random.Random(0)), torch.nn.Linear(50, 400)
    for p, q in zip(mine.parameters(), theirs.parameters(), strict=True):
        q = q.detach().numpy()
        assert p.shape == q.shape
        assert p.data.std() == pytest.approx(q.std(), rel=0.1)
        assert np.abs(p.data).max() == pytest.approx(np.abs(q).max(), rel=0.02)
