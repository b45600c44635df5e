# %% [markdown]
# # 3. My backprop does not work
#
# About fifteen minutes. You have seen [backprop by hand](2_backprop_by_hand.ipynb); now one that is wrong.
#
# **The story.** Somebody learns about neural networks, and wants to understand backprop by writing it. They take the
# simplest data they can think of, y = x² on [0, 1], and a network of two hidden layers with three sigmoids each. The
# script runs. The loss falls. But the network answers nearly the same for every x. They read the code again and again,
# and in the end ask strangers: *is there a basic error in it? And if not, why does it not fit such simple data?*
#
# It is the question glassgrad began with. Here is the network, in the form of a class; its mistakes are theirs.

# %%
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


# %% [markdown]
# Before you go on: read `backward` and `update`, and note what you would change. There are five mistakes.
#
# ## It runs, and the loss falls

# %%
X = np.random.default_rng(0).permutation(np.linspace(0, 1, 500))[:, None]
Y = X**2


def error_of(net):
    return float(
        np.mean([(y - net.forward(x)) ** 2 for x, y in zip(X, Y, strict=True)])
    )


def train(net, lr, epochs):
    errors = [error_of(net)]
    for _ in range(epochs):
        for x, y in zip(X, Y, strict=True):
            net.forward(x)
            net.backward(x, y)
            net.update(lr)
        errors.append(error_of(net))
    return errors


net = Net()
errors = train(net, lr=0.01, epochs=4)
answers = [net.forward(x).item() for x in X[:5]]
print(
    "mean squared error, before and after each epoch:",
    [round(error, 4) for error in errors],
)
print("answers for x =", X[:5, 0].round(2), "are", np.round(answers, 3))
print(f"variance of y: {Y.var():.4f}")

# %% [markdown]
# The network has become a constant. It answers the mean of y, whatever x is: the error stays at the *variance of y*, which
# is what the best constant has. On the way there the loss fell, and so **a falling loss proves nothing** about a
# gradient.
#
# ## To the doctor
#
# `diagnose_class` runs your class on some samples. From the forward pass it works out the right gradients, as in
# notebook 2, and compares them with yours; then it lets the class make one step, and judges that too.

# %%
from autograd import diagnose_class

report = diagnose_class(
    Net(), (X, Y), update="update", lr=0.01, each=True
)  # each: the class takes single samples
print(report)

# %% [markdown]
# ## Reading the report
#
# There are two tables. The first judges the **gradients** that `backward` stores, the second the **step** that `update`
# makes. Both go from the output to the input, as backprop does, because that is how errors travel: a mistake in `W_out`
# can spoil everything to its left, so begin at the top. The *relative error* is 0 for a perfect gradient; 1 is as wrong
# as a gradient of all zeros.
#
# Line by line:
#
# - **`W_out`, gradient: shape.** `delta3 * a2` has the right three numbers in a row, and W_out is a column. It looks
#   harmless. It is not: numpy would broadcast the difference of the two into a 3 × 3 matrix, without a word.
# - **`W_h`, gradient: transposed.** It is "what came in × δ": `outer(a1, delta2)`. Because this layer is square, the
#   shape does not give the mistake away.
# - **`W_in`, gradient: right.**
# - **`W_out`, step: error.** It subtracts δ alone, without what came in.
# - **`W_h` and `W_in`, step: weight.** They subtract *the weights themselves*: in every step each weight loses a
#   hundredth of itself, whatever the data are. That is why the network forgot everything and became a constant.
#
# The last paragraph of the report is the fatal one: gradient and step *disagree*. However right a gradient is, a step
# that does not use it cannot learn from it.
#
# ## Repair, and ask again
#
# One thing at a time. First the step: let it use the gradients.


# %%
class UsesItsGradients(Net):
    def update(self, lr):
        self.W_out = self.W_out - lr * self.dW_out.reshape(3, 1)
        self.W_h = self.W_h - lr * self.dW_h
        self.W_in = self.W_in - lr * self.dW_in


report = diagnose_class(UsesItsGradients(), (X, Y), update="update", lr=0.01, each=True)
for name in report:
    print(
        f"{name:6} gradient: {report[name].verdict:6} {report[name].name or '':11} step: {report.step[name].verdict}"
    )

# %% [markdown]
# The step is right now where the gradient is. What remains is the transposed `W_h`, and the shape of `dW_out`, which the
# step had to mend:


# %%
class Repaired(UsesItsGradients):
    def backward(self, x, y):
        super().backward(x, y)
        self.dW_out = np.outer(self.a2, self.delta3)
        self.dW_h = np.outer(self.a1, self.delta2)


report = diagnose_class(Repaired(), (X, Y), update="update", lr=0.01, each=True)
print("everything right:", report.ok)

# %% [markdown]
# ## Does it fit now?

# %%
repaired = Repaired()
errors = train(repaired, lr=0.01, epochs=4)
print("learning rate 0.01:", [round(error, 4) for error in errors])
fast = Repaired()
errors = train(fast, lr=1.0, epochs=10)
print("learning rate 1:   ", [round(error, 4) for error in errors])

# %% alt="Three curves over the parabola: as written the network is a flat line; repaired with learning rate 0.01 it is a gentle slope; with learning rate 1 it follows the parabola"
import matplotlib.pyplot as plt

plt.figure(figsize=(6, 3.5))
x = np.linspace(0, 1, 50)
plt.plot(x, x**2, color="black", linewidth=5, alpha=0.25, label="y = x²")
for name, each, style in (
    ("as written", net, ":"),
    ("repaired, lr 0.01", repaired, "--"),
    ("repaired, lr 1", fast, "-"),
):
    plt.plot(x, [each.forward(np.array([at])).item() for at in x], style, label=name)
plt.legend()
plt.show()

# %% [markdown]
# So both questions have an answer. *Is there a basic error?* Yes, five, and the doctor names each. *Why does it not fit?*
# Because a right gradient is not enough: at a learning rate of 0.01 these few steps do not lead far. The script had
# 0.0001. The next notebook, [*why it does not learn*](4_why_it_does_not_learn.ipynb), is about that.
#
# ## Your own code
#
# - A class like this one: `diagnose_class(net, (X, Y), update="train_step", lr=0.1)`. It finds weights and gradients by
#   their names and shapes; where it cannot, it says which argument tells it.
# - Functions: `diagnose(loss, params, batch=(X, Y), gradients=my_backprop)`, as in the exercises below.
#
# ## Exercises
#
# Three backprops from real life. Each is wrong in one place. Let the doctor look first: `print(doctor(...))`. Then repair
# the function, and take the `#` in front of the check away.

# %%
from autograd import diagnose

rng = np.random.default_rng(0)
shapes = {"W1": (2, 4), "b1": 4, "W2": (4, 1), "b2": 1}
params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
batch = rng.normal(size=(16, 2)), rng.normal(size=(16, 1))


def loss(params, X, Y):
    a1 = np.tanh(X @ params["W1"] + params["b1"])
    return 0.5 * ((a1 @ params["W2"] + params["b2"] - Y) ** 2).sum(axis=1).mean()


def doctor(backprop):
    return diagnose(loss, params, batch=batch, gradients=backprop)


def right(backprop):
    report = doctor(backprop)
    assert report.ok, f"\n{report}"
    print("Right.")


# %% [markdown]
# **1.** It learns, but sixteen times too fast, and explodes with larger batches.


# %%
def backprop_1(params, X, Y):
    a1 = np.tanh(X @ params["W1"] + params["b1"])
    delta2 = a1 @ params["W2"] + params["b2"] - Y
    delta1 = (delta2 @ params["W2"].T) * (1 - a1**2)
    return {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": a1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


def check_1(backprop):
    right(backprop)


# check_1(backprop_1)

# %% [markdown]
# **2.** The last layer learns, the first one does not.


# %%
def backprop_2(params, X, Y):
    a1 = np.tanh(X @ params["W1"] + params["b1"])
    delta2 = (a1 @ params["W2"] + params["b2"] - Y) / len(X)
    delta1 = delta2 @ params["W2"].T
    return {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": a1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


def check_2(backprop):
    right(backprop)


# check_2(backprop_2)

# %% [markdown]
# **3.** It trains well enough that nobody noticed for a month.


# %%
def backprop_3(params, X, Y):
    a1 = np.tanh(X @ params["W1"] + params["b1"])
    delta2 = (a1 @ params["W2"] + params["b2"] - Y) / len(X)
    delta1 = (delta2 @ params["W2"].T) * (1 - a1**2)
    return {
        "W1": X.T @ delta1,
        "b1": delta1.mean(axis=0),
        "W2": a1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


def check_3(backprop):
    right(backprop)


# check_3(backprop_3)

# %% [markdown]
# ## Answers


# %% tags=["hide-cell"]
# 1: the loss is a mean over the samples, so divide by their number, once, where delta begins
def backprop_1(params, X, Y):
    a1 = np.tanh(X @ params["W1"] + params["b1"])
    delta2 = (a1 @ params["W2"] + params["b2"] - Y) / len(X)
    delta1 = (delta2 @ params["W2"].T) * (1 - a1**2)
    return {
        "W1": X.T @ delta1,
        "b1": delta1.sum(axis=0),
        "W2": a1.T @ delta2,
        "b2": delta2.sum(axis=0),
    }


check_1(backprop_1)

# %% tags=["wrong"]
check_1(
    lambda params, X, Y: {
        name: 2 * block for name, block in backprop_1(params, X, Y).items()
    }
)

# %% tags=["hide-cell"]
# 2: delta1 lacks the slope of tanh, 1 - a1**2; with it, the function is that of answer 1
check_2(backprop_1)

# %% tags=["wrong"]
check_2(backprop_2)

# %% tags=["hide-cell"]
# 3: the gradient of b1 is the sum of delta1 over the samples; delta1 has been divided by their number already
check_3(backprop_1)

# %% tags=["wrong"]
check_3(backprop_3)
