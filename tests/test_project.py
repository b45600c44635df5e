"""The project itself: who may import whom, what an import costs, that generated files and versions are up to date.

Everything looks at the packages that are imported, so it holds for an installed wheel as well as for the source tree.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import autograd

ROOT = Path(__file__).resolve().parents[1]
SITE = Path(autograd.__file__).resolve().parents[1]
IN_SOURCE_TREE = SITE == ROOT

PACKAGES = ("autograd", "glassgrad", "nn")

ROWS = [
    ["demos"],
    ["nn", "glassgrad"],
    ["autograd"],  # the public names
    ["autograd.rules"],  # what old pickles name
    ["autograd.doctor"],
    ["autograd.drawing"],  # its page runs what the compiler wrote: see docs/decisions
    ["autograd.compiler"],
    ["autograd.transforms"],
    ["autograd.value.at_once"],  # a layer of nn in one call of the compiled engine
    ["autograd.value"],
    ["autograd.tensor"],
    ["autograd.conversion", "autograd.switches", "autograd.masking"],
    ["autograd.mode", "autograd.wrapping"],
    ["autograd.absent", "autograd.carrier", "autograd.formula", "autograd.ufuncs"],
    ["autograd.core"],
    ["autograd.numbers"],
    ["autograd.system"],
    ["autograd.errors"],
    ["glassgrad.neighbour"],  # must be importable where nothing else is
]
"""The rooms, from the top down. A file may import from the rows below its own, and from its own room."""

OPEN_TO = {
    "nn": (
        *PACKAGES,
        "glassgrad.neighbour",
        "autograd.conversion",
        "autograd.system",
        "autograd.mode",
        "autograd.value.at_once",
    ),
    "glassgrad": (*PACKAGES, "glassgrad.neighbour"),
    "demos": (*PACKAGES, "glassgrad.neighbour", "demos"),
}
"""The rooms that use the others by their public names alone, and what these are."""

HEAVY = {"graphviz", "pygraphviz", "matplotlib", "tqdm", "llvmlite", "jax", "torch", "scipy", "sklearn", "nn"}
"""What `import autograd` must not import: each is imported where it is used."""


def sources() -> dict[str, str]:
    """The text of every module of the project by its name."""
    files = [file for name in PACKAGES for file in SITE.glob(f"{name}/**/*.py")] + [*ROOT.glob("demos/**/*.py")]
    return {
        ".".join(file.relative_to(ROOT if "demos" in file.parts else SITE).with_suffix("").parts).removesuffix(
            ".__init__"
        ): file.read_text(encoding="utf-8")
        for file in files
    }


def imported(name: str, text: str, known: Iterable[str]) -> Iterator[str]:
    """The modules of the project that a module imports anywhere in its text, also inside its functions."""
    known = set(known)
    is_package = any(other.startswith(name + ".") for other in known)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".")[: -(node.level - is_package) or None] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [alias.name for alias in node.names]
            public = autograd.__all__ if base == "autograd" else []  # `draw` is a room and, publicly, its function
            found = [f"{base}.{n}" if f"{base}.{n}" in known and n not in public else base for n in names]
        else:
            continue
        yield from (module for module in found if module.split(".")[0] in (*PACKAGES, "demos"))


def room(module: str) -> tuple[int, str]:
    """Its row, and the name of its room in it."""
    best = max(
        ((name, row) for row, names in enumerate(ROWS) for name in names if f"{module}.".startswith(f"{name}.")),
        key=lambda found: len(found[0]),
    )
    if best[0] == "autograd" != module:
        raise LookupError(f"{module} has no place in ROWS yet: put it in the row it belongs to")
    return best[1], best[0]


def upward(modules: dict[str, str]) -> list[str]:
    """Every import that goes up, or sideways into another room."""
    wrong = []
    for name, text in modules.items():
        row, own = room(name)
        for other in imported(name, text, modules):
            their_row, theirs = room(other)
            if their_row <= row and theirs != own:
                wrong.append(f"{name} imports {other}")
            elif theirs not in OPEN_TO.get(own, (theirs,)):
                wrong.append(f"{name} imports {other}, which is not public")
    return wrong


def test_imports_go_downward_only() -> None:
    assert upward(sources()) == []


@pytest.mark.parametrize(
    ("name", "planted", "found"),
    [
        ("autograd.core.rule", "from ..value import Value", "autograd.core.rule imports autograd.value"),
        ("autograd.core.table", "from .. import switches", "autograd.core.table imports autograd.switches"),
        ("autograd.switches", "def f():\n    import autograd.value", "autograd.switches imports autograd.value"),
        ("autograd.value.value", "from autograd import Value", "autograd.value.value imports autograd"),
        ("autograd.tensor.tensor", "from ..value import Value", "autograd.tensor.tensor imports autograd.value"),
        ("autograd.transforms.check", "import nn", "autograd.transforms.check imports nn"),
        ("autograd.compiler.step", "from ..drawing import dot", "autograd.compiler.step imports autograd.drawing"),
        ("nn.layers", "from autograd.value import Value", "nn.layers imports autograd.value, which is not public"),
        ("nn.layers", "from autograd import value", "nn.layers imports autograd.value, which is not public"),
        ("demos.neuron", "import autograd.drawing", "demos.neuron imports autograd.drawing, which is not public"),
        ("autograd.transforms.check", "from .. import draw", "autograd.transforms.check imports autograd"),
    ],
)
def test_an_upward_import_is_found(name: str, planted: str, found: str) -> None:
    empty = dict.fromkeys([room for names in ROWS for room in names], "")
    assert upward({**empty, name: planted}) == [found]


def circles(modules: dict[str, str]) -> set[tuple[str, ...]]:
    """The groups of files that import one another in a circle, also from inside their functions."""
    files = {name: {other for other in imported(name, text, modules) if other in modules and other != name}
             for name, text in modules.items()}  # fmt: skip
    reach = {name: set(direct) for name, direct in files.items()}
    for middle in files:
        for name in files:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    groups = {name: tuple(sorted(o for o in reach[name] if name in reach[o])) for name in files if name in reach[name]}
    return set(groups.values())


def test_no_files_import_one_another_in_a_circle() -> None:
    assert circles(sources()) == set()


def test_a_circle_is_found() -> None:
    planted = {"autograd.core.a": "def f():\n    from .b import g", "autograd.core.b": "from . import a"}
    assert circles(planted) == {("autograd.core.a", "autograd.core.b")}


def test_a_file_without_a_place_is_found() -> None:
    with pytest.raises(LookupError, match=r"autograd\.cellar has no place"):
        upward({"autograd.cellar": ""})


def imported_by(statement: str) -> set[str]:
    """The top-level modules in a fresh interpreter after a statement."""
    code = f"import sys; {statement}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_import_autograd_is_light() -> None:
    assert imported_by("import autograd") & HEAVY == set()


def test_a_heavy_import_is_found() -> None:
    assert imported_by("import autograd, graphviz") & HEAVY == {"graphviz"}


@pytest.mark.skipif(not IN_SOURCE_TREE, reason="the generator is in the source tree only")
def test_generated_files_are_up_to_date() -> None:
    run = subprocess.run(
        [sys.executable, "tools/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not IN_SOURCE_TREE, reason="an installed wheel may well be compiled")
def test_no_compiled_module_lies_in_the_source_tree() -> None:
    found = [*ROOT.glob("*.so"), *ROOT.glob("*.pyd")]
    found += [file for room in PACKAGES for end in ("so", "pyd") for file in ROOT.glob(f"{room}/**/*.{end}")]
    assert found == []
    assert not autograd.compiled


def test_compiled_says_which_engine_runs() -> None:
    spec = find_spec("autograd.value.value")
    assert spec is not None
    assert spec.origin is not None
    assert autograd.compiled == spec.origin.endswith((".so", ".pyd"))


def test_every_file_opens_with_a_docstring() -> None:
    texts = {
        file.name: file.read_text(encoding="utf-8")
        for room in ("benchmarks", "tests", "tools")
        for file in ROOT.glob(f"{room}/**/*.py")
    } | sources()
    assert [name for name, text in texts.items() if text and not ast.get_docstring(ast.parse(text))] == []


def logged() -> list[str]:
    """The versions of the changelog, the latest first."""
    return re.findall(r"^## \[(\d.*?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def undescribed(tags: list[str]) -> list[str]:
    """The released versions that the changelog does not describe."""
    return [tag for tag in tags if re.fullmatch(r"v\d+\.\d+\.\d+", tag) and tag.removeprefix("v") not in logged()]


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="tags are in a git clone only")
def test_the_versions_agree() -> None:
    run = subprocess.run(["git", "tag", "--list"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert undescribed(run.stdout.split()) == []


def test_a_release_without_a_description_is_found() -> None:
    assert undescribed([f"v{version}" for version in logged()]) == []
    assert undescribed(["v999.0.0", "before-the-move"]) == ["v999.0.0"]


def test_the_version_has_no_second_copy() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in text
    assert re.findall(r"^version = ", text, re.MULTILINE) == []


@pytest.mark.skipif(not IN_SOURCE_TREE, reason="what is not packed is missing here already")
def test_a_wheel_has_every_file() -> None:
    files = {file for room in PACKAGES for file in ROOT.glob(f"{room}/**/*") if file.is_file()}
    files = {file for file in files if "__pycache__" not in file.parts}
    code = {file for file in files if file.suffix == ".py"}
    assert [file for file in code if not (file.parent / "__init__.py").exists()] == []
    declared = re.search(r'^"\*" = \[(.+)\]$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert declared is not None
    packages = {file.parent for file in code}
    packed = {
        file
        for package in packages
        for pattern in re.findall('"(.+?)"', declared[1])
        for file in package.glob(pattern.removesuffix("**") + "**/*" if pattern.endswith("**") else pattern)
    }
    assert files - code - packed == set()


def test_the_type_information_is_installed() -> None:
    assert [name for name in PACKAGES if not (SITE / name / "py.typed").exists()] == []
