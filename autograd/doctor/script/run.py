"""`run`: a script or a function that trains something, examined from end to end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ...errors import OperandError
from ..language import chosen, speaking
from .cure import Clinic, Cure, runs_off
from .process import Worker
from .report import ScriptReport, report_of
from .watch.loader import Function, Script

SECONDS = 55.0
"""For everything together."""
RECORDING = 20.0


def consultation(options: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The job of finding what is wrong, which leaves a part of the seconds to the trainings."""
    watching, limit = min(RECORDING, seconds / 2), max(0.65 * seconds, seconds - 12.0)
    return {"task": "consult", "options": options, "seconds": watching, "limit": limit}


def run(
    subject: str | os.PathLike[str] | Callable[[], Any],
    *,
    loss: str | int = "",
    parameters: Sequence[str] = (),
    of_class: str = "",
    argv: Sequence[str] = (),
    cure: bool = True,
    seconds: float = SECONDS,
    lang: str = "",
) -> ScriptReport:
    """Find the lines of a script that make its training wrong, and what to write instead.

    The script runs in a process of its own, with a time limit and without changing files; a function runs in a copy
    of this process, so its objects stay as they are.

    Args:
        subject: the path of a script, or a function without arguments (a method will do).
        loss: the name or the line of the loss, where it is not found.
        parameters: the names of the parameters, where others are taken for them.
        of_class: the class whose attributes the parameters are.
        argv: the command line of the script.
        cure: whether the training is run to its end, as it is and repaired.
        seconds: of work, for everything together; a machine that does other things besides takes longer for it.
        lang: the language of the report, "en" or "zh"; by default that of GLASSGRAD_LANG, or of the locale.

    Returns:
        A report: print it, or read `.findings`, `.verdicts`, `.answers`, `.ok`.

    Raises:
        OperandError: there is no such script or language, or the source of the function is not at hand.
    """
    language = chosen(lang)
    begin = time.monotonic()
    if isinstance(subject, (str, os.PathLike)):
        path = os.path.abspath(os.fspath(subject))
        shown = repr(os.fspath(subject))
        if Path(path).is_dir():
            raise OperandError(f"{shown} is a folder: name the script in it")
        if not Path(path).is_file():
            raise OperandError(f"there is no script {shown}")
        if path.endswith(".ipynb"):
            raise OperandError(
                f"{shown} is a notebook: put its training into a function and call autograd.doctor.run(my_training) "
                f"in it, or write it as a script with jupyter nbconvert --to script {os.path.basename(path)}"
            )
        name = os.path.basename(path)
        try:
            target: Script | Function = Script(path, list(argv))
        except (UnicodeDecodeError, SyntaxError):
            raise OperandError(f"{shown} is not a text in UTF-8, so it is no Python script") from None
    else:
        target = Function(subject)
        name = getattr(subject, "__qualname__", repr(subject))
    options = {"loss": str(loss), "parameters": list(parameters), "of_class": of_class}
    with speaking(language):
        worker = Worker(target)
        found = worker(consultation(options, seconds))
        tried: Cure | None = None
        if cure and "failure" not in found:
            tried = Clinic(worker, found, begin + seconds).cure()
        elif cure and "watched" in found:
            found["failure"] += runs_off(worker, found["watched"], begin + seconds)
        return report_of(name, found, tried, time.monotonic() - begin)
