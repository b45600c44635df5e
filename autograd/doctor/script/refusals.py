"""What keeps a script from being judged, in a sentence: it does not run, trains nothing, or has not what was named."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..language import counted, lines_of, listed, say
from .judge.candidates import Fault
from .judge.looked import telling_look
from .judge.losses import unscaled
from .judge.verdicts import Judgement
from .watch.chains import Chain, depends_on_itself, find_chains
from .watch.direct import beside, shrunk, way_back
from .watch.loader import Subject
from .watch.node import Node, comes_from
from .watch.record import Recording
from .watch.sandbox import Refused
from .watch.sites import Site, Source
from .watch.steps import Training

SUMS = ("add", "sub", "subtract")
SOLVERS = {"inv", "pinv", "solve", "lstsq"}


@dataclass(frozen=True)
class Options:
    """What the learner tells, where it was not found.

    Args:
        loss: a name, or a line.
        parameters: names.
        of_class: the class whose attributes they are.
    """

    loss: str = ""
    parameters: tuple[str, ...] = ()
    of_class: str = ""


def restrict(recording: Recording, options: Options) -> str:
    """Leave only the parameters that were named; a sentence where there are none."""
    training = recording.training
    assert training is not None
    if options.of_class:
        kept = recording.tape.kept
        training.parameters = [
            p for p in training.parameters
            if any(scope[0] == "attribute" and type(kept.get(scope[1])).__name__ == options.of_class
                   for scope in (chain.scope for chain in p.chains))
        ] or [p for p in training.parameters if p.site.function.split(".")[0] == options.of_class]  # fmt: skip
        if not training.parameters:
            return say("no_class", name=options.of_class)
    if options.parameters:
        known = {p.name: p for p in training.parameters}
        chosen = [p for p in training.parameters if any(_named(p, name) for name in options.parameters)]
        lacking = [name for name in options.parameters if not any(_named(p, name) for p in training.parameters)]
        if lacking:
            return say("not_trained", name=lacking[0], known=say("comma").join(known))
        training.parameters, training.lost = chosen, []
    return ""


def _named(parameter: Any, name: str) -> bool:
    return (
        name in parameter.names
        or parameter.name == name
        or parameter.name.endswith(f".{name}")
        or f"[{name!r}]" in parameter.name.replace('"', "'")
    )


def no_training(subject: Subject, recording: Recording, options: Options) -> str:
    """Why no training was found, in a sentence."""
    error = recording.error
    if isinstance(error, Refused):
        line = _line_of(error, subject)
        return say("refused_at", what=error, line=line) if line else say("refused", what=error)
    if isinstance(error, SystemExit) and isinstance(error.code, str):
        return say("ends_early", text=error.code)
    if isinstance(error, SystemExit) and error.code:
        line = _line_of(error, subject)
        return say("ends_with_status", line=line, code=subject.main.line(line), status=error.code)
    if type(error).__name__ == "TclError":
        return say("opens_window", line=_line_of(error, subject))
    if error is not None and not isinstance(error, SystemExit):
        line = _line_of(error, subject)
        kind = type(error).__name__
        if not line:
            return say("stops_early", error=kind, text=error)
        code = subject.main.line(line)
        told = say("stops_early_at", error=kind, line=line, code=code, text=error)
        lacking = isinstance(error, (IndexError, ValueError)) and "argv" in code
        return f"{told}. {say('asks_for_arguments')}" if lacking else told
    other = next((name for name in ("torch", "tensorflow", "jax") if _imports(subject.main, name)), "")
    if other:
        return say("other_library", name=other)
    tree = ast.parse(subject.main.text)
    classes = [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    idle = list(_never_called(tree))
    computed = any(node.function is not None for node in recording.tape.nodes)
    if recording.ended and not computed and (classes or idle):
        return say("class_not_trained", name=classes[0]) if classes else say("never_called", name=idle[-1])
    if recording.stopped is not None:
        line = _line_of(recording.stopped, subject)
        return say("time_up_at", line=line, code=subject.main.line(line))
    if not recording.ended:
        return say("time_up")
    unmoved = [c for c in find_chains(recording.tape) if len(c.states) > 2 and c.size > 1 and c.sites[0].target]
    if unmoved:
        before = _before_the_loop(recording, unmoved)
        if before is not None:
            names = listed([*dict.fromkeys(chain.sites[0].target for chain in unmoved)])
            return say("before_the_loop", line=before.line, text=before.text, names=names)
        own = next((chain for chain in unmoved if depends_on_itself(chain)), None)
        name, line = (own or unmoved[0]).sites[0].target, (own or unmoved[0]).sites[0].line
        return say("no_steps" if own else "not_by_itself", name=name, line=line)
    if proximal(subject, recording):
        return proximal(subject, recording)
    solved = next((n for n in recording.tape.nodes if getattr(n.function, "__name__", "") in SOLVERS and n.site), None)
    if solved is not None and solved.site is not None:
        return say("closed_form", text=solved.site.text, line=solved.site.line)
    return say("trains_nothing")


def proximal(subject: Subject, recording: Recording) -> str:
    """That there are proximal steps, in a sentence; "" where there are none."""
    found = next((n.site for n in recording.tape.nodes if n.site is not None and shrunk(n) is not None), None)
    return "" if found is None else say("proximal", line=found.line, code=subject.main.line(found.line))


def other_places(found: Judgement) -> str:
    """That a step takes its gradient where a part of the step leads, in a sentence; "" where it does not.

    So do extragradient methods, sharpness-aware ones and those of Runge and Kutta.
    """
    look = found.look
    ends = {id(end) for nodes in look.ends.values() for end in nodes}
    for node in look.program.steps:
        if getattr(node.function, "__name__", "") not in SUMS or id(node) in ends or id(node) not in look.to_end:
            continue
        own = [arg for arg in node.args if isinstance(arg, Node) and id(arg) in look.start_ids]
        rest = [arg for arg in node.args if isinstance(arg, Node) and arg not in own and id(arg) in look.depends]
        readers = [n for n in look.consumers.get(id(node), ()) if unscaled(n) is not node]  # none that shrinks it only
        read = any(getattr(reader.function, "__name__", "") not in SUMS for reader in readers)
        if own and rest and read and node.site is not None and _is_along(found, own[0], rest[0]):
            return say("other_places", line=node.site.line, code=node.site.source.line(node.site.line))
    return ""


def _is_along(found: Judgement, start: Node, node: Node) -> bool:
    """Whether something is a multiple of the gradient of a parameter, by another number at each place perhaps."""
    for point, bar in zip(found.points, found.bars, strict=True):
        mine, right = np.ravel(point.values[id(node)]), np.ravel(bar.get(id(start), 0.0))
        size = float(np.linalg.norm(mine) * np.linalg.norm(right))
        if mine.shape != right.shape or mine.size < 2 or not size > 0 or abs(mine @ right) < (1 - 1e-9) * size:
            return False
    return True


def weighted(found: Judgement, faults: list[Fault]) -> str:
    """That errors have weights that no loss tells of, in a sentence; "" where they have none.

    A policy gradient has, one for each sample: the returns, or the advantages.
    """
    if found.reading is None or found.reading.kind == "loss":
        return ""
    for fault in faults:
        site = fault.place or fault.first.site
        theirs, right = fault.wrong[id(fault.first)], fault.right[id(fault.first)]
        if (
            site is None
            or len(theirs) < 2
            or any(np.shape(a) != np.shape(b) for a, b in zip(theirs, right, strict=True))
        ):
            continue
        with np.errstate(all="ignore"):
            ratios = [np.ravel(np.asarray(a, float) / np.asarray(b, float)) for a, b in zip(theirs, right, strict=True)]
        first = ratios[0]
        steady = all(np.allclose(each, first, rtol=1e-6, atol=0.0) for each in ratios)
        varies = first.size > 2 and np.ptp(np.abs(first)) > 1e-6 * np.max(np.abs(first))
        if varies and steady and _is_by_sample(first.reshape(np.shape(theirs[0]))):
            return say("weighted", line=site.line, code=site.source.line(site.line))
    return ""


def _is_by_sample(weights: np.ndarray) -> bool:
    """Whether all that belongs to a sample has one weight."""
    sides = (weights.swapaxes(k, 0) for k in range(weights.ndim) if weights.ndim > 1)
    return weights.ndim < 2 or any(np.allclose(side, side[:1], rtol=1e-6, atol=0.0) for side in sides)


def _before_the_loop(recording: Recording, chains: list[Chain]) -> Site | None:
    """Where something was computed, before all updates, from what these states began with, that every update reads."""
    begun = min(chain.times[0] for chain in chains)
    starts = {id(chain.states[0]) for chain in chains}
    again = {node.site for node in recording.tape.nodes if node.time >= begun}  # what is computed in the loop, too
    for chain in chains:
        read: list[set[int]] = []
        for old, new in itertools.pairwise(chain.states[1:]):
            stack, known = [*beside(way_back(new, {id(old)}))], dict[int, Node]()
            while stack:
                node = stack.pop()
                if id(node) not in known:
                    known[id(node)] = node
                    stack += node.operands() if node.time >= begun else ()
            made = (n for n in known.values() if n.time < begun and id(n) not in starts)
            read.append({id(n) for n in made if comes_from(starts, [n], 0)})
        always = set.intersection(*read) if len(read) > 1 else set()
        nodes = [node for node in recording.tape.nodes if id(node) in always and node.site not in {None, *again}]
        if nodes:
            return _in_function(recording, nodes[-1], chain.sites[0].function)
    return None


def _in_function(recording: Recording, node: Node, function: Any) -> Site | None:
    """Where a node is made as that function has it: its own place, or that of the call that leads there."""
    site, context = node.site, node.context
    while site is not None and site.function != function and context is not None:
        context, site = context[0], recording.tape.sites[context[1]]
    return site


def no_loss(recording: Recording, options: Options) -> str:
    assert recording.training is not None
    blocks = [p.name for p in recording.training.parameters]
    if options.loss:
        said = say("no_such_loss", loss=repr(options.loss), names=say("comma").join(blocks))
        there = listed([say("loss_there", line=site.line, text=site.text) for site in _losses(recording.training)])
        return f"{said} {say('losses_there', losses=there)}" if there else said
    return counted("no_loss", len(blocks), names=listed(blocks))


def _losses(training: Training) -> list[Site]:
    """The places of what could be named as the loss."""
    look, _ = telling_look(training, np.random.default_rng(0))
    return [nodes[0].site for nodes in look.losses if nodes[0].site is not None]


def _never_called(tree: ast.Module) -> Iterator[str]:
    """The functions with a loop in them that are named nowhere else."""
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in tree.body:
        loops = any(isinstance(inner, (ast.For, ast.While)) for inner in ast.walk(node))
        if isinstance(node, ast.FunctionDef) and node.name not in named and loops:
            yield node.name


def _imports(source: Source, name: str) -> bool:
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] == name for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == name:
            return True
    return False


def _line_of(error: BaseException | None, subject: Subject) -> int:
    """The last line of the learner's that an error came through."""
    found, trace = 0, None if error is None else error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == subject.main.path:
            found = trace.tb_lineno
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.lineno:
        return error.lineno
    return found


def no_line(recording: Recording, found: Judgement, wrong: list[str]) -> str:
    """The steps of some blocks follow another way than the loss tells, and no line was found that explains it."""
    assert recording.training is not None
    rows = sorted({p.site.line for p in recording.training.parameters if p.name in wrong})
    right = [name for name, v in found.verdicts.items() if v.right]
    out = say("no_line", names=listed(wrong), lines=lines_of(rows))
    return f"{out} {say('right_besides', names=listed(right))}" if right else out
