"""Training scripts in the ways people write them, made from pieces: networks, and styles of storing and stepping.

Each network is written once, with its backprop by hand; `{W}` stands for a parameter and `{dW}` for its gradient, and a
style says what these become: names, entries of a dict, elements of a list, attributes.
"""

# ruff: noqa: E501 - the lines are those of the specimens

from __future__ import annotations

import ast
import itertools
import textwrap
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Network:
    """A network and its backprop.

    Args:
        data: lines that make X and Y (rows are samples, unless `whole`).
        params: initial values by name.
        forward: lines from X (and Y) to `loss`.
        backward: lines to the gradients, in the order in which they run.
        whole: whether X and Y cannot be cut into batches.
        rate: a learning rate that trains.
    """

    name: str
    data: str
    params: dict[str, str]
    forward: str
    backward: str
    whole: bool = False
    rate: float = 0.1


NETWORKS = [
    Network(
        "line",
        "X = rng.normal(size=(24, 3))\nY = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3",
        {"w": "rng.normal(size=(3, 1))", "b": "np.zeros(1)"},
        "out = X @ {w} + {b}\nmiss = out - Y\nloss = (miss ** 2).mean()",
        "g = 2 * miss / miss.size\n{dw} = X.T @ g\n{db} = g.sum(axis=0)",
    ),
    Network(
        "tanh net",
        "X = rng.uniform(-1, 1, size=(30, 2))\nY = np.sin(3 * X[:, :1]) * X[:, 1:]",
        {"W1": "rng.normal(size=(2, 6))", "b1": "np.zeros(6)", "W2": "0.5 * rng.normal(size=(6, 1))", "b2": "np.zeros(1)"},
        "z1 = X @ {W1} + {b1}\na1 = np.tanh(z1)\nout = a1 @ {W2} + {b2}\nloss = 0.5 * np.mean((out - Y) ** 2)",
        "d2 = (out - Y) / len(X)\n{dW2} = a1.T @ d2\n{db2} = d2.sum(axis=0)\nd1 = (d2 @ {W2}.T) * (1 - a1 ** 2)\n"
        "{dW1} = X.T @ d1\n{db1} = d1.sum(axis=0)",
    ),
    Network(
        "logistic",
        "X = rng.normal(size=(40, 4))\nY = (X[:, :1] - X[:, 1:2] > 0).astype(float)",
        {"w": "0.1 * rng.normal(size=(4, 1))", "c": "np.zeros((1, 1))"},
        "p = 1 / (1 + np.exp(-(X @ {w} + {c})))\nloss = -np.mean(Y * np.log(p) + (1 - Y) * np.log(1 - p))",
        "err = (p - Y) / len(Y)\n{dw} = np.dot(X.T, err)\n{dc} = np.sum(err, axis=0, keepdims=True)",
    ),
    Network(
        "two sigmoids",
        "X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 4, dtype=float)\nY = np.abs(X[:, :1] - X[:, 1:])",
        {"W1": "rng.normal(size=(2, 3))", "c1": "rng.normal(size=3)", "W2": "rng.normal(size=(3, 1))", "c2": "rng.normal(size=1)"},
        "h = 1 / (1 + np.exp(-(X @ {W1} + {c1})))\no = 1 / (1 + np.exp(-(h @ {W2} + {c2})))\nloss = 0.5 * ((Y - o) ** 2).sum()",
        "do = (o - Y) * o * (1 - o)\ndh = do @ {W2}.T * h * (1 - h)\n{dW2} = h.T @ do\n{dc2} = do.sum(0)\n"
        "{dW1} = X.T @ dh\n{dc1} = dh.sum(0)",
        rate=0.5,
    ),
    Network(
        "softmax with a penalty",
        "X = rng.normal(size=(36, 5))\nlabels = (np.abs(X[:, 0]) + X[:, 1] > 1).astype(int) + (X[:, 2] > 0.5)\nY = np.eye(3)[labels]",
        {"V": "0.3 * rng.normal(size=(5, 8))", "v": "np.zeros(8)", "U": "0.3 * rng.normal(size=(8, 3))", "u": "np.zeros(3)"},
        "hidden = np.maximum(0, X @ {V} + {v})\nscores = hidden @ {U} + {u}\nscores = scores - scores.max(axis=1, keepdims=True)\n"
        "probs = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)\n"
        "loss = -np.sum(Y * np.log(probs)) / len(X) + 0.5 * 0.01 * (np.sum({V} ** 2) + np.sum({U} ** 2))",
        "dscores = (probs - Y) / len(X)\n{dU} = hidden.T @ dscores + 0.01 * {U}\n{du} = dscores.sum(axis=0)\n"
        "dhidden = dscores @ {U}.T\ndhidden = dhidden * (hidden > 0)\n{dV} = X.T @ dhidden + 0.01 * {V}\n{dv} = dhidden.sum(axis=0)",
        rate=0.3,
    ),
    Network(
        "columns",
        "X = rng.normal(size=(3, 20))\nY = np.tanh(X[:1] - X[1:2] * X[2:])",
        {"A": "rng.normal(size=(5, 3))", "a": "np.zeros((5, 1))", "B": "0.4 * rng.normal(size=(1, 5))", "b": "np.zeros((1, 1))"},
        "Z1 = np.dot({A}, X) + {a}\nH = np.tanh(Z1)\nZ2 = np.dot({B}, H) + {b}\nm = X.shape[1]\nloss = np.sum((Z2 - Y) ** 2) / (2 * m)",
        "dZ2 = Z2 - Y\n{dB} = np.dot(dZ2, H.T) / m\n{db} = np.sum(dZ2, axis=1, keepdims=True) / m\n"
        "dZ1 = np.dot({B}.T, dZ2) * (1 - np.power(H, 2))\n{dA} = np.dot(dZ1, X.T) / m\n{da} = np.sum(dZ1, axis=1, keepdims=True) / m",
        whole=True,
    ),
    Network(
        "batch norm",
        "X = rng.normal(size=(16, 3))\nY = X[:, :1] * X[:, 1:2]",
        {"W": "rng.normal(size=(3, 5))", "gain": "np.ones(5)", "shift": "np.zeros(5)", "V": "0.4 * rng.normal(size=(5, 1))"},
        "z = X @ {W}\nmu = z.mean(axis=0)\nzc = z - mu\nvar = (zc ** 2).mean(axis=0)\ninv = 1 / np.sqrt(var + 1e-5)\nzn = zc * inv\n"
        "y = {gain} * zn + {shift}\nh = np.tanh(y)\nout = h @ {V}\nloss = ((out - Y) ** 2).mean()",
        "n = len(X)\ndout = 2 * (out - Y) / out.size\n{dV} = h.T @ dout\ndy = (dout @ {V}.T) * (1 - h ** 2)\n"
        "{dgain} = (dy * zn).sum(axis=0)\n{dshift} = dy.sum(axis=0)\ndzn = dy * {gain}\ndinv = (dzn * zc).sum(axis=0)\n"
        "dvar = -0.5 * dinv * inv ** 3\ndzc = dzn * inv + 2 * zc * dvar / n\ndmu = -dzc.sum(axis=0)\ndz = dzc + dmu / n\n{dW} = X.T @ dz",
    ),
    Network(
        "recurrent",
        "X = rng.normal(size=(7, 3))\nY = np.cumsum(X[:, :1], axis=0) * 0.3",
        {"Wx": "0.5 * rng.normal(size=(4, 3))", "Wh": "0.5 * rng.normal(size=(4, 4))", "bh": "np.zeros(4)", "Wo": "rng.normal(size=(1, 4))"},
        "T = len(X)\nhs = {{-1: np.zeros(4)}}\nouts = {{}}\nloss = 0.0\nfor t in range(T):\n    hs[t] = np.tanh({Wx} @ X[t] + {Wh} @ hs[t - 1] + {bh})\n"
        "    outs[t] = {Wo} @ hs[t]\n    loss = loss + 0.5 * np.sum((outs[t] - Y[t]) ** 2)",
        "{dWx} = np.zeros((4, 3))\n{dWh} = np.zeros((4, 4))\n{dbh} = np.zeros(4)\n{dWo} = np.zeros((1, 4))\nnext_h = np.zeros(4)\n"
        "for t in reversed(range(T)):\n    e = outs[t] - Y[t]\n    {dWo} += np.outer(e, hs[t])\n    dh = {Wo}.T @ e + next_h\n"
        "    dz = dh * (1 - hs[t] ** 2)\n    {dWx} += np.outer(dz, X[t])\n    {dWh} += np.outer(dz, hs[t - 1])\n    {dbh} += dz\n    next_h = {Wh}.T @ dz",
        whole=True, rate=0.02,
    ),
    Network(
        "gated",
        "X = rng.normal(size=(5, 2))\nY = np.cumsum(X[:, :1], axis=0) * 0.3",
        {"W": "0.4 * rng.normal(size=(12, 5))", "b": "np.zeros(12)", "V": "rng.normal(size=(1, 3))"},
        "def sig(v):\n    return 1 / (1 + np.exp(-v))\nh, c = np.zeros(3), np.zeros(3)\nkept = []\nloss = 0.0\nfor t in range(len(X)):\n"
        "    joined = np.concatenate([h, X[t]])\n    z = {W} @ joined + {b}\n    i, f, o, g = sig(z[:3]), sig(z[3:6]), sig(z[6:9]), np.tanh(z[9:])\n"
        "    before = c\n    c = f * before + i * g\n    tc = np.tanh(c)\n    h = o * tc\n    y = {V} @ h\n    loss = loss + 0.5 * np.sum((y - Y[t]) ** 2)\n"
        "    kept.append((joined, i, f, o, g, before, tc, h, y))",
        "{dW} = np.zeros((12, 5))\n{db} = np.zeros(12)\n{dV} = np.zeros((1, 3))\ndh_next, dc_next = np.zeros(3), np.zeros(3)\n"
        "for t in range(len(X) - 1, -1, -1):\n    joined, i, f, o, g, before, tc, h, y = kept[t]\n    e = y - Y[t]\n    {dV} += np.outer(e, h)\n"
        "    dh = {V}.T @ e + dh_next\n    do = dh * tc\n    dc = dh * o * (1 - tc ** 2) + dc_next\n    df = dc * before\n    di = dc * g\n    dg = dc * i\n"
        "    dz = np.concatenate([di * i * (1 - i), df * f * (1 - f), do * o * (1 - o), dg * (1 - g ** 2)])\n    {dW} += np.outer(dz, joined)\n"
        "    {db} += dz\n    back = {W}.T @ dz\n    dh_next = back[:3]\n    dc_next = dc * f",
        whole=True, rate=0.02,
    ),
    Network(
        "convolution",
        "X = rng.normal(size=(6, 5, 5))\nY = X[:, 1:4, 1:4].sum(axis=(1, 2)).reshape(6, 1) * 0.2",
        {"K": "0.3 * rng.normal(size=(9, 2))", "V": "0.2 * rng.normal(size=(18, 1))"},
        "rows = np.array([[x[i:i + 3, j:j + 3].ravel() for i in range(3) for j in range(3)] for x in X])\nmaps = rows @ {K}\n"
        "act = np.maximum(maps, 0)\nflat = act.reshape(len(X), -1)\nout = flat @ {V}\nloss = 0.5 * ((out - Y) ** 2).sum() / len(X)",
        "dout = (out - Y) / len(X)\n{dV} = flat.T @ dout\ndflat = dout @ {V}.T\ndact = dflat.reshape(act.shape)\ndmaps = dact * (maps > 0)\n"
        "{dK} = rows.reshape(-1, 9).T @ dmaps.reshape(-1, 2)",
    ),
    Network(
        "embedding",
        "X = rng.integers(0, 7, size=(12, 4))\nY = np.eye(3)[X.sum(axis=1) % 3]",
        {"E": "0.5 * rng.normal(size=(7, 5))", "W": "0.5 * rng.normal(size=(5, 3))"},
        "vectors = {E}[X]\nmean = vectors.mean(axis=1)\nlogits = mean @ {W}\nexps = np.exp(logits - logits.max(axis=1, keepdims=True))\n"
        "p = exps / exps.sum(axis=1, keepdims=True)\nloss = -(Y * np.log(p)).sum() / len(X)",
        "dlogits = (p - Y) / len(X)\n{dW} = mean.T @ dlogits\ndmean = dlogits @ {W}.T\n{dE} = np.zeros((7, 5))\n"
        "np.add.at({dE}, X, dmean[:, None, :] / X.shape[1])",
        rate=0.5,
    ),
    Network(
        "attention",
        "X = rng.normal(size=(5, 4))\nY = rng.normal(size=(5, 2)) * 0.3",
        {"Q": "0.5 * rng.normal(size=(4, 3))", "K": "0.5 * rng.normal(size=(4, 3))", "V": "0.5 * rng.normal(size=(4, 2))"},
        "q, k, v = X @ {Q}, X @ {K}, X @ {V}\ns = q @ k.T / np.sqrt(3)\ne = np.exp(s - s.max(axis=1, keepdims=True))\nw = e / e.sum(axis=1, keepdims=True)\n"
        "out = w @ v\nloss = 0.5 * ((out - Y) ** 2).sum()",
        "dout = out - Y\ndv = w.T @ dout\ndw = dout @ v.T\nds = w * (dw - (dw * w).sum(axis=1, keepdims=True)) / np.sqrt(3)\n"
        "dq = ds @ k\ndk = ds.T @ q\n{dQ} = X.T @ dq\n{dK} = X.T @ dk\n{dV} = X.T @ dv",
        whole=True,
    ),
]  # fmt: skip
BY_NAME = {network.name: network for network in NETWORKS}

STEPS = {
    "plain": "{W} -= {lr} * {dW}",
    "rebound": "{W} = {W} - {lr} * {dW}",
    "added": "{W} += -{lr} * {dW}",
    "momentum": "{mW} = 0.9 * {mW} + {dW}\n{W} = {W} - {lr} * 0.2 * {mW}",
    "velocity": "{mW} = 0.8 * {mW} - {lr} * {dW}\n{W} += {mW}",
    "adam": (
        "{mW} = 0.9 * {mW} + 0.1 * {dW}\n{vW} = 0.999 * {vW} + 0.001 * {dW} ** 2\n"
        "{W} = {W} - {lr} * 0.1 * ({mW} / (1 - 0.9 ** step)) / (np.sqrt({vW} / (1 - 0.999 ** step)) + 1e-8)"
    ),
    "rms": "{vW} = 0.9 * {vW} + 0.1 * {dW} * {dW}\n{W} -= {lr} * 0.1 * {dW} / (np.sqrt({vW}) + 1e-6)",
    "decay": "{W} = {W} - {lr} * ({dW} + 0.001 * {W})",
    "shrunk": "{W} *= 1 - {lr} * 0.01\n{W} -= {lr} * {dW}",
    "clipped": "np.clip({dW}, -0.5, 0.5, out={dW})\n{W} -= {lr} * {dW}",
    "normed": "size = np.sqrt(np.sum({dW} ** 2))\nif size > 1.0:\n    {dW} = {dW} / size\n{W} = {W} - {lr} * {dW}",
    "scheduled": "{W} -= {lr} / (1 + 0.05 * step) * {dW}",
}
STORES = ("names", "dict", "list", "attributes")
SHAPES = ("inline", "pair", "class", "all in one")
BATCHES = ("whole", "shuffled", "in turn", "one by one")


@dataclass(frozen=True)
class Style:
    """How a script is written.

    Args:
        store: where the parameters are kept.
        shape: how the code is cut into functions.
        step: a row of `STEPS`.
        batch: how the samples come.
        dtype: of everything.
        buffers: whether gradients are written into arrays that were made before.
        edits: pieces of the network's lines, and what stands there instead.
    """

    store: str = "names"
    shape: str = "inline"
    step: str = "plain"
    batch: str = "whole"
    dtype: str = "float64"
    buffers: bool = False
    edits: tuple[tuple[str, str], ...] = field(default=())

    @property
    def name(self) -> str:
        parts = [self.store, self.shape, self.step, self.batch, self.dtype, "buffers" if self.buffers else ""]
        return ", ".join(part for part in parts if part)


def script(network: Network, style: Style) -> str:
    """The text of a script."""
    for old, new in style.edits:
        assert old in network.forward + network.backward, (network.name, old)
        network = replace(
            network, forward=network.forward.replace(old, new), backward=network.backward.replace(old, new)
        )
    names = list(network.params)
    spelled = {name: _spelled(name, k, style) for k, name in enumerate(names)}
    tokens = {key: text for row in spelled.values() for key, text in row.items()}
    lines = ["import numpy as np", "", "rng = np.random.default_rng(4)", network.data]
    if style.dtype != "float64":
        lines.append(f"X = X.astype(np.{style.dtype}) if X.dtype.kind == 'f' else X\nY = Y.astype(np.{style.dtype})")
    build = "\n".join(_initial(network, style, spelled))
    forward = network.forward.format(**tokens)
    backward = (
        _buffered(network.backward, names).format(**tokens) if style.buffers else network.backward.format(**tokens)
    )
    update = "\n".join(_step(style, name).format(**tokens, lr=_rate(style)) for name in names)
    return "\n".join([*lines, *_shaped(network, style, build, forward, backward, update)]) + "\n"


def _step(style: Style, name: str) -> str:
    """The lines of the step for one parameter, with its tokens."""
    text = STEPS[style.step]
    for token in ("", "d", "m", "v"):
        text = text.replace(f"{{{token}W}}", f"{{{token}{name}}}")
    return text


def _spelled(name: str, k: int, style: Style) -> dict[str, str]:
    """What a parameter, its gradient and the states of its step are called."""
    if style.store == "dict":
        text = {"": f'P["{name}"]', "d": f'grads["{name}"]', "m": f'first["{name}"]', "v": f'second["{name}"]'}
    elif style.store == "list":
        text = {"": f"weights[{k}]", "d": f"slopes[{k}]", "m": f"first[{k}]", "v": f"second[{k}]"}
    elif style.store == "attributes":
        text = {"": f"{name}", "d": f"d{name}", "m": f"m{name}", "v": f"v{name}"}
    else:
        text = {"": name, "d": f"d{name}", "m": f"m_{name}", "v": f"v_{name}"}
    inside = style.shape in ("class", "all in one")
    own = "self." if inside or style.store == "attributes" else ""
    if style.store == "attributes" and not inside:
        own = "net."
    if style.store == "names" and inside:
        own = "self."
    return {f"{kind}{name}": own + value for kind, value in text.items()}


def _rate(style: Style) -> str:
    return "self.lr" if style.shape in ("class", "all in one") else "lr"


def _initial(network: Network, style: Style, spelled: dict[str, dict[str, str]]) -> list[str]:
    """Lines that make the parameters and the states of the step."""
    cast = "" if style.dtype == "float64" else f".astype(np.{style.dtype})"
    own = "self." if style.shape in ("class", "all in one") else ""
    lines = []
    if style.store == "dict":
        lines += [f"{own}{name} = {{}}" for name in ("P", "grads", "first", "second")]
    if style.store == "list":
        lines += [f"{own}{name} = [None] * {len(network.params)}" for name in ("weights", "slopes", "first", "second")]
    for name, value in network.params.items():
        row = spelled[name]
        lines.append(f"{row[name]} = ({value}){cast}" if cast else f"{row[name]} = {value}")
        if "{mW}" in STEPS[style.step]:
            lines.append(f"{row[f'm{name}']} = np.zeros_like({row[name]})")
        if "{vW}" in STEPS[style.step]:
            lines.append(f"{row[f'v{name}']} = np.zeros_like({row[name]})")
        if style.buffers:
            lines.append(f"{row[f'd{name}']} = np.empty({row[name]}.shape)")
    return lines


def _buffered(backward: str, names: list[str]) -> str:
    """Gradients written into the arrays that are there."""
    for name in names:
        backward = backward.replace(f"{{d{name}}} = ", f"{{d{name}}}[...] = ")
    return backward


def _batches(network: Network, style: Style, body: str) -> list[str]:
    """The loops of a training around the code of one step, which takes X and Y."""
    if style.batch == "whole" or network.whole:
        return ["for epoch in range(30):", _in("step = epoch + 1"), _in(body)]
    if style.batch == "shuffled":
        return [
            "step = 0", "for epoch in range(12):", "    order = rng.permutation(len(data_X))",
            "    for start in range(0, len(order), 6):", "        step += 1", "        rows = order[start:start + 6]",
            "        X, Y = data_X[rows], data_Y[rows]", _in(body, 2),
        ]  # fmt: skip
    if style.batch == "in turn":
        return [
            "step = 0", "for epoch in range(12):", "    for X, Y in zip(np.split(data_X, 2), np.split(data_Y, 2)):",
            "        step += 1", _in(body, 2),
        ]  # fmt: skip
    return [
        "step = 0", "for epoch in range(6):", "    for k in range(len(data_X)):", "        step += 1",
        "        X, Y = data_X[k:k + 1], data_Y[k:k + 1]", _in(body, 2),
    ]  # fmt: skip


def _in(text: str, depth: int = 1) -> str:
    return textwrap.indent(text, "    " * depth)


def _shaped(network: Network, style: Style, build: str, forward: str, backward: str, update: str) -> list[str]:
    """The script after its data."""
    show = "if step % 20 == 0:\n    print(step, loss)"
    cut = [] if style.batch == "whole" or network.whole else ["data_X, data_Y = X, Y"]
    rate = f"lr = {network.rate}"
    holder = ["class Net:", "    pass", "", "net = Net()"] if style.store == "attributes" else []
    if style.shape == "inline":
        return [*holder, rate, build, *cut, *_batches(network, style, "\n".join([forward, backward, update, show]))]
    if style.shape == "pair":
        name = {"dict": "grads", "list": "slopes"}.get(style.store, "")
        make = (
            [f"    {name} = {{}}" if name == "grads" else f"    {name} = [None] * {len(network.params)}"]
            if name and not style.buffers
            else []
        )
        if not name and style.store == "names":
            given = ", ".join(f"d{n}" for n in network.params)
            return [rate, build, *cut, "def value_and_grad(X, Y):", _in(forward), _in(backward), f"    return loss, ({given},)", "",
                    *_batches(network, style, f"loss, ({given},) = value_and_grad(X, Y)\n{update}\n{show}")]  # fmt: skip
        result = name or "net"
        return [*holder, rate, build, *cut, "def value_and_grad(X, Y):", *make, _in(forward), _in(backward), f"    return loss, {result}", "",
                *_batches(network, style, f"loss, {result} = value_and_grad(X, Y)\n{update}\n{show}")]  # fmt: skip
    head = ["class Trainer:", "    def __init__(self, lr):", "        self.lr = lr", _in(build, 2)]
    if style.shape == "all in one":
        body = "\n".join([forward, backward, update, "return loss"])
        return [*head, "    def fit_batch(self, X, Y, step):", _in(body, 2), "", f"trainer = Trainer({network.rate})", *cut,
                *_batches(network, style, f"loss = trainer.fit_batch(X, Y, step)\n{show}")]  # fmt: skip
    kept = sorted(_assigned(network))
    keep = "\n".join(f"self.kept_{name} = {name}" for name in kept)
    back = "\n".join(f"{name} = self.kept_{name}" for name in kept)
    return [
        *head, "    def forward(self, X, Y):", _in(f"{forward}\n{keep}\nreturn loss", 2),
        "    def backward(self, X, Y):", _in(f"{back}\n{backward}", 2),
        "    def update(self, step):", _in(update, 2), "", f"trainer = Trainer({network.rate})", *cut,
        *_batches(network, style, f"loss = trainer.forward(X, Y)\ntrainer.backward(X, Y)\ntrainer.update(step)\n{show}"),
    ]  # fmt: skip


def _assigned(network: Network) -> set[str]:
    """Names that the forward pass leaves to the backward pass."""
    tokens = {kind + name: f"_{kind}{name}" for name in network.params for kind in ("", "d")}
    forward, backward = (ast.parse(text.format(**tokens)) for text in (network.forward, network.backward))
    names = {n.id for n in ast.walk(forward) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    used = {n.id for n in ast.walk(backward) if isinstance(n, ast.Name)}
    return (names & used) - set(tokens.values())


def combinations() -> list[tuple[Network, Style]]:
    """Every network in eight styles, so chosen that every style has its turn with every kind of network."""
    found = []
    steps = itertools.cycle(STEPS)
    dtypes = itertools.cycle(["float64", "float64", "float64", "float32", "float64", "float16", "float64"])
    for k, network in enumerate(NETWORKS):
        for j in range(8):
            batch = BATCHES[(j + 2 * k) % 4]
            if network.name == "batch norm" and batch == "one by one":
                batch = "shuffled"  # of one sample the normalised values are zero
            style = Style(
                store=STORES[(j + k) % 4], shape=SHAPES[(j // 2 + k) % 4], step=next(steps),
                batch=batch, dtype=next(dtypes), buffers=(j + k) % 3 == 0,
            )  # fmt: skip
            if (style.shape, style.store) == ("pair", "names"):
                style = replace(style, buffers=False)  # a function would take its own names for the gradients
            found.append((network, style))
    return found
