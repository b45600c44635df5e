"""The command on a whole script: the lines, the lines to write instead, the cure, and both questions answered."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograd import OperandError
from autograd.doctor import ScriptReport, run
from autograd.doctor import __main__ as command
from autograd.drawing.render import can_render

UNTIDY = """
import numpy as np


class Curve:
    def __init__(self, rate, epochs):
        self.inputs = np.arange(400) / 400
        self.targets = self.inputs ** 3 - 0.5 * self.inputs
        self.w_a = np.random.randn(4, 1)
        self.w_b = np.random.randn(4, 4)
        self.w_c = np.random.randn(1, 4)
        self.slope_w_a = np.empty((4, 1))
        self.slope_w_b = np.empty((4, 4))
        self.slope_w_c = np.empty((1, 4))
        self.units = np.zeros((2, 4))
        self.blame = np.zeros((2, 4))
        self.seen = []
        self.rate, self.epochs = rate, epochs

    def bend(self, z):
        return np.tanh(z)

    def guess(self, x):
        for k in range(2):
            if k == 0:
                self.units[0] = self.bend(self.w_a @ np.array([x]))
            else:
                self.units[k, :] = self.bend(self.w_b @ self.units[k - 1, :])
        return self.w_c @ self.units[-1]

    def cost(self, guess, truth):
        value = 0.5 * (truth - guess) ** 2
        self.seen.append(value[0])
        return value

    def blame_all(self, truth, x):
        self.miss = -(truth - self.out)
        self.blame[1] = (1 - self.units[1] ** 2) * (self.miss @ self.w_c)
        self.blame[0] = (1 - self.units[0] ** 2) * (self.blame[1] @ self.w_b)
        self.slope_w_c[...] = self.miss * self.units[-1]
        self.slope_w_b[:] = np.outer(self.units[0], self.blame[1])  #1
        self.slope_w_a[:, 0] = self.blame[0] * x

    def step(self, rate):
        before = self.w_c.copy()
        self.w_c = before - rate * self.miss  #2
        self.w_b = self.w_b - rate * self.w_b  #3
        self.w_a -= rate * self.w_a  #4

    def fit(self):
        for _ in range(self.epochs):
            for k in range(len(self.inputs)):
                self.out = self.guess(self.inputs[k])
                self.cost(self.out, self.targets[k])
                self.blame_all(self.targets[k], self.inputs[k])
                self.step(self.rate)


if __name__ == "__main__":
    Curve(0.0002, 6).fit()
"""


def line_of(text: str, mark: str) -> int:
    return next(k for k, line in enumerate(text.splitlines(), 1) if mark in line)


@pytest.fixture(scope="module")
def untidy(tmp_path_factory: pytest.TempPathFactory) -> tuple[ScriptReport, Path, str]:
    path = tmp_path_factory.mktemp("untidy") / "curve.py"
    path.write_text(UNTIDY, encoding="utf-8")
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    return run(path), path, before


def test_every_fault_is_found_and_none_invented(untidy: tuple[ScriptReport, Path, str]) -> None:
    report = untidy[0]
    assert [f.line for f in report.findings] == [line_of(UNTIDY, f"#{k}") for k in (1, 2, 3, 4)], str(report)
    assert [f.name for f in report.findings] == ["transposed", "error", "weight", "weight"]
    assert [f.used for f in report.findings] == [False, True, True, True]
    assert not report.ok


def test_the_lines_to_write_repair_it(untidy: tuple[ScriptReport, Path, str]) -> None:
    """They are put into the script, and the doctor finds nothing any more."""
    report, path, _ = untidy
    lines = UNTIDY.splitlines()
    for finding in report.findings:
        assert finding.instead
        old = lines[finding.line - 1]
        lines[finding.line - 1] = old[: len(old) - len(old.lstrip())] + finding.instead
    repaired = path.with_name("repaired.py")
    repaired.write_text("\n".join(lines), encoding="utf-8")
    again = run(repaired, cure=False)
    assert again.ok, str(again)
    assert set(again.verdicts.values()) == {"right"}


def test_both_questions_are_answered_with_numbers(untidy: tuple[ScriptReport, Path, str]) -> None:
    first, second = untidy[0].answers.values()
    lines = [line_of(UNTIDY, f"#{k}") for k in (1, 2, 3, 4)]
    assert f"4 lines are wrong, lines {lines[0]}, {lines[1]}, {lines[2]} and {lines[3]}" in first[0]
    assert "Fatal is the step" in " ".join(first)
    told = " ".join(second)
    assert "the learning rate 0.0002 is too small" in told.replace("The", "the")
    assert "sorted order" in told
    assert "shuffled once" in told
    assert "Always predicting the mean" in told


def test_the_curves_before_and_after_are_there(untidy: tuple[ScriptReport, Path, str]) -> None:
    curves = untidy[0].curves
    assert list(curves)[:2] == ["as it is", "repaired"]
    assert curves["as it is"][0] == curves["repaired"][0]
    best = next(points for name, points in curves.items() if "shuffled" in name)
    assert best[-1][1] < 0.1 * curves["repaired"][-1][1]


def test_nothing_is_left_behind_or_changed(untidy: tuple[ScriptReport, Path, str]) -> None:
    _, path, before = untidy
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert {p.name for p in path.parent.iterdir()} <= {"curve.py", "repaired.py"}


def test_the_report_is_kept_as_a_page(untidy: tuple[ScriptReport, Path, str], tmp_path: Path) -> None:
    report = untidy[0]
    report.save(tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for finding in report.findings:
        assert f'id="line-{finding.line}" class="bad"' in page
    chart = page[page.index('class="chart"') :].partition("</svg>")[0]
    assert chart.count("<polyline") == len(report.curves)
    for finding in report.findings:  # in the text of the graph, and in the picture where there is anything to draw with
        assert f"⚠ line {finding.line}: {finding.name}" in report.graph or f"line {finding.line}:" in report.graph
    assert ('<div class="graph"><svg' in page) == can_render()
    assert report.to_dict()["ok"] is False
    assert "<svg" in report._repr_html_()


class Line:
    """A line fitted by hand; the slope of the offset has the wrong sign."""

    def __init__(self) -> None:
        self.a, self.b = 0.1, 0.0
        self.losses: list[float] = []

    def train(self) -> None:
        xs, ys = [0.5, 1.0, 2.0, 3.0], [1.0, 2.1, 3.9, 6.2]
        for _ in range(12):
            for x, y in zip(xs, ys, strict=True):
                miss = self.a * x + self.b - y
                self.losses.append(miss * miss)
                self.a -= 0.01 * 2.0 * miss * x
                self.b += 0.01 * 2.0 * miss


TELLS = """
import signal
import sys
from autograd.doctor import run
from autograd.doctor.script import process

class Telling(set):
    def add(self, number):
        super().add(number)
        print(number, flush=True)

process._running = Telling()
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background of a shell ignores it
run(sys.argv[1])
"""


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_stops_the_doctor_stops_the_script_as_well(number: signal.Signals, tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text("while True:\n    pass\n", encoding="utf-8")
    aside = tmp_path / "aside"
    aside.mkdir()
    doctor = subprocess.Popen(
        [sys.executable, "-c", TELLS, str(tmp_path / "endless.py")],
        env={**os.environ, "TMPDIR": str(aside)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert doctor.stdout is not None
    script = int(doctor.stdout.readline())
    try:
        doctor.send_signal(number)
        doctor.communicate(timeout=60)
    finally:
        doctor.kill()
        doctor.stdout.close()
    assert doctor.returncode == -number
    assert not any(aside.iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(script, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork()")
def test_a_method_is_examined_and_its_object_stays_as_it_is() -> None:
    line = Line()
    report = run(line.train)
    assert [(f.name, f.code) for f in report.findings] == [("sign", "self.b += 0.01 * 2.0 * miss")], str(report)
    assert report.findings[0].instead == "self.b -= 0.01 * 2.0 * miss"
    assert vars(line) == {"a": 0.1, "b": 0.0, "losses": []}


def test_what_is_no_script_is_said() -> None:
    with pytest.raises(OperandError, match="there is no script"):
        run("nowhere.py")
    with pytest.raises(OperandError, match="takes the path of a script or a function, got int"):
        run(3)  # type: ignore[arg-type]
    with pytest.raises(OperandError, match="is not at hand"):
        run(eval("lambda: None"))


def test_the_command(tmp_path: Path) -> None:
    path = tmp_path / "slope.py"
    path.write_text(
        "import numpy as np\n"
        "X = np.linspace(-1, 1, 20)[:, None]\n"
        "Y = 3 * X\n"
        "w = np.zeros((1, 1))\n"
        "for k in range(40):\n"
        "    miss = X @ w - Y\n"
        "    loss = (miss ** 2).mean()\n"
        "    w = w - 0.1 * X.T @ miss / len(X) * 2\n",
        encoding="utf-8",
    )
    words = [sys.executable, "-m", "autograd.doctor", str(path), "--save", str(tmp_path / "r.html")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("slope.py: no mistake found.")
    assert (tmp_path / "r.html").exists()
    assert {p.name for p in tmp_path.iterdir()} == {"slope.py", "r.html"}


def test_the_command_says_what_it_found_where_nothing_can_be_saved_or_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ScriptReport("a.py", failure="There is no training.")
    monkeypatch.setattr(command, "run", lambda *_args, **_options: report)
    assert command.main(["a.py", "--save", str(tmp_path / "no" / "r.html")]) == 2
    told = capsys.readouterr()
    assert "There is no training." in told.out
    assert "No such file" in told.err
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert command.main(["a.py", "--save", str(tmp_path / "r.html")]) == 2
    assert (tmp_path / "r.html").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"loss": "cost"}, ""),
        ({"loss": 8}, ""),
        ({"parameters": ["w"]}, ""),
        (
            {"loss": "price"},
            (
                "there is no loss 'price' that depends on w, b; give its name or its line as --loss. These would do: "
                "line 8 (0.5 * (miss ** 2).sum())."
            ),
        ),
        ({"parameters": ["v"]}, "v is not changed by a training step; what is changed: w, b."),
        ({"of_class": "Net"}, "no object of the class Net has parameters that a training changes."),
    ],
)
def test_options_name_what_was_not_found(options: dict[str, object], text: str, tmp_path: Path) -> None:
    path = tmp_path / "named.py"
    path.write_text(
        "import numpy as np\n"
        "x = np.linspace(-1, 1, 9)\n"
        "t = 2 * x + 1\n"
        "w = np.zeros(1)\n"
        "b = np.zeros(1)\n"
        "for k in range(5):\n"
        "    miss = w * x + b - t\n"
        "    cost = 0.5 * (miss ** 2).sum()\n"
        "    w = w - 0.1 * (miss * x).sum()\n"
        "    b = b - 0.1 * miss.sum()\n",
        encoding="utf-8",
    )
    report = run(path, cure=False, **options)  # type: ignore[arg-type]
    assert report.failure == text
    assert text or report.ok
    if options == {"parameters": ["w"]}:
        assert list(report.verdicts) == ["w"]
