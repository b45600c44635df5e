"""What a script may not do while it is watched: read from the keyboard, open windows, change files, start programs.

Files that it writes are kept aside, in a folder that is thrown away afterwards. This keeps an honest script from
leaving anything behind; it is no wall against a hostile one, which nobody should run.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.util
import io
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...language import say

STOPPED = {
    "subprocess.Popen": "does_program", "os.system": "does_program", "os.exec": "does_program",
    "os.posix_spawn": "does_program", "os.fork": "does_process", "os.forkpty": "does_process",
    "socket.connect": "does_connect", "socket.bind": "does_listen", "os.remove": "does_delete",
    "os.rename": "does_rename", "os.rmdir": "does_delete_folder", "os.link": "does_link", "os.symlink": "does_link",
    "os.chmod": "does_rights", "os.truncate": "does_shorten", "shutil.rmtree": "does_delete_folder",
    "os.kill": "does_signal", "webbrowser.open": "does_browser", "winreg.SetValue": "does_registry",
}  # fmt: skip
"""What is stopped, and the message that says what the script does."""


class Refused(BaseException):
    """The script did something that is not done here; the message says what."""


class _NoKeyboard(io.TextIOBase):
    """A standard input that says at once that nobody types."""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> str:
        raise Refused(say("does_keyboard"))

    readline = read  # type: ignore[assignment]

    def fileno(self) -> int:
        raise Refused(say("does_keyboard"))


class Sandbox:
    """Shuts this process in. There is no way out of it.

    Args:
        aside: the folder that takes what the script writes.
    """

    def __init__(self, aside: str) -> None:
        self.aside = Path(aside)
        self.written: dict[str, str] = {}
        self.plain_open = builtins.open
        self.plain_stat = os.stat
        self.plain_chdir, self.plain_system = os.chdir, os.system
        self.busy = False
        self.active = True
        caches = (os.path.expanduser("~/.cache"), os.path.expanduser("~/.config"), os.environ.get("MPLCONFIGDIR", ""))
        self.harmless = [aside, os.devnull, *filter(None, caches)]

    def close(self) -> None:
        os.environ["MPLBACKEND"] = "Agg"
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            os.environ.pop(name, None)
        sys.dont_write_bytecode = True
        sys.stdin = _NoKeyboard()
        sys.stdout = sys.stderr = io.TextIOWrapper(io.BytesIO(), errors="replace", write_through=True)
        builtins.input = self._input
        builtins.open = io.open = self._open
        os.mkdir = os.makedirs = self._mkdir  # type: ignore[assignment]
        os.chdir = self._chdir
        os.system = self._system
        builtins.get_ipython = _Shell  # type: ignore[attr-defined]
        os.stat = self._stat
        tempfile.tempdir = str(self.aside)
        time.sleep = lambda seconds: None
        _numpy_opens_with(self._open)
        if importlib.util.find_spec("matplotlib") is not None:
            _no_backend()
        sys.addaudithook(_listening(self._audit))
        seed()

    def _input(self, *_: Any) -> str:
        raise Refused(say("does_input"))

    def _open(self, file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        """A file; one that is written to lies in the folder aside."""
        if isinstance(file, int) or not self.active or self._harmless(os.fsdecode(os.fspath(file))):
            return self.plain_open(file, mode, *args, **kwargs)
        path = os.path.abspath(os.fsdecode(os.fspath(file)))
        writes = any(mark in mode for mark in "wax+")
        if writes and path not in self.written and path != os.devnull:
            new = str(self.aside / f"{len(self.written)}{Path(path).suffix}")
            self.busy = True
            try:
                if ("a" in mode or "+" in mode) and os.path.isfile(path):
                    with self.plain_open(path, "rb") as old, self.plain_open(new, "wb") as copy:
                        copy.write(old.read())
            finally:
                self.busy = False
            self.written[path] = new
        self.busy = True
        try:
            return self.plain_open(self.written.get(path, path), mode.replace("x", "w"), *args, **kwargs)
        finally:
            self.busy = False

    def _chdir(self, path: Any) -> None:
        """Into a folder that was not really made nobody goes: what is written there lies elsewhere, too."""
        if isinstance(path, int) or os.path.abspath(os.fsdecode(os.fspath(path))) not in self.written:
            self.plain_chdir(path)

    def _system(self, command: Any) -> int:
        """Clearing the screen, and waiting for a key, are left out."""
        return 0 if str(command).strip() in ("clear", "cls", "pause") else self.plain_system(command)

    def _mkdir(self, path: Any, *_: Any, **__: Any) -> None:
        """Folders are not needed: files that are written lie elsewhere."""
        self.written.setdefault(os.path.abspath(os.fsdecode(os.fspath(path))), str(self.aside))

    def _stat(self, path: Any, *args: Any, **kwargs: Any) -> os.stat_result:
        if not isinstance(path, int):
            path = self.written.get(os.path.abspath(os.fsdecode(os.fspath(path))), path)
        return self.plain_stat(path, *args, **kwargs)

    def told(self) -> list[str]:
        """The files that the script wrote, or thought it did."""
        return sorted(path for path, aside in self.written.items() if aside != str(self.aside))

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if self.busy or not self.active:
            return
        if event == "open":
            path, mode, flags = (*args, None, None, None)[:3]
            writes = isinstance(flags, int) and bool(
                flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC)
            )
            writes = writes or (isinstance(mode, str) and any(mark in mode for mark in "wax+"))
            if writes and isinstance(path, (str, bytes)) and not self._harmless(os.fsdecode(path)):
                raise Refused(say("does_write", file=os.fsdecode(path)))
        elif event in STOPPED and not self._own(event, args):
            raise Refused(say(STOPPED[event]))

    def _harmless(self, path: str) -> bool:
        return os.path.abspath(path).startswith(tuple(self.harmless))

    def _own(self, event: str, args: tuple[Any, ...]) -> bool:
        """Whether it is a file of the folder aside that is changed."""
        return event.startswith(("os.", "shutil.")) and any(
            isinstance(a, (str, bytes)) and self._harmless(os.fsdecode(a)) for a in args
        )


def _listening(audit: Callable[[str, tuple[Any, ...]], None]) -> Callable[[str, tuple[Any, ...]], None]:
    """What hears every event and passes on the few that matter. `id(x)` is one: with more than this, it takes 1 µs."""
    heard = frozenset(("open", *STOPPED))

    def listen(event: str, args: tuple[Any, ...]) -> None:
        if event in heard:
            audit(event, args)

    return listen


class _Shell:
    """What stands in for IPython, whose magic words stand in scripts that were notebooks: nothing happens."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_args, **_options: None


def _numpy_opens_with(opener: Callable[..., Any]) -> None:
    """`np.savetxt` holds on to the `open` that it found when numpy was imported."""
    from numpy.lib import _datasource

    openers = getattr(_datasource, "_file_openers", None)
    if openers is not None:
        openers._file_openers[None] = opener


def _no_backend() -> None:
    """A window toolkit that a script asks matplotlib for is not taken."""

    class Finder(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
            if name == "matplotlib.pyplot":
                sys.meta_path.remove(self)
                matplotlib = sys.modules["matplotlib"]
                matplotlib.use = lambda *args, **kwargs: None  # type: ignore[attr-defined]
                matplotlib.rcParams["backend"] = "Agg"

    sys.meta_path.insert(0, Finder())


PLAIN: Callable[..., Any] = np.random.default_rng


def seed() -> None:
    """The same random numbers in every run, so that runs can be compared."""
    np.random.seed(0)
    random.seed(0)

    def seeded(seed: Any = None) -> Any:
        return PLAIN(0 if seed is None else seed)

    seeded.__module__ = "numpy.random"
    np.random.default_rng = seeded
