"""Saving what was learned: the numbers of a state, by name, in a `.npz` or a `.safetensors` file.

Never pickle, so a file cannot run code; how a safetensors file is laid out is in `safetensors.py`.

A file is written beside the old one and takes its place in one step: an interruption leaves the old or the new, never
half of one.
"""

from __future__ import annotations

import os
import secrets
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from . import safetensors
from .errors import StateError


def save(what: Any, path: str | os.PathLike[str]) -> None:
    """Write the state of a module, an optimiser or a schedule to a file, or a dict of numbers and arrays.

    Args:
        what: something with `state_dict()`, or such a dict.
        path: the file. One that ends in `.safetensors` is written in that format, which PyTorch users exchange models
            in; any other as `.npz`, the usual ending; none is added.

    Raises:
        StateError: it holds something that is no number.
        OSError: the file cannot be written.

    >>> from nn import Linear
    >>> model = Linear(2, 1, seed=0)
    >>> save(model, "model.safetensors")
    >>> sorted(load("model.safetensors"))
    ['bias', 'weight']
    """
    state = what if isinstance(what, Mapping) else _state_of(what)
    arrays = {name: np.asarray(number) for name, number in state.items()}
    for name, array in arrays.items():
        if not isinstance(name, str) or array.dtype.kind not in "biuf":
            remedy = "; write its .data" if hasattr(state[name], "backward") else ""
            raise StateError(f"save() writes numbers by name, got {name!r}: {type(state[name]).__name__}{remedy}")
    target = os.path.realpath(path)
    beside = f"{target}.{secrets.token_hex(4)}.tmp"  # in the same folder: only then can it be renamed in one step
    try:
        with open(beside, "xb") as file:
            (safetensors.write if target.endswith(".safetensors") else _write)(file, arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


def load(path: str | os.PathLike[str], into: Any = None) -> dict[str, Any]:
    """Read a file that `save` wrote, or another safetensors file: numbers by name, floats and arrays.

    Args:
        path: the file; which format it is in is seen from its first bytes.
        into: something with `load_state_dict()`, such as a module, that is given them.

    Raises:
        FileNotFoundError: there is no such file.
        StateError: it is damaged, holds something else, or does not fit.

    >>> from nn import Linear
    >>> save({"weight": np.ones((1, 2)), "bias": np.zeros(1)}, "model.npz")
    >>> model = Linear(2, 1)
    >>> state = load("model.npz", into=model)
    >>> model([3.0, 4.0])
    Tensor([7.])
    """
    if hasattr(path, "load_state_dict"):
        raise StateError(f"load() takes the path first, got {type(path).__name__}; write load(path, into=model)")
    with open(path, "rb") as file:
        try:
            start = file.read(9)
            file.seek(0)
            # The header of a safetensors file opens after eight bytes; a zip archive has a small number there.
            arrays = safetensors.read(file) if start[8:] == b"{" else _read(file)
        except _DAMAGED as error:
            reason = str(error) or type(error).__name__
            raise StateError(
                f"{os.fspath(path)} holds no saved state, or is damaged ({reason}); load() reads what nn.save() wrote, "
                "a .npz or .safetensors file of numbers"
            ) from error
    state = {name: float(array) if array.ndim == 0 else array for name, array in arrays.items()}
    if into is not None:
        into.load_state_dict(state)
    return state


def _state_of(what: Any) -> Mapping[str, Any]:
    if not hasattr(what, "state_dict"):
        raise StateError(f"save() takes a module, an optimiser or a dict of numbers, got {type(what).__name__}")
    state: Mapping[str, Any] = what.state_dict()
    return state


def _write(file: Any, arrays: dict[str, Any]) -> None:
    """As np.savez does, but for any names ("file" is one that it cannot take) and with the same bytes every time."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


_DAMAGED = (
    ValueError, TypeError, KeyError, OSError, EOFError, RuntimeError, SyntaxError, MemoryError, OverflowError,
    struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy, zipfile and json raise for a file that is none of theirs, or damaged, or made to do harm."""


def _read(file: Any) -> dict[str, Any]:
    archive = np.load(file, allow_pickle=False)
    if not isinstance(archive, np.lib.npyio.NpzFile):
        raise ValueError("a single array without a name")
    state = {}
    for name in archive.files:
        array = archive[name]
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise ValueError(f"{name} is no array of numbers")
        state[name] = array
    return state
