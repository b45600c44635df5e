"""What a demo is told when it is started, what it needs, where it puts what it makes, and how it says so."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def _options() -> argparse.Namespace:
    main = sys.modules["__main__"]
    parser = argparse.ArgumentParser(description=main.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less of it, in a few seconds")
    parser.add_argument("--out", type=Path, default=ROOT / "out", help="the folder for what it makes (here: out)")
    return parser.parse_known_args()[0]


_OPTIONS = _options()
OUT: Path = _OPTIONS.out
QUICK: bool = _OPTIONS.quick


def needs(extra: str, *modules: str) -> None:
    """End with the command to type, from a clone, if a demo needs packages that are not installed."""
    missing = [name for name in ("autograd", *modules) if importlib.util.find_spec(name) is None]
    if missing:
        demo, python = Path(sys.argv[0]).name, os.path.relpath(sys.executable)
        sys.exit(f"{demo} needs {', '.join(missing)}. In the folder of the clone, type:\n"
                 f"    {python} -m pip install -e '.[{extra}]'")  # fmt: skip


def path(name: str) -> Path:
    """A file in the output folder, which is made if it is not there."""
    OUT.mkdir(parents=True, exist_ok=True)
    return OUT / name


def say(file: Path) -> None:
    """Print where a file is, relative to where the demo was started if that is shorter."""
    here = Path.cwd()
    print(f"wrote {file.relative_to(here) if file.is_relative_to(here) else file}")


def save_picture(picture: Any, name: str) -> None:
    """A drawn graph as SVG and PNG; where nothing can render it, the reason and the remedy are printed."""
    from autograd import RenderError

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
    from autograd import inspect

    file = path(f"{name}.html")
    (what if hasattr(what, "save") else inspect(what, title=title)).save(file)
    say(file)


def save_figure(figure: Any, name: str) -> None:
    """A matplotlib figure as SVG and PNG."""
    for kind in ("svg", "png"):
        file = path(f"{name}.{kind}")
        figure.savefig(file, dpi=150)
        say(file)
