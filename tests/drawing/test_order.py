"""Pictures, once they are laid out: neurons of a layer stand in their order, and the key takes little of the room."""

from __future__ import annotations

import re
import shutil
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd import Value, draw, parameter, scope, values
from autograd.drawing.order import natural, siblings
from nn import MLP
from tests.drawing.test_page_width import NETWORKS, by_hand

pytestmark = pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot")
SVG = "{http://www.w3.org/2000/svg}"


def places(svg: str) -> dict[str, tuple[float, float]]:
    """Where the first text of every box stands."""
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        text = group.find(f".//{SVG}text")
        if group.get("id") and text is not None:
            found[group.get("id", "")] = (float(text.get("x", "nan")), float(text.get("y", "nan")))
    return found


def network(sizes: list[int], inputs: int = 2, penalty: bool = False) -> Value:
    model = MLP(inputs, sizes, activation="tanh", seed=3)
    row = np.random.default_rng(0).normal(size=inputs).tolist()
    out = model(row)
    loss = sum((each**2 for each in out), start=Value(0.0)) if isinstance(out, list) else out**2
    return loss + 1e-4 * sum(p * p for p in model.parameters()) if penalty else loss


def crowded() -> Value:
    """A layer of twelve neurons with names that sort otherwise as text."""
    xs = [Value(0.1 * k, f"x{k}") for k in range(3)]
    hidden = []
    for k in reversed(range(12)):  # they run in another order than they are numbered
        with scope("net", "first", f"unit{k}"):
            hidden.append(sum(parameter(Value(0.3 - 0.1 * k, "w")) * x for x in xs).tanh())
    with scope("net", "second", "unit0"):
        return sum(hidden).tanh()  # type: ignore[no-any-return]


ORDERED: dict[str, Any] = {
    "1-3-3-1": lambda: network([3, 3, 1], 1),
    "2-4-4-1": lambda: network([4, 4, 1]),
    "2-16-16-1": lambda: network([16, 16, 1]),
    "3-5-2-6-2": lambda: network([5, 2, 6, 2], 3),
    "with a penalty": lambda: network([5, 4, 1], 3, penalty=True),
    "by hand": by_hand,
    "crowded": crowded,
}


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
@pytest.mark.parametrize("name", ORDERED)
def test_neurons_and_inputs_stand_in_their_order(name: str, rankdir: str) -> None:
    root = ORDERED[name]()
    root.backward()
    picture = draw(root, rankdir=rankdir, depth={"by hand": 0, "crowded": 2}.get(name))
    at = places(picture.pipe("svg", encoding="utf-8"))
    layers = list(siblings(picture.drawing))
    assert layers
    for boxes in layers:
        across = [at[box.id][1 if rankdir == "LR" else 0] for box in boxes]
        assert across == sorted(across)


def test_the_order_is_that_of_the_numbers() -> None:
    root = crowded()
    inputs, layer = siblings(draw(root, depth=2).drawing)
    assert [box.label for box in inputs] == ["x0", "x1", "x2"]
    assert [box.path[-1] for box in layer] == [f"unit{k}" for k in range(12)]
    assert sorted(["l.10", "l.9", "l.²", "l", ""], key=natural) == ["", "l", "l.9", "l.10", "l.²"]


def test_neurons_that_take_in_other_things_are_not_tied() -> None:
    x = values(np.arange(4.0), "x")
    root = sum((x[k] * x[k - 1] + x[k]).tanh() for k in range(4))
    assert list(siblings(draw(root, depth=0).drawing)) == []


@pytest.mark.parametrize("name", ["neuron", "1-3-3-1", "by hand", "chain of 10", "recurrent, 5", "LSTM", "a square"])
def test_the_key_takes_little_of_the_picture(name: str) -> None:
    root = NETWORKS[name]()
    root.backward()
    heights = []
    for options in ({"legend": True}, {"legend": False}):
        found = re.search(r'viewBox="0\.00 0\.00 [\d.]+ ([\d.]+)"', draw(root, **options).pipe("svg", encoding="utf-8"))
        heights.append(float(found[1]) if found else 0.0)
    share = 1 - heights[1] / heights[0]
    assert share <= (0.3 if len(draw(root).drawing.boxes) > 8 else 0.55)


def test_names_on_another_line_stand_in_their_order() -> None:
    root = NETWORKS["1-3-3-1"]()
    root.backward()
    picture = draw(root)
    at = places(picture.pipe("svg", encoding="utf-8"))
    found = re.findall(r'^\t(\w+) \[id="\w+" class="again" label="(layers[^"]*)"', picture.source, re.MULTILINE)
    names = [name for _, name in sorted((at[id][1], name) for id, name in found)]
    assert names == [f"layers.1.neurons.{k}" for k in range(3)]
