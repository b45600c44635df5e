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


UNITS = (
    START
    + """
rows = [[float(v) for v in gen.randn(2)] for _ in range(2)]
low = [{"in": [float(v) for v in gen.randn(2)], "own": 0.1} for _ in range(3)]
top = [{"in": [float(v) for v in gen.randn(3)], "own": -0.2} for _ in range(2)]
for turn in range(4):
    cost = 0.0
    for row in rows:
        given = row
        for layer in (low, top):
            for unit in layer:
                z = sum(w * v for w, v in zip(unit["in"], given)) + unit["own"]
                unit["y"], unit["x"] = float(np.tanh(z)), given
            given = [unit["y"] for unit in layer]
        cost += 0.5 * sum((unit["y"] - v) ** 2 for unit, v in zip(top, row))
        for unit, v in zip(top, row):
            unit["d"] = (unit["y"] - v) * (1 - unit["y"] ** 2)
        first = 0
        misses = []
        for k in range(len(low)):
            miss = 0.0
            for unit in top:
                miss += unit["in"][k] * unit["d"]
            misses.append(miss)
        for k, unit in enumerate(low):
            unit["d"] = misses[k] * (1 - unit["y"] ** 2)
        for layer in (low, top):
            for unit in layer:
                for i, v in enumerate(unit["x"]):
                    unit["in"][i] -= 0.1 * unit["d"] * v
                unit["own"] -= 0.1 * unit["d"]
    print(cost)
"""
)


def test_the_weight_of_another_unit_in_a_sum() -> None:
    line = 'miss += unit["in"][k] * unit["d"]'
    (fault,) = told(UNITS.replace(line, line.replace("[k]", "[first]")))["faults"]
    assert fault["code"].strip() == line.replace("[k]", "[first]")
    assert fault["instead"].strip() == line


def test_what_a_loop_hands_out_again_is_not_written_over() -> None:
    line = 'unit["own"] -= 0.1 * unit["d"]'
    (fault,) = told(UNITS.replace(line, line.replace("-=", "+=")))["faults"]
    assert fault["name"] == "sign"
    assert fault["instead"].strip() == line


def test_the_right_units() -> None:
    assert {block["verdict"] for block in told(UNITS)["blocks"]} == {"right"}
