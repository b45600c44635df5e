import numpy as np

class LogisticRegression:
    def __init__(self, lr=0.1, n_iters=100, beta=0.9):
        self.lr = lr
        self.n_iters = n_iters
        self.beta = beta
        self.weights = None
        self.bias = None

    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights = np.zeros(n_features)
        self.bias = 0
        v_w = np.zeros(n_features)
        v_b = 0
        self.losses = []
        for _ in range(self.n_iters):
            linear_model = np.dot(X, self.weights) + self.bias
            y_predicted = self._sigmoid(linear_model)
            self.losses.append(-np.mean(y*np.log(y_predicted) + (1-y)*np.log(1-y_predicted)))
            dw = (1 / n_samples) * np.dot(X.T, (y_predicted - y))
            db = (1 / n_samples) * np.sum(y_predicted - y)
            v_w = self.beta * v_w - self.lr * dw
            v_b = self.beta * v_b - self.lr * db
            self.weights += v_w
            self.bias += v_b

    def predict(self, X):
        y_predicted = self._sigmoid(np.dot(X, self.weights) + self.bias)
        return np.array([1 if i > 0.5 else 0 for i in y_predicted])

    def _sigmoid(self, x):
        return 1 / (1 + np.exp(-x))

rng = np.random.default_rng(5)
X = rng.normal(size=(80, 3))
y = (X @ np.array([1.5, -2.0, 0.5]) + 0.3 > 0).astype(float)
clf = LogisticRegression()
clf.fit(X, y)
print("accuracy:", np.mean(clf.predict(X) == y), "loss:", clf.losses[-1])
