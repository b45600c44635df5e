"""What is right by chance only is not proposed: the length of a parameter for a plain 2, a division by a weight."""

from __future__ import annotations

import pytest

from .test_mended import START, told

HALF = (
    START
    + """
x, t = gen.randn(15, 2), gen.rand(15, 3)
A, B, C = gen.randn(2, 5) * 0.5, gen.randn(5, 3) * 0.5, gen.randn(5, 3) * 0.5
for turn in range(10):
    h = np.tanh(x @ A)
    s = h @ B
    r = np.exp(0.5 * s)
    p = h @ C + r
    cost = np.sum((p - t) ** 2) / 15 + 0.01 * np.sum(np.abs(A))
    print(cost)
    d = 2 * (p - t) / 15
    ds = d * r * 0.5
    dh = (ds @ B.T + d @ C.T) * (1 - h ** 2)
    C -= 0.1 * h.T @ d
    B -= 0.1 * h.T @ ds
    A -= 0.1 * (x.T @ dh + 0.01 * np.sign(A))
"""
)


@pytest.mark.parametrize(
    ("old", "new", "instead"),
    [
        ("ds = d * r * 0.5", "ds = d * r", ("ds = d * r / 2", "ds = d * r * 0.5")),
        ("0.01 * np.sign(A))", "0.01 * np.abs(A))", ("A -= 0.1 * (x.T @ dh + 0.01 * np.sign(A))",)),
    ],
)
def test_the_line_to_write(old: str, new: str, instead: tuple[str, ...]) -> None:
    assert HALF.count(old) == 1
    (fault,) = told(HALF.replace(old, new))["faults"]
    assert fault["instead"].strip() in instead


WORDS = (
    START
    + """
texts = [gen.permutation(9)[: 3 + k % 3] for k in range(12)]
kinds = gen.randint(0, 4, 12)
E, W, b = gen.randn(9, 5) * 0.5, gen.randn(4, 5) * 0.5, np.zeros(4)
for turn in range(4):
    for words, kind in zip(texts, kinds):
        v = E[words].mean(axis=0)
        p = np.exp(W @ v + b)
        p = p / p.sum()
        print(-np.log(p[kind]))
        d = p.copy()
        d[kind] -= 1
        dv = W.T @ d
        W -= 0.1 * np.outer(d, v)
        b -= 0.1 * d
        for word in words:
            E[word] -= 0.1 * dv / len(words)
"""
)
NORMS = (
    START
    + """
x, y = gen.randn(20, 3), gen.randn(20, 2)
A, B = gen.randn(3, 4), gen.randn(4, 2)
for turn in range(10):
    h = np.tanh(x @ A)
    e = h @ B - y
    print(np.sum(e ** 2) / 40 + 0.1 * (np.sum(A ** 2) + np.linalg.norm(B)))
    dB = h.T @ e / 20 + 0.1 * 2 * B
    dA = x.T @ (e @ B.T * (1 - h ** 2)) / 20 + 0.2 * A
    A -= 0.1 * dA
    B -= 0.1 * dB
"""
)


def test_the_words_of_a_sample_come_before_the_kinds() -> None:
    (fault,) = told(WORDS.replace("0.1 * dv / len(words)", "0.1 * dv"))["faults"]
    assert fault["instead"].strip().endswith(("/ len(words)", "/ len(E[words])"))


def test_the_square_of_a_norm_has_another_gradient() -> None:
    (fault,) = told(NORMS)["faults"]
    assert (fault["name"], fault["blocks"]) == ("penalty-scaled", ["B"])


ALONE = (
    START
    + """
x, t = gen.randn(20, 3), gen.randn(20, 2)
W = gen.randn(3, 2)
rate, pull = 0.2, 0.1
for turn in range(10):
    e = x @ W - t
    print(np.sum(e * e) / 20 + pull * np.sum(W * W))
    dW = 2 * x.T @ e
    dW /= 20
    dW += 2 * pull * W
    W -= rate * dW
"""
)


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("dW += 2 * pull * W", "dW += pull * W", ["dW += 2 * pull * W"]),
        ("dW = 2 * x.T @ e", "dW = x.T @ e", ["dW = 2 * x.T @ e", "dW = 2 * (x.T @ e)", "dW = x.T @ (2 * e)"]),
    ],
)
def test_of_data_and_penalty_the_one_that_is_not_the_gradient_lacks_a_factor(
    old: str, new: str, lines: list[str]
) -> None:
    (fault,) = told(ALONE.replace(old, new))["faults"]
    assert fault["instead"].strip() in lines


STEPPED = (
    START
    + """
X, n = gen.randn(24, 3), 24
Y = (X[:, :1] * X[:, 1:2] > 0) * 1.0
p = {"A": gen.randn(3, 5) * 0.6, "a": np.zeros((1, 5)), "B": gen.randn(5, 1) * 0.6, "b": np.zeros((1, 1))}
m, v = ({k: np.zeros_like(each) for k, each in p.items()} for _ in range(2))
for turn in range(1, 30):
    h = np.tanh(X @ p["A"] + p["a"])
    q = 1 / (1 + np.exp(-(h @ p["B"] + p["b"])))
    print(-np.mean(Y * np.log(q) + (1 - Y) * np.log(1 - q)))
    e = (q - Y) / n
    back = e @ p["B"].T * (1 - h ** 2)
    g = {"A": X.T @ back, "a": back.sum(0, keepdims=True), "B": h.T @ e, "b": e.sum(0, keepdims=True)}
    for k in p:
        m[k] = 0.9 * m[k] + 0.1 * g[k]
        v[k] = 0.99 * v[k] + 0.01 * g[k] ** 2
        p[k] -= 0.02 * m[k] / (1 - 0.9 ** turn) / (np.sqrt(v[k] / (1 - 0.99 ** turn)) + 1e-9)
"""
)


def test_a_step_of_any_size_asks_for_no_factor_more() -> None:
    assert told(STEPPED)["faults"] == []
    (fault,) = told(STEPPED.replace("(q - Y) / n", "(q - Y) * q * (1 - q) / n"))["faults"]
    assert (fault["name"], fault["instead"]) == ("extra-derivative", "e = (q - Y) / n")
