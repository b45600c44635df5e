// Written from a function of one sample. Needs nothing; the numbers of a batch lie row after row.

// The mean of the loss over a batch, and its derivative to each number of theta.
export function valueAndGrad(theta, x, y) {
  const n = x.length;
  const [w1_0_0, w1_1_0, b1_0, b1_1, w2_0_0, w2_0_1, b2_0] = theta;
  let loss = 0, d_b2_0 = 0, d_w2_0_1 = 0, d_w2_0_0 = 0, d_b1_1 = 0, d_w1_1_0 = 0, d_b1_0 = 0, d_w1_0_0 = 0;
  for (let i = 0; i < n; i++) {
    const x_i = x[i];
    const y_i = y[i];
    const z0 = b1_0 + w1_0_0 * x_i; // add
    const a0 = Math.tanh(z0); // tanh
    const z1 = b1_1 + w1_1_0 * x_i; // add
    const a1 = Math.tanh(z1); // tanh
    const z2 = b2_0 + w2_0_0 * a0 + w2_0_1 * a1; // add
    const a2 = Math.tanh(z2); // tanh
    const difference_0 = a2 - y_i; // subtract
    loss += difference_0 * difference_0 / 2; // mean over the batch

    // backward
    const d_z2 = difference_0 * (1 - a2 * a2); // multiply: ∂loss/∂z2
    d_b2_0 += d_z2; // mean over the batch: ∂loss/∂b2_0
    d_w2_0_1 += d_z2 * a1; // mean over the batch: ∂loss/∂w2_0_1
    const d_a1 = d_z2 * w2_0_1; // multiply: ∂loss/∂a1
    d_w2_0_0 += d_z2 * a0; // mean over the batch: ∂loss/∂w2_0_0
    const d_a0 = d_z2 * w2_0_0; // multiply: ∂loss/∂a0
    const d_z1 = d_a1 * (1 - a1 * a1); // multiply: ∂loss/∂z1
    d_b1_1 += d_z1; // mean over the batch: ∂loss/∂b1_1
    d_w1_1_0 += d_z1 * x_i; // mean over the batch: ∂loss/∂w1_1_0
    const d_z0 = d_a0 * (1 - a0 * a0); // multiply: ∂loss/∂z0
    d_b1_0 += d_z0; // mean over the batch: ∂loss/∂b1_0
    d_w1_0_0 += d_z0 * x_i; // mean over the batch: ∂loss/∂w1_0_0
  }
  loss /= n;
  d_b2_0 /= n;
  d_w2_0_1 /= n;
  d_w2_0_0 /= n;
  d_b1_1 /= n;
  d_w1_1_0 /= n;
  d_b1_0 /= n;
  d_w1_0_0 /= n;
  return { loss: loss, gradient: Float64Array.of(
      d_w1_0_0, d_w1_1_0, d_b1_0, d_b1_1, d_w2_0_0, d_w2_0_1, d_b2_0,
  ) };
}
