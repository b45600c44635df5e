"""The two questions a learner asks, answered from what was found and measured: is it wrong, and why does it not fit?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .cure import BETTER, Cure, Run


def lines_of(numbers: list[int]) -> str:
    """ "line 3", "lines 3 and 5", "lines 3, 5 and 8"."""
    unique = sorted(set(numbers))
    if len(unique) == 1:
        return f"line {unique[0]}"
    return f"lines {', '.join(map(str, unique[:-1]))} and {unique[-1]}"


def is_it_wrong(found: dict[str, Any], cure: Cure | None) -> list[str]:
    """Sentences on the first question."""
    faults, blocks = found["faults"], found["blocks"]
    wrong = [b["name"] for b in blocks if b["verdict"] == "wrong"]
    if not faults and not wrong:
        return [_no_mistake(found)]
    out = []
    if faults:
        many = (
            "one line is" if len({f["line"] for f in faults}) == 1 else f"{len({f['line'] for f in faults})} lines are"
        )
        out.append(f"Yes: {many} wrong, {lines_of([f['line'] for f in faults])}.")
    explained = {name for f in faults for name in f["blocks"]}
    lost = [name for name in wrong if name not in explained]
    if lost:
        rows = {b["name"]: b["line"] for b in blocks}
        out.append(f"{_listed(lost)} {'does' if len(lost) == 1 else 'do'} not follow the gradient of the loss either "
                   "(updated in "
                   f"{lines_of([rows[name] for name in lost])}); no single line explains it.")  # fmt: skip
    out += list(_fatal(faults, cure))
    return out


def _no_mistake(found: dict[str, Any]) -> str:
    blocks = found["blocks"]
    right = [b["name"] for b in blocks if b["verdict"] == "right"]
    unsure = [b["name"] for b in blocks if b["verdict"] == "cannot tell"]
    text = f"No mistake found: the gradient of {_listed(right)} is right." if right else "Nothing can be said."
    if unsure:
        text += f" About {_listed(unsure)} one cannot tell: the gradient was zero wherever it was looked at."
    rules = {b["rule"] for b in blocks if b["verdict"] == "right"} - {"plain"}
    if "decay" in rules:
        text += " The step also shrinks the weights (weight decay)."
    if "adaptive" in rules:
        text += " The step is not plain gradient descent (momentum, an adaptive rate or clipping), and goes downhill."
    return text


def _fatal(faults: list[dict[str, Any]], cure: Cure | None) -> Iterator[str]:
    idle = [f["line"] for f in faults if not f["used"]]
    ignoring = [f["line"] for f in faults if f["used"] and f["step"] and f["name"] in ("weight", "error")]
    if ignoring:
        change = "changes its parameter" if len(ignoring) == 1 else "change the parameters"
        yield f"Fatal is the step: {lines_of(ignoring)} {change} without the gradients that the script computes."
    if idle and ignoring:
        yield (
            f"Repairing {lines_of(idle)} alone would leave the training as it is, number for number, because no step "
            "reads that gradient."
        )
    if cure is None or not cure.left_in:
        return
    best = cure.best
    told = [f"{_loss(run.last)} with line {faults[number]['line']}" for number, run in cure.left_in.items()]
    yield (
        f"With everything repaired the loss ends at {_loss(best.last)}{_setting(best)}. With one wrong line left in it "
        f"ends at {_listed(told)}."
    )
    fatal = [faults[number]["line"] for number in cure.left_in if cure.fatal(number)]
    if fatal:
        each = "is" if len(set(fatal)) == 1 else "are each"
        mean = f" (always predicting the mean gives {_loss(cure.baseline)})" if math.isfinite(cure.baseline) else ""
        yield f"So {lines_of(fatal)} {each} enough to spoil the training alone{mean}."


def _setting(run: Run) -> str:
    return f" with {run.name}" if run.name not in ("repaired", "as it is") else ""


def why_not(found: dict[str, Any], cure: Cure | None) -> list[str]:
    """Sentences on the second question."""
    if cure is None:
        return ["The loss of a whole training could not be read, so there is nothing to compare."]
    out = list(_curves(cure))
    base = cure.after or cure.before
    if cure.after is None and found["faults"]:
        out.append("Not every line to write instead is known, so the repaired training could not be run.")
        return out
    repaired = "repaired" if cure.after is not None else "as it is"
    if cure.works(base):
        out.append(f"{repaired.capitalize()}, it fits: nothing else stands in the way.")
        return out
    if cure.tried:
        out += list(_compared(found, cure, base))
    return out


def _curves(cure: Cure) -> Iterator[str]:
    before, after = cure.before, cure.after
    if cure.before.curve.error:
        yield f"The training as it is stops with {cure.before.curve.error.rstrip('.')}."
    if after is None:
        yield f"The loss goes from {_loss(before.curve.first)} to {_loss(before.last)}."
    else:
        yield (f"The loss goes from {_loss(before.curve.first)} to {_loss(before.last)} as the script is, and from "
               f"{_loss(after.curve.first)} to {_loss(after.last)} repaired.")  # fmt: skip
        if before.last < after.last and before.last < before.curve.first:
            yield "A falling loss proves nothing: here the wrong steps lower it further than the right ones."
    if math.isfinite(cure.baseline):
        yield f"Always predicting the mean of the targets would give {_loss(cure.baseline)}."


def _compared(found: dict[str, Any], cure: Cure, base: Run) -> Iterator[str]:
    best = cure.best
    if best is base or best.last > BETTER * base.last:
        yield (
            "No other learning rate"
            + (" and no other order of the samples" if any(r.shuffled for r in cure.tried) else "")
            + " that was tried makes it much better."
        )
        return
    reasons = []
    same_order = [r for r in (base, *cure.tried) if r.shuffled == best.shuffled]
    at_rate = [r for r in (base, *cure.tried) if r.rate == best.rate and r.shuffled != best.shuffled]
    mine = next((r for r in same_order if r.rate == base.rate), None)
    if mine is not None and best.rate != base.rate and best.last < BETTER * mine.last:
        factor = best.rate / base.rate
        how = f"{factor:g} times larger" if factor > 1 else f"{1 / factor:g} times smaller"
        small = "small" if factor > 1 else "large"
        reasons.append(
            f"the learning rate {base.rate:g} is too {small} for this many steps: with {best.rate:g}, {how}, the "
            "loss ends at "
            f"{_loss(best.last)} in place of {_loss(mine.last)}{' (both shuffled)' if best.shuffled else ''}"
        )
    if at_rate and best.shuffled and best.last < BETTER * at_rate[0].last:
        how = "come one at a time in sorted order" if found["order"]["sorted"] else "come in a fixed order"
        what = f" ({found['order']['text']} only grows)" if found["order"]["sorted"] else ""
        reasons.append(
            f"the samples {how}{what}, so each stretch of the training makes the network forget the one before: at "
            "the learning rate "
            f"{best.rate:g} the loss ends at {_loss(at_rate[0].last)} in this order and at {_loss(best.last)} with "
            "the same samples shuffled once"
        )
    if len(reasons) > 1:
        yield "Two things besides the mistakes keep it from fitting, and both count."
    for reason in reasons:
        yield f"{reason[0].upper()}{reason[1:]}."
    if not reasons:
        yield f"It fits best with {best.name}: the loss ends at {_loss(best.last)}."
    if cure.works(best):
        yield (
            "Nothing was added to the network in these runs, so no missing layer or bias is what keeps it from fitting."
        )


def _loss(x: float) -> str:
    return f"{x:.3g}" if math.isfinite(x) else "infinity or NaN"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "nothing"
