"""Right training scripts in styles that `scripts.py` does not make: lists, layer objects, differences, dropout."""

from __future__ import annotations

HAND = {
    "math and lists": """
import math
import random

random.seed(3)
rows = [([random.uniform(-1, 1) for _ in range(3)], random.choice([0.0, 1.0])) for _ in range(12)]
inner = [[random.uniform(-1, 1) for _ in range(4)] for _ in range(3)]
outer = [random.uniform(-1, 1) for _ in range(4)]

def squash(v):
    return 1.0 / (1.0 + math.exp(-v))

for epoch in range(4):
    total = 0.0
    for features, truth in rows:
        hidden = [squash(sum(f * w for f, w in zip(features, unit))) for unit in inner]
        guess = squash(sum(h * w for h, w in zip(hidden + [1.0], outer)))
        total += (guess - truth) ** 2
        blame = 2 * (guess - truth) * guess * (1 - guess)
        back = [blame * outer[k] * hidden[k] * (1 - hidden[k]) for k in range(3)]
        for k in range(3):
            outer[k] -= 0.3 * blame * hidden[k]
            for i in range(3):
                inner[k][i] -= 0.3 * back[k] * features[i]
        outer[3] -= 0.3 * blame
    print(epoch, total)
""",
    "layer objects in a list": """
import numpy as np

class Affine:
    def __init__(self, inputs, outputs, seed):
        gen = np.random.default_rng(seed)
        self.weight = gen.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        self.offset = np.zeros((1, outputs))

    def forward(self, x):
        self.x = x
        return x @ self.weight + self.offset

    def backward(self, g, rate):
        below = g @ self.weight.T
        self.weight -= rate * self.x.T @ g
        self.offset -= rate * g.sum(axis=0, keepdims=True)
        return below

class Relu:
    def forward(self, x):
        self.on = x > 0
        return x * self.on

    def backward(self, g, rate):
        return g * self.on

layers = [Affine(3, 8, 0), Relu(), Affine(8, 8, 1), Relu(), Affine(8, 1, 2)]
gen = np.random.default_rng(9)
X = gen.normal(size=(25, 3))
Y = np.abs(X[:, :1]) - X[:, 1:2]
for epoch in range(20):
    out = X
    for layer in layers:
        out = layer.forward(out)
    print(np.mean((out - Y) ** 2))
    g = 2 * (out - Y) / len(X)
    for layer in reversed(layers):
        g = layer.backward(g, 0.05)
""",
    "central differences": """
import numpy as np

gen = np.random.default_rng(0)
x = gen.uniform(-1, 1, size=(15, 2))
t = x[:, 0] * x[:, 1]
theta = gen.normal(size=9)

def cost(theta):
    hidden = np.tanh(x @ theta[:6].reshape(2, 3))
    return np.mean((hidden @ theta[6:] - t) ** 2)

for step in range(6):
    slope = np.zeros_like(theta)
    for k in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[k] += 1e-5
        down[k] -= 1e-5
        slope[k] = (cost(up) - cost(down)) / 2e-5
    theta = theta - 0.2 * slope
    print(step, cost(theta))
""",
    "dropout and drawn batches": """
import numpy as np

np.random.seed(2)
X = np.random.randn(64, 5)
Y = np.tanh(X @ np.random.randn(5, 1))
W1, W2 = np.random.randn(5, 10) * 0.4, np.random.randn(10, 1) * 0.4
keep = 0.8
for step in range(40):
    pick = np.random.choice(len(X), 16, replace=False)
    xb, yb = X[pick], Y[pick]
    h = np.maximum(xb @ W1, 0)
    mask = (np.random.rand(*h.shape) < keep) / keep
    hd = h * mask
    err = hd @ W2 - yb
    loss = np.mean(err ** 2)
    g = 2 * err / len(xb)
    gW2 = hd.T @ g
    gh = g @ W2.T * mask * (h > 0)
    W2 -= 0.05 * gW2
    W1 -= 0.05 * xb.T @ gh
    if step % 10 == 0:
        print(loss)
""",
    "layers as tuples": """
import numpy as np

gen = np.random.default_rng(1)
sizes = [2, 5, 4, 1]
layers = [(gen.normal(size=(m, n)) / np.sqrt(n), np.zeros((m, 1))) for n, m in zip(sizes, sizes[1:])]
points = gen.uniform(-1, 1, size=(2, 18))
goal = np.sin(2 * points[:1]) + points[1:]
rate = 0.05
for epoch in range(25):
    seen = [points]
    for W, b in layers:
        seen.append(np.tanh(W @ seen[-1] + b))
    cost = ((seen[-1] - goal) ** 2).sum() / points.shape[1]
    delta = 2 * (seen[-1] - goal) / points.shape[1] * (1 - seen[-1] ** 2)
    changes = []
    for k in range(len(layers) - 1, -1, -1):
        W, b = layers[k]
        changes.insert(0, (delta @ seen[k].T, delta.sum(axis=1, keepdims=True)))
        if k:
            delta = (W.T @ delta) * (1 - seen[k] ** 2)
    layers = [(W - rate * dW, b - rate * db) for (W, b), (dW, db) in zip(layers, changes)]
    print(cost)
""",
    "gradients added up over samples": """
import numpy as np

class Fit:
    def __init__(self):
        gen = np.random.default_rng(5)
        self.first = [gen.normal(size=(3, 2)), gen.normal(size=(1, 3))]
        self.shift = [np.zeros(3), np.zeros(1)]

    def gradients(self, x, y):
        h = 1 / (1 + np.exp(-(self.first[0] @ x + self.shift[0])))
        miss = self.first[1] @ h + self.shift[1] - y
        back = self.first[1].T @ miss * h * (1 - h)
        return [np.outer(back, x), np.outer(miss, h)], [back, miss]

    def epoch(self, batch, rate):
        add_w = [np.zeros(w.shape) for w in self.first]
        add_b = [np.zeros(b.shape) for b in self.shift]
        for x, y in batch:
            gw, gb = self.gradients(x, y)
            add_w = [s + g for s, g in zip(add_w, gw)]
            add_b = [s + g for s, g in zip(add_b, gb)]
        self.first = [w - rate / len(batch) * s for w, s in zip(self.first, add_w)]
        self.shift = [b - rate / len(batch) * s for b, s in zip(self.shift, add_b)]

gen = np.random.default_rng(6)
data = [(x, np.array([x[0] * x[1]])) for x in gen.normal(size=(24, 2))]
net = Fit()
for k in range(12):
    net.epoch(data[k % 3 * 8 : k % 3 * 8 + 8], 0.5)
""",
    "residual and loops over elements": """
import numpy as np

gen = np.random.default_rng(8)
X = gen.normal(size=(20, 4))
Y = X[:, 0] * 0.5 - np.tanh(X[:, 1])
A = gen.normal(size=(4, 4)) * 0.3
v = gen.normal(size=4)
for epoch in range(15):
    dA = np.zeros((4, 4))
    dv = np.zeros(4)
    loss = 0
    for n in range(20):
        h = np.empty(4)
        for j in range(4):
            h[j] = X[n, j] + np.tanh(X[n] @ A[:, j])
        e = h @ v - Y[n]
        loss += e * e / 20
        for j in range(4):
            dv[j] += 2 * e * h[j] / 20
            slope = 1 - (h[j] - X[n, j]) ** 2
            for i in range(4):
                dA[i, j] += 2 * e * v[j] * slope * X[n, i] / 20
    A -= 0.1 * dA
    v -= 0.1 * dv
    print(loss)
""",
    "forward and validation apart": """
import numpy as np

rng = np.random.RandomState(11)
X = rng.randn(60, 3); y = (X.sum(1) > 0).astype(int)
Xt, yt, Xv, yv = X[:45], y[:45], X[45:], y[45:]
model = {"W1": rng.randn(3, 6) * 0.5, "b1": np.zeros(6), "W2": rng.randn(6, 2) * 0.5, "b2": np.zeros(2)}

def forward(model, X):
    hidden = np.tanh(X @ model["W1"] + model["b1"])
    logits = hidden @ model["W2"] + model["b2"]
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return hidden, shares / shares.sum(1, keepdims=True)

def accuracy(model, X, y):
    return (forward(model, X)[1].argmax(1) == y).mean()

best = 0.0
for epoch in range(30):
    hidden, shares = forward(model, Xt)
    delta = shares.copy()
    delta[np.arange(len(yt)), yt] -= 1
    delta /= len(yt)
    grads = {"W2": hidden.T @ delta, "b2": delta.sum(0)}
    back = delta @ model["W2"].T * (1 - hidden * hidden)
    grads["W1"], grads["b1"] = Xt.T @ back, back.sum(0)
    for key in model:
        model[key] = model[key] - 0.8 * grads[key]
    if accuracy(model, Xv, yv) > best:
        best = accuracy(model, Xv, yv)
        kept = {key: value.copy() for key, value in model.items()}
print(best)
""",
    "one flat vector and einsum": """
import numpy as np

gen = np.random.default_rng(12)
X = gen.normal(size=(16, 3))
T = np.sin(X[:, :2])
theta = gen.normal(size=3 * 5 + 5 * 2) * 0.4

def loss_and_gradient(theta, X, T):
    A, B = theta[:15].reshape(3, 5), theta[15:].reshape(5, 2)
    H = np.tanh(np.einsum("ni,ij->nj", X, A))
    D = np.einsum("nj,jk->nk", H, B) - T
    value = 0.5 * np.einsum("nk,nk->", D, D) / len(X)
    gB = np.einsum("nj,nk->jk", H, D) / len(X)
    gH = np.einsum("nk,jk->nj", D, B) * (1 - H ** 2)
    gA = np.einsum("ni,nj->ij", X, gH) / len(X)
    return value, np.concatenate([gA.ravel(), gB.ravel()])

speed = np.zeros_like(theta)
for step in range(40):
    value, gradient = loss_and_gradient(theta, X, T)
    speed = 0.9 * speed - 0.02 * gradient
    theta = theta + speed
    if step % 10 == 0:
        print(f"{step:3d} {value:.4f}")
""",
    "absolute error and huber": """
import numpy as np

gen = np.random.default_rng(13)
x = gen.uniform(-2, 2, 40)
y = 1.5 * x - 0.7 + gen.normal(size=40) * 0.1
slope, offset = 0.0, 0.0
history = []
for it in range(60):
    r = slope * x + offset - y
    huber = np.where(np.abs(r) <= 1, 0.5 * r * r, np.abs(r) - 0.5).mean()
    history.append(huber)
    pull = np.clip(r, -1, 1)
    slope = slope - 0.2 * (pull * x).mean()
    offset = offset - 0.2 * pull.mean()
""",
    "likelihood that grows": """
import numpy as np

gen = np.random.default_rng(14)
X = np.hstack([np.ones((50, 1)), gen.normal(size=(50, 2))])
y = (X @ np.array([0.3, 2.0, -1.0]) > 0) * 1.0
beta = np.zeros(3)
for it in range(50):
    p = 1 / (1 + np.exp(-X @ beta))
    likelihood = np.sum(y * np.log(p) + (1 - y) * np.log(1 - p))
    beta = beta + 0.05 * X.T @ (y - p)
    if it % 10 == 0:
        print(likelihood)
""",
    "a rate that grows smaller and early stopping": """
import numpy as np

gen = np.random.default_rng(15)
data = gen.normal(size=(48, 2))
target = data[:, :1] ** 2 - data[:, 1:]
W, c = gen.normal(size=(2, 9)), np.zeros((1, 9))
V, d = gen.normal(size=(9, 1)) * 0.3, np.zeros((1, 1))
rate, last, patience = 0.1, np.inf, 0
while patience < 3 and rate > 1e-3:
    hidden = np.log1p(np.exp(data @ W + c))
    miss = hidden @ V + d - target
    loss = (miss ** 2).sum() / (2 * len(data))
    gV, gd = hidden.T @ miss / len(data), miss.mean(axis=0, keepdims=True)
    gh = miss @ V.T / (1 + np.exp(-(data @ W + c)))
    gW, gc = data.T @ gh / len(data), gh.mean(axis=0, keepdims=True)
    W, c, V, d = W - rate * gW, c - rate * gc, V - rate * gV, d - rate * gd
    patience = patience + 1 if loss > last else 0
    last, rate = loss, rate * 0.98
print(last)
""",
}

ODD = {
    "nesterov": """
import numpy as np
gen = np.random.default_rng(0)
X = gen.normal(size=(30, 3))
y = X @ np.array([1.0, 2.0, 3.0])
w, v = np.zeros(3), np.zeros(3)

def slope(w):
    return 2 * X.T @ (X @ w - y) / len(X)

for k in range(40):
    ahead = w - 0.9 * v
    v = 0.9 * v + 0.02 * slope(ahead)
    w = w - v
    print(((X @ w - y) ** 2).mean())
""",
    "newton": """
import numpy as np
X = np.c_[np.ones(30), np.linspace(-1, 1, 30)]
y = (X[:, 1] > 0.1) * 1.0
w = np.zeros(2)
for k in range(6):
    p = 1 / (1 + np.exp(-X @ w))
    g = X.T @ (p - y) + 0.1 * w
    H = (X.T * (p * (1 - p))) @ X + 0.1 * np.eye(2)
    print(-np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) + 0.05 * w @ w)
    w = w - np.linalg.solve(H, g)
""",
    "adagrad, one layer, batches from a generator": """
import numpy as np
gen = np.random.default_rng(0)
X = gen.normal(size=(64, 3))
Y = np.tanh(X @ gen.normal(size=(3, 2)))

def batches(n):
    order = gen.permutation(len(X))
    for i in range(0, len(X), n):
        yield X[order[i : i + n]], Y[order[i : i + n]]

W = gen.normal(size=(3, 2)) * 0.1
G = np.zeros_like(W)
for epoch in range(5):
    for xb, yb in batches(16):
        h = np.tanh(np.matmul(xb, W))
        L = np.square(h - yb).mean()
        dW = np.tensordot(xb, 2 * (h - yb) / h.size * (1 - h**2), axes=(0, 0))
        G += dW**2
        W -= 0.5 * dW / np.sqrt(G + 1e-8)
    print(L)
""",
}
"""Right, and no plain gradient descent."""

NO_DESCENT = {
    "a perceptron": """
import numpy as np
gen = np.random.default_rng(0)
X = gen.normal(size=(40, 2))
y = np.sign(X @ np.array([1.0, -2.0]) + 0.1)
w, b = np.zeros(2), 0.0
for epoch in range(10):
    for x, t in zip(X, y):
        if t * (x @ w + b) <= 0:
            w, b = w + t * x, b + t
""",
    "k-means": """
import numpy as np
gen = np.random.default_rng(0)
X = gen.normal(size=(60, 2))
C = X[:3].copy()
for it in range(10):
    d = ((X[:, None] - C[None]) ** 2).sum(-1)
    for k in range(3):
        C[k] = X[d.argmin(1) == k].mean(0)
    print(d.min(1).sum())
""",
    "a table of values": """
import numpy as np
gen = np.random.default_rng(0)
Q = np.zeros((5, 2))
for episode in range(30):
    s = 0
    for t in range(10):
        a = gen.integers(2) if gen.random() < 0.3 else int(Q[s].argmax())
        after = min(4, s + 1) if a else max(0, s - 1)
        Q[s, a] += 0.5 * (float(after == 4) + 0.9 * Q[after].max() - Q[s, a])
        s = after
""",
}
"""Trainings that follow no gradient: nothing is to be said of them, and nothing against them."""
