"""Arrays that go into a new one number by number: by a star, through map, np.fromiter or np.r_."""

from __future__ import annotations

import pytest

from .test_mended import START, told

BIASED = (
    START
    + """
x = gen.randn(8, 2)
goal = (x[:, 0] > x[:, 1]).astype(float)
w, v = gen.randn(3, 3) * 0.6, gen.randn(4) * 0.6
for turn in range(3):
    cost = 0.0
    for row, aim in zip(x, goal):
        given = np.array([*row, 1.0])
        h = np.tanh(given @ w)
        wide = WIDE
        p = 1 / (1 + np.exp(-wide @ v))
        cost -= aim * np.log(p) + (1 - aim) * np.log(1 - p)
        miss = p - aim
        back = miss * v[:3] * (1 - h ** 2)
        v -= 0.1 * miss * wide
        w -= 0.1 * np.outer(given, back)
    print(cost)
"""
)
WAYS = {
    "a star": "np.array([*h, 1.0])",
    "a list": "np.array(list(map(float, h)) + [1.0])",
    "map in a star": "np.array([*map(float, h), 1.0])",
    "fromiter": "np.fromiter((*h, 1.0), dtype=float)",
    "r_": "np.r_[h, 1.0]",
    "c_": "np.c_[h[None], 1.0][0]",
}


@pytest.mark.parametrize("wide", WAYS.values(), ids=WAYS)
def test_what_is_unpacked_is_followed(wide: str) -> None:
    found = told(BIASED.replace("WIDE", wide).replace("1 - h ** 2", "1 - h"))
    (fault,) = found["faults"]
    assert (fault["blocks"], fault["code"].strip()) == (["w"], "back = miss * v[:3] * (1 - h)")


def test_a_parameter_whose_trace_is_lost_is_named() -> None:
    found = told("import json" + BIASED.replace("WIDE", "np.array(json.loads(json.dumps(h.tolist())) + [1.0])"))
    assert {block["name"]: block["verdict"] for block in found["blocks"]} == {"v": "right", "w": "cannot tell"}
    assert found["lost"] == ["w"]


ONE_NAME = """
import numpy as np
gen = np.random.RandomState(6)
x, y = gen.randn(16, 3), gen.randn(16, 1)
w, g, b, v = gen.randn(3, 4) * 0.6, np.ones(4), np.zeros(4), gen.randn(4, 1) * 0.6

def normed(z):
    off = z - z.mean(axis=0)
    one = 1 / np.sqrt((off ** 2).mean(axis=0) + 1e-5)
    return g * off * one + b, (off * one, off, one)

for turn in range(4):
    z = x @ w
    out, kept = normed(z)
    e = np.tanh(out) @ v - y
    print(np.sum(e ** 2))
    hat, off, one = kept
    d = 2 * e @ v.T * (1 - np.tanh(out) ** 2)
    dg, db = np.sum(d * off, axis=0), d.sum(axis=0)
    dhat = d * g
    dz = one / 16 * (16 * dhat - dhat.sum(axis=0) - hat * np.sum(dhat * hat, axis=0))
    v -= 0.01 * np.tanh(out).T @ (2 * e)
    w -= 0.01 * x.T @ dz
    g -= 0.01 * dg
    b -= 0.01 * db
"""


def test_one_wrong_name_is_no_other_order_of_names() -> None:
    """The line that unpacks them is right: other lines read the same names, and are right with them."""
    (fault,) = told(ONE_NAME)["faults"]
    assert fault["code"].strip().startswith("dg, db =")
    assert "np.sum(d * hat, axis=0)" in fault["instead"]
