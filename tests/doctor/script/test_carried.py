"""A recurrent net whose loss is computed apart from the step, on all sequences, and what a turn hands to the next."""

from __future__ import annotations

from .test_mended import START, told

NET = (
    START
    + """
words, follow = gen.randint(0, 5, (6, 4)), gen.randint(0, 5, (6, 4))
E, R, O, b = gen.randn(3, 5) * 0.5, gen.randn(3, 3) * 0.5, gen.randn(5, 3) * 0.5, np.zeros(3)

def forth(run):
    h, p = np.zeros((len(run) + 1, 3)), np.zeros((len(run), 5))
    for t in range(len(run)):
        h[t] = np.tanh(E[:, run[t]] + R.dot(h[t - 1]) + b)
        powers = np.exp(O.dot(h[t]))
        p[t] = powers / powers.sum()
    return p, h

def cost(run, aim):
    p, _ = forth(run)
    return -np.sum(np.log(p[np.arange(len(aim)), aim]))

for turn in range(6):
    if turn % 5 == 0:
        print(np.mean([cost(run, aim) for run, aim in zip(words, follow)]))
    for run, aim in zip(words, follow):
        p, h = forth(run)
        gE, gR, gO, gb = np.zeros_like(E), np.zeros_like(R), np.zeros_like(O), np.zeros_like(b)
        off = p.copy()
        off[np.arange(len(aim)), aim] -= 1
        later = np.zeros(3)
        for t in range(len(aim))[::-1]:
            gO += np.outer(off[t], h[t])
            dz = (O.T.dot(off[t]) + later) * (1 - h[t] ** 2)
            gE[:, run[t]] += dz
            gR += np.outer(dz, h[t - 1])
            gb += dz
            later = R.T.dot(dz)
        E -= 0.05 * gE
        R -= 0.05 * gR
        O -= 0.05 * gO
        b -= 0.05 * gb
"""
)


def test_errors_that_are_read_row_by_row_are_those_of_the_rows() -> None:
    assert {block["verdict"] for block in told(NET)["blocks"]} == {"right"}


def test_zeros_that_are_handed_on_are_to_blame() -> None:
    (fault,) = told(NET.replace("later = R.T.dot(dz)", "later = np.zeros(3)"))["faults"]
    assert fault["name"] == "dropped-edge"
    assert fault["code"].strip() == "later = np.zeros(3)"
    assert fault["instead"].strip() in ("later = dz @ R", "later = R.T @ dz")
