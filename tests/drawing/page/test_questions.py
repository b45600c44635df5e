"""A learner's four questions, answered by the opening view or by one click; the screenshots of the documentation."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOL = ROOT / "tools" / "screenshots.py"

pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="only the source tree has the tools")

ANSWERS = {
    "why": ("#chosen", ["Why ∇ 0.039: the sum over 3 paths", "0.382 × 0.278 × 0.246 × 0.991", "0.026"]),
    "vanishes": ("#headline", ["loses a factor of 10⁶", "1.7e−7 at w0"]),
    "path": ("#chosen .path.lit", ["0.00359", "through layers.0.neurons.2, layers.1.neurons.0, layers.2.neurons.0"]),
    "grows": ("#whatif", ["loss changes by 0.00283", "the gradient promised 0.00277"]),
}


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("width", [1280, 390])
def test_the_answer_is_there(name: str, width: int, opened: Callable[..., Any]) -> None:
    make, act = runpy.run_path(str(TOOL))["QUESTIONS"][name]
    tab = opened(make(), width=width, height=844 if width == 390 else 800)
    if width == 390 and name != "vanishes":
        tab.select_option("#level", label="neurons")
    act(tab)
    place, words = ANSWERS[name]
    text = tab.inner_text(place)
    for each in words:
        assert each in text.replace("\n", " ")
    frame = tab.locator(place).first.bounding_box()
    assert 0 <= frame["y"] < 844  # in sight, and not below the fold
    assert (ROOT / "docs" / "pictures" / "questions" / f"{name}.png").stat().st_size < 300_000
