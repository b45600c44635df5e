"""The figure of `examine`: distributions of activations and gradients by layer, and update : parameter ratios.

Needs matplotlib (the extra `plot`), imported here only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...errors import MissingExtra
from ..recorded.measure import Measured

STEPS = 50


def draw_examination(m: Measured, lr: float | None, steps: Callable[[], Any] | None) -> Any:
    """A matplotlib `Figure` of three panels; the third only where a learning rate or steps are known."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtra("the figure needs matplotlib: pip install 'glassgrad[plot]'") from None
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _histograms(left, {f"{layer.name} ({layer.kind or 'f'})": layer.a for layer in m.layers}, "activations")
    _histograms(middle, {f"d{name}": g for name, g in m.gradients.items()}, "log10 |gradient|", logarithmic=True)
    series = _over_steps(m, steps) if steps is not None else None
    if series is not None:
        for name, ratios in series.items():
            right.plot(np.log10(np.maximum(ratios, 1e-12)), label=name)
        right.set_xlabel("step")
    elif lr is not None:
        sizes = {n: float(np.linalg.norm(b)) for n, b in m.blocks.items()}
        ratios = [lr * float(np.linalg.norm(m.gradients[n])) / s if s else np.nan for n, s in sizes.items()]
        right.bar(list(sizes), np.log10(np.maximum(ratios, 1e-12)) + 8, bottom=-8)
    right.axhline(-3, color="black", linestyle="--", linewidth=1, label="healthy: 1e-3")
    right.set_title("log10 update : parameter")
    right.legend(fontsize=8)
    return figure


def _histograms(axes: Any, series: dict[str, Any], title: str, logarithmic: bool = False) -> None:
    for name, numbers in series.items():
        flat = np.ravel(numbers)
        if logarithmic:
            flat = np.log10(np.abs(flat[flat != 0]))
        flat = flat[np.isfinite(flat)]
        if flat.size:
            heights, edges = np.histogram(flat, bins=min(40, max(5, flat.size // 4)), density=True)
            axes.plot((edges[1:] + edges[:-1]) / 2, heights, label=name)
    axes.set_title(title)
    if series:
        axes.legend(fontsize=8)


def _over_steps(m: Measured, steps: Callable[[], Any]) -> dict[str, list[float]]:
    before = {name: np.array(block) for name, block in m.blocks.items()}
    series: dict[str, list[float]] = {name: [] for name in before}
    for _ in range(STEPS):
        after = {name: np.array(block, dtype=float) for name, block in steps().items()}
        for name in series:
            size = float(np.linalg.norm(before[name]))
            series[name].append(float(np.linalg.norm(after[name] - before[name])) / size if size else np.nan)
        before = after
    return series
