# %% [markdown]
# # 5. From Value to Tensor to `nn`
#
# About fifteen minutes. So far every number was a `Value` of its own, or the gradients were written by hand. Here you
# write a network for the same task in three ways, each shorter than the one before: with **Values**, with **Tensors**,
# and with **`nn`**. Then a network of real use: reading handwritten digits.
#
# ## The moons
#
# Two half circles of points that cannot be told apart by a straight line:

# %% alt="Two interleaving half circles of points, blue and yellow"
import matplotlib.pyplot as plt
import numpy as np

rng = np.random.default_rng(1)
angle = np.linspace(0, np.pi, 50)
X = np.concatenate(
    [np.c_[np.cos(angle), np.sin(angle)], np.c_[1 - np.cos(angle), 0.5 - np.sin(angle)]]
)
X = X + rng.normal(scale=0.1, size=X.shape)
Y = np.repeat([-1.0, 1.0], 50)

plt.figure(figsize=(4.5, 3))
plt.scatter(*X.T, c=Y, cmap="cividis", edgecolors="black")
plt.show()

# %% [markdown]
# ## With Values: every number by itself
#
# A hidden layer of eight `tanh` units, and one output whose sign is the answer: 33 weights. The loss is the *hinge*,
# max(0, 1 − y·score): nothing to pay where a point is on the right side, with a margin.

# %%
from autograd import Value

rng = np.random.default_rng(0)
W1, b1 = rng.normal(size=(2, 8)), np.zeros(8)
W2, b2 = rng.normal(size=8), 0.0

weights = [[Value(w) for w in row] for row in W1]
biases = [Value(b) for b in b1]
out = [Value(w) for w in W2]
bias = Value(b2)


def score(point):
    hidden = [
        (sum(x * row[k] for x, row in zip(point, weights)) + biases[k]).tanh()
        for k in range(8)
    ]
    return sum(w * h for w, h in zip(out, hidden)) + bias


loss = sum(
    (1 - y * score(point)).relu() for point, y in zip(X.tolist(), Y.tolist())
) / len(X)
loss.backward()
print(
    f"loss {loss.data:.4f}, and for instance the gradient of the first weight is {weights[0][0].grad:.4f}"
)

# %% [markdown]
# Nothing is hidden here: the graph of this loss has a node for every multiplication, several thousand. That is what
# Values are for: to *see*, and to build anything. They are not for speed.
#
# ## With Tensors: every matrix by itself
#
# A `Tensor` is an array that remembers. The same formulas, without the loops:

# %%
from autograd import Tensor

T1, c1, T2, c2 = Tensor(W1, "W1"), Tensor(b1, "b1"), Tensor(W2, "W2"), Tensor(b2, "b2")


def scores(X):
    return (X @ T1 + c1).tanh() @ T2 + c2


loss = (1 - Y * scores(X)).relu().mean()
loss.label = "loss"
loss.backward()
print(
    f"loss {loss.item():.4f}, and for instance the gradient of the first weight is {T1.grad[0, 0]:.4f}"
)

# %% [markdown]
# The same numbers, from about a dozen nodes instead of thousands; each holds the numbers of all hundred points.

# %% alt="The graph of the same loss in Tensors: a dozen boxes in a column, the weight matrices beside them"
from autograd import draw

draw(loss, rankdir="TB", constants=False, legend=False)

# %% [markdown]
# And training is the loop that you know:

# %%
for step in range(300):
    loss = (1 - Y * scores(X)).relu().mean()
    for p in (T1, c1, T2, c2):
        p.grad = None
    loss.backward()
    for p in (T1, c1, T2, c2):
        p.data -= 0.5 * p.grad
print(
    f"loss {loss.item():.4f}, {np.mean(np.sign(scores(X).data) == Y):.0%} of the points on the right side"
)

# %% [markdown]
# ## With `nn`: what everybody writes, written once
#
# Layers that hold their weights and start them well, losses, optimisers, and the loop itself, `fit`. The names are those
# of PyTorch.

# %%
import nn

nn.manual_seed(0)
model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
history = nn.fit(
    model,
    (X, Y[:, None]),
    nn.hinge,
    optimizer=nn.Adam(model.parameters(), lr=0.05),
    epochs=60,
    batch_size=20,
    progress=False,
)
print(history)

# %% alt="The plane in two colours along a winding boundary, each half circle of points on its own side"
side = np.linspace(-1.7, 2.7, 80)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
plt.figure(figsize=(4.5, 3.4))
height = model(grid).data.reshape(80, 80)
plt.contourf(side, side, height > 0, levels=1, cmap="cividis", alpha=0.4)
plt.scatter(*X.T, c=Y, cmap="cividis", edgecolors="black")
plt.show()

# %% [markdown]
# When should you use which? *Values* to understand, to draw, to try an idea on single numbers. *Tensors* and `nn` to
# train. And where a program in Values is what you have, [the next notebook](6_the_backprop_you_did_not_write.ipynb)
# compiles it.
#
# ## Digits
#
# 1797 handwritten digits of 8 × 8 pixels, from scikit-learn. Keep some to be tested on, which the network never sees.

# %% alt="Ten handwritten digits, 8 by 8 pixels each"
from sklearn.datasets import load_digits

pictures, digits = load_digits(return_X_y=True)
pictures = pictures / 16  # to between 0 and 1
order = np.random.default_rng(0).permutation(len(digits))
learn, test = order[:1400], order[1400:]

figure, panels = plt.subplots(1, 10, figsize=(8, 1.1))
for panel, place in zip(panels, test, strict=False):
    panel.imshow(pictures[place].reshape(8, 8), cmap="gray_r")
    panel.set_axis_off()
plt.show()

# %%
nn.manual_seed(0)
reader = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
history = nn.fit(
    reader,
    (pictures[learn], digits[learn]),
    nn.cross_entropy,
    optimizer=nn.Adam(reader.parameters(), lr=0.01),
    epochs=15,
    batch_size=64,
    progress=False,
)
answers = reader(pictures[test]).argmax(axis=1)
print(f"loss {history.losses[0]:.2f} -> {history.losses[-1]:.2f}")
print(
    f"on the {len(test)} digits it never saw, more than 95 % are right:",
    np.mean(answers == digits[test]) > 0.95,
)

# %% [markdown]
# The last layer gives ten *scores*, one for each digit. `cross_entropy` turns them into probabilities (*softmax*) and asks
# how surprised they would be by the right answer. Its gradient is worth knowing by heart, because nearly every network
# ends in it:

# %%
s = Tensor([2.0, 1.0, -1.0], "scores")
nn.cross_entropy(s[None], np.array([0])).backward()
probabilities = np.exp(s.data) / np.exp(s.data).sum()
print("gradient:                     ", s.grad.round(4))
print("probabilities minus the truth:", (probabilities - [1, 0, 0]).round(4))

# %% [markdown]
# ## Exercises
#
# **1.** Broadcasting. A bias `b` of shape (3,) is added to a matrix of shape (5, 3), so each of its numbers is used five
# times. Given the gradient `G` of the sum, shape (5, 3), write the gradient of `b`.


# %%
def check_1(gradient_of_b):
    G = np.random.default_rng(0).normal(size=(5, 3))
    b = Tensor(np.zeros(3))
    ((np.ones((5, 3)) + b) * G).sum().backward()
    found = np.asarray(gradient_of_b(G))
    assert found.shape == (3,), (
        f"the gradient of b has the shape of b, (3,), and not {found.shape}"
    )
    assert np.allclose(found, b.grad), (
        f"it is {b.grad.round(3)}, and yours is {found.round(3)}"
    )
    print("Right.")


# check_1(lambda G: G)

# %% [markdown]
# **2.** Write the softmax of each row of `S` so that scores of 1000 do not become `nan`, and so that it can be
# differentiated. (What happens to it if you subtract the same number from all scores of a row?)

# %%
from autograd import gradcheck


def check_2(softmax):
    assert gradcheck(softmax, np.random.default_rng(0).normal(size=(2, 4)))
    shares = np.asarray(softmax(np.array([[1000.0, 1000.0, 0.0]])))
    assert np.allclose(shares, [[0.5, 0.5, 0.0]]), (
        f"of [1000, 1000, 0] it is [0.5, 0.5, 0], and yours is {shares}"
    )
    print("Right.")


# check_2(lambda S: np.exp(S) / np.exp(S).sum(axis=1, keepdims=True))

# %% [markdown]
# **3.** `backprop` for a layer with softmax and cross-entropy, from the formula above: the gradients of `W` and `b`, for a
# batch.

# %%
from autograd import diagnose


def loss_3(params, X, Y):  # Y has a 1 in the column of the right class
    S = X @ params["W"] + params["b"]
    return (np.log(np.exp(S).sum(axis=1)) - (S * Y).sum(axis=1)).mean()


def check_3(backprop):
    rng = np.random.default_rng(0)
    params = {"W": rng.normal(size=(4, 3)), "b": rng.normal(size=3)}
    batch = rng.normal(size=(10, 4)), np.eye(3)[rng.integers(0, 3, 10)]
    report = diagnose(loss_3, params, batch=batch, gradients=backprop)
    assert report.ok, f"\n{report}"
    print("Right.")


# check_3(your_backprop)

# %% [markdown]
# ## Answers

# %% tags=["hide-cell"]
# 1: what is used five times gets five gradients, added up
check_1(lambda G: G.sum(axis=0))

# %% tags=["wrong"]
check_1(lambda G: G.mean(axis=0))


# %% tags=["hide-cell"]
# 2: subtracting the largest score changes nothing, for it cancels
def softmax(S):
    powers = np.exp(S - S.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


check_2(softmax)

# %% tags=["wrong"]
with np.errstate(over="ignore", invalid="ignore"):
    check_2(lambda S: np.exp(S) / np.exp(S).sum(axis=1, keepdims=True))


# %% tags=["hide-cell"]
# 3: probabilities minus the truth, over the number of samples
def backprop_3(params, X, Y):
    delta = (softmax(X @ params["W"] + params["b"]) - Y) / len(X)
    return {"W": X.T @ delta, "b": delta.sum(axis=0)}


check_3(backprop_3)

# %% tags=["wrong"]
check_3(
    lambda params, X, Y: {
        name: len(X) * block for name, block in backprop_3(params, X, Y).items()
    }
)
