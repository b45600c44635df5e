# %% [markdown]
# # 1. One neuron, and what a gradient is
#
# About ten minutes. You need Python and what a school teaches about functions; calculus helps, but is not needed.
#
# Everything that learns by *gradient descent*, from one neuron to a language model, asks one question over and over:
# **if I change this number a little, how much does the result change?** Here you ask it by hand, then let `backward`
# answer it, and then use the answer to make a neuron learn.

# %% [markdown]
# ## Nudge it and see
#
# Here is a function, and a place to stand.

# %%
def f(x):
    return x * x + 2 * x


f(3.0)

# %% [markdown]
# Push `x` a little to the right. By how much does the result move, for each unit that `x` moved?

# %%
for nudge in (1.0, 0.1, 0.01, 0.001):
    moved = f(3.0 + nudge) - f(3.0)
    print(
        f"nudge {nudge:<6} the result moves {moved:.6f}, that is {moved / nudge:.3f} times as much"
    )

# %% [markdown]
# The smaller the nudge, the closer the ratio comes to 8. This number, 8, is the **derivative** of `f` at 3: near `x = 3`
# the result changes eight times as fast as `x`. It says two things at once:
#
# - its *sign*: the result grows when `x` grows;
# - its *size*: how sensitive the result is to `x`.
#
# ## A number that remembers
#
# Nudging costs one more computation for each number you ask about. A network has thousands. `Value` gets all the
# answers from one computation: it is a number that remembers how it was made.

# %%
from autograd import Value, draw

x = Value(3.0, "x")
y = f(x)  # the same function: a Value adds and multiplies like any number
y.backward()
print(f"y = {y.data}, and its derivative to x is {x.grad}")

# %% [markdown]
# No nudge, no rounding: exactly 8. To see where it comes from, look at what `y` remembers. Read the picture from right
# to left, as `backward` does.

# %% alt="The graph of x * x + 2 * x at x = 3: gradient 6 reaches x through the product and 2 through the multiple, together 8"
draw(y)

# %% [markdown]
# Each box says what was computed, its number, and its gradient after `∇`. Each edge carries a **local derivative**: how
# fast the result of that one operation changes with that one operand. For a sum it is 1. For a product it is *the other
# factor*.
#
# `backward` starts at `y` with the gradient 1 and walks to the left. Along an edge it *multiplies* by the local
# derivative; where several edges meet, it *adds*. Three edges end at `x`: 3 and 3 from the square, 2 from the multiple.
# 3 + 3 + 2 = 8. This is the **chain rule**, and it is the whole of backpropagation.

# %% [markdown]
# ## One neuron
#
# A neuron multiplies its inputs by **weights**, adds a **bias**, and squeezes the sum into the range from −1 to 1:

# %%
x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
w1, w2, b = Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.9, "b")
out = (x1 * w1 + x2 * w2 + b).tanh()
out.backward()
for number in (x1, x2, w1, w2, b):
    print(
        f"{number.label:2} = {number.data:4}   out changes {number.grad:6.3f} times as fast"
    )

# %% alt="The graph of the neuron: wide, vivid edges carry much gradient, and none reaches w2, whose input x2 is 0"
draw(out)

# %% [markdown]
# The **gradient** of `out` is this whole list: one derivative for each number it was computed from. Two things to see:
#
# - Nothing reaches `w2`. Its input is 0, so it does not matter what `w2` is, and the neuron cannot learn anything about
#   it from this sample.
# - `b` has the derivative of the squeezing itself, 0.487. Where the sum is far from 0, `tanh` is nearly flat, so this
#   derivative is nearly 0, and the neuron hardly learns. Notebook 4 calls that *saturation*.
#
# ## Believe nothing: check it
#
# A derivative can always be checked by nudging. `gradcheck` nudges every number in turn, from both sides, and raises an
# error where a derivative disagrees.

# %%
from autograd import gradcheck


def neuron(x1, x2, w1, w2, b):
    return (x1 * w1 + x2 * w2 + b).tanh()


gradcheck(neuron, (2.0, 0.0, -3.0, 1.0, 6.9))

# %% [markdown]
# ## A step of learning
#
# Say we want this neuron to answer 0.5. The **loss** says how far away it is: 0 is perfect. Its gradient says, for each
# weight, which way is *up*. So step the other way:


# %%
def loss():
    return (neuron(x1, x2, w1, w2, b) - 0.5) ** 2


learning_rate = 0.1
losses = []
for step in range(20):
    for p in (w1, w2, b):
        p.grad = 0.0  # forget the gradient of the step before
    far = loss()
    far.backward()
    for p in (w1, w2, b):
        p.data -= learning_rate * p.grad
    losses.append(far.data)
print("loss, every fourth step:", [round(each, 5) for each in losses[::4]])
print(f"the neuron now answers {neuron(x1, x2, w1, w2, b).data:.4f}")

# %% alt="The loss falls from 0.047 to nearly 0 within fifteen steps"
import matplotlib.pyplot as plt

plt.figure(figsize=(5, 2.8))
plt.plot(losses, "o-")
plt.xlabel("step")
plt.ylabel("loss")
plt.title("One neuron learns one number")
plt.show()

# %% [markdown]
# That is all there is: compute, ask for the gradient, step against it, again. The **learning rate** is the length of the
# step. The next notebook does the same for a network of fifteen weights, with the gradients worked out by hand.
#
# ## Exercises
#
# Each comes with a check. Take the `#` in front of the check away when you have an answer: it says `Right`, or raises an
# error that tells you what is not right yet. Answers are at the end.
#
# **1.** Write the derivative of x³ − 2x yourself.


# %%
def check_1(slope):
    for at in (-1.5, 0.0, 0.4, 2.0):
        x = Value(at)
        (x**3 - 2 * x).backward()
        assert abs(slope(at) - x.grad) < 1e-9, (
            f"at {at} it is {x.grad:.4f}, and yours says {slope(at):.4f}"
        )
    print("Right.")


def slope(x):
    return 0.0  # your answer here


# check_1(slope)

# %% [markdown]
# **2.** Write `nudged(f, x)`, which finds the derivative of any function by nudging. One-sided nudges are not good
# enough for this check: nudge to both sides.

# %%
import math


def check_2(nudged):
    for f, at, exact in (
        (math.exp, 1.0, math.e),
        (math.sin, 2.0, math.cos(2.0)),
        (lambda x: x**3, -1.0, 3.0),
    ):
        found = nudged(f, at)
        assert abs(found - exact) < 1e-7, (
            f"{found} is {abs(found - exact):.1e} away from {exact}"
        )
    print("Right.")


def nudged(f, x):
    return 0.0  # your answer here


# check_2(nudged)

# %% [markdown]
# **3.** A neuron with a *sigmoid*, 1 / (1 + e⁻ᶻ), in place of `tanh`: write the gradient of its output to `(w, x, b)` by
# hand. The derivative of the sigmoid is `s * (1 - s)`, where `s` is its result.


# %%
def check_3(by_hand):
    for numbers in ((0.5, -1.0, 0.2), (2.0, 1.5, -1.0)):
        w, x, b = map(Value, numbers)
        (w * x + b).sigmoid().backward()
        for name, yours, exact in zip(
            "wxb", by_hand(*numbers), (w.grad, x.grad, b.grad), strict=True
        ):
            assert abs(yours - exact) < 1e-9, (
                f"the derivative to {name} is {exact:.4f}, and yours is {yours:.4f}"
            )
    print("Right.")


def by_hand(w, x, b):
    return 0.0, 0.0, 0.0  # your answer here


# check_3(by_hand)

# %% [markdown]
# ## Answers


# %% tags=["hide-cell"]
# 1: the power comes down in front and is reduced by one; the derivative of 2x is 2
def slope(x):
    return 3 * x**2 - 2


check_1(slope)

# %% tags=["wrong"]
check_1(lambda x: 3 * x**2)


# %% tags=["hide-cell"]
# 2: too large a nudge is inexact, too small a one drowns in rounding; 1e-5 is between
def nudged(f, x):
    return (f(x + 1e-5) - f(x - 1e-5)) / 2e-5


check_2(nudged)

# %% tags=["wrong"]
check_2(lambda f, x: (f(x + 1e-5) - f(x)) / 1e-5)


# %% tags=["hide-cell"]
# 3: the derivative of the squeezing, times that of the sum inside
def by_hand(w, x, b):
    s = 1 / (1 + math.exp(-(w * x + b)))
    return s * (1 - s) * x, s * (1 - s) * w, s * (1 - s)


check_3(by_hand)

# %% tags=["wrong"]
check_3(lambda w, x, b: (x, w, 1.0))
