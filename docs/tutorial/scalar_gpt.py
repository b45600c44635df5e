"""A language model in single numbers, written for micrograd: attention out of nothing but + * / ** and relu.

It learns to make up names, letter by letter. Notebook 7 runs it, with micrograd's Value and then with ours.
"""

import random

from micrograd.engine import Value

LETTERS = ".aeilmnorst"  # the dot opens a name, and closes it
NAMES = [
    "anna", "ella", "elin", "mila", "mara", "nora", "rita", "rosa", "sara",
    "tina", "toni", "otto", "leon", "noel", "milo", "emil", "lena", "lina",
    "marta", "mira", "sonia", "elisa", "matteo", "simon", "tomas", "martin",
    "stella", "melina", "marlen", "anton", "tilo", "ina", "lia", "nils",
    "loreen",
]  # fmt: skip
WIDTH, BLOCK = 8, 7  # numbers that stand for a letter; letters that the model looks at

random.seed(3)


def matrix(rows, columns):
    return [[Value(random.gauss(0, 0.3)) for _ in range(columns)] for _ in range(rows)]


token, place = matrix(WIDTH, len(LETTERS)), matrix(BLOCK, WIDTH)
query, key, value, mix = (matrix(WIDTH, WIDTH) for _ in range(4))
up, down = matrix(2 * WIDTH, WIDTH), matrix(WIDTH, 2 * WIDTH)
head = matrix(len(LETTERS), WIDTH)
parameters = [
    w
    for W in (token, place, query, key, value, mix, up, down, head)
    for row in W
    for w in row
]


def dot(x, y):
    return sum(a * b for a, b in zip(x, y))


def linear(W, x):
    return [dot(row, x) for row in W]


def add(x, y):
    return [a + b for a, b in zip(x, y)]


def calm(x):
    """x, scaled so that its squares have a mean of 1."""
    scale = (dot(x, x) / len(x) + 1e-5) ** -0.5
    return [a * scale for a in x]


def shares(scores):
    """Scores as shares that add up to 1: a softmax without exp."""
    positive = [(s + 1).relu() ** 2 + 0.01 for s in scores]
    whole = sum(positive)
    return [p / whole for p in positive]


def predict(given, attention=None):
    """For each place, the shares of the letters to come. A row of `given` has a 1 at its letter."""
    keys, values, out = [], [], []
    for time in range(BLOCK):
        x = calm(add(linear(token, given[time]), place[time]))
        keys.append(linear(key, x))
        values.append(linear(value, x))
        looked_for = linear(query, x)
        attended = shares([dot(looked_for, each) for each in keys])
        if attention is not None:
            attention.append(attended)
        x = add(x, linear(mix, [dot(attended, column) for column in zip(*values)]))
        hidden = [h.relu() for h in linear(up, calm(x))]
        x = add(x, linear(down, hidden))
        out.append(shares(linear(head, calm(x))))
    return out


def loss(given, wanted):
    """The squared distance of the shares from the truth. A row of zeros is behind the end of a name: it counts 0."""
    total = 0
    for row, truth in zip(predict(given), wanted):
        counts = sum(truth)
        total = total + counts * sum(
            (share - true) ** 2 for share, true in zip(row, truth)
        )
    return total


def example(name):
    """What is given and what is wanted, for one name, as rows with a 1 at the letter."""
    letters = [LETTERS.index(letter) for letter in f".{name}."]

    def rows(some):
        row = [[float(k == letter) for k in range(len(LETTERS))] for letter in some]
        return row + [[0.0] * len(LETTERS)] * (BLOCK - len(row))

    return rows(letters[:-1]), rows(letters[1:])
