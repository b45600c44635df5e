"""Modules: what counts as a parameter or a part, what they are called, and the state that is saved and loaded."""

import collections
import copy
import gc
import pickle
import threading
import types

import numpy as np
import pytest

import nn
from autograd import GraphError, Tensor, Value, no_grad, parameter, values
from nn import MLP, Layer, Linear, Module, Neuron, SettingError, StateError


class Bag(Module):
    """A module made of whatever it is given."""

    def __init__(self, **parts):
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return x


def names(module):
    return [name for name, _ in module.named_parameters()]


def test_parameters_in_attributes_lists_tuples_dicts_and_arrays():
    bag = Bag(
        a=Value(1.0),
        some=[Value(2.0), (Value(3.0), {"key": Value(4.0)})],
        W=values(np.ones((1, 2))),
        nothing=None,
        text="text",
        numbers=[1.0, 2],
        floats=np.ones(2),
    )
    assert names(bag) == ["a", "some.0", "some.1.0", "some.1.1.key", "W.0.0", "W.0.1"]
    assert [p.data for p in bag.parameters()] == [1.0, 2.0, 3.0, 4.0, 1.0, 1.0]
    assert {p.kind for p in bag.parameters()} == {"parameter"}
    assert [p.label for p in bag.parameters()] == ["a", "some0", "some1_0", "some1_1_key", "W0_0", "W0_1"]


def test_labels_that_are_there_are_kept():
    bag = Bag(a=Value(1.0, "mine"), gate={"bias": Value(0.0)})
    assert [p.label for p in bag.parameters()] == ["mine", "gate_bias"]


def test_assignment_marks_a_parameter_at_once_and_a_list_that_grows_when_asked():
    bag = Bag(a=Value(1.0), some=[])
    assert bag.a.kind == "parameter"
    bag.some.append(Value(2.0))
    assert names(bag) == ["a", "some.0"]
    assert bag.some[0].kind == "parameter"


def test_results_and_constants_are_no_parameters():
    a = Value(1.0)
    assert names(Bag(a=a, result=a * 2, constant=(a * 2).operands[1])) == ["a"]


def test_shared_parameters_and_modules_count_once_under_their_first_name():
    a, inner = Value(1.0), Bag(b=Value(2.0))
    bag = Bag(a=a, again=[a, a], first=inner, second=inner)
    assert names(bag) == ["a", "first.b"]
    assert bag.parameters() == [a, inner.b]
    assert [name for name, _ in bag.named_modules()] == ["", "first"]
    assert bag.children() == [inner]


def test_cycles_of_modules_and_lists_end():
    child = Bag(b=Value(1.0))
    parent = Bag(child=child)
    child.parent = parent
    loop = [Value(2.0)]
    loop.append(loop)
    parent.loop = loop
    assert names(parent) == ["loop.0", "child.b"]
    assert len(parent.parameters()) == 2
    assert parent.modules() == [parent, child]
    assert "..." in repr(parent)
    assert parent(1.0) == 1.0


def test_parameters_of_a_subclass_are_respected():
    class Frozen(Bag):
        def parameters(self):
            return []

    class Odd(Module):
        def __init__(self):
            self.hidden = {"inside": object(), "kept": frozenset((Value(5.0),))}

        def parameters(self):
            return list(self.hidden["kept"])

    frozen = Frozen(b=Value(2.0))
    whole = Bag(a=Value(1.0), frozen=frozen, twice=[frozen])
    assert [p.data for p in whole.parameters()] == [1.0]
    assert names(whole) == ["a", "frozen.b"]  # but its numbers are saved
    assert names(Odd()) == ["parameters.0"]
    assert Odd().state_dict() == {"parameters.0": 5.0}


def test_names_of_an_mlp():
    model = MLP(1, [2, 1], seed=0)
    assert names(model) == [
        "layers.0.neurons.0.w.0",
        "layers.0.neurons.0.b",
        "layers.0.neurons.1.w.0",
        "layers.0.neurons.1.b",
        "layers.1.neurons.0.w.0",
        "layers.1.neurons.0.w.1",
        "layers.1.neurons.0.b",
    ]
    assert [name for name, _ in model.named_modules()] == [
        "",
        "layers.0",
        "layers.0.neurons.0",
        "layers.0.neurons.1",
        "layers.1",
        "layers.1.neurons.0",
    ]
    assert [name for name, _ in model.named_children()] == ["layers.0", "layers.1"]
    assert len(model.modules()) == 6


def test_assigning_again_and_deleting():
    bag = Bag(a=Value(1.0), inner=Bag(b=Value(2.0)))
    bag.a = Value(3.0)
    del bag.inner
    assert [p.data for p in bag.parameters()] == [3.0]


# ---------------------------------------------------------------------------------------------------- calling


def test_scopes_are_the_places_below_the_outermost_module_called():
    model = MLP(2, [2, 1], seed=0)
    seen = set()
    stack = [model([1.0, 2.0])]
    while stack:
        value = stack.pop()
        if not value.is_leaf:
            seen.add(value.scope)
            stack += value.operands
    assert seen == {
        ("MLP", "layers.0", "neurons.0"),
        ("MLP", "layers.0", "neurons.1"),
        ("MLP", "layers.1", "neurons.0"),
    }
    assert model.layers[1]([1.0, 2.0]).scope == ("Layer", "neurons.0")
    assert model([1.0, 2.0]).scope == ("MLP", "layers.1", "neurons.0")
    assert (Value(1.0) * 2).scope == ()


def test_the_outermost_scope_is_the_label_if_there_is_one():
    model = MLP(1, [1])
    for label in ("teacher", "pupil"):  # also of one that has been called before
        model.label = label
        assert model([1.0]).scope == (label, "layers.0", "neurons.0")


def test_scopes_follow_a_module_that_moves_or_joins():
    class Chain(Module):
        def __init__(self, *parts):
            self.parts = list(parts)

        def forward(self, x):
            for part in self.parts:
                x = part(x)
            return x

    a, b, c = Neuron(1), Neuron(1), Neuron(1)
    chain = Chain(a, b)
    assert chain(1.0).scope == ("Chain", "parts.1")
    chain.parts = [b, a]
    assert b(1.0).scope == ("Neuron",)
    assert chain(1.0).operands[0].scope == ("Chain", "parts.1")
    chain.parts.append(c)
    assert chain(1.0).scope == ("Chain", "parts.2")
    other = Chain(c)
    assert other(1.0).scope == ("Chain", "parts.0")
    assert chain(1.0).scope == ("Chain", "parts.2")


def test_a_module_that_is_no_part_is_named_by_its_class():
    stranger = Neuron(1)

    class Caller(Module):
        def forward(self, x):
            return stranger(x)

    assert Caller()(1.0).scope == ("Caller", "Neuron")


def test_scope_ends_after_an_error():
    class Broken(Module):
        def __init__(self):
            self.neuron = Neuron(1)

        def forward(self, x):
            self.neuron(x)
            raise KeyError(x)

    broken = Broken()
    with pytest.raises(KeyError):
        broken(1.0)
    assert (Value(1.0) * 2).scope == ()
    assert broken.neuron(1.0).scope == ("Neuron",)


def test_a_recursive_module_is_called_inside_itself():
    class Tree(Module):
        def __init__(self):
            self.w = Value(2.0)

        def forward(self, depth):
            return self.w if depth == 0 else self.w * self(depth - 1)

    tree = Tree()
    out = tree(3)
    assert out.data == 16.0
    assert out.scope == ("Tree",)
    assert (Value(1.0) * 2).scope == ()


def test_threads_call_the_same_module_at_once():
    model, scopes = MLP(1, [2, 1], seed=0), []
    barrier = threading.Barrier(4)

    def run():
        barrier.wait()
        scopes.extend({model([1.0]).scope for _ in range(50)})

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(scopes) == {("MLP", "layers.1", "neurons.0")}
    assert len(scopes) == 4


def test_what_is_assigned_during_a_call_is_no_parameter_unless_marked():
    class Remembers(Module):
        def __init__(self):
            self.w = Value(2.0)

        def forward(self, x):
            self.x = x
            self.made = parameter(Value(1.0))
            with no_grad():
                self.out = x * self.w
            return x * self.w

    module, x = Remembers(), Value(3.0)
    module(x)
    assert names(module) == ["w", "made"]
    assert x.kind == "input"
    module.x = Value(4.0)  # outside of a call it is one
    assert names(module) == ["w", "x", "made"]


def test_forward_is_missing():
    class Empty(Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty has no forward"):
        Empty()(1)
    assert Empty().parameters() == []


def test_a_subclass_may_define_call_as_in_micrograd():
    class Double(Module):
        def __init__(self):
            self.neuron = Neuron(1)

        def __call__(self, x):
            return self.neuron(x) * 2

        def parameters(self):
            return self.neuron.parameters()

    double = Double()
    assert double([1.0]).op == "multiply"
    assert len(double.parameters()) == 2


# -------------------------------------------------------------------------------------- gradients, modes, state


def test_zero_grad():
    model = MLP(1, [2, 1], seed=3)
    model([1.0]).backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert all(p.grad == 0.0 for p in model.parameters())


def test_train_and_eval_reach_every_part():
    model = MLP(1, [2, 1])
    assert model.training
    assert model.eval() is model
    assert not any(m.training for m in model.modules())
    assert model.train() is model
    assert all(m.training for m in model.modules())


def test_state_dict_round_trip():
    one, two = MLP(2, [3, 1], seed=1), MLP(2, [3, 1], seed=2)
    state = one.state_dict()
    assert list(state) == names(one)
    assert all(type(number) is float for number in state.values())
    assert two.load_state_dict(state) == ([], [])
    assert two.state_dict() == state
    assert two([0.5, 1.0]).data == one([0.5, 1.0]).data


def test_load_state_dict_takes_numpy_scalars_and_integers():
    neuron = Neuron(1)
    neuron.load_state_dict({"w.0": np.float32(0.5), "b": 2})
    assert (neuron.w[0].data, neuron.b.data) == (0.5, 2.0)


def test_load_state_dict_says_what_does_not_fit_and_changes_nothing():
    neuron = Neuron(5, seed=1)
    before = neuron.state_dict()
    with pytest.raises(StateError) as caught:
        neuron.load_state_dict({"w.0": 1.0, "weight": 2.0})
    assert str(caught.value) == (
        "the state does not fit this Neuron: w.1, w.2, w.3 and 2 more are missing; weight is unknown. "
        "Build the module as it was when it was saved, or write strict=False to load what fits"
    )
    with pytest.raises(StateError, match=r"^the state does not fit this Neuron: b is missing\. Build"):
        neuron.load_state_dict({name: 0.0 for name in before if name != "b"})
    with pytest.raises(StateError, match=r"w\.1 has shape \(2,\) in the state and \(\) here"):
        neuron.load_state_dict({**before, "w.0": 9.0, "w.1": np.ones(2)})
    with pytest.raises(StateError, match=r"b holds no real numbers but str of dtype"):
        neuron.load_state_dict({**before, "b": "0.5"})
    assert neuron.state_dict() == before


def test_load_state_dict_not_strict():
    neuron = Neuron(1)
    assert neuron.load_state_dict({"b": 3.0, "c": 4.0}, strict=False) == (["w.0"], ["c"])
    assert neuron.b.data == 3.0


def test_copies_and_pickles_are_independent():
    model = MLP(1, [2, 1], seed=5)
    expected = model([0.5])
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert twin.state_dict() == model.state_dict()
        assert twin([0.5]).data == expected.data
        assert twin([0.5]).scope == expected.scope
        assert not {id(p) for p in twin.parameters()} & {id(p) for p in model.parameters()}
        assert {p.kind for p in twin.parameters()} == {"parameter"}


def test_no_reference_cycles():
    gc.collect()
    gc.disable()
    try:
        model = MLP(2, [3, 1])
        model([1.0, 2.0]).backward()
        del model
        assert gc.collect() == 0
    finally:
        gc.enable()


# ------------------------------------------------------------------------------------------------------- text


def test_repr_folds_neighbours_that_read_alike():
    model = Bag(layers=[Neuron(1), Neuron(1), Neuron(2), Neuron(1)], a=Neuron(1), b=Neuron(1), scale=Value(1.0))
    assert repr(model) == (
        "Bag(scale\n"
        "  (layers.0-1): 2 x Neuron(1, relu)\n"
        "  (layers.2): Neuron(2, relu)\n"
        "  (layers.3): Neuron(1, relu)\n"
        "  (a): Neuron(1, relu)\n"
        "  (b): Neuron(1, relu)\n"
        ")"
    )
    assert repr(Bag(by={"0": Neuron(1), "x": Neuron(1), "2": Neuron(1)})).count("Neuron") == 3
    assert repr(Bag()) == "Bag()"
    assert repr(Bag(a=Value(1.0), W=values(np.ones((2, 3))), note=3)) == "Bag(a, W[6])"


def test_layers_are_modules():
    assert isinstance(Layer(1, 1), nn.Module)


def test_a_parameter_is_not_replaced_by_a_result():
    for module, name in ((Linear(2, 1), "weight"), (Neuron(2), "b"), (Neuron(2), "w")):
        before, kept = getattr(module, name), module.state_dict().keys()
        moved = [2 * w for w in before] if isinstance(before, list) else before - 0.5 * before.grad
        with pytest.raises(GraphError, match=rf"with no_grad\(\): (m.{name}|p).data -= "):
            setattr(module, name, moved)
        assert getattr(module, name) is before
        with no_grad():  # a leaf
            setattr(module, name, [2 * w for w in before] if isinstance(before, list) else 2 * before)
        other = type(module)(2, 1) if isinstance(module, Linear) else Neuron(2)
        setattr(module, name, getattr(other, name))  # weights that are shared
        assert module.state_dict().keys() == kept


@pytest.mark.parametrize("value", [Linear(2, 1), Tensor([1.0]), "yes", None])
def test_training_is_a_switch_and_no_part(value):
    module = Linear(2, 1)
    with pytest.raises(SettingError, match="give it another name"):
        module.training = value
    module.training = np.bool_(False)
    assert not module.training


@pytest.mark.parametrize("make", [lambda: Value(1.0) * 0.1, lambda: Tensor([1.0]) * 2, lambda: [Value(2.0) ** 2]])
def test_a_result_that_no_parameter_is_in_is_refused_where_it_would_be_lost(make):
    with pytest.raises(GraphError, match=r"would not be learned or saved: assign a leaf, \(\.\.\.\)\.detach\(\)"):
        Bag(b=Value(0.0), w=make())
    bag = Bag(b=Value(0.0), w=(Value(1.0) * 0.1).detach())
    assert names(bag) == ["b", "w"]
    bag.loss = bag.w * bag.b  # a note
    assert names(bag) == ["b", "w"]


@pytest.mark.parametrize(
    "gather", [set, frozenset, collections.deque, lambda xs: types.MappingProxyType(dict(enumerate(xs)))]
)
def test_containers_that_are_not_opened_are_refused(gather):
    with pytest.raises(SettingError, match="keep them in a list, a tuple, a dict or an array"):
        Bag(w=gather([Value(1.0)]))
    bag = Bag(w=Value(1.0))
    bag.frozen = gather([bag.w])
    assert names(bag) == ["w"]


def test_slots_and_sets_of_modules_would_be_no_parts():
    with pytest.raises(SettingError, match="__slots__"):
        type("Slim", (nn.Module,), {"__slots__": ("w",)})
    model = nn.Module()
    with pytest.raises(SettingError, match="does not look into a set"):
        model.layers = {nn.Linear(1, 1)}
