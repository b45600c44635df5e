"""The scalar carrier: `Value`, and numpy arrays of Values.

Importing it puts a callback into `gc.callbacks`, and a method into numpy's MaskedArray and matrix.
"""

from .collector import THROTTLE
from .hooks import install
from .sums import Chain
from .value import Result, Value, _unpickled  # pickles of version 0.1 name them here

for _class in (Result, Chain):  # what an operation made is a Value for whoever looks
    _class.__name__ = _class.__qualname__ = "Value"
install()

__all__ = ["THROTTLE", "Value"]
