"""The functions of `nn` and the activations under PyTorch's names: `import nn.functional as F`. Nothing else is here.

>>> import nn.functional as F
>>> F.mse_loss([1.0, 3.0], [0.0, 1.0])
2.5
"""

from autograd import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus, tanh

from .losses import bce_with_logits as binary_cross_entropy_with_logits
from .losses import cross_entropy
from .losses import l1 as l1_loss
from .losses import mse as mse_loss
from .normalised import log_softmax, logsumexp, softmax

__all__ = [
    "binary_cross_entropy_with_logits", "cross_entropy", "elu", "gelu", "l1_loss", "leaky_relu", "log_softmax",
    "logsumexp", "mse_loss", "relu", "sigmoid", "silu", "softmax", "softplus", "tanh",
]  # fmt: skip
