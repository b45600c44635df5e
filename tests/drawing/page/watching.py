"""What the tests of pages ask an open page under its own policy: the tools of the browser need no permission."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

AXE = [Path(os.environ.get("AXE", "")), *(Path(place, "node_modules/axe-core/axe.min.js") for place in (".", ".axe"))]
PATIENCE = 90.0  # seconds, for machines that do much besides


def until(tab: Any, condition: str) -> None:
    """Wait until an expression is true in the page. (Playwright's `wait_for_function` needs eval there.)"""
    end = time.monotonic() + PATIENCE
    while not tab.evaluate(condition):
        assert time.monotonic() < end, f"it never became true: {condition}"
        tab.wait_for_timeout(20)


def violations(tab: Any) -> list[str]:
    """What axe finds serious in a page as it stands."""
    script = next((file for file in AXE if file.is_file()), None)
    if script is None:
        pytest.skip("axe-core is not here: npm install --no-save --prefix .axe axe-core, or AXE=path/to/axe.min.js")
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(script.read_text(encoding="utf-8"))
    found = tab.evaluate("axe.run().then((results) => results.violations)")
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]
