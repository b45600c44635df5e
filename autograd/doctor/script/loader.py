"""Loading: the learner's file, the modules that lie beside it, or a function, with the tracer's calls in them."""

from __future__ import annotations

import ast
import importlib.abc
import importlib.machinery
import importlib.util
import linecache
import sys
import types
from pathlib import Path
from typing import Any

from .hooks import Hooks
from .instrument import HOOK, Rewriter, imported_names, instrument
from .sites import Source


def code_of(text: str, path: str, hooks: Hooks) -> Any:
    """A source text, rewritten and compiled."""
    source = Source(path, text)
    tree = ast.parse(text, path)
    rewritten = instrument(tree, source, hooks.sites)
    hooks.codes.add(path)
    return compile(rewritten, path, "exec", dont_inherit=True)


def run_main(text: str, path: str, argv: list[str], hooks: Hooks) -> dict[str, Any]:
    """Run a text as the main program."""
    module = types.ModuleType("__main__")
    module.__file__ = path
    setattr(module, HOOK, hooks)
    sys.modules["__main__"] = module
    sys.argv = [path, *argv]
    hooks.modules = {"__main__", *hooks.modules}
    hooks.namespace = module.__dict__
    code = code_of(text, path, hooks)
    linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
    exec(code, module.__dict__)
    return module.__dict__


class Beside(importlib.abc.MetaPathFinder):
    """Finds the modules in the learner's own folder and loads them rewritten; nothing is written beside them."""

    def __init__(self, folder: str, hooks: Hooks) -> None:
        self.folder, self.hooks = Path(folder), hooks

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        found = importlib.machinery.PathFinder.find_spec(name, [str(self.folder)] if path is None else path)
        if found is None or found.origin is None or not str(found.origin).endswith(".py"):
            return None
        if self.folder not in Path(found.origin).resolve().parents or "site-packages" in found.origin:
            return None
        self.hooks.modules = {*self.hooks.modules, name}
        found.loader = _Loader(name, found.origin, self.hooks)
        return found


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, hooks: Hooks) -> None:
        super().__init__(name, path)
        self.hooks = hooks

    def get_code(self, fullname: str) -> Any:
        return code_of(Path(self.path).read_text(encoding="utf-8"), self.path, self.hooks)

    def exec_module(self, module: Any) -> None:
        setattr(module, HOOK, self.hooks)
        super().exec_module(module)
