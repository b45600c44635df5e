"""Runs the demos, quickly, and leaves their pictures and pages where the gallery of the documentation shows them.

    python tools/gallery.py

They go to docs/_extra/gallery/, which Sphinx copies into the site as it is. Two run at a time. `make docs` calls it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "docs" / "_extra" / "gallery"
DEMOS = ("x_squared", "moons", "digits", "spirals", "doctor", "newton", "vanishing", "neuron")  # the longest first


def run(demo: str) -> str:
    """What is wrong with a demo; nothing if it ended well."""
    done = subprocess.run(
        [sys.executable, ROOT / "demos" / f"{demo}.py", "--quick", "--out", OUT],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
    )  # fmt: skip
    return f"{demo}: {done.stdout}" if done.returncode else ""


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as both:
        failed = [told for told in both.map(run, DEMOS) if told]
    print("\n".join(failed) or f"{len(DEMOS)} demos ran; what they made is in {OUT.relative_to(ROOT)}")
    sys.exit(bool(failed))
