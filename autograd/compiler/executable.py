"""Running printed text: the one place where a compiled program becomes a Python function."""

from __future__ import annotations

import itertools
import linecache
import weakref
from collections.abc import Callable
from typing import Any, Final

_COUNTER: Final = itertools.count(1)


def executable(source: str, name: str, owner: object) -> Callable[..., Any]:
    """The function `name` of a printed module. Tracebacks and debuggers know its text, as long as `owner` lives."""
    filename = f"<compiled {name} {next(_COUNTER)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    weakref.finalize(owner, linecache.cache.pop, filename, None)
    namespace: dict[str, Any] = {"__name__": "compiled"}
    exec(compile(source, filename, "exec"), namespace)  # our own text: names are checked, nothing in it is foreign
    function: Callable[..., Any] = namespace[name]
    return function
