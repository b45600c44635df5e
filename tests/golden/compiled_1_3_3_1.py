"""Written from a function of one sample: what it computes over a batch. Needs nothing but numpy."""

import numpy as np


def sigmoid(x):
    """1 / (1 + exp(-x)), the logistic function."""
    abs_0 = np.abs(x)
    exp_0 = np.exp(-abs_0)
    choice_0 = np.where(x >= 0, 1, exp_0)
    return choice_0 / (1 + exp_0)


def value_and_grad(theta, x, y):
    """The mean of the loss over a batch, and its derivative to each number of theta."""
    (
        w1_0_0, w1_1_0, w1_2_0, b1_0, b1_1, b1_2, w2_0_0, w2_0_1, w2_0_2, w2_1_0, w2_1_1, w2_1_2, w2_2_0, w2_2_1,
        w2_2_2, b2_0, b2_1, b2_2, w3_0_0, w3_0_1, w3_0_2, b3_0,
    ) = theta
    n = len(x)

    # forward
    z0 = b1_0 + w1_0_0 * x  # add
    a0 = sigmoid(z0)  # sigmoid
    z1 = b1_1 + w1_1_0 * x  # add
    a1 = sigmoid(z1)  # sigmoid
    z2 = b1_2 + w1_2_0 * x  # add
    a2 = sigmoid(z2)  # sigmoid
    z3 = b2_0 + w2_0_0 * a0 + w2_0_1 * a1 + w2_0_2 * a2  # add
    a3 = sigmoid(z3)  # sigmoid
    z4 = b2_1 + w2_1_0 * a0 + w2_1_1 * a1 + w2_1_2 * a2  # add
    a4 = sigmoid(z4)  # sigmoid
    z5 = b2_2 + w2_2_0 * a0 + w2_2_1 * a1 + w2_2_2 * a2  # add
    a5 = sigmoid(z5)  # sigmoid
    z6 = b3_0 + w3_0_0 * a3 + w3_0_1 * a4 + w3_0_2 * a5  # add
    a6 = sigmoid(z6)  # sigmoid
    difference_0 = a6 - y  # subtract
    loss = (difference_0**2 / 2).sum() / n  # mean over the batch

    # backward
    d_z6 = difference_0 * (a6 * (1 - a6))  # multiply: ∂loss/∂z6
    d_b3_0 = d_z6.sum() / n  # mean over the batch: ∂loss/∂b3_0
    d_w3_0_2 = d_z6 @ a5 / n  # mean over the batch: ∂loss/∂w3_0_2
    d_a5 = d_z6 * w3_0_2  # multiply: ∂loss/∂a5
    d_w3_0_1 = d_z6 @ a4 / n  # mean over the batch: ∂loss/∂w3_0_1
    d_a4 = d_z6 * w3_0_1  # multiply: ∂loss/∂a4
    d_w3_0_0 = d_z6 @ a3 / n  # mean over the batch: ∂loss/∂w3_0_0
    d_a3 = d_z6 * w3_0_0  # multiply: ∂loss/∂a3
    d_z5 = d_a5 * (a5 * (1 - a5))  # multiply: ∂loss/∂z5
    d_b2_2 = d_z5.sum() / n  # mean over the batch: ∂loss/∂b2_2
    d_w2_2_2 = d_z5 @ a2 / n  # mean over the batch: ∂loss/∂w2_2_2
    d_w2_2_1 = d_z5 @ a1 / n  # mean over the batch: ∂loss/∂w2_2_1
    d_w2_2_0 = d_z5 @ a0 / n  # mean over the batch: ∂loss/∂w2_2_0
    d_z4 = d_a4 * (a4 * (1 - a4))  # multiply: ∂loss/∂z4
    d_b2_1 = d_z4.sum() / n  # mean over the batch: ∂loss/∂b2_1
    d_w2_1_2 = d_z4 @ a2 / n  # mean over the batch: ∂loss/∂w2_1_2
    d_w2_1_1 = d_z4 @ a1 / n  # mean over the batch: ∂loss/∂w2_1_1
    d_w2_1_0 = d_z4 @ a0 / n  # mean over the batch: ∂loss/∂w2_1_0
    d_z3 = d_a3 * (a3 * (1 - a3))  # multiply: ∂loss/∂z3
    d_b2_0 = d_z3.sum() / n  # mean over the batch: ∂loss/∂b2_0
    d_w2_0_2 = d_z3 @ a2 / n  # mean over the batch: ∂loss/∂w2_0_2
    d_w2_0_1 = d_z3 @ a1 / n  # mean over the batch: ∂loss/∂w2_0_1
    d_w2_0_0 = d_z3 @ a0 / n  # mean over the batch: ∂loss/∂w2_0_0
    d_a2 = d_z5 * w2_2_2 + d_z4 * w2_1_2 + d_z3 * w2_0_2  # add: ∂loss/∂a2
    d_z2 = d_a2 * (a2 * (1 - a2))  # multiply: ∂loss/∂z2
    d_b1_2 = d_z2.sum() / n  # mean over the batch: ∂loss/∂b1_2
    d_w1_2_0 = d_z2 @ x / n  # mean over the batch: ∂loss/∂w1_2_0
    d_a1 = d_z5 * w2_2_1 + d_z4 * w2_1_1 + d_z3 * w2_0_1  # add: ∂loss/∂a1
    d_z1 = d_a1 * (a1 * (1 - a1))  # multiply: ∂loss/∂z1
    d_b1_1 = d_z1.sum() / n  # mean over the batch: ∂loss/∂b1_1
    d_w1_1_0 = d_z1 @ x / n  # mean over the batch: ∂loss/∂w1_1_0
    d_a0 = d_z5 * w2_2_0 + d_z4 * w2_1_0 + d_z3 * w2_0_0  # add: ∂loss/∂a0
    d_z0 = d_a0 * (a0 * (1 - a0))  # multiply: ∂loss/∂z0
    d_b1_0 = d_z0.sum() / n  # mean over the batch: ∂loss/∂b1_0
    d_w1_0_0 = d_z0 @ x / n  # mean over the batch: ∂loss/∂w1_0_0

    return loss, np.array([
        d_w1_0_0, d_w1_1_0, d_w1_2_0, d_b1_0, d_b1_1, d_b1_2, d_w2_0_0, d_w2_0_1, d_w2_0_2, d_w2_1_0, d_w2_1_1,
        d_w2_1_2, d_w2_2_0, d_w2_2_1, d_w2_2_2, d_b2_0, d_b2_1, d_b2_2, d_w3_0_0, d_w3_0_1, d_w3_0_2, d_b3_0,
    ], dtype=float)
