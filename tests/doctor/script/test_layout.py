"""A reshape where a transpose was meant: the right numbers, in the wrong order."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograd.doctor.script.consult import Options, consult
from autograd.doctor.script.watch.loader import Script

MAPS = """
import numpy as np

gen = np.random.RandomState(5)
patches = gen.randn(6, 4, 3)
goals = gen.randn(6, 2, 4)
K, k0 = gen.randn(3, 2), np.zeros(2)
for turn in range(8):
    maps = (patches @ K + k0).transpose(0, 2, 1)
    cost = np.mean((maps - goals) ** 2)
    d_maps = 2 * (maps - goals) / maps.size
    d = {back}
    K = K - 0.1 * np.einsum("npc,npk->ck", patches, d)
    k0 = k0 - 0.1 * d.sum(axis=(0, 1))
"""


@pytest.mark.parametrize(
    ("back", "wanted"),
    [
        ("d_maps.transpose(0, 2, 1)", []),
        ("d_maps.reshape(6, 4, 2)", [(12, "wrong-layout")]),
        ("np.reshape(d_maps, (6, 4, 2))", [(12, "wrong-layout")]),
    ],
)
def test_a_reshape_in_the_place_of_a_transpose(back: str, wanted: list[tuple[int, str]], tmp_path: Path) -> None:
    file = tmp_path / "script.py"
    file.write_text(MAPS.format(back=back))
    found = consult(Script(str(file), []), Options(), 20.0)
    assert [(fault["line"], fault["name"]) for fault in found["faults"]] == wanted
