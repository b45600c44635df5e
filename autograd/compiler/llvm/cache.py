"""Machine code that is kept on disk, so that a long program is compiled once and not in every process.

A file's name is a digest of all that its content depends on: the program, the machine, LLVM, and this library's own
text. Inside are facts as JSON and object code, under a digest of their own: what is cut short is not taken. The folder
belongs to the user alone, or nothing is read from it, for object code is what the processor will do.

GLASSGRAD_CACHE=0 keeps nothing; GLASSGRAD_CACHE=folder keeps it there. A program with a user's primitive is not kept.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import json
import os
import stat
import sys
from array import array
from pathlib import Path
from typing import Any, Final

from ...core.rule import Rule
from ...system import files
from ..program import is_row, name_of
from ..scalar.plans import Plans

WORTH: Final = 1000
"""Instructions of a function that takes long enough to compile."""

MOST: Final = 256 * 2**20
"""Bytes; what has not been used for longest goes first."""

ROOMS: Final = ("core", "numbers", "tensor", "transforms", "compiler")
"""The code that decides what a program is compiled to."""


def key(plans: Plans, kind: str, exactly: bool, single: bool, machine: str) -> str:
    """What the machine code of a plan is known by; "" where it is not to be kept."""
    program, end = plans.program, plans.boundary
    if end < WORTH or not _fingerprint() or folder() is None:
        return ""
    ops = program.ops[:end]
    if any(isinstance(op, Rule) and not is_row(op) for op in set(ops)):
        return ""
    facts = (
        _fingerprint(), machine, kind, exactly, single, program.reduction, plans.loss, plans.outputs, plans.parameters,
        [leaf.shape for leaf in plans.leaves], plans.captured, plans.given,
        [(i, each.hex() if isinstance(each, float) else each) for i, each in program.numbers.items() if i < end],
    )  # fmt: skip
    digest = hashlib.sha256(repr(facts).encode())
    digest.update(" ".join(map(name_of, ops)).encode())
    digest.update(array("q", itertools.chain.from_iterable(program.args[:end])))
    digest.update(array("q", program.data[:end]))
    return digest.hexdigest()


def has(name: str) -> bool:
    """Whether there is a file of this name."""
    place = folder()
    return bool(name) and place is not None and (place / name).exists()


def read(name: str) -> tuple[dict[str, Any], bytes] | None:
    """The facts and the object code that were kept under a name; None where there are none."""
    place = folder()
    if place is None or not _is_ours(place):
        return None
    try:
        digest, _, content = (place / name).read_bytes().partition(b"\n")
        os.utime(place / name)
    except OSError:
        return None
    head, _, code = content.partition(b"\n")
    if not code or digest.decode(errors="replace") != hashlib.sha256(content).hexdigest():
        return None
    return json.loads(head), code


def write(name: str, facts: dict[str, Any], code: bytes) -> None:
    """Keep facts and object code under a name, and throw away what is too much; do nothing where that cannot be."""
    place = folder()
    if place is None or len(code) > MOST // 4:
        return
    content = json.dumps(facts).encode() + b"\n" + code
    digest = hashlib.sha256(content).hexdigest().encode()
    with contextlib.suppress(OSError):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_ours(place):
            files.write(place / name, lambda file: file.write(digest + b"\n" + content))
            _prune(place)


def folder() -> Path | None:
    """Where code is kept; None where it is not."""
    wanted = os.environ.get("GLASSGRAD_CACHE", "")
    if wanted == "0":
        return None
    if wanted:
        return Path(wanted)
    with contextlib.suppress(RuntimeError):  # nobody's home
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "glassgrad" / "Cache"
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "glassgrad"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "glassgrad"
    return None


def _is_ours(place: Path) -> bool:
    """Whether nobody else can put anything into the folder."""
    if sys.platform == "win32":
        return True  # there it is below the user's own folder
    try:
        known = os.stat(place)
    except OSError:
        return False
    return known.st_uid == os.getuid() and not known.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _prune(place: Path) -> None:
    """Remove the files that were used longest ago, until what is left is small enough."""
    kept = []
    for entry in os.scandir(place):
        with contextlib.suppress(OSError):  # another process is pruning too
            known = entry.stat()
            kept.append((known.st_mtime, known.st_size, entry.path))
    total = sum(size for _, size, _ in kept)
    for _, size, path in sorted(kept):
        if total <= MOST:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size


@functools.cache
def _fingerprint() -> str:
    """A digest of this library's own code; "" where it is not there to be read."""
    root = Path(__file__).parents[2]
    digest = hashlib.sha256()
    count = 0
    with contextlib.suppress(OSError):
        for path in [root / "masking.py", *(path for room in ROOMS for path in sorted((root / room).rglob("*.py")))]:
            digest.update(path.read_bytes())
            count += 1
    return digest.hexdigest() if count > 1 else ""
