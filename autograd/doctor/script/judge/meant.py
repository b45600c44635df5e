"""The loss that is meant, where the gradients are those of another one than the script computes."""

from __future__ import annotations

import numpy as np

from .overwritten import only_last
from .slips import all_but_some, counts_unseen, forgets_weights, of_more_samples, sums_to_one
from .told import is_claimed, is_told
from .verdicts import Judgement


def meant(best: Judgement, everything: list[Judgement]) -> Judgement:
    """The loss that the script computes, where its gradients are those of another one.

    Squares in the script and gradients of cross-entropy, say: a slope is missing. After a softmax the squares may be
    for show, and where large errors are cut off on the way back, as Huber does it.
    """
    assert best.reading is not None
    if best.reading.kind == "loss" or best.reading.holds_something(best.look):
        return best
    computed = every = [o for o in everything if o.reading is not None and o.reading.kind == "loss"]
    if all(v.right for v in best.verdicts.values()):  # an epoch's loss, of all samples, is not that of a step on one
        computed = [o for o in computed if _data_read(o) < 2 * _data_read(best)]
    computed = [o for o in computed if not of_more_samples(best, o)]
    same = [o for o in computed if o.form == best.form or _but_for_a_penalty(o, best)]
    if same:
        return same[0]
    told = [o for o in computed if o.reading and is_told(o.look, o.reading.roots[0], o.form)]
    slips = [o for o in told if all_but_some(best, o) or forgets_weights(best, o)]
    shown = {id(node) for _, node, _ in best.look.training.tape.shown}
    printed = [o for o in every if o in told or (o.reading and id(o.reading.roots[0]) in shown)]
    for other in (o for o in printed if o not in slips and counts_unseen(best, o)):
        other.beside = best.reading
        slips.append(other)
    if best.reading.kind in ("likelihood", "errors"):  # many losses have such errors: the one that is there comes first
        slips += [o for o in told if not o.form and o not in slips]
    rights = max(1, sum(v.right for v in best.verdicts.values()))
    wrong = any(not v.right and not v.silent for v in best.verdicts.values())
    slips += [o for o in told if wrong and len(only_last(o)) >= rights]
    if slips:
        slips[0].sure = True
        return slips[0]
    size = np.size(best.points[0].values[id(best.reading.roots[0])])
    for_show = (best.form == "entropy" and size > 1 and sums_to_one(best)) or (
        best.form == "errors" and len(np.unique(best.points[0].values[id(best.reading.errors[0][0])])) > 3
    )
    for other in computed:
        assert other.reading is not None
        differs = other.form in ("squares", "entropy", "errors") and other.form != best.form
        if differs and not for_show:
            if not _only_watched(best, other):
                return other
            best.aside = best.aside or other.reading
        shared = (other.forward & best.forward) - best.look.program.leaves  # else it is of other samples
        if best.aside is None and shared and is_told(best.look, other.reading.roots[0], other.form):
            best.aside = other.reading
    return best


def _only_watched(best: Judgement, other: Judgement) -> bool:
    """Whether a script shows squares and lowers cross-entropy, all of it. It may be meant, where what is shown is not
    called a loss; the other way round a slope is one too many.
    """  # fmt: skip
    assert other.reading is not None
    known = (best.form, other.form) == ("entropy", "squares")
    whole = known and all(v.right and v.rule in ("plain", "adaptive") for v in best.verdicts.values())
    return whole and not is_claimed(other.look, other.reading.roots[0])


def _but_for_a_penalty(one: Judgement, other: Judgement) -> bool:
    """Whether two readings say the same, and what is wrong has a penalty in the one."""
    assert one.reading is not None
    alike = all(v.right == other.verdicts[name].right for name, v in one.verdicts.items())
    wrong = {name for name, v in one.verdicts.items() if not v.right}
    return alike and 0 < len(wrong) < len(one.verdicts) and wrong <= one.penalised


def _data_read(found: Judgement) -> int:
    """How many numbers that do not follow from the parameters the forward pass, and the error, are computed with."""
    assert found.reading is not None
    nodes = [n for n, _ in found.reading.order(found.look)] + [error for error, _ in found.reading.errors]
    read = {id(o): o for n in nodes for o in n.operands()}.values()
    return sum(np.size(o.value) for o in read if id(o) not in found.look.depends and not o.hyper)
