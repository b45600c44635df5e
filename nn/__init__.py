"""Neural networks on the engine: modules, losses, optimisers, a training loop. PyTorch's names at micrograd's size.

>>> import nn
>>> model = nn.MLP(2, [3, 1], seed=1)
>>> len(model.parameters())
13
"""

from glassgrad.neighbour import check as _check

_check()  # says so where HIPS autograd stands in the place of ours

from . import data, functional, gradients, init, layers, losses, module, optim, saving, schedules, train
from . import habits as _habits
from .activations import GELU, LeakyReLU, ReLU, Sigmoid, SiLU, Softmax, Softplus, Tanh
from .array_layers import Dropout, Embedding, Flatten, LayerNorm, Linear, Sequential
from .data import DataLoader, TensorDataset
from .errors import SettingError, StateError, TrainingError
from .gradients import clip_grad_norm_, grad_norm
from .init import manual_seed
from .layers import MLP, Layer, Neuron
from .logs import CSVLog
from .loss_modules import BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss
from .losses import bce_with_logits, cross_entropy, half_mse, hinge, l1, mse
from .module import Module
from .normalised import log_softmax, logsumexp, softmax
from .optim import SGD, Adam, AdamW, Optimizer
from .saving import load, save
from .schedules import CosineAnnealingLR, ExponentialLR, LambdaLR, LinearWarmup, Schedule, SequentialLR, StepLR
from .train import History, fit

__all__ = [
    "GELU", "MLP", "SGD", "Adam", "AdamW", "BCEWithLogitsLoss", "CSVLog", "CosineAnnealingLR", "CrossEntropyLoss",
    "DataLoader", "Dropout", "Embedding", "ExponentialLR", "Flatten", "History", "L1Loss", "LambdaLR", "Layer",
    "LayerNorm", "LeakyReLU", "Linear", "LinearWarmup", "MSELoss", "Module", "Neuron", "Optimizer", "ReLU", "Schedule",
    "Sequential", "SequentialLR", "SettingError", "SiLU", "Sigmoid", "Softmax", "Softplus", "StateError", "StepLR",
    "Tanh", "TensorDataset", "TrainingError", "bce_with_logits", "clip_grad_norm_", "cross_entropy", "data", "fit",
    "functional", "grad_norm", "gradients", "half_mse", "hinge", "init", "l1", "layers", "load", "log_softmax",
    "logsumexp", "losses", "manual_seed", "module", "mse", "optim", "save", "saving", "schedules", "softmax", "train",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _habits.NAMES:
        raise AttributeError(f"nn has no {name}: {_habits.NAMES[name]}")
    raise AttributeError(f"module 'nn' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
