"""The operators and elementwise methods that array carriers share, one line for each row of the table.

A carrier gives `_apply(rule, operands)` and inherits everything else. (`Value` has methods of its own, written out in
floats for speed.)
"""

from __future__ import annotations

from typing import Any

from ..carrier import check_modulo
from ..core import table
from ..core.rule import Rule


class Operators:
    """What can be done to a Tensor, or to a number that a compiler traces."""

    __slots__ = ()

    @staticmethod
    def _apply(rule: Rule, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    # fmt: off
    # generated: one method for each row of the table

    def __add__(self, other: Any) -> Any:
        """Return the sum x + y."""
        return self._apply(table.add, (self, other))

    def __radd__(self, other: Any) -> Any:
        return self._apply(table.add, (other, self))

    def __sub__(self, other: Any) -> Any:
        """Return the difference x - y."""
        return self._apply(table.subtract, (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self._apply(table.subtract, (other, self))

    def __mul__(self, other: Any) -> Any:
        """Return the product x * y."""
        return self._apply(table.multiply, (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self._apply(table.multiply, (other, self))

    def __truediv__(self, other: Any) -> Any:
        """Return the quotient x / y; by zero it is infinite or NaN, as IEEE 754 says."""
        return self._apply(table.divide, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self._apply(table.divide, (other, self))

    def __neg__(self) -> Any:
        """Return minus x."""
        return self._apply(table.negative, (self,))

    def abs(self) -> Any:
        """Return the distance of x from 0; its slope there is 0."""
        return self._apply(table.abs, (self,))

    def __abs__(self) -> Any:
        return self.abs()

    def __pow__(self, other: Any, modulo: Any = None) -> Any:
        """Return x to the power y; NaN, never complex, for x < 0."""
        check_modulo(modulo)
        return self._apply(table.power, (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self._apply(table.power, (other, self))

    def reciprocal(self) -> Any:
        """Return one over x."""
        return self._apply(table.reciprocal, (self,))

    def cbrt(self) -> Any:
        """Return the cube root."""
        return self._apply(table.cbrt, (self,))

    def square(self) -> Any:
        """Return x times x."""
        return self._apply(table.square, (self,))

    def sqrt(self) -> Any:
        """Return the square root; NaN, never complex, below 0."""
        return self._apply(table.sqrt, (self,))

    def hypot(self, other: Any) -> Any:
        """Return sqrt(x*x + y*y), without overflow."""
        return self._apply(table.hypot, (self, other))

    def exp(self) -> Any:
        """Return e to the power x."""
        return self._apply(table.exp, (self,))

    def exp2(self) -> Any:
        """Return 2 to the power x."""
        return self._apply(table.exp2, (self,))

    def expm1(self) -> Any:
        """Return exp(x) - 1, exact near 0."""
        return self._apply(table.expm1, (self,))

    def log(self) -> Any:
        """Return the natural logarithm."""
        return self._apply(table.log, (self,))

    def log2(self) -> Any:
        """Return the logarithm to base 2."""
        return self._apply(table.log2, (self,))

    def log10(self) -> Any:
        """Return the logarithm to base 10."""
        return self._apply(table.log10, (self,))

    def log1p(self) -> Any:
        """Return log(1 + x), exact near 0."""
        return self._apply(table.log1p, (self,))

    def logaddexp(self, other: Any) -> Any:
        """Return log(exp(x) + exp(y)), without overflow."""
        return self._apply(table.logaddexp, (self, other))

    def logaddexp2(self, other: Any) -> Any:
        """Return log2(2**x + 2**y), without overflow."""
        return self._apply(table.logaddexp2, (self, other))

    def sin(self) -> Any:
        """Return the sine, x in radians."""
        return self._apply(table.sin, (self,))

    def cos(self) -> Any:
        """Return the cosine, x in radians."""
        return self._apply(table.cos, (self,))

    def tan(self) -> Any:
        """Return the tangent, x in radians."""
        return self._apply(table.tan, (self,))

    def arcsin(self) -> Any:
        """Return the angle in radians whose sine is x."""
        return self._apply(table.arcsin, (self,))

    def arccos(self) -> Any:
        """Return the angle in radians whose cosine is x."""
        return self._apply(table.arccos, (self,))

    def arctan(self) -> Any:
        """Return the angle in radians whose tangent is x."""
        return self._apply(table.arctan, (self,))

    def arctan2(self, other: Any) -> Any:
        """Return the angle in radians of the point with height x and abscissa y."""
        return self._apply(table.arctan2, (self, other))

    def sinh(self) -> Any:
        """Return the hyperbolic sine."""
        return self._apply(table.sinh, (self,))

    def cosh(self) -> Any:
        """Return the hyperbolic cosine."""
        return self._apply(table.cosh, (self,))

    def tanh(self) -> Any:
        """Return the hyperbolic tangent."""
        return self._apply(table.tanh, (self,))

    def arcsinh(self) -> Any:
        """Return the inverse of sinh."""
        return self._apply(table.arcsinh, (self,))

    def arccosh(self) -> Any:
        """Return the inverse of cosh."""
        return self._apply(table.arccosh, (self,))

    def arctanh(self) -> Any:
        """Return the inverse of tanh."""
        return self._apply(table.arctanh, (self,))

    def erf(self) -> Any:
        """Return the error function."""
        return self._apply(table.erf, (self,))

    def erfc(self) -> Any:
        """Return 1 - erf(x), exact far out."""
        return self._apply(table.erfc, (self,))

    def sigmoid(self) -> Any:
        """Return 1 / (1 + exp(-x)), the logistic function."""
        return self._apply(table.sigmoid, (self,))

    def log_sigmoid(self) -> Any:
        """Return log(sigmoid(x)), exact far out."""
        return self._apply(table.log_sigmoid, (self,))

    def softplus(self) -> Any:
        """Return log(1 + exp(x)), without overflow."""
        return self._apply(table.softplus, (self,))

    def relu(self) -> Any:
        """Return x where it is positive, else 0; its slope at 0 is 0."""
        return self._apply(table.relu, (self,))

    def leaky_relu(self, other: Any = 0.01) -> Any:
        """Return x where it is positive, else y * x with a small slope y."""
        return self._apply(table.leaky_relu, (self, other))

    def elu(self, other: Any = 1.0) -> Any:
        """Return x where it is positive, else y * (exp(x) - 1)."""
        return self._apply(table.elu, (self, other))

    def gelu(self) -> Any:
        """Return x times the probability that a standard normal number is below x."""
        return self._apply(table.gelu, (self,))

    def silu(self) -> Any:
        """Return x * sigmoid(x), also called swish."""
        return self._apply(table.silu, (self,))

    def maximum(self, other: Any) -> Any:
        """Return the larger of x and y; NaN if either is."""
        return self._apply(table.maximum, (self, other))

    def minimum(self, other: Any) -> Any:
        """Return the smaller of x and y; NaN if either is."""
        return self._apply(table.minimum, (self, other))

    def sign(self) -> Any:
        """Return -1, 0 or 1; its slope is 0 everywhere."""
        return self._apply(table.sign, (self,))

    def floor(self) -> Any:
        """Return the largest whole number not above x; its slope is 0."""
        return self._apply(table.floor, (self,))

    def ceil(self) -> Any:
        """Return the smallest whole number not below x; its slope is 0."""
        return self._apply(table.ceil, (self,))

    def fmod(self, other: Any) -> Any:
        """Return what is left of x after whole y's are taken away; it has the sign of x, as in C."""
        return self._apply(table.fmod, (self, other))

    def __floordiv__(self, other: Any) -> Any:
        """Return x // y, the quotient rounded down; its slope is 0."""
        return self._apply(table.floor_divide, (self, other))

    def __rfloordiv__(self, other: Any) -> Any:
        return self._apply(table.floor_divide, (other, self))

    def __mod__(self, other: Any) -> Any:
        """Return x % y, what is left after whole y's are taken away; it has the sign of y, as in Python."""
        return self._apply(table.remainder, (self, other))

    def __rmod__(self, other: Any) -> Any:
        return self._apply(table.remainder, (other, self))

    def identity(self) -> Any:
        """Return x itself, as a node of its own."""
        return self._apply(table.identity, (self,))

    # end of generated
    # fmt: on
