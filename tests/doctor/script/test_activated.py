"""Helpers for slopes that are given results, in several places at once."""

from __future__ import annotations

import pytest

from .test_mended import START, told

UNROLLED = (
    START
    + """
def squash(v):
    return 1 / (1 + np.exp(-v))

def bend(v):
    return squash(v) * (1 - squash(v))

def lean(v):
    return 1 - np.tanh(v) ** 2

Q, R, u = gen.randn(4, 6) * 0.4, gen.randn(4, 6) * 0.4, gen.randn(4) * 0.5
for turn in range(12):
    xs, goal = gen.randn(5, 2), gen.randn()
    s, kept = np.zeros(4), []
    for x in xs:
        both = np.concatenate([x, s])
        q, r = Q @ both, R @ both
        kept.append((both, q, r, s))
        s = squash(q) * np.tanh(r) + 0.5 * s
    miss = u @ np.tanh(s) - goal
    print(0.5 * miss ** 2)
    du, ds = miss * np.tanh(s), miss * u * lean(s)
    dQ, dR = np.zeros_like(Q), np.zeros_like(R)
    for both, q, r, old in reversed(kept):
        gate, new = squash(q), np.tanh(r)
        dq = ds * new * bend(q)
        dr = ds * gate * lean(r)
        dQ += np.outer(dq, both)
        dR += np.outer(dr, both)
        ds = 0.5 * ds + (Q.T @ dq + R.T @ dr)[2:]
    Q -= 0.1 * dQ; R -= 0.1 * dR; u -= 0.1 * du
"""
)
AT_RESULTS = {
    "bend(q)": ("bend(gate)", "gate * (1 - gate)"),
    "lean(r)": ("lean(new)", "(1 - new**2)"),
    "lean(s)": ("lean(np.tanh(s))", "lean(s)"),
}


def test_slopes_at_inputs_are_right() -> None:
    assert told(UNROLLED)["faults"] == []


def test_all_calls_that_take_a_slope_at_a_result_are_told() -> None:
    script = UNROLLED
    for right, (wrong, _) in AT_RESULTS.items():
        script = script.replace(right, wrong)
    faults = told(script)["faults"]
    assert [fault["name"] for fault in faults] == ["activation-applied-twice"] * 3
    lines = script.splitlines()
    for fault, (wrong, new) in zip(sorted(faults, key=lambda f: f["code"]), [*AT_RESULTS.values()], strict=False):
        assert wrong in fault["code"]
        assert fault["line"] == 1 + next(k for k, at in enumerate(lines) if wrong in at)
        assert new in fault["instead"]


@pytest.mark.parametrize("right", ["lean(r)", "lean(s)"])
def test_one_call_among_right_ones_is_told_alone(right: str) -> None:
    wrong, _ = AT_RESULTS[right]
    faults = told(UNROLLED.replace(right, wrong))["faults"]
    assert len(faults) == 1
    assert wrong in faults[0]["code"]
