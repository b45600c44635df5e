"""The words of the doctor: what is the matter and what to do, in sentences a learner understands.

Which message of the language's table, and its facts: formulas computed from the graph (`formulas.py`), and the numbers
of the fit.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..language import counted, say, sentences
from ..recorded.evidence import Evidence
from ..recorded.reference import Loss
from .fit import Explanation
from .formulas import Formulas
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
        points, samples = counted("points", e.points), counted("samples", e.samples)
        if len(e.probes) == 1:
            if e.called:
                return say("judged_little", samples=samples)
            return say("judged_given_step" if e.judged_step else "judged_given_numbers", samples=samples)
        key = "judged_step" if e.judged_step else "judged_function"
        text = say(key, samples=samples, points=points, times=len(e.probes))
        return text if e.strong else sentences([text, say("look_alike")])

    # ------------------------------------------------------------------------------------------ a mistake found

    def text(self, e: Explanation, block: str) -> str:
        """What an explanation means, its parts joined."""
        parts = [self._factor(factor, block) for factor in e.factors]
        scale = self._scale(e)
        if scale:
            parts.append(scale)
        return say("and_clause").join(parts)

    def reason(self, e: Explanation, block: str) -> str:
        text = self.text(e, block)
        return text if text.endswith(("?", "？")) else f"{text}{say('stop')}"

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
        lines.append(say("c_not", line=line, yours=yours) if line and yours else line)
        lines = list(dict.fromkeys(filter(None, lines)))
        if names == ("zero",) and not line:
            lines.append(say("c_never", block=block))
        if "doubled" in names:
            lines.append(say("c_zero_before", block=block))
        if "stale" in names:
            lines.append(say("c_before_step", block=block))
        if self.seen.judged_step:
            lines.append(f"{block} -= lr * d{block}")
        return "\n".join(lines)

    def _said_of_slope(self, e: Explanation, k: int, slope: str) -> str:
        if any(f.name == "activation-applied-twice" and k in f.where for f in e.factors):
            number = self.formulas.number.get(self.formulas.layers.activation(k).block, 0)
            return say("c_twice", number=number, slope=_bare(slope))
        return say("c_missing", slope=slope)

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
        delta = f"delta{forms.layer(block)}" if forms.layer(block) else say("delta_unknown")
        key = f"a_{f.name}"
        if f.name == "weight" and self.seen.judged_step:
            key = "a_weight_step"
        if f.name == "error" and f.variant:
            key = "a_error_output"
        return say(
            key, what=say(f"what_{self.what}"), block=block, a=a, delta=delta, at=self._at(f), lr=f"{abs(f.lr):.3g}"
        )

    def _at(self, f: Factor) -> str:
        return say("at_and").join(dict.fromkeys(self.formulas.activation(k) for k in sorted(f.where)))

    def _scale(self, e: Explanation) -> str:
        names = e.names
        if names == ("weight",):
            return ""
        what = say(f"what_{self.what}")
        lead = "" if e.factors else say("right_but", what=what)
        size = abs(e.scale)
        if "scaled" not in names:
            return f"{lead}{say('wrong_sign' if e.factors else 'wrong_sign_grows')}" if "sign" in names else ""
        cause = self._cause(e.power, size)
        if self.seen.judged_step and not e.power:
            cause = say("or_other_rate", cause=cause.rstrip("?？"), lr=f"{self.seen.lr:g}")
        return f"{lead}{say('sign_and', cause=cause) if e.scale < 0 else cause}"

    def _cause(self, power: int, size: float) -> str:
        """Where a factor comes from."""
        n, lr = self.seen.probes[0].count, self.seen.lr
        if power in (1, -1):
            return say("n_large" if power == 1 else "n_small")
        if _near(size, 2.0) or _near(size, 0.5):
            return say("twice" if size > 1 else "half")
        if lr and (_near(size, lr) or _near(size, 1 / lr)):
            return say("times_lr" if _near(size, lr) else "over_lr", lr=f"{lr:g}")
        if n > 1 and (_near(size, n) or _near(size, 1 / n)):
            return say("batch_large" if _near(size, n) else "batch_small", n=n)
        return say("times_factor", factor=f"{size:.6g}")

    # --------------------------------------------------------------------------------- several, or none at all

    def tie(self, block: str, candidates: tuple[Candidate, ...]) -> str:
        shown = list(dict.fromkeys(map(str, candidates)))[:5]
        if shown == ["scaled"]:
            return say("tie_factor", factor=f"{candidates[0].scale:.6g}", what=say(f"what_{self.what}"))
        return say("tie", names=_or(shown))

    def unrecognised(self, block: str) -> str:
        text = say("unrecognised", partly=self._partly(block))
        text += self._hint(block)
        if text.endswith(("?", ":", "？", "：")) or not self.formula(block):
            return text
        return say("compare_lines", text=text)

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
        for axis, key in ((0, "columns"), (1, "rows")):
            wrong = np.flatnonzero(off.any(axis=axis))
            if 0 < len(wrong) < off.shape[1 - axis] and (seen.any(axis=axis) | off.any(axis=axis)).all():
                which = ", ".join(map(str, wrong[:6])) + (", …" if len(wrong) > 6 else "")
                return counted(key, len(wrong), which=which)
        return ""

    def _hint(self, block: str) -> str:
        """What it is, where that is plain though it is no mistake of the table."""
        probes = self.seen.probes
        rest = [probe.answers[block] - probe.right(block) for probe in probes]
        weights = [probe.params[block] for probe in probes]
        if all(np.shape(r) == np.shape(w) and np.any(w) for r, w in zip(rest, weights, strict=True)):
            c = float(np.vdot(weights[0], rest[0]) / np.vdot(weights[0], weights[0]))
            if all(np.linalg.norm(r - c * w) <= 1e-6 * np.linalg.norm(r) for r, w in zip(rest, weights, strict=True)):
                return say("hint_decay", c=f"{c:.4g}", block=block)
        for other in self.seen.names:
            if other != block and all(
                probe.right(other).shape == probe.answers[block].shape
                and np.any(probe.right(other))
                and np.allclose(probe.answers[block], probe.right(other), rtol=1e-6, atol=0.0)
                for probe in probes
            ):
                return say("hint_exchanged", other=other)
        return ""

    def rivals(self, block: str, rivals: list[Candidate]) -> str:
        return say("rivals", what=say(f"what_{self.what}"), names=_or(list(map(str, rivals))))

    def undecided(self, block: str, verdicts: list[str]) -> str:
        return say(next((f"undecided_{why}" for why in ("kink", "noise") if why in verdicts), "undecided_zero"))

    def silent(self, block: str, both: bool) -> str:
        if self.formulas.recording.array_graph and self.formulas.recording.leaves.get(block, -1) < 0:
            return say("unused_block" if both else "unused_block_not_zero", block=block)
        return say("silent", block=block)

    # ------------------------------------------------------------------------------------------- bad input

    def absent(self, block: str) -> str:
        return say("absent", what=say(f"what_{self.what}"), block=block, name=repr(block))

    def integer(self, block: str) -> str:
        return say("integer_array", what=say(f"what_{self.what}"))

    def no_numbers(self, block: str, array: Any) -> str:
        key = "no_numbers_object" if array.dtype == object else "no_numbers"
        return say(key, what=say(f"what_{self.what}"), dtype=array.dtype)

    def loss_not_finite(self, block: str) -> str:
        return say("loss_not_finite")

    def not_finite(self, block: str, array: Any) -> str:
        bad = int(np.size(array) - np.count_nonzero(np.isfinite(array)))
        return say("elements_not_finite", bad=bad, size=np.size(array))

    def aliased(self, block: str, other: str) -> str:
        return say("aliased", block=block, other=other)

    def shape(self, block: str, shape: tuple[int, ...]) -> tuple[str, str]:
        wanted = np.shape(self.seen.probes[0].params[block])
        return say("wrong_shape", shape=shape, block=block, wanted=wanted), self.formula(block)

    def reshaped(self, block: str, shape: tuple[int, ...]) -> tuple[str, str]:
        wanted = np.shape(self.seen.probes[0].params[block])
        reason = say("only_shape", shape=shape, block=block, wanted=wanted)
        try:
            spread = np.broadcast_shapes(shape, wanted)
        except ValueError:
            spread = wanted
        if spread != wanted:
            reason = say("beware_broadcast", reason=reason, block=block, spread=spread)
        return reason, f"d{block} = d{block}.reshape({block}.shape)"

    def unsummed(self, block: str, shape: tuple[int, ...]) -> tuple[str, str]:
        return say("unsummed_samples", shape=shape), f"d{block} = d{block}.sum(axis=0)"

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


def _or(names: list[str]) -> str:
    quoted = [say("quoted", name=name) for name in names]
    return quoted[0] if len(quoted) == 1 else say("or_list", before=say("comma").join(quoted[:-1]), last=quoted[-1])
