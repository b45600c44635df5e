"""Programs and graphs as JavaScript, run by node: the numbers of eager Values, NaN and infinities included."""

import json
import math
import re
import shutil
import subprocess

import numpy as np
import pytest

import nn
from autograd import Tensor, Value, primitive, relu, tanh, where
from autograd.compiler import compile
from autograd.compiler.javascript import javascript_of
from autograd.core.table import TABLE
from autograd.errors import OperandError, TraceError

from .random_programs import RandomProgram, agree, largest
from .test_source import network

COUNT = 2000
TO_TEXT = "(key, x) => typeof x === 'number' && !Number.isFinite(x) ? String(x) : x"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """`node(text)`: run a module, and read the JSON that it prints."""
    program = shutil.which("node") or pytest.skip("node is not installed")
    folder = tmp_path_factory.mktemp("javascript")

    def run(text):
        file = folder / "main.mjs"
        file.write_text(text, encoding="utf-8")
        done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:2000]
        return json.loads(done.stdout)

    return run


def numbers(listed):
    return [{"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(x, x) for x in listed]


def text_of(value):
    """Numbers as JavaScript."""
    return json.dumps(value)  # NaN, Infinity: JavaScript knows them under the names that Python writes


def test_the_module_of_a_network(golden):
    model, parameters = network([1, 2, 1], tanh)
    step = compile(lambda x, y: (model([x]) - y) ** 2 / 2, parameters, engine="javascript")
    golden("compiled_1_2_1.mjs", step.source_of(np.zeros(3), np.zeros(3)))
    assert step.source == step.javascript


def programs():
    """Random programs with their parameters and the samples they are run on."""
    for seed in range(COUNT):
        program = RandomProgram(seed, awkward=seed % 3 == 0)
        theta, sample = program.numbers[:2], program.numbers[2:]
        other = [x if math.isfinite(x) else 1.0 for x in reversed(sample)]
        yield program, theta, [sample] if seed % 2 else [sample, other]


def test_two_thousand_random_programs(node):
    """Their values and gradients, and all numbers of their graphs: one process of node for all."""
    parts, wanted = ["const out = [];"], []
    for program, theta, samples in programs():
        leaves = [Value(number) for number in theta]
        step = compile(lambda x, p=program, w=leaves: p([*w, *x]), leaves, engine="javascript")
        batch = np.array(samples)
        text = step.source_of(batch).replace("export function", "function")
        roots = []
        for sample in samples:
            given = [Value(number) for number in theta]
            roots.append((program([*given, *map(Value, sample)]), given))
            roots[-1][0].backward()
        script = javascript_of(roots[0][0])
        leaf_numbers = [script.nodes[place].data for place in script.leaves]
        parts.append(
            f"{{{text}\nout.push([valueAndGrad({text_of(theta)}, {text_of(batch.ravel().tolist())}), "
            f"{script.text}({text_of(leaf_numbers)})]);}}"
        )
        wanted.append((roots, script))
    flat = "out.map(([a, b]) => [[a.loss, ...a.gradient], [...b.values], [...b.grads]])"
    parts.append(f"console.log(JSON.stringify({flat}, {TO_TEXT}))")
    found = node("\n".join(parts))
    assert len(found) == COUNT
    not_finite = 0
    for seed, ((got, values, grads), (roots, script)) in enumerate(zip(found, wanted, strict=True)):
        with np.errstate(all="ignore"):
            means = np.mean([[root.data, *[w.grad for w in given]] for root, given in roots], axis=0)
        scale = max(largest(root) for root, _ in roots)
        not_finite += not np.isfinite(means).all()
        for x, y in zip(numbers(got), means.tolist(), strict=True):
            assert agree(x, y, scale), (seed, got, means)
        scale = largest(roots[0][0])
        for node_, value, grad in zip(script.nodes, numbers(values), numbers(grads), strict=True):
            assert agree(value, node_.data, scale), (seed, node_.op)
            assert agree(grad, node_.grad, scale), (seed, node_.op, grad, node_.grad)
    assert COUNT / 20 < not_finite < COUNT / 2


@pytest.mark.parametrize("name", list(TABLE))
def test_every_row_is_written(name):
    leaves = [Value(0.5), Value(0.7)][: TABLE[name].arity]
    script = javascript_of(TABLE[name](*leaves))
    assert f"// {name}" in script.text
    assert compile(lambda: TABLE[name](*leaves), leaves, engine="javascript").javascript


def test_other_kinds(node):
    """A sum instead of a mean, a forward pass of several outputs, captured Values, second derivatives."""
    w, scale = Value(2.0, "w"), Value(10.0, "scale")
    X = np.array([[1.0, 2.0], [3.0, 4.0]])
    total = compile(lambda x: w * x[0] * scale, [w], engine="javascript", reduction="sum").source_of(X)
    forward = compile(lambda x: [w * x[1], x[0] > 2, 7.0], engine="javascript").source_of(X)
    texts = [text.replace("export ", "") for text in (total, forward)]
    got = node(
        f"{texts[0]}\n{texts[1]}\nconst a = valueAndGrad([2], [10], [1, 2, 3, 4]);"
        "console.log(JSON.stringify([a.loss, ...a.gradient, ...forward([2], [1, 2, 3, 4])]))"
    )
    assert got == [80.0, 40.0, 4.0, 0.0, 7.0, 8.0, 1.0, 7.0]


def test_a_program_of_thousands_of_instructions(node):
    """Sums over several lines, and nothing of Python's in a program so long that Python drops what it has used."""
    model = nn.MLP(2, [16, 16, 1], seed=1337)
    X, y = np.array([[0.3, -0.7], [1.1, 0.2]]), np.array([1.0, -1.0])
    step = compile(lambda x, t: nn.hinge([model(x)], [t]), model.parameters(), engine="javascript")
    text = step.source_of(X, y).replace("export ", "")
    arguments = [step.pack().tolist(), X.ravel().tolist(), y.tolist()]
    got = node(
        f"{text}\nconst r = valueAndGrad({', '.join(map(text_of, arguments))});"
        "console.log(JSON.stringify([r.loss, ...r.gradient]))"
    )
    loss = nn.hinge([model(row) for row in X.tolist()], y)
    loss.backward()
    np.testing.assert_allclose(got, [loss.data, *(p.grad for p in model.parameters())], rtol=1e-12, atol=1e-14)


def test_a_reader_moves_a_leaf(node):
    """Every number of a graph is that of the engine run with the new leaf."""
    model = nn.MLP(2, [3, 1], activation="sigmoid", seed=0)

    def loss(x):
        return (model([x, 1.0]) - 0.3) ** 2

    x = Value(0.5, "x")
    script = javascript_of(loss(x))
    given = [script.nodes[place] for place in script.leaves]
    moved = [-1.25 if leaf is x else leaf.data for leaf in given]
    got = node(
        f"const run = {script.text}; const r = run({moved}); console.log(JSON.stringify([[...r.values], [...r.grads]]))"
    )
    x.data = -1.25
    root = loss(x)
    root.backward()
    again = javascript_of(root)
    assert got[0] == pytest.approx([each.data for each in again.nodes], rel=1e-14)
    assert got[1] == pytest.approx([each.grad for each in again.nodes], rel=1e-13, abs=1e-16)


def test_a_choice_of_the_recording_is_told():
    x = Value(2.0)
    script = javascript_of(where(x > 1, x * x, x) + 1)
    (place,) = script.frozen
    assert script.nodes[place].op == "where"
    assert "{ values[i] = x; break; }" in script.text


def test_labels_are_not_in_the_text():
    w = Value(2.0, "</script><b>")
    root = w * w
    root.label = "*/ alert(1) //"
    step = compile(lambda x: w * x, [w], engine="javascript")
    for text in (javascript_of(root).text, step.source_of([1.0])):
        assert "</" not in text
        assert "alert" not in text
        assert not re.search(r"\beval\b|new Function", text.replace('"eval"', ""))


def test_a_primitive_of_ones_own(node):
    @primitive(lambda x: 3 * x * x)
    def cube(x):
        """</script> in three dimensions"""
        return x * x * x

    @primitive(lambda x: x)
    def outside(x):
        """a function of Python's"""
        return math.floor(x)

    x = Value(2.0)
    script = javascript_of(cube(x) + 1)
    assert "</" not in script.text
    assert node(f"console.log(JSON.stringify([...{script.text}([2]).grads]))")[0] == 12.0
    with pytest.raises(TraceError, match=r"outside\(\) cannot be written in JavaScript"):
        javascript_of(outside(x))


def test_what_is_refused():
    w = Value(2.0)
    step = compile(lambda x: relu(w * x), [w], engine="javascript")
    assert step.engine == "javascript"
    with pytest.raises(OperandError, match=r"writes a program and does not run it: print\(step\.source_of"):
        step([1.0])
    W = Tensor([1.0], "W")
    of_arrays = compile(lambda X: (X * W).sum(), [W])
    of_arrays([1.0])
    with pytest.raises(OperandError, match="functions of one sample in scalars"):
        of_arrays.javascript  # noqa: B018
    with pytest.raises(TraceError, match=r"call the step on a batch first, or write step\.source_of"):
        compile(lambda x: w * x, [w]).javascript  # noqa: B018
