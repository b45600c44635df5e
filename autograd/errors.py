"""The errors of this library, each under the built-in that people already catch.

Every message says what was given, what was expected, and what to write instead.
"""

from __future__ import annotations


class AutogradError(Exception):
    """Base of every error raised on purpose by `autograd` and `nn`.

    >>> from autograd import AutogradError, Value
    >>> try:
    ...     Value("3")
    ... except AutogradError as error:
    ...     print(error)
    a Value must be a real number, got str '3'; convert it first: float(text)
    """


class OperandError(AutogradError, TypeError):
    """Something that is not a number was used as one.

    >>> from autograd import Value
    >>> Value([1.0, 2.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.OperandError: a Value must be a real number, got list [1.0, 2.0]; ...
    """


class ShapeError(AutogradError, ValueError):
    """Numbers, lists or arrays of the wrong length or shape.

    >>> from autograd import Tensor
    >>> Tensor([1.0, 2.0]).item()
    Traceback (most recent call last):
    autograd.errors.ShapeError: item() reads the one number of a Tensor, this one has shape (2,); use .data
    """


class GraphError(AutogradError, RuntimeError):
    """The recorded graph cannot do what was asked of it.

    >>> from autograd import Value
    >>> y = Value(2.0) * 3
    >>> y.data = 1.0  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.GraphError: the number of a result (multiply) follows from its operands: ...
    """


class TraceError(GraphError):
    """A function cannot be compiled as it is written: it branches on, or reads, a number that is only recorded.

    >>> from autograd import Value, compile
    >>> compile(lambda x: x if x > 0 else 2 * x, [Value(1.0)])([1.0])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.TraceError: ...
    """


class AnomalyError(AutogradError, FloatingPointError):
    """A NaN or an infinity appeared while `detect_anomaly()` was on.

    >>> from autograd import Value, detect_anomaly
    >>> with detect_anomaly():  # doctest: +ELLIPSIS
    ...     Value(0.0).log()
    Traceback (most recent call last):
    autograd.errors.AnomalyError: log(0.0) gave -inf at ...
    """


class GradcheckError(AutogradError, AssertionError):
    """A derivative does not agree with its numerical check.

    >>> from autograd import gradcheck, primitive
    >>> wrong = primitive(lambda x: x)(lambda x: x * x)  # the derivative is 2 * x
    >>> gradcheck(wrong, 3.0)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.GradcheckError: ...
    """


class MissingExtra(AutogradError, ImportError):
    """An optional package is not installed; the message names the extra that brings it.

    >>> from unittest.mock import patch
    >>> from autograd import MissingExtra, Value, compile
    >>> with patch.dict("sys.modules", {"llvmlite": None}):  # as where it is not installed
    ...     try:
    ...         compile(lambda x: x * x, [Value(1.0)], engine="llvm")([1.0])
    ...     except MissingExtra as error:
    ...         print("glassgrad[fast]" in str(error))
    True
    """


class RenderError(AutogradError, RuntimeError):
    """A picture could not be rendered; the message names what to install or to call instead.

    >>> from autograd import RenderError, Value, draw
    >>> try:
    ...     draw(Value(1.0) * 2).pipe(format="nonsense")
    ... except (RenderError, ValueError) as error:
    ...     print("nonsense" in str(error))
    True
    """


class GraphWarning(UserWarning):
    """A recorded number became a plain float, where its derivative may be lost, or a graph grows with every step.

    The message names the line.

    >>> import warnings
    >>> from autograd import GraphWarning
    >>> warnings.simplefilter("error", GraphWarning)  # make every one an error
    >>> warnings.resetwarnings()
    """


def asked_of_core(name: str) -> None:
    """What `autograd.core` lacks. HIPS autograd's __init__, when it lies over ours, asks for a core of its own."""
    if name.startswith(("primitive_with", "make_")):
        from glassgrad.neighbour import check

        check()
    raise AttributeError(f"module 'autograd.core' has no attribute {name!r}")
