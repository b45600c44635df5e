"""`draw`, and what it returns: a graph of the graphviz package, whose methods all behave as people know them.

It renders with a time limit and in a second way where the program `dot` is missing, and showing it never raises.
"""

from __future__ import annotations

import base64
import os
import sys
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import graphviz

from ..system.collector import collector_paused
from . import dot, render, table
from .boxes import title_of
from .errors import OptionError
from .escape import html
from .gather import Reading
from .model import Drawing
from .options import MOST_BOXES, Options, checked_count, checked_marks, checked_rankdir, checked_roots, checked_scale
from .sample import is_step, one_sample, refuse_sample
from .view import MOST_AT_ONCE, View
from .wrap import wrapped

if TYPE_CHECKING:
    from .page.file import Page

DEEPEST = 1000


class Picture(graphviz.Digraph):  # type: ignore[misc]  # the package is not typed
    """What `draw` returns. `.render(outfile="loss.svg")` writes a file, `.source` is the DOT text; a notebook shows it.

    All methods are those of `graphviz.Digraph`. Besides the formats of Graphviz there are "html", a page that needs no
    Graphviz but only a browser, and "txt", a table of text; `.drawing` is what the picture says, as plain data.
    """

    def __init__(
        self,
        *args: Any,
        drawing: Drawing,
        options: Options,
        whole: Drawing,
        depth: int | None = None,
        chosen: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.drawing, self.options = drawing, options
        self._whole, self._depth = whole, depth  # for the page: everything, and how deep it opens
        self._chosen = chosen  # the format that `draw` was asked for, if any

    def _copy_kwargs(self, **kwargs: Any) -> Any:
        own = {"drawing": self.drawing, "options": self.options, "whole": self._whole, "depth": self._depth}
        return {**super()._copy_kwargs(**kwargs), **own, "chosen": self._chosen}

    # ------------------------------------------------------------------------------------------------- pictures

    def pipe(
        self,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        *,
        engine: str | None = None,
        encoding: str | None = None,
    ) -> Any:
        """The picture as bytes, or as text if an encoding is given.

        Args:
            format: "svg", "png", "pdf" or another one of Graphviz; "html" or "txt".
            renderer, formatter: which parts of Graphviz draw it; see `graphviz.Digraph.pipe`.
            encoding: of the text returned.

        Raises:
            RenderError: it cannot be drawn here; the message names what to install or to call instead.
        """
        wanted = _known_format(format or self.format)
        if wanted == "html":
            content = self.to_html().encode("utf-8")
        elif wanted == "txt":
            content = table.table(self.drawing).encode("utf-8")
        else:
            flag = ":".join(part for part in (wanted, renderer, formatter) if part)
            content = render.render(self.source, flag, engine or self.engine).content
        return content.decode(encoding) if encoding else content

    def render(
        self,
        filename: Any = None,
        directory: Any = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        renderer: str | None = None,
        formatter: str | None = None,
        neato_no_op: bool | int | None = None,
        quiet: bool = False,
        quiet_view: bool = False,
        *,
        outfile: Any = None,
        engine: str | None = None,
        raise_if_result_exists: bool = False,
        overwrite_source: bool = False,
    ) -> str:
        """Write the DOT text to a file and the picture beside it.

        Args:
            filename: of the DOT text; the picture's adds the format. With `outfile`, only if it should be kept. With
                the ending of a format, "loss.png", it is the picture's, and no DOT text is kept.
            directory: where both go.
            view: open the picture.
            cleanup: remove the DOT text afterwards.
            format: as for `pipe`. Where neither this nor `outfile` nor `draw` names one and there is no Graphviz, a
                page is written, with a warning.
            outfile: the file of the picture; its ending names the format.

        Returns:
            The path of the picture.

        Raises:
            RenderError: it cannot be drawn here; the message names what to install or to call instead.
        """
        if outfile is None and filename is not None:
            named = Path(filename).suffix[1:].lower()
            if named in _PICTURES:
                if format is not None and format.lower() != named:
                    raise OptionError(f"render({os.fspath(filename)!r}, format={format!r}): these are two formats")
                filename, outfile = None, filename
        if outfile is not None:
            target = Path(directory or self.directory or ".", outfile)
            wanted = _known_format(format or target.suffix[1:] or self.format)
            text = target.with_suffix(".gv") if filename is None else Path(directory or self.directory, filename)
        else:
            wanted = _known_format(format or self._chosen or self._possible_format())
            text = Path(directory or self.directory, filename or self.filename)
            target = text.with_name(f"{text.name}.{wanted}")
        if raise_if_result_exists and target.exists():
            raise graphviz.FileExistsError(f"output file exists: {os.fspath(target)!r}")
        if text == target and not overwrite_source:
            raise OptionError(f"the DOT text and the picture would be the same file {str(target)!r}: give another name")
        if outfile is None or filename is not None:
            render.write(text, self.source.encode(self.encoding))
        content = self.pipe(wanted, renderer, formatter, engine=engine)
        render.write(target, content)
        if cleanup:
            text.unlink(missing_ok=True)
        if view or quiet_view:
            self._show(os.fspath(target), wanted, quiet_view)
        return os.fspath(target)

    def _show(self, target: str, format: str, quiet: bool) -> None:
        """Open a file in whatever opens such files here; a warning where nothing does."""
        try:
            if not _has_screen():
                raise RuntimeError("there is no screen")
            self._view(target, format=format, quiet=quiet)
        except (graphviz.ExecutableNotFound, RuntimeError, OSError) as error:
            warnings.warn(
                f"nothing here opens {target} ({str(error).splitlines()[0]}); it is written: open it yourself, or "
                "leave the picture as the last line of a notebook's cell",
                stacklevel=3,
            )

    def to_html(self, path: Any = None) -> str:
        """The page that `inspect` makes, opened as deep as this picture; with a path it is written there instead.

        Returns:
            The text of the page, or the path.
        """
        page = self._page()
        return page.html if path is None else page.save(path)

    def _page(self) -> Page:
        from .page.graph_page import page_of

        return page_of(self._whole, self.options.title, still=self.drawing, depth=self._depth)

    def _possible_format(self) -> str:
        """The usual format; a page where there is nothing to draw it with."""
        if render.can_render(self.engine):
            return str(self.format)
        warnings.warn(f"a page is written instead of an SVG: there is no Graphviz here. {render.REMEDY}", stacklevel=3)
        return "html"

    # ------------------------------------------------------------------------------------------------- showing it

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: Any
    ) -> dict[str, Any]:
        """What a notebook shows. Never raises: where nothing can be drawn there is a page, and always the table."""
        bundle: dict[str, Any] = {"text/plain": self._text()}
        try:
            svg = self.pipe("svg", encoding="utf-8")
            image = base64.b64encode(svg.encode("utf-8")).decode("ascii")
            bundle["image/svg+xml"] = svg
            bundle["text/html"] = (
                f'<img style="max-width:100%;height:auto" alt="{html(self._summary())}" '
                f'src="data:image/svg+xml;base64,{image}">'
            )
        except Exception as error:
            bundle["text/plain"] += f"\n{error}\n"
            try:
                bundle["text/html"] = self._page().framed()
            except Exception:  # a broken installation: the table must do
                bundle.pop("text/html", None)
        if include is not None:
            bundle = {kind: content for kind, content in bundle.items() if kind in set(include)}
        return {kind: content for kind, content in bundle.items() if kind not in set(exclude or ())}

    def _text(self) -> str:
        try:
            return table.table(self.drawing)
        except Exception as error:
            return f"a picture that cannot be shown: {error}"

    def _summary(self) -> str:
        root = next((box for box in self.drawing.boxes if box.is_root), None)
        name = "" if root is None else f" of {title_of(root)}"
        marks = "".join(f"; {line}" for line in table.marked(self.drawing))
        return f"graph{name}: {self.drawing.total} values, {len(self.drawing.edges)} edges{marks}"

    def __repr__(self) -> str:
        return f"<Picture, {self._summary()}>"


_PICTURES: Final = frozenset({*graphviz.FORMATS, "html", "txt"} - {"gv", "dot", "canon", "xdot", "plain"})
"""Endings that name a picture and not the DOT text."""


def _has_screen() -> bool:
    """Whether there is a place for a window: on Linux a server of X or Wayland, or a browser that somebody named."""
    if not sys.platform.startswith(("linux", "freebsd")):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"))


def _known_format(name: str) -> str:
    known = {*graphviz.FORMATS, "html", "txt"}
    if str(name).lower() not in known:
        raise OptionError(f"format is one of svg, png, pdf, html, txt or another one of Graphviz, got {name!r}")
    return str(name).lower()


def draw(
    root: Any,
    *sample: Any,
    depth: int | None = None,
    max_nodes: int | None = None,
    rankdir: str = "LR",
    format: str | None = None,
    values: bool = True,
    grads: bool = True,
    partials: bool = True,
    constants: bool = True,
    order: bool = False,
    legend: bool = True,
    tables: bool = True,
    histograms: bool = False,
    digits: int = 3,
    scale: tuple[float, float] | None = None,
    marks: Mapping[Any, str] | Sequence[Any] = (),
    title: str = "",
) -> Picture:
    """Draw a result with everything it was computed from: values, local derivatives, and the gradient that flowed.

    Args:
        root: what to draw, a `Value` or a `Tensor` (or several, in a list or an array); or a compiled step.
        sample: only for a compiled step: one row of each array that it takes. No gradients are changed.
        depth: how many modules to show inside one another; what lies deeper is one box. By default as many as can be
            read at the width of a page, or as `max_nodes` allows. A neuron has the number and the gradient of its
            result, another module the norm of its gradient.
        max_nodes: how many boxes there may be, 300 by default. If there are more, those nearest to the result are
            drawn.
        rankdir: "LR" from left to right, "TB" from top to bottom.
        format: what `.render()` and `.pipe()` make by default: "svg", "png", "pdf", "html".
        values, grads, partials: whether to show the numbers, the gradients, the local derivatives on the edges.
        constants: whether plain numbers have boxes of their own, or are written in the operation: "① ** 2".
        order: number the results in the order in which backward visits them.
        legend: explain colours, borders and lines below the picture.
        tables: show an array of up to 24 numbers as a table, each cell coloured by the gradient of that element.
        histograms: show in every array how its elements are spread, and those of its gradient.
        digits: how many significant digits numbers have; tooltips have all.
        scale: the gradients at both ends of the colour scale, to compare pictures; by default it fits.
        marks: what to mark as suspicious, {node or label: why}, or a list of nodes and labels: a thick border, "⚠" and
            the reason. What `examine` and `diagnose` give has it: `draw(loss, marks=report.marks(loss))`.
        title: a line of text below the picture.

    Returns:
        A `graphviz.Digraph`. A notebook shows it by itself.

    Raises:
        OperandError: `root` is nothing that can be drawn.
        OptionError: an option does not exist, or marks names what is not in the graph.

    >>> from autograd import Value
    >>> x, w = Value(0.5, "x"), Value(-2.0, "w")
    >>> y = (x * w).tanh()
    >>> y.backward()
    >>> draw(y)
    <Picture, graph of tanh: 4 values, 3 edges>
    """
    options = Options(
        values=bool(values),
        grads=bool(grads),
        partials=bool(partials),
        order=bool(order),
        legend=bool(legend),
        tables=bool(tables),
        digits=checked_count("digits", digits, 1, 17),
        rankdir=checked_rankdir(rankdir),
        title=str(title),
        scale=checked_scale(scale),
    )
    if depth is not None:
        depth = checked_count("depth", depth, 0, DEEPEST)
    most = None if max_nodes is None else checked_count("max_nodes", max_nodes, 1, MOST_BOXES)
    chosen = None if format is None else _known_format(format)
    named = checked_marks(marks)
    if not is_step(root):
        refuse_sample(root, sample, "draw")
    with one_sample(root, sample, "draw") if is_step(root) else nullcontext(root) as result, collector_paused():
        reading = Reading(checked_roots(result), named)
        view = View(reading, bool(constants), bool(histograms))
        if depth is not None:
            drawing = view.drawing(depth, most or MOST_AT_ONCE)
        else:
            drawing = view.readable(options) if most is None else view.fitting(most)
        whole = View(reading).whole()
    text = dot.write(wrapped(drawing, options), options)
    return Picture(
        format=chosen if chosen in graphviz.FORMATS else "svg",
        graph_attr=text.graph,
        node_attr=text.node,
        edge_attr=text.edge,
        body=text.body,
        drawing=drawing,
        options=options,
        whole=whole,
        depth=depth,
        chosen=chosen,
    )


def draw_dot(root: Any, format: str = "svg", rankdir: str = "LR") -> Picture:
    """micrograd's way to call `draw`.

    Raises:
        OptionError: the format or the direction does not exist.

    >>> from autograd import Value
    >>> draw_dot(Value(1.0) + 2, rankdir="TB").format
    'svg'
    """
    return draw(root, format=format, rankdir=rankdir)
