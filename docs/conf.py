"""How Sphinx builds the documentation: `make docs`. Everything it needs is in the extra `docs`, and no network.

Docstrings are written as Markdown is, `code` in single backticks and mathematics as it stands, so they are rewritten
for reStructuredText on the way. The page of the elementwise functions is made from the table itself.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

project = "glassgrad"
author = copyright = "the glassgrad contributors"
try:
    release = installed("glassgrad")
except PackageNotFoundError:
    release = "unreleased"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build", "_extra", "jupyter_execute", "page.html"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the tests run every example; building the pages runs none
html_theme = "furo"
html_title = "glassgrad"
html_extra_path = ["page.html", "_extra"]  # the page, and what the demos made for the gallery
html_static_path = ["_static"]
html_css_files = ["live.css"]
html_copy_source = False
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Source", "notes_style"), ("Warns", "params_style")]
python_use_unqualified_type_names = True
suppress_warnings = ["misc.highlighting_failure"]  # a compiled program in a docstring need not be whole
pygments_style, pygments_dark_style = "friendly", "monokai"


def rewritten(app: Any, what: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
    """A docstring for reStructuredText: `code` is literal, and |x|, x**2, *args and x_ are what they look like."""
    text = "\n".join(lines)
    parts = re.split(r"(^[ ]*>>>.*?(?:\n[ ]*\n|\Z)|``[^`]+``|`[^`]+`)", text, flags=re.MULTILINE | re.DOTALL)
    for place, part in enumerate(parts):
        if place % 2 == 0:
            parts[place] = re.sub(r"(\w)_(?!\w)", r"\1\\_", re.sub(r"([*|])", r"\\\1", part))
        elif part.startswith("`") and not part.startswith("``"):
            parts[place] = f"`{part}`"
    lines[:] = "".join(parts).split("\n")


def write_primitives(app: Any) -> None:
    """`reference/elementwise.rst`: every row of the table, its derivatives, and what it gives at a point."""
    import autograd
    from autograd.core.rule import Rule
    from autograd.formula import derivative

    lines = [
        "Elementwise functions", "=====================", "",
        "Each takes numbers, arrays, Values and Tensors, or arrays of Values; a result has the common shape of the",
        "operands, as numpy broadcasts them, and :class:`~autograd.OperandError` is raised for what is no number.",
        "A Value and a Tensor have them as methods too. The lines below are the rows of the table that all of the",
        "library is made from: the derivatives are those that backward multiplies by; ``out`` is the result.", "",
        ".. currentmodule:: autograd", "",
    ]  # fmt: skip
    for name in ("abs", *autograd.__all__):
        rule = getattr(autograd, name)
        if isinstance(rule, Rule):
            operands = [0.5, 2.0][: rule.arity - len(rule.defaults)]
            call = f"{name}({', '.join(map(str, operands))})"
            lines += [
                f".. py:function:: {name}({', '.join(rule.operands)})",
                "",
                f"   {rule.doc.replace('|', chr(92) + '|')}",
                "",
            ]
            lines += [f"   - ∂/∂{operand} = ``{derivative(rule, k)}``" for k, operand in enumerate(rule.operands)]
            lines += ["", "   .. code-block:: pycon", "", f"      >>> {call}", f"      {rule(*operands)!r}", ""]
    target = HERE / "reference" / "elementwise.rst"
    text = "\n".join(lines) + "\n"
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


def setup(app: Any) -> None:
    """What Sphinx calls first."""
    app.connect("builder-inited", write_primitives)
    app.connect("autodoc-process-docstring", rewritten, priority=400)  # before napoleon, which reads the sections
