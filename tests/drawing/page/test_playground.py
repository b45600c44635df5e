"""A model that learns in the page: its steps are the engine's, and everything that can be changed does what it says."""

from __future__ import annotations

import math
import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Film, OperandError, Playground, Tensor, TraceError, Value, inspect, primitive, where
from nn import MLP, bce_with_logits, half_mse, hinge, mse

from .test_what_if import follow
from .watching import until, violations

Opened = Callable[..., Any]
DEMO = Path(__file__).resolve().parents[3] / "demos" / "x_squared.py"

X = np.linspace(0.0, 1.0, 12)
Y = X**2


def network(activation: str = "sigmoid", bias: bool = True) -> MLP:
    return MLP(1, [3, 3, 1], activation=activation, bias=bias, seed=3)


def figure(tab: Any, name: str) -> float:
    """A number as the page has it in full: loss, error, right, trained."""
    return float(tab.evaluate("(name) => document.body.dataset[name]", name))


def steps(tab: Any, count: int) -> None:
    for _ in range(count):
        tab.click("#train-one")


def trained(model: Any, loss: Any, rate: float, batches: list[list[int]]) -> float:
    """The mean loss of the model on all samples after the engine has trained it on these batches."""
    for batch in batches:
        for p in model.parameters():
            p.grad = 0.0
        loss([model([X[k]]) for k in batch], [Y[k] for k in batch]).backward()
        for p in model.parameters():
            p.data -= rate * p.grad
    return float(loss([model([x]) for x in X], Y).data)


def train_until(tab: Any, condition: str) -> None:
    tab.click("#train")
    until(tab, condition)
    tab.click("#train")


# ------------------------------------------------------------------------------------------------------ its steps


@pytest.mark.parametrize("loss", [mse, half_mse])
@pytest.mark.parametrize("batch", [None, 5])
def test_the_steps_are_the_engines(loss: Any, batch: int | None, opened: Opened) -> None:
    tab = opened(Playground(network(), loss, (X, Y), rate=0.5, batch=batch, order="given"))
    assert figure(tab, "loss") == pytest.approx(trained(network(), loss, 0.5, []), rel=1e-12)
    steps(tab, 4)
    n = batch or len(X)
    epoch = [list(range(k, min(k + n, len(X)))) for k in range(0, len(X), n)]
    assert figure(tab, "loss") == pytest.approx(trained(network(), loss, 0.5, (epoch * 4)[:4]), rel=1e-12)
    assert figure(tab, "trained") == 4


def test_the_graph_is_that_of_the_sample_with_the_weights_of_now(opened: Opened) -> None:
    tab = opened(Playground(network(), mse, (X, Y), rate=0.5, order="given"))
    steps(tab, 3)
    tab.locator("#sample").evaluate("(slider) => { slider.value = 7; slider.dispatchEvent(new Event('input')); }")
    model = network()
    trained(model, mse, 0.5, [list(range(12))] * 3)
    wanted = mse([model([X[7]])], [Y[7]])
    tab.click("#as-table")
    row = tab.locator("#words tr", has_text="loss").locator("td.number").first
    assert float(row.inner_text()) == pytest.approx(wanted.data, rel=1e-12)
    assert "Sample 8 of 12" in tab.inner_text("#training")


def test_it_says_of_what_it_is_the_picture(opened: Opened) -> None:
    tab = opened(inspect(network(), mse, (X, Y)))
    assert "22 weights learn from 12 samples" in tab.inner_text("#headline")
    assert tab.is_hidden("#descent")


def test_answers_out_of_the_picture_are_told(opened: Opened) -> None:
    model = network()
    model.parameters()[-1].data = 50.0  # the bias of the output
    tab = opened(Playground(model, mse, (X, Y), rate=0.5))
    assert "out of this picture, near 5" in tab.text_content(".fit")
    tab.uncheck("#biases")
    assert "out of this picture" not in tab.text_content(".fit")


def test_the_policy_names_every_script_of_it() -> None:
    page = Playground(network(), mse, (X, Y), steps={"none": lambda x, y: [0.0] * 22})
    found = re.search(r'http-equiv="Content-Security-Policy" content="(.*?)"', page.html)
    assert found is not None
    assert found[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in found[1]


def test_what_is_chosen_comes_into_sight_beside_the_controls(opened: Opened) -> None:
    for width, height in ((1280, 800), (390, 844)):
        tab = opened(Playground(network(), mse, (X, Y)), width=width, height=height)
        tab.locator("#graph .box", has_text="square").locator(".fill").click()
        frame = tab.locator("#chosen h2").bounding_box()
        assert frame["y"] + frame["height"] < tab.locator("footer").bounding_box()["y"]


def test_moons_are_told_apart(opened: Opened) -> None:
    rng = np.random.default_rng(0)
    angle = np.linspace(0.0, np.pi, 50)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([upper, [1.0, 0.5] - upper]) + rng.normal(scale=0.1, size=(100, 2))
    model = MLP(2, [16, 16, 1], seed=1337)
    tab = opened(Playground(model, hinge, (points, np.repeat([-1.0, 1.0], 50)), rate=0.5))
    assert figure(tab, "right") < 0.9
    train_until(tab, "Number(document.body.dataset.right) === 1")


@pytest.mark.skipif(not DEMO.exists(), reason="only the source tree has the demos")
def test_x_squared_is_fitted_by_the_gradient_and_not_by_the_scripts_step(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(DEMO.parent))
    monkeypatch.setattr("sys.argv", ["x_squared.py"])
    demo = runpy.run_path(str(DEMO))
    x, y = demo["samples"](100)
    tab = opened(demo["to_try"](x, y, 0.5))
    train_until(tab, "Number(document.body.dataset.error) < 1e-3")
    tab.select_option("#other", label="the script's")
    tab.click("#train-reset")
    train_until(tab, "Number(document.body.dataset.trained) > 20000")
    assert figure(tab, "error") > 0.5 * float(np.var(y))


# ---------------------------------------------------------------------------------------------------- its controls


def test_another_activation(opened: Opened) -> None:
    tab = opened(Playground(network("sigmoid"), mse, (X, Y), rate=0.1, order="given"))
    for name in ("relu", "tanh", "silu", "softplus", "sigmoid"):
        tab.select_option("#activation", label=name)
        tab.click("#train-reset")
        assert figure(tab, "loss") == pytest.approx(trained(network(name), mse, 0.1, []), rel=1e-12)
        steps(tab, 2)
        wanted = trained(network(name), mse, 0.1, [list(range(12))] * 2)
        assert figure(tab, "loss") == pytest.approx(wanted, rel=1e-12)
        assert f"Σ → {name}" in tab.text_content("#graph")


def test_without_biases(opened: Opened) -> None:
    model = network()
    for name, p in model.named_parameters():
        p.data = 0.5 if name.endswith(".b") else p.data
    tab = opened(Playground(model, mse, (X, Y), rate=0.5, order="given"))
    tab.uncheck("#biases")
    bare = network(bias=False)
    assert figure(tab, "loss") == pytest.approx(trained(bare, mse, 0.5, []), rel=1e-12)
    steps(tab, 2)
    assert figure(tab, "loss") == pytest.approx(
        trained(network(bias=False), mse, 0.5, [list(range(12))] * 2), rel=1e-12
    )


def test_a_seed_gives_the_same_weights_and_the_same_order(opened: Opened) -> None:
    def after(tab: Any, seed: int) -> float:
        tab.fill("#seed", str(seed))
        tab.press("#seed", "Enter")
        tab.click("#train-reset")
        steps(tab, 5)
        return figure(tab, "loss")

    page = Playground(network(), mse, (X, Y), rate=0.5, batch=2)
    first, second = opened(page), opened(page)
    assert after(first, 7) == after(second, 7) != after(first, 8)
    assert after(first, 7) == after(second, 7)
    first.fill("#seed", "0")
    first.press("#seed", "Enter")
    assert figure(first, "loss") == pytest.approx(trained(network(), mse, 0.5, []), rel=1e-12)


def test_the_order_and_the_batch(opened: Opened) -> None:
    shuffled = np.random.default_rng(0).permutation(12)
    tab = opened(Playground(network(), mse, (X[shuffled], Y[shuffled]), rate=0.5, batch=2))
    tab.select_option("#order", value="sorted")
    tab.select_option("#batch", value="5")
    steps(tab, 2)
    wanted = trained(network(), mse, 0.5, [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])
    assert figure(tab, "loss") == pytest.approx(wanted, rel=1e-12)


def test_a_learning_rate_that_is_none(opened: Opened) -> None:
    tab = opened(Playground(network(), mse, (X, Y), rate=0.5, order="given"))
    for typed in ("", "fast", "-1", "0", "<b>"):
        tab.fill("#learning-rate", typed)
        tab.press("#learning-rate", "Enter")
        assert tab.get_attribute("#learning-rate", "aria-invalid") == "true"
        assert "it stays 0.5" in tab.inner_text("#training")
    steps(tab, 1)
    assert figure(tab, "loss") == pytest.approx(trained(network(), mse, 0.5, [list(range(12))]), rel=1e-12)


def test_steps_that_are_too_long_end_with_a_word(opened: Opened) -> None:
    tab = opened(Playground(network("relu"), mse, (X, Y), rate=1e12))
    tab.click("#train")
    until(tab, "document.querySelector('#training .note').textContent.includes('too long')")
    assert tab.inner_text("#train") == "Start"


def test_a_weight_that_the_reader_has_moved_is_trained_on(opened: Opened) -> None:
    model = network()
    tab = opened(Playground(model, mse, (X, Y), rate=0.5, order="given"))
    place = int(tab.evaluate("JSON.parse(document.getElementById('story').textContent).training.parameters[0]"))
    follow(tab, f"#n{place}=2.5")
    steps(tab, 1)
    model.parameters()[0].data = 2.5
    assert figure(tab, "loss") == pytest.approx(trained(model, mse, 0.5, [list(range(12))]), rel=1e-12)


def test_a_film_is_scrubbed_into_it(opened: Opened) -> None:
    model = network()
    film = Film(model, lambda: mse([model([x]) for x in X], Y))
    losses = []
    for _ in range(4):
        losses.append(trained(model, mse, 0.5, []))
        film.frame()
        trained(model, mse, 0.5, [list(range(12))])
    tab = opened(Playground(network(), mse, (X, Y), rate=0.5, order="given", film=film))
    slide = "(slider, frame) => { slider.value = frame; slider.dispatchEvent(new Event('input')); }"
    for frame in (3, 0, 2):
        tab.locator("#frame").evaluate(slide, frame)
        assert figure(tab, "loss") == pytest.approx(losses[frame], rel=1e-6)  # a film holds 32 bits
        assert f"step {frame}" in tab.inner_text("#training")
    steps(tab, 1)
    assert figure(tab, "loss") == pytest.approx(losses[3], rel=1e-6)


def test_three_inputs_and_classes(opened: Opened) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(20, 3))
    y = (points.sum(axis=1) > 0).astype(float)
    tab = opened(Playground(MLP(3, [4, 1], "tanh", seed=1), bce_with_logits, (points, y), rate=1.0))
    assert tab.locator("#training .dot").count() == 20
    train_until(tab, "Number(document.body.dataset.loss) < 0.2")


def test_by_keyboard(opened: Opened) -> None:
    tab = opened(Playground(network(), mse, (X, Y), rate=0.5))
    tab.focus("#train-one")
    tab.keyboard.press("Space")
    assert figure(tab, "trained") == 1
    tab.focus("#sample")
    tab.keyboard.press("ArrowRight")
    assert "Sample" in tab.inner_text("#training")
    assert tab.evaluate("document.body.dataset.step").startswith("backward")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(scheme: str, width: int, opened: Opened) -> None:
    page = Playground(network(), mse, (X, Y), steps={"none": lambda x, y: [0.0] * 22})
    tab = opened(page, width=width, height=780, color_scheme=scheme)
    assert violations(tab) == []
    tab.click("#train-one")
    assert violations(tab) == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_hostile_names_are_text(opened: Opened) -> None:
    class Line:
        def __init__(self) -> None:
            self.slope = Value(0.5, "</script><img src=x onerror=alert(1)>")

        def named_parameters(self) -> list[tuple[str, Value]]:
            return [(self.slope.label, self.slope)]

        def __call__(self, x: Any) -> Value:
            return self.slope * x[0]

    evil = '"]};alert(1);//</script><img src=x onerror=alert(2)>'
    tab = opened(Playground(Line(), mse, (X, Y), steps={evil: lambda x, y: [1.0]}, title=evil))
    tab.select_option("#other", index=1)
    steps(tab, 2)
    assert figure(tab, "trained") == 2


# ------------------------------------------------------------------------------------------------ what it does not take


class Branching(MLP):
    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        return out if out > 0 else -out


class Choosing(MLP):
    def forward(self, x: Any) -> Any:
        out = super().forward(x)
        return where(out > 0, out, -out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((lambda x: x, mse, (X, Y)), "named_parameters"),
        ((network(), "mse", (X, Y)), "the loss of a Playground is a function such as nn.mse, got"),
        ((network(), mse, X), "a pair"),
        ((network(), mse, (X, Y[:3])), r"inputs of shape \(n, inputs\) and n targets"),
        ((network(), mse, (np.array([[1.0], [np.nan]]), [1.0, 2.0])), "1 of 2 samples are not, number 1 first"),
        ((network(), lambda p, t: p[0] * p[0], (X, Y)), "does not use the target"),
        ((MLP(1, [3, 2], seed=1), mse, (X, Y)), "the model gives one Value for one sample"),
    ],
)
def test_what_it_does_not_take(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(OperandError, match=message):
        Playground(*arguments)


@pytest.mark.parametrize("model", [Branching(1, [3, 1], seed=1), Choosing(1, [3, 1], seed=1)])
def test_one_graph_must_hold_for_all_samples(model: MLP) -> None:
    with pytest.raises(TraceError):
        Playground(model, mse, (X, Y))


def test_a_model_that_is_too_large_is_refused_at_once() -> None:
    with pytest.raises(OperandError, match=r"a page computes with 20,000 at most: take a smaller model"):
        Playground(MLP(80, [90, 1], seed=1), mse, (np.zeros((2, 80)), [0.0, 1.0]))


def test_a_primitive_that_no_program_can_have_is_refused() -> None:
    class Wave(MLP):
        def forward(self, x: Any) -> Any:
            return primitive(lambda x: math.cos(x))(math.sin)(super().forward(x))

    with pytest.raises(TraceError):
        Playground(Wave(1, [2, 1], seed=1), mse, (X, Y))


def test_models_of_arrays_are_refused() -> None:
    class Line:
        def named_parameters(self) -> list[tuple[str, Any]]:
            return [("W", Tensor([1.0]))]

        def __call__(self, x: Any) -> Any:
            return x

    with pytest.raises(OperandError, match="whose parameters are Values"):
        Playground(Line(), mse, (X, Y))


@pytest.mark.parametrize("options", [{"rate": 0.0}, {"rate": float("nan")}, {"batch": 0}, {"order": "random"}])
def test_options(options: dict[str, Any]) -> None:
    with pytest.raises(OperandError, match=f"{next(iter(options))} is"):
        Playground(network(), mse, (X, Y), **options)


def test_a_step_that_forgets_a_parameter() -> None:
    with pytest.raises(OperandError, match="one number for each of the 22 parameters, got 1"):
        Playground(network(), mse, (X, Y), steps={"short": lambda x, y: [0.0]})


def test_a_film_of_another_model() -> None:
    film = Film(MLP(1, [1], seed=1))
    with pytest.raises(OperandError, match="the film has frames of no parameters"):
        Playground(network(), mse, (X, Y), film=film)
    film.frame(1.0)
    with pytest.raises(OperandError, match="the film has frames of 2 parameters, and the model has 22"):
        Playground(network(), mse, (X, Y), film=film)


def test_inspect_takes_a_model_with_loss_and_data(tmp_path: Path) -> None:
    page = inspect(network(), mse, (X, Y), path=tmp_path / "a.html", title="mine")
    assert page.title == "mine"
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == page.html
    with pytest.raises(OperandError, match=r"inspect\(model, loss, data\)"):
        inspect(network(), mse)


def test_gradients_and_weights_stay_as_they_were() -> None:
    model = network()
    before = [(p.data, p.grad) for p in model.parameters()]
    Playground(model, mse, (X, Y))
    assert [(p.data, p.grad) for p in model.parameters()] == before


def test_what_the_model_answers_is_inside_the_picture_from_the_start(opened: Opened) -> None:
    X = np.linspace(-1, 1, 9)[:, None]
    model = MLP(1, [4, 1], "tanh", seed=0)
    dict(model.named_parameters())["layers.1.neurons.0.b"].data = -1.5  # far below all targets
    tab = opened(Playground(model, mse, (X, X**2), rate=0.3))
    heights = (
        """[...document.querySelector('.fit .curve').getAttribute('d').matchAll(/,([\\d.-]+)/g)].map((m) => +m[1])"""
    )
    for _ in range(2):
        found = tab.evaluate(heights)
        assert len(found) == 81
        assert 0 <= min(found) < max(found) <= 160  # of 180: the axis across is below
        tab.click("text=One step")
    assert tab.locator(".fit .dot").count() == 9


def test_a_loss_may_be_written_for_arrays() -> None:
    model = network()
    page = Playground(model, lambda answers, wanted: ((answers - wanted) ** 2).mean(), (X, Y))
    assert page.title == "Training of MLP"


def test_all_controls_are_seen_at_once(opened: Opened) -> None:
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(20, 2)), np.repeat([1.0, -1.0], 10)
    tab = opened(Playground(MLP(2, [4, 1], activation="relu", seed=1), mse, (inputs, targets)))
    last, panel = tab.locator("#sample").bounding_box(), tab.locator("#panel").bounding_box()
    assert last["y"] + last["height"] <= panel["y"] + panel["height"]


class Perceptron:
    """A model as in micrograd: plain Values, without names."""

    def __init__(self) -> None:
        self.w = [Value(0.1 * k - 0.2) for k in range(6)]

    def __call__(self, x: list[Any]) -> Value:
        hidden = [(self.w[2 * k] * x[0] + self.w[2 * k + 1]).tanh() for k in range(2)]
        return self.w[4] * hidden[0] + self.w[5] * hidden[1]

    def parameters(self) -> list[Value]:
        return self.w


def test_a_model_without_names(opened: Opened) -> None:
    model = Perceptron()
    tab = opened(inspect(model, mse, (X, Y)))
    steps(tab, 2)
    want = trained(model, mse, 0.1, [list(range(len(X)))] * 2)
    assert figure(tab, "loss") == pytest.approx(want, rel=1e-12)
    film = Film(model)
    film.frame(1.0)
    assert "p5" in str(film._names)
    with pytest.raises(OperandError, match=r"a Film takes a model with named_parameters\(\) or parameters\(\)"):
        Film(lambda x: x)
