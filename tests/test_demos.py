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
        "x_squared_film.html",
    ],
}  # fmt: skip


def run(name: str) -> str:
    """The output of a demo, which must end well; its files are removed before, so that old ones prove nothing."""
    pytest.importorskip("matplotlib")
    for file in PROMISED.get(name, []):
        (ROOT / "out" / file).unlink(missing_ok=True)
    result = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:autograd", str(ROOT / "demos" / name), "--quick"],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    for file in PROMISED.get(name, []):
        if not file.endswith(".html") and ("graph" in file or name == "neuron.py"):
            can_render = f"wrote {Path('out') / file}" in result.stdout
            if not can_render:  # no renderer on this machine: the demo says what to install
                assert "install" in result.stdout
                continue
        assert (ROOT / "out" / file).stat().st_size > 1000
    return result.stdout


def test_neuron() -> None:
    out = run("neuron.py")
    assert "d out / d w1 =  1.0000" in out


def test_vanishing() -> None:
    out = run("vanishing.py")
    share = re.search(r"first sigmoid layer receives (\S+) of what", out)
    assert share is not None
    assert float(share[1]) < 1e-3
    cured = re.search(r"He's initialisation it is (\S+)\.", out)
    assert cured is not None
    assert 0.05 < float(cured[1]) < 20


def test_moons() -> None:
    assert "steps: 100%" in run("moons.py")


def test_x_squared() -> None:
    out = run("x_squared.py")
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
    assert (ROOT / "out" / "x_squared_film.html").stat().st_size < 1_000_000


def test_digits() -> None:
    pytest.importorskip("sklearn")
    out = run("digits.py")
    right = re.search(r"test accuracy (\S+)%: (\d+) of 449 misread", out)
    assert right is not None
    assert float(right[1]) >= 97
    state = load(ROOT / "out" / "digits.safetensors")
    assert {name: array.shape for name, array in state.items()} == {
        "0.weight": (256, 64), "0.bias": (256,), "3.weight": (10, 256), "3.bias": (10,)
    }  # fmt: skip


def test_spirals() -> None:
    from PIL import Image

    assert "100.0%" in run("spirals.py").splitlines()[0]
    with Image.open(ROOT / "out" / "spirals.gif") as film:
        assert film.n_frames == 12


def test_newton() -> None:
    out = run("newton.py")
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


def test_names() -> None:
    out = run("names.py")
    loss = re.search(r"Loss of a letter: (\S+) -> (\S+) \(guessing: (\S+)\)", out)
    assert loss is not None
    first, last, guessing = map(float, loss.groups())
    assert first == pytest.approx(guessing, abs=0.3)
    assert last < guessing - 0.4
    made = re.search(r"Made up, (\d) of 8 new: (.+)", out)
    assert made is not None
    assert len(made[2].split(", ")) == 8
    assert int(made[1]) > 0
