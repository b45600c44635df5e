"""Limits of time: what takes too long is left, and what stands around it goes on."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest

from autograd.doctor.script import child
from autograd.doctor.script.process import Worker
from autograd.doctor.script.watch.limits import Limit, TimeIsUp
from autograd.doctor.script.watch.loader import Script, import_libraries
from autograd.doctor.script.watch.sites import Source


def for_ever() -> None:
    while True:
        pass


@pytest.mark.parametrize("work", [False, True])
def test_of_limits_around_one_another_the_one_that_is_over_is_left(work: bool) -> None:
    with Limit(60.0) as outer:
        with Limit(0.01, work=work) as inner:
            for_ever()
        assert isinstance(inner.stopped, TimeIsUp)
        assert not outer.over
    assert outer.stopped is None
    with Limit(0.01, work=work) as outer:
        with Limit(60.0) as inner:
            for_ever()
        raise AssertionError("the outer one was over")
    assert (inner.stopped, outer.stopped is None) == (None, False)


def test_what_the_collector_of_garbage_calls_is_let_be() -> None:
    done = []

    def callback(phase: str, info: object) -> None:
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            pass
        done.append(phase)

    gc.callbacks.append(callback)
    try:
        with Limit(0.01) as limit:
            gc.collect()
            for_ever()
    finally:
        gc.callbacks.remove(callback)
    assert done[:2] == ["start", "stop"]
    assert isinstance(limit.stopped, TimeIsUp)


def test_a_limit_may_be_extended_once() -> None:
    asked = []
    with Limit(0.02, 0.5, lambda: bool(asked.append(1) or True)) as limit:
        for_ever()
    assert (len(asked), limit.stopped is None) == (1, False)


def test_an_exception_of_the_script_comes_through() -> None:
    with pytest.raises(ZeroDivisionError), Limit(60.0):
        1 / 0  # noqa: B018


def test_a_verdict_that_takes_too_long_is_said(tmp_path: Path) -> None:
    path = tmp_path / "script.py"
    path.write_text("while True:\n    pass\n", encoding="utf-8")
    job = {"task": "consult", "options": {}, "seconds": 600.0, "limit": 0.01}
    assert "did not come to a verdict in 0 seconds" in Worker(Script(str(path)))(job)["failure"]


def test_what_cannot_be_imported_is_left_to_the_script(tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("raise SystemError", encoding="utf-8")
    text = "import no_such_library\nimport beside\nfrom json import nothing\nimport sys; sys.exit()\n"
    import_libraries(Source(str(tmp_path / "script.py"), text))
    import_libraries(Source(str(tmp_path / "script.py"), "def f(:\n"))


def test_a_failure_of_the_doctor_names_its_place() -> None:
    with pytest.raises(KeyError) as caught:
        child.do(None, {"task": "consult"})  # type: ignore[arg-type]
    assert child._place(caught.value).startswith("child.py:")
