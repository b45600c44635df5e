"""What runs a printed function of arrays: numpy as it stands, or jax, which can share it among devices."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from ...errors import MissingExtra, OperandError, ShapeError
from ...system.quiet import quietly
from ..executable import executable
from ..text import JAX
from .plans import ArrayPlan
from .source import Printed, write_plan

ENGINES: Final = ("auto", "numpy", "jax")
NO_MESH: Final = "mesh= shares a batch among jax's devices: write engine='jax' beside it"


Part = tuple[slice, tuple[int, ...], Any]
"""Where an array of parameters lies in a flat vector, its shape and its dtype."""


class ArrayKernel(Protocol):
    """A plan that an engine has made ready to run."""

    text: Printed

    def __call__(self, arrays: Sequence[Any]) -> Any:
        """The outputs for the arrays that the printed function takes, its constants excepted."""


def checked(engine: str, mesh: Any) -> str:
    """The name of the engine that will run: "numpy" or "jax".

    Raises:
        OperandError: there is no engine of this name for functions of arrays.
        MissingExtra: jax is not installed.
    """
    if engine not in ENGINES:
        raise OperandError(
            f"the engine of a function of arrays is one of {', '.join(map(repr, ENGINES))}, got {engine!r}"
        )
    if engine == "jax":
        jax_module()
    elif mesh is not None:
        raise OperandError(NO_MESH)
    return "numpy" if engine == "auto" else engine


def make(engine: str, plan: ArrayPlan, mesh: Any) -> ArrayKernel:
    """The plan, ready to run."""
    return JaxKernel(plan, mesh) if engine == "jax" else NumpyArrayKernel(plan)


class NumpyArrayKernel:
    """The printed function itself."""

    def __init__(self, plan: ArrayPlan) -> None:
        self.text = write_plan(plan)
        self._function: Callable[..., Any] = executable(self.text.source, plan.kind, self)

    def __call__(self, arrays: Sequence[Any]) -> Any:
        return quietly(self._function, *arrays, *self.text.constants)


class JaxKernel:
    """The printed function under jax.jit, in the dtypes it was traced with: float64 stays float64.

    With a mesh, the first axis of every argument is split over the first axis of the mesh, and everything else is on
    every device. What has to be added up over the devices is found by jax.
    """

    def __init__(self, plan: ArrayPlan, mesh: Any) -> None:
        jax = jax_module()
        self.text = write_plan(plan, JAX)
        self._function = filled_masks(executable(self.text.source, plan.kind, self), self.text.constants)
        self._constants = [array for array in self.text.constants if array.dtype != bool]
        self._wide = wide_floats()
        self._shardings = {} if mesh is None else _shardings(jax, plan, mesh, len(self._constants))
        self._compiled = jax.jit(self._function, **self._shardings)
        self._flat: Any = None

    def __call__(self, arrays: Sequence[Any]) -> Any:
        with self._wide():
            return self._compiled(*arrays, *self._constants)

    def flat(self, parts: Sequence[Part], vectors: Sequence[Any], arrays: Sequence[Any]) -> Any:
        """The loss and the gradient as one vector, taken apart and put together inside the compiled program."""
        if self._flat is None:
            self._flat = self._made_flat(parts)
        with self._wide():
            return self._flat(*vectors, *arrays, *self._constants)

    def _made_flat(self, parts: Sequence[Part]) -> Any:
        import jax.numpy as jnp

        vectors = 2 if self.text.kind == "hvp" else 1

        def run(*given: Any) -> Any:
            taken = [
                vector[part].reshape(shape).astype(dtype) for vector in given[:vectors] for part, shape, dtype in parts
            ]
            out = self._function(*taken, *given[vectors:])
            if self.text.kind == "value":
                return out
            gradient = out[1] if self.text.kind == "value_and_grad" else out
            packed = jnp.concatenate([jnp.ravel(g).astype(float) for g in gradient])
            return (out[0], packed) if self.text.kind == "value_and_grad" else packed

        shardings = dict(self._shardings)
        if shardings:
            inside = shardings["in_shardings"]
            shardings["in_shardings"] = inside[:vectors] + inside[vectors * len(parts) :]
        return jax_module().jit(run, **shardings)


def filled_masks(function: Callable[..., Any], constants: Sequence[Any]) -> Callable[..., Any]:
    """The function with those of its constants filled in that are masks: jax wants to know them when it compiles."""
    if not any(array.dtype == bool for array in constants):
        return function
    numbers = sum(array.dtype != bool for array in constants)

    def filled(*given: Any) -> Any:
        rest = iter(given[len(given) - numbers :])
        return function(
            *given[: len(given) - numbers], *[array if array.dtype == bool else next(rest) for array in constants]
        )

    return filled


def check_rows(name: str, rows: int, devices: int) -> None:
    """
    Raises:
        ShapeError: the rows do not split evenly over the devices.
    """
    if rows % devices:
        raise ShapeError(
            f"{name} has {rows} rows, which do not split evenly over {devices} devices: "
            "choose a batch size that is a multiple of it"
        )


def _shardings(jax: Any, plan: ArrayPlan, mesh: Any, constants: int) -> dict[str, Any]:
    everywhere = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    split = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec(mesh.axis_names[0]))
    count, program = mesh.shape[mesh.axis_names[0]], plan.program
    given = [everywhere] * (len(plan.parameters) + len(plan.directions) + len(plan.captured))
    for i in plan.arguments:
        shape = program.shapes[i]
        if shape:
            check_rows(program.labels[i], shape[0], count)
        given.append(split if shape else everywhere)
    shardings: dict[str, Any] = {"in_shardings": tuple(given + [everywhere] * constants)}
    if plan.kind != "forward":
        shardings["out_shardings"] = everywhere
    return shardings


def jax_module() -> Any:
    """jax itself.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import jax
    except ImportError as error:
        raise MissingExtra(
            "engine='jax' needs jax: pip install 'glassgrad[jax]', or use engine='numpy'", name="jax"
        ) from error
    return jax


def wide_floats() -> Callable[[], Any]:
    """A context in which jax keeps float64; nothing to do where the user has switched it on for good."""
    jax = jax_module()
    if jax.config.jax_enable_x64:
        return contextlib.nullcontext
    if hasattr(jax, "enable_x64"):
        return lambda: jax.enable_x64(True)
    experimental = importlib.import_module("jax.experimental")
    return lambda: experimental.enable_x64(True)
