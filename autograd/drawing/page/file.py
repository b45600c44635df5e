"""A page: one HTML file with everything in it, that fetches nothing and runs no script but its own.

Put together from the files in `assets`; there is no build step. Data stand in elements that are not run, escaped so
that they cannot end them. The Content-Security-Policy names our scripts and styles by their hashes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import os
import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from ..colour import ALARM, PAGE, text_on
from ..escape import html
from ..render import write

_POLICY: Final = (
    "default-src 'none'; script-src '{loader}' '{script}'; style-src '{style}'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)
_COMMENTS: Final = re.compile(r"""^\s*(//.*|/\*\*(?:[^*]|\*(?!/))*\*/)\n|[ \t]+// [^"'`\n]*$""", re.MULTILINE)
_FRAME: Final = (
    '<iframe sandbox="allow-scripts" title="{title}" srcdoc="{page}" width="100%" height="640" '
    'style="border:1px solid #8884;border-radius:8px"></iframe>'
)


class Page:
    """A page as text. `.save("loss.html")` writes it; a notebook shows it.

    Attributes:
        html: the whole file.
        title: what it is called.
    """

    def __init__(self, html: str, title: str, still: Callable[[], str] | None = None) -> None:
        self.html, self.title, self._still = html, title, still

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the file, whole or not at all, and return its path."""
        write(Path(path), self.html.encode("utf-8"))
        return os.fspath(path)

    def framed(self) -> str:
        """The page in a frame of its own, which may run its scripts and nothing else."""
        return _FRAME.format(title=html(self.title), page=html(self.html))

    def __repr__(self) -> str:
        return f"<Page {self.title!r}, {len(self.html) / 1000:,.0f} kB: write it with .save('page.html')>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For a notebook: the still picture, and where the notebook is trusted the page in a frame in its place.

        The frame may run its own scripts and nothing else. An untrusted notebook drops the script: the picture stays.
        """
        frame = json.dumps(self.framed()).replace("<", "\\u003c")
        name = f"glassgrad-{hashlib.sha256(self.html.encode()).hexdigest()[:12]}"
        still = self._still() if self._still is not None else ""
        shown = (
            f'<div class="{name}">{still or html(repr(self))}</div>'
            f'<script>for (const place of document.querySelectorAll(".{name}")) place.innerHTML = {frame};</script>'
        )
        bundle = {"text/plain": repr(self), "text/html": shown}
        wanted = set(include or bundle) - set(exclude or ())
        return {kind: text for kind, text in bundle.items() if kind in wanted}


def assemble(
    name: str, title: str, scripts: tuple[str, ...], data: dict[str, Any], *, engine: str = "", words: str = ""
) -> str:
    """The file: template `name`.html with `name`.css, the scripts one after the other, and the data.

    Args:
        engine: a script that comes before the others: what the page computes with.
        words: text for a browser without scripts.
    """
    style = "\n".join([tones(), asset("common.css"), asset(f"{name}.css")])
    loader = asset("loader.js")
    script = "\n".join([engine, *(_terse(asset(each)) for each in scripts)])
    pieces = {
        "POLICY": _POLICY.format(loader=_hash(loader), script=_hash(script), style=_hash(style)),
        "TITLE": html(title),
        "STYLE": _packed(style),
        "WORDS": html(words),
        "DATA": as_json(data),
        "SCRIPT": _packed(script),
        "LOADER": loader,
    }
    before, *parts = asset(f"{name}.html").split("@@")
    return before + "".join(pieces.get(part, part) for part in parts)


def as_json(thing: Any) -> str:
    """JSON that cannot end the script element it stands in; NaN and infinities are the strings "nan", "inf", "-inf"."""
    text = json.dumps(_plain(thing), ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def tones() -> str:
    """The colours of gradients as a style: in each theme a series for either sign, with the text that stands on it."""
    light, dark = (
        ";".join(
            f"--{sign}{step}:{fill};--{sign}{step}-ink:{text_on(fill)}"
            for sign, series in zip(("plus", "minus"), PAGE[theme], strict=True)
            for step, fill in enumerate(series)
        )
        for theme in ("light", "dark")
    )
    names = [f"{sign}{step}" for sign in ("plus", "minus") for step in range(len(PAGE["light"][0]))]
    rules = [f".{name}{{--tone:var(--{name});--tone-ink:var(--{name}-ink)}}" for name in names]
    rules.append(f".alarm{{--tone:{ALARM};--tone-ink:{text_on(ALARM)}}}")
    return (
        f":root{{{light}}}\n@media (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\n"
        f":root[data-theme=dark]{{{dark}}}\n{''.join(rules)}\n"
    )


def asset(name: str) -> str:
    """The text of a file in `assets`."""
    return files(__package__).joinpath("assets").joinpath(name).read_text(encoding="utf-8")


def _plain(thing: Any) -> Any:
    if isinstance(thing, float):
        return thing if math.isfinite(thing) else repr(thing)
    if isinstance(thing, dict):
        return {key: _plain(each) for key, each in thing.items()}
    return [_plain(each) for each in thing] if isinstance(thing, (list, tuple)) else thing


def _terse(script: str) -> str:
    """A script without its comments: who reads them has the file. (Where one ends in a quotation it stays.)"""
    return _COMMENTS.sub("", script)


@lru_cache(maxsize=16)
def _packed(text: str) -> str:
    """Text that the browser unpacks: a third of the size."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), 9, mtime=0)).decode("ascii")


@lru_cache(maxsize=16)
def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
