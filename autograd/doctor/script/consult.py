"""One consultation, in the process where the script runs: record, judge, find the lines, try what to write instead.

What comes out is plain data: lists, dicts, numbers and texts.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..language import say
from .apart_shares import apart_shares
from .as_data import told
from .copied import copied
from .forgotten import Forgotten, forgotten
from .grown import Growth, grown
from .judge.aligned import aligned
from .judge.backwards import backward_steps, stepped_alike
from .judge.blame import carried_empty, mended_elsewhere, other_way, place
from .judge.candidates import Change, Fault
from .judge.clipping import clipped_by_squares, rooted
from .judge.compared import Cause
from .judge.crossed import crossed_faults, one_shape, shapes
from .judge.explain import Explainer
from .judge.handed import by_itself
from .judge.judge import judge
from .judge.kept import kept_faults, never_zeroed, uphill_faults
from .judge.locate import Locator
from .judge.match import TOLERANCE
from .judge.overwritten import added_up, by_the_same_lines, overwritten_faults
from .judge.peel import peeled
from .judge.returned import by_call
from .judge.symmetry import is_gradient
from .judge.thinned import fewer_samples
from .judge.truncated import cut_after
from .judge.undone import not_undone
from .judge.unused import faults_in_unused, unused_gradients
from .judge.verdicts import Judgement
from .judge.weighed import common_factor, doubtful, harmless, in_turn, located, proved
from .lost import lost_updates
from .penalties import unasked, where_others_have_it
from .refusals import Options as Options
from .refusals import no_line, no_loss, no_training, other_places, proximal, restrict, weighted
from .repeated import repeated
from .siblings import odd_lines
from .slip import Slip
from .slips import slips
from .stuck import stuck_at_zero
from .unlearned import unlearned
from .unrated import unrated
from .watch.edits import Edit, before_edit, in_first_text
from .watch.limits import Limit
from .watch.loader import Subject
from .watch.node import comes_from
from .watch.record import Recording, record
from .watch.sites import Site
from .watch.steps import Training
from .watching import watched_for
from .write.case import Case
from .write.conditions import conditions
from .write.once import told_before
from .write.order import before_update
from .write.prove import Edited, Prover, name_by_line, nearly_right, same_training
from .write.repair import Repairer
from .write.wider import wider_loops
from .write.words import Words

Plain = Growth | Forgotten | Slip
SINGLE = 1e-5  # what numbers of single precision may differ by
ALIKE = {"wrong-operand", "missing-factor", "extra-factor", "missing-square"}
"""What a comparison with another line suggests, and a judgement of the whole has to prove."""
TRIES = 8
MOST_PLAIN = 8
SECONDS_FOR_A_CAUSE = 6.0
SECONDS_FOR_TEXTS = 4.0
SHARE = 0.75  # of the time, for finding what is wrong
SEARCH = 0.55  # of what is left of that, for the search; the rest is for causes and lines to write
SECONDS_FOR_TRIES = 15.0


def consult(subject: Subject, options: Options, seconds: float, limit: float = 600.0) -> dict[str, Any]:
    """Everything that can be said without running the whole training.

    Args:
        seconds: for watching the script.
        limit: seconds of work for everything; what is found by then is told.
    """
    with Limit(limit, work=True):
        return _consulted(subject, options, seconds, limit)
    return {"failure": say("no_verdict", seconds=f"{limit:.0f}")}


def _consulted(subject: Subject, options: Options, seconds: float, limit: float) -> dict[str, Any]:
    begin, clock = time.process_time(), time.monotonic()
    recording = record(subject, seconds)
    plain = [] if isinstance(subject, Edited) else plain_mistakes(recording)
    if plain:
        return _without(subject, plain, options, seconds, limit, begin)
    seconds = min(seconds, max(3.0, 3 * (time.monotonic() - clock)))  # for the same once more
    if recording.training is None:
        return {"failure": no_training(subject, recording, options)}
    missing = restrict(recording, options)
    if missing:
        return {"failure": missing}
    found = _judged(recording.training, options)
    if found is None:
        return {"failure": no_loss(recording, options)}
    recording.training = found.look.training
    seen = [] if isinstance(subject, Edited) else seen_when_judged(found, recording)
    if seen:
        return _without(subject, seen, options, seconds, limit, begin, at_once=True)
    cases = cases_of(found, recording, SHARE * limit - (time.process_time() - begin))
    names, reason = say("comma").join(found.verdicts), weighted(found, [case.fault for case in cases])
    none_right = not any(v.right for v in found.verdicts.values())
    if (
        none_right
        and not found.sure
        and (not cases or doubtful(found, any(case.cause.name == "unrecognised" for case in cases)))
    ):
        alone = softmax_of_one(found)
        if alone is not None:
            return {"failure": say("softmax_of_one", line=alone.line, text=alone.text, names=names)}
        said = reason or say("no_known_loss", names=names) + about_any_loss(found)
        return {"failure": said, "watched": watched_for(recording, found).__dict__}
    reason = reason or (proximal(subject, recording) or other_places(found) if cases else "")
    if reason:
        return {"failure": reason}
    along = all(v.change.worst <= TOLERANCE for v in found.verdicts.values())  # this loss's, but for a slope
    prover = proving(subject, cases, options, seconds, found)
    cases = prover.prove(min(SECONDS_FOR_TRIES, 0.9 * limit - (time.process_time() - begin)))
    for case in cases:
        name_by_line(case)
    cases = [case for case in cases if not told_before(case, cases)]
    cases = [case for case in cases if not is_guess(case, cases)]
    made_up = found.reading is not None and found.reading.kind != "loss"  # and nothing speaks for it
    slip = along or any(nearly_right(case) for case in cases if case.proved or not made_up)
    # a term more than the loss has may be meant, and then it is another loss
    vague = {"unrecognised", "doubled-edge"}
    named = slip or any(
        case.cause.name not in (vague if case.proved or not made_up else {*vague, "dropped-edge"}) for case in cases
    )
    if none_right and not named and not found.sure and (made_up or (is_gradient(found) and not proved(found))):
        return {"failure": another_loss(found, names), "watched": watched_for(recording, found).__dict__}
    wrong = [name for name, v in found.verdicts.items() if not v.right and not v.silent]
    if wrong and not cases:  # nobody is accused without a line
        return {"failure": no_line(recording, found, wrong), "watched": watched_for(recording, found).__dict__}
    return told(subject, recording, found, cases, common_factor(prover.mended))


def plain_mistakes(recording: Recording) -> list[Plain]:
    """What no gradient shows: a step that makes its parameter larger, a running mean with the decay of another."""
    trained = recording.training is not None
    step: list[Plain] = [*slips(recording), *copied(recording), *apart_shares(recording)] if trained else []
    return [*grown(recording), *lost_updates(recording), *stuck_at_zero(recording), *step]


def seen_when_judged(found: Judgement, recording: Recording) -> list[Plain]:
    """Plain mistakes that take a loss to be seen: a bias without an update, rows that a step counts once."""
    idle = forgotten(found, recording) or unlearned(found, recording)
    return [
        *idle,
        *odd_lines(found, recording),
        *repeated(found, recording.hooks.namespace),
        *unasked(found),
        *unrated(found),
    ]


def _without(
    subject: Subject, plain: Sequence[Plain], options: Options, seconds: float, limit: float, begin: float,
    at_once: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """What can be said where there are plain mistakes: these, and what holds of the script without them.

    Args:
        begin: when the work for everything began; the plain mistakes are told where no time is left for the rest.
        at_once: whether all are mended together; else one after the other, for one may follow from another.
    """
    mended: list[tuple[Plain, Edit | None]] = []
    out: dict[str, Any] = {"failure": say("no_verdict", seconds=f"{limit:.0f}")}
    rest = max(0.95 * limit - (time.process_time() - begin), 1.0)
    with Limit(rest, work=True) as within:
        while plain and len(mended) < MOST_PLAIN:
            edits = [edit for _, edit in mended if edit is not None]
            one = plain[0].edit
            same = [each for each in plain[1:] if one is not None and each.edit == one]  # of several lines
            now = plain[:MOST_PLAIN] if at_once and not mended else [plain[0], *same]
            mended += [(each, in_first_text(each.edit, edits)) for each in now]
            subject_mended = Edited(subject, [edit for _, edit in mended if edit is not None])
            plain = plain_mistakes(record(subject_mended, min(seconds, 10.0)))
            plain = [each for each in plain if each.site.number not in [one.site.number for one, _ in mended]]
        out = _consulted(subject_mended, options, seconds, within.left)
    faults = [told_with(each, edit) for each, edit in mended]
    if "failure" in out:
        reason = out["failure"]
        first = next((fault for fault in faults if fault["name"] not in ALIKE), None)
        if first is None:
            return {"failure": reason}
        said = say("finding_titled", name=say("lines_one", number=first["line"]), says=first["says"])
        return {"failure": f"{said} {reason[:1].upper()}{reason[1:]}"}
    for edit in sorted((edit for _, edit in mended if edit is not None), key=lambda edit: edit.span[:2]):
        out = before_edit(out, edit)
        several = range(edit.span[0], edit.span[2] + 1) if edit.span[0] < edit.span[2] else ()
        out["faults"] = [fault for fault in out["faults"] if fault["line"] not in several]  # in the new text of these
    wrong = {name for fault in faults for name in fault["blocks"]}
    if any(edit is None for _, edit in mended):  # steps that follow from these are judged with the mistake in them
        known = [fault for fault in out["faults"] if fault["edit"] is not None and not fault["step"]]  # of a gradient
        out["faults"] = [fault for fault in out["faults"] if fault in known or not wrong & {*fault["blocks"]}]
    for block in out["blocks"]:
        if block["name"] in wrong:
            block["verdict"] = "wrong"
    return {**out, "faults": sorted(faults + out["faults"], key=lambda fault: fault["line"])}


def told_with(plain: Plain, edit: Edit | None) -> dict[str, Any]:
    """A plain mistake as a fault, with the edit as one of the script as it is."""
    fault = plain.told()
    if edit is not None and fault["edit"] is not None:
        fault["edit"] = {**fault["edit"], "span": edit.span}
    return fault


@np.errstate(all="ignore")
def _judged(training: Training, options: Options) -> Judgement | None:
    found = judge(training, options.loss)
    if found is not None:
        found.kept = never_zeroed(found)
        found.squares = clipped_by_squares(found)
        for name in (*found.kept, *(name for fault in found.squares for name in fault.repairs)):
            found.verdicts[name].right = False
    return found


# --------------------------------------------------------------------------------------------------- what is wrong


@np.errstate(all="ignore")
def cases_of(found: Judgement, recording: Recording, seconds: float = 600.0) -> list[Case]:
    """Every fault, in the order in which the lines run; those in gradients that are not used come with them."""
    out: list[Case] = []
    with Limit(seconds, work=True) as limit, fewer_samples(found) as fewer:
        for case in _cases(fewer, recording, limit):
            out.append(case)
    return out


def _cases(found: Judgement, recording: Recording, limit: Limit) -> Iterator[Case]:
    if all(v.right or v.silent for v in found.verdicts.values()) and not found.squares:
        return
    crossed = crossed_faults(found)
    if crossed:
        for name in {name for fault in crossed for name in fault.repairs}:
            found.verdicts[name].right = found.verdicts[name].silent = False
        words = Words(found.look)
        causes = [Cause("crossed", {"text": shapes(fault)}) for fault in crossed]
        for fault, cause in zip(crossed, causes, strict=True):
            should = words.wanted(fault.wanted[0])
            yield Case(fault, cause, words.sentence(fault, cause), should, True, None, one_shape(fault))
        return
    wrong = [name for name, v in found.verdicts.items() if not v.right and not v.silent]
    of_the_step = {name for fault in found.squares for name in fault.repairs} | {*found.kept}
    if len(wrong) < len(found.verdicts) and not of_the_step & {*wrong} and cut_after(found, wrong):
        _excuse(found, wrong, "truncated")
        return
    backwards = backward_steps(found)
    found.turned = {name for fault in backwards for name in stepped_alike(found, fault)}
    over = overwritten_faults(found)
    known = kept_faults(found) + (backwards or uphill_faults(found)) + found.squares + over
    aside = {name for fault in known for name in fault.repairs} | by_the_same_lines(found, over)
    locator, faults = located(found, aside, SEARCH * limit.left)
    for fault in harmless(found, faults):
        faults.remove(fault)
        _excuse(found, fault.repairs, "decay")
    for fault in aligned(locator, faults):
        faults.remove(fault)
        _excuse(found, fault.repairs, "aligned")
    faults = [part for fault in faults for part in by_call(locator, fault)]
    place(locator, faults)

    def hopeless(fault: Fault) -> bool:
        return all(text.blind for text in texts_for(locator, fault, Cause("unrecognised"), recording))

    faults = not_undone(locator, peeled(locator, faults, hopeless, limit.left / 3))
    for fault in known:
        locator.fixed |= fault.right
    at_steps = [f for f in [*faults, *known] if f not in over]
    faults += known
    idle_locator, idle = faults_in_unused(found, unused_gradients(found, at_steps))
    pairs: list[tuple[Locator, Fault, bool]] = [(locator, fault, True) for fault in faults]
    if idle_locator is not None:
        place(idle_locator, idle)
        locator.put_right(locator.fixed | {key: v for fault in idle for key, v in fault.right.items()})
        told = {id(fault.place or fault.first.site) for fault in faults}
        pairs += [(idle_locator, fault, False) for fault in idle if id(fault.place or fault.first.site) not in told]
    pairs.sort(key=lambda pair: pair[1].first.time)
    kept = list(found.kept.values())
    cases: list[tuple[Locator, Case]] = []
    for left, (at, fault, used) in zip(range(len(pairs), 0, -1), pairs, strict=True):
        words = Words(at.look)
        cause = words.adds_up(fault.first) if fault.first in kept else Cause("unrecognised")
        cause = Cause("sign") if fault in backwards else Cause("missing-root") if fault in found.squares else cause
        cause = Cause("overwritten", {"node": fault.first}) if fault in over else cause
        with Limit(min(SECONDS_FOR_A_CAUSE, limit.left / (left + 1)), work=True):
            cause = Explainer(at, by_itself(at, fault)).cause() if cause.name == "unrecognised" else cause
        if cause.name == "scaled" and 1e-9 < abs(cause.facts.get("factor", 2.0) - 1.0) < SINGLE:
            continue  # nothing but the rounding of single precision
        if cause.name == "overwritten":  # the line that writes, not the one that made what is written
            fault.place = recording.tape.written_at.get(id(fault.first), fault.place)
        updated = found.verdicts.get(cause.facts["block"]) if cause.name == "updated-weights" else None
        if updated is not None and updated.silent:
            for name in fault.repairs:  # what it is, and so of which moment it should be, is not known
                found.verdicts[name].silent = True
            continue
        if cause.name == "updated-weights" and in_turn(found, cause.facts["block"], fault):
            _excuse(found, fault.repairs, "in-turn")
            reads = fault.place or fault.first.site
            found.in_turn = {**cause.facts, "reader": 0 if reads is None else reads.line}
            continue
        should = words.wanted(fault.wanted[fault.nodes.index(fault.first)])
        case = Case(fault, cause, words.sentence(fault, cause), should, used)
        cases.append((at, case))
        yield case  # it is told also where no time is left for what to write
    found_first = [case.fault for _, case in cases]
    for at, case in cases:
        fault, cause = case.fault, case.cause
        home = carried_empty(at, fault)
        if home is not None:
            case.fault, case.texts = home, texts_at(at, home, cause, recording, home.right)
            continue
        case.texts = rooted(fault) if fault in found.squares else texts_for(at, fault, cause, recording)
        case.texts += added_up(fault) if fault in over else []
        if cause.name == "missing-penalty":
            case.texts = [*wider_loops(where_others_have_it(found, fault.repairs)), *case.texts]
        if "half" in cause.facts:
            case.half = texts_at(at, fault, cause, recording, cause.facts["half"])
        if fault not in known and all(text.blind for text in case.texts):
            for other in mended_elsewhere(at, fault, found_first):  # where it can be mended it is at home
                elsewhere = texts_at(at, other, cause, recording, other.right)
                if not all(text.blind for text in elsewhere):
                    case.fault, case.texts, case.found_at = other, [*elsewhere, *case.texts], fault
                    break


def _excuse(found: Judgement, names: list[str], rule: str) -> None:
    """Blocks whose steps are right by a rule of their own."""
    for name in names:
        found.verdicts[name].right, found.verdicts[name].rule = True, rule


def texts_for(at: Locator, fault: Fault, cause: Cause, recording: Recording) -> list[Edit]:
    """What may be written at the place of a fault."""
    found: list[Edit] = []
    with np.errstate(all="ignore"), Limit(SECONDS_FOR_TEXTS, work=True) as limit, contextlib.suppress(Exception):
        # a fault without a line is better than none
        repairs = Repairer(at, fault, recording.hooks.namespace).edits()
        for edit in itertools.chain(moved(at, fault, cause), other_way(at, fault), conditions(at, fault), repairs):
            found.append(edit)
            if sum(not each.blind for each in found) >= TRIES or len(found) >= 4 * TRIES or limit.over:
                break
    return found


def texts_at(at: Locator, fault: Fault, cause: Cause, recording: Recording, right: Change) -> list[Edit]:
    """The same, where other values are right."""
    fixed = at.fixed
    at.fixed = fixed | right
    found = texts_for(at, fault, cause, recording)
    at.fixed = fixed
    return found


def is_guess(case: Case, cases: list[Case]) -> bool:
    """Whether a fault repairs no block, no line mends it, and what is computed from it is wrong for no known reason."""
    first = case.fault.first
    unknown = (c.fault.first for c in cases if c is not case and c.cause.name == "unrecognised" and not c.proved)
    return not case.fault.repairs and not case.proved and comes_from({id(first)}, unknown, first.time)


def softmax_of_one(found: Judgement) -> Site | None:
    """Where a softmax has one output only: it is 1, and its loss depends on nothing."""
    for node in found.look.program.steps:
        shares = getattr(node.function, "__name__", "") in ("truediv", "divide") and id(node) in found.look.depends
        if shares and all(np.all(np.asarray(p.values[id(node)]) == 1.0) for p in found.points):
            return node.site
    return None


def about_any_loss(found: Judgement) -> str:
    """What can be said of steps that follow the gradient of no loss that is known."""
    gradient = is_gradient(found)
    return "" if gradient is None else " " + say("gradient_of_something" if gradient else "gradient_of_nothing")


def another_loss(found: Judgement, names: str) -> str:
    """The steps are a gradient, but not that of the loss that was read."""
    site = None if found.reading is None else found.reading.site
    if site is None or found.reading is None or found.reading.kind != "loss":
        return say("no_known_loss", names=names) + about_any_loss(found)
    return say("gradient_of_another", names=names, line=site.line, text=site.text)


def proving(subject: Subject, cases: list[Case], options: Options, seconds: float, found: Judgement) -> Prover:
    """What tries on the script, recorded again, what may be written."""

    def judged(edits: list[Edit]) -> tuple[Judgement, Recording] | None:
        try:
            recording = record(Edited(subject, edits), min(seconds, 10.0))
            if recording.training is None or restrict(recording, options):
                return None
            now = _judged(recording.training, options)
        except Exception:
            return None
        return None if now is None or not same_training(now, found) else (now, recording)

    return Prover(cases, found, judged, cases_of)


def moved(locator: Locator, fault: Fault, cause: Cause) -> list[Edit]:
    """The line above the update of what it reads."""
    at = fault.place or fault.first.site
    if cause.name != "updated-weights" or at is None:
        return []
    ends = locator.look.ends[cause.facts["block"]]
    block = next(p for p in locator.look.training.parameters if p.name == cause.facts["block"])
    sites = {site for c in block.chains for site in c.sites} | {end.site for end in ends[:1] if end.site is not None}
    return [edit for site in sorted(sites, key=lambda site: site.span) for edit in before_update(at, site)]
