"""glassgrad under a name of its own: the public names of `autograd`, which another library calls itself too.

>>> import glassgrad
>>> glassgrad.grad(lambda x: x * x)(3.0)
6.0
>>> from glassgrad import Value, draw

It costs what `import autograd` costs, and nothing before the first name is used. `python -m glassgrad` says what is
installed.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from autograd import *  # noqa: F403
    from autograd import __version__ as __version__
    from autograd import abs as abs
    from autograd import compile as compile


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name not in ("__all__", "__version__"):  # what Python itself asks every module for
        raise AttributeError(f"module 'glassgrad' has no attribute {name!r}")
    from .neighbour import check

    check()
    import autograd

    if name not in ("__all__", "__version__", *dir(autograd)):
        raise AttributeError(f"module 'glassgrad' has no attribute {name!r}")
    found = getattr(autograd, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    import autograd

    return dir(autograd)
