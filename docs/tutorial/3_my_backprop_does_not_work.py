# %% [markdown]
# # 3. My backprop does not work
#
# About fifteen minutes. You have seen [backprop by hand](2_backprop_by_hand.ipynb); now one that is wrong.
#
# **The story.** Somebody learns about neural networks, and wants to understand backprop by writing it. They take the
# simplest data they can think of, y = x² on [0, 1], and a network of two hidden layers with three sigmoids each. The
# script runs. The loss falls. But the network answers the same for every x. They read the code again and again, and in
# the end ask strangers: *is there a basic error in it? And if not, why does it not fit such simple data?*
#
# It is the question glassgrad began with. Here is the script, [story.py](story.py), with its mistakes, which are theirs.

# %%
from pathlib import Path

lines = Path("story.py").read_text(encoding="utf-8").splitlines()
for number, line in enumerate(lines[10:], 11):
    print(f"{number:3}  {line}")

# %% [markdown]
# Before you go on: read `backward` and `update`, and note what you would change.
#
# ## It runs, and the loss falls

# %%
import runpy

story = runpy.run_path("story.py", run_name="__main__")
print(f"The best constant, the mean of y, has a loss of {0.5 * story['Y'].var():.4f}.")

# %% [markdown]
# The network has become a constant. It gives the same answer whatever x is, and its loss is what the best constant has,
# half the variance of y. On the way there the loss fell, from epoch to epoch: **a falling loss proves nothing** about a
# gradient.
#
# ## To the doctor
#
# In a terminal you write `python -m autograd.doctor story.py`; in a notebook, `run`. The doctor runs the script in a
# process of its own and takes down where every number came from. From the forward pass it works out the right gradients,
# as you did in notebook 2, finds the lines that compute something else, and *tries* every line that it proposes instead.

# %%
from autograd.doctor import run

report = run("story.py", cure=False)  # cure=False: only look for wrong lines, for now
for finding in report.findings:
    print(f"line {finding.line}: {finding.code}")
    print(f"    {finding.name}: {finding.says}")
    print(f"    write: {finding.instead}\n")

# %% [markdown]
# ## Line by line
#
# - **Line 35, transposed.** The gradient of a weight is "what came in × δ": rows for what came in. Here it is the other
#   way round. Because this layer is square, the shape does not give the mistake away.
# - **Line 39, error.** The step subtracts δ alone, without what came in. It has the right sign, so the loss falls.
#   (And `dW_out`, which it should use, has its three numbers in a row, where `W_out` is a column. numpy would broadcast
#   the difference of the two into a 3 × 3 matrix, without a word; hence the `reshape`.)
# - **Lines 40 and 41, weight.** The step subtracts *the weights themselves*: each loses a thousandth of itself in every
#   step, whatever the data are. That is why the network forgot everything.
#
# The deltas are right, and so is the forward pass: nothing is said about them. And see what lines 39 to 41 have in common:
# *the step does not use the gradients at all*. However right a gradient is, a step that ignores it cannot learn from it.
#
# ## Repair, and ask again
#
# Put the lines in that the doctor proposes, and show it the result.

# %%
import tempfile

repaired = list(lines)
for finding in report.findings:
    old = repaired[finding.line - 1]
    indent = old[: len(old) - len(old.lstrip())]
    repaired[finding.line - 1] = indent + finding.instead

with tempfile.TemporaryDirectory() as folder:
    script = Path(folder, "repaired.py")
    script.write_text("\n".join(repaired), encoding="utf-8")
    print("everything right:", run(script, cure=False).ok)
    mended = runpy.run_path(str(script), run_name="__main__")

# %% [markdown]
# Every gradient is right now, and **it still does not fit**. The loss even ends a little higher than before! So here is
# the second question: why?
#
# ## Why does it not fit?
#
# Asked without `cure=False`, the doctor runs the training to its end, several times: as it is, repaired, with larger
# learning rates, with the samples shuffled. This takes some seconds, and then it knows.

# %% tags=["varies"]
report = run("story.py")
question, answer = list(report.answers.items())[1]
print(question, *answer, sep="\n  ")

# %% [markdown]
# Two causes besides the mistakes, and both count. The steps are far too short, and the samples come *in order*, from 0 to
# 1, so that the network forgets the left end while it learns the right one. Mend both; then it is ten times nearer than the
# best constant and still learning, so give it five times as many epochs, too:

# %%
import numpy as np

X, Y = mended["X"], mended["Y"]
order = np.random.default_rng(0).permutation(len(X))
fits = {"as written": story["net"], "repaired": mended["net"]}
for name, rows, epochs in (
    ("and learning rate 1", slice(None), 10),
    ("and shuffled", order, 10),
    ("and 50 epochs", order, 50),
):
    fits[name] = mended["Net"]()
    mended["train"](fits[name], X[rows], Y[rows], lr=1.0, epochs=epochs)
for name, net in fits.items():
    print(
        f"{name:19}  loss on all samples {np.mean([net.loss(x, y) for x, y in zip(X, Y)]):.4f}"
    )

# %% alt="Five curves over the parabola: as written a flat line; repaired nearly flat; with learning rate 1 far too high at the left; shuffled as well, a rise through the parabola; with 50 epochs as well, along it"
import matplotlib.pyplot as plt

plt.figure(figsize=(6, 3.5))
plt.plot(X, Y, color="black", linewidth=6, alpha=0.25, label="y = x²")
for (name, net), style in zip(fits.items(), (":", "--", "-.", (0, (5, 1)), "-")):
    plt.plot(X, [net.forward(x).item() for x in X], linestyle=style, label=name)
plt.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# So both questions have an answer. *Is there a basic error?* Yes, in four lines, and the doctor shows what to write. *Why
# does it not fit?* Because a right gradient is not enough. The next notebook, [*why it does not
# learn*](4_why_it_does_not_learn.ipynb), is about that.
#
# ## Your own code
#
# - A script: `python -m autograd.doctor my_script.py`, as it is. `--save report.html` keeps the report as a page.
# - A notebook: put the training into a function, and call `run(my_training)`.
# - A class: `diagnose_class(net, (X, Y), update="train_step", lr=0.1)` judges its gradients and its step.
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
# **2.** The last layer learns, the first one learns badly.


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
