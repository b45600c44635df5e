"""HIPS autograd has the import name `autograd` too, and an installer lays the files of one over those of the other.

Whether that has happened, and which command repairs it. It imports nothing of the project, since nothing else can be
imported then. `nn`, `glassgrad` and `python -m glassgrad` ask it, and `autograd` where it still can.
"""

from __future__ import annotations

import warnings
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

REPAIR = "python -m pip install --force-reinstall --no-deps glassgrad"
REMOVE = "python -m pip uninstall -y autograd"
CLONE = "(from a clone of glassgrad, write . for its name)"


def check() -> None:
    """Look whether `autograd` is ours and whole, without importing it.

    Raises:
        ImportError: it is not; the message says what to type.
    """
    found = find_spec("autograd")
    if found is None or not found.has_location:  # a folder without an __init__.py
        raise ImportError(damage(None))
    source = getattr(found.loader, "get_source", lambda name: None)("autograd")
    if source is not None and not source.startswith('"""glassgrad'):  # None: a loader that keeps no sources
        raise ImportError(damage(found.origin))


def warn(folder: str) -> None:
    """Say that HIPS autograd has been installed into the same folder, before ours."""
    warnings.warn(
        f"{theirs()} is installed in the same folder as glassgrad, {folder}, and files of it are lost: "
        f"both packages are called `autograd`. Keep one of them in an environment. To keep glassgrad:\n"
        f"    {REMOVE}\n    {REPAIR}    {CLONE}",
        stacklevel=3,
    )


def damage(origin: str | None) -> str:
    """What is the matter with the package `autograd`, and what to type."""
    if origin is None:
        what = (
            "The package `autograd` of glassgrad has lost files: HIPS autograd took them along as it was uninstalled."
        )
    else:
        what = f"{origin} is not glassgrad's: {theirs()} has the same import name and lies over it, or before it."
    steps = [REPAIR] if installed() is None else [REMOVE, REPAIR]
    return f"{what} To repair glassgrad:\n" + "\n".join(f"    {step}" for step in steps) + f"    {CLONE}"


def theirs() -> str:
    """HIPS autograd, with its version where it is known."""
    return f"HIPS autograd {installed() or ''}".rstrip()


def installed(name: str = "autograd") -> str | None:
    """The version of a distribution, None if it is not installed. The one called `autograd` is not ours."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
