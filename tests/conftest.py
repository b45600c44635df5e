"""What all tests share: repeatable random examples, pictures without a screen, and files of expected output.

`pytest --refresh` rewrites the expected files; look at the difference before you commit it.
"""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")
for pool in ("OMP", "OPENBLAS", "MKL"):  # pytest -n has a process for each core: threads would wait for each other
    os.environ.setdefault(f"{pool}_NUM_THREADS", "1")
os.environ["GLASSGRAD_LANG"] = "en"  # whatever the machine speaks
os.environ["GLASSGRAD_CACHE"] = "0"  # nothing of an earlier run, nothing in the user's folders

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, print_blob=True)
hypothesis.settings.register_profile("search", deadline=None, max_examples=2000, print_blob=True)
hypothesis.settings.load_profile("repeatable")  # pytest --hypothesis-profile=search looks for new counterexamples


ONCE = (
    "compiler/test_arrays.py", "compiler/test_arrays_jax.py", "compiler/test_arrays_source.py",
    "compiler/test_javascript.py", "compiler/test_packed.py", "doctor/script", "doctor/test_doctor_demos.py",
    "doctor/test_examine.py", "doctor/test_language.py", "doctor/test_styles.py", "drawing/page",
    "drawing/test_order.py", "drawing/test_page_width.py", "nn/test_estimators.py", "nn/test_torch.py", "parity",
    "tensor", "test_demos.py", "test_neighbour.py", "zoo",
)  # fmt: skip
"""Tests that take long, or do not ask which scalar engine runs. `make test` runs the suite twice and these once, with
the compiled engine: they count as slow."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fuzz", default="0", help="how many random programs the tests of tests/fuzz try at least")
    parser.addoption("--refresh", action="store_true", help="rewrite the files of expected output in tests/golden")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).as_posix().startswith(ONCE):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.timeout(3600))


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is that of tests/golden/<name>, character for character."""

    def check(name: str, text: str) -> None:
        file = Path(__file__).parent / "golden" / name
        if request.config.getoption("--refresh"):
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        assert file.exists(), f"{file} does not exist yet: pytest --refresh writes it"
        assert text == file.read_text(encoding="utf-8")

    return check


@pytest.fixture
def interrupts() -> Iterator[Callable[[float], Any]]:
    """`interrupts(seconds)` raises KeyboardInterrupt after so long, wherever the program is then.

    Not in the callback of the garbage collector, where it comes to nobody: tests/value/test_collector.py.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        pytest.skip("needs a timer that interrupts the main thread")

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    callbacks = gc.callbacks[:]
    gc.callbacks.clear()
    before = signal.signal(signal.SIGALRM, stop)
    try:
        yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.callbacks[:] = callbacks
