"""Moments of Adam kept in a dict beside running means of a norm: neither are parameters, nor do they cut a step."""

from __future__ import annotations

from .test_mended import told

KEPT = """
import numpy as np
draw = np.random.RandomState(12)
rows = draw.randn(48, 2)
goal = (rows[:, :1] * rows[:, 1:] > 0).astype(float)

class Dense:
    names = ("w", "b")
    def __init__(self, a, b):
        self.w, self.b = draw.randn(a, b) * 0.7, np.zeros(b)
    def ahead(self, x):
        self.x = x
        return x @ self.w + self.b
    def back(self, g):
        self.dw, self.db = self.x.T @ g, g.sum(0)
        return g @ self.w.T

class Norm:
    names = ("gain", "lift")
    def __init__(self, n):
        self.gain, self.lift, self.mean, self.spread = np.ones(n), np.zeros(n), np.zeros(n), np.ones(n)
    def ahead(self, x):
        mean, spread = x.mean(0), x.var(0)
        self.mean = 0.9 * self.mean + 0.1 * mean
        self.spread = 0.9 * self.spread + 0.1 * spread
        self.less = 1 / np.sqrt(spread + 1e-5)
        self.hat = (x - mean) * self.less
        return self.gain * self.hat + self.lift
    def back(self, g):
        self.dgain, self.dlift = (g * self.hat).sum(0), g.sum(0)
        return self.gain * self.less / len(g) * (len(g) * g - self.dlift - self.hat * self.dgain)

class Bent:
    names = ()
    def ahead(self, x):
        self.slope = np.where(x > 0, 1.0, 0.1)
        return x * self.slope
    def back(self, g):
        return g * self.slope

layers = [Dense(2, 6), Norm(6), Bent(), Dense(6, 1)]
held = [(layer, name) for layer in layers for name in layer.names]
kept = {}
least, turn = np.inf, 0
for epoch in range(8):
    order = draw.permutation(48)
    for k in range(0, 48, 16):
        x, t = rows[order[k:k + 16]], goal[order[k:k + 16]]
        for layer in layers:
            x = layer.ahead(x)
        cost = np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))))
        g = (1 / (1 + np.exp(-x)) - t) / len(t)
        for layer in layers[::-1]:
            g = layer.back(g)
        turn += 1
        for n, (layer, name) in enumerate(held):
            d = getattr(layer, "d" + name)
            m, v = kept.get(n, (0, 0))
            m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
            kept[n] = (m, v)
            step = m / (1 - 0.9 ** turn) / (np.sqrt(v / (1 - 0.999 ** turn)) + 1e-8)
            setattr(layer, name, getattr(layer, name) - 0.01 * step)
    if cost < least:
        least = cost
print(least)
"""


def test_moments_beside_running_means_are_no_parameters() -> None:
    verdicts = {block["name"]: block["verdict"] for block in told(KEPT)["blocks"]}
    # the bias in front of the norm has no gradient
    assert verdicts == {
        "layers[0].w": "right", "layers[0].b": "cannot tell", "layers[1].gain": "right", "layers[1].lift": "right",
        "layers[3].w": "right", "layers[3].b": "right",
    }  # fmt: skip
