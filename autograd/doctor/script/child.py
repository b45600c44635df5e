"""The process that a script runs in: it takes a job from a file, shuts itself in, and leaves the answer in a file.

Jobs and answers are JSON; nothing in them is executed but the learner's own script.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...value.collector import leave_alone
from ..language import say, speaking
from .consult import Options, consult
from .readings import Watch
from .trial import Watched, run_trial
from .watch.edits import Edit
from .watch.loader import Script, Subject
from .watch.sandbox import Refused, Sandbox, seed
from .watch.sites import Source, text_of

JOB, ANSWER, ASIDE = "job.json", "answer.json", "aside"


def do(subject: Subject, job: dict[str, Any]) -> dict[str, Any]:
    """One job: a consultation, or a training at full speed."""
    warnings.simplefilter("ignore")
    if job["task"] == "consult":
        given = job["options"]
        options = Options(given.get("loss", ""), tuple(given.get("parameters", ())), given.get("of_class", ""))
        return consult(subject, options, job["seconds"], job["limit"])
    seed()
    sources: dict[str, Source] = {subject.main.path: subject.main}
    edits = []
    for edit in job["edits"]:
        path = edit["path"]
        if path not in sources:
            sources[path] = Source(path, text_of(path))
        edits.append(Edit(sources[path], _span(edit["span"]), edit["new"]))
    curve = run_trial(subject, edits, Watched.of(job["watched"]), Watch(job["limit"], **job["watch"]))
    return asdict(curve)


def _span(numbers: list[int]) -> tuple[int, int, int, int]:
    first, start, last, end = numbers
    return first, start, last, end


def _place(error: BaseException) -> str:
    """Where in this program an error was raised: "losses.py:12"."""
    trace, found = error.__traceback__, ""
    while trace is not None:
        name = Path(trace.tb_frame.f_code.co_filename)
        found = f"{name.name}:{trace.tb_lineno}" if "doctor" in name.parts else found
        trace = trace.tb_next
    return found


def serve(folder: Path, subject: Subject | None = None) -> None:
    """Do the job of a folder and leave the answer there."""
    leave_alone()  # a timer ends the script
    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    (folder / ASIDE).mkdir(exist_ok=True)
    box = Sandbox(str(folder / ASIDE))
    box.close()
    with speaking(job["language"]):
        try:
            answer = do(subject or Script(job["path"], job["argv"]), job)
        except SyntaxError as error:
            answer = {"failure": say("not_python", line=error.lineno, text=error.msg)}
        except Refused as refused:
            answer = {"failure": say("refused_in_run", what=refused)}
        except Exception as error:  # what the script raises is part of its recording
            answer = {"failure": say("own_failure", error=type(error).__name__, text=error, place=_place(error))}
    answer["written"] = box.told()
    box.active = False
    part = folder / f"{ANSWER}.part"
    part.write_text(json.dumps(answer), encoding="utf-8")
    part.replace(folder / ANSWER)


def main(folder: str) -> None:
    """Serve one folder."""
    serve(Path(folder))
    sys.stdout.flush()
    os._exit(0)  # threads of the script that never end end here
