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
