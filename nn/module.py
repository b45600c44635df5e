"""`Module`: a part of a network that knows its parameters and its parts, at any depth, by name.

Nothing is declared. A leaf `Value` or `Tensor` in an attribute is a parameter and a `Module` in an attribute is a part,
also inside lists, tuples, dicts and arrays. Here are the names and the walk over them; arithmetic is in the subclasses.
"""

from __future__ import annotations

import reprlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Set
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

import numpy as np

from autograd import GraphError, Tensor, Value, parameter, scope, walk
from autograd.mode import run_named
from autograd.value.at_once import are_parameters

from .errors import SettingError, StateError
from .habits import OF_A_MODULE, missing
from .leaves import copied_number, forget_gradients
from .state import check_state, checked_number

Self = TypeVar("Self", bound="Module")

CARRIERS: Final[tuple[type, ...]] = (Value, Tensor)
"""The kinds of number a parameter can be."""


class _Running(threading.local):
    """The outermost module that this thread is calling just now, and the naming its parts go by."""

    root: Module | None = None
    naming: object = None


class _Structure:
    """Counts how often any module got a part or a label: what was found before then may be out of date."""

    version = 0


_RUNNING: Final = _Running()


class LoadedKeys(NamedTuple):
    """What `load_state_dict(strict=False)` could not match."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def naming() -> object:
    """What the parts of the module that is running go by just now; None where none is running."""
    return _RUNNING.naming


def _unwritten(self: Module, *inputs: Any, **options: Any) -> Any:
    raise NotImplementedError(f"{type(self).__name__} has no forward: write def forward(self, x): ...")


class Module:
    """A part of a network. Put `Value`s or `Tensor`s and other modules in its attributes and write `forward`.

    A leaf assigned to an attribute is a parameter, unless it is assigned while the module is being called: then
    it is a note of that call. Calling the module runs `forward` and names what is recorded after the module's place in
    the outermost module being called, so that pictures show it.

    >>> from autograd import Value
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0)
    Value(7.0, grad=0.0)
    >>> line.parameters()
    [Value(2.0, grad=0.0, label='slope'), Value(1.0, grad=0.0, label='offset')]
    >>> line
    Line(slope, offset)
    """

    training: bool = True
    label: str = ""  # what pictures call it when it is the outermost; without one, its class
    forward: Callable[..., Any] = _unwritten

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__slots__" in vars(cls):
            raise SettingError(f"what __slots__ of {cls.__name__} name would be no part of it: leave __slots__ out")
        for name, value in vars(cls).items():
            found: list[tuple[str, Any]] = []
            _open(value, name, found, ())
            if found:
                raise SettingError(
                    f"{name} stands in the class {cls.__name__}, where it would belong to all its objects and be no "
                    f"parameter of any: assign it in __init__, self.{name} = ..."
                )

    # Kept in the instance from the first need on, so that a subclass need not call super().__init__().
    _place: tuple[object, scope] = (None, scope())  # a naming, and the scope of this module's place in it
    _naming: tuple[int, object] = (-1, None)  # the structure's version, and what its parts were named by
    _notes: frozenset[str] = frozenset()  # attributes assigned during a call

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        """Run `forward`, inside the scope of this module's name."""
        naming = _RUNNING.naming
        if naming is None:
            return self._call_outermost(inputs, options)
        known, place = self._place
        if known is not naming:
            place = self._find_place()
        return run_named(place.note, self.forward, inputs, options)

    def _call_outermost(self, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
        version, naming = self._naming
        if version != _Structure.version:
            naming = self._name_parts()
        known, place = self._place
        if known is not naming:  # it has been a part of another one since
            place = scope(self.label or type(self).__name__)
        _RUNNING.root, _RUNNING.naming = self, naming
        try:
            return run_named(place.note, self.forward, inputs, options)
        finally:
            _RUNNING.root = _RUNNING.naming = None

    def _name_parts(self) -> object:
        """Tell every part its place below this module; parts compare the token returned to see if that still holds."""
        naming = object()
        _place(self, (self.label or type(self).__name__,), naming)
        object.__setattr__(self, "_naming", (_Structure.version, naming))
        return naming

    def _find_place(self) -> scope:
        """The place of a module that joined since the parts were named, or that another outermost module named."""
        root = _RUNNING.root
        assert root is not None
        naming = _RUNNING.naming = root._name_parts()
        if self._place[0] is not naming:  # no part of the outermost module: made during the call, or global
            place = scope(root.label or type(root).__name__, self.label or type(self).__name__)
            object.__setattr__(self, "_place", (naming, place))
        return self._place[1]

    # ---------------------------------------------------------------------------------- parts and parameters

    if not TYPE_CHECKING:  # a type checker shall go on finding typos

        def __getattr__(self, name: str) -> Any:
            return missing(self, name, OF_A_MODULE)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _METHODS and not (callable(value) and not isinstance(value, _PARTS)):
            raise SettingError(
                f"{name} is a method of every Module: give this attribute of {type(self).__name__} another name"
            )
        if name == "label" and not isinstance(value, str):
            raise SettingError(f"the label of a Module is text, got {type(value).__name__}; give it another name")
        if name == "training" and not isinstance(value, (bool, int, np.bool_)):
            raise SettingError(
                f"training says whether a Module is being trained, got {type(value).__name__}; give it another name"
            )
        if _RUNNING.naming is None and type(before := vars(self).get(name)) not in _PLAIN:
            _refuse_results(name, before, value)
        if _RUNNING.naming is None and type(value) not in _PLAIN and type(self).parameters is Module.parameters:
            _refuse_lost(name, value)
        object.__setattr__(self, name, value)
        if _RUNNING.naming is not None:
            object.__setattr__(self, "_notes", self._notes | {name})
            return
        if name in self._notes:
            object.__setattr__(self, "_notes", self._notes - {name})
        if name == "label" or any(isinstance(part, Module) for _, part in _parts_of(name, value, is_note=False)):
            _Structure.version += 1

    def _parts(self) -> list[tuple[str, Any]]:
        """The parameters and modules in its own attributes, with their names, in the order of assignment."""
        found: list[tuple[str, Any]] = []
        for name, value in vars(self).items():
            if type(value) not in _PLAIN and name not in _OWN:
                found += _parts_of(name, value, is_note=name in self._notes)
        return found

    def parameters(self) -> list[Any]:
        """The parameters of this module and of all its parts, each once. A subclass may say otherwise."""
        found: dict[int, Any] = {}
        _collect(self, found, set())
        return list(found.values())

    def named_parameters(self) -> list[tuple[str, Any]]:
        """Every parameter with its dotted name: `layers.0.neurons.2.w.0`. A shared one has the first of its names.

        >>> from nn import MLP
        >>> [name for name, _ in MLP(2, [1]).named_parameters()]
        ['layers.0.neurons.0.w.0', 'layers.0.neurons.0.w.1', 'layers.0.neurons.0.b']
        """
        found: dict[int, tuple[str, Any]] = {}
        for prefix, module in self.named_modules():
            for name, part in module._parts():
                if not isinstance(part, Module):
                    found.setdefault(id(part), (_joined(prefix, name), part))
        for index, part in enumerate(self.parameters()):  # a subclass's parameters() may know of more
            found.setdefault(id(part), (f"parameters.{index}", part))
        return list(found.values())

    def modules(self) -> list[Module]:
        """This module and all below it, each once."""
        return [module for _, module in self.named_modules()]

    def named_modules(self) -> list[tuple[str, Module]]:
        """This module, named "", and all below it with their dotted names; a shared one under the first name."""
        return list(_descend(self, "", set()))

    def children(self) -> list[Module]:
        """The modules directly below this one."""
        return [child for _, child in self.named_children()]

    def named_children(self) -> list[tuple[str, Module]]:
        """The modules directly below this one, with their names."""
        found: dict[int, tuple[str, Module]] = {}
        for name, part in self._parts():
            if isinstance(part, Module):
                found.setdefault(id(part), (name, part))
        return list(found.values())

    # -------------------------------------------------------------------------------------- gradients and modes

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero."""
        forget_gradients(self.parameters())

    def train(self: Self, mode: bool = True) -> Self:
        """Switch this module and all below it to training (what Dropout and the like ask for)."""
        for module in self.modules():
            object.__setattr__(module, "training", bool(mode))
        return self

    def eval(self: Self) -> Self:
        """Switch this module and all below it to evaluation."""
        return self.train(False)

    # ------------------------------------------------------------------------------------------------- state

    def state_dict(self) -> dict[str, Any]:
        """The numbers of all parameters by name: a float for a `Value`, a copy of the array otherwise.

        Raises:
            StateError: two parameters have one name.
        """
        return {name: copied_number(part.data) for name, part in self._by_name().items()}

    def _by_name(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, part in self.named_parameters():
            if name in found:
                raise StateError(
                    f"two parameters of this {type(self).__name__} are called {name}: keys of dicts become names, so "
                    "choose keys that differ as text and have no dots in them"
                )
            found[name] = part
        return found

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> LoadedKeys:
        """Set the parameters to saved numbers. All names and shapes are checked before anything is changed.

        Args:
            state: numbers by name, as `state_dict()` gives them.
            strict: every parameter must be named, and nothing else.

        Raises:
            StateError: a name is missing or unknown (when strict), or a shape or a type is wrong.
        """
        check_state(state)
        own = self._by_name()
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        if strict and (missing or unexpected):
            problems = [f"{_some(missing)} missing"] * bool(missing) + [f"{_some(unexpected)} unknown"] * bool(
                unexpected
            )
            raise StateError(
                f"the state does not fit this {type(self).__name__}: {'; '.join(problems)}. "
                "Build the module as it was when it was saved, or write strict=False to load what fits"
            )
        loaded = {name: checked_number(name, state[name], own[name].data) for name in own if name in state}
        for name, number in loaded.items():
            own[name].data = number
        return LoadedKeys(missing, unexpected)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in _OWN}

    # -------------------------------------------------------------------------------------------------- text

    def extra_repr(self) -> str:
        """What stands between the brackets of its repr; the names of its own parameters unless a subclass says more."""
        counts: dict[str, int] = {}
        for name, part in self._parts():
            if not isinstance(part, Module):
                counts[name.partition(".")[0]] = counts.get(name.partition(".")[0], 0) + 1
        return ", ".join(
            name if isinstance(getattr(self, name), CARRIERS) else f"{name}[{count}]" for name, count in counts.items()
        )

    @reprlib.recursive_repr("...")
    def __repr__(self) -> str:
        lines = [f"({name}): {text}" for name, text in _folded(self.named_children())]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        extra = self.extra_repr()
        body = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}({extra}\n  {body}\n)"


_PARTS: Final = (*CARRIERS, Module)
_METHODS: Final = frozenset(name for name, found in vars(Module).items() if callable(found))
_PLAIN: Final = frozenset((float, int, bool, str, type(None), methodcaller))  # most attributes that hold no parts
_OWN: Final = frozenset(("_place", "_naming", "_plan"))  # what is found out again


def _parts_of(name: str, value: Any, is_note: bool) -> list[tuple[str, Any]]:
    """The parameters and modules in one attribute: containers are opened, each part is named by its place.

    Leaves found for the first time become parameters, with their place as label; those of a note are left alone.
    """
    found: list[tuple[str, Any]] = []
    _open(value, name, found, ())
    kept: list[tuple[str, Any]] = []
    for place, part in found:
        kind = "" if isinstance(part, Module) else part.kind
        if kind == "input" and not is_note:
            parameter(part)
            if not part.label:
                part.label = _label(place)
        elif kind not in ("parameter", ""):
            continue
        kept.append((place, part))
    return kept


def _refuse_results(name: str, before: Any, value: Any) -> None:
    """Raise if what is assigned has a result where there was a parameter, or plain numbers: the module would lose it.

    None, and an empty list to be filled, say that it is meant.
    """
    old: list[tuple[str, Any]] = []
    new: list[tuple[str, Any]] = []
    _open(before, name, old, ())
    _open(value, name, new, ())
    learned = {place for place, part in old if not isinstance(part, Module) and part.kind == "parameter"}
    if learned and not new and value is not None and np.size(value):
        each = f"m.{name}" if name in learned else "p"
        raise GraphError(
            f"{name} holds parameters, and what is assigned holds none ({type(value).__name__}): nothing would be "
            f"learned or saved; write {each}.data = number, m.load_state_dict(...), or assign a Value or a Tensor"
        )
    for place, part in new:
        if place in learned and not isinstance(part, Module) and not part.is_leaf:
            each = f"m.{name}" if place == name else "p"
            raise GraphError(
                f"{place} is a parameter, and what is assigned to it is the result of an operation, which would not be "
                f"learned or saved: move it by `with no_grad(): {each}.data -= lr * {each}.grad` or optimizer.step(), "
                "or assign a leaf, such as result.detach()"
            )


def _refuse_lost(name: str, value: Any) -> None:
    """Raise if a module would not see numbers that are to be learned. A result of parameters, as a loss, is a note."""
    if isinstance(value, (Set, deque, Mapping)) and not isinstance(value, dict):
        for part in value.values() if isinstance(value, Mapping) else value:
            if isinstance(part, Module) or (isinstance(part, (Value, Tensor)) and part.kind == "input"):
                raise SettingError(
                    f"a Module does not look into a {type(value).__name__}: the numbers in {name} would not be learned "
                    "or saved; keep them in a list, a tuple, a dict or an array"
                )
    found: list[tuple[str, Any]] = []
    _open(value, name, found, ())
    for place, part in found:
        if isinstance(part, Module) or part.kind != "result":
            continue
        if not any(node.kind == "parameter" for node, operands in walk(part) if not operands):
            raise GraphError(
                f"{place} is the result of an operation, which would not be learned or saved: assign a leaf, "
                "(...).detach(), or where it is not to be learned, plain numbers, (...).data"
            )


def _open(value: Any, name: str, found: list[tuple[str, Any]], around: tuple[int, ...]) -> None:
    if isinstance(value, _PARTS):
        found.append((name, value))
        return
    inside: Iterator[tuple[Any, Any]]
    if isinstance(value, (list, tuple)):
        inside = enumerate(value)
    elif isinstance(value, dict):
        inside = iter(value.items())
    elif isinstance(value, np.ndarray) and value.dtype == object:
        inside = ((".".join(map(str, index)), value[index]) for index in np.ndindex(value.shape))
    else:
        return
    if id(value) in around:  # a list that holds itself
        return
    around = (*around, id(value))
    for key, part in inside:
        if isinstance(part, _PARTS):  # as at the top, without the call: models have many
            found.append((f"{name}.{key}", part))
        else:
            _open(part, f"{name}.{key}", found, around)


def holds_numbers(module: Module) -> bool:
    """Whether there are Values or Tensors in its own attributes, be they parameters or not."""
    found: list[tuple[str, Any]] = []
    for name, value in vars(module).items():
        _open(value, name, found, ())
    return any(isinstance(part, CARRIERS) for _, part in found)


def _label(place: str) -> str:
    """`w.0` is labelled w0, `W.0.1` W0_1, `gate.bias` gate_bias."""
    first, *rest = place.split(".")
    return first + ("_" if rest and not rest[0].isdigit() else "") + "_".join(rest)


def _collect(module: Module, found: dict[int, Any], seen: set[int]) -> None:
    seen.add(id(module))
    for name, value in vars(module).items():
        kind = type(value)
        if kind in _PLAIN or name in _OWN:
            continue
        if kind is list and are_parameters(value):  # most hold nothing else: nothing to open, nothing to name
            found.update(zip(map(id, value), value))  # noqa: B905, as long as each other
            continue
        if kind is Value and value.kind == "parameter":
            found[id(value)] = value
            continue
        for _, part in _parts_of(name, value, is_note=name in module._notes):
            if not isinstance(part, Module):
                found[id(part)] = part
            elif id(part) not in seen:
                if type(part).parameters is Module.parameters:
                    _collect(part, found, seen)
                else:  # it has its own idea of what its parameters are
                    seen.add(id(part))
                    found.update((id(each), each) for each in part.parameters())


def _descend(module: Module, name: str, seen: set[int]) -> Iterator[tuple[str, Module]]:
    seen.add(id(module))
    yield name, module
    for inner, child in module.named_children():
        if id(child) not in seen:
            yield from _descend(child, _joined(name, inner), seen)


def _place(module: Module, path: tuple[str, ...], naming: object) -> None:
    object.__setattr__(module, "_place", (naming, scope(*path)))
    for name, child in module.named_children():
        if child._place[0] is not naming:
            _place(child, (*path, name), naming)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _folded(children: list[tuple[str, Module]]) -> Iterator[tuple[str, str]]:
    """Names and texts of the children, with neighbours of one list that read alike on one line."""
    runs: list[tuple[str, str, str, int]] = []  # list, first index, text, how many
    for name, child in children:
        head, _, index = name.rpartition(".")
        text = repr(child)
        if runs and index.isdigit():
            before, first, same, count = runs[-1]
            if (before, same) == (head, text) and first.isdigit() and int(first) + count == int(index):
                runs[-1] = (head, first, text, count + 1)
                continue
        runs.append((head, index, text, 1))
    for head, first, text, count in runs:
        name = _joined(head, first)
        yield (name, text) if count == 1 else (f"{name}-{int(first) + count - 1}", f"{count} x {text}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more + (" is" if len(names) == 1 else " are")
