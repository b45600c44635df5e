"""Places farther off, for steps that ask of all samples what is the same for all where one looked.

`np.where(u >= 0, -tau, tau)` has two sides, and where a training begins each sample may be on one.
"""

from __future__ import annotations

import numpy as np

from ..watch.node import Node
from .invented import COMPARED
from .look import QUIET, Look, Point
from .replay import Values

FACTORS = (4.0, 16.0, 64.0, 256.0)  # of the spread of the parameters
ENOUGH = 3


def farther(look: Look, points: list[Point], rng: np.random.Generator) -> list[Point]:
    """Points at which such a comparison comes out both ways; none where there is none to find."""
    sided = [node for node in look.program.steps if _is_sided(look, node, points)]
    found: list[Point] = []
    for factor in FACTORS if sided else ():
        for _ in range(2 * ENOUGH):
            values = _moved(look, rng, factor)
            if values is not None and any(_is_mixed(node, values) for node in sided):
                found.append(Point(values, True))
        if len(found) >= ENOUGH:
            return found[:ENOUGH]
    return []


def _is_sided(look: Look, node: Node, points: list[Point]) -> bool:
    """Whether a comparison that the step goes by comes out the same for all, wherever one looked."""
    if getattr(node.function, "__name__", "") not in COMPARED or id(node) not in look.depends:
        return False
    known = [np.ravel(np.asarray(p.values[id(node)], dtype=bool)) for p in points if id(node) in p.values]
    whole = np.concatenate(known) if known else np.zeros(0, dtype=bool)
    return id(node) in look.to_end and whole.size > len(known) and bool(whole.all() or not whole.any())


def _is_mixed(node: Node, values: Values) -> bool:
    mask = np.asarray(values[id(node)], dtype=bool)
    return 0.1 <= float(np.mean(mask)) <= 0.9


def _moved(look: Look, rng: np.random.Generator, factor: float) -> Values | None:
    """The step at parameters that far off; None where it takes other branches there, or is nothing but rounding."""
    given = look.start_values()
    blocks = [np.asarray(given[id(n)], dtype=float) for nodes in look.starts.values() for n in nodes if id(n) in given]
    spread = float(np.sqrt(np.mean(np.concatenate([np.ravel(each) for each in blocks]) ** 2))) if blocks else 0.0
    spread = factor * min(max(spread, 0.05), 2.0)
    for node in (node for nodes in look.starts.values() for node in nodes if id(node) in given):
        old = np.asarray(given[id(node)], dtype=float)
        given[id(node)] = (
            old + spread * rng.standard_normal(old.shape) if old.ndim else float(old + spread * rng.normal())
        )
    try:
        values = look.program.run(given)
        calm = max(look.noise(values).values()) <= QUIET
    except Exception:  # the script would not come so far
        return None
    finite = all(np.isfinite(look.block(values, ends)).all() for ends in look.ends.values())
    return values if finite and calm and look.goes_the_same_way(values) else None
