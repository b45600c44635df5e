"""What stands around a right gradient: rows that it is added to, a velocity, the norm it is clipped by, a new start."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run
from autograd.doctor.script.judge.judge import judge
from autograd.doctor.script.watch.loader import Script
from autograd.doctor.script.watch.record import record
from autograd.doctor.script.written_rates import rate_places

from .asking import said

ROWS = """
import numpy as np

rng = np.random.default_rng(2)
E, W = rng.normal(size=(6, 3)) * 0.5, rng.normal(size=(3, 2)) * 0.5
ids, aim = rng.integers(0, 6, (8, 2)), rng.normal(size=(8, 2))
for turn in range(12):
    h = E[ids].sum(axis=1)
    miss = h @ W - aim
    loss = (miss ** 2).sum()
    dout = 2 * miss
    dW = h.T @ dout
    dh = np.repeat((dout @ W.T)[:, None, :], 2, axis=1)
    @@
    W -= 0.01 * dW
    if turn % 4 == 0:
        print(loss)
"""
ADDED = {
    "a tuple with a slice": """dE = np.zeros((6, 3))
    np.add.at(dE, (ids, slice(None)), dh)
    E -= 0.01 * dE""",
    "a tuple with two arrays": """dE = np.zeros((6, 3))
    for j in range(3):
        np.add.at(dE, (ids, np.full(ids.shape, j)), dh[:, :, j])
    E -= 0.01 * dE""",
    "from the end": """dE = np.zeros((6, 3))
    np.add.at(dE, (Ellipsis, ids[:, -1], slice(None)), dh[:, 0])
    np.add.at(dE, (list(ids[:, 0]),), dh[:, 0])
    E -= 0.01 * dE""",
    "a mask": """dE = np.zeros((6, 3))
    np.add.at(dE, ids, dh)
    read = np.isin(np.arange(6), ids)
    np.subtract.at(E, read, 0.01 * dE[read])""",
    "rows at once": "np.subtract.at(E, (ids,), 0.01 * dh)",
}
NET = """
import numpy as np

rng = np.random.default_rng(4)
X = rng.normal(size=(12, 2))
y = (X[:, :1] > 0.2) * 1.0
W, b = rng.normal(size=(2, 1)), np.zeros((1, 1))
v = {}

def squash(z):
    return 1 / (1 + np.exp(-np.clip(z, -30, 30)))

for turn in range(12):
    p = squash(X @ W + b)
    dz = (p - y) / len(y)
    grads = {"W": X.T @ dz, "b": dz.sum(axis=0, keepdims=True)}
    for name, theirs in (("W", W), ("b", b)):
        if name not in v:
            v[name] = np.zeros_like(theirs)
        v[name] = 0.9 * v[name] - 0.1 * grads[name]
    W = W + v["W"]
    b = b + v["b"]
    if turn % 20 == 0:
        print(turn, -np.mean(y * np.log(p + 1e-9) + (1 - y) * np.log(1 - p + 1e-9)))
"""
WINDOWS = """
import numpy as np

rng = np.random.default_rng(5)
x, aim = rng.normal(size=(9, 2)), rng.normal(size=4)
V, w = rng.normal(size=(2, 2)) * 0.5, rng.normal(size=(3, 2))
for turn in range(12):
    h = np.tanh(x @ V)
    said = np.array([(h[k:k + 3] * w).sum() for k in range(7)])
    miss = said[:4] - aim
    loss = (miss ** 2).sum()
    back = [2 * m * w for m in miss]
    dw = sum(2 * m * h[k:k + 3] for k, m in enumerate(miss))
    dx = np.zeros((9, 2))
    for k in range(4):
        dx[k:k + 3] = back[k]
    dV = x.T @ (dx * (1 - h ** 2))
    V -= 0.01 * dV
    w -= 0.01 * dw
"""


def _judged(text: str, folder: Path) -> tuple[bool, list[tuple[str, str]], str]:
    file = folder / "script.py"
    file.write_text(text, encoding="utf-8")
    report = run(file, cure=False)
    lines = text.splitlines()
    return report.ok, [(lines[f.line - 1].strip(), f.name) for f in report.findings], str(report)


@pytest.mark.parametrize("case", ADDED)
def test_gradients_added_up_where_an_index_tells(case: str, tmp_path: Path) -> None:
    ok, _, told = _judged(ROWS.replace("@@", ADDED[case]), tmp_path)
    assert ok, told


@pytest.mark.parametrize("signs", ["- +", "+ -", "- -", "+ +"])
def test_a_velocity_goes_downhill_or_its_line_is_told(signs: str, tmp_path: Path) -> None:
    inside, outside = signs.split()
    text = NET.replace("- 0.1 *", f"{inside} 0.1 *")
    text = text.replace("W + v", f"W {outside} v").replace("b + v", f"b {outside} v")
    ok, faults, told = _judged(text, tmp_path)
    assert ok == (inside != outside), told
    assert {line.split(" = ")[0] for line, _ in faults} == (set() if ok else {"W", "b"}), told
    assert {name for _, name in faults} <= {"sign"}, told


def test_one_of_two_steps_goes_the_other_way_and_is_to_be_turned(tmp_path: Path) -> None:
    text = NET.replace('W = W + v["W"]', 'W += v["W"]').replace('b = b + v["b"]', 'b -= v["b"]')
    file = tmp_path / "script.py"
    file.write_text(text, encoding="utf-8")
    findings = run(file, cure=False).findings
    assert [(f.name, f.instead) for f in findings] == [("sign", 'b += v["b"]')]


def test_an_innocent_velocity(tmp_path: Path) -> None:
    ok, faults, told = _judged(NET.replace("(p - y)", "(y - p)"), tmp_path)
    assert not ok
    assert [line for line, _ in faults] == ["dz = (y - p) / len(y)"], told


@pytest.mark.parametrize("right", [True, False])
def test_trainings_one_after_the_other(right: bool, tmp_path: Path) -> None:
    head, body = NET.split("for turn in range(12):\n")
    again = "for speed in (0.1, 0.2, 0.4):\n    W, b, v = np.zeros((2, 1)), np.zeros((1, 1)), {}\n"
    rows = "\n".join(f"    {line}" for line in body.splitlines()).replace("- 0.1 *", "- speed *")
    text = f"{head}{again}    for turn in range(12):\n{rows}\n"
    text = text if right else text.replace("(p - y)", "(y - p)")
    ok, faults, told = _judged(text, tmp_path)
    assert ok == right, told
    assert right or [line for line, _ in faults] == ["dz = (y - p) / len(y)"], told


@pytest.mark.parametrize("kind", ["rows", "windows"])
def test_what_is_written_over_in_a_loop(kind: str, tmp_path: Path) -> None:
    if kind == "rows":
        old = "dE[ids[n, k]] = dh[n, k]"
        loops = f"dE = np.zeros((6, 3))\n    for n in range(8):\n        for k in range(2):\n            {old}"
        text = ROWS.replace("@@", f"{loops}\n    E -= 0.01 * dE")
    else:
        text, old = WINDOWS, "dx[k:k + 3] = back[k]"
    ok, faults, told = _judged(text, tmp_path)
    assert not ok
    assert [line for line, _ in faults] == [old], told
    assert old.replace(" = ", " += ") in told.replace("k:k+3", "k:k + 3")
    assert _judged(text.replace(old, old.replace(" = ", " += ")), tmp_path)[0]


CLIPS = {
    "all": """size = @@(sum(np.sum(g ** 2) for g in grads.values()))
    if size > 0.001:
        grads = {k: g * 0.001 / size for k, g in grads.items()}""",
    "each": "grads = {k: g * min(1.0, 0.001 / (@@(np.sum(g * g)) + 1e-9)) for k, g in grads.items()}",
}


@pytest.mark.parametrize("case", CLIPS)
@pytest.mark.parametrize("root", ["np.sqrt", ""])
def test_a_norm_to_clip_by_has_a_root(case: str, root: str, tmp_path: Path) -> None:
    text = NET.replace("    for name, theirs", f"    {CLIPS[case].replace('@@', root)}\n    for name, theirs")
    text = text.replace("0.9 * v[name] - 0.1", "-0.1")
    ok, faults, told = _judged(text, tmp_path)
    assert ok == bool(root), told
    assert {name for _, name in faults} == (set() if ok else {"missing-root"}), told


TWICE = """for g in grads.values():
        np.clip(g, -0.02, 0.02, out=g)
    size = np.sqrt(sum(np.sum(g ** 2) for g in grads.values()))
    if size > 0.01:
        grads = {k: g * 0.01 / size for k, g in grads.items()}"""


@pytest.mark.parametrize("wrong", [False, True])
def test_a_gradient_that_is_clipped_by_element_and_then_by_its_norm(wrong: bool, tmp_path: Path) -> None:
    text = NET.replace("    for name, theirs", f"    {TWICE}\n    for name, theirs").replace(
        "0.9 * v[name] - 0.1", "-0.1"
    )
    before = text
    text = text.replace("X.T @ dz", "X.T @ (dz * p * (1 - p))") if wrong else text
    ok, _, told = _judged(text, tmp_path)
    assert (ok, text != before) == (not wrong, wrong), told


ALONG = """
import numpy as np

rng = np.random.default_rng(6)
X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
w, m, n = np.zeros(3), np.zeros(3), np.zeros(3)
for turn in range(1, 12):
    miss = X @ w - y
    loss = (miss ** 2).mean()
    g = 2 * X.T @ miss / 20
    @@
"""
FALLING = """
import numpy as np

rng = np.random.default_rng(6)
A, B = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
for turn in range(12):
    i, j = rng.integers(0, 5, 2)
    lr = 0.1 * (1 - turn / 20)
    a, b = A[i].copy(), B[j].copy()
    s = 1 / (1 + np.exp(-(a @ b)))
    print(-np.log(s))
    A[i] -= lr * (s - 1) * b
    B[j] -= lr * (s - 1) * a
"""
RULES = {
    "momentum 0.8 fits": "m = 0.8 * m - 0.05 * g\n    w = w + m",
    "Adam's rule fits, with the decays 0.9 and 0.99": """m = 0.9 * m + 0.1 * g
    n = 0.99 * n + 0.01 * g ** 2
    w = w - 0.05 * m / (1 - 0.9 ** turn) / (np.sqrt(n / (1 - 0.99 ** turn)) + 1e-8)""",
    "decay 0.95, as in RMSprop": "n = 0.95 * n + 0.05 * g ** 2\n    w = w - 0.01 * g / (np.sqrt(n) + 1e-8)",
    "as in Adagrad": "n = n + g ** 2\n    w = w - 0.1 * g / (np.sqrt(n) + 1e-8)",
    "beyond ±0.1 is cut off": "g = np.clip(g, -0.1, 0.1)\n    w = w - 0.05 * g",
    "the gradients are scaled by their norm": "n = np.linalg.norm(g)\n    w = w - 0.05 * min(1.0, 0.1 / n) * g",
    "the gradient of w is right. 2.": "w = w - 0.1 * g",
}


@pytest.mark.parametrize("told", RULES)
def test_the_rule_is_told_with_its_numbers(told: str, tmp_path: Path) -> None:
    assert told in said(ALONG.replace("@@", RULES[told]), tmp_path)


@pytest.mark.parametrize("made", ["0.1 * (1 - turn / 20)", "0.1 / (1 + turn)", "(1 - turn / 20) * 0.1"])
def test_a_falling_rate_is_the_number_it_is_proportional_to(made: str) -> None:
    text = FALLING.replace("0.1 * (1 - turn / 20)", made)
    training = record(Script("a.py", text=text)).training
    found = judge(training) if training is not None else None
    assert found is not None
    rate, places = rate_places(found.look)
    lines = [text.splitlines()[span[0] - 1][span[1] : span[3]] for _, span in places]
    assert rate == 0.1
    assert lines == ["0.1"]


def test_the_1_of_a_sigmoid_is_no_rate() -> None:
    text = FALLING.replace("0.1 * (1 - turn / 20)", "max(0.01, 0.1 - turn / 200)")
    training = record(Script("a.py", text=text)).training
    found = judge(training) if training is not None else None
    assert found is not None
    assert not rate_places(found.look)[1]


def test_a_loop_over_the_parameters_gives_no_name_and_no_sign_to_the_rate(tmp_path: Path) -> None:
    text = ALONG.replace("np.zeros(3), np.zeros(3), np.zeros(3)", "rng.normal(size=3), 0, 0\nw[0] = 0.5")
    (tmp_path / "a.py").write_text(
        text.replace("@@", "for p, d in ((w, g),):\n        p += -0.001 * d"), encoding="utf-8"
    )
    told = " ".join(str(run(tmp_path / "a.py")).split())
    assert "the gradient of w is right" in told
    assert "The learning rate 0.001 is too small" in told


HELPER = """
import numpy as np

gen = np.random.RandomState(5)
rows, goals = gen.randn(20, 3), gen.randn(20)
w, mean, square = gen.randn(3), np.zeros(3), np.zeros(3)


def step(p, slope, m, s):
    m[:] = 0.9 * m + 0.1 * slope
    s[:] = 0.99 * s + 0.01 * slope ** 2
    p -= 0.05 * m / (np.sqrt(s) + 1e-8)


for turn in range(15):
    miss = rows @ w - goals
    cost = np.mean(miss ** 2)
    step(w, 2 * rows.T @ miss / 20, mean, square)
"""


@pytest.mark.parametrize("kept", ["m[:]", "s[:]"])
def test_what_a_function_keeps_under_a_name_of_its_own_is_told_in_its_line(kept: str, tmp_path: Path) -> None:
    line = next(each for each in HELPER.splitlines() if each.strip().startswith(kept)).strip()
    told = said(HELPER.replace(kept, kept[0]), tmp_path)
    assert f"write: {line}" in told
    assert "one line is wrong" in told
    assert "no mistake found" in said(HELPER, tmp_path)


ROWS_IN_LISTS = """
W, U = [[0.1, -0.2], [0.3, 0.2]], [[0.5, 0.1]]
for turn in range(8):
    for x, aim in (((0.4, 0.9), 0.3), ((-0.5, 0.7), -0.2)):
        mid = [sum(a * b for a, b in zip(row, x)) for row in W]
        miss = sum(a * b for a, b in zip(U[0], mid)) - aim
        print(miss ** 2)
        slopes = [[2 * miss * u * b for b in x] for u in U[0]], [[2 * miss * m for m in mid]]
        for P, G in zip((W, U), slopes):
            for row, slope in zip(P, G):
                for k in range(2):
                    row[k] -= 0.1 * slope[k]
"""
OWN_NUMBERS = """
class Number:
    def __init__(self, value):
        self.value = value

class Unit:
    def __init__(self, *values):
        self.w = [Number(v) for v in values]

units = [Unit(0.1, -0.2), Unit(0.3, 0.2)]
for turn in range(8):
    for x, aim in (((0.4, 0.9), 0.3), ((-0.5, 0.7), -0.2)):
        miss = sum(n.value * each for unit in units for n, each in zip(unit.w, x)) - aim
        print(miss ** 2)
        for unit in units:
            for n, each in zip(unit.w, x):
                n.value -= 0.1 * 2 * miss * each
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (ROWS_IN_LISTS, {"W[0]", "W[1]", "U"}),
        (OWN_NUMBERS, {f"units[{k}].w[{j}].value" for k in (0, 1) for j in (0, 1)}),
    ],
    ids=["rows of lists", "numbers of a class"],
)
def test_what_a_loop_calls_by_one_name_is_told_by_the_way_from_the_top(text: str, names: set[str]) -> None:
    training = record(Script("a.py", text=text)).training
    assert training is not None
    assert {p.name for p in training.parameters} == names


SUBTRACTED = """
import numpy as np
draw = np.random.RandomState(6)
mine, theirs = draw.rand(7, 3) - 0.5, draw.rand(7, 3) - 0.5
done, all_steps = 0, 60
for turn in range(12):
    total = 0.0
    for word in range(5):
        rate = 0.3 * (1 - done / all_steps)
        some = np.append(word + 1, draw.randint(0, 7, 3))
        p = 1 / (1 + np.exp(-theirs[some] @ mine[word]))
        total -= np.log(p[0]) + np.log(1 - p[1:]).sum()
        miss = p - np.array([1.0, 0, 0, 0])
        down = miss @ theirs[some]
        np.subtract.at(theirs, some, rate * miss[:, None] * mine[word])
        mine[word] -= rate * down
        done += 1
    print(turn, total)
"""


def test_a_rate_that_falls_is_read_where_rows_are_subtracted(tmp_path: Path) -> None:
    assert "no mistake found" in said(SUBTRACTED, tmp_path)


NAMED = """
import numpy as np
draw = np.random.default_rng(7)
A = draw.normal(size=(30, 4))
goal = A @ [1.0, -1.0, 0.5, 0.0]
w, m, s = np.zeros(4), np.zeros(4), np.zeros(4)
for t in range(1, 40):
    miss = A @ w - goal
    g = 2 * A.T @ miss / 30
    RULE
    print(np.mean(miss ** 2))
"""
NADAM = """m, s = 0.9 * m + 0.1 * g, 0.99 * s + 0.01 * g ** 2
    ahead = 0.9 * m / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9 ** t)
    w -= 0.02 * ahead / (np.sqrt(s / (1 - 0.99 ** t)) + 1e-8)"""
SIZES = """s = 0.95 * s + 0.05 * np.abs(g)
    w -= 0.02 * g / (s + 0.001)"""
PAIRS = """
import numpy as np
draw = np.random.default_rng(8)
near = draw.uniform(1, 4, size=(5, 5))
U, V = draw.normal(size=(5, 3)) * 0.3, draw.normal(size=(5, 3)) * 0.3
gU, gV = np.ones((5, 3)), np.ones((5, 3))
for turn in range(4):
    cost = 0
    for i, j in draw.permutation([(i, j) for i in range(5) for j in range(5) if i != j]):
        miss = U[i] @ V[j] - np.log(near[i, j])
        cost += 0.5 * miss ** 2
        du, dv = miss * V[j], miss * U[i]
        U[i] -= 0.1 * du / np.sqrt(gU[i])
        V[j] -= 0.1 * dv / np.sqrt(gV[j])
        gU[i] += du ** 2
        gV[j] += dv ** 2
    print(cost)
"""


def test_rules_are_called_by_their_names(tmp_path: Path) -> None:
    assert "decays 0.9 and 0.99, as in Nadam" in said(NAMED.replace("RULE", NADAM), tmp_path)
    assert "0.95" not in said(NAMED.replace("RULE", SIZES), tmp_path)
    told = said(PAIRS, tmp_path)
    assert "the gradient of U and V is right" in told
    assert "gU" not in told
