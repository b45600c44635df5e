"""The one writer of files: what is written appears whole or not at all, and everything else about the file stays.

A new file is written beside the old one and takes its place in one step. Its mode is that of the old one (of a new
file, what the umask leaves); a symbolic link keeps pointing to it; a device or a pipe is written into. What a process
that was killed has left behind is cleared away by the next write.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import secrets
import stat
from collections.abc import Callable
from typing import Any


def write(path: str | bytes | os.PathLike[Any], fill: Callable[[Any], Any]) -> None:
    """Write a file.

    Args:
        fill: called with the open binary file; writes the content.

    Raises:
        OSError: it cannot be written; then the old one is as it was.

    >>> from pathlib import Path
    >>> write("greeting.txt", lambda file: file.write(b"hello"))
    >>> Path("greeting.txt").read_bytes()
    b'hello'
    """
    given = os.fsdecode(path)
    if not given:
        raise FileNotFoundError(errno.ENOENT, "a file needs a name, got an empty one", given)
    target = os.path.realpath(given)
    try:
        before: os.stat_result | None = os.stat(target)
    except FileNotFoundError:
        before = None
    if before is not None and not stat.S_ISREG(before.st_mode):
        with open(target, "wb") as file:  # of a folder, this is the error
            whole = io.BytesIO()  # a device or a pipe does not know where it is
            fill(whole)
            file.write(whole.getvalue())
        return
    folder, name = os.path.split(target)
    _clear(folder, name)
    beside = os.path.join(folder, f".{name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(beside, "xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            os.chmod(beside, stat.S_IMODE(before.st_mode))
        os.replace(beside, target)
    finally:
        with contextlib.suppress(FileNotFoundError):  # it has taken its place
            os.unlink(beside)
    _sync(folder)


def _sync(folder: str) -> None:
    """Make the new name last, where a folder can be asked to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # not every file system knows it
                os.fsync(handle)
        finally:
            os.close(handle)


def _clear(folder: str, name: str) -> None:
    """Remove what processes that are no more have left beside a file."""
    if os.name != "posix":
        return
    left = re.compile(rf"\.{re.escape(name)}\.(\d+)-[0-9a-f]{{8}}\.tmp")
    with contextlib.suppress(OSError):
        for entry in os.listdir(folder):
            found = left.fullmatch(entry)
            if found and not _runs(int(found[1])):
                os.unlink(os.path.join(folder, entry))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
