"""Draws the pictures of the documentation anew, docs/pictures/*.svg, and its page, docs/page.html: `make pictures`.

Needs Graphviz in one of its forms; the files are committed, so that readers need neither. The picture of the page is
made in a browser, by the tests: `pytest --refresh tests/drawing/page/test_documented.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from autograd import Value, draw, inspect, parameter  # noqa: E402
from autograd.doctor import run  # noqa: E402
from autograd.drawing import Picture  # noqa: E402
from autograd.drawing.page import Page  # noqa: E402
from nn import MLP  # noqa: E402


def neuron() -> Picture:
    """tanh(x1 w1 + x2 w2 + b), with the numbers of micrograd's introduction."""
    x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
    w1, w2 = parameter(Value(-3.0, "w1")), parameter(Value(1.0, "w2"))
    b = parameter(Value(6.8813735870195432, "b"))
    out = (x1 * w1 + x2 * w2 + b).tanh()
    out.label = "out"
    out.backward()
    return draw(out)


def error() -> Value:
    """A 1-3-3-1 network of sigmoids and its error at one point of y = x²."""
    model = MLP(1, [3, 3, 1], activation="sigmoid", seed=3)
    loss = (model([Value(0.5, "x")]) - Value(0.25, "y")).square()
    loss.label = "loss"
    loss.backward()
    return loss


def network() -> Picture:
    return draw(error())


def page() -> Page:
    """The same, to step through."""
    return inspect(error(), title="A 1-3-3-1 network, and backward through it")


def vanishing() -> Picture:
    """Sigmoid after sigmoid: each passes on a quarter of the gradient at most."""
    h = Value(0.5, "x")
    for k in range(7):
        h = (parameter(Value(1.0, f"w{k}")) * h).sigmoid()
    h.label = "out"
    h.backward()
    return draw(h, title="A vanishing gradient: from right to left every sigmoid leaves less of it")


def collapsed() -> Picture:
    """A 2-16-16-1 network, each neuron as one box."""
    model = MLP(2, [16, 16, 1], seed=1337)
    loss = (model([Value(0.5, "x0"), Value(-1.0, "x1")]) - Value(1.0, "y")).square()
    loss.label = "loss"
    loss.backward()
    return draw(loss)


def story(file: Path) -> None:
    """The question this project began with, and its answer, as four curves: a bitmap, for it heads the README."""
    import numpy as np
    from matplotlib.figure import Figure

    from demos.parts.learner import CorrectedNet, Net, samples

    in_order, shuffled = samples(), samples(shuffled=True)
    x = np.linspace(0.0, 1.0, 100)[:, None]
    figure = Figure(figsize=(8.4, 3.9), layout="constrained")
    axes = figure.subplots(1, 2, width_ratios=[1.3, 1])
    axes[0].plot(x, x**2, color="black", linewidth=7, alpha=0.2, label="y = x²")
    for net, data, lr, style, colour, label in (
        (Net(1), in_order, 0.01, ":", "#d55e00", "as it was written"),
        (CorrectedNet(1), in_order, 0.01, "--", "#777777", "mistakes repaired"),
        (CorrectedNet(1), in_order, 1.0, "-.", "#009e73", "and the learning rate"),
        (CorrectedNet(1), shuffled, 1.0, "-", "#0072b2", "and the order"),
    ):
        net.train(*data, lr, epochs=10)
        axes[0].plot(x, net.predict(x), style, color=colour, linewidth=2.5, label=label)
    axes[0].legend(fontsize=11, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2, frameon=False)
    axes[0].set_title("A network learns y = x²", fontsize=14)
    axes[0].tick_params(labelsize=11)
    axes[1].set_axis_off()
    axes[1].set_title("What the doctor says", fontsize=14)
    report = run(ROOT / "docs" / "tutorial" / "story.py")
    plain = {"error": "the error alone", "weight": "the weight itself"}
    lines = [f"✗ line {found.line}: {plain.get(found.name, found.name)}" for found in report.findings]
    first = report.findings[0]
    target, _, formula = first.instead.partition(" = ")
    lines += ["", f"in line {first.line} write", f"  {target} =", f"      {formula}"]
    axes[1].text(0.02, 0.97, "\n".join(lines), va="top", family="monospace", fontsize=12.5, linespacing=1.4)
    figure.savefig(file, dpi=110)


def main() -> None:
    story(ROOT / "docs" / "pictures" / "story.png")
    print("wrote docs/pictures/story.png")
    for make in (neuron, network, vanishing, collapsed):
        file = ROOT / "docs" / "pictures" / f"{make.__name__}.svg"
        print(f"wrote {Path(make().render(outfile=file)).relative_to(ROOT)}")
    print(f"wrote {Path(page().save(ROOT / 'docs' / 'page.html')).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
