"""Running what the learner wrote with calls of ours in it: a script, the modules that lie beside it, or a function."""

from __future__ import annotations

import ast
import contextlib
import copy
import importlib.abc
import importlib.machinery
import inspect
import linecache
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ....errors import OperandError
from .sandbox import Refused
from .sites import Source, text_of

Rewrite = Callable[[Source], ast.Module]
"""From a source to the syntax tree that is run instead."""


def import_libraries(source: Source) -> None:
    """Import what a source imports at its top, but for what lies beside it: afterwards that takes no time."""
    folder, body = Path(source.path).resolve().parent, []
    with contextlib.suppress(SyntaxError):
        body = ast.parse(source.text).body
    for node in body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
        for name in names:
            first = name.split(".")[0]
            if not (folder / first).exists() and not (folder / f"{first}.py").exists():
                with contextlib.suppress(Exception, SystemExit, Refused):  # the source meets it again
                    importlib.import_module(name)


class Subject(Protocol):
    """What is examined.

    Args:
        main: the source that is shown first.
        from_outside: whether there are objects that were made before the run.
    """

    main: Source
    from_outside: bool

    def run(self, rewrite: Rewrite, given: dict[str, Any], namespace: Callable[[dict[str, Any]], None]) -> None:
        """Run it.

        Args:
            given: names for the calls that `rewrite` puts in.
            namespace: told of the global names before anything runs.
        """

    def modules(self) -> set[str]:
        """The names of the modules whose functions are rewritten."""


class Script:
    """A file, run as the main program."""

    from_outside = False

    def __init__(self, path: str, argv: list[str] | None = None, text: str | None = None) -> None:
        self.path, self.argv = path, argv or []
        self.main = Source(path, text_of(path) if text is None else text)
        self._beside: set[str] = set()

    def modules(self) -> set[str]:
        return {"__main__", *self._beside}

    def run(self, rewrite: Rewrite, given: dict[str, Any], namespace: Callable[[dict[str, Any]], None]) -> None:
        module = types.ModuleType("__main__")
        module.__file__ = self.path
        vars(module).update(given)
        kept = {name: sys.modules.get(name) for name in ("__main__",)}
        finder = _Beside(str(Path(self.path).resolve().parent), rewrite, given, self._beside)
        sys.modules["__main__"] = module
        sys.argv = [self.path, *self.argv]
        sys.path.insert(0, finder.folder_name)
        sys.meta_path.insert(0, finder)
        linecache.cache[self.path] = (len(self.main.text), None, self.main.text.splitlines(keepends=True), self.path)
        namespace(vars(module))
        try:
            exec(compile(rewrite(self.main), self.path, "exec", dont_inherit=True), vars(module))
        finally:
            sys.meta_path.remove(finder)
            sys.path.remove(finder.folder_name)
            sys.modules["__main__"] = kept["__main__"]  # type: ignore[assignment]
            for name in self._beside:
                sys.modules.pop(name, None)


class _Beside(importlib.abc.MetaPathFinder):
    """Finds the modules in the learner's own folder and loads them rewritten; nothing is written beside them."""

    def __init__(self, folder: str, rewrite: Rewrite, given: dict[str, Any], found: set[str]) -> None:
        self.folder_name, self.folder, self.rewrite, self.given, self.found = (
            folder,
            Path(folder),
            rewrite,
            given,
            found,
        )

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        found = importlib.machinery.PathFinder.find_spec(name, [self.folder_name] if path is None else path)
        if found is None or found.origin is None or not str(found.origin).endswith(".py"):
            return None
        if self.folder not in Path(found.origin).resolve().parents or "site-packages" in found.origin:
            return None
        self.found.add(name)
        found.loader = _Loader(name, found.origin, self)
        return found


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, finder: _Beside) -> None:
        super().__init__(name, path)
        self.finder = finder

    def get_code(self, fullname: str) -> Any:
        source = Source(self.path, text_of(self.path))
        return compile(self.finder.rewrite(source), self.path, "exec", dont_inherit=True)

    def exec_module(self, module: Any) -> None:
        vars(module).update(self.finder.given)
        super().exec_module(module)


class Function:
    """A function without arguments, or a method, with the functions and classes of its module that it may call.

    It is run where changes do no harm: in a process that was forked off.
    """

    from_outside = True

    def __init__(self, function: Callable[[], Any]) -> None:
        self.function = function
        plain = inspect.unwrap(getattr(function, "__func__", function))
        if not isinstance(plain, types.FunctionType):
            raise OperandError(f"run() takes the path of a script or a function, got {type(function).__name__}")
        self.plain = plain
        self.main = _source_of(plain)

    def modules(self) -> set[str]:
        return {self.plain.__module__}

    def run(self, rewrite: Rewrite, given: dict[str, Any], namespace: Callable[[dict[str, Any]], None]) -> None:
        around = self.plain.__globals__
        fresh = {**around, **given}
        for name, cell in zip(self.plain.__code__.co_freevars, self.plain.__closure__ or (), strict=True):
            fresh[name] = cell.cell_contents
        owner = self._copied(fresh)
        namespace(fresh)
        wanted: dict[str, tuple[Source, set[str]]] = {}
        for thing in [self.plain, *fresh.values()]:
            own = isinstance(thing, (types.FunctionType, type)) and thing.__module__ == self.plain.__module__
            if own:
                try:
                    source = self.main if thing is self.plain else _source_of(thing)
                except (OperandError, OSError, TypeError):
                    continue
                wanted.setdefault(source.path, (source, set()))[1].add(thing.__name__)
        for source, names in wanted.values():
            tree = rewrite(source)
            tree.body = [*_first(tree), *_definitions(tree, names)]
            exec(compile(tree, source.path, "exec", dont_inherit=True), fresh)
        for thing in [*fresh.values(), owner]:
            old = type(thing)
            if old.__module__ == self.plain.__module__ and isinstance(fresh.get(old.__name__), type):
                thing.__class__ = fresh[old.__name__]
        if owner is None:
            fresh[self.plain.__name__]()
        else:
            getattr(owner, self.plain.__name__)()

    def _copied(self, fresh: dict[str, Any]) -> Any:
        """Copies of what a run may change, so that every run begins with the same; returns the method's own object."""
        owner = getattr(self.function, "__self__", None)
        kinds = (np.ndarray, list, dict, set, np.random.RandomState, np.random.Generator)
        mine = {
            name: thing
            for name, thing in fresh.items()
            if not name.startswith("__")
            and (isinstance(thing, kinds) or type(thing).__module__ == self.plain.__module__)
        }
        try:
            copies, owner = copy.deepcopy((mine, owner))
        except Exception:  # what cannot be copied is used as it is: this process is a copy itself
            return owner
        fresh.update(copies)
        return owner


def _source_of(thing: Any) -> Source:
    """The whole text of the file, or of the notebook's cell, that something is defined in."""
    try:
        path = inspect.getsourcefile(thing) or inspect.getfile(thing)
        lines = linecache.getlines(path) or inspect.findsource(thing)[0]
    except (OSError, TypeError):
        lines, path = [], ""
    if not lines:
        raise OperandError(
            f"the source of {getattr(thing, '__name__', thing)} is not at hand: put it into a file and give its path"
        )
    return Source(path, "".join(lines))


def _first(tree: ast.Module) -> list[ast.stmt]:
    """The assignment that the rewriting puts first."""
    return [
        s
        for s in tree.body[:3]
        if isinstance(s, ast.Assign) and isinstance(s.targets[0], ast.Name) and s.targets[0].id.startswith("_doctor_")
    ]


def _definitions(tree: ast.Module, names: set[str]) -> Iterator[ast.stmt]:
    """The outermost definitions of these names."""
    stack: list[ast.AST] = [tree]
    while stack:
        at = stack.pop(0)
        for child in ast.iter_child_nodes(at):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)) and child.name in names:
                yield child
            else:
                stack.append(child)
