"""Kernels, object by object: pieces of a gradient that are written over, and an array handed back that nobody takes."""

from __future__ import annotations

from .test_mended import START, told

CONV = (
    START
    + """
X, Y = gen.randn(4, 1, 4, 4), gen.randn(4, 2, 3, 3) * 0.5

def slide(a, k):
    h, w = k.shape
    span = range(a.shape[0] - h + 1)
    return np.array([[np.sum(a[i:i + h, j:j + w] * k) for j in span] for i in span])

class Layer:
    def __init__(self):
        self.K, self.b = gen.randn(2, 1, 2, 2), gen.rand(2)

    def forth(self, x):
        self.x, self.z = x, np.zeros((len(x), 2, 3, 3))
        for n in range(len(x)):
            for i in range(2):
                for j in range(1):
                    self.z[n, i] += slide(x[n, j], self.K[i, j])
                self.z[n, i] += self.b[i]
        return np.tanh(self.z)

    def back(self, g):
        g = g * (1 - np.tanh(self.z) ** 2)
        dK, dx = np.zeros(self.K.shape), np.zeros(self.x.shape)
        for n in range(len(self.x)):
            for i in range(2):
                for j in range(1):
                    dK[i, j] += slide(self.x[n, j], g[n, i])
                    dx[n, j] += slide(np.pad(g[n, i], 1), self.K[i, j][::-1, ::-1])
        self.K -= 0.01 * dK
        self.b -= 0.01 * g.sum(axis=(0, 2, 3))
        return dx

layer = Layer()
for turn in range(5):
    p = layer.forth(X)
    print(np.sum((p - Y) ** 2) / 2)
    layer.back(p - Y)
"""
)


def test_what_is_handed_back_and_not_taken_moves_no_step() -> None:
    assert {block["verdict"] for block in told(CONV)["blocks"]} == {"right"}


def test_pieces_that_are_written_over() -> None:
    (fault,) = told(CONV.replace("dK[i, j] +=", "dK[i, j] ="))["faults"]
    assert fault["name"] == "overwritten"
    assert fault["instead"].strip() == "dK[i, j] += slide(self.x[n, j], g[n, i])"
