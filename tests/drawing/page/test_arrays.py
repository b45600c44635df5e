"""Pages of Tensors: what an array passes back, as a formula with shapes, and its numbers as a heat map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Tensor, inspect, walk

from . import graphs

Opened = Callable[..., Any]


def test_arrays_explain_what_they_pass_on(opened: Opened) -> None:
    tab = opened(inspect(graphs.layer()))
    tab.click("#last")
    shown = tab.inner_text("#now")
    assert "dX = δ @ W.T" in shown
    assert "dW = X.T @ δ" in shown
    assert "δ, the gradient that arrived: (9, 4); to (8, 4)" in shown
    tab.click("#back")
    assert "upstream × local, element by element" in tab.inner_text("#now")
    assert "summed to this shape" in tab.inner_text("#now")


def test_a_matrix_is_a_heat_map_whose_cells_say_their_numbers(opened: Opened) -> None:
    loss = graphs.layer()
    W = next(node for node, _ in walk(loss) if node.label == "W")
    tab = opened(inspect(loss))
    tab.locator("#graph .box", has_text="W").first.locator(".fill").click()
    maps = tab.locator("#chosen .heat")
    assert maps.count() == 2
    cells = maps.nth(1).locator("rect")
    assert cells.count() == 32
    cells.nth(4 * 3 + 2).hover()
    told = tab.locator("#chosen .cell-words").nth(1).inner_text()
    assert told.startswith("∇W[3, 2] = ")
    assert float(told.partition(" = ")[2].replace("\u2212", "-")) == pytest.approx(W.grad[3, 2], rel=1e-3)


def test_an_array_that_is_too_large_has_no_heat_map(opened: Opened) -> None:
    x = Tensor(np.ones((40, 40)), "x")
    y = (x * 2.0).sum()
    y.backward()
    tab = opened(inspect(y))
    tab.locator("#n0 .fill").click()
    assert tab.locator("#chosen .heat").count() == 0
