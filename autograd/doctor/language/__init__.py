"""The languages that the doctor speaks: each is one file, a table of messages by key. Names and formulas stay as they are.

Whoever writes a report calls `say`; whoever starts a consultation chooses the language by `speaking`. A further language
is one more file beside `en.py`: the tests hold its keys and its placeholders against those of English.
"""

from __future__ import annotations

import contextlib
import importlib
import locale
import math
import os
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from pathlib import Path

from ...errors import OperandError

FALLBACK = "en"
VARIABLE = "GLASSGRAD_LANG"
_spoken: ContextVar[str] = ContextVar("glassgrad_language", default="")


def languages() -> list[str]:
    """The languages that there are, by the names of their files."""
    return sorted(file.stem for file in Path(__file__).parent.glob("[a-z]*.py"))


def chosen(lang: str = "") -> str:
    """The language to speak: the one asked for, else that of GLASSGRAD_LANG, else that of the locale, else English.

    Raises:
        OperandError: there is no such language.

    >>> chosen("zh"), chosen("zh_CN.UTF-8")
    ('zh', 'zh')
    """
    asked = lang or os.environ.get(VARIABLE, "")
    if asked:
        if _code(asked) not in languages():
            where = "lang" if lang else VARIABLE
            raise OperandError(f"{where} is one of {', '.join(languages())}, got {asked!r}")
        return _code(asked)
    names = [os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG")]
    with contextlib.suppress(ValueError):
        names.append(locale.getlocale()[0] or "")
    found = _code(next(filter(None, names), ""))
    return found if found in languages() else FALLBACK


def _code(name: str) -> str:
    """The language in the name of a locale: "zh" of "zh_CN.UTF-8"."""
    return name.replace("-", "_").split("_")[0].split(".")[0].lower()


@contextlib.contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Within this, messages are in a language."""
    token = _spoken.set(lang)
    try:
        yield
    finally:
        _spoken.reset(token)


def spoken() -> str:
    """The language of the messages here."""
    return _spoken.get() or FALLBACK


def messages(lang: str) -> dict[str, str]:
    """The table of a language."""
    found: dict[str, str] = importlib.import_module(f".{lang}", __package__).MESSAGES
    return found


def say(key: str, /, **facts: object) -> str:
    """A message with its facts.

    >>> with speaking("en"):
    ...     say("lines_one", number=3)
    'line 3'
    """
    return messages(spoken())[key].format(**facts)


def counted(key: str, count: int, /, **facts: object) -> str:
    """A message about one thing or about several: `key_one` or `key_many`."""
    return say(f"{key}_one" if count == 1 else f"{key}_many", count=count, **facts)


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if not names:
        return say("nothing")
    if len(names) == 1:
        return names[0]
    return say("list", before=say("comma").join(names[:-1]), last=names[-1])


def lines_of(numbers: Iterable[int]) -> str:
    """ "line 3", "lines 3 and 5", "lines 3, 5 and 8"."""
    unique = sorted(set(numbers))
    if len(unique) == 1:
        return say("lines_one", number=unique[0])
    return say("lines_many", numbers=listed([str(number) for number in unique]))


def figures(x: float) -> str:
    """A number in three figures; in words where it is infinite, or none.

    >>> figures(0.12345)
    '0.123'
    """
    return f"{x:.3g}" if math.isfinite(x) else say("infinite")


def sentences(texts: Sequence[str]) -> str:
    """Sentences, one after the other."""
    return say("between_sentences").join(texts)


# ------------------------------------------------------------------------------------------------------ its width


def width_of(text: str) -> int:
    """The columns that a text takes in a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def padded(text: str, width: int) -> str:
    """The text with blanks behind it."""
    return text + " " * (width - width_of(text))


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines of at most so many columns. Chinese is broken between any two characters, but never before a stop."""
    if width_of(text) == len(text):
        return textwrap.wrap(
            text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        )
    lines, line = [], ""
    for piece in _pieces(text):
        if line and width_of(indent + line + piece.rstrip()) > width:
            lines.append(indent + line.rstrip())
            line = ""
        line += piece if line else piece.lstrip()
    return [*lines, indent + line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> list[str]:
    """What may not be broken: a word with the blank behind it, a wide character with the stops that follow it."""
    found: list[str] = []
    for character in text:
        wide = width_of(character) == 2
        stop = wide and unicodedata.category(character) in ("Po", "Pe", "Pf")
        opens = found and unicodedata.category(found[-1][-1]) in ("Ps", "Pi")
        joins = found and not wide and width_of(found[-1][-1]) == 1 and found[-1][-1] != " "
        if found and (stop or opens or joins or character == " "):
            found[-1] += character
        else:
            found.append(character)
    return found
