"""The array carrier: `Tensor`, a numpy array that records what is done to it."""

from .tensor import Tensor, _unpickled  # pickles of version 0.1 name them here

__all__ = ["Tensor"]
