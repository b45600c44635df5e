"""Newton's method without a Hessian: the valley of Rosenbrock walked down by Newton-CG, each curvature asked by `hvp`.

    python demos/newton.py [--quick]              # needs: pip install -e ".[plot]"

A Newton step solves H s = -g. Conjugate gradients only ever ask for products H v, and `hvp` gives one for about the
price of a gradient or two, so the n × n matrix is never built. Beside it gradient descent, and where scipy is
installed its Newton-CG and L-BFGS, also on the compiled function. Writes out/newton.svg and .png.
"""

from __future__ import annotations

from parts.outputs import QUICK, needs, save_figure

needs("plot", "matplotlib", "tqdm")

import importlib.util
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

from autograd import compile, hvp, value_and_grad, values

N = 20 if QUICK else 100
STEPS = 2000 if QUICK else 10_000


def rosenbrock(x: Any) -> Any:
    """A narrow bent valley in n dimensions; the lowest point is (1, 1, ..., 1), where it is 0."""
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def newton_direction(f: Callable[[Any], Any], x: Any, g: Any) -> tuple[Any, int]:
    """About -H⁻¹ g by conjugate gradients, and how many products H v that took; stops early far from the minimum."""
    s, r = np.zeros_like(x), -g
    p = r
    enough = min(0.5, np.sqrt(np.linalg.norm(g))) * np.linalg.norm(g)
    for products in range(1, 2 * len(x)):
        Hp = hvp(f, x, p)
        curvature = p @ Hp
        if curvature <= 0:  # the ground bends down here: no minimum of a parabola to go to
            return (s if products > 1 else r), products
        step = (r @ r) / curvature
        s, before = s + step * p, r @ r
        r = r - step * Hp
        if np.linalg.norm(r) < enough:
            break
        p = r + (r @ r) / before * p
    return s, products


def newton_cg(f: Callable[[Any], Any], x: Any, tolerance: float = 1e-9) -> tuple[Any, list[float], int]:
    """The lowest point near x, the values on the way, and the products H v spent."""
    values, spent, slope = [], 0, value_and_grad(f)
    with tqdm(desc="Newton-CG", unit="step", disable=None) as progress:
        while True:
            value, g = slope(x)
            values.append(float(value))
            progress.set_postfix(f=f"{value:.2e}", gradient=f"{np.linalg.norm(g):.2e}")
            if np.linalg.norm(g) < tolerance or len(values) > 1000:
                return x, values, spent
            s, products = newton_direction(f, x, g)
            spent += products
            length = 1.0
            while f(x + length * s) > value + 1e-4 * length * (g @ s) and length > 1e-10:  # not too far
                length /= 2
            x = x + length * s
            progress.update()


def gradient_descent(f: Callable[[Any], Any], x: Any, lr: float = 1e-3) -> list[float]:
    """The values on the way down along the gradient."""
    values, slope = [], value_and_grad(f)
    for _ in tqdm(range(STEPS), desc="gradient descent", unit="step", disable=None):
        value, g = slope(x)
        values.append(float(value))
        x = x - lr * g
    return values


def main() -> None:
    start = np.random.default_rng(0).uniform(-0.5, 0.5, N)
    x, newton, products = newton_cg(rosenbrock, start)
    descent = gradient_descent(rosenbrock, start)
    print(f"Rosenbrock's valley in {N} dimensions, from f = {newton[0]:.1f}:")
    print(f"  Newton-CG by hvp:   {len(newton) - 1:5} steps ({products} products H v): f = {newton[-1]:.1e}")
    print(f"  gradient descent:   {STEPS:5} steps: f = {descent[-1]:.1e}")
    print(f"  farthest coordinate from the minimum (1, ..., 1): {np.abs(x - 1).max():.1e}")
    print(f"  the last steps of Newton's method: {', '.join(f'{value:.0e}' for value in newton[-5:])}")
    if importlib.util.find_spec("scipy"):
        from scipy.optimize import minimize

        theirs = minimize(
            value_and_grad(rosenbrock), start, jac=True, hessp=lambda x, v: hvp(rosenbrock, x, v), method="Newton-CG",
            options={"xtol": 1e-12},
        )  # fmt: skip
        print(f"  scipy's Newton-CG, with hvp: {theirs.nit} steps ({theirs.nhev} products): f = {theirs.fun:.1e}")
        variables = values(start)
        step = compile(lambda: rosenbrock(variables), variables)
        theirs = minimize(
            step.value_and_grad, start, jac=True, hessp=step.hvp, method="Newton-CG", options={"xtol": 1e-12}
        )
        print(f"  scipy's Newton-CG, compiled by {step.engine}: {theirs.nit} steps: f = {theirs.fun:.1e}")
        theirs = minimize(step.value_and_grad, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15})
        print(f"  scipy's L-BFGS, compiled by {step.engine}: {theirs.nit} steps: f = {theirs.fun:.1e}")

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.loglog(range(1, len(newton) + 1), newton, color="#0072b2", label="Newton-CG by hvp")
    axes.loglog(range(1, STEPS + 1), descent, color="#d55e00", label="gradient descent")
    axes.set(xlabel="step", ylabel="f", title=f"Down Rosenbrock's valley in {N} dimensions")
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    save_figure(figure, "newton")


if __name__ == "__main__":
    main()
