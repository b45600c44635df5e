# %% [markdown]
# # 3. 我的反向传播不工作
#
# 大约十五分钟。在[笔记本 2](2_backprop_by_hand.ipynb)（英文）里你见过亲手写的反向传播，这里是一个写错了的。
#
# **故事。** 有人在学习神经网络，想通过亲手编写来弄懂反向传播。他们选了能想到的最简单的数据，[0, 1] 上的 y = x²，和一个有两个隐藏层、每层三个 sigmoid 的网络。程序能运行，损失在下降，可是无论 x 是多少，网络的回答几乎都一样。他们把代码读了一遍又一遍，最后向陌生人求助：*里面有根本性的错误吗？如果没有，为什么连这么简单的数据都拟合不了？*
#
# glassgrad 就是从这个问题开始的。下面是那个网络，写成一个类；其中的错误是他们的。

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
# 往下读之前，请先读一遍 `backward` 和 `update`，记下你会改的地方。一共有五处错误。
#
# ## 它能运行，损失也在下降

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
    "均方误差，训练前和每一轮之后：",
    [round(error, 4) for error in errors],
)
print("对 x =", X[:5, 0].round(2), "的回答是", np.round(answers, 3))
print(f"y 的方差：{Y.var():.4f}")

# %% [markdown]
# 网络变成了一个常数。无论 x 是多少，它都回答 y 的平均值：误差停在 *y 的方差*上，那正是最好的常数所能达到的。损失在途中确实下降了，所以**损失下降并不能证明梯度正确**。
#
# ## 去看医生
#
# `diagnose_class` 用一些样本运行你的类。它从前向传播算出正确的梯度（就像笔记本 2 那样），与你的梯度比较；然后让这个类走一步，也对这一步作出判断。

# %%
from autograd import diagnose_class

report = diagnose_class(
    Net(), (X, Y), update="update", lr=0.01, each=True
)  # each：这个类一次取一个样本
print(report)

# %% [markdown]
# ## 读懂报告
#
# 报告里有两张表。第一张判断 `backward` 保存的**梯度**（gradients），第二张判断 `update` 所走的**一步**（updates）。两张表都从输出走向输入，与反向传播的方向相同，因为错误就是这样传播的：`W_out` 的错误会破坏它左边的一切，所以从最上面开始。*相对误差*（rel. error）为 0 表示梯度完全正确；1 表示错得与全零的梯度一样。verdict 一栏里 right 是正确，wrong 是错误。
#
# 逐行来看：
#
# - **`W_out`，梯度：shape（形状）。** `delta3 * a2` 的三个数都对，却排成了一行，而 W_out 是一列。看起来无害，其实不然：numpy 会把两者之差悄悄广播成 3 × 3 的矩阵。
# - **`W_h`，梯度：transposed（转置了）。** 应当是“进来的 × δ”：`outer(a1, delta2)`。因为这一层是方阵，形状不会暴露这个错误。
# - **`W_in`，梯度：right（正确）。**
# - **`W_out`，一步：error（误差）。** 它只减去 δ，没有乘上进来的东西。
# - **`W_h` 和 `W_in`，一步：weight（权重）。** 它们减去的是*权重本身*：每走一步，每个权重都失去自己的百分之一，与数据毫无关系。网络因此忘掉了一切，变成一个常数。
#
# 报告的最后一段才是致命的：梯度与所走的一步*不一致*。梯度再正确，不使用它的一步也学不到任何东西。
#
# ## 改正，再问一次
#
# 一次只改一件事。先改那一步：让它使用梯度。


# %%
class UsesItsGradients(Net):
    def update(self, lr):
        self.W_out = self.W_out - lr * self.dW_out.reshape(3, 1)
        self.W_h = self.W_h - lr * self.dW_h
        self.W_in = self.W_in - lr * self.dW_in


report = diagnose_class(UsesItsGradients(), (X, Y), update="update", lr=0.01, each=True)
for name in report:
    print(
        f"{name:6} 梯度：{report[name].verdict:6} {report[name].name or '':11} 一步：{report.step[name].verdict}"
    )

# %% [markdown]
# 现在，凡是梯度正确的地方，那一步也正确了。剩下的是转置了的 `W_h`，以及 `dW_out` 的形状（刚才由那一步补救）：


# %%
class Repaired(UsesItsGradients):
    def backward(self, x, y):
        super().backward(x, y)
        self.dW_out = np.outer(self.a2, self.delta3)
        self.dW_h = np.outer(self.a1, self.delta2)


report = diagnose_class(Repaired(), (X, Y), update="update", lr=0.01, each=True)
print("全部正确：", report.ok)

# %% [markdown]
# ## 现在能拟合了吗？

# %%
repaired = Repaired()
errors = train(repaired, lr=0.01, epochs=4)
print("学习率 0.01：", [round(error, 4) for error in errors])
fast = Repaired()
errors = train(fast, lr=1.0, epochs=10)
print("学习率 1：   ", [round(error, 4) for error in errors])

# %% alt="抛物线上的三条曲线：照原样写的网络是一条水平线；改正后学习率 0.01 时是一条缓坡；学习率 1 时贴合抛物线"
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
# 于是两个问题都有了答案。*有根本性的错误吗？* 有，五处，医生一一指了出来。*为什么拟合不了？* 因为光有正确的梯度还不够：学习率 0.01 时，这么少的步数走不远。原来的程序用的是 0.0001。下一个笔记本，[*为什么还是学不会*](4_why_it_does_not_learn.ipynb)（英文），讲的就是这个。
#
# ## 你自己的代码
#
# - 像这样的类：`diagnose_class(net, (X, Y), update="train_step", lr=0.1)`。它按名字和形状找到权重与梯度；找不到时，会告诉你该用哪个参数说明。
# - 函数：`diagnose(loss, params, batch=(X, Y), gradients=my_backprop)`，就像下面的练习那样。
#
# ## 练习
#
# 三个来自现实的反向传播，每个都有一处错误。先让医生看看：`print(doctor(...))`。然后改正函数，再去掉检查前面的 `#`。

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
    print("正确。")


# %% [markdown]
# **1.** 它能学习，但快了十六倍；批量更大时会发散。


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
# **2.** 最后一层在学习，第一层学不好。


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
# **3.** 它训练得还不错，一个月里谁也没有发现问题。


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
# ## 答案


# %% tags=["hide-cell"]
# 1：损失是样本的平均，所以要除以样本数，只除一次，在 delta 开始的地方
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
# 2：delta1 缺少 tanh 的斜率 1 - a1**2；补上之后就是答案 1 的函数
check_2(backprop_1)

# %% tags=["wrong"]
check_2(backprop_2)

# %% tags=["hide-cell"]
# 3：b1 的梯度是 delta1 对样本求和；delta1 已经除过样本数了
check_3(backprop_1)

# %% tags=["wrong"]
check_3(backprop_3)
