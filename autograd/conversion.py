"""A recorded number that is about to become a plain float: on purpose, or by the way?

`math.exp(x)`, `np.interp(x, ...)` and `plain_array[0] = x` ask a number for its float, and get one; there the graph
ends, and a gradient is wrong without a word. Python asks in the same way for `float(x)`, which is written on purpose.
They differ in the instruction that the caller's frame stands at: this file reads it.

* `float(x)` in one's own code, `losses.astype(float)`, `"%.3f" % x`, `math.isnan(x)`, plots: the float, without a word.
* an assignment into a plain array, which is never wanted: an error that names the line and what to write instead.
* anything else (`math.exp(x)`, a logger's `float(x)`): the float, and a warning that says the same.

Inside transforms, `diagnose` and compiled traces nobody wants a float: there all but what is shown is an error.
"""

from __future__ import annotations

import builtins
import dis
import functools
import math
import os
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, Final, NamedTuple

import numpy as np

from .core.node import UNRECORDED, walk
from .core.table import TABLE
from .errors import AutogradError, GraphError, GraphWarning, OperandError, ShapeError
from .mode import NOW, SPECIAL, STRICT, in_force

_HERE: Final = os.path.dirname(os.path.abspath(__file__))
_OURS: Final = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "nn") + os.sep)
_READERS: Final = frozenset(
    os.path.join(_HERE, *room) if room else _HERE
    for room in ((), ("value",), ("tensor",), ("compiler",), ("compiler", "scalar"), ("compiler", "arrays"))
)
"""Where `__float__` stands: frames of files in here only carry the question on."""
_READING: Final = tuple(
    os.path.join(_HERE, *file) for file in (("value", "reading.py"), ("value", "arrays.py"), ("tensor", "node.py"))
)
"""Where `.item()`, `.data` and `data()` stand."""
_LIBRARIES: Final = (
    *{path + os.sep for path in (*sysconfig.get_paths().values(), os.path.dirname(os.path.dirname(np.__file__)))
      if os.path.basename(path) in ("site-packages", "dist-packages") or path == sysconfig.get_paths()["stdlib"]},
    os.path.dirname(os.__file__) + os.sep,
    "<frozen ",
)  # fmt: skip
PLOTS: Final = frozenset(("matplotlib", "mpl_toolkits", "seaborn", "plotly", "bokeh", "altair"))
"""Packages that show numbers: nothing comes back from them that a gradient could be missing in."""

_SAME: Final = {
    "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "fabs": "abs",
}  # fmt: skip
_ARRAY: Final = "np.array(xs) without dtype=, which keeps the graph, or data(xs), which is only the numbers"
_NAMESAKES: Final = ("logsumexp", "softmax", "log_softmax")
"""Functions of arrays that scipy has under the same name."""
_OPERANDS: Final = {"pandas.": "X.to_numpy()", "scipy.sparse.": "X.toarray()"}
"""What takes whatever stands beside it for a plain array, and its numbers as numpy has them."""
_INSTEAD: Final = {
    "pow": "x ** y",
    "fsum": "sum(xs)",
    "dist": "autograd.norm(x - y)",
    **{name: f"autograd.{name}(x)" for name in _NAMESAKES},
    **dict.fromkeys(("mean", "fmean"), "sum(xs) / len(xs)"),
    **dict.fromkeys(("array", "asarray", "fromiter", "full"), _ARRAY),
    **dict.fromkeys(("float64", "float32"), "x as it is"),
    **dict.fromkeys(("normal", "gauss"), "mean + deviation * a draw of its own"),
    "gradient": "differences of slices: xs[2:] - xs[:-2]",
    "interp": "the line between the two nearest points",
}
"""What to write in the place of functions of Python and numpy that take floats and are no row of the table."""
_CONSUMERS: Final = frozenset(("list", "tuple", "set", "frozenset", "dict", "sorted", "sum", "max", "min", "map"))

WRITTEN, SHOWN, STORED, PASSED = "float()", "shown", "[...] =", "call"
"""How a number is asked for its float: by a written `float(x)`, to be shown or tested, by an assignment, by a call."""

STEPS: Final = 10
"""After so many steps of a training that hangs each on the graph there is a warning."""

CARRIERS: Final[list[type]] = []
"""`Value` and `Tensor`, which enter themselves."""


class Situation(NamedTuple):
    """Where a float is asked for: how, by a call of what, at which line of the user's, by whose code."""

    how: str
    called: str
    line: str
    user: FrameType
    by_us: bool
    by_user: bool

    @property
    def told(self) -> str:
        """What a message calls it."""
        if self.how in (STORED, WRITTEN):
            return "the assignment" if self.how is STORED else "float()"
        return f"{self.called}()" if self.called else "a call"


def check(number: Any) -> None:
    """Called where Python asks a Value or a Tensor for its float.

    Raises:
        OperandError: the graph would end here by the way; the message names the line and what to write instead.
    """
    special = SPECIAL or STRICT
    if special and NOW.paused:
        return
    now = situation()
    strict = _differentiating(number) if special else None
    if strict is not None:
        refuse(now, *strict, number=number)
    if now.by_us or now.how is SHOWN or (now.how is WRITTEN and now.by_user) or is_shown():
        return
    if now.how is STORED:
        refuse(now, number=number)
    _warn(now, _message(now))


def watch_steps(node: Any) -> None:
    """Warn where `w = w - rate * w.grad` in a loop makes one long graph: w was ten times moved by plain numbers.

    Called where the gradient of a result is read.
    """
    steps: list[Any] = []
    while len(steps) <= STEPS and (step := node._step()) is not None:
        node, number = step
        steps.append(number)
    if len(steps) == STEPS and len({np.asarray(number).tobytes() for number in steps}) == STEPS:
        now = situation()
        if not now.by_us:
            _warn(
                now,
                f"the number whose gradient is read here is a result: {STEPS} steps like w = w - rate * w.grad have "
                "been recorded, and every backward goes through all of them; write w.data -= rate * w.grad, or make a "
                "new leaf under no_grad()",
            )


def warn_of_cast() -> None:
    """Say that an array of Values was cast to floats: unlike `float(x)`, it is what a forward pass in numpy does."""
    now = situation()
    if now.by_user and not (SPECIAL and NOW.paused):
        _warn(
            now,
            "astype() makes plain floats of recorded numbers, and their derivative would be lost: leave it out, or "
            "write data(array) if the numbers alone are meant",
        )


def check_search(kind: str) -> None:
    """Called where `==` of several numbers gives as many answers: `t in [...]` asks for one.

    Raises:
        ShapeError: a list is searched.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) in _READERS:
        frame = frame.f_back
    opname = dis.opname[frame.f_code.co_code[frame.f_lasti]]
    searched = opname == "CONTAINS_OP"
    if searched or (
        opname.startswith(("CALL", "PRECALL")) and _asked(frame)[1].rpartition(".")[2] in ("index", "remove", "count")
    ):
        raise ShapeError(
            f"a list is searched for several numbers at once ({kind}), and == compares number by number: whether it "
            "holds the very same is any(x is t for x in list), equal ones any(np.array_equal(x, t) for x in list)"
        )


def warn_of_captured(names: str) -> None:
    """Say that a compiled function has no parameters, though it uses numbers that have gradients."""
    _warn(
        situation(),
        f"the compiled function uses {names} and was given no parameters: it computes with the numbers as they are at "
        "each call, and brings no gradient to them; for gradients write compile(function, [w, ...])",
    )


def note_reading() -> None:
    """Note, where something is differentiated, that a number has been read and may be missing in the derivative."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in _READING:
        frame = frame.f_back
    if not frame.f_code.co_filename.startswith(_OURS):
        for entry in in_force():
            entry.read = True


def warn_of_reading(who: str) -> None:
    """Say that what a transform differentiates was only read, by `.item()` or `.data`."""
    _warn(
        situation(),
        f"the function that {who} differentiates reads its argument by .item() or .data, and what it returns does not "
        "depend on it otherwise: its derivative is 0; compute with the number itself",
    )


def check_predictions(loss: str, what: str, predictions: Any, targets: Any) -> None:
    """Say that a loss has no gradient but that of its targets: leaves, of which nobody asked a gradient so far.

    Args:
        what: the word for the predictions.
    """

    def is_input(target: Any) -> bool:
        return (
            getattr(target, "kind", "") == "input"
            and not getattr(target, "reached", True)
            and not is_differentiated(target)
        )

    def holds_a_graph(number: Any) -> bool:
        return hasattr(number, "_apply") and getattr(number, "rule", None) is not UNRECORDED

    if (
        (SPECIAL and NOW.paused)
        or not all(map(is_input, _each(targets)))
        or any(map(holds_a_graph, _each(predictions)))
    ):
        return
    _warn(
        situation(),
        f"{loss}() is given {what} that hold no graph, and targets that do: its only gradient is that of the targets; "
        f"were the {what} computed under no_grad(), or cut off by .data or .numpy()? As a measure of what is computed "
        "already, give the targets as plain numbers",
    )


def _each(numbers: Any) -> Any:
    return numbers.flat if isinstance(numbers, np.ndarray) and numbers.dtype == object else (numbers,)


def _warn(now: Situation, text: str) -> None:
    warnings.warn_explicit(
        f"{now.line}: {text}", GraphWarning, now.user.f_code.co_filename, now.user.f_lineno,
        registry=now.user.f_globals.setdefault("__warningregistry__", {}),
    )  # fmt: skip


def refuse(now: Situation, who: str = "", function: Any = None, number: Any = None) -> None:
    """Say that a graph would be lost, where, and what to write.

    Args:
        who: the transform that differentiates, and the function that it calls.
        number: what is asked for its float.

    Raises:
        OperandError: always, except for what is only shown.
    """
    if who and now.by_us and now.how is not WRITTEN:  # it was given a function such as math.sin
        now = now._replace(how=PASSED, called=str(getattr(function, "__name__", "")))
    if now.how is SHOWN or is_shown():
        return
    raise OperandError(f"{now.line}: {_message(now, who, number)}")


def _message(now: Situation, who: str = "", number: Any = None) -> str:
    what, alone = (f"a number that {who} differentiates", "x.item()") if who else ("a recorded number", "float(x)")
    return (
        f"{now.told} makes a plain float of {what}, and its derivative would be lost: "
        f"{remedy(now.how, now.called, hasattr(number, '_apply_array'))}; if the number alone is meant, write {alone}"
    )


def remedy(how: str, called: str, of_tensors: bool = False) -> str:
    """What to write instead; an element of a Tensor is no Value, and has no place in an array of Values."""
    if how is WRITTEN:
        return "compute with the number itself"
    if how is STORED:
        made = "" if of_tensors else "make it with values(np.zeros(n)), or "
        return f"a plain array holds no graph; {made}join the numbers with stack([...])"
    name = called.rpartition(".")[2]
    name = _SAME.get(name, name)
    if name in TABLE:
        return f"write {'' if name == 'abs' else 'autograd.'}{name}({', '.join(TABLE[name].operands)})"
    return f"write {_INSTEAD[name]}" if name in _INSTEAD else "compute with arithmetic and the functions of autograd"


def told(error: BaseException) -> BaseException:
    """The error to raise where numpy has put one of its own ("setting an array element...") in the place of ours."""
    cause = error.__cause__
    return cause if type(error) is ValueError and isinstance(cause, AutogradError) else error


def is_differentiated(number: Any) -> bool:
    """Whether a transform differentiates it just now: then its copy is itself; another would have no graph."""
    return bool(SPECIAL or STRICT) and not NOW.paused and _differentiating(number) is not None


def is_argument(number: Any) -> bool:
    """Whether it depends on what a transform differentiates just now, by the function's arguments."""
    strict = () if NOW.paused else NOW.strict
    return any(id(node) in inputs for _, _, inputs in strict if inputs is not None for node, _ in walk(number))


def check_argument(name: str, number: Any) -> None:
    """Called where a compiled step takes the numbers of a Tensor: it brings gradients to its parameters only.

    Raises:
        OperandError: a transform differentiates it just now.
    """
    if SPECIAL and NOW.paused:
        return
    lost = "a compiled step brings gradients to its parameters only, so that of the argument {} would be lost: {}"
    if is_differentiated(number):
        raise OperandError(
            lost.format(name, f"differentiate step.function, or write {name}.data if its numbers alone are meant")
        )
    if number.kind == "result":
        _warn(
            situation(),
            lost.format(name, f"compile both together, or write {name}.data if its numbers alone are meant"),
        )


def check_pickled(node: Any, name: str) -> None:
    """Called where a Value or a Tensor is pickled: leaves are, but not while a transform differentiates them.

    Raises:
        GraphError: it has a graph, which would come along or be lost.
    """
    what = f"a result ({node.op})" if node.kind == "result" else "a number that is differentiated just now"
    if node.kind == "result" or is_differentiated(node):
        raise GraphError(
            f"{what} is not pickled, its graph would come along: pickle {name}.detach() for its numbers, or save the "
            "parameters"
        )


def _differentiating(number: Any) -> tuple[str, Any] | None:
    """Who differentiates this number just now, and which function; None if nobody does."""
    for name, function, inputs in NOW.strict:
        if inputs is None or any(id(node) in inputs for node, _ in walk(number)):
            return name, function
    return None


def situation() -> Situation:
    """What the code that asks is doing."""
    frame = sys._getframe(1)
    while frame.f_back is not None and os.path.dirname(frame.f_code.co_filename) in _READERS:
        frame = frame.f_back
    how, called = _asked(frame)
    user = frame
    while user.f_back is not None and user.f_code.co_filename.startswith((*_LIBRARIES, *_OURS)):
        user = user.f_back
    by_us = frame.f_code.co_filename.startswith(_OURS)
    by_user = frame is user
    if not by_user and not by_us:
        asked = _asked(user)
        how, called = WRITTEN if asked[0] is WRITTEN else how, asked[1] or called
        by_user = asked[0] is WRITTEN  # `frame.astype(float)` of pandas
    line = f"{os.path.basename(user.f_code.co_filename)}:{user.f_lineno}"
    return Situation(how, called, line, user, by_us, by_user)


def is_shown() -> bool:
    """Whether a package that plots is at work, and no code of the user's that it calls, as for an animation."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package in PLOTS:
            if package == "matplotlib":
                _teach_matplotlib()
            return True
        if not frame.f_code.co_filename.startswith((*_LIBRARIES, *_OURS)):
            return False
        frame = frame.f_back
    return False


def is_an_image() -> bool:
    """Whether matplotlib is about to draw an image or contours, for which it takes no objects."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name in ("imshow", "pcolormesh", "pcolor", "contour", "contourf", "matshow"):
            return True
        frame = frame.f_back
    return False


@functools.cache
def _teach_matplotlib() -> None:
    """Tell matplotlib how Values and Tensors in a list are read; it asks when it meets the first of them."""
    from matplotlib import units

    class Numbers(units.ConversionInterface):
        @staticmethod
        def convert(value: Any, unit: Any, axis: Any) -> Any:
            return np.vectorize(_number, otypes=[float])(value)

    for carrier in CARRIERS:
        units.registry[carrier] = Numbers()


def instead_of_library() -> str:
    """What to write in the place of the function, or the operand, of another library that is at work; "" for others."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith((*_LIBRARIES, *_OURS)):
        name, room = frame.f_code.co_name, str(frame.f_globals.get("__name__"))
        if name in _NAMESAKES and not frame.f_code.co_filename.startswith(_OURS):
            return f"autograd.{name}(t), which is recorded"
        for package, remedy in _OPERANDS.items():
            if room.startswith(package):
                return f"{remedy} in the place of X, which is recorded"
        frame = frame.f_back
    return ""


def _number(thing: Any) -> float:
    return float(thing.item() if hasattr(thing, "item") else thing)


# ------------------------------------------------------------------------------------ what a frame is doing

_KNOWN: Final[dict[tuple[CodeType, int], tuple[str, str]]] = {}


def _asked(frame: FrameType) -> tuple[str, str]:
    """How the instruction that a frame stands at asks for a float, and the name of what it calls."""
    place = frame.f_code, frame.f_lasti
    found = _KNOWN.get(place)
    if found is None:
        if len(_KNOWN) > 1000:
            _KNOWN.clear()
        found = _KNOWN[place] = _read(frame)
    return found


def _read(frame: FrameType) -> tuple[str, str]:
    before = list(_until(frame.f_code, frame.f_lasti))
    if not before:
        return PASSED, ""
    here = before.pop()
    if here.opname == "STORE_SUBSCR":
        return STORED, ""
    if here.argrepr.startswith("%") or here.opname == "BINARY_MODULO":
        return SHOWN, ""
    if here.opname.startswith(("CALL", "PRECALL")):
        names = _callee(here, before)
        if names and names[0].startswith("@"):  # pytest has taken an assertion apart
            function = frame.f_locals.get(names[0])
            names = [getattr(function, "__module__", None) or "", getattr(function, "__name__", "")]
        if _is_float(frame, names) or names[-1:] == ["astype"]:
            return WRITTEN, ""
        if names and names[-1] in ("isnan", "isinf", "isfinite", "isclose"):
            return SHOWN, ""
        if names and names[0] not in _CONSUMERS:
            return PASSED, ".".join(names)
    loaded = [str(each.argval) for each in before if each.opname.startswith("LOAD_") and _line(each) == _line(here)]
    if any(_is_float(frame, [name]) for name in loaded):  # list(map(float, xs))
        return WRITTEN, ""
    named = [name for name in loaded if name in TABLE or hasattr(math, name)]
    return PASSED, named[-1] if named else ""


def _until(code: CodeType, last: int) -> Iterator[dis.Instruction]:
    """The instructions up to the one a frame stands at (or at the inline caches behind it)."""
    for instruction in dis.get_instructions(code):
        if instruction.offset > last:
            return
        yield instruction


def _callee(call: dis.Instruction, before: list[dis.Instruction]) -> list[str]:
    """The dotted name that a call begins with: it is loaded where the call's own text begins."""
    names: list[str] = []
    for each in reversed(before):
        if None not in _start(call) and _start(each) == _start(call) and each.opname.startswith("LOAD_"):
            names.insert(0, str(each.argval))
            if not each.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")):
                break
    return names


def _start(instruction: dis.Instruction) -> tuple[Any, Any]:
    """The line and the column of its text; Python 3.10 does not know them."""
    positions = getattr(instruction, "positions", None)
    return (positions.lineno, positions.col_offset) if positions is not None else (None, None)


def _line(instruction: dis.Instruction) -> Any:
    return _start(instruction)[0]


def _is_float(frame: FrameType, names: list[str]) -> bool:
    """Whether a name means Python's `float` (or `complex`) where the frame stands."""
    if len(names) != 1:
        return False
    found = frame.f_locals.get(names[0], frame.f_globals.get(names[0], getattr(builtins, names[0], None)))
    return found is float or found is complex
