"""The zoo measured: what share of wrong backprops is found and named, and that right ones are never called wrong."""

from __future__ import annotations

import numpy as np
import pytest

from autograd import diagnose
from tests.zoo.mutations import Mutation, Wrong, mutations, setting
from tests.zoo.networks import NETWORKS, Network
from tests.zoo.rates import alarms, examine_zoo


def test_the_zoo_is_large_enough() -> None:
    for network in NETWORKS:
        for kind, least in (("single", 20), ("composed", 20), ("outside", 10)):
            assert sum(mutation.network is network for mutation in mutations(kind)) >= least


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.name)
def test_the_handwritten_backprop_is_right(network: Network) -> None:
    """By central differences, so that the zoo does not lean on the engine."""
    rng = np.random.default_rng(5)
    params, (X, Y) = network.params(rng), network.data(rng)
    for name, ours in network.backprop(params, X, Y).items():
        for index in list(np.ndindex(ours.shape))[:6]:
            moved = [{k: v.copy() for k, v in params.items()} for _ in range(2)]
            moved[0][name][index] += 1e-6
            moved[1][name][index] -= 1e-6
            slope = (network.loss(moved[0], X, Y) - network.loss(moved[1], X, Y)) / 2e-6
            assert slope == pytest.approx(ours[index], rel=1e-5, abs=1e-8)


def test_single_mistakes_are_found_and_named() -> None:
    rates = examine_zoo(mutations("single"))
    assert rates.detected == rates.specimens, rates.missed
    assert rates.named >= 0.95 * rates.specimens, rates.missed
    assert rates.among == rates.specimens, rates.missed


def test_two_mistakes_at_once_are_found_and_mostly_named() -> None:
    rates = examine_zoo(mutations("composed"))
    assert rates.detected == rates.specimens, rates.missed
    assert rates.named >= 0.8 * rates.specimens, rates.missed


def test_mistakes_outside_all_templates_are_found_and_not_named() -> None:
    rates = examine_zoo(mutations("outside"))
    assert rates.detected == rates.specimens, rates.missed
    assert rates.confident == 0, rates.missed


@pytest.mark.parametrize("count", [70, pytest.param(500, marks=pytest.mark.long)])
def test_no_false_alarm_on_random_networks(count: int) -> None:
    """Each as a function; every seventh as numbers too, so that every kind of network has its turn."""
    assert alarms(range(count), numbers_every=7) == []


@pytest.mark.parametrize("as_numbers", [False, True])
@pytest.mark.parametrize("kind", ["single", "composed", "outside"])
def test_one_sample_never_gets_a_confident_wrong_name(kind: str, as_numbers: bool) -> None:
    """Every mutation: single ones in both forms, of the others every second as a function, the rest as numbers."""
    for k, mutation in enumerate(mutations(kind)):
        if kind != "single" and k % 2 != as_numbers and not _has_memory(mutation):
            continue
        if "N" in str(mutation.edits) or (as_numbers and _has_memory(mutation)):
            continue  # with one sample a factor N is no mistake
        params, (X, Y) = setting(mutation, 1)
        wrong = Wrong(mutation)
        gradients = wrong(params, X[:1], Y[:1]) if as_numbers else wrong
        report = diagnose(mutation.network.loss, params, (X[:1], Y[:1]), gradients=gradients)
        for name in report:
            called = report[name].name
            if report[name].verdict == "wrong" and called is not None and called != "unrecognised":
                assert frozenset(called.split("+")) == mutation.truth.get(name, frozenset()), (mutation.name, name)


def _has_memory(mutation: Mutation) -> bool:
    return any(edit[0] in ("stale", "doubled") for edit in mutation.edits)
