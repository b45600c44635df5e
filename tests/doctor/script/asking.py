"""What tests of whole scripts ask the doctor."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor import run


def said(text: str, folder: Path) -> str:
    """What the doctor says of a script, in one line."""
    file = folder / "a.py"
    file.write_text(text, encoding="utf-8")
    return " ".join(str(run(file, cure=False)).split())
