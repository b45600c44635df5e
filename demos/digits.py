"""Handwritten digits read by a small network of arrays: scikit-learn's 1,797 pictures of 8×8 pixels.

    python demos/digits.py [--quick]              # needs: pip install -e ".[demos]"

Writes out/digits_confusion and out/digits_misread, as SVG and
PNG, and the trained weights to out/digits.safetensors, by the names that PyTorch would give them.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, path, save_figure, say

needs("demos", "matplotlib", "sklearn", "tqdm")

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from autograd import no_grad
from nn import AdamW, CosineAnnealingLR, Dropout, Linear, ReLU, Sequential, cross_entropy, fit, manual_seed, save

EPOCHS = 20 if QUICK else 60


def load(share: float = 0.25) -> tuple[Any, Any, Any, Any]:
    """Pictures (N, 64) between 0 and 1 and their digits (N,), in a random order: to learn from, and to be tested on."""
    X, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    X, y, tested = X[order] / 16, y[order], int(share * len(X))
    return X[tested:], y[tested:], X[:tested], y[:tested]


def main() -> None:
    X, y, X_test, y_test = load()
    manual_seed(0)
    model = Sequential(Linear(64, 256), ReLU(), Dropout(0.5), Linear(256, 10))
    count = sum(p.size for p in model.parameters())
    print(f"{len(X)} pictures to learn from, {len(X_test)} to be tested on, {count} parameters.")
    optimizer = AdamW(model.parameters(), lr=0.01, weight_decay=0.1)
    with threadpool_limits(1):  # matrices as small as these are fastest on one thread
        history = fit(
            model, (X, y), cross_entropy, optimizer=optimizer, schedule=CosineAnnealingLR(optimizer, EPOCHS),
            epochs=EPOCHS, batch_size=64,
        )  # fmt: skip

    with no_grad():
        scores = model.eval()(X_test).softmax()
    read, sure = scores.argmax(axis=1), scores.data.max(axis=1)
    wrong = np.flatnonzero(read != y_test)
    print(f"The loss fell from {history.losses[0]:.3f} to {history.losses[-1]:.3f} in {EPOCHS} epochs.")
    print(f"test accuracy {np.mean(read == y_test):.2%}: {len(wrong)} of {len(X_test)} misread")
    for place in wrong[:5]:
        print(f"  {y_test[place]} read as {read[place]}, {sure[place]:.0%} sure")

    plot_confusion(y_test, read)
    plot_misread(X_test[wrong], y_test[wrong], read[wrong], sure[wrong])
    save(model, path("digits.safetensors"))
    say(path("digits.safetensors"))


def plot_confusion(digits: Any, read: Any) -> None:
    """How often each digit was read as each: right on the diagonal."""
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (digits, read), 1)
    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.where(np.eye(10, dtype=bool), 0, counts), cmap="Oranges", vmin=0, vmax=max(counts.max() / 10, 1))
    for (row, column), number in np.ndenumerate(counts):
        if number:
            axes.text(column, row, str(number), ha="center", va="center", color="grey" if row == column else "black")
    axes.set(xlabel="read as", ylabel="digit", xticks=range(10), yticks=range(10))
    axes.set_title(f"{np.trace(counts)} of {counts.sum()} read right; mistakes in orange")
    save_figure(figure, "digits_confusion")


def plot_misread(pictures: Any, digits: Any, read: Any, sure: Any) -> None:
    """The pictures that were misread, the surest mistakes first, at most 18."""
    order = np.argsort(-sure)[:18]
    figure = Figure(figsize=(8, 1.7 * max(-(-len(order) // 6), 1) + 0.4), layout="constrained")
    figure.suptitle("Misread digits, the surest mistakes first")
    for axes, place in zip(figure.subplots(max(-(-len(order) // 6), 1), 6, squeeze=False).flat, order, strict=False):
        axes.imshow(pictures[place].reshape(8, 8), cmap="gray_r")
        axes.set_title(f"{digits[place]} read as {read[place]} ({sure[place]:.0%})", fontsize=9)
    for axes in figure.axes:
        axes.set_axis_off()
    save_figure(figure, "digits_misread")


if __name__ == "__main__":
    main()
