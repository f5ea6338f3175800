"""Pieces of a page on a classifier: no script, no other file, light and dark; all text escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt

MAX_TEXT = 600  # characters shown of a review
WORST = "Wrong rows of which the model was surest."


@dataclass(frozen=True)
class Judged:
    """A row, and what the model said of it.  confidence: the probability it gave its prediction."""

    confidence: float
    id: str
    text: str
    label: str
    predicted: str


def document(title: str, facts: Mapping[str, str], sections: Mapping[str, str]) -> str:
    """The page.

    title     escaped here, as are the facts: what to show large, by what it is
    sections  HTML by heading
    """
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
    )
    body = "".join(
        f'<h2>{escape(heading)}</h2>\n<div class="wide">{content}</div>\n'
        for heading, content in sections.items()
    )
    return _PAGE.format(style=_STYLE, title=escape(title), tiles=tiles, sections=body)


def interval(share: float, rows: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share that was found in so many rows (JASA 22, 1927, p. 209)."""
    z = 1.96
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return middle - half, middle + half


def matrix(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A confusion matrix.  counts: by true, then predicted class, both in the labels' order."""
    head = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    rows = []
    for i, (label, row) in enumerate(zip(labels, counts, strict=True)):
        total = sum(row)
        cells = "".join(
            f'<td class="{"right" if i == j else "wrong"}" style="--share: {_percent(n, total)}%">'
            f"{n:,}<small>{_percent(n, total)} %</small></td>"
            for j, n in enumerate(row)
        )
        rows.append(f'<tr><th scope="row">{escape(label)}</th>{cells}<td>{total:,}</td></tr>')
    return f"""<table class="matrix">
<caption>Rows by true class (down) and predicted class (across); shares are of the true class.
</caption>
<thead><tr><th scope="col">true \\ predicted</th>{head}<th scope="col">rows</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table>"""


def _percent(part: int, total: int) -> int:
    return round(100 * part / total) if total else 0


def table(rows: Sequence[Judged], caption: str) -> str:
    """A table of rows, in this order."""
    if not rows:
        return "<p>None.</p>"
    lines = "".join(
        f"<tr><td>{escape(item.label)}</td><td>{escape(item.predicted)}</td>"
        f'<td>{100 * item.confidence:.1f} %</td><td dir="auto">{escape(item.id)}</td>'
        f'<td dir="auto" class="text">{escape(_shortened(item.text))}</td></tr>'
        for item in rows
    )
    names = ("true", "predicted", "confidence", "id", "text")
    head = "".join(f'<th scope="col">{name}</th>' for name in names)
    return f"""<table class="texts"><caption>{escape(caption)}</caption>
<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"""


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
<dl>{tiles}</dl>
{sections}</main>
</body>
</html>
"""

_STYLE = """
:root { color-scheme: light dark; --page: #fdfdfc; --ink: #16181d; --soft: #5b616e;
  --line: #d9dce1; --right: #3d85d8; --wrong: #e08234; }
@media (prefers-color-scheme: dark) {
  :root { --page: #15171b; --ink: #eceef2; --soft: #a3a9b5; --line: #363a43;
    --right: #2a66b0; --wrong: #a85618; } }
body { margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
dl { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; margin: 0; }
dt, caption, small { color: var(--soft); font-size: .85rem; }
dd { margin: 0; font-size: 1.6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .35rem .7rem; border-bottom: 1px solid var(--line); text-align: right;
  vertical-align: top; font-weight: normal; }
thead th { color: var(--soft); }
tbody th { font-weight: 600; }
.matrix small { display: block; color: inherit; }
.right { background: color-mix(in srgb, var(--right) var(--share), var(--page)); }
.wrong { background: color-mix(in srgb, var(--wrong) var(--share), var(--page)); }
.texts th, .texts td { text-align: left; }
.texts td.text { min-width: 18rem; overflow-wrap: anywhere; white-space: pre-wrap; }
"""
