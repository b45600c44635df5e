"""Steps that divide a right gradient by a curvature, or turn it by a matrix; and elements that are stepped in turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.script.asking import said

DATA = """
import numpy as np
draw = np.random.default_rng(3)
A = draw.normal(size=(40, 3))
"""
DIAGONAL = (
    DATA
    + """
goal = (A @ [1.0, -2.0, 0.5] > draw.logistic(size=40)) * 1.0
v, c = np.zeros(3), 0.0
for turn in range(20):
    q = 1 / (1 + np.exp(-(A @ v + c)))
    print(-np.mean(goal * np.log(q) + (1 - goal) * np.log(1 - q)))
    bend = q * (1 - q)
    v, c = v - 0.4 * (A.T @ (q - goal)) / (bend @ A ** 2 + 0.01), c - 0.4 * np.sum(q - goal) / (bend.sum() + 0.01)
"""
)
NATURAL = (
    DATA
    + """
seen = 3 + 2 * A[:, 0]
centre, wide = 0.0, 0.0
for turn in range(30):
    square = np.exp(2 * wide)
    nll = np.mean((seen - centre) ** 2 / (2 * square) + wide)
    down = -np.mean(seen - centre) / square
    other = 1 - np.mean((seen - centre) ** 2) / square
    centre -= 0.1 * square * down
    wide -= 0.1 * other / 2
    print(nll)
"""
)
TURNED = (
    DATA
    + """
goal = np.tanh(A @ [1.0, -1.0, 0.5])
def both(w):
    o = np.tanh(A @ w)
    return 0.5 * np.mean((o - goal) ** 2), A.T @ ((o - goal) * (1 - o ** 2)) / 40
w, inverse = np.zeros(3), np.eye(3)
loss, g = both(w)
for turn in range(12):
    s = -0.5 * inverse @ g
    new = w + s
    loss, after = both(new)
    more = after - g
    if s @ more > 1e-12:
        r = 1 / (s @ more)
        left = np.eye(3) - r * np.outer(s, more)
        inverse = left @ inverse @ left.T + r * np.outer(s, s)
    w, g = new, after
    print(turn, loss)
"""
)
IN_TURN = (
    DATA
    + """
goal = A @ [1.0, 0.0, -2.0]
w = np.zeros(3)
for turn in range(12):
    for j in range(3):
        miss = A @ w - goal
        w[j] -= 0.5 * (A[:, j] @ miss) / 40
    print(0.5 * np.mean((A @ w - goal) ** 2))
"""
)
CENTRES = (
    DATA
    + """
rows = np.concatenate([A + [0, 0, 0], A + [6, 0, 0], A + [0, 6, 0]])
centre, count = rows[[0, 50, 100]].copy(), np.zeros(3)
for turn in range(4):
    spread = 0
    for x in rows[draw.permutation(120)]:
        far = ((centre - x) ** 2).sum(axis=1)
        k = far.argmin()
        spread += far[k]
        count[k] += 1
        centre[k] += (x - centre[k]) / count[k]
    print(turn, spread)
"""
)


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (DIAGONAL, "(A.T @ (q - goal))", "(A.T @ (q - goal) * v)"),
        (NATURAL, "(seen - centre) / square", "(seen - centre) * 3 / wide"),
        (TURNED, "* (1 - o ** 2)", ""),
        (IN_TURN, "A[:, j] @ miss", "A[:, j - 1] @ miss"),
        (CENTRES, "(x - centre[k])", "(x + centre[k])"),
    ],
    ids=["the curvature of each", "a natural gradient", "an inverse that is kept", "one after the other", "centres"],
)
def test_a_step_of_its_own(text: str, old: str, new: str, tmp_path: Path) -> None:
    assert "no mistake found" in said(text, tmp_path)
    assert old in text
    assert "no mistake found" not in said(text.replace(old, new), tmp_path)


SUMMED = (
    DATA
    + """
A /= np.linalg.norm(A, axis=0)
rest, share = A @ [1.0, 2.0, -1.0], np.zeros(3)
for turn in range(10):
    for j in range(3):
        part = A[:, j] @ rest
        share[j] += part
        rest -= part * A[:, j]
    print(turn, rest @ rest)
"""
)


def test_what_is_linear_is_no_loss(tmp_path: Path) -> None:
    assert "wrong" not in said(SUMMED, tmp_path)


PAYS = (
    DATA
    + """
pay, theta = np.abs(A[:3]), np.zeros((3, 3))
for turn in range(40):
    e = np.exp(theta - theta.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    J = (p * pay).sum() / 3
    theta += 1.5 * p * (pay - (p * pay).sum(axis=1, keepdims=True)) / 3
    print("LABEL", J)
"""
)


def test_what_is_printed_as_a_reward_is_to_grow(tmp_path: Path) -> None:
    assert "no mistake found" in said(PAYS.replace("LABEL", "mean reward"), tmp_path)
    assert "wrong" in said(PAYS.replace("LABEL", "cost"), tmp_path)


SEARCH = (
    DATA
    + """
goal = A @ [1.0, 0.0, -2.0]
def both(w):
    return np.mean((A @ w - goal) ** 2), 2 * A.T @ (A @ w - goal) / 40
w = np.zeros(3)
f, g = both(w)
for turn in range(12):
    rate = 1.0
    while True:
        lower, other = both(w - rate * g)
        if lower < f or rate < 1e-6:
            break
        rate *= 0.5
    w = w - rate * g
    f, g = lower, other
    print(f)
"""
)


def test_a_gradient_that_comes_from_the_search_is_not_computed_once(tmp_path: Path) -> None:
    told = said(SEARCH, tmp_path)
    assert "computed once" not in told
    assert "by nothing that is computed from it" not in told


KEPT = {
    "residuals": """
weights, rest = np.zeros(3), -(A @ [1.0, -1.0, 2.0])
for turn in range(30):
    print(0.5 * np.mean(rest ** 2))
    move = -0.3 * A.T @ rest / 40
    weights += move
    rest += A @ move
""",
    "a fit": """
A /= np.linalg.norm(A, axis=0)
goal, fit, share = A @ [3.0, 0.0, -2.0], np.zeros(40), np.zeros(3)
for turn in range(30):
    left = goal - fit
    along = A.T @ left
    k = np.abs(along).argmax()
    share[k] += 0.3 * along[k]
    fit += 0.3 * along[k] * A[:, k]
    print(0.5 * np.sum((goal - fit) ** 2))
""",
    "samples that are alike": """
near = np.exp(-0.5 * (A[:, :1] - A[:, 0]) ** 2)
share, goal = np.zeros(40), np.sin(A[:, 0])
for turn in range(30):
    left = goal - near @ share
    share += 0.05 * left - 0.0005 * share
    print(np.mean(left ** 2))
""",
    "a gradient from before": """
goal = A @ [1.0, 0.0, 2.0]
slope = lambda w, i: A[i] * (A[i] @ w - goal[i])
w = np.zeros(3)
for turn in range(4):
    old = w.copy()
    all_of_it = A.T @ (A @ old - goal) / 40
    print(0.5 * np.mean((A @ w - goal) ** 2))
    for i in draw.permutation(40):
        w = w - 0.05 * (slope(w, i) - slope(old, i) + all_of_it)
""",
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_beside_the_gradient(name: str, tmp_path: Path) -> None:
    assert "no mistake found" in said(DATA + KEPT[name], tmp_path)


def test_an_uphill_step_of_residuals(tmp_path: Path) -> None:
    assert "no mistake found" not in said(DATA + KEPT["residuals"].replace("move = -0.3", "move = 0.3"), tmp_path)


SURE = {
    "a filter": """
goal, w, sure, total = A @ [1.0, -0.5, 2.0], np.zeros(3), np.eye(3) * 50, 0
for n, x in enumerate(A):
    gain = sure @ x / (0.98 + x @ sure @ x)
    miss = goal[n] - w @ x
    total += miss ** 2
    w = w + gain * miss
    sure = (sure - np.outer(gain, x @ sure)) / 0.98
    print(total)
""",
    "a filter of what is bent": """
goal, w, sure = np.tanh(A @ [1.0, -0.5, 0.3]), np.zeros(3), np.eye(3)
for n, x in enumerate(A):
    out = np.tanh(w @ x)
    bent = (1 - out * out) * x
    gain = sure @ bent / (bent @ sure @ bent + 0.1)
    w = w + gain * (goal[n] - out)
    sure = sure - np.outer(gain, bent) @ sure + 1e-5 * np.eye(3)
    print((goal[n] - out) ** 2)
""",
}


@pytest.mark.parametrize("name", SURE)
def test_how_sure_a_filter_is(name: str, tmp_path: Path) -> None:
    assert "no mistake" in said(DATA + SURE[name], tmp_path)
    assert "no mistake" not in said(DATA + SURE[name].replace("goal[n] - ", "goal[n] + "), tmp_path)
