"""Wrong backprops: a network of `scripts.py`, written in some style, with a line changed as it gets changed by mistake."""

# ruff: noqa: E501 - the lines are those of the specimens

from __future__ import annotations

from dataclasses import dataclass

from tests.zoo.scripts import BY_NAME, Network, Style, script

STYLES = [
    Style(), Style("dict", "pair", "rebound"), Style("attributes", "class", "plain"), Style("list", "inline", "added"),
    Style("names", "class", "rebound"), Style("dict", "all in one", "plain"), Style("list", "pair", "plain", buffers=True),
    Style("attributes", "inline", "rebound", buffers=True), Style("dict", "class", "momentum"), Style("names", "pair", "plain"),
]  # fmt: skip


@dataclass(frozen=True)
class Wrong:
    """A mistake.

    Args:
        network: in which it is made.
        old, new: what is replaced, and what stands there instead (with `{W}` and `{dW}`, as in the network).
        names: what it may be called; the first one is the usual name.
        at: how the line begins that is wrong, where that is not the new text.
        step: whether it is in the step, not in the backprop.
    """

    network: str
    old: str
    new: str
    names: tuple[str, ...]
    at: str = ""
    step: bool = False


def wrong(network: str, old: str, new: str, *names: str, at: str = "", step: bool = False) -> Wrong:
    return Wrong(network, old, new, names, at, step)


WRONG = [
    # ------------------------------------------------------------------------------------------------ a line
    wrong("line", "{dw} = X.T @ g", "{dw} = -X.T @ g", "sign"),
    wrong("line", "{db} = g.sum(axis=0)", "{db} = g.mean(axis=0)", "scaled"),
    wrong("line", "g = 2 * miss / miss.size", "g = -2 * miss / miss.size", "sign"),
    # ------------------------------------------------------------------------------------- layers of perceptrons
    wrong("tanh net", "d1 = (d2 @ {W2}.T) * (1 - a1 ** 2)", "d1 = d2 @ {W2}.T", "missing-derivative"),
    wrong("tanh net", "(1 - a1 ** 2)", "(1 - z1 ** 2)", "wrong-derivative"),
    wrong("tanh net", "(1 - a1 ** 2)", "(1 - a1)", "wrong-derivative"),
    wrong("tanh net", "(1 - a1 ** 2)", "(1 - np.tanh(a1) ** 2)", "activation-applied-twice", "wrong-derivative"),
    wrong("tanh net", "(1 - a1 ** 2)", "a1 * (1 - a1)", "wrong-derivative"),
    wrong("tanh net", "{dW2} = a1.T @ d2", "{dW2} = z1.T @ d2", "wrong-operand"),
    wrong("tanh net", "{db1} = d1.sum(axis=0)", "{db1} = d1.sum()", "wrong-axis"),
    wrong("tanh net", "{db2} = d2.sum(axis=0)", "{db2} = -d2.sum(axis=0)", "sign"),
    wrong("tanh net", "d2 = (out - Y) / len(X)", "d2 = (Y - out) / len(X)", "sign"),
    wrong("tanh net", "{dW1} = X.T @ d1", "{dW1} = X.T @ d1 / len(X)", "scaled"),
    wrong("tanh net", "{dW1} = X.T @ d1", "{dW1} = {W1}", "weight"),
    wrong("tanh net", "{db1} = d1.sum(axis=0)", "{db1} = {b1}", "weight"),
    wrong("two sigmoids", "do = (o - Y) * o * (1 - o)", "do = o - Y", "missing-derivative"),
    wrong("two sigmoids", "dh = do @ {W2}.T * h * (1 - h)", "dh = (o - Y) @ {W2}.T * h * (1 - h)", "wrong-operand", "missing-derivative"),
    wrong("two sigmoids", "* h * (1 - h)", "* (1 - h)", "wrong-derivative"),
    wrong("two sigmoids", "{dc1} = dh.sum(0)", "{dc1} = dh.mean(0)", "scaled"),
    wrong("two sigmoids", "{dW2} = h.T @ do", "{dW2} = h.T @ (do * o)", "extra-factor", "unrecognised", "wrong-derivative"),
    wrong("two sigmoids", "{dW1} = X.T @ dh", "{dW1} = 2 * X.T @ dh", "scaled"),
    wrong("columns", "{db} = np.sum(dZ2, axis=1, keepdims=True) / m", "{db} = np.sum(dZ2, axis=1, keepdims=True)", "scaled"),
    wrong("columns", "{da} = np.sum(dZ1, axis=1, keepdims=True) / m", "{da} = np.sum(dZ1) / m", "wrong-axis"),
    wrong("columns", "dZ1 = np.dot({B}.T, dZ2) * (1 - np.power(H, 2))", "dZ1 = np.dot({B}.T, dZ2) * (1 - np.power(H, 3))", "wrong-derivative"),
    wrong("columns", "{dB} = np.dot(dZ2, H.T) / m", "{dB} = np.dot(dZ2, Z1.T) / m", "wrong-operand"),
    wrong("columns", "{dA} = np.dot(dZ1, X.T) / m", "{dA} = np.dot(dZ1, X.T)", "scaled"),
    # -------------------------------------------------------------------------------------------- cross-entropies
    wrong("logistic", "err = (p - Y) / len(Y)", "err = (p - Y) * p * (1 - p) / len(Y)", "extra-derivative"),
    wrong("logistic", "{dc} = np.sum(err, axis=0, keepdims=True)", "{dc} = np.sum(err ** 2, axis=0, keepdims=True)", "unrecognised", "extra-factor"),
    wrong("softmax with a penalty", "{dU} = hidden.T @ dscores + 0.01 * {U}", "{dU} = hidden.T @ dscores", "missing-penalty"),
    wrong("softmax with a penalty", "{dV} = X.T @ dhidden + 0.01 * {V}", "{dV} = X.T @ dhidden - 0.01 * {V}", "penalty-sign", "sign"),
    wrong("softmax with a penalty", "dhidden = dhidden * (hidden > 0)\n", "", "missing-derivative", at="dhidden = dscores @"),
    wrong("softmax with a penalty", "dscores = (probs - Y) / len(X)", "dscores = (probs - Y) * probs * (1 - probs) / len(X)", "extra-derivative", "unrecognised"),
    wrong("softmax with a penalty", "{dv} = dhidden.sum(axis=0)", "{dv} = dhidden.sum(axis=0) / len(X)", "scaled"),
    wrong("softmax with a penalty", "(hidden > 0)", "(hidden < 0)", "wrong-derivative", "unrecognised"),
    # ------------------------------------------------------------------------------------------------- batch norm
    wrong("batch norm", "dz = dzc + dmu / n", "dz = dzc", "dropped-edge"),
    wrong("batch norm", "dzc = dzn * inv + 2 * zc * dvar / n", "dzc = dzn * inv", "dropped-edge"),
    wrong("batch norm", "{dgain} = (dy * zn).sum(axis=0)", "{dgain} = (dy * z).sum(axis=0)", "wrong-operand"),
    wrong("batch norm", "dzn = dy * {gain}", "dzn = dy", "missing-factor", "missing-derivative", "dropped-edge", "wrong-operand"),
    wrong("batch norm", "dvar = -0.5 * dinv * inv ** 3", "dvar = -0.5 * dinv * inv ** 2", "wrong-derivative", "unrecognised", "missing-factor"),
    wrong("batch norm", "{dshift} = dy.sum(axis=0)", "{dshift} = (dy * {gain}).sum(axis=0)", "wrong-operand", "extra-factor"),
    wrong("batch norm", "dmu = -dzc.sum(axis=0)", "dmu = dzc.sum(axis=0)", "sign"),
    # ------------------------------------------------------------------------------------------------- recurrent
    wrong("recurrent", "dh = {Wo}.T @ e + next_h", "dh = {Wo}.T @ e", "dropped-edge"),
    wrong("recurrent", "next_h = {Wh}.T @ dz", "next_h = {Wh} @ dz", "wrong-operand", "transposed"),
    wrong("recurrent", "next_h = {Wh}.T @ dz", "next_h = {Wh}.T @ dh", "missing-derivative", "wrong-operand"),
    wrong("recurrent", "{dWh} += np.outer(dz, hs[t - 1])", "{dWh} += np.outer(dz, hs[t])", "wrong-operand"),
    wrong("recurrent", "{dWo} += np.outer(e, hs[t])", "{dWo} = np.outer(e, hs[t])", "overwritten", "dropped-edge"),
    wrong("recurrent", "dz = dh * (1 - hs[t] ** 2)", "dz = dh * (1 - hs[t])", "wrong-derivative"),
    wrong("recurrent", "{dWx} += np.outer(dz, X[t])", "{dWx} += np.outer(dh, X[t])", "missing-derivative", "wrong-operand"),
    # ------------------------------------------------------------------------------------------------------ gated
    wrong("gated", "dc = dh * o * (1 - tc ** 2) + dc_next", "dc = dh * o * (1 - tc ** 2)", "dropped-edge"),
    wrong("gated", "dc_next = dc * f", "dc_next = dc * i", "wrong-operand"),
    wrong("gated", "df = dc * before", "df = dc * c", "wrong-operand", "unrecognised"),
    wrong("gated", "dg * (1 - g ** 2)", "dg * g * (1 - g)", "wrong-derivative", "unrecognised"),
    wrong("gated", "dc = dh * o * (1 - tc ** 2) + dc_next", "dc = dh * o + dc_next", "missing-derivative", "unrecognised"),
    wrong("gated", "di = dc * g", "di = dc * i", "wrong-operand"),
    # ------------------------------------------------------------------------------- convolution, embedding, attention
    wrong("convolution", "dmaps = dact * (maps > 0)", "dmaps = dact", "missing-derivative"),
    wrong("convolution", "{dK} = rows.reshape(-1, 9).T @ dmaps.reshape(-1, 2)", "{dK} = rows.reshape(-1, 9).T @ dmaps.reshape(-1, 2) / 9", "scaled"),
    wrong("convolution", "{dV} = flat.T @ dout", "{dV} = maps.reshape(len(X), -1).T @ dout", "wrong-operand"),
    wrong("embedding", "np.add.at({dE}, X, dmean[:, None, :] / X.shape[1])", "{dE}[X] += dmean[:, None, :] / X.shape[1]", "lost-duplicates"),
    wrong("embedding", "dmean[:, None, :] / X.shape[1])", "dmean[:, None, :])", "scaled", at="np.add.at("),
    wrong("embedding", "dlogits = (p - Y) / len(X)", "dlogits = (Y - p) / len(X)", "sign"),
    wrong("attention", "ds = w * (dw - (dw * w).sum(axis=1, keepdims=True)) / np.sqrt(3)", "ds = w * (dw - (dw * w).sum(axis=1, keepdims=True))", "scaled"),
    wrong("attention", "ds = w * (dw - (dw * w).sum(axis=1, keepdims=True)) / np.sqrt(3)", "ds = w * (1 - w) * dw / np.sqrt(3)", "unrecognised", "dropped-edge"),
    wrong("attention", "dk = ds.T @ q", "dk = ds @ q", "wrong-operand", "transposed"),
    wrong("attention", "dv = w.T @ dout", "dv = w @ dout", "wrong-operand", "transposed"),
    wrong("attention", "{dQ} = X.T @ dq", "{dQ} = X.T @ dk", "wrong-operand"),
    wrong("attention", "dq = ds @ k", "dq = ds @ v @ v.T @ k", "unrecognised"),
]  # fmt: skip


def specimens() -> list[tuple[Wrong, Network, Style, str, int]]:
    """(mistake, network, style, the text of the script, the number of the wrong line)."""
    found = []
    for k, each in enumerate(WRONG):
        network = BY_NAME[each.network]
        base = STYLES[k % len(STYLES)]
        if (base.shape, base.store) == ("pair", "names") and each.network == "recurrent":
            base = STYLES[0]
        style = Style(base.store, base.shape, base.step, base.batch, base.dtype, base.buffers, ((each.old, each.new),))
        text = script(network, style)
        right = script(
            network, Style(*[getattr(base, f) for f in ("store", "shape", "step", "batch", "dtype", "buffers")])
        )
        found.append((each, network, style, text, _line(text, right, each)))
    return found


def _line(text: str, right: str, each: Wrong) -> int:
    """The first line in which a script differs from the right one; or the one that begins as told."""
    if each.at:
        return next(k for k, line in enumerate(text.splitlines(), 1) if line.strip().startswith(each.at))
    known = {line.strip() for line in right.splitlines()}
    lines = enumerate(text.splitlines(), 1)
    return next(k for k, line in lines if line.strip() not in known and "kept_" not in line)
