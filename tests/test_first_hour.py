"""What people try in their first hour, that no page names: what they type, and what they ought to get.

An attempt is its code, and what is wanted: the value of `out`, or the lines it prints, or the error, with the part of
its message that says what to write instead.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd
import nn
from autograd import GraphError, OperandError, ShapeError


class Error(NamedTuple):
    """An error that names the remedy."""

    kind: type[Exception]
    remedy: str


PLOT = "import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt\n"
LOOP = "w = Value(1.0)\nfor _ in range(3):\n    loss = (w * 2 - 1) ** 2\n"

ATTEMPTS: dict[str, tuple[str, Any]] = {
    # --------------------------------------------------------------------- looking at results
    "plot losses": (
        PLOT + "out = plt.plot([Value(1.0), Value(2.0)])[0].get_ydata().astype(float).tolist()",
        [1.0, 2.0],
    ),
    "scatter Values": (PLOT + "out = plt.scatter([Value(1.0)], [Value(3.0)]).get_offsets().tolist()", [[1.0, 3.0]]),
    "plot a Tensor": (PLOT + "out = plt.plot(Tensor([1.0, 2.0]) * 2)[0].get_ydata().data.tolist()", [2.0, 4.0]),
    "plot a Tensor's numbers": (PLOT + "out = plt.plot(Tensor([1.0, 2.0]).data)[0].get_ydata().tolist()", [1.0, 2.0]),
    "print a Value": ("print(Value(1.5, 'w'))", ["Value(1.5, grad=0.0, label='w')"]),
    "format": ("out = f'{Value(1.23456):.2f} {Value(2.0):>6.1f}', '%.3f' % Value(1.5)", ("1.23    2.0", "1.500")),
    "format a Tensor": ("out = f'{Tensor([1.0, 2.0]):.2f}'", Error(ShapeError, "shape (2,); use .data")),
    "round": ("out = round(Value(1.26), 1), round(Value(2.5))", (1.3, 2)),
    # --------------------------------------------------------------------- Python's own functions
    "sort": ("out = [v.data for v in sorted([Value(3.0), Value(1.0)], reverse=True)]", [3.0, 1.0]),
    "max of a list": ("a, b = Value(3.0), Value(1.0)\nout = max([a, b]) is a, min(a, b) is b", (True, True)),
    "sum of a list": ("a = Value(3.0)\ny = sum([a, a, 1])\ny.backward()\nout = y.data, a.grad", (7.0, 2.0)),
    "mean of a list": ("a = Value(3.0)\ny = np.mean([a, 1.0])\ny.backward()\nout = y.data, a.grad", (2.0, 0.5)),
    "pandas": (
        (
            "import pandas as pd\na = Value(3.0)\nframe = pd.DataFrame({'x': [a, Value(1.0)]})\ntotal = frame.x.sum()\n"
            "total.backward()\nout = total.data, a.grad, frame.x.astype(float).tolist()"
        ),
        (4.0, 1.0, [3.0, 1.0]),
    ),
    "json": ("import json\nout = json.dumps([float(Value(2.0)), Value(2.0).item()])", "[2.0, 2.0]"),
    "an integer of it": ("int(Value(2.5))", Error(OperandError, "write int(v.data)")),
    # --------------------------------------------------------------------- training loops
    "+= in a loop": (
        "x = y = Value(1.0)\nfor _ in range(3):\n    y += 2 * x\ny.backward()\nout = x.grad, y.data",
        (7.0, 7.0),
    ),
    "a loop without no_grad": (
        LOOP + "    w.grad = 0\n    loss.backward()\n    w.data -= 0.1 * w.grad\nout = round(w.data, 6)",
        0.504,
    ),
    "a loop that makes w anew": (LOOP + "    loss.backward()\n    w = w - 0.1 * w.grad\nout = round(w.data, 6)", 0.504),
    "a Value as data": (
        LOOP + "    loss.backward()\n    w.data = w - 0.1 * w.grad",
        Error(OperandError, "use .item()"),
    ),
    "backward twice": ("x = Value(3.0)\ny = x * x\ny.backward()\ny.backward()\nout = x.grad", 12.0),
    "gradient before backward": ("x = Value(3.0)\ny = x * x\nout = x.grad, y.grad", (0.0, 0.0)),
    "grad = None": ("Value(1.0).grad = None", Error(OperandError, "to reset it write 0.0")),
    "set a result": ("y = Value(1.0) * 2\ny.data = 3.0", Error(GraphError, "assign to a leaf and compute again")),
    "set an element": ("t = Tensor([1.0, 2.0])\nt[0] = 3.0", Error(GraphError, "where(condition, new, t)")),
    "backward of an array": ("(Tensor([1.0, 2.0]) * 2).backward()", Error(ShapeError, "take .sum() or .mean() first")),
    "del": ("x = Value(2.0)\ny = x * x\ndel x\ny.backward()\nout = y.operands[0].grad", 4.0),
    # --------------------------------------------------------------------- copying and saving
    "deepcopy": (
        "import copy\nx = Value(2.0)\ny = x * x\nz = copy.deepcopy(y)\nz.backward()\nout = x.grad, z.operands[0].grad",
        (0.0, 4.0),
    ),
    "deepcopy of a model": (
        (
            "import copy\nm = nn.MLP(2, [3, 1], seed=0)\nc = copy.deepcopy(m)\nc.parameters()[0].data = 9.0\n"
            "out = m.parameters()[0].data == 9.0, c([1.0, 2.0]).data == m([1.0, 2.0]).data"
        ),
        (False, False),
    ),
    "pickle a result": ("import pickle\npickle.dumps(Value(2.0) * 2)", Error(GraphError, "pickle v.detach()")),
    "save a model": (
        (
            "m, c = nn.MLP(2, [3, 1], seed=0), nn.MLP(2, [3, 1], seed=1)\nnn.save(m, 'm.npz')\n"
            "nn.load('m.npz', into=c)\nout = c([1.0, 2.0]).data == m([1.0, 2.0]).data"
        ),
        True,
    ),
    "save Values": ("nn.save({'w': Value(1.0)}, 'w.npz')", Error(nn.StateError, "write its .data")),
    "np.savez": ("np.savez('t.npz', t=Tensor([1.0]))", Error(OperandError, "np.savez(t.data)")),
    # --------------------------------------------------------------------- looking around
    "help": ("help(Value.tanh)", re.compile(r"tanh\(.*\n.*the hyperbolic tangent")),
    "tab completion": (
        (
            "import rlcompleter\nfound = rlcompleter.Completer({'v': Value(1.0), 'autograd': autograd})\n"
            "out = found.complete('v.back', 0), found.complete('autograd.dra', 0), found.complete('autograd._LA', 0)"
        ),
        ("v.backward(", "autograd.draw(", None),
    ),
    "dir": ("out = [n for n in dir(autograd) if n.startswith('_')], 'compile' in dir(autograd)", ([], True)),
    "version": ("out = isinstance(autograd.__version__, str)", True),
    "version under the other name": (
        "import glassgrad\nout = glassgrad.__version__ == autograd.__version__",
        True,
    ),
    "print a model": ("print(nn.MLP(2, [3, 1]))", re.compile(r"MLP\(\n  \(layers.0\): Layer")),
    # --------------------------------------------------------------------- wrong call orders
    "grad of a number": ("grad((lambda x: x * x)(3.0))", Error(OperandError, "give the function itself")),
    "draw a number": ("draw(3.0)", Error(OperandError, "a Value or a Tensor")),
    "too few inputs": ("nn.MLP(2, [3, 1])([1.0])", Error(ShapeError, "write model([x0, x1])")),
    "layers as numbers": ("nn.MLP(2, 3, 1)", Error(nn.SettingError, "such as [16, 16, 1]")),
    "the model for its parameters": (
        "nn.SGD(nn.Linear(2, 1), lr=0.1)",
        Error(nn.SettingError, "write model.parameters()"),
    ),
    "X and Y apart": (
        "nn.fit(nn.Linear(1, 1), [[1.0]], [[1.0]])",
        Error(nn.SettingError, "fit(model, (X, Y), nn.mse)"),
    ),
    "a loss by its name": (
        "nn.fit(nn.Linear(1, 1), ([[1.0]], [[1.0]]), 'mse')",
        Error(nn.SettingError, "such as nn.mse"),
    ),
    "targets in another shape": ("nn.mse(Tensor([[1.0], [2.0]]), [1.0, 2.0])", Error(ShapeError, "np.reshape(targets")),
    "a text as number": ("Value('3')", Error(OperandError, "convert it first: float(text)")),
    "a list as number": ("Value([1.0, 2.0])", Error(OperandError, "write values([...])")),
    "a function without return": ("Value((lambda: None)())", Error(OperandError, "is a return statement missing")),
    "a Tensor for a number": ("Value(Tensor([1.0]))", Error(OperandError, "got a Tensor; use .item()")),
    "a Decimal": ("from decimal import Decimal\nValue(Decimal('1.5'))", Error(OperandError, "float(x)")),
    "texts for numbers": ("Tensor(['1', '2'])", Error(OperandError, "np.array(texts, dtype=float)")),
    "rows of different lengths": ("Tensor([[1, 2], [3]])", Error(OperandError, "a Tensor is an array")),
    "Values for a Tensor": ("Tensor([Value(1.0)])", Error(OperandError, "values([...])")),
    "matrices that do not fit": (
        "Tensor(np.ones((4, 2))) @ Tensor(np.ones((3, 2)))",
        Error(ShapeError, "shapes (4, 2) and (3, 2): the last axis of the first is 2 long"),
    ),
    "one feature without a column": ("nn.Linear(1, 1)(np.arange(3.0))", Error(ShapeError, "write X[:, None]")),
    "a batch for neurons": (
        "nn.MLP(2, [3, 1])(Tensor(np.ones((4, 2))))",
        Error(ShapeError, "write [model(row) for row in X]"),
    ),
    "a type for the result": ("np.subtract(Value(1.0), 2.0, dtype=float)", Error(OperandError, "take data(xs)")),
    # --------------------------------------------------------------------- habits from elsewhere
    "torch: devices": ("Tensor([1.0]).to('cuda')", Error(AttributeError, "there are no devices")),
    "torch: unsqueeze": ("Tensor([1.0]).unsqueeze(0)", Error(AttributeError, "write t[None]")),
    "torch: view": ("Tensor([1.0, 2.0]).view(2, 1)", Error(AttributeError, "write t.reshape(shape)")),
    "torch: numpy": ("out = (Tensor([1.0]) * 2).detach().numpy().tolist()", [2.0]),
    "torch: item": ("Tensor([1.0, 2.0]).item()", Error(ShapeError, "use .data")),
    "torch: Parameter": ("nn.Parameter(np.ones(3))", Error(AttributeError, "self.w = Tensor(numbers)")),
    "torch: a list of layers": (
        "nn.Sequential([nn.Linear(1, 1)])",
        Error(nn.SettingError, "write Sequential(*layers)"),
    ),
    "torch: a class for a layer": (
        "nn.Sequential(nn.Linear(1, 1), nn.Tanh)",
        Error(nn.SettingError, "write Tanh()"),
    ),
    "torch: a DataLoader of X and y": (
        "nn.DataLoader(np.ones((4, 1)), np.ones(4))",
        Error(nn.SettingError, "write DataLoader(TensorDataset(X, y))"),
    ),
    "torch: save and load": (
        (
            "m, c = nn.Linear(2, 1, seed=0), nn.Linear(2, 1, seed=1)\nnn.save(m.state_dict(), 'm.npz')\n"
            "c.load_state_dict(nn.load('m.npz'))\nout = c.weight.data.tolist() == m.weight.data.tolist()"
        ),
        True,
    ),
    "torch: the rate of an optimiser": (
        "nn.SGD(nn.Linear(1, 1).parameters(), lr=0.1).param_groups[0]['lr'] = 0.01",
        Error(AttributeError, "optimizer.lr"),
    ),
    "a notebook for the doctor": (
        "from autograd.doctor import run\nopen('x.ipynb', 'w').close()\nrun('x.ipynb')",
        Error(OperandError, "put its training into a function"),
    ),
    "keras: Dense": ("nn.Dense(3)", Error(AttributeError, "write nn.Linear(inputs, outputs)")),
    "keras: compile": (
        "nn.MLP(2, [1]).compile(optimizer='adam')",
        Error(AttributeError, "nn.fit(model, (X, y), nn.mse"),
    ),
    "keras: fit": ("nn.MLP(2, [1]).fit([[1.0, 2.0]], [1.0])", Error(AttributeError, "write nn.fit(model, (X, y)")),
    "keras: history": (
        "nn.fit(nn.Linear(1, 1), ([[1.0]], [[1.0]]), nn.mse, epochs=1, progress=False).history['loss']",
        Error(AttributeError, "history.losses"),
    ),
    "keras: a list of callbacks": (
        "nn.fit(nn.Linear(1, 1), ([[1.0]], [[1.0]]), nn.mse, callback=[print])",
        Error(nn.SettingError, "write lambda epoch, history"),
    ),
    "keras: a share for validation": (
        "nn.fit(nn.Linear(1, 1), ([[1.0]], [[1.0]]), nn.mse, validation=0.2)",
        Error(nn.SettingError, "split it off first"),
    ),
    "sklearn: predict": ("nn.MLP(2, [1]).predict([[1.0, 2.0]])", Error(AttributeError, "call the model")),
    "a typing mistake": ("nn.MLP(2, [1]).paramters()", Error(AttributeError, "has no attribute 'paramters'")),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt(
    attempt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, wanted = ATTEMPTS[attempt]
    for optional in re.findall(r"import (matplotlib|pandas)", code):
        pytest.importorskip(optional)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {name: getattr(autograd, name) for name in ("Value", "Tensor", "grad", "draw", "values")}
    names.update(np=np, nn=nn, autograd=autograd)
    if isinstance(wanted, Error):
        with pytest.raises(wanted.kind, match=re.escape(wanted.remedy)):
            exec(code, names)
        return
    exec(code, names)
    printed = capsys.readouterr().out
    if isinstance(wanted, re.Pattern):
        assert wanted.search(printed), printed
    else:
        assert (names["out"] if "out" in names else printed.splitlines()) == wanted


def test_there_are_at_least_twenty_five() -> None:
    assert len(ATTEMPTS) >= 25
