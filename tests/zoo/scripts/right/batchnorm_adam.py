import numpy as np

rng = np.random.default_rng(12)
X_all = rng.normal(loc=3.0, scale=2.0, size=(256, 6))
Y_all = np.sin(X_all[:, :1]) + 0.5 * X_all[:, 1:2]

P = {
    "W1": rng.normal(size=(6, 10)) * 0.4, "gamma": np.ones(10), "beta": np.zeros(10),
    "W2": rng.normal(size=(10, 1)) * 0.4, "b2": np.zeros(1),
}
M = {k: np.zeros_like(v) for k, v in P.items()}
V = {k: np.zeros_like(v) for k, v in P.items()}
running_mean, running_var = np.zeros(10), np.ones(10)
eps = 1e-5

def forward(X):
    global running_mean, running_var
    z = X @ P["W1"]
    mu = z.mean(axis=0)
    xc = z - mu
    var = (xc ** 2).mean(axis=0)
    std = np.sqrt(var + eps)
    xhat = xc / std
    running_mean = 0.9 * running_mean + 0.1 * mu
    running_var = 0.9 * running_var + 0.1 * var
    n = P["gamma"] * xhat + P["beta"]
    h = np.maximum(n, 0)
    out = h @ P["W2"] + P["b2"]
    return out, (X, xc, std, xhat, n, h)

def backward(out, Y, cache):
    X, xc, std, xhat, n, h = cache
    N = len(X)
    dout = 2 * (out - Y) / N
    g = {}
    g["W2"] = h.T @ dout
    g["b2"] = dout.sum(axis=0)
    dn = (dout @ P["W2"].T) * (n > 0)
    g["gamma"] = (dn * xhat).sum(axis=0)
    g["beta"] = dn.sum(axis=0)
    dxhat = dn * P["gamma"]
    dstd = -(dxhat * xc / std ** 2).sum(axis=0)
    dvar = 0.5 * dstd / std
    dxc = dxhat / std + 2 * xc * dvar / N
    dmu = -dxc.sum(axis=0)
    dz = dxc + dmu / N
    g["W1"] = X.T @ dz
    return g

t = 0
for epoch in range(4):
    order = rng.permutation(len(X_all))
    for i in range(0, len(X_all), 32):
        batch = order[i:i + 32]
        X, Y = X_all[batch], Y_all[batch]
        out, cache = forward(X)
        loss = np.mean((out - Y) ** 2)
        g = backward(out, Y, cache)
        t += 1
        for k in P:
            M[k] = 0.9 * M[k] + 0.1 * g[k]
            V[k] = 0.999 * V[k] + 0.001 * g[k] ** 2
            mhat = M[k] / (1 - 0.9 ** t)
            vhat = V[k] / (1 - 0.999 ** t)
            P[k] = P[k] - 0.01 * mhat / (np.sqrt(vhat) + 1e-8)
    print(epoch, loss)
