# %% [markdown]
# # 6. The backprop you did not have to write
#
# About ten minutes, after [notebook 2](2_backprop_by_hand.ipynb). There you wrote backprop by hand: five lines of
# matrices, fast, and easy to get wrong. `backward` is always right, but it walks through a graph each time. Can you
# have both? Write only the forward pass, and let the engine *write the program* that you would have written.
#
# ## From one sample to a program
#
# `compile` calls your function once, with numbers that record what happens to them. From the record it writes the
# forward and the backward pass down, as ordinary Python, for a whole batch.

# %%
import numpy as np
from autograd import Value, compile

w, b = Value(0.5, "w"), Value(-1.0, "b")


def loss_of_one(x, y):
    return ((w * x + b).tanh() - y) ** 2


step = compile(loss_of_one, [w, b], engine="numpy")
mean_loss = step(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.5, 1.0]))
print(f"mean loss {mean_loss:.4f}, w.grad = {w.grad:.4f}, b.grad = {b.grad:.4f}")

# %%
print(step.source)

# %% [markdown]
# Read it: it is notebook 2's method. Forward, and then from the loss to the left, each line one multiplication by a local
# derivative: `1 - a0 * a0` is the slope of `tanh`. It needs nothing but numpy; you can paste it into any program.
#
# ## A network in matrices
#
# With `Tensor`s the record is one of whole arrays, and so is the program:

# %%
from autograd import Tensor

rng = np.random.default_rng(7)
W1 = Tensor(rng.normal(size=(1, 3)), "W1")
W2 = Tensor(rng.normal(size=(3, 3)), "W2")
W3 = Tensor(rng.normal(size=(3, 1)), "W3")


def loss(X, Y):
    hidden = (X @ W1).sigmoid()
    error = (hidden @ W2).sigmoid() @ W3 - Y
    return 0.5 * (error**2).sum() / len(X)


X = np.linspace(0, 1, 1000)[:, None]
Y = X**2
network = compile(loss, [W1, W2, W3], engine="numpy")
network(X, Y)
print(network.source[network.source.index("    # forward") :])

# %% [markdown]
# Put it beside your own from notebook 2: `delta2 = (delta3 @ W3.T) * a2 * (1 - a2)`. It is the same program. Nobody wrote
# it, and nobody got it wrong: `diagnose` would have nothing to say.
#
# ## How fast?
#
# The scalar program can also become machine code (with `llvmlite`, which the extra `fast` brings). Here is the same network
# once more, in Values: the loss and all gradients of a thousand samples, computed in three ways.

# %% tags=["measured"]
import importlib.util
import timeit

from autograd import values

V1, V2, V3 = values(W1.data), values(W2.data), values(W3.data)
parameters = [*V1.flat, *V2.flat, *V3.flat]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def loss_of_one(x, y):
    y_hat = sigmoid(sigmoid(np.array([x]) @ V1) @ V2) @ V3
    return 0.5 * ((y_hat - y) ** 2).sum()


def eager():  # a graph for each sample, and a walk through it
    for x, y in zip(X[:50, 0], Y[:50, 0]):
        loss_of_one(x, y).backward()


def seconds(run, repeat=5):
    return min(timeit.repeat(run, number=1, repeat=repeat))


fastest = "llvm" if importlib.util.find_spec("llvmlite") else "numpy"
program = compile(loss_of_one, parameters, engine="numpy")
machine = compile(loss_of_one, parameters, engine=fastest)
for each in (program, machine):
    each(X[:, 0], Y[:, 0])  # the first call records, writes and compiles
walk = 20 * seconds(eager)
print(f"a walk through a graph for each sample {walk * 1e3:8.2f} ms")
for name, each in (
    ("the program, run by numpy", program),
    ("as machine code", machine),
):
    took = seconds(lambda each=each: each(X[:, 0], Y[:, 0]), 30)
    print(f"{name:38} {took * 1e3:8.2f} ms, {walk / took:6.0f} times as fast")

# %% [markdown]
# ## Better than gradient descent
#
# A program that gives loss and gradient for one flat vector of weights is what every optimiser wants. scipy's L-BFGS
# needs about a hundred steps where plain gradient descent needs many thousands:

# %%
from scipy.optimize import minimize

start = program.pack()  # all weights as one vector
found = minimize(
    program.value_and_grad,
    start,
    (X[:, 0], Y[:, 0]),
    jac=True,
    method="L-BFGS-B",
    options={"maxiter": 500},
)
print(
    f"mean squared error at the start {2 * program.value_and_grad(start, X[:, 0], Y[:, 0])[0]:.3f}"
)
print("at the end below 0.0005, without biases:", 2 * found.fun < 5e-4)

# %% alt="The network's curve after L-BFGS lies exactly on the parabola"
import matplotlib.pyplot as plt
from autograd import data

program.unpack(found.x)  # the weights, back into the Values
plt.figure(figsize=(5, 3))
plt.plot(X, Y, color="black", linewidth=5, alpha=0.25, label="y = x²")
plt.plot(
    X, sigmoid(sigmoid(X @ data(V1)) @ data(V2)) @ data(V3), label="fitted by L-BFGS"
)
plt.legend()
plt.show()

# %% [markdown]
# ## What it cannot do
#
# The record is of *one* run. A Python `if` on a number would be decided while recording, and stay decided: the engine
# notices, and says what to write instead.

# %%
from autograd import TraceError

try:
    compile(lambda x: w * x if x > 0 else b * x, [w, b])(np.array([1.0, -1.0]))
except TraceError as error:
    print("it", str(error)[str(error).index("branches") :])

# %% [markdown]
# ## Exercises
#
# **1.** Write this loss so that it can be compiled: |w·x − y| where that is at most 1, and (w·x − y)² where it is more.


# %%
def loss_1(w, x, y):
    error = w * x - y
    if abs(error) <= 1:
        return abs(error)
    return error**2


def check_1(loss):
    w = Value(2.0, "w")
    step = compile(lambda x, y: loss(w, x, y), [w], engine="numpy")
    value = step(np.array([1.0, 1.0, 2.0]), np.array([1.5, 5.0, 0.5]))
    assert abs(value - (0.5 + 9 + 12.25) / 3) < 1e-9, f"the loss is {value}"
    assert abs(w.grad - (1 - 6 + 14) / 3) < 1e-9, f"the gradient is {w.grad}"
    print("Right.")


# check_1(loss_1)

# %% [markdown]
# **2.** Write by hand what `compile` writes: `value_and_grad(theta, x, y)` for the loss (w·x + b − y)², mean over the batch,
# where theta is `[w, b]`.


# %%
def check_2(value_and_grad):
    w, b = Value(0.3, "w"), Value(-0.2, "b")
    step = compile(lambda x, y: (w * x + b - y) ** 2, [w, b], engine="numpy")
    x, y = np.random.default_rng(0).normal(size=(2, 9))
    value, gradient = step.value_and_grad(step.pack(), x, y)
    yours, your_gradient = value_and_grad(step.pack(), x, y)
    assert np.isclose(yours, value), f"the loss is {value:.4f}, and yours {yours:.4f}"
    assert np.allclose(your_gradient, gradient), (
        f"the gradient is {gradient}, and yours {your_gradient}"
    )
    print("Right.")


# check_2(your_value_and_grad)

# %% [markdown]
# **3.** Find the minimum of Rosenbrock's function, (1 − x)² + 100·(y − x²)², with scipy and a gradient that you did not
# write. (`autograd.value_and_grad` makes what scipy wants from a function of a vector.)


# %%
def check_3(found):
    assert np.allclose(found, [1, 1], atol=1e-4), (
        f"the minimum is at (1, 1), and yours at {found}"
    )
    print("Right.")


# check_3(your_minimum)

# %% [markdown]
# ## Answers

# %% tags=["hide-cell"]
# 1: where() computes both sides and selects
from autograd import where


def loss_1(w, x, y):
    error = w * x - y
    return where(abs(error) <= 1, abs(error), error**2)


check_1(loss_1)

# %% tags=["wrong"]
check_1(lambda w, x, y: (w * x - y) ** 2)


# %% tags=["hide-cell"]
# 2: the error, its derivative 2 * error / n, and what came in on the left: x and 1
def by_hand(theta, x, y):
    w, b = theta
    error = w * x + b - y
    d_error = 2 * error / len(x)
    return (error**2).mean(), np.array([d_error @ x, d_error.sum()])


check_2(by_hand)

# %% tags=["wrong"]
check_2(lambda theta, x, y: (by_hand(theta, x, y)[0], 2 * by_hand(theta, x, y)[1]))

# %% tags=["hide-cell"]
# 3: the two coordinates are the parameters
from autograd import value_and_grad

rosenbrock = value_and_grad(lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2)
check_3(minimize(rosenbrock, np.array([-1.2, 1.0]), jac=True).x)

# %% tags=["wrong"]
check_3([-1.2, 1.0])
