"""Large data, and large layers: what a training is given is not told number by number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from autograd.doctor.script.judge.replay import compute_resized
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.node import Node
from autograd.doctor.script.watch.record import record

PICTURES = """
import numpy as np

class Net:
    def __init__(self):
        self.V = np.random.uniform(-0.1, 0.1, (90, 4))
        self.w = np.random.uniform(-0.1, 0.1, (4, 1))

    def squash(self, v):
        return 1 / (1 + np.exp(-v))

    def slope(self, v):
        return self.squash(v) * (1 - self.squash(v))

    def learn(self, picture, goal):
        inner = self.squash(picture @ self.V)
        out = self.squash(inner @ self.w)
        miss = goal - out
        d_out = miss * self.slope(inner @ self.w)
        d_in = np.dot(self.w, d_out) * self.slope(picture @ self.V)
        self.w += 0.3 * np.outer(inner, d_out)
        self.V += 0.3 * np.outer(picture, d_in)

def picture(k):
    pixels = np.random.rand(90)
    if k % 2:
        pixels[:45] *= 0.5
    return list(pixels)

pictures = np.array([picture(k) for k in range(12)])
net = Net()
for turn in range(3):
    for k in range(12):
        net.learn(pictures[k], k % 2)
"""


@pytest.fixture
def script(tmp_path: Path) -> Script:
    path = tmp_path / "script.py"
    path.write_text(PICTURES)
    return Script(str(path), [])


def test_an_array_of_many_numbers_that_was_made_before_the_training_is_a_leaf(script: Script) -> None:
    found = record(script)
    assert found.training is not None
    before = [node for node in found.tape.nodes if node.time <= found.training.steps[0].start]
    assert [np.shape(node.value) for node in before if len([*node.operands()]) > 256] == []
    assert any(np.shape(node.value) == (12, 90) for node in before)
    assert sum(np.size(node.value) == 1 for node in before) < 20  # no pixel is among them


def test_what_would_be_far_too_large_is_not_computed() -> None:
    row, column = (Node(None, (), {}, np.ones(size), None, 0) for size in (500, 60))
    outer = Node(np.outer, (row, column), {}, np.ones((500, 60)), None, 1)
    values = {id(row): np.ones(500), id(column): np.ones(60)}
    assert compute_resized(outer, values).shape == (500, 60)
    with pytest.raises(MemoryError, match="15000000 numbers"):
        compute_resized(outer, {**values, id(column): np.ones((500, 60))})
