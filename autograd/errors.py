"""The errors of this library, each under the built-in that people already catch.

Every message says what was given, what was expected, and what to write instead.
"""

from __future__ import annotations


class AutogradError(Exception):
    """Base of every error raised on purpose by `autograd` and `nn`."""


class OperandError(AutogradError, TypeError):
    """Something that is not a number was used as one."""


class ShapeError(AutogradError, ValueError):
    """Numbers, lists or arrays of the wrong length or shape."""


class GraphError(AutogradError, RuntimeError):
    """The recorded graph cannot do what was asked of it."""


class TraceError(GraphError):
    """A function cannot be compiled as it is written: it branches on, or reads, a number that is only recorded."""


class AnomalyError(AutogradError, FloatingPointError):
    """A NaN or an infinity appeared while `detect_anomaly()` was on."""


class GradcheckError(AutogradError, AssertionError):
    """A derivative does not agree with its numerical check."""


class MissingExtra(AutogradError, ImportError):
    """An optional package is not installed; the message names the extra that brings it."""


class RenderError(AutogradError, RuntimeError):
    """A picture could not be rendered; the message names what to install or to call instead."""


class GraphWarning(UserWarning):
    """A recorded number is used in a way that may lose its derivative."""
