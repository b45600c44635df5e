"""A step without the learning rate that the steps of all other parameters have."""

from __future__ import annotations

import re

import numpy as np

from ..language import say
from .judge.look import Look
from .judge.rates import number_in, written_rate
from .judge.verdicts import Judgement
from .slip import Slip
from .watch.edits import Edit
from .watch.node import Node, same_statement

EXACT = 1e-9
SUMS = ("add", "sub", "subtract", "iadd", "isub")
PRODUCTS = ("mul", "multiply")
ATOM = re.compile(r"[\w.]+(\([^()]*\)|\[[^\[\]]*\])*")


def unrated(found: Judgement) -> list[Slip]:
    """The steps that go along the right gradient, but farther than all others, by what those are multiplied by."""
    ends = {name: found.look.ends[name][0] for name, v in found.verdicts.items() if v.right and v.rule == "plain"}
    rates = {name: written_rate(found.look, end) for name, end in ends.items() if end.site is not None}
    scales = {name: found.verdicts[name].change.scale for name in rates}
    rated = [name for name, rate in rates.items() if rate is not None]
    if not rated or len(rates) < len(found.verdicts) or len({rates[name] for name in rated}) != 1:
        return []
    rate, scale = float(rates[rated[0]] or 0.0), scales[rated[0]]
    text = next(filter(None, (_text_of(found.look, ends[name], rate) for name in rated)), "")
    alike = all(np.isclose(scales[name], scale, rtol=EXACT, atol=0.0) for name in rated)
    if not text or not alike or rate in (0.0, 1.0):
        return []
    slips = []
    for name in rates:
        if rates[name] is None and np.isclose(scales[name] * rate, scale, rtol=EXACT, atol=0.0):
            end = ends[name]
            assert end.site is not None
            key = "line_unrated_long" if rate < 1 else "line_unrated_short"
            times = f"{max(rate, 1 / rate):.6g}"
            says = say(key, block=name, rate=text, times=times)
            slips.append(Slip(end.site, "missing-factor", says, [name], _with_rate(end, text)))
    return slips


def _text_of(look: Look, end: Node, rate: float) -> str:
    """How a rate is written in a step."""
    stack = [end]
    for node in stack:
        for k, arg in enumerate(node.args if getattr(node.function, "__name__", "") in PRODUCTS else ()):
            number, text = number_in(look, arg), node.site.part(k).strip() if node.site else ""
            if abs(number) == rate and re.fullmatch(r"[\w.]+", text):
                return text
        stack += [o for o in node.operands() if same_statement(o, end) and o not in stack]
    return ""


def _with_rate(end: Node, rate: str) -> Edit | None:
    """The step with the rate; None where what is added is not written in one piece."""
    site = end.site
    if site is None or getattr(end.function, "__name__", "") not in SUMS or len(site.parts) < 2 or not site.parts[1]:
        return None
    value = site.part(1).strip()
    return Edit(site.source, site.parts[1], f"{rate} * {value if ATOM.fullmatch(value) else f'({value})'}")
