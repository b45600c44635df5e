"""Every demo runs from the repository root and makes the files it promises; what it prints is what it measured."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from nn import load

ROOT = Path(__file__).resolve().parents[1]
PROMISED = {
    "neuron.py": ["neuron.svg", "neuron.png", "neuron.html"],
    "vanishing.py": ["vanishing.svg", "vanishing_graph.svg", "vanishing.html"],
    "moons.py": ["moons.svg", "moons.png", "moons.html"],
    "digits.py": ["digits_confusion.svg", "digits_misread.png", "digits.safetensors"],
    "spirals.py": ["spirals.gif", "spirals.svg", "spirals.png"],
    "newton.py": ["newton.svg", "newton.png"],
    "names.py": ["names.svg", "names.png"],
    "x_squared.py": [
        "x_squared_fit.png", "x_squared_loss.png", "x_squared_graph.svg", "x_squared_graph.png", "x_squared.html",
        "x_squared_film.html", "x_squared_try.html",
    ],
}  # fmt: skip


def run(name: str, out: Path) -> str:
    """The output of a demo, which must end well and leave its files in the folder."""
    pytest.importorskip("matplotlib")
    demo = ROOT / "demos" / name
    result = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:autograd", demo, "--quick", "--out", out],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    assert "\r" not in result.stderr, "a progress bar where there is no terminal"
    for file in PROMISED.get(name, []):
        if not file.endswith(".html") and ("graph" in file or name == "neuron.py"):
            can_render = f"wrote {out / file}" in result.stdout
            if not can_render:  # no renderer on this machine: the demo says what to install
                assert "install" in result.stdout
                continue
        assert (out / file).stat().st_size > 1000
    return result.stdout


@pytest.mark.parametrize("demo", sorted(file.name for file in (ROOT / "demos").glob("*.py")))
def test_a_demo_says_what_it_needs(demo: str, tmp_path: Path) -> None:
    # as on a machine with numpy alone: neither this project nor anything optional can be imported
    hidden = "import importlib.util as u; u.find_spec = lambda name: None; import runpy, sys; sys.argv = [{0!r}]; "
    code = hidden.format(str(ROOT / "demos" / demo)) + "sys.path.insert(0, 'demos'); runpy.run_path(sys.argv[0])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    first, second = result.stderr.splitlines()
    assert re.fullmatch(rf"{demo} needs autograd.*\. In the folder of the clone, type:", first)
    extra = re.search(r"-m pip install -e '\.\[(.+)\]'$", second)
    assert extra is not None
    promised = re.search(
        rf'python demos/{demo} .*# needs: pip install -e "\.\[(.+)\]"', (ROOT / "demos" / demo).read_text()
    )
    assert promised is not None
    assert set(extra[1].split(",")) <= set(promised[1].split(","))


def test_help_says_what_a_demo_does() -> None:
    demo = ROOT / "demos" / "moons.py"
    out = subprocess.run([sys.executable, demo, "--help"], capture_output=True, text=True, check=True).stdout
    assert "Two half-moons told apart" in out
    assert "--out" in out


def test_neuron(tmp_path: Path) -> None:
    out = run("neuron.py", tmp_path)
    assert "d out / d w1 =  1.0000" in out


def test_vanishing(tmp_path: Path) -> None:
    out = run("vanishing.py", tmp_path)
    share = re.search(r"first sigmoid layer receives (\S+) of what", out)
    assert share is not None
    assert float(share[1]) < 1e-3
    cured = re.search(r"He's initialisation it is (\S+)\.", out)
    assert cured is not None
    assert 0.05 < float(cured[1]) < 20


def test_moons(tmp_path: Path) -> None:
    assert "steps: 100%" in run("moons.py", tmp_path)


def test_x_squared(tmp_path: Path) -> None:
    out = run("x_squared.py", tmp_path)
    fitted = re.search(r"MSE \S+ -> (\S+)\. It fits\.", out)
    assert fitted is not None
    assert float(fitted[1]) < 3e-3
    collapsed = re.search(r"100 times as long: MSE (\S+),", out)
    variance = re.search(r"gives an MSE of (\S+), the", out)
    assert collapsed is not None
    assert variance is not None
    assert float(collapsed[1]) == pytest.approx(float(variance[1]), abs=2e-3)
    without = re.search(r"MSE (\S+) without biases", out)
    assert without is not None
    assert float(without[1]) < 1e-3
    assert (tmp_path / "x_squared_film.html").stat().st_size < 1_000_000


def test_digits(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    out = run("digits.py", tmp_path)
    right = re.search(r"test accuracy (\S+)%: (\d+) of 449 misread", out)
    assert right is not None
    assert float(right[1]) >= 97
    state = load(tmp_path / "digits.safetensors")
    assert {name: array.shape for name, array in state.items()} == {
        "0.weight": (256, 64), "0.bias": (256,), "3.weight": (10, 256), "3.bias": (10,)
    }  # fmt: skip


def test_spirals(tmp_path: Path) -> None:
    from PIL import Image

    assert "100.0%" in run("spirals.py", tmp_path).splitlines()[0]
    with Image.open(tmp_path / "spirals.gif") as film:
        assert film.n_frames == 12


def test_newton(tmp_path: Path) -> None:
    out = run("newton.py", tmp_path)
    found = {
        name: float(re.search(rf"{name}: .*f = (\S+)", out)[1]) for name in ("Newton-CG by hvp", "gradient descent")
    }
    assert found["Newton-CG by hvp"] < 1e-15
    assert found["gradient descent"] > 1e-3
    farthest = re.search(r"from the minimum \(1, ..., 1\): (\S+)", out)
    assert farthest is not None
    assert float(farthest[1]) < 1e-7
    if importlib.util.find_spec("scipy"):
        compiled = re.findall(r"compiled by \w+: .*f = (\S+)", out)
        assert len(compiled) == 2
        assert max(map(float, compiled)) < 1e-9


def test_names(tmp_path: Path) -> None:
    out = run("names.py", tmp_path)
    loss = re.search(r"Loss of a letter: (\S+) -> (\S+) \(guessing: (\S+)\)", out)
    assert loss is not None
    first, last, guessing = map(float, loss.groups())
    assert first == pytest.approx(guessing, abs=0.3)
    assert last < guessing - 0.4
    made = re.search(r"Made up, (\d) of 8 new: (.+)", out)
    assert made is not None
    assert len(made[2].split(", ")) == 8
    assert int(made[1]) > 0
