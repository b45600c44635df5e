"""HIPS autograd, which has the import name `autograd` too: whatever came first, somebody says what to type.

Its files are played by a few of the same names; `make release-check` does it with the real one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autograd

SITE = Path(autograd.__file__).resolve().parents[1]
THEIRS = {
    "__init__.py": "from autograd.core import primitive_with_deprecation_warnings\nfrom .tracer import trace\n",
    "core.py": "def primitive_with_deprecation_warnings(f):\n    return f\n",
    "tracer.py": "def trace(f):\n    return f\n",
}
REPAIR = "pip install --force-reinstall --no-deps glassgrad"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with our packages installed, which comes first on the path of `python`."""
    for name in ("autograd", "glassgrad", "nn"):
        shutil.copytree(SITE / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def install_theirs(folder: Path) -> None:
    """Lay HIPS autograd into a folder, over what is there, as pip does."""
    (folder / "autograd").mkdir(parents=True, exist_ok=True)
    for name, text in THEIRS.items():
        (folder / "autograd" / name).write_text(text, encoding="utf-8")
    (folder / "autograd-1.9.1.dist-info").mkdir()
    (folder / "autograd-1.9.1.dist-info" / "METADATA").write_text("Name: autograd\nVersion: 1.9.1\n", encoding="utf-8")


def python(*arguments: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a path of its own in front; coverage is not to count the copies of the packages there."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    environment |= {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, encoding="utf-8",
        check=False, cwd=path.split(os.pathsep)[0],
    )  # fmt: skip


WAYS = [
    ["-c", "import nn"],
    ["-c", "from glassgrad import Value"],
    ["-c", "import glassgrad; glassgrad.Value"],
    ["-m", "glassgrad"],
]


@pytest.mark.parametrize("way", [*WAYS, ["-c", "import autograd"], ["-c", "from autograd import Value"]], ids=" ".join)
def test_theirs_over_ours(site: Path, way: list[str]) -> None:
    install_theirs(site)
    run = python(*way, path=str(site))
    assert run.returncode == 1
    assert "HIPS autograd 1.9.1 has the same import name" in run.stderr
    assert f"python -m pip uninstall -y autograd\n    python -m {REPAIR}" in run.stderr
    assert len(run.stderr.strip().splitlines()[-3:]) == 3


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_theirs_before_ours(site: Path, tmp_path_factory: pytest.TempPathFactory, way: list[str]) -> None:
    other = tmp_path_factory.mktemp("before")
    install_theirs(other)
    run = python(*way, path=f"{other}{os.pathsep}{site}")
    assert run.returncode == 1
    assert "lies over it, or before it" in run.stderr
    assert str(other) in run.stderr
    assert "pip uninstall -y autograd" in run.stderr


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_theirs_uninstalled(site: Path, way: list[str]) -> None:
    (site / "autograd" / "__init__.py").unlink()
    run = python("-S", *way, path=str(site))  # no editable install comes to the rescue
    assert run.returncode == 1
    assert "has lost files" in run.stderr
    assert REPAIR in run.stderr
    assert "pip uninstall" not in run.stderr


@pytest.mark.parametrize("way", [*WAYS, ["-c", "import autograd"]], ids=" ".join)
def test_ours_over_theirs_works_and_warns(site: Path, way: list[str]) -> None:
    install_theirs(site)
    shutil.copy(SITE / "autograd" / "__init__.py", site / "autograd" / "__init__.py")
    run = python(*way, path=str(site))
    assert run.returncode == 0, run.stderr
    assert run.stderr.count("UserWarning: HIPS autograd 1.9.1 is installed in the same folder as glassgrad") == 1
    assert REPAIR in run.stderr


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_alone_nothing_is_said(site: Path, way: list[str]) -> None:
    run = python("-W", "error", *way, path=str(site))
    assert (run.returncode, run.stderr) == (0, "")


def test_the_other_name_has_the_same_names() -> None:
    import glassgrad

    assert glassgrad.__all__ == autograd.__all__
    assert dir(glassgrad) == dir(autograd)
    assert [name for name in dir(autograd) if getattr(glassgrad, name) is not getattr(autograd, name)] == []
    with pytest.raises(AttributeError, match="module 'glassgrad' has no attribute 'nonsense'"):
        _ = glassgrad.nonsense


def test_dir_shows_public_names_only() -> None:
    import nn

    for module in (autograd, nn):
        assert [name for name in dir(module) if name.startswith("_") or not hasattr(module, name)] == []
        assert set(module.__all__) <= set(dir(module))
    assert set(dir(autograd)) - set(autograd.__all__) == {"abs"}


def test_the_command_says_what_runs(site: Path) -> None:
    out = python("-m", "glassgrad", path=str(site)).stdout
    assert re.match(rf"glassgrad +\S+ in {re.escape(str(site / 'autograd'))}\n", out)
    assert bool(re.search("^engine +compiled$", out, re.MULTILINE)) == autograd.compiled
