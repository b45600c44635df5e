"""How well the doctor does on a folder of scripts whose mistakes are known: accused, flagged, the line, the name.

    PYTHONPATH=. python tools/score.py FOLDER [NAME ...] [--jobs 2]

`FOLDER/truth.tsv` has a line for each script: its name, its kind, `right` or `wrong`, and for a wrong one the lines of
its mistakes (`12,13` either of two, `12;30` two mistakes), what each is, and the line as it should be.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from autograd.doctor.script.process import Worker
from autograd.doctor.script.run import SECONDS, consultation
from autograd.doctor.script.watch.loader import Script

OPTIONS: dict[str, Any] = {"loss": "", "parameters": [], "of_class": ""}


def consulted(path: Path) -> tuple[dict[str, Any], float]:
    """What the doctor says of a script, without trying the cure, and the seconds it took."""
    begin = time.monotonic()
    found = Worker(Script(str(path), []))(consultation(OPTIONS, SECONDS))
    return found, time.monotonic() - begin


def mistakes(lines: str) -> list[set[int]]:
    """Where each mistake stands."""
    return [{int(n) for n in each.split(",") if n.strip()} for each in lines.split(";") if each.strip()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    rows = [row.rstrip("\n").split("\t") for row in (given.folder / "truth.tsv").read_text().splitlines() if row]
    rows = [row for row in rows if row[2:3] in (["right"], ["wrong"])]
    rows = [row for row in rows if not given.names or row[0].removesuffix(".py") in given.names]
    with ThreadPoolExecutor(given.jobs) as pool:
        paths = [given.folder / f"{row[0].removesuffix('.py')}.py" for row in rows]
        totals: dict[str, int] = {}
        for row, (found, seconds) in zip(rows, pool.map(consulted, paths), strict=True):
            for key in told(row, found, seconds):
                totals[key] = totals.get(key, 0) + 1
    print("  ".join(f"{key} {count}" for key, count in sorted(totals.items())))


def told(row: list[str], found: dict[str, Any], seconds: float) -> list[str]:
    """Print what was said beside the truth; what it counts as."""
    name, right = row[0].removesuffix(".py"), row[2] == "right"
    blocks, faults = found.get("blocks", []), found.get("faults", [])
    accused = [block["name"] for block in blocks if block["verdict"] == "wrong"]
    dumb = [block["name"] for block in blocks if block["verdict"] == "cannot tell"]
    lines = [fault["line"] for fault in faults]
    counts = ["right" if right else "wrong"]
    if right:
        counts.append(
            "right: accused" if accused or faults else "right: cannot tell" if "failure" in found else "right: right"
        )
        mark = {"right: accused": "ACCUSED", "right: right": "ok"}.get(counts[-1], "cannot tell")
    else:
        truth = mistakes(row[3])
        flagged = bool(accused or faults)
        first = bool(lines) and any(lines[0] in each for each in truth)
        beside = bool(lines) and any(abs(lines[0] - n) <= 1 for each in truth for n in each)
        every = flagged and all(any(n in lines for n in each) for each in truth)
        stray = [line for line in lines if not any(abs(line - n) <= 1 for each in truth for n in each)]
        counts += ["wrong: flagged"] * flagged + ["wrong: line first"] * first + ["wrong: beside"] * beside
        counts += ["wrong: every mistake"] * every + ["wrong: a stray line"] * bool(stray)
        counts += ["wrong: named"] * (first and faults[0]["name"] != "unrecognised")
        counts += ["wrong: a line to write"] * bool(faults and faults[0]["instead"])
        mark = (
            "ok"
            if every and not stray
            else "part"
            if first
            else "beside"
            if beside
            else "LINE"
            if flagged
            else "MISSED"
        )
    print(f"{name:12} {mark:12} {seconds:5.1f} s" + ("" if right else f"  truth {row[3]} {row[4]}"))
    if mark != "ok" or not right:
        for fault in faults:
            print(f"      {fault['line']}: {fault['name']}: {fault['says']}  [{', '.join(fault['blocks'])}]")
            print(
                f"          {fault['code'].strip()}"
                + (f"   ->   {fault['instead'].strip()}" if fault["instead"] else "")
            )
        if "failure" in found:
            print(f"      {found['failure']}")
        if dumb:
            print(f"      cannot tell: {', '.join(dumb)}")
    return counts


if __name__ == "__main__":
    main()
