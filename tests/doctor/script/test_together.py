"""Two losses that are printed apart, of which the gradient follows a weighted sum that no line computes."""

from __future__ import annotations

from pathlib import Path

import pytest

from .asking import said

TWO = """
import numpy as np
gen = np.random.default_rng(21)
feats = gen.normal(size=(20, 3))
high, yes = feats[:, 0] * feats[:, 1], (feats[:, 2] > 0) * 1.0
trunk, left, right = gen.normal(size=(3, 5)) * 0.4, gen.normal(size=5) * 0.3, gen.normal(size=5) * 0.3
for turn in range(20):
    hid = np.tanh(feats @ trunk)
    level, chance = hid @ left, 1 / (1 + np.exp(-hid @ right))
    far = np.mean((level - high) ** 2)
    odd = -np.mean(yes * np.log(chance) + (1 - yes) * np.log(1 - chance))
    print(far, odd)
    of_level, of_chance = 0.7 * 2 * (level - high) / 20, 0.3 * (chance - yes) / 20
    back = (np.outer(of_level, left) + np.outer(of_chance, right)) * (1 - hid ** 2)
    left = left - 0.1 * hid.T @ of_level
    right = right - 0.1 * hid.T @ of_chance
    trunk = trunk - 0.1 * feats.T @ back
"""


def test_a_weighted_sum_is_right(tmp_path: Path) -> None:
    answer = said(TWO, tmp_path)
    assert "No mistake found" in answer
    assert "All steps are" not in answer
    assert "the sum of the loss in line" in answer


@pytest.mark.parametrize(("old", "new"), [("* (1 - hid ** 2)", ""), ("feats.T @ back", "feats.T @ -back")])
def test_a_mistake_behind_it_is_told(old: str, new: str, tmp_path: Path) -> None:
    answer = said(TWO.replace(old, new), tmp_path)
    assert "one line is wrong, line" in answer


PERPLEXITY = """
import numpy as np
gen = np.random.default_rng(3)
feats, kinds = gen.normal(size=(24, 3)), gen.integers(0, 4, 24)
w, b = gen.normal(size=(3, 4)) * 0.4, np.zeros(4)
for turn in range(12):
    z = feats @ w + b
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    print(np.exp(-np.mean(np.log(p[np.arange(24), kinds]))))
    d = p.copy()
    d[np.arange(24), kinds] -= 1
    d /= 24
    w = w - 0.5 * feats.T @ d
    b = b - 0.5 * d.sum(0)
"""


def test_a_perplexity_is_a_power_of_what_is_minimised(tmp_path: Path) -> None:
    assert "No mistake found" in said(PERPLEXITY, tmp_path)
    assert "line is wrong" in said(PERPLEXITY.replace("d.sum(0)", "d.sum()"), tmp_path)


CRITIC = """
import numpy as np
draw = np.random.default_rng(1)
pays = draw.uniform(0, 1, (4, 3))
theta, value = np.zeros((4, 3)), np.zeros(4)
for turn in range(60):
    e = np.exp(theta)
    p = e / e.sum(axis=1, keepdims=True)
    gain = (p * pays).sum(axis=1)
    actor_loss = -gain.mean()
    critic_loss = ((gain - value) ** 2).mean()
    theta += p * (pays - gain[:, None]) / 4
    value += (gain - value) / 4
    print(actor_loss, critic_loss)
"""


def test_each_block_its_own_loss_though_the_one_reads_both(tmp_path: Path) -> None:
    assert "no mistake found" in said(CRITIC, tmp_path)
    rewards = CRITIC.replace("actor_loss = -gain", "reward = gain").replace("print(actor_loss", "print(reward")
    assert "no mistake found" in said(rewards, tmp_path)
    assert "no mistake found" not in said(CRITIC.replace("pays - gain[", "pays + gain["), tmp_path)


BETTER = """
import numpy as np
draw = np.random.default_rng(1)
seen = draw.normal(size=(40, 3))
best = (seen[:, 1] > 0).astype(int)
W, v = np.zeros((3, 2)), np.zeros(3)
for turn in range(40):
    e = np.exp(seen @ W)
    p = e / e.sum(axis=1, keepdims=True)
    done = (draw.random(40) < p[:, 1]).astype(int)
    gain = (done == best) * 1.0
    value = seen @ v
    better = gain - value
    loss = -np.mean(np.log(p[np.arange(40), done]) * better) + 0.5 * np.mean((gain - value) ** 2)
    W -= 0.5 * seen.T @ ((p - np.eye(2)[done]) * better[:, None]) / 40
    v -= 0.5 * (-seen.T @ better) / 40
    print(loss)
"""


def test_an_advantage_is_taken_for_a_constant(tmp_path: Path) -> None:
    assert "no mistake found" in said(BETTER, tmp_path)
    assert "no mistake found" not in said(BETTER.replace("(p - np.eye(2)[done])", "(p + np.eye(2)[done])"), tmp_path)


PLAYERS = """
import numpy as np
draw = np.random.default_rng(4)
share = lambda t: 1 / (1 + np.exp(-t))
a, c, m = 0.1, 0.0, -1.0
for turn in range(40):
    x, g = draw.normal(1, 0.5, 30), draw.normal(0, 0.5, 30) + m
    real, made = share(a * x + c), share(a * g + c)
    d_loss = -(np.log(real).mean() + np.log(1 - made).mean())
    ga = -((1 - real) * x).mean() + (made * g).mean()
    gc = -(1 - real).mean() + made.mean()
    a -= 0.2 * ga
    c -= 0.2 * gc
    made = share(a * (draw.normal(0, 0.5, 30) + m) + c)
    g_loss = -np.log(made).mean()
    m -= 0.1 * (-(1 - made) * a).mean()
    print(d_loss, g_loss)
"""


def test_one_player_after_the_other(tmp_path: Path) -> None:
    assert "no mistake found" in said(PLAYERS, tmp_path)
    assert "line 16:" in said(PLAYERS.replace("(-(1 - made) * a)", "((1 - made) * a)"), tmp_path)
