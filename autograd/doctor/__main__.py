"""The command: `python -m autograd.doctor script.py`."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from ..errors import OperandError
from .language import say, speaking
from .script.run import SECONDS, run


def main(argv: list[str] | None = None) -> int:
    """Examine a script and print the report.

    Returns:
        0 where nothing is wrong, 1 where something is, 2 where it cannot be judged.
    """
    parser = argparse.ArgumentParser(
        prog="python -m autograd.doctor",
        description="Find the lines of a numpy script that make its training wrong, and what to write instead.",
    )
    parser.add_argument("script", help="the script, as it is")
    parser.add_argument("arguments", nargs="*", help="the script's own arguments, after --")
    parser.add_argument("--loss", default="", metavar="NAME_OR_LINE", help="the loss, where it is not found")
    parser.add_argument("--parameters", default="", metavar="NAMES", help="the parameters, with commas between them")
    parser.add_argument(
        "--class", dest="of_class", default="", metavar="NAME", help="the class that keeps the parameters"
    )
    parser.add_argument("--no-cure", action="store_true", help="do not run the trainings to their end")
    parser.add_argument(
        "--seconds", type=float, default=SECONDS,
        help="of work for everything together; a busy machine takes longer (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument("--save", metavar="FILE", help="write the report as HTML")
    parser.add_argument("--lang", default="", help="en or zh (default: that of GLASSGRAD_LANG, or of the locale)")
    given = parser.parse_args(argv)
    names = [name.strip() for name in given.parameters.split(",") if name.strip()]
    try:
        report = run(
            given.script, loss=given.loss, parameters=names, of_class=given.of_class, argv=given.arguments,
            cure=not given.no_cure, seconds=given.seconds, lang=given.lang,
        )  # fmt: skip
    except OperandError as error:
        print(error, file=sys.stderr)
        return 2
    lines = report.lines(min(100, shutil.get_terminal_size((100, 24)).columns))
    if given.save:
        try:
            report.save(given.save)
        except OSError as error:
            print("\n".join(lines))
            print(f"{given.save}: {error.strerror}", file=sys.stderr)
            return 2
        with speaking(report.language):
            lines += ["", say("report_saved", file=given.save)]
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:  # as in `| head`: whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2 if report.failure else 0 if report.ok else 1


if __name__ == "__main__":
    sys.exit(main())
