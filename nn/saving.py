"""Saving what was learned: the numbers of a state, by name, in a `.npz` or a `.safetensors` file.

Never pickle, so a file cannot run code; how a safetensors file is laid out is in `safetensors.py`. How a file is
written, so that an interruption leaves the old or the new, is in `autograd/system/files.py`.
"""

from __future__ import annotations

import math
import os
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from autograd.system import files
from autograd.system.arrays import check_array

from . import safetensors
from .errors import StateError
from .state import as_numbers

LONGEST: Final = 65_000
"""How many bytes a name in a zip archive may have (65,535 with the ending)."""


def save(what: Any, path: str | os.PathLike[str]) -> None:
    """Write the state of a module, an optimiser or a schedule to a file, or a dict of numbers and arrays.

    Args:
        what: something with `state_dict()`, or such a dict.
        path: the file. One that ends in `.safetensors` is written in that format, which PyTorch users exchange models
            in; any other as `.npz`, the usual ending; none is added.

    Raises:
        StateError: it holds something that is no number, or two names that a file cannot tell apart.
        OSError: the file cannot be written.

    >>> from nn import Linear
    >>> model = Linear(2, 1, seed=0)
    >>> save(model, "model.safetensors")
    >>> sorted(load("model.safetensors"))
    ['bias', 'weight']
    """
    state = what if isinstance(what, Mapping) else _state_of(what)
    for number in state.values():
        check_array(number)
    arrays = {name: as_numbers(name, number) for name, number in state.items()}
    for name, array in arrays.items():
        if not isinstance(name, str) or array.dtype.kind not in "biuf":
            remedy = "; write its .data" if hasattr(state[name], "backward") else ""
            raise StateError(f"save() writes numbers by name, got {name!r}: {type(state[name]).__name__}{remedy}")
    _check_names(arrays)
    as_tensors = os.fsdecode(path).endswith(".safetensors")
    files.write(path, lambda file: (safetensors.write if as_tensors else _write)(file, arrays))


def _check_names(arrays: Mapping[str, Any]) -> None:
    """In an archive the array `w` is the file `w.npy`."""
    for name in arrays:
        if "\0" in name or len(name.encode(errors="replace")) > LONGEST:
            raise StateError(f"a name holds no NUL and is at most {LONGEST} bytes long, got {name[:40]!r}")
        if name.encode(errors="replace").decode() != name:
            raise StateError(f"a name is text that can be written, got {name!r}, half of a character")
        if name.endswith(".npy") and name[:-4] in arrays:
            raise StateError(f"{name[:-4]!r} and {name!r} would be told apart by nobody: give one of them another name")


def load(path: str | os.PathLike[str], into: Any = None, limit: int | None = None) -> dict[str, Any]:
    """Read a file that `save` wrote, or another safetensors file: numbers by name, floats and arrays.

    Args:
        path: the file; which format it is in is seen from its first bytes.
        into: something with `load_state_dict()`, such as a module, that is given them.
        limit: how many bytes the arrays may take together; by default 16 times the file's own size, but at least
            64 MiB. (A compressed file can hold a thousand times its size.)

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
            arrays = safetensors.read(file) if start[8:] == b"{" else _read(file, limit)
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
    archive = zipfile.ZipFile(file, "w")
    try:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
        archive.close()
    finally:
        archive.fp = None  # after an interrupt it would not let itself be closed, and raise a ValueError instead


_DAMAGED = (
    ValueError, TypeError, KeyError, OSError, EOFError, RuntimeError, SyntaxError, MemoryError, OverflowError,
    struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What numpy, zipfile and json raise for a file that is none of theirs, or damaged, or made to do harm."""


def _read(file: Any, limit: int | None) -> dict[str, Any]:
    if limit is None:
        limit = max(16 * os.fstat(file.fileno()).st_size, 1 << 26)
    if file.read(6) == np.lib.format.MAGIC_PREFIX:
        raise ValueError("a single array without a name")
    file.seek(0)
    state: dict[str, Any] = {}
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename:
                raise ValueError(f"{name} is no array of numbers")
            if name in state:
                raise ValueError(f"{name} is there twice")
            limit -= _size(archive, member, name)
            if limit < 0:
                raise ValueError("its arrays are larger than the limit: load(..., limit=bytes) raises it")
            with archive.open(member) as inside:
                state[name] = np.lib.format.read_array(inside, allow_pickle=False)
    return state


def _size(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> int:
    """How many bytes an array will take, by its header, before any memory is asked for."""
    with archive.open(member) as inside:
        version = np.lib.format.read_magic(inside)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = header(inside)
    if dtype.kind not in "biuf":
        raise ValueError(f"{name} is no array of numbers")
    size = math.prod(shape) * dtype.itemsize
    if size > member.file_size:
        raise ValueError(f"the header of {name} promises more than there is")
    return size
