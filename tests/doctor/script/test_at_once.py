"""Slopes taken at the wrong place in several lines of one script: all of them are named, each where it is written."""

from __future__ import annotations

from pathlib import Path

from autograd.doctor import run

from .test_mended import START

CELL = (
    START
    + """
runs, goals = gen.randn(2, 3, 2), gen.randn(2, 3)
P, Q, S = gen.randn(9, 5) * 0.5, np.zeros(9), gen.randn(3, 3) * 0.5

def squash(s):
    return 1 / (1 + np.exp(-s))

def bend(s):
    return np.tanh(s)

def squash_slope(s):
    return squash(s) * (1 - squash(s))

def bend_slope(s):
    return 1 - bend(s) ** 2

for turn in range(4):
    for run, goal in zip(runs, goals):
        h, c, kept = np.zeros(3), np.zeros(3), []
        for x in run:
            both = np.concatenate([h, x])
            s = P @ both + Q
            let, keep, new, old = squash(s[:3]), squash(s[3:6]), bend(s[6:]), c
            c = keep * old + let * new
            h = bend(c)
            kept.append((both, s, let, keep, new, old, c))
        miss = S @ h - goal
        print(miss @ miss / 2)
        gS, gP, gQ = np.outer(miss, h), np.zeros_like(P), np.zeros_like(Q)
        dh, dc = S.T @ miss, np.zeros(3)
        for both, s, let, keep, new, old, c in reversed(kept):
            dc = dc + dh * bend_slope(c)
            d_let = dc * new * squash_slope(s[:3])
            d_keep = dc * old * squash_slope(s[3:6])
            d_new = dc * let * bend_slope(s[6:])
            ds = np.concatenate([d_let, d_keep, d_new])
            gP += np.outer(ds, both)
            gQ += ds
            dh = (P.T @ ds)[:3]
            dc = dc * keep
        P -= 0.1 * gP
        Q -= 0.1 * gQ
        S -= 0.1 * gS
"""
)
TWICE = [
    ("bend_slope(c)", "bend_slope(bend(c))"), ("squash_slope(s[:3])", "squash_slope(let)"),
    ("squash_slope(s[3:6])", "squash_slope(keep)"), ("bend_slope(s[6:])", "bend_slope(new)"),
]  # fmt: skip
NET = (
    START
    + """
X, y = gen.randn(20, 3), gen.rand(20, 2)
A, B = gen.randn(3, 4), gen.randn(4, 2)

def squash(s):
    return 1 / (1 + np.exp(-s))

def slope(s):
    return squash(s) * (1 - squash(s))

for turn in range(20):
    u = X @ A
    h = squash(u)
    v = h @ B
    p = squash(v)
    print(((p - y) ** 2).sum() / 2)
    d = (p - y) * slope(v)
    e = d @ B.T * slope(u)
    B -= 0.1 * h.T @ d
    A -= 0.1 * X.T @ e
"""
)


def changed(text: str, changes: list[tuple[str, str]], folder: Path) -> tuple[str, list[int]]:
    """The report on a script with some changes, and the lines of these."""
    wrong = text
    for old, new in changes:
        assert wrong.count(old) == 1
        wrong = wrong.replace(old, new)
    rows = enumerate(zip(text.splitlines(), wrong.splitlines(), strict=True), 1)
    file = folder / "a.py"
    file.write_text(wrong, encoding="utf-8")
    report = run(file, cure=False)
    for finding in report.findings:
        assert finding.name == "activation-applied-twice", str(report)
        assert finding.instead, str(report)
    assert [f.line for f in report.findings] == [k for k, (one, other) in rows if one != other], str(report)
    return str(report)


def test_the_slopes_of_a_cell_with_gates(tmp_path: Path) -> None:
    changed(CELL, TWICE, tmp_path)


def test_a_right_slope_is_not_to_blame_for_what_it_is_given(tmp_path: Path) -> None:
    changed(NET, [("slope(v)", "slope(p)"), ("slope(u)", "slope(h)")], tmp_path)
