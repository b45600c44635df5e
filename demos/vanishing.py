"""Why deep sigmoid networks do not learn: the gradient that reaches each layer, and what cures it.

    python demos/vanishing.py                     # needs: pip install -e ".[plot]"

Writes out/vanishing.svg (the gradient of each layer, for depths 2 to 10) and out/vanishing_graph.svg (the flow along
the edges of one deep chain), the same as PNG, and out/vanishing.html, a page that steps through that chain.
"""

from __future__ import annotations

from parts.outputs import needs, save_figure, save_page, save_picture

needs("plot", "matplotlib")

import math

import numpy as np
from matplotlib.figure import Figure

from autograd import Value, draw, parameter
from nn import MLP, mse

WIDTH, DEPTHS = 16, (2, 4, 6, 8, 10)


def flow(depth: int, activation: str, init: str) -> list[float]:
    """The norm of the gradient of each layer's weights, from the input on, for one batch of 10 random samples."""
    model = MLP(WIDTH, [WIDTH] * depth + [1], activation=activation, init=init, seed=depth)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(10, WIDTH)).tolist(), rng.normal(size=10)
    mse([model(row) for row in X], y).backward()
    return [math.sqrt(sum(w.grad**2 for neuron in layer.neurons for w in neuron.w)) for layer in model.layers[:-1]]


def chain(depth: int) -> Value:
    """One sigmoid after the other: the smallest network whose gradient vanishes."""
    x = Value(0.5, "x")
    for k in range(depth):
        x = (parameter(Value(1.0, f"w{k}")) * x).sigmoid()
    x.label = "out"
    return x


def main() -> None:
    cures = {"sigmoid, Xavier": ("sigmoid", "xavier_normal"), "ReLU, He": ("relu", "kaiming_normal")}
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, (name, (activation, init)) in zip(figure.subplots(1, 2, sharey=True), cures.items(), strict=True):
        print(f"\n{name}: norm of the gradient of each layer, first layer first")
        for depth in DEPTHS:
            norms = flow(depth, activation, init)
            print(f"  depth {depth:2}: " + "  ".join(f"{norm:.0e}" for norm in norms))
            axes.semilogy(range(1, depth + 1), norms, "o-", label=f"depth {depth}", color=COLOURS[depth])
        axes.set(title=name, xlabel="layer", xticks=range(1, max(DEPTHS) + 1))
        axes.grid(visible=True, alpha=0.3)
    figure.axes[0].set_ylabel("norm of the gradient of its weights")
    figure.axes[1].legend()

    sigmoid, relu = flow(10, "sigmoid", "xavier_normal"), flow(10, "relu", "kaiming_normal")
    print(
        f"\nAt depth 10 the first sigmoid layer receives {sigmoid[0] / sigmoid[-1]:.0e} of what the last one receives: "
        "each sigmoid passes on at most 1/4."
    )
    print(f"With ReLU and He's initialisation it is {relu[0] / relu[-1]:.2g}.")
    save_figure(figure, "vanishing")

    out = chain(6)
    out.backward()
    save_picture(draw(out), "vanishing_graph")
    save_page(out, "vanishing", "A vanishing gradient")


COLOURS = dict(zip(DEPTHS, ("#002051", "#1f3e6e", "#575c6e", "#a49d78", "#d5b000"), strict=True))

if __name__ == "__main__":
    main()
