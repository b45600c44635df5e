"""The scalar carrier: `Value`, and numpy arrays of Values."""

from .value import Value, _unpickled  # pickles of version 0.1 name them here

__all__ = ["Value"]
