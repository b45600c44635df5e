# %% [markdown]
# # 3. 我的反向传播不工作
#
# 大约十五分钟。在[笔记本 2](2_backprop_by_hand.ipynb)（英文）里你见过亲手写的反向传播，这里是一个写错了的。
#
# **故事。** 有人在学习神经网络，想通过亲手编写来弄懂反向传播。他们选了能想到的最简单的数据，[0, 1] 上的 y = x²，和一个有两个隐藏层、每层三个 sigmoid 的网络。程序能运行，损失在下降，可是无论 x 是多少，网络的回答都一样。他们把代码读了一遍又一遍，最后向陌生人求助：*里面有根本性的错误吗？如果没有，为什么连这么简单的数据都拟合不了？*
#
# glassgrad 就是从这个问题开始的。下面就是那个程序 [story.py](story.py)，其中的错误是他们的。

# %%
from pathlib import Path

lines = Path("story.py").read_text(encoding="utf-8").splitlines()
for number, line in enumerate(lines[10:], 11):
    print(f"{number:3}  {line}")

# %% [markdown]
# 往下读之前，请先读一遍 `backward` 和 `update`，记下你会改的地方。
#
# ## 它能运行，损失也在下降

# %%
import runpy

story = runpy.run_path("story.py", run_name="__main__")
print(f"最好的常数是 y 的平均值，它的损失是 {0.5 * story['Y'].var():.4f}.")

# %% [markdown]
# 网络变成了一个常数。无论 x 是多少，它的回答都一样；它的损失正是最好的常数所能达到的，即 y 的方差的一半。途中损失确实一轮一轮地下降了：**损失下降并不能证明梯度正确**。
#
# ## 去看医生
#
# 在终端里写 `python -m autograd.doctor story.py`；在笔记本里用 `run`。医生在单独的进程里运行这个程序，记下每个数是从哪里来的。它从前向传播算出正确的梯度（就像你在笔记本 2 里做的那样），找出算得不一样的那些行，并且把它建议的每一行都*实际试过*。`lang="zh"` 让它说中文；在终端里写 `--lang zh`，或设置 `GLASSGRAD_LANG=zh`。

# %%
from autograd.doctor import run

report = run("story.py", cure=False, lang="zh")  # cure=False：现在只找错误的行
for finding in report.findings:
    print(f"第 {finding.line} 行：{finding.code}")
    print(f"    {finding.name}：{finding.says}")
    print(f"    改写成：{finding.instead}\n")

# %% [markdown]
# ## 逐行解读
#
# - **第 35 行，transposed（转置了）。** 权重的梯度是“进来的 × δ”：行对应进来的数。这里反了过来。因为这一层是方阵，形状不会暴露这个错误。
# - **第 39 行，error（误差）。** 这一步只减去 δ，没有乘上进来的东西。它的符号是对的，所以损失会下降。（而它本该使用的 `dW_out`，三个数排成一行，`W_out` 却是一列。numpy 会把两者之差悄悄广播成 3 × 3 的矩阵，所以建议里有 `reshape`。）
# - **第 40、41 行，weight（权重）。** 这一步减去的是*权重本身*：每走一步，每个权重都失去自己的千分之一，与数据毫无关系。网络因此忘掉了一切。
#
# 各个 δ 是对的，前向传播也是对的，所以报告没有提到它们。再看看第 39 到 41 行的共同点：*走的那一步根本没有用到梯度*。梯度再正确，不使用它的一步也学不到任何东西。
#
# ## 改正，再问一次
#
# 把医生建议的行写进去，再把结果给它看。

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
    print("全部正确：", run(script, cure=False).ok)
    mended = runpy.run_path(str(script), run_name="__main__")

# %% [markdown]
# 现在每个梯度都正确了，**可是仍然拟合不了**，损失甚至比原来还高一点！于是轮到第二个问题：为什么？
#
# ## 为什么拟合不了？
#
# 不写 `cure=False` 时，医生会把训练从头跑到尾，跑好几次：照原样、改正后、用更大的学习率、把样本打乱。这需要几秒钟，然后它就知道了。

# %% tags=["varies"]
report = run("story.py", lang="zh")
question, answer = list(report.answers.items())[1]
print(question, *answer, sep="\n  ")

# %% [markdown]
# 除了错误之外还有两个原因，两个都重要：步子太小；样本又*按顺序*而来，从 0 到 1，网络学右端的时候就忘了左端。两样都改掉；这时它比最好的常数近了十倍，而且还在学习，所以再给它五倍的轮数：

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
        f"{name:19}  全部样本上的损失 {np.mean([net.loss(x, y) for x, y in zip(X, Y)]):.4f}"
    )

# %% alt="抛物线上的五条曲线：照原样是水平线；改正后几乎是水平的；学习率 1 时左端高出很多；再打乱样本，是穿过抛物线的上升线；再训练 50 轮，就贴合抛物线"
import matplotlib.pyplot as plt

plt.figure(figsize=(6, 3.5))
plt.plot(X, Y, color="black", linewidth=6, alpha=0.25, label="y = x²")
for (name, net), style in zip(fits.items(), (":", "--", "-.", (0, (5, 1)), "-")):
    plt.plot(X, [net.forward(x).item() for x in X], linestyle=style, label=name)
plt.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plt.show()

# %% [markdown]
# 于是两个问题都有了答案。*有根本性的错误吗？* 有，在四行里，医生还写出了该怎么改。*为什么拟合不了？* 因为光有正确的梯度还不够。下一个笔记本，[*为什么还是学不会*](4_why_it_does_not_learn.ipynb)（英文），讲的就是这个。
#
# ## 你自己的代码
#
# - 一个程序：`python -m autograd.doctor my_script.py`，照原样即可。`--save report.html` 把报告存成网页。
# - 一个笔记本：把训练放进一个函数，然后调用 `run(my_training)`。
# - 一个类：`diagnose_class(net, (X, Y), update="train_step", lr=0.1)` 判断它的梯度和它走的一步。
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
    return diagnose(loss, params, batch=batch, gradients=backprop, lang="zh")


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
