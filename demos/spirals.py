"""Three entwined spirals told apart by a small network of arrays; the boundary it draws, as a film while it learns.

    python demos/spirals.py [--quick]             # needs: pip install -e ".[plot]"

Writes out/spirals.gif, the film, and
out/spirals.png and .svg, its last picture.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, path, save_figure, say

needs("plot", "matplotlib", "PIL", "tqdm")

from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image
from tqdm import trange

from autograd import no_grad
from nn import Adam, Linear, Sequential, Tanh, cross_entropy, manual_seed

FRAMES, STEPS_A_FRAME = (12, 30) if QUICK else (75, 5)
SIDE = 60 if QUICK else 150
COLOURS = ("#5d7fb3", "#e0c75c", "#b35d7f")


def spirals(n: int, noise: float, seed: int) -> tuple[Any, Any]:
    """Three arms of n points each: points (3n, 2) and the number of the arm (3n,)."""
    rng = np.random.default_rng(seed)
    radius = np.tile(np.linspace(0.05, 1.0, n), 3)
    arm = np.repeat(np.arange(3), n)
    angle = 8.0 * radius + 2 * np.pi * arm / 3 + rng.normal(scale=noise, size=3 * n)
    return np.column_stack([radius * np.sin(angle), radius * np.cos(angle)]), arm


def picture(model: Any, X: Any, y: Any, title: str) -> Figure:
    """Which arm the network would say for every place of the plane, and the points."""
    side = np.linspace(-1.1, 1.1, SIDE)
    plane = np.stack(np.meshgrid(side, side), axis=-1)
    with no_grad():
        says = model(plane).argmax(axis=-1)
    figure = Figure(figsize=(4.4, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        says, extent=(-1.1, 1.1, -1.1, 1.1), origin="lower", cmap=ListedColormap(COLOURS), alpha=0.6, clim=(0, 2)
    )
    axes.scatter(*X.T, c=[COLOURS[arm] for arm in y], edgecolors="black", linewidths=0.5, s=18)
    axes.set(title=title, xticks=[], yticks=[], aspect="equal")
    return figure


def frame(figure: Figure) -> Image.Image:
    """A figure as a picture of the film, in few colours so that the film stays small."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]).quantize(64)


def main() -> None:
    X, y = spirals(100, noise=0.12, seed=0)
    manual_seed(1)
    model = Sequential(Linear(2, 32), Tanh(), Linear(32, 32), Tanh(), Linear(32, 3))
    optimizer = Adam(model.parameters(), lr=0.01)
    film = []
    progress = trange(FRAMES, desc="filming", unit="frame", disable=None)
    for _ in progress:
        for _ in range(STEPS_A_FRAME):
            scores = model(X)
            loss = cross_entropy(scores, y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        accuracy = np.mean(scores.argmax(axis=1) == y)
        progress.set_postfix(loss=f"{loss:.3f}", accuracy=f"{accuracy:.0%}")
        last = picture(model, X, y, f"step {optimizer.steps}: {accuracy:.0%} right")
        film.append(frame(last))

    print(f"accuracy after {optimizer.steps} steps: {accuracy:.1%}, loss {loss:.4f}")
    durations = [100] * (FRAMES - 1) + [2000]  # milliseconds: the last picture stays
    film[0].save(path("spirals.gif"), save_all=True, append_images=film[1:], duration=durations, loop=0)
    say(path("spirals.gif"))
    save_figure(last, "spirals")


if __name__ == "__main__":
    main()
