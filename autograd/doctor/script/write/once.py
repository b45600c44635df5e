"""What several cases say, told once: the same change of a line, or the same words for other blocks."""

from __future__ import annotations

import itertools

from ...language import listed, say
from ..watch.sites import Site, Span
from .case import Case


def told_before(case: Case, cases: list[Case]) -> bool:
    """Whether another case is the same change of the same line, or one for the same value: it then stands for both."""
    before = list(itertools.takewhile(lambda c: c is not case, cases))
    for other in cases:
        same = case.proved and case.chosen == other.chosen and other in before
        same |= case is not other and not case.proved and case.fault.first.site is other.fault.first.site
        alike = other in before and _says_the_same(case, other)
        if (other.proved and same) or alike:
            other.fault.repairs += [name for name in case.fault.repairs if name not in other.fault.repairs]
            if alike and case.fault.wanted[0].block:
                every = say("wanted_gradient", block=listed(other.fault.repairs))
                other.says, other.should = other.says.replace(other.should, every), every
            return True
    return False


def _says_the_same(case: Case, other: Case) -> bool:
    """Whether two cases say the same of one line, each for blocks of its own, and neither knows what to write."""
    told = case.says.replace(case.should, other.should) == other.says
    return told and not case.proved and not other.proved and _at(case.place) == _at(other.place)


def _at(site: Site) -> tuple[str, Span]:
    return site.source.path, site.statement
