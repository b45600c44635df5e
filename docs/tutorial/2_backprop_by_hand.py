# %% [markdown]
# # 2. Backprop by hand
#
# About fifteen minutes, after [notebook 1](1_one_neuron.ipynb). You know what a gradient is. Now you work out all
# fifteen derivatives of a small network yourself, with numpy and no library, and then let `backward` check you. Whoever
# has done this once knows what every deep-learning library does.
#
# The network takes one number, has two hidden layers of three sigmoids, and gives one number: **1-3-3-1**, no biases.

# %%
import numpy as np

rng = np.random.default_rng(7)
W1 = rng.normal(size=(1, 3))  # from the input to the first hidden layer
W2 = rng.normal(size=(3, 3))
W3 = rng.normal(size=(3, 1))
x, y = np.array([0.8]), np.array([0.64])  # one sample of y = x²


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# %% [markdown]
# ## Forward
#
# Each layer multiplies by its weights and squeezes. The loss is half the squared error: the half is there so that its
# derivative is simply the error.

# %%
a1 = sigmoid(x @ W1)  # shape (3,)
a2 = sigmoid(a1 @ W2)  # shape (3,)
y_hat = a2 @ W3  # shape (1,)
loss = 0.5 * ((y_hat - y) ** 2).sum()
print("a1    ", a1.round(4))
print("a2    ", a2.round(4))
print("y_hat ", y_hat.round(4), " wanted", y)
print(f"loss   {loss:.4f}")

# %% [markdown]
# ## Backward, one question at a time
#
# Write δ ("delta") for *how much the loss changes when the sum that enters a layer changes*. Begin at the end, where the
# answer is easy, and go to the left.
#
# **The output.** The loss is ½(ŷ − y)², so its derivative to ŷ is ŷ − y. The output layer squeezes nothing, so this is
# its δ.

# %%
delta3 = y_hat - y
print("delta3", delta3.round(4))

# %% [markdown]
# **The weights of the output.** ŷ = a₂[0]·W₃[0] + a₂[1]·W₃[1] + a₂[2]·W₃[2]. Change W₃[0] by a little, and ŷ changes by
# a₂[0] times that; the loss changes by δ₃ times *that*. So the gradient of a weight is
#
# > **what came in on the left × δ on the right.**
#
# For a whole matrix this is the outer product, with the shape of the weights: rows for the left, columns for the right.

# %%
dW3 = np.outer(a2, delta3)
print(dW3.round(4), "shape", dW3.shape, "like W3", W3.shape)

# %% [markdown]
# **One layer to the left.** How much does the loss change with a₂? Each unit reaches the output through its weight, so
# `W3 @ delta3`. And with the sum before the squeezing? The sigmoid's slope is a(1 − a), so multiply by it:

# %%
delta2 = (W3 @ delta3) * a2 * (1 - a2)
dW2 = np.outer(a1, delta2)  # what came in on the left, times delta on the right: again
print("delta2", delta2.round(4))
print(dW2.round(4))

# %% [markdown]
# **And again.** Nothing new: δ through the weights, times the slope; then the outer product.

# %%
delta1 = (W2 @ delta2) * a1 * (1 - a1)
dW1 = np.outer(x, delta1)
print("delta1", delta1.round(4))
print(dW1.round(4))

# %% [markdown]
# Look at how small δ has become on its way. A sigmoid's slope is at most ¼, so unless the weights are large, every layer
# takes away three quarters or more. This is the *vanishing gradient*; [notebook 4](4_why_it_does_not_learn.ipynb) is about what to do.
#
# ## Now let the engine do it
#
# Take the forward pass as it stands, and fill the matrices with `Value`s. That is all: numpy's own operators work on
# them.

# %%
from autograd import draw, grads, values

V1, V2, V3 = values(W1, label="W1"), values(W2, label="W2"), values(W3, label="W3")
recorded = 0.5 * ((sigmoid(sigmoid(x @ V1) @ V2) @ V3 - y) ** 2).sum()
recorded.backward()
for name, mine, exact in (
    ("W3", dW3, grads(V3)),
    ("W2", dW2, grads(V2)),
    ("W1", dW1, grads(V1)),
):
    print(
        f"{name}: the same as yours, to twelve digits:",
        np.allclose(mine, exact, rtol=1e-12, atol=0),
    )

# %% [markdown]
# All fifteen agree. To see the whole of it in one picture, take `Tensor`s, which are whole arrays and draw as one box each.
# The larger the gradient of a number, the more vivid is its cell: blue where it is positive, red where it is negative.
# Read it from below, as backward does: see how the gradient fades to grey on its way up to `W1`.

# %% alt="The graph of the 1-3-3-1 network as matrices: the cells are vivid at the loss and at W3, and grey at W1"
from autograd import Tensor

T1, T2, T3 = Tensor(W1, "W1"), Tensor(W2, "W2"), Tensor(W3, "W3")
drawn = 0.5 * ((((x @ T1).sigmoid() @ T2).sigmoid() @ T3 - y) ** 2).sum()
drawn.label = "loss"
drawn.backward()
draw(drawn, rankdir="TB", constants=False, legend=False)

# %% [markdown]
# Want to see every single multiplication? `inspect(recorded)` makes a page that plays backward step by step, with both
# numbers of each; in Jupyter it shows itself, and `inspect(recorded).save("backward.html")` writes it to a file. The
# gallery of the documentation has one.

# %% [markdown]
# ## Many samples at once
#
# With a batch, `X` has one sample in each row, and everything above gets one more axis. The outer product of one sample
# becomes a matrix product, which adds over the samples:


# %%
def forward(params, X, Y):
    a1 = sigmoid(X @ params["W1"])
    a2 = sigmoid(a1 @ params["W2"])
    return 0.5 * ((a2 @ params["W3"] - Y) ** 2).sum(axis=1).mean()


def backprop(params, X, Y):
    a1 = sigmoid(X @ params["W1"])
    a2 = sigmoid(a1 @ params["W2"])
    delta3 = (a2 @ params["W3"] - Y) / len(X)  # the mean over the samples
    delta2 = (delta3 @ params["W3"].T) * a2 * (1 - a2)
    delta1 = (delta2 @ params["W2"].T) * a1 * (1 - a1)
    return {"W1": X.T @ delta1, "W2": a1.T @ delta2, "W3": a2.T @ delta3}


# %% [markdown]
# `diagnose` compares a handwritten backprop with the right one, block by block, at several points. You will use it in the
# exercises; here is what it says when all is well:

# %%
from autograd import diagnose

params = {"W1": W1, "W2": W2, "W3": W3}
X = np.linspace(0, 1, 20)[:, None]
print(diagnose(forward, params, batch=(X, X**2), gradients=backprop))

# %% [markdown]
# ## It learns
#
# Step against the gradient, and the network fits the parabola:


# %%
def train(params, X, Y, gradients, lr, steps):
    params = {name: W.copy() for name, W in params.items()}
    losses = []
    for _ in range(steps):
        losses.append(float(forward(params, X, Y)))
        for name, dW in gradients(params, X, Y).items():
            params[name] -= lr * dW
    return params, losses


trained, losses = train(params, X, X**2, backprop, lr=3.0, steps=4000)
print(f"loss {losses[0]:.4f} -> {losses[-1]:.6f}")

# %% alt="Left, the loss falls over 4000 steps; right, the network's curve lies on the parabola after training"
import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
left.semilogy(losses)
left.set(xlabel="step", ylabel="loss")
right.plot(X, X**2, color="black", linewidth=5, alpha=0.25, label="y = x²")
for name, weights in (("before", params), ("after", trained)):
    right.plot(
        X,
        sigmoid(sigmoid(X @ weights["W1"]) @ weights["W2"]) @ weights["W3"],
        label=name,
    )
right.legend()
plt.show()

# %% [markdown]
# ## Exercises
#
# Take the `#` in front of the check away when you have an answer. If it is not right, the doctor says where.
#
# **1.** The same network with `tanh` in place of the sigmoid, forward and backward: the slope of `tanh` is 1 − a².


# %%
def forward_1(params, X, Y):
    a1 = np.tanh(X @ params["W1"])
    a2 = np.tanh(a1 @ params["W2"])
    return 0.5 * ((a2 @ params["W3"] - Y) ** 2).sum(axis=1).mean()


def check(forward, gradients, params):
    rng = np.random.default_rng(0)
    report = diagnose(
        forward,
        params,
        batch=(rng.normal(size=(20, 1)), rng.normal(size=(20, 1))),
        gradients=gradients,
    )
    assert report.ok, f"\n{report}"
    print("Right.")


def check_1(gradients):
    check(forward_1, gradients, params)


# check_1(backprop)      # backprop is the one of above, and wrong here: write your own

# %% [markdown]
# **2.** Biases. The gradient of a bias is "what came in on the left × δ", and what came in on the left is 1; over a batch,
# add up the samples.


# %%
def forward_2(params, X, Y):
    a1 = sigmoid(X @ params["W1"] + params["b1"])
    return 0.5 * ((a1 @ params["W2"] + params["b2"] - Y) ** 2).sum(axis=1).mean()


def check_2(gradients):
    rng = np.random.default_rng(1)
    shapes = {"W1": (1, 3), "b1": 3, "W2": (3, 1), "b2": 1}
    check(
        forward_2,
        gradients,
        {name: rng.normal(size=shape) for name, shape in shapes.items()},
    )


# check_2(your_backprop)

# %% [markdown]
# **3.** A penalty on large weights, ½·λ·‖W‖² for every matrix, with λ = 0.1: change `backprop` for this loss.


# %%
def forward_3(params, X, Y):
    return forward(params, X, Y) + 0.5 * 0.1 * sum(
        (W**2).sum() for W in params.values()
    )


def check_3(gradients):
    check(forward_3, gradients, params)


# check_3(your_backprop)

# %% [markdown]
# ## Answers


# %% tags=["hide-cell"]
# 1: 1 - a**2 in both places
def backprop_1(params, X, Y):
    a1 = np.tanh(X @ params["W1"])
    a2 = np.tanh(a1 @ params["W2"])
    delta3 = (a2 @ params["W3"] - Y) / len(X)
    delta2 = (delta3 @ params["W3"].T) * (1 - a2**2)
    delta1 = (delta2 @ params["W2"].T) * (1 - a1**2)
    return {"W1": X.T @ delta1, "W2": a1.T @ delta2, "W3": a2.T @ delta3}


check_1(backprop_1)

# %% tags=["wrong"]
check_1(backprop)


# %% tags=["hide-cell"]
# 2: the sum of delta over the samples
def backprop_2(params, X, Y):
    a1 = sigmoid(X @ params["W1"] + params["b1"])
    delta2 = (a1 @ params["W2"] + params["b2"] - Y) / len(X)
    delta1 = (delta2 @ params["W2"].T) * a1 * (1 - a1)
    return {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": a1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


check_2(backprop_2)

# %% tags=["wrong"]
check_2(lambda params, X, Y: {**backprop_2(params, X, Y), "b1": np.zeros(3)})


# %% tags=["hide-cell"]
# 3: the derivative of a sum is the sum of the derivatives
def backprop_3(params, X, Y):
    return {
        name: dW + 0.1 * params[name] for name, dW in backprop(params, X, Y).items()
    }


check_3(backprop_3)

# %% tags=["wrong"]
check_3(backprop)
