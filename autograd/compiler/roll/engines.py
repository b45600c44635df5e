"""What runs a rolled program: numpy, or jax, which can share the batch among devices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from ctypes import c_bool
from itertools import compress
from typing import Any, Final

import numpy as np

from ...masking import finite
from ..arrays.engines import check_rows, filled_masks, jax_module, wide_floats
from ..batch import Floats
from ..executable import executable
from ..scalar.plans import EMPTY
from ..text import JAX
from .plans import RolledPlan
from .source import write_rolled

CHUNK: Final = 4096  # samples; longer arrays would leave the cache between one line and the next


class RolledKernel:
    """The printed function over arrays, products of matrices written so that samples lie side by side."""

    engine = "numpy"

    def __init__(self, plan: RolledPlan) -> None:
        text = write_rolled(plan, whole=False, columns=True)
        self.source, self._kind, self._averages = text.source, plan.kind, plan.reduction == "mean"
        self._constants, self._needs = text.constants, tuple(count > 0 for count in plan.numbers)
        self._function = executable(text.source, plan.kind, self)

    def __call__(
        self, theta: Floats, captured: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats] | None:
        """As of any kernel; None where something is not finite."""
        given = [*compress((theta, captured, direction), self._needs), *arrays, *self._constants]
        with np.errstate(all="ignore"):  # infinities and NaN are values here, not accidents
            found = self._result(self._function(*given)) if n <= CHUNK else self._in_parts(given, len(arrays), n)
            return found if math.isfinite(found[0]) and finite(found[1]) else None

    def _in_parts(self, given: Sequence[Floats], count: int, n: int) -> tuple[float, Floats]:
        first = sum(self._needs)  # of the arrays, which are `count`
        parts, shares = [], []
        for start in range(0, n, CHUNK):
            rows = [array[start : start + CHUNK] for array in given[first : first + count]]
            parts.append(self._result(self._function(*given[:first], *rows, *self._constants)))
            shares.append(min(CHUNK, n - start) / n if self._averages else 1.0)
        if self._kind == "forward":
            return 0.0, np.concatenate([rows for _, rows in parts], axis=1)
        # The loss of a batch and all its derivatives are means (or sums) over the samples.
        losses, slopes = zip(*parts, strict=True)
        return float(np.dot(shares, losses)), np.dot(shares, slopes)

    def _result(self, found: Any) -> tuple[float, Floats]:
        if self._kind == "value":
            return float(found), EMPTY
        if self._kind == "value_and_grad":
            return float(found[0]), found[1]
        return 0.0, found.T if self._kind == "forward" else found


class JaxRolledKernel:
    """The printed function under jax.jit, in float64.

    With a mesh, the first axis of every array of the batch is split over the first axis of the mesh, and everything
    else is on every device. What has to be added up over the devices is found by jax.
    """

    engine = "jax"

    def __init__(self, plan: RolledPlan, mesh: Any) -> None:
        jax = jax_module()
        text = write_rolled(plan, JAX, whole=False)
        self.source, self._kind, self._wide = text.source, plan.kind, wide_floats()
        with self._wide():  # on the device once, not at every call
            self._constants = [jax.numpy.asarray(array) for array in text.constants if array.dtype != bool]
        self._needs = tuple(count > 0 for count in plan.numbers)
        self._count, self._leaves = 1, plan.leaves
        options: dict[str, Any] = {}
        if mesh is not None:
            everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
            split = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(mesh.axis_names[0]))
            self._count = mesh.shape[mesh.axis_names[0]]
            given = [everywhere] * sum(self._needs) + [split] * len(plan.leaves) + [everywhere] * len(self._constants)
            options = {
                "in_shardings": tuple(given),
                "out_shardings": (split if plan.kind == "forward" else everywhere, everywhere),
            }
        function = filled_masks(executable(text.source, plan.kind, self), text.constants)
        self._function = jax.jit(_with_soundness(function), **options)

    def __call__(
        self, theta: Any, captured: Any, direction: Any, arrays: Sequence[Any], n: int
    ) -> tuple[Any, Any] | None:
        """As of any kernel; None where something is not finite."""
        if self._count > 1 and self._leaves:
            check_rows(self._leaves[0].name, n, self._count)
        with self._wide():
            given = compress((theta, captured, direction), self._needs)
            found, is_sound = self._function(*given, *arrays, *self._constants)
        if not np.asarray(is_sound.block_until_ready()):  # several times as fast as asking jax for the truth value
            return None
        if self._kind == "value_and_grad":
            pair: tuple[Any, Any] = found
            return pair
        if self._kind == "value":
            return found, EMPTY
        return 0.0, found.T if self._kind == "forward" else found

    def on_device(self, arrays: Sequence[Any]) -> Callable[[Any], Any] | None:
        """The function of theta alone, for a batch that stays as it is; None where more than theta may change.

        It gives None where something is not finite. It is for small steps, of which a fifth of the time would be
        Python's; so whether all is finite is read where it lies, if that is this machine's memory.
        """
        if self._count > 1 or self._needs[1] or self._wide is not nullcontext:
            return None
        function, rest = self._function, (*arrays, *self._constants)

        def run(theta: Any) -> Any:
            found, is_sound = function(theta, *rest)
            is_sound.block_until_ready()
            if is_sound.platform() == "cpu":
                try:
                    return found if c_bool.from_address(is_sound.unsafe_buffer_pointer()).value else None
                except (AssertionError, RuntimeError, ValueError):  # it is on several devices
                    pass
            return found if np.asarray(is_sound) else None

        return run


def _with_soundness(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, and whether all that it returns is finite."""
    import jax.numpy as jnp

    def checked(*given: Any) -> Any:
        found = function(*given)
        parts = found if isinstance(found, tuple) else (found,)
        return found, jnp.isfinite(sum(jnp.sum(part) for part in parts))

    return checked
