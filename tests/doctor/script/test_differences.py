"""Gradients that are differences of losses: right but for the error of the difference, and no steps are tried ones."""

from __future__ import annotations

import pytest

from .test_mended import START, told

NUDGED = (
    START
    + """
x = np.linspace(-1, 1, 9)[:, None]
goal = np.sin(2 * x)
net = {"w": gen.randn(1, 3), "b": np.zeros(3), "v": gen.randn(3, 1), "c": np.zeros(1)}

def cost():
    return np.mean((np.tanh(x @ net["w"] + net["b"]) @ net["v"] + net["c"] - goal) ** 2)

h = 1e-4
first = {k: np.zeros_like(a) for k, a in net.items()}
second = {k: np.zeros_like(a) for k, a in net.items()}
for turn in range(1, 9):
    now = cost()
    slope = {}
    for k in net:
        slope[k] = np.zeros_like(net[k])
        for at in np.ndindex(net[k].shape):
            net[k][at] += h
            slope[k][at] = (cost() - now) / h
            net[k][at] -= h
    for k in net:
        first[k] = 0.9 * first[k] + 0.1 * slope[k]
        second[k] = 0.99 * second[k] + 0.01 * slope[k] ** 2
        net[k] -= 0.02 * (first[k] / (1 - 0.9 ** turn)) / (np.sqrt(second[k] / (1 - 0.99 ** turn)) + 1e-8)
"""
)
PLAIN = """
import math
w = [0.3, -0.2, 0.5, 0.1]
table = [(k / 4, (k / 4) ** 2) for k in range(-4, 5)]

def error(w):
    return sum((w[2] * math.tanh(w[0] * x + w[1]) + w[3] - y) ** 2 for x, y in table) / len(table)

for turn in range(6):
    base = error(w)
    slope = []
    for i in range(len(w)):
        w[i] += 0.001
        slope.append((error(w) - base) / 0.001)
        w[i] -= 0.001
    for i in range(len(w)):
        w[i] -= 0.2 * slope[i]
"""
FLAT = (
    START
    + """
x = gen.randn(12, 2)
kind = (x[:, 0] > x[:, 1]).astype(float)

def f(t):
    p = 1 / (1 + np.exp(-(np.tanh(x @ t[:4].reshape(2, 2)) @ t[4:6] + t[6])))
    return -np.mean(kind * np.log(p) + (1 - kind) * np.log(1 - p))

t, h, speed = gen.randn(7), 0.01, np.zeros(7)
for turn in range(6):
    g = np.array([(f(t + h * e) - f(t - h * e)) / (2 * h) for e in np.eye(7)])
    speed = 0.9 * speed - 0.3 * g
    t = t + speed
    print(f(t))
"""
)


@pytest.mark.parametrize("text", [NUDGED, PLAIN, FLAT], ids=["nudged, Adam", "lists", "central"])
def test_a_difference_is_right_but_for_its_error(text: str) -> None:
    assert {block["verdict"] for block in told(text)["blocks"]} == {"right"}


def test_a_wrong_difference_is_no_error_of_h() -> None:
    found = told(FLAT.replace("f(t + h * e) - f(t - h * e)", "f(t + h * e) + f(t - h * e)"))
    assert [fault["name"] for fault in found["faults"]] == ["sign"]
    assert found["faults"][0]["instead"].strip().startswith("g = np.array([(f(t + h * e) - f(t - h * e))")
