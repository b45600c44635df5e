"""Training scripts in the manner of notebooks and posts, untidy on purpose: each right with one line and wrong with another.

`@@` is where the line stands. Those in RIGHT have no wrong twin.
"""

# ruff: noqa: E501 - the lines are those of the specimens

from __future__ import annotations

STRANGERS: dict[str, tuple[str, str, str, str]] = {
    "tanh and cross-entropy, steps in a list of pairs": (
        "missing-derivative",
        r"""
import numpy as np
np.random.seed(1)
X = np.random.randn(50, 4); y = (X[:, :1] * X[:, 1:2] > 0) * 1.0
W1 = np.random.randn(4, 8) * 0.5; b1 = np.zeros((1, 8)); W2 = np.random.randn(8, 1) * 0.5; b2 = np.zeros((1, 1))
lr = 0.5
for epoch in range(300):
    h = np.tanh(X.dot(W1) + b1)
    p = 1 / (1 + np.exp(-(h.dot(W2) + b2)))
    loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    dz = (p - y) / len(X)
    dW2 = h.T.dot(dz)
    db2 = dz.sum(axis=0, keepdims=True)
@@
    dW1 = X.T.dot(dh)
    db1 = dh.sum(axis=0, keepdims=True)
    for P, G in [(W1, dW1), (b1, db1), (W2, dW2), (b2, db2)]:
        P -= lr * G
""",
        "    dh = dz.dot(W2.T) * (1 - h * h)",
        "    dh = dz.dot(W2.T)",
    ),
    "keys made of a word and a number": (
        "wrong-operand",
        r"""
import numpy as np
rng = np.random.default_rng(0)
layers = [3, 6, 5, 1]
params = {}
for i in range(1, len(layers)):
    params['W%d' % i] = rng.normal(0, 0.5, (layers[i-1], layers[i]))
    params['b%d' % i] = np.zeros(layers[i])
X = rng.normal(size=(40, 3)); Y = np.sin(X.sum(1, keepdims=True))
def forward(X):
    cache = {'A0': X}
    for i in range(1, 4):
        Z = cache['A%d' % (i-1)] @ params['W%d' % i] + params['b%d' % i]
        cache['Z%d' % i] = Z
        cache['A%d' % i] = np.tanh(Z) if i < 3 else Z
    return cache
for it in range(200):
    c = forward(X)
    J = ((c['A3'] - Y) ** 2).mean()
    dZ = 2 * (c['A3'] - Y) / len(X)
    grads = {}
    for i in (3, 2, 1):
        grads['W%d' % i] = c['A%d' % (i-1)].T @ dZ
        grads['b%d' % i] = dZ.sum(0)
        if i > 1:
@@
    for k in params:
        params[k] = params[k] - 0.1 * grads[k]
""",
        "            dZ = (dZ @ params['W%d' % i].T) * (1 - c['A%d' % (i-1)] ** 2)",
        "            dZ = (dZ @ params['W%d' % i].T) * (1 - c['Z%d' % (i-1)] ** 2)",
    ),
    "a slope more after a sigmoid": (
        "extra-derivative",
        r"""
import numpy as np
def sigmoid(z): return 1.0 / (1.0 + np.exp(-z))
np.random.seed(3)
x = np.random.randn(100, 2)
t = ((x ** 2).sum(1) > 1.5).astype(float).reshape(-1, 1)
w1 = np.random.randn(2, 10); b1 = np.zeros(10); w2 = np.random.randn(10, 1); b2 = np.zeros(1)
losses = []
for i in range(400):
    z1 = x @ w1 + b1
    a = sigmoid(z1)
    p = sigmoid(a @ w2 + b2)
    L = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    losses.append(L)
@@
    dw2 = a.T @ dz2
    db2 = dz2.sum(0)
    dz1 = dz2 @ w2.T * a * (1 - a)
    dw1 = x.T @ dz1
    db1 = dz1.sum(0)
    w1 -= 0.5 * dw1; b1 -= 0.5 * db1; w2 -= 0.5 * dw2; b2 -= 0.5 * db2
""",
        "    dz2 = (p - t) / len(x)",
        "    dz2 = (p - t) * p * (1 - p) / len(x)",
    ),
    "a slope more after a softmax": (
        "extra-derivative",
        r"""
import numpy as np
rng = np.random.RandomState(0)
N, D, H, C = 60, 3, 12, 3
X = rng.randn(N, D)
labels = np.argmax(X + 0.3 * rng.randn(N, D), axis=1)
T = np.eye(C)[labels]
W1 = 0.3 * rng.randn(D, H); b1 = np.zeros(H)
W2 = 0.3 * rng.randn(H, C); b2 = np.zeros(C)
def softmax(z):
    e = np.exp(z - np.max(z, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)
for step in range(200):
    a1 = np.maximum(X @ W1 + b1, 0)
    y = softmax(a1 @ W2 + b2)
    cost = -np.sum(T * np.log(y + 1e-12)) / N
@@
    gW2 = a1.T @ delta
    gb2 = delta.sum(axis=0)
    d1 = delta @ W2.T
    d1[a1 <= 0] = 0
    gW1 = X.T @ d1
    gb1 = d1.sum(axis=0)
    W1 -= 0.3 * gW1; b1 -= 0.3 * gb1
    W2 -= 0.3 * gW2; b2 -= 0.3 * gb2
""",
        "    delta = (y - T) / N",
        "    delta = (y - T) * y * (1 - y) / N",
    ),
    "floats, one input left out": (
        "missing-factor",
        r"""
import math, random
random.seed(4)
data = [(random.uniform(-2, 2), random.uniform(-2, 2)) for _ in range(40)]
labels = [1.0 if a + b > 0.3 else 0.0 for a, b in data]
w1, w2, b = 0.1, -0.1, 0.0
c = 0.1
for epoch in range(20):
    total = 0
    for (x1, x2), y in zip(data, labels):
        p = 1 / (1 + math.exp(-(w1 * x1 + w2 * x2 + b)))
        total += -(y * math.log(p) + (1 - y) * math.log(1 - p))
@@
        w2 -= c * (p - y) * x2
        b -= c * (p - y)
    print(epoch, total)
""",
        "        w1 -= c * (p - y) * x1",
        "        w1 -= c * (p - y)",
    ),
    "a sigmoid's slope for a relu": (
        "wrong-derivative",
        r"""
import numpy as np
np.random.seed(0)
X = np.random.rand(50, 3) * 2 - 1
Y = np.abs(X[:, :1]) + X[:, 1:2]
W1 = np.random.randn(3, 16) * 0.5
B1 = np.zeros((1, 16))
W2 = np.random.randn(16, 1) * 0.3
B2 = np.zeros((1, 1))
def relu(z): return np.maximum(0, z)
for e in range(200):
    Z1 = X @ W1 + B1
    A1 = relu(Z1)
    out = A1 @ W2 + B2
    loss = np.mean((out - Y) ** 2)
    dout = 2 * (out - Y) / Y.size
    dW2 = A1.T @ dout; dB2 = dout.sum(0, keepdims=True)
    dA1 = dout @ W2.T
@@
    dW1 = X.T @ dZ1; dB1 = dZ1.sum(0, keepdims=True)
    W2 -= 0.1 * dW2; B2 -= 0.1 * dB2; W1 -= 0.1 * dW1; B1 -= 0.1 * dB1
""",
        "    dZ1 = dA1 * (Z1 > 0)",
        "    dZ1 = dA1 * A1 * (1 - A1)",
    ),
    "a slope function of the wrong argument": (
        "activation-applied-twice",
        r"""
import numpy as np
np.random.seed(7)
x = np.linspace(-1, 1, 60).reshape(-1, 1)
y = x ** 3
def leaky(z): return np.where(z > 0, z, 0.1 * z)
def dleaky(z): return np.where(z > 0, 1.0, 0.1)
def tanh_prime(z): return 1 - np.tanh(z) ** 2
W1 = np.random.randn(1, 8); b1 = np.random.randn(8); W2 = np.random.randn(8, 8) * .4; b2 = np.zeros(8); W3 = np.random.randn(8, 1) * .4; b3 = np.zeros(1)
for epoch in range(300):
    z1 = x @ W1 + b1; a1 = leaky(z1)
    z2 = a1 @ W2 + b2; a2 = np.tanh(z2)
    yhat = a2 @ W3 + b3
    mse = np.mean((yhat - y) ** 2)
    d3 = 2 / len(x) * (yhat - y)
@@
    d1 = d2 @ W2.T * dleaky(z1)
    W3 -= .1 * a2.T @ d3; b3 -= .1 * d3.sum(0)
    W2 -= .1 * a1.T @ d2; b2 -= .1 * d2.sum(0)
    W1 -= .1 * x.T @ d1; b1 -= .1 * d1.sum(0)
""",
        "    d2 = d3 @ W3.T * tanh_prime(z2)",
        "    d2 = d3 @ W3.T * tanh_prime(a2)",
    ),
    "an array renamed": (
        "error",
        r"""
import numpy as np
np.random.seed(1)
X = np.random.randn(6, 6); Y = np.random.randn(6, 6)
W1 = np.random.randn(6, 6) * .4; W2 = np.random.randn(6, 6) * .4
for i in range(100):
    h = np.tanh(X @ W1)
    o = h @ W2
    loss = ((o - Y) ** 2).mean()
    do = 2 * (o - Y) / o.size
    dW2 = h.T @ do
    dh = do @ W2.T * (1 - h ** 2)
@@
    W1 -= 0.5 * dW1
    W2 -= 0.5 * dW2
""",
        "    dW1 = X.T @ dh",
        "    dW1 = dh",
    ),
    "attention": (
        "missing-factor",
        r"""
import numpy as np
np.random.seed(0)
n, d = 6, 4
X = np.random.randn(n, d); Y = np.random.randn(n, d) * .3
Wq, Wk, Wv = [np.random.randn(d, d) * .5 for _ in range(3)]
def softmax(s):
    s = s - s.max(-1, keepdims=True)
    e = np.exp(s)
    return e / e.sum(-1, keepdims=True)
for step in range(100):
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    A = softmax(Q @ K.T / np.sqrt(d))
    O = A @ V
    loss = ((O - Y) ** 2).mean()
    dO = 2 * (O - Y) / O.size
    dV = A.T @ dO
    dA = dO @ V.T
    dS = A * (dA - (dA * A).sum(-1, keepdims=True))
@@
    dK = dS.T @ Q / np.sqrt(d)
    Wq -= 0.5 * X.T @ dQ
    Wk -= 0.5 * X.T @ dK
    Wv -= 0.5 * X.T @ dV
""",
        "    dQ = dS @ K / np.sqrt(d)",
        "    dQ = dS @ K",
    ),
    "elu, Huber's loss and momentum": (
        "wrong-operand",
        r"""
import numpy as np
np.random.seed(9)
X = np.linspace(-2, 2, 40)[:, None]; Y = np.sin(2 * X)
W1, b1 = np.random.randn(1, 12), np.random.randn(12); W2, b2 = np.random.randn(12, 1) * .3, np.zeros(1)
elu = lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1)
m1 = m2 = m3 = m4 = 0
for it in range(1, 200):
    z = X @ W1 + b1
    a = elu(z)
    o = a @ W2 + b2
    huber = np.where(np.abs(o - Y) < 1, 0.5 * (o - Y) ** 2, np.abs(o - Y) - 0.5).mean()
    d = np.clip(o - Y, -1, 1) / len(X)
@@
    m1 = 0.9 * m1 + X.T @ da; m2 = 0.9 * m2 + da.sum(0); m3 = 0.9 * m3 + a.T @ d; m4 = 0.9 * m4 + d.sum(0)
    W1 = W1 - 0.05 * m1; b1 = b1 - 0.05 * m2; W2 = W2 - 0.05 * m3; b2 = b2 - 0.05 * m4
""",
        "    da = d @ W2.T * np.where(z > 0, 1, a + 1)",
        "    da = d @ W2.T * np.where(z > 0, 1, a)",
    ),
    "three layers, a cache outside": (
        "wrong-axis",
        r"""
import numpy as np
np.random.seed(3)
def relu(x): return x * (x > 0)
def drelu(x): return (x > 0).astype(float)
X = np.random.randn(64, 5)
t = np.abs(X[:, 0]) - X[:, 1]
params = dict(W1=np.random.randn(5, 10) * .4, b1=np.zeros(10), W2=np.random.randn(10, 10) * .3, b2=np.zeros(10), w3=np.random.randn(10) * .3, b3=0.0)
cache = {}
def forward(X, p):
    cache['z1'] = X @ p['W1'] + p['b1']; cache['a1'] = relu(cache['z1'])
    cache['z2'] = cache['a1'] @ p['W2'] + p['b2']; cache['a2'] = relu(cache['z2'])
    return cache['a2'] @ p['w3'] + p['b3']
def backward(X, t, yhat, p):
    g = {}
    d3 = (yhat - t) / len(t)
    g['w3'] = cache['a2'].T @ d3
    g['b3'] = d3.sum()
    d2 = np.outer(d3, p['w3']) * drelu(cache['z2'])
    g['W2'] = cache['a1'].T @ d2
    g['b2'] = d2.sum(0)
    d1 = (d2 @ p['W2'].T) * drelu(cache['z1'])
    g['W1'] = X.T @ d1
@@
    return g
for e in range(150):
    yhat = forward(X, params)
    loss = np.mean(np.abs(yhat - t)) if False else 0.5 * np.mean((yhat - t) ** 2)
    grads = backward(X, t, yhat, params)
    for k in grads: params[k] = params[k] - 0.1 * grads[k]
""",
        "    g['b1'] = d1.sum(0)",
        "    g['b1'] = d1.sum()",
    ),
    "word vectors": (
        "dropped-edge",
        r"""
import numpy as np
rng = np.random.RandomState(7)
vocab, dim = 8, 5
pairs = [(rng.randint(vocab), rng.randint(vocab)) for _ in range(30)]
W_in = rng.randn(vocab, dim) * .3
W_out = rng.randn(dim, vocab) * .3
lr = 0.1
for epoch in range(5):
    total = 0
    for center, context in pairs:
        h = W_in[center]
        u = h @ W_out
        p = np.exp(u) / np.exp(u).sum()
        total -= np.log(p[context])
        e = p.copy()
        e[context] -= 1
@@
        dh = W_out @ e
        W_out -= lr * dW_out
        W_in[center] -= lr * dh
    print(epoch, total)
""",
        "        dW_out = np.outer(h, e)",
        "        dW_out = np.outer(h, p)",
    ),
    "a class with a bias": (
        "wrong-axis",
        r"""
import numpy as np
class NeuralNetwork:
    def __init__(self, x, y):
        rng = np.random.RandomState(5)
        self.input = x
        self.weights1 = rng.rand(self.input.shape[1], 4)
        self.weights2 = rng.rand(4, 1)
        self.bias1 = np.zeros((1, 4))
        self.bias2 = np.zeros((1, 1))
        self.y = y
    def feedforward(self):
        self.layer1 = 1 / (1 + np.exp(-(np.dot(self.input, self.weights1) + self.bias1)))
        self.output = 1 / (1 + np.exp(-(np.dot(self.layer1, self.weights2) + self.bias2)))
        return self.output
    def loss(self):
        return np.sum((self.y - self.output) ** 2)
    def backprop(self):
        d_out = 2 * (self.y - self.output) * self.output * (1 - self.output)
        d_weights2 = np.dot(self.layer1.T, d_out)
        d_hidden = np.dot(d_out, self.weights2.T) * self.layer1 * (1 - self.layer1)
        d_weights1 = np.dot(self.input.T, d_hidden)
        self.weights1 += d_weights1
        self.weights2 += d_weights2
        self.bias2 += np.sum(d_out)
@@
X = np.array([[0,0,1],[0,1,1],[1,0,1],[1,1,1]])
y = np.array([[0],[1],[1],[0]])
nn = NeuralNetwork(X, y)
for i in range(1500):
    nn.feedforward()
    l = nn.loss()
    nn.backprop()
""",
        "        self.bias1 += np.sum(d_hidden, axis=0, keepdims=True)",
        "        self.bias1 += np.sum(d_hidden)",
    ),
}
"""By name: what the mistake is called, the text, the right line and the wrong one."""

RIGHT = {
    "hinge loss, zeros by symmetry": r"""
import numpy as np
np.random.seed(12)
X = np.r_[np.random.randn(30, 2) - 1.5, np.random.randn(30, 2) + 1.5]
y = np.r_[-np.ones(30), np.ones(30)]
w = np.zeros(2); b = 0.
lam = 0.01
for epoch in range(100):
    margin = y * (X @ w + b)
    loss = np.mean(np.maximum(0, 1 - margin)) + lam * np.dot(w, w)
    active = (margin < 1).astype(float)
    dw = -(active * y) @ X / len(X) + 2 * lam * w
    db = -np.mean(active * y)
    w -= 0.1 * dw
    b -= 0.1 * db
""",
    "a matrix factorised row by row": r"""
import numpy as np
np.random.seed(5)
Rm = np.random.rand(8, 3) @ np.random.rand(3, 7)
P = np.random.rand(8, 2); Q = np.random.rand(7, 2)
for it in range(40):
    for i in range(8):
        for j in range(7):
            e = Rm[i, j] - P[i] @ Q[j]
            pi = P[i].copy()
            P[i] += 0.02 * (2 * e * Q[j] - 0.02 * P[i])
            Q[j] += 0.02 * (2 * e * pi - 0.02 * Q[j])
    total = 0
    for i in range(8):
        for j in range(7):
            total += (Rm[i, j] - P[i] @ Q[j]) ** 2 + 0.01 * (P[i] @ P[i] + Q[j] @ Q[j])
""",
}
