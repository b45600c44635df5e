"""The engine of machine code: LLVM compiles the text of `module.py` (see `code.py`), and one call runs a whole batch.

The call gets one argument, an array of addresses that is prepared once, so it costs a microsecond. The batch is cut
into chunks whose sums are added in a fixed order: however many threads share the chunks, the result is the same.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np

from ...masking import finite
from ...mode import lock
from ..batch import Floats
from ..scalar.plans import EMPTY, Plan
from .body import (
    BEGIN,
    END,
    FRAME_SIZE,
    FRAMES,
    INPUTS,
    KNOWN,
    OUT,
    PARTIALS,
    SIZE,
    SOUND,
    THETA,
    TOTALS,
    UNIFORM,
    VECTOR,
)
from .body import N as COUNT
from .code import Code, lanes

CHUNK: Final = 1024  # samples; more of them where the batch is so long that there would be more than 64 chunks
MOST_CHUNKS: Final = 64


class LlvmKernel:
    """A plan as machine code. One thread at a time runs it; it may itself use several."""

    engine = "llvm"

    def __init__(self, code: Code, plan: Plan, single: bool = False, threads: int = 1) -> None:
        self._code = code
        self._lanes = 1 if single else lanes()
        self._run = self._function("run", 0)
        self._loops = code.loops
        self._threads = threads if self._loops else 1
        if self._threads > 1:
            self._prologue, self._epilogue = self._function("prologue", 0), self._function("epilogue", 0)
            self._chunks = self._function("chunks", 2)
            self._pool, self._process = ThreadPoolExecutor(self._threads, "glassgrad"), os.getpid()
        self._batched, self._scaled = plan.batched, plan.program.reduction == "mean"
        self._sums, self._frame = code.sums, code.frame
        self._lock = lock()
        self._n = -1
        self._state = (ctypes.c_int64 * (INPUTS + len(plan.leaves)))()
        self._address = ctypes.addressof(self._state)
        self._scale = ctypes.c_double.from_buffer(self._state, 8 * BEGIN)
        self._sound = ctypes.c_double.from_buffer(self._state, 8 * SOUND)
        self._theta, self._known, self._vector = (aligned(count) for count in plan.numbers)
        self._uniform, self._totals = aligned(code.uniforms), aligned(self._sums)
        self._out = aligned(code.room)  # what lies behind the outputs stays 0
        self._gradient = self._out[1 : code.outputs]
        self._partials, self._frames = aligned(0), aligned(self._frame * lanes() if single else 0)
        for place, memory in (
            (THETA, self._theta), (KNOWN, self._known), (VECTOR, self._vector), (UNIFORM, self._uniform),
            (TOTALS, self._totals), (OUT, self._out), (FRAMES, self._frames),
        ):  # fmt: skip
            self._state[place] = memory.ctypes.data
        self._outputs = code.outputs
        self._arrays: list[Floats] = []

    def _function(self, name: str, numbers: int) -> Any:
        kinds = [ctypes.c_void_p, *[ctypes.c_int64] * numbers]
        return ctypes.CFUNCTYPE(None, *kinds)(self._code.engine.get_function_address(name))

    def __call__(
        self, theta: Floats, captured: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats, bool]:
        with self._lock:
            if arrays is not self._arrays or n != self._n:
                self._prepare(arrays, n)
            self._take(theta, captured, direction)
            if self._batched:
                out = np.empty((self._outputs, n))
                self._state[OUT] = out.ctypes.data
                self._start()
                return 0.0, out, True
            if self._threads == 1:
                self._run(self._address)
            else:
                self._start()
            return self._out.item(0), self._gradient.copy(), self._sound.value == 0.0

    def _take(self, theta: Floats, captured: Floats, direction: Floats) -> None:
        self._theta[:] = theta
        if captured is not EMPTY:
            self._known[:] = captured
        if direction is not EMPTY:
            self._vector[:] = direction

    def _start(self) -> None:
        if self._threads == 1:
            self._run(self._address)
            return
        if self._process != os.getpid():  # a fork takes no threads along
            self._pool, self._process = ThreadPoolExecutor(self._threads, "glassgrad"), os.getpid()
        self._prologue(self._address)
        chunks = self._state[END]
        share = -(-chunks // self._threads)
        ranges = [(first, min(first + share, chunks)) for first in range(0, chunks, share)]
        list(self._pool.map(lambda each: self._chunks(self._address, *each), ranges))
        self._epilogue(self._address)

    def _prepare(self, arrays: Sequence[Floats], n: int) -> None:
        """Point the state at new arrays, and make room for as many chunks as they need."""
        before, self._n, self._arrays = self._n, -1, []  # should an interrupt come in between
        for k, array in enumerate(arrays):
            self._state[INPUTS + k] = array.ctypes.data
        if n != before:
            self._state[COUNT] = n
            size = max(CHUNK, -(-n // (MOST_CHUNKS * self._lanes)) * self._lanes)
            chunks = -(-n // size)
            self._state[SIZE], self._state[END] = size, chunks
            self._scale.value = 1.0 / n if self._scaled else 1.0
            if self._loops:
                self._partials = aligned(chunks * max(self._sums, 1) * self._lanes)
                self._frames = aligned(max(self._frame * self._lanes, 8) * (chunks if self._threads > 1 else 1))
                self._state[PARTIALS], self._state[FRAMES] = self._partials.ctypes.data, self._frames.ctypes.data
                self._state[FRAME_SIZE] = max(self._frame * self._lanes, 8)
        self._n, self._arrays = n, arrays if isinstance(arrays, list) else list(arrays)


class LlvmRolledKernel(LlvmKernel):
    """A rolled plan as machine code, one sample after the other."""

    def __init__(self, code: Code, plan: Plan) -> None:
        super().__init__(code, plan, single=True)
        self._batch = self._function("batch", 0)
        self._sum = aligned(code.room)

    def sums(
        self, theta: Floats, captured: Floats, direction: Floats, arrays: Sequence[Floats], n: int
    ) -> tuple[float, Floats] | None:
        """What the kernel comes to; None where something is not finite."""
        if n == 1:
            first, others, is_sound = self(theta, captured, direction, arrays, n)
            is_sound = is_sound and math.isfinite(first) and not (self._batched and not finite(others))
            return (first, others) if is_sound else None
        with self._lock:
            self._take(theta, captured, direction)
            self._prepare(arrays, n)
            self._n, self._arrays = -1, []  # the loop moves on what points to them
            out = np.empty((n, self._outputs)) if self._batched else self._out
            self._state[OUT] = out.ctypes.data
            if self._batched:
                self._batch(self._address)
                return (0.0, out.T) if finite(out) else None
            self._sum[:] = 0.0
            self._state[TOTALS] = self._sum.ctypes.data
            self._batch(self._address)
            found = self._sum[: self._outputs] * self._scale.value
            return (found.item(0), found[1:]) if finite(found) else None


def aligned(count: int) -> Floats:
    """Zeros at an address that whole vectors can be read from."""
    memory = np.zeros(count + 8)
    shift = (-memory.ctypes.data // 8) % 8
    return memory[shift : shift + count]
