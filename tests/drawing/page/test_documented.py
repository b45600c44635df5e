"""The page in the documentation is the one that the code makes today, and its picture is taken from it in a browser."""

from __future__ import annotations

import json
import re
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE, PICTURE = ROOT / "docs" / "page.html", ROOT / "docs" / "pictures" / "page.png"
MAKER = ROOT / "tools" / "pictures.py"
WIDTH, HEIGHT = 1280, 760


class Documented:
    """The file as something to open."""

    def save(self, path: Path) -> None:
        shutil.copy(PAGE, path)


def told(text: str) -> tuple[Any, list[str]]:
    """What a page tells, but for places, which depend on the Graphviz; and the hashes of its scripts and its style."""
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert found is not None
    story = {key: part for key, part in json.loads(found[1]).items() if key != "geometry"}
    return rounded(story), re.findall(r"sha256-[^']+", text)


def rounded(thing: Any) -> Any:
    """To nine digits: the last ones depend on the machine."""
    if isinstance(thing, float):
        return f"{thing:.9g}"
    if isinstance(thing, dict):
        return {key: rounded(part) for key, part in thing.items()}
    return [rounded(part) for part in thing] if isinstance(thing, list) else thing


@pytest.mark.skipif(not MAKER.exists(), reason="only the source tree has the tools")
def test_the_documented_page_is_up_to_date() -> None:
    today = runpy.run_path(str(MAKER))["page"]()
    assert told(today.html) == told(PAGE.read_text(encoding="utf-8")), "`make pictures` writes it anew"


def test_the_documented_page_has_its_picture(opened: Callable[..., Any], request: pytest.FixtureRequest) -> None:
    tab = opened(Documented(), width=WIDTH, height=HEIGHT)
    tab.keyboard.press("Home")
    for _ in range(9):
        tab.keyboard.press("ArrowRight")
    assert tab.locator(".term").count() > 0
    taken = tab.screenshot()
    if request.config.getoption("--refresh"):
        PICTURE.write_bytes(taken)
    kept = PICTURE.read_bytes()
    size = [int.from_bytes(kept[place : place + 4], "big") for place in (16, 20)]
    assert kept.startswith(b"\x89PNG")
    assert size == [WIDTH, HEIGHT]
    assert len(kept) < 200_000
