"""A compiled step as a text file: JSON, with the program as a list of instructions.

Reading one runs nothing that the file says: opcodes that are not those of this library, operands that are not earlier
instructions, or sizes that disagree are errors. Rows of the table are stored by name; a user's own primitive is stored
as the formula it stands for.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..core.table import TABLE
from ..errors import ShapeError
from ..system import files
from ..value.value import Value, parameter
from .batch import Layout, Leaf
from .names import FORBIDDEN
from .program import CAPTURED, COMPARISONS, DETACH, LEARNED, LITERAL, LOGIC, WHERE, is_row, name_of
from .scalar.lower import lower
from .scalar.plans import Plans
from .scalar.program import COUNT, INSIDE, REDUCE, SAMPLE, Program

FORMAT: Final = "glassgrad program 1"
ARITY: Final = {**dict.fromkeys((*COMPARISONS, *LOGIC), 2), "not": 1, WHERE: 3, DETACH: 1, REDUCE: 1}
"""Every opcode a file may hold that is not a leaf, and how many operands it takes."""
LARGEST: Final = 1_000_000
"""How many numbers a sample of a loaded program may have: each has a name in the printed source."""


@dataclass(frozen=True)
class SavedProgram:
    """The program for samples of one layout, the shape of its result, and the Values that it captured."""

    layout: Layout
    plans: Plans
    shape: tuple[int, ...]
    captured: Sequence[Any]


@dataclass(frozen=True)
class Saved:
    """What a file holds: the names of the arguments, the parameters, and a program for each layout of a sample."""

    reduction: str
    names: tuple[str, ...] | None
    parameters: Sequence[Value]
    programs: Sequence[SavedProgram]


def write(path: str | os.PathLike[str], saved: Saved) -> None:
    """Write a step. The file appears whole or not at all.

    Raises:
        ShapeError: there is no program yet.
    """
    if not saved.programs:
        raise ShapeError("there is no program to save yet: call the step on a batch first")
    content = {
        "format": FORMAT,
        "reduction": saved.reduction,
        "arguments": saved.names,
        "parameters": [[p.label, _text(p._data)] for p in saved.parameters],
        "programs": [_packed(each) for each in saved.programs],
    }
    files.write(path, lambda file: file.write(json.dumps(content, separators=(",", ":")).encode()))


def _packed(saved: SavedProgram) -> dict[str, Any]:
    plans = saved.plans
    gradient = plans.gradient() if plans.parameters else ()
    exact = plans.gradient(exactly=True) if plans.has_another("value_and_grad") else ()
    outputs = (*plans.outputs, plans.loss, *gradient, *exact)
    program, places = lower(plans.program, outputs, keep=is_row, products=False)
    count = len(plans.outputs)
    return {
        "skeleton": saved.layout.skeleton,
        "leaves": [[leaf.name, list(leaf.shape)] for leaf in saved.layout.leaves],
        "shape": list(saved.shape),
        "captured": [[value.label, _text(value._data)] for value in saved.captured],
        "instructions": [_instruction(program, i) for i in range(len(program))],
        "labels": {str(i): label for i, label in program.labels.items()},
        "outputs": places[:count],
        "loss": places[count],
        "gradient": places[count + 1 : count + 1 + len(gradient)],
        "exact": places[count + 1 + len(gradient) :],
    }


def _instruction(program: Program, i: int) -> list[Any]:
    op = program.ops[i]
    if op == LITERAL:
        value = program.numbers[i]
        return [LITERAL, value if isinstance(value, bool) else _text(value)]
    return [name_of(op), *program.args[i]] if program.args[i] else [op, program.data[i]]


def _text(number: float) -> str:
    return number.hex()


def read(path: str | os.PathLike[str]) -> Saved:
    """Read what `write` wrote.

    Raises:
        ShapeError: it is not such a file, or it does not fit together.
    """
    try:
        content = json.loads(Path(os.fsdecode(path)).read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError(f"it does not begin with the format {FORMAT!r}")
        reduction = _one_of(content["reduction"], ("mean", "sum"))
        parameters = [parameter(_value(each)) for each in content["parameters"]]
        names = None if content["arguments"] is None else tuple(map(_name, content["arguments"]))
        programs = [_unpacked(packed, reduction, len(parameters)) for packed in content["programs"]]
    except (KeyError, TypeError, ValueError, IndexError, RecursionError, AttributeError, OverflowError) as error:
        raise ShapeError(f"{os.fspath(path)} is not a program this library saved: {error}") from error
    return Saved(reduction, names, parameters, programs)


def _unpacked(packed: dict[str, Any], reduction: str, parameters: int) -> SavedProgram:
    leaves = tuple(Leaf(_name(name), _sizes(shape)) for name, shape in packed["leaves"])
    if len({leaf.name for leaf in leaves}) < len(leaves):
        raise ValueError("two arrays have the same name")
    if sum(math.prod(leaf.shape) for leaf in leaves) > LARGEST:
        raise ValueError(f"a sample of more than {LARGEST} numbers is none of a function of single numbers")
    captured = [_value(each) for each in packed["captured"]]
    layout = Layout(tuple(_skeleton(part, len(leaves)) for part in packed["skeleton"]), leaves)
    limits = {
        LEARNED: parameters,
        CAPTURED: len(captured),
        SAMPLE: sum(math.prod(leaf.shape) for leaf in leaves),
        COUNT: 1,
    }
    program, place = _program(packed["instructions"], reduction, limits)
    for i, label in packed["labels"].items():
        program.labels.setdefault(place[int(i)], str(label))
    outputs = [_number(program, place[_index(i, place)]) for i in packed["outputs"]]
    loss = _number(program, place[_index(packed["loss"], place)])
    gradient, exact = (
        [_number(program, place[_index(i, place)]) for i in several]
        for several in (packed["gradient"], packed.get("exact", []))
    )
    shape = _sizes(packed["shape"])
    has_loss = parameters or shape == ()  # else it is a forward pass, whose results are those of the samples
    if has_loss and any(program.stages[i] == INSIDE for i in (loss, *gradient, *exact)):
        raise ValueError("the loss, or a part of its gradient, is not taken over the batch")
    if len(outputs) != math.prod(shape) or len(gradient) != parameters or len(exact) not in (0, parameters):
        raise ValueError("the outputs do not fit the shape, or the gradient does not fit the parameters")
    wrt = [program.leaf(LEARNED, k) for k in range(parameters)]
    known = {False: gradient, **({True: exact} if exact else {})} if parameters else None
    plans = Plans(program, outputs, loss, wrt, leaves, len(captured), known)
    return SavedProgram(layout, plans, shape, captured)


def _program(instructions: Sequence[Any], reduction: str, limits: dict[str, int]) -> tuple[Program, list[int]]:
    """The instructions applied again one by one: what comes out is a program, whatever the file says."""
    program = Program(reduction)
    place: list[int] = []
    for name, *rest in instructions:
        if name == LITERAL:
            (value,) = rest
            place.append(program.constant(value if isinstance(value, bool) else float.fromhex(value)))
        elif name in limits:
            (k,) = rest
            if type(k) is not int or not 0 <= k < limits[name]:
                raise ValueError(f"there is no {name} number {k!r}")
            place.append(program.leaf(name, k))
        else:
            row = TABLE.get(name)
            arity = row.arity if row is not None else ARITY.get(name)
            if len(rest) != arity:
                raise ValueError(f"{name!r} with {len(rest)} operands is not an instruction")
            args = [place[_index(k, place)] for k in rest]
            _check_kinds(program, name, args)
            place.append(program.emit(row or name, *args))
    return program, place


def _check_kinds(program: Program, name: str, args: Sequence[int]) -> None:
    """Conditions where conditions belong, numbers everywhere else."""
    wants = [name in LOGIC] * len(args)
    if name == WHERE:
        wants = [True, False, False]
    if [program.is_condition(arg) for arg in args] != wants:
        raise ValueError(f"{name} is given a condition for a number, or a number for a condition")


def _index(k: Any, place: Sequence[int]) -> int:
    if type(k) is not int or not 0 <= k < len(place):
        raise ValueError(f"{k!r} is not an earlier instruction")
    return k


def _number(program: Program, i: int) -> int:
    if program.is_condition(i):
        raise ValueError("an output is a condition, not a number")
    return i


def _value(pair: Any) -> Value:
    label, number = pair
    return Value(float.fromhex(number), label)


def _sizes(shape: Any) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise ValueError(f"{shape!r} is not a shape")
    return tuple(shape)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name in FORBIDDEN:
        raise ValueError(f"{name!r} is not a name")
    return name


def _one_of(word: Any, words: Sequence[str]) -> str:
    if word not in words:
        raise ValueError(f"{word!r} is not one of {', '.join(words)}")
    return str(word)


def _skeleton(part: Any, leaves: int) -> Any:
    """One argument of the function: the number of a leaf, or a dict or tuple of parts."""
    if type(part) is int and 0 <= part < leaves:
        return part
    kind, keys, branches = part
    if not (isinstance(keys, list) and all(isinstance(key, str) for key in keys) and isinstance(branches, list)):
        raise ValueError("an argument is neither an array nor a dict or tuple of arrays")
    return _one_of(kind, ("dict", "tuple")), tuple(keys), tuple(_skeleton(each, leaves) for each in branches)
