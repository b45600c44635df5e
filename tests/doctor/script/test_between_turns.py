"""What a loop does between its turns: a factor updated before it is read again, a path back that no turn hands on."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor import run

PAIRS = """
import numpy as np
draw = np.random.RandomState(5)
near, far = draw.randn(8, 4) * 0.4, draw.randn(8, 4) * 0.4
pairs = [(i, (i + k) % 8) for i in range(8) for k in (1, 2)]
for turn in range(12):
    cost = 0.0
    for i, j in pairs:
        h = near[i].copy()
        back = np.zeros(4)
        for word, label in [(j, 1), ((j + 3) % 8, 0), ((j + 4) % 8, 0)]:
            p = 1 / (1 + np.exp(-far[word] @ h))
            cost -= np.log(p) if label else np.log(1 - p)
            e = p - label
            LINES
        near[i] -= 0.1 * back
    print(cost / len(pairs))
"""
BEFORE = "back += e * far[word]\n            far[word] -= 0.1 * e * h"
AFTER = "far[word] -= 0.1 * e * h\n            back += e * far[word]"


def test_a_sum_over_turns_that_update_its_factor_is_of_no_moment(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(PAIRS.replace("LINES", BEFORE))
    assert run(path, cure=False).verdicts == {"near": "right", "far": "right"}
    path.write_text(PAIRS.replace("LINES", AFTER))
    (finding,) = run(path, cure=False).findings
    assert (finding.line, finding.name) == (16, "updated-weights")


CHAIN = """
import numpy as np
draw = np.random.RandomState(2)
A, B, C = draw.randn(6, 3) * 0.3, draw.randn(6, 6) * 0.3, draw.randn(3, 6) * 0.3
letters = [0, 1, 2, 1, 0, 2, 2, 1, 0, 1, 2, 0]
def both(seen, aims, first):
    xs, hs, ps, cost = {}, {-1: first}, {}, 0
    for t in range(len(seen)):
        xs[t] = np.zeros((3, 1)); xs[t][seen[t]] = 1
        hs[t] = np.tanh(A @ xs[t] + B @ hs[t - 1])
        ps[t] = np.exp(C @ hs[t]); ps[t] /= ps[t].sum()
        cost -= np.log(ps[t][aims[t], 0])
    gA, gB, gC, after = np.zeros_like(A), np.zeros_like(B), np.zeros_like(C), np.zeros((6, 1))
    for t in reversed(range(len(seen))):
        dy = ps[t].copy(); dy[aims[t]] -= 1
        gC += dy @ hs[t].T
        dh = C.T @ dyPATH
        raw = (1 - hs[t] ** 2) * dh
        gA += raw @ xs[t].T
        gB += raw @ hs[t - 1].T
        after = B.T @ raw
    for each in [gA, gB, gC]:
        np.clip(each, -5, 5, out=each)
    return cost, gA, gB, gC
memory = [np.zeros_like(p) for p in (A, B, C)]
for turn in range(60):
    cost, *grads = both(letters[:4], letters[1:5], np.zeros((6, 1)))
    print(cost)
    for p, g, m in zip([A, B, C], grads, memory):
        m += g * g
        p += -0.1 * g / np.sqrt(m + 1e-8)
"""


def test_a_path_that_is_handed_on_to_nobody_is_missed_where_it_comes_in(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(CHAIN.replace("PATH", " + after"))
    assert set(run(path, cure=False).verdicts.values()) == {"right"}
    path.write_text(CHAIN.replace("PATH", ""))
    (finding,) = run(path, cure=False).findings
    assert (finding.line, finding.name, finding.instead) == (17, "dropped-edge", "dh = C.T @ dy + after")
