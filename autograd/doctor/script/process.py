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
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ..language import say, spoken
from .child import ANSWER, JOB, serve
from .watch.loader import Function, Script

PREFIX = "glassgrad-doctor-"
GRACE, BUSY, LEAST = 120.0, 3.0, 8.0
"""Seconds beyond the limit of a job, which counts its own work, how many times that limit they are at most, and what
they are at least: a machine may have other things to do."""


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
        with _stopped_with_us(), ThreadPoolExecutor(2) as pool:
            try:
                return list(pool.map(self, jobs))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for pid in [*_running]:
                    _end(pid)
                raise

    def __call__(self, job: dict[str, Any]) -> dict[str, Any]:
        with (
            _stopped_with_us(),
            tempfile.TemporaryDirectory(prefix=PREFIX, ignore_cleanup_errors=True) as name,
        ):
            folder = Path(name)
            job = {**job, "language": spoken()}
            limit = job["limit"] + (max(LEAST, min(GRACE, BUSY * job["limit"])) if job["task"] == "consult" else LEAST)
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


_running: set[int] = set()
"""The processes of the jobs that are being done."""


class _Stopped(BaseException):
    """Raised in this process where it is told to end, so that what it began ends first."""


@contextlib.contextmanager
def _stopped_with_us() -> Iterator[None]:
    """Where this process is told to end, it ends by that signal, but after what stands inside was cleared away.

    Python makes an exception of Ctrl-C by itself. Whoever listens to a signal already goes on to do so.
    """
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ours = [s for s in signals if threading.current_thread() is threading.main_thread()
            and signal.getsignal(s) is signal.SIG_DFL]  # fmt: skip

    def stop(number: int, _: Any) -> None:
        raise _Stopped(number)

    for each in ours:
        signal.signal(each, stop)
    stopped = None
    try:
        yield
    except _Stopped as error:
        stopped = error
    finally:
        for each in ours:
            signal.signal(each, signal.SIG_DFL)
    if stopped is not None and not ours:
        raise stopped
    if stopped is not None:
        os.kill(os.getpid(), stopped.args[0])


# One thread: others may work beside it. And memory is kept: given back and asked for again, for each array of a large
# layer, it takes a tenth of the time (glibc).
SETTINGS = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_TRIM_THRESHOLD_": str(2**29), "MALLOC_MMAP_THRESHOLD_": str(2**26),
}  # fmt: skip


def _interpreter(folder: Path, limit: float) -> str:
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH", "")])]
    process = None
    try:
        process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; from {__package__}.child import main; main(sys.argv[1])", str(folder)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            env={**os.environ, **SETTINGS, "PYTHONPATH": os.pathsep.join(paths)},
            start_new_session=True,
        )  # fmt: skip
        _running.add(process.pid)
        _, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return say("no_end", seconds=f"{limit:.0f}")
    finally:
        if process is not None:
            if process.poll() is None:
                _end(process.pid)
                process.communicate()
            _running.discard(process.pid)
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
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.setsid()
            serve(folder, subject)
            status = 0
        finally:
            os._exit(status)
    until, done = time.monotonic() + limit, 0
    try:
        while time.monotonic() < until:
            done, _ = os.waitpid(pid, os.WNOHANG)
            if done:
                return ""
            time.sleep(0.02)
    finally:
        if not done:
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
