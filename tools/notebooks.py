"""Makes the notebooks of the tutorial from their text: `make notebooks`. Edit docs/tutorial/*.py, never the .ipynb.

    python tools/notebooks.py [--check] [name ...]        # without a name, all of them

A text is Python in the percent format of jupytext. Its cells are run in a kernel and stored with what they showed, so
that a notebook can be read where nothing runs: on GitHub, or printed. `--check` runs them and compares instead.

Marks of a cell: `alt="..."`, the words that stand for its picture; the tag `measured`, its numbers depend on the
machine; the tag `varies`, so do its words; the tag `wrong`, a wrong answer to an exercise, which must be refused and is
left out of the notebook.
"""

from __future__ import annotations

import base64
import os
import re
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbclient
import nbformat

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "tutorial"
REFUSALS = ("AssertionError", "GradcheckError")  # any other error is a mistake in the notebook
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
SVG = re.compile(r'src="data:image/svg\+xml;base64,([^"]+)"')


def executed(text: Path) -> Any:
    """The notebook of a text, run from its own folder as a reader would, and cut down to what can be seen anywhere."""
    notebook = jupytext.read(text)
    notebook.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        if "wrong" in tags(cell):
            cell.metadata.tags.append("raises-exception")
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ.update(PYTHONPATH=os.pathsep.join(paths), MPLBACKEND="module://matplotlib_inline.backend_inline")
    nbclient.NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(FOLDER)}}).execute()
    for cell in notebook.cells:
        if "wrong" in tags(cell) and not any(output.get("ename") in REFUSALS for output in cell.outputs):
            raise SystemExit(f"{text.name}: this wrong answer is not refused:\n{cell.source}")
    notebook.cells = [cell for cell in notebook.cells if "wrong" not in tags(cell)]
    count = 0
    for place, cell in enumerate(notebook.cells):
        cell.id = f"cell-{place}"
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            cell.metadata.pop("execution", None)
            cell.outputs = [still(output, cell, count) for output in joined(cell.outputs)]
    return notebook


def tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def joined(outputs: list[Any]) -> list[Any]:
    """The outputs of a cell, its printed lines in one piece."""
    found: list[Any] = []
    for output in outputs:
        if found and output.output_type == "stream" == found[-1].output_type and output.name == found[-1].name:
            found[-1].text += output.text
        else:
            found.append(output)
    return found


def still(output: Any, cell: Any, count: int) -> Any:
    """An output without scripts: of a picture or a page its SVG, and always words."""
    if output.output_type == "stream":
        if output.name != "stdout":
            raise SystemExit(f"a cell writes to {output.name}: {output.text}")
        return output
    if "execution_count" in output:
        output.execution_count = count
    data = output.data
    drawn = SVG.search(data.get("text/html", ""))
    if drawn is not None:
        del data["text/html"]
        svg = base64.b64decode(drawn[1]).decode("utf-8")
        data["image/svg+xml"] = re.sub(
            r'(<svg width="\S+") height="\S+"', r'\1 style="max-width:100%;height:auto"', svg
        )
    if "<script" in data.get("text/html", ""):
        raise SystemExit(f"nothing is left of this output without scripts:\n{cell.source}")
    pictures = [kind for kind in data if kind.startswith("image/")]
    if pictures:
        alt = cell.metadata.get("alt")
        if alt is None:
            raise SystemExit(f'this cell shows a picture: describe it, # %% alt="..."\n{cell.source}')
        if "image/png" in data:
            data["text/plain"] = alt
        output.metadata = {kind: {"alt": alt} for kind in pictures}
        cell.metadata["mystnb"] = {"image": {"alt": alt}}
    return output


def words(cell: Any) -> list[str]:
    """What a cell shows, as texts that can be compared; of a drawing its words, of a plot that there is one."""
    shown = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            shown.append(output.text)
        else:
            written = sorted(re.findall(r"<text[^>]*>([^<]*)", output.data.get("image/svg+xml", "")))
            shown += [*sorted(output.data), output.data.get("text/plain", ""), "\n".join(written)]
    return shown


def same(here: str, there: str, measured: bool) -> bool:
    """Whether two texts agree: in words wholly, in numbers to 2 % or a unit in the fourth decimal."""
    here, there = here.replace("−", "-"), there.replace("−", "-")
    if NUMBER.sub("#", here).split() != NUMBER.sub("#", there).split():
        return False
    pairs = zip(NUMBER.findall(here), NUMBER.findall(there), strict=True)
    return measured or all(abs(float(a) - float(b)) <= max(2e-4, 0.02 * abs(float(b))) for a, b in pairs)


def differences(fresh: Any, stored: Any) -> list[str]:
    """Where a stored notebook is not what its text gives."""
    if [cell.source for cell in fresh.cells] != [cell.source for cell in stored.cells]:
        return ["its cells are not those of its text"]
    wrong = []
    for new, old in zip(fresh.cells, stored.cells, strict=True):
        now, then = words(new), words(old)
        if "varies" in tags(new) and len(now) == len(then):
            continue
        if len(now) != len(then) or not all(
            same(a, b, "measured" in tags(new)) for a, b in zip(now, then, strict=True)
        ):
            wrong.append(f"{new.source}\n    shows\n{now}\n    and not\n{then}")
    return wrong


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    names = [name for name in arguments if name != "--check"]
    texts = [FOLDER / f"{name}.py" for name in names] or sorted(FOLDER.glob("[0-9]*.py"))
    stale = False
    for text in texts:
        notebook, file = executed(text), text.with_suffix(".ipynb")
        if not check:
            nbformat.write(notebook, file)
            print(f"wrote {file.relative_to(ROOT)}, {file.stat().st_size / 1000:.0f} kB")
            continue
        wrong = differences(notebook, nbformat.read(file, as_version=4))
        stale |= bool(wrong)
        print("\n\n".join([f"{file.name} is not what its text gives (make notebooks):", *wrong] if wrong else ["ok"]))
    return int(stale)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
