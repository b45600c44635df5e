"""The names of the blocks of parameters: as they are written in the script, the plainest way first."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from types import FunctionType, ModuleType
from typing import Any

from ...spelling import with_key
from .node import Node
from .sites import Site
from .tape import Held, Tape

MOST_CALLS = 3  # of a function whose names are as good as others
MOST = 50  # things in a list or an object that are looked at


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
    parameters = list(parameters)
    begun = Counter(id(chain.states[0]) for parameter in parameters for chain in parameter.chains)
    filled = {id(array): key for key, array in tape.buffers.items()}  # an array before its elements were written
    best: list[str] = []
    for parameter in parameters:
        options: list[tuple[int, int, str]] = []
        for chain in parameter.chains[:1]:
            holds = parameter.several or chain.changing  # it is no element, or row, but what has them all
            part = chain.scope[0] == "memory" and chain.keys[0][1][1] is not None
            for k, state in enumerate(chain.states[:3]):
                if begun[id(state)] > 1:  # the number of a = b = 0.0
                    continue
                before = filled.get(chain.scope[1], 0) if k == 0 and not part else 0
                for rank, text, whole in (*spelled.get(before, ()), *spelled.get(id(state), ())):
                    if text:
                        options.append((rank, k, _holder(whole, parameter.chains) if holds else text))
            if not holds and part and "[" in parameter.site.target:
                options.append((-1, 0, parameter.site.target))  # one element of an array
        parameter.names = {text for _, _, text in options}
        plain = min(options, key=lambda o: (o[:2], "%" in o[2] or "{" in o[2]), default=(0, 0, parameter.site.target))
        best.append(plain[2])
    taken: Counter[str] = Counter()
    for parameter, text in zip(parameters, _of_owners(tape, parameters, best), strict=True):
        taken[text] += 1
        parameter.name = text if taken[text] == 1 else f"{text} ({taken[text]})"
        parameter.names.add(parameter.name)


def _of_owners(tape: Tape, parameters: list[Any], names: list[str]) -> list[str]:
    """The names, with the objects that have the parameters, `l1.W`, where several have one of the same name, or where
    what has them is known by the name that it has in a function which is called again and again.
    """  # fmt: skip
    frames: dict[str, set[int]] = defaultdict(set)
    for _, scope, key, _, site in tape.stores:
        if scope[0] == "frame" and isinstance(key, str) and site.kind == "store":
            frames[key].add(scope[1])
    passing = {name for name in names if "[" in name and len(frames[re.split(r"\W", name)[0]]) > MOST_CALLS}
    if len(set(names)) == len(names) and not passing:
        return names
    owners: dict[int, str] = {}

    def nearness(store: Any) -> tuple[bool, bool, bool]:
        """At the top first; then what a function has that is called once, which is more than `self.layers` tells."""
        (kind, number), target = store[1], store[4].target
        return (kind, number) != ("frame", 0), len(frames[target]) > MOST_CALLS, kind != "frame"

    top_first = sorted(tape.stores, key=nearness)
    for _, _, _, thing, site in top_first:
        if isinstance(thing, Held) and site.kind == "store" and site.target:
            _walk(thing.thing, site.target, owners)
    found = []
    repeated = any(names.count(name) > 1 and "." in name for name in names)  # then objects are told for all of them
    for parameter, name in zip(parameters, names, strict=True):
        states = {id(state) for state in parameter.chains[0].states[:3]}
        places = [(scope, key) for _, scope, key, thing, _ in tape.stores if id(thing) in states and scope[1] in owners]
        kept = [f"{owners[scope[1]]}.{key}" for scope, key in places if scope[0] == "attribute"]
        kept += [_inside(owners[scope[1]], key) for scope, key in places if scope[0] == "item" and name in passing]
        kind, number = parameter.chains[0].scope
        if parameter.several:  # a row of a list of lists, which a loop calls by one name
            kept = [owners[each] for each in (number,) if kind == "item" and each in owners]
        told = names.count(name) > 1 or name in passing or (repeated and "." in name)
        found.append(next(iter(kept), name) if told else name)
    alike = {
        name for name in names if len({f for f, n in zip(found, names, strict=True) if n == name}) < names.count(name)
    }
    return [name if name in alike else own for own, name in zip(found, names, strict=True)]


def _inside(owner: str, key: Any) -> str:
    """What lies in something under a key, or under one key after the other."""
    return owner + "".join(f"[{part!r}]" for part in (key if isinstance(key, tuple) else (key,)))


def _walk(thing: Any, text: str, found: dict[int, str], deep: int = 5) -> None:
    """Call an object, and those in it, by the way that leads there."""
    inside: Iterable[tuple[str, Any]] = ()
    if id(thing) in found or deep < 0 or isinstance(thing, (type, ModuleType, FunctionType)):
        return
    if isinstance(thing, (list, tuple, dict)):
        found[id(thing)] = text
    if isinstance(thing, (list, tuple)):
        inside = ((f"{text}[{k}]", each) for k, each in enumerate(thing[:MOST]))
    elif isinstance(thing, dict):
        inside = ((f"{text}[{key!r}]", each) for key, each in [*thing.items()][:MOST] if isinstance(key, (str, int)))
    elif hasattr(thing, "__dict__"):
        found[id(thing)] = text
        inside = ((f"{text}.{key}", each) for key, each in [*vars(thing).items()][:MOST])
    for name, each in inside:
        _walk(each, name, found, deep - 1)


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
