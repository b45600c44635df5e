"""A script with an autograd engine of its own: one line of a method computes the loss, and every other sum."""

from __future__ import annotations

from .test_mended import told

ENGINE = """
import math
import random

class Num:
    def __init__(self, x, made_of=()):
        self.x, self.slope, self.made_of = x, 0.0, made_of

    def __add__(self, other):
        return Num(self.x + other.x, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        return Num(self.x * other.x, ((self, other.x), (other, self.x)))

    def tanh(self):
        y = math.tanh(self.x)
        return Num(y, ((self, 1 - y * y),))

    def back(self):
        line, met = [], set()
        def go(n):
            if n not in met:
                met.add(n)
                for part, _ in n.made_of:
                    go(part)
                line.append(n)
        go(self)
        self.slope = 1.0
        for n in line[::-1]:
            for part, local in n.made_of:
                part.slope += local * n.slope

random.seed(2)
w = [[Num(random.uniform(-1, 1)) for _ in range(2)] for _ in range(2)]
v = [Num(random.uniform(-1, 1)) for _ in range(3)]
every = w[0] + w[1] + v
table = [(a, a * a) for a in (-1.0, -0.4, 0.3, 0.9)]
for turn in range(12):
    cost = Num(0.0)
    for a, goal in table:
        hidden = [(k * Num(a) + c).tanh() for k, c in w]
        miss = v[0] * hidden[0] + v[1] * hidden[1] + v[2] + Num(-goal)
        cost = cost + miss * miss
    for p in every:
        p.slope = 0.0
    cost.back()
    for p in every:
        p.x -= 0.05 * p.slope
    if turn % 4 == 0:
        print(cost.x)
"""


def test_the_engine_is_right_and_its_loss_is_told_where_it_is_summed() -> None:
    found = told(ENGINE)
    assert {block["verdict"] for block in found["blocks"]} == {"right"}
    assert found["loss"]["text"] == "cost + miss * miss"


def test_a_wrong_local_derivative_is_told_once() -> None:
    found = told(ENGINE.replace("1 - y * y", "1 - y"))
    wrong = {block["name"] for block in found["blocks"] if block["verdict"] == "wrong"}
    (fault,) = found["faults"]
    assert wrong == {"w[0][0].x", "w[0][1].x", "w[1][0].x", "w[1][1].x"} == {*fault["blocks"]}
