from __future__ import annotations

import base64
import importlib.util
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_env.errors import MissingDependencyError
from reactor_env.page import Page, new_figure

_VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Collects a page's elements, and checks that each is closed by its own end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def a_page() -> Page:
    page = Page("A title", "what it is about")
    page.heading("A section")
    page.text("A paragraph.")
    page.code("reactor-env eval")
    page.table(["name", "score"], [["one", 1.5], ["two", None]], "a table")
    return page


def test_a_page_is_well_formed_and_loads_nothing() -> None:
    page = a_page()
    page.figure(a_figure(), "a figure")
    reader = Reader(page.html())
    assert reader.all("script") == reader.all("link") == []
    sources = [attributes["src"] for _, attributes in reader.elements if "src" in attributes]
    assert sources
    assert all(source is not None and source.startswith("data:") for source in sources)


def test_texts_are_escaped_everywhere() -> None:
    nasty = '<script>alert("&")</script>'
    page = Page(nasty, nasty)
    page.heading(nasty)
    page.text(nasty)
    page.code(nasty)
    page.table([nasty], [[nasty]], nasty)
    page.figure(a_figure(), nasty)
    reader = Reader(page.html())
    assert reader.all("script") == []
    assert reader.texts.count(nasty) == 10
    assert reader.all("img")[0]["alt"] == nasty


def test_a_column_of_numbers_is_aligned_as_numbers() -> None:
    page = Page("title")
    page.table(["name", "mean", "spread"], [["2 fast", 1, "0.6 [0.5, 0.7]"], ["x", None, "-0.1"]])
    classes = [attributes.get("class") for attributes in Reader(page.html()).all("td")]
    assert classes == [None, "number", "number"] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "3"), (1234567, "1234567"), (1 / 3, "0.333333"), (None, "-"), ("a", "a")],
)
def test_a_cell_shows_its_value(value: Any, text: str) -> None:
    page = Page("title")
    page.table(["column"], [[value]])
    assert f">{text}</td>" in page.html()


def test_a_row_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`rows` must have 2 cells each.*got 1 in row 1"):
        Page("title").table(["a", "b"], [["1", "2"], ["3"]])


def test_a_figure_with_few_marks_is_a_drawing() -> None:
    page = Page("title")
    page.figure(a_figure(), "what it shows")
    [image] = Reader(page.html()).all("img")
    assert b"<svg" in content(image, "image/svg+xml")
    assert image["alt"] == "what it shows"


def test_a_figure_with_very_many_marks_is_made_of_pixels() -> None:
    figure = new_figure()
    points = np.random.default_rng(0).random((2, 20_000))
    figure.subplots().scatter(*points)
    page = Page("title")
    page.figure(figure)
    [image] = Reader(page.html()).all("img")
    assert content(image, "image/png").startswith(b"\x89PNG")


def test_a_picture_is_in_the_page() -> None:
    png = b"\x89PNG\r\n\x1a\n and more"
    page = Page("title")
    page.picture(png, "seen", alt="a room")
    [image] = Reader(page.html()).all("img")
    assert content(image, "image/png") == png
    assert image["alt"] == "a room"


def test_a_picture_that_is_no_png_is_refused() -> None:
    with pytest.raises(ValueError, match="`png_bytes` must be a PNG"):
        Page("title").picture(b"\xff\xd8\xff")


@pytest.mark.parametrize(("name", "kind"), [("a.mp4", "video/mp4"), ("a.WEBM", "video/webm")])
def test_a_video_is_in_the_page(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(b"frames")
    page = Page("title")
    page.video(tmp_path / name, "an episode")
    (tmp_path / name).unlink()
    [video] = Reader(page.html()).all("video")
    assert content(video, kind) == b"frames"
    assert "controls" in video


def test_a_video_of_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`path` must end in .mp4 or .webm, got 'a.gif'"):
        Page("title").video(tmp_path / "a.gif")


def test_a_page_is_written_whole(tmp_path: Path) -> None:
    page = a_page()
    page.write(tmp_path / "new" / "page.html")
    assert (tmp_path / "new" / "page.html").read_text(encoding="utf-8") == page.html()
    assert len(list((tmp_path / "new").iterdir())) == 1


def test_a_missing_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r"reactor-env\[plots\]"):
        new_figure()


def a_figure() -> Any:
    figure = new_figure(3, 2)
    figure.subplots().plot([0, 1], [1, 0])
    return figure


def content(element: dict[str, str | None], kind: str) -> bytes:
    source = element["src"]
    assert source is not None
    head, _, data = source.partition(",")
    assert head == f"data:{kind};base64"
    return base64.b64decode(data, validate=True)
