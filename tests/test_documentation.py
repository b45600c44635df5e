"""Every example in the documentation runs: those in docstrings, and the Python blocks of the Markdown files.

Docstrings are read from the source, not from the module, so that a compiled module runs its examples too. In Markdown
a block opened with ```python is run, in the order of the page and in one namespace; ```text or ```py is only shown.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import sys
from pathlib import Path
from typing import Any

import pytest

import autograd

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(autograd.__file__).resolve().parents[1]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

MODULES = {
    ".".join(file.relative_to(SITE).with_suffix("").parts).removesuffix(".__init__"): file
    for room in ("autograd", "glassgrad", "nn")
    for file in sorted(SITE.glob(f"{room}/**/*.py"))
    if ">>>" in file.read_text(encoding="utf-8")
}
PAGES = [
    page
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")))
    if page.exists() and "```python" in page.read_text(encoding="utf-8")
]


def run(examples: doctest.DocTest) -> None:
    """Run the examples; the first that fails fails the test, with doctest's report."""
    report: list[str] = []
    doctest.DocTestRunner(optionflags=OPTIONS).run(examples, out=report.append, clear_globs=False)
    if report:
        pytest.fail("".join(report), pytrace=False)


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    parser = doctest.DocTestParser()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if not isinstance(node, DOCUMENTED):
            continue
        text = ast.get_docstring(node, clean=False)
        if text is None or ">>>" not in text:
            continue
        title = f"{name}.{getattr(node, 'name', '')}".rstrip(".")
        line = 0 if isinstance(node, ast.Module) else node.body[0].lineno - 1
        run(parser.get_doctest(text, dict(vars(module)), title, str(MODULES[name]), line))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, block.start(1))
        if ">>>" in block[1]:
            examples = doctest.DocTestParser().get_doctest(block[1], names, page.name, str(page), line)
            examples.globs = names  # not a copy: the next block goes on from here
            run(examples)
        else:
            exec(compile("\n" * line + block[1], str(page), "exec"), names)


def test_a_wrong_example_is_found() -> None:
    wrong = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "planted", None, 0)
    with pytest.raises(pytest.fail.Exception, match="Expected"):
        run(wrong)


def test_examples_run_on_the_installed_package() -> None:
    assert all(Path(str(sys.modules[name].__file__)).is_relative_to(SITE) for name in MODULES if name in sys.modules)
