"""Right scripts with one small change each in their backward lines, and where it is: for `tools/score.py`.

    python tools/mutants.py SEED FOLDER SCRIPT ...

A change counts where the script still runs, the first number that it prints stays (so the loss is the same function),
and what it prints later does not.
"""

from __future__ import annotations

import ast
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

EACH = 6
SECONDS = 20.0
RATE = re.compile(r"lr|rate|eta|alpha|step|speed", re.I)
NUMBER = re.compile(r"\d\.\d+(?:e[-+]?\d+)?")


Place = ast.expr | ast.stmt


def changes(tree: ast.Module, text: str) -> Iterator[tuple[Place, str, str]]:
    """An expression or statement, what stands there instead, and what that is."""

    def part(node: Place) -> str:
        return ast.get_source_segment(text, node) or ""

    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Mult() | ast.Div(), left=left, right=right):
                if not scale(right):
                    yield node, f"({part(left)})", "a factor dropped"
                if isinstance(node.op, ast.Mult) and not scale(left):
                    yield node, f"({part(right)})", "a factor dropped"
            case ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=right):
                yield node, f"({part(left)} {'-' if isinstance(node.op, ast.Add) else '+'} ({part(right)}))", "sign"
                yield node, f"({part(left)})", "a term dropped"
                yield node, f"({part(right)})", "a term dropped"
            case ast.BinOp(op=ast.Pow(), left=left):
                yield node, f"({part(left)})", "a power dropped"
            case ast.UnaryOp(op=ast.USub(), operand=operand) if not isinstance(operand, ast.Constant):
                yield node, f"({part(operand)})", "sign"
            case ast.Attribute(attr="T", value=value):
                yield node, f"({part(value)})", "no transpose"
            case ast.keyword(arg="axis", value=ast.Constant(value=0 | 1 as axis)):
                yield node.value, str(1 - axis), "another axis"
            case ast.AugAssign(op=ast.Add(), target=target, value=value):
                yield node, f"{part(target)} = {part(value)}", "written over"
                yield node, "pass", "left out"
            case ast.Subscript(slice=ast.BinOp(op=ast.Add() | ast.Sub(), left=left, right=ast.Constant()) as index):
                yield index, part(left), "another index"
            case ast.Call(func=ast.Attribute(attr="sum") as function):
                yield function, part(function).removesuffix("sum") + "mean", "mean for sum"
            case ast.Call(func=ast.Attribute(attr="tanh" | "exp" | "sqrt"), args=[argument]):
                yield node, f"({part(argument)})", "a function dropped"


def scale(node: ast.expr) -> bool:
    """Whether it may be a rate or another constant, without which a gradient is only longer."""
    named = isinstance(node, (ast.Name, ast.Attribute)) and RATE.search(ast.unparse(node)) is not None
    return named or isinstance(node, ast.Constant)


def changed(text: str, node: Place, new: str) -> str:
    lines = text.splitlines(keepends=True)
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    begin = sum(len(line.encode()) for line in lines[: node.lineno - 1]) + node.col_offset
    end = sum(len(line.encode()) for line in lines[: node.end_lineno - 1]) + node.end_col_offset
    raw = text.encode()
    return (raw[:begin] + new.encode() + raw[end:]).decode()


def printed(text: str, folder: Path) -> list[str] | None:
    """The numbers that a script prints; None where it fails."""
    path = folder / "tried.py"
    path.write_text(text)
    try:
        run = subprocess.run([sys.executable, path.name], cwd=folder, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return NUMBER.findall(run.stdout) if run.returncode == 0 else None


def main() -> None:
    seed, folder, scripts = int(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]]
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for script in scripts:
        text = script.read_text()
        before = printed(text, folder)
        if not before or len(before) < 2:
            continue
        drawn = random.Random(f"{seed} {script.stem}")
        made = list(changes(ast.parse(text), text))
        drawn.shuffle(made)
        kept = 0
        for node, new, what in made[: 8 * EACH]:
            mutant = changed(text, node, new)
            if mutant == text or kept == EACH:
                continue
            after = printed(mutant, folder)
            if after is None or after[:1] != before[:1] or after == before or "nan" in " ".join(after):
                continue
            name = f"{script.stem}_{seed}_{kept}"
            (folder / f"{name}.py").write_text(mutant)
            line = text.splitlines()[node.lineno - 1].strip()
            rows.append(f"{name}\t{script.stem}\twrong\t{node.lineno}\t{what}: {new}\t{line}")
            kept += 1
        print(script.stem, kept, flush=True)
    (folder / "truth.tsv").write_text("\n".join(rows) + "\n")
    (folder / "tried.py").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
