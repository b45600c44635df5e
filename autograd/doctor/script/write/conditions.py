"""A comparison that holds where it should, with the learner's own two sides as far as they are right."""

from __future__ import annotations

from collections.abc import Iterator

from ..judge.candidates import Fault
from ..judge.comparisons import other_comparisons
from ..judge.locate import Locator
from ..watch.edits import Edit


def conditions(locator: Locator, fault: Fault) -> Iterator[Edit]:
    """The comparisons with which a mask is right at every place that was looked at."""
    site = fault.first.site
    if site is None or site.kind != "compare" or len(site.parts) != 2:
        return
    made = [[*other_comparisons(node, locator.values, fault.right[id(node)])] for node in fault.nodes]
    for sign, edge in made[0]:
        if all((sign, edge) in each for each in made):
            yield Edit(site.source, site.span, f"{site.part(0)} {sign} {site.part(1) if edge is None else f'{edge:g}'}")
