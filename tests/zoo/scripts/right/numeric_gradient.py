import numpy as np

np.random.seed(0)
x = np.random.randn(30, 2)
t = (x[:, 0:1] - x[:, 1:2]) ** 2

def predict(p, x):
    h = np.tanh(np.dot(x, p['W1']) + p['b1'])
    return np.dot(h, p['W2']) + p['b2']

def loss(p):
    return np.sum((predict(p, x) - t) ** 2) / len(x)

def numerical_gradient(f, w):
    h = 1e-4
    grad = np.zeros_like(w)
    it = np.nditer(w, flags=['multi_index'], op_flags=['readwrite'])
    while not it.finished:
        idx = it.multi_index
        tmp_val = w[idx]
        w[idx] = float(tmp_val) + h
        fxh1 = f(w)
        w[idx] = tmp_val - h
        fxh2 = f(w)
        grad[idx] = (fxh1 - fxh2) / (2*h)
        w[idx] = tmp_val
        it.iternext()
    return grad

params = {'W1': np.random.randn(2, 3), 'b1': np.zeros(3), 'W2': np.random.randn(3, 1), 'b2': np.zeros(1)}
for step in range(30):
    grads = {}
    for key in params:
        grads[key] = numerical_gradient(lambda w: loss(params), params[key])
    for key in params:
        params[key] -= 0.05 * grads[key]
    if step % 10 == 0:
        print(step, loss(params))
