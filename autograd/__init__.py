"""glassgrad: a tiny autograd engine you can see through. The public names, and nothing else.

>>> from autograd import Value
>>> x = Value(3.0)
>>> (x * x).backward()
>>> x.grad
6.0
"""

from typing import Any

from . import value as _value
from .arrays import data, grads, values
from .errors import (
    AnomalyError,
    AutogradError,
    GradcheckError,
    GraphError,
    MissingExtra,
    OperandError,
    RenderError,
    ShapeError,
)
from .functions import where
from .graph import detect_anomaly, no_grad, scope, walk
from .rules import (
    abs,
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
from .value import Value, parameter

compiled: bool = not str(_value.__file__).endswith(".py")
"""Whether the scalar engine runs as machine code made by mypyc (True) or as plain Python (False)."""
