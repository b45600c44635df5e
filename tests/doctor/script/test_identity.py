"""Data that are the identity: two lines of the first layer are right by chance, and the one before them is not."""

from __future__ import annotations

from .test_mended import told

CODES = """
import numpy as np
gen = np.random.RandomState(18)
x = np.eye(6)
into, lift, out, base = gen.randn(6, 2) * 0.5, np.zeros(2), gen.randn(2, 6) * 0.5, np.zeros(6)
held = [into, lift, out, base]
first, second = [np.zeros_like(p) for p in held], [np.zeros_like(p) for p in held]
for turn in range(1, 40):
    code = np.tanh(x @ into + lift)
    made = 1 / (1 + np.exp(-(code @ out + base)))
    print(np.sum((made - x) ** 2) / 6)
    d_made = 2 * (made - x) / 6 * made * (1 - made)
    d_code = d_made @ out.T * (1 - code ** 2)
    slopes = [x.T @ d_code, d_code.sum(axis=0), code.T @ d_made, d_made.sum(axis=0)]
    for k, (p, g) in enumerate(zip(held, slopes)):
        first[k] = 0.9 * first[k] + 0.1 * g
        second[k] = 0.99 * second[k] + 0.01 * g ** 2
        p -= 0.02 * first[k] / (1 - 0.9 ** turn) / (np.sqrt(second[k] / (1 - 0.99 ** turn)) + 1e-8)
"""


def test_the_line_before_the_two() -> None:
    (fault,) = told(CODES.replace(" * (1 - code ** 2)", ""))["faults"]
    assert (fault["line"], fault["name"], fault["blocks"]) == (13, "missing-derivative", ["into", "lift"])
