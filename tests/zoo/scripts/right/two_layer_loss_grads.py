import numpy as np

def two_layer(params, X, y, reg):
    W1, b1 = params['W1'], params['b1']
    W2, b2 = params['W2'], params['b2']
    N, D = X.shape

    hidden = np.maximum(0, X.dot(W1) + b1)
    scores = hidden.dot(W2) + b2

    shifted = scores - np.max(scores, axis=1, keepdims=True)
    exps = np.exp(shifted)
    probs = exps / np.sum(exps, axis=1, keepdims=True)
    loss = -np.sum(np.log(probs[np.arange(N), y])) / N
    loss += reg * (np.sum(W1 * W1) + np.sum(W2 * W2))

    grads = {}
    dscores = probs.copy()
    dscores[np.arange(N), y] -= 1
    dscores /= N
    grads['W2'] = hidden.T.dot(dscores) + 2 * reg * W2
    grads['b2'] = np.sum(dscores, axis=0)
    dhidden = dscores.dot(W2.T)
    dhidden[hidden <= 0] = 0
    grads['W1'] = X.T.dot(dhidden) + 2 * reg * W1
    grads['b1'] = np.sum(dhidden, axis=0)
    return loss, grads

rng = np.random.default_rng(0)
N, D, H, C = 300, 4, 20, 3
means = rng.normal(scale=2.0, size=(C, D))
y = rng.integers(C, size=N)
X = means[y] + rng.normal(size=(N, D))
params = {
    'W1': 0.1 * rng.normal(size=(D, H)), 'b1': np.zeros(H),
    'W2': 0.1 * rng.normal(size=(H, C)), 'b2': np.zeros(C),
}
history = []
for it in range(150):
    idx = rng.choice(N, 50)
    loss, grads = two_layer(params, X[idx], y[idx], 1e-3)
    history.append(loss)
    for p in params:
        params[p] -= 0.5 * grads[p]
    if it % 50 == 0:
        print('iteration %d / 150: loss %f' % (it, loss))
