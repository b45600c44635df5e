"""The operators and elementwise methods that array carriers share: one line for each row of `rules.py`.

Generated from the table by `make generate`; change the table, not this file. A carrier gives `_apply(rule, operands)`
and inherits everything else. (`Value` has methods of its own, written out in floats for speed.)
"""

from __future__ import annotations

from typing import Any

from . import rules


class Surface:
    """What can be done to a Tensor, or to a number that a compiler traces."""

    __slots__ = ()

    @staticmethod
    def _apply(rule: rules.Rule, operands: tuple[Any, ...]) -> Any:
        raise NotImplementedError

    def __add__(self, other: Any) -> Any:
        """The sum x + y."""
        return self._apply(rules.add, (self, other))

    def __radd__(self, other: Any) -> Any:
        return self._apply(rules.add, (other, self))

    def __sub__(self, other: Any) -> Any:
        """The difference x - y."""
        return self._apply(rules.subtract, (self, other))

    def __rsub__(self, other: Any) -> Any:
        return self._apply(rules.subtract, (other, self))

    def __mul__(self, other: Any) -> Any:
        """The product x * y."""
        return self._apply(rules.multiply, (self, other))

    def __rmul__(self, other: Any) -> Any:
        return self._apply(rules.multiply, (other, self))

    def __truediv__(self, other: Any) -> Any:
        """The quotient x / y; by zero it is infinite or NaN, as IEEE 754 says."""
        return self._apply(rules.divide, (self, other))

    def __rtruediv__(self, other: Any) -> Any:
        return self._apply(rules.divide, (other, self))

    def __neg__(self) -> Any:
        """Minus x."""
        return self._apply(rules.negative, (self,))

    def abs(self) -> Any:
        """The distance of x from 0."""
        return self._apply(rules.abs, (self,))

    def __abs__(self) -> Any:
        return self.abs()

    def __pow__(self, other: Any) -> Any:
        """X to the power y; NaN, never complex, for x < 0."""
        return self._apply(rules.power, (self, other))

    def __rpow__(self, other: Any) -> Any:
        return self._apply(rules.power, (other, self))

    def reciprocal(self) -> Any:
        """One over x."""
        return self._apply(rules.reciprocal, (self,))

    def square(self) -> Any:
        """X times x."""
        return self._apply(rules.square, (self,))

    def sqrt(self) -> Any:
        """The square root; NaN, never complex, below 0."""
        return self._apply(rules.sqrt, (self,))

    def hypot(self, other: Any) -> Any:
        """Sqrt(x*x + y*y), without overflow."""
        return self._apply(rules.hypot, (self, other))

    def exp(self) -> Any:
        """E to the power x."""
        return self._apply(rules.exp, (self,))

    def exp2(self) -> Any:
        """2 to the power x."""
        return self._apply(rules.exp2, (self,))

    def expm1(self) -> Any:
        """Exp(x) - 1, exact near 0."""
        return self._apply(rules.expm1, (self,))

    def log(self) -> Any:
        """The natural logarithm."""
        return self._apply(rules.log, (self,))

    def log2(self) -> Any:
        """The logarithm to base 2."""
        return self._apply(rules.log2, (self,))

    def log10(self) -> Any:
        """The logarithm to base 10."""
        return self._apply(rules.log10, (self,))

    def log1p(self) -> Any:
        """Log(1 + x), exact near 0."""
        return self._apply(rules.log1p, (self,))

    def logaddexp(self, other: Any) -> Any:
        """Log(exp(x) + exp(y)), without overflow."""
        return self._apply(rules.logaddexp, (self, other))

    def sin(self) -> Any:
        """The sine, x in radians."""
        return self._apply(rules.sin, (self,))

    def cos(self) -> Any:
        """The cosine, x in radians."""
        return self._apply(rules.cos, (self,))

    def tan(self) -> Any:
        """The tangent, x in radians."""
        return self._apply(rules.tan, (self,))

    def arcsin(self) -> Any:
        """The angle in radians whose sine is x."""
        return self._apply(rules.arcsin, (self,))

    def arccos(self) -> Any:
        """The angle in radians whose cosine is x."""
        return self._apply(rules.arccos, (self,))

    def arctan(self) -> Any:
        """The angle in radians whose tangent is x."""
        return self._apply(rules.arctan, (self,))

    def arctan2(self, other: Any) -> Any:
        """The angle in radians of the point with height x and abscissa y."""
        return self._apply(rules.arctan2, (self, other))

    def sinh(self) -> Any:
        """The hyperbolic sine."""
        return self._apply(rules.sinh, (self,))

    def cosh(self) -> Any:
        """The hyperbolic cosine."""
        return self._apply(rules.cosh, (self,))

    def tanh(self) -> Any:
        """The hyperbolic tangent."""
        return self._apply(rules.tanh, (self,))

    def arcsinh(self) -> Any:
        """The inverse of sinh."""
        return self._apply(rules.arcsinh, (self,))

    def arccosh(self) -> Any:
        """The inverse of cosh."""
        return self._apply(rules.arccosh, (self,))

    def arctanh(self) -> Any:
        """The inverse of tanh."""
        return self._apply(rules.arctanh, (self,))

    def erf(self) -> Any:
        """The error function."""
        return self._apply(rules.erf, (self,))

    def erfc(self) -> Any:
        """1 - erf(x), exact far out."""
        return self._apply(rules.erfc, (self,))

    def sigmoid(self) -> Any:
        """1 / (1 + exp(-x)), the logistic function."""
        return self._apply(rules.sigmoid, (self,))

    def log_sigmoid(self) -> Any:
        """Log(sigmoid(x)), exact far out."""
        return self._apply(rules.log_sigmoid, (self,))

    def softplus(self) -> Any:
        """Log(1 + exp(x)), without overflow."""
        return self._apply(rules.softplus, (self,))

    def relu(self) -> Any:
        """X where it is positive, else 0."""
        return self._apply(rules.relu, (self,))

    def leaky_relu(self, other: Any = 0.01) -> Any:
        """X where it is positive, else y * x with a small slope y."""
        return self._apply(rules.leaky_relu, (self, other))

    def elu(self, other: Any = 1.0) -> Any:
        """X where it is positive, else y * (exp(x) - 1)."""
        return self._apply(rules.elu, (self, other))

    def gelu(self) -> Any:
        """X times the probability that a standard normal number is below x."""
        return self._apply(rules.gelu, (self,))

    def silu(self) -> Any:
        """X * sigmoid(x), also called swish."""
        return self._apply(rules.silu, (self,))

    def maximum(self, other: Any) -> Any:
        """The larger of x and y; NaN if either is."""
        return self._apply(rules.maximum, (self, other))

    def minimum(self, other: Any) -> Any:
        """The smaller of x and y; NaN if either is."""
        return self._apply(rules.minimum, (self, other))

    def sign(self) -> Any:
        """-1, 0 or 1; its slope is 0 everywhere."""
        return self._apply(rules.sign, (self,))

    def floor(self) -> Any:
        """The largest whole number not above x; its slope is 0."""
        return self._apply(rules.floor, (self,))

    def ceil(self) -> Any:
        """The smallest whole number not below x; its slope is 0."""
        return self._apply(rules.ceil, (self,))

    def identity(self) -> Any:
        """X itself, as a node of its own."""
        return self._apply(rules.identity, (self,))
