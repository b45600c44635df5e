"""A consultation: the network this project began with goes to the gradient doctor, who answers both of its questions.

    python demos/doctor.py [--quick]              # needs: pip install -e ".[plot]"

Is there a basic error in the code, and if not, why does it not fit? Are the missing biases to blame? Writes
out/doctor.svg and .png: the loss of four ways to train the same network from the same weights; and
out/doctor_graph.svg and .png: the graph of their loss, marked where the doctor is not content.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, save_figure, save_picture

needs("plot", "matplotlib")

import textwrap
from typing import Any

import numpy as np
from parts.learner import CorrectedNet, Net, samples, sigmoid

from autograd import Tensor, diagnose_class, draw, examine, parameter, value_and_grad

Array = Any
THEIR_LR, THEIR_EPOCHS, LR = 0.0001, 10, 1.0
SEED = 1
STEPS = 1500 if QUICK else 4000


def say(text: str) -> None:
    print("\n".join(textwrap.wrap(" ".join(text.split()), 100)), end="\n\n")


def heading(text: str) -> None:
    print(f"{text}\n{'=' * len(text)}\n")


def weights(net: Net) -> dict[str, Array]:
    return {"W_in": net.W_in, "W_h": net.W_h, "W_out": net.W_out}


def loss(params: dict[str, Array], X: Array, Y: Array) -> Array:
    """Their network on all samples at once, half the mean squared error; with biases where there are any."""
    a1 = sigmoid(X @ params["W_in"] + params.get("b1", 0.0))
    a2 = sigmoid(a1 @ params["W_h"] + params.get("b2", 0.0))
    return 0.5 * ((a2 @ params["W_out"] + params.get("b3", 0.0) - Y) ** 2).mean()


def history(net: Net, X: Array, Y: Array, lr: float, epochs: int) -> list[float]:
    """The mean squared error before training and after each epoch."""
    errors = [net.mse(X, Y)]
    for _ in range(epochs):
        net.train(X, Y, lr, epochs=1)
        errors.append(net.mse(X, Y))
    return errors


def best_fit(params: dict[str, Array], X: Array, Y: Array) -> float:
    """The mean squared error after STEPS steps of Adam along the right gradient, whatever the script did."""
    step = value_and_grad(loss)
    found = {name: np.array(block) for name, block in params.items()}
    m = {name: np.zeros_like(block) for name, block in found.items()}
    v = {name: np.zeros_like(block) for name, block in found.items()}
    for t in range(1, STEPS + 1):
        rate = 0.05 * (1 - t / STEPS) + 1e-4
        _, slopes = step(found, X, Y)
        for name, g in slopes.items():
            m[name] = 0.9 * m[name] + 0.1 * g
            v[name] = 0.999 * v[name] + 0.001 * g * g
            found[name] -= rate * (m[name] / (1 - 0.9**t)) / (np.sqrt(v[name] / (1 - 0.999**t)) + 1e-9)
    return 2 * float(loss(found, X, Y))


def main() -> None:
    X, Y = samples()
    net = Net(SEED)
    heading("1. Is there a basic error in the code?")
    report = diagnose_class(net, (X, Y), update="update", lr=THEIR_LR, each=True)
    print(report, end="\n\n")

    theirs, right = (
        history(Net(SEED), X, Y, THEIR_LR, THEIR_EPOCHS),
        history(CorrectedNet(SEED), X, Y, THEIR_LR, THEIR_EPOCHS),
    )
    long = history(Net(SEED), *samples(shuffled=True), 0.01, THEIR_EPOCHS)
    in_order = history(CorrectedNet(SEED), X, Y, LR, THEIR_EPOCHS)
    fast = history(CorrectedNet(SEED), *samples(shuffled=True), LR, THEIR_EPOCHS)
    repaired = diagnose_class(CorrectedNet(SEED), (X, Y), update="update", lr=THEIR_LR, each=True)
    assert report.step is not None
    faults = [name for name in report if "wrong" in (report[name].verdict, report.step[name].verdict)]
    say(
        f"""So: yes. The forward pass and the deltas are right. Wrong is something in {", ".join(faults)}, and what is
        fatal is the step: it makes no use of the gradients. Two weights only shrink, the third follows the error
        whatever the input was; what such training can reach is a constant. With the repairs in `CorrectedNet` the
        doctor finds {"nothing" if repaired.ok else "something"} wrong any more."""
    )

    heading("2. But the loss did fall, so why does it not fit?")
    say(
        f"""A falling loss proves nothing. From the same weights, with their learning rate {THEIR_LR:g} and
        {THEIR_EPOCHS} epochs, their step takes the mean squared error from {theirs[0]:.3f} to {theirs[-1]:.3f}, the
        right gradient from {right[0]:.3f} to {right[-1]:.3f}: the wrong one looks
        {"better" if theirs[-1] < right[-1] else "no better"}.
        The best constant, the mean of y, has {np.var(Y):.4f} (the variance of y), and that is where their step leads:
        with lr 0.01, on shuffled samples, it gets to {long[-1]:.4f} and stays."""
    )
    trained = Net(SEED)
    trained.train(X, Y, THEIR_LR, THEIR_EPOCHS)
    print("Their network after their own training, examined:\n")
    print(textwrap.indent(str(examine(weights(trained), loss, (X, Y), lr=THEIR_LR, steps=THEIR_EPOCHS * len(X))), "  "))
    print()
    say(
        f"""So besides the errors of calculus the learning rate is far too low: with {THEIR_LR:g} the right gradient
        cannot fit either. And the samples come one at a time in sorted order, from 0 to 1: each stretch makes the
        network forget the one before. With the learning rate {LR:g} in this order the mean squared error after
        {THEIR_EPOCHS} epochs is {in_order[-1]:.2g}, worse than the mean. With the same samples shuffled once it is
        {fast[-1]:.1e}: it fits, from the same weights, and still without biases."""
    )

    heading("3. Are the missing biases to blame?")
    rng = np.random.default_rng(SEED)
    biases = {"b1": rng.normal(size=3), "b2": rng.normal(size=3), "b3": rng.normal(size=1)}
    without, with_biases = best_fit(weights(net), X, Y), best_fit({**weights(net), **biases}, X, Y)
    say(
        f"""No. Trained well (Adam, {STEPS} steps), the network without biases reaches {without:.1e}, with them
        {with_biases:.1e}: {np.var(Y) / without:.0f} and {np.var(Y) / with_biases:.0f} times better than the mean.
        A sigmoid gives one half at zero, so every hidden unit of the first layer hands the second a constant part,
        which its weights turn into a bias."""
    )
    graph(net, report, (X[:4], Y[:4]))
    figure(
        {"their step, lr 0.0001": theirs, "their step, lr 0.01": long, "right, lr 0.0001": right, "right, lr 1": fast},
        Y,
    )


def graph(net: Net, report: Any, batch: tuple[Array, Array]) -> None:
    """Their loss on some samples, drawn with what is wrong at each block."""
    drawn = loss({name: parameter(Tensor(block, name)) for name, block in weights(net).items()}, *batch)
    drawn.backward()
    save_picture(draw(drawn, marks=report.marks(drawn), constants=False, title="What the doctor found"), "doctor_graph")


def figure(curves: dict[str, list[float]], Y: Array) -> None:
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(7, 4), layout="constrained")
    axes = drawn.subplots()
    for name, errors in curves.items():
        axes.semilogy(errors, "o-", label=name)
    axes.axhline(float(np.var(Y)), color="black", linestyle="--", label="predicting the mean")
    axes.set(xlabel="epoch", ylabel="mean squared error", title="The same network, the same weights to start from")
    axes.legend()
    save_figure(drawn, "doctor")


if __name__ == "__main__":
    main()
