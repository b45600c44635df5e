"""The words of the doctor: what is the matter and what to do, in sentences a learner understands.

One place for every message. The formulas in them are computed from the graph (`formulas.py`), the numbers from the fit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .evidence import Evidence
from .fit import Explanation
from .formulas import Formulas
from .reference import Loss
from .report import Candidate
from .templates import Factor


class Words:
    """Everything that can be said about one diagnosis."""

    def __init__(self, evidence: Evidence, loss: Loss) -> None:
        self.seen = evidence
        self.formulas = Formulas(evidence, loss)
        self.what = "update" if evidence.judged_step else "gradient"

    # --------------------------------------------------------------------------------------- what was looked at

    def evidence(self) -> str:
        e = self.seen
        points, samples = _count(e.points, "point"), _count(e.samples, "sample")
        kind = "your step" if e.judged_step else "your function"
        if len(e.probes) == 1:
            if e.called:
                return f"Judged on {samples} at one point. With so little, some mistakes look alike."
            given = "after one step, an update" if e.judged_step else "as numbers, a gradient"
            return (
                f"Judged on {samples} at the one point you gave. Given {given} cannot be tried elsewhere; give the "
                "function that computes it, and look-alikes can be told apart."
            )
        text = f"Judged on {samples} at {points}: {kind} was called {len(e.probes)} times."
        return text if e.strong else text + " With so little, some mistakes look alike."

    # ------------------------------------------------------------------------------------------ a mistake found

    def text(self, e: Explanation, block: str) -> str:
        """What an explanation means, its parts joined."""
        parts = [self._factor(factor, block) for factor in e.factors]
        scale = self._scale(e)
        if scale:
            parts.append(scale)
        return ", and ".join(parts)

    def reason(self, e: Explanation, block: str) -> str:
        text = self.text(e, block)
        return text if text.endswith("?") else f"{text}."

    def advice(self, e: Explanation, block: str) -> str:
        """The repair: the formulas that the mistake is in."""
        names = e.names
        lines = []
        for k in sorted(e.where):
            act = self.formulas.layers.activation(k)
            line = self.formulas.delta(act.block)
            slope = self.formulas.slope(act, self.formulas.number.get(act.block, 0))
            lines.append(f"{line}    # {self._said_of_slope(e, k, slope)}" if line else "")
        if not e.factors and not self.formulas.layers.above(block):
            lines.append(self.formulas.output_delta())  # a factor or a sign comes in where the loss is differentiated
        line = self.formulas.gradient(block)
        yours = self._yours(e, block, line)
        lines.append(f"{line}    # not {yours}" if line and yours else line)
        lines = list(dict.fromkeys(filter(None, lines)))
        if names == ("zero",) and not line:
            lines.append(f"d{block} is never computed, or overwritten with zeros")
        if "doubled" in names:
            lines.append(f"d{block} = 0  # before each backward pass, not after")
        if "stale" in names:
            lines.append(f"compute d{block} before the step that uses it")
        if self.seen.judged_step:
            lines.append(f"{block} -= lr * d{block}")
        return "\n".join(lines)

    def _said_of_slope(self, e: Explanation, k: int, slope: str) -> str:
        if any(f.name == "activation-applied-twice" and k in f.where for f in e.factors):
            number = self.formulas.number.get(self.formulas.layers.activation(k).block, 0)
            return f"f' of z{number}: {_bare(slope)}; a{number} went through f already"
        return f"{slope} is missing in yours"

    def _yours(self, e: Explanation, block: str, line: str) -> str:
        """What the learner seems to have written in place of the right side."""
        names = {f.name for f in e.factors}
        right = line.partition(" = ")[2]
        if names == {"transposed"} and "+" not in right:
            if right.startswith("np.outer("):
                a, _, b = right[len("np.outer(") : -1].partition(", ")
                return f"np.outer({b}, {a})"
            a, _, b = right.partition(" @ ")
            flipped = [side[:-2] if side.endswith(".T") else f"{side}.T" for side in (b, a)]
            return " @ ".join(flipped) if b else ""
        delta = f"delta{self.formulas.layer(block)}"
        if any(f.variant == "of the output" for f in e.factors):
            return ""
        return {"weight": block, "error": delta, "weight-for-activation": f"{delta} * {block}"}.get("+".join(names), "")

    def _factor(self, f: Factor, block: str) -> str:
        forms = self.formulas
        a = forms.input_name(block)
        delta = f"delta{forms.layer(block)}" if forms.layer(block) else "the error"
        what = self.what
        if f.name == "transposed":
            return f"the {what} is transposed: rows and columns are exchanged"
        if f.name == "zero":
            return f"the {what} is zero everywhere, though the loss does change with {block}"
        if f.name == "weight":
            if self.seen.judged_step:
                return (
                    f"the step subtracts the weight itself ({block} -= lr * {block}): that is weight decay. It shrinks "
                    f"{block} towards zero and never looks at the data"
                )
            return f"this is {block} itself, in place of its gradient: a step along it is weight decay"
        if f.name == "error" and f.variant:
            return f"this is the error at the output, in every place; it was neither sent back nor multiplied by {a}"
        if f.name == "error":
            return f"the error {delta} alone: it is not multiplied by the input of the layer, {a}"
        if f.name == "weight-for-activation":
            return f"{delta} is multiplied by the weight {block}, in place of the input of the layer, {a}"
        if f.name == "missing-derivative":
            return f"the derivative of {self._at(f)} is missing"
        if f.name == "activation-applied-twice":
            return f"the derivative of {self._at(f)} is taken at its result: f'(f(z)), in place of f'(z)"
        if f.name == "raw-error":
            return f"the raw error is sent back, without the derivative of {self._at(f)} on the way"
        if f.name == "stale":
            return f"this is the {what} of the call before: one step too late"
        if f.name == "doubled":
            return "the gradients of earlier calls are still in it: it adds up and is never set back to zero"
        return (
            f"the error was sent back through weights that had been updated already (lr {abs(f.lr):.3g}); compute all "
            "gradients first, then update"
        )

    def _at(self, f: Factor) -> str:
        return " and ".join(dict.fromkeys(self.formulas.activation(k) for k in sorted(f.where)))

    def _scale(self, e: Explanation) -> str:
        names = e.names
        if names == ("weight",):
            return ""
        lead = "" if e.factors else f"the right {self.what}, but "
        minus = "with the wrong sign" if e.factors else "with the wrong sign: a step along it makes the loss grow"
        size = abs(e.scale)
        if "scaled" not in names:
            return f"{lead}{minus}" if "sign" in names else ""
        n = self.seen.probes[0].count
        if e.power == 1:
            cause = "N times too large, N the number of samples: a sum over the samples where the loss takes the mean"
        elif e.power == -1:
            cause = "N times too small, N the number of samples: a mean over the samples where the loss takes the sum"
        elif _near(size, 2.0):
            cause = "twice too large: does the loss have the ½ that cancels the 2 of the square?"
        elif _near(size, 0.5):
            cause = "half of what it is to be: the 2 of the square is missing"
        elif self.seen.lr and _near(size, self.seen.lr):
            cause = f"multiplied by the learning rate {self.seen.lr:g} already"
        elif self.seen.lr and _near(size, 1 / self.seen.lr):
            cause = f"divided by the learning rate {self.seen.lr:g}: the step forgot to multiply by it"
        elif n > 1 and _near(size, n):
            cause = f"{n} times too large, and the batch has {n} samples: a sum where the loss takes the mean?"
        elif n > 1 and _near(size, 1 / n):
            cause = f"{n} times too small, and the batch has {n} samples: a mean where the loss takes the sum?"
        else:
            cause = f"multiplied by {size:.6g}"
        if self.seen.judged_step and not e.power:
            cause = f"{cause.rstrip('?')}; or is the learning rate of the step another than {self.seen.lr:g}?"
        if e.scale < 0:
            cause = f"with the wrong sign, and {cause}"
        return f"{lead}{cause}"

    # --------------------------------------------------------------------------------- several, or none at all

    def tie(self, block: str, candidates: tuple[Candidate, ...]) -> str:
        shown = list(dict.fromkeys(map(str, candidates)))[:5]
        if shown == ["scaled"]:
            return (
                f"{candidates[0].scale:.6g} times the right {self.what}, on this one sample. On one sample a great "
                "many mistakes come to no more than a factor: give more samples to tell which it is"
            )
        return (
            f"wrong, but what exactly is not decided: {_or(shown)} would give these very numbers here. "
            "More samples and other parameters would tell: give the function that computes it"
        )

    def unrecognised(self, block: str) -> str:
        text = f"wrong, and none of the usual mistakes, nor any two of them, gives these numbers{self._partly(block)}."
        text += self._hint(block)
        if text.endswith(("?", ":")) or not self.formula(block):
            return text
        return f"{text} Compare each line with the formula:"

    def _partly(self, block: str) -> str:
        """Which part of it is right, where only some rows or columns are wrong."""
        probes = self.seen.probes
        if probes[0].right(block).ndim != 2 or any(p.answers[block].shape != p.right(block).shape for p in probes):
            return ""
        off = np.zeros(probes[0].right(block).shape, dtype=bool)
        seen = off.copy()  # where the right one is not zero: a zero that agrees proves nothing
        for probe in probes:
            ours = probe.right(block)
            room = 1e-6 * float(np.max(np.abs(ours), initial=0.0))
            off |= np.abs(probe.answers[block] - ours) > room
            seen |= np.abs(ours) > room
        for axis, word in ((0, "column"), (1, "row")):
            wrong = np.flatnonzero(off.any(axis=axis))
            if 0 < len(wrong) < off.shape[1 - axis] and (seen.any(axis=axis) | off.any(axis=axis)).all():
                which = ", ".join(map(str, wrong[:6])) + (", …" if len(wrong) > 6 else "")
                return f" ({word}{'s' if len(wrong) > 1 else ''} {which} wrong, the others right)"
        return ""

    def _hint(self, block: str) -> str:
        """What it is, where that is plain though it is no mistake of the table."""
        probes = self.seen.probes
        rest = [probe.answers[block] - probe.right(block) for probe in probes]
        weights = [probe.params[block] for probe in probes]
        if all(np.shape(r) == np.shape(w) and np.any(w) for r, w in zip(rest, weights, strict=True)):
            c = float(np.vdot(weights[0], rest[0]) / np.vdot(weights[0], weights[0]))
            if all(np.linalg.norm(r - c * w) <= 1e-6 * np.linalg.norm(r) for r, w in zip(rest, weights, strict=True)):
                return (
                    f" But it is the right one plus {c:.4g} * {block}: weight decay that the loss does not have. Add "
                    "its penalty to the loss, or leave it out here. Without it:"
                )
        for other in self.seen.names:
            if other != block and all(
                probe.right(other).shape == probe.answers[block].shape
                and np.any(probe.right(other))
                and np.allclose(probe.answers[block], probe.right(other), rtol=1e-6, atol=0.0)
                for probe in probes
            ):
                return f" But it is the gradient of {other}: are two names, or two places in a list, exchanged?"
        return ""

    def rivals(self, block: str, rivals: list[Candidate]) -> str:
        return (
            f"it agrees with the right {self.what} here, but so would {_or(list(map(str, rivals)))}: at this point "
            "they cannot be told apart. Give the function that computes it, or another point."
        )

    def undecided(self, block: str, verdicts: list[str]) -> str:
        if "kink" in verdicts:
            return "a number lies exactly on the kink of an activation (relu at 0), where more than one slope is right"
        if "noise" in verdicts:
            return (
                "the activations are so saturated that the gradient is lost in rounding errors: try smaller parameters"
            )
        return "the gradient is zero at everything that was looked at, so nothing can be seen"

    def silent(self, block: str, both: bool) -> str:
        if self.formulas.recording.array_graph and self.formulas.recording.leaves.get(block, -1) < 0:
            told = "" if both else " What you computed is not zero."
            return (
                f"the loss does not use {block} at all, so its gradient is zero.{told} Did the forward pass forget it?"
            )
        return (
            f"the gradient of the loss to {block} is zero at everything that was looked at, so right and wrong look "
            "the same. Are all units dead, or multiplied by zero?"
        )

    # ------------------------------------------------------------------------------------------- bad input

    def absent(self, block: str) -> str:
        return f"no {self.what} of {block} was given: return it under the name {block!r}"

    def integer(self, block: str) -> str:
        return (
            f"the {self.what} is an array of integers: everything after the decimal point is cut off. Was it made by "
            f"np.zeros_like of an integer array, or with dtype=int?"
        )

    def no_numbers(self, block: str, array: Any) -> str:
        told = " (a None in it, or rows of different lengths?)" if array.dtype == object else ""
        return f"the {self.what} is to be an array of real numbers, got dtype {array.dtype}{told}"

    def loss_not_finite(self, block: str) -> str:
        return (
            "the loss or its own gradient is NaN or infinite at these parameters, so there is nothing to compare with"
        )

    def not_finite(self, block: str, array: Any) -> str:
        bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
        return (
            f"{bad} of {np.size(array)} elements are NaN or infinite, where the right ones are finite: look for a "
            "division by zero, a log of zero, an exp of something large"
        )

    def aliased(self, block: str, other: str) -> str:
        return (
            f"the arrays for {block} and {other} are the same memory, so writing one changes the other: give each an "
            "array of its own (np.zeros_like, or .copy())"
        )

    def shape(self, block: str, shape: tuple[int, ...]) -> tuple[str, str]:
        wanted = np.shape(self.seen.probes[0].params[block])
        return f"it has shape {shape}, {block} has shape {wanted}: a gradient has the shape of its block", self.formula(
            block
        )

    def reshaped(self, block: str, shape: tuple[int, ...]) -> tuple[str, str]:
        wanted = np.shape(self.seen.probes[0].params[block])
        reason = f"the numbers are right, the shape is not: {shape}, where {block} has {wanted}"
        try:
            spread = np.broadcast_shapes(shape, wanted)
        except ValueError:
            spread = wanted
        if spread != wanted:
            reason += f". Beware: {block} - lr * d{block} would silently become an array of shape {spread}"
        return reason, f"d{block} = d{block}.reshape({block}.shape)"

    def unsummed(self, block: str, shape: tuple[int, ...]) -> tuple[str, str]:
        return f"the samples are not summed yet: shape {shape}", f"d{block} = d{block}.sum(axis=0)"

    def formula(self, block: str) -> str:
        """The right gradient, with the error it is made of where that can be written."""
        lines = [self.formulas.delta(block), self.formulas.gradient(block)]
        if not lines[0] and not self.formulas.layers.own(block):
            lines[0] = self.formulas.output_delta()
        return "\n".join(line for line in lines if line)


def _bare(text: str) -> str:
    """A formula without the brackets around all of it."""
    return text[1:-1] if text.startswith("(") and text.endswith(")") and "(" not in text[1:] else text


def _near(x: float, y: float) -> bool:
    return math.isclose(x, y, rel_tol=1e-5)


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _or(names: list[str]) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
