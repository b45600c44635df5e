"""Jobs in processes of their own, each with a time limit; nothing of them stays behind.

A script runs in a fresh interpreter. A function runs in a copy of this process, so the objects it changes are copies.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..language import say, spoken
from .child import ANSWER, JOB, serve
from .watch.loader import Function, Script

GRACE = 120.0
"""Seconds beyond the limit of a job, which counts its own work: a machine may have other things to do."""


class Worker:
    """Runs jobs on one subject.

    Args:
        subject: a script or a function.
    """

    def __init__(self, subject: Script | Function) -> None:
        self.subject = subject

    def all(self, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Several jobs, two at a time."""
        if isinstance(self.subject, Function) or len(jobs) < 2:
            return [self(job) for job in jobs]
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(self, jobs))

    def __call__(self, job: dict[str, Any]) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="glassgrad-doctor-", ignore_cleanup_errors=True) as name:
            folder = Path(name)
            job = {**job, "language": spoken()}
            limit = job["limit"] + (GRACE if job["task"] == "consult" else 8.0)
            if isinstance(self.subject, Script):
                job = {**job, "path": self.subject.path, "argv": self.subject.argv}
                (folder / JOB).write_text(json.dumps(job), encoding="utf-8")
                error = _interpreter(folder, limit)
            else:
                (folder / JOB).write_text(json.dumps(job), encoding="utf-8")
                error = _forked(folder, limit, self.subject)
            answer = folder / ANSWER
            if answer.exists():
                return json.loads(answer.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
            return {"failure": error or say("no_answer")}


# One thread: others may work beside it. And memory is kept: given back and asked for again, for each array of a large
# layer, it takes a tenth of the time (glibc).
SETTINGS = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": str(2**29), "MALLOC_MMAP_THRESHOLD_": str(2**26),
}  # fmt: skip


def _interpreter(folder: Path, limit: float) -> str:
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys; from {__package__}.child import main; main(sys.argv[1])", str(folder)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        env={**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(paths)},
        start_new_session=True,
    )  # fmt: skip
    try:
        _, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        _end(process.pid)
        process.communicate()
        return say("no_end", seconds=f"{limit:.0f}")
    last = errors.strip().splitlines()[-1:]
    status = process.returncode
    if not status:
        return ""
    return say("process_ended_with", status=status, text=last[0]) if last else say("process_ended", status=status)


def _forked(folder: Path, limit: float, subject: Function) -> str:
    if not hasattr(os, "fork"):
        return say("no_fork")
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setsid()
            serve(folder, subject)
            status = 0
        finally:
            os._exit(status)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        done, _ = os.waitpid(pid, os.WNOHANG)
        if done:
            return ""
        time.sleep(0.02)
    _end(pid)
    os.waitpid(pid, 0)
    return say("function_no_end", seconds=f"{limit:.0f}")


def _end(pid: int) -> None:
    """End a process and those that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(pid, signal.SIGKILL)
        else:
            os.kill(pid, signal.SIGTERM)
