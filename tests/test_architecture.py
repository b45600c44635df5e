"""The architecture page: its picture is that of the imports, and every file and function it names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_project import IN_SOURCE_TREE, ROWS, imported, room, sources

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
LEFT_OUT = {"autograd.rules", "autograd.errors", "glassgrad", "glassgrad.neighbour"}
"""Rooms that say nothing in a picture: everybody knows the errors, only old pickles the rules, and `glassgrad` is
another name of `autograd`."""

TITLES = {"autograd": "the public names"}


def rooms() -> list[list[str]]:
    """The rows of rooms that are drawn, from the top down."""
    kept = [[name for name in row if name not in LEFT_OUT] for row in ROWS]
    return [row for row in kept if row]


def arrows() -> set[tuple[str, str]]:
    """Which room imports from which, in any of its files."""
    texts = sources()
    drawn = {name for row in rooms() for name in row}
    found = set()
    for name, text in texts.items():
        own = room(name)[1]
        for other in imported(name, text, texts):
            theirs = room(other)[1]
            if own != theirs and own in drawn and theirs in drawn:
                found.add((own, theirs))
    return found


def shortest(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the arrows that a longer way says already."""
    below: dict[str, set[str]] = {}

    def reach(name: str) -> set[str]:
        if name not in below:
            below[name] = set()
            below[name] = {far for a, b in pairs if a == name for far in (b, *reach(b))}
        return below[name]

    return {(a, b) for a, b in pairs if not any((a, c) in pairs and b in reach(c) for _, c in pairs if c != b)}


def picture() -> str:
    """The DOT text: one rank for each row of rooms."""
    lines = [
        "digraph architecture {",
        '  graph [rankdir=TB, bgcolor="transparent", nodesep=0.4, ranksep=0.35]',
        '  node [shape=box, style="rounded", fontname="Helvetica,Arial,sans-serif", fontsize=13, margin="0.16,0.08"]',
        '  node [color="#808080", fontcolor="#808080"]',
        '  edge [color="#808080", arrowsize=0.7]',
    ]
    for row in rooms():
        names = "; ".join(f'"{name}" [label="{TITLES.get(name, name.removeprefix("autograd."))}"]' for name in row)
        lines.append(f"  {{ rank=same; {names} }}")
    lines += [f'  "{a}" -> "{b}"' for a, b in sorted(shortest(arrows()))]
    return "\n".join([*lines, "}", ""])


@pytest.mark.skipif(not IN_SOURCE_TREE, reason="the picture is of the source tree")
def test_the_picture_shows_the_imports() -> None:
    drawn = (ROOT / "docs" / "pictures" / "architecture.gv").read_text(encoding="utf-8")
    assert drawn == picture(), "run tools/architecture.py (make pictures)"


def test_an_arrow_too_many_is_left_out() -> None:
    assert shortest({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}


@pytest.mark.skipif(not IN_SOURCE_TREE, reason="the page names files of the source tree")
def test_every_file_and_function_that_the_page_names_is_there() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(\.\./([\w/.]+)\)", text):
        assert (ROOT / link).exists(), f"{link} is named on the page and is not there"
    named = re.findall(r"\[`(\w+)(?:\(\))?`\]\(\.\./([\w/.]+\.py)\)", text)
    assert named
    for name, link in named:
        if not link.endswith(f"/{name}.py"):
            assert re.search(rf"\b{name}\b", (ROOT / link).read_text(encoding="utf-8")), f"{link} has no {name}"


def test_every_room_is_explained() -> None:
    text = PAGE.read_text(encoding="utf-8")
    short = [name.removeprefix("autograd.") for row in rooms() for name in row if name.startswith("autograd.")]
    assert [name for name in short if f"| `{name}" not in text] == []
