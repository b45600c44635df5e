"""The reference names every public name, no other, and each has a docstring with an example that the tests run."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import autograd
import nn
from autograd.core.rule import Rule

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
DIRECTIVE = re.compile(r"^\.\. (currentmodule|auto\w+):: ([\w.]+)", re.MULTILINE)
PUBLIC = {f"{module.__name__}.{name}": getattr(module, name) for module in (autograd, nn) for name in dir(module)}


def documented() -> set[str]:
    """The names on the pages; those of the elementwise functions are written when the site is built, from the table."""
    found, module = set(), ""
    for page in sorted(REFERENCE.glob("*.md")):
        for kind, name in DIRECTIVE.findall(page.read_text(encoding="utf-8")):
            if kind == "currentmodule":
                module = name
            else:
                found.add(name if kind == "automodule" or name.startswith(f"{module}.") else f"{module}.{name}")
    return found


def test_every_public_name_is_in_the_reference() -> None:
    elementwise = {name for name, found in PUBLIC.items() if isinstance(found, Rule)}
    assert set(PUBLIC) - documented() - elementwise == set()


def test_nothing_else_is_in_the_reference() -> None:
    assert documented() - set(PUBLIC) == {"nn.estimators", "autograd.doctor.run"}


@pytest.mark.parametrize("name", [name for name, found in PUBLIC.items() if callable(found)])
def test_each_has_an_example(name: str) -> None:
    found: Any = PUBLIC[name]
    if isinstance(found, Rule):
        assert found.doc
        found(*[0.5] * found.arity)  # its example is made from the table
    else:
        assert ">>>" in (inspect.getdoc(found) or "")
