"""Builds what this machine can of a release, and installs it as a stranger would: `make release-check`.

The sdist, the pure wheel and a compiled wheel for every Python that is found are built into `dist/` and looked at by
twine, check-wheel-contents and abi3audit. Then each is installed into an environment of its own, where no compiler is
to be found, and the README is run against it. Last comes HIPS autograd, the real one, which has the same import name.
It needs the package index, and takes a minute or two for each Python.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
WINDOWS = os.name == "nt"


def main() -> None:
    """All of it, in the order of the words above; the first thing that is wrong ends it."""
    shutil.rmtree(DIST, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        run(sys.executable, "-m", "build", "--sdist", "--outdir", DIST, ROOT)
        [sdist] = DIST.glob("*.tar.gz")
        wheel(sys.executable, sdist, compiled=False)
        found = dict(pythons())
        print(f"Python: {', '.join(found)}; not on this machine: {', '.join(sorted({*VERSIONS} - {*found}))}")
        for python in found.values():
            wheel(python, sdist, compiled=True)
        look_at(sorted(DIST.iterdir()))
        [pure] = DIST.glob("*-none-any.whl")
        for name, python in found.items():
            [fast] = DIST.glob(f"*-cp{name.replace('.', '')}-*.whl")
            for package, compiled in ((sdist, False), (pure, False), (fast, True)):
                try_out(
                    Clean(python, scratch / f"{name}-{package.suffix}-{compiled}-{package is pure}"), package, compiled
                )
        own = sys.version_info[1]
        for package in (pure, next(DIST.glob(f"*-cp3{own}-*.whl"))):
            beside_hips(Clean(found[f"3.{own}"], scratch / f"hips-{package is pure}"), package)
    print("Everything that this machine can look at is ready to be released:")
    for package in sorted(DIST.iterdir()):
        print(f"  {package.stat().st_size / 1024:6.0f} KiB  {package.name}")


def pythons() -> Iterator[tuple[str, str]]:
    """Every supported Python that can be started, on the path or set up by pyenv, by its version."""
    root = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    for version in VERSIONS:
        places = [shutil.which(f"python{version}"), *sorted(root.glob(f"versions/{version}.*/bin/python"))]
        if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
            places.insert(0, sys.executable)
        for place in places:
            if place and subprocess.run([place, "-c", "import venv"], capture_output=True, check=False).returncode == 0:
                yield version, str(place)
                break


def run(*command: object, env: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """What a command prints; all of it is shown, and the check ends, if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, cwd=cwd, env=env, text=True, encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout}\nfailed ({done.returncode})")
    return done.stdout


def wheel(python: str, sdist: Path, *, compiled: bool) -> None:
    """Build a wheel from the sdist into dist/, in an environment without anything else."""
    environment = {**os.environ, "GLASSGRAD_COMPILE": "1" if compiled else "0", "PYTHONWARNINGS": "ignore"}
    run(python, "-m", "pip", "wheel", "--no-deps", "--no-cache-dir", "--wheel-dir", DIST, sdist, env=environment)


def look_at(packages: list[Path]) -> None:
    """What twine, check-wheel-contents and abi3audit say."""
    run(sys.executable, "-m", "twine", "check", "--strict", *packages)
    wheels = [package for package in packages if package.suffix == ".whl"]
    print(run(Path(sys.executable).parent / "check-wheel-contents", *wheels).rstrip())
    stable = [package for package in wheels if "-abi3-" in package.name]
    if stable:
        run(Path(sys.executable).parent / "abi3audit", "--strict", *stable)
    print(
        f"twine: {len(packages)} packages in order; abi3audit: {len(stable)} of {len(wheels)} wheels claim a stable ABI"
    )


class Clean:
    """A new virtual environment, and a search path on which there is nothing else: no compiler, no make."""

    def __init__(self, python: str, folder: Path) -> None:
        run(python, "-m", "venv", folder)
        self.folder = folder
        self.bin = folder / ("Scripts" if WINDOWS else "bin")
        kept = {name: value for name, value in os.environ.items() if name not in ("CC", "CXX", "PYTHONPATH")}
        self.environment = {**kept, "PATH": str(self.bin), "VIRTUAL_ENV": str(folder), "PYTHONWARNINGS": "ignore"}

    def python(self, *arguments: object, wrong: bool = False) -> str:
        """What Python prints; if something is to go `wrong`, it must."""
        command = [str(self.bin / "python"), *map(str, arguments)]
        if not wrong:
            return run(*command, env=self.environment, cwd=self.folder)
        done = subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode == 0:
            sys.exit(f"{' '.join(command)}\nshould have failed")
        return done.stderr

    def pip(self, *arguments: object) -> None:
        """Install or uninstall."""
        self.python("-m", "pip", *arguments, "--quiet", "--disable-pip-version-check")


def try_out(place: Clean, package: Path, compiled: bool) -> None:
    """Install a package and run the README against it."""
    place.pip("install", package)
    place.python("-m", "pip", "check")
    told = place.python("-m", "glassgrad")
    if f"engine     {'compiled' if compiled else 'plain Python'}" not in told:
        sys.exit(f"{package.name}: expected the engine to be {'compiled' if compiled else 'plain'}\n{told}")
    place.pip("install", "pytest")
    tests = place.folder / "tree" / "tests"
    tests.mkdir(parents=True)
    shutil.copy(ROOT / "README.md", tests.parent)
    shutil.copy(ROOT / "tests" / "test_documentation.py", tests)
    out = place.python("-m", "pytest", "-q", "-W", "error", "-k", "README", tests)
    print(f"{package.name}: {told.splitlines()[0]}, {told.splitlines()[2]}; README: {out.splitlines()[-1]}")


def beside_hips(place: Clean, package: Path) -> None:
    """Install HIPS autograd after ours and take it away again: each time the message names what repairs it."""
    place.pip("install", package)
    place.pip("install", "autograd")
    follow(place, place.python("-c", "import autograd", wrong=True), package)
    place.pip("install", "autograd")
    place.pip("uninstall", "--yes", "autograd")
    follow(place, place.python("-c", "import nn", wrong=True), package)
    print(f"{package.name}: repaired after HIPS autograd was installed, and after it was uninstalled")


def follow(place: Clean, told: str, package: Path) -> None:
    """Type what an error message says; `glassgrad` is this package, as long as it is not in the index."""
    commands = [line.split("(")[0].split() for line in told.splitlines() if line.startswith("    python -m pip")]
    if not commands:
        sys.exit(f"the message names no command:\n{told}")
    for _, *words in commands:
        place.python(*[str(package) if word == "glassgrad" else word for word in words])
    place.python("-c", "import autograd, nn, glassgrad; glassgrad.Value(2.0).tanh().backward()")
    place.python("-m", "glassgrad")


if __name__ == "__main__":
    main()
