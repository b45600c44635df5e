"""Formulas put together from the names at hand: products of two, a slope times a product, a sum over an axis."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np

from ...spelling import broadcasts, joint, level, slopes_of
from ..judge.match import summed_to_one
from .at_hand import AtHand, Atom

Array = Any


class Composer:
    """Formulas for an array.

    Args:
        hand: the names.
    """

    def __init__(self, hand: AtHand) -> None:
        self.hand = hand

    def times(self, text: str, factor: float) -> Iterator[str]:
        """A text times a number, the number by its name where it has one."""
        text = text if level(text) >= 2 else f"({text})"
        if abs(factor - 1.0) < 1e-9:
            yield text
            return
        if abs(factor + 1.0) < 1e-9:
            yield f"-{text}"
            return
        sign, size = ("-" if factor < 0 else ""), abs(factor)
        if not 1e-9 < size < 1e9:
            return
        small = abs(size - round(size)) < 1e-9 * size or abs(1 / size - round(1 / size)) < 1e-9 / size
        whole = f"{sign}{round(size)} * {text}" if size >= 1 else f"{sign}{text} / {round(1 / size)}"
        for said, root in self.hand.roots.items():  # as in attention
            if abs(size * root - 1) < 1e-9:
                yield f"{sign}{text} / {bound(said, 4)}"
            elif abs(size / root - 1) < 1e-9:
                yield f"{sign}{text} * {bound(said)}"
        if small and 1 < max(size, 1 / size) < 5 and round(max(size, 1 / size)) in (2, 4):
            yield whole
        for said, number in self.hand.settings.items():  # as it is written elsewhere: lam / m
            if abs(abs(number) / size - 1) < 1e-9:
                yield f"{'-' if (factor < 0) != (number < 0) else ''}{said} * {text}"
        sizes = [scalar for scalar in self.hand.scalars if scalar.text.endswith(".size")]
        yield from self._named([a for a in self.hand.scalars if a not in sizes], text, factor)
        if small and max(size, 1 / size) < 5:  # a larger one has a name, or is an accident
            yield whole
        else:
            yield from self._times_two(text, factor)
        yield from self._named(sizes, text, factor)
        sign = "-" if factor < 0 else ""
        for said, number in self.hand.literals.items():  # a number that stands in the script
            if abs(number / size - 1) < 1e-9:
                yield f"{sign}{said} * {text}"
            if abs(number * size - 1) < 1e-9:
                yield f"{sign}{text} / {said}"

    @staticmethod
    def _named(scalars: list[Atom], text: str, factor: float) -> Iterator[str]:
        """A text times or by a number with a name, or twice that, or half of it."""
        for c, said in ((1.0, ""), (2.0, "2 * "), (0.5, "0.5 * ")):
            for scalar in scalars:
                number, size = abs(float(scalar.first)), abs(factor)
                sign = "-" if (factor < 0) != (float(scalar.first) < 0) else ""
                counts = number == round(number) and number > 2
                if number and abs(number - 1) > 1e-12 and (c == 1.0 or counts):
                    if abs(c * number / size - 1) < 1e-9:
                        yield f"{sign}{said}{scalar.text} * {text}"
                    if abs(c / number / size - 1) < 1e-9:
                        yield f"{sign}{said}{text} / {scalar.text}"

    def _times_two(self, text: str, factor: float) -> Iterator[str]:
        """A text times a setting, and times or by another or a length: `lam * w / n`."""
        sign, size = ("-" if factor < 0 else ""), abs(factor)
        plain = [a for a in self.hand.scalars if float(a.first) > 0 and float(a.first) != 1 and "." not in a.text[-9:]]
        for one in [a for a in plain if a.text.isidentifier()][:12]:
            for other in plain[:40]:
                if abs(float(one.first) / float(other.first) / size - 1) < 1e-9 and other is not one:
                    yield f"{sign}{one.text} * {text} / {other.text}"
                if abs(float(one.first) * float(other.first) / size - 1) < 1e-9:
                    yield f"{sign}{one.text} * {other.text} * {text}"
            if abs(2 * float(one.first) / size - 1) < 1e-9:
                yield f"{sign}2 * {one.text} * {text}"

    def names(self, right: Array) -> Iterator[str]:
        """A name at hand, times a number."""
        for atom in self.hand.arrays:
            value = np.asarray(atom.first, dtype=float)
            for text, array in ((atom.text, value), (f"{atom.text}.T", value.T)):
                if array.shape == right.shape and np.any(array):
                    ratio = float(np.vdot(array, right) / np.vdot(array, array))
                    if np.allclose(array * ratio, right, rtol=1e-6, atol=1e-14):
                        yield from self.times(text, ratio)
            if value.size == right.size and value.shape != right.shape and np.any(value):
                flat, goal = value.ravel(), right.ravel()
                ratio = float(flat @ goal / (flat @ flat))
                if np.allclose(flat * ratio, goal, rtol=1e-6, atol=1e-14):
                    yield from self.times(f"{atom.text}.reshape{right.shape if right.ndim != 1 else (-1,)}", ratio)

    def formulas(self, right: Array) -> Iterator[str]:
        """A formula of the names at hand."""
        for text, ratio in self.pairs(right):
            yield from self.times(text, ratio)
        slopes = [s for atom in self.hand.arrays if np.shape(atom.first) for s in (*slopes_of(atom.text), atom.text)]
        for slope in slopes:
            if self.hand.late:
                return
            factor = self.hand.read(slope, 0)
            if factor is None or not broadcasts(np.shape(factor), right.shape) or lone(np.asarray(factor), right):
                continue
            if np.shape(factor) == right.shape and np.allclose(factor, right, rtol=1e-6, atol=0):
                yield slope
            with np.errstate(all="ignore"):
                rest = right / factor
            if np.all(np.isfinite(rest)):
                for text, ratio in self.pairs(rest):
                    for scaled in self.times(text, ratio):
                        yield f"({scaled}) * {slope if level(slope) > 2 else f'({slope})'}"
        if right.ndim:
            yield from self._through_softmax(right)
            yield from self._through_norm(right)

    def masked(self, right: Array) -> Iterator[str]:
        """Names and products with a mask, which cannot be divided by; NaN may be anything."""
        known = np.isfinite(right)
        masks = [f"({a.text} > 0)" for a in self.hand.arrays if np.shape(a.first) == right.shape]
        names = [(a.text, np.asarray(a.first, dtype=float)) for a in self.hand.arrays if np.ndim(a.first)]
        for text, value in [*names, *self._products(right.shape)]:
            for mask in () if self.hand.late else masks:
                m = self.hand.read(mask, 0)
                if m is not None and value.shape == right.shape and np.any((value * m)[known]):
                    here, aim = (value * m)[known], right[known]
                    ratio = float(here @ aim / (here @ here))
                    if np.allclose(here * ratio, aim, rtol=1e-6, atol=1e-12):
                        for scaled in self.times(text, ratio):
                            yield f"{scaled if scaled == text and level(text) > 2 else f'({scaled})'} * {mask}"

    def _through_softmax(self, right: Array) -> Iterator[str]:
        """What comes back through a softmax: each share acts on all scores."""
        same = [a for a in self.hand.arrays if np.shape(a.first) == right.shape]
        for shares in same:
            a = np.asarray(shares.first, dtype=float)
            axis = summed_to_one(a)
            for error in same if axis is not None and not self.hand.late else ():
                g = np.asarray(error.first, dtype=float)
                value = a * (g - (g * a).sum(axis=axis, keepdims=True))
                ratio = float(np.vdot(value, right) / (np.vdot(value, value) or 1.0))
                if np.any(value) and np.allclose(value * ratio, right, rtol=1e-6, atol=1e-12):
                    inner = f"({error.text} * {shares.text}).sum(axis={axis}, keepdims=True)"
                    yield from self.times(f"{shares.text} * ({error.text} - {inner})", ratio)

    def _through_norm(self, right: Array) -> Iterator[str]:
        """What comes back through standardised numbers: each acts on their mean and their deviation, too."""
        same = [(t, x) for t, x in self.hand.factors if x.shape == right.shape and x.ndim]
        errors = [(a.text, np.asarray(a.first)) for a in self.hand.arrays if np.shape(a.first) == right.shape]
        scales = [(t, x) for t, x in self.hand.factors if broadcasts(x.shape, right.shape)]
        for name, x in same:
            for axis in dict.fromkeys((0, right.ndim - 1)):
                if not _is_standard(x, axis):
                    continue
                for error, g in errors if right.shape[axis] > 1 and not self.hand.late else ():
                    over = f"axis={axis}, keepdims=True" if right.ndim > 1 else ""
                    value = g - g.mean(axis=axis, keepdims=True) - x * (g * x).mean(axis=axis, keepdims=True)
                    text = f"({error} - {error}.mean({over}) - {name} * ({error} * {name}).mean({over}))"
                    for said, scale in scales:
                        for sign, whole in (("*", value * scale), ("/", value / scale)):
                            ratio = float(np.vdot(whole, right) / (np.vdot(whole, whole) or 1.0))
                            if np.any(whole) and np.allclose(whole * ratio, right, rtol=1e-4, atol=1e-12):
                                yield from self.times(f"{text} {sign} {said}", ratio)

    def by_deviation(self, goal: Array) -> Iterator[tuple[str, float]]:
        """What standardised numbers give back by way of their deviation."""
        same = [(t, x) for t, x in self.hand.factors if x.shape == goal.shape and x.ndim]
        errors = [(a.text, np.asarray(a.first)) for a in self.hand.arrays if np.shape(a.first) == goal.shape]
        scales = [(t, x) for t, x in self.hand.factors if broadcasts(x.shape, goal.shape)]
        for name, x in same:
            for axis in dict.fromkeys((0, goal.ndim - 1)):
                if goal.shape[axis] < 2 or not _is_standard(x, axis) or not _is_along(goal, x, axis):
                    continue
                over = f"axis={axis}, keepdims=True" if goal.ndim > 1 else ""
                for error, g in errors if not self.hand.late else ():
                    value = x * (g * x).mean(axis=axis, keepdims=True)
                    for said, scale in scales if np.any(value) else ():
                        for sign, whole in (("*", value * scale), ("/", value / scale)):
                            ratio = float(np.vdot(whole, goal) / (np.vdot(whole, whole) or 1.0))
                            if ratio and np.allclose(whole * ratio, goal, rtol=1e-6, atol=1e-12):
                                yield f"{name} * ({error} * {name}).mean({over}) {sign} {said}", ratio

    def pairs(self, goal: Array) -> Iterator[tuple[str, float]]:
        """Two names multiplied or subtracted that give a multiple of what is wanted."""
        goal = np.asarray(goal)  # a matrix has two axes, whatever is chosen from it
        known = np.isfinite(goal)
        if 4 * int(known.sum()) < goal.size:
            return
        aim = goal[known]
        for text, value in self._products(goal.shape):
            here = np.asarray(value)[known] if value.shape == goal.shape else np.zeros(1)
            length = float(here @ here)
            if length and np.isfinite(length):
                ratio = float(here @ aim) / length
                turned = ratio < 0 and " - " in text  # the other way round it is there, too
                if ratio and not turned and np.linalg.norm(here * ratio - aim) <= 1e-6 * np.linalg.norm(aim):
                    yield text, ratio

    def handed_on(self, goal: Array) -> Iterator[tuple[str, float]]:
        """A name, and by how much less than the whole of it goes another way: what a gate or a mask lets by."""
        used = [(a.text, np.asarray(a.first, dtype=float)) for a in self.hand.arrays if self.hand.varies(a)]
        given = ((a.text, np.asarray(a.first, dtype=float)) for a in self.hand.arrays if np.size(a.first) > 1)
        gates = [(text, x) for text, x in given if x.min() >= 0 and x.max() <= 1 and np.any(x != x.flat[0])]
        known = np.isfinite(goal)
        for text, value in used if goal.ndim and 4 * int(known.sum()) >= goal.size else ():
            for gate, x in gates if value.shape == goal.shape else ():
                if gate != text and broadcasts(x.shape, goal.shape) and not lone(x, goal):
                    rest, aim = (value * (1 - x))[known], goal[known]
                    ratio = float(rest @ aim / (rest @ rest or 1.0))
                    if ratio and np.linalg.norm(rest * ratio - aim) <= 1e-6 * np.linalg.norm(aim):
                        yield f"{bound(text)} * (1 - {gate})", ratio

    def _products(self, shape: tuple[int, ...]) -> list[tuple[str, Array]]:
        if shape not in self._known_products:
            self._known_products[shape] = list(self._all_products(shape))
        return self._known_products[shape]

    @cached_property
    def _known_products(self) -> dict[tuple[int, ...], list[tuple[str, Array]]]:
        return {}

    def _all_products(self, shape: tuple[int, ...]) -> Iterator[tuple[str, Array]]:
        used = [a for a in self.hand.arrays if self.hand.varies(a) and (np.ndim(a.first) or not shape)]
        sides = [(a.text, np.asarray(a.first, dtype=float)) for a in used]
        sides += [(f"{text}.T", value.T) for text, value in sides if value.ndim == 2 and not text.endswith(".T")]
        for x_text, x in sides:
            for y_text, y in sides:
                alike = x.ndim < 3 > y.ndim or x.shape[:-2] == y.shape[:-2]
                if alike and x.ndim and y.ndim and x.shape[-1] == (y.shape[-2] if y.ndim > 1 else y.shape[0]):
                    out = (*x.shape[:-1], *(y.shape[-1:] if y.ndim > 1 else ()))
                    if out == shape and (x.ndim > 1 or y.ndim > 1):
                        yield f"{x_text} @ {y_text}", x @ y
                if x.ndim == y.ndim == 1 and (x.size, y.size) == shape:
                    yield f"np.outer({x_text}, {y_text})", np.outer(x, y)
                if (
                    x_text < y_text
                    and x.ndim <= len(shape)
                    and y.ndim <= len(shape)
                    and joint(x.shape, y.shape) == shape
                ):
                    yield f"{x_text} * {y_text}", x * y
                if x_text != y_text and x.shape == y.shape == shape:
                    yield f"({x_text} - {y_text})", x - y
        for text, value in sides:
            for axis in range(value.ndim):
                for keep in (False, True):
                    if value.shape[axis] > 1 and value.sum(axis=axis, keepdims=keep).shape == shape:
                        yield (
                            f"{text}.sum(axis={axis}{', keepdims=True' if keep else ''})",
                            value.sum(axis=axis, keepdims=keep),
                        )


def _is_standard(x: Array, axis: int) -> bool:
    """Whether numbers have the mean 0 and, but for what keeps it above 0, the deviation 1."""
    return np.allclose(x.mean(axis), 0, atol=1e-9) and np.allclose((x * x).mean(axis), 1, rtol=0.05)


def _is_along(goal: Array, x: Array, axis: int) -> bool:
    """Whether one array is another, times a number for each row or column."""
    share = (goal * x).mean(axis=axis, keepdims=True) / (x * x).mean(axis=axis, keepdims=True)
    return np.allclose(share * x, goal, rtol=1e-6, atol=1e-12)


def lone(x: Array, goal: Array) -> bool:
    """Whether an array has one number by chance, of one output say, and would not go with what is larger."""
    return bool(x.ndim and x.size == 1 < goal.size)


def bound(text: str, least: int = 2) -> str:
    """A text as a factor."""
    return text if level(text) >= least else f"({text})"
