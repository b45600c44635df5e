"""Two half-moons told apart by a network of 337 scalars: micrograd's demo, with its decision boundary as a picture.

    python demos/moons.py [--quick]               # needs: pip install -e ".[plot]"

Every weight is a Value; the loss of 100 points is one graph of some hundred thousand nodes, made anew at each step.
Writes out/moons.svg, out/moons.png, and out/moons.html, where the same network learns in the browser.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, save_figure, save_page

needs("plot", "matplotlib", "tqdm")

import numpy as np
from matplotlib.figure import Figure
from tqdm import trange

from autograd import Playground, no_grad
from nn import MLP, SGD, hinge

STEPS = 60 if QUICK else 100


def moons(n: int, noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaving half circles of n/2 points each: points (n, 2) and labels (n,), which are -1 or 1."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0.0, np.pi, n // 2)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    points = np.concatenate([upper, lower]) + rng.normal(scale=noise, size=(2 * (n // 2), 2))
    return points, np.repeat([-1.0, 1.0], n // 2)


def main() -> None:
    X, y = moons(100, noise=0.1, seed=1)
    model = MLP(2, [16, 16, 1], seed=1337)
    optimizer = SGD(model.parameters(), lr=1.0)
    rows = X.tolist()

    save_page(Playground(model, hinge, (X, y), rate=0.5, title="Two moons, told apart by 337 weights"), "moons")

    progress = trange(STEPS, desc="training", unit="step", disable=None)
    for step in progress:
        scores = [model(row) for row in rows]
        loss = hinge(scores, y) + 1e-4 * sum(p * p for p in model.parameters())
        accuracy = np.mean([(score.data > 0) == (label > 0) for score, label in zip(scores, y, strict=True)])
        progress.set_postfix(loss=f"{loss.data:.4f}", accuracy=f"{accuracy:.0%}")
        model.zero_grad()
        loss.backward()
        optimizer.lr = 1.0 - 0.9 * step / STEPS
        optimizer.step()

    with no_grad():
        accuracy = np.mean([(model(row).data > 0) == (label > 0) for row, label in zip(rows, y, strict=True)])
        side = np.linspace(-1.5, 2.5, 40 if QUICK else 80)
        height = np.array([[model([a, b]).data for a in side] for b in side])
    print(f"accuracy after {STEPS} steps: {accuracy:.0%}")

    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.subplots()
    axes.contourf(side, side, height > 0, levels=[-0.5, 0.5, 1.5], colors=["#5d7fb3", "#e0c75c"], alpha=0.6)
    axes.contour(side, side, height, levels=[0.0], colors="black", linewidths=1.5)
    for label, marker, colour, name in ((-1.0, "o", "#1f3e6e", "label -1"), (1.0, "s", "#fdea45", "label 1")):
        axes.scatter(*X[y == label].T, marker=marker, c=colour, edgecolors="black", linewidths=0.7, label=name)
    axes.set(xlabel="x0", ylabel="x1", title=f"MLP(2, [16, 16, 1]) after {STEPS} steps: {accuracy:.0%} right")
    axes.legend()
    save_figure(figure, "moons")


if __name__ == "__main__":
    main()
