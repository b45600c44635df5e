"""What a machine has for the rows of the table: instructions, and the functions of C's library.

For vectors there are functions where the platform has them (libmvec of glibc); else they are called one by one.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import platform
from typing import Final

from ...core import table as rules
from ...core.rule import Rule
from ..program import is_row

INSTRUCTIONS: Final = {
    rules.abs: "llvm.fabs", rules.sqrt: "llvm.sqrt", rules.floor: "llvm.floor", rules.ceil: "llvm.ceil",
}  # fmt: skip
"""The rows that are instructions of most machines. Others are functions of C's library, or are put as their formula."""

EXTREMES: Final = {rules.maximum: "ogt", rules.minimum: "olt"}
"""The rows that are a comparison and a choice."""

PREFIXES: Final = {
    ("x86_64", 8): "_ZGVeN8",
    ("x86_64", 4): "_ZGVdN4",
    ("x86_64", 2): "_ZGVbN2",
    ("aarch64", 2): "_ZGVnN2",
}


def is_machine(rule: Rule) -> bool:
    """Whether a row is an operator, an instruction, or a function of C's library."""
    return is_row(rule) and (bool(rule.symbol or rule.c) or rule in INSTRUCTIONS or rule in EXTREMES)


PREFIX: Final = "glassgrad"
"""Of the names that functions of C's library have in machine code: so LLVM takes none for one it knows better."""


def symbol(name: str, arity: int, lanes: int) -> str:
    """The name in machine code of a function of C's library, for numbers or for vectors; "" where there is none."""
    found = lanes == 1 or vector_address(name, arity, lanes)
    return f"{PREFIX}_{name}_{arity}_{lanes}" if found else ""


def address_of(symbol: str) -> int:
    """Where the function of this name is; 0 where there is none."""
    _, name, arity, lanes = symbol.split("_")
    return scalar_address(name) if lanes == "1" else vector_address(name, int(arity), int(lanes))


@functools.cache
def scalar_address(name: str) -> int:
    """Where a function of C's library is."""
    return _address(_libm(), name)


@functools.cache
def vector_address(name: str, arity: int, lanes: int) -> int:
    """Where the function of this name for vectors is; 0 where there is none."""
    prefix = PREFIXES.get((platform.machine(), lanes))
    library = _libmvec()
    if prefix is None or library is None:
        return 0
    try:
        return _address(library, f"{prefix}{'v' * arity}_{name}")
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
