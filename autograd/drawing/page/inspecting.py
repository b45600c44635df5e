"""`inspect`: a graph, a compiled step or a model becomes a page."""

from __future__ import annotations

import os
from typing import Any

from ...errors import OperandError
from ..gather import Reading
from ..options import Options, checked_roots
from ..sample import is_step, one_sample, refuse_sample
from ..view import View
from .file import Page
from .graph_page import page_of
from .playground import Playground


def inspect(
    root: Any,
    *sample: Any,
    path: str | os.PathLike[str] | None = None,
    title: str = "",
    viz: bool | None = None,
) -> Page:
    """A page that steps through forward and backward, and shows at every step what is multiplied and what is added.

    It is one HTML file: it opens from disk in any browser, without a network and without Graphviz.

    Args:
        root: the result to understand, a `Value` or a `Tensor`; call its `backward` first, or there is only forward. Or
            a compiled step, of which the page shows one sample. Or a model: `inspect(model, loss, data)` trains it in
            the page, see `Playground`.
        sample: only for a compiled step: one row of each array that it takes. No gradients are changed. For a model
            its loss and its data.
        path: where to write the file; without one `.save(path)` does, and a notebook shows the page.
        title: its heading.
        viz: of no effect: once the page needed a layout library, now it lays everything out by itself.

    Raises:
        OperandError: `root` is nothing that has a graph, or a loaded step, which has no function to run on a sample; or
            a model comes without its loss and its data.

    >>> from autograd import Value, inspect
    >>> x = Value(0.5, "x")
    >>> y = (x * -2.0).tanh()
    >>> y.backward()
    >>> page = inspect(y, title="a neuron")
    >>> page.title
    'a neuron'
    """
    if is_step(root):
        with one_sample(root, sample, "inspect") as result:
            return inspect(result, path=path, title=title)
    if callable(root) and (hasattr(root, "named_parameters") or hasattr(root, "parameters")):
        if len(sample) != 2:
            raise OperandError(
                f"a model is shown while it learns: inspect(model, loss, data), got {len(sample)} arguments behind it"
            )
        page: Page = Playground(root, *sample, title=title)
        if path is not None:
            page.save(path)
        return page
    if sample and (len(sample) > 1 or path is not None or not isinstance(sample[0], (str, os.PathLike))):
        refuse_sample(root, sample, "inspect")
    path = sample[0] if sample else path
    view = View(Reading(checked_roots(root)))
    page = page_of(view.whole(), title, still=view.readable(Options()))
    if path is not None:
        page.save(path)
    return page
