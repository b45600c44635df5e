"""`python -m glassgrad`: which version runs, where, on what; or what is wrong with the installation."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires

from .neighbour import check, installed


def main() -> int:
    """Print it; 1 where the installation is broken."""
    try:
        check()
        import autograd
    except ImportError as error:
        print(error, file=sys.stderr)
        return 1
    lines = [
        f"glassgrad  {autograd.__version__} in {autograd.__path__[0]}",
        f"engine     {'compiled' if autograd.compiled else 'plain Python'}",
        f"Python     {platform.python_version()}, {platform.platform()}",
    ]
    for name, extra in requirements():
        version = installed(name) or f"not installed: pip install 'glassgrad[{extra}]'"
        lines.append(f"{name:10} {version}")
    print("\n".join(lines))  # at once, so that `| head` does not close the pipe on the rest
    return 0


def requirements() -> Iterator[tuple[str, str]]:
    """The packages that a user's work can need, each with the extra that brings it, if it is one."""
    try:
        lines = requires("glassgrad") or []
    except PackageNotFoundError:  # a source tree that was not installed
        lines = []
    for line in lines:
        name, extra = re.match(r"[\w.-]+", line), re.search(r"extra == [\"'](\w+)", line)
        if name and (not extra or extra[1] in ("fast", "plot", "render", "jax")):
            yield name[0], extra[1] if extra else ""


if __name__ == "__main__":
    sys.exit(main())
