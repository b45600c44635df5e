"""Scripts as people have them: arrays reshaped by assignment, objects in arrays, statements of several lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

ONE_BY_ONE = """
import random
import numpy as np
random.seed(3); np.random.seed(3)
points = np.array([[0, 0], [1, 0], [0, 1], [1, 1]]); wanted = np.array([[0], [1], [1], [0]])
A = np.random.rand(3, 2); a = np.zeros([3, 1]); B = np.random.rand(1, 3); b = np.random.rand(1, 1)

def squash(v):
    return 1 / (1 + np.exp(-v))

for k in range(400):
    row = random.sample(range(4), 1)
    x = np.array(points[row])
    x.shape = (2, 1)
    y = np.array(wanted[row])
    mid = squash(np.dot(A, x) + a)
    out = squash(np.dot(B, mid) + b)
    miss = y - out
    back = -2 * SLOPE * miss
    deep = np.dot(B.T, back) * mid * (1 - mid)
    B = B - 0.3 * back * mid.T; b = b - 0.3 * back
    A = A - 0.3 * np.dot(deep, x.T); a = a - 0.3 * deep
    if k % 100 == 0:
        print(k, float(out[0, 0]))
"""

LATE = """
import numpy as np
draw = np.random.RandomState(1)
X = draw.rand(30, 4); Y = np.stack([X[:, 0] * X[:, 1], X[:, 2]], 1)
layers = [draw.randn(5, 4) * 0.5, draw.randn(2, 5) * 0.5]
for turn in range(30):
    loss = 0
    for x, y in zip(X, Y):
        h = np.tanh(layers[0] @ x)
        o = layers[1] @ h
        loss += np.sum((o - y) ** 2)
        d = 2 * (o - y)
        layers[-1] -= 0.1 * np.outer(d, h)
        back = (1 - h ** 2) * \\
            np.dot(np.delete(layers[-1], 9, 1).T if turn < 0 else layers[-1].T, d)
        layers[0] -= 0.1 * np.outer(back, x)
    print(turn, loss)
"""

COPIED = """
import numpy as np
draw = np.random.RandomState(2)
X = draw.rand(40, 3); Y = np.eye(2)[(X[:, 0] > X[:, 1]).astype(int)]
net = [{'w': draw.randn(3, 6) * 0.5, 'b': np.zeros(6)}, {'w': draw.randn(6, 2) * 0.5, 'b': np.zeros(2)}]

def squash(v):
    return 1 / (1 + np.exp(-v))

def step(net, rate):
    hidden = squash(X @ net[0]['w'] + net[0]['b'])
    out = squash(hidden @ net[1]['w'] + net[1]['b'])
    new = np.copy(net)
    error = (out - Y) / len(X)
    loss = -np.mean(np.sum(Y * np.log(out) + (1 - Y) * np.log(1 - out), axis=1))
    new[1]['w'] = net[1]['w'] - rate * hidden.T @ error
    new[1]['b'] = net[1]['b'] - rate * TOTAL
    inner = error @ net[1]['w'].T * hidden * (1 - hidden)
    new[0]['w'] = net[0]['w'] - rate * X.T @ inner
    new[0]['b'] = net[0]['b'] - rate * inner.sum(axis=0)
    return new, loss

for turn in range(40):
    net, loss = step(net, 0.5)
    print(turn, loss)
"""


RATED = """
import numpy as np
draw = np.random.RandomState(6)
X = draw.rand(25, 3); Y = (X[:, :1] * X[:, 1:2] > 0.25).astype(float)

class Net:
    def __init__(self):
        self.lr = 0.25
        self.A, self.a = draw.randn(3, 5), np.zeros((1, 5))
        self.B, self.b = draw.randn(5, 1), np.zeros((1, 1))

    def turn(self):
        lit = np.tanh(X @ self.A + self.a)
        out = 1 / (1 + np.exp(-(lit @ self.B + self.b)))
        top = (out - Y) / len(X)
        mid = top @ self.B.T * (1 - lit ** 2)
        STEPS
        return -np.mean(Y * np.log(out) + (1 - Y) * np.log(1 - out))

net = Net()
for turn in range(30):
    print(turn, net.turn())
"""
STEPS = {
    "one without": (
        "self.A -= self.lr * X.T @ mid; self.a -= self.lr * mid.sum(axis=0)",
        "self.B -= self.lr * lit.T @ top; self.b -= top.sum(axis=0)",
        "self.b -= self.lr * top.sum(axis=0)",
    ),
    "a sum without": (
        "self.A = self.A - X.T @ mid / 1; self.a = self.a - self.lr * mid.sum(axis=0)",
        "self.B = self.B - self.lr * (lit.T @ top); self.b = self.b - self.lr * top.sum(axis=0)",
        "self.A = self.A - self.lr * (X.T @ mid / 1)",
    ),
    "in the error": (
        "top = self.lr * top; mid = self.lr * mid; self.A -= X.T @ mid; self.a -= mid.sum(axis=0)",
        "self.B -= lit.T @ top; self.b -= top.sum(axis=0)",
        "",
    ),
    "none at all": (
        "self.A -= X.T @ mid; self.a -= mid.sum(axis=0)", "self.B -= lit.T @ top; self.b -= top.sum(axis=0)", "",
    ),
    "two rates": (
        "self.A -= self.lr * X.T @ mid; self.a -= 0.1 * mid.sum(axis=0)",
        "self.B -= self.lr * (lit.T @ top); self.b -= 0.1 * top.sum(axis=0)",
        "",
    ),
}  # fmt: skip


NOT_BACK = """
import numpy as np
draw = np.random.RandomState(7)
words = draw.randn(5, 3, 1); goal = 1
U, V, R = draw.randn(4, 3) * 0.5, draw.randn(4, 4) * 0.5, draw.randn(2, 4) * 0.5

for turn in range(40):
    h = np.zeros((4, 1))
    for word in words:
        before = h
        h = np.tanh(U @ word + V @ h)
    p = np.exp(R @ h); p /= p.sum()
    loss = -np.log(p[goal, 0])
    top = p.copy(); top[goal] -= 1
    deep = R.T @ top * (1 - h ** 2)
    dR, dU, dV = top @ h.T, deep @ words[-1].T, deep @ before.T
    R -= 0.1 * dR
    U -= 0.1 * dU
    V -= 0.1 * dV
    print(turn, loss)
"""


DRAWN = """
import numpy as np
np.random.seed(9)

def dropped(x, share):
    kept = (np.random.rand(*x.shape) >= share) / (1 - share)
    return x * kept

X = np.random.randn(40, 3); Y = np.eye(3)[np.argmax(X, axis=1)]
A, a, B, b = np.random.randn(3, 8) * 0.5, np.zeros(8), np.random.randn(8, 3) * 0.5, np.zeros(3)
for turn in range(30):
    lit = np.tanh(X @ A + a)
    kept = (np.random.rand(*lit.shape) >= 0.25) / 0.75
    z = (lit * kept) @ B + b
    p = np.exp(z - z.max(axis=1, keepdims=True)); p /= p.sum(axis=1, keepdims=True)
    print(turn, -np.mean(np.sum(Y * np.log(p), axis=1)))
    top = (p - Y) / len(X)
    back = dropped(top @ B.T, 0.25)
    deep = back * (1 - lit ** 2)
    B -= 0.3 * (lit * kept).T @ top; b -= 0.3 * top.sum(axis=0)
    A -= 0.3 * X.T @ deep; a -= 0.3 * deep.sum(axis=0)
"""
ELU = """
import numpy as np
draw = np.random.RandomState(8)
X = draw.randn(30, 4); Y = np.abs(X[:, :1]) - X[:, 1:2]
A, a, B, b = draw.randn(4, 6) * 0.4, np.zeros((1, 6)), draw.randn(6, 1) * 0.4, np.zeros((1, 1))
less, more = 0.03, 0.1

def ahead():
    z = X @ A + a
    lit = np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)
    return z, lit, lit @ B + b

def loss():
    z, lit, out = ahead()
    return np.mean((out - Y) ** 2) + less * np.sum(np.abs(A)) + 0.5 * more * np.sum(B ** 2)

for turn in range(40):
    z, lit, out = ahead()
    top = 2 * (out - Y) / len(X)
    dB = lit.T @ top
    dB += 2 * more * B
    deep = top @ B.T * np.where(z > 0, 1, lit + 1)
    dA = X.T @ deep
    dA += less * np.abs(A)
    cost = loss()
    A -= 0.05 * dA; a -= 0.05 * deep.sum(axis=0, keepdims=True)
    B -= 0.05 * dB; b -= 0.05 * top.sum(axis=0, keepdims=True)
    print(turn, cost)
"""


def consult(path: Path, text: str):
    path.write_text(text)
    return run(str(path), cure=False)


def line_of(text: str, part: str) -> int:
    return next(k for k, line in enumerate(text.splitlines(), 1) if part in line)


def test_shape_assigned(tmp_path):
    report = consult(tmp_path / "one.py", ONE_BY_ONE.replace("SLOPE", "out * (1 - out)"))
    assert not report.findings
    assert "no mistake found" in str(report)


def test_the_slope_of_one_output_taken_twice(tmp_path):
    text = ONE_BY_ONE.replace("SLOPE", "squash(out) * (1 - squash(out))")
    report = consult(tmp_path / "one.py", text)
    assert [(f.line, f.name) for f in report.findings] == [(line_of(text, "back = -2"), "activation-applied-twice")]


def test_a_statement_of_two_lines_is_shown_whole(tmp_path):
    report = consult(tmp_path / "late.py", LATE)
    (found,) = report.findings
    assert found.name == "updated-weights"
    assert found.code.endswith("layers[-1].T, d)")
    assert "\\" not in found.code
    assert f"line {line_of(LATE, 'layers[-1] -=')}" in found.told()


@pytest.mark.parametrize("total", ["error.sum(axis=0)", "np.sum(error)"])
def test_a_shallow_copy_of_a_list_of_dicts(tmp_path, total):
    """`np.copy` of it has the same dicts, so that the second layer is updated already where the first is computed."""
    text = COPIED.replace("TOTAL", total)
    found = consult(tmp_path / "copied.py", text).findings
    told = {(f.line, f.name) for f in found}
    assert (line_of(text, "inner ="), "updated-weights") in told
    assert ((line_of(text, "new[1]['b'] ="), "wrong-axis") in told) == ("np.sum" in total)


@pytest.mark.parametrize("steps", STEPS)
def test_a_step_without_the_rate_that_all_others_have(tmp_path, steps):
    first, second, write = STEPS[steps]
    text = RATED.replace("STEPS", f"{first}\n        {second}")
    report = consult(tmp_path / "rated.py", text)
    assert [f.name for f in report.findings] == ["missing-factor"] * bool(write)
    if write:
        assert write in report.findings[0].instead
    else:
        assert "no mistake found" in str(report)


def test_no_way_back_through_the_turns_is_not_called_writing_over(tmp_path):
    found = consult(tmp_path / "back.py", NOT_BACK).findings
    assert {f.name for f in found} == {"dropped-edge"}
    assert "5 turns" in found[0].told()


def test_a_helper_that_draws_is_right_and_its_call_in_the_backward_pass_is_not(tmp_path):
    found = consult(tmp_path / "drawn.py", DRAWN).findings
    assert [(f.line, f.name) for f in found] == [(line_of(DRAWN, "back = dropped"), "new-mask")]


def test_two_penalties_are_wrong_and_no_line_of_the_forward_pass(tmp_path):
    found = consult(tmp_path / "elu.py", ELU).findings
    assert [f.line for f in found] == [line_of(ELU, "dB += 2"), line_of(ELU, "dA += less")]
    assert found[1].instead in ("dA += less * np.sign(A)", "dA += less * np.abs(A) / A")


def test_a_gradient_with_a_penalty_of_no_size_is_no_running_mean(tmp_path):
    text = """
import numpy as np
draw = np.random.RandomState(4)
X = draw.randn(30, 3); Y = (X[:, :1] - X[:, 1:2] > 0) * 1.0
W, w, share, less, cache, store = draw.randn(3, 1), np.zeros((1, 1)), 0.99, 0.0, 1, 1
for turn in range(40):
    p = 1 / (1 + np.exp(-(X @ W + w)))
    g = X.T.dot(p - Y) + less * W
    g0 = np.sum(p - Y, axis=0) + less * w
    cache = share * cache + (1 - share) * g * g
    store = share * store + (1 - share) * g0 * g0
    W -= 0.05 * g / (np.sqrt(cache) + 1e-10)
    w -= 0.05 * g0 / (np.sqrt(store) + 1e-10)
    print(turn, -np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p)))
"""
    assert "no mistake found" in str(consult(tmp_path / "mean.py", text))


FACTORS = """
import numpy as np
draw = np.random.RandomState(7)
A, B = draw.randn(5, 3) * 0.5, draw.randn(6, 3) * 0.5
marks = [(i, j, draw.randn()) for i in range(5) for j in range(6)]
for turn in range(3):
    cost = 0.0
    for i, j, r in marks:
        e = A[i] @ B[j] - r
        cost += e * e / 2
        A[i] -= 0.05 * e * B[j]
        B[j] -= 0.05 * e * A[i]
    print(cost)
"""


def test_a_factor_that_was_updated_is_excused_only_where_all_else_is_right(tmp_path):
    assert "take turns" in str(consult(tmp_path / "a.py", FACTORS))
    wrong = FACTORS.replace("A[i] -= 0.05 * e", "A[i] += 0.05 * e")
    report = consult(tmp_path / "b.py", wrong)
    assert "take turns" not in str(report)
    assert line_of(wrong, "A[i] +=") in [found.line for found in report.findings]
    gathered = FACTORS.replace("        A[i] -= 0.05 * e * B[j]\n", "").replace(
        "        B[j] -= 0.05 * e * A[i]\n",
        "        B[j] -= 0.05 * e * A[i]\n        g = e * B[j]\n        A[i] -= 0.05 * g\n",
    )
    (fault,) = consult(tmp_path / "c.py", gathered).findings
    assert (fault.line, fault.name) == (line_of(gathered, "g = e"), "updated-weights")
