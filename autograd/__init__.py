"""glassgrad: a tiny autograd engine you can see through. The public names, and nothing else.

>>> from autograd import Value
>>> x = Value(3.0)
>>> (x * x).backward()
>>> x.grad
6.0
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from .core.node import walk
from .core.table import abs as abs  # shadows a builtin, so not in __all__
from .errors import (
    AnomalyError,
    AutogradError,
    GradcheckError,
    GraphError,
    GraphWarning,
    MissingExtra,
    OperandError,
    RenderError,
    ShapeError,
    TraceError,
)
from .numbers.functions import clip, where
from .switches import detect_anomaly, no_grad, scope
from .tensor.functions import (
    average,
    cumsum,
    diff,
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
from .tensor.functions import max as max
from .tensor.functions import min as min
from .tensor.functions import sum as sum
from .tensor.shapes import (
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
from .tensor.tensor import Tensor
from .transforms.checkpoint import checkpoint
from .transforms.derivatives import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from .transforms.primitive import primitive
from . import absent as _absent
from .value import value as _value
from .value.arrays import data, grads, values
from .value.products import dot
from .value.value import Value, parameter

# fmt: off
# generated: the rows of the table
from .core.table import (
    reciprocal, cbrt, square, sqrt, hypot, exp, exp2, expm1, log, log2, log10, log1p, logaddexp, logaddexp2, sin, cos,
    tan, arcsin, arccos, arctan, arctan2, sinh, cosh, tanh, arcsinh, arccosh, arctanh, erf, erfc, sigmoid, log_sigmoid,
    softplus, relu, leaky_relu, elu, gelu, silu, maximum, minimum, sign, floor, ceil, fmod,
)
# end of generated
# fmt: on

if TYPE_CHECKING:
    __version__: str
    from .compiler import compile as compile
    from .doctor import diagnose, diagnose_class, examine
    from .drawing import draw, draw_dot
    from .drawing.page import Film, Playground, compare_gradients, inspect
    from .transforms.check import gradcheck, gradgradcheck

__all__ = [
    "AnomalyError", "AutogradError", "Film", "GradcheckError", "GraphError", "GraphWarning", "MissingExtra",
    "OperandError", "Playground", "RenderError", "ShapeError", "Tensor", "TraceError", "Value", "average",
    "broadcast_to", "checkpoint", "clip", "compare_gradients", "compile", "compiled", "concatenate", "cumsum", "data",
    "detect_anomaly", "diagnose", "diagnose_class", "diagonal", "diff", "dot", "draw", "draw_dot", "einsum",
    "examine", "expand_dims", "flip", "grad", "gradcheck", "gradgradcheck", "grads", "hessian", "hvp", "inner",
    "inspect", "jacobian", "jvp", "log_softmax", "logsumexp", "matmul", "mean", "moveaxis", "no_grad", "norm",
    "outer", "pad", "parameter", "primitive", "prod", "ravel", "repeat", "reshape", "roll", "scope", "softmax",
    "sort", "split", "squeeze", "stack", "std", "swapaxes", "take", "take_along_axis", "tensordot", "tile", "trace",
    "transpose", "tril", "triu", "value_and_grad", "values", "var", "vjp", "walk", "where",
]  # fmt: skip
# fmt: off
# generated: their names
__all__ += [  # noqa: RUF022, in the order of the table
    "reciprocal", "cbrt", "square", "sqrt", "hypot", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p",
    "logaddexp", "logaddexp2", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "sinh", "cosh", "tanh",
    "arcsinh", "arccosh", "arctanh", "erf", "erfc", "sigmoid", "log_sigmoid", "softplus", "relu", "leaky_relu", "elu",
    "gelu", "silu", "maximum", "minimum", "sign", "floor", "ceil", "fmod",
]
# end of generated
# fmt: on

_LATER = {
    "draw": "drawing",
    "draw_dot": "drawing",
    "inspect": "drawing.page",
    "compare_gradients": "drawing.page",
    "Film": "drawing.page",
    "Playground": "drawing.page",
    "gradcheck": "transforms.check",
    "gradgradcheck": "transforms.check",
    "compile": "compiler",
    "diagnose": "doctor",
    "diagnose_class": "doctor",
    "examine": "doctor",
}
"""Names whose rooms are opened at first use, so that `import autograd` costs little more than numpy."""


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from glassgrad.neighbour import installed

        return installed("glassgrad") or "unknown"  # a source tree that was not installed
    if name not in _LATER:
        raise AttributeError(f"module 'autograd' has no attribute {name!r}")
    found = getattr(importlib.import_module(f".{_LATER[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*__all__, *_LATER, "abs"})


compiled: bool = not str(_value.__file__).endswith(".py")
"""Whether the scalar engine runs as machine code made by mypyc (True) or as plain Python (False)."""
if compiled:
    _absent.hide_setup()

if os.path.exists(os.path.join(__path__[0], "tracer.py")):  # a file of HIPS autograd, which calls itself `autograd` too
    from glassgrad.neighbour import warn

    warn(__path__[0])
