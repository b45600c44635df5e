"""The question this project began with: a network that would not fit y = x², answered from end to end.

    python demos/x_squared.py [--quick]           # needs: pip install -e ".[plot,render]"

Runs the learner's network as it was written, then the same forward pass on arrays of Values with the handwritten
backprop deleted, and measures the answers to both of their questions. Writes the fit, the loss curves and the
gradient-flow graph of one sample to out/, as SVG and PNG; and three pages: x_squared.html, which steps through
backward, x_squared_film.html, the training as a film, and x_squared_try.html, which trains in the browser: both
questions can be tried there.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, save_figure, save_page, save_picture

needs("plot,render", "matplotlib", "tqdm")

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from parts.learner import CorrectedNet, Net, samples, sigmoid
from tqdm import trange

import autograd
from autograd import Film, Playground, Tensor, Value, data, draw, grads, parameter, values
from nn import MLP, Adam, half_mse

EPOCHS = 10
THEIR_LR, LR = 0.0001, 1.0
BLOCKS = ("W_out", "W_h", "W_in")
STEPS = 1000 if QUICK else 3000
FRAMES = 200


class RecordedNet(Net):
    """Their network, their forward pass, and no backprop: the weights are arrays of Values."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        for name in BLOCKS:
            weights = values(getattr(self, name), label=name)
            for w in weights.flat:
                parameter(w)  # so that the picture tells weights from data
            setattr(self, name, weights)

    def __call__(self, x: Any) -> Value:
        return self.forward(np.asarray(x))[0]

    def named_parameters(self) -> list[tuple[str, Value]]:
        return [(w.label, w) for name in reversed(BLOCKS) for w in getattr(self, name).flat]

    def backward(self, x: Any, y: Any) -> None:
        self.loss(x, y).backward()

    def update(self, lr: float) -> None:
        for name in BLOCKS:
            for w in getattr(self, name).ravel():
                w.data -= lr * w.grad
                w.grad = 0.0

    def predict(self, X: Any) -> Any:
        W_out, W_h, W_in = (data(getattr(self, name)) for name in BLOCKS)
        return sigmoid(sigmoid(X @ W_in) @ W_h) @ W_out


class FilmedNet(RecordedNet):
    """The same, with a film of its training: in each frame the gradient of one sample, and the error on all."""

    def __init__(self, X: Any, Y: Any) -> None:
        super().__init__()
        self.film = Film(self, lambda: self.mse(X, Y), data=(X, Y), predict=self.predict)
        self.steps, self.every = 0, max(1, len(X) * EPOCHS // FRAMES)

    def update(self, lr: float) -> None:
        if self.steps % self.every == 0:
            self.film.frame(step=self.steps)
        self.steps += 1
        super().update(lr)


def to_try(X: Any, Y: Any, lr: float) -> Playground:
    """The same network, with biases that start at 0, to be trained in a page by the gradient or the script's step."""
    start, model = Net(), MLP(1, [3, 3, 1], activation="sigmoid", seed=0)
    for layer, weights in zip(model.layers, (start.W_in, start.W_h, start.W_out), strict=True):
        for neuron, column in zip(layer.neurons, weights.T, strict=True):
            for w, number in zip(neuron.w, column, strict=True):
                w.data = float(number)
    output = model.layers[-1].neurons[0]

    def scripts_step(x: Any, y: Any) -> list[Any]:
        error = model(x) - y
        steps = {id(w): w for w in model.parameters()}  # the weights themselves,
        steps |= {id(w): error for w in output.w}  # and in the last layer the error without its input
        biases = [neuron.b for layer in model.layers for neuron in layer.neurons]
        return [steps[id(p)] if all(p is not b for b in biases) else 0.0 for p in model.parameters()]

    return Playground(
        model, half_mse, (X, Y), rate=lr, batch=1, steps={"the script's": scripts_step},
        title="Try it: a network that would not fit y = x²",
    )  # fmt: skip


def train(net: Net, X: Any, Y: Any, lr: float, name: str, epochs: int = EPOCHS) -> list[float]:
    """Each sample in turn, as the script does; the mean squared error before the first epoch and after each."""
    errors = [net.mse(X, Y)]
    for _ in trange(epochs, desc=name, unit="epoch", leave=False, disable=None):
        net.train(X, Y, lr, epochs=1)
        errors.append(net.mse(X, Y))
    return errors


def distance(a: Any, b: Any) -> float:
    """The relative distance of two arrays of the same numbers; axes of length 1 do not count."""
    return float(np.linalg.norm(np.squeeze(a) - np.squeeze(b)) / np.linalg.norm(b))


def block_by_block(x: Any, y: Any) -> list[str]:
    """One sample, the same weights twice: their gradient and their step, beside the gradient the engine found."""
    theirs, ours = Net(), RecordedNet()
    theirs.forward(x)
    theirs.backward(x, y)
    ours.backward(x, y)
    before = {name: getattr(theirs, name) for name in BLOCKS}
    theirs.update(THEIR_LR)
    lines = [
        "          their gradient:          their step / lr, compared with:",
        "  block   as it is  transposed   the gradient   the weights W   the output error",
    ]
    for name in BLOCKS:
        exact, stored = grads(getattr(ours, name)), getattr(theirs, f"d{name}")
        step = (before[name] - getattr(theirs, name)) / THEIR_LR
        error = np.broadcast_to(theirs.delta3, step.shape)
        turned = f"{distance(stored.T, exact):.1e}" if min(exact.shape) > 1 else "-"
        compared = (distance(step, exact), distance(step, before[name]), distance(step, error))
        lines.append(
            f"  {name:6}  {distance(stored, exact):8.1e}  {turned:>10}  {compared[0]:13.1e}  {compared[1]:14.1e}"
            f"  {compared[2]:17.1e}"
        )
    return lines


def fit_all_at_once(X: Any, Y: Any, biases: bool) -> float:
    """The error that the network can reach, with or without biases: Adam on the whole batch, weights as Tensors."""
    start = Net()
    weights = {name: Tensor(getattr(start, name), name) for name in BLOCKS}
    shifts = [Tensor(np.zeros(n)) for n in (3, 3, 1)] if biases else [0.0, 0.0, 0.0]
    optimizer = Adam([*weights.values(), *[b for b in shifts if biases]], lr=0.1)
    for step in trange(STEPS, desc=f"{'with' if biases else 'without'} biases", unit="step", leave=False, disable=None):
        a1 = (X @ weights["W_in"] + shifts[0]).sigmoid()
        a2 = (a1 @ weights["W_h"] + shifts[1]).sigmoid()
        mse = ((a2 @ weights["W_out"] + shifts[2] - Y) ** 2).mean()
        optimizer.zero_grad()
        mse.backward()
        optimizer.lr = 0.1 * (1 - step / STEPS)
        optimizer.step()
    return mse.item()


def main() -> None:
    X, Y = samples(300 if QUICK else 1000, shuffled=True)
    lr = LR * (1000 / len(X)) ** 0.5 if QUICK else LR
    variance = float(Y.var())
    print("A learner wrote a network and its backprop by hand, to fit the simplest data there is. It ran, and did not")
    print("fit. They asked: is there a basic error in the code? If not, why does it not fit? Here is the answer.")
    print(f"\n{len(X)} points of y = x^2 on [0, 1].")
    print(f"Predicting their mean gives an MSE of {variance:.4f}, the variance of y: that is what there is to beat.")
    print(f"glassgrad's scalar engine runs {'compiled' if autograd.compiled else 'as plain Python'}.\n")

    theirs, patient, slow, recorded = Net(), Net(), CorrectedNet(), FilmedNet(X, Y)
    their_errors = train(theirs, X, Y, THEIR_LR, "their script")
    patient_errors = train(patient, X, Y, 100 * THEIR_LR, "their script, steps 100 times as long")
    slow_errors = train(slow, X, Y, THEIR_LR, "correct gradient, their learning rate")
    errors = train(recorded, X, Y, lr, "their forward pass on Values")

    print("1. Their network, as it was written")
    print(f"   learning rate {THEIR_LR}, {EPOCHS} epochs:    MSE {their_errors[0]:.4f} -> {their_errors[-1]:.4f}")
    constants = patient.predict(X)
    print(f"   the same steps 100 times as long: MSE {patient_errors[-1]:.4f}, about the variance of y: it has become")
    print(
        f"   a constant, {constants.min():.3f} for every x to within {np.ptp(constants):.0e}, as the mean of y,"
        f" {Y.mean():.3f}, would be."
    )
    print("   It does not fit.\n")

    print("2. The same forward pass on arrays of Values, the handwritten backprop deleted")
    print(f"   learning rate {lr:.2g}, {EPOCHS} epochs:      MSE {errors[0]:.4f} -> {errors[-1]:.4f}. It fits.\n")

    print("Is there a basic error in the code?   Yes. Block by block, relative distances (0 is equal):\n")
    print("\n".join(block_by_block(X[0], Y[0])))
    print(
        "\n"
        "   W_out: the gradient that is stored is right, but for its shape. The step does not use it: it subtracts\n"
        "          the output error alone, without the layer's input. It should be  W_out -= lr * outer(a2, delta3).\n"
        "   W_h:   the gradient is transposed: outer(a1, delta2), not outer(delta2, a1). The step subtracts W_h\n"
        "          itself, which is weight decay and shrinks the weights to zero, whatever the data.\n"
        "   W_in:  the gradient is right, and again the step subtracts the weights themselves.\n"
        "   So the network forgets its weights and learns one number, the mean of y.\n"
        "   (As it was posted, it did not even run: the line `if layer == 0:` of its forward loop was lost.)\n"
    )
    print("Why would such simple data not fit, once that is mended?   Learning rate times epochs, and the order.\n")
    for rate, found in ((THEIR_LR, slow_errors), (lr, errors)):
        print(
            f"   correct gradient, learning rate {rate:<6.2g}, {EPOCHS} epochs:  MSE {found[0]:.4f} -> {found[-1]:.4f}"
        )
    print(
        f"   At {THEIR_LR} the wrong step even lowers the error more ({their_errors[-1]:.4f}) than the right one\n"
        f"   ({slow_errors[-1]:.4f}): a falling loss proves nothing about the gradient.\n"
    )
    sorted_errors = train(CorrectedNet(), *samples(len(X)), lr, "the samples in sorted order")
    print(
        "   They took the samples in sorted order, from 0 to 1, one at a time. Here they are shuffled once; in their\n"
        f"   order the correct gradient with learning rate {lr:.2g} ends at MSE {sorted_errors[-1]:.4f}.\n"
    )
    without, with_them = fit_all_at_once(X, Y, biases=False), fit_all_at_once(X, Y, biases=True)
    print("Is it the missing biases?   No.\n")
    print(f"   {STEPS} steps of Adam on all points: MSE {without:.1e} without biases, {with_them:.1e} with them.")
    print("   sigmoid(0) = 1/2, so the units of the second layer already have a constant to lean on.\n")

    plot(X, Y, theirs, patient, recorded, {
        "their script, lr 0.0001": their_errors,
        "their script, lr 0.01": patient_errors,
        "correct gradient, lr 0.0001": slow_errors,
        f"engine's gradient, lr {lr:.2g}": errors,
    })  # fmt: skip
    sample = RecordedNet()
    x, y = Value(X[0, 0], "x"), Value(Y[0, 0], "y")
    loss = sample.loss(np.array([x]), np.array([y]))
    loss.label = "loss"
    loss.backward()
    save_picture(draw(loss), "x_squared_graph")
    save_page(loss, "x_squared", "One sample of y = x²")
    save_page(recorded.film.page("Fitting y = x²"), "x_squared_film")
    every = slice(None, None, len(X) // 100)
    save_page(to_try(X[every], Y[every], 0.5), "x_squared_try")


def plot(X: Any, Y: Any, theirs: Net, patient: Net, recorded: Net, curves: dict[str, list[float]]) -> None:
    """The fit and the loss curves."""
    order = np.argsort(X[:, 0])
    x = X[order]
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(x, Y[order], color="black", linewidth=5, alpha=0.25, label="y = x²")
    axes.plot(x, theirs.predict(x), "--", color="#d55e00", label="their script")
    axes.plot(x, patient.predict(x), ":", color="#d55e00", label="their script, steps 100 times as long")
    axes.plot(x, recorded.predict(x), color="#0072b2", label="same forward pass, gradients by glassgrad")
    axes.set(xlabel="x", ylabel="y", title="Three fits of y = x²")
    axes.legend()
    save_figure(figure, "x_squared_fit")

    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    for (name, errors), style in zip(curves.items(), ("--", ":", "-.", "-"), strict=True):
        axes.semilogy(errors, style, color="#0072b2" if "gradient" in name else "#d55e00", label=name)
    axes.axhline(float(Y.var()), color="grey", linewidth=0.8)
    axes.annotate("variance of y", (EPOCHS, float(Y.var())), ha="right", va="bottom", color="grey")
    axes.set(xlabel="epoch", ylabel="mean squared error", title="A falling loss proves nothing")
    axes.legend()
    save_figure(figure, "x_squared_loss")


if __name__ == "__main__":
    main()
