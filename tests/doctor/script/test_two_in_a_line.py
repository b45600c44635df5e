"""Two mistakes in one line, and two that spoil the same blocks: both are mended, or nothing is better."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor import run

BAG = """
import numpy as np
draw = np.random.RandomState(3)
E, V = draw.randn(6, 4) * 0.5, draw.randn(4, 3) * 0.5
bags = [([0, 1, 1, 2], 0), ([3, 3, 4], 1), ([5, 2, 5, 5], 2), ([0, 4, 1], 0)]
def learn(words, aim):
    mid = E[words].mean(axis=0)
    p = np.exp(mid @ V)
    p /= p.sum()
    loss = -np.log(p[aim])
    err = p.copy()
    err[aim] -= 1
    back = V @ err
    dE = np.zeros_like(E)
    LINE
    V[...] -= 0.2 * np.outer(mid, err)
    E[...] -= 0.2 * dE
    return loss
for turn in range(20):
    print(sum(learn(words, aim) for words, aim in bags))
"""


def test_duplicates_that_are_lost_and_a_mean_that_is_none(tmp_path: Path) -> None:
    right = "np.add.at(dE, words, back / len(words))"
    path = tmp_path / "theirs.py"
    path.write_text(BAG.replace("LINE", right))
    assert run(path, cure=False).verdicts == {"E": "right", "V": "right"}
    path.write_text(BAG.replace("LINE", "dE[words] += back"))
    (finding,) = run(path, cure=False).findings
    assert (finding.line, finding.instead) == (15, right)


GATES = """
import numpy as np
draw = np.random.RandomState(6)
A, B, C = draw.randn(5, 7) * 0.4, draw.randn(5, 7) * 0.4, draw.randn(2, 5) * 0.4
seen, aims = draw.randn(6, 2, 1), draw.randn(6, 2, 1)
def squash(x):
    return 1 / (1 + np.exp(-x))
for turn in range(40):
    h, loss, steps = np.zeros((5, 1)), 0, []
    for x, y in zip(seen, aims):
        z = np.vstack((h, x))
        g, u = squash(A @ z), np.tanh(B @ z)
        old, h = h, g * h + (1 - g) * u
        e = C @ h - y
        loss += float((e ** 2).sum()) / 2
        steps.append((z, g, u, old, h, e))
    d, after = {k: 0 for k in "ABC"}, np.zeros((5, 1))
    for z, g, u, old, h, e in steps[::-1]:
        d["C"] += e @ h.T
        dh = C.T @ e + after
        dg = dh * (old - u) * g * (1 - g)
        du = dh * GATE * (1 - u ** 2)
        d["A"] += dg @ z.T
        d["B"] += du @ z.T
        after SUM dh * g + (A.T @ dg + B.T @ du)[:5]
    A = A - 0.05 * d["A"]
    B = B - 0.05 * d["B"]
    C = C - 0.05 * d["C"]
    print(loss)
"""


def test_a_wrong_gate_and_a_path_that_is_never_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(GATES.replace("GATE", "(1 - g)").replace("SUM", "="))
    assert set(run(path, cure=False).verdicts.values()) == {"right"}
    path.write_text(GATES.replace("GATE", "g").replace("SUM", "+="))
    first, second = run(path, cure=False).findings
    assert (first.line, first.instead) == (22, "du = dh * (1 - g) * (1 - u ** 2)")
    assert (second.line, second.instead) == (25, "after = dh * g + (A.T @ dg + B.T @ du)[:5]")


ONLINE = """
import numpy as np
draw = np.random.RandomState(2)
A, a, B, b = draw.randn(6, 2), np.zeros((6, 1)), draw.randn(2, 6), np.zeros((2, 1))
seen = draw.uniform(-1, 1, (30, 2))
for turn in range(20):
    total = 0
    for x in seen:
        x, y = x.reshape(2, 1), np.array([[x[0] * x[1]], [abs(x[0])]])
        h = 1 / (1 + np.exp(-(A @ x + a)))
        e = y - (B @ h + b)
        B += 0.05 * e @ h.T
        b += 0.05 * e
        back = B.T @ e
        slope = back * h * (1 - h)
        A += 0.05 * slope @ x.T
        a += 0.05 * np.sum(slope)
        total += float(np.sum(e ** 2))
    print(total)
"""


def test_weights_of_after_their_update_and_one_number_for_all_biases(tmp_path: Path) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(ONLINE)
    first, second = run(path, cure=False).findings
    assert (first.line, first.name) == (14, "updated-weights")
    assert second.line == 17
    assert second.instead in ("a += 0.05 * slope", "a += 0.05 * np.sum(slope, axis=1, keepdims=True)")
