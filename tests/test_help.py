"""`help()`, `inspect.signature` and `dir()` say the same where the engine is compiled as where it is plain Python."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd

SITE = Path(autograd.__file__).resolve().parents[1]
COMPILED = sorted(
    ".".join(file.relative_to(SITE).with_suffix("").parts)
    for file in SITE.glob("autograd/**/*.py")
    if any(file.parent.glob(f"{file.stem}.*.so")) or any(file.parent.glob(f"{file.stem}.*.pyd"))
)
ENGINE = COMPILED or ["autograd.switches", "autograd.value.reading", "autograd.value.value"]
"""The compiled modules; where nothing is compiled, some of them, which shows that these tests are right."""
Definition = ast.ClassDef | ast.FunctionDef


def definitions(module: str) -> Iterator[tuple[str, Definition, Any]]:
    """The public classes, functions and methods of a module: the name, how it was written, and what it has become."""
    tree = ast.parse((SITE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))

    def below(owner: Any, name: str, body: list[ast.stmt]) -> Iterator[tuple[str, Definition, Any]]:
        for node in body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not is_setter(node) and not is_private(node.name):
                found = inspect.getattr_static(owner, node.name)
                found = getattr(found, "__func__", found)  # of a staticmethod
                yield f"{name}.{node.name}", node, found
                if isinstance(node, ast.ClassDef):
                    yield from below(found, f"{name}.{node.name}", node.body)

    yield from below(importlib.import_module(module), module, tree.body)


def is_private(name: str) -> bool:
    """Whether help() leaves it out."""
    return name.startswith("_") and not name.endswith("__")


def is_setter(node: Definition) -> bool:
    """Whether it is the second half of a property."""
    return any(isinstance(each, ast.Attribute) and each.attr == "setter" for each in node.decorator_list)


def written(node: ast.FunctionDef) -> list[tuple[str, bool, Any]]:
    """Its parameters: the name, whether it can be left out, and its default."""
    places = node.args.posonlyargs + node.args.args
    defaults = [None] * (len(places) - len(node.args.defaults)) + list(node.args.defaults)
    pairs = [*zip(places, defaults, strict=True), *zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)]
    return [(each.arg, default is not None, literal(default)) for each, default in pairs]


def literal(default: ast.expr | None) -> Any:
    """The value of a default that is a literal; `...` for any other."""
    try:
        return ... if default is None else ast.literal_eval(default)
    except ValueError:
        return ...


def shown(function: Any) -> list[tuple[str, bool, Any]]:
    """The same, as `inspect` shows it."""
    kept = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        (each.name, each.default is not each.empty, ... if each.default is each.empty else each.default)
        for each in inspect.signature(function).parameters.values()
        if each.kind in kept
    ]


@pytest.mark.parametrize("module", ENGINE)
def test_docstrings_are_those_of_the_source(module: str) -> None:
    tree = ast.parse((SITE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    assert inspect.getdoc(importlib.import_module(module)) == ast.get_docstring(tree)
    documented = [(name, ast.get_docstring(node), found) for name, node, found in definitions(module)]
    lost = [name for name, text, found in documented if text is not None and inspect.cleandoc(found.__doc__) != text]
    assert lost == []


@pytest.mark.parametrize("module", ENGINE)
def test_signatures_and_defaults_are_those_of_the_source(module: str) -> None:
    wrong = []
    for name, node, found in definitions(module):
        if isinstance(node, ast.FunctionDef) and callable(found):
            special = node.name.startswith("__") and not ast.get_docstring(node)
            given = [(a, b, ... if e is ... else d) for (a, b, d), (_, _, e) in zip(shown(found), written(node))]  # noqa: B905
            if given != written(node) and not special:  # a slot of the type has names of its own
                wrong.append((name, given, written(node)))
    assert wrong == []


def test_the_classes_that_people_call_have_signatures() -> None:
    assert str(inspect.signature(autograd.Value.backward)).startswith("(self")
    public = [name for name in inspect.signature(autograd.Value).parameters if not name.startswith("_")]
    assert public == ["data", "label", "requires_grad"], "the last one only says that it is not needed"
    assert inspect.signature(autograd.Value).parameters["label"].default == ""
    assert inspect.signature(autograd.Value.backward).parameters["seed"].default == 1.0
    assert "d self / d node" in autograd.Value.backward.__doc__
    assert autograd.Value.__add__.__doc__ == "Return the sum x + y."
