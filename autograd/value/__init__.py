"""The scalar carrier: `Value`, and numpy arrays of Values. Importing it puts a callback into `gc.callbacks`."""

from .collector import THROTTLE
from .value import Value, _unpickled  # pickles of version 0.1 name them here

__all__ = ["THROTTLE", "Value"]
