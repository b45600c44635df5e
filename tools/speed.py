"""Writes the table of speeds in both READMEs from what the benchmark measured; `make pictures` calls it.

    python tools/speed.py [--check]

The numbers, the machine and the date are those of benchmarks/results/compiled.json, and have no other copy.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
MEASURED = ROOT / "benchmarks" / "results" / "compiled.json"
BLOCK = re.compile(r"(<!-- speed: (\w+) -->\n).*?(<!-- end of speed -->)", re.DOTALL)
ROWS = ("micrograd, by sample", "eager", "torch", "jax.jit", "jax engine", "numpy by hand", "numpy engine", "llvm", "C")
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
    },
}  # fmt: skip


def told(seconds: float) -> str:
    """Three digits, in the unit that suits."""
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6}
    unit, size = next((each for each in units.items() if seconds >= 0.9995 * each[1]), ("µs", 1e-6))
    digits = f"{seconds / size:.3g}"
    return f"{float(digits):,.0f} {unit}" if "e" in digits else f"{digits} {unit}"


def table(language: str) -> str:
    """The table in Markdown."""
    words: dict[str, str] = WORDS[language]
    measured: dict[str, Any] = json.loads(MEASURED.read_text(encoding="utf-8"))
    results, about = measured["results"], measured["about"]
    lines = [f"| {words['head']} | {words['W1']} | {words['W2']} |", "|---|--:|--:|"]
    for row in ROWS:
        cells = [told(results[work][row]["seconds"]) for work in ("W1", "W2")]
        cells = [f"**{cell}**" if row in OURS else cell for cell in cells]
        lines.append(f"| {words[row]} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", words["about"].format(**{**about, "clock": words[about["clock"]]})]) + "\n"


def main(check: bool) -> int:
    stale = []
    for file in (ROOT / "README.md", ROOT / "README.zh-CN.md"):
        text = file.read_text(encoding="utf-8")
        new = BLOCK.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", text)
        if new != text:
            stale.append(file.name)
            if not check:
                file.write_text(new, encoding="utf-8")
    print(f"{', '.join(stale) or 'nothing'} {'is stale (make pictures)' if check else 'written'}")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
