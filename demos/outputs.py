"""Where the demos put what they make, and how they say so."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from autograd import RenderError, inspect

OUT = Path(__file__).resolve().parents[1] / "out"
QUICK = "--quick" in sys.argv


def path(name: str) -> Path:
    """A file in the output folder, which is made if it is not there."""
    OUT.mkdir(exist_ok=True)
    return OUT / name


def say(file: Path) -> None:
    """Print where a file is, relative to where the demo was started if that is shorter."""
    here = Path.cwd()
    print(f"wrote {file.relative_to(here) if file.is_relative_to(here) else file}")


def save_picture(picture: Any, name: str) -> None:
    """A drawn graph as SVG and PNG; where nothing can render it, the reason and the remedy are printed."""
    for kind in ("svg", "png"):
        file = path(f"{name}.{kind}")
        try:
            picture.render(outfile=file)
        except RenderError as error:
            print(error)
            return
        say(file)


def save_page(what: Any, name: str, title: str = "") -> None:
    """A page to step through: one made already, or that of a result. The file is written whole or not at all."""
    file = path(f"{name}.html")
    (what if hasattr(what, "save") else inspect(what, title=title)).save(file)
    say(file)


def save_figure(figure: Any, name: str) -> None:
    """A matplotlib figure as SVG and PNG."""
    for kind in ("svg", "png"):
        file = path(f"{name}.{kind}")
        figure.savefig(file, dpi=150)
        say(file)
