"""Neural networks on the engine: modules, losses, optimisers, a training loop. PyTorch's names at micrograd's size.

>>> import nn
>>> model = nn.MLP(2, [3, 1], seed=1)
>>> len(model.parameters())
13
"""

from . import functional, gradients, init, layers, losses, module, optim, saving, schedules, train
from .errors import SettingError, StateError, TrainingError
from .functional import log_softmax, logsumexp, softmax
from .gradients import clip_grad_norm_, grad_norm
from .layers import MLP, Layer, Neuron
from .losses import bce_with_logits, cross_entropy, half_mse, hinge, l1, mse
from .module import Module
from .optim import SGD, Adam, AdamW, Optimizer
from .saving import load, save
from .schedules import CosineAnnealingLR, ExponentialLR, LambdaLR, LinearWarmup, Schedule, StepLR
from .train import History, fit

__all__ = [
    "MLP", "SGD", "Adam", "AdamW", "CosineAnnealingLR", "ExponentialLR", "History", "LambdaLR", "Layer", "LinearWarmup",
    "Module", "Neuron", "Optimizer", "Schedule", "SettingError", "StateError", "StepLR", "TrainingError",
    "bce_with_logits", "clip_grad_norm_", "cross_entropy", "fit", "functional", "grad_norm", "gradients", "half_mse",
    "hinge", "init", "l1", "layers", "load", "log_softmax", "logsumexp", "losses", "module", "mse", "optim", "save",
    "saving", "schedules", "softmax", "train",
]  # fmt: skip
