"""The same workloads for everything glassgrad is compared with: each function gives a step to be timed.

A step is forward, loss, and the gradients of all parameters. Peers are written as their own users would write them.
"""

from __future__ import annotations

import ctypes
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from workloads import CHAIN, GPT, MOONS, SEED, Data, dense, expression_point

Step = Callable[[], Any]


def layers(theta: Any, sizes: tuple[int, ...]) -> list[tuple[Any, Any]]:
    """Weights (outputs, inputs) and biases of a dense network, in the order of the scalar one."""
    out, k = [], 0
    for inputs, outputs in zip(sizes, sizes[1:]):  # noqa: B905, RUF007  (peers run on any interpreter)
        W = theta[k : k + inputs * outputs].reshape(outputs, inputs)
        k += inputs * outputs
        out.append((W, theta[k : k + outputs]))
        k += outputs
    return out


# ------------------------------------------------------------------------------------------------------------ numpy


def numpy_w1(data: Data) -> Step:
    x, y, theta = data.X.reshape(1, -1), data.Y.reshape(1, -1), data.theta
    n = x.shape[1]

    def step() -> Any:
        (W1, b1), (W2, b2), (W3, b3) = layers(theta, SEED)
        a1 = 1 / (1 + np.exp(-(W1 @ x + b1[:, None])))
        a2 = 1 / (1 + np.exp(-(W2 @ a1 + b2[:, None])))
        a3 = 1 / (1 + np.exp(-(W3 @ a2 + b3[:, None])))
        error = a3 - y
        d3 = error * a3 * (1 - a3) / n
        d2 = (W3.T @ d3) * a2 * (1 - a2)
        d1 = (W2.T @ d2) * a1 * (1 - a1)
        gradient = [d1 @ x.T, d1.sum(1), d2 @ a1.T, d2.sum(1), d3 @ a2.T, d3.sum(1)]
        return (error * error).mean() / 2, np.concatenate([g.ravel() for g in gradient])

    return step


def numpy_w2(data: Data) -> Step:
    x, y, theta = data.X.T.copy(), data.Y.reshape(1, -1), data.theta
    n = x.shape[1]

    def step() -> Any:
        (W1, b1), (W2, b2), (W3, b3) = layers(theta, MOONS)
        a1 = np.maximum(W1 @ x + b1[:, None], 0)
        a2 = np.maximum(W2 @ a1 + b2[:, None], 0)
        margin = 1 - y * (W3 @ a2 + b3[:, None])
        d3 = -y * (margin > 0) / n
        d2 = (W3.T @ d3) * (a2 > 0)
        d1 = (W2.T @ d2) * (a1 > 0)
        parts = [d1 @ x.T, d1.sum(1), d2 @ a1.T, d2.sum(1), d3 @ a2.T, d3.sum(1)]
        gradient = np.concatenate([g.ravel() for g in parts]) + 2e-4 * theta
        return np.maximum(margin, 0).mean() + 1e-4 * (theta @ theta), gradient

    return step


# -------------------------------------------------------------------------------------------------------------- jax


def jax_step(name: str, data: Data) -> Step:
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp

    def w1(theta: Any, x: Any, y: Any) -> Any:
        a = x[:, None]
        for W, b in layers(theta, SEED):
            a = jax.nn.sigmoid(a @ W.T + b)
        return ((a[:, 0] - y) ** 2).mean() / 2

    def w2(theta: Any, x: Any, y: Any) -> Any:
        (W1, b1), (W2, b2), (W3, b3) = layers(theta, MOONS)
        a = jax.nn.relu(jax.nn.relu(x @ W1.T + b1) @ W2.T + b2) @ W3.T + b3
        return jax.nn.relu(1 - y * a[:, 0]).mean() + 1e-4 * (theta @ theta)

    def w3(theta: Any) -> Any:
        return jax.lax.scan(lambda z, _: (z * theta[1] + theta[2], None), theta[0], length=CHAIN)[0]

    def w5(theta: Any) -> Any:
        return expression_point(theta, jnp)

    def w6(theta: Any) -> Any:
        return (100 * (theta[1:] - theta[:-1] ** 2) ** 2 + (1 - theta[:-1]) ** 2).sum()

    def w7(theta: Any, x: Any, y: Any) -> Any:
        vocabulary, d, heads, block = GPT.values()
        sizes = [(vocabulary, d), (block, d), *[(d, d)] * 4, (4 * d, d), (d, 4 * d), (vocabulary, d)]
        parts, k = [], 0
        for rows, columns in sizes:
            parts.append(theta[k : k + rows * columns].reshape(rows, columns))
            k += rows * columns
        token, place, query, key, value, out, up, down, head = parts

        def normalized(z: Any) -> Any:
            return z / jnp.sqrt((z * z).mean(-1, keepdims=True) + 1e-5)

        z = normalized(x[0] @ token + place)
        calm = normalized(z)
        q, k_, v = ((calm @ M.T).reshape(-1, heads, d // heads).transpose(1, 0, 2) for M in (query, key, value))
        scores = q @ k_.transpose(0, 2, 1) / (d // heads) ** 0.5
        scores = jnp.where(jnp.tril(jnp.ones((block, block), bool)), scores, -jnp.inf)
        mixed = (jax.nn.softmax(scores) @ v).transpose(1, 0, 2).reshape(-1, d)
        z = z + mixed @ out.T
        z = z + jax.nn.relu(normalized(z) @ up.T) @ down.T
        logits = z @ head.T
        return (jax.nn.logsumexp(logits, axis=-1) - (logits * y[0]).sum(-1)).mean()

    loss: Any = {"W1": w1, "W2": w2, "W3": w3, "W5": w5, "W6": w6, "W7": w7}[name]
    function: Any = jax.jit(jax.hessian(loss) if name == "W6" else jax.value_and_grad(loss))
    theta = jnp.asarray(data.theta)
    batch = [jnp.asarray(part) for part in data.batch]
    return lambda: jax.block_until_ready(function(theta, *batch))


# ------------------------------------------------------------------------------------------------------------ torch


def torch_step(name: str, data: Data) -> Step:
    import torch

    torch.set_num_threads(1)
    theta = torch.tensor(data.theta, requires_grad=True)
    x, y = (torch.tensor(part) for part in data.batch or ([], []))

    def w1() -> Any:
        a = x[:, None]
        for W, b in layers(theta, SEED):
            a = torch.sigmoid(a @ W.T + b)
        return ((a[:, 0] - y) ** 2).mean() / 2

    def w2() -> Any:
        (W1, b1), (W2, b2), (W3, b3) = layers(theta, MOONS)
        a = torch.relu(torch.relu(x @ W1.T + b1) @ W2.T + b2) @ W3.T + b3
        return torch.relu(1 - y * a[:, 0]).mean() + 1e-4 * (theta @ theta)

    def w5() -> Any:
        return expression_point(theta, torch)

    loss = {"W1": w1, "W2": w2, "W5": w5}[name]

    def step() -> Any:
        theta.grad = None
        out = loss()
        out.backward()
        return out, theta.grad

    return step


# ---------------------------------------------------------------------------- CasADi, HIPS autograd, micrograd


def casadi_step(name: str, data: Data, kind: str) -> Step:
    """CasADi's virtual machine: a function of the whole batch, of scalars (SX) or of matrices (MX); or of one sample in
    scalars, mapped over the batch ("map")."""
    import casadi as ca

    sizes = {"W1": SEED, "W2": MOONS}[name]
    n, inputs = len(data.Y), sizes[0]
    one, kind, whole = kind == "map", kind.replace("map", "SX"), n
    n = 1 if one else n
    symbol = getattr(ca, kind).sym
    theta, x, y = symbol("theta", data.theta.size), symbol("x", inputs, n), symbol("y", 1, n)
    a, k = x, 0
    for i, (width, count) in enumerate(zip(sizes, sizes[1:])):  # noqa: B905, RUF007
        W = ca.reshape(theta[k : k + width * count], width, count).T
        k += width * count
        z = ca.mtimes(W, a) + ca.repmat(theta[k : k + count], 1, n)
        k += count
        act = {"W1": lambda z: 1 / (1 + ca.exp(-z)), "W2": lambda z: ca.fmax(z, 0)}[name]
        a = act(z) if name == "W1" or i < len(sizes) - 2 else z
    loss = ca.sumsqr(a - y) / 2 / n
    if name == "W2":
        loss = ca.sum2(ca.fmax(1 - y * a, 0)) / n + 1e-4 * ca.sumsqr(theta)
    function = ca.Function("step", [theta, x, y], [loss, ca.gradient(loss, theta)])
    if one:
        theta, x, y = ca.MX.sym("theta", data.theta.size), ca.MX.sym("x", inputs, whole), ca.MX.sym("y", 1, whole)
        found = [ca.sum2(part) / whole for part in function.map(whole)(ca.repmat(theta, 1, whole), x, y)]
        function = ca.Function("step", [theta, x, y], found)
    buffer, run = function.buffer()  # its fastest way to be called: no array is copied
    value, gradient = np.zeros(1), np.zeros(data.theta.size)
    given = (data.theta, np.ascontiguousarray(data.X), np.ascontiguousarray(data.Y))
    for place, array in enumerate(given):
        buffer.set_arg(place, memoryview(array.reshape(-1)))
    buffer.set_res(0, memoryview(value))
    buffer.set_res(1, memoryview(gradient))

    def step() -> Any:
        run()
        return (value, gradient, given, function, buffer)[:2]  # all of them are in use

    return step


def hips_step(name: str, data: Data) -> Step:
    """HIPS autograd, which is called `autograd` too, so it needs an interpreter of its own."""
    here = str(Path(__file__).resolve().parents[1])
    sys.path[:] = [folder for folder in sys.path if folder != here]
    import autograd.numpy as anp

    import autograd

    def w1(theta: Any) -> Any:
        a = data.X[:, None]
        for W, b in layers(theta, SEED):
            a = 1 / (1 + anp.exp(-(anp.dot(a, W.T) + b)))
        return anp.mean((a[:, 0] - data.Y) ** 2) / 2

    def w2(theta: Any) -> Any:
        (W1, b1), (W2, b2), (W3, b3) = layers(theta, MOONS)
        a = anp.maximum(anp.dot(data.X, W1.T) + b1, 0)
        a = anp.dot(anp.maximum(anp.dot(a, W2.T) + b2, 0), W3.T) + b3
        return anp.mean(anp.maximum(1 - data.Y * a[:, 0], 0)) + 1e-4 * anp.dot(theta, theta)

    def w5(theta: Any) -> Any:
        return expression_point(theta, anp)

    function = autograd.value_and_grad({"W1": w1, "W2": w2, "W5": w5}[name])  # type: ignore[attr-defined, unused-ignore]
    return lambda: function(data.theta)


def micrograd_step(name: str, data: Data, whole: bool) -> Step:
    """The whole batch as one graph, as in its own demo, or a graph for each sample; it lacks the sigmoid."""
    from micrograd.engine import Value

    sys.setrecursionlimit(100_000)  # its backward recurses

    def sigmoid(v: Any) -> Any:
        s = 1 / (1 + math.exp(-v.data))
        out = Value(s, (v,), "sigmoid")

        def backward() -> None:
            v.grad += s * (1 - s) * out.grad

        out._backward = backward
        return out

    p = [Value(number) for number in data.theta.tolist()]
    n = len(data.Y)
    rows = list(zip(np.reshape(data.X, (n, -1)).tolist(), data.Y.tolist()))  # noqa: B905

    def loss(x: Any, y: Any) -> Any:
        if name == "W1":
            return (dense(SEED, p, sigmoid, last=True)(x) - y) ** 2 * 0.5
        return (1 - y * dense(MOONS, p, lambda v: v.relu(), last=False)(x)).relu()

    def step() -> Any:
        for each in p:
            each.grad = 0.0
        parts = [sum(loss(x, y) for x, y in rows) * (1 / n)] if whole else (loss(x, y) * (1 / n) for x, y in rows)
        total = 0.0
        for part in parts:
            part.backward()
            total += part.data
        if name == "W2":
            decay = 1e-4 * sum(each * each for each in p)
            decay.backward()
            total += decay.data
        return total, np.array([each.grad for each in p])

    return step


def microgpt_step(data: Data, engine: str) -> Step:
    """A step of training of microgpt.py on an engine of its own, loss, gradient and Adam; gives those of the first."""
    import importlib

    import microgpt

    model = microgpt.GPT(importlib.import_module(engine).Value, data.X.shape[-1])
    parameters = model.parameters()
    for p, number in zip(parameters, data.theta.tolist()):  # noqa: B905
        p.data = number
    tokens = [*data.X[0].argmax(axis=-1).tolist(), int(data.Y[0, -1].argmax())]
    optimizer = microgpt.Adam(parameters, 10**6)
    first: list[Any] = []

    def step() -> Any:
        loss = microgpt.loss_of(model, tokens)
        loss.backward()
        if not first:
            first[:] = loss.data, np.array([p.grad for p in parameters])
        optimizer.step()
        return tuple(first)

    return step


# ---------------------------------------------------------------------------------------------------------------- C

C_SOURCE = r"""
#include <math.h>
#include <string.h>
typedef double V __attribute__((vector_size(64)));
#ifdef __AVX512F__
V _ZGVeN8v_exp(V);
#define EXP _ZGVeN8v_exp
#else
static inline V EXP(V x) { for (int s = 0; s < 8; s++) x[s] = exp(x[s]); return x; }
#endif
typedef long long M __attribute__((vector_size(64)));
static inline V pick(M m, V a, V b) { return (V)((m & (M)a) | (~m & (M)b)); }
#define ALL(s) for (int s = 0; s < 8; s++)
#define UNROLL _Pragma("GCC unroll 16")

#define NETWORK(name, I, H, hinge, decay) \
double name(const double *t, const double *X, const double *Y, int n, double *g) { \
  enum { b1 = I * H, w2 = b1 + H, b2 = w2 + H * H, w3 = b2 + H, b3 = w3 + H, P = b3 + 1 }; \
  V acc[P]; memset(acc, 0, sizeof acc); V loss = {0}; \
  for (int i = 0; i < n; i += 8) { \
    V x[I], y, keep, a1[H], a2[H], d2[H]; \
    ALL(s) { int r = i + s < n ? i + s : n - 1; keep[s] = i + s < n; y[s] = Y[r]; \
             for (int j = 0; j < I; j++) x[j][s] = X[r * I + j]; } \
    for (int o = 0; o < H; o++) { V z = t[b1 + o] - (V){0}; \
      UNROLL for (int j = 0; j < I; j++) z += t[o * I + j] * x[j]; \
      a1[o] = hinge ? pick(z > 0, z, (V){0}) : 1 / (1 + EXP(-z)); } \
    for (int o = 0; o < H; o++) { V z = t[b2 + o] - (V){0}; \
      UNROLL for (int j = 0; j < H; j++) z += t[w2 + o * H + j] * a1[j]; \
      a2[o] = hinge ? pick(z > 0, z, (V){0}) : 1 / (1 + EXP(-z)); } \
    V out = t[b3] - (V){0}; \
    UNROLL for (int j = 0; j < H; j++) out += t[w3 + j] * a2[j]; \
    V d3; \
    if (hinge) { V m = 1 - y * out; loss += keep * pick(m > 0, m, (V){0}); d3 = pick(m > 0, -y * keep, (V){0}); } \
    else { V a3 = 1 / (1 + EXP(-out)), r = a3 - y; loss += keep * r * r / 2; d3 = keep * r * a3 * (1 - a3); } \
    acc[b3] += d3; \
    UNROLL for (int j = 0; j < H; j++) { acc[w3 + j] += d3 * a2[j]; V d = d3 * t[w3 + j]; \
      d2[j] = hinge ? pick(a2[j] > 0, d, (V){0}) : d * a2[j] * (1 - a2[j]); acc[b2 + j] += d2[j]; } \
    for (int j = 0; j < H; j++) { V d = {0}; \
      UNROLL for (int o = 0; o < H; o++) { acc[w2 + o * H + j] += d2[o] * a1[j]; d += d2[o] * t[w2 + o * H + j]; } \
      d = hinge ? pick(a1[j] > 0, d, (V){0}) : d * a1[j] * (1 - a1[j]); acc[b1 + j] += d; \
      UNROLL for (int k = 0; k < I; k++) acc[j * I + k] += d * x[k]; } \
  } \
  double total = 0, norm = 0; \
  ALL(s) total += loss[s]; \
  for (int p = 0; p < P; p++) { double sum = 0; ALL(s) sum += acc[p][s]; \
    g[p] = sum / n + 2 * decay * t[p]; norm += t[p] * t[p]; } \
  return total / n + decay * norm; \
}
NETWORK(w1, 1, 3, 0, 0.0)
NETWORK(w2, 2, 16, 1, 1e-4)
"""


def c_step(name: str, data: Data) -> Step:
    folder = Path(tempfile.mkdtemp())
    (folder / "limit.c").write_text(C_SOURCE)
    flags = ["-O3", "-march=native", "-ffast-math", "-mprefer-vector-width=512", "-shared", "-fPIC"]
    subprocess.run(["gcc", *flags, "limit.c", "-o", "limit.so", "-lmvec", "-lm"], cwd=folder, check=True)
    function = getattr(ctypes.CDLL(str(folder / "limit.so")), name.lower())
    function.restype = ctypes.c_double
    function.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int, ctypes.c_void_p]
    gradient = np.zeros(512)
    theta, X, Y = data.theta, np.ascontiguousarray(data.X), np.ascontiguousarray(data.Y)
    arguments = (theta.ctypes.data, X.ctypes.data, Y.ctypes.data, len(Y), gradient.ctypes.data)
    kept = (theta, X, Y)  # their addresses are in use
    return lambda: (function(*arguments), gradient[: len(kept[0])])
