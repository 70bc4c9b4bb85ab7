"""Writes reports as one HTML file that needs nothing else: no network, no script, no other file."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from reactor_env.errors import MissingDependencyError
from reactor_env.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Cell = str | int | float | None
"""What a table holds: a text as it is, a number to six digits, nothing as a dash."""

_VIDEOS = {".mp4": "video/mp4", ".webm": "video/webm"}
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_DPI = 144
_LARGEST_SVG = 200_000
"""Bytes; a drawing with more marks than that is smaller as pixels."""

_NUMBER = re.compile(r"[-+\u2212]?\.?\d")

_STYLE = """
:root {
  color-scheme: light dark;
  --back: #fff; --ink: #1c1f24; --pale: #626973; --line: #dfe2e7; --band: #f5f6f8;
}
@media (prefers-color-scheme: dark) {
  :root { --back: #15171b; --ink: #e4e7eb; --pale: #9aa2ad; --line: #333840; --band: #1d2025; }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 60rem;
  background: var(--back); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif;
}
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; }
h2 {
  margin: 2.5rem 0 0.75rem; padding-top: 0.75rem; border-top: 1px solid var(--line);
  font-size: 1.2rem;
}
p { margin: 0.75rem 0; max-width: 46rem; }
.subtitle, caption, figcaption { color: var(--pale); font-size: 0.9rem; }
.wide { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.92rem; }
caption { padding-bottom: 0.4rem; text-align: left; }
th, td {
  padding: 0.3rem 1.1rem 0.3rem 0; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top;
}
th { color: var(--pale); font-weight: 600; }
.number { padding-left: 1.1rem; padding-right: 0; text-align: right; white-space: nowrap; }
th.number { white-space: normal; }
td.number { font-variant-numeric: tabular-nums; }
.number + :not(.number) { padding-left: 1.1rem; }
pre {
  padding: 0.7rem 0.9rem; border-radius: 4px; background: var(--band);
  font: 0.88rem/1.5 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere;
}
figure { margin: 1.25rem 0; }
figcaption { margin-top: 0.4rem; max-width: 46rem; }
img, video { display: block; max-width: 100%; height: auto; border-radius: 4px; }
img { background: #fff; }
figure.video {
  display: inline-block; width: min(18rem, 100%); margin: 0.5rem 1rem 0.5rem 0; vertical-align: top;
}
video { width: 100%; background: #000; }
""".strip()


def new_figure(width: float = 7.6, height: float = 3.8) -> Figure:
    """Make an empty matplotlib figure for :meth:`Page.figure`, without pyplot.

    Args:
        width: In inches.
        height: In inches.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def require_matplotlib() -> None:
    """Check that figures can be drawn, before any work is done for them.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependencyError(
            'the figures of a page need matplotlib: pip install "reactor-env[plots]"'
        )


class Page:
    """A report in the making: parts are shown in the order in which they are added.

    Every text is escaped. Pictures and videos are in the file itself, and the page forbids the
    browser to load anything else.

    Args:
        title: The page's name, and its first line.
        subtitle: A line under it.

    Example:
        >>> page = Page("Two agents on catch", "40 episodes each")
        >>> page.table(["agent", "mean"], [["scripted", 1.0], ["random", -0.55]])
        >>> page.write("report.html")
    """

    def __init__(self, title: str, subtitle: str = "") -> None:
        self._title = title
        self._parts = [f"<h1>{escape(title)}</h1>"]
        if subtitle:
            self._parts.append(f'<p class="subtitle">{escape(subtitle)}</p>')

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._parts.append(f"<h2>{escape(text)}</h2>")

    def text(self, paragraph: str) -> None:
        """Add a paragraph."""
        self._parts.append(f"<p>{escape(paragraph)}</p>")

    def code(self, text: str) -> None:
        """Add lines as they are, in a monospaced font: a command, for example."""
        self._parts.append(f"<pre>{escape(text)}</pre>")

    def table(
        self, header: Sequence[str], rows: Iterable[Sequence[Cell]], caption: str = ""
    ) -> None:
        """Add a table. A column in which every text begins with a number is aligned as numbers.

        Args:
            header: The columns' names.
            rows: The cells of each row, as many as there are columns.
            caption: Stands above.

        Raises:
            ValueError: If a row has another number of cells.
        """
        texts = [[_cell(value) for value in row] for row in rows]
        for number, row in enumerate(texts):
            if len(row) != len(header):
                raise ValueError(
                    f"`rows` must have {len(header)} cells each, as `header` has, "
                    f"got {len(row)} in row {number}"
                )
        numeric = [_is_numeric([row[column] for row in texts]) for column in range(len(header))]
        lines = ['<div class="wide"><table>']
        if caption:
            lines.append(f"<caption>{escape(caption)}</caption>")
        lines.append(f"<thead>{_row('th', header, numeric)}</thead>")
        lines.append("<tbody>")
        lines += [_row("td", row, numeric) for row in texts]
        lines.append("</tbody></table></div>")
        self._parts.append("\n".join(lines))

    def figure(self, figure: Figure, caption: str = "", alt: str = "") -> None:
        """Add a matplotlib figure, as SVG, or as PNG where that has far fewer bytes.

        Args:
            figure: The figure; :func:`new_figure` makes one.
            caption: Stands below.
            alt: Read out instead of the figure; the caption by default.
        """
        drawing = _saved(figure, "svg")
        kind = "image/svg+xml"
        if len(drawing) > _LARGEST_SVG:
            drawing, kind = _saved(figure, "png"), "image/png"
        self._image(drawing, kind, caption, alt)

    def picture(self, png_bytes: bytes, caption: str = "", alt: str = "") -> None:
        """Add a PNG picture.

        Args:
            png_bytes: The file's content.
            caption: Stands below.
            alt: Read out instead of the picture; the caption by default.

        Raises:
            ValueError: If it is no PNG file.
        """
        if not png_bytes.startswith(_PNG):
            raise ValueError(
                f"`png_bytes` must be a PNG file's content, got bytes that begin with "
                f"{png_bytes[:8]!r}"
            )
        self._image(png_bytes, "image/png", caption, alt)

    def video(self, path: str | Path, caption: str = "") -> None:
        """Add a video; several in a row stand side by side.

        Args:
            path: An .mp4 or .webm file, read at once: the page keeps its content.
            caption: Stands below.

        Raises:
            ValueError: If the file's name ends otherwise.
            OSError: If it cannot be read.
        """
        path = Path(path)
        kind = _VIDEOS.get(path.suffix.lower())
        if kind is None:
            raise ValueError(f"`path` must end in {' or '.join(_VIDEOS)}, got {path.name!r}")
        source = _data_uri(path.read_bytes(), kind)
        media = f'<video controls loop muted playsinline preload="metadata" src="{source}"></video>'
        self._parts.append(f'<figure class="video">{media}{_caption(caption)}</figure>')

    def html(self) -> str:
        """Return the page's text."""
        policy = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'"
        head = [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            f"<title>{escape(self._title)}</title>",
            f"<style>\n{_STYLE}\n</style>",
            "</head>",
            "<body>",
        ]
        return "\n".join([*head, *self._parts, "</body>", "</html>"]) + "\n"

    def write(self, path: str | Path) -> None:
        """Write the page to a file, whole or not at all.

        Args:
            path: The file; its folder is made.
        """
        with replacing(Path(path)) as partial:
            partial.write_text(self.html(), encoding="utf-8")

    def _image(self, content: bytes, kind: str, caption: str, alt: str) -> None:
        source = _data_uri(content, kind)
        image = f'<img alt="{escape(alt or caption)}" src="{source}">'
        self._parts.append(f"<figure>{image}{_caption(caption)}</figure>")


def _cell(value: Cell) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.6g}"
    return str(value)


def _is_numeric(texts: Sequence[str]) -> bool:
    told = [text for text in texts if text not in ("", "-")]
    return bool(told) and all(_NUMBER.match(text) for text in told)


def _row(tag: str, texts: Sequence[str], numeric: Sequence[bool]) -> str:
    cells = [
        f'<{tag} class="number">{escape(text)}</{tag}>'
        if right
        else f"<{tag}>{escape(text)}</{tag}>"
        for text, right in zip(texts, numeric, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _caption(text: str) -> str:
    return f"<figcaption>{escape(text)}</figcaption>" if text else ""


def _data_uri(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _saved(figure: Figure, kind: str) -> bytes:
    file = io.BytesIO()
    # Without a date, the same figure is the same file.
    metadata = {"Date": None} if kind == "svg" else None
    figure.savefig(file, format=kind, dpi=_PNG_DPI, metadata=metadata)
    return file.getvalue()
