"""A report as HTML: the findings, the answers, the curves, the source and the graph with their marks."""

from __future__ import annotations

import html
import math
from typing import Any

from ..language import figures, say, sentences, spoken
from .write.drawn import picture

COLOURS = ("#c0392b", "#2471a3", "#8e7cc3", "#1e8449", "#b9770e")
STYLE = """
:root {
  --ink: #1c2430; --paper: #ffffff; --soft: #f2f4f7; --line: #d5dae1; --bad: #fbe3e0; --badline: #c0392b;
  --good: #1e8449;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ee; --paper: #14181e; --soft: #1e242c; --line: #37404b; --bad: #45201c; --badline: #ff8a7a;
    --good: #6fd28f;
  }
}
.doctor {
  color: var(--ink); background: var(--paper); font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: auto;
  padding: 1rem;
}
.doctor h1 { font-size: 1.5rem; }
.doctor h2 { font-size: 1.15rem; margin: 1.6em 0 .4em; }
.doctor a { color: inherit; }
.doctor pre { font: 14px/1.45 ui-monospace, monospace; overflow-x: auto; margin: .3rem 0; white-space: pre; }
.doctor .fault {
  border-left: 4px solid var(--badline); background: var(--soft); padding: .6rem .9rem; margin: .8rem 0;
}
.doctor .fault p { margin: .4rem 0; }
.doctor .write, .doctor .source .new { color: var(--good); }
.doctor .source { background: var(--soft); padding: .6rem 0; overflow-x: auto; }
.doctor .source > div {
  padding: 0 .9rem; white-space: pre; font: 13px/1.45 ui-monospace, monospace; width: max-content; min-width: 100%;
  box-sizing: border-box;
}
.doctor .source .bad { background: var(--bad); }
.doctor .source b { opacity: .55; font-weight: normal; }
.doctor svg.chart { max-width: 100%; height: auto; }
.doctor svg.chart text { fill: var(--ink); font: 12px system-ui, sans-serif; }
.doctor .graph { overflow-x: auto; background: #fff; padding: .6rem; border: 1px solid var(--line); }
.doctor .graph svg { max-width: max(100%, 54rem) !important; height: auto; }
"""


def page(report: Any) -> str:
    """A whole file."""
    title = html.escape(report.name)
    return (
        f'<!doctype html>\n<html lang="{spoken()}"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<style>body { margin: 0; } @media (prefers-color-scheme: dark) { body { background: #14181e; } "
        "}</style></head>"
        f"<body>{body(report)}</body></html>\n"
    )


def body(report: Any) -> str:
    """The part of a page that a notebook shows too."""
    if report.failure:
        return (
            f'<style>{STYLE}</style><div class="doctor"><p>'
            f"{html.escape(say('headline', name=report.name, text=report.failure))}</p></div>"
        )
    parts = [f"<h1>{html.escape(report.headline())}</h1>"]
    for f in report.findings:
        write = (
            f'<p>{say("write_instead")}</p><pre class="write">{html.escape(f.instead)}</pre>'
            if f.instead
            else f"<p>{html.escape(say('should', should=f.should))}</p>"
        )
        parts.append(
            f'<div class="fault"><a href="#line-{f.line}">{say("lines_one", number=f.line)}</a>'
            f"<pre>{html.escape(f.code)}</pre><p>{html.escape(f.told())}</p>{write}</div>"
        )
    for question, answer in report.answers.items():
        parts.append(f"<h2>{html.escape(question)}</h2><p>{html.escape(sentences(answer))}</p>")
    if report.curves:
        parts.append(f"<h2>{say('training_title')}</h2>{chart(report.curves)}")
    graph = picture(report.graph)
    if graph:
        parts.append(f'<h2>{say("graph_title")}</h2><p>{say("graph_reads")}</p><div class="graph">{graph}</div>')
    parts.append(f"<p>{html.escape(report.evidence)}</p>")
    parts += [f"<p>{html.escape(say('note', note=note))}</p>" for note in report.notes]
    if report.source:
        parts.append(f"<h2>{say('source_title')}</h2>{_source(report)}")
    return f'<style>{STYLE}</style><div class="doctor">{"".join(parts)}</div>'


def _source(report: Any) -> str:
    marked = {f.line: f for f in reversed(report.findings)}
    rows = []
    for number, line in enumerate(report.source.splitlines(), 1):
        bad = ' class="bad"' if number in marked else ""
        rows.append(f'<div id="line-{number}"{bad}><b>{number:4d}</b>  {html.escape(line)}</div>')
        if number in marked and marked[number].instead:
            indent = line[: len(line) - len(line.lstrip())]
            rows.append(f'<div class="new"><b>   →</b>  {indent}{html.escape(marked[number].instead)}</div>')
    return f'<div class="source">{"".join(rows)}</div>'


def chart(curves: dict[str, list[tuple[float, float]]], width: int = 720, height: int = 320) -> str:
    """The losses over the training, on a logarithmic scale, as SVG."""
    shown = {name: [(x, y) for x, y in points if math.isfinite(y) and y > 0] for name, points in curves.items()}
    shown = {name: points for name, points in shown.items() if points}
    if not shown:
        return ""
    logs = [math.log10(y) for points in shown.values() for _, y in points]
    low, high = math.floor(min(logs)), max(math.ceil(max(logs)), math.floor(min(logs)) + 1)
    left, right, top, bottom = 60, 16, 12, 36 + 18 * len(shown)

    def place(x: float, y: float) -> str:
        across = left + x * (width - left - right)
        down = top + (high - math.log10(y)) / (high - low) * (height - top - 36)
        return f"{across:.1f},{down:.1f}"

    total = height + bottom - 36
    size = f'viewBox="0 0 {width} {total}" width="{width}"'
    parts = [f'<svg class="chart" {size} role="img" aria-label="{say("curves_label")}">']
    for power in range(low, high + 1, -(-(high - low) // 6)):
        y = place(0, 10.0**power).split(",")[1]
        parts.append(f'<line x1="{left}" x2="{width - right}" y1="{y}" y2="{y}" stroke="var(--line)"/>')
        parts.append(f'<text x="{left - 8}" y="{y}" text-anchor="end" dominant-baseline="middle">1e{power}</text>')
    for share in (0.0, 0.5, 1.0):
        x = place(share, 10.0**low).split(",")[0]
        parts.append(
            f'<text x="{x}" y="{height - 18}" text-anchor="{"end" if share == 1 else "middle"}">'
            f"{say('of_the_training', share=f'{share:.0%}')}</text>"
        )
    for k, (name, points) in enumerate(shown.items()):
        colour = COLOURS[k % len(COLOURS)]
        parts.append(
            f'<polyline points="{" ".join(place(x, y) for x, y in points)}" fill="none" stroke="{colour}" '
            'stroke-width="2"/>'
        )
        y_text = height + 4 + 18 * k
        parts.append(
            f'<line x1="{left}" x2="{left + 24}" y1="{y_text}" y2="{y_text}" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(
            f'<text x="{left + 32}" y="{y_text}" dominant-baseline="middle">'
            f"{html.escape(say('at_the_end', name=name, loss=figures(curves[name][-1][1])))}</text>"
        )
    return "".join([*parts, "</svg>"])
