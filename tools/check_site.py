"""Follows every link inside a built site, and finds what a page would load from elsewhere: `make docs` calls it.

    python tools/check_site.py docs/_build

A link inside must lead to a file, and to an anchor that is there. Scripts, styles, pictures and frames must be the
site's own, so that it can be read without a network. Links to other sites are not followed.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"), ("object", "data")}


class Page(HTMLParser):
    """The anchors of a page, its links, and what it loads."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and set(given.get("rel", "").split()) & {"stylesheet", "icon", "preload"}:
            self.loads.append(given.get("href", ""))
        self.loads += [given[name] for kind, name in LOADS if kind == tag and name in given]


def broken(site: Path) -> list[str]:
    """What is wrong, a line for each."""
    pages = {file.resolve(): Page(file) for file in sorted(site.rglob("*.html"))}
    wrong = []
    for file, page in pages.items():
        where = file.relative_to(site.resolve())
        for link in page.loads:
            if urlsplit(link).scheme in ("http", "https") or link.startswith("//"):
                wrong.append(f"{where} loads {link}")
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                wrong.append(f"{where} links to {link}: there is no such file")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors | {""}:
                wrong.append(f"{where} links to {link}: there is no such place on the page")
    return wrong


if __name__ == "__main__":
    found = broken(Path(sys.argv[1]))
    print("\n".join(found) or "Every link inside leads somewhere, and nothing is loaded from elsewhere.")
    sys.exit(bool(found))
