points = [(1.0, 3.1), (2.0, 4.9), (3.0, 7.2), (4.0, 9.1), (5.0, 10.8)]
m = 0.0
b = 0.0
learning_rate = 0.02

for epoch in range(200):
    m_gradient = 0
    b_gradient = 0
    N = float(len(points))
    total = 0
    for x, y in points:
        guess = m * x + b
        total += (y - guess) ** 2
        m_gradient += -(2 / N) * x * (y - guess)
        b_gradient += -(2 / N) * (y - guess)
    mse = total / N
    m = m - learning_rate * m_gradient
    b = b - learning_rate * b_gradient
    if epoch % 50 == 0:
        print(f"epoch {epoch}: mse {mse:.4f}, m {m:.3f}, b {b:.3f}")
