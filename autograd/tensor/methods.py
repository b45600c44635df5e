"""What a Tensor can do beyond elementwise arithmetic: numpy's methods, each one line to the function of that name.

The functions are in `array_functions.py` and `array_shapes.py`; what a Tensor is and how it records, in `tensor.py`.
"""

from __future__ import annotations

from typing import Any

from . import functions as compute
from . import rules as rows
from . import shapes
from .shapes import Axis


class ArrayMethods:
    """The methods of an array, for a carrier that records them."""

    __slots__ = ()

    # reductions

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The sum along the axes, of everything where none is named."""
        return rows.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The mean along the axes."""
        return compute.mean(self, axis, keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The largest along the axes; where several are, they share the derivative."""
        return rows.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The smallest along the axes; where several are, they share the derivative."""
        return rows.min(self, axis=axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """The product along the axes."""
        return rows.prod(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
        """The mean square distance from the mean; the sum of squares is divided by n - ddof."""
        return compute.var(self, axis, ddof, keepdims)

    def std(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
        """The square root of the variance."""
        return compute.std(self, axis, ddof, keepdims)

    def norm(self, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
        """The length of vectors along an axis; Euclidean, unless `ord` says otherwise."""
        return compute.norm(self, ord, axis, keepdims)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Any:
        """log(sum(exp(x))) along the axes, without overflow."""
        return rows.logsumexp(self, axis=axis, keepdims=keepdims)

    def softmax(self, axis: Axis = -1) -> Any:
        """exp(x) / sum(exp(x)) along an axis, without overflow."""
        return compute.softmax(self, axis)

    def log_softmax(self, axis: Axis = -1) -> Any:
        """The logarithm of softmax along an axis, exact far out."""
        return compute.log_softmax(self, axis)

    def cumsum(self, axis: int | None = None) -> Any:
        """The sums of the first one, two, three... along an axis."""
        return compute.cumsum(self, axis)

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The sum of a diagonal."""
        return compute.trace(self, offset, axis1, axis2)

    def clip(self, min: Any = None, max: Any = None) -> Any:
        """Between two bounds, either of which may be None."""
        return compute.clip(self, min, max)

    # shapes

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """The same elements in another shape, given as numbers or as one tuple; one may be -1."""
        return shapes.reshape(self, shape[0] if len(shape) == 1 else shape, order)

    def flatten(self, order: str = "C") -> Any:
        """All elements along one axis."""
        return shapes.ravel(self, order)

    def ravel(self, order: str = "C") -> Any:
        """All elements along one axis."""
        return shapes.ravel(self, order)

    def transpose(self, *axes: Any) -> Any:
        """The axes in another order: reversed, or as listed in numbers or one tuple."""
        listed = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return shapes.transpose(self, listed)

    @property
    def T(self) -> Any:  # noqa: N802 - numpy's name
        """The axes reversed: of a matrix, its transpose."""
        return rows.transpose(self)

    @property
    def mT(self) -> Any:  # noqa: N802 - numpy's name
        """The last two axes exchanged."""
        return shapes.matrix_transpose(self)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged."""
        return shapes.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Any:
        """Without the axes of length 1."""
        return shapes.squeeze(self, axis)

    def expand_dims(self, axis: int | tuple[int, ...]) -> Any:
        """With a new axis of length 1 at each place named."""
        return shapes.expand_dims(self, axis)

    def broadcast_to(self, shape: Any) -> Any:
        """Repeated along new axes and axes of length 1 until it has the shape."""
        return shapes.broadcast_to(self, shape)

    def astype(self, dtype: Any) -> Any:
        """In another float dtype."""
        return shapes.astype(self, dtype)

    # elements

    def __pos__(self) -> Any:
        return self

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __getitem__(self, index: Any) -> Any:
        """Elements by any index numpy knows; one taken twice receives both derivatives."""
        return rows.getitem(self, index=shapes.plain_index(index))

    def take(self, indices: Any, axis: int | None = None) -> Any:
        """The elements, or along an axis the slices, with these numbers."""
        return shapes.take(self, indices, axis)

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Every element so many times."""
        return shapes.repeat(self, repeats, axis)

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The elements on a diagonal."""
        return shapes.diagonal(self, offset, axis1, axis2)

    # products

    def __matmul__(self, other: Any) -> Any:
        """The product of matrices x @ y."""
        return rows.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return rows.matmul(other, self)

    def dot(self, other: Any) -> Any:
        """The sum of products over the last axis of this and the last but one of the other."""
        return compute.dot(self, other)
