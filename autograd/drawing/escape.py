"""User's text made harmless: nothing a label contains can change a picture's structure, link anywhere or run.

Graphviz reads a quoted string three times: as DOT (quotes, backslashes), as an escString (`\\N`, `\\l`) and as HTML
entities (`&lt;`). Each reading is undone here. Names of boxes, edges and frames are our own counters, never a user's
text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

LONGEST: Final = 40
"""How many characters of a label stand in the picture."""

LONGEST_TOOLTIP: Final = 1000
_DIRECTIONS: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str, longest: int = LONGEST) -> str:
    """One line without control characters, cut where it gets long.

    >>> clean("two\\nlines\\0 and a bell\\a")
    'two lines and a bell'
    """
    kept = "".join(_harmless(character) for character in text[: 20 * longest])
    kept = " ".join(kept.split())
    if len(kept) <= longest and len(text) <= 20 * longest:
        return kept
    return kept[: longest - 1].rstrip() + "…"


def dotted(path: Iterable[str]) -> str:
    """The names of modules as one, without those that are blank.

    >>> dotted(["net", " ", "layers.0"])
    'net.layers.0'
    """
    return ".".join(filter(None, map(clean, path)))


def _harmless(character: str) -> str:
    """The character, a space for one that breaks lines, or nothing."""
    if character.isspace():
        return " "
    kind = unicodedata.category(character)
    forbidden = kind in ("Cc", "Cs", "Cn") or character in _DIRECTIONS
    return "" if forbidden else character


def quoted(*lines: str) -> str:
    """A DOT string of lines below one another, which shows exactly these characters.

    >>> print(quoted('say "hi"', "a & <b>"))
    "say \\"hi\\"\\na &amp; <b>"
    """
    return _quoted(lines, "\\\\")


def tooltip(*lines: str) -> str:
    """The same for a tooltip, in which every version of Graphviz reads escapes twice."""
    return _quoted(lines, "\\\\\\\\")


def _quoted(lines: tuple[str, ...], backslash: str) -> str:
    escaped = (line.replace("&", "&amp;").replace("\\", backslash).replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(escaped) + '"'


def html(text: str) -> str:
    """Text for an HTML-like label or a page.

    >>> html("a < b & c")
    'a &lt; b &amp; c'
    """
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(character, entity)
    return text
