"""The names of the blocks of parameters: as they are written in the script, the plainest way first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from ...spelling import with_key
from .node import Node
from .sites import Site
from .tape import Tape


def name_blocks(tape: Tape, parameters: Iterable[Any]) -> None:
    """The names of the blocks, as they are written in the script."""
    spelled: dict[int, list[tuple[int, str, str]]] = defaultdict(list)  # with the text for a block of several numbers
    for _, scope, key, thing, site in tape.stores:
        if isinstance(thing, Node):
            whole = text = (
                site.target
                if site.kind in ("store", "augmented")
                else site.text
                if site.kind in ("item", "attribute")
                else str(key)
            )
            if scope[0] == "item":
                if site.kind == "store" or text.endswith("]"):
                    spelled[id(thing)].append((_plainness(scope, key, site), with_key(text, key), whole))
                if site.kind == "store" and not text.endswith("]"):
                    continue  # an element of what was stored as a whole has no other name
            spelled[id(thing)].append((_plainness(scope, key, site), text, whole))
    taken: dict[str, int] = {}
    parameters = list(parameters)
    begun = Counter(id(chain.states[0]) for parameter in parameters for chain in parameter.chains)
    for parameter in parameters:
        options: list[tuple[int, int, str]] = []
        for chain in parameter.chains[:1]:
            for k, state in enumerate(chain.states[:3]):
                if begun[id(state)] > 1:  # the number of a = b = 0.0
                    continue
                for rank, text, whole in spelled.get(id(state), ()):
                    if text:
                        options.append((rank, k, _holder(whole, parameter.chains) if parameter.several else text))
            if not parameter.several and chain.scope[0] == "memory" and "[" in parameter.site.target:
                options.append((-1, 0, parameter.site.target))  # one element of an array
        parameter.names = {text for _, _, text in options}
        best = min(options, key=lambda o: (o[:2], "%" in o[2] or "{" in o[2]), default=(0, 0, parameter.site.target))[2]
        count = taken[best] = taken.get(best, 0) + 1
        parameter.name = best if count == 1 else f"{best} ({count})"


def _holder(text: str, chains: list[Any]) -> str:
    """What several numbers are elements of: `W` for `W[i][j]`, or `W[i]` where they are all of one row."""
    for _ in range(2 if len({chain.scope for chain in chains}) > 1 else 1):
        text = text[: text.rindex("[")] if text.endswith("]") and "[" in text else text
    return text


def _plainness(scope: tuple[str, int], key: Any, site: Site) -> int:
    """How good a name is for a learner to recognise: an attribute, a name at the top, a key, a local name."""
    kind, number = scope
    if kind == "attribute":
        return 0
    if kind == "item" and isinstance(key, str):
        return 1
    if kind == "frame" and number == 0:
        return 2
    return 4 if kind == "item" else 5
