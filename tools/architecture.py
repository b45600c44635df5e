"""Draws the rooms of the library and who imports whom, docs/pictures/architecture.svg, from the imports themselves.

Run by `make pictures`. The DOT text beside the picture is what `tests/test_architecture.py` holds against the imports.
"""

from __future__ import annotations

import sys
from pathlib import Path

import graphviz

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.test_architecture import picture  # noqa: E402


def main() -> None:
    folder = ROOT / "docs" / "pictures"
    text = picture()
    (folder / "architecture.gv").write_text(text, encoding="utf-8", newline="\n")
    (folder / "architecture.svg").write_bytes(graphviz.Source(text).pipe(format="svg"))
    print("wrote docs/pictures/architecture.gv and .svg")


if __name__ == "__main__":
    main()
