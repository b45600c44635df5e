"""What a mistake is called where several names are near: masks, penalties, rows and turns, things applied twice."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path
from typing import Any

import pytest

from autograd.doctor.script.answers import is_it_wrong
from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

DROPPED = """
import numpy as np

gen = np.random.RandomState(4)
rows = gen.randn(30, 4)
goals = np.sin(rows[:, :1]) + rows[:, 1:2]
stay, pull = 0.8, 0.04
F, f = gen.randn(4, 8) * 0.5, np.zeros(8)
G, g = gen.randn(8, 1) * 0.5, np.zeros(1)
for turn in range(30):
    low = rows @ F + f
    mid = np.tanh(low)
    kept = (gen.rand(*mid.shape) < stay) / stay
    top = mid * kept
    miss = top @ G + g - goals
    cost = np.mean(miss ** 2) + pull * np.sum(F ** 2)
    d_out = 2 * miss / len(rows)
    d_G = top.T @ d_out
    d_g = d_out.sum(axis=0)
    d_top = d_out @ G.T
    d_mid = d_top * kept
    d_low = d_mid * (1 - mid ** 2)
    d_F = rows.T @ d_low + 2 * pull * F
    d_f = d_low.sum(axis=0)
    F -= 0.1 * d_F
    f -= 0.1 * d_f
    G -= 0.1 * d_G
    g -= 0.1 * d_g
"""
WINDOWS = """
import numpy as np

gen = np.random.RandomState(6)
waves = gen.randn(10, 9)
goals = waves.max(axis=1)
Q, q = gen.randn(3, 5) * 0.5, np.zeros(5)
R = gen.randn(3, 5) * 0.5
for turn in range(30):
    cut = np.stack([waves[:, k:k + 3] for k in range(7)], axis=1)
    low = cut @ Q + q
    mid = 1 / (1 + np.exp(-low))
    sums = np.stack([(mid[:, k:k + 3] * R).sum(axis=(1, 2)) for k in range(5)], axis=1)
    miss = sums.mean(axis=1) - goals
    cost = 0.5 * np.mean(miss ** 2)
    d_sums = np.repeat(miss[:, None], 5, axis=1) / 5 / len(waves)
    d_mid, d_R = np.zeros_like(mid), np.zeros_like(R)
    for k in range(5):
        d_mid[:, k:k + 3] += d_sums[:, k, None, None] * R
        d_R += np.tensordot(d_sums[:, k], mid[:, k:k + 3], axes=1)
    d_low = d_mid * mid * (1 - mid)
    d_Q = np.einsum("nkc,nkf->cf", cut, d_low)
    d_q = d_low.sum(axis=(0, 1))
    Q -= 0.5 * d_Q
    q -= 0.5 * d_q
    R -= 0.5 * d_R
"""
WRONG = {
    "no mask": (DROPPED, "d_mid = d_top * kept\n    d_low = d_mid", "d_low = d_top", "missing-mask"),
    "a new mask": (DROPPED, "d_top * kept", "d_top * (gen.rand(*mid.shape) < stay) / stay", "new-mask"),
    "a mask twice": (DROPPED, "d_top * kept", "d_top * kept * kept", "applied-twice"),
    "a slope twice": (DROPPED, "(1 - mid ** 2)", "(1 - mid ** 2) * (1 - mid ** 2)", "applied-twice"),
    "a length twice": (DROPPED, "d_G = top.T @ d_out", "d_G = top.T @ d_out / len(rows)", "scaled"),
    "the slope of a result": (DROPPED, "(1 - mid ** 2)", "(1 - np.tanh(mid) ** 2)", "activation-applied-twice"),
    "no penalty": (DROPPED, " + 2 * pull * F", " + 0", "missing-penalty"),
    "half a penalty": (DROPPED, "+ 2 * pull * F", "+ pull * F", "penalty-scaled"),
    "a penalty downhill": (DROPPED, "+ 2 * pull * F", "- 2 * pull * F", "sign"),
    "windows over one another": (WINDOWS, "k:k + 3] += d", "k:k + 3] = d", "overwritten"),
    "the last turn only": (WINDOWS, "d_R += np", "d_R = np", "overwritten"),
    "everything summed": (WINDOWS, "d_low.sum(axis=(0, 1))", "d_low.sum()", "wrong-axis"),
    "a factor twice": (WINDOWS, "* mid * (1 - mid)", "* mid * mid * (1 - mid)", "applied-twice"),
    "the form of another slope": (WINDOWS, "* mid * (1 - mid)", "* (1 - mid ** 2)", "wrong-derivative"),
}  # fmt: skip


def found_in(text: str) -> dict[str, Any]:
    with contextlib.redirect_stdout(io.StringIO()):
        return consult(Script(str(Path(__file__)), text=text), Options(), 20.0)


@pytest.mark.parametrize("text", [DROPPED, WINDOWS])
def test_the_right_ones_are_right(text: str) -> None:
    assert {block["verdict"] for block in found_in(text)["blocks"]} == {"right"}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_name_and_a_line_to_write(name: str) -> None:
    text, right, wrong, known = WRONG[name]
    assert text.count(right) == 1
    changed = text.replace(right, wrong)
    (fault,) = found_in(changed)["faults"]
    rows = changed.splitlines()
    row = rows[fault["line"] - 1]
    assert wrong in row, fault
    assert fault["name"] == known, fault
    rows[fault["line"] - 1] = row[: len(row) - len(row.lstrip())] + fault["instead"]
    assert {block["verdict"] for block in found_in("\n".join(rows) + "\n")["blocks"]} == {"right"}, fault
    for ugly in ("- -", "* 1", "(kept)", "rand(" if "mask" in name else "- -"):
        assert ugly not in fault["instead"], fault


def test_a_factor_of_all_steps_is_told_beside_another_mistake() -> None:
    text = DROPPED.replace("2 * miss / len(rows)", "2 * miss").replace("+ 2 * pull * F", "+ 2 * pull * len(rows) * F")
    found = found_in(text.replace("d_mid * (1 - mid ** 2)", "d_mid + 0"))
    assert found["factor"] == pytest.approx(30.0)
    assert any("30 times the gradient" in each for each in is_it_wrong(found, None)), found


TREE = """
import numpy as np
gen = np.random.RandomState(4)
X, Y = gen.randn(12, 3), gen.randn(12, 2)
def mapped(f, *trees):
    top = trees[0]
    if isinstance(top, dict):
        return {k: mapped(f, *(t[k] for t in trees)) for k in top}
    if isinstance(top, list):
        return [mapped(f, *each) for each in zip(*trees)]
    return f(*trees)
def train():
    net = {"low": [{"w": gen.randn(3, 4) * 0.5}, {"w": gen.randn(4, 4) * 0.5}], "out": gen.randn(4, 2) * 0.5}
    for turn in range(4):
        h = np.tanh(X @ net["low"][0]["w"])
        k = np.tanh(h @ net["low"][1]["w"])
        miss = k @ net["out"] - Y
        print(0.5 * np.sum(miss ** 2))
        dk = miss @ net["out"].T * (1 - k ** 2)
        dh = dk @ net["low"][1]["w"].T * (1 - h ** 2)
        grads = {"low": [{"w": X.T @ dh}, {"w": h.T @ dk}], "out": k.T @ miss}
        net = mapped(lambda p, g: p - 0.02 * g, net, grads)
train()
"""


def test_a_tree_is_known_by_its_own_name_and_not_by_that_in_what_goes_over_it() -> None:
    names = {block["name"].replace('"', "'") for block in found_in(TREE)["blocks"]}
    assert names == {"net['low'][0]['w']", "net['low'][1]['w']", "net['out']"}
