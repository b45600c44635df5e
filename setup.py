"""Compiles the scalar engine with mypyc while a wheel is built; everything else about the project is in pyproject.toml.

Only a wheel is compiled. An editable install and `build_ext --inplace` never are, so no compiled module can grow stale
beside its source. The same sources run as plain Python: without a C compiler, or when anything goes wrong, a warning is
printed and the wheel is a pure one. GLASSGRAD_COMPILE=0 turns compiling off; GLASSGRAD_COMPILE=1 makes a failure fatal.
mypyc drops the docstrings; `tools/docstrings.py` puts them back.
"""

import os
import sys
import tempfile
import warnings
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel

sys.path.insert(0, str(Path(__file__).parent / "tools"))
from docstrings import document

ENGINE = [
    "autograd/numbers/ieee.py",
    "autograd/carrier.py",
    "autograd/mode.py",
    "autograd/value/operands.py",
    "autograd/value/reading.py",
    "autograd/value/collector.py",
    "autograd/value/value.py",
    "autograd/value/sums.py",
    "autograd/value/at_once.py",
    "autograd/value/products.py",
]
COMPILE = os.environ.get("GLASSGRAD_COMPILE", "")


class Wheel(bdist_wheel):
    """Compile first: whether that succeeds decides whether the wheel is tagged for this platform or for any."""

    def run(self) -> None:
        os.makedirs("build", exist_ok=True)
        with tempfile.TemporaryDirectory(dir="build") as folder:  # nothing that an older build left is packed
            scratch = os.path.relpath(folder)
            self.bdist_dir = os.path.join(scratch, "wheel")
            self.root_is_pure = not (COMPILE != "0" and self.engine_compiles(scratch))
            super().run()

    def engine_compiles(self, scratch: str) -> bool:
        """Build the engine as extension modules of the distribution; on failure warn and leave it as it was."""
        try:
            self.distribution.ext_modules = extensions(scratch)
            self.build_below(os.path.join(scratch, "compiled"))
            self.run_command("build_ext")
        except (Exception, SystemExit) as error:  # mypyc reports errors by leaving
            if COMPILE == "1":
                raise
            warnings.warn(f"glassgrad: the engine is not compiled and will run as plain Python ({error})", stacklevel=2)
            self.distribution.ext_modules = []
            self.build_below(os.path.join(scratch, "plain"))
            return False
        return True

    def build_below(self, folder: str) -> None:
        """Build in a folder of its own, so that nothing half-compiled is packed either."""
        self.reinitialize_command("build", reinit_subcommands=True).build_base = folder


def extensions(scratch: str) -> list[Extension]:
    """The engine as C extension modules.

    mypy is told to look at nothing but the engine, with none of the project's own settings, so that a change in
    numpy's stubs cannot turn a compiled wheel into a plain one.
    """
    from mypyc.build import mypycify

    options = ["--config-file=", f"--cache-dir={scratch}/cache", "--follow-imports=silent", "--ignore-missing-imports"]
    made: list[Extension] = mypycify(
        [*options, *ENGINE], opt_level="3", target_dir=f"{scratch}/c", group_name="glassgrad"
    )
    modules = {file.removesuffix(".py").replace("/", "."): Path(file).read_text(encoding="utf-8") for file in ENGINE}
    for name in {source for extension in made for source in extension.sources if "__native" in source}:
        text, lost = document(Path(name).read_text(encoding="utf-8"), modules)
        Path(name).write_text(text, encoding="utf-8")
        if lost:
            words = f"this mypyc writes its C in another way: help() will not show the docstrings of {lost}"
            if COMPILE == "1":
                raise RuntimeError(words)
            warnings.warn(words, stacklevel=2)
    return made


setup(cmdclass={"bdist_wheel": Wheel})
