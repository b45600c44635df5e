"""Scripts that nothing can be said about: each gets one clear sentence, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor import run

BAD = {
    "for ever": ("while True:\n    pass\n", "was still at line"),
    "for ever, computing": ("import numpy as np\nx = np.ones(3)\nwhile True:\n    y = x * 2\n", "was still at line"),
    "asks": ("n = input('how many? ')\n", "the script asks for input(), and nobody types here, in line 1."),
    "reads the keyboard": ("import sys\nfor line in sys.stdin:\n    print(line)\n", "reads from the keyboard"),
    "raises": ("import numpy as np\nnp.ones((2, 3)) @ np.ones((2, 3))\n", "with ValueError in line 2"),
    "is not Python": ("def f(:\n", "SyntaxError in line 1"),
    "has no training": ("import numpy as np\nprint(np.arange(4).sum())\n", "trains nothing with numpy"),
    "is empty": ("", "trains nothing with numpy"),
    "leaves": ("import sys\nsys.exit('usage: fit.py DATA')\n", "says: usage: fit.py DATA"),
    "ends the process": ("import os\nos._exit(3)\n", "the script ended the process that it ran in (status 3)"),
    "starts a program": ("import subprocess\nsubprocess.run(['touch', 'touched'])\n", "starts another program"),
    "deletes": ("import os\nos.remove(__file__)\n", "the script deletes a file, in line 2."),
    "only a class": ("class Net:\n    def train(self):\n        pass\n", "defines Net and never trains it"),
    "only a function": ("def fit(n):\n    for k in range(n):\n        pass\n", "defines fit() and never calls it"),
    "wants arguments": (
        "import argparse\nwanted = argparse.ArgumentParser()\nwanted.add_argument('data')\nwanted.parse_args()\n",
        "ends by itself in line 4 (wanted.parse_args()), with status 2",
    ),
    "torch": ("if False:\n    import torch\n", "trains with torch"),
    "was a notebook": (
        ("# -*- coding: latin-1 -*-\nimport os\nget_ipython().run_line_magic('matplotlib', 'inline')\n"
        "os.system('clear')\nos.makedirs('made')\nos.chdir('made')\nopen('a.txt', 'w').write('é')\n"),
        "trains nothing with numpy",
    ),
    "solves": (
        ("import numpy as np\nR = np.random.rand(5, 4)\nU, V = np.random.rand(5, 2), np.random.rand(4, 2)\n"
        "for k in range(9):\n    U = R @ V @ np.linalg.inv(V.T @ V)\n    V = R.T @ U @ np.linalg.inv(U.T @ U)\n"),
        "solves for its numbers (np.linalg.inv(V.T @ V), line 5)",
    ),
    "proximal": (
        ("import numpy as np\nX = np.random.randn(30, 3)\ny = X @ [1.0, 0.0, -2.0]\nw = np.zeros(3)\n"
        "for k in range(50):\n    w = w - 0.1 * X.T @ (X @ w - y) / 30\n"
        "    w = np.sign(w) * np.maximum(np.abs(w) - 0.01, 0)\n"),
        "nearer to 0 by a fixed amount after each step (line 7",
    ),
    "no network": (
        ("import math\nout = [0.0, 0.0]\nsquash = lambda x: 1 / (1 + math.exp(-x))\nfor k in range(20):\n"
        "    for j, y in enumerate([1.0, 0.0]):\n        out[j] += squash(y) - squash(out[j])\n"),
        "About out one cannot tell",
    ),
    "writes": (
        ("import os\nimport numpy as np\nos.makedirs('made', exist_ok=True)\n"
        "with open('made/log.txt', 'w') as f:\n    f.write('kept aside')\n"
        "assert open('made/log.txt').read() == 'kept aside'\n"
        "np.save('w.npy', np.ones(3))\nnp.savetxt('w.txt', np.load('w.npy'))\n"),
        "trains nothing with numpy",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_one_sentence_and_nothing_left(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, sentence = BAD[name]
    path = tmp_path / "script.py"
    path.write_text(text, encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    report = run(path, seconds=6)
    assert sentence in report.failure
    assert "\n" not in report.failure
    assert not report.ok
    assert [p.name for p in tmp_path.iterdir()] == ["script.py"]
    assert path.read_text(encoding="latin-1") == text
    if name == "writes":
        assert "log.txt" in str(report)


def test_a_window_is_not_opened(tmp_path: Path) -> None:
    pytest.importorskip("tkinter")
    path = tmp_path / "window.py"
    path.write_text("import tkinter\nroot = tkinter.Tk()\nroot.mainloop()\n", encoding="utf-8")
    assert run(path).failure == "the script opens a window in line 2, and there is no screen here."


def test_a_plot_is_no_obstacle(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "plots.py"
    path.write_text(
        "import matplotlib\nmatplotlib.use('TkAgg')\nimport matplotlib.pyplot as plt\nimport numpy as np\n"
        "x = np.linspace(0, 1, 9)\nw = np.zeros(1)\nplt.plot(x)\n"
        "for k in range(4):\n    e = w * x - 2 * x\n    cost = (e ** 2).mean()\n    w = w - 0.5 * (2 * e * x).mean()\n"
        "    plt.plot(k, cost, '.')\nplt.savefig('fit.png')\nplt.show()\n",
        encoding="utf-8",
    )
    report = run(path)
    assert report.ok, str(report)
    assert [p.name for p in tmp_path.iterdir()] == ["plots.py"]
