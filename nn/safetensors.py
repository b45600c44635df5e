"""The safetensors file format, in which PyTorch models are exchanged: a small reader and writer of our own.

A file is the length of a header (8 bytes, little-endian), the header (JSON: for each name the dtype, the shape, and
where its bytes begin and end) and the bytes of all arrays, end to end. Nothing in it can run. A header is believed
only when every byte of the file is accounted for once.
"""

from __future__ import annotations

import json
import math
from typing import Any, BinaryIO, Final

import numpy as np

from .errors import StateError

Arrays = dict[str, np.ndarray[Any, Any]]

DTYPES: Final = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip
"""The names of the types that numpy has; BF16, which it has not, is read as float32."""
NAMES: Final = {np.dtype(code).newbyteorder("=").str[1:]: name for name, code in DTYPES.items()}
LONGEST: Final = 100_000_000
"""No header is longer, says the format: a length is checked before anything of that length is read."""


def write(file: BinaryIO, arrays: Arrays) -> None:
    """Write arrays by name. The same arrays give the same bytes.

    Raises:
        StateError: an array is of a type that the format has not.
    """
    header: dict[str, Any] = {}
    parts: list[bytes] = []
    begin = 0
    for name, array in arrays.items():
        kind = NAMES.get(array.dtype.newbyteorder("=").str[1:])
        if kind is None or name == "__metadata__":
            raise StateError(f"a safetensors file has no place for {name!r} of dtype {array.dtype}; save it as .npz")
        parts.append(array.astype(DTYPES[kind], copy=False).tobytes())  # in C order, whatever the order here
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [begin, begin + len(parts[-1])]}
        begin += len(parts[-1])
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the numbers begin at a multiple of 8
    file.write(len(text).to_bytes(8, "little") + text)
    for part in parts:
        file.write(part)


def read(file: BinaryIO) -> Arrays:
    """The arrays of a file by name.

    Raises:
        ValueError: it is not in this format, or damaged.
    """
    content = file.read()
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > min(LONGEST, len(content) - 8):
        raise ValueError("the header is longer than the file")
    header = json.loads(content[8 : 8 + length].decode(), object_pairs_hook=_without_repeats)
    if not isinstance(header, dict):
        raise ValueError("the header is no table of names")
    header.pop("__metadata__", None)
    body = memoryview(content)[8 + length :]
    arrays: Arrays = {}
    end = 0
    for name, (kind, shape, begin, after) in sorted(map(_entry, header.items()), key=lambda entry: entry[1][2:]):
        if begin != end:
            raise ValueError(f"the bytes of {name} begin at {begin}, those before them end at {end}")
        arrays[name], end = _array(name, kind, shape, body[begin:after]), after
    if end != len(body):
        raise ValueError(f"the arrays end at {end}, the file at {len(body)}")
    return {name: arrays[name] for name in header}


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice in the header")
    return table


def _entry(item: tuple[str, Any]) -> tuple[str, tuple[str, list[int], int, int]]:
    """One line of the header, checked: the name, and the type, shape, begin and end."""
    name, told = item
    if not isinstance(told, dict) or set(told) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} does not say dtype, shape and data_offsets")
    kind, shape, offsets = told["dtype"], told["shape"], told["data_offsets"]
    numbers = [*shape, *offsets] if isinstance(shape, list) and isinstance(offsets, list) else [None]
    if any(type(number) is not int or number < 0 for number in numbers) or len(offsets) != 2:
        raise ValueError(f"{name} has a shape or offsets that are no whole numbers")
    return name, (str(kind), shape, offsets[0], offsets[1])


def _array(name: str, kind: str, shape: list[int], part: memoryview) -> np.ndarray[Any, Any]:
    stored = np.dtype("<u2" if kind == "BF16" else DTYPES.get(kind, "V0"))
    if not stored.itemsize:
        raise ValueError(f"{name} is of a type that numpy has not, {kind}")
    if len(part) != math.prod(shape) * stored.itemsize:
        raise ValueError(f"{name} has {len(part)} bytes, which are not {shape} numbers of type {kind}")
    array = np.frombuffer(part, stored)
    if kind == "BF16":
        array = (array.astype(np.uint32) << 16).view(np.float32)  # the upper half of a float32
    return array.astype(array.dtype.newbyteorder("=")).reshape(shape)
