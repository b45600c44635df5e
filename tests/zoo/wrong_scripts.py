"""Wrong backprops as people post them: a script of `scripts/right`, with lines changed as they get changed by mistake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"


@dataclass(frozen=True)
class Wrong:
    """A wrong script.

    Args:
        base: the right script.
        edits: pairs of what is replaced and what stands there instead.
        lines: the lines (as they are written) that are wrong, the first one first.
        names: what the mistake may be called.
    """

    base: str
    edits: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    names: tuple[str, ...]

    @property
    def text(self) -> str:
        text = (SCRIPTS / "right" / f"{self.base}.py").read_text(encoding="utf-8")
        for old, new in self.edits:
            assert text.count(old) >= 1, (self.base, old)
            text = text.replace(old, new)
        return text

    @property
    def name(self) -> str:
        return f"{self.base}: {self.edits[0][1].strip().splitlines()[0] if self.edits[0][1].strip() else '- ' + self.edits[0][0].strip()}"


def wrong(base: str, old: str, new: str, *names: str, line: str = "") -> Wrong:
    """One line changed; it is the wrong one unless another is told."""
    return Wrong(base, ((old, new),), (line or new.strip().splitlines()[0].strip(),), names)


WRONG = [
    # ---------------------------------------------------------------- sigmoid network in a class, one sample at a time
    wrong("parabola_class", "self.Grad_W2 = self.Act[:, 0].reshape(4, 1) * self.Delta[:, 1].reshape(1, 4)",
          "self.Grad_W2 = self.Delta[:, 1].reshape(4, 1) * self.Act[:, 0].reshape(1, 4)", "transposed"),
    wrong("parabola_class", "self.out_grad = -(y - self.y_pred)", "self.out_grad = y - self.y_pred", "sign"),
    wrong("parabola_class", "self.Delta[:, 0] = self.Act[:, 0] * (1 - self.Act[:, 0]) * (self.W2 @ self.Delta[:, 1])",
          "self.Delta[:, 0] = self.Act[:, 0] * (1 - self.Act[:, 0]) * (self.W2.T @ self.Delta[:, 1])", "wrong-operand"),
    wrong("parabola_class", "self.W2 = old2 - lr * self.Grad_W2", "self.W2 = old2 - lr * self.W2", "weight"),
    wrong("parabola_class", "self.W3 = old3 - lr * self.Grad_W3", "self.W3 = old3 - lr * self.out_grad", "error"),
    wrong("parabola_class", "self.Delta[:, 0] = self.Act[:, 0] * (1 - self.Act[:, 0]) * (self.W2 @ self.Delta[:, 1])",
          "self.Delta[:, 0] = self.W2 @ self.Delta[:, 1]", "missing-derivative"),
    wrong("parabola_class", "self.Delta[:, 0] = self.Act[:, 0] * (1 - self.Act[:, 0]) * (self.W2 @ self.Delta[:, 1])",
          "self.Delta[:, 0] = self.Act[:, 0] * (1 - self.Act[:, 0]) * (self.W2 @ self.Delta[:, 0])", "wrong-operand"),
    # ------------------------------------------------------------------------------------------- globals, whole batch
    wrong("xor_eleven", "layer1_delta = layer1_error * nonlin(layer1, deriv=True)", "layer1_delta = layer1_error", "missing-derivative"),
    wrong("xor_eleven", "layer1_delta = layer1_error * nonlin(layer1, deriv=True)",
          "layer1_delta = layer1_error * nonlin(nonlin(layer1), deriv=True)", "activation-applied-twice", "wrong-derivative"),
    wrong("xor_eleven", "layer1_error = layer2_delta.dot(synapse1.T)", "layer1_error = layer2_error.dot(synapse1.T)", "raw-error", "missing-derivative", "wrong-operand"),
    wrong("xor_eleven", "        return x*(1-x)", "        return x*(1+x)", "wrong-derivative"),
    wrong("xor_eleven", "synapse0 += layer0.T.dot(layer1_delta)", "synapse0 -= layer0.T.dot(layer1_delta)", "sign"),
    # ---------------------------------------------------------------------------------------- columns, dicts of caches
    wrong("columns_cache", "dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))", "dZ1 = np.dot(W2.T, dZ2) * (1 - A1)", "wrong-derivative"),
    wrong("columns_cache", "dW1 = np.dot(dZ1, X.T) / m", "dW1 = np.dot(dZ1, X.T)", "scaled"),
    wrong("columns_cache", "db1 = np.sum(dZ1, axis=1, keepdims=True) / m", "db1 = np.sum(dZ1) / m", "wrong-axis"),
    wrong("columns_cache", "db1 = np.sum(dZ1, axis=1, keepdims=True) / m", "db1 = np.sum(dZ2, axis=1, keepdims=True) / m", "wrong-operand"),
    wrong("columns_cache", "dZ2 = A2 - Y", "dZ2 = (A2 - Y) * A2 * (1 - A2)", "extra-derivative"),
    wrong("columns_cache", "dZ2 = A2 - Y", "dZ2 = Y - A2", "sign"),
    wrong("columns_cache", 'b2 = parameters["b2"] - learning_rate * grads["db2"]', 'b2 = parameters["b2"] - learning_rate * grads["db1"].mean()', "wrong-operand", "unrecognised"),
    wrong("columns_cache", 'W1 = parameters["W1"] - learning_rate * grads["dW1"]', 'W1 = parameters["W1"] + learning_rate * grads["dW1"]', "sign"),
    # ---------------------------------------------------------------------------------- lists of arrays, loops, tuples
    wrong("digits_lists", "delta = np.dot(self.weights[-l+1].transpose(), delta) * sp", "delta = np.dot(self.weights[-l+1].transpose(), delta)", "missing-derivative"),
    wrong("digits_lists", "nabla_w[-l] = np.dot(delta, activations[-l-1].transpose())", "nabla_w[-l] = np.dot(delta, zs[-l-1].transpose()) if l < self.num_layers - 1 else np.dot(delta, activations[0].transpose())", "wrong-operand"),
    wrong("digits_lists", "delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(zs[-1])", "delta = self.cost_derivative(activations[-1], y) * sigmoid_prime(activations[-1])", "activation-applied-twice"),
    wrong("digits_lists", "nabla_b = [nb+dnb for nb, dnb in zip(nabla_b, delta_b)]", "nabla_b = [dnb for nb, dnb in zip(nabla_b, delta_b)]", "dropped-edge", line="self.biases = [b-(eta/len(batch))*nb for b, nb in zip(self.biases, nabla_b)]"),
    wrong("digits_lists", "sp = sigmoid_prime(z)", "sp = sigmoid(z)", "wrong-derivative"),
    # --------------------------------------------------------------------------------------------- pure Python, dicts
    wrong("pure_python_dicts", "error += neuron['weights'][j] * neuron['delta']", "error += neuron['weights'][j] * neuron['output']", "wrong-operand", "unrecognised"),
    wrong("pure_python_dicts", "neuron['delta'] = errors[j] * transfer_derivative(neuron['output'])", "neuron['delta'] = errors[j]", "missing-derivative"),
    wrong("pure_python_dicts", "neuron['weights'][-1] -= l_rate * neuron['delta']", "neuron['weights'][-1] += l_rate * neuron['delta']", "sign"),
    wrong("pure_python_dicts", "    return output * (1.0 - output)", "    return 1.0 - output", "wrong-derivative"),
    # --------------------------------------------------------------------------------------------- softmax, L2 penalty
    wrong("moons_reg", "        dW2 += reg_lambda * W2\n", "", "dropped-edge", "missing-penalty", line="dW2 = (a1.T).dot(delta3)"),
    wrong("moons_reg", "delta2 = delta3.dot(W2.T) * (1 - np.power(a1, 2))", "delta2 = delta3.dot(W2.T) * (1 - np.power(z1, 2))", "wrong-derivative"),
    wrong("moons_reg", "dW1 = np.dot(X.T, delta2)", "dW1 = np.dot(X.T, delta2) / num_examples", "scaled"),
    wrong("moons_reg", "db1 = np.sum(delta2, axis=0)", "db1 = np.sum(delta2)", "wrong-axis"),
    wrong("moons_reg", "delta3[range(num_examples), y] -= 1", "delta3[range(num_examples), y] += 1", "sign", "unrecognised"),
    # ------------------------------------------------------------------------------------------------------------ RNN
    wrong("char_rnn", "dh = np.dot(Why.T, dy) + dhnext", "dh = np.dot(Why.T, dy)", "dropped-edge"),
    wrong("char_rnn", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.dot(Whh, dhraw)", "wrong-operand", "transposed"),
    wrong("char_rnn", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.dot(Whh.T, dh)", "missing-derivative", "wrong-operand"),
    wrong("char_rnn", "dWhh += np.dot(dhraw, hs[t-1].T)", "dWhh += np.dot(dhraw, hs[t].T)", "wrong-operand"),
    wrong("char_rnn", "dhraw = (1 - hs[t] * hs[t]) * dh", "dhraw = (1 - hs[t]) * dh", "wrong-derivative"),
    wrong("char_rnn", "dWhy += np.dot(dy, hs[t].T)", "dWhy = np.dot(dy, hs[t].T)", "dropped-edge"),
    # ------------------------------------------------------------------------------------------- regression, logistic
    wrong("line_fit", "m_gradient += -(2 / N) * x * (y - guess)", "m_gradient += -(2 / N) * (y - guess)", "error", "wrong-operand"),
    wrong("line_fit", "b_gradient += -(2 / N) * (y - guess)", "b_gradient += (2 / N) * (y - guess)", "sign"),
    wrong("logistic_momentum", "db = (1 / n_samples) * np.sum(y_predicted - y)", "db = np.sum(y_predicted - y)", "scaled"),
    wrong("logistic_momentum", "v_w = self.beta * v_w - self.lr * dw", "v_w = self.beta * v_w + self.lr * dw", "sign"),
    wrong("logistic_momentum", "dw = (1 / n_samples) * np.dot(X.T, (y_predicted - y))", "dw = (1 / n_samples) * np.dot(X.T, (y - y_predicted))", "sign"),
    # -------------------------------------------------------------------------------------------------- layer objects
    wrong("layer_objects", "input_gradient = np.dot(self.weights.T, output_gradient)\n        self.weights -= learning_rate * weights_gradient\n",
          "self.weights -= learning_rate * weights_gradient\n        input_gradient = np.dot(self.weights.T, output_gradient)\n", "updated-weights",
          line="input_gradient = np.dot(self.weights.T, output_gradient)"),
    wrong("layer_objects", "lambda x: 1 - np.tanh(x) ** 2", "lambda x: 1 - x ** 2", "wrong-derivative",
          line="super().__init__(lambda x: np.tanh(x), lambda x: 1 - x ** 2)"),
    wrong("layer_objects", "return np.multiply(output_gradient, self.activation_prime(self.input))", "return output_gradient", "missing-derivative"),
    # ------------------------------------------------------------------------------------- functions of (loss, grads)
    wrong("two_layer_loss_grads", "        dhidden[hidden <= 0] = 0\n".lstrip("\n").replace("        ", "    "), "", "missing-derivative", line="dhidden = dscores.dot(W2.T)"),
    wrong("two_layer_loss_grads", "grads['W1'] = X.T.dot(dhidden) + 2 * reg * W1", "grads['W1'] = X.T.dot(dhidden) + reg * W1", "scaled", "dropped-edge", "penalty"),
    wrong("two_layer_loss_grads", "    dscores /= N\n    grads['W2'] = hidden.T.dot(dscores) + 2 * reg * W2\n", "    grads['W2'] = hidden.T.dot(dscores) / N + 2 * reg * W2\n    dscores /= N * N\n", "scaled", line="dscores /= N * N"),
    wrong("two_layer_loss_grads", "grads['b2'] = np.sum(dscores, axis=0)", "grads['b2'] = np.mean(dscores, axis=0)", "scaled", "wrong-axis"),
    # -------------------------------------------------------------------------------------------- every weight a name
    wrong("math_xor", "dh1 = do*w5*h1*(1-h1)", "dh1 = do*w5*h2*(1-h2)", "wrong-operand", "wrong-derivative"),
    wrong("math_xor", "dh2 = do*w6*h2*(1-h2)", "dh2 = do*w6", "missing-derivative"),
    wrong("math_xor", "w4 -= lr*dh2*x2", "w4 -= lr*dh2*x1", "wrong-operand"),
    # ------------------------------------------------------------------------------------------------------ batch norm
    wrong("batchnorm_adam", "dxc = dxhat / std + 2 * xc * dvar / N", "dxc = dxhat / std", "dropped-edge"),
    wrong("batchnorm_adam", "dz = dxc + dmu / N", "dz = dxc", "dropped-edge"),
    wrong("batchnorm_adam", 'g["gamma"] = (dn * xhat).sum(axis=0)', 'g["gamma"] = (dn * xc).sum(axis=0)', "wrong-operand"),
    wrong("batchnorm_adam", "dn = (dout @ P[\"W2\"].T) * (n > 0)", "dn = dout @ P[\"W2\"].T", "missing-derivative"),
]  # fmt: skip
