"""Writes the table of speeds in both READMEs, and its plot, from what the benchmark measured; `make pictures` calls it.

    python tools/speed.py [--check]

The numbers, the machine and the date are those of benchmarks/results/compiled.json, and have no other copy.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "benchmarks" / "results" / "compiled.json"
BLOCK = re.compile(r"(<!-- speed: (\w+) -->\n).*?(<!-- end of speed -->)", re.DOTALL)
ROWS = ("micrograd, by sample", "eager", "torch", "jax.jit", "jax engine", "numpy by hand", "numpy engine", "llvm", "C")
PLOTS = {"en": "docs/pictures/speed.svg", "zh": "docs/pictures/speed.zh-CN.svg"}
OURS = {"eager", "jax engine", "numpy engine", "llvm"}
WORDS = {
    "en": {
        "head": "Loss and all gradients of a batch",
        "W1": "22 weights, 1000 samples",
        "W2": "337 weights, 100 samples",
        "micrograd, by sample": "micrograd, a graph for each sample",
        "eager": "glassgrad, a graph for each sample",
        "torch": "PyTorch, in arrays",
        "jax.jit": "JAX, `jit`",
        "numpy by hand": "numpy, backprop written by hand",
        "jax engine": "`compile(engine=\"jax\")`",
        "numpy engine": "`compile(engine=\"numpy\")`",
        "llvm": "`compile(engine=\"llvm\")`",
        "C": "C, written by hand",
        "about": "{clock} time, medians of {rounds} rounds, {date}, {machine}, Python {python}: "
        "`benchmarks/compiled.py`.",
        "processor": "Processor",
        "wall": "Wall",
        "alt": "The same times as a plot: glassgrad's machine code beside hand-written C, then numpy, JAX and PyTorch, "
        "then graphs of single numbers",
    },
    "zh": {
        "head": "一批样本的损失与全部梯度",
        "W1": "22 个权重，1000 个样本",
        "W2": "337 个权重，100 个样本",
        "micrograd, by sample": "micrograd，每个样本一张图",
        "eager": "glassgrad，每个样本一张图",
        "torch": "PyTorch，数组",
        "jax.jit": "JAX，`jit`",
        "numpy by hand": "numpy，手写反向传播",
        "jax engine": "`compile(engine=\"jax\")`",
        "numpy engine": "`compile(engine=\"numpy\")`",
        "llvm": "`compile(engine=\"llvm\")`",
        "C": "C，手写",
        "about": "{date}，{machine}，Python {python}，{rounds} 轮{clock}时间的中位数：`benchmarks/compiled.py`。",
        "processor": "处理器",
        "wall": "实际",
        "alt": "同样的时间作图：glassgrad 的机器码与手写的 C 相近，其次是 numpy、JAX 和 PyTorch，最后是标量的计算图",
    },
}  # fmt: skip


def told(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
    unit, size = next((each for each in units.items() if seconds >= 0.9995 * each[1]), ("µs", 1e-6))
    digits = f"{seconds / size:.3g}"
    return f"{float(digits):,.0f} {unit}" if "e" in digits else f"{digits} {unit}"


def read() -> dict[str, Any]:
    """What was measured."""
    found: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    return found


def table(language: str) -> str:
    """The table in Markdown, and the plot below it."""
    words: dict[str, str] = WORDS[language]
    results, about = (read()[part] for part in ("results", "about"))
    lines = [f"| {words['head']} | {words['W1']} | {words['W2']} |", "|---|--:|--:|"]
    for row in ROWS:
        cells = [told(results[work][row]["seconds"]) for work in ("W1", "W2")]
        cells = [f"**{cell}**" if row in OURS else cell for cell in cells]
        lines.append(f"| {words[row]} | {' | '.join(cells)} |")
    said = words["about"].format(**{**about, "clock": words[about["clock"]]})
    return "\n".join([*lines, "", said, "", f"![{words['alt']}]({PLOTS[language]})"]) + "\n"


# ---------------------------------------------------------------------------------------------------------- the plot

WIDTH, LEFT, RIGHT, TOP, STEP = 800, 292, 24, 44, 28
GREY, BLUE = "#808080", "#2f81d7"
"""Both can be read on white and on black: a picture in a README is not told which it is on."""


def plot(language: str) -> str:
    """Every row a line, with a dot for one workload and a ring for the other, on a logarithmic scale; as SVG."""
    words: dict[str, str] = WORDS[language]
    results = read()["results"]
    times = {row: [results[work][row]["seconds"] for work in ("W1", "W2")] for row in ROWS}
    logs = [math.log10(each) for both in times.values() for each in both]
    first, last = math.floor(min(logs)), math.ceil(max(logs))
    bottom = TOP + STEP * len(ROWS)

    def x(seconds: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(seconds) - first) / (last - first)

    size = f'width="{WIDTH}" height="{bottom + 34}" viewBox="0 0 {WIDTH} {bottom + 34}"'
    font = 'font-family="Helvetica,Arial,sans-serif" font-size="14"'
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} fill="{GREY}">',
        f"<title>{words['head']}</title>",
        *_mark(LEFT + 8, 18, GREY, False), _text(LEFT + 20, 18, words["W1"]),
        *_mark(LEFT + 248, 18, GREY, True), _text(LEFT + 260, 18, words["W2"]),
    ]  # fmt: skip
    for power in range(first, last + 1):
        place = f"{x(10.0**power):.1f}"
        out.append(f'<path d="M{place} {TOP - 8}V{bottom}" stroke="{GREY}" stroke-opacity="0.35"/>')
        out.append(_text(place, bottom + 16, told(10.0**power), 'text-anchor="middle"'))
    for number, row in enumerate(ROWS):
        y, colour = TOP + STEP * number + STEP // 2 - 4, BLUE if row in OURS else GREY
        said = words[row].replace("`", "").replace('"', "&quot;")
        out.append(_text(LEFT - 16, y, said, f'text-anchor="end" fill="{colour}"'))
        dot, ring = (round(x(each), 1) for each in times[row])
        if abs(ring - dot) > 5:
            end = f"{ring - math.copysign(5, ring - dot):.1f}"  # where the ring begins
            out.append(f'<path d="M{dot} {y}H{end}" stroke="{colour}" stroke-opacity="0.5" stroke-width="2"/>')
        out += _mark(dot, y, colour, False) + _mark(ring, y, colour, True)
    return "\n".join([*out, "</svg>"]) + "\n"


def _text(x: Any, y: int, words: str, how: str = "") -> str:
    return f'<text x="{x}" y="{y + 5}"{" " * bool(how)}{how}>{words}</text>'


def _mark(x: float, y: int, colour: str, ring: bool) -> list[str]:
    """A dot, or a ring of the same size."""
    radius, fill = ("4.5", "none") if ring else ("5.5", colour)
    return [f'<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}" stroke="{colour}" stroke-width="{2 * ring}"/>']


def main(check: bool) -> int:
    new = {ROOT / place: plot(language) for language, place in PLOTS.items()}
    for file in (ROOT / "README.md", ROOT / "README.zh-CN.md"):
        text = file.read_text(encoding="utf-8")
        new[file] = BLOCK.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", text)
    stale = [file for file, text in new.items() if not file.exists() or file.read_text(encoding="utf-8") != text]
    for file in stale:
        if not check:
            file.write_text(new[file], encoding="utf-8")
    names = ", ".join(file.name for file in stale)
    print(f"{names or 'nothing'} {'is stale (make pictures)' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
