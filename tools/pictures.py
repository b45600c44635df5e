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


def main() -> None:
    for make in (neuron, network, vanishing, collapsed):
        file = ROOT / "docs" / "pictures" / f"{make.__name__}.svg"
        print(f"wrote {Path(make().render(outfile=file)).relative_to(ROOT)}")
    print(f"wrote {Path(page().save(ROOT / 'docs' / 'page.html')).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
