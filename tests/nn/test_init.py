"""Initialisation: the spread of each distribution, names, gains, and what is refused."""

import math
import random
import statistics

import pytest

from nn import MLP, Layer, Neuron, SettingError, init

FAN_IN, FAN_OUT = 8, 4
UNIFORM = {
    "uniform": (init.uniform(-0.5, 0.5), 0.5),
    "xavier": (init.xavier_uniform(2.0), 2 * math.sqrt(6 / 12)),
    "kaiming": (init.kaiming_uniform(), math.sqrt(2) * math.sqrt(3 / 8)),
    "kaiming out": (init.kaiming_uniform(1.0, "fan_out"), math.sqrt(3 / 4)),
}
NORMAL = {
    "normal": (init.normal(0.0, 0.3), 0.3),
    "xavier": (init.xavier_normal(2.0), 2 * math.sqrt(2 / 12)),
    "kaiming": (init.kaiming_normal(), math.sqrt(2 / 8)),
    "kaiming out": (init.kaiming_normal(1.0, "fan_out"), 0.5),
}


def drawn(distribution, count=4000):
    source = random.Random(0)
    return [distribution(source, FAN_IN, FAN_OUT) for _ in range(count)]


@pytest.mark.parametrize("name", UNIFORM)
def test_uniform_bounds(name):
    distribution, bound = UNIFORM[name]
    numbers = drawn(distribution)
    assert max(map(abs, numbers)) <= bound
    assert max(numbers) == pytest.approx(bound, rel=1e-2)
    assert min(numbers) == pytest.approx(-bound, rel=1e-2)
    assert statistics.stdev(numbers) == pytest.approx(bound / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize("name", NORMAL)
def test_normal_deviation(name):
    distribution, deviation = NORMAL[name]
    numbers = drawn(distribution)
    assert statistics.stdev(numbers) == pytest.approx(deviation, rel=0.05)
    assert statistics.mean(numbers) == pytest.approx(0, abs=0.05 * deviation * 2)


def test_centers_and_constants():
    assert statistics.mean(drawn(init.normal(5.0, 0.1))) == pytest.approx(5.0, abs=0.01)
    assert all(2 <= number <= 3 for number in drawn(init.uniform(2, 3)))
    assert set(drawn(init.zeros())) == {0.0}
    assert set(drawn(init.constant(7))) == {7.0}


def test_a_layer_tells_how_many_inputs_and_outputs_it_has():
    asked = []

    def spy(source, fan_in, fan_out):
        asked.append((fan_in, fan_out))
        return source.uniform(-1, 1)

    MLP(3, [5, 2], init=spy)
    assert asked == [(3, 5)] * 15 + [(5, 2)] * 10
    asked.clear()
    Neuron(2, init=spy)
    assert asked == [(2, 1)] * 2


@pytest.mark.parametrize("name", init.BY_NAME)
def test_names(name):
    by_name, by_hand = Layer(3, 2, init=name, seed=1), Layer(3, 2, init=init.BY_NAME[name](), seed=1)
    assert by_name.state_dict() == by_hand.state_dict()
    assert init.BY_NAME[name]().name in (name, "constant")


def test_gain():
    assert init.gain("relu") == math.sqrt(2)
    assert init.gain("sigmoid") == init.gain("linear") == 1.0
    assert init.gain("leaky_relu", 1.0) == 1.0


def test_gains_and_bounds_against_torch():
    torch = pytest.importorskip("torch")
    for name in ("linear", "sigmoid", "tanh", "relu", "leaky_relu"):
        assert init.gain(name) == pytest.approx(torch.nn.init.calculate_gain(name), rel=1e-15)
    for name, arguments in (("xavier_uniform", {}), ("kaiming_uniform", {}), ("kaiming_uniform", {"mode": "fan_out"})):
        theirs = getattr(torch.nn.init, f"{name}_")(torch.empty(FAN_OUT * 100, FAN_IN * 100), **arguments)
        spread = getattr(init, name)(**arguments).spread(FAN_IN * 100, FAN_OUT * 100)
        assert theirs.abs().max().item() == pytest.approx(spread, rel=1e-3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Neuron(1, init="glorot"), "there is no init 'glorot'; there are uniform, normal"),
        (lambda: Neuron(1, init=3), "there is no init 3"),
        (lambda: Neuron(1, init=init.normal), r"call it: init\.normal\(\.\.\.\)"),
        (lambda: Neuron(1, init=init.constant), r"call it: init\.constant"),
        (lambda: init.uniform(1, -1), "needs low <= high, got 1 and -1"),
        (lambda: init.normal(0, -1), "std is a number from 0 up, got -1"),
        (lambda: init.xavier_normal(math.nan), "gain is"),
        (lambda: init.kaiming_normal(mode="fan"), 'mode is "fan_in" or "fan_out", got \'fan\''),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(SettingError, match=message):
        make()
