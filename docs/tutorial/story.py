"""The story: a network that shall learn y = x², with backprop written by hand. It runs, and it does not learn.

Its mistakes are those of the learner with whose question this project began, so nothing here is to be copied. Notebook 3
takes it to the doctor: python -m autograd.doctor story.py
"""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


class Net:
    def __init__(self, seed=1):
        rng = np.random.default_rng(seed)
        self.W_in = rng.normal(size=(1, 3))
        self.W_h = rng.normal(size=(3, 3))
        self.W_out = rng.normal(size=(3, 1))

    def forward(self, x):
        self.a1 = sigmoid(self.W_in.T @ x)
        self.a2 = sigmoid(self.W_h.T @ self.a1)
        self.y_hat = self.W_out.T @ self.a2
        return self.y_hat

    def loss(self, x, y):
        return 0.5 * ((y - self.forward(x)) ** 2).sum()

    def backward(self, x, y):
        self.delta3 = -(y - self.y_hat)
        self.delta2 = self.a2 * (1 - self.a2) * (self.W_out @ self.delta3)
        self.delta1 = self.a1 * (1 - self.a1) * (self.W_h @ self.delta2)
        self.dW_out = self.delta3 * self.a2
        self.dW_h = np.outer(self.delta2, self.a1)
        self.dW_in = np.outer(self.delta1, x).T

    def update(self, lr):
        self.W_out = self.W_out - lr * self.delta3
        self.W_h = self.W_h - lr * self.W_h
        self.W_in = self.W_in - lr * self.W_in


def train(net, X, Y, lr, epochs):
    losses = []
    for _ in range(epochs):
        total = 0.0
        for x, y in zip(X, Y):
            total += net.loss(x, y)
            net.backward(x, y)
            net.update(lr)
        losses.append(total / len(X))
    return losses


if __name__ == "__main__":
    X = np.linspace(0, 1, 200)[:, None]
    Y = X**2
    net = Net()
    losses = train(net, X, Y, lr=0.001, epochs=10)
    print("loss of each epoch:", *(f"{loss:.4f}" for loss in losses))
    print(
        "answers for x = 0, 0.5, 1:",
        *(f"{net.forward(np.array([x]))[0]:.3f}" for x in (0, 0.5, 1)),
    )
