"""What only leaves something out comes before what is right by its numbers; penalties are no velocities."""

from __future__ import annotations

from .test_mended import START, told

SLOPES = (
    START
    + """
def f(v):
    return 1 / (1 + np.exp(-v))

def slope(v):
    s = f(v)
    return s * (1 - s)

x, aim = gen.randn(20, 3), gen.randint(0, 2, (20, 1))
U, V = gen.randn(3, 4), gen.randn(4, 1)
for turn in range(10):
    h = f(x @ U)
    p = f(h @ V)
    print(-np.mean(aim * np.log(p) + (1 - aim) * np.log(1 - p)))
    d = (p - aim) / 20
    back = (d @ V.T) * slope(x @ U)
    V = V - 0.3 * h.T @ d
    U = U - 0.3 * x.T @ back
"""
)
LOOP = (
    START
    + """
x, aim = gen.randn(20, 3), gen.randn(20, 2)
Ws, bs, lam = [gen.randn(3, 4) * 0.5, gen.randn(4, 2) * 0.5], [np.zeros(4), np.zeros(2)], 0.05
for turn in range(12):
    h = np.tanh(x @ Ws[0] + bs[0])
    e = h @ Ws[1] + bs[1] - aim
    print(np.sum(e ** 2) / 20 + lam * sum(np.sum(w ** 2) for w in Ws))
    d, acts = 2 * e / 20, [x, h]
    for k in (1, 0):
        gw = acts[k].T @ d + 2 * lam * Ws[k]
        gb = d.sum(axis=0)
        if k:
            d = d @ Ws[k].T * (1 - h ** 2)
        Ws[k] = Ws[k] - 0.1 * gw
        bs[k] = bs[k] - 0.1 * gb
"""
)


def test_a_function_that_is_applied_twice() -> None:
    (fault,) = told(SLOPES.replace("slope(x @ U)", "slope(h)"))["faults"]
    assert "slope(x @ U)" in fault["instead"] or fault["instead"].strip() == "s = v"


def test_a_loop_over_layers_is_right() -> None:
    assert {block["verdict"] for block in told(LOOP)["blocks"]} == {"right"}


def test_a_factor_of_the_penalty_and_a_penalty_of_the_biases() -> None:
    wrong = LOOP.replace("2 * lam * Ws[k]", "lam * Ws[k]").replace("d.sum(axis=0)\n", "d.sum(axis=0) + lam * bs[k]\n")
    first, second = told(wrong)["faults"]
    assert first["instead"].strip() == "gw = acts[k].T @ d + 2 * lam * Ws[k]"
    assert (second["name"], second["blocks"]) == ("extra-penalty", ["bs[0]", "bs[1]"])
    assert second["instead"].strip() == "gb = d.sum(axis=0)"
