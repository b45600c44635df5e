"""One list of computations on arrays, tested by everyone: numpy for the value, differences, torch and jax for the rest.

A case is written once in numpy's names: `F` is our functions, numpy's, or jax's. Where torch writes it differently, its
way stands beside it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from autograd.core import table as rules
from autograd.tensor import functions as array_functions
from autograd.tensor import shapes as array_shapes

Shape = tuple[int, ...]


class Case(NamedTuple):
    """A computation; `torch` is the same in torch's words, None where it has no such function."""

    name: str
    run: Callable[..., Any]
    shapes: tuple[Shape, ...]
    torch: Callable[..., Any] | None = None
    positive: bool = False

    def inputs(self, dtype: Any = np.float64) -> list[Any]:
        """Arrays without ties, away from zero, the same at every call."""
        rng = np.random.default_rng(zlib.crc32(self.name.encode()))
        found = []
        for shape in self.shapes:
            size = int(np.prod(shape))
            steps = (rng.permutation(size) + 0.3 + 0.4 * rng.uniform(size=size)) / max(size, 1)  # all different
            found.append((steps * 2 + 0.2 if self.positive else steps * 3 - 1.45).reshape(shape).astype(dtype))
        return found


def _softmax(x: Any, axis: int = -1) -> Any:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


OURS = SimpleNamespace(
    **{name: getattr(rules, name) for name in rules.TABLE},
    **{
        name: thing
        for room in (array_functions, array_shapes)
        for name, thing in vars(room).items()
        if callable(thing) and getattr(thing, "__module__", "") == room.__name__ and not name.startswith("_")
    },
)
NUMPY = SimpleNamespace(
    **{name: getattr(np, name) for name in vars(OURS) if hasattr(np, name)},
    norm=np.linalg.norm,
    logsumexp=lambda x, axis=None, keepdims=False: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
    softmax=_softmax,
    log_softmax=lambda x, axis=-1: np.log(_softmax(x, axis)),
    relu=lambda x: np.maximum(x, 0),
    sigmoid=lambda x: 1 / (1 + np.exp(-x)),
)

M, V, C = (3, 4), (4,), (2, 3, 4)
I3 = np.array([[0, 2, 2], [1, 1, 0]])
MASK = np.arange(12).reshape(3, 4) % 3 != 1

CASES: list[Case] = [
    # sums and their like, in every form of axis
    Case("sum", lambda F, x: F.sum(x), (C,), lambda T, x: T.sum(x)),
    Case("sum 0-d", lambda F, x: F.sum(x), ((),), lambda T, x: T.sum(x)),
    Case("sum axis", lambda F, x: F.sum(x, axis=1), (C,), lambda T, x: T.sum(x, 1)),
    Case("sum negative axis", lambda F, x: F.sum(x, axis=-1, keepdims=True), (C,), lambda T, x: T.sum(x, -1, True)),
    Case("sum axes", lambda F, x: F.sum(x, axis=(0, -1)), (C,), lambda T, x: T.sum(x, (0, -1))),
    Case("sum no axes", lambda F, x: F.sum(x, axis=()), (C,)),
    Case("sum keepdims", lambda F, x: F.sum(x, keepdims=True), (M,)),
    Case("mean", lambda F, x: F.mean(x, axis=(0, 2)), (C,), lambda T, x: T.mean(x, (0, 2))),
    Case("var", lambda F, x: F.var(x), (M,), lambda T, x: T.var(x, correction=0)),
    Case("var ddof", lambda F, x: F.var(x, axis=0, ddof=1), (M,), lambda T, x: T.var(x, 0, correction=1)),
    Case("std", lambda F, x: F.std(x, axis=1, keepdims=True), (M,),
         lambda T, x: T.std(x, 1, correction=0, keepdim=True)),
    Case("average", lambda F, x, w: F.average(x, axis=1, weights=w), (M, V), positive=True),
    Case("max", lambda F, x: F.max(x, axis=1), (M,), lambda T, x: T.amax(x, 1)),
    Case("max all", lambda F, x: F.max(x), (M,), lambda T, x: T.max(x)),
    Case("min", lambda F, x: F.min(x, axis=(0, 1), keepdims=True), (C,), lambda T, x: T.amin(x, (0, 1), True)),
    Case("ptp", lambda F, x: F.ptp(x, axis=0), (M,)),
    Case("prod", lambda F, x: F.prod(x, axis=1), (M,), lambda T, x: T.prod(x, 1)),
    Case("prod all", lambda F, x: F.prod(x), (M,), lambda T, x: T.prod(x)),
    Case("prod axes", lambda F, x: F.prod(x, axis=(0, 2), keepdims=True), (C,)),
    Case("cumsum", lambda F, x: F.cumsum(x, axis=1), (C,), lambda T, x: T.cumsum(x, 1)),
    Case("cumsum flat", lambda F, x: F.cumsum(x), (M,), lambda T, x: T.cumsum(x.reshape(-1), 0)),
    Case("diff", lambda F, x: F.diff(x, n=2, axis=0), (M,), lambda T, x: T.diff(x, n=2, dim=0)),
    Case("clip", lambda F, x: F.clip(x, -0.5, 0.7), (M,), lambda T, x: T.clip(x, -0.5, 0.7)),
    Case("logsumexp", lambda F, x: F.logsumexp(x, axis=1), (M,), lambda T, x: T.logsumexp(x, 1)),
    Case("logsumexp all", lambda F, x: F.logsumexp(x), (M,), lambda T, x: T.logsumexp(x, (0, 1))),
    Case("softmax", lambda F, x: F.softmax(x), (M,), lambda T, x: T.softmax(x, -1)),
    Case("log_softmax", lambda F, x: F.log_softmax(x, axis=0), (M,), lambda T, x: T.log_softmax(x, 0)),
    Case("norm", lambda F, x: F.norm(x), (M,), lambda T, x: T.linalg.vector_norm(x)),
    Case("norm axis", lambda F, x: F.norm(x, axis=1), (M,), lambda T, x: T.linalg.vector_norm(x, dim=1)),
    Case("norm 1", lambda F, x: F.norm(x, 1, axis=-1), (M,), lambda T, x: T.linalg.vector_norm(x, 1, dim=-1)),
    Case("norm inf", lambda F, x: F.norm(x, np.inf, axis=0), (M,), lambda T, x: T.linalg.vector_norm(x, np.inf, dim=0)),
    Case("norm 3", lambda F, x: F.norm(x, 3, axis=0), (M,), lambda T, x: T.linalg.vector_norm(x, 3, dim=0)),
    # products
    Case("matmul", lambda F, x, y: F.matmul(x, y), (M, (4, 2)), lambda T, x, y: x @ y),
    Case("matmul vector matrix", lambda F, x, y: F.matmul(x, y), ((3,), M), lambda T, x, y: x @ y),
    Case("matmul matrix vector", lambda F, x, y: F.matmul(x, y), (M, V), lambda T, x, y: x @ y),
    Case("matmul vectors", lambda F, x, y: F.matmul(x, y), (V, V), lambda T, x, y: x @ y),
    Case("matmul stack matrix", lambda F, x, y: F.matmul(x, y), (C, (4, 2)), lambda T, x, y: x @ y),
    Case("matmul matrix stack", lambda F, x, y: F.matmul(x, y), (M, (2, 4, 2)), lambda T, x, y: x @ y),
    Case("matmul stack vector", lambda F, x, y: F.matmul(x, y), (C, V), lambda T, x, y: x @ y),
    Case("matmul vector stack", lambda F, x, y: F.matmul(x, y), ((3,), C), lambda T, x, y: x @ y),
    Case("matmul broadcast", lambda F, x, y: F.matmul(x, y), ((2, 1, 3, 4), (3, 4, 2)), lambda T, x, y: x @ y),
    Case("matmul ones", lambda F, x, y: F.matmul(x, y), ((1, 3, 4), (5, 4, 1)), lambda T, x, y: x @ y),
    Case("matmul itself", lambda F, x: F.matmul(x, x), ((3, 3),), lambda T, x: x @ x),
    Case("dot", lambda F, x, y: F.dot(x, y), (M, V), lambda T, x, y: x @ y),
    Case("dot numbers", lambda F, x, y: F.dot(x, y), ((), M), lambda T, x, y: x * y),
    Case("dot stacks", lambda F, x, y: F.dot(x, y), (C, (2, 4, 3))),
    Case("vdot", lambda F, x, y: F.vdot(x, y), (M, M)),
    Case("inner", lambda F, x, y: F.inner(x, y), (M, (2, 4)), lambda T, x, y: T.inner(x, y)),
    Case("outer", lambda F, x, y: F.outer(x, y), ((3,), V), lambda T, x, y: T.outer(x, y)),
    Case("tensordot", lambda F, x, y: F.tensordot(x, y, axes=([0, 1], [1, 0])), (C, (3, 2, 5)),
         lambda T, x, y: T.tensordot(x, y, dims=([0, 1], [1, 0]))),
    Case("tensordot 1", lambda F, x, y: F.tensordot(x, y, 1), (C, (4, 2)), lambda T, x, y: T.tensordot(x, y, 1)),
    Case("tensordot 0", lambda F, x, y: F.tensordot(x, y, 0), (V, (2,)), lambda T, x, y: T.tensordot(x, y, 0)),
    Case("einsum product", lambda F, x, y: F.einsum("ij,jk->ik", x, y), (M, (4, 2)),
         lambda T, x, y: T.einsum("ij,jk->ik", x, y)),
    Case("einsum implicit", lambda F, x, y: F.einsum("kj,ji", x, y), (M, (4, 2)),
         lambda T, x, y: T.einsum("kj,ji", x, y)),
    Case("einsum three", lambda F, x, y, z: F.einsum("ij,jk,k->i", x, y, z), (M, (4, 2), (2,)),
         lambda T, x, y, z: T.einsum("ij,jk,k->i", x, y, z)),
    Case("einsum dots", lambda F, x, y: F.einsum("...ij,...jk->...ik", x, y), ((2, 3, 4), (4, 2)),
         lambda T, x, y: T.einsum("...ij,...jk->...ik", x, y)),
    Case("einsum batch", lambda F, x, y: F.einsum("bij,bj->bi", x, y), (C, (2, 4)),
         lambda T, x, y: T.einsum("bij,bj->bi", x, y)),
    Case("einsum trace", lambda F, x: F.einsum("ii", x), ((3, 3),), lambda T, x: T.einsum("ii", x)),
    Case("einsum diagonal", lambda F, x: F.einsum("ii->i", x), ((3, 3),), lambda T, x: T.einsum("ii->i", x)),
    Case("einsum repeats", lambda F, x, y: F.einsum("iji,j->i", x, y), ((3, 2, 3), (2,)),
         lambda T, x, y: T.einsum("iji,j->i", x, y)),
    Case("einsum sum", lambda F, x: F.einsum("ijk->j", x), (C,), lambda T, x: T.einsum("ijk->j", x)),
    Case("einsum to itself", lambda F, x: F.einsum("ij->ji", x), (M,), lambda T, x: T.einsum("ij->ji", x)),
    Case("einsum lost letter", lambda F, x, y: F.einsum("ij,k->i", x, y), (M, (2,)),
         lambda T, x, y: T.einsum("ij,k->i", x, y)),
    Case("einsum length 1", lambda F, x, y: F.einsum("ij,ij->i", x, y), (M, (1, 4))),
    Case("einsum twice itself", lambda F, x: F.einsum("ij,ik->jk", x, x), (M,),
         lambda T, x: T.einsum("ij,ik->jk", x, x)),
    Case("trace", lambda F, x: F.trace(x, offset=1), (M,)),
    # shapes
    Case("reshape", lambda F, x: F.reshape(x, (4, -1)), (C,), lambda T, x: x.reshape(4, -1)),
    Case("ravel", lambda F, x: F.ravel(x), (C,), lambda T, x: x.reshape(-1)),
    Case("transpose", lambda F, x: F.transpose(x), (C,), lambda T, x: x.permute(2, 1, 0)),
    Case("transpose axes", lambda F, x: F.transpose(x, (1, -1, 0)), (C,), lambda T, x: x.permute(1, 2, 0)),
    Case("swapaxes", lambda F, x: F.swapaxes(x, 0, -1), (C,), lambda T, x: x.transpose(0, -1)),
    Case("moveaxis", lambda F, x: F.moveaxis(x, (0, 1), (-1, 0)), (C,), lambda T, x: T.moveaxis(x, (0, 1), (-1, 0))),
    Case("squeeze", lambda F, x: F.squeeze(x), ((1, 3, 1),), lambda T, x: x.squeeze()),
    Case("squeeze axis", lambda F, x: F.squeeze(x, axis=-1), ((1, 3, 1),), lambda T, x: x.squeeze(-1)),
    Case("expand_dims", lambda F, x: F.expand_dims(x, (0, -1)), (M,), lambda T, x: x[None, ..., None]),
    Case("broadcast_to", lambda F, x: F.broadcast_to(x, (2, 3, 4)), ((3, 1),), lambda T, x: x.expand(2, 3, 4)),
    Case("broadcast_to number", lambda F, x: F.broadcast_to(x, (2, 3)), ((),), lambda T, x: x.expand(2, 3)),
    # joins and cuts
    Case("concatenate", lambda F, x, y: F.concatenate([x, y], axis=1), (M, (3, 2)), lambda T, x, y: T.cat([x, y], 1)),
    Case("concatenate flat", lambda F, x, y: F.concatenate([x, y], axis=None), (M, (2,))),
    Case("concatenate itself", lambda F, x: F.concatenate([x, x, x]), (M,), lambda T, x: T.cat([x, x, x])),
    Case("stack", lambda F, x, y: F.stack([x, y], axis=-1), (M, M), lambda T, x, y: T.stack([x, y], -1)),
    Case("hstack", lambda F, x, y: F.hstack([x, y]), (V, (2,)), lambda T, x, y: T.hstack([x, y])),
    Case("vstack", lambda F, x, y: F.vstack([x, y]), (V, M), lambda T, x, y: T.vstack([x, y])),
    Case("column_stack", lambda F, x, y: F.column_stack([x, y]), ((3,), M), lambda T, x, y: T.column_stack([x, y])),
    Case("split", lambda F, x: F.split(x, 2, axis=1)[1] * F.split(x, [1], axis=0)[0][:, :2], (M,)),
    Case("array_split", lambda F, x: F.array_split(x, 3, axis=1)[0], (M,), lambda T, x: x[:, :2]),
    # rearrangements
    Case("flip", lambda F, x: F.flip(x, axis=(0, 2)), (C,), lambda T, x: T.flip(x, (0, 2))),
    Case("flip all", lambda F, x: F.flip(x), (M,), lambda T, x: T.flip(x, (0, 1))),
    Case("roll", lambda F, x: F.roll(x, 2, axis=1), (M,), lambda T, x: T.roll(x, 2, 1)),
    Case("roll flat", lambda F, x: F.roll(x, -1), (M,), lambda T, x: T.roll(x, -1)),
    Case("rot90", lambda F, x: F.rot90(x), (M,), lambda T, x: T.rot90(x)),
    Case("tile", lambda F, x: F.tile(x, (2, 1, 3)), (M,), lambda T, x: T.tile(x, (2, 1, 3))),
    Case("repeat", lambda F, x: F.repeat(x, 3, axis=1), (M,), lambda T, x: x.repeat_interleave(3, 1)),
    Case("repeat each", lambda F, x: F.repeat(x, np.array([1, 0, 2]), axis=0), (M,)),
    Case("pad", lambda F, x: F.pad(x, ((1, 0), (2, 1)), constant_values=3.0), (M,),
         lambda T, x: T.nn.functional.pad(x, (2, 1, 1, 0), value=3.0)),
    Case("pad reflect", lambda F, x: F.pad(x, ((0, 0), (2, 1)), mode="reflect"), (M,),
         lambda T, x: T.nn.functional.pad(x, (2, 1), mode="reflect")),
    Case("diagonal", lambda F, x: F.diagonal(x, 1, 0, 2), (C,), lambda T, x: T.diagonal(x, 1, 0, 2)),
    Case("diag", lambda F, x: F.diag(x, -1), (V,), lambda T, x: T.diag(x, -1)),
    Case("tril", lambda F, x: F.tril(x, 1), (C,), lambda T, x: T.tril(x, 1)),
    Case("triu", lambda F, x: F.triu(x), (M,), lambda T, x: T.triu(x)),
    # elements
    Case("item", lambda F, x: x[1, 2], (M,), lambda T, x: x[1, 2]),
    Case("row", lambda F, x: x[-1], (M,), lambda T, x: x[-1]),
    Case("slices", lambda F, x: x[::2, 1:], (M,), lambda T, x: x[::2, 1:]),
    Case("backwards", lambda F, x: x[:, ::-1], (M,), lambda T, x: T.flip(x, (1,))),
    Case("newaxis", lambda F, x: x[None, ..., 0, None], (C,), lambda T, x: x[None, ..., 0, None]),
    Case("fancy", lambda F, x: x[np.array([2, 0, 2])], (M,), lambda T, x: x[[2, 0, 2]]),
    Case("fancy pairs", lambda F, x: x[np.array([2, 0, 2]), np.array([1, 1, -3])], (M,),
         lambda T, x: x[[2, 0, 2], [1, 1, -3]]),
    Case("fancy grid", lambda F, x: x[np.array([[0], [2]]), np.array([1, 1])], (M,)),
    Case("fancy apart", lambda F, x: x[np.array([0, 1, 1]), :, np.array([3, 3, 3])], (C,)),
    Case("fancy many", lambda F, x: x[np.arange(60) % 3], (M,), lambda T, x: x[[k % 3 for k in range(60)]]),
    Case("mask", lambda F, x: x[MASK], (M,), lambda T, x: x[MASK]),
    Case("mask rows", lambda F, x: x[np.array([True, False, True])], (M,), lambda T, x: x[[True, False, True]]),
    Case("mask and slice", lambda F, x: x[1:, np.array([True, False, True, True])], (M,)),
    Case("take", lambda F, x: F.take(x, I3, axis=1), (M,)),
    Case("take flat", lambda F, x: F.take(x, I3), (M,), lambda T, x: T.take(x, T.as_tensor(I3))),
    Case("take_along_axis", lambda F, x: F.take_along_axis(x, np.array([[3, 3], [0, 1], [2, 2]]), 1), (M,),
         lambda T, x: T.take_along_dim(x, T.as_tensor([[3, 3], [0, 1], [2, 2]]), 1)),
    Case("sort", lambda F, x: F.sort(x, axis=0), (M,), lambda T, x: T.sort(x, 0).values),
    Case("where", lambda F, x, y: F.where(MASK, x, y), (M, (4,)), lambda T, x, y: T.where(T.as_tensor(MASK), x, y)),
    # several at once, and broadcasting
    Case("arithmetic", lambda F, x, y: (x - y) * x / (2 + y * y), (M, (3, 1)),
         lambda T, x, y: (x - y) * x / (2 + y * y)),
    Case("number and array", lambda F, x, y: x * y + x, ((), C), lambda T, x, y: x * y + x),
    Case("size 1", lambda F, x, y: x * y, ((1, 1, 1), (3, 1)), lambda T, x, y: x * y),
    Case("power", lambda F, x, y: x**y, (M, V), lambda T, x, y: x**y, positive=True),
    Case("layer", lambda F, x, w, b: F.tanh(F.matmul(x, w) + b), (M, (4, 2), (2,)),
         lambda T, x, w, b: T.tanh(x @ w + b)),
    Case("attention", lambda F, q, k: F.matmul(F.softmax(F.matmul(q, F.swapaxes(k, -1, -2))), k), (C, C),
         lambda T, q, k: T.softmax(q @ k.transpose(-1, -2), -1) @ k),
    Case("layer norm", lambda F, x: (x - F.mean(x, axis=-1, keepdims=True)) / F.std(x, axis=-1, keepdims=True), (M,)),
]  # fmt: skip

SHAPES_OF_PAIRS: list[tuple[Shape, Shape]] = [
    ((), ()), ((), (3,)), ((1,), (3,)), ((3,), (1,)), ((2, 1), (1, 3)), ((2, 3), (3,)), ((3,), (2, 3)),
    ((0,), (1,)), ((2, 0), (1,)), ((2, 1, 3), (4, 1)), ((1, 1), ()),
]  # fmt: skip
