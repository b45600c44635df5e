"""Photographs the page where it answers a learner's four questions: docs/pictures/questions/*.png, `make screenshots`.

Needs playwright and a Chromium (`CHROMIUM=path`, or chromium on the PATH); the files are committed. What they show is
held by tests/drawing/page/test_questions.py, which goes the same ways.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autograd import Value, inspect, parameter  # noqa: E402
from autograd.drawing.page import Page  # noqa: E402
from nn import MLP  # noqa: E402

FOLDER = ROOT / "docs" / "pictures" / "questions"


def network() -> Page:
    """A 1-3-3-1 network of sigmoids and its error at one point of y = x²."""
    model = MLP(1, [3, 3, 1], activation="sigmoid", seed=3)
    loss = (model([Value(0.5, "x")]) - Value(0.25, "y")).square()
    loss.label = "loss"
    loss.backward()
    return inspect(loss, title="A 1-3-3-1 network, and backward through it")


def deep() -> Page:
    """Ten sigmoids, one after the other."""
    h = Value(0.5, "x")
    for k in range(10):
        h = (parameter(Value(1.0, f"w{k}")) * h).sigmoid()
    h.label = "out"
    h.backward()
    return inspect(h, title="Ten layers")


def choose(tab: Any, name: str) -> None:
    """Choose a value by its name, as a reader does who uses the table."""
    tab.click("#as-table")
    tab.locator("#words button", has_text=name).first.click()
    if tab.is_visible("#words"):
        tab.click("#as-table")


def why(tab: Any) -> None:
    """Why is this gradient this number? One click on a box."""
    tab.locator("#graph .box", has_text="neurons.1").first.locator(".fill").click()


def vanishes(tab: Any) -> None:
    """Where does it vanish? The page says so as it opens."""


def path(tab: Any) -> None:
    """Which path counts most? One click on the input: the first path is the largest, and lit in the picture."""
    tab.locator("#graph .box", has_text="x").first.locator(".fill").click()


def grows(tab: Any) -> None:
    """What if w grows by 0.1? One click on a weight, one on + 0.1."""
    choose(tab, "layers.1.neurons.0.w0")
    tab.locator("#whatif .dial button").last.click()


QUESTIONS: dict[str, tuple[Callable[[], Page], Callable[[Any], None]]] = {
    "why": (network, why), "vanishes": (deep, vanishes), "path": (network, path), "grows": (network, grows),
}  # fmt: skip


def main() -> None:
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (make, act) in QUESTIONS.items():
            file = Path(make().save(Path(folder) / f"{name}.html"))
            tab = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
            tab.goto(file.as_uri())
            tab.wait_for_selector("body[data-ready=yes]")
            act(tab)
            tab.screenshot(path=FOLDER / f"{name}.png")
            print(f"wrote {(FOLDER / f'{name}.png').relative_to(ROOT)}")
        browser.close()


if __name__ == "__main__":
    main()
