# %% [markdown]
# # 7. A GPT in scalars
#
# About fifteen minutes. A language model, of the kind behind chatbots, is a program that guesses the next letter. This
# one is a hundred lines, and there is no array in it: every multiplication is of two single numbers. So nothing about it
# is hidden, and you can draw any part.
#
# The program was written for **micrograd**, Andrej Karpathy's engine for teaching, in which a Value knows `+`, `*`, `**`
# and `relu`, and little else. It lies beside this notebook, in [scalar_gpt.py](scalar_gpt.py). Here is its heart:

# %%
from pathlib import Path

text = Path("scalar_gpt.py").read_text(encoding="utf-8")
print(text[text.index("def shares") : text.index("def loss")])

# %% [markdown]
# For each place in a name it does this:
#
# 1. **Embed.** The letter and its place become 8 numbers, `x`.
# 2. **Attend.** `x` is turned into a *query*, what am I looking for; each earlier place offers a *key*, what have I got,
#    and a *value*, what do I say. Query · key is a score; `shares` turns the scores into shares of 1; the values are mixed
#    by these shares. There are keys of this and earlier places only, so the model cannot look ahead.
# 3. **Think.** A small network with `relu`, added to `x`.
# 4. **Guess.** A score for each letter, again as shares of 1.
#
# (A GPT takes *softmax* for the shares, which needs exp. micrograd's Value has none, and squares of `relu` serve.)
#
# ## The same program, with another import
#
# Run it twice: as it is, and with the one import changed.

# %%
micrograd, ours = {}, {}
exec(text, micrograd)
exec(text.replace("from micrograd.engine import", "from autograd import"), ours)

given, wanted = ours["example"]("marta")
for program in (micrograd, ours):
    program["total"] = program["loss"](given, wanted)
    program["total"].backward()
apart = max(
    abs(a.grad - b.grad) for a, b in zip(micrograd["parameters"], ours["parameters"])
)
print(
    f"{len(ours['parameters'])} parameters; loss {micrograd['total'].data:.6f} and {ours['total'].data:.6f}"
)
print("all gradients agree to 12 digits:", apart < 1e-12)

# %% [markdown]
# Not a line of the model was changed. And how long does one pass take, forward and backward, for one name? The third way
# is [the last notebook's](6_the_backprop_you_did_not_write.ipynb): `compile` records the loss once, and makes a program
# of it.

# %% tags=["measured"]
import importlib.util
import timeit

import numpy as np
from autograd import compile

fast = importlib.util.find_spec("llvmlite") is not None
step = compile(ours["loss"], ours["parameters"], engine="llvm" if fast else "numpy")
examples = [ours["example"](name) for name in ours["NAMES"]]
G, W = np.array([g for g, _ in examples]), np.array([w for _, w in examples])
step(G[:1], W[:1])

ways = {
    "micrograd": lambda: micrograd["loss"](given, wanted).backward(),
    "glassgrad, eager": lambda: ours["loss"](given, wanted).backward(),
    "glassgrad, compiled": lambda: step(G[:1], W[:1]),
}
took = {
    name: min(timeit.repeat(run, number=1, repeat=10)) for name, run in ways.items()
}
for name, seconds in took.items():
    times = took["micrograd"] / seconds
    print(
        f"{name:20} {seconds * 1e3:8.3f} ms     {times:7.1f} times as fast as micrograd"
    )

# %% [markdown]
# Those were measured on the machine that made this page, where the eager engine ran as plain Python; a wheel from PyPI
# has it compiled, which is faster still.
#
# ## It learns to make up names
#
# With the compiled step a training takes a second. The optimiser is `nn`'s Adam, on the vector of all parameters.

# %%
import nn
from autograd import Tensor

theta = Tensor(step.pack())
optimizer = nn.Adam([theta], lr=0.02)
losses = []
steps = 1000 if fast else 300
for k in range(steps):
    loss, theta.grad = step.value_and_grad(theta.data, G, W)
    losses.append(loss)
    optimizer.lr = 0.02 * (1 - k / steps)
    optimizer.step()
step.unpack(theta.data)  # back into the Values
print("the loss of a name fell to less than half:", losses[-1] < 0.5 * losses[0])

# %% alt="The loss of a name falls steeply in the first two hundred steps, then slowly"
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 2.6))
plt.plot(losses)
plt.xlabel("step")
plt.ylabel("mean loss of a name")
plt.show()

# %% [markdown]
# To make a name up: give it the dot that opens a name, draw the next letter by the shares, and go on until it draws the
# dot. (Yours will differ: they depend on the last digit of every number.)

# %% tags=["varies"]
import random

from autograd import no_grad

random.seed(2)
LETTERS = ours["LETTERS"]


def made_up():
    name = ""
    while len(name) < ours["BLOCK"] - 1:
        given, _ = ours["example"](name)
        with no_grad():
            chances = ours["predict"](given)[len(name)]
        letter = random.choices(LETTERS, [share.data**1.5 for share in chances])[0]
        if letter == ".":
            break
        name += letter
    return name


print(*[made_up() for _ in range(12)])

# %% [markdown]
# ## Where it looks
#
# `predict` can note its attention: for each place, the shares that the earlier places got.

# %% alt="A triangular matrix: each letter of .marta looks at itself and at the letters before it, and never ahead"
attention = []
given, _ = ours["example"]("marta")
ours["predict"](given, attention)
letters = ".marta"
looked = np.zeros((6, 6))
for row, attended in enumerate(attention[:6]):
    looked[row, : row + 1] = [share.data for share in attended]

plt.figure(figsize=(3.6, 3.2))
plt.imshow(looked, cmap="Blues", vmin=0, vmax=1)
plt.xticks(range(6), letters)
plt.yticks(range(6), letters)
plt.xlabel("what it looks at")
plt.ylabel("at this letter")
plt.colorbar(label="share")
plt.show()

# %% [markdown]
# The upper right is empty: nothing looks ahead. Each row adds up to 1.
#
# And because every number is a Value, one attention can be drawn whole. Here is a small one, written with `exp` as a GPT
# has it: one query of two numbers, and two keys.

# %% alt="The graph of one attention: two products of query and key, exp of each, and the first one's share of their sum; the gradient shows that the second key has the opposite sign"
from autograd import Value, draw

q = [Value(1.0, "q0"), Value(-0.5, "q1")]
keys = [[Value(0.8, "k00"), Value(0.2, "k01")], [Value(-0.4, "k10"), Value(0.6, "k11")]]
scores = [sum(a * b for a, b in zip(q, k)) for k in keys]
powers = [s.exp() for s in scores]
share = powers[0] / sum(powers)
share.label = "share 0"
share.backward()
draw(share, constants=False, legend=False, rankdir="TB")

# %% [markdown]
# Read it from below. A larger `k00` gives the first key a larger share (its gradient is positive), a larger `k10` gives it
# a smaller one: the shares compete. In Jupyter, `autograd.inspect(share)` steps through it one multiplication at a time;
# `inspect(ours["total"])` does so for the whole model, from its parts down to single numbers.
#
# ## Exercises
#
# **1.** *Show* that the model does not look ahead, with a gradient. Write `reaches(name, at, ahead)`: whether the guess at
# place `at` depends on the letter at place `ahead`. (Make the letters of `given` Values, and look at their gradients. Take
# an untrained model: a trained one may have learned to ignore a letter.)


# %%
untrained = {}
exec(text.replace("from micrograd.engine import", "from autograd import"), untrained)


def check_1(reaches):
    for at in range(4):
        for other in range(4):
            found = reaches("lena", at, other)
            assert found == (other <= at), (
                f"the guess at {at} and the letter at {other}: you say {found}"
            )
    print("Right.")


# check_1(lambda name, at, ahead: True)

# %% [markdown]
# **2.** Write `softmax(scores)` for a list of Values, with exp, as a GPT has it. Scores of 1000 must not break it, and its
# gradient must be right.

# %%
from autograd import gradcheck


def check_2(softmax):
    assert gradcheck(lambda *scores: softmax(list(scores)), (0.5, -1.0, 2.0))
    first, second = softmax([Value(0.0), Value(3.0).log()])
    assert abs(first.data - 0.25) + abs(second.data - 0.75) < 1e-9, (
        "0 and log 3: 1/4, 3/4"
    )
    shares = [
        share.data for share in softmax([Value(1000.0), Value(1000.0), Value(0.0)])
    ]
    assert np.allclose(shares, [0.5, 0.5, 0]), (
        f"of 1000, 1000 and 0 it should be 0.5, 0.5 and 0: {shares}"
    )
    print("Right.")


# check_2(ours["shares"])

# %% [markdown]
# **3.** A real GPT has several *heads*: it cuts query, key and value into parts, lets each part attend by itself, and puts
# the mixtures side by side. Write `two_heads(q, keys, values)` for a query of 8 numbers, with `ours["shares"]` for the
# shares.


# %%
def check_3(two_heads):
    rng = random.Random(0)
    q, *rest = [[rng.gauss(0, 1) for _ in range(8)] for _ in range(7)]
    q = [Value(number) for number in q]
    keys, values = rest[:3], rest[3:]
    mixed = two_heads(q, keys, values)
    assert len(mixed) == 8, f"the mixture has 8 numbers, and not {len(mixed)}"
    for part in (slice(0, 4), slice(4, 8)):
        scores = [sum(a * b for a, b in zip(q[part], k[part])) for k in keys]
        attended = ours["shares"](scores)
        right = [
            sum(s * v for s, v in zip(attended, column)) for column in zip(*values)
        ][part]
        assert np.allclose([m.data for m in mixed[part]], [r.data for r in right]), (
            f"in {part} it differs"
        )
    print("Right.")


# check_3(your_two_heads)

# %% [markdown]
# ## Answers


# %% tags=["hide-cell"]
# 1: a letter that is not looked at has a gradient of exactly 0
def reaches(name, at, ahead):
    rows = [[Value(number) for number in row] for row in untrained["example"](name)[0]]
    guess = untrained["predict"](rows)[at]
    sum(share * k for k, share in enumerate(guess)).backward()
    return any(number.grad != 0 for number in rows[ahead])


check_1(reaches)

# %% tags=["wrong"]
check_1(lambda name, at, ahead: ahead < at)


# %% tags=["hide-cell"]
# 2: the largest score is subtracted first: it cancels
def softmax(scores):
    top = max(scores)
    powers = [(s - top).exp() for s in scores]
    whole = sum(powers)
    return [p / whole for p in powers]


check_2(softmax)

# %% tags=["wrong"]
check_2(ours["shares"])


# %% tags=["hide-cell"]
# 3: each half by itself
def two_heads(q, keys, values):
    mixed = []
    for part in (slice(0, 4), slice(4, 8)):
        attended = ours["shares"]([ours["dot"](q[part], k[part]) for k in keys])
        mixed += [
            ours["dot"](attended, column) for column in zip(*(v[part] for v in values))
        ]
    return mixed


check_3(two_heads)

# %% tags=["wrong"]
check_3(
    lambda q, keys, values: [
        ours["dot"](ours["shares"]([ours["dot"](q, k) for k in keys]), column)
        for column in zip(*values)
    ]
)
