"""A compiled step in a page: one sample of it, run as its function was written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import OperandError, Tensor, Value, compile, draw, inspect, values
from autograd.compiler import load


def boxes(page: Any) -> dict[str, Any]:
    found = re.search(r'<script type="application/json"[^>]*>(.*?)</script>', page.html, re.DOTALL)
    assert found is not None
    return {node["label"]: node for node in json.loads(found[1])["nodes"] if node.get("label")}


def test_one_sample_of_a_step() -> None:
    w, b = Value(0.5, "w"), Value(-1.0, "b")
    step = compile(lambda x, y: ((w * x + b).tanh() - y) ** 2, [w, b], engine="numpy")
    step(np.array([1.0, 2.0]), np.array([0.0, 1.0]))
    before = w.grad, b.grad
    shown = boxes(inspect(step, 2.0, 1.0))
    assert (w.grad, b.grad) == before
    _, gradient = step.value_and_grad([0.5, -1.0], [2.0], [1.0])
    assert [shown["w"]["grad"], shown["b"]["grad"]] == pytest.approx(gradient.tolist())
    assert shown["x"]["value"] == 2.0
    assert shown["loss"]["value"] == pytest.approx(step.value([0.5, -1.0], [2.0], [1.0]))


def test_rows_tuples_and_dicts() -> None:
    W = values([1.0, -2.0], "W")
    step = compile(lambda x, more: (x @ W - more["y"][0]) ** 2, W, engine="numpy")
    shown = boxes(inspect(step, [3.0, 0.5], {"y": (1.0,)}))
    assert shown["x[1]"]["value"] == 0.5
    assert shown["more_y_0"]["value"] == 1.0
    assert shown["W[0]"]["grad"] == 6.0


def test_a_step_of_whole_arrays() -> None:
    W = Tensor([[1.0], [-2.0]], "W")
    step = compile(lambda X, Y: ((X @ W - Y) ** 2).mean(), [W])
    X, Y = np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[1.0], [0.5]])
    shown = boxes(inspect(step, X, Y))
    assert set(shown) == {"W", "X", "Y", "loss"}
    assert not W.grad.any()


def test_what_cannot_be_shown_is_said(tmp_path: Path) -> None:
    w = Value(2.0, "w")
    step = compile(lambda x: (w * x) ** 2, [w], engine="numpy")
    with pytest.raises(OperandError, match=r"inspect\(step, x\)"):
        inspect(step)
    step([1.0])
    step.save(tmp_path / "step.txt")
    with pytest.raises(OperandError, match="has no function"):
        inspect(load(tmp_path / "step.txt"), 1.0)
    with pytest.raises(OperandError, match="a sample is for a compiled step"):
        inspect(w * 1.0, 2.0)


def test_the_path_may_stand_second(tmp_path: Path) -> None:
    y = Value(2.0, "x") ** 2
    y.backward()
    inspect(y, tmp_path / "y.html")
    assert (tmp_path / "y.html").stat().st_size > 10_000


def test_a_step_has_a_static_picture(tmp_path: Path) -> None:
    w = Value(0.5, "w")
    step = compile(lambda x, y: (w * x - y) ** 2, [w], engine="numpy")
    step([1.0, 2.0], [0.0, 1.0])
    before = w.grad
    picture = draw(step, 2.0, 1.0)
    assert {"w", "x", "y", "loss"} <= {box.label for box in picture.drawing.boxes}
    assert next(box.grad.number for box in picture.drawing.boxes if box.label == "w" and box.grad) == 0.0
    assert w.grad == before
    W = Tensor([[1.0], [-2.0]], "W")
    whole = compile(lambda X: ((X @ W) ** 2).mean(), [W])
    assert "dy = x.T @ δ" in draw(whole, np.ones((3, 2))).source
    with pytest.raises(OperandError, match=r"draw\(step, x, y\)"):
        draw(step)
