"""A browser for the tests of pages. They are skipped where there is no Chromium, or no package to drive it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")  # the first takes a third of the time
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium here")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """`opened(page)`: the page from disk, in a browser of its own; it must stay silent and fetch nothing."""
    contexts: list[Any] = []
    trouble: list[str] = []

    def fetched(request: Any) -> None:
        if not request.url.startswith(("file:", "blob:", "data:", "about:")):
            trouble.append(request.url)

    def said(message: Any) -> None:
        if message.type in ("error", "warning"):
            trouble.append(message.text)

    def open_page(page: Any, width: int = 1280, height: int = 800, **options: Any) -> Any:
        file = tmp_path / f"page{len(contexts)}.html"
        page.save(file)
        context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce", **options)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", said)
        tab.on("pageerror", lambda error: trouble.append(str(error)))
        tab.on("request", fetched)
        tab.on("dialog", lambda dialog: trouble.append(f"dialog {dialog.message}"))
        tab.goto(file.as_uri())
        tab.wait_for_selector("body[data-ready]")
        return tab

    yield open_page
    for context in contexts:
        context.close()
    assert trouble == []
