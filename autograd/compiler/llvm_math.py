"""A math library's functions: for vectors where the platform has them (libmvec of glibc), else one by one."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import platform
from typing import Final

C_NAMES: Final = {
    "power": "pow", "hypot": "hypot", "exp": "exp", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2",
    "log10": "log10", "log1p": "log1p", "sin": "sin", "cos": "cos", "tan": "tan", "arcsin": "asin", "arccos": "acos",
    "arctan": "atan", "arctan2": "atan2", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "arcsinh": "asinh",
    "arccosh": "acosh", "arctanh": "atanh", "erf": "erf", "erfc": "erfc",
}  # fmt: skip
"""The rows of the table that are functions of C's math library, and what C calls them."""

INTRINSICS: Final = {"abs": "llvm.fabs", "sqrt": "llvm.sqrt", "floor": "llvm.floor", "ceil": "llvm.ceil"}
"""The rows that are instructions of most machines."""

PREFIXES: Final = {
    ("x86_64", 8): "_ZGVeN8",
    ("x86_64", 4): "_ZGVdN4",
    ("x86_64", 2): "_ZGVbN2",
    ("aarch64", 2): "_ZGVnN2",
}


@functools.cache
def scalar_address(name: str) -> int:
    """Where the C function of a row is."""
    return _address(_libm(), C_NAMES[name])


@functools.cache
def vector_address(name: str, arity: int, lanes: int) -> int:
    """Where the vector function of a row is; 0 where there is none."""
    prefix = PREFIXES.get((platform.machine(), lanes))
    library = _libmvec()
    if prefix is None or library is None:
        return 0
    try:
        return _address(library, f"{prefix}{'v' * arity}_{C_NAMES[name]}")
    except AttributeError:
        return 0


def _address(library: ctypes.CDLL, name: str) -> int:
    address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    assert address is not None
    return address


@functools.cache
def _libmvec() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libmvec.so.1")
    except OSError:
        return None


@functools.cache
def _libm() -> ctypes.CDLL:
    for name in ("libm.so.6", ctypes.util.find_library("m"), "ucrtbase"):
        if name:
            try:
                return ctypes.CDLL(name)
            except OSError:
                continue
    return ctypes.CDLL(None)
