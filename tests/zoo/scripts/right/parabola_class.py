import numpy as np
import matplotlib.pyplot as plt


class Network:
    def __init__(self, rate, epochs):
        self.X = np.linspace(0, 1, 200)
        self.Y = self.X ** 2
        plt.plot(self.X, self.Y)
        self.rate = rate
        self.epochs = epochs
        np.random.seed(3)
        self.W1 = np.random.randn(1, 4)
        self.W2 = np.random.randn(4, 4)
        self.W3 = np.random.randn(4, 1)
        self.Grad_W1 = np.random.randn(1, 4)
        self.Grad_W2 = np.random.randn(4, 4)
        self.Grad_W3 = np.random.randn(4, 1)
        self.Act = np.ones((4, 2))
        self.Delta = np.ones((4, 2))
        self.errors = []

    def squash(self, v):
        return 1 / (1 + np.exp(-v))

    def forward(self, x):
        for layer in range(self.Act.shape[1]):
            if layer == 0:
                z = self.W1.T @ x.reshape(1, 1)
                self.Act[:, 0] = self.squash(z).ravel()
            else:
                z = self.W2.T @ self.Act[:, layer - 1]
                self.Act[:, layer] = self.squash(z)
        return self.W3.T @ self.Act[:, -1]

    def backward(self, y, x):
        self.out_grad = -(y - self.y_pred)
        self.Delta[:, 1] = self.Act[:, 1] * (1 - self.Act[:, 1]) * (self.W3 @ self.out_grad)
        self.Delta[:, 0] = self.Act[:, 0] * (1 - self.Act[:, 0]) * (self.W2 @ self.Delta[:, 1])
        self.Grad_W3 = (self.out_grad * self.Act[:, -1]).reshape(4, 1)
        self.Grad_W2 = self.Act[:, 0].reshape(4, 1) * self.Delta[:, 1].reshape(1, 4)
        self.Grad_W1 = (self.Delta[:, 0].reshape(4, 1) * x).T

    def step(self, lr):
        old3 = self.W3.copy()
        self.W3 = old3 - lr * self.Grad_W3
        old2 = self.W2.copy()
        self.W2 = old2 - lr * self.Grad_W2
        old1 = self.W1.copy()
        self.W1 = old1 - lr * self.Grad_W1

    def cost(self, y_pred, y):
        c = 0.5 * (y - y_pred) ** 2
        self.errors.append(c[0])
        return 0.5 * (y - y_pred) ** 2

    def train(self):
        for _ in range(self.epochs):
            for i in range(len(self.X)):
                self.y_pred = self.forward(self.X[i])
                self.c = self.cost(self.y_pred, self.Y[i])
                self.backward(self.Y[i], self.X[i])
                self.step(self.rate)
        plt.plot(self.X, [self.forward(x)[0] for x in self.X])
        plt.show()


if __name__ == "__main__":
    Network(0.1, 3).train()
