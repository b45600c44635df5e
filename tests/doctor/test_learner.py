"""The learner this project began with: every fault of their script found, nothing blamed on what is right."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import OperandError, diagnose_class
from demos.parts.learner import CorrectedNet, Net, samples

DATA = samples(200)


@pytest.mark.parametrize("seed", range(5))
def test_every_fault_is_found(seed: int) -> None:
    report = diagnose_class(Net(seed), DATA, update="update", lr=1e-4, each=True)
    assert report.step is not None
    assert {name: report[name].name for name in report} == {"W_out": "shape", "W_h": "transposed", "W_in": None}
    assert {name: report.step[name].name for name in report} == {"W_out": "error", "W_h": "weight", "W_in": "weight"}
    assert report.first_wrong == report.step.first_wrong == "W_out"
    assert report["W_in"].verdict == "right"
    assert report.disagree == ["W_out", "W_h", "W_in"]
    assert "dW_h = np.outer(a1, delta2)    # not np.outer(delta2, a1)" in report["W_h"].advice
    assert "bias" not in str(report)


def test_the_repaired_network_is_right() -> None:
    report = diagnose_class(CorrectedNet(1), DATA, update="update", lr=1e-4, each=True)
    assert report.ok, str(report)


def test_his_object_is_not_touched() -> None:
    net = Net(0)
    before = {name: np.array(part) for name, part in vars(net).items()}
    diagnose_class(net, DATA, update="update", lr=1e-4, each=True)
    assert set(vars(net)) == set(before)
    assert all(np.array_equal(before[name], getattr(net, name)) for name in before)


def test_functions_in_place_of_methods() -> None:
    report = diagnose_class(
        Net(0),
        DATA,
        loss=lambda net, x, y: 0.5 * ((net.forward(x) - y) ** 2).sum(),
        backward=lambda net, x, y: net.backward(x, y),
        parameters=["W_h", "W_out"],
        gradients={"W_h": "dW_h"},
        each=True,
    )
    assert report["W_h"].name == "transposed"
    assert report["W_out"].verdict == "cannot tell"


def test_what_an_earlier_forward_pass_left_is_no_weight() -> None:
    net = Net(0)
    net.loss(DATA[0][0], DATA[1][0])
    net.backward(DATA[0][0], DATA[1][0])
    report = diagnose_class(net, DATA, update="update", lr=1e-4, each=True)
    assert list(report) == ["W_out", "W_h", "W_in"]
    assert report["W_h"].name == "transposed"


def test_what_is_missing_is_said() -> None:
    with pytest.raises(OperandError, match="has no method 'step'"):
        diagnose_class(Net(0), DATA, update="step", lr=0.1, each=True)
    with pytest.raises(OperandError, match="no gradients found in Net after backward"):
        diagnose_class(Net(0), DATA, backward=lambda net, x, y: None, each=True)
    with pytest.raises(OperandError, match="no weights found"):
        diagnose_class(object.__new__(Net), DATA, each=True)
