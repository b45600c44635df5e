"""Errors that a loop takes element by element: the line that wrote them is told, with the mask that it lacks."""

from __future__ import annotations

from .test_mended import START, told

POOL = (
    START
    + """
waves, kinds = gen.randn(6, 7), gen.randint(0, 2, 6)
kernel, out = gen.randn(2) * 0.6, gen.randn(3)
for turn in range(10):
    cost, dkernel, dout = 0.0, np.zeros(2), np.zeros(3)
    for wave, kind in zip(waves, kinds):
        z = np.array([np.sum(wave[i:i + 2] * kernel) for i in range(6)])
        top = np.tanh(z.reshape(3, 2).max(axis=1))
        p = 1 / (1 + np.exp(-top @ out))
        cost -= np.log(p if kind else 1 - p)
        dout += (p - kind) * top
        dtop = (p - kind) * out * (1 - top ** 2)
        dz = np.zeros(6)
        for i in range(3):
            dz[2 * i:2 * i + 2] += dtop[i] * (z[2 * i:2 * i + 2] == z[2 * i:2 * i + 2].max())
        for i in range(6):
            dkernel += dz[i] * wave[i:i + 2]
    kernel -= 0.1 * dkernel
    out -= 0.1 * dout
    print(cost)
"""
)
MASK = " * (z[2 * i:2 * i + 2] == z[2 * i:2 * i + 2].max())"


def test_a_window_without_its_mask() -> None:
    assert POOL.count(MASK) == 1
    (fault,) = told(POOL.replace(MASK, ""))["faults"]
    assert fault["code"].strip() == "dz[2 * i:2 * i + 2] += dtop[i]"
    assert "== z[2 * i:2 * i + 2].max()" in fault["instead"]


def test_the_right_one() -> None:
    assert {block["verdict"] for block in told(POOL)["blocks"]} == {"right"}
