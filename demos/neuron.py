"""The smallest picture: one neuron, its local derivatives, and the gradient that flowed along every edge.

    python demos/neuron.py                        # needs: pip install -e ".[render]"

Writes out/neuron.svg, out/neuron.png, and out/neuron.html, a page that steps through backward.
"""

from parts.outputs import needs, save_page, save_picture

needs("render")

from autograd import Value, draw, parameter

x1, x2 = Value(2.0, "x1"), Value(0.0, "x2")
w1, w2, b = Value(-3.0, "w1"), Value(1.0, "w2"), Value(6.8813735870195432, "b")

for weight in (w1, w2, b):
    parameter(weight)  # so that the picture tells weights from data

out = (x1 * w1 + x2 * w2 + b).tanh()
out.label = "out"
out.backward()

for leaf in (x1, w1, x2, w2, b):
    print(f"{leaf.label:>3} = {leaf.data:7.4f}    d out / d {leaf.label} = {leaf.grad:7.4f}")
save_picture(draw(out), "neuron")
save_page(out, "neuron", "One neuron")
