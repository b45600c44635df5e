"""Factors that are trained on pairs, with a decay that the loss does not show."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from autograd.doctor.script.judge.stored import stored_right
from autograd.doctor.script.watch.node import Node

from .test_mended import START, told

PAIRS = (
    START
    + """
people, things = gen.randn(6, 3) * 0.2, gen.randn(9, 3) * 0.2
triples = [(gen.randint(6), *gen.permutation(9)[:2]) for _ in range(60)]

class Ranker:
    def __init__(self, rate, shrink):
        self.P, self.T, self.rate, self.shrink = people, things, rate, shrink

    def learn(self, who, more, less):
        gap = self.P[who] @ (self.T[more] - self.T[less])
        cost = np.log(1 + np.exp(-gap))
        push = 1 / (1 + np.exp(gap))
        g_who = -push * (self.T[more] - self.T[less]) + self.shrink * self.P[who]
        g_more = -push * self.P[who] + self.shrink * self.T[more]
        g_less = push * self.P[who] + self.shrink * self.T[less]
        self.P[who] -= self.rate * g_who
        self.T[more] -= self.rate * g_more
        self.T[less] -= self.rate * g_less
        return cost

ranker = Ranker(0.1, 0.01)
for turn in range(3):
    print(sum(ranker.learn(*each) for each in triples))
"""
)


def test_a_loss_made_of_factors_alone_is_no_penalty_of_them() -> None:
    found = told(PAIRS)
    assert found["faults"] == []
    assert {block["name"]: (block["verdict"], block["rule"]) for block in found["blocks"]} == {
        "self.P": ("right", "decay"), "self.T": ("right", "decay"),
    }  # fmt: skip


def test_a_decay_that_grows_the_factors_is_told() -> None:
    right = "(self.T[more] - self.T[less]) + self.shrink * self.P[who]"
    found = told(PAIRS.replace(right, right.replace(" + ", " - ")))
    assert [fault["name"] for fault in found["faults"]] == ["sign"]
    assert "g_who" in found["faults"][0]["code"]


def test_of_a_block_whose_gradient_is_not_known_none_is_stored() -> None:
    start = Node(None, (), {}, np.ones(3), None, 0)
    found: Any = SimpleNamespace(look=SimpleNamespace(starts={"a": [start]}), verdicts={"a": None, "b": None})
    assert stored_right(found, {}) == set()
