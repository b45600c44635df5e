"""The two questions a learner asks, answered from what was found and measured: is it wrong, and why does it not fit?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ..language import counted, figures, lines_of, listed, say
from .cure import AT_FLOOR, BETTER, Cure, Run

CLEAR = 0.05  # of a loss: by how much another must be lower to count as lower


def is_it_wrong(found: dict[str, Any], cure: Cure | None) -> list[str]:
    """Sentences on the first question."""
    faults, blocks = found["faults"], found["blocks"]
    wrong = [b["name"] for b in blocks if b["verdict"] == "wrong"]
    if not faults and not wrong:
        return list(_no_mistake(found))
    out = []
    if faults:
        lines = [f["line"] for f in faults]
        out.append(counted("yes_wrong", len(set(lines)), lines=lines_of(lines)))
    explained = {name for f in faults for name in f["blocks"]}
    lost = [name for name in wrong if name not in explained]
    if lost:
        rows = {b["name"]: b["line"] for b in blocks}
        out.append(counted("unexplained", len(lost), names=listed(lost), lines=lines_of([rows[name] for name in lost])))
    out += list(_fatal(faults, cure))
    out += list(_common_factor(found))
    if found["unread"]:
        out.append(say("unread", names=listed(found["unread"])))
    return [*out, found["apart"]] if found["apart"] else out


def factor_text(factor: float) -> str:
    """A factor as people write it: 60, or 1/60."""
    return f"{factor:.6g}" if factor > 1 else f"1/{1 / factor:.6g}"


def _no_mistake(found: dict[str, Any]) -> Iterator[str]:
    blocks = found["blocks"]
    right = [b["name"] for b in blocks if b["verdict"] == "right"]
    unsure = [b["name"] for b in blocks if b["verdict"] == "cannot tell"]
    if found["apart"]:
        yield found["apart"]
    told = "right_besides" if found["apart"] else "right_gradients"
    yield say(told, names=listed(right)) if right else say("nothing_to_say")
    yield from _common_factor(found)
    if found["loss"]["form"] == "climbed":
        yield say("climbed", line=found["loss"]["line"], text=found["loss"]["text"])
    if found["aside"]:
        yield say("loss_aside", line=found["aside"]["line"], text=found["aside"]["text"])
    odd = [name for name in unsure if name in found["unexplained"]]
    silent = [name for name in unsure if name not in odd and name not in found["lost"]]
    beside = [name for name in silent if name in found["beside"]]
    if beside:
        yield say("cannot_tell_beside", names=listed(beside))
    if len(silent) > len(beside):
        yield say("cannot_tell", names=listed([name for name in silent if name not in beside]))
    if odd:
        yield say("no_known_loss", names=listed(odd))
    if found["lost"]:
        yield say("not_followed", names=listed(found["lost"]))
    if found["unread"]:
        yield say("unread", names=listed(found["unread"]))
    rules = {b["rule"] for b in blocks if b["verdict"] == "right"} - {"plain"}
    for rule in ("decay", "truncated", "aligned"):
        if rule in rules:
            yield say(f"rule_{rule}")
    if found["in_turn"]:
        turn = found["in_turn"]
        yield say("rule_in-turn", block=turn["block"], line=turn["reader"], update=turn["line"])
    if right and (found["step_rule"] or "adaptive" in rules):
        yield found["step_rule"] or say("rule_adaptive")


def _common_factor(found: dict[str, Any]) -> Iterator[str]:
    factor = found["factor"]
    if abs(factor - 1.0) > 1e-5:
        key = "common_factor_large" if factor > 1 else "common_factor_small"
        large = f"{max(factor, 1 / factor):.6g}"
        yield say(key, factor=large, line=found["loss"]["line"], text=found["loss"]["text"])


def _fatal(faults: list[dict[str, Any]], cure: Cure | None) -> Iterator[str]:
    idle = [f["line"] for f in faults if not f["used"]]
    ignoring = [f["line"] for f in faults if f["used"] and f["step"] and f["name"] in ("weight", "error")]
    if ignoring:
        yield counted("fatal_step", len(ignoring), lines=lines_of(ignoring))
    if idle and ignoring:
        yield say("idle_repair", lines=lines_of(idle))
    if cure is None or not cure.left_in:
        return
    best = cure.best
    told = [
        say("left_in_each", loss=figures(run.last), line=faults[number]["line"]) for number, run in cure.left_in.items()
    ]
    plain = best in (cure.before, cure.after)
    yield say("left_in" if plain else "left_in_setting", best=figures(best.last), setting=best.name, each=listed(told))
    least = best.last - CLEAR * abs(best.last)
    lower = [faults[number]["line"] for number, run in cure.left_in.items() if run.last < least]
    if lower:
        yield say("left_in_lower", lines=lines_of(lower))
    fatal = [faults[number]["line"] for number in cure.left_in if cure.fatal(number)]
    if fatal:
        key = "spoils_mean" if math.isfinite(cure.baseline) else "spoils"
        yield counted(key, len(set(fatal)), lines=lines_of(fatal), mean=figures(cure.baseline))


def why_not(found: dict[str, Any], cure: Cure) -> list[str]:
    """Sentences on the second question."""
    before, base = cure.before.curve, cure.after or cure.before
    error, out = found["watched"]["error"], []
    if before.crossed and error is not None:
        one, other, both = before.crossed
        out.append(say("crossed_shapes", lines=lines_of([error[1][0]]), one=one, other=other, both=both))
    if found["seldom"] and before.turns >= 2 * before.steps > 0:
        line = found["watched"]["states"][0][1][0]
        out.append(say("seldom", line=line, count=before.steps, turns=before.turns, condition=found["seldom"]))
    out += list(_curves(found, cure) if before.losses else _without_curve(cure))
    if before.broken:
        out.append(say("runs_off", step=before.broken))
    if not before.complete and before.steps:
        out.append(say("not_to_its_end", steps=before.steps, seconds=f"{before.seconds:.0f}"))
    if found["faults"] and not cure.all_repaired:
        out.append(say("cannot_repair"))
        return out
    if found["drawn"]:
        out.append(say("own_samples"))
    for other in found["others"]:
        out.append(say("another_loss", names=listed(other["names"]), line=other["line"], text=other["text"]))
    if found["others"] and not found["faults"]:
        return out
    if base.curve.error or not base.curve.losses or found["upward"] or found["drawn"]:
        return out
    if math.isfinite(cure.floor):
        reached = base.last <= AT_FLOOR * cure.floor
        out.append(say("reaches_floor" if reached else "above_floor", floor=figures(cure.floor)))
        if reached:
            return out
    if cure.works(base):
        out.append(say("fits_repaired" if cure.after is not None else "fits_as_is"))
        return out
    if not (cure.best is not base and cure.works(cure.best)):  # else the reason was found by trying
        out += found["facts"]
    if cure.tried:
        out += list(_compared(found, cure, base))
    elif math.isfinite(cure.rests):
        out.append(say("at_rest"))
    if cure.short and not cure.works(cure.best):
        out.append(say("longer_untried"))
    return out


def _without_curve(cure: Cure) -> Iterator[str]:
    """What is known where the training as it is has no losses that can be followed."""
    after, error = cure.after, cure.before.curve.error
    yield _stops(error) if error else say("no_curve")
    if after is not None and after.curve.losses:
        first, last = figures(after.curve.first), figures(after.curve.last)
        name = after.name[:1].upper() + after.name[1:]
        yield say("repaired_goes", name=name, first=first, last=last)


def _stops(error: str) -> str:
    """That a training stops, in a sentence: with an error, or because there was no time for more."""
    endless = say("no_end", seconds="\0").split("\0")[0]
    if error.startswith(endless):
        return f"{error[:1].upper()}{error[1:].rstrip('.')}{say('stop')}"
    return say("training_stops", error=error.rstrip("."))


def _curves(found: dict[str, Any], cure: Cure) -> Iterator[str]:
    before, after = cure.before, cure.after
    if before.curve.error:
        yield _stops(before.curve.error)
    facts = {"line": found["loss"]["line"], "text": found["loss"]["text"]}
    if found["watched"]["error"] is not None and before.curve.measure != "loss":
        facts["line"] = found["watched"]["error"][1][0]
    if before.curve.measure != "loss":
        yield say("loss_is_of_squares" if before.curve.measure == "squares" else "loss_is_of_entropy", **facts)
    elif found["watched"]["sign"] < 0:
        yield say("loss_is_minus", **facts)
    if before.curve.again:
        yield say("first_training")
    first, last = figures(before.curve.first), figures(before.curve.last)
    if found["upward"]:
        yield say("goes_up", first=first, last=last, **facts)
        return
    mean = before.curve.averaged
    if after is None:
        yield say("mean_goes" if mean else "loss_goes", first=first, last=last)
    else:
        yield say(
            "mean_goes_both" if mean else "loss_goes_both", first=first, last=last, name=after.name,
            first_repaired=figures(after.curve.first), last_repaired=figures(after.curve.last),
        )  # fmt: skip
        lower = before.last < after.last - CLEAR * abs(after.last) and before.last < before.curve.first
        if cure.all_repaired and lower and not found["drawn"]:
            yield say("rises_repaired" if _rises(after) else "falling_loss")
    if math.isfinite(cure.baseline):
        yield say("baseline", mean=figures(cure.baseline))


def _rises(run: Run) -> bool:
    """Whether a training ends higher than it began, by more than its losses differ from turn to turn."""
    return run.last > run.curve.first + CLEAR * abs(run.curve.first)


def _compared(found: dict[str, Any], cure: Cure, base: Run) -> Iterator[str]:
    best = cure.best
    if best is base or best.last > BETTER * base.last:
        kinds = [
            ("tried_rate", any(r.rate != base.rate for r in cure.tried if math.isfinite(r.rate))),
            ("tried_order", any(r.shuffled for r in cure.tried)),
            ("tried_start", any(r.anew for r in cure.tried)),
            ("tried_longer", any(r.again > 1 for r in cure.tried)),
        ]
        low = {id(r): min((x for _, x in r.curve.losses if x == x), default=math.inf) for r in cure.tried}
        ended = [r for r in cure.tried if r.curve.broken and low[id(r)] < BETTER * base.last]
        if ended:  # lower than all that came to their end
            run = min(ended, key=lambda r: low[id(r)])
            yield say("better_then_nan", name=run.name, low=figures(low[id(run)]), last=figures(base.last),
                      step=run.curve.broken)  # fmt: skip
        else:
            told = listed([say(key) for key, tried in kinds if tried])
            if cure.at_floor:
                yield say("at_floor", share=f"{100 * cure.rests:.0f}", tried=told)
            else:
                yield say("no_better", tried=told)
        return
    reasons = []
    after, before = figures(best.last), figures(base.curve.last)
    if best.anew:
        reasons += [say("start_matters", after=after, before=before), *found["odd_starts"]]
    if best.again > 1:
        reasons.append(say("too_few_steps", times=best.again, after=after, before=before))
    same_order = [r for r in (base, *cure.tried) if r.shuffled == best.shuffled]
    at_rate = [r for r in (base, *cure.tried) if r.rate == best.rate and r.shuffled != best.shuffled]
    mine = next((r for r in same_order if r.rate == base.rate), None)
    if mine is not None and not best.anew and best.rate != base.rate and best.last < BETTER * mine.last:
        factor = best.rate / base.rate
        key = f"rate_too_{'small' if factor > 1 else 'large'}{'_shuffled' if best.shuffled else ''}"
        larger = f"{max(factor, 1 / factor):g}"
        before = figures(mine.last)
        reasons.append(
            say(key, rate=f"{base.rate:g}", best=f"{best.rate:g}", factor=larger, before=before, after=after)
        )
    if at_rate and best.shuffled and best.last < BETTER * at_rate[0].last and not cure.works(at_rate[0]):
        order = found["order"]
        key = "order_sorted" if order["sorted"] else "order_fixed"
        before = figures(at_rate[0].last)
        reasons.append(say(key, text=order["text"], rate=f"{best.rate:g}", before=before, after=after))
    if len(reasons) == 2 and best.shuffled:
        yield say("two_reasons" if found["faults"] else "two_reasons_alone")
    yield from reasons
    if not reasons:
        yield say("best_with", name=best.name, loss=figures(best.last))
    if cure.works(best):
        yield say("nothing_added")
