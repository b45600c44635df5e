"""glassgrad: a tiny autograd engine you can see through. The public names, and nothing else.

>>> from autograd import Value
>>> x = Value(3.0)
>>> (x * x).backward()
>>> x.grad
6.0
"""

import importlib
from typing import TYPE_CHECKING, Any

from . import value as _value
from .array_functions import (
    average,
    cumsum,
    diff,
    dot,
    einsum,
    inner,
    log_softmax,
    logsumexp,
    matmul,
    mean,
    norm,
    outer,
    prod,
    softmax,
    std,
    tensordot,
    trace,
    var,
)
from .array_functions import max as max
from .array_functions import min as min
from .array_functions import sum as sum
from .array_shapes import (
    broadcast_to,
    concatenate,
    diagonal,
    expand_dims,
    flip,
    moveaxis,
    pad,
    ravel,
    repeat,
    reshape,
    roll,
    sort,
    split,
    squeeze,
    stack,
    swapaxes,
    take,
    take_along_axis,
    tile,
    transpose,
    tril,
    triu,
)
from .arrays import data, grads, values
from .checkpoint import checkpoint
from .errors import (
    AnomalyError,
    AutogradError,
    GradcheckError,
    GraphError,
    MissingExtra,
    OperandError,
    RenderError,
    ShapeError,
    TraceError,
)
from .functions import clip, where
from .graph import detect_anomaly, no_grad, scope, walk
from .rules import abs as abs  # shadows a builtin, so not in __all__
from .rules import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    ceil,
    cos,
    cosh,
    elu,
    erf,
    erfc,
    exp,
    exp2,
    expm1,
    floor,
    gelu,
    hypot,
    leaky_relu,
    log,
    log1p,
    log2,
    log10,
    log_sigmoid,
    logaddexp,
    maximum,
    minimum,
    primitive,
    reciprocal,
    relu,
    sigmoid,
    sign,
    silu,
    sin,
    sinh,
    softplus,
    sqrt,
    square,
    tan,
    tanh,
)
from .tensor import Tensor
from .transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .value import Value, parameter

if TYPE_CHECKING:
    from .check import gradcheck, gradgradcheck
    from .compiler import compile as compile
    from .doctor import diagnose, diagnose_class, examine
    from .draw import draw, draw_dot
    from .draw.inspect import Film, compare_gradients, inspect

__all__ = [  # noqa: RUF022, by the alphabet
    "AnomalyError", "AutogradError", "Film", "GradcheckError", "GraphError", "MissingExtra", "OperandError",
    "RenderError", "ShapeError", "Tensor", "TraceError", "Value", "arccos", "arccosh", "arcsin", "arcsinh",
    "arctan", "arctan2", "arctanh", "average", "broadcast_to", "ceil", "checkpoint", "clip", "compare_gradients",
    "compiled", "concatenate", "cos", "cosh", "cumsum", "data", "detect_anomaly", "diagnose", "diagnose_class",
    "diagonal", "diff", "dot", "draw", "draw_dot", "einsum", "elu", "erf", "erfc", "examine", "exp", "exp2",
    "expand_dims", "expm1", "flip", "floor", "gelu", "grad", "gradcheck", "gradgradcheck", "grads", "hessian",
    "hvp", "hypot", "inner", "inspect", "jacobian", "jvp", "leaky_relu", "log", "log10", "log1p", "log2",
    "log_sigmoid", "log_softmax", "logaddexp", "logsumexp", "matmul", "maximum", "mean", "minimum", "moveaxis",
    "no_grad", "norm", "outer", "pad", "parameter", "primitive", "prod", "ravel", "reciprocal", "relu", "repeat",
    "reshape", "roll", "scope", "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softplus", "sort", "split",
    "sqrt", "square", "squeeze", "stack", "std", "swapaxes", "take", "take_along_axis", "tan", "tanh", "tensordot",
    "tile", "trace", "transpose", "tril", "triu", "value_and_grad", "values", "var", "vjp", "walk", "where",
]  # fmt: skip

_LATER = {
    "draw": "draw",
    "draw_dot": "draw",
    "inspect": "draw.inspect",
    "compare_gradients": "draw.inspect",
    "Film": "draw.inspect",
    "gradcheck": "check",
    "gradgradcheck": "check",
    "compile": "compiler",
    "diagnose": "doctor",
    "diagnose_class": "doctor",
    "examine": "doctor",
}
"""Names whose rooms are opened at first use, so that `import autograd` costs little more than numpy."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    found = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


compiled: bool = not str(_value.__file__).endswith(".py")
"""Whether the scalar engine runs as machine code made by mypyc (True) or as plain Python (False)."""
