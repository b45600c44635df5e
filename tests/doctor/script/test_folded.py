"""Adam's corrections in other places than beside the means, and moments of what no line has a name for."""

from __future__ import annotations

from pathlib import Path

import pytest

from .asking import said

ADAM = """
import math
import numpy as np
gen = np.random.default_rng(8)
feats = gen.normal(size=(30, 3))
goals = np.sin(feats[:, :1]) + 0.4 * feats[:, 1:2]
net = {"u": gen.normal(size=(3, 5)) * 0.5, "o": np.zeros(5), "v": gen.normal(size=(5, 1)) * 0.5}
m, s = ({k: 0 * p for k, p in net.items()} for _ in "ms")
b1, b2, lr = 0.9, 0.999, 0.01
p1 = p2 = 1.0
def rate(t):
    return lr * math.sqrt(1 - b2 ** t) / (1 - b1 ** t)
for t in range(1, 13):
    hid = np.tanh(feats @ net["u"] + net["o"])
    err = hid @ net["v"] - goals
    print(np.mean(err ** 2))
    back = 2 * err / 30 @ net["v"].T * (1 - hid ** 2)
    grads = {"u": feats.T @ back, "o": back.sum(0), "v": hid.T @ err * 2 / 30}
    p1 *= b1
    p2 *= b2
    BEFORE
    for k in net:
        m[k] = b1 * m[k] + (1 - b1) * grads[k]
        s[k] = b2 * s[k] + (1 - b2) * grads[k] ** 2
        net[k] = net[k] - STEP
"""
RIGHT = [
    ("a = lr * np.sqrt(1 - b2 ** t) / (1 - b1 ** t)", "a * m[k] / (np.sqrt(s[k]) + 1e-8)"),
    ("a = rate(t)", "a * m[k] / (np.sqrt(s[k]) + 1e-8)"),
    ("c = np.sqrt(1 - p2)", "lr * c * (m[k] / (1 - p1)) / (np.sqrt(s[k]) + 1e-8)"),
    ("c = 1 / (1 - p1)", "lr * c * m[k] / (np.sqrt(s[k] / (1 - p2)) + 1e-8)"),
]
WRONG = [
    ("a = lr / (1 - b1 ** t)", "a * m[k] / (np.sqrt(s[k]) + 1e-8)", "np.sqrt(s[k] / (1 - b2 ** t))"),
    ("pass", "lr * (m[k] / (1 - b1 ** t)) / (np.sqrt(s[k]) + 1e-8)", "np.sqrt(s[k] / (1 - b2 ** t))"),
]


@pytest.mark.parametrize(("before", "step"), RIGHT)
def test_a_correction_may_be_in_the_rate_or_be_kept_as_a_power(before: str, step: str, tmp_path: Path) -> None:
    answer = said(ADAM.replace("BEFORE", before).replace("STEP", step), tmp_path)
    assert "No mistake found" in answer
    assert "Adam's rule fits, with the decays 0.9 and 0.999" in answer


@pytest.mark.parametrize(("before", "step", "belongs"), WRONG)
def test_a_correction_of_one_mean_only_is_told(before: str, step: str, belongs: str, tmp_path: Path) -> None:
    answer = said(ADAM.replace("BEFORE", before).replace("STEP", step), tmp_path)
    assert f"np.sqrt(s[k]) stands where {belongs} belongs" in answer


INLINE = """
import numpy as np
gen = np.random.default_rng(3)
feats = gen.normal(size=(12, 3))
goals = feats @ [1.0, -2.0, 0.5] + 0.3 + 0.1 * gen.normal(size=12)
w, b = np.zeros(3), 0.0
sw, sb, mw, mb, t = np.zeros(3), 0.0, np.zeros(3), 0.0, 0
for turn in range(2):
    total = 0
    for x, y in zip(feats, goals):
        t += 1
        err = x @ w + b - y
        total += 0.5 * err ** 2
        STEP
    print(total)
"""
INLINES = {
    "Adagrad": "sw += (err * x) ** 2; sb += err ** 2; w -= 0.3 * err * x / np.sqrt(sw); b -= 0.3 * err / np.sqrt(sb)",
    "after": "w -= 0.1 * err * x / np.sqrt(1 + sw); b -= 0.1 * err / np.sqrt(1 + sb); "
    "sw += (err * x) ** 2; sb += err ** 2",
    "RMSprop": "sw = 0.9 * sw + 0.1 * (err * x) ** 2; sb = 0.9 * sb + 0.1 * err ** 2; "
    "w = w - 0.02 * err * x / (np.sqrt(sw) + 1e-6); b = b - 0.02 * err / (np.sqrt(sb) + 1e-6)",
    "Adam": "mw = 0.9 * mw + 0.1 * err * x; sw = 0.999 * sw + 0.001 * (err * x) ** 2; "
    "mb = 0.9 * mb + 0.1 * err; sb = 0.999 * sb + 0.001 * err ** 2; "
    "w = w - 0.02 * (mw / (1 - 0.9 ** t)) / (np.sqrt(sw / (1 - 0.999 ** t)) + 1e-8); "
    "b = b - 0.02 * (mb / (1 - 0.9 ** t)) / (np.sqrt(sb / (1 - 0.999 ** t)) + 1e-8)",
}


@pytest.mark.parametrize("rule", INLINES)
def test_a_gradient_without_a_name_has_moments_of_its_own(rule: str, tmp_path: Path) -> None:
    assert "No mistake found" in said(INLINE.replace("STEP", INLINES[rule]), tmp_path)
